//! HTML character references, as people and their editors paste them.

use std::borrow::Cow;

/// Decodes every reference once: `&quot;`, `&#39;`, `&#x2014;`. What is no known reference stays as it is.
pub fn decode_entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let decoded = body_of(rest).and_then(|body| Some((decode(body)?, body.len() + 2)));
        let (c, len) = decoded.unwrap_or(('&', 1));
        out.push(c);
        rest = &rest[len..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Decodes until nothing changes, for text that was encoded twice: `&amp;quot;` (specification 6.3 #1). Each round
/// makes the text shorter, so there is a last one; depth is bounded all the same against `&amp;amp;amp;…`.
pub fn decode_entities_fully(text: &str) -> String {
    const ROUNDS_MAX: usize = 8;
    let mut text = text.to_owned();
    for _ in 0..ROUNDS_MAX {
        let decoded = decode_entities(&text);
        if *decoded == text {
            break;
        }
        text = decoded.into_owned();
    }
    text
}

/// What stands between `&` and `;`, when the text begins with something that may be a reference.
fn body_of(text: &str) -> Option<&str> {
    /// The longest name of the table and the longest number that is a character.
    const BODY_BYTES_MAX: usize = 10;
    let bytes = text.as_bytes();
    let end = bytes.iter().take(BODY_BYTES_MAX + 2).position(|byte| *byte == b';')?;
    let body = &text[1..end];
    (!body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#')).then_some(body)
}

fn decode(body: &str) -> Option<char> {
    let code = match body.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        },
        None => return NAMED.iter().find(|(name, _)| *name == body).map(|(_, c)| *c),
    };
    char::from_u32(code).filter(|c| *c != '\0')
}

/// What editors write; the full list of HTML has two thousand names that no show ever met.
const NAMED: [(&str, char); 72] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("hellip", '…'),
    ("bull", '•'),
    ("middot", '·'),
    ("shy", '\u{ad}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("deg", '°'),
    ("times", '×'),
    ("divide", '÷'),
    ("plusmn", '±'),
    ("frac12", '½'),
    ("frac14", '¼'),
    ("frac34", '¾'),
    ("cent", '¢'),
    ("pound", '£'),
    ("euro", '€'),
    ("yen", '¥'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("sect", '§'),
    ("para", '¶'),
    ("iexcl", '¡'),
    ("iquest", '¿'),
    ("agrave", 'à'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("atilde", 'ã'),
    ("auml", 'ä'),
    ("aring", 'å'),
    ("aelig", 'æ'),
    ("ccedil", 'ç'),
    ("egrave", 'è'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("euml", 'ë'),
    ("igrave", 'ì'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("iuml", 'ï'),
    ("ntilde", 'ñ'),
    ("ograve", 'ò'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("otilde", 'õ'),
    ("ouml", 'ö'),
    ("oslash", 'ø'),
    ("ugrave", 'ù'),
    ("uacute", 'ú'),
    ("ucirc", 'û'),
    ("uuml", 'ü'),
    ("szlig", 'ß'),
    ("Eacute", 'É'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_by_name_and_number_are_decoded_once() {
        assert_eq!(
            decode_entities("Tom &amp; Jerry&#39;s &#x201C;tea&rdquo; &amp;quot;"),
            "Tom & Jerry's “tea” &quot;"
        );
    }

    #[test]
    fn what_is_no_reference_stays() {
        for text in
            ["AT&T", "a & b", "&;", "&unknown;", "&#0;", "&#xD800;", "&#99999999999;", "&", "fish &chips", "&é;"]
        {
            assert_eq!(decode_entities(text), text);
        }
    }

    #[test]
    fn text_that_was_encoded_twice_decodes_fully() {
        assert_eq!(decode_entities_fully("&amp;quot;law&amp;amp;quot;"), "\"law\"");
    }
}
