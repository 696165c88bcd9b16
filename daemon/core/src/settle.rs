//! How every file looks, when it may be read, and since when nobody but us has changed it.
//!
//! A file that changes may be read once it has *settled*: it stood still for a while, or it is text that has been
//! changing for too long. Until then its last settled state stands for it, so that a person who types all evening
//! holds nobody up; one that never settled, such as a growing recording, is waited for and never forgotten. A file
//! that went away settles like any other change. Owns the table of files, their clocks, and what lies beside whom.
//! Knows nothing of steps. Read [`Files::see`] and [`Files::text`] first.

use crate::kind::{Kind, is_markdown, is_text, kind};
use crate::{Digest, FilePath, FileRow, Former, Look, Node, Pipeline, ShareId, Stamp, Time};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Bound;

#[derive(Debug, Default)]
pub(crate) struct Files {
    table: BTreeMap<FilePath, File>,
    /// Temporary and lock files beside a file.
    beside: BTreeMap<FilePath, BTreeSet<FilePath>>,
    /// Conflict copies beside a file.
    copies: BTreeMap<FilePath, BTreeSet<FilePath>>,
    hashing: BTreeSet<FilePath>,
    /// Files that went away, by when that has settled for everybody.
    leaving: BTreeSet<(Time, FilePath)>,
    /// Notes, and what we made, by what they are and what they were.
    alike: BTreeMap<Digest, BTreeSet<FilePath>>,
}

/// One file as it looks and as it was last read.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// How it looks; `None`: it is gone.
    now: Option<Stamp>,
    /// How it looked before the changes that have not settled.
    before: Option<Stamp>,
    /// The first and the last of the changes since it was read or had settled.
    first: Time,
    last: Time,
    read: Option<Read>,
    /// Number of the scan or look that saw it last.
    scan: u64,
}

/// What [`FileRow`] keeps.
#[derive(Debug, Clone)]
struct Read {
    stamp: Stamp,
    digest: Digest,
    changed: Time,
    published: Option<Time>,
    by_us: Option<Node>,
    former: Vec<Former>,
}

/// What may be known of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Known(Digest),
    /// May not be read before then.
    Unsettled(Time),
    /// May be read, and has to be.
    Unread,
    Missing,
}

/// What a publish left at a path.
#[derive(Debug)]
pub(crate) struct Written {
    pub digest: Digest,
    pub stamp: Stamp,
    /// `None`: a person asked for it.
    pub by: Option<Node>,
    pub human: bool,
    /// The latest scan: one under way may have passed here before this was written.
    pub scan: u64,
}

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Same,
    Changed,
    /// Something beside another file came or went.
    Beside,
}

impl Files {
    pub fn restore(&mut self, row: FileRow, now: Time) {
        let read = Read {
            stamp: row.stamp,
            digest: row.digest,
            changed: row.changed.min(now),
            published: row.published.map(|at| at.min(now)),
            by_us: row.by_us,
            former: row.former,
        };
        self.index(&row.file);
        let file = File { now: Some(row.stamp), before: None, first: now, last: now, read: Some(read), scan: 0 };
        self.table.insert(row.file.clone(), file);
        self.index_digests(&row.file, &BTreeSet::new());
    }

    /// Takes note of how a file looks. `settle_ms`: the shortest time after which somebody takes it for settled.
    /// `first`: it is the first scan since the start, so what is new to us may have lain there for long.
    pub fn see(&mut self, path: &FilePath, look: Look, scan: u64, first: bool, settle_ms: u64, now: Time) -> Seen {
        let look = match look {
            Look::File(stamp) => Some(stamp),
            Look::Gone => None,
        };
        // The kernel says when it came here, unless its clock is ahead of ours. Later on ours may be ahead of the
        // kernel's, so what is new then is new now.
        let at = match look {
            Some(stamp) if first => Time(stamp.ctime_ns / 1_000_000).min(now),
            _ => now,
        };
        let Some(file) = self.table.get_mut(path) else {
            if look.is_none() {
                return Seen::Same;
            }
            let file = File { now: look, before: None, first: at, last: at, read: None, scan };
            self.table.insert(path.clone(), file);
            return if self.index(path) { Seen::Beside } else { Seen::Changed };
        };
        file.scan = scan;
        if file.now == look {
            return Seen::Same;
        }
        if file.is_pending() && file.last.plus_ms(settle_ms) > now {
            file.last = at;
        } else {
            (file.before, file.first, file.last) = (file.now, at, at);
        }
        file.now = look;
        if kind(&path.path) != Kind::Plain {
            if look.is_none() {
                self.forget(path);
            }
            return Seen::Beside;
        }
        Seen::Changed
    }

    /// Lets a file that is gone be forgotten then.
    pub fn leave(&mut self, path: &FilePath, at: Time) {
        self.leaving.insert((at, path.clone()));
    }

    /// Files whose leaving has settled; those with `true` have a row.
    pub fn left(&mut self, now: Time) -> Vec<(FilePath, bool)> {
        let mut gone = Vec::new();
        while let Some((at, path)) = self.leaving.first().cloned() {
            if at > now {
                break;
            }
            self.leaving.remove(&(at, path.clone()));
            if let Some(file) = self.table.get(&path).filter(|file| file.now.is_none()) {
                gone.push((path.clone(), file.read.is_some()));
                self.forget(&path);
            }
        }
        gone
    }

    pub fn next_leaving(&self) -> Option<Time> {
        self.leaving.first().map(|(at, _)| *at)
    }

    /// Files of a share that a complete scan did not see.
    pub fn unseen(&self, share: ShareId, scan: u64) -> Vec<FilePath> {
        self.of_share(share)
            .filter(|(_, file)| file.scan < scan && file.now.is_some())
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// Files of a share that are there.
    pub fn there(&self, share: ShareId) -> Vec<FilePath> {
        self.of_share(share).filter(|(_, file)| file.is_there()).map(|(path, _)| path.clone()).collect()
    }

    fn of_share(&self, share: ShareId) -> impl Iterator<Item = (&FilePath, &File)> {
        self.below(share, "")
    }

    /// Files whose path begins with `prefix`, in order.
    pub fn below<'a>(&'a self, share: ShareId, prefix: &'a str) -> impl Iterator<Item = (&'a FilePath, &'a File)> {
        let from = FilePath { share, path: prefix.into() };
        self.table
            .range((Bound::Included(from), Bound::Unbounded))
            .take_while(move |(path, _)| path.share == share && path.path.starts_with(prefix))
    }

    pub fn get(&self, path: &FilePath) -> Option<&File> {
        self.table.get(path)
    }

    pub fn digest(&self, path: &FilePath) -> Option<Digest> {
        self.table.get(path)?.digest()
    }

    /// What a step may read of a file as it lies on disk.
    pub fn on_disk(&self, path: &FilePath, pipeline: &Pipeline, now: Time) -> Content {
        self.table.get(path).map_or(Content::Missing, |file| file.on_disk(path, pipeline, now))
    }

    /// What a step may read of a person's text: its last settled state stands for it while it changes.
    pub fn text(&self, path: &FilePath, pipeline: &Pipeline, now: Time) -> Content {
        let Some(file) = self.table.get(path) else { return Content::Missing };
        match (file.on_disk(path, pipeline, now), &file.read) {
            (Content::Unsettled(_), Some(read)) => Content::Known(read.digest),
            (content, _) => content,
        }
    }

    /// Takes note of the order to read a file; false when that is under way.
    pub fn begin_hashing(&mut self, path: &FilePath) -> bool {
        self.hashing.insert(path.clone())
    }

    pub fn end_hashing(&mut self, path: &FilePath) -> bool {
        self.hashing.remove(path)
    }

    pub fn is_hashing(&self, path: &FilePath) -> bool {
        self.hashing.contains(path)
    }

    pub fn is_any_hashing(&self) -> bool {
        !self.hashing.is_empty()
    }

    /// Reads under way are lost with the share they belong to.
    pub fn forget_hashing(&mut self, share: ShareId) {
        self.hashing.retain(|path| path.share != share);
    }

    /// The content was read under the stamp that the file has. Returns the row to keep, and whether it is new content.
    pub fn read(&mut self, path: &FilePath, digest: Digest) -> Option<(FileRow, bool)> {
        let was = self.telling(path);
        let file = self.table.get_mut(path)?;
        let stamp = file.now?;
        let read = match file.read.take() {
            // Touched, or changed and changed back: it is still ours if it was, but somebody is at work on it.
            Some(read) if read.digest == digest => (Read { stamp, changed: file.last, ..read }, false),
            before => {
                let published = before.as_ref().and_then(|read| read.published);
                let former = former(before);
                (Read { stamp, digest, changed: file.last, published, by_us: None, former }, true)
            }
        };
        file.read = Some(read.0);
        let row = file.row(path)?;
        self.index_digests(path, &was);
        Some((row, read.1))
    }

    /// It is another file as that was when last read, under a new name. Returns the row to keep.
    pub fn adopt(&mut self, path: &FilePath, of: &FileRow) -> Option<FileRow> {
        let was = self.telling(path);
        let file = self.table.get_mut(path)?;
        let (stamp, digest, published) = (of.stamp, of.digest, of.published);
        let (by_us, former) = (of.by_us.clone(), of.former.clone());
        // Whoever renames a file is at work on it.
        file.read = Some(Read { stamp, digest, changed: file.last, published, by_us, former });
        let row = file.row(path);
        self.index_digests(path, &was);
        row
    }

    /// Another file lay there before. Returns the row to keep, if it is worth one.
    pub fn remember(&mut self, path: &FilePath, was: FileRow) -> Option<FileRow> {
        let telling = self.telling(path);
        let read = self.table.get_mut(path)?.read.as_mut()?;
        let mut all = was.former;
        all.extend(was.by_us.map(|by_us| Former { digest: was.digest, by_us }));
        all.retain(|former| former.digest != read.digest && !read.former.contains(former));
        if all.is_empty() {
            return None;
        }
        all.append(&mut read.former);
        read.former = all.split_off(all.len().saturating_sub(FORMER_MAX));
        let row = self.row(path);
        self.index_digests(path, &telling);
        row
    }

    /// What was recorded of a file that is gone is another's now.
    pub fn disown(&mut self, path: &FilePath) {
        let was = self.telling(path);
        if let Some(file) = self.table.get_mut(path) {
            file.read = None;
        }
        self.index_digests(path, &was);
    }

    /// Something was published here. Returns the row to keep, and whether somebody has changed the file again already.
    pub fn write(&mut self, path: &FilePath, written: Written, now: Time) -> (FileRow, bool) {
        let Written { digest, stamp, by, human, scan } = written;
        if !self.table.contains_key(path) {
            let file = File { now: None, before: None, first: now, last: now, read: None, scan: 0 };
            self.table.insert(path.clone(), file);
            self.index(path);
        }
        let telling = self.telling(path);
        let file = self.table.get_mut(path).expect("it was just made sure of");
        file.scan = scan;
        let before = file.read.take();
        let was = before.as_ref().map(|read| read.stamp);
        let overtaken = file.now.is_some() && file.now != was && file.now != Some(stamp);
        if !overtaken {
            file.now = Some(stamp);
        }
        let changed = before.as_ref().filter(|_| by.is_some()).map_or(now, |read| read.changed);
        let published = if human { Some(now) } else { before.as_ref().and_then(|read| read.published) };
        let former = match before {
            Some(read) if read.digest == digest => read.former,
            before => former(before),
        };
        file.read = Some(Read { stamp, digest, changed, published, by_us: by, former });
        let row = file.row(path).expect("it was just read");
        self.index_digests(path, &telling);
        (row, overtaken)
    }

    /// A file that has the very bytes we would have written counts as ours. Returns the row to keep, if it changed.
    pub fn own(&mut self, path: &FilePath, by: Node) -> Option<FileRow> {
        let was = self.telling(path);
        let file = self.table.get_mut(path)?;
        let read = file.read.as_mut().filter(|read| read.by_us.as_ref() != Some(&by))?;
        read.by_us = Some(by);
        let row = file.row(path);
        self.index_digests(path, &was);
        row
    }

    /// The file was moved away or removed by us.
    pub fn forget(&mut self, path: &FilePath) {
        let was = self.telling(path);
        self.table.remove(path);
        self.index_digests(path, &was);
        self.hashing.remove(path);
        let (of, map) = match kind(&path.path) {
            Kind::Temporary { of } => (of, &mut self.beside),
            Kind::ConflictCopy { of } => (of, &mut self.copies),
            Kind::Plain | Kind::Ours => return,
        };
        let of = FilePath { share: path.share, path: of.into() };
        if let Some(set) = map.get_mut(&of) {
            set.remove(path);
            if set.is_empty() {
                map.remove(&of);
            }
        }
    }

    /// The temporary and lock files beside it.
    pub fn beside(&self, path: &FilePath) -> impl Iterator<Item = &FilePath> {
        self.beside.get(path).into_iter().flatten()
    }

    /// The first conflict copy beside it.
    pub fn conflict_copy(&self, path: &FilePath) -> Option<&FilePath> {
        self.copies.get(path)?.first()
    }

    /// The conflict copies of a file.
    pub fn copies(&self, path: &FilePath) -> impl Iterator<Item = &FilePath> {
        self.copies.get(path).into_iter().flatten()
    }

    /// All conflict copies of a share.
    pub fn all_copies(&self, share: ShareId) -> impl Iterator<Item = &FilePath> {
        self.copies.iter().filter(move |(of, _)| of.share == share).flat_map(|(_, copies)| copies)
    }

    /// Some file of the share is this inode. Looks at all of them.
    pub fn has_inode(&self, share: ShareId, inode: u64) -> bool {
        inode != 0 && self.of_share(share).any(|(_, file)| file.now.is_some_and(|now| now.inode == inode))
    }

    /// Notes, and what we made, that are this or were it not long ago.
    pub fn alike(&self, digest: Digest) -> impl Iterator<Item = &FilePath> {
        self.alike.get(&digest).into_iter().flatten()
    }

    /// What a file is found by in `alike`.
    fn telling(&self, path: &FilePath) -> BTreeSet<Digest> {
        let Some(read) = self.table.get(path).and_then(|file| file.read.as_ref()) else { return BTreeSet::new() };
        let now = (read.by_us.is_some() || is_markdown(&path.path)).then_some(read.digest);
        read.former.iter().map(|former| former.digest).chain(now).collect()
    }

    /// Follows a change of what a file is found by.
    fn index_digests(&mut self, path: &FilePath, was: &BTreeSet<Digest>) {
        let now = self.telling(path);
        for digest in was.difference(&now) {
            if let Some(set) = self.alike.get_mut(digest) {
                set.remove(path);
                if set.is_empty() {
                    self.alike.remove(digest);
                }
            }
        }
        for digest in now.difference(was) {
            self.alike.entry(*digest).or_default().insert(path.clone());
        }
    }

    /// Files of a share that a conflict copy lies beside.
    pub fn copied(&self, share: ShareId) -> impl Iterator<Item = &FilePath> {
        self.copies.iter().filter(move |(of, copies)| of.share == share && !copies.is_empty()).map(|(of, _)| of)
    }

    /// What is kept of a file.
    pub fn row(&self, path: &FilePath) -> Option<FileRow> {
        self.table.get(path)?.row(path)
    }

    /// Notes what lies beside what; true when it is not a plain file.
    fn index(&mut self, path: &FilePath) -> bool {
        let (of, map) = match kind(&path.path) {
            Kind::Plain => return false,
            Kind::Ours => return true,
            Kind::Temporary { of } => (of, &mut self.beside),
            Kind::ConflictCopy { of } => (of, &mut self.copies),
        };
        map.entry(FilePath { share: path.share, path: of.into() }).or_default().insert(path.clone());
        true
    }
}

impl File {
    /// The digest of what it was when last read or written.
    pub fn digest(&self) -> Option<Digest> {
        self.read.as_ref().map(|read| read.digest)
    }

    /// The digest of what it is now, if it was not touched since it was read.
    pub fn current(&self) -> Option<Digest> {
        self.read.as_ref().filter(|read| Some(read.stamp) == self.now).map(|read| read.digest)
    }

    /// Whose output or weave it is as it was last read, when it is ours.
    pub fn by_us(&self) -> Option<&Node> {
        self.read.as_ref()?.by_us.as_ref()
    }

    /// How it looks; `None`: it is gone.
    pub fn stamp(&self) -> Option<Stamp> {
        self.now
    }

    pub fn is_there(&self) -> bool {
        self.now.is_some()
    }

    /// When it was found where it lies.
    pub fn first_seen(&self) -> Time {
        self.first
    }

    /// When somebody other than us last changed it; a change that was not read yet counts.
    pub fn changed(&self) -> Time {
        match &self.read {
            Some(read) if self.is_pending() => read.changed.max(self.last),
            Some(read) => read.changed,
            None => self.last,
        }
    }

    /// As whose output or weave it was this, now or before.
    pub fn made_as(&self, digest: Digest) -> Option<&Node> {
        let read = self.read.as_ref()?;
        made_as(read.digest, read.by_us.as_ref(), &read.former, digest)
    }

    pub fn published(&self) -> Option<Time> {
        self.read.as_ref()?.published
    }

    /// First change since it was read or had settled.
    pub fn since(&self) -> Time {
        self.first
    }

    /// The size it has as long as it is settled, else the one it had before; `None`: not there, or never settled.
    pub fn settled_size(&self, path: &FilePath, pipeline: &Pipeline, now: Time) -> Option<u64> {
        let stamp = if self.settles_at(path, pipeline) <= now { self.now } else { self.before };
        stamp.map(|stamp| stamp.size)
    }

    /// From when on it counts as settled for this pipeline.
    pub fn settles_at(&self, path: &FilePath, pipeline: &Pipeline) -> Time {
        if !self.is_pending() {
            return self.first;
        }
        // What went away may only be about to be replaced: as short a wait as for text.
        if is_text(&path.path) || self.now.is_none() {
            let still = self.last.plus_ms(pipeline.settle_text_ms);
            let ceiling = self.first.plus_ms(pipeline.settle_text_ms_max);
            return still.min(ceiling);
        }
        self.last.plus_ms(pipeline.settle_media_ms)
    }

    fn on_disk(&self, path: &FilePath, pipeline: &Pipeline, now: Time) -> Content {
        if let Some(digest) = self.current() {
            return Content::Known(digest);
        }
        let at = self.settles_at(path, pipeline);
        if at > now {
            return Content::Unsettled(at);
        }
        if self.now.is_none() { Content::Missing } else { Content::Unread }
    }

    /// Its content as it is now was not read.
    fn is_pending(&self) -> bool {
        self.current().is_none()
    }

    fn row(&self, path: &FilePath) -> Option<FileRow> {
        let read = self.read.clone()?;
        Some(FileRow {
            file: path.clone(),
            stamp: read.stamp,
            digest: read.digest,
            changed: read.changed,
            published: read.published,
            by_us: read.by_us,
            former: read.former,
            left: None,
        })
    }
}

impl FileRow {
    /// As whose output or weave it was this, now or before.
    pub(crate) fn made_as(&self, digest: Digest) -> Option<&Node> {
        made_as(self.digest, self.by_us.as_ref(), &self.former, digest)
    }
}

fn made_as<'a>(now: Digest, by_us: Option<&'a Node>, former: &'a [Former], digest: Digest) -> Option<&'a Node> {
    let now = by_us.filter(|_| now == digest);
    now.or_else(|| Some(&former.iter().rev().find(|former| former.digest == digest)?.by_us))
}

/// What we made of a file before, with what it was until now.
fn former(until_now: Option<Read>) -> Vec<Former> {
    let Some(Read { digest, by_us, mut former, .. }) = until_now else { return Vec::new() };
    if let Some(by_us) = by_us {
        add_former(&mut former, Former { digest, by_us });
    }
    former
}

pub(crate) fn add_former(all: &mut Vec<Former>, former: Former) {
    all.retain(|other| other.digest != former.digest);
    all.push(former);
    if all.len() > FORMER_MAX {
        all.remove(0);
    }
}

/// A copy is read soon after it was made, so a few will do.
const FORMER_MAX: usize = 8;

/// Whether reading it also keeps its bytes.
pub(crate) fn keeps_bytes(path: &FilePath) -> bool {
    is_markdown(&path.path)
}
