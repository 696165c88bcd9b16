//! `span` and `div` in running text: found without being fooled by quotes, comments or code, and taken out in pairs.

use super::HARD_BLANKS;

/// The bytes at the beginning of a text that nobody may change: a code span, a comment, or a tag that is not ours to
/// take out.
pub fn untouchable(text: &str) -> usize {
    if text.starts_with('`') {
        return code_span(text);
    }
    if text.starts_with("<!--") {
        return text.find("-->").map_or(text.len(), |end| end + 3);
    }
    match read(text) {
        Some(tag) if !tag.is_unwelcome() => tag.length,
        _ => 0,
    }
}

/// Where the first `span`, `div` or hard blank begins.
pub fn first_unwelcome(text: &str) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let raw = untouchable(rest);
        let is_hard = |blank: &&str| rest.get(..blank.len()).is_some_and(|start| start.eq_ignore_ascii_case(blank));
        if raw == 0 && (read(rest).is_some() || HARD_BLANKS.iter().any(|blank| is_hard(blank))) {
            return Some(at);
        }
        at += if raw > 0 { raw } else { rest.chars().next().map_or(1, char::len_utf8) };
    }
    None
}

/// The text without `span` and `div`. What a style made bold or italic is so by `b` and `i` afterwards.
pub fn strip(text: &str) -> String {
    let found = find(text);
    let mut out = String::with_capacity(text.len());
    let mut kept_to = 0;
    for (begin, tag, instead) in found {
        out.push_str(&text[kept_to..begin]);
        kept_to = begin + tag.length;
        let glued = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace() && c != '>');
        let next = text[kept_to..].chars().next().filter(|c| *c != '<');
        // Two blocks on one line were two lines to whoever wrote them.
        if tag.name == "div" && glued(out.chars().last()) && (glued(next) || text[kept_to..].starts_with("<div")) {
            out.push(' ');
        }
        out.push_str(&instead);
    }
    out.push_str(&text[kept_to..]);
    out
}

/// All unwelcome tags with what takes their place. Markup is only written for a pair, so it is always balanced.
fn find(text: &str) -> Vec<(usize, Tag<'_>, String)> {
    let mut found: Vec<(usize, Tag, String)> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let raw = untouchable(rest);
        let Some(tag) = read(rest).filter(|_| raw == 0) else {
            at += if raw > 0 { raw } else { rest.chars().next().map_or(1, char::len_utf8) };
            continue;
        };
        let length = tag.length;
        if !tag.closing {
            open.push(found.len());
            found.push((at, tag, String::new()));
        } else {
            let partner = open.iter().rposition(|place| found[*place].1.name == tag.name).map(|top| {
                let partner = open[top];
                open.truncate(top);
                partner
            });
            let styled = partner.map(|place| (place, found[place].1.bold(), found[place].1.italic()));
            let mut instead = String::new();
            if let Some((place, bold, italic)) = styled {
                found[place].2 = [(bold, "<b>"), (italic, "<i>")].iter().filter(|it| it.0).map(|it| it.1).collect();
                instead = [(italic, "</i>"), (bold, "</b>")].iter().filter(|it| it.0).map(|it| it.1).collect();
            }
            found.push((at, tag, instead));
        }
        at += length;
    }
    found
}

struct Tag<'t> {
    /// Lower case.
    name: String,
    closing: bool,
    attributes: &'t str,
    /// Bytes, with both brackets.
    length: usize,
}

impl Tag<'_> {
    fn is_unwelcome(&self) -> bool {
        matches!(self.name.as_str(), "span" | "div")
    }

    fn bold(&self) -> bool {
        let weight = self.style("font-weight");
        weight.starts_with("bold") || weight.parse::<u32>().is_ok_and(|weight| weight >= 600)
    }

    fn italic(&self) -> bool {
        self.style("font-style") == "italic"
    }

    /// The value of one property of the `style` attribute, or nothing.
    fn style(&self, property: &str) -> String {
        let lower = self.attributes.to_ascii_lowercase();
        let Some(at) = lower.find(property) else { return String::new() };
        let value = lower[at + property.len()..].trim_start();
        let value = value.strip_prefix(':').unwrap_or_default();
        value.split([';', '"', '\'']).next().unwrap_or_default().trim().to_owned()
    }
}

/// The tag that a text begins with. A `<` that opens nothing is text.
fn read(text: &str) -> Option<Tag<'_>> {
    let inner = text.strip_prefix('<')?;
    let (closing, named) = inner.strip_prefix('/').map_or((false, inner), |rest| (true, rest));
    let name_length = named.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let name = &named[..name_length];
    name.bytes().next().filter(u8::is_ascii_alphabetic)?;
    let rest = &named[name_length..];
    if !rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/')) {
        return None;
    }
    let mut quote = None;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (None, '>') => {
                let length = text.len() - rest.len() + at + 1;
                return Some(Tag { name: name.to_ascii_lowercase(), closing, attributes: &rest[..at], length });
            }
            // Another tag begins: this one was never closed.
            (None, '<') => return None,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// A code span with its marks: it ends at as many backticks as it began with. Without such an end the backticks are
/// text, and only they are stepped over.
fn code_span(text: &str) -> usize {
    let ticks = text.bytes().take_while(|byte| *byte == b'`').count();
    let mut at = ticks;
    while let Some(found) = text[at..].find('`') {
        let begin = at + found;
        let run = text[begin..].bytes().take_while(|byte| *byte == b'`').count();
        at = begin + run;
        if run == ticks {
            return at;
        }
    }
    ticks
}
