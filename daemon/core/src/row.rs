//! What is kept: one row per thing, and the changes that keep them.
//!
//! The store writes rows in versioned envelopes; [`Rows`] is what a restart hands back. A row that only people read
//! (revisions, events, finished jobs) never comes back into the core.

use crate::{
    AttemptNo, BuildId, Digest, Edits, Element, Field, FilePath, Intent, IntentId, JobId, LeaseId, Node, Output,
    ProposalFact, ProposalId, Rename, Seq, Stamp, Subject, Time, Version,
};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every change is a row, and none lives long")]
pub enum Change {
    Put(Row),
    Delete(RowKey),
    /// All revisions of a file become those of another, in their order and after those it has. With `copied` it keeps
    /// them as well.
    History {
        from: FilePath,
        to: FilePath,
        copied: bool,
    },
    /// Appended to the event log; the core numbers it.
    Log(EventRow),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    Meta(MetaRow),
    File(FileRow),
    Build(BuildRow),
    Job(JobRow),
    Action(ActionRow),
    Index(IndexRow),
    Lease(LeaseRow),
    Proposal(ProposalRow),
    Intent(Intent),
    Fixed(FixedRow),
    Binding(Binding),
    Ours(Ours),
    Revision(RevisionRow),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RowKey {
    File(FilePath),
    /// With every job row that still names this build.
    Build(BuildId),
    Job(JobId),
    Action(Digest),
    Index(Subject, Node),
    Lease(LeaseId),
    Proposal(ProposalId),
    Intent(IntentId),
    Fixed(FilePath, Digest),
    Binding(FilePath, String),
    Ours(FilePath, String),
    /// With its number among the versions of the file.
    Revision(FilePath, u64),
}

/// Everything a restart needs. Finished jobs and builds, revisions and events stay in the store.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    pub meta: MetaRow,
    pub files: Vec<FileRow>,
    /// Builds whose `ended` is `None`.
    pub builds: Vec<BuildRow>,
    /// Every job those builds name.
    pub jobs: Vec<JobRow>,
    /// Builds that have ended, oldest first, so that only so many are kept of each subject.
    pub ended: Vec<(Subject, BuildId)>,
    pub index: Vec<IndexRow>,
    pub leases: Vec<LeaseRow>,
    pub proposals: Vec<ProposalRow>,
    pub intents: Vec<Intent>,
    pub fixed: Vec<FixedRow>,
    pub bindings: Vec<Binding>,
    pub ours: Vec<Ours>,
}

/// Counters, so that no number is ever given twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaRow {
    pub next_build: u64,
    pub next_job: u64,
    pub next_intent: u64,
    pub next_lease: u64,
    pub next_proposal: u64,
    pub next_seq: u64,
    /// Rises whenever history may have been lost (restore from a backup); first part of every fencing token.
    pub epoch: u64,
}

/// A file as it was when last read or written. Files that no pipeline reads have no row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    pub file: FilePath,
    pub stamp: Stamp,
    /// Digest of the bytes under `stamp`.
    pub digest: Digest,
    /// When somebody other than us last changed it, as far as we saw.
    pub changed: Time,
    /// When we last published into it.
    pub published: Option<Time>,
    /// These bytes were published by us: as whose output or weave.
    pub by_us: Option<Node>,
    /// What we published here before, newest last and only so many.
    pub former: Vec<Former>,
    /// When it was gone for good. What was known of it waits for the name under which it comes back.
    pub left: Option<Time>,
}

/// What we once published at a path, by which a copy of it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    pub digest: Digest,
    pub by_us: Node,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRow {
    pub id: BuildId,
    pub subject: Subject,
    pub created: Time,
    /// One line: why it was made.
    pub cause: String,
    pub parameters: BTreeMap<String, String>,
    pub asked_by: Option<String>,
    /// Newest job of each node last; a job that a newer build adopted is named by both and belongs to the newer.
    pub jobs: Vec<JobId>,
    /// `None`: it is the newest of its kind and something of it is not done, or one of its attempts is being stopped.
    pub ended: Option<Time>,
}

/// One step inside a build, one element of a `map` step, or the weave of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRow {
    pub id: JobId,
    pub build: BuildId,
    pub subject: Subject,
    pub node: Node,
    pub element: Option<Element>,
    pub state: JobState,
    /// Number of the newest attempt; 0 before the first.
    pub attempt: AttemptNo,
    /// Tries that count against `tries_max`.
    pub tries: u32,
    /// Known once its needs are done.
    pub key: Option<Digest>,
    /// The parts the key was made of, for `why`.
    pub key_parts: Vec<(String, String)>,
    /// A person asked for it.
    pub asked: bool,
    /// It must run even where its key is known.
    pub forced: bool,
    /// Nobody needed it any more, so it stands for nothing: should its node come back, that gets a new job.
    pub dropped: bool,
    /// A file that is not ours lay where its output belongs, with these bytes. It failed for that, and for as long.
    pub refused: Option<(FilePath, Digest)>,
    pub created: Time,
    pub progress: Option<(Option<u8>, String)>,
    pub summary: String,
    /// What the latest attempts came to, newest last, for `showctl job`.
    pub attempts: Vec<AttemptRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRow {
    pub attempt: AttemptNo,
    pub started: Time,
    pub ended: Option<Time>,
    /// One or two words: `succeeded`, `exit 3`, `timed out`, `lost`.
    pub outcome: String,
    pub why: String,
}

/// The life of a job. The only moves are those of the core's `job` room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// For its needs, its inputs, a pool, a lease, quiet: `blockers(job)` says for what.
    Waiting,
    Running {
        since: Time,
    },
    /// Told to stop; `then` is where it goes when it has.
    Stopping {
        since: Time,
        then: Then,
    },
    /// Its results are being moved into the share.
    Publishing {
        since: Time,
        intent: IntentId,
    },
    Retrying {
        at: Time,
        why: String,
    },
    Done {
        at: Time,
        how: Done,
    },
    Failed {
        at: Time,
        why: String,
    },
    Canceled {
        at: Time,
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Then {
    Canceled { why: String },
    Again { why: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Done {
    Succeeded,
    SucceededWithErrors,
    /// Its key was known and its outputs are in place: nothing ran.
    UpToDate,
    /// Its `when` was false.
    NotNeeded,
    /// Its step or a tool of it is not here: nothing ran and nobody is held up.
    Unavailable,
}

/// What is known about a key: the step need not run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRow {
    pub key: Digest,
    pub at: Time,
    pub job: JobId,
    pub with_errors: bool,
    pub result: Option<Digest>,
    pub facts: BTreeMap<String, Field>,
    pub lists: BTreeMap<String, Vec<Element>>,
    pub outputs: Vec<Output>,
    pub edits: Option<Edits>,
    /// What it proposes. Whoever asks for this key gets that too, as often as its inputs come back.
    pub proposals: Vec<ProposalFact>,
    pub summary: String,
}

/// The last result of a node of a subject without parameters: there is no other index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexRow {
    pub subject: Subject,
    pub node: Node,
    pub action: ActionRow,
    /// Parts of the key, to say what changed.
    pub key_parts: Vec<(String, String)>,
}

/// A lock of a script or a hold of a person. Leases of attempts are derived from running jobs and are no rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRow {
    pub id: LeaseId,
    pub file: FilePath,
    pub kind: LeaseKind,
    pub owner: String,
    pub why: String,
    pub since: Time,
    /// Locks end by themselves; holds do not.
    pub until: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeaseKind {
    /// A script is working on the file: nobody else reads or writes it.
    Lock,
    /// A person wants the file left alone: it is read, not written.
    Hold,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalRow {
    pub id: ProposalId,
    pub subject: Subject,
    pub node: Node,
    pub file: FilePath,
    pub base: Digest,
    pub code: String,
    pub summary: String,
    pub edits: Digest,
    /// What is renamed with it.
    pub renames: Vec<Rename>,
    pub created: Time,
    pub state: ProposalState,
    /// What the loss guard had against it when it was accepted: a person is to look at it again.
    pub refused: Option<String>,
}

impl ProposalRow {
    /// One line for people: what would change, and why it did not yet.
    pub fn told(&self) -> String {
        match &self.refused {
            Some(why) => format!("{} (accepted once and not written: {why})", self.summary),
            None => self.summary.clone(),
        }
    }

    /// Nobody accepted it but the hand-over of its file.
    pub(crate) fn is_by_hand_over(&self) -> bool {
        matches!(&self.state, ProposalState::Accepted { by } if by == HAND_OVER)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProposalState {
    Open,
    /// Woven in at the next publish.
    Accepted {
        by: String,
    },
    Published {
        at: Time,
        /// Who accepted it.
        by: String,
    },
    Rejected {
        by: String,
    },
    /// The text it was made for is gone and it no longer fits.
    Stale,
}

/// By whom a proposal was accepted whose file a person handed over.
pub const HAND_OVER: &str = "hand-over";
/// The code of the proposal that hands such a file back: woven in when nothing that should have been done is left.
pub const HAND_BACK: &str = "HAND_BACK";

/// A fixed point: the published text `now` contains the edits of the result known as `key`, which were made from the
/// text `was`. While the file is `now`, it stands for `was` in that key, and those edits are not woven again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedRow {
    pub file: FilePath,
    pub key: Digest,
    pub now: Digest,
    pub was: Digest,
}

/// An id minted for one place of one file, so that a repeated weave uses the same one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    pub file: FilePath,
    /// Cue place and old id, as `show-script` names it.
    pub place: String,
    pub id: String,
}

/// A value that we wrote last into a person's file (spec 10.3 #3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ours {
    pub file: FilePath,
    /// `item.duration`, `info.total_runtime`, `cue:SOTMSA79Z40K3TT1E.Duration`.
    pub target: String,
    pub value: String,
}

/// One version of a person's file that we read or wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionRow {
    pub file: FilePath,
    pub at: Time,
    pub digest: Digest,
    pub size: u64,
    /// `person`, or the step and job that wrote it, or `restored by pat`.
    pub origin: String,
    /// A step wrote it, and not a person.
    pub by_us: bool,
}

impl RevisionRow {
    /// How the origin of what a conflict copy held begins; its path follows.
    pub(crate) const SET_ASIDE: &str = "person, set aside as ";
    /// How the origin of the version begins with which a file got its name; its old path follows.
    pub(crate) const RENAMED: &str = "renamed from ";
    /// Before that: nothing but the inode says so.
    pub(crate) const PERHAPS: &str = "perhaps ";

    /// With it, what this was got the name that it has now.
    pub fn was_named(&self, before: &FilePath) -> bool {
        let origin = self.origin.strip_prefix(Self::PERHAPS).unwrap_or(&self.origin);
        origin.strip_prefix(Self::RENAMED) == Some(&*before.path)
    }

    /// It is what a conflict copy held, and not what lay at the path.
    pub fn was_set_aside(&self) -> bool {
        self.origin.starts_with(Self::SET_ASIDE)
    }
}

impl From<&RevisionRow> for Version {
    fn from(row: &RevisionRow) -> Self {
        Self { digest: row.digest, by_us: row.by_us, was_set_aside: row.was_set_aside() }
    }
}

/// One entry of the append-only log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    pub seq: Seq,
    pub at: Time,
    /// `job.done`, `publish.done`, `file.left_out`, …
    pub kind: Arc<str>,
    pub subject: Option<Subject>,
    pub job: Option<JobId>,
    pub build: Option<BuildId>,
    pub step: Option<Arc<str>>,
    pub file: Option<FilePath>,
    pub text: String,
}
