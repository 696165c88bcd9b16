//! What people rename on another device while things go on here.

use super::{chaos, text};
use serde_json::json;
use show_tests::Show;
use show_tests::syncthing::{Cluster, until};
use std::fs;
use std::path::Path;

const OLD: &str = "episodes/0900/rundown/20 Leak.md";
const NEW: &str = "episodes/0900/rundown/25 Leak again.md";
const WORD: &str = "And then the lid came off.";

fn stage() -> Option<(Cluster, Show)> {
    let cluster = Cluster::of(&["a", "b"])?;
    text::lay_out_small(cluster.node("a").folder());
    cluster.settle();
    let show = chaos::showd_with(cluster.node("a"), "remote_quiet = \"1s\"\n");
    show.idle();
    cluster.settle();
    Some((cluster, show))
}

fn origins(show: &Show, path: &str) -> Vec<String> {
    let history = show.json(&["history", path]);
    let revisions = history["revisions"].as_array().expect("a list of versions");
    revisions.iter().map(|one| one["origin"].as_str().expect("an origin").to_owned()).collect()
}

/// Events from this number on that hold these words.
fn told(show: &Show, from: u64, words: &[&str]) -> usize {
    let log = show.ctl(&["follow", "--no-wait", "--from", &from.to_string(), "--json"]).out;
    log.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
}

fn calm(cluster: &Cluster, show: &Show) {
    cluster.settle();
    show.idle();
    cluster.settle();
}

fn no_job_failed(show: &Show) {
    let failed = show.json(&["jobs", "--state", "failed"])["jobs"].clone();
    assert_eq!(failed.as_array().map(Vec::len), Some(0), "{failed:#}");
}

/// Syncthing may bring the new name long before it takes the old one away, or the other way round.
#[test]
fn a_note_that_is_renamed_elsewhere_keeps_its_history_and_its_hold_and_its_old_name_stays_gone() {
    const LAST: &str = "episodes/0900/rundown/35 Leak at last.md";
    let Some((cluster, mut show)) = stage() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    b.change_folder(&json!({ "fsWatcherEnabled": false }));
    assert_eq!(show.ctl(&["hold", OLD]).code, 0);
    for (from, to, is_new_first) in [(OLD, NEW, true), (NEW, LAST, false)] {
        cluster.settle();
        let before = origins(&show, from);
        let since = show.next_event();
        let (gone, come) = (b.folder().join(from), b.folder().join(to));
        if is_new_first {
            // In one look its Syncthing would know it for a rename.
            fs::copy(&gone, &come).expect("the folder is writable");
            b.scan(to);
            until("the new name is here", || a.folder().join(to).exists());
            show.idle();
            fs::remove_file(gone).expect("it is there");
            b.scan(from);
        } else {
            fs::rename(gone, come).expect("the folder is writable");
            b.scan(from);
            until("the old name is gone here", || !a.folder().join(from).exists());
            show.idle();
            b.scan(to);
        }
        until("it is renamed here", || a.folder().join(to).exists() && !a.folder().join(from).exists());
        show.idle();
        cluster.settle();
        assert!(!a.folder().join(from).exists() && !b.folder().join(from).exists());
        let after = origins(&show, to);
        assert!(after.contains(&format!("renamed from {from}")), "{after:?}");
        assert!(before.iter().all(|origin| after.contains(origin)), "{before:?} {after:?}");
        let name = to.rsplit('/').next().expect("it has a name");
        assert!(show.ctl(&["locks"]).out.contains(name), "the hold goes with it");
        assert!(told(&show, since, &["\"build.new\""]) <= 4, "one for each, and one for what is then written");
        assert_eq!(told(&show, since, &["\"publish.done\"", "/rundown/"]), 0);
    }
    assert!(origins(&show, LAST).contains(&format!("renamed from {OLD}")));
    no_job_failed(&show);
    assert_eq!(a.conflicts(), [""; 0]);
    show.stop();
}

/// Where both happen before either is heard of, Syncthing keeps what was edited under the old name and what was renamed
/// under the new one. That is for people to settle; nothing that showd does makes it worse.
#[test]
fn a_note_that_is_renamed_there_in_the_second_in_which_it_is_edited_here_loses_no_word() {
    let Some((cluster, mut show)) = stage() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let from = show.next_event();
    let edited = fs::read_to_string(a.folder().join(OLD)).expect("it is there") + "\n" + WORD + "\n";
    fs::rename(b.folder().join(OLD), b.folder().join(NEW)).expect("the folder is writable");
    fs::write(a.folder().join(OLD), &edited).expect("the folder is writable");
    b.scan("episodes/0900/rundown");
    calm(&cluster, &show);
    let with_word = |folder: &Path| {
        [OLD, NEW].map(|path| fs::read_to_string(folder.join(path)).is_ok_and(|text| text.contains(WORD)))
    };
    let places = with_word(a.folder());
    let names = [OLD, NEW].map(|path| a.folder().join(path).exists());
    eprintln!("edited and renamed: there is {names:?} of the old name and the new, and the word stands in {places:?}");
    assert!(places.contains(&true));
    assert_eq!(places, with_word(b.folder()));
    let script = fs::read_to_string(a.folder().join("episodes/0900/scripts/current/0900-host.html"));
    assert!(script.expect("it is there").contains(WORD));
    // Neither name is written in turn with anybody.
    let from_now = show.next_event();
    calm(&cluster, &show);
    assert_eq!(told(&show, from_now, &["\"build.new\""]), 0);
    assert!(told(&show, from, &["\"publish.done\"", "rundown/2"]) <= 4);
    no_job_failed(&show);
    assert_eq!(a.conflicts(), [""; 0]);
    show.stop();
}

#[test]
fn an_attempt_that_runs_when_its_folder_is_renamed_elsewhere_has_its_result_under_the_new_name() {
    let Some(cluster) = Cluster::of(&["a", "b"]) else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let gate = tempfile::tempdir().expect("a temporary folder");
    let (folder, home, path) = (a.folder(), a.home(), gate.path());
    let mut show = Show::new();
    show.configure_whole(&format!(
        "{}[syncthing]\nhome = {home:?}\n[share.show]\npath = {folder:?}\nremote_quiet = \"1s\"\n\
         [pipeline.show-build]\nenabled = false\n\
         [pipeline.slow]\nsubject = \"slow/{{name}}/\"\non = [\"in.txt\"]\n\
         [[pipeline.slow.step]]\nname = \"brew\"\nin.leaves = {{ file = \"in.txt\" }}\nout.tea = \"tea.txt\"\nreads = [{path:?}]\n\
         run = [\"sh\", \"-c\", \"until [ -e {}/go ]; do sleep 0.05; done; cat {{in.leaves}} > {{out.tea}}\"]\n",
        chaos::CLOCKS,
        path.display()
    ));
    a.save("slow/one/in.txt", "leaves\n");
    cluster.settle();
    show.start();
    show.seen(&["job.started", "brew"]);
    let from = show.next_event();
    fs::rename(b.folder().join("slow/one"), b.folder().join("slow/two")).expect("it came there");
    b.scan("slow");
    until("the folder is renamed here", || {
        a.folder().join("slow/two/in.txt").exists() && !a.folder().join("slow/one").exists()
    });
    show.seen_from(from, &["job.started", "brew"]);
    fs::write(gate.path().join("go"), "").expect("the gate opens");
    show.idle();
    b.wait_for("slow/two/tea.txt", "leaves\n");
    calm(&cluster, &show);
    assert!(!a.folder().join("slow/one").exists() && !b.folder().join("slow/one").exists(), "nothing brings it back");
    no_job_failed(&show);
    show.stop();
}
