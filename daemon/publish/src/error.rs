//! What can go wrong in looking and opening. Publishing itself never errs: it ends in an [`crate::Outcome`].

use crate::name::Digest;
use std::io;
use std::path::PathBuf;

/// A share could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// The root is missing, no directory, or not ours to read.
    #[error("could not open the share at {path}")]
    Open {
        /// Its root.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// Its temporary files could not be looked for.
    #[error("could not look through {path}")]
    Walk {
        /// Which directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

/// A file of a share could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not there, now. During a replacement by Syncthing or an editor that is no proof of a deletion.
    #[error("{path} is not there")]
    Gone {
        /// Which file.
        path: String,
    },
    /// Something that is not a regular file, or a symbolic link on the way to it.
    #[error("{path} is {what}, not a file")]
    NotAFile {
        /// Which file.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// Longer than the caller wants to hold.
    #[error("{path} has {size} bytes, more than {bytes_max}")]
    TooBig {
        /// Which file.
        path: String,
        /// Its bytes.
        size: u64,
        /// The caller's bound.
        bytes_max: u64,
    },
    /// It kept changing while it was read.
    #[error("{path} changed while it was read")]
    Unsettled {
        /// Which file.
        path: String,
    },
    /// The path can never name a file of a share.
    #[error("{path:?} cannot be a path in a share: {why}")]
    BadPath {
        /// What was asked for.
        path: String,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// The system said no.
    #[error("could not {doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: String,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

/// A blob could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is none of this digest.
    #[error("there is no blob {digest}")]
    Missing {
        /// Which blob.
        digest: Digest,
    },
    /// What is kept under this digest is not what was put there.
    #[error("blob {digest} is damaged")]
    Damaged {
        /// Which blob.
        digest: Digest,
    },
    /// The system said no.
    #[error("could not {doing} blob {name}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Which blob, or what.
        name: String,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

/// A displaced file could not be cleared away; it keeps its temporary name.
#[derive(Debug, thiserror::Error)]
pub enum LingerError {
    /// Its bytes could not be kept.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// It could not be read or removed.
    #[error(transparent)]
    File(#[from] ReadError),
}
