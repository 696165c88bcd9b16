//! Files that come back under another name, and copies.

use crate::story::*;
use show_core::*;

/// An episode that is done, with a value of ours, a binding, a hold and a rejected proposal recorded of its note.
fn done() -> Story {
    let mut show = show().with("ep/0900/a.md", LONG).start();
    show.finish_all().at(1000.0).finish_all().told();
    let (file, changed) = (file("ep/0900/a.md"), vec![Change::Put(Row::Ours(ours("ep/0900/a.md")))]);
    show.store.keep(&changed);
    let proposal = ProposalRow {
        id: ProposalId(1),
        subject: subject_of("ep/0900/"),
        node: Node { step: "repair".into(), element: "".into() },
        file: file.clone(),
        base: Digest([0; 32]),
        code: "SLUG_BAD".to_owned(),
        summary: "another slug".to_owned(),
        edits: Digest([1; 32]),
        renames: Vec::new(),
        created: Time(0),
        state: ProposalState::Rejected { by: "pat".to_owned() },
        refused: None,
    };
    let binding = Binding { file, place: "cue 1".to_owned(), id: "SOT1".to_owned() };
    show.store.keep(&[Change::Put(Row::Proposal(proposal)), Change::Put(Row::Binding(binding))]);
    show.restart();
    show.ask(take("ep/0900/a.md", LeaseKind::Hold)).finish_all().told();
    show
}

/// Nobody else has these words.
const LONG: &str = "the kettle sings all evening long, and nobody in the whole house knows any more who put it on";

fn ours(path: &str) -> Ours {
    Ours { file: file(path), target: "item.duration".to_owned(), value: "00:01:00".to_owned() }
}

fn by_us(show: &Story, path: &str) -> Option<String> {
    show.store.files.get(&file(path)).filter(|row| row.left.is_none())?.by_us.as_ref().map(ToString::to_string)
}

fn origins(show: &Story, path: &str) -> Vec<String> {
    show.store.history(&file(path)).map(|row| row.origin.clone()).collect()
}

fn is_followed(show: &Story, path: &str, script: &str, old: &[&str]) {
    assert_eq!(by_us(show, script).as_deref(), Some("compile"));
    assert_eq!(show.store.ours.values().collect::<Vec<_>>(), [&ours(path)]);
    assert_eq!(show.store.bindings.values().map(|row| &row.file).collect::<Vec<_>>(), [&file(path)]);
    let hold = show.store.leases.values().next().expect("the hold is there");
    assert_eq!(hold.file, file(path));
    let proposal = &show.store.proposals[&ProposalId(1)];
    assert_eq!((&proposal.file, proposal.subject.path.ends_with('/')), (&file(path), true));
    assert!(path.starts_with(&*proposal.subject.path), "{proposal:?}");
    assert!(matches!(proposal.state, ProposalState::Rejected { .. }), "{proposal:?}");
    assert_eq!(origins(show, "ep/0900/a.md"), old);
    assert!(origins(show, path).contains(&"renamed from ep/0900/a.md".to_owned()), "{:?}", origins(show, path));
    assert!(show.core.jobs().all(|job| !matches!(job.state, JobState::Failed { .. })));
}

#[test]
fn all_that_is_recorded_of_a_folder_goes_with_it_to_its_new_name() {
    for is_told in [true, false] {
        let mut show = done();
        if is_told {
            show.rename("ep/0900/a.md", "ep/0901/a.md")
                .rename("ep/0900/scripts/script.html", "ep/0901/scripts/script.html");
        } else {
            show.rename_unseen("ep/0900/a.md", "ep/0901/a.md");
            show.rename_unseen("ep/0900/scripts/script.html", "ep/0901/scripts/script.html");
            show.restart();
        }
        let told = show.at(1100.0).finish_all().told();
        is_followed(&show, "ep/0901/a.md", "ep/0901/scripts/script.html", &[]);
        assert!(!told.contains("hash"), "their look says it: nothing is read again\n{told}");
        show.save("ep/0901/a.md", "other words").at(1200.0).finish_all();
        assert_eq!(show.text("ep/0901/scripts/script.html"), "OTHER WORDS");
        show.skip().restart();
        assert!(!show.told().contains("start "), "and nothing is left to do");
    }
}

#[test]
fn a_note_that_is_renamed_and_changed_at_once_is_known_by_its_inode() {
    let mut show = done();
    show.rename_unseen("ep/0900/a.md", "ep/0900/b.md").change_unseen("ep/0900/b.md", "other words").restart();
    show.at(1100.0).finish_all();
    assert_eq!(show.store.ours.values().collect::<Vec<_>>(), [&ours("ep/0900/b.md")]);
    assert_eq!(show.store.proposals[&ProposalId(1)].file, file("ep/0900/b.md"));
    assert!(origins(&show, "ep/0900/b.md").contains(&"perhaps renamed from ep/0900/a.md".to_owned()));
    // It may as well be a new note on the inode of a removed one, whose versions are then still wanted, and whose hold.
    assert_eq!(origins(&show, "ep/0900/a.md"), ["person"]);
    assert_eq!(held(&show), ["ep/0900/a.md", "ep/0900/b.md"]);
}

#[test]
fn a_new_note_on_the_inode_of_one_that_was_gone_before_is_another_note() {
    let mut show = done();
    show.rename("ep/0900/a.md", "bin/a.md").at(1100.0).finish_all();
    show.change_unseen("bin/a.md", "other words").rename("bin/a.md", "ep/0900/b.md").at(1200.0).finish_all();
    assert_eq!(origins(&show, "ep/0900/b.md"), ["person"]);
    assert_eq!(held(&show), ["ep/0900/a.md"]);
}

fn held(show: &Story) -> Vec<String> {
    show.core.leases().map(|lease| lease.file.path.to_string()).collect()
}

#[test]
fn what_was_changed_before_it_could_be_read_is_known_by_the_rest_of_its_folder() {
    let mut show = show().with("ep/0900/a.md", LONG).with("ep/0900/b.md", "b").with("ep/0900/c.md", "c").start();
    show.finish_all().at(1000.0).finish_all();
    // Made anew, as Syncthing does, one of them with other words in it.
    for (name, text) in [("a", "other words"), ("b", "b"), ("c", "c")] {
        show.remove_unseen(&format!("ep/0900/{name}.md")).save_unseen(&format!("ep/0901/{name}.md"), text);
    }
    show.rename_unseen("ep/0900/scripts/script.html", "ep/0901/scripts/script.html");
    show.restart();
    show.at(1100.0).finish_all();
    assert_eq!(origins(&show, "ep/0901/a.md"), ["person", "person", "renamed from ep/0900/a.md", "person"]);
    assert_eq!(show.text("ep/0901/scripts/script.html"), "OTHER WORDS\nB\nC");
}

#[test]
fn a_copy_is_a_new_note_in_which_what_is_ours_is_ours() {
    let mut show = done();
    let script = show.text("ep/0900/scripts/script.html").to_owned();
    show.save("ep/0901/a.md", LONG).save("ep/0901/scripts/script.html", &script);
    show.at(1100.0).finish_all();
    assert_eq!(by_us(&show, "ep/0901/scripts/script.html").as_deref(), Some("compile"));
    assert_eq!(show.store.ours.values().collect::<Vec<_>>(), [&ours("ep/0900/a.md"), &ours("ep/0901/a.md")]);
    assert_eq!(origins(&show, "ep/0901/a.md"), ["person"]);
    assert!(!origins(&show, "ep/0900/a.md").is_empty());
    show.save("ep/0901/a.md", "other words").at(1200.0).finish_all();
    assert_eq!(show.text("ep/0901/scripts/script.html"), "OTHER WORDS");
}

#[test]
fn a_new_name_that_syncthing_brings_before_it_takes_the_old_one_away_is_a_new_name() {
    let mut show = done();
    let script = show.text("ep/0900/scripts/script.html").to_owned();
    show.save("ep/0901/a.md", LONG).save("ep/0901/scripts/script.html", &script);
    show.at(1100.0).finish_all().remove("ep/0900/a.md").remove("ep/0900/scripts/script.html");
    show.at(1200.0).finish_all();
    is_followed(&show, "ep/0901/a.md", "ep/0901/scripts/script.html", &[]);
}

#[test]
fn of_two_files_with_the_same_few_words_none_is_taken_for_the_other() {
    let mut show = show().with("ep/0900/a.md", "same").with("ep/0900/b.md", "same").start();
    show.finish_all().at(1000.0).finish_all();
    for path in ["ep/0900/a.md", "ep/0900/b.md"] {
        show.remove(path);
    }
    show.at(1100.0).save("ep/0900/c.md", "same").at(1200.0).finish_all();
    assert_eq!(origins(&show, "ep/0900/c.md"), ["person"]);
    assert_eq!(origins(&show, "ep/0900/a.md"), ["person"]);
}

#[test]
fn a_file_that_people_made_at_the_place_of_an_output_is_not_ours_whatever_was_renamed() {
    let mut show = done();
    show.rename("ep/0900/a.md", "ep/0901/a.md").remove("ep/0900/scripts/script.html");
    show.save("ep/0901/scripts/script.html", "made by hand").at(1100.0).finish_all();
    assert_eq!(show.text("ep/0901/scripts/script.html"), "made by hand");
    assert!(
        show.core.jobs().any(|job| matches!(&job.state, JobState::Failed { why, .. } if why.contains("somebody else")))
    );
}

#[test]
fn an_output_that_was_moved_before_its_publish_was_heard_of_is_ours_where_it_lies() {
    for (is_first, is_read_before) in [(true, false), (true, true), (false, false), (false, true)] {
        let mut show = compile().with("ep/0900/a.md", "kettle").start();
        if !is_first {
            show.finish_all().save("ep/0900/a.md", "kettle sings").at(10.0);
        }
        show.manual_publish = true;
        show.finish("compile");
        let (id, intent) = show.intents.pop_first().expect("it is being published");
        assert!(matches!(show.carry_out(&intent), Outcome::Done { .. }));
        // Nobody was there to hear of it, and the publisher finds nothing at the old name.
        show.rename_unseen("ep/0900/a.md", "ep/0901/a.md");
        show.rename_unseen("ep/0900/scripts/script.html", "ep/0901/scripts/script.html");
        show.save_unseen("ep/0901/a.md", "pot");
        show.manual_scan = !is_read_before;
        show.restart();
        if is_read_before {
            show.at(100.0);
        }
        let why = "the folder is gone".to_owned();
        show.publish(id, Outcome::Overtaken { file: file("ep/0900"), why });
        show.manual_publish = false;
        show.scan_sees(&["ep/0901/a.md", "ep/0901/scripts/script.html"]).scanned().at(200.0).finish_all();
        assert_eq!(show.text("ep/0901/scripts/script.html"), "POT", "first: {is_first}, read before: {is_read_before}");
    }
}

#[test]
fn what_is_gone_is_remembered_for_a_week() {
    let mut show = done();
    show.remove("ep/0900/a.md").at(2000.0).finish_all();
    assert!(show.store.files[&file("ep/0900/a.md")].left.is_some());
    show.restart();
    show.at(8.0 * 86_400.0).finish_all();
    assert!(!show.store.files.contains_key(&file("ep/0900/a.md")));
    assert!(show.store.ours.is_empty() && show.store.bindings.is_empty());
    assert!(!origins(&show, "ep/0900/a.md").is_empty(), "its versions are kept");
}
