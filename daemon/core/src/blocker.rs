//! Why something waits: each reason is a variant with its data and a sentence.
//!
//! [`crate::Coordinator::blockers`] is the one function that decides readiness *and* explains it: a job starts when
//! its list is empty, and `showctl why` prints the list.

use crate::{Disquiet, FilePath, JobId, Node, Time};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};

/// One thing that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Blocker {
    /// A need, or a soft `after`, that is waiting or running itself.
    Need {
        node: Node,
        job: Option<JobId>,
        soft: bool,
    },
    /// A need that failed or was cancelled: until that changes, this cannot run.
    NeedFailed {
        node: Node,
        job: Option<JobId>,
    },
    /// The list that this maps over is not known yet.
    ListUnknown {
        list: String,
    },
    InputMissing {
        file: FilePath,
    },
    /// It may not be read yet: it changed a moment ago, or grows.
    InputUnsettled {
        file: FilePath,
        until: Time,
    },
    /// A template names a field that the element does not have, or fills to a path outside the subject.
    InputUnnamed {
        role: String,
        why: String,
    },
    Hashing {
        file: FilePath,
    },
    /// Edits of earlier steps are being woven into a text that this reads or writes.
    Weaving {
        file: FilePath,
    },
    WeaveFailed {
        file: FilePath,
        why: String,
    },
    /// A person handed the note over by its status, and it does not come back before what should have been done to it
    /// was, or a person said that it need not be.
    NotHandedBack {
        file: FilePath,
        why: String,
    },
    /// It is being looked up whether the same was done before.
    LookingUp,
    /// It is not known yet whether this tool is here, or which version.
    ToolUnknown {
        tool: String,
    },
    /// Another node of this build writes the same path from other inputs.
    Collision {
        file: FilePath,
        other: Node,
    },
    PoolFull {
        pool: String,
        needs: u32,
        capacity: u32,
        holders: Vec<JobId>,
    },
    /// The pool's capacity is 0.
    PoolHeld {
        pool: String,
    },
    /// There is room, but a job of higher priority waits for more of it.
    PoolReserved {
        pool: String,
        by: JobId,
    },
    /// An attempt reads or writes the file.
    FileBusy {
        file: FilePath,
        by: JobId,
    },
    /// A person's request is being published there.
    BeingPublished {
        file: FilePath,
    },
    /// A script holds a lock.
    Locked {
        file: FilePath,
        owner: String,
        why: String,
        until: Option<Time>,
    },
    /// A person holds the file.
    Held {
        file: FilePath,
        owner: String,
        why: String,
    },
    /// A person changed the file less than the quiet period ago.
    ChangedLately {
        file: FilePath,
        until: Time,
    },
    /// We wrote the file less than the quiet period ago.
    WrittenLately {
        file: FilePath,
        until: Time,
    },
    /// A temporary file of Syncthing or an editor's lock file lies beside it. Syncthing's counts until then, unless it is
    /// written into.
    BeingWritten {
        file: FilePath,
        beside: FilePath,
        until: Option<Time>,
    },
    ConflictCopy {
        file: FilePath,
        copy: FilePath,
    },
    /// Other programs and Syncthing are being asked about it.
    Probing {
        file: FilePath,
    },
    /// What they said; asked again then.
    Disquiet {
        file: FilePath,
        what: Disquiet,
    },
    /// We wrote the same into it, or made it again, too often, and somebody undid it each time.
    Storm {
        file: FilePath,
        times: u32,
        until: Time,
    },
    ShareAway {
        share: String,
    },
    ShareReadOnly {
        share: String,
    },
    /// The first scan since the start is not over.
    ShareUnscanned {
        share: String,
    },
    RunnerAway,
    RetryAt {
        at: Time,
        why: String,
    },
    /// Its results could not be moved into the share; that is tried again.
    PublishRetry {
        at: Time,
        why: String,
    },
}

impl Blocker {
    /// True for what ends only when somebody outside acts: a person, another program, a file that arrives; or, as a
    /// storm, long after. Nobody is held back by a soft `after` that waits for such a thing, and `wait --idle` does not
    /// wait for it.
    pub fn is_outside(&self) -> bool {
        matches!(
            self,
            Self::NeedFailed { .. }
                | Self::InputMissing { .. }
                | Self::InputUnnamed { .. }
                | Self::WeaveFailed { .. }
                | Self::NotHandedBack { .. }
                | Self::Collision { .. }
                | Self::PoolHeld { .. }
                | Self::Locked { .. }
                | Self::Held { .. }
                | Self::BeingWritten { .. }
                | Self::ConflictCopy { .. }
                | Self::Storm { .. }
                | Self::ShareAway { .. }
                | Self::ShareReadOnly { .. }
                | Self::RunnerAway
        )
    }

    /// True for the wait until a person's file may be written.
    pub fn is_quiet(&self) -> bool {
        matches!(
            self,
            Self::ChangedLately { .. }
                | Self::WrittenLately { .. }
                | Self::BeingWritten { .. }
                | Self::Probing { .. }
                | Self::Disquiet { .. }
                | Self::Storm { .. }
        )
    }

    /// When it ends by itself, where that is known.
    pub fn until(&self) -> Option<Time> {
        match self {
            Self::InputUnsettled { until, .. }
            | Self::ChangedLately { until, .. }
            | Self::WrittenLately { until, .. }
            | Self::Storm { until, .. } => Some(*until),
            Self::RetryAt { at, .. } | Self::PublishRetry { at, .. } => Some(*at),
            Self::Disquiet { what, .. } => what.until(),
            Self::Locked { until, .. } | Self::BeingWritten { until, .. } => *until,
            _ => None,
        }
    }
}

/// For people; times are left to the caller, see [`Blocker::until`].
impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Need { node, job, soft } => {
                f.write_str(if *soft { "waits for " } else { "needs " })?;
                write!(f, "{node}, which is not done")?;
                job.iter().try_for_each(|job| write!(f, " (job {job})"))
            }
            Self::NeedFailed { node, job } => {
                write!(f, "needs {node}, which did not succeed")?;
                job.iter().try_for_each(|job| write!(f, " (job {job})"))
            }
            Self::ListUnknown { list } => write!(f, "the list {list} is not known yet"),
            Self::InputMissing { file } => write!(f, "waits for the file {file}, which is not there"),
            Self::InputUnsettled { file, .. } => write!(f, "{file} changed a moment ago and may not be read yet"),
            Self::InputUnnamed { role, why } => write!(f, "cannot name its {role}: {why}"),
            Self::Hashing { file } => write!(f, "{file} is being read"),
            Self::Weaving { file } => write!(f, "earlier edits are being woven into {file}"),
            Self::WeaveFailed { file, why } => write!(f, "edits could not be woven into {file}: {why}"),
            Self::NotHandedBack { file, why } => write!(f, "{file} is not handed back: {why}"),
            Self::LookingUp => f.write_str("it is being looked up whether this was done before"),
            Self::ToolUnknown { tool } => write!(f, "it is not known yet which {tool} is installed"),
            Self::Collision { file, other } => write!(f, "{other} writes {file} too, from other inputs"),
            Self::PoolFull { pool, needs, capacity, holders } => {
                write!(f, "needs {needs} of {capacity} of the pool {pool}, which is used by ")?;
                list(f, holders)
            }
            Self::PoolHeld { pool } => write!(f, "the pool {pool} is held (its capacity is 0)"),
            Self::PoolReserved { pool, by } => write!(f, "the pool {pool} is kept free for job {by}"),
            Self::FileBusy { file, by } => write!(f, "job {by} is using {file}"),
            Self::BeingPublished { file } => write!(f, "{file} is being published"),
            Self::Locked { file, owner, why, .. } => write!(f, "{file} is locked by {owner}{}", Because(why)),
            Self::Held { file, owner, why } => write!(f, "{file} is held by {owner}{}", Because(why)),
            Self::ChangedLately { file, .. } => write!(f, "{file} is not quiet: somebody changed it a moment ago"),
            Self::WrittenLately { file, .. } => write!(f, "{file} was written by showd a moment ago"),
            Self::BeingWritten { file, beside, .. } => write!(f, "{file} is open or arriving: {beside} lies beside it"),
            Self::ConflictCopy { file, copy } => write!(f, "{file} has the conflict copy {copy}"),
            Self::Probing { file } => write!(f, "it is being asked whether somebody else writes {file}"),
            Self::Disquiet { file, what, .. } => write!(f, "{file} is not quiet: {what}"),
            Self::Storm { file, times, .. } => {
                write!(f, "somebody undid what showd wrote to {file} {times} times, so it is left alone")
            }
            Self::ShareAway { share } => write!(f, "the share {share} is away"),
            Self::ShareReadOnly { share } => write!(f, "the share {share} is owned by another machine"),
            Self::ShareUnscanned { share } => write!(f, "the share {share} is being scanned"),
            Self::RunnerAway => f.write_str("the runner is not connected"),
            Self::RetryAt { why, .. } => write!(f, "tries again after: {why}"),
            Self::PublishRetry { why, .. } => write!(f, "tries to publish again after: {why}"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, jobs: &[JobId]) -> fmt::Result {
    for (place, job) in jobs.iter().enumerate() {
        write!(f, "{}{job}", if place == 0 { "job " } else { ", job " })?;
    }
    Ok(())
}

struct Because<'a>(&'a str);

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}
