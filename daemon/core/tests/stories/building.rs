//! What runs, what is adopted and what is left alone.

use crate::story::*;
use insta::assert_snapshot;
use show_core::*;

#[test]
fn a_saved_note_becomes_a_published_script_and_a_restart_finds_nothing_to_do() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish("compile");
    assert_snapshot!(show.told(), @r"
    0.0s  hash ep/0900/a.md
    0.0s  build.new 1: a.md changed
    0.0s  job.started 1: compile
    0.0s  start 1.1 compile
    0.0s  job.publishing 1: compile
    0.0s  publish 1: new ep/0900/scripts/script.html
    0.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 1
    0.0s  job.done 1: compile: KETTLE
    0.0s  build.ended 1: done
    ");
    assert_eq!(show.text("ep/0900/scripts/script.html"), "KETTLE");
    show.restart();
    assert_snapshot!(show.told(), @"0.0s  restart");
}

#[test]
fn a_typo_in_a_note_does_not_encode_a_film_again() {
    let mut show = show().with("ep/0900/a.md", "clip boil boil.mov").with("ep/0900/media/boil.mov", "film").start();
    show.finish_all().told();
    show.at(1000.0).save("ep/0900/a.md", "clip boil boil.mov\ntypo").at(1010.0).finish_all();
    assert_snapshot!(show.told(), @r"
    1000.0s  saved ep/0900/a.md
    1003.0s  hash ep/0900/a.md
    1003.0s  build.new 2: a.md changed
    1003.0s  job.started 5: scan
    1003.0s  start 5.1 scan
    1010.0s  job.done 5: scan: 1 clips
    1010.0s  job.started 6: repair
    1010.0s  start 6.1 repair
    1010.0s  job.done 6: repair: nothing to repair
    1010.0s  job.started 7: compile
    1010.0s  start 7.1 compile
    1010.0s  job.publishing 7: compile
    1010.0s  publish 3: replace ep/0900/scripts/script.html
    1010.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 7
    1010.0s  job.done 7: compile: CLIP BOIL BOIL.MOV / TYPO
    1010.0s  build.ended 2: done
    ");
}

#[test]
fn a_running_encode_is_adopted_by_the_next_build_and_one_whose_source_changed_is_stopped() {
    let mut show = show().with("ep/0900/a.md", "clip boil boil.mov\nclip sing sing.mov");
    show = show.with("ep/0900/media/boil.mov", "film").with("ep/0900/media/sing.mov", "song").start();
    show.finish("scan").finish("repair").told();
    show.at(1000.0).save("ep/0900/a.md", "clip boil boil.mov\nclip sing sing.mov\nmore").at(1004.0);
    assert_snapshot!(show.told(), @r"
    1000.0s  saved ep/0900/a.md
    1003.0s  hash ep/0900/a.md
    1003.0s  build.new 2: a.md changed
    1003.0s  build.ended 1: done
    1003.0s  job.started 6: scan
    1003.0s  start 6.1 scan
    ");
    show.at(1010.0).save("ep/0900/media/sing.mov", "another song").at(1025.0).finish("scan");
    assert_snapshot!(show.told(), @r"
    1010.0s  saved ep/0900/media/sing.mov
    1025.0s  job.done 6: scan: 2 clips
    1025.0s  hash ep/0900/media/sing.mov
    1025.0s  job.started 7: repair
    1025.0s  start 7.1 repair
    1025.0s  job.stopping 5: transcode of sing: its inputs changed
    1025.0s  stop 5.1
    ");
}

#[test]
fn a_watch_that_was_lost_is_made_good_by_a_scan() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().skip().at(100.0).save_unseen("ep/0900/a.md", "pot").at(200.0);
    assert_snapshot!(show.told(), @"nothing");
    show.event(Event::WatchLost { share: SHARE, why: "queue overflow".to_owned() }).at(210.0).finish_all();
    assert_snapshot!(show.told(), @r"
    200.0s  watch.lost: the share is walked again: queue overflow
    203.0s  hash ep/0900/a.md
    203.0s  build.new 2: a.md changed
    203.0s  job.started 2: compile
    203.0s  start 2.1 compile
    210.0s  job.publishing 2: compile
    210.0s  publish 2: replace ep/0900/scripts/script.html
    210.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 2
    210.0s  job.done 2: compile: POT
    210.0s  build.ended 2: done
    ");
}

#[test]
fn a_subject_whose_note_was_read_before_a_restart_and_that_has_no_build_yet_is_built_after_it() {
    let mut show = compile().start();
    show.save("ep/0900/a.md", "kettle").at(2.0).save("ep/0900/b.md", "pot").at(4.0).skip();
    show.remove_unseen("ep/0900/b.md").restart().finish_all();
    assert_snapshot!(show.told(), @r"
    4.0s  restart
    4.0s  build.new 1: compile: was not done before
    4.0s  job.started 1: compile
    4.0s  start 1.1 compile
    4.0s  job.publishing 1: compile
    4.0s  publish 1: new ep/0900/scripts/script.html
    4.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 1
    4.0s  job.done 1: compile: KETTLE
    4.0s  build.ended 1: done
    ");
    assert_eq!(show.text("ep/0900/scripts/script.html"), "KETTLE");
}

#[test]
fn a_subject_that_goes_away_is_let_go_and_nothing_is_left_of_it() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().skip().at(100.0).remove("ep/0900/a.md").at(200.0);
    assert_snapshot!(show.told(), @"100.0s  removed ep/0900/a.md");
    assert!(show.core.subjects().is_empty());
    assert!(show.store.index.is_empty());
}

#[test]
fn two_clips_that_would_write_one_path_are_refused_naming_both() {
    let mut show = show().program("scan", |_, _| {
        let field = |text: &str| Field::Text(text.to_owned());
        let clip = |id: &str, source: &str| Element {
            id: id.into(),
            fields: [("slug".to_owned(), field("same")), ("source".to_owned(), field(source))].into(),
        };
        let clips = vec![clip("one", "a.mov"), clip("two", "b.mov")];
        Ended::Succeeded(Finished { lists: [("clips".to_owned(), clips)].into(), ..Finished::default() })
    });
    show = show.with("ep/0900/a.md", "x").with("ep/0900/media/a.mov", "a").with("ep/0900/media/b.mov", "b").start();
    show.finish_all();
    assert_snapshot!(show.plan("ep/0900/"), @r"
    scan                 up to date
    repair               up to date
    transcode of one     blocked: transcode of two writes ep/0900/video/same.mp4 too, from other inputs
    transcode of two     blocked: transcode of one writes ep/0900/video/same.mp4 too, from other inputs
    compile              blocked: waits for transcode of one, which is not done (job 4); waits for transcode of two, which is not done (job 5)
    ");
}

#[test]
fn two_cues_of_one_clip_encode_it_once() {
    let mut show = show().program("scan", |_, _| {
        let field = |text: &str| Field::Text(text.to_owned());
        let clip = |id: &str| Element {
            id: id.into(),
            fields: [("slug".to_owned(), field("same")), ("source".to_owned(), field("a.mov"))].into(),
        };
        let clips = vec![clip("one"), clip("two")];
        Ended::Succeeded(Finished { lists: [("clips".to_owned(), clips)].into(), ..Finished::default() })
    });
    show = show.with("ep/0900/a.md", "x").with("ep/0900/media/a.mov", "a").start();
    show.finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  hash ep/0900/a.md
    0.0s  build.new 1: media/a.mov changed
    0.0s  job.started 1: scan
    0.0s  start 1.1 scan
    0.0s  job.done 1: scan
    0.0s  hash ep/0900/media/a.mov
    0.0s  job.started 2: repair
    0.0s  start 2.1 repair
    0.0s  job.started 4: transcode of one
    0.0s  start 4.1 transcode of one
    0.0s  job.done 2: repair: nothing to repair
    0.0s  job.publishing 4: transcode of one
    0.0s  publish 1: new ep/0900/video/same.mp4
    0.0s  publish.done: ep/0900/video/same.mp4 was published: transcode of one, job 4
    0.0s  job.done 4: transcode of one: encoded a
    0.0s  job.started 3: compile
    0.0s  start 3.1 compile
    0.0s  job.publishing 3: compile
    0.0s  publish 2: new ep/0900/scripts/script.html
    0.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 3
    0.0s  job.done 3: compile: X
    0.0s  build.ended 1: done
    ");
}

#[test]
fn what_was_undone_is_known_and_only_the_script_is_printed_again() {
    let mut show = show().with("ep/0900/a.md", "kettle").start();
    show.finish_all().at(100.0).save("ep/0900/a.md", "pot").at(104.0).finish_all().skip();
    show.at(200.0).save("ep/0900/a.md", "kettle").at(204.0).finish_all();
    assert_snapshot!(show.told(), @r"
    200.0s  saved ep/0900/a.md
    203.0s  hash ep/0900/a.md
    203.0s  build.new 3: a.md changed
    203.0s  job.started 9: compile
    203.0s  start 9.1 compile
    204.0s  job.publishing 9: compile
    204.0s  publish 3: replace ep/0900/scripts/script.html
    204.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 9
    204.0s  job.done 9: compile: KETTLE
    204.0s  build.ended 3: done
    ");
}

#[test]
fn a_job_says_what_its_build_stands_on_also_when_that_was_undone_and_is_known() {
    let rules = rules(vec![step("scan"), on_pool(needs(step("print"), &["scan"]), "held")]);
    let mut show = Story::new(rules).program("scan", scan).with("ep/0900/a.md", "clip boil boil.mov").start();
    show.finish("scan").at(100.0).save("ep/0900/a.md", "kettle").at(104.0).finish("scan");
    show.at(200.0).save("ep/0900/a.md", "clip boil boil.mov").at(204.0);
    let scans = show.core.jobs().filter(|job| *job.node.step == *"scan");
    assert_eq!(scans.last().expect("the build is not over").summary, "1 clips");
}

#[test]
fn only_so_many_builds_are_kept() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    for save in 1..8 {
        show.at(f64::from(save) * 10.0)
            .save("ep/0900/a.md", &format!("kettle {save}"))
            .at(f64::from(save) * 10.0 + 4.0)
            .finish_all();
    }
    show.restart().at(90.0).save("ep/0900/a.md", "kettle 9").at(94.0).finish_all();
    let kept: Vec<u64> = show.store.builds.keys().map(|id| id.0).collect();
    assert_eq!(kept, [7, 8, 9]);
    assert_eq!(show.store.jobs.len(), 3);
}
