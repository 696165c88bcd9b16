//! Checking whole files and episodes: the examples of the specification, and the example share as a stranger sees it.

mod example;

use example::example;
use show_script::check::{report_line, report_line_unterminated};
use show_script::item::Document;
use show_script::listing::Listing;
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

/// The report lines of specification 4.10 #2 for cues with these fields.
fn verdicts(cues: &[&str]) -> Vec<String> {
    let text = cues
        .iter()
        .map(|fields| format!("<!-- Begin Cue -->\n{fields}\n<!-- End Cue -->\n\n"))
        .collect::<Vec<_>>()
        .concat();
    Document::parse(&text).cues.iter().map(report_line).collect()
}

#[test]
fn every_message_of_4_10_is_said_of_the_cue_it_is_about() {
    assert_eq!(
        verdicts(&[
            "[AssetID: CUEMSA79Z45N0TYP3]\n[Slug: a]",
            "[Type: sot]\n[AssetID: SOTMSA79Z40K3TT1E]",
            "[Type: VO]\n[Slug: pending]\n[AssetID: pending]",
            "[Type: FSQ]\n[Slug: q]\n[AssetID: FSQMSA79Z41P0TW4T]\n[Quote: \"\"]",
            "[Type: GFX]\n[Slug: g]\n[AssetID: GFXMSA79Z41P0TW4T]\n[MediaURL: ]",
            "[Type: GFX]\n[Slug: g]\n[AssetID: GFXMSA79Z41P0TW4T]\n[AssetURL: ../assets/graphics/g.png]",
            "[Type: HOLOGRAM]\n[Slug: h]\n[AssetID: CUEMSA79Z45H0L0GR]",
        ]),
        [
            "CUEMSA79Z45N0TYP3 / UNKNOWN / a **INVALID** [Missing [Type]]",
            "SOTMSA79Z40K3TT1E / SOT / unknown-slug **INVALID** [Missing or empty [Slug]]",
            "unknown / VO / unknown-slug **INVALID** [Missing or empty [Slug]; Missing or empty [AssetID]]",
            "FSQMSA79Z41P0TW4T / FSQ / q **INVALID** [Missing or empty [Quote]]",
            "GFXMSA79Z41P0TW4T / GFX / g **INVALID** [Missing or empty [MediaURL]]",
            "GFXMSA79Z41P0TW4T / GFX / g **VALID**",
            "CUEMSA79Z45H0L0GR / HOLOGRAM / h **VALID**",
        ]
    );
    let open = Document::parse("<!-- Begin Cue -->\n[Type: SOT]\n[Slug: lost]\n")
        .unterminated
        .iter()
        .map(report_line_unterminated)
        .collect::<Vec<_>>();
    assert_eq!(open, ["unknown / SOT / lost **INVALID** [Missing End Cue]"]);
    let unknown = check_file("a.md", "<!-- Begin Cue -->\n[Type: HOLOGRAM]\n<!-- End Cue -->\n", &Settings::default());
    let warning = unknown.diagnostics.iter().find(|found| found.code == show_script::diagnostic::Code::CueTypeUnknown);
    assert_eq!(warning.map(|found| found.message.as_str()), Some("Invalid [Type: HOLOGRAM]"));
}

#[test]
fn what_needs_no_slug_or_id_is_valid_without() {
    // 4.10 #1: no slug for ADLIB, BREAK, NOTE, RIF; no AssetID for ADLIB, NOTE, RIF.
    for kind in ["ADLIB", "NOTE", "DIR", "RIF"] {
        assert_eq!(verdicts(&[&format!("[Type: {kind}]")]), [format!("unknown / {kind} / unknown-slug **VALID**")]);
    }
    assert_eq!(
        verdicts(&["[Type: BREAK]"]),
        ["unknown / BREAK / unknown-slug **INVALID** [Missing or empty [AssetID]]"]
    );
    for kind in ["SOT", "VO", "NAT", "PKG", "FSQ", "GFX", "IMG", "BUMP", "STING", "MUS", "VOX", "LIVE", "TITLE"] {
        let line = verdicts(&[&format!("[Type: {kind}]")]).remove(0);
        assert!(line.contains("[Missing or empty [Slug]; Missing or empty [AssetID]"), "{line}");
    }
}

#[test]
fn what_4_10_says_of_files_and_folders_is_said() {
    let item = |order: u32| format!("---\nslug: a\ntype: segment\norder: {order}\nstatus: production\n---\nWords.\n");
    let said = |files: &[(&str, Option<String>)]| {
        let listing =
            Listing::new(files.iter().map(|(path, text)| (*path, text.as_ref().map_or(9, String::len) as u64)));
        let texts = files.iter().filter_map(|(path, text)| Some(((*path).to_owned(), text.clone()?))).collect();
        shown(&Tree { folder: "237".into(), listing, texts })
    };
    let empty = said(&[]);
    assert!(empty.contains("FILE_READ_ERROR the episode has no info.md"), "{empty}");
    assert!(empty.contains("FILE_READ_ERROR no rundown/, or nothing in it"), "{empty}");
    assert!(empty.contains("EPISODE_NAME_NOT_PADDED the folder 237 should be called 0237"), "{empty}");
    let bare = said(&[("info.md", None), ("rundown/media-list.txt", None)]);
    assert!(bare.contains("FILE_READ_ERROR info.md could not be read as text"), "{bare}");
    assert!(bare.contains("FILE_READ_ERROR no Markdown in rundown/"), "{bare}");
    let full = said(&[
        ("info.md", Some("---\nslug: x\n---\n<b class=\"undefined\">x</b>\n".to_owned())),
        ("rundown/10 A.md", Some(item(20))),
        ("rundown/20 B.md", Some(item(20))),
        ("rundown/30 C.md", None),
        ("rundown/notes.md", Some("Nothing.\n".to_owned())),
    ]);
    for expected in [
        "CUE_UNDEFINED a program wrote \"undefined\" here",
        "ORDER_MISMATCH prefix 10 but order 20",
        "DUPLICATE_ORDER order 20 is also that of 20 B.md",
        "DUPLICATE_ORDER order 20 is also that of 10 A.md",
        "FILE_READ_ERROR the file could not be read as text",
        "NOT_AN_ITEM Markdown without front matter is no item",
    ] {
        assert!(full.contains(expected), "{expected} is not in {full}");
    }
}
