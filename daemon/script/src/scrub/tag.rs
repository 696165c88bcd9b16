//! `span` and `div` in running text, taken out in pairs.

use crate::inline::{Inline, pieces, tag_length};
use crate::item::attributes;
use crate::text::Slice;

/// Whether a tag such as `<span style="…">` is one that has no place in prose.
pub fn is_unwelcome(tag: &str) -> bool {
    unwelcome_name(tag).is_some()
}

fn unwelcome_name(tag: &str) -> Option<&'static str> {
    let name = tag.trim_start_matches(['<', '/']);
    let length = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let known = ["span", "div"].into_iter().find(|known| name[..length].eq_ignore_ascii_case(known))?;
    has_only_attributes(&name[length..]).then_some(known)
}

/// What follows the name of a tag, to its end, is attributes with values and nothing that somebody may have written:
/// `<span word>` and `<span"word>` are words.
fn has_only_attributes(rest: &str) -> bool {
    let mut rest = rest;
    loop {
        let next = rest.trim_start();
        if next == ">" || next == "/>" {
            return true;
        }
        if next.len() == rest.len() {
            return false;
        }
        let name = next.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:".contains(c))).unwrap_or(next.len());
        let Some(value) = next[name..].trim_start().strip_prefix('=').filter(|_| name > 0) else { return false };
        let value = value.trim_start();
        let end = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].find(quote).map(|end| end + 2),
            _ => value.find(|c: char| c.is_whitespace() || "<>\"'".contains(c)).filter(|end| *end > 0),
        };
        let Some(end) = end else { return false };
        rest = &value[end..];
    }
}

/// The text without `span` and `div`. What a style made bold or italic is so by `b` and `i` afterwards.
pub fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut kept_to = 0;
    for found in find(text) {
        out.push_str(&text[kept_to..found.tag.begin]);
        kept_to = found.tag.end();
        let behind = &text[kept_to..];
        let glued = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace() && c != '>');
        let next = behind.chars().next().filter(|c| *c != '<');
        let next_tag = tag_length(behind).filter(|_| next.is_none()).and_then(|end| unwelcome_name(&behind[..end]));
        // Two blocks on one line were two lines to whoever wrote them.
        if found.name == "div" && glued(out.chars().last()) && (glued(next) || next_tag == Some("div")) {
            out.push(' ');
        }
        out.push_str(&found.instead);
    }
    out.push_str(&text[kept_to..]);
    out
}

struct Found<'t> {
    tag: Slice<'t>,
    name: &'static str,
    /// What takes its place.
    instead: String,
}

/// All unwelcome tags. Markup is only written for a pair, so it is always balanced.
fn find(text: &str) -> Vec<Found<'_>> {
    let mut found: Vec<Found> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for piece in pieces(Slice { begin: 0, text }) {
        let Inline::Tag(tag) = piece else { continue };
        let Some(name) = unwelcome_name(tag.text) else { continue };
        let mut instead = String::new();
        if !tag.text.starts_with("</") {
            open.push(found.len());
        } else if let Some(top) = open.iter().rposition(|place| found[*place].name == name) {
            let partner = open[top];
            open.truncate(top);
            let (bold, italic) = styles(found[partner].tag);
            let written =
                |marks: [(bool, &'static str); 2]| marks.into_iter().filter(|it| it.0).map(|it| it.1).collect();
            found[partner].instead = written([(bold, "<b>"), (italic, "<i>")]);
            instead = written([(italic, "</i>"), (bold, "</b>")]);
        }
        found.push(Found { tag, name, instead });
    }
    found
}

/// Whether the `style` of a tag says bold, and whether it says italic.
fn styles(tag: Slice<'_>) -> (bool, bool) {
    let style = attributes(tag).into_iter().find(|attribute| attribute.name.text.eq_ignore_ascii_case("style"));
    let lower = style.map(|attribute| attribute.value.text.to_ascii_lowercase()).unwrap_or_default();
    let value = |property: &str| {
        let pairs = lower.split(';').filter_map(|pair| pair.split_once(':'));
        pairs.into_iter().rfind(|(name, _)| name.trim() == property).map(|(_, value)| value.trim().to_owned())
    };
    let weight = value("font-weight").unwrap_or_default();
    let bold = weight.starts_with("bold") || weight.parse::<u32>().is_ok_and(|weight| weight >= 600);
    (bold, value("font-style").as_deref() == Some("italic"))
}
