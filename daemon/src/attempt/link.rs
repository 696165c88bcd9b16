//! The connection to the runner: found or started, lost and found again.

use super::desk::{Desk, Reconciled};
use crate::runner::{self, wire};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot};
use tokio_util::codec::{Framed, LengthDelimitedCodec};
use tracing::{debug, info, warn};
use wire::{Exit, FRAME_BYTES_MAX, FromRunner, ToRunner};

/// A runner that does not answer is tried again after this long.
const RETRY: Duration = Duration::from_millis(500);
/// It has nothing to do before it listens, except to kill what an earlier one left.
const READY_WAIT: Duration = Duration::from_secs(15);
/// Its own words; a few lines a day.
const LOG_BYTES_MAX: u64 = 1 << 20;

/// What the link is told to do.
pub enum Say {
    Pass(ToRunner),
    /// Let go of the runner, and answer.
    Close(oneshot::Sender<()>),
}

pub struct Link {
    desk: Arc<Desk>,
    said: mpsc::UnboundedReceiver<Say>,
}

type Frames = Framed<UnixStream, LengthDelimitedCodec>;

/// Why serving ended.
enum Parted {
    Closed(Option<oneshot::Sender<()>>),
    Lost(io::Error),
}

impl Link {
    pub fn new(desk: Arc<Desk>, said: mpsc::UnboundedReceiver<Say>) -> Self {
        Self { desk, said }
    }

    /// Until it is closed, or everybody who could say anything is gone.
    pub async fn run(mut self) {
        let mut is_said = false;
        loop {
            let frames = match self.connect().await {
                Ok(frames) => frames,
                Err(cause) => {
                    // Once, and not with every try.
                    if !std::mem::replace(&mut is_said, true) {
                        warn!(%cause, "no runner; nothing starts until there is one");
                    }
                    if self.is_closed_while_waiting().await {
                        return;
                    }
                    continue;
                }
            };
            is_said = false;
            let parted = self.serve(frames).await;
            self.desk.runner_gone();
            match parted {
                Parted::Closed(done) => {
                    done.map(|done| done.send(()));
                    return;
                }
                Parted::Lost(cause) => warn!(%cause, "lost the runner; looking for it again"),
            }
        }
    }

    /// What is said while there is no runner need not be kept: the next one says what it has, and what it should have,
    /// or end, stands on the desk.
    async fn is_closed_while_waiting(&mut self) -> bool {
        let retry = tokio::time::sleep(RETRY);
        tokio::pin!(retry);
        loop {
            tokio::select! {
                () = &mut retry => return false,
                say = self.said.recv() => match say {
                    None => return true,
                    Some(Say::Pass(_)) => {}
                    Some(Say::Close(done)) => {
                        let _ = done.send(());
                        return true;
                    }
                },
            }
        }
    }

    async fn connect(&self) -> io::Result<Frames> {
        let setup = &self.desk.setup;
        let dir = wire::dir(&setup.state);
        let stream = match dial(&dir).await {
            Ok(stream) => stream,
            Err(cause) if !setup.starts_runner => return Err(cause),
            Err(_) => {
                start_runner(&setup.showd, &setup.state).await?;
                dial(&dir).await?
            }
        };
        let codec = LengthDelimitedCodec::builder().max_frame_length(FRAME_BYTES_MAX as usize).new_codec();
        Ok(Framed::new(stream, codec))
    }

    async fn serve(&mut self, mut frames: Frames) -> Parted {
        loop {
            let end = tokio::select! {
                frame = frames.next() => match frame {
                    Some(Ok(frame)) => self.hear(&mut frames, &frame).await,
                    Some(Err(cause)) => Err(cause),
                    None => Err(io::ErrorKind::UnexpectedEof.into()),
                },
                say = self.said.recv() => match say {
                    Some(Say::Pass(message)) => send(&mut frames, &message).await,
                    Some(Say::Close(done)) => {
                        let _ = send(&mut frames, &ToRunner::Retire).await;
                        return Parted::Closed(Some(done));
                    }
                    None => return Parted::Closed(None),
                },
            };
            if let Err(cause) = end {
                return Parted::Lost(cause);
            }
        }
    }

    async fn hear(&self, frames: &mut Frames, frame: &[u8]) -> io::Result<()> {
        let message = match serde_json::from_slice(frame) {
            Ok(message) => message,
            Err(cause) => {
                debug!(%cause, "the runner said something we do not know");
                return Ok(());
            }
        };
        match message {
            FromRunner::Welcome { pid, walls, live, ended } => {
                info!(runner_pid = pid, live = live.len(), ended = ended.len(), "the runner is there");
                for sentence in &walls.missing {
                    warn!("{sentence}");
                }
                let desk = Arc::clone(&self.desk);
                let met = tokio::task::spawn_blocking(move || desk.reconcile(walls.missing, &live, &ended));
                let Reconciled { pass, exits } = met.await.map_err(io::Error::other)?;
                for message in pass {
                    send(frames, &message).await?;
                }
                for exit in exits {
                    self.finish(exit);
                }
            }
            FromRunner::Started { key } => self.desk.started(key),
            FromRunner::Progress { key, percent, message } => self.desk.progressed(key, percent, message),
            FromRunner::Ended(exit) => self.finish(exit),
        }
        Ok(())
    }

    fn finish(&self, exit: Exit) {
        if self.desk.is_to_finish(exit.key) {
            let desk = Arc::clone(&self.desk);
            tokio::task::spawn_blocking(move || desk.finish(&exit));
        }
    }
}

async fn send(frames: &mut Frames, message: &ToRunner) -> io::Result<()> {
    frames.send(Bytes::from(serde_json::to_vec(message)?)).await
}

/// The name of a socket may be 107 bytes long, a directory longer; so it is named through the open directory.
async fn dial(dir: &Path) -> io::Result<UnixStream> {
    let opened = std::fs::File::open(dir)?;
    let path = format!("/proc/self/fd/{}/{}", opened.as_raw_fd(), wire::SOCKET);
    UnixStream::connect(path).await
}

/// Starts a runner that will outlive us, and waits until it listens.
async fn start_runner(showd: &Path, state: &Path) -> io::Result<()> {
    let dir = wire::dir(state);
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    let mut log = OpenOptions::new();
    log.create(true).append(true).mode(0o600);
    let path = dir.join("log");
    let words = log.open(&path)?;
    if words.metadata()?.len() > LOG_BYTES_MAX {
        words.set_len(0)?;
    }
    let mut runner = Command::new(showd)
        .arg("runner")
        .arg("--state")
        .arg(state)
        // Ours says where systemd listens to us, among other things that are none of its business.
        .env_clear()
        .env("PATH", super::PATH)
        .env("LANG", "C.UTF-8")
        // Signals to our terminal's group are for us. A session of its own would cost us: the scheduler then weighs all
        // that runs in it as one, against us.
        .process_group(0)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(words)
        .spawn()?;
    let mut said = BufReader::new(runner.stdout.take().expect("it was piped")).lines();
    let ready = tokio::time::timeout(READY_WAIT, said.next_line()).await;
    // It is our child as long as we live, and must be buried when it ends.
    tokio::spawn(async move {
        match runner.wait().await {
            Ok(status) if status.success() => debug!("the runner has ended"),
            Ok(status) => debug!(%status, "the runner has ended"),
            Err(cause) => debug!(%cause, "the runner cannot be waited for"),
        }
    });
    match ready {
        Ok(Ok(Some(line))) if line == runner::READY => Ok(()),
        Ok(Ok(_)) => Err(io::Error::other(format!("the runner did not start; see {}", path.display()))),
        Ok(Err(cause)) => Err(cause),
        Err(_) => Err(io::Error::other(format!("the runner does not get ready; see {}", path.display()))),
    }
}
