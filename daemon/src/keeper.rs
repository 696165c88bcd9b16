//! Lets go of what has been kept long enough: some minutes after the start, then once a day, and when somebody asks.
//!
//! Looks through a snapshot of all rows and through the archive and has `show-core` say what may go; tells the core, in
//! portions between which it does other things; then looks again and removes the blobs that nothing names by now. It
//! may be killed anywhere: rows go before the blobs that they name, and a blob without a row is found by the next
//! sweep. Decides nothing, and writes nothing but the removal of blobs.

use crate::blob::Archive;
use crate::board::Board;
use crate::clock::Clock;
use crate::inbox::{Gone, Inbox, Message, Survey};
use crate::store::StoreError;
use crate::words::because;
use show_core::{Bounds, Digest, Event, Outgrown, RowKey, Stored, Time};
use show_protocol::{ArchiveView, SweptView};
use show_publish::{BlobError, Swept};
use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;
use tracing::{info, warn};

/// Whoever puts a blob has this long to have it named by a row. It takes seconds.
const GRACE: Duration = Duration::from_secs(3_600);
/// After a start there is more urgent work.
const FIRST_AFTER: Duration = Duration::from_secs(5 * 60);
const EVERY: Duration = Duration::from_secs(24 * 3_600);
/// Rows of one turn of the driver: some ten milliseconds.
const ROWS_TOGETHER: usize = 256;

/// Why a sweep ended early. What was done until then stays done.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    #[error("showd is going down")]
    Gone,
    #[error("could not look through the store")]
    Store(#[from] StoreError),
    #[error("could not look through the archive")]
    Archive(#[from] BlobError),
}

impl From<Gone> for SweepError {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

pub struct Needs {
    pub archive: Archive,
    pub inbox: Inbox,
    pub board: Board,
    pub clock: Arc<Clock>,
    pub bounds: Bounds,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Keeper(Arc<Inner>);

struct Inner {
    needs: Needs,
    /// One sweep at a time.
    sweeping: Mutex<()>,
    /// Open as long as somebody may ask: its thread ends with the last of them.
    _open: mpsc::Sender<()>,
}

/// Begins to sweep by itself.
pub fn start(needs: Needs) -> Keeper {
    let (open, ended) = mpsc::channel();
    let keeper = Keeper(Arc::new(Inner { needs, sweeping: Mutex::default(), _open: open }));
    let by_itself = Arc::downgrade(&keeper.0);
    std::thread::Builder::new()
        .name("keeper".into())
        .spawn(move || {
            if let Some(inner) = by_itself.upgrade() {
                inner.count();
            }
            let mut wait = FIRST_AFTER;
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let Some(inner) = by_itself.upgrade() else { return };
                match inner.sweep(false) {
                    Ok(_) => {}
                    Err(SweepError::Gone) => return,
                    Err(cause) => warn!(cause = because(&cause), "the archive was not swept; tomorrow, then"),
                }
                wait = EVERY;
            }
        })
        .expect("the system has room for a thread");
    keeper
}

impl Keeper {
    /// Sweeps now; with `dry_run` only says what would go. Takes its time.
    ///
    /// # Errors
    /// When the store or the archive cannot be read, or a blob not be removed.
    pub fn sweep(&self, dry_run: bool) -> Result<SweptView, SweepError> {
        self.0.sweep(dry_run)
    }
}

impl Inner {
    /// How large the archive is, for whoever asks before the first sweep.
    fn count(&self) {
        match self.stored() {
            Ok(stored) => self.needs.board.set_archive(self.size(&stored)),
            Err(cause) => warn!(cause = because(&cause), "the archive was not counted"),
        }
    }

    fn sweep(&self, dry_run: bool) -> Result<SweptView, SweepError> {
        let _one = self.sweeping.lock().unwrap_or_else(PoisonError::into_inner);
        let Survey { reader, anchors } = self.survey()?;
        let ledger = reader.ledger()?;
        // A snapshot that lives keeps old pages in the file.
        drop(reader);
        let stored = self.stored()?;
        let gone = ledger.outgrown(&anchors, &self.needs.bounds, &stored, self.needs.clock.now());
        if dry_run {
            let bytes = gone.blobs.iter().filter_map(|digest| stored.get(digest)).map(|blob| blob.bytes).sum();
            let swept = Swept { removed: gone.blobs.len() as u64, removed_bytes: bytes, kept: 0 };
            return Ok(SweptView { dry_run, ..self.view(&gone, swept, &stored) });
        }
        let histories_moved = anchors.histories_moved;
        for rows in gone.rows.chunks(ROWS_TOGETHER) {
            self.needs.inbox.tell_blocking(Event::Outgrown { rows: rows.to_vec(), histories_moved })?;
            self.ask(Message::Ping)?;
        }
        // What came to be named meanwhile stays, and so does what the core would not let go of.
        let Survey { reader, anchors } = self.survey()?;
        let named = reader.ledger()?.names();
        drop(reader);
        let is_doomed =
            |digest: &&Digest| !anchors.is_blind && !named.contains(*digest) && !anchors.blobs.contains(*digest);
        let doomed = gone.blobs.iter().filter(is_doomed).map(|digest| show_publish::Digest(digest.0));
        let swept = self.needs.archive.blobs().sweep(doomed, GRACE)?;
        let view = self.view(&gone, swept, &stored);
        self.needs.board.set_archive(view.archive.clone());
        info!(
            revisions = view.revisions,
            results = view.results,
            builds = view.builds,
            blobs = view.blobs,
            bytes = view.bytes,
            archive_bytes = view.archive.bytes,
            "the archive was swept"
        );
        Ok(view)
    }

    fn survey(&self) -> Result<Survey, SweepError> {
        self.ask(Message::Survey)
    }

    fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Result<T, SweepError> {
        let (answer, answered) = oneshot::channel();
        self.needs.inbox.send_blocking(message(answer))?;
        answered.blocking_recv().map_err(|_| SweepError::Gone)
    }

    fn stored(&self) -> Result<BTreeMap<Digest, Stored>, BlobError> {
        let blobs = self.needs.archive.blobs().list()?;
        Ok(blobs
            .into_iter()
            .map(|(digest, blob)| (Digest(digest.0), Stored { bytes: blob.bytes, since: time(blob.since) }))
            .collect())
    }

    fn size(&self, stored: &BTreeMap<Digest, Stored>) -> ArchiveView {
        ArchiveView {
            blobs: stored.len() as u64,
            bytes: stored.values().map(|blob| blob.bytes).sum(),
            bytes_max: self.needs.bounds.bytes_max,
        }
    }

    fn view(&self, gone: &Outgrown, swept: Swept, stored: &BTreeMap<Digest, Stored>) -> SweptView {
        let count = |is_one: fn(&RowKey) -> bool| gone.rows.iter().filter(|key| is_one(key)).count() as u64;
        let before = self.size(stored);
        SweptView {
            dry_run: false,
            revisions: count(|key| matches!(key, RowKey::Revision(..))),
            results: count(|key| matches!(key, RowKey::Action(_))),
            builds: count(|key| matches!(key, RowKey::Build(_))),
            proposals: count(|key| matches!(key, RowKey::Proposal(_))),
            blobs: swept.removed,
            bytes: swept.removed_bytes,
            archive: ArchiveView {
                blobs: before.blobs.saturating_sub(swept.removed),
                bytes: before.bytes.saturating_sub(swept.removed_bytes),
                ..before
            },
        }
    }
}

fn time(at: SystemTime) -> Time {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
