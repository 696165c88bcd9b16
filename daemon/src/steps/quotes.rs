//! `extract_quotes`: every full-screen quote of the episode, and what transcripts offer, in one `quotes.json`.

use super::repair::count;
use super::work::{Failure, Outcome, Work};
use serde_json::{Value, json};
use show_script::listing::split_extension;
use show_script::quote::{Source, candidates, extract};
use show_script::rundown::Rundown;
use show_script::transcript::read_srt;
use std::collections::BTreeSet;
use std::fs;

pub const VERSION: u32 = 1;

pub fn run(work: &mut Work) -> Result<Outcome, Failure> {
    let tree = work.tree()?;
    let found = tree.classify();
    let rundown = Rundown::read(&found, |path| tree.text(path));
    let sources: Vec<Source<'_>> = rundown.items().filter_map(Source::of).collect();
    let mut offered = Vec::new();
    for (path, at) in work.files("transcripts") {
        if split_extension(&path).1.eq_ignore_ascii_case(".srt") {
            let bytes = fs::read(&at).map_err(|cause| format!("could not read {path}: {cause}"))?;
            offered.extend(candidates(&path, &read_srt(&String::from_utf8_lossy(&bytes))));
        }
    }
    let previous = work.files("quotes").into_iter().find_map(|(_, at)| fs::read_to_string(at).ok());
    let extracted = extract(&work.episode(), &sources, &offered, previous.as_deref(), work.order.now_ms);

    let mut outcome = Outcome::default();
    outcome.result.outputs = Some(match (extracted.json, previous) {
        // An episode without a quote needs no file that says so.
        (Some(_), None) if extracted.file.quotes.is_empty() => Vec::new(),
        (Some(json), _) => vec![work.write("quotes", json.as_bytes())?],
        // The file stays as it is, and ours.
        (None, previous) => vec![work.write("quotes", previous.unwrap_or_default().as_bytes())?],
    });
    // The list that pictures are made from: quotes that stand in the rundown, no candidates.
    let mut ids = BTreeSet::new();
    let mut quotes = Vec::new();
    for entry in extracted.file.quotes.iter().filter(|entry| entry.status.is_none()) {
        let numbered = (2_u32..).map(|number| format!("{}-{number}", entry.id));
        let id = std::iter::once(entry.id.clone()).chain(numbered).find(|id| !ids.contains(id));
        let id = id.expect("numbers do not run out");
        ids.insert(id.clone());
        quotes.push(json!({
            "id": id, "slug": entry.slug, "text": entry.text, "attribution": entry.attribution,
            "part": entry.metadata.part, "align": entry.metadata.align, "style": entry.metadata.style,
            "source_file": entry.metadata.source_file,
        }));
    }
    let candidates = extracted.file.quotes.len() - quotes.len();
    outcome.result.summary = format!("{}, {}", count(quotes.len(), "quote"), count(candidates, "candidate"));
    outcome.fact("quote_count", quotes.len());
    outcome.fact("candidate_count", candidates);
    outcome.fact("quotes", Value::Array(quotes));
    outcome.result.diagnostics = work.diagnostics(extracted.diagnostics);
    Ok(outcome)
}
