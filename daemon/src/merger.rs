//! Merges two texts of one file: picks the ancestor, lets `show-script` put them together, keeps what came out.
//!
//! Of the recorded states of the file the one that is nearest to each side is what that side began from; the older of
//! the two is an ancestor of both. (A base that is too old makes a merge less clean; one that is too new would take the
//! edits in between for taken back.)

use crate::blob::Archive;
use crate::inbox::Inbox;
use crate::words::because;
use show_core::{Ancestor, Digest, Event, Merge, Merged};
use show_publish::Keep;
use std::collections::HashMap;
use std::sync::mpsc::{self, Sender};

/// A longer text is nobody's rundown.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// Passes orders to the thread. Never blocks.
#[derive(Clone)]
pub struct Handle(Sender<Merge>);

impl Handle {
    pub fn merge(&self, order: Merge) {
        // The thread only ends with the driver.
        let _ = self.0.send(order);
    }
}

pub fn start(archive: &Archive, inbox: &Inbox) -> Handle {
    let (sender, orders) = mpsc::channel::<Merge>();
    let (archive, inbox) = (archive.clone(), inbox.clone());
    std::thread::Builder::new()
        .name("merge".into())
        .spawn(move || {
            for order in orders {
                let merged = merge(&archive, &order).unwrap_or_else(|why| Merged::Impossible { why });
                let Merge { copy, ours, theirs, .. } = order;
                if inbox.tell_blocking(Event::Merged { copy, ours, theirs, merged }).is_err() {
                    return;
                }
            }
        })
        .expect("the system has room for a thread");
    Handle(sender)
}

fn merge(archive: &Archive, order: &Merge) -> Result<Merged, String> {
    Ok(match together(archive, order)? {
        (state, show_script::merge::Merge::Clean { text }) => {
            let digest = archive.keep(text.as_bytes(), Keep::Durably).map_err(|cause| because(&cause))?;
            Merged::Clean { digest, size: text.len() as u64, generated_only: state.generated_since }
        }
        (_, show_script::merge::Merge::Conflict { clashes }) => {
            Merged::Unclean { places: u32::try_from(clashes.len()).unwrap_or(u32::MAX) }
        }
    })
}

/// What the two sides come to, and on which state.
///
/// # Errors
/// In words, when a text cannot be read or no state is known that both began from.
pub fn together(archive: &Archive, order: &Merge) -> Result<(Ancestor, show_script::merge::Merge), String> {
    let (ours, theirs) = (read(archive, &order.ours)?, read(archive, &order.theirs)?);
    // A state whose text was not kept can be nobody's ancestor.
    let states = order.bases.iter().filter_map(|state| Some((*state, read(archive, &state.digest).ok()?)));
    let states: Vec<(Ancestor, String)> = states.collect();
    let nearest = |side: &str| {
        let distances = states.iter().enumerate().map(|(place, (_, text))| (distance(side, text), place));
        // Of equally near ones the oldest.
        distances.min().map(|(_, place)| place)
    };
    let (Some(of_ours), Some(of_theirs)) = (nearest(&ours), nearest(&theirs)) else {
        return Err("two people changed it, and no state is known that both began from".to_owned());
    };
    let (state, base) = &states[of_ours.min(of_theirs)];
    Ok((*state, show_script::merge::merge(base, &ours, &theirs)))
}

fn read(archive: &Archive, digest: &Digest) -> Result<String, String> {
    let bytes = archive.read(digest).map_err(|cause| because(&cause))?;
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(format!("two people changed it, and it is too long to merge ({} MiB)", bytes.len() >> 20));
    }
    String::from_utf8(bytes).map_err(|_| "two people changed it, and it is no UTF-8 text".to_owned())
}

/// Lines that one of the texts has and the other has not, wherever they stand.
fn distance(one: &str, other: &str) -> usize {
    let mut lines: HashMap<&str, isize> = HashMap::new();
    one.lines().for_each(|line| *lines.entry(line).or_default() += 1);
    other.lines().for_each(|line| *lines.entry(line).or_default() -= 1);
    lines.values().map(|count| count.unsigned_abs()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use show_core::{FilePath, ShareId};

    fn merged(states: &[&str], ours: &str, theirs: &str) -> Result<String, String> {
        let dir = tempfile::tempdir().expect("a directory");
        let archive = Archive::open(&dir.path().join("blobs")).expect("opens");
        let keep = |text: &str| archive.keep(text.as_bytes(), Keep::Loosely).expect("kept");
        let bases = states.iter().map(|text| Ancestor { digest: keep(text), generated_since: false }).collect();
        let path = |path: &str| FilePath { share: ShareId(0), path: path.into() };
        let (ours, theirs) = (keep(ours), keep(theirs));
        match merge(&archive, &Merge { copy: path("c.md"), original: path("a.md"), ours, theirs, bases })? {
            Merged::Clean { digest, .. } => Ok(String::from_utf8(archive.read(&digest).expect("kept")).expect("UTF-8")),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn an_edit_of_an_old_state_takes_nothing_back_that_came_since() {
        let old = "one\n\ntwo\n\nthree\n";
        let newer = "one\n\ntwo and a half\n\nthree\n";
        let ours = "one\n\ntwo and a half\n\nthree\n\nfour\n";
        let theirs = "zero\n\none\n\ntwo\n\nthree\n";
        let expected = "zero\n\none\n\ntwo and a half\n\nthree\n\nfour\n";
        assert_eq!(merged(&[old, newer], ours, theirs).as_deref(), Ok(expected));
    }

    #[test]
    fn without_an_ancestor_nothing_is_merged() {
        assert!(merged(&[], "one\n", "two\n").is_err());
        assert!(merged(&["one\n"], "two\n", "three\n").is_err());
    }
}
