//! The daemon itself, its configuration, locks and proposals.

use super::file::diff_lines;
use super::ink::{Ink, dim, name};
use super::job::older;
use super::table::{Table, cell, column};
use super::words::{aside, hanging, plural, span, width};
use super::{Look, Page};
use show_protocol::{
    AddedIgnores, ConfigView, DoctorView, DoneView, FindingView, Health, IgnoresView, LockKind, LockView, LocksView,
    ProposalLine, ProposalState, ProposalView, ProposalsView, SweptView, VersionView, size,
};

impl Page for DoneView {
    fn page(&self, _: &Look) -> String {
        String::new()
    }
}

impl Page for VersionView {
    fn page(&self, look: &Look) -> String {
        let protocols: Vec<_> = self.protocols.iter().map(ToString::to_string).collect();
        let entry = |head: &str, text: &str| format!("  {} {text}\n", dim(&format!("{head:<9}")));
        format!("{} on {}\n", name(&format!("showd {}", self.version)), self.host)
            + &entry("up", &format!("{} (process {})", span(look.now_ms - self.started_at_ms), self.pid))
            + &entry("protocol", &protocols.join(", "))
            + &entry("store", &format!("schema {}, epoch {}", self.schema, self.epoch))
            + &entry("state", &self.state_dir)
            + &entry("socket", &self.socket)
    }
}

impl Page for DoctorView {
    fn page(&self, look: &Look) -> String {
        let about_width = self.findings.iter().map(|finding| width(&finding.about)).max().unwrap_or(0);
        let mut out = String::new();
        let mut before = "";
        for FindingView { about, health, text, hint } in &self.findings {
            let (word, ink) = match health {
                Health::Good => ("  ok ", Ink::Good),
                Health::Warning => ("   ! ", Ink::Warm),
                Health::Bad => ("  no ", Ink::Bad),
            };
            let about_once = if about == before { "" } else { about };
            before = about;
            let pad = " ".repeat(about_width - width(about_once));
            let head = format!("{word} {about_once}{pad}  ");
            let painted = format!("{} {}{pad}  ", ink.paint(word), name(about_once));
            out.push_str(&hanging(&head, &painted, text, look.width));
            if !hint.is_empty() {
                let head = format!("{}hint: ", " ".repeat(width(word) + about_width + 3));
                out.push_str(&hanging(&head, &dim(&head), hint, look.width));
            }
        }
        let to_look_at = self.findings.iter().filter(|finding| finding.health != Health::Good).count() as u64;
        out.push('\n');
        out.push_str(&match to_look_at {
            0 => format!("{}\n", Ink::Good.paint("everything is as it should be")),
            number => format!("{} to look at\n", Ink::Warm.paint(&plural(number, "thing"))),
        });
        out
    }
}

impl Page for IgnoresView {
    fn page(&self, look: &Look) -> String {
        let mut out = String::new();
        for AddedIgnores { folder, lines, .. } in &self.folders {
            let what = if lines.is_empty() { "nothing is missing in" } else { "added to" };
            out.push_str(&hanging("", "", &format!("{what} the .stignore of \"{folder}\""), look.width));
            for line in lines {
                out.push_str(&format!("  {line}\n"));
            }
        }
        if self.folders.iter().any(|folder| !folder.lines.is_empty()) {
            out.push_str(&aside(
                "the other devices have a .stignore of their own: add the lines there too",
                0,
                look.width,
            ));
        }
        out
    }
}

impl Page for ConfigView {
    fn page(&self, _: &Look) -> String {
        let from =
            self.file.as_deref().map_or("no configuration file: the defaults".into(), |file| format!("from {file}"));
        format!("{}\n{}", dim(&format!("# {from}")), self.toml)
    }
}

impl Page for SweptView {
    fn page(&self, look: &Look) -> String {
        let counts = [(self.revisions, "version"), (self.results, "result"), (self.builds, "build")];
        let mut gone: Vec<String> =
            counts.iter().filter(|(number, _)| *number > 0).map(|(number, word)| plural(*number, word)).collect();
        if self.proposals > 0 {
            gone.push(plural(self.proposals, "settled proposal"));
        }
        gone.push(plural(self.blobs, "text"));
        let last = gone.pop().unwrap_or_default();
        let gone = if gone.is_empty() { last } else { format!("{} and {last}", gone.join(", ")) };
        let (verb, free) = if self.dry_run { ("would go", "would be free") } else { ("are gone", "are free again") };
        let archive = &self.archive;
        let text = if self.revisions + self.results + self.builds + self.proposals + self.blobs == 0 {
            "nothing has been kept long enough to go.".to_owned()
        } else {
            format!("{gone} {verb}; {} {free}.", size(self.bytes))
        };
        let holds = if self.dry_run && self.blobs > 0 { "would hold" } else { "holds" };
        let left = plural(archive.blobs, "text");
        let text =
            format!("{text} The archive {holds} {left} in {} of {}.", size(archive.bytes), size(archive.bytes_max));
        hanging("", "", &text, look.width)
    }
}

impl Page for LocksView {
    fn page(&self, look: &Look) -> String {
        if self.locks.is_empty() { "nothing is kept\n".into() } else { lock_table(&self.locks, look, 0) }
    }
}

impl Page for LockView {
    fn page(&self, look: &Look) -> String {
        let until = self.until_at_ms.map(|until| format!(", for {} unless renewed", span(until - look.now_ms)));
        let lock = self.lock.map(|lock| format!(" {lock}")).unwrap_or_default();
        let head = format!("{}{lock} on ", self.kind);
        let mut out = hanging(&head, &head, &format!("{}{}", self.file, until.unwrap_or_default()), look.width);
        if !self.exists {
            let meant = self.nearest.as_ref().map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            let text = format!("nothing is there yet: it counts for a file of exactly this name{meant}");
            out.push_str(&hanging("note: ", &Ink::Warm.paint("note: "), &text, look.width));
        }
        out
    }
}

/// A row per lock, hold, and file of a running attempt.
pub fn lock_table(locks: &[LockView], look: &Look, indent: usize) -> String {
    if locks.is_empty() {
        return String::new();
    }
    let mut table = Table::new([
        column("KIND"),
        column("FILE").wrap_to(20),
        column("BY").cut_to(8),
        column("FOR").right(),
        column("LEFT").right().goes(2),
        column("WHY").wrap_to(10).goes(1),
    ]);
    for lock in locks {
        let ink = if matches!(lock.kind, LockKind::Hold | LockKind::Lock) { Ink::Warm } else { Ink::Dim };
        table.row([
            cell(lock.kind).ink(ink),
            cell(if lock.exists { lock.file.clone() } else { format!("{} (nothing there)", lock.file) }),
            cell(&lock.owner),
            cell(span(look.now_ms - lock.since_at_ms)),
            cell(lock.until_at_ms.map(|until| span(until - look.now_ms)).unwrap_or_default()),
            cell(&lock.why),
        ]);
    }
    table.draw(look.width, indent)
}

impl Page for ProposalsView {
    fn page(&self, look: &Look) -> String {
        if self.proposals.is_empty() {
            return "no proposals\n".into();
        }
        let hint = "\"showctl proposals ID\" shows one, \"accept ID\" or \"reject ID\" decides";
        proposal_table(&self.proposals, look, 0) + &older(self.next.as_ref(), look) + &aside(hint, 0, look.width)
    }
}

/// A row per proposal.
pub fn proposal_table(proposals: &[ProposalLine], look: &Look, indent: usize) -> String {
    if proposals.is_empty() {
        return String::new();
    }
    let mut table = Table::new([
        column("ID").right(),
        column("STATE").wrap_to(10),
        column("CODE").cut_to(8).goes(1),
        column("FILE").wrap_to(20),
        column("WOULD").wrap_to(20),
    ]);
    for proposal in proposals {
        let ink = match proposal.state {
            ProposalState::Open => Ink::Warm,
            ProposalState::Accepted | ProposalState::Published => Ink::Good,
            ProposalState::Rejected | ProposalState::Stale => Ink::Dim,
        };
        table.row([
            cell(proposal.proposal).ink(Ink::Name),
            cell(decided(proposal)).ink(ink),
            cell(&proposal.code),
            cell(&proposal.file),
            cell(&proposal.summary),
        ]);
    }
    table.draw(look.width, indent)
}

/// What has become of it, and by whom: `rejected by pat`, `published, accepted by pat`.
fn decided(proposal: &ProposalLine) -> String {
    match (&proposal.state, &proposal.decided_by) {
        (state, None) => state.to_string(),
        (state @ ProposalState::Published, Some(who)) => format!("{state}, accepted by {who}"),
        (state, Some(who)) => format!("{state} by {who}"),
    }
}

impl Page for ProposalView {
    fn page(&self, look: &Look) -> String {
        let line = &self.proposal;
        let title = format!("proposal {} {}: ", line.proposal, decided(line));
        let painted = format!("{} {}: ", name(&format!("proposal {}", line.proposal)), decided(line));
        let head = hanging(&title, &painted, &line.summary, look.width);
        let about = format!("{} for {}, proposed by {}", line.code, line.file, line.step);
        let by = aside(&about, 0, look.width);
        let setting = match line.setting.as_str() {
            "" => String::new(),
            setting => aside(&format!("the setting {setting} says what becomes of such a finding"), 0, look.width),
        };
        format!("{head}{by}{setting}{}", diff_lines(&self.diff))
    }
}
