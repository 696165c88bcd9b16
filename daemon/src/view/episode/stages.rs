//! The five stages to air, each ready, working, blocked by named things, or not applicable.

use super::{Gathered, list, number, text};
use serde_json::Value;
use show_protocol::{DiagnosticView, JobLine, JobState, NamedThing, Severity, StageState, StageView, StagesView};

/// Things named in one stage.
const NAMED_MAX: usize = 10;
/// The measured runtime may differ from the target by this part of it.
const TIMING_PERCENT: u64 = 10;

pub fn stages(episode: &Gathered, scan: &Value, runtime: &Value, diagnostics: &[DiagnosticView]) -> StagesView {
    StagesView {
        rundown: rundown(episode, scan, diagnostics),
        scripts: scripts(episode),
        clips: found(episode, scan, "clips", "clips", &["probe", "transcode", "normalise_audio"]),
        graphics: found(episode, scan, "graphics", "pictures", &["quote_png"]),
        timing: timing(episode, scan, runtime),
    }
}

fn stage(blocked_by: Vec<NamedThing>, worked_on: Vec<NamedThing>, note: String) -> StageView {
    let (state, things) = match (blocked_by.is_empty(), worked_on.is_empty()) {
        (false, _) => (StageState::Blocked, blocked_by),
        (true, false) => (StageState::Working, worked_on),
        (true, true) => (StageState::Ready, Vec::new()),
    };
    let by_total = number(things.len());
    StageView { state, by: things.into_iter().take(NAMED_MAX).collect(), by_total, note }
}

/// Nobody has looked yet; it comes.
fn not_yet(failed: Vec<NamedThing>, mut works: Vec<NamedThing>, what: &str) -> StageView {
    if works.is_empty() {
        works.push(NamedThing { text: what.to_owned(), ..NamedThing::default() });
    }
    stage(failed, works, String::new())
}

fn not_applicable(note: &str) -> StageView {
    StageView { state: StageState::NotApplicable, note: note.to_owned(), ..StageView::default() }
}

/// Jobs of these steps: what works on the stage, and what failed.
fn jobs(episode: &Gathered, steps: &[&str]) -> (Vec<NamedThing>, Vec<NamedThing>) {
    let (mut works, mut failed) = (Vec::new(), Vec::new());
    for job in episode.jobs.iter().filter(|job| steps.contains(&job.step.as_str())) {
        match job.state {
            JobState::Failed => failed.push(named(job)),
            _ => works.push(named(job)),
        }
    }
    (works, failed)
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

/// No error in items in production, no open conflict.
fn rundown(episode: &Gathered, scan: &Value, diagnostics: &[DiagnosticView]) -> StageView {
    let (works, failed) = jobs(episode, &["scan", "cue_repair", "assetid"]);
    if scan.is_null() {
        return not_yet(failed, works, "not scanned yet");
    }
    let in_production = |file: &str| {
        list(scan, "items").iter().any(|item| {
            file.strip_prefix(&*episode.place.path) == Some(&text(item, "path"))
                && text(item, "status").trim().eq_ignore_ascii_case("production")
        })
    };
    let counts = |one: &&DiagnosticView| {
        one.code == "CONFLICT_COPY" || (one.severity == Severity::Error && in_production(&one.file))
    };
    let thing = |one: &DiagnosticView| NamedThing {
        text: one.code.clone(),
        file: Some(one.file.clone()),
        line: (one.line > 0).then_some(one.line),
        job: None,
    };
    let wrong: Vec<_> = diagnostics.iter().filter(counts).map(thing).chain(failed).collect();
    let items = list(scan, "items")
        .iter()
        .filter(|item| text(item, "status").trim().eq_ignore_ascii_case("production"))
        .count();
    let works = if wrong.is_empty() { works } else { Vec::new() };
    stage(wrong, works, format!("{items} in production"))
}

/// Both presets compiled from the present text, without an error box.
fn scripts(episode: &Gathered) -> StageView {
    let (mut works, mut blocked) = jobs(episode, &["compile", "runtime", "scan"]);
    let Some(action) = episode.actions.get("compile") else {
        if works.is_empty() && blocked.is_empty() {
            works.push(NamedThing { text: "not compiled yet".into(), ..NamedThing::default() });
        }
        return stage(blocked, works, String::new());
    };
    if action.with_errors && works.is_empty() {
        blocked.push(NamedThing { text: "error boxes in the scripts".into(), ..NamedThing::default() });
    }
    if action.outputs.is_empty() && works.is_empty() {
        return not_applicable("nothing in production");
    }
    for script in episode.scripts.iter().filter(|script| !script.in_place) {
        if works.is_empty() {
            let text = "it was changed or removed by somebody".to_owned();
            blocked.push(NamedThing { text, file: Some(script.file.clone()), ..NamedThing::default() });
        }
    }
    if !episode.is_compiled && works.is_empty() && blocked.is_empty() {
        works.push(NamedThing { text: "older than the text".into(), ..NamedThing::default() });
    }
    stage(blocked, works, String::new())
}

/// Every element of a list of the scan has its file.
fn found(episode: &Gathered, scan: &Value, key: &str, what: &str, steps: &[&str]) -> StageView {
    let (works, failed) = jobs(episode, steps);
    let all = list(scan, key);
    if all.is_empty() {
        return if scan.is_null() { not_yet(failed, works, "not scanned yet") } else { not_applicable("") };
    }
    let is_found = |one: &&Value| one.get("found").and_then(Value::as_bool).unwrap_or(false);
    let missing = all.iter().filter(|one| !is_found(one)).map(|one| {
        let (slug, why) = (text(one, "slug"), text(one, "why"));
        let line = one.get("line").and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok());
        NamedThing {
            text: if why.is_empty() { format!("missing: {slug}") } else { format!("{slug}: {why}") },
            file: Some(format!("{}{}", episode.place.path, text(one, "path")))
                .filter(|_| !text(one, "path").is_empty()),
            line,
            job: None,
        }
    });
    let missing: Vec<_> = missing.chain(failed).collect();
    let here = all.iter().filter(is_found).count();
    stage(missing, works, format!("{here} of {} {what}", all.len()))
}

/// The measured runtime is near the target.
fn timing(episode: &Gathered, scan: &Value, runtime: &Value) -> StageView {
    let (works, failed) = jobs(episode, &["runtime", "probe"]);
    let target = scan.get("duration_ms").and_then(Value::as_u64).filter(|ms| *ms > 0);
    let measured = runtime.get("total_ms").and_then(Value::as_u64);
    match (target, measured) {
        (None, _) if scan.is_null() => not_yet(failed, works, "not scanned yet"),
        (None, _) => not_applicable("no target duration"),
        (Some(_), None) => not_yet(failed, works, "not measured yet"),
        (Some(target), Some(measured)) => {
            let mut blocked = failed;
            let off = target.abs_diff(measured);
            let note = format!("{} of {}", clock(measured), clock(target));
            if off * 100 > target * TIMING_PERCENT {
                let word = if measured > target { "over" } else { "under" };
                blocked.push(NamedThing { text: format!("{} {word} the target", clock(off)), ..NamedThing::default() });
            }
            stage(blocked, works, note)
        }
    }
}

/// `HH:MM:SS`, half a second rounded up.
fn clock(ms: u64) -> String {
    let seconds = (ms + 500) / 1_000;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
