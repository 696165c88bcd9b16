//! `result.json`, read as what it is: something that a program wrote.

use super::gather::is_inside;
use crate::attempt::{FileEdits, World};
use crate::steps::protocol;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use serde_json::{Map, Value};
use show_core::{Digest, Edits, Element, Field, FilePath, Order, OrderInput, ProposalFact, Rename};
use show_script::item::Document;
use show_script::settings::Settings;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// A scan of a long episode is some hundred KiB.
const RESULT_BYTES_MAX: u64 = 64 << 20;
const FACTS_MAX: usize = 256;
/// Of all lists together: ten thousand cues in one file are known to have happened.
const ELEMENTS_MAX: usize = 200_000;
const FIELDS_MAX: usize = 64;
/// Names of facts, lists and fields; ids.
const NAME_BYTES_MAX: usize = 200;
/// Longer texts stay in the result, and are no facts or fields.
const TEXT_BYTES_MAX: usize = 4 << 10;
/// Facts and lists together become part of one row.
const INLINE_BYTES_MAX: usize = 32 << 20;
const EDITS_MAX: usize = 50_000;
const PROPOSALS_MAX: usize = 1_000;
/// Each is a move of one publish.
const RENAMES_MAX: usize = 1_000;

type Facts = BTreeMap<String, Field>;
type Lists = BTreeMap<String, Vec<Element>>;

/// The bytes and what they say; no file says nothing.
pub fn read(path: &Path) -> Result<(Option<Vec<u8>>, protocol::Result), String> {
    // Neither through a link nor waiting for the other end of a pipe.
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = match open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(nix::errno::Errno::ENOENT) => return Ok((None, protocol::Result::default())),
        Err(nix::errno::Errno::ELOOP) => return Err("its result.json is a symbolic link".to_owned()),
        Err(cause) => return Err(format!("its result.json cannot be opened: {cause}")),
    };
    let unread = |cause: std::io::Error| format!("its result.json cannot be read: {cause}");
    if !file.metadata().map_err(unread)?.is_file() {
        return Err("its result.json is not a file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(RESULT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > RESULT_BYTES_MAX {
        return Err(format!("its result.json is longer than {} MiB", RESULT_BYTES_MAX >> 20));
    }
    let result = serde_json::from_slice(&bytes).map_err(|cause| format!("its result.json is not a result: {cause}"))?;
    Ok((Some(bytes), result))
}

/// What of the rest is a fact, and what a list.
pub fn facts_and_lists(more: &Map<String, Value>) -> Result<(Facts, Lists), String> {
    let mut facts = Facts::new();
    let mut lists = Lists::new();
    let mut bytes = 0;
    let mut elements = 0;
    for (name, value) in more {
        if name.len() > NAME_BYTES_MAX {
            return Err("its result has a name that is too long".to_owned());
        }
        bytes += name.len();
        if let Some(field) = field(value) {
            bytes += size(&field);
            facts.insert(name.clone(), field);
        } else if let Some(list) = list(name, value)? {
            elements += list.len();
            bytes += list
                .iter()
                .map(|element| element.fields.iter().map(|(n, f)| n.len() + size(f)).sum::<usize>())
                .sum::<usize>();
            lists.insert(name.clone(), list);
        }
        if facts.len() > FACTS_MAX || elements > ELEMENTS_MAX || bytes > INLINE_BYTES_MAX {
            return Err(format!(
                "its result is too much: at most {FACTS_MAX} facts and {ELEMENTS_MAX} elements, {} MiB in all; \
                 split the subject, or list less",
                INLINE_BYTES_MAX >> 20
            ));
        }
    }
    Ok((facts, lists))
}

fn size(field: &Field) -> usize {
    match field {
        Field::Text(text) => text.len() + 8,
        Field::Flag(_) | Field::Number(_) => 8,
    }
}

fn field(value: &Value) -> Option<Field> {
    match value {
        Value::String(text) => (text.len() <= TEXT_BYTES_MAX).then(|| Field::Text(text.clone())),
        Value::Bool(flag) => Some(Field::Flag(*flag)),
        // Keys are made of fields, and a fraction has no one binary form: its text is it.
        Value::Number(number) => Some(number.as_i64().map_or_else(|| Field::Text(number.to_string()), Field::Number)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An array of objects that have ids. `None`: something else, which means nothing to us.
fn list(name: &str, value: &Value) -> Result<Option<Vec<Element>>, String> {
    let Value::Array(values) = value else { return Ok(None) };
    let objects: Option<Vec<_>> = values.iter().map(Value::as_object).collect();
    let Some(objects) = objects.filter(|all| all.is_empty() || all.iter().any(|object| object.contains_key("id")))
    else {
        return Ok(None);
    };
    let mut ids = BTreeSet::new();
    let mut elements = Vec::with_capacity(objects.len());
    for (place, object) in objects.into_iter().enumerate() {
        let id = match object.get("id") {
            Some(Value::String(id)) if !id.is_empty() && id.len() <= NAME_BYTES_MAX => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => return Err(format!("element {} of its list \"{name}\" has no usable id", place + 1)),
        };
        if object.len() > FIELDS_MAX || object.keys().any(|name| name.len() > NAME_BYTES_MAX) {
            return Err(format!(
                "element \"{id}\" of its list \"{name}\" has too many fields, or one with a long name"
            ));
        }
        let fields = object.iter().filter_map(|(name, value)| Some((name.clone(), field(value)?))).collect();
        if !ids.insert(id.clone()) {
            return Err(format!("its list \"{name}\" has two elements \"{id}\""));
        }
        elements.push(Element { id: Arc::from(id), fields });
    }
    Ok(Some(elements))
}

/// Keeps the edits as a blob.
pub fn edits(world: &dyn World, order: &Order, said: Vec<FileEdits>) -> Result<Option<Edits>, String> {
    let said: Vec<FileEdits> = said.into_iter().filter(|file| !file.edits.is_empty()).collect();
    if said.iter().map(|file| file.edits.len()).sum::<usize>() > EDITS_MAX {
        return Err(format!("it makes more than {EDITS_MAX} edits"));
    }
    let mut files = Vec::with_capacity(said.len());
    let mut moves = Vec::new();
    for FileEdits { file, renames: said, .. } in &said {
        let (path, _) = text_input(order, file)?;
        if !said.is_empty() && !order.may_edit.iter().any(|may| may == "renames") {
            return Err(format!("it renames files with {file}, which its step may only propose"));
        }
        moves.extend(renames(order, &path, said)?);
        if files.contains(&path) {
            return Err(format!("it edits {file} in two places of its result"));
        }
        files.push(path);
    }
    if files.is_empty() {
        return Ok(None);
    }
    Ok(Some(Edits { digest: keep(world, &said)?, files, renames: moves }))
}

pub fn proposals(world: &dyn World, order: &Order, said: Vec<protocol::Proposal>) -> Result<Vec<ProposalFact>, String> {
    if said.len() > PROPOSALS_MAX {
        return Err(format!("it makes more than {PROPOSALS_MAX} proposals"));
    }
    said.into_iter()
        .filter(|proposal| !proposal.edits.is_empty())
        .map(|proposal| {
            let (file, base) = text_input(order, &proposal.file)?;
            let renames = renames(order, &file, &proposal.renames)?;
            let edits = FileEdits { file: proposal.file, edits: proposal.edits, renames: Vec::new() };
            let (edits, summary) = (keep(world, &[edits])?, super::line(&proposal.summary));
            // Names of other files are a matter of their own.
            let handed_over = renames.is_empty() && is_handed_over(world, order, &base)?;
            Ok(ProposalFact { file, code: proposal.code, summary, edits, renames, base, handed_over })
        })
        .collect()
}

/// A person handed the note over by its `status`. Only for a step that names the setting is it looked at.
fn is_handed_over(world: &dyn World, order: &Order, text: &Digest) -> Result<bool, String> {
    if !order.settings.contains_key("repair.hand_over") {
        return Ok(false);
    }
    let bytes = world.read_blob(text).map_err(|cause| format!("a text it was given could not be read: {cause}"))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(Settings::read(&order.settings).is_handed_over(&Document::parse(&text)))
}

/// Files are renamed below the subject only, and only where publishing may write.
fn renames(order: &Order, with: &FilePath, said: &[protocol::Rename]) -> Result<Vec<Rename>, String> {
    if said.len() > RENAMES_MAX {
        return Err(format!("it renames more than {RENAMES_MAX} files with one text"));
    }
    let path = |path: &String| {
        let is_below = path.starts_with(&*order.subject.path) && order.subject.path.ends_with('/');
        let path_of = || FilePath { share: order.subject.share, path: path.as_str().into() };
        (is_below && is_inside(path)).then(path_of).ok_or_else(|| format!("{path} is not below {}", order.subject.path))
    };
    said.iter()
        .map(|rename| Ok(Rename { with: with.clone(), from: path(&rename.from)?, to: path(&rename.to)? }))
        .collect()
}

/// Only what a step was given as a text may it edit: an edit says what it expects, so it must have read it.
pub fn text_input(order: &Order, name: &str) -> Result<(FilePath, Digest), String> {
    let found = order.inputs.iter().find_map(|input| match input {
        OrderInput::Text { file, text, .. } if *file.path == *name => Some((file.clone(), *text)),
        _ => None,
    });
    found.ok_or_else(|| format!("it edits {name}, which is none of its texts"))
}

fn keep(world: &dyn World, edits: &[FileEdits]) -> Result<Digest, String> {
    let bytes = serde_json::to_vec(edits).expect("edits are plain data");
    world.keep_blob(&bytes).map_err(|cause| format!("its edits could not be kept: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(json: &str) -> Result<(Facts, Lists), String> {
        let result: protocol::Result = serde_json::from_str(json).map_err(|cause| cause.to_string())?;
        facts_and_lists(&result.more)
    }

    #[test]
    fn plain_values_are_facts_and_objects_with_ids_are_lists() {
        let (facts, lists) = split(
            r#"{"summary":"s","seconds":12,"rate":29.97,"off":true,"title":"t","deep":{"a":1},"nothing":null,
                "clips":[{"id":"a","found":true,"more":[1]},{"id":7}],"empty":[],"rows":[{"x":1}],"words":["a"],
                "diagnostics":[{"id":"not a list"}]}"#,
        )
        .expect("splits");
        let expected: Facts = [
            ("seconds".to_owned(), Field::Number(12)),
            ("rate".to_owned(), Field::Text("29.97".into())),
            ("off".to_owned(), Field::Flag(true)),
            ("title".to_owned(), Field::Text("t".into())),
        ]
        .into();
        assert_eq!(facts, expected);
        assert_eq!(lists.keys().collect::<Vec<_>>(), ["clips", "empty"]);
        let clips: Vec<_> = lists["clips"].iter().map(|clip| (&*clip.id, clip.fields.len())).collect();
        assert_eq!(clips, [("a", 2), ("7", 1)]);
    }

    #[test]
    fn a_note_is_handed_back_under_the_code_by_which_the_core_knows_it() {
        assert_eq!(crate::steps::HAND_BACK, show_core::HAND_BACK);
    }

    #[test]
    fn a_list_is_refused_when_its_elements_cannot_be_told_apart() {
        assert!(split(r#"{"clips":[{"id":"a"},{"id":"a"}]}"#).expect_err("twice").contains("two elements \"a\""));
        assert!(split(r#"{"clips":[{"id":"a"},{}]}"#).expect_err("none").contains("element 2"));
        assert!(split(r#"{"clips":[{"id":""}]}"#).is_err());
    }

    #[test]
    fn too_much_is_too_much() {
        let many: Vec<_> = (0..=ELEMENTS_MAX).map(|id| format!("{{\"id\":{id}}}")).collect();
        assert!(split(&format!("{{\"clips\":[{}]}}", many.join(","))).is_err());
        let facts: Vec<_> = (0..=FACTS_MAX).map(|id| format!("\"f{id}\":1")).collect();
        assert!(split(&format!("{{{}}}", facts.join(","))).is_err());
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        let (facts, _) = split(&format!("{{\"transcript\":\"{long}\"}}")).expect("it stays in the result");
        assert!(facts.is_empty());
    }
}
