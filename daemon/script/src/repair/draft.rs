//! A text under repair that remembers which of its bytes are the original's.
//!
//! One repair opens the way for the next (a cue that is closed may lack a blank line), so repairs work on the text as the
//! ones before left it. What comes out is one set of splices of the original all the same.

use crate::edit::Declares;
use crate::text::{Span, Splice};

#[derive(Debug, Clone)]
pub struct Draft<'t> {
    original: &'t str,
    text: String,
    /// In order, without gaps, over `text`.
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
struct Piece {
    /// In the text as it is now.
    span: Span,
    from: From,
}

#[derive(Debug, Clone)]
enum From {
    /// Bytes of the original, from this offset on.
    Original(usize),
    New(Declares),
}

impl<'t> Draft<'t> {
    pub fn new(original: &'t str) -> Self {
        let whole = Piece { span: Span::new(0, original.len()), from: From::Original(0) };
        Self { original, text: original.to_owned(), pieces: vec![whole] }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Applies splices of the text as it is now; one that overlaps an earlier one waits for another round. True when the
    /// text changed.
    pub fn apply(&mut self, mut splices: Vec<(Splice, Declares)>) -> bool {
        splices.sort_by_key(|(splice, _)| (splice.begin, splice.end));
        let mut text = String::with_capacity(self.text.len());
        let mut pieces = Vec::with_capacity(self.pieces.len() + 2 * splices.len());
        let mut at = 0;
        for (splice, declares) in splices {
            if splice.begin < at || self.text[splice.begin..splice.end] == splice.text {
                continue;
            }
            self.keep(Span::new(at, splice.begin), &mut text, &mut pieces);
            let begin = text.len();
            text.push_str(&splice.text);
            pieces.push(Piece { span: Span::new(begin, text.len()), from: From::New(declares) });
            at = splice.end;
        }
        let changed = !pieces.is_empty();
        self.keep(Span::new(at, self.text.len()), &mut text, &mut pieces);
        (self.text, self.pieces) = (text, pieces);
        changed
    }

    /// Copies a part of the text as it is now, with where it comes from.
    fn keep(&self, part: Span, text: &mut String, pieces: &mut Vec<Piece>) {
        let first = self.pieces.partition_point(|piece| piece.span.end < part.begin);
        for piece in self.pieces[first..].iter().take_while(|piece| piece.span.begin <= part.end) {
            let begin = piece.span.begin.max(part.begin);
            let end = piece.span.end.min(part.end);
            if begin == end {
                continue;
            }
            let from = match &piece.from {
                From::Original(at) => From::Original(at + begin - piece.span.begin),
                From::New(declares) => From::New(declares.clone()),
            };
            let at = text.len();
            text.push_str(&self.text[begin..end]);
            pieces.push(Piece { span: Span::new(at, text.len()), from });
        }
    }

    /// From the original to the text as it is now, as small as they can be.
    pub fn splices(&self) -> Vec<(Splice, Declares)> {
        let mut found = Vec::new();
        let mut at = 0;
        let mut text = String::new();
        let mut declares = Declares::default();
        let mut close = |at: usize, begin: usize, text: &mut String, declares: &mut Declares| {
            let splice = smallest(self.original, &Splice::new(Span::new(at, begin), std::mem::take(text)));
            let declares = std::mem::take(declares);
            if !splice.span().is_empty() || !splice.text.is_empty() {
                found.push((splice, declares));
            }
        };
        for piece in &self.pieces {
            match &piece.from {
                From::New(said) => {
                    text.push_str(&self.text[piece.span.begin..piece.span.end]);
                    declares.moves_prose |= said.moves_prose;
                    declares.fields.extend(said.fields.iter().cloned());
                }
                From::Original(begin) => {
                    close(at, *begin, &mut text, &mut declares);
                    at = begin + piece.span.len();
                }
            }
        }
        close(at, self.original.len(), &mut text, &mut declares);
        found
    }
}

/// Without the bytes at both ends that it would replace by themselves.
fn smallest(original: &str, splice: &Splice) -> Splice {
    let old = &original[splice.begin..splice.end];
    let same = |(a, b): &(char, char)| a == b;
    let head: usize = old.chars().zip(splice.text.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (old_rest, new_rest) = (&old[head..], &splice.text[head..]);
    let tails = old_rest.chars().rev().zip(new_rest.chars().rev());
    let tail: usize = tails.take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let span = Span::new(splice.begin + head, splice.end - tail);
    Splice::new(span, &new_rest[..new_rest.len() - tail])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::apply;
    use proptest::prelude::*;

    fn splice(begin: usize, end: usize, text: &str) -> (Splice, Declares) {
        (Splice::new(Span::new(begin, end), text), Declares::default())
    }

    #[test]
    fn changes_of_changes_are_one_splice_of_the_original() {
        let mut draft = Draft::new("one two three");
        assert!(draft.apply(vec![splice(4, 7, "2 and a half")]));
        assert!(draft.apply(vec![splice(6, 11, "&"), splice(0, 0, "> ")]));
        assert_eq!(draft.text(), "> one 2 & half three");
        let splices: Vec<Splice> = draft.splices().into_iter().map(|(splice, _)| splice).collect();
        assert_eq!(apply("one two three", &splices).as_deref(), Ok(draft.text()));
        assert_eq!(splices.len(), 2);
    }

    #[test]
    fn a_change_and_its_reverse_are_nothing() {
        let mut draft = Draft::new("one two");
        draft.apply(vec![splice(0, 3, "1")]);
        draft.apply(vec![splice(0, 1, "one")]);
        assert_eq!(draft.splices(), []);
        assert!(!draft.apply(vec![splice(0, 3, "one")]));
    }

    proptest! {
        #[test]
        fn splices_of_the_original_make_the_draft(
            original in "[ab\\n]{0,20}",
            rounds in prop::collection::vec(prop::collection::vec((0..30usize, 0..5usize, "[abc]{0,3}"), 0..4), 0..4),
        ) {
            let mut draft = Draft::new(&original);
            for round in rounds {
                let length = draft.text().len();
                let made = round.into_iter().map(|(begin, size, text)| {
                    let begin = begin.min(length);
                    splice(begin, (begin + size).min(length), &text)
                });
                draft.apply(made.collect());
            }
            let splices: Vec<Splice> = draft.splices().into_iter().map(|(splice, _)| splice).collect();
            prop_assert_eq!(apply(&original, &splices).unwrap(), draft.text());
        }
    }
}
