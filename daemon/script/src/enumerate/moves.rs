//! Which files move, so that two cues of one file agree and no file is written over another.

use super::{Kept, Numbered, REFERENCES};
use crate::check::Episode;
use crate::listing::{folder_of, name_of, split_extension};
use crate::path::Resolved;
use crate::repair::Rename;
use std::collections::{BTreeMap, BTreeSet};

/// From where to where, siblings too.
#[derive(Debug, Default)]
pub(super) struct Moves {
    to: BTreeMap<String, String>,
    order: Vec<String>,
}

impl Moves {
    pub(super) fn plan(episode: &Episode<'_>, cues: &[Numbered<'_, '_>], kept: &mut Vec<Kept>) -> Self {
        let mut wanted: BTreeMap<String, Group> = BTreeMap::new();
        for cue in cues {
            let mut keep = |why: String| kept.push(Kept { path: cue.path.to_owned(), line: cue.line(), why });
            let mut seen = BTreeSet::new();
            for field in REFERENCES {
                match cue.file(episode, field) {
                    Some(Resolved::File { path, .. }) => {
                        let to = cue.target(&path);
                        if cue.slug().is_empty()
                            || to == path
                            || !seen.insert(path.clone())
                            || wanted.contains_key(&path)
                        {
                            continue;
                        }
                        if path.starts_with("assets/") {
                            wanted.insert(path.clone(), group(episode, &path, &to));
                        } else {
                            keep(format!("{path} is not below assets/ and keeps its name"));
                        }
                    }
                    Some(Resolved::Ambiguous { .. }) => keep(format!("{field} may mean several files")),
                    Some(Resolved::Missing) => keep(format!("{} is not there", cue.cue().value(field))),
                    _ => {}
                }
            }
        }
        let mut moves = Self::default();
        moves.order(episode, wanted, |from, why| {
            let first = cues.iter().find(|cue| {
                REFERENCES
                    .iter()
                    .any(|field| matches!(cue.file(episode, field), Some(Resolved::File { path, .. }) if path == from))
            });
            let (path, line) = first.map_or((from, 1), |cue| (cue.path, cue.line()));
            kept.push(Kept { path: path.to_owned(), line, why });
        });
        moves
    }

    /// Where a file goes, if it does.
    pub(super) fn of(&self, from: &str) -> Option<&str> {
        self.to.get(from).map(String::as_str)
    }

    pub(super) fn renames(&self) -> Vec<Rename> {
        let one = |from: &String| Some(Rename { from: from.clone(), to: self.to.get(from)?.clone() });
        self.order.iter().filter_map(one).collect()
    }

    /// A rename comes after the one that frees its name. What would go over a file that stays, over another rename's
    /// name, or in a circle, stays, and its alpha key with it.
    fn order(
        &mut self,
        episode: &Episode<'_>,
        mut wanted: BTreeMap<String, Group>,
        mut keep: impl FnMut(&str, String),
    ) {
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        wanted.retain(|from, group| {
            let other = group.iter().find_map(|(_, to)| taken.get(&to.to_lowercase()));
            if let Some(other) = other {
                keep(from, format!("{from} and {other} would both be called {}", name_of(&group[0].1)));
                return false;
            }
            taken.extend(group.iter().map(|(_, to)| (to.to_lowercase(), from.clone())));
            true
        });
        let mut there: BTreeMap<String, String> =
            episode.listing.files().map(|(path, _)| (path.to_lowercase(), path.to_owned())).collect();
        loop {
            let free = |group: &Group| {
                group.iter().all(|(from, to)| there.get(&to.to_lowercase()).is_none_or(|other| other == from))
            };
            let Some(next) = wanted.iter().find(|(_, group)| free(group)).map(|(from, _)| from.clone()) else { break };
            for (from, to) in wanted.remove(&next).unwrap_or_default() {
                there.remove(&from.to_lowercase());
                there.insert(to.to_lowercase(), to.clone());
                self.order.push(from.clone());
                self.to.insert(from, to);
            }
        }
        for (from, group) in wanted {
            keep(&from, format!("{from} keeps its name, since {} is another file", group[0].1));
        }
    }
}

/// A file and what moves along with it, from where to where.
type Group = Vec<(String, String)>;

/// The file itself and its alpha key.
fn group(episode: &Episode<'_>, from: &str, to: &str) -> Group {
    let key = |path: &str| {
        let (stem, extension) = split_extension(name_of(path));
        format!("{}{stem}_key{extension}", folder_of(path))
    };
    let own = (from.to_owned(), to.to_owned());
    let keyed = (key(from), key(to));
    let has_key = episode.listing.has_file(&keyed.0);
    std::iter::once(own).chain(has_key.then_some(keyed)).collect()
}
