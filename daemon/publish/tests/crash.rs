//! Stopped at every point, disturbed at every point, and both: nothing is ever half, and no token is ever lost.
//!
//! The larger products of points and disturbances are walked in strides; `SHOW_PUBLISH_LONG=N` takes N times as many.

mod common;

use common::{
    ACTS, Act, FULL, NO_EXCHANGE, Others, Scene, TIERS, counted, crash_at, intent, is_done, new, remove, rename,
    replace,
};
use show_publish::{Abilities, Halted, Intent, Linger, Move, Outcome, Report, Settled, Try};

struct Scenario {
    name: &'static str,
    before: Vec<(&'static str, &'static str)>,
    moves: Vec<Move>,
    after: Vec<(&'static str, &'static str)>,
    /// Which path others write to.
    attacked: &'static str,
}

fn scenarios() -> Vec<Scenario> {
    let scenario = |name, attacked, before, moves, after| Scenario { name, before, moves, after, attacked };
    let others = [("x", "x token-x"), ("z", "z token-z")];
    vec![
        scenario(
            "a person's file",
            "a",
            vec![("a", "a token-a")],
            vec![replace("a", "a token-a", "new", true)],
            vec![("a", "new")],
        ),
        scenario(
            "a generated file",
            "a",
            vec![("a", "made")],
            vec![replace("a", "made", "new", false)],
            vec![("a", "new")],
        ),
        scenario("a new file", "d/a", vec![], vec![new("d/a", "new")], vec![("d/a", "new")]),
        scenario(
            "a rename",
            "a",
            vec![("a", "a token-a")],
            vec![rename("a", "d/b", "a token-a")],
            vec![("d/b", "a token-a")],
        ),
        scenario("a removal", "a", vec![("a", "a token-a")], vec![remove("a", "a token-a", true)], vec![]),
        scenario(
            "a version kept",
            "a",
            vec![("a", "a token-a")],
            vec![rename("a", "old/a", "a token-a"), new("a", "new")],
            vec![("a", "new"), ("old/a", "a token-a")],
        ),
        scenario(
            "many, the first disturbed",
            "x",
            others.to_vec(),
            vec![replace("x", "x token-x", "x2", true), new("y", "y"), remove("z", "z token-z", true)],
            vec![("x", "x2"), ("y", "y")],
        ),
        scenario(
            "many, the second disturbed",
            "y",
            others.to_vec(),
            vec![replace("x", "x token-x", "x2", true), new("y", "y"), remove("z", "z token-z", true)],
            vec![("x", "x2"), ("y", "y")],
        ),
        scenario(
            "many, the last disturbed",
            "z",
            others.to_vec(),
            vec![rename("x", "w", "x token-x"), new("y", "y"), replace("z", "z token-z", "z2", true)],
            vec![("w", "x token-x"), ("y", "y"), ("z", "z2")],
        ),
    ]
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Act(Act, &'static str),
    Hold,
    LetGo(&'static str),
}

/// One scenario with deeds of others at numbered points, and perhaps a crash.
struct Case<'a> {
    scenario: &'a Scenario,
    tier: Abilities,
    deeds: &'a [(usize, Deed)],
    crash: Option<usize>,
}

/// What is left after recovery.
struct Left {
    scene: Scene,
    report: Report,
    points: usize,
    crashed: bool,
    /// Whether a deed could be done: there may have been nothing yet to do it to.
    acted: bool,
}

impl Case<'_> {
    fn run(&self) -> Left {
        let mut scene = Scene::new(self.tier);
        for (path, text) in &self.scenario.before {
            scene.write(path, text);
        }
        let intent = intent(self.scenario.moves.clone());
        let attacked = scene.at(self.scenario.attacked);
        let mut others = Others::default();
        let mut points = 0;
        let do_deeds = |number: usize, others: &mut Others| {
            for (_, deed) in self.deeds.iter().filter(|(at, _)| *at == number) {
                match *deed {
                    Deed::Act(act, token) if attacked.parent().is_some_and(std::path::Path::is_dir) => {
                        others.act(&attacked, act, token);
                    }
                    Deed::Act(..) => {}
                    Deed::Hold => others.hold(&attacked),
                    Deed::LetGo(token) => drop(others.let_go(token)),
                }
            }
        };
        let first = scene.share.publish_stepwise(
            &scene.blobs,
            &intent,
            Try::First,
            &mut counted(|number, _| {
                points = number + 1;
                do_deeds(number, &mut others);
                if self.crash == Some(number) { Err(Halted) } else { Ok(()) }
            }),
        );
        let crashed = first.is_err();
        let mut report = first.unwrap_or_else(|Halted| scene.publish(&intent, Try::Again));
        // Who held the file open saves last of all.
        others.let_go("token-late");
        self.settle(&scene, &mut report);
        let acted = others.has_written();
        others.settle(&mut scene);
        let left = Left { scene, report, points, crashed, acted };
        self.examine(&left, &intent);
        left
    }

    fn settle(&self, scene: &Scene, report: &mut Report) {
        for mut linger in std::mem::take::<Vec<Linger>>(&mut report.lingering) {
            match linger.settle(&scene.blobs).expect("settles") {
                Settled::Gone { rescued } => report.rescued.extend(rescued),
                Settled::Held => panic!("{self}: nobody holds {} any more", linger.path()),
            }
        }
    }

    fn is_moved(&self, path: &str) -> bool {
        self.scenario.moves.iter().any(|step| matches!(step, Move::Rename { to, .. } if to == path))
    }

    fn examine(&self, left: &Left, intent: &Intent) {
        let Left { scene, report, .. } = left;
        assert_eq!(scene.lost(), [""; 0], "{self}: {report:?} {:?}", scene.names());
        assert_eq!(scene.temps(), [""; 0], "{self}: {report:?}");
        for rescued in &report.rescued {
            assert!(scene.blobs.has(&rescued.digest), "{self}: {report:?}");
        }
        let untouched = |path: &str| path != self.scenario.attacked || self.deeds.is_empty();
        match &report.outcome {
            Outcome::Done { stamps } => {
                assert_eq!(stamps.len(), intent.moves.len());
                for (path, text) in self.scenario.after.iter().filter(|(path, _)| untouched(path)) {
                    let now = scene.read(path).unwrap_or_default();
                    // What was moved may be written into like any file.
                    let moved = self.is_moved(path) && !self.deeds.is_empty();
                    assert!(now == *text || moved, "{self}: {path} is {now:?} {report:?}");
                }
            }
            Outcome::Overtaken { .. } | Outcome::Refused { .. } => {
                assert!(!self.deeds.is_empty(), "{self}: {report:?}");
                for (path, text) in self.scenario.before.iter().filter(|(path, _)| untouched(path)) {
                    assert_eq!(scene.read(path).as_deref(), Some(*text), "{self}: {path} {report:?}");
                }
                for (path, text) in &self.scenario.after {
                    let ours = scene.read(path).as_deref() == Some(*text);
                    let theirs =
                        self.scenario.before.contains(&(path, text)) || report.kept.iter().any(|kept| kept == path);
                    assert!(
                        !ours || theirs || (self.is_moved(path) && !report.kept.is_empty()),
                        "{self}: {path} is in place: {report:?}"
                    );
                }
            }
            Outcome::Failed { .. } => panic!("{self}: {report:?}"),
        }
    }
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({:?}), {:?}, crash {:?}", self.scenario.name, self.tier, self.deeds, self.crash)
    }
}

fn points(scenario: &Scenario, tier: Abilities) -> usize {
    Case { scenario, tier, deeds: &[], crash: None }.run().points
}

/// Takes one of every `stride` in turn, or N times as many when asked for the long form.
struct Strides {
    count: usize,
    stride: usize,
}

impl Strides {
    fn new(stride: usize) -> Self {
        let longer = std::env::var("SHOW_PUBLISH_LONG").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
        Self { count: 0, stride: (stride / longer).max(1) }
    }

    fn takes(&mut self) -> bool {
        self.count += 1;
        self.count.is_multiple_of(self.stride)
    }
}

#[test]
fn a_crash_at_any_point_is_finished_by_the_next_try() {
    for tier in TIERS {
        for scenario in &scenarios() {
            for crash in 0..points(scenario, tier) {
                let left = Case { scenario, tier, deeds: &[], crash: Some(crash) }.run();
                assert!(left.crashed && is_done(&left.report), "{} {crash}: {:?}", scenario.name, left.report);
                // However often it is said again.
                let again = left.scene.publish(&intent(scenario.moves.clone()), Try::Again);
                assert!(is_done(&again), "{} {crash}: {again:?}", scenario.name);
                assert_eq!(left.scene.names().len(), scenario.after.len());
            }
        }
    }
}

#[test]
fn a_crash_in_the_recovery_of_a_crash_is_finished_too() {
    for tier in TIERS {
        for scenario in &scenarios() {
            for first in 0..points(scenario, tier) {
                for second in 0.. {
                    let mut scene = Scene::new(tier);
                    for (path, text) in &scenario.before {
                        scene.write(path, text);
                    }
                    let intent = intent(scenario.moves.clone());
                    let halt =
                        |attempt, at| scene.share.publish_stepwise(&scene.blobs, &intent, attempt, &mut crash_at(at));
                    assert!(halt(Try::First, first).is_err());
                    let ended = halt(Try::Again, second).is_ok();
                    assert_eq!(scene.lost(), [""; 0], "{} {first} {second}", scenario.name);
                    let report = scene.publish(&intent, Try::Again);
                    assert!(is_done(&report), "{} {first} {second}: {report:?}", scenario.name);
                    assert!(scene.temps().is_empty(), "{} {first} {second}", scenario.name);
                    for (path, text) in &scenario.after {
                        assert_eq!(scene.read(path).as_deref(), Some(*text));
                    }
                    if ended {
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn another_s_deed_at_any_point_stands() {
    for tier in TIERS {
        for scenario in &scenarios() {
            for at in 0..points(scenario, tier) {
                for act in ACTS {
                    let case = Case { scenario, tier, deeds: &[(at, Deed::Act(act, "token-1"))], crash: None };
                    let left = case.run();
                    if matches!(act, Act::InPlace | Act::RenameOver | Act::Replace) {
                        let text = left.scene.read(scenario.attacked).unwrap_or_default();
                        let moved = scenario.moves.iter().any(|step| matches!(step, Move::Rename { .. }));
                        assert!(!left.acted || moved || text == "token-1", "{case}: {text:?} {:?}", left.report);
                    }
                }
            }
        }
    }
}

#[test]
fn a_deed_and_a_crash_lose_nothing() {
    let mut strides = Strides::new(11);
    for tier in TIERS {
        for scenario in &scenarios() {
            let points = points(scenario, tier);
            for at in 0..points {
                for act in ACTS {
                    // Undoing has points of its own.
                    for crash in at..points + 12 {
                        if strides.takes() {
                            let deeds = [(at, Deed::Act(act, "token-1"))];
                            Case { scenario, tier, deeds: &deeds, crash: Some(crash) }.run();
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn two_writers_and_a_crash_lose_nothing() {
    let writes = [Act::InPlace, Act::RenameOver, Act::Append, Act::Delete];
    let mut strides = Strides::new(397);
    for tier in TIERS {
        for scenario in &scenarios() {
            let points = points(scenario, tier);
            for first in 0..points {
                for second in first + 1..points + 6 {
                    for (one, two) in writes.iter().flat_map(|one| writes.iter().map(move |two| (*one, *two))) {
                        for crash in (second..points + 14).map(Some).chain([None]) {
                            if strides.takes() {
                                let deeds = [(first, Deed::Act(one, "token-1")), (second, Deed::Act(two, "token-2"))];
                                Case { scenario, tier, deeds: &deeds, crash }.run();
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn who_opened_the_file_before_may_save_into_it_at_any_time_after() {
    let mut strides = Strides::new(19);
    for tier in [FULL, NO_EXCHANGE] {
        for scenario in &scenarios() {
            let points = points(scenario, tier);
            for opened in 0..points {
                for saved in opened..points + 10 {
                    for crash in (opened..points + 10).step_by(3).map(Some).chain([None]) {
                        if strides.takes() {
                            let deeds = [(opened, Deed::Hold), (saved, Deed::LetGo("token-1"))];
                            Case { scenario, tier, deeds: &deeds, crash }.run();
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_directory_that_goes_away_between_crash_and_recovery_does_not_come_back() {
    let moves = || vec![replace("d/a", "a token-a", "new", true), remove("d/b", "b token-b", true), new("c", "c")];
    for tier in TIERS {
        for renamed in [false, true] {
            for crash in 0..40 {
                let mut scene = Scene::new(tier);
                scene.write("d/a", "a token-a");
                scene.write("d/b", "b token-b");
                let crashed = scene
                    .share
                    .publish_stepwise(&scene.blobs, &intent(moves()), Try::First, &mut crash_at(crash))
                    .is_err();
                if renamed {
                    std::fs::rename(scene.at("d"), scene.at("e")).expect("moves");
                } else {
                    std::fs::remove_dir_all(scene.at("d")).expect("removes");
                }
                if !crashed {
                    break;
                }
                let report = scene.publish(&intent(moves()), Try::Again);
                let is_done = is_done(&report);
                let is_over = is_done || matches!(report.outcome, Outcome::Overtaken { .. });
                assert!(is_over, "{tier:?} {renamed} {crash}: {report:?}");
                assert!(!scene.at("d").exists() && scene.at("c").exists() == is_done, "{tier:?} {crash}");
                let swept = scene.share.sweep_temps(&scene.blobs, &[].into()).expect("sweeps");
                assert!(scene.temps().is_empty(), "{swept:?}");
                assert!(!renamed || scene.lost().is_empty(), "{tier:?} {crash}: {:?}", scene.names());
                let texts = (scene.read("e/a"), scene.read("e/b"));
                let undone = (Some("a token-a".to_owned()), Some("b token-b".to_owned()));
                let done = (Some("new".to_owned()), None);
                assert!(!renamed || texts == done || !is_done && texts == undone, "{tier:?} {crash}: {texts:?}");
            }
        }
    }
}

#[test]
fn what_came_out_before_a_crash_goes_back_to_where_its_directory_was_moved() {
    let mut recovered = 0;
    for tier in TIERS {
        for (saved, crash) in (0..40).flat_map(|saved| (saved..40).map(move |crash| (saved, crash))) {
            let (mut scene, mut others) = (Scene::new(tier), Others::default());
            scene.write("d/a", "a token-a");
            let (at, moves) = (scene.at("d/a"), || vec![replace("d/a", "a token-a", "new", true)]);
            let mut steps = counted(|now, _| {
                if now == saved {
                    others.act(&at, Act::RenameOver, "token-1");
                }
                if now == crash { Err(Halted) } else { Ok(()) }
            });
            let crashed = scene.share.publish_stepwise(&scene.blobs, &intent(moves()), Try::First, &mut steps).is_err();
            if !crashed || !others.has_written() {
                continue;
            }
            others.settle(&mut scene);
            std::fs::rename(scene.at("d"), scene.at("e")).expect("moves");
            let report = scene.publish(&intent(moves()), Try::Again);
            let text = scene.read("e/a");
            assert_eq!(text.as_deref(), Some("token-1"), "{tier:?} {saved} {crash}: {report:?}");
            recovered += 1;
        }
    }
    assert!(recovered > 100, "only {recovered} crashes were tried");
}
