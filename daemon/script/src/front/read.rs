//! Reading the block line by line (spec 2.3).

use super::{Entry, Front, ValueStyle};
use crate::text::{BOM, Slice, Span, chomp, line_end};

/// What the beginning of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening<'t> {
    /// No line of front matter.
    None,
    /// It opens and never closes (`FM_UNTERMINATED`): the file has no front matter and is not written. The opening
    /// fence.
    Unterminated(Span),
    Front(Front<'t>),
}

/// Reads the front matter of a whole file.
pub fn read(text: &str) -> Opening<'_> {
    let begin = if text.starts_with(BOM) { BOM.len() } else { 0 };
    let end = line_end(text, begin);
    if !is_fence(&text[begin..end]) {
        return Opening::None;
    }
    let opening = Span::new(begin, begin + chomp(&text[begin..end]).len());
    // The closing fence is looked for first: a long text after a lone `---` is not worth an entry per line.
    let Some(close) = closing_fence(text, end) else { return Opening::Unterminated(opening) };
    let inside = Slice::of(text, end + 1, close);
    let mut reader = Reader { text, entries: Vec::new(), bad_lines: Vec::new(), open: None };
    let mut at = inside.begin;
    for line in inside.text.split_inclusive('\n') {
        reader.line(Slice { begin: at, text: line });
        at += line.len();
    }
    reader.close_entry();
    let span = Span::new(begin, (line_end(text, close) + 1).min(text.len()));
    Opening::Front(Front { span, close, inside, entries: reader.entries, bad_lines: reader.bad_lines })
}

/// Where the first line after the line end at `from` begins that is a fence.
fn closing_fence(text: &str, from: usize) -> Option<usize> {
    let after = text.as_bytes().get(from..)?;
    memchr::memmem::find_iter(after, "\n-").map(|at| from + at + 1).find(|&at| is_fence(&text[at..line_end(text, at)]))
}

/// `^-[ \t]?-[ \t]?-[ \t]*$`
fn is_fence(line: &str) -> bool {
    const BLANKS: [char; 2] = [' ', '\t'];
    let mut rest = chomp(line);
    for gap in [false, true, true] {
        if gap {
            rest = rest.strip_prefix(BLANKS).unwrap_or(rest);
        }
        let Some(behind) = rest.strip_prefix('-') else { return false };
        rest = behind;
    }
    rest.trim_start_matches(BLANKS).is_empty()
}

struct Reader<'t> {
    text: &'t str,
    entries: Vec<Entry<'t>>,
    bad_lines: Vec<Slice<'t>>,
    /// The last entry may still be continued.
    open: Option<Open>,
}

struct Open {
    /// Nothing stands on the key's own line, so `- ` lines belong to it.
    empty: bool,
    /// End of its last line that is not blank, without the line end; and where the line after it begins.
    end: usize,
    next: usize,
}

impl<'t> Reader<'t> {
    /// `line` with its line end.
    fn line(&mut self, line: Slice<'t>) {
        let content = chomp(line.text.strip_suffix('\n').unwrap_or(line.text));
        let (end, next) = (line.begin + content.len(), line.end());
        let indented = content.starts_with([' ', '\t']);
        // Blank lines and comments belong to a value only when more of it follows. In a block scalar an indented `#` is
        // text.
        let in_block = self.open.is_some() && self.entries.last().is_some_and(|entry| entry.style == ValueStyle::Block);
        let comment = content.trim_start().starts_with('#') && !(indented && in_block);
        if content.trim().is_empty() || comment {
            return;
        }
        let list_item = content == "-" || content.starts_with("- ");
        match &mut self.open {
            Some(open) if indented || (list_item && open.empty) => {
                open.end = end;
                open.next = next;
                return;
            }
            _ => {}
        }
        self.close_entry();
        match key(content) {
            Some(length) => self.begin_entry(Slice::of(self.text, line.begin, end), length, next),
            None => self.bad_lines.push(Slice::of(self.text, line.begin, end)),
        }
    }

    fn begin_entry(&mut self, line: Slice<'t>, key: usize, next: usize) {
        let behind = key + 1;
        let blanks = line.text[behind..].len() - line.text[behind..].trim_start_matches([' ', '\t']).len();
        let (length, style) = super::value::measure(&line.text[behind + blanks..], blanks > 0);
        // An empty value stands right behind the colon, so that blanks before a comment stay before it.
        let begin = if length == 0 { behind } else { behind + blanks };
        self.entries.push(Entry {
            key: line.part(0, key),
            raw: line.part(begin, begin + length),
            style,
            lines: Span::new(line.begin, next),
        });
        self.open = Some(Open { empty: length == 0, end: line.begin + begin + length, next });
    }

    /// Gives the last entry all the lines that it turned out to have.
    fn close_entry(&mut self) {
        let (Some(open), Some(entry)) = (self.open.take(), self.entries.last_mut()) else { return };
        if open.next == entry.lines.end {
            return;
        }
        let own = entry.style;
        entry.raw = Slice::of(self.text, entry.raw.begin, open.end);
        entry.lines.end = open.next;
        entry.style = match own {
            ValueStyle::Block | ValueStyle::Flow => own,
            _ if entry.raw.text.trim_start().starts_with('-') && open.empty => ValueStyle::List,
            _ => ValueStyle::Lines,
        };
    }
}

/// The length of the key that a line begins with: `[A-Za-z_][A-Za-z0-9_-]*` and a colon.
fn key(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let length = bytes.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    let first = bytes.first()?;
    (length > 0 && (first.is_ascii_alphabetic() || *first == b'_') && bytes.get(length) == Some(&b':'))
        .then_some(length)
}
