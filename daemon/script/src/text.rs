//! Bytes, places and splices: the ground that all reading and writing stands on.
//!
//! Owns spans and slices that know their offset, the translation of offsets to lines and columns, what line end a text
//! uses, and the byte-exact application of splices (spec 0.1, 10.2 #10). Knows nothing of Markdown.

mod lines;
mod splice;

pub use lines::{LineIndex, Place};
pub use splice::{Splice, SpliceError, apply};

use serde::{Deserialize, Serialize};

/// The byte order mark that some editors put first; it belongs to no line and survives every rewrite.
pub const BOM: &str = "\u{feff}";

/// A range of bytes of a text, `begin..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    pub begin: usize,
    pub end: usize,
}

impl Span {
    pub const fn new(begin: usize, end: usize) -> Self {
        Self { begin, end }
    }

    pub const fn len(self) -> usize {
        self.end - self.begin
    }

    pub const fn is_empty(self) -> bool {
        self.begin == self.end
    }

    pub const fn contains(self, offset: usize) -> bool {
        self.begin <= offset && offset < self.end
    }

    /// Whether `other` lies wholly inside.
    pub const fn covers(self, other: Span) -> bool {
        self.begin <= other.begin && other.end <= self.end
    }

    /// Whether both have a byte in common.
    pub const fn overlaps(self, other: Span) -> bool {
        self.begin < other.end && other.begin < self.end
    }
}

/// A part of a text that knows where it stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Slice<'t> {
    pub begin: usize,
    pub text: &'t str,
}

impl<'t> Slice<'t> {
    /// The part `begin..end` of `whole`. Both must lie on character boundaries.
    pub fn of(whole: &'t str, begin: usize, end: usize) -> Self {
        Self { begin, text: &whole[begin..end] }
    }

    pub const fn end(&self) -> usize {
        self.begin + self.text.len()
    }

    pub const fn span(&self) -> Span {
        Span::new(self.begin, self.end())
    }

    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Without white space at both ends; the offset moves along.
    pub fn trim(&self) -> Self {
        let cut = self.text.trim_start();
        Self { begin: self.end() - cut.len(), text: cut.trim_end() }
    }

    /// The part `begin..end`, counted from this slice's own beginning.
    pub fn part(&self, begin: usize, end: usize) -> Self {
        Self { begin: self.begin + begin, text: &self.text[begin..end] }
    }
}

/// How a text ends its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Newline {
    #[default]
    Lf,
    CrLf,
}

impl Newline {
    /// What the first line end of the text is; a text of one line counts as LF.
    pub fn of(text: &str) -> Self {
        match memchr::memchr(b'\n', text.as_bytes()) {
            Some(at) if at > 0 && text.as_bytes()[at - 1] == b'\r' => Self::CrLf,
            _ => Self::Lf,
        }
    }

    pub const fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }
}

/// Bytes that are not UTF-8 are nobody's script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not UTF-8 text: the first bad byte is at offset {offset}")]
pub struct NotText {
    pub offset: usize,
}

/// The text of a file, or where it stops being text.
pub fn decode(bytes: &[u8]) -> Result<&str, NotText> {
    std::str::from_utf8(bytes).map_err(|error| NotText { offset: error.valid_up_to() })
}

/// White space folded: runs of it become one blank, ends are trimmed.
pub fn fold_white(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

/// The end of the line that begins at or holds `at`: where its `\n` stands, or the end of the text.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |found| at + found)
}

/// A line without its `\r`, given without its `\n`.
pub(crate) fn chomp(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_end_decides_what_a_text_uses() {
        assert_eq!(Newline::of("one\r\ntwo\n"), Newline::CrLf);
        assert_eq!(Newline::of("one\ntwo\r\n"), Newline::Lf);
        assert_eq!(Newline::of("one line"), Newline::Lf);
        assert_eq!(Newline::of("\nx"), Newline::Lf);
    }

    #[test]
    fn trimming_a_slice_moves_its_offset_along() {
        let slice = Slice::of("ab  cd \n", 2, 8).trim();
        assert_eq!((slice.begin, slice.text), (4, "cd"));
        let blank = Slice::of("ab  \n", 2, 5).trim();
        assert_eq!((blank.text, blank.begin), ("", 5));
    }

    #[test]
    fn what_is_not_text_says_where_it_stops_being_it() {
        assert_eq!(decode(b"ok\xff"), Err(NotText { offset: 2 }));
        assert_eq!(decode("Bär".as_bytes()), Ok("Bär"));
    }
}
