//! The walls that the compiler does not guard: what each room may import, what stays pure, what the tree may hold.
//!
//! The table of rooms in `docs/ARCHITECTURE.md` is the source; code that disagrees with it fails here.
#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "our own names are lower case")]

mod tree;

use std::collections::{BTreeMap, BTreeSet};
use tree::{Source, cargo, sources, tracked, workspace};

/// A row of the table of rooms: where it is and what it may import.
struct Room {
    path: String,
    imports: BTreeSet<String>,
}

/// Reads the rows `| `path` | imports | owns |` between the markers of the table of rooms.
fn rooms() -> Vec<Room> {
    let map = std::fs::read_to_string(workspace().join("docs/ARCHITECTURE.md")).expect("the map is there");
    let (_, rest) = map.split_once("<!-- rooms -->").expect("the table of rooms begins with <!-- rooms -->");
    let (table, _) = rest.split_once("<!-- /rooms -->").expect("the table of rooms ends with <!-- /rooms -->");
    table
        .lines()
        .filter_map(|line| {
            let mut cells = line.trim().strip_prefix('|')?.split('|').map(str::trim);
            let path = cells.next()?.strip_prefix('`')?.strip_suffix('`')?.to_owned();
            let imports = cells.next()?.split(',').map(|name| name.trim().trim_matches('`').to_owned());
            Some(Room { path, imports: imports.filter(|name| !name.is_empty() && name != "-").collect() })
        })
        .collect()
}

/// The room a source file belongs to: the longest path of the table that is a prefix of it.
fn room_of<'a>(rooms: &'a [Room], source: &Source) -> Option<&'a Room> {
    rooms
        .iter()
        .filter(|room| source.path.strip_prefix(room.path.as_str()).is_some_and(|rest| rest.starts_with(['/', '.'])))
        .max_by_key(|room| room.path.len())
}

/// Names of our own crates and modules that a file imports: `show_core`, `crate::store`.
fn imports(source: &Source) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in source.shipped_lines() {
        for (prefix, kept) in [("crate::", ""), ("show_", "show-"), ("showd::", "showd"), ("showctl::", "showctl")] {
            for (at, _) in line.match_indices(prefix) {
                let before = line[..at].chars().next_back();
                if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '"') {
                    continue;
                }
                let rest = &line[at + prefix.len()..];
                if prefix == "crate::" && rest.starts_with('{') {
                    let inner = rest.trim_start_matches('{').split('}').next().unwrap_or_default();
                    found.extend(inner.split(',').filter_map(|part| word(part.trim())));
                } else if prefix == "show_" {
                    if let Some(name) =
                        word(rest).filter(|_| rest[word(rest).map_or(0, |w| w.len())..].starts_with("::"))
                    {
                        found.insert(format!("{kept}{name}"));
                    }
                } else if kept.is_empty() {
                    found.extend(word(rest));
                } else {
                    found.insert(kept.to_owned());
                }
            }
        }
    }
    found
}

fn word(text: &str) -> Option<String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let word = &text[..end];
    word.starts_with(|c: char| c.is_lowercase()).then(|| word.to_owned())
}

#[test]
fn every_source_file_belongs_to_a_room_and_imports_only_what_the_map_allows() {
    let rooms = rooms();
    assert!(rooms.len() > 10, "the table of rooms was not read");
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.path.contains("/src/")) {
        let Some(room) = room_of(&rooms, source) else {
            wrong.push(format!("{} belongs to no room of docs/ARCHITECTURE.md", source.path));
            continue;
        };
        let own = room.path.rsplit('/').next().expect("a path has a last part");
        for name in imports(source) {
            if name != own && !room.imports.contains(&name) && !room.imports.contains("*") {
                wrong.push(format!("{} imports {name}; the map allows {:?}", source.path, room.imports));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_room_of_the_map_exists() {
    for room in rooms() {
        let path = workspace().join(&room.path);
        assert!(path.is_dir() || path.with_extension("rs").is_file(), "docs/ARCHITECTURE.md names {}", room.path);
    }
}

#[test]
fn the_core_is_pure() {
    let lib = std::fs::read_to_string(workspace().join("daemon/core/src/lib.rs")).expect("the core has a lib.rs");
    assert!(lib.contains("#![no_std]"), "show-core must be no_std");
    for source in sources().iter().filter(|source| source.path.starts_with("daemon/core/src")) {
        for line in source.shipped_lines() {
            for bad in ["extern crate std", "std::", "HashMap", "HashSet"] {
                let allowed = bad == "std::" && !line.replace("no_std", "").contains("std::");
                assert!(allowed || !line.contains(bad), "{}: {line}", source.path);
            }
        }
    }
    let allowed: BTreeSet<_> = ["blake3", "serde"].into();
    let found = dependencies("daemon/core/Cargo.toml");
    assert!(found.iter().all(|name| allowed.contains(name.as_str())), "show-core depends on {found:?}");
}

#[test]
fn the_script_rules_are_pure() {
    for source in sources().iter().filter(|source| source.path.starts_with("daemon/script/src")) {
        for line in source.shipped_lines() {
            for bad in ["std::fs", "std::net", "std::process", "std::env", "SystemTime", "Instant::now", "Zoned::now"] {
                assert!(!line.contains(bad), "{}: show-script does no IO and reads no clock: {line}", source.path);
            }
        }
    }
}

#[test]
fn showctl_links_neither_the_store_nor_the_watcher() {
    let tree = cargo(&["tree", "-p", "showctl", "-e", "normal", "--prefix", "none", "--offline"]);
    let names: BTreeSet<_> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains("show-protocol"), "cargo tree was not read");
    for bad in ["redb", "notify", "show-core", "showd"] {
        assert!(!names.contains(bad), "showctl links {bad}");
    }
}

#[test]
fn bincode_and_unsafe_stay_where_they_are_allowed() {
    for source in sources().iter().filter(|source| source.path.contains("/src/")) {
        for line in source.lines() {
            let bincode = line.contains("bincode::") && !line.trim_start().starts_with("//");
            assert!(!bincode || source.path == "daemon/protocol/src/codec.rs", "{}: {line}", source.path);
            let loosened = line.contains("allow(unsafe_code");
            assert!(!loosened || source.path.ends_with("/sys.rs"), "{}: unsafe belongs in a sys.rs", source.path);
        }
    }
}

#[test]
fn every_module_says_what_it_owns_and_nothing_is_left_undone() {
    for source in sources() {
        assert!(source.text.starts_with("//!"), "{} does not begin by saying what it owns (//!)", source.path);
        // What tidy looks for stands in tidy itself.
        if source.path.starts_with("tests/tidy") {
            continue;
        }
        for (number, line) in source.lines().enumerate() {
            for bad in ["todo!(", "unimplemented!(", "dbg!(", "TODO", "FIXME"] {
                assert!(!line.contains(bad), "{}:{}: {line}", source.path, number + 1);
            }
        }
    }
}

#[test]
fn no_test_sleeps_below_end_to_end() {
    for source in sources().iter().filter(|source| !source.path.starts_with("tests/")) {
        assert!(!source.text.contains("thread::sleep"), "{} sleeps; wait for an event", source.path);
    }
}

#[test]
fn the_top_level_holds_nothing_unexpected() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "daemon",
        "ctl",
        "systemd",
        "docs",
        "tests",
        "deny.toml",
        "clippy.toml",
        "rustfmt.toml",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ];
    for path in tracked() {
        let top = path.split('/').next().expect("a path has a first part");
        assert!(top.starts_with('.') || allowed.contains(&top), "{path}: the top level holds only {allowed:?}");
    }
}

#[test]
fn the_packages_asked_for_are_really_used() {
    let mut used: BTreeMap<&str, bool> = BTreeMap::new();
    let packages = [
        ("tokio", "tokio::"),
        ("notify", "notify::"),
        ("redb", "redb::"),
        ("serde", "serde::"),
        ("bincode", "bincode::"),
        ("tokio-util", "tokio_util::"),
        ("tracing-journald", "tracing_journald::"),
        ("nix", "nix::"),
        ("sd-notify", "sd_notify::"),
        ("blake3", "blake3::"),
    ];
    for source in sources().iter().filter(|source| source.path.contains("/src/")) {
        for (name, needle) in packages {
            *used.entry(name).or_default() |= source.shipped_lines().any(|line| line.contains(needle));
        }
    }
    for (name, is_used) in used {
        assert!(is_used, "{name} is named in Cargo.toml and not used");
    }
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for path in tracked().into_iter().filter(|path| path.ends_with(".md") && !path.contains("example-share")) {
        let text = std::fs::read_to_string(workspace().join(&path)).unwrap_or_default();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            let file = target.split(['#', ' ']).next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.contains(['\n', '`', '{', '<']) {
                continue;
            }
            let folder = workspace().join(&path).parent().expect("a file has a folder").to_path_buf();
            if !folder.join(file).exists() {
                wrong.push(format!("{path} links to {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Names in `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(workspace().join(manifest)).expect("the manifest is there");
    let section = text.split("[dependencies]").nth(1).expect("the manifest has dependencies");
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim().to_owned()).collect()
}
