//! What sequences are made of: lines, cues, and the words of lines.

use super::sequence::{Cut, Grain, Sequences, Side, Step, Token, Weight};
use super::three::Three;
use crate::inline::tag_length;
use crate::text::{Slice, Span};
use std::collections::HashMap;
use std::ops::Range;

/// By what two bits are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key<'t> {
    Line(&'t str),
    /// The same cue, whatever stands in it.
    Cue(usize),
    /// A cue of which there are several that nothing tells apart, by its text.
    Twin(&'t str),
    Word(&'t str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bit<'t> {
    pub key: Key<'t>,
    pub slice: Slice<'t>,
}

/// Where both sides changed the same, in each of the three texts.
pub(super) type Place = Three<Span>;

/// The lines of a text as bits.
pub(super) fn lines<'t>(text: Slice<'t>) -> Vec<Bit<'t>> {
    let mut begin = text.begin;
    let line = |line: &'t str| {
        let slice = Slice { begin, text: line };
        begin = slice.end();
        Bit { key: Key::Line(line), slice }
    };
    text.text.split_inclusive('\n').map(line).collect()
}

/// Three sequences of bits as one, or the places where they contradict each other.
///
/// `in_lines`: where both changed a line, its words are looked at.
pub(super) fn merge<'t>(bits: &Three<Vec<Bit<'t>>>, cut: Cut, in_lines: bool) -> Result<Vec<Bit<'t>>, Vec<Place>> {
    let mut merged = Vec::new();
    let mut clashes = Vec::new();
    for step in steps(bits, cut) {
        match step {
            Step::Take(side, range) => merged.extend_from_slice(&of(bits, side)[range]),
            Step::Clash(ranges) => {
                let part = Three::new(
                    bits.base[ranges.base.clone()].to_vec(),
                    bits.ours[ranges.ours.clone()].to_vec(),
                    bits.theirs[ranges.theirs.clone()].to_vec(),
                );
                match in_lines.then(|| by_words(&part)).flatten() {
                    Some(words) => merged.extend(words),
                    None => clashes.push(Three::new(
                        span(&bits.base, &ranges.base),
                        span(&bits.ours, &ranges.ours),
                        span(&bits.theirs, &ranges.theirs),
                    )),
                }
            }
        }
    }
    if clashes.is_empty() { Ok(merged) } else { Err(clashes) }
}

/// A text by its lines, without looking into them.
pub(super) fn merge_lines(texts: Three<Slice<'_>>) -> Result<String, Vec<Place>> {
    if let Some(picked) = texts.pick_text() {
        return Ok(picked.text.to_owned());
    }
    let lines = texts.map(lines);
    let merged = merge(&lines, Cut::Whole, false)?;
    Ok(merged.iter().map(|bit| bit.slice.text).collect())
}

/// A larger passage that both sides changed is not looked into.
const WORDS_MAX: usize = 10_000;
const WORDS_BYTES_MAX: usize = 1 << 17;

fn by_words<'t>(bits: &Three<Vec<Bit<'t>>>) -> Option<Vec<Bit<'t>>> {
    let is_large = |bits: &Vec<Bit<'_>>| bits.iter().map(|bit| bit.slice.text.len()).sum::<usize>() > WORDS_BYTES_MAX;
    if [&bits.base, &bits.ours, &bits.theirs].into_iter().any(is_large) {
        return None;
    }
    let words = bits.as_ref().map(|bits| bits.iter().copied().flat_map(words).collect::<Vec<_>>());
    if [&words.base, &words.ours, &words.theirs].iter().any(|words| words.len() > WORDS_MAX) {
        return None;
    }
    let (tokens, weights) = tokens(&words);
    let sequences = Sequences {
        tokens: tokens.as_ref().map(Vec::as_slice),
        weights: &weights,
        grain: Grain::Words,
        cut: Cut::Whole,
    };
    if let Some(side) = sequences.fuller() {
        return Some(of(&words, side).to_vec());
    }
    let mut merged = Vec::new();
    for step in sequences.merge() {
        match step {
            Step::Take(side, range) => merged.extend_from_slice(&of(&words, side)[range]),
            Step::Clash(_) => return None,
        }
    }
    Some(merged)
}

fn steps(bits: &Three<Vec<Bit<'_>>>, cut: Cut) -> Vec<Step> {
    let (tokens, weights) = tokens(bits);
    Sequences { tokens: tokens.as_ref().map(Vec::as_slice), weights: &weights, grain: Grain::Lines, cut }.merge()
}

fn of<'b, 't>(bits: &'b Three<Vec<Bit<'t>>>, side: Side) -> &'b [Bit<'t>] {
    match side {
        Side::Base => &bits.base,
        Side::Ours => &bits.ours,
        Side::Theirs => &bits.theirs,
    }
}

fn tokens<'t>(bits: &Three<Vec<Bit<'t>>>) -> (Three<Vec<Token>>, Vec<Weight>) {
    let mut numbers: HashMap<Key<'t>, Token> = HashMap::new();
    let mut weights = Vec::new();
    let mut number = |bit: &Bit<'t>| {
        *numbers.entry(bit.key).or_insert_with(|| {
            weights.push(weight(bit.key));
            weights.len() as Token - 1
        })
    };
    let tokens = bits.as_ref().map(|bits| bits.iter().map(&mut number).collect());
    (tokens, weights)
}

fn weight(key: Key<'_>) -> Weight {
    match key {
        Key::Cue(_) | Key::Twin(_) => Weight::Full,
        Key::Line(line) if line.trim().is_empty() => Weight::Light,
        Key::Line(_) => Weight::Full,
        Key::Word("\n" | "\r\n") => Weight::Break,
        Key::Word(word) if word.starts_with(is_of_word) || word.len() > 1 && word.starts_with('<') => Weight::Full,
        Key::Word(_) => Weight::Light,
    }
}

/// A line as its words, blanks, tags and marks; a cue as it is.
fn words(bit: Bit<'_>) -> Vec<Bit<'_>> {
    let Key::Line(line) = bit.key else { return vec![bit] };
    let mut words = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let run = |of: fn(char) -> bool| rest.find(|c| !of(c)).unwrap_or(rest.len());
        let length = match rest.chars().next() {
            Some('<') => tag_length(rest).unwrap_or(1),
            Some('\r') if rest.starts_with("\r\n") => 2,
            Some(c) if is_of_word(c) => run(is_of_word),
            Some(' ' | '\t') => run(|c| matches!(c, ' ' | '\t')),
            Some(c) => c.len_utf8(),
            None => break,
        };
        let slice = bit.slice.part(at, at + length);
        words.push(Bit { key: Key::Word(slice.text), slice });
        at += length;
    }
    words
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\'' | '’' | '_')
}

/// What a range of bits covers; an empty one stands before the bit that follows.
fn span(bits: &[Bit<'_>], range: &Range<usize>) -> Span {
    let end_of = |at: usize| bits.get(at).map_or(0, |bit| bit.slice.end());
    let begin = bits.get(range.start).map_or_else(|| end_of(bits.len().wrapping_sub(1)), |bit| bit.slice.begin);
    Span::new(begin, if range.is_empty() { begin } else { end_of(range.end - 1) })
}
