//! Processes as `/proc` shows them: who descends from whom, who belongs to which attempt, and the end of leftovers.

use super::spool::Started;
use super::wire::MARK;
use nix::poll::{PollFd, PollFlags, poll};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::ffi::OsStr;
use std::fs;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// The kernel takes back a killed process within moments, unless its disk hangs.
const DEATH_WAIT: Duration = Duration::from_secs(5);

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    pub parent: i32,
    pub group: i32,
    pub session: i32,
    /// Clock ticks since boot; with the pid it names a process for ever.
    pub start_ticks: u64,
    pub is_zombie: bool,
}

impl Stat {
    /// `None`: there is no such process.
    pub fn of(pid: i32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name before it is in parentheses and may hold anything, parentheses too.
        let mut words = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace();
        let state = words.next()?;
        let parent = words.next()?.parse().ok()?;
        let group = words.next()?.parse().ok()?;
        let session = words.next()?.parse().ok()?;
        let start_ticks = words.nth(15)?.parse().ok()?;
        Some(Self { parent, group, session, start_ticks, is_zombie: matches!(state, "Z" | "X") })
    }
}

/// Of this boot of the machine: process numbers mean nothing in another one.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// True when the process was started by `ancestor`, directly or not.
pub fn descends(pid: i32, ancestor: i32) -> bool {
    let mut pid = pid;
    while pid > 1 {
        if pid == ancestor {
            return true;
        }
        let Some(stat) = Stat::of(pid) else { return false };
        pid = stat.parent;
    }
    false
}

/// Our direct children: what we started, and what lost its parent below us.
pub fn children() -> Vec<i32> {
    let own = std::process::id();
    match fs::read_to_string(format!("/proc/{own}/task/{own}/children")) {
        Ok(list) => list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect(),
        // Kernels may be built without that list.
        Err(_) => all().filter(|pid| Stat::of(*pid).is_some_and(|stat| stat.parent == own as i32)).collect(),
    }
}

/// True when the process has this scratch directory in its environment.
pub fn is_marked(pid: i32, scratch: &Path) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { return false };
    environment
        .split(|byte| *byte == 0)
        .filter_map(|variable| variable.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="))
        .any(|value| OsStr::from_bytes(value) == scratch.as_os_str())
}

/// Kills what is left of an attempt whose runner was killed, and waits until it is gone.
pub fn kill_leftovers(started: &Started) {
    if started.boot_id != boot_id() {
        return;
    }
    // The kernel gives no number of a living group to a new process. So when the number has another owner than ours,
    // our group is gone; when it has none, whoever is in the group (and the session) is ours.
    let is_group_ours = Stat::of(started.pid).is_none_or(|leader| leader.start_ticks == started.start_ticks);
    let belongs = |pid: i32| {
        let Some(stat) = Stat::of(pid) else { return false };
        let is_in_group = is_group_ours && stat.group == started.pid && stat.session == started.session;
        let is_young_enough = stat.start_ticks >= started.start_ticks;
        !stat.is_zombie && is_young_enough && (is_in_group || is_marked(pid, &started.scratch))
    };
    let until = Instant::now() + DEATH_WAIT;
    // One that forks while we look leaves a child that the next round sees.
    loop {
        let found: Vec<OwnedFd> = all()
            .filter_map(|pid| {
                let handle = pidfd_open(rustix::process::Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
                // Asked while we hold the handle, so that the number cannot change hands in between.
                belongs(pid).then_some(handle)
            })
            .collect();
        if found.is_empty() || Instant::now() >= until {
            return;
        }
        for process in &found {
            let _ = pidfd_send_signal(process, Signal::KILL);
        }
        for process in &found {
            let left = until.saturating_duration_since(Instant::now()).as_millis();
            let mut fds = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut fds, u16::try_from(left).unwrap_or(u16::MAX));
        }
    }
}

fn all() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}
