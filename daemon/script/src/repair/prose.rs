//! Prose scrubbed of pasted markup (specification 4.8 #17, 4.12). Notes, Description and Resources are left as they are.

use super::{Splices, class};
use crate::diagnostic::Code;
use crate::edit::Declares;
use crate::item::{Block, BlockKind, Document, Paragraph, SectionKind};
use crate::scrub;
use crate::settings::{Class, Settings};
use crate::text::{Span, Splice};
use std::borrow::Cow;

pub(super) fn splices(document: &Document<'_>, settings: &Settings) -> Splices {
    if class(Code::HtmlInProse, settings) != Class::Safe {
        return Vec::new();
    }
    let mut made = Vec::new();
    for (_, paragraph) in spoken(document) {
        if let Cow::Owned(clean) = scrub::clean(paragraph.content.text) {
            made.push((Splice::new(paragraph.content.span(), clean), Declares::default()));
        }
    }
    made
}

/// Paragraphs that reach the script; indented code is none.
pub(super) fn spoken<'d, 't>(
    document: &'d Document<'t>,
) -> impl Iterator<Item = (&'d Block<'t>, Paragraph<'t>)> + use<'d, 't> {
    document.blocks.iter().filter(|block| block.section == SectionKind::Script).filter_map(|block| match block.kind {
        BlockKind::Paragraph(paragraph) if !is_indented(document.text, block.span.begin) => Some((block, paragraph)),
        _ => None,
    })
}

fn is_indented(text: &str, at: usize) -> bool {
    let line = &text[text[..at].rfind('\n').map_or(0, |at| at + 1)..at];
    line.trim().is_empty() && (line.contains('\t') || line.len() >= 4)
}

/// The lone dash that a paragraph begins with, and the blanks behind it. Two or more lines that all begin with a dash are
/// a list and stay.
pub(super) fn leading_dash(paragraph: &Paragraph<'_>) -> Option<Span> {
    let content = paragraph.content.trim();
    let dashed = |line: &str| {
        ["-", "–", "—"]
            .iter()
            .any(|dash| line.trim_start().strip_prefix(dash).is_some_and(|rest| rest.starts_with([' ', '\t'])))
    };
    let mut lines = content.text.lines();
    let is_list = content.text.lines().count() > 1 && lines.clone().all(dashed);
    if is_list || !lines.next().is_some_and(dashed) {
        return None;
    }
    let dash = content.text.chars().next().map_or(0, char::len_utf8);
    let rest = &content.text[dash..];
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    (!rest.trim().is_empty()).then(|| Span::new(content.begin, content.begin + dash + blanks))
}
