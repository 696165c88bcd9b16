//! Finding the markers of all dialects in one scan (spec 4.1 #1).

use crate::text::Span;
use memchr::memmem;
use serde::{Deserialize, Serialize};

/// How a marker is written. Ordered from good to bad, so that a pair is as bad as the worse of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    Canonical,
    /// Canonical, with the word `collapsed`.
    Collapsed,
    /// Other letter case or other blanks.
    Loose,
    /// One angle too many at either end.
    DoubleAngle,
    /// A code fence whose info string is `cue <ASSETID>`.
    Fence,
}

impl Dialect {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Canonical => "canonical",
            Self::Collapsed => "collapsed",
            Self::Loose => "loose",
            Self::DoubleAngle => "double-angle",
            Self::Fence => "fence",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    pub span: Span,
    /// Begin, else End.
    pub is_begin: bool,
    /// Holds the word `collapsed`.
    pub collapsed: bool,
    /// Never [`Dialect::Collapsed`]: that is said of a cue.
    pub dialect: Dialect,
}

impl Marker {
    /// The same marker as it is written today.
    pub const fn canonical(&self) -> &'static str {
        match (self.is_begin, self.collapsed) {
            (true, false) => "<!-- Begin Cue -->",
            (true, true) => "<!-- Begin Cue collapsed -->",
            (false, _) => "<!-- End Cue -->",
        }
    }
}

/// All comment markers of `text` from offset `from` on, in file order. Fences are not among them.
pub fn markers(text: &str, from: usize) -> impl Iterator<Item = Marker> + '_ {
    let mut after = from;
    memmem::find_iter(&text.as_bytes()[from..], "<!--").filter_map(move |at| {
        let marker = marker_at(text, from + at, after)?;
        after = marker.span.end;
        Some(marker)
    })
}

/// The marker whose `<!--` stands at `open`; bytes before `after` belong to an earlier one.
fn marker_at(text: &str, open: usize, after: usize) -> Option<Marker> {
    let inside = &text[open + 4..];
    let rest = inside.trim_start();
    let (is_begin, rest) = match (word(rest, "begin"), word(rest, "end")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return None,
    };
    let rest = word(white(rest)?, "cue")?;
    let (collapsed, rest) = match white(rest).and_then(|rest| word(rest, "collapsed")) {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.trim_start().strip_prefix("-->")?;
    let doubled_end = rest.starts_with('>');
    let end = text.len() - rest.len() + usize::from(doubled_end);
    let doubled_begin = open > after && text.as_bytes()[open - 1] == b'<';
    let begin = open - usize::from(doubled_begin);
    let mut marker = Marker { span: Span::new(begin, end), is_begin, collapsed, dialect: Dialect::Canonical };
    if doubled_begin || doubled_end {
        marker.dialect = Dialect::DoubleAngle;
    } else if text[begin..end] != *marker.canonical() {
        marker.dialect = Dialect::Loose;
    }
    Some(marker)
}

/// What follows the word, in any letter case.
fn word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(rest)
}

/// What follows white space, of which there must be some.
fn white(text: &str) -> Option<&str> {
    let rest = text.trim_start();
    (rest.len() < text.len()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The one expression of the specification.
    const EXPRESSION: &str = r"(?i)<?<!--\s*(begin|end)\s+cue(\s+collapsed)?\s*-->>?";

    fn seen(text: &str) -> Vec<(usize, usize, bool, bool)> {
        markers(text, 0).map(|m| (m.span.begin, m.span.end, m.is_begin, m.collapsed)).collect()
    }

    #[test]
    fn each_dialect_is_known_by_its_marker() {
        let dialect = |text| markers(text, 0).next().map(|marker| marker.dialect);
        assert_eq!(dialect("<!-- Begin Cue -->"), Some(Dialect::Canonical));
        assert_eq!(dialect("<!-- Begin Cue collapsed -->"), Some(Dialect::Canonical));
        assert_eq!(dialect("<<!-- Begin Cue -->>"), Some(Dialect::DoubleAngle));
        assert_eq!(dialect("<!-- Begin Cue -->>"), Some(Dialect::DoubleAngle));
        assert_eq!(dialect("<!--begin  CUE-->"), Some(Dialect::Loose));
        assert_eq!(dialect("<!-- Begin Cues -->"), None);
        assert_eq!(dialect("<!-- BeginCue -->"), None);
        assert_eq!(dialect("<!-- Begin Cuecollapsed -->"), None);
    }

    #[test]
    fn one_angle_is_never_shared_by_two_markers() {
        assert_eq!(seen("<!-- End Cue -->><!-- Begin Cue -->").len(), 2);
        assert_eq!(seen("<!-- End Cue --><<!-- Begin Cue -->"), [(0, 16, false, false), (16, 35, true, false)]);
    }

    proptest! {
        #[test]
        fn the_scan_finds_what_the_expression_finds(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "<", "<!--", "-->", ">", " ", "\n", "\u{a0}", "begin", "End", "Cue", "CUE", "collapsed", "x", "-",
                ]),
                0..40,
            )
        ) {
            let text = parts.concat();
            let expression = regex::Regex::new(EXPRESSION).unwrap();
            let expected: Vec<_> = expression
                .captures_iter(&text)
                .map(|found| {
                    let whole = found.get(0).unwrap();
                    let begin = found[1].eq_ignore_ascii_case("begin");
                    (whole.start(), whole.end(), begin, found.get(2).is_some())
                })
                .collect();
            prop_assert_eq!(seen(&text), expected);
        }
    }
}
