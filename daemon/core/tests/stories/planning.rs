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

/// Everything that the plans of all subjects say would run now.
fn due(show: &Story) -> BTreeSet<(Subject, Node)> {
    let subjects = show.core.subjects().into_iter().map(|found| found.subject);
    let plans = subjects.filter_map(|subject| show.core.plan(&subject));
    plans
        .flat_map(|plan| {
            let nodes = plan
                .nodes
                .into_iter()
                .filter(|node| matches!(&node.standing, Standing::Due { why } if !why.is_empty()));
            nodes.map(move |node| (plan.subject.clone(), node.node)).collect::<Vec<_>>()
        })
        .collect()
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
}
