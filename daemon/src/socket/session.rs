//! One client, from hello to goodbye.
//!
//! Reads requests and passes them on; answers come back in any order and are written by one task. How much a client may
//! have open at once is bounded, so one that asks without reading is no longer read from.

use super::Needs;
use super::subscription;
use crate::inbox::{Answers, Call, Message, Said, Wish};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt as _};
use show_core::{ClientId, Event, Peer};
use show_protocol::frame::{FRAME_MS_MAX, HELLO_MS_MAX, codec};
use show_protocol::{Encoding, Envelope, Hello, Push, Refusal, RefusalKind, Reply, Request, Welcome, greet};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::codec::{Framed, FramedRead, FramedWrite, LengthDelimitedCodec};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

/// Requests of one client without an answer, at most; then it is not read from until one is answered.
const OPEN_MAX: usize = 256;
/// Waits and subscriptions of one client, at most.
const LASTING_MAX: usize = 32;
/// Pushes that wait to be written; a subscription that finds it full waits, and reads on from its place later.
const PUSHES_MAX: usize = 64;
/// Once told to stop, a client that reads nothing is given this long.
const GOODBYE: Duration = Duration::from_secs(2);

const SERVER: &str = concat!("showd ", env!("CARGO_PKG_VERSION"));

/// Says no to one client too many.
pub async fn turn_away(stream: UnixStream, clients_max: u32) {
    let mut frames = Framed::new(stream, codec());
    let text = format!("{clients_max} clients are connected, and more are not let in");
    let refusal =
        Refusal::new(RefusalKind::TooMany, text, "try again later, or raise \"clients\" in the configuration");
    let _ = timeout(GOODBYE, frames.send(Bytes::from(Welcome::Refused(refusal).write()))).await;
}

/// Lasting things of a session, by the number of their request.
type Lasting = Arc<Mutex<BTreeMap<u64, (Kind, CancellationToken)>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The driver has it, and ends it with an answer.
    Wait,
    /// The session has it.
    Subscription,
}

/// What the parts of a session share.
#[derive(Clone)]
pub struct Session {
    pub needs: Needs,
    /// Written as they come; bounded by [`OPEN_MAX`].
    replies: mpsc::UnboundedSender<Envelope<Reply>>,
    pushes: mpsc::Sender<Envelope<Reply>>,
    open: Arc<Semaphore>,
    lasting: Lasting,
    stop: CancellationToken,
}

impl Session {
    pub fn reply(&self, id: u64, reply: Reply) {
        // The writer ends with the session.
        let _ = self.replies.send(Envelope { id, body: reply });
    }

    /// Waits for room. False: the session is over.
    pub async fn push(&self, id: u64, push: Push) -> bool {
        self.pushes.send(Envelope { id, body: Reply::Push(push) }).await.is_ok()
    }

    /// Begins something that lasts until it ends by itself or is stopped. `None`: too many already.
    fn begin(&self, id: u64, kind: Kind) -> Option<CancellationToken> {
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        if lasting.len() >= LASTING_MAX {
            return None;
        }
        let token = self.stop.child_token();
        lasting.insert(id, (kind, token.clone()));
        Some(token)
    }

    /// What ended, if something of this number lasted.
    fn end(&self, id: u64) -> Option<Kind> {
        let (kind, token) = self.lasting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)?;
        token.cancel();
        Some(kind)
    }
}

pub async fn run(stream: UnixStream, client: ClientId, who: Peer, needs: Needs, stop: CancellationToken) {
    let (read, write) = stream.into_split();
    let mut reader = FramedRead::new(read, codec());
    let mut writer = FramedWrite::new(write, codec());
    let hello = stop.run_until_cancelled(timeout(Duration::from_millis(HELLO_MS_MAX), reader.next())).await;
    let hello = match hello {
        Some(Ok(Some(Ok(hello)))) => Hello::read(&hello).map_err(|cause| format!("this is no hello: {cause}")),
        Some(Ok(Some(Err(cause)))) => Err(format!("this is no frame of the protocol: {cause}")),
        _ => {
            debug!(client = %client, uid = who.uid, "a client left without a hello");
            return;
        }
    };
    let welcome = match hello {
        Ok(hello) => {
            debug!(client = %client, uid = who.uid, pid = who.pid, name = hello.client, "a client is here");
            greet(&hello, SERVER)
        }
        Err(text) => {
            info!(uid = who.uid, pid = who.pid, "refused a client: {text}");
            Welcome::Refused(Refusal::new(RefusalKind::Invalid, text, "see docs/PROTOCOL.md for how a client begins"))
        }
    };
    if writer.send(Bytes::from(welcome.write())).await.is_err() {
        return;
    }
    let Welcome::Welcome { encoding, .. } = welcome else { return };

    let (replies, replies_out) = mpsc::unbounded_channel();
    let (pushes, pushes_out) = mpsc::channel(PUSHES_MAX);
    let session = Session {
        needs,
        replies,
        pushes,
        open: Arc::new(Semaphore::new(OPEN_MAX)),
        lasting: Lasting::default(),
        stop: stop.child_token(),
    };
    let (answers, answered) = mpsc::unbounded_channel();
    let writing = tokio::spawn(write_all(writer, encoding, replies_out, pushes_out, Arc::clone(&session.open)));
    let answering = tokio::spawn(take_answers(session.clone(), client, who.clone(), answers.clone(), answered));
    let why = read_all(&mut reader, encoding, &session, client, &who, &answers).await;
    if let Some(why) = why {
        session.reply(0, Reply::Push(Push::Closing { why }));
    }
    session.stop.cancel();
    let _ = session.needs.inbox.tell(Event::ClientGone { client }).await;
    answering.abort();
    drop((session, answers));
    // What was answered is still written, unless nobody reads it.
    let _ = timeout(GOODBYE, writing).await;
}

/// Passes requests on until the client hangs up, sends nonsense, or the daemon stops. Says why, if the client should
/// know.
async fn read_all(
    reader: &mut FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
    encoding: Encoding,
    session: &Session,
    client: ClientId,
    who: &Peer,
    answers: &Answers,
) -> Option<String> {
    loop {
        let Some(frame) = session.stop.run_until_cancelled(next_frame(reader)).await else {
            return Some("showd is stopping".into());
        };
        let payload = match frame {
            Ok(Some(payload)) => payload,
            Ok(None) => return None,
            Err(why) => return Some(why),
        };
        let request = match encoding.read_request(&payload) {
            Ok(request) => request,
            Err(cause) => return Some(format!("this is no request: {}", crate::words::because(&cause))),
        };
        // Given back by the writer, with the answer.
        let permit = session.stop.run_until_cancelled(session.open.acquire()).await;
        let Some(Ok(permit)) = permit else { return Some("showd is stopping".into()) };
        permit.forget();
        let Envelope { id, body } = request;
        record(client, who, id, &body);
        if let Request::Stop(ask) = &body
            && session.end(ask.request) == Some(Kind::Subscription)
        {
            session.reply(ask.request, Reply::Push(Push::Over {}));
            session.reply(id, crate::view::done());
            continue;
        }
        if let Some(wants) = subscription::wants_progress(&body) {
            let Some(token) = session.begin(id, Kind::Wait) else {
                session.reply(id, too_many());
                continue;
            };
            subscription::progress(session.clone(), id, wants, token);
        }
        let call = Call { client, who: who.clone(), number: id, what: Wish::Request(body), answers: answers.clone() };
        if session.needs.inbox.send(Message::Call(Box::new(call))).await.is_err() {
            return Some("showd is stopping".into());
        }
    }
}

/// Who asked for what, as the kernel vouches for it: in the log by default where something is wanted done, and
/// everything at the level `debug`. A build says itself who asked for it, thousands a second if need be, and that a lock
/// is renewed every few seconds is no news.
fn record(client: ClientId, who: &Peer, number: u64, request: &Request) {
    let (uid, pid, user, word) = (who.uid, who.pid, who.name.as_str(), request.word());
    let is_told_elsewhere = matches!(
        request,
        Request::Submit(_)
            | Request::Compile(_)
            | Request::Wait(_)
            | Request::WaitIdle(_)
            | Request::Renew(_)
            | Request::Stop(_)
    );
    if is_told_elsewhere || crate::view::only_reads(request) {
        debug!(showd_client = %client, showd_uid = uid, showd_pid = pid, showd_user = user, number, request = word, "asked");
    } else {
        info!(showd_client = %client, showd_uid = uid, showd_pid = pid, showd_user = user, number, request = word, "asked");
    }
}

fn too_many() -> Reply {
    let text = format!("this client waits for {LASTING_MAX} things already");
    Refusal::new(RefusalKind::TooMany, text, "stop one of them, or use another connection").into()
}

/// The next whole frame. Nothing at all may take for ever; a frame once begun may not.
async fn next_frame(
    reader: &mut FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
) -> Result<Option<bytes::BytesMut>, String> {
    loop {
        if reader.read_buffer().is_empty() {
            reader.get_ref().readable().await.map_err(|cause| cause.to_string())?;
        }
        match timeout(Duration::from_millis(FRAME_MS_MAX), reader.next()).await {
            Ok(Some(Ok(frame))) => return Ok(Some(frame)),
            Ok(Some(Err(cause))) => return Err(format!("the frames are out of step: {cause}")),
            Ok(None) => return Ok(None),
            Err(_) if reader.read_buffer().is_empty() => {}
            Err(_) => return Err(format!("a frame was not whole after {} s", FRAME_MS_MAX / 1_000)),
        }
    }
}

/// Finishes what the driver began: reads blobs, begins subscriptions.
async fn take_answers(
    session: Session,
    client: ClientId,
    who: Peer,
    answers: Answers,
    mut answered: mpsc::UnboundedReceiver<(u64, Said)>,
) {
    while let Some((id, said)) = answered.recv().await {
        match said {
            Said::Reply(reply) => {
                session.end(id);
                session.reply(id, reply);
            }
            said => drop(tokio::spawn(finish(session.clone(), client, who.clone(), answers.clone(), id, said))),
        }
    }
}

async fn finish(session: Session, client: ClientId, who: Peer, answers: Answers, id: u64, said: Said) {
    match said {
        Said::Reply(reply) => session.reply(id, reply),
        Said::Later(work) => {
            let archive = session.needs.archive.clone();
            match tokio::task::spawn_blocking(move || work(&archive)).await {
                Ok(Said::Reply(reply)) => session.reply(id, reply),
                Ok(Said::Ask(ask)) => {
                    let call = Call { client, who, number: id, what: Wish::Ask(ask), answers };
                    let _ = session.needs.inbox.send(Message::Call(Box::new(call))).await;
                }
                Ok(_) | Err(_) => session.reply(id, broken()),
            }
        }
        Said::Follow { view, from, progress } => {
            let archive = session.needs.archive.clone();
            let Ok(view) = tokio::task::spawn_blocking(move || view(&archive)).await else {
                return session.reply(id, broken());
            };
            match session.begin(id, Kind::Subscription) {
                Some(token) => {
                    session.reply(id, show_protocol::Answer::Following(view).into());
                    subscription::follow(session, id, from, progress, token).await;
                }
                None => session.reply(id, too_many()),
            }
        }
        Said::FollowLog { job, attempt, stream, from, follow } => {
            let token = if follow { session.begin(id, Kind::Subscription) } else { Some(session.stop.child_token()) };
            match token {
                Some(token) => {
                    let wanted = subscription::Log { job, attempt, stream, from, follow };
                    subscription::log(session.clone(), id, wanted, token).await;
                    session.end(id);
                }
                None => session.reply(id, too_many()),
            }
        }
        Said::Ask(_) | Said::Events { .. } => session.reply(id, broken()),
    }
}

fn broken() -> Reply {
    Reply::Failed(show_protocol::Failure {
        text: "the answer could not be made".into(),
        because: Vec::new(),
        hint: "this is a defect of showd; its log says more".into(),
    })
}

/// Writes answers first, then pushes, many in one go.
async fn write_all(
    mut writer: FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>,
    encoding: Encoding,
    mut replies: mpsc::UnboundedReceiver<Envelope<Reply>>,
    mut pushes: mpsc::Receiver<Envelope<Reply>>,
    open: Arc<Semaphore>,
) {
    let mut pushes_end = false;
    loop {
        let message = tokio::select! {
            biased;
            reply = replies.recv() => match reply {
                Some(reply) => reply,
                None => break,
            },
            push = pushes.recv(), if !pushes_end => {
                let Some(push) = push else {
                    pushes_end = true;
                    continue;
                };
                push
            }
        };
        let mut next = Some(message);
        while let Some(message) = next {
            if !matches!(message.body, Reply::Push(_)) {
                open.add_permits(1);
            }
            let payload = encoding.write_reply(&message).or_else(|_| {
                let text = "the answer is longer than a frame may be";
                let refusal = Refusal::new(RefusalKind::TooLarge, text, "ask for less at a time, with \"limit\"");
                encoding.write_reply(&Envelope { id: message.id, body: refusal.into() })
            });
            let Ok(payload) = payload else { return };
            if writer.feed(Bytes::from(payload)).await.is_err() {
                return;
            }
            next = replies.try_recv().ok().or_else(|| pushes.try_recv().ok());
        }
        if SinkExt::<Bytes>::flush(&mut writer).await.is_err() {
            return;
        }
    }
    let _ = SinkExt::<Bytes>::flush(&mut writer).await;
}
