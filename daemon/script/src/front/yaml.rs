//! A second opinion from a YAML parser (spec 2.3 #6).

use super::{Entry, Front, ValueStyle};
use serde::de::IgnoredAny;
use serde_saphyr::DuplicateKeyPolicy;

/// Front matter is a page of keys. Above this it is hostile (an alias bomb) or no front matter.
const NODES_MAX: usize = 10_000;

/// Nothing in front matter nests. The parser recurses, so the bound also keeps it off the end of a small stack.
const DEPTH_MAX: usize = 32;

/// Why a YAML parser rejects the block, and on which of its lines (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub line: u32,
    pub why: String,
}

impl Front<'_> {
    /// `None` when the block is good YAML. Repeated keys are not counted here: they have a code of their own.
    pub fn check_yaml(&self) -> Option<Rejection> {
        if self.is_plainly_good() {
            return None;
        }
        self.ask_parser()
    }

    fn ask_parser(&self) -> Option<Rejection> {
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_nodes: NODES_MAX, max_events: 4 * NODES_MAX, max_depth: DEPTH_MAX },
            duplicate_keys: DuplicateKeyPolicy::LastWins,
            strict_booleans: true,
            strict_indentation: true,
            with_snippet: false,
        };
        let error = serde_saphyr::from_str_with_options::<IgnoredAny>(self.inside.text, options).err()?;
        let line = error.location().map_or(1, |location| u32::try_from(location.line()).unwrap_or(u32::MAX).max(1));
        let why = error.without_snippet().to_string();
        Some(Rejection { line, why: why.lines().next().unwrap_or("rejected").to_owned() })
    }
}

impl Front<'_> {
    /// Whether no parser needs to be asked: every line is blank, a comment, or a value of the most ordinary kind. Most
    /// blocks are like this, and a parser costs more than reading all the rest of the file.
    fn is_plainly_good(&self) -> bool {
        self.bad_lines.is_empty() && self.entries.len() < NODES_MAX / 2 && self.entries.iter().all(is_ordinary)
    }
}

/// On one line, and of characters that mean nothing to YAML where they stand.
fn is_ordinary(entry: &Entry<'_>) -> bool {
    let raw = entry.raw.text;
    let ordinary = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | '(' | ')' | '+');
    let blank_follows_colon = entry.raw.begin > entry.key.end() + 1;
    match entry.style {
        ValueStyle::Plain => {
            // Digits with colons are clocks; anything else with a colon is for a parser to say.
            let is_clock = || raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') && !raw.ends_with(':');
            raw.is_empty()
                || (blank_follows_colon
                    && raw.starts_with(char::is_alphanumeric)
                    && (raw.chars().all(ordinary) || is_clock()))
        }
        ValueStyle::Single | ValueStyle::Double => {
            let inside = &raw[1..raw.len() - 1];
            blank_follows_colon && inside.chars().all(|c| ordinary(c) || matches!(c, ':' | ',' | '!' | '?' | '#' | '&'))
        }
        ValueStyle::Flow => {
            let items = raw.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            blank_follows_colon
                && items.is_some_and(|items| items.split(',').all(|item| is_word(item.trim_matches(' '))))
        }
        ValueStyle::List => {
            let mut items = raw.lines().skip(1);
            raw.starts_with(['\n', '\r']) && items.all(|item| item.strip_prefix("- ").is_some_and(is_word))
        }
        ValueStyle::Block => {
            let mut lines = raw.lines();
            blank_follows_colon
                && lines.next().is_some_and(|header| matches!(header, "|" | "|-" | "|+" | ">" | ">-" | ">+"))
                && lines.all(|line| {
                    line.strip_prefix("  ").is_some_and(|text| text.starts_with(|c: char| !c.is_whitespace()))
                        && line.chars().all(|c| ordinary(c) || c.is_ascii_punctuation())
                })
        }
        ValueStyle::Lines => false,
    }
}

/// Letters and digits, with single marks between them that join words.
fn is_word(text: &str) -> bool {
    text.starts_with(char::is_alphanumeric) && text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use crate::front::{Opening, read};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_plainly_good_a_parser_calls_good_too(
            lines in proptest::collection::vec("(a|b_c|D-e)( ?):( {0,2})([|>]|[a0é'\":,#!?&*.\\-_+(]{0,5}|\\[[a ,-]{0,5}\\]) ?( # c)?|# x||  ?[a:#]{0,3}|- ?[a:-]{0,3}", 1..6),
        ) {
            let text = format!("---\n{}\n---\n", lines.join("\n"));
            let Opening::Front(front) = read(&text) else { panic!("front matter") };
            if front.is_plainly_good() && !front.entries.is_empty() {
                prop_assert_eq!(front.ask_parser(), None, "{}", text);
            }
        }
    }
}
