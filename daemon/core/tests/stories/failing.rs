//! What goes wrong, and what follows.

use crate::story::*;
use insta::assert_snapshot;
use show_core::*;

#[test]
fn what_fails_rests_and_is_tried_again_and_then_blocks_only_what_needs_it() {
    let mut show = show().with("ep/0900/a.md", "clip boil boil.mov").with("ep/0900/media/boil.mov", "film").start();
    show.finish("scan").told();
    show.fail("repair", "no dictionary").at(2.0).fail("repair", "still none");
    show.finish_all().at(100.0);
    assert_snapshot!(show.told(), @r"
    0.0s  job.retrying 2: repair: no dictionary
    1.0s  job.started 2: repair
    1.0s  start 2.2 repair
    2.0s  job.failed 2: repair: still none
    2.0s  job.publishing 4: transcode of boil
    2.0s  publish 1: new ep/0900/video/boil.mp4
    2.0s  publish.done: ep/0900/video/boil.mp4 was published: transcode of boil, job 4
    2.0s  job.done 4: transcode of boil: encoded film
    ");
    assert_snapshot!(show.plan("ep/0900/"), @r"
    scan                 up to date
    repair               failed: still none
    transcode of boil    up to date
    compile              blocked: needs repair, which did not succeed (job 2)
    ");
    show.restart();
    assert_snapshot!(show.told(), @"100.0s  restart");
    show.ask(Ask::RequeueFailed { subjects: vec![], over: vec![], force: false }).finish_all();
    assert_snapshot!(show.told(), @r"
    100.0s  job.started 2: repair
    100.0s  answer 1: Jobs { jobs: [JobId(2)] }
    100.0s  start 2.3 repair
    100.0s  job.done 2: repair: nothing to repair
    100.0s  job.started 3: compile
    100.0s  start 3.1 compile
    100.0s  job.publishing 3: compile
    100.0s  publish 2: new ep/0900/scripts/script.html
    100.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 3
    100.0s  job.done 3: compile: CLIP BOIL BOIL.MOV
    100.0s  build.ended 1: done
    ");
}

#[test]
fn what_is_unfit_is_not_tried_again_until_it_changes_or_somebody_asks() {
    let mut show = show().with("ep/0900/a.md", "clip boil boil.mov").with("ep/0900/media/boil.mov", "film").start();
    show.finish("scan").told();
    let (job, order) = show.running_job("transcode of boil");
    show.end(job, order.attempt, Ended::Unfit { why: "the tape is torn".to_owned() });
    show.finish_all().at(100.0).finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  job.failed 4: transcode of boil: the tape is torn
    0.0s  job.done 2: repair: nothing to repair
    0.0s  job.started 3: compile
    0.0s  start 3.1 compile
    0.0s  job.publishing 3: compile
    0.0s  publish 1: new ep/0900/scripts/script.html
    0.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 3
    0.0s  job.done 3: compile: CLIP BOIL BOIL.MOV
    ");
    assert_snapshot!(show.plan("ep/0900/"), @r"
    scan                 up to date
    repair               up to date
    transcode of boil    failed: the tape is torn
    compile              up to date
    ");
    show.save("ep/0900/media/boil.mov", "film, whole").at(200.0).finish_all();
    assert_snapshot!(show.told(), @r"
    100.0s  saved ep/0900/media/boil.mov
    110.0s  hash ep/0900/media/boil.mov
    110.0s  job.started 5: transcode of boil
    110.0s  start 5.1 transcode of boil
    200.0s  job.publishing 5: transcode of boil
    200.0s  publish 2: new ep/0900/video/boil.mp4
    200.0s  publish.done: ep/0900/video/boil.mp4 was published: transcode of boil, job 5
    200.0s  job.done 5: transcode of boil: encoded film, whole
    200.0s  build.ended 1: done
    ");
}

#[test]
fn a_late_result_of_an_old_attempt_is_refused() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    let (job, order) = show.running_job("compile");
    show.event(Event::RunnerBack { attempts: vec![] });
    show.skip();
    let late = Ended::Succeeded(output(&order, "OLD"));
    show.event(Event::AttemptEnded { job, attempt: order.attempt, ended: late });
    assert_snapshot!(show.told(), @"0.0s  attempt.late 1: attempt 1.1 ended after it was given up; its result is not used");
    show.finish("compile");
    assert_eq!(show.text("ep/0900/scripts/script.html"), "KETTLE");
}

#[test]
fn attempts_that_were_lost_with_the_runner_run_again_uncharged() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    for _ in 0..3 {
        show.event(Event::RunnerBack { attempts: vec![] });
    }
    assert_snapshot!(show.told(), @r"
    0.0s  hash ep/0900/a.md
    0.0s  build.new 1: a.md changed
    0.0s  job.started 1: compile
    0.0s  start 1.1 compile
    0.0s  job.started 1: compile
    0.0s  start 1.2 compile
    0.0s  job.started 1: compile
    0.0s  start 1.3 compile
    0.0s  job.started 1: compile
    0.0s  start 1.4 compile
    ");
    assert_eq!(show.core.job(JobId(1)).map(|job| (job.attempt.0, job.tries)), Some((4, 1)));
}

#[test]
fn attempts_that_outlived_a_restart_are_taken_over() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.skip().restart().finish("compile");
    assert_snapshot!(show.told(), @r"
    0.0s  restart
    0.0s  job.publishing 1: compile
    0.0s  publish 1: new ep/0900/scripts/script.html
    0.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 1
    0.0s  job.done 1: compile: KETTLE
    0.0s  build.ended 1: done
    ");
}

#[test]
fn a_result_for_inputs_that_changed_meanwhile_is_never_published() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.skip().at(10.0).save("ep/0900/a.md", "pot").at(13.0);
    assert_snapshot!(show.told(), @r"
    10.0s  saved ep/0900/a.md
    13.0s  hash ep/0900/a.md
    13.0s  build.new 2: a.md changed
    13.0s  job.stopping 1: compile: build 2 took over
    13.0s  stop 1.1
    ");
    let (job, order) = (JobId(1), show.core.job(JobId(1)).map(|job| job.attempt).expect("it is being stopped"));
    show.end(job, order, Ended::Stopped).finish_all();
    assert_snapshot!(show.told(), @r"
    13.0s  job.canceled 1: compile: build 2 took over
    13.0s  build.ended 1: done
    13.0s  job.started 2: compile
    13.0s  start 2.1 compile
    13.0s  job.publishing 2: compile
    13.0s  publish 1: new ep/0900/scripts/script.html
    13.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 2
    13.0s  job.done 2: compile: POT
    13.0s  build.ended 2: done
    ");
    assert_eq!(show.text("ep/0900/scripts/script.html"), "POT");
}

#[test]
fn a_job_that_is_canceled_stops_and_stays_stopped_for_these_inputs() {
    let mut show = show().with("ep/0900/a.md", "clip boil boil.mov").with("ep/0900/media/boil.mov", "film").start();
    show.finish("scan").skip();
    let (job, order) = show.running_job("transcode of boil");
    show.ask(Ask::Cancel { jobs: vec![job] }).end(job, order.attempt, Ended::Signaled { signal: 15 }).finish_all();
    show.at(100.0).save("ep/0900/a.md", "clip boil boil.mov\ntypo").at(104.0).finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  job.stopping 4: transcode of boil: canceled by pat
    0.0s  stop 4.1
    0.0s  answer 1: Done
    0.0s  job.canceled 4: transcode of boil: canceled by pat
    0.0s  job.done 2: repair: nothing to repair
    0.0s  job.started 3: compile
    0.0s  start 3.1 compile
    0.0s  job.publishing 3: compile
    0.0s  publish 1: new ep/0900/scripts/script.html
    0.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 3
    0.0s  job.done 3: compile: CLIP BOIL BOIL.MOV
    100.0s  saved ep/0900/a.md
    103.0s  hash ep/0900/a.md
    103.0s  build.new 2: a.md changed
    103.0s  build.ended 1: done
    103.0s  job.started 5: scan
    103.0s  start 5.1 scan
    104.0s  job.done 5: scan: 1 clips
    104.0s  job.started 6: repair
    104.0s  start 6.1 repair
    104.0s  job.done 6: repair: nothing to repair
    104.0s  job.started 7: compile
    104.0s  start 7.1 compile
    104.0s  job.publishing 7: compile
    104.0s  publish 2: replace ep/0900/scripts/script.html
    104.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 7
    104.0s  job.done 7: compile: CLIP BOIL BOIL.MOV / TYPO
    ");
    assert_snapshot!(show.plan("ep/0900/"), @r"
    scan                 up to date
    repair               up to date
    transcode of boil    failed: canceled by pat
    compile              up to date
    ");
}

#[test]
fn a_share_that_is_away_loses_nothing_and_waits() {
    let mut show = show().with("ep/0900/a.md", "kettle").start();
    show.finish("scan").event(Event::ShareGone { share: SHARE }).finish("repair").skip().at(10.0);
    show.event(Event::FileSeen { file: file("ep/0900/a.md"), look: Look::Gone }).at(100.0);
    assert_snapshot!(show.told(), @"nothing");
    assert_snapshot!(show.why(3).join("\n"), @"the share main is away");
    show.event(Event::ShareBack { share: SHARE }).finish_all();
    assert_snapshot!(show.told(), @r"
    100.0s  share.back: the share is back and is scanned
    100.0s  job.started 3: compile
    100.0s  start 3.1 compile
    100.0s  job.publishing 3: compile
    100.0s  publish 1: new ep/0900/scripts/script.html
    100.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 3
    100.0s  job.done 3: compile: KETTLE
    100.0s  build.ended 1: done
    ");
}

#[test]
fn a_step_whose_tool_is_not_installed_holds_nobody_up() {
    let mut rules = rules(vec![step("scan"), needs(step("probe"), &["scan"]), needs(step("print"), &["probe"])]);
    rules.tools = vec!["ffprobe".to_owned()];
    rules.pipelines[0].steps[1].tools = vec!["ffprobe".to_owned()];
    let mut show = Story::new(rules).tool("ffprobe", None).with("ep/0900/a.md", "kettle").start();
    show.finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  hash ep/0900/a.md
    0.0s  build.new 1: a.md changed
    0.0s  job.started 1: scan
    0.0s  job.started 3: print
    0.0s  start 1.1 scan
    0.0s  start 3.1 print
    0.0s  job.done 1: scan
    0.0s  job.done 3: print
    0.0s  build.ended 1: done
    ");
    assert_snapshot!(show.plan("ep/0900/"), @r"
    scan                 up to date
    probe                unavailable: ffprobe is not installed
    print                up to date
    ");
    show.event(Event::ToolSeen { name: "ffprobe".to_owned(), version: Some("7.1".to_owned()) }).finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  build.new 2: ffprobe changed
    0.0s  job.started 5: probe
    0.0s  start 5.1 probe
    0.0s  job.done 5: probe
    0.0s  build.ended 2: done
    ");
}

#[test]
fn a_rest_ends_when_what_it_would_try_again_with_goes_away() {
    let mut show = show().with("ep/0900/a.md", "clip boil boil.mov").with("ep/0900/media/boil.mov", "film").start();
    show.finish("scan").finish("repair").fail("transcode of boil", "no memory");
    show.remove("ep/0900/media/boil.mov").ask(Ask::WaitIdle { quiet_too: false }).at(10.0).skip().finish_all();
    assert_snapshot!(show.why(4).join("\n"), @"waits for the file ep/0900/media/boil.mov, which is not there");
    assert_snapshot!(show.told(), @r"
    10.0s  job.publishing 3: compile
    10.0s  publish 1: new ep/0900/scripts/script.html
    10.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 3
    10.0s  job.done 3: compile: CLIP BOIL BOIL.MOV
    10.0s  answer 1: Done
    ");
    assert!(show.core.is_idle(false));
}

#[test]
fn what_failed_and_is_no_longer_needed_does_not_keep_its_build_open() {
    let when = |mut step: Step| {
        step.when = "scan.wanted".to_owned();
        step
    };
    let rules = rules(vec![step("scan"), when(needs(step("print"), &["scan"]))]);
    let mut show = Story::new(rules).program("scan", |order, blobs| {
        let wanted = read(order, blobs).iter().any(|(_, text)| text.contains("print"));
        Ended::Succeeded(Finished { facts: [("wanted".to_owned(), Field::Flag(wanted))].into(), ..Finished::default() })
    });
    show = show.with("ep/0900/a.md", "print me").start();
    show.finish("scan").fail("print", "no paper").at(5.0).fail("print", "no paper").skip();
    show.save("ep/0900/a.md", "do not").at(10.0).finish_all();
    assert_snapshot!(show.told(), @r"
    5.0s  saved ep/0900/a.md
    8.0s  hash ep/0900/a.md
    8.0s  build.new 2: a.md changed
    8.0s  build.ended 1: ended, 1 failed
    8.0s  job.started 3: scan
    8.0s  start 3.1 scan
    10.0s  job.done 3: scan
    10.0s  build.ended 2: done
    ");
}

#[test]
fn what_was_made_for_an_episode_that_is_gone_is_not_published() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.skip().at(1.0).remove("ep/0900/a.md").finish("compile").at(100.0);
    assert_snapshot!(show.told(), @r"
    1.0s  removed ep/0900/a.md
    1.0s  job.started 1: compile
    1.0s  start 1.2 compile
    4.0s  job.stopping 1: compile: its subject is gone
    4.0s  stop 1.2
    ");
    let (job, order) = show.running_job("compile");
    show.end(job, order.attempt, Ended::Stopped);
    assert_eq!(show.core.subjects().len(), 0);
}

#[test]
fn a_publish_that_finds_the_folder_gone_has_the_share_looked_through() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    let (job, order) = show.running_job("compile");
    (show.manual_publish, show.manual_scan) = (true, true);
    show.remove_unseen("ep/0900/a.md").skip();
    show.end(job, order.attempt, Ended::Succeeded(output(&order, "KETTLE")));
    let why = "it is not there now".to_owned();
    show.publish(IntentId(1), Outcome::Overtaken { file: file("ep/0900"), why });
    assert_snapshot!(show.told(), @r"
    0.0s  job.publishing 1: compile
    0.0s  publish 1: new ep/0900/scripts/script.html
    0.0s  publish.overtaken: it is not there now
    0.0s  job.started 1: compile
    0.0s  scan
    0.0s  start 1.2 compile
    ");
    show.scan_sees(&[]).scanned().at(10.0);
    assert_snapshot!(show.told(), @r"
    3.0s  job.stopping 1: compile: its subject is gone
    3.0s  stop 1.2
    ");
}
