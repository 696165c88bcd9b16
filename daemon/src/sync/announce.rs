//! Has Syncthing look at what we published, and checks that it did.
//!
//! Syncthing throws away what its watcher says of a path that it is itself finishing, so a write of ours may stay unseen
//! for an hour. A scan of one path takes a millisecond, but waits behind whatever the folder is busy with; so this has a
//! thread to itself, and takes all that waits at once.

use super::client::Client;
use super::{Inner, Lies, is_the_same};
use show_core::FilePath;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use tracing::{debug, warn};

/// Paths in one request: its line must fit.
const PATHS_MAX: usize = 32;
/// Larger files are compared by size and time.
const READ_BYTES_MAX: u64 = 128 << 10;

pub fn start(inner: Arc<Inner>) -> Sender<FilePath> {
    let (sender, files) = mpsc::channel();
    std::thread::Builder::new()
        .name("sync announce".into())
        .spawn(move || run(&inner, &files))
        .expect("the system has room for a thread");
    sender
}

fn run(inner: &Inner, files: &Receiver<FilePath>) {
    while let Ok(first) = files.recv() {
        let mut waiting: BTreeSet<FilePath> = [first].into();
        waiting.extend(files.try_iter());
        let mut by_folder: BTreeMap<String, Vec<(FilePath, String)>> = BTreeMap::new();
        let mut client = None;
        for file in waiting {
            // While it is away or paused, its own scan at the start will find everything.
            let Some(at) = inner.locate(&file).filter(|at| !at.is_paused) else { continue };
            by_folder.entry(at.folder).or_default().push((file, at.path));
            client = Some(at.client);
        }
        let Some(client) = client else { continue };
        for (folder, files) in by_folder {
            for some in files.chunks(PATHS_MAX) {
                announce(inner, &client, &folder, some);
            }
        }
    }
}

fn announce(inner: &Inner, client: &Client, folder: &str, files: &[(FilePath, String)]) {
    let paths: Vec<&str> = files.iter().map(|(_, path)| path.as_str()).collect();
    if inner.heard(client, client.scan(folder, &paths)).is_none() {
        return;
    }
    for (file, path) in files {
        let Some(root) = inner.roots.get(&file.share) else { continue };
        let whole = root.path.join(&*file.path);
        let before = Stat::of(&whole);
        let Some(info) = inner.heard(client, client.file(folder, path)) else { return };
        let is_known = match (&before, info) {
            (None, None) => true,
            (None, Some(info)) => info.local.deleted,
            (Some(_), None) => false,
            (Some(stat), Some(info)) => {
                let bytes = (stat.size <= READ_BYTES_MAX).then(|| std::fs::read(&whole).ok()).flatten();
                let Stat { size, mtime_ns, ctime_ns, .. } = *stat;
                let lies = Lies { file, size, mtime_ns, ctime_ns, bytes: bytes.as_deref() };
                info.local.ignored || !info.local.deleted && is_the_same(&info.local, &lies)
            }
        };
        if is_known {
            debug!(showd_file = %file, "Syncthing knows of it");
        } else if Stat::of(&whole) == before {
            warn!(showd_file = %file, folder, "Syncthing has not taken up what was published; its next full scan will");
        }
        // Else somebody goes on writing, and that is announced by whoever it is.
    }
}

#[derive(PartialEq, Eq)]
struct Stat {
    size: u64,
    mtime_ns: i64,
    ctime_ns: i64,
    inode: u64,
}

impl Stat {
    fn of(path: &Path) -> Option<Self> {
        let meta = std::fs::symlink_metadata(path).ok()?;
        let ns = |seconds: i64, more: i64| seconds.saturating_mul(1_000_000_000).saturating_add(more);
        let mtime_ns = ns(meta.mtime(), meta.mtime_nsec());
        let ctime_ns = ns(meta.ctime(), meta.ctime_nsec());
        Some(Self { size: meta.len(), mtime_ns, ctime_ns, inode: meta.ino() })
    }
}
