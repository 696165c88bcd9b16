//! What went wrong, in the house style, and the exit codes that scripts can rely on.

use crate::page::ink;
use show_protocol::{Failure, Refusal, RefusalKind};
use std::fmt;
use std::process::ExitCode;

/// The exit codes. `lock -- COMMAND` returns the command's own instead, or 128 and the number of the signal it died of.
/// In order: of several, the greatest is the one to end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done as asked.
    Done = 0,
    /// A job failed, a check found errors, or the daemon's world failed while it tried.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// No daemon answers, or it went away.
    Unreachable = 3,
    /// The daemon understood and declined; nothing happened.
    Refused = 4,
    /// The time limit of a wait ran out.
    TimedOut = 124,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Something to tell a person before going: what, why, and the next move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    pub exit: Exit,
    /// What the daemon calls its refusal, where it was one.
    pub refused: Option<RefusalKind>,
    /// Lower case, the thing named; may have several lines.
    pub text: String,
    /// Outermost first.
    pub because: Vec<String>,
    /// May be empty.
    pub hint: String,
}

impl Complaint {
    pub fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, refused: None, text: text.into(), because: Vec::new(), hint: String::new() }
    }

    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.because.push(cause.into());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same for programs, on one line: `{"error":{"exit":4,"kind":"not_found","text":…,"because":[],"hint":…}}`.
    pub fn json(&self) -> String {
        let kind = match (self.exit, self.refused) {
            (Exit::TimedOut, _) => "timed_out".into(),
            (_, Some(kind)) => serde_json::json!(kind),
            (Exit::Usage, None) => "usage".into(),
            (Exit::Unreachable, None) => "unreachable".into(),
            (Exit::Refused, None) => serde_json::json!(RefusalKind::NotNow),
            (Exit::Done | Exit::Failed, None) => "failed".into(),
        };
        let Self { exit, text, because, hint, .. } = self;
        let error = serde_json::json!({
            "exit": *exit as u8, "kind": kind, "text": text.trim_end(), "because": because, "hint": hint,
        });
        serde_json::json!({ "error": error }).to_string()
    }
}

/// A usage error: exit code 2.
pub fn usage(text: impl Into<String>, hint: impl Into<String>) -> Complaint {
    Complaint::new(Exit::Usage, text).hint(hint)
}

/// An error and its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let all: Vec<_> = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
    all.join(": ")
}

impl From<Refusal> for Complaint {
    fn from(refusal: Refusal) -> Self {
        Self { refused: Some(refusal.kind), ..Self::new(Exit::Refused, refusal.text).hint(refusal.hint) }
    }
}

impl From<Failure> for Complaint {
    fn from(failure: Failure) -> Self {
        Self { because: failure.because, ..Self::new(Exit::Failed, failure.text).hint(failure.hint) }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", ink::bad("showctl:"), self.text.trim_end())?;
        for cause in &self.because {
            writeln!(f, "  {} {cause}", ink::dim("because:"))?;
        }
        for (at, line) in self.hint.lines().enumerate() {
            if at == 0 { writeln!(f, "  {} {line}", ink::dim("hint:"))? } else { writeln!(f, "        {line}")? }
        }
        Ok(())
    }
}
