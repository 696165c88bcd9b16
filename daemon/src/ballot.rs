//! The notes in which people answer proposals: their text made, and the boxes in them read.
//!
//! The form is `show-script`'s ([`show_script::ballot`]); here texts and edits come from the archive, and the note goes
//! there. A note that people wrote in is a stranger's: too long or no text, and it answers nothing.

use crate::attempt::FileEdits;
use crate::blob::Archive;
use crate::inbox::Inbox;
use crate::words::because;
use show_core::{Digest, Event, FilePath, ProposalEntry, ProposalId, Says, Ticked};
use show_publish::Keep;
use show_script::ballot::{self, Ballot, Entry};
use show_script::edit::Edit;
use show_script::weave::{FileKind, Layer, Weave, weave};
use std::sync::mpsc::{self, Sender};

/// Ours are some hundred KiB, or a few MiB where many files with the longest of names get other ones.
const NOTE_BYTES_MAX: usize = 16 << 20;
/// A note of ours has fewer boxes; in one that was put together by hand the rest says nothing.
const TICKED_MAX: usize = 1_000;

/// Passes orders to the thread. Never blocks.
#[derive(Clone)]
pub struct Handle(Sender<Order>);

enum Order {
    Write { note: FilePath, of: Digest, entries: Vec<ProposalEntry> },
    Read { note: FilePath, digest: Digest },
}

impl Handle {
    pub fn write(&self, note: FilePath, of: Digest, entries: Vec<ProposalEntry>) {
        // The thread only ends with the driver.
        let _ = self.0.send(Order::Write { note, of, entries });
    }

    pub fn read(&self, note: FilePath, digest: Digest) {
        let _ = self.0.send(Order::Read { note, digest });
    }
}

pub fn start(archive: &Archive, inbox: &Inbox) -> Handle {
    let (sender, orders) = mpsc::channel();
    let (archive, inbox) = (archive.clone(), inbox.clone());
    std::thread::Builder::new()
        .name("ballot".into())
        .spawn(move || {
            for order in orders {
                let told = match order {
                    Order::Write { note, of, entries } => {
                        let made = made(&archive, &entries);
                        Event::BallotWritten { note, of, made }
                    }
                    Order::Read { note, digest } => {
                        let (ticked, is_ours) = ticked(&archive, &digest);
                        Event::BallotRead { note, digest, ticked, is_ours }
                    }
                };
                if inbox.tell_blocking(told).is_err() {
                    return;
                }
            }
        })
        .expect("the system has room for a thread");
    Handle(sender)
}

fn made(archive: &Archive, entries: &[ProposalEntry]) -> Result<(Digest, u64), String> {
    let entries: Vec<Entry> = entries.iter().map(|entry| shown(archive, entry)).collect();
    let text = ballot::write(&entries);
    let digest = archive.keep(text.as_bytes(), Keep::Durably).map_err(|cause| because(&cause))?;
    Ok((digest, text.len() as u64))
}

/// One whose text cannot be read is shown without what it would change: its summary says that in words.
fn shown(archive: &Archive, entry: &ProposalEntry) -> Entry {
    let renames = entry.renames.iter().map(|rename| (rename.from.path.to_string(), rename.to.path.to_string()));
    Entry {
        proposal: entry.proposal.0,
        mark: entry.mark.clone(),
        file: entry.file.path.to_string(),
        summary: entry.summary.clone(),
        change: change(archive, &entry.file.path, &entry.base, &entry.edits).ok(),
        renames: renames.collect(),
        undecided: entry.undecided,
    }
}

fn ticked(archive: &Archive, digest: &Digest) -> (Vec<Ticked>, bool) {
    let Ok(bytes) = archive.read(digest) else { return (Vec::new(), false) };
    let text = String::from_utf8(bytes).ok().filter(|text| text.len() <= NOTE_BYTES_MAX);
    let Some(Ballot { answers, is_ours }) = text.map(|text| ballot::read(&text)) else { return (Vec::new(), false) };
    let ticked = answers.into_iter().take(TICKED_MAX).map(|answer| Ticked {
        proposal: ProposalId(answer.proposal),
        mark: answer.mark,
        says: match answer.says {
            ballot::Says::Accept => Says::Accept,
            ballot::Says::Reject => Says::Reject,
            ballot::Says::Both => Says::Both,
        },
    });
    (ticked.collect(), is_ours)
}

/// The text that a proposal was made from, and that text with it.
///
/// # Errors
/// In words, when they cannot be read.
pub fn change(archive: &Archive, path: &str, base: &Digest, edits: &Digest) -> Result<(String, String), String> {
    let base = archive.read(base).map_err(|cause| because(&cause))?;
    let base = String::from_utf8(base).map_err(|_| "it is no text")?;
    let bytes = archive.read(edits).map_err(|cause| because(&cause))?;
    let edits = read_edits(&bytes, path).map_err(|cause| because(&cause))?;
    let layer = Layer { order: 0, name: String::new(), may_edit: vec!["*".into()], edits };
    let asked = Weave { text: &base, kind: FileKind::of_path(path), layers: &[layer], ours: &[], bindings: &[] };
    // A new id is made when the edit is woven in earnest.
    let woven = weave(&asked, &mut |_, prefix| Some(format!("{prefix}00000000000000")));
    Ok((base, woven.text))
}

/// The edits of one file in a blob of edits; a proposal's may also be the bare array of them.
fn read_edits(bytes: &[u8], file: &str) -> serde_json::Result<Vec<Edit>> {
    match serde_json::from_slice::<Vec<FileEdits>>(bytes) {
        Ok(files) => Ok(files.into_iter().filter(|edits| edits.file == file).flat_map(|edits| edits.edits).collect()),
        Err(_) => serde_json::from_slice(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use show_core::ShareId;

    const PATH: &str = "episodes/0900/rundown/10 Tea.md";
    const TEA: &str = "---\nslug: Tea Time\n---\n\nTea.\n";

    fn archive() -> (tempfile::TempDir, Archive) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let archive = Archive::open(&dir.path().join("blobs")).expect("writable");
        (dir, archive)
    }

    fn entry(archive: &Archive, base: Digest) -> ProposalEntry {
        let edits = serde_json::json!([{ "file": PATH, "edits": [
            { "edit": "set-key", "key": "slug", "value": "tea-time", "was": "Tea Time" }] }]);
        ProposalEntry {
            proposal: ProposalId(5),
            mark: "0123abcd".into(),
            file: FilePath { share: ShareId(0), path: PATH.into() },
            base,
            edits: archive.keep(edits.to_string().as_bytes(), Keep::Loosely).expect("writable"),
            renames: Vec::new(),
            summary: "slug becomes tea-time".into(),
            undecided: false,
        }
    }

    #[test]
    fn a_note_shows_what_would_change_and_what_is_ticked_in_it_is_read() {
        let (_dir, archive) = archive();
        let base = archive.keep(TEA.as_bytes(), Keep::Loosely).expect("writable");
        let (digest, size) = made(&archive, &[entry(&archive, base)]).expect("made");
        let text = String::from_utf8(archive.read(&digest).expect("kept")).expect("text");
        assert!(text.contains("\n-slug: Tea Time\n+slug: tea-time\n") && text.len() as u64 == size, "{text}");
        assert_eq!(ticked(&archive, &digest), (Vec::new(), true));
        let by_hand = text.replace("[ ] reject", "[x] reject");
        let digest = archive.keep(by_hand.as_bytes(), Keep::Loosely).expect("writable");
        let says = Ticked { proposal: ProposalId(5), mark: "0123abcd".into(), says: Says::Reject };
        assert_eq!(ticked(&archive, &digest), (vec![says], true));
    }

    #[test]
    fn a_proposal_whose_text_is_gone_is_shown_in_words_and_what_is_no_text_answers_nothing() {
        let (_dir, archive) = archive();
        let (digest, _) = made(&archive, &[entry(&archive, Digest([7; 32]))]).expect("made");
        let text = String::from_utf8(archive.read(&digest).expect("kept")).expect("text");
        assert!(text.contains("slug becomes tea-time") && !text.contains("diff"), "{text}");
        assert_eq!(ticked(&archive, &Digest([7; 32])), (Vec::new(), false));
        let tick = b"- [x] accept ^accept-5-0123abcd\n";
        for bytes in [[tick, &b"\xff\xfe"[..]].concat(), tick.repeat(NOTE_BYTES_MAX / tick.len() + 1)] {
            let digest = archive.keep(&bytes, Keep::Loosely).expect("writable");
            assert_eq!(ticked(&archive, &digest), (Vec::new(), false));
        }
    }
}
