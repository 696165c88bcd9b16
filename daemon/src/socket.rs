//! The Unix socket: frames, hello, sessions. Everything a client can do wrong ends in its own session.
//!
//! One listener, one [`session`] per client. What clients ask goes to the driver; nothing here waits for a client
//! except the session it belongs to. A socket file left over from a crash is removed under a lock beside it.

mod session;
mod subscription;

use crate::blob::Archive;
use crate::feed::Feed;
use crate::inbox::Inbox;
use crate::view::World;
use show_core::{ClientId, Peer};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

/// What every session needs.
#[derive(Clone)]
pub struct Needs {
    pub inbox: Inbox,
    pub feed: Feed,
    pub archive: Archive,
    pub world: Arc<World>,
}

/// The socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("another showd is listening at {path}")]
    Taken { path: PathBuf },
    #[error("{path} is there and is no socket")]
    NotASocket { path: PathBuf },
    #[error("could not {what} the socket at {path}")]
    Io {
        path: PathBuf,
        what: &'static str,
        #[source]
        cause: io::Error,
    },
}

impl SocketError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "only one showd may use a socket; name another with --socket",
            Self::NotASocket { .. } => "move it away, or name another place with --socket",
            Self::Io { .. } => "check the folder's owner and mode, or name another place with --socket",
        }
    }
}

/// A socket that listens, ours alone. Goes away with its file.
#[derive(Debug)]
pub struct Bound {
    listener: StdListener,
    /// `None`: systemd's, which stays.
    file: Option<(PathBuf, File)>,
}

impl Drop for Bound {
    fn drop(&mut self) {
        if let Some((path, _lock)) = &self.file {
            // A leftover is cleared away by the next start.
            let _ = fs::remove_file(path);
        }
    }
}

impl Bound {
    /// A socket that systemd passed us.
    ///
    /// # Errors
    /// When it cannot be made non-blocking.
    pub fn inherited(listener: StdListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { listener, file: None })
    }

    /// Listens at a path. Its folder is made when it is missing, for us alone.
    ///
    /// # Errors
    /// When another showd listens there, or the world failed.
    pub fn at(path: &Path) -> Result<Self, SocketError> {
        let failed = |what| move |cause| SocketError::Io { path: path.to_path_buf(), what, cause };
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed("make the folder of"))?;
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(name)
            .map_err(failed("lock"))?;
        lock.try_lock().map_err(|cause| match cause {
            TryLockError::WouldBlock => SocketError::Taken { path: path.to_path_buf() },
            TryLockError::Error(cause) => failed("lock")(cause),
        })?;
        // Ours is the lock, so whoever made this file is gone.
        match fs::symlink_metadata(path) {
            Ok(meta) if meta.file_type().is_socket() => fs::remove_file(path).map_err(failed("clear away"))?,
            Ok(_) => return Err(SocketError::NotASocket { path: path.to_path_buf() }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(failed("look at")(cause)),
        }
        let listener = StdListener::bind(path).map_err(failed("listen at"))?;
        fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(failed("set the mode of"))?;
        listener.set_nonblocking(true).map_err(failed("listen at"))?;
        Ok(Self { listener, file: Some((path.to_path_buf(), lock)) })
    }
}

/// Serves clients until told to stop, and then lets each session say goodbye.
///
/// # Errors
/// When the socket cannot be handed to the runtime.
pub async fn serve(bound: Bound, needs: Needs, clients_max: u32, stop: CancellationToken) -> io::Result<()> {
    let listener = UnixListener::from_std(bound.listener.try_clone()?)?;
    let places = Arc::new(Semaphore::new(clients_max as usize));
    let sessions = TaskTracker::new();
    let last_client = AtomicU64::new(0);
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(cause) => {
                warn!(cause = %cause, "a client could not be let in");
                // Out of descriptors, most likely; some come back when a session ends.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        let client = ClientId(last_client.fetch_add(1, Ordering::Relaxed) + 1);
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => {
                let (needs, stop) = (needs.clone(), stop.clone());
                sessions.spawn(async move {
                    let who = peer(&stream).await;
                    session::run(stream, client, who, needs, stop).await;
                    drop(place);
                });
            }
            Err(_) => drop(sessions.spawn(session::turn_away(stream, clients_max))),
        }
    }
    sessions.close();
    sessions.wait().await;
    drop(bound);
    Ok(())
}

/// Who is at the other end, as the kernel says.
async fn peer(stream: &UnixStream) -> Peer {
    let Ok(credentials) = stream.peer_cred() else {
        return Peer { uid: u32::MAX, pid: 0, name: "unknown".into() };
    };
    let uid = credentials.uid();
    // The account's name may come from a directory on the network.
    let name = tokio::task::spawn_blocking(move || nix::unistd::User::from_uid(uid.into()).ok().flatten());
    let name = name.await.ok().flatten().map_or_else(|| format!("uid {uid}"), |user| user.name);
    Peer { uid, pid: credentials.pid().unwrap_or(0), name }
}

#[cfg(test)]
mod tests;
