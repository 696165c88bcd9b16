//! The grammar of a cue's body, exactly as spec 4.2 gives it, in one pass.
//!
//! The shortest value wins whose `]` is followed by the next field, a `<`, or the end of the body. Whether a `]` ends
//! anything does not depend on where the value began, so a search that finds none is never repeated: linear.

use super::Field;
use crate::text::{Slice, Span, line_end};

/// What stands in a cue, in source order within each list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body<'t> {
    pub fields: Vec<Field<'t>>,
    /// `<img …>` lines.
    pub images: Vec<Slice<'t>>,
    /// Every other line that is not blank, without blanks around it.
    pub junk: Vec<Slice<'t>>,
}

/// Reads the body that lies at `span` of `text`. Its beginning counts as the beginning of a line.
pub fn parse_body(text: &str, span: Span) -> Body<'_> {
    // Everything works on a text that ends where the body ends, with offsets into the whole.
    let text = &text[..span.end];
    let mut body = Body::default();
    let mut at = span.begin;
    let mut may_end = true;
    while at < text.len() {
        let begin = skip_blanks(text, at);
        at = match text.as_bytes().get(begin) {
            Some(b'[') if may_end => match field(text, begin) {
                Found::Field(field, next) => {
                    push_with_pieces(&mut body.fields, text, field);
                    next
                }
                Found::NoEnd => {
                    may_end = false;
                    junk_line(&mut body, text, begin)
                }
                Found::NoName => junk_line(&mut body, text, begin),
            },
            Some(b'<') if is_image(text, begin) => {
                let end = line_end(text, begin);
                match image_end(&text[begin..end]) {
                    Some(length) => {
                        body.images.push(Slice::of(text, begin, begin + length));
                        begin + length
                    }
                    None => junk_line(&mut body, text, begin),
                }
            }
            Some(_) => junk_line(&mut body, text, begin),
            None => begin,
        };
    }
    body
}

enum Found<'t> {
    /// The field, and where to go on.
    Field(Field<'t>, usize),
    NoName,
    /// No `]` up to the end of the body ends a field.
    NoEnd,
}

fn field(text: &str, open: usize) -> Found<'_> {
    let Some(colon) = name_end(text, open + 1) else { return Found::NoName };
    let begin = skip_blanks(text, colon + 1);
    for close in memchr::memchr_iter(b']', &text.as_bytes()[begin..]).map(|at| begin + at) {
        if let Some(next) = end_after(text, close + 1) {
            let field = Field {
                label: Slice::of(text, open + 1, colon).trim(),
                value: Slice::of(text, begin, close).trim(),
                span: Span::new(open, close + 1),
                room: Span::new(begin, close),
                inline: false,
            };
            return Found::Field(field, next);
        }
    }
    Found::NoEnd
}

/// The colon behind a name that begins at `at`. A name is anything but `: [ ]` and line ends, blanks too.
fn name_end(text: &str, at: usize) -> Option<usize> {
    let bytes = &text.as_bytes()[at..];
    let end = bytes.iter().position(|byte| matches!(byte, b':' | b'[' | b']' | b'\n'))?;
    (bytes[end] == b':' && end > 0).then_some(at + end)
}

/// Whether `end` of the grammar holds behind a `]`, and if so where the next line (or what stands for it) begins.
fn end_after(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let after = skip_blanks(text, at);
    match &bytes[after..] {
        [] => return Some(after),
        [b'\n', ..] | [b'\r', b'\n', ..] => {}
        // A lone carriage return before the end of the body is the beginning of a line end that the body lost.
        [b'\r'] => return Some(after + 1),
        _ => return None,
    }
    let next = skip_white(text, after);
    match bytes.get(next) {
        None | Some(b'<') => Some(next),
        Some(b'[') => name_end(text, next + 1).map(|_| next),
        Some(_) => None,
    }
}

/// `[Type: ADLIB, Duration: 00:01:00]`: the type is the first piece, every further `name: value` a field (4.2 #5).
fn push_with_pieces<'t>(fields: &mut Vec<Field<'t>>, text: &'t str, field: Field<'t>) {
    if !field.is("Type") || !field.value.text.contains(',') {
        fields.push(field);
        return;
    }
    let mut begin = field.room.begin;
    let mut pieces = text[field.room.begin..field.room.end].split(',').map(|piece| {
        let slice = Slice { begin, text: piece };
        begin = slice.end() + 1;
        slice
    });
    let first = pieces.next().expect("a split has at least one piece");
    fields.push(Field { value: first.trim(), room: first.span(), ..field });
    for piece in pieces {
        let Some(colon) = piece.text.find(':') else { continue };
        let label = piece.part(0, colon).trim();
        let blanks = piece.text[colon + 1..].len() - piece.text[colon + 1..].trim_start().len();
        let room = piece.part(colon + 1 + blanks, piece.text.len());
        if !label.is_empty() {
            fields.push(Field {
                label,
                value: room.trim(),
                span: piece.trim().span(),
                room: room.span(),
                inline: true,
            });
        }
    }
}

fn junk_line<'t>(body: &mut Body<'t>, text: &'t str, begin: usize) -> usize {
    let end = line_end(text, begin);
    let line = Slice::of(text, begin, end).trim();
    if !line.is_empty() {
        body.junk.push(line);
    }
    (end + 1).min(text.len())
}

fn is_image(text: &str, at: usize) -> bool {
    let bytes = &text.as_bytes()[at..];
    bytes.len() > 4 && bytes[..4].eq_ignore_ascii_case(b"<img") && !bytes[4].is_ascii_alphanumeric()
}

/// How long the tag at the beginning of a line is: to the first `>` outside quotes, else to the last one.
fn image_end(line: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in line.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(at + 1),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    line.rfind('>').map(|at| at + 1)
}

fn skip_blanks(text: &str, at: usize) -> usize {
    at + text.as_bytes()[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

fn skip_white(text: &str, at: usize) -> usize {
    at + text.as_bytes()[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}
