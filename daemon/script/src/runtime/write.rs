//! Which measured values are written, and where they may not be.

use super::{Exact, Measured, counted};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::duration::{Duration, Reading};
use crate::edit::Edit;
use crate::item::Document;
use crate::kind::CueType;
use crate::quote;

/// What the runtime of an item leads to.
#[derive(Debug, Clone, Default)]
pub struct ItemEdits {
    pub edits: Vec<Edit>,
    pub diagnostics: Vec<Diagnostic>,
    /// What it adds to the episode.
    pub counted: Exact,
}

/// What the runtime of an episode leads to.
#[derive(Debug, Clone, Default)]
pub struct InfoEdits {
    pub edits: Vec<Edit>,
}

/// The item's `duration` where it is ours or empty, and the `Duration` of each FSQ cue that has none. `ours` is the
/// value we last wrote into `duration`, if we did.
pub fn edit_item(document: &Document<'_>, measured: &Measured, ours: Option<&str>) -> ItemEdits {
    let mut out = ItemEdits { edits: quote_durations(document), ..ItemEdits::default() };
    let Some(front) = document.front() else {
        out.counted = counted(measured, None);
        return out;
    };
    let text = front.text("duration").unwrap_or_default();
    let stored = Duration::of(&text);
    // `00:00:00` in any form is what templates write: nobody means it.
    let typed = stored.filter(|duration| duration.ms > 0);
    let is_ours = ours.is_some_and(|ours| ours.trim() == text.trim());
    let is_empty = typed.is_none() && crate::duration::read(&text) != Reading::Unreadable;
    out.counted = counted(measured, typed);
    if !measured.anything {
        return out;
    }
    let value = measured.total().rounded();
    if !differs(value, stored) {
        return out;
    }
    if is_ours || is_empty {
        if front.is_writable() && !front.is_duplicate("duration") {
            out.edits.push(Edit::set_key(document, "duration", value.written()));
        }
    } else if let Some(typed) = typed {
        let span = front.get("duration").map_or(front.inside.span(), |entry| entry.raw.span());
        let message = format!("duration {} was typed, the item runs {}", typed.written(), value.written());
        out.diagnostics.push(
            document
                .diagnostic(span, Code::DurationDiffers, message)
                // A person's plan for an item is no mistake; a clip that is not as long as its cue says is one.
                .with_severity(Severity::Info)
                .with_hint("empty the value to have it measured; the measured one counts in the total"),
        );
    }
    out
}

/// `total_runtime`, which is always ours. `None`: nothing is in production, and nothing is written.
pub fn edit_info(info: &Document<'_>, total: Option<Exact>) -> InfoEdits {
    let mut out = InfoEdits::default();
    let (Some(front), Some(total)) = (info.front(), total) else { return out };
    let stored = front.text("total_runtime").and_then(|text| Duration::of(&text));
    if differs(total.rounded(), stored) && front.is_writable() && !front.is_duplicate("total_runtime") {
        out.edits.push(Edit::set_key(info, "total_runtime", total.rounded().written()));
    }
    out
}

fn quote_durations(document: &Document<'_>) -> Vec<Edit> {
    let cues = document.cues.iter().enumerate().filter(|(_, cue)| cue.kind() == Some(CueType::Fsq));
    cues.filter(|(_, cue)| cue.given("Duration").is_none())
        .filter_map(|(at, cue)| {
            let words = quote::words(cue);
            (words > 0).then(|| Edit::set_field(document, at, "Duration", quote::screen_time(words).written()))
        })
        .collect()
}

/// A value is written only when it differs by a second or more, so that a run without change touches no file.
fn differs(value: Duration, stored: Option<Duration>) -> bool {
    stored.is_none_or(|stored| value.ms.abs_diff(stored.ms) >= 1000)
}
