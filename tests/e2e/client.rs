//! `showctl` as people and scripts use it.

use crate::messy_episode;
use show_tests::{Show, binary, repository, run};
use std::process::Command;

#[test]
fn every_command_prints_json_of_a_stable_shape() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    for args in [
        &["status"][..],
        &["episodes"],
        &["episode", "900"],
        &["jobs"],
        &["builds"],
        &["plan"],
        &["plan", "900"],
        &["pipelines"],
        &["pipelines", "show", "show-build"],
        &["locks"],
        &["proposals"],
        &["config"],
        &["version"],
        &["history", "episodes/0900/rundown/20 Leak.md"],
        &["show", "episodes/0900/rundown/20 Leak.md", "1"],
        &["diagnostics", "900"],
        &["left-out", "900"],
        &["shares"],
        &["doctor"],
        &["why", "episodes/0900/rundown/20 Leak.md"],
        &["enumerate", "900"],
        &["renumber", "900"],
        &["normalise", "900"],
        &["wait", "--idle"],
        &["hold", "episodes/0900/info.md"],
        &["release", "episodes/0900/info.md"],
        &["requeue", "--failed"],
    ] {
        let value = show.json(args);
        assert!(value.is_object(), "{args:?}: {value}");
    }
    let job = show.json(&["jobs"])["jobs"][0]["job"].to_string();
    for command in ["job", "why"] {
        assert!(show.json(&[command, &job]).is_object(), "{command}");
    }
    let build = show.json(&["builds"])["builds"][0]["build"].to_string();
    assert!(show.ctl(&["build", &build]).out.contains("scan"));
}

#[test]
fn what_people_read_fits_into_eighty_columns() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    for args in [
        &["status"][..],
        &["episodes"],
        &["jobs"],
        &["episode", "0900"],
        &["plan", "900"],
        &["builds"],
        &["proposals"],
        &["hold", "episodes/0900/rundown/20 Laek.md"],
        &["locks"],
        &["doctor"],
        &["why", "episodes/0900/rundown/20 Leak.md"],
        &["diagnostics", "900"],
        &["left-out", "900"],
        &["history", "episodes/0900/rundown/20 Leak.md"],
        &["follow", "--from", "1", "--no-wait"],
        &["submit", "show-build", "900"],
    ] {
        let ran = show.ctl(args);
        assert_eq!(ran.code, 0, "{args:?} {ran:?}");
        for line in ran.out.lines() {
            // A path that people copy is never cut.
            let is_path = line.contains(show.share().to_str().expect("a path of ours is text"));
            assert!(line.chars().count() <= 80 || is_path, "{args:?}: {line}");
        }
        assert!(!ran.out.contains('\u{1b}'), "{args:?} has colour without a terminal");
    }
}

#[test]
fn exit_codes_say_what_happened() {
    let mut show = Show::new();
    assert_eq!(show.ctl(&["status"]).code, 3, "no daemon");
    assert_eq!(show.ctl(&["statsu"]).code, 2, "no such command");
    assert!(show.ctl(&["statsu"]).err.contains("status"), "and it says which one was meant");
    messy_episode(&show);
    show.start();
    show.idle();
    assert_eq!(show.ctl(&["job", "999999"]).code, 4, "no such job");
    assert_eq!(show.ctl(&["status"]).code, 0);
}

#[test]
fn checking_needs_no_daemon_and_tells_an_editor_where() {
    let show = Show::new();
    show.write(
        "loose.md",
        "---\nslug: x\nstatus: production\n---\n\n<!-- Begin Cue -->\n[Type: FSQ]\n[Slug: a]\nprose goes on\n",
    );
    let path = show.share().join("loose.md");
    let ran = show.ctl(&["check".as_ref(), path.as_os_str()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("CUE_UNTERMINATED") && ran.out.contains(":6:"), "{}", ran.out);
    let json = show.ctl(&["check".as_ref(), path.as_os_str(), "--json".as_ref()]);
    assert_eq!(json.code, 1);
    let value: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(value[0]["diagnostics"][0]["line"].as_u64().map(|line| line > 0), Some(true), "{value}");
}

#[test]
fn fixing_without_a_daemon_repairs_what_is_safe_and_shows_the_difference_first() {
    let show = Show::new();
    messy_episode(&show);
    let path = show.share().join("episodes/0900/rundown/20 Leak.md");
    let ran = show.ctl(&["check".as_ref(), path.as_os_str(), "--fix".as_ref()]);
    assert!(ran.out.contains("-<<!-- Begin Cue -->>"), "{ran:?}");
    let text = show.read("episodes/0900/rundown/20 Leak.md");
    assert!(text.contains("\n<!-- Begin Cue -->\n") && !text.contains("pending"), "{text}");
    let again = show.ctl(&["check".as_ref(), path.as_os_str(), "--fix".as_ref()]);
    assert_eq!(show.read("episodes/0900/rundown/20 Leak.md"), text, "{again:?}");
}

#[test]
fn a_new_episode_passes_its_own_check() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    let made = show.json(&["episode", "new", "--title", "Limescale"]);
    assert_eq!(made["episode"], "0901", "{made}");
    show.idle();
    let check = show.json(&["episode", "check", "901"]);
    assert_eq!(check["valid"], true, "{check}");
    assert!(show.read("episodes/0901/info.md").contains("airdate: 2026-08-16"));
}

#[test]
fn what_the_plan_says_is_what_then_runs() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    let plan = show.json(&["plan", "900"]);
    for step in plan["subjects"][0]["steps"].as_array().expect("steps") {
        assert!(["up_to_date", "not_needed", "unavailable"].contains(&step["action"].as_str().unwrap_or("")), "{step}");
    }
}

#[test]
fn a_client_in_another_language_needs_only_the_documented_protocol() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    let python = |args: &[&str]| {
        let mut command = Command::new("python3");
        command.arg(repository().join("tests/e2e/client.py")).arg(show.socket()).args(args);
        run(command)
    };
    let status = python(&["status"]);
    assert_eq!(status.code, 0, "{status:?}");
    assert!(status.out.contains("0900"), "{status:?}");

    let refused = python(&["job", r#"{"job":999999}"#]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.out.contains("hint"), "{refused:?}");

    let from = show.next_event();
    let submitted = python(&["requeue", r#"{"episode":"900","force":true}"#]);
    assert_eq!(submitted.code, 0, "{submitted:?}");
    let followed = python(&["follow", &format!(r#"{{"from":{from},"snapshot":true}}"#), "3"]);
    let lines: Vec<serde_json::Value> =
        followed.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 4, "the answer and three pushes: {followed:?}");
    assert_eq!(lines[0]["next"], from, "{followed:?}");
    assert!(lines[0]["snapshot"]["episodes"].is_array(), "{followed:?}");
    show.idle();
}

#[test]
fn help_and_completions_come_without_a_daemon() {
    for args in [&["--help"][..], &["completions", "bash"], &["jobs", "--help"]] {
        let mut command = Command::new(binary("showctl"));
        command.args(args);
        let ran = run(command);
        assert_eq!(ran.code, 0, "{args:?} {ran:?}");
        assert!(ran.out.len() > 100, "{args:?}");
    }
}
