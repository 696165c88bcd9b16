//! What the daemon and the runner say to each other: JSON in frames, a big-endian length of four bytes before each.
//!
//! A runner outlives an upgrade of the daemon, so both sides may be of different releases: messages and fields are only
//! ever added, unknown fields are ignored and missing ones have defaults.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// An order names the files it reads one by one; ten thousand of them with long names fit. Above this a peer is
/// confused or hostile.
pub const FRAME_BYTES_MAX: u32 = 8 << 20;

/// One try at a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    pub job: u64,
    pub attempt: u32,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.job, self.attempt)
    }
}

/// From the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToRunner {
    /// Answered by [`FromRunner::Started`] and later [`FromRunner::Ended`]. Said twice, it starts once.
    Start(Box<Start>),
    /// TERM to the group, KILL after the grace.
    Stop { key: Key, grace_ms: u64 },
    /// The end is known: its exit record may go.
    Forget { key: Key },
    /// End as soon as nothing runs, nothing waits to be acknowledged and this connection is gone.
    Retire,
}

/// A program to run, and within which walls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    pub key: Key,
    /// Program and arguments. A bare name is looked up in the `PATH` of `env`.
    pub program: Vec<String>,
    /// All of its environment.
    pub env: BTreeMap<String, String>,
    /// Its working directory, and the only place it may write.
    pub scratch: PathBuf,
    /// Files and directories it may read and execute, besides the system's.
    pub reads: Vec<PathBuf>,
    pub network: bool,
    /// 0: no limit.
    pub timeout_ms: u64,
    /// TERM to KILL after a timeout.
    pub grace_ms: u64,
    pub log: PathBuf,
}

/// From the runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromRunner {
    /// First on every connection.
    Welcome {
        pid: u32,
        walls: Walls,
        live: Vec<Key>,
        ended: Vec<Exit>,
    },
    Started {
        key: Key,
    },
    Progress {
        key: Key,
        percent: Option<u8>,
        message: String,
    },
    Ended(Exit),
}

/// Which walls this kernel has, for `doctor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walls {
    /// What is missing, each a sentence; empty: everything is in place.
    pub missing: Vec<String>,
}

/// How an attempt ended, kept until acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    pub key: Key,
    pub end: End,
    /// The last line that was not blank on standard error.
    #[serde(default)]
    pub last_words: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Exited {
        code: i32,
    },
    Signaled {
        signal: i32,
    },
    TimedOut,
    /// Because the daemon said so.
    Stopped,
    NotStarted {
        why: String,
    },
    /// The runner that started it is gone; whatever was left of it has been killed.
    Lost,
}

/// The variable by which everything that an attempt started is known; its value is the scratch directory.
pub const MARK: &str = "SHOW_SCRATCH";

/// A message as it goes over the wire, with its length before it.
pub fn frame<T: Serialize>(message: &T) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message).expect("messages are plain data, which always has a JSON form");
    let length = (bytes.len() - 4) as u32;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// The runner's directory below the state directory.
pub fn dir(state: &std::path::Path) -> PathBuf {
    state.join("runner")
}

/// The socket in that directory.
pub const SOCKET: &str = "socket";
