//! People's files: diagnostics, history, changes, proposals' diffs.

use super::ink::{Ink, bad, dim, name};
use super::status::left_out;
use super::table::{Table, cell, column};
use super::words::{aside, clock, hanging, plural, safe};
use super::{Look, Page};
use show_protocol::{
    ChangeKind, ChangesView, ContentView, DiagnosticView, DiagnosticsView, HistoryView, LeftOutView, PublishedView,
    Severity, size,
};

pub fn severity_ink(severity: Severity) -> Ink {
    match severity {
        Severity::Error => Ink::Bad,
        Severity::Warning => Ink::Warm,
        Severity::Info => Ink::Dim,
    }
}

/// One paragraph per diagnostic, files as seen from `subject`.
pub fn diagnostic_lines(diagnostics: &[DiagnosticView], subject: &str, look: &Look) -> String {
    let mut out = String::new();
    for one in diagnostics {
        let file = one.file.strip_prefix(subject).unwrap_or(&one.file);
        let place = match (one.line, one.column) {
            (0, _) => file.to_owned(),
            (line, 0) => format!("{file}:{line}"),
            (line, column) => format!("{file}:{line}:{column}"),
        };
        let head = format!("  {} ", one.code);
        let painted = format!("  {} ", severity_ink(one.severity).paint(&one.code));
        out.push_str(&hanging(&head, &painted, &format!("{place}: {}", one.message), look.width));
        if !one.hint.is_empty() {
            out.push_str(&hanging("    hint: ", &dim("    hint: "), &one.hint, look.width));
        }
    }
    out
}

impl Page for DiagnosticsView {
    fn page(&self, look: &Look) -> String {
        let parts: Vec<_> = [(self.errors, "error"), (self.warnings, "warning"), (self.infos, "note")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| plural(u64::from(number), word))
            .collect();
        let total = if parts.is_empty() { Ink::Good.paint("nothing is wrong") } else { parts.join(", ") };
        let more = self.next.as_ref().map(|next| format!("{}\n", dim(&format!("more: --after {next}"))));
        format!("{}{total}\n{}", diagnostic_lines(&self.diagnostics, "", look), more.unwrap_or_default())
    }
}

impl Page for LeftOutView {
    fn page(&self, look: &Look) -> String {
        if self.files.is_empty() {
            return "nothing is left out\n".into();
        }
        let more = self.next.as_ref().map(|next| format!("{}\n", dim(&format!("more: --after {next}"))));
        left_out(&self.files, look) + &more.unwrap_or_default()
    }
}

impl Page for HistoryView {
    fn page(&self, look: &Look) -> String {
        let mut out = format!("{}\n", name(&self.file));
        if self.revisions.is_empty() {
            out.push_str("no versions are kept\n");
            return out;
        }
        let mut table = Table::new([
            column("REV").right(),
            column("WHEN"),
            column("SIZE").right(),
            column("BY").wrap_to(12),
            column("DIGEST").goes(1),
            column(""),
        ]);
        for revision in &self.revisions {
            table.row([
                cell(revision.revision).ink(Ink::Name),
                cell(clock(revision.at_ms, look.now_ms, &look.zone)),
                cell(size(revision.bytes)),
                cell(&revision.origin),
                cell(revision.digest.get(..12).unwrap_or(&revision.digest)).ink(Ink::Dim),
                match (revision.current, revision.kept) {
                    (true, _) => cell("as it is now").ink(Ink::Good),
                    (false, true) => cell(""),
                    (false, false) => cell("bytes not kept").ink(Ink::Dim),
                },
            ]);
        }
        out.push_str(&table.draw(look.width, 2));
        if let Some(next) = &self.next {
            out.push_str(&aside(&format!("older ones: --after {next}"), 0, look.width));
        }
        let hint = "\"showctl show PATH REV\" prints one, \"showctl restore PATH REV\" puts it back";
        out + &aside(hint, 0, look.width)
    }
}

/// Below what was said of a restored text: it is a text like any other now.
pub fn after_restore(file: &str, look: &Look) -> String {
    let text = "once it has been quiet, what is safe to repair in it is repaired again; to keep it as it is:";
    // What is to be typed is not broken.
    aside(text, 0, look.width) + &format!("  {}\n", dim(&format!("showctl hold \"{file}\"")))
}

impl Page for ContentView {
    /// The text and nothing else: it goes into a file or a pager.
    fn page(&self, _: &Look) -> String {
        self.text.clone()
    }
}

impl Page for PublishedView {
    fn page(&self, look: &Look) -> String {
        let state = if self.in_place { "" } else { "; written once the file is quiet and free" };
        hanging("", "", &format!("{}{state}", self.text), look.width)
    }
}

impl Page for ChangesView {
    fn page(&self, look: &Look) -> String {
        let mut out = String::new();
        for change in &self.changes {
            match (change.kind, &change.diff, &change.to) {
                (_, Some(diff), _) => out.push_str(&diff_lines(diff)),
                (ChangeKind::Rename, None, to) => {
                    let to = to.as_deref().unwrap_or("?");
                    let shared = change.file.rfind('/').map_or(0, |slash| slash + 1);
                    let to = if to.starts_with(&change.file[..shared]) { &to[shared..] } else { to };
                    out.push_str(&format!("{} {} → {to}\n", Ink::Warm.paint("rename"), change.file));
                }
                (kind, None, _) => {
                    let ink = if kind == ChangeKind::Remove { Ink::Bad } else { Ink::Good };
                    out.push_str(&format!("{} {}\n", ink.paint(kind.word()), change.file));
                }
            }
        }
        for note in &self.notes {
            out.push_str(&hanging("note: ", &Ink::Warm.paint("note: "), note, look.width));
        }
        let last = match (self.changes.is_empty(), self.applied) {
            (_, true) => self.text.clone(),
            (true, false) => "nothing to change".into(),
            (false, false) => format!("{}; nothing is done yet: add --apply", self.text),
        };
        out + &hanging("", "", &last, look.width)
    }
}

/// A unified diff in its usual colours.
pub fn diff_lines(diff: &str) -> String {
    let mut out = String::new();
    for line in diff.lines() {
        // A text with CR LF differs in its lines and not in their ends.
        let line = safe(line.strip_suffix('\r').unwrap_or(line));
        out.push_str(&match line.as_bytes().first() {
            _ if line.starts_with("+++") || line.starts_with("---") => name(&line),
            Some(b'+') => Ink::Good.paint(&line),
            Some(b'-') => bad(&line),
            Some(b'@') => Ink::Busy.paint(&line),
            _ => line,
        });
        out.push('\n');
    }
    out
}
