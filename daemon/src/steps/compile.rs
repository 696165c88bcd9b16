//! `compile`: the scripts that the order names, and the media list.

use super::repair::count;
use super::work::{Failure, Outcome, Work};
use show_script::compile::{self, CoverTemplate, Input, Preset, Settings, keep_old};
use show_script::item::Document;
use show_script::listing::name_of;
use show_script::path::Shelf;
use show_script::rundown::Rundown;
use std::collections::BTreeMap;
use std::fs;

pub const VERSION: u32 = 1;

/// Pictures of one script, together: what a browser still prints.
const EMBEDDED_BYTES_MAX: u64 = 256 << 20;

pub fn run(work: &mut Work) -> Result<Outcome, Failure> {
    let tree = work.tree()?;
    let found = tree.classify();
    let rundown = Rundown::read(&found, |path| tree.text(path));
    let shelf = Shelf::new(found.iter().map(|found| (found.path.as_str(), &found.kind)));
    work.progress(20, "items read");
    let info = tree.text("info.md").map(Document::parse);
    let files = embedded(work)?;
    work.progress(40, "info.md read");
    let cover = cover(work);
    let template = match &cover {
        None => CoverTemplate::Unset,
        Some(Ok(html)) => CoverTemplate::Html(html),
        Some(Err(why)) => CoverTemplate::Unreadable(why),
    };
    let episode = work.episode();
    let settings = Settings::read(&work.order.settings);
    let input = Input {
        episode: &episode,
        info: info.as_ref(),
        rundown: &rundown,
        shelf: &shelf,
        files: &files,
        template: &template,
        settings: &settings,
    };
    let is_wanted =
        |preset: &Preset| work.role_of(&format!("scripts/current/{episode}-{}.html", preset.word())).is_some();
    let presets: Vec<Preset> = Preset::ALL.into_iter().filter(is_wanted).collect();
    let compiled = compile::compile(&input, &presets);
    work.progress(60, "compiled");

    let mut outputs = Vec::new();
    let folder = versions(work, &tree.listing);
    for (path, page) in &compiled.files {
        let Some(role) = work.role_of(path).map(str::to_owned) else { continue };
        let mut made = work.write(&role, page.as_bytes())?;
        if let Some(folder) = folder.as_ref().filter(|_| tree.listing.has_file(path)) {
            made.keep_old_as = Some(work.in_share(&format!("{folder}/{}", name_of(path))));
        }
        outputs.push(made);
    }
    work.progress(80, "saved");

    let result = &compiled.result;
    for place in &result.boxes {
        println!("{}:{}: error box: {}", place.file, place.line, place.message);
    }
    for missing in &result.missing {
        let named = if missing.media.is_empty() { String::new() } else { format!(": {}", missing.media) };
        println!("{}:{}: {}{named}: {}", missing.file, missing.line, missing.cue, missing.why);
    }
    for out in &result.left_out {
        println!("left out: {}: {}", out.file, out.reason);
    }
    for line in result.warnings.iter().chain(&result.notes) {
        println!("{line}");
    }
    let mut outcome = Outcome::of(result)?;
    outcome.fact("box_count", result.boxes.len());
    outcome.result.outputs = Some(outputs);
    outcome.with_errors = result.with_errors;
    if result.with_errors {
        println!("{}", count(result.boxes.len(), "error box").replace("boxs", "boxes"));
    }
    work.progress(100, "done");
    Ok(outcome)
}

/// Pictures, transcripts and the playout's numbers, by path below the episode.
fn embedded(work: &Work) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut files = BTreeMap::new();
    let mut left = EMBEDDED_BYTES_MAX;
    for role in ["numbers", "transcripts", "pictures"] {
        for (path, at) in work.files(role) {
            let unread = |cause: std::io::Error| format!("could not read {path}: {cause}");
            let bytes = fs::metadata(&at).map_err(unread)?.len();
            if bytes > left {
                println!("{path} is not embedded: the script would be too big");
                continue;
            }
            left -= bytes;
            files.insert(path.clone(), fs::read(&at).map_err(unread)?);
        }
    }
    Ok(files)
}

/// The operator's own page after the cover, where one is configured.
fn cover(work: &Work) -> Option<Result<String, String>> {
    let path = work.order.settings.get("show.cover").filter(|path| !path.is_empty())?;
    Some(fs::read_to_string(path).map_err(|cause| format!("{path}: {cause}")))
}

/// Where replaced scripts go now, if they are kept (specification 5.1 #11).
fn versions(work: &Work, listing: &show_script::listing::Listing) -> Option<String> {
    const VERSIONS: &str = "scripts/versions/";
    let below = listing.files().filter_map(|(path, _)| path.strip_prefix(VERSIONS)?.split('/').next());
    let mut folders: Vec<&str> = below.collect();
    folders.dedup();
    let keeping = keep_old(folders, work.order.now_ms);
    for folder in &keeping.remove {
        println!("{folder} is one version too many and may be removed");
    }
    keeping.folder
}
