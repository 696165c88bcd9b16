//! What the text behind a colon means (spec 2.3 #4).

use super::{Entry, ValueStyle};
use crate::text::chomp;
use std::borrow::Cow;

/// How long a value is that begins a line's rest, without trailing blanks and comment, and how it is written.
pub(super) fn measure(rest: &str, after_blank: bool) -> (usize, ValueStyle) {
    if after_blank && rest.starts_with('#') {
        return (0, ValueStyle::Plain);
    }
    if let Some(found) = measure_quoted(rest) {
        return found;
    }
    let cut = [" #", "\t#"].iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(rest.len());
    let value = rest[..cut].trim_end();
    (value.len(), style_of(value))
}

fn measure_quoted(rest: &str) -> Option<(usize, ValueStyle)> {
    let (quote, style) = match rest.as_bytes().first()? {
        b'\'' => ('\'', ValueStyle::Single),
        b'"' => ('"', ValueStyle::Double),
        _ => return None,
    };
    let closed = closing_quote(rest, quote as u8).filter(|&end| {
        let behind = rest[end..].trim_start();
        behind.is_empty() || (behind.starts_with('#') && behind.len() < rest.len() - end)
    });
    // People also write quotes inside quotes; the outer pair counts as long as both ends are there.
    let whole = rest.trim_end();
    let lenient = || (whole.len() > 1 && whole.ends_with(quote)).then_some(whole.len());
    closed.or_else(lenient).map(|length| (length, style))
}

/// Behind the quote that closes the one at the beginning, as YAML reads it.
fn closing_quote(rest: &str, quote: u8) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => at += 1,
            byte if byte == quote => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

fn style_of(value: &str) -> ValueStyle {
    if value.starts_with(['|', '>'])
        && value[1..].bytes().all(|byte| matches!(byte, b'+' | b'-') || byte.is_ascii_digit())
    {
        ValueStyle::Block
    } else if value.starts_with('[') {
        ValueStyle::Flow
    } else {
        ValueStyle::Plain
    }
}

pub(super) fn text<'t>(entry: &Entry<'t>) -> Cow<'t, str> {
    let raw = entry.raw.text;
    match entry.style {
        ValueStyle::Plain => Cow::Borrowed(raw),
        ValueStyle::Single | ValueStyle::Double => unquote(raw),
        ValueStyle::Block => Cow::Owned(block(raw)),
        ValueStyle::Flow if !raw.ends_with(']') => Cow::Owned(crate::text::fold_white(raw)),
        ValueStyle::Flow | ValueStyle::List => Cow::Owned(list(entry).join(", ")),
        ValueStyle::Lines => Cow::Owned(unquote(&crate::text::fold_white(raw)).into_owned()),
    }
}

pub(super) fn list(entry: &Entry<'_>) -> Vec<String> {
    let raw = entry.raw.text.trim();
    match entry.style {
        ValueStyle::List => raw
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix('-'))
            .map(|item| {
                let item = item.trim_start();
                unquote(&item[..measure(item, true).0]).into_owned()
            })
            .filter(|item| !item.is_empty())
            .collect(),
        ValueStyle::Flow => split_outside_quotes(raw.strip_prefix('[').unwrap_or(raw).trim_end_matches(']')),
        _ => split_outside_quotes(&text(entry)),
    }
}

fn split_outside_quotes(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut begin = 0;
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b',') => {
                items.push(&text[begin..at]);
                begin = at + 1;
            }
            // Only a quote that begins an item opens one: an apostrophe inside a word does not.
            (None, b'"' | b'\'') if text[begin..at].trim().is_empty() => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    items.push(&text[begin..]);
    items.into_iter().map(|item| unquote(item.trim()).into_owned()).filter(|item| !item.is_empty()).collect()
}

/// One pair of matching quotes off, and inside it what [`super::Front::set`] escapes.
fn unquote(text: &str) -> Cow<'_, str> {
    let inside = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    if let Some(inner) = inside('"') {
        if !inner.contains('\\') {
            return Cow::Borrowed(inner);
        }
        let mut plain = String::with_capacity(inner.len());
        let mut chars = inner.chars().peekable();
        while let Some(c) = chars.next() {
            match chars.peek() {
                Some(&next @ ('"' | '\\')) if c == '\\' => {
                    plain.push(next);
                    chars.next();
                }
                _ => plain.push(c),
            }
        }
        Cow::Owned(plain)
    } else if let Some(inner) = inside('\'') {
        if inner.contains("''") { Cow::Owned(inner.replace("''", "'")) } else { Cow::Borrowed(inner) }
    } else {
        Cow::Borrowed(text)
    }
}

/// A block scalar: `|` keeps its lines, `>` folds them; indentation and trailing line ends go.
fn block(raw: &str) -> String {
    let mut lines = raw.split('\n').map(chomp);
    let folded = lines.next().is_some_and(|header| header.starts_with('>'));
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with('#')).collect();
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let depth = lines.iter().find(|line| !line.trim().is_empty()).map_or(0, |line| indent(line));
    let mut text = String::new();
    for line in lines {
        let content = if line.trim().is_empty() { "" } else { &line[depth.min(indent(line))..] };
        if folded && !content.is_empty() && !text.is_empty() && !text.ends_with('\n') {
            text.push(' ');
        } else if !text.is_empty() && (!folded || content.is_empty()) {
            text.push('\n');
        }
        text.push_str(content);
    }
    text.trim_end().to_owned()
}
