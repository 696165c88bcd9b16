//! What `showctl` promises a person at a terminal: waiting, stopping, asking again, locks, and who asked.

use show_tests::Show;

/// A show with an episode and, on submission only, a pipeline of one step that runs for as long as it is let.
fn show() -> Show {
    let mut show = Show::new();
    show.configure(
        "settle = \"100ms\"\nquiet = \"400ms\"\ngrace = \"300ms\"\n\
         [pipeline.slow]\nsubject = \"work/{name}/\"\n[[pipeline.slow.step]]\nname = \"sleep\"\n\
         run = [\"sh\", \"-c\", \"echo reading; sleep 600\"]\nretry = { tries = 1 }\n\
         [pipeline.bad]\nsubject = \"episodes/{episode}/\"\n[[pipeline.bad.step]]\nname = \"break\"\n\
         run = [\"sh\", \"-c\", \"echo the cheese is off >&2; exit 3\"]\nretry = { tries = 1 }\n",
    );
    show.write("work/one/source.txt", "as a person left it\n");
    crate::messy_episode(&show);
    show.start();
    show.idle();
    show
}

#[test]
fn a_clean_episode_is_ready_where_it_can_be_and_a_blocked_stage_says_where() {
    let show = show();
    let episode = show.json(&["episode", "900"]);
    let stages = &episode["episode"]["stages"];
    assert_eq!(stages["scripts"]["state"], "ready", "{stages}");
    let placed = |stage: &serde_json::Value| {
        let things = stage["by"].as_array().cloned().unwrap_or_default();
        things.iter().all(|thing| thing["text"] != "not scanned yet")
    };
    assert!(stages.as_object().expect("five").values().all(placed), "{stages}");
    show.write("episodes/0900/rundown/30 Quote.md", "---\nslug: q\norder: 30\nstatus: production\n---\n\n\
        <!-- Begin Cue -->\n[Type: FSQ]\n[Slug: hot-water]\n[Quote: \"Water is hot.\"]\n[Attribution: A Kettle]\n<!-- End Cue -->\n");
    show.idle();
    let graphics = show.json(&["episode", "900"])["episode"]["stages"]["graphics"].clone();
    assert_eq!(graphics["state"], "blocked", "{graphics}");
    let things = graphics["by"].as_array().expect("things by name");
    let file = "episodes/0900/rundown/30 Quote.md";
    assert!(things.iter().any(|thing| thing["file"] == file && thing["line"].as_u64() > Some(6)), "{graphics}");
}

#[test]
fn a_wait_that_runs_out_of_time_shows_what_still_goes_on_and_exits_with_124() {
    let show = show();
    let job = show.json(&["submit", "slow", "work/one/"])["jobs"][0].to_string();
    for what in [&["wait", &job, "--timeout", "1s"][..], &["wait", "--idle", "--timeout", "1s"]] {
        let ran = show.ctl(what);
        assert_eq!(ran.code, 124, "{ran:?}");
        assert!(ran.out.contains("sleep") && ran.out.contains("1 not ended"), "{ran:?}");
        assert!(ran.err.contains("not done after 1s"), "{ran:?}");
    }
    let build = show.json(&["builds"])["builds"][0]["build"].to_string();
    let view = show.json(&["job", &job]);
    assert_eq!(view["attempts"][0]["outcome"], "running", "{view}");
    let ran = show.ctl(&["cancel", &job]);
    assert_eq!(ran.code, 0, "{ran:?}\n{}", show.log());
    let ran = show.ctl(&["wait", &job]);
    assert_eq!(ran.code, 1, "canceled is not done: {ran:?}");
    assert_eq!(show.ctl(&["log", &job]).out, "reading\n");
    let ran = show.ctl(&["cancel", "--build", &build]);
    assert!(ran.code == 4 && ran.err.contains("can be stopped"), "{ran:?}");
}

#[test]
fn what_failed_of_an_episode_is_asked_again_in_every_pipeline() {
    let show = show();
    let job = show.json(&["submit", "bad", "900"])["jobs"][0].clone();
    let ran = show.ctl(&["wait", &job.to_string()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let ran = show.ctl(&["why", &job.to_string()]);
    assert!(ran.out.contains("the cheese is off"), "{ran:?}");
    let ids = show.json(&["requeue", "--failed", "--episode", "900"]);
    assert!(ids["ids"].as_array().is_some_and(|ids| !ids.is_empty()), "{ids}");
    assert_eq!(show.ctl(&["wait", &ids["ids"][0].to_string()]).code, 1);
}

#[test]
fn an_episode_made_a_moment_ago_can_be_checked_and_made_again_under_the_next_number() {
    let show = show();
    let [first, second] = [(); 2].map(|()| show.json(&["episode", "new"])["episode"].clone());
    assert_eq!((first.as_str(), second.as_str()), (Some("0901"), Some("0902")));
    let ran = show.ctl(&["episode", "check", "902", "--json"]);
    assert_ne!(ran.code, 4, "there is such an episode: {ran:?}");
    show.idle();
    assert_eq!(show.ctl(&["episode", "check", "902"]).code, 0);
}

#[test]
fn a_lock_lends_its_commands_exit_code_and_shows_while_it_lasts() {
    let show = show();
    let path = "episodes/0900/info.md";
    assert_eq!(show.ctl(&["lock", path, "--", "sh", "-c", "exit 7"]).code, 7);
    assert_eq!(show.ctl(&["lock", path, "--", "sh", "-c", "kill -TERM $$"]).code, 128 + 15);
    assert_eq!(show.ctl(&["hold", path, "--why", "rewriting"]).code, 0);
    assert!(show.ctl(&["locks"]).out.contains("rewriting"));
    let ran = show.ctl(&["lock", path, "--no-wait", "--", "true"]);
    assert_eq!(ran.code, 4, "somebody holds it: {ran:?}");
    assert_eq!(show.ctl(&["release", path]).code, 0);
    assert!(show.ctl(&["locks"]).out.contains("nothing is kept"));
}

#[test]
fn the_log_says_who_asked_for_what() {
    let show = show();
    assert_eq!(show.ctl(&["hold", "episodes/0900/info.md"]).code, 0);
    let log = show.log();
    let line = log.lines().find(|line| line.contains("request=\"Hold\"")).expect("it is in the log");
    let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(show.share()).expect("it is there"));
    assert!(line.contains(&format!("showd_uid={own}")) && line.contains("showd_pid="), "{line}");
    assert!(!log.contains("request=\"Status\""), "what only looks is not worth a line");
}
