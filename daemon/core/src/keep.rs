//! What is kept no longer than it has to be.
//!
//! Versions of files, results that no step stands on any more, builds that have ended and texts that nothing names are
//! *leftovers*: they go when they are old, and the oldest of them earlier when the archive outgrows its room. The newest
//! version of anything stays for ever, and so does whatever something else stands on. [`Ledger`] takes in all rows and
//! says what may go; the core looks again at the moment it lets go ([`Coordinator::outgrown`]), for things may have
//! happened in between. Knows nothing of the store, nor of where blobs lie.

use crate::blob::Names;
use crate::lane::{Lookup, View};
use crate::{BuildId, Coordinator, Digest, FilePath, ProposalState, RevisionRow, Row, RowKey, Subject, Time};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// How long and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Versions of files, from when another one took their place; the newest of each stays.
    pub history_ms: u64,
    /// Results nothing stands on any more, builds that have ended, proposals that are settled, texts nothing names.
    pub results_ms: u64,
    /// Room on disk of all blobs together.
    pub bytes_max: u64,
}

/// What stands on rows and blobs in memory alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anchors {
    pub blobs: BTreeSet<Digest>,
    /// Results by key.
    pub actions: BTreeSet<Digest>,
    /// Files whose whole history stays: a conflict copy of them lies in the share, to be judged by it.
    pub files: BTreeSet<FilePath>,
    /// Numbers of versions are those that they were then only as long as this does not change.
    pub histories_moved: u64,
    /// An attempt outlived a restart, and nobody knows what it was given: nothing may go until it has ended, or what it
    /// proposes would name texts that are gone.
    pub is_blind: bool,
}

/// A blob as it lies in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Room on disk.
    pub bytes: u64,
    pub since: Time,
}

/// What may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgrown {
    /// Oldest first within each of both reasons.
    pub rows: Vec<RowKey>,
    /// Blobs that nothing names any more once these rows are gone.
    pub blobs: BTreeSet<Digest>,
    /// Room on disk of the blobs that stay.
    pub bytes_left: u64,
}

/// All rows, as far as it matters here what is old and what stands on what.
#[derive(Debug, Default)]
pub struct Ledger {
    history: BTreeMap<FilePath, Vec<Kept>>,
    actions: BTreeMap<Digest, (Time, Vec<Digest>)>,
    /// Ended builds.
    builds: BTreeMap<Subject, Vec<(BuildId, Time)>>,
    settled: Vec<Leftover>,
    /// Named by what is no leftover.
    pinned: BTreeSet<Digest>,
    /// Keys of results that something stands on.
    used: BTreeSet<Digest>,
    /// When a job last had this key: until then its result was a current one.
    wanted: BTreeMap<Digest, Time>,
}

/// One version of a file.
#[derive(Debug)]
struct Kept {
    number: u64,
    at: Time,
    digest: Digest,
    by_us: bool,
    was_set_aside: bool,
}

#[derive(Debug)]
struct Leftover {
    /// Since when it is one.
    at: Time,
    /// `None`: a blob that no row names.
    key: Option<RowKey>,
    blobs: Vec<Digest>,
}

impl Ledger {
    /// Takes in a version of a file with its number.
    pub fn note_revision(&mut self, number: u64, row: &RevisionRow) {
        let kept =
            Kept { number, at: row.at, digest: row.digest, by_us: row.by_us, was_set_aside: row.was_set_aside() };
        self.history.entry(row.file.clone()).or_default().push(kept);
    }

    /// Takes in any other row.
    pub fn note(&mut self, row: &Row) {
        match row {
            Row::Action(row) => {
                let mut blobs = Vec::new();
                row.name(&mut blobs);
                drop(self.actions.insert(row.key, (row.at, blobs)));
                return;
            }
            Row::Build(row) => {
                if let Some(ended) = row.ended {
                    self.builds.entry(row.subject.clone()).or_default().push((row.id, ended));
                }
            }
            Row::Proposal(row) if is_settled(&row.state) => {
                let mut blobs = Vec::new();
                row.name(&mut blobs);
                let at = if let ProposalState::Published { at, .. } = row.state { at } else { row.created };
                return self.settled.push(Leftover { at, key: Some(RowKey::Proposal(row.id)), blobs });
            }
            Row::Index(row) => drop(self.used.insert(row.action.key)),
            Row::Fixed(row) => drop(self.used.insert(row.key)),
            Row::Job(row) => {
                if let Some(key) = row.key {
                    let wanted = self.wanted.entry(key).or_insert(row.created);
                    *wanted = row.created.max(*wanted);
                }
            }
            Row::Revision(_) => unreachable!("revisions are noted with their number"),
            Row::Meta(_)
            | Row::File(_)
            | Row::Lease(_)
            | Row::Proposal(_)
            | Row::Intent(_)
            | Row::Binding(_)
            | Row::Ours(_) => {}
        }
        self.pinned.extend(row.blobs());
    }

    /// Every blob that a row names.
    pub fn names(&self) -> BTreeSet<Digest> {
        let of_actions = self.actions.values().flat_map(|(_, blobs)| blobs);
        let of_settled = self.settled.iter().flat_map(|left| &left.blobs);
        let of_history = self.history.values().flatten().map(|kept| &kept.digest);
        self.pinned.iter().chain(of_actions).chain(of_settled).chain(of_history).copied().collect()
    }

    /// How many versions of files there are.
    pub fn revisions(&self) -> usize {
        self.history.values().map(Vec::len).sum()
    }

    /// What may go, of these rows and these blobs.
    pub fn outgrown(
        self,
        anchors: &Anchors,
        bounds: &Bounds,
        stored: &BTreeMap<Digest, Stored>,
        now: Time,
    ) -> Outgrown {
        let named = self.names();
        let Self { history, actions, builds, settled: mut old, mut pinned, used, wanted } = self;
        pinned.extend(&anchors.blobs);
        for (file, versions) in history {
            let (go, stay) = split(versions, anchors.files.contains(&file));
            pinned.extend(stay.iter().map(|kept| kept.digest));
            old.extend(go.into_iter().map(|(kept, at)| Leftover {
                at,
                key: Some(RowKey::Revision(file.clone(), kept.number)),
                blobs: [kept.digest].into(),
            }));
        }
        for (key, (at, blobs)) in actions {
            if used.contains(&key) || anchors.actions.contains(&key) {
                pinned.extend(blobs);
            } else {
                let at = wanted.get(&key).map_or(at, |wanted| at.max(*wanted));
                old.push(Leftover { at, key: Some(RowKey::Action(key)), blobs });
            }
        }
        for mut ended in builds.into_values() {
            ended.sort_unstable();
            // The last one says how its subject stood.
            ended.pop();
            old.extend(ended.into_iter().map(|(build, at)| Leftover {
                at,
                key: Some(RowKey::Build(build)),
                blobs: Vec::new(),
            }));
        }
        let nameless = stored.iter().filter(|(digest, _)| !named.contains(*digest) && !pinned.contains(*digest));
        old.extend(nameless.map(|(digest, blob)| Leftover { at: blob.since, key: None, blobs: [*digest].into() }));
        old.sort_by(|a, b| (a.at, &a.key, &a.blobs).cmp(&(b.at, &b.key, &b.blobs)));
        choose(old, &pinned, bounds, stored, now)
    }
}

/// Versions of one file: those that may go, each with when the next one took its place, and those that stay: the newest
/// of all, the newest that lay at the path and the newest that a person wrote.
fn split(mut versions: Vec<Kept>, all_stay: bool) -> (Vec<(Kept, Time)>, Vec<Kept>) {
    versions.sort_by_key(|kept| kept.number);
    let newest = |is_one: &dyn Fn(&Kept) -> bool| versions.iter().rfind(|kept| is_one(kept)).map(|kept| kept.number);
    let stays = [newest(&|_| true), newest(&|kept| !kept.was_set_aside), newest(&|kept| !kept.by_us)];
    let replaced: Vec<Time> = versions.iter().skip(1).map(|next| next.at).collect();
    let (mut go, mut stay) = (Vec::new(), Vec::new());
    let mut replaced = replaced.into_iter();
    for kept in versions {
        match replaced.next() {
            Some(at) if !all_stay && !stays.contains(&Some(kept.number)) => go.push((kept, at)),
            _ => stay.push(kept),
        }
    }
    (go, stay)
}

/// First what is too old, then the oldest that makes room.
fn choose(
    old: Vec<Leftover>,
    pinned: &BTreeSet<Digest>,
    bounds: &Bounds,
    stored: &BTreeMap<Digest, Stored>,
    now: Time,
) -> Outgrown {
    let mut names: BTreeMap<Digest, u32> = BTreeMap::new();
    for digest in old.iter().flat_map(|left| &left.blobs).filter(|digest| !pinned.contains(*digest)) {
        *names.entry(*digest).or_default() += 1;
    }
    let bytes_left = stored.values().map(|blob| blob.bytes).sum();
    let mut gone = Outgrown { bytes_left, ..Outgrown::default() };
    let mut drop_one = |gone: &mut Outgrown, left: Leftover| {
        for digest in left.blobs {
            let Some(count) = names.get_mut(&digest) else { continue };
            *count -= 1;
            if let (0, Some(blob)) = (*count, stored.get(&digest)) {
                gone.blobs.insert(digest);
                gone.bytes_left -= blob.bytes;
            }
        }
        gone.rows.extend(left.key);
    };
    let mut young = Vec::new();
    for left in old {
        let kept_ms = match left.key {
            Some(RowKey::Revision(..)) => bounds.history_ms,
            _ => bounds.results_ms,
        };
        if left.at.plus_ms(kept_ms) <= now { drop_one(&mut gone, left) } else { young.push(left) }
    }
    for left in young {
        if gone.bytes_left <= bounds.bytes_max {
            break;
        }
        if left.blobs.iter().any(|digest| !pinned.contains(digest) && stored.contains_key(digest)) {
            drop_one(&mut gone, left);
        }
    }
    gone
}

/// Nothing will be made of it any more. One that was rejected is remembered, so that it is not shown again.
fn is_settled(state: &ProposalState) -> bool {
    match state {
        ProposalState::Published { .. } | ProposalState::Stale => true,
        ProposalState::Open | ProposalState::Accepted { .. } | ProposalState::Rejected { .. } => false,
    }
}

impl Coordinator {
    /// What the rest of the world may not let go of at this moment though no row says so: results and texts that are
    /// known or on their way, and what conflict copies are judged by.
    pub fn anchors(&self) -> Anchors {
        let (actions, histories_moved) = (self.results_in_use(), self.histories_moved);
        let mut anchors = Anchors { actions, histories_moved, ..Anchors::default() };
        let mut named = Vec::new();
        for lane in self.lanes.values() {
            lane.index.values().for_each(|row| row.name(&mut named));
            for known in lane.found.values() {
                if let Lookup::Known(action) = known {
                    action.name(&mut named);
                }
            }
            for view in lane.views.values() {
                if let View::Woven(woven) = view {
                    named.push(woven.digest);
                }
            }
        }
        named.extend(self.weaving.values().flat_map(|(_, _, texts)| texts));
        for job in self.jobs.values().filter(|job| job.row.state.is_alive()) {
            anchors.is_blind |= job.inputs.is_none() && job.row.state.holds_files();
            named.extend(job.inputs.iter().flatten());
        }
        named.extend(self.conflicts.texts());
        named.extend(self.ballots.texts());
        anchors.blobs.extend(named);
        let copied = self.shares.keys().flat_map(|share| self.files.copied(*share));
        anchors.files.extend(copied.cloned());
        anchors
    }

    /// Keys of the results that something stands on.
    fn results_in_use(&self) -> BTreeSet<Digest> {
        let mut used: BTreeSet<Digest> = self.jobs.values().filter_map(|job| job.row.key).collect();
        for lane in self.lanes.values() {
            used.extend(lane.index.values().map(|row| row.action.key));
            used.extend(lane.found.keys());
        }
        used.extend(self.fixed.values().flat_map(BTreeMap::keys));
        used
    }

    /// These rows have been kept long enough. What something stands on by now stays all the same.
    pub(crate) fn outgrown(&mut self, rows: Vec<RowKey>, histories_moved: u64) {
        let used = self.results_in_use();
        let mut builds = BTreeSet::new();
        for key in rows {
            let may_go = match &key {
                RowKey::Revision(file, _) => {
                    histories_moved == self.histories_moved && self.files.copies(file).next().is_none()
                }
                RowKey::Action(action) => !used.contains(action),
                RowKey::Build(build) => {
                    builds.insert(*build);
                    continue;
                }
                RowKey::Proposal(id) => {
                    let may_go = self.proposals.get(id).is_some_and(|row| is_settled(&row.state));
                    if may_go {
                        self.proposals.remove(id);
                    }
                    may_go
                }
                // Nobody has them left over.
                RowKey::File(_)
                | RowKey::Job(_)
                | RowKey::Index(..)
                | RowKey::Lease(_)
                | RowKey::Intent(_)
                | RowKey::Fixed(..)
                | RowKey::Binding(..)
                | RowKey::Ours(..) => false,
            };
            if may_go {
                self.delete(key);
            }
        }
        let mut gone = Vec::new();
        for ended in self.ended.values_mut() {
            let last = ended.back().copied();
            ended.retain(|build| {
                let stays = !builds.contains(build) || Some(*build) == last;
                if !stays {
                    gone.push(*build);
                }
                stays
            });
        }
        for build in gone {
            self.delete(RowKey::Build(build));
        }
    }
}
