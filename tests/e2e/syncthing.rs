//! Real Syncthing nodes: that the rig of these tests is what it says.

use serde_json::json;
use show_tests::syncthing::Cluster;

const NOTE: &str = "episodes/0900/rundown/10 Cold Open.md";

#[test]
fn two_nodes_carry_a_save_a_conflict_and_a_restart() {
    let Some(mut cluster) = Cluster::of(&["a", "b"]) else { return };
    cluster.node("a").save(NOTE, "one\n");
    cluster.node("b").wait_for(NOTE, "one\n");
    cluster.wait_in_sync();
    assert_eq!(cluster.node("b").file(NOTE).expect("it is known")["local"]["size"], 4);
    assert!(cluster.node("b").file("nothing.md").is_none());

    cluster.cut("a", "b");
    cluster.node("a").save(NOTE, "of a\n");
    cluster.node("b").save(NOTE, "of b, later\n");
    cluster.mend("a", "b");
    cluster.settle();
    assert_eq!(cluster.node("a").conflicts().len(), 1);
    assert_eq!(cluster.node("a").conflicts(), cluster.node("b").conflicts());
    cluster.node("a").wait_for(NOTE, "of b, later\n");

    cluster.node_mut("b").kill();
    cluster.node("a").save(NOTE, "while b is away\n");
    cluster.node_mut("b").start();
    cluster.wait_connected();
    cluster.node("b").wait_for(NOTE, "while b is away\n");
    cluster.node("b").change_folder(&json!({ "fsWatcherEnabled": false }));
    cluster.settle();
}
