//! What happens in a child between fork and exec, and the two questions to the kernel that no crate asks safely.
//!
//! The only unsafe code of the runner. The runner has one thread, so a forked child is an ordinary process: it may
//! allocate and take locks, which is what most of the rules about such code are about.
#![allow(unsafe_code, reason = "pre_exec, dup2 over a fixed descriptor and two raw system calls")]

use landlock::RulesetCreated;
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Pid, getppid};
use seccompiler::BpfProgram;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Where a step finds its report pipe.
pub const REPORT_FD: i32 = 3;
/// Steps give way to the daemon, whose commits would otherwise wait for them (10 is a tenth of its share).
const NICE: i32 = 10;
/// Enough for anything that a step does, and few enough that one gone wild meets its own limit.
const FILES_MAX: u64 = 4_096;

/// Everything a child does to itself before it becomes the program.
pub struct Entry {
    pub parent: Pid,
    pub report: OwnedFd,
    pub walls: Option<RulesetCreated>,
    pub filter: Option<BpfProgram>,
}

/// Makes the command enter its walls between fork and exec.
pub fn enter_before_exec(command: &mut Command, entry: Entry) {
    let mut entry = Some(entry);
    // SAFETY: the closure runs in the forked child of a process that has one thread, so no lock can be held by a
    // thread that does not exist there; it touches only what it owns and its own process.
    unsafe {
        command.pre_exec(move || {
            let entry = entry.take().ok_or_else(|| io::Error::other("a command is run only once"))?;
            enter(entry)
        });
    }
}

fn enter(entry: Entry) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    // The runner may have died before the line above; then nobody would ever end us.
    if getppid() != entry.parent {
        return Err(io::Error::other("the runner died"));
    }
    // The runner hears its signals from a descriptor and blocks them; a program must be able to hear its own.
    SigSet::empty().thread_set_mask()?;
    let _ = rustix::process::nice(NICE);
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let files = hard.min(FILES_MAX);
    setrlimit(Resource::RLIMIT_NOFILE, files, files)?;
    report_at_its_place(&entry.report)?;
    prctl::set_no_new_privs()?;
    if let Some(walls) = entry.walls {
        walls.restrict_self().map_err(io::Error::other)?;
    }
    if let Some(filter) = entry.filter {
        seccompiler::apply_filter(&filter).map_err(io::Error::other)?;
    }
    Ok(())
}

/// Moves the report pipe to its place, and lets nothing above it through to the program.
fn report_at_its_place(report: &OwnedFd) -> io::Result<()> {
    // SAFETY: dup2 and close_range take numbers and touch no memory. Descriptor 3 belongs to the runner's /dev/null
    // (see `Runner::open`), so nothing that this process still needs is closed; close_range only marks.
    unsafe {
        if libc::dup2(report.as_raw_fd(), REPORT_FD) < 0 {
            return Err(io::Error::last_os_error());
        }
        // Everything of ours is closed on exec anyway; this is for what somebody else left open in the runner. Kernels
        // before 5.11 lack it.
        libc::syscall(libc::SYS_close_range, REPORT_FD + 1, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
    Ok(())
}

/// The kernel's version of Landlock; 0: none.
pub fn landlock_abi() -> i64 {
    const VERSION: libc::c_uint = 1;
    // SAFETY: with this flag the kernel reads neither pointer nor size and answers with a number.
    let abi =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<libc::c_void>(), 0_usize, VERSION) };
    abi.max(0)
}

/// True when this kernel can filter system calls.
pub fn has_seccomp() -> bool {
    // SAFETY: asks for a number about this process; no memory is touched.
    unsafe { libc::prctl(libc::PR_GET_SECCOMP) >= 0 }
}
