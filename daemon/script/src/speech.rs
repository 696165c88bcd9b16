//! What of an item is printed, and what of that is spoken.
//!
//! Scripts and runtimes both ask here, so that what is counted is what is read aloud (spec 5.1 #7, 8.2 #1). Notes,
//! Description and Resources never come out of here.

use crate::html::{Line, decode_entities};
use crate::item::{BlockKind, Document, Paragraph, SectionKind};
use crate::text::Slice;

/// One thing that stands in a script, in source order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Printed<'t> {
    Heading(Slice<'t>),
    Spoken(Spoken<'t>),
    /// Index into [`Document::cues`].
    Cue(usize),
    /// Index into [`Document::unterminated`].
    Unterminated(usize),
}

/// A paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken<'t> {
    /// As written; `None`: the default speaker.
    pub speaker: Option<&'t str>,
    pub bullet: bool,
    /// Begins with `*** `; [`Spoken::line`] does not (spec 3.3 #8).
    pub flagged: bool,
    /// From `data-flag-note`, entities decoded; may be empty.
    pub flag_note: String,
    pub line: Line,
    /// Index into [`Document::blocks`].
    pub block: usize,
}

/// Everything of a document that a script shows. Comments, empty paragraphs and paragraphs that are only a
/// `[MediaURL: …]` or an `<img …>` are no part of it.
pub fn printed<'t>(document: &Document<'t>) -> Vec<Printed<'t>> {
    let blocks = document.blocks.iter().enumerate().filter(|(_, block)| block.section == SectionKind::Script);
    blocks
        .filter_map(|(at, block)| match block.kind {
            BlockKind::Cue(cue) => Some(Printed::Cue(cue)),
            BlockKind::Unterminated(open) => Some(Printed::Unterminated(open)),
            BlockKind::Heading { text, opens_section: false, .. } => {
                (!text.is_empty()).then_some(Printed::Heading(text))
            }
            BlockKind::Paragraph(paragraph) => spoken(&paragraph, at).map(Printed::Spoken),
            BlockKind::Code => {
                let line = Line::literal(&code(document.slice(block.span).text));
                let bare =
                    Spoken { speaker: None, bullet: false, flagged: false, flag_note: String::new(), line, block: at };
                (!bare.line.is_blank()).then_some(Printed::Spoken(bare))
            }
            BlockKind::Heading { .. } | BlockKind::Comment | BlockKind::StrayEnd(_) => None,
        })
        .collect()
}

fn spoken<'t>(paragraph: &Paragraph<'t>, block: usize) -> Option<Spoken<'t>> {
    let flagged = paragraph.is_flagged();
    let content = paragraph.content.text.trim();
    if is_left_over(content) {
        return None;
    }
    let line = Line::read(if flagged { content.trim_start_matches("*** ") } else { content });
    let note = paragraph.attribute("data-flag-note").unwrap_or_default();
    // `undefined` is damage of an editor, never a person (spec 3.3 #4).
    let speaker = paragraph.speaker().filter(|word| !word.eq_ignore_ascii_case("undefined"));
    let flag_note = decode_entities(note).into_owned();
    (!line.is_blank()).then(|| Spoken { speaker, bullet: paragraph.is_bullet(), flagged, flag_note, line, block })
}

/// What editors leave behind when a cue is taken apart.
fn is_left_over(content: &str) -> bool {
    let field = content.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some((name, value)) = field.and_then(|field| field.split_once(':')) {
        return crate::field::same_name(name, "MediaURL") && !value.contains('\n');
    }
    let image = content.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("<img"));
    image && content.ends_with('>') && content.matches('<').count() == 1
}

/// What a code fence holds, without the fence's own lines.
fn code(text: &str) -> String {
    let is_fence = |line: &&str| ["```", "~~~"].iter().any(|fence| line.trim_start().starts_with(fence));
    let lines: Vec<&str> = text.lines().filter(|line| !is_fence(line)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<String> {
        let document = Document::parse(text);
        let name = |printed: &Printed| match printed {
            Printed::Heading(text) => format!("# {}", text.text),
            Printed::Spoken(spoken) => format!("{} {}", spoken.speaker.unwrap_or("-"), spoken.line.plain()),
            Printed::Cue(at) => format!("cue {at}"),
            Printed::Unterminated(at) => format!("open {at}"),
        };
        printed(&document).iter().map(name).collect()
    }

    #[test]
    fn notes_description_and_resources_never_reach_a_script() {
        let text = "## Notes\n\nsecret\n\n## Script\n\nA\n\n## Description\n\nB\n\n## Resources\n\nC\n\n## More\n\nD\n";
        assert_eq!(seen(text), ["- A", "# More", "- D"]);
    }

    #[test]
    fn bare_and_tagged_paragraphs_stand_side_by_side() {
        assert_eq!(
            seen("Bare.\n\n<p class=\"guest bullet\">Tagged.</p>\n\nBare again."),
            ["- Bare.", "guest Tagged.", "- Bare again."]
        );
    }

    #[test]
    fn left_overs_comments_and_empty_paragraphs_are_skipped() {
        let text = "[Media Url: ../assets/x.png]\n\n<img src=\"x.png\"/>\n\n<!-- no -->\n\n<p class=\"host\"> </p>\n\n<img src=\"x\"> said\n";
        assert_eq!(seen(text), ["-  said"]);
    }

    #[test]
    fn a_flag_keeps_its_words_and_loses_its_asterisks() {
        let document = Document::parse("*** Do not read the number.\n");
        let Printed::Spoken(spoken) = &printed(&document)[0] else { panic!("it is spoken") };
        assert!(spoken.flagged);
        assert_eq!(spoken.line.plain(), "Do not read the number.");
    }

    #[test]
    fn code_fences_are_read_as_they_stand() {
        assert_eq!(seen("```\n**not bold**\n```\n"), ["- **not bold**"]);
    }
}
