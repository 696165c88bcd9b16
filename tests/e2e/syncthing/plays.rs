//! The plays: who is on the stage, and what must be true when it is calm again.

use super::chaos::{self, Play, Writer};
use super::count::Count;
use super::{outputs, text};
use std::collections::BTreeMap;

/// Edits of a play: a minute's worth, or an hour's. `SHOW_CHAOS_EDITS=N` plays as many as you like.
fn edits(short: usize) -> usize {
    if let Some(edits) = std::env::var("SHOW_CHAOS_EDITS").ok().and_then(|edits| edits.parse().ok()) {
        return edits;
    }
    if std::env::var("SHOW_LONG").is_ok_and(|long| long == "yes") { 10_000 } else { short }
}

fn seed() -> u64 {
    std::env::var("SHOW_CHAOS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

/// Plays, counts and prints. None: not shown here.
fn played(nodes: &'static [&'static str], edits: usize, writer: Writer) -> Option<Count> {
    let seed = seed();
    let (mut stage, book, memory) = Play { seed, nodes, edits, writer }.run()?;
    let mut events = BTreeMap::<String, usize>::new();
    let mut count = Count::of(&stage, &book, &memory);
    let mut left = Vec::new();
    if let Some(show) = &stage.show {
        left.clone_from(show.json(&["conflicts"])["conflicts"].as_array().expect("a list"));
        stage.settle_conflicts();
    }
    let mut settled = BTreeMap::<String, Vec<String>>::new();
    let archive = stage.show.as_mut().map(|show| {
        let log = show.ctl(&["follow", "--no-wait", "--from", "1", "--json"]).out;
        for line in log.lines() {
            let event: serde_json::Value = serde_json::from_str(line).expect("an event is a line of JSON");
            let kind = event["kind"].as_str().unwrap_or("?");
            if kind.starts_with("conflict") {
                let text = event["text"].as_str().unwrap_or_default();
                let file = event["file"].as_str().unwrap_or_default();
                settled.entry(text::original(file)).or_default().push(format!("{file}: {text}"));
                *events.entry(format!("{kind}: {text}")).or_default() += 1;
            }
            if kind.starts_with("publish") || kind.starts_with("file") || kind.starts_with("weave") {
                let is_note = event["file"].as_str().is_some_and(text::is_markdown);
                let kind = if is_note { format!("{kind} of a note") } else { kind.to_owned() };
                *events.entry(kind).or_default() += 1;
            }
        }
        show.stop();
        show.state().join("blobs")
    });
    count.events = events;
    count.find_missing(&book, &memory, archive.as_deref());
    if archive.is_some() {
        count.differing = Some(outputs::that_differ(&stage.folders[0], chaos::CLOCKS));
    }
    let is_mergeable = |copy: &&serde_json::Value| copy["fit"] == "clean" || copy["is_open"] == false;
    count.mergeable = left.iter().filter(is_mergeable).map(|copy| copy["copy"].to_string()).collect();
    println!("{} nodes, {writer:?}, seed {seed}\n{count}", nodes.len());
    for copy in left {
        let places = copy["places"].as_array().into_iter().flatten().map(|place| &place["text"]);
        println!("left: {} ({}) {}: {:?}", copy["copy"], copy["fit"], copy["text"], places.collect::<Vec<_>>());
    }
    let stories = [
        &count.lost_to_the_writer,
        &count.lost_among_people,
        &count.only_in_history,
        &count.for_writer_stories,
        &count.avoidable,
        &count.unforeseen,
        &count.hasty,
    ];
    stories.into_iter().flatten().for_each(|story| println!("{story}"));
    for file in &count.only_in_history_of {
        println!("settled of {file}: {:#?}", settled.get(file));
    }
    println!("displaced: {:?}\ndiffering: {:?}", count.displaced, count.differing);
    Some(count)
}

#[test]
fn people_on_two_nodes_lose_no_word_to_showd() {
    let Some(count) = played(&["a", "b"], edits(100), Writer::Showd) else { return };
    is_right(&count);
}

#[test]
#[ignore = "minutes long: tests/run.sh --long"]
fn people_on_three_nodes_lose_no_word_to_showd() {
    let Some(count) = played(&["a", "b", "c"], edits(200), Writer::Showd) else { return };
    is_right(&count);
}

fn is_right(count: &Count) {
    assert!(count.lost_to_the_writer.is_empty(), "words are lost");
    assert_eq!(count.for_writer.all(), 0, "a person's text is never set aside for showd's");
    assert!(count.hasty.is_empty(), "a note that came from another device rests first");
    assert!(count.avoidable.is_empty(), "a conflict with showd is one that nobody could know of in time");
    let bound = 1 + count.writes / UNFORESEEN_PER_WRITES;
    assert!(count.unforeseen.len() <= bound, "more than {bound} conflicts that nobody could know of");
    assert!(count.mergeable.is_empty(), "what fits together is merged");
    assert!(count.only_in_history.is_empty(), "words that nobody deleted are in no note and in no copy");
    assert_eq!(count.left_of_writer, 0, "what was set aside of showd's is cleaned up");
    assert_eq!(count.differing, Some(Vec::new()), "outputs are those of the final texts");
}

/// People begin to type in the very second in which showd writes once in some thirty to fifty times.
const UNFORESEEN_PER_WRITES: usize = 15;

#[test]
fn a_naive_writer_in_the_same_place_loses_words() {
    let Some(count) = played(&["a", "b"], 120, Writer::Naive) else { return };
    let seen = count.lost_to_the_writer.len() + count.for_writer.all();
    assert!(seen > 0, "the harness does not see what it claims to see");
}
