//! `renumber` and `normalise`: new orders for the items, on request only.

use super::repair::count;
use super::work::{Outcome, Work};
use show_script::edit::Edit;
use show_script::item::Document;
use show_script::listing::Listing;
use show_script::report::Tree;
use show_script::rundown::{self, NewOrder, Rundown};

pub const VERSION: u32 = 1;

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
