//! What holds for a file as a whole: byte order mark, line ends, and whether the last line ends.
//!
//! Taken off before the texts are compared and put back afterwards. So a note that went through an editor on Windows
//! differs from its base in one thing and not in every line.

use super::three::Three;
use crate::text::{BOM, Newline};
use std::borrow::Cow;

/// The frame of the merged text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    bom: bool,
    /// `None`: line ends are mixed somewhere, and each line keeps its own.
    newline: Option<Newline>,
    /// The last line has a line end.
    ended: bool,
    /// The texts had their line ends made one.
    pub unified: Three<Option<Newline>>,
}

impl Frame {
    /// The frame that follows from three texts, and the texts without theirs: no byte order mark, line ends all LF
    /// unless some text mixes them, and the last line ended.
    pub fn take(texts: Three<&str>) -> (Self, Three<Cow<'_, str>>) {
        let marked = texts.map(|text| text.starts_with(BOM));
        let texts = texts.map(|text| text.strip_prefix(BOM).unwrap_or(text));
        let ends = texts.map(|text| if text.is_empty() { None } else { Some(text.ends_with('\n')) });
        let styles = texts.map(style);
        let unify = [styles.base, styles.ours, styles.theirs].iter().all(|style| *style != Style::Mixed);
        let uniform = styles.map(|style| match style {
            Style::Uniform(newline) if unify => Some(newline),
            _ => None,
        });
        let plain = texts.map(|text| {
            let text = if unify { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
            if text.is_empty() || text.ends_with('\n') { text } else { Cow::Owned(text.into_owned() + "\n") }
        });
        let frame = Self {
            bom: marked.pick().unwrap_or(true),
            newline: unify.then(|| decide(uniform, Newline::Lf)),
            ended: decide(ends, true),
            unified: uniform,
        };
        (frame, plain)
    }

    pub fn put(self, text: &str) -> String {
        let text = match self.newline {
            Some(Newline::CrLf) => Cow::Owned(text.replace('\n', "\r\n")),
            _ => Cow::Borrowed(text),
        };
        let text = match text.strip_suffix('\n') {
            Some(open) if !self.ended => open.strip_suffix('\r').unwrap_or(open),
            _ => &text,
        };
        if self.bom { format!("{BOM}{text}") } else { text.to_owned() }
    }
}

/// A part of a side's text, with the line ends that its file has.
pub(super) fn as_in_file(text: &str, newline: Option<Newline>) -> String {
    if newline == Some(Newline::CrLf) { text.replace('\n', "\r\n") } else { text.to_owned() }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// No line end at all.
    Open,
    Uniform(Newline),
    Mixed,
}

fn style(text: &str) -> Style {
    let all = memchr::memchr_iter(b'\n', text.as_bytes()).count();
    let windows = memchr::memmem::find_iter(text.as_bytes(), "\r\n").count();
    match (all, windows) {
        (0, _) => Style::Open,
        (_, 0) => Style::Uniform(Newline::Lf),
        (all, windows) if all == windows => Style::Uniform(Newline::CrLf),
        _ => Style::Mixed,
    }
}

/// Of a thing that can be two ways only, and that some texts do not tell, there is always one answer. Where base does
/// not tell and the sides differ, it is `tie`.
fn decide<T: Copy + PartialEq>(told: Three<Option<T>>, tie: T) -> T {
    match (told.base, told.ours, told.theirs) {
        (_, Some(ours), Some(theirs)) if ours == theirs => ours,
        (Some(base), Some(ours), Some(theirs)) => {
            if ours == base {
                theirs
            } else {
                ours
            }
        }
        (None, Some(_), Some(_)) => tie,
        (_, Some(one), None) | (_, None, Some(one)) => one,
        (base, None, None) => base.unwrap_or(tie),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(base: &str, ours: &str, theirs: &str, merged: &str) -> String {
        Frame::take(Three::new(base, ours, theirs)).0.put(merged)
    }

    #[test]
    fn who_changed_line_ends_or_the_mark_decides() {
        assert_eq!(framed("a\n", "a\r\n", "b\n", "b\n"), "b\r\n");
        assert_eq!(framed("a\r\n", "a\n", "b\r\n", "b\n"), "b\n");
        assert_eq!(framed("\u{feff}a\n", "a\n", "\u{feff}b\n", "b\n"), "b\n");
        assert_eq!(framed("a\n", "\u{feff}a\n", "b\n", "b\n"), "\u{feff}b\n");
    }

    #[test]
    fn the_last_line_ends_as_the_side_that_changed_it_has_it() {
        assert_eq!(framed("a\n", "a", "a\nb\n", "a\nb\n"), "a\nb");
        assert_eq!(framed("a", "a\n", "b", "b\n"), "b\n");
        assert_eq!(framed("a\r\n", "a", "b\r\n", "b\n"), "b");
        assert_eq!(framed("", "a", "a\n", "a\n"), "a\n");
    }

    #[test]
    fn where_a_text_mixes_line_ends_every_line_keeps_its_own() {
        let (frame, plain) = Frame::take(Three::new("a\nb\r\n", "a\nb\r\n", "a\r\nb\r\n"));
        assert_eq!((plain.base.as_ref(), plain.theirs.as_ref()), ("a\nb\r\n", "a\r\nb\r\n"));
        assert_eq!(frame.put("a\nb\r\n"), "a\nb\r\n");
    }
}
