//! Jobs: a line, the whole, and why.

use super::{DiagnosticView, NameValue};
use crate::{AttemptNo, BuildId, JobId};

words! {
    /// Where a job is in its life.
    JobState {
        /// For its needs, its inputs, a pool, a lease, quiet: `why` says for what.
        Waiting = "waiting",
        Running = "running",
        /// Told to stop, not gone yet.
        Stopping = "stopping",
        /// Its results are being moved into the share.
        Publishing = "publishing",
        /// Failed, and will be tried again by itself.
        Retrying = "retrying",
        Succeeded = "succeeded",
        SucceededWithErrors = "succeeded_with_errors",
        /// Its result was known and its outputs are in place: nothing ran.
        UpToDate = "up_to_date",
        /// Its condition was false: nothing ran.
        NotNeeded = "not_needed",
        /// Its step or a tool of it is not here: nothing ran and nobody is held up.
        Unavailable = "unavailable",
        Failed = "failed",
        Canceled = "canceled",
    }

    /// What stands in a job's way.
    BlockerKind {
        /// None of the others.
        Other = "other",
        /// A job whose success it needs.
        Need = "need",
        /// A job it waits for without needing it.
        After = "after",
        /// A file that is not there yet.
        Missing = "missing",
        /// A file that still changes: not settled, may not be read.
        Unsettled = "unsettled",
        /// A person's file that changed lately: not quiet, may not be written.
        NotQuiet = "not_quiet",
        /// A pool without a free slot.
        Pool = "pool",
        /// Another job's lease.
        Lease = "lease",
        /// A script's lock.
        Lock = "lock",
        /// A person's hold.
        Hold = "hold",
        /// The wait before the next try.
        Retry = "retry",
        /// A need that failed; it will not go on by itself.
        FailedNeed = "failed_need",
        /// A conflict copy that nobody has resolved.
        Conflict = "conflict",
        /// The disk of the share is away.
        ShareAway = "share_away",
        /// The share belongs to another machine, or cannot be written.
        ReadOnly = "read_only",
        /// The runner is not connected.
        Runner = "runner",
    }
}

impl JobState {
    /// Nothing more happens to it unless somebody asks.
    pub fn has_ended(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running | Self::Stopping | Self::Publishing | Self::Retrying)
    }

    /// It ended without a try of its own: it was done before, is not needed, or cannot be done here.
    pub fn had_nothing_to_do(self) -> bool {
        matches!(self, Self::UpToDate | Self::NotNeeded | Self::Unavailable)
    }

    /// It ended, and what needs it goes on.
    pub fn is_success(self) -> bool {
        use JobState as S;
        matches!(self, S::Succeeded | S::SucceededWithErrors | S::UpToDate | S::NotNeeded | S::Unavailable)
    }
}

views! {
    /// A page of jobs.
    JobsView {
        jobs: Vec<JobLine>,
        /// For `after` of the next page; `null` at the end.
        next: Option<String>,
        /// Jobs that lie among these and are left out only because of their state.
        passed_over: u32,
    }

    /// A job in one line.
    JobLine {
        job: JobId,
        build: BuildId,
        pipeline: String,
        share: String,
        /// The subject's path; a directory ends in `/`.
        subject: String,
        /// `0237`, where the subject is an episode.
        episode: Option<String>,
        step: String,
        /// The element of a step that maps a list; empty otherwise.
        element: String,
        state: JobState,
        /// When it came into this state.
        since_at_ms: i64,
        created_at_ms: i64,
        /// The newest attempt; 0 before the first.
        attempt: AttemptNo,
        /// 0 to 100, while running, where the step says so.
        percent: Option<u8>,
        /// While running: what it is doing. Waiting: for what, in a few words. Failed, retrying, canceled: why.
        /// Otherwise what came of it.
        message: String,
        /// A person asked for it.
        asked: bool,
    }

    /// A job with everything known about it.
    JobView {
        job: JobLine,
        /// Why its build was made.
        cause: String,
        asked_by: Option<String>,
        parameters: Vec<NameValue>,
        /// What it is keyed by: equal keys are not run twice. Absent until its needs are done.
        key: Option<String>,
        key_parts: Vec<NameValue>,
        needs: Vec<JobRef>,
        after: Vec<JobRef>,
        needed_by: Vec<JobRef>,
        /// Newest last.
        attempts: Vec<AttemptView>,
        outputs: Vec<OutputView>,
        /// Files whose text its edits touch.
        edits: Vec<String>,
        /// Top-level texts, numbers and flags of its result.
        facts: Vec<NameValue>,
        /// The whole result, JSON as text; `null` when there is none or it is longer than 64 KiB.
        result: Option<String>,
        diagnostics: Vec<DiagnosticView>,
        pools: Vec<PoolUse>,
        timeout_ms: u64,
        /// What to know about how it ran: a sandbox the kernel could not give, output that was cut.
        notes: Vec<String>,
    }

    /// A job named by another.
    JobRef { job: JobId, step: String, element: String, state: JobState }

    /// One try.
    AttemptView {
        attempt: AttemptNo,
        started_at_ms: i64,
        ended_at_ms: Option<i64>,
        /// One or two words: `succeeded`, `exit 3`, `timed out`, `lost`; `running` before the end.
        outcome: String,
        why: String,
    }

    /// A file that a job makes.
    OutputView {
        role: String,
        share: String,
        file: String,
        /// Absolute, on the daemon's machine.
        path: String,
        digest: String,
        bytes: u64,
        /// The file in the share is this one.
        in_place: bool,
    }

    /// Slots of a pool that a job takes.
    PoolUse { pool: String, slots: u32 }

    /// Why a job is as it is.
    WhyView {
        job: JobLine,
        /// The whole answer in a sentence or two.
        text: String,
        /// What it waits for; empty for a job that does not wait.
        blockers: Vec<BlockerView>,
        /// What differs from the result before: why it ran, or will.
        changed: Vec<KeyChange>,
        /// Ended: what the last attempt said last, at most twenty lines.
        last_words: Vec<String>,
        /// The next move. May be empty.
        hint: String,
    }

    /// Whether a file may be written now.
    WhyFileView {
        share: String,
        file: String,
        /// The whole answer in a sentence or two.
        text: String,
        /// It is a person's file, and nothing is in the way of writing it.
        quiet: bool,
        /// What is in the way.
        blockers: Vec<BlockerView>,
        /// What waits to be written into it, or failed to be.
        jobs: Vec<JobLine>,
        proposals_open: u32,
        /// The next move. May be empty.
        hint: String,
    }

    /// One thing in the way.
    BlockerView {
        kind: BlockerKind,
        /// For people, with everything named: `job 40 probe (running, 63 %)`.
        text: String,
        job: Option<JobId>,
        file: Option<String>,
        pool: Option<String>,
        /// It ends by itself then, where that is known.
        until_at_ms: Option<i64>,
    }

    /// A part of a job's key, before and now; `null`: it was, or is, not there.
    KeyChange { part: String, before: Option<String>, now: Option<String> }
}
