//! Blank lines around cues, and blanks around values (specification 4.8 #15).

use super::{Splices, class};
use crate::cue::{Cue, Dialect};
use crate::diagnostic::Code;
use crate::edit::Declares;
use crate::item::Document;
use crate::settings::{Class, Settings};
use crate::text::{Span, Splice};

/// One thing that is not as it should be, where, and what makes it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untidy {
    pub what: &'static str,
    /// Index into [`Document::cues`].
    pub cue: usize,
    pub splice: Splice,
}

pub(super) fn splices(document: &Document<'_>, settings: &Settings) -> Splices {
    if class(Code::CueBlockWhitespace, settings) != Class::Safe {
        return Vec::new();
    }
    untidy(document).into_iter().map(|found| (found.splice, Declares::default())).collect()
}

/// Everything untidy about the cues of a document, in file order. A fence cue is never rewritten.
pub fn untidy(document: &Document<'_>) -> Vec<Untidy> {
    let mut found = Vec::new();
    for (at, cue) in document.cues.iter().enumerate().filter(|(_, cue)| cue.dialect() != Dialect::Fence) {
        let mut push = |what, splice| found.push(Untidy { what, cue: at, splice });
        if let Some(splice) = before(document, cue) {
            push("no blank line before Begin", splice);
        }
        fields(document, cue, &mut push);
        let next = document.cues.get(at + 1).map(|next| next.span().begin);
        if let Some(splice) = after(document, cue, next) {
            push("no blank line after End", splice);
        }
    }
    found
}

/// At the beginning of the body nothing is missing.
fn before(document: &Document<'_>, cue: &Cue<'_>) -> Option<Splice> {
    let newline = document.newline.text();
    let begin = cue.span().begin;
    let head = &document.text[document.body.begin..begin];
    let line = head.trim_end_matches([' ', '\t']);
    if line.is_empty() {
        return None;
    }
    let line_end = document.body.begin + line.len();
    let Some(above) = line.strip_suffix('\n') else {
        return Some(Splice::new(Span::new(line_end, begin), newline.repeat(2)));
    };
    let last = above.rsplit('\n').next().unwrap_or(above);
    (!last.trim().is_empty()).then(|| Splice::insert(line_end, newline))
}

/// `next`: where the next cue begins. Where it follows at once, the blank line before it is this one too.
fn after(document: &Document<'_>, cue: &Cue<'_>, next: Option<usize>) -> Option<Splice> {
    let newline = document.newline.text();
    let end = cue.span().end;
    let tail = &document.text[end..];
    let gap = tail.len() - tail.trim_start().len();
    if gap == tail.len() || next == Some(end + gap) || !cue.glued.is_empty() {
        return None;
    }
    match tail[..gap].matches('\n').count() {
        // Another marker on the same line.
        0 => Some(Splice::new(Span::new(end, end + gap), newline.repeat(2))),
        1 => Some(Splice::insert(end + tail.find('\n').map_or(0, |at| at + 1), newline)),
        _ => None,
    }
}

fn fields(document: &Document<'_>, cue: &Cue<'_>, push: &mut impl FnMut(&'static str, Splice)) {
    let text = document.text;
    let blank =
        |span: Span| !span.is_empty() && text[span.begin..span.end].bytes().all(|byte| matches!(byte, b' ' | b'\t'));
    // `[Type: ADLIB, Duration: 00:01:00]` is left as it is written.
    let in_pieces = |span: Span| cue.fields().iter().any(|field| field.inline && span.covers(field.span));
    for field in cue.fields().iter().filter(|field| !field.inline && !in_pieces(field.span)) {
        let label_end = field.label.end();
        let colon = label_end + text[label_end..field.room.begin].find(':').unwrap_or(0);
        let lead = Span::new(colon + 1, field.room.begin);
        if lead.len() > 1 && blank(lead) {
            push("blanks before a value", Splice::new(lead, " "));
        }
        let trail = Span::new(field.value.end().max(field.room.begin), field.room.end);
        if blank(trail) && !field.value.is_empty() {
            push("blanks after a value", Splice::delete(trail));
        }
        let rest = &text[field.span.end..cue.body.end()];
        let run = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if run > 0 && (rest.len() == run || rest[run..].starts_with(['\n', '\r'])) {
            push("blanks after a field", Splice::delete(Span::new(field.span.end, field.span.end + run)));
        }
    }
}
