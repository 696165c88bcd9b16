//! The daemon's side of attempts: prepares scratch, orders of the runner, reads what came out, and tells the core.
//!
//! Takes the effects `StartAttempt`, `StopAttempt` and `ForgetAttempt`; tells `RunnerBack`, `AttemptStarted`,
//! `AttemptProgressed` and `AttemptEnded`. A program sees its inputs in place, read-only, or as copies in its scratch;
//! what it leaves behind is checked, digested and moved to where the publisher finds it ([`output_file`]). Knows
//! nothing of queues, of publishing or of the store: what it needs from the rest of the daemon is [`World`].

mod desk;
mod finish;
mod link;
mod prepare;
mod template;

pub use crate::runner::log;
pub use crate::steps::protocol::FileEdits;
pub use prepare::PATH;

use crate::runner::wire::{Key, ToRunner};
use desk::Desk;
use show_core::{AttemptNo, Digest, Ended, Event, FilePath, JobId, Order, ShareId, Stamp};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// What attempts need of the rest of the daemon. Called from several threads; may block.
pub trait World: Send + Sync + 'static {
    /// Absolute. `None`: no such share any more.
    fn share_root(&self, share: ShareId) -> Option<PathBuf>;
    /// Where attempts on this share work; absolute, made when missing.
    fn scratch_root(&self, share: ShareId) -> PathBuf;
    /// # Errors
    /// When it is not there or cannot be read.
    fn read_blob(&self, digest: &Digest) -> io::Result<Vec<u8>>;
    /// Keeps bytes durably. What comes here is the result of a program that may have cost money.
    ///
    /// # Errors
    /// When the world failed.
    fn keep_blob(&self, bytes: &[u8]) -> io::Result<Digest>;
    /// The digest that was read while the file looked exactly like this, where that is remembered: it saves reading
    /// the file again.
    fn digest_of(&self, file: &FilePath, stamp: &Stamp) -> Option<Digest>;
    /// Passes a fact to the driver; waits while its queue is full. Facts come one by one, in the order they became
    /// true.
    fn tell(&self, event: Event);
}

/// Where things are.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The state directory, absolute; this room uses `runner/`, `attempts/` and `logs/` in it.
    pub state: PathBuf,
    /// The program `showd`, for the runner and the built-in steps; absolute.
    pub showd: PathBuf,
    /// TERM to KILL after a timeout.
    pub grace_ms: u64,
    /// Start a runner when none answers. False where systemd does.
    pub starts_runner: bool,
}

/// Handle to the adapter. Cheap to clone; nothing here blocks.
#[derive(Clone)]
pub struct Attempts {
    desk: Arc<Desk>,
    link: mpsc::UnboundedSender<link::Say>,
    runtime: Handle,
}

impl Attempts {
    /// Connects to the runner, or starts one, and from then on tells facts, the first of which is `RunnerBack`.
    ///
    /// Call it within a tokio runtime; the rest may be called from anywhere.
    pub fn open(setup: Setup, world: Arc<dyn World>) -> Self {
        // There is room for everything: there are as many facts as attempts, and a few reports a second of each.
        let (facts, mut told) = mpsc::unbounded_channel();
        let (link, said) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk::new(setup, Arc::clone(&world), facts));
        tokio::spawn(link::Link::new(Arc::clone(&desk), said).run());
        // A thread of its own, because telling waits while the driver is busy.
        let teller = std::thread::Builder::new().name("attempts".into());
        let told = move || {
            while let Some(event) = told.blocking_recv() {
                world.tell(event);
            }
        };
        teller.spawn(told).expect("the system has a thread left at the start");
        Self { desk, link, runtime: Handle::current() }
    }

    /// Answered by `AttemptStarted` and `AttemptEnded`, or only the latter.
    pub fn start(&self, order: Box<Order>) {
        let key = key(order.job, order.attempt);
        if !self.desk.take_in(key) {
            return;
        }
        let (desk, link) = (Arc::clone(&self.desk), self.link.clone());
        self.runtime.spawn_blocking(move || {
            if let Some(start) = desk.prepare(key, *order) {
                let _ = link.send(link::Say::Pass(ToRunner::Start(Box::new(start))));
            }
        });
    }

    /// Answered by `AttemptEnded`, at once when nothing is known of the attempt.
    pub fn stop(&self, job: JobId, attempt: AttemptNo, grace_ms: u64) {
        let key = key(job, attempt);
        if self.desk.is_stopped_here(key, grace_ms) {
            return;
        }
        let _ = self.link.send(link::Say::Pass(ToRunner::Stop { key, grace_ms }));
    }

    /// The end of this attempt is kept: nobody will ask for it any more.
    pub fn forget(&self, job: JobId, attempt: AttemptNo, keep_scratch: bool) {
        let key = key(job, attempt);
        let _ = self.link.send(link::Say::Pass(ToRunner::Forget { key }));
        let desk = Arc::clone(&self.desk);
        self.runtime.spawn_blocking(move || desk.forget(key, keep_scratch));
    }

    /// What this machine cannot keep apart, each a sentence, for `doctor`; `None`: no runner is connected.
    pub fn walls_missing(&self) -> Option<Vec<String>> {
        self.desk.walls_missing()
    }

    /// Lets the runner end once it has nothing left to do, and closes the connection. Attempts go on.
    pub async fn close(&self) {
        let (done, wait) = oneshot::channel();
        if self.link.send(link::Say::Close(done)).is_ok() {
            let _ = wait.await;
        }
    }
}

fn key(job: JobId, attempt: AttemptNo) -> Key {
    Key { job: job.0, attempt: attempt.0 }
}

fn ended(key: Key, ended: Ended) -> Event {
    Event::AttemptEnded { job: JobId(key.job), attempt: AttemptNo(key.attempt), ended }
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
    done_dir(scratch_root, job, attempt).join(&*file.path)
}

fn done_dir(scratch_root: &Path, job: JobId, attempt: AttemptNo) -> PathBuf {
    scratch_root.join(format!("{job}.{attempt}.out"))
}
