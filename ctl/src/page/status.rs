//! The page a producer looks at an hour before air.

use super::episode::{headline, overview, what_holds_up};
use super::ink::{Ink, bad, dim, name};
use super::job::job_table;
use super::rest::lock_table;
use super::table::{Table, cell, column};
use super::words::{aside, clock, hanging, plural, span};
use super::{Look, Page};
use show_protocol::{LeftOutFile, NoticeView, PoolView, ShareState, ShareView, SharesView, StatusView, size};

impl Page for StatusView {
    fn page(&self, look: &Look) -> String {
        let look = &Look { now_ms: self.now_at_ms, ..look.clone() };
        let server = &self.server;
        let up = span(self.now_at_ms - server.started_at_ms);
        let mut out = format!(
            "{} on {}, up {up}, {}\n",
            name(&format!("showd {}", server.version)),
            server.host,
            dim(&clock(self.now_at_ms, self.now_at_ms, &look.zone)),
        );
        out.push_str(&shares(&self.shares, look));
        for NoticeView { text, hint } in &self.notices {
            out.push_str(&hanging("  ! ", &Ink::Warm.paint("  ! "), text, look.width));
            if !hint.is_empty() {
                out.push_str(&hanging("    hint: ", &dim("    hint: "), hint, look.width));
            }
        }
        out.push('\n');
        if self.episodes.is_empty() {
            out.push_str("no episodes yet; make one with \"showctl episode new\"\n");
        } else {
            out.push_str(&overview(&self.episodes, look));
            let more = u64::from(self.episodes_total).saturating_sub(self.episodes.len() as u64);
            out.push_str(&and_more(more, "episode", "showctl episodes"));
            for episode in &self.episodes {
                let holds = what_holds_up(episode, look);
                if !holds.is_empty() {
                    out.push_str(&format!("\n{}{holds}", headline(episode, look)));
                }
            }
        }
        section(&mut out, "Running", Ink::Busy, &job_table(&self.running, look, true));
        section(&mut out, "Failed", Ink::Bad, &job_table(&self.failed, look, true));
        let failed_more = u64::from(self.jobs.failed).saturating_sub(self.failed.len() as u64);
        if !self.failed.is_empty() {
            out.push_str(&and_more(failed_more, "failed job", "showctl jobs --state failed"));
            out.push_str(&aside("\"showctl why JOB\" explains, \"showctl requeue JOB\" tries again", 2, look.width));
        }
        section(&mut out, "Kept by people and scripts", Ink::Warm, &lock_table(&self.locks, look, 2));
        section(&mut out, "Left out", Ink::Plain, &left_out(&self.left_out, look));
        let out_more = u64::from(self.left_out_total).saturating_sub(self.left_out.len() as u64);
        out.push_str(&and_more(out_more, "file", "showctl left-out"));
        out.push('\n');
        out.push_str(&last_lines(self, look));
        out
    }
}

impl Page for SharesView {
    fn page(&self, look: &Look) -> String {
        shares(&self.shares, look)
    }
}

fn section(out: &mut String, head: &str, ink: Ink, body: &str) {
    if !body.is_empty() {
        out.push_str(&format!("\n{}\n{body}", ink.paint(head)));
    }
}

fn and_more(more: u64, word: &str, command: &str) -> String {
    if more == 0 {
        String::new()
    } else {
        format!("{}\n", dim(&format!("  and {} more: {command}", plural(more, word))))
    }
}

fn shares(shares: &[ShareView], look: &Look) -> String {
    let mut out = String::new();
    for share in shares {
        let (word, ink) = match share.state {
            ShareState::Watching => ("watching", Ink::Good),
            ShareState::Scanning => ("scanning", Ink::Busy),
            ShareState::Polling => ("looking from time to time only", Ink::Warm),
            ShareState::Away => ("AWAY: nothing is done until it is back", Ink::Bad),
        };
        let files = plural(share.files, "file");
        let read_only = if share.read_only { bad(", read only") } else { String::new() };
        out.push_str(&format!(
            "  {}  {}  {}, {}{read_only}\n",
            name(&share.share),
            share.root,
            dim(&files),
            ink.paint(word)
        ));
        if !share.note.is_empty() {
            out.push_str(&hanging("    ", "    ", &share.note, look.width));
        }
    }
    out
}

/// Files that were left out and why.
pub fn left_out(files: &[LeftOutFile], look: &Look) -> String {
    if files.is_empty() {
        return String::new();
    }
    let mut table = Table::new([column("FILE").wrap_to(24), column("WHY").wrap_to(14), column("BY").cut_to(8).goes(1)]);
    for file in files {
        let by = if file.steps.is_empty() { "every step".into() } else { file.steps.join(", ") };
        let note = if file.note.is_empty() { String::new() } else { format!(": {}", file.note) };
        table.row([cell(&file.file), cell(format!("{}{note}", file.reason)).ink(Ink::Warm), cell(by).ink(Ink::Dim)]);
    }
    table.draw(look.width, 2)
}

/// How busy it is, and what waits for a person.
fn last_lines(view: &StatusView, look: &Look) -> String {
    let jobs = &view.jobs;
    let mut parts = Vec::new();
    for (number, word) in [(jobs.waiting, "waiting"), (jobs.running, "running"), (jobs.changing, "changing")] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    let work = if parts.is_empty() { "nothing is waiting or running".into() } else { parts.join(", ") };
    let pools: Vec<_> = view.pools.iter().filter(|pool| pool.used > 0 || pool.waiting > 0).map(pool_words).collect();
    let pools = if pools.is_empty() { String::new() } else { format!("; {}", pools.join(", ")) };
    let mut out = String::new();
    out.push_str(&aside(&format!("{work}{pools}"), 0, look.width));
    let archive = &view.archive;
    if archive.blobs > 0 {
        let text = format!("the archive holds {} of {}", size(archive.bytes), size(archive.bytes_max));
        out.push_str(&aside(&text, 0, look.width));
    }
    if view.proposals_open > 0 {
        let text = plural(u64::from(view.proposals_open), "proposal");
        out.push_str(&format!("{} for a yes or no: showctl proposals\n", Ink::Warm.paint(&format!("{text} waiting"))));
    }
    if view.conflicts > 0 {
        let text = plural(u64::from(view.conflicts), "conflict copy").replace("copys", "copies");
        let text = format!("{text} for a person to settle: showctl conflicts");
        let text = hanging("", "", &text, look.width);
        out.push_str(&text.lines().map(|line| bad(line) + "\n").collect::<String>());
    }
    out
}

fn pool_words(pool: &PoolView) -> String {
    let waiting = if pool.waiting > 0 { format!(" ({} waiting)", pool.waiting) } else { String::new() };
    format!("{} {} of {}{waiting}", pool.pool, pool.used, pool.capacity)
}
