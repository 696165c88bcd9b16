//! Numbering cues and items: what it would change, shown on the files as they lie on disk, and asking for it.

use super::file::unified;
use super::name::{self, Place};
use super::{Answered, Seen, later};
use crate::inbox::{Said, Then};
use show_core::Ask;
use show_protocol::{Answer, ChangeKind, ChangeView, ChangesView, Refusal, RefusalKind};
use show_script::check::Episode;
use show_script::edit::Edit;
use show_script::enumerate::{Plan, enumerate as number, remove_numbers};
use show_script::listing::{Listing, name_of, split_extension};
use show_script::report::Tree;
use show_script::rundown::{NewOrder, normalise as even, renumber as anew};
use show_script::weave::{FileKind, Layer, Weave, weave};
use std::collections::BTreeMap;
use std::path::Path;

/// A longer text is nobody's rundown.
const TEXT_BYTES_MAX: u64 = 64 << 20;

/// Has the pipeline of this name do it.
pub fn apply(seen: &Seen<'_>, pipeline: &str, episode: &str, parameters: BTreeMap<String, String>) -> Answered {
    let place = name::episode(seen, episode)?;
    let subject = name::subject_at(seen, pipeline, &place)?;
    let view = ChangesView {
        share: seen.world.share_name(place.share),
        episode: place.number.clone(),
        text: format!("{pipeline} of episode {} is on its way; files are written when they are quiet", place.number),
        changes: Vec::new(),
        notes: Vec::new(),
        applied: true,
    };
    Ok(Said::Ask(Box::new((Ask::Submit { subject, parameters }, Then::Changes { view: Box::new(view) }))))
}

pub fn enumerate(seen: &Seen<'_>, ask: &show_protocol::ask::Enumerate) -> Answered {
    let remove = ask.remove;
    show(seen, &ask.episode, move |episode| if remove { remove_numbers(episode) } else { number(episode) })
}

pub fn renumber(seen: &Seen<'_>, episode: &str) -> Answered {
    show(seen, episode, |episode| of_orders(episode, anew(&episode.rundown)))
}

pub fn normalise(seen: &Seen<'_>, episode: &str) -> Answered {
    show(seen, episode, |episode| of_orders(episode, even(&episode.rundown)))
}

/// New orders as a plan like that of enumeration.
fn of_orders(episode: &Episode<'_>, orders: Vec<NewOrder>) -> Plan {
    let mut plan = Plan::default();
    for order in orders {
        let file = episode.rundown.files.iter().find(|file| file.path == order.path);
        let Some(document) = file.and_then(|file| file.document.as_ref()) else { continue };
        let edits = vec![Edit::set_key(document, "order", order.order.to_string())];
        plan.files.push(show_script::enumerate::FileEdits { path: order.path, edits });
    }
    plan
}

/// Makes the plan somewhere else, on what lies on disk.
fn show(seen: &Seen<'_>, episode: &str, plan: impl FnOnce(&Episode<'_>) -> Plan + Send + 'static) -> Answered {
    let place = name::episode(seen, episode)?;
    let Some(root) = seen.world.root(place.share) else {
        return Err(Refusal::new(RefusalKind::NotNow, "its share is away", "").into());
    };
    let (folder, share) = (root.join(&*place.path), seen.world.share_name(place.share));
    Ok(later(move |_| {
        let tree = read(&folder, name_of(place.path.trim_end_matches('/')));
        let found = tree.classify();
        let episode = Episode::read(&tree.folder, &tree.listing, &found, |path| tree.text(path));
        let plan = plan(&episode);
        Answer::Changes(view(&place, share, &tree, &plan)).into()
    }))
}

fn view(place: &Place, share: String, tree: &Tree, plan: &Plan) -> ChangesView {
    let full = |path: &str| format!("{}{path}", place.path);
    let mut changes: Vec<ChangeView> = plan
        .renames
        .iter()
        .map(|rename| ChangeView {
            kind: ChangeKind::Rename,
            file: full(&rename.from),
            to: Some(full(&rename.to)),
            diff: None,
        })
        .collect();
    for file in &plan.files {
        let was = tree.text(&file.path).unwrap_or_default();
        let layer = Layer { order: 0, name: String::new(), may_edit: vec!["*".into()], edits: file.edits.clone() };
        let kind = FileKind::of_path(&file.path);
        let woven = weave(&Weave { text: was, kind, layers: &[layer], ours: &[], bindings: &[] }, &mut |_, _| None);
        let path = full(&file.path);
        let diff = Some(unified(&path, was, &woven.text));
        changes.push(ChangeView { kind: ChangeKind::Replace, file: path, to: None, diff });
    }
    let notes = plan.kept.iter().map(|kept| format!("{}:{}: {}", kept.path, kept.line, kept.why)).collect();
    let text = match (plan.files.len(), plan.renames.len()) {
        (0, 0) => "nothing would change".to_owned(),
        (files, renames) => format!("{files} notes would change and {renames} files be renamed"),
    };
    ChangesView { share, episode: place.number.clone(), text, changes, notes, applied: false }
}

/// An episode's folder with the texts of its notes. Hidden folders and links are left alone.
fn read(folder: &Path, name: &str) -> Tree {
    let (mut files, mut texts) = (Vec::new(), BTreeMap::new());
    let mut open = vec![(folder.to_path_buf(), String::new())];
    while let Some((path, below)) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&path) else { continue };
        for entry in entries.flatten() {
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
            let path = format!("{below}{name}");
            if kind.is_dir() && !name.starts_with('.') {
                open.push((entry.path(), format!("{path}/")));
            } else if kind.is_file() {
                let size = entry.metadata().map_or(0, |meta| meta.len());
                let in_rundown = path.strip_prefix("rundown/").is_some_and(|name| !name.contains('/'));
                let is_note = path == "info.md" || (in_rundown && split_extension(&path).1.eq_ignore_ascii_case(".md"));
                if is_note && size <= TEXT_BYTES_MAX {
                    texts.extend(std::fs::read_to_string(entry.path()).ok().map(|text| (path.clone(), text)));
                }
                files.push((path, size));
            }
        }
    }
    Tree { folder: name.to_owned(), listing: Listing::new(files), texts }
}
