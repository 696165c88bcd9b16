//! The attempts that live, those whose leader has died, and whoever they left behind.
//!
//! An attempt has ended when its leader has, and nothing that it started is left: what it made is then at rest. Its
//! group is killed while the leader lies unburied, since only then the group's number is nobody else's. What left the
//! group loses its parent sooner or later, becomes our child (we are the subreaper), and is known by its mark.

use super::child::{Child, PipeName};
use super::process::{self, Stat};
use super::report::Report;
use super::wire::{Exit, Key};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// A killed process is gone within moments, unless its disk hangs; then the end is told without it.
const DEATH_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub struct Family {
    living: BTreeMap<Key, Child>,
    dying: Vec<Dying>,
}

/// Its leader is buried, and its orphans have been killed and may not be dead.
#[derive(Debug)]
struct Dying {
    child: Child,
    status: WaitStatus,
    until: Instant,
}

impl Family {
    pub fn add(&mut self, child: Child) {
        self.living.insert(child.key, child);
    }

    pub fn get(&mut self, key: Key) -> Option<&mut Child> {
        self.living.get_mut(&key)
    }

    /// Those that have not ended.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.living.keys().copied().chain(self.dying.iter().map(|dying| dying.child.key))
    }

    pub fn has(&self, key: Key) -> bool {
        self.keys().any(|known| known == key)
    }

    pub fn is_empty(&self) -> bool {
        self.living.is_empty() && self.dying.is_empty()
    }

    pub fn pipes(&self) -> impl Iterator<Item = (Key, PipeName, BorrowedFd<'_>)> {
        self.living.values().flat_map(|child| child.pipes().map(|(name, fd)| (child.key, name, fd)))
    }

    /// When [`Self::tick`] or [`Self::reap`] has something to do, whatever happens.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let living = self.living.values().filter_map(|child| child.due(now));
        living.chain(self.dying.iter().map(|dying| dying.until)).min()
    }

    /// What time brings; the reports are for the daemon.
    pub fn tick(&mut self, now: Instant, at_ms: i64) -> Vec<(Key, Report)> {
        let reports = self.living.values_mut().filter_map(|child| Some((child.key, child.tick(now, at_ms)?)));
        reports.collect()
    }

    /// Tells all to end, because the runner must.
    pub fn abandon(&mut self, now: Instant) {
        for child in self.living.values_mut() {
            child.abandon(now);
        }
    }

    /// Buries the dead, and says which attempts have ended.
    pub fn reap(&mut self, now: Instant, at_ms: i64) -> Vec<Exit> {
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        while let Ok(status) = waitid(Id::All, look) {
            let Some(pid) = status.pid() else { break };
            let leader = self.living.values().find(|child| child.pid == pid).map(|child| child.key);
            if let Some(key) = leader {
                self.living[&key].end_group();
            }
            let Ok(status) = waitpid(pid, None) else { break };
            if let Some(child) = leader.and_then(|key| self.living.remove(&key)) {
                self.dying.push(Dying { child, status, until: now + DEATH_WAIT });
            }
        }
        self.end_orphans(now, at_ms)
    }

    /// Kills our children that belong to no living attempt. What is dying has ended when none of them is its own.
    fn end_orphans(&mut self, now: Instant, at_ms: i64) -> Vec<Exit> {
        let is_leader = |pid: i32| self.living.values().any(|child| child.pid.as_raw() == pid);
        let orphans: Vec<(i32, Stat)> = process::children()
            .into_iter()
            .filter(|pid| !is_leader(*pid))
            .filter_map(|pid| Some((pid, Stat::of(pid)?)))
            .filter(|(pid, stat)| {
                let is_of_living = is_leader(stat.group)
                    || self.living.values().any(|child| process::is_marked(*pid, child.scratch()));
                !stat.is_zombie && !is_of_living
            })
            .collect();
        for (pid, _) in &orphans {
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        let is_own = |dying: &Dying, (pid, stat): &(i32, Stat)| {
            stat.group == dying.child.pid.as_raw() || process::is_marked(*pid, dying.child.scratch())
        };
        let is_over = |dying: &mut Dying| dying.until <= now || !orphans.iter().any(|orphan| is_own(dying, orphan));
        let over: Vec<Dying> = self.dying.extract_if(.., is_over).collect();
        over.into_iter().map(|dying| dying.child.finish(dying.status, now, at_ms)).collect()
    }
}
