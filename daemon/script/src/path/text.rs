//! References as texts: cut, decoded, folded (specification 4.3 #1, #2, #4 and #5).

use crate::listing::split_extension;
use unicode_normalization::UnicodeNormalization;

pub(super) enum Inside {
    No,
    At(String),
    Escapes,
}

/// Rule #2: from the last `assets/` or `preshow/` part on.
pub(super) fn inside_episode(path: &str) -> Inside {
    let parts: Vec<&str> = path.split('/').collect();
    let is_ours = |part: &&str| part.eq_ignore_ascii_case("assets") || part.eq_ignore_ascii_case("preshow");
    let Some(at) = parts[..parts.len().saturating_sub(1)].iter().rposition(is_ours) else { return Inside::No };
    match normal(&parts[at..].join("/")) {
        // `assets/../../x` has left the episode, or at least the folder it named.
        Some(path) if path.contains('/') => Inside::At(path),
        _ => Inside::Escapes,
    }
}

/// Without `.`, `..` and empty parts; nothing where it climbs above its beginning.
pub(super) fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// `10-kettle.mp4` → `kettle.mp4`: two to four digits and a `-` or `_`.
pub(super) fn without_number(name: &str) -> Option<&str> {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let rest = name.get(digits + 1..)?;
    let fits = (2..=4).contains(&digits) && matches!(name.as_bytes()[digits], b'-' | b'_');
    (fits && !rest.is_empty() && !split_extension(rest).0.starts_with('.')).then_some(rest)
}

/// Nothing where there is nothing to decode, or it does not decode to text, or to a name that holds a `/` it did not
/// have.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(|hex| {
            let hex = std::str::from_utf8(hex).ok().filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
            u8::from_str_radix(hex, 16).ok()
        });
        out.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    let decoded = String::from_utf8(out).ok()?;
    let slashes = |text: &str| text.matches(['/', '\\']).count();
    (decoded != text && slashes(&decoded) == slashes(text)).then_some(decoded)
}

/// One spelling for all letter cases and compositions of a name: what Windows and macOS take for one.
pub fn fold(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase()
}

pub(super) fn nfc(text: &str) -> String {
    text.nfc().collect()
}

pub(super) fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
