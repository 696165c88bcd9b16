//! One episode as a whole: its files by name, its items together (specification 1.5, 1.6, 3.1, 4.8 #19 and #20, 4.10 #3).

use super::{Context, airdate_of, check_info, check_item};
use crate::classify::{Found, Kind, SYNC_BYTES_MAX, by_name};
use crate::diagnostic::{Code, Diagnostic, Severity, sort};
use crate::id::IdClass;
use crate::item::Document;
use crate::listing::{Listing, name_of};
use crate::path::Shelf;
use crate::rundown::{Reason, Rundown, RundownFile};
use crate::settings::Settings;
use std::collections::{BTreeMap, BTreeSet};

/// One episode, read.
#[derive(Debug)]
pub struct Episode<'t> {
    /// The name of its folder.
    pub folder: &'t str,
    pub listing: &'t Listing,
    pub found: &'t [Found],
    pub info: Option<Document<'t>>,
    pub rundown: Rundown<'t>,
    pub shelf: Shelf,
}

impl<'t> Episode<'t> {
    /// `text` gives the text of `info.md` and of the Markdown in `rundown/` where it could be read; `found` is what
    /// [`crate::classify::classify`] made of the listing.
    pub fn read(
        folder: &'t str,
        listing: &'t Listing,
        found: &'t [Found],
        text: impl Fn(&str) -> Option<&'t str>,
    ) -> Self {
        let shelf = Shelf::new(found.iter().map(|found| (found.path.as_str(), &found.kind)));
        let info = text("info.md").map(Document::parse);
        Self { folder, listing, found, info, rundown: Rundown::read(found, text), shelf }
    }

    pub fn context<'c>(&'c self, settings: &'c Settings) -> Context<'c> {
        Context { settings, shelf: Some(&self.shelf), airdate: self.info.as_ref().and_then(airdate_of) }
    }
}

/// What was found about one file of the episode; the path is below the episode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub path: String,
    pub diagnostics: Vec<Diagnostic>,
}

/// Everything about an episode, by file; files without a finding are left out. Findings about the folder itself stand
/// under `info.md`.
pub fn check_episode(episode: &Episode<'_>, settings: &Settings) -> Vec<Finding> {
    let mut by_file: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    let mut add = |path: &str, diagnostic: Diagnostic| by_file.entry(path.to_owned()).or_default().push(diagnostic);
    folder(episode, &mut add);
    let mut strays = BTreeSet::new();
    for found in episode.found {
        let root = stray_root(found);
        if let Some(diagnostic) = name(found)
            && (!root.ends_with('/') || strays.insert(root))
        {
            add(root, diagnostic);
        }
        if found.size > SYNC_BYTES_MAX {
            let message = format!("{:.1} GB is too big to be shared", found.size as f64 / 1e9);
            add(
                &found.path,
                Diagnostic::of_file(Code::FileTooBigToSync, message).with_hint("it stays on the machine where it is"),
            );
        }
        if let Some(remark) = &found.remark {
            let message = format!("the name {remark}");
            add(&found.path, Diagnostic::of_file(Code::StrayName, message).with_hint("it is used all the same"));
        }
    }
    if let Some(info) = &episode.info {
        for diagnostic in check_info(info) {
            add("info.md", diagnostic);
        }
    }
    let context = episode.context(settings);
    for file in &episode.rundown.files {
        match (&file.document, &file.out) {
            (Some(document), _) => {
                for diagnostic in check_item(file.path, document, &context) {
                    add(file.path, diagnostic);
                }
            }
            (None, Some(Reason::Unreadable)) => {
                let hint = "is it text in UTF-8, not too big, and may it be read?";
                add(
                    file.path,
                    Diagnostic::of_file(Code::FileReadError, "the file could not be read as text").with_hint(hint),
                );
            }
            (None, Some(Reason::NotAnItem)) if *file.kind == Kind::NotAnItem => {
                add(file.path, Diagnostic::of_file(Code::NotAnItem, "Markdown without front matter is no item"));
            }
            _ => {}
        }
    }
    duplicates(episode, &mut add);
    let sorted = |(path, mut diagnostics): (String, Vec<Diagnostic>)| {
        sort(&mut diagnostics);
        Finding { path, diagnostics }
    };
    by_file.into_iter().map(sorted).collect()
}

fn folder(episode: &Episode<'_>, add: &mut impl FnMut(&str, Diagnostic)) {
    match crate::episode::episode(episode.folder) {
        Some(found) if found.folder != found.number => {
            let message = format!("the folder {} should be called {}", found.folder, found.number);
            add("info.md", Diagnostic::of_file(Code::EpisodeNameNotPadded, message));
        }
        _ => {}
    }
    let problem = |message: &str, hint: &str| Diagnostic::of_file(Code::FileReadError, message).with_hint(hint);
    if episode.info.is_none() {
        let there = episode.listing.has_file("info.md");
        let message = if there { "info.md could not be read as text" } else { "the episode has no info.md" };
        add("info.md", problem(message, "it says what the episode is, and when it airs"));
    }
    if episode.rundown.files.is_empty() {
        let there = episode.listing.has_folder("rundown");
        let message = if there { "no Markdown in rundown/" } else { "no rundown/, or nothing in it" };
        // Every episode begins like this.
        let diagnostic = problem(message, "each item of the show is one Markdown file there");
        add("info.md", diagnostic.with_severity(Severity::Warning));
    }
}

/// What is said of a stray folder is said once, of the folder: it may hold hundreds of files.
fn stray_root(found: &Found) -> &str {
    let folders = found.path.match_indices('/').map(|(at, _)| &found.path[..=at]);
    let is_stray = |folder: &&str| matches!(by_name(&format!("{folder}x")).0, Kind::Stray(_));
    match found.kind {
        Kind::Stray(_) => folders.into_iter().find(is_stray).unwrap_or(&found.path),
        _ => &found.path,
    }
}

fn name(found: &Found) -> Option<Diagnostic> {
    match &found.kind {
        Kind::ConflictCopy(copy) => {
            let device = copy
                .device
                .as_ref()
                .map(|device| format!(", the version that won is of device {device}"))
                .unwrap_or_default();
            let message = format!("a conflict copy of {}, set aside {}{device}", name_of(&copy.original), copy.at);
            let hint = "nothing is written to the original until one of them is chosen";
            Some(Diagnostic::of_file(Code::ConflictCopy, message).with_hint(hint))
        }
        Kind::Stray(_) => {
            Some(Diagnostic::of_file(Code::StrayName, found.reason.clone()).with_hint("it is not used and not deleted"))
        }
        _ => None,
    }
}

fn duplicates(episode: &Episode<'_>, add: &mut impl FnMut(&str, Diagnostic)) {
    let mut orders: BTreeMap<u64, Vec<&RundownFile>> = BTreeMap::new();
    for file in episode.rundown.items() {
        if let Some(order) = file.order().number() {
            orders.entry(order).or_default().push(file);
        }
    }
    for (order, files) in orders.into_iter().filter(|(_, files)| files.len() > 1) {
        for file in &files {
            let others = files.iter().filter(|other| other.path != file.path).map(|other| name_of(other.path));
            let message = format!("order {order} is also that of {}", others.collect::<Vec<_>>().join(", "));
            if let Some(document) = &file.document {
                let at = super::front::place(document, "order");
                add(
                    file.path,
                    document
                        .diagnostic(at, Code::DuplicateOrder, message)
                        .with_hint("the file name decides between them"),
                );
            }
        }
    }
    let documents = episode.rundown.items().filter_map(|file| Some((file.path, file.document.as_ref()?)));
    duplicate_ids_of(documents, add);
}

/// One AssetID on two cues of one file (specification 4.8 #19).
pub fn duplicate_ids(document: &Document<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    duplicate_ids_of([("", document)].into_iter(), &mut |_, diagnostic| found.push(diagnostic));
    found
}

fn duplicate_ids_of<'d, 't: 'd>(
    documents: impl Iterator<Item = (&'d str, &'d Document<'t>)>,
    add: &mut impl FnMut(&str, Diagnostic),
) {
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    for (path, document) in documents {
        for cue in document.cues.iter().filter(|cue| matches!(cue.id_class(), IdClass::Ours | IdClass::Foreign)) {
            let line = document.line(cue.begin.span.begin);
            let place = if path.is_empty() { format!("line {line}") } else { format!("{}:{line}", name_of(path)) };
            let Some(earlier) = first.get(cue.asset_id()) else {
                first.insert(cue.asset_id(), place);
                continue;
            };
            let span = cue.field("AssetID").map_or(cue.begin.span, super::cue::value_span);
            let message = format!("{} already stands in {earlier}", cue.asset_id());
            let hint = "equal cues are printed once; empty the field of the one that is another";
            add(path, document.diagnostic(span, Code::CueDuplicateAssetId, message).with_hint(hint));
        }
    }
}
