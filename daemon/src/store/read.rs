//! Reading: what a restart needs, and pages for views. One snapshot, never more than a bounded number of rows.

use super::row::Kind;
use super::table::{self, Bytes};
use super::{StoreError, key, read_error};
use redb::{Key, ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition};
use show_core::{
    ActionRow, BuildId, BuildRow, Digest, EventRow, FilePath, FileRow, JobId, JobRow, Ledger, MetaRow, RevisionRow,
    Row, Rows, Seq, Subject, Version,
};

/// Rows looked at for one page, at most: a page of a rare thing may come short, and names where to go on.
const LOOKED_AT_MAX: usize = 20_000;

/// A page of rows, and what to ask for next.
#[derive(Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// `None`: there is nothing more.
    pub next: Option<u64>,
    /// Rows on the way that only a filter of states left out.
    pub passed_over: u32,
}

/// All of these must hold.
#[derive(Debug, Default)]
pub struct JobFilter<'a> {
    /// Empty: of any subject.
    pub subjects: Vec<Subject>,
    pub build: Option<BuildId>,
    pub step: Option<&'a str>,
    /// Only jobs that failed or were cancelled can pass [`Self::state`].
    pub bad_only: bool,
    pub state: Option<&'a dyn JobPredicate>,
}

impl JobFilter<'_> {
    /// Whatever its state is.
    fn is_about(&self, job: &JobRow) -> bool {
        self.step.is_none_or(|step| &*job.node.step == step)
            && self.build.is_none_or(|build| job.build == build)
            && (self.subjects.is_empty() || self.subjects.contains(&job.subject))
    }

    fn is_in_state(&self, job: &JobRow) -> bool {
        self.state.is_none_or(|state| state.holds(job))
    }

    pub fn holds(&self, job: &JobRow) -> bool {
        self.is_about(job) && self.is_in_state(job)
    }
}

/// A question about a job that the store cannot know how to ask.
pub trait JobPredicate: std::fmt::Debug {
    fn holds(&self, job: &JobRow) -> bool;
}

#[derive(Debug, Default)]
pub struct BuildFilter<'a> {
    /// Empty: of any subject.
    pub subjects: Vec<Subject>,
    pub pipeline: Option<&'a str>,
}

/// A snapshot.
pub struct Reader {
    transaction: ReadTransaction,
}

type Read<T> = Result<T, StoreError>;

/// What is older is nobody's ancestor any more.
const HISTORY_MAX: usize = 1_000;

impl Reader {
    pub(super) fn new(transaction: ReadTransaction) -> Self {
        Self { transaction }
    }

    fn table<K: Key + 'static>(&self, table: TableDefinition<'static, K, Bytes>) -> Read<ReadOnlyTable<K, Bytes>> {
        self.transaction.open_table(table).map_err(read_error)
    }

    fn all<K: Key + 'static, T: Kind>(&self, table: TableDefinition<'static, K, Bytes>) -> Read<Vec<T>> {
        let table = self.table(table)?;
        let mut rows = Vec::with_capacity(usize::try_from(table.len().map_err(read_error)?).unwrap_or(0));
        for entry in table.iter().map_err(read_error)? {
            rows.push(T::from_bytes(entry.map_err(read_error)?.1.value())?);
        }
        Ok(rows)
    }

    fn one<T: Kind>(&self, table: TableDefinition<'static, u64, Bytes>, key: u64) -> Read<Option<T>> {
        let found = self.table(table)?.get(key).map_err(read_error)?;
        found.map(|bytes| T::from_bytes(bytes.value())).transpose()
    }

    pub fn meta(&self) -> Read<MetaRow> {
        let found = self.table(table::META)?.get(table::ONLY).map_err(read_error)?;
        found.map_or_else(|| Ok(MetaRow::default()), |bytes| MetaRow::from_bytes(bytes.value()))
    }

    pub(super) fn rows(&self) -> Read<Rows> {
        let mut rows = Rows {
            meta: self.meta()?,
            files: self.all(table::FILE)?,
            index: self.all(table::INDEX)?,
            leases: self.all(table::LEASE)?,
            proposals: self.all(table::PROPOSAL)?,
            intents: self.all(table::INTENT)?,
            fixed: self.all(table::FIXED)?,
            bindings: self.all(table::BINDING)?,
            ours: self.all(table::OURS)?,
            ..Rows::default()
        };
        let subjects = self.transaction.open_table(table::SUBJECT_BUILD).map_err(read_error)?;
        for entry in subjects.iter().map_err(read_error)? {
            let (found, state) = entry.map_err(read_error)?;
            let Some((subject, build)) = key::read_subject_and_build(found.value()) else { continue };
            if state.value() != table::OPEN {
                rows.ended.push((subject, build));
                continue;
            }
            let Some(build) = self.build(build)? else { continue };
            for job in &build.jobs {
                rows.jobs.extend(self.job(*job)?);
            }
            rows.builds.push(build);
        }
        rows.ended.sort_by_key(|(_, build)| *build);
        rows.builds.sort_by_key(|build| build.id);
        rows.jobs.sort_by_key(|job| job.id);
        rows.jobs.dedup_by_key(|job| job.id);
        Ok(rows)
    }

    pub fn job(&self, job: JobId) -> Read<Option<JobRow>> {
        self.one(table::JOB, job.0)
    }

    pub fn build(&self, build: BuildId) -> Read<Option<BuildRow>> {
        self.one(table::BUILD, build.0)
    }

    /// Jobs, newest first, older than `before`.
    pub fn jobs(&self, filter: &JobFilter<'_>, before: Option<u64>, limit: usize) -> Read<Page<JobRow>> {
        let before = before.unwrap_or(u64::MAX);
        let listed = match filter.build {
            Some(build) => Some(self.build(build)?.map_or_else(Vec::new, |build| build.jobs)),
            None if !filter.subjects.is_empty() => Some(self.jobs_of(&filter.subjects)?),
            None => None,
        };
        let mut page = Page { rows: Vec::new(), next: None, passed_over: 0 };
        let mut take = |job: JobRow, looked_at: usize| {
            let id = job.id.0;
            if filter.is_about(&job) {
                if filter.is_in_state(&job) {
                    page.rows.push(job);
                } else {
                    page.passed_over += 1;
                }
            }
            let is_full = page.rows.len() >= limit || looked_at >= LOOKED_AT_MAX;
            page.next = is_full.then_some(id);
            !is_full
        };
        if let Some(mut ids) = listed {
            ids.retain(|id| id.0 < before);
            ids.sort_unstable_by(|a, b| b.cmp(a));
            ids.dedup();
            for (looked_at, id) in ids.into_iter().enumerate() {
                if let Some(job) = self.job(id)?
                    && !take(job, looked_at + 1)
                {
                    break;
                }
            }
            return Ok(page);
        }
        if filter.bad_only {
            let bad = self.transaction.open_table(table::BAD_JOB).map_err(read_error)?;
            for (looked_at, entry) in bad.range(..before).map_err(read_error)?.rev().enumerate() {
                let id = entry.map_err(read_error)?.0.value();
                if let Some(job) = self.job(JobId(id))?
                    && !take(job, looked_at + 1)
                {
                    break;
                }
            }
            return Ok(page);
        }
        let jobs = self.table(table::JOB)?;
        for (looked_at, entry) in jobs.range(..before).map_err(read_error)?.rev().enumerate() {
            let job = JobRow::from_bytes(entry.map_err(read_error)?.1.value())?;
            if !take(job, looked_at + 1) {
                break;
            }
        }
        Ok(page)
    }

    /// Numbers of all builds of these subjects, newest first.
    fn builds_of(&self, subjects: &[Subject]) -> Read<Vec<BuildId>> {
        let table = self.transaction.open_table(table::SUBJECT_BUILD).map_err(read_error)?;
        let mut builds = Vec::new();
        for subject in subjects {
            let prefix = key::subject(subject);
            for entry in table.range::<&[u8]>(&*prefix..&*key::after(&prefix)).map_err(read_error)? {
                let found = entry.map_err(read_error)?.0;
                builds.extend(key::read_subject_and_build(found.value()).map(|(_, build)| build));
            }
        }
        builds.sort_unstable_by(|a, b| b.cmp(a));
        Ok(builds)
    }

    fn jobs_of(&self, subjects: &[Subject]) -> Read<Vec<JobId>> {
        let mut jobs = Vec::new();
        for build in self.builds_of(subjects)? {
            jobs.extend(self.build(build)?.map_or_else(Vec::new, |build| build.jobs));
        }
        Ok(jobs)
    }

    /// Builds, newest first, older than `before`.
    pub fn builds(&self, filter: &BuildFilter<'_>, before: Option<u64>, limit: usize) -> Read<Page<BuildRow>> {
        let before = before.unwrap_or(u64::MAX);
        let mut page = Page { rows: Vec::new(), next: None, passed_over: 0 };
        let mut take = |build: BuildRow, looked_at: usize| {
            let id = build.id.0;
            if filter.pipeline.is_none_or(|pipeline| &*build.subject.pipeline == pipeline) {
                page.rows.push(build);
            }
            let is_full = page.rows.len() >= limit || looked_at >= LOOKED_AT_MAX;
            page.next = is_full.then_some(id);
            !is_full
        };
        if filter.subjects.is_empty() {
            let builds = self.table(table::BUILD)?;
            for (looked_at, entry) in builds.range(..before).map_err(read_error)?.rev().enumerate() {
                let build = BuildRow::from_bytes(entry.map_err(read_error)?.1.value())?;
                if !take(build, looked_at + 1) {
                    break;
                }
            }
            return Ok(page);
        }
        let builds = self.builds_of(&filter.subjects)?;
        for (looked_at, id) in builds.into_iter().filter(|build| build.0 < before).enumerate() {
            if let Some(build) = self.build(id)?
                && !take(build, looked_at + 1)
            {
                break;
            }
        }
        Ok(page)
    }

    /// Events from `from` on, oldest first.
    pub fn events(&self, from: Seq, limit: usize) -> Read<Vec<EventRow>> {
        let table = self.table(table::EVENT)?;
        let entries = table.range(from.0..).map_err(read_error)?;
        entries.take(limit).map(|entry| EventRow::from_bytes(entry.map_err(read_error)?.1.value())).collect()
    }

    /// The oldest event that is kept; the next number when there is none.
    pub fn oldest_event(&self) -> Read<Seq> {
        let table = self.table(table::EVENT)?;
        let first = table.first().map_err(read_error)?;
        match first {
            Some((seq, _)) => Ok(Seq(seq.value())),
            None => Ok(self.next_event()?),
        }
    }

    /// The number that the next event gets.
    pub fn next_event(&self) -> Read<Seq> {
        let table = self.table(table::EVENT)?;
        let last = table.last().map_err(read_error)?;
        Ok(last.map_or(Seq(1), |(seq, _)| Seq(seq.value() + 1)))
    }

    /// Action rows that exist, and the keys of those that do not.
    pub fn actions(&self, keys: &[Digest]) -> Read<(Vec<ActionRow>, Vec<Digest>)> {
        let table = self.table(table::ACTION)?;
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for digest in keys {
            match table.get(digest.0.as_slice()).map_err(read_error)? {
                Some(bytes) => found.push(ActionRow::from_bytes(bytes.value())?),
                None => missing.push(*digest),
            }
        }
        Ok((found, missing))
    }

    /// Versions of a file with their numbers, newest first, older than `before`.
    pub fn revisions(&self, file: &FilePath, before: Option<u64>, limit: usize) -> Read<Page<(u64, RevisionRow)>> {
        let table = self.table(table::REVISION)?;
        let first = key::file(file);
        let end = before.map_or_else(|| key::after(&first), |before| key::revision(file, before));
        let mut page = Page { rows: Vec::new(), next: None, passed_over: 0 };
        if end <= first {
            return Ok(page);
        }
        for entry in table.range::<&[u8]>(&*first..&*end).map_err(read_error)?.rev() {
            if page.rows.len() >= limit {
                page.next = page.rows.last().map(|(number, _)| *number);
                break;
            }
            let (found, bytes) = entry.map_err(read_error)?;
            page.rows.push((key::read_number(found.value()), RevisionRow::from_bytes(bytes.value())?));
        }
        Ok(page)
    }

    /// The version that lay at the path before this one; none for what a conflict copy held.
    pub fn parent(&self, file: &FilePath, number: u64, row: &RevisionRow) -> Read<Option<u64>> {
        let mut before = (!row.was_set_aside()).then_some(number);
        while let Some(number) = before {
            let Some((found, row)) = self.revisions(file, Some(number), 1)?.rows.pop() else { return Ok(None) };
            if !row.was_set_aside() {
                return Ok(Some(found));
            }
            before = Some(found);
        }
        Ok(None)
    }

    /// Everything that is kept, for whoever asks what of it is still needed. Long: not for the driver's thread.
    pub fn ledger(&self) -> Read<Ledger> {
        let mut ledger = Ledger::default();
        self.each(table::META, &mut ledger, Row::Meta)?;
        self.each(table::FILE, &mut ledger, Row::File)?;
        self.each(table::BUILD, &mut ledger, Row::Build)?;
        self.each(table::JOB, &mut ledger, Row::Job)?;
        self.each(table::ACTION, &mut ledger, Row::Action)?;
        self.each(table::INDEX, &mut ledger, Row::Index)?;
        self.each(table::LEASE, &mut ledger, Row::Lease)?;
        self.each(table::PROPOSAL, &mut ledger, Row::Proposal)?;
        self.each(table::INTENT, &mut ledger, Row::Intent)?;
        self.each(table::FIXED, &mut ledger, Row::Fixed)?;
        self.each(table::BINDING, &mut ledger, Row::Binding)?;
        self.each(table::OURS, &mut ledger, Row::Ours)?;
        for entry in self.table(table::REVISION)?.iter().map_err(read_error)? {
            let (found, bytes) = entry.map_err(read_error)?;
            ledger.note_revision(key::read_number(found.value()), &RevisionRow::from_bytes(bytes.value())?);
        }
        Ok(ledger)
    }

    fn each<K: Key + 'static, T: Kind>(
        &self,
        table: TableDefinition<'static, K, Bytes>,
        ledger: &mut Ledger,
        wrap: impl Fn(T) -> Row,
    ) -> Read<()> {
        for entry in self.table(table)?.iter().map_err(read_error)? {
            ledger.note(&wrap(T::from_bytes(entry.map_err(read_error)?.1.value())?));
        }
        Ok(())
    }

    /// The newest versions of a file, oldest first.
    pub fn history(&self, file: &FilePath) -> Read<Vec<Version>> {
        let newest = self.revisions(file, None, HISTORY_MAX)?.rows.into_iter().rev();
        Ok(newest.map(|(_, row)| Version::from(&row)).collect())
    }

    pub fn revision(&self, file: &FilePath, number: u64) -> Read<Option<RevisionRow>> {
        let found = self.table(table::REVISION)?.get(&*key::revision(file, number)).map_err(read_error)?;
        found.map(|bytes| RevisionRow::from_bytes(bytes.value())).transpose()
    }

    /// A file as it was when last read or written, unless it is gone.
    pub fn file(&self, file: &FilePath) -> Read<Option<FileRow>> {
        let found = self.table(table::FILE)?.get(&*key::file(file)).map_err(read_error)?;
        let row = found.map(|bytes| FileRow::from_bytes(bytes.value())).transpose()?;
        Ok(row.filter(|row| row.left.is_none()))
    }

    /// Proves that the store still answers.
    pub fn touch(&self) -> Read<()> {
        self.meta().map(drop)
    }
}
