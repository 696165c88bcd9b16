//! What is wrong with a file, said so that a person can mend it.
//!
//! Owns the list of codes with their severities (spec 14 and 2.5), the shape of a diagnostic, and its picture for the
//! terminal. Which rule finds what is decided elsewhere. The picture comes in styled parts, so colour is the caller's.

mod code;
mod picture;

pub use code::{Code, Severity};
pub use picture::{Style, picture};

use crate::text::{LineIndex, Span};
use serde::{Deserialize, Serialize};

/// One finding in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    pub message: String,
    /// The next move, in words.
    #[serde(default)]
    pub hint: Option<String>,
    /// Share-relative or as the caller named it; filled by whoever knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The bytes meant, for the caret. Not on the wire: it is only true beside the very text.
    #[serde(skip)]
    pub span: Option<Span>,
}

impl Diagnostic {
    /// A finding about the bytes `span` of `text`, with the code's own severity.
    pub fn at(text: &str, index: &LineIndex, span: Span, code: Code, message: impl Into<String>) -> Self {
        let place = index.place(text, span.begin);
        Self { line: place.line, column: place.column, span: Some(span), ..Self::of_file(code, message) }
    }

    /// A finding about a file as a whole, or about one that cannot be read; at line 1, column 1.
    pub fn of_file(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            line: 1,
            column: 1,
            message: message.into(),
            hint: None,
            file: None,
            span: None,
        }
    }

    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    pub fn in_file(self, file: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..self }
    }
}

/// The order in which findings are shown: by file, place, then code.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| {
        (&a.file, a.line, a.column, a.code, &a.message).cmp(&(&b.file, b.line, b.column, b.code, &b.message))
    });
}
