//! The twenty malformations of specification 4.8, each repaired, proposed or reported as its row says, and what holds for
//! every text.

mod hostile;

use hostile::{hostile, many};
use proptest::prelude::*;
use show_script::diagnostic::{Code, Severity};
use show_script::item::Document;
use show_script::listing::Listing;
use show_script::repair::{Context, Proposal, propose, repair, repair_and_mint};
use show_script::report::{Fixed, Tree, check_file, fix};
use show_script::settings::Settings;
use show_script::weave::{FileKind, Layer, Weave, Woven, weave};
use std::collections::BTreeMap;

const ONE_OF_EACH: &str = include_str!("texts/one-of-each.md");

/// Fresh ids that say how many there were: `SOT00000000000001`.
fn ids() -> impl FnMut(&str, &str) -> Option<String> {
    let mut count = 0;
    move |_: &str, prefix: &str| {
        count += 1;
        Some(format!("{prefix}{count:014}"))
    }
}

fn fixed_as(file: &str, text: &str, tree: Option<&Tree>) -> Fixed {
    fix(file, text, tree, &Settings::default(), &mut ids())
}

fn fixed(text: &str) -> String {
    let fixed = fixed_as("10 Tea.md", text, None);
    assert_eq!(fixed.refused, None);
    let again = fixed_as("10 Tea.md", &fixed.text, None);
    assert_eq!(again.text, fixed.text, "repairing twice equals repairing once");
    assert!(again.edits.is_empty(), "{:?}", again.edits);
    fixed.text
}

fn unchanged(text: &str) {
    assert_eq!(fixed(text), text);
}

fn has(text: &str, code: Code) -> bool {
    check_file("10 Tea.md", text, &Settings::default()).diagnostics.iter().any(|found| found.code == code)
}

fn proposals(text: &str, tree: Option<&Tree>) -> Vec<Proposal> {
    let settings = Settings::default();
    let found = tree.map(Tree::classify);
    let shelf = found
        .as_ref()
        .map(|found| show_script::path::Shelf::new(found.iter().map(|found| (found.path.as_str(), &found.kind))));
    propose(&Document::parse(text), &Context { settings: &settings, shelf: shelf.as_ref() })
}

fn accepted(text: &str, proposal: &Proposal) -> Woven {
    let layer = Layer { order: 0, name: "accept".into(), may_edit: vec!["*".into()], edits: proposal.edits.clone() };
    let layers = [layer];
    let one = Weave { text, kind: FileKind::Item, layers: &layers, ours: &[], bindings: &[] };
    let woven = weave(&one, &mut ids());
    assert_eq!(woven.refused, None);
    assert_eq!(woven.dropped, []);
    woven
}

fn cue(fields: &str) -> String {
    format!("<!-- Begin Cue -->\n{fields}\n<!-- End Cue -->\n")
}

fn tree(files: &[&str]) -> Tree {
    Tree {
        folder: "0900".into(),
        listing: Listing::new(files.iter().map(|file| (*file, 1))),
        texts: BTreeMap::default(),
    }
}

const RIF: &str = "<!-- Begin Cue -->\n[Type: RIF]\n[Slug: on-tea]\n<!-- End Cue -->\n";

#[test]
fn row_1_double_angles_are_rewritten_and_collapsed_stays() {
    let text = "<<!-- Begin Cue collapsed -->>\n[Type: RIF]\n[Slug: a]\n<<!-- End Cue -->>\n";
    assert_eq!(fixed(text), "<!-- Begin Cue collapsed -->\n[Type: RIF]\n[Slug: a]\n<!-- End Cue -->\n");
}

#[test]
fn row_2_a_begin_without_end_is_closed_behind_its_fields() {
    let text = "<!-- Begin Cue -->\n[Type: RIF]\n[Slug: a]\n\nProse.\n";
    assert_eq!(fixed(text), "<!-- Begin Cue -->\n[Type: RIF]\n[Slug: a]\n<!-- End Cue -->\n\nProse.\n");
    let before_next = format!("<!-- Begin Cue -->\r\n[Type: RIF]\r\n{}", RIF.replace('\n', "\r\n"));
    assert_eq!(
        fixed(&before_next),
        format!("<!-- Begin Cue -->\r\n[Type: RIF]\r\n<!-- End Cue -->\r\n\r\n{}", RIF.replace('\n', "\r\n"))
    );
    assert_eq!(
        fixed("<!-- Begin Cue -->\n[Type: RIF]\n[Slug: end]"),
        "<!-- Begin Cue -->\n[Type: RIF]\n[Slug: end]\n<!-- End Cue -->"
    );
}

#[test]
fn row_2_a_begin_without_end_before_prose_is_only_reported() {
    for text in [
        "<!-- Begin Cue -->\nProse.\n",
        "<!-- Begin Cue -->\n[Type: RIF]\nProse.\n",
        "<!-- Begin Cue -->\n\n[Type: RIF]\n",
    ] {
        unchanged(text);
        assert!(has(text, Code::CueUnterminated));
    }
}

#[test]
fn row_3_a_stray_end_is_proposed_to_go_and_glued_text_gets_its_own_line() {
    let text = format!("{RIF}\n<!-- End Cue -->\nProse.\n");
    let proposed = proposals(&text, None);
    assert_eq!(proposed.iter().map(|proposal| proposal.code).collect::<Vec<_>>(), [Code::CueStrayEnd]);
    assert_eq!(accepted(&text, &proposed[0]).text, format!("{RIF}\nProse.\n"));
    assert_eq!(fixed(&RIF.replace("End Cue -->", "End Cue --> glued words")), format!("{RIF}\nglued words\n"));
}

#[test]
fn row_4_a_missing_type_is_reported_and_never_guessed() {
    let text = cue("[Slug: sot-kettle]\n[AssetID: SOTMSA79Z40K3TT1E]");
    unchanged(&text);
    assert!(has(&text, Code::CueMissingType));
    assert!(proposals(&text, None).is_empty());
}

#[test]
fn row_5_missing_and_local_ids_are_minted_one_by_one() {
    let text = [
        cue("[Type: SOT]\n[Slug: a]\n[AssetID: 12345]\n[MediaURL: a.mp4]"),
        cue("[Type: SOT]\n[Slug: b]\n[AssetID: 12345]\n[MediaURL: b.mp4]"),
        cue("[Type: FSQ]\n[Slug: c]\n[Quote: \"Tea.\"]"),
        cue("[Type: NOTE]\n[Note For: host]"),
        cue("[Type: ADLIB]"),
        cue("[Type: GFX]\n[Slug: d]\n[AssetID: CUEGFX789XYZ123]\n[MediaURL: d.png]"),
    ]
    .join("\n");
    let fixed = fixed(&text);
    assert!(fixed.contains("[Slug: a]\n[AssetID: SOT00000000000001]"), "{fixed}");
    assert!(fixed.contains("[Slug: b]\n[AssetID: SOT00000000000002]"), "{fixed}");
    assert!(fixed.contains("[Type: FSQ]\n[AssetID: FSQ00000000000003]\n[Slug: c]"), "{fixed}");
    assert_eq!(fixed.matches("AssetID").count(), 4, "{fixed}");
    assert!(fixed.contains("CUEGFX789XYZ123"), "a foreign id is kept");
}

#[test]
fn row_5_front_matter_gets_an_id_only_where_it_has_none() {
    assert_eq!(fixed("---\nslug: a\n---\n"), "---\nslug: a\nAssetID: SEG00000000000001\n---\n");
    assert_eq!(fixed("---\nAssetID: \"\"\n---\n"), "---\nAssetID: \"SEG00000000000001\"\n---\n");
    unchanged("---\nAssetID: 12345\n---\n");
    assert_eq!(
        fixed_as("info.md", "---\ntitle: T\n---\n", None).text,
        "---\ntitle: T\nAssetID: EPS00000000000001\n---\n"
    );
    assert_eq!(fixed_as("info.md", "---\nAssetID: 7\n---\n", None).text, "---\nAssetID: 7\n---\n");
}

#[test]
fn row_6_a_missing_slug_is_proposed() {
    let text = cue(
        "[Type: FSQ]\n[AssetID: FSQMSA79Z41P0TW4T]\n[Quote: \"A watched pot never quite boils over.\"]\n[Attribution: X]",
    );
    unchanged(&text);
    let proposed = proposals(&text, None);
    assert_eq!(proposed[0].summary, "give the FSQ the slug a-watched-pot-never-quite");
    assert!(accepted(&text, &proposed[0]).text.contains("[Slug: a-watched-pot-never-quite]"));
    assert!(proposals(RIF, None).is_empty());
}

#[test]
fn row_7_a_bad_slug_is_proposed_together_with_the_names_of_its_media() {
    let text = cue(
        "[Type: GFX]\n[AssetID: GFXMSA79Z41P0TW4T]\n[Slug: LUV my Gov!]\n[MediaURL: ../assets/graphics/LUV my Gov!.png]",
    );
    let here = tree(&["assets/graphics/LUV my Gov!.png", "assets/graphics/LUV my Gov!_key.png"]);
    let proposed = proposals(&text, Some(&here));
    assert_eq!(proposed.len(), 1);
    let renames: Vec<_> = proposed[0].renames.iter().map(|rename| (rename.from.as_str(), rename.to.as_str())).collect();
    assert_eq!(
        renames,
        [
            ("assets/graphics/LUV my Gov!.png", "assets/graphics/luv-my-gov.png"),
            ("assets/graphics/LUV my Gov!_key.png", "assets/graphics/luv-my-gov_key.png"),
        ]
    );
    let woven = accepted(&text, &proposed[0]).text;
    assert!(woven.contains("[Slug: luv-my-gov]\n[MediaURL: ../assets/graphics/luv-my-gov.png]"), "{woven}");
    let taken = tree(&["assets/graphics/LUV my Gov!.png", "assets/graphics/luv-my-gov.png"]);
    assert!(proposals(&text, Some(&taken)).is_empty(), "never over another file");
}

#[test]
fn row_7_doubled_numbers_and_long_slugs_are_bad_too() {
    let slug_of = |slug: &str| {
        proposals(&cue(&format!("[Type: RIF]\n[Slug: {slug}]")), None).first().map(|it| it.summary.clone())
    };
    assert_eq!(slug_of("110-110-x").as_deref(), Some("slug 110-110-x → 110-x"));
    assert_eq!(
        slug_of(&"abc-".repeat(20)).as_deref(),
        Some(format!("slug {} → {}", "abc-".repeat(20), "abc-abc-abc-abc-abc-abc-abc-abc-abc-abc").as_str())
    );
    assert_eq!(slug_of("24-hours"), None);
    assert_eq!(slug_of("10-chart"), None);
}

#[test]
fn row_8_a_token_on_its_own_line_becomes_a_cue() {
    assert_eq!(
        fixed("Before.\n{GFX/10 Tea Chart}\nAfter.\n"),
        "Before.\n\n<!-- Begin Cue -->\n[Type: GFX]\n[AssetID: GFX00000000000001]\n[Slug: tea-chart]\n[Duration: 00:00:15]\n\
         [ConvertedFrom: {GFX/10 Tea Chart}]\n<!-- End Cue -->\n\nAfter.\n"
    );
    assert_eq!(
        fixed("<p class=\"host\">{DIR/camera two}</p>\n"),
        "<!-- Begin Cue -->\n[Type: NOTE]\n[Slug: camera-two]\n[Note For: unknown]\n[Note Text: camera two]\n\
         [ConvertedFrom: {DIR/camera two}]\n<!-- End Cue -->\n"
    );
    assert!(fixed("*** Some words.\n{RIF/on tea}\n").starts_with("Some words.\n\n<!-- Begin Cue -->\n[Type: RIF]"));
    assert!(fixed("*** {RIF/on tea}\n").starts_with("<!-- Begin Cue -->\n[Type: RIF]\n[Slug: on-tea]\n"));
}

#[test]
fn row_8_a_quote_block_becomes_an_fsq_with_its_words() {
    let text = "{FSQ/watched pot}\n\nA watched pot\nnever boils.\n— Old Proverb\n\nAnd on we go.\n";
    assert_eq!(
        fixed(text),
        "<!-- Begin Cue -->\n[Type: FSQ]\n[AssetID: FSQ00000000000001]\n[Slug: watched-pot]\n[Duration: 00:00:03]\n\
         [Quote: \"A watched pot\nnever boils.\"]\n[Attribution: Old Proverb]\n[ConvertedFrom: {FSQ/watched pot}]\n<!-- End Cue -->\n\n\
         And on we go.\n"
    );
}

#[test]
fn row_8_a_video_block_becomes_a_sot_when_its_file_is_beyond_doubt() {
    let text = "{SOT/kettle boils}\nIN-0:10 \"It began\"\nOUT-0:22 \"did not stop\"\n\nProse.\n";
    let here = tree(&["preshow/kettle boil 2.mov"]);
    assert_eq!(
        fixed_as("rundown/10 Tea.md", text, Some(&here)).text,
        "<!-- Begin Cue -->\n[Type: SOT]\n[AssetID: SOT00000000000001]\n[Slug: kettle-boils]\n[Duration: 00:00:12]\n\
         [TrimStart: 00:00:10]\n[Incue: It began]\n[TrimEnd: 00:00:22]\n[Outcue: did not stop]\n\
         [MediaURL: ../preshow/kettle boil 2.mov]\n[ConvertedFrom: {SOT/kettle boils}]\n<!-- End Cue -->\n\nProse.\n"
    );
    let long = tree(&["preshow/kettle-boils-long.mov"]);
    assert_eq!(fixed_as("rundown/10 Tea.md", text, Some(&long)).text, text);
    unchanged(text);
}

#[test]
fn row_8_what_is_not_safe_stays_and_is_reported() {
    for text in [
        "We saw {SOT/kettle} today.\n",
        "{FSQ/watched-pot}\n\nIs this the quote?\n",
        "{CUE/what}\n",
        "<p class=\"host\" data-flag-note=\"ask\">{GFX/x}</p>\n",
        "## {GFX/x}\n\nA heading.\n",
    ] {
        unchanged(text);
        assert!(has(text, Code::LegacyToken), "{text}");
    }
    for text in
        ["## Notes\n\n{GFX/x}\n", "```\n{GFX/x}\n```\n", "---\ntitle: \"{GFX/x}\"\nAssetID: SEGMSA79Z40K3TT1E\n---\n"]
    {
        unchanged(text);
        assert!(!has(text, Code::LegacyToken), "{text}");
    }
}

#[test]
fn rows_9_10_14_and_18_are_accepted_and_left() {
    unchanged(&cue("[Type: IMG]\n[Asset Id: IMGMSA79Z41P0TW4T]\n[Slug: a]\n[Media Url: x.png]"));
    unchanged(&cue("[Type: RIF]\n[Slug: a]\n[Description: one [two]\nthree] four]"));
    unchanged(&cue(
        "[Type: FSQ]\n[AssetID: FSQMSA79Z41P0TW4T]\n[Slug: a]\n[Quote: \"Tea.\"]\n[Attribution: — Old Proverb]",
    ));
    unchanged(&cue("[Type: ADLIB, Duration: 00:01:00]"));
}

#[test]
fn row_11_escapes_are_information_and_a_doubled_pair_of_marks_is_a_proposal() {
    let quote = |text: &str| {
        cue(&format!("[Type: FSQ]\n[AssetID: FSQMSA79Z41P0TW4T]\n[Slug: a]\n[Quote: {text}]\n[Attribution: X]"))
    };
    let escaped = quote("\"the \\\"law\\\" &amp;quot;here\"");
    unchanged(&escaped);
    assert!(has(&escaped, Code::QuoteEscapes));
    let doubled = quote("\"\"Tea first.\"\"");
    unchanged(&doubled);
    let proposed = proposals(&doubled, None);
    assert_eq!(proposed[0].code, Code::QuoteDoubled);
    assert_eq!(accepted(&doubled, &proposed[0]).text, quote("\"Tea first.\""));
    assert!(proposals(&quote("\"\"Tea\" he said \"first\"\""), None).is_empty());
}

#[test]
fn row_12_what_a_program_left_behind_is_reported() {
    let text = cue(
        "[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1E]\n[Slug: a]\n[MediaURL: blob:http://x/1]\n[Transcription: Processing...]",
    );
    unchanged(&text);
    let found = check_file("10 Tea.md", &text, &Settings::default()).diagnostics;
    assert_eq!(found.iter().filter(|found| found.code == Code::MediaUnprocessed).count(), 2);
}

#[test]
fn row_13_an_attribution_inside_the_quote_is_proposed_to_be_split() {
    let text = cue("[Type: FSQ]\n[AssetID: FSQMSA79Z41P0TW4T]\n[Slug: a]\n[Quote: \"Tea first.\n— Old Proverb\"]");
    unchanged(&text);
    let proposed = proposals(&text, None);
    assert_eq!(proposed[0].code, Code::QuoteAttributionInside);
    let woven = accepted(&text, &proposed[0]).text;
    assert!(woven.contains("[Quote: \"Tea first.\"]") && woven.contains("[Attribution: Old Proverb]"), "{woven}");
}

#[test]
fn row_15_blank_lines_and_blanks_are_put_right() {
    let untidy = "Prose.\n<!-- Begin Cue -->\n[Type:  RIF]\n[Slug: a  ]  \n[Duration: ]\n<!-- End Cue -->\nMore.\n";
    let tidy = "Prose.\n\n<!-- Begin Cue -->\n[Type: RIF]\n[Slug: a]\n[Duration: ]\n<!-- End Cue -->\n\nMore.\n";
    assert_eq!(fixed(untidy), tidy);
    assert_eq!(
        fixed("Say <!-- Begin Cue -->[Type:RIF]<!-- End Cue -->"),
        "Say\n\n<!-- Begin Cue -->[Type:RIF]<!-- End Cue -->"
    );
    assert_eq!(fixed(&format!("{RIF}{RIF}")), format!("{RIF}\n{RIF}"));
}

#[test]
fn row_16_undefined_blocks_every_write_to_the_file() {
    for trace in ["<p class=\"undefined\">Tea.</p>", "<b>undefined</b>", "[undefined: x]"] {
        let text = format!("{trace}\n{RIF}<<!-- Begin Cue -->>\n[Type: SOT]\n<<!-- End Cue -->>\n");
        unchanged(&text);
        assert!(proposals(&text, None).is_empty());
        assert!(has(&text, Code::CueUndefined));
    }
}

#[test]
fn row_17_pasted_markup_goes_from_prose_and_from_nowhere_else() {
    let text = "<p class=\"guest bullet\" data-flag-note=\"a  <span>\"><span style=\"x\">It&nbsp;boiled</span>  <b>over</b>.</p>\n\n\
                <div>Bare  text.</div>\n\n## Notes\n\n<span>mine</span>\n";
    let clean = "<p class=\"guest bullet\" data-flag-note=\"a  <span>\">It boiled <b>over</b>.</p>\n\n\
                 Bare text.\n\n## Notes\n\n<span>mine</span>\n";
    assert_eq!(fixed(text), clean);
    unchanged(&cue("[Type: RIF]\n[Slug: a]\n[Description: <span>kept  here</span>]"));
}

#[test]
fn row_19_one_id_on_two_cues_is_reported() {
    let text = [
        cue("[Type: GFX]\n[AssetID: GFXMSA79Z41P0TW4T]\n[Slug: a]\n[MediaURL: a.png]"),
        cue("[Type: GFX]\n[AssetID: GFXMSA79Z41P0TW4T]\n[Slug: b]\n[MediaURL: b.png]"),
    ]
    .join("\n");
    unchanged(&text);
    assert!(has(&text, Code::CueDuplicateAssetId));
}

#[test]
fn row_20_two_files_with_one_order_are_reported() {
    let item = "---\norder: 10\nAssetID: SEGMSA79Z40K3TT1E\n---\n";
    let mut tree = tree(&["rundown/10 A.md", "rundown/10 B.md"]);
    tree.texts = ["rundown/10 A.md", "rundown/10 B.md"].map(|path| (path.to_owned(), item.to_owned())).into();
    let fixed = fixed_as("rundown/10 A.md", item, Some(&tree));
    assert_eq!(fixed.text, item);
    assert!(fixed.checked.diagnostics.iter().any(|found| found.code == Code::DuplicateOrder));
}

#[test]
fn the_file_with_one_error_of_each_kind_is_repaired_as_far_as_it_is_safe() {
    let fixed = fixed_as("bad.md", ONE_OF_EACH, None);
    insta::assert_snapshot!(fixed.text);
    let left: Vec<_> = fixed
        .checked
        .diagnostics
        .iter()
        .filter(|found| found.severity != Severity::Info)
        .map(|found| found.code.name())
        .collect();
    insta::assert_snapshot!(left.join("\n"));
    assert_eq!(Document::parse(&fixed.text).cues.len(), 5);
}

#[test]
fn the_complete_example_needs_no_repair() {
    let text = include_str!("texts/10 Cold Open.md");
    let settings = Settings::default();
    assert_eq!(repair(text, &Context { settings: &settings, shelf: None }), []);
    let crlf = text.replace('\n', "\r\n");
    assert_eq!(repair(&crlf, &Context { settings: &settings, shelf: None }), []);
}

#[test]
fn a_setting_makes_a_proposal_safe_and_a_repair_a_report() {
    let values =
        [("repair.quote_doubled", "safe"), ("repair.html_in_prose", "report"), ("repair.cue_double_angle", "proposed")];
    let settings = Settings::read(&values.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    let text = format!(
        "<span>Tea</span>\n\n{}",
        cue("[Type: FSQ]\n[AssetID: FSQMSA79Z41P0TW4T]\n[Slug: a]\n[Quote: \"\"Tea.\"\"]")
    );
    let fixed = fix("10 Tea.md", &text, None, &settings, &mut ids());
    assert_eq!(fixed.text, text.replace("\"\"Tea.\"\"", "\"Tea.\""));
}

#[test]
fn a_lone_dash_before_a_paragraph_is_a_proposal_and_a_list_stays() {
    let text = "- Good evening.\n\n- one\n- two\n\n<p class=\"host\">— Tonight.</p>\n";
    unchanged(text);
    let proposed = proposals(text, None);
    assert_eq!(proposed.len(), 2);
    assert_eq!(accepted(text, &proposed[0]).text, text.replace("- Good", "Good"));
    let settings = Settings::read(&[("repair.leading_dash".to_owned(), "safe".to_owned())].into());
    let fixed = fix("10 Tea.md", text, None, &settings, &mut ids());
    assert_eq!(fixed.text, text.replace("- Good", "Good").replace("— Tonight", "Tonight"));
}

#[test]
fn flags_are_written_only_when_asked_for_and_go_with_their_cause() {
    let settings = Settings::read(&[("repair.flags_in_text".to_owned(), "true".to_owned())].into());
    let flagged = |text: &str| {
        let once = fix("10 Tea.md", text, None, &settings, &mut ids()).text;
        assert_eq!(fix("10 Tea.md", &once, None, &settings, &mut ids()).text, once);
        once
    };
    let note = "data-needs-attention=\"true\" data-flag-note=\"Invalid cue code\"";
    assert_eq!(flagged("Some words.\n{SOT/gone}\n"), "*** Some words.\n{SOT/gone}\n");
    assert_eq!(flagged("<p class=\"host\">{SOT/gone}</p>\n"), format!("<p class=\"host\" {note}>{{SOT/gone}}</p>\n"));
    assert_eq!(flagged(&format!("<p class=\"host\" {note}>Mended.</p>\n")), "<p class=\"host\">Mended.</p>\n");
    assert!(
        flagged(&format!("<p class=\"host\" {note}>{{GFX/chart}}</p>\n"))
            .starts_with("<!-- Begin Cue -->\n[Type: GFX]")
    );
    let persons = "<p class=\"host\" data-flag-note=\"ask\">{SOT/gone}</p>\n";
    assert_eq!(flagged(persons), persons);
    unchanged("Some words.\n{SOT/gone}\n");
}

#[test]
fn front_matter_that_is_never_closed_is_not_written() {
    unchanged("---\nslug: a\n<<!-- Begin Cue -->>\n[Type: RIF]\n<<!-- End Cue -->>\n");
}

#[test]
fn speakers_flags_revisions_bare_text_and_labels_survive_every_rewrite() {
    let item = include_str!("texts/10 Cold Open.md");
    let revision = "<rev user=\"pat\" ts=\"2026-08-01T10:00:00Z\">old  <span>|new</rev>";
    let text = item
        .replace("Bare Markdown", &format!("{revision} Bare&nbsp;Markdown"))
        .replace("<!-- Begin Cue -->", "<<!-- Begin Cue -->>")
        .replace("[MediaURL:", "[Media Url:")
        .replace("it did not stop.]\n", "it did not stop.]\n<img src=\"../assets/thumbnails/x.png\">\n")
        .replace("SOTMSA79Z40K3TT1E", "pending");
    let once = fixed(&text);
    let wanted = item
        .replace("Bare Markdown", &format!("{revision} Bare Markdown"))
        .replace("[MediaURL:", "[Media Url:")
        .replace("it did not stop.]\n", "it did not stop.]\n<img src=\"../assets/thumbnails/x.png\">\n")
        .replace("SOTMSA79Z40K3TT1E", "SOT00000000000002")
        .replace("title: Cold Open\n", "title: Cold Open\nAssetID: SEG00000000000001\n");
    assert_eq!(
        once.replace("SOT00000000000001", "SOT00000000000002").replace("SEG00000000000002", "SEG00000000000001"),
        wanted
    );
}

#[test]
fn nothing_is_written_beside_an_open_conflict() {
    let text = "---\nslug: a\n---\n<<!-- Begin Cue -->>\n[Type: RIF]\n<<!-- End Cue -->>\n";
    let here = tree(&["rundown/10 A.md", "rundown/10 A.sync-conflict-20260801-081936-ABCDEF2.md"]);
    let fixed = fixed_as("rundown/10 A.md", text, Some(&here));
    assert_eq!(fixed.text, text);
    assert_eq!(
        fixed.refused.as_deref(),
        Some("a conflict copy of it is open: rundown/10 A.sync-conflict-20260801-081936-ABCDEF2.md")
    );
}

fn hostile_tree() -> Tree {
    tree(&["preshow/kettle.mov", "assets/graphics/LUV my Gov!.png"])
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn repair_is_idempotent_never_trips_the_guard_and_no_cue_is_lost(text in hostile()) {
        // With flags and without.
        let settings = Settings { flags_in_text: text.len() % 2 == 0, ..Settings::default() };
        let tree = hostile_tree();
        let found = tree.classify();
        let shelf = show_script::path::Shelf::new(found.iter().map(|found| (found.path.as_str(), &found.kind)));
        let context = Context { settings: &settings, shelf: Some(&shelf) };
        let layer = |edits| Layer { order: 0, name: "repair".into(), may_edit: vec!["cue.*".into(), "prose".into(), "item.AssetID".into()], edits };
        let mut once = text.clone();
        for edits in [repair(&text, &context), repair_and_mint(&text, FileKind::Item, &context)] {
            let layers = [layer(edits)];
            let woven = weave(&Weave { text: &text, kind: FileKind::Item, layers: &layers, ours: &[], bindings: &[] }, &mut ids());
            prop_assert_eq!(&woven.refused, &None);
            prop_assert_eq!(&woven.dropped, &[]);
            prop_assert_eq!(&woven.proposals, &[]);
            let (old, new) = (Document::parse(&text), Document::parse(&woven.text));
            prop_assert!(new.cues.len() >= old.cues.len());
            prop_assert_eq!(repair(&woven.text, &context), vec![], "{:?} from {:?}", woven.text, text);
            once = woven.text;
        }
        let again = repair_and_mint(&once, FileKind::Item, &context);
        prop_assert_eq!(again, vec![], "{:?} from {:?}", once, text);
    }

    #[test]
    fn accepting_any_proposal_loses_no_cue(text in hostile()) {
        let cues = Document::parse(&text).cues.len();
        for proposal in proposals(&text, Some(&hostile_tree())) {
            let layers = [Layer { order: 0, name: "accept".into(), may_edit: vec!["*".into()], edits: proposal.edits.clone() }];
            let woven = weave(&Weave { text: &text, kind: FileKind::Item, layers: &layers, ours: &[], bindings: &[] }, &mut ids());
            prop_assert!(Document::parse(&woven.text).cues.len() >= cues);
        }
    }
}
