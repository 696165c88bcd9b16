//! What people ask for, and what they are answered.

use crate::story::*;
use insta::assert_snapshot;
use show_core::*;
use std::collections::BTreeMap;

fn submit(parameters: &[(&str, &str)]) -> Ask {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Ask::Submit { subject: subject_of("ep/0900/"), parameters }
}

/// A pipeline that runs on submission only.
fn on_request() -> Story {
    let mut rules = rules(vec![without_inputs(step("export")), needs(without_inputs(step("upload")), &["export"])]);
    rules.pipelines[0].on.clear();
    Story::new(rules).with("ep/0900/a.md", "kettle").start()
}

fn name(job: u64, step: &str) -> JobName {
    let node = Node { step: step.into(), element: "".into() };
    JobName { job: JobId(job), subject: subject_of("ep/0900/"), parameters: BTreeMap::new(), node }
}

#[test]
fn a_submission_runs_once_and_with_other_parameters_again() {
    let mut show = on_request();
    show.ask(submit(&[("preset", "host")])).ask(submit(&[("preset", "host")])).finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  build.new 1: asked for by pat
    0.0s  answer 1: Submitted { build: BuildId(1), jobs: [JobId(1), JobId(2)] }
    0.0s  job.started 1: export
    0.0s  start 1.1 export
    0.0s  answer 2: Submitted { build: BuildId(1), jobs: [JobId(1), JobId(2)] }
    0.0s  job.done 1: export
    0.0s  job.started 2: upload
    0.0s  start 2.1 upload
    0.0s  job.done 2: upload
    0.0s  build.ended 1: done
    ");
    show.ask(submit(&[("preset", "host")])).finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  build.new 2: asked for by pat
    0.0s  answer 3: Submitted { build: BuildId(2), jobs: [JobId(3), JobId(4)] }
    0.0s  build.ended 2: done
    ");
    show.ask(submit(&[("preset", "guest")])).finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  build.new 3: asked for by pat
    0.0s  answer 4: Submitted { build: BuildId(3), jobs: [JobId(5), JobId(6)] }
    0.0s  job.started 5: export
    0.0s  start 5.1 export
    0.0s  job.done 5: export
    0.0s  job.started 6: upload
    0.0s  start 6.1 upload
    0.0s  job.done 6: upload
    0.0s  build.ended 3: done
    ");
    assert!(show.core.subjects().is_empty());
}

#[test]
fn a_submission_whose_step_fails_ends_and_nobody_waits_for_what_stood_behind_it() {
    let mut show = on_request();
    show.ask(submit(&[])).ask(Ask::Wait { jobs: vec![JobId(1), JobId(2)] });
    show.fail("export", "no disk").at(10.0).fail("export", "no disk");
    assert_snapshot!(show.told(), @r"
    0.0s  build.new 1: asked for by pat
    0.0s  answer 1: Submitted { build: BuildId(1), jobs: [JobId(1), JobId(2)] }
    0.0s  job.started 1: export
    0.0s  start 1.1 export
    0.0s  job.retrying 1: export: no disk
    1.3s  job.started 1: export
    1.3s  start 1.2 export
    10.0s  job.failed 1: export: no disk
    10.0s  job.canceled 2: upload: what it needs did not succeed
    10.0s  build.ended 1: ended, 1 failed
    10.0s  answer 2: Ended { jobs: [(JobId(1), false), (JobId(2), false)] }
    ");
}

#[test]
fn who_waits_for_a_job_that_a_newer_build_took_over_is_answered_though_its_episode_is_gone() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.ask(Ask::Wait { jobs: vec![JobId(1)] }).save("ep/0900/a.md", "pot").at(20.0);
    show.remove("ep/0900/a.md").at(40.0).skip();
    assert!(show.core.subjects().is_empty());
    show.end(JobId(1), AttemptNo(1), Ended::Stopped);
    assert_snapshot!(show.told(), @r"
    40.0s  job.canceled 1: compile: build 2 took over
    40.0s  build.ended 1: done
    40.0s  answer 1: Ended { jobs: [(JobId(1), false)] }
    ");
}

#[test]
fn asks_for_what_is_not_there_are_refused_with_the_next_move() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    let elsewhere = |pipeline: &str, path: &str| Subject { pipeline: pipeline.into(), share: SHARE, path: path.into() };
    for subject in [elsewhere("shwo", "ep/0900/"), elsewhere("show", "ep/nine/"), elsewhere("show", "ep/0901/")] {
        show.ask(Ask::Submit { subject, parameters: BTreeMap::new() });
    }
    show.ask(Ask::Cancel { jobs: vec![JobId(99)] }).ask(Ask::Release { file: file("ep/0900/a.md") });
    show.ask(Ask::Requeue { jobs: vec![name(1, "compile")], force: false });
    assert_snapshot!(show.told(), @r#"
    0.0s  hash ep/0900/a.md
    0.0s  build.new 1: a.md changed
    0.0s  job.started 1: compile
    0.0s  start 1.1 compile
    0.0s  answer 1: refused: there is no pipeline shwo (pipelines are: show)
    0.0s  answer 2: refused: ep/nine/ is no subject of show (its subjects are ep/{episode:digits}/)
    0.0s  answer 3: refused: nothing lies at ep/0901/ (see "showctl episodes")
    0.0s  answer 4: refused: job 99 is not running or waiting (see "showctl jobs")
    0.0s  answer 5: refused: nobody holds ep/0900/a.md (see "showctl locks")
    0.0s  answer 6: refused: job 1 is still running (wait for it with "showctl wait 1", or stop it with "showctl cancel 1")
    "#);
}

#[test]
fn a_finished_job_is_run_again_by_a_new_build_when_forced() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().skip().ask(Ask::Requeue { jobs: vec![name(1, "compile")], force: true }).finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  build.new 2: asked for by pat
    0.0s  job.started 2: compile
    0.0s  answer 1: Jobs { jobs: [JobId(2)] }
    0.0s  start 2.1 compile
    0.0s  job.done 2: compile: KETTLE
    0.0s  build.ended 2: done
    ");
    show.ask(Ask::Requeue { jobs: vec![name(1, "compile")], force: false });
    assert_snapshot!(show.told(), @r"
    0.0s  build.new 3: asked for by pat
    0.0s  build.ended 3: done
    0.0s  answer 2: Jobs { jobs: [JobId(3)] }
    ");
}

#[test]
fn a_requeue_above_a_running_dependant_lets_it_finish() {
    let mut show = show().with("ep/0900/a.md", "clip boil boil.mov").with("ep/0900/media/boil.mov", "film").start();
    show.finish("scan").skip().ask(Ask::Requeue { jobs: vec![name(1, "scan")], force: true });
    show.finish("transcode of boil").finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  job.started 1: scan
    0.0s  answer 1: Jobs { jobs: [JobId(1)] }
    0.0s  start 1.2 scan
    0.0s  job.publishing 4: transcode of boil
    0.0s  publish 1: new ep/0900/video/boil.mp4
    0.0s  publish.done: ep/0900/video/boil.mp4 was published: transcode of boil, job 4
    0.0s  job.done 4: transcode of boil: encoded film
    0.0s  job.done 1: scan: 1 clips
    0.0s  job.done 2: repair: nothing to repair
    0.0s  job.started 3: compile
    0.0s  start 3.1 compile
    0.0s  job.publishing 3: compile
    0.0s  publish 2: new ep/0900/scripts/script.html
    0.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 3
    0.0s  job.done 3: compile: CLIP BOIL BOIL.MOV
    0.0s  build.ended 1: done
    ");
}

#[test]
fn a_lock_keeps_everybody_off_a_file_until_its_client_is_gone() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().skip().ask(take("ep/0900/a.md", LeaseKind::Lock)).at(10.0).save("ep/0900/a.md", "pot").at(20.0);
    assert_snapshot!(show.told(), @r"
    0.0s  lease.taken: pat locks ep/0900/a.md
    0.0s  answer 1: Taken { lease: LeaseId(1), token: (0, 1) }
    10.0s  saved ep/0900/a.md
    ");
    assert_snapshot!(show.plan("ep/0900/"), @"compile              blocked: ep/0900/a.md is locked by pat: rewriting it");
    show.ask(take("ep/0900/a.md", LeaseKind::Hold));
    show.event(Event::ClientGone { client: ClientId(1) }).finish_all();
    assert_snapshot!(show.told(), @r"
    20.0s  lease.taken: pat holds ep/0900/a.md
    20.0s  answer 2: Taken { lease: LeaseId(2), token: (0, 2) }
    20.0s  lease.ended: pat no longer locks ep/0900/a.md: its owner is gone
    20.0s  hash ep/0900/a.md
    20.0s  build.new 2: a.md changed
    20.0s  job.started 2: compile
    20.0s  start 2.1 compile
    20.0s  job.publishing 2: compile
    20.0s  publish 2: replace ep/0900/scripts/script.html
    20.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 2
    20.0s  job.done 2: compile: POT
    20.0s  build.ended 2: done
    ");
}

#[test]
fn a_lock_outlives_a_restart_and_ends_by_itself() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().skip().ask(take("ep/0900/", LeaseKind::Lock)).at(10.0).restart().skip();
    show.save("ep/0900/a.md", "pot").at(59.0);
    assert_snapshot!(show.told(), @"10.0s  saved ep/0900/a.md");
    show.ask(Ask::Renew { lease: LeaseId(1) }).at(118.0).skip().at(120.0).finish_all();
    assert_snapshot!(show.told(), @r"
    119.0s  lease.ended: pat no longer locks ep/0900/: its time was over
    119.0s  hash ep/0900/a.md
    119.0s  build.new 2: a.md changed
    119.0s  job.started 2: compile
    119.0s  start 2.1 compile
    120.0s  job.publishing 2: compile
    120.0s  publish 2: replace ep/0900/scripts/script.html
    120.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 2
    120.0s  job.done 2: compile: POT
    120.0s  build.ended 2: done
    ");
}

#[test]
fn a_file_that_an_attempt_writes_cannot_be_locked() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.skip().ask(take("ep/0900/scripts/script.html", LeaseKind::Lock)).ask(take("ep/0900/", LeaseKind::Lock));
    assert_snapshot!(show.told(), @r#"
    0.0s  answer 1: refused: job 1 is using ep/0900/scripts/script.html (wait for it with "showctl wait 1")
    0.0s  answer 2: refused: job 1 is using ep/0900/scripts/script.html (wait for it with "showctl wait 1")
    "#);
}

#[test]
fn what_is_being_published_cannot_be_locked_nor_the_folder_that_it_is_in() {
    let mut show = show().with("ep/0900/a.md", "teh kettle").start();
    show.manual_publish = true;
    show.finish("scan").finish("repair").finish("compile").skip();
    let all = [("ep/0900/a.md", LeaseKind::Hold), ("ep/0900/", LeaseKind::Lock), ("ep/", LeaseKind::Hold)];
    for (path, kind) in all {
        show.ask(take(path, kind));
    }
    show.ask(take("ep/0901/", LeaseKind::Lock));
    assert_snapshot!(show.told(), @r"
    0.0s  answer 1: refused: ep/0900/a.md is being published (try again in a moment)
    0.0s  answer 2: refused: ep/0900/a.md is being published (try again in a moment)
    0.0s  answer 3: refused: ep/0900/a.md is being published (try again in a moment)
    0.0s  lease.taken: pat locks ep/0901/
    0.0s  answer 4: Taken { lease: LeaseId(1), token: (0, 1) }
    ");
}

#[test]
fn waiting_for_idle_ends_when_only_people_can_go_on() {
    let mut show = show().with("ep/0900/a.md", "teh kettle\nclip boil boil.mov").start();
    show.ask(Ask::WaitIdle { quiet_too: false }).ask(Ask::WaitIdle { quiet_too: true }).skip();
    show.save("ep/0900/b.md", "new").finish_all().at(5.0).finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  saved ep/0900/b.md
    0.0s  job.done 1: scan: 1 clips
    3.0s  hash ep/0900/b.md
    3.0s  build.new 2: b.md changed
    3.0s  build.ended 1: done
    3.0s  job.started 4: scan
    3.0s  start 4.1 scan
    5.0s  job.done 4: scan: 1 clips
    5.0s  job.started 2: repair
    5.0s  start 2.1 repair
    5.0s  job.done 2: repair: ep/0900/a.md: teh => the
    5.0s  job.started 3: compile
    5.0s  start 3.1 compile
    5.0s  job.publishing 6: weave of ep/0900/a.md
    5.0s  publish 1: rewrite ep/0900/a.md
    5.0s  publish.done: ep/0900/a.md was published: weave, job 6
    5.0s  job.done 6: weave of ep/0900/a.md
    5.0s  build.new 3: ep/0900/a.md was published
    5.0s  build.ended 2: done
    5.0s  job.started 7: scan
    5.0s  start 7.1 scan
    5.0s  job.publishing 3: compile
    5.0s  publish 2: new ep/0900/scripts/script.html
    5.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 3
    5.0s  job.done 3: compile: THE KETTLE / CLIP BOIL BOIL.MOV / NEW
    5.0s  job.done 7: scan: 1 clips
    5.0s  answer 1: Done
    5.0s  answer 2: Done
    ");
    show.at(300.0).finish_all();
    assert_snapshot!(show.told(), @"nothing");
}

#[test]
fn an_edit_that_a_person_asks_for_is_woven_in_when_the_note_is_quiet() {
    let mut show = show().with("ep/0900/a.md", "a kettle sings").start();
    show.finish_all().skip();
    let wish = "ep/0900/a.md: sings => whistles";
    show.blobs.insert(digest(wish), wish.to_owned());
    show.ask(Ask::Edit { file: file("ep/0900/a.md"), edits: digest(wish), what: "renumber".to_owned() });
    show.finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  answer 1: Done
    0.0s  build.new 2: renumber
    0.0s  job.publishing 7: weave of ep/0900/a.md
    0.0s  publish 2: rewrite ep/0900/a.md
    0.0s  publish.done: ep/0900/a.md was published: weave, job 7
    0.0s  job.done 7: weave of ep/0900/a.md
    0.0s  build.new 3: ep/0900/a.md was published
    0.0s  build.ended 2: done
    0.0s  job.started 8: scan
    0.0s  start 8.1 scan
    0.0s  job.done 8: scan: 0 clips
    0.0s  job.started 9: repair
    0.0s  start 9.1 repair
    0.0s  job.done 9: repair: nothing to repair
    0.0s  job.started 10: compile
    0.0s  start 10.1 compile
    0.0s  job.publishing 10: compile
    0.0s  publish 3: replace ep/0900/scripts/script.html
    0.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 10
    0.0s  job.done 10: compile: A KETTLE WHISTLES
    0.0s  build.ended 3: done
    ");
    assert_eq!(show.text("ep/0900/a.md"), "a kettle whistles");
}

#[test]
fn whoever_waits_for_idle_is_answered_after_what_they_saved_unseen() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().at(100.0).skip().save_unseen("ep/0900/a.md", "pot").ask(Ask::WaitIdle { quiet_too: false });
    show.at(110.0).finish_all();
    assert_snapshot!(show.told(), @r"
    103.0s  hash ep/0900/a.md
    103.0s  build.new 2: a.md changed
    103.0s  job.started 2: compile
    103.0s  start 2.1 compile
    110.0s  job.publishing 2: compile
    110.0s  publish 2: replace ep/0900/scripts/script.html
    110.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 2
    110.0s  job.done 2: compile: POT
    110.0s  build.ended 2: done
    110.0s  answer 1: Done
    ");
    // With the share's disk missing there is nothing to look at, and nothing to wait for.
    show.event(Event::ShareGone { share: SHARE }).skip().ask(Ask::WaitIdle { quiet_too: true });
    assert_snapshot!(show.told(), @"110.0s  answer 2: Done");
}

#[test]
fn a_scan_under_way_is_not_enough_for_whoever_waits_for_idle() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().at(100.0).manual_scan = true;
    show.event(Event::WatchLost { share: SHARE, why: "overflow".to_owned() });
    show.scan_sees(&["ep/0900/a.md", "ep/0900/scripts/script.html"]).save_unseen("ep/0900/a.md", "pot").skip();
    show.ask(Ask::WaitIdle { quiet_too: false }).scanned();
    assert_snapshot!(show.told(), @"100.0s  scan");
    show.scan_sees(&["ep/0900/a.md", "ep/0900/scripts/script.html"]).scanned().at(110.0).finish_all();
    assert_snapshot!(show.told(), @r"
    103.0s  hash ep/0900/a.md
    103.0s  build.new 2: a.md changed
    103.0s  job.started 2: compile
    103.0s  start 2.1 compile
    110.0s  job.publishing 2: compile
    110.0s  publish 2: replace ep/0900/scripts/script.html
    110.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 2
    110.0s  job.done 2: compile: POT
    110.0s  build.ended 2: done
    110.0s  answer 1: Done
    ");
}

#[test]
fn a_conflict_copy_does_not_keep_idle_from_coming() {
    let mut show = show().with("ep/0900/a.md", "teh kettle").start();
    show.save("ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md", "teh pot").finish_all().at(500.0).finish_all();
    show.skip().ask(Ask::WaitIdle { quiet_too: true });
    assert_snapshot!(show.told(), @"500.0s  answer 1: Done");
    assert_eq!(show.text("ep/0900/a.md"), "teh kettle");
}
