//! The small words everything else is said in: times, ids, paths, digests, stamps.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, on a clock that the driver keeps from going backwards within one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Time(pub i64);

impl Time {
    /// This time `ms` milliseconds later, or the end of time.
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX)))
    }

    /// Milliseconds from `earlier` to this time, or 0 when `earlier` is later.
    pub fn ms_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id! {
    /// A share's place in [`crate::Rules::shares`]; its lasting name stands there.
    ShareId(u16);
    /// Never reused.
    BuildId(u64);
    /// Never reused.
    JobId(u64);
    /// The how-manieth try at a job, from 1. Never reused: a requeue takes the next number.
    AttemptNo(u32);
    /// One durable publishing intent. Never reused.
    IntentId(u64);
    /// One order to weave; answered by exactly one [`crate::Event::Woven`].
    WeaveId(u64);
    /// One request of one client, named by the socket; answered exactly once.
    AskId(u64);
    /// One connected client, named by the socket. Not kept across restarts.
    ClientId(u64);
    /// A lock or hold row. Never reused.
    LeaseId(u64);
    /// A proposal row. Never reused.
    ProposalId(u64);
    /// Place in the event log, dense, from 1.
    Seq(u64);
}

/// A BLAKE3 hash of bytes or of a canonical form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A file inside a share: the share and the path below its root, parts joined by `/`, no `.`, `..`, empty part or
/// leading `/`. Names that are not UTF-8 never get this far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FilePath {
    pub share: ShareId,
    pub path: Arc<str>,
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

/// How a file looked: a shortcut only, the truth is the [`Digest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    pub size: u64,
    /// Nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Nanoseconds since 1970.
    pub ctime_ns: i64,
    pub inode: u64,
}

/// Which subject of which pipeline: `show-build` on `episodes/0900/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    pub pipeline: Arc<str>,
    pub share: ShareId,
    /// The path the subject pattern matched; a directory ends in `/`.
    pub path: Arc<str>,
}

/// One place in a pipeline's graph for one subject: the step and, below a `map`, the element's id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Node {
    pub step: Arc<str>,
    /// Empty for a step without `map`.
    pub element: Arc<str>,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.step)?;
        if self.element.is_empty() { Ok(()) } else { write!(f, " of {}", self.element) }
    }
}

/// A person or program at the other end of the socket, as the kernel names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    pub uid: u32,
    pub pid: i32,
    pub name: String,
}

/// The step name of our own job per file, which weaves finished edits into it and publishes them.
pub const WEAVE: &str = "weave";
