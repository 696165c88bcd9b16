//! Markers: their dialect, a Begin without End, an End without Begin, text glued to an End (specification 4.8 #1 to #3).

use super::{Splices, class};
use crate::cue::{Dialect, END_MARKER, Marker};
use crate::diagnostic::Code;
use crate::edit::Declares;
use crate::guard::UNDEFINED;
use crate::item::{BlockKind, Document};
use crate::settings::{Class, Settings};
use crate::text::{Span, Splice};

pub(super) fn splices(document: &Document<'_>, settings: &Settings) -> Splices {
    let safe = |code| class(code, settings) == Class::Safe;
    let newline = document.newline.text();
    let mut made: Vec<Splice> = Vec::new();
    for cue in &document.cues {
        if safe(Code::CueDoubleAngle) {
            made.extend([&cue.begin, &cue.end].into_iter().flat_map(|marker| canonical(document.text, marker)));
        }
        if safe(Code::CueTextGlued) && !cue.glued.is_empty() {
            made.push(Splice::new(Span::new(cue.end.span.end, cue.glued.begin), newline.repeat(2)));
        }
    }
    if safe(Code::CueUnterminated) {
        for open in &document.unterminated {
            let Some(at) = open.closable else { continue };
            made.extend(canonical(document.text, &open.marker));
            made.push(Splice::insert(at, format!("{newline}{END_MARKER}")));
        }
    }
    if safe(Code::CueStrayEnd) {
        made.extend(stray_ends(document).map(|marker| without_marker(document, &marker)));
    }
    made.into_iter().map(|splice| (splice, Declares::default())).collect()
}

/// What makes a double-angle marker canonical. Its `<!--` and `-->` stay as bytes, so that it is known as the marker it was
/// even where the text right beside it changes too.
fn canonical(text: &str, marker: &Marker) -> Vec<Splice> {
    const OPEN: &str = "<!--";
    const CLOSE: &str = "-->";
    if marker.dialect != Dialect::DoubleAngle {
        return Vec::new();
    }
    let (span, wanted) = (marker.span, marker.canonical());
    let old = &text[span.begin..span.end];
    let begin = span.begin + old.find(OPEN).unwrap_or(0) + OPEN.len();
    let end = span.begin + old.rfind(CLOSE).unwrap_or(old.len());
    let words = &wanted[OPEN.len()..wanted.len() - CLOSE.len()];
    let splices = [
        Splice::delete(Span::new(span.begin, begin - OPEN.len())),
        Splice::new(Span::new(begin, end), words),
        Splice::delete(Span::new(end + CLOSE.len(), span.end)),
    ];
    splices.into_iter().filter(|splice| text[splice.begin..splice.end] != splice.text).collect()
}

pub(super) fn stray_ends<'d>(document: &'d Document<'_>) -> impl Iterator<Item = Marker> + 'd {
    document.blocks.iter().filter_map(|block| match block.kind {
        BlockKind::StrayEnd(marker) => Some(marker),
        _ => None,
    })
}

/// Takes a stray End away, and its line when nothing else stands on it.
pub(super) fn without_marker(document: &Document<'_>, marker: &Marker) -> Splice {
    let text = document.text;
    let line_begin =
        text[..marker.span.begin].rfind('\n').map_or(document.body.begin, |at| at + 1).max(document.body.begin);
    let line_end = text[marker.span.end..].find('\n').map_or(text.len(), |at| marker.span.end + at + 1);
    let alone =
        text[line_begin..marker.span.begin].trim().is_empty() && text[marker.span.end..line_end].trim().is_empty();
    Splice::delete(if alone { Span::new(line_begin, line_end) } else { marker.span })
}

/// The first trace of a program that wrote `undefined` where something should stand (specification 4.8 #16). No writer
/// touches such a file.
pub fn undefined(document: &Document<'_>) -> Option<Span> {
    let found =
        UNDEFINED.iter().filter_map(|trace| document.text.find(trace).map(|at| Span::new(at, at + trace.len())));
    found.min()
}
