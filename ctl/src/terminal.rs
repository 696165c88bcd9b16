//! Where words go: standard output and error, their width, colour and clock.
//!
//! Pages are always made in colour. What is written goes through `anstream`, which strips the colour where `NO_COLOR`,
//! `--color never` or the absence of a terminal say so. The only place that reads the clock and the time zone.

use crate::args::{Colour, Common};
use crate::complaint::{Complaint, Exit};
use crate::page::Look;
use serde::Serialize;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

/// The person's or script's end of the program.
pub struct Terminal {
    pub json: bool,
    look: Look,
    /// Progress bars make sense.
    pub is_watched: bool,
}

/// A reader that went away (`showctl jobs | head`) is no error of ours.
fn ignore_closed_pipe(written: io::Result<()>) -> Result<(), Complaint> {
    match written {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(Complaint::new(Exit::Failed, "could not write to standard output").because(cause.to_string()))
        }
        _ => Ok(()),
    }
}

#[allow(clippy::unused_self, reason = "one prints on a terminal, though the process has only one")]
impl Terminal {
    /// The end of a command line that could not be read, or was not meant to be carried out.
    pub fn of_words(words: &[OsString]) -> Self {
        let own = words.iter().take_while(|word| *word != "--");
        Self { json: own.into_iter().any(|word| word == "--json"), ..Self::new(None) }
    }

    pub fn new(common: Option<&Common>) -> Self {
        match common.map(|common| common.color) {
            Some(Colour::Always) => anstream::ColorChoice::Always.write_global(),
            Some(Colour::Never) => anstream::ColorChoice::Never.write_global(),
            Some(Colour::Auto) | None => {}
        }
        let width = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|width| *width >= 20);
        let of_the_terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = width.or_else(|| io::stdout().is_terminal().then(of_the_terminal).flatten());
        let zone = jiff::tz::TimeZone::system();
        Self {
            json: common.is_some_and(|common| common.json),
            look: Look { width: width.unwrap_or(Look::ENDLESS), zone, now_ms: jiff::Timestamp::now().as_millisecond() },
            is_watched: io::stderr().is_terminal() && !common.is_some_and(|common| common.json),
        }
    }

    /// How pages should look, now.
    pub fn look(&self) -> Look {
        Look { now_ms: jiff::Timestamp::now().as_millisecond(), ..self.look.clone() }
    }

    /// Writes text to standard output.
    ///
    /// # Errors
    /// When it cannot be written, and not because the reader has gone.
    pub fn print(&self, text: &str) -> Result<(), Complaint> {
        let mut out = anstream::stdout().lock();
        ignore_closed_pipe(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// True when the reader of standard output has gone: nothing more needs to be followed.
    pub fn print_more(&self, text: &str) -> Result<bool, Complaint> {
        let mut out = anstream::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            written => ignore_closed_pipe(written).map(|()| true),
        }
    }

    /// Writes a view as indented JSON.
    ///
    /// # Errors
    /// As [`Self::print`].
    pub fn print_json(&self, view: &impl Serialize) -> Result<(), Complaint> {
        self.print(&(serde_json::to_string_pretty(view).expect("views have text keys only") + "\n"))
    }

    /// There is a person who can be asked.
    pub fn can_ask(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks on standard error; what was typed, without white space around it. Empty at the end of the input.
    pub fn ask(&self, question: &str) -> String {
        let _ = write!(anstream::stderr(), "{question} ").and_then(|()| anstream::stderr().flush());
        let mut answer = String::new();
        let _ = io::stdin().read_line(&mut answer);
        answer.trim().to_owned()
    }

    /// Words beside the result: on standard error, so that they never mix with what a script reads.
    pub fn note(&self, text: &str) {
        let line = if self.json { serde_json::json!({ "note": text }).to_string() } else { text.to_owned() };
        let _ = writeln!(anstream::stderr(), "{line}");
    }

    /// Help and the like: text that is itself the answer.
    pub fn tell(&self, text: &str) -> ExitCode {
        match self.print(text) {
            Ok(()) => Exit::Done.into(),
            Err(complaint) => self.complain(&complaint),
        }
    }

    pub fn complain(&self, complaint: &Complaint) -> ExitCode {
        let text = if self.json { complaint.json() + "\n" } else { complaint.to_string() };
        let _ = write!(anstream::stderr(), "{text}");
        complaint.exit.into()
    }
}
