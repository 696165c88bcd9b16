//! When a changed file is read.

use crate::story::*;
use insta::assert_snapshot;

#[test]
fn a_note_saved_twice_is_compiled_once_when_it_has_settled() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().told();
    show.at(100.0).save("ep/0900/a.md", "kettles");
    show.at(101.5).save("ep/0900/a.md", "kettles sing");
    show.at(110.0).finish_all();
    assert_snapshot!(show.told(), @r"
    100.0s  saved ep/0900/a.md
    101.5s  saved ep/0900/a.md
    104.5s  hash ep/0900/a.md
    104.5s  build.new 2: a.md changed
    104.5s  job.started 2: compile
    104.5s  start 2.1 compile
    110.0s  job.publishing 2: compile
    110.0s  publish 2: replace ep/0900/scripts/script.html
    110.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 2
    110.0s  job.done 2: compile: KETTLES SING
    110.0s  build.ended 2: done
    ");
}

#[test]
fn a_note_that_is_saved_all_evening_is_compiled_at_the_latest_after_the_ceiling() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().told();
    for save in 0..20 {
        show.at(100.0 + 2.0 * f64::from(save)).save("ep/0900/a.md", &format!("kettle {save}"));
    }
    show.finish_all();
    let told = show.told();
    let told: Vec<&str> = told.lines().filter(|line| !line.contains("saved")).collect();
    assert_snapshot!(told.join("\n"), @r"
    130.0s  hash ep/0900/a.md
    130.0s  build.new 2: a.md changed
    130.0s  job.started 2: compile
    130.0s  start 2.1 compile
    138.0s  job.publishing 2: compile
    138.0s  publish 2: replace ep/0900/scripts/script.html
    138.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 2
    138.0s  job.done 2: compile: KETTLE 14
    138.0s  build.ended 2: done
    ");
}

#[test]
fn a_touched_note_is_read_again_and_nothing_runs() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().told();
    show.at(100.0).save("ep/0900/a.md", "kettle").at(200.0);
    assert_snapshot!(show.told(), @r"
    100.0s  saved ep/0900/a.md
    103.0s  hash ep/0900/a.md
    ");
}

#[test]
fn a_growing_recording_is_waited_for_and_never_forgotten() {
    let mut show = show().with("ep/0900/a.md", "clip boil boil.mov").start();
    show.finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  hash ep/0900/a.md
    0.0s  build.new 1: a.md changed
    0.0s  job.started 1: scan
    0.0s  start 1.1 scan
    0.0s  job.done 1: scan: 1 clips
    0.0s  job.started 2: repair
    0.0s  start 2.1 repair
    0.0s  job.done 2: repair: nothing to repair
    0.0s  job.started 3: compile
    0.0s  start 3.1 compile
    0.0s  job.publishing 3: compile
    0.0s  publish 1: new ep/0900/scripts/script.html
    0.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 3
    0.0s  job.done 3: compile: CLIP BOIL BOIL.MOV
    ");
    for second in 1..=30 {
        show.at(f64::from(second) * 5.0).save("ep/0900/media/boil.mov", &"x".repeat(second as usize));
    }
    show.told();
    let unsettled: Vec<_> = show.core.unsettled().into_iter().map(|file| file.file.to_string()).collect();
    assert_eq!(unsettled, ["ep/0900/media/boil.mov"]);
    assert_snapshot!(show.why(3).join("\n"), @"");
    show.at(200.0).finish_all();
    assert_snapshot!(show.told(), @r"
    160.0s  hash ep/0900/media/boil.mov
    160.0s  job.started 4: transcode of boil
    160.0s  start 4.1 transcode of boil
    200.0s  job.publishing 4: transcode of boil
    200.0s  publish 2: new ep/0900/video/boil.mp4
    200.0s  publish.done: ep/0900/video/boil.mp4 was published: transcode of boil, job 4
    200.0s  job.done 4: transcode of boil: encoded xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    200.0s  build.ended 1: done
    ");
}

#[test]
fn what_changed_while_showd_was_away_is_quiet_since_it_changed_not_since_it_was_seen() {
    let mut show = show().with("ep/0900/a.md", "fine").start();
    show.finish_all().at(1_000.0).save_unseen("ep/0900/a.md", "teh kettle").at(1_100.0).restart();
    show.finish_all().skip().at(1_121.0).finish_all();
    assert_eq!(show.text("ep/0900/a.md"), "the kettle");
}
