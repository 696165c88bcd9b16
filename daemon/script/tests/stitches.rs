//! What is undone and made again is known as the same, and what is typed anew as another (the storm guard counts on it).

mod hostile;

use hostile::{hostile, many};
use proptest::prelude::*;
use show_script::repair::{Context, repair_and_mint};
use show_script::settings::Settings;
use show_script::weave::{FileKind, Layer, Weave, Woven, weave};
use std::collections::BTreeMap;

/// No two ids are ever the same, as with the daemon.
struct Daemon {
    made: u32,
}

impl Daemon {
    fn new() -> Self {
        Self { made: 0 }
    }

    /// The repairs of a text and its new ids, woven in.
    fn mend(&mut self, text: &str) -> Woven {
        let settings = Settings::default();
        let edits = repair_and_mint(text, FileKind::Item, &Context { settings: &settings, shelf: None });
        let layers = [Layer { order: 0, name: "repair".into(), may_edit: vec!["*".into()], edits }];
        let mut make = |_: &str, prefix: &str| {
            self.made += 1;
            Some(format!("{prefix}MSA79Z4{:07}", self.made))
        };
        let asked = Weave { text, kind: FileKind::Item, layers: &layers, ours: &[], bindings: &[] };
        let woven = weave(&asked, &mut make);
        assert_eq!(woven.refused, None);
        woven
    }
}

const FRONT: &str = "---\nAssetID: SEGMSA79Z41P0TW4T\nslug: leak\nmodified: 1\n---\n\n";
const PROSE: &str = "Water came out of it.\n\nSlowly at first.\n";
/// As a program puts it into the note when somebody asks for a new cue.
const TEMPLATE: &str = "<<!-- Begin Cue -->>\n[Type: SOT]\n[AssetID: pending]\n[Slug: ]\n<<!-- End Cue -->>\n";

/// A note with one more cue.
type Typed = fn(&str, &str) -> String;

fn stamped(text: &str, when: usize) -> String {
    text.replace("modified: 1\n", &format!("modified: {when}\n"))
}

#[test]
fn what_somebody_undoes_who_changes_a_date_each_time_is_the_same_each_time() {
    let named = "<<!-- Begin Cue -->>\n[Type: SOT]\n[AssetID: SOTMSA79Z41P0TW4T]\n[Slug: drip]\n<<!-- End Cue -->>\n";
    let unclosed = "<!-- Begin Cue -->\n[Type: SOT]\n[AssetID: SOTMSA79Z41P0TW4T]\n[Slug: drip]\n\n";
    let glued =
        "<!-- Begin Cue -->\n[Type: SOT]\n[AssetID: SOTMSA79Z41P0TW4T]\n[Slug: drip]\n<!-- End Cue -->And then.\n";
    let unnamed_sheet = FRONT.replace("AssetID: SEGMSA79Z41P0TW4T\n", "");
    for broken in [TEMPLATE, named, unclosed, glued, &[TEMPLATE, TEMPLATE].concat()] {
        for front in [FRONT, &unnamed_sheet] {
            let mut daemon = Daemon::new();
            let text = [front, PROSE, broken, PROSE].concat();
            let first = daemon.mend(&text);
            assert!(!first.stitches.is_empty(), "{text}");
            for round in 2..5 {
                let again = daemon.mend(&stamped(&text, round));
                assert_ne!(again.text, first.text);
                assert_eq!(again.stitches, first.stitches, "{text}\n{}", again.text);
            }
        }
    }
}

#[test]
fn equal_cues_that_are_typed_one_after_the_other_are_mended_once_each() {
    let unclosed = "<!-- Begin Cue -->\n[Type: SOT]\n[Slug: ]\n\n";
    let same_slug = "<<!-- Begin Cue -->>\n[Type: SOT]\n[Slug: drip]\n<<!-- End Cue -->>\n";
    let at_end: Typed = |note, cue| format!("{note}{cue}");
    let on_top: Typed = |note, cue| note.replacen("---\n\n", &format!("---\n\n{cue}"), 1);
    let between: Typed = |note, cue| note.replacen("Slowly", &format!("{cue}Slowly"), 1);
    let ways: [Typed; 3] = [at_end, on_top, between];
    for (way, typed) in ways.iter().enumerate() {
        for cue in [TEMPLATE, unclosed, same_slug] {
            let mut daemon = Daemon::new();
            let mut note = daemon.mend(&[FRONT, PROSE].concat()).text;
            let mut times: BTreeMap<u64, u32> = BTreeMap::new();
            for _ in 0..20 {
                let woven = daemon.mend(&typed(&note, cue));
                assert!(!woven.stitches.is_empty());
                woven.stitches.iter().for_each(|stitch| *times.entry(*stitch).or_default() += 1);
                note = woven.text;
            }
            assert_eq!(times.values().max(), Some(&1), "way {way}: {cue}\n{note}");
        }
    }
}

#[test]
fn a_text_in_which_everything_is_broken_is_known_by_some_of_it() {
    let cues: String = (0..500).map(|n| TEMPLATE.replace("[Slug: ]", &format!("[Slug: drip-{n}]"))).collect();
    let woven = Daemon::new().mend(&[FRONT, &cues].concat());
    assert_eq!(woven.stitches.len(), 256);
}

#[test]
fn an_id_may_be_empty() {
    let text = [FRONT, PROSE, TEMPLATE].concat();
    let edits = repair_and_mint(&text, FileKind::Item, &Context { settings: &Settings::default(), shelf: None });
    let layers = [Layer { order: 0, name: "repair".into(), may_edit: vec!["*".into()], edits }];
    let asked = Weave { text: &text, kind: FileKind::Item, layers: &layers, ours: &[], bindings: &[] };
    let woven = weave(&asked, &mut |_, _| Some(String::new()));
    assert!(woven.text.contains("[AssetID: ]") && !woven.stitches.is_empty(), "{}", woven.text);
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn whatever_is_written_is_known_by_something_and_ids_do_not_count(text in hostile()) {
        let mut daemon = Daemon::new();
        let (once, again) = (daemon.mend(&text), daemon.mend(&text));
        prop_assert_eq!(once.stitches.is_empty(), once.text == text, "{:?}", once.text);
        prop_assert_eq!(once.stitches, again.stitches, "{:?}", again.text);
    }
}
