//! What is written into the share, and when.

use crate::story::*;
use insta::assert_snapshot;
use show_core::*;

#[test]
fn repairs_stand_in_the_note_once_it_is_quiet_and_then_nothing_is_left_to_do() {
    let mut show = show().with("ep/0900/a.md", "fine").start();
    show.finish_all().told();
    show.at(1000.0).save("ep/0900/a.md", "teh kettle").at(1005.0).finish_all();
    assert_snapshot!(show.told(), @r"
    1000.0s  saved ep/0900/a.md
    1003.0s  hash ep/0900/a.md
    1003.0s  build.new 2: a.md changed
    1003.0s  job.started 4: scan
    1003.0s  start 4.1 scan
    1005.0s  job.done 4: scan: 0 clips
    1005.0s  job.started 5: repair
    1005.0s  start 5.1 repair
    1005.0s  job.done 5: repair: ep/0900/a.md: teh => the
    1005.0s  job.started 6: compile
    1005.0s  start 6.1 compile
    1005.0s  job.publishing 6: compile
    1005.0s  publish 2: replace ep/0900/scripts/script.html
    1005.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 6
    1005.0s  job.done 6: compile: THE KETTLE
    ");
    assert_eq!(show.text("ep/0900/scripts/script.html"), "THE KETTLE");
    assert_eq!(show.text("ep/0900/a.md"), "teh kettle");
    assert_snapshot!(show.plan("ep/0900/"), @r"
    scan                 up to date
    repair               up to date
    compile              up to date
    weave of ep/0900/a.md blocked: ep/0900/a.md is not quiet: somebody changed it a moment ago
    ");
    show.at(1200.0).finish_all();
    assert_snapshot!(show.told(), @r"
    1120.0s  job.publishing 7: weave of ep/0900/a.md
    1120.0s  publish 3: rewrite ep/0900/a.md
    1120.0s  publish.done: ep/0900/a.md was published: weave, job 7
    1120.0s  job.done 7: weave of ep/0900/a.md
    1120.0s  build.new 3: ep/0900/a.md was published
    1120.0s  build.ended 2: done
    1120.0s  job.started 8: scan
    1120.0s  start 8.1 scan
    1200.0s  job.done 8: scan: 0 clips
    1200.0s  build.ended 3: done
    ");
    assert_eq!(show.text("ep/0900/a.md"), "the kettle");
    show.at(2000.0).restart();
    assert_snapshot!(show.told(), @"2000.0s  restart");
}

#[test]
fn a_hold_keeps_a_note_from_being_written_and_the_release_lets_it_go_on() {
    let mut show = show().with("ep/0900/a.md", "teh kettle").start();
    show.ask(take("ep/0900/a.md", LeaseKind::Hold)).finish_all().skip().at(500.0);
    assert_snapshot!(show.told(), @"nothing");
    assert_snapshot!(show.why(4).join("\n"), @"ep/0900/a.md is held by pat: rewriting it");
    show.ask(Ask::Release { file: file("ep/0900/a.md") });
    assert_snapshot!(show.told(), @r"
    500.0s  lease.ended: pat no longer holds ep/0900/a.md: released
    500.0s  answer 2: Done
    500.0s  job.publishing 4: weave of ep/0900/a.md
    500.0s  publish 2: rewrite ep/0900/a.md
    500.0s  publish.done: ep/0900/a.md was published: weave, job 4
    500.0s  job.done 4: weave of ep/0900/a.md
    500.0s  build.new 2: ep/0900/a.md was published
    500.0s  build.ended 1: done
    500.0s  job.started 5: scan
    500.0s  start 5.1 scan
    ");
    assert_eq!(show.text("ep/0900/a.md"), "the kettle");
}

#[test]
fn a_person_who_saves_while_we_publish_is_never_overwritten_and_the_step_is_not_run_for_nothing() {
    let mut show = show().with("ep/0900/a.md", "teh kettle").start();
    show.manual_publish = true;
    show.finish("scan").finish("repair").finish("compile");
    let intents: Vec<Intent> = show.intents.values().cloned().collect();
    show.skip();
    show.at(1.0).save("ep/0900/a.md", "teh kettles");
    for intent in intents {
        let outcome = show.carry_out(&intent);
        show.publish(intent.id, outcome);
    }
    show.manual_publish = false;
    show.at(300.0).finish_all().at(600.0).finish_all();
    assert_snapshot!(show.told(), @r"
    1.0s  saved ep/0900/a.md
    1.0s  publish.overtaken: it is another text now
    1.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 3
    1.0s  job.done 3: compile: THE KETTLE
    4.0s  hash ep/0900/a.md
    4.0s  build.new 2: a.md changed
    4.0s  build.ended 1: done
    4.0s  job.started 5: scan
    4.0s  start 5.1 scan
    300.0s  job.done 5: scan: 0 clips
    300.0s  job.started 6: repair
    300.0s  start 6.1 repair
    300.0s  job.done 6: repair: ep/0900/a.md: teh => the
    300.0s  job.started 7: compile
    300.0s  start 7.1 compile
    300.0s  job.publishing 4: weave of ep/0900/a.md
    300.0s  publish 3: rewrite ep/0900/a.md
    300.0s  publish.done: ep/0900/a.md was published: weave, job 4
    300.0s  job.done 4: weave of ep/0900/a.md
    300.0s  build.new 3: ep/0900/a.md was published
    300.0s  build.ended 2: done
    300.0s  job.started 8: scan
    300.0s  start 8.1 scan
    300.0s  job.publishing 7: compile
    300.0s  publish 4: replace ep/0900/scripts/script.html
    300.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 7
    300.0s  job.done 7: compile: THE KETTLES
    300.0s  job.done 8: scan: 0 clips
    300.0s  build.ended 3: done
    ");
    assert_eq!(show.text("ep/0900/a.md"), "the kettles");
}

#[test]
fn an_output_that_exists_and_is_not_ours_is_never_replaced() {
    let mut show = compile().with("ep/0900/a.md", "kettle");
    show = show.with("ep/0900/scripts/script.html", "written by hand").start();
    show.finish("compile");
    assert_snapshot!(show.told(), @r"
    0.0s  hash ep/0900/a.md
    0.0s  hash ep/0900/scripts/script.html
    0.0s  build.new 1: a.md changed
    0.0s  job.started 1: compile
    0.0s  start 1.1 compile
    0.0s  job.failed 1: compile: ep/0900/scripts/script.html was made or changed by somebody else: once it is moved away, this runs again
    ");
    assert_eq!(show.text("ep/0900/scripts/script.html"), "written by hand");
    show.at(100.0).restart().remove("ep/0900/scripts/script.html").at(104.0).finish_all();
    assert_snapshot!(show.told(), @r"
    100.0s  restart
    100.0s  removed ep/0900/scripts/script.html
    103.0s  job.started 2: compile
    103.0s  start 2.1 compile
    104.0s  job.publishing 2: compile
    104.0s  publish 1: new ep/0900/scripts/script.html
    104.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 2
    104.0s  job.done 2: compile: KETTLE
    104.0s  build.ended 1: done
    ");
}

#[test]
fn an_output_that_has_the_very_bytes_we_would_write_counts_as_ours() {
    let mut show = compile().with("ep/0900/a.md", "kettle").with("ep/0900/scripts/script.html", "KETTLE").start();
    show.finish("compile");
    assert_snapshot!(show.told(), @r"
    0.0s  hash ep/0900/a.md
    0.0s  hash ep/0900/scripts/script.html
    0.0s  build.new 1: a.md changed
    0.0s  job.started 1: compile
    0.0s  start 1.1 compile
    0.0s  job.done 1: compile: KETTLE
    0.0s  build.ended 1: done
    ");
    show.at(100.0).save("ep/0900/a.md", "pot").at(104.0).skip().finish("compile");
    assert_snapshot!(show.told(), @r"
    104.0s  job.publishing 2: compile
    104.0s  publish 1: replace ep/0900/scripts/script.html
    104.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 2
    104.0s  job.done 2: compile: POT
    104.0s  build.ended 2: done
    ");
}

#[test]
fn an_output_that_somebody_removed_is_made_again() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().skip().at(100.0).remove("ep/0900/scripts/script.html").at(200.0).finish_all();
    assert_snapshot!(show.told(), @r"
    100.0s  removed ep/0900/scripts/script.html
    103.0s  build.new 2: scripts/script.html changed
    103.0s  job.started 2: compile
    103.0s  start 2.1 compile
    200.0s  job.publishing 2: compile
    200.0s  publish 2: new ep/0900/scripts/script.html
    200.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 2
    200.0s  job.done 2: compile: KETTLE
    200.0s  build.ended 2: done
    ");
}

#[test]
fn a_conflict_copy_beside_a_note_keeps_it_from_being_written_until_it_is_gone() {
    let copy = "ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md";
    let mut show = show().with("ep/0900/a.md", "teh kettle").with(copy, "teh kettles").start();
    show.finish_all().skip().at(500.0);
    assert_snapshot!(show.why(4).join("\n"), @"ep/0900/a.md has the conflict copy ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md");
    show.remove(copy).at(505.0).finish_all();
    assert_snapshot!(show.told(), @r"
    500.0s  removed ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md
    500.0s  publish 3: remove showd/conflicts.md
    500.0s  job.publishing 4: weave of ep/0900/a.md
    500.0s  publish 4: rewrite ep/0900/a.md
    500.0s  publish.done: showd/conflicts.md was published: notice
    500.0s  publish.done: ep/0900/a.md was published: weave, job 4
    500.0s  job.done 4: weave of ep/0900/a.md
    500.0s  build.new 2: ep/0900/a.md was published
    500.0s  build.ended 1: done
    500.0s  job.started 5: scan
    500.0s  start 5.1 scan
    505.0s  job.done 5: scan: 0 clips
    505.0s  build.ended 2: done
    ");
}

#[test]
fn what_syncthing_left_lying_beside_a_note_holds_it_up_for_a_minute() {
    let mut show = show().with("ep/0900/a.md", "teh kettle").start();
    show.save("ep/0900/.syncthing.a.md.tmp", "the").finish_all().at(30.0);
    show.save("ep/0900/.syncthing.a.md.tmp", "the ke").at(80.0).skip();
    let why = "ep/0900/a.md is open or arriving: ep/0900/.syncthing.a.md.tmp lies beside it";
    assert_eq!(show.why(4), [why]);
    show.at(100.0);
    assert_snapshot!(show.told(), @r"
    90.0s  job.publishing 4: weave of ep/0900/a.md
    90.0s  publish 2: rewrite ep/0900/a.md
    90.0s  publish.done: ep/0900/a.md was published: weave, job 4
    90.0s  job.done 4: weave of ep/0900/a.md
    90.0s  build.new 2: ep/0900/a.md was published
    90.0s  build.ended 1: done
    90.0s  job.started 5: scan
    90.0s  start 5.1 scan
    ");
}

#[test]
fn a_note_that_is_open_in_an_editor_is_not_written() {
    let mut show = show().with("ep/0900/a.md", "teh kettle").start();
    show.save("ep/0900/.a.md.swp", "").finish_all().skip().at(500.0);
    assert_snapshot!(show.why(4).join("\n"), @"ep/0900/a.md is open or arriving: ep/0900/.a.md.swp lies beside it");
    show.remove("ep/0900/.a.md.swp");
    assert_snapshot!(show.told(), @r"
    500.0s  removed ep/0900/.a.md.swp
    500.0s  job.publishing 4: weave of ep/0900/a.md
    500.0s  publish 2: rewrite ep/0900/a.md
    500.0s  publish.done: ep/0900/a.md was published: weave, job 4
    500.0s  job.done 4: weave of ep/0900/a.md
    500.0s  build.new 2: ep/0900/a.md was published
    500.0s  build.ended 1: done
    500.0s  job.started 5: scan
    500.0s  start 5.1 scan
    ");
}

#[test]
fn a_full_disk_is_tried_again_and_a_restart_orders_the_intent_again() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.manual_publish = true;
    show.finish("compile").skip();
    let why = "no space left on device".to_owned();
    show.publish(IntentId(1), Outcome::Failed { file: file("ep/0900/scripts/script.html"), why });
    assert_snapshot!(show.why(1).join("\n"), @"tries to publish again after: no space left on device");
    show.at(10.0).restart();
    assert_snapshot!(show.told(), @r"
    0.0s  publish.failed: no space left on device
    2.6s  publish 1: new ep/0900/scripts/script.html
    10.0s  restart
    10.0s  publish 1: new ep/0900/scripts/script.html
    ");
    show.manual_publish = false;
    let intent = show.intents[&IntentId(1)].clone();
    let outcome = show.carry_out(&intent);
    show.publish(intent.id, outcome);
    assert_snapshot!(show.told(), @r"
    10.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 1
    10.0s  job.done 1: compile: KETTLE
    10.0s  build.ended 1: done
    ");
}

#[test]
fn a_note_that_is_saved_while_its_publish_waits_for_room_is_not_read_over_and_over() {
    let mut show = show().with("ep/0900/a.md", "teh kettle").start();
    show.manual_publish = true;
    show.finish("scan").finish("repair").finish_all();
    let intents: Vec<Intent> = show.intents.values().cloned().collect();
    for intent in &intents {
        let (file, why) = (file("ep/0900/a.md"), "no space left on device".to_owned());
        show.publish(intent.id, Outcome::Failed { file, why });
    }
    show.skip().at(1.0).save("ep/0900/a.md", "teh kettles").at(60.0);
    assert!(!show.told().contains("hash "), "{}", show.told());
    show.manual_publish = false;
    for intent in intents {
        let outcome = show.carry_out(&intent);
        show.publish(intent.id, outcome);
    }
    show.at(400.0).finish_all().at(700.0).finish_all();
    assert_eq!(show.text("ep/0900/a.md"), "the kettles");
}

/// What a step proposes for the note as it reads now; the edits tell where, the summary what.
fn proposed(show: &mut Story, text: &str, wish: &str, summary: &str) -> ProposalFact {
    show.blobs.insert(digest(wish), wish.to_owned());
    ProposalFact {
        file: file("ep/0900/a.md"),
        code: "STYLE".to_owned(),
        summary: summary.to_owned(),
        edits: digest(wish),
        renames: Vec::new(),
        base: digest(text),
        handed_over: false,
    }
}

fn proposes(show: &mut Story, proposals: Vec<ProposalFact>) {
    let (job, order) = show.running_job("repair");
    let finished = Finished { proposals, ..Finished::default() };
    show.end(job, order.attempt, Ended::Succeeded(finished)).finish_all().skip();
}

fn proposals_of(show: &Story) -> Vec<(u64, &ProposalState, &str)> {
    show.store.proposals.values().map(|row| (row.id.0, &row.state, row.summary.as_str())).collect()
}

#[test]
fn a_proposal_keeps_its_number_while_other_lines_of_the_note_change() {
    let mut show = show().with("ep/0900/a.md", "a kettle sings").start();
    show.finish("scan");
    let [whistle, dash, slug] =
        ["whistle", "dash", "slug"].map(|wish| proposed(&mut show, "a kettle sings", wish, wish));
    proposes(&mut show, vec![whistle, dash, slug]);
    let by = || "pat".to_owned();
    show.ask(Ask::Reject { proposals: vec![ProposalId(2)] }).finish_all().skip();

    // A line above was added: everything lies elsewhere, and one of them has become another one.
    show.at(10.0).save("ep/0900/a.md", "Tonight: a kettle sings").at(20.0);
    show.finish("scan");
    let text = "Tonight: a kettle sings";
    let moved = [("whistle, line 2", "whistle"), ("dash, line 2", "dash"), ("another, line 2", "another slug")];
    let moved = moved.map(|(wish, summary)| proposed(&mut show, text, wish, summary));
    proposes(&mut show, moved.to_vec());
    assert_eq!(
        proposals_of(&show),
        [
            (1, &ProposalState::Open, "whistle"),
            (2, &ProposalState::Rejected { by: by() }, "dash"),
            (3, &ProposalState::Stale, "slug"),
            (4, &ProposalState::Open, "another slug"),
        ]
    );
    assert_eq!(show.store.proposals[&ProposalId(1)].edits, digest("whistle, line 2"), "it is of the text as it is");

    // Who typed the number of the page before is told the one of now.
    show.ask(Ask::Accept { proposals: vec![ProposalId(3)] });
    show.ask(Ask::Accept { proposals: vec![ProposalId(2)] }).ask(Ask::Accept { proposals: vec![ProposalId(9)] });
    assert_snapshot!(show.told(), @r#"
    20.0s  answer 2: refused: proposal 3 is stale: ep/0900/a.md has changed and it no longer fits (open for the same file now: proposal 1: whistle; proposal 4: another slug)
    20.0s  answer 3: refused: proposal 2 was rejected by pat already (it is not made again; change ep/0900/a.md by hand instead)
    20.0s  answer 4: refused: there is no proposal 9 ("showctl proposals" lists those that are open)
    "#);

    // And what comes back is the same one again.
    show.at(30.0).save("ep/0900/a.md", "Late: a kettle sings").at(40.0);
    show.finish("scan");
    let back = ["whistle", "slug"].map(|wish| proposed(&mut show, "Late: a kettle sings", wish, wish));
    proposes(&mut show, back.to_vec());
    let states: Vec<_> = proposals_of(&show).into_iter().map(|(id, state, _)| (id, state.clone())).collect();
    let [rejected, stale] = [ProposalState::Rejected { by: by() }, ProposalState::Stale];
    assert_eq!(states, [(1, ProposalState::Open), (2, rejected), (3, ProposalState::Open), (4, stale)]);
}

#[test]
fn an_accepted_proposal_is_woven_in_like_any_edit() {
    let mut show = show().with("ep/0900/a.md", "a kettle sings").start();
    show.finish("scan");
    let (job, order) = show.running_job("repair");
    let wish = "ep/0900/a.md: sings => whistles";
    show.blobs.insert(digest(wish), wish.to_owned());
    let proposal = ProposalFact {
        file: file("ep/0900/a.md"),
        code: "STYLE".to_owned(),
        summary: "kettles whistle".to_owned(),
        edits: digest(wish),
        renames: Vec::new(),
        base: digest("a kettle sings"),
        handed_over: false,
    };
    let finished = Finished { proposals: vec![proposal], ..Finished::default() };
    show.end(job, order.attempt, Ended::Succeeded(finished)).finish_all().skip().at(500.0);
    assert_snapshot!(show.told(), @"nothing");
    assert_snapshot!(show.text("showd/proposals/0900.md"), @"[ ] 1 0a267bab ep/0900/a.md: kettles whistle");
    show.ask(Ask::Accept { proposals: vec![ProposalId(1)] }).finish_all().at(700.0).finish_all();
    assert_snapshot!(show.told(), @r"
    500.0s  proposal.accepted: kettles whistle
    500.0s  answer 1: Done
    500.0s  publish 3: remove showd/proposals/0900.md
    500.0s  build.new 2: proposal 1 was accepted
    500.0s  publish.done: showd/proposals/0900.md was published: notice
    500.0s  job.publishing 7: weave of ep/0900/a.md
    500.0s  publish 4: rewrite ep/0900/a.md
    500.0s  publish.done: ep/0900/a.md was published: weave, job 7
    500.0s  job.done 7: weave of ep/0900/a.md
    500.0s  build.new 3: ep/0900/a.md was published
    500.0s  build.ended 2: done
    500.0s  job.started 8: scan
    500.0s  start 8.1 scan
    500.0s  job.done 8: scan: 0 clips
    500.0s  job.started 9: repair
    500.0s  start 9.1 repair
    500.0s  job.done 9: repair: nothing to repair
    500.0s  job.started 10: compile
    500.0s  start 10.1 compile
    500.0s  job.publishing 10: compile
    500.0s  publish 5: replace ep/0900/scripts/script.html
    500.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 10
    500.0s  job.done 10: compile: A KETTLE WHISTLES
    500.0s  build.ended 3: done
    ");
    assert_eq!(show.text("ep/0900/a.md"), "a kettle whistles");
}

#[test]
fn a_person_may_put_an_old_text_back_at_once() {
    let mut show = show().with("ep/0900/a.md", "kettle").start();
    show.finish_all().skip().at(100.0).save("ep/0900/a.md", "pot").at(104.0).finish_all().skip();
    show.ask(Ask::Restore { file: file("ep/0900/a.md"), digest: digest("kettle"), size: 6 }).finish_all();
    assert_snapshot!(show.told(), @r"
    104.0s  publish 3: rewrite ep/0900/a.md
    104.0s  publish.done: ep/0900/a.md was published: restored by pat
    104.0s  answer 1: Published
    104.0s  build.new 3: ep/0900/a.md was published
    104.0s  job.started 9: compile
    104.0s  start 9.1 compile
    104.0s  job.publishing 9: compile
    104.0s  publish 4: replace ep/0900/scripts/script.html
    104.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 9
    104.0s  job.done 9: compile: KETTLE
    104.0s  build.ended 3: done
    ");
    assert_eq!(show.text("ep/0900/a.md"), "kettle");
}

#[test]
fn what_was_deleted_before_its_folder_was_renamed_does_not_bring_the_old_folder_back() {
    let notes = [("ep/0900/a.md", "a kettle sings"), ("ep/0900/b.md", "a pot"), ("ep/0900/c.md", "a cup")];
    let mut show = notes.into_iter().fold(show(), |show, (note, text)| show.with(note, text)).start();
    show.finish_all().at(100.0).remove("ep/0900/c.md").at(300.0).finish_all();
    for file in ["a.md", "b.md", "scripts/script.html"] {
        show.rename(&format!("ep/0900/{file}"), &format!("ep/0901/{file}"));
    }
    show.at(600.0).finish_all();
    show.ask(Ask::Restore { file: file("ep/0900/c.md"), digest: digest("a cup"), size: 5 }).finish_all();
    assert_snapshot!(answers(&mut show), @r#"1: refused: ep/0900/ is ep/0901/ now, and ep/0900/c.md was gone before ("showctl show FILE REV" prints the text, for a new file there)"#);
    assert!(!show.has("ep/0900/c.md"));
}

#[test]
fn who_puts_an_old_text_back_hears_how_it_went() {
    let mut show = show().with("ep/0900/a.md", "kettle").start();
    show.finish_all().skip().at(100.0).save("ep/0900/a.md", "pot").at(104.0).finish_all().skip();
    let restore = Ask::Restore { file: file("ep/0900/a.md"), digest: digest("kettle"), size: 6 };
    show.manual_publish = true;
    show.ask(restore.clone());
    assert_snapshot!(answers(&mut show), @"");
    show.publish(IntentId(3), Outcome::Overtaken { file: file("ep/0900/a.md"), why: "it was changed".to_owned() });
    assert_snapshot!(answers(&mut show), @"1: refused: ep/0900/a.md: it was changed (nothing of it was done: see how it is now, and try again)");
    show.at(200.0).ask(restore.clone());
    show.publish(IntentId(4), Outcome::Failed { file: file("ep/0900/a.md"), why: "no space left".to_owned() });
    assert_snapshot!(answers(&mut show), @r#"2: refused: ep/0900/a.md: no space left (it is done once that has ended; "showctl log" says when)"#);
    show.manual_publish = false;
    show.at(600.0).finish_all();
    assert_eq!(show.text("ep/0900/a.md"), "kettle", "it is done without asking again");
    show.skip().ask(restore);
    assert_snapshot!(answers(&mut show), @"3: Published");
}

#[test]
fn who_asks_whether_a_note_may_be_written_hears_what_was_found_outside() {
    let mut show = show().with("ep/0900/a.md", "kettle").start();
    show.finish_all().at(900.0).skip();
    show.disquiet.insert("ep/0900/a.md".to_owned(), vec![Disquiet::OpenForWriting]);
    let note = file("ep/0900/a.md");
    assert_eq!(show.core.quiet(&note), [], "nobody has looked");
    show.ask(Ask::Look { file: note.clone() });
    assert_snapshot!(answers(&mut show), @"1: Done");
    assert_eq!(show.core.quiet(&note), [Blocker::Disquiet { file: note.clone(), what: Disquiet::OpenForWriting }]);
    show.disquiet.clear();
    show.ask(Ask::Look { file: note.clone() });
    assert_eq!(show.core.quiet(&note), [], "the answer of a moment ago is not enough for a person");
    show.skip()
        .ask(Ask::Look { file: file("ep/0900/scripts/script.html") })
        .ask(Ask::Look { file: file("ep/0900/no.md") });
    assert_snapshot!(answers(&mut show), @r"
    3: Done
    4: Done
    ");
}

/// What those who asked were told since the last look, without the times.
fn answers(show: &mut Story) -> String {
    let told = show.told();
    let answers = told.lines().filter_map(|line| line.split_once("answer ").map(|(_, answer)| answer));
    answers.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_somebody_wrote_in_the_moment_of_a_publish_is_part_of_the_history() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all().told();
    let file = FilePath { share: ShareId(0), path: "ep/0900/a.md".into() };
    show.event(Event::Rescued { file, digest: Digest([7; 32]), size: 9 });
    assert_snapshot!(show.told(), @"0.0s  file.rescued: ep/0900/a.md was written while it was being replaced; those bytes are in its history");
}

#[test]
fn a_file_published_behind_the_back_of_a_scan_is_not_taken_for_gone() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.manual_scan = true;
    show.event(Event::WatchLost { share: SHARE, why: "overflow".to_owned() }).scan_sees(&["ep/0900/a.md"]);
    show.finish("compile").scanned().at(100.0).finish_all();
    assert_snapshot!(show.told(), @r"
    0.0s  hash ep/0900/a.md
    0.0s  build.new 1: a.md changed
    0.0s  job.started 1: compile
    0.0s  start 1.1 compile
    0.0s  watch.lost: the share is walked again: overflow
    0.0s  scan
    0.0s  job.publishing 1: compile
    0.0s  publish 1: new ep/0900/scripts/script.html
    0.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 1
    0.0s  job.done 1: compile: KETTLE
    0.0s  build.ended 1: done
    ");
}

#[test]
fn an_output_whose_row_was_lost_is_ours_by_the_result_that_names_it() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all();
    // It went away and was put back, as by a restored backup: the row is gone, the bytes are the recorded ones.
    show.remove("ep/0900/scripts/script.html").at(100.0);
    show.save("ep/0900/scripts/script.html", "KETTLE").at(200.0).finish_all().skip();
    show.save("ep/0900/a.md", "pot").at(300.0).finish_all();
    assert_eq!(show.text("ep/0900/scripts/script.html"), "POT");
}

#[test]
fn an_intent_that_is_held_again_before_it_was_ordered_counts_as_held() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.manual_publish = true;
    show.finish("compile");
    let full = Outcome::Failed { file: file("ep/0900/scripts/script.html"), why: "no space left".to_owned() };
    show.publish(IntentId(1), full).ask(take("ep/0900/", LeaseKind::Lock)).skip();
    show.event(Event::ShareGone { share: SHARE }).at(100.0).ask(Ask::WaitIdle { quiet_too: false });
    assert_snapshot!(show.told(), @r"
    0.0s  share.away: the share is away; nothing is done on it until it is back
    100.0s  answer 2: Done
    ");
}

#[test]
fn a_text_put_back_while_nobody_looked_is_quiet_only_after_its_time() {
    let mut show = show().with("ep/0900/a.md", "teh kettle").start();
    show.manual_publish = true;
    show.finish("scan").finish("repair");
    let weave = show.intents.values().next().expect("the note is quiet").clone();
    // Killed after the publish, before its outcome was kept; somebody undoes it in between.
    show.save_unseen("ep/0900/a.md", "the kettle").save_unseen("ep/0900/a.md", "teh kettle");
    show.restart();
    let outcome = show.carry_out(&weave);
    assert!(matches!(outcome, Outcome::Overtaken { .. }), "{outcome:?}");
    show.manual_publish = false;
    show.publish(weave.id, outcome).skip().at(200.0).finish_all();
    assert_snapshot!(show.told(), @r"
    3.0s  hash ep/0900/a.md
    120.0s  job.publishing 4: weave of ep/0900/a.md
    120.0s  publish 2: rewrite ep/0900/a.md
    120.0s  publish.done: ep/0900/a.md was published: weave, job 4
    120.0s  job.done 4: weave of ep/0900/a.md
    120.0s  build.new 2: ep/0900/a.md was published
    120.0s  build.ended 1: done
    120.0s  job.started 5: scan
    120.0s  start 5.1 scan
    200.0s  job.publishing 3: compile
    200.0s  publish 3: new ep/0900/scripts/script.html
    200.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 3
    200.0s  job.done 3: compile: THE KETTLE
    200.0s  job.done 5: scan: 0 clips
    200.0s  build.ended 2: done
    ");
}

#[test]
fn a_step_that_reads_what_it_made_last_time_is_not_run_again_for_that() {
    let count = out(step("count"), "total", "total.txt");
    let count = input(count, "before", Input::Files("*.txt".to_owned()));
    let told = |order: &Order, blobs: &Blobs| Ended::Succeeded(output(order, &format!("{}", read(order, blobs).len())));
    let mut show = Story::new(rules(vec![count])).program("count", told).with("ep/0900/a.md", "fine").start();
    show.finish_all().at(100.0).finish_all().skip();
    assert_eq!(show.text("ep/0900/total.txt"), "1");
    assert_snapshot!(show.plan("ep/0900/"), @"count                up to date");
    show.at(200.0).save("ep/0900/other.txt", "1").at(300.0).finish_all();
    assert_eq!(show.text("ep/0900/total.txt"), "3", "what others made is news, and its own was handed over too");
}

#[test]
fn what_edits_wrote_into_the_view_of_a_text_is_ours_before_it_is_published() {
    let told = |order: &Order, _: &Blobs| {
        let ours: Vec<String> = order.ours.iter().map(|ours| format!("{}: {}", ours.target, ours.value)).collect();
        Ended::Succeeded(output(order, &ours.join(", ")))
    };
    let steps = vec![editing(step("repair")), out(needs(step("measure"), &["repair"]), "ours", "ours.txt")];
    let mut show = Story::new(rules(steps)).program("repair", fill).program("measure", told);
    show = show.with("ep/0900/a.md", "fine").start();
    show.finish_all().at(1000.0).save("ep/0900/a.md", "length=?").at(1005.0).finish_all();
    assert_eq!((show.text("ep/0900/a.md"), show.text("ep/0900/ours.txt")), ("length=?", "length: 4"));
}

/// A note that names a clip, and a proposal that gives both another name.
fn with_a_rename() -> Story {
    let mut show = show().with("ep/0900/a.md", "see LUV.mov").with("ep/0900/media/LUV.mov", "film").start();
    show.finish("scan");
    let (job, order) = show.running_job("repair");
    let wish = "ep/0900/a.md: LUV.mov => luv.mov";
    show.blobs.insert(digest(wish), wish.to_owned());
    let (with, from, to) = (file("ep/0900/a.md"), file("ep/0900/media/LUV.mov"), file("ep/0900/media/luv.mov"));
    let proposal = ProposalFact {
        file: with.clone(),
        code: "SLUG_BAD".to_owned(),
        summary: "a name for files".to_owned(),
        edits: digest(wish),
        renames: vec![Rename { with, from, to }],
        base: digest("see LUV.mov"),
        handed_over: false,
    };
    let finished = Finished { proposals: vec![proposal], ..Finished::default() };
    show.end(job, order.attempt, Ended::Succeeded(finished)).finish_all().at(500.0).skip();
    show
}

#[test]
fn a_file_is_renamed_in_one_publish_with_the_text_that_names_it() {
    let mut show = with_a_rename();
    show.ask(Ask::Accept { proposals: vec![ProposalId(1)] }).at(600.0).finish_all();
    let told = show.told();
    assert!(told.contains("rewrite ep/0900/a.md, rename ep/0900/media/LUV.mov"), "{told}");
    assert_eq!((show.text("ep/0900/a.md"), show.text("ep/0900/media/luv.mov")), ("see luv.mov", "film"));
}

#[test]
fn neither_text_nor_file_changes_while_the_file_is_away_or_held() {
    for is_held in [true, false] {
        let mut show = with_a_rename();
        if is_held {
            show.ask(take("ep/0900/media/LUV.mov", LeaseKind::Hold));
        } else {
            show.remove("ep/0900/media/LUV.mov");
        }
        show.at(600.0).ask(Ask::Accept { proposals: vec![ProposalId(1)] }).at(900.0).finish_all();
        assert_eq!(show.text("ep/0900/a.md"), "see LUV.mov");
        if is_held {
            show.ask(Ask::Release { file: file("ep/0900/media/LUV.mov") });
        } else {
            show.save("ep/0900/media/LUV.mov", "film");
        }
        show.at(1500.0).finish_all();
        assert_eq!((show.text("ep/0900/a.md"), show.text("ep/0900/media/luv.mov")), ("see luv.mov", "film"));
    }
}

#[test]
fn a_note_that_a_program_has_open_for_writing_is_asked_about_until_it_is_closed() {
    let mut show = show().with("ep/0900/a.md", "teh kettle").start();
    show.disquiet.insert("ep/0900/a.md".to_owned(), vec![Disquiet::OpenForWriting]);
    show.finish_all().skip().at(500.0);
    assert_snapshot!(show.told(), @"nothing");
    assert_snapshot!(show.why(4).join("\n"), @"ep/0900/a.md is not quiet: a program has it open for writing");
    show.disquiet.clear();
    show.at(510.0);
    assert_eq!(show.text("ep/0900/a.md"), "the kettle");
}

#[test]
fn a_note_that_came_from_another_device_is_not_asked_about_before_the_next_save_would_be_known() {
    let mut show = show().with("ep/0900/a.md", "teh kettle").start();
    let elsewhere = Disquiet::ChangedElsewhere { by: "laptop".into(), until: Time(580_000) };
    show.disquiet.insert("ep/0900/a.md".to_owned(), vec![Disquiet::OpenForWriting, elsewhere]);
    show.finish_all().at(500.0);
    let blockers = show.core.quiet(&file("ep/0900/a.md"));
    assert!(matches!(&blockers[..], [Blocker::Disquiet { .. }, Blocker::Disquiet { .. }]));
    let ends: Vec<_> = blockers.iter().map(Blocker::until).collect();
    assert_eq!(ends, [None, Some(Time(580_000))]);
    show.disquiet.clear();
    show.at(579.9).event(Event::Clock);
    assert_snapshot!(show.why(4).join("\n"), @"ep/0900/a.md is not quiet: it was changed on laptop a moment ago, and another save there may not have arrived yet");
    assert_eq!(show.text("ep/0900/a.md"), "teh kettle");
    show.at(580.0);
    assert_eq!(show.text("ep/0900/a.md"), "the kettle");
}

#[test]
fn two_who_rewrite_a_note_in_turn_are_parted_for_a_while() {
    let mut show = show().with("ep/0900/a.md", "teh kettle").start();
    show.finish_all().skip();
    let mut now = 0.0;
    let mut times = 0;
    // Each time we have mended it, somebody's script puts the old text back.
    for _ in 0..40 {
        now += 60.0;
        show.at(now).finish_all();
        if show.text("ep/0900/a.md") == "the kettle" {
            times += 1;
            show.save("ep/0900/a.md", "teh kettle");
        }
    }
    assert_eq!(times, 7, "then it is left alone");
}

#[test]
fn a_repair_that_is_undone_by_a_program_that_dates_the_note_each_time_is_left_alone() {
    let mut show = show().with("ep/0900/a.md", "date 0\n\nteh kettle").start();
    show.finish_all().skip();
    let mut times = 0;
    for round in 1..40 {
        show.at(f64::from(round) * 60.0).finish_all();
        if show.text("ep/0900/a.md").ends_with("the kettle") {
            times += 1;
            show.save("ep/0900/a.md", &format!("date {round}\n\nteh kettle"));
        }
    }
    assert_eq!(times, 7, "then it is left alone");
    let said = "somebody undid what showd wrote to ep/0900/a.md 7 times, so it is left alone";
    assert_eq!(show.core.storms().map(|storm| storm.to_string()).collect::<Vec<_>>(), [said]);
    assert!(show.told().contains("ep/0900/a.md is left alone: somebody undoes what showd writes there"));
}

/// Sets the one value that is to be set.
fn fill(order: &Order, blobs: &Blobs) -> Ended {
    let is_due = read(order, blobs).iter().any(|(_, text)| text.contains("length=?"));
    Ended::Succeeded(edits(if is_due { "ep/0900/a.md: length=? => length=4" } else { "" }))
}

#[test]
fn a_value_that_is_undone_by_a_program_that_dates_the_note_each_time_is_left_alone() {
    let mut show = show().program("repair", fill).with("ep/0900/a.md", "date 0\nlength=?").start();
    show.finish_all();
    let mut times = 0;
    for round in 1..40 {
        show.at(f64::from(round) * 60.0).finish_all();
        if show.text("ep/0900/a.md").ends_with("length=4") {
            times += 1;
            show.save("ep/0900/a.md", &format!("date {round}\nlength=?"));
        }
    }
    assert_eq!(times, 7, "then it is left alone");
}

#[test]
fn a_person_who_types_twenty_cues_that_are_mended_once_each_is_no_storm() {
    let mut show = show().with("ep/0900/a.md", "kettle").start();
    show.finish_all();
    let mut text = "kettle".to_owned();
    for cue in 1..=20 {
        let typed = format!("{text}\n\nbegin\nteh cue\nslug {cue}\nend");
        show.at(f64::from(cue) * 150.0).save("ep/0900/a.md", &typed);
        show.at(f64::from(cue) * 150.0 + 140.0).finish_all();
        text = typed.replace("teh", "the");
        assert_eq!(show.text("ep/0900/a.md"), text);
    }
    assert_eq!(show.core.storms().count(), 0);
}

#[test]
fn an_output_that_somebody_removes_each_time_is_left_alone_until_a_person_lets_it_be_made_again() {
    let script = "ep/0900/scripts/script.html";
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all();
    let mut now = 0.0;
    let mut again = 0;
    for _ in 0..10 {
        if show.exists(script) {
            show.remove(script);
        }
        now += 10.0;
        show.at(now).finish_all();
        again += u32::from(show.exists(script));
    }
    assert_eq!(again, 7, "then it is left alone");
    let said = "somebody undid what showd wrote to ep/0900/scripts/script.html 7 times, so it is left alone";
    assert_eq!(show.plan("ep/0900/").trim(), format!("compile              blocked: {said}"));
    assert_eq!(show.core.storms().map(|storm| storm.to_string()).collect::<Vec<_>>(), [said]);
    assert!(show.core.is_idle(true), "nobody waits an hour for that");
    // What is new is made all the same.
    show.save("ep/0900/a.md", "pot").at(now + 10.0).finish_all();
    assert_eq!(show.text(script), "POT");
    show.save("ep/0900/a.md", "kettle").remove(script).at(now + 20.0).finish_all();
    assert!(!show.exists(script));
    show.skip().ask(Ask::Release { file: file(script) }).finish_all();
    assert_eq!(show.text(script), "KETTLE");
    let told = show.told();
    assert!(told.contains("pat lets showd write ep/0900/scripts/script.html again"), "{told}");
    assert_eq!(show.core.storms().count(), 0);
}

#[test]
fn an_output_that_says_when_it_was_made_is_left_alone_as_well() {
    let script = "ep/0900/scripts/script.html";
    let dated = |order: &Order, _: &_| Ended::Succeeded(output(order, &format!("made by job {}", order.job)));
    let mut show = compile().program("compile", dated).with("ep/0900/a.md", "kettle").start();
    show.finish_all();
    let mut again = 0;
    for round in 1..=10 {
        if show.exists(script) {
            show.remove(script);
        }
        show.at(f64::from(round) * 10.0).finish_all();
        again += u32::from(show.exists(script));
    }
    assert_eq!(again, 7);
}

#[test]
fn what_is_left_alone_is_made_again_when_the_storm_is_over() {
    let script = "ep/0900/scripts/script.html";
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all();
    for round in 1..9 {
        if show.exists(script) {
            show.remove(script);
        }
        show.at(f64::from(round) * 10.0).finish_all();
    }
    assert!(!show.exists(script));
    show.at(3_000.0).finish_all();
    assert!(!show.exists(script));
    show.at(3_700.0).finish_all();
    assert_eq!(show.text(script), "KETTLE");
}

#[test]
fn a_text_that_people_undo_and_redo_is_no_storm() {
    let mut show = compile().with("ep/0900/a.md", "kettle").start();
    show.finish_all();
    for round in 1..30 {
        let text = if round % 2 == 0 { "kettle" } else { "pot" };
        show.save("ep/0900/a.md", text).at(f64::from(round) * 10.0).finish_all();
        assert_eq!(show.text("ep/0900/scripts/script.html"), text.to_uppercase());
    }
}
