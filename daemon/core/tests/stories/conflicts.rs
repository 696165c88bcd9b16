//! Conflict copies: cleared away, merged, or left to people.

use crate::story::*;
use insta::assert_snapshot;
use show_core::*;

const NOTE: &str = "ep/0900/a.md";
const COPY: &str = "ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md";

fn open(show: &Story) -> Vec<String> {
    show.core.conflicts().map(|conflict| format!("{} {}", conflict.is_open, conflict.text)).collect()
}

/// A note with two versions in its history.
fn note() -> Story {
    note_where(MergePolicy::GeneratedOnly)
}

fn note_where(merge: MergePolicy) -> Story {
    let mut show = show().allowing(merge).with(NOTE, "kettle").start();
    show.finish_all();
    show.at(1000.0).save(NOTE, "kettle. pot").at(1010.0).finish_all().at(1300.0).finish_all().skip();
    show
}

#[test]
fn a_copy_that_holds_what_lies_at_the_path_is_removed() {
    let mut show = note();
    show.at(2000.0).save(COPY, "kettle. pot").at(2010.0).finish_all();
    assert_snapshot!(show.told(), @r"
    2000.0s  saved ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md
    2003.0s  hash ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md
    2003.0s  conflict.settled: the copy holds the same text, and is removed
    2003.0s  publish 3: remove ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md
    2003.0s  publish.done: ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md was published: the copy holds the same text, and is removed
    ");
    assert!(open(&show).is_empty());
    assert!(!show.has(COPY));
}

#[test]
fn a_copy_of_an_older_state_is_removed_and_one_of_a_text_that_showd_wrote_is_too() {
    let mut show = note();
    show.at(2000.0).save(NOTE, "kettle. pot. teh lid").at(2300.0).finish_all().at(2600.0).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. the lid");
    show.save(COPY, "kettle").at(2700.0).finish_all();
    assert!(!show.has(COPY), "an older state");
    show.save(COPY, "kettle. pot. teh lid").at(2705.0).finish_all();
    assert!(!show.has(COPY) && show.text(NOTE) == "kettle. pot. the lid", "what showd wrote on");
    // A person's newer text won over ours.
    show.save(NOTE, "kettle. pot. teh lid!").save(COPY, "kettle. pot. the lid").at(2710.0).finish_all();
    assert!(!show.has(COPY), "what showd wrote");
    show.at(3000.0).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. the lid!");
}

#[test]
fn a_copy_that_contradicts_only_what_showd_wrote_takes_its_place() {
    let mut show = note();
    show.at(2000.0).save(NOTE, "kettle. pot. teh lid. cup. tray").at(2300.0).finish_all().at(2600.0).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. the lid. cup. tray");
    // Somebody went on elsewhere before that had come there.
    show.save(COPY, "kettle. pot. teh lid of it. cup. tray").at(2700.0).finish_all().at(3000.0).finish_all();
    assert!(open(&show).is_empty() && !show.has(COPY), "{:?}", open(&show));
    assert_eq!(show.text(NOTE), "kettle. pot. the lid of it. cup. tray", "what showd wrote is written again");
}

#[test]
fn two_edits_that_fit_together_are_merged_where_the_share_allows_it_and_both_stay_in_the_history() {
    let mut show = note_where(MergePolicy::Auto);
    show.at(2000.0).save(NOTE, "kettle. pot. cup").save(COPY, "kettle. pot. tray").skip().at(2010.0).finish_all();
    let why = "ep/0900/a.md is not quiet: somebody changed it a moment ago";
    assert_eq!(open(&show), [format!("false waits for quiet: the copy is merged into the file; {why}")]);
    show.at(2300.0).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. cup. tray");
    assert!(!show.has(COPY) && open(&show).is_empty());
    let origins: Vec<&str> = show.store.revisions.iter().map(|(_, row)| &*row.origin).collect();
    assert_snapshot!(origins.join("\n"), @r"
    person
    compile, job 3
    person
    compile, job 6
    person
    compile, job 9
    person, set aside as ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md
    the copy is merged into the file
    compile, job 12
    ");
}

#[test]
fn a_copy_is_merged_though_syncthing_left_a_temporary_file_beside_the_note() {
    let mut show = note_where(MergePolicy::Auto);
    show.at(2000.0).save(NOTE, "kettle. pot. cup").save(COPY, "kettle. pot. tray").at(2080.0).finish_all();
    show.save("ep/0900/.syncthing.a.md.tmp", "kettle").at(2130.0).finish_all();
    let why = "ep/0900/a.md is open or arriving: ep/0900/.syncthing.a.md.tmp lies beside it";
    assert_eq!(open(&show), [format!("false waits for quiet: the copy is merged into the file; {why}")]);
    show.at(2150.0).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. cup. tray");
    assert!(open(&show).is_empty());
}

#[test]
fn without_leave_nothing_is_touched_until_a_person_decides() {
    let mut show = note();
    show.at(2000.0).save(NOTE, "kettle. pot. cup").save(COPY, "kettle. pot. tray").at(2300.0).finish_all().skip();
    assert_eq!(open(&show), ["true two people changed it; both edits fit together, and a person is to say so"]);
    assert_eq!((show.text(NOTE), show.text(COPY)), ("kettle. pot. cup", "kettle. pot. tray"));
    assert_snapshot!(show.text("showd/conflicts.md"), @r#"
    # Conflicts

    Two devices changed these notes at the same time, and somebody has to decide. Until then nothing is repaired in them.
    Compare the two, put what is missing into the note, and delete the copy; or use the command below it on the show's
    machine. This note is written by showd and goes away by itself.

    - [[ep/0900/a]]
      set aside: [[ep/0900/a.sync-conflict-20260801-081936-ABCDEF2]]
      two people changed it; both edits fit together, and a person is to say so
      `showctl resolve "ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md"`
    "#);
    let copy = file(COPY);
    let (ours, theirs) = (digest("kettle. pot. cup"), digest("kettle. pot. tray"));
    let with = Some((theirs, 17));
    show.ask(Ask::Resolve { copy: copy.clone(), seen: (theirs, Some(digest("kettle. pot. mug"))), with });
    assert_snapshot!(show.told().lines().last().expect("told"), @r#"2300.0s  answer 1: refused: ep/0900/a.md or its copy was changed meanwhile (look at both again with "showctl conflicts")"#);
    show.ask(Ask::Resolve { copy: copy.clone(), seen: (theirs, Some(ours)), with }).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. tray");
    assert!(!show.has(COPY) && !show.has("showd/conflicts.md"));
    show.ask(Ask::Resolve { copy, seen: (theirs, Some(ours)), with: None });
    assert_snapshot!(show.told().lines().last().expect("told"), @r#"2300.0s  answer 3: refused: ep/0900/a.sync-conflict-20260801-081936-ABCDEF2.md is no conflict copy that is known ("showctl conflicts" lists them)"#);
}

#[test]
fn a_copy_of_the_note_that_names_conflicts_goes_when_it_holds_what_showd_wrote() {
    const COPY_OF_IT: &str = "showd/conflicts.sync-conflict-20260801-081936-ABCDEF2.md";
    let mut show = note();
    show.save(COPY_OF_IT, "# Conflicts").at(1400.0).finish_all();
    assert_eq!(open(&show), ["true showd writes that note, and somebody wrote in this copy"]);
    let said = show.text("showd/conflicts.md").to_owned();
    // What somebody wrote into the note won over what lay there.
    show.save("showd/conflicts.md", "mine").save(COPY_OF_IT, &said).at(1500.0).finish_all();
    assert!(!show.has(COPY_OF_IT) && open(&show).is_empty(), "{:?}", open(&show));
    assert_eq!(show.text("showd/conflicts.md"), "mine");
    show.remove("showd/conflicts.md").save(COPY_OF_IT, &said).at(1600.0).finish_all();
    assert!(!show.has(COPY_OF_IT) && open(&show).is_empty(), "{:?}", open(&show));
}

#[test]
fn a_file_that_went_back_to_an_older_state_gets_the_newer_one_again() {
    let mut show = note();
    show.at(2000.0).save(NOTE, "kettle. pot. lid").at(2300.0).finish_all();
    show.save(NOTE, "kettle").save(COPY, "kettle. pot. lid").at(2310.0).finish_all();
    assert_eq!(open(&show).len(), 1);
    show.at(2600.0).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. lid");
    assert!(!show.has(COPY));
}

#[test]
fn a_person_who_saves_meanwhile_has_the_copy_judged_anew() {
    let mut show = note_where(MergePolicy::Auto);
    show.manual_publish = true;
    show.at(2000.0).save(NOTE, "kettle. pot. cup").save(COPY, "kettle. pot. tray").at(2300.0).finish_all();
    let (id, intent) = show.intents.iter().next().map(|(id, intent)| (*id, intent.clone())).expect("it is published");
    show.save(NOTE, "kettle. pot. cup!");
    let outcome = show.carry_out(&intent);
    assert!(matches!(outcome, Outcome::Overtaken { .. }), "{outcome:?}");
    show.publish(id, outcome);
    show.manual_publish = false;
    show.at(2700.0).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. cup!. tray");
}

#[test]
fn a_restart_judges_again_and_settles_what_was_open() {
    let mut show = note();
    show.at(2000.0).save(NOTE, "kettle. pot. cup").save(COPY, "kettle. pot. tray").at(2300.0).finish_all();
    let before = open(&show);
    show.restart();
    assert_eq!(open(&show), before);
}

#[test]
fn a_merged_copy_goes_once_syncthing_knows_of_the_text_that_holds_it() {
    let mut show = note_where(MergePolicy::Auto);
    show.disquiet.insert(NOTE.to_owned(), vec![Disquiet::OpenForWriting]);
    show.at(2000.0).save(NOTE, "kettle. pot. cup").save(COPY, "kettle. pot. tray").at(2300.0).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. cup", "nobody writes into what a program has open");
    show.disquiet.clear();
    show.manual_publish = true;
    show.at(2310.0);
    let (id, intent) = show.intents.iter().next().map(|(id, intent)| (*id, intent.clone())).expect("it is published");
    show.disquiet.insert(NOTE.to_owned(), vec![Disquiet::NotIndexed]);
    let outcome = show.carry_out(&intent);
    show.publish(id, outcome);
    show.manual_publish = false;
    show.at(2400.0).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. cup. tray");
    assert!(show.has(COPY), "others might hear of its end first");
    let why = "ep/0900/a.md is not quiet: Syncthing has not taken up what lies here";
    assert_eq!(
        open(&show),
        [format!("false waits for quiet: the copy is removed: it was merged into the file; {why}")]
    );
    show.disquiet.clear();
    show.at(2420.0).finish_all();
    assert!(!show.has(COPY) && open(&show).is_empty());
}

#[test]
fn a_copy_that_was_merged_is_judged_anew_when_another_text_won_over_the_merged_one() {
    let mut show = note_where(MergePolicy::Auto);
    show.disquiet.insert(NOTE.to_owned(), vec![Disquiet::NotIndexed]);
    show.at(2000.0).save(NOTE, "kettle. pot. cup").save(COPY, "kettle. pot. tray").at(2300.0).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. cup", "Syncthing knows nothing of what lies there");
    show.disquiet.clear();
    show.manual_publish = true;
    show.at(2310.0);
    let (id, intent) = show.intents.iter().next().map(|(id, intent)| (*id, intent.clone())).expect("it is published");
    let outcome = show.carry_out(&intent);
    show.disquiet.insert(NOTE.to_owned(), vec![Disquiet::NotIndexed]);
    show.publish(id, outcome);
    show.manual_publish = false;
    show.finish_all();
    assert!(show.has(COPY));
    // Made elsewhere, of the text before.
    show.save(NOTE, "kettle. pot. cup. spoon").at(2320.0).finish_all();
    show.disquiet.clear();
    show.at(2700.0).finish_all();
    assert_eq!(show.text(NOTE), "kettle. pot. cup. spoon. tray", "what the copy held is not in the text that won");
    assert!(!show.has(COPY));
}
