//! Temporary files that no intent will come back for.

use crate::blobs::Blobs;
use crate::error::ShareError;
use crate::intent::Rescued;
use crate::linger::{Linger, Settled};
use crate::name::{IntentId, read_temp_name};
use crate::share::{Place, Share};
use rustix::fs::{AtFlags, Dir, FileType, FlockOperation};
use std::collections::BTreeSet;

/// What a sweep of temporary files did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TempsSwept {
    /// How many are gone.
    pub removed: u64,
    /// Bytes that lay under their names, by the directory they lay in. Most are texts of ours that were never needed.
    pub rescued: Vec<Rescued>,
    /// What could not be removed, and why: somebody holds it open, or the system said no. Next time, then.
    pub left: Vec<(String, String)>,
}

impl Share {
    /// Removes our temporary files that belong to none of the `known` intents, each after its bytes are a blob. Does
    /// nothing while this share is being published into, by any process on this machine.
    pub fn sweep_temps(&self, blobs: &Blobs, known: &BTreeSet<IntentId>) -> Result<TempsSwept, ShareError> {
        let failed = |errno: rustix::io::Errno| ShareError::Walk { path: self.path().to_owned(), cause: errno.into() };
        let lock = self.directory(".").map_err(failed)?;
        let mut swept = TempsSwept::default();
        if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            swept.left.push((".".to_owned(), "somebody is publishing here".to_owned()));
            return Ok(swept);
        }
        let mut waiting = vec![".".to_owned()];
        while let Some(path) = waiting.pop() {
            self.sweep_directory(&path, blobs, known, &mut swept, &mut waiting);
        }
        Ok(swept)
    }

    fn sweep_directory(
        &self,
        path: &str,
        blobs: &Blobs,
        known: &BTreeSet<IntentId>,
        swept: &mut TempsSwept,
        waiting: &mut Vec<String>,
    ) {
        // A directory that went away, or that is not ours to read, holds nothing that we left behind.
        let Ok(dir) = self.directory(path) else { return };
        let Ok(entries) = Dir::read_from(&dir) else { return };
        let mut directories = Vec::new();
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().to_str() else { continue };
            if matches!(name, "." | "..") || (path == "." && name == ".stversions") {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
                kind => kind,
            };
            let below = if path == "." { name.to_owned() } else { format!("{path}/{name}") };
            if kind == FileType::Directory {
                directories.push(below);
                continue;
            }
            let Some(temp) = read_temp_name(name.as_bytes()) else { continue };
            if temp.intent.is_some_and(|intent| known.contains(&intent)) {
                continue;
            }
            let Ok(dir) = rustix::io::fcntl_dupfd_cloexec(&dir, 0) else { continue };
            let slot = Place { dir, name: name.to_owned(), path: path.to_owned() };
            match remove(slot, temp.part, blobs) {
                Ok(Settled::Gone { rescued }) => {
                    swept.removed += 1;
                    swept.rescued.extend(rescued);
                }
                Ok(Settled::Held) => swept.left.push((below, "a program holds it open".to_owned())),
                Err(why) => swept.left.push((below, why)),
            }
        }
        directories.sort_unstable_by(|a, b| b.cmp(a));
        waiting.extend(directories);
    }
}

fn remove(slot: Place, part: bool, blobs: &Blobs) -> Result<Settled, String> {
    if part {
        // Never anything but bytes of ours that were not even complete.
        rustix::fs::unlinkat(&slot.dir, &slot.name, AtFlags::empty()).map_err(|errno| errno.to_string())?;
        return Ok(Settled::Gone { rescued: None });
    }
    let (file, _) = slot.open().map_err(|error| error.to_string())?;
    Linger::new(slot, file, Vec::new()).settle(blobs).map_err(|error| error.to_string())
}
