//! The five stages to air: what `show-script` says of the last scan, with what is being worked on and what failed.

use super::super::file::Settling;
use super::{Gathered, list};
use serde_json::Value;
use show_protocol::{DiagnosticView, JobLine, JobState, NamedThing, StageState, StageView, StagesView};
use show_script::diagnostic::Code;
use show_script::duration::Duration;
use show_script::scan::{self, Outputs, Scan, Script, Stage, StageReport};

/// Things named in one stage.
const NAMED_MAX: usize = 10;

/// Steps whose jobs may still change what a stage says.
const fn steps(stage: Stage) -> &'static [&'static str] {
    match stage {
        Stage::Rundown => &["scan", "cue_repair", "assetid", "weave"],
        Stage::Scripts => &["scan", "cue_repair", "runtime", "compile"],
        Stage::Clips => &["scan", "probe", "transcode", "normalise_audio"],
        Stage::Graphics => &["scan", "quote_png", "pictures"],
        Stage::Timing => &["scan", "cue_repair", "probe", "probe_media", "runtime"],
    }
}

pub fn stages(
    episode: &Gathered,
    found: &Value,
    compiled: &Value,
    runtime_ms: Option<u64>,
    diagnostics: &[DiagnosticView],
) -> StagesView {
    let scan: Option<Scan> = serde_json::from_value(found.clone()).ok();
    let reports = scan.map(|scan| scan::readiness(&scan, &outputs(episode, compiled, runtime_ms)));
    let view = |stage: Stage| {
        let report = reports.iter().flatten().find(|report| report.stage == stage);
        settled(stage_view(episode, stage, report), diagnostics)
    };
    StagesView {
        rundown: view(Stage::Rundown),
        scripts: view(Stage::Scripts),
        clips: view(Stage::Clips),
        graphics: view(Stage::Graphics),
        timing: view(Stage::Timing),
    }
}

fn outputs(episode: &Gathered, compiled: &Value, runtime_ms: Option<u64>) -> Outputs {
    let error_boxes = list(compiled, "boxes").len() as u64;
    let in_place = episode.scripts.iter().filter(|script| script.in_place);
    let script = Script { is_current: episode.is_compiled, error_boxes };
    Outputs {
        scripts: in_place.map(|output| (output.role.clone(), script)).collect(),
        pictured: episode.pictured.clone(),
        total_runtime_ms: runtime_ms,
        ..Outputs::default()
    }
}

/// What a clip that has not settled yet keeps from being ready is being worked on, and blocked by nothing else.
fn settled(mut stage: StageView, diagnostics: &[DiagnosticView]) -> StageView {
    let calm: Vec<_> = diagnostics.iter().filter(|one| Settling::is_calm(one)).collect();
    if stage.state != StageState::Blocked || calm.is_empty() {
        return stage;
    }
    // A stage names the line that a cue begins in, a finding the one of its field.
    let begins: Vec<_> = stage.by.iter().map(|thing| (thing.file.clone(), thing.line)).collect();
    let mut waits = 0;
    for thing in &mut stage.by {
        let is_of_it = |one: &&&DiagnosticView| {
            let is_here = |(file, line): &&(Option<String>, Option<u32>)| {
                file.as_deref() == Some(one.file.as_str()) && *line <= Some(one.line)
            };
            thing.file.as_deref() == Some(one.file.as_str())
                && begins.iter().filter(is_here).map(|(_, line)| *line).max() == Some(thing.line)
        };
        let is_missing = thing.text.ends_with(": missing") || thing.text.starts_with(Code::MediaMissing.name());
        if let Some(one) = calm.iter().filter(|_| is_missing).find(is_of_it) {
            thing.text.clone_from(&one.message);
            waits += 1;
        }
    }
    if waits == stage.by.len() && stage.by_total as usize == waits {
        stage.state = StageState::Working;
    }
    stage
}

fn stage_view(episode: &Gathered, stage: Stage, report: Option<&StageReport>) -> StageView {
    let here = || episode.jobs.iter().filter(|job| steps(stage).contains(&job.step.as_str()));
    let failed: Vec<_> = here().filter(|job| job.state == JobState::Failed).map(named).collect();
    let works: Vec<_> = here().filter(|job| job.state != JobState::Failed).map(named).collect();
    let because = |report: &StageReport| -> Vec<NamedThing> {
        report.because.iter().map(|thing| found(thing, &episode.place.path)).collect()
    };
    let (state, things) = match report {
        _ if !failed.is_empty() => {
            let too = report.filter(|report| report.state == scan::StageState::Blocked);
            (StageState::Blocked, failed.into_iter().chain(too.map(because).into_iter().flatten()).collect())
        }
        _ if !works.is_empty() => (StageState::Working, works),
        // What a scan would say may be another thing than what the last one said.
        _ if !episode.is_scanned => (StageState::Working, vec![thing("not scanned yet")]),
        None => (StageState::Blocked, vec![thing("what the last scan said cannot be read")]),
        Some(report) => {
            let state = match report.state {
                scan::StageState::Ready => StageState::Ready,
                scan::StageState::Working => StageState::Working,
                scan::StageState::Blocked => StageState::Blocked,
                scan::StageState::NotApplicable => StageState::NotApplicable,
            };
            (state, because(report))
        }
    };
    let note = match (state, things.as_slice()) {
        (StageState::NotApplicable, [why, ..]) => why.text.clone(),
        _ => String::new(),
    };
    let by_total = super::number(things.len());
    StageView { state, by: things.into_iter().take(NAMED_MAX).collect(), by_total, note }
}

fn thing(text: &str) -> NamedThing {
    NamedThing { text: text.to_owned(), ..NamedThing::default() }
}

/// What a scan names, by its path below the share's root.
fn found(thing: &scan::Thing, episode: &str) -> NamedThing {
    NamedThing {
        text: thing.text.clone(),
        file: (!thing.file.is_empty()).then(|| format!("{episode}{}", thing.file)),
        line: (thing.line > 0).then_some(thing.line),
        job: None,
    }
}

fn named(job: &JobLine) -> NamedThing {
    let element = if job.element.is_empty() { String::new() } else { format!(" {}", job.element) };
    let how = match (job.state, job.percent) {
        (JobState::Running, Some(percent)) => format!("{percent} %"),
        (JobState::Failed, _) => format!("failed: {}", job.message),
        (state, _) if job.message.is_empty() => state.word().to_owned(),
        (state, _) => format!("{}: {}", state.word(), job.message),
    };
    NamedThing { text: format!("{}{element} {how}", job.step), file: None, line: None, job: Some(job.job) }
}

/// `HH:MM:SS` or a number of milliseconds, whichever a result gives.
pub fn runtime_ms(runtime: &Value, compiled: &Value) -> Option<u64> {
    let milliseconds =
        ["total_runtime_ms", "total_ms", "runtime_ms"].iter().find_map(|key| runtime.get(*key)?.as_u64());
    milliseconds.or_else(|| Some(Duration::of(compiled.get("runtime")?.as_str()?)?.ms))
}
