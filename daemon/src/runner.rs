//! `showd runner`: the small process that starts, confines, logs and reaps every step, and outlives the daemon.
//!
//! One plain single-threaded process with a poll loop. It knows programs, directories and limits, and nothing of shows.
//! The daemon orders over a Unix socket in the runner's directory ([`wire`]); what attempts print goes into files that
//! anybody may read ([`log`]); how they ended is spooled until the daemon has acknowledged it. Read [`wire`] first.

pub mod log;
pub mod wire;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs `showd runner --dir DIR [--linger-ms N]` until nobody needs it any more.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let _ = args.into_iter();
    ExitCode::FAILURE
}
