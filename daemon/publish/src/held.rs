//! Whether somebody has a file open for writing.
//!
//! A read lease is the kernel's own answer, also about other accounts' programs and about memory maps. Where none is
//! to be had (a file system without leases, a file of another account) the descriptors of all processes that we may
//! look into are compared instead; then "nobody" can only be said if we may look into all of them.

use crate::error::ReadError;
use crate::share::{Share, io};
use crate::sys::ReadLease;
use rustix::fs::Stat;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Who has a file open for writing, at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Nobody.
    No,
    /// Some program.
    ForWriting,
    /// Neither the kernel nor `/proc` would say.
    Unknown,
}

impl Share {
    /// Whether somebody has the file at `path` open for writing. A program that opens it for writing during the
    /// question waits for the answer, some microseconds.
    pub fn held(&self, path: &str) -> Result<Held, ReadError> {
        let (file, _) = self.place(path)?.open()?;
        hold(&file).map(|hold| hold.answer()).map_err(|errno| io(path, "look at", errno))
    }
}

/// The answer, and as long as it lives what keeps it true.
#[derive(Debug)]
pub(crate) enum Hold<'a> {
    /// Nobody can open the file for writing until this is dropped.
    Leased(ReadLease<'a>),
    ForWriting,
    /// Seen once; whoever opens the file afterwards is not kept out.
    NotSeen,
    Unknown,
}

impl Hold<'_> {
    pub fn answer(&self) -> Held {
        match self {
            Self::Leased(_) | Self::NotSeen => Held::No,
            Self::ForWriting => Held::ForWriting,
            Self::Unknown => Held::Unknown,
        }
    }

    /// Whether somebody writes, or waits in `open(2)` for us to let go so that he may.
    pub fn is_contested(&self) -> bool {
        match self {
            Self::Leased(lease) => lease.is_wanted(),
            Self::ForWriting => true,
            Self::NotSeen | Self::Unknown => false,
        }
    }
}

/// Asks who has `file`, which we have open for reading only, open for writing.
pub(crate) fn hold(file: &File) -> Result<Hold<'_>, rustix::io::Errno> {
    match ReadLease::take(file) {
        Ok(lease) => Ok(Hold::Leased(lease)),
        Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => Ok(Hold::ForWriting),
        Err(_) => Ok(ask_proc(&rustix::fs::fstat(file)?)),
    }
}

fn ask_proc<'a>(wanted: &Stat) -> Hold<'a> {
    let mut all_seen = true;
    let Ok(processes) = fs::read_dir("/proc") else { return Hold::Unknown };
    for process in processes.flatten().map(|entry| entry.path()) {
        let numbered = process.file_name().is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit));
        if !numbered {
            continue;
        }
        match fs::read_dir(process.join("fd")) {
            Ok(open) => {
                if open.flatten().any(|entry| is_writer(&process, &entry.path(), wanted)) {
                    return Hold::ForWriting;
                }
            }
            // Ended meanwhile, or not ours to look into.
            Err(_) => all_seen &= !process.exists(),
        }
    }
    if all_seen { Hold::NotSeen } else { Hold::Unknown }
}

fn is_writer(process: &Path, descriptor: &Path, wanted: &Stat) -> bool {
    let same = fs::metadata(descriptor).is_ok_and(|found| found.ino() == wanted.st_ino && found.dev() == wanted.st_dev);
    same && descriptor.file_name().is_some_and(|number| {
        let info = fs::read_to_string(process.join("fdinfo").join(number)).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let mode = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
        // Open and unreadable: better wait.
        mode.is_none_or(|mode| mode & libc::O_ACCMODE as u32 != libc::O_RDONLY as u32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;

    /// As where there are no leases.
    fn ask(file: &File) -> Held {
        ask_proc(&rustix::fs::fstat(file).expect("it is open")).answer()
    }

    #[test]
    fn where_there_are_no_leases_open_descriptors_tell_who_writes() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (path, other) = (dir.path().join("a.md"), dir.path().join("b.md"));
        for path in [&path, &other] {
            fs::write(path, "tea\n").expect("writable");
        }
        let file = File::open(&path).expect("opens");
        // Who may not look into everybody's descriptors cannot say "nobody".
        let nobody = [Held::No, Held::Unknown];
        assert!(nobody.contains(&ask(&file)), "readers are welcome");
        let elsewhere = OpenOptions::new().append(true).open(&other).expect("opens");
        assert!(nobody.contains(&ask(&file)), "that is another file");
        for how in [OpenOptions::new().append(true), OpenOptions::new().read(true).write(true)] {
            let writer = how.open(&path).expect("opens");
            assert_eq!(ask(&file), Held::ForWriting);
            drop(writer);
            assert!(nobody.contains(&ask(&file)));
        }
        let writer = OpenOptions::new().append(true).open(&path).expect("opens");
        fs::rename(&path, &other).expect("writable");
        assert_eq!(ask(&file), Held::ForWriting, "the file counts, and not its name");
        drop((writer, elsewhere));
    }
}
