//! Who waits for jobs to end, or for nothing to be left to do, and when they are told.

use crate::coordinator::Timer;
use crate::share::{Known, Walk};
use crate::{AskId, ClientId, Coordinator, Effect, JobId, JobState, Reply};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

#[derive(Debug, Default)]
pub(crate) struct Waits {
    asks: BTreeMap<AskId, Wait>,
    by_job: BTreeMap<JobId, BTreeSet<AskId>>,
}

#[derive(Debug)]
struct Wait {
    client: ClientId,
    what: For,
}

#[derive(Debug)]
enum For {
    Jobs { left: BTreeSet<JobId>, ended: Vec<(JobId, bool)> },
    Idle { quiet_too: bool },
}

impl Coordinator {
    pub(crate) fn wait_for_jobs(&mut self, ask: AskId, client: ClientId, jobs: &[JobId]) {
        let held = jobs.iter().filter_map(|job| self.jobs.get(job).map(|held| (*job, &held.row.state)));
        let (over, left): (Vec<_>, Vec<_>) = held.partition(|(_, state)| state.is_over());
        let ended: Vec<(JobId, bool)> = over.iter().map(|(job, state)| (*job, state.is_done())).collect();
        let left: BTreeSet<JobId> = left.iter().map(|(job, _)| *job).collect();
        if left.is_empty() {
            return self.order(Effect::Answer { ask, reply: Reply::Ended { jobs: ended } });
        }
        for job in &left {
            self.waits.by_job.entry(*job).or_default().insert(ask);
            self.mark_job(*job);
        }
        self.waits.asks.insert(ask, Wait { client, what: For::Jobs { left, ended } });
    }

    /// Whoever asks may have saved a file a moment ago, before the watcher told of it: everything is looked at first.
    pub(crate) fn wait_for_idle(&mut self, ask: AskId, client: ClientId, quiet_too: bool) {
        let shares: Vec<_> = self.shares.keys().copied().collect();
        for share in shares {
            self.scan(share);
        }
        self.waits.asks.insert(ask, Wait { client, what: For::Idle { quiet_too } });
    }

    /// A job ended: whoever waits for it is one nearer.
    pub(crate) fn answer_ended(&mut self, job: JobId) {
        let succeeded = self.jobs.get(&job).is_some_and(|held| held.row.state.is_done());
        self.tell_ended(job, succeeded);
    }

    fn tell_ended(&mut self, job: JobId, succeeded: bool) {
        for ask in self.waits.by_job.remove(&job).unwrap_or_default() {
            let Some(Wait { what: For::Jobs { left, ended }, .. }) = self.waits.asks.get_mut(&ask) else { continue };
            left.remove(&job);
            ended.push((job, succeeded));
            if left.is_empty() {
                ended.sort_unstable();
                let jobs = core::mem::take(ended);
                self.waits.asks.remove(&ask);
                self.order(Effect::Answer { ask, reply: Reply::Ended { jobs } });
            }
        }
    }

    /// Answers who can be answered at the end of a step.
    pub(crate) fn answer_waits(&mut self) {
        if self.waits.asks.is_empty() {
            return;
        }
        self.tell_doomed();
        let idle: Vec<(AskId, bool)> = self
            .waits
            .asks
            .iter()
            .filter_map(|(ask, wait)| match wait.what {
                For::Idle { quiet_too } => Some((*ask, quiet_too)),
                For::Jobs { .. } => None,
            })
            .collect();
        for (ask, quiet_too) in idle {
            if self.is_idle(quiet_too) {
                self.waits.asks.remove(&ask);
                self.order(Effect::Answer { ask, reply: Reply::Done });
            }
        }
    }

    /// Jobs behind one that failed do not end by themselves; nobody should wait for them.
    fn tell_doomed(&mut self) {
        let waited: BTreeSet<_> =
            self.waits.by_job.keys().filter_map(|job| self.jobs.get(job)).map(|job| job.row.build).collect();
        for build in waited {
            let lane = &self.lanes[&self.builds[&build].lane];
            if lane.build != Some(build) {
                continue;
            }
            let any_failed = self.builds[&build]
                .nodes
                .values()
                .any(|job| matches!(self.jobs[job].row.state, JobState::Failed { .. } | JobState::Canceled { .. }));
            if any_failed && self.share_blocker(lane.name.subject.share).is_none() {
                let doomed = self.doomed(build, &self.outlook(lane));
                for job in doomed {
                    self.tell_ended(job, false);
                }
            }
        }
    }

    /// Nothing is under way, and nothing will be unless somebody outside acts. Waiting for quiet counts only when asked.
    pub fn is_idle(&self, quiet_too: bool) -> bool {
        let under_way = |state: &JobState| state.holds_files() || matches!(state, JobState::Retrying { .. });
        let clock = self.timers.iter().any(|(_, timer)| match timer {
            Timer::Lane(_) | Timer::Retry(_) | Timer::Publish(_) => true,
            Timer::Quiet(_) => quiet_too,
            Timer::Scan(_) => false,
        });
        let shares = self.shares.values().any(|share| share.walk != Walk::Still || share.known == Known::Unscanned);
        let tools = self.playbook.rules.tools.iter().any(|tool| !self.tools.contains_key(tool));
        !clock
            && !shares
            && !tools
            && !self.files.is_any_hashing()
            && self.files.next_leaving().is_none()
            && self.weaving.is_empty()
            && !self.probes.is_any_open()
            && !self.conflicts.is_any_under_way()
            && !self.ballots.is_any_under_way()
            && !(quiet_too && self.conflicts.is_any_waiting())
            && self.intents.values().all(|pending| pending.hold == crate::publish::Hold::Held)
            && self.asking.is_empty()
            && !self.jobs.values().any(|job| under_way(&job.row.state) && !self.is_held_publish(&job.row.state))
            && self.pools.pick().is_none()
    }

    fn is_held_publish(&self, state: &JobState) -> bool {
        matches!(state, JobState::Publishing { intent, .. }
            if self.intents.get(intent).is_some_and(|pending| pending.hold == crate::publish::Hold::Held))
    }

    pub(crate) fn forget_waits(&mut self, client: ClientId) {
        self.waits.asks.retain(|_, wait| wait.client != client);
        let asks = &self.waits.asks;
        self.waits.by_job.retain(|_, waiting| {
            waiting.retain(|ask| asks.contains_key(ask));
            !waiting.is_empty()
        });
    }
}
