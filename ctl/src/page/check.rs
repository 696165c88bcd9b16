//! Findings as a compiler prints them.

use super::Look;
use super::ink::Ink;
use super::words::{plural, width, wrap};
use show_script::diagnostic::{Diagnostic, Severity, Style, picture};
use show_script::text::LineIndex;

/// Lines of files are cut at this width where nobody says how wide it is.
const COLUMNS: usize = 80;

/// Each finding with its line and a caret, a blank line between them.
pub fn pictures(diagnostics: &[Diagnostic], text: &str, look: &Look) -> String {
    let index = LineIndex::new(text);
    let mut out = String::new();
    // A line of a file is only shown to be recognised, so it is cut even where words are not.
    let columns = if look.width == Look::ENDLESS { COLUMNS } else { look.width };
    for diagnostic in diagnostics {
        let mut head = 0;
        for (style, part) in picture(diagnostic, text, &index, columns) {
            let part = match part.strip_prefix(": ") {
                Some(words) => hung(words.trim_end(), head, look.width),
                None => part,
            };
            head = width(&part);
            // A line end inside a colour would colour the margin of the next line.
            for (at, line) in part.split('\n').enumerate() {
                out.push_str(if at > 0 { "\n" } else { "" });
                out.push_str(&ink(style).paint(line));
            }
        }
        out.push('\n');
    }
    out
}

/// `: words`, in as many lines as they need, below each other behind a head of this width.
fn hung(words: &str, head: usize, columns: usize) -> String {
    let indent = head + ": ".len();
    let lines = wrap(words, columns.saturating_sub(indent));
    format!(": {}\n", lines.join(&format!("\n{}", " ".repeat(indent))))
}

fn ink(style: Style) -> Ink {
    match style {
        Style::Plain => Ink::Plain,
        Style::Severity(Severity::Error) => Ink::Bad,
        Style::Severity(Severity::Warning) => Ink::Warm,
        Style::Severity(Severity::Info) => Ink::Busy,
        Style::Message => Ink::Name,
        Style::Margin | Style::Hint => Ink::Dim,
    }
}

/// `2 errors and 5 warnings in 12 files`.
pub fn total(errors: u64, warnings: u64, files: u64) -> String {
    let files = plural(files, "file");
    match (errors, warnings) {
        (0, 0) => format!("{} in {files}\n", Ink::Good.paint("nothing is wrong")),
        (0, _) => format!("{} in {files}\n", Ink::Warm.paint(&plural(warnings, "warning"))),
        (_, 0) => format!("{} in {files}\n", Ink::Bad.paint(&plural(errors, "error"))),
        (_, _) => {
            let (errors, warnings) = (plural(errors, "error"), plural(warnings, "warning"));
            format!("{} and {} in {files}\n", Ink::Bad.paint(&errors), Ink::Warm.paint(&warnings))
        }
    }
}
