//! Section 8.2 of the specification.

use crate::episode::{COLD_OPEN, Episode, cue};
use show_script::duration::Duration;
use show_script::edit::Edit;
use show_script::item::Document;
use show_script::runtime::{Exact, Rates, edit_info, edit_item, measure, runtime};

fn total(text: &str) -> String {
    format!("{} ms", measure(&Document::parse(text), &Rates::default()).total().ms())
}

fn edits(text: &str, ours: Option<&str>) -> (Vec<String>, Vec<String>) {
    let document = Document::parse(text);
    let measured = measure(&document, &Rates::default());
    let out = edit_item(&document, &measured, ours);
    let said =
        out.diagnostics.iter().map(|it| format!("{} {} {}", it.code.name(), it.severity.word(), it.message)).collect();
    (out.edits.iter().map(told).collect(), said)
}

fn told(edit: &Edit) -> String {
    match edit {
        Edit::SetKey { key, value, was, .. } => format!("{key}: {was:?} -> {value}"),
        Edit::SetField { field, value, was, .. } => format!("[{field}]: {was:?} -> {value}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn the_vector_of_the_specification_comes_to_30_point_3_seconds() {
    let document = Document::parse(COLD_OPEN);
    let measured = measure(&document, &Rates::default());
    assert_eq!(measured.words, 27);
    assert_eq!(measured.prose, Exact::of(Duration::from_ms(10_800)));
    assert_eq!(measured.cues, Exact::of(Duration::from_ms(19_500)));
    assert_eq!(measured.total().rounded().written(), "00:00:30");
    assert_eq!(edits(COLD_OPEN, None).0, ["[Duration]: \"\" -> 00:00:07", "duration: \"00:00:00\" -> 00:00:30"]);
}

#[test]
fn a_second_run_writes_nothing() {
    let written = COLD_OPEN
        .replace("duration: 00:00:00", "duration: 00:00:30")
        .replace("[Part: 1x1]", "[Part: 1x1]\n[Duration: 00:00:07]");
    assert_eq!(edits(&written, Some("00:00:30")), (vec![], vec![]));
    assert_eq!(edits(&written, None), (vec![], vec![]));
}

#[test]
fn counted_is_what_is_read_aloud() {
    let words = |body: &str| measure(&Document::parse(body), &Rates::default()).words;
    assert_eq!(words("## Notes\n\nno no\n\n## Script\n\n### no\n\n<!-- no -->\n\none **two** *three* __four__"), 4);
    assert_eq!(words("see [the paper](https://kettle.example/x) <b>now</b>&nbsp;please"), 5);
    assert_eq!(words("Tom &amp; Jerry — 100%"), 5);
    assert_eq!(words("<rev>a b|c d e</rev> <rev>|new</rev>"), 2);
    assert_eq!(words("*** mind the steam"), 3);
    assert_eq!(words("[MediaURL: x.png]\n\n<img src=\"x\">"), 0);
}

#[test]
fn each_kind_of_cue_adds_what_its_row_says() {
    for (fields, ms) in [
        ("[Type: SOT]\n[Duration: 00:00:12]", 12_000),
        ("[Type: SOT]", 30_000),
        ("[Type: SOT]\n[Duration: Calculating...]", 30_000),
        ("[Type: SOT]\n[Duration: 00:00:00]", 30_000),
        ("[Type: PKG]\n[Duration: 00:00:07:15]", 7_500),
        ("[Type: LIVE]", 30_000),
        ("[Type: MUS]\n[Duration: 15]", 15_000),
        ("[Type: VO]\n[Duration: 00:00:12]", 0),
        ("[Type: FSQ]\n[Quote: \"one two three\"]\n[Duration: 00:01:00]", 1_500),
        ("[Type: FSQ]", 10_000),
        ("[Type: ADLIB]", 60_000),
        ("[Type: ADLIB, Duration: 00:00:20]", 20_000),
        ("[Type: GFX]\n[Duration: 00:00:15]", 0),
        ("[Type: NOTE]\n[Note Text: many words here]", 0),
        ("[Type: HOLOGRAM]\n[Duration: 00:00:15]", 0),
    ] {
        assert_eq!(total(&cue(fields)), format!("{ms} ms"), "{fields}");
    }
}

#[test]
fn a_speaker_may_have_a_rate_of_their_own_and_sums_stay_exact() {
    let mut rates = Rates::default();
    rates.by_speaker.insert("guest".into(), 180);
    rates.by_speaker.insert("host".into(), 170);
    let text = "<p class=\"Guest\">one</p>\n\n<p class=\"guest\">two three</p>\n\n<p class=\"host\">a b c</p>\n\ndefault too here\n\n<p class=\"caller\">slow</p>";
    let total = measure(&Document::parse(text), &rates).total();
    let want = Exact::of_words(3, 180) + Exact::of_words(6, 170) + Exact::of_words(1, 150);
    assert_eq!(total, want);
}

fn item(duration: &str, body: &str) -> String {
    format!("---\ntitle: Tea\n{duration}---\n{body}\n")
}

#[test]
fn an_item_duration_is_written_where_it_is_empty_or_ours() {
    let body = cue("[Type: SOT]\n[Duration: 00:00:12]");
    for empty in
        ["", "duration:\n", "duration: ''\n", "duration: 00:00:00:00\n", "duration: 0\n", "duration: Calculating...\n"]
    {
        assert_eq!(edits(&item(empty, &body), None).0.len(), 1, "{empty}");
    }
    assert_eq!(edits(&item("duration: 00:00:40\n", &body), Some("00:00:40")).0, ["duration: \"00:00:40\" -> 00:00:12"]);
}

#[test]
fn a_typed_duration_stays_and_the_difference_is_said() {
    let body = cue("[Type: SOT]\n[Duration: 00:00:12]");
    let (edits_made, said) = edits(&item("duration: 00:00:40\n", &body), Some("00:00:39"));
    assert_eq!(edits_made, [""; 0]);
    assert_eq!(said, ["DURATION_DIFFERS info duration 00:00:40 was typed, the item runs 00:00:12"]);
    assert_eq!(edits(&item("duration: 12\n", &body), None), (vec![], vec![]));
    assert_eq!(edits(&item("duration: 00:00:12.4\n", &body), None), (vec![], vec![]));
    assert_eq!(
        edits(&item("duration: soon\n", &body), None),
        (vec![], vec![]),
        "not ours, not empty, and somebody else reports it"
    );
}

#[test]
fn where_nothing_can_be_computed_the_typed_duration_counts_and_stays() {
    let document = Document::parse("---\nduration: 00:00:25\n---\n");
    let out = edit_item(&document, &measure(&document, &Rates::default()), None);
    assert_eq!((out.edits.len(), out.counted), (0, Exact::of(Duration::from_seconds(25))));
}

#[test]
fn front_matter_that_must_not_be_written_is_not() {
    let body = cue("[Type: SOT]\n[Duration: 00:00:12]");
    assert_eq!(edits(&item("bad line\n", &body), None).0, [""; 0]);
    assert_eq!(edits(&item("duration:\nduration:\n", &body), None).0, [""; 0]);
    assert_eq!(edits(&body, None).0, [""; 0]);
}

#[test]
fn an_fsq_duration_is_filled_only_when_it_is_absent_or_a_placeholder() {
    let made = |fields: &str| edits(&cue(&format!("[Type: FSQ]\n[Quote: \"one two three four\"]\n{fields}")), None).0;
    assert_eq!(made(""), ["[Duration]: \"\" -> 00:00:03"]);
    assert_eq!(made("[Duration: Processing...]").len(), 1);
    assert_eq!(made("[Duration: 00:00:00]"), [""; 0]);
    assert_eq!(made("[Duration: 00:00:09]"), [""; 0]);
    assert_eq!(edits(&cue("[Type: FSQ]"), None).0, [""; 0]);
}

#[test]
fn total_runtime_is_always_ours_and_written_when_it_differs_by_a_second() {
    let told_of = |front: &str, ms: u64| {
        let text = format!("---\n{front}---\n");
        let info = Document::parse(&text);
        edit_info(&info, Some(Exact::of(Duration::from_ms(ms)))).edits.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(told_of("title: x\n", 30_300), ["total_runtime: \"\" -> 00:00:30"]);
    assert_eq!(told_of("total_runtime: 01:00:00\n", 30_300), ["total_runtime: \"01:00:00\" -> 00:00:30"]);
    assert_eq!(told_of("total_runtime: soon\n", 30_300).len(), 1);
    assert_eq!(told_of("total_runtime: 00:00:30\n", 30_300), [""; 0]);
    assert_eq!(told_of("total_runtime: 00:00:30\nduration: 00:10:00\n", 30_499), [""; 0]);
    let info = Document::parse("---\ntitle: x\n---\n");
    assert!(edit_info(&info, None).edits.is_empty());
}

#[test]
fn an_episode_is_the_sum_of_what_is_in_production() {
    let episode = Episode::new()
        .file("info.md", "---\nduration: 00:01:00\n---\n")
        .file("rundown/10 Cold Open.md", COLD_OPEN)
        .item("20 Ad.md", "type: ad\norder: 20\nduration: 00:00:25", "")
        .file("rundown/30 Draft.md", COLD_OPEN.replace("status: production", "status: draft"));
    let out = episode.with(|rundown, input| runtime(rundown, input.info, &Rates::default(), |_, _| None));
    let told_of: Vec<_> = out.edits.iter().map(|(file, edits)| (file.as_str(), edits.len())).collect();
    assert_eq!(told_of, [("rundown/10 Cold Open.md", 2), ("info.md", 1)]);
    assert_eq!(told(&out.edits[1].1[0]), "total_runtime: \"\" -> 00:00:55");
    let result = out.result;
    assert_eq!((result.summary.as_str(), result.on_target), ("00:00:55 of 00:01:00", Some(true)));
    assert_eq!((result.total_ms, result.left_out[0].reason.as_str()), (55_300, "status draft"));
    assert_eq!(result.items.iter().map(|item| item.typed).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_conflict_copy_changes_no_runtime() {
    let copy = "rundown/10 Cold Open.sync-conflict-20260801-081936-ABCDEF2.md";
    let episode = Episode::new().file("rundown/10 Cold Open.md", COLD_OPEN);
    let of = |episode: &Episode| {
        episode.with(|rundown, input| runtime(rundown, input.info, &Rates::default(), |_, _| None).result.total_ms)
    };
    assert_eq!(of(&episode), of(&episode.clone().file(copy, COLD_OPEN.replace("Tonight", "Tonight and every night"))));
}

#[test]
fn nothing_in_production_writes_no_runtime() {
    let episode = Episode::new().file("rundown/10 Tea.md", "---\nstatus: draft\n---\nwords\n");
    let out = episode.with(|rundown, input| runtime(rundown, input.info, &Rates::default(), |_, _| None));
    assert!(out.edits.is_empty());
    assert_eq!(out.result.summary, "nothing in production");
}

#[test]
fn rates_are_read_from_the_settings() {
    let values = [("speech.rate", "160"), ("speech.rates", "Guest=170 caller=x"), ("speech.quote_rate", "soon")];
    let rates = Rates::read(&values.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert_eq!((rates.speech, rates.quote, rates.of(Some("guest")), rates.of(Some("caller"))), (160, 120, 170, 160));
}
