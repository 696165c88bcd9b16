//! What holds of any three texts.

use crate::hostile::{hostile, many};
use proptest::prelude::*;
use show_script::guard::UNDEFINED;
use show_script::merge::{Merge, merge};
use std::collections::BTreeMap;

/// A note as people write them: some keys, paragraphs and cues, of which there are not many, so that the sides meet.
fn note() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "slug: a\n",
        "status: draft\n",
        "status: production\n",
        "title: Tea\n",
        "title: 'Tea'\n",
        "# times\nduration: 00:10\n",
        "tags:\n- a\n- b\n",
        "tags: [a, b]\n",
        "notes: |-\n  one\n  two\n",
    ]);
    let block = prop::sample::select(vec![
        "The kettle was to blame.\n",
        "The old kettle was to blame.\n",
        "The kettle was to blame, again.\n",
        "And now the weather.\n",
        "One.\nTwo.\nThree.\n",
        "One.\nThree.\n",
        "<!-- Begin Cue -->\n[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1E]\n[Slug: boils]\n<!-- End Cue -->\n",
        "<!-- Begin Cue -->\n[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1E]\n[Slug: boils]\n[Duration: 00:00:12]\n<!-- End Cue -->\n",
        "<!-- Begin Cue -->\n[Type: SOT]\n[Slug: boils]\n[Incue: now]\n<!-- End Cue -->\n",
        "<!-- Begin Cue -->\n[Type: FSQ]\n[Slug: pot]\n[Quote: \"Never boils.\"]\n<!-- End Cue -->\n",
        "<!-- Begin Cue -->\n[Type: FSQ]\n[Slug: pot]\n[Quote: \"It boils.\"]\n[Attribution: Proverb]\n<!-- End Cue -->\n",
        "<!-- Begin Cue -->\n[Type: BREAK]\n<!-- End Cue -->\n",
        "## Notes\n",
    ]);
    let keys = prop::option::of(prop::collection::vec(key, 0..5));
    (keys, prop::collection::vec(block, 0..7), any::<bool>(), any::<bool>()).prop_map(
        |(keys, blocks, windows, open)| {
            let front = keys.map(|keys| format!("---\n{}---\n", keys.concat())).unwrap_or_default();
            let text = format!("{front}{}", blocks.join("\n"));
            let text = if open { text.trim_end().to_owned() } else { text };
            if windows { text.replace('\n', "\r\n") } else { text }
        },
    )
}

/// A note, and what became of it: pieces taken out, put in and moved, at the ends of lines.
fn edited(text: String) -> impl Strategy<Value = String> {
    let snippet = prop::sample::select(vec![
        "New line.\n",
        "\n",
        "word ",
        "kettle",
        "subtitle: x\n",
        "[Outcue: then]\n",
        "[Duration: 00:00:30]\n",
        "  # a remark\n",
        "<!-- Begin Cue -->\n[Type: GFX]\n[Slug: chart]\n<!-- End Cue -->\n",
        "",
        "",
    ]);
    let edit = (any::<prop::sample::Index>(), 0..3usize, snippet, any::<prop::sample::Index>(), any::<bool>());
    prop::collection::vec(edit, 0..4).prop_map(move |edits| {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        for (at, gone, snippet, to, moves) in edits {
            let at = at.index(lines.len() + 1);
            let taken: Vec<String> = lines.drain(at..(at + gone).min(lines.len())).collect();
            if snippet == "kettle" || snippet == "word " {
                let word = taken.concat().replacen(' ', &format!(" {snippet} "), 1);
                lines.insert(at, word);
            } else if moves {
                let to = to.index(lines.len() + 1);
                lines.splice(to..to, taken);
            } else {
                lines.insert(at, snippet.to_owned());
            }
        }
        lines.concat()
    })
}

fn three() -> impl Strategy<Value = (String, String, String)> {
    let related = |base: String| (Just(base.clone()), edited(base.clone()), edited(base));
    prop_oneof![
        6 => note().prop_flat_map(related),
        2 => hostile().prop_flat_map(related),
        1 => (note(), note(), note()),
        1 => (hostile(), hostile(), hostile()),
    ]
}

fn words(text: &str) -> BTreeMap<&str, usize> {
    let mut words = BTreeMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *words.entry(word).or_default() += 1;
    }
    words
}

fn lines(text: &str) -> BTreeMap<&str, usize> {
    let mut lines = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        *lines.entry(line).or_default() += 1;
    }
    lines
}

fn clean(merge: Merge) -> Option<String> {
    match merge {
        Merge::Clean { text } => Some(text),
        Merge::Conflict { clashes } => {
            assert!(!clashes.is_empty(), "a conflict says where it is");
            for clash in clashes {
                assert!(clash.base.line > 0 && clash.ours.line > 0 && clash.theirs.line > 0);
                assert!(!clash.to_string().is_empty());
            }
            None
        }
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn what_only_one_side_did_is_taken_as_it_is((base, ours, _) in three()) {
        prop_assert_eq!(clean(merge(&base, &base, &base)), Some(base.clone()));
        prop_assert_eq!(clean(merge(&base, &base, &ours)), Some(ours.clone()));
        prop_assert_eq!(clean(merge(&base, &ours, &base)), Some(ours.clone()));
        prop_assert_eq!(clean(merge(&base, &ours, &ours)), Some(ours.clone()));
    }

    #[test]
    fn it_makes_no_difference_which_side_is_ours((base, ours, theirs) in three()) {
        prop_assert_eq!(clean(merge(&base, &ours, &theirs)), clean(merge(&base, &theirs, &ours)));
    }

    #[test]
    fn merging_what_was_merged_changes_nothing((base, ours, theirs) in three()) {
        if let Some(merged) = clean(merge(&base, &ours, &theirs)) {
            prop_assert_eq!(clean(merge(&base, &merged, &theirs)), Some(merged.clone()));
            prop_assert_eq!(clean(merge(&base, &ours, &merged)), Some(merged.clone()));
        }
    }

    #[test]
    fn no_word_that_a_side_added_is_lost((base, ours, theirs) in three()) {
        if let Some(merged) = clean(merge(&base, &ours, &theirs)) {
            let (old, new) = (words(&base), words(&merged));
            for (word, count) in words(&ours).into_iter().chain(words(&theirs)) {
                let added = count.saturating_sub(old.get(word).copied().unwrap_or(0));
                prop_assert!(new.get(word).copied().unwrap_or(0) >= added, "{:?} in {:?}", word, merged);
            }
        }
    }

    #[test]
    fn no_line_that_all_three_have_is_lost((base, ours, theirs) in three()) {
        if let Some(merged) = clean(merge(&base, &ours, &theirs)) {
            let (old, mine, yours, new) = (lines(&base), lines(&ours), lines(&theirs), lines(&merged));
            for (line, count) in old {
                let count_of = |lines: &BTreeMap<&str, usize>| lines.get(line).copied().unwrap_or(0).min(count);
                let kept = (count_of(&mine) + count_of(&yours)).saturating_sub(count);
                prop_assert!(count_of(&new) >= kept, "{:?} in {:?}", line, merged);
            }
        }
    }

    #[test]
    fn a_real_merge_leaves_no_trace_of_a_conflict_or_of_a_broken_program((base, ours, theirs) in three()) {
        let is_real = base != ours && base != theirs && ours != theirs;
        if let Some(merged) = clean(merge(&base, &ours, &theirs)).filter(|_| is_real) {
            prop_assert!(!UNDEFINED.iter().any(|word| merged.contains(word)));
            prop_assert!(!merged.contains("<<<<<<<") && !merged.contains(">>>>>>>"));
        }
    }

    #[test]
    fn nothing_is_too_odd_to_be_merged(base in any::<String>(), ours in any::<String>(), theirs in any::<Vec<u8>>()) {
        let theirs = String::from_utf8_lossy(&theirs);
        clean(merge(&base, &ours, &theirs));
        clean(merge(&theirs, &base, &ours));
    }
}

#[test]
fn a_long_note_is_merged_in_its_time() {
    let line = |at: usize| match at % 10 {
        0 => format!(
            "<!-- Begin Cue -->\n[Type: SOT]\n[AssetID: SOT{at:08}AAAAAA]\n[Slug: clip-{at}]\n<!-- End Cue -->\n"
        ),
        1..=4 => "\n".to_owned(),
        _ => format!("Line {at} says what it says about the kettle.\n"),
    };
    let base: Vec<String> = (0..20_000).map(line).collect();
    let edited = |rest: usize| {
        let lines = base.iter().enumerate().map(|(at, line)| match at % 10 == rest {
            true if rest == 0 => line.replace("[Slug:", "[Duration: 00:00:12]\n[Slug:"),
            true => format!("{} Also this.\n", line.trim_end()),
            false => line.clone(),
        });
        lines.collect::<String>()
    };
    let base = base.concat();
    for (ours, theirs) in [(edited(6), edited(0)), (edited(6), edited(8))] {
        let merged = merge(&base, &ours, &theirs);
        let merged = merged.text().expect("nobody changed the same");
        assert_eq!(merged.len(), ours.len() + theirs.len() - base.len());
    }
    let twice = merge(&base, &edited(6).replace("Also", "Or"), &edited(6));
    assert!(matches!(twice, Merge::Conflict { clashes } if clashes.len() == 2000));
}

#[test]
fn thousands_of_equal_lines_end_too() {
    let base = "x\n".repeat(20_000);
    let ours = "x\n\n".repeat(20_000);
    let theirs = "y\nx\n".repeat(20_000);
    clean(merge(&base, &ours, &theirs));
    let cue = "<!-- Begin Cue -->\n[Type: BREAK]\n<!-- End Cue -->";
    let in_line = cue.replace('\n', "").repeat(20_000);
    clean(merge(&in_line, &format!("{in_line}a"), &format!("b{in_line}")));
    let twins = format!("{cue}\n\n").repeat(20_000);
    clean(merge(&twins, &format!("{twins}a"), &format!("b\n{twins}")));
    let long = "word, ".repeat(100_000);
    clean(merge(&long, &format!("{long}a"), &format!("b{long}")));
}

#[test]
fn a_line_that_has_a_twin_is_not_taken_for_it() {
    let base = "The kettle was to blame.\n\nThe kettle was to blame.\n";
    let ours = "The kettle was to blame.\nThe kettle was to blame.\n\n";
    let theirs = "New line.\nThe old kettle was to blame.\n\nThe kettle was to blame.\n";
    let merged = clean(merge(base, ours, theirs)).unwrap_or_default();
    assert!(merged.is_empty() || merged.matches("kettle was to blame").count() == 2, "{merged:?}");
}
