//! The lists of a scan that are made of cues.

use super::{Scan, type_word};
use crate::check::{Episode, resolve};
use crate::classify::Medium;
use crate::cue::Cue;
use crate::duration::Duration;
use crate::html::decode_entities_fully;
use crate::id::IdClass;
use crate::item::attributes;
use crate::kind::{CueType, Media};
use crate::listing::name_of;
use crate::path::{Resolved, Rule};
use crate::quote::text_of;
use crate::rundown::RundownFile;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The media file of one SOT, VO, NAT or PKG.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanClip {
    /// AssetID, else slug, else place.
    pub id: String,
    #[serde(rename = "type")]
    pub cue_type: String,
    pub asset_id: String,
    pub slug: String,
    pub item: String,
    /// Which cue of the item, from 0.
    pub cue: u64,
    /// Where it begins, from 1.
    #[serde(default)]
    pub line: u32,
    pub production: bool,
    /// As it stands in the cue.
    pub reference: String,
    /// The file in the episode; empty when there is none.
    pub source: String,
    /// The source is there.
    pub found: bool,
    /// The reference leads somewhere: to a file here or in the media pool.
    pub resolves: bool,
    /// How it was found, or why not.
    pub how: String,
    /// `1500-9000`: from and to in milliseconds, either may be missing; empty without a trim.
    pub trim: String,
    /// What is to be done with it: `full_process`, `single_trim`, `montage`, `individual_clips`; of a VO with `vo_` before
    /// (specification 7.2 #4 and #5).
    pub kind: String,
}

/// A file of another cue that is only measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanMedia {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub asset_id: String,
    pub slug: String,
    pub item: String,
    /// Which cue of the item, from 0.
    #[serde(default)]
    pub cue: u64,
    pub source: String,
    pub found: bool,
}

/// An FSQ or GFX in production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanGraphic {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub slug: String,
    pub item: String,
    /// Where it begins, from 1.
    #[serde(default)]
    pub line: u32,
    /// Empty when there is none.
    pub picture: String,
    /// A digest of the words that the picture is to show, but for blanks; empty when there are none.
    #[serde(default)]
    pub words: String,
}

/// A picture below `assets/` that a script embeds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScanPicture {
    /// Its path.
    pub id: String,
    pub path: String,
}

/// An AssetID and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanId {
    /// `<AssetID>@<file>#<place>`.
    pub id: String,
    pub asset_id: String,
    pub file: String,
    /// Which cue, from 0; −1 in front matter.
    pub cue: i64,
}

pub(super) fn read(episode: &Episode<'_>, scan: &mut Scan) {
    let mut taken = BTreeMap::new();
    let mut pictures = BTreeSet::new();
    front_id(&scan.asset_id.clone(), "info.md", scan);
    for file in episode.rundown.items() {
        let Some(document) = &file.document else { continue };
        front_id(&document.front().and_then(|front| front.given("AssetID")).unwrap_or_default(), file.path, scan);
        for (at, cue) in document.cues.iter().enumerate() {
            if cue.id_class() != IdClass::Missing {
                push_id(cue.asset_id(), file.path, at as i64, scan);
            }
            scan.quote_count += u64::from(cue.kind() == Some(CueType::Fsq) && cue.text("Quote").is_some());
            let id = unique(&element_id(cue, file, at), &mut taken);
            let place = Place { at, line: document.line(cue.begin.span.begin) };
            one(episode, file, place, cue, id, scan);
            if file.out.is_none() {
                pictures.extend(pictures_of(episode, cue));
            }
        }
    }
    scan.pictures = pictures.into_iter().map(|path| ScanPicture { id: path.clone(), path }).collect();
}

fn front_id(asset_id: &str, file: &str, scan: &mut Scan) {
    if !asset_id.trim().is_empty() {
        push_id(asset_id.trim(), file, -1, scan);
    }
}

fn push_id(asset_id: &str, file: &str, cue: i64, scan: &mut Scan) {
    let id = format!("{asset_id}@{file}#{cue}");
    scan.ids.push(ScanId { id, asset_id: asset_id.to_owned(), file: file.to_owned(), cue });
}

/// AssetID unless it only stands in for one, else slug, else place.
fn element_id(cue: &Cue<'_>, file: &RundownFile<'_>, at: usize) -> String {
    match cue.id_class() {
        IdClass::Ours | IdClass::Foreign => cue.asset_id().to_owned(),
        IdClass::Missing | IdClass::Local => {
            cue.given("Slug").map_or_else(|| format!("{}#{at}", name_of(file.path)), |slug| slug.trim().to_owned())
        }
    }
}

/// The id, or with `-2`, `-3` … behind it where it is taken; `taken` remembers how often each was asked for.
fn unique(id: &str, taken: &mut BTreeMap<String, u64>) -> String {
    let mut free = id.to_owned();
    while let Some(count) = taken.get_mut(&free) {
        *count += 1;
        free = format!("{id}-{}", taken.get(id).map_or(0, |count| *count));
    }
    taken.insert(free.clone(), 1);
    free
}

/// Where a cue stands in its item.
#[derive(Clone, Copy)]
struct Place {
    /// Which one, from 0.
    at: usize,
    line: u32,
}

fn one(episode: &Episode<'_>, file: &RundownFile<'_>, place: Place, cue: &Cue<'_>, id: String, scan: &mut Scan) {
    let kind = type_word(cue.kind(), cue.type_word());
    let (slug, item) = (cue.slug().to_owned(), file.path.to_owned());
    let production = file.out.is_none();
    match cue.kind().map(CueType::media) {
        Some(Media::Video) => {
            let (source, resolves, how) = source(episode, cue, "MediaURL");
            let trim = trim(cue);
            scan.clips.push(ScanClip {
                id,
                kind: work(cue, &trim),
                cue_type: kind,
                asset_id: cue.asset_id().to_owned(),
                slug,
                item,
                cue: place.at as u64,
                line: place.line,
                production,
                reference: cue.value("MediaURL").to_owned(),
                found: !source.is_empty(),
                source,
                resolves,
                how,
                trim,
            });
        }
        Some(Media::Library) => {
            let (source, ..) = source(episode, cue, "MediaURL");
            scan.media.push(measured(cue, place, item, id, source));
        }
        Some(Media::Quote | Media::Graphic) if production => {
            let picture = picture_of(episode, cue).unwrap_or_default();
            if Medium::of(&picture) == Some(Medium::Video) {
                scan.media.push(measured(cue, place, item.clone(), id.clone(), picture.clone()));
            }
            scan.graphics.push(ScanGraphic { id, kind, slug, item, line: place.line, picture, words: words(cue) });
        }
        _ => {}
    }
}

fn measured(cue: &Cue<'_>, place: Place, item: String, id: String, source: String) -> ScanMedia {
    let kind = type_word(cue.kind(), cue.type_word());
    let (asset_id, slug) = (cue.asset_id().to_owned(), cue.slug().to_owned());
    ScanMedia { id, kind, asset_id, slug, item, cue: place.at as u64, found: !source.is_empty(), source }
}

/// The file, whether the reference leads anywhere, and how or why not.
fn source(episode: &Episode<'_>, cue: &Cue<'_>, field: &str) -> (String, bool, String) {
    let word = |how: &str| (String::new(), false, how.to_owned());
    match resolve(cue, field, &episode.shelf) {
        Some(Resolved::File { path, rule }) => (path, true, rule_word(rule).to_owned()),
        Some(Resolved::Pool { path }) => (String::new(), true, format!("media pool: {path}")),
        Some(Resolved::Remote { .. }) => word("remote"),
        Some(Resolved::Unprocessed) => word("unprocessed"),
        Some(Resolved::Ambiguous { .. }) => word("ambiguous"),
        Some(Resolved::Missing) => word("missing"),
        Some(Resolved::Refused) => word("outside the episode"),
        None => word("no reference"),
    }
}

fn rule_word(rule: Rule) -> &'static str {
    match rule {
        Rule::Path => "path",
        Rule::TypeFolder => "folder of the type",
        Rule::Assets => "name in assets",
        Rule::Preshow => "name in preshow",
        Rule::WithoutNumber => "name without its number",
        Rule::DoubledNumber => "name with its number doubled",
        Rule::QuotePicture => "picture of the quote",
        Rule::Suffix => "end of a longer name",
    }
}

fn work(cue: &Cue<'_>, trim: &str) -> String {
    let method = cue.given("ClippingMethod").map(|method| method.trim().to_lowercase().replace('-', "_"));
    let work = match method.as_deref() {
        Some(known @ ("montage" | "individual_clips")) => known,
        _ if trim.is_empty() => "full_process",
        _ => "single_trim",
    };
    let silent = if cue.kind() == Some(CueType::Vo) { "vo_" } else { "" };
    format!("{silent}{work}")
}

fn trim(cue: &Cue<'_>) -> String {
    let point = |name: &str| {
        let given = cue.given(name).and_then(Duration::of);
        given.map(|point| point.ms.to_string()).unwrap_or_default()
    };
    let (from, to) = (point("TrimStart"), point("TrimEnd"));
    let nothing = (from.is_empty() || from == "0") && to.is_empty();
    if nothing { String::new() } else { format!("{from}-{to}") }
}

/// The picture of an FSQ, GFX or IMG.
fn picture_of(episode: &Episode<'_>, cue: &Cue<'_>) -> Option<String> {
    let named = ["MediaURL", "AssetURL"].iter().find_map(|field| match resolve(cue, field, &episode.shelf) {
        Some(Resolved::File { path, .. }) => Some(path),
        _ => None,
    });
    named.or_else(|| match episode.shelf.find_quote_picture(cue.slug(), cue.asset_id()) {
        Resolved::File { path, .. } if cue.kind() == Some(CueType::Fsq) => Some(path),
        _ => None,
    })
}

/// What a person would have to make the picture again for.
fn words(cue: &Cue<'_>) -> String {
    const OF_CARD: [&str; 7] = ["Title", "Body", "ListItems", "Attribution", "TweetText", "AuthorName", "AuthorHandle"];
    let texts = match cue.kind() {
        Some(CueType::Fsq) => {
            let attribution = cue.attribution().map(|field| decode_entities_fully(field.value.text));
            vec![text_of(cue), attribution.unwrap_or_default()]
        }
        _ => OF_CARD.map(|name| cue.text(name).unwrap_or_default().into_owned()).into(),
    };
    let texts: Vec<String> = texts.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    if texts.iter().all(String::is_empty) {
        return String::new();
    }
    Md5::digest(texts.join("\n")).iter().take(8).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// Everything a script may embed for this cue: only pictures, only below `assets/`.
fn pictures_of(episode: &Episode<'_>, cue: &Cue<'_>) -> Vec<String> {
    let mut found = Vec::new();
    match cue.kind() {
        Some(CueType::Fsq | CueType::Gfx | CueType::Img) => found.extend(picture_of(episode, cue)),
        Some(kind) if kind.is_clip() => {
            let thumbnail = cue.given("ThumbnailURL").map(|url| episode.shelf.find(url, Media::Image, cue.slug()));
            found.extend(thumbnail.and_then(path_of));
        }
        _ => {}
    }
    for image in &cue.content.images {
        let source = attributes(*image).into_iter().find(|attribute| attribute.name.text.eq_ignore_ascii_case("src"));
        let resolved = source.map(|source| episode.shelf.find(source.value.text, Media::Image, cue.slug()));
        found.extend(resolved.and_then(path_of));
    }
    found.retain(|path| path.starts_with("assets/") && Medium::of(path) == Some(Medium::Image));
    found
}

fn path_of(resolved: Resolved) -> Option<String> {
    if let Resolved::File { path, .. } = resolved { Some(path) } else { None }
}
