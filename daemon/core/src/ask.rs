//! What people and programs may ask for, and the answers. Reading is not here: views are read off the coordinator.

use crate::{BuildId, Digest, FilePath, JobId, LeaseId, LeaseKind, Node, ProposalId, Subject};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// A build of a pipeline for a subject, now, with parameters.
    Submit {
        subject: Subject,
        parameters: BTreeMap<String, String>,
    },
    /// Run these again; `force`: even where the key is known. The core holds unfinished builds only, so whoever asks
    /// reads from the rows what each job is for; the answer names the jobs that will run, which are new ones where the
    /// old one's build is over.
    Requeue {
        jobs: Vec<JobName>,
        force: bool,
    },
    /// What failed, of these subjects; of every one when none is named. The core holds unfinished builds only: `over`
    /// is what failed in builds that are not.
    RequeueFailed {
        subjects: Vec<Subject>,
        over: Vec<JobName>,
        force: bool,
    },
    Cancel {
        jobs: Vec<JobId>,
    },
    /// Take a lock or hold; refused at once when another lock stands in the way (the client waits and asks again).
    Take {
        file: FilePath,
        kind: LeaseKind,
        why: String,
    },
    Renew {
        lease: LeaseId,
    },
    GiveBack {
        lease: LeaseId,
    },
    Release {
        file: FilePath,
    },
    Accept {
        proposals: Vec<ProposalId>,
    },
    Reject {
        proposals: Vec<ProposalId>,
    },
    /// Publish this blob in place of the file as it is now, because a person asked: at once, without waiting for quiet,
    /// but never past a lock or a hold, nor over a text that we have not read. Answered by how it went, as are `Resolve`
    /// and `Create`.
    Restore {
        file: FilePath,
        digest: Digest,
        size: u64,
    },
    /// Settle a conflict copy: `with` takes the place of the file that it is a copy of (`None`: that stays as it is), and
    /// the copy is removed. At once, as for `Restore`, and only while copy and original hold what was `seen`.
    Resolve {
        copy: FilePath,
        seen: (Digest, Option<Digest>),
        with: Option<(Digest, u64)>,
    },
    /// Publish new files, never over others; the bytes are blobs already.
    Create {
        files: Vec<(FilePath, Digest, u64)>,
        what: String,
    },
    /// Weave these edits (JSON array, a blob) into a file because a person asked.
    Edit {
        file: FilePath,
        edits: Digest,
        what: String,
    },
    /// Answered when it was looked outside for what speaks against writing this file; what that is, is read off then.
    Look {
        file: FilePath,
    },
    /// Answered when every share was looked at anew and nothing is waiting, running or unsettled, except for quiet unless
    /// `quiet_too`.
    WaitIdle {
        quiet_too: bool,
    },
    /// Answered when all these jobs have ended, or stand behind a failed one and so cannot. Jobs that the core does not
    /// hold had ended before: they are missing in the answer, and their rows say how.
    Wait {
        jobs: Vec<JobId>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    Done,
    Submitted {
        build: BuildId,
        jobs: Vec<JobId>,
    },
    Jobs {
        jobs: Vec<JobId>,
    },
    Taken {
        lease: LeaseId,
        token: (u64, u64),
    },
    /// What was asked to be put into a share lies there.
    Published,
    /// Every job that the core held, with its end: `true` succeeded, possibly with errors.
    Ended {
        jobs: Vec<(JobId, bool)>,
    },
    Refused(Refusal),
}

/// A job and what it is for, as its row and its build's row say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobName {
    pub job: JobId,
    pub subject: Subject,
    pub parameters: BTreeMap<String, String>,
    pub node: Node,
}

/// A polite no: understood and declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// For people: what, on what; lower case, no full stop.
    pub text: String,
    /// The next move.
    pub hint: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalKind {
    NotFound,
    NotNow,
    NotAllowed,
    Invalid,
}
