//! `cue_repair` and `assetid`: what is mended in one note, and the ids it lacks.

use super::protocol::{self, Proposal};
use super::work::{Failure, Outcome, Work};
use show_script::item::Document;
use show_script::path::Shelf;
use show_script::repair::{self, Context};
use show_script::settings::Settings;
use show_script::weave::FileKind;

pub const VERSION: u32 = 2;
pub const MINT_VERSION: u32 = 1;

/// What is proposed for a note that was handed over is made, and this last: it is handed back in the same publish.
pub const HAND_BACK: &str = "HAND_BACK";

/// The safe repairs as edits, the others as proposals.
pub fn run(work: &mut Work) -> Result<Outcome, Failure> {
    let (path, text) = work.text("item")?;
    let tree = work.tree()?;
    let found = tree.classify();
    let shelf = Shelf::new(found.iter().map(|found| (found.path.as_str(), &found.kind)));
    let settings = Settings::read(&work.order.settings);
    let context = Context { settings: &settings, shelf: Some(&shelf) };

    let edits = repair::repair(&text, &context);
    let mut proposals = Vec::new();
    for proposal in repair::propose(&Document::parse(&text), &context) {
        let moves: Vec<_> = proposal.renames.iter().map(|rename| format!("{} → {}", rename.from, rename.to)).collect();
        let summary = [vec![proposal.summary], moves].concat().join(", ");
        println!("proposed: {}: {summary}", proposal.code);
        let renames = work.renames(&proposal.renames);
        proposals.push(Proposal { renames, ..work.proposal(&path, proposal.code.name(), summary, proposal.edits) });
    }
    if let Some(edit) = settings.give_back(&Document::parse(&text)) {
        let summary = format!("hand it back: status {} → {}", settings.hand_over, settings.hand_back);
        proposals.push(work.proposal(&path, HAND_BACK, summary, vec![edit]));
    }
    let mut outcome = Outcome::default();
    outcome.result.summary = format!("{}, {}", count(edits.len(), "repair"), count(proposals.len(), "proposal"));
    outcome.result.edits = vec![work.edits(&path, edits)];
    outcome.result.proposals = proposals;
    Ok(outcome)
}

/// Asks for ids; who makes them is the weave.
pub fn mint(work: &mut Work) -> Result<Outcome, Failure> {
    let (path, text) = work.text("note").or_else(|_| work.text("item"))?;
    let settings = Settings::read(&work.order.settings);
    let context = Context { settings: &settings, shelf: None };
    let edits = repair::mint(&Document::parse(&text), FileKind::of_path(&path), &context);
    let summary = format!("{} wanted", count(edits.len(), "id"));
    let result = protocol::Result { summary, edits: vec![work.edits(&path, edits)], ..protocol::Result::default() };
    Ok(Outcome { result, with_errors: false })
}

pub fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}
