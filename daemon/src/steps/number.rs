//! `enumerate`, `renumber` and `normalise`: numbers for cues and new orders for items, on request only.

use super::protocol;
use super::repair::count;
use super::work::{Failure, Outcome, Work};
use show_script::check::Episode;
use show_script::edit::Edit;
use show_script::enumerate::{self as numbers, FileEdits};
use show_script::item::Document;
use show_script::listing::{Listing, name_of};
use show_script::repair::Rename;
use show_script::report::Tree;
use show_script::rundown::{self, NewOrder, Rundown};

pub const VERSION: u32 = 1;

/// Numbers the cues of the show, or takes the numbers away where the submission says `remove=true`.
///
/// A file is renamed with the first note that names it. Between that and the next note's write a reference may be one
/// name behind or ahead, and is found all the same (specification 4.3 #5).
pub fn enumerate(work: &mut Work) -> Result<Outcome, Failure> {
    let tree = work.tree()?;
    let found = tree.classify();
    let episode = Episode::read(&tree.folder, &tree.listing, &found, |path| tree.text(path));
    let removes = work.order.parameters.get("remove").is_some_and(|text| text == "true");
    let plan = if removes { numbers::remove_numbers(&episode) } else { numbers::enumerate(&episode) };
    for kept in &plan.kept {
        println!("{}:{}: kept: {}", kept.path, kept.line, kept.why);
    }
    let mut outcome = Outcome::default();
    let count_all = plan.renames.len();
    let mut rest = plan.renames;
    for FileEdits { path, edits } in plan.files {
        println!("{path}: {}", count(edits.len(), "change"));
        let names = |rename: &Rename| edits.iter().any(|edit| names(edit, &rename.to));
        let (here, later): (Vec<_>, Vec<_>) = rest.into_iter().partition(names);
        rest = later;
        for rename in &here {
            println!("  {} → {}", rename.from, rename.to);
        }
        let renames = work.renames(&here);
        outcome.result.edits.push(protocol::FileEdits { renames, ..work.edits(&path, edits) });
    }
    // The alpha key of a picture, which no note names, goes with whatever is written last.
    match outcome.result.edits.last_mut() {
        Some(last) => last.renames.extend(work.renames(&rest)),
        None => rest.iter().for_each(|rename| println!("keeps its name: {}", rename.from)),
    }
    outcome.result.summary = format!("{}, {}", count(outcome.result.edits.len(), "note"), count(count_all, "file"));
    Ok(outcome)
}

/// The edit makes a reference lead to this path.
fn names(edit: &Edit, path: &str) -> bool {
    let Edit::SetField { field, value, .. } = edit else { return false };
    field.ends_with("URL") && name_of(value) == name_of(path)
}

pub fn renumber(work: &mut Work) -> Result<Outcome, Failure> {
    orders(work, rundown::renumber)
}

pub fn normalise(work: &mut Work) -> Result<Outcome, Failure> {
    orders(work, rundown::normalise)
}

fn orders(work: &mut Work, plan: fn(&Rundown<'_>) -> Vec<NewOrder>) -> Result<Outcome, Failure> {
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
