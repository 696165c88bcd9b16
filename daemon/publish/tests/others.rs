//! Other programs at single, chosen moments: late saves, touches, Syncthing's broom, a moved directory, a lease.

mod common;

use common::{FULL, Others, Scene, TIERS, counted, intent, is_done, is_overtaken, new, remove, rename, replace};
use show_publish::{Halted, Intent, Move, Outcome, Point, Report, Settled, Try};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, UNIX_EPOCH};

/// Publishes, with `deed` done just before each point of the name.
fn publish_with(scene: &Scene, moves: Vec<Move>, name: &str, mut deed: impl FnMut(&Scene)) -> Report {
    let steps = &mut counted(|_, point: Point| {
        if point.name == name {
            deed(scene);
        }
        Ok::<_, Halted>(())
    });
    scene.share.publish_stepwise(&scene.blobs, &intent(moves), Try::First, steps).expect("not halted")
}

fn slot(scene: &Scene) -> std::path::PathBuf {
    scene.at(scene.temps().first().expect("something is displaced"))
}

#[test]
fn a_save_into_the_displaced_file_is_waited_for_and_rescued() {
    for tier in TIERS {
        let mut scene = Scene::new(tier);
        scene.write("note.md", "old");
        let mut editor = None;
        // As a program does that was inside open(2) when the names changed places.
        let report = publish_with(&scene, vec![replace("note.md", "old", "new", true)], "sync file", |scene| {
            editor = Some(OpenOptions::new().append(true).open(slot(scene)).expect("opens"));
        });
        assert!(is_done(&report), "{report:?}");
        let [mut linger] = <[_; 1]>::try_from(report.lingering).expect("one lingers");
        assert_eq!(linger.path(), "note.md");
        assert_eq!(linger.settle(&scene.blobs).expect("settles"), Settled::Held);
        let mut editor = editor.expect("it opened");
        editor.write_all(b" and a late save").expect("saves");
        assert_eq!(linger.settle(&scene.blobs).expect("settles"), Settled::Held);
        drop(editor);
        let Settled::Gone { rescued: Some(rescued) } = linger.settle(&scene.blobs).expect("settles") else {
            panic!("the save is lost")
        };
        assert_eq!(scene.blobs.get(&rescued.digest).expect("is kept"), b"old and a late save");
        assert_eq!((rescued.path.as_str(), scene.names()), ("note.md", vec!["note.md".to_owned()]));
    }
}

#[test]
fn a_late_save_that_nobody_waited_for_is_found_by_the_sweep() {
    let mut scene = Scene::new(TIERS[0]);
    scene.write("note.md", "old");
    let mut editor = None;
    let report = publish_with(&scene, vec![replace("note.md", "old", "new", true)], "sync file", |scene| {
        editor = Some(OpenOptions::new().append(true).open(slot(scene)).expect("opens"));
    });
    // The process ends.
    drop(report);
    let mut swept = scene.share.sweep_temps(&scene.blobs, &[].into()).expect("sweeps");
    assert_eq!((swept.removed, swept.lingering.len()), (0, 1), "it is open: {swept:?}");
    editor.expect("it opened").write_all(b" late").expect("saves");
    // Either the one who found it waits for it, or the next one finds it.
    let settled = swept.lingering[0].settle(&scene.blobs).expect("settles");
    let Settled::Gone { rescued: Some(rescued) } = settled else { panic!("the save is lost: {settled:?}") };
    assert_eq!((rescued.path.as_str(), scene.temps().len()), ("note.md", 0));
    assert_eq!(scene.blobs.get(&rescued.digest).expect("is kept"), b"old late");
}

#[test]
fn a_late_save_belongs_to_the_file_that_it_was_made_for_wherever_that_lies() {
    for (name, expected) in [("d/note.md", Some("e/note.md")), ("d/other.md", None)] {
        let mut scene = Scene::new(TIERS[0]);
        scene.write("d/note.md", "old");
        let mut temp = None;
        let report = publish_with(&scene, vec![replace("d/note.md", "old", "new", true)], "sync file", |scene| {
            temp = scene.temps().pop();
            let mut editor = OpenOptions::new().append(true).open(slot(scene)).expect("opens");
            editor.write_all(b" late").expect("saves");
            std::mem::forget(editor);
        });
        drop(report);
        // Nobody would ever let go of it.
        let text = scene.read(temp.as_deref().expect("a slot")).expect("a text");
        fs::remove_file(scene.at(temp.as_deref().expect("a slot"))).expect("removes");
        fs::write(scene.at(temp.as_deref().expect("a slot")), text).expect("writes");
        fs::rename(scene.at("d/note.md"), scene.at(name)).expect("renames");
        fs::rename(scene.at("d"), scene.at("e")).expect("renames");
        let swept = scene.share.sweep_temps(&scene.blobs, &[].into()).expect("sweeps");
        let own = temp.expect("a slot").replace("d/", "e/");
        assert_eq!(swept.rescued[0].path, expected.unwrap_or(&own), "{swept:?}");
        let again = scene.share.sweep_temps(&scene.blobs, &[].into()).expect("sweeps");
        assert!(again.rescued.is_empty() && scene.temps().is_empty(), "{again:?}");
    }
}

#[test]
fn a_touch_or_a_new_mode_just_before_the_exchange_stands() {
    for tier in TIERS {
        for name in ["exchange", "take away"] {
            let mut scene = Scene::new(tier);
            scene.write("note.md", "old");
            let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
            let moves = vec![replace("note.md", "old", "new", true)];
            let touched = publish_with(&scene, moves.clone(), name, |scene| {
                let file = OpenOptions::new().write(true).open(scene.at("note.md")).expect("opens");
                file.set_modified(time).expect("touches");
            });
            let now = fs::metadata(scene.at("note.md")).expect("is there");
            assert!(is_done(&touched) || now.modified().expect("has a time") == time, "{touched:?}");
            let mut scene = Scene::new(tier);
            scene.write("note.md", "old");
            let changed = publish_with(&scene, moves, name, |scene| {
                fs::set_permissions(scene.at("note.md"), fs::Permissions::from_mode(0o606)).expect("changes");
            });
            let now = fs::metadata(scene.at("note.md")).expect("is there");
            assert!(is_done(&changed) || now.permissions().mode() & 0o777 == 0o606, "{changed:?}");
            assert_eq!(is_done(&touched), is_done(&changed));
        }
    }
}

#[test]
fn syncthing_may_clear_our_temporary_files_away_at_any_point() {
    let moves = || {
        vec![
            replace("note.md", "old token-1", "new", true),
            new("made.txt", "made"),
            rename("a.md", "b.md", "a token-2"),
            remove("gone.md", "gone token-3", true),
        ]
    };
    for tier in TIERS {
        for at in 0..60 {
            let mut scene = Scene::new(tier);
            for (path, text) in [("note.md", "old token-1"), ("a.md", "a token-2"), ("gone.md", "gone token-3")] {
                scene.write(path, text);
            }
            let steps = &mut counted(|number, _| {
                if number == at {
                    scene.temps().iter().for_each(|temp| fs::remove_file(scene.at(temp)).expect("clears"));
                }
                Ok(())
            });
            let report = scene.share.publish_stepwise(&scene.blobs, &intent(moves()), Try::First, steps);
            let report = report.expect("not halted");
            // By way of a link a renamed file has for a moment no name but the slot's: its inode is all there is.
            let by_link = !tier.noreplace;
            assert!(by_link || scene.lost().is_empty(), "{tier:?} {at}: {report:?} {:?}", scene.names());
            if matches!(report.outcome, Outcome::Failed { unfinished: false, .. }) {
                let report = scene.publish(&intent(moves()), Try::Again);
                assert!(is_done(&report) || by_link, "{tier:?} {at}: {report:?}");
            } else {
                assert!(is_done(&report) || by_link, "{tier:?} {at}: {report:?}");
            }
        }
    }
}

#[test]
fn what_syncthing_clears_away_in_that_very_instant_is_rescued_from_our_descriptor() {
    // Somebody puts an old version back, time and all, in the instant before the exchange, and a scan of Syncthing's
    // takes it for an old temporary file in the instant after.
    let mut scene = Scene::new(TIERS[0]);
    scene.write("note.md", "old");
    let steps = &mut counted(|_, point: Point| {
        match point.name {
            "exchange" => fs::write(scene.at("note.md"), "an old version").expect("puts back"),
            "look at what came out" => fs::remove_file(slot(&scene)).expect("clears"),
            _ => {}
        }
        Ok::<_, Halted>(())
    });
    let moves = vec![replace("note.md", "old", "new", true)];
    let report = scene.share.publish_stepwise(&scene.blobs, &intent(moves), Try::First, steps).expect("not halted");
    assert!(is_overtaken(&report), "{report:?}");
    assert_eq!(report.kept, ["note.md"]);
    assert_eq!(scene.blobs.get(&report.rescued[0].digest).expect("kept"), b"an old version");
}

#[test]
fn a_directory_that_is_moved_away_takes_its_own_text_along() {
    for tier in TIERS {
        for name in ["exchange", "take away", "take the free name", "rename"] {
            let mut scene = Scene::new(tier);
            scene.write("0900/note.md", "old token-1");
            scene.write("0900/b.md", "b token-2");
            let moves = vec![replace("0900/note.md", "old token-1", "new", true), new("0900/made.txt", "made")];
            let mut moved = false;
            let report = publish_with(&scene, moves, name, |scene| {
                if !std::mem::replace(&mut moved, true) {
                    fs::rename(scene.at("0900"), scene.at("0901")).expect("moves");
                }
            });
            if moved {
                assert!(is_overtaken(&report), "{name}: {report:?}");
                assert_eq!(scene.names(), ["0901/b.md", "0901/note.md"], "{name}: {report:?}");
                assert_eq!(scene.read("0901/note.md").as_deref(), Some("old token-1"));
            }
        }
    }
}

#[test]
fn two_saves_within_one_exchange_leave_the_younger_in_place_and_the_older_as_a_blob() {
    let mut scene = Scene::new(TIERS[0]);
    scene.write("note.md", "old");
    let (mut others, mut number) = (Others::default(), 0);
    let moves = vec![replace("note.md", "old", "new", true)];
    let steps = &mut counted(|_, point: Point| {
        if matches!(point.name, "exchange" | "exchange back") && number < 2 {
            number += 1;
            others.act(&scene.at("note.md"), common::Act::RenameOver, &format!("token-{number}"));
            // Seconds count when it comes to who saved last, not who asks first.
        }
        Ok::<_, Halted>(())
    });
    let report = scene.share.publish_stepwise(&scene.blobs, &intent(moves), Try::First, steps).expect("not halted");
    assert!(is_overtaken(&report), "{report:?}");
    others.settle(&mut scene);
    assert_eq!(scene.read("note.md").as_deref(), Some("token-2"));
    assert_eq!(report.rescued.len(), 1, "{report:?}");
    assert_eq!(scene.blobs.get(&report.rescued[0].digest).expect("kept"), b"token-1");
    assert!(scene.temps().is_empty());
}

#[test]
fn whoever_opens_a_file_while_we_ask_about_it_waits_and_nobody_is_killed() {
    // The kernel signals the holder of a lease when somebody wants the file; by default that ends the process.
    let mut scene = Scene::new(TIERS[0]);
    scene.write("note.md", "old");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                drop(OpenOptions::new().append(true).open(scene.at("note.md")).expect("opens"));
            }
        });
        for _ in 0..2000 {
            scene.share.held("note.md").expect("answers");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn a_torn_text_is_never_returned() {
    let mut scene = Scene::new(TIERS[0]);
    let texts = [vec![b'a'; 256 << 10], vec![b'b'; 256 << 10]];
    scene.write("note.md", str::from_utf8(&texts[0]).expect("text"));
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let (mut whole, mut unsettled, mut torn) = (0, 0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..600 {
                // The same size each time, many times within a tick of the clock that file times are taken from.
                let file = OpenOptions::new().write(true).open(scene.at("note.md")).expect("opens");
                for text in texts.iter().cycle().skip(round % 2).take(1 + round % 3) {
                    std::os::unix::fs::FileExt::write_all_at(&file, text, 0).expect("writes");
                }
            }
            is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
            match scene.share.snapshot("note.md", 1 << 20) {
                Ok(read) if texts.iter().any(|text| text[..] == read.bytes[..]) => whole += 1,
                Ok(_) => torn += 1,
                Err(show_publish::ReadError::Unsettled { .. }) => unsettled += 1,
                Err(other) => eprintln!("{other}"),
            }
        }
    });
    println!("{whole} whole, {unsettled} unsettled");
    assert_eq!(torn, 0);
    let last = scene.share.snapshot("note.md", 1 << 20).expect("nobody has it open any more");
    assert!(texts.iter().any(|text| text[..] == last.bytes[..]));
}

#[test]
fn a_removed_home_is_not_made_again_whenever_it_goes() {
    for tier in TIERS {
        for number in 1.. {
            let mut scene = Scene::new(tier);
            scene.write("episodes/0901/info.md", "another");
            scene.write("episodes/0900/info.md", "token-1");
            scene.write("episodes/0900/made.html", "made");
            let home = scene.at("episodes/0900");
            let moves = vec![
                replace("episodes/0900/made.html", "made", "made anew", false),
                new("episodes/0900/scripts/current/host.html", "script"),
            ];
            let intent = Intent { home: Some("episodes/0900".into()), ..intent(moves) };
            let mut gone = false;
            let mut steps = counted(|now, _| {
                if now == number {
                    fs::remove_dir_all(&home).expect("a person removes it");
                    gone = true;
                }
                Ok(())
            });
            let report = scene.share.publish_stepwise(&scene.blobs, &intent, Try::First, &mut steps);
            let report = report.expect("nothing halts it");
            if !gone {
                assert!(is_done(&report) && number > 5, "{report:?}");
                break;
            }
            assert!(!home.exists(), "point {number}: {report:?}");
            let again = scene.publish(&intent, Try::Again);
            assert!(is_overtaken(&again) && !home.exists(), "point {number}: {again:?}");
            assert_eq!(scene.names(), ["episodes/0901/info.md"]);
        }
    }
}

#[test]
fn below_its_home_a_new_file_gets_its_folders_and_above_it_none() {
    let mut scene = Scene::new(FULL);
    scene.write("episodes/0901/info.md", "another");
    let at = |home: &str, path: &str| Intent { home: Some(home.into()), ..intent(vec![new(path, "script")]) };
    let report = scene.publish(&at("episodes/0900", "episodes/0900/scripts/host.html"), Try::First);
    let Outcome::Overtaken { path, .. } = &report.outcome else { panic!("{report:?}") };
    assert_eq!(path, "episodes/0900");
    assert!(!scene.at("episodes/0900").exists());
    assert!(is_done(&scene.publish(&at("episodes/0901", "episodes/0901/scripts/current/host.html"), Try::First)));
    // The name of one home may be how another begins.
    assert!(is_overtaken(&scene.publish(&at("episodes/0901-b", "episodes/0901-b/x/host.html"), Try::First)));
}
