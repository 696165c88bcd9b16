//! Front matter: the hazard table, single lines rewritten, and what is refused.

use proptest::prelude::*;
use show_script::diagnostic::Code;
use show_script::duration::Duration;
use show_script::front::Refusal;
use show_script::item::Document;
use show_script::text::apply;
use std::borrow::Cow;

fn value(lines: &str, key: &str) -> Option<String> {
    let text = format!("---\n{lines}\n---\n");
    Document::parse(&text).front().expect("front matter").text(key).map(Cow::into_owned)
}

fn codes(lines: &str) -> Vec<(Code, u32)> {
    let text = format!("---\n{lines}\n---\n");
    Document::parse(&text).diagnostics().iter().map(|found| (found.code, found.line)).collect()
}

/// The text after one key was set.
fn set(text: &str, key: &str, value: &str) -> Result<String, Refusal> {
    let document = Document::parse(text);
    let splice = document.front().expect("front matter").set(key, value, document.newline)?;
    Ok(apply(text, &[splice]).expect("a splice of this text"))
}

fn set_line(line: &str, key: &str, value: &str) -> String {
    let text = set(&format!("---\n{line}\n---\n"), key, value).unwrap();
    text.strip_prefix("---\n").and_then(|rest| rest.strip_suffix("\n---\n")).unwrap().to_owned()
}

#[test]
fn no_loader_decides_a_type() {
    assert_eq!(value("episode_number: 0236", "episode_number").as_deref(), Some("0236"));
    let duration = |line| Duration::of(&value(line, "duration").unwrap()).unwrap().seconds();
    assert_eq!(duration("duration: 1:00:00"), 3600);
    assert_eq!(duration("duration: 12:30"), 750);
    assert_eq!(value("airdate: 2026-08-09", "airdate").as_deref(), Some("2026-08-09"));
    let text = "---\nexplicit: no\n---\n";
    assert_eq!(Document::parse(text).front().unwrap().flag("explicit"), Some(false));
    assert_eq!(value("order: 010", "order").as_deref(), Some("010"));
    assert_eq!(value("title: Salt: a history", "title").as_deref(), Some("Salt: a history"));
    assert_eq!(codes("status: production\ntitle: Salt: a history"), [(Code::FmInvalidYaml, 3)]);
}

#[test]
fn values_are_read_as_they_are_written() {
    for (line, wanted) in [
        ("k: plain # comment", "plain"),
        ("k: a#b", "a#b"),
        ("k:    # only a comment", ""),
        ("k:", ""),
        ("k:v", "v"),
        ("k: 'it''s' # c", "it's"),
        ("k: \"a \\\"b\\\" \\\\ c\"", "a \"b\" \\ c"),
        ("k: \"he said \"no\" loudly\"", "he said \"no\" loudly"),
        ("k: \"Kettle\" and pot", "\"Kettle\" and pot"),
        ("k: |-\n  one\n\n    two\n", "one\n\n  two"),
        ("k: >\n  one\n  two\n\n  three", "one two\nthree"),
        ("k: [a, 'b, c', d]", "a, b, c, d"),
        ("k:\n- a\n- 'b' # c\n", "a, b"),
        ("k: one\n  two", "one two"),
        ("K: x", "x"),
        ("k: x\n  # an indented comment", "x"),
        ("k: |\n  # no comment\n  y", "# no comment\ny"),
    ] {
        assert_eq!(value(line, "k").as_deref(), Some(wanted), "{line}");
        assert_eq!(value(&line.replace('\n', "\r\n"), "k").as_deref(), Some(wanted), "{line} with CRLF");
    }
    assert_eq!(value("a: 1", "k"), None);
}

#[test]
fn lists_are_read_in_every_form() {
    for lines in ["tags: [a, 'b c']", "tags: a, b c", "tags:\n- a\n- b c", "tags:\n  - a\n  - \"b c\""] {
        let text = format!("---\n{lines}\nnext: x\n---\n");
        let document = Document::parse(&text);
        assert_eq!(document.front().unwrap().list("tags"), ["a", "b c"], "{lines}");
        assert_eq!(document.front().unwrap().text("next").as_deref(), Some("x"));
        assert_eq!(document.diagnostics(), []);
    }
}

#[test]
fn bad_lines_and_repeated_keys_are_said_and_the_rest_counts() {
    assert_eq!(codes("status: draft\nnonsense\nslug: a"), [(Code::FmBadLine, 3), (Code::FmInvalidYaml, 3)]);
    assert_eq!(value("status: draft\nnonsense\nslug: a", "slug").as_deref(), Some("a"));
    assert_eq!(codes("slug: a\nSLUG: b"), [(Code::FmDuplicateKey, 3)]);
    assert_eq!(value("slug: a\nSLUG: b", "slug").as_deref(), Some("b"), "the last one wins");
    assert_eq!(codes("# a comment\n\nslug: a"), []);
    assert_eq!(codes("  indented: before any key")[0], (Code::FmBadLine, 2));
    assert_eq!(codes("slug: a\n- item after a value")[0], (Code::FmBadLine, 3));
}

#[test]
fn an_alias_bomb_is_refused_quickly() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (name, before) in ["b", "c", "d", "e", "f", "g", "h"].iter().zip(["a", "b", "c", "d", "e", "f", "g"]) {
        let alias = format!("*{before}");
        bomb.push_str(&format!("{name}: &{name} [{}]\n", [alias.as_str(); 9].join(", ")));
    }
    assert_eq!(codes(bomb.trim_end())[0].0, Code::FmInvalidYaml);
}

#[test]
fn a_tower_of_lists_does_not_overflow_the_stack() {
    for tower in [format!("a:\n- {}x", "- ".repeat(100_000)), format!("a: {}", "[".repeat(100_000))] {
        assert_eq!(codes(&tower)[0].0, Code::FmInvalidYaml);
    }
}

#[test]
fn one_line_is_rewritten_and_every_other_byte_stays() {
    let seconds = Duration::from_seconds(75).written();
    assert_eq!(set_line("duration:  '00:00'   # target", "duration", &seconds), "duration:  '00:01:15'   # target");
    for (line, value, wanted) in [
        ("Slug: a", "b", "Slug: b"),
        ("slug:", "b", "slug: b"),
        ("slug:   # none yet", "b", "slug: b   # none yet"),
        ("slug: \"a\"", "it \"is\" \\", "slug: \"it \\\"is\\\" \\\\\""),
        ("slug: 'a'", "it's", "slug: 'it''s'"),
        ("slug: a", "b: c", "slug: \"b: c\""),
        ("slug: a # c", "", "slug: \"\" # c"),
        ("slug:\n- a\n- b", "c", "slug: c"),
        ("slug: |\n  a\n  b", "c", "slug: c"),
        ("slug: [a,\n  b]", "c", "slug: c"),
        ("x: 1\nslug: a\ny: 2", "b", "x: 1\nslug: b\ny: 2"),
    ] {
        assert_eq!(set_line(line, "slug", value), wanted, "{line}");
        assert_eq!(set_line(&line.replace('\n', "\r\n"), "slug", value), wanted.replace('\n', "\r\n"), "{line}, CRLF");
    }
}

#[test]
fn a_new_key_is_one_line_before_the_closing_fence() {
    assert_eq!(set("---\na: b\n---\nText", "assetid", "X").unwrap(), "---\na: b\nAssetID: X\n---\nText");
    assert_eq!(set("---\r\n---\r\n", "slug", "x").unwrap(), "---\r\nslug: x\r\n---\r\n");
    assert_eq!(set("- - -\na: b\n- - -", "slug", "x").unwrap(), "- - -\na: b\nslug: x\n- - -");
}

#[test]
fn what_would_become_another_type_is_quoted() {
    let written = |key: &str, value: &str| set_line("x: y", key, value)["x: y\n".len()..].to_owned();
    for value in [
        "",
        " a",
        "a ",
        "a: b",
        "a #b",
        "a:",
        "[a",
        "-a",
        "?",
        "'a",
        "yes",
        "No",
        "ON",
        "~",
        "null",
        "12",
        "1.5",
        "0x1f",
        "1e3",
        "12:30",
        "1:00:00",
        "2026-08-09",
        "010",
        "1_000",
        ".inf",
        "@a",
        "`a",
        "#a",
        ",a",
        "%a",
        "*a",
    ] {
        assert_eq!(written("k", value), format!("k: \"{value}\""), "{value:?}");
    }
    for value in
        ["a", "00:01:15", "00:00:30", "cold-open", "a-b: c"[..3].as_ref(), "it's", "100%", "a:b", "SEGMSA79Z40K3TT1E"]
    {
        assert_eq!(written("k", value), format!("k: {value}"), "{value:?}");
    }
    assert_eq!(written("order", "10"), "order: 10");
    assert_eq!(written("airdate", "2026-08-09"), "airdate: 2026-08-09");
    assert_eq!(written("order", "a: b"), "order: \"a: b\"");
}

#[test]
fn broken_front_matter_is_not_written() {
    assert_eq!(set("---\nnonsense\nslug: a\n---\n", "slug", "b"), Err(Refusal::BadLine));
    assert_eq!(set("---\nslug: a\nslug: b\n---\n", "slug", "c"), Err(Refusal::Duplicate { key: "slug".into() }));
    assert!(set("---\nslug: a\nslug: b\n---\n", "title", "c").is_ok(), "only the repeated key is not written");
    assert!(set("---\ntitle: Salt: a history\n---\n", "slug", "salt").is_ok(), "invalid YAML alone forbids nothing");
    assert_eq!(set("---\n---\n", "slug", "a\nb"), Err(Refusal::ManyLines { key: "slug".into() }));
    assert_eq!(set("---\n---\n", "a b", "x"), Err(Refusal::NotAKey { key: "a b".into() }));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_here_and_for_a_yaml_parser(
        value in "[a-c0-9:#'\"\\\\ \\[\\]{}&*|>%@`,?~!.-]{0,12}",
        line in proptest::sample::select(vec!["k: old", "k: 'old'", "k: \"old\" # c", "k:", "other: x", "k:\n- a\n- b"]),
    ) {
        let text = set(&format!("---\n{line}\n---\n"), "k", &value).unwrap();
        let document = Document::parse(&text);
        let front = document.front().unwrap();
        prop_assert_eq!(front.text("k").unwrap(), value.as_str(), "{}", text);
        prop_assert_eq!(front.check_yaml(), None, "{}", text);
    }

    #[test]
    fn setting_a_key_leaves_all_other_lines_alone(
        lines in proptest::collection::vec("(a|b|k|#c|  d|- e|f g): ?[x'\" #:]{0,6}", 0..6), value in "[a-z: ]{0,6}",
    ) {
        let text = format!("---\n{}\n---\nbody\n", lines.join("\n"));
        let document = Document::parse(&text);
        let front = document.front().unwrap();
        if let Ok(splice) = front.set("k", &value, document.newline) {
            let entry = front.get("k").map(|entry| entry.lines);
            let outside = entry.is_none_or(|lines| lines.begin <= splice.begin && splice.end <= lines.end);
            prop_assert!(outside, "{splice:?}");
            let result = apply(&text, &[splice]).unwrap();
            let again = Document::parse(&result);
            for old in &front.entries {
                if !old.is("k") {
                    prop_assert_eq!(again.front().unwrap().text(old.key.text), front.text(old.key.text), "{}", result);
                }
            }
        }
    }
}
