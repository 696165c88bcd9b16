//! What one edit comes to in the text as it is.

use super::allow::{INFO_BODY, allows, touched};
use super::covered::Covered;
use super::loom::Loom;
use super::target::{is_always_ours, is_empty, room_of, same_value};
use super::{FileKind, Why};
use crate::cue::field_rank;
use crate::edit::{Anchor, CueAddress, Declares, Edit, Guard, Located, digest};
use crate::field::{canonical_name, folded, same_name};
use crate::item::Document;
use crate::text::Splice;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// What an edit comes to in the text as it is.
pub(super) enum Plan {
    Splice { splice: Splice, effect: Effect },
    Already,
    Drop(Why),
    Propose,
}

/// What is known once a splice is made.
pub(super) enum Effect {
    /// A value stands at a target; an AssetID also renames the targets of its cue.
    Wrote {
        target: String,
        value: String,
        declares: Option<(usize, String)>,
        renames: Option<(String, String)>,
    },
    Declared {
        fields: Vec<(usize, String)>,
        moved: Option<String>,
    },
}

/// Layers while they are planned in one text.
pub(super) struct Planning<'t> {
    pub(super) document: &'t Document<'t>,
    /// Keys and fields that an edit has taken.
    pub(super) taken: BTreeSet<String>,
    /// By how much the last splice that was found had moved.
    pub(super) moved: isize,
    pub(super) digest: OnceCell<String>,
    pub(super) covered: Covered,
    /// Splices, and where insertions at one place stand among each other.
    pub(super) planned: Vec<(Splice, usize)>,
}

impl<'t> Planning<'t> {
    pub(super) fn new(document: &'t Document<'t>) -> Self {
        Self {
            document,
            taken: BTreeSet::new(),
            moved: 0,
            digest: OnceCell::new(),
            covered: Covered::default(),
            planned: Vec::new(),
        }
    }

    /// In the order of the text. Insertions at one place stand by rank, then in the order of their edits.
    pub(super) fn splices(self) -> Vec<Splice> {
        let mut planned = self.planned;
        planned.sort_by_key(|(splice, rank)| (splice.begin, splice.end, *rank));
        planned.into_iter().map(|(splice, _)| splice).collect()
    }
}

/// What a step wishes for one value.
struct Wish<'e> {
    /// `None`: that it goes.
    value: Option<&'e str>,
    was: &'e str,
    guard: Guard,
}

impl Loom<'_, '_> {
    pub(super) fn plan(&mut self, planning: &mut Planning<'_>, may_edit: &[String], edit: &Edit) -> Plan {
        match edit {
            Edit::SetKey { key, value, was, guard } => {
                self.plan_key(planning, may_edit, key, &Wish { value: Some(value), was, guard: *guard })
            }
            Edit::SetField { cue, field, value, was, guard } => {
                self.plan_field(planning, may_edit, cue, field, &Wish { value: Some(value), was, guard: *guard })
            }
            Edit::RemoveField { cue, field, was, guard } => {
                self.plan_field(planning, may_edit, cue, field, &Wish { value: None, was, guard: *guard })
            }
            Edit::Splice { at, new, declares } => self.plan_splice(planning, may_edit, at, new, declares),
        }
    }

    fn plan_key(&mut self, planning: &mut Planning<'_>, may_edit: &[String], key: &str, wish: &Wish<'_>) -> Plan {
        let target = format!("{}.{key}", self.weave.kind.word());
        if !allows(may_edit, &target) {
            return Plan::Propose;
        }
        let Some(front) = planning.document.front() else {
            return Plan::Drop(Why::FrontMatter("the file has no front matter".to_owned()));
        };
        let place = format!("key {}", key.to_ascii_lowercase());
        let now = front.text(key).unwrap_or_default();
        if !planning.taken.insert(taken_key(key)) {
            return Plan::Drop(Why::Overlap);
        }
        let value = wish.value.unwrap_or_default();
        if same_value(&now, &self.mint.known(value, &place)) {
            return Plan::Already;
        }
        if let Err(why) = self.judge(&target, &now, wish, || false) {
            return Plan::Drop(why);
        }
        let Some(value) = self.mint.fill(value, &place) else { return Plan::Drop(Why::NoId) };
        match front.set(key, &value, planning.document.newline) {
            Ok(splice) => {
                Plan::Splice { splice, effect: Effect::Wrote { target, value, declares: None, renames: None } }
            }
            Err(refusal) => Plan::Drop(Why::FrontMatter(refusal.to_string())),
        }
    }

    fn plan_field(
        &mut self,
        planning: &mut Planning<'_>,
        may_edit: &[String],
        address: &CueAddress,
        field: &str,
        wish: &Wish<'_>,
    ) -> Plan {
        let document = planning.document;
        let name = canonical_name(field).unwrap_or(field);
        let permission = match self.weave.kind {
            FileKind::Item => format!("cue.{name}"),
            FileKind::Info => INFO_BODY.to_owned(),
        };
        if !allows(may_edit, &permission) {
            return Plan::Propose;
        }
        let Some(index) = address.find(document, &self.mint.bound) else { return Plan::Drop(Why::NoCue) };
        let cue = &document.cues[index];
        let place = address.key();
        let now = cue.decode(name, cue.value(name));
        if !planning.taken.insert(taken_field(index, name)) {
            return Plan::Drop(Why::Overlap);
        }
        let stands = match wish.value {
            Some(value) => same_value(&now, &self.mint.known(value, &place)),
            None => cue.field(name).is_none(),
        };
        if stands {
            return Plan::Already;
        }
        let room = room_of(document, index);
        let target = format!("{room}.{name}");
        let is_made = || self.trace.is_new(&cue.begin);
        if let Err(why) = self.judge(&target, &now, wish, is_made) {
            return Plan::Drop(why);
        }
        let declares = self.trace.cue_in(&self.first, &cue.begin).map(|first| (first, name.to_owned()));
        let (splice, value) = match wish.value {
            None => (cue.remove(document.text, name), String::new()),
            Some(value) => {
                let Some(value) = self.mint.fill(value, &place) else { return Plan::Drop(Why::NoId) };
                (cue.set(document.text, document.newline, name, &value), value)
            }
        };
        let renames = same_name(name, "AssetID").then(|| (room, format!("cue:{value}")));
        match splice {
            Some(splice) => Plan::Splice { splice, effect: Effect::Wrote { target, value, declares, renames } },
            None => Plan::Drop(Why::DoesNotFit { field: name.to_owned() }),
        }
    }

    fn plan_splice(
        &mut self,
        planning: &mut Planning<'_>,
        may_edit: &[String],
        at: &Anchor,
        new: &str,
        declares: &Declares,
    ) -> Plan {
        let document = planning.document;
        // What changes nothing must not stand in the way of what does.
        if at.old == new {
            return Plan::Already;
        }
        let place = at.key(new);
        let known = self.mint.known(new, &place);
        let text_digest = || planning.digest.get_or_init(|| digest(document.text)).clone();
        let found = match at.locate(document.text, &known, planning.moved, text_digest) {
            Located::At(found) => found,
            Located::Already => return Plan::Already,
            Located::Nowhere => return Plan::Drop(Why::NoPlace),
        };
        planning.moved = found as isize - at.begin as isize;
        let splice = at.splice_at(found, new);
        if touched(document, self.weave.kind, &splice).iter().any(|target| !allows(may_edit, target)) {
            return Plan::Propose;
        }
        if document.front().is_some_and(|front| splice.begin < front.span.end && !front.is_writable()) {
            return Plan::Drop(Why::FrontMatter("the front matter has a line that is no \"key: value\"".to_owned()));
        }
        let Some(new) = self.mint.fill(new, &place) else { return Plan::Drop(Why::NoId) };
        let next = document.cues.partition_point(|cue| cue.span().begin <= splice.begin);
        let cue = document.cues[..next].last().filter(|cue| cue.span().covers(splice.span()));
        let first = cue.and_then(|cue| self.trace.cue_in(&self.first, &cue.begin));
        let fields =
            first.map_or_else(Vec::new, |first| declares.fields.iter().map(|field| (first, field.clone())).collect());
        let moved = declares.moves_prose.then(|| at.old.clone());
        Plan::Splice { splice: at.splice_at(found, &new), effect: Effect::Declared { fields, moved } }
    }

    /// Whether a value may be replaced: it is the expected one, and where that is asked for, nobody's but ours.
    /// `is_made`: it stands in a cue that this weave made.
    fn judge(&self, target: &str, now: &str, wish: &Wish<'_>, is_made: impl Fn() -> bool) -> Result<(), Why> {
        let empty = is_empty(target, now);
        let expected = same_value(now, wish.was) || (empty && is_empty(target, wish.was));
        if !expected {
            let owned = |text: &str| text.trim().to_owned();
            return Err(Why::Changed { target: target.to_owned(), was: owned(wish.was), now: owned(now) });
        }
        let ours = || self.ours.get(target).is_some_and(|ours| same_value(ours, now));
        if wish.guard == Guard::OursOrEmpty && !empty && !is_always_ours(target) && !ours() && !is_made() {
            return Err(Why::Persons { target: target.to_owned(), now: now.trim().to_owned() });
        }
        Ok(())
    }
}

pub(super) fn taken_key(key: &str) -> String {
    format!("key {}", key.to_ascii_lowercase())
}

pub(super) fn taken_field(index: usize, field: &str) -> String {
    format!("{index} {}", folded(field).collect::<String>())
}

/// Fields that are new at one place stand as they would in a new cue.
pub(super) fn rank(edit: &Edit) -> usize {
    match edit {
        Edit::SetField { field, .. } => field_rank(field),
        _ => 0,
    }
}
