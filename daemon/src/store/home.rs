//! The state directory: whose it is, which version wrote it, and that only one daemon is in it.

use super::StoreError;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// Says that a directory is ours, and which layout it has.
const MARKER: &str = "showd.state";
const MARKER_TEXT: &str = "showd state ";
const LAYOUT: u32 = 1;
const LOCK: &str = "showd.lock";
/// A process that was killed takes no longer to end.
const DYING: Duration = Duration::from_secs(2);
const STORE: &str = "show.redb";
const RUNNER: &str = "runner";
/// The marker before it is whole.
const MARKER_NEW: &str = "showd.state.new";

/// A claimed state directory. Nobody else claims it while this lives.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    _lock: File,
}

impl Home {
    /// Claims a directory, making it when it is missing. An existing one must be empty or ours.
    ///
    /// # Errors
    /// When it belongs to something else, to a newer showd or to a running one, or cannot be written.
    pub fn claim(path: &Path) -> Result<Self, StoreError> {
        let io = |what| move |cause| StoreError::HomeIo { path: path.to_path_buf(), what, cause };
        let refuse =
            |what: String, hint: &str| StoreError::Home { path: path.to_path_buf(), what, hint: hint.to_owned() };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io("make"))?;

        let marker = path.join(MARKER);
        let is_new = match fs::read_to_string(&marker) {
            Ok(text) => {
                let layout = text
                    .trim()
                    .strip_prefix(MARKER_TEXT.trim_end())
                    .and_then(|number| number.trim().parse::<u32>().ok());
                match layout {
                    Some(layout) if layout <= LAYOUT => false,
                    Some(layout) => {
                        let what = format!("it has layout {layout}, and this showd knows {LAYOUT}");
                        return Err(refuse(
                            what,
                            "a newer showd wrote it: use that one, or name another directory with --state",
                        ));
                    }
                    None => {
                        return Err(refuse(format!("its {MARKER} is not ours"), "name another directory with --state"));
                    }
                }
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                let mut entries = fs::read_dir(path).map_err(io("read"))?;
                // A runner that is a unit of its own may have been there first, or one of us that did not get further.
                let is_ours = |name: &OsStr| [RUNNER, LOCK, MARKER_NEW].iter().any(|ours| name == *ours);
                if entries.any(|entry| !entry.is_ok_and(|entry| is_ours(&entry.file_name()))) {
                    let hint = "name an empty or new directory with --state";
                    return Err(refuse("it is not empty and not ours".into(), hint));
                }
                true
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::InvalidData => {
                return Err(refuse(format!("its {MARKER} is not ours"), "name another directory with --state"));
            }
            Err(cause) => return Err(io("read")(cause)),
        };

        let lock = lock(&path.join(LOCK)).map_err(|cause| match cause {
            TryLockError::WouldBlock => {
                let hint = "only one showd may use it; see \"systemctl status showd\", or name another with --state";
                refuse("another showd is using it".into(), hint)
            }
            TryLockError::Error(cause) => io("lock")(cause),
        })?;
        if is_new {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(path.join(MARKER_NEW))
                .map_err(io("mark"))?;
            file.write_all(format!("{MARKER_TEXT}{LAYOUT}\n").as_bytes()).map_err(io("mark"))?;
            file.sync_all().map_err(io("mark"))?;
            fs::rename(path.join(MARKER_NEW), &marker).map_err(io("mark"))?;
            File::open(path).and_then(|dir| dir.sync_all()).map_err(io("sync"))?;
        }
        Ok(Self { path: path.to_path_buf(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }
}

/// Whoever was killed a moment ago may still be on its way out.
fn lock(path: &Path) -> Result<File, TryLockError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(TryLockError::Error)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {}
        locked => return locked.map(|()| file),
    }
    let (told, locked) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody waits for it any more: then it lets go at once.
        let _ = told.send(file.lock().map(|()| file));
    });
    match locked.recv_timeout(DYING) {
        Ok(locked) => locked.map_err(TryLockError::Error),
        Err(_) => Err(TryLockError::WouldBlock),
    }
}
