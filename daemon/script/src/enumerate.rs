//! Numbers for cues and their media, on request only (specification 4.9).
//!
//! A plan is edits per file together with renames of media: all of it or nothing. A file that cannot move keeps its name
//! and its cue keeps its reference, and the plan says why. Knows nothing of how either is carried out.

mod moves;
mod number;

pub use number::without_number;

use crate::check::Episode;
use crate::classify::Medium;
use crate::cue::Cue;
use crate::edit::Edit;
use crate::item::Document;
use crate::kind::{CueType, Media};
use crate::listing::{folder_of, name_of, split_extension};
use crate::path::Resolved;
use crate::repair::{Rename, may_be_written};
use moves::Moves;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What enumeration, or taking its numbers away, comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// By item, in order; only items that change.
    pub files: Vec<FileEdits>,
    /// In an order in which no rename is over another file; below the episode.
    pub renames: Vec<Rename>,
    /// What is left as it is, and why.
    pub kept: Vec<Kept>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEdits {
    /// Below the episode.
    pub path: String,
    pub edits: Vec<Edit>,
}

/// A cue whose file does not move, or an item that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub path: String,
    /// From 1.
    pub line: u32,
    pub why: String,
}

/// Numbers all cues of types that have one, 10, 20, 30 … in the order of the show; older numbers go first.
pub fn enumerate(episode: &Episode<'_>) -> Plan {
    let mut next = 0;
    // Equal cues are printed once, so they share their number.
    let mut given: BTreeMap<(String, String), u32> = BTreeMap::new();
    plan(episode, |cue, slug| {
        let key = (cue.asset_id().to_owned(), slug.to_owned());
        let is_named = !key.0.is_empty() && !key.1.is_empty();
        let known = given.get(&key).filter(|_| is_named).copied();
        Some(known.unwrap_or_else(|| {
            next += 10;
            given.insert(key, next);
            next
        }))
    })
}

/// Takes the numbers away again.
pub fn remove_numbers(episode: &Episode<'_>) -> Plan {
    plan(episode, |_, _| None)
}

/// `number` gives each cue its number, by the cue and its slug without one.
fn plan(episode: &Episode<'_>, mut number: impl FnMut(&Cue<'_>, &str) -> Option<u32>) -> Plan {
    let mut plan = Plan::default();
    let mut cues = Vec::new();
    for file in episode.rundown.in_production() {
        let Some(document) = &file.document else { continue };
        if !may_be_written(document) {
            let why = "the item must not be written: mend \"undefined\" first".to_owned();
            plan.kept.push(Kept { path: file.path.to_owned(), line: 1, why });
            continue;
        }
        for (at, cue) in document.cues.iter().enumerate() {
            let Some(kind) = cue.kind().filter(|kind| kind.is_numbered()) else { continue };
            let own = cue.given("Enumerator").map(str::trim);
            let bare = without_number(cue.slug().trim(), own).to_owned();
            let number = number(cue, &bare);
            cues.push(Numbered { path: file.path, document, at, kind, enumerator: own, bare, number });
        }
    }
    let moves = Moves::plan(episode, &cues, &mut plan.kept);
    let mut files: Vec<FileEdits> = Vec::new();
    for cue in &cues {
        let edits = cue.edits(episode, &moves);
        match files.last_mut() {
            _ if edits.is_empty() => {}
            Some(file) if file.path == cue.path => file.edits.extend(edits),
            _ => files.push(FileEdits { path: cue.path.to_owned(), edits }),
        }
    }
    plan.files = files;
    plan.renames = moves.renames();
    plan.kept.sort_by(|one, other| (&one.path, one.line, &one.why).cmp(&(&other.path, other.line, &other.why)));
    plan
}

/// A cue that has a number, or had one.
struct Numbered<'e, 't> {
    path: &'e str,
    document: &'e Document<'t>,
    at: usize,
    kind: CueType,
    /// The number that the cue says it has.
    enumerator: Option<&'t str>,
    /// The slug without any number.
    bare: String,
    number: Option<u32>,
}

/// Fields that name the file of a cue.
const REFERENCES: [&str; 2] = ["MediaURL", "AssetURL"];

impl Numbered<'_, '_> {
    fn cue(&self) -> &Cue<'_> {
        &self.document.cues[self.at]
    }

    fn line(&self) -> u32 {
        self.document.line(self.cue().begin.span.begin)
    }

    /// With its number; empty where there is no slug to number.
    fn slug(&self) -> String {
        match self.number {
            _ if self.bare.is_empty() => String::new(),
            Some(number) => format!("{number:02}-{}", self.bare),
            None => self.bare.clone(),
        }
    }

    /// The file that a reference of this cue means.
    fn file(&self, episode: &Episode<'_>, field: &str) -> Option<Resolved> {
        let value = self.cue().given(field)?;
        Some(episode.shelf.find(value, self.kind.media(), self.cue().slug()))
    }

    /// What its file should be called: with a number the cue's slug, in the folder where files of its type are written;
    /// without one its own name, less the number.
    fn target(&self, file: &str) -> String {
        let (stem, extension) = split_extension(name_of(file));
        if self.number.is_none() {
            return format!("{}{}{extension}", folder_of(file), without_number(stem, self.enumerator));
        }
        let folder = match self.kind.media() {
            Media::Library if Medium::of(file) == Some(Medium::Video) => "assets/video/".to_owned(),
            // Where they are is where the show's graphics are looked for.
            Media::Graphic if folder_of(file).starts_with("assets/g") => folder_of(file).to_owned(),
            media => media.folders().first().map_or_else(|| folder_of(file).to_owned(), |folder| format!("{folder}/")),
        };
        format!("{folder}{}{extension}", self.slug())
    }

    fn edits(&self, episode: &Episode<'_>, moves: &Moves) -> Vec<Edit> {
        let cue = self.cue();
        let mut edits = Vec::new();
        let slug = self.slug();
        if !slug.is_empty() && slug != cue.slug() {
            edits.push(Edit::set_field(self.document, self.at, "Slug", slug));
        }
        match self.number.map(|number| format!("{number:02}")) {
            Some(number) if cue.value("Enumerator") != number => {
                edits.push(Edit::set_field(self.document, self.at, "Enumerator", number));
            }
            None if cue.field("Enumerator").is_some() => {
                edits.push(Edit::remove_field(self.document, self.at, "Enumerator"));
            }
            _ => {}
        }
        for field in REFERENCES {
            let Some(Resolved::File { path, .. }) = self.file(episode, field) else { continue };
            // A reference changes only when its file does.
            if let Some(to) = moves.of(&path) {
                let url = format!("/episodes/{}/{to}", episode.folder);
                edits.push(Edit::set_field(self.document, self.at, field, url));
            }
        }
        edits
    }
}
