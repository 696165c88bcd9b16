//! Temporary files that no intent will come back for.

use crate::blobs::Blobs;
use crate::error::ShareError;
use crate::intent::Rescued;
use crate::linger::{Linger, Settled};
use crate::name::{IntentId, read_temp_name, tag};
use crate::share::{Place, Share};
use crate::snapshot::hash_all;
use rustix::fs::{AtFlags, Dir, FileType, FlockOperation};
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;

/// What a sweep of temporary files did.
#[derive(Debug, Default)]
pub struct TempsSwept {
    /// How many are gone.
    pub removed: u64,
    /// Texts that lay under their names and were no blobs: somebody saved into a file that had been displaced. By the
    /// file that they were made for, or their own path where that does not lie beside them any more. Tell people.
    pub rescued: Vec<Rescued>,
    /// Displaced files that a program holds open for writing. Settle them later.
    pub lingering: Vec<Linger>,
    /// What could not be removed, and why the system said no. Next time, then.
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
        self.walk(|path, dir, names| {
            for name in names {
                let Some(temp) = read_temp_name(name.as_bytes()) else { continue };
                if temp.intent.as_ref().is_some_and(|intent| known.contains(intent)) {
                    continue;
                }
                let Ok(dir) = rustix::io::fcntl_dupfd_cloexec(dir, 0) else { continue };
                // The file that it was made for, if that lies beside it.
                let target = names.iter().find(|name| temp.tag.as_ref().is_some_and(|of| *of == tag(name)));
                let below = |name: &str| if path == "." { name.to_owned() } else { format!("{path}/{name}") };
                let slot = Place { dir, name: name.clone(), path: below(target.unwrap_or(name)) };
                match remove(slot, temp.part, blobs) {
                    Ok(Swept::Gone { rescued }) => {
                        swept.removed += 1;
                        swept.rescued.extend(rescued);
                    }
                    Ok(Swept::Held(linger)) => swept.lingering.push(linger),
                    Err(why) => swept.left.push((below(name), why)),
                }
            }
        });
        Ok(swept)
    }

    /// Tells of every directory, with the names of the files in it. One that went away or is not ours to read, and a
    /// name that is not UTF-8, are passed over: we left nothing there.
    pub(crate) fn walk(&self, mut each: impl FnMut(&str, &OwnedFd, &[String])) {
        let mut waiting = vec![".".to_owned()];
        while let Some(path) = waiting.pop() {
            let Ok(dir) = self.directory(&path) else { continue };
            let Ok(entries) = Dir::read_from(&dir) else { continue };
            let (mut directories, mut names) = (Vec::new(), Vec::new());
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
                match kind {
                    FileType::Directory if path == "." => directories.push(name.to_owned()),
                    FileType::Directory => directories.push(format!("{path}/{name}")),
                    _ => names.push(name.to_owned()),
                }
            }
            each(&path, &dir, &names);
            directories.sort_unstable_by(|a, b| b.cmp(a));
            waiting.extend(directories);
        }
    }
}

enum Swept {
    Gone { rescued: Option<Rescued> },
    Held(Linger),
}

fn remove(slot: Place, part: bool, blobs: &Blobs) -> Result<Swept, String> {
    if part {
        // Never anything but bytes of ours that were not even complete.
        rustix::fs::unlinkat(&slot.dir, &slot.name, AtFlags::empty()).map_err(|errno| errno.to_string())?;
        return Ok(Swept::Gone { rescued: None });
    }
    let (file, _) = slot.open().map_err(|error| error.to_string())?;
    // What was staged or displaced is a blob already; only what somebody saved into it since is not.
    let digest = hash_all(&file).map_err(|errno| errno.to_string())?;
    let known = if blobs.is_whole(&digest) { vec![digest] } else { Vec::new() };
    let mut linger = Linger::new(slot, file, known);
    match linger.settle(blobs).map_err(|error| error.to_string())? {
        Settled::Gone { rescued } => Ok(Swept::Gone { rescued }),
        Settled::Held => Ok(Swept::Held(linger)),
    }
}
