//! The one value that decides: what it holds, and its one method.
//!
//! [`Coordinator::step`] takes note of a fact, then catches up: time that has passed, subjects to plan, jobs to start,
//! people to answer. Each room of this crate adds its part of both to the coordinator; what is kept and ordered
//! meanwhile is collected and leaves as one [`Decision`].

use crate::ballot::Ballots;
use crate::build::{Build, Job};
use crate::conflict::Conflicts;
use crate::follow::Gone;
use crate::lane::{Lane, LaneId, LaneNames, ViewName};
use crate::lease::Leases;
use crate::plan::Outlook;
use crate::playbook::Playbook;
use crate::pool::Pools;
use crate::publish::Pending;
use crate::quiet::Probes;
use crate::settle::Files;
use crate::share::Share;
use crate::wait::Waits;
use crate::{
    Binding, BuildId, Change, Decision, Digest, Effect, Event, FilePath, FixedRow, IntentId, JobId, MetaRow, Ours,
    ProposalId, ProposalRow, Row, Subject, Time, WeaveId,
};
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

/// Everything showd knows about what is to be done. See the crate's documentation.
#[derive(Debug)]
pub struct Coordinator {
    pub(crate) now: Time,
    pub(crate) playbook: Playbook,
    pub(crate) meta: MetaRow,
    pub(crate) shares: BTreeMap<crate::ShareId, Share>,
    pub(crate) files: Files,
    pub(crate) gone: Gone,
    /// How often the versions of a file became those of another, in this life: their numbers are others since.
    pub(crate) histories_moved: u64,
    /// Version of each tool that was looked for; `None`: it is not installed.
    pub(crate) tools: BTreeMap<String, Option<String>>,
    /// The runner is connected.
    pub(crate) runner: bool,

    pub(crate) lanes: BTreeMap<LaneId, Lane>,
    pub(crate) lane_of: LaneNames,
    pub(crate) next_lane: u64,
    /// Lanes that something changed for, to be planned in this step.
    pub(crate) dirty: BTreeSet<LaneId>,
    /// Lanes whose last plan depends on a file beyond what their steps' patterns match.
    pub(crate) readers: BTreeMap<FilePath, BTreeSet<LaneId>>,
    /// Lanes that asked for a key to be looked up.
    pub(crate) asking: BTreeMap<Digest, BTreeSet<LaneId>>,
    /// The latest outlook, as long as nothing changed for its lane.
    pub(crate) latest: Option<(LaneId, Outlook)>,

    pub(crate) builds: BTreeMap<BuildId, Build>,
    pub(crate) jobs: BTreeMap<JobId, Job>,
    /// Builds and jobs whose rows changed in this step.
    pub(crate) touched_builds: BTreeSet<BuildId>,
    pub(crate) touched_jobs: BTreeSet<JobId>,
    /// Ended builds of each subject that are still kept, oldest first.
    pub(crate) ended: BTreeMap<Subject, VecDeque<BuildId>>,

    pub(crate) leases: Leases,
    pub(crate) pools: Pools,
    pub(crate) intents: BTreeMap<IntentId, Pending>,
    /// Files that an intent is about.
    pub(crate) publishing: BTreeMap<FilePath, IntentId>,
    pub(crate) probes: Probes,
    pub(crate) conflicts: Conflicts,
    pub(crate) ballots: Ballots,
    /// Shares in which something else may have to be said to people.
    pub(crate) notices: BTreeSet<crate::ShareId>,

    pub(crate) proposals: BTreeMap<ProposalId, ProposalRow>,
    /// Proposals that a person accepted and that are not published yet.
    pub(crate) accepted: BTreeMap<Subject, BTreeSet<ProposalId>>,
    /// Fixed points by file and action key.
    pub(crate) fixed: BTreeMap<FilePath, BTreeMap<Digest, FixedRow>>,
    pub(crate) bindings: BTreeMap<FilePath, BTreeMap<String, Binding>>,
    pub(crate) ours: BTreeMap<FilePath, BTreeMap<String, Ours>>,
    /// Weaves under way with the blobs they read, and the lanes that wait for one of a file to end.
    pub(crate) weaving: BTreeMap<WeaveId, (LaneId, ViewName, Vec<Digest>)>,
    pub(crate) weaving_files: BTreeMap<FilePath, BTreeSet<LaneId>>,
    pub(crate) next_weave: u64,

    pub(crate) waits: Waits,
    pub(crate) timers: BTreeSet<(Time, Timer)>,
    pub(crate) out: Decision,
    pub(crate) meta_kept: MetaRow,
}

/// What is to be looked at again at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Something settles, or planning was put off.
    Lane(LaneId),
    /// A file may become quiet.
    Quiet(LaneId),
    /// A storm is over.
    Calm(LaneId),
    Retry(JobId),
    Publish(IntentId),
    Scan(crate::ShareId),
}

impl Coordinator {
    /// Takes note of one fact and decides what follows. Time that goes backwards is taken to stand still.
    pub fn step(&mut self, now: Time, event: Event) -> Decision {
        self.now = self.now.max(now);
        self.take_note(event);
        self.catch_up();
        self.decide()
    }

    /// When to call [`Self::step`] with [`Event::Clock`], unless something else happens before.
    pub fn next_deadline(&self) -> Option<Time> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let leaving = [self.files.next_leaving(), self.gone.next_end()];
        let waking = [self.conflicts.next_wake(), self.ballots.next_wake()];
        let clocks = [timer, self.leases.next_end()].into_iter().chain(leaving).chain(waking);
        clocks.flatten().min()
    }

    fn take_note(&mut self, event: Event) {
        match event {
            Event::FileSeen { file, look } => self.file_seen(&file, look),
            Event::Scanned { share, complete } => self.scanned(share, complete),
            Event::WatchLost { share, why } => self.watch_lost(share, &why),
            Event::ShareGone { share } => self.share_gone(share),
            Event::ShareBack { share } => self.share_back(share),
            Event::Hashed { file, stamp, digest, device } => self.hashed(&file, stamp, digest, device),
            Event::HashFailed { file, look, why } => self.hash_failed(&file, look, &why),
            Event::ToolSeen { name, version } => self.tool_seen(&name, version),
            Event::RunnerBack { attempts } => self.runner_back(&attempts),
            Event::Clock => {}
            Event::AttemptStarted { job, attempt } => self.attempt_started(job, attempt),
            Event::AttemptProgressed { job, attempt, percent, message } => {
                self.attempt_progressed(job, attempt, percent, message);
            }
            Event::AttemptEnded { job, attempt, ended } => self.attempt_ended(job, attempt, ended),
            Event::Woven { weave, woven } => self.woven(weave, woven),
            Event::BallotWritten { note, of, made } => self.ballot_written(&note, of, made),
            Event::BallotRead { note, digest, ticked, is_ours } => self.ballot_read(&note, digest, ticked, is_ours),
            Event::Rescued { file, digest, size } => self.rescued(file, digest, size),
            Event::Probed { file, stamp, found } => self.probed(&file, stamp, found),
            Event::Published { intent, outcome } => self.published(intent, outcome),
            Event::HistoryFound { file, history } => self.history_found(&file, &history),
            Event::Merged { copy, ours, theirs, merged } => self.merged(&copy, ours, theirs, merged),
            Event::Found { found, missing } => self.found(found, &missing),
            Event::Asked { ask, client, who, what } => self.asked(ask, client, &who, what),
            Event::ClientGone { client } => self.client_gone(client),
            Event::Outgrown { rows, histories_moved } => self.outgrown(rows, histories_moved),
        }
    }

    /// Everything that follows, until nothing more does.
    pub(crate) fn catch_up(&mut self) {
        self.end_locks();
        self.forget_left_files();
        self.forget_gone_files();
        self.ring_timers();
        let mut rounds = 0;
        loop {
            self.look_at_ballots();
            self.judge_conflicts();
            self.plan_lanes();
            self.start_jobs();
            if self.dirty.is_empty() && !self.ballots.is_any_marked() {
                break;
            }
            rounds += 1;
            assert!(rounds < ROUNDS_MAX, "plans agree after a few rounds");
        }
        self.write_notices();
        self.answer_waits();
    }

    fn ring_timers(&mut self) {
        while let Some(&(at, timer)) = self.timers.first().filter(|(at, _)| *at <= self.now) {
            self.timers.remove(&(at, timer));
            match timer {
                Timer::Lane(lane) => {
                    if let Some(lane) = self.lanes.get_mut(&lane) {
                        lane.wake = None;
                    }
                    self.dirty.insert(lane);
                }
                Timer::Quiet(lane) => {
                    if let Some(lane) = self.lanes.get_mut(&lane) {
                        lane.quiet = None;
                    }
                    self.dirty.insert(lane);
                }
                Timer::Calm(lane) => drop(self.dirty.insert(lane)),
                Timer::Retry(job) => self.mark_job(job),
                Timer::Publish(intent) => self.publish_again(intent),
                Timer::Scan(share) => self.scan_again(share),
            }
        }
    }

    /// Closes the step: rows of what changed, and everything collected.
    pub(crate) fn decide(&mut self) -> Decision {
        for build in core::mem::take(&mut self.touched_builds) {
            let Some(build) = self.builds.get(&build) else { continue };
            self.out.keep(Change::Put(Row::Build(build.row.clone())));
        }
        for job in core::mem::take(&mut self.touched_jobs) {
            let Some(job) = self.jobs.get(&job) else { continue };
            self.out.keep(Change::Put(Row::Job(job.row.clone())));
        }
        if self.meta != self.meta_kept {
            self.meta_kept = self.meta.clone();
            self.out.keep(Change::Put(Row::Meta(self.meta.clone())));
        }
        core::mem::take(&mut self.out)
    }

    pub(crate) fn put(&mut self, row: Row) {
        self.out.keep(Change::Put(row));
    }

    pub(crate) fn delete(&mut self, key: crate::RowKey) {
        self.out.keep(Change::Delete(key));
    }

    pub(crate) fn order(&mut self, effect: Effect) {
        self.out.order(effect);
    }

    /// Something changed for a lane: it is planned in this step.
    pub(crate) fn mark(&mut self, lane: LaneId) {
        self.dirty.insert(lane);
        if self.latest.as_ref().is_some_and(|(latest, _)| *latest == lane) {
            self.latest = None;
        }
    }

    pub(crate) fn mark_all(&mut self) {
        self.dirty.extend(self.lanes.keys());
        self.latest = None;
    }

    pub(crate) fn mark_job(&mut self, job: JobId) {
        if let Some(lane) = self.jobs.get(&job).map(|job| job.lane) {
            self.mark(lane);
        }
    }
}

/// A plan is changed by starts, and a start by a plan, once or twice; a thousand times is a quarrel without end.
const ROUNDS_MAX: u32 = 1_000;
