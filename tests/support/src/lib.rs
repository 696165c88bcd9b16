//! What the end-to-end tests and benchmarks share: a real showd on a real share in a temporary place.
//!
//! Nothing here sleeps: a daemon is up when it says `READY=1`, work is done when `showctl wait --idle` says so.
#![allow(clippy::disallowed_methods, reason = "end to end means the real clock and the real processes")]
#![allow(clippy::unnecessary_debug_formatting, reason = "a quoted path is TOML")]

mod processes;
mod show;
mod slow;
pub mod syncthing;

pub use processes::{binary, kill_all_naming};
pub use show::{Ran, Show, copy, repository, run};
pub use slow::Slow;
