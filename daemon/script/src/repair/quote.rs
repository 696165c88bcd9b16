//! What is wrong with the text of a quote (specification 4.8 #11 and #13).
//!
//! Works on raw values. Reading decodes escapes anyway, so they are information only; a doubled pair of quotation marks
//! and an attribution inside the quote are proposals.

use regex::Regex;
use std::sync::LazyLock;

/// Whether the value holds escapes that reading decodes once: `\"`, `&quot;`, `&amp;quot;`.
pub fn has_escapes(value: &str) -> bool {
    value.contains("\\\"") || value.contains("&quot;") || value.contains("&amp;")
}

/// The quote without the second pair of marks around it, when nothing inside is quoted: `""text""` → `text`. `raw` is
/// the value as it stands, its own pair included.
pub fn doubled(raw: &str) -> Option<&str> {
    let stored = crate::field::strip_quotes(raw);
    let inner = crate::field::strip_quotes(stored);
    let taken_off = inner.len() < stored.trim().len() && stored.len() < raw.trim().len();
    let quoted_inside = inner.contains(['"', '“', '”', '„']) || inner.contains("&quot;");
    (taken_off && !quoted_inside && !inner.trim().is_empty()).then_some(inner)
}

/// A quote that holds its own attribution, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split<'q> {
    pub quote: &'q str,
    pub attribution: &'q str,
}

/// `quote` without its pair of marks. The name follows a newline and a dash, the closing mark and a dash, or an em dash
/// behind the end of a sentence; it has 2 to 100 characters.
pub fn attribution_inside(quote: &str) -> Option<Split<'_>> {
    static BELOW: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?s)^(?P<quote>.*\S)\s*\r?\n\s*(?:—|–|-{1,2})\s*(?P<name>[^\r\n]+)$")
            .expect("a constant pattern compiles")
    });
    static BESIDE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?s)^(?P<quote>.*["”])\s*(?:—|–|-{1,2})\s*(?P<name>[^\r\n"“”]+)$"#)
            .expect("a constant pattern compiles")
    });
    static EM_DASH: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?s)^(?P<quote>.*[.!?…,"”])\s*—\s*(?P<name>[^\r\n—"“”]+)$"#).expect("a constant pattern compiles")
    });
    let quote = quote.trim();
    [(&BELOW, false), (&BESIDE, false), (&EM_DASH, true)].into_iter().find_map(|(pattern, must_look_like_name)| {
        let parts = pattern.captures(quote)?;
        let name = parts.name("name")?.as_str().trim();
        let fits = (2..=100).contains(&name.chars().count()) && name.contains(char::is_alphabetic);
        let split = Split { quote: parts.name("quote")?.as_str().trim_end(), attribution: name };
        (fits && (!must_look_like_name || looks_like_name(name))).then_some(split)
    })
}

/// Begins with a capital and is no sentence: what follows an em dash is more often an afterthought than a name.
fn looks_like_name(text: &str) -> bool {
    text.starts_with(char::is_uppercase)
        && !text.ends_with(['.', '!', '?', '…'])
        && text.split_whitespace().count() <= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(quote: &str) -> Option<(&str, &str)> {
        attribution_inside(quote).map(|split| (split.quote, split.attribution))
    }

    #[test]
    fn a_name_below_a_dash_is_an_attribution() {
        assert_eq!(split("Tea first.\n— Old Proverb"), Some(("Tea first.", "Old Proverb")));
        assert_eq!(split("Tea first.\r\n  -- Sam, a host"), Some(("Tea first.", "Sam, a host")));
        assert_eq!(split("Tea\nthen\n- Sam"), Some(("Tea\nthen", "Sam")));
    }

    #[test]
    fn a_name_behind_the_closing_mark_or_a_sentence_is_an_attribution() {
        assert_eq!(split("He said \"tea first\" - Old Proverb"), Some(("He said \"tea first\"", "Old Proverb")));
        assert_eq!(split("Tea first. — Old Proverb"), Some(("Tea first.", "Old Proverb")));
    }

    #[test]
    fn an_afterthought_is_not_a_name() {
        for quote in [
            "Tea is good — coffee is not",
            "Tea. — and then it rained for nine days.",
            "Tea — Earl Grey",
            "Tea.\n— X",
            "",
            "- Tea",
            "Tea.\n- 1987",
        ] {
            assert_eq!(split(quote), None, "{quote:?}");
        }
        assert_eq!(split(&format!("Tea.\n— {}", "x".repeat(101))), None);
    }

    #[test]
    fn a_second_pair_of_marks_goes_only_when_nothing_inside_is_quoted() {
        assert_eq!(doubled("\"\"Tea first.\"\""), Some("Tea first."));
        assert_eq!(doubled("\"“Tea first.”\""), Some("Tea first."));
        assert_eq!(doubled("\"Tea first.\""), None);
        assert_eq!(doubled("\"\"Tea\" he said \"first.\"\""), None);
        assert_eq!(doubled("Tea first."), None);
        assert_eq!(doubled("\"\"\"\""), None);
    }

    #[test]
    fn escapes_are_seen() {
        assert!(has_escapes("the \\\"law\\\""));
        assert!(has_escapes("&amp;quot;law&amp;quot;"));
        assert!(!has_escapes("salt & pepper"));
    }
}
