//! Notes in the share that say what waits for people, where they see it: in their editor.
//!
//! `showd/conflicts.md` names conflicts that are left to people, `showd/proposals/SUBJECT.md` what showd would change if
//! it may. They are ours alone, there only while there is something to say, and say what is so and not when, so that
//! they change only with what they name. One that somebody else made or changed is left alone.

use crate::settle::File;
use crate::share::Known;
use crate::{Cause, Coordinator, Digest, FilePath, Move, ProposalRow, ProposalState, ShareId, Source};
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
            let mut wanted = self.proposal_notes(share);
            wanted.extend(self.conflict_note(share).map(|text| (CONFLICTS.to_string(), text)));
            let below = |prefix| self.files.below(share, prefix).map(|(file, _)| file.path.to_string());
            let there: Vec<String> = below(PROPOSALS).chain(below(CONFLICTS)).collect();
            for path in there {
                if !wanted.contains_key(&path) {
                    self.write_notice(share, &path, None);
                }
            }
            for (path, text) in wanted {
                self.write_notice(share, &path, Some(text));
            }
        }
    }

    fn write_notice(&mut self, share: ShareId, path: &str, text: Option<String>) {
        let file = FilePath { share, path: path.into() };
        if self.is_publishing(&file) {
            // Its end marks the share again.
            return;
        }
        let state = self.files.get(&file).filter(|state| state.is_there());
        let ours = state.filter(|state| state.by_us().is_some()).and_then(File::current);
        let made = match (text, state.is_some(), ours) {
            (Some(text), false, _) => {
                let (new, size) = (digest(&text), text.len() as u64);
                Move::New { file, new, size, source: Source::Text(text) }
            }
            (Some(text), true, Some(base)) if base != digest(&text) => {
                let (new, size) = (digest(&text), text.len() as u64);
                Move::Replace { file, base, new, size, source: Source::Text(text), human: false, seen: None }
            }
            (None, true, Some(base)) => Move::Remove { file, base, human: false },
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

    /// By path, one for each subject.
    fn proposal_notes(&self, share: ShareId) -> BTreeMap<String, String> {
        let mut open: BTreeMap<String, Vec<&ProposalRow>> = BTreeMap::new();
        for row in self.proposals.values().filter(|row| row.file.share == share && row.state == ProposalState::Open) {
            let subject = row.subject.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            open.entry(format!("{PROPOSALS}{subject}.md")).or_default().push(row);
        }
        let note = |rows: Vec<&ProposalRow>| {
            let mut rows = rows;
            rows.sort_by(|one, other| (&one.file, one.id).cmp(&(&other.file, other.id)));
            let lines = rows.iter().map(|row| {
                let (note, summary, id) = (link(&row.file), &row.summary, row.id);
                format!("- {note}\n  {summary}\n  `showctl accept {id}` or `showctl reject {id}`\n")
            });
            format!("{PROPOSALS_HEAD}\n{}", lines.collect::<Vec<_>>().join("\n"))
        };
        open.into_iter().map(|(path, rows)| (path, note(rows))).collect()
    }
}

/// Below the share's root.
const CONFLICTS: &str = "showd/conflicts.md";
const PROPOSALS: &str = "showd/proposals/";

const CONFLICTS_HEAD: &str = "# Conflicts

Two devices changed these notes at the same time, and somebody has to decide. Until then nothing is repaired in them.
Compare the two, put what is missing into the note, and delete the copy; or use the command below it on the show's
machine. This note is written by showd and goes away by itself.
";

const PROPOSALS_HEAD: &str = "# Proposals

What showd would change in these notes, and does not without being told to. Change it by hand, or use a command below it
on the show's machine. This note is written by showd and goes away by itself.
";

/// As Obsidian links to notes; other files by their path.
fn link(file: &FilePath) -> String {
    match file.path.strip_suffix(".md") {
        Some(stem) => format!("[[{stem}]]"),
        None => file.path.to_string(),
    }
}

fn digest(text: &str) -> Digest {
    Digest(*blake3::hash(text.as_bytes()).as_bytes())
}
