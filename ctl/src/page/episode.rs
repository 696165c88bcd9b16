//! Episodes: the overview, one of them, and what holds it up.

use super::file::diagnostic_lines;
use super::ink::{Ink, bad, dim, name};
use super::job::job_table;
use super::rest::{lock_table, proposal_table};
use super::status::left_out;
use super::table::{Cell, Table, cell, column};
use super::words::{aside, hanging, on_air, plural, safe, width, wrap};
use super::{Look, Page};
use show_protocol::{
    CheckView, EpisodeLine, EpisodeMadeView, EpisodeView, EpisodesView, ItemView, NamedThing, OutputView, StageState,
    StageView, StagesView, size,
};

impl Page for EpisodesView {
    fn page(&self, look: &Look) -> String {
        if self.episodes.is_empty() { "no episodes\n".into() } else { overview(&self.episodes, look) }
    }
}

/// Of each stage on the page of all episodes; the episode's own page has more.
const THINGS_OF_A_STAGE: usize = 3;

/// One row per episode: five stages as words.
pub fn overview(episodes: &[EpisodeLine], look: &Look) -> String {
    let several = episodes.iter().any(|episode| episode.share != episodes[0].share);
    let mut table = Table::new([
        column("SHARE").goes(2),
        column("EPISODE"),
        column("AIRS").goes(3),
        column("STATUS").cut_to(8).goes(4),
        column("RUNDOWN"),
        column("SCRIPTS"),
        column("CLIPS"),
        column("GRAPHICS"),
        column("TIMING"),
    ]);
    for episode in episodes {
        let share = if several { episode.share.as_str() } else { "" };
        let airs = episode.airdate.as_deref().unwrap_or_default();
        let heads = [cell(share), cell(&episode.episode).ink(Ink::Name), cell(airs), cell(&episode.status)];
        table.row(heads.into_iter().chain(stages(&episode.stages).into_iter().map(|(_, stage)| stage_cell(stage))));
    }
    table.draw(look.width, 0)
}

fn stages(stages: &StagesView) -> [(&'static str, &StageView); 5] {
    let StagesView { rundown, scripts, clips, graphics, timing } = stages;
    [("rundown", rundown), ("scripts", scripts), ("clips", clips), ("graphics", graphics), ("timing", timing)]
}

fn stage_cell(stage: &StageView) -> Cell {
    match stage.state {
        StageState::NotApplicable => cell("–").ink(Ink::Dim),
        StageState::Ready => cell("ready").ink(Ink::Good),
        StageState::Working => cell("working").ink(Ink::Busy),
        StageState::Blocked => cell("blocked").ink(Ink::Bad),
    }
}

/// `, airs 2026-08-09, 58:41 of 1:00:00`.
fn airing(episode: &EpisodeLine) -> String {
    let airs = episode.airdate.as_ref().map(|date| format!(", airs {date}"));
    let length = match (episode.runtime_ms, episode.duration_ms) {
        (Some(runtime), Some(target)) => Some(format!(", {} of {}", on_air(runtime), on_air(target))),
        (Some(runtime), None) => Some(format!(", {}", on_air(runtime))),
        (None, _) => None,
    };
    airs.unwrap_or_default() + &length.unwrap_or_default()
}

/// `0900 The Kettle Report, airs 2026-08-09, 58:41 of 1:00:00`, in two lines where one is too short.
pub fn headline(episode: &EpisodeLine, look: &Look) -> String {
    let airing = airing(episode);
    let fits = width(&episode.episode) + 1 + width(&episode.title) + width(&airing) <= look.width;
    if fits {
        let title = if episode.title.is_empty() { String::new() } else { format!(" {}", safe(&episode.title)) };
        return format!("{}{title}{}\n", name(&episode.episode), dim(&airing));
    }
    let (head, painted) = (format!("{} ", episode.episode), format!("{} ", name(&episode.episode)));
    hanging(&head, &painted, &episode.title, look.width) + &aside(airing.trim_start_matches(", "), 2, look.width)
}

/// A paragraph for each stage that is not ready, naming what it waits for. Empty when nothing does.
pub fn what_holds_up(episode: &EpisodeLine, look: &Look) -> String {
    let held = |stage: &StageView| matches!(stage.state, StageState::Working | StageState::Blocked);
    let stages = stages(&episode.stages).into_iter().filter(|(_, stage)| held(stage));
    stages.map(|(word, stage)| stage_paragraph(word, stage, &episode.subject, look)).collect()
}

fn stage_paragraph(word: &str, stage: &StageView, subject: &str, look: &Look) -> String {
    let ink = if stage.state == StageState::Blocked { Ink::Bad } else { Ink::Busy };
    let head = format!("  {word:<9} ");
    let mut things = stage_things(stage, subject, THINGS_OF_A_STAGE);
    if things.is_empty() {
        things.push(stage.state.word().replace('_', " "));
    }
    listed(&head, &ink.paint(&head), &things, look)
}

/// What a stage says: its note, then what it is about, then how many more there are.
fn stage_things(stage: &StageView, subject: &str, most: usize) -> Vec<String> {
    let note = (!stage.note.is_empty()).then(|| stage.note.clone());
    let shown = stage.by.len().min(most);
    let more = (stage.by_total as usize).max(stage.by.len()) - shown;
    let things = stage.by.iter().take(shown).map(|thing| thing_words(thing, subject));
    let more = (more > 0).then(|| format!("and {more} more"));
    note.into_iter().chain(things).chain(more).collect()
}

/// One paragraph per thing below each other, the head before the first.
fn listed(head: &str, painted: &str, things: &[String], look: &Look) -> String {
    let blanks = " ".repeat(width(head));
    let line = |(at, thing): (usize, &String)| {
        let painted = if at == 0 { painted } else { blanks.as_str() };
        hanging(head, painted, thing, look.width)
    };
    things.iter().enumerate().map(line).collect()
}

/// `CUE_UNTERMINATED (rundown/20 Steam Ad.md:14)`, the file as seen from the episode.
fn thing_words(thing: &NamedThing, subject: &str) -> String {
    let file = thing.file.as_ref().map(|file| file.strip_prefix(subject).unwrap_or(file));
    let place = match (file, thing.line, thing.job) {
        (Some(file), Some(line), _) if line > 0 => format!(" ({file}:{line})"),
        (Some(file), ..) => format!(" ({file})"),
        (None, _, Some(job)) => format!(" (job {job})"),
        (None, ..) => String::new(),
    };
    // A text may name the file itself.
    format!("{}{place}", thing.text.replace(subject, ""))
}

impl Page for EpisodeView {
    fn page(&self, look: &Look) -> String {
        let line = &self.episode;
        let title = wrap(safe(&format!("{} {}", line.episode, line.title)).trim_end(), look.width);
        let mut out: String = title.iter().map(|line| name(line) + "\n").collect();
        let about = format!("{}{}", line.status, airing(line));
        if !about.is_empty() {
            out.push_str(&format!("{}\n", dim(about.trim_start_matches(", "))));
        }
        out.push_str(&format!("{}\n\n", dim(&self.path)));
        for (word, stage) in stages(&line.stages) {
            let (state, ink) = match stage.state {
                StageState::NotApplicable => ("not applicable", Ink::Dim),
                StageState::Ready => ("ready", Ink::Good),
                StageState::Working => ("working", Ink::Busy),
                StageState::Blocked => ("blocked", Ink::Bad),
            };
            let head = format!("  {word:<9} {state:<8} ");
            let painted =
                format!("  {word:<9} {}{} ", ink.paint(state), " ".repeat(8_usize.saturating_sub(width(state))));
            let mut things = stage_things(stage, &line.subject, usize::MAX);
            things.dedup();
            if things.is_empty() {
                things.push(String::new());
            }
            out.push_str(&listed(&head, &painted, &things, look));
        }
        let mut section = |head: &str, body: &str| {
            if !body.is_empty() {
                out.push_str(&format!("\n{}\n{body}", name(head)));
            }
        };
        section("Rundown", &items(&self.items, &line.subject, look));
        section("Jobs that are not done", &job_table(&self.jobs, look, false));
        section("Found in the files", &diagnostic_lines(&self.diagnostics, &line.subject, look));
        section("Left out", &left_out(&self.left_out, look));
        section("Kept by people and scripts", &lock_table(&self.locks, look, 2));
        section("Proposals", &proposal_table(&self.proposals, look, 2));
        section("Scripts", &self.scripts.iter().map(script).collect::<String>());
        out
    }
}

fn items(items: &[ItemView], subject: &str, look: &Look) -> String {
    if items.is_empty() {
        return String::new();
    }
    let folder = format!("{subject}rundown/");
    let mut table = Table::new([
        column("ORDER").right(),
        column("TITLE").cut_to(16),
        column("KIND").goes(2),
        column("STATUS"),
        column("LENGTH").right(),
        column("CUES").right().goes(3),
        column("WRONG").goes(1),
        column("FILE").cut_to(12).goes(4),
    ]);
    for item in items {
        let wrong = match (item.errors, item.warnings) {
            (0, 0) => cell(""),
            (0, warnings) => cell(plural(u64::from(warnings), "warning")).ink(Ink::Warm),
            (errors, _) => cell(plural(u64::from(errors), "error")).ink(Ink::Bad),
        };
        let production = item.status.trim().eq_ignore_ascii_case("production");
        table.row([
            cell(item.order.as_deref().unwrap_or("–")),
            cell(&item.title).ink(Ink::Name),
            cell(&item.kind),
            cell(&item.status).ink(if production { Ink::Plain } else { Ink::Warm }),
            cell(item.duration_ms.map_or_else(|| "–".into(), on_air)),
            cell(item.cues),
            wrong,
            cell(item.file.strip_prefix(&folder).unwrap_or(&item.file)).ink(Ink::Dim),
        ]);
    }
    table.draw(look.width, 2)
}

fn script(output: &OutputView) -> String {
    let note = if output.in_place { size(output.bytes) } else { "not in place yet".into() };
    format!("  {}  {}\n", output.path, dim(&note))
}

impl Page for EpisodeMadeView {
    fn page(&self, _: &Look) -> String {
        format!("episode {} is at {}\n", name(&self.episode), self.path)
    }
}

impl Page for CheckView {
    fn page(&self, look: &Look) -> String {
        let mut out = String::new();
        for error in &self.errors {
            out.push_str(&hanging("error: ", &bad("error: "), error, look.width));
        }
        for warning in &self.warnings {
            out.push_str(&hanging("warning: ", &Ink::Warm.paint("warning: "), warning, look.width));
        }
        out + &if self.valid { format!("{}\n", Ink::Good.paint("valid")) } else { format!("{}\n", bad("not valid")) }
    }
}
