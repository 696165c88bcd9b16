//! The weaving itself: one layer after the other, each as one set of splices.

use super::allow::{allows, touched};
use super::mint::Mint;
use super::trace::Trace;
use super::{Dropped, EditRef, Layer, Refused, Value, Weave, Why, Woven};
use crate::duration::Duration;
use crate::edit::{Anchor, CueAddress, Declares, Edit, Guard, Located, digest};
use crate::field::{canonical_name, is_placeholder, same_name};
use crate::front::Opening;
use crate::guard::{self, Declared};
use crate::item::Document;
use crate::text::{Splice, apply};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// The text between two layers, and everything to be told about it.
pub(super) struct Loom<'w, 'm> {
    weave: &'w Weave<'w>,
    first: Document<'w>,
    text: String,
    trace: Trace,
    mint: Mint<'m>,
    declared: Declared,
    /// Values that are ours, by target; those of this weave too.
    ours: BTreeMap<String, String>,
    wrote: BTreeMap<String, String>,
    report: Woven,
}

/// What an edit comes to in the text as it is.
enum Plan {
    Splice { splice: Splice, effect: Effect },
    Already,
    Drop(Why),
    Propose,
}

/// What is known once a splice is made.
enum Effect {
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

/// One layer while it is planned.
struct Planning<'t, 'l> {
    document: &'t Document<'t>,
    layer: &'l Layer,
    /// Targets that an edit of this layer has taken.
    taken: BTreeSet<String>,
    /// By how much the last splice that was found had moved.
    moved: isize,
    digest: OnceCell<String>,
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
            report: Woven::unchanged(weave.text),
        }
    }

    pub(super) fn layer(&mut self, index: usize, layer: &Layer) {
        let text = std::mem::take(&mut self.text);
        let document = Document::parse(&text);
        let mut planning =
            Planning { document: &document, layer, taken: BTreeSet::new(), moved: 0, digest: OnceCell::new() };
        let mut splices: Vec<Splice> = Vec::new();
        let mut covered = Covered::default();
        for (edit, wanted) in layer.edits.iter().enumerate() {
            let at = EditRef { layer: index, edit };
            match self.plan(&mut planning, wanted) {
                Plan::Splice { splice, .. } if !covered.take(&splice) => self.drop_edit(at, Why::Overlap),
                Plan::Splice { splice, effect } => {
                    splices.push(splice);
                    self.take_effect(effect);
                    self.report.applied.push(at);
                }
                Plan::Already => self.report.already.push(at),
                Plan::Drop(why) => self.drop_edit(at, why),
                Plan::Propose => self.report.proposals.push(at),
            }
        }
        // Insertions at one place keep the order of their edits.
        splices.sort_by_key(|splice| (splice.begin, splice.end));
        let woven = apply(&text, &splices).expect("planned splices lie apart in the text they were planned in");
        self.trace.follow(&splices);
        self.text = woven;
    }

    fn drop_edit(&mut self, edit: EditRef, why: Why) {
        self.report.dropped.push(Dropped { edit, why });
    }

    fn plan(&mut self, planning: &mut Planning<'_, '_>, edit: &Edit) -> Plan {
        if let Opening::Unterminated(_) = planning.document.opening {
            return Plan::Drop(Why::FrontMatter("the front matter is never closed".to_owned()));
        }
        match edit {
            Edit::SetKey { key, value, was, guard } => self.plan_key(planning, key, value, was, *guard),
            Edit::SetField { cue, field, value, was, guard } => {
                self.plan_field(planning, cue, field, Some(value), was, *guard)
            }
            Edit::RemoveField { cue, field, was, guard } => self.plan_field(planning, cue, field, None, was, *guard),
            Edit::Splice { at, new, declares } => self.plan_splice(planning, at, new, declares),
        }
    }

    fn plan_key(&mut self, planning: &mut Planning<'_, '_>, key: &str, value: &str, was: &str, guard: Guard) -> Plan {
        let target = format!("{}.{key}", self.weave.kind.word());
        if !allows(&planning.layer.may_edit, &target) {
            return Plan::Propose;
        }
        let Some(front) = planning.document.front() else {
            return Plan::Drop(Why::FrontMatter("the file has no front matter".to_owned()));
        };
        let place = format!("key {}", key.to_ascii_lowercase());
        let now = front.text(key).unwrap_or_default();
        if same_value(&now, &self.mint.known(value, &place)) && front.get(key).is_some() {
            return Plan::Already;
        }
        if let Err(why) = self.judge(&target, &now, was, guard) {
            return Plan::Drop(why);
        }
        if !planning.taken.insert(target.to_ascii_lowercase()) {
            return Plan::Drop(Why::Overlap);
        }
        let Some(value) = self.mint.fill(value, &place) else { return Plan::Drop(Why::NoId) };
        match front.set(key, &value, planning.document.newline) {
            Ok(splice) => {
                Plan::Splice { splice, effect: Effect::Wrote { target, value, declares: None, renames: None } }
            }
            Err(refusal) => Plan::Drop(Why::FrontMatter(refusal.to_string())),
        }
    }

    /// `value`: `None` removes the field.
    fn plan_field(
        &mut self,
        planning: &mut Planning<'_, '_>,
        address: &CueAddress,
        field: &str,
        value: Option<&String>,
        was: &str,
        guard: Guard,
    ) -> Plan {
        let document = planning.document;
        let name = canonical_name(field).unwrap_or(field);
        if !allows(&planning.layer.may_edit, &format!("cue.{name}")) {
            return Plan::Propose;
        }
        let Some(index) = address.find(document, &self.mint.bound) else { return Plan::Drop(Why::NoCue) };
        let cue = &document.cues[index];
        let place = address.key();
        let now = cue.decode(name, cue.value(name));
        let stands = match value {
            Some(value) => cue.field(name).is_some() && same_value(&now, &self.mint.known(value, &place)),
            None => cue.field(name).is_none(),
        };
        if stands {
            return Plan::Already;
        }
        let room = target_room(document, index);
        let target = format!("{room}.{name}");
        if let Err(why) = self.judge(&target, &now, was, guard) {
            return Plan::Drop(why);
        }
        if !planning.taken.insert(format!("{index}.{}", name.to_ascii_lowercase())) {
            return Plan::Drop(Why::Overlap);
        }
        let declares = self.trace.cue_in(&self.first, &cue.begin).map(|first| (first, name.to_owned()));
        let (splice, value) = match value {
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

    fn plan_splice(&mut self, planning: &mut Planning<'_, '_>, at: &Anchor, new: &str, declares: &Declares) -> Plan {
        let document = planning.document;
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
        if touched(document, self.weave.kind, &splice).iter().any(|target| !allows(&planning.layer.may_edit, target)) {
            return Plan::Propose;
        }
        if document.front().is_some_and(|front| splice.begin < front.span.end && !front.is_writable()) {
            return Plan::Drop(Why::FrontMatter("the front matter has a line that is no \"key: value\"".to_owned()));
        }
        let Some(new) = self.mint.fill(new, &place) else { return Plan::Drop(Why::NoId) };
        let cue = document.cues.iter().find(|cue| cue.span().covers(splice.span()));
        let first = cue.and_then(|cue| self.trace.cue_in(&self.first, &cue.begin));
        let fields =
            first.map_or_else(Vec::new, |first| declares.fields.iter().map(|field| (first, field.clone())).collect());
        let moved = declares.moves_prose.then(|| at.old.clone());
        Plan::Splice { splice: at.splice_at(found, &new), effect: Effect::Declared { fields, moved } }
    }

    /// Whether a value may be replaced: it is the expected one, and where that is asked for, nobody's but ours.
    fn judge(&self, target: &str, now: &str, was: &str, guard: Guard) -> Result<(), Why> {
        let empty = is_empty(target, now);
        if !same_value(now, was) && !(empty && is_empty(target, was)) {
            let owned = |text: &str| text.trim().to_owned();
            return Err(Why::Changed { target: target.to_owned(), was: owned(was), now: owned(now) });
        }
        let ours = || self.ours.get(target).is_some_and(|ours| same_value(ours, now));
        if guard == Guard::OursOrEmpty && !empty && !is_always_ours(target) && !ours() {
            return Err(Why::Persons { target: target.to_owned(), now: now.trim().to_owned() });
        }
        Ok(())
    }

    fn take_effect(&mut self, effect: Effect) {
        match effect {
            Effect::Wrote { target, value, declares, renames } => {
                self.declared.changed.extend(declares);
                self.ours.insert(target.clone(), value.clone());
                self.wrote.insert(target, value);
                if let Some((old, new)) = renames {
                    rename(&mut self.ours, &old, &new);
                    rename(&mut self.wrote, &old, &new);
                }
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
                let target = format!("{}.{}", target_room(&last, index), field.name());
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
        self.report.minted = self.mint.minted.into_iter().filter(|minted| self.text.contains(&minted.id)).collect();
        self.report.text = self.text;
        self.report
    }
}

/// What the targets of a cue without an id of its own begin with; they are good for one weave only.
const UNNAMED: &str = "cue at ";

/// `cue:SOTMSA79Z40K3TT1E`, or a name for this weave.
fn target_room(document: &Document<'_>, index: usize) -> String {
    match CueAddress::of(document, index) {
        CueAddress::Id { id } => format!("cue:{id}"),
        place @ CueAddress::Place { .. } => format!("{UNNAMED}{}", place.key()),
    }
}

fn rename(values: &mut BTreeMap<String, String>, old: &str, new: &str) {
    let of_cue = |target: &String| target.strip_prefix(old).is_some_and(|rest| rest.starts_with('.'));
    let found: Vec<String> = values.keys().filter(|target| of_cue(target)).cloned().collect();
    for target in found {
        let value = values.remove(&target).expect("the key was just found");
        values.insert(format!("{new}{}", &target[old.len()..]), value);
    }
}

/// What the splices of a layer cover so far.
#[derive(Default)]
struct Covered {
    /// Replaced bytes, by beginning.
    spans: BTreeMap<usize, usize>,
    insertions: BTreeSet<usize>,
}

impl Covered {
    /// Takes the bytes of a splice, unless they are taken. Insertions may stand at either end of what is replaced.
    fn take(&mut self, splice: &Splice) -> bool {
        let (begin, end) = (splice.begin, splice.end);
        let runs_into = |(&other, &other_end): (&usize, &usize)| other_end > begin && other < end;
        if self.spans.range(..end).next_back().is_some_and(runs_into)
            || (begin < end && self.insertions.range(begin + 1..end).next().is_some())
        {
            return false;
        }
        if begin == end {
            self.insertions.insert(begin);
        } else {
            self.spans.insert(begin, end);
        }
        true
    }
}

/// As people see values: white space at the ends and the kind of line ends do not count.
fn same_value(a: &str, b: &str) -> bool {
    a.trim()
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .eq(b.trim().split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)))
}

/// Nothing, a placeholder, or a duration of zero in the front matter (spec 10.3 #3).
fn is_empty(target: &str, value: &str) -> bool {
    let key = target.split_once('.').map_or("", |(_, key)| key);
    let is_duration = !target.starts_with("cue") && key.eq_ignore_ascii_case("duration");
    is_placeholder(value) || (is_duration && Duration::of(value) == Some(Duration::ZERO))
}

/// Of all values only this one is never a person's.
fn is_always_ours(target: &str) -> bool {
    target.eq_ignore_ascii_case("info.total_runtime")
}
