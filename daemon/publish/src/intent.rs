//! What is asked of a publish and how it ends: intents, moves, outcomes.
//!
//! The words are those of the core; the types are ours, so that `showctl` can publish without it.

use crate::linger::Linger;
use crate::name::{Digest, IntentId, Stamp};
use std::path::PathBuf;
use std::sync::Arc;

/// An ordered set of moves inside one share that happens as one. Whoever publishes it has kept it durably before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Names the temporary files; the same for every try at this intent, and never used for another.
    pub id: IntentId,
    /// Carried out in this order. A later move may stand on an earlier one (rename away, then new).
    pub moves: Vec<Move>,
    /// The directory whose files these are, if they belong to one: where it is gone nothing is left to publish for, and
    /// it is not made again. Neither are those above it.
    pub home: Option<String>,
}

/// One move. Paths are relative to the share's root, their parts joined by `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// Put `new` where `base` is. Mode, owner and extended attributes stay.
    Replace {
        /// What is replaced.
        path: String,
        /// Digest of the bytes that `new` was made from.
        base: Digest,
        /// Digest of the bytes to put there.
        new: Digest,
        /// Where these bytes are.
        source: Source,
        /// A person's file: the time becomes that of the base plus 1 ms and both texts are kept as blobs.
        human: bool,
        /// How it looked when it was last seen quiet. A file that somebody has written since is left alone, also if its
        /// bytes are the base's again: they are at work on it.
        seen: Option<Stamp>,
    },
    /// Put `new` where nothing is, never over anything. Missing parent directories are made, below the intent's home.
    New {
        /// Where.
        path: String,
        /// Digest of the bytes to put there.
        new: Digest,
        /// Where these bytes are.
        source: Source,
    },
    /// Never over anything. Missing parent directories of `to` are made, below the intent's home.
    Rename {
        /// The name it has.
        from: String,
        /// The name it gets.
        to: String,
        /// Digest of the file.
        base: Digest,
    },
    /// Take the file away if it is still `base`.
    Remove {
        /// Which file.
        path: String,
        /// Digest of the file.
        base: Digest,
        /// A person's file: its bytes are kept as a blob.
        human: bool,
    },
}

impl Move {
    /// The path that the move is about; of a rename the one it comes from.
    pub fn path(&self) -> &str {
        match self {
            Self::Replace { path, .. } | Self::New { path, .. } | Self::Remove { path, .. } => path,
            Self::Rename { from, .. } => from,
        }
    }
}

/// Where the bytes of a move are before they are staged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A blob of the move's `new` digest.
    Blob,
    /// A file outside the share that nobody else writes, such as a step's output in scratch.
    File(PathBuf),
    /// In memory.
    Bytes(Arc<[u8]>),
}

/// Whether this intent was perhaps tried before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Try {
    /// Never.
    First,
    /// A try may have been cut short anywhere, by a crash or a power failure: look what is there, then finish or undo.
    Again,
}

/// How a publish ended, and what came to light on the way.
#[derive(Debug)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// Bytes of somebody else's that lost their name on the way and were kept as blobs instead. Tell people.
    pub rescued: Vec<Rescued>,
    /// Texts of somebody else's that lay at a target and were put back there. They are blobs as well: a program that
    /// read ours in that moment may write over them without having seen them. Part of the file's history.
    pub seen: Vec<Rescued>,
    /// Paths where an undone intent left its mark, because somebody had already gone on from it: theirs stands.
    pub kept: Vec<String>,
    /// Directories that were made for new files and are still there.
    pub made: Vec<String>,
    /// Displaced files that a program still holds open for writing. Settle them later, or drop them: then they keep
    /// their temporary names and [`crate::Share::sweep_temps`] finds them.
    pub lingering: Vec<Linger>,
}

/// How a publish ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every move is in place. By place in the intent, how our files look now; `None` for a removal, and for a file
    /// that somebody has changed since.
    Done {
        /// One for each move.
        stamps: Vec<Option<Stamp>>,
    },
    /// A target was not what was read, or the intent's home is gone. Nothing of the intent is in place, but for [`Report::kept`].
    Overtaken {
        /// Which target; the home where that is gone.
        path: String,
        /// How it was found.
        why: String,
    },
    /// Will not work by repeating it: not writable, a symbolic link or directory in the way, a path that cannot be.
    /// Nothing of the intent is in place, but for [`Report::kept`].
    Refused {
        /// Which target.
        path: String,
        /// In words for people.
        why: String,
    },
    /// The world failed (disk full, input or output error) and may work later.
    Failed {
        /// Which target.
        path: String,
        /// In words for people.
        why: String,
        /// Some of the intent is in place and could not be undone: publish it again with [`Try::Again`].
        unfinished: bool,
    },
}

/// Bytes that somebody wrote, that have no name in the share any more, and that are a durable blob.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rescued {
    /// Where they were written, relative to the share's root.
    pub path: String,
    /// Which blob.
    pub digest: Digest,
}
