//! Reading a file so that a torn read is never returned.
//!
//! The look of a file (size, times, inode) is taken before and after. That alone is not enough: file times move in
//! steps of some milliseconds on most systems, and a writer can come and go within one; and they are set at the beginning
//! of a `write(2)`, in whose middle a busy machine may let the writer wait. So a file is read under a lease, while which
//! nobody can open it for writing; where none is to be had, until two readings in a row agree. Of a file that somebody has
//! open for writing that is believed only once it has rested.

use crate::error::ReadError;
use crate::name::{Digest, Stamp};
use crate::share::{Place, Share, io, stamp_of};
use crate::sys::ReadLease;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::{Duration, SystemTime};

/// The bytes of a file as they were all at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// All of them.
    pub bytes: Vec<u8>,
    /// How the file looked while they were read.
    pub stamp: Stamp,
    /// Of `bytes`.
    pub digest: Digest,
}

impl Share {
    /// Reads the file at `path`, of at most `bytes_max` bytes.
    pub fn snapshot(&self, path: &str, bytes_max: u64) -> Result<Snapshot, ReadError> {
        self.place(path)?.snapshot(bytes_max)
    }

    /// Digests the file at `path`, of any size, in one pass: a writer that comes and goes within one tick of the file
    /// system's clock can escape it, so use it for files that have settled and [`Share::snapshot`] for text.
    pub fn hash(&self, path: &str) -> Result<(Stamp, Digest), ReadError> {
        self.place(path)?.hash()
    }
}

impl Place {
    pub(crate) fn snapshot(&self, bytes_max: u64) -> Result<Snapshot, ReadError> {
        let mut last = None;
        for _ in 0..READS_MAX {
            let (file, before) = self.open()?;
            let before = stamp_of(&before);
            let lease = ReadLease::take(&file);
            let is_written =
                lease.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::EAGAIN)) && is_young(before);
            if before.size > bytes_max {
                return Err(ReadError::TooBig { path: self.path.clone(), size: before.size, bytes_max });
            }
            let mut bytes = Vec::with_capacity(before.size as usize);
            // One byte more than there should be, so that growth shows and cannot fill memory.
            let read = (&file).take(before.size + 1).read_to_end(&mut bytes);
            read.map_err(|cause| ReadError::Io { doing: "read", path: self.path.clone(), cause })?;
            let after = self.look(&file)?;
            let is_whole = before == after && bytes.len() as u64 == after.size && !is_written;
            let seen = is_whole.then_some((bytes, after));
            match (seen, last.take()) {
                (Some(now), then) if lease.is_ok() || then.as_ref() == Some(&now) => {
                    let (bytes, stamp) = now;
                    return Ok(Snapshot { digest: Digest::of(&bytes), bytes, stamp });
                }
                (seen, _) => last = seen,
            }
        }
        Err(ReadError::Unsettled { path: self.path.clone() })
    }

    pub(crate) fn hash(&self) -> Result<(Stamp, Digest), ReadError> {
        for _ in 0..READS_MAX {
            let (file, before) = self.open()?;
            let digest = hash_all(&file).map_err(|errno| io(&self.path, "read", errno))?;
            let after = self.look(&file)?;
            if after == stamp_of(&before) {
                return Ok((after, digest));
            }
        }
        Err(ReadError::Unsettled { path: self.path.clone() })
    }

    fn look(&self, file: &File) -> Result<Stamp, ReadError> {
        rustix::fs::fstat(file).map(|stat| stamp_of(&stat)).map_err(|errno| io(&self.path, "look at", errno))
    }
}

/// The digest of everything in `file`, from its beginning.
pub(crate) fn hash_all(mut file: &File) -> Result<Digest, rustix::io::Errno> {
    let errno = |error: std::io::Error| rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO);
    file.seek(SeekFrom::Start(0)).map_err(errno)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).map_err(errno)?;
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// A file under an editor's hands is read again this often, then left for later.
const READS_MAX: u32 = 6;

/// It changed so lately, by the kernel's clock, that whoever has it open for writing may be in the middle.
#[expect(clippy::disallowed_methods, reason = "what it is compared with is the kernel's time of a moment ago")]
fn is_young(stamp: Stamp) -> bool {
    let changed = SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(stamp.ctime_ns).unwrap_or(0));
    SystemTime::now().duration_since(changed).is_ok_and(|age| age < RESTED)
}

/// Far longer than a writer waits for a processor between two pages.
const RESTED: Duration = Duration::from_millis(250);
