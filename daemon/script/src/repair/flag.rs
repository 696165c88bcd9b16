//! Flags in the text for what cannot be mended (specification 4.12 #3), where a setting asks for them.
//!
//! A tagged paragraph gets attributes, and loses them when their cause is gone; a person's own note is left alone. A bare
//! one gets a leading `*** `, which nobody can tell from one that a person typed: it goes only with its notation.

use super::prose::spoken;
use super::{Context, Splices};
use crate::edit::Declares;
use crate::item::{Document, Paragraph};
use crate::legacy::{self, Place};
use crate::scrub;
use crate::text::{Span, Splice};

/// A notation on a line of its own that does not convert.
pub const INVALID_CODE: &str = "Invalid cue code";
pub const UNWELCOME_HTML: &str = "Unwelcome HTML detected";

/// Whether a `data-flag-note` is one of ours.
pub fn is_our_note(note: &str) -> bool {
    [INVALID_CODE, UNWELCOME_HTML].contains(&note)
}

pub(super) fn splices(document: &Document<'_>, context: &Context<'_>) -> Splices {
    if !context.settings.flags_in_text {
        return Vec::new();
    }
    let invalid: Vec<usize> = legacy::find(document)
        .into_iter()
        .filter(|notation| notation.place != Place::Sentence)
        .filter(|notation| legacy::convert(document, notation, context.shelf).is_err())
        .map(|notation| notation.whole.begin)
        .collect();
    let flagged = |paragraph: &Paragraph<'_>| {
        let span = paragraph.content.span();
        let first = invalid.partition_point(|at| *at < span.begin);
        let cause = if invalid.get(first).is_some_and(|at| *at < span.end) {
            Some(INVALID_CODE)
        } else {
            scrub::unwelcome(paragraph.content.text).map(|_| UNWELCOME_HTML)
        };
        flag(paragraph, cause)
    };
    spoken(document)
        .filter_map(|(_, paragraph)| flagged(&paragraph))
        .map(|splice| (splice, Declares::default()))
        .collect()
}

fn flag(paragraph: &Paragraph<'_>, cause: Option<&str>) -> Option<Splice> {
    let Some(open) = paragraph.open else {
        let bare = cause.is_some() && !paragraph.is_flagged();
        return bare.then(|| Splice::insert(paragraph.content.begin, "*** "));
    };
    match (cause, paragraph.attribute("data-flag-note")) {
        (Some(cause), None) if paragraph.attribute("data-needs-attention").is_none() => {
            let end = open.text.strip_suffix('>')?.trim_end().len();
            let flags = format!(" data-needs-attention=\"true\" data-flag-note=\"{cause}\"");
            (!open.text[..end].ends_with('/')).then(|| Splice::insert(open.begin + end, flags))
        }
        (cause, Some(note)) if is_our_note(note) && cause != Some(note) => {
            let attributes = paragraph.attributes();
            let of = |name: &str| {
                attributes.iter().find(|found| found.name.text.eq_ignore_ascii_case(name)).map(|found| found.span)
            };
            match (cause, of("data-flag-note"), of("data-needs-attention")) {
                (Some(cause), Some(note), _) => Some(Splice::new(note, format!("data-flag-note=\"{cause}\""))),
                // Side by side, as we write them; apart, somebody had a hand in it.
                (None, Some(note), Some(attention)) if attention.end + 1 == note.begin => {
                    let begin = attention.begin - usize::from(open.text[..attention.begin - open.begin].ends_with(' '));
                    Some(Splice::delete(Span::new(begin, note.end)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}
