//! Notations of older tools become cues where that is safe (specification 4.8 #8).

use super::{Context, Splices, class};
use crate::cue::compose;
use crate::diagnostic::Code;
use crate::edit::Declares;
use crate::item::{BlockKind, Document};
use crate::legacy;
use crate::settings::Class;
use crate::text::{Span, Splice};

pub(super) fn splices(document: &Document<'_>, context: &Context<'_>) -> Splices {
    if class(Code::LegacyToken, context.settings) != Class::Safe {
        return Vec::new();
    }
    let mut made: Splices = Vec::new();
    for notation in legacy::find(document) {
        let Ok(conversion) = legacy::convert(document, &notation, context.shelf) else { continue };
        // A token inside the lines that another one took is that one's.
        if made.last().is_some_and(|(splice, _)| splice.span().overlaps(conversion.span)) {
            continue;
        }
        // The flag of its paragraph goes with it, wherever in the paragraph it stands.
        let block = &document.blocks[notation.block];
        if let BlockKind::Paragraph(paragraph) = block.kind
            && paragraph.is_flagged()
            && conversion.span.begin > block.span.begin
            && made.last().is_none_or(|(splice, _)| splice.begin < block.span.begin)
        {
            let begin = paragraph.content.begin + paragraph.content.text.find("*** ").unwrap_or(0);
            made.push((Splice::delete(Span::new(begin, begin + 4)), Declares::default()));
        }
        let declares = Declares { moves_prose: true, ..Declares::default() };
        made.push((Splice::new(conversion.span, compose(&conversion.cue, document.newline)), declares));
    }
    made
}
