//! Builds, their graph drawn in text, and pipelines.

use super::ink::{Ink, dim, name};
use super::job::{nothing_to_do_line, older, short_element, state_ink, state_word};
use super::table::{Table, cell, column};
use super::words::{aside, clock, hanging, span, took};
use super::{Look, Page};
use show_protocol::{
    BuildLine, BuildView, BuildsView, Counts, JobLine, JobState, PipelineView, PipelinesView, StepView, SubmittedView,
};

impl Page for BuildsView {
    fn page(&self, look: &Look) -> String {
        if self.builds.is_empty() {
            return "no builds\n".into();
        }
        let mut table = Table::new([
            column("BUILD").right(),
            column("OF"),
            column("PIPELINE").goes(2),
            column("MADE").goes(1),
            column("STATE"),
            column("WHY").wrap_to(18),
        ]);
        for build in &self.builds {
            let (word, ink) = state_of(build);
            let by = build.asked_by.as_ref().map(|who| format!(" ({who})")).unwrap_or_default();
            table.row([
                cell(build.build).ink(Ink::Name),
                cell(build.episode.as_deref().unwrap_or(&build.subject)),
                cell(&build.pipeline),
                cell(clock(build.created_at_ms, look.now_ms, &look.zone)).ink(Ink::Dim),
                cell(word).ink(ink),
                cell(format!("{}{by}", build.cause)),
            ]);
        }
        table.draw(look.width, 0) + &older(self.next.as_ref(), look)
    }
}

/// The build as a whole.
fn state_of(build: &BuildLine) -> (String, Ink) {
    let Counts { failed, with_errors, canceled, running, waiting, changing, .. } = build.counts;
    match build.ended_at_ms {
        Some(_) if failed > 0 => (format!("{failed} failed"), Ink::Bad),
        Some(_) if canceled > 0 => ("canceled".into(), Ink::Warm),
        Some(_) if with_errors > 0 => ("with errors".into(), Ink::Warm),
        Some(_) => ("done".into(), Ink::Good),
        None if failed > 0 => (format!("{failed} failed"), Ink::Bad),
        None if running + changing > 0 => (format!("{} to go", running + changing + waiting), Ink::Busy),
        None => ("waiting".into(), Ink::Dim),
    }
}

/// A build as it is looked at: in brief, elements that had nothing to do are only counted.
pub struct BuildPage<'a> {
    pub view: &'a BuildView,
    pub is_brief: bool,
}

impl Page for BuildPage<'_> {
    fn page(&self, look: &Look) -> String {
        let BuildView { build, steps, jobs, next, .. } = self.view;
        let (word, ink) = state_of(build);
        let of = build.episode.as_deref().unwrap_or(&build.subject);
        let mut out = format!(
            "{} {} of {of}: {}\n",
            name(&format!("build {}", build.build)),
            name(&build.pipeline),
            ink.paint(&word)
        );
        let by = build.asked_by.as_ref().map(|who| format!(", asked for by {who}")).unwrap_or_default();
        let took = match build.ended_at_ms {
            Some(end) => format!("took {}", took(end - build.created_at_ms)),
            None => format!("{} so far", span(look.now_ms - build.created_at_ms)),
        };
        let made = clock(build.created_at_ms, look.now_ms, &look.zone);
        out.push_str(&hanging("  ", "  ", &format!("{}{by}; made {made}, {took}", build.cause), look.width));
        out.push('\n');
        let hides = |job: &JobLine| self.is_brief && job.state.had_nothing_to_do() && !job.element.is_empty();
        out.push_str(&graph(steps, jobs, hides, look));
        let hidden = jobs.iter().filter(|job| hides(job)).count();
        out.push_str(&nothing_to_do_line(u32::try_from(hidden).unwrap_or(u32::MAX), look));
        if let Some(next) = next {
            out.push_str(&aside(&format!("more jobs: --after {next}"), 0, look.width));
        }
        out
    }
}

/// A graph for a terminal: a step per line below the last of what it needs, its other needs beside it, soft ones in
/// brackets. The jobs of a step with elements follow below it, but for those that are hidden.
fn graph(steps: &[StepView], jobs: &[JobLine], hides: impl Fn(&JobLine) -> bool, look: &Look) -> String {
    let mut graph = Graph {
        steps,
        jobs,
        hides,
        table: Table::new([
            column("STEP").cut_to(22),
            column("JOB").right(),
            column("STATE"),
            column("ALSO AFTER").goes(1),
            column("WHAT").cut_to(24),
        ]),
    };
    for at in 0..steps.len() {
        if graph.parent(at).is_none() {
            graph.branch(at, "", "");
        }
    }
    // Jobs of steps that the pipeline no longer has.
    for job in jobs.iter().filter(|job| steps.iter().all(|step| step.step != job.step)) {
        graph.job(format!("{} {}", job.step, short_element(job)).trim_end(), job, "");
    }
    graph.table.draw(look.width, 0)
}

struct Graph<'a, H> {
    steps: &'a [StepView],
    jobs: &'a [JobLine],
    hides: H,
    table: Table,
}

impl<H: Fn(&JobLine) -> bool> Graph<'_, H> {
    /// The need that a step is drawn below: the last of its needs in pipeline order, so that lines run down.
    fn parent(&self, at: usize) -> Option<usize> {
        let place = |name: &String| self.steps[..at].iter().position(|step| step.step == *name);
        self.steps[at].needs.iter().filter_map(place).max()
    }

    /// A step and all below it. `before` stands before its own name, `below` before the lines under it.
    fn branch(&mut self, at: usize, before: &str, below: &str) {
        let step = &self.steps[at];
        let above = self.parent(at).map(|above| self.steps[above].step.as_str());
        let mut others: Vec<String> = step.needs.iter().filter(|need| Some(need.as_str()) != above).cloned().collect();
        others.extend(step.after.iter().map(|after| format!("[{after}]")));
        let others = others.join(" ");
        let own: Vec<&JobLine> = self.jobs.iter().filter(|job| job.step == step.step).collect();
        let children: Vec<usize> = (at + 1..self.steps.len()).filter(|&child| self.parent(child) == Some(at)).collect();
        let head = format!("{before}{}", step.step);
        match own.as_slice() {
            [job] if job.element.is_empty() => self.job(&head, job, &others),
            jobs => self.step(&head, jobs, &others, step),
        }
        let stem = if children.is_empty() { "  " } else { "│ " };
        for job in own {
            if job.element.is_empty() || (self.hides)(job) {
                continue;
            }
            self.job(&format!("{below}{stem}· {}", short_element(job)), job, "");
        }
        for (place, child) in children.iter().enumerate() {
            let is_last = place + 1 == children.len();
            let (turn, line) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.branch(*child, &format!("{below}{turn}"), &format!("{below}{line}"));
        }
    }

    fn job(&mut self, head: &str, job: &JobLine, others: &str) {
        let state = match job.percent {
            Some(percent) if job.state == JobState::Running => format!("running {percent} %"),
            _ => state_word(job.state).into(),
        };
        self.table.row([
            cell(head),
            cell(job.job).ink(Ink::Name),
            cell(state).ink(state_ink(job.state)),
            cell(others).ink(Ink::Dim),
            cell(&job.message),
        ]);
    }

    /// A step with one job per element, or with none yet.
    fn step(&mut self, head: &str, jobs: &[&JobLine], others: &str, step: &StepView) {
        let worst = jobs.iter().max_by_key(|job| badness(job.state));
        let state = worst.map_or(cell("no job yet").ink(Ink::Dim), |worst| {
            let same = jobs.iter().filter(|job| job.state == worst.state).count();
            let of = if same == jobs.len() { String::new() } else { format!(" of {}", jobs.len()) };
            cell(format!("{same}{of} {}", state_word(worst.state))).ink(state_ink(worst.state))
        });
        let note = if step.available { "" } else { step.note.as_str() };
        self.table.row([cell(head), cell(""), state, cell(others).ink(Ink::Dim), cell(note).ink(Ink::Warm)]);
    }
}

/// Which state of many is the one to show.
fn badness(state: JobState) -> u8 {
    match state {
        JobState::Failed => 7,
        JobState::Retrying => 6,
        JobState::Running | JobState::Stopping | JobState::Publishing => 5,
        JobState::Waiting => 4,
        JobState::Canceled => 3,
        JobState::SucceededWithErrors => 2,
        JobState::Succeeded => 1,
        JobState::UpToDate | JobState::NotNeeded | JobState::Unavailable => 0,
    }
}

impl Page for PipelinesView {
    fn page(&self, look: &Look) -> String {
        if self.pipelines.is_empty() {
            return "no pipelines\n".into();
        }
        let mut table = Table::new([
            column("PIPELINE"),
            column("WORKS ON").cut_to(12),
            column("FOUND").right(),
            column("SOURCE").cut_to(8).goes(1),
            column("STEPS").wrap_to(20),
        ]);
        for pipeline in &self.pipelines {
            table.row([
                cell(&pipeline.pipeline).ink(Ink::Name),
                cell(&pipeline.subject),
                cell(pipeline.subjects),
                cell(&pipeline.source).ink(Ink::Dim),
                cell(pipeline.steps.join(" ")),
            ]);
        }
        table.draw(look.width, 0)
    }
}

impl Page for PipelineView {
    /// The text itself, so that `pipelines show NAME > my.toml` is a beginning.
    fn page(&self, _: &Look) -> String {
        let missing = self.steps.iter().filter(|step| !step.available);
        let notes: String =
            missing.map(|step| format!("# not available here: {} ({})\n", step.step, step.note)).collect();
        format!("{}\n{notes}{}", dim(&format!("# {}, {}", self.pipeline.pipeline, self.pipeline.source)), self.toml)
    }
}

impl Page for SubmittedView {
    fn page(&self, look: &Look) -> String {
        let jobs: Vec<_> = self.jobs.iter().take(20).map(ToString::to_string).collect();
        let more = if self.jobs.len() > 20 { " …" } else { "" };
        let head = format!("build {} with jobs ", self.build);
        let painted = format!("build {} with jobs ", name(&self.build.to_string()));
        hanging(&head, &painted, &format!("{}{more}", jobs.join(" ")), look.width)
    }
}
