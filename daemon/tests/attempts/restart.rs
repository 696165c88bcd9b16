//! Either side may die; what runs goes on, and what has ended is told.

use crate::bench::{Bench, finished, gone, kill, shell};
use show_core::{AttemptNo, Ended, Event, JobId};
use std::fs;

const ONE: (JobId, AttemptNo) = (JobId(1), AttemptNo(1));

fn runner_is_back(bench: &Bench) -> Vec<(JobId, AttemptNo)> {
    match bench.event("the runner is back", |event| matches!(event, Event::RunnerBack { .. })) {
        Event::RunnerBack { attempts } => attempts,
        _ => unreachable!("it was asked for"),
    }
}

/// An attempt that ends when `go` is written to.
const WAITS: &str = r#"mkfifo go; say waiting; read -r line < go; echo "{\"summary\":\"$line\"}" > "$SHOW_RESULT""#;

#[test]
fn an_attempt_outlives_the_daemon_that_started_it() {
    let mut bench = Bench::new();
    bench.start(shell(1, WAITS));
    bench.says(1, "waiting");
    let runner = bench.runner_pid();
    bench.daemon_dies();
    bench.daemon_starts();
    assert_eq!(runner_is_back(&bench), [ONE]);
    assert_eq!(bench.runner_pid(), runner);
    fs::write(bench.scratch(1).join("go"), "as if nothing had been\n").expect("goes on");
    assert_eq!(finished(bench.ended(1)).summary, "as if nothing had been");
}

#[test]
fn what_ended_while_nobody_listened_is_told_later_and_until_it_is_kept() {
    let mut bench = Bench::new();
    bench.start(shell(1, &format!("echo $$; {WAITS}")));
    bench.says(1, "waiting");
    bench.daemon_dies();
    let pid = bench.printed_so_far(1).strip_prefix("out: ").and_then(|pid| pid.trim().parse().ok()).expect("a pid");
    fs::write(bench.scratch(1).join("go"), "in vain\n").expect("goes on");
    gone(pid);
    for _ in 0..2 {
        bench.daemon_starts();
        assert_eq!(runner_is_back(&bench), [ONE]);
        assert_eq!(finished(bench.ended(1)).summary, "in vain");
        bench.daemon_dies();
    }
    bench.daemon_starts();
    assert_eq!(runner_is_back(&bench), [ONE]);
    finished(bench.ended(1));
    bench.attempts().forget(ONE.0, ONE.1, false);
    bench.until_forgotten(1);
    bench.daemon_dies();
    bench.daemon_starts();
    assert_eq!(runner_is_back(&bench), [], "what was kept is forgotten");
}

#[test]
fn a_result_that_was_half_read_is_read_again() {
    let mut bench = Bench::new();
    let mut order = shell(1, "printf film > out/video");
    order.outputs = vec![("video".into(), crate::bench::file("episodes/0900/v.mp4"))];
    bench.start(order);
    let first = finished(bench.ended(1));
    // The outputs were moved already when the daemon died.
    bench.daemon_dies();
    bench.daemon_starts();
    runner_is_back(&bench);
    assert_eq!(finished(bench.ended(1)), first);
}

#[test]
fn a_runner_that_is_killed_takes_its_attempts_with_it_and_they_are_lost() {
    let bench = Bench::new();
    // The leader dies with the runner; what it started would not.
    let script = "(trap '' TERM; exec sleep 1000) & echo $!
        setsid -f sh -c 'echo $$; echo > one; exec sleep 1001'
        until [ -e one ]; do :; done
        echo $$; say up; wait";
    bench.start(shell(1, script));
    bench.says(1, "up");
    let printed = bench.printed_so_far(1);
    let pids: Vec<i32> = printed.lines().filter_map(|line| line.strip_prefix("out: ")?.parse().ok()).collect();
    assert_eq!(pids.len(), 3, "{printed}");
    let runner = bench.runner_pid();
    kill(runner);
    assert_eq!(runner_is_back(&bench), [ONE]);
    assert_eq!(bench.ended(1), Ended::Lost);
    pids.into_iter().for_each(gone);
    assert_ne!(bench.runner_pid(), runner, "the next one is there");
    assert!(bench.printed(1).contains("note: its runner was killed"));
    finished(bench.run(2, "exit 0"));
}

#[test]
fn a_runner_that_is_told_to_end_ends_its_attempts() {
    let bench = Bench::new();
    bench.start(shell(1, "say up; sleep 1000"));
    bench.says(1, "up");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(bench.runner_pid()), nix::sys::signal::Signal::SIGTERM)
        .expect("told");
    assert_eq!(bench.ended(1), Ended::Lost);
}

#[test]
fn two_runners_do_not_share_a_state_directory() {
    let bench = Bench::new();
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_showd"))
        .args(["runner", "--state"])
        .arg(bench.state())
        .output()
        .expect("runs");
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another runner is at work here"), "{said}");
    finished(bench.run(1, "exit 0"));
}

#[test]
fn a_runner_that_is_a_unit_of_its_own_stays_until_it_is_told_to_end() {
    let mut bench = Bench::without_daemon();
    let mut unit = std::process::Command::new(env!("CARGO_BIN_EXE_showd"))
        .args(["runner", "--stay", "--state"])
        .arg(bench.state())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    let mut said = String::new();
    let out = unit.stdout.as_mut().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut said).expect("it speaks");
    assert_eq!(said, "ready\n");
    let pid = unit.id().cast_signed();
    for job in [1, 2] {
        bench.daemon_starts();
        finished(bench.run(job, "exit 0"));
        assert_eq!(bench.runner_pid(), pid, "no other is started");
        bench.daemon_closes();
    }
    assert!(unit.try_wait().expect("our own child").is_none(), "it stays when the daemon goes");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM).expect("told");
    assert!(unit.wait().expect("our own child").success());
}

#[test]
fn a_runner_that_nobody_needs_ends() {
    let mut bench = Bench::new();
    finished(bench.run(1, "exit 0"));
    let runner = bench.runner_pid();
    bench.daemon_closes();
    gone(runner);
    assert!(!bench.state().join("runner/socket").exists());
}
