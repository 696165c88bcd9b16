//! Where two texts contradict each other, for people and for programs.

use super::frame::as_in_file;
use super::note::Note;
use super::three::Three;
use crate::text::{Newline, Span};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One place where a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clash {
    pub what: What,
    pub why: Why,
    pub base: Part,
    pub ours: Part,
    pub theirs: Part,
}

/// A part of one of the three texts, as it stands there; empty where that text has nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The line it begins in, from 1. Of an empty part: about where it would begin.
    pub line: u32,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "kebab-case")]
pub enum What {
    /// A key of the front matter.
    Key { key: String },
    /// Front matter that cannot be told apart into keys, or lines in it that are no key's.
    Front,
    /// A cue as a whole: its slug, else its type.
    Cue { cue: String },
    /// A field of a cue.
    Field { cue: String, field: String },
    /// Lines of the body.
    Text,
    /// The whole file.
    File,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Why {
    /// Both sides changed or added it, and not to the same.
    Both,
    /// One side took it away, and the other one still has it.
    Removed,
    /// Both sides moved or added it, and not to the same place.
    Moved,
    /// One side changed one thing and the other one another that depends on it.
    Linked { fields: Vec<String> },
    /// A merged text would be read as something else than what it was made of.
    Unclear,
    /// Either side, merged in once more, would change the result: what was moved where is not beyond doubt.
    Unsettled,
    /// The loss guard refuses the merged text.
    Loss { loss: String },
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { key } => write!(f, "the key {key}"),
            Self::Front => f.write_str("the front matter"),
            Self::Cue { cue } => write!(f, "the cue {cue}"),
            Self::Field { cue, field } => write!(f, "{field} of the cue {cue}"),
            Self::Text => f.write_str("the text"),
            Self::File => f.write_str("the file"),
        }
    }
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, ours, theirs, .. } = self;
        match &self.why {
            Why::Both if ours.line == theirs.line => write!(f, "both sides changed {what} in line {}", ours.line),
            Why::Both => write!(f, "both sides changed {what} in line {} and {}", ours.line, theirs.line),
            Why::Removed => write!(f, "one side took away {what}, and the other one has it"),
            Why::Moved => write!(f, "both sides put {what} in a new place, in line {} and {}", ours.line, theirs.line),
            Why::Linked { fields } => {
                write!(f, "both sides changed {what}, and {} belong together", fields.join(" and "))
            }
            Why::Unclear => write!(f, "{what} would not be read as what it was merged of"),
            Why::Unsettled => write!(f, "the changes to {what} have more than one order"),
            Why::Loss { loss } => f.write_str(loss),
        }
    }
}

/// Writes down clashes: knows the three texts, and how their files end lines.
pub(super) struct Scribe<'n, 't> {
    notes: &'n Three<Note<'t>>,
    newlines: Three<Option<Newline>>,
}

impl<'n, 't> Scribe<'n, 't> {
    pub const fn new(notes: &'n Three<Note<'t>>, newlines: Three<Option<Newline>>) -> Self {
        Self { notes, newlines }
    }

    pub fn clash(&self, what: What, why: Why, spans: Three<Span>) -> Clash {
        let part = |note: &Note<'_>, newline, span: Span| Part {
            line: note.document.line(span.begin),
            text: as_in_file(note.document.slice(span).text, newline),
        };
        let Three { base, ours, theirs } = self.notes;
        Clash {
            what,
            why,
            base: part(base, self.newlines.base, spans.base),
            ours: part(ours, self.newlines.ours, spans.ours),
            theirs: part(theirs, self.newlines.theirs, spans.theirs),
        }
    }

    pub fn whole(&self, why: Why) -> Clash {
        let spans = self.notes.as_ref().map(|note| Span::new(0, note.document.text.len()));
        self.clash(What::File, why, spans)
    }
}
