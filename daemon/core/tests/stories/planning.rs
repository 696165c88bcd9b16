//! What a plan says, and what then runs.

use crate::story::*;
use proptest::prelude::*;
use show_core::*;
use std::collections::BTreeSet;

/// What a person does to one of two episodes.
#[derive(Debug, Clone)]
enum Doing {
    Write { note: String, text: String },
    Record { film: String, text: String },
    Remove { path: String },
}

fn doing() -> impl Strategy<Value = Doing> {
    let episode = prop_oneof![Just("ep/0900/"), Just("ep/0901/")];
    let lines = ["teh kettle", "kettle", "clip boil boil.mov", "clip sing sing.mov"];
    let text = proptest::sample::subsequence(lines.to_vec(), 0..=4).prop_map(|lines| lines.join("\n"));
    let films = ["media/boil.mov", "media/sing.mov"];
    let made = ["a.md", "b.md", "media/boil.mov", "video/boil.mp4", "scripts/script.html"];
    (episode, prop_oneof![Just("a.md"), Just("b.md")], text, 0..films.len(), 0..made.len(), 0..5u8).prop_map(
        move |(episode, note, text, film, path, what)| match what {
            0..=2 => Doing::Write { note: format!("{episode}{note}"), text },
            3 => Doing::Record { film: format!("{episode}{}", films[film]), text: format!("film {text}") },
            _ => Doing::Remove { path: format!("{episode}{}", made[path]) },
        },
    )
}

fn act(show: &mut Story, doing: &[Doing]) {
    for one in doing {
        match one {
            Doing::Write { note: path, text } | Doing::Record { film: path, text } => show.save_unseen(path, text),
            Doing::Remove { path } => show.remove_unseen(path),
        };
    }
}

const NOTES: [&str; 4] = ["ep/0900/a.md", "ep/0900/b.md", "ep/0901/a.md", "ep/0901/b.md"];

/// All nodes of which the plans of all subjects say this.
fn standing(show: &Story, which: fn(&Standing) -> bool) -> BTreeSet<(Subject, Node)> {
    let subjects = show.core.subjects().into_iter().map(|found| found.subject);
    let plans = subjects.filter_map(|subject| show.core.plan(&subject));
    let nodes = plans.flat_map(|plan| {
        let nodes = plan.nodes.into_iter().filter(|node| which(&node.standing));
        nodes.map(move |node| (plan.subject.clone(), node.node)).collect::<Vec<_>>()
    });
    nodes.collect()
}

/// What would run now.
fn due(show: &Story) -> BTreeSet<(Subject, Node)> {
    standing(show, |standing| matches!(standing, Standing::Due { why } if !why.is_empty()))
}

/// What has nothing to do, whatever becomes of the rest.
fn done(show: &Story) -> BTreeSet<(Subject, Node)> {
    standing(show, |standing| matches!(standing, Standing::UpToDate | Standing::NotNeeded))
}

proptest! {
    /// After any history, and after anything that people did while showd was away: whatever the plan calls due starts
    /// once the runner is there, and nothing else does.
    #[test]
    fn what_the_plan_says_would_run_is_exactly_what_then_runs(
        before in prop::collection::vec(doing(), 0..8),
        after in prop::collection::vec(doing(), 0..8),
    ) {
        let mut show = show().roomy();
        act(&mut show, &before);
        let mut show = show.start();
        show.at(500.0).finish_all().at(1_000.0).finish_all();
        act(&mut show, &after);
        show.restart_alone().at(1_060.0);
        let due = due(&show);
        show.event(Event::RunnerBack { attempts: Vec::new() });
        prop_assert_eq!(due, show.running());
        // And when all of it is done, nothing is due.
        show.finish_all().at(2_000.0).finish_all().at(3_000.0).finish_all();
        prop_assert_eq!(self::due(&show), BTreeSet::new());
    }

    /// Through whole builds, whoever ends first and however: at every moment all runs that the plan calls due, what starts
    /// is what it calls due, and what it called up to date does not run. People hold their notes meanwhile, since a note that
    /// is published begins the next build.
    #[test]
    fn wave_after_wave_the_plan_is_what_runs(
        rounds in prop::collection::vec(prop::collection::vec(doing(), 0..6), 1..4),
        dice in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let mut dice = dice.into_iter().cycle();
        let mut show = show().roomy().start();
        for (round, doing) in (1_u32..).zip(&rounds) {
            let began = f64::from(round) * 1_000.0;
            show.at(began);
            act(&mut show, doing);
            show.restart_alone().at(began + 60.0);
            let done = done(&show);
            for note in NOTES { show.ask(take(note, LeaseKind::Hold)); }
            let mut before = BTreeSet::new();
            show.event(Event::RunnerBack { attempts: Vec::new() });
            loop {
                let (due, running) = (due(&show), show.running());
                let started: BTreeSet<_> = running.difference(&before).cloned().collect();
                prop_assert!(due.is_subset(&running) && started.is_subset(&due), "{:?} {:?} {:?}", due, running, before);
                prop_assert_eq!(done.intersection(&running).next(), None);
                let pick = usize::from(dice.next().expect("it goes round"));
                let Some((subject, node)) = running.iter().nth(pick % running.len().max(1)).cloned() else { break };
                show.end_of(&subject, &node, pick % 7 == 0);
                before = running;
            }
            // What was repaired is published when it is quiet, and that is the end of it.
            for note in NOTES {
                show.ask(Ask::Release { file: file(note) });
            }
            show.at(began + 400.0).finish_all().at(began + 800.0).finish_all();
            prop_assert_eq!(due(&show), BTreeSet::new());
        }
    }
}
