//! A store in memory: what every store has to do with the changes of a decision.

use show_core::*;
use std::collections::BTreeMap;

/// Rows by what they are about. Cloning it is what a disk keeps.
#[derive(Debug, Clone, Default)]
pub struct Store {
    pub meta: MetaRow,
    pub files: BTreeMap<FilePath, FileRow>,
    pub builds: BTreeMap<BuildId, BuildRow>,
    pub jobs: BTreeMap<JobId, JobRow>,
    pub actions: BTreeMap<Digest, ActionRow>,
    pub index: BTreeMap<(Subject, Node), IndexRow>,
    pub leases: BTreeMap<LeaseId, LeaseRow>,
    pub proposals: BTreeMap<ProposalId, ProposalRow>,
    pub intents: BTreeMap<IntentId, Intent>,
    pub fixed: BTreeMap<(FilePath, Digest), FixedRow>,
    pub bindings: BTreeMap<(FilePath, String), Binding>,
    pub ours: BTreeMap<(FilePath, String), Ours>,
    /// With their numbers, as they came.
    pub revisions: Vec<(u64, RevisionRow)>,
    pub log: Vec<EventRow>,
}

impl Store {
    pub fn keep(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Put(row) => self.put(row.clone()),
                Change::Delete(key) => self.delete(key),
                Change::History { from, to, copied } => self.move_history(from, to, *copied),
                Change::Log(event) => self.log.push(event.clone()),
            }
        }
    }

    fn put(&mut self, row: Row) {
        match row {
            Row::Meta(row) => self.meta = row,
            Row::File(row) => drop(self.files.insert(row.file.clone(), row)),
            Row::Build(row) => drop(self.builds.insert(row.id, row)),
            Row::Job(row) => drop(self.jobs.insert(row.id, row)),
            Row::Action(row) => drop(self.actions.insert(row.key, row)),
            Row::Index(row) => drop(self.index.insert((row.subject.clone(), row.node.clone()), row)),
            Row::Lease(row) => drop(self.leases.insert(row.id, row)),
            Row::Proposal(row) => drop(self.proposals.insert(row.id, row)),
            Row::Intent(row) => drop(self.intents.insert(row.id, row)),
            Row::Fixed(row) => drop(self.fixed.insert((row.file.clone(), row.key), row)),
            Row::Binding(row) => drop(self.bindings.insert((row.file.clone(), row.place.clone()), row)),
            Row::Ours(row) => drop(self.ours.insert((row.file.clone(), row.target.clone()), row)),
            Row::Revision(row) => {
                let last = self.revisions.iter().rfind(|(_, other)| other.file == row.file);
                self.revisions.push((last.map_or(1, |(number, _)| number + 1), row));
            }
        }
    }

    fn delete(&mut self, key: &RowKey) {
        match key.clone() {
            RowKey::File(file) => drop(self.files.remove(&file)),
            RowKey::Build(id) => {
                self.builds.remove(&id);
                self.jobs.retain(|_, job| job.build != id);
            }
            RowKey::Job(id) => drop(self.jobs.remove(&id)),
            RowKey::Action(key) => drop(self.actions.remove(&key)),
            RowKey::Index(subject, node) => drop(self.index.remove(&(subject, node))),
            RowKey::Lease(id) => drop(self.leases.remove(&id)),
            RowKey::Proposal(id) => drop(self.proposals.remove(&id)),
            RowKey::Intent(id) => drop(self.intents.remove(&id)),
            RowKey::Fixed(file, key) => drop(self.fixed.remove(&(file, key))),
            RowKey::Binding(file, place) => drop(self.bindings.remove(&(file, place))),
            RowKey::Ours(file, target) => drop(self.ours.remove(&(file, target))),
            RowKey::Revision(file, number) => self.revisions.retain(|(at, row)| row.file != file || *at != number),
        }
    }

    fn move_history(&mut self, from: &FilePath, to: &FilePath, copied: bool) {
        let of_file = self.history(from);
        let moved: Vec<RevisionRow> = of_file.map(|row| RevisionRow { file: to.clone(), ..row.clone() }).collect();
        self.revisions.retain(|(_, row)| copied || row.file != *from);
        for row in moved {
            self.put(Row::Revision(row));
        }
    }

    /// The versions of a file, oldest first.
    pub fn history<'s>(&'s self, file: &'s FilePath) -> impl Iterator<Item = &'s RevisionRow> {
        self.revisions.iter().map(|(_, row)| row).filter(move |row| row.file == *file)
    }

    /// All rows, for whoever asks what of them is still needed.
    pub fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::default();
        let mut note = |row: Row| ledger.note(&row);
        self.files.values().cloned().map(Row::File).for_each(&mut note);
        self.builds.values().cloned().map(Row::Build).for_each(&mut note);
        self.jobs.values().cloned().map(Row::Job).for_each(&mut note);
        self.actions.values().cloned().map(Row::Action).for_each(&mut note);
        self.index.values().cloned().map(Row::Index).for_each(&mut note);
        self.proposals.values().cloned().map(Row::Proposal).for_each(&mut note);
        self.intents.values().cloned().map(Row::Intent).for_each(&mut note);
        self.fixed.values().cloned().map(Row::Fixed).for_each(&mut note);
        self.revisions.iter().for_each(|(number, row)| ledger.note_revision(*number, row));
        ledger
    }

    /// What a restart hands back.
    pub fn rows(&self) -> Rows {
        let builds: Vec<BuildRow> = self.builds.values().filter(|row| row.ended.is_none()).cloned().collect();
        let jobs = builds.iter().flat_map(|row| &row.jobs).filter_map(|job| self.jobs.get(job)).cloned().collect();
        let ended = self.builds.values().filter(|row| row.ended.is_some()).map(|row| (row.subject.clone(), row.id));
        Rows {
            meta: self.meta.clone(),
            files: self.files.values().cloned().collect(),
            ended: ended.collect(),
            builds,
            jobs,
            index: self.index.values().cloned().collect(),
            leases: self.leases.values().cloned().collect(),
            proposals: self.proposals.values().cloned().collect(),
            intents: self.intents.values().cloned().collect(),
            fixed: self.fixed.values().cloned().collect(),
            bindings: self.bindings.values().cloned().collect(),
            ours: self.ours.values().cloned().collect(),
        }
    }
}
