//! Notes with boxes: what is written is read back, and nothing else is.

use super::*;
use proptest::prelude::*;

fn entry(proposal: u64, file: &str, summary: &str) -> Entry {
    Entry {
        proposal,
        mark: format!("{proposal:08x}"),
        file: file.to_owned(),
        summary: summary.to_owned(),
        change: Some(("One.\nTwo.\nThree.\n".to_owned(), "One.\n2.\nThree.\n".to_owned())),
        renames: Vec::new(),
        undecided: false,
    }
}

fn note() -> String {
    let mut third = entry(7, "episodes/0900/info.md", "an end | with #marks");
    third.renames = vec![("assets/LUV my Gov!.png".to_owned(), "assets/luv-my-gov.png".to_owned())];
    third.undecided = true;
    let tea = "episodes/0900/rundown/25 Tea.md";
    write(&[entry(5, tea, "slug \"A *B*\" becomes a-b"), entry(6, tea, "two"), third])
}

/// The answers as words.
fn answers(text: &str) -> Vec<String> {
    let says = |answer: Answer| format!("{} {:?}", answer.proposal, answer.says);
    read(text).answers.into_iter().map(says).collect()
}

#[test]
fn a_note_says_what_would_change_and_has_two_boxes_for_each() {
    insta::assert_snapshot!(note());
    let both = Answer { proposal: 7, mark: "00000007".into(), says: Says::Both };
    assert_eq!(read(&note()), Ballot { answers: vec![both], is_ours: true });
    let decided = note().replace("[x] reject ^reject-7", "[ ] reject ^reject-7");
    assert_eq!((answers(&decided), read(&decided).is_ours), (vec!["7 Accept".to_owned()], true));
}

#[test]
fn ticks_of_any_form_are_read_and_anything_else_is_not() {
    let ticked = note().replace("[ ] accept ^accept-5", "[x] accept ^accept-5");
    assert_eq!(answers(&ticked), ["5 Accept", "7 Both"]);
    assert!(read(&ticked).is_ours, "only a box was ticked");
    let ticked = ticked.replace("[ ] reject ^reject-6", "[X] reject ^reject-6");
    assert_eq!(answers(&ticked), ["5 Accept", "6 Reject", "7 Both"]);
    // Cancelled, as Obsidian has it, is neither.
    let cancelled = note().replace("[ ] accept ^accept-5", "[-] accept ^accept-5");
    assert_eq!((answers(&cancelled).len(), read(&cancelled).is_ours), (1, true));
    let both = note().replace("[ ]", "[x]");
    assert_eq!(answers(&both), ["5 Both", "6 Both", "7 Both"]);
    assert!(read(&both.replace('\n', "\r\n")).is_ours, "line ends are no change");
    // Plugins add a date, people indent and take other bullets.
    assert_eq!(answers("\t* [x] accept, yes ^accept-5-00000005 ✅ 2026-08-01"), ["5 Accept"]);
    for no in [
        "- [x] accept",
        "[x] accept ^accept-5-00000005",
        "-[x] accept ^accept-5-00000005",
        "- [xx] accept ^accept-5-00000005",
        "- [x]accept ^accept-5-00000005",
        "- [x] accept ^accept-5-5",
        "- [x] accept ^accept-05-00000005",
        "- [x] accept ^accept--5-00000005",
        "- [x] accept ^accept-5-0000000G",
        "- [x] accept ^accept-99999999999999999999-00000005",
        "- [x] accept ^accept-5-00000005 ^accept-6-00000006",
        "> - [x] accept ^accept-5-00000005",
        "```\n- [x] accept ^accept-5-00000005\n```",
        "~~~~\n~~~\n- [x] accept ^accept-5-00000005",
        "- [é] accept ^accept-5-00000005",
        "- [",
        "- []",
    ] {
        assert_eq!(answers(no).len(), 0, "{no}");
    }
}

#[test]
fn whoever_types_more_than_ticks_has_a_note_of_their_own_and_the_ticks_still_count() {
    let typed = note().replace("[ ] accept ^accept-5", "[x] accept ^accept-5") + "\nCall Pat about this.\n";
    assert_eq!(answers(&typed), ["5 Accept", "7 Both"]);
    assert!(!read(&typed).is_ours);
    assert!(!read(&note().replace("2.", "22.")).is_ours && !read("").is_ours);
}

#[test]
fn what_a_note_of_people_holds_neither_ends_the_code_nor_is_taken_for_a_box() {
    let mut wild = entry(5, "episodes/0900/rundown/a|b#c.md", "one\n- [x] accept ^accept-5-00000005");
    let lines = " [x] accept ^accept-6-00000006\n- [x] accept ^accept-7-00000007\n````\n";
    wild.change = Some((lines.to_owned(), format!("{lines}- [x] reject ^reject-8-00000008\u{7}\n")));
    let note = write(&[wild]);
    assert_eq!(read(&note), Ballot { answers: Vec::new(), is_ours: true }, "{note}");
    assert!(note.contains("\n`````diff\n") && note.contains("## episodes/0900/rundown/a\\|b\\#c.md"), "{note}");
}

#[test]
fn a_long_change_and_many_proposals_are_cut_short() {
    let mut long = entry(1, "a.md", "long");
    long.change = Some((String::new(), format!("{}\n", "word ".repeat(100)).repeat(50)));
    let note = write(&[long]);
    assert!(note.contains("… and 36 more") && note.lines().all(|line| line.chars().count() < 200), "{note}");
    let many: Vec<Entry> = (1..=130).map(|id| entry(id, "a.md", "one of many")).collect();
    let note = write(&many);
    assert_eq!(note.matches("] accept").count(), ENTRIES_MAX);
    assert!(note.contains("30 more are shown"), "{note}");
}

proptest! {
    #[test]
    fn nothing_that_a_file_may_hold_breaks_the_reader(text in "(?s).{0,400}") {
        let ballot = read(&text);
        prop_assert!(!ballot.is_ours);
    }

    #[test]
    fn what_looks_like_boxes_is_read_as_boxes_or_not_at_all(
        text in "([-*+] ?\\[[ xX-]?\\]? (accept|reject) \\^?(accept|reject)-[0-9]{0,3}-[0-9a-g]{7,9}[`~ \\n]{0,4}){0,12}"
    ) {
        for answer in read(&text).answers {
            prop_assert!(answer.proposal > 0 && answer.mark.len() == MARK_CHARS);
            let id = format!("-{}-{}", answer.proposal, answer.mark);
            prop_assert!(text.contains(&id), "{}", id);
        }
    }

    #[test]
    fn a_note_gives_back_exactly_the_boxes_that_were_ticked(
        entries in prop::collection::vec(
            ("[a-z|#`%\\[\\] ]{1,12}", "(?s).{0,60}", "[ -~\\n]{0,200}", "[ -~\\n]{0,200}", 0_u8..4), 1..8)
    ) {
        let made: Vec<Entry> = entries.iter().zip(1..).map(|((file, summary, was, now, _), id)| Entry {
            change: Some((was.clone(), now.clone())),
            ..entry(id, &format!("{file}.md"), summary)
        }).collect();
        let mut note = write(&made);
        prop_assert_eq!(read(&note), Ballot { answers: Vec::new(), is_ours: true });
        let mut expected = Vec::new();
        for ((.., ticks), id) in entries.iter().zip(1_u64..) {
            let (accepts, rejects) = (ticks & 1 != 0, ticks & 2 != 0);
            for (word, ticked) in [("accept", accepts), ("reject", rejects)] {
                let place = format!("{word} ^{word}-{id}-{id:08x}\n");
                if ticked {
                    note = note.replace(&format!("\n- [ ] {place}"), &format!("\n- [x] {place}"));
                }
            }
            let says = match (accepts, rejects) {
                (true, true) => Says::Both,
                (true, false) => Says::Accept,
                (false, true) => Says::Reject,
                (false, false) => continue,
            };
            expected.push(Answer { proposal: id, mark: format!("{id:08x}"), says });
        }
        prop_assert_eq!(read(&note), Ballot { answers: expected, is_ours: true });
    }
}

#[test]
fn a_name_of_several_lines_hides_no_box() {
    let file = "rundown/a\n```\n- [x] accept ^accept-9-3f2a9c1b\n.md".to_owned();
    let entry = Entry {
        proposal: 5,
        mark: "3f2a9c1b".into(),
        file,
        summary: "a slug".into(),
        change: None,
        renames: Vec::new(),
        undecided: false,
    };
    let note = write(&[entry]);
    assert_eq!(read(&note), Ballot { answers: Vec::new(), is_ours: true }, "{note}");
    let ticked = read(&note.replace("[ ] reject", "[x] reject"));
    assert_eq!(ticked.answers, [Answer { proposal: 5, mark: "3f2a9c1b".into(), says: Says::Reject }], "{note}");
}
