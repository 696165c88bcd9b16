//! What a share says of devices that are away, told by showd to the person who asks why.

use super::{NOTE, chaos, text};
use show_tests::Show;
use show_tests::syncthing::{Cluster, until};

/// A note that b edited and showd has to mend, with b gone.
fn stage() -> Option<Cluster> {
    let cluster = Cluster::of(&["a", "b"])?;
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    text::lay_out_small(a.folder());
    cluster.settle();
    b.save(NOTE, broken());
    a.wait_for(NOTE, broken());
    cluster.settle();
    cluster.cut("a", "b");
    Some(cluster)
}

fn broken() -> String {
    text::note(10, "Cold Open").replace("<!-- Begin", "<<!-- Begin").replace("<!-- End", "<<!-- End")
}

fn is_mended(cluster: &Cluster) -> bool {
    let text = std::fs::read_to_string(cluster.node("a").folder().join(NOTE)).unwrap_or_default();
    text.contains("<!-- Begin Cue") && !text.contains("<<!--")
}

fn why(show: &Show) -> String {
    show.ctl(&["why", NOTE]).out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_strict_share_waits_for_a_device_by_its_name_and_a_bold_one_does_not() {
    let Some(cluster) = stage() else { return };
    let mut show = chaos::showd_with(cluster.node("a"), "remote_quiet = \"0s\"\naway = \"strict\"\n");
    until("b is waited for", || {
        why(&show).contains("is not quiet: people edit this share on devices that are away: b")
    });
    assert!(!is_mended(&cluster));
    show.kill();
    show.start();
    until("b is still waited for", || why(&show).contains("devices that are away: b"));
    assert!(!is_mended(&cluster));
    show.stop();

    let mut show = chaos::showd_with(cluster.node("a"), "remote_quiet = \"0s\"\naway = \"bold\"\n");
    show.idle();
    assert!(is_mended(&cluster), "{}", show.log());
    show.stop();
}

#[test]
fn a_share_that_gives_grace_waits_for_a_device_that_was_here_today() {
    let Some(cluster) = stage() else { return };
    let mut show = chaos::showd_with(cluster.node("a"), "remote_quiet = \"0s\"\naway = \"grace\"\naway_days = 1\n");
    until("b is waited for", || why(&show).contains("devices that are away: b"));
    assert!(!is_mended(&cluster));
    cluster.mend("a", "b");
    show.idle();
    assert!(is_mended(&cluster), "{}", show.log());
    show.stop();
}
