//! The driver with a real core and a store on a disk that counts its flushes and can fail.

use super::*;
use crate::board::Board;
use crate::config::{Config, Given};
use crate::inbox::{Inbox, Said};
use crate::store::tests::forgetful::Forgetful;
use crate::view::ShareName;
use show_core::{ClientId, MergePolicy, Peer, Seq, ShareRules};
use show_protocol::ask::{Jobs, Submit, WaitIdle};
use show_protocol::{Answer, RefusalKind, Reply, Request};
use std::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

pub(crate) const HELD: &str = r#"
    [pool]
    held = 0
    [pipeline.show-build]
    enabled = false
    [pipeline.held]
    subject = "bench/{name}/"
    [[pipeline.held.step]]
    name = "hold"
    run = ["true"]
    pool = { held = 1 }
"#;

/// A driver with shares `show` (and `spare`, when asked for), and what came out of it.
pub(crate) struct Bench {
    disk: Forgetful,
    inbox: Inbox,
    driver: Driver,
    effects: Arc<Mutex<Vec<Effect>>>,
    answers: crate::inbox::Answers,
    answered: UnboundedReceiver<(u64, Said)>,
}

fn bench() -> Bench {
    Bench::with(HELD, &["show"], &["bench/one/file.txt"])
}

impl Bench {
    /// With this configuration, these shares, and these files in the first of them.
    pub(crate) fn with(text: &str, shares: &[&str], files: &[&str]) -> Self {
        Self::below(std::path::Path::new("/srv"), text, shares, files)
    }

    /// With one share that is really there.
    pub(crate) fn at(root: &std::path::Path, text: &str, files: &[&str]) -> Self {
        let name = root.file_name().and_then(|name| name.to_str()).expect("a named folder");
        Self::below(root.parent().expect("a folder lies in a folder"), text, &[name], files)
    }

    fn below(folder: &std::path::Path, text: &str, shares: &[&str], files: &[&str]) -> Self {
        let config =
            Config::from_text(&Given { cores: 2, ..Given::default() }, "test.toml", text).expect("a good file");
        let disk = Forgetful::default();
        let mut store = Store::on(disk.clone(), 1_000).expect("memory");
        store.enroll(shares).expect("kept");
        let mut rules = config.rules.clone();
        rules.shares = shares
            .iter()
            .map(|name| ShareRules { name: (*name).into(), read_only: false, merge: MergePolicy::default() })
            .collect();
        let name =
            |name: &&str| ShareName { name: (*name).into(), root: Some(folder.join(name)), read_only: String::new() };
        let clock = Arc::new(Clock::new());
        let core = Coordinator::restore(store.restore().expect("readable"), rules, clock.now());
        let world = World {
            config: Arc::new(config),
            shares: shares.iter().map(name).collect(),
            board: Board::default(),
            host: "vm".into(),
            started_at: clock.now(),
            config_file: None,
            attempts: None,
            sync: crate::sync::Handle::off(),
            keeper: None,
        };
        let (inbox, messages) = Inbox::new();
        let effects = Arc::new(Mutex::new(Vec::new()));
        let hands = {
            let effects = Arc::clone(&effects);
            Box::new(move |effect| effects.lock().expect("no panic").push(effect))
        };
        let driver = Driver::new(core, store, clock, world, messages, Feed::new(Seq(1)), hands).expect("kept");
        let (answers, answered) = unbounded_channel();
        let mut bench = Self { disk, inbox, driver, effects, answers, answered };
        for (id, _) in shares.iter().enumerate() {
            let share = show_core::ShareId(u16::try_from(id).expect("few"));
            for path in files.iter().filter(|_| id == 0) {
                let file = show_core::FilePath { share, path: (*path).into() };
                let stamp = show_core::Stamp { size: 3, mtime_ns: 1, ctime_ns: 1, inode: 1 };
                assert!(bench.inbox.try_tell(Event::FileSeen { file, look: show_core::Look::File(stamp) }));
            }
            assert!(bench.inbox.try_tell(Event::Scanned { share, complete: true }));
        }
        bench.driver.turn().expect("kept");
        bench
    }

    /// Asks one thing, and gives back what is said at once.
    pub(crate) fn said(&mut self, request: impl Into<Request>) -> Said {
        self.ask(1, request);
        self.driver.turn().expect("kept");
        self.answered.try_recv().expect("an answer").1
    }
}

impl Bench {
    fn ask(&self, number: u64, request: impl Into<Request>) {
        let call = Call {
            client: ClientId(1),
            who: Peer { uid: 1000, pid: 1, name: "pat".into() },
            number,
            what: Wish::Request(request.into()),
            answers: self.answers.clone(),
        };
        assert!(self.inbox.try_send(Message::Call(Box::new(call))), "the queue is deep");
    }

    fn submit(&self, number: u64) {
        let parameters = [("n".to_owned(), number.to_string())].into();
        self.ask(number, Submit { pipeline: "held".into(), subject: "bench/one/".into(), parameters });
    }

    /// Turns until the driver has no more to tell itself.
    fn rest(&mut self) {
        while !self.driver.own.is_empty() {
            self.driver.turn().expect("kept");
        }
    }

    fn replies(&mut self) -> Vec<(u64, Reply)> {
        let mut replies = Vec::new();
        while let Ok((number, said)) = self.answered.try_recv() {
            match said {
                Said::Reply(reply) => replies.push((number, reply)),
                other => panic!("{other:?}"),
            }
        }
        replies
    }
}

#[test]
fn everything_that_waits_is_kept_in_one_commit_and_answered_after_it() {
    let mut bench = bench();
    for number in 1..=200 {
        bench.submit(number);
    }
    let before = bench.disk.flushes();
    bench.driver.turn().expect("kept");
    assert_eq!(bench.disk.flushes() - before, 2, "one commit, two flushes");
    let replies = bench.replies();
    assert_eq!(replies.len(), 200);
    assert!(
        replies
            .iter()
            .all(|(_, reply)| matches!(reply, Reply::Answer(answer) if matches!(**answer, Answer::Submitted(_))))
    );
}

#[test]
fn a_lone_submission_is_one_commit() {
    let mut bench = bench();
    bench.submit(1);
    let before = bench.disk.flushes();
    bench.driver.turn().expect("kept");
    assert_eq!(bench.disk.flushes() - before, 2);
}

#[test]
fn what_was_never_done_starts_with_the_very_commit_of_its_submission() {
    let mut bench = Bench::with(&HELD.replace("held = 0", "held = 1"), &["show"], &["bench/one/file.txt"]);
    assert!(bench.inbox.try_tell(Event::RunnerBack { attempts: Vec::new() }));
    bench.driver.turn().expect("kept");
    bench.submit(1);
    let before = bench.disk.flushes();
    bench.driver.turn().expect("kept");
    assert_eq!(bench.disk.flushes() - before, 2, "whether it was done before is looked up within the turn");
    let effects = bench.effects.lock().expect("no panic");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::StartAttempt(_))), "{effects:?}");
}

#[test]
fn reading_costs_no_commit_and_sees_what_was_decided_before_it() {
    let mut bench = bench();
    bench.submit(1);
    bench.ask(2, Jobs::default());
    bench.driver.turn().expect("kept");
    let replies = bench.replies();
    let jobs = replies.iter().find_map(|(number, reply)| match reply {
        Reply::Answer(answer) if *number == 2 => Some((**answer).clone()),
        _ => None,
    });
    match jobs {
        Some(Answer::Jobs(view)) => assert_eq!(view.jobs.len(), 1, "the submission of the same turn is kept by then"),
        other => panic!("{other:?}"),
    }
    bench.rest();
    bench.ask(3, Jobs::default());
    let before = bench.disk.flushes();
    bench.driver.turn().expect("nothing to keep");
    assert_eq!(bench.disk.flushes() - before, 0);
}

#[test]
fn when_keeping_fails_nobody_hears_yes_and_nothing_happens() {
    let mut bench = bench();
    bench.submit(1);
    bench.effects.lock().expect("no panic").clear();
    bench.disk.fail_after(0);
    let error = bench.driver.turn().expect_err("the disk is gone");
    assert!(error.to_string().starts_with("could not keep"), "{error}");
    assert_eq!(bench.replies(), Vec::new());
    assert_eq!(*bench.effects.lock().expect("no panic"), Vec::new());
}

#[test]
fn a_request_that_makes_no_sense_is_refused_with_the_next_move() {
    let mut bench = bench();
    bench.ask(1, Submit { pipeline: "hld".into(), subject: "bench/one/".into(), ..Submit::default() });
    bench.ask(2, Submit { pipeline: "held".into(), subject: "../etc".into(), ..Submit::default() });
    bench.ask(3, show_protocol::ask::Job { job: show_protocol::JobId(99) });
    bench.driver.turn().expect("kept");
    let kinds: Vec<_> = bench
        .replies()
        .into_iter()
        .map(|(number, reply)| match reply {
            Reply::Refused(refusal) => (number, refusal.kind, refusal.hint.is_empty()),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected =
        [(1, RefusalKind::NotFound, false), (2, RefusalKind::Invalid, false), (3, RefusalKind::NotFound, false)];
    assert_eq!(kinds, expected);
}

#[test]
fn a_wait_that_its_client_stops_is_answered_as_things_stand() {
    let mut bench = bench();
    bench.submit(1);
    bench.driver.turn().expect("kept");
    let jobs = match bench.replies().pop() {
        Some((1, Reply::Answer(answer))) => match *answer {
            Answer::Submitted(view) => view.jobs,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    bench.ask(2, show_protocol::ask::Wait { jobs, ..show_protocol::ask::Wait::default() });
    bench.ask(3, WaitIdle::default());
    bench.driver.turn().expect("kept");
    bench.replies();
    bench.ask(4, show_protocol::ask::Stop { request: 2 });
    bench.driver.turn().expect("kept");
    let replies = bench.replies();
    match replies.iter().find(|(number, _)| *number == 2) {
        Some((_, Reply::Answer(answer))) => match &**answer {
            Answer::Waited(view) => assert_eq!((view.unfinished, view.jobs.len()), (1, 1)),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    assert!(replies.iter().any(|(number, _)| *number == 4));
}

#[test]
fn a_ping_is_answered_after_a_read_of_the_store() {
    let mut bench = bench();
    let (answer, mut answered) = tokio::sync::oneshot::channel();
    assert!(bench.inbox.try_send(Message::Ping(answer)));
    bench.driver.turn().expect("kept");
    assert_eq!(answered.try_recv(), Ok(()));
}

#[test]
fn stop_ends_it_and_so_does_a_world_without_senders() {
    let told = bench();
    assert!(told.inbox.try_send(Message::Stop));
    told.driver.run().expect("it ends");
    let Bench { inbox, driver, .. } = bench();
    drop(inbox);
    driver.run().expect("it ends");
}

#[test]
fn who_hears_of_progress_hears_that_a_job_has_ended() {
    let mut bench = bench();
    let mut lines = bench.driver.feed.progress();
    bench.submit(1);
    bench.driver.turn().expect("kept");
    let jobs = vec![show_protocol::JobId(1)];
    bench.ask(2, show_protocol::ask::Cancel { jobs, ..show_protocol::ask::Cancel::default() });
    bench.driver.turn().expect("kept");
    let mut heard = Vec::new();
    while let Ok(line) = lines.try_recv() {
        heard.push((line.job.0, line.state));
    }
    assert_eq!(heard, [(1, show_protocol::JobState::Canceled)]);
}
