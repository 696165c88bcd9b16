//! Where every byte of a woven text comes from.
//!
//! The layers change the text one after the other; this keeps the sum of it, so that the guard can be told the splices
//! from the first text to the last, and so that a cue of a later text is known as the one it was in the first.

use crate::cue::Marker;
use crate::item::Document;
use crate::text::{Span, Splice};

/// The woven text as consecutive pieces. Their origins tile the first text, in order.
#[derive(Debug)]
pub(super) struct Trace {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// Where it stands in the woven text.
    begin: usize,
    length: usize,
    /// What stands, or stood, in its place in the first text.
    origin: Span,
    /// The very bytes of its origin, else new ones.
    kept: bool,
}

impl Trace {
    pub(super) fn new(text: &str) -> Self {
        let origin = Span::new(0, text.len());
        Self { pieces: vec![Piece { begin: 0, length: text.len(), origin, kept: true }] }
    }

    /// Follows splices of the text as it is now: sorted, not overlapping.
    pub(super) fn follow(&mut self, splices: &[Splice]) {
        let mut rest = std::mem::take(&mut self.pieces).into_iter();
        let mut current = rest.next();
        for splice in splices {
            // Pieces before the splice stay, the one it begins in is cut.
            while let Some(piece) = current
                && piece.begin + piece.length <= splice.begin
                && !(piece.length == 0 && piece.begin == splice.begin)
            {
                self.push(piece);
                current = rest.next();
            }
            let mut origin: Option<Span> = None;
            if let Some(piece) = current
                && piece.begin < splice.begin
            {
                let (head, tail) = piece.cut(splice.begin - piece.begin);
                self.push(head);
                current = Some(tail);
            }
            // What it covers goes, and leaves its origin.
            while let Some(piece) = current
                && piece.begin < splice.end
            {
                let (gone, tail) = piece.cut((splice.end - piece.begin).min(piece.length));
                origin = Some(origin.map_or(gone.origin, |before| Span::new(before.begin, gone.origin.end)));
                current = if tail.length > 0 { Some(tail) } else { rest.next() };
            }
            let at = || self.pieces.last().map_or(0, |piece| piece.origin.end);
            let origin = origin.unwrap_or_else(|| Span::new(at(), at()));
            self.push(Piece { begin: 0, length: splice.text.len(), origin, kept: false });
        }
        while let Some(piece) = current {
            self.push(piece);
            current = rest.next();
        }
    }

    /// Appends a piece where the last one ends.
    fn push(&mut self, piece: Piece) {
        let begin = self.pieces.last().map_or(0, |last| last.begin + last.length);
        self.pieces.push(Piece { begin, ..piece });
    }

    /// The splices that lead from the first text to the woven one.
    pub(super) fn splices(&self, woven: &str) -> Vec<Splice> {
        let mut splices: Vec<Splice> = Vec::new();
        for piece in self.pieces.iter().filter(|piece| !piece.kept) {
            let text = &woven[piece.begin..piece.begin + piece.length];
            match splices.last_mut() {
                Some(last) if last.end == piece.origin.begin => {
                    last.end = piece.origin.end;
                    last.text.push_str(text);
                }
                _ => splices.push(Splice::new(piece.origin, text)),
            }
        }
        splices
    }

    /// The place, in the first text, of the cue whose Begin marker stands in the woven text; `None`: it is new.
    pub(super) fn cue_in(&self, first: &Document<'_>, begin: &Marker) -> Option<usize> {
        let from = self.pieces.partition_point(|piece| piece.begin + piece.length <= begin.span.begin);
        let mut replaced: Option<Span> = None;
        for piece in self.pieces[from..].iter().take_while(|piece| piece.begin < begin.span.end) {
            if piece.kept {
                let offset = piece.origin.begin + begin.span.begin.saturating_sub(piece.begin);
                let length = (begin.span.end - piece.begin.max(begin.span.begin)).min(piece.origin.end - offset);
                return only_cue(first, Span::new(offset, offset + length));
            }
            replaced = Some(replaced.map_or(piece.origin, |before| Span::new(before.begin, piece.origin.end)));
        }
        // All of the old marker has to be what was replaced: of one that lost only a byte, the rest stands elsewhere.
        let replaced = replaced?;
        only_cue(first, replaced).filter(|&cue| replaced.covers(first.cues[cue].begin.span))
    }
}

impl Trace {
    /// Whether not one byte of the marker stood in the first text.
    pub(super) fn is_new(&self, begin: &Marker) -> bool {
        let from = self.pieces.partition_point(|piece| piece.begin + piece.length <= begin.span.begin);
        self.pieces[from..].iter().take_while(|piece| piece.begin < begin.span.end).all(|piece| !piece.kept)
    }
}

impl Piece {
    /// Its first `length` bytes and the rest. Of new bytes the first part takes all of the origin.
    fn cut(self, length: usize) -> (Self, Self) {
        let middle = match (self.kept, length) {
            (true, _) => self.origin.begin + length,
            (false, 0) => self.origin.begin,
            (false, _) => self.origin.end,
        };
        let head = Self { length, origin: Span::new(self.origin.begin, middle), ..self };
        let tail = Self {
            begin: self.begin + length,
            length: self.length - length,
            origin: Span::new(middle, self.origin.end),
            ..self
        };
        (head, tail)
    }
}

/// The one cue whose Begin marker shares a byte with the span.
fn only_cue(document: &Document<'_>, span: Span) -> Option<usize> {
    let first = document.cues.partition_point(|cue| cue.begin.span.end <= span.begin);
    let mut within = document.cues[first..].iter().take_while(|cue| cue.begin.span.begin < span.end);
    within.next().filter(|_| within.next().is_none()).map(|_| first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::apply;
    use proptest::prelude::*;

    /// Up to four splices of a text of this length, sorted and apart.
    fn cuts() -> impl Strategy<Value = Vec<(f64, f64, String)>> {
        proptest::collection::vec((0.0..1.0f64, 0.0..0.3f64, "[xyz]{0,3}"), 0..4)
    }

    fn splices_of(text: &str, cuts: &[(f64, f64, String)]) -> Vec<Splice> {
        let mut splices: Vec<Splice> = cuts
            .iter()
            .map(|(at, length, new)| {
                let begin = (at * text.len() as f64) as usize;
                let end = (begin + (length * text.len() as f64) as usize).min(text.len());
                Splice::new(Span::new(begin, end), new.clone())
            })
            .collect();
        splices.sort();
        let mut kept_to = 0;
        splices.retain(|splice| {
            let apart = splice.begin >= kept_to;
            if apart {
                kept_to = splice.end;
            }
            apart
        });
        splices
    }

    proptest! {
        #[test]
        fn the_sum_of_all_layers_leads_from_the_first_text_to_the_last(
            text in "[a-f]{0,24}", layers in proptest::collection::vec(cuts(), 0..5),
        ) {
            let mut trace = Trace::new(&text);
            let mut woven = text.clone();
            for layer in layers {
                let splices = splices_of(&woven, &layer);
                woven = apply(&woven, &splices).unwrap();
                trace.follow(&splices);
            }
            prop_assert_eq!(apply(&text, &trace.splices(&woven)).unwrap(), woven);
        }
    }
}
