//! Files that come back under another name, and copies: what was recorded of a file goes with it.
//!
//! Everything that is recorded stands under a path, and people rename episodes and notes. So what was known of a file
//! that is gone is kept for a while, and a file that is new to us takes it over when it is that file: it has those
//! very bytes and lies in the same place below its subject, or is a note that nobody else can be; or it has other
//! bytes, but the inode says so, or most of the folder it lay in lies around it now. Where two could be meant, nobody
//! is followed. A copy is another file; but what is ours in it is ours. Owns what is known of files that are gone.
//! Read [`Coordinator::follow`] first.

use crate::build::next;
use crate::kind::{is_markdown, is_plain};
use crate::publish::NO_STAMP;
use crate::settle::{File, add_former, keeps_bytes};
use crate::{
    Binding, Change, Coordinator, Digest, Effect, FilePath, FileRow, Former, LeaseId, LeaseKind, LeaseRow, Node, Ours,
    ProposalState, RevisionRow, Row, RowKey, ShareId, Stamp, Time,
};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;

/// What was last known of files that are gone.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    rows: BTreeMap<FilePath, FileRow>,
    clues: BTreeMap<(ShareId, Clue), BTreeSet<FilePath>>,
    /// Those whose loss has settled, by when.
    left: BTreeSet<(Time, FilePath)>,
    /// How many files of a folder that is gone were met in another.
    met: BTreeMap<(FilePath, FilePath), u32>,
    /// Copies of files that were there a moment ago, and when they were read: Syncthing brings the new name of a file
    /// first and takes the old one away afterwards.
    copies: BTreeMap<FilePath, Twin>,
    /// The old names of files that we renamed ourselves.
    told: BTreeMap<FilePath, FilePath>,
}

/// What a file may be known again by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Clue {
    Name(Arc<str>),
    Digest(Digest),
    Inode(u64),
}

/// A copy of a note, and what both were when it was read.
#[derive(Debug)]
struct Twin {
    file: FilePath,
    digest: Digest,
    at: Time,
}

/// Who a new file was.
#[derive(Debug)]
struct Origin {
    file: FilePath,
    /// It may be a new file that was given the inode of a removed one: who looks for that one finds its history there.
    is_guess: bool,
}

impl Gone {
    /// It went before the last restart.
    pub fn restore(&mut self, row: FileRow) {
        let (file, left) = (row.file.clone(), row.left);
        self.insert(row);
        self.left.extend(left.map(|at| (at, file)));
    }

    fn insert(&mut self, row: FileRow) {
        self.remove(&row.file);
        for clue in clues(&row) {
            self.clues.entry((row.file.share, clue)).or_default().insert(row.file.clone());
        }
        self.rows.insert(row.file.clone(), row);
    }

    /// It is there again, or is another's past.
    pub fn remove(&mut self, file: &FilePath) -> Option<FileRow> {
        let row = self.rows.remove(file)?;
        for clue in clues(&row) {
            let key = (file.share, clue);
            if let Some(set) = self.clues.get_mut(&key) {
                set.remove(file);
                if set.is_empty() {
                    self.clues.remove(&key);
                }
            }
        }
        if let Some(at) = row.left {
            self.left.remove(&(at, file.clone()));
        }
        Some(row)
    }

    /// When the first of them is no longer remembered.
    pub fn next_end(&self) -> Option<Time> {
        self.left.first().map(|(at, _)| at.plus_ms(REMEMBERED_MS))
    }

    fn known_by(&self, share: ShareId, clue: Clue) -> impl Iterator<Item = &FileRow> {
        self.clues.get(&(share, clue)).into_iter().flatten().map(|file| &self.rows[file])
    }

    fn below<'a>(&'a self, folder: &'a FilePath) -> impl Iterator<Item = &'a FileRow> {
        let range = self.rows.range((Bound::Included(folder.clone()), Bound::Unbounded));
        let below = range.take_while(|(file, _)| file.share == folder.share && file.path.starts_with(&*folder.path));
        below.map(|(_, row)| row)
    }
}

fn clues(row: &FileRow) -> BTreeSet<Clue> {
    let former = row.former.iter().map(|former| Clue::Digest(former.digest));
    let now = [Clue::Name(name(&row.file).into()), Clue::Digest(row.digest), Clue::Inode(row.stamp.inode)];
    former.chain(now).collect()
}

impl Coordinator {
    /// A file came or went.
    pub(crate) fn note_coming_and_going(&mut self, file: &FilePath) {
        let is_known_and_there = self.files.get(file).map(|state| (state.digest().is_some(), state.is_there()));
        match is_known_and_there {
            Some((true, true)) => drop(self.gone.remove(file)),
            Some((true, false)) if is_plain(file) => self.gone.insert(self.files.row(file).expect("it was read")),
            _ => {}
        }
    }

    /// The loss of a file that has a row has settled.
    pub(crate) fn note_left(&mut self, file: &FilePath) {
        let Some(mut row) = self.gone.rows.get(file).cloned() else {
            return self.delete(RowKey::File(file.clone()));
        };
        row.left = Some(self.now);
        self.gone.restore(row.clone());
        self.put(Row::File(row.clone()));
        if let Some(copy) = self.gone.copies.remove(file).filter(|copy| self.was_renamed(&row, copy)) {
            self.take_over_late(file, &copy.file);
        }
    }

    /// It was copied a moment before it went, and has not got yet another name.
    fn was_renamed(&self, row: &FileRow, copy: &Twin) -> bool {
        self.now.ms_since(copy.at) < COPY_MS
            && row.digest == copy.digest
            && self.files.get(&copy.file).is_some_and(File::is_there)
            && !self.files.has_inode(row.file.share, row.stamp.inode)
    }

    /// Somebody who looks for files that are gone that long does not find them here.
    pub(crate) fn forget_gone_files(&mut self) {
        while let Some((at, file)) = self.gone.left.first().cloned() {
            if at.plus_ms(REMEMBERED_MS) > self.now && self.gone.left.len() <= REMEMBERED_MAX {
                break;
            }
            self.gone.remove(&file);
            self.delete(RowKey::File(file.clone()));
            self.forget_values(&file);
        }
    }

    /// We renamed it ourselves.
    pub(crate) fn note_rename(&mut self, from: &FilePath, to: &FilePath) {
        if let Some(row) = self.files.row(from) {
            let row = FileRow { left: Some(self.now), ..row };
            self.gone.restore(row.clone());
            self.gone.told.insert(to.clone(), from.clone());
            self.put(Row::File(row));
        }
        self.files.forget(from);
    }

    /// A publish of these bytes of ours was given up. A try that we heard nothing of may have put them here all the same,
    /// and somebody have moved them since, folder and all: then they are known by this where they turn up.
    pub(crate) fn note_missed(&mut self, file: &FilePath, digest: Digest, by: Node) {
        let row = FileRow {
            file: file.clone(),
            stamp: NO_STAMP,
            digest,
            changed: self.now,
            published: None,
            by_us: Some(by.clone()),
            former: Vec::new(),
            left: Some(self.now),
        };
        if self.files.digest(file).is_some() {
            if let Some(row) = self.files.remember(file, row) {
                self.put(Row::File(row));
                self.note_coming_and_going(file);
            }
            return;
        }
        let row = match self.gone.remove(file) {
            Some(mut was) => {
                add_former(&mut was.former, Former { digest, by_us: by });
                was
            }
            None => row,
        };
        self.gone.restore(row.clone());
        self.put(Row::File(row));
    }

    /// Orders a file to be read, unless its very look says that it was read under another name; then true.
    pub(crate) fn read(&mut self, file: &FilePath) -> bool {
        let origin = self.is_new_here(file).then(|| self.origin(file, None)).flatten();
        if let Some(origin) = &origin {
            self.take_over(origin, file);
            self.mark_conflicts_of(file);
            for lane in self.lanes_of(file, true) {
                self.mark(lane);
            }
        } else if self.files.begin_hashing(file) {
            self.order(Effect::Hash { file: file.clone(), keep: keeps_bytes(file) });
        }
        origin.is_some()
    }

    /// Lets a file that was just read take over what is known of the one it was, if it was one. True: it is a new one.
    pub(crate) fn follow(&mut self, file: &FilePath, digest: Digest) -> bool {
        if !self.is_new_here(file) {
            return false;
        }
        let origin = self.origin(file, Some(digest));
        if let Some(origin) = &origin {
            self.take_over(origin, file);
        }
        origin.is_none()
    }

    fn is_new_here(&self, file: &FilePath) -> bool {
        let is_unread = |state: &File| state.is_there() && state.digest().is_none();
        is_plain(file) && self.files.get(file).is_some_and(is_unread)
    }

    /// The file that is gone and that this one was. Before it is read (`digest` is none) only its look can say.
    fn origin(&self, file: &FilePath, digest: Option<Digest>) -> Option<Origin> {
        let (stamp, first) = (self.files.get(file)?.stamp()?, self.files.get(file)?.first_seen());
        let certain = |row: &FileRow| Origin { file: row.file.clone(), is_guess: false };
        let is_it = |row: &&FileRow| digest.map_or(row.stamp == stamp, |digest| row.digest == digest);
        let named = |clue: Clue| self.gone.known_by(file.share, clue).filter(|row| row.file != *file);
        let told = self.gone.told.get(file).and_then(|from| self.gone.rows.get(from)).filter(is_it);
        let back = self.gone.rows.get(file);
        if let Some(row) = told.or(back.filter(is_it)) {
            return Some(certain(row));
        }
        let in_place = |row: &&FileRow| self.same_place(&row.file, file).is_some();
        let same = named(Clue::Name(name(file).into())).filter(is_it).filter(in_place).collect();
        if let Some(row) = self.the_one(same, file, stamp) {
            return Some(certain(row));
        }
        let digest = digest?;
        if is_markdown(&file.path) {
            let same = named(Clue::Digest(digest)).filter(is_it).filter(|row| is_markdown(&row.file.path));
            let same = same.filter(|row| row.stamp.size >= TELLING_BYTES_MIN).collect();
            if let Some(row) = self.the_one(same, file, stamp) {
                return Some(certain(row));
            }
            let changed = named(Clue::Inode(stamp.inode)).find(|row| {
                let is_near = folder(&row.file) == folder(file) || self.same_place(&row.file, file).is_some();
                // Inodes are given away again at once: what was gone for good before this came is another file.
                let is_in_time = row.left.is_none_or(|left| first <= left);
                stamp.inode != 0 && is_near && is_in_time && is_markdown(&row.file.path)
            });
            if let Some(row) = changed {
                let is_guess = self.same_place(&row.file, file).is_none();
                return Some(Origin { file: row.file.clone(), is_guess });
            }
            let moved = named(Clue::Name(name(file).into()))
                .find(|row| self.same_place(&row.file, file).is_some_and(|(from, to)| self.has_moved(&from, &to)));
            if let Some(row) = moved {
                return Some(certain(row));
            }
        }
        back.map(certain)
    }

    /// Of several with the same bytes the one that can be told from the others, if any; of our own outputs any will do.
    fn the_one<'a>(&self, mut all: Vec<&'a FileRow>, file: &FilePath, stamp: Stamp) -> Option<&'a FileRow> {
        if all.len() > 1 {
            let is_met = |row: &&&FileRow| {
                self.same_place(&row.file, file).is_some_and(|folders| self.gone.met.contains_key(&folders))
            };
            let is_same_inode = |row: &&&FileRow| stamp.inode != 0 && row.stamp.inode == stamp.inode;
            let is_beside = |row: &&&FileRow| folder(&row.file) == folder(file);
            let only = |told: Vec<&'a FileRow>| (told.len() == 1).then(|| told[0]);
            let one = only(all.iter().filter(is_same_inode).copied().collect())
                .or_else(|| only(all.iter().filter(is_met).copied().collect()))
                .or_else(|| only(all.iter().filter(is_beside).copied().collect()))
                .or_else(|| all.iter().find(|row| row.by_us.is_some() && !is_markdown(&row.file.path)).copied());
            return one;
        }
        all.pop()
    }

    /// Two files lie in the same place below two subjects of a pipeline: the folders of these.
    fn same_place(&self, one: &FilePath, other: &FilePath) -> Option<(FilePath, FilePath)> {
        self.playbook.plays.values().find_map(|play| {
            let folder = |file: &FilePath| {
                let subject = play.subject_of(&file.path)?.0;
                let end = subject.rfind('/').map_or(0, |end| end + 1);
                Some(FilePath { share: file.share, path: subject[..end].into() })
            };
            let (from, to) = (folder(one)?, folder(other)?);
            (from != to && one.path[from.path.len()..] == other.path[to.path.len()..]).then_some((from, to))
        })
    }

    /// The folder of a file's subject, and the name that it has now.
    pub(crate) fn renamed_folder_of(&self, file: &FilePath) -> Option<(FilePath, FilePath)> {
        let is_of = |from: &FilePath| from.share == file.share && file.path.starts_with(&*from.path);
        let mut renamed = self.gone.met.keys().filter(|(from, _)| is_of(from));
        renamed.find(|(from, to)| self.has_moved(from, to)).cloned()
    }

    /// A folder is gone, and most of its files lie in another, each in its place.
    fn has_moved(&self, from: &FilePath, to: &FilePath) -> bool {
        if self.files.below(from.share, &from.path).any(|(_, state)| state.is_there()) {
            return false;
        }
        let met = self.gone.met.get(&(from.clone(), to.clone())).copied().unwrap_or(0);
        let (mut all, mut met) = (met, met);
        // What may never have lain there says nothing.
        for row in self.gone.below(from).filter(|row| row.stamp != NO_STAMP) {
            all += 1;
            let is_it = |state: &File| {
                let is_same_inode = |stamp: Stamp| stamp.inode != 0 && stamp.inode == row.stamp.inode;
                state.digest() == Some(row.digest) || state.stamp().is_some_and(is_same_inode)
            };
            met += u32::from(self.files.get(&moved(&row.file, from, to)).is_some_and(is_it));
        }
        met * 2 > all
    }

    /// Puts everything that is recorded of a file that is gone under its new name.
    fn take_over(&mut self, origin: &Origin, file: &FilePath) {
        let from = &origin.file;
        self.gone.told.remove(file);
        let Some(row) = self.gone.remove(from) else { return };
        if let Some(row) = self.files.adopt(file, &row) {
            self.put(Row::File(row));
        }
        if from == file {
            return;
        }
        self.note_replaced(file);
        self.files.disown(from);
        self.delete(RowKey::File(from.clone()));
        self.forget_values(file);
        self.hand_over(&row, file, origin.is_guess);
        if let Some((old, new)) = self.same_place(from, file) {
            *self.gone.met.entry((old.clone(), new.clone())).or_default() += 1;
            self.hand_over_folder(&old, &new);
        }
    }

    /// The file was read as a new one before it was known who it was.
    fn take_over_late(&mut self, from: &FilePath, file: &FilePath) {
        let (Some(row), Some(now)) = (self.gone.remove(from), self.files.row(file)) else { return };
        self.delete(RowKey::File(from.clone()));
        self.hand_over(&row, file, false);
        if keeps_bytes(file) && now.digest != row.digest {
            // What it is now comes after what it was.
            let (file, at, digest, size) = (file.clone(), self.now, now.digest, now.stamp.size);
            let (origin, by_us) = ("person".into(), now.by_us.is_some());
            self.put(Row::Revision(RevisionRow { file, at, digest, size, origin, by_us }));
        }
    }

    /// Values, ids, versions, proposals and holds.
    fn hand_over(&mut self, row: &FileRow, to: &FilePath, is_guess: bool) {
        let from = &row.file;
        for (target, ours) in self.ours.remove(from).unwrap_or_default() {
            self.delete(RowKey::Ours(from.clone(), target.clone()));
            // What was written there since is newer.
            if !self.ours.get(to).is_some_and(|newer| newer.contains_key(&target)) {
                self.keep_ours(Ours { file: to.clone(), ..ours });
            }
        }
        for (place, binding) in self.bindings.remove(from).unwrap_or_default() {
            self.delete(RowKey::Binding(from.clone(), place.clone()));
            let binding = Binding { file: to.clone(), ..binding };
            self.bindings.entry(to.clone()).or_default().insert(place, binding.clone());
            self.put(Row::Binding(binding));
        }
        self.forget_values(from);
        if keeps_bytes(to) || row.by_us.is_some() {
            self.histories_moved += 1;
            self.out.keep(Change::History { from: from.clone(), to: to.clone(), copied: is_guess });
        }
        if keeps_bytes(to) {
            let perhaps = if is_guess { RevisionRow::PERHAPS } else { "" };
            let origin = format!("{perhaps}{}{}", RevisionRow::RENAMED, from.path);
            let (file, at, by_us) = (to.clone(), self.now, row.by_us.is_some());
            let (digest, size) = (row.digest, row.stamp.size);
            self.put(Row::Revision(RevisionRow { file, at, digest, size, origin, by_us }));
            self.log("file.renamed").file(to).text(format!("{from} is {to} now"));
        }
        self.hand_over_proposals(from, to);
        if is_guess {
            self.hold_as_well(from, to);
        } else {
            self.hand_over_holds(from, to);
        }
    }

    fn hand_over_proposals(&mut self, from: &FilePath, to: &FilePath) {
        let of_file: Vec<_> = self.proposals.values().filter(|row| row.file == *from).cloned().collect();
        for mut row in of_file {
            let play = self.playbook.plays.get(&row.subject.pipeline);
            let Some((path, _)) = play.and_then(|play| play.subject_of(&to.path)) else { continue };
            let state = row.state.clone();
            if matches!(state, ProposalState::Published { .. } | ProposalState::Stale) {
                continue;
            }
            // What was accepted for its old subject is so for its new one.
            self.set_proposal(row.id, ProposalState::Open);
            (row.file, row.subject.path) = (to.clone(), path);
            let id = row.id;
            self.proposals.insert(id, row);
            self.set_proposal(id, state);
        }
    }

    /// What people asked to be left alone is left alone.
    fn hand_over_holds(&mut self, from: &FilePath, to: &FilePath) {
        let Some(hold) = self.leases.of_file(from, LeaseKind::Hold) else { return };
        let Some((mut row, woken)) = self.leases.remove(hold) else { return };
        row.file = to.clone();
        self.leases.insert(row.clone(), None);
        self.put(Row::Lease(row));
        for job in woken {
            self.mark_job(job);
        }
    }

    /// Whichever of the two a person meant is left alone.
    fn hold_as_well(&mut self, from: &FilePath, to: &FilePath) {
        let hold = self.leases.of_file(from, LeaseKind::Hold);
        let Some(row) = hold.and_then(|hold| self.leases.rows().find(|row| row.id == hold)).cloned() else { return };
        let row = LeaseRow { id: LeaseId(next(&mut self.meta.next_lease)), file: to.clone(), ..row };
        self.leases.insert(row.clone(), None);
        self.put(Row::Lease(row));
    }

    /// Once most of a folder is found in another, the rest of it is: also what was changed before it could be read.
    fn hand_over_folder(&mut self, from: &FilePath, to: &FilePath) {
        let is_read = |file: &FilePath| {
            let is_read = |state: &File| state.is_there() && state.digest().is_some();
            is_markdown(&file.path) && self.files.get(file).is_some_and(is_read)
        };
        let notes = self.gone.below(from).map(|row| row.file.clone());
        let read: Vec<(FilePath, FilePath)> =
            notes.map(|file| (moved(&file, from, to), file)).filter(|(file, _)| is_read(file)).collect();
        let has_hold = self.leases.of_file(from, LeaseKind::Hold).is_some();
        if (!read.is_empty() || has_hold) && self.has_moved(from, to) {
            for (file, was) in read {
                self.take_over_late(&was, &file);
            }
            self.hand_over_holds(from, to);
        }
        if self.gone.below(from).next().is_none() {
            self.gone.met.remove(&(from.clone(), to.clone()));
        }
    }

    /// A file that was just read and has the bytes of another is a copy of it: what is ours in that one is ours in it.
    /// So is an older state of an output of ours, whoever put it back.
    pub(crate) fn inherit(&mut self, file: &FilePath, digest: Digest, is_new_here: bool) {
        let is_near = |other: &&FilePath| {
            let is_beside = is_markdown(&file.path) && folder(other) == folder(file);
            is_plain(other)
                && other.share == file.share
                && *other != file
                && (is_beside || self.same_place(other, file).is_some())
        };
        let original = self.files.alike(digest).find(is_near).cloned();
        let made_as = |file: &FilePath| self.files.get(file).and_then(|state| state.made_as(digest)).cloned();
        let gone = || self.gone.known_by(file.share, Clue::Digest(digest)).find(|row| is_near(&&row.file));
        let of_gone = || gone()?.made_as(digest).cloned();
        let by = made_as(file).or_else(|| made_as(original.as_ref()?)).or_else(of_gone);
        let by = by.or_else(|| self.being_made(digest, |other| is_near(&other)));
        if let Some(row) = by.and_then(|by| self.files.own(file, by)) {
            self.put(Row::File(row));
        }
        let Some(original) = original else { return };
        for ours in self.ours_in(&original) {
            if !self.ours.get(file).is_some_and(|own| own.contains_key(&ours.target)) {
                self.keep_ours(Ours { file: file.clone(), ..ours });
            }
        }
        // It may be on its way out, or be gone and nobody has said so yet: then that one was renamed.
        if is_new_here && is_markdown(&file.path) && self.files.digest(&original) == Some(digest) {
            if self.gone.copies.len() >= COPIES_MAX {
                self.gone.copies.clear();
            }
            self.gone.copies.insert(original.clone(), Twin { file: file.clone(), digest, at: self.now });
            self.order(Effect::LookAt { file: original });
        }
    }

    /// Another file lies where one lay that is gone.
    pub(crate) fn note_replaced(&mut self, file: &FilePath) {
        let Some(was) = self.gone.remove(file) else { return };
        self.gone.told.retain(|_, from| from != file);
        if let Some(row) = self.files.remember(file, was) {
            self.put(Row::File(row));
        }
    }

    fn keep_ours(&mut self, ours: Ours) {
        self.ours.entry(ours.file.clone()).or_default().insert(ours.target.clone(), ours.clone());
        self.put(Row::Ours(ours));
    }

    /// Nothing in a file is ours any more.
    fn forget_values(&mut self, file: &FilePath) {
        for target in self.ours.remove(file).unwrap_or_default().into_keys() {
            self.delete(RowKey::Ours(file.clone(), target));
        }
        for place in self.bindings.remove(file).unwrap_or_default().into_keys() {
            self.delete(RowKey::Binding(file.clone(), place));
        }
        self.forget_fixed_points(file, Digest([0; 32]));
    }
}

fn name(file: &FilePath) -> &str {
    file.path.rsplit('/').next().unwrap_or_default()
}

fn folder(file: &FilePath) -> (ShareId, &str) {
    (file.share, file.path.rsplit_once('/').map_or("", |(folder, _)| folder))
}

/// Where a file lies when the folder it was in has another name.
fn moved(file: &FilePath, from: &FilePath, to: &FilePath) -> FilePath {
    let mut path = String::from(&*to.path);
    path.push_str(&file.path[from.path.len()..]);
    FilePath { share: to.share, path: path.into() }
}

/// What was known of a file is kept this long after it went: an episode that somebody put aside may come back.
const REMEMBERED_MS: u64 = 7 * 86_400_000;
/// And of so many.
const REMEMBERED_MAX: usize = 100_000;
/// A file whose copy was read so short a time before it went was not copied, but renamed.
const COPY_MS: u64 = 600_000;
const COPIES_MAX: usize = 10_000;
/// Notes of a few words are easily the same; what is shorter is known by its place or its inode only.
const TELLING_BYTES_MIN: u64 = 64;
