//! What must outlive the runner: which attempts it started, and how they ended until the daemon has acknowledged it.
//!
//! One small file each, `started/JOB.ATTEMPT` and `ended/JOB.ATTEMPT`, JSON. An end is synced before the daemon hears
//! of it. A start is not: after a crash of the machine nothing runs, and an attempt that nobody knows runs again.

use super::wire::{Exit, Key};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

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
}

impl Spool {
    /// Opens the spool in a directory and hands over what an earlier runner left in it: attempts without an end.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub fn open(dir: &Path) -> io::Result<(Self, Vec<Started>)> {
        let mut spool =
            Self { started: dir.join("started"), ended: dir.join("ended"), unacknowledged: BTreeMap::new() };
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
        write(&self.started.join(started.key.to_string()), started, false)
    }

    /// From now on the end survives anything. When the disk fails, it survives anything but our own death.
    pub fn note_ended(&mut self, exit: &Exit) {
        let path = self.ended.join(exit.key.to_string());
        match write(&path, exit, true) {
            Ok(()) => remove(&self.started.join(exit.key.to_string())),
            Err(cause) => eprintln!("could not keep the end of attempt {} at {}: {cause}", exit.key, path.display()),
        }
        self.unacknowledged.insert(exit.key, exit.clone());
    }

    /// The daemon knows.
    pub fn forget(&mut self, key: Key) {
        if self.unacknowledged.remove(&key).is_some() {
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

fn write<T: Serialize>(path: &Path, value: &T, synced: bool) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".");
    temporary.push(TEMPORARY);
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    if synced {
        file.sync_data()?;
    }
    fs::rename(&temporary, path)
}

fn remove(path: &Path) {
    if let Err(cause) = fs::remove_file(path)
        && cause.kind() != io::ErrorKind::NotFound
    {
        eprintln!("could not remove {}: {cause}", path.display());
    }
}
