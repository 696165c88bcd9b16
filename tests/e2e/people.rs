//! Somebody must be the loser, and it is never a person.

use crate::{LEAK, messy_episode};
use show_tests::{Show, binary};
use std::io::Write;
use std::process::{Command, Stdio};

const LEAK_PATH: &str = "episodes/0900/rundown/20 Leak.md";

#[test]
fn scripts_follow_a_save_at_once_but_a_note_is_written_only_once_it_is_quiet() {
    let mut show = Show::new();
    show.configure("settle = \"100ms\"\nsettle_media = \"100ms\"\nquiet = \"1h\"\n");
    messy_episode(&show);
    show.start();
    let ran = show.ctl(&["wait", "--idle", "--before-quiet", "--timeout", "100s"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(show.read(crate::HOST).contains("And then the host spoke."));
    assert_eq!(show.read(LEAK_PATH), LEAK, "nobody writes while it is not quiet");
    let weave = job(&show, "weave", "Leak");
    let why = show.ctl(&["why", &weave]);
    assert!(why.out.contains("quiet"), "{}", why.out);
}

#[test]
fn a_hold_keeps_a_note_as_it_is_until_it_is_released() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    assert_eq!(show.ctl(&["hold", LEAK_PATH]).code, 0);
    assert!(show.ctl(&["locks"]).out.contains("20 Leak.md"));
    assert_eq!(show.ctl(&["wait", "--idle", "--before-quiet", "--timeout", "100s"]).code, 0);
    assert_eq!(show.read(LEAK_PATH), LEAK);
    let why = show.ctl(&["why", &job(&show, "weave", "Leak")]);
    assert!(why.out.contains("is held by"), "{}", why.out);
    show.kill();
    show.start();
    assert!(show.ctl(&["locks"]).out.contains("20 Leak.md"), "a hold outlives the daemon");
    assert_eq!(show.ctl(&["release", LEAK_PATH]).code, 0);
    show.idle();
    assert!(!show.read(LEAK_PATH).contains("pending"));
}

#[test]
fn a_note_that_a_script_changes_back_each_time_is_left_alone_until_a_person_lets_it_be_written() {
    let mut show = Show::new();
    show.configure("settle = \"50ms\"\nsettle_media = \"50ms\"\nquiet = \"100ms\"\n");
    messy_episode(&show);
    show.start();
    let mut times = 0;
    loop {
        show.idle();
        if show.read(LEAK_PATH) == LEAK {
            break;
        }
        times += 1;
        assert!(times < 20, "it goes on for ever");
        show.write(LEAK_PATH, LEAK);
    }
    assert_eq!(times, 7);
    let why = show.ctl(&["why", LEAK_PATH]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(why.contains("somebody undid what showd wrote to") && why.contains("showctl release"), "{why}");
    for page in ["doctor", "status"] {
        assert!(show.json(&[page]).to_string().contains("7 times, so it is left alone for another"), "{page}");
    }
    assert_eq!(show.ctl(&["release", LEAK_PATH]).code, 0);
    show.idle();
    assert!(!show.read(LEAK_PATH).contains("pending"), "whoever undid it no longer does");
    assert!(!show.json(&["doctor"]).to_string().contains("left alone"));
}

#[test]
fn a_note_in_which_a_linter_undoes_a_repair_and_sets_a_date_each_time_is_left_alone() {
    let mut show = Show::new();
    show.configure("settle = \"50ms\"\nsettle_media = \"50ms\"\nquiet = \"100ms\"\n");
    messy_episode(&show);
    show.start();
    show.idle();
    let whole = show.read(LEAK_PATH);
    let linted = |round: u32| {
        let dated = whole.replacen("---\n", &format!("---\nmodified: 2026-08-09T19:00:{round:02}\n"), 1);
        dated.replace("<!-- Begin Cue -->", "<<!-- Begin Cue -->>")
    };
    let mut times = 0;
    for round in 1..20 {
        show.write(LEAK_PATH, linted(round));
        show.idle();
        if show.read(LEAK_PATH) == linted(round) {
            break;
        }
        times += 1;
    }
    assert_eq!(times, 7);
    assert!(show.ctl(&["doctor"]).out.contains("left alone"));
    assert_eq!(show.ctl(&["release", LEAK_PATH]).code, 0);
    show.idle();
    assert!(!show.read(LEAK_PATH).contains("<<!--"), "whoever undid it no longer does");
}

#[test]
fn why_a_file_is_not_written_names_what_a_person_must_mend_or_move_away_first() {
    let mut show = Show::new();
    messy_episode(&show);
    let note = |name: &str| format!("episodes/0900/rundown/{name}.md");
    show.write(&note("40 Open"), "---\nslug: open\ntitle: Never closed\n\nWords.\n");
    show.write(&note("50 Latin"), b"---\nslug: latin\n---\n\ncaf\xe9\n");
    show.write(&note("60 Undefined"), "---\nslug: undefined\n---\n\n<p class=\"undefined\">a</p>\n");
    show.start();
    show.idle();
    for (name, what) in [("40 Open", "never closed"), ("50 Latin", "as text"), ("60 Undefined", "\"undefined\"")] {
        let why = show.json(&["why", &note(name)]);
        let text = why["text"].as_str().expect("a text");
        assert!(text.contains("never written before somebody mends it") && text.contains(what), "{name}: {why}");
        assert_eq!(why["quiet"], false, "{why}");
    }
    show.write(crate::HOST, "mine now");
    let leak = show.read(LEAK_PATH);
    show.noticed(|| show.write(LEAK_PATH, leak.replace("slowly", "all at once")));
    let ran = show.ctl(&["wait", "--idle", "--timeout", "100s"]);
    assert_eq!(ran.code, 1, "what cannot be put there fails: {ran:?}");
    let why = show.ctl(&["why", crate::HOST]).out;
    assert!(why.contains("is not what showd left there") && why.contains("move it away"), "{why}");
    assert!(show.ctl(&["doctor"]).out.contains("1 job failed"), "{}", show.ctl(&["doctor"]).out);
    assert_eq!(show.read(crate::HOST), "mine now");
}

#[test]
fn a_script_with_a_lock_has_the_file_to_itself_and_its_own_exit_status_comes_back() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    let mut command = Command::new(binary("showctl"));
    command.args(["lock", LEAK_PATH, "--", "sh", "-c", "echo got it; read line; exit 7"]);
    command.env("SHOWD_SOCKET", show.socket()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut script = command.spawn().expect("showctl starts");
    let mut first = String::new();
    let out = script.stdout.as_mut().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut first).expect("the script prints");
    assert_eq!(first, "got it\n");
    assert!(show.ctl(&["locks"]).out.contains("20 Leak.md"));
    let second = show.ctl(&["lock", LEAK_PATH, "--timeout", "0s", "--", "true"]);
    assert_ne!(second.code, 0, "{second:?}");
    script.stdin.take().expect("a pipe").write_all(b"go\n").expect("the script reads");
    assert_eq!(script.wait().expect("our own child").code(), Some(7));
    show.seen(&["lock", "20 Leak.md"]);
    assert!(!show.ctl(&["locks"]).out.contains("20 Leak.md"));
}

#[test]
fn what_stood_in_a_note_before_we_wrote_can_be_looked_at_and_put_back() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    let repaired = show.read(LEAK_PATH);
    assert_ne!(repaired, LEAK);
    let history = show.json(&["history", LEAK_PATH]);
    let revisions = history["revisions"].as_array().expect("revisions");
    assert!(revisions.len() >= 2, "{history}");
    let oldest = revisions.last().expect("one at least")["revision"].to_string();
    assert_eq!(show.ctl(&["hold", LEAK_PATH]).code, 0, "so that it is not repaired again at once");
    let refused = show.ctl(&["restore", LEAK_PATH, &oldest]);
    assert_ne!(refused.code, 2, "{refused:?}");
    assert_eq!(show.ctl(&["release", LEAK_PATH]).code, 0);
    show.idle();
}

#[test]
fn typing_on_while_the_daemon_works_loses_not_a_word() {
    let mut show = Show::new();
    show.configure("settle = \"20ms\"\nsettle_media = \"20ms\"\nquiet = \"30ms\"\n");
    messy_episode(&show);
    show.start();
    let token = |n: u32| format!("token{n}token");
    // As an editor does: read what is there, add, save in place; the daemon publishes whenever 30 ms are quiet.
    let type_on = |n: u32| {
        let path = show.share().join(LEAK_PATH);
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).expect("the note is there");
        let token = token(n);
        writeln!(file, "\n{token}\n\n<<!-- Begin Cue -->>\n[Type: NOTE]\n[Note Text: {token}]\n<<!-- End Cue -->>")
            .expect("a save");
    };
    for n in 0..59 {
        type_on(n);
        if n % 10 == 0 {
            show.ctl(&["wait", "--idle", "--timeout", "60s"]);
        }
    }
    show.idle();
    show.noticed(|| type_on(59));
    show.idle();
    let text = show.read(LEAK_PATH);
    for token in (0..60).map(token) {
        assert_eq!(text.matches(&token).count(), 2, "{token} is not there as it was typed:\n{text}");
    }
    assert!(!text.contains("<<!--"), "and in the end every marker is repaired:\n{text}");
}

/// The number of the newest job of a step whose element or message names `what`.
fn job(show: &Show, step: &str, what: &str) -> String {
    let page = show.json(&["jobs", "--step", step, "--limit", "500"]);
    let jobs = page["jobs"].as_array().expect("a list of jobs");
    let found = jobs.iter().find(|job| job.to_string().contains(what));
    found.unwrap_or_else(|| panic!("no {step} job about {what}: {page}"))["job"].to_string()
}
