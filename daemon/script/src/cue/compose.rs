//! The text of a new cue (spec 4.2 #8).

use crate::field::{escape_gfx, is_gfx_text, is_placeholder, same_name, wrap_quotes};
use crate::kind::CueType;
use crate::text::Newline;

pub const END_MARKER: &str = "<!-- End Cue -->";
const BEGIN_MARKER: &str = "<!-- Begin Cue -->";

/// What a new cue says: its type, and fields in plain text, in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCue {
    pub kind: CueType,
    /// Canonical names; empty values are left out. An AssetID may be a placeholder such as `{{new-id:SOT}}`.
    pub fields: Vec<(String, String)>,
    /// Whole `<img …>` tags.
    pub images: Vec<String>,
}

/// The block from Begin to End, without the blank lines around it and without a final line end.
///
/// Order: Type, AssetID, Slug, Duration, Description, the rest as given, Analysis fields, `<img …>`. A `Quote` gets its
/// one pair of quotes, the text fields of a GFX their escapes.
pub fn compose(cue: &NewCue, newline: Newline) -> String {
    let mut fields: Vec<&(String, String)> =
        cue.fields.iter().filter(|(name, value)| !same_name(name, "Type") && !is_placeholder(value)).collect();
    fields.sort_by_key(|(name, _)| rank(name));
    let mut lines = vec![BEGIN_MARKER.to_owned(), format!("[Type: {}]", cue.kind.word())];
    lines.extend(fields.iter().map(|(name, value)| format!("[{name}: {}]", encode(Some(cue.kind), name, value))));
    lines.extend(cue.images.iter().cloned());
    lines.push(END_MARKER.to_owned());
    lines.join(newline.text())
}

/// A plain value as the field of such a cue stores it.
pub(super) fn encode(kind: Option<CueType>, name: &str, value: &str) -> String {
    if same_name(name, "Quote") {
        wrap_quotes(value)
    } else if kind == Some(CueType::Gfx) && is_gfx_text(name) {
        escape_gfx(value)
    } else {
        value.to_owned()
    }
}

pub(super) fn rank(name: &str) -> usize {
    const FIRST: [&str; 4] = ["AssetID", "Slug", "Duration", "Description"];
    const LAST: [&str; 3] = ["Analysis State", "Analysis Field", "Analysis Recommendations"];
    let first = FIRST.iter().position(|known| same_name(known, name));
    let last = || LAST.iter().position(|known| same_name(known, name)).map(|at| FIRST.len() + 1 + at);
    first.or_else(last).unwrap_or(FIRST.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_cue_has_its_fields_in_canonical_order_and_no_empty_ones() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let cue = NewCue {
            kind: CueType::Fsq,
            fields: vec![
                field("Analysis State", "complete"),
                field("Quote", "he called it \"the law\""),
                field("Attribution", ""),
                field("Duration", "00:00:15"),
                field("Slug", "watched-pot"),
                field("AssetID", "{{new-id:FSQ}}"),
            ],
            images: vec!["<img src=\"x.png\"/>".to_owned()],
        };
        assert_eq!(
            compose(&cue, Newline::CrLf).split("\r\n").collect::<Vec<_>>(),
            [
                "<!-- Begin Cue -->",
                "[Type: FSQ]",
                "[AssetID: {{new-id:FSQ}}]",
                "[Slug: watched-pot]",
                "[Duration: 00:00:15]",
                "[Quote: \"he called it \"the law\"\"]",
                "[Analysis State: complete]",
                "<img src=\"x.png\"/>",
                "<!-- End Cue -->",
            ]
        );
    }

    #[test]
    fn the_text_fields_of_a_graphic_are_escaped() {
        assert_eq!(encode(Some(CueType::Gfx), "Body", "a]\nb\\c"), "a\\]\\nb\\\\c");
        assert_eq!(encode(Some(CueType::Sot), "Transcription", "a]\nb"), "a]\nb");
    }
}
