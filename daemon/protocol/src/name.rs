//! The numbers that things go by on the wire. Each is a bare number in both encodings.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A text that should have been the number of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a number")]
pub struct NotANumber;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotANumber;
            fn from_str(text: &str) -> Result<Self, NotANumber> {
                text.parse().map(Self).map_err(|_| NotANumber)
            }
        }
    )*};
}

id! {
    /// One instance of a pipeline for one subject. Never reused.
    BuildId(u64);
    /// One step inside a build, or one element of it. Never reused.
    JobId(u64);
    /// The how-manieth try at a job, from 1. Never reused.
    AttemptNo(u32);
    /// One durable publishing intent. Never reused.
    IntentId(u64);
    /// A lock of a script or a hold of a person. Never reused.
    LeaseId(u64);
    /// An edit that waits for a person. Never reused.
    ProposalId(u64);
    /// A place in the event log: dense, from 1.
    Seq(u64);
}
