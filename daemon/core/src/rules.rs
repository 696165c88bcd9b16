//! The rules a coordinator plays by: shares, pipelines and pools, as compiled from the configuration.
//!
//! Plain data. The daemon's `config` room reads TOML into this; [`Rules::check`] refuses cycles, unknown names and
//! outputs that collide. Patterns are kept as text and compiled by `pattern`.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    pub shares: Vec<ShareRules>,
    pub pipelines: Vec<Pipeline>,
    pub pools: Vec<Pool>,
    /// Settings that steps name, as canonical text: `"speech.rate" -> "150"`.
    pub settings: BTreeMap<String, String>,
    /// Tools that exist on this machine are reported by [`crate::Event::ToolSeen`]; these are the names to look for.
    pub tools: Vec<String>,
    /// Built-in steps this showd carries, with their version, which is part of every action key.
    pub builtins: BTreeMap<String, u32>,
    /// TERM to KILL, milliseconds.
    pub grace_ms: u64,
    /// Finished builds kept per subject.
    pub builds_kept_max: u32,
    /// Every share is walked again about this often, milliseconds, in case a hint was lost; 0: never.
    pub scan_ms: u64,
    /// The storm guard: a person's file into which we wrote the same more often than this within so many milliseconds,
    /// because somebody undid it each time, is left alone until that is no longer so; 0 times: never.
    pub storm: (u32, u64),
    /// A lock of `showctl lock` ends by itself after this long without renewal, milliseconds.
    pub lock_ms_max: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareRules {
    pub name: String,
    /// Another machine's name stands in the owner statement: read and report, write nothing.
    pub read_only: bool,
    pub merge: MergePolicy,
}

/// What may be merged into a person's file without asking, when two devices changed it and both edits fit together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MergePolicy {
    /// Everything that is clean.
    Auto,
    /// Where one of the sides changed nothing but what we fill in.
    #[default]
    GeneratedOnly,
    /// Nothing.
    Ask,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    pub name: String,
    /// 0 holds everything that needs the pool.
    pub capacity: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    pub name: Arc<str>,
    /// `episodes/{episode:digits}/` (a directory) or `notes/{name}.md` (a file).
    pub subject: String,
    /// Patterns below the subject that trigger a build; empty: on submission only.
    pub on: Vec<String>,
    /// In pipeline order, which is also the order in which edits are woven.
    pub steps: Vec<Step>,
    /// May be read this long after the last change, milliseconds; text.
    pub settle_text_ms: u64,
    /// Text that keeps changing is read at the latest this long after the first change, milliseconds.
    pub settle_text_ms_max: u64,
    /// May be read this long after the last change, milliseconds; everything that is not text. No ceiling.
    pub settle_media_ms: u64,
    /// A person's file may be written this long after the last change that was not ours, milliseconds. No ceiling.
    pub quiet_ms: u64,
    /// `"scan.airdate"`: a fact (text, `YYYY-MM-DD`) of a step's result that ranks subjects; empty: none.
    pub due: String,
    /// Digest over the definition, for the build rows.
    pub digest: crate::Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub name: Arc<str>,
    pub work: Work,
    /// `"scan.clips"`: one job per element of that list of that step's result; empty: one job.
    pub map: String,
    /// Fields of the element that are part of the action key; meaningful with `map` only.
    pub key: Vec<String>,
    /// Must have succeeded (succeeded with errors counts).
    pub needs: Vec<Arc<str>>,
    /// Soft: waited for while it is ready or running, holds nobody back.
    pub after: Vec<Arc<str>>,
    /// `"clip.off_target"` (field of the element) or `"probe.off_target"` (fact of a result, of the same element where
    /// that step maps the same list). False or absent: the step counts as succeeded and does not run. Empty: always.
    pub when: String,
    pub inputs: BTreeMap<String, Input>,
    pub settings: Vec<String>,
    pub tools: Vec<String>,
    /// Role to path below the subject, captures and element fields in braces: `{episode}`, `{clip.slug}` (the list's
    /// name in the singular). `*` and `**` make it a pattern: this step then owns what its result lists below it.
    pub outputs: BTreeMap<String, String>,
    /// What its edits may touch without asking: `cue.*`, `cue.Duration`, `item.slug`, `info.total_runtime`, `prose`.
    /// Edits outside become proposals.
    pub edits: Vec<String>,
    pub pools: BTreeMap<String, u32>,
    pub timeout_ms: u64,
    pub retry: Retry,
    pub network: bool,
    /// Extra paths outside the share that the program may read and execute.
    pub reads: Vec<String>,
    /// Extra words that go into the action key, for programs whose version cannot be seen.
    pub version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// A built-in step, `showd step NAME`. Not in [`Rules::builtins`]: not built yet, shown as such, holds nobody up.
    BuiltIn(String),
    /// A program and its arguments; `{in.role}`, `{out.role}`, captures and element fields in braces.
    Program(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// One file as it lies on disk. Missing or still growing: the job waits for it.
    File(String),
    /// All files that match, as they lie on disk. One that was never settled yet is left out until it is.
    Files(String),
    /// All people's Markdown files that match, each with the edits of this step's ancestors woven in.
    Text(String),
    /// Names and sizes of all files that match, not their content, without what this step and later ones of its
    /// pipeline made. As with `Files`, growing ones come later.
    List(String),
    /// The result of a step, or a list of it: `"probe"`, `"scan.quotes"`. Of a step that maps: all its elements, or
    /// this element's own where both map the same list. The step must be among `needs` or `after`, or before those.
    Result(String),
    /// One file per element of a list: `each = "scan.pictures", file = "{picture.path}"`. Missing ones are left out.
    Each { list: String, file: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Tries in all, at least 1.
    pub tries_max: u32,
    /// Wait before the second try, milliseconds; doubles each time, plus up to half again by job and try number.
    pub wait_ms: u64,
    pub wait_ms_max: u64,
}

/// What is wrong with a pipeline, named so that a person can find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    pub pipeline: Arc<str>,
    /// Empty: the pipeline itself.
    pub step: Arc<str>,
    /// The key of the pipeline file it is about: `needs`, `out.video`.
    pub key: String,
    /// Lower case, no full stop.
    pub text: String,
    pub hint: String,
}
