//! The tables, and writing rows into them within one transaction.

use super::row::Kind;
use super::{StoreError, key};
use redb::{ReadableTable, Table, TableDefinition, TableError, WriteTransaction};
use show_core::{BuildId, BuildRow, EventRow, FilePath, JobId, JobRow, JobState, RevisionRow, Row, RowKey};

pub type Bytes = &'static [u8];
type Definition<K> = TableDefinition<'static, K, Bytes>;

pub const META: Definition<u8> = TableDefinition::new("meta");
pub const FILE: Definition<Bytes> = TableDefinition::new("file");
pub const BUILD: Definition<u64> = TableDefinition::new("build");
pub const JOB: Definition<u64> = TableDefinition::new("job");
pub const ACTION: Definition<Bytes> = TableDefinition::new("action");
pub const INDEX: Definition<Bytes> = TableDefinition::new("index");
pub const LEASE: Definition<u64> = TableDefinition::new("lease");
pub const PROPOSAL: Definition<u64> = TableDefinition::new("proposal");
pub const INTENT: Definition<u64> = TableDefinition::new("intent");
pub const FIXED: Definition<Bytes> = TableDefinition::new("fixed");
pub const BINDING: Definition<Bytes> = TableDefinition::new("binding");
pub const OURS: Definition<Bytes> = TableDefinition::new("ours");
pub const REVISION: Definition<Bytes> = TableDefinition::new("revision");
pub const EVENT: Definition<u64> = TableDefinition::new("event");
/// Number of a share to its name.
pub const SHARE: TableDefinition<'static, u16, &str> = TableDefinition::new("share");
/// Builds by subject; the value says whether one is unfinished.
pub const SUBJECT_BUILD: TableDefinition<'static, Bytes, u8> = TableDefinition::new("subject_build");
/// Jobs that ended badly; the value says how.
pub const BAD_JOB: TableDefinition<'static, u64, u8> = TableDefinition::new("bad_job");
/// The last table that a new store makes.
pub const READY: TableDefinition<'static, u8, u8> = TableDefinition::new("ready");

pub const OPEN: u8 = 1;
pub const ENDED: u8 = 0;
pub const FAILED: u8 = 1;
pub const CANCELED: u8 = 2;
/// The only key of [`META`].
pub const ONLY: u8 = 0;

/// Old events go this many at a time, so that most commits need not look.
const EVENTS_PRUNED_TOGETHER: u64 = 256;

pub enum WriteError {
    Store(redb::Error),
    Row(StoreError),
}

impl<E: Into<redb::Error>> From<E> for WriteError {
    fn from(cause: E) -> Self {
        Self::Store(cause.into())
    }
}

/// Tables of one transaction, opened when first needed.
pub struct Writer<'t> {
    transaction: &'t WriteTransaction,
    job: Option<Table<'t, u64, Bytes>>,
    build: Option<Table<'t, u64, Bytes>>,
    event: Option<Table<'t, u64, Bytes>>,
    subject_build: Option<Table<'t, Bytes, u8>>,
    bad_job: Option<Table<'t, u64, u8>>,
}

type Wrote = Result<(), WriteError>;

fn row(cause: StoreError) -> WriteError {
    WriteError::Row(cause)
}

impl<'t> Writer<'t> {
    pub fn new(transaction: &'t WriteTransaction) -> Self {
        Self { transaction, job: None, build: None, event: None, subject_build: None, bad_job: None }
    }

    pub fn make_all(&mut self) -> Wrote {
        self.transaction.open_table(META)?;
        for table in [FILE, ACTION, INDEX, FIXED, BINDING, OURS, REVISION] {
            self.transaction.open_table(table)?;
        }
        for table in [BUILD, JOB, LEASE, PROPOSAL, INTENT, EVENT] {
            self.transaction.open_table(table)?;
        }
        self.transaction.open_table(SHARE)?;
        self.transaction.open_table(SUBJECT_BUILD)?;
        self.transaction.open_table(BAD_JOB)?;
        self.transaction.open_table(READY)?;
        Ok(())
    }

    pub fn put(&mut self, value: &Row) -> Wrote {
        match value {
            Row::Meta(meta) => drop(self.transaction.open_table(META)?.insert(ONLY, &*meta.to_bytes().map_err(row)?)?),
            Row::File(file) => self.put_bytes(FILE, &key::file(&file.file), file)?,
            Row::Build(build) => self.put_build(build)?,
            Row::Job(job) => self.put_job(job)?,
            Row::Action(action) => self.put_bytes(ACTION, &action.key.0, action)?,
            Row::Index(index) => self.put_bytes(INDEX, &key::index(&index.subject, &index.node), index)?,
            Row::Lease(lease) => self.put_number(LEASE, lease.id.0, lease)?,
            Row::Proposal(proposal) => self.put_number(PROPOSAL, proposal.id.0, proposal)?,
            Row::Intent(intent) => self.put_number(INTENT, intent.id.0, intent)?,
            Row::Fixed(fixed) => self.put_bytes(FIXED, &key::file_and_digest(&fixed.file, &fixed.key), fixed)?,
            Row::Binding(binding) => self.put_bytes(BINDING, &key::file_and(&binding.file, &binding.place), binding)?,
            Row::Ours(ours) => self.put_bytes(OURS, &key::file_and(&ours.file, &ours.target), ours)?,
            Row::Revision(revision) => self.put_revision(revision)?,
        }
        Ok(())
    }

    pub fn delete(&mut self, of: &RowKey) -> Wrote {
        match of {
            RowKey::File(file) => self.delete_bytes(FILE, &key::file(file)),
            RowKey::Build(build) => self.delete_build(*build),
            RowKey::Job(job) => self.delete_job(*job),
            RowKey::Action(digest) => self.delete_bytes(ACTION, &digest.0),
            RowKey::Index(subject, node) => self.delete_bytes(INDEX, &key::index(subject, node)),
            RowKey::Lease(lease) => self.delete_number(LEASE, lease.0),
            RowKey::Proposal(proposal) => self.delete_number(PROPOSAL, proposal.0),
            RowKey::Intent(intent) => self.delete_number(INTENT, intent.0),
            RowKey::Fixed(file, digest) => self.delete_bytes(FIXED, &key::file_and_digest(file, digest)),
            RowKey::Binding(file, place) => self.delete_bytes(BINDING, &key::file_and(file, place)),
            RowKey::Ours(file, target) => self.delete_bytes(OURS, &key::file_and(file, target)),
            RowKey::Revision(file, number) => self.delete_bytes(REVISION, &key::revision(file, *number)),
        }
    }

    /// Appends to the event log, and forgets what is older than `kept_max` entries.
    pub fn log(&mut self, event: &EventRow, kept_max: u64) -> Wrote {
        let bytes = event.to_bytes().map_err(row)?;
        let events = at(&mut self.event, self.transaction, EVENT)?;
        events.insert(event.seq.0, &*bytes)?;
        if event.seq.0.is_multiple_of(EVENTS_PRUNED_TOGETHER) {
            let keep_from = event.seq.0.saturating_sub(kept_max);
            events.retain_in(..keep_from, |_, _| false)?;
        }
        Ok(())
    }

    pub fn share(&mut self, number: u16, name: &str) -> Wrote {
        self.transaction.open_table(SHARE)?.insert(number, name)?;
        Ok(())
    }

    fn put_build(&mut self, build: &BuildRow) -> Wrote {
        let state = if build.ended.is_none() { OPEN } else { ENDED };
        let subjects = at(&mut self.subject_build, self.transaction, SUBJECT_BUILD)?;
        subjects.insert(&*key::subject_and_build(&build.subject, build.id), state)?;
        let bytes = build.to_bytes().map_err(row)?;
        at(&mut self.build, self.transaction, BUILD)?.insert(build.id.0, &*bytes)?;
        Ok(())
    }

    fn put_job(&mut self, job: &JobRow) -> Wrote {
        let bad = match job.state {
            JobState::Failed { .. } => Some(FAILED),
            JobState::Canceled { .. } => Some(CANCELED),
            _ => None,
        };
        // One that never ran was at most cancelled; its entry is then looked at in vain, and the row decides.
        if bad.is_some() || job.attempt.0 > 0 {
            let bad_jobs = at(&mut self.bad_job, self.transaction, BAD_JOB)?;
            match bad {
                Some(how) => drop(bad_jobs.insert(job.id.0, how)?),
                None => drop(bad_jobs.remove(job.id.0)?),
            }
        }
        let bytes = job.to_bytes().map_err(row)?;
        at(&mut self.job, self.transaction, JOB)?.insert(job.id.0, &*bytes)?;
        Ok(())
    }

    fn delete_job(&mut self, job: JobId) -> Wrote {
        at(&mut self.bad_job, self.transaction, BAD_JOB)?.remove(job.0)?;
        at(&mut self.job, self.transaction, JOB)?.remove(job.0)?;
        Ok(())
    }

    /// A build goes with the jobs that belong to it; those that a newer build adopted stay.
    fn delete_build(&mut self, build: BuildId) -> Wrote {
        let builds = at(&mut self.build, self.transaction, BUILD)?;
        let Some(gone) = builds.remove(build.0)? else { return Ok(()) };
        let gone_row = BuildRow::from_bytes(gone.value()).map_err(row)?;
        drop(gone);
        at(&mut self.subject_build, self.transaction, SUBJECT_BUILD)?
            .remove(&*key::subject_and_build(&gone_row.subject, build))?;
        for job in gone_row.jobs {
            let jobs = at(&mut self.job, self.transaction, JOB)?;
            let owner = match jobs.get(job.0)? {
                Some(bytes) => JobRow::from_bytes(bytes.value()).map_err(row)?.build,
                None => continue,
            };
            if owner == build {
                self.delete_job(job)?;
            }
        }
        Ok(())
    }

    /// Revisions of one file are numbered from 1.
    fn put_revision(&mut self, revision: &RevisionRow) -> Wrote {
        let mut revisions = self.transaction.open_table(REVISION)?;
        let number = last_revision(&revisions, &revision.file)? + 1;
        revisions.insert(&*key::revision(&revision.file, number), &*revision.to_bytes().map_err(row)?)?;
        Ok(())
    }

    /// All revisions of a file become those of another, numbered on from those it has.
    pub fn move_history(&mut self, from: &FilePath, to: &FilePath, copied: bool) -> Wrote {
        let mut revisions = self.transaction.open_table(REVISION)?;
        let prefix = key::file(from);
        let (first, end) = (&*prefix, &*key::after(&prefix));
        let mut moved = Vec::new();
        for entry in revisions.range::<&[u8]>(first..end)? {
            let revision = RevisionRow::from_bytes(entry?.1.value()).map_err(row)?;
            moved.push(RevisionRow { file: to.clone(), ..revision }.to_bytes().map_err(row)?);
        }
        if !copied {
            revisions.retain_in::<&[u8], _>(first..end, |_, _| false)?;
        }
        let last = last_revision(&revisions, to)?;
        for (number, revision) in (last + 1..).zip(moved) {
            revisions.insert(&*key::revision(to, number), &*revision)?;
        }
        Ok(())
    }

    fn put_bytes<T: Kind>(&self, table: Definition<Bytes>, key: &[u8], value: &T) -> Wrote {
        self.transaction.open_table(table)?.insert(key, &*value.to_bytes().map_err(row)?)?;
        Ok(())
    }

    fn put_number<T: Kind>(&self, table: Definition<u64>, key: u64, value: &T) -> Wrote {
        self.transaction.open_table(table)?.insert(key, &*value.to_bytes().map_err(row)?)?;
        Ok(())
    }

    fn delete_bytes(&self, table: Definition<Bytes>, key: &[u8]) -> Wrote {
        self.transaction.open_table(table)?.remove(key)?;
        Ok(())
    }

    fn delete_number(&self, table: Definition<u64>, key: u64) -> Wrote {
        self.transaction.open_table(table)?.remove(key)?;
        Ok(())
    }
}

/// The number of the newest revision of a file; 0: it has none.
fn last_revision(revisions: &Table<'_, Bytes, Bytes>, file: &FilePath) -> Result<u64, WriteError> {
    let prefix = key::file(file);
    let last = revisions.range::<&[u8]>(&*prefix..&*key::after(&prefix))?.next_back().transpose()?;
    Ok(last.map_or(0, |(found, _)| key::read_number(found.value())))
}

fn at<'a, 't, K: redb::Key + 'static, V: redb::Value + 'static>(
    slot: &'a mut Option<Table<'t, K, V>>,
    transaction: &'t WriteTransaction,
    definition: TableDefinition<'_, K, V>,
) -> Result<&'a mut Table<'t, K, V>, TableError> {
    if slot.is_none() {
        *slot = Some(transaction.open_table(definition)?);
    }
    Ok(slot.as_mut().expect("it was just opened"))
}
