//! Views as people see them: pure functions from a view to text.
//!
//! Every view that a command prints is a [`Page`]. Pages are always coloured (the terminal strips what it should),
//! never wider than the [`Look`] says where words can be wrapped or cut, and never depend on a clock of their own.
//! `ink` has the colours, `table` the tables, `words` times, sizes and wrapping.

mod build;
mod check;
mod conflict;
mod episode;
mod file;
pub mod ink;
mod job;
mod log;
mod plan;
mod rest;
mod status;
mod table;
mod words;

pub use build::BuildPage;
pub use check::{pictures, total};
pub use file::{after_restore, diff_lines};
pub use job::{bar_text, done_to, nothing_to_do_line};
pub use log::{event_line, gap_line, log_lines};
pub use words::plural;

use jiff::tz::TimeZone;

/// How and when a page is looked at.
#[derive(Debug, Clone)]
pub struct Look {
    /// Columns.
    pub width: usize,
    pub zone: TimeZone,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

impl Look {
    /// Of what is not a terminal: nothing is cut or wrapped, so that `grep` finds it.
    pub const ENDLESS: usize = 10_000;
}

/// Something that has a page.
pub trait Page {
    /// The page as text in colour, ending in a line end unless empty.
    fn page(&self, look: &Look) -> String;
}
