//! The text on which later passes may act: never front matter, attributes, cue bodies, comments or code.

use super::{BlockKind, Document, SectionKind};
use crate::inline::{Inline, Revision, pieces};
use crate::text::Slice;

/// One stretch of a paragraph or heading between its tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prose<'t> {
    /// Index into [`Document::blocks`].
    pub block: usize,
    pub section: SectionKind,
    pub slice: Slice<'t>,
    /// The stretch is a proposed revision, both sides and its tags: to be read, not to be changed.
    pub revision: Option<Revision<'t>>,
}

impl<'t> Document<'t> {
    /// All prose, in file order.
    pub fn prose(&self) -> impl Iterator<Item = Prose<'t>> + '_ {
        self.blocks.iter().enumerate().flat_map(|(block, found)| {
            let content = match found.kind {
                BlockKind::Paragraph(paragraph) => Some(paragraph.content),
                BlockKind::Heading { text, opens_section: false, .. } => Some(text),
                _ => None,
            };
            let section = found.section;
            content.into_iter().flat_map(pieces).filter_map(move |piece| match piece {
                Inline::Text(slice) => Some(Prose { block, section, slice, revision: None }),
                Inline::Revision(revision) => {
                    Some(Prose { block, section, slice: revision.whole, revision: Some(revision) })
                }
                Inline::Tag(_) | Inline::Comment(_) | Inline::Code(_) => None,
            })
        })
    }

    /// Only the stretches that may be changed.
    pub fn prose_ranges(&self) -> impl Iterator<Item = Prose<'t>> + '_ {
        self.prose().filter(|prose| prose.revision.is_none())
    }
}
