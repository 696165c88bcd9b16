//! Who may touch which file, and who waits.
//!
//! An attempt takes all its files in one step or none, so no two can each hold what the other needs. Its leases are
//! derived from its job being alive and are no rows; locks of scripts and holds of people are rows and outlive a
//! restart. A path that ends in `/` stands for everything below it. Owns the table of leases. Knows nothing of real
//! file locks, of clocks, or of why somebody wants a file. Read [`Leases::in_the_way`] first.

use crate::{Blocker, ClientId, FilePath, JobId, LeaseId, LeaseKind, LeaseRow, Time};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Bound;

#[derive(Debug, Default)]
pub(crate) struct Leases {
    /// Files that live jobs use.
    used: BTreeMap<FilePath, Users>,
    by_job: BTreeMap<JobId, Wanted>,
    rows: BTreeMap<LeaseId, LeaseRow>,
    by_file: BTreeMap<FilePath, BTreeSet<LeaseId>>,
    /// Locks of connected clients; a lock taken before a restart has none until it is renewed.
    by_client: BTreeMap<ClientId, BTreeSet<LeaseId>>,
    ends: BTreeSet<(Time, LeaseId)>,
    /// Jobs that wait for a file, to be looked at again when it is given back.
    waiting: BTreeMap<FilePath, BTreeSet<JobId>>,
    waits_for: BTreeMap<JobId, FilePath>,
}

#[derive(Debug, Default)]
struct Users {
    readers: BTreeSet<JobId>,
    writer: Option<JobId>,
}

/// The files of one job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub reads: BTreeSet<FilePath>,
    pub writes: BTreeSet<FilePath>,
}

impl Leases {
    /// The first thing that keeps a job from taking all it wants.
    pub fn in_the_way(&self, job: JobId, wanted: &Wanted) -> Option<Blocker> {
        let writes = wanted.writes.iter().find_map(|file| self.against_write(Some(job), file));
        writes.or_else(|| wanted.reads.iter().find_map(|file| self.against_read(job, file)))
    }

    /// Gives a job all its files. The caller asked [`Self::in_the_way`] in the same step.
    pub fn take(&mut self, job: JobId, wanted: Wanted) {
        for file in &wanted.reads {
            self.used.entry(file.clone()).or_default().readers.insert(job);
        }
        for file in &wanted.writes {
            self.used.entry(file.clone()).or_default().writer = Some(job);
        }
        self.by_job.insert(job, wanted);
    }

    /// Takes a job's files back, and names the jobs that waited for one of them.
    pub fn give_back(&mut self, job: JobId) -> Vec<JobId> {
        let mut woken = Vec::new();
        let Some(wanted) = self.by_job.remove(&job) else { return woken };
        for file in wanted.reads.iter().chain(&wanted.writes) {
            if let Some(users) = self.used.get_mut(file) {
                users.readers.remove(&job);
                users.writer = users.writer.filter(|writer| *writer != job);
                if users.readers.is_empty() && users.writer.is_none() {
                    self.used.remove(file);
                }
            }
            woken.extend(self.wake(file));
        }
        woken
    }

    /// Lets a job wait until the file that a blocker names is given back.
    pub fn wait(&mut self, job: JobId, blocker: &Blocker) {
        if let Blocker::FileBusy { file, .. } | Blocker::Locked { file, .. } | Blocker::Held { file, .. } = blocker {
            self.stop_waiting(job);
            self.waiting.entry(file.clone()).or_default().insert(job);
            self.waits_for.insert(job, file.clone());
        }
    }

    pub fn stop_waiting(&mut self, job: JobId) {
        let Some(file) = self.waits_for.remove(&job) else { return };
        if let Some(jobs) = self.waiting.get_mut(&file) {
            jobs.remove(&job);
            if jobs.is_empty() {
                self.waiting.remove(&file);
            }
        }
    }

    /// Why a file may not be written by this job, or by a person's request.
    pub fn against_write(&self, job: Option<JobId>, file: &FilePath) -> Option<Blocker> {
        if let Some(row) = self.over(file).next() {
            return Some(blocker_of(row, file));
        }
        let users = self.used.get(file)?;
        let others = users.writer.iter().chain(&users.readers).find(|user| Some(**user) != job);
        others.map(|by| Blocker::FileBusy { file: file.clone(), by: *by })
    }

    /// Why a file may not be read by anybody.
    pub fn locked(&self, file: &FilePath) -> Option<Blocker> {
        self.over(file).find(|row| row.kind == LeaseKind::Lock).map(|row| blocker_of(row, file))
    }

    fn against_read(&self, job: JobId, file: &FilePath) -> Option<Blocker> {
        let busy = || {
            let writer = self.used.get(file)?.writer.filter(|writer| *writer != job)?;
            Some(Blocker::FileBusy { file: file.clone(), by: writer })
        };
        self.locked(file).or_else(busy)
    }

    /// What keeps a lock or hold from being taken: another one, or an attempt that uses the file. A hold only keeps
    /// writers off, so it comes to terms with everybody else.
    pub fn against_row(&self, file: &FilePath, kind: LeaseKind) -> Option<Blocker> {
        let rows = self.over(file).chain(self.below(file)).find(|row| kind == LeaseKind::Lock || row.kind == kind);
        if let Some(row) = rows {
            return Some(blocker_of(row, &row.file));
        }
        let used = self.used.range((Bound::Included(file.clone()), Bound::Unbounded));
        used.take_while(|(path, _)| covers(file, path)).find_map(|(path, users)| {
            let readers = users.readers.iter().filter(|_| kind == LeaseKind::Lock);
            let by = *users.writer.iter().chain(readers).next()?;
            Some(Blocker::FileBusy { file: path.clone(), by })
        })
    }

    pub fn insert(&mut self, row: LeaseRow, client: Option<ClientId>) {
        if let Some(until) = row.until {
            self.ends.insert((until, row.id));
        }
        if let Some(client) = client.filter(|_| row.kind == LeaseKind::Lock) {
            self.by_client.entry(client).or_default().insert(row.id);
        }
        self.by_file.entry(row.file.clone()).or_default().insert(row.id);
        self.rows.insert(row.id, row);
    }

    /// Ends a lock or hold. Returns its row, and the jobs that waited for what it covered.
    pub fn remove(&mut self, lease: LeaseId) -> Option<(LeaseRow, Vec<JobId>)> {
        let row = self.rows.remove(&lease)?;
        if let Some(until) = row.until {
            self.ends.remove(&(until, lease));
        }
        if let Some(leases) = self.by_file.get_mut(&row.file) {
            leases.remove(&lease);
            if leases.is_empty() {
                self.by_file.remove(&row.file);
            }
        }
        self.by_client.retain(|_, leases| {
            leases.remove(&lease);
            !leases.is_empty()
        });
        let files: Vec<FilePath> = self
            .waiting
            .range(row.file.clone()..)
            .map(|(file, _)| file)
            .take_while(|file| covers(&row.file, file))
            .cloned()
            .collect();
        let woken = files.iter().flat_map(|file| self.wake(file)).collect();
        Some((row, woken))
    }

    pub fn renew(&mut self, lease: LeaseId, until: Time, client: ClientId) -> Option<LeaseRow> {
        let mut row = self.rows.get(&lease).filter(|row| row.kind == LeaseKind::Lock)?.clone();
        self.ends.remove(&(row.until.unwrap_or_default(), lease));
        row.until = Some(until);
        self.insert(row.clone(), Some(client));
        Some(row)
    }

    pub fn of_client(&self, client: ClientId) -> Vec<LeaseId> {
        self.by_client.get(&client).map(|leases| leases.iter().copied().collect()).unwrap_or_default()
    }

    pub fn of_file(&self, file: &FilePath, kind: LeaseKind) -> Option<LeaseId> {
        self.by_file.get(file)?.iter().copied().find(|lease| self.rows[lease].kind == kind)
    }

    /// The first lock whose time is over.
    pub fn ended(&self, now: Time) -> Option<LeaseId> {
        self.ends.first().filter(|(until, _)| *until <= now).map(|(_, lease)| *lease)
    }

    pub fn next_end(&self) -> Option<Time> {
        self.ends.first().map(|(until, _)| *until)
    }

    pub fn rows(&self) -> impl Iterator<Item = &LeaseRow> {
        self.rows.values()
    }

    fn wake(&mut self, file: &FilePath) -> Vec<JobId> {
        let jobs: Vec<JobId> = self.waiting.remove(file).into_iter().flatten().collect();
        for job in &jobs {
            self.waits_for.remove(job);
        }
        jobs
    }

    /// Locks and holds on the file or on a directory above it.
    fn over<'a>(&'a self, file: &'a FilePath) -> impl Iterator<Item = &'a LeaseRow> {
        let ends = file.path.match_indices('/').map(|(at, _)| at + 1).filter(|end| *end < file.path.len());
        let leases = ends.chain([file.path.len()]).filter_map(move |end| {
            // No lock at all is the common case, and then nothing is allocated.
            let any = !self.by_file.is_empty();
            any.then(|| self.by_file.get(&FilePath { share: file.share, path: file.path[..end].into() })).flatten()
        });
        leases.flatten().map(|lease| &self.rows[lease])
    }

    /// Locks and holds on what lies below a directory.
    fn below<'a>(&'a self, file: &'a FilePath) -> impl Iterator<Item = &'a LeaseRow> {
        let range = self.by_file.range((Bound::Excluded(file.clone()), Bound::Unbounded));
        range
            .take_while(move |(path, _)| covers(file, path))
            .flat_map(|(_, leases)| leases)
            .map(|lease| &self.rows[lease])
    }
}

/// The same path, or a directory and something below it.
pub(crate) fn covers(file: &FilePath, path: &FilePath) -> bool {
    file.share == path.share
        && (file.path == path.path || (file.path.ends_with('/') && path.path.starts_with(&*file.path)))
}

fn blocker_of(row: &LeaseRow, file: &FilePath) -> Blocker {
    let (owner, why, file) = (row.owner.clone(), row.why.clone(), file.clone());
    match row.kind {
        LeaseKind::Lock => Blocker::Locked { file, owner, why, until: row.until },
        LeaseKind::Hold => Blocker::Held { file, owner, why },
    }
}
