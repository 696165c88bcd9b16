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
mod blocker;
mod coordinator;
mod decision;
mod effect;
mod event;
mod name;
mod row;
mod rules;
mod view;

pub use ask::*;
pub use blocker::Blocker;
pub use coordinator::Coordinator;
pub use decision::Decision;
pub use effect::*;
pub use event::*;
pub use name::*;
pub use row::*;
pub use rules::*;
pub use view::*;
