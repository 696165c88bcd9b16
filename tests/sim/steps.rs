//! What the simulated steps make of their inputs: a function of the order and the blobs, as real steps are.
//!
//! A note is lines. `t17` is something a person typed, `!17` a malformation that `repair` turns into `t17`, and
//! `=4` the number of lines that `measure` writes as the first line. The page is all notes in order.

use crate::model::Disk;
use show_core::{Edits, Element, Field, FilePath, Finished, Order, OrderInput, Output};
use std::collections::BTreeMap;

/// One edit: replace this line by that one; an empty line to replace means the front.
pub type Edit = (String, String);

pub fn is_broken(line: &str) -> bool {
    line.starts_with('!')
}

pub fn repaired(line: &str) -> String {
    line.replace('!', "t")
}

/// What `measure` wants the first line to be.
pub fn measured(text: &str) -> String {
    format!("={}", text.lines().filter(|line| !line.starts_with('=')).count())
}

/// A text with one layer of edits in it; `None` where an expectation does not hold.
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (expected, new) in edits {
        if expected.is_empty() {
            if lines.first().is_some_and(|line| line.starts_with('=')) {
                return None;
            }
            lines.insert(0, new.clone());
        } else {
            *lines.iter_mut().find(|line| *line == expected)? = new.clone();
        }
    }
    Some(lines.iter().map(|line| format!("{line}\n")).collect())
}

/// The text as all steps together would leave it.
pub fn finished_text(text: &str) -> String {
    let repaired: String = text
        .lines()
        .map(|line| format!("{}\n", if is_broken(line) { repaired(line) } else { line.to_owned() }))
        .collect();
    let body: String = repaired.lines().filter(|line| !line.starts_with('=')).map(|line| format!("{line}\n")).collect();
    format!("{}\n{body}", measured(&repaired))
}

pub fn page(texts: &BTreeMap<String, String>) -> String {
    texts.iter().map(|(path, text)| format!("<{path}>\n{text}")).collect()
}

/// Runs the step of an order. Blobs it makes are kept, as the attempt adapter would.
pub fn run(order: &Order, disk: &mut Disk) -> Finished {
    let texts: BTreeMap<String, String> = order
        .inputs
        .iter()
        .filter_map(|input| match input {
            OrderInput::Text { file, text, .. } => Some((file.path.to_string(), disk.blob(*text).to_owned())),
            _ => None,
        })
        .collect();
    match &*order.node.step {
        "scan" => scan(order, &texts),
        "repair" => edits(&texts, disk, |text| {
            text.lines().filter(|line| is_broken(line)).map(|line| (line.to_owned(), repaired(line))).collect()
        }),
        "measure" => edits(&texts, disk, |text| {
            let now = text.lines().next().filter(|line| line.starts_with('=')).unwrap_or_default().to_owned();
            let new = measured(text);
            if now == new { vec![] } else { vec![(now, new)] }
        }),
        "render" => {
            let page = page(&texts);
            let digest = disk.keep(&page);
            let (role, file) = order.outputs.first().cloned().expect("render has an output");
            let output = Output { role, file, digest, size: page.len() as u64, keep_old_as: None };
            Finished { outputs: vec![output], ..Finished::default() }
        }
        _ => Finished { facts: BTreeMap::from([("seen".into(), Field::Flag(true))]), ..Finished::default() },
    }
}

fn scan(order: &Order, texts: &BTreeMap<String, String>) -> Finished {
    let below = |path: &str| path.strip_prefix(&*order.subject.path).unwrap_or(path).to_owned();
    let element = |path: &str, broken: bool| Element {
        id: below(path).into(),
        fields: BTreeMap::from([("path".into(), Field::Text(below(path))), ("broken".into(), Field::Flag(broken))]),
    };
    let items = texts.iter().map(|(path, text)| element(path, text.lines().any(is_broken))).collect();
    let clips = texts.values().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("clip "));
    let mut clips: Vec<_> = clips.map(|name| element(&format!("clips/{name}"), false)).collect();
    clips.sort_by(|one, other| one.id.cmp(&other.id));
    clips.dedup();
    Finished { lists: BTreeMap::from([("items".into(), items), ("clips".into(), clips)]), ..Finished::default() }
}

fn edits(texts: &BTreeMap<String, String>, disk: &mut Disk, make: impl Fn(&str) -> Vec<Edit>) -> Finished {
    let all: BTreeMap<&String, Vec<Edit>> =
        texts.iter().map(|(path, text)| (path, make(text))).filter(|(_, edits)| !edits.is_empty()).collect();
    if all.is_empty() {
        return Finished::default();
    }
    let files: Vec<FilePath> = all.keys().map(|path| crate::model::path(path)).collect();
    let blob = serde_json::to_string(&all).expect("edits are text");
    let digest = disk.keep(&blob);
    Finished { edits: Some(Edits { digest, files }), ..Finished::default() }
}

/// The edits of a layer for one file.
pub fn layer(disk: &Disk, edits: show_core::Digest, file: &str) -> Vec<Edit> {
    let all: BTreeMap<String, Vec<Edit>> = serde_json::from_str(disk.blob(edits)).expect("we wrote it");
    all.get(file).cloned().unwrap_or_default()
}
