//! Believable afternoons, one file each: why, then what the note was, what became of it here and there, and what a
//! producer would want of the two.
//!
//! Behind a heading stands what a text cannot show: `crlf`, `bom`, `open` (the last line does not end). Where a person
//! has to decide, `conflict` lists what they are told.

use show_script::merge::{Merge, merge};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

struct Case {
    name: String,
    why: String,
    texts: BTreeMap<String, String>,
}

impl Case {
    fn read(name: String, file: &str) -> Self {
        let mut sections = format!("\n{file}");
        sections.push('\0');
        let mut parts = sections.trim_end_matches('\0').split("\n=== ").map(str::to_owned).collect::<Vec<_>>();
        let why = parts.remove(0).trim().to_owned();
        let last = parts.len() - 1;
        let texts = parts.iter().enumerate().map(|(at, part)| {
            let (heading, text) = part.split_once('\n').unwrap_or((part, ""));
            let (what, form) = heading.split_once(' ').unwrap_or((heading, ""));
            // The line end before the next heading is the text's own.
            let ended = if at == last || text.is_empty() { text.to_owned() } else { format!("{text}\n") };
            let text = match form {
                "crlf" => ended.replace('\n', "\r\n"),
                "bom" => format!("\u{feff}{ended}"),
                "open" => ended.trim_end_matches('\n').to_owned(),
                "" => ended,
                other => panic!("{name}: nothing is called {other}"),
            };
            (what.to_owned(), text)
        });
        let texts = texts.collect();
        Self { name, why, texts }
    }

    fn text(&self, what: &str) -> &str {
        self.texts.get(what).unwrap_or_else(|| panic!("{} has no {what}", self.name))
    }

    /// What is wrong, if anything.
    fn judge(&self) -> Result<(), String> {
        let (base, ours, theirs) = (self.text("base"), self.text("ours"), self.text("theirs"));
        let told = |merge: Merge| match merge {
            Merge::Clean { text } => ("merged", text),
            Merge::Conflict { clashes } => {
                ("conflict", clashes.iter().map(|clash| clash.to_string() + "\n").collect::<String>())
            }
        };
        let (what, text) = told(merge(base, ours, theirs));
        if self.texts.get(what) != Some(&text) {
            return Err(format!("{}: {}\nis {what}:\n{text}", self.name, self.why));
        }
        let (other, other_text) = told(merge(base, theirs, ours));
        if other != what || (what == "merged" && other_text != text) {
            return Err(format!("{}: the other way round it is {other}:\n{other_text}", self.name));
        }
        Ok(())
    }
}

#[test]
fn every_case_comes_out_as_a_producer_would_want_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/merge/cases");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 40, "{} cases", files.len());
    let wrong: Vec<String> = files
        .iter()
        .filter_map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            Case::read(name, &fs::read_to_string(path).unwrap()).judge().err()
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}
