//! Looks outside before a person's file is written: who has it open here, and what Syncthing knows of it.
//!
//! Nothing is decided here; what is found goes to the core, which asks again as long as anything is.

use crate::blob::Archive;
use crate::inbox::{Gone, Inbox};
use crate::share::Shares;
use crate::sync::{self, Lies};
use show_core::{Digest, Disquiet, Event, FilePath, Stamp};
use show_publish::Held;
use std::sync::mpsc::{self, Sender};

/// Passes questions to the thread. Never blocks.
#[derive(Clone)]
pub struct Handle(Sender<(FilePath, Stamp, Digest)>);

impl Handle {
    /// `stamp`, `digest`: how the file lies there.
    pub fn probe(&self, file: FilePath, stamp: Stamp, digest: Digest) {
        // The thread only ends with the driver.
        let _ = self.0.send((file, stamp, digest));
    }
}

pub fn start(shares: &Shares, archive: &Archive, inbox: &Inbox, sync: &sync::Handle) -> Handle {
    let (sender, questions) = mpsc::channel();
    let prober = Prober { shares: shares.clone(), archive: archive.clone(), inbox: inbox.clone(), sync: sync.clone() };
    std::thread::Builder::new()
        .name("probe".into())
        .spawn(move || {
            for (file, stamp, digest) in questions {
                if prober.probe(file, stamp, &digest).is_err() {
                    return;
                }
            }
        })
        .expect("the system has room for a thread");
    Handle(sender)
}

struct Prober {
    shares: Shares,
    archive: Archive,
    inbox: Inbox,
    sync: sync::Handle,
}

impl Prober {
    fn probe(&self, file: FilePath, stamp: Stamp, digest: &Digest) -> Result<(), Gone> {
        let mut found: Vec<Disquiet> = self.here(&file).into_iter().collect();
        let bytes = self.archive.read(digest).ok();
        let Stamp { size, mtime_ns, ctime_ns, .. } = stamp;
        found.extend(self.sync.look(&Lies { file: &file, size, mtime_ns, ctime_ns, bytes: bytes.as_deref() }));
        self.inbox.tell_blocking(Event::Probed { file, stamp, found })
    }

    /// Programs of this machine. Where nobody can say, the publisher compares after the fact.
    fn here(&self, file: &FilePath) -> Option<Disquiet> {
        let share = self.shares.open(file.share).ok()?;
        matches!(share.held(&file.path), Ok(Held::ForWriting)).then_some(Disquiet::OpenForWriting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::Message;
    use show_core::ShareId;
    use std::fs::OpenOptions;

    #[test]
    fn a_file_that_somebody_has_open_for_writing_is_not_quiet() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().join("share");
        std::fs::create_dir(&root).expect("writable");
        std::fs::write(root.join("a.md"), "tea\n").expect("writable");
        let shares = Shares::new([(ShareId(0), root.clone())].into());
        let archive = Archive::open(&dir.path().join("blobs")).expect("opens");
        let (inbox, mut messages) = Inbox::new();
        let handle = start(&shares, &archive, &inbox, &sync::Handle::off());
        let stamp = Stamp { size: 4, mtime_ns: 0, ctime_ns: 0, inode: 0 };
        let mut ask = || {
            handle.probe(FilePath { share: ShareId(0), path: "a.md".into() }, stamp, Digest([0; 32]));
            match messages.blocking_recv() {
                Some(Message::Fact(Event::Probed { found, stamp: of, .. })) if of == stamp => found,
                _ => panic!("not an answer to what was asked"),
            }
        };
        assert_eq!(ask(), []);
        let writer = OpenOptions::new().append(true).open(root.join("a.md")).expect("writable");
        assert_eq!(ask(), [Disquiet::OpenForWriting]);
        drop(writer);
        assert_eq!(ask(), []);
        std::fs::remove_file(root.join("a.md")).expect("writable");
        assert_eq!(ask(), [], "what is gone is the publisher's to find");
    }
}
