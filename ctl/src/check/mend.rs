//! The safe repairs of what was read, woven into the texts in memory under the loss guard.

use super::ids::Ids;
use super::publish::share_of;
use super::reading::Reading;
use show_script::edit::Edit;
use show_script::item::Document;
use show_script::repair::{Context, mint, repair};
use show_script::weave::{FileKind, Layer, Weave, weave};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A repair may open the way for an id, and an id for nothing more; one round to spare.
const ROUNDS_MAX: usize = 3;

/// A text that was mended.
pub struct Mended {
    /// As it was typed.
    pub name: String,
    pub path: PathBuf,
    pub old: String,
    pub new: String,
    /// What was done to `old` first, for the daemon to do: ids are placeholders, which it fills in itself.
    pub edits: Vec<Edit>,
    /// The loss guard's words, when it refused; `new` is then `old`.
    pub refused: Option<String>,
}

/// Mends what was read, and leaves the mended texts in its place, so that the next check says what is left.
pub fn mend(reading: &mut Reading, now_ms: i64) -> Vec<Mended> {
    let settings = reading.settings().clone();
    let (mut all, mut ids) = (Vec::new(), BTreeMap::new());
    for subject in &mut reading.subjects {
        let shelf = subject.shelf();
        let context = Context { settings: &settings, shelf: shelf.as_ref() };
        for (name, below) in subject.mendable() {
            let path = subject.folder.join(&below);
            let share = share_of(&path).0;
            let ids = ids.entry(share.clone()).or_insert_with(|| Ids::new(share, now_ms));
            let kind = FileKind::of_path(&below);
            let old = subject.text(&below).to_owned();
            let mended = at_rest(name, path, old, kind, &context, ids);
            if let Some(mended) = mended {
                subject.set_text(&below, mended.new.clone());
                all.push(mended);
            }
        }
    }
    all
}

fn at_rest(
    name: String,
    path: PathBuf,
    old: String,
    kind: FileKind,
    context: &Context<'_>,
    ids: &mut Ids,
) -> Option<Mended> {
    let mut mended = Mended { name, path, new: old.clone(), old, edits: Vec::new(), refused: None };
    for round in 0..ROUNDS_MAX {
        let edits = edits(&mended.new, kind, context);
        if edits.is_empty() {
            break;
        }
        let layer = Layer { order: 0, name: "check --fix".into(), may_edit: vec!["*".into()], edits };
        let layers = std::slice::from_ref(&layer);
        let work = Weave { text: &mended.new, kind, layers, ours: &[], bindings: &[] };
        let woven = weave(&work, &mut |_, prefix| ids.make(prefix));
        if round == 0 {
            mended.edits.clone_from(&layer.edits);
        }
        if let Some(refused) = woven.refused {
            mended.refused = Some(refused.why);
            mended.new.clone_from(&mended.old);
            break;
        }
        if woven.text == mended.new {
            break;
        }
        mended.new = woven.text;
    }
    (mended.new != mended.old || mended.refused.is_some()).then_some(mended)
}

/// An episode's sheet has no cues: only its id may be missing.
fn edits(text: &str, kind: FileKind, context: &Context<'_>) -> Vec<Edit> {
    let mut edits = if kind == FileKind::Item { repair(text, context) } else { Vec::new() };
    edits.extend(mint(&Document::parse(text), kind, context));
    edits
}

impl Mended {
    /// What changes, as a unified diff.
    pub fn diff(&self) -> String {
        let diff = similar::TextDiff::from_lines(&self.old, &self.new);
        diff.unified_diff().context_radius(3).header(&self.name, &self.name).to_string()
    }
}
