//! A diagnostic as a compiler would print it.

use super::{Diagnostic, Severity};
use crate::text::LineIndex;

/// What a part of the picture is, for whoever chooses colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    /// `error[CODE]` and the caret below the line.
    Severity(Severity),
    /// The message.
    Message,
    /// Line numbers, bars and the arrow before the file.
    Margin,
    /// `hint`.
    Hint,
}

/// Of a line at least so many characters are shown, however little room there is.
const LINE_CHARS_MIN: usize = 16;

/// The picture of one diagnostic, as styled parts to be joined; ends with a line end. A line that is longer than
/// `columns` leave room for is shown as a window around the caret, `…` on the side where it goes on. Message and hint
/// are as long as they are.
///
/// ```text
/// error[CUE_UNTERMINATED]: Begin without End
///   --> rundown/10 Cold Open.md:10:1
///    |
/// 10 | <!-- Begin Cue -->
///    | ^^^^^^^^^^^^^^^^^^
///   hint: close it with "<!-- End Cue -->"
/// ```
pub fn picture(diagnostic: &Diagnostic, text: &str, index: &LineIndex, columns: usize) -> Vec<(Style, String)> {
    let severity = Style::Severity(diagnostic.severity);
    let file = diagnostic.file.as_deref().unwrap_or("<text>");
    let number = diagnostic.line.to_string();
    let pad = " ".repeat(number.len());
    let mut parts = vec![
        (severity, format!("{}[{}]", diagnostic.severity.word(), diagnostic.code)),
        (Style::Message, format!(": {}\n", diagnostic.message)),
        (Style::Margin, format!("{pad}--> ")),
        (Style::Plain, format!("{file}:{}:{}\n", diagnostic.line, diagnostic.column)),
    ];
    let room = columns.saturating_sub(number.len() + " | ".len());
    if let Some((line, blanks, width)) = window(diagnostic, text, index, room.max(LINE_CHARS_MIN)) {
        parts.push((Style::Margin, format!("{pad} |\n{number} | ")));
        parts.push((Style::Plain, format!("{line}\n")));
        parts.push((Style::Margin, format!("{pad} | ")));
        parts.push((severity, format!("{}{}\n", " ".repeat(blanks), "^".repeat(width))));
    }
    if let Some(hint) = &diagnostic.hint {
        parts.push((Style::Hint, format!("{pad} hint")));
        parts.push((Style::Plain, format!(": {hint}\n")));
    }
    parts
}

/// The line of a diagnostic (tabs as blanks, control characters made visible, at most `room` characters), how many blanks
/// stand before the caret, and how wide it is.
fn window(diagnostic: &Diagnostic, text: &str, index: &LineIndex, room: usize) -> Option<(String, usize, usize)> {
    // Of a file that is empty or could not be read there is nothing to show.
    if text.is_empty() {
        return None;
    }
    let begin = index.begin_of(text, diagnostic.line)?;
    let line = crate::text::chomp(&text[begin..crate::text::line_end(text, begin)]);
    let column = diagnostic.column.saturating_sub(1) as usize;
    let wanted = diagnostic.span.map_or(1, |span| {
        let end = span.end.min(begin + line.len()).max(span.begin);
        text.get(span.begin..end).map_or(1, |part| part.chars().take(room).count())
    });
    let total = line.chars().count();
    // With a mark on either side.
    let inner = room - 2;
    let middle = || column.saturating_sub(inner.saturating_sub(wanted) / 2).min(total - inner);
    let skip = if total <= room || column + wanted < room { 0 } else { middle() };
    let kept = match skip {
        0 if total <= room => room,
        0 => room - 1,
        _ => inner,
    };
    let mut chars = line.chars().skip(skip);
    let mut shown: String = chars.by_ref().take(kept).map(visible).collect();
    let mut blanks = column - skip;
    if skip > 0 {
        shown.insert(0, '…');
        blanks += 1;
    }
    let width = wanted.clamp(1, shown.chars().count().saturating_sub(blanks).max(1));
    if chars.next().is_some() {
        shown.push('…');
    }
    Some((shown, blanks, width))
}

/// A terminal must not obey what stands in a file.
fn visible(c: char) -> char {
    match c {
        '\t' | '\u{a0}' => ' ',
        c if c.is_control() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}') => {
            '\u{fffd}'
        }
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Code;
    use super::*;
    use crate::text::Span;

    fn drawn(diagnostic: &Diagnostic, text: &str) -> String {
        picture(diagnostic, text, &LineIndex::new(text), 80).into_iter().map(|(_, part)| part).collect()
    }

    #[test]
    fn the_caret_stands_below_what_is_meant() {
        let text = "a\r\nüb [Slug: LUV my Gov!]\r\n";
        let begin = text.find("LUV").unwrap();
        let found = Diagnostic::at(
            text,
            &LineIndex::new(text),
            Span::new(begin, begin + 11),
            Code::SlugBad,
            "slug \"LUV my Gov!\" is not file-safe",
        )
        .with_hint("it would become \"luv-my-gov\"")
        .in_file("rundown/10.md");
        insta::assert_snapshot!(drawn(&found, text), @r#"
        warning[SLUG_BAD]: slug "LUV my Gov!" is not file-safe
         --> rundown/10.md:2:11
          |
        2 | üb [Slug: LUV my Gov!]
          |           ^^^^^^^^^^^
          hint: it would become "luv-my-gov"
        "#);
    }

    #[test]
    fn a_finding_about_the_whole_file_points_at_its_beginning() {
        let found = Diagnostic::of_file(Code::NotAnItem, "Markdown without front matter");
        insta::assert_snapshot!(drawn(&found, "Hello\n"), @"
        info[NOT_AN_ITEM]: Markdown without front matter
         --> <text>:1:1
          |
        1 | Hello
          | ^
        ");
    }

    #[test]
    fn of_a_file_that_cannot_be_read_no_line_is_drawn() {
        let found = Diagnostic::of_file(Code::FileReadError, "could not read it").in_file("rundown/10.md");
        insta::assert_snapshot!(drawn(&found, ""), @"
        error[FILE_READ_ERROR]: could not read it
         --> rundown/10.md:1:1
        ");
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut_around_the_caret() {
        let text = "x".repeat(1 << 20);
        let found =
            Diagnostic::at(&text, &LineIndex::new(&text), Span::new(500_000, 500_003), Code::LegacyToken, "token");
        let drawn = drawn(&found, &text);
        assert!(drawn.lines().all(|line| line.chars().count() <= 80), "{drawn}");
        assert!(drawn.contains("…") && drawn.contains("^^^"), "{drawn}");
    }

    #[test]
    fn a_long_line_is_cut_on_the_side_where_it_goes_on_and_the_caret_stays_below_its_word() {
        let text = format!("{}[Slug: LUV my Gov!] {}", "tea and biscuits, ".repeat(4), "and more tea ".repeat(9));
        let at = |word: &str, columns: usize| {
            let begin = text.find(word).unwrap();
            let span = Span::new(begin, begin + word.len());
            let found = Diagnostic::at(&text, &LineIndex::new(&text), span, Code::SlugBad, "x");
            let drawn: String =
                picture(&found, &text, &LineIndex::new(&text), columns).into_iter().map(|(_, part)| part).collect();
            drawn.lines().skip(3).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!([at("tea and", 40), at("LUV my Gov!", 40), at("LUV my Gov!", 80)].join("\n"), @"
        1 | tea and biscuits, tea and biscuits,…
          | ^^^^^^^
        1 | …ts, [Slug: LUV my Gov!] and more t…
          |             ^^^^^^^^^^^
        1 | …uits, tea and biscuits, [Slug: LUV my Gov!] and more tea and more tea and …
          |                                 ^^^^^^^^^^^
        ");
        let end = text.trim_end().len() - 3;
        let found = Diagnostic::at(&text, &LineIndex::new(&text), Span::new(end, end + 3), Code::SlugBad, "x");
        for columns in 0..200 {
            let drawn: String =
                picture(&found, &text, &LineIndex::new(&text), columns).into_iter().map(|(_, part)| part).collect();
            let lines: Vec<&str> = drawn.lines().skip(3).collect();
            assert!(lines.iter().all(|line| line.chars().count() <= columns.max(LINE_CHARS_MIN + 4)), "{drawn}");
            assert_eq!(lines[1].chars().filter(|c| *c == '^').count(), 3, "{drawn}");
            let caret = lines[1].chars().position(|c| c == '^').unwrap();
            assert_eq!(lines[0].chars().skip(caret).take(3).collect::<String>(), "tea", "{drawn}");
        }
    }

    #[test]
    fn escape_sequences_in_a_file_do_not_reach_the_terminal() {
        let text = "\u{1b}[31mred";
        let found = Diagnostic::of_file(Code::HtmlInProse, "x");
        assert!(!drawn(&found, text).contains('\u{1b}'));
    }
}
