//! A second opinion from a YAML parser (spec 2.3 #6).

use super::Front;
use serde::de::IgnoredAny;
use serde_saphyr::DuplicateKeyPolicy;

/// Front matter is a page of keys. Above this it is hostile (an alias bomb) or no front matter.
const NODES_MAX: usize = 10_000;

/// Why a YAML parser rejects the block, and on which of its lines (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub line: u32,
    pub why: String,
}

impl Front<'_> {
    /// `None` when the block is good YAML. Repeated keys are not counted here: they have a code of their own.
    pub fn check_yaml(&self) -> Option<Rejection> {
        if self.entries.is_empty() && self.bad_lines.is_empty() {
            return None;
        }
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_nodes: NODES_MAX, max_events: 4 * NODES_MAX },
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
