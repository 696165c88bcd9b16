//! Proposals that people answer in a note: `showd/proposals/SUBJECT.md`, where a box is ticked on any machine.
//!
//! An adapter writes the note's text and reads the boxes, since that takes bytes; when, and what an answer does, is
//! decided here. A note that somebody changed is read like any person's text: settled first, and kept in the history.
//! Ticks count whatever else was typed; a note in which nothing but boxes was changed is then written anew, any other
//! one is left alone. What Syncthing set aside of such a note was answered too, on another device: its ticks count with
//! those of the note, and where they contradict each other nothing is decided. What is no open proposal of that very note
//! means nothing, so that an old copy of it answers nothing, and answers that were heard before a crash are heard again
//! and change nothing. What stands in the note counts whenever one of its proposals is open, also for one that was gone for
//! a while: who starts anew would read it just so. Read [`Coordinator::ballot_read`] first.

use crate::kind::{copied, is_markdown, is_plain};
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
    /// What each holds, and each of their copies, as far as it was read.
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
    /// `None`: it is being read.
    found: Option<Found>,
}

#[derive(Debug)]
struct Found {
    ticked: Vec<Ticked>,
    /// Nothing but boxes was changed in it.
    is_ours: bool,
}

/// What is known of a copy of such a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spare {
    /// It is being read, or the note is.
    Unread,
    /// What is ticked in it has counted, and nothing else was changed. `is_answer`: something is.
    Counted { is_answer: bool },
    /// The note itself does not show yet that they contradict each other, and may never.
    Contradicts,
    /// Somebody wrote in it.
    Written,
}

impl Ballots {
    /// Something is being found out about one.
    pub fn is_any_under_way(&self) -> bool {
        self.is_any_marked()
            || !self.wake.is_empty()
            || self.written.values().any(|written| written.text.is_none())
            || self.read.values().any(|read| read.found.is_none())
    }

    /// Some are to be looked at.
    pub fn is_any_marked(&self) -> bool {
        !self.dirty.is_empty()
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
        self.read.get(note).is_some_and(|read| read.found.is_none())
    }

    /// It is one of ours with these bytes, in which nothing but boxes was changed.
    pub fn is_ticked(&self, note: &FilePath, digest: Digest) -> bool {
        self.found(note, digest).is_some_and(|found| found.is_ours)
    }

    /// What it holds, if it has these bytes and was read.
    fn found(&self, note: &FilePath, digest: Digest) -> Option<&Found> {
        self.read.get(note).filter(|read| read.digest == digest)?.found.as_ref()
    }
}

impl Coordinator {
    /// Something happened to a file that may be such a note.
    pub(crate) fn mark_ballot(&mut self, file: &FilePath) {
        if note_of(file).is_some() {
            self.ballots.dirty.insert(file.clone());
        }
    }

    /// Something became of a proposal: what is said to it where it is asked may count now, and has to be shown.
    pub(crate) fn mark_asked(&mut self, row: &ProposalRow) {
        self.mark_ballot(&ballot_of(row));
        self.mark_notices(row.file.share);
    }

    pub(crate) fn mark_ballots_in(&mut self, share: ShareId) {
        let notes = self.files.below(share, PROPOSALS).map(|(file, _)| file).filter(|file| note_of(file).is_some());
        self.ballots.dirty.extend(notes.cloned().collect::<Vec<_>>());
    }

    /// On which device a note was changed.
    pub(crate) fn note_device(&mut self, file: &FilePath, device: Option<&String>) {
        if note_of(file).is_some() {
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
        while let Some(note) = self.ballots.dirty.pop_first() {
            self.look_at_ballot(&note);
        }
    }

    fn look_at_ballot(&mut self, note: &FilePath) {
        if !self.files.get(note).is_some_and(File::is_there) {
            self.ballots.read.remove(note);
            if let Some(of) = copied(note) {
                // It contradicts nobody any more.
                self.count(&of);
            }
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
                    self.ballots.read.insert(note.clone(), Read { digest, found: None });
                    self.order(Effect::ReadBallot { note: note.clone(), digest });
                } else if let Some(of) = note_of(note) {
                    self.count(&of);
                }
            }
        }
    }

    /// No pipeline is about these notes: they settle when the last of them would say so.
    fn slowest(&self) -> Option<&Pipeline> {
        self.playbook.plays.values().map(|play| &play.pipeline).max_by_key(|pipeline| pipeline.settle_text_ms)
    }

    /// Takes note of what people ticked.
    pub(crate) fn ballot_read(&mut self, paper: &FilePath, digest: Digest, ticked: Vec<Ticked>, is_ours: bool) {
        let Some(read) = self.ballots.read.get_mut(paper).filter(|read| read.digest == digest) else { return };
        read.found = Some(Found { ticked, is_ours });
        if self.files.get(paper).and_then(File::current) != Some(digest) {
            // Somebody writes in it again: it is read when that has settled, also if it is the same again then.
            self.ballots.read.remove(paper);
            return;
        }
        if let Some(note) = note_of(paper).filter(|note| self.read_only(note.share).is_none()) {
            self.count(&note);
        }
    }

    /// Accepts and rejects what is ticked in a note and in its copies, once all of them are read.
    fn count(&mut self, note: &FilePath) {
        let papers = self.papers(note);
        if papers.iter().any(|paper| self.is_awaited(paper)) {
            return;
        }
        let mut said: BTreeMap<(ProposalId, String), (Says, FilePath)> = BTreeMap::new();
        for paper in papers {
            for Ticked { proposal, mark, says } in
                self.read_in(&paper).into_iter().flat_map(|found| found.ticked.clone())
            {
                let all = said.entry((proposal, mark)).or_insert((says, paper.clone()));
                if all.0 != says {
                    all.0 = Says::Both;
                }
            }
        }
        self.ballots.undecided.retain(|id| self.proposals.get(id).is_some_and(|row| ballot_of(row) != *note));
        for ((id, marked), (says, paper)) in said {
            let row = self.proposals.get(&id).filter(|row| row.state == ProposalState::Open);
            if row.is_none_or(|row| ballot_of(row) != *note || mark(row) != marked) {
                continue;
            }
            let device = self.ballots.devices.get(&paper).map_or_else(String::new, |device| format!(" on {device}"));
            let by = format!("a person{device}, in {}", note.path);
            match says {
                Says::Accept => self.decide_proposal(id, ProposalState::Accepted { by }),
                Says::Reject => self.decide_proposal(id, ProposalState::Rejected { by }),
                Says::Both => drop(self.ballots.undecided.insert(id)),
            }
        }
        self.mark_notices(note.share);
        self.mark_conflicts_of(note);
    }

    /// The note and its copies, as far as they are there.
    fn papers(&self, note: &FilePath) -> Vec<FilePath> {
        let all = core::iter::once(note).chain(self.files.copies(note));
        all.filter(|paper| self.files.get(paper).is_some_and(File::is_there)).cloned().collect()
    }

    fn read_in(&self, paper: &FilePath) -> Option<&Found> {
        self.ballots.found(paper, self.files.get(paper).and_then(File::current)?)
    }

    /// It is there, and what it says will be known soon.
    fn is_awaited(&self, paper: &FilePath) -> bool {
        let Some(pipeline) = self.slowest() else { return false };
        match self.files.on_disk(paper, pipeline, self.now) {
            Content::Missing => false,
            Content::Unsettled(_) => true,
            // What cannot be read is waited for by nobody.
            Content::Unread => self.files.is_hashing(paper),
            Content::Known(digest) => self.ballots.found(paper, digest).is_none(),
        }
    }

    /// How far a copy of such a note is.
    pub(crate) fn spare(&self, copy: &FilePath, note: &FilePath) -> Spare {
        let papers = self.papers(note);
        let Some(found) = self.read_in(copy).filter(|_| !papers.iter().any(|paper| self.is_awaited(paper))) else {
            return Spare::Unread;
        };
        let is_shown = |id: ProposalId| {
            let shows = |tick: &Ticked| tick.proposal == id && tick.says == Says::Both;
            self.read_in(note).is_some_and(|found| found.ticked.iter().any(shows))
        };
        let is_open = |tick: &Ticked| self.ballots.undecided.contains(&tick.proposal) && !is_shown(tick.proposal);
        match found {
            Found { is_ours: false, .. } => Spare::Written,
            Found { ticked, .. } if ticked.iter().any(is_open) => Spare::Contradicts,
            Found { ticked, .. } => Spare::Counted { is_answer: !ticked.is_empty() },
        }
    }

    /// Proposals are, or were, answered in this note.
    pub(crate) fn is_asked_in(&self, note: &FilePath) -> bool {
        self.proposals.values().any(|row| ballot_of(row) == *note)
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
        let is_asked = |row: &&ProposalRow| {
            let is_there = || self.files.get(&row.file).is_some_and(File::is_there);
            row.file.share == share && row.state == ProposalState::Open && is_there()
        };
        for row in self.proposals.values().filter(is_asked) {
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

/// The note that this is, or is a copy of.
fn note_of(file: &FilePath) -> Option<FilePath> {
    let note = copied(file).unwrap_or_else(|| file.clone());
    is_ballot(&note).then_some(note)
}

pub(crate) fn is_ballot(file: &FilePath) -> bool {
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
