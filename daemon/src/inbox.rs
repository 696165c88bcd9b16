//! What adapters may say to the driver: one bounded queue, and the forms of what goes through it.
//!
//! Facts for the core, calls of clients, and the watchdog's question. A task waits while the queue is full; the
//! watcher must not ([`Inbox::try_tell`]) and remembers instead that something was lost.

use crate::blob::Archive;
use crate::store::Reader;
use show_core::{Anchors, Ask, AttemptNo, ClientId, Event, FilePath, JobId, Peer};
use show_protocol::{BuildId, ChangesView, Reply, Request};
use tokio::sync::{mpsc, oneshot};

/// Messages waiting for the driver. Deep enough that a turn of the driver rarely finds it empty under load.
const QUEUE_MAX: usize = 8_192;

#[allow(clippy::large_enum_variant, reason = "facts are most of what goes through, and a box each would cost more")]
pub enum Message {
    Fact(Event),
    Call(Box<Call>),
    /// Answered after a turn and a read of the store.
    Ping(oneshot::Sender<()>),
    /// Answered as [`Message::Ping`] is, with everything that is kept and in mind at one moment.
    Survey(oneshot::Sender<Survey>),
    /// End after this turn.
    Stop,
}

/// What is kept, and what stands on it though no row says so.
pub struct Survey {
    pub reader: Reader,
    pub anchors: Anchors,
}

/// A request of a client, and where its answer goes.
pub struct Call {
    pub client: ClientId,
    pub who: Peer,
    /// The client's number of the request.
    pub number: u64,
    pub what: Wish,
    pub answers: Answers,
}

pub enum Wish {
    Request(Request),
    /// What became of a [`Said::Later`] that found out what to ask of the core.
    Ask(Box<(Ask, Then)>),
    /// Event numbers and rows to catch up with, for a subscription; answered with [`Said::Events`].
    Events {
        from: show_core::Seq,
    },
}

/// Where answers to calls go. Never blocks the driver: what a client may have open at once is bounded by its session.
pub type Answers = mpsc::UnboundedSender<(u64, Said)>;

/// The answer to a call.
#[allow(clippy::large_enum_variant, reason = "made once, sent once, and replies are most of them")]
pub enum Said {
    Reply(Reply),
    /// Everything that the driver had to look up is in here; the rest is reading blobs and wording, elsewhere.
    Later(Later),
    /// Ask this of the core; the answer comes once it is kept.
    Ask(Box<(Ask, Then)>),
    /// Reply, and begin a subscription to the event log.
    Follow {
        view: Box<dyn FnOnce(&Archive) -> show_protocol::FollowView + Send>,
        from: show_core::Seq,
        progress: bool,
    },
    /// Reply, and go on with what this attempt prints.
    FollowLog {
        job: JobId,
        attempt: AttemptNo,
        stream: Option<show_protocol::Stream>,
        from: u64,
        follow: bool,
    },
    /// A page of the log for a subscription that catches up, and the oldest event that is kept.
    Events {
        oldest: show_core::Seq,
        events: Vec<show_core::EventRow>,
    },
}

pub type Later = Box<dyn FnOnce(&Archive) -> Said + Send>;

/// How to word the core's answer.
#[derive(Debug, Clone)]
pub enum Then {
    Done,
    Ids,
    Submitted,
    Lock {
        file: FilePath,
        why: String,
    },
    Renewed {
        lease: show_core::LeaseId,
    },
    Published {
        files: Vec<FilePath>,
        text: String,
    },
    /// `progress`: the client wants to hear of these jobs meanwhile.
    Waited {
        jobs: Vec<JobId>,
        builds: Vec<BuildId>,
        idle: bool,
    },
    /// Whether it may be written, and why not.
    WhyFile {
        file: FilePath,
    },
    EpisodeMade {
        episode: String,
        file: FilePath,
        files: Vec<FilePath>,
    },
    Changes {
        view: Box<ChangesView>,
    },
    /// These, whatever the core says besides yes.
    ThisMany {
        ids: Vec<u64>,
    },
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Reply(_) => "Reply",
            Self::Later(_) => "Later",
            Self::Ask(_) => "Ask",
            Self::Follow { .. } => "Follow",
            Self::FollowLog { .. } => "FollowLog",
            Self::Events { .. } => "Events",
        })
    }
}

impl From<Reply> for Said {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

/// The sending end. Cheap to clone; every adapter has one.
#[derive(Debug, Clone)]
pub struct Inbox(mpsc::Sender<Message>);

/// The driver is gone, and with it everything; there is nobody left to tell.
#[derive(Debug, PartialEq, Eq)]
pub struct Gone;

impl Inbox {
    pub fn new() -> (Self, mpsc::Receiver<Message>) {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        (Self(sender), receiver)
    }

    /// # Errors
    /// When the driver is gone.
    pub async fn tell(&self, event: Event) -> Result<(), Gone> {
        self.send(Message::Fact(event)).await
    }

    /// # Errors
    /// When the driver is gone.
    pub async fn send(&self, message: Message) -> Result<(), Gone> {
        self.0.send(message).await.map_err(|_| Gone)
    }

    /// From a plain thread.
    ///
    /// # Errors
    /// When the driver is gone.
    pub fn tell_blocking(&self, event: Event) -> Result<(), Gone> {
        self.0.blocking_send(Message::Fact(event)).map_err(|_| Gone)
    }

    /// As [`Self::tell_blocking`], for any message.
    ///
    /// # Errors
    /// When the driver is gone.
    pub fn send_blocking(&self, message: Message) -> Result<(), Gone> {
        self.0.blocking_send(message).map_err(|_| Gone)
    }

    /// Never waits. False: the queue is full (or the driver gone), and the fact was not told.
    pub fn try_tell(&self, event: Event) -> bool {
        self.try_send(Message::Fact(event))
    }

    /// As [`Self::try_tell`], for any message.
    pub fn try_send(&self, message: Message) -> bool {
        self.0.try_send(message).is_ok()
    }
}
