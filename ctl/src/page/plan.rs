//! What would run now, and why.

use super::ink::{Ink, dim, name};
use super::job::{blocker_lines, change_lines};
use super::words::{hanging, plural};
use super::{Look, Page};
use show_protocol::{PlanAction, PlanStep, PlanSubject, PlanView};

impl Page for PlanView {
    fn page(&self, look: &Look) -> String {
        let look = &Look { now_ms: self.now_at_ms, ..look.clone() };
        let mut out: String = self.subjects.iter().map(|subject| subject_page(subject, look)).collect();
        if self.subjects.is_empty() {
            out.push_str("nothing to plan: no pipeline works on that\n");
        }
        if let Some(next) = &self.next {
            out.push_str(&format!("{}\n", dim(&format!("more: --after {next}"))));
        }
        out
    }
}

fn subject_page(subject: &PlanSubject, look: &Look) -> String {
    let of = subject.episode.as_deref().unwrap_or(&subject.subject);
    let mut out = format!("{} {}\n", name(of), dim(&subject.pipeline));
    let quiet = [PlanAction::UpToDate, PlanAction::NotNeeded, PlanAction::Unavailable];
    for step in subject.steps.iter().filter(|step| !quiet.contains(&step.action)) {
        out.push_str(&step_lines(step, look));
    }
    if subject.steps.iter().all(|step| quiet.contains(&step.action)) {
        out.push_str(&format!("  {}\n", Ink::Good.paint("nothing would run")));
    }
    for action in quiet {
        let steps: Vec<&PlanStep> = subject.steps.iter().filter(|step| step.action == action).collect();
        if steps.is_empty() {
            continue;
        }
        let head = format!("  {:<11} ", action.word().replace('_', " "));
        out.push_str(&hanging(&head, &dim(&head), &counted(&steps), look.width));
    }
    out
}

/// `scan, probe × 13, transcode × 2`; what is not available says why.
fn counted(steps: &[&PlanStep]) -> String {
    let mut names: Vec<(&str, u64, &str)> = Vec::new();
    for step in steps {
        match names.iter_mut().find(|(known, ..)| *known == step.step) {
            Some((_, number, _)) => *number += 1,
            // That nothing is to be done needs no reason; that it cannot be done does.
            None if step.action == PlanAction::UpToDate => names.push((&step.step, 1, "")),
            None => names.push((&step.step, 1, &step.because)),
        }
    }
    let word = |(step, number, because): &(&str, u64, &str)| {
        let times = if *number > 1 { format!(" × {number}") } else { String::new() };
        let why = if because.is_empty() || *number > 1 { String::new() } else { format!(" ({because})") };
        format!("{step}{times}{why}")
    };
    names.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn step_lines(step: &PlanStep, look: &Look) -> String {
    let (word, ink) = match step.action {
        PlanAction::Run => ("run", Ink::Good),
        PlanAction::Wait => ("wait", Ink::Warm),
        PlanAction::Running => ("running", Ink::Busy),
        PlanAction::Blocked => ("blocked", Ink::Bad),
        PlanAction::UpToDate | PlanAction::NotNeeded | PlanAction::Unavailable => ("", Ink::Dim),
    };
    let head = format!("  {word:<11} ");
    let element = if step.element.is_empty() { String::new() } else { format!(" {}", step.element) };
    let because = if step.because.is_empty() { String::new() } else { format!(": {}", step.because) };
    let makes = match step.outputs.len() {
        0 => String::new(),
        number => format!("; makes {}", plural(number as u64, "file")),
    };
    let mut out = hanging(&head, &ink.paint(&head), &format!("{}{element}{because}{makes}", step.step), look.width);
    let narrower = Look { width: look.width.saturating_sub(12), ..look.clone() };
    // The one blocker that was just named need not be named again.
    let others: Vec<_> = step.blockers.iter().filter(|blocker| blocker.text != step.because).cloned().collect();
    for line in (change_lines(&step.changed, &narrower) + &blocker_lines(&others, &narrower)).lines() {
        out.push_str(&format!("            {line}\n"));
    }
    out
}
