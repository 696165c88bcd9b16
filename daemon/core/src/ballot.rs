//! Proposals that people answer in a note: `showd/proposals/SUBJECT.md`, where a box is ticked on any machine.
//!
//! An adapter writes the note's text and reads the boxes, since that takes bytes; when, and what an answer does, is
//! decided here. A note that somebody changed is read like any person's text: settled first, and kept in the history.
//! Ticks count whatever else was typed; a note in which nothing but boxes was changed is then written anew, any other
//! one is left alone. What is no open proposal of that very note means nothing, so that an old copy of it answers
//! nothing, and answers that were heard before a crash are heard again and change nothing. Read
//! [`Coordinator::ballot_read`] first.

use crate::kind::{is_markdown, is_plain};
use crate::settle::{Content, File};
use crate::{
    Coordinator, Digest, Effect, FilePath, Pipeline, ProposalEntry, ProposalId, ProposalRow, ProposalState, Says,
    ShareId, Ticked, Time,
};
use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

/// The notes of all shares.
#[derive(Debug, Default)]
pub(crate) struct Ballots {
    /// What each is to say.
    written: BTreeMap<FilePath, Written>,
    /// What each holds, as far as it was read.
    read: BTreeMap<FilePath, Read>,
    /// Something happened to them; looked at in this step.
    dirty: BTreeSet<FilePath>,
    wake: BTreeSet<(Time, FilePath)>,
    /// The other device on which a note was changed last, where that is known.
    devices: BTreeMap<FilePath, String>,
    /// Proposals both of whose boxes are ticked.
    undecided: BTreeSet<ProposalId>,
}

#[derive(Debug)]
struct Written {
    /// Over what it is to say.
    of: Digest,
    /// The text for them, a blob, and its size; `None`: it is being made.
    text: Option<(Digest, u64)>,
}

#[derive(Debug)]
struct Read {
    digest: Digest,
    /// Nothing but boxes was changed in it; `None`: it is being read.
    is_ours: Option<bool>,
}

impl Ballots {
    /// Something is being found out about one.
    pub fn is_any_under_way(&self) -> bool {
        !self.dirty.is_empty()
            || !self.wake.is_empty()
            || self.written.values().any(|written| written.text.is_none())
            || self.read.values().any(|read| read.is_ours.is_none())
    }

    /// Blobs that are spoken of here: what is to be written, and what is being read.
    pub fn texts(&self) -> impl Iterator<Item = Digest> {
        let written = self.written.values().filter_map(|written| written.text.map(|(digest, _)| digest));
        written.chain(self.read.values().map(|read| read.digest))
    }

    pub fn next_wake(&self) -> Option<Time> {
        self.wake.first().map(|(at, _)| *at)
    }

    /// What it holds is not known yet, and may say something.
    pub fn is_being_read(&self, note: &FilePath) -> bool {
        self.read.get(note).is_some_and(|read| read.is_ours.is_none())
    }

    /// It is one of ours with these bytes, in which nothing but boxes was changed.
    pub fn is_ticked(&self, note: &FilePath, digest: Digest) -> bool {
        self.read.get(note).is_some_and(|read| read.digest == digest && read.is_ours == Some(true))
    }
}

impl Coordinator {
    /// Something happened to a file that may be such a note.
    pub(crate) fn mark_ballot(&mut self, file: &FilePath) {
        if is_ballot(file) {
            self.ballots.dirty.insert(file.clone());
        }
    }

    pub(crate) fn mark_ballots_in(&mut self, share: ShareId) {
        let notes = self.files.below(share, PROPOSALS).map(|(file, _)| file).filter(|file| is_ballot(file));
        self.ballots.dirty.extend(notes.cloned().collect::<Vec<_>>());
    }

    /// On which device a note was changed.
    pub(crate) fn note_device(&mut self, file: &FilePath, device: Option<&String>) {
        if is_ballot(file) {
            match device {
                Some(device) => drop(self.ballots.devices.insert(file.clone(), device.clone())),
                None => drop(self.ballots.devices.remove(file)),
            }
        }
    }

    pub(crate) fn look_at_ballots(&mut self) {
        while let Some((at, note)) = self.ballots.wake.first().filter(|(at, _)| *at <= self.now).cloned() {
            self.ballots.wake.remove(&(at, note.clone()));
            self.ballots.dirty.insert(note);
        }
        for note in core::mem::take(&mut self.ballots.dirty) {
            self.look_at_ballot(&note);
        }
    }

    fn look_at_ballot(&mut self, note: &FilePath) {
        if !self.files.get(note).is_some_and(File::is_there) {
            self.ballots.read.remove(note);
            return;
        }
        if !self.is_ready(note.share) || self.read_only(note.share).is_some() || self.is_publishing(note) {
            return;
        }
        let Some(pipeline) = self.slowest().cloned() else { return };
        match self.files.on_disk(note, &pipeline, self.now) {
            Content::Missing => {}
            Content::Unsettled(at) => drop(self.ballots.wake.insert((at, note.clone()))),
            Content::Unread => {
                if self.files.begin_hashing(note) {
                    self.order(Effect::Hash { file: note.clone(), keep: true });
                }
            }
            Content::Known(digest) => {
                if self.ballots.read.get(note).is_none_or(|read| read.digest != digest) {
                    self.ballots.read.insert(note.clone(), Read { digest, is_ours: None });
                    self.order(Effect::ReadBallot { note: note.clone(), digest });
                } else {
                    self.mark_notices(note.share);
                }
            }
        }
    }

    /// No pipeline is about these notes: they settle when the last of them would say so.
    fn slowest(&self) -> Option<&Pipeline> {
        self.playbook.plays.values().map(|play| &play.pipeline).max_by_key(|pipeline| pipeline.settle_text_ms)
    }

    /// Accepts and rejects what people ticked.
    pub(crate) fn ballot_read(&mut self, note: &FilePath, digest: Digest, ticked: &[Ticked], is_ours: bool) {
        let Some(read) = self.ballots.read.get_mut(note).filter(|read| read.digest == digest) else { return };
        read.is_ours = Some(is_ours);
        if self.files.get(note).and_then(File::current) != Some(digest) || self.read_only(note.share).is_some() {
            // Somebody writes in it again: it is read when that has settled.
            return;
        }
        let device = self.ballots.devices.get(note).map_or_else(String::new, |device| format!(" on {device}"));
        let by = format!("a person{device}, in {}", note.path);
        self.ballots.undecided.retain(|id| self.proposals.get(id).is_some_and(|row| ballot_of(row) != *note));
        for tick in ticked {
            let row = self.proposals.get(&tick.proposal).filter(|row| row.state == ProposalState::Open);
            let Some(row) = row.filter(|row| ballot_of(row) == *note && mark(row) == tick.mark) else { continue };
            let id = row.id;
            match tick.says {
                Says::Accept => self.decide_proposal(id, ProposalState::Accepted { by: by.clone() }),
                Says::Reject => self.decide_proposal(id, ProposalState::Rejected { by: by.clone() }),
                Says::Both => drop(self.ballots.undecided.insert(id)),
            }
        }
        self.mark_notices(note.share);
    }

    /// The text of a note was made, or why it could not be.
    pub(crate) fn ballot_written(&mut self, note: &FilePath, of: Digest, made: Result<(Digest, u64), String>) {
        let Some(written) = self.ballots.written.get_mut(note).filter(|written| written.of == of) else { return };
        match made {
            Ok(text) => written.text = Some(text),
            Err(why) => {
                // Nothing is lost by it; the next change of what is proposed tries again.
                self.ballots.written.remove(note);
                return self.log("ballot.failed").file(note).text(why);
            }
        }
        self.mark_notices(note.share);
    }

    /// What the notes of a share are to hold, by path, where the text is there; `None`: it is being made, and what lies
    /// there stays.
    pub(crate) fn ballots(&mut self, share: ShareId) -> BTreeMap<String, Option<(Digest, u64)>> {
        let mut open: BTreeMap<FilePath, Vec<&ProposalRow>> = BTreeMap::new();
        for row in self.proposals.values().filter(|row| row.file.share == share && row.state == ProposalState::Open) {
            open.entry(ballot_of(row)).or_default().push(row);
        }
        let mut wanted = BTreeMap::new();
        let mut orders = Vec::new();
        for (note, mut rows) in open {
            rows.sort_by(|one, other| (&one.file, one.id).cmp(&(&other.file, other.id)));
            let entries: Vec<ProposalEntry> = rows.into_iter().map(|row| self.entry(row)).collect();
            let of = digest_of_entries(&entries);
            let known = self.ballots.written.get(&note).filter(|written| written.of == of);
            wanted.insert(note.path.as_ref().to_owned(), known.and_then(|written| written.text));
            if known.is_none() {
                orders.push((note, of, entries));
            }
        }
        self.ballots.written.retain(|note, _| note.share != share || wanted.contains_key(&*note.path));
        for (note, of, entries) in orders {
            self.ballots.written.insert(note.clone(), Written { of, text: None });
            self.order(Effect::WriteBallot { note, of, entries });
        }
        wanted
    }

    fn entry(&self, row: &ProposalRow) -> ProposalEntry {
        ProposalEntry {
            proposal: row.id,
            mark: mark(row),
            file: row.file.clone(),
            base: row.base,
            edits: row.edits,
            renames: row.renames.clone(),
            summary: row.told(),
            undecided: self.ballots.undecided.contains(&row.id),
        }
    }
}

/// Below the share's root.
pub(crate) const PROPOSALS: &str = "showd/proposals/";

fn is_ballot(file: &FilePath) -> bool {
    let name = file.path.strip_prefix(PROPOSALS);
    name.is_some_and(|name| !name.contains('/')) && is_markdown(&file.path) && is_plain(file)
}

/// The note in which a proposal is answered.
fn ballot_of(row: &ProposalRow) -> FilePath {
    let subject = row.subject.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let subject = subject.strip_suffix(".md").unwrap_or(subject);
    FilePath { share: row.file.share, path: format!("{PROPOSALS}{subject}.md").into() }
}

fn digest_of_entries(entries: &[ProposalEntry]) -> Digest {
    let words = entries.iter().map(|entry| {
        let ProposalEntry { proposal, mark, base, edits, undecided, .. } = entry;
        format!("{proposal} {mark} {base} {edits} {undecided}")
    });
    let words: Vec<String> = words.collect();
    crate::key::digest_of(words.iter().map(String::as_bytes))
}

/// Of what is shown of a proposal: one that keeps its number and comes to something else has another mark.
fn mark(row: &ProposalRow) -> String {
    let told = row.told();
    let renames = row.renames.iter().flat_map(|rename| [&*rename.from.path, &*rename.to.path]);
    let shown = [&*row.file.path, &row.code, &told].into_iter().chain(renames);
    let digest = crate::key::digest_of(shown.map(str::as_bytes));
    let mut mark = String::new();
    for byte in &digest.0[..4] {
        let _ = write!(mark, "{byte:02x}");
    }
    mark
}
