//! What must outlive the runner: which attempts it started, and how they ended until the daemon has acknowledged it.
//!
//! One small file each, `started/JOB.ATTEMPT` and `ended/JOB.ATTEMPT`, JSON, written before the daemon hears of it: that
//! outlives us. A crash of the machine it outlives once it is synced, which an end is when the daemon has not
//! acknowledged it within [`SYNC_AFTER`]; most are acknowledged, and gone, sooner, and a flush for each would hold up
//! the chain of steps. A start is never synced: after a crash of the machine nothing runs, and an attempt that nobody
//! knows runs again.

use super::wire::{Exit, Key};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A daemon that is there keeps an end within a commit or two.
const SYNC_AFTER: Duration = Duration::from_millis(50);

/// How to find again what a runner started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    pub key: Key,
    /// Of the leader, and the number of its group.
    pub pid: i32,
    pub session: i32,
    /// Of the leader, in clock ticks since boot.
    pub start_ticks: u64,
    pub boot_id: String,
    /// In the environment of everything that the leader started, unless it took care to remove it.
    pub scratch: PathBuf,
    pub log: PathBuf,
}

const TEMPORARY: &str = "tmp";

#[derive(Debug)]
pub struct Spool {
    started: PathBuf,
    ended: PathBuf,
    unacknowledged: BTreeMap<Key, Exit>,
    /// Ends that a crash of the machine would take, and when they are to be synced; the oldest first.
    unsynced: VecDeque<(Instant, Key)>,
}

impl Spool {
    /// Opens the spool in a directory and hands over what an earlier runner left in it: attempts without an end.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub fn open(dir: &Path) -> io::Result<(Self, Vec<Started>)> {
        let mut spool = Self {
            started: dir.join("started"),
            ended: dir.join("ended"),
            unacknowledged: BTreeMap::new(),
            unsynced: VecDeque::new(),
        };
        for dir in [&spool.started, &spool.ended] {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        for exit in read_all::<Exit>(&spool.ended)? {
            spool.unacknowledged.insert(exit.key, exit);
        }
        let mut orphans = read_all::<Started>(&spool.started)?;
        orphans.retain(|started| {
            let is_known = spool.unacknowledged.contains_key(&started.key);
            if is_known {
                remove(&spool.started.join(started.key.to_string()));
            }
            !is_known
        });
        Ok((spool, orphans))
    }

    /// # Errors
    /// When it cannot be written.
    pub fn note_started(&self, started: &Started) -> io::Result<()> {
        write(&self.started.join(started.key.to_string()), started)
    }

    /// From now on the end survives our own death, and once [`Self::sync`] has seen to it, that of the machine. When the
    /// disk fails it survives neither, and is known as long as we live.
    pub fn note_ended(&mut self, exit: &Exit, now: Instant) {
        let path = self.ended.join(exit.key.to_string());
        match write(&path, exit) {
            Ok(()) => {
                remove(&self.started.join(exit.key.to_string()));
                self.unsynced.push_back((now + SYNC_AFTER, exit.key));
            }
            Err(cause) => eprintln!("could not keep the end of attempt {} at {}: {cause}", exit.key, path.display()),
        }
        self.unacknowledged.insert(exit.key, exit.clone());
    }

    /// When [`Self::sync`] has something to do.
    pub fn due(&self) -> Option<Instant> {
        self.unsynced.front().map(|(due, _)| *due)
    }

    /// Syncs all that is not, at our own end.
    pub fn close(mut self) {
        self.sync(Instant::now() + SYNC_AFTER);
    }

    /// Syncs the ends that have waited for the daemon long enough.
    pub fn sync(&mut self, now: Instant) {
        while let Some((_, key)) = self.unsynced.pop_front_if(|(due, _)| *due <= now) {
            if self.unacknowledged.contains_key(&key) {
                let path = self.ended.join(key.to_string());
                if let Err(cause) = File::open(&path).and_then(|file| file.sync_all()) {
                    eprintln!("could not sync {}: {cause}", path.display());
                }
            }
        }
    }

    /// The daemon knows.
    pub fn forget(&mut self, key: Key) {
        if self.unacknowledged.remove(&key).is_some() {
            self.unsynced.retain(|(_, unsynced)| *unsynced != key);
            remove(&self.started.join(key.to_string()));
            remove(&self.ended.join(key.to_string()));
        }
    }

    pub fn end_of(&self, key: Key) -> Option<&Exit> {
        self.unacknowledged.get(&key)
    }

    pub fn unacknowledged(&self) -> impl Iterator<Item = &Exit> {
        self.unacknowledged.values()
    }
}

fn read_all<T: DeserializeOwned>(dir: &Path) -> io::Result<Vec<T>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == TEMPORARY) {
            // Of a write that was cut off before its rename.
            remove(&path);
            continue;
        }
        match serde_json::from_slice(&fs::read(&path)?) {
            Ok(value) => all.push(value),
            Err(cause) => {
                eprintln!("left out {}: {cause}", path.display());
                remove(&path);
            }
        }
    }
    Ok(all)
}

fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".");
    temporary.push(TEMPORARY);
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    fs::rename(&temporary, path)
}

fn remove(path: &Path) {
    if let Err(cause) = fs::remove_file(path)
        && cause.kind() != io::ErrorKind::NotFound
    {
        eprintln!("could not remove {}: {cause}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::wire::End;

    fn exit(job: u64) -> Exit {
        Exit { key: Key { job, attempt: 1 }, end: End::Exited { code: 0 }, last_words: String::new() }
    }

    #[test]
    fn an_end_outlives_us_at_once_and_is_synced_when_the_daemon_is_slow() {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut spool, _) = Spool::open(dir.path()).expect("opens");
        let now = Instant::now();
        spool.note_ended(&exit(1), now);
        spool.note_ended(&exit(2), now + Duration::from_millis(1));
        let (again, orphans) = Spool::open(dir.path()).expect("opens");
        assert_eq!((again.unacknowledged().count(), orphans.len()), (2, 0));

        spool.forget(exit(1).key);
        assert_eq!(spool.due(), Some(now + Duration::from_millis(1) + SYNC_AFTER), "the first needs no flush any more");
        spool.sync(now + SYNC_AFTER);
        assert!(spool.due().is_some(), "its time has not come");
        spool.sync(now + Duration::from_millis(1) + SYNC_AFTER);
        assert_eq!(spool.due(), None);
        assert_eq!(spool.end_of(exit(2).key), Some(&exit(2)), "it waits for the daemon all the same");
    }
}
