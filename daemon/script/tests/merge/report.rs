//! What a client gets to show where a person decides.

use show_script::merge::{Clash, Merge, Part, What, Why, merge};

const BASE: &str = "---\nstatus: draft\n---\n\nOne line.\n\nAnother line.\n";

fn clashes(base: &str, ours: &str, theirs: &str) -> Vec<Clash> {
    match merge(base, ours, theirs) {
        Merge::Conflict { clashes } => clashes,
        Merge::Clean { text } => panic!("clean: {text}"),
    }
}

fn part(line: u32, text: &str) -> Part {
    Part { line, text: text.to_owned() }
}

#[test]
fn every_place_is_told_and_each_in_the_lines_of_its_own_text() {
    let ours = BASE.replace("draft", "approved").replace("One line.", "First.\n\nOne.");
    let theirs = BASE.replace("draft", "production").replace("One line.", "The line.");
    assert_eq!(
        clashes(BASE, &ours, &theirs),
        [
            Clash {
                what: What::Key { key: "status".to_owned() },
                why: Why::Both,
                base: part(2, "status: draft\n"),
                ours: part(2, "status: approved\n"),
                theirs: part(2, "status: production\n"),
            },
            Clash {
                what: What::Text,
                why: Why::Both,
                base: part(5, "One line.\n"),
                ours: part(5, "First.\n\nOne.\n"),
                theirs: part(5, "The line.\n"),
            },
        ]
    );
}

#[test]
fn a_part_has_the_line_ends_of_its_file() {
    let theirs = BASE.replace("One", "That").replace('\n', "\r\n");
    let found = clashes(BASE, &BASE.replace("One", "This"), &theirs);
    assert_eq!((found[0].ours.text.as_str(), found[0].theirs.text.as_str()), ("This line.\n", "That line.\r\n"));
}

#[test]
fn what_one_side_took_away_is_empty_and_says_where_it_was() {
    let cue = "<!-- Begin Cue -->\n[Type: BREAK]\n[Slug: b]\n<!-- End Cue -->\n\n";
    let base = BASE.replace("Another", &format!("{cue}Another"));
    let found = clashes(&base, BASE, &base.replace("One", "The"));
    assert_eq!((found[0].why.clone(), found.len()), (Why::Removed, 1));
    assert_eq!(found[0].ours, part(4, ""), "no cue is known above it: where the body begins");
    assert_eq!(found[0].theirs, part(7, cue.strip_suffix('\n').unwrap()));
}

#[test]
fn it_travels_as_json() {
    let found = merge("a\n", "b\n", "c\n");
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(
        json,
        r#"{"merge":"conflict","clashes":[{"what":{"in":"text"},"why":{"why":"both"},"base":{"line":1,"text":"a\n"},"ours":{"line":1,"text":"b\n"},"theirs":{"line":1,"text":"c\n"}}]}"#
    );
    assert_eq!(serde_json::from_str::<Merge>(&json).unwrap(), found);
    assert_eq!(merge("a\n", "a\n", "b\n").text(), Some("b\n"));
}
