//! How attempts end: by themselves, in time, or made to.

use crate::bench::{Bench, finished, gone, program, shell, why};
use show_core::{AttemptNo, Ended, Event, JobId};

#[test]
fn a_program_that_succeeds_is_told_with_its_result() {
    let bench = Bench::new();
    let script = r#"echo working; echo '{"summary":"all well","words":12,"clips":[{"id":"a"}]}' > "$SHOW_RESULT""#;
    bench.start(shell(1, script));
    bench.started(1);
    let finished = finished(bench.ended(1));
    assert_eq!(finished.summary, "all well");
    assert_eq!(finished.facts.len(), 1);
    assert_eq!(finished.lists["clips"].len(), 1);
    assert!(!finished.with_errors);
    assert!(bench.blob(&finished.result.expect("is kept")).starts_with(b"{\"summary\""));
    assert_eq!(bench.printed(1), "out: working\n");
}

#[test]
fn exit_10_is_success_with_errors_65_unfit_input_and_the_rest_failure_with_the_last_words_as_reason() {
    let bench = Bench::new();
    assert!(finished(bench.run(1, "exit 10")).with_errors);
    let ended = bench.run(2, "echo first >&2; printf '\\n  no such take  \\n\\n' >&2; exit 3");
    assert_eq!(ended, Ended::Failed { code: 3, why: "no such take".into() });
    assert_eq!(why(bench.run(3, "exit 4")), "it ended with status 4 and said nothing about it");
    assert_eq!(bench.run(4, "kill -SEGV $$"), Ended::Signaled { signal: 11 });
    assert_eq!(bench.run(5, "echo torn tape >&2; exit 65"), Ended::Unfit { why: "torn tape".into() });
}

#[test]
fn a_program_that_cannot_be_started_is_named() {
    let bench = Bench::new();
    bench.start(program(1, &["no-such-encoder", "-v"]));
    let reason = why(bench.ended(1));
    assert!(reason.contains("no-such-encoder was not found"), "{reason}");
    bench.start(program(2, &["/etc/passwd"]));
    let reason = why(bench.ended(2));
    assert!(reason.contains("/etc/passwd may not be executed"), "{reason}");
    bench.start(program(3, &[]));
    assert!(matches!(bench.ended(3), Ended::NotStarted { .. }));
    assert!(bench.printed(1).contains("note: the program no-such-encoder was not found"));
}

#[test]
fn a_program_that_hangs_is_ended_when_its_time_is_over() {
    let bench = Bench::new();
    let mut order = shell(1, "echo $$; exec sleep 1000");
    order.timeout_ms = 100;
    bench.start(order);
    assert_eq!(bench.ended(1), Ended::TimedOut);
    let printed = bench.printed(1);
    assert!(printed.contains("note: its time is over"), "{printed}");
    gone(
        printed
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("out: "))
            .and_then(|pid| pid.parse().ok())
            .expect("a pid"),
    );
}

#[test]
fn a_program_that_does_not_listen_is_killed_after_its_grace() {
    let bench = Bench::new();
    bench.start(shell(1, "trap '' TERM; say deaf; while :; do sleep 1000; done"));
    bench.says(1, "deaf");
    bench.attempts().stop(JobId(1), AttemptNo(1), 50);
    assert_eq!(bench.ended(1), Ended::Stopped);
    assert!(bench.printed(1).contains("note: it did not end when told to"));

    bench.start(shell(2, "trap 'say tidying; exit 0' TERM; say listening; while :; do sleep 1000 & wait; done"));
    bench.says(2, "listening");
    bench.attempts().stop(JobId(2), AttemptNo(1), 50_000);
    assert_eq!(bench.ended(2), Ended::Stopped, "who ends in time was stopped all the same");
}

#[test]
fn stopping_what_has_not_begun_or_is_not_known_is_answered_too() {
    let bench = Bench::new();
    bench.start(shell(1, "sleep 1000"));
    bench.attempts().stop(JobId(1), AttemptNo(1), 0);
    assert_eq!(bench.ended(1), Ended::Stopped);
    bench.attempts().stop(JobId(77), AttemptNo(3), 0);
    assert_eq!(bench.ended(77), Ended::Stopped);
}

#[test]
fn what_a_program_leaves_behind_ends_with_it() {
    let bench = Bench::new();
    // In its group; and out of its group and session, at once and orphaned; all hold the pipes open.
    let script = "sleep 1001 & echo $!
        setsid sh -c 'echo $$; echo > one; exec sleep 1002' &
        setsid -f sh -c 'echo $$; echo > two; exec sleep 1003'
        until [ -e one ] && [ -e two ]; do :; done";
    finished(bench.run(1, script));
    let pids: Vec<i32> = bench.printed(1).lines().filter_map(|line| line.strip_prefix("out: ")?.parse().ok()).collect();
    assert_eq!(pids.len(), 3, "{}", bench.printed(1));
    // Not soon, but when the end is told.
    let is_alive = |pid: &i32| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty());
    assert!(!pids.iter().any(is_alive));
}

#[test]
fn a_program_that_prints_gigabytes_neither_waits_nor_fills_the_disk() {
    let bench = Bench::new();
    let script = "echo begin; head -c 2147483648 /dev/zero; echo; echo end";
    finished(bench.run(1, script));
    let log = showd::attempt::log_path(&bench.state(), JobId(1), AttemptNo(1));
    let bytes = std::fs::metadata(log).expect("a log").len();
    assert!(bytes < 10 << 20, "{bytes}");
    let printed = bench.printed(1);
    assert!(printed.starts_with("out: begin\n") && printed.ends_with("out: end\n"));
    assert!(printed.contains(" bytes left out\n"));
}

#[test]
fn a_program_may_close_everything_it_was_given() {
    let bench = Bench::new();
    finished(bench.run(1, "exec 0<&- 1>&- 2>&- 3>&-; sleep 0.2; exit 0"));
    assert_eq!(bench.printed(1), "");
}

#[test]
fn reports_reach_the_core_and_junk_does_not() {
    let bench = Bench::new();
    let script = r#"printf 'junk\n{"percent":40,"message":"half\\nway"}\n\377\n' >&3; read -r line < go"#;
    bench.start(shell(1, &format!("mkfifo go; {script}")));
    let event = bench.event("progress", |event| matches!(event, Event::AttemptProgressed { .. }));
    let (percent, message) = (Some(40), "half way".to_owned());
    assert_eq!(event, Event::AttemptProgressed { job: JobId(1), attempt: AttemptNo(1), percent, message });
    std::fs::write(bench.scratch(1).join("go"), "on\n").expect("goes on");
    finished(bench.ended(1));
}

#[test]
fn scratch_goes_when_the_end_is_kept_and_stays_after_a_failure() {
    let bench = Bench::new();
    finished(bench.run(1, "exit 0"));
    assert!(matches!(bench.run(2, "exit 1"), Ended::Failed { .. }));
    bench.attempts().forget(JobId(1), AttemptNo(1), false);
    bench.attempts().forget(JobId(2), AttemptNo(1), true);
    // What is forgotten is not known, and only then: the answer to a stop comes behind it.
    for job in [1, 2] {
        bench.until_forgotten(job);
    }
    assert!(!bench.scratch(1).exists());
    assert!(bench.scratch(2).join("order.json").exists());
    assert!(bench.spool_is_empty());
}
