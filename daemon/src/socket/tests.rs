//! Clients of every kind on a socket pair, with a driver that does what the test says. Time is tokio's, and paused.

use super::session;
use super::*;
use crate::board::Board;
use crate::config::{Config, Given};
use crate::inbox::{Call, Message, Said, Wish};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use show_core::{Event, EventRow, Seq, Time};
use show_protocol::ask::{Events, Follow, Stop, Version, Wait};
use show_protocol::frame::{FRAME_BYTES_MAX, codec};
use show_protocol::{
    Answer, Encoding, Envelope, FollowView, Hello, Push, RefusalKind, Reply, Request, VersionView, Welcome,
};
use std::os::unix::net::UnixStream as StdStream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

struct Daemon {
    needs: Needs,
    messages: mpsc::Receiver<Message>,
    stop: CancellationToken,
    sessions: TaskTracker,
    _dir: tempfile::TempDir,
}

fn daemon() -> Daemon {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let config = Config::from_text(&Given { cores: 1, ..Given::default() }, "", "").expect("an empty configuration");
    let (inbox, messages) = Inbox::new();
    let world = World {
        config: Arc::new(config),
        shares: Arc::new([]),
        board: Board::default(),
        host: "vm".into(),
        started_at: Time(0),
        config_file: None,
        attempts: None,
        sync: crate::sync::Handle::off(),
        keeper: None,
    };
    let archive = Archive::open(&dir.path().join("blobs")).expect("writable");
    let needs = Needs { inbox, feed: Feed::new(Seq(1)), archive, world: Arc::new(world) };
    Daemon { needs, messages, stop: CancellationToken::new(), sessions: TaskTracker::new(), _dir: dir }
}

impl Daemon {
    /// A client's bare end of a new session.
    fn connect(&self) -> UnixStream {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        let who = Peer { uid: 1000, pid: 7, name: "pat".into() };
        self.sessions.spawn(session::run(ours, ClientId(1), who, self.needs.clone(), self.stop.clone()));
        theirs
    }

    async fn client(&self, encoding: Encoding) -> Client {
        let mut client = Client { frames: Framed::new(self.connect(), codec()), encoding };
        let hello = Hello::new("test", encoding).write();
        client.frames.send(Bytes::from(hello)).await.expect("sent");
        let welcome = client.frames.next().await.expect("a welcome").expect("a frame");
        let welcome = Welcome::read(&welcome).expect("a welcome");
        assert!(matches!(welcome, Welcome::Welcome { version: 1, encoding: chosen, .. } if chosen == encoding));
        client
    }

    /// The next call that reaches the driver.
    async fn call(&mut self) -> Call {
        match self.messages.recv().await.expect("the sessions live") {
            Message::Call(call) => *call,
            _ => panic!("a call was expected"),
        }
    }

    async fn gone(&mut self) {
        match self.messages.recv().await.expect("the sessions live") {
            Message::Fact(Event::ClientGone { client: ClientId(1) }) => {}
            _ => panic!("the client's end was expected"),
        }
    }
}

fn answer(call: &Call, said: impl Into<Said>) {
    call.answers.send((call.number, said.into())).expect("the session lives");
}

fn version(pid: u32) -> Answer {
    Answer::Version(VersionView { pid, ..VersionView::default() })
}

struct Client {
    frames: Framed<UnixStream, LengthDelimitedCodec>,
    encoding: Encoding,
}

impl Client {
    async fn ask(&mut self, id: u64, request: impl Into<Request>) {
        let payload = self.encoding.write_request(&Envelope { id, body: request.into() }).expect("it fits");
        self.frames.send(Bytes::from(payload)).await.expect("sent");
    }

    async fn next(&mut self) -> Option<Envelope<Reply>> {
        let frame: BytesMut = self.frames.next().await?.ok()?;
        Some(self.encoding.read_reply(&frame).expect("a reply"))
    }

    async fn must(&mut self) -> (u64, Reply) {
        let envelope = self.next().await.expect("a reply");
        (envelope.id, envelope.body)
    }

    /// The daemon says why it closes, and closes.
    async fn closed(&mut self) -> String {
        let why = match self.must().await {
            (0, Reply::Push(Push::Closing { why })) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(self.next().await, None);
        why
    }
}

fn event(seq: u64) -> EventRow {
    EventRow {
        seq: Seq(seq),
        at: Time(0),
        kind: "job.done".into(),
        subject: None,
        job: None,
        build: None,
        step: None,
        file: None,
        text: format!("event {seq}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_answered_in_the_encoding_of_the_hello() {
    for encoding in [Encoding::Json, Encoding::Bincode] {
        let mut daemon = daemon();
        let mut client = daemon.client(encoding).await;
        client.ask(7, Version {}).await;
        let call = daemon.call().await;
        assert_eq!((call.number, call.who.name.as_str()), (7, "pat"));
        answer(&call, version(42));
        let (id, reply) = client.must().await;
        assert_eq!((id, reply), (7, version(42).into()));
    }
}

#[tokio::test(start_paused = true)]
async fn answers_come_in_any_order_each_under_its_number() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    client.ask(1, Version {}).await;
    client.ask(2, Version {}).await;
    let (first, second) = (daemon.call().await, daemon.call().await);
    answer(&second, version(2));
    assert_eq!(client.must().await, (2, version(2).into()));
    answer(&first, version(1));
    assert_eq!(client.must().await, (1, version(1).into()));
}

#[tokio::test(start_paused = true)]
async fn work_that_is_done_elsewhere_is_answered_when_it_is_done() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Bincode).await;
    client.ask(1, Version {}).await;
    let call = daemon.call().await;
    let later: crate::inbox::Later = Box::new(|_| version(9).into());
    answer(&call, Said::Later(later));
    assert_eq!(client.must().await, (1, version(9).into()));
}

#[tokio::test(start_paused = true)]
async fn a_hello_that_is_none_is_refused_and_the_connection_ends() {
    let daemon = daemon();
    for hello in [&b"GET / HTTP/1.1\r\n"[..], b"{}", b"\xff\xfe", b""] {
        let mut frames = Framed::new(daemon.connect(), codec());
        frames.send(Bytes::copy_from_slice(hello)).await.expect("sent");
        let welcome = frames.next().await.expect("an answer").expect("a frame");
        assert!(matches!(Welcome::read(&welcome), Ok(Welcome::Refused(_))), "{hello:?}");
        assert!(frames.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_let_go() {
    let daemon = daemon();
    let mut stream = daemon.connect();
    let mut byte = [0];
    assert_eq!(stream.read(&mut byte).await.expect("closed"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_frame_longer_than_allowed_ends_the_connection_before_its_bytes_are_read() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    let head = u32::try_from(FRAME_BYTES_MAX + 1).expect("small").to_be_bytes();
    client.frames.get_mut().write_all(&head).await.expect("sent");
    assert!(client.closed().await.starts_with("the frames are out of step"));
    daemon.gone().await;
}

#[tokio::test(start_paused = true)]
async fn half_a_frame_is_waited_for_only_so_long() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    client.frames.get_mut().write_all(&[0, 0, 0, 9, b'{']).await.expect("sent");
    assert_eq!(client.closed().await, "a frame was not whole after 10 s");
    daemon.gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_never_ends_is_not_waited_for_however_busily_it_comes() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    client.frames.get_mut().write_all(&[0, 0, 1, 0]).await.expect("sent");
    let mut sent = 0;
    while client.frames.get_mut().write_all(b" ").await.is_ok() {
        sent += 1;
        assert!(sent < 60, "a byte each second for a minute");
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    daemon.gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_may_be_silent_between_frames_for_as_long_as_it_likes() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    tokio::time::advance(std::time::Duration::from_secs(86_400)).await;
    client.ask(1, Version {}).await;
    answer(&daemon.call().await, version(1));
    assert_eq!(client.must().await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn a_frame_cut_short_by_the_end_ends_the_session_quietly() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    client.frames.get_mut().write_all(&[0, 0, 0, 9, b'{']).await.expect("sent");
    drop(client);
    daemon.gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_is_no_request_ends_the_connection_with_the_reason() {
    for (encoding, payload) in [
        (Encoding::Json, &b"{\"id\":1,\"body\":{\"version\":{\"colour\":1}}}"[..]),
        (Encoding::Json, b"{\"id\":1,\"body\":{\"fly\":{}}}"),
        (Encoding::Json, b"not json"),
        (Encoding::Bincode, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::Bincode, b""),
    ] {
        let mut daemon = daemon();
        let mut client = daemon.client(encoding).await;
        client.frames.send(Bytes::copy_from_slice(payload)).await.expect("sent");
        assert!(client.closed().await.starts_with("this is no request"), "{payload:?}");
        daemon.gone().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_and_never_reads_is_no_longer_read_from_and_loses_nothing() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Bincode).await;
    let (mut asked, mut reached) = (0_u64, 0);
    // Ask until nothing more is taken; the driver answers nothing yet.
    let mut calls = Vec::new();
    loop {
        let ask = tokio::time::timeout(std::time::Duration::from_secs(1), client.ask(asked + 1, Version {})).await;
        asked += u64::from(ask.is_ok());
        let call = tokio::time::timeout(std::time::Duration::from_millis(1), daemon.call()).await;
        match call {
            Ok(call) => {
                reached += 1;
                calls.push(call);
            }
            Err(_) => break,
        }
    }
    assert_eq!(reached, 256, "this many may be open at once");
    for call in calls {
        answer(&call, version(1));
    }
    for _ in 0..256 {
        assert_eq!(client.must().await.1, version(1).into());
    }
    answer(&daemon.call().await, version(2));
    assert_eq!(client.must().await.1, version(2).into(), "and then it goes on");
}

#[tokio::test(start_paused = true)]
async fn an_answer_longer_than_a_frame_is_refused_instead() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    client.ask(1, Version {}).await;
    let host = "x".repeat(FRAME_BYTES_MAX);
    answer(&daemon.call().await, Answer::Version(VersionView { host, ..VersionView::default() }));
    match client.must().await {
        (1, Reply::Refused(refusal)) => assert_eq!(refusal.kind, RefusalKind::TooLarge),
        other => panic!("{other:?}"),
    }
}

/// Follows from `from`; the driver knows the events below `kept`.
async fn follow(daemon: &mut Daemon, client: &mut Client, id: u64, from: u64) {
    client.ask(id, Follow::default()).await;
    let call = daemon.call().await;
    let view = FollowView { next: show_protocol::Seq(from), ..FollowView::default() };
    answer(&call, Said::Follow { view: Box::new(move |_| view), from: Seq(from), progress: false });
    assert!(matches!(client.must().await, (at, Reply::Answer(_)) if at == id));
}

async fn pushed(client: &mut Client) -> Push {
    match client.must().await {
        (3, Reply::Push(push)) => push,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_follower_gets_the_old_events_from_the_store_and_the_new_ones_as_they_come() {
    let mut daemon = daemon();
    daemon.needs.feed = Feed::new(Seq(5));
    let mut client = daemon.client(Encoding::Json).await;
    follow(&mut daemon, &mut client, 3, 2).await;
    let call = daemon.call().await;
    assert!(matches!(call.what, Wish::Events { from: Seq(2) }));
    answer(&call, Said::Events { oldest: Seq(1), events: (2..5).map(event).collect() });
    daemon.needs.feed.add(vec![event(5)]);
    for expected in 2..=5 {
        assert!(matches!(pushed(&mut client).await, Push::Event(event) if event.seq.0 == expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_follower_from_before_what_is_kept_begins_with_a_gap() {
    let mut daemon = daemon();
    daemon.needs.feed = Feed::new(Seq(50));
    let mut client = daemon.client(Encoding::Json).await;
    follow(&mut daemon, &mut client, 3, 1).await;
    let call = daemon.call().await;
    answer(&call, Said::Events { oldest: Seq(48), events: (48..50).map(event).collect() });
    let gap = Push::Gap { from: show_protocol::Seq(1), to: show_protocol::Seq(47) };
    assert_eq!(pushed(&mut client).await, gap);
    assert!(matches!(pushed(&mut client).await, Push::Event(event) if event.seq.0 == 48));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_a_gap_marker_and_costs_nobody_anything() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    follow(&mut daemon, &mut client, 3, 1).await;
    // Nobody reads while far more happens than is kept in memory.
    for seq in 1..40_000 {
        daemon.needs.feed.add(vec![event(seq)]);
        if seq % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let (mut expected, mut gaps) = (1, 0);
    while expected < 40_000 {
        match pushed(&mut client).await {
            Push::Event(event) => {
                assert_eq!(event.seq.0, expected, "dense but for the gaps that are marked");
                expected += 1;
            }
            Push::Gap { from, to } => {
                assert_eq!(from.0, expected);
                expected = to.0 + 1;
                gaps += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(gaps > 0);
    assert!(daemon.messages.try_recv().is_err(), "the driver was not asked for anything");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_ends_when_its_client_says_stop() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    follow(&mut daemon, &mut client, 3, 1).await;
    client.ask(4, Stop { request: 3 }).await;
    let (one, other) = (client.must().await, client.must().await);
    assert!([&one, &other].contains(&&(3, Reply::Push(Push::Over {}))), "{one:?} {other:?}");
    assert!([one.0, other.0].contains(&4));
    daemon.needs.feed.add(vec![event(1)]);
    client.ask(5, Version {}).await;
    answer(&daemon.call().await, version(1));
    assert_eq!(client.must().await.0, 5, "no event comes any more");
}

#[tokio::test(start_paused = true)]
async fn stopping_a_wait_is_the_drivers_business() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    client.ask(1, Wait { jobs: vec![show_protocol::JobId(4)], ..Wait::default() }).await;
    daemon.call().await;
    client.ask(2, Stop { request: 1 }).await;
    let call = daemon.call().await;
    assert!(matches!(call.what, Wish::Request(Request::Stop(Stop { request: 1 }))));
}

#[tokio::test(start_paused = true)]
async fn only_so_many_waits_last_at_once_on_one_connection() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    for id in 1..=33 {
        client.ask(id, Wait::default()).await;
    }
    match client.must().await {
        (33, Reply::Refused(refusal)) => assert_eq!(refusal.kind, RefusalKind::TooMany),
        other => panic!("{other:?}"),
    }
    client.ask(34, Events::default()).await;
    for _ in 0..32 {
        daemon.call().await;
    }
    assert_eq!(daemon.call().await.number, 34, "other requests go on");
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_stops_says_so_to_everybody() {
    let mut daemon = daemon();
    let mut client = daemon.client(Encoding::Json).await;
    daemon.stop.cancel();
    assert_eq!(client.closed().await, "showd is stopping");
    daemon.gone().await;
}

#[tokio::test]
async fn one_client_too_many_is_told_so() {
    let mut daemon = daemon();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("run/showd.sock");
    let bound = Bound::at(&path).expect("free");
    let serving = tokio::spawn(serve(bound, daemon.needs.clone(), 1, daemon.stop.clone()));
    let mut first = Framed::new(UnixStream::connect(&path).await.expect("it listens"), codec());
    first.send(Bytes::from(Hello::new("first", Encoding::Json).write())).await.expect("sent");
    first.next().await.expect("a welcome").expect("a frame");
    let mut second = Framed::new(UnixStream::connect(&path).await.expect("it listens"), codec());
    let welcome = second.next().await.expect("an answer").expect("a frame");
    match Welcome::read(&welcome).expect("a welcome") {
        Welcome::Refused(refusal) => assert_eq!(refusal.kind, RefusalKind::TooMany),
        welcome @ Welcome::Welcome { .. } => panic!("{welcome:?}"),
    }
    daemon.stop.cancel();
    drop((first, second));
    daemon.gone().await;
    serving.await.expect("no panic").expect("it served");
    assert!(!path.exists(), "the socket goes with its daemon");
}

#[test]
fn a_socket_left_over_from_a_crash_is_taken_over_and_a_living_one_is_not() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("showd.sock");
    drop(StdListener::bind(&path).expect("writable"));
    assert!(path.exists(), "a crash leaves its file");
    let bound = Bound::at(&path).expect("nobody listens there");
    StdStream::connect(&path).expect("it listens");
    let error = Bound::at(&path).expect_err("somebody listens there");
    assert!(matches!(error, SocketError::Taken { .. }), "{error}");
    StdStream::connect(&path).expect("the first still listens");
    drop(bound);
    drop(Bound::at(&path).expect("free again"));

    std::fs::write(&path, "mine").expect("writable");
    let error = Bound::at(&path).expect_err("a file is in the way");
    assert!(matches!(error, SocketError::NotASocket { .. }), "{error}");
    assert_eq!(std::fs::read(&path).expect("readable"), b"mine");
}
