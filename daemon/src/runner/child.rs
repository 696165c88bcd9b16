//! One running attempt: its process group, its pipes, its deadlines.

use super::capture::{Capture, Pipe};
use super::log::{RECORD_BYTES_MAX, Stream, Writer};
use super::report::{Report, Reports};
use super::sys::{self, Entry, REPORT_FD};
use super::walls;
use super::wire::{End, Exit, Key, MARK, Start};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::WaitStatus;
use nix::unistd::{Pid, getpid};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A pipe holds at most this much after its writers are dead (the kernel's `pipe-max-size`).
const DRAIN_BYTES_MAX: usize = 1 << 20;

/// An attempt whose leader has not been reaped, so that its group is ours to signal.
#[derive(Debug)]
pub struct Child {
    pub key: Key,
    pub pid: Pid,
    scratch: PathBuf,
    out: Option<Pipe>,
    err: Option<Pipe>,
    report: Option<Pipe>,
    out_capture: Capture,
    err_capture: Capture,
    reports: Reports,
    log: Writer,
    grace: Duration,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// `until`: its time is over.
    Running { until: Option<Instant> },
    /// Told to end: by `then` it is made to. `None`: it has been.
    Ending { end: End, then: Option<Instant> },
}

/// Which of the pipes of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipeName {
    Out,
    Err,
    Report,
}

impl Child {
    /// Starts the program within its walls.
    ///
    /// # Errors
    /// In words for people: it is not there, not executable, or the system refused.
    pub fn start(start: &Start, lacks: &[String], now: Instant, at_ms: i64) -> Result<Self, String> {
        let mut log = Writer::create(&start.log);
        for lack in lacks {
            log.add(Stream::Note, at_ms, lack.as_bytes());
        }
        match Self::spawn(start, log, now) {
            Ok(child) => Ok(child),
            Err((why, mut log)) => {
                log.add(Stream::Note, at_ms, why.as_bytes());
                log.end(at_ms);
                Err(why)
            }
        }
    }

    fn spawn(start: &Start, log: Writer, now: Instant) -> Result<Self, (String, Writer)> {
        let (pid, [out, err, report]) = match spawn(start) {
            Ok(spawned) => spawned,
            Err(why) => return Err((why, log)),
        };
        let timeout = (start.timeout_ms > 0).then(|| Duration::from_millis(start.timeout_ms));
        Ok(Self {
            key: start.key,
            pid,
            scratch: start.scratch.clone(),
            out: Some(out),
            err: Some(err),
            report: Some(report),
            out_capture: Capture::new(Stream::Out),
            err_capture: Capture::new(Stream::Err),
            reports: Reports::default(),
            log,
            grace: Duration::from_millis(start.grace_ms),
            phase: Phase::Running { until: timeout.and_then(|timeout| now.checked_add(timeout)) },
        })
    }

    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    pub fn pipes(&self) -> impl Iterator<Item = (PipeName, BorrowedFd<'_>)> {
        [(PipeName::Out, &self.out), (PipeName::Err, &self.err), (PipeName::Report, &self.report)]
            .into_iter()
            .filter_map(|(name, pipe)| Some((name, pipe.as_ref()?.fd())))
    }

    /// Takes what has come through a pipe; `buffer` is anybody's.
    pub fn read(&mut self, name: PipeName, buffer: &mut [u8], now: Instant, at_ms: i64) {
        let log = &mut self.log;
        let (pipe, is_open) = match name {
            PipeName::Out => read(&mut self.out, buffer, |bytes| self.out_capture.add(bytes, log, now, at_ms)),
            PipeName::Err => read(&mut self.err, buffer, |bytes| self.err_capture.add(bytes, log, now, at_ms)),
            PipeName::Report => read(&mut self.report, buffer, |bytes| self.reports.add(bytes)),
        };
        if !is_open {
            *pipe = None;
        }
    }

    /// When [`Self::tick`] has something to do.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let phase = match &self.phase {
            Phase::Running { until } => *until,
            Phase::Ending { then, .. } => *then,
        };
        [phase, self.out_capture.due(), self.err_capture.due(), self.reports.due(now)].into_iter().flatten().min()
    }

    /// What time brings: a line shown before its end, a report, the end of patience.
    pub fn tick(&mut self, now: Instant, at_ms: i64) -> Option<Report> {
        for capture in [&mut self.out_capture, &mut self.err_capture] {
            if capture.due().is_some_and(|due| due <= now) {
                capture.flush(&mut self.log, at_ms);
            }
        }
        match self.phase {
            Phase::Running { until: Some(until) } if until <= now => {
                self.log.add(Stream::Note, at_ms, b"its time is over");
                let grace = self.grace;
                self.end_by(End::TimedOut, now, grace);
            }
            Phase::Ending { then: Some(then), .. } if then <= now => {
                self.log.add(Stream::Note, at_ms, b"it did not end when told to, and is killed");
                self.kill();
            }
            _ => {}
        }
        self.reports.take(now)
    }

    /// Because the daemon says so.
    pub fn stop(&mut self, now: Instant, grace: Duration) {
        if matches!(self.phase, Phase::Running { .. }) {
            self.end_by(End::Stopped, now, grace);
        }
    }

    /// Because the runner is told to end.
    pub fn abandon(&mut self, now: Instant) {
        let grace = self.grace;
        self.end_by(End::Lost, now, grace);
    }

    fn end_by(&mut self, end: End, now: Instant, grace: Duration) {
        self.signal(Signal::SIGTERM);
        // A group that was stopped hears nothing else.
        self.signal(Signal::SIGCONT);
        self.phase = Phase::Ending { end, then: now.checked_add(grace) };
    }

    fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        if let Phase::Ending { then, .. } = &mut self.phase {
            *then = None;
        }
    }

    fn signal(&self, signal: Signal) {
        let _ = killpg(self.pid, signal);
    }

    /// The leader has ended and not been reaped: ends what it left in its group.
    pub fn end_group(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Takes what is left in the pipes, without waiting for whoever else may hold them, and closes the log.
    pub fn finish(mut self, status: WaitStatus, now: Instant, at_ms: i64) -> Exit {
        let mut left = DRAIN_BYTES_MAX;
        let mut buffer = vec![0; RECORD_BYTES_MAX];
        for name in [PipeName::Out, PipeName::Err] {
            loop {
                let before = left;
                let (log, left) = (&mut self.log, &mut left);
                let (pipe, capture) = match name {
                    PipeName::Out => (&mut self.out, &mut self.out_capture),
                    _ => (&mut self.err, &mut self.err_capture),
                };
                let (_, is_open) = read(pipe, &mut buffer, |bytes| {
                    *left = left.saturating_sub(bytes.len());
                    capture.add(bytes, log, now, at_ms);
                });
                if !is_open || *left == before || *left == 0 {
                    break;
                }
            }
        }
        self.out_capture.flush(&mut self.log, at_ms);
        self.err_capture.flush(&mut self.log, at_ms);
        self.log.end(at_ms);
        let end = match (self.phase, status) {
            (Phase::Ending { end, .. }, _) => end,
            (_, WaitStatus::Exited(_, code)) => End::Exited { code },
            (_, WaitStatus::Signaled(_, signal, _)) => End::Signaled { signal: signal as i32 },
            (_, _) => End::Lost,
        };
        Exit { key: self.key, end, last_words: self.err_capture.last_words() }
    }
}

fn read<'a>(pipe: &'a mut Option<Pipe>, buffer: &mut [u8], take: impl FnMut(&[u8])) -> (&'a mut Option<Pipe>, bool) {
    let is_open = pipe.as_mut().is_some_and(|pipe| pipe.read(buffer, take));
    (pipe, is_open)
}

/// One fork and exec: the leader's number, and our ends of its standard output, standard error and report pipe.
fn spawn(start: &Start) -> Result<(Pid, [Pipe; 3]), String> {
    let [name, arguments @ ..] = start.program.as_slice() else { return Err("there is no program to run".into()) };
    let system = |cause: io::Error| format!("the system refused: {cause}");
    let (out, out_there) = io::pipe().map_err(system)?;
    let (err, err_there) = io::pipe().map_err(system)?;
    let (report, report_there) = io::pipe().map_err(system)?;
    let pipes = [out, err, report].map(Pipe::new);
    let [Ok(out), Ok(err), Ok(report)] = pipes else { return Err("the system refused a pipe".into()) };

    let walls = walls::files(start).map_err(|cause| format!("its walls could not be built: {cause}"))?;
    let filter = if start.network || !sys::has_seccomp() {
        None
    } else {
        Some(walls::no_network().map_err(|cause| format!("its walls could not be built: {cause}"))?)
    };
    let mut command = Command::new(name);
    command
        .args(arguments)
        .env_clear()
        .envs(&start.env)
        .env(MARK, &start.scratch)
        .env("SHOW_REPORT_FD", REPORT_FD.to_string())
        .current_dir(&start.scratch)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(out_there)
        .stderr(err_there);
    sys::enter_before_exec(&mut command, Entry { parent: getpid(), report: report_there.into(), walls, filter });
    match command.spawn() {
        Ok(child) => Ok((Pid::from_raw(child.id() as i32), [out, err, report])),
        Err(cause) => Err(why_not(&cause, name, &start.scratch)),
    }
}

/// Exec says little; most of the time it is one of a few things.
fn why_not(cause: &io::Error, name: &str, scratch: &Path) -> String {
    match cause.kind() {
        io::ErrorKind::NotFound if !scratch.is_dir() => format!("its scratch {} is not there", scratch.display()),
        io::ErrorKind::NotFound => {
            format!("the program {name} was not found, or the interpreter that its first line names")
        }
        io::ErrorKind::PermissionDenied => {
            format!("the program {name} may not be executed: see its mode, and whether \"reads\" names where it lies")
        }
        _ => format!("the program {name} could not be started: {cause}"),
    }
}
