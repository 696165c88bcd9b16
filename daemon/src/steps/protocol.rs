//! What a step program reads and what it leaves behind; the same for the built-in ones and for those of people.
//!
//! A program starts in its scratch directory. `SHOW_ORDER` names an [`Order`] in JSON, `SHOW_OUT` the directory for its
//! files, `SHOW_RESULT` where a [`Result`] in JSON may be written; descriptor 3 takes lines such as
//! `{"percent":40,"message":"encoding"}`. Exit status 0 is success, 10 success with errors, and anything else a failure
//! for which the last line on standard error is the reason; 65 says that another try with the same inputs is useless.
//! Paths are below the share's root, with `/`, except where they are called `at`: those are absolute. Shapes only grow.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub const ORDER: &str = "SHOW_ORDER";
pub const SCRATCH: &str = "SHOW_SCRATCH";
pub const OUT: &str = "SHOW_OUT";
pub const RESULT: &str = "SHOW_RESULT";
/// The exit status of a step that did its work and found errors in what it worked on.
pub const WITH_ERRORS: u8 = 10;
/// The exit status of a step whose inputs are unfit, so that every other try would end the same (`EX_DATAERR`).
pub const UNFIT: u8 = 65;

/// Of [`Order`]: a field that means something new gets a new number, one that is added does not.
pub const VERSION: u32 = 1;

/// What is to be done, with what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub version: u32,
    pub job: u64,
    pub attempt: u32,
    pub pipeline: String,
    /// A directory ends in `/`.
    pub subject: String,
    pub step: String,
    /// What the subject's pattern captured: `episode` is `0900`.
    pub captures: BTreeMap<String, String>,
    /// Of a step that maps: the element, as the list has it.
    pub element: Option<Map<String, Value>>,
    pub inputs: Vec<Input>,
    /// Those whose path is known before the run.
    pub outputs: Vec<Place>,
    pub settings: BTreeMap<String, String>,
    /// Names and versions.
    pub tools: BTreeMap<String, String>,
    /// Of a submission: `preset` is `host-clean`.
    pub parameters: BTreeMap<String, String>,
    /// Values in the input texts that showd wrote last.
    pub ours: Vec<Ours>,
    /// What edits may touch without a person's consent.
    pub may_edit: Vec<String>,
    /// What it may use of each pool: `cpu` is the number of threads.
    pub pools: BTreeMap<String, u32>,
    /// Milliseconds UTC. Not an input: a result that depends on it is never up to date.
    pub now_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Input {
    /// A file as it lies on disk, in place, read-only.
    File { role: String, file: String, digest: String, at: PathBuf },
    /// A person's text, with the edits of earlier steps woven in; a copy.
    Text { role: String, file: String, base: String, digest: String, at: PathBuf },
    /// Names and sizes.
    List { role: String, files: Vec<Listed> },
    /// Results of a step, by element; one without a name where the step does not map.
    Result { role: String, step: String, results: Vec<ResultAt> },
    /// One list of a result.
    Elements { role: String, elements: Vec<Map<String, Value>> },
}

impl Input {
    pub fn role(&self) -> &str {
        match self {
            Self::File { role, .. }
            | Self::Text { role, .. }
            | Self::List { role, .. }
            | Self::Result { role, .. }
            | Self::Elements { role, .. } => role,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub file: String,
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultAt {
    pub element: String,
    pub at: PathBuf,
}

/// Where an output goes: written at `at`, published at `file`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub role: String,
    pub file: String,
    pub at: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ours {
    pub file: String,
    /// `item.duration`, `info.total_runtime`, `cue:SOTMSA79Z40K3TT1E.Duration`.
    pub target: String,
    pub value: String,
}

/// What came of it. Every field may be missing; so may the whole file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Result {
    /// One line for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<FileEdits>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<Proposal>,
    /// Missing: every output that the order names and that was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Vec<Made>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Value>,
    /// Text, numbers and booleans are facts; arrays of objects with an `id` are lists, for `map`. Anything else is
    /// kept with the result and means nothing to showd.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Edits to one file, which must be one of the order's texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEdits {
    pub file: String,
    pub edits: Vec<show_script::edit::Edit>,
    /// Done together with the edits or not at all. A step whose `edits` do not say `"renames"` may only propose them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renames: Vec<Rename>,
}

/// A file of the subject that gets another name; never over another file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    pub from: String,
    pub to: String,
}

/// Edits that wait for a person's consent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    pub file: String,
    /// Of the diagnostic it answers: `SLUG_BAD`.
    pub code: String,
    pub summary: String,
    pub edits: Vec<show_script::edit::Edit>,
    /// Done together with the edits or not at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renames: Vec<Rename>,
}

/// A file that was made. It lies at `out/ROLE` where the order names the role, else at `out/` and its path below the
/// subject. A `file` that is one of the order's texts is a whole new text for it, and becomes edits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    #[serde(default)]
    pub role: String,
    pub file: String,
    /// Where the file that it replaces is moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_old_as: Option<String>,
}
