//! The five stages of an episode, each ready, working, blocked by named things, or not applicable.

use super::Scan;
use crate::check::is_on_time;
use crate::diagnostic::Severity;
use crate::duration::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// No error in an item in production, and no open conflict.
    Rundown,
    /// Both presets are compiled from the present text, without an error box.
    Scripts,
    /// Every clip leads to a file.
    Clips,
    /// Every FSQ and GFX has a picture of its present text.
    Graphics,
    /// The total runtime is within 10 % of the target.
    Timing,
}

impl Stage {
    pub const ALL: [Self; 5] = [Self::Rundown, Self::Scripts, Self::Clips, Self::Graphics, Self::Timing];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    Ready,
    /// A job is running or about to that may change what follows.
    Working,
    Blocked,
    NotApplicable,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageReport {
    pub stage: Stage,
    pub state: StageState,
    /// What stands in the way, by name; why it does not apply; what is being worked on.
    pub because: Vec<Thing>,
}

/// Something that a stage is about, and where a person finds it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Thing {
    /// Does not repeat the place.
    pub text: String,
    /// Below the episode; empty: in no one file.
    pub file: String,
    /// From 1; 0: the file as a whole.
    pub line: u32,
}

impl Thing {
    fn at(file: &str, line: u32, text: String) -> Self {
        Self { text, file: file.to_owned(), line }
    }
}

impl From<String> for Thing {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

/// `text (file:line)`.
impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.file.as_str(), self.line) {
            ("", _) => f.write_str(&self.text),
            (file, 0) => write!(f, "{} ({file})", self.text),
            (file, line) => write!(f, "{} ({file}:{line})", self.text),
        }
    }
}

/// What is known about an episode besides its files: what was made from them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outputs {
    /// By preset.
    pub scripts: BTreeMap<String, Script>,
    /// By graphic: the [words](super::ScanGraphic::words) that stood in its cue when its picture came.
    pub pictured: BTreeMap<String, String>,
    /// The runtime as it was last computed, milliseconds; where nothing is known `info.md` counts.
    pub total_runtime_ms: Option<u64>,
    /// What runs or waits to run for a stage, by name.
    pub working: BTreeMap<Stage, Vec<String>>,
}

/// One compiled script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Script {
    /// Made from the present text.
    pub is_current: bool,
    pub error_boxes: u64,
}

/// Scripts that are always made.
const PRESETS: [&str; 2] = ["host", "production"];

/// All five stages, in their order.
pub fn readiness(scan: &Scan, outputs: &Outputs) -> Vec<StageReport> {
    Stage::ALL.into_iter().map(|stage| report(stage, scan, outputs)).collect()
}

fn report(stage: Stage, scan: &Scan, outputs: &Outputs) -> StageReport {
    let blockers: Result<Vec<Thing>, &str> = match stage {
        Stage::Rundown => Ok(rundown(scan)),
        _ if scan.in_production == 0 => Err("nothing in production"),
        Stage::Clips if scan.clips.iter().all(|clip| !clip.production) => Err("no clips"),
        Stage::Graphics if scan.graphics.is_empty() => Err("no graphics"),
        Stage::Scripts => Ok(scripts(outputs)),
        Stage::Clips => Ok(clips(scan)),
        Stage::Graphics => Ok(graphics(scan, outputs)),
        Stage::Timing => Ok(timing(scan, outputs)),
    };
    let working = outputs.working.get(&stage).filter(|names| !names.is_empty());
    let (state, because) = match (blockers, working) {
        (Err(why), _) => (StageState::NotApplicable, vec![why.to_owned().into()]),
        (Ok(_), Some(names)) => (StageState::Working, names.iter().cloned().map(Thing::from).collect()),
        (Ok(blockers), None) if blockers.is_empty() => (StageState::Ready, blockers),
        (Ok(blockers), None) => (StageState::Blocked, blockers),
    };
    StageReport { stage, state, because }
}

fn rundown(scan: &Scan) -> Vec<Thing> {
    if scan.in_production == 0 {
        return vec!["no item is in production".to_owned().into()];
    }
    let in_production = |file: &str| scan.items.iter().find(|item| item.production && file.ends_with(&item.path));
    let errors = scan.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let errors = errors.filter_map(|found| {
        let item = in_production(found.file.as_deref()?)?;
        Some(Thing::at(&item.path, found.line, format!("{} {}", found.code, found.message)))
    });
    let is_text = |original: &str| original == "info.md" || original.starts_with("rundown/");
    let conflicts = scan.conflicts.iter().filter(|conflict| is_text(&conflict.original));
    errors.chain(conflicts.map(|conflict| Thing::at(&conflict.path, 0, "conflict copy".into()))).collect()
}

fn scripts(outputs: &Outputs) -> Vec<Thing> {
    let one = |preset: &str| match outputs.scripts.get(preset) {
        None => Some(format!("the script {preset} is not compiled yet")),
        Some(script) if !script.is_current => Some(format!("the script {preset} is older than the text")),
        Some(Script { error_boxes: 1, .. }) => Some(format!("the script {preset} has an error box")),
        Some(Script { error_boxes: 0, .. }) => None,
        Some(script) => Some(format!("the script {preset} has {} error boxes", script.error_boxes)),
    };
    PRESETS.into_iter().filter_map(one).map(Thing::from).collect()
}

fn clips(scan: &Scan) -> Vec<Thing> {
    let lost = scan.clips.iter().filter(|clip| clip.production && !clip.resolves);
    let one = |clip: &super::ScanClip| {
        let text = format!("{} {}: {}", clip.cue_type, name(&clip.slug, &clip.id), clip.how);
        Thing::at(&clip.item, clip.line, text)
    };
    lost.map(one).collect()
}

fn graphics(scan: &Scan, outputs: &Outputs) -> Vec<Thing> {
    let one = |graphic: &super::ScanGraphic| {
        let wrong = if graphic.picture.is_empty() {
            "no picture"
        } else if outputs.pictured.get(&graphic.id).is_some_and(|words| *words != graphic.words) {
            "the text was changed after the picture was made"
        } else {
            return None;
        };
        let text = format!("{} {}: {wrong}", graphic.kind, name(&graphic.slug, &graphic.id));
        Some(Thing::at(&graphic.item, graphic.line, text))
    };
    scan.graphics.iter().filter_map(one).collect()
}

fn timing(scan: &Scan, outputs: &Outputs) -> Vec<Thing> {
    let target = Duration::from_ms(scan.duration_ms);
    let runtime = Duration::from_ms(outputs.total_runtime_ms.unwrap_or(scan.total_runtime_ms));
    let off = match (target.ms, runtime.ms) {
        (0, _) => return vec![Thing::at("info.md", 0, "there is no target duration".into())],
        (_, 0) => "the runtime is not computed yet".to_owned(),
        _ if is_on_time(target, runtime) => return Vec::new(),
        _ => format!("the items take {}, the target is {}", runtime.written(), target.written()),
    };
    vec![off.into()]
}

fn name<'n>(slug: &'n str, id: &'n str) -> &'n str {
    if slug.is_empty() { id } else { slug }
}
