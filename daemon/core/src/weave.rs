//! Which edits belong in which text, for whom, and what is published in the end.
//!
//! A step sees a person's text with the edits of its ancestors woven in; the one weave job of a file publishes the text
//! with everybody's. Nobody but the weaver applies an edit: here, texts and edits are digests, layered in pipeline order
//! over the text as it lies on disk. An edit whose result is part of that text already, because we published it, is no
//! layer any more. Read [`Planner::view`] for steps and [`Planner::plan_weaves`] for files.

use crate::key::digest_of;
use crate::lane::{Lookup, View};
use crate::plan::{Planner, Prospect, Stand, Task};
use crate::playbook::Source;
use crate::settle::Content;
use crate::{
    ActionRow, Blocker, Coordinator, Digest, FilePath, HAND_BACK, Layer, Node, ProposalFact, ProposalId, ProposalRow,
    ProposalState, Rename, Row, WEAVE, WeaveId, Wove, Woven,
};
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use alloc::{format, vec};

/// Edits that one finished node makes in a file.
#[derive(Debug)]
pub(crate) struct Edited {
    turn: usize,
    layer: Layer,
    key: Digest,
    /// The text they were made from.
    was: Option<Digest>,
    /// What is renamed with them.
    renames: Vec<Rename>,
}

/// The text of a file with everything in it that is to be published.
#[derive(Debug)]
pub(crate) struct Final {
    pub file: FilePath,
    pub base: Digest,
    pub woven: Arc<Woven>,
    /// What is renamed with it, and what it is now.
    pub renames: Vec<(Rename, Digest)>,
    pub wove: Wove,
    /// Proposals that no longer fit.
    pub stale: Vec<ProposalId>,
}

impl Planner<'_> {
    /// Notes the edits of a node that is done, for whoever comes after it.
    pub(crate) fn note_edits(
        &mut self,
        turn: usize,
        node: &Node,
        known: &ActionRow,
        texts: &alloc::collections::BTreeMap<FilePath, Digest>,
    ) {
        let Some(edits) = &known.edits else { return };
        for file in &edits.files {
            let may_edit = self.lane.play.turns[turn].step.edits.clone();
            let layer = Layer { node: node.clone(), edits: edits.digest, may_edit, proposal: None };
            let renames = edits.renames.iter().filter(|rename| rename.with == *file).cloned().collect();
            let edited = Edited { turn, layer, key: known.key, was: texts.get(file).copied(), renames };
            self.edits.entry(file.clone()).or_default().push(edited);
        }
    }

    /// The text of a file as a step sees it that comes after `before`.
    pub(crate) fn view(&mut self, file: &FilePath, base: Digest, before: &BTreeSet<usize>) -> Result<Digest, Blocker> {
        let layers: Vec<Layer> = self
            .layers(file, base)
            .into_iter()
            .filter(|edited| before.contains(&edited.turn))
            .map(|edited| edited.layer.clone())
            .collect();
        if layers.is_empty() {
            return Ok(base);
        }
        self.woven(file, base, layers).map(|woven| woven.digest)
    }

    /// One node per file that has edits to publish.
    pub(crate) fn plan_weaves(&mut self) {
        let proposals = self.core.accepted(&self.lane.name);
        let mut files: BTreeSet<FilePath> = self.edits.keys().cloned().collect();
        files.extend(proposals.iter().map(|proposal| proposal.file.clone()));
        for file in files {
            let Some(stand) = self.weave_of(&file) else { continue };
            let node = Node { step: WEAVE.into(), element: file.path.clone() };
            let failed = self.failed(&node, stand.key());
            let stuck =
                failed || matches!(&stand, Stand::Blocked(blockers) if blockers.iter().any(Blocker::is_outside));
            self.push(Prospect { node, element: None, claims: Vec::new(), turn: None, stand, stuck });
        }
    }

    /// How the weave of a file stands; `None`: there is nothing to write.
    fn weave_of(&mut self, file: &FilePath) -> Option<Stand> {
        self.out.reads.insert(file.clone());
        let base = match self.core.files.on_disk(file, &self.lane.play.pipeline, self.core.now) {
            Content::Known(digest) => digest,
            Content::Missing => return None,
            Content::Unsettled(until) => {
                self.wake_at(until);
                let base = self.core.files.digest(file)?;
                let blocker = Blocker::InputUnsettled { file: file.clone(), until };
                return (!self.all_layers(file, base).is_empty()).then(|| Stand::Blocked(vec![blocker]));
            }
            Content::Unread => return Some(Stand::Blocked(vec![self.want_hash(file)])),
        };
        let layers = self.all_layers(file, base);
        if layers.is_empty() {
            return self.not_handed_back(file).map(|blocker| Stand::Blocked(vec![blocker]));
        }
        let mut unfinished = self.unfinished_editors();
        unfinished.extend(self.core.read_only(file.share));
        if !unfinished.is_empty() {
            return Some(Stand::Blocked(unfinished));
        }
        let key = view_key(base, &layers);
        let woven = match self.woven(file, base, layers) {
            Ok(woven) => woven,
            Err(blocker) => return Some(Stand::Blocked(vec![blocker])),
        };
        let is_written = woven.digest == base && woven.refused.is_none();
        if is_written && self.accepted(file).is_empty() {
            return None;
        }
        let renames = if is_written { Ok(Vec::new()) } else { self.renames(file, base, &woven) };
        let renames = match renames {
            Ok(renames) => renames,
            Err(blockers) => return Some(Stand::Blocked(blockers)),
        };
        let parts = vec![("text".to_owned(), format!("{base}")), ("edits".to_owned(), format!("{key}"))];
        let why = format!("edits of {} are ready", self.editors(file, base));
        let task = Task::Publish(Box::new(self.last_text(file, base, woven, renames)));
        Some(Stand::Due { key, parts, why, task })
    }

    /// What is renamed with the edits that are woven in, or what has to be waited for first.
    fn renames(&mut self, file: &FilePath, base: Digest, woven: &Woven) -> Result<Vec<(Rename, Digest)>, Vec<Blocker>> {
        let edited = self.layers(file, base).into_iter().map(|edited| &edited.renames);
        let accepted = self.accepted(file).into_iter().map(|proposal| &proposal.renames);
        let all = edited.chain(accepted).enumerate();
        let is_dropped = |place: usize| woven.dropped.iter().any(|(dropped, _)| *dropped as usize == place);
        let wanted: Vec<Rename> =
            all.filter(|(place, _)| !is_dropped(*place)).flat_map(|(_, renames)| renames).cloned().collect();
        let (mut renames, mut blockers) = (Vec::new(), Vec::new());
        for rename in wanted {
            let from = rename.from.clone();
            self.out.reads.insert(from.clone());
            match self.core.files.on_disk(&from, &self.lane.play.pipeline, self.core.now) {
                Content::Known(digest) => renames.push((rename, digest)),
                Content::Missing => blockers.push(Blocker::InputMissing { file: from }),
                Content::Unread => blockers.push(self.want_hash(&from)),
                Content::Unsettled(until) => {
                    self.wake_at(until);
                    blockers.push(Blocker::InputUnsettled { file: from, until });
                }
            }
        }
        if blockers.is_empty() { Ok(renames) } else { Err(blockers) }
    }

    fn last_text(&self, file: &FilePath, base: Digest, woven: Arc<Woven>, renames: Vec<(Rename, Digest)>) -> Final {
        let edited = self.layers(file, base);
        let is_dropped = |place: usize| woven.dropped.iter().any(|(dropped, _)| *dropped as usize == place);
        let (wrote, stitches) = (woven.wrote.clone(), woven.stitches.clone());
        let mut wove = Wove { wrote, stitches, ..Wove::default() };
        // What the text on disk contains already, the new one contains too.
        let kept = self.core.fixed.get(file).into_iter().flatten().filter(|(_, fixed)| fixed.now == base);
        wove.fixed.extend(kept.map(|(key, fixed)| (*key, fixed.was)));
        let woven_in = edited.iter().enumerate().filter(|(place, _)| !is_dropped(*place));
        wove.fixed.extend(woven_in.map(|(_, edited)| (edited.key, edited.was.unwrap_or(base))));
        let mut stale = Vec::new();
        for (place, proposal) in self.accepted(file).into_iter().enumerate() {
            let list = if is_dropped(edited.len() + place) { &mut stale } else { &mut wove.proposals };
            list.push(proposal.id);
        }
        if !wove.proposals.is_empty() {
            // The step knew the text without them, and looks at it anew.
            wove.fixed.clear();
        }
        Final { file: file.clone(), base, woven, renames, wove, stale }
    }

    /// Steps that may still edit a file and that go on by themselves.
    fn unfinished_editors(&self) -> Vec<Blocker> {
        let turns = &self.lane.play.turns;
        let is_editor = |turn: &usize| !turns[*turn].step.edits.is_empty();
        let unknown = self.out.unknown.iter().filter(|(turn, why)| is_editor(turn) && !self.is_stuck(why));
        let unknown = unknown.flat_map(|(_, why)| why).cloned();
        let nodes = self.out.nodes.iter().filter(|prospect| prospect.turn.as_ref().is_some_and(is_editor));
        let waiting = nodes.filter(|prospect| !prospect.is_satisfied() && !prospect.stuck);
        unknown.chain(waiting.map(|prospect| self.need(prospect, true))).collect()
    }

    /// Edits of finished nodes that the text on disk does not contain, in pipeline order.
    fn layers(&self, file: &FilePath, base: Digest) -> Vec<&Edited> {
        let all = self.edits.get(file).into_iter().flatten();
        let mut layers: Vec<&Edited> =
            all.filter(|edited| self.core.fixed_point(file, edited.key, base).is_none()).collect();
        layers.sort_by_key(|edited| edited.turn);
        layers
    }

    /// The same, and what a person accepted on top.
    fn all_layers(&self, file: &FilePath, base: Digest) -> Vec<Layer> {
        let mut layers: Vec<Layer> = self.layers(file, base).iter().map(|edited| edited.layer.clone()).collect();
        for row in self.accepted(file) {
            let (node, may_edit) = (row.node.clone(), vec!["*".to_owned()]);
            layers.push(Layer { node, edits: row.edits, may_edit, proposal: Some(row.id) });
        }
        layers
    }

    /// Proposals for a file that were accepted and are to be woven in now, oldest first. What nobody but the hand-over
    /// accepted is so while the text that lies there hands the file over; it is handed back when nothing speaks against it.
    fn accepted(&self, file: &FilePath) -> Vec<&ProposalRow> {
        let all = self.core.accepted(&self.lane.name).into_iter().filter(|row| row.file == *file);
        let standing: Vec<&ProposalRow> =
            all.filter(|row| !row.is_by_hand_over() || self.is_handed_over(row)).collect();
        let is_held = standing.iter().any(|row| hands_back(row)) && self.against_handing_back(file).is_some();
        standing.into_iter().filter(|row| !(is_held && hands_back(row))).collect()
    }

    /// What its step said last, of the text as it is, hands the proposal's file over.
    fn is_handed_over(&self, row: &ProposalRow) -> bool {
        let place = self.out.at.get(&row.node);
        let Some(Stand::Known { known, .. }) = place.map(|place| &self.out.nodes[*place].stand) else { return false };
        let is_it = |fact: &ProposalFact| fact.file == row.file && fact.code == row.code && fact.edits == row.edits;
        known.proposals.iter().any(|fact| fact.handed_over && is_it(fact))
    }

    fn not_handed_back(&self, file: &FilePath) -> Option<Blocker> {
        let all = self.core.accepted(&self.lane.name).into_iter();
        let mut back = all.filter(|row| row.file == *file && hands_back(row) && self.is_handed_over(row));
        back.next()?;
        Some(Blocker::NotHandedBack { file: file.clone(), why: self.against_handing_back(file)? })
    }

    /// A step that reads and edits the file did not get done, or a person is to look at what the loss guard refused.
    fn against_handing_back(&self, file: &FilePath) -> Option<String> {
        let undone = self.out.nodes.iter().find(|prospect| {
            !prospect.is_satisfied()
                && prospect.stuck
                && prospect.turn.is_some_and(|turn| self.is_edited(prospect, turn, file))
        });
        if let Some(prospect) = undone {
            return Some(self.need(prospect, false).to_string());
        }
        let mut rows = self.core.proposals.values();
        let refused = rows.find(|row| row.file == *file && row.state == ProposalState::Open && row.refused.is_some());
        refused.map(|row| format!("proposal {} waits for a person: {}", row.id, row.told()))
    }

    /// The step may edit the file, and reads it.
    fn is_edited(&self, prospect: &Prospect, turn: usize, file: &FilePath) -> bool {
        let turn = &self.lane.play.turns[turn];
        let word = turn.map.as_ref().map(|map| map.word.as_str());
        let directory = self.lane.directory();
        let Some(below) = file.path.strip_prefix(directory) else { return false };
        let mut texts = turn.inputs.iter().filter_map(|(_, source)| match source {
            Source::Text(pattern) => self.lane.fill(pattern, word, prospect.element.as_ref()).ok(),
            _ => None,
        });
        !turn.step.edits.is_empty() && texts.any(|pattern| pattern.matches(below))
    }

    fn editors(&self, file: &FilePath, base: Digest) -> String {
        let mut names: Vec<String> = Vec::new();
        for layer in self.all_layers(file, base) {
            let name = layer.node.step.as_ref().to_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(", ")
    }

    fn woven(&mut self, file: &FilePath, base: Digest, layers: Vec<Layer>) -> Result<Arc<Woven>, Blocker> {
        let name = (file.clone(), view_key(base, &layers));
        self.out.views.insert(name.clone());
        match self.lane.views.get(&name) {
            Some(View::Woven(woven)) => Ok(woven.clone()),
            Some(View::Failed(why)) => Err(Blocker::WeaveFailed { file: file.clone(), why: why.clone() }),
            Some(View::Ordered) => Err(Blocker::Weaving { file: file.clone() }),
            None => {
                self.out.wants.weave.insert(name, (base, layers));
                Err(Blocker::Weaving { file: file.clone() })
            }
        }
    }
}

impl Coordinator {
    pub(crate) fn woven(&mut self, weave: WeaveId, woven: Result<Woven, String>) {
        let Some((lane, name, texts)) = self.weaving.remove(&weave) else { return };
        if let Ok(woven) = &woven {
            for binding in &woven.minted {
                self.bindings.entry(binding.file.clone()).or_default().insert(binding.place.clone(), binding.clone());
                self.put(Row::Binding(binding.clone()));
            }
            for (_, why) in &woven.dropped {
                self.log("weave.dropped").file(&name.0).text(why.clone());
            }
            for (id, why) in &woven.blamed {
                self.refuse_proposal(*id, &texts, why.clone());
            }
        }
        let waiting = self.weaving_files.remove(&name.0).unwrap_or_default();
        if let Some(lane) = self.lanes.get_mut(&lane) {
            let view = woven.map_or_else(View::Failed, |woven| View::Woven(Arc::new(woven)));
            lane.views.insert(name, view);
        }
        self.mark(lane);
        for lane in waiting {
            self.mark(lane);
        }
    }

    /// What the store says about keys that were looked up.
    pub(crate) fn found(&mut self, found: Vec<ActionRow>, missing: &[Digest]) {
        let known = found.into_iter().map(|action| (action.key, Lookup::Known(Arc::new(action))));
        let all: Vec<(Digest, Lookup)> = known.chain(missing.iter().map(|key| (*key, Lookup::Missing))).collect();
        for (key, lookup) in all {
            for id in self.asking.remove(&key).unwrap_or_default() {
                let lane = self.lanes.get_mut(&id);
                // Recorded meanwhile: what we know is newer than what was looked up.
                if let Some(asked @ Lookup::Asked) = lane.and_then(|lane| lane.found.get_mut(&key)) {
                    *asked = lookup.clone();
                    self.mark(id);
                }
            }
        }
    }

    /// The text that `base` stands for in the result known as `key`, where we published `base` with its edits in it.
    pub(crate) fn fixed_point(&self, file: &FilePath, key: Digest, base: Digest) -> Option<Digest> {
        self.fixed.get(file)?.get(&key).filter(|fixed| fixed.now == base).map(|fixed| fixed.was)
    }

    /// Proposals of a lane that a person accepted and that are not published yet, oldest first.
    pub(crate) fn accepted(&self, lane: &crate::lane::LaneName) -> Vec<&crate::ProposalRow> {
        if !lane.parameters.is_empty() {
            return Vec::new();
        }
        let ids = self.accepted.get(&lane.subject).into_iter().flatten();
        ids.map(|id| &self.proposals[id]).filter(|row| matches!(row.state, ProposalState::Accepted { .. })).collect()
    }
}

fn hands_back(row: &ProposalRow) -> bool {
    row.is_by_hand_over() && row.code == HAND_BACK
}

fn view_key(base: Digest, layers: &[Layer]) -> Digest {
    let layers = layers.iter().flat_map(|layer| {
        [&layer.edits.0[..]].into_iter().chain(layer.may_edit.iter().map(String::as_bytes)).chain([&b"/"[..]])
    });
    digest_of([&base.0[..]].into_iter().chain(layers))
}
