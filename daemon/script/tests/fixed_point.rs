//! After one publish per file nothing is left to do (specification 13 #9), whatever a note looks like.

mod hostile;

use hostile::{hostile, many};
use proptest::prelude::*;
use show_script::classify::classify;
use show_script::edit::Edit;
use show_script::item::Document;
use show_script::kind::CueType;
use show_script::listing::Listing;
use show_script::path::Shelf;
use show_script::repair::{Context, may_be_written, mint, repair};
use show_script::runtime::{Rates, edit_item, measure};
use show_script::settings::Settings;
use show_script::weave::{FileKind, Layer, Value, Weave, Woven, weave};

/// What the steps of the pipeline that edit notes are allowed, in their order.
const STEPS: [(&str, &[&str]); 3] = [
    ("cue_repair", &["cue.*", "prose"]),
    ("assetid", &["cue.AssetID", "item.AssetID"]),
    ("runtime", &["item.duration", "cue.Duration"]),
];

fn layer(step: usize, edits: Vec<Edit>) -> Layer {
    let (name, may_edit) = STEPS[step];
    let may_edit = may_edit.iter().map(|&may| may.to_owned()).collect();
    Layer { order: step as u32, name: name.to_owned(), may_edit, edits }
}

/// Weaves as the daemon does: one id for each place, the same in every view and in what is published.
fn woven(text: &str, layers: &[Layer], ours: &[Value], view: Option<&Woven>) -> Woven {
    let mut count = 0;
    let bindings = view.map_or(&[][..], |view| &view.minted);
    let mut make = |_: &str, prefix: &str| {
        count += 1;
        Some(format!("{prefix}MSA79Z4{:07}", bindings.len() + count))
    };
    let mut woven = weave(&Weave { text, kind: FileKind::Item, layers, ours, bindings }, &mut make);
    woven.minted.extend(bindings.iter().cloned());
    woven
}

/// A clip of seven seconds stands behind every SOT; its length goes where none is, or one of ours.
fn measured(document: &Document<'_>, ours: &[Value]) -> Vec<Edit> {
    let clips = document.cues.iter().enumerate().filter(|(_, cue)| cue.kind() == Some(CueType::Sot));
    let open = clips.filter(|(_, cue)| {
        let target = format!("cue:{}.Duration", cue.asset_id());
        let is_ours = |now: &str| ours.iter().any(|ours| ours.target == target && ours.value.trim() == now.trim());
        cue.given("Duration").is_none_or(|now| is_ours(now) && now.trim() != "00:00:07")
    });
    open.map(|(at, _)| Edit::set_field(document, at, "Duration", "00:00:07").ours_or_empty()).collect()
}

/// One build: every step on the text with the edits of those before it, and then the one weave.
fn built(text: &str, ours: &[Value]) -> Woven {
    let settings = Settings::default();
    let listing = Listing::new([("preshow/kettle.mov", 9), ("assets/graphics/LUV my Gov!.png", 9)]);
    let found = classify(&listing, |_| None);
    let shelf = Shelf::new(found.iter().map(|found| (found.path.as_str(), &found.kind)));
    let context = Context { settings: &settings, shelf: Some(&shelf) };
    let mended = layer(0, repair(text, &context));
    let view = woven(text, std::slice::from_ref(&mended), ours, None);
    let named = layer(1, mint(&Document::parse(&view.text), FileKind::Item, &context));
    let known: Vec<Value> = view.wrote.iter().chain(ours).cloned().collect();
    let document = Document::parse(&view.text);
    let mut edits = measured(&document, &known);
    // As runtime does, which adds up what is about to stand there.
    let filled = woven(&view.text, &[layer(2, edits.clone())], &known, Some(&view)).text;
    let filled = Document::parse(&filled);
    let duration = known.iter().find(|ours| ours.target == "item.duration").map(|ours| ours.value.as_str());
    edits.extend(edit_item(&filled, &measure(&filled, &Rates::default()), duration).edits);
    if !may_be_written(&document) {
        edits.clear();
    }
    woven(text, &[mended, named, layer(2, edits)], ours, Some(&view))
}

#[test]
fn what_is_measured_of_a_cue_that_is_being_made_of_a_token_is_written_at_once() {
    let text = "---\nslug: x\nduration:\n---\n\nWords.\n\n{SOT/kettle}\n\nMore words.\n";
    let once = built(text, &[]);
    assert!(once.text.contains("[Duration: 00:00:07]") && once.text.contains("duration: 00:00:08"), "{}", once.text);
    assert_eq!(built(&once.text, &once.wrote).text, once.text);
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn after_one_weave_of_all_steps_nothing_is_left_to_do(text in hostile()) {
        let once = built(&text, &[]);
        prop_assert_eq!(&once.refused, &None);
        prop_assert_eq!(&once.dropped, &[]);
        let twice = built(&once.text, &once.wrote);
        prop_assert_eq!(&twice.text, &once.text, "from {:?}", text);
    }
}
