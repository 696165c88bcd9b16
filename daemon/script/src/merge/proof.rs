//! The merged text, looked at as if somebody else had made it.
//!
//! Three questions: is it read as what it was made of, is every word there that a side added, and does either side lose
//! anything that the other one did not change on purpose?

use super::clash::Why;
use super::join::{Joined, JoinedCue};
use super::note::{Note, cue_block, front_block, meaning};
use super::three::Three;
use crate::cue::Cue;
use crate::guard::{Declared, compare};
use crate::item::Document;
use crate::text::{Span, Splice};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// `text` is `joined` in its frame; `files` are the three texts in theirs.
pub(super) fn prove(notes: &Three<Note<'_>>, files: Three<&str>, joined: &Joined, text: &str) -> Result<(), Why> {
    let merged = Note::read(&joined.text);
    if !reads_as(&merged, joined) {
        return Err(Why::Unclear);
    }
    if let Some(word) = lost_word(files, text) {
        return Err(Why::Loss { loss: format!("the word `{word}` would be gone, which one side added") });
    }
    if let Some(line) = lost_line(files, text) {
        return Err(Why::Loss { loss: format!("the line `{line}` would be gone, which both sides have") });
    }
    let places: Vec<usize> = merged.cues().map(|(place, _)| place).collect();
    for (note, file, side) in [(&notes.ours, files.ours, Side::Ours), (&notes.theirs, files.theirs, Side::Theirs)] {
        let mut declared = declared(notes, note, side, joined, &places);
        declared.splices = vec![Splice::new(Span::new(0, file.len()), text)];
        compare(file, text, &declared).map_err(|loss| Why::Loss { loss: loss.to_string() })?;
    }
    Ok(())
}

/// A word that a side has more often than base, and the merged text less often than it was added.
fn lost_word<'t>(files: Three<&'t str>, merged: &str) -> Option<&'t str> {
    let (base, merged) = (count(words(files.base)), count(words(merged)));
    let of_sides = count(words(files.ours)).into_iter().chain(count(words(files.theirs)));
    let mut lost = of_sides.filter(|(word, count)| count_of(&merged, word) + count_of(&base, word) < *count);
    lost.next().map(|(word, _)| word)
}

/// A line that no side took away, and that is gone all the same.
fn lost_line<'t>(files: Three<&'t str>, merged: &str) -> Option<&'t str> {
    let counts = files.map(|text| count(lines(text)));
    let merged = count(lines(merged));
    let mut lost = counts.base.iter().filter(|(line, count)| {
        let kept = count_of(&counts.ours, line).min(**count) + count_of(&counts.theirs, line).min(**count);
        count_of(&merged, line) + **count < kept
    });
    lost.next().map(|(line, _)| *line)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty())
}

fn count<'t>(parts: impl Iterator<Item = &'t str>) -> BTreeMap<&'t str, usize> {
    let mut counts = BTreeMap::new();
    parts.for_each(|part| *counts.entry(part).or_default() += 1);
    counts
}

fn count_of(counts: &BTreeMap<&str, usize>, part: &str) -> usize {
    counts.get(part).copied().unwrap_or(0)
}

/// Whether front matter and cues are found again where they were put, and say what they should.
fn reads_as(merged: &Note<'_>, joined: &Joined) -> bool {
    if merged.front().text != &joined.text[..joined.front] {
        return false;
    }
    if !joined.meanings.is_empty() {
        let Some(front) = front_block(&merged.document) else { return false };
        if !says(front.list.items.iter().map(|item| (&item.name, &item.meaning)), &joined.meanings) {
            return false;
        }
    }
    let found: Vec<_> = merged.cues().collect();
    found.len() == joined.cues.len()
        && found.iter().zip(&joined.cues).all(|((place, lines), cue)| {
            lines.text == cue.text && (cue.meanings.is_empty() || says_as(&merged.document, *place, cue, *lines))
        })
}

fn says_as(document: &Document<'_>, place: usize, cue: &JoinedCue, lines: crate::text::Slice<'_>) -> bool {
    cue_block(document, place, lines)
        .is_some_and(|block| says(block.list.items.iter().map(|item| (&item.name, &item.meaning)), &cue.meanings))
}

fn says<'m>(
    found: impl ExactSizeIterator<Item = (&'m String, &'m String)>,
    wanted: &[(String, Option<String>)],
) -> bool {
    found.len() == wanted.len()
        && found.zip(wanted).all(|((name, meaning), (wanted_name, wanted))| {
            name == wanted_name && wanted.as_ref().is_none_or(|wanted| wanted == meaning)
        })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Ours,
    Theirs,
}

/// What the other side did, as seen from this one. `places` are those of the merged cues.
fn declared(notes: &Three<Note<'_>>, note: &Note<'_>, side: Side, joined: &Joined, places: &[usize]) -> Declared {
    let mut declared = Declared::default();
    // Of several that nothing tells apart, the first is the first.
    let mut twins: HashMap<&str, VecDeque<usize>> = HashMap::new();
    let of = if side == Side::Ours { &joined.nodes.of.ours } else { &joined.nodes.of.theirs };
    for (place, lines) in note.cues().filter(|(place, _)| of[*place].is_none()) {
        twins.entry(lines.text).or_default().push_back(place);
    }
    let mut pairs = Vec::new();
    for (cue, &new) in joined.cues.iter().zip(places) {
        let old = match cue.node {
            None => twins.get_mut(cue.text.as_str()).and_then(VecDeque::pop_front),
            Some(node) => {
                let places = joined.nodes.nodes[node].places;
                let old = if side == Side::Ours { places.ours } else { places.theirs };
                if let (Some(old), Some(base)) = (old, places.base) {
                    let (old_cue, base) = (&note.document.cues[old], &notes.base.document.cues[base]);
                    declared.changed.extend(untouched(base, old_cue).map(|field| (old, field)));
                }
                old
            }
        };
        match old {
            Some(old) => pairs.push((old, new)),
            None => declared.new_cues.push(new),
        }
    }
    if !pairs.is_sorted() {
        declared.moved_cues = pairs;
    }
    declared
}

/// The fields that say what they said in base: whatever became of them, the other side did it.
fn untouched<'c>(base: &'c Cue<'_>, cue: &'c Cue<'_>) -> impl Iterator<Item = String> + 'c {
    let same = |label: &str, value: &str| {
        base.fields().iter().any(|field| field.is(label) && meaning(field.value.text) == meaning(value))
    };
    let fields = cue.fields().iter().filter(move |field| same(field.label.text, field.value.text));
    fields.map(|field| field.label.text.to_owned())
}
