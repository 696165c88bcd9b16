//! What may be asked: one struct per request, the [`Request`] that carries any of them, and the answer each gets.
//!
//! Every field that is not needed to make sense may be left out in JSON. A key that is not known is an error, so that
//! a mistyped filter never cancels more than was meant.
//!
//! Words used throughout. *Episode*: its number as people say it, `237` or `0237`; with several shares `name:0237`.
//! *Path*: absolute, or below a share's root; with several shares `name:episodes/0237/info.md`. *After*: the `next` of
//! the page before, as it stands; absent for the first page. *Limit*: rows of one page, see [`crate::frame`].

use crate::reply::Answer;
use crate::view::{
    BlameView, BuildView, BuildsView, ChangesView, CheckView, ConfigView, ConflictView, ConflictsView, ContentView,
    DiagnosticsView, DiffView, DoctorView, DoneView, EpisodeMadeView, EpisodeView, EpisodesView, EventsView,
    FollowView, HistoryView, IdsView, IgnoresView, JobState, JobView, JobsView, LeftOutView, LockView, LocksView,
    LogView, PipelineView, PipelinesView, PlanView, ProposalState, ProposalView, ProposalsView, PublishedView, Settle,
    Severity, SharesView, StatusView, Stream, SubmittedView, SweptView, VersionView, WaitedView, WhyFileView, WhyView,
};
use crate::{AttemptNo, BuildId, JobId, LeaseId, ProposalId, Seq};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A request with its own kind of answer: `client.ask(Job { job })` gives a `JobView`.
pub trait Ask: Into<Request> {
    type View;

    /// The view inside an answer, or the answer back when it is of another kind.
    ///
    /// # Errors
    /// When the daemon answered something else, which is a broken daemon.
    fn view(answer: Answer) -> Result<Self::View, Box<Answer>>;
}

macro_rules! asks {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? } -> $answer:ident($view:ty);)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name { $($(#[$field_doc])* pub $field: $type),* }

            impl From<$name> for Request {
                fn from(ask: $name) -> Self {
                    Self::$name(ask)
                }
            }

            impl Ask for $name {
                type View = $view;
                fn view(answer: Answer) -> Result<$view, Box<Answer>> {
                    match answer {
                        Answer::$answer(view) => Ok(view),
                        other => Err(Box::new(other)),
                    }
                }
            }
        )*

        /// Anything that may be asked. The order is the wire format: append only.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Request {
            $($(#[$doc])* $name($name),)*
        }

        impl Request {
            /// What is asked, in one word, for logs.
            pub fn word(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name)),* }
            }
        }
    };
}

asks! {
    /// Who is there.
    Version {} -> Version(VersionView);

    /// The page a producer looks at an hour before air.
    Status {} -> Status(StatusView);

    /// Every episode in one line each, newest first.
    Episodes { #[serde(default)] after: Option<String>, #[serde(default)] limit: Option<u32> } -> Episodes(EpisodesView);

    /// One episode: stages, items, scripts, what is wrong.
    Episode { episode: String } -> Episode(EpisodeView);

    /// Jobs, newest first. All filters must hold; an empty list of states means any.
    Jobs {
        #[serde(default)] states: Vec<JobState>,
        #[serde(default)] step: Option<String>,
        #[serde(default)] episode: Option<String>,
        #[serde(default)] build: Option<BuildId>,
        #[serde(default)] after: Option<String>,
        #[serde(default)] limit: Option<u32>,
    } -> Jobs(JobsView);

    /// One job with its attempts, inputs and outputs.
    Job { job: JobId } -> Job(JobView);

    /// Why a job is in the state it is in: the blockers of one that waits, the changed parts of the key of one that ran.
    Why { job: JobId } -> Why(WhyView);

    /// What would run now and why, and what is up to date. Does nothing. Everything, or one episode, or what depends on
    /// one path.
    Plan {
        #[serde(default)] episode: Option<String>,
        #[serde(default)] path: Option<String>,
        #[serde(default)] after: Option<String>,
        #[serde(default)] limit: Option<u32>,
    } -> Plan(PlanView);

    /// What an attempt printed, from `from` (0, or the `next` of the answer before); the newest attempt when none is
    /// named, both streams when none is named. With `follow`, pushes `log` until the attempt has ended, then `over`.
    Log {
        job: JobId,
        #[serde(default)] attempt: Option<AttemptNo>,
        #[serde(default)] stream: Option<Stream>,
        #[serde(default)] from: u64,
        #[serde(default)] follow: bool,
    } -> Log(LogView);

    /// Subscribes to the event log. With `from`: every event from that number on, the old ones first; a number that is
    /// no longer kept begins with a `gap`. Without: what comes from now on. The answer says the number of the next
    /// event and, with `snapshot`, the status exactly as it was before that event.
    Follow {
        #[serde(default)] from: Option<Seq>,
        #[serde(default)] snapshot: bool,
        /// Also push `progress` of running jobs, which is not in the log.
        #[serde(default)] progress: bool,
    } -> Following(FollowView);

    /// A page of the event log, oldest first, without subscribing.
    Events { #[serde(default)] from: Seq, #[serde(default)] limit: Option<u32> } -> Events(EventsView);

    /// Answered when all these jobs, and all jobs of these builds, have ended. With `progress`, pushes `progress` of
    /// them meanwhile. A time limit is the client's: send `stop`, or hang up.
    Wait {
        #[serde(default)] jobs: Vec<JobId>,
        #[serde(default)] builds: Vec<BuildId>,
        #[serde(default)] progress: bool,
    } -> Waited(WaitedView);

    /// Answered when nothing is waiting for its turn, running or unsettled. Writing into people's files waits until
    /// they are quiet, for minutes; `quiet_too` waits for that as well. Jobs that wait for a person, a missing file or
    /// a failed need do not count.
    WaitIdle {
        #[serde(default)] quiet_too: bool,
        #[serde(default)] progress: bool,
    } -> Waited(WaitedView);

    /// New attempts: of these jobs, of the failed ones, of an episode's, or of an episode's failed ones. `force`: run
    /// even where the result is known.
    Requeue {
        #[serde(default)] jobs: Vec<JobId>,
        #[serde(default)] failed: bool,
        #[serde(default)] episode: Option<String>,
        #[serde(default)] force: bool,
    } -> Ids(IdsView);

    /// Stops these jobs, and all jobs of these builds: TERM, a grace, KILL. Answered once they are told.
    Cancel { #[serde(default)] jobs: Vec<JobId>, #[serde(default)] builds: Vec<BuildId> } -> Ids(IdsView);

    /// A build of a pipeline for a subject (its path below the share's root, or an episode's number), now. Answered
    /// once it is durable.
    Submit {
        pipeline: String,
        subject: String,
        #[serde(default)] parameters: BTreeMap<String, String>,
    } -> Submitted(SubmittedView);

    /// Builds, newest first.
    Builds {
        #[serde(default)] episode: Option<String>,
        #[serde(default)] pipeline: Option<String>,
        #[serde(default)] after: Option<String>,
        #[serde(default)] limit: Option<u32>,
    } -> Builds(BuildsView);

    /// One build: its steps with their needs, and a page of its jobs in pipeline order.
    Build { build: BuildId, #[serde(default)] after: Option<String>, #[serde(default)] limit: Option<u32> } -> Build(BuildView);

    /// Every pipeline in one line each.
    Pipelines {} -> Pipelines(PipelinesView);

    /// One pipeline: its steps and the text of its definition.
    Pipeline { pipeline: String } -> Pipeline(PipelineView);

    /// The versions of a person's file that we read or wrote, newest first.
    History { path: String, #[serde(default)] after: Option<String>, #[serde(default)] limit: Option<u32> } -> History(HistoryView);

    /// The text of one version, from a byte on.
    Content { path: String, revision: String, #[serde(default)] from: u64 } -> Content(ContentView);

    /// Publishes an old version in place of the file as it is now; both stay in the history. Answered by how it went.
    Restore { path: String, revision: String } -> Published(PublishedView);

    /// Weaves edits into a file because a person asked: `check --fix`. `edits` is JSON text, an array of edits as steps
    /// return them; `base` the BLAKE3 (hex) of the text they were made from.
    Edit { path: String, base: String, edits: String, what: String } -> Published(PublishedView);

    /// Compiles an episode's scripts now. Without `presets`: host and production.
    Compile { episode: String, #[serde(default)] presets: Vec<String> } -> Submitted(SubmittedView);

    /// Numbers the cues of an episode (spec 4.9), or with `remove` takes the numbers away. Without `apply`: only says
    /// what would change.
    Enumerate { episode: String, #[serde(default)] remove: bool, #[serde(default)] apply: bool } -> Changes(ChangesView);

    /// Writes every item's `order` as its position × 10 (spec 3.1).
    Renumber { episode: String, #[serde(default)] apply: bool } -> Changes(ChangesView);

    /// Rounds every item's `order` up to a free multiple of 10 (spec 3.1).
    Normalise { episode: String, #[serde(default)] apply: bool } -> Changes(ChangesView);

    /// Makes the folder of a new episode, the next number when none is given. Everything else has the defaults of
    /// spec 2.1.
    EpisodeNew {
        #[serde(default)] episode: Option<String>,
        #[serde(default)] title: Option<String>,
        /// `YYYY-MM-DD`.
        #[serde(default)] airdate: Option<String>,
        #[serde(default)] kind: Option<String>,
    } -> EpisodeMade(EpisodeMadeView);

    /// Whether an episode's folder has everything that is required (spec 1.3).
    EpisodeCheck { episode: String } -> Check(CheckView);

    /// The configuration in force.
    Config {} -> Config(ConfigView);

    /// Every lock and hold, and what running attempts keep to themselves.
    Locks {} -> Locks(LocksView);

    /// A script's lock on a path: nobody else reads or writes it. Refused at once when somebody has it. Ends by itself
    /// unless renewed, and with the connection.
    Take { path: String, #[serde(default)] why: String } -> Lock(LockView);

    /// Keeps a script's lock for another while; the answer says until when.
    Renew { lock: LeaseId } -> Lock(LockView);

    /// Gives a script's lock back.
    GiveBack { lock: LeaseId } -> Done(DoneView);

    /// A person's hold on a path: it is read, not written, until released.
    Hold { path: String, #[serde(default)] why: String } -> Lock(LockView);

    /// Ends a person's hold on a path, whoever set it, and lets showd write a file that it leaves alone because somebody
    /// undid it each time.
    Release { path: String } -> Done(DoneView);

    /// Edits that wait for a person, newest first. An empty list of states means the open ones.
    Proposals {
        #[serde(default)] states: Vec<ProposalState>,
        #[serde(default)] episode: Option<String>,
        #[serde(default)] after: Option<String>,
        #[serde(default)] limit: Option<u32>,
    } -> Proposals(ProposalsView);

    /// One proposal, with the change it would make.
    Proposal { proposal: ProposalId } -> Proposal(ProposalView);

    /// Weaves these in at the next publish of their files.
    Accept { proposals: Vec<ProposalId> } -> Ids(IdsView);

    /// Drops these for good.
    Reject { proposals: Vec<ProposalId> } -> Ids(IdsView);

    /// Files that were found and left out, and why.
    LeftOut {
        #[serde(default)] episode: Option<String>,
        #[serde(default)] after: Option<String>,
        #[serde(default)] limit: Option<u32>,
    } -> LeftOut(LeftOutView);

    /// What is wrong, in the order of files and lines. An absent severity means all, `WARNING` errors and warnings.
    Diagnostics {
        #[serde(default)] episode: Option<String>,
        #[serde(default)] path: Option<String>,
        #[serde(default)] severity: Option<Severity>,
        #[serde(default)] after: Option<String>,
        #[serde(default)] limit: Option<u32>,
    } -> Diagnostics(DiagnosticsView);

    /// Ends what began with the request of this number: a `follow` or a log that follows gets a last push, `over`; a
    /// `wait` is answered as things stand.
    Stop { request: u64 } -> Done(DoneView);

    /// The watched root folders.
    Shares {} -> Shares(SharesView);

    /// Every conflict copy, in the order of shares and files; those that a person has to settle first.
    Conflicts { #[serde(default)] after: Option<String>, #[serde(default)] limit: Option<u32> } -> Conflicts(ConflictsView);

    /// One conflict copy with both sides: by its own path, or by its file's when that has one copy.
    Conflict { path: String } -> Conflict(ConflictView);

    /// Settles a conflict copy: `path` as in `conflict`. At once, without waiting for quiet, but never past a lock or a
    /// hold, and answered by how it went. `text` belongs to `how: text`. `ours` and `theirs`: the digests of what the person saw; it is refused when
    /// either is another text by now.
    Resolve {
        path: String,
        how: Settle,
        #[serde(default)] text: Option<String>,
        #[serde(default)] ours: Option<String>,
        #[serde(default)] theirs: Option<String>,
    } -> Published(PublishedView);

    /// What differs between two versions of a file, or between one and the file as it is. Versions as in `content`.
    Diff { path: String, from: String, #[serde(default)] to: Option<String> } -> Diff(DiffView);

    /// Which version gave each key of the front matter and each field of the cues its value, in the file as it is.
    Blame { path: String } -> Blame(BlameView);

    /// Whether everything that showd needs is there and as it should be.
    Doctor {} -> Doctor(DoctorView);

    /// Whether a file may be written now: by the same rules that the daemon writes by, and after the same look at open
    /// programs and Syncthing.
    WhyFile { path: String } -> WhyFile(WhyFileView);

    /// Adds to `.stignore` of the Syncthing folders that carry a share what keeps files of one machine apart; every line
    /// that is there stays. Absent: every share that is carried.
    AddIgnores { #[serde(default)] share: Option<String> } -> Ignores(IgnoresView);

    /// Lets go of what has been kept longer than `[keep]` says, now and not only once a day. With `dry_run` only says what
    /// would go.
    Sweep { #[serde(default)] dry_run: bool } -> Swept(SweptView);
}
