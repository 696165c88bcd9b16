//! A step that comes to another result gets another version, or nobody would run it again.
//!
//! `versions.txt` says of every built-in step, by version, what it made of the example share. A line that is there is never
//! changed by hand: when a step changes, its `VERSION` is raised and a line is added. One that no longer speaks of the
//! present example share may go.

use crate::bench::{Bench, digest, file};
use crate::steps::{Episode, built_in, compile};
use show_core::{Element, Ended, Field, Order, OrderInput};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const KNOWN: &str = include_str!("versions.txt");

#[test]
fn a_step_that_changed_has_another_version() {
    let versions = showd::steps::versions();
    let known: BTreeMap<[&str; 3], &str> = KNOWN
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [step, version, asked, made] => ([step, version, asked], made),
            _ => panic!("not a line of versions.txt: {line}"),
        })
        .collect();
    let (mut changed, mut new) = (BTreeSet::new(), String::new());
    for (step, (asked, made)) in made() {
        let version = versions[step].to_string();
        match known.get(&[step, &version, &asked]) {
            Some(then) if **then == made => {}
            Some(_) => drop(changed.insert(step)),
            None => writeln!(new, "{step} {version} {asked} {made}").expect("a string takes it"),
        }
    }
    assert!(changed.is_empty(), "these come to other results than before: raise their VERSION: {changed:?}");
    assert!(new.is_empty(), "add to daemon/tests/attempts/versions.txt:\n{new}");
    let told: BTreeSet<&str> = known.keys().map(|[step, ..]| *step).collect();
    let unknown: Vec<_> = versions.keys().filter(|step| !told.contains(step.as_str())).collect();
    assert!(unknown.is_empty(), "nothing is known of {unknown:?}: give it something to do here");
}

/// What every step was asked, and what it made of it, as digests.
fn made() -> Vec<(&'static str, (String, String))> {
    let bench = Bench::new();
    let mut all: Vec<(&'static str, Vec<Order>)> = Vec::new();
    let mut job = 0;
    let mut next = || {
        job += 1;
        job
    };
    let [clean, messy] = ["0900", "0901"].map(Episode::of);
    for step in ["scan", "runtime", "enumerate", "renumber", "normalise"] {
        all.push((step, [&clean, &messy].map(|episode| episode.order(&bench, next(), step)).into()));
    }
    all.push(("compile", [&clean, &messy].map(|episode| compile(&bench, episode, next())).into()));
    let quotes = |episode: &Episode, job| {
        let mut order = episode.order(&bench, job, "extract_quotes");
        order.outputs = vec![("quotes".into(), file(&episode.path("assets/quotes/quotes.json")))];
        order
    };
    all.push(("extract_quotes", [&clean, &messy].map(|episode| quotes(episode, next())).into()));
    let notes = |episode: &Episode, step: &str, role: &str, next: &mut dyn FnMut() -> u64| {
        let notes = episode.files.iter().filter(|(below, _)| Episode::is_note(below));
        let one = |(below, bytes): &(String, Vec<u8>)| {
            let mut order = episode.order(&bench, next(), step);
            order.inputs.retain(|input| matches!(input, OrderInput::List { .. }));
            order.inputs.push(bench.text(role, &episode.path(below), &String::from_utf8_lossy(bytes)));
            order
        };
        notes.map(one).collect::<Vec<_>>()
    };
    for (step, role) in [("cue_repair", "item"), ("assetid", "note")] {
        let of_both = [&clean, &messy].map(|episode| notes(episode, step, role, &mut next));
        all.push((step, of_both.concat()));
    }
    let mut sound = built_in(next(), "probe");
    sound.inputs = vec![bench.share_file("source", "episodes/0900/assets/audio/tone.wav", &tone())];
    let mut none = built_in(next(), "probe");
    none.inputs = vec![bench.share_file("source", "episodes/0900/assets/video/list.mp4", b"a shopping list")];
    all.push(("probe", vec![sound, none]));
    let mut picture = built_in(next(), "pictures");
    let fields = [("words".to_owned(), Field::Text("0123456789abcdef".into()))].into();
    picture.element = Some(Element { id: "FSQMSA79Z41P0TW4T".into(), fields });
    all.push(("pictures", vec![picture]));
    all.push(("noop", vec![built_in(next(), "noop")]));

    all.into_iter().map(|(step, orders)| (step, run(&bench, orders))).collect()
}

fn run(bench: &Bench, orders: Vec<Order>) -> (String, String) {
    let (mut asked, mut made) = (String::new(), String::new());
    for mut order in orders {
        order.may_edit = ["cue.*", "item.*", "info.*", "prose", "renames"].map(str::to_owned).into();
        let job = order.job.0;
        let words = serde_json::json!([order.subject.path, order.element, order.inputs, order.outputs, order.settings]);
        writeln!(asked, "{words}").expect("a string takes it");
        bench.start(order);
        let ended = bench.ended(job);
        let words = match ended {
            Ended::Succeeded(it) => serde_json::json!([
                it.with_errors,
                it.result,
                it.facts,
                it.lists,
                it.outputs,
                it.edits,
                it.proposals,
                it.summary
            ]),
            Ended::Unfit { why } => why.into(),
            ended => panic!("{ended:?} {}", bench.printed(job)),
        };
        writeln!(made, "{words}").expect("a string takes it");
    }
    let short =
        |text: &str| digest(text.as_bytes()).0[..8].iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    (short(&asked), short(&made))
}

/// A second of silence, 8 kHz, mono, 16 bit.
fn tone() -> Vec<u8> {
    const BYTES: u32 = 16_000;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + BYTES).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend(BYTES.to_le_bytes());
    bytes.resize(44 + BYTES as usize, 0);
    bytes
}
