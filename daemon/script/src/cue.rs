//! Cues: the blocks between a Begin and an End marker.
//!
//! Owns the markers of every dialect, what a cue answers about itself, and the text of a new one. The walk that finds
//! the cues of a file is [`crate::item`]'s, since it also decides what stands between them.

mod compose;
mod marker;
mod write;

pub use compose::{END_MARKER, NewCue, compose};
pub use marker::{Dialect, Marker, markers};
pub(crate) use write::field_rank;

use crate::field::{Body, Field, folded, is_gfx_text, is_placeholder, same_name, strip_quotes, unescape_gfx};
use crate::id::{IdClass, classify};
use crate::kind::CueType;
use crate::text::{Slice, Span};
use std::borrow::Cow;
use std::collections::HashSet;

/// One cue, by place. Offsets point into the text of its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cue<'t> {
    /// Of a fence cue: the opening and closing fence lines, without their line ends.
    pub begin: Marker,
    pub end: Marker,
    /// Between the markers.
    pub body: Slice<'t>,
    pub content: Body<'t>,
    /// The AssetID of a fence's info string; empty otherwise.
    pub fence_id: Slice<'t>,
    /// Text on the End marker's line behind it (`CUE_TEXT_GLUED`), without white space around it; may be empty.
    pub glued: Slice<'t>,
}

impl<'t> Cue<'t> {
    /// From the first byte of the Begin marker to behind the End marker.
    pub const fn span(&self) -> Span {
        Span::new(self.begin.span.begin, self.end.span.end)
    }

    /// The dialect of the pair: the worse of its markers, as spec 4.1 lists them.
    pub fn dialect(&self) -> Dialect {
        match self.begin.dialect.max(self.end.dialect) {
            Dialect::Canonical if self.begin.collapsed => Dialect::Collapsed,
            dialect => dialect,
        }
    }

    pub const fn is_collapsed(&self) -> bool {
        self.begin.collapsed
    }

    /// Fields in source order.
    pub fn fields(&self) -> &[Field<'t>] {
        &self.content.fields
    }

    /// The first field of this name, in any of its spellings. Knows no aliases.
    pub fn field(&self, name: &str) -> Option<&Field<'t>> {
        self.content.fields.iter().find(|field| field.is(name))
    }

    /// The raw value of a field; empty when there is none.
    pub fn value(&self, name: &str) -> &'t str {
        self.field(name).map_or("", |field| field.value.text)
    }

    /// The raw value of a field unless it is empty or a placeholder.
    pub fn given(&self, name: &str) -> Option<&'t str> {
        Some(self.value(name)).filter(|value| !is_placeholder(value))
    }

    /// The value as people mean it: one layer of quotes off a `Quote`, escapes of GFX text fields decoded.
    pub fn text(&self, name: &str) -> Option<Cow<'t, str>> {
        self.given(name).map(|value| self.decode(name, value))
    }

    /// What a raw value of this cue's field `name` means.
    pub fn decode<'v>(&self, name: &str, value: &'v str) -> Cow<'v, str> {
        if same_name(name, "Quote") {
            Cow::Borrowed(strip_quotes(value))
        } else if self.kind() == Some(CueType::Gfx) && is_gfx_text(name) {
            unescape_gfx(value)
        } else {
            Cow::Borrowed(value)
        }
    }

    /// The field of an FSQ cue under its name or an alias of it (spec 4.2 #6); the first one present counts.
    pub fn attribution(&self) -> Option<&Field<'t>> {
        self.field_of_fsq(&["Attribution", "Source"])
    }

    /// See [`Self::attribution`].
    pub fn align(&self) -> Option<&Field<'t>> {
        self.field_of_fsq(&["Align", "Alignment", "Style"])
    }

    fn field_of_fsq(&self, names: &[&str]) -> Option<&Field<'t>> {
        let names = if self.kind() == Some(CueType::Fsq) { names } else { &names[..1] };
        self.content.fields.iter().find(|field| names.iter().any(|name| field.is(name)))
    }

    /// The word of its type as written; empty when there is none.
    pub fn type_word(&self) -> &'t str {
        self.value("Type")
    }

    /// `None`: no type, or one we do not know.
    pub fn kind(&self) -> Option<CueType> {
        CueType::parse(self.type_word())
    }

    /// As written, placeholders too; of a fence without such a field, the id of its info string.
    pub fn asset_id(&self) -> &'t str {
        match self.value("AssetID") {
            "" => self.fence_id.text,
            id => id,
        }
    }

    pub fn id_class(&self) -> IdClass {
        classify(self.asset_id())
    }

    /// As written, placeholders too.
    pub fn slug(&self) -> &'t str {
        self.value("Slug")
    }

    /// Fields that repeat the name of an earlier one (`CUE_DUPLICATE_FIELD`).
    pub fn duplicates(&self) -> impl Iterator<Item = &Field<'t>> {
        let mut seen = HashSet::new();
        self.content.fields.iter().filter(move |field| !seen.insert(folded(field.label.text).collect::<String>()))
    }
}
