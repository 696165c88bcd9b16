//! Why a run ends before its end, and which kind of end each trouble is.

use crate::error::{BlobError, ReadError};
use crate::steps::Halted;
use rustix::io::Errno;
use std::io;

/// The run goes no further.
#[derive(Debug)]
pub(crate) enum End {
    Halted,
    Overtaken {
        path: String,
        why: String,
    },
    Refused {
        path: String,
        why: String,
    },
    Failed {
        path: String,
        why: String,
    },
    /// The world failed and something of the intent is in place.
    Stuck {
        path: String,
        why: String,
    },
}

impl End {
    pub fn overtaken(path: &str, why: impl Into<String>) -> Self {
        Self::Overtaken { path: path.to_owned(), why: why.into() }
    }

    pub fn refused(path: &str, why: impl Into<String>) -> Self {
        Self::Refused { path: path.to_owned(), why: why.into() }
    }

    pub fn failed(path: &str, why: impl Into<String>) -> Self {
        Self::Failed { path: path.to_owned(), why: why.into() }
    }

    /// The system would not do something to `path`.
    pub fn errno(path: &str, doing: &str, errno: Errno) -> Self {
        let why = format!("could not {doing}: {}", io::Error::from(errno));
        if is_lasting(errno) { Self::refused(path, why) } else { Self::failed(path, why) }
    }

    /// A target could not be read.
    pub fn unread(path: &str, error: &ReadError) -> Self {
        match error {
            ReadError::Gone { .. } => Self::overtaken(path, "it is not there now"),
            ReadError::Unsettled { .. } => Self::overtaken(path, "it is being written"),
            ReadError::NotAFile { what, .. } => Self::refused(path, format!("it is {what}")),
            ReadError::Io { doing, cause, .. } => match Errno::from_io_error(cause) {
                Some(errno) => Self::errno(path, doing, errno),
                None => Self::failed(path, cause.to_string()),
            },
            ReadError::BadPath { .. } | ReadError::TooBig { .. } => Self::refused(path, error.to_string()),
        }
    }

    /// What must be kept could not be, or what must be there is not.
    pub fn blob(path: &str, error: &BlobError) -> Self {
        match error {
            BlobError::Missing { .. } | BlobError::Damaged { .. } => Self::refused(path, error.to_string()),
            BlobError::Io { cause, .. } => Self::failed(path, format!("{error}: {cause}")),
        }
    }
}

impl From<Halted> for End {
    fn from(_: Halted) -> Self {
        Self::Halted
    }
}

/// Whether an error stays until a person changes something.
fn is_lasting(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::ACCESS
            | Errno::PERM
            | Errno::ROFS
            | Errno::LOOP
            | Errno::NOTDIR
            | Errno::ISDIR
            | Errno::NAMETOOLONG
            | Errno::INVAL
            | Errno::XDEV
            | Errno::OPNOTSUPP
            | Errno::NOSYS
    )
}

/// Part of the intent may be visible, and cannot be taken back now.
pub(crate) fn stuck(end: End) -> End {
    match end {
        End::Halted => End::Halted,
        End::Overtaken { path, why }
        | End::Refused { path, why }
        | End::Failed { path, why }
        | End::Stuck { path, why } => End::Stuck { path, why },
    }
}
