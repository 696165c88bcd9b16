//! `showctl lock PATH -- COMMAND`: a command that runs while nobody else touches a path.
//!
//! The lock is a row in the daemon with an end; it is renewed from here at a third of its time, over a new connection
//! where the daemon was restarted. When it is lost all the same, the command is not killed in the middle of its work:
//! it is said, and the fencing token tells whoever checks it.

use super::wait::again;
use super::{Outcome, Session};
use crate::client::Client;
use crate::complaint::{Complaint, Exit};
use show_protocol::{LockView, RefusalKind, Reply, ask};
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep};

/// How often somebody else's lock is looked at again.
const AGAIN: Duration = Duration::from_millis(500);

/// Takes the lock, runs the command, gives the lock back.
pub async fn lock(session: &Session<'_>, ask: ask::Take, patience: Option<Duration>, words: &[OsString]) -> Outcome {
    let mut client = session.connect().await?;
    let lock = take(session, &mut client, &ask, patience).await?;
    let mut forward = Forward::new().map_err(|cause| not_started(words, &cause))?;
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("SHOWD_LOCK_TOKEN", format!("{}.{}", lock.token_epoch, lock.token));
    let outcome = match command.spawn() {
        Ok(child) => Ok(attend(session, &mut client, &lock, child, &mut forward).await),
        Err(cause) => Err(cause),
    };
    if let Some(lock) = lock.lock
        && let Err(complaint) = client.ask(ask::GiveBack { lock }).await
        && outcome.is_err()
    {
        session.terminal.note(&format!("note: {}", complaint.text));
    }
    match outcome {
        Ok(status) => Ok(code(status)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            let _ = session.terminal.complain(&not_started(words, &cause));
            Ok(ExitCode::from(127))
        }
        Err(cause) => {
            let _ = session.terminal.complain(&not_started(words, &cause));
            Ok(ExitCode::from(126))
        }
    }
}

fn not_started(words: &[OsString], cause: &std::io::Error) -> Complaint {
    Complaint::new(Exit::Failed, format!("could not start {}", words[0].display())).because(cause.to_string())
}

/// Asks until the lock is ours, or patience ends. Only `not_now` is worth asking again.
async fn take(
    session: &Session<'_>,
    client: &mut Client,
    ask: &ask::Take,
    patience: Option<Duration>,
) -> Result<LockView, Complaint> {
    let until = patience.map(|patience| Instant::now() + patience);
    let mut told = false;
    loop {
        let id = client.begin(ask.clone()).await?;
        let body = loop {
            let reply = client.next().await?;
            if reply.id == id && !matches!(reply.body, Reply::Push(_)) {
                break reply.body;
            }
        };
        match body {
            Reply::Refused(refusal) if refusal.kind == RefusalKind::NotNow => {
                if until.is_some_and(|until| Instant::now() + AGAIN > until) {
                    let timed_out = patience.is_some_and(|patience| !patience.is_zero());
                    let complaint = Complaint::from(refusal);
                    return Err(if timed_out { Complaint { exit: Exit::TimedOut, ..complaint } } else { complaint });
                }
                if !std::mem::replace(&mut told, true) {
                    session.terminal.note(&format!("waiting: {}", refusal.text));
                }
                sleep(AGAIN).await;
            }
            body => return client.view::<ask::Take>(body),
        }
    }
}

/// Until the command ends: renews, and passes signals on.
async fn attend(
    session: &Session<'_>,
    client: &mut Client,
    lock: &LockView,
    mut child: Child,
    forward: &mut Forward,
) -> ExitStatus {
    let mut until = lock.until_at_ms;
    let mut lost = false;
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).map(nix::unistd::Pid::from_raw);
    loop {
        let left = until.map(|until| until - session.terminal.look().now_ms);
        let renew_in = left.map_or(Duration::from_hours(1), |left| Duration::from_millis((left / 3).max(100) as u64));
        tokio::select! {
            status = child.wait() => return status.expect("our own child can be waited for"),
            signal = forward.next() => {
                if let Some(pid) = pid {
                    let _ = nix::sys::signal::kill(pid, signal);
                }
            }
            () = sleep(renew_in), if !lost => {
                let Some(number) = lock.lock else { continue };
                match client.ask(ask::Renew { lock: number }).await {
                    Ok(renewed) => until = renewed.until_at_ms,
                    Err(complaint) if complaint.exit == Exit::Unreachable => {
                        tokio::select! {
                            status = child.wait() => return status.expect("our own child can be waited for"),
                            found = again(session, None) => match found {
                                Some(found) => *client = found,
                                None => lost = true,
                            },
                        }
                    }
                    Err(_) => lost = true,
                }
                if lost {
                    session.terminal.note(&format!("showctl: the lock on {} is lost; the command goes on without it", lock.file));
                }
            }
        }
    }
}

fn code(status: ExitStatus) -> ExitCode {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Signals that are the command's business and not ours. What a terminal sends (Ctrl-C) reaches the command by itself,
/// as it is in our process group; what `kill` sends to us alone is passed on.
struct Forward {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    quit: Signal,
    user1: Signal,
    user2: Signal,
    has_terminal: bool,
}

impl Forward {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
            has_terminal: std::io::stdin().is_terminal(),
        })
    }

    async fn next(&mut self) -> nix::sys::signal::Signal {
        use nix::sys::signal::Signal as S;
        loop {
            let (signal, by_terminal) = tokio::select! {
                _ = self.terminate.recv() => (S::SIGTERM, false),
                _ = self.hang_up.recv() => (S::SIGHUP, true),
                _ = self.interrupt.recv() => (S::SIGINT, true),
                _ = self.quit.recv() => (S::SIGQUIT, true),
                _ = self.user1.recv() => (S::SIGUSR1, false),
                _ = self.user2.recv() => (S::SIGUSR2, false),
            };
            if !(by_terminal && self.has_terminal) {
                return signal;
            }
        }
    }
}
