//! What a file system can do to move a file without losing another, found out by trying.

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU64, Ordering};

/// Ways to move a file without losing another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// `RENAME_EXCHANGE`: two names change places in one step.
    pub exchange: bool,
    /// `RENAME_NOREPLACE`: a name is taken only if it is free.
    pub noreplace: bool,
    /// `link(2)`: stands in for the former, in two steps.
    pub link: bool,
}

impl Abilities {
    /// All of them: ext4, xfs, btrfs, f2fs, tmpfs and most others on Linux.
    pub const FULL: Self = Self { exchange: true, noreplace: true, link: true };

    /// What both have.
    pub fn and(self, other: Self) -> Self {
        Self {
            exchange: self.exchange && other.exchange,
            noreplace: self.noreplace && other.noreplace,
            link: self.link && other.link,
        }
    }

    /// Whether a name can be taken without ever replacing another file. Without that nothing is published.
    pub fn can_publish(self) -> bool {
        self.noreplace || self.link
    }

    /// What a person who runs the share should know, if anything.
    pub fn warning(self) -> Option<&'static str> {
        if !self.can_publish() {
            Some("its file system can neither rename without replacing nor link: nothing can be published there safely")
        } else if !self.exchange {
            Some("its file system cannot exchange two names: while a file is replaced its name is missing for a moment")
        } else {
            None
        }
    }
}

/// Tries each way on two empty temporary files in `dir` and removes them. Fails when none can be made there.
pub(crate) fn probe(dir: BorrowedFd<'_>) -> Result<Abilities, Errno> {
    static PROBES: AtomicU64 = AtomicU64::new(0);
    let number = PROBES.fetch_add(1, Ordering::Relaxed);
    let name = |n| format!(".syncthing.showd-probe{}x{number}-{n}.part.tmp", std::process::id());
    let pair = Pair { dir, one: name(0), two: name(1) };
    pair.make()?;
    let (one, two) = (pair.inode(&pair.one), pair.inode(&pair.two));

    let exchanged = pair.rename(RenameFlags::EXCHANGE).is_ok();
    // A system that takes the flag and ignores it leaves one name only.
    let exchange = exchanged && pair.inode(&pair.one) == two && pair.inode(&pair.two) == one;

    pair.make()?;
    let one = pair.inode(&pair.one);
    let refused = pair.rename(RenameFlags::NOREPLACE) == Err(Errno::EXIST);
    // Of a name that is taken the kernel says so by itself, also where the file system does not know the flag.
    rustix::fs::unlinkat(dir, &pair.two, AtFlags::empty())?;
    let noreplace = refused && pair.rename(RenameFlags::NOREPLACE).is_ok() && pair.inode(&pair.two) == one;

    pair.make()?;
    rustix::fs::unlinkat(dir, &pair.two, AtFlags::empty())?;
    let link = rustix::fs::linkat(dir, &pair.one, dir, &pair.two, AtFlags::empty()).is_ok();
    Ok(Abilities { exchange, noreplace, link })
}

/// Two temporary names that are free again when it is dropped.
struct Pair<'a> {
    dir: BorrowedFd<'a>,
    one: String,
    two: String,
}

impl Pair<'_> {
    fn make(&self) -> Result<(), Errno> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for name in [&self.one, &self.two] {
            rustix::fs::openat(self.dir, name, flags, Mode::RUSR | Mode::WUSR)?;
        }
        Ok(())
    }

    fn rename(&self, how: RenameFlags) -> Result<(), Errno> {
        rustix::fs::renameat_with(self.dir, &self.one, self.dir, &self.two, how)
    }

    fn inode(&self, name: &str) -> Option<u64> {
        rustix::fs::statat(self.dir, name, AtFlags::SYMLINK_NOFOLLOW).ok().map(|stat| stat.st_ino)
    }
}

impl Drop for Pair<'_> {
    fn drop(&mut self) {
        for name in [&self.one, &self.two] {
            let _ = rustix::fs::unlinkat(self.dir, name, AtFlags::empty());
        }
    }
}
