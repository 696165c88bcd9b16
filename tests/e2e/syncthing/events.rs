//! Events of Syncthing that nobody heard: more of them than it remembers, another start, a showd that stood still.

use super::{Asker, NOTE, chaos, text};
use show_core::Disquiet;
use show_tests::Show;
use show_tests::syncthing::{Cluster, Node, until};
use showd::config::Away;
use std::fs;
use std::path::Path;

/// Syncthing remembers a thousand events of a kind.
const MANY: usize = 1_500;

/// So many small files at once, which then lie at `other` as well.
fn flood(node: &Node, other: &Node, dir: &str) {
    let folder = node.folder().join(dir);
    fs::create_dir_all(&folder).expect("the folder is writable");
    for nth in 0..MANY {
        fs::write(folder.join(format!("take {nth}.log")), format!("{nth}\n")).expect("the folder is writable");
    }
    node.scan(dir);
    until("all of them arrive", || count(&other.folder().join(dir)) == MANY);
}

fn count(dir: &Path) -> usize {
    fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|one| !one.file_name().as_encoded_bytes().starts_with(b"."))
        .count()
}

#[test]
fn what_was_said_in_more_events_than_syncthing_remembers_is_learnt_all_the_same() {
    let Some(cluster) = Cluster::of(&["a", "b", "c"]) else { return };
    let (a, b, c) = (cluster.node("a"), cluster.node("b"), cluster.node("c"));
    b.save(NOTE, "from b\n");
    a.wait_for(NOTE, "from b\n");
    cluster.wait_in_sync();
    let asker = Asker::of(a, Away::Strict).up();
    until("the note is quiet", || asker.look(NOTE).is_empty());

    let stall = asker.stall();
    // The follower hangs in this one's hint.
    b.save("episodes/0900/info.md", "from b\n");
    a.wait_for("episodes/0900/info.md", "from b\n");
    // Then c edits for the first time, and only an event says so.
    c.save("episodes/0900/rundown/20 Leak.md", "from c\n");
    a.wait_for("episodes/0900/rundown/20 Leak.md", "from c\n");
    flood(b, a, "episodes/0900/captures");
    b.save(NOTE, "newer, from b\n");
    a.wait_for(NOTE, "newer, from b\n");
    cluster.wait_in_sync();
    cluster.cut("a", "c");
    drop(stall);
    asker.wait_for_scan();
    let c_is_away = [Disquiet::EditorsAway { devices: vec!["c".into()] }];
    until("c is waited for", || asker.look(NOTE) == c_is_away);
    assert_eq!(asker.edited_by(NOTE).as_deref(), Some("b"));
    cluster.mend("a", "c");
    until("c is back", || asker.look(NOTE).is_empty());
}

#[test]
fn a_syncthing_that_was_started_anew_while_nobody_listened_is_another_one() {
    let Some(mut cluster) = Cluster::of(&["a", "b"]) else { return };
    let asker = Asker::of(cluster.node("a"), Away::Strict).up();
    for nth in 0..5 {
        cluster.node("b").save(NOTE, format!("{nth}\n"));
        cluster.node("a").wait_for(NOTE, format!("{nth}\n"));
    }
    asker.wait_for_hint(NOTE);
    let stall = asker.stall();
    cluster.node("b").save("episodes/0900/info.md", "from b\n");
    cluster.node("a").wait_for("episodes/0900/info.md", "from b\n");
    cluster.node_mut("a").kill();
    cluster.node_mut("a").start();
    cluster.wait_connected();
    cluster.node("b").save(NOTE, "newer\n");
    cluster.node("a").wait_for(NOTE, "newer\n");
    cluster.wait_in_sync();
    drop(stall);
    asker.wait_for_scan();
    until("the note is quiet", || asker.sync.is_up() && asker.look(NOTE).is_empty());
    cluster.node("b").save(NOTE, "newest\n");
    asker.wait_for_hint(NOTE);
    until("the note is quiet", || asker.look(NOTE).is_empty());
}

#[test]
#[ignore = "minutes long: tests/run.sh --long"]
fn a_showd_that_stood_still_through_a_flood_has_all_of_it_afterwards() {
    let Some(cluster) = Cluster::of(&["a", "b"]) else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    text::lay_out_small(a.folder());
    cluster.settle();
    let mut show = chaos::showd_with(a, "remote_quiet = \"1s\"\n");
    show.idle();
    cluster.settle();
    let files = |show: &Show| show.json(&["shares"])["shares"][0]["files"].as_u64().expect("a number");
    let before = files(&show);

    show.freeze();
    flood(b, a, "episodes/0900/captures");
    let broken = text::note(10, "Cold Open").replace("<!-- Begin", "<<!-- Begin").replace("<!-- End", "<<!-- End");
    b.save(NOTE, &broken);
    a.wait_for(NOTE, &broken);
    cluster.wait_in_sync();
    show.thaw();
    show.idle();
    assert_eq!(files(&show), before + MANY as u64);
    until("what came last is mended on both", || {
        let text = fs::read_to_string(b.folder().join(NOTE)).unwrap_or_default();
        text.contains("<!-- Begin Cue") && !text.contains("<<!--")
    });
    assert!(show.log().contains("events went on without us"), "it is said in the log");
    cluster.settle();
    assert_eq!(a.conflicts(), [""; 0]);
    show.stop();
}
