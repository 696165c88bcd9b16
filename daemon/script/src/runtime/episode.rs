//! The runtime of a whole episode: what a step hands out after one look at it.

use super::{Exact, Rates, edit_info, edit_item, measure};
use crate::diagnostic::Diagnostic;
use crate::duration::Duration;
use crate::edit::Edit;
use crate::item::Document;
use crate::repair::may_be_written;
use crate::rundown::{LeftOut, Rundown};
use serde::{Deserialize, Serialize};

/// What an episode comes to, and what of that is to be written.
#[derive(Debug, Clone, Default)]
pub struct EpisodeRuntime {
    /// By path below the episode, in rundown order, `info.md` last; files without an edit are left out.
    pub edits: Vec<(String, Vec<Edit>)>,
    /// Each names its file below the episode.
    pub diagnostics: Vec<Diagnostic>,
    pub result: RuntimeResult,
}

/// The result as programs read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeResult {
    /// One line for people.
    pub summary: String,
    /// `HH:MM:SS`; empty when nothing is in production.
    pub total_runtime: String,
    pub total_ms: u64,
    /// What people want it to be, `HH:MM:SS`; empty when they do not say.
    pub target: String,
    /// Within 10 % of the target; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_target: Option<bool>,
    /// In production, in order.
    pub items: Vec<ItemRuntime>,
    pub left_out: Vec<LeftOut>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRuntime {
    /// Below the episode; also what a list of elements is told apart by.
    pub id: String,
    pub words: u64,
    /// `HH:MM:SS`, as it counts in the total.
    pub runtime: String,
    pub ms: u64,
    /// Nothing could be measured: the typed duration counts.
    pub typed: bool,
}

/// Measures every item in production and says what is to be written where. `ours(file, target)` is the value that we
/// last wrote, such as for `item.duration`.
pub fn runtime(
    rundown: &Rundown<'_>,
    info: Option<&Document<'_>>,
    rates: &Rates,
    ours: impl Fn(&str, &str) -> Option<String>,
) -> EpisodeRuntime {
    let mut out = EpisodeRuntime::default();
    let mut total = None;
    for file in rundown.in_production() {
        let Some(document) = &file.document else { continue };
        let measured = measure(document, rates);
        let item = edit_item(document, &measured, ours(file.path, "item.duration").as_deref());
        total = Some(total.unwrap_or_default() + item.counted);
        out.result.items.push(ItemRuntime {
            id: file.path.to_owned(),
            words: measured.words,
            runtime: item.counted.rounded().written(),
            ms: item.counted.ms(),
            typed: !measured.anything,
        });
        out.diagnostics.extend(item.diagnostics.into_iter().map(|it| it.in_file(file.path)));
        if !item.edits.is_empty() && may_be_written(document) {
            out.edits.push((file.path.to_owned(), item.edits));
        }
    }
    if let Some(info) = info {
        let edits = edit_info(info, total).edits;
        if !edits.is_empty() && may_be_written(info) {
            out.edits.push(("info.md".into(), edits));
        }
    }
    out.result.left_out = rundown.left_out();
    summarise(&mut out.result, info, total);
    out
}

fn summarise(result: &mut RuntimeResult, info: Option<&Document<'_>>, total: Option<Exact>) {
    let target = info.and_then(Document::front).and_then(|front| front.text("duration"));
    let target = target.and_then(|text| Duration::of(&text)).filter(|target| target.ms > 0);
    result.target = target.map(Duration::written).unwrap_or_default();
    let Some(total) = total else {
        result.summary = "nothing in production".into();
        return;
    };
    result.total_runtime = total.rounded().written();
    result.total_ms = total.ms();
    result.on_target = target.map(|target| total.ms().abs_diff(target.ms) * 10 <= target.ms);
    result.summary = match target {
        Some(target) => format!("{} of {}", result.total_runtime, target.written()),
        None => result.total_runtime.clone(),
    };
}
