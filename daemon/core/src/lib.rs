//! Decides what showd does next, and does nothing itself.
//!
//! One value, [`Coordinator`], with one method, `step(now, event) -> Decision`. Facts come in as [`Event`]s; what
//! should be kept leaves as [`Change`]s and what should be done as [`Effect`]s, sealed in a [`Decision`] until the
//! store has kept the changes. No files, sockets, clock, threads, randomness or hash order in here, so that
//! `tests/sim` can run years of it in seconds from one seed.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod ask;
mod asked;
mod attempt;
mod ballot;
mod blob;
mod blocker;
mod build;
mod conflict;
mod coordinator;
mod decision;
mod effect;
mod ending;
mod event;
mod follow;
mod input;
mod job;
mod keep;
mod key;
mod kind;
mod lane;
mod lease;
mod log;
mod name;
mod notice;
mod pattern;
mod plan;
mod playbook;
mod pool;
mod proposal;
mod publish;
mod quiet;
mod restore;
mod retry;
mod row;
mod rules;
mod settle;
mod share;
mod view;
mod wait;
mod weave;

pub use ask::*;
pub use blocker::Blocker;
pub use conflict::{ConflictView, ancestors};
pub use coordinator::Coordinator;
pub use decision::Decision;
pub use effect::*;
pub use event::*;
pub use keep::{Anchors, Bounds, Ledger, Outgrown, Stored};
pub use kind::is_markdown;
pub use name::*;
pub use quiet::Disquiet;
pub use row::*;
pub use rules::*;
pub use view::*;
