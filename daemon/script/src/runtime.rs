//! How long items and episodes run, and what of that is written down (spec 8.2).
//!
//! Sums are exact fractions; rounding happens once, when a value is written. Owns the edits of an item's `duration`, an
//! FSQ's `Duration` and the episode's `total_runtime`, each under its rule of whose value it is. Read [`measure`] for one
//! item, [`edit_item`] for what follows from it, and [`runtime`] for a whole episode.

mod episode;
mod exact;
mod write;

pub use episode::{EpisodeRuntime, ItemRuntime, RuntimeResult, runtime};
pub use exact::Exact;
pub use write::{InfoEdits, ItemEdits, edit_info, edit_item};

use crate::duration::Duration;
use crate::item::Document;
use crate::kind::CueType;
use crate::quote;
use crate::speech::{Printed, printed};
use std::collections::BTreeMap;

/// How fast people speak, words a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    pub speech: u32,
    /// By speaker, lower case.
    pub by_speaker: BTreeMap<String, u32>,
    pub quote: u32,
    /// Speaks where no class says otherwise.
    pub default_speaker: String,
}

impl Default for Rates {
    fn default() -> Self {
        Self { speech: 150, by_speaker: BTreeMap::new(), quote: 120, default_speaker: "host".into() }
    }
}

impl Rates {
    /// From `speech.rate`, `speech.rates` (`guest=160 host=140`), `speech.quote_rate` and `speech.default_speaker`. What
    /// cannot be understood is as if it were not there.
    pub fn read(values: &BTreeMap<String, String>) -> Self {
        let standard = Self::default();
        let number = |text: &str| text.trim().parse().ok().filter(|rate| *rate > 0);
        let rate = |name: &str, other| values.get(name).and_then(|text| number(text)).unwrap_or(other);
        let rates = values.get("speech.rates").map(String::as_str).unwrap_or_default();
        let one =
            |rate: &str| rate.split_once('=').and_then(|(speaker, rate)| Some((speaker.to_lowercase(), number(rate)?)));
        let speaker = values.get("speech.default_speaker").map(|text| text.trim().to_lowercase());
        Self {
            speech: rate("speech.rate", standard.speech),
            by_speaker: rates.split_whitespace().filter_map(one).collect(),
            quote: rate("speech.quote_rate", standard.quote),
            default_speaker: speaker.filter(|word| !word.is_empty()).unwrap_or(standard.default_speaker),
        }
    }

    /// Words a minute of a speaker; `None` is the default one.
    pub fn of(&self, speaker: Option<&str>) -> u32 {
        let speaker = speaker.unwrap_or(&self.default_speaker).to_lowercase();
        self.by_speaker.get(&speaker).copied().unwrap_or(self.speech)
    }
}

/// Counted where an FSQ has no quote, seconds.
const EMPTY_QUOTE_SECONDS: u64 = 10;

/// What an item comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measured {
    /// Spoken words of prose.
    pub words: u64,
    pub prose: Exact,
    pub cues: Exact,
    /// Whether there was anything to measure: an ad without text has nothing, and its typed duration counts.
    pub anything: bool,
}

impl Measured {
    pub fn total(&self) -> Exact {
        self.prose + self.cues
    }
}

/// Measures everything of an item that a script shows.
pub fn measure(document: &Document<'_>, rates: &Rates) -> Measured {
    let mut measured = Measured::default();
    for printed in printed(document) {
        match printed {
            Printed::Spoken(spoken) => {
                let words = spoken.line.words() as u64;
                measured.words += words;
                measured.prose = measured.prose + Exact::of_words(words, rates.of(spoken.speaker));
                measured.anything |= words > 0;
            }
            Printed::Cue(at) => {
                if let Some(time) = cue_time(&document.cues[at], rates) {
                    measured.cues = measured.cues + time;
                    measured.anything = true;
                }
            }
            Printed::Heading(_) | Printed::Unterminated(_) => {}
        }
    }
    measured
}

/// What a cue adds; `None` for a cue of a type that takes no time.
pub fn cue_time(cue: &crate::cue::Cue<'_>, rates: &Rates) -> Option<Exact> {
    let kind = cue.kind()?;
    let typed = || cue.given("Duration").and_then(Duration::of).filter(|duration| duration.ms > 0);
    match kind {
        CueType::Sot
        | CueType::Nat
        | CueType::Pkg
        | CueType::Live
        | CueType::Bump
        | CueType::Sting
        | CueType::Mus
        | CueType::Vox
        | CueType::Adlib => {
            let default = Duration::from_seconds(kind.default_seconds().unwrap_or_default());
            Some(Exact::of(typed().unwrap_or(default)))
        }
        CueType::Fsq => Some(match quote::words(cue) {
            0 => Exact::of(Duration::from_seconds(EMPTY_QUOTE_SECONDS)),
            words => Exact::of_words(words, rates.quote),
        }),
        // The host speaks over a VO.
        CueType::Vo => Some(Exact::default()),
        _ => None,
    }
}

/// What counts for an item in the total of an episode: what was measured, else what was typed.
pub fn counted(measured: &Measured, typed: Option<Duration>) -> Exact {
    if measured.anything { measured.total() } else { Exact::of(typed.unwrap_or(Duration::ZERO)) }
}
