//! Section 5 of the specification, rule by rule.

use crate::episode::{COLD_OPEN, Episode, INFO, PNG, cue};
use show_script::compile::{Preset, validate};

const SOT: &str =
    "[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1E]\n[Slug: kettle]\n[MediaURL: kettle.mp4]\n[Duration: 00:00:12]";

fn kettle() -> Episode {
    Episode::new().file("assets/video/kettle-boils.mp4", "").file("rundown/10 Cold Open.md", COLD_OPEN)
}

#[test]
fn the_example_of_the_specification_compiles_as_its_page_says() {
    let page = kettle().file("rundown/media-list.txt", "10_01_kettle-boils.mp4\n").host();
    for part in [
        "<div class=\"cover-page\"><h1>The Show</h1><p>EPISODE 0900</p><p>August 9th, 2026 at 9:00 PM</p>\n  ",
        "The Kettle Report</p>",
        "<p>Total Runtime: 00:00:30</p></div>\n<div class=\"block-start\">BLOCK A</div>\n",
        "<h2 class=\"segment-header\">Cold Open <span>00:00:30</span></h2>\n",
        "<p id=\"para-1\" class=\"speech\"><b class=\"speaker\">HOST</b> Good evening. Tonight the kettle was 100% to blame.</p>\n",
        "<div class=\"cue sot\"><p class=\"cue-header\">[[ SOT / 10 kettle-boils ]]</p>\n  <p>Duration: 00:00:12</p>\
         <p>Trans: It began to whistle [laughter] and then,<br>\nit did not stop.</p><p>Outcue: \"...then, it did not stop.\"</p></div>\n",
        "<div class=\"cue fsq\"><p class=\"cue-header\">[[ FSQ / watched-pot ]]</p>\n  <blockquote>A watched pot [it was said] \
         never boils, he called it \"the law\" of kettles.</blockquote><p>— Old Proverb</p></div>\n",
        "<div class=\"block-end\">END OF BLOCK A</div>\n",
    ] {
        assert!(page.contains(part), "{part}\nis not in\n{page}");
    }
}

#[test]
fn nothing_in_production_changes_no_file_and_lists_what_was_left_out() {
    let compiled = Episode::new().file("rundown/10 Tea.md", "---\nstatus: draft\n---\nx\n").compile();
    assert_eq!(compiled.files, []);
    assert_eq!(compiled.result.summary, "nothing in production");
    assert_eq!(compiled.result.left_out[0].reason, "status draft");
}

#[test]
fn validate_only_gives_the_result_without_a_page() {
    let result = kettle().with(|_, input| validate(input));
    assert_eq!(result.validation[0], "SOTMSA79Z40K3TT1E / SOT / kettle-boils **VALID**");
    assert_eq!(result.status_list, ["status: production\tslug: cold-open"]);
}

#[test]
fn notes_never_reach_a_script() {
    let page = kettle().host();
    assert!(!page.contains("Notes never"), "{page}");
    assert!(!page.contains("## Script"));
}

#[test]
fn an_item_with_nothing_to_print_is_left_out_and_said_to_be() {
    let compiled =
        Episode::body("x").item("20 Empty.md", "slug: empty\norder: 20", "<!-- soon -->\n\n<p class=\"host\"></p>");
    let result = compiled.compile().result;
    assert_eq!(result.empty, ["rundown/20 Empty.md"]);
    assert!(!compiled.host().contains("empty"));
}

#[test]
fn an_item_without_body_and_slug_is_an_error_box() {
    let episode = Episode::new().item("20 .md", "order: 20", "");
    let page = episode.host();
    assert!(page.contains("<div class=\"error-box\">29278 Missing Slug"), "{page}");
    assert!(episode.compile().result.with_errors);
}

#[test]
fn an_ad_without_text_prints_its_header_with_the_typed_duration() {
    let page = Episode::new().item("20 Ad.md", "slug: ad\ntype: advert\ntitle: Vinegar\nduration: 00:00:25", "").host();
    assert!(page.contains("<h2 class=\"segment-header\">Vinegar <span>00:00:25</span></h2>"), "{page}");
}

#[test]
fn a_number_comes_from_the_enumerator_before_the_media_list() {
    let list = "10_01_kettle.mp4\\n20_02_other.mp4";
    let page = |fields: &str| {
        let fields = format!("{SOT}\n{fields}");
        Episode::body(&cue(&fields)).file("assets/video/kettle.mp4", "").file("rundown/media-list.txt", list).script()
    };
    assert!(page("").contains("[[ SOT / 10 kettle ]]"));
    assert!(page("[Enumerator: 40]").contains("[[ SOT / 40 kettle ]]"));
    let prefixed = Episode::body(&cue(&SOT
        .replace("Slug: kettle", "Slug: 40-kettle")
        .replace("[Type: SOT]", "[Type: SOT]\n[Enumerator: 40]")));
    assert!(prefixed.script().contains("[[ SOT / 40 kettle ]]"));
}

#[test]
fn a_missing_media_list_is_a_note() {
    assert_eq!(Episode::body("x").compile().result.notes.len(), 1);
    assert_eq!(Episode::body("x").file("rundown/media-list.txt", "").compile().result.notes.len(), 0);
}

#[test]
fn left_over_fields_and_pictures_in_prose_are_skipped() {
    let page = Episode::body("[MediaURL: ../assets/x.png]\n\n<img src=\"x.png\">\n\n<!-- no -->\n\n<p></p>\n\nWords.")
        .script();
    assert!(page.contains("<p id=\"para-1\" class=\"speech\"><b class=\"speaker\">HOST</b> Words.</p>"), "{page}");
    assert!(!page.contains("MediaURL") && !page.contains("img"));
}

#[test]
fn lines_break_percent_stays_and_kept_markup_is_kept() {
    let page = Episode::body("100% <b>hot</b>\nand <u>cold</u> <blink>now</blink>").script();
    assert!(page.contains("100% <b>hot</b><br>\nand <u>cold</u> &lt;blink&gt;now&lt;/blink&gt;</p>"), "{page}");
}

#[test]
fn paragraphs_are_numbered_through_the_whole_script() {
    let page = Episode::body("One.\n\nTwo.").item("20 More.md", "slug: more\norder: 20", "Three.").host();
    for id in ["para-1", "para-2", "para-3"] {
        assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1);
    }
}

#[test]
fn a_heading_prints_as_a_heading() {
    assert!(Episode::body("### The **whistle**\n\nx").script().contains("<h3 class=\"heading\">The whistle</h3>"));
}

#[test]
fn a_cue_of_equal_id_and_slug_prints_once_per_script() {
    let episode = Episode::body(&cue(SOT)).item("20 More.md", "slug: more\norder: 20", &cue(SOT));
    assert_eq!(episode.host().matches("[[ SOT / kettle ]]").count(), 1);
    let dropped = &episode.compile().result.dropped[0];
    assert_eq!((dropped.file.as_str(), dropped.line, dropped.cue.as_str()), ("rundown/20 More.md", 6, "SOT / kettle"));
}

#[test]
fn a_cue_of_equal_type_and_slug_prints_once_per_item() {
    let again = SOT.replace("SOTMSA79Z40K3TT1E", "SOTMSA79Z40K3TT1F");
    let twice = Episode::body(&format!("{}\n{}", cue(SOT), cue(&again)));
    assert_eq!(twice.script().matches("[[ SOT / kettle ]]").count(), 1);
    let elsewhere = Episode::body(&cue(SOT)).item("20 More.md", "slug: more\norder: 20", &cue(&again));
    assert_eq!(elsewhere.host().matches("[[ SOT / kettle ]]").count(), 2);
    let voiced = again.replace("Type: SOT", "Type: VO");
    let both = Episode::body(&format!("{}\n{}", cue(&voiced), cue(SOT))).script();
    assert!(both.contains("[[ VO / kettle ]]") && both.contains("[[ SOT / kettle ]]"), "a VO may lead into its SOT");
}

#[test]
fn ad_libs_breaks_and_notes_are_never_dropped() {
    let note = cue("[Type: NOTE]\n[Note For: director]\n[Note Text: hold]");
    let ad_lib = cue("[Type: ADLIB, Duration: 00:01:00]");
    let page = Episode::body(&format!("{note}\n{ad_lib}\n{note}\n{ad_lib}")).script();
    assert_eq!(page.matches("<p class=\"cue-header\">[[DIRECTOR:NOTE--hold]]</p>").count(), 2);
    assert_eq!(page.matches("<p>[AD LIB] 00:01:00</p>").count(), 2);
    assert!(Episode::body(&cue("[Type: ADLIB]")).script().contains("<p>[AD LIB] 00:00</p>"));
}

#[test]
fn an_invalid_cue_prints_a_box_with_its_place_and_hides_nothing() {
    let episode = Episode::body(&format!(
        "Before.\n\n{}\nAfter.",
        cue("[Type: FSQ]\n[AssetID: FSQMSA79Z41P0TW4T]\n[Quote: \"Hot.\"]")
    ));
    let page = episode.script();
    assert!(
        page.contains(
            "<div class=\"error-box\">Missing or empty [Slug]<span class=\"where\">rundown/10 Tea.md, line 9</span>"
        ),
        "{page}"
    );
    assert!(page.contains("<blockquote>Hot.</blockquote>") && page.contains("After."));
    let result = episode.compile().result;
    assert!(result.with_errors);
    assert_eq!((result.boxes[0].file.as_str(), result.boxes[0].line), ("rundown/10 Tea.md", 9));
}

#[test]
fn an_unterminated_cue_prints_a_box_with_its_lines() {
    let page = Episode::body("<!-- Begin Cue -->\n[Type: SOT]\n[Slug: <lost>]\n\nStill here.").script();
    assert!(
        page.contains("Missing End Cue") && page.contains("<pre>[Type: SOT]\n[Slug: &lt;lost&gt;]</pre>"),
        "{page}"
    );
    assert!(page.contains("Still here."));
    assert!(!page.contains("class=\"speech\"><b class=\"speaker\">HOST</b> [Type"));
}

#[test]
fn missing_media_is_a_grey_placeholder_that_names_the_cue() {
    let episode = Episode::body(&cue(SOT));
    assert!(episode.script().contains("<div class=\"placeholder\">SOT / kettle — file missing: kettle.mp4</div>"));
    assert_eq!(episode.compile().result.missing[0].media, "kettle.mp4");
    assert!(!episode.compile().result.with_errors);
}

#[test]
fn an_unknown_type_is_a_warning_and_a_header() {
    let episode = Episode::body(&cue("[Type: Hologram]\n[AssetID: A]\n[Slug: basil]"));
    assert!(
        episode
            .script()
            .contains("<div class=\"cue hologram\"><p class=\"cue-header\">[[ HOLOGRAM / basil ]]</p></div>")
    );
    assert_eq!(episode.compile().result.warnings, ["rundown/10 Tea.md, line 7: Invalid [Type: Hologram]"]);
}

fn lines(episode: &Episode) -> Vec<String> {
    let known = ["block-start", "block-end", "\"break", "segment-header", "<hr>", "speech"];
    let page = episode.host();
    let lines = page.lines().filter(|line| known.iter().any(|class| line.contains(class)));
    let bare = |line: &str| {
        let text: String = line.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect();
        if line == "<hr>" { "---".to_owned() } else { text }
    };
    lines.map(bare).collect()
}

#[test]
fn blocks_are_separated_by_break_items_and_break_cues() {
    let break_cue = cue("[Type: BREAK]\n[AssetID: BREAK25001]");
    let episode = Episode::body("One.")
        .item("20 Break.md", "type: break\norder: 20\ntitle: Break One\nslug: b", &format!("Water.\n\n{break_cue}"))
        .item("30 Two.md", "order: 30\nslug: two\ntitle: Two", &format!("Two.\n\n{break_cue}\nThree."));
    assert_eq!(
        lines(&episode),
        [
            "BLOCK A",
            "Tea 00:00:00",
            "HOST One.",
            "---",
            "END OF BLOCK A",
            "Break One",
            "Water.",
            "BEGINNING OF BLOCK B",
            "Two 00:00:01",
            "Two.",
            "END OF BLOCK B",
            "COMMERCIAL BREAK",
            "BEGINNING OF BLOCK C",
            "Three.",
            "END OF BLOCK C"
        ]
    );
}

#[test]
fn a_separator_without_content_before_it_takes_no_letter() {
    let break_cue = cue("[Type: BREAK]\n[AssetID: BREAK25001]");
    let episode = Episode::new()
        .item("10 Break.md", "type: break\norder: 10\ntitle: Early", "")
        .item("20 Break.md", "type: break\norder: 20", "")
        .item("30 Tea.md", "order: 30\nslug: tea\ntitle: Tea", &format!("{break_cue}\nTea.\n\n{break_cue}"))
        .item("40 Break.md", "type: break\norder: 40\ntitle: Late", "");
    let breaks = ["Early", "COMMERCIAL BREAK", "COMMERCIAL BREAK"];
    let rest = ["BLOCK A", "Tea 00:00:00", "HOST Tea.", "END OF BLOCK A", "COMMERCIAL BREAK", "Late"];
    assert_eq!(lines(&episode), [&breaks[..], &rest[..]].concat());
}

#[test]
fn a_rule_stands_between_items() {
    let episode = Episode::body("One.").item("20 Two.md", "order: 20\nslug: two\ntitle: Two", "Two.");
    assert_eq!(
        lines(&episode),
        ["BLOCK A", "Tea 00:00:00", "HOST One.", "---", "Two 00:00:00", "Two.", "END OF BLOCK A"]
    );
}

#[test]
fn ads_promos_and_calls_to_action_are_content() {
    let page = Episode::body("x").item("20 Ad.md", "type: ad\norder: 20\nslug: ad", "Buy <b>vinegar</b>.").host();
    assert!(page.contains("Buy <b>vinegar</b>.") && !page.contains("BLOCK B"));
}

#[test]
fn a_tease_says_so_and_a_title_falls_back_to_the_slug() {
    let page = Episode::new()
        .item("10 A.md", "type: tease\norder: 10\nslug: kettles\ntitle: No", "x")
        .item("20 B.md", "order: 20\nslug: plain", "x")
        .host();
    assert!(page.contains(">TEASE: kettles <span>") && page.contains(">plain <span>"), "{page}");
}

#[test]
fn the_speaker_prints_only_when_it_changes() {
    let page = Episode::body(
        "A.\n\n<p class=\"host\">B.</p>\n\n<p class=\"bullet Guest\">C.</p>\n\n<p class=\"guest\">D.</p>\n\nE.",
    )
    .script();
    let speakers: Vec<&str> =
        page.split("<b class=\"speaker\">").skip(1).map(|rest| &rest[..rest.find('<').unwrap()]).collect();
    assert_eq!(speakers, ["HOST", "GUEST", "HOST"]);
    assert!(page.contains("class=\"speech other bullet\""));
}

#[test]
fn a_flagged_paragraph_prints_in_a_warning_box_without_its_asterisks() {
    let page = Episode::body("*** Mind the steam.").script();
    assert!(page.contains("<div class=\"warning-box\"><p id=\"para-1\" class=\"speech\"><b class=\"speaker\">HOST</b> Mind the steam.</p></div>"), "{page}");
}

#[test]
fn a_revision_prints_its_old_side_and_is_listed() {
    let episode = Episode::body("We <rev user=\"pat\" ts=\"2026-08-01T10:00:00Z\">asked one|asked three</rev>.");
    assert!(episode.script().contains("We asked one."));
    let open = &episode.compile().result.revisions[0];
    assert_eq!(
        (open.user.as_str(), open.old.as_str(), open.new.as_deref(), open.line),
        ("pat", "asked one", Some("asked three"), 7)
    );
}

#[test]
fn the_cover_leaves_out_what_is_missing_and_warns_of_the_air_date() {
    let mut episode = Episode::body("x").file("info.md", "---\ntype: sunday_show\n---\n");
    episode.settings.show_name.clear();
    let page = episode.host();
    assert!(page.contains("<div class=\"cover-page\"><p>EPISODE 0900</p><p class=\"title\">EPISODE NUMBER 0900</p>\n  <p>Total Runtime"), "{page}");
    assert_eq!(episode.compile().result.warnings.len(), 1);
    episode = episode.file("info.md", "---\nair_date: soon\n---\n");
    assert!(episode.compile().result.warnings[0].contains("\"soon\""));
}

#[test]
fn the_cover_lists_blocks_when_there_is_more_than_one() {
    let one = Episode::body("x").file("info.md", INFO.replace("title:", "guest: Basil\nsubtitle: Hot\ntitle:"));
    assert!(!one.host().contains("<table class=\"blocks\">"));
    let two = one.item("20 Break.md", "type: break\norder: 20\nduration: 00:02:00", "").item(
        "30 Two.md",
        "order: 30\nslug: two\ntitle: Two & a Half",
        "word word word word word",
    );
    let page = two.host();
    assert!(page.contains("<tr><td>BLOCK A</td><td>Tea</td><td>00:00:00</td></tr>"), "{page}");
    assert!(page.contains("<tr><td>BLOCK B</td><td>Two &amp; a Half</td><td>00:00:02</td></tr>"));
    assert!(page.contains("<p class=\"subtitle\">Hot</p><p class=\"guest\">Basil</p>"));
    assert!(page.contains("<div class=\"break\">COMMERCIAL BREAK <span>00:02:00</span></div>"));
    assert!(page.contains("Total Runtime: 00:02:02"));
    let row = "<tr><td></td><td>COMMERCIAL BREAK</td><td>00:02:00</td></tr>\n  <tr><td>BLOCK B</td>";
    assert!(page.contains(row), "the rows add up to the total: {page}");
}

#[test]
fn the_cover_template_follows_the_cover_and_may_be_unreadable() {
    let mut episode = Episode::body("x");
    episode.template = Some(Ok("<p>House rules</p>".into()));
    assert!(
        episode
            .host()
            .contains("</div>\n<div class=\"cover-template\"><p>House rules</p></div>\n<div class=\"block-start\">")
    );
    episode.template = Some(Err("permission denied".into()));
    assert_eq!(episode.compile().result.warnings, ["the cover template could not be read: permission denied"]);
}

#[test]
fn a_clip_shows_thumbnail_duration_transcript_and_outcue() {
    let fields = SOT.to_owned() + "\n[Thumbnail URL: ../assets/thumbnails/kettle-thumb-08.png]\n[Outcue: \"and stop\"]";
    let page = Episode::body(&cue(&fields))
        .file("assets/video/kettle.mp4", "")
        .file("assets/thumbnails/kettle-thumb-08.png", PNG)
        .file("assets/transcripts/kettle.txt", "It did not stop at all.\n")
        .script();
    assert!(page.contains("<img class=\"thumbnail\" src=\"data:image/png;base64,iVBORw0KGgo=\" alt=\"\">"), "{page}");
    assert!(page.contains("<p>Duration: 00:00:12</p><p>Trans: It did not stop at all.</p><p>Outcue: \"and stop\"</p>"));
    let bare = Episode::body(&cue(SOT)).file("assets/transcripts/kettle.txt", "It did not stop at all.").script();
    assert!(bare.contains("<p>Outcue: \"...did not stop at all.\"</p>"));
    let numbered = SOT.replace("[Slug: kettle]", "[Enumerator: 10]\n[Slug: 10-kettle]");
    let numbered = Episode::body(&cue(&numbered)).file("assets/transcripts/kettle.txt", "It did not stop at all.");
    assert!(numbered.script().contains("Trans: It did not stop at all."), "numbering takes no transcript away");
    assert!(Episode::body(&cue(SOT)).script().contains("<p>No Transcript</p>"));
    let voiced = Episode::body(&cue(&SOT.replace("SOT]", "VO]"))).script();
    assert!(voiced.contains("<p>Duration: 00:00:12</p></div>") && !voiced.contains("Transcript"), "{voiced}");
}

#[test]
fn pictures_are_embedded_only_from_below_assets() {
    let fields =
        "[Type: IMG]\n[AssetID: A]\n[Slug: chair]\n[MediaURL: chair.png]\n[Caption: One chair]\n[Script Text: Look.]";
    let page = |path: &str, more: &str| Episode::body(&cue(&format!("{fields}{more}"))).file(path, PNG).script();
    let shown = page("assets/images/chair.png", "\n[Include Script Text: yes]");
    assert!(
        shown.contains("<img class=\"picture\" src=\"data:image/png;base64,")
            && shown.contains("<p>Caption: One chair</p>")
    );
    assert!(shown.contains("Look."));
    let outside = page("preshow/chair.png", "");
    assert!(
        outside.contains("<div class=\"placeholder\">IMG / chair — no picture to show: preshow/chair.png</div>"),
        "{outside}"
    );
    assert!(!outside.contains("Look."));
}

#[test]
fn a_token_in_prose_prints_as_prose_and_as_a_header() {
    let page = Episode::body("Last week {SOT/the other kettle} was loud.").script();
    assert!(page.contains("Last week {SOT/the other kettle} was loud.</p>\n<div class=\"cue sot\"><p class=\"cue-header\">[[ SOT / the other kettle ]]</p>\n  <p>No Transcript</p></div>"), "{page}");
}

#[test]
fn an_attribution_loses_its_own_dash_only() {
    let fields = |attribution| format!("[Type: FSQ]\n[AssetID: A]\n[Slug: q]\n[Quote: \"Hot.\"]\n{attribution}");
    let page = |attribution| Episode::body(&cue(&fields(attribution))).script();
    assert!(page("[Attribution: — — A Plumber]").contains("<p>— A Plumber</p>"));
    assert!(page("[Source: -- Sam]").contains("<p>— Sam</p>"));
    assert!(page("").contains("</blockquote></div>"));
}

#[test]
fn the_teleprompter_has_names_of_cues_only_and_no_notes() {
    let note = cue("[Type: NOTE]\n[Note For: director]\n[Note Text: hold]");
    let page = Episode::body(&format!("Words.\n\n{}\n{note}", cue(SOT))).page(Preset::HostClean);
    assert!(page.contains("<div class=\"cue sot\"><p class=\"cue-header\">[SOT: kettle]</p></div>"), "{page}");
    assert!(page.contains("Words.") && !page.contains("NOTE") && !page.contains("Duration:"));
}

#[test]
fn the_control_room_sees_every_type_with_duration_and_path() {
    let note = cue("[Type: NOTE]\n[Note For: director]\n[Note Text: hold]");
    let episode = Episode::body(&format!("Words.\n\n{}\n{note}", cue(SOT))).file("assets/video/kettle.mp4", "");
    let page = episode.page(Preset::Production);
    assert!(
        page.contains(
            "<p class=\"cue-header\">[SOT] kettle — 00:00:12</p>\n  <p class=\"path\">assets/video/kettle.mp4</p>"
        ),
        "{page}"
    );
    assert!(page.contains("[NOTE] DIRECTOR — hold") && page.contains("Words."));
}

#[test]
fn the_media_list_has_a_row_per_file_and_marks_what_is_missing() {
    let gone = SOT.replace("kettle", "gone").replace("TT1E", "TT1F");
    let episode = Episode::body(&format!("{}\n{}", cue(SOT), cue(&gone))).file("assets/video/kettle.mp4", "");
    let compiled = episode.compile();
    let (path, page) = compiled.files.last().expect("the list comes last");
    assert_eq!(path, "scripts/current/0900-media-list.html");
    assert!(page.contains("<tr><td>1</td><td>SOT</td><td>kettle</td><td>Tea</td><td>assets/video/kettle.mp4</td><td>00:00:12</td></tr>"), "{page}");
    assert!(page.contains("<tr class=\"missing\"><td>2</td><td>SOT</td><td>gone</td><td>Tea</td><td>gone.mp4<br><em>file missing</em></td><td>00:00:12</td></tr>"));
}

#[test]
fn pages_are_named_by_preset_and_nothing_else() {
    let names: Vec<String> = Episode::body("x").compile().files.into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        names,
        ["host", "host-clean", "production", "media-list"].map(|preset| format!("scripts/current/0900-{preset}.html"))
    );
}

#[test]
fn a_conflict_copy_changes_neither_script_nor_numbers() {
    let copy = "rundown/10 Tea.sync-conflict-20260801-081936-ABCDEF2.md";
    let episode = Episode::body(&cue(SOT));
    let with_copy = episode.clone().item("x", "", "").file(copy, "---\nstatus: production\n---\nOther words.\n");
    assert_eq!(episode.host(), with_copy.host());
    assert!(with_copy.compile().result.left_out.iter().any(|out| out.file == copy && out.reason == "conflict copy"));
}
