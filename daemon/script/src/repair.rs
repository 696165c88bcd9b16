//! Malformations of cues and prose, each repaired, proposed or reported as its row of specification 4.8 says.
//!
//! [`repair`] computes all safe repairs of one file together and gives them as one set of edits: one repair opens the way
//! for the next, so they are made on a draft, round by round, until nothing is left to do. Repairing twice therefore
//! equals repairing once. Before an edit leaves, the loss guard has seen what it does. [`mint()`] asks for AssetIDs.

mod draft;
mod field;
mod flag;
mod mint;
mod notation;
mod propose;
mod prose;
pub mod quote;
mod structure;
mod whitespace;

pub use flag::{INVALID_CODE, UNWELCOME_HTML, is_our_note};
pub use mint::{is_mint_due, mint};
pub use propose::{Proposal, Rename, better_slug, is_proposal_due, propose, setting_of};
pub use structure::undefined;
pub use whitespace::{Untidy, untidy};

use crate::diagnostic::Code;
use crate::edit::{Declares, Edit};
use crate::front::Opening;
use crate::item::Document;
use crate::path::Shelf;
use crate::settings::{Class, Settings};
use crate::text::Splice;
use crate::weave::{FileKind, Layer, Weave, Woven, weave};
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
    // Should the guard object to all of them together, less is tried: structure is worth more than looks.
    best(text, context, &[], &[Phase::REPAIRS, Phase::WITHOUT_PROSE, Phase::STRUCTURE])
}

/// The safe repairs and the ids that are due, as one set of edits: what `showctl check --fix` makes.
pub fn repair_and_mint(text: &str, kind: FileKind, context: &Context<'_>) -> Vec<Edit> {
    let id = mint::front_matter(&Document::parse(text), kind);
    match kind {
        FileKind::Info => id,
        FileKind::Item => best(text, context, &id, Phase::SETS),
    }
}

/// A text with its safe repairs in it, as later steps will read it; ids that are still to be made are empty.
pub fn repaired(text: &str, context: &Context<'_>) -> String {
    let edits = repair(text, context);
    if edits.is_empty() {
        text.to_owned()
    } else {
        weave_alone(text, FileKind::Item, edits, &mut |_, _| Some(String::new())).text
    }
}

/// What the first of these sets of phases comes to whose edits the loss guard lets through, `more` edits included.
fn best(text: &str, context: &Context<'_>, more: &[Edit], sets: &[&[Phase]]) -> Vec<Edit> {
    if !may_be_written(&Document::parse(text)) {
        return Vec::new();
    }
    let made = |phases: &&[Phase]| {
        let edits = [at_rest(text, context, phases)?, more.to_vec()].concat();
        passes(text, &edits).then_some(edits)
    };
    sets.iter().find_map(made).unwrap_or_default()
}

/// Whether anything may be written into this file at all.
pub fn may_be_written(document: &Document<'_>) -> bool {
    !matches!(document.opening, Opening::Unterminated(_)) && undefined(document).is_none()
}

type Splices = Vec<(Splice, Declares)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Structure,
    Notation,
    Prose,
    Flag,
    Field,
    Mint,
    Whitespace,
}

impl Phase {
    // In the order in which a round makes them: each works on what the one before left.
    const ALL: &'static [Self] =
        &[Self::Structure, Self::Notation, Self::Prose, Self::Flag, Self::Field, Self::Mint, Self::Whitespace];
    const REPAIRS: &'static [Self] =
        &[Self::Structure, Self::Notation, Self::Prose, Self::Flag, Self::Field, Self::Whitespace];
    const WITHOUT_PROSE: &'static [Self] = &[Self::Structure, Self::Whitespace];
    const STRUCTURE: &'static [Self] = &[Self::Structure];
    const MINT: &'static [Self] = &[Self::Mint];
    const MINT_WITHOUT_PROSE: &'static [Self] = &[Self::Structure, Self::Mint, Self::Whitespace];
    /// What is tried one after the other where ids are wanted too.
    const SETS: &'static [&'static [Self]] =
        &[Self::ALL, Self::MINT_WITHOUT_PROSE, Self::REPAIRS, Self::WITHOUT_PROSE, Self::MINT, Self::STRUCTURE, &[]];

    fn splices(self, document: &Document<'_>, context: &Context<'_>) -> Splices {
        match self {
            Self::Structure => structure::splices(document, context.settings),
            Self::Notation => notation::splices(document, context),
            Self::Prose => prose::splices(document, context.settings),
            Self::Flag => flag::splices(document, context),
            Self::Field => field::splices(document, context),
            Self::Mint => mint::splices(document, context),
            Self::Whitespace => whitespace::splices(document, context.settings),
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

/// Whether a weave of these edits makes all of them and the loss guard lets it through.
fn passes(text: &str, edits: &[Edit]) -> bool {
    let mut count = 0;
    let mut make_id = |_: &str, prefix: &str| {
        count += 1;
        Some(format!("{prefix}{count:014}"))
    };
    let woven = weave_alone(text, FileKind::Item, edits.to_vec(), &mut make_id);
    woven.refused.is_none() && woven.dropped.is_empty()
}

/// Weaves one set of edits that may touch everything.
pub(crate) fn weave_alone(
    text: &str,
    kind: FileKind,
    edits: Vec<Edit>,
    make_id: &mut dyn FnMut(&str, &str) -> Option<String>,
) -> Woven {
    let layer = Layer { order: 0, name: "repair".into(), may_edit: vec!["*".into()], edits };
    weave(&Weave { text, kind, layers: &[layer], ours: &[], bindings: &[] }, make_id)
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
