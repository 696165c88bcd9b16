//! Checking whole files and episodes: the examples of the specification, and the example share as a stranger sees it.

mod example;

use example::example;
use show_script::report::{Checked, Tree, check_file, check_tree};
use show_script::settings::Settings;

/// The file of specification 4.5: one error of each kind.
const ONE_OF_EACH: &str = include_str!("texts/one-of-each.md");

/// The item of specification 3.3.
const COLD_OPEN: &str = include_str!("texts/10 Cold Open.md");

fn lines(checked: &Checked) -> Vec<String> {
    let line = |found: &show_script::diagnostic::Diagnostic| {
        format!("{}:{} {} {}", found.line, found.column, found.code, found.message)
    };
    checked.diagnostics.iter().map(line).collect()
}

#[test]
fn the_file_with_one_error_of_each_kind_is_read_as_four_cues() {
    let checked = check_file("bad.md", ONE_OF_EACH, &Settings::default());
    let cues: Vec<_> = checked.report.cues.iter().map(|cue| (cue.line, cue.dialect, cue.fields.len())).collect();
    assert_eq!(cues, [(1, "double-angle", 5), (13, "canonical", 3), (19, "loose", 3), (26, "canonical", 2)]);
}

#[test]
fn the_file_with_one_error_of_each_kind_gives_every_diagnostic_at_its_line() {
    let checked = check_file("bad.md", ONE_OF_EACH, &Settings::default());
    let found: Vec<(&str, u32)> = checked.diagnostics.iter().map(|found| (found.code.name(), found.line)).collect();
    for expected in [
        ("CUE_DOUBLE_ANGLE", 1),
        ("SLUG_BAD", 4),
        ("CUE_UNTERMINATED", 10),
        ("CUE_TEXT_GLUED", 17),
        ("CUE_MISSING_SLUG", 13),
        ("CUE_MISSING_SLUG", 19),
        ("CUE_INVALID_ASSETID", 3),
        ("CUE_INVALID_ASSETID", 15),
        ("CUE_MISSING_ASSETID", 21),
        ("CUE_STRAY_END", 29),
    ] {
        assert!(found.contains(&expected), "{expected:?} in {found:#?}");
    }
    insta::assert_snapshot!(lines(&checked).join("\n"));
}

#[test]
fn the_complete_example_has_no_error_in_its_cues() {
    let checked = check_file("rundown/10 Cold Open.md", COLD_OPEN, &Settings::default());
    insta::assert_snapshot!(lines(&checked).join("\n"));
    assert!(!checked.has_errors());
}

#[test]
fn the_report_has_the_shape_that_scripts_rely_on() {
    let checked = check_file(
        "bad.md",
        "---\nslug: x\n---\n\n<!-- Begin Cue collapsed -->\n[Type: RIF]\n[Media Url: a]b]\n<!-- End Cue -->\n",
        &Settings::default(),
    );
    let json = serde_json::to_value([&checked.report]).expect("a report is JSON");
    let cue = serde_json::json!({
        "type": "RIF", "asset_id": "", "slug": "", "dialect": "collapsed", "collapsed": true, "line": 5, "begin": 17, "end": 91,
        "fields": [["Type", "RIF"], ["Media Url", "a]b"]],
    });
    assert_eq!(json[0]["cues"][0], cue);
    let keys: Vec<&String> = json[0]["diagnostics"][0].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["code", "column", "hint", "line", "message", "severity"]);
}

fn shown(tree: &Tree) -> String {
    let one = |checked: Checked| {
        format!("{}\n  {}\n", checked.report.file, lines(&checked).join("\n  ")).replace("\n  \n", "\n")
    };
    check_tree(tree, &Settings::default()).into_iter().map(one).collect()
}

#[test]
fn the_clean_example_episode_is_clean() {
    insta::assert_snapshot!(shown(&example("0900")));
}

#[test]
fn the_messy_example_episode_says_what_is_wrong_with_it() {
    insta::assert_snapshot!(shown(&example("0901")));
}
