//! The five stages of an episode, each ready, working, blocked by named things, or not applicable.

use super::Scan;
use crate::check::is_on_time;
use crate::diagnostic::Severity;
use crate::duration::Duration;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    pub because: Vec<String>,
}

/// What is known about an episode besides its files: what was made from them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outputs {
    /// By preset.
    pub scripts: BTreeMap<String, Script>,
    /// Ids of graphics whose picture was made from another text.
    pub stale_pictures: BTreeSet<String>,
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
    let blockers: Result<Vec<String>, &str> = match stage {
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
        (Err(why), _) => (StageState::NotApplicable, vec![why.to_owned()]),
        (Ok(_), Some(names)) => (StageState::Working, names.clone()),
        (Ok(blockers), None) if blockers.is_empty() => (StageState::Ready, blockers),
        (Ok(blockers), None) => (StageState::Blocked, blockers),
    };
    StageReport { stage, state, because }
}

fn rundown(scan: &Scan) -> Vec<String> {
    if scan.in_production == 0 {
        return vec!["no item is in production".into()];
    }
    let in_production = |file: &str| scan.items.iter().any(|item| item.production && file.ends_with(&item.path));
    let errors = scan.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let errors = errors.filter_map(|found| {
        let file = found.file.as_deref().filter(|file| in_production(file))?;
        Some(format!("{file}:{}: {} {}", found.line, found.code, found.message))
    });
    let is_text = |original: &str| original == "info.md" || original.starts_with("rundown/");
    let conflicts = scan.conflicts.iter().filter(|conflict| is_text(&conflict.original));
    errors.chain(conflicts.map(|conflict| format!("conflict copy {}", conflict.path))).collect()
}

fn scripts(outputs: &Outputs) -> Vec<String> {
    let one = |preset: &str| match outputs.scripts.get(preset) {
        None => Some(format!("the script {preset} is not compiled yet")),
        Some(script) if !script.is_current => Some(format!("the script {preset} is older than the text")),
        Some(Script { error_boxes: 1, .. }) => Some(format!("the script {preset} has an error box")),
        Some(Script { error_boxes: 0, .. }) => None,
        Some(script) => Some(format!("the script {preset} has {} error boxes", script.error_boxes)),
    };
    PRESETS.into_iter().filter_map(one).collect()
}

fn clips(scan: &Scan) -> Vec<String> {
    let lost = scan.clips.iter().filter(|clip| clip.production && !clip.resolves);
    let one = |clip: &super::ScanClip| {
        format!("{} {} in {}: {}", clip.cue_type, name(&clip.slug, &clip.id), clip.item, clip.how)
    };
    lost.map(one).collect()
}

fn graphics(scan: &Scan, outputs: &Outputs) -> Vec<String> {
    let one = |graphic: &super::ScanGraphic| {
        let name = format!("{} {} in {}", graphic.kind, name(&graphic.slug, &graphic.id), graphic.item);
        if graphic.picture.is_empty() {
            Some(format!("{name}: no picture"))
        } else if outputs.stale_pictures.contains(&graphic.id) {
            Some(format!("{name}: the picture shows an older text"))
        } else {
            None
        }
    };
    scan.graphics.iter().filter_map(one).collect()
}

fn timing(scan: &Scan, outputs: &Outputs) -> Vec<String> {
    let target = Duration::from_ms(scan.duration_ms);
    let runtime = Duration::from_ms(outputs.total_runtime_ms.unwrap_or(scan.total_runtime_ms));
    if target.ms == 0 {
        return vec!["info.md has no target duration".into()];
    }
    if runtime.ms == 0 {
        return vec!["the runtime is not computed yet".into()];
    }
    let off = format!("the items take {}, the target is {}", runtime.written(), target.written());
    if is_on_time(target, runtime) { Vec::new() } else { vec![off] }
}

fn name<'n>(slug: &'n str, id: &'n str) -> &'n str {
    if slug.is_empty() { id } else { slug }
}
