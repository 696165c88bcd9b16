//! The step `scan`: one episode folder in, everything that the other steps and `showctl status` want to know out.
//!
//! [`scan`] is pure. Its result travels as JSON: top-level texts, numbers and flags are facts, arrays of objects are the
//! lists that pipelines map over, so every element is flat and has an `id` that is unique in its list. Paths are below
//! the episode, except in diagnostics, whose files begin with the prefix that the caller gives.

mod cues;
mod ready;

pub use cues::{ScanClip, ScanGraphic, ScanId, ScanMedia, ScanPicture};
pub use ready::{Outputs, Script, Stage, StageReport, StageState, Thing, readiness};

use crate::check::{Episode, airdate_of, check_episode};
use crate::classify::Kind;
use crate::diagnostic::{Diagnostic, Severity};
use crate::duration::Duration;
use crate::item::Document;
use crate::kind::CueType;
use crate::repair::{Context, is_mint_due, is_proposal_due, repaired};
use crate::report::Tree;
use crate::rundown::{ORDER_LAST, RundownFile, Status};
use crate::settings::Settings;
use crate::weave::FileKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The result of a scan. Read back, what is missing is empty: results are kept without their empty parts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Scan {
    pub summary: String,
    /// At least four digits.
    pub episode: String,
    pub folder: String,
    /// `a`: found in older episodes; `b`: what we write (specification 1.2, 1.3).
    pub layout: String,
    pub asset_id: String,
    pub title: String,
    /// Lower case; `sunday_show` where there is none.
    #[serde(rename = "type")]
    pub kind: String,
    /// As written; empty when missing.
    pub status: String,
    /// Its notes may be repaired (specification 2.2 #5).
    pub may_repair: bool,
    /// `YYYY-MM-DD`, or empty.
    pub airdate: String,
    /// The target that people wrote, milliseconds; 0 when there is none.
    pub duration_ms: u64,
    /// What stands in `info.md`, milliseconds; 0 when there is nothing.
    pub total_runtime_ms: u64,
    pub in_production: u64,
    pub quote_count: u64,
    pub error_count: u64,
    pub warning_count: u64,
    pub items: Vec<ScanItem>,
    /// `info.md` and the items: everything that may want an id.
    pub notes: Vec<ScanNote>,
    pub clips: Vec<ScanClip>,
    /// Media of other types, to be probed only.
    pub media: Vec<ScanMedia>,
    /// Every FSQ and GFX in production, with its picture where there is one.
    pub graphics: Vec<ScanGraphic>,
    /// Pictures that scripts embed.
    pub pictures: Vec<ScanPicture>,
    pub left_out: Vec<ScanLeftOut>,
    pub conflicts: Vec<ScanConflict>,
    /// AssetIDs that stand in the episode.
    pub ids: Vec<ScanId>,
    pub diagnostics: Vec<Diagnostic>,
}

/// One item that can be read, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanItem {
    /// Its path: an item gets its AssetID later, and keeps its file.
    pub id: String,
    pub path: String,
    pub order: u64,
    pub status: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub slug: String,
    pub asset_id: String,
    pub production: bool,
    /// Why it is left out of the show; empty when it is not.
    pub left_out: String,
    pub cues: u64,
    /// A safe repair or a proposal is due, or it was handed over and is to come back.
    pub repair: bool,
    /// An AssetID is due.
    pub mint: bool,
}

/// A sheet whose ids are minted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanNote {
    pub id: String,
    pub path: String,
    pub mint: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanLeftOut {
    pub id: String,
    pub file: String,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanConflict {
    pub id: String,
    pub path: String,
    pub original: String,
    /// Empty when the name does not say.
    pub device: String,
    pub at: String,
}

/// Scans one episode; `prefix` goes before the paths of diagnostics (`episodes/0900/`).
///
/// The lists that are made of cues show the notes as they will be once the safe repairs stand in them, since that is
/// what the steps that map over them read. Diagnostics speak of the notes as they are.
pub fn scan(tree: &Tree, settings: &Settings, prefix: &str) -> Scan {
    let found = tree.classify();
    let episode = Episode::read(&tree.folder, &tree.listing, &found, |path| tree.text(path));
    let mut scan = Scan { folder: tree.folder.clone(), ..Scan::default() };
    scan.episode = crate::episode::number(&tree.folder).unwrap_or_else(|| tree.folder.clone());
    scan.layout = crate::episode::layout(&tree.listing).into();
    info(&episode, &mut scan);
    scan.conflicts = conflicts(&episode);
    let context = Context { settings, shelf: Some(&episode.shelf) };
    let repaired = repaired_texts(&episode, &scan, &context);
    scan.items = episode.rundown.items().map(|file| item(file, &scan, &repaired, &context)).collect();
    scan.notes = notes(&episode, &scan, &context);
    scan.in_production = episode.rundown.in_production().count() as u64;
    let text = |path: &str| repaired.get(path).map(String::as_str).or_else(|| tree.text(path));
    cues::read(&Episode::read(&tree.folder, &tree.listing, &found, text), &mut scan);
    let out = |out: crate::rundown::LeftOut| ScanLeftOut { id: out.file.clone(), file: out.file, reason: out.reason };
    scan.left_out = episode.rundown.left_out().into_iter().map(out).collect();
    for finding in check_episode(&episode, settings) {
        let file = format!("{prefix}{}", finding.path);
        scan.diagnostics.extend(finding.diagnostics.into_iter().map(|diagnostic| diagnostic.in_file(file.as_str())));
    }
    let count = |severity| scan.diagnostics.iter().filter(|found| found.severity == severity).count() as u64;
    (scan.error_count, scan.warning_count) = (count(Severity::Error), count(Severity::Warning));
    scan.summary = summary(&scan);
    scan
}

/// The items that safe repairs change, by path.
fn repaired_texts(episode: &Episode<'_>, scan: &Scan, context: &Context<'_>) -> BTreeMap<String, String> {
    let writable = episode.rundown.items().filter(|file| may_write(file.path, scan));
    let one = |file: &RundownFile| {
        let text = file.document.as_ref()?.text;
        let repaired = repaired(text, context);
        (repaired != text).then(|| (file.path.to_owned(), repaired))
    };
    writable.filter_map(one).collect()
}

fn info(episode: &Episode<'_>, scan: &mut Scan) {
    let Some(info) = &episode.info else { return };
    let Some(front) = info.front() else { return };
    let text = |key: &str| front.given(key).map(|text| text.trim().to_owned()).unwrap_or_default();
    let milliseconds = |key: &str| Duration::of(&text(key)).map_or(0, |duration| duration.ms);
    scan.asset_id = text("AssetID");
    scan.title = text("title");
    scan.kind =
        Some(text("type").to_lowercase()).filter(|kind| !kind.is_empty()).unwrap_or_else(|| "sunday_show".into());
    let status = Status::of(front);
    scan.may_repair = status.may_be_repaired();
    scan.status = status.written;
    scan.airdate = airdate_of(info).map(|date| date.to_string()).unwrap_or_default();
    scan.duration_ms = milliseconds("duration");
    scan.total_runtime_ms = milliseconds("total_runtime");
}

fn conflicts(episode: &Episode<'_>) -> Vec<ScanConflict> {
    let one = |found: &crate::classify::Found| match &found.kind {
        Kind::ConflictCopy(copy) => Some(ScanConflict {
            id: found.path.clone(),
            path: found.path.clone(),
            original: copy.original.clone(),
            device: copy.device.clone().unwrap_or_default(),
            at: copy.at.clone(),
        }),
        _ => None,
    };
    episode.found.iter().filter_map(one).collect()
}

/// Nothing is written to a file while a conflict copy of it is open, nor in an episode that is past repair.
fn may_write(path: &str, scan: &Scan) -> bool {
    scan.may_repair && !scan.conflicts.iter().any(|conflict| conflict.original == path)
}

fn item(file: &RundownFile<'_>, scan: &Scan, repaired: &BTreeMap<String, String>, context: &Context<'_>) -> ScanItem {
    let text = |key: &str| {
        file.front().and_then(|front| front.given(key)).map(|text| text.trim().to_owned()).unwrap_or_default()
    };
    let document = file.document.as_ref().filter(|_| may_write(file.path, scan));
    let repaired = repaired.get(file.path);
    // A cue that is closed by a repair may want an id too.
    let mints = |document: &Document| match repaired {
        Some(text) => is_mint_due(&Document::parse(text), FileKind::Item, context),
        None => is_mint_due(document, FileKind::Item, context),
    };
    ScanItem {
        id: file.path.to_owned(),
        path: file.path.to_owned(),
        order: file.order().number().unwrap_or(ORDER_LAST),
        status: text("status"),
        kind: file.item_kind().word().to_owned(),
        title: file.title(),
        slug: file.slug(),
        asset_id: text("AssetID"),
        production: file.out.is_none(),
        left_out: file.out.as_ref().map(ToString::to_string).unwrap_or_default(),
        cues: file.document.as_ref().map_or(0, |document| document.cues.len() as u64),
        repair: repaired.is_some()
            || document.is_some_and(|document| {
                is_proposal_due(document, context) || context.settings.give_back(document).is_some()
            }),
        mint: document.is_some_and(mints),
    }
}

fn notes(episode: &Episode<'_>, scan: &Scan, context: &Context<'_>) -> Vec<ScanNote> {
    let mint_info = |info: &Document| may_write("info.md", scan) && is_mint_due(info, FileKind::Info, context);
    let info = episode.info.iter().filter(|info| info.front().is_some());
    let info = info.map(|info| ScanNote { id: "info.md".into(), path: "info.md".into(), mint: mint_info(info) });
    let items =
        scan.items.iter().map(|item| ScanNote { id: item.id.clone(), path: item.path.clone(), mint: item.mint });
    info.chain(items).collect()
}

fn summary(scan: &Scan) -> String {
    let count = |number: u64, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    let missing = scan.clips.iter().filter(|clip| !clip.resolves).count() as u64;
    let missing = if missing == 0 { String::new() } else { format!(" ({missing} without a file)") };
    format!(
        "{}, {} in production, {}{missing}, {}; {}, {}",
        count(scan.items.len() as u64, "item"),
        scan.in_production,
        count(scan.clips.len() as u64, "clip"),
        count(scan.quote_count, "quote"),
        count(scan.error_count, "error"),
        count(scan.warning_count, "warning"),
    )
}

/// The type of a cue for lists: as it is written in new cues, else upper case as it stands.
fn type_word(kind: Option<CueType>, written: &str) -> String {
    kind.map_or_else(|| written.to_uppercase(), |kind| kind.word().to_owned())
}
