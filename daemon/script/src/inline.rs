//! What a paragraph is made of: text, tags, comments, code spans and proposed revisions.
//!
//! Owns the one way to take the words out of a paragraph, for printing, counting and scrubbing alike.

use crate::text::Slice;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inline<'t> {
    /// Entities and Markdown emphasis are still in it.
    Text(Slice<'t>),
    /// `<b>`, `</b>`, `<br/>`, `<span style="…">`.
    Tag(Slice<'t>),
    Comment(Slice<'t>),
    /// A code span with its backticks.
    Code(Slice<'t>),
    Revision(Revision<'t>),
}

impl<'t> Inline<'t> {
    /// All of it, as it stands.
    pub const fn slice(&self) -> Slice<'t> {
        match self {
            Self::Text(slice) | Self::Tag(slice) | Self::Comment(slice) | Self::Code(slice) => *slice,
            Self::Revision(revision) => revision.whole,
        }
    }
}

/// `<rev user="pat" ts="2026-08-01T10:00:00Z">old|new</rev>` (spec 3.3 #7). Scripts and word counts use the old side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision<'t> {
    pub whole: Slice<'t>,
    pub open: Slice<'t>,
    /// Empty: an addition is proposed.
    pub old: Slice<'t>,
    /// `None` (no bar): a cut is proposed.
    pub new: Option<Slice<'t>>,
}

impl<'t> Revision<'t> {
    /// A raw attribute of the opening tag, such as `user` or `ts`.
    pub fn attribute(&self, name: &str) -> Option<&'t str> {
        let found = crate::item::attributes(self.open);
        found.into_iter().find(|found| found.name.text.eq_ignore_ascii_case(name)).map(|found| found.value.text)
    }
}

/// The pieces of a content, in order and without gaps: joined, they are the content.
pub fn pieces(content: Slice<'_>) -> Vec<Inline<'_>> {
    let mut scan = Scan { content, out: Vec::new(), text_from: 0, no_close: NoClose::default() };
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'<', b'`', &content.text.as_bytes()[at..]) {
        at = scan.special(at + found);
    }
    scan.text_until(content.text.len());
    scan.out
}

struct Scan<'t> {
    content: Slice<'t>,
    out: Vec<Inline<'t>>,
    text_from: usize,
    no_close: NoClose,
}

/// What was looked for in vain from some place on, and so is not looked for again: keeps the scan linear.
#[derive(Default)]
struct NoClose {
    comment: bool,
    revision: bool,
    /// A bit per length of a run of backticks.
    code: u64,
}

impl<'t> Scan<'t> {
    /// Takes what begins with the `<` or backtick at `at`; answers where to go on.
    fn special(&mut self, at: usize) -> usize {
        let rest = &self.content.text[at..];
        if rest.starts_with('`') {
            return self.code(at);
        }
        if rest.starts_with("<!--") {
            let close = (!self.no_close.comment).then(|| memchr::memmem::find(&rest.as_bytes()[4..], b"-->")).flatten();
            let Some(close) = close else {
                self.no_close.comment = true;
                return at + 4;
            };
            return self.push(at, at + 4 + close + 3, Inline::Comment);
        }
        let Some(length) = is_tag_start(rest).then(|| tag_length(rest)).flatten() else { return at + 1 };
        let open = self.content.part(at, at + length);
        match self.revision(open) {
            Some(revision) => {
                let end = revision.whole.end() - self.content.begin;
                self.push(at, end, |_| Inline::Revision(revision))
            }
            None => self.push(at, at + length, Inline::Tag),
        }
    }

    fn revision(&mut self, open: Slice<'t>) -> Option<Revision<'t>> {
        let name = open.text.get(1..4)?;
        if !name.eq_ignore_ascii_case("rev")
            || open.text.as_bytes()[4].is_ascii_alphanumeric()
            || self.no_close.revision
        {
            return None;
        }
        let from = open.end() - self.content.begin;
        let Some(length) = find_no_case(&self.content.text[from..], "</rev>") else {
            self.no_close.revision = true;
            return None;
        };
        let inside = self.content.part(from, from + length);
        let (old, new) = match inside.text.find('|') {
            Some(bar) => (inside.part(0, bar), Some(inside.part(bar + 1, length))),
            None => (inside, None),
        };
        let begin = open.begin - self.content.begin;
        Some(Revision { whole: self.content.part(begin, from + length + "</rev>".len()), open, old, new })
    }

    fn code(&mut self, at: usize) -> usize {
        let bytes = self.content.text.as_bytes();
        let run = bytes[at..].iter().take_while(|&&byte| byte == b'`').count();
        let bit = 1u64 << run.min(63);
        if self.no_close.code & bit != 0 {
            return at + run;
        }
        let mut from = at + run;
        while let Some(found) = memchr::memchr(b'`', &bytes[from..]) {
            let length = bytes[from + found..].iter().take_while(|&&byte| byte == b'`').count();
            from += found + length;
            if length == run {
                return self.push(at, from, Inline::Code);
            }
        }
        // Runs of 63 and more share a bit; a closing run that is overlooked there is only text.
        self.no_close.code |= bit;
        at + run
    }

    fn push(&mut self, begin: usize, end: usize, make: impl FnOnce(Slice<'t>) -> Inline<'t>) -> usize {
        self.text_until(begin);
        self.out.push(make(self.content.part(begin, end)));
        self.text_from = end;
        end
    }

    fn text_until(&mut self, end: usize) {
        if self.text_from < end {
            self.out.push(Inline::Text(self.content.part(self.text_from, end)));
        }
    }
}

fn is_tag_start(rest: &str) -> bool {
    let name = rest[1..].strip_prefix('/').unwrap_or(&rest[1..]);
    name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// A tag is read up to the first `>` outside quotes, within a bound, else up to the first `>` at all.
pub(crate) fn tag_length(rest: &str) -> Option<usize> {
    const TAG_BYTES_MAX: usize = 4096;
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate().take(TAG_BYTES_MAX) {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(at + 1),
            (None, b'<') if at > 0 => return None,
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    let bound = rest.floor_char_boundary(TAG_BYTES_MAX);
    memchr::memchr2(b'>', b'\n', &rest.as_bytes()[..bound]).filter(|&at| rest.as_bytes()[at] == b'>').map(|at| at + 1)
}

pub(crate) fn find_no_case(text: &str, wanted: &str) -> Option<usize> {
    let first = wanted.as_bytes()[0];
    memchr::memchr_iter(first, text.as_bytes()).find(|&at| {
        text.as_bytes()[at..].get(..wanted.len()).is_some_and(|part| part.eq_ignore_ascii_case(wanted.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(text: &str) -> Vec<String> {
        pieces(Slice { begin: 0, text })
            .into_iter()
            .map(|piece| match piece {
                Inline::Text(slice) => format!("text {}", slice.text),
                Inline::Tag(slice) => format!("tag {}", slice.text),
                Inline::Comment(slice) => format!("comment {}", slice.text),
                Inline::Code(slice) => format!("code {}", slice.text),
                Inline::Revision(revision) => {
                    format!("revision {:?} {:?}", revision.old.text, revision.new.map(|new| new.text))
                }
            })
            .collect()
    }

    #[test]
    fn a_paragraph_is_taken_apart() {
        assert_eq!(
            seen("A <b>bold</b> 1 < 2 <!-- no --> `<b>` end"),
            [
                "text A ",
                "tag <b>",
                "text bold",
                "tag </b>",
                "text  1 < 2 ",
                "comment <!-- no -->",
                "text  ",
                "code `<b>`",
                "text  end"
            ]
        );
    }

    #[test]
    fn a_revision_has_an_old_and_a_new_side() {
        let text =
            r#"<rev user="pat" ts="2026-08-01T10:00:00Z">old|new</rev><rev user="pat">cut</rev><rev>|added</rev>"#;
        assert_eq!(
            seen(text),
            [r#"revision "old" Some("new")"#, r#"revision "cut" None"#, r#"revision "" Some("added")"#]
        );
        let Inline::Revision(revision) = pieces(Slice { begin: 0, text })[0] else { panic!("a revision") };
        assert_eq!(revision.attribute("user"), Some("pat"));
        assert_eq!(seen("<rev>open")[0], "tag <rev>");
    }

    #[test]
    fn code_spans_close_with_a_run_of_their_own_length() {
        assert_eq!(seen("``a`b`` c` `d`"), ["code ``a`b``", "text  c", "code ` `", "text d`"]);
    }

    proptest! {
        #[test]
        fn the_pieces_of_a_content_are_the_content(
            parts in proptest::collection::vec(
                proptest::sample::select(vec!["<", ">", "<!--", "-->", "<rev ", "</rev>", "|", "`", "``", "\"", "b", " ", "ä", "\n"]),
                0..40,
            )
        ) {
            let text = parts.concat();
            let joined: String = pieces(Slice { begin: 0, text: &text }).iter().map(|piece| piece.slice().text).collect();
            prop_assert_eq!(joined, text);
        }
    }
}
