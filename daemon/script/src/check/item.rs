//! One item: its front matter, its prose, its cues (specification 2.5, 3.2, 3.3, 4.6, 4.8).

use super::front::{common, damage, duration, place};
use super::{Context, cue, read_date};
use crate::diagnostic::{Code, Diagnostic, sort};
use crate::duration::Duration;
use crate::field::is_placeholder;
use crate::front::{Front, Opening};
use crate::id::{IdClass, classify};
use crate::item::{BlockKind, Document, SectionKind};
use crate::legacy;
use crate::listing::name_of;
use crate::repair::untidy;
use crate::rundown::{ItemKind, NamePrefix, Order, name_prefix};
use crate::scrub;
use crate::text::Span;
use std::collections::BTreeMap;

/// An item lasts from ten seconds to two hours.
const ITEM_MIN: Duration = Duration::from_seconds(10);
const ITEM_MAX: Duration = Duration::from_seconds(2 * 3600);

/// A body below this many characters is hardly one.
const BODY_CHARS_MIN: usize = 50;

/// Everything about one file of `rundown/`, by place. A file without front matter is no item; its cues are checked all
/// the same.
pub fn check_item(path: &str, document: &Document<'_>, context: &Context<'_>) -> Vec<Diagnostic> {
    let mut found = document.diagnostics();
    match &document.opening {
        Opening::Front(front) => front_matter(path, document, front, context, &mut found),
        Opening::None => found.push(
            Diagnostic::of_file(Code::NotAnItem, "Markdown without front matter is no item")
                .with_hint("begin it with a line \"---\", keys such as \"status: draft\", and another line \"---\""),
        ),
        Opening::Unterminated(_) => {}
    }
    found.extend(damage(document));
    for at in 0..document.cues.len() {
        cue::check(document, at, context, &mut found);
    }
    for found_here in untidy(document) {
        let at = found_here.splice.begin;
        found.push(document.diagnostic(
            Span::new(at, found_here.splice.end.max(at)),
            Code::CueBlockWhitespace,
            found_here.what,
        ));
    }
    notations(document, context, &mut found);
    prose(document, context, &mut found);
    sort(&mut found);
    found
}

fn front_matter(
    path: &str,
    document: &Document<'_>,
    front: &Front<'_>,
    context: &Context<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let kind = front.given("type").map_or(ItemKind::Segment, |word| ItemKind::parse(&word));
    let missing: Vec<&str> = kind.required_keys().iter().copied().filter(|key| front.given(key).is_none()).collect();
    if !missing.is_empty() {
        let message = format!("missing for the type {}: {}", kind.word(), missing.join(", "));
        found.push(document.diagnostic(place(document, "type"), Code::ItemMissingKey, message));
    }
    common(document, found);
    asset_id(document, front, found);
    order(path, document, front, found);
    length(document, front, found);
    airdate(document, front, context, found);
    let body = document.slice(document.body).text.trim();
    if kind.is_scriptable() {
        let at = Span::new(document.body.begin, document.body.begin);
        if body.is_empty() {
            found.push(document.diagnostic(at, Code::EmptyContent, "the item has no text"));
        } else if body.chars().take(BODY_CHARS_MIN).count() < BODY_CHARS_MIN {
            found.push(document.diagnostic(
                at,
                Code::MinimalContent,
                format!("the item has less than {BODY_CHARS_MIN} characters of text"),
            ));
        }
    }
}

fn asset_id(document: &Document<'_>, front: &Front<'_>, found: &mut Vec<Diagnostic>) {
    let at = place(document, "AssetID");
    match front.given("AssetID") {
        None => {
            let hint = "the step assetid fills it in";
            found.push(document.diagnostic(at, Code::MissingSegmentAssetId, "no AssetID").with_hint(hint));
        }
        Some(id) if classify(&id) == IdClass::Local => {
            let message = format!("\"{}\" is no AssetID", id.trim());
            let hint = "it is kept; empty the key to get a new one";
            found.push(document.diagnostic(at, Code::InvalidSegmentAssetId, message).with_hint(hint));
        }
        Some(_) => {}
    }
}

fn order(path: &str, document: &Document<'_>, front: &Front<'_>, found: &mut Vec<Diagnostic>) {
    let at = place(document, "order");
    let prefix = name_prefix(name_of(path));
    match (Order::of(front), prefix) {
        (Order::Missing, _) => {
            found.push(
                document.diagnostic(at, Code::MissingOrder, "no order").with_hint("it is sorted last: order: 10"),
            );
        }
        (Order::NotANumber(text), _) => {
            let message = format!("order \"{text}\" is not digits only");
            found.push(document.diagnostic(at, Code::OrderNotANumber, message).with_hint("it is sorted last"));
        }
        (Order::Given(order), NamePrefix::Number(number)) if order != number => {
            let message = format!("prefix {number} but order {order}");
            let hint = "the order counts; files are not renamed by themselves";
            found.push(document.diagnostic(at, Code::OrderMismatch, message).with_hint(hint));
        }
        _ => {}
    }
    if prefix == NamePrefix::None {
        let message = format!("the file name \"{}\" has no number", name_of(path));
        found.push(
            document.diagnostic(at, Code::MissingFilenameOrder, message).with_hint("the order counts all the same"),
        );
    }
}

fn length(document: &Document<'_>, front: &Front<'_>, found: &mut Vec<Diagnostic>) {
    let read = duration(document, "duration", found);
    let at = place(document, "duration");
    match read {
        None if front.given("duration").is_none() => {
            let hint = "the step runtime fills it in";
            found.push(document.diagnostic(at, Code::MissingDuration, "no duration").with_hint(hint));
        }
        None => {}
        Some(length) if length.ms == 0 => {
            let hint = "the step runtime fills it in";
            found.push(document.diagnostic(at, Code::ZeroDuration, "the duration is zero").with_hint(hint));
        }
        Some(length) if length < ITEM_MIN => {
            found.push(document.diagnostic(
                at,
                Code::SegmentTooShort,
                format!("{} is shorter than ten seconds", length.written()),
            ));
        }
        Some(length) if length > ITEM_MAX => {
            found.push(document.diagnostic(
                at,
                Code::SegmentTooLong,
                format!("{} is longer than two hours", length.written()),
            ));
        }
        Some(_) => {}
    }
}

fn airdate(document: &Document<'_>, front: &Front<'_>, context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let at = place(document, "airdate");
    match front.given("airdate") {
        None => found.push(document.diagnostic(at, Code::MissingAirdate, "no airdate")),
        Some(text) => match (read_date(&text), context.airdate) {
            (None, _) => {
                let message = format!("\"{}\" is no date", text.trim());
                found.push(
                    document.diagnostic(at, Code::InvalidAirdateFormat, message).with_hint("write it as YYYY-MM-DD"),
                );
            }
            (Some(date), Some(episode)) if date != episode => {
                let message = format!("airs {date}, the episode {episode}");
                found.push(document.diagnostic(at, Code::AirdateMismatch, message));
            }
            _ => {}
        },
    }
}

fn notations(document: &Document<'_>, context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for notation in legacy::find(document) {
        let text = notation.whole.text;
        let diagnostic = match legacy::convert(document, &notation, context.shelf) {
            Ok(conversion) => document
                .diagnostic(notation.whole.span(), Code::LegacyToken, format!("{text} is a cue of an older tool"))
                .with_hint(format!("it is safe to make it a {}, and the step cue_repair does so", conversion.cue.kind)),
            Err(doubt) => document
                .diagnostic(notation.whole.span(), Code::LegacyToken, format!("Invalid cue code {text}"))
                .with_hint(format!("it is printed as it stands: {doubt}")),
        };
        found.push(diagnostic);
    }
}

fn prose(document: &Document<'_>, context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut speakers: BTreeMap<String, (Span, usize)> = BTreeMap::new();
    for block in document.blocks.iter().filter(|block| block.section == SectionKind::Script) {
        let BlockKind::Paragraph(paragraph) = block.kind else { continue };
        if let Some(at) = scrub::unwelcome(paragraph.content.text) {
            let at = paragraph.content.begin + at;
            found.push(
                document
                    .diagnostic(Span::new(at, at + 1), Code::HtmlInProse, "Unwelcome HTML detected")
                    .with_hint("the step cue_repair takes it out and leaves the words"),
            );
        }
        if let Some(speaker) = paragraph.speaker()
            && !is_placeholder(speaker)
            && speaker != "undefined"
            && !context.settings.is_speaker(speaker)
        {
            let span = paragraph.open.map_or(block.span, |open| open.span());
            speakers.entry(speaker.to_owned()).or_insert((span, 0)).1 += 1;
        }
    }
    for (speaker, (span, count)) in speakers {
        let times = if count == 1 { String::new() } else { format!(" ({count} paragraphs)") };
        found.push(
            document
                .diagnostic(span, Code::SpeakerUnknown, format!("nobody is called \"{speaker}\" here{times}"))
                .with_hint("it is kept; add the name to the setting speech.speakers"),
        );
    }
}
