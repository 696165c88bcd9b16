//! Full-screen quotes: from FSQ cues to `assets/quotes/quotes.json`, and back from every form that was ever written.
//!
//! Follows section 6 of the specification up to 6.3; pictures are made elsewhere. Read [`extract()`] first. The JSON has a
//! fixed order of keys, and nothing is written when only its dates would change.

mod extract;
mod file;
mod prepare;
mod read;
mod split;

pub use extract::{Candidate, Extracted, Source, candidates, extract};
pub use file::{Entry, EntryMetadata, FileMetadata, QuoteFile};
pub use prepare::prepare;
pub use read::{ReadQuote, read};
pub use split::split;

use crate::cue::Cue;
use crate::duration::Duration;

/// Where the quotes of an episode are written.
pub const QUOTES_PATH: &str = "assets/quotes/quotes.json";

/// The prepared quote of a cue; empty when it has none.
pub fn text_of(cue: &Cue<'_>) -> String {
    cue.text("Quote").map(|quote| prepare(&quote)).unwrap_or_default()
}

/// Blank-separated words of the prepared quote.
pub fn words(cue: &Cue<'_>) -> u64 {
    text_of(cue).split_whitespace().count() as u64
}

/// How long a quote of so many words stays on screen: at 120 words a minute, whole seconds, at least 3 (6.1 #2).
pub fn screen_time(words: u64) -> Duration {
    const SECONDS_MIN: u64 = 3;
    Duration::from_seconds((words * 60 / 120).max(SECONDS_MIN))
}
