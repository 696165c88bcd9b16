//! What a person deletes on another device while showd has work for it.

use super::{NOTE, chaos, text};
use serde_json::json;
use show_tests::Show;
use show_tests::syncthing::{Cluster, until};

/// A note that showd has to mend.
fn broken() -> String {
    text::note(10, "Cold Open").replace("<!-- Begin", "<<!-- Begin").replace("<!-- End", "<<!-- End")
}

/// Two nodes with a season that showd, at the first, is done with.
fn stage() -> Option<(Cluster, Show)> {
    let cluster = Cluster::of(&["a", "b"])?;
    text::lay_out(cluster.node("a").folder());
    cluster.settle();
    let show = chaos::showd(cluster.node("a"));
    show.idle();
    cluster.settle();
    Some((cluster, show))
}

fn writes(show: &Show) -> usize {
    let log = show.ctl(&["follow", "--no-wait", "--from", "1", "--json"]).out;
    log.lines().filter(|line| line.contains("\"publish.done\"") && line.contains(NOTE)).count()
}

#[test]
fn a_note_that_is_deleted_elsewhere_while_showd_waits_to_write_it_stays_deleted() {
    let Some((cluster, mut show)) = stage() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    b.save(NOTE, broken());
    a.wait_for(NOTE, broken());
    until("showd waits to mend it", || {
        let waiting = show.json(&["jobs", "--step", "weave", "--state", "waiting,publishing", "--limit", "50"]);
        let jobs: Vec<String> =
            waiting["jobs"].as_array().into_iter().flatten().map(|job| job["job"].to_string()).collect();
        jobs.iter().any(|job| show.ctl(&["why", job]).out.contains("it was changed on b a moment ago"))
    });
    let before = writes(&show);
    std::fs::remove_file(b.folder().join(NOTE)).expect("the folder is writable");
    b.scan(NOTE);
    until("it is gone here too", || !a.folder().join(NOTE).exists());
    show.idle();
    cluster.settle();
    assert_eq!(writes(&show), before, "nothing was written there");
    assert!(!a.folder().join(NOTE).exists() && !b.folder().join(NOTE).exists(), "it stays deleted");
    show.stop();
}

/// In this order 1.x puts the text back and keeps no sign that there was a deletion: whoever deleted it deletes it again.
#[test]
fn a_deletion_that_nobody_has_heard_of_may_be_undone_by_a_write_and_takes_no_word_along() {
    let Some((cluster, mut show)) = stage() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    b.change_folder(&json!({ "fsWatcherEnabled": false }));
    cluster.settle();
    let before = writes(&show);
    a.save(NOTE, broken());
    b.wait_for(NOTE, broken());
    std::fs::remove_file(b.folder().join(NOTE)).expect("the folder is writable");
    until("showd has mended it", || writes(&show) > before);
    cluster.settle();
    show.idle();
    cluster.settle();
    let there = std::fs::read_to_string(b.folder().join(NOTE)).ok();
    eprintln!("a deletion that crossed a write: {}", if there.is_some() { "undone" } else { "stands" });
    assert_eq!(there, std::fs::read_to_string(a.folder().join(NOTE)).ok());
    assert!(there.is_none_or(|there| there.contains("Then the water came")));
    assert_eq!(a.conflicts(), [""; 0]);
    show.stop();
}
