//! What may be read off a coordinator: borrowed or copied, never a decision.

use crate::{Blocker, BuildId, FilePath, JobId, Node, Subject, Time};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// What would run now for a subject and why, and what is up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub subject: Subject,
    /// In pipeline order; the weaves of files last.
    pub nodes: Vec<PlanNode>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanNode {
    pub node: Node,
    /// Its job in the live build.
    pub job: Option<JobId>,
    pub standing: Standing,
}

/// How one node of a plan stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its key is known and its outputs are in place.
    UpToDate,
    /// Its `when` is false.
    NotNeeded,
    /// Its step is not built, or a tool of it is not here: it holds nobody up.
    Unavailable {
        why: String,
    },
    /// It would run now.
    Due {
        why: String,
    },
    /// It did not succeed with these very inputs: it runs again when they change, or when somebody asks.
    Failed {
        why: String,
    },
    Blocked {
        blockers: Vec<Blocker>,
    },
}

/// One subject that was found on disk, or that somebody submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectView {
    pub subject: Subject,
    pub parameters: BTreeMap<String, String>,
    pub captures: BTreeMap<String, String>,
    /// Its unfinished build.
    pub build: Option<BuildId>,
}

/// A file that pipelines read and that may not be read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    pub file: FilePath,
    /// First change since it was last read.
    pub since: Time,
    pub until: Time,
}

/// A job in the graph of a build: what it waits for, hard and soft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphNode {
    pub job: JobId,
    pub node: Node,
    pub needs: Vec<JobId>,
    pub after: Vec<JobId>,
}
