//! The pipelines that the simulated show runs on: small, and with one of everything.

use crate::planted::Planted;
use show_core::{Digest, Input, Pipeline, Pool, Retry, Rules, ShareRules, Step, Work};
use std::collections::BTreeMap;

pub const QUIET_MS: u64 = 60_000;
pub const SETTLE_MS: u64 = 1_000;
pub const SCAN_MS: u64 = 15 * 60_000;
pub const LOCK_MS: u64 = 600_000;
pub const CPU: u32 = 2;

/// The rules as they are, or as a planted bug would have the core believe.
pub fn rules(planted: Option<Planted>) -> Rules {
    let quiet_ms = if planted == Some(Planted::QuietIgnored) { 0 } else { QUIET_MS };
    let mut pipelines = vec![show(quiet_ms), asked()];
    if planted == Some(Planted::NeedsForgotten) {
        for step in pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.steps) {
            step.after.append(&mut step.needs);
        }
    }
    Rules {
        shares: vec![ShareRules { name: "show".into(), read_only: false }],
        pipelines,
        pools: vec![Pool { name: "cpu".into(), capacity: CPU }, Pool { name: "gpu".into(), capacity: 1 }],
        settings: BTreeMap::from([("rate".into(), "150".into())]),
        tools: vec!["probe".into()],
        builtins: BTreeMap::from([
            ("scan".into(), 1),
            ("repair".into(), 1),
            ("measure".into(), 1),
            ("render".into(), 1),
        ]),
        grace_ms: 5_000,
        builds_kept_max: 3,
        scan_ms: if planted == Some(Planted::LostEventWithoutRescan) { 0 } else { SCAN_MS },
        lock_ms_max: LOCK_MS,
    }
}

/// scan → repair of each item → measure → render; probe of each clip; and a step that is not built.
fn show(quiet_ms: u64) -> Pipeline {
    let steps = vec![
        Step { inputs: inputs([("notes", text("*.md")), ("names", Input::List("**".into()))]), ..step("scan") },
        Step {
            map: "scan.items".into(),
            needs: vec!["scan".into()],
            when: "item.broken".into(),
            inputs: inputs([("note", text("{item.path}"))]),
            edits: vec!["prose".into()],
            ..step("repair")
        },
        Step {
            map: "scan.clips".into(),
            needs: vec!["scan".into()],
            inputs: inputs([("source", Input::File("{clip.path}".into()))]),
            tools: vec!["probe".into()],
            pools: BTreeMap::from([("gpu".into(), 1)]),
            ..program("probe")
        },
        Step {
            needs: vec!["repair".into()],
            after: vec!["probe".into(), "unbuilt".into()],
            inputs: inputs([("notes", text("*.md"))]),
            settings: vec!["rate".into()],
            edits: vec!["item.duration".into()],
            ..step("measure")
        },
        Step { needs: vec!["scan".into()], ..step("unbuilt") },
        Step {
            needs: vec!["measure".into()],
            after: vec!["probe".into()],
            inputs: inputs([("notes", text("*.md"))]),
            outputs: BTreeMap::from([("page".into(), "out/page.html".into())]),
            ..step("render")
        },
    ];
    Pipeline { on: vec!["*.md".into(), "clips/*".into()], steps, ..pipeline("show", quiet_ms) }
}

/// On submission only: one program that takes its time and a slot, and one that needs it.
fn asked() -> Pipeline {
    let steps = vec![
        Step { retry: Retry { tries_max: 1, wait_ms: 1, wait_ms_max: 1 }, ..program("first") },
        Step { needs: vec!["first".into()], ..program("second") },
    ];
    Pipeline { steps, ..pipeline("asked", QUIET_MS) }
}

fn pipeline(name: &str, quiet_ms: u64) -> Pipeline {
    Pipeline {
        name: name.into(),
        subject: "ep/{n:digits}/".into(),
        on: vec![],
        steps: vec![],
        settle_text_ms: SETTLE_MS,
        settle_text_ms_max: 10 * SETTLE_MS,
        settle_media_ms: 3 * SETTLE_MS,
        quiet_ms,
        due: String::new(),
        digest: Digest([7; 32]),
    }
}

fn step(name: &str) -> Step {
    Step {
        name: name.into(),
        work: Work::BuiltIn(name.into()),
        map: String::new(),
        key: vec![],
        needs: vec![],
        after: vec![],
        when: String::new(),
        inputs: BTreeMap::new(),
        settings: vec![],
        tools: vec![],
        outputs: BTreeMap::new(),
        edits: vec![],
        pools: BTreeMap::from([("cpu".into(), 1)]),
        timeout_ms: 60_000,
        retry: Retry { tries_max: 3, wait_ms: 1_000, wait_ms_max: 30_000 },
        network: false,
        reads: vec![],
        version: String::new(),
    }
}

fn program(name: &str) -> Step {
    Step { work: Work::Program(vec![name.into()]), ..step(name) }
}

fn text(pattern: &str) -> Input {
    Input::Text(pattern.into())
}

fn inputs<const N: usize>(named: [(&str, Input); N]) -> BTreeMap<String, Input> {
    named.into_iter().map(|(role, input)| (role.to_owned(), input)).collect()
}
