//! `enumerate`, `renumber` and `normalise`: numbers for cues and new orders for items, on request only.

use super::repair::count;
use super::work::{Outcome, Work};
use serde_json::json;
use show_script::check::Episode;
use show_script::edit::Edit;
use show_script::enumerate::{self as numbers, FileEdits};
use show_script::item::Document;
use show_script::listing::Listing;
use show_script::report::Tree;
use show_script::rundown::{self, NewOrder, Rundown};

pub const VERSION: u32 = 1;

/// Numbers the cues of the show, or takes the numbers away where the submission says `remove=true`.
///
/// Media keep their names for now: an attempt has no way to have files moved, and a reference changes only after its
/// file has (specification 4.9 #3). What would move is said, in the log and in the result.
pub fn enumerate(work: &mut Work) -> Result<Outcome, String> {
    let tree = work.tree()?;
    let found = tree.classify();
    let episode = Episode::read(&tree.folder, &tree.listing, &found, |path| tree.text(path));
    let removes = work.order.parameters.get("remove").is_some_and(|text| text == "true");
    let plan = if removes { numbers::remove_numbers(&episode) } else { numbers::enumerate(&episode) };
    for kept in &plan.kept {
        println!("{}:{}: kept: {}", kept.path, kept.line, kept.why);
    }
    for rename in &plan.renames {
        println!("keeps its name: {} (it would be {})", rename.from, rename.to);
    }
    let mut outcome = Outcome::default();
    for FileEdits { path, edits } in plan.files {
        let edits: Vec<Edit> = edits.into_iter().filter(|edit| !is_reference(edit)).collect();
        println!("{path}: {}", count(edits.len(), "change"));
        outcome.result.edits.push(work.edits(&path, edits));
    }
    let renames: Vec<_> = plan.renames.iter().map(|rename| json!({ "from": rename.from, "to": rename.to })).collect();
    outcome.result.summary =
        format!("{}, {} not moved", count(outcome.result.edits.len(), "note"), count(renames.len(), "file"));
    outcome.fact("renames", renames);
    Ok(outcome)
}

fn is_reference(edit: &Edit) -> bool {
    matches!(edit, Edit::SetField { field, .. } if field.ends_with("URL"))
}

pub fn renumber(work: &mut Work) -> Result<Outcome, String> {
    orders(work, rundown::renumber)
}

pub fn normalise(work: &mut Work) -> Result<Outcome, String> {
    orders(work, rundown::normalise)
}

fn orders(work: &mut Work, plan: fn(&Rundown<'_>) -> Vec<NewOrder>) -> Result<Outcome, String> {
    let texts = work.texts(&["items"])?;
    let listing = Listing::new(texts.iter().map(|(path, text)| (path.clone(), text.len() as u64)));
    let tree = Tree { folder: work.folder().to_owned(), listing, texts };
    let found = tree.classify();
    let rundown = Rundown::read(&found, |path| tree.text(path));
    let mut outcome = Outcome::default();
    for NewOrder { path, was, order } in plan(&rundown) {
        let was = if was.is_empty() { "none".to_owned() } else { was };
        println!("{path}: order {was} → {order}");
        let text = tree.text(&path).ok_or_else(|| format!("{path} was not given"))?;
        let edit = Edit::set_key(&Document::parse(text), "order", order.to_string());
        outcome.result.edits.push(work.edits(&path, vec![edit]));
    }
    outcome.result.summary = format!("{} changed", count(outcome.result.edits.len(), "order"));
    Ok(outcome)
}
