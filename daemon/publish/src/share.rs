//! One share: its opened root, and names in it, resolved again every time and never out of it.

use crate::error::{ReadError, ShareError};
use crate::name::{Stamp, path_fault};
use crate::probe::{Abilities, probe};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A watched root folder, opened. Cheap to look things up in; safe to use from many threads.
#[derive(Debug)]
pub struct Share {
    root: OwnedFd,
    path: PathBuf,
    bound: Abilities,
    /// What was found out so far, by device: a share may span file systems.
    known: Mutex<BTreeMap<u64, Abilities>>,
}

impl Share {
    /// Opens the share at `path`.
    pub fn open(path: &Path) -> Result<Self, ShareError> {
        Self::open_weakened(path, Abilities::FULL)
    }

    /// Opens the share and uses of its file systems only what `bound` has as well: for tests of weaker ones.
    pub fn open_weakened(path: &Path, bound: Abilities) -> Result<Self, ShareError> {
        let root = rustix::fs::open(path, DIRECTORY, Mode::empty())
            .map_err(|errno| ShareError::Open { path: path.to_owned(), cause: errno.into() })?;
        Ok(Self { root, path: path.to_owned(), bound, known: Mutex::default() })
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file system of the directory at `path` can do (`.` is the root). The first question about a file
    /// system is answered by trying, with two temporary files that live for a moment in that directory.
    pub fn abilities(&self, path: &str) -> Result<Abilities, ReadError> {
        let dir = self.directory(path).map_err(|errno| refused(path, "open", errno))?;
        self.abilities_in(&dir).map_err(|errno| io(path, "try out renaming in", errno))
    }

    /// What a person who runs the share should know about its file system, if anything.
    pub fn warning(&self) -> Option<String> {
        match self.abilities(".") {
            Ok(abilities) => abilities.warning().map(str::to_owned),
            Err(error) => Some(format!("nothing can be published in its root: {error}")),
        }
    }

    pub(crate) fn abilities_in(&self, dir: &OwnedFd) -> Result<Abilities, Errno> {
        let device = rustix::fs::fstat(dir)?.st_dev;
        let mut known = self.known.lock().expect("no one panics while holding it");
        if let Some(found) = known.get(&device) {
            return Ok(*found);
        }
        let found = probe(dir.as_fd())?.and(self.bound);
        known.insert(device, found);
        Ok(found)
    }

    /// How the file at `path` looks; `None` when nothing is there or it is not a regular file.
    pub fn look(&self, path: &str) -> Result<Option<Stamp>, ReadError> {
        let place = match self.place(path) {
            Ok(place) => place,
            Err(ReadError::Gone { .. } | ReadError::NotAFile { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        match place.stat() {
            Ok(stat) => Ok((kind_of(&stat) == FileType::RegularFile).then(|| stamp_of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(io(path, "look at", errno)),
        }
    }

    /// The directory of `path`, opened now, and the name in it.
    pub(crate) fn place(&self, path: &str) -> Result<Place, ReadError> {
        if let Some(why) = path_fault(path) {
            return Err(ReadError::BadPath { path: path.to_owned(), why });
        }
        let (parent, name) = path.rsplit_once('/').unwrap_or((".", path));
        let dir = resolve(self.root.as_fd(), parent, DIRECTORY).map_err(|errno| refused(path, "open", errno))?;
        Ok(Place { dir, name: name.to_owned(), path: path.to_owned() })
    }

    /// A new descriptor of the directory at `path` below the root; `.` is the root.
    pub(crate) fn directory(&self, path: &str) -> Result<OwnedFd, Errno> {
        resolve(self.root.as_fd(), path, DIRECTORY)
    }
}

/// A name in an opened directory. The directory may be moved while it is open; the name may come to mean anything.
#[derive(Debug)]
pub(crate) struct Place {
    pub dir: OwnedFd,
    pub name: String,
    /// The same, from the share's root: for people.
    pub path: String,
}

impl Place {
    /// Another name in the same directory.
    pub fn sibling(&self, name: &str) -> Result<Self, Errno> {
        Ok(Self { dir: rustix::io::fcntl_dupfd_cloexec(&self.dir, 0)?, name: name.to_owned(), path: self.path.clone() })
    }

    /// How the thing of this name looks; does not follow a link.
    pub fn stat(&self) -> Result<Stat, Errno> {
        rustix::fs::statat(&self.dir, &self.name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Opens the file for reading. Never waits for a pipe, never wakes a device, never follows a link.
    pub fn open(&self) -> Result<(File, Stat), ReadError> {
        let gone_or = |errno| refused(&self.path, "open", errno);
        let regular = |stat: Stat| match kind_of(&stat) {
            FileType::RegularFile => Ok(stat),
            kind => Err(ReadError::NotAFile { path: self.path.clone(), what: kind_word(kind) }),
        };
        regular(self.stat().map_err(gone_or)?)?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = resolve(self.dir.as_fd(), &self.name, flags).map_err(gone_or)?;
        let stat = regular(rustix::fs::fstat(&file).map_err(gone_or)?)?;
        Ok((File::from(file), stat))
    }
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Opens `path` below `dir`: no link, no `..`, no way out.
pub(crate) fn resolve(dir: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let below = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    // The kernel answers EAGAIN when something was renamed meanwhile and it cannot vouch for "below".
    let mut tries = 0;
    loop {
        match rustix::fs::openat2(dir, path, flags, Mode::empty(), below) {
            Err(Errno::AGAIN) if tries < RESOLVE_TRIES_MAX => tries += 1,
            Err(Errno::INTR) => {}
            done => return done,
        }
    }
}

/// Renames elsewhere in the tree make a resolution fail now and then; this many in a row do not happen by chance.
const RESOLVE_TRIES_MAX: u32 = 64;

pub(crate) fn kind_of(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

pub(crate) fn kind_word(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a directory",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "something unknown",
    }
}

#[allow(clippy::unnecessary_cast, clippy::cast_lossless, reason = "the fields differ in type between architectures")]
pub(crate) fn stamp_of(stat: &Stat) -> Stamp {
    Stamp {
        size: stat.st_size as u64,
        mtime_ns: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        ctime_ns: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        inode: stat.st_ino as u64,
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

pub(crate) fn io(path: &str, doing: &'static str, errno: Errno) -> ReadError {
    ReadError::Io { doing, path: path.to_owned(), cause: errno.into() }
}

/// What a failed opening says about the path.
pub(crate) fn refused(path: &str, doing: &'static str, errno: Errno) -> ReadError {
    let path = path.to_owned();
    match errno {
        Errno::NOENT => ReadError::Gone { path },
        Errno::LOOP => ReadError::NotAFile { path, what: "behind a symbolic link" },
        Errno::XDEV => ReadError::NotAFile { path, what: "outside the share" },
        Errno::NOTDIR => ReadError::NotAFile { path, what: "below something that is no directory" },
        _ => ReadError::Io { doing, path, cause: errno.into() },
    }
}
