//! The edits of all finished steps, applied to one text as it is now.
//!
//! A pure function: the same text and the same layers give the same result, in whatever order the steps finished and
//! the layers are handed over. Owns who may touch what, what is a person's, where new ids go, and what is reported.
//! Nothing leaves without passing [`crate::guard`].

mod allow;
mod covered;
mod loom;
mod mint;
mod plan;
mod stitch;
mod target;
mod trace;

use crate::edit::Edit;
use crate::repair::may_be_written;
use loom::Loom;
use mint::Mint;
use serde::{Deserialize, Serialize};

/// What is to be woven.
#[derive(Debug, Clone, Copy)]
pub struct Weave<'a> {
    /// The file as it lies on disk.
    pub text: &'a str,
    pub kind: FileKind,
    /// In any order; [`Layer::order`] decides.
    pub layers: &'a [Layer],
    /// Values that we wrote last.
    pub ours: &'a [Value],
    /// Ids minted by earlier weaves and not yet published.
    pub bindings: &'a [Minted],
}

/// Whose keys the front matter has: `item.slug`, `info.total_runtime`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    Item,
    Info,
}

impl FileKind {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Info => "info",
        }
    }

    /// By the file's name: `info.md` is an episode's, everything else an item's.
    pub fn of_path(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.eq_ignore_ascii_case("info.md") { Self::Info } else { Self::Item }
    }
}

/// The edits of one finished job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// The place of its step in the pipeline; layers of one place follow each other by name.
    pub order: u32,
    /// The step, and the element where it maps: `probe kettle-boils`.
    pub name: String,
    /// What it may touch without asking: `cue.*`, `cue.Duration`, `item.slug`, `info.total_runtime`, `prose`, `*`.
    pub may_edit: Vec<String>,
    pub edits: Vec<Edit>,
}

/// A value at a target: `item.duration`, `info.total_runtime`, `cue:SOTMSA79Z40K3TT1E.Duration`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Value {
    pub target: String,
    pub value: String,
}

/// An id made for a place of this file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Minted {
    pub place: String,
    pub id: String,
}

/// Which edit of which of the given layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EditRef {
    pub layer: usize,
    pub edit: usize,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Woven {
    /// The text to publish; equal to the given one when there is nothing to write or the guard refused.
    pub text: String,
    /// Edits that changed the text, or would have, had the guard not refused.
    pub applied: Vec<EditRef>,
    /// Edits whose wish was already fulfilled.
    pub already: Vec<EditRef>,
    pub dropped: Vec<Dropped>,
    /// Edits that their layer may not make without asking.
    pub proposals: Vec<EditRef>,
    /// Ids that stand in the text and were not bound before.
    pub minted: Vec<Minted>,
    /// Values that stand in the text because of this weave.
    pub wrote: Vec<Value>,
    /// What was put where, in the order of the text: the same again is the same number, also in a text that was changed
    /// elsewhere, and equal lines in different places are different ones.
    pub stitches: Vec<u64>,
    pub refused: Option<Refused>,
}

impl Woven {
    /// Nothing came of it.
    pub fn unchanged(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            applied: Vec::new(),
            already: Vec::new(),
            dropped: Vec::new(),
            proposals: Vec::new(),
            minted: Vec::new(),
            wrote: Vec::new(),
            stitches: Vec::new(),
            refused: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    pub edit: EditRef,
    pub why: Why,
}

/// Why an edit was dropped; its step is planned again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    #[error("there is no such cue any more")]
    NoCue,
    #[error("the text it was made for is gone")]
    NoPlace,
    #[error("{target} is \"{now}\" and not \"{was}\" any more")]
    Changed { target: String, was: String, now: String },
    #[error("{target} is \"{now}\", and a person wrote that")]
    Persons { target: String, now: String },
    #[error("it changes the same bytes as another edit of its step")]
    Overlap,
    #[error("{0}")]
    FrontMatter(String),
    #[error("the value cannot stand in the field {field}")]
    DoesNotFit { field: String },
    #[error("no id could be made")]
    NoId,
}

/// The loss guard's no (`LOSS_GUARD`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub why: String,
    /// What would have been written, to be kept for inspection.
    pub text: String,
}

/// Weaves. `make_id` makes an id for (place, prefix) that is new in the share, and is asked at most once per place.
///
/// A text that nobody but a person may write ([`crate::repair::may_be_written`]) comes back as it is, whoever wants what:
/// nothing is applied, dropped or refused, for there is nothing that trying again would change. Why, the checks say.
pub fn weave(weave: &Weave<'_>, make_id: &mut dyn FnMut(&str, &str) -> Option<String>) -> Woven {
    let mut layers: Vec<(usize, &Layer)> = weave.layers.iter().enumerate().collect();
    layers.sort_by_key(|(index, layer)| (layer.order, &layer.name, *index));
    let mut loom = Loom::new(weave, Mint::new(weave.bindings, make_id));
    if !may_be_written(&loom.first) {
        return Woven::unchanged(weave.text);
    }
    let mut rest = layers.as_slice();
    while !rest.is_empty() {
        rest = &rest[loom.batch(rest)..];
    }
    loom.finish()
}
