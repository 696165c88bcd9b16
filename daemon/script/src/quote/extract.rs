//! The quotes of an episode, from its items and transcripts (specification 6.1).

use super::file::{Entry, EntryMetadata, FileMetadata, QuoteFile, Style};
use super::{screen_time, text_of};
use crate::cue::Cue;
use crate::diagnostic::{Code, Diagnostic};
use crate::duration::Duration;
use crate::html::{Line, decode_entities_fully};
use crate::item::Document;
use crate::kind::CueType;
use crate::rundown::RundownFile;
use crate::transcript::Caption;

/// One item, of whatever status, in rundown order.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Below the episode: `rundown/10 Cold Open.md`.
    pub path: &'a str,
    pub document: &'a Document<'a>,
}

impl<'a> Source<'a> {
    /// `None`: the file could not be read.
    pub fn of<'t: 'a>(file: &'a RundownFile<'t>) -> Option<Self> {
        Some(Self { path: file.path, document: file.document.as_ref()? })
    }
}

/// A quote found in a transcript, which a person may take or leave (6.1 #3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Of the transcript, below the episode.
    pub path: String,
    pub text: String,
    pub begin: Duration,
    pub end: Duration,
}

/// What an extraction gives.
#[derive(Debug, Clone)]
pub struct Extracted {
    pub file: QuoteFile,
    /// `None`: nothing but dates would change, and the file is left alone.
    pub json: Option<String>,
    /// `FSQ_MISSING_QUOTE` for each cue that was dropped.
    pub diagnostics: Vec<Diagnostic>,
}

/// `now_ms` is UTC and becomes the date; `previous` is the text of `quotes.json` as it is, if it is.
pub fn extract(
    episode: &str,
    items: &[Source<'_>],
    candidates: &[Candidate],
    previous: Option<&str>,
    now_ms: i64,
) -> Extracted {
    let previous: Option<QuoteFile> = previous.and_then(|text| serde_json::from_str(text).ok());
    let date = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let scene = Scene { episode, date: &date, unix: now_ms.div_euclid(1000), previous: previous.as_ref() };
    let mut quotes = Vec::new();
    let mut diagnostics = Vec::new();
    for item in items {
        for (index, cue) in fsq_cues(item.document).enumerate() {
            match scene.entry(item.path, index + 1, cue) {
                Some(entry) => quotes.push(entry),
                None => diagnostics.push(
                    item.document
                        .diagnostic(cue.span(), Code::FsqMissingQuote, "Missing or empty [Quote]")
                        .with_hint("write the words that shall stand on screen; until then the quote is left out")
                        .in_file(item.path),
                ),
            }
        }
    }
    quotes.extend(candidates.iter().map(|candidate| scene.candidate(candidate)));
    let file = QuoteFile {
        metadata: FileMetadata {
            episode_number: episode.to_owned(),
            extraction_date: date.clone(),
            total_quotes: quotes.len(),
            content_type: "fsq_quotes".into(),
            version: "1.0".into(),
            extractor: "showd".into(),
        },
        quotes,
    };
    let same = previous.is_some_and(|previous| previous.without_dates() == file.without_dates());
    Extracted { json: (!same).then(|| file.json()), file, diagnostics }
}

/// Every one, also of those that somebody put among the notes.
fn fsq_cues<'d, 't>(document: &'d Document<'t>) -> impl Iterator<Item = &'d Cue<'t>> {
    document.cues.iter().filter(|cue| cue.kind() == Some(CueType::Fsq))
}

struct Scene<'a> {
    episode: &'a str,
    date: &'a str,
    unix: i64,
    previous: Option<&'a QuoteFile>,
}

impl Scene<'_> {
    fn entry(&self, path: &str, cue_index: usize, cue: &Cue<'_>) -> Option<Entry> {
        let text = text_of(cue);
        if text.is_empty() {
            return None;
        }
        let words = text.split_whitespace().count() as u64;
        let slug = cue.given("Slug").map_or_else(|| slug_of(&text), str::to_owned);
        let id = Some(cue.asset_id()).filter(|id| !crate::field::is_placeholder(id));
        let id = id.map_or_else(|| self.made_id(path, &slug, &text), str::to_owned);
        let duration = cue.given("Duration").and_then(Duration::of).unwrap_or_else(|| screen_time(words));
        let given = |name: &str| cue.given(name).map(decode_entities_fully);
        let attribution = cue.attribution().map(|field| decode_entities_fully(field.value.text));
        Some(Entry {
            id,
            slug,
            text,
            attribution: attribution.filter(|it| !it.trim().is_empty()).unwrap_or_else(|| "Unknown".into()),
            category: format!("episode_{}/fsq", self.episode),
            tags: self.tags(),
            source_type: "rundown_markdown".into(),
            status: None,
            priority: "normal".into(),
            metadata: EntryMetadata {
                source_file: path.to_owned(),
                cue_index,
                start: None,
                end: None,
                align: cue.align().map_or_else(|| "center".into(), |field| align(field.value.text)),
                part: cue.given("Part").map_or_else(|| "1x1".into(), part),
                word_count: cue.given("WordCount").and_then(|count| count.trim().parse().ok()).unwrap_or(words),
                duration: minutes_seconds(duration),
                extraction_date: self.date.to_owned(),
                style: Style {
                    font_size: given("FontSize"),
                    background_color: given("BackgroundColor"),
                    text_color: given("TextColor"),
                    position: given("Position"),
                    animation: given("Animation"),
                    font_family: given("FontFamily"),
                    attribution_size: given("AttributionSize"),
                    box_height: given("BoxHeight"),
                    box_opacity: given("BoxOpacity"),
                    line_spacing: given("LineSpacing"),
                },
            },
        })
    }

    fn candidate(&self, candidate: &Candidate) -> Entry {
        let words = candidate.text.split_whitespace().count() as u64;
        let slug = slug_of(&candidate.text);
        Entry {
            id: self.made_id(&candidate.path, &slug, &candidate.text),
            slug,
            text: candidate.text.clone(),
            attribution: "Unknown".into(),
            category: format!("episode_{}/fsq", self.episode),
            tags: self.tags(),
            source_type: "transcript".into(),
            status: Some("candidate".into()),
            priority: "normal".into(),
            metadata: EntryMetadata {
                source_file: candidate.path.clone(),
                cue_index: 0,
                start: Some(clock(candidate.begin)),
                end: Some(clock(candidate.end)),
                align: "center".into(),
                part: "1x1".into(),
                word_count: words,
                duration: minutes_seconds(screen_time(words)),
                extraction_date: self.date.to_owned(),
                style: Style::default(),
            },
        }
    }

    fn tags(&self) -> Vec<String> {
        vec!["fsq".into(), "full_screen_quote".into(), format!("episode_{}", self.episode)]
    }

    /// The id of a quote whose cue has none. The time in it is that of its first extraction: an id that changed with
    /// every run would make every run a change.
    fn made_id(&self, path: &str, slug: &str, text: &str) -> String {
        let known = self.previous.and_then(|file| {
            file.quotes.iter().find(|entry| {
                entry.id.starts_with("fsq_")
                    && entry.metadata.source_file == path
                    && entry.slug == slug
                    && entry.text == text
            })
        });
        known.map_or_else(
            || format!("fsq_{}_{}", self.unix, slug.chars().take(10).collect::<String>()),
            |entry| entry.id.clone(),
        )
    }
}

/// The first five words, lower case, without the punctuation around them.
fn slug_of(text: &str) -> String {
    let words = text.split_whitespace().take(5);
    let bare = words.map(|word| word.to_lowercase().trim_matches(|c| ".,!?\";:".contains(c)).to_owned());
    bare.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

fn align(written: &str) -> String {
    match written.trim().to_ascii_lowercase().as_str() {
        "centered" | "" => "center".into(),
        other => other.to_owned(),
    }
}

/// `1x3` as it is; the broken `1of` names no total and is at least its own number.
fn part(written: &str) -> String {
    let written = written.trim();
    match written.to_ascii_lowercase().split_once("of") {
        Some((number, total)) if number.trim().parse::<u32>().is_ok() => {
            let number = number.trim();
            let total = Some(total.trim()).filter(|total| total.parse::<u32>().is_ok()).unwrap_or(number);
            format!("{number}x{total}")
        }
        _ => written.to_owned(),
    }
}

fn minutes_seconds(duration: Duration) -> String {
    let seconds = duration.seconds();
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

fn clock(duration: Duration) -> String {
    let seconds = duration.ms / 1000;
    format!("{:02}:{:02}:{:02}.{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, duration.ms % 1000)
}

/// Passages of a transcript that somebody quotes: between double marks, at least six words, with the times of the
/// captions they stand in.
pub fn candidates(path: &str, captions: &[Caption]) -> Vec<Candidate> {
    const WORDS_MIN: usize = 6;
    let mut text = String::new();
    // Where each caption begins in the joined text.
    let mut starts: Vec<(usize, &Caption)> = Vec::new();
    for caption in captions {
        if !text.is_empty() {
            text.push(' ');
        }
        starts.push((text.len(), caption));
        text.push_str(&Line::literal(&caption.text).plain());
    }
    let at = |offset: usize| starts[starts.partition_point(|(start, _)| *start <= offset).saturating_sub(1)].1;
    let mut found = Vec::new();
    let mut open: Option<usize> = None;
    for (offset, mark) in text.match_indices(['"', '“', '”']) {
        match open.take() {
            Some(begin) => {
                let quote = text[begin..offset].trim();
                if quote.split_whitespace().count() >= WORDS_MIN {
                    let (first, last) = (at(begin), at(offset.saturating_sub(1)));
                    found.push(Candidate {
                        path: path.to_owned(),
                        text: quote.to_owned(),
                        begin: first.begin,
                        end: last.end,
                    });
                }
            }
            None => open = Some(offset + mark.len()),
        }
    }
    found
}
