//! The daemon's side of attempts: prepares scratch, orders of the runner, reads what came out, and tells the core.
//!
//! Takes the effects `StartAttempt`, `StopAttempt` and `ForgetAttempt`; tells `RunnerBack`, `AttemptStarted`,
//! `AttemptProgressed` and `AttemptEnded`. A program sees its inputs in place, read-only, or as copies in its scratch;
//! what it leaves behind is checked, digested and moved to where the publisher finds it ([`output_file`]). Knows
//! nothing of queues, of publishing or of the store: what it needs from the rest of the daemon is [`World`].

pub use crate::runner::log;

use serde::{Deserialize, Serialize};
use show_core::{AttemptNo, Digest, Event, FilePath, JobId, Order, ShareId, Stamp};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What attempts need of the rest of the daemon. Called from several threads; may block.
pub trait World: Send + Sync + 'static {
    /// Absolute. `None`: no such share any more.
    fn share_root(&self, share: ShareId) -> Option<PathBuf>;
    /// Where attempts on this share work; absolute, made when missing.
    fn scratch_root(&self, share: ShareId) -> PathBuf;
    /// # Errors
    /// When it is not there or cannot be read.
    fn read_blob(&self, digest: &Digest) -> io::Result<Vec<u8>>;
    /// Keeps bytes durably.
    ///
    /// # Errors
    /// When the world failed.
    fn keep_blob(&self, bytes: &[u8]) -> io::Result<Digest>;
    /// The digest that was read while the file looked exactly like this, where that is remembered: it saves reading
    /// the file again.
    fn digest_of(&self, file: &FilePath, stamp: &Stamp) -> Option<Digest>;
    /// Passes a fact to the driver; waits while its queue is full.
    fn tell(&self, event: Event);
}

/// Where things are.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The state directory; this room uses `runner/`, `attempts/` and `logs/` in it.
    pub state: PathBuf,
    /// The program `showd`, for the runner and the built-in steps.
    pub showd: PathBuf,
    /// TERM to KILL after a timeout.
    pub grace_ms: u64,
    /// Start a runner when none answers. False where systemd does.
    pub starts_runner: bool,
}

/// Handle to the adapter. Cheap to clone; nothing here blocks.
#[derive(Debug, Clone)]
pub struct Attempts {
    _setup: Arc<Setup>,
}

impl Attempts {
    /// Connects to the runner, or starts one, and tells `RunnerBack`. Call it within a tokio runtime.
    pub fn open(setup: Setup, world: Arc<dyn World>) -> Self {
        let _ = world;
        Self { _setup: Arc::new(setup) }
    }

    pub fn start(&self, order: Box<Order>) {
        let _ = order;
    }

    pub fn stop(&self, job: JobId, attempt: AttemptNo, grace_ms: u64) {
        let _ = (job, attempt, grace_ms);
    }

    pub fn forget(&self, job: JobId, attempt: AttemptNo, keep_scratch: bool) {
        let _ = (job, attempt, keep_scratch);
    }

    /// What this machine cannot keep apart, each a sentence, for `doctor`; `None`: no runner is connected.
    pub fn walls_missing(&self) -> Option<Vec<String>> {
        None
    }

    /// Lets the runner end once it has nothing left to do, and closes the connection. Attempts go on.
    pub async fn close(&self) {}
}

/// Where the log of an attempt is, for [`log::read`].
pub fn log_path(state: &Path, job: JobId, attempt: AttemptNo) -> PathBuf {
    state.join("logs").join(job.to_string()).join(format!("{attempt}.log"))
}

/// The scratch directory of an attempt.
pub fn scratch_dir(scratch_root: &Path, job: JobId, attempt: AttemptNo) -> PathBuf {
    scratch_root.join(format!("{job}.{attempt}"))
}

/// Where an output lies after the attempt has ended, whatever its role: beside the scratch, out of every step's reach.
pub fn output_file(scratch_root: &Path, job: JobId, attempt: AttemptNo, file: &FilePath) -> PathBuf {
    scratch_root.join(format!("{job}.{attempt}.out")).join(&*file.path)
}

/// What the blobs of [`show_core::Edits`] and [`show_core::ProposalFact`] hold: a JSON array of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileEdits {
    /// Below the share's root.
    pub file: String,
    /// Each as `show-script` writes them.
    pub edits: Vec<serde_json::Value>,
}
