//! Scripts: the items in production, in order, as pages to read aloud, to prompt from and to run a control room by.
//!
//! Owns what stands in a script and how it looks (spec section 5). Text and pictures come in, pages go out; where they
//! lie and how they replace older ones is the caller's business. Read [`compile`] first, then `build`, which makes one
//! [`Script`](model::Script) for all presets, then `page`.

mod air_date;
mod build;
mod media_list;
pub mod model;
mod numbers;
mod page;
mod versions;
mod view;

pub use versions::{Keeping, keep_old};

use crate::duration::Duration;
use crate::item::Document;
use crate::path::Shelf;
use crate::rundown::{LeftOut, Rundown};
use crate::runtime::Rates;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who reads the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Reading aloud; always made.
    Host,
    /// Teleprompter; on request.
    HostClean,
    /// Control room; always made.
    Production,
}

impl Preset {
    pub const ALL: [Self; 3] = [Self::Host, Self::HostClean, Self::Production];
    /// What every compile makes.
    pub const ALWAYS: [Self; 2] = [Self::Host, Self::Production];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::HostClean => "host-clean",
            Self::Production => "production",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.word() == word.trim())
    }
}

/// What the show says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub show_name: String,
    /// In the show's own zone; `None`: only the day is printed.
    pub air_time: Option<Time>,
    pub rates: Rates,
}

impl Default for Settings {
    fn default() -> Self {
        Self { show_name: String::new(), air_time: Some(jiff::civil::time(21, 0, 0, 0)), rates: Rates::default() }
    }
}

impl Settings {
    /// From `show.name`, `show.air_time` and `speech.*`, as the configuration gives them. What cannot be understood is as
    /// if it were not there.
    pub fn read(values: &BTreeMap<String, String>) -> Self {
        let standard = Self::default();
        let text = |name: &str| values.get(name).map(|text| text.trim().to_owned());
        let air_time = match text("show.air_time") {
            None => standard.air_time,
            Some(text) => text.parse().ok(),
        };
        Self { show_name: text("show.name").unwrap_or_default(), air_time, rates: Rates::read(values) }
    }
}

/// A page of the operator's own that follows the cover.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CoverTemplate<'a> {
    #[default]
    Unset,
    /// HTML, printed as it is: the configuration names it, nobody who writes in the share does.
    Html(&'a str),
    /// Why it could not be read.
    Unreadable(&'a str),
}

/// Everything a script is made of.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// `0900`.
    pub episode: &'a str,
    pub info: Option<&'a Document<'a>>,
    pub rundown: &'a Rundown<'a>,
    pub shelf: &'a Shelf,
    /// By path below the episode: pictures, `assets/transcripts/*.txt`, `rundown/media-list.txt`. A picture that is not
    /// among them prints as a placeholder.
    pub files: &'a BTreeMap<String, Vec<u8>>,
    pub template: &'a CoverTemplate<'a>,
    pub settings: &'a Settings,
}

/// What a compile gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compiled {
    /// Path below the episode and content, in order of preset, the media list last. Empty when nothing is in production
    /// and for [`validate`].
    pub files: Vec<(String, String)>,
    pub result: CompileResult,
}

/// The result as programs read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompileResult {
    /// One line for people.
    pub summary: String,
    /// Items in production.
    pub items: usize,
    /// Spoken words.
    pub words: u64,
    /// `HH:MM:SS`, computed from the items.
    pub runtime: String,
    /// There is an error box: exit status 10, and steps after it still run.
    pub with_errors: bool,
    /// Every error box with its place.
    pub boxes: Vec<BoxPlace>,
    /// Cues that print once although they stand there more often.
    pub dropped: Vec<DroppedCue>,
    /// Media that a cue names and that are not there.
    pub missing: Vec<MissingMedia>,
    /// Proposals that wait for a person; scripts print the old side.
    pub revisions: Vec<OpenRevision>,
    pub left_out: Vec<LeftOut>,
    /// Items in production with nothing to print.
    pub empty: Vec<String>,
    pub warnings: Vec<String>,
    pub notes: Vec<String>,
    /// `status: x<TAB>slug: y`, one line per file.
    pub status_list: Vec<String>,
    /// `AssetID / TYPE / slug **VALID**`, one line per cue.
    pub validation: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxPlace {
    /// Below the episode.
    pub file: String,
    pub line: u32,
    pub message: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedCue {
    pub file: String,
    pub line: u32,
    /// `SOT / knocking`.
    pub cue: String,
    pub why: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingMedia {
    pub file: String,
    pub line: u32,
    pub cue: String,
    /// As the cue names it.
    pub media: String,
    pub why: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRevision {
    pub file: String,
    pub line: u32,
    pub user: String,
    pub ts: String,
    pub old: String,
    /// Absent: a cut.
    pub new: Option<String>,
}

/// Compiles the presets and the media list. Equal input gives equal bytes.
pub fn compile(input: &Input<'_>, presets: &[Preset]) -> Compiled {
    let built = build::build(input);
    let mut files = Vec::new();
    if built.result.items > 0 {
        for preset in presets {
            let path = format!("scripts/current/{}-{}.html", input.episode, preset.word());
            files.push((path, page::page(&built.script, *preset)));
        }
        let path = format!("scripts/current/{}-media-list.html", input.episode);
        files.push((path, media_list::page(&built.script)));
    }
    Compiled { files, result: built.result }
}

/// `validate only`: everything up to the validation of cues (5.1 #2), and no page.
pub fn validate(input: &Input<'_>) -> CompileResult {
    build::build(input).result
}

/// Total runtime of what is in production, as the cover says it.
pub fn runtime(input: &Input<'_>) -> Duration {
    build::build(input).script.cover.runtime
}
