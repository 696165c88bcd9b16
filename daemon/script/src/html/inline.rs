//! One paragraph as people write it, Markdown and HTML mixed, read once for printing and for counting.
//!
//! What is printed and what is counted come from the same [`Inline`], so they cannot drift apart (specification 5.1 #7,
//! 8.2 #1). Kept is the markup of 3.3 #6; Markdown emphasis becomes it; a revision proposal gives its old side; comments
//! go; every other tag prints as the text it is, and is not counted. Reading is linear in the length of the paragraph.

use super::{decode_entities, escape_into};

/// A paragraph, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inline {
    pieces: Vec<Piece>,
    /// Open revision proposals, in order (specification 3.3 #7).
    pub revisions: Vec<Revision>,
}

/// `<rev user="pat" ts="…">old|new</rev>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revision {
    pub user: String,
    /// As written; ISO 8601 where our own tools wrote it.
    pub ts: String,
    pub old: String,
    /// `None` proposes a cut.
    pub new: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A tag that is none of ours: printed as text, not counted as words.
    Foreign(String),
    Open(&'static str),
    Close(&'static str),
    Break,
    /// Markdown that may turn out to be emphasis.
    Run(Run),
    /// `[`, which may turn out to begin a link.
    Bracket {
        image: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    mark: &'static str,
    can_open: bool,
    can_close: bool,
}

/// Inline markup that a script keeps (specification 3.3 #6).
const KEPT: [&str; 9] = ["b", "i", "u", "s", "em", "strong", "mark", "sub", "sup"];
/// Tags that mean nothing in a script: gone, their text stays. The prose scrub (4.12) takes the first two out of the
/// file as well; until it has, nobody should have to read them aloud.
const DROPPED: [&str; 5] = ["span", "div", "p", "a", "font"];

impl Inline {
    pub fn read(source: &str) -> Self {
        let mut reader = Reader { rest: source.trim(), ..Reader::default() };
        reader.read();
        pair_runs(&mut reader.out.pieces);
        reader.out
    }

    /// Safe HTML: escaped text, balanced markup of the kept kinds without attributes, and `<br>`.
    pub fn html(&self) -> String {
        let mut out = String::new();
        let mut open: Vec<&str> = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) | Piece::Foreign(text) => escape_into(&mut out, text),
                Piece::Run(run) => out.push_str(run.mark),
                Piece::Bracket { image } => out.push_str(if *image { "![" } else { "[" }),
                Piece::Break => out.push_str("<br>\n"),
                Piece::Open(tag) => {
                    open.push(tag);
                    out.push_str(&format!("<{tag}>"));
                }
                Piece::Close(tag) => {
                    // A tag that was never opened closes nothing; what was opened inside is closed with it.
                    if let Some(depth) = open.iter().rposition(|other| other == tag) {
                        open.drain(depth..).rev().for_each(|tag| out.push_str(&format!("</{tag}>")));
                    }
                }
            }
        }
        open.iter().rev().for_each(|tag| out.push_str(&format!("</{tag}>")));
        out
    }

    /// The words as they are spoken, with line ends where the lines end.
    pub fn plain(&self) -> String {
        let spoken = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Run(run) => run.mark.to_owned(),
            Piece::Bracket { image } => (if *image { "![" } else { "[" }).to_owned(),
            Piece::Break => "\n".to_owned(),
            Piece::Foreign(_) | Piece::Open(_) | Piece::Close(_) => String::new(),
        };
        self.pieces.iter().map(spoken).collect()
    }

    /// Blank-separated words of [`Inline::plain`].
    pub fn words(&self) -> usize {
        self.plain().split_whitespace().count()
    }

    /// Nothing would be seen in print.
    pub fn is_blank(&self) -> bool {
        self.pieces.iter().all(|piece| match piece {
            Piece::Text(text) => text.trim().is_empty(),
            Piece::Open(_) | Piece::Close(_) | Piece::Break => true,
            Piece::Foreign(_) | Piece::Run(_) | Piece::Bracket { .. } => false,
        })
    }
}

#[derive(Default)]
struct Reader<'s> {
    rest: &'s str,
    out: Inline,
    /// Indexes of brackets that may begin a link.
    brackets: Vec<usize>,
    /// The last character before `rest`, for telling emphasis from arithmetic.
    before: Option<char>,
    /// A closing mark was looked for and is not there, so that nobody looks again.
    no_comment_end: bool,
    no_revision_end: bool,
}

impl<'s> Reader<'s> {
    fn read(&mut self) {
        while let Some(at) = self.rest.find(['<', '*', '_', '[', ']', '\n', '\r', '\\']) {
            self.text(at);
            let taken = match self.rest.as_bytes()[0] {
                b'<' => self.comment().or_else(|| self.tag()),
                b'*' | b'_' => self.run(),
                b'[' => self.bracket(),
                b']' => self.link_end(),
                b'\\' => self.escaped(),
                _ => self.line_end(),
            };
            match taken {
                Some(len) => self.skip(len),
                None => self.text(1),
            }
        }
        self.text(self.rest.len());
    }

    fn skip(&mut self, len: usize) {
        self.before = self.rest[..len].chars().next_back().or(self.before);
        self.rest = &self.rest[len..];
    }

    fn text(&mut self, len: usize) {
        let raw = &self.rest[..len];
        if !raw.is_empty() {
            self.push_text(&decode_entities(raw));
            self.skip(len);
        }
    }

    fn push_text(&mut self, text: &str) {
        match self.out.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.out.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    /// Blanks around a line end go, so that CRLF, indentation and the double blank of Markdown print alike.
    fn line_end(&mut self) -> Option<usize> {
        let len = self.rest.len() - self.rest.trim_start().len();
        if let Some(Piece::Text(last)) = self.out.pieces.last_mut() {
            last.truncate(last.trim_end().len());
        }
        self.out.pieces.push(Piece::Break);
        Some(len)
    }

    fn escaped(&mut self) -> Option<usize> {
        let next = self.rest[1..].chars().next().filter(|c| "*_[]<\\".contains(*c))?;
        self.push_text(next.encode_utf8(&mut [0; 4]));
        Some(1 + next.len_utf8())
    }

    fn comment(&mut self) -> Option<usize> {
        if self.no_comment_end || !self.rest.starts_with("<!--") {
            return None;
        }
        let end = self.rest.find("-->").map(|at| at + 3);
        self.no_comment_end = end.is_none();
        end
    }

    fn tag(&mut self) -> Option<usize> {
        let tag = Tag::read(self.rest)?;
        let name = tag.name.to_ascii_lowercase();
        if name == "rev" && !tag.closing {
            return self.revision(&tag);
        }
        if name == "br" {
            self.out.pieces.push(Piece::Break);
        } else if let Some(kept) = KEPT.iter().find(|kept| **kept == name) {
            self.out.pieces.push(if tag.closing { Piece::Close(kept) } else { Piece::Open(kept) });
        } else if !DROPPED.contains(&name.as_str()) {
            self.out.pieces.push(Piece::Foreign(tag.text.to_owned()));
        }
        Some(tag.text.len())
    }

    fn revision(&mut self, tag: &Tag<'s>) -> Option<usize> {
        if self.no_revision_end {
            return None;
        }
        let inside = &self.rest[tag.text.len()..];
        let Some(end) = find_ignoring_case(inside, "</rev>") else {
            self.no_revision_end = true;
            return None;
        };
        let (old, new) = match inside[..end].split_once('|') {
            Some((old, new)) => (old, Some(new.to_owned())),
            None => (&inside[..end], None),
        };
        let value = |name| tag.attribute(name).map(|raw| decode_entities(raw).into_owned()).unwrap_or_default();
        self.out.revisions.push(Revision { user: value("user"), ts: value("ts"), old: old.to_owned(), new });
        // A revision inside a revision is not a thing anybody writes: its tag would print as text.
        let mut inner = Reader { rest: old, before: self.before, no_revision_end: true, ..Reader::default() };
        inner.read();
        self.out.pieces.append(&mut inner.out.pieces);
        Some(tag.text.len() + end + "</rev>".len())
    }

    fn run(&mut self) -> Option<usize> {
        let mark = self.rest.chars().next()?;
        let len = self.rest.chars().take_while(|c| *c == mark).count();
        let after = self.rest[len..].chars().next();
        let open_to = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        // An underscore inside a word is part of a name; a star between two digits is arithmetic.
        let inside = word(self.before) && word(after);
        let numbers = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let plain = inside && (mark == '_' || numbers(self.before) && numbers(after));
        let can_open = open_to(after) && !plain && !(mark == '_' && word(self.before));
        let can_close = open_to(self.before) && !plain && !(mark == '_' && word(after));
        if len > 3 || !(can_open || can_close) {
            self.push_text(&self.rest[..len]);
            return Some(len);
        }
        let marks: &[&'static str] = match (mark, len, can_open) {
            ('*', 1, _) => &["*"],
            ('*', 2, _) => &["**"],
            ('*', _, true) => &["**", "*"],
            ('*', _, false) => &["*", "**"],
            (_, 1, _) => &["_"],
            (_, 2, _) => &["__"],
            (_, _, true) => &["__", "_"],
            (_, _, false) => &["_", "__"],
        };
        self.out.pieces.extend(marks.iter().map(|mark| Piece::Run(Run { mark, can_open, can_close })));
        Some(len)
    }

    fn bracket(&mut self) -> Option<usize> {
        let image = match self.out.pieces.last_mut() {
            Some(Piece::Text(last)) if last.ends_with('!') => {
                last.pop();
                true
            }
            _ => false,
        };
        self.brackets.push(self.out.pieces.len());
        self.out.pieces.push(Piece::Bracket { image });
        Some(1)
    }

    /// `](target)` makes the bracket before it a link, of which the words stay.
    fn link_end(&mut self) -> Option<usize> {
        const TARGET_BYTES_MAX: usize = 2048;
        let start = self.brackets.pop()?;
        let target = self.rest.strip_prefix("](")?;
        let end = target.bytes().take(TARGET_BYTES_MAX).position(|byte| matches!(byte, b')' | b'\n'))?;
        if target.as_bytes()[end] != b')' {
            return None;
        }
        self.out.pieces[start] = Piece::Text(String::new());
        Some("](".len() + end + 1)
    }
}

/// Turns pairs of equal runs into emphasis, innermost first; the rest stays what it is, text.
fn pair_runs(pieces: &mut [Piece]) {
    let mut open: Vec<(usize, &'static str)> = Vec::new();
    for at in 0..pieces.len() {
        let Piece::Run(run) = pieces[at] else { continue };
        let partner = open.iter().rposition(|(_, mark)| *mark == run.mark).filter(|_| run.can_close);
        if let Some(depth) = partner.filter(|depth| open[*depth].0 + 1 < at) {
            let tag = if run.mark.len() == 2 { "strong" } else { "em" };
            pieces[open[depth].0] = Piece::Open(tag);
            pieces[at] = Piece::Close(tag);
            open.truncate(depth);
        } else if run.can_open {
            // Of two equal runs that could open, the later one does: at most four kinds are ever open, and a paragraph
            // of nothing but stars costs no more than any other.
            open.retain(|(_, mark)| *mark != run.mark);
            open.push((at, run.mark));
        }
    }
}

/// `<name attributes>` or `</name>` at the beginning of a text.
pub(crate) struct Tag<'s> {
    pub(crate) text: &'s str,
    pub(crate) name: &'s str,
    pub(crate) closing: bool,
    attributes: &'s str,
}

impl<'s> Tag<'s> {
    pub(crate) fn read(source: &'s str) -> Option<Self> {
        /// Longer than any tag a person or editor writes; a `<` that nobody closes must not cost a search each.
        const TAG_BYTES_MAX: usize = 8192;
        let inside = source.strip_prefix('<')?;
        let closing = inside.starts_with('/');
        let start = 1 + usize::from(closing);
        let name_len = source[start..].bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = &source[start..start + name_len];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let mut quote = None;
        for (at, byte) in source.bytes().enumerate().skip(start + name_len).take(TAG_BYTES_MAX) {
            match (quote, byte) {
                (Some(open), _) => quote = Some(open).filter(|open| *open != byte),
                (None, b'"' | b'\'') if at > start + name_len => quote = Some(byte),
                (None, b'>') => {
                    let attributes = &source[start + name_len..at];
                    return Some(Self { text: &source[..=at], name, closing, attributes });
                }
                (None, b'<') => return None,
                // `<http://…>` and `<3` are not tags.
                (None, byte) if at == start + name_len && !(byte.is_ascii_whitespace() || byte == b'/') => return None,
                _ => {}
            }
        }
        None
    }

    /// The raw value of a quoted attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'s str> {
        let mut rest = self.attributes;
        loop {
            let (before, after) = rest.split_once('=')?;
            let after = after.trim_start();
            let (value, next) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => after[1..].split_once(quote)?,
                _ => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
            if before.split_whitespace().next_back().is_some_and(|found| found.eq_ignore_ascii_case(name)) {
                return Some(value);
            }
            rest = next;
        }
    }
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(source: &str) -> String {
        Inline::read(source).html()
    }

    #[test]
    fn the_kept_markup_stays_and_loses_its_attributes() {
        assert_eq!(
            html(r#"<b onclick="x">a</b> <STRONG>c</STRONG> H<sub>2</sub>O"#),
            "<b>a</b> <strong>c</strong> H<sub>2</sub>O"
        );
    }

    #[test]
    fn markup_that_nobody_closes_is_closed_and_what_nobody_opened_is_dropped() {
        assert_eq!(html("<b>never <i>closed"), "<b>never <i>closed</i></b>");
        assert_eq!(html("a</b> <b>x<i>y</b>z</i>"), "a <b>x<i>y</i></b>z");
    }

    #[test]
    fn other_tags_print_as_text_and_are_not_counted() {
        let line = Inline::read("one <script>alert(1)</script> <iframe src='x'> two");
        assert_eq!(line.html(), "one &lt;script&gt;alert(1)&lt;/script&gt; &lt;iframe src=&#39;x&#39;&gt; two");
        assert_eq!(line.words(), 3);
    }

    #[test]
    fn pasted_spans_are_not_read_aloud() {
        assert_eq!(html(r#"<span style="a > b">Good</span>&nbsp;<div>evening</div>"#), "Good\u{a0}evening");
    }

    #[test]
    fn entities_are_decoded_before_they_are_escaped() {
        assert_eq!(html("Tom &amp; Jerry &lt;b&gt; 100% 5 < 6"), "Tom &amp; Jerry &lt;b&gt; 100% 5 &lt; 6");
    }

    #[test]
    fn markdown_emphasis_becomes_markup() {
        assert_eq!(
            html("**That** is *it*, __so__ and _so_."),
            "<strong>That</strong> is <em>it</em>, <strong>so</strong> and <em>so</em>."
        );
        assert_eq!(html("***both***"), "<strong><em>both</em></strong>");
    }

    #[test]
    fn a_star_or_underscore_alone_is_text() {
        for text in ["2 * 3 * 4", "2*3*4", "snake_case_name", "a * b", "****", "* item", "**", "_"] {
            assert_eq!(html(text), text);
        }
    }

    #[test]
    fn links_keep_their_words() {
        let line = Inline::read("see [the paper](https://kettle.example/a_b_c) and [not a link] and ![a pot](pot.png)");
        assert_eq!(line.html(), "see the paper and [not a link] and a pot");
        assert_eq!(line.words(), 10);
    }

    #[test]
    fn a_revision_gives_its_old_side_and_is_listed() {
        let line = Inline::read(
            r#"We <rev user="pat" ts="2026-08-01T10:00:00Z">asked <b>one</b>|asked three</rev>.<rev user="sam" ts="x">|added</rev> <rev>cut</rev>"#,
        );
        assert_eq!(line.html(), "We asked <b>one</b>. cut");
        let seen: Vec<_> =
            line.revisions.iter().map(|it| (it.user.as_str(), it.old.as_str(), it.new.as_deref())).collect();
        assert_eq!(
            seen,
            [("pat", "asked <b>one</b>", Some("asked three")), ("sam", "", Some("added")), ("", "cut", None)]
        );
    }

    #[test]
    fn line_ends_break_lines_whatever_they_are_made_of() {
        assert_eq!(html("one  \r\n  two<br/>three\n"), "one<br>\ntwo<br>\nthree");
    }

    #[test]
    fn comments_are_gone() {
        assert_eq!(html("a<!-- <b> -->b <!-- open"), "ab &lt;!-- open");
    }

    #[test]
    fn reading_is_linear_in_what_nobody_closes() {
        for source in ["<a ", "<!--", "*a ", "[", "<rev>", "_a*b**c ", "<b>", "&amp", "](", "![", "***x "] {
            let text = source.repeat(200_000 / source.len());
            assert!(!Inline::read(&text).html().is_empty());
        }
    }

    #[test]
    fn attributes_are_found_by_name() {
        let tag = Tag::read(r#"<p class="guest bullet" data-x='1' checked>"#).expect("it is a tag");
        assert_eq!(
            (tag.attribute("class"), tag.attribute("data-x"), tag.attribute("no")),
            (Some("guest bullet"), Some("1"), None)
        );
    }
}
