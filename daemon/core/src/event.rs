//! Facts: what adapters tell the core. Past tense; none of them decides anything.

use crate::{
    Ancestor, Ask, AskId, AttemptNo, Binding, ClientId, Digest, Disquiet, FilePath, IntentId, JobId, Ours, Peer,
    ProposalId, ShareId, Stamp, Version, WeaveId,
};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A path was looked at, because of a hint or during a scan. Says how it is, not what happened to it. Temporary
    /// files of Syncthing and lock files of editors are reported like any other: they keep the file beside them from
    /// being quiet. Nothing below `.stversions/` and no symbolic link is.
    FileSeen {
        file: FilePath,
        look: Look,
    },
    /// A scan of a share ended. `complete`: every file of it was seen since the order; what was not seen is gone.
    Scanned {
        share: ShareId,
        complete: bool,
    },
    /// The watcher cannot vouch for having seen everything (overflow, watch limit, error): scan again.
    WatchLost {
        share: ShareId,
        why: String,
    },
    /// The share's root or marker is missing: its disk is away. Nothing of it is deleted, all work on it waits.
    ShareGone {
        share: ShareId,
    },
    ShareBack {
        share: ShareId,
    },
    /// The bytes were read while the stamp stood still.
    Hashed {
        file: FilePath,
        stamp: Stamp,
        digest: Digest,
        /// The other device on which a person's text was written, as far as anybody knows.
        device: Option<String>,
    },
    /// Could not be read (changed meanwhile, vanished, not allowed): `look` is how it is now.
    HashFailed {
        file: FilePath,
        look: Look,
        why: String,
    },
    ToolSeen {
        name: String,
        version: Option<String>,
    },
    /// The runner is connected. `attempts`: alive in it, or ended and not yet acknowledged, or ordered and still in the
    /// adapter's own queue. Every other attempt that the core calls running is lost and runs again uncharged, except
    /// one ordered in this life of the daemon whose `AttemptStarted` was not heard yet: that order was given after this
    /// list was made. Of attempts the core does not know or is done with, it orders the end. Nothing starts before the
    /// first of these.
    RunnerBack {
        attempts: Vec<(JobId, AttemptNo)>,
    },
    /// The runner has taken the order. Told in order with `RunnerBack`, and before the attempt's end.
    AttemptStarted {
        job: JobId,
        attempt: AttemptNo,
    },
    AttemptProgressed {
        job: JobId,
        attempt: AttemptNo,
        percent: Option<u8>,
        message: String,
    },
    AttemptEnded {
        job: JobId,
        attempt: AttemptNo,
        ended: Ended,
    },
    Woven {
        weave: WeaveId,
        woven: Result<Woven, String>,
    },
    /// Answer to [`crate::Effect::WriteBallot`], with its `of`: the text and its size, or why there is none.
    BallotWritten {
        note: FilePath,
        of: Digest,
        made: Result<(Digest, u64), String>,
    },
    /// Answer to [`crate::Effect::ReadBallot`]: what is ticked in these bytes. `is_ours`: they are a text we made, but for
    /// its boxes.
    BallotRead {
        note: FilePath,
        digest: Digest,
        ticked: Vec<Ticked>,
        is_ours: bool,
    },
    /// Somebody wrote this into a person's file while it was being replaced. It is a blob, and part of the history.
    /// Comes before the end of the publish that saw it.
    Rescued {
        file: FilePath,
        digest: Digest,
        size: u64,
    },
    /// Answer to [`crate::Effect::Probe`]: what speaks against writing the file. `stamp` is the order's.
    Probed {
        file: FilePath,
        stamp: Stamp,
        found: Vec<Disquiet>,
    },
    Published {
        intent: IntentId,
        outcome: Outcome,
    },
    /// Answer to [`crate::Effect::LookUpHistory`]: the versions of a file, oldest first; of a long history the newest.
    HistoryFound {
        file: FilePath,
        history: Vec<Version>,
    },
    /// Answer to [`crate::Effect::Merge`], with the texts of the order.
    Merged {
        copy: FilePath,
        ours: Digest,
        theirs: Digest,
        merged: Merged,
    },
    /// Answer to [`crate::Effect::LookUp`]: the action rows that exist, keys that do not are missing.
    Found {
        found: Vec<crate::ActionRow>,
        missing: Vec<Digest>,
    },
    Asked {
        ask: AskId,
        client: ClientId,
        who: Peer,
        what: Ask,
    },
    /// The connection is gone; its locks end.
    ClientGone {
        client: ClientId,
    },
    /// These rows have been kept long enough, as [`crate::Ledger`] says; the core lets go of those that it still can.
    Outgrown {
        rows: Vec<crate::RowKey>,
        /// That of the [`crate::Anchors`] by which they were chosen.
        histories_moved: u64,
    },
    /// The deadline that `next_deadline` named has come. Also harmless at any other time.
    Clock,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Look {
    File(Stamp),
    /// Not there, or not a regular file.
    Gone,
}

/// What people ticked for one proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    pub proposal: ProposalId,
    pub mark: String,
    pub says: Says,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Says {
    Accept,
    Reject,
    /// Both boxes, which is no answer.
    Both,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "one travels at a time, and nearly every one is the large one")]
pub enum Ended {
    /// Exit status 0, or 10 with `with_errors`, and a result that could be read.
    Succeeded(Finished),
    /// Any other exit status, or a result that breaks the contract. `why` is for people and one line.
    Failed {
        code: i32,
        why: String,
    },
    /// The program found its inputs unfit: with these, every other try would end the same.
    Unfit {
        why: String,
    },
    Signaled {
        signal: i32,
    },
    TimedOut,
    /// It was stopped because we said so.
    Stopped,
    /// The program could not be started at all: missing, not executable, no scratch.
    NotStarted {
        why: String,
    },
    /// An input no longer had the digest it was planned with.
    Overtaken {
        why: String,
    },
    /// Nobody knows: the runner was gone too. Runs again uncharged.
    Lost,
}

/// What a finished attempt produced. The bytes are blobs or lie in its scratch; the core sees digests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    pub with_errors: bool,
    /// Digest of the whole result (JSON), kept as a blob.
    pub result: Option<Digest>,
    /// Top-level text, number and boolean fields of the result.
    pub facts: BTreeMap<String, Field>,
    /// Top-level arrays of objects of the result: the lists that `map` and `each` may name.
    pub lists: BTreeMap<String, Vec<Element>>,
    /// Files in scratch, by role.
    pub outputs: Vec<Output>,
    /// Digest of the edits (JSON array), kept as a blob, and the files they touch.
    pub edits: Option<Edits>,
    /// Edits that wait for a person.
    pub proposals: Vec<ProposalFact>,
    /// One line for `showctl job`.
    pub summary: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Field {
    Text(String),
    Flag(bool),
    Number(i64),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// AssetID, else slug, else place; unique within its list.
    pub id: Arc<str>,
    pub fields: BTreeMap<String, Field>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    pub role: String,
    /// Below the share's root.
    pub file: FilePath,
    pub digest: Digest,
    pub size: u64,
    /// Where the file that is replaced moves to, for outputs that keep versions; below the share's root.
    pub keep_old_as: Option<FilePath>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edits {
    pub digest: Digest,
    pub files: Vec<FilePath>,
    /// What is renamed when the text that names it is written.
    pub renames: Vec<Rename>,
}

/// A file gets another name together with the edits of a text that names it: both or neither. Never over another file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    /// The text.
    pub with: FilePath,
    pub from: FilePath,
    pub to: FilePath,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalFact {
    pub file: FilePath,
    /// Diagnostic code, such as `SLUG_BAD`.
    pub code: String,
    pub summary: String,
    /// Edits (JSON array) kept as a blob.
    pub edits: Digest,
    pub renames: Vec<Rename>,
    /// Digest of the file's text it was made from.
    pub base: Digest,
    /// A person handed the file over, by the text that it was made from: nobody else has to accept it.
    pub handed_over: bool,
}

/// A weave that worked: the text of one file with the edits of some steps in it, kept as a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Woven {
    /// Equal to the base: nothing to write.
    pub digest: Digest,
    pub size: u64,
    /// Ids minted now, to be used again by every later weave of this file until they are published.
    pub minted: Vec<Binding>,
    /// Values that stand in the text because of us.
    pub wrote: Vec<Ours>,
    /// What was put where, whatever it is: the same again is the same number, in a text that was changed elsewhere too.
    pub stitches: Vec<u64>,
    /// Indexes into the order's `layers` whose expectations did not hold, each with a reason.
    pub dropped: Vec<(u32, String)>,
    /// The loss guard refused; `digest` is then the base and the refused text is kept as a blob by the adapter.
    pub refused: Option<String>,
    /// Proposals without which it would not have, each with a reason.
    pub blamed: Vec<(ProposalId, String)>,
}

/// What came of merging two texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Merged {
    /// Everything of both sides is in this text, kept as a blob. `on`: the ancestor that was taken.
    Clean { digest: Digest, size: u64, on: Ancestor },
    /// Both sides changed the same, in so many places.
    Unclean { places: u32, on: Ancestor },
    /// Not text, too long, no ancestor is known, …: for people, one line.
    Impossible { why: String },
}

/// How a publishing intent ended. Exactly one per [`crate::Effect::Publish`] that is not overtaken by a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Every step of the intent is in place. The stamps are how our files look now, by place in the intent.
    Done { stamps: Vec<Option<Stamp>> },
    /// A target no longer had the digest it was read with, or (`file` is the intent's home) its folder is gone; nothing
    /// of the intent is in place.
    Overtaken { file: FilePath, why: String },
    /// Will not work by repeating it: not writable, not ours, a directory in the way. Nothing of it is in place.
    Refused { file: FilePath, why: String },
    /// The world failed (disk full, IO error); may work later. Nothing of it is in place, or recovery will finish it.
    Failed { file: FilePath, why: String },
}
