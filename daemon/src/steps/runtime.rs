//! `runtime`: what was measured of clips goes into their cues, and how long items and the episode run.
//!
//! A probe is keyed by the bytes of a clip and knows no note, so that a typo measures nothing again. Its values are
//! written here, where the notes are at hand, and count at once.

use super::probe::Media;
use super::work::{Failure, Outcome, Work};
use serde_json::{Map, Value};
use show_script::check::duration_differs;
use show_script::diagnostic::Diagnostic;
use show_script::duration::Duration;
use show_script::edit::Edit;
use show_script::item::Document;
use show_script::kind::CueType;
use show_script::listing::Listing;
use show_script::repair::may_be_written;
use show_script::report::Tree;
use show_script::rundown::Rundown;
use show_script::runtime::{Rates, runtime};
use show_script::weave::{self, FileKind, Layer, Weave, weave};
use std::collections::BTreeMap;

pub const VERSION: u32 = 1;

pub fn run(work: &mut Work) -> Result<Outcome, Failure> {
    let mut texts = work.texts(&["info", "items"])?;
    let (measured, mut diagnostics) = measured(work, &texts)?;
    let mut edits = measured;
    for (path, edits) in &edits {
        let woven = woven(work, path, &texts[path], edits);
        texts.insert(path.clone(), woven);
    }
    work.progress(50, "adding up");
    let listing = Listing::new(texts.iter().map(|(path, text)| (path.clone(), text.len() as u64)));
    let tree = Tree { folder: work.folder().to_owned(), listing, texts };
    let found = tree.classify();
    let rundown = Rundown::read(&found, |path| tree.text(path));
    let info = tree.text("info.md").map(Document::parse);
    let rates = Rates::read(&work.order.settings);
    let episode = runtime(&rundown, info.as_ref(), &rates, |path, target| work.ours(path, target).map(str::to_owned));
    for (path, more) in episode.edits {
        edits.entry(path).or_default().extend(more);
    }
    diagnostics.extend(episode.diagnostics);

    let mut outcome = Outcome::of(&episode.result)?;
    for item in &episode.result.items {
        let typed = if item.typed { ", as typed" } else { "" };
        println!("{}  {}: {} words{typed}", item.runtime, item.id, item.words);
    }
    outcome.result.diagnostics = work.diagnostics(diagnostics);
    outcome.result.edits = edits.into_iter().map(|(path, edits)| work.edits(&path, edits)).collect();
    Ok(outcome)
}

type Edits = BTreeMap<String, Vec<Edit>>;

/// What probes found out, as edits of the cues whose files they measured.
fn measured(work: &Work, texts: &BTreeMap<String, String>) -> Result<(Edits, Vec<Diagnostic>), String> {
    let probed = work.results("probe")?.into_iter().chain(work.results("probe_media")?);
    let probes: BTreeMap<String, Media> =
        probed.filter_map(|(element, result)| Some((element, serde_json::from_value(result).ok()?))).collect();
    let documents: BTreeMap<&str, Document<'_>> =
        texts.iter().map(|(path, text)| (path.as_str(), Document::parse(text))).collect();
    let mut edits = Edits::new();
    let mut diagnostics = Vec::new();
    for clip in work.elements("clips").chain(work.elements("media")) {
        let text = |name: &str| clip.get(name).and_then(Value::as_str).unwrap_or_default();
        let Some(media) = probes.get(text("id")) else { continue };
        let Some((path, document)) = documents.get_key_value(text("item")) else { continue };
        let Some(place) = place(document, clip) else { continue };
        let cue = &document.cues[place];
        let is_ours = |field: &str| {
            let ours = work.ours(path, &format!("cue:{}.{field}", cue.asset_id()));
            cue.given(field).is_some_and(|now| ours.is_some_and(|ours| ours.trim() == now.trim()))
        };
        let length = length_shown(media, text("trim"));
        let looks = if cue.kind().is_some_and(CueType::is_clip) { media.looks() } else { Vec::new() };
        let values = looks.into_iter().chain(length.map(|length| ("Duration", length.written())));
        for (field, value) in values.filter(|_| may_be_written(document)) {
            let now = cue.given(field).map(str::trim);
            if now.is_none() || (is_ours(field) && differs(field, now.unwrap_or_default(), &value)) {
                let edit = Edit::set_field(document, place, field, value).ours_or_empty();
                edits.entry((*path).to_owned()).or_default().push(edit);
            }
        }
        // What we wrote ourselves is about to be right.
        if let Some(length) = length.filter(|_| !is_ours("Duration")) {
            let differs = duration_differs(document, cue, length);
            diagnostics.extend(differs.map(|diagnostic| diagnostic.in_file(*path)));
        }
    }
    Ok((edits, diagnostics))
}

/// How long a clip will be on air: what its trim leaves of it (`1500-9000` in milliseconds, either may be missing). `None`:
/// nobody knows, or the trim is not one of this file.
fn length_shown(media: &Media, trim: &str) -> Option<Duration> {
    let (from, to) = trim.split_once('-').unwrap_or_default();
    let from: u64 = from.parse().unwrap_or(0);
    let to = to.parse().unwrap_or(media.duration_ms);
    // A trim that was typed to the second may end in the last frame's second.
    let is_within = to <= media.duration_ms.saturating_add(1_000);
    (is_within && from < to.min(media.duration_ms)).then(|| Duration::from_ms(to.min(media.duration_ms) - from))
}

/// Its media say how long it is: a clip, or something of the library.
fn is_timed(kind: CueType) -> bool {
    kind.is_clip() || kind.media() == show_script::kind::Media::Library
}

/// The cue that the scan's clip is, in the note as it is now.
fn place(document: &Document<'_>, clip: &Map<String, Value>) -> Option<usize> {
    let text = |name: &str| clip.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_it = |place: &usize| {
        let cue = document.cues.get(*place);
        cue.is_some_and(|cue| cue.slug() == text("slug") && cue.kind().is_some_and(is_timed))
    };
    let there = clip.get("cue").and_then(Value::as_u64).map(|place| place as usize).filter(is_it);
    there.or_else(|| {
        let id = Some(text("asset_id")).filter(|id| !id.is_empty())?;
        document.cue_by_id(id).map(|(place, _)| place)
    })
}

/// A length is written again only when it is off by a second (specification 8.2 #4).
fn differs(field: &str, now: &str, value: &str) -> bool {
    match (Duration::of(now), Duration::of(value)) {
        (Some(now), Some(value)) if field == "Duration" => now.ms.abs_diff(value.ms) >= 1_000,
        _ => now != value,
    }
}

/// The note as it will be with these edits in it.
fn woven(work: &Work, path: &str, text: &str, edits: &[Edit]) -> String {
    let file = work.in_share(path);
    let ours = work.order.ours.iter().filter(|ours| ours.file == file);
    let ours: Vec<weave::Value> =
        ours.map(|ours| weave::Value { target: ours.target.clone(), value: ours.value.clone() }).collect();
    let layers = [Layer { order: 0, name: "runtime".into(), may_edit: vec!["*".into()], edits: edits.to_vec() }];
    let order = Weave { text, kind: FileKind::of_path(path), layers: &layers, ours: &ours, bindings: &[] };
    weave(&order, &mut |_, _| None).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trimmed_clip_is_as_long_as_what_is_left_of_it() {
        let media = Media { duration_ms: 60_000, ..Media::default() };
        let shown = |trim: &str| length_shown(&media, trim).map(Duration::written);
        for (trim, length) in
            [("", "00:01:00"), ("10000-", "00:00:50"), ("-15500", "00:00:16"), ("5000-60900", "00:00:55")]
        {
            assert_eq!(shown(trim).as_deref(), Some(length), "{trim}");
        }
        for of_another_file in ["61000-", "10498000-10651000", "20000-10000"] {
            assert_eq!(shown(of_another_file), None, "{of_another_file}");
        }
        assert_eq!(length_shown(&Media::default(), ""), None, "nobody knows");
    }
}
