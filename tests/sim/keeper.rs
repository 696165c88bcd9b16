//! The keeper of the archive, with bounds so tight that it takes something away all the time: looks at all rows, tells
//! the core what may go, looks once more, and removes the blobs that nobody names. It may be killed between any two.

use crate::cast::Blobs;
use crate::disk::digest;
use crate::planted::Planted;
use crate::world::{Item, World};
use show_core::*;
use std::collections::{BTreeMap, BTreeSet};

const BOUNDS: Bounds = Bounds { history_ms: 20_000, results_ms: 8_000, bytes_max: 150 };
/// Whoever puts a blob has this long to have it named.
const GRACE_MS: i64 = 3_000;

/// Texts by digest, when each was put last, and those that were swept: nobody may need one of them.
#[derive(Debug, Default)]
pub struct Archive {
    blobs: Blobs,
    put: BTreeMap<Digest, i64>,
    swept: Blobs,
    /// Versions that were let go of: what stood in them was kept for as long as it was promised.
    pub outgrown: Vec<RevisionRow>,
}

impl Archive {
    pub fn put(&mut self, t: i64, text: String) -> Digest {
        let digest = digest(&text);
        self.put.insert(digest, t);
        self.blobs.insert(digest, text);
        digest
    }

    pub fn get(&self, digest: &Digest) -> Option<&String> {
        self.blobs.get(digest)
    }

    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Versions and texts that were let go of.
    pub fn went(&self) -> (usize, usize) {
        (self.outgrown.len(), self.swept.len())
    }

    /// What was let go of goes with a history to its new name.
    pub fn follow(&mut self, from: &FilePath, to: &FilePath, copied: bool) {
        let moved: Vec<RevisionRow> = self.outgrown.extract_if(.., |row| row.file == *from).collect();
        let renamed = moved.iter().map(|row| RevisionRow { file: to.clone(), ..row.clone() });
        self.outgrown.extend(renamed);
        if copied {
            self.outgrown.extend(moved);
        }
    }

    /// A text that is, or once was, here.
    fn ever(&self, digest: &Digest) -> Option<&String> {
        self.blobs.get(digest).or_else(|| self.swept.get(digest))
    }
}

impl World {
    pub fn keep_house(&mut self) {
        let pause = if self.chaos { self.dice.between(200, 4_000) } else { 10_000 };
        self.after(pause, Item::KeepHouse);
        let Some(core) = &self.core else { return };
        let anchors = if self.planted == Planted::NeededBlobSwept { Anchors::default() } else { core.anchors() };
        let ahead = self.wall() - self.t;
        let stored = |(digest, text): (&Digest, &String)| {
            let since = Time(self.archive.put[digest] + ahead);
            (*digest, Stored { bytes: text.len() as u64, since })
        };
        let stored = self.archive.blobs.iter().map(stored).collect();
        let gone = self.store.ledger().outgrown(&anchors, &BOUNDS, &stored, Time(self.clock()));
        self.say(|| format!("the keeper lets go of {gone:?}"));
        if !gone.rows.is_empty() {
            self.deliver(Event::Outgrown { rows: gone.rows, histories_moved: anchors.histories_moved });
        }
        let delay = self.delay(50, 2_000);
        self.after(delay, Item::Sweep(self.life, gone.blobs));
    }

    pub fn sweep(&mut self, doomed: BTreeSet<Digest>) {
        let needed = self.needed();
        let is_careless = self.planted == Planted::NeededBlobSwept;
        if !is_careless && self.core.as_ref().is_some_and(|core| core.anchors().is_blind) {
            return;
        }
        for digest in doomed {
            let is_fresh = self.archive.put.get(&digest).is_some_and(|at| self.t < at + GRACE_MS);
            if (is_careless || !needed.contains(&digest) && !is_fresh)
                && let Some(text) = self.archive.blobs.remove(&digest)
            {
                self.archive.swept.insert(digest, text);
            }
        }
        self.check_archive();
    }

    /// What rows name, what the core has in mind, and what processes and the runner have their own copies of.
    fn needed(&self) -> BTreeSet<Digest> {
        let mut needed = self.store.ledger().names();
        if let Some(core) = &self.core {
            needed.extend(core.anchors().blobs);
        }
        needed.extend(self.runner.alive.values().flat_map(Order::blobs));
        for ended in self.runner.ended.values() {
            if let Ended::Succeeded(finished) = ended {
                needed.extend(finished.edits.as_ref().map(|edits| edits.digest));
            }
        }
        needed
    }

    pub fn check_archive(&mut self) {
        let needed = self.needed();
        let lost =
            needed.iter().find(|digest| self.archive.get(digest).is_none() && self.archive.ever(digest).is_some());
        let lost = lost.copied();
        self.expect("what is named is there", lost.is_none(), || format!("{lost:?} was swept, and is named"));
    }

    /// Before rows go: the newest version of a file is not among them, nor one that a copy is judged by.
    pub fn check_outgrown(&mut self, file: &FilePath, number: u64) {
        let found = self.store.revisions.iter().find(|(at, row)| row.file == *file && *at == number).cloned();
        let newer = |person: bool| {
            let mut later = self.store.revisions.iter().filter(|(at, row)| row.file == *file && *at > number);
            later.any(|(_, row)| !person || !row.by_us)
        };
        let is_newest = match &found {
            Some((_, row)) => !newer(false) || !row.by_us && !newer(true),
            None => false,
        };
        self.expect("the newest version stays", !is_newest, || format!("version {number} of {file} was let go of"));
        self.archive.outgrown.extend(found.map(|(_, row)| row));
    }

    /// Texts of all versions of a note that are or once were in its history.
    pub fn texts_in_history<'w>(&'w self, path: &'w str) -> impl Iterator<Item = &'w String> {
        let rows = self.store.revisions.iter().map(|(_, row)| row).chain(&self.archive.outgrown);
        rows.filter(move |row| *row.file.path == *path).filter_map(|row| self.archive.ever(&row.digest))
    }
}
