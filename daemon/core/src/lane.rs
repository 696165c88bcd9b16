//! One subject with one set of parameters: where builds follow one another, at most one of them unfinished.
//!
//! Every subject of an automatic pipeline has a lane without parameters for as long as it is on disk; a submission
//! with parameters has one of its own until its build is over. Owns what is remembered between two looks at a
//! subject: its last results, what was looked up, and the texts woven for its steps.

use crate::pattern::Captures;
use crate::playbook::Play;
use crate::{ActionRow, BuildId, Digest, FilePath, IndexRow, Node, Subject, Time, Woven};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt::Write as _;

/// In memory only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LaneId(pub u64);

/// What makes a lane the one it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LaneName {
    pub subject: Subject,
    pub parameters: BTreeMap<String, String>,
}

/// Lanes by name. Submissions by the million may differ in nothing but their parameters, so these are one text here,
/// which compares quickly.
#[derive(Debug, Default)]
pub(crate) struct LaneNames(BTreeMap<Subject, BTreeMap<String, LaneId>>);

impl LaneNames {
    pub fn get(&self, name: &LaneName) -> Option<LaneId> {
        self.0.get(&name.subject)?.get(&text(&name.parameters)).copied()
    }

    /// The lane of a subject without parameters.
    pub fn plain(&self, subject: &Subject) -> Option<LaneId> {
        self.0.get(subject)?.get("").copied()
    }

    /// All lanes of a subject.
    pub fn of(&self, subject: &Subject) -> impl Iterator<Item = LaneId> {
        self.0.get(subject).into_iter().flat_map(BTreeMap::values).copied()
    }

    pub fn insert(&mut self, name: &LaneName, id: LaneId) {
        self.0.entry(name.subject.clone()).or_default().insert(text(&name.parameters), id);
    }

    pub fn remove(&mut self, name: &LaneName) {
        let Some(same) = self.0.get_mut(&name.subject) else { return };
        same.remove(&text(&name.parameters));
        if same.is_empty() {
            self.0.remove(&name.subject);
        }
    }
}

/// Parameters as one text, another one for any others; empty for none.
fn text(parameters: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for word in parameters.iter().flat_map(|(name, value)| [name, value]) {
        // With its length before it, so that no word runs into the next.
        let _ = write!(text, "{}:{word}", word.len());
    }
    text
}

#[derive(Debug)]
pub(crate) struct Lane {
    pub name: LaneName,
    pub play: Arc<Play>,
    pub captures: Captures,
    /// The unfinished build.
    pub build: Option<BuildId>,
    /// The last result of each node. Kept as rows where there are no parameters.
    pub index: BTreeMap<Node, Arc<IndexRow>>,
    pub found: BTreeMap<Digest, Lookup>,
    pub views: BTreeMap<ViewName, View>,
    /// Files that were read for the last plan, so that a change of one makes a new plan.
    pub reads: BTreeSet<FilePath>,
    /// When it was last planned, and over how many files.
    pub planned: Time,
    pub files: usize,
    /// The timers that are set for it.
    pub wake: Option<Time>,
    pub quiet: Option<Time>,
    /// What changed last, for the cause of the next build.
    pub cause: String,
}

/// Whether the same was done before.
#[derive(Debug, Clone)]
pub(crate) enum Lookup {
    Asked,
    Missing,
    Known(Arc<ActionRow>),
}

/// A text with edits in it: the file, and a digest over its base and the layers.
pub(crate) type ViewName = (FilePath, Digest);

#[derive(Debug, Clone)]
pub(crate) enum View {
    Ordered,
    Woven(Arc<Woven>),
    Failed(String),
}

impl Lane {
    pub fn new(name: LaneName, play: Arc<Play>, captures: Captures) -> Self {
        Self {
            name,
            play,
            captures,
            build: None,
            index: BTreeMap::new(),
            found: BTreeMap::new(),
            views: BTreeMap::new(),
            reads: BTreeSet::new(),
            planned: Time(i64::MIN),
            files: 0,
            wake: None,
            quiet: None,
            cause: String::new(),
        }
    }

    /// The directory that its patterns are below, with a `/` at the end, or nothing for the share's root.
    pub fn directory(&self) -> &str {
        let path = &self.name.subject.path;
        path.rfind('/').map_or("", |end| &path[..=end])
    }

    pub fn file(&self, below: &str) -> FilePath {
        let mut path = String::from(self.directory());
        path.push_str(below);
        FilePath { share: self.name.subject.share, path: path.into() }
    }

    /// Runs by itself and keeps an index.
    pub fn is_automatic(&self) -> bool {
        self.play.is_automatic() && self.name.parameters.is_empty()
    }

    /// Planning costs time in proportion to files, so a lane with many is planned less often.
    pub fn plan_not_before(&self) -> Time {
        self.planned.plus_ms(self.files as u64 / FILES_PER_MS)
    }
}

/// Planning a file costs about a microsecond; with this it takes a few percent of one processor at most.
const FILES_PER_MS: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        of.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn other_parameters_are_another_text() {
        assert_eq!(text(&parameters(&[])), "");
        assert_ne!(text(&parameters(&[("a", "bc")])), text(&parameters(&[("ab", "c")])));
        assert_ne!(text(&parameters(&[("a", "1:b1:c")])), text(&parameters(&[("a", ""), ("b", "c")])));
        assert_ne!(text(&parameters(&[("", "")])), "");
    }
}
