//! What reading alone finds wrong: the `FM_*` of the front matter, and the `CUE_*` of markers and field grammar.
//!
//! Whether a cue has what its type needs, and everything that takes knowledge of an episode, is found elsewhere.

use super::Document;
use crate::cue::{Cue, Dialect};
use crate::diagnostic::{Code, Diagnostic, sort};
use crate::front::{Front, Opening};
use crate::item::BlockKind;
use crate::text::{Span, line_end};
use std::collections::HashSet;

impl Document<'_> {
    /// A diagnostic about the bytes `span`.
    pub fn diagnostic(&self, span: Span, code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(self.text, self.lines(), span, code, message)
    }

    /// Everything that reading this file finds, by place: `FM_UNTERMINATED FM_BAD_LINE FM_DUPLICATE_KEY FM_INVALID_YAML
    /// CUE_DOUBLE_ANGLE CUE_FENCE CUE_UNTERMINATED CUE_STRAY_END CUE_TEXT_GLUED CUE_DUPLICATE_FIELD CUE_FIELD_SWALLOWED`.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        match &self.opening {
            Opening::None => {}
            Opening::Unterminated(opening) => found.push(
                self.diagnostic(*opening, Code::FmUnterminated, "the front matter is never closed")
                    .with_hint("end it with a line \"---\"; until then the file has no status and is not written"),
            ),
            Opening::Front(front) => self.front_diagnostics(front, &mut found),
        }
        for cue in &self.cues {
            self.cue_diagnostics(cue, &mut found);
        }
        for open in &self.unterminated {
            let hint = match open.closable {
                Some(_) => "it is safe to close behind its last field, and the step cue_repair does so",
                None => "put <!-- End Cue --> where the cue ends",
            };
            found.push(self.diagnostic(open.marker.span, Code::CueUnterminated, "Missing End Cue").with_hint(hint));
        }
        for block in &self.blocks {
            if let BlockKind::StrayEnd(marker) = block.kind {
                found.push(
                    self.diagnostic(marker.span, Code::CueStrayEnd, "End Cue without a Begin Cue")
                        .with_hint("remove the marker, or begin the cue"),
                );
            }
        }
        sort(&mut found);
        found
    }

    fn front_diagnostics(&self, front: &Front<'_>, found: &mut Vec<Diagnostic>) {
        for &line in &front.bad_lines {
            found.push(
                self.diagnostic(line.span(), Code::FmBadLine, "not a \"key: value\" line")
                    .with_hint("the other keys still count, but nothing is written into this front matter"),
            );
        }
        let mut seen = HashSet::new();
        for entry in &front.entries {
            if !seen.insert(entry.key.text.to_ascii_lowercase()) {
                found.push(
                    self.diagnostic(
                        entry.key.span(),
                        Code::FmDuplicateKey,
                        format!("the key {} stands here more than once; the last one counts", entry.key.text),
                    )
                    .with_hint("keep one of them"),
                );
            }
        }
        if let Some(rejection) = front.check_yaml() {
            let line = self.line(front.inside.begin) + rejection.line - 1;
            let begin = self.lines().begin_of(self.text, line).unwrap_or(front.inside.begin).min(front.close);
            let span = Span::new(begin, crate::text::chomp(&self.text[..line_end(self.text, begin)]).len());
            found.push(
                self.diagnostic(
                    span,
                    Code::FmInvalidYaml,
                    format!("other programs cannot read this: {}", rejection.why),
                )
                .with_hint("put the value in double quotes; here every line is read by itself all the same"),
            );
        }
    }

    fn cue_diagnostics(&self, cue: &Cue<'_>, found: &mut Vec<Diagnostic>) {
        match cue.dialect() {
            Dialect::DoubleAngle => found.push(
                self.diagnostic(cue.begin.span, Code::CueDoubleAngle, "marker with an angle too many")
                    .with_hint("it is written <!-- Begin Cue --> and <!-- End Cue -->"),
            ),
            Dialect::Fence => found.push(
                self.diagnostic(cue.begin.span, Code::CueFence, "a cue written as a code fence")
                    .with_hint("it is read like any other; new cues are written between Begin and End"),
            ),
            Dialect::Canonical | Dialect::Collapsed | Dialect::Loose => {}
        }
        for field in cue.duplicates() {
            let message = format!("the field {} is given twice; the first one counts", field.label.text);
            found.push(self.diagnostic(field.span, Code::CueDuplicateField, message));
        }
        for field in cue.fields() {
            if let Some(inner) = field.swallows() {
                let message = format!("the value of {} holds a line that looks like a field", field.label.text);
                found.push(
                    self.diagnostic(inner.span(), Code::CueFieldSwallowed, message)
                        .with_hint(format!("does the field {} end with \"]\" at the end of a line?", field.label.text)),
                );
            }
        }
        if !cue.glued.is_empty() {
            found.push(
                self.diagnostic(cue.glued.span(), Code::CueTextGlued, "text glued to the End marker")
                    .with_hint("it belongs on a line of its own, after a blank one"),
            );
        }
    }
}
