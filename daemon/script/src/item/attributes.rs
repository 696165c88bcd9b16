//! Attributes of an HTML tag, by place.

use crate::text::{Slice, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'t> {
    pub name: Slice<'t>,
    /// Without its quotes; empty when there is none. Entities are not decoded.
    pub value: Slice<'t>,
    /// Name, `=` and quoted value.
    pub span: Span,
}

/// The attributes of a tag such as `<p class="host">`, in source order.
pub fn attributes(tag: Slice<'_>) -> Vec<Attribute<'_>> {
    let bytes = tag.text.as_bytes();
    let end = tag.text.trim_end_matches('>').trim_end_matches('/').len();
    let skip = |mut at: usize, wanted: fn(u8) -> bool| {
        while at < end && wanted(bytes[at]) {
            at += 1;
        }
        at
    };
    let mut found = Vec::new();
    let mut at = skip(0, |byte| !byte.is_ascii_whitespace());
    loop {
        at = skip(at, |byte| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'"' | b'\'' | b'/'));
        let name_end = skip(at, |byte| !byte.is_ascii_whitespace() && byte != b'=');
        if name_end == at {
            return found;
        }
        let (begin, name) = (at, tag.part(at, name_end));
        let equals = skip(name_end, |byte| byte.is_ascii_whitespace());
        let (value, behind) = if bytes.get(equals) == Some(&b'=') && equals < end {
            value(tag, skip(equals + 1, |byte| byte.is_ascii_whitespace()), end)
        } else {
            (tag.part(name_end, name_end), name_end)
        };
        found.push(Attribute { name, value, span: Span::new(tag.begin + begin, tag.begin + behind) });
        at = behind;
    }
}

/// The value that begins at `at`, and where what follows it begins.
fn value(tag: Slice<'_>, at: usize, end: usize) -> (Slice<'_>, usize) {
    let bytes = tag.text.as_bytes();
    if let Some(&quote @ (b'"' | b'\'')) = bytes[..end].get(at) {
        let close = memchr::memchr(quote, &bytes[at + 1..end]).map_or(end, |length| at + 1 + length);
        return (tag.part(at + 1, close), (close + 1).min(end));
    }
    let length = bytes[at..end].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
    (tag.part(at, at + length), at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(tag: &str) -> Vec<(&str, &str)> {
        let found = attributes(Slice { begin: 0, text: tag });
        found.iter().map(|attribute| (attribute.name.text, attribute.value.text)).collect()
    }

    #[test]
    fn attributes_keep_their_order_and_their_entities() {
        let tag = r#"<p class="guest bullet" data-needs-attention='true' hidden data-flag-note="a &quot;b&quot;" n=1>"#;
        assert_eq!(
            seen(tag),
            [
                ("class", "guest bullet"),
                ("data-needs-attention", "true"),
                ("hidden", ""),
                ("data-flag-note", "a &quot;b&quot;"),
                ("n", "1"),
            ]
        );
    }

    #[test]
    fn broken_tags_are_read_as_far_as_they_go() {
        assert_eq!(seen("<p>"), []);
        assert_eq!(seen("<p class=\"host>"), [("class", "host")]);
        assert_eq!(seen("<p class= >"), [("class", "")]);
        assert_eq!(seen("<p =\"x\" a>"), [("x\"", ""), ("a", "")]);
    }
}
