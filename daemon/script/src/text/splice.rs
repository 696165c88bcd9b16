//! Replacing byte ranges and leaving every other byte as it was.

use super::Span;
use serde::{Deserialize, Serialize};

/// Put `text` where the bytes `begin..end` are. An insertion has `begin == end`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Splice {
    pub begin: usize,
    pub end: usize,
    pub text: String,
}

impl Splice {
    pub fn new(span: Span, text: impl Into<String>) -> Self {
        Self { begin: span.begin, end: span.end, text: text.into() }
    }

    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self { begin: at, end: at, text: text.into() }
    }

    pub fn delete(span: Span) -> Self {
        Self { begin: span.begin, end: span.end, text: String::new() }
    }

    pub const fn span(&self) -> Span {
        Span::new(self.begin, self.end)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpliceError {
    #[error("splice {begin}..{end} lies outside the text or splits a character")]
    OutOfText { begin: usize, end: usize },
    #[error("two splices change the same bytes around offset {at}")]
    Overlap { at: usize },
}

/// The text with all splices applied at once; every other byte stays. Splices may come in any order. Several
/// insertions at one offset keep the order they are given in, and stand before what replaces the bytes that follow.
pub fn apply(text: &str, splices: &[Splice]) -> Result<String, SpliceError> {
    let mut order: Vec<&Splice> = splices.iter().collect();
    order.sort_by_key(|splice| (splice.begin, splice.end));
    let mut result = String::with_capacity(text.len() + splices.iter().map(|splice| splice.text.len()).sum::<usize>());
    let mut kept_to = 0;
    for splice in order {
        if splice.begin < kept_to {
            return Err(SpliceError::Overlap { at: splice.begin });
        }
        let (Some(kept), Some(_)) = (text.get(kept_to..splice.begin), text.get(splice.begin..splice.end)) else {
            return Err(SpliceError::OutOfText { begin: splice.begin, end: splice.end });
        };
        result.push_str(kept);
        result.push_str(&splice.text);
        kept_to = splice.end;
    }
    result.push_str(&text[kept_to..]);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splices_apply_at_once_and_in_any_order() {
        let splices = [Splice::new(Span::new(4, 7), "TWO"), Splice::insert(0, "> "), Splice::delete(Span::new(3, 4))];
        assert_eq!(apply("one two", &splices).unwrap(), "> oneTWO");
    }

    #[test]
    fn insertions_at_one_offset_keep_their_order() {
        let splices = [Splice::insert(1, "a"), Splice::insert(1, "b"), Splice::new(Span::new(1, 2), "C")];
        assert_eq!(apply("xyz", &splices).unwrap(), "xabCz");
    }

    #[test]
    fn bytes_are_never_changed_twice() {
        let splices = [Splice::new(Span::new(0, 3), ""), Splice::new(Span::new(2, 4), "")];
        assert_eq!(apply("abcdef", &splices), Err(SpliceError::Overlap { at: 2 }));
    }

    #[test]
    fn a_splice_outside_the_text_or_inside_a_character_is_refused() {
        assert!(matches!(apply("ab", &[Splice::insert(3, "x")]), Err(SpliceError::OutOfText { .. })));
        assert!(matches!(apply("ä", &[Splice::insert(1, "x")]), Err(SpliceError::OutOfText { .. })));
        assert!(matches!(
            apply("abc", &[Splice { begin: 2, end: 1, text: String::new() }]),
            Err(SpliceError::OutOfText { .. })
        ));
    }

    #[test]
    fn no_splice_changes_nothing() {
        assert_eq!(apply("a\r\nb", &[]).unwrap(), "a\r\nb");
    }
}
