//! Who waits for jobs to end, for something to be published or looked at, or for nothing to be left to do, and when they
//! are told.

use crate::asked::Begun;
use crate::coordinator::Timer;
use crate::share::{Known, Walk};
use crate::{AskId, ClientId, Coordinator, Effect, FilePath, IntentId, JobId, JobState, Refusal, RefusalKind, Reply};
use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
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
    Published(IntentId),
    Look(FilePath),
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

    /// Answers what was begun because a person asked: with how it went, once that is known.
    pub(crate) fn answer_published(&mut self, ask: AskId, client: ClientId, begun: Begun) {
        let intent = match begun {
            Ok(Some(intent)) => intent,
            Ok(None) => return self.order(Effect::Answer { ask, reply: Reply::Published }),
            Err(refusal) => return self.order(Effect::Answer { ask, reply: Reply::Refused(refusal) }),
        };
        self.waits.asks.insert(ask, Wait { client, what: For::Published(intent) });
        if let Some(blocker) = self.publish_blockers(intent).first() {
            self.tell_published(intent, &Err(not_yet(blocker.to_string())));
        }
    }

    /// How publishing went, or that it will take longer than anybody should wait for.
    pub(crate) fn tell_published(&mut self, intent: IntentId, how: &Result<(), Refusal>) {
        let reply = how.clone().map_or_else(Reply::Refused, |()| Reply::Published);
        self.tell(&reply, |what| matches!(what, For::Published(of) if *of == intent));
    }

    /// Answers at once unless it is being looked outside.
    pub(crate) fn wait_for_look(&mut self, ask: AskId, client: ClientId, file: &FilePath) {
        self.waits.asks.insert(ask, Wait { client, what: For::Look(file.clone()) });
        if !self.is_probing(file) {
            self.tell_looked(file);
        }
    }

    pub(crate) fn tell_looked(&mut self, file: &FilePath) {
        self.tell(&Reply::Done, |what| matches!(what, For::Look(of) if of == file));
    }

    /// Answers everybody who waits for this.
    fn tell(&mut self, reply: &Reply, is_it: impl Fn(&For) -> bool) {
        let told: Vec<AskId> =
            self.waits.asks.extract_if(.., |_, wait| is_it(&wait.what)).map(|(ask, _)| ask).collect();
        for ask in told {
            self.order(Effect::Answer { ask, reply: reply.clone() });
        }
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
                For::Jobs { .. } | For::Published(_) | For::Look(_) => None,
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
            // Its subject may be gone, and what still runs of it ends soon.
            let lane = self.builds.get(&build).and_then(|build| self.lanes.get(&build.lane));
            let Some(lane) = lane else { continue };
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
            Timer::Calm(_) | Timer::Scan(_) => false,
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

/// It is kept, and done without anybody asking again.
pub(crate) fn not_yet(text: String) -> Refusal {
    let hint = "it is done once that has ended; \"showctl log\" says when".to_owned();
    Refusal { kind: RefusalKind::NotNow, text, hint }
}
