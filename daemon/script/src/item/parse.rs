//! The walk over a file: markers first, then what stands between them (spec 4.1).
//!
//! Markers decide, and nothing between them can hide one. The gaps between cues are read line by line. Every search
//! that may fail (an end of a comment, a closing fence, `</p>`) is bounded or remembered as hopeless, so that no input
//! makes the walk look at the same bytes again and again.

use super::Document;
use super::block::{Block, BlockKind, Paragraph, SectionKind, Unterminated};
use super::fence::{Closers, Fence, cue_info};
use crate::cue::{Cue, Dialect, Marker, markers};
use crate::field::parse_body;
use crate::front::{self, Opening};
use crate::inline::tag_length;
use crate::text::{BOM, Newline, Slice, Span};
use std::sync::OnceLock;

pub(super) fn parse(text: &str) -> Document<'_> {
    let opening = front::read(text);
    let begin = match &opening {
        Opening::Front(front) => front.span.end,
        _ if text.starts_with(BOM) => BOM.len(),
        _ => 0,
    };
    let mut walk = Walk {
        text,
        cues: Vec::new(),
        blocks: Vec::new(),
        unterminated: Vec::new(),
        section: SectionKind::Script,
        growing: None,
        fence: None,
        closers: None,
        no_comment_end_before: 0,
    };
    walk.body(begin);
    Document {
        text,
        newline: Newline::of(text),
        opening,
        body: Span::new(begin, text.len()),
        cues: walk.cues,
        blocks: walk.blocks,
        unterminated: walk.unterminated,
        index: OnceLock::new(),
        sorted: OnceLock::new(),
    }
}

struct Walk<'t> {
    text: &'t str,
    cues: Vec<Cue<'t>>,
    blocks: Vec<Block<'t>>,
    unterminated: Vec<Unterminated<'t>>,
    section: SectionKind,
    /// The bare paragraph, or the part of a code fence, that grows line by line.
    growing: Option<(Span, Growing)>,
    /// An open code fence; it may be closed in a later gap.
    fence: Option<Fence>,
    closers: Option<Closers>,
    /// Up to this offset no comment ends that is still open.
    no_comment_end_before: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growing {
    Bare,
    Code,
}

impl<'t> Walk<'t> {
    /// Markers are walked in file order: a Begin whose next marker is an End makes a cue.
    fn body(&mut self, begin: usize) {
        let text = self.text;
        let mut at = begin;
        let mut walk = markers(text, begin).peekable();
        while let Some(marker) = walk.next() {
            self.gap(at, marker.span.begin);
            let end = if marker.is_begin { walk.next_if(|next| !next.is_begin) } else { None };
            let limit = walk.peek().map_or(text.len(), |next| next.span.begin);
            at = match (marker.is_begin, end) {
                (true, Some(end)) => self.cue(marker, end, limit),
                (true, None) => self.unterminated(marker, limit),
                (false, _) => {
                    self.push(marker.span, BlockKind::StrayEnd(marker));
                    marker.span.end
                }
            };
        }
        self.gap(at, text.len());
    }

    fn push(&mut self, span: Span, kind: BlockKind<'t>) {
        self.blocks.push(Block { span, section: self.section, kind });
    }

    /// `limit`: the marker after its End, or the end of the file.
    fn cue(&mut self, begin: Marker, end: Marker, limit: usize) -> usize {
        let body = Span::new(begin.span.end, end.span.begin);
        let glued = Slice::of(self.text, end.span.end, line_end_before(self.text, end.span.end, limit)).trim();
        self.push_cue(begin, end, body, glued, Slice { begin: body.begin, text: "" });
        end.span.end
    }

    fn push_cue(&mut self, begin: Marker, end: Marker, body: Span, glued: Slice<'t>, fence_id: Slice<'t>) {
        let content = parse_body(self.text, body);
        let body = Slice::of(self.text, body.begin, body.end);
        let cue = Cue { begin, end, body, content, fence_id, glued };
        self.push(cue.span(), BlockKind::Cue(self.cues.len()));
        self.cues.push(cue);
    }

    /// `limit`: the next Begin, or the end of the file.
    fn unterminated(&mut self, marker: Marker, limit: usize) -> usize {
        let end = first_blank_line(self.text, marker.span.end, limit);
        let mut content = parse_body(self.text, Span::new(marker.span.end, end));
        let is_clean = content.junk.is_empty() && marker.dialect != Dialect::Fence;
        if !content.junk.is_empty() {
            // What follows the fields may have spoilt the last of them; only the lines that stand for themselves count.
            content =
                parse_body(self.text, Span::new(marker.span.end, field_lines_end(self.text, marker.span.end, end)));
        }
        let fields = content.fields.iter().filter(|field| !field.inline).map(|field| field.span.end);
        let fields_to = fields.chain(content.images.iter().map(Slice::end)).max();
        let span = Span::new(marker.span.begin, fields_to.unwrap_or(marker.span.end));
        self.push(span, BlockKind::Unterminated(self.unterminated.len()));
        let closable = fields_to.filter(|_| is_clean);
        self.unterminated.push(Unterminated { marker, span, content, closable });
        span.end
    }

    /// Everything between two markers, read line by line.
    fn gap(&mut self, begin: usize, end: usize) {
        let mut at = begin;
        while at < end {
            if self.growing.is_none() {
                at += self.text.as_bytes()[at..end].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            }
            let line_end = line_end_before(self.text, at, end);
            at = self.line(Slice::of(self.text, at, line_end).trim(), (line_end + 1).min(end), end);
        }
        self.flush();
    }

    /// One line, or more of them; answers where to go on.
    fn line(&mut self, line: Slice<'t>, next: usize, gap_end: usize) -> usize {
        if let Some(fence) = self.fence {
            self.grow(line.span(), Growing::Code);
            if fence.is_closed_by(line.text) {
                self.fence = None;
                self.flush();
            }
            return next;
        }
        match line.text.as_bytes().first() {
            None => {
                self.flush();
                return next;
            }
            Some(b'`' | b'~') => {
                if let Some(next) = self.fence_line(line, next, gap_end) {
                    return next;
                }
            }
            Some(b'#') => {
                if let Some((level, text)) = heading(line) {
                    self.heading(line, level, text);
                    return next;
                }
            }
            Some(_) => {}
        }
        self.text_line(line, next, gap_end)
    }

    fn heading(&mut self, line: Slice<'t>, level: u8, text: Slice<'t>) {
        self.flush();
        let section = (level == 2).then(|| section_of(text.text)).flatten();
        if level <= 2 {
            self.section = section.unwrap_or_default();
        }
        self.push(line.span(), BlockKind::Heading { level, text, opens_section: section.is_some() });
    }

    /// `None`: the line only looks like a fence, or nothing ever closes it.
    fn fence_line(&mut self, line: Slice<'t>, next: usize, gap_end: usize) -> Option<usize> {
        let (fence, info) = Fence::opened_by(line)?;
        if let Some(id) = cue_info(info) {
            self.flush();
            return Some(self.fence_cue(fence, line, id, next, gap_end));
        }
        if !self.closers.get_or_insert_with(|| Closers::of(self.text)).has(fence, line.end()) {
            return None;
        }
        self.flush();
        self.fence = Some(fence);
        self.grow(line.span(), Growing::Code);
        Some(next)
    }

    fn fence_cue(&mut self, fence: Fence, line: Slice<'t>, id: Slice<'t>, next: usize, gap_end: usize) -> usize {
        let marker = |span, is_begin| Marker { span, is_begin, collapsed: false, dialect: Dialect::Fence };
        let begin = marker(line.span(), true);
        let mut at = next;
        while at < gap_end {
            let line_end = line_end_before(self.text, at, gap_end);
            let other = Slice::of(self.text, at, line_end).trim();
            if fence.is_closed_by(other.text) {
                let end = marker(other.span(), false);
                let glued = Slice { begin: other.end(), text: "" };
                self.push_cue(begin, end, Span::new(line.end(), at), glued, id);
                return other.end();
            }
            if Fence::opened_by(other).is_some_and(|(_, info)| cue_info(info).is_some()) {
                break;
            }
            at = line_end + 1;
        }
        self.unterminated(begin, at.min(gap_end))
    }

    /// A line with text on it. Comments and `<p>` may begin anywhere in it, and end in it or on a later one.
    fn text_line(&mut self, line: Slice<'t>, next: usize, gap_end: usize) -> usize {
        let (mut line, mut next, mut at) = (line, next, line.begin);
        while let Some(angle) = memchr::memchr(b'<', &self.text.as_bytes()[at..line.end()]).map(|found| at + found) {
            let before = Slice::of(self.text, line.begin, angle).trim();
            at = angle + 1;
            let end = if self.text[angle..].starts_with("<!--") {
                let Some(end) = self.comment_end(angle, gap_end) else { continue };
                if !before.is_empty() || self.growing.is_some() {
                    // Inside a paragraph it is a part of it, over line ends too.
                    self.grow(Span::new(line.begin, end), Growing::Bare);
                    if end > line.end() {
                        let line_end = line_end_before(self.text, end, gap_end);
                        line = Slice::of(self.text, line.begin, line_end).trim();
                        next = (line_end + 1).min(gap_end);
                    }
                    at = end.min(line.end());
                    continue;
                }
                self.push(Span::new(angle, end), BlockKind::Comment);
                end
            } else if let Some(paragraph) = self.tagged(angle, gap_end) {
                self.grow(before.span(), Growing::Bare);
                self.flush();
                let end = paragraph.close.map_or(paragraph.content.end(), |close| close.end());
                self.push(Span::new(angle, end), BlockKind::Paragraph(paragraph));
                end
            } else {
                continue;
            };
            if end >= line.end() {
                return if end == line.end() { next } else { end };
            }
            // The rest of the line is text too. It is not looked at as a new line: its end is known.
            line = Slice::of(self.text, end, line.end());
            line = Slice { begin: line.end() - line.text.trim_start().len(), text: line.text.trim_start() };
            at = line.begin;
        }
        self.grow(line.span(), Growing::Bare);
        next
    }

    /// Behind the `-->` of the comment that begins at `at`.
    fn comment_end(&mut self, at: usize, gap_end: usize) -> Option<usize> {
        if at < self.no_comment_end_before {
            return None;
        }
        let found = memchr::memmem::find(&self.text.as_bytes()[at + 4..gap_end.max(at + 4)], b"-->");
        if found.is_none() {
            self.no_comment_end_before = gap_end;
        }
        found.map(|length| at + 4 + length + 3)
    }

    /// The `<p …>` that begins at `at`, if one does. Without `</p>` it ends as bare text would.
    fn tagged(&self, at: usize, gap_end: usize) -> Option<Paragraph<'t>> {
        let gap = &self.text[..gap_end];
        if !is_paragraph_tag(gap.as_bytes(), at, b"<p") {
            return None;
        }
        let begin = at + tag_length(&gap[at..])?;
        let open = Slice::of(self.text, at, begin);
        if open.text.ends_with("/>") {
            return Some(Paragraph {
                open: Some(open),
                content: open.part(open.text.len(), open.text.len()),
                close: None,
            });
        }
        let mut angles = memchr::memchr_iter(b'<', &gap.as_bytes()[begin..]).map(|found| begin + found);
        let stop = angles.find(|&angle| {
            is_paragraph_tag(gap.as_bytes(), angle, b"</p") || is_paragraph_tag(gap.as_bytes(), angle, b"<p")
        });
        let limit = stop.unwrap_or(gap_end);
        let close = stop
            .filter(|&stop| gap[stop..].starts_with("</") && !has_section_heading(&gap[begin..stop]))
            .and_then(|stop| Some(Slice::of(self.text, stop, stop + tag_length(&gap[stop..])?)));
        let end = close.map_or_else(|| paragraph_end(gap, begin, limit), |close| close.begin);
        Some(Paragraph { open: Some(open), content: Slice::of(self.text, begin, end), close })
    }

    fn grow(&mut self, span: Span, kind: Growing) {
        if span.is_empty() {
            return;
        }
        match &mut self.growing {
            Some((grown, _)) => grown.end = span.end,
            None => self.growing = Some((span, kind)),
        }
    }

    fn flush(&mut self) {
        match self.growing.take() {
            Some((span, Growing::Bare)) => {
                let content = Slice::of(self.text, span.begin, span.end);
                self.push(span, BlockKind::Paragraph(Paragraph { open: None, content, close: None }));
            }
            Some((span, Growing::Code)) => self.push(span, BlockKind::Code),
            None => {}
        }
    }
}

/// Where the line that holds `at` ends, at the latest at `limit`.
fn line_end_before(text: &str, at: usize, limit: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[at..limit]).map_or(limit, |length| at + length)
}

/// Where the first blank line below the line of `at` begins, at the latest `limit`.
fn first_blank_line(text: &str, at: usize, limit: usize) -> usize {
    let mut line_end = line_end_before(text, at, limit);
    while line_end < limit {
        let begin = line_end + 1;
        line_end = line_end_before(text, begin, limit);
        if text[begin..line_end].trim().is_empty() {
            return begin;
        }
    }
    limit
}

/// Where the lines end that follow the marker before `at` and are each a field or a picture by themselves.
fn field_lines_end(text: &str, at: usize, limit: usize) -> usize {
    let mut end = at;
    while end < limit {
        let line_end = line_end_before(text, end, limit);
        let line = text[end..line_end].trim();
        let is_field = line.starts_with('[') && line.ends_with(']') && line.contains(':');
        if !(is_field || line.starts_with("<img") || (end == at && line.is_empty())) {
            break;
        }
        end = (line_end + 1).min(limit);
    }
    end
}

/// Where an unclosed `<p>` ends: before a blank line or a heading, without trailing white space.
fn paragraph_end(text: &str, begin: usize, limit: usize) -> usize {
    let mut end = begin;
    while end < limit {
        let line_end = line_end_before(text, end, limit);
        let line = Slice::of(text, end, line_end).trim();
        if end > begin && (line.is_empty() || heading(line).is_some()) {
            break;
        }
        end = (line_end + 1).min(limit);
    }
    begin + text[begin..end].trim_end().len()
}

/// Whether the tag `name` (with its angle) begins at `at`: a white space, `/` or `>` follows.
fn is_paragraph_tag(bytes: &[u8], at: usize, name: &[u8]) -> bool {
    let Some((head, [after, ..])) = bytes[at..].split_at_checked(name.len()) else { return false };
    head.eq_ignore_ascii_case(name) && (after.is_ascii_whitespace() || matches!(after, b'>' | b'/'))
}

/// Level and text of an ATX heading.
fn heading(line: Slice<'_>) -> Option<(u8, Slice<'_>)> {
    let level = line.text.bytes().take_while(|&byte| byte == b'#').count();
    let rest = line.part(level, line.text.len());
    if !(1..=6).contains(&level) || !(rest.is_empty() || rest.text.starts_with([' ', '\t'])) {
        return None;
    }
    let text = rest.trim();
    let bare = text.text.trim_end_matches('#');
    let closed = bare.len() < text.text.len() && (bare.is_empty() || bare.ends_with([' ', '\t']));
    Some((level as u8, if closed { text.part(0, bare.len()).trim() } else { text }))
}

fn section_of(heading: &str) -> Option<SectionKind> {
    let kinds = [
        ("Notes", SectionKind::Notes),
        ("Description", SectionKind::Description),
        ("Script", SectionKind::Script),
        ("Resources", SectionKind::Resources),
    ];
    kinds.into_iter().find(|(name, _)| heading.eq_ignore_ascii_case(name)).map(|(_, kind)| kind)
}

/// Whether a heading of level 1 or 2 stands in a text that somebody means to read as one paragraph.
fn has_section_heading(content: &str) -> bool {
    memchr::memmem::find_iter(content.as_bytes(), "\n#").any(|at| {
        let line = Slice::of(content, at + 1, line_end_before(content, at + 1, content.len()));
        heading(line.trim()).is_some_and(|(level, _)| level <= 2)
    })
}
