//! A workbench: a share, a state directory, a real runner, and the adapter before it, with nobody deciding anything.

use nix::poll::{PollFd, PollFlags, poll};
use rustix::process::{PidfdFlags, pidfd_open};
use show_core::{
    AttemptNo, Digest, Ended, Event, FilePath, Finished, JobId, Node, Order, OrderInput, ShareId, Stamp, Subject, Time,
    Work,
};
use showd::attempt::{self, Attempts, Setup, World, log};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Long enough for a machine that does ten other things; nothing waits this long unless something is broken.
const PATIENCE: Duration = Duration::from_secs(60);
const SHARE: ShareId = ShareId(0);

/// Everything on disk, and what is told.
pub struct Bench {
    pub dir: TempDir,
    runtime: Runtime,
    room: Arc<Room>,
    facts: Receiver<Event>,
    attempts: Option<Attempts>,
}

struct Room {
    share: PathBuf,
    scratch: PathBuf,
    blobs: Mutex<BTreeMap<Digest, Vec<u8>>>,
    facts: Mutex<Sender<Event>>,
}

impl World for Room {
    fn share_root(&self, share: ShareId) -> Option<PathBuf> {
        (share == SHARE).then(|| self.share.clone())
    }

    fn scratch_root(&self, _: ShareId) -> PathBuf {
        self.scratch.clone()
    }

    fn read_blob(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        let blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        blobs.get(digest).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn keep_blob(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = digest(bytes);
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, bytes.to_vec());
        Ok(digest)
    }

    fn digest_of(&self, _: &FilePath, _: &Stamp) -> Option<Digest> {
        None
    }

    fn tell(&self, event: Event) {
        let _ = self.facts.lock().unwrap_or_else(PoisonError::into_inner).send(event);
    }
}

pub fn digest(bytes: &[u8]) -> Digest {
    Digest(*blake3::hash(bytes).as_bytes())
}

pub fn file(path: &str) -> FilePath {
    FilePath { share: SHARE, path: path.into() }
}

impl Bench {
    /// With a runner that is connected.
    pub fn new() -> Self {
        let mut bench = Self::without_daemon();
        bench.daemon_starts();
        bench.event("the runner is back", |event| matches!(event, Event::RunnerBack { .. }));
        bench
    }

    pub fn without_daemon() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for part in ["share/episodes/0900", "state"] {
            fs::create_dir_all(dir.path().join(part)).expect("makes");
        }
        let (told, facts) = channel();
        let room = Room {
            share: dir.path().join("share"),
            scratch: dir.path().join("state/scratch"),
            blobs: Mutex::default(),
            facts: Mutex::new(told),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        Self { dir, runtime, room: Arc::new(room), facts, attempts: None }
    }

    pub fn daemon_starts(&mut self) {
        let setup = Setup {
            state: self.state(),
            showd: PathBuf::from(env!("CARGO_BIN_EXE_showd")),
            grace_ms: 200,
            starts_runner: true,
        };
        let _inside = self.runtime.enter();
        self.attempts = Some(Attempts::open(setup, Arc::clone(&self.room) as Arc<dyn World>));
    }

    /// As if by SIGKILL: the connection breaks and nothing is said about it.
    pub fn daemon_dies(&mut self) {
        self.attempts = None;
        let fresh = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let old = std::mem::replace(&mut self.runtime, fresh.expect("a runtime"));
        old.shutdown_background();
        while self.facts.try_recv().is_ok() {}
    }

    /// As it should be.
    pub fn daemon_closes(&mut self) {
        let attempts = self.attempts.take().expect("a daemon is there");
        self.runtime.block_on(attempts.close());
    }

    /// Waits until this attempt is forgotten: a stop of what is not known is answered at once.
    pub fn until_forgotten(&self, job: u64) {
        let (job_id, attempt) = (JobId(job), AttemptNo(1));
        loop {
            self.attempts().stop(job_id, attempt, 0);
            let is_stopped = |event: &Event| matches!(event, Event::AttemptEnded { job: it, ended: Ended::Stopped, .. } if *it == job_id);
            match self.facts.recv_timeout(Duration::from_millis(20)) {
                Ok(event) if is_stopped(&event) => break,
                _ => {}
            }
        }
        while self.state().join("attempts").join(format!("{job}.1")).exists() || !self.spool_has_not(job) {
            std::thread::yield_now();
        }
    }

    fn spool_has_not(&self, job: u64) -> bool {
        ["started", "ended"].iter().all(|dir| !self.state().join("runner").join(dir).join(format!("{job}.1")).exists())
    }

    pub fn spool_is_empty(&self) -> bool {
        ["started", "ended"].iter().all(|dir| {
            let entries = fs::read_dir(self.state().join("runner").join(dir)).expect("the spool is there");
            entries.count() == 0
        })
    }

    pub fn attempts(&self) -> &Attempts {
        self.attempts.as_ref().expect("a daemon is there")
    }

    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub fn scratch(&self, job: u64) -> PathBuf {
        attempt::scratch_dir(&self.room.scratch, JobId(job), AttemptNo(1))
    }

    pub fn output(&self, job: u64, path: &str) -> PathBuf {
        attempt::output_file(&self.room.scratch, JobId(job), AttemptNo(1), &file(path))
    }

    pub fn blob(&self, digest: &Digest) -> Vec<u8> {
        self.room.read_blob(digest).expect("the blob is kept")
    }

    pub fn keep(&self, bytes: &[u8]) -> Digest {
        self.room.keep_blob(bytes).expect("keeps")
    }

    /// Writes a file of the share, and says how an order names it as an input.
    pub fn share_file(&self, role: &str, path: &str, bytes: &[u8]) -> OrderInput {
        let at = self.room.share.join(path);
        fs::create_dir_all(at.parent().expect("a parent")).expect("makes");
        fs::write(at, bytes).expect("writes");
        OrderInput::File { role: role.into(), file: file(path), digest: digest(bytes) }
    }

    pub fn text(&self, role: &str, path: &str, text: &str) -> OrderInput {
        let text = self.keep(text.as_bytes());
        OrderInput::Text { role: role.into(), file: file(path), base: text, text }
    }

    /// The next fact that fits; others are passed over.
    pub fn event(&self, what: &str, mut fits: impl FnMut(&Event) -> bool) -> Event {
        let until = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            match self.facts.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(event) if fits(&event) => return event,
                Ok(event) => seen.push(event),
                Err(RecvTimeoutError::Timeout) => panic!("waited for: {what}; saw {seen:#?}; {}", self.runner_log()),
                Err(RecvTimeoutError::Disconnected) => unreachable!("the room holds a sender"),
            }
        }
    }

    fn runner_log(&self) -> String {
        fs::read_to_string(self.state().join("runner/log")).unwrap_or_default()
    }

    pub fn started(&self, job: u64) {
        self.event("started", |event| matches!(event, Event::AttemptStarted { job: it, .. } if it.0 == job));
    }

    pub fn ended(&self, job: u64) -> Ended {
        let event = self.event("ended", |event| matches!(event, Event::AttemptEnded { job: it, .. } if it.0 == job));
        match event {
            Event::AttemptEnded { ended, .. } => ended,
            _ => unreachable!("it was asked for"),
        }
    }

    /// Waits until the program says this on its report pipe (`say` in scripts).
    pub fn says(&self, job: u64, wanted: &str) {
        self.event(wanted, |event| {
            matches!(event, Event::AttemptProgressed { job: it, message, .. } if it.0 == job && message == wanted)
        });
    }

    /// What an attempt has printed until now.
    pub fn printed_so_far(&self, job: u64) -> String {
        let path = attempt::log_path(&self.state(), JobId(job), AttemptNo(1));
        text(&log::read(&path, 0, None, 1 << 20).expect("the log reads").lines)
    }

    /// All that an attempt printed, line by line, with the stream before each.
    pub fn printed(&self, job: u64) -> String {
        let path = attempt::log_path(&self.state(), JobId(job), AttemptNo(1));
        let mut lines = Vec::new();
        let mut from = 0;
        loop {
            let piece = log::read(&path, from, None, 1 << 20).expect("the log reads");
            lines.extend(piece.lines);
            if piece.ended {
                return text(&lines);
            }
            assert!(piece.next > from, "the log has no end");
            from = piece.next;
        }
    }

    pub fn start(&self, order: Order) {
        self.attempts().start(Box::new(order));
    }

    /// Runs a shell script to its end.
    pub fn run(&self, job: u64, script: &str) -> Ended {
        self.start(shell(job, script));
        self.ended(job)
    }

    pub fn runner_pid(&self) -> i32 {
        let want = self.state();
        let mut found = fs::read_dir("/proc").expect("proc").filter_map(|entry| {
            let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let words: Vec<_> = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
            (words.iter().any(|word| word == "runner") && words.iter().any(|word| Path::new(&**word) == want))
                .then_some(pid)
        });
        found.next().unwrap_or_else(|| panic!("no runner; {}", self.runner_log()))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(attempts) = self.attempts.take() {
            self.runtime.block_on(attempts.close());
        }
    }
}

fn text(lines: &[log::Line]) -> String {
    let word = |stream| match stream {
        log::Stream::Out => "out",
        log::Stream::Err => "err",
        log::Stream::Note => "note",
    };
    let lines = lines.iter().map(|line| [word(line.stream), ": ", &line.text, "\n"].concat());
    lines.collect::<Vec<_>>().concat()
}

/// An order for a program of one attempt, without inputs.
pub fn program(job: u64, words: &[&str]) -> Order {
    let words = words.iter().map(ToString::to_string).collect();
    Order {
        job: JobId(job),
        attempt: AttemptNo(1),
        subject: Subject { pipeline: "tests".into(), share: SHARE, path: "episodes/0900/".into() },
        node: Node { step: "try".into(), element: "".into() },
        captures: [("episode".to_owned(), "0900".to_owned())].into(),
        element: None,
        work: Work::Program(words),
        inputs: Vec::new(),
        outputs: Vec::new(),
        settings: BTreeMap::new(),
        tools: BTreeMap::new(),
        ours: Vec::new(),
        may_edit: Vec::new(),
        parameters: BTreeMap::new(),
        timeout_ms: 60_000,
        network: false,
        reads: Vec::new(),
        pools: BTreeMap::new(),
        now: Time(1_700_000_000_000),
    }
}

/// A script for `sh`, which can `say` something on its report pipe.
pub fn shell(job: u64, script: &str) -> Order {
    let say = r#"say() { printf '{"message":"%s"}\n' "$1" >&3; }"#;
    program(job, &["sh", "-c", &format!("{say}\n{}", script.replace('{', "{{"))])
}

/// Waits until a process is no more.
pub fn gone(pid: i32) {
    let Ok(handle) = pidfd_open(rustix::process::Pid::from_raw(pid).expect("a pid"), PidfdFlags::empty()) else {
        return;
    };
    let mut fds = [PollFd::new(handle.as_fd(), PollFlags::POLLIN)];
    let ready = poll(&mut fds, u16::try_from(PATIENCE.as_millis()).expect("a minute fits"));
    assert_eq!(ready, Ok(1), "process {pid} lives on");
}

/// Kills without a word.
pub fn kill(pid: i32) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).expect("kills");
}

#[track_caller]
pub fn finished(ended: Ended) -> Finished {
    match ended {
        Ended::Succeeded(finished) => finished,
        ended => panic!("it did not succeed: {ended:?}"),
    }
}

#[track_caller]
pub fn why(ended: Ended) -> String {
    match ended {
        Ended::Failed { why, .. } | Ended::Unfit { why } | Ended::NotStarted { why } | Ended::Overtaken { why } => why,
        ended => panic!("it has no reason: {ended:?}"),
    }
}
