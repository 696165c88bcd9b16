//! A cue as a script shows it: names, words, numbers, and the files behind them.

use super::Input;
use super::model::{CueView, Kind, Media};
use super::numbers::{MediaNumbers, stem, without_number};
use crate::cue::Cue;
use crate::duration::Duration;
use crate::field::is_placeholder;
use crate::html::{decode_entities_fully, picture_url};
use crate::item::attributes;
use crate::kind::{self, CueType};
use crate::path::Resolved;
use crate::quote;

/// Everything that a view needs besides its cue.
pub(super) struct Viewer<'a> {
    pub input: &'a Input<'a>,
    pub numbers: &'a MediaNumbers,
}

impl Viewer<'_> {
    pub(super) fn view(&self, cue: &Cue<'_>) -> CueView {
        let kind = cue.kind();
        let word = kind.map_or_else(|| cue.type_word().trim().to_uppercase(), |kind| kind.word().to_owned());
        let media = self.media(cue, kind);
        let written_slug = if is_placeholder(cue.slug()) { "" } else { cue.slug().trim() };
        let number = self.number(cue, kind, &media, written_slug);
        let slug = number.as_ref().map_or(written_slug, |number| without_number(written_slug, number)).to_owned();
        let text = |name: &str| cue.text(name).map(|text| text.trim().to_owned()).unwrap_or_default();
        let transcript = self.transcript(cue, kind, [written_slug, &slug]);
        CueView {
            kind: kind.map_or(Kind::Header, shape),
            duration: duration(cue, kind),
            outcue: outcue(cue, kind, &transcript),
            quote: quote(cue),
            attribution: attribution(cue),
            caption: if kind == Some(CueType::Img) { text("Caption") } else { String::new() },
            script_text: script_text(cue, kind),
            role: text("Note For").to_uppercase(),
            note: text("Note Text"),
            picture: self.picture(kind, &media),
            thumbnail: self.thumbnail(cue, kind),
            word,
            number,
            slug,
            media,
            transcript,
            reference: false,
        }
    }

    fn media(&self, cue: &Cue<'_>, kind: Option<CueType>) -> Media {
        let Some(kind) = kind.filter(|kind| kind.media() != kind::Media::None) else { return Media::None };
        let written = [cue.value("MediaURL"), cue.value("AssetURL")].into_iter().find(|it| !it.trim().is_empty());
        let (named, found) = match written {
            Some(written) => (written.trim(), self.input.shelf.find(written, kind.media(), cue.slug())),
            None if kind == CueType::Fsq => ("", self.input.shelf.find_quote_picture(cue.slug(), cue.asset_id())),
            // Music may come from a library that no file stands for.
            None if kind.media() == kind::Media::Library => return Media::None,
            None => ("", Resolved::Missing),
        };
        let why = match found {
            Resolved::File { path, .. } => return Media::Found(path),
            Resolved::Pool { path } => return Media::Found(format!("/pool/{path}")),
            _ if is_placeholder(named) && !named.is_empty() => "not processed yet",
            Resolved::Unprocessed => "not processed yet",
            Resolved::Remote { .. } => "lies on the network, which is not asked",
            Resolved::Ambiguous { .. } => "several files fit",
            Resolved::Refused => "points out of the episode",
            Resolved::Missing if kind == CueType::Fsq && named.is_empty() => "no picture yet",
            Resolved::Missing if named.is_empty() => "no file named",
            Resolved::Missing => "file missing",
        };
        Media::Missing { named: named.to_owned(), why }
    }

    /// The Enumerator, else what the media list says of the file, else of the slug.
    fn number(&self, cue: &Cue<'_>, kind: Option<CueType>, media: &Media, slug: &str) -> Option<String> {
        if !kind.is_some_and(CueType::is_numbered) {
            return None;
        }
        if let Some(number) = cue.given("Enumerator") {
            return Some(number.trim().to_owned());
        }
        let file = match media {
            Media::Found(path) => stem(path),
            Media::Missing { named, .. } => stem(named),
            Media::None => "",
        };
        self.numbers.of(file).or_else(|| self.numbers.of(slug)).map(str::to_owned)
    }

    /// From the cue, else from the file of its slug. Enumeration moves no transcript: one may lie there without the number.
    fn transcript(&self, cue: &Cue<'_>, kind: Option<CueType>, slugs: [&str; 2]) -> String {
        if !matches!(kind, Some(CueType::Sot | CueType::Nat | CueType::Pkg | CueType::Vo)) {
            return String::new();
        }
        if let Some(text) = cue.given("Transcription") {
            return decode_entities_fully(text.trim());
        }
        let file = slugs.iter().find_map(|slug| self.input.files.get(&format!("assets/transcripts/{slug}.txt")));
        file.and_then(|bytes| std::str::from_utf8(bytes).ok()).map(|text| text.trim().to_owned()).unwrap_or_default()
    }

    fn picture(&self, kind: Option<CueType>, media: &Media) -> Option<String> {
        match media {
            Media::Found(path) if kind.is_some_and(|kind| shape(kind) == Kind::Picture) => self.embedded(path),
            _ => None,
        }
    }

    fn thumbnail(&self, cue: &Cue<'_>, kind: Option<CueType>) -> Option<String> {
        kind.filter(|kind| kind.is_clip())?;
        let image = cue.content.images.first().and_then(|tag| {
            let source = attributes(*tag).into_iter().find(|it| it.name.text.eq_ignore_ascii_case("src"));
            source.map(|it| it.value.text)
        });
        let mut named = [cue.given("ThumbnailURL"), image].into_iter().flatten();
        named.find_map(|named| match self.input.shelf.find(named, kind::Media::Image, cue.slug()) {
            Resolved::File { path, .. } => self.embedded(&path),
            _ => None,
        })
    }

    /// Only what lies below this episode's `assets/` (5.3 #1).
    fn embedded(&self, path: &str) -> Option<String> {
        let bytes = self.input.files.get(path).filter(|_| path.starts_with("assets/"))?;
        picture_url(bytes)
    }
}

fn shape(kind: CueType) -> Kind {
    match kind {
        CueType::Sot | CueType::Nat | CueType::Pkg => Kind::Clip,
        CueType::Vo => Kind::Voiced,
        CueType::Fsq => Kind::Quote,
        CueType::Gfx | CueType::Img => Kind::Picture,
        CueType::Adlib => Kind::Adlib,
        CueType::Note => Kind::Note,
        _ => Kind::Header,
    }
}

/// `HH:MM:SS` where it can be read, as written where not. An FSQ without one stays on screen as long as its words take.
fn duration(cue: &Cue<'_>, kind: Option<CueType>) -> String {
    match cue.given("Duration") {
        Some(written) => Duration::of(written).map_or_else(|| written.trim().to_owned(), Duration::written),
        None if kind == Some(CueType::Fsq) => match quote::words(cue) {
            0 => String::new(),
            words => quote::screen_time(words).written(),
        },
        None => String::new(),
    }
}

/// The field, else dots and the last five words that were said (7.5 #4).
fn outcue(cue: &Cue<'_>, kind: Option<CueType>, transcript: &str) -> String {
    if !kind.is_some_and(CueType::is_clip) {
        return String::new();
    }
    if let Some(typed) = cue.given("Outcue") {
        return crate::field::strip_quotes(typed).to_owned();
    }
    let words: Vec<&str> = transcript.split_whitespace().collect();
    if words.is_empty() { String::new() } else { format!("...{}", words[words.len().saturating_sub(5)..].join(" ")) }
}

/// The prepared words of a quote.
pub(super) fn quote(cue: &Cue<'_>) -> String {
    if cue.kind() == Some(CueType::Fsq) { quote::text_of(cue) } else { String::new() }
}

/// Without leading dashes and other marks that are no part of a name (4.8 #14).
fn attribution(cue: &Cue<'_>) -> String {
    let field = cue.attribution().filter(|_| cue.kind() == Some(CueType::Fsq));
    let text = field.map(|field| decode_entities_fully(field.value.text)).unwrap_or_default();
    text.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '(' | '"' | '“' | '@' | '#'))
        .trim()
        .to_owned()
}

/// What somebody reads aloud with the cue.
fn script_text(cue: &Cue<'_>, kind: Option<CueType>) -> String {
    let said = |name: &str| cue.given(name).map(|text| decode_entities_fully(text.trim())).unwrap_or_default();
    let wanted = |name: &str| matches!(cue.value(name).trim().to_ascii_lowercase().as_str(), "yes" | "true" | "1");
    match kind {
        Some(CueType::Vo) => said("Script"),
        Some(CueType::Img) if wanted("Include Script Text") => said("Script Text"),
        _ => String::new(),
    }
}
