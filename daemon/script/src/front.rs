//! Front matter: the `key: value` lines between two `---` (spec 2.3, 2.4).
//!
//! Owns reading it line by line, where no generic loader decides a type, and writing single values back as splices.
//! A YAML parser is asked as well, but only for a second opinion ([`Front::check_yaml`]): one colon in a title must not
//! cost an item its status.

mod read;
mod value;
mod write;
mod yaml;

pub use read::{Opening, read};
pub use write::Refusal;

use crate::field::is_placeholder;
use crate::text::{Slice, Span};
use std::borrow::Cow;

/// The front matter of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front<'t> {
    /// Both fences and everything between them, the last line end included; without a byte order mark.
    pub span: Span,
    /// Where the closing fence begins, and new keys go.
    pub close: usize,
    /// Between the fences.
    pub inside: Slice<'t>,
    /// In source order, repeated keys too.
    pub entries: Vec<Entry<'t>>,
    /// Lines that are none of what spec 2.3 #3 lists (`FM_BAD_LINE`), without line ends.
    pub bad_lines: Vec<Slice<'t>>,
}

/// One key with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'t> {
    pub key: Slice<'t>,
    /// Behind the colon and its blanks, up to a trailing comment or the end of the line, quotes included. Of a value
    /// that spans lines: up to the end of the last one.
    pub raw: Slice<'t>,
    pub style: ValueStyle,
    /// All its lines, the last line end included.
    pub lines: Span,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueStyle {
    Plain,
    Single,
    Double,
    /// `|`, `|-`, `>` and their kind.
    Block,
    /// `[a, b]`, on one line or several.
    Flow,
    /// `- a` lines.
    List,
    /// Anything else that spans lines.
    Lines,
}

impl<'t> Front<'t> {
    /// The entry of a key, without regard to letter case. For a key given twice the last one counts.
    pub fn get(&self, key: &str) -> Option<&Entry<'t>> {
        self.entries.iter().rev().find(|entry| entry.is(key))
    }

    /// The value of a key as text; `None` when the key is absent. A list gives its items joined by `, `.
    pub fn text(&self, key: &str) -> Option<Cow<'t, str>> {
        self.get(key).map(Entry::text)
    }

    /// The value of a key unless it is absent, empty or a placeholder.
    pub fn given(&self, key: &str) -> Option<Cow<'t, str>> {
        self.text(key).filter(|value| !is_placeholder(value))
    }

    /// The first of several spellings that is given, such as `airdate` and `air_date`.
    pub fn given_any(&self, keys: &[&str]) -> Option<Cow<'t, str>> {
        keys.iter().find_map(|key| self.given(key))
    }

    /// The items of a list, or of comma text.
    pub fn list(&self, key: &str) -> Vec<String> {
        self.get(key).map_or_else(Vec::new, Entry::list)
    }

    /// `yes true on 1` and their opposites; anything else is `None`.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.given(key)?.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        }
    }

    pub fn is_duplicate(&self, key: &str) -> bool {
        self.entries.iter().filter(|entry| entry.is(key)).nth(1).is_some()
    }

    /// Whether the block may be written at all (spec 2.4 #5).
    pub fn is_writable(&self) -> bool {
        self.bad_lines.is_empty()
    }
}

impl<'t> Entry<'t> {
    pub fn is(&self, key: &str) -> bool {
        self.key.text.eq_ignore_ascii_case(key)
    }

    pub fn spans_lines(&self) -> bool {
        self.raw.text.contains('\n')
    }

    /// The value as text, see [`Front::text`].
    pub fn text(&self) -> Cow<'t, str> {
        value::text(self)
    }

    pub fn list(&self) -> Vec<String> {
        value::list(self)
    }
}
