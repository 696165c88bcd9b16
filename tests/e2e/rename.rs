//! Episodes and notes that people rename, move and copy: what was known of them goes with them.

use crate::{LEAK, QUOTES, messy_episode};
use show_tests::Show;
use show_tests::syncthing::Cluster;
use std::fs;

const LEAK_PATH: &str = "episodes/0900/rundown/20 Leak.md";

fn rename(show: &Show, from: &str, to: &str) {
    let share = show.share();
    fs::rename(share.join(from), share.join(to)).unwrap_or_else(|cause| panic!("{from} to {to}: {cause}"));
}

/// The origins of all versions of a note, newest first.
fn origins(show: &Show, path: &str) -> Vec<String> {
    let history = show.json(&["history", path]);
    let revisions = history["revisions"].as_array().expect("a list of versions");
    revisions.iter().map(|one| one["origin"].as_str().expect("an origin").to_owned()).collect()
}

fn failed(show: &Show) -> Vec<String> {
    let page = show.json(&["jobs", "--state", "failed"]);
    page["jobs"].as_array().expect("a list of jobs").iter().map(ToString::to_string).collect()
}

/// The value of a key of the front matter.
fn value(text: &str, key: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {key} in {text}")).trim().to_owned()
}

/// What is true of a note and of an output of its episode after a person has renamed and then changed them.
fn is_followed(show: &Show, note: &str, quotes: &str, before: &str) {
    let now = show.read(note);
    let (was, is) = (value(before, "duration"), value(&now, "duration"));
    assert!(!was.is_empty() && was != is, "the duration that we wrote is still ours: {was}, {is}\n{}", show.log());
    assert_eq!(failed(show), [""; 0]);
    assert!(show.read(quotes).contains("Drop by drop."), "our output is replaced: {}", show.read(quotes));
    let origins = origins(show, note);
    assert!(origins.iter().any(|origin| origin == &format!("renamed from {LEAK_PATH}")), "{origins:?}");
    assert!(origins.iter().any(|origin| origin.starts_with("weave")), "{origins:?}");
    let first = show.ctl(&["show", note, "1"]);
    assert_eq!(first.out, LEAK, "{first:?}");
    let blame = show.ctl(&["blame", note]);
    assert!(blame.code == 0 && blame.out.contains("duration"), "{blame:?}");
}

/// More words, and another quote.
fn edited(text: &str) -> String {
    let more = "And it went on for a good long while, until nobody in the kitchen said a word. ".repeat(20);
    text.replace("slowly at first.", &format!("slowly at first. {more}")).replace("\"Drip.\"", "\"Drop by drop.\"")
}

#[test]
fn an_episode_that_is_renamed_stays_what_it_was() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    let before = show.read(LEAK_PATH);
    show.noticed(|| rename(&show, "episodes/0900", "episodes/0902"));
    show.idle();
    let note = "episodes/0902/rundown/20 Leak.md";
    show.noticed(|| show.write(note, edited(&show.read(note))));
    show.idle();
    is_followed(&show, note, "episodes/0902/assets/quotes/quotes.json", &before);
    assert!(!show.exists("episodes/0900"));
    // What stood there before it was renamed can be compared and put back.
    let diff = show.ctl(&["diff", note, "1"]);
    assert!(diff.out.contains("+duration: "), "{diff:?}");
    let history = show.json(&["history", note]);
    let revisions = history["revisions"].as_array().expect("a list of versions");
    let named = revisions.iter().find(|one| one["origin"].as_str().is_some_and(|origin| origin.starts_with("renamed")));
    let named = named.expect("the version with which it was renamed")["revision"].to_string();
    let restored = show.ctl(&["restore", note, &named]);
    assert_eq!(restored.code, 0, "{restored:?}");
    show.idle();
    assert!(show.read(note).contains("\"Drip.\""), "{}", show.read(note));
}

#[test]
fn an_episode_that_is_renamed_and_changed_while_nobody_looks_stays_what_it_was() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    let before = show.read(LEAK_PATH);
    show.stop();
    rename(&show, "episodes/0900", "episodes/0902");
    let note = "episodes/0902/rundown/20 Leak.md";
    show.write(note, edited(&before));
    show.start();
    show.idle();
    is_followed(&show, note, "episodes/0902/assets/quotes/quotes.json", &before);
}

#[test]
fn a_note_that_is_renamed_stays_what_it_was() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    let before = show.read(LEAK_PATH);
    let note = "episodes/0900/rundown/25 Leak again.md";
    show.noticed(|| rename(&show, LEAK_PATH, note));
    show.idle();
    show.noticed(|| show.write(note, edited(&show.read(note))));
    show.idle();
    is_followed(&show, note, QUOTES, &before);
    show.stop();
    // Away and changed while nobody looks.
    let last = "episodes/0900/rundown/35 Leak at last.md";
    rename(&show, note, last);
    show.write(last, show.read(last).replace("Water came out of it", "Water had come out of it"));
    show.start();
    show.idle();
    let origins = origins(&show, last);
    assert!(origins.iter().any(|origin| *origin == format!("perhaps renamed from {note}")), "{origins:?}");
    assert!(origins.iter().any(|origin| *origin == format!("renamed from {LEAK_PATH}")), "{origins:?}");
}

#[test]
fn a_copy_of_an_episode_is_a_new_one_in_which_nothing_of_ours_is_in_the_way() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    let before = show.read(LEAK_PATH);
    let copy = |to: &str| {
        let share = show.share();
        let mut copy = std::process::Command::new("cp");
        copy.arg("-r").arg(share.join("episodes/0900")).arg(share.join(to));
        assert!(copy.status().expect("cp runs").success());
    };
    show.noticed(|| copy("episodes/0903"));
    show.idle();
    let note = "episodes/0903/rundown/20 Leak.md";
    show.noticed(|| show.write(note, edited(&show.read(note))));
    show.idle();
    let now = show.read(note);
    assert_ne!(value(&before, "duration"), value(&now, "duration"), "{}", show.log());
    assert_eq!(failed(&show), [""; 0]);
    assert!(show.read("episodes/0903/assets/quotes/quotes.json").contains("Drop by drop."));
    assert!(show.read(QUOTES).contains("Drip."), "and the old one is as it was");
    assert!(origins(&show, note).iter().all(|origin| !origin.starts_with("renamed")));
}

#[test]
fn an_episode_that_is_renamed_on_another_machine_stays_what_it_was() {
    let Some(cluster) = Cluster::of(&["a", "b"]) else { return };
    let (here, there) = (cluster.node("a"), cluster.node("b"));
    let mut show = Show::new();
    fs::remove_dir_all(show.share()).expect("our own folder");
    std::os::unix::fs::symlink(here.folder(), show.share()).expect("its name is free");
    let clocks = "settle = \"200ms\"\nsettle_media = \"200ms\"\nquiet = \"600ms\"\n";
    show.configure_whole(&format!("{clocks}[share.show]\npath = {:?}\n", here.folder()));
    messy_episode(&show);
    show.start();
    show.idle();
    cluster.settle();
    let before = show.read(LEAK_PATH);
    show.noticed(|| {
        let episodes = there.folder().join("episodes");
        fs::rename(episodes.join("0900"), episodes.join("0902")).expect("it came there");
        cluster.settle();
    });
    show.idle();
    cluster.settle();
    let note = "episodes/0902/rundown/20 Leak.md";
    show.noticed(|| {
        let text = fs::read_to_string(there.folder().join(note)).expect("it is there as well");
        there.save(note, edited(&text));
        cluster.settle();
    });
    show.idle();
    is_followed(&show, note, "episodes/0902/assets/quotes/quotes.json", &before);
    cluster.settle();
    assert!(!there.folder().join("episodes/0900").exists() && !show.exists("episodes/0900"));
    assert_eq!(here.conflicts(), [""; 0]);
}
