//! What the text of a value means.

use std::borrow::Cow;

/// Whether a value counts as empty: nothing, or what a tool leaves behind while it works or after it failed
/// (spec 4.2 #12, 2.1 #4, 7.5 #5).
pub fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let starts = |prefix: &str| value.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    value.is_empty()
        || ["Processing...", "Calculating...", "Processing…", "Calculating…", "pending"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
        || starts("blob:")
        || starts("[Transcription failed:")
        || starts("{auto-generated:")
        || value.starts_with('❌')
}

const QUOTES: &[&str] = &["\\\"", "\"", "“", "”", "„"];

/// Exactly one layer of quotes off, and only when both ends are quotes: straight, curly, or `\"` (spec 4.2 #9).
pub fn strip_quotes(value: &str) -> &str {
    let value = value.trim();
    let Some((open, rest)) = QUOTES.iter().find_map(|open| Some((open, value.strip_prefix(open)?))) else {
        return value;
    };
    // Its own kind first: in `"C:\"` the backslash belongs to the text.
    std::iter::once(open).chain(QUOTES).find_map(|close| rest.strip_suffix(close)).unwrap_or(value)
}

/// A quote as it is stored: inside one pair of straight double quotes.
pub fn wrap_quotes(text: &str) -> String {
    format!("\"{text}\"")
}

/// Text fields of GFX cues, the only ones with escapes (spec 4.2 #10).
pub fn is_gfx_text(name: &str) -> bool {
    ["Title", "Body", "Description", "Attribution", "TweetText", "AuthorBio", "Notes"]
        .iter()
        .any(|text| super::same_name(text, name))
}

/// `\\`, `\n` and `\]` decoded; every other backslash stays.
pub fn unescape_gfx(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let (decoded, length) = match rest.as_bytes().get(at + 1) {
            Some(b'\\') => ('\\', 2),
            Some(b'n') => ('\n', 2),
            Some(b']') => (']', 2),
            _ => ('\\', 1),
        };
        text.push(decoded);
        rest = &rest[at + length..];
    }
    text.push_str(rest);
    Cow::Owned(text)
}

pub fn escape_gfx(text: &str) -> String {
    text.replace('\\', "\\\\").replace("\r\n", "\\n").replace('\n', "\\n").replace(']', "\\]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn placeholders_count_as_empty() {
        for value in
            ["", " ", "Processing...", "pending", "blob:http://x/1", "[Transcription failed: timeout]", "❌ no"]
        {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["00:00", "pending review", "Complete", "x"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn exactly_one_layer_of_quotes_comes_off_and_only_as_a_pair() {
        assert_eq!(strip_quotes("\"he called it \"the law\" of kettles.\""), "he called it \"the law\" of kettles.");
        assert_eq!(strip_quotes("\"\"twice\"\""), "\"twice\"");
        assert_eq!(strip_quotes("“curly”"), "curly");
        assert_eq!(strip_quotes("\\\"escaped\\\""), "escaped");
        assert_eq!(strip_quotes("\"open only"), "\"open only");
        assert_eq!(strip_quotes("\""), "\"");
        assert_eq!(strip_quotes("\"\""), "");
        assert_eq!(strip_quotes("plain"), "plain");
    }

    proptest! {
        #[test]
        fn what_is_escaped_for_gfx_reads_back(text in "[a\\\\n\\]\\[\n ]{0,24}") {
            let escaped = escape_gfx(&text);
            prop_assert_eq!(unescape_gfx(&escaped), text);
        }

        #[test]
        fn what_is_wrapped_reads_back(text in "[a\"“”\\\\ ]{0,12}") {
            let wrapped = wrap_quotes(&text);
            prop_assert_eq!(strip_quotes(&wrapped), text);
        }
    }
}
