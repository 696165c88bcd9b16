//! Writing one value as a splice (spec 2.4).

use super::{Front, ValueStyle};
use crate::text::{Newline, Splice};

/// Why a key is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the front matter has a line that is no \"key: value\"")]
    BadLine,
    #[error("the key {key} stands there more than once")]
    Duplicate { key: String },
    #[error("the value of {key} does not fit on one line")]
    ManyLines { key: String },
    #[error("{key} is no key: letters, digits, _ and - only")]
    NotAKey { key: String },
}

/// Spellings of keys that are not all lower case.
const SPELLINGS: &[&str] = &["AssetID"];

impl Front<'_> {
    /// The splice that gives `key` the value: in its line, or as a new line before the closing fence.
    ///
    /// Every other byte of the line stays. A value that spans lines is replaced as a whole.
    pub fn set(&self, key: &str, value: &str, newline: Newline) -> Result<Splice, Refusal> {
        let named = || key.to_owned();
        if !self.is_writable() {
            return Err(Refusal::BadLine);
        }
        if self.is_duplicate(key) {
            return Err(Refusal::Duplicate { key: named() });
        }
        if value.chars().any(char::is_control) {
            return Err(Refusal::ManyLines { key: named() });
        }
        if !is_key(key) {
            return Err(Refusal::NotAKey { key: named() });
        }
        let Some(entry) = self.get(key) else {
            let spelling = SPELLINGS.iter().find(|known| known.eq_ignore_ascii_case(key)).unwrap_or(&key);
            let line = format!("{spelling}: {}{}", plain_or_quoted(key, value), newline.text());
            return Ok(Splice::insert(self.close, line));
        };
        let written = match entry.style {
            ValueStyle::Single => format!("'{}'", value.replace('\'', "''")),
            ValueStyle::Double => double_quoted(value),
            _ => plain_or_quoted(key, value),
        };
        let beside_colon = entry.raw.begin == entry.key.end() + 1;
        let blank = if beside_colon { " " } else { "" };
        Ok(Splice::new(entry.raw.span(), format!("{blank}{written}")))
    }
}

fn is_key(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn plain_or_quoted(key: &str, value: &str) -> String {
    let plain = match key {
        _ if key.eq_ignore_ascii_case("order") => !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()),
        _ if key.eq_ignore_ascii_case("airdate") => is_date(value),
        _ => false,
    };
    if plain || !needs_quotes(value) { value.to_owned() } else { double_quoted(value) }
}

fn double_quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether a YAML 1.1 loader would read the plain text as something else than this text.
fn needs_quotes(value: &str) -> bool {
    const FIRST: &str = "[]{}!&*|>%@`\"'#,?-:";
    value.trim() != value
        || value.is_empty()
        || value.contains(": ")
        || value.contains(":\t")
        || value.contains(" #")
        || value.contains("\t#")
        || value.ends_with(':')
        || value.starts_with(|first| FIRST.contains(first))
        || is_other_type(value)
}

fn is_other_type(value: &str) -> bool {
    const WORDS: [&str; 8] = ["yes", "no", "on", "off", "true", "false", "null", "~"];
    let lower = value.to_ascii_lowercase();
    let digits_and = |others: &str| value.bytes().all(|byte| byte.is_ascii_digit() || others.contains(byte as char));
    WORDS.contains(&lower.as_str())
        || is_date_like(value)
        || is_number(&lower)
        // Base 60, unless a leading zero keeps it text.
        || (value.contains(':') && digits_and(":_.") && !value.starts_with('0'))
}

/// Integers of any base, floats, with underscores, exponents, infinities.
fn is_number(lower: &str) -> bool {
    let unsigned = lower.strip_prefix(['+', '-']).unwrap_or(lower);
    if let Some(hex) = unsigned.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_');
    }
    if let Some(binary) = unsigned.strip_prefix("0b").or_else(|| unsigned.strip_prefix("0o")) {
        return !binary.is_empty() && binary.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    }
    if matches!(unsigned, ".inf" | ".nan") {
        return true;
    }
    let has_digit = unsigned.bytes().any(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    has_digit
        && !mantissa.is_empty()
        && mantissa.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'))
        && !exponent.is_empty()
        && exponent.bytes().all(|byte| byte.is_ascii_digit())
}

/// `YYYY-MM-DD`, the form of an air date.
fn is_date(value: &str) -> bool {
    value.len() == 10 && is_date_like(value)
}

/// Begins like a date or a point in time.
fn is_date_like(value: &str) -> bool {
    let bytes = value.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    digits(0..4) && bytes.get(4) == Some(&b'-') && digits(5..6)
}
