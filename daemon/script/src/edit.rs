//! What a step wants changed in a person's file.
//!
//! Owns the vocabulary of edits and how they travel as JSON. An edit names what it changes so that it can be found
//! again in a text that has moved on, and the value it expects to replace; [`crate::weave`] applies it or says why not.
//! Values are plain text as people mean them: quotes, escapes and line ends are the writer's business.

mod address;
mod anchor;
mod diff;

pub use address::CueAddress;
pub use anchor::Anchor;
pub(crate) use anchor::{Located, digest, fnv};
pub use diff::diff_to_edits;

use crate::item::Document;
use crate::text::Splice;
use serde::{Deserialize, Serialize};

/// One change. In JSON: `{"edit": "set-field", "cue": {…}, "field": "Duration", "value": "00:00:12", "was": ""}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Edit {
    /// Give a key of the front matter a value: in its line, or as a new line.
    SetKey {
        key: String,
        value: String,
        /// The value it replaces; empty also stands for an absent key.
        #[serde(default)]
        was: String,
        #[serde(default)]
        guard: Guard,
    },
    /// Give a field of a cue a value: in its place, or as a new field.
    SetField {
        cue: CueAddress,
        field: String,
        value: String,
        /// The value it replaces; empty also stands for an absent field.
        #[serde(default)]
        was: String,
        #[serde(default)]
        guard: Guard,
    },
    /// Take a field out of a cue, with its line.
    RemoveField {
        cue: CueAddress,
        field: String,
        was: String,
        #[serde(default)]
        guard: Guard,
    },
    /// Replace some bytes.
    Splice {
        at: Anchor,
        new: String,
        #[serde(default)]
        declares: Declares,
    },
}

/// Whose value an edit may replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// Anyone's, as long as it is the expected one.
    #[default]
    Expected,
    /// Only an empty one, a placeholder, or the one we wrote last (spec 10.3 #3).
    OursOrEmpty,
}

/// What a splice does on purpose that the loss guard would otherwise call a loss (spec 4.11). New cues need no word
/// here: where they come from can be seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Declares {
    /// Names of the fields, of the cue it lies in, whose values it changes.
    pub fields: Vec<String>,
    /// The prose it takes away stands in a new cue.
    pub moves_prose: bool,
}

impl Edit {
    /// Sets a key of `document`'s front matter, expecting the value it has now.
    pub fn set_key(document: &Document<'_>, key: &str, value: impl Into<String>) -> Self {
        let was = document.front().and_then(|front| front.text(key)).unwrap_or_default();
        Self::SetKey { key: key.to_owned(), value: value.into(), was: was.trim().to_owned(), guard: Guard::Expected }
    }

    /// Sets a field of the cue at place `cue` of `document`, expecting the value it has now.
    pub fn set_field(document: &Document<'_>, cue: usize, field: &str, value: impl Into<String>) -> Self {
        Self::SetField {
            cue: CueAddress::of(document, cue),
            field: field.to_owned(),
            value: value.into(),
            was: field_now(document, cue, field),
            guard: Guard::Expected,
        }
    }

    /// Takes a field away, expecting the value it has now.
    pub fn remove_field(document: &Document<'_>, cue: usize, field: &str) -> Self {
        Self::RemoveField {
            cue: CueAddress::of(document, cue),
            field: field.to_owned(),
            was: field_now(document, cue, field),
            guard: Guard::Expected,
        }
    }

    /// The same edit, made only where the value is ours, empty or a placeholder.
    #[must_use]
    pub fn ours_or_empty(mut self) -> Self {
        match &mut self {
            Self::SetKey { guard, .. } | Self::SetField { guard, .. } | Self::RemoveField { guard, .. } => {
                *guard = Guard::OursOrEmpty;
            }
            Self::Splice { .. } => {}
        }
        self
    }

    /// One splice of `text`. For several of one text, [`Edit::splices`] costs less.
    pub fn splice(text: &str, splice: &Splice, declares: Declares) -> Self {
        Self::splices(text, &[(splice.clone(), declares)]).remove(0)
    }

    /// Splices of one text, made findable again.
    pub fn splices(text: &str, splices: &[(Splice, Declares)]) -> Vec<Self> {
        anchor::anchors(text, splices)
    }
}

fn field_now(document: &Document<'_>, cue: usize, field: &str) -> String {
    let cue = &document.cues[cue];
    cue.decode(field, cue.value(field)).into_owned()
}
