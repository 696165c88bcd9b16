//! Reading whole files: the examples of the specification, odd inputs, and that nothing is ever lost.

use proptest::prelude::*;
use show_script::diagnostic::Code;
use show_script::front::Opening;
use show_script::item::{BlockKind, Document, SectionKind};
use show_script::text::{BOM, Newline};
use std::fmt::Write;

const COLD_OPEN: &str = include_str!("fixtures/cold-open.md");
const ONE_OF_EACH: &str = include_str!("fixtures/one-of-each.md");
const INFO: &str = include_str!("fixtures/info.md");

fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// Line, dialect, and the labels of the fields, of each cue.
fn cues(text: &str) -> Vec<(u32, &'static str, Vec<String>)> {
    let document = Document::parse(text);
    let told = document.cues.iter().map(|cue| {
        let labels = cue.fields().iter().map(|field| field.label.text.to_owned()).collect();
        (document.line(cue.span().begin), cue.dialect().word(), labels)
    });
    told.collect()
}

fn found(text: &str, code: Code) -> Vec<u32> {
    Document::parse(text).diagnostics().iter().filter(|d| d.code == code).map(|d| d.line).collect()
}

/// What must hold of every document: its pieces are the text, its blocks stand in order with white space between
/// them, and every offset lies in the text.
fn check_invariants(text: &str) -> Result<(), String> {
    let document = Document::parse(text);
    let pieces = document.pieces();
    let joined: String = pieces.iter().map(|piece| piece.text).collect();
    if joined != text {
        return Err(format!("pieces are {joined:?}"));
    }
    let gaps = pieces.iter().step_by(2).enumerate();
    for (number, gap) in gaps {
        let between = if number == 0 { &gap.text[document.body.begin.min(gap.text.len())..] } else { gap.text };
        if !between.trim().is_empty() {
            return Err(format!("between blocks stands {between:?}"));
        }
    }
    let in_blocks = |wanted: fn(&BlockKind<'_>) -> Option<usize>| {
        document.blocks.iter().filter_map(|block| wanted(&block.kind)).collect::<Vec<_>>()
    };
    let cues = in_blocks(|kind| if let BlockKind::Cue(index) = kind { Some(*index) } else { None });
    let open = in_blocks(|kind| if let BlockKind::Unterminated(index) = kind { Some(*index) } else { None });
    if cues != (0..document.cues.len()).collect::<Vec<_>>()
        || open != (0..document.unterminated.len()).collect::<Vec<_>>()
    {
        return Err("cues and blocks disagree".to_owned());
    }
    for cue in &document.cues {
        for field in cue.fields() {
            let stands = &text[field.value.begin..field.value.end()] == field.value.text
                && &text[field.label.begin..field.label.end()] == field.label.text
                && cue.span().covers(field.span)
                && field.room.covers(field.value.span());
            if !stands {
                return Err(format!("field {field:?}"));
            }
        }
    }
    for prose in document.prose() {
        if &text[prose.slice.begin..prose.slice.end()] != prose.slice.text {
            return Err(format!("prose {prose:?}"));
        }
    }
    document.diagnostics();
    Ok(())
}

#[test]
fn the_example_item_has_its_two_cues() {
    for text in [COLD_OPEN.to_owned(), crlf(COLD_OPEN)] {
        check_invariants(&text).unwrap();
        let document = Document::parse(&text);
        let front = document.front().unwrap();
        assert_eq!(front.text("status").as_deref(), Some("production"));
        assert_eq!(front.text("ORDER").as_deref(), Some("10"));
        let [sot, fsq] = document.cues.as_slice() else { panic!("two cues") };
        assert_eq!((sot.type_word(), sot.dialect().word(), sot.is_collapsed()), ("SOT", "canonical", false));
        let labels: Vec<_> = sot.fields().iter().map(|field| field.label.text).collect();
        assert_eq!(labels, ["Type", "AssetID", "Slug", "MediaURL", "Duration", "Transcription"]);
        let transcription = sot.text("Transcription").unwrap().replace("\r\n", "\n");
        assert_eq!(transcription, "It began to whistle [laughter] and then,\nit did not stop.");
        assert_eq!((fsq.type_word(), fsq.dialect().word(), fsq.is_collapsed()), ("FSQ", "collapsed", true));
        assert_eq!(
            fsq.text("Quote").unwrap(),
            "A watched pot [it was said] never boils, he called it \"the law\" of kettles."
        );
        assert_eq!(fsq.attribution().unwrap().value.text, "— Old Proverb");
        assert_eq!(document.diagnostics(), []);
    }
}

#[test]
fn the_example_item_keeps_notes_speakers_and_bare_text_apart() {
    let document = Document::parse(COLD_OPEN);
    let told: Vec<String> = document
        .blocks
        .iter()
        .map(|block| match block.kind {
            BlockKind::Paragraph(paragraph) => format!(
                "{:?} {}{}: {}",
                block.section,
                paragraph.speaker().unwrap_or("-"),
                if paragraph.is_bullet() { " bullet" } else { "" },
                paragraph.content.text
            ),
            BlockKind::Heading { text, .. } => format!("{:?} # {}", block.section, text.text),
            other => format!("{:?} {other:?}", block.section),
        })
        .collect();
    assert_eq!(
        told,
        [
            "Notes # Notes",
            "Notes -: Notes never reach the script. {SOT/not-a-token}",
            "Script # Script",
            "Script host: Good evening. Tonight the kettle was 100% to blame.",
            "Script Cue(0)",
            "Script guest bullet: Guest says it boiled at 99 degrees.",
            "Script Cue(1)",
            "Script -: Bare Markdown after the cue, with no paragraph tag at all.",
        ]
    );
    let flagged = document.blocks.iter().find_map(|block| match block.kind {
        BlockKind::Paragraph(paragraph) => paragraph.attribute("data-flag-note"),
        _ => None,
    });
    assert_eq!(flagged, Some("check &quot;boil&quot; figure"));
}

#[test]
fn the_file_with_one_error_of_each_kind_has_four_cues() {
    for text in [ONE_OF_EACH.to_owned(), crlf(ONE_OF_EACH)] {
        check_invariants(&text).unwrap();
        let expected: [(u32, &str, &[&str]); 4] = [
            (1, "double-angle", &["Type", "AssetID", "Slug", "MediaURL", "Status"]),
            (13, "canonical", &["Type", "Asset Id", "Media Url"]),
            (19, "loose", &["type", "assetid", "Quote"]),
            (26, "canonical", &["Type", "Duration"]),
        ];
        let seen = cues(&text);
        for ((line, dialect, labels), (wanted_line, wanted_dialect, wanted_labels)) in seen.iter().zip(expected) {
            assert_eq!((*line, *dialect), (wanted_line, wanted_dialect));
            assert_eq!(labels, wanted_labels);
        }
        assert_eq!(seen.len(), 4);

        let document = Document::parse(&text);
        assert_eq!(document.cues[0].content.images[0].text, "<img src=\"../assets/images/thumb-old.png\"/>");
        assert_eq!(document.cues[2].value("Quote").replace("\r\n", "\n"), "No slug here\nover two lines");
        assert_eq!(document.cues[3].type_word(), "ADLIB");
        assert_eq!(document.cues[3].value("Duration"), "00:01:00");

        assert_eq!(found(&text, Code::CueDoubleAngle), [1]);
        assert_eq!(found(&text, Code::CueUnterminated), [10]);
        assert_eq!(found(&text, Code::CueTextGlued), [17]);
        assert_eq!(found(&text, Code::CueStrayEnd), [29]);
        assert_eq!(document.diagnostics().len(), 4, "{:?}", document.diagnostics());
        let closable = document.unterminated[0].closable.unwrap();
        assert!(text[..closable].ends_with("[Slug: never closed]"));
    }
}

#[test]
fn the_example_of_an_episode_keeps_its_long_values() {
    let document = Document::parse(INFO);
    let front = document.front().unwrap();
    assert_eq!(front.text("editor").as_deref(), Some("Sam Host\nPat Producer"));
    assert_eq!(front.list("tags"), ["kettles", "tea"]);
    assert_eq!(front.text("episode_number").as_deref(), Some("0900"));
    assert_eq!(document.diagnostics(), []);
}

#[test]
fn an_unterminated_begin_never_swallows_the_next_cue() {
    let text = "<!-- Begin Cue -->\n[Type: SOT]\nnot a field\n\n<!-- Begin Cue -->\n[Type: FSQ]\n<!-- End Cue -->\n";
    let document = Document::parse(text);
    assert_eq!(document.cues.len(), 1);
    let open = &document.unterminated[0];
    assert_eq!(document.slice(open.span).text, "<!-- Begin Cue -->\n[Type: SOT]");
    assert_eq!(open.closable, None, "a line that is no field: only a person can tell");
    assert!(matches!(document.blocks[1].kind, BlockKind::Paragraph(p) if p.content.text == "not a field"));
}

#[test]
fn a_begin_at_the_end_of_the_file_is_closable_behind_its_fields() {
    let text = "<!-- Begin Cue -->\r\n[Type: SOT]\r\n<img src=\"a\">\r\n\r\nProse.";
    let document = Document::parse(text);
    assert_eq!(document.unterminated[0].closable, text.find("\r\n\r\n"));
    assert_eq!(Document::parse("<!-- Begin Cue -->\n\nProse.").unterminated[0].closable, None);
    assert_eq!(Document::parse("<!-- Begin Cue -->").unterminated[0].closable, None);
}

#[test]
fn markers_in_front_matter_are_ignored_and_in_code_fences_are_not() {
    let cue = "<!-- Begin Cue -->\n[Type: BREAK]\n<!-- End Cue -->\n";
    assert_eq!(Document::parse(&format!("---\ntitle: <!-- Begin Cue -->\n---\n{cue}")).cues.len(), 1);
    let fenced = format!("```md\nhello\n{cue}\n## Notes\n```\n\nafter\n");
    let document = Document::parse(&fenced);
    assert_eq!(document.cues.len(), 1);
    let kinds: Vec<_> = document.blocks.iter().map(|block| matches!(block.kind, BlockKind::Code)).collect();
    assert_eq!(kinds, [true, false, true, false], "code, cue, code, paragraph");
    assert!(document.blocks.iter().all(|block| block.section == SectionKind::Script));
}

#[test]
fn a_fence_that_nothing_closes_swallows_nothing() {
    let document = Document::parse("```\ntext\n\n## Notes\n\nnote\n");
    assert!(matches!(document.blocks[0].kind, BlockKind::Paragraph(p) if p.content.text == "```\ntext"));
    assert_eq!(document.blocks.last().unwrap().section, SectionKind::Notes);
}

#[test]
fn a_fence_cue_takes_its_id_from_the_info_string() {
    let text = "Before\n```cue SOTMSA79Z40K3TT1E\n[Type: SOT]\n[Slug: a]\n```\nafter\n";
    check_invariants(text).unwrap();
    let document = Document::parse(text);
    let cue = &document.cues[0];
    assert_eq!((cue.dialect().word(), cue.asset_id(), cue.slug()), ("fence", "SOTMSA79Z40K3TT1E", "a"));
    assert_eq!(found(text, Code::CueFence), [2]);
    let with_field = text.replace("[Type: SOT]", "[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1F]");
    assert_eq!(Document::parse(&with_field).cues[0].asset_id(), "SOTMSA79Z40K3TT1F");
    let open = "```cue A\n[Type: SOT]\n```cue B\n[Type: FSQ]\n```\n";
    assert_eq!((Document::parse(open).cues.len(), Document::parse(open).unterminated.len()), (1, 1));
}

#[test]
fn a_value_ends_where_the_grammar_says_and_nowhere_else() {
    let fields = |body: &str| {
        let text = format!("<!-- Begin Cue -->\n{body}\n<!-- End Cue -->");
        let document = Document::parse(&text);
        let told = document.cues[0].fields().iter().map(|f| (f.label.text.to_owned(), f.value.text.to_owned()));
        told.collect::<Vec<_>>()
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(fields("[A: x]\n[B: y]"), [pair("A", "x"), pair("B", "y")]);
    assert_eq!(fields("[A: x [y] z]  \n\n  [B:y]"), [pair("A", "x [y] z"), pair("B", "y")]);
    assert_eq!(fields("[A: [1, 2]]\n<img src=\"]\">"), [pair("A", "[1, 2]")]);
    assert_eq!(fields("[A: x] tail\n[B: y]"), [pair("A", "x] tail\n[B: y")], "text behind a bracket is the value's");
    assert_eq!(fields("[A: x]\njunk ]\n[B: y]"), [pair("A", "x]\njunk"), pair("B", "y")]);
    assert_eq!(fields("[A: x\n[B: y]"), [pair("A", "x\n[B: y")]);
    assert_eq!(fields("[A: never closed\njunk"), []);
    assert_eq!(fields("[A:]\n[ : x]\n[B: ]"), [pair("A", ""), pair("", "x"), pair("B", "")]);
    assert_eq!(fields("[A: x]\n[: y]\n[B: z]"), [pair("A", "x]\n[: y"), pair("B", "z")], "no name at all");
    assert_eq!(fields("junk\n[A: x]"), [pair("A", "x")]);
}

#[test]
fn a_swallowed_field_is_reported_where_it_stands() {
    let text = "<!-- Begin Cue -->\n[Type: FSQ]\n[Quote: \"a\"] oops\n[Attribution: b]\n<!-- End Cue -->\n";
    assert_eq!(found(text, Code::CueFieldSwallowed), [4]);
    let twice = "<!-- Begin Cue -->\n[Media Url: a]\n[MediaURL: b]\n<!-- End Cue -->\n";
    assert_eq!(found(twice, Code::CueDuplicateField), [3]);
    assert_eq!(Document::parse(twice).cues[0].value("MediaURL"), "a", "the first counts");
}

#[test]
fn names_that_drifted_are_read_and_kept() {
    let text = "<!-- Begin Cue -->\n[Type: SOT]\n[Media Url: a.mp4]\n<!-- End Cue -->\n";
    let document = Document::parse(text);
    let field = document.cues[0].field("MediaURL").unwrap();
    assert_eq!((field.label.text, field.name(), field.value.text), ("Media Url", "MediaURL", "a.mp4"));
}

#[test]
fn paragraphs_of_both_forms_stand_side_by_side() {
    let text = "One\ntwo <p class=\"bullet guest\">Three\n\nfour</p> five\n<p>six\n\nseven\n<P CLASS='host'>eight</P>\n\
                <p class=\"open\">nine\n\n## Notes\n\nten</p>\n";
    check_invariants(text).unwrap();
    let document = Document::parse(text);
    let told: Vec<_> = document
        .blocks
        .iter()
        .filter_map(|block| match block.kind {
            BlockKind::Paragraph(p) => Some((p.speaker(), p.is_bullet(), p.content.text)),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            (None, false, "One\ntwo"),
            (Some("guest"), true, "Three\n\nfour"),
            (None, false, "five"),
            (None, false, "six"),
            (None, false, "seven"),
            (Some("host"), false, "eight"),
            (Some("open"), false, "nine"),
            (None, false, "ten</p>"),
        ]
    );
    assert_eq!(document.blocks.last().unwrap().section, SectionKind::Notes);
}

#[test]
fn comments_and_headings_are_blocks_of_their_own() {
    let text = "# Title #\n<!-- a\n\nb --> tail\nText <!-- c\n\nd --> more\n#hashtag\n";
    check_invariants(text).unwrap();
    let document = Document::parse(text);
    let told: Vec<_> = document.blocks.iter().map(|block| document.slice(block.span).text).collect();
    assert_eq!(told, ["# Title #", "<!-- a\n\nb -->", "tail\nText <!-- c\n\nd --> more\n#hashtag"]);
    assert!(
        matches!(document.blocks[0].kind, BlockKind::Heading { level: 1, text, opens_section: false } if text.text == "Title")
    );
    let prose: Vec<_> = document.prose_ranges().map(|prose| prose.slice.text).collect();
    assert_eq!(prose, ["Title", "tail\nText ", " more\n#hashtag"]);
}

#[test]
fn a_revision_proposal_is_seen_and_left_alone() {
    let text = "<p class=\"host\">He said <rev user=\"pat\" ts=\"2026-08-01T10:00:00Z\">old|new</rev> twice.</p>\n";
    let document = Document::parse(text);
    let [revision] = document.revisions()[..] else { panic!("one revision") };
    assert_eq!((revision.old.text, revision.new.map(|new| new.text)), ("old", Some("new")));
    assert_eq!(revision.attribute("user"), Some("pat"));
    assert_eq!(document.prose_ranges().map(|prose| prose.slice.text).collect::<Vec<_>>(), ["He said ", " twice."]);
}

#[test]
fn odd_files_are_files() {
    for text in
        ["", BOM, "\n", "\r\n", "---", "---\n", "---\n---", "---\n---\n", "\0\u{1}\u{fffd}", "- - -\na: b\n- --\n"]
    {
        check_invariants(text).unwrap_or_else(|why| panic!("{text:?}: {why}"));
    }
    let with_mark = format!("{BOM}---\r\nslug: a\r\n---\r\nText\r\n");
    let document = Document::parse(&with_mark);
    assert_eq!(document.front().unwrap().text("slug").as_deref(), Some("a"));
    assert_eq!(document.newline, Newline::CrLf);
    assert!(matches!(Document::parse("---\nslug: a\n").opening, Opening::Unterminated(_)));
    assert_eq!(found("---\nslug: a\n", Code::FmUnterminated), [1]);
}

/// Each of these is quadratic or recursive for a careless parser. In a debug build a linear one takes well below a
/// second per input; a quadratic one would take hours.
#[test]
fn hostile_texts_are_read_in_linear_time() {
    let many = |part: &str| part.repeat((1 << 19) / part.len());
    for part in [
        "<!-- Begin Cue -->",
        "<!-- Begin Cue --><!-- End Cue -->",
        "<!-- Begin Cue -->\n[Type: SOT]\n<!-- End Cue -->\n",
        "<!-- End Cue -->",
        "<!--",
        "<!-- x",
        "<p ",
        "<p>",
        "<p \"",
        "<p>\n#",
        "<p class=\"",
        "</p>",
        "[a: b\n",
        "[a: b] c\n",
        "]\n[",
        "]\n\n \n",
        "`",
        "```\n",
        "```cue X\n",
        "~~~\n````\n",
        "` `` ``` ",
        "<rev>",
        "<a \"",
        "#",
        "\n",
        " ",
        "\r",
        "\u{a0}",
        "\0",
        "ä",
        "a: b\n",
        "[a: b]\n",
        "a <!-- b --> c ",
        "<!-- b --> ",
        "a <p>b</p> c",
    ] {
        let text = many(part);
        check_invariants(&text).unwrap_or_else(|why| panic!("{part:?}: {}", &why[..why.len().min(200)]));
        let in_cue = format!("<!-- Begin Cue -->\n{text}<!-- End Cue -->");
        check_invariants(&in_cue).unwrap_or_else(|why| panic!("in a cue {part:?}: {}", &why[..why.len().min(200)]));
        let in_front = format!("---\n{text}\n---\n");
        Document::parse(&in_front);
    }
}

#[test]
fn ten_thousand_cues_keep_their_places() {
    let mut text = String::new();
    for n in 0..10_000 {
        writeln!(text, "<!-- Begin Cue -->\n[Type: SOT]\n[Slug: clip-{n}]\n<!-- End Cue -->\n\nText {n}.\n").unwrap();
    }
    let document = Document::parse(&text);
    assert_eq!(document.cues.len(), 10_000);
    assert_eq!(document.line(document.cues[9_999].span().begin), 9_999 * 7 + 1);
    assert_eq!(document.diagnostics(), []);
}

/// Fragments that mean something, glued together at random.
fn adversarial() -> impl Strategy<Value = String> {
    let part = proptest::sample::select(vec![
        "<!-- Begin Cue -->",
        "<!-- End Cue -->",
        "<!-- Begin Cue collapsed -->",
        "<<!-- Begin Cue -->>",
        "<<!-- End Cue -->>",
        "<!--begin  cue-->",
        "<!-- comment -->",
        "<!--",
        "-->",
        "\n",
        "\n",
        "\n",
        "\n\n",
        "---\n",
        "[Type: SOT]",
        "[Type: ADLIB, Duration: 1:00]",
        "[Slug: a]",
        "[Quote: \"x [y] z\"]",
        "[A:",
        "]",
        "[",
        "\\]",
        "<img src=\"a\">",
        "<img",
        "```",
        "```cue X",
        "````",
        "~~~",
        "`",
        "<p class=\"host\">",
        "<p>",
        "</p>",
        "<p",
        "## Notes\n",
        "## Script\n",
        "# x\n",
        "#",
        "*** flagged",
        "<rev user=\"p\">a|b</rev>",
        "<rev>",
        "|",
        " ",
        "\t",
        "title: a: b",
        "slug: 'x' # c\n",
        "order: 010\n",
        "- a\n",
        "  more\n",
        "key: |\n",
        "word",
        "ä—“",
        "\u{a0}",
        BOM,
        "\r",
        "\0",
    ]);
    (proptest::collection::vec(part, 0..60), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(parts, crlf, front, mark)| {
            let front = if front { "---\nslug: a\n---\n" } else { "" };
            let text = format!("{}{front}{}", if mark { BOM } else { "" }, parts.concat());
            if crlf { text.replace('\n', "\r\n") } else { text }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_loses_nothing_of_any_text(text in "(?s).{0,200}") {
        prop_assert_eq!(check_invariants(&text), Ok(()));
    }

    #[test]
    fn reading_loses_nothing_of_a_hostile_text(text in adversarial()) {
        prop_assert_eq!(check_invariants(&text), Ok(()));
    }
}
