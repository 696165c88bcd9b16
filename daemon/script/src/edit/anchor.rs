//! Finding the place of a splice again, in a text that has moved on.

use super::{Declares, Edit};
use crate::text::{Span, Splice};
use memchr::memmem;
use serde::{Deserialize, Serialize};

/// The bytes to replace, with as much around them as tells the place from others.
///
/// In the text it was made for it is found by its offset alone. Elsewhere the surroundings decide. Where even much
/// context could be mistaken for its own result (the tenth blank line of a hundred), only the very same text will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Offset of `old` in the text it was made for.
    pub begin: usize,
    pub before: String,
    pub old: String,
    pub after: String,
    /// Nothing else in that text looked like this, so it may be searched for.
    #[serde(default)]
    pub unique: bool,
    /// The context reached the beginning or the end of that text, and only stands there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_edge: bool,
    /// Digest of the text outside of which it must not be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_in: Option<String>,
}

/// Bytes of context on each side, to begin with and at most.
const CONTEXT_BYTES: usize = 32;
const CONTEXT_BYTES_MAX: usize = 512;

/// Whether a place is unique takes a look at the whole text; in a larger set of splices each is found by offset only.
const SEARCHED_MAX: usize = 256;

/// Where an anchor is in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Located {
    /// The offset of `old`.
    At(usize),
    /// `new` stands there already.
    Already,
    Nowhere,
}

pub(super) fn anchors(text: &str, splices: &[(Splice, Declares)]) -> Vec<Edit> {
    let digest = digest(text);
    let search = splices.len() <= SEARCHED_MAX;
    let anchored = splices.iter().map(|(splice, declares)| Edit::Splice {
        at: anchor(text, splice, search, &digest),
        new: splice.text.clone(),
        declares: declares.clone(),
    });
    anchored.collect()
}

fn anchor(text: &str, splice: &Splice, search: bool, digest: &str) -> Anchor {
    let of = |context: usize| {
        let begin = text.floor_char_boundary(splice.begin.saturating_sub(context));
        let end = text.ceil_char_boundary((splice.end + context).min(text.len()));
        Anchor {
            begin: splice.begin,
            before: text[begin..splice.begin].to_owned(),
            old: text[splice.begin..splice.end].to_owned(),
            after: text[splice.end..end].to_owned(),
            unique: false,
            at_edge: false,
            only_in: None,
        }
    };
    let mut context = CONTEXT_BYTES;
    while context <= CONTEXT_BYTES_MAX {
        let anchor = of(context);
        if !anchor.fits_its_own_result(text, &splice.text) {
            let unique = search && count_two(text, &anchor.pattern(&anchor.old)) == 1;
            return Anchor { unique, ..anchor };
        }
        let at_edge = Anchor { at_edge: true, ..anchor };
        if at_edge.touches_an_edge(text) && !at_edge.fits_its_own_result(text, &splice.text) {
            return Anchor { unique: true, ..at_edge };
        }
        context *= 2;
    }
    Anchor { only_in: Some(digest.to_owned()), ..of(CONTEXT_BYTES) }
}

/// How often the pattern occurs, overlaps too; counts to two.
fn count_two(text: &str, pattern: &str) -> usize {
    overlapping(text.as_bytes(), pattern.as_bytes()).take(2).count()
}

fn overlapping<'t>(text: &'t [u8], pattern: &'t [u8]) -> impl Iterator<Item = usize> + 't {
    let finder = memmem::Finder::new(pattern).into_owned();
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + finder.find(text.get(from..)?)?;
        from = at + 1;
        Some(at)
    })
}

impl Anchor {
    /// `moved`: by how much the neighbour before it has moved; `digest`: of `text`, asked for only where it matters.
    pub(crate) fn locate(&self, text: &str, new: &str, moved: isize, digest: impl FnOnce() -> String) -> Located {
        let hints = [self.begin.checked_add_signed(moved), Some(self.begin)];
        let hinted = |middle: &str| hints.into_iter().flatten().find(|&at| self.stands_at(text, at, middle));
        if let Some(only_in) = &self.only_in {
            return match hinted(&self.old) {
                Some(at) if *only_in == digest() => Located::At(at),
                _ if hinted(new).is_some() => Located::Already,
                _ => Located::Nowhere,
            };
        }
        if let Some(at) = hinted(&self.old) {
            return Located::At(at);
        }
        if self.find(text, new).is_some() {
            return Located::Already;
        }
        match self.find(text, &self.old) {
            Some(at) if self.unique => Located::At(at),
            _ => Located::Nowhere,
        }
    }

    fn pattern(&self, middle: &str) -> String {
        [&self.before, middle, &self.after].concat()
    }

    /// The first place where `middle` with this anchor's surroundings stands.
    fn find(&self, text: &str, middle: &str) -> Option<usize> {
        let pattern = self.pattern(middle);
        let mut found = overlapping(text.as_bytes(), pattern.as_bytes()).map(|at| at + self.before.len());
        found.find(|&at| self.stands_at(text, at, middle))
    }

    /// Whether `middle` with this anchor's surroundings stands at `at`.
    fn stands_at(&self, text: &str, at: usize, middle: &str) -> bool {
        let bytes = text.as_bytes();
        let before = at.checked_sub(self.before.len()).and_then(|begin| bytes.get(begin..at));
        let Some(rest) = bytes.get(at..).and_then(|rest| rest.strip_prefix(middle.as_bytes())) else { return false };
        before == Some(self.before.as_bytes())
            && rest.starts_with(self.after.as_bytes())
            && (!self.at_edge || self.is_at_edge(at, rest.len()))
    }

    /// An edge that the context reached in the text it was made for must be there.
    fn is_at_edge(&self, at: usize, rest: usize) -> bool {
        let reaches_begin = self.before.len() == self.begin;
        (!reaches_begin || at == self.begin) && (reaches_begin || rest == self.after.len())
    }

    fn touches_an_edge(&self, text: &str) -> bool {
        self.before.len() == self.begin || self.begin + self.old.len() + self.after.len() == text.len()
    }

    /// Whether it would be found again where the splice was made.
    fn fits_its_own_result(&self, text: &str, new: &str) -> bool {
        let reach = self.before.len() + self.old.len() + self.after.len();
        let begin = self.begin.saturating_sub(reach);
        let end = self.begin + self.old.len();
        let bytes = text.as_bytes();
        let around = [&bytes[begin..self.begin], new.as_bytes(), &bytes[end..(end + reach).min(bytes.len())]].concat();
        let pattern = self.pattern(&self.old);
        let after_edit = text.len() + new.len() - self.old.len();
        let mut found = overlapping(&around, pattern.as_bytes()).map(|at| begin + at + self.before.len());
        found.any(|at| !self.at_edge || self.is_at_edge(at, after_edit.saturating_sub(at + self.old.len())))
    }

    pub(crate) fn splice_at(&self, at: usize, new: &str) -> Splice {
        Splice::new(Span::new(at, at + self.old.len()), new)
    }

    /// The name of this place for ids minted in it.
    pub(crate) fn key(&self, new: &str) -> String {
        format!(
            "splice {}",
            digest(&[&self.before, &self.old, &self.after, new].map(|part| format!("{part}\0")).concat())
        )
    }
}

/// Tells texts of one file apart, nothing more.
pub(crate) fn digest(text: &str) -> String {
    format!("{:016x}", fnv(text.bytes()))
}

/// FNV-1a, 64 bits.
pub(crate) fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::apply;
    use proptest::prelude::*;

    fn of(text: &str, splice: &Splice) -> Anchor {
        anchor(text, splice, true, &digest(text))
    }

    fn locate(anchor: &Anchor, text: &str, new: &str) -> Located {
        anchor.locate(text, new, 0, || digest(text))
    }

    #[test]
    fn a_place_is_found_again_behind_new_text() {
        let text = "one\n\ntwo three four\n\nfive";
        let splice = Splice::new(Span::new(9, 14), "3");
        let anchor = of(text, &splice);
        assert_eq!(locate(&anchor, text, "3"), Located::At(9));
        let grown = format!("a person wrote this\n\n{text}");
        assert_eq!(locate(&anchor, &grown, "3"), Located::At(30));
        assert_eq!(locate(&anchor, "one\n\ntwo 3 four\n\nfive", "3"), Located::Already);
        assert_eq!(locate(&anchor, "one\n\ntwo thirty four\n\nfive", "3"), Located::Nowhere);
    }

    #[test]
    fn one_of_many_equal_places_is_only_taken_where_it_was() {
        let text = "x\n".repeat(100);
        let splice = Splice::insert(100, "x\n");
        let anchor = of(&text, &splice);
        assert!(anchor.only_in.is_some());
        assert_eq!(locate(&anchor, &text, "x\n"), Located::At(100));
        let grown = format!("x\n{text}");
        assert_ne!(locate(&anchor, &grown, "x\n"), Located::At(100));
    }

    proptest! {
        #[test]
        fn a_splice_is_never_made_twice(text in "[ab\\n]{0,60}", begin in 0..60usize, length in 0..4usize, new in "[ab\\n]{0,4}") {
            let begin = begin.min(text.len());
            let end = (begin + length).min(text.len());
            let splice = Splice::new(Span::new(begin, end), new.clone());
            prop_assume!(text[begin..end] != new);
            let anchor = of(&text, &splice);
            prop_assert_eq!(locate(&anchor, &text, &new), Located::At(begin));
            let result = apply(&text, &[splice]).unwrap();
            prop_assert!(!matches!(locate(&anchor, &result, &new), Located::At(_)), "{result:?}");
        }
    }
}
