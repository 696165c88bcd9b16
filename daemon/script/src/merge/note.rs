//! One of the three texts, taken apart: front matter, and a body of lines and cues.

use super::keyed::{Item, List};
use crate::field::{folded, strip_quotes};
use crate::front::{Entry, Front, ValueStyle};
use crate::item::Document;
use crate::text::{Slice, fold_white};
use std::collections::HashSet;

pub(super) struct Note<'t> {
    pub document: Document<'t>,
    pub elements: Vec<Element<'t>>,
}

/// Whole lines of the body: one line, or those of one cue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'t> {
    pub slice: Slice<'t>,
    /// Its place among the cues of the document. `None` also for each line of a cue that shares a line with another.
    pub cue: Option<usize>,
}

impl<'t> Note<'t> {
    pub fn read(text: &'t str) -> Self {
        let document = Document::parse(text);
        let elements = elements(&document);
        Self { document, elements }
    }

    /// The front matter with its fences; empty where there is none.
    pub fn front(&self) -> Slice<'t> {
        self.document.front().map_or_else(Slice::default, |front| self.document.slice(front.span))
    }

    /// The lines of each cue that is an element, with its place among all cues.
    pub fn cues(&self) -> impl Iterator<Item = (usize, Slice<'t>)> {
        self.elements.iter().filter_map(|element| element.cue.map(|cue| (cue, element.slice)))
    }

    /// The lines of the cue at this place, which is an element.
    pub fn cue_lines(&self, place: usize) -> Slice<'t> {
        let at = self.elements.partition_point(|element| element.slice.end() <= self.document.cues[place].span().begin);
        self.elements[at].slice
    }
}

fn elements<'t>(document: &Document<'t>) -> Vec<Element<'t>> {
    let text = document.text;
    let mut elements = Vec::new();
    let mut at = document.body.begin;
    let mut before = at;
    let mut begins = document.cues.iter().skip(1).map(|cue| cue.begin.span.begin);
    for (index, cue) in document.cues.iter().enumerate() {
        let span = cue.span();
        let next = begins.next().unwrap_or(text.len());
        // Looked for between the neighbours only: a line with thousands of cues is looked at once.
        let from = std::mem::replace(&mut before, span.end).max(at);
        let begin = match text[from..span.begin].rfind('\n') {
            Some(line_end) => from + line_end + 1,
            None if from == at => at,
            None => continue,
        };
        let end = match memchr::memchr(b'\n', &text.as_bytes()[span.end..next]) {
            Some(line_end) => span.end + line_end + 1,
            None if next == text.len() => next,
            None => continue,
        };
        if !text[begin..span.begin].trim().is_empty() {
            continue;
        }
        push_lines(&mut elements, Slice::of(text, at, begin));
        elements.push(Element { slice: Slice::of(text, begin, end), cue: Some(index) });
        at = end;
    }
    push_lines(&mut elements, Slice::of(text, at, text.len()));
    elements
}

fn push_lines<'t>(elements: &mut Vec<Element<'t>>, part: Slice<'t>) {
    let mut begin = part.begin;
    for line in part.text.split_inclusive('\n') {
        elements.push(Element { slice: Slice { begin, text: line }, cue: None });
        begin += line.len();
    }
}

/// Something with keys in it, between a first and a last line: front matter, or a cue.
#[derive(Debug, Default)]
pub(super) struct Block<'t> {
    pub open: Slice<'t>,
    pub list: List<'t>,
    pub close: Slice<'t>,
}

/// Front matter by keys; nothing where a line is no key's or a key stands twice.
pub(super) fn front_block<'t>(document: &Document<'t>) -> Option<Block<'t>> {
    let Some(front) = document.front() else { return Some(Block::default()) };
    if !front.is_writable() || repeats(front.entries.iter().map(|entry| entry.key.text.to_ascii_lowercase())) {
        return None;
    }
    let part = |begin, end| Slice::of(document.text, begin, end);
    let mut at = front.inside.begin;
    let items = front.entries.iter().map(|entry| {
        let lead = part(at, entry.lines.begin);
        at = entry.lines.end;
        Item {
            name: entry.key.text.to_ascii_lowercase(),
            lead,
            label: entry.key,
            gap: part(entry.key.end(), entry.raw.begin),
            value: entry.raw,
            after: part(entry.raw.end(), entry.lines.end),
            lines: has_lines(entry).then(|| part(entry.raw.begin, entry.lines.end)),
            meaning: entry.text().into_owned(),
            rank: 0,
        }
    });
    let items = items.collect();
    let tail = part(at, front.close);
    Some(Block { open: opening(document, front), list: List { items, tail }, close: part(front.close, front.span.end) })
}

/// Names below each other, notes: what two people add to in two places.
fn has_lines(entry: &Entry<'_>) -> bool {
    matches!(entry.style, ValueStyle::Block | ValueStyle::List) && entry.spans_lines()
}

fn opening<'t>(document: &Document<'t>, front: &Front<'t>) -> Slice<'t> {
    Slice::of(document.text, front.span.begin, front.inside.begin)
}

/// A cue by its fields; nothing where a field shares its line, stands twice, or is a piece of another one.
pub(super) fn cue_block<'t>(document: &Document<'t>, index: usize, lines: Slice<'t>) -> Option<Block<'t>> {
    let cue = &document.cues[index];
    let part = |begin, end| Slice::of(document.text, begin, end);
    let end_of_line = |at: usize| {
        let end = at + memchr::memchr(b'\n', &document.text.as_bytes()[at..cue.end.span.begin])? + 1;
        document.text[at..end].trim().is_empty().then_some(end)
    };
    let close = document.text[..cue.end.span.begin].rfind('\n')? + 1;
    let first = end_of_line(cue.body.begin.min(cue.end.span.begin))?;
    if close < first || !document.text[close..cue.end.span.begin].trim().is_empty() {
        return None;
    }
    let name = |label: &str| folded(label).collect::<String>();
    if repeats(cue.fields().iter().map(|field| name(field.label.text))) {
        return None;
    }
    let mut items = Vec::new();
    let mut at = first;
    for field in cue.fields() {
        let begin = document.text[..field.span.begin].rfind('\n')? + 1;
        let end = end_of_line(field.span.end)?;
        if field.inline || begin < at || !document.text[begin..field.span.begin].trim().is_empty() {
            return None;
        }
        items.push(Item {
            name: name(field.label.text),
            lead: part(at, begin),
            label: part(begin, field.label.end()),
            gap: part(field.label.end(), field.value.begin),
            value: field.value,
            after: part(field.value.end(), end),
            lines: None,
            meaning: meaning(field.value.text),
            rank: crate::cue::field_rank(field.label.text),
        });
        at = end;
    }
    let tail = part(at, close);
    Some(Block { open: part(lines.begin, first), list: List { items, tail }, close: part(close, lines.end()) })
}

/// What counts of a field's value, as for the loss guard.
pub(super) fn meaning(value: &str) -> String {
    fold_white(strip_quotes(value))
}

fn repeats(names: impl Iterator<Item = String>) -> bool {
    let mut seen = HashSet::new();
    names.into_iter().any(|name| !seen.insert(name))
}
