//! How builds and lanes end.
//!
//! A build ends when everything of it is done; one of which something failed stays, so that it is neither forgotten nor
//! tried again. A lane is let go of when nothing on disk makes it a subject any more. Nothing here decides what is to
//! be done: that is `plan`; nor what becomes of it in a build: that is `build`.

use crate::coordinator::Timer;
use crate::kind::is_plain;
use crate::lane::{Lane, LaneId};
use crate::plan::{Outlook, Stand};
use crate::settle::File;
use crate::{BuildId, Change, Coordinator, FilePath, JobId, JobState, Row, RowKey, Subject};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

impl Coordinator {
    /// Ends the lane's build when everything of it is done. One that failed stays until something changes, so that it
    /// is neither forgotten nor tried again; a submission that can go no further ends as it is.
    pub(crate) fn close_build(&mut self, id: LaneId, outlook: &Outlook) {
        let lane = &self.lanes[&id];
        let Some(build) = lane.build else { return };
        let is_open = |job: &JobId| {
            let row = &self.jobs[job].row;
            let satisfied = outlook.at.get(&row.node).is_none_or(|place| outlook.nodes[*place].is_satisfied());
            !(row.state.is_done() || (row.state.is_over() && (satisfied || row.dropped)))
        };
        let unfinished: Vec<JobId> = self.builds[&build].nodes.values().filter(|job| is_open(job)).copied().collect();
        let held = self.builds[&build].row.jobs.iter().filter_map(|job| self.jobs.get(job));
        let stopping = held.filter(|job| job.row.build == build).any(|job| job.row.state.holds_files());
        if stopping {
            return;
        }
        if unfinished.is_empty() && outlook.unknown.is_empty() {
            self.finish_build(id, build);
        } else if !lane.is_automatic() {
            let doomed = self.doomed(build, outlook);
            if unfinished.iter().all(|job| self.jobs[job].row.state.is_over() || doomed.contains(job))
                && !doomed.is_empty()
            {
                for job in doomed {
                    self.stop(job, "what it needs did not succeed");
                }
                self.finish_build(id, build);
            }
        }
    }

    /// Jobs that failed, and jobs that stand behind one that did.
    pub(crate) fn doomed(&self, build: BuildId, outlook: &Outlook) -> BTreeSet<JobId> {
        let nodes = &self.builds[&build].nodes;
        let mut doomed = BTreeSet::new();
        for prospect in &outlook.nodes {
            let Some(job) = nodes.get(&prospect.node) else { continue };
            let failed = matches!(self.jobs[job].row.state, JobState::Failed { .. } | JobState::Canceled { .. });
            let behind = match &prospect.stand {
                Stand::Blocked(blockers) => blockers.iter().any(|blocker| match blocker {
                    crate::Blocker::NeedFailed { .. } => true,
                    crate::Blocker::Need { job: Some(job), soft: false, .. } => doomed.contains(job),
                    _ => false,
                }),
                _ => false,
            };
            if !prospect.is_satisfied() && (failed || behind) {
                doomed.insert(*job);
            }
        }
        doomed
    }

    fn finish_build(&mut self, id: LaneId, build: BuildId) {
        self.lanes.get_mut(&id).expect("it is being planned").build = None;
        self.end_build(build);
    }

    /// Writes the last rows of a build and its jobs, lets go of them, and drops builds too old to keep.
    pub(crate) fn end_build(&mut self, id: BuildId) {
        let Some(mut build) = self.builds.remove(&id) else { return };
        build.row.ended = Some(self.now);
        let subject = build.row.subject.clone();
        let jobs: Vec<JobId> = build
            .row
            .jobs
            .iter()
            .copied()
            .filter(|job| self.jobs.get(job).is_some_and(|job| job.row.build == id))
            .collect();
        let failed = build.nodes.values().filter_map(|job| self.jobs.get(job));
        let failed = failed.filter(|job| matches!(job.row.state, JobState::Failed { .. })).count();
        let text = if failed == 0 { "done".to_owned() } else { format!("ended, {failed} failed") };
        self.log("build.ended").build(id).subject(&subject).text(text);
        self.put(Row::Build(build.row));
        self.touched_builds.remove(&id);
        for job in jobs {
            self.answer_ended(job);
            self.pools.unqueue(job);
            self.leases.stop_waiting(job);
            if let Some(job) = self.jobs.remove(&job) {
                self.touched_jobs.remove(&job.row.id);
                self.put(Row::Job(job.row));
            }
        }
        self.keep_few(subject, id);
    }

    fn keep_few(&mut self, subject: Subject, build: BuildId) {
        let most = self.playbook.rules.builds_kept_max as usize;
        let ended = self.ended.entry(subject).or_default();
        ended.push_back(build);
        let old: Vec<BuildId> = (most..ended.len()).filter_map(|_| ended.pop_front()).collect();
        for build in old {
            self.out.keep(Change::Delete(RowKey::Build(build)));
        }
    }

    /// Nothing on disk makes it a subject any more.
    pub(crate) fn is_gone(&self, lane: &Lane) -> bool {
        self.reasons(lane).next().is_none()
    }

    /// The same at this very moment: what is missing may be back before that settles.
    pub(crate) fn looks_gone(&self, lane: &Lane) -> bool {
        !self.reasons(lane).any(File::is_there)
    }

    /// The files that make it a subject: those that its pipeline is triggered by, or for one that was asked for any.
    fn reasons<'a>(&'a self, lane: &'a Lane) -> impl Iterator<Item = &'a File> {
        let (subject, skip) = (&lane.name.subject, lane.directory().len());
        let is_reason =
            move |file: &FilePath| !lane.is_automatic() || (is_plain(file) && lane.play.triggers(&file.path[skip..]));
        let below = self.files.below(subject.share, &subject.path);
        below.filter(move |(file, _)| is_reason(file)).map(|(_, state)| state)
    }

    /// Ends everything of a subject that is gone, and then forgets it.
    pub(crate) fn let_go(&mut self, id: LaneId) {
        if let Some(build) = self.lanes[&id].build {
            let held = self.builds[&build].row.jobs.clone();
            let own = |core: &Self, job: &JobId| core.jobs.get(job).is_some_and(|job| job.row.build == build);
            for job in held.iter().filter(|job| own(self, job)).copied().collect::<Vec<_>>() {
                self.stop(job, "its subject is gone");
            }
            if held.iter().any(|job| own(self, job) && !self.jobs[job].row.state.is_over()) {
                return;
            }
            self.finish_build(id, build);
        }
        self.forget_lane(id);
    }

    pub(crate) fn forget_lane(&mut self, id: LaneId) {
        let Some(lane) = self.lanes.remove(&id) else { return };
        self.lane_of.remove(&lane.name);
        self.latest = None;
        self.mark_notices(lane.name.subject.share);
        for file in &lane.reads {
            if let Some(readers) = self.readers.get_mut(file) {
                readers.remove(&id);
                if readers.is_empty() {
                    self.readers.remove(file);
                }
            }
        }
        if let Some(at) = lane.wake {
            self.timers.remove(&(at, Timer::Lane(id)));
        }
        if let Some(at) = lane.quiet {
            self.timers.remove(&(at, Timer::Quiet(id)));
        }
        if lane.is_automatic() {
            for node in lane.index.into_keys() {
                self.delete(RowKey::Index(lane.name.subject.clone(), node));
            }
        }
    }
}
