//! Notations of older tools in prose: found, scored, and turned into cues where that is safe (specification 4.6).
//!
//! [`find`] lists every notation of a document; [`convert()`] answers with the cue that it stands for, or with the doubt
//! that leaves it to a person. Files are matched against a [`crate::path::Shelf`]; nothing is guessed.

pub mod block;
mod convert;
pub mod score;
pub mod source;
pub mod token;

pub use block::Doubt;
pub use convert::{Conversion, convert};
pub use token::{Form, Token};

use crate::inline::{Inline, pieces};
use crate::item::{BlockKind, Document, Paragraph, SectionKind};
use crate::text::{Slice, Span};

/// One notation in the prose of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notation<'t> {
    pub token: Token<'t>,
    /// The notation as it stands.
    pub whole: Slice<'t>,
    /// Index into [`Document::blocks`].
    pub block: usize,
    pub place: Place,
}

/// What stands around a notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The only thing on its line in bare text; the line from its first to its last byte, a leading `*** ` too.
    Line(Span),
    /// The only thing in a tagged paragraph; the whole paragraph.
    Paragraph(Span),
    /// Between words: it is a reference and is never converted.
    Sentence,
}

/// All notations in the prose that reaches the script, in file order.
pub fn find<'t>(document: &Document<'t>) -> Vec<Notation<'t>> {
    let mut found = Vec::new();
    for (at, block) in document.blocks.iter().enumerate() {
        if block.section != SectionKind::Script {
            continue;
        }
        match block.kind {
            BlockKind::Paragraph(paragraph) => in_paragraph(at, block.span, &paragraph, &mut found),
            BlockKind::Heading { text, opens_section: false, .. } => {
                found.extend(in_content(at, text).into_iter().map(|notation| notation.0));
            }
            _ => {}
        }
    }
    found
}

fn in_paragraph<'t>(at: usize, span: Span, paragraph: &Paragraph<'t>, found: &mut Vec<Notation<'t>>) {
    for (mut notation, line) in in_content(at, paragraph.content) {
        let unflagged = line.text.trim_start().strip_prefix("*** ").unwrap_or(line.text).trim();
        if unflagged.len() == notation.whole.text.len() {
            notation.place = if !paragraph.is_tagged() {
                Place::Line(line.span())
            } else if line.span() == paragraph.content.trim().span() && may_be_replaced(paragraph) {
                Place::Paragraph(span)
            } else {
                Place::Sentence
            };
        }
        found.push(notation);
    }
}

/// A tagged paragraph goes with its notation when it says nothing but who speaks, and what we flagged it for: what a
/// person noted in its attributes must survive.
fn may_be_replaced(paragraph: &Paragraph<'_>) -> bool {
    let ours = paragraph.attribute("data-flag-note").is_some_and(crate::repair::is_our_note);
    let goes = |name: &str| {
        let flag = name.eq_ignore_ascii_case("data-flag-note") || name.eq_ignore_ascii_case("data-needs-attention");
        name.eq_ignore_ascii_case("class") || flag && ours
    };
    paragraph.close.is_some() && paragraph.attributes().iter().all(|found| goes(found.name.text))
}

/// The notations of one content, each with its line; those inside tags, comments, code and revisions are none.
fn in_content(block: usize, content: Slice<'_>) -> Vec<(Notation<'_>, Slice<'_>)> {
    let mut found = Vec::new();
    if !content.text.contains(['{', '(', '[']) {
        return found;
    }
    let shut: Vec<Span> = pieces(content)
        .iter()
        .filter(|piece| !matches!(piece, Inline::Text(_)))
        .map(|piece| piece.slice().span())
        .collect();
    let mut begin = 0;
    for line in content.text.split_inclusive('\n') {
        let line = content.part(begin, begin + line.len());
        begin += line.text.len();
        for token in token::tokens(line.trim().text) {
            let line = line.trim();
            let whole = line.part(token.begin, token.end);
            let first = shut.partition_point(|span| span.end <= whole.begin);
            if shut.get(first).is_none_or(|span| !span.overlaps(whole.span())) {
                found.push((Notation { token, whole, block, place: Place::Sentence }, line));
            }
        }
    }
    found
}
