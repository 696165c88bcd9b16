//! What a client subscribed to: the event log, progress, and what an attempt prints.
//!
//! Each subscription is a place in something that is kept anyway, read on at the client's own pace; a slow reader
//! costs nobody anything, and one that falls behind what is kept in memory is told of its gap.

use super::session::Session;
use crate::attempt;
use crate::feed::Found;
use crate::inbox::{Call, Message, Said, Wish};
use show_core::{AttemptNo, ClientId, JobId, Peer, Seq};
use show_protocol::frame::CHUNK_BYTES_MAX;
use show_protocol::{Answer, Failure, JobLine, LogLine, LogView, Push, Reply, Request, Stream};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Events read and written at a time.
const EVENTS_TOGETHER: usize = 256;
/// A log that is followed is looked at this often: it is a file that another process writes.
const LOG_LOOK: Duration = Duration::from_millis(200);

/// Which jobs' progress a wait wants to hear of.
pub enum Progress {
    OfNone,
    OfAll,
    Of { jobs: BTreeSet<u64>, builds: BTreeSet<u64> },
}

impl Progress {
    fn is_wanted(&self, line: &JobLine) -> bool {
        match self {
            Self::OfNone => false,
            Self::OfAll => true,
            Self::Of { jobs, builds } => jobs.contains(&line.job.0) || builds.contains(&line.build.0),
        }
    }
}

/// `None`: it is no wait.
pub fn wants_progress(request: &Request) -> Option<Progress> {
    match request {
        Request::Wait(ask) if ask.progress => Some(Progress::Of {
            jobs: ask.jobs.iter().map(|job| job.0).collect(),
            builds: ask.builds.iter().map(|build| build.0).collect(),
        }),
        Request::WaitIdle(ask) if ask.progress => Some(Progress::OfAll),
        Request::Wait(_) | Request::WaitIdle(_) => Some(Progress::OfNone),
        _ => None,
    }
}

/// Pushes progress of what a wait is about until the wait is over.
pub fn progress(session: Session, id: u64, wanted: Progress, token: CancellationToken) {
    if matches!(wanted, Progress::OfNone) {
        return;
    }
    let mut lines = session.needs.feed.progress();
    tokio::spawn(async move {
        while let Some(line) = token.run_until_cancelled(lines.recv()).await {
            match line {
                Ok(line) if wanted.is_wanted(&line) => {
                    if !session.push(id, Push::Progress(JobLine::clone(&line))).await {
                        return;
                    }
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
}

/// Pushes events from a place on, the old ones first, until stopped.
pub async fn follow(session: Session, id: u64, from: Seq, progress: bool, token: CancellationToken) {
    let mut place = from;
    let mut next = session.needs.feed.next();
    let mut lines = session.needs.feed.progress();
    // Once it has reached the present, falling behind what is in memory is a gap.
    let mut is_live = false;
    while !token.is_cancelled() {
        let (gap, events) = match session.needs.feed.read(place, EVENTS_TOGETHER) {
            Found::Events(events) if events.is_empty() => {
                is_live = true;
                tokio::select! {
                    () = token.cancelled() => return,
                    changed = next.changed() => if changed.is_err() { return },
                    line = lines.recv(), if progress => match line {
                        Ok(line) => if !session.push(id, Push::Progress(JobLine::clone(&line))).await { return },
                        Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return,
                    },
                }
                continue;
            }
            Found::Events(events) => (None, events),
            Found::Behind { oldest } if is_live => (Some(oldest), Vec::new()),
            Found::Behind { .. } => match kept_events(&session, place).await {
                Some((oldest, events)) => {
                    (Some(oldest).filter(|oldest| *oldest > place), events.into_iter().map(Arc::new).collect())
                }
                None => return,
            },
        };
        if let Some(oldest) = gap {
            let (from, to) = (show_protocol::Seq(place.0), show_protocol::Seq(oldest.0 - 1));
            if !session.push(id, Push::Gap { from, to }).await {
                return;
            }
            place = oldest;
        }
        for event in events {
            place = Seq(event.seq.0 + 1);
            let push = Push::Event(session.needs.world.event(&event));
            match token.run_until_cancelled(session.push(id, push)).await {
                Some(true) => {}
                Some(false) | None => return,
            }
        }
    }
}

/// Events that are only in the store any more, and the oldest that is. `None`: the daemon is going down.
async fn kept_events(session: &Session, from: Seq) -> Option<(Seq, Vec<show_core::EventRow>)> {
    let (answers, mut answered) = mpsc::unbounded_channel();
    let who = Peer { uid: 0, pid: 0, name: String::new() };
    let call = Call { client: ClientId(0), who, number: 0, what: Wish::Events { from }, answers };
    session.needs.inbox.send(Message::Call(Box::new(call))).await.ok()?;
    match answered.recv().await? {
        (_, Said::Events { oldest, events }) => Some((oldest, events)),
        _ => None,
    }
}

/// What to read of an attempt's log.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    pub job: JobId,
    pub attempt: AttemptNo,
    pub stream: Option<Stream>,
    pub from: u64,
    pub follow: bool,
}

/// Answers with what there is, and pushes what comes.
pub async fn log(session: Session, id: u64, mut wanted: Log, token: CancellationToken) {
    let mut has_answered = false;
    loop {
        let path = attempt::log_path(&session.needs.world.config.paths.state, wanted.job, wanted.attempt);
        let read = tokio::task::spawn_blocking(move || {
            let stream = wanted.stream.map(|stream| match stream {
                Stream::Out => attempt::log::Stream::Out,
                Stream::Err => attempt::log::Stream::Err,
            });
            attempt::log::read(&path, wanted.from, stream, CHUNK_BYTES_MAX)
        });
        let piece = match read.await {
            Ok(Ok(piece)) => piece,
            // It has printed nothing yet.
            Ok(Err(cause)) if cause.kind() == std::io::ErrorKind::NotFound => {
                attempt::log::Piece { lines: Vec::new(), next: wanted.from, ended: false }
            }
            Ok(Err(cause)) => {
                let failure = Failure::of(&cause, "the log may be gone with its build");
                return session.reply(
                    id,
                    Reply::Failed(Failure { text: format!("could not read the log of job {}", wanted.job), ..failure }),
                );
            }
            Err(_) => return,
        };
        let has_more = piece.next > wanted.from;
        wanted.from = piece.next;
        let ended = piece.ended;
        let view = LogView {
            job: show_protocol::JobId(wanted.job.0),
            attempt: show_protocol::AttemptNo(wanted.attempt.0),
            lines: piece.lines.into_iter().map(line).collect(),
            next: piece.next,
            ended,
        };
        if !has_answered {
            session.reply(id, Answer::Log(view).into());
            has_answered = true;
        } else if has_more || ended {
            match token.run_until_cancelled(session.push(id, Push::Log(view))).await {
                Some(true) => {}
                Some(false) | None => return,
            }
        }
        if !wanted.follow {
            return;
        }
        if ended {
            session.push(id, Push::Over {}).await;
            return;
        }
        if !has_more && token.run_until_cancelled(tokio::time::sleep(LOG_LOOK)).await.is_none() {
            return;
        }
    }
}

fn line(line: attempt::log::Line) -> LogLine {
    let (stream, text) = match line.stream {
        attempt::log::Stream::Out => (Stream::Out, line.text),
        attempt::log::Stream::Err => (Stream::Err, line.text),
        attempt::log::Stream::Note => (Stream::Err, format!("showd: {}", line.text)),
    };
    LogLine { at_ms: line.at_ms, stream, text }
}
