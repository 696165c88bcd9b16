//! The main job: a chaotic rundown becomes scripts, quotes and runtimes, and only what must run runs.

use crate::{HOST, LEAK, PRODUCTION, QUOTES, messy_episode};
use show_tests::Show;

#[test]
fn a_messy_episode_becomes_scripts_quotes_and_runtimes_and_the_repairs_stand_in_it() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();

    let host = show.read(HOST);
    assert!(host.contains("The Kettle Report") && host.contains("And then the host spoke."), "{host}");
    assert!(!host.contains("Notes never reach"), "notes are not printed");
    assert!(!host.contains("Not yet."), "drafts are not printed");
    assert!(show.read(PRODUCTION).contains("watched-pot"));
    let quotes: serde_json::Value = serde_json::from_str(&show.read(QUOTES)).expect("quotes.json is JSON");
    assert_eq!(quotes["metadata"]["total_quotes"], 2);

    let leak = show.read("episodes/0900/rundown/20 Leak.md");
    assert!(leak.contains("\n\n<!-- Begin Cue -->\n"), "markers are canonical, with a blank line before:\n{leak}");
    assert!(leak.contains("<!-- End Cue -->\n\nAnd then the host spoke.\n"), "glued text stands on its own:\n{leak}");
    assert!(!leak.contains("pending") && leak.contains("[AssetID: FSQ"), "the id is minted:\n{leak}");
    assert!(leak.contains("Water came out of it, slowly at first."));
    assert!(show.read("episodes/0900/info.md").contains("total_runtime:"));
    assert!(show.read("episodes/0900/info.md").contains("duration: 00:00:30"), "the target is a person's");
}

#[test]
fn an_edit_runs_only_what_depends_on_it() {
    let mut show = Show::new();
    messy_episode(&show);
    show.write("episodes/0901/info.md", "---\nepisode_number: 901\nstatus: draft\ntitle: Other\n---\n");
    show.start();
    show.idle();
    let before = ended(&show);
    let later = show.read("episodes/0900/rundown/30 Later.md").replace("Not yet.", "Not yet, but soon.");
    show.write("episodes/0900/rundown/30 Later.md", later);
    show.idle();
    let ran: Vec<_> = ended(&show).into_iter().filter(|job| !before.contains(job)).collect();
    assert!(ran.iter().all(|(subject, ..)| subject == "episodes/0900/"), "{ran:?}");
    assert!(ran.iter().any(|(_, step, _)| step == "scan"), "{ran:?}");
    assert!(ran.iter().all(|(_, step, element)| step != "cue_repair" || element.contains("later")), "{ran:?}");
}

#[test]
fn a_conflict_copy_changes_nothing_and_holds_back_writing_to_its_original() {
    let mut show = Show::new();
    messy_episode(&show);
    let copy = "episodes/0900/rundown/20 Leak.sync-conflict-20260801-081936-ABCDEF2.md";
    show.write(copy, LEAK.replace("slowly at first", "all at once"));
    show.start();
    show.seen(&["scan"]);
    let status = show.json(&["status"]);
    assert!(!show.ctl(&["wait", "--idle", "--before-quiet", "--timeout", "100s"]).out.contains("panicked"));
    assert_eq!(show.read("episodes/0900/rundown/20 Leak.md"), LEAK, "nothing is written until it is settled");
    assert!(!show.read(HOST).contains("all at once"), "{status}");
    std::fs::remove_file(show.share().join(copy)).expect("a person settles it");
    show.idle();
    assert!(!show.read("episodes/0900/rundown/20 Leak.md").contains("pending"));
}

/// Jobs that really ran: subject, step, element.
fn ended(show: &Show) -> Vec<(String, String, String)> {
    let page = show.json(&["jobs", "--limit", "500"]);
    let jobs = page["jobs"].as_array().expect("a list of jobs");
    let ran = jobs
        .iter()
        .filter(|job| ["succeeded", "succeeded_with_errors", "failed"].contains(&text(job, "state").as_str()));
    let mut ran: Vec<_> = ran
        .map(|job| (job["job"].as_u64().unwrap_or(0), text(job, "subject"), text(job, "step"), text(job, "element")))
        .collect();
    ran.sort();
    ran.into_iter().map(|(id, subject, step, element)| (subject, step, format!("{element}#{id}"))).collect()
}

fn text(value: &serde_json::Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
