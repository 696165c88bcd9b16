//! Programs of every kind of badness as steps: each ends in a clear message, nothing lost, the daemon alive.

use show_tests::Show;

/// A show with one pipeline `test` whose only step is `step` (TOML lines), and a job of it that has ended.
fn ended(step: &str) -> (Show, serde_json::Value, String) {
    let mut show = Show::new();
    let share = show.share();
    show.configure_whole(&format!(
        "settle = \"50ms\"\ngrace = \"300ms\"\n[share.show]\npath = {share:?}\n[pipeline.show-build]\nenabled = false\n\
         [pipeline.test]\nsubject = \"work/{{name}}/\"\n[[pipeline.test.step]]\nname = \"it\"\nretry = {{ tries = 1 }}\n{step}\n"
    ));
    show.write("work/one/source.txt", "as a person left it\n");
    show.start();
    let job = show.json(&["submit", "test", "work/one/"])["jobs"][0].to_string();
    let waited = show.ctl(&["wait", &job, "--timeout", "100s"]);
    assert_ne!(waited.code, 124, "{waited:?}\n{}", show.log());
    assert!(show.is_alive(), "{}", show.log());
    let view = show.json(&["job", &job]);
    let log = show.ctl(&["log", &job]).out;
    assert_eq!(show.read("work/one/source.txt"), "as a person left it\n");
    (show, view, log)
}

fn why(view: &serde_json::Value) -> String {
    format!("{} {}", view["job"]["message"], view["attempts"])
}

#[test]
fn a_program_that_is_missing_is_named() {
    let (_show, view, _) = ended("run = [\"no-such-program\"]");
    assert_eq!(view["job"]["state"], "failed", "{view}");
    assert!(why(&view).contains("no-such-program"), "{view}");
}

#[test]
fn a_program_that_fails_says_why_with_its_last_words() {
    let (_show, view, log) =
        ended("run = [\"sh\", \"-c\", \"echo working; echo the disk is made of cheese >&2; exit 3\"]");
    assert_eq!(view["job"]["state"], "failed");
    assert!(why(&view).contains("cheese"), "{view}");
    assert!(log.contains("working") && log.contains("cheese"), "{log}");
}

#[test]
fn a_program_that_hangs_and_ignores_term_is_killed_with_all_its_children() {
    let (show, view, _) =
        ended("timeout = \"300ms\"\nrun = [\"sh\", \"-c\", \"trap '' TERM; sleep 98765 & while :; do sleep 1; done\"]");
    assert_eq!(view["job"]["state"], "failed");
    assert!(why(&view).contains("timed out") || why(&view).contains("time"), "{view}");
    drop(show);
    assert!(!running("98765"), "its child was left behind");
}

#[test]
fn a_program_that_forks_and_exits_leaves_nothing_behind() {
    let (show, view, _) = ended("run = [\"sh\", \"-c\", \"sleep 87654 & echo done\"]");
    assert_eq!(view["job"]["state"], "succeeded", "{view}");
    assert!(!running("87654"), "its child was left behind");
    drop(show);
}

#[test]
fn a_program_that_prints_without_end_fills_neither_memory_nor_disk() {
    let (show, view, _) =
        ended("timeout = \"2s\"\nrun = [\"sh\", \"-c\", \"yes a long line of nothing in particular\"]");
    assert_eq!(view["job"]["state"], "failed");
    assert!(size(&show.state()) < 200 << 20, "{} bytes of state", size(&show.state()));
}

#[test]
fn a_program_can_write_only_into_its_scratch() {
    let outside = tempfile::tempdir().expect("a folder");
    let (show, view, log) = ended(&format!(
        "run = [\"sh\", \"-c\", \"echo x > {0}/escaped; echo x > {1}/work/one/source.txt; echo in > $SHOW_SCRATCH/fine && cat $SHOW_SCRATCH/fine\"]",
        outside.path().display(),
        "$PWD/../../../../share",
    ));
    assert!(!outside.path().join("escaped").exists(), "{view}");
    assert!(log.contains("in\n"), "{log}");
    assert!(log.contains("ermission denied") || log.contains("annot create"), "{log}");
    drop(show);
}

#[test]
fn a_program_that_returns_nonsense_fails_and_publishes_nothing() {
    let (show, view, _) = ended("out.page = \"page.html\"\nrun = [\"sh\", \"-c\", \"echo '{]' > $SHOW_RESULT\"]");
    assert_eq!(view["job"]["state"], "failed", "{view}");
    assert!(why(&view).contains("result"), "{view}");
    assert!(!show.exists("work/one/page.html"));
}

#[test]
fn what_a_program_makes_is_published_and_what_lies_there_is_not_overwritten() {
    let (show, view, _) = ended(&makes("page.html"));
    assert_eq!(view["job"]["state"], "succeeded", "{view}\n{}", show.log());
    assert_eq!(show.read("work/one/page.html"), "made\n");
    let (show, view, _) = ended(&makes("source.txt"));
    assert_eq!(view["job"]["state"], "failed", "a person's file is in the way: {view}");
    assert!(why(&view).contains("source.txt"), "{view}");
    drop(show);
}

/// A step whose program makes this file.
fn makes(file: &str) -> String {
    let result = format!(r#"{{"outputs":[{{"role":"page","file":"work/one/{file}"}}]}}"#).replace('"', r#"\""#);
    format!(
        "out.page = \"{file}\"\nrun = [\"sh\", \"-c\", \"echo made > $SHOW_OUT/page; echo '{result}' > $SHOW_RESULT\"]"
    )
}

#[test]
fn progress_is_shown_while_it_runs() {
    let (_show, view, _) = ended(
        "run = [\"sh\", \"-c\", \"echo '{\\\"percent\\\":40,\\\"message\\\":\\\"halfway there\\\"}' >&3; echo junk >&3; echo ok\"]",
    );
    assert_eq!(view["job"]["state"], "succeeded", "{view}");
}

/// Whether any process has this word among its arguments.
fn running(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("/proc is there");
    processes.flatten().any(|entry| {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        command.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    })
}

fn size(dir: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
