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
    text::lay_out_small(cluster.node("a").folder());
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

/// Without where the lines end.
fn why(show: &Show, about: &str) -> String {
    show.ctl(&["why", about]).out.split_whitespace().collect::<Vec<_>>().join(" ")
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
        jobs.iter().any(|job| why(&show, job).contains("it was changed on b a moment ago"))
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

/// Outputs are ours: what somebody deletes is made again, as long as that does not go on and on.
#[test]
fn an_output_that_is_deleted_elsewhere_is_made_again_until_somebody_does_so_each_time() {
    const HOST: &str = "episodes/0900/scripts/current/0900-host.html";
    let Some((cluster, mut show)) = stage() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let (here, there) = (a.folder().join(HOST), b.folder().join(HOST));
    let text = std::fs::read(&here).expect("it was made");
    let from = show.next_event();
    let delete = || {
        std::fs::remove_file(&there).expect("it is there");
        b.scan(HOST);
    };
    let made_again = || told(&show, from, "publish.done");
    for times in 1..=7 {
        assert!(!show.json(&["doctor"]).to_string().contains("left alone"));
        delete();
        until("it is made again", || {
            made_again() == times && !b.file(HOST).is_some_and(|file| file["local"]["deleted"] == true)
        });
        b.wait_for(HOST, &text);
        cluster.wait_in_sync();
    }
    delete();
    until("it is gone here too", || !here.exists());
    show.idle();
    cluster.settle();
    assert_eq!(made_again(), 7, "and then no more");
    let why = why(&show, HOST);
    assert!(why.contains("somebody undid what showd wrote to") && why.contains("showctl release"), "{why}");
    let doctor = show.json(&["doctor"]).to_string();
    assert!(doctor.contains("7 times, so it is left alone for another"), "{doctor}");
    assert!(!here.exists() && !there.exists());
    assert_eq!(show.ctl(&["release", HOST]).code, 0);
    b.wait_for(HOST, &text);
    assert!(!show.json(&["doctor"]).to_string().contains("left alone"));
    show.stop();
}

fn told(show: &Show, from: u64, kind: &str) -> usize {
    let log = show.ctl(&["follow", "--no-wait", "--from", &from.to_string(), "--json"]).out;
    log.lines().filter(|line| line.contains(kind) && line.contains("0900-host.html")).count()
}
