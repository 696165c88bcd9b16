//! The weaving itself: one layer after the other, each as one set of splices.

use super::mint::Mint;
use super::plan::{Effect, Plan, Planning, rank, taken_field, taken_key};
use super::stitch::stitches;
use super::target::{UNNAMED, rename, room_of};
use super::trace::Trace;
use super::{Dropped, EditRef, Layer, Refused, Value, Weave, Why, Woven};
use crate::edit::Edit;
use crate::field::same_name;
use crate::guard::{self, Declared};
use crate::item::Document;
use crate::text::apply;
use std::collections::BTreeMap;

/// The text between two layers, and everything to be told about it.
pub(super) struct Loom<'w, 'm> {
    pub(super) weave: &'w Weave<'w>,
    pub(super) first: Document<'w>,
    text: String,
    pub(super) trace: Trace,
    pub(super) mint: Mint<'m>,
    declared: Declared,
    /// Values that are ours, by target; those of this weave too.
    pub(super) ours: BTreeMap<String, String>,
    wrote: BTreeMap<String, String>,
    /// Cues that got an id in this batch: what their targets were called, and are called from now on.
    renames: Vec<(String, String)>,
    report: Woven,
}

impl<'w, 'm> Loom<'w, 'm> {
    pub(super) fn new(weave: &'w Weave<'w>, mint: Mint<'m>) -> Self {
        let ours = weave.ours.iter().map(|value| (value.target.clone(), value.value.clone())).collect();
        Self {
            weave,
            first: Document::parse(weave.text),
            text: weave.text.to_owned(),
            trace: Trace::new(weave.text),
            mint,
            declared: Declared::default(),
            ours,
            wrote: BTreeMap::new(),
            renames: Vec::new(),
            report: Woven::unchanged(weave.text),
        }
    }

    /// Weaves the first of these layers and as many more as can share one look at the text; answers how many.
    ///
    /// A layer joins when it only sets values that no layer before it in the batch touches, and none by which a cue is
    /// found: then it sees what it would see in a text of its own. A step that maps has a layer for every clip.
    pub(super) fn batch(&mut self, layers: &[(usize, &Layer)]) -> usize {
        let text = std::mem::take(&mut self.text);
        let document = Document::parse(&text);
        let mut planning = Planning::new(&document);
        let mut woven = 0;
        for (index, layer) in layers {
            if woven > 0 && !(joins(layers[0].1) && joins(layer) && !self.collides(&planning, layer)) {
                break;
            }
            self.layer(&mut planning, *index, layer);
            woven += 1;
        }
        let splices = planning.splices();
        self.text = apply(&text, &splices).expect("planned splices lie apart in the text they were planned in");
        self.trace.follow(&splices);
        for (old, new) in std::mem::take(&mut self.renames) {
            rename(&mut self.ours, &old, &new);
            rename(&mut self.wrote, &old, &new);
        }
        woven
    }

    fn layer(&mut self, planning: &mut Planning<'_>, index: usize, layer: &Layer) {
        planning.moved = 0;
        for (edit, wanted) in layer.edits.iter().enumerate() {
            let at = EditRef { layer: index, edit };
            match self.plan(planning, &layer.may_edit, wanted) {
                Plan::Splice { splice, .. } if !planning.covered.take(&splice) => self.drop_edit(at, Why::Overlap),
                Plan::Splice { splice, effect } => {
                    planning.planned.push((splice, rank(wanted)));
                    self.take_effect(effect);
                    self.report.applied.push(at);
                }
                Plan::Already => self.report.already.push(at),
                Plan::Drop(why) => self.drop_edit(at, why),
                Plan::Propose => self.report.proposals.push(at),
            }
        }
    }

    /// Whether a value that the layer sets was already taken in this batch.
    fn collides(&self, planning: &Planning<'_>, layer: &Layer) -> bool {
        layer.edits.iter().any(|edit| match edit {
            Edit::SetKey { key, .. } => planning.taken.contains(&taken_key(key)),
            Edit::SetField { cue, field, .. } | Edit::RemoveField { cue, field, .. } => cue
                .find(planning.document, &self.mint.bound)
                .is_some_and(|index| planning.taken.contains(&taken_field(index, field))),
            Edit::Splice { .. } => true,
        })
    }

    fn drop_edit(&mut self, edit: EditRef, why: Why) {
        self.report.dropped.push(Dropped { edit, why });
    }

    fn take_effect(&mut self, effect: Effect) {
        match effect {
            Effect::Wrote { target, value, declares, renames } => {
                self.declared.changed.extend(declares);
                self.ours.insert(target.clone(), value.clone());
                self.wrote.insert(target, value);
                self.renames.extend(renames);
            }
            Effect::Declared { fields, moved } => {
                self.declared.changed.extend(fields);
                self.declared.moved.extend(moved);
            }
        }
    }

    /// Runs the loss guard and tells what came of it all.
    pub(super) fn finish(mut self) -> Woven {
        if self.text == self.weave.text {
            return self.report;
        }
        let last = Document::parse(&self.text);
        let is_new = |index: &usize| self.trace.cue_in(&self.first, &last.cues[*index].begin).is_none();
        self.declared.new_cues = (0..last.cues.len()).filter(is_new).collect();
        self.declared.splices = self.trace.splices(&self.text);
        // All that stands in a cue we made is ours, so that a later step may put a better value there.
        for index in self.declared.new_cues.iter().copied().filter(|&index| self.trace.is_new(&last.cues[index].begin))
        {
            let cue = &last.cues[index];
            for field in cue.fields() {
                let target = format!("{}.{}", room_of(&last, index), field.name());
                let value = cue.decode(field.name(), field.value.text).into_owned();
                self.wrote.entry(target).or_insert(value);
            }
        }
        if let Err(loss) = guard::compare(self.weave.text, &self.text, &self.declared) {
            let refused = Refused { why: loss.to_string(), text: self.text.clone() };
            return Woven { refused: Some(refused), ..self.report };
        }
        let named = |target: &String| !target.starts_with(UNNAMED);
        self.report.wrote = self
            .wrote
            .into_iter()
            .filter(|(target, _)| named(target))
            .map(|(target, value)| Value { target, value })
            .collect();
        let made = self.mint.bound.values().map(String::as_str);
        self.report.stitches = stitches(self.weave.text, &last, &self.declared.splices, made);
        let stands = |id: &str| last.cue_by_id(id).is_some() || self.text.contains(id);
        self.report.minted = self.mint.minted.into_iter().filter(|minted| stands(&minted.id)).collect();
        self.report.text = self.text;
        self.report
    }
}

/// Whether a layer sets values only, and none by which cues are found.
fn joins(layer: &Layer) -> bool {
    layer.edits.iter().all(|edit| match edit {
        Edit::SetKey { .. } => true,
        Edit::SetField { field, .. } | Edit::RemoveField { field, .. } => {
            !["Type", "AssetID", "Slug"].iter().any(|name| same_name(name, field))
        }
        Edit::Splice { .. } => false,
    })
}
