//! One Markdown file, parsed once.
//!
//! Owns [`Document`]: front matter, cues, and everything between them as an ordered list of blocks. Nothing is thrown
//! away and nothing overlaps: between two blocks there is white space only, so the text can always be put together
//! again ([`Document::pieces`]). No input is too broken to parse. Parsing is one pass, linear in the text.

mod attributes;
mod block;
mod fence;
mod findings;
mod parse;
mod prose;

pub use attributes::{Attribute, attributes};
pub use block::{Block, BlockKind, Paragraph, SectionKind, Unterminated};
pub use prose::Prose;

use crate::cue::Cue;
use crate::front::{Front, Opening};
use crate::inline::Revision;
use crate::text::{LineIndex, Newline, Place, Slice, Span};
use std::cmp::Ordering;
use std::sync::OnceLock;

/// A parsed file. Every offset in it points into [`Document::text`].
#[derive(Debug)]
pub struct Document<'t> {
    pub text: &'t str,
    pub newline: Newline,
    pub opening: Opening<'t>,
    /// Everything behind the front matter (and the byte order mark).
    pub body: Span,
    /// In file order; the place of a cue is its index here.
    pub cues: Vec<Cue<'t>>,
    /// In file order. Between them stands white space only.
    pub blocks: Vec<Block<'t>>,
    /// Begin markers without an End, in file order.
    pub unterminated: Vec<Unterminated<'t>>,
    index: OnceLock<LineIndex>,
    sorted: OnceLock<Sorted>,
}

/// The places of all cues, sorted by what they are looked up by; made when somebody asks first.
#[derive(Debug)]
struct Sorted {
    by_id: Vec<usize>,
    by_names: Vec<usize>,
}

fn names<'t>(cue: &Cue<'t>) -> (&'t str, &'t str, &'t str) {
    (cue.type_word(), cue.slug(), cue.asset_id())
}

impl<'t> Document<'t> {
    pub fn parse(text: &'t str) -> Self {
        parse::parse(text)
    }

    /// The front matter, when there is one and it is terminated.
    pub const fn front(&self) -> Option<&Front<'t>> {
        match &self.opening {
            Opening::Front(front) => Some(front),
            Opening::None | Opening::Unterminated(_) => None,
        }
    }

    /// Line and column of an offset.
    pub fn place(&self, offset: usize) -> Place {
        self.lines().place(self.text, offset)
    }

    /// Line of an offset, from 1.
    pub fn line(&self, offset: usize) -> u32 {
        self.lines().line(self.text, offset)
    }

    /// Made when somebody asks first.
    pub fn lines(&self) -> &LineIndex {
        self.index.get_or_init(|| LineIndex::new(self.text))
    }

    pub fn slice(&self, span: Span) -> Slice<'t> {
        Slice::of(self.text, span.begin, span.end)
    }

    /// The cue with this AssetID, when exactly one has it.
    pub fn cue_by_id(&self, id: &str) -> Option<(usize, &Cue<'t>)> {
        match self.equal(&self.sorted().by_id, |cue| cue.asset_id().cmp(id)) {
            &[index] => Some((index, &self.cues[index])),
            _ => None,
        }
    }

    /// Places of the cues that agree in type, slug and AssetID as written, in file order.
    pub(crate) fn cues_named(&self, kind: &str, slug: &str, id: &str) -> &[usize] {
        self.equal(&self.sorted().by_names, |cue| names(cue).cmp(&(kind, slug, id)))
    }

    fn equal<'s>(&self, sorted: &'s [usize], order: impl Fn(&Cue<'t>) -> Ordering) -> &'s [usize] {
        let begin = sorted.partition_point(|&at| order(&self.cues[at]).is_lt());
        let length = sorted[begin..].partition_point(|&at| order(&self.cues[at]).is_eq());
        &sorted[begin..begin + length]
    }

    fn sorted(&self) -> &Sorted {
        self.sorted.get_or_init(|| {
            let mut sorted = Sorted { by_id: (0..self.cues.len()).collect(), by_names: (0..self.cues.len()).collect() };
            sorted.by_id.sort_by_key(|&at| self.cues[at].asset_id());
            sorted.by_names.sort_by_key(|&at| names(&self.cues[at]));
            sorted
        })
    }

    /// Open proposals of a revision, in file order (spec 3.3 #7).
    pub fn revisions(&self) -> Vec<Revision<'t>> {
        self.prose().filter_map(|prose| prose.revision).collect()
    }

    /// The whole text as consecutive slices: blocks and what lies between them. Together they are the input.
    pub fn pieces(&self) -> Vec<Slice<'t>> {
        let mut pieces = Vec::with_capacity(2 * self.blocks.len() + 2);
        let mut at = 0;
        for span in self.blocks.iter().map(|block| block.span) {
            pieces.push(Slice::of(self.text, at, span.begin));
            pieces.push(self.slice(span));
            at = span.end;
        }
        pieces.push(Slice::of(self.text, at, self.text.len()));
        pieces
    }
}
