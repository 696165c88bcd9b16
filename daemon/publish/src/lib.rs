//! The file protocol of publishing, without the store: how bytes get into a share so that nobody's are ever lost.
//!
//! Owns opened shares ([`Share`]), torn-free reading ([`Share::snapshot`]), content-addressed copies ([`Blobs`]) and
//! the carrying out of intents ([`Share::publish`]). Knows nothing of jobs, of databases, or of when a file is quiet.
//! The protocol, its proof and its honest remainder stand in `docs/PUBLISHING.md`. Read [`Intent`] first.

mod blobs;
mod check;
mod end;
mod error;
mod held;
mod identity;
mod intent;
mod linger;
mod moves;
mod name;
mod owner;
mod plan;
mod probe;
mod publish;
mod rename;
mod resume;
mod share;
mod snapshot;
mod stage;
mod steps;
mod swap;
mod sweep;
mod sys;

pub use blobs::{BlobReader, Blobs, Keep, Stored, Swept};
pub use error::{BlobError, LingerError, ReadError, ShareError};
pub use held::Held;
pub use intent::{Intent, Move, Outcome, Report, Rescued, Source, Try};
pub use linger::{Linger, Settled};
pub use name::{Digest, IntentId, Stamp};
pub use owner::{Machine, OWNER_FILE, Owner, own, owner, take};
pub use probe::Abilities;
pub use share::Share;
pub use snapshot::Snapshot;
pub use steps::{Halted, Point, Steps, Straight};
pub use sweep::TempsSwept;
