//! `showctl check` on real folders, with nobody's help and with a daemon's.

mod fake;

use fake::{Fake, Ran, run, showctl};
use show_protocol::*;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const INFO: &str = "---\nAssetID: EPSMSA79Z40T34P0T\nepisode_number: \"0900\"\ntype: sunday_show\nairdate: 2026-08-09\n\
                    title: The Kettle Report\nduration: 01:00:00\nstatus: production\n---\n# Episode 0900\n";
const FRONT: &str = "---\nAssetID: SEGMSA79Z40AB12CD\nid: \"segment_20260801_001\"\nslug: tea\ntype: segment\norder: 10\n\
                     duration: 00:02:00\nstatus: production\ntitle: Tea\n---\n";
/// A Begin without an End whose lines are all fields: a safe repair (spec 4.8 #2).
const OPEN_CUE: &str = "Tea is hot.\n\n<!-- Begin Cue -->\n[Type: NOTE]\n[Text: mind the steam]\n\nAnd wet.\n";

fn share(item: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("share/episodes/0900/info.md", INFO);
    write("share/episodes/0900/rundown/10 Tea.md", item);
    dir
}

/// `showctl` in the folder of the episode, its state outside the share.
fn check(dir: &TempDir, words: &[&str]) -> Ran {
    let mut command = showctl();
    command.current_dir(dir.path().join("share/episodes/0900")).arg("check").args(words);
    command.env("XDG_STATE_HOME", dir.path().join("state")).env("SHOWD_SOCKET", dir.path().join("nobody"));
    run(command)
}

fn item(dir: &TempDir) -> String {
    fs::read_to_string(dir.path().join("share/episodes/0900/rundown/10 Tea.md")).unwrap()
}

#[test]
fn findings_are_shown_with_their_line_and_a_caret_and_errors_are_exit_code_1() {
    let dir = share(&format!("{FRONT}{OPEN_CUE}"));
    let ran = check(&dir, &["rundown/10 Tea.md"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    insta::assert_snapshot!("findings", ran.out);
    assert_eq!(ran.err, "");
    assert!(check(&dir, &["."]).out.contains("rundown/10 Tea.md:"), "named from the folder that was typed");
}

#[test]
fn at_80_columns_words_wrap_and_lines_of_files_are_cut_around_the_caret() {
    let long = "Was wir über das Wasser wissen, ".repeat(6);
    let dir = share(&format!("{FRONT}{long}{{SOT/the-other-kettle}}{long}\n\n{OPEN_CUE}"));
    let mut command = showctl();
    command.current_dir(dir.path().join("share/episodes/0900")).args(["check", "rundown/10 Tea.md"]);
    command.env("COLUMNS", "80");
    let ran = run(command);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
    insta::assert_snapshot!("findings_at_80_columns", ran.out);
    // Where nobody looks, words stay whole for `grep`.
    let piped = check(&dir, &["rundown/10 Tea.md"]).out;
    assert!(piped.lines().filter(|line| line.contains(" | ")).all(|line| line.chars().count() <= 80), "{piped}");
}

#[test]
fn the_exit_code_over_several_files_is_the_worst_and_it_is_said_what_was_written() {
    let dir = share(&format!("{FRONT}{OPEN_CUE}"));
    let rundown = dir.path().join("share/episodes/0900/rundown");
    let other = format!("{FRONT}{OPEN_CUE}")
        .replace("slug: tea", "slug: steam")
        .replace("SEGMSA79Z40AB12CD", "SEGMSA79Z40AB12CE");
    fs::write(rundown.join("20 Steam.md"), other.replace("order: 10", "order: 20")).unwrap();
    // Somebody has the first one open.
    fs::write(rundown.join(".10 Tea.md.swp"), "b0VIM").unwrap();
    let ran = check(&dir, &["--fix", "."]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("20 Steam.md: repaired\n") && ran.err.ends_with("repaired 1 of 2 files\n"), "{}", ran.err);
    fs::remove_file(rundown.join(".10 Tea.md.swp")).unwrap();
    let dry = check(&dir, &["--fix", "--dry-run", "."]);
    assert_eq!(dry.err, "nothing is written: --dry-run\n");
    let ran = check(&dir, &["--fix", ".", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let notes: Vec<serde_json::Value> = ran.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(notes.last().unwrap()["note"], "rundown/10 Tea.md: repaired", "{notes:?}");
}

#[test]
fn json_has_cues_with_offsets_and_labels_as_written() {
    let cue = "<!-- Begin Cue -->\n[Type: NOTE]\n[Media Url: x]\n<!-- End Cue -->\n";
    let text = format!("{FRONT}Tea.\n\n{cue}");
    let dir = share(&text);
    let ran = check(&dir, &["rundown/10 Tea.md", "--json"]);
    let files: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let file = &files[0];
    assert_eq!(file["file"], "rundown/10 Tea.md");
    let found = &file["cues"][0];
    let (begin, end) = (found["begin"].as_u64().unwrap() as usize, found["end"].as_u64().unwrap() as usize);
    assert_eq!(text[begin..end].trim_end(), cue.trim_end());
    assert_eq!(found["fields"], serde_json::json!([["Type", "NOTE"], ["Media Url", "x"]]));
    for key in ["type", "asset_id", "slug", "dialect", "collapsed", "line"] {
        assert!(!found[key].is_null(), "{key} is missing: {found}");
    }
    for finding in file["diagnostics"].as_array().unwrap() {
        let keys: Vec<_> = finding.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["code", "column", "hint", "line", "message", "severity"]);
    }
}

#[test]
fn a_clean_episode_is_exit_code_0() {
    let dir = share(&format!("{FRONT}Tea is hot.\n"));
    let ran = check(&dir, &["."]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.ends_with("files\n"), "{}", ran.out);
}

#[test]
fn what_cannot_be_read_is_a_finding_and_what_is_not_there_wrong_usage() {
    let dir = share(FRONT);
    let rundown = dir.path().join("share/episodes/0900/rundown");
    fs::write(rundown.join("bad.md"), b"---\n\xff").unwrap();
    fs::write(rundown.join("empty.md"), b"").unwrap();
    let ran = check(&dir, &["rundown/bad.md"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("FILE_READ_ERROR"), "{}", ran.out);
    assert!(check(&dir, &["."]).out.contains("FILE_READ_ERROR"));
    let ran = check(&dir, &["nowhere"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn fixing_shows_the_diff_and_then_writes_keeping_what_was_there() {
    let dir = share(&format!("{FRONT}{OPEN_CUE}"));
    let before = item(&dir);
    let ran = check(&dir, &["rundown/10 Tea.md", "--fix", "--dry-run"]);
    assert!(ran.out.starts_with("--- rundown/10 Tea.md\n+++ rundown/10 Tea.md\n@@"), "{ran:?}");
    assert_eq!(item(&dir), before, "a dry run writes nothing");

    let ran = check(&dir, &["rundown/10 Tea.md", "--fix"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    insta::assert_snapshot!("fixed", format!("{}{}", ran.out, ran.err));
    assert_ne!(item(&dir), before);
    let blobs = count(&dir.path().join("state/showctl/blobs"));
    assert!(blobs >= 2, "both texts are kept, found {blobs}");
    let again = check(&dir, &["rundown/10 Tea.md", "--fix"]);
    assert_eq!((again.code, again.err.as_str()), (0, "nothing to repair\n"), "repairing twice is repairing once");
}

fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
}

#[test]
fn a_file_that_is_not_quiet_is_not_written() {
    let dir = share(&format!("{FRONT}{OPEN_CUE}"));
    let before = item(&dir);
    let swap = dir.path().join("share/episodes/0900/rundown/.10 Tea.md.swp");
    fs::write(&swap, "").unwrap();
    let ran = check(&dir, &["rundown/10 Tea.md", "--fix"]);
    assert_eq!((ran.code, item(&dir)), (4, before), "{ran:?}");
    assert!(ran.err.contains("was not written") && ran.err.contains(".10 Tea.md.swp"), "{}", ran.err);
}

#[test]
fn in_a_share_with_a_running_owner_the_daemon_is_asked() {
    let dir = share(&format!("{FRONT}{OPEN_CUE}"));
    let before = item(&dir);
    let root = dir.path().join("share").display().to_string();
    let fake = Fake::new(move |_, request| match request {
        Request::Shares(_) => {
            let share = ShareView { share: "main".into(), root: root.clone(), ..ShareView::default() };
            vec![Answer::Shares(SharesView { shares: vec![share] }).into()]
        }
        Request::Edit(_) => vec![
            Answer::Published(PublishedView { text: "10 Tea.md is repaired".into(), ..PublishedView::default() })
                .into(),
        ],
        other => panic!("{other:?}"),
    });
    let mut command = showctl();
    command.current_dir(dir.path().join("share/episodes/0900")).args(["check", "rundown/10 Tea.md", "--fix"]);
    let ran = run({
        command.env("SHOWD_SOCKET", fake.socket());
        command
    });
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.err, "10 Tea.md is repaired; written once the file is quiet and free\n");
    assert_eq!(item(&dir), before, "the daemon does the writing");
    let Some(Request::Edit(edit)) = fake.asked().pop() else { panic!("{:?}", fake.asked()) };
    assert_eq!((edit.what.as_str(), edit.base.len()), ("check --fix", 64));
    assert!(edit.path.ends_with("/share/episodes/0900/rundown/10 Tea.md"), "{}", edit.path);
    let edits: serde_json::Value = serde_json::from_str(&edit.edits).unwrap();
    assert!(!edits.as_array().unwrap().is_empty());
}

fn own(dir: &TempDir, words: &[&str]) -> Ran {
    let mut command = showctl();
    command.current_dir(dir.path()).arg("own").args(words).env("XDG_STATE_HOME", dir.path().join("state"));
    run(command)
}

#[test]
fn the_owners_own_machine_repairs_without_a_daemon_and_another_does_not() {
    let dir = share(&format!("{FRONT}{OPEN_CUE}"));
    assert!(own(&dir, &["share/episodes/0900"]).out.contains("belongs to nobody yet"));
    assert_eq!(own(&dir, &["share", "--take"]).code, 0);
    assert!(own(&dir, &["share/episodes/0900/info.md"]).out.contains("belongs to this machine"));
    assert_eq!(check(&dir, &["--fix", "rundown/10 Tea.md"]).code, 0, "the statement is ours");
    assert!(item(&dir).contains("End Cue"));

    let dir = share(&format!("{FRONT}{OPEN_CUE}"));
    let statement = dir.path().join("share/showd/owner.toml");
    fs::create_dir_all(statement.parent().unwrap()).unwrap();
    fs::write(&statement, "machine = \"not this one\"\nhost = \"truck\"\n").unwrap();
    let ran = check(&dir, &["--fix", "rundown/10 Tea.md"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("belongs to the machine truck") && ran.err.contains("own --take"), "{}", ran.err);
    assert!(!item(&dir).contains("End Cue"));
    let told: serde_json::Value = serde_json::from_str(&own(&dir, &["share", "--json"]).out).unwrap();
    assert_eq!((told["owner"].as_str(), told["host"].as_str()), (Some("other"), Some("truck")));
    assert_eq!(told["root"].as_str(), dir.path().join("share").canonicalize().unwrap().to_str());
    assert_eq!(own(&dir, &["share", "--take"]).code, 0);
    assert_eq!(check(&dir, &["--fix", "rundown/10 Tea.md"]).code, 0);
}
