//! The fields of a cue: `[Name: value]`.
//!
//! Owns the grammar of a cue's body (spec 4.2), the one way to find a value: values hold brackets, quotes, JSON and
//! line breaks, so no pattern can stand in for it. Also what a value means: placeholders, quote layers, escapes.

mod grammar;
mod names;
mod value;

pub use grammar::{Body, parse_body};
pub(crate) use names::folded;
pub use names::{canonical_name, is_known_name, same_name};
pub use value::{escape_gfx, is_gfx_text, is_placeholder, strip_quotes, unescape_gfx, wrap_quotes};

use crate::text::{Slice, Span};

/// One field, by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'t> {
    /// As written, without blanks around it: `Media Url` stays `Media Url`.
    pub label: Slice<'t>,
    /// As the grammar gives it, without white space around it.
    pub value: Slice<'t>,
    /// From `[` to behind `]`. Of an inline field: the piece between the commas.
    pub span: Span,
    /// Where the value may be replaced: everything between the blanks after `:` and `]`, trailing blanks too.
    pub room: Span,
    /// A further piece of `[Type: ADLIB, Duration: 00:01:00]`.
    pub inline: bool,
}

impl<'t> Field<'t> {
    pub fn is(&self, name: &str) -> bool {
        same_name(self.label.text, name)
    }

    /// The canonical spelling of a known name, else the label as written.
    pub fn name(&self) -> &'t str {
        canonical_name(self.label.text).unwrap_or(self.label.text)
    }

    /// Where a line inside the value begins that looks like a field of its own (`CUE_FIELD_SWALLOWED`).
    pub fn swallows(&self) -> Option<Slice<'t>> {
        let mut begin = 0;
        for line in self.value.text.split_inclusive('\n') {
            if begin > 0
                && let Some(rest) = line.trim_start().strip_prefix('[')
                && let Some((name, _)) = rest.split_once(':')
                && is_known_name(name)
            {
                return Some(self.value.part(begin, begin + line.len()).trim());
            }
            begin += line.len();
        }
        None
    }
}
