//! Jobs: tables, one of them, and why.

use super::file::diagnostic_lines;
use super::ink::{Ink, dim, name};
use super::table::{Cell, Table, cell, column};
use super::words::{aside, clock, hanging, plural, safe, span, took, width};
use super::{Look, Page};
use show_protocol::{
    AttemptView, BlockerView, IdsView, JobLine, JobRef, JobState, JobView, JobsView, KeyChange, WaitedView,
    WhyFileView, WhyView, size,
};

/// What a state means for the eye.
pub fn state_ink(state: JobState) -> Ink {
    match state {
        JobState::Waiting | JobState::NotNeeded | JobState::UpToDate => Ink::Dim,
        JobState::Running | JobState::Stopping | JobState::Publishing => Ink::Busy,
        JobState::Retrying | JobState::SucceededWithErrors | JobState::Unavailable | JobState::Canceled => Ink::Warm,
        JobState::Succeeded => Ink::Good,
        JobState::Failed => Ink::Bad,
    }
}

/// The state in words short enough for a table.
pub fn state_word(state: JobState) -> &'static str {
    match state {
        JobState::SucceededWithErrors => "with errors",
        JobState::UpToDate => "up to date",
        JobState::NotNeeded => "not needed",
        state => state.word(),
    }
}

fn state_cell(job: &JobLine) -> Cell {
    let percent = job.percent.filter(|_| job.state == JobState::Running);
    let word = percent.map_or_else(|| state_word(job.state).into(), |percent| format!("running {percent} %"));
    cell(word).ink(state_ink(job.state))
}

/// The element, a file as seen from its episode.
pub fn element(job: &JobLine) -> &str {
    job.element.strip_prefix(job.subject.as_str()).unwrap_or(&job.element)
}

/// The element for a table: notes go by their names, since nearly all lie in one folder.
pub fn short_element(job: &JobLine) -> &str {
    let element = element(job);
    element.strip_prefix("rundown/").unwrap_or(element)
}

/// A row per job. `where_` names the episode too.
pub fn job_table(jobs: &[JobLine], look: &Look, where_: bool) -> String {
    if jobs.is_empty() {
        return String::new();
    }
    let mut table = Table::new([
        column("JOB").right(),
        column("OF").goes(3),
        column("STEP"),
        column("ELEMENT").cut_to(12).goes(4),
        column("STATE"),
        column("FOR").right().goes(2),
        column("WHAT").wrap_to(20),
    ]);
    for job in jobs {
        let episode = job.episode.as_deref().unwrap_or(&job.subject);
        table.row([
            cell(job.job).ink(Ink::Name),
            cell(if where_ { episode } else { "" }),
            cell(&job.step),
            cell(short_element(job)).ink(Ink::Dim),
            state_cell(job),
            cell(span(look.now_ms - job.since_at_ms)).ink(Ink::Dim),
            // What failed is said in full, as far as that goes.
            cell(&job.message).lines(if job.state == JobState::Failed { 4 } else { 2 }),
        ]);
    }
    table.draw(look.width, if where_ { 0 } else { 2 })
}

impl Page for JobsView {
    fn page(&self, look: &Look) -> String {
        let table = if self.jobs.is_empty() { "no jobs\n".into() } else { job_table(&self.jobs, look, true) };
        table + &older(self.next.as_ref(), look)
    }
}

/// How to see the next page, where there is one.
pub fn older(next: Option<&String>, look: &Look) -> String {
    next.map(|next| aside(&format!("older ones: --after {next}"), 0, look.width)).unwrap_or_default()
}

/// Below a page of jobs: how many it leaves out unless asked. Empty when there are none.
pub fn nothing_to_do_line(number: u32, look: &Look) -> String {
    match number {
        0 => String::new(),
        number => {
            let text = format!("{} had nothing to do; --all shows them too", plural(number.into(), "job"));
            aside(&text, 0, look.width)
        }
    }
}

/// `job 47 compile of 0900`.
fn title(job: &JobLine) -> String {
    let element = if job.element.is_empty() { String::new() } else { format!(" {}", element(job)) };
    let of = job.episode.as_deref().unwrap_or(&job.subject);
    format!("{} {}{element} of {of}", name(&format!("job {}", job.job)), name(&job.step))
}

fn headline(job: &JobLine, look: &Look) -> String {
    let percent = job.percent.filter(|_| job.state == JobState::Running).map(|percent| format!(" {percent} %"));
    let state = format!("{}{}", state_word(job.state), percent.unwrap_or_default());
    let since = clock(job.since_at_ms, look.now_ms, &look.zone);
    let (title, state) = (title(job), format!("{} since {since}", state_ink(job.state).paint(&state)));
    let plain = anstream::adapter::strip_str(&format!("{title}: {state}")).to_string();
    let gap = if width(&plain) <= look.width { " " } else { "\n  " };
    format!("{title}:{gap}{state}\n")
}

impl Page for JobView {
    fn page(&self, look: &Look) -> String {
        let job = &self.job;
        let mut out = headline(job, look);
        let mut entry = |head: &str, text: &str| {
            if !text.is_empty() {
                let head = format!("  {head:<10} ");
                out.push_str(&hanging(&head, &dim(&head), text, look.width));
            }
        };
        entry("message", &job.message);
        let by = self.asked_by.as_ref().map(|who| format!(", asked for by {who}")).unwrap_or_default();
        entry("build", &format!("{} of {}: {}{by}", job.build, job.pipeline, self.cause));
        let pairs = |pairs: &[show_protocol::NameValue]| {
            pairs.iter().map(|pair| format!("{}={}", pair.name, pair.value)).collect::<Vec<_>>().join(", ")
        };
        entry("parameters", &pairs(&self.parameters));
        entry("needs", &refs(&self.needs));
        entry("after", &refs(&self.after));
        entry("needed by", &refs(&self.needed_by));
        entry("edits", &self.edits.join(", "));
        entry("facts", &pairs(&self.facts));
        let pools: Vec<_> = self.pools.iter().map(|pool| format!("{} × {}", pool.slots, pool.pool)).collect();
        entry("takes", &[pools, vec![format!("at most {}", span(self.timeout_ms as i64))]].concat().join(", "));
        entry("key", self.key.as_deref().unwrap_or_default());
        for note in &self.notes {
            entry("note", note);
        }
        let mut section = |head: &str, body: &str| {
            if !body.is_empty() {
                out.push_str(&format!("\n{}\n{body}", name(head)));
            }
        };
        section("Attempts", &attempts(&self.attempts, look));
        let outputs = self.outputs.iter().map(|output| {
            let note = if output.in_place { size(output.bytes) } else { "not in place".into() };
            format!("  {}  {}\n", output.path, dim(&note))
        });
        section("Makes", &outputs.collect::<String>());
        section("Found", &diagnostic_lines(&self.diagnostics, "", look));
        out
    }
}

fn refs(refs: &[JobRef]) -> String {
    let one = |job: &JobRef| {
        let element = if job.element.is_empty() { String::new() } else { format!(" {}", job.element) };
        format!("{} {}{element} ({})", job.job, job.step, state_word(job.state))
    };
    refs.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn attempts(attempts: &[AttemptView], look: &Look) -> String {
    if attempts.is_empty() {
        return String::new();
    }
    let mut table = Table::new([
        column("ATTEMPT").right(),
        column("BEGAN"),
        column("TOOK").right(),
        column("OUTCOME"),
        column("WHY").wrap_to(16),
    ]);
    for attempt in attempts {
        let end = attempt.ended_at_ms.unwrap_or(look.now_ms);
        let (outcome, ink) = match attempt.outcome.as_str() {
            "running" => ("running", Ink::Busy),
            "succeeded" => ("succeeded", Ink::Good),
            outcome => (outcome, Ink::Warm),
        };
        table.row([
            cell(attempt.attempt),
            cell(clock(attempt.started_at_ms, look.now_ms, &look.zone)),
            cell(took(end - attempt.started_at_ms)),
            cell(outcome).ink(ink),
            cell(&attempt.why),
        ]);
    }
    table.draw(look.width, 2)
}

impl Page for WhyView {
    fn page(&self, look: &Look) -> String {
        let mut out = headline(&self.job, look);
        out.push_str(&hanging("  ", "  ", &self.text, look.width));
        if !self.blockers.is_empty() {
            out.push_str(&format!("\n{}\n", name("It waits for")));
            out.push_str(&blocker_lines(&self.blockers, look));
        }
        if !self.changed.is_empty() {
            out.push_str(&format!("\n{}\n", name("What changed since it last ran")));
            out.push_str(&change_lines(&self.changed, look));
        }
        if !self.last_words.is_empty() {
            out.push_str(&format!("\n{}\n", name("Its last words")));
            for line in &self.last_words {
                out.push_str(&format!("  {} {}\n", dim("|"), safe(line)));
            }
        }
        if !self.hint.is_empty() {
            out.push('\n');
            out.push_str(&hanging("  hint: ", &dim("  hint: "), &self.hint, look.width));
        }
        out
    }
}

impl Page for WhyFileView {
    fn page(&self, look: &Look) -> String {
        let mut out = hanging("", "", &self.text, look.width);
        if !self.blockers.is_empty() {
            out.push_str(&format!("\n{}\n", name("In the way")));
            out.push_str(&blocker_lines(&self.blockers, look));
        }
        if !self.jobs.is_empty() {
            out.push_str(&format!("\n{}\n", name("Waiting to be written")));
            out.push_str(&job_table(&self.jobs, look, false));
        }
        if self.proposals_open > 0 {
            let text = format!("{} for a yes or no", plural(u64::from(self.proposals_open), "proposal"));
            out.push_str(&format!("\n{}", hanging("", "", &text, look.width)));
        }
        if !self.hint.is_empty() {
            out.push('\n');
            out.push_str(&hanging("  hint: ", &dim("  hint: "), &self.hint, look.width));
        }
        out
    }
}

/// One line per thing in the way, and when it ends where that is known.
pub fn blocker_lines(blockers: &[BlockerView], look: &Look) -> String {
    let line = |blocker: &BlockerView| {
        let until = blocker.until_at_ms.map(|until| {
            let left = until - look.now_ms;
            if left >= 1_000 { format!(", {} to go", span(left)) } else { String::new() }
        });
        hanging("  - ", &Ink::Warm.paint("  - "), &(blocker.text.clone() + &until.unwrap_or_default()), look.width)
    };
    blockers.iter().map(line).collect()
}

/// `text info.md  changed`, digests shortened: they only say that something differs.
pub fn change_lines(changed: &[KeyChange], look: &Look) -> String {
    let short = |value: &str| {
        let is_digest = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_digest { value[..8].to_owned() } else { value.to_owned() }
    };
    let line = |change: &KeyChange| {
        let what = match (&change.before, &change.now) {
            (Some(before), Some(now)) => format!("{} → {}", short(before), short(now)),
            (None, Some(now)) => format!("new, {}", short(now)),
            (Some(before), None) => format!("gone, was {}", short(before)),
            (None, None) => String::new(),
        };
        hanging("  - ", "  - ", &format!("{}: {what}", change.part), look.width)
    };
    changed.iter().map(line).collect()
}

impl Page for WaitedView {
    fn page(&self, look: &Look) -> String {
        let mut parts = Vec::new();
        for (number, word, ink) in [
            (self.succeeded, "succeeded", Ink::Good),
            (self.with_errors, "with errors", Ink::Warm),
            (self.failed, "failed", Ink::Bad),
            (self.unfinished, "not ended", Ink::Warm),
        ] {
            if number > 0 {
                parts.push(ink.paint(&format!("{number} {word}")));
            }
        }
        let worth: Vec<JobLine> = self
            .jobs
            .iter()
            .filter(|job| !job.state.is_success() || job.state == JobState::SucceededWithErrors)
            .cloned()
            .collect();
        let line = if parts.is_empty() { "nothing left to do".into() } else { parts.join(", ") };
        format!("{}{line}\n", job_table(&worth, look, true))
    }
}

/// `requeued jobs 47 48`, or that there was nothing to do.
pub fn done_to(verb: &str, noun: &str, ids: &IdsView) -> String {
    let numbers: Vec<_> = ids.ids.iter().take(20).map(ToString::to_string).collect();
    match ids.ids.len() {
        0 => format!("no {noun}s were {verb}\n"),
        1 => format!("{verb} {noun} {}\n", numbers[0]),
        many if many > 20 => format!("{verb} {}: {} …\n", plural(many as u64, noun), numbers.join(" ")),
        _ => format!("{verb} {noun}s {}\n", numbers.join(" ")),
    }
}

/// What stands behind a progress bar: `43 probe SOTM… reading kettle-factory.mov`.
pub fn bar_text(job: &JobLine) -> String {
    let element = if job.element.is_empty() { String::new() } else { format!(" {}", element(job)) };
    let episode = job.episode.as_ref().map(|episode| format!(" {episode}")).unwrap_or_default();
    safe(&format!("{}{episode} {}{element}  {}", job.job, job.step, job.message))
}
