//! One connection to the daemon: the hello, questions with their answers, and what is pushed meanwhile.

use crate::complaint::{Complaint, Exit, chain};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use show_protocol::{Answer, Ask, Encoding, Envelope, Hello, Push, Reply, Request, Welcome, frame};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

/// Longer than the daemon may take to begin; a socket whose owner hangs should not hang us.
const HELLO_MAX: Duration = Duration::from_millis(frame::HELLO_MS_MAX);

pub struct Client {
    frames: Framed<UnixStream, LengthDelimitedCodec>,
    encoding: Encoding,
    path: PathBuf,
    /// The number of the request before.
    last: u64,
    /// Came while we waited for something else.
    kept: VecDeque<Envelope<Reply>>,
}

impl Client {
    /// Connects and agrees on version and encoding.
    ///
    /// # Errors
    /// `Unreachable` when nobody answers, `Refused` when the daemon declines.
    pub async fn connect(path: &Path) -> Result<Self, Complaint> {
        let stream = UnixStream::connect(path).await.map_err(|cause| nobody(path, chain(&cause)))?;
        let mut frames = Framed::new(stream, frame::codec());
        let name = concat!("showctl ", env!("CARGO_PKG_VERSION"));
        let hello = Hello::new(name, Encoding::Bincode).write();
        // A daemon that declines may have closed its side already; what it said can still be read.
        let _ = frames.send(Bytes::from(hello)).await;
        let first = match tokio::time::timeout(HELLO_MAX, frames.next()).await {
            Ok(Some(Ok(first))) => first,
            Ok(Some(Err(cause))) => return Err(nobody(path, chain(&cause))),
            Ok(None) => return Err(nobody(path, "the connection was closed before the hello was answered")),
            Err(_) => return Err(nobody(path, "the hello was not answered")),
        };
        match Welcome::read(&first).map_err(|cause| nobody(path, chain(&cause)))? {
            Welcome::Refused(refusal) => Err(refusal.into()),
            Welcome::Welcome { encoding, .. } => {
                Ok(Self { frames, encoding, path: path.to_owned(), last: 0, kept: VecDeque::new() })
            }
        }
    }

    /// Asks, and waits for the answer. What is pushed meanwhile is kept for [`Self::next`].
    ///
    /// # Errors
    /// The daemon's refusal or failure, or `Unreachable` when it went away.
    pub async fn ask<A: Ask>(&mut self, ask: A) -> Result<A::View, Complaint> {
        let id = self.begin(ask).await?;
        loop {
            let reply = self.read().await?;
            if reply.id == id && !matches!(reply.body, Reply::Push(_)) {
                return self.view::<A>(reply.body);
            }
            self.kept.push_back(reply);
        }
    }

    /// Sends a request without waiting; [`Self::next`] brings its answer under the number that is returned.
    ///
    /// # Errors
    /// `Unreachable` when the daemon went away.
    pub async fn begin(&mut self, request: impl Into<Request>) -> Result<u64, Complaint> {
        self.last += 1;
        let envelope = Envelope { id: self.last, body: request.into() };
        let payload = self
            .encoding
            .write_request(&envelope)
            .map_err(|cause| Complaint::new(Exit::Usage, "could not ask for that").because(cause.to_string()))?;
        self.frames.send(Bytes::from(payload)).await.map_err(|cause| self.gone(chain(&cause)))?;
        Ok(self.last)
    }

    /// The next message, whatever it is.
    ///
    /// # Errors
    /// `Unreachable` when the daemon went away.
    pub async fn next(&mut self) -> Result<Envelope<Reply>, Complaint> {
        match self.kept.pop_front() {
            Some(reply) => Ok(reply),
            None => self.read().await,
        }
    }

    /// The view that answers this kind of question.
    ///
    /// # Errors
    /// The daemon's refusal or failure.
    pub fn view<A: Ask>(&self, reply: Reply) -> Result<A::View, Complaint> {
        match reply {
            Reply::Answer(answer) => A::view(*answer).map_err(|answer| self.confused(&answer)),
            Reply::Refused(refusal) => Err(refusal.into()),
            Reply::Failed(failure) => Err(failure.into()),
            Reply::Push(_) => Err(self.gone("it pushed where it should have answered")),
        }
    }

    async fn read(&mut self) -> Result<Envelope<Reply>, Complaint> {
        let payload = match self.frames.next().await {
            Some(Ok(payload)) => payload,
            Some(Err(cause)) => return Err(self.gone(chain(&cause))),
            None => return Err(self.gone("it closed the connection")),
        };
        let reply = self.encoding.read_reply(&payload).map_err(|cause| self.gone(chain(&cause)))?;
        match reply.body {
            Reply::Push(Push::Closing { why }) => Err(self.gone(why)),
            _ => Ok(reply),
        }
    }

    fn gone(&self, cause: impl Into<String>) -> Complaint {
        Complaint::new(Exit::Unreachable, format!("lost the daemon at {}", self.path.display()))
            .because(cause)
            .hint("see \"systemctl status showd\" or its log, then run the command again")
    }

    fn confused(&self, answer: &Answer) -> Complaint {
        let said = serde_json::to_string(answer).unwrap_or_default();
        let said: String = said.chars().take(80).collect();
        self.gone(format!("it answered something else than was asked: {said}"))
    }
}

fn nobody(path: &Path, cause: impl Into<String>) -> Complaint {
    Complaint::new(Exit::Unreachable, format!("no daemon answers at {}", path.display()))
        .because(cause)
        .hint("start it with \"showd --share DIR\" or \"systemctl start showd\", or name its socket with --socket PATH")
}
