//! The daemon.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    match words.next().as_deref().and_then(std::ffi::OsStr::to_str) {
        Some("runner") => showd::runner::main(words),
        Some("step") => showd::steps::main(words),
        _ => ExitCode::FAILURE,
    }
}
