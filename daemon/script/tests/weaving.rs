//! Weaving: what edits come to, in whatever order they are handed over.

use proptest::prelude::*;
use show_script::cue::Cue;
use show_script::edit::{Declares, Edit, diff_to_edits};
use show_script::field::strip_quotes;
use show_script::item::Document;
use show_script::text::{Span, Splice};
use show_script::weave::{FileKind, Layer, Minted, Value, Weave, Why, Woven, weave};
use std::fmt::Write;

const ITEM: &str = include_str!("fixtures/cold-open.md");
const ODD: &str = include_str!("fixtures/one-of-each.md");
const SOT: &str = "SOTMSA79Z40K3TT1E";

fn layer(order: u32, name: &str, may_edit: &[&str], edits: Vec<Edit>) -> Layer {
    let may_edit = may_edit.iter().map(|&pattern| pattern.to_owned()).collect();
    Layer { order, name: name.to_owned(), may_edit, edits }
}

fn value(target: &str, value: &str) -> Value {
    Value { target: target.to_owned(), value: value.to_owned() }
}

/// Weaves with ids that count up: `SOT0000000001AAAAAA`.
fn woven_with(text: &str, layers: &[Layer], ours: &[Value], bindings: &[Minted]) -> Woven {
    let mut count = 0;
    let mut make = |_: &str, prefix: &str| {
        count += 1;
        Some(format!("{prefix}{count:08}AAAAAA"))
    };
    weave(&Weave { text, kind: FileKind::Item, layers, ours, bindings }, &mut make)
}

fn woven(text: &str, layers: &[Layer]) -> Woven {
    woven_with(text, layers, &[], &[])
}

fn whys(woven: &Woven) -> Vec<String> {
    woven.dropped.iter().map(|dropped| dropped.why.to_string()).collect()
}

#[test]
fn keys_and_fields_of_many_steps_come_together() {
    let document = Document::parse(ITEM);
    let probe = layer(
        6,
        "probe kettle-boils",
        &["cue.*"],
        vec![
            Edit::set_field(&document, 0, "Resolution", "1920x1080"),
            Edit::set_field(&document, 0, "Duration", "00:00:13"),
        ],
    );
    let runtime = layer(
        12,
        "runtime",
        &["item.duration"],
        vec![Edit::set_key(&document, "duration", "00:00:31").ours_or_empty()],
    );
    let woven = woven(ITEM, &[runtime, probe]);
    assert_eq!(
        woven.text,
        ITEM.replace("duration: 00:00:00", "duration: 00:00:31")
            .replace("[Duration: 00:00:12]", "[Duration: 00:00:13]")
            .replace("it did not stop.]\n", "it did not stop.]\n[Resolution: 1920x1080]\n")
    );
    assert_eq!((woven.dropped, woven.proposals, woven.refused), (vec![], vec![], None));
    assert_eq!(
        woven.wrote,
        [
            value(&format!("cue:{SOT}.Duration"), "00:00:13"),
            value(&format!("cue:{SOT}.Resolution"), "1920x1080"),
            value("item.duration", "00:00:31"),
        ]
    );
}

#[test]
fn a_value_that_is_no_longer_the_expected_one_stays() {
    let edits = vec![Edit::set_field(&Document::parse(ITEM), 0, "Slug", "new-slug")];
    let moved_on = ITEM.replace("[Slug: kettle-boils]", "[Slug: by-a-person]");
    let woven = woven(&moved_on, &[layer(1, "slug", &["cue.*"], edits)]);
    assert_eq!(woven.text, moved_on);
    assert_eq!(whys(&woven), [format!("cue:{SOT}.Slug is \"by-a-person\" and not \"kettle-boils\" any more")]);
}

#[test]
fn a_persons_value_is_replaced_only_when_it_is_empty_or_ours() {
    let text = ITEM.replace("duration: 00:00:00", "duration: 00:02:00");
    let edits = vec![Edit::set_key(&Document::parse(&text), "duration", "00:00:31").ours_or_empty()];
    let layers = [layer(1, "runtime", &["item.*"], edits)];
    let typed = woven(&text, &layers);
    assert_eq!(
        (typed.text == text, whys(&typed)),
        (true, vec!["item.duration is \"00:02:00\", and a person wrote that".into()])
    );
    let ours = woven_with(&text, &layers, &[value("item.duration", "00:02:00")], &[]);
    assert!(ours.text.contains("duration: 00:00:31"));
    let touched = woven_with(&text, &layers, &[value("item.duration", "00:01:59")], &[]);
    assert_eq!(touched.text, text, "a person changed what we wrote");
}

#[test]
fn only_the_total_runtime_is_always_ours() {
    let text = "---\ntotal_runtime: 00:59:00\n---\n";
    let edits = vec![Edit::set_key(&Document::parse(text), "total_runtime", "01:00:00").ours_or_empty()];
    let layers = [layer(1, "runtime", &["info.total_runtime"], edits)];
    let info = Weave { text, kind: FileKind::Info, layers: &layers, ours: &[], bindings: &[] };
    assert_eq!(weave(&info, &mut |_, _| None).text, "---\ntotal_runtime: 01:00:00\n---\n");
}

#[test]
fn a_later_layer_may_replace_what_an_earlier_one_wrote() {
    let first = layer(1, "a", &["cue.*"], vec![Edit::set_field(&Document::parse(ITEM), 0, "Outcue", "first")]);
    let between = woven(ITEM, std::slice::from_ref(&first)).text;
    let second = vec![Edit::set_field(&Document::parse(&between), 0, "Outcue", "second").ours_or_empty()];
    let woven = woven(ITEM, &[layer(2, "b", &["cue.*"], second), first]);
    assert!(woven.text.contains("[Outcue: second]"), "{:?}", woven.dropped);
    assert_eq!(woven.wrote, [value(&format!("cue:{SOT}.Outcue"), "second")]);
}

#[test]
fn what_a_step_may_not_touch_becomes_a_proposal() {
    let document = Document::parse(ITEM);
    let edits = vec![
        Edit::set_field(&document, 0, "Duration", "00:00:13"),
        Edit::set_field(&document, 0, "Slug", "x"),
        Edit::set_key(&document, "title", "x"),
        Edit::splice(ITEM, &Splice::insert(ITEM.len(), "more\n"), Declares::default()),
    ];
    let woven = woven(ITEM, &[layer(1, "mine", &["cue.Duration"], edits)]);
    assert_eq!(woven.applied.len(), 1);
    assert_eq!(woven.proposals.iter().map(|at| at.edit).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn each_local_id_gets_a_new_id_of_its_own() {
    let cue = "<!-- Begin Cue -->\n[Type: SOT]\n[AssetID: 12345]\n[Slug: same]\n<!-- End Cue -->\n\n";
    let text = format!("{}\n", cue.repeat(3));
    let document = Document::parse(&text);
    let edits: Vec<Edit> = (0..3).map(|at| Edit::set_field(&document, at, "AssetID", "{{new-id:SOT}}")).collect();
    let layers = [layer(1, "assetid", &["cue.AssetID"], edits)];
    let once = woven(&text, &layers);
    let ids: Vec<_> = Document::parse(&once.text).cues.iter().map(|cue| cue.asset_id().to_owned()).collect();
    assert_eq!(ids, ["SOT00000001AAAAAA", "SOT00000002AAAAAA", "SOT00000003AAAAAA"]);
    assert_eq!(once.minted.len(), 3);
    assert_eq!(once.wrote.len(), 3);

    let again = woven_with(&text, &layers, &[], &once.minted);
    assert_eq!((again.text.as_str(), again.minted.len()), (once.text.as_str(), 0), "bound ids are used again");
    let after = woven_with(&once.text, &layers, &[], &once.minted);
    assert_eq!((after.text, after.already.len()), (once.text, 3), "and what stands is left");
}

#[test]
fn an_edit_finds_its_cue_after_it_got_an_id() {
    let text = "<!-- Begin Cue -->\n[Type: SOT]\n[Slug: a]\n<!-- End Cue -->\n";
    let document = Document::parse(text);
    let probe = layer(2, "probe", &["cue.*"], vec![Edit::set_field(&document, 0, "Duration", "00:00:12")]);
    let mint = layer(1, "assetid", &["cue.*"], vec![Edit::set_field(&document, 0, "AssetID", "{{new-id:SOT}}")]);
    let woven = woven(text, &[probe, mint]);
    assert_eq!(whys(&woven), [""; 0]);
    assert_eq!(
        woven.wrote,
        [
            value("cue:SOT00000001AAAAAA.AssetID", "SOT00000001AAAAAA"),
            value("cue:SOT00000001AAAAAA.Duration", "00:00:12")
        ]
    );
}

#[test]
fn what_a_step_writes_beside_a_new_id_is_ours_under_that_id() {
    let text = "<!-- Begin Cue -->\n[Type: SOT]\n[Slug: a]\n<!-- End Cue -->\n";
    let document = Document::parse(text);
    let both = vec![
        Edit::set_field(&document, 0, "AssetID", "{{new-id:SOT}}"),
        Edit::set_field(&document, 0, "Duration", "00:00:12").ours_or_empty(),
    ];
    let mut later = Edit::set_field(&document, 0, "Duration", "00:00:13").ours_or_empty();
    if let Edit::SetField { was, .. } = &mut later {
        *was = "00:00:12".to_owned();
    }
    let layers = [layer(1, "both", &["cue.*"], both), layer(2, "later", &["cue.*"], vec![later])];
    let woven = woven(text, &layers);
    assert_eq!(whys(&woven), [""; 0]);
    assert_eq!(woven.wrote[1], value("cue:SOT00000001AAAAAA.Duration", "00:00:13"));
    assert!(woven.text.contains("[AssetID: SOT00000001AAAAAA]\n[Slug: a]\n[Duration: 00:00:13]"), "{}", woven.text);
}

#[test]
fn a_token_becomes_a_cue_and_its_values_are_ours() {
    let text = "Before.\n\n{FSQ/watched pot}\n\nAfter.\n";
    let begin = text.find('{').unwrap();
    let cue = "<!-- Begin Cue -->\n[Type: FSQ]\n[AssetID: {{new-id:FSQ}}]\n[Slug: watched-pot]\n[Duration: 00:00:15]\n<!-- End Cue -->";
    let splice = Splice::new(Span::new(begin, begin + "{FSQ/watched pot}".len()), cue);
    let edits = vec![Edit::splice(text, &splice, Declares { moves_prose: true, ..Declares::default() })];
    let layers = [layer(1, "cue_repair", &["cue.*", "prose"], edits)];
    let once = woven(text, &layers);
    assert!(once.refused.is_none() && once.text.contains("[AssetID: FSQ00000001AAAAAA]"), "{once:?}");
    assert!(once.wrote.contains(&value("cue:FSQ00000001AAAAAA.Duration", "00:00:15")));
    let again = woven_with(&once.text, &layers, &[], &once.minted);
    assert_eq!((again.text, again.already.len()), (once.text, 1));
}

#[test]
fn repairs_of_markers_lose_no_cue() {
    let document = Document::parse(ODD);
    let mut splices = Vec::new();
    for marker in [document.cues[0].begin, document.cues[0].end] {
        splices.push((Splice::new(marker.span, marker.canonical()), Declares::default()));
    }
    let closable = document.unterminated[0].closable.unwrap();
    splices.push((Splice::insert(closable, "\n<!-- End Cue -->\n"), Declares::default()));
    splices.push((Splice::insert(document.cues[1].glued.begin, "\n\n"), Declares::default()));
    let layers = [layer(1, "cue_repair", &["cue.*", "prose"], Edit::splices(ODD, &splices))];
    let once = woven(ODD, &layers);
    assert_eq!((whys(&once), &once.refused), (vec![], &None));
    assert_eq!(Document::parse(&once.text).cues.len(), 5);
    assert_eq!(once.wrote, [], "a closed cue is the person's, not ours");
    assert_eq!(woven(&once.text, &layers).text, once.text);
}

#[test]
fn a_loss_refuses_the_whole_write() {
    let document = Document::parse(ITEM);
    let span = document.cues[1].span();
    let edits = vec![
        Edit::set_field(&document, 0, "Duration", "00:00:13"),
        Edit::splice(ITEM, &Splice::delete(span), Declares::default()),
    ];
    let woven = woven(ITEM, &[layer(1, "bad", &["*"], edits)]);
    assert_eq!(woven.text, ITEM);
    assert_eq!((woven.wrote, woven.minted), (vec![], vec![]));
    let refused = woven.refused.unwrap();
    assert_eq!(refused.why, "2 Begin markers would become 1");
    assert!(refused.text.contains("00:00:13") && !refused.text.contains("watched-pot"));
}

#[test]
fn a_field_may_go_when_its_edit_says_so() {
    let document = Document::parse(ITEM);
    let edits = vec![Edit::remove_field(&document, 1, "Part")];
    assert_eq!(woven(ITEM, &[layer(1, "x", &["cue.*"], edits)]).text, ITEM.replace("[Part: 1x1]\n", ""));
    let at = ITEM.find("[Part: 1x1]\n").unwrap();
    let splice = Splice::delete(Span::new(at, at + "[Part: 1x1]\n".len()));
    let silent = vec![Edit::splice(ITEM, &splice, Declares::default())];
    assert!(woven(ITEM, &[layer(1, "x", &["*"], silent)]).refused.is_some());
    let said = vec![Edit::splice(ITEM, &splice, Declares { fields: vec!["Part".into()], ..Declares::default() })];
    assert!(woven(ITEM, &[layer(1, "x", &["*"], said)]).refused.is_none());
}

#[test]
fn a_text_that_is_damaged_is_not_written_until_a_person_mends_it() {
    for text in [ITEM.replace("class=\"host\"", "class=\"undefined\""), ITEM.replacen("---\n\n", "\n\n", 1)] {
        let document = Document::parse(&text);
        let edits = vec![
            Edit::set_key(&document, "duration", "00:00:31"),
            Edit::set_field(&document, 0, "AssetID", "{{new-id:SOT}}"),
            Edit::splice(&text, &Splice::insert(text.len(), "more\n"), Declares::default()),
        ];
        let woven = woven(&text, &[layer(1, "runtime", &["*"], edits)]);
        // Neither refused, which would be a failure, nor dropped, which would have the step run again and again.
        assert_eq!(woven, Woven::unchanged(&text));
    }
}

#[test]
fn an_edit_that_would_write_undefined_is_refused() {
    let edits = vec![Edit::set_field(&Document::parse(ITEM), 0, "Outcue", "[undefined]")];
    let woven = woven(ITEM, &[layer(1, "runtime", &["*"], edits)]);
    assert_eq!(woven.text, ITEM);
    assert!(woven.refused.expect("the guard objects").why.contains("undefined"));
}

#[test]
fn a_measured_value_replaces_the_default_of_a_cue_that_the_same_weave_makes() {
    let text = "Before.\n\n{SOT/kettle}\n\nAfter.\n";
    let begin = text.find('{').unwrap();
    let cue = "<!-- Begin Cue -->\n[Type: SOT]\n[AssetID: {{new-id:SOT}}]\n[Slug: kettle]\n[Duration: 00:00:30]\n<!-- End Cue -->";
    let splice = Splice::new(Span::new(begin, begin + "{SOT/kettle}".len()), cue);
    let edits = vec![Edit::splice(text, &splice, Declares { moves_prose: true, ..Declares::default() })];
    let repair = layer(1, "cue_repair", &["cue.*", "prose"], edits);
    let view = woven(text, std::slice::from_ref(&repair));
    let measured = vec![Edit::set_field(&Document::parse(&view.text), 0, "Duration", "00:00:07").ours_or_empty()];
    let layers = [repair, layer(2, "runtime", &["cue.Duration"], measured)];
    let woven = woven_with(text, &layers, &[], &view.minted);
    assert_eq!(whys(&woven), [""; 0]);
    assert!(woven.text.contains("[Duration: 00:00:07]"), "{}", woven.text);
    assert!(woven.wrote.contains(&value("cue:SOT00000001AAAAAA.Duration", "00:00:07")));
}

#[test]
fn front_matter_that_cannot_be_written_says_why() {
    let edits = |text: &str| vec![Edit::set_key(&Document::parse(text), "slug", "x")];
    for (text, why) in [
        ("Text\n", "the file has no front matter"),
        ("---\nnonsense\n---\n", "the front matter has a line that is no \"key: value\""),
        ("---\nslug: a\nslug: b\n---\n", "the key slug stands there more than once"),
    ] {
        let woven = woven(text, &[layer(1, "slug", &["item.*"], edits(text))]);
        assert_eq!((woven.text.as_str(), whys(&woven)), (text, vec![why.to_owned()]));
    }
}

#[test]
fn two_edits_of_one_step_never_change_the_same_bytes() {
    let document = Document::parse(ITEM);
    let at = ITEM.find("Good evening").unwrap();
    let edits = vec![
        Edit::set_key(&document, "subtitle", "a"),
        Edit::set_key(&document, "Subtitle", "b"),
        Edit::splice(ITEM, &Splice::insert(at + 5, "!"), Declares::default()),
        Edit::splice(ITEM, &Splice::new(Span::new(at, at + 12), "Hello"), Declares::default()),
    ];
    let woven = woven(ITEM, &[layer(1, "x", &["*"], edits)]);
    assert_eq!(woven.applied.iter().map(|at| at.edit).collect::<Vec<_>>(), [0, 2]);
    assert!(woven.dropped.iter().all(|dropped| dropped.why == Why::Overlap));
}

#[test]
fn edits_travel_as_json_that_a_script_can_write() {
    let document = Document::parse(ITEM);
    let edits = vec![
        Edit::set_key(&document, "slug", "x").ours_or_empty(),
        Edit::set_field(&document, 0, "Duration", "00:00:13"),
        Edit::remove_field(&Document::parse(ODD), 0, "Status"),
        Edit::splice(ITEM, &Splice::insert(ITEM.len(), "more\n"), Declares::default()),
    ];
    let json = serde_json::to_string_pretty(&edits).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Edit>>(&json).unwrap(), edits);
    insta::assert_snapshot!(json);
    let short = r#"{"edit": "set-field", "cue": {"id": "SOTMSA79Z40K3TT1E"}, "field": "Outcue", "value": "...stop."}"#;
    let edit: Edit = serde_json::from_str(short).unwrap();
    assert!(woven(ITEM, &[layer(1, "x", &["cue.*"], vec![edit])]).text.contains("[Outcue: ...stop.]"));
}

#[test]
fn a_whole_new_text_becomes_keys_and_fields_where_it_can() {
    let new = ITEM
        .replace("duration: 00:00:00", "duration: 00:00:31")
        .replace("[Duration: 00:00:12]", "[Duration: 00:00:13]")
        .replace("100% to blame", "99 % to blame");
    let edits = diff_to_edits(ITEM, &new);
    let kinds: Vec<_> = edits
        .iter()
        .map(|edit| match edit {
            Edit::SetKey { key, .. } => format!("key {key}"),
            Edit::SetField { field, .. } => format!("field {field}"),
            Edit::RemoveField { .. } => "remove".to_owned(),
            Edit::Splice { .. } => "splice".to_owned(),
        })
        .collect();
    assert_eq!(kinds, ["key duration", "field Duration", "splice"]);
    assert_eq!(woven(ITEM, &[layer(1, "x", &["*"], edits)]).text, new);
}

fn many_cues(count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        writeln!(text, "<!-- Begin Cue -->\n[Type: SOT]\n[Slug: clip-{n}]\n<!-- End Cue -->\n\nText {n}.\n").unwrap();
    }
    text
}

#[test]
fn thousands_of_edits_in_thousands_of_layers_are_woven_in_seconds() {
    let text = many_cues(1_000);
    let document = Document::parse(&text);
    let mint = layer(
        1,
        "assetid",
        &["cue.*"],
        (0..1_000).map(|at| Edit::set_field(&document, at, "AssetID", "{{new-id:SOT}}")).collect(),
    );
    let probes = (0..1_000).map(|at| {
        layer(2, &format!("probe {at:04}"), &["cue.*"], vec![Edit::set_field(&document, at, "Duration", "00:00:12")])
    });
    let layers: Vec<Layer> = std::iter::once(mint).chain(probes).collect();
    let woven = woven(&text, &layers);
    assert_eq!((woven.applied.len(), woven.dropped.len()), (2_000, 0));
}

#[test]
fn a_splice_that_changes_nothing_stands_in_nobodys_way() {
    let text = "---\nslug: s\n---\nText.\n";
    let splice = |begin, end| Edit::splice(text, &Splice::new(Span::new(begin, end), ""), Declares::default());
    let layers = [layer(0, "nothing", &["*"], vec![splice(3, 3)]), layer(1, "last", &["*"], vec![splice(15, 21)])];
    let over = [layer(0, "nothing", &["*"], vec![splice(16, 16)]), layer(1, "last", &["*"], vec![splice(15, 21)])];
    for layers in [layers, over] {
        let woven = woven(text, &layers);
        assert_eq!((woven.text.as_str(), woven.already.len(), woven.dropped.len()), ("---\nslug: s\n---\n", 1, 0));
    }
}

/// A text of a few cues and paragraphs, and edits that steps could have made of it.
fn scene() -> impl Strategy<Value = (String, Vec<Layer>)> {
    let block = proptest::sample::select(vec![
        "<!-- Begin Cue -->\n[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1E]\n[Slug: a]\n<!-- End Cue -->",
        "<!-- Begin Cue -->\n[Type: FSQ]\n[Slug: b]\n[Quote: \"q\"]\n<!-- End Cue -->",
        "<!-- Begin Cue -->\n[Type: FSQ]\n[AssetID: pending]\n[Slug: b]\n<!-- End Cue -->",
        "<<!-- Begin Cue -->>\n[Type: GFX]\n[Media Url: x.png]\n<<!-- End Cue -->>",
        "Some text, and more of it.",
        "<p class=\"host\">Said.</p>",
        "x",
    ]);
    let text =
        (proptest::collection::vec(block, 1..8), any::<bool>(), any::<bool>()).prop_map(|(blocks, crlf, front)| {
            let front = if front { "---\nslug: s\nduration: 00:00:00\n---\n" } else { "" };
            let text = format!("{front}{}\n", blocks.join("\n\n"));
            if crlf { text.replace('\n', "\r\n") } else { text }
        });
    text.prop_flat_map(|text| {
        let cues = Document::parse(&text).cues.len();
        let length = text.len();
        let edit = (0..5u8, 0..cues.max(1), 0..length, 0..8usize, "[a-z]{0,4}");
        let step = (0..4u32, proptest::collection::vec(edit, 0..4));
        (Just(text), proptest::collection::vec(step, 0..5)).prop_map(|(text, layers)| {
            let document = Document::parse(&text);
            let layers = layers.into_iter().enumerate().map(|(at, (order, edits))| {
                let edits = edits.into_iter().map(|(kind, cue, begin, span, word)| {
                    let has_cue = cue < document.cues.len();
                    match kind {
                        0 => Edit::set_key(&document, "duration", format!("00:00:{:02}", word.len())),
                        1 if has_cue => Edit::set_field(&document, cue, "AssetID", "{{new-id:CUE}}"),
                        2 if has_cue => Edit::set_field(&document, cue, "Duration", word).ours_or_empty(),
                        3 if has_cue => Edit::set_field(&document, cue, "Slug", word),
                        _ => {
                            let end = (begin + span).min(text.len());
                            Edit::splice(&text, &Splice::new(Span::new(begin, end), word), Declares::default())
                        }
                    }
                });
                layer(order, &format!("step {at}"), &["*"], edits.collect())
            });
            (text.clone(), layers.collect())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_in_which_steps_finish_does_not_matter((text, layers) in scene(), seed in any::<u64>()) {
        let expected = woven(&text, &layers);
        let mut shuffled = layers.clone();
        for at in (1..shuffled.len()).rev() {
            shuffled.swap(at, (seed.rotate_left(at as u32 * 7) % (at as u64 + 1)) as usize);
        }
        let other = woven(&text, &shuffled);
        prop_assert_eq!(&other.text, &expected.text);
        prop_assert_eq!(&other.wrote, &expected.wrote);
        prop_assert_eq!(&other.minted, &expected.minted);
    }

    #[test]
    fn weaving_the_result_again_changes_nothing((text, layers) in scene()) {
        // One layer at a time, splices apart from values, and of them those that were made: of two edits that contradict
        // each other, one would be right to speak up again.
        for whole in &layers {
            let (splices, values): (Vec<_>, Vec<_>) =
                whole.edits.iter().cloned().partition(|edit| matches!(edit, Edit::Splice { .. }));
            for edits in [splices, values] {
                let first = woven(&text, &[Layer { edits: edits.clone(), ..whole.clone() }]);
                let is_dropped = |at: usize| first.dropped.iter().any(|dropped| dropped.edit.edit == at);
                let made = edits.into_iter().enumerate().filter(|(at, _)| !is_dropped(*at)).map(|(_, edit)| edit);
                let layer = [Layer { edits: made.collect(), ..whole.clone() }];
                let once = woven(&text, &layer);
                prop_assert_eq!(&once.text, &first.text);
                let again = woven_with(&once.text, &layer, &once.wrote, &once.minted);
                prop_assert_eq!(&again.text, &once.text, "{:?}", layer);
            }
        }
    }

    #[test]
    fn no_weave_ever_loses_a_cue_or_fails((text, layers) in scene()) {
        let woven = woven(&text, &layers);
        let count = |text: &str| {
            let document = Document::parse(text);
            document.cues.len() + document.unterminated.len()
        };
        prop_assert!(count(&woven.text) >= count(&text));
        let told = woven.applied.len() + woven.already.len() + woven.dropped.len() + woven.proposals.len();
        prop_assert_eq!(told, layers.iter().map(|layer| layer.edits.len()).sum::<usize>());
    }

    #[test]
    fn what_is_reported_as_written_stands_in_the_text((text, mut layers) in scene()) {
        for layer in &mut layers {
            layer.edits.retain(|edit| !matches!(edit, Edit::Splice { .. }));
        }
        let woven = woven(&text, &layers);
        let document = Document::parse(&woven.text);
        for Value { target, value } in &woven.wrote {
            let now = if let Some((id, field)) = target.strip_prefix("cue:").and_then(|rest| rest.split_once('.')) {
                let (_, cue) = document.cue_by_id(id).expect("a cue that is written to by its id has it");
                cue.value(field).to_owned()
            } else {
                document.front().unwrap().text(target.strip_prefix("item.").unwrap()).unwrap().into_owned()
            };
            prop_assert_eq!(&now, value, "{} in {:?}", target, woven.text);
        }
    }

    #[test]
    fn no_splice_takes_the_value_of_a_field_without_a_word((text, layers) in scene()) {
        let splices = layers.into_iter().map(|mut layer| {
            layer.edits.retain(|edit| matches!(edit, Edit::Splice { .. }));
            layer
        });
        let woven = woven(&text, &splices.collect::<Vec<_>>());
        let new = Document::parse(&woven.text);
        for cue in &Document::parse(&text).cues {
            for field in cue.fields() {
                let stands = new.cues.iter().flat_map(Cue::fields).any(|other| {
                    strip_quotes(other.value.text) == strip_quotes(field.value.text) && other.is(field.label.text)
                });
                prop_assert!(stands, "{field:?} in {:?}", woven.text);
            }
        }
    }

    #[test]
    fn a_difference_woven_in_is_the_new_text((old, _) in scene(), (new, _) in scene()) {
        let edits = diff_to_edits(&old, &new);
        let woven = woven(&old, &[layer(1, "program", &["*"], edits)]);
        let reached = woven.refused.map_or(woven.text, |refused| refused.text);
        prop_assert_eq!(reached, new, "{:?}", woven.dropped);
    }
}
