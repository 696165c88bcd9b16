//! One paragraph as people write it, Markdown and HTML mixed, read for printing and for counting.
//!
//! What is printed and what is counted come from the same [`Line`], so they cannot drift apart (specification 5.1 #7,
//! 8.2 #1). Kept is the markup of 3.3 #6; Markdown emphasis becomes it; a revision proposal gives its old side; comments
//! go; every other tag prints as the text it is, and is not counted. Reading is linear in the length of the paragraph.

use super::{decode_entities, escape_into};
use crate::inline::{Inline, pieces};
use crate::text::Slice;

/// A paragraph, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<Piece>,
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

impl Line {
    pub fn read(source: &str) -> Self {
        let mut reader = Reader::default();
        reader.content(Slice { begin: 0, text: source.trim() });
        pair_runs(&mut reader.out);
        Self { pieces: reader.out }
    }

    /// Text as it stands, without any markup: what code fences hold.
    pub fn literal(source: &str) -> Self {
        let mut out = Vec::new();
        for line in source.trim().lines() {
            if !out.is_empty() {
                out.push(Piece::Break);
            }
            out.push(Piece::Text(line.trim_end().to_owned()));
        }
        Self { pieces: out }
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

    /// Blank-separated words of its plain text.
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
    out: Vec<Piece>,
    /// What is left of the piece of text that is being read.
    rest: &'s str,
    /// Indexes of brackets that may begin a link.
    brackets: Vec<usize>,
    /// The last character before `rest`, for telling emphasis from arithmetic.
    before: Option<char>,
}

impl<'s> Reader<'s> {
    fn content(&mut self, content: Slice<'s>) {
        for piece in pieces(content) {
            match piece {
                Inline::Text(slice) => self.text(slice.text),
                Inline::Tag(slice) => self.tag(slice.text),
                Inline::Comment(_) => {}
                Inline::Code(slice) => {
                    let text = slice.text.trim_matches('`');
                    self.push_text(&decode_entities(text));
                    self.before = text.chars().next_back();
                }
                // A revision inside a revision is not a thing anybody writes: its pieces hold none.
                Inline::Revision(revision) => self.content(revision.old),
            }
        }
    }

    /// Markdown, and nothing of HTML but entities.
    fn text(&mut self, text: &'s str) {
        self.rest = text;
        while let Some(at) = self.rest.find(['*', '_', '[', ']', '\n', '\\']) {
            self.plain(at);
            let taken = match self.rest.as_bytes()[0] {
                b'*' | b'_' => self.run(),
                b'[' => Some(self.bracket()),
                b']' => self.link_end(),
                b'\\' => self.escaped(),
                _ => Some(self.line_end()),
            };
            match taken {
                Some(len) => self.skip(len),
                None => self.plain(1),
            }
        }
        self.plain(self.rest.len());
    }

    fn skip(&mut self, len: usize) {
        self.before = self.rest[..len].chars().next_back().or(self.before);
        self.rest = &self.rest[len..];
    }

    fn plain(&mut self, len: usize) {
        let raw = &self.rest[..len];
        if !raw.is_empty() {
            self.push_text(&decode_entities(raw));
            self.skip(len);
        }
    }

    fn push_text(&mut self, text: &str) {
        match self.out.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.out.push(Piece::Text(text.to_owned())),
        }
    }

    /// Blanks around a line end go, so that CRLF, indentation and the double blank of Markdown print alike.
    fn line_end(&mut self) -> usize {
        let len = self.rest.len() - self.rest.trim_start().len();
        if let Some(Piece::Text(last)) = self.out.last_mut() {
            last.truncate(last.trim_end().len());
        }
        self.out.push(Piece::Break);
        len
    }

    fn escaped(&mut self) -> Option<usize> {
        let next = self.rest[1..].chars().next().filter(|c| "*_[]\\".contains(*c))?;
        self.push_text(next.encode_utf8(&mut [0; 4]));
        Some(1 + next.len_utf8())
    }

    fn tag(&mut self, tag: &str) {
        let closing = tag.starts_with("</");
        let name: String = tag.chars().skip(1 + usize::from(closing)).take_while(char::is_ascii_alphanumeric).collect();
        let name = name.to_ascii_lowercase();
        // `<http://…>` and `<pat@kettle.example>` look like tags to whoever looks for `<` and a letter.
        let ends =
            tag[1 + usize::from(closing) + name.len()..].starts_with(|c: char| c.is_whitespace() || "/>".contains(c));
        if name == "br" && ends {
            self.out.push(Piece::Break);
        } else if let Some(kept) = KEPT.iter().find(|kept| **kept == name && ends) {
            self.out.push(if closing { Piece::Close(kept) } else { Piece::Open(kept) });
        } else if !ends {
            self.push_text(&decode_entities(tag));
        } else if !DROPPED.contains(&name.as_str()) {
            self.out.push(Piece::Foreign(tag.to_owned()));
        }
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
        self.out.extend(marks.iter().map(|mark| Piece::Run(Run { mark, can_open, can_close })));
        Some(len)
    }

    fn bracket(&mut self) -> usize {
        let image = match self.out.last_mut() {
            Some(Piece::Text(last)) if last.ends_with('!') => {
                last.pop();
                true
            }
            _ => false,
        };
        self.brackets.push(self.out.len());
        self.out.push(Piece::Bracket { image });
        1
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
        self.out[start] = Piece::Text(String::new());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn html(source: &str) -> String {
        Line::read(source).html()
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
        let line = Line::read("one <script>alert(1)</script> <iframe src='x'> two");
        assert_eq!(line.html(), "one &lt;script&gt;alert(1)&lt;/script&gt; &lt;iframe src='x'&gt; two");
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
        let line = Line::read("see [the paper](https://kettle.example/a_b_c) and [not a link] and ![a pot](pot.png)");
        assert_eq!(line.html(), "see the paper and [not a link] and a pot");
        assert_eq!(line.words(), 10);
    }

    #[test]
    fn a_revision_gives_its_old_side() {
        let source = r#"We <rev user="pat" ts="x">asked <b>one</b>|asked three</rev>.<rev>|added</rev> <rev>cut</rev>"#;
        assert_eq!(html(source), "We asked <b>one</b>. cut");
    }

    #[test]
    fn code_and_addresses_are_text() {
        assert_eq!(
            html("say `*x* <b>` to <https://kettle.example>"),
            "say *x* &lt;b&gt; to &lt;https://kettle.example&gt;"
        );
        assert_eq!(Line::literal("**no**\n<b>").html(), "**no**<br>\n&lt;b&gt;");
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
            assert!(!Line::read(&text).html().is_empty());
        }
    }
}
