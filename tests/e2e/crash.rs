//! Killed at any moment, nothing acknowledged is lost and nothing is stuck.

use crate::{HOST, LEAK, QUOTES, messy_episode};
use show_tests::{Show, Slow};

/// Moments at which the daemon is killed: once this many events have been logged. All of them in the long ring.
fn moments() -> Vec<u64> {
    let all = 1..=60;
    if std::env::var("SHOW_LONG").is_ok_and(|long| long == "yes") { all.collect() } else { all.step_by(9).collect() }
}

#[test]
fn sigkill_at_any_moment_loses_nothing_and_leaves_no_job_stuck() {
    for moment in moments() {
        let mut show = Show::new();
        messy_episode(&show);
        show.start();
        // How many builds there are until all is done, and so how many events, depends on who is faster.
        show.event(1, "that is late enough", |_, event| {
            event["seq"].as_u64() >= Some(moment) || (event["kind"] == "job.done" && event["step"] == "compile")
        });
        show.kill();
        show.write("episodes/0900/rundown/40 Meanwhile.md", "---\nslug: meanwhile\ntype: segment\norder: 40\nstatus: production\ntitle: Meanwhile\n---\n\nTyped while nobody watched.\n");
        show.start();
        show.idle();
        let host = show.read(HOST);
        assert!(host.contains("Typed while nobody watched."), "killed at event {moment}: what was typed is found");
        assert!(show.exists(QUOTES), "killed at event {moment}");
        let leak = show.read("episodes/0900/rundown/20 Leak.md");
        assert!(
            leak.contains("Water came out of it") && !leak.contains("pending"),
            "killed at event {moment}:\n{leak}"
        );
        let left: Vec<_> = temporary(&show);
        assert!(left.is_empty(), "killed at event {moment}: {left:?} left behind");
        let running = show.json(&["jobs", "--state", "running,waiting,publishing,stopping"]);
        assert_eq!(running["jobs"].as_array().map(Vec::len), Some(0), "killed at event {moment}: {running}");
    }
}

#[test]
fn a_save_into_a_displaced_text_that_a_kill_left_behind_is_in_the_note_s_history() {
    let mut show = Show::new();
    messy_episode(&show);
    // The name that a displaced text has until nobody holds it open: intent, place, and whose it is.
    let of = &blake3::hash(b"20 Leak.md").to_hex()[..8];
    show.write(&format!("episodes/0900/rundown/.syncthing.showd-77-0-{of}.tmp"), "saved late, and nowhere else");
    show.start();
    show.seen(&["file.rescued", "20 Leak.md"]);
    show.idle();
    let note = "episodes/0900/rundown/20 Leak.md";
    let history = show.json(&["history", note]);
    let revisions = history["revisions"].as_array().expect("revisions");
    let texts = revisions.iter().map(|one| show.ctl(&["show", note, &one["revision"].to_string()]).out);
    assert_eq!(texts.filter(|text| text == "saved late, and nowhere else").count(), 1, "{history}");
    assert!(show.ctl(&["doctor"]).out.contains("20 Leak.md"), "{}", show.ctl(&["doctor"]).out);
    assert_eq!(temporary(&show), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_running_attempt_outlives_the_daemon_and_is_taken_over() {
    let mut show = Show::new();
    let slow = Slow::new(&show, "");
    show.start();
    let job = slow.begun(&show);
    show.kill();
    show.start();
    slow.open();
    assert_eq!(show.ctl(&["wait", &job, "--timeout", "60s"]).code, 0, "{}", show.log());
    let view = show.json(&["job", &job]);
    assert_eq!(view["attempts"].as_array().map(Vec::len), Some(1), "{view}");
    let log = show.ctl(&["log", &job]).out;
    assert_eq!(log.matches("begun").count(), 1, "{log}");
    assert!(log.contains("ended"), "{log}");
}

#[test]
fn what_was_acknowledged_is_there_after_a_sigkill() {
    let mut show = Show::new();
    let slow = Slow::new(&show, "");
    show.start();
    let mut acknowledged = Vec::new();
    std::thread::scope(|scope| {
        let (told, jobs) = std::sync::mpsc::channel();
        for client in 0..4 {
            let (show, told) = (&show, told.clone());
            scope.spawn(move || {
                for n in 0..50 {
                    let parameter = format!("n={client}-{n}");
                    let ran = show.ctl(&["submit", "slow", "slow/one/", &parameter, "--json"]);
                    if ran.code != 0 {
                        // The daemon is gone, and nothing was promised.
                        return;
                    }
                    let submitted: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
                    let _ = told.send(submitted["jobs"][0].to_string());
                }
            });
        }
        drop(told);
        acknowledged.extend(jobs.iter().take(12));
        let pid = nix::unistd::Pid::from_raw(show.pid().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("our own child");
        acknowledged.extend(jobs.iter());
    });
    assert!((12..200).contains(&acknowledged.len()), "killed in the midst of it: {acknowledged:?}");
    show.kill();
    show.start();
    slow.open();
    for job in acknowledged {
        let ran = show.ctl(&["wait", &job, "--timeout", "100s"]);
        assert_eq!(ran.code, 0, "job {job} was acknowledged: {ran:?}\n{}", show.log());
    }
}

#[test]
fn an_attempt_whose_runner_was_killed_runs_again_and_costs_no_try() {
    let mut show = Show::new();
    let slow = Slow::new(&show, "retry = { tries = 1 }");
    show.start();
    let job = slow.begun(&show);
    let runner = std::fs::read_dir("/proc").expect("/proc is there").flatten().find(|entry| {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command);
        command.contains("\0runner\0") && command.contains(&show.state().display().to_string())
    });
    let runner = runner.expect("the runner names the state directory").file_name();
    let pid = runner.to_str().and_then(|pid| pid.parse().ok()).expect("a process number");
    let from = show.next_event();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).expect("it is ours");
    show.seen_from(from, &["job.started", &format!("\"job\":{job}")]);
    slow.open();
    assert_eq!(show.ctl(&["wait", &job, "--timeout", "100s"]).code, 0, "{}", show.log());
    let attempts = show.json(&["job", &job])["attempts"].clone();
    assert_eq!(attempts.as_array().map(Vec::len), Some(2), "{attempts}");
    assert_eq!(attempts[0]["outcome"], "lost", "{attempts}");
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
