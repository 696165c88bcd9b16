//! Conflict copies, differences between versions, and who wrote what.

use super::file::diff_lines;
use super::ink::{Ink, bad, dim, name};
use super::table::{Table, cell, column};
use super::words::{aside, clock, cut, hanging, plural, safe};
use super::{Look, Page};
use show_protocol::{
    BlameView, ClashView, ConflictLine, ConflictView, ConflictsView, DiffView, Fit, PartView, RevisionView,
};

/// Lines of a part that are shown; the whole is in the JSON, and in the texts.
const PART_LINES_MAX: usize = 6;
/// The same of a long paragraph.
const VALUE_LINES_MAX: usize = 3;

impl Page for ConflictsView {
    fn page(&self, look: &Look) -> String {
        if self.conflicts.is_empty() {
            return format!("{}\n", Ink::Good.paint("no conflict copies"));
        }
        let mut out = String::new();
        for (at, conflict) in self.conflicts.iter().enumerate() {
            if at > 0 {
                out.push('\n');
            }
            out.push_str(&about(conflict, look));
        }
        if let Some(next) = &self.next {
            out.push_str(&aside(&format!("more: --after {next}"), 0, look.width));
        }
        if self.conflicts.iter().any(|conflict| conflict.is_open) {
            let hint =
                "\"showctl resolve COPY\" shows what differs and asks; or say --ours, --theirs, --merged, --edit";
            out.push_str(&aside(hint, 0, look.width));
        }
        out
    }
}

/// One conflict without its texts.
fn about(conflict: &ConflictLine, look: &Look) -> String {
    let mut out: String =
        hanging("", "", &conflict.file, look.width).lines().map(|line| format!("{}\n", name(line))).collect();
    out.push_str(&hanging("  copy: ", &dim("  copy: "), &conflict.copy, look.width));
    let device = conflict.device.as_ref().map(|device| format!(", device {device}")).unwrap_or_default();
    let since = format!("{}{device}, as its name says", conflict.set_aside);
    out.push_str(&hanging("  set aside: ", &dim("  set aside: "), &since, look.width));
    let (head, ink) = if conflict.is_open { ("  left: ", Ink::Warm) } else { ("  now: ", Ink::Busy) };
    out.push_str(&hanging(head, &ink.paint(head), &conflict.text, look.width));
    match conflict.fit {
        Fit::Clean if conflict.is_open => {
            let text = "both edits fit together: --merged makes them one";
            out.push_str(&hanging("  merge: ", &Ink::Good.paint("  merge: "), text, look.width));
        }
        Fit::Unknown if !conflict.why.is_empty() && conflict.why != conflict.text => {
            out.push_str(&hanging("  merge: ", &dim("  merge: "), &conflict.why, look.width));
        }
        Fit::Clean | Fit::Unknown | Fit::Unclean => {}
    }
    for place in &conflict.places {
        out.push_str(&clash(place, look));
    }
    out
}

fn clash(place: &ClashView, look: &Look) -> String {
    let mut out = hanging("  ! ", &bad("  ! "), &place.text, look.width);
    for (word, part, ink) in
        [("base", &place.base, Ink::Dim), ("ours", &place.ours, Ink::Plain), ("theirs", &place.theirs, Ink::Plain)]
    {
        out.push_str(&side(word, part, ink, look));
    }
    out
}

/// `    theirs 14  duration: 0:50`
fn side(word: &str, part: &PartView, ink: Ink, look: &Look) -> String {
    let head = |number: &str| format!("    {word:<6} {number:>4}  ");
    let lines: Vec<&str> = part.text.lines().collect();
    if lines.is_empty() {
        return format!("{}{}\n", dim(&head("")), dim("nothing"));
    }
    let mut out = String::new();
    for (at, line) in lines.iter().take(PART_LINES_MAX).enumerate() {
        let head = if at == 0 { head(&part.line.to_string()) } else { " ".repeat(head("").len()) };
        let room = look.width.saturating_sub(head.len()).max(8);
        let shown = cut(safe(line).trim_end(), room * VALUE_LINES_MAX);
        let wrapped = hanging(&head, &dim(&head), &shown, look.width);
        out.push_str(&if ink == Ink::Plain {
            wrapped
        } else {
            wrapped.lines().map(|line| format!("{}\n", ink.paint(line))).collect()
        });
    }
    if lines.len() > PART_LINES_MAX {
        let more = plural((lines.len() - PART_LINES_MAX) as u64, "more line");
        out.push_str(&format!("{}{}\n", " ".repeat(head("").len()), dim(&more)));
    }
    out
}

impl Page for ConflictView {
    fn page(&self, look: &Look) -> String {
        format!("{}\n{}", about(&self.conflict, look), diff_lines(&self.diff))
    }
}

impl Page for DiffView {
    fn page(&self, look: &Look) -> String {
        let side = |one: &RevisionView| {
            let now = if one.current { ", as it is now" } else { "" };
            let at = clock(one.at_ms, look.now_ms, &look.zone);
            format!("revision {} of {at} by {}{now}", one.revision, one.origin)
        };
        let head = hanging("from ", &dim("from "), &side(&self.from), look.width)
            + &hanging("to   ", &dim("to   "), &side(&self.to), look.width);
        let same = if self.diff.is_empty() { "nothing differs\n" } else { "" };
        head + same + &diff_lines(&self.diff)
    }
}

impl Page for BlameView {
    fn page(&self, look: &Look) -> String {
        let mut out = format!("{}\n", name(&safe(&self.file)));
        if self.lines.is_empty() {
            out.push_str("no front matter and no cue\n");
            return out;
        }
        let mut table = Table::new([
            column("LINE").right(),
            column("WHAT").wrap_to(14),
            column("VALUE").cut_to(14),
            column("REV").right(),
            column("WHEN").goes(1),
            column("BY").wrap_to(12),
        ]);
        for line in &self.lines {
            let what = line.cue.as_ref().map_or_else(|| line.name.clone(), |cue| format!("{cue}: {}", line.name));
            let revision = if line.is_oldest { format!("≤{}", line.revision) } else { line.revision.to_string() };
            table.row([
                cell(line.line).ink(Ink::Dim),
                cell(what).ink(Ink::Name),
                cell(line.value.lines().next().unwrap_or_default()),
                cell(revision),
                cell(clock(line.at_ms, look.now_ms, &look.zone)),
                cell(&line.origin),
            ]);
        }
        out.push_str(&table.draw(look.width, 2));
        let hint = if self.lines.iter().any(|line| line.is_oldest) { "≤: nothing older is kept; " } else { "" };
        out + &aside(&format!("{hint}\"showctl diff PATH REV\" shows what came since"), 0, look.width)
    }
}
