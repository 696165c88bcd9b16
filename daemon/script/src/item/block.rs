//! What a body is made of.

use super::attributes::{Attribute, attributes};
use crate::cue::Marker;
use crate::field::Body;
use crate::text::{Slice, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'t> {
    /// Without white space at its ends.
    pub span: Span,
    /// The section it stands in; the heading of a section stands in that section.
    pub section: SectionKind,
    pub kind: BlockKind<'t>,
}

/// The sections of spec 3.3 #1. Only `Script` reaches scripts, word counts and token searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SectionKind {
    /// Also everything that stands in no named section.
    #[default]
    Script,
    Notes,
    Description,
    Resources,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind<'t> {
    /// Index into [`super::Document::cues`].
    Cue(usize),
    Paragraph(Paragraph<'t>),
    Heading {
        level: u8,
        text: Slice<'t>,
        /// Opens a section of spec 3.3 #1 and is never printed; `## Script` is one.
        opens_section: bool,
    },
    /// `<!-- … -->` that is no marker.
    Comment,
    /// A code fence with what it holds, or a part of it where cues stand between.
    Code,
    /// Index into [`super::Document::unterminated`]: a Begin without End and its field lines, prose until repaired.
    Unterminated(usize),
    /// An End without Begin.
    StrayEnd(Marker),
}

/// Text to be spoken: bare lines, or one `<p …>…</p>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paragraph<'t> {
    /// `<p class="host">`; `None` for bare text.
    pub open: Option<Slice<'t>>,
    /// Between the tags, as it stands; of bare text all of it.
    pub content: Slice<'t>,
    /// `</p>`; `None` for bare text and where it is missing.
    pub close: Option<Slice<'t>>,
}

impl<'t> Paragraph<'t> {
    pub const fn is_tagged(&self) -> bool {
        self.open.is_some()
    }

    /// Attributes of the tag, in source order.
    pub fn attributes(&self) -> Vec<Attribute<'t>> {
        self.open.map_or_else(Vec::new, attributes)
    }

    /// The raw value of an attribute, entities not decoded.
    pub fn attribute(&self, name: &str) -> Option<&'t str> {
        self.attributes().into_iter().find(|found| found.name.text.eq_ignore_ascii_case(name)).map(|a| a.value.text)
    }

    /// The first word of the class that is no modifier; `None`: the default speaker.
    pub fn speaker(&self) -> Option<&'t str> {
        self.attribute("class")?.split_whitespace().find(|word| !is_modifier(word))
    }

    pub fn is_bullet(&self) -> bool {
        self.attribute("class").is_some_and(|class| class.split_whitespace().any(is_modifier))
    }

    /// Begins with `*** ` (spec 3.3 #8).
    pub fn is_flagged(&self) -> bool {
        self.content.text.trim_start().starts_with("*** ")
    }
}

fn is_modifier(word: &str) -> bool {
    word.eq_ignore_ascii_case("bullet")
}

/// A Begin marker followed by another one or by the end of the file (`CUE_UNTERMINATED`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unterminated<'t> {
    pub marker: Marker,
    /// The marker and the field lines that follow it.
    pub span: Span,
    /// Those field lines.
    pub content: Body<'t>,
    /// Where an End line may be put safely (spec 4.8 #2), behind the last field; `None`: only a person can tell.
    pub closable: Option<usize>,
}
