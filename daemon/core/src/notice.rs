//! Notes in the share that say what waits for people, where they see it: in their editor.
//!
//! `showd/conflicts.md` names conflicts that are left to people, `showd/proposals/SUBJECT.md` what showd would change if
//! it may (what it says and what people tick in it is in `ballot`). They are ours, there only while there is something to
//! say, and say what is so and not when, so that they change only with what they name. One that somebody else made, or
//! changed in anything but its boxes, is left alone.

use crate::ballot::PROPOSALS;
use crate::kind::is_plain;
use crate::settle::File;
use crate::share::Known;
use crate::{Cause, Coordinator, Digest, FilePath, Move, ShareId, Source};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Coordinator {
    /// What is said to people in this share may have to be changed.
    pub(crate) fn mark_notices(&mut self, share: ShareId) {
        self.notices.insert(share);
    }

    pub(crate) fn write_notices(&mut self) {
        for share in core::mem::take(&mut self.notices) {
            let is_ready = self.shares.get(&share).is_some_and(|share| share.known == Known::Ready);
            if !is_ready || self.read_only(share).is_some() {
                continue;
            }
            let ballots = self.ballots(share).into_iter();
            let mut wanted: BTreeMap<String, Option<Said>> =
                ballots.map(|(path, text)| (path, text.map(said))).collect();
            wanted.extend(self.conflict_note(share).map(|text| (CONFLICTS.to_string(), Some(Said::of(text)))));
            let below = |prefix| self.files.below(share, prefix).map(|(file, _)| file).filter(|file| is_plain(file));
            let below = |prefix| below(prefix).map(|file| file.path.to_string());
            let there: Vec<String> = below(PROPOSALS).chain(below(CONFLICTS)).collect();
            for path in there {
                if !wanted.contains_key(&path) {
                    self.write_notice(share, &path, None);
                }
            }
            for (path, text) in wanted {
                if let Some(text) = text {
                    self.write_notice(share, &path, Some(text));
                }
            }
        }
    }

    fn write_notice(&mut self, share: ShareId, path: &str, said: Option<Said>) {
        let file = FilePath { share, path: path.into() };
        if self.is_publishing(&file) || self.ballots.is_being_read(&file) {
            // The end of that marks the share again.
            return;
        }
        let state = self.files.get(&file).filter(|state| state.is_there());
        let current = state.and_then(File::current);
        let is_ours = state.is_some_and(|state| state.by_us().is_some());
        // People's ticks are a person's text: what comes in its place is older than anything they write now.
        let is_ticked = current.is_some_and(|digest| self.ballots.is_ticked(&file, digest));
        // Somebody may have put one of them aside under another name.
        let human = !is_ours && is_ticked && (said.is_some() || self.is_asked_in(&file));
        let base = current.filter(|_| is_ours || human);
        let seen = state.and_then(File::stamp).filter(|_| human);
        let made = match (said, state.is_some(), base) {
            (Some(Said { new, size, source }), false, _) => Move::New { file, new, size, source },
            (Some(Said { new, size, source }), true, Some(base)) if base != new => {
                Move::Replace { file, base, new, size, source, human, seen }
            }
            (None, true, Some(base)) => Move::Remove { file, base, human },
            _ => return,
        };
        let intent = self.new_intent([made].into(), Cause::Notice);
        self.publish_again(intent);
    }

    /// `None`: there is nothing to say.
    fn conflict_note(&self, share: ShareId) -> Option<String> {
        let open = self.conflicts().filter(|conflict| conflict.is_open && conflict.copy.share == share);
        let open = open.map(|conflict| {
            let (note, copy) = (link(&conflict.original), link(&conflict.copy));
            let (why, path) = (conflict.text, &conflict.copy.path);
            format!("- {note}\n  set aside: {copy}\n  {why}\n  `showctl resolve \"{path}\"`\n")
        });
        let open: Vec<String> = open.collect();
        (!open.is_empty()).then(|| format!("{CONFLICTS_HEAD}\n{}", open.join("\n")))
    }
}

/// What a note of ours is to hold.
struct Said {
    new: Digest,
    size: u64,
    source: Source,
}

impl Said {
    fn of(text: String) -> Self {
        let new = Digest(*blake3::hash(text.as_bytes()).as_bytes());
        Self { new, size: text.len() as u64, source: Source::Text(text) }
    }
}

fn said((new, size): (Digest, u64)) -> Said {
    Said { new, size, source: Source::Blob }
}

/// Below the share's root.
pub(crate) const CONFLICTS: &str = "showd/conflicts.md";

const CONFLICTS_HEAD: &str = "# Conflicts

Two devices changed these notes at the same time, and somebody has to decide. Until then nothing is repaired in them.
Compare the two, put what is missing into the note, and delete the copy; or use the command below it on the show's
machine. This note is written by showd and goes away by itself.
";

/// As Obsidian links to notes; other files by their path.
fn link(file: &FilePath) -> String {
    match file.path.strip_suffix(".md") {
        Some(stem) => format!("[[{stem}]]"),
        None => file.path.to_string(),
    }
}
