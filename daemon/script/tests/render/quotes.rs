//! Section 6 of the specification, 6.1 to 6.3.

use crate::episode::{COLD_OPEN, Episode, NOW, cue};
use show_script::quote::{Candidate, candidates, prepare, read};
use show_script::transcript::read_srt;

fn kettle() -> Episode {
    Episode::new().file("rundown/10 Cold Open.md", COLD_OPEN)
}

#[test]
fn the_example_item_gives_exactly_the_json_of_the_specification() {
    let want = r#"{ "metadata": { "episode_number": "0900", "extraction_date": "2026-08-01T10:00:00Z", "total_quotes": 1,
                "content_type": "fsq_quotes", "version": "1.0", "extractor": "showd" },
  "quotes": [ { "id": "FSQMSA79Z41P0TW4T", "slug": "watched-pot",
    "text": "A watched pot [it was said] never boils, he called it \"the law\" of kettles.",
    "attribution": "— Old Proverb", "category": "episode_0900/fsq",
    "tags": ["fsq", "full_screen_quote", "episode_0900"], "source_type": "rundown_markdown", "priority": "normal",
    "metadata": { "source_file": "rundown/10 Cold Open.md", "cue_index": 1, "align": "center", "part": "1x1",
      "word_count": 15, "duration": "00:07", "extraction_date": "2026-08-01T10:00:00Z",
      "style": { "font_size": "34px", "background_color": null, "text_color": null, "position": null, "animation": null } } } ] }"#;
    // Blanks outside of strings are nobody's business; everything else is, the order of keys too.
    let bare = |json: &str| {
        let mut inside = false;
        let mut before = ' ';
        let keep = |c: &char| {
            if *c == '"' && before != '\\' {
                inside = !inside;
            }
            before = *c;
            inside || !c.is_whitespace()
        };
        json.chars().filter(keep).collect::<String>()
    };
    let json = kettle().quotes(&[], None, NOW).json.expect("there was no file before");
    assert_eq!(bare(&json), bare(want));
}

#[test]
fn only_a_new_date_is_no_change() {
    let json = kettle().quotes(&[], None, NOW).json.expect("there was no file before");
    assert_eq!(kettle().quotes(&[], Some(&json), NOW + 86_400_000).json, None);
    let other = kettle().file("rundown/10 Cold Open.md", COLD_OPEN.replace("never boils", "always boils"));
    assert!(other.quotes(&[], Some(&json), NOW).json.is_some());
    assert!(kettle().quotes(&[], Some("not JSON"), NOW).json.is_some());
}

#[test]
fn an_id_of_ours_keeps_the_time_of_its_first_extraction() {
    let episode = Episode::body(&cue("[Type: FSQ]\n[AssetID: pending]\n[Slug: steam-rises-twice]\n[Quote: \"Hot.\"]"));
    let first = episode.quotes(&[], None, NOW);
    assert_eq!(first.file.quotes[0].id, "fsq_1785578400_steam-rise");
    assert_eq!(episode.quotes(&[], first.json.as_deref(), NOW + 5_000_000).json, None);
}

#[test]
fn every_item_counts_whatever_its_status_and_notes_do_too() {
    let quote = cue("[Type: FSQ]\n[AssetID: A]\n[Slug: q]\n[Quote: \"One two three four five six.\"]");
    let episode = Episode::new()
        .file("rundown/20 Draft.md", format!("---\nstatus: draft\norder: 20\n---\n{quote}\n{quote}"))
        .file("rundown/10 Gone.md", format!("---\norder: 10\n---\n## Notes\n\n{quote}"));
    let found = episode.quotes(&[], None, NOW).file.quotes;
    let places: Vec<_> = found.iter().map(|it| (it.metadata.source_file.as_str(), it.metadata.cue_index)).collect();
    assert_eq!(places, [("rundown/10 Gone.md", 1), ("rundown/20 Draft.md", 1), ("rundown/20 Draft.md", 2)]);
}

#[test]
fn a_cue_without_quote_is_dropped_and_reported() {
    let extracted = Episode::body(&cue("[Type: FSQ]\n[AssetID: A]\n[Slug: q]\n[Quote: \"\"]")).quotes(&[], None, NOW);
    assert_eq!(extracted.file.quotes.len(), 0);
    assert_eq!((extracted.diagnostics[0].code.name(), extracted.diagnostics[0].line), ("FSQ_MISSING_QUOTE", 7));
}

#[test]
fn what_a_cue_does_not_say_has_a_default() {
    let entry = &Episode::body(&cue("[Type: FSQ]\n[Quote: “Steam, he said; rises!” Twice a day]"))
        .quotes(&[], None, NOW)
        .file
        .quotes[0];
    assert_eq!(entry.slug, "“steam-he-said-rises!”-twice");
    assert_eq!(entry.attribution, "Unknown");
    let told = &entry.metadata;
    assert_eq!(
        (told.align.as_str(), told.part.as_str(), told.word_count, told.duration.as_str()),
        ("center", "1x1", 7, "00:03")
    );
}

#[test]
fn what_a_cue_says_is_taken_over() {
    let fields = "[Type: FSQ]\n[AssetID: A]\n[Slug: q]\n[Quote: \"Hot.\"]\n[Source: Sam]\n[Alignment: Centered]\n[Part: 2of]\n[word_count: 9]\n[Duration: 00:01:05]\n[Font Family: serif]\n[BoxOpacity: 60]";
    let entry = &Episode::body(&cue(fields)).quotes(&[], None, NOW).file.quotes[0];
    let told = &entry.metadata;
    assert_eq!((entry.attribution.as_str(), told.align.as_str(), told.part.as_str()), ("Sam", "center", "2x2"));
    assert_eq!((told.word_count, told.duration.as_str()), (9, "01:05"));
    let style = serde_json::to_string(&told.style).unwrap();
    assert_eq!(
        style,
        r#"{"font_size":null,"background_color":null,"text_color":null,"position":null,"animation":null,"font_family":"serif","box_opacity":"60"}"#
    );
}

#[test]
fn a_conflict_copy_adds_no_quote() {
    let copy = "rundown/10 Cold Open.sync-conflict-20260801-081936-ABCDEF2.md";
    assert_eq!(kettle().file(copy, COLD_OPEN).quotes(&[], None, NOW).file, kettle().quotes(&[], None, NOW).file);
}

#[test]
fn quotes_in_transcripts_are_candidates_and_come_last() {
    let srt = "1\n00:00:01,000 --> 00:00:04,500\nShe said \"a kettle that\n\n2\n00:00:04,500 --> 00:00:09,250\nlearned to wait\" and \"left\".\n";
    let found = candidates("exports/0900-dc-whisper.srt", &read_srt(srt));
    assert_eq!(found.len(), 1);
    let file = kettle().quotes(&found, None, NOW).file;
    let last = &file.quotes[1];
    assert_eq!(
        (last.text.as_str(), last.source_type.as_str(), last.status.as_deref()),
        ("a kettle that learned to wait", "transcript", Some("candidate"))
    );
    assert_eq!(
        (last.metadata.start.as_deref(), last.metadata.end.as_deref()),
        (Some("00:00:01.000"), Some("00:00:09.250"))
    );
    let none: Vec<Candidate> = candidates("x.srt", &read_srt("no captions"));
    assert_eq!(none, []);
}

#[test]
fn every_accepted_form_is_read() {
    let ours = kettle().quotes(&[], None, NOW).file.json();
    assert_eq!(read(&ours).unwrap()[0].slug, "watched-pot");
    let hand_made = r#"{"metadata": {"source": "pat"}, "quotes": [
        {"id": 7, "category": "FS Quote/hard water", "text": "Hot.", "attribution": "Sam", "tags": [], "priority": "high"},
        {"id": "q-8", "category": "FS Quote", "text": "Cold."}, {"id": "q-9", "text": " "}]}"#;
    let slugs: Vec<String> = read(hand_made).unwrap().into_iter().map(|it| it.slug).collect();
    assert_eq!(slugs, ["hard-water", "q-8"]);
    let flat = r#"[{"type": "FSQ", "slug": "s", "assetId": "A", "quote": "Hot.", "attribution": null, "part": "1x2"}]"#;
    let quote = &read(flat).unwrap()[0];
    assert_eq!((quote.id.as_str(), quote.text.as_str(), quote.part.as_str()), ("A", "Hot.", "1x2"));
    assert!(read("7").unwrap_err().contains("quotes"));
    assert!(read("{").is_err());
}

#[test]
fn text_is_prepared_in_the_order_of_the_rule() {
    // Entities first: what they decode to is then an escape, and only then a mark.
    assert_eq!(prepare("so &amp;#92;&amp;quot;law&amp;#92;&amp;quot; said"), "so \"law\" said");
}
