//! Three sequences side by side: who changed what, and where both did.
//!
//! Knows nothing of what the tokens stand for, only which are equal and how much they weigh. The comparison of two
//! sequences is `similar`'s; putting two comparisons with one base together is done here, and does not depend on which
//! side is called ours.

use super::three::Three;
use similar::{Algorithm, DiffTag, capture_diff_slices};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

pub(super) type Token = u32;

/// How much it means that both sides kept a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Blanks and punctuation; a blank line among lines.
    Light,
    /// A line end among words: keeps changes apart, and says nothing.
    Break,
    Full,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grain {
    /// Lines and cues. Changes of neighbours can both stand, where their order is beyond doubt.
    Lines,
    /// Words of the lines that both sides changed. Something must stand between two changes, and half of the words.
    Words,
}

/// How large a change is taken to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Everything between two tokens that stay.
    Whole,
    /// Line for line as far as that goes, and apart from it what was put in or taken out behind.
    Parts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Base,
    Ours,
    Theirs,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Take(Side, Range<usize>),
    Clash(Three<Range<usize>>),
}

/// Three sequences of tokens; `weights` is by token.
#[derive(Clone, Copy)]
pub(super) struct Sequences<'s> {
    pub tokens: Three<&'s [Token]>,
    pub weights: &'s [Weight],
    pub grain: Grain,
    pub cut: Cut,
}

/// A run of base tokens, and what one side has instead.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hunk {
    base: Range<usize>,
    side: Range<usize>,
}

impl Sequences<'_> {
    /// From the first token to the last: what to take from where, and where both changed the same.
    pub fn merge(&self) -> Vec<Step> {
        let Three { base, ours, theirs } = self.tokens;
        let hunks = Three::new(Vec::new(), self.hunks(base, ours), self.hunks(base, theirs));
        if self.grain == Grain::Words && !self.keeps_half(&hunks) {
            return vec![self.clash_of_all()];
        }
        let mut steps = Vec::new();
        let mut at = Three::new(0, 0, 0);
        for region in self.regions(&hunks) {
            let mine = Three::new(&[][..], &hunks.ours[region.ours.clone()], &hunks.theirs[region.theirs.clone()]);
            let first = mine.ours.iter().chain(mine.theirs).map(|hunk| hunk.base.start).min().unwrap_or(at.base);
            let last = mine.ours.iter().chain(mine.theirs).map(|hunk| hunk.base.end).max().unwrap_or(at.base);
            let kept = first - at.base;
            push(&mut steps, Side::Base, at.base..first);
            let begin = at.map(|at| at + kept);
            let length = |hunks: &[Hunk]| {
                let grown: usize = hunks.iter().map(|hunk| hunk.side.len()).sum();
                last - first + grown - hunks.iter().map(|hunk| hunk.base.len()).sum::<usize>()
            };
            let ranges = Three::new(
                first..last,
                begin.ours..begin.ours + length(mine.ours),
                begin.theirs..begin.theirs + length(mine.theirs),
            );
            at = ranges.clone().map(|range| range.end);
            steps.extend(self.settle(ranges, mine));
        }
        push(&mut steps, Side::Base, at.base..base.len());
        steps
    }

    /// The side that has everything the other one did to base, and more; nothing when neither or both do.
    pub fn fuller(&self) -> Option<Side> {
        let Three { base, ours, theirs } = self.tokens;
        match (self.holds(base, ours, theirs), self.holds(base, theirs, ours)) {
            (true, false) => Some(Side::Ours),
            (false, true) => Some(Side::Theirs),
            _ => None,
        }
    }

    fn settle(&self, ranges: Three<Range<usize>>, hunks: Three<&[Hunk]>) -> Vec<Step> {
        let Three { base, ours, theirs } = self.tokens;
        let slices = Three::new(&base[ranges.base.clone()], &ours[ranges.ours.clone()], &theirs[ranges.theirs.clone()]);
        if hunks.theirs.is_empty() || slices.ours == slices.theirs {
            return vec![Step::Take(Side::Ours, ranges.ours)];
        }
        if hunks.ours.is_empty() {
            return vec![Step::Take(Side::Theirs, ranges.theirs)];
        }
        if self.grain == Grain::Lines {
            if let Some(steps) = self.neighbours(&ranges.base, hunks) {
                return steps;
            }
            match (Sequences { tokens: slices, ..*self }).fuller() {
                Some(Side::Ours) => return vec![Step::Take(Side::Ours, ranges.ours)],
                Some(Side::Theirs) => return vec![Step::Take(Side::Theirs, ranges.theirs)],
                _ => {}
            }
        }
        vec![Step::Clash(ranges)]
    }

    /// Changes that touch and do not overlap, one after the other, where there is one order only: line for line beside
    /// line for line, or beside what is new. Two additions at one place, or one beside a deletion, have no order.
    fn neighbours(&self, range: &Range<usize>, hunks: Three<&[Hunk]>) -> Option<Vec<Step>> {
        let mut all: Vec<(&Hunk, Side)> = hunks.ours.iter().map(|hunk| (hunk, Side::Ours)).collect();
        all.extend(hunks.theirs.iter().map(|hunk| (hunk, Side::Theirs)));
        all.sort_by_key(|(hunk, _)| (hunk.base.start, hunk.base.end));
        for pair in all.windows(2) {
            let [(first, one), (second, other)] = pair else { continue };
            let touch = first.base.end == second.base.start;
            let is_ordered = match (self.is_square(first, *one), self.is_square(second, *other)) {
                (true, true) => true,
                (true, false) => second.base.is_empty(),
                (false, true) => first.base.is_empty(),
                (false, false) => false,
            };
            if first.base.end > second.base.start || (touch && !is_ordered) {
                return None;
            }
        }
        let mut steps = Vec::new();
        let mut at = range.start;
        for (hunk, side) in all {
            push(&mut steps, Side::Base, at..hunk.base.start);
            push(&mut steps, side, hunk.side.clone());
            at = hunk.base.end;
        }
        push(&mut steps, Side::Base, at..range.end);
        Some(steps)
    }

    /// As many tokens as before, of the same weights: each is a new version of one.
    fn is_square(&self, hunk: &Hunk, side: Side) -> bool {
        let new = match side {
            Side::Base => self.tokens.base,
            Side::Ours => self.tokens.ours,
            Side::Theirs => self.tokens.theirs,
        };
        let (old, new) = (&self.tokens.base[hunk.base.clone()], &new[hunk.side.clone()]);
        let weight = |token: &Token| self.weights[*token as usize];
        !old.is_empty() && old.len() == new.len() && old.iter().map(weight).eq(new.iter().map(weight))
    }

    /// Whether `one` holds everything that `other` did to base: all that it added, in its order, and nothing that it
    /// took away. A mere deletion is held by the same deletion only: who deletes and who rewrites do not agree.
    fn holds(&self, base: &[Token], one: &[Token], other: &[Token]) -> bool {
        let did = self.hunks(base, other);
        let also = self.hunks(base, one);
        let is_full = |token: &Token| self.weights[*token as usize] == Weight::Full;
        let deletes = |hunk: &Hunk| hunk.side.is_empty() && base[hunk.base.clone()].iter().any(is_full);
        if did
            .iter()
            .any(|hunk| deletes(hunk) && !also.iter().any(|same| same.base == hunk.base && same.side.is_empty()))
        {
            return false;
        }
        // What `other` added must be more than it was here too: a twin of it that base has is no sign.
        let count = |tokens: &[Token]| {
            let mut counts: HashMap<Token, usize> = HashMap::new();
            tokens.iter().filter(|token| is_full(token)).for_each(|token| *counts.entry(*token).or_default() += 1);
            counts
        };
        let (in_base, in_one) = (count(base), count(one));
        let fewer = |counts: &HashMap<Token, usize>, token, than| counts.get(token).copied().unwrap_or(0) < than;
        if count(other).iter().any(|(token, &count)| fewer(&in_base, token, count) && fewer(&in_one, token, count)) {
            return false;
        }
        let mut kept = vec![true; other.len()];
        let mut came = HashSet::new();
        for hunk in self.hunks(other, one) {
            kept[hunk.base].fill(false);
            came.extend(one[hunk.side].iter().copied().filter(|token| is_full(token)));
        }
        let gone = did.iter().flat_map(|hunk| &base[hunk.base.clone()]);
        if !did.iter().all(|hunk| kept[hunk.side.clone()].iter().all(|kept| *kept))
            || gone.into_iter().any(|token| came.contains(token))
        {
            return false;
        }
        // Among words, `the` in another sentence is no sign of anything.
        let full = || other.iter().zip(&kept).filter(|(token, _)| is_full(token));
        self.grain == Grain::Lines || full().filter(|(_, kept)| **kept).count() * 2 >= full().count()
    }

    /// Whether at least half of base is left by both: two sentences are not made one of their remains.
    fn keeps_half(&self, hunks: &Three<Vec<Hunk>>) -> bool {
        let mut kept = vec![true; self.tokens.base.len()];
        for hunk in hunks.ours.iter().chain(&hunks.theirs) {
            kept[hunk.base.clone()].fill(false);
        }
        let full = || {
            let weighed = self.tokens.base.iter().zip(&kept);
            weighed.filter(|(token, _)| self.weights[**token as usize] == Weight::Full)
        };
        full().filter(|(_, kept)| **kept).count() * 2 >= full().count()
    }

    fn clash_of_all(&self) -> Step {
        Step::Clash(self.tokens.map(|tokens| 0..tokens.len()))
    }

    /// Hunks of both sides that have to do with each other, as ranges into the two lists of hunks.
    fn regions(&self, hunks: &Three<Vec<Hunk>>) -> Vec<Three<Range<usize>>> {
        let mut regions: Vec<Three<Range<usize>>> = Vec::new();
        let (mut ours, mut theirs, mut end) = (0, 0, None);
        loop {
            let (mine, yours) = (hunks.ours.get(ours), hunks.theirs.get(theirs));
            let is_mine = match (mine, yours) {
                (None, None) => return regions,
                (Some(mine), Some(yours)) => mine.base.start <= yours.base.start,
                (mine, None) => mine.is_some(),
                (None, Some(_)) => false,
            };
            let hunk = if is_mine { mine } else { yours }.expect("one of them is there");
            let grown = self.grown(&hunk.base);
            if end.is_none_or(|end| end < grown.start) {
                regions.push(Three::new(0..0, ours..ours, theirs..theirs));
            }
            let region = regions.last_mut().expect("one was pushed for the first hunk");
            if is_mine {
                ours += 1;
                region.ours.end = ours;
            } else {
                theirs += 1;
                region.theirs.end = theirs;
            }
            end = end.max(Some(grown.end));
        }
    }

    /// Among words, a change reaches over the blanks and the punctuation around it.
    fn grown(&self, range: &Range<usize>) -> Range<usize> {
        if self.grain == Grain::Lines {
            return range.clone();
        }
        let is_light = |token: &&Token| self.weights[**token as usize] == Weight::Light;
        let before = self.tokens.base[..range.start].iter().rev().take_while(is_light).count();
        let after = self.tokens.base[range.end..].iter().take_while(is_light).count();
        range.start - before..range.end + after
    }

    /// The changes from one sequence to another, ascending; between two of them something stands.
    fn hunks(&self, from: &[Token], to: &[Token]) -> Vec<Hunk> {
        let algorithm = if self.grain == Grain::Lines { Algorithm::Patience } else { Algorithm::Myers };
        let mut hunks: Vec<Hunk> = Vec::new();
        for op in capture_diff_slices(algorithm, from, to) {
            let (tag, old, new) = op.as_tag_tuple();
            if tag == DiffTag::Equal {
                continue;
            }
            match hunks.last_mut() {
                Some(hunk) if hunk.base.end == old.start && hunk.side.end == new.start => {
                    hunk.base.end = old.end;
                    hunk.side.end = new.end;
                }
                _ => hunks.push(Hunk { base: old, side: new }),
            }
        }
        let mut settled: Vec<Hunk> = Vec::new();
        let mut next = (from.len() + 1, to.len() + 1);
        for hunk in hunks.into_iter().rev() {
            for mut part in hunk.split(self.cut).into_iter().rev().flatten() {
                part.slide(from, to, next);
                match settled.last_mut() {
                    // Nothing came between the two parts: they are one change again.
                    Some(last) if last.base.start == part.base.end => {
                        last.base.start = part.base.start;
                        last.side.start = part.side.start;
                    }
                    _ => settled.push(part),
                }
                let last = settled.last().expect("one was pushed at least");
                next = (last.base.start, last.side.start);
            }
        }
        settled.reverse();
        settled
    }
}

impl Hunk {
    /// Line for line as far as both reach, and what was put in or taken out behind that.
    fn split(self, cut: Cut) -> [Option<Self>; 2] {
        let both = self.base.len().min(self.side.len());
        if cut == Cut::Whole || both == 0 || self.base.len() == self.side.len() {
            return [Some(self), None];
        }
        let (base, side) = (self.base.start + both, self.side.start + both);
        let rest = Self { base: base..self.base.end, side: side..self.side.end };
        [Some(Self { base: self.base.start..base, side: self.side.start..side }), Some(rest)]
    }

    /// What was put in or taken out stands as far down as it can without touching the next hunk: both sides have it in
    /// the same place then, and the blank line above a new cue is the one that was there before.
    fn slide(&mut self, from: &[Token], to: &[Token], (from_next, to_next): (usize, usize)) {
        let is_free = |hunk: &Self| hunk.base.end + 1 < from_next && hunk.side.end + 1 < to_next;
        if self.base.is_empty() {
            while is_free(self) && to.get(self.side.start) == from.get(self.base.end) && self.base.end < from.len() {
                self.shift();
            }
        } else if self.side.is_empty() {
            while is_free(self) && from.get(self.base.start) == to.get(self.side.end) && self.side.end < to.len() {
                self.shift();
            }
        }
    }

    fn shift(&mut self) {
        for range in [&mut self.base, &mut self.side] {
            *range = range.start + 1..range.end + 1;
        }
    }
}

fn push(steps: &mut Vec<Step>, side: Side, range: Range<usize>) {
    if !range.is_empty() {
        steps.push(Step::Take(side, range));
    }
}
