//! Keys of front matter that both kinds of sheets have.

use crate::diagnostic::{Code, Diagnostic};
use crate::duration::{self, Duration, Reading};
use crate::front::Entry;
use crate::item::Document;
use crate::repair::undefined;
use crate::rundown::Status;
use crate::text::Span;

/// What keeps everybody but a person from writing into a file (specification 4.8 #16).
pub(super) fn damage(document: &Document<'_>) -> Option<Diagnostic> {
    let diagnostic =
        document.diagnostic(undefined(document)?, Code::CueUndefined, "a program wrote \"undefined\" here");
    Some(diagnostic.with_hint(super::UNWRITTEN))
}

/// The bytes of a key's value, or its key where it has none, or the opening fence where there is no such key.
pub(super) fn place(document: &Document<'_>, key: &str) -> Span {
    let Some(front) = document.front() else { return Span::new(document.body.begin, document.body.begin) };
    let of_entry = |entry: &Entry| if entry.raw.is_empty() { entry.key.span() } else { entry.raw.span() };
    front.get(key).map_or(Span::new(front.span.begin, (front.span.begin + 3).min(front.span.end)), of_entry)
}

/// The duration under a key, with what is odd about its text. Nothing when it is absent or cannot be read.
pub(super) fn duration(document: &Document<'_>, key: &str, found: &mut Vec<Diagnostic>) -> Option<Duration> {
    let text = document.front()?.given(key)?;
    match duration::read(&text) {
        Reading::Absent => None,
        Reading::Unreadable => {
            let message = format!("{key} \"{}\" cannot be read", text.trim());
            found.push(
                document
                    .diagnostic(place(document, key), Code::DurationParseError, message)
                    .with_hint("write it as HH:MM:SS"),
            );
            None
        }
        Reading::Given { duration, fourth } => {
            if fourth.is_some() {
                let message = format!("{key} \"{}\" is read as {} s", text.trim(), duration.ms as f64 / 1000.0);
                found.push(document.diagnostic(place(document, key), Code::DurationFourthPart, message));
            }
            Some(duration)
        }
    }
}

/// What may stand in any front matter.
pub(super) fn common(document: &Document<'_>, found: &mut Vec<Diagnostic>) {
    let Some(front) = document.front() else { return };
    let status = Status::of(front);
    if status.is_stage() {
        let message = format!("\"{}\" is a stage of work, not a status", status.written);
        let hint = "the life of a text is draft, approved, production, completed";
        found.push(document.diagnostic(place(document, "status"), Code::StatusIsStage, message).with_hint(hint));
    }
    if let Some(text) = front.given("system_message") {
        let message = format!("another program says: {}", text.lines().next().unwrap_or_default().trim());
        found.push(document.diagnostic(place(document, "system_message"), Code::SystemMessage, message));
    }
}
