//! Keys with values: front matter by its keys, a cue by its fields.
//!
//! The order of keys says nothing, so two new ones never contradict each other, and a side that only sorted or quoted
//! anew does not stand in the way of one that changed a value. Comments and blank lines go with the key they stand
//! above.

use super::bit::merge_lines;
use super::three::Three;
use crate::text::{Slice, Span};
use std::collections::{BTreeMap, HashMap};

/// One key. Its slices follow each other without a gap.
#[derive(Debug, Clone)]
pub(super) struct Item<'t> {
    /// What makes it the same key.
    pub name: String,
    /// The lines above it that are no key's.
    pub lead: Slice<'t>,
    pub label: Slice<'t>,
    /// Colon and blanks.
    pub gap: Slice<'t>,
    pub value: Slice<'t>,
    /// Up to and with the line end.
    pub after: Slice<'t>,
    /// Value and line end, where its lines may be looked at one by one.
    pub lines: Option<Slice<'t>>,
    /// What the value says, however it is written.
    pub meaning: String,
    /// Which of two new ones comes first; then the name decides.
    pub rank: usize,
}

#[derive(Debug, Default)]
pub(super) struct List<'t> {
    pub items: Vec<Item<'t>>,
    /// Lines below the last key.
    pub tail: Slice<'t>,
}

/// A list made of three.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Joined {
    pub text: String,
    /// Name of each key, in order, and what it says where that is known.
    pub meanings: Vec<(String, Option<String>)>,
}

/// Where two lists contradict each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contradiction {
    /// The label of the key; `None`: lines that are no key's.
    pub key: Option<String>,
    pub spans: Three<Span>,
    /// One side took away what the other one changed.
    pub removed: bool,
}

impl Item<'_> {
    /// Whether nothing but its spelling differs.
    fn says_as(&self, other: &Item<'_>) -> bool {
        self.meaning == other.meaning && self.after.text == other.after.text && self.lead.text == other.lead.text
    }
}

impl<'t> List<'t> {
    /// Where it begins, for a contradiction that has no better place.
    fn whole(&self) -> Slice<'t> {
        self.items.first().map_or(self.tail, |item| item.lead)
    }
}

pub(super) fn merge(lists: &Three<List<'_>>) -> Result<Joined, Vec<Contradiction>> {
    let by_name = lists
        .as_ref()
        .map(|list| list.items.iter().map(|item| (item.name.as_str(), item)).collect::<HashMap<&str, &Item<'_>>>());
    let mut contradictions = Vec::new();
    let mut text = String::new();
    let mut meanings = Vec::new();
    let mut loose_lines = String::new();
    for name in order(lists, &by_name) {
        match one(by_name.as_ref().map(|items| items.get(name).copied()), lists) {
            Ok(None) => {}
            Ok(Some(entry)) => {
                text.extend([entry.lead.as_str(), &entry.line]);
                loose_lines.push_str(&entry.lead);
                meanings.push((name.to_owned(), entry.meaning));
            }
            Err(contradiction) => contradictions.push(contradiction),
        }
    }
    match merge_lines(lists.as_ref().map(|list| list.tail)) {
        Ok(tail) => {
            text.push_str(&tail);
            loose_lines.push_str(&tail);
        }
        Err(_) => contradictions.push(loose(lists.as_ref().map(|list| list.tail))),
    }
    if contradictions.is_empty() && is_doubled(lists, &loose_lines) {
        contradictions.push(loose(lists.as_ref().map(List::whole)));
    }
    if contradictions.is_empty() { Ok(Joined { text, meanings }) } else { Err(contradictions) }
}

/// The names of all keys in the order that they get.
///
/// Keys that both sides have stand as the side has them that moved some, else as they stood. A new key stays behind the
/// one that it was put behind.
fn order<'l>(lists: &'l Three<List<'_>>, by_name: &Three<HashMap<&str, &Item<'_>>>) -> Vec<&'l str> {
    let names = lists.as_ref().map(|list| list.items.iter().map(|item| item.name.as_str()).collect::<Vec<&str>>());
    let in_both = |name: &&str| by_name.ours.contains_key(name) && by_name.theirs.contains_key(name);
    let spines = names.as_ref().map(|names| names.iter().copied().filter(in_both).collect::<Vec<&str>>());
    let old = |names: &[&'l str]| -> Vec<&'l str> {
        names.iter().copied().filter(|name| by_name.base.contains_key(name)).collect()
    };
    let spine = match (old(&spines.ours) == spines.base, old(&spines.theirs) == spines.base) {
        (true, false) => spines.theirs,
        (false, true) => spines.ours,
        _ => spines.ours.min(spines.theirs),
    };
    let behind = |names: &[&'l str]| {
        let mut runs: HashMap<Option<&str>, Vec<(usize, &'l str)>> = HashMap::new();
        let mut last = None;
        for name in names {
            if in_both(name) {
                last = Some(*name);
            } else {
                let rank =
                    [&by_name.ours, &by_name.theirs].iter().find_map(|items| items.get(name)).map(|item| item.rank);
                runs.entry(last).or_default().push((rank.unwrap_or_default(), name));
            }
        }
        runs
    };
    let (mut ours, mut theirs) = (behind(&names.ours), behind(&names.theirs));
    let mut order = Vec::new();
    for place in std::iter::once(None).chain(spine.into_iter().map(Some)) {
        order.extend(place);
        let mut runs = [ours.remove(&place).unwrap_or_default(), theirs.remove(&place).unwrap_or_default()];
        runs.sort();
        order.extend(runs.into_iter().flatten().map(|(_, name)| name));
    }
    order
}

struct Entry {
    lead: String,
    line: String,
    meaning: Option<String>,
}

/// One key of three; nothing when it is gone.
fn one(items: Three<Option<&Item<'_>>>, lists: &Three<List<'_>>) -> Result<Option<Entry>, Contradiction> {
    let contradiction = |removed| {
        let known = items.ours.or(items.theirs).or(items.base).expect("a name has an item somewhere");
        let key = known.label.text.trim_start_matches(['[', ' ', '\t']).to_owned();
        let span = |item: Option<&Item<'_>>, list: &List<'_>| {
            item.map_or(Span::new(list.tail.begin, list.tail.begin), |item| {
                Span::new(item.label.begin, item.after.end())
            })
        };
        let spans =
            Three::new(span(items.base, &lists.base), span(items.ours, &lists.ours), span(items.theirs, &lists.theirs));
        Contradiction { key: Some(key), spans, removed }
    };
    let (ours, theirs) = match (items.base, items.ours, items.theirs) {
        (_, None, None) => return Ok(None),
        (None, Some(item), None) | (None, None, Some(item)) => {
            let line = [item.label, item.gap, item.value, item.after].map(|part| part.text).concat();
            return Ok(Some(Entry { lead: item.lead.text.to_owned(), line, meaning: Some(item.meaning.clone()) }));
        }
        (Some(base), Some(left), None) | (Some(base), None, Some(left)) => {
            return if left.says_as(base) { Ok(None) } else { Err(contradiction(true)) };
        }
        (_, Some(ours), Some(theirs)) => (ours, theirs),
    };
    let base = items.base;
    let lead = Three::new(base.map_or_else(Slice::default, |item| item.lead), ours.lead, theirs.lead);
    let lead = merge_lines(lead).map_err(|_| loose(lead))?;
    let label = Three::new(base.map_or_else(Slice::default, |item| item.label), ours.label, theirs.label);
    let label = label.pick_text().ok_or_else(|| contradiction(false))?.text;
    if let Some((gap, value, meaning)) = value(base, ours, theirs) {
        let after = Three::new(base.map_or_else(Slice::default, |item| item.after), ours.after, theirs.after);
        let after = after.pick_text().ok_or_else(|| contradiction(false))?;
        let line = [label, gap, value, after.text].concat();
        return Ok(Some(Entry { lead, line, meaning: Some(meaning.to_owned()) }));
    }
    let (gap, lines) = base.and_then(|base| by_lines(base, ours, theirs)).ok_or_else(|| contradiction(false))?;
    Ok(Some(Entry { lead, line: [label, gap, &lines].concat(), meaning: None }))
}

/// What stands before the value, the value, and what it says; nothing when both sides say something new.
fn value<'i>(
    base: Option<&'i Item<'_>>,
    ours: &'i Item<'_>,
    theirs: &'i Item<'_>,
) -> Option<(&'i str, &'i str, &'i str)> {
    fn spelled<'i>(item: &'i Item<'_>) -> (&'i str, &'i str, &'i str) {
        (item.gap.text, item.value.text, &item.meaning)
    }
    let spelling = Three::new(base.map(spelled), Some(spelled(ours)), Some(spelled(theirs)));
    if let Some(picked) = spelling.pick() {
        return picked;
    }
    let means = Three::new(base.map(|item| &item.meaning), Some(&ours.meaning), Some(&theirs.meaning));
    if means.ours == means.theirs {
        // Written in two ways and saying the same: any will do, as long as it is the same whoever is asked.
        return spelling.ours.min(spelling.theirs);
    }
    if means.base == means.theirs {
        spelling.ours
    } else if means.base == means.ours {
        spelling.theirs
    } else {
        None
    }
}

/// A value of several lines in all three texts, by its lines; with what stands before it, and its line end.
fn by_lines<'t>(base: &Item<'t>, ours: &Item<'t>, theirs: &Item<'t>) -> Option<(&'t str, String)> {
    let items = Three::new(base, ours, theirs);
    let gap = items.pick_by(|item| item.gap.text)?.gap.text;
    if [base, ours, theirs].iter().any(|item| item.lines.is_none()) {
        return None;
    }
    let lines = merge_lines(items.map(|item| item.lines.unwrap_or_default())).ok()?;
    Some((gap, lines))
}

fn loose(slices: Three<Slice<'_>>) -> Contradiction {
    Contradiction { key: None, spans: slices.map(|slice| slice.span()), removed: false }
}

/// Whether a line that is no key's would stand there more often than on either side: both put a key of their own
/// between it and the key it stood above.
fn is_doubled(lists: &Three<List<'_>>, merged: &str) -> bool {
    fn count<'l>(lines: impl Iterator<Item = &'l str>) -> BTreeMap<&'l str, usize> {
        let mut counts = BTreeMap::new();
        lines.filter(|line| !line.trim().is_empty()).for_each(|line| *counts.entry(line).or_default() += 1);
        counts
    }
    let in_list = lists.as_ref().map(|list| {
        let leads = list.items.iter().map(|item| item.lead.text);
        count(leads.chain([list.tail.text]).flat_map(|text| text.split_inclusive('\n')))
    });
    let allowed = |line: &str| in_list.ours.get(line).max(in_list.theirs.get(line)).copied().unwrap_or(0);
    count(merged.split_inclusive('\n')).into_iter().any(|(line, count)| count > allowed(line))
}
