//! Pasted HTML and stray blanks taken out of prose (specification 4.12).
//!
//! [`clean`] works on one stretch of prose as it stands between cues. What is in it never changes but for markup and
//! blanks: no word is lost, and bold and italic stay. Code fences and spans, tables, comments, other tags with their
//! attributes, indentation, and the double blank of a hard line break are not touched.

mod fence;
mod tag;

use std::borrow::Cow;

pub use fence::Fence;

/// The prose without `span`, `div`, `&nbsp;` and runs of blanks. `fence` carries over whether a code fence is open, since
/// a cue may stand between two stretches of prose.
pub fn clean<'t>(prose: &'t str, fence: &mut Fence) -> Cow<'t, str> {
    let mut out = String::with_capacity(prose.len());
    let mut chunk_begin = 0;
    let mut chunk_fence = fence.clone();
    let mut at = 0;
    for line in prose.split_inclusive('\n') {
        if !fence.is_text(line) {
            out.push_str(&clean_chunk(&prose[chunk_begin..at], &chunk_fence));
            out.push_str(line);
            chunk_begin = at + line.len();
            chunk_fence = fence.clone();
        }
        at += line.len();
    }
    out.push_str(&clean_chunk(&prose[chunk_begin..], &chunk_fence));
    if out == prose { Cow::Borrowed(prose) } else { Cow::Owned(out) }
}

/// Whether prose holds markup that should not be there, and where it begins.
pub fn unwelcome(prose: &str, fence: &mut Fence) -> Option<usize> {
    let mut at = 0;
    for line in prose.split_inclusive('\n') {
        if fence.is_text(line)
            && let Some(found) = tag::first_unwelcome(line)
        {
            return Some(at + found);
        }
        at += line.len();
    }
    None
}

/// Lines of text, `fence` as it stood before them. Taking a tag out may leave another (`<<span>span>`), so until nothing
/// changes. What would become code, a fence or a table stays as it is.
fn clean_chunk(chunk: &str, fence: &Fence) -> String {
    let mut text = chunk.to_owned();
    loop {
        let next = fold_blanks(&tag::strip(&text));
        if next == text {
            break;
        }
        text = next;
    }
    let mut fence = fence.clone();
    if text.split_inclusive('\n').all(|line| fence.is_text(line)) { text } else { chunk.to_owned() }
}

/// Blanks that are not white space to Markdown but look like it.
const HARD_BLANKS: [&str; 4] = ["&nbsp;", "&#160;", "&#xa0;", "\u{a0}"];

fn fold_blanks(text: &str) -> String {
    text.split_inclusive('\n').map(fold_line).collect()
}

fn fold_line(line: &str) -> String {
    let body = line.trim_end_matches(['\n', '\r']);
    let line_end = &line[body.len()..];
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    while at < body.len() {
        let rest = &body[at..];
        let raw = tag::untouchable(rest);
        if raw > 0 {
            out.push_str(&rest[..raw]);
            at += raw;
            continue;
        }
        let (run, hard) = blank_run(rest);
        if run == 0 {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            out.push_str(&rest[..next]);
            at += next;
            continue;
        }
        let blanks = &rest[..run];
        let at_end = at + run == body.len();
        if at == 0 {
            // Indentation stays; a hard blank is none.
            out.push_str(&blanks[..hard.unwrap_or(run)]);
        } else if at_end {
            out.push_str(if hard.is_some() { "" } else { blanks });
        } else {
            out.push_str(if blanks == "\t" { "\t" } else { " " });
        }
        at += run;
    }
    out.push_str(line_end);
    out
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
        clean(text, &mut Fence::default()).into_owned()
    }

    #[test]
    fn span_and_div_go_and_their_words_stay() {
        assert_eq!(cleaned("A <span style=\"color:red\">hot</span> kettle."), "A hot kettle.");
        assert_eq!(cleaned("<div>One</div><div>two</div>"), "One two");
        assert_eq!(cleaned("a <SPAN\n class='x'>b</SPAN > c"), "a b c");
        assert_eq!(cleaned("lost </span> end, <span>open"), "lost end, open");
        assert_eq!(cleaned("<<span>span>x"), "x");
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
        assert_eq!(cleaned("&nbsp;\nnext\n"), "\nnext\n");
        assert_eq!(cleaned("\u{a0}\u{a0}\u{a0}\u{a0}not code\r\n"), "not code\r\n");
    }

    #[test]
    fn hard_line_breaks_indentation_tables_and_code_are_left_alone() {
        for text in [
            "a line with a break  \nnext",
            "  indented by two\n    - and a list",
            "| a   | b  |\n|-----|----|\n| <span>x</span> |   |\n",
            "```\n<div>code   here</div>\n```\n",
            "say `a  <span>b</span>` aloud",
            "<!-- a   comment <span> -->",
            "<p class=\"host\" data-flag-note=\"a  <span>  b\">Text</p>",
            "~~~ text\n&nbsp;\n~~~~\n",
            "word\n\n    code   after a blank line\n",
        ] {
            assert_eq!(cleaned(text), text);
        }
    }

    #[test]
    fn what_is_unwelcome_is_found_where_it_begins() {
        let found = |text: &str| unwelcome(text, &mut Fence::default());
        assert_eq!(found("fine\na <span>b"), Some(7));
        assert_eq!(found("a&nbsp;b"), Some(1));
        assert_eq!(found("`<span>`, <p class=\"<div>\">x</p>"), None);
    }

    proptest! {
        #[test]
        fn cleaning_twice_equals_once_and_no_word_is_lost(
            parts in prop::collection::vec(prop::sample::select(vec![
                "word", " ", "  ", "\n", "\r\n", "\t", "&nbsp;", "\u{a0}", "<span>", "</span>", "<div>", "</div>", "<", ">",
                "<span style=\"font-weight:bold\">", "`", "```\n", "|", "<!--", "-->", "<b>", "\"", "&nb", "sp;", "span", "*", "\\",
            ]), 0..24)
        ) {
            let text: String = parts.concat();
            let once = cleaned(&text);
            prop_assert_eq!(cleaned(&once), once.clone(), "{:?}", text);
            prop_assert_eq!(once.matches("word").count(), text.matches("word").count());
        }
    }
}
