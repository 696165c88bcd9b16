//! What a name means: every file found below an episode gets a kind, and a reason a person can read.
//!
//! [`by_name`] needs nothing but the name and serves watchers too; [`classify`] knows the whole listing and the texts,
//! which some rules need (specification 1.5 #2, 3.1 #1). Both follow the specification's sections 1.1 to 1.6. Nothing
//! is dropped in silence: what is no item, clip or document of ours still gets a kind.

mod name;

pub use name::{conflict_copy, disturbs};

use crate::front::{self, Opening};
use crate::listing::{Listing, folder_of, name_of, split_extension};
use name::{CopyName, copy_name, numbered_copy, stray_name, syncthing_name};
use serde::Serialize;

/// One file below an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    pub path: String,
    /// Bytes.
    pub size: u64,
    pub kind: Kind,
    /// Why it is of this kind, in words.
    pub reason: String,
    /// What is odd about a name that is processed all the same (specification 1.5, last row).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The episode's own `info.md`.
    Info,
    /// Markdown directly in `rundown/` that begins with front matter; whether it can be read is another question.
    Item,
    /// Markdown directly in `rundown/` without front matter.
    NotAnItem,
    ConflictCopy(ConflictCopy),
    Stray(Stray),
    /// Syncthing is writing `of`: that file is not quiet.
    InFlight {
        of: String,
    },
    /// Ours, staged beside its target; swept by the publisher.
    OurTemp,
    /// Syncthing's own: never an episode's content.
    Syncthing,
    /// Counters and queues that older tools kept in the share.
    Ignored,
    /// Begins with a dot and is none of the above.
    Hidden,
    /// A kept version of a text, never an item.
    Snapshot,
    Media {
        zone: Zone,
        medium: Medium,
    },
    /// Quotes as JSON.
    Quotes,
    Transcript,
    /// Scripts, reports and media lists.
    Generated,
    /// Projects of vMix, After Effects and their kind: never touched.
    Project,
    /// Anything else: kept, not used.
    Other,
}

/// A copy that Syncthing set aside (specification 1.6 #1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictCopy {
    /// The file it is a copy of, after resolving copies of copies.
    pub original: String,
    /// Who last changed the version that won; not the author of the text inside.
    pub device: Option<String>,
    /// `2026-08-01 08:19:36`, local to the device that set the text aside.
    pub at: String,
    /// 1; 2 for a copy of a copy.
    pub depth: u32,
}

/// Which row of the table in specification 1.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stray {
    Folder,
    System,
    Copy,
    Editor,
    Unfinished,
}

/// The top-level folder a file lies in, by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    Assets,
    Preshow,
    Rundown,
    Captures,
    Exports,
    Scripts,
    Thumbnails,
    Elsewhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    Video,
    Audio,
    Image,
    Document,
}

impl Medium {
    /// By extension, letter case ignored (specification 4.4).
    pub fn of(name: &str) -> Option<Self> {
        Some(match split_extension(name).1.to_ascii_lowercase().as_str() {
            ".mp4" | ".mov" | ".avi" | ".mkv" | ".webm" => Self::Video,
            ".mp3" | ".wav" | ".m4a" | ".ogg" | ".flac" => Self::Audio,
            ".png" | ".jpg" | ".jpeg" | ".webp" | ".gif" => Self::Image,
            ".pdf" => Self::Document,
            _ => return None,
        })
    }
}

impl Kind {
    /// May a cue mean this file? Copies, strays and half-written files are never a clip's source.
    pub fn may_be_media(&self) -> bool {
        matches!(self, Self::Media { .. } | Self::Transcript | Self::Other)
    }
}

/// Above this a file is reported, since it stays on the machine where it is (specification 1.5 #1); bytes.
pub const SYNC_BYTES_MAX: u64 = 5_000_000_000;

/// Every file of the listing, in order of path. `text` gives the text of a Markdown file in `rundown/` where it could be
/// read.
pub fn classify<'t>(listing: &Listing, text: impl Fn(&str) -> Option<&'t str>) -> Vec<Found> {
    let one = |(path, size): (&str, u64)| {
        let (mut kind, mut reason) = by_name(path);
        let copied = match (&kind, copy_name(name_of(path))) {
            (Kind::ConflictCopy(_) | Kind::Stray(_) | Kind::Syncthing | Kind::InFlight { .. } | Kind::OurTemp, _) => {
                None
            }
            (_, CopyName::Of(name)) => Some(format!("{}{name}", folder_of(path))).filter(|of| listing.has_file(of)),
            // Generated names once collided into `X (2).md`, so that name alone proves nothing.
            _ => numbered_copy(path).filter(|of| {
                listing.has_file(of) && text(path).zip(text(of)).is_some_and(|(one, other)| same_item(one, other))
            }),
        };
        if let Some(of) = copied {
            (kind, reason) = (Kind::Stray(Stray::Copy), format!("a copy of {}, which lies beside it", name_of(&of)));
        }
        if kind == Kind::Item && text(path).is_some_and(|text| front::read(text) == Opening::None) {
            (kind, reason) = (Kind::NotAnItem, "Markdown without front matter".into());
        }
        Found { path: path.to_owned(), size, remark: odd_form(path), kind, reason }
    };
    listing.files().map(one).collect()
}

/// What the name alone says. Markdown in `rundown/` is taken for an item here, whatever it holds, and so is a name that
/// is a copy's only beside its original.
pub fn by_name(path: &str) -> (Kind, String) {
    for part in path.split('/') {
        if let Some(kind) = syncthing_name(part) {
            let reason = match &kind {
                Kind::InFlight { of } => format!("Syncthing is writing {of}"),
                Kind::OurTemp => "a temporary file of showd".into(),
                _ => "belongs to Syncthing".into(),
            };
            return (kind, reason);
        }
    }
    if let Some(copy) = conflict_copy(path) {
        let reason = format!("a conflict copy of {}, set aside {}", name_of(&copy.original), copy.at);
        return (Kind::ConflictCopy(copy), reason);
    }
    let parts = path.split('/').count();
    for (place, part) in path.split('/').enumerate() {
        if let Some((stray, reason)) = stray_name(part, place + 1 < parts) {
            return (Kind::Stray(stray), reason);
        }
        // The number of an item's name is judged beside its neighbours.
        let numbered = numbered_copy(path);
        if copy_name(numbered.as_deref().map_or(part, name_of)) == CopyName::Sure {
            return (Kind::Stray(Stray::Copy), "named like a copy".into());
        }
    }
    by_folder(path)
}

/// A file that showd must not touch, whatever a step says (specification 1.4, last row).
pub fn is_off_limits(path: &str) -> bool {
    let top = path.split('/').next().unwrap_or_default();
    matches!(top, "captures" | "projects" | "thumbnails" | "publish" | "distribute")
        || split_extension(name_of(path)).1.eq_ignore_ascii_case(".vmix")
}

fn item_in_rundown() -> (Kind, String) {
    (Kind::Item, "Markdown in rundown/".into())
}

fn by_folder(path: &str) -> (Kind, String) {
    let (name, folder) = (name_of(path), folder_of(path));
    let found = |kind, reason: &str| (kind, reason.to_owned());
    let lower = name.to_ascii_lowercase();
    let counters = ["last.id", "media_job_queue.json", "preproc-queue-sots.json", ".file_changes.json"];
    if counters.contains(&name) {
        return found(Kind::Ignored, "a counter or queue of an older tool");
    }
    if path.starts_with("scripts/versions/") || path.split('/').any(|part| part == ".history") {
        return found(Kind::Snapshot, "a kept version");
    }
    if path.split('/').any(|part| part.starts_with('.')) {
        return found(Kind::Hidden, "a hidden name");
    }
    if path == "info.md" {
        return found(Kind::Info, "the episode's own sheet");
    }
    let extension = split_extension(&lower).1;
    if folder == "rundown/" && extension == ".md" {
        return item_in_rundown();
    }
    if matches!(extension, ".vmix" | ".aep" | ".psd" | ".prproj" | ".drp") || folder.starts_with("projects/") {
        return found(Kind::Project, "a project of another program");
    }
    let quotes = lower == "quotes_input.json" || lower.starts_with("fsq_quotes_") && extension == ".json";
    if lower == "quotes.json" || quotes {
        return found(Kind::Quotes, "quotes as JSON");
    }
    let zone = zone_of(path);
    let in_whisper = path.split('/').any(|part| part == "whisper") || lower.contains("whisper");
    if extension == ".srt" || extension == ".txt" && (in_whisper || folder == "assets/transcripts/") {
        return found(Kind::Transcript, "a transcript");
    }
    let script = extension == ".html" && (lower == "compiled_script.html" || lower.starts_with("script-"));
    let media_list =
        folder == "rundown/" && lower.starts_with("media-list.") || path.starts_with("rundown/media-list/");
    if zone == Zone::Scripts || path.starts_with("reports/") || script || media_list {
        return found(Kind::Generated, "made by a program");
    }
    match Medium::of(name) {
        Some(medium) => (Kind::Media { zone, medium }, format!("{} in {}", medium.word(), place_word(folder))),
        None => found(Kind::Other, "not used"),
    }
}

impl Medium {
    fn word(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Image => "image",
            Self::Document => "document",
        }
    }
}

fn place_word(folder: &str) -> &str {
    if folder.is_empty() { "the episode's folder" } else { folder }
}

fn zone_of(path: &str) -> Zone {
    match path.split('/').next().unwrap_or_default() {
        "assets" => Zone::Assets,
        "preshow" => Zone::Preshow,
        "rundown" => Zone::Rundown,
        "captures" => Zone::Captures,
        "exports" => Zone::Exports,
        "scripts" => Zone::Scripts,
        "thumbnails" => Zone::Thumbnails,
        _ => Zone::Elsewhere,
    }
}

/// What is odd about the form of a name that is used all the same.
fn odd_form(path: &str) -> Option<String> {
    let name = name_of(path);
    let stem = split_extension(name).0;
    if name.trim() != name || stem.trim() != stem {
        return Some("begins or ends with a blank".into());
    }
    let foreign = name.chars().find(|c| !c.is_ascii())?;
    Some(format!("has a character outside ASCII: {foreign}"))
}

/// The same content, or the same `id` or `AssetID` in the front matter.
fn same_item(one: &str, other: &str) -> bool {
    let (Opening::Front(a), Opening::Front(b)) = (front::read(one), front::read(other)) else { return one == other };
    one == other || ["id", "AssetID"].iter().any(|key| a.given(key).is_some_and(|id| b.given(key) == Some(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line per file: path, kind and reason, with the remark if there is one.
    fn classified(files: &[(&str, &str)]) -> String {
        let listing = Listing::new(files.iter().map(|(path, text)| (*path, text.len() as u64)));
        let text = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| *text);
        let line = |found: Found| {
            let remark = found.remark.map_or_else(String::new, |remark| format!("; {remark}"));
            let kind = serde_json::to_string(&found.kind).expect("a kind is JSON").replace('"', "");
            format!("{} = {kind}: {}{remark}\n", found.path, found.reason)
        };
        classify(&listing, text).into_iter().map(line).collect()
    }

    const ITEM: &str = "---\nid: segment_20260801_001\n---\nTea.\n";
    const OTHER: &str = "---\nid: segment_20260801_002\n---\nMore tea.\n";

    #[test]
    fn everything_below_an_episode_gets_a_kind_and_a_reason() {
        let names = [
            "info.md",
            "0233.vmix",
            "rundown/10 Why Kettles Sing.md",
            "rundown/SUPPORT US.MD",
            "rundown/list/20_01_clip.mp4",
            "rundown/list/output/x.md",
            "rundown/media-list.m3u",
            "rundown/media-list.txt",
            "rundown/checklist.txt",
            "rundown/compiled_script.html",
            "rundown/script-08-09-26-production-1.html",
            "rundown/Notes.pdf",
            "rundown/assets/quotes/quotes.json",
            "rundown/.hidden.md",
            "rundown/10 Tea.md.bak",
            "rundown/10 Tea_old.md",
            "rundown/10 Tea Copy.md",
            "rundown/10 Tea - Copy (2).md",
            "rundown/10 Tea_CONFLICT_2.md",
            "rundown/10 Tea conflict 2026-08-01.md",
            "rundown/20 Copyright Wars.md",
            "rundown/20 Border conflict heats up.md",
            "rundown/20 Copy Desk.md",
            "rundown/_temp_0a1b2c3d_10 Tea.md",
            "rundown/~$10 Tea.md",
            "rundown/.~lock.10 Tea.md#",
            "rundown/.10 Tea.md.swp",
            "rundown/.syncthing.10 Tea.md.tmp",
            "rundown/~syncthing~10 Tea.md.tmp",
            "rundown/.syncthing.showd-77.tmp",
            "rundown/10 Tea.sync-conflict-20260801-081936-ABCDEF2.md",
            "rundown/10 Tea.sync-conflict-20260801-081936-ABCDEF2.sync-conflict-20260802-091500-GHIJKL3.md",
            "assets/loose.JPG",
            "assets/video/steam engine.mp4",
            "assets/video/fetch.sh",
            "assets/audio/theme.mp3.mp3",
            "assets/quotes/quotes.json",
            "assets/transcripts/kettle.txt",
            "assets/video/sync-2/clip.mp4",
            "assets/video/clip (1).mp4",
            "preshow/Tea • the truth….mov",
            "preshow/ blank.pdf",
            "preshow/big.mov.crdownload",
            "captures/orig/BLOCK-A.mov",
            "projects/teasers/x.aep",
            "scripts/current/0900-host.html",
            "scripts/versions/20260801_100000/source.md",
            "exports/0900-dc-whisper.srt",
            ".stfolder/x",
            ".DS_Store",
            "last.id",
            "thumbnails/master-16x9.psd",
        ];
        insta::assert_snapshot!(classified(&names.map(|name| (name, ITEM))));
    }

    #[test]
    fn markdown_without_front_matter_is_no_item_and_a_fence_with_blanks_is_one() {
        let files = [
            ("rundown/a.md", "just words\n"),
            ("rundown/b.md", "- - -\nslug: b\n- - -\n"),
            ("rundown/c.md", ""),
            ("rundown/d.md", "\u{feff}---\r\nslug: d\r\n---\r\n"),
        ];
        let kinds = classified(&files);
        let words: Vec<&str> = kinds.lines().filter_map(|line| line.split([' ', ':']).nth(2)).collect();
        assert_eq!(words, ["not_an_item", "item", "not_an_item", "item"]);
    }

    #[test]
    fn a_numbered_name_is_a_copy_only_beside_the_same_item() {
        let alone = [("rundown/Tea (2).md", ITEM)];
        let same = [("rundown/Tea.md", ITEM), ("rundown/Tea (2).md", "---\nid: segment_20260801_001\n---\nEdited.\n")];
        let other = [("rundown/Tea.md", ITEM), ("rundown/Tea (2).md", OTHER)];
        let kind = |files: &[(&str, &str)]| {
            let kinds = classified(files);
            kinds.lines().find(|line| line.contains("(2)")).map(str::to_owned).unwrap_or_default()
        };
        assert_eq!(kind(&alone), "rundown/Tea (2).md = item: Markdown in rundown/");
        assert_eq!(kind(&same), "rundown/Tea (2).md = {stray:copy}: a copy of Tea.md, which lies beside it");
        assert_eq!(kind(&other), "rundown/Tea (2).md = item: Markdown in rundown/");
    }

    #[test]
    fn a_story_about_a_conflict_is_a_copy_only_beside_its_original() {
        let story = [("rundown/20 Border conflict heats up.md", ITEM)];
        let copy = [("rundown/20 Border.md", ITEM), ("rundown/20 Border conflict from pat.md", ITEM)];
        assert!(classified(&story).contains("= item"));
        assert!(classified(&copy).contains("20 Border conflict from pat.md = {stray:copy}"));
    }
}
