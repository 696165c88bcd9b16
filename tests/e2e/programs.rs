//! Programs of every kind of badness as steps: each ends in a clear message, nothing lost, the daemon alive.

use serde_json::json;
use show_tests::syncthing::until;
use show_tests::{Show, Slow, repository, run};
use std::sync::atomic::{AtomicU32, Ordering};

/// A show with one pipeline `test` whose only step is `step` (TOML lines), and a job of it that has ended.
fn ended(step: &str) -> (Show, serde_json::Value, String) {
    let mut show = Show::new();
    let share = show.share();
    let retry = if step.contains("retry") { "" } else { "retry = { tries = 1 }\n" };
    show.configure_whole(&format!(
        "settle = \"50ms\"\ngrace = \"300ms\"\n[share.show]\npath = {share:?}\n[pipeline.show-build]\nenabled = false\n\
         [pipeline.test]\nsubject = \"desk/{{name}}/\"\n[[pipeline.test.step]]\nname = \"it\"\n{retry}{step}\n"
    ));
    show.write("desk/one/source.txt", "as a person left it\n");
    show.start();
    let job = show.json(&["submit", "test", "desk/one/"])["jobs"][0].to_string();
    let waited = show.ctl(&["wait", &job, "--timeout", "100s"]);
    assert_ne!(waited.code, 124, "{waited:?}\n{}", show.log());
    assert!(show.is_alive(), "{}", show.log());
    let view = show.json(&["job", &job]);
    let log = show.ctl(&["log", &job]).out;
    assert_eq!(show.read("desk/one/source.txt"), "as a person left it\n");
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
    let nap = unique();
    let (show, view, _) = ended(&format!(
        "timeout = \"300ms\"\nrun = [\"sh\", \"-c\", \"trap '' TERM; sleep {nap} & while :; do sleep 1; done\"]"
    ));
    assert_eq!(view["job"]["state"], "failed");
    assert!(why(&view).contains("timed out") || why(&view).contains("time"), "{view}");
    assert!(!running(&nap), "its child was left behind");
    drop(show);
}

#[test]
fn a_program_that_forks_and_exits_leaves_nothing_behind() {
    let nap = unique();
    let (show, view, _) = ended(&format!("run = [\"sh\", \"-c\", \"sleep {nap} & echo done\"]"));
    assert_eq!(view["job"]["state"], "succeeded", "{view}");
    assert!(!running(&nap), "its child was left behind");
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
        "run = [\"sh\", \"-c\", \"echo x > {0}/escaped; echo x > {1}/desk/one/source.txt; echo in > $SHOW_SCRATCH/fine && cat $SHOW_SCRATCH/fine\"]",
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
    assert!(!show.exists("desk/one/page.html"));
}

#[test]
fn what_a_program_makes_is_published_and_what_lies_there_is_not_overwritten() {
    let (show, view, _) = ended(&makes("page.html"));
    assert_eq!(view["job"]["state"], "succeeded", "{view}\n{}", show.log());
    assert_eq!(show.read("desk/one/page.html"), "made\n");
    let (show, view, _) = ended(&makes("source.txt"));
    assert_eq!(view["job"]["state"], "failed", "a person's file is in the way: {view}");
    assert!(why(&view).contains("source.txt"), "{view}");
    drop(show);
}

/// A step whose program makes this file.
fn makes(file: &str) -> String {
    let result = format!(r#"{{"outputs":[{{"role":"page","file":"desk/one/{file}"}}]}}"#).replace('"', r#"\""#);
    format!(
        "out.page = \"{file}\"\nrun = [\"sh\", \"-c\", \"echo made > $SHOW_OUT/page; echo '{result}' > $SHOW_RESULT\"]"
    )
}

#[test]
fn progress_is_shown_while_it_runs() {
    let mut show = Show::new();
    let slow = Slow::new(&show, "");
    let text = std::fs::read_to_string(show.config()).expect("the configuration");
    let report =
        r#"do i=$((i+1)); echo junk >&3; echo '{\"percent\":40,\"message\":\"halfway there '$i'\"}' >&3; sleep"#;
    show.configure_whole(&text.replace("do sleep", report));
    show.start();
    let job = slow.begun(&show);
    let mut client = std::process::Command::new("python3");
    client.arg(repository().join("tests/e2e/client.py")).arg(show.socket());
    client.args(["follow", r#"{"progress":true}"#, "1"]);
    let pushed = run(client);
    assert!(pushed.out.contains("\"percent\": 40") && pushed.out.contains("halfway there"), "{pushed:?}");
    let line = show.json(&["jobs", "--state", "running"])["jobs"][0].clone();
    assert_eq!(line["percent"], 40, "{line}");
    assert!(line["message"].as_str().is_some_and(|message| message.starts_with("halfway there")), "{line}");
    slow.open();
    assert_eq!(show.ctl(&["wait", &job, "--timeout", "100s"]).code, 0);
    assert_eq!(show.json(&["job", &job])["job"]["percent"], json!(null), "afterwards there is nothing to show");
}

#[test]
fn a_job_that_is_canceled_ends_with_its_whole_group_and_can_be_asked_for_again() {
    let mut show = Show::new();
    let slow = Slow::new(&show, "");
    let text = std::fs::read_to_string(show.config()).expect("the configuration");
    let nap = unique();
    // Deaf to TERM, and so is what it started; only KILL to the whole group ends them.
    show.configure_whole(&text.replace("echo begun;", &format!("trap '' TERM; sleep {nap} & echo deaf;")));
    show.start();
    let job = slow.begun(&show);
    printed(&show, &job, "deaf");
    // Its shell forks before it speaks; the fork may become the nap only afterwards.
    until("its child naps", || running(&nap));
    let canceled = show.ctl(&["cancel", &job]);
    assert_eq!(canceled.code, 0, "{canceled:?}");
    let waited = show.ctl(&["wait", &job, "--timeout", "100s"]);
    assert_eq!(waited.code, 1, "canceled is not done: {waited:?}");
    let view = show.json(&["job", &job]);
    assert_eq!(view["job"]["state"], "canceled", "{view}");
    assert!(!running(&nap), "its child was left behind");
    slow.open();
    let again = show.json(&["requeue", &job])["ids"][0].to_string();
    assert_eq!(show.ctl(&["wait", &again, "--timeout", "100s"]).code, 0, "{}", show.log());
    let over = show.ctl(&["cancel", &again]);
    assert_eq!(over.code, 4, "{over:?}");
    assert!(over.err.contains(&format!("job {again} is not running")), "{over:?}");
    let build = show.json(&["job", &again])["job"]["build"].to_string();
    let over = show.ctl(&["cancel", "--build", &build]);
    assert_eq!(over.code, 4, "nothing of it can be stopped: {over:?}");
}

#[test]
fn what_a_program_prints_is_kept_per_attempt_with_time_and_stream() {
    let step = "run = [\"sh\", \"-c\", \"echo to out; echo to err >&2\"]";
    let (show, view, _) = ended(step);
    let job = view["job"]["job"].to_string();
    let log = show.json(&["log", &job]);
    let line = |stream: &str| {
        let lines = log["lines"].as_array().expect("lines");
        lines.iter().find(|line| line["stream"] == stream).cloned().unwrap_or_default()
    };
    assert_eq!((&line("out")["text"], &line("err")["text"]), (&json!("to out"), &json!("to err")), "{log}");
    let (began, ended) = (&view["attempts"][0]["started_at_ms"], &view["attempts"][0]["ended_at_ms"]);
    let at = |value: &serde_json::Value| value.as_i64().expect("a time");
    assert!((at(began)..=at(ended)).contains(&at(&line("out")["at_ms"])), "{log} {view}");
    assert_eq!(show.ctl(&["log", &job, "--stream", "err"]).out, "to err\n");
    assert_eq!(show.ctl(&["log", &job, "--attempt", "1", "--stream", "out"]).out, "to out\n");
}

#[test]
fn what_fails_is_tried_again_after_rests_that_grow() {
    let (show, view, _) = ended(
        "retry = { tries = 4, wait = \"100ms\" }\n\
         run = [\"sh\", \"-c\", \"echo try $SHOW_ATTEMPT; [ $SHOW_ATTEMPT -ge 4 ] || { echo not yet >&2; exit 1; }\"]",
    );
    assert_eq!(view["job"]["state"], "succeeded", "{view}");
    let attempts = view["attempts"].as_array().expect("attempts");
    assert_eq!(attempts.len(), 4, "{view}");
    let at = |value: &serde_json::Value| value.as_i64().expect("a time");
    for (no, pair) in attempts.windows(2).enumerate() {
        let rest = at(&pair[1]["started_at_ms"]) - at(&pair[0]["ended_at_ms"]);
        assert!(rest >= 100 << no, "rest {no} was {rest} ms: {view}");
        assert!(pair[0]["why"].as_str().is_some_and(|why| why.contains("not yet")), "{view}");
    }
    let job = view["job"]["job"].to_string();
    assert!(show.ctl(&["log", &job, "--attempt", "2"]).out.contains("try 2"), "every attempt keeps what it printed");
}

/// Waits until a running job has printed a line.
fn printed(show: &Show, job: &str, line: &str) {
    use std::io::BufRead as _;
    let mut command = std::process::Command::new(show_tests::binary("showctl"));
    command.args(["log", job, "--follow"]).env("SHOWD_SOCKET", show.socket()).stdout(std::process::Stdio::piped());
    let mut follow = command.spawn().expect("showctl starts");
    let lines = std::io::BufReader::new(follow.stdout.take().expect("a pipe")).lines();
    let found = lines.map_while(Result::ok).any(|found| found.contains(line));
    let _ = follow.kill();
    let _ = follow.wait();
    assert!(found, "the job ended without printing {line}");
}

/// Seconds to sleep that no other process sleeps.
fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}.{}", 100_000 + std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
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
