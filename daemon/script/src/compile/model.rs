//! A script before it has a form: what is printed, in order, the same for every preset.
//!
//! Plain data. `build` makes it from the items, the presets print it. All text in here is as people wrote it, with the
//! one exception of [`Speech::html`], which is safe already.

use crate::duration::Duration;
use crate::runtime::Exact;

/// One episode's script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// `0900`.
    pub episode: String,
    pub cover: Cover,
    /// With content, in order.
    pub blocks: Vec<BlockSummary>,
    pub elements: Vec<Element>,
}

/// Empty parts are left out when printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cover {
    pub show: String,
    /// `August 9th, 2026 at 9:00 PM`.
    pub airs: String,
    pub title: String,
    pub subtitle: String,
    pub guest: String,
    pub runtime: Duration,
    /// HTML of the operator's own.
    pub template: String,
}

/// What the cover says of a block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockSummary {
    /// `A`.
    pub letter: String,
    /// Titles of the items that begin in it.
    pub items: Vec<String>,
    pub runtime: Exact,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    BlockStart {
        letter: String,
        first: bool,
    },
    BlockEnd {
        letter: String,
    },
    /// The line between two blocks.
    Break {
        title: String,
        /// How long it is, where an item says so.
        duration: Option<Duration>,
    },
    Item(ItemHeader),
    Heading {
        text: String,
    },
    Speech(Speech),
    Cue(Box<CueView>),
    /// An invalid cue, an unterminated Begin, or an item without anything.
    Error(ErrorBox),
    /// Between two items.
    Rule,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemHeader {
    /// Title, else slug; of a tease with its word in front.
    pub title: String,
    /// `None`: nothing to say, as for an item that has no text and no typed duration.
    pub duration: Option<Duration>,
    /// What runs before it.
    pub begins: Exact,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Speech {
    /// From 1 through the whole script.
    pub number: usize,
    /// Upper case, only where the speaker changes.
    pub speaker: Option<String>,
    /// Not the default speaker: the host need not read it.
    pub other: bool,
    pub bullet: bool,
    /// Begins with `*** `.
    pub flagged: bool,
    /// Why a person or a check marked it, from `data-flag-note`.
    pub flag_note: String,
    /// Safe HTML.
    pub html: String,
}

/// A cue as a script shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CueView {
    /// As written, upper case: `SOT`.
    pub word: String,
    pub kind: Kind,
    /// From the Enumerator or the media list.
    pub number: Option<String>,
    /// Without its number.
    pub slug: String,
    /// As typed or measured, else empty.
    pub duration: String,
    pub media: Media,
    /// Words of a clip.
    pub transcript: String,
    /// With its dots, without quotation marks.
    pub outcue: String,
    pub quote: String,
    /// Without its leading dash.
    pub attribution: String,
    pub caption: String,
    /// Text the host says with the cue: a VO's Script, an IMG's Script Text where it is to be read.
    pub script_text: String,
    /// Of a NOTE.
    pub role: String,
    pub note: String,
    /// A `data:` address.
    pub picture: Option<String>,
    pub thumbnail: Option<String>,
    /// A token in prose, not a block.
    pub reference: bool,
}

/// What decides how a cue looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// SOT, NAT, PKG.
    Clip,
    /// VO.
    Voiced,
    Quote,
    /// GFX and IMG.
    Picture,
    Adlib,
    Note,
    /// Everything else, known or not.
    #[default]
    Header,
}

/// The file of a cue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Media {
    /// The type needs none.
    #[default]
    None,
    /// Below the episode, or below the media pool with `/pool/` in front.
    Found(String),
    /// What it names is not there, and why in words.
    Missing { named: String, why: &'static str },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorBox {
    pub messages: Vec<String>,
    /// Below the episode: `rundown/10 Cold Open.md`.
    pub file: String,
    pub line: u32,
    /// What could be read of the cue all the same.
    pub cue: Option<Box<CueView>>,
    /// Field lines of an unterminated cue, as written.
    pub lines: Vec<String>,
}

impl CueView {
    /// `10 kettle-boils`.
    pub fn shown_slug(&self) -> String {
        match &self.number {
            Some(number) => format!("{number} {}", self.slug),
            None => self.slug.clone(),
        }
    }

    /// `SOT / 10 kettle-boils`, or the type alone.
    pub fn name(&self) -> String {
        let word = if self.word.is_empty() { "?" } else { &self.word };
        match self.shown_slug() {
            slug if slug.is_empty() => word.to_owned(),
            slug => format!("{word} / {slug}"),
        }
    }
}
