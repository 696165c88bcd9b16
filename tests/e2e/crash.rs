//! Killed at any moment, nothing acknowledged is lost and nothing is stuck.

use crate::{HOST, LEAK, QUOTES, messy_episode};
use show_tests::Show;

/// Moments at which the daemon is killed, as words of the event that has just been logged.
const MOMENTS: [&str; 6] = ["scan", "cue_repair", "extract_quotes", "runtime", "compile", "publish"];

#[test]
fn sigkill_at_any_moment_loses_nothing_and_leaves_no_job_stuck() {
    for moment in MOMENTS {
        let mut show = Show::new();
        messy_episode(&show);
        show.start();
        show.seen(&[moment]);
        show.kill();
        show.write("episodes/0900/rundown/40 Meanwhile.md", "---\nslug: meanwhile\ntype: segment\norder: 40\nstatus: production\ntitle: Meanwhile\n---\n\nTyped while nobody watched.\n");
        show.start();
        show.idle();
        let host = show.read(HOST);
        assert!(host.contains("Typed while nobody watched."), "killed at {moment}: what was typed is found");
        assert!(show.exists(QUOTES), "killed at {moment}");
        let leak = show.read("episodes/0900/rundown/20 Leak.md");
        assert!(leak.contains("Water came out of it") && !leak.contains("pending"), "killed at {moment}:\n{leak}");
        let left: Vec<_> = temporary(&show);
        assert!(left.is_empty(), "killed at {moment}: {left:?} left behind");
        let running = show.json(&["jobs", "--state", "running,waiting,publishing,stopping"]);
        assert_eq!(running["jobs"].as_array().map(Vec::len), Some(0), "killed at {moment}: {running}");
    }
}

#[test]
fn a_running_attempt_outlives_the_daemon_and_is_taken_over() {
    let mut show = Show::new();
    let share = show.share();
    show.configure_whole(&format!(
        "settle = \"50ms\"\n[share.show]\npath = {share:?}\n[pipeline.show-build]\nenabled = false\n\
         [pipeline.slow]\nsubject = \"slow/{{name}}/\"\n[[pipeline.slow.step]]\nname = \"wait\"\n\
         run = [\"sh\", \"-c\", \"echo begun; while [ ! -e {{in.go}} ]; do sleep 0.05; done; cat {{in.go}}\"]\n\
         in.go = {{ file = \"go.txt\" }}\n"
    ));
    show.write("slow/one/go.txt", "gone on\n");
    show.start();
    let submitted = show.json(&["submit", "slow", "slow/one/"]);
    let job = submitted["jobs"][0].to_string();
    assert_eq!(show.ctl(&["wait", &job, "--timeout", "60s"]).code, 0, "{}", show.log());
    assert!(show.ctl(&["log", &job]).out.contains("gone on"));
}

#[test]
fn an_attempt_that_ran_through_a_restart_is_not_started_again() {
    let mut show = Show::new();
    let share = show.share();
    // It ends when a file appears in a folder that it may read, so that the test decides when.
    let gate = tempfile::tempdir().expect("a temporary folder");
    let path = gate.path();
    show.configure_whole(&format!(
        "settle = \"50ms\"\n[share.show]\npath = {share:?}\n[pipeline.show-build]\nenabled = false\n\
         [pipeline.slow]\nsubject = \"slow/{{name}}/\"\n[[pipeline.slow.step]]\nname = \"wait\"\nreads = [{path:?}]\n\
         run = [\"sh\", \"-c\", \"echo begun $$; until [ -e {}/go ]; do sleep 0.05; done; echo ended\"]\n",
        path.display()
    ));
    show.write("slow/one/file.txt", "");
    show.start();
    let job = show.json(&["submit", "slow", "slow/one/"])["jobs"][0].to_string();
    show.seen(&["job.started", &format!("\"job\":{job}")]);
    show.kill();
    show.start();
    std::fs::write(path.join("go"), "").expect("the gate opens");
    assert_eq!(show.ctl(&["wait", &job, "--timeout", "60s"]).code, 0, "{}", show.log());
    let view = show.json(&["job", &job]);
    assert_eq!(view["attempts"].as_array().map(Vec::len), Some(1), "{view}");
    let log = show.ctl(&["log", &job]).out;
    assert_eq!(log.matches("begun").count(), 1, "{log}");
    assert!(log.contains("ended"), "{log}");
}

#[test]
fn a_runner_that_is_killed_too_costs_no_try_and_leaves_nothing_running() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.seen(&["scan"]);
    // The runner and its steps name the state directory, and so does the daemon: all of them go at once.
    show_tests::kill_all_naming(&show.state());
    show.kill();
    show.start();
    show.idle();
    assert_ne!(show.read("episodes/0900/rundown/20 Leak.md"), LEAK);
    assert!(show.exists(HOST));
}

/// Temporary files of ours that lie in the share.
fn temporary(show: &Show) -> Vec<std::path::PathBuf> {
    let all = show.picture().into_iter().map(|(path, ..)| path);
    all.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".syncthing."))).collect()
}
