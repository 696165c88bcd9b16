//! The one value that decides.

use crate::{
    Blocker, BuildId, BuildRow, Decision, Event, FilePath, GraphNode, IndexRow, JobId, JobRow, LeaseRow, Plan,
    ProposalRow, Rows, Rules, Subject, SubjectView, Time, Unsettled,
};
use alloc::vec::Vec;

/// Everything showd knows about what is to be done. See the crate's documentation.
#[derive(Debug)]
pub struct Coordinator {
    rules: Rules,
    #[expect(dead_code, reason = "the first slice lands next")]
    rows: Rows,
}

impl Coordinator {
    /// Takes up where the rows left off: boot, crash, watch overflow and doubt are one path, restore and then scan.
    ///
    /// `rules` must have passed [`Rules::check`].
    pub fn restore(rows: Rows, rules: Rules, now: Time) -> (Self, Decision) {
        let _ = now;
        (Self { rules, rows }, Decision::default())
    }

    /// Takes note of one fact and decides what follows. `now` never goes backwards; if it does, it is ignored.
    pub fn step(&mut self, now: Time, event: Event) -> Decision {
        let _ = (now, event);
        Decision::default()
    }

    /// When to call [`Self::step`] with [`Event::Clock`], unless something else happens before.
    pub fn next_deadline(&self) -> Option<Time> {
        None
    }

    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Why this job has not started or is not published: empty for one that is ready, running or over.
    pub fn blockers(&self, job: JobId) -> Vec<Blocker> {
        let _ = job;
        Vec::new()
    }

    /// What would run now for a subject, and why. `None`: no such subject.
    pub fn plan(&self, subject: &Subject) -> Option<Plan> {
        let _ = subject;
        None
    }

    /// Why a person's file may not be written now: empty when it is quiet and free.
    pub fn quiet(&self, file: &FilePath) -> Vec<Blocker> {
        let _ = file;
        Vec::new()
    }

    /// Jobs of unfinished builds, with their progress.
    pub fn jobs(&self) -> impl Iterator<Item = &JobRow> {
        core::iter::empty()
    }

    pub fn job(&self, job: JobId) -> Option<&JobRow> {
        let _ = job;
        None
    }

    /// Unfinished builds.
    pub fn builds(&self) -> impl Iterator<Item = &BuildRow> {
        core::iter::empty()
    }

    pub fn build(&self, build: BuildId) -> Option<&BuildRow> {
        let _ = build;
        None
    }

    /// The graph of an unfinished build.
    pub fn graph(&self, build: BuildId) -> Vec<GraphNode> {
        let _ = build;
        Vec::new()
    }

    /// The last result of every node of a subject.
    pub fn index(&self, subject: &Subject) -> impl Iterator<Item = &IndexRow> {
        let _ = subject;
        core::iter::empty()
    }

    /// Locks and holds.
    pub fn leases(&self) -> impl Iterator<Item = &LeaseRow> {
        core::iter::empty()
    }

    pub fn proposals(&self) -> impl Iterator<Item = &ProposalRow> {
        core::iter::empty()
    }

    pub fn subjects(&self) -> Vec<SubjectView> {
        Vec::new()
    }

    /// Which subjects of automatic pipelines a file belongs to.
    pub fn subjects_of(&self, file: &FilePath) -> Vec<Subject> {
        let _ = file;
        Vec::new()
    }

    /// Files that are read by pipelines and that changed too lately to be read.
    pub fn unsettled(&self) -> Vec<Unsettled> {
        Vec::new()
    }
}
