//! Reads files and digests them: a few plain threads, each file at rest or not at all.
//!
//! Text that people write is read until two readings agree, and kept in the archive; everything else is digested in
//! one pass between two looks.

use crate::blob::Archive;
use crate::inbox::{Gone, Inbox};
use crate::share::{Shares, stamp_of};
use crate::sync::{self, Lies};
use crate::words::because;
use show_core::{Digest, Event, FilePath, Look, Stamp};
use show_publish::{Keep, ReadError, Share};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

/// A longer text is nobody's rundown; it is reported and not read.
const TEXT_BYTES_MAX: u64 = 64 << 20;

/// Passes orders to the threads. Never blocks.
#[derive(Clone)]
pub struct Handle(Sender<(FilePath, bool)>);

impl Handle {
    /// `keep`: also keep the bytes.
    pub fn hash(&self, file: FilePath, keep: bool) {
        // The threads only end with the driver.
        let _ = self.0.send((file, keep));
    }
}

pub fn start(threads: usize, shares: &Shares, archive: &Archive, inbox: &Inbox, sync: &sync::Handle) -> Handle {
    let (sender, orders) = mpsc::channel();
    let orders = Arc::new(Mutex::new(orders));
    for number in 0..threads.max(1) {
        let orders = Arc::clone(&orders);
        let hasher =
            Hasher { shares: shares.clone(), archive: archive.clone(), inbox: inbox.clone(), sync: sync.clone() };
        std::thread::Builder::new()
            .name(format!("hash {number}"))
            .spawn(move || {
                while let Some((file, keep)) = next(&orders) {
                    if hasher.hash(file, keep).is_err() {
                        return;
                    }
                }
            })
            .expect("the system has room for a thread");
    }
    Handle(sender)
}

fn next(orders: &Mutex<Receiver<(FilePath, bool)>>) -> Option<(FilePath, bool)> {
    orders.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

struct Hasher {
    shares: Shares,
    archive: Archive,
    inbox: Inbox,
    sync: sync::Handle,
}

impl Hasher {
    fn hash(&self, file: FilePath, keep: bool) -> Result<(), Gone> {
        let share = match self.shares.open(file.share) {
            Ok(share) => share,
            Err(cause) => {
                // Not a word about the file: the watcher finds out whether the whole share is away.
                self.inbox.tell_blocking(Event::WatchLost { share: file.share, why: cause.to_string() })?;
                let look = Look::File(Stamp { size: 0, mtime_ns: 0, ctime_ns: 0, inode: 0 });
                return self.inbox.tell_blocking(Event::HashFailed { file, look, why: cause.to_string() });
            }
        };
        let read = if keep {
            self.keep(&share, &file)
        } else {
            share.hash(&file.path).map(|(stamp, digest)| (stamp, digest, None)).map_err(|cause| because(&cause))
        };
        self.inbox.tell_blocking(match read {
            Ok((stamp, digest, device)) => {
                Event::Hashed { file, stamp: stamp_of(stamp), digest: Digest(digest.0), device }
            }
            Err(why) => {
                let look = match share.look(&file.path) {
                    Ok(stamp) => stamp.map_or(Look::Gone, |stamp| Look::File(stamp_of(stamp))),
                    Err(ReadError::Gone { .. } | ReadError::NotAFile { .. } | ReadError::BadPath { .. }) => Look::Gone,
                    Err(_) => Look::File(Stamp { size: 0, mtime_ns: 0, ctime_ns: 0, inode: 0 }),
                };
                Event::HashFailed { file, look, why }
            }
        })
    }

    /// A person's text, kept, and on which other device it was written.
    fn keep(
        &self,
        share: &Share,
        file: &FilePath,
    ) -> Result<(show_publish::Stamp, show_publish::Digest, Option<String>), String> {
        let snapshot = share.snapshot(&file.path, TEXT_BYTES_MAX).map_err(|cause| because(&cause))?;
        // It can be read again, so it need not outlive a power cut; what we write over is kept durably then.
        self.archive.keep(&snapshot.bytes, Keep::Loosely).map_err(|cause| because(&cause))?;
        let show_publish::Stamp { size, mtime_ns, ctime_ns, .. } = snapshot.stamp;
        let device = self.sync.edited_by(&Lies { file, size, mtime_ns, ctime_ns, bytes: Some(&snapshot.bytes) });
        Ok((snapshot.stamp, snapshot.digest, device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::Message;
    use show_core::ShareId;

    struct Place {
        dir: tempfile::TempDir,
        archive: Archive,
        hasher: Handle,
        facts: tokio::sync::mpsc::Receiver<Message>,
    }

    fn place() -> Place {
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(dir.path().join("share")).expect("writable");
        let shares = Shares::new([(ShareId(0), dir.path().join("share"))].into());
        let archive = Archive::open(&dir.path().join("blobs")).expect("writable");
        let (inbox, facts) = Inbox::new();
        Place { hasher: start(2, &shares, &archive, &inbox, &sync::Handle::off()), dir, archive, facts }
    }

    impl Place {
        fn write(&self, path: &str, text: &str) {
            std::fs::write(self.dir.path().join("share").join(path), text).expect("writable");
        }

        fn hash(&mut self, path: &str, keep: bool) -> Event {
            self.hasher.hash(FilePath { share: ShareId(0), path: path.into() }, keep);
            self.next()
        }

        fn next(&mut self) -> Event {
            match self.facts.blocking_recv().expect("the threads live") {
                Message::Fact(event) => event,
                _ => panic!("a hasher only tells facts"),
            }
        }
    }

    fn digest_of(text: &str) -> Digest {
        Digest(*blake3::hash(text.as_bytes()).as_bytes())
    }

    #[test]
    fn a_text_is_digested_and_kept_and_anything_else_only_digested() {
        let mut place = place();
        place.write("a.md", "words");
        match place.hash("a.md", true) {
            Event::Hashed { stamp, digest, .. } => assert_eq!((stamp.size, digest), (5, digest_of("words"))),
            other => panic!("{other:?}"),
        }
        assert_eq!(place.archive.read(&digest_of("words")).expect("kept"), b"words");
        place.write("a.mp4", "film");
        assert!(matches!(place.hash("a.mp4", false), Event::Hashed { digest, .. } if digest == digest_of("film")));
        assert!(!place.archive.has(&digest_of("film")));
    }

    #[test]
    fn what_is_gone_or_no_file_is_said_to_be_gone() {
        let mut place = place();
        std::fs::create_dir(place.dir.path().join("share/folder")).expect("writable");
        std::os::unix::fs::symlink("/etc/passwd", place.dir.path().join("share/link.md")).expect("writable");
        for path in ["missing.md", "folder", "link.md", "folder/missing.md"] {
            match place.hash(path, true) {
                Event::HashFailed { look, why, .. } => {
                    assert_eq!((look, why.is_empty()), (Look::Gone, false), "{path}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_share_that_is_away_says_nothing_about_its_files() {
        let mut place = place();
        place.write("a.md", "words");
        std::fs::rename(place.dir.path().join("share"), place.dir.path().join("aside")).expect("writable");
        assert!(matches!(place.hash("a.md", true), Event::WatchLost { .. }), "the watcher is to find out");
        assert!(matches!(place.next(), Event::HashFailed { look: Look::File(_), .. }), "not gone, for all we know");
    }
}
