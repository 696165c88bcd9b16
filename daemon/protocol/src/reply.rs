//! The ways an answer can go: a view, a polite no, a failure of the world, or something pushed.

use crate::Seq;
use crate::view::{
    BlameView, BuildView, BuildsView, ChangesView, CheckView, ConfigView, ConflictView, ConflictsView, ContentView,
    DiagnosticsView, DiffView, DoctorView, DoneView, EpisodeMadeView, EpisodeView, EpisodesView, EventView, EventsView,
    FollowView, HistoryView, IdsView, IgnoresView, JobLine, JobView, JobsView, LeftOutView, LockView, LocksView,
    LogView, PipelineView, PipelinesView, PlanView, ProposalView, ProposalsView, PublishedView, SharesView, StatusView,
    SubmittedView, SweptView, VersionView, WaitedView, WhyFileView, WhyView,
};
use serde::{Deserialize, Serialize};

/// Every message after the hello. The client numbers its requests as it likes (from 1, none twice while the first is
/// unanswered); everything the daemon sends because of a request carries the request's number. 0 is the daemon's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope<T> {
    pub id: u64,
    pub body: T,
}

/// What the daemon sends. A request gets exactly one of `answer`, `refused` and `failed`; pushes may come before it
/// (progress) or after it (a subscription).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Answer(Box<Answer>),
    /// Understood and declined; nothing happened.
    Refused(Refusal),
    /// The world failed while the daemon tried; what happened is said.
    Failed(Failure),
    Push(Push),
}

/// One variant per shape that is answered. Append only.
#[allow(clippy::large_enum_variant, reason = "made once, boxed in its reply, read once")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is done and there is nothing to tell.
    Done(DoneView),
    Version(VersionView),
    Status(StatusView),
    Episodes(EpisodesView),
    Episode(EpisodeView),
    Jobs(JobsView),
    Job(JobView),
    Why(WhyView),
    Plan(PlanView),
    Log(LogView),
    Following(FollowView),
    Events(EventsView),
    Waited(WaitedView),
    /// Jobs, proposals, … that something was done to.
    Ids(IdsView),
    Submitted(SubmittedView),
    Builds(BuildsView),
    Build(BuildView),
    Pipelines(PipelinesView),
    Pipeline(PipelineView),
    History(HistoryView),
    Content(ContentView),
    Published(PublishedView),
    Changes(ChangesView),
    EpisodeMade(EpisodeMadeView),
    Check(CheckView),
    Config(ConfigView),
    Locks(LocksView),
    Lock(LockView),
    Proposals(ProposalsView),
    Proposal(ProposalView),
    LeftOut(LeftOutView),
    Diagnostics(DiagnosticsView),
    Shares(SharesView),
    Conflicts(ConflictsView),
    Conflict(ConflictView),
    Diff(DiffView),
    Blame(BlameView),
    Doctor(DoctorView),
    WhyFile(WhyFileView),
    Ignores(IgnoresView),
    Swept(SweptView),
}

/// What comes without being asked for each time. Append only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Push {
    /// Of a `follow`: the next entry of the event log.
    Event(EventView),
    /// Of a `follow`: this reader was too slow, and the events from `from` to `to` were not sent to it. They are in
    /// the log: ask for them with `events`, or follow again from `from`.
    Gap { from: Seq, to: Seq },
    /// Of a `log` that follows: more lines.
    Log(LogView),
    /// Of a `wait` or a `follow` that asked for progress: a job as it is now. Not in the event log; a slow reader
    /// misses some.
    Progress(JobLine),
    /// The subscription of this number is over: the log has ended, or the client said `stop`.
    Over {},
    /// Number 0: nothing more will come on this connection. The daemon is going down, or could not read a request.
    Closing { why: String },
}

/// A polite no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// For programs.
    pub kind: RefusalKind,
    /// For people: what, on what; lower case, no full stop.
    pub text: String,
    /// The next move. May be empty.
    pub hint: String,
}

/// Append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// No such job, episode, path, revision.
    NotFound,
    /// It could be done at another time: a lock is in the way, the job is still running.
    NotNow,
    /// Never, by rule: another machine owns the share, the path is a person's.
    NotAllowed,
    /// The request makes no sense as it stands.
    Invalid,
    /// This daemon does not know how.
    Unsupported,
    /// As many clients, subscriptions or locks as the configuration allows.
    TooMany,
    /// The answer is longer than a frame; ask for less at a time.
    TooLarge,
}

/// The world failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What was tried and on what.
    pub text: String,
    /// Why, outermost first.
    pub because: Vec<String>,
    /// The next move. May be empty.
    pub hint: String,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::Answer(Box::new(answer))
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Refusal {
    pub fn new(kind: RefusalKind, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind, text: text.into(), hint: hint.into() }
    }
}

impl Failure {
    /// The failure that an error and its sources tell.
    pub fn of(error: &(dyn std::error::Error + 'static), hint: impl Into<String>) -> Self {
        let because = std::iter::successors(error.source(), |cause| cause.source()).map(ToString::to_string);
        Self { text: error.to_string(), because: because.collect(), hint: hint.into() }
    }
}
