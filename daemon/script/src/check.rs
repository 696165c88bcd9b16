//! Everything that is wrong with an episode's texts, as diagnostics (specification 2.5, 4.8, 4.10 and 14).
//!
//! Reading finds what reading can ([`Document::diagnostics`]); here is what takes knowledge of types, of the episode's
//! files and of its other texts. Nothing here changes anything: what can be mended is [`crate::repair`]'s.

mod cue;
mod episode;
mod front;
mod info;
mod item;
mod media;

pub use cue::{Verdict, report_line, report_line_unterminated, verdict};
pub use episode::{Episode, Finding, check_episode, duplicate_ids};
pub use info::check_info;
pub(crate) use info::is_on_time;
pub use item::check_item;
pub use media::{NOT_HERE, duration_differs, resolve};

use crate::item::Document;
use crate::path::Shelf;
use crate::settings::Settings;
use jiff::civil::Date;

/// The hint of what keeps everybody but a person from writing into a file.
pub const UNWRITTEN: &str = "mend it by hand; nothing is written into this file before";

/// What a check may know besides the text.
#[derive(Debug, Clone, Copy)]
pub struct Context<'c> {
    pub settings: &'c Settings,
    /// The files of the episode; without them no reference can be resolved and none is called missing.
    pub shelf: Option<&'c Shelf>,
    /// Of the episode, where it is known.
    pub airdate: Option<Date>,
}

impl<'c> Context<'c> {
    pub fn of(settings: &'c Settings) -> Self {
        Self { settings, shelf: None, airdate: None }
    }
}

/// `YYYY-MM-DD` and a day that exists.
pub fn read_date(text: &str) -> Option<Date> {
    let text = text.trim();
    let form = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    form.then(|| text.parse().ok()).flatten()
}

/// The air date of an episode, from its `info.md`.
pub fn airdate_of(info: &Document<'_>) -> Option<Date> {
    info.front()?.given_any(&["airdate", "air_date"]).and_then(|text| read_date(&text))
}
