//! Orders: what the core asks adapters to do, only after what they follow from is kept. Imperative.
//!
//! Every effect that can fail has an event that says so, and each can be derived again from rows after a crash or is
//! harmless to lose.

use crate::{
    ActionRow, AskId, AttemptNo, Binding, Digest, Element, FilePath, IntentId, JobId, Node, Ours, ProposalId, Reply,
    ShareId, Stamp, Subject, Time, WeaveId, Work,
};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Walk the share: one `FileSeen` per regular file, then `Scanned`.
    Scan { share: ShareId },
    /// Look at one path: `FileSeen`.
    LookAt { file: FilePath },
    /// Read and digest: `Hashed` or `HashFailed`. `keep`: also keep the bytes as a blob (people's text).
    Hash { file: FilePath, keep: bool },
    /// `ToolSeen`.
    LookForTool { name: String },
    /// Fetch action rows: `Found`.
    LookUp { keys: Vec<Digest> },
    /// Spawn: `AttemptStarted`, any number of `AttemptProgressed`, one `AttemptEnded`.
    StartAttempt(alloc::boxed::Box<Order>),
    /// TERM, grace, KILL to the whole group; ends in `AttemptEnded`.
    StopAttempt { job: JobId, attempt: AttemptNo, grace_ms: u64 },
    /// The end of this attempt is kept: the runner may forget its exit record, and the scratch may go unless `keep`.
    ForgetAttempt { job: JobId, attempt: AttemptNo, keep_scratch: bool },
    /// Fetch the versions of a file: `HistoryFound`.
    LookUpHistory { file: FilePath },
    /// Merge two texts on the best of these ancestors and keep what came out as a blob: `Merged`.
    Merge(Merge),
    /// Apply edits in memory and keep the text as a blob: `Woven`.
    Weave(alloc::boxed::Box<WeaveOrder>),
    /// Make the text of a note in which people answer these proposals, and keep it as a blob: `BallotWritten`.
    WriteBallot { note: FilePath, of: Digest, entries: Vec<ProposalEntry> },
    /// Find out what people ticked in such a note, whose bytes are a blob: `BallotRead`.
    ReadBallot { note: FilePath, digest: Digest },
    /// Look whether anybody outside speaks against writing a person's file, which looks so and holds these bytes:
    /// `Probed`.
    Probe { file: FilePath, stamp: Stamp, digest: Digest },
    /// Move results into the share: `Published`. Ordered again after a crash: what is in place already counts as done.
    Publish(alloc::boxed::Box<Intent>),
    /// Exactly one per ask.
    Answer { ask: AskId, reply: Reply },
}

/// All an attempt needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub job: JobId,
    pub attempt: AttemptNo,
    pub subject: Subject,
    pub node: Node,
    pub captures: BTreeMap<String, String>,
    pub element: Option<Element>,
    pub work: Work,
    pub inputs: Vec<OrderInput>,
    /// Role and path of outputs that are known before the run.
    pub outputs: Vec<(String, FilePath)>,
    pub settings: BTreeMap<String, String>,
    pub tools: BTreeMap<String, String>,
    /// Values in the input texts that are ours (spec 10.3 #3).
    pub ours: Vec<Ours>,
    /// Patterns of what its edits may touch, see [`crate::Step::edits`].
    pub may_edit: Vec<String>,
    /// Parameters of a submission: `preset=host-clean`.
    pub parameters: BTreeMap<String, String>,
    pub timeout_ms: u64,
    pub network: bool,
    pub reads: Vec<String>,
    pub pools: BTreeMap<String, u32>,
    pub now: Time,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderInput {
    /// A file on disk that must still have this digest.
    File {
        role: String,
        file: FilePath,
        digest: Digest,
    },
    /// A person's text: the blob `text` (with edits woven in), made from what lies on disk as `base`.
    Text {
        role: String,
        file: FilePath,
        base: Digest,
        text: Digest,
    },
    /// Names and sizes.
    List {
        role: String,
        files: Vec<(Arc<str>, u64)>,
    },
    /// Results of a step: (element id, digest of the result blob), or one list of it.
    Result {
        role: String,
        step: Arc<str>,
        results: Vec<(Arc<str>, Digest)>,
    },
    Elements {
        role: String,
        elements: Vec<Element>,
    },
}

/// Apply layers of edits to one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeaveOrder {
    pub weave: WeaveId,
    pub file: FilePath,
    pub base: Digest,
    /// In pipeline order; each is an edits blob: of one finished step and what that step may touch, or of a proposal
    /// that a person accepted (`may_edit` is then `["*"]`).
    pub layers: Vec<Layer>,
    pub bindings: Vec<Binding>,
    pub ours: Vec<Ours>,
    /// Ids that must not be minted, when a first try clashed.
    pub taken: Vec<String>,
    pub now: Time,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Layer {
    pub node: Node,
    pub edits: Digest,
    pub may_edit: Vec<String>,
    /// It is this proposal, without which the others are to be written if the loss guard refuses it.
    pub proposal: Option<ProposalId>,
}

/// Two texts of one file that were changed apart from each other; all of them are blobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    pub copy: FilePath,
    pub original: FilePath,
    /// What lies at the path.
    pub ours: Digest,
    /// What lies in the copy.
    pub theirs: Digest,
    /// The states of the file that they may have begun from, oldest first.
    pub bases: Vec<Ancestor>,
}

/// A state of a file that two others may have begun from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    pub digest: Digest,
    /// Whatever came after it at the path was written by steps.
    pub generated_since: bool,
    /// Whatever came after it up to the copy's text was.
    pub copy_generated_since: bool,
    /// The copy may have been made of it: it lay at the path before the copy's text did, if that ever did.
    pub is_before_copy: bool,
    /// A step wrote it, of this state.
    pub made_of: Option<Digest>,
}

/// A proposal as people are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalEntry {
    pub proposal: ProposalId,
    /// Its boxes carry this beside its number.
    pub mark: String,
    pub file: FilePath,
    pub base: Digest,
    pub edits: Digest,
    pub renames: Vec<crate::Rename>,
    pub summary: String,
    /// Both of its boxes were ticked, and people are told.
    pub undecided: bool,
}

/// One version of a file, as its history has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub digest: Digest,
    /// A step wrote it, and not a person.
    pub by_us: bool,
    /// It is what a conflict copy held, and not what lay at the path.
    pub was_set_aside: bool,
}

/// An ordered set of file moves that happens as one, kept as a row until its [`crate::Outcome`] is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub id: IntentId,
    pub moves: Vec<Move>,
    /// The folder of the subject that it is for: where that is gone so is the reason for it, and it is not made again.
    pub home: Option<FilePath>,
    pub cause: Cause,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Move {
    /// Put `new` where `base` is. `human`: a person's file; its time becomes that of the base plus 1 ms, and both
    /// texts are kept as blobs. `seen`: how it looked when it was found quiet; one that was written since is overtaken,
    /// also if its bytes are the base's again.
    Replace {
        file: FilePath,
        base: Digest,
        new: Digest,
        size: u64,
        source: Source,
        human: bool,
        seen: Option<Stamp>,
    },
    /// Put `new` where nothing is; never over anything.
    New {
        file: FilePath,
        new: Digest,
        size: u64,
        source: Source,
    },
    /// Never over anything.
    Rename {
        from: FilePath,
        to: FilePath,
        base: Digest,
    },
    Remove {
        file: FilePath,
        base: Digest,
        human: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    Blob,
    /// A few lines that we made up.
    Text(String),
    /// The output of this role in the attempt's scratch.
    Scratch {
        job: JobId,
        attempt: AttemptNo,
        role: String,
    },
}

/// Whose wish an intent carries out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// Outputs of an attempt.
    /// What becomes known once they are in place.
    Attempt { job: JobId, attempt: AttemptNo, action: alloc::boxed::Box<ActionRow> },
    /// The weave job of a file, and what becomes true once its text is in place.
    Weave { job: JobId, wove: alloc::boxed::Box<Wove> },
    /// A person: restore, accept, new episode.
    Person { who: String, what: String },
    /// Something is said to people in a note of ours.
    Notice,
    /// A conflict copy is settled: `what` says how. `aside`: what the copy held and how long that is, where the history
    /// of the original has not got it.
    Conflict { copy: FilePath, original: FilePath, what: String, aside: Option<(Digest, u64)> },
}

/// What a published weave settles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wove {
    /// For each result whose edits the new text contains: its action key, and the text those edits were made from.
    pub fixed: Vec<(Digest, Digest)>,
    pub wrote: Vec<Ours>,
    pub proposals: Vec<ProposalId>,
    /// For the storm guard, which forgets everything at a restart.
    #[serde(skip)]
    pub stitches: Vec<u64>,
}
