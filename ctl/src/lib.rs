//! The client of showd, for people and scripts.
//!
//! A command is read by [`args`], carried out by a function of `run`, which asks the daemon through `client`, and what
//! came back is drawn by `page`: pure functions from a view to text, in colour, which the terminal strips where it
//! should. With `--json` the view itself is printed. Everything that goes wrong is a [`Complaint`] with one of the
//! documented exit codes. Never links the store, the watcher or the core.
#![forbid(unsafe_code)]
#![allow(clippy::format_push_string, clippy::format_collect, reason = "a page is made once and read by a person")]

pub mod args;
mod check;
mod client;
mod complaint;
pub mod page;
mod place;
mod run;
mod terminal;

pub use complaint::{Complaint, Exit};

use std::ffi::OsString;
use std::process::ExitCode;
use terminal::Terminal;

/// Runs one command to its end and says how it went.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.into_iter().collect();
    let cli = match args::read(&words) {
        Ok(cli) => cli,
        Err(args::Unread::Told(text)) => return Terminal::of_words(&words).tell(&text),
        Err(args::Unread::Wrong(complaint)) => return Terminal::of_words(&words).complain(&complaint),
    };
    let terminal = Terminal::new(Some(&cli.common));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run::run(cli, &terminal)),
        Err(cause) => Err(Complaint::new(Exit::Failed, "could not start").because(cause.to_string())),
    };
    match outcome {
        Ok(code) => code,
        Err(complaint) => terminal.complain(&complaint),
    }
}
