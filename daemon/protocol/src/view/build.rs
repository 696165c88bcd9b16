//! Builds, pipelines, plans, and what submitting and waiting answer.

use super::{BlockerView, JobLine, KeyChange, NameValue};
use crate::{BuildId, JobId};

words! {
    /// What the planner would do with a step now.
    PlanAction {
        /// It would run.
        Run = "run",
        /// It would run once what it waits for is there.
        Wait = "wait",
        /// It is running already, with the same key.
        Running = "running",
        /// Its result is known and its outputs are in place.
        UpToDate = "up_to_date",
        /// Its condition is false.
        NotNeeded = "not_needed",
        /// Its step or a tool of it is not here.
        Unavailable = "unavailable",
        /// A need of it failed.
        Blocked = "blocked",
    }
}

views! {
    /// Jobs by what has become of them.
    Counts {
        waiting: u32,
        running: u32,
        /// Stopping, publishing or retrying.
        changing: u32,
        succeeded: u32,
        with_errors: u32,
        /// Up to date, not needed or unavailable.
        nothing_to_do: u32,
        failed: u32,
        canceled: u32,
    }

    /// A page of builds.
    BuildsView { builds: Vec<BuildLine>, next: Option<String> }

    /// A build in one line.
    BuildLine {
        build: BuildId,
        pipeline: String,
        share: String,
        subject: String,
        episode: Option<String>,
        created_at_ms: i64,
        /// `null` while anything of it can still move.
        ended_at_ms: Option<i64>,
        /// One line: why it was made.
        cause: String,
        asked_by: Option<String>,
        counts: Counts,
    }

    /// A build: its graph and a page of its jobs.
    BuildView {
        build: BuildLine,
        parameters: Vec<NameValue>,
        /// In pipeline order; the weave of a file is a step of its own, named `weave`.
        steps: Vec<StepView>,
        /// In pipeline order, then by element.
        jobs: Vec<JobLine>,
        next: Option<String>,
    }

    /// A step of a pipeline.
    StepView {
        step: String,
        /// `transcode (built in)`, or the program and its arguments.
        work: String,
        /// `scan.clips`, for a step with one job per element; empty otherwise.
        map: String,
        needs: Vec<String>,
        after: Vec<String>,
        /// Its condition; empty: always.
        when: String,
        /// It and its tools are here.
        available: bool,
        /// Why it is not available. May be empty.
        note: String,
    }

    /// Every pipeline.
    PipelinesView { pipelines: Vec<PipelineLine> }

    /// A pipeline in one line.
    PipelineLine {
        pipeline: String,
        /// The pattern that its subjects match.
        subject: String,
        /// Patterns below the subject that trigger it; empty: on submission only.
        on: Vec<String>,
        steps: Vec<String>,
        /// `built in`, or the file it stands in.
        source: String,
        /// Subjects found.
        subjects: u32,
    }

    /// A pipeline and the text of its definition.
    PipelineView { pipeline: PipelineLine, steps: Vec<StepView>, toml: String }

    /// A build was made, durably.
    SubmittedView { build: BuildId, jobs: Vec<JobId> }

    /// What was waited for, as it ended.
    WaitedView {
        /// Every job named, and every job of a build named; of a wait for idle those that failed. The first 500.
        jobs: Vec<JobLine>,
        succeeded: u32,
        with_errors: u32,
        /// Failed or canceled.
        failed: u32,
        /// Not ended: the wait was stopped.
        unfinished: u32,
    }

    /// Numbers of jobs or proposals that something was done to.
    IdsView { ids: Vec<u64> }

    /// What would run now.
    PlanView { now_at_ms: i64, subjects: Vec<PlanSubject>, next: Option<String> }

    /// What would run for one subject.
    PlanSubject { pipeline: String, share: String, subject: String, episode: Option<String>, steps: Vec<PlanStep> }

    /// What would become of one step, or of one element of it.
    PlanStep {
        step: String,
        element: String,
        action: PlanAction,
        /// For people: why.
        because: String,
        /// What differs from the result before.
        changed: Vec<KeyChange>,
        blockers: Vec<BlockerView>,
        /// Files below the share's root that it would make.
        outputs: Vec<String>,
        /// The job that would do it, where there is one.
        job: Option<JobId>,
    }
}
