//! Two people's texts of one note, made one: a three-way merge that knows what a note is made of (spec 10.4).
//!
//! Front matter is merged by its keys, cues by what tells them apart and inside by their fields, prose by lines and
//! where both changed a line by its words. Line ends, byte order mark and the end of the last line are merged as what
//! they are. The answer is one text, byte for byte of what the two sides hold, or the places where they contradict each
//! other; there is nothing between, and never a marker in a text.
//!
//! When unsure it is a conflict. A merge takes no cue away that one side still has, and nothing leaves without passing
//! [`crate::guard`] against both sides. Which side is called ours makes no difference.
//!
//! Read [`merge`] first; `join` puts the parts together, `sequence` is the comparison below everything.

mod bit;
mod clash;
mod frame;
mod identity;
mod join;
mod keyed;
mod note;
mod proof;
mod sequence;
mod three;

pub use clash::{Clash, Part, What, Why};

use clash::Scribe;
use frame::Frame;
use note::Note;
use serde::{Deserialize, Serialize};
use three::Three;

/// What two texts with a common ancestor come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "merge", rename_all = "kebab-case")]
pub enum Merge {
    /// Everything that either side did, in one text.
    Clean { text: String },
    /// A person decides. At least one place, in the order of the file as far as it has one.
    Conflict { clashes: Vec<Clash> },
}

impl Merge {
    /// The merged text, when there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Clean { text } => Some(text),
            Self::Conflict { .. } => None,
        }
    }
}

/// Merges what became of `base` in two places. Without a common ancestor `base` is empty.
///
/// Where one side is as base was, or both are the same, that is no merge: the other text is taken as it is, whatever it
/// lost. Otherwise the loss guard has its say, and so has a second merge of the result with either side: the same copy
/// may come again, and must find nothing left to do.
pub fn merge(base: &str, ours: &str, theirs: &str) -> Merge {
    let merged = attempt(base, ours, theirs).and_then(|text| {
        let is_settled = |ours, theirs| matches!(attempt(base, ours, theirs), Ok(again) if again == text);
        if is_settled(&text, theirs) && is_settled(ours, &text) {
            return Ok(text);
        }
        let notes = Three::new(base, ours, theirs).map(Note::read);
        Err(vec![Scribe::new(&notes, Three::default()).whole(Why::Unsettled)])
    });
    match merged {
        Ok(text) => Merge::Clean { text },
        Err(clashes) => Merge::Conflict { clashes },
    }
}

fn attempt(base: &str, ours: &str, theirs: &str) -> Result<String, Vec<Clash>> {
    let files = Three::new(base, ours, theirs);
    if let Some(text) = files.pick() {
        return Ok(text.to_owned());
    }
    let (frame, texts) = Frame::take(files);
    let notes = texts.as_ref().map(|text| Note::read(text));
    let scribe = Scribe::new(&notes, frame.unified);
    let joined = join::join(&notes, &scribe)?;
    let text = frame.put(&joined.text);
    match proof::prove(&notes, files, &joined, &text) {
        Ok(()) => Ok(text),
        Err(why) => Err(vec![scribe.whole(why)]),
    }
}
