//! What is kept: the core's rows in one redb file, and the only way to change them, one transaction per decision.
//!
//! [`Store::apply`] keeps all of a decision's changes or none; when it fails the process must stop, and the next start
//! is [`Store::restore`]. [`Store::read`] gives a snapshot for views. Rows travel in labelled envelopes
//! (`show_protocol::codec`), so that every release can read what every earlier one wrote. Owns the state directory's
//! lock and the file in it; knows nothing of what rows mean.
//!
//! Commit mode: two-phase, which is two flushes, counted by a test (`docs/decisions/0300-how-the-store-commits.md`). A
//! decision, and every group of decisions made while the one before was being kept, is one commit.

mod export;
mod home;
mod key;
mod read;
mod row;
mod table;

pub use export::{export, import};
pub use home::Home;
pub use read::{BuildFilter, JobFilter, JobPredicate, Page, Reader};

use redb::{Builder, Database, ReadableDatabase, StorageBackend};
use show_core::{Change, Row, Rows};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use table::Writer;

/// Pages kept in memory. The rows of a season fit; more only serves scans of history.
const CACHE_BYTES: usize = 64 << 20;

/// Number of the shape of the rows, for people; each row carries its own schema besides.
pub const SCHEMA: u32 = 1;

/// Why something could not be kept or read. All of them end the process: what is on disk is right, what is in memory
/// may not be.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("could not use the state directory {path}: {what}")]
    Home { path: PathBuf, what: String, hint: String },
    #[error("could not {what} the state directory {path}")]
    HomeIo {
        path: PathBuf,
        what: &'static str,
        #[source]
        cause: std::io::Error,
    },
    #[error("could not open the store at {path}")]
    Open {
        path: PathBuf,
        #[source]
        cause: redb::Error,
    },
    #[error("could not keep {changes} changes in the store at {path}")]
    Keep {
        path: PathBuf,
        changes: usize,
        #[source]
        cause: redb::Error,
    },
    #[error("could not read the store")]
    Read(#[source] redb::Error),
    #[error("a row of the table {table} cannot be read; it was written by a newer showd or is damaged")]
    Row {
        table: &'static str,
        #[source]
        cause: show_protocol::codec::CodecError,
    },
    #[error("a row of the table {table} cannot be written")]
    Encode {
        table: &'static str,
        #[source]
        cause: show_protocol::codec::CodecError,
    },
    #[error("line {line} of the export is not a row")]
    Import {
        line: usize,
        #[source]
        cause: serde_json::Error,
    },
    #[error("could not read or write the export")]
    ExportIo(#[source] std::io::Error),
}

impl StoreError {
    /// The next move for a person.
    pub fn hint(&self) -> String {
        match self {
            Self::Home { hint, .. } => hint.clone(),
            Self::HomeIo { .. } => {
                "check its owner, its mode and the space on its disk, or name another with --state".into()
            }
            Self::Open { cause: redb::Error::DatabaseAlreadyOpen, .. } => {
                "only one showd may use a store; see \"systemctl status showd\"".into()
            }
            Self::Open { .. } | Self::Read(_) => "check the disk; \"showd import\" makes a store from an export".into(),
            Self::Keep { .. } => "check the space on its disk; nothing that was acknowledged is lost".into(),
            Self::Row { .. } => {
                "use the showd that wrote it, or make a store from an export with \"showd import\"".into()
            }
            Self::Encode { .. } => "this is a defect of showd".into(),
            Self::Import { .. } | Self::ExportIo(_) => "an export is what \"showd export\" printed, whole".into(),
        }
    }
}

fn read_error(cause: impl Into<redb::Error>) -> StoreError {
    StoreError::Read(cause.into())
}

/// The open store. One owner; reading snapshots come from [`Store::read`].
#[derive(Debug)]
pub struct Store {
    db: Database,
    events_kept_max: u64,
    /// Held as long as the store is open, so that a second daemon is refused.
    home: Option<Home>,
}

impl Store {
    /// Opens or makes the store in a state directory that was claimed.
    ///
    /// # Errors
    /// When the file cannot be opened, made or repaired.
    pub fn open(home: Home, events_kept_max: u64) -> Result<Self, StoreError> {
        let path = home.store();
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        let db = builder.create(&path).map_err(|cause| StoreError::Open { path: path.clone(), cause: cause.into() })?;
        Self::ready(db, events_kept_max, Some(home)).map_err(|cause| match cause {
            StoreError::Read(cause) | StoreError::Keep { cause, .. } => StoreError::Open { path, cause },
            other => other,
        })
    }

    /// The same on any storage, such as one that forgets what was not flushed.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn on(backend: impl StorageBackend, events_kept_max: u64) -> Result<Self, StoreError> {
        let path = Path::new("(memory)");
        let db = Builder::new()
            .create_with_backend(backend)
            .map_err(|cause| StoreError::Open { path: path.into(), cause: cause.into() })?;
        Self::ready(db, events_kept_max, None)
    }

    fn ready(db: Database, events_kept_max: u64, home: Option<Home>) -> Result<Self, StoreError> {
        let store = Self { db, events_kept_max, home };
        let ready = {
            let read = store.db.begin_read().map_err(read_error)?;
            read.open_table(table::READY).is_ok()
        };
        if !ready {
            // Every table exists from the first commit on, so that no reader has to ask.
            #[allow(clippy::redundant_closure_for_method_calls, reason = "the method alone fits one lifetime only")]
            store.write(0, |writer| writer.make_all())?;
        }
        Ok(store)
    }

    /// Keeps all these changes, durably, or none of them. No changes, no commit.
    ///
    /// # Errors
    /// When the world failed: disk full, IO error. The process must stop then.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let overwritten = overwritten(changes);
        let events_kept_max = self.events_kept_max;
        self.write(changes.len(), |writer| {
            for (place, change) in changes.iter().enumerate() {
                match change {
                    Change::Put(_) if overwritten[place] => {}
                    Change::Put(row) => writer.put(row)?,
                    Change::Delete(key) => writer.delete(key)?,
                    Change::History { from, to, copied } => writer.move_history(from, to, *copied)?,
                    Change::Log(event) => writer.log(event, events_kept_max)?,
                }
            }
            Ok(())
        })
    }

    fn write(
        &self,
        changes: usize,
        work: impl FnOnce(&mut Writer<'_>) -> Result<(), table::WriteError>,
    ) -> Result<(), StoreError> {
        let path = self.home.as_ref().map_or_else(|| PathBuf::from("memory"), Home::store);
        let keep = |cause: redb::Error| StoreError::Keep { path: path.clone(), changes, cause };
        let mut transaction = self.db.begin_write().map_err(|cause| keep(cause.into()))?;
        transaction.set_two_phase_commit(true);
        let mut writer = Writer::new(&transaction);
        work(&mut writer).map_err(|cause| match cause {
            table::WriteError::Store(cause) => keep(cause),
            table::WriteError::Row(cause) => cause,
        })?;
        drop(writer);
        transaction.commit().map_err(|cause| keep(cause.into()))
    }

    /// Everything a restart needs.
    ///
    /// # Errors
    /// When the store cannot be read, or a row of it not be understood.
    pub fn restore(&self) -> Result<Rows, StoreError> {
        self.read()?.rows()
    }

    /// A snapshot to read views from. Keep it briefly: while it lives, old pages stay in the file.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn read(&self) -> Result<Reader, StoreError> {
        Ok(Reader::new(self.db.begin_read().map_err(read_error)?))
    }

    /// The lasting number of each share, by name; new names get the next free one. A number stands in every row, so it
    /// must not depend on the order of a configuration file.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn enroll(&mut self, names: &[&str]) -> Result<Vec<(u16, String)>, StoreError> {
        let mut known: Vec<(u16, String)> = Vec::new();
        {
            let read = self.db.begin_read().map_err(read_error)?;
            let shares = read.open_table(table::SHARE).map_err(read_error)?;
            for entry in shares.range::<u16>(..).map_err(read_error)? {
                let (number, name) = entry.map_err(read_error)?;
                known.push((number.value(), name.value().to_owned()));
            }
        }
        let mut new = Vec::new();
        for name in names {
            if !known.iter().any(|(_, other)| other == name) {
                let number = known.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
                known.push((number, (*name).to_owned()));
                new.push((number, *name));
            }
        }
        if !new.is_empty() {
            self.write(new.len(), |writer| new.iter().try_for_each(|(number, name)| writer.share(*number, name)))?;
        }
        Ok(known)
    }
}

/// Which changes put a row that a later one of the group puts again: counters change with every decision, and a job
/// often twice in a turn. Only the last of them is written.
fn overwritten(changes: &[Change]) -> Vec<bool> {
    let (mut meta, mut builds, mut jobs) = (false, BTreeSet::new(), BTreeSet::new());
    let later = changes.iter().rev().map(|change| match change {
        Change::Put(Row::Meta(_)) => std::mem::replace(&mut meta, true),
        Change::Put(Row::Build(build)) => !builds.insert(build.id),
        Change::Put(Row::Job(job)) => !jobs.insert(job.id),
        _ => false,
    });
    let mut overwritten: Vec<bool> = later.collect();
    overwritten.reverse();
    overwritten
}

#[cfg(test)]
pub(crate) mod tests;
