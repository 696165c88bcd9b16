//! The pages, quotes and results of `docs/example-share`, as they shall look.

use crate::episode::{Episode, NOW, body_of};
use show_script::compile::{Preset, Settings, compile};
use show_script::diagnostic::Diagnostic;
use show_script::listing::Listing;
use show_script::report::{Tree, check_tree};
use show_script::runtime::runtime;
use show_script::weave::{FileKind, Layer, Weave, weave};
use std::fs;
use std::path::{Path, PathBuf};

fn share() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/example-share")
}

/// An episode as the demo finds it: with the clips that `clips.txt` promises.
fn episode(number: &str) -> Episode {
    let mut episode = Episode::new();
    episode.files.clear();
    let root = share().join("episodes").join(number);
    read_below(&root, "", &mut episode);
    let clips = fs::read_to_string(share().join("clips.txt")).expect("the list of clips is there");
    for line in clips.lines() {
        let path = line.split_whitespace().next().and_then(|path| path.strip_prefix(&format!("episodes/{number}/")));
        if let Some(path) = path {
            episode.files.entry(path.to_owned()).or_default();
        }
    }
    episode.settings = Settings { show_name: "The Kettle Report".into(), ..Settings::default() };
    episode
}

fn read_below(folder: &Path, prefix: &str, episode: &mut Episode) {
    for entry in fs::read_dir(folder).expect("the example is there") {
        let entry = entry.expect("the example can be read");
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            read_below(&entry.path(), &format!("{path}/"), episode);
        } else {
            episode.files.insert(path, fs::read(entry.path()).expect("the example can be read"));
        }
    }
}

fn golden(number: &str) {
    let episode = episode(number);
    let compiled = episode.with(|_, input| {
        let input = show_script::compile::Input { episode: number, ..*input };
        compile(&input, &Preset::ALL)
    });
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter("base64,[A-Za-z0-9+/=]+", "base64,…");
    settings.bind(|| {
        for (path, page) in &compiled.files {
            let name = path.trim_start_matches("scripts/current/").trim_end_matches(".html");
            insta::assert_snapshot!(name, body_of(page));
        }
        let result = serde_json::to_string_pretty(&compiled.result).expect("a result is JSON");
        insta::assert_snapshot!(format!("{number}-result"), result);
        let quotes = episode.quotes(&[], None, NOW).file.json().replace("episode_0900", &format!("episode_{number}"));
        insta::assert_snapshot!(format!("{number}-quotes"), quotes);
    });
}

#[test]
fn the_clean_episode_compiles_as_it_always_did() {
    golden("0900");
}

#[test]
fn the_messy_episode_compiles_all_the_same() {
    golden("0901");
}

/// `file:line CODE severity`, of everything that a check says.
fn findings(number: &str) -> Vec<String> {
    let episode = episode(number);
    let mut listing = Listing::new(episode.files.iter().map(|(path, bytes)| (path, bytes.len() as u64)));
    if number == "0900" {
        listing = listing.with_folders(show_script::episode::FOLDERS);
    }
    let texts = episode.files.iter().filter_map(|(path, bytes)| {
        let text =
            std::str::from_utf8(bytes).ok().filter(|_| show_script::listing::split_extension(path).1 == ".md")?;
        Some((path.clone(), text.to_owned()))
    });
    let tree = Tree { folder: number.to_owned(), listing, texts: texts.collect() };
    let checked = check_tree(&tree, &show_script::settings::Settings::default());
    let say = |file: &str, it: &Diagnostic| format!("{file}:{} {} {}", it.line, it.code.name(), it.severity.word());
    checked.iter().flat_map(|it| it.diagnostics.iter().map(|found| say(&it.report.file, found))).collect()
}

#[test]
fn the_clean_episode_is_clean() {
    let found = findings("0900");
    // What showd writes by itself on its first run, and nothing else.
    let ours = ["MISSING_DURATION", "ZERO_DURATION"];
    let rest: Vec<_> = found.iter().filter(|it| !ours.iter().any(|code| it.contains(code))).collect();
    assert!(rest.is_empty(), "{rest:#?}");
}

#[test]
fn the_messy_episode_shows_every_malformation_of_the_table() {
    let found = findings("0901");
    println!("{found:#?}");
    let page = fs::read_to_string(share().join("MALFORMATIONS.md")).expect("the page is there");
    for (row, code, place) in page.lines().filter_map(promise) {
        let holds = |it: &&String| it.contains(&format!("{place} ")) && it.contains(&format!(" {code} "));
        assert!(code == "none" || found.iter().any(|it| holds(&it)), "row {row}: no {code} at {place}");
    }
    let rows: std::collections::BTreeSet<String> = page.lines().filter_map(promise).map(|(row, ..)| row).collect();
    assert_eq!(rows.len(), 20, "{rows:?}");
}

/// A row of the page's table: `| 1 | … | `CODE` | `file.md:12` |`.
fn promise(line: &str) -> Option<(String, String, String)> {
    let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
    let row = cells.get(1).filter(|row| !row.is_empty() && row.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(((*row).to_owned(), (*cells.get(3)?).to_owned(), format!("rundown/{}", cells.get(4)?)))
}

#[test]
fn after_one_weave_the_runtime_has_nothing_left_to_write() {
    let rates = show_script::runtime::Rates::default();
    for number in ["0900", "0901"] {
        let mut episode = episode(number);
        let measure =
            |episode: &Episode| episode.with(|rundown, input| runtime(rundown, input.info, &rates, |_, _| None));
        let first = measure(&episode);
        assert!(first.edits.iter().any(|(file, _)| file == "info.md"), "{number}");
        // What an editor left behind as `undefined` holds every write until a person mends it.
        assert!(first.edits.iter().all(|(file, _)| !file.contains("Undefined")), "{number}");
        for (file, edits) in first.edits {
            let text = String::from_utf8(episode.files[&file].clone()).expect("an item is text");
            let may_edit = ["item.duration", "info.total_runtime", "cue.Duration"].map(str::to_owned).to_vec();
            let layers = [Layer { order: 0, name: "runtime".into(), may_edit, edits }];
            let kind = FileKind::of_path(&file);
            let one = Weave { text: &text, kind, layers: &layers, ours: &[], bindings: &[] };
            let woven = weave(&one, &mut |_, _| None);
            assert_eq!((woven.dropped.len(), woven.proposals.len(), woven.refused), (0, 0, None), "{file}");
            episode.files.insert(file, woven.text.into_bytes());
        }
        let again: Vec<String> = measure(&episode).edits.into_iter().map(|(file, _)| file).collect();
        assert_eq!(again, [""; 0]);
    }
}

#[test]
fn compiling_twice_gives_the_same_bytes() {
    let episode = episode("0901");
    assert_eq!(episode.compile(), episode.compile());
}

#[test]
fn no_binary_of_the_example_is_larger_than_a_few_kilobytes() {
    for number in ["0900", "0901"] {
        for (path, bytes) in episode(number).files {
            assert!(bytes.len() < 8 << 10, "{path} has {} bytes", bytes.len());
        }
    }
}

#[test]
fn the_clean_episode_has_no_error_box_and_every_clip() {
    let result = episode("0900").compile().result;
    assert!(!result.with_errors);
    let missing: Vec<_> = result.missing.iter().filter(|it| !it.cue.starts_with("FSQ")).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
