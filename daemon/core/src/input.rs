//! Inputs are values: how each input of a step gets one, and what is missing when it does not.

use crate::key::digest_of_elements;
use crate::pattern::Pattern;
use crate::plan::{Planner, Stand};
use crate::playbook::{ListName, Source, Turn};
use crate::settle::Content;
use crate::{Blocker, Digest, Element, FilePath, Node, OrderInput, Time, kind};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The name of a file or list, its value, and the value that stands for it where the file is a fixed point.
pub(crate) type Value = (String, String, Option<String>);

/// The values of all inputs of a node.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub order: Vec<OrderInput>,
    /// By role.
    pub values: Vec<(String, Vec<Value>)>,
    /// Some file is a fixed point of this node's last result.
    pub fixed: bool,
    /// Files read as they lie on disk.
    pub reads: BTreeSet<FilePath>,
    /// Texts read, as they are in the key.
    pub texts: BTreeMap<FilePath, Digest>,
    pub blockers: Vec<Blocker>,
}

impl Planner<'_> {
    pub(crate) fn gather(&mut self, turn: &Turn, node: &Node, element: Option<&Element>, into: &mut Gathered) {
        for (role, source) in &turn.inputs {
            let values = self.input(turn, node, element, role, source, into).unwrap_or_else(|why| {
                into.blockers.push(Blocker::InputUnnamed { role: role.clone(), why });
                Vec::new()
            });
            into.values.push((role.clone(), values));
        }
    }

    fn input(
        &mut self,
        turn: &Turn,
        node: &Node,
        element: Option<&Element>,
        role: &str,
        source: &Source,
        into: &mut Gathered,
    ) -> Result<Vec<Value>, String> {
        let word = turn.map.as_ref().map(|map| map.word.as_str());
        let role = role.to_string();
        Ok(match source {
            Source::File(pattern) => {
                let path = self.lane.fill(pattern, word, element)?.path().ok_or("it names more than one file")?;
                self.file(role, &self.lane.file(&path), into).into_iter().collect()
            }
            Source::Files(pattern) => {
                let pattern = self.lane.fill(pattern, word, element)?;
                let files = self.matching(&pattern, false);
                files.iter().filter_map(|file| self.other(node, role.clone(), file, into)).collect()
            }
            Source::Each { list, file } => {
                let mut values = Vec::new();
                for element in self.list(list) {
                    let Ok(filled) = self.lane.fill(file, Some(&list.word), Some(&element)) else { continue };
                    let Some(path) = filled.path() else { continue };
                    let file = self.lane.file(&path);
                    self.out.reads.insert(file.clone());
                    values.extend(self.one_of(role.clone(), &file, into));
                }
                values
            }
            Source::Text(pattern) => {
                let pattern = self.lane.fill(pattern, word, element)?;
                let files = self.matching(&pattern, false).into_iter().filter(|file| kind::is_markdown(&file.path));
                files.filter_map(|file| self.text(turn, node, role.clone(), &file, into)).collect()
            }
            Source::List(pattern) => {
                let pattern = self.lane.fill(pattern, word, element)?;
                let sizes: Vec<(Arc<str>, u64)> = self.sizes(turn, &pattern);
                let values = sizes.iter().map(|(path, size)| (path.to_string(), size.to_string(), None)).collect();
                into.order.push(OrderInput::List { role, files: sizes });
                values
            }
            Source::Result { turn: other, list: None } => {
                let step = self.lane.play.turns[*other].step.name.clone();
                let known = self.relatives(turn, *other, element).filter_map(|prospect| match &prospect.stand {
                    Stand::Known { known, .. } => Some((prospect.node.element.clone(), known.result?)),
                    _ => None,
                });
                let results: Vec<(Arc<str>, Digest)> = known.collect();
                let values =
                    results.iter().map(|(id, digest)| (format!("{step} {id}"), digest.to_string(), None)).collect();
                into.order.push(OrderInput::Result { role, step, results });
                values
            }
            Source::Result { turn: other, list: Some(list) } => {
                let name = ListName { turn: *other, list: list.clone(), word: String::new() };
                let elements = self.list(&name);
                let digest = digest_of_elements(&elements);
                into.order.push(OrderInput::Elements { role, elements });
                [(list.clone(), digest.to_string(), None)].into()
            }
        })
    }

    /// A file that must be there.
    fn file(&mut self, role: String, file: &FilePath, into: &mut Gathered) -> Option<Value> {
        self.out.reads.insert(file.clone());
        if self.content(file) == Content::Missing {
            into.blockers.push(Blocker::InputMissing { file: file.clone() });
            return None;
        }
        if let Content::Unsettled(until) = self.content(file) {
            self.wake_at(until);
            into.blockers.push(Blocker::InputUnsettled { file: file.clone(), until });
            return None;
        }
        self.one_of(role, file, into)
    }

    /// One of several files: left out when it is not there, or never settled yet.
    fn one_of(&mut self, role: String, file: &FilePath, into: &mut Gathered) -> Option<Value> {
        match self.content(file) {
            Content::Missing => {}
            Content::Unsettled(until) => {
                self.wake_at(until);
                if self.core.files.digest(file).is_some() {
                    into.blockers.push(Blocker::InputUnsettled { file: file.clone(), until });
                }
            }
            Content::Unread => into.blockers.push(self.want_hash(file)),
            Content::Known(digest) => {
                into.reads.insert(file.clone());
                into.order.push(OrderInput::File { role, file: file.clone(), digest });
                return Some((file.path.to_string(), digest.to_string(), None));
            }
        }
        None
    }

    /// One of several files, handed over but no part of the key when this very node made it: what it made is no news.
    fn other(&mut self, node: &Node, role: String, file: &FilePath, into: &mut Gathered) -> Option<Value> {
        let value = self.one_of(role, file, into);
        let is_own = self.core.files.get(file).is_some_and(|state| state.by_us() == Some(node));
        value.filter(|_| !is_own)
    }

    /// A person's text with the edits of this step's ancestors in it.
    fn text(&mut self, turn: &Turn, node: &Node, role: String, file: &FilePath, into: &mut Gathered) -> Option<Value> {
        let base = match self.text_content(file) {
            Content::Known(digest) => digest,
            Content::Missing => return None,
            Content::Unsettled(until) => {
                into.blockers.push(Blocker::InputUnsettled { file: file.clone(), until });
                return None;
            }
            Content::Unread => {
                into.blockers.push(self.want_hash(file));
                return None;
            }
        };
        match self.view(file, base, &turn.before) {
            Err(blocker) => {
                into.blockers.push(blocker);
                None
            }
            Ok(text) => {
                let was = self.last_key(node).and_then(|key| self.core.fixed_point(file, key, base));
                into.fixed |= was.is_some();
                into.texts.insert(file.clone(), text);
                into.order.push(OrderInput::Text { role, file: file.clone(), base, text });
                Some((file.path.to_string(), text.to_string(), was.map(|was| was.to_string())))
            }
        }
    }

    /// The elements of a list of a step that is done; none while it is not, for then nobody who needs it gets here.
    fn list(&self, name: &ListName) -> Vec<Element> {
        let nodes = self.of_turn[name.turn].iter().map(|place| &self.out.nodes[*place]);
        let lists = nodes.filter_map(|prospect| match &prospect.stand {
            Stand::Known { known, .. } => known.lists.get(&name.list),
            _ => None,
        });
        lists.flatten().cloned().collect()
    }

    fn content(&self, file: &FilePath) -> Content {
        self.core.files.on_disk(file, &self.lane.play.pipeline, self.core.now)
    }

    /// As [`crate::settle::Files::text`], and looks again when what changed has settled.
    pub(crate) fn text_content(&mut self, file: &FilePath) -> Content {
        if let (true, Some(digest)) = (self.core.is_publishing(file), self.core.files.digest(file)) {
            return Content::Known(digest);
        }
        if let Content::Unsettled(until) = self.content(file) {
            self.wake_at(until);
        }
        self.core.files.text(file, &self.lane.play.pipeline, self.core.now)
    }

    /// Plain files below the subject that match, with conflict copies where names alone are asked for.
    pub(crate) fn matching(&self, pattern: &Pattern, copies: bool) -> Vec<FilePath> {
        let directory = self.lane.directory();
        let prefix = format!("{directory}{}", pattern.prefix());
        let below = self.core.files.below(self.lane.name.subject.share, &prefix);
        let matching = below.filter(|(file, _)| {
            pattern.matches(&file.path[directory.len()..])
                && match kind::kind(&file.path) {
                    kind::Kind::Plain => true,
                    kind::Kind::ConflictCopy { .. } => copies,
                    kind::Kind::Temporary { .. } | kind::Kind::Ours => false,
                }
        });
        matching.map(|(file, _)| file.clone()).collect()
    }

    /// Sizes of all files that match, without what this step or later ones of its pipeline make: a step never sees its
    /// own traces, or every result would be news.
    fn sizes(&mut self, turn: &Turn, pattern: &Pattern) -> Vec<(Arc<str>, u64)> {
        let play = self.lane.play.clone();
        let is_later = |by: &Node| play.turn(&by.step).is_some_and(|(place, _)| !turn.before.contains(&place));
        let (pipeline, now) = (&self.lane.play.pipeline, self.core.now);
        let mut sizes = Vec::new();
        let mut wake: Option<Time> = None;
        for path in self.matching(pattern, true) {
            let file = self.core.files.get(&path).expect("it was just listed");
            if file.by_us().is_some_and(is_later) {
                continue;
            }
            let at = file.settles_at(&path, pipeline);
            if at > now {
                wake = Some(wake.map_or(at, |wake| wake.min(at)));
            }
            sizes.extend(file.settled_size(&path, pipeline, now).map(|size| (path.path.clone(), size)));
        }
        if let Some(at) = wake {
            self.wake_at(at);
        }
        sizes
    }
}
