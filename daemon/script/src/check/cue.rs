//! One cue against what its type needs (specification 4.10), and against the malformations of 4.8.

use super::Context;
use crate::cue::Cue;
use crate::diagnostic::{Code, Diagnostic};
use crate::duration::{self, Reading};
use crate::field::{Field, is_placeholder};
use crate::id::IdClass;
use crate::item::{Document, Unterminated};
use crate::kind::CueType;
use crate::repair::quote;
use crate::text::Span;

/// Whether a cue can be used, in the messages of specification 4.10 #1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Each makes the cue invalid: an error box stands in its place in a script.
    pub errors: Vec<(Code, String)>,
    /// An unknown type: its header is printed and nothing stops.
    pub warnings: Vec<(Code, String)>,
}

impl Verdict {
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// The messages of the errors, in their order.
    pub fn messages(&self) -> Vec<&str> {
        self.errors.iter().map(|(_, message)| message.as_str()).collect()
    }
}

pub fn verdict(cue: &Cue<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let kind = cue.kind();
    let mut error = |code, message: &str| verdict.errors.push((code, message.to_owned()));
    if cue.type_word().is_empty() {
        error(Code::CueMissingType, "Missing [Type]");
    }
    if kind.is_none_or(CueType::needs_slug) && cue.given("Slug").is_none() {
        error(Code::CueMissingSlug, "Missing or empty [Slug]");
    }
    if kind.is_none_or(CueType::needs_id) && cue.id_class() == IdClass::Missing {
        error(Code::CueMissingAssetId, "Missing or empty [AssetID]");
    }
    if kind == Some(CueType::Fsq) && cue.text("Quote").is_none_or(|text| text.trim().is_empty()) {
        error(Code::FsqMissingQuote, "Missing or empty [Quote]");
    }
    if kind == Some(CueType::Gfx) && cue.given("MediaURL").or(cue.given("AssetURL")).is_none() {
        error(Code::GfxMissingMedia, "Missing or empty [MediaURL]");
    }
    if kind.is_none() && !cue.type_word().is_empty() {
        verdict.warnings.push((Code::CueTypeUnknown, format!("Invalid [Type: {}]", cue.type_word())));
    }
    verdict
}

/// `<AssetID|unknown> / <TYPE> / <slug|unknown-slug> **VALID**` or `… **INVALID** [message; message]`.
pub fn report_line(cue: &Cue<'_>) -> String {
    let messages = verdict(cue).errors.into_iter().map(|(_, message)| message).collect::<Vec<_>>();
    line(cue.asset_id(), cue.type_word(), cue.slug(), &messages)
}

/// The same for a Begin without an End.
pub fn report_line_unterminated(open: &Unterminated<'_>) -> String {
    let value =
        |name: &str| open.content.fields.iter().find(|field| field.is(name)).map_or("", |field| field.value.text);
    line(value("AssetID"), value("Type"), value("Slug"), &["Missing End Cue".to_owned()])
}

fn line(id: &str, kind: &str, slug: &str, messages: &[String]) -> String {
    let given = |text: &str, or: &str| if is_placeholder(text) { or.to_owned() } else { text.to_owned() };
    let verdict =
        if messages.is_empty() { "**VALID**".to_owned() } else { format!("**INVALID** [{}]", messages.join("; ")) };
    let kind = given(kind, "unknown").to_ascii_uppercase();
    format!("{} / {kind} / {} {verdict}", given(id, "unknown"), given(slug, "unknown-slug"))
}

/// Everything about one cue that takes no other file.
pub(super) fn check(document: &Document<'_>, at: usize, context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let cue = &document.cues[at];
    let begin = cue.begin.span;
    let place = |name: &str| cue.field(name).map_or(begin, value_span);
    let mut add = |span, code, message: String, hint: Option<String>| {
        let diagnostic = document.diagnostic(span, code, message);
        found.push(match hint {
            Some(hint) => diagnostic.with_hint(hint),
            None => diagnostic,
        });
    };
    let verdict = verdict(cue);
    for (code, message) in verdict.errors.into_iter().chain(verdict.warnings) {
        let (span, hint) = match code {
            Code::CueMissingType => (begin, "the type is never guessed; write [Type: …] as the first line".to_owned()),
            Code::CueTypeUnknown => (place("Type"), unknown_type_hint(cue.type_word())),
            Code::CueMissingSlug => (begin, "give it a short name: [Slug: kettle-boils]".to_owned()),
            Code::CueMissingAssetId => (place("AssetID"), "the step assetid gives it one".to_owned()),
            Code::FsqMissingQuote => (place("Quote"), "write the words to be shown: [Quote: \"…\"]".to_owned()),
            _ => (place("MediaURL"), "name the picture: [MediaURL: ../assets/graphics/…]".to_owned()),
        };
        add(span, code, message, Some(hint));
    }
    match cue.id_class() {
        IdClass::Local if cue.kind().is_none_or(CueType::needs_id) => {
            let message = format!("\"{}\" only stands in for an AssetID", cue.asset_id());
            add(
                place("AssetID"),
                Code::CueInvalidAssetId,
                message,
                Some("the step assetid puts one of its own in its place".into()),
            );
        }
        IdClass::Foreign => {
            let message = format!("\"{}\" was made by another program; it is kept", cue.asset_id());
            add(place("AssetID"), Code::AssetIdForeign, message, None);
        }
        _ => {}
    }
    if let Some(slug) = cue.given("Slug")
        && let Some(better) = crate::repair::better_slug(slug)
    {
        add(
            place("Slug"),
            Code::SlugBad,
            format!("\"{slug}\" is no file-safe name"),
            Some(format!("it could be {better}; accepting the proposal renames its media too")),
        );
    }
    quotes(cue, &mut add);
    if cue.kind() == Some(CueType::Sot) && cue.given("Duration").is_none() {
        add(
            place("Duration"),
            Code::SotMissingDuration,
            "Missing or empty [Duration]".into(),
            Some("it counts as 30 s until its file is measured".into()),
        );
    }
    for field in cue.fields().iter().filter(|field| is_time(field)) {
        time(field, &mut add);
    }
    super::media::check(document, cue, context, found);
}

fn unknown_type_hint(word: &str) -> String {
    let near = CueType::ALL.iter().find(|known| {
        let (known, word) = (known.word(), word.to_ascii_uppercase());
        crate::legacy::score::score(known, &word) >= 0.6
    });
    near.map_or("its header is printed, nothing more".to_owned(), |known| {
        format!("is {known} meant? its header is printed, nothing more")
    })
}

fn quotes(cue: &Cue<'_>, add: &mut impl FnMut(Span, Code, String, Option<String>)) {
    if cue.kind() != Some(CueType::Fsq) {
        return;
    }
    let given = cue.attribution().is_some_and(|field| !is_placeholder(field.value.text));
    if let Some(field) = cue.field("Quote").filter(|field| !is_placeholder(field.value.text)) {
        let (raw, span) = (field.value.text, value_span(field));
        if quote::has_escapes(raw) {
            add(span, Code::QuoteEscapes, "the quote holds escapes; they are decoded on reading".into(), None);
        }
        if quote::doubled(raw).is_some() {
            add(
                span,
                Code::QuoteDoubled,
                "two pairs of quotation marks stand around the quote".into(),
                Some("one pair is enough; the marks are not part of what is shown".into()),
            );
        }
        if let Some(split) = quote::attribution_inside(crate::field::strip_quotes(raw)) {
            add(
                span,
                Code::QuoteAttributionInside,
                format!("the quote holds its attribution: {}", split.attribution),
                Some("move it to [Attribution: …]".into()),
            );
        }
    }
    if !given {
        add(
            cue.begin.span,
            Code::FsqMissingAttribution,
            "Missing or empty [Attribution]".into(),
            Some("the quote is shown without a name".into()),
        );
    }
}

fn is_time(field: &Field<'_>) -> bool {
    ["Duration", "TrimStart", "TrimEnd", "OriginalTrimStart", "OriginalTrimEnd"].iter().any(|name| field.is(name))
}

fn time(field: &Field<'_>, add: &mut impl FnMut(Span, Code, String, Option<String>)) {
    let text = field.value.text;
    if is_placeholder(text) {
        return;
    }
    match duration::read(text) {
        Reading::Unreadable => add(
            value_span(field),
            Code::DurationParseError,
            format!("{} \"{text}\" cannot be read", field.name()),
            Some("write it as HH:MM:SS".into()),
        ),
        Reading::Given { duration, fourth: Some(_) } => {
            let seconds = duration.ms as f64 / 1000.0;
            add(
                value_span(field),
                Code::DurationFourthPart,
                format!("{} \"{text}\" is read as {seconds} s", field.name()),
                None,
            );
        }
        Reading::Given { .. } | Reading::Absent => {}
    }
}

/// The value, or the whole field where it is empty.
pub(super) fn value_span(field: &Field<'_>) -> Span {
    if field.value.is_empty() { field.span } else { field.value.span() }
}
