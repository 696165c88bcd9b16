//! A whole new text as edits, for programs that return one.

use super::{Declares, Edit};
use crate::item::Document;
use crate::text::{Span, Splice, apply};
use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Above this a text is compared as one piece: its beginning and end that stay, and what lies between them.
const LINES_COMPARED_MAX: usize = 20_000;

/// The edits that make `old` into `new`: keys and fields where a change lies wholly inside one, splices elsewhere.
///
/// Weaving them into `old`, with everything allowed, gives `new` byte for byte.
pub fn diff_to_edits(old: &str, new: &str) -> Vec<Edit> {
    let document = Document::parse(old);
    let mut edits = Vec::new();
    let mut splices = Vec::new();
    for splice in changed(old, new) {
        match as_key(&document, &splice).or_else(|| as_field(&document, &splice)) {
            Some(edit) => edits.push(edit),
            None => splices.push((splice, Declares::default())),
        }
    }
    edits.extend(Edit::splices(old, &splices));
    edits
}

/// The splices from `old` to `new`, each as small as it can be.
fn changed(old: &str, new: &str) -> Vec<Splice> {
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    if old_lines.len().max(new_lines.len()) > LINES_COMPARED_MAX {
        return shrink(old, &Splice::new(Span::new(0, old.len()), new)).into_iter().collect();
    }
    let (old_at, new_at) = (offsets(&old_lines), offsets(&new_lines));
    let mut splices = Vec::new();
    for op in capture_diff_slices(Algorithm::Patience, &old_lines, &new_lines) {
        let (tag, old_range, new_range) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            continue;
        }
        let mut push = |old_lines: std::ops::Range<usize>, new_lines: std::ops::Range<usize>| {
            let span = Span::new(old_at[old_lines.start], old_at[old_lines.end]);
            let text = &new[new_at[new_lines.start]..new_at[new_lines.end]];
            splices.extend(shrink(old, &Splice::new(span, text)));
        };
        if old_range.len() == new_range.len() {
            // Line by line, so that each changed field is a change of its own.
            old_range.zip(new_range).for_each(|(old, new)| push(old..old + 1, new..new + 1));
        } else {
            push(old_range, new_range);
        }
    }
    splices
}

/// Where each line begins, and where the text ends.
fn offsets(lines: &[&str]) -> Vec<usize> {
    let mut at = 0;
    let begins = lines.iter().map(|line| {
        at += line.len();
        at
    });
    std::iter::once(0).chain(begins).collect()
}

/// Without what both sides have in common at their ends; nothing when that is all of it.
fn shrink(old: &str, splice: &Splice) -> Option<Splice> {
    let (from, to) = (&old[splice.begin..splice.end], splice.text.as_str());
    let common = |a: &mut dyn Iterator<Item = (char, char)>| -> usize {
        a.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let head = common(&mut from.chars().zip(to.chars()));
    let tail = common(&mut from[head..].chars().rev().zip(to[head..].chars().rev()));
    let span = Span::new(splice.begin + head, splice.end - tail);
    let text = &to[head..to.len() - tail];
    (!span.is_empty() || !text.is_empty()).then(|| Splice::new(span, text))
}

/// The change as a key's, when writing that key would change exactly these bytes.
fn as_key(document: &Document<'_>, splice: &Splice) -> Option<Edit> {
    let front = document.front()?;
    let entry = front.entries.iter().find(|entry| entry.raw.span().covers(splice.span()))?;
    let raw = apply_inside(entry.raw.text, entry.raw.begin, splice)?;
    let line = format!("---\n{}: {raw}\n---\n", entry.key.text);
    let value = Document::parse(&line).front()?.text(entry.key.text)?.into_owned();
    let written = front.set(entry.key.text, &value, document.newline).ok()?;
    (shrink(document.text, &written)? == *splice).then(|| Edit::set_key(document, entry.key.text, value))
}

/// The change as a field's, when writing that field would change exactly these bytes.
fn as_field(document: &Document<'_>, splice: &Splice) -> Option<Edit> {
    let index = document.cues.iter().position(|cue| cue.body.span().covers(splice.span()))?;
    let cue = &document.cues[index];
    let field = cue.fields().iter().find(|field| field.value.span().covers(splice.span()))?;
    let raw = apply_inside(field.value.text, field.value.begin, splice)?;
    let name = field.label.text;
    let value = cue.decode(name, &raw).into_owned();
    let written = cue.set(document.text, document.newline, name, &value)?;
    (shrink(document.text, &written)? == *splice).then(|| Edit::set_field(document, index, name, value))
}

fn apply_inside(text: &str, begin: usize, splice: &Splice) -> Option<String> {
    let inside = Splice { begin: splice.begin - begin, end: splice.end - begin, text: splice.text.clone() };
    apply(text, &[inside]).ok()
}
