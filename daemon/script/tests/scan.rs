//! What a scan of the example share says, and when an episode is ready.

mod example;

use example::example;
use show_script::listing::Listing;
use show_script::report::Tree;
use show_script::scan::{Outputs, Scan, Script, Stage, StageReport, readiness, scan};
use show_script::settings::Settings;

fn scanned(tree: &Tree) -> Scan {
    scan(tree, &Settings::default(), "episodes/0900/")
}

/// A list of the result, one line per element, as a pipeline sees it: flat.
fn lists(scan: &Scan) -> String {
    let value = serde_json::to_value(scan).expect("a scan is JSON");
    let object = value.as_object().expect("an object");
    let mut out = String::new();
    for (name, value) in object.iter().filter(|(name, _)| *name != "diagnostics") {
        let Some(elements) = value.as_array() else {
            out += &format!("{name}: {value}\n");
            continue;
        };
        out += &format!("{name}:\n");
        for element in elements {
            let fields = element.as_object().expect("an element is an object");
            let flat = fields
                .values()
                .all(|value| value.is_string() || value.is_boolean() || value.is_i64() || value.is_u64());
            assert!(flat && fields["id"].is_string(), "{element}");
            out += &format!("  {element}\n");
        }
        let ids: std::collections::BTreeSet<_> = elements.iter().map(|element| element["id"].to_string()).collect();
        assert_eq!(ids.len(), elements.len(), "ids are unique in {name}");
    }
    out
}

#[test]
fn the_clean_example_episode_is_scanned() {
    insta::assert_snapshot!(lists(&scanned(&example("0900"))));
}

#[test]
fn the_messy_example_episode_is_scanned() {
    insta::assert_snapshot!(lists(&scanned(&example("0901"))));
}

#[test]
fn a_scan_survives_its_journey_as_json() {
    let scan = scanned(&example("0901"));
    let text = serde_json::to_string(&scan).expect("a scan is JSON");
    let mut back: Scan = serde_json::from_str(&text).expect("a scan reads back");
    // Only beside the very text does a span say anything, so it does not travel.
    let mut spanless = scan;
    spanless.diagnostics.iter_mut().for_each(|found| found.span = None);
    back.diagnostics.iter_mut().for_each(|found| found.span = None);
    assert_eq!(back, spanless);
}

#[test]
fn a_conflict_copy_changes_no_list_but_those_of_conflicts_and_what_is_left_out() {
    let clean = example("0900");
    let mut copied = clean.clone();
    let original = "rundown/20 Why Kettles Sing.md";
    let copy = "rundown/20 Why Kettles Sing.sync-conflict-20260801-081936-ABCDEF2.md";
    let text = clean.texts[original].clone();
    let files =
        clean.listing.files().map(|(path, size)| (path.to_owned(), size)).chain([(copy.to_owned(), text.len() as u64)]);
    copied.listing = Listing::new(files.collect::<Vec<_>>());
    copied.texts.insert(copy.to_owned(), text);
    let (mut with, without) = (scanned(&copied), scanned(&clean));
    assert_eq!(with.conflicts.len(), 1);
    assert!(with.left_out.iter().any(|out| out.file == copy && out.reason == "conflict copy"));
    with.conflicts.clear();
    with.left_out.clone_from(&without.left_out);
    with.items.iter_mut().for_each(|item| (item.repair, item.mint) = (false, false));
    let mut expected = without.clone();
    expected.items.iter_mut().for_each(|item| (item.repair, item.mint) = (false, false));
    (expected.notes, with.notes) = (Vec::new(), Vec::new());
    (expected.diagnostics, with.diagnostics) = (Vec::new(), Vec::new());
    (expected.warning_count, with.warning_count) = (0, 0);
    (expected.summary, with.summary) = (String::new(), String::new());
    (expected.layout, with.layout) = (String::new(), String::new());
    assert_eq!(with, expected);
}

#[test]
fn an_item_that_is_not_in_production_is_in_the_left_out_list() {
    let scan = scanned(&example("0900"));
    let draft = scan.items.iter().find(|item| !item.production).expect("the clean example has a draft");
    assert!(scan.left_out.iter().any(|out| out.file == draft.path && out.reason == draft.left_out));
}

fn stages(reports: &[StageReport]) -> String {
    let line = |report: &StageReport| {
        let because: Vec<_> = report.because.iter().map(ToString::to_string).collect();
        format!("{:?}: {:?} {}\n", report.stage, report.state, because.join(" | "))
    };
    reports.iter().map(line).collect()
}

#[test]
fn the_stages_of_an_episode_say_what_stands_in_the_way() {
    let outputs = Outputs::default();
    insta::assert_snapshot!(stages(&readiness(&scanned(&example("0901")), &outputs)));
}

#[test]
fn an_episode_whose_outputs_are_made_is_ready() {
    let mut scan = scanned(&example("0900"));
    let script = Script { is_current: true, error_boxes: 0 };
    let mut outputs = Outputs {
        scripts: [("host".to_owned(), script), ("production".to_owned(), script)].into(),
        total_runtime_ms: Some(scan.duration_ms),
        ..Outputs::default()
    };
    // The example's clips are made by the demo.
    scan.clips.iter_mut().for_each(|clip| clip.resolves = true);
    scan.graphics.iter_mut().for_each(|graphic| graphic.picture = "assets/quotes/x.png".into());
    scan.diagnostics.retain(|found| found.code.name() != "MEDIA_MISSING");
    let reports = readiness(&scan, &outputs);
    assert!(stages(&reports).lines().all(|line| line.ends_with(": Ready ")), "{}", stages(&reports));
    outputs.working.insert(Stage::Scripts, vec!["compile".into()]);
    let graphic = &scan.graphics[0];
    outputs.pictured.insert(graphic.id.clone(), graphic.words.clone());
    assert!(stages(&readiness(&scan, &outputs)).contains("Graphics: Ready"), "the picture came for these words");
    outputs.pictured.insert(graphic.id.clone(), "of another day".into());
    outputs.total_runtime_ms = Some(scan.duration_ms * 2);
    let line = stages(&readiness(&scan, &outputs));
    assert!(
        line.contains("Scripts: Working compile")
            && line.contains("Graphics: Blocked")
            && line.contains("Timing: Blocked"),
        "{line}"
    );
}

#[test]
fn an_empty_folder_is_an_episode_in_which_nothing_applies() {
    let tree = Tree { folder: "7".into(), ..Tree::default() };
    let scan = scanned(&tree);
    assert_eq!(scan.episode, "0007");
    insta::assert_snapshot!(stages(&readiness(&scan, &Outputs::default())));
}

#[test]
fn a_scan_that_was_kept_without_its_empty_parts_reads_back() {
    let scan = scanned(&example("0900"));
    assert!(scan.conflicts.is_empty(), "the clean episode has none");
    let mut value = serde_json::to_value(&scan).expect("a scan is JSON");
    let kept = value.as_object_mut().expect("an object");
    kept.retain(|_, part| part.as_array().is_none_or(|list| !list.is_empty()));
    assert!(!kept.contains_key("conflicts"));
    let back: Scan = serde_json::from_value(value).expect("a scan reads back");
    assert_eq!((back.items.len(), back.conflicts.len()), (scan.items.len(), 0));
}
