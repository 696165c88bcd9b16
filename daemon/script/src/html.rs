//! Text to HTML and back: escaping, entities, pictures inside the page.
//!
//! Everything people wrote goes through [`escape`] or [`Line`] before it stands in a page, so a title with a
//! script in it prints as text. Knows nothing of cues or scripts.

mod entity;
mod line;

pub use entity::{decode_entities, decode_entities_fully};
pub use line::Line;

/// `<`, `>` and `&` as entities; control characters that HTML forbids are dropped. Safe as text, not in an attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape_into(&mut out, text);
    out
}

/// [`escape`], appended to `out`.
pub fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\t' | '\n' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
}

/// [`escape`] with both kinds of quotes as entities too: safe as the value of a quoted attribute.
pub fn escape_attribute(text: &str) -> String {
    escape(text).replace('"', "&quot;").replace('\'', "&#39;")
}

/// [`escape`] with `<br>` for every line end and blanks trimmed around it.
pub fn escape_lines(text: &str) -> String {
    let lines: Vec<String> = text.trim().lines().map(|line| escape(line.trim())).collect();
    lines.join("<br>\n")
}

/// A picture inside the page: `data:image/png;base64,…`. What it is follows from its bytes, never from its name;
/// `None` for anything that is not PNG, JPEG, GIF or WebP (a vector picture may carry scripts).
pub fn picture_url(bytes: &[u8]) -> Option<String> {
    let kind = match bytes {
        [0x89, b'P', b'N', b'G', ..] => "png",
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        [b'G', b'I', b'F', b'8', ..] => "gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "webp",
        _ => return None,
    };
    Some(format!("data:image/{kind};base64,{}", base64(bytes)))
}

/// RFC 4648, section 4, with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_tag_prints_as_text() {
        assert_eq!(escape("<script>'x & y'</script>"), "&lt;script&gt;'x &amp; y'&lt;/script&gt;");
        assert_eq!(escape_attribute("\"><i a='"), "&quot;&gt;&lt;i a=&#39;");
    }

    #[test]
    fn control_characters_do_not_reach_a_page() {
        assert_eq!(escape("a\u{0}b\u{8}c\td"), "abc\td");
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        for (text, want) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), want);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }

    #[test]
    fn a_picture_is_what_its_bytes_say() {
        assert!(picture_url(b"\x89PNG\r\n\x1a\n").is_some_and(|url| url.starts_with("data:image/png;base64,iVBORw0K")));
        assert_eq!(picture_url(b"<svg onload=\"alert(1)\"/>"), None);
        assert_eq!(picture_url(b""), None);
    }
}
