//! The cue that a notation stands for (specification 4.6 #9 and #10).

use super::block::{self, Doubt};
use super::source::{self, Match};
use super::token::without_enumeration;
use super::{Form, Notation, Place};
use crate::cue::{NewCue, compose};
use crate::duration::Duration;
use crate::field::strip_quotes;
use crate::item::{BlockKind, Document};
use crate::kind::{CueType, Media};
use crate::path::Shelf;
use crate::slug::sanitise;
use crate::text::{Newline, Span};

/// A notation as a cue: the bytes it takes the place of, whole lines without the last line end, and the cue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    pub span: Span,
    pub cue: NewCue,
}

/// The cue for a notation that stands alone and whose type needs no file, or whose file is beyond doubt. Without a
/// shelf no file is.
pub fn convert(document: &Document<'_>, notation: &Notation<'_>, shelf: Option<&Shelf>) -> Result<Conversion, Doubt> {
    let line = match notation.place {
        Place::Line(line) | Place::Paragraph(line) => line,
        Place::Sentence => return Err("it stands inside a sentence or a tag, where it is a reference"),
    };
    let kind = CueType::parse(notation.token.cue_type).ok_or("it does not say what it is")?;
    if notation.token.form == Form::Open && kind.media() != Media::Video {
        return Err("its closing bracket is missing");
    }
    let below = match notation.place {
        Place::Line(_) => lines_below(document, notation, line.end),
        _ => Vec::new(),
    };
    let texts: Vec<&str> = below.iter().map(|span| &document.text[span.begin..span.end]).collect();
    let mut made = Made::new(kind, notation);
    let lines = match (notation.token.form, kind) {
        (Form::OneLine, _) => made.one_line(notation.token.name).map(|()| 0)?,
        (_, CueType::Fsq) => {
            let quote = block::quote(&texts)?;
            made.set("Quote", &quote.text);
            made.set("Attribution", &quote.attribution);
            quote.lines
        }
        _ if kind.is_clip() => made.clip(&block::clip(&texts)?)?,
        _ => 0,
    };
    made.source(shelf)?;
    let end = lines.checked_sub(1).map_or(line.end, |last| below[last].end);
    let cue = made.finish();
    if kind.needs_slug() && cue.fields.iter().all(|(name, _)| name != "Slug") {
        return Err("its name has no letters for a slug");
    }
    reads_back(&cue)
        .then_some(Conversion { span: Span::new(line.begin, end), cue })
        .ok_or("its text cannot stand in a field")
}

/// A quote or clip block is not longer than this; what has more lines fits no reading.
const LINES_MAX: usize = 100;

/// The lines below a notation, up to where something else than bare text begins.
fn lines_below(document: &Document<'_>, notation: &Notation<'_>, line_end: usize) -> Vec<Span> {
    let bare =
        |at: &usize| matches!(document.blocks[*at].kind, BlockKind::Paragraph(paragraph) if !paragraph.is_tagged());
    let blocks = notation.block..document.blocks.len().min(notation.block + LINES_MAX);
    let last = blocks.take_while(bare).last().unwrap_or(notation.block);
    let end = document.blocks[last].span.end;
    let next_line =
        |at: usize| at + document.text[at..end.max(at)].find('\n').map_or(end.max(at) - at, |length| length + 1);
    let mut at = next_line(line_end);
    let mut lines = Vec::new();
    while at < end && lines.len() < LINES_MAX {
        let next = next_line(at);
        let line = document.text[at..next].trim_end_matches(['\n', '\r']);
        lines.push(Span::new(at, at + line.len()));
        at = next;
    }
    lines
}

/// A cue in the making.
struct Made<'n> {
    kind: CueType,
    name: &'n str,
    title: String,
    fields: Vec<(String, String)>,
    from: &'n str,
}

impl<'n> Made<'n> {
    fn new(kind: CueType, notation: &'n Notation<'_>) -> Self {
        Self { kind, name: notation.token.name, title: String::new(), fields: Vec::new(), from: notation.whole.text }
    }

    /// The first value given counts; empty ones are none.
    fn set(&mut self, field: &str, value: &str) {
        if !value.is_empty() && self.get(field).is_none() {
            self.fields.push((field.to_owned(), value.to_owned()));
        }
    }

    fn get(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    /// `[VO: asset dur]`, `[NAT: desc | dur | ts]`, `[GFX: id "text"]`, `[FSQ: quote | source]`.
    fn one_line(&mut self, text: &'n str) -> Result<(), Doubt> {
        let parts: Vec<&'n str> = text.split('|').map(str::trim).collect();
        match self.kind {
            CueType::Fsq => {
                let [quote, rest @ ..] = parts.as_slice() else { return Err("it is empty") };
                if rest.len() > 1 {
                    return Err("it has more parts than a quote and its source");
                }
                self.set("Quote", strip_quotes(quote));
                self.set("Attribution", rest.first().copied().unwrap_or_default());
                self.name = first_words(strip_quotes(quote));
            }
            CueType::Gfx => {
                let (id, words) = text.split_once('"').unwrap_or((text, ""));
                self.name = id.trim();
                self.set("Title", words.strip_suffix('"').unwrap_or(words).trim());
            }
            CueType::Vo => {
                let (asset, last) = text.rsplit_once(char::is_whitespace).unwrap_or((text, ""));
                let duration = Duration::of(last).filter(|_| last.contains(':'));
                self.name = if duration.is_some() { asset.trim() } else { text };
                self.set("Duration", &duration.map(Duration::written).unwrap_or_default());
            }
            _ => {
                if parts.len() > 3 {
                    return Err("it has more parts than a title, a duration and a time");
                }
                self.name = parts[0];
                for (field, part) in ["Duration", "TrimStart"].into_iter().zip(&parts[1..]) {
                    let read = Duration::of(part).ok_or("a time in it cannot be read")?;
                    self.set(field, &read.written());
                }
            }
        }
        Ok(())
    }

    fn clip(&mut self, clip: &block::Clip) -> Result<usize, Doubt> {
        self.set("TrimStart", &clip.trim_start);
        self.set("Incue", &clip.incue);
        self.set("TrimEnd", &clip.trim_end);
        self.set("Outcue", &clip.outcue);
        self.set("Title", &clip.title);
        self.set("Description", &clip.description);
        if let (Some(from), Some(to)) = (Duration::of(&clip.trim_start), Duration::of(&clip.trim_end)) {
            let length = to.ms.checked_sub(from.ms).filter(|ms| *ms > 0).ok_or("it ends before it begins")?;
            self.set("Duration", &Duration::from_ms(length).written());
        }
        self.title.clone_from(&clip.title);
        Ok(clip.lines)
    }

    /// The file, for types that cannot do without.
    fn source(&mut self, shelf: Option<&Shelf>) -> Result<(), Doubt> {
        let media = self.kind.media();
        if !matches!(media, Media::Video | Media::Library) {
            return Ok(());
        }
        let shelf = shelf.ok_or("its file can only be looked for in an episode")?;
        let names = [self.name, without_enumeration(self.name), &self.title];
        match source::find(shelf, media, &names) {
            Match::One(path) => self.set("MediaURL", &format!("../{path}")),
            Match::Offered(files) if files.is_empty() => return Err("no file of that name is there"),
            Match::Offered(_) => return Err("several files might be meant, or one that is not called quite so"),
        }
        Ok(())
    }

    fn finish(mut self) -> NewCue {
        let slug = sanitise(without_enumeration(self.name));
        self.set("Slug", &slug);
        if let Some(prefix) = self.kind.prefix() {
            self.set("AssetID", &format!("{{{{new-id:{prefix}}}}}"));
        }
        if self.kind == CueType::Note {
            self.set("Note For", "unknown");
            let text = self.name;
            self.set("Note Text", text);
        }
        if let Some(seconds) = self.default_seconds() {
            self.set("Duration", &Duration::from_seconds(seconds).written());
        }
        let from = self.from;
        self.set("ConvertedFrom", from);
        NewCue { kind: self.kind, fields: self.fields, images: Vec::new() }
    }

    /// The default of the type; a quote's by its words (specification 6.1 #2).
    fn default_seconds(&self) -> Option<u64> {
        let words = self.get("Quote").map(|quote| quote.split_whitespace().count() as u64);
        words.map(|words| (words * 60 / 120).max(3)).or(self.kind.default_seconds())
    }
}

/// The first five words: what a quote without a slug is called (specification 6.1 #2).
fn first_words(text: &str) -> &str {
    let end =
        text.match_indices(char::is_whitespace).filter(|(at, _)| !text[..*at].ends_with(char::is_whitespace)).nth(4);
    end.map_or(text, |(at, _)| &text[..at])
}

/// Whether the cue, once written, is read as what it is.
fn reads_back(cue: &NewCue) -> bool {
    let text = compose(cue, Newline::Lf);
    let document = Document::parse(&text);
    let [read] = document.cues.as_slice() else { return false };
    let same = |(name, value): &(String, String)| read.text(name).is_some_and(|text| text == value.as_str());
    document.blocks.len() == 1
        && read.content.junk.is_empty()
        && read.content.images.is_empty()
        && read.fields().len() == cue.fields.len() + 1
        && cue.fields.iter().filter(|(name, _)| name != "AssetID").all(same)
}
