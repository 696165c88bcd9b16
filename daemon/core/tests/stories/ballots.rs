//! Proposals that people answer in the note that shows them.

use crate::story::*;
use insta::assert_snapshot;
use show_core::*;

const NOTE: &str = "ep/0900/a.md";
const BALLOT: &str = "showd/proposals/0900.md";

const WISHES: [(&str, &str, &str); 2] = [("sings", "whistles", "kettles whistle"), ("kettle", "pot", "it is a pot")];

fn edit(old: &str, new: &str) -> String {
    format!("{NOTE}: {old} => {new}")
}

/// Proposes whatever of its wishes fits.
fn propose(order: &Order, blobs: &Blobs) -> Ended {
    let (_, text) = read(order, blobs)[0].clone();
    let fits = WISHES.iter().filter(|(old, ..)| text.contains(old));
    let fact = |(old, new, summary): &(&str, &str, &str)| ProposalFact {
        file: file(NOTE),
        code: "STYLE".to_owned(),
        summary: (*summary).to_owned(),
        edits: digest(&edit(old, new)),
        renames: Vec::new(),
        base: digest(text),
        handed_over: false,
    };
    Ended::Succeeded(Finished { proposals: fits.map(fact).collect(), ..Finished::default() })
}

/// Two proposals for one note, shown in the share.
fn asked() -> Story {
    let mut show = show().program("repair", propose).with(NOTE, "a kettle sings").start();
    show.blobs.extend(WISHES.map(|(old, new, _)| (digest(&edit(old, new)), edit(old, new))));
    show.finish_all().at(500.0).finish_all().skip();
    show
}

/// A person ticks the boxes of these proposals, each as `a`, `r` or `b`.
fn tick(show: &mut Story, boxes: &[(u64, char)]) -> String {
    let mut text = show.text(BALLOT).to_owned();
    for (id, says) in boxes {
        for before in ['b', ' '] {
            text = text.replace(&format!("[{before}] {id} "), &format!("[{says}] {id} "));
        }
    }
    show.save(BALLOT, &text);
    text
}

fn states(show: &Story) -> Vec<(u64, &ProposalState)> {
    show.store.proposals.values().map(|row| (row.id.0, &row.state)).collect()
}

fn by() -> String {
    "a person, in showd/proposals/0900.md".to_owned()
}

#[test]
fn a_ticked_proposal_is_woven_in_and_the_note_is_written_anew_without_it() {
    let mut show = asked();
    assert_snapshot!(show.text(BALLOT), @r"
    [ ] 1 0a267bab ep/0900/a.md: kettles whistle
    [ ] 2 d4abf7bb ep/0900/a.md: it is a pot
    ");
    tick(&mut show, &[(1, 'a')]);
    show.finish_all().at(700.0).finish_all();
    assert_snapshot!(show.told(), @r"
    500.0s  saved showd/proposals/0900.md
    503.0s  hash showd/proposals/0900.md
    503.0s  proposal.accepted: kettles whistle
    503.0s  build.new 2: proposal 1 was accepted
    503.0s  publish 3: rewrite showd/proposals/0900.md
    503.0s  job.publishing 7: weave of ep/0900/a.md
    503.0s  publish 4: rewrite ep/0900/a.md
    503.0s  publish.done: showd/proposals/0900.md was published: notice
    503.0s  publish.done: ep/0900/a.md was published: weave, job 7
    503.0s  job.done 7: weave of ep/0900/a.md
    503.0s  build.new 3: ep/0900/a.md was published
    503.0s  build.ended 2: done
    503.0s  job.started 8: scan
    503.0s  start 8.1 scan
    700.0s  job.done 8: scan: 0 clips
    700.0s  job.started 9: repair
    700.0s  start 9.1 repair
    700.0s  job.done 9: repair
    700.0s  job.started 10: compile
    700.0s  start 10.1 compile
    700.0s  job.publishing 10: compile
    700.0s  publish 5: replace ep/0900/scripts/script.html
    700.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 10
    700.0s  job.done 10: compile: A KETTLE WHISTLES
    700.0s  build.ended 3: done
    ");
    assert_eq!(show.text(NOTE), "a kettle whistles");
    assert_snapshot!(show.text(BALLOT), @"[ ] 2 d4abf7bb ep/0900/a.md: it is a pot");
    let kept = show.store.revisions.iter().filter(|(_, row)| *row.file.path == *BALLOT && !row.by_us).count();
    assert_eq!(kept, 1, "what the person saved is in the history");

    tick(&mut show, &[(2, 'r')]);
    show.finish_all().at(900.0).finish_all();
    assert!(!show.has(BALLOT), "nothing is left to say");
    assert_eq!(states(&show)[1], (2, &ProposalState::Rejected { by: by() }));
    assert_eq!(show.text(NOTE), "a kettle whistles");
}

#[test]
fn both_boxes_are_no_answer_and_the_note_says_so() {
    let mut show = asked();
    tick(&mut show, &[(1, 'b')]);
    show.finish_all().at(700.0).finish_all();
    assert_eq!(states(&show), [(1, &ProposalState::Open), (2, &ProposalState::Open)]);
    assert_snapshot!(show.text(BALLOT), @r"
    [b] 1 0a267bab ep/0900/a.md: kettles whistle
    [ ] 2 d4abf7bb ep/0900/a.md: it is a pot
    ");
    // Who starts anew finds it as it was.
    show.skip().restart().at(800.0);
    assert_eq!(show.told(), "700.0s  restart");
    tick(&mut show, &[(1, 'r')]);
    show.finish_all().at(900.0).finish_all();
    assert_eq!(states(&show)[0], (1, &ProposalState::Rejected { by: by() }));
    assert_snapshot!(show.text(BALLOT), @"[ ] 2 d4abf7bb ep/0900/a.md: it is a pot");
}

#[test]
fn a_note_in_which_people_wrote_is_left_alone_and_its_ticks_count_once() {
    let mut show = asked();
    let mine = format!("{}\nPat: what is this?", tick(&mut show, &[(1, 'a')]));
    show.save(BALLOT, &mine).finish_all().at(700.0).finish_all();
    assert_eq!((show.text(NOTE), show.text(BALLOT)), ("a kettle whistles", mine.as_str()));
    // Put back by hand: what was answered is not asked any more, also after a restart.
    show.at(710.0).save(NOTE, "a kettle sings").at(720.0).finish_all().skip();
    show.save(BALLOT, &format!("{mine}?")).restart().at(900.0).finish_all();
    assert_eq!(show.text(NOTE), "a kettle sings");
}

#[test]
fn ticks_of_old_copies_and_of_other_notes_mean_nothing_and_what_people_put_aside_stays() {
    let mut show = asked();
    let text = tick(&mut show, &[(1, 'a'), (2, 'a')]);
    show.save(BALLOT, &text.replace(' ', "  "));
    let wrong_mark = text.replace("[a] 1 ", "[a] 1 0");
    show.save(BALLOT, &wrong_mark.replace("[a] 2 ", "[a] 77 "));
    let elsewhere = ["showd/proposals/0901.md", "showd/proposals/deep/0900.md", "showd/proposals/0900.txt"];
    for path in elsewhere {
        show.save(path, &text);
    }
    show.finish_all().at(900.0).finish_all();
    assert_eq!(states(&show), [(1, &ProposalState::Open), (2, &ProposalState::Open)]);
    assert!(elsewhere.iter().all(|path| show.text(path) == text), "a person put them there");
}

const COPY: &str = "showd/proposals/0900.sync-conflict-20260801-081936-ABCDEF2.md";

/// A note and what Syncthing set aside of it: what somebody else saved on another device.
fn answered_apart(show: &mut Story, here: &[(u64, char)], there: &[(u64, char)], more: &str) {
    let text = show.text(BALLOT).to_owned();
    let set_aside = tick(show, there) + more;
    show.save_unseen(BALLOT, &text);
    tick(show, here);
    show.save(COPY, &set_aside).finish_all().at(700.0).finish_all();
}

#[test]
fn what_two_people_ticked_on_two_machines_counts_and_what_was_set_aside_goes() {
    let mut show = asked();
    answered_apart(&mut show, &[(1, 'a')], &[(2, 'r')], "");
    assert_eq!(show.text(NOTE), "a kettle whistles");
    assert_eq!(states(&show)[1], (2, &ProposalState::Rejected { by: by() }));
    assert!(!show.has(COPY) && !show.has(BALLOT) && !show.has("showd/conflicts.md"));
    let aside = show.store.revisions.iter().find(|(_, row)| row.origin.starts_with("person, set aside as")).is_some();
    assert!(aside, "what it held is in the history of the note");
}

#[test]
fn two_people_who_contradict_each_other_decide_nothing_until_they_agree() {
    let mut show = asked();
    answered_apart(&mut show, &[(1, 'a'), (2, 'r')], &[(1, 'r')], "");
    assert_eq!(states(&show), [(1, &ProposalState::Open), (2, &ProposalState::Rejected { by: by() })]);
    assert_eq!(show.text(BALLOT), "[b] 1 0a267bab ep/0900/a.md: kettles whistle");
    assert!(!show.has(COPY), "the note says so itself");
    show.restart().at(800.0).finish_all();
    assert_eq!(states(&show)[0], (1, &ProposalState::Open));
    tick(&mut show, &[(1, 'a')]);
    show.finish_all().at(900.0).finish_all();
    assert_eq!(show.text(NOTE), "a kettle whistles");
}

#[test]
fn a_copy_that_contradicts_a_note_in_which_somebody_wrote_stays_where_people_see_it() {
    let mut show = asked();
    let mine = format!("{}\nPat: what is this?", tick(&mut show, &[(1, 'a')]));
    let theirs = mine.replace("\nPat: what is this?", "").replace("[a]", "[r]");
    show.save(BALLOT, &mine).save(COPY, &theirs).finish_all().at(700.0).finish_all();
    show.skip().restart().at(800.0).finish_all();
    assert_eq!(states(&show)[0], (1, &ProposalState::Open));
    assert_eq!((show.text(BALLOT), show.text(COPY)), (mine.as_str(), theirs.as_str()));
    let said = show.text("showd/conflicts.md");
    assert!(said.contains("what is ticked in it contradicts what is ticked in the note"), "{said}");
    // Somebody takes it away, and what is left is an answer.
    show.remove(COPY).at(900.0).finish_all();
    assert_eq!(show.text(NOTE), "a kettle whistles");
    assert!(!show.has("showd/conflicts.md"));
}

#[test]
fn a_copy_in_which_somebody_wrote_is_left_to_people_and_its_ticks_count() {
    let mut show = asked();
    answered_apart(&mut show, &[], &[(1, 'a')], "\nSam: yes!");
    assert_eq!(show.text(NOTE), "a kettle whistles");
    assert!(show.text(COPY).ends_with("Sam: yes!"));
    assert!(show.text("showd/conflicts.md").contains("somebody wrote in it; what is ticked in it counts all the same"));
    assert_eq!(show.text(BALLOT), "[ ] 2 d4abf7bb ep/0900/a.md: it is a pot", "the note itself is kept up");
    show.ask(Ask::Resolve {
        copy: file(COPY),
        seen: (digest(show.text(COPY)), Some(digest(show.text(BALLOT)))),
        with: None,
    });
    show.at(800.0).finish_all();
    assert!(!show.has(COPY) && !show.has("showd/conflicts.md"), "{}", show.told());
}

#[test]
fn a_copy_of_what_showd_wrote_goes_also_when_the_note_is_gone() {
    let mut show = asked();
    let text = show.text(BALLOT).to_owned();
    show.save(COPY, &text).at(600.0).finish_all();
    assert!(!show.has(COPY) && show.has(BALLOT));
    show.remove_unseen(BALLOT).remove(BALLOT).save(COPY, &text).at(700.0).finish_all();
    assert!(!show.has(COPY), "{}", show.told());
}

#[test]
fn a_tick_counts_when_the_note_is_saved_again_while_it_is_read() {
    let mut show = asked();
    show.late = Some(Vec::new());
    let text = tick(&mut show, &[(1, 'a')]);
    // Obsidian saves what did not change, too.
    show.at(505.0).save(BALLOT, &text).told_late().at(700.0).finish_all();
    assert_eq!(show.text(NOTE), "a kettle whistles");
}

#[test]
fn what_is_proposed_for_a_note_that_is_gone_is_not_asked() {
    let mut show = asked();
    show.remove(NOTE).at(700.0).finish_all();
    assert!(!show.has(BALLOT), "{}", show.text(BALLOT));
    show.save(NOTE, "a kettle sings").at(1000.0).finish_all().at(1300.0).finish_all();
    assert_eq!(show.text(BALLOT).lines().count(), 2, "{}", show.text(BALLOT));
}

#[test]
fn a_tick_that_was_read_before_a_crash_counts_after_it() {
    let mut show = asked();
    tick(&mut show, &[(1, 'a')]);
    show.at(500.5).restart().at(900.0).finish_all();
    assert_eq!(show.text(NOTE), "a kettle whistles");
    assert!(show.text(BALLOT).starts_with("[ ] 2 "), "{}", show.text(BALLOT));
}

#[test]
fn a_tick_that_stands_in_the_note_counts_for_a_proposal_that_is_made_again() {
    let mut show = asked();
    // Somebody writes in it, so it stays as it is.
    let mine = format!("{}\nPat: what is this?", show.text(BALLOT));
    show.save(BALLOT, &mine).at(510.0).save(NOTE, "nobody is home").at(700.0).finish_all();
    assert_eq!(states(&show), [(1, &ProposalState::Stale), (2, &ProposalState::Stale)]);
    tick(&mut show, &[(1, 'a')]);
    show.at(800.0).save(NOTE, "a kettle sings").at(1000.0).finish_all().at(1300.0).finish_all();
    assert_eq!(show.text(NOTE), "a kettle whistles", "{:?}", states(&show));
}

#[test]
fn a_share_that_is_another_machines_is_answered_there() {
    let mut show = asked().owned_elsewhere();
    tick(&mut show, &[(1, 'a')]);
    show.finish_all().at(900.0).finish_all();
    assert_eq!(states(&show)[0], (1, &ProposalState::Open));
}
