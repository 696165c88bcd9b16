//! AssetIDs: their form, their age, and whose they are (spec 4.7).
//!
//! Composing takes the time and the randomness as arguments; whether an id is free in a share is the caller's to know.

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// Prefixes of ids that are ours in form; nearly all of three characters, `VO` and `POOL` not.
pub const PREFIXES: &[&str] = &[
    "ORG", "SHW", "SSN", "EPS", "BLK", "SEG", "SCR", "ELM", "CUE", "AST", "WTB", "SOT", "VO", "NAT", "PKG", "FSQ",
    "GFX", "IMG", "BMP", "STG", "MUS", "VOX", "LIV", "RIF", "NOT", "POOL",
];

const TIME_DIGITS: usize = 8;
const RANDOM_DIGITS: usize = 6;
const TAIL_DIGITS: usize = TIME_DIGITS + RANDOM_DIGITS;
const CHECK_DIGITS: usize = 2;

/// What stands in an AssetID, judged by form alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdClass {
    /// Empty or a placeholder.
    Missing,
    /// A known prefix and 14 characters, with or without the two check characters.
    Ours,
    /// A stop-gap of some tool, to be replaced by an id of its own.
    Local,
    /// Somebody else's; kept.
    Foreign,
}

/// The parts of an id that is ours in form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssetId<'t> {
    pub prefix: &'t str,
    /// The last eight base-36 digits of the milliseconds since 1970; they wrap in 2059.
    pub ms: u64,
    pub random: &'t str,
    /// The two optional check characters.
    pub check: Option<&'t str>,
}

impl<'t> AssetId<'t> {
    /// Reads an id that is ours in form. Check characters are only taken as such when they are right.
    pub fn parse(text: &'t str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
            return None;
        }
        Self::parts(text, None).or_else(|| {
            let (id, check) = text.split_at_checked(text.len().checked_sub(CHECK_DIGITS)?)?;
            (checksum(id) == check).then(|| Self::parts(id, Some(check))).flatten()
        })
    }

    fn parts(id: &'t str, check: Option<&'t str>) -> Option<Self> {
        let (prefix, tail) = id.split_at_checked(id.len().checked_sub(TAIL_DIGITS)?)?;
        if !PREFIXES.contains(&prefix) {
            return None;
        }
        let (time, random) = tail.split_at(TIME_DIGITS);
        Some(Self { prefix, ms: u64::from_str_radix(time, 36).ok()?, random, check })
    }
}

/// Composes a new id from a point in time and six values of at least 0; each is taken modulo 36, so the caller draws
/// them uniformly from 0..36 (rejecting bytes from 252 on).
pub fn compose(prefix: &str, ms: u64, random: [u8; RANDOM_DIGITS]) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut time = [b'0'; TIME_DIGITS];
    let mut rest = ms;
    for digit in time.iter_mut().rev() {
        *digit = DIGITS[(rest % 36) as usize];
        rest /= 36;
    }
    let random = random.map(|value| DIGITS[usize::from(value % 36)]);
    prefix.chars().chain(time.into_iter().chain(random).map(char::from)).collect()
}

/// The two check characters of an id: MD5, first four hex digits, modulo 36², digits `A…Z0…9`.
pub fn checksum(id: &str) -> String {
    const TABLE: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let digest = Md5::digest(id.as_bytes());
    let n = usize::from(u16::from_be_bytes([digest[0], digest[1]])) % 1296;
    [TABLE[n / 36], TABLE[n % 36]].map(char::from).iter().collect()
}

/// Whose an AssetID is. `text` may have blanks around it.
pub fn classify(text: &str) -> IdClass {
    let text = text.trim();
    if crate::field::is_placeholder(text) {
        IdClass::Missing
    } else if AssetId::parse(text).is_some() {
        IdClass::Ours
    } else if is_local(text) {
        IdClass::Local
    } else {
        IdClass::Foreign
    }
}

/// Anything below ten characters is local, and so are these forms of any length.
fn is_local(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let underscored: Vec<&str> = upper.splitn(3, '_').collect();
    let hyphened: Vec<&str> = upper.split('-').collect();
    text.chars().count() < 10
        || upper.starts_with("LOCAL-")
        // `gfx_20260816_001` and `fsq_<unix>_<first ten of the slug>`
        || matches!(underscored[..], [kind, time, _] if letters(kind) && digits(time) && time.len() >= 8)
        // `FSQ-0900-001`
        || matches!(hyphened[..], [kind, episode, count] if letters(kind) && digits(episode) && digits(count))
        // `PROD-SOT-XXXX`
        || matches!(hyphened[..], ["PROD", kind, _] if letters(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_can_be_read_back() {
        assert_eq!(AssetId::parse("EPSMEEJ32D9UFK5BU").unwrap().ms, 1_755_365_145_021);
        let id = AssetId::parse("CUEMEOMVCAIQ2MDV7").unwrap();
        // 2025-08-23T19:09:24.858Z
        assert_eq!((id.prefix, id.ms, id.random), ("CUE", 1_755_976_164_858, "Q2MDV7"));
    }

    #[test]
    fn composing_takes_the_last_eight_digits_of_the_time() {
        assert_eq!(compose("SOT", 1_785_578_400_000, [0, 9, 10, 35, 36, 1]), "SOTMSA79Z4009AZ01");
        assert_eq!(compose("VO", 36u64.pow(8) + 5, [0; 6]), "VO00000005000000");
        assert_eq!(AssetId::parse("VO00000005000000").unwrap().ms, 5);
    }

    #[test]
    fn ours_in_form_is_a_known_prefix_and_fourteen_characters() {
        assert_eq!(classify("SOTMSA79Z40K3TT1E"), IdClass::Ours);
        assert_eq!(classify("VOMSA79Z40K3TT1E"), IdClass::Ours);
        assert_eq!(classify("POOLMSA79Z40K3TT1E"), IdClass::Ours);
        assert_eq!(classify("SOTMSA79Z40K3TT1EVG"), IdClass::Ours, "with its check characters");
        assert_eq!(classify("SOTMSA79Z40K3TT1EVX"), IdClass::Foreign, "with wrong ones");
        assert_eq!(classify("XYZMSA79Z40K3TT1E"), IdClass::Foreign);
        assert_eq!(classify("SOTMSA79Z40K3TT1e"), IdClass::Foreign);
    }

    #[test]
    fn the_checksum_of_the_rule() {
        assert_eq!(checksum("SOTMSA79Z40K3TT1E"), "VG");
    }

    #[test]
    fn stop_gaps_are_local_and_to_be_replaced() {
        for id in [
            "gfx_20260816_001",
            "LOCAL-GFX-20260801-120102",
            "LOCAL-me4eduwb-47d3j",
            "FSQ-0900-001",
            "fsq_1755365145_watched-po",
            "PROD-SOT-XXXX",
            "ABC123",
            "12345",
            "123456789",
        ] {
            assert_eq!(classify(id), IdClass::Local, "{id}");
        }
        for id in ["", "  ", "pending", "Processing..."] {
            assert_eq!(classify(id), IdClass::Missing, "{id}");
        }
    }

    #[test]
    fn everything_else_is_foreign_and_kept() {
        for id in ["CUEGFX789XYZ123", "BREAK25001", "AST20260801AB", "SOTMSA79Z40K3TT1E-src", "ÄÖÜÄÖÜÄÖÜÄ"] {
            assert_eq!(classify(id), IdClass::Foreign, "{id}");
        }
    }
}
