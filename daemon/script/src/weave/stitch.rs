//! What a weave put where, so that the same again is known as the same, whatever else changed in the text meanwhile.
//!
//! A value is known by its target. A marker, a blank line or a word of the prose has no name: it is known by its lines,
//! and by where they stand: in the front matter, in a cue with an id that was there before, else between two lines of a
//! text that holds so many like these. So of equal cues that are typed and mended one after the other each is another
//! stitch, wherever it was typed, and what somebody undid and we make again is the same one.

use crate::edit::fnv;
use crate::id::IdClass;
use crate::item::Document;
use crate::text::{Span, Splice, line_end};
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The first so many of a text are told. Whoever undoes more than that each time undoes these too.
const STITCHES_MAX: usize = 256;
/// The next line that is not blank is looked for this far.
const BLANK_LINES_MAX: usize = 64;
/// What stands for an id that was made for this text: in the next one it would be another.
const NEW_ID: &str = "\u{0}id";

/// The stitches by which splices lead from the first text to the last, in its order. `made`: ids that may be new in it.
pub(super) fn stitches<'w>(
    first: &str,
    last: &'w Document<'w>,
    splices: &[Splice],
    made: impl Iterator<Item = &'w str>,
) -> Vec<u64> {
    // Who only wants to see how a text will look makes empty ids.
    let made: HashSet<&str> = made.map(tail).filter(|id| !id.is_empty()).collect();
    let lengths = made.iter().map(|id| id.len()).collect();
    let cloth = Cloth { last, made, lengths, counts: OnceCell::new() };
    let hunks = hunks(first, last.text, splices);
    hunks.iter().take(STITCHES_MAX).filter_map(|hunk| cloth.stitch(first, hunk)).collect()
}

/// Whole lines that stand in place of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hunk {
    old: Span,
    new: Span,
}

/// Splices of one line are one hunk.
fn hunks(first: &str, last: &str, splices: &[Splice]) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut at = Span::new(0, 0);
    for splice in splices {
        // What lies between two splices is the same in both texts.
        let begin = at.end + (splice.begin - at.begin);
        let (old, new) = (splice.span(), Span::new(begin, begin + splice.text.len()));
        at = Span::new(old.end, new.end);
        let is_whole = is_line_begin(first, old.end) && is_line_begin(last, new.end);
        let end = |text: &str, end: usize| if is_whole { end } else { (line_end(text, end) + 1).min(text.len()) };
        let old = Span::new(line_begin(first, old.begin), end(first, old.end));
        let new = Span::new(line_begin(last, new.begin), end(last, new.end));
        match hunks.last_mut() {
            Some(hunk) if old.begin < hunk.old.end || new.begin < hunk.new.end => {
                hunk.old.end = hunk.old.end.max(old.end);
                hunk.new.end = hunk.new.end.max(new.end);
            }
            _ => hunks.push(Hunk { old, new }),
        }
    }
    hunks
}

/// The woven text, as far as stitches are told apart by it.
struct Cloth<'w> {
    last: &'w Document<'w>,
    made: HashSet<&'w str>,
    /// Of new ids.
    lengths: BTreeSet<usize>,
    /// How often each line stands in it; made when somebody asks first.
    counts: OnceCell<HashMap<&'w str, usize>>,
}

impl Cloth<'_> {
    /// `None`: the lines are the same after all.
    fn stitch(&self, first: &str, hunk: &Hunk) -> Option<u64> {
        let text = self.last.text;
        let mut old: Vec<&str> = first[hunk.old.begin..hunk.old.end].split_inclusive('\n').collect();
        let mut new: Vec<&str> = text[hunk.new.begin..hunk.new.end].split_inclusive('\n').collect();
        let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
        let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(old, new)| old == new).count();
        let length = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
        let at = Span::new(hunk.new.begin + length(&new[..head]), hunk.new.end - length(&new[new.len() - tail..]));
        old = old[head..old.len() - tail].to_vec();
        new = new[head..new.len() - tail].to_vec();
        if old.is_empty() && new.is_empty() {
            return None;
        }
        let mut told = self.place(at, &new);
        // What took the place of something is known by itself, as a value is; what only went, by what it was.
        let lines = if new.is_empty() { &old } else { &new };
        told.push(if new.is_empty() { "-" } else { "+" }.to_owned());
        told.extend(lines.iter().map(|line| self.masked(line)));
        Some(fnv(told.iter().flat_map(|part| part.bytes().chain([0]))))
    }

    /// Where these lines stand, as it is found again in a text that changed elsewhere.
    fn place(&self, at: Span, lines: &[&str]) -> Vec<String> {
        if self.last.front().is_some_and(|front| at.begin < front.span.end) {
            return vec!["front matter".to_owned()];
        }
        let next = self.last.cues.partition_point(|cue| cue.span().end <= at.begin);
        let cue = self.last.cues.get(next).filter(|cue| cue.span().begin < at.end);
        let mut place = vec!["between".to_owned()];
        if let Some(cue) = cue {
            let id = cue.asset_id();
            let is_named = matches!(cue.id_class(), IdClass::Ours | IdClass::Foreign);
            if is_named && self.masked(id) == id && self.last.cue_by_id(id).is_some() {
                return vec!["cue".to_owned(), id.to_owned()];
            }
            place.extend([cue.type_word(), cue.slug()].map(str::to_owned));
        }
        let is_told = |line: &&str| !line.trim().is_empty();
        let before = self.last.text[..at.begin].lines().rev().take(BLANK_LINES_MAX).find(is_told);
        let after = self.last.text[at.end..].lines().take(BLANK_LINES_MAX).find(is_told);
        place.extend([before, after].map(|line| self.masked(line.unwrap_or_default())));
        let counts = self.counts.get_or_init(|| {
            let mut counts = HashMap::new();
            self.last.text.lines().for_each(|line| *counts.entry(line).or_default() += 1);
            counts
        });
        let lines = lines.iter().flat_map(|line| line.lines()).filter(is_told);
        let all = before.into_iter().chain(lines).chain(after);
        place.extend(all.map(|line| counts.get(line).copied().unwrap_or_default().to_string()));
        place
    }

    /// A line with holes where new ids stand.
    fn masked(&self, line: &str) -> String {
        let mut masked = String::with_capacity(line.len());
        for mut word in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            while let Some(id) = self.made_in(word) {
                masked.push_str(&word[..id.begin]);
                masked.push_str(NEW_ID);
                word = &word[id.end..];
            }
            masked.push_str(word);
        }
        masked
    }

    /// Where the first new id stands in a word; people may have written something right before or behind its place.
    fn made_in(&self, word: &str) -> Option<Span> {
        let is_made = |id: &Span| word.get(id.begin..id.end).is_some_and(|part| self.made.contains(part));
        let ids = |begin: usize| self.lengths.iter().map(move |length| Span::new(begin, begin + length));
        (0..word.len()).flat_map(ids).find(is_made)
    }
}

/// The part of an id that is made of time and chance, whatever its prefix is.
fn tail(id: &str) -> &str {
    id.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or(id)
}

fn is_line_begin(text: &str, at: usize) -> bool {
    at == 0 || text.as_bytes()[at - 1] == b'\n'
}

fn line_begin(text: &str, at: usize) -> usize {
    memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |found| found + 1)
}
