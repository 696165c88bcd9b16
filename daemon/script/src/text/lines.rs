//! From byte offsets to lines and columns, and back.
//!
//! The index keeps one mark per KiB of text instead of one per line: it is small for a file of fifty million line
//! ends, and a question costs at most one KiB of counting even in a file that is a single line.

use serde::{Deserialize, Serialize};

const STRIDE: usize = 1024;

/// Where something stands, as people count: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub line: u32,
    pub column: u32,
}

/// What stood before a mark.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    lines: u32,
    chars: u32,
    /// How many characters stand before the line that crosses the mark.
    line_begin_chars: u32,
}

#[derive(Debug, Clone)]
pub struct LineIndex {
    marks: Vec<Mark>,
}

impl LineIndex {
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut marks = Vec::with_capacity(bytes.len() / STRIDE + 1);
        let mut mark = Mark::default();
        for chunk in bytes.chunks(STRIDE) {
            marks.push(mark);
            mark = mark.after(chunk);
        }
        if bytes.len().is_multiple_of(STRIDE) {
            marks.push(mark);
        }
        Self { marks }
    }

    /// The line and column of an offset into the text the index was made from. Beyond its end is its end.
    pub fn place(&self, text: &str, offset: usize) -> Place {
        let here = self.at(text, offset);
        Place { line: here.lines + 1, column: here.chars - here.line_begin_chars + 1 }
    }

    /// The line of an offset, from 1.
    pub fn line(&self, text: &str, offset: usize) -> u32 {
        self.at(text, offset).lines + 1
    }

    /// Where line `line` (from 1) begins; `None` when the text has fewer lines.
    pub fn begin_of(&self, text: &str, line: u32) -> Option<usize> {
        if line <= 1 {
            return Some(0);
        }
        let breaks = line - 1;
        let number = self.marks.partition_point(|mark| mark.lines < breaks).checked_sub(1)?;
        let missing = (breaks - self.marks[number].lines) as usize;
        let from = number * STRIDE;
        memchr::memchr_iter(b'\n', &text.as_bytes()[from..]).nth(missing - 1).map(|at| from + at + 1)
    }

    fn at(&self, text: &str, offset: usize) -> Mark {
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let number = offset / STRIDE;
        self.marks[number].after(&text.as_bytes()[number * STRIDE..offset])
    }
}

impl Mark {
    /// This mark, moved over the bytes that follow it.
    fn after(self, bytes: &[u8]) -> Self {
        let lines = self.lines + memchr::memchr_iter(b'\n', bytes).count() as u32;
        let chars = self.chars + count_chars(bytes);
        match memchr::memrchr(b'\n', bytes) {
            None => Self { lines, chars, ..self },
            Some(at) => Self { lines, chars, line_begin_chars: self.chars + count_chars(&bytes[..=at]) },
        }
    }
}

/// Every byte but the continuation bytes of UTF-8 begins a character.
fn count_chars(bytes: &[u8]) -> u32 {
    bytes.iter().map(|&byte| u32::from(byte & 0xc0 != 0x80)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slow_place(text: &str, offset: usize) -> Place {
        let before = &text[..offset];
        let line_begin = before.rfind('\n').map_or(0, |at| at + 1);
        Place { line: before.matches('\n').count() as u32 + 1, column: before[line_begin..].chars().count() as u32 + 1 }
    }

    #[test]
    fn columns_are_counted_in_characters() {
        let text = "ä\nx — y";
        let index = LineIndex::new(text);
        assert_eq!(index.place(text, 0), Place { line: 1, column: 1 });
        assert_eq!(index.place(text, text.len()), Place { line: 2, column: 6 });
        assert_eq!(index.place(text, 9_999), Place { line: 2, column: 6 });
    }

    #[test]
    fn an_empty_text_has_one_place() {
        assert_eq!(LineIndex::new("").place("", 0), Place { line: 1, column: 1 });
        assert_eq!(LineIndex::new("").begin_of("", 1), Some(0));
        assert_eq!(LineIndex::new("").begin_of("", 2), None);
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_counting(text in "([a-zä—\\n\\r]{0,40}|\\n|x{300}){0,40}", part in 0.0..=1.0f64) {
            let index = LineIndex::new(&text);
            let offset = text.floor_char_boundary((text.len() as f64 * part) as usize);
            let place = slow_place(&text, offset);
            prop_assert_eq!(index.place(&text, offset), place);
            let begin = text[..offset].rfind('\n').map_or(0, |at| at + 1);
            prop_assert_eq!(index.begin_of(&text, place.line), Some(begin));
            prop_assert_eq!(index.begin_of(&text, text.matches('\n').count() as u32 + 2), None);
        }
    }
}
