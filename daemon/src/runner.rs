//! `showd runner`: the small process that starts, confines, logs and reaps every step, and outlives the daemon.
//!
//! One plain single-threaded process with a poll loop. It knows programs, directories and limits, and nothing of shows.
//! The daemon orders over a Unix socket in the runner's directory ([`wire`]); what attempts print goes into files that
//! anybody may read ([`log`]); how they ended is spooled until the daemon has acknowledged it. Read [`wire`] first,
//! then [`Runner::turn`].

mod capture;
mod child;
mod connection;
mod family;
pub mod log;
mod process;
mod report;
mod spool;
mod sys;
mod walls;
pub mod wire;

use child::{Child, PipeName};
use connection::Connection;
use family::Family;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::geteuid;
use report::Report;
use spool::{Spool, Started};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wire::{End, Exit, FromRunner, Key, Start, ToRunner, Walls};

/// How long a runner without a daemon and without work stays, in case the daemon is only being upgraded.
const LINGER_MS: u64 = 60_000;
/// What it says on standard output once it listens.
pub const READY: &str = "ready";

const USAGE: &str = "usage: showd runner --state DIR [--linger-ms N | --stay]";

/// Runs `showd runner` until nobody needs it any more.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Some((state, linger)) = parse(args) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let dir = wire::dir(&state);
    match std::path::absolute(&dir).and_then(|dir| Runner::open(&dir, linger)).and_then(Runner::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("showd runner: {}: {cause}", dir.display());
            ExitCode::FAILURE
        }
    }
}

fn parse(args: impl IntoIterator<Item = OsString>) -> Option<(PathBuf, Option<Duration>)> {
    let mut state = None;
    let mut linger = Some(Duration::from_millis(LINGER_MS));
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.to_str()? {
            "--state" => state = Some(PathBuf::from(args.next()?)),
            "--linger-ms" => linger = Some(Duration::from_millis(args.next()?.to_str()?.parse().ok()?)),
            "--stay" => linger = None,
            _ => return None,
        }
    }
    Some((state?, linger))
}

struct Runner {
    socket: PathBuf,
    listener: UnixListener,
    signals: SignalFd,
    spool: Spool,
    family: Family,
    daemon: Option<Connection>,
    /// Since when nobody is connected.
    alone: Option<Instant>,
    /// `None`: it stays until a signal ends it, for it is a unit of its own.
    linger: Option<Duration>,
    is_retiring: bool,
    /// Told to end by a signal.
    is_ending: bool,
    lacks: Vec<String>,
    boot_id: String,
    /// For reading pipes.
    buffer: Vec<u8>,
    /// Keeps descriptor 3 taken, so that no child has anything else of ours where its report pipe goes.
    _place: File,
    /// Nobody else runs in this directory while it is held.
    _lock: File,
}

impl Runner {
    /// Claims the directory, ends what an earlier runner left, and listens.
    fn open(dir: &std::path::Path, linger: Option<Duration>) -> io::Result<Self> {
        let place = File::open("/dev/null")?;
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(dir.join("lock"))?;
        lock.try_lock().map_err(|_| io::Error::other("another runner is at work here"))?;

        // What loses its parent below us becomes our child, so that nothing a step started outlives it unseen.
        prctl::set_child_subreaper(true)?;
        let mut mask = SigSet::empty();
        for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            mask.add(signal);
        }
        mask.thread_block()?;
        let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;

        let (mut spool, lost) = Spool::open(dir)?;
        for started in lost {
            process::kill_leftovers(&started);
            let mut log = log::Writer::take_up(&started.log);
            log.add(log::Stream::Note, utc_ms(), b"its runner was killed, and so was what was left of it");
            log.end(utc_ms());
            spool.note_ended(&Exit { key: started.key, end: End::Lost, last_words: String::new() }, Instant::now());
        }

        // The name of a socket may be 107 bytes long, a directory longer; so it is named from here.
        std::env::set_current_dir(dir)?;
        let socket = PathBuf::from(wire::SOCKET);
        match fs::remove_file(&socket) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
        let listener = UnixListener::bind(&socket)?;
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;

        // Whoever started us waits for this line, and may not wait any more.
        let _ = writeln!(io::stdout(), "{READY}").and_then(|()| io::stdout().flush());
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        Ok(Self {
            socket,
            listener,
            signals,
            spool,
            family: Family::default(),
            daemon: None,
            alone: Some(Instant::now()),
            linger,
            is_retiring: false,
            is_ending: false,
            lacks: walls::missing(),
            boot_id: process::boot_id(),
            buffer: vec![0; log::RECORD_BYTES_MAX],
            _place: place,
            _lock: lock,
        })
    }

    fn run(mut self) -> io::Result<()> {
        while !self.is_done() {
            self.turn()?;
        }
        self.spool.close();
        // Before the lock goes, so that nobody finds a socket that no runner is behind.
        fs::remove_file(&self.socket)
    }

    fn is_done(&self) -> bool {
        if !self.family.is_empty() {
            return false;
        }
        let is_left = |linger| self.alone.is_some_and(|since| self.is_retiring || since.elapsed() >= linger);
        self.is_ending || self.linger.is_some_and(is_left)
    }

    /// Waits until something happens and deals with all of it.
    fn turn(&mut self) -> io::Result<()> {
        let ready = self.wait()?;
        for what in ready {
            match what {
                Ready::Signal => self.hear_signals()?,
                Ready::Listener => self.accept(),
                Ready::Daemon => self.listen(),
                Ready::Pipe(key, name) => {
                    if let Some(child) = self.family.get(key) {
                        child.read(name, &mut self.buffer, Instant::now(), utc_ms());
                    }
                }
            }
        }
        self.tick();
        if let Some(daemon) = &mut self.daemon
            && let Err(cause) = daemon.flush()
        {
            self.lose_daemon(&cause);
        }
        Ok(())
    }

    fn wait(&self) -> io::Result<Vec<Ready>> {
        let readable = PollFlags::POLLIN;
        let mut what = vec![Ready::Signal, Ready::Listener];
        let mut fds = vec![PollFd::new(self.signals.as_fd(), readable), PollFd::new(self.listener.as_fd(), readable)];
        if let Some(daemon) = &self.daemon {
            let writable = if daemon.has_output() { PollFlags::POLLOUT } else { PollFlags::empty() };
            what.push(Ready::Daemon);
            fds.push(PollFd::new(daemon.fd(), readable | writable));
        }
        for (key, name, fd) in self.family.pipes() {
            what.push(Ready::Pipe(key, name));
            fds.push(PollFd::new(fd, readable));
        }
        let timeout = match self.due() {
            None => PollTimeout::NONE,
            // Rounded up: waking a moment early would spin until the moment has passed.
            Some(due) => {
                let wait_ms = due.saturating_duration_since(Instant::now()).as_micros().div_ceil(1_000);
                PollTimeout::try_from(wait_ms).unwrap_or(PollTimeout::MAX)
            }
        };
        match poll(&mut fds, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(cause) => return Err(cause.into()),
        }
        let is_ready = |fd: &PollFd<'_>| fd.revents().is_some_and(|flags| !flags.is_empty());
        Ok(what.into_iter().zip(&fds).filter(|(_, fd)| is_ready(fd)).map(|(what, _)| what).collect())
    }

    fn due(&self) -> Option<Instant> {
        let leaving = if self.family.is_empty() { self.alone.zip(self.linger) } else { None };
        let leaving = leaving.map(|(since, linger)| since + linger);
        [self.family.due(Instant::now()), self.spool.due(), leaving].into_iter().flatten().min()
    }

    fn tick(&mut self) {
        let (now, at_ms) = (Instant::now(), utc_ms());
        self.spool.sync(now);
        if self.family.due(now).is_none_or(|due| due > now) {
            return;
        }
        for (key, Report { percent, message }) in self.family.tick(now, at_ms) {
            if self.daemon.as_ref().is_some_and(|daemon| !daemon.is_crowded()) {
                self.tell(&FromRunner::Progress { key, percent, message });
            }
        }
        self.reap();
    }

    fn hear_signals(&mut self) -> io::Result<()> {
        while let Some(info) = self.signals.read_signal()? {
            // A closed terminal is none of our business.
            if matches!(Signal::try_from(info.ssi_signo as i32), Ok(Signal::SIGTERM | Signal::SIGINT)) {
                self.is_ending = true;
                self.family.abandon(Instant::now());
            }
        }
        self.reap();
        Ok(())
    }

    fn reap(&mut self) {
        let now = Instant::now();
        for exit in self.family.reap(now, utc_ms()) {
            self.spool.note_ended(&exit, now);
            self.tell(&FromRunner::Ended(exit));
        }
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            if !is_daemon(&stream) {
                eprintln!("refused a connection that was not the daemon's");
                continue;
            }
            let Ok(mut daemon) = Connection::new(stream) else { continue };
            daemon.send(&FromRunner::Welcome {
                pid: std::process::id(),
                walls: Walls { missing: self.lacks.clone() },
                live: self.family.keys().collect(),
                ended: self.spool.unacknowledged().cloned().collect(),
            });
            // The newest wins: an older one is of a daemon that has died and does not know it.
            self.daemon = Some(daemon);
            self.alone = None;
            self.is_retiring = false;
        }
    }

    fn listen(&mut self) {
        let Some(daemon) = &mut self.daemon else { return };
        let (messages, end) = daemon.receive();
        for message in messages {
            self.obey(message);
        }
        if let Err(cause) = end {
            self.lose_daemon(&cause);
        }
    }

    fn lose_daemon(&mut self, cause: &io::Error) {
        if cause.kind() != io::ErrorKind::UnexpectedEof {
            eprintln!("lost the daemon: {cause}");
        }
        self.daemon = None;
        self.alone = Some(Instant::now());
    }

    fn obey(&mut self, message: ToRunner) {
        match message {
            ToRunner::Start(start) => self.start(&start),
            ToRunner::Stop { key, grace_ms } => {
                if let Some(child) = self.family.get(key) {
                    child.stop(Instant::now(), Duration::from_millis(grace_ms));
                }
            }
            ToRunner::Forget { key } => self.spool.forget(key),
            ToRunner::Retire => self.is_retiring = true,
        }
    }

    fn start(&mut self, start: &Start) {
        let key = start.key;
        if self.is_ending {
            // Not for us any more: the daemon orders it again of the next runner.
            return;
        }
        if self.family.has(key) {
            return self.tell(&FromRunner::Started { key });
        }
        if let Some(exit) = self.spool.end_of(key) {
            let again = FromRunner::Ended(exit.clone());
            return self.tell(&again);
        }
        match Child::start(start, &self.lacks, Instant::now(), utc_ms()) {
            Ok(child) => {
                self.note_started(start, &child);
                self.family.add(child);
                self.tell(&FromRunner::Started { key });
            }
            Err(why) => {
                let exit = Exit { key, end: End::NotStarted { why }, last_words: String::new() };
                self.spool.note_ended(&exit, Instant::now());
                self.tell(&FromRunner::Ended(exit));
            }
        }
    }

    fn note_started(&self, start: &Start, child: &Child) {
        let pid = child.pid.as_raw();
        // Unreaped, so it is there.
        let stat = process::Stat::of(pid);
        let noted = self.spool.note_started(&Started {
            key: start.key,
            pid,
            session: stat.map_or(0, |stat| stat.session),
            start_ticks: stat.map_or(0, |stat| stat.start_ticks),
            boot_id: self.boot_id.clone(),
            scratch: start.scratch.clone(),
            log: start.log.clone(),
        });
        if let Err(cause) = noted {
            // It matters only if the runner is killed too; then the attempt is reported lost all the same.
            eprintln!("could not note the start of attempt {}: {cause}", start.key);
        }
    }

    fn tell(&mut self, message: &FromRunner) {
        if let Some(daemon) = &mut self.daemon {
            daemon.send(message);
        }
    }
}

/// Something that can be read without waiting.
enum Ready {
    Signal,
    Listener,
    Daemon,
    Pipe(Key, PipeName),
}

/// True for our own account, except for what runs below us: a step that finds the socket is no daemon.
fn is_daemon(stream: &UnixStream) -> bool {
    getsockopt(stream, sockopt::PeerCredentials)
        .is_ok_and(|peer| peer.uid() == geteuid().as_raw() && !process::descends(peer.pid(), std::process::id() as i32))
}

/// Milliseconds UTC, for the times of log lines.
#[expect(clippy::disallowed_methods, reason = "the runner is a process of its own, and this is its clock")]
fn utc_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
