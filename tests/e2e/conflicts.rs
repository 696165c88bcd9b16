//! Two people changed one note: what showd settles, and what it leaves to them.

use crate::{LEAK, messy_episode};
use show_tests::{Show, binary};
use std::process::{Command, Stdio};

const NOTE: &str = "episodes/0900/rundown/20 Leak.md";
const COPY: &str = "episodes/0900/rundown/20 Leak.sync-conflict-20260801-081936-ABCDEF2.md";
const NOTICE: &str = "showd/conflicts.md";

/// The episode once it is built and its notes are repaired.
fn built(more: &str) -> Show {
    let mut show = Show::new();
    show.configure_whole(&format!(
        "settle = \"200ms\"\nsettle_media = \"200ms\"\nquiet = \"600ms\"\n\n[share.show]\npath = {:?}\n{more}",
        show.share()
    ));
    messy_episode(&show);
    show.start();
    show.idle();
    assert_ne!(show.read(NOTE), LEAK, "it was repaired");
    show
}

/// Both people save at once: the one at the path, the other one in the copy.
fn both_save(show: &Show, ours: &str, theirs: &str) -> u64 {
    let from = show.next_event();
    show.write(NOTE, ours);
    show.write(COPY, theirs);
    from
}

/// Waits until the copy is left to people.
fn left_to_people(show: &Show, from: u64) {
    show.seen_from(from, &["publish.done", NOTICE]);
    assert!(show.read(NOTICE).contains("showctl resolve"), "{}", show.read(NOTICE));
}

/// Every text in the history of the note.
fn history(show: &Show) -> Vec<String> {
    let history = show.json(&["history", NOTE]);
    let revisions = history["revisions"].as_array().expect("revisions").clone();
    revisions.iter().map(|one| show.ctl(&["show", NOTE, &one["revision"].to_string()]).out).collect()
}

#[test]
fn a_copy_of_the_same_text_and_one_of_what_showd_wrote_are_removed_by_themselves() {
    let show = built("");
    let (repaired, from) = (show.read(NOTE), show.next_event());
    show.write(COPY, &repaired);
    show.seen_from(from, &["publish.done", "sync-conflict"]);
    assert!(!show.exists(COPY));
    let theirs = repaired.replace("slowly at first", "all at once");
    let from = both_save(&show, &theirs, &repaired);
    show.seen_from(from, &["publish.done", "sync-conflict"]);
    show.idle();
    assert!(!show.exists(COPY) && !show.exists(NOTICE));
    assert!(show.read(NOTE).contains("all at once"), "the person's text stands");
}

#[test]
fn two_edits_that_fit_together_are_merged_where_the_share_says_so_and_both_stay_in_the_history() {
    let show = built("merge = \"auto\"\n");
    let base = show.read(NOTE);
    let ours = base.replace("title: Leak", "title: Das Leck");
    let theirs = base.replace("slowly at first", "すべて一度に");
    let from = both_save(&show, &ours, &theirs);
    show.seen_from(from, &["conflict.settled"]);
    show.idle();
    let merged = show.read(NOTE);
    assert!(merged.contains("title: Das Leck") && merged.contains("すべて一度に"), "{merged}");
    assert!(!show.exists(COPY) && !show.exists(NOTICE));
    let history = history(&show);
    assert!(history.contains(&ours) && history.contains(&theirs), "{history:?}");
}

#[test]
fn what_a_person_wrote_of_both_is_kept_when_the_note_cannot_be_written() {
    let show = built("");
    let base = show.read(NOTE);
    let (ours, theirs) = (base.replace("title: Leak", "title: Das Leck"), base.replace("slowly at first", "at once"));
    let from = both_save(&show, &ours, &theirs);
    left_to_people(&show, from);
    let open = std::fs::OpenOptions::new().append(true).open(show.share().join(NOTE)).expect("it is there");
    let mut command = Command::new(binary("showctl"));
    command.args(["resolve", NOTE, "--edit"]).env("SHOWD_SOCKET", show.socket()).env("TMPDIR", show.state());
    command.env("VISUAL", "sh -c 'echo My own words. > \"$1\"' edit").stdin(Stdio::null());
    let refused = command.output().expect("showctl starts");
    let words = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(4), "{words}");
    let draft = words.lines().find_map(|line| line.trim().strip_prefix("what you wrote is in ")).expect("named");
    assert_eq!(std::fs::read_to_string(draft).expect("it is there"), "My own words.\n");
    assert_eq!((show.read(NOTE), show.read(COPY)), (ours, theirs.clone()), "nobody's text was touched");
    drop(open);
    let settled = show.ctl(&["resolve", NOTE, "--theirs"]);
    assert_eq!((settled.code, show.read(NOTE), show.exists(COPY)), (0, theirs, false), "{settled:?}");
}

#[test]
fn without_leave_nothing_is_touched_and_resolve_merges_when_a_person_says_so() {
    let show = built("");
    let base = show.read(NOTE);
    let ours = base.replace("title: Leak", "title: Das Leck");
    let theirs = base.replace("slowly at first", "すべて一度に");
    let from = both_save(&show, &ours, &theirs);
    left_to_people(&show, from);
    assert_eq!((show.read(NOTE), show.read(COPY)), (ours.clone(), theirs.clone()));
    let conflicts = show.json(&["conflicts"]);
    let one = &conflicts["conflicts"][0];
    assert_eq!((one["copy"].as_str(), one["file"].as_str()), (Some(COPY), Some(NOTE)), "{conflicts}");
    assert_eq!((one["fit"].as_str(), one["device"].as_str()), (Some("clean"), Some("ABCDEF2")), "{conflicts}");
    assert!(show.ctl(&["status"]).out.contains("showctl conflicts"));
    let unsaid = show.ctl(&["resolve", NOTE]);
    assert_eq!(unsaid.code, 2, "{unsaid:?}");
    assert!(unsaid.err.contains("--merged"), "{unsaid:?}");
    let ran = show.ctl(&["resolve", NOTE, "--merged"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    show.seen_from(from, &["conflict.settled"]);
    show.idle();
    let merged = show.read(NOTE);
    assert!(merged.contains("title: Das Leck") && merged.contains("すべて一度に"), "{merged}");
    assert!(!show.exists(COPY) && !show.exists(NOTICE));
    assert!(history(&show).contains(&theirs));
}

#[test]
fn edits_that_do_not_fit_are_not_merged_and_the_loser_stays_in_the_history() {
    let show = built("");
    let base = show.read(NOTE);
    let ours = base.replace("title: Leak", "title: Das Leck");
    let theirs = base.replace("title: Leak", "title: 水漏れ");
    let from = both_save(&show, &ours, &theirs);
    left_to_people(&show, from);
    let refused = show.ctl(&["resolve", COPY, "--merged"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.err.contains("the key title"), "{refused:?}");
    assert_eq!(show.read(NOTE), ours);
    // An editor that saves what it was given has decided nothing.
    let edit = |editor: &str| {
        let mut command = Command::new(binary("showctl"));
        command.args(["resolve", NOTE, "--edit"]).env("VISUAL", editor).env("SHOWD_SOCKET", show.socket());
        command.env("TMPDIR", show.state());
        command.stdin(Stdio::null()).output().expect("showctl starts")
    };
    let undecided = edit("true");
    assert_eq!(undecided.status.code(), Some(4), "{undecided:?}");
    assert!(String::from_utf8_lossy(&undecided.stderr).contains("what you wrote is in"), "{undecided:?}");
    assert_eq!(show.ctl(&["resolve", COPY, "--theirs"]).code, 0);
    show.seen_from(from, &["conflict.settled"]);
    show.idle();
    assert!(show.read(NOTE).contains("title: 水漏れ"));
    assert!(!show.exists(COPY) && !show.exists(NOTICE));
    assert!(history(&show).contains(&ours));
    let blame = show.json(&["blame", NOTE]);
    let title = blame["lines"].as_array().expect("lines").iter().find(|line| line["name"] == "title").expect("a title");
    assert_eq!(title["value"], "水漏れ", "{blame}");
    let revision = title["revision"].as_u64().expect("a number");
    let diff = show.ctl(&["diff", NOTE, &(revision - 1).to_string(), &revision.to_string()]);
    assert_eq!(diff.code, 0, "{diff:?}");
}

#[test]
fn of_a_file_that_showd_makes_only_digests_are_kept_and_it_says_so() {
    let show = built("");
    let history = show.json(&["history", crate::HOST]);
    assert_eq!(history["revisions"][0]["kept"], false, "{history}");
    for command in [vec!["show", crate::HOST, "1"], vec!["restore", crate::HOST, "1"], vec!["diff", crate::HOST, "1"]] {
        let ran = show.ctl(&command);
        assert_eq!(ran.code, 4, "{command:?}: {ran:?}");
        assert!(ran.err.contains("are not kept") && ran.err.contains("requeue"), "{command:?}: {ran:?}");
    }
}
