//! The one system call that no safe binding offers: a read lease, by which the kernel says whether anybody has a
//! file open for writing, see `fcntl(2)` under `F_SETLEASE`.
#![allow(
    unsafe_code,
    reason = "three calls of fcntl with integer arguments, on a descriptor that is borrowed while they run"
)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// While it lives nobody can open the file for writing or truncate it: they wait, or we see [`ReadLease::is_wanted`].
#[derive(Debug)]
pub(crate) struct ReadLease<'a>(&'a File);

impl<'a> ReadLease<'a> {
    /// Fails with `EAGAIN` when somebody has the file open for writing, with `EACCES` when the file is another
    /// account's, with `EINVAL` where the file system has no leases. `file` must be open for reading only.
    pub fn take(file: &'a File) -> io::Result<Self> {
        // Who opens the file for writing meanwhile makes the kernel signal us. By default that is SIGIO, which ends
        // a process; SIGURG is ignored unless somebody asks for it.
        fcntl(file, F_SETSIG, libc::SIGURG)?;
        fcntl(file, libc::F_SETLEASE, libc::F_RDLCK)?;
        Ok(Self(file))
    }

    /// Whether somebody is waiting in `open(2)` or `truncate(2)` for the lease to end.
    pub fn is_wanted(&self) -> bool {
        !matches!(fcntl(self.0, libc::F_GETLEASE, 0), Ok(libc::F_RDLCK))
    }
}

impl Drop for ReadLease<'_> {
    fn drop(&mut self) {
        // Fails only when the kernel has broken the lease already.
        let _ = fcntl(self.0, libc::F_SETLEASE, libc::F_UNLCK);
    }
}

fn fcntl(file: &File, command: libc::c_int, argument: libc::c_int) -> io::Result<libc::c_int> {
    // SAFETY: the descriptor is open for as long as `file` is borrowed, and all three commands take an integer.
    let answer = unsafe { libc::fcntl(file.as_raw_fd(), command, argument) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

/// From `asm-generic/fcntl.h`; the same wherever Rust runs on Linux but for SPARC.
const F_SETSIG: libc::c_int = 10;
