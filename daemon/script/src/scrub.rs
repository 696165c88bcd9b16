//! Pasted HTML and stray blanks taken out of prose (specification 4.12).
//!
//! Works on the content of one paragraph. What is in it never changes but for markup and blanks: no word is lost, and
//! bold and italic stay. Code spans, comments, revisions, other tags with their attributes, table rows, indentation, and
//! the double blank of a hard line break are not touched.

mod tag;

use crate::inline::{Inline, pieces};
use crate::item::{BlockKind, Document};
use crate::text::Slice;
use std::borrow::Cow;

/// The content without `span`, `div`, `&nbsp;` and runs of blanks.
pub fn clean(content: &str) -> Cow<'_, str> {
    let mut text = content.to_owned();
    // Taking a tag out may leave another (`<<span>span>`), so until nothing changes.
    loop {
        let next = fold_blanks(&tag::strip(&text));
        if next == text {
            break;
        }
        text = next;
    }
    // A line must not become a heading, a fence, a cue.
    if text == content || shape(&text) != shape(content) { Cow::Borrowed(content) } else { Cow::Owned(text) }
}

/// Where markup that should not be there begins.
pub fn unwelcome(content: &str) -> Option<usize> {
    pieces(Slice { begin: 0, text: content }).into_iter().find_map(|piece| match piece {
        Inline::Tag(tag) => tag::is_unwelcome(tag.text).then_some(tag.begin),
        Inline::Text(text) => {
            HARD_BLANKS.iter().filter_map(|blank| text.text.find(blank)).min().map(|at| text.begin + at)
        }
        _ => None,
    })
}

/// What kinds of blocks the content reads as on its own, as far as scrubbing must not change it.
fn shape(content: &str) -> Vec<u8> {
    // A line of its own in front, so that nothing is taken for front matter.
    let text = format!("\n{content}");
    let document = Document::parse(&text);
    let kind = |kind: &BlockKind| match kind {
        BlockKind::Paragraph(paragraph) => u8::from(paragraph.is_tagged()),
        BlockKind::Heading { level, .. } => 10 + level,
        BlockKind::Cue(_) => 2,
        BlockKind::Comment => 3,
        BlockKind::Code => 4,
        BlockKind::Unterminated(_) => 5,
        BlockKind::StrayEnd(_) => 6,
    };
    // Paragraphs may become empty or part: only the others count.
    document.blocks.iter().map(|block| kind(&block.kind)).filter(|kind| *kind != 0).collect()
}

/// Blanks that are not white space to Markdown but look like it.
const HARD_BLANKS: [&str; 4] = ["&nbsp;", "&#160;", "&#xa0;", "\u{a0}"];

fn fold_blanks(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    for piece in pieces(Slice { begin: 0, text: content }) {
        let slice = piece.slice();
        if !matches!(piece, Inline::Text(_)) {
            out.push_str(slice.text);
            continue;
        }
        for line in slice.text.split_inclusive('\n') {
            let at_begin = out.is_empty() || out.ends_with('\n');
            let at_end = line.ends_with('\n') || slice.end() == content.len();
            if at_begin && line.trim_start().starts_with('|') {
                out.push_str(line);
            } else {
                fold_line(line, at_begin, at_end, &mut out);
            }
        }
    }
    out
}

/// One line, or the part of it between two tags. Blanks in the middle are folded; indentation and a hard line break stay.
fn fold_line(line: &str, at_begin: bool, at_end: bool, out: &mut String) {
    let body = line.trim_end_matches(['\n', '\r']);
    let mut at = 0;
    while at < body.len() {
        let rest = &body[at..];
        let (run, hard) = blank_run(rest);
        if run == 0 {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            out.push_str(&rest[..next]);
            at += next;
            continue;
        }
        let blanks = &rest[..run];
        if at == 0 && at_begin {
            // Indentation stays; a hard blank is none.
            out.push_str(&blanks[..hard.unwrap_or(run)]);
        } else if at + run == body.len() && at_end {
            out.push_str(if hard.is_some() { "" } else { blanks });
        } else {
            out.push_str(if blanks == "\t" { "\t" } else { " " });
        }
        at += run;
    }
    out.push_str(&line[body.len()..]);
}

/// How many bytes of blanks, hard ones too, a text begins with, and where the first hard one stands.
fn blank_run(text: &str) -> (usize, Option<usize>) {
    let mut at = 0;
    let mut hard = None;
    loop {
        let rest = &text[at..];
        let is_hard = |blank: &&&str| rest.get(..blank.len()).is_some_and(|start| start.eq_ignore_ascii_case(blank));
        if let Some(blank) = HARD_BLANKS.iter().find(is_hard) {
            hard.get_or_insert(at);
            at += blank.len();
        } else if rest.starts_with([' ', '\t']) {
            at += 1;
        } else {
            return (at, hard);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cleaned(text: &str) -> String {
        clean(text).into_owned()
    }

    #[test]
    fn span_and_div_go_and_their_words_stay() {
        assert_eq!(cleaned("A <span style=\"color:red\">hot</span> kettle."), "A hot kettle.");
        assert_eq!(cleaned("<div>One</div><div>two</div>"), "One two");
        assert_eq!(cleaned("a <SPAN\n class='x'>b</SPAN > c"), "a b c");
        assert_eq!(cleaned("lost </span> end, <span>open"), "lost end, open");
        assert_eq!(cleaned("<<span>span>x"), "x");
        assert_eq!(cleaned("<span class=a id = 'b'\tstyle=\"c: <d>\" />x</span>"), "x");
        for words in ["<span word>", "<span\"word<span>", "<div class=\"word>", "<span class=>", "<div =word>"] {
            assert_eq!(cleaned(words), words);
        }
    }

    #[test]
    fn bold_and_italic_stay_whoever_said_so() {
        assert_eq!(cleaned("<span><b>hot</b> and **hotter**</span>"), "<b>hot</b> and **hotter**");
        assert_eq!(
            cleaned("<span style=\"font-weight: 700; font-style:italic\">hot <span>pot</span></span>!"),
            "<b><i>hot pot</i></b>!"
        );
        assert_eq!(cleaned("<span style=\"font-weight:400\">plain</span>"), "plain");
    }

    #[test]
    fn hard_blanks_become_blanks_and_runs_are_folded() {
        assert_eq!(cleaned("a&nbsp;b\u{a0}\u{a0}c  d   e"), "a b c d e");
        assert_eq!(cleaned("&nbsp;\nnext"), "\nnext");
        assert_eq!(cleaned("\u{a0}\u{a0}\u{a0}\u{a0}not code\r\n"), "not code\r\n");
    }

    #[test]
    fn hard_line_breaks_indentation_tables_and_code_are_left_alone() {
        for text in [
            "a line with a break  \nnext",
            "a list\n  - indented by two\n    - and four",
            "| a   | b  |\n|-----|----|\n| x  &nbsp; |   |",
            "say `a  <span>b</span>` aloud",
            "text <!-- a   comment <span> -->",
            "<rev user=\"pat\">a  <span>|b</rev>",
            "<b data-flag-note=\"a  <i>  b\">Text</b>",
        ] {
            assert_eq!(cleaned(text), text);
        }
    }

    #[test]
    fn nothing_becomes_a_cue_or_a_heading() {
        for text in ["<!-<span></span>- Begin Cue -->", "<div></div># one", "<span></span>```\nx\n```"] {
            assert_eq!(cleaned(text), text);
        }
    }

    #[test]
    fn what_is_unwelcome_is_found_where_it_begins() {
        assert_eq!(unwelcome("fine\na <span>b"), Some(7));
        assert_eq!(unwelcome("a&nbsp;b"), Some(1));
        assert_eq!(unwelcome("`<span>` <b title=\"<div>\">x</b>"), None);
    }

    proptest! {
        #[test]
        fn cleaning_twice_equals_once_and_no_word_is_lost(
            parts in prop::collection::vec(prop::sample::select(vec![
                "word", " ", "  ", "\n", "\r\n", "\t", "&nbsp;", "\u{a0}", "<span>", "</span>", "<div>", "</div>", "<", ">",
                "<span style=\"font-weight:bold\">", "`", "```\n", "|", "<!--", "-->", "<b>", "\"", "&nb", "sp;", "span", "*", "\\",
                "- ", "# ", "Begin Cue", "<p>", "</p>",
            ]), 0..24)
        ) {
            let text: String = parts.concat();
            let once = cleaned(&text);
            prop_assert_eq!(cleaned(&once), once.clone(), "{:?}", text);
            prop_assert_eq!(once.matches("word").count(), text.matches("word").count());
        }
    }
}
