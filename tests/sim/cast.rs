//! The show that is simulated: its pipeline, and programs as pure functions from an order to a result.

use crate::disk::digest;
use show_core::*;
use std::collections::{BTreeMap, BTreeSet};

pub const SHARE: ShareId = ShareId(0);
pub const QUIET_MS: u64 = 20_000;
pub type Blobs = BTreeMap<Digest, String>;

pub static RULES: std::sync::LazyLock<Rules> = std::sync::LazyLock::new(rules);

/// One pipeline with every kind of input, a chain of editors, maps, a condition and pattern outputs.
fn rules() -> Rules {
    let step = |name: &str, needs: &[&str], after: &[&str]| Step {
        name: name.into(),
        work: Work::Program(vec![name.to_owned()]),
        map: String::new(),
        key: Vec::new(),
        needs: needs.iter().map(|name| (*name).into()).collect(),
        after: after.iter().map(|name| (*name).into()).collect(),
        when: String::new(),
        inputs: BTreeMap::new(),
        settings: Vec::new(),
        tools: Vec::new(),
        outputs: BTreeMap::new(),
        edits: Vec::new(),
        pools: [("cpu".to_owned(), 1)].into(),
        timeout_ms: 30_000,
        retry: Retry { tries_max: 2, wait_ms: 500, wait_ms_max: 5_000 },
        network: false,
        reads: Vec::new(),
        version: String::new(),
    };
    let notes = || [("notes".to_owned(), Input::Text("*.md".to_owned()))].into();
    let editor = |name: &str, needs: &[&str], after: &[&str]| Step {
        inputs: notes(),
        edits: vec!["prose".to_owned()],
        ..step(name, needs, after)
    };
    let of_clip = |name: &str, needs: &[&str], file: &str| Step {
        map: "scan.clips".to_owned(),
        key: vec!["slug".to_owned()],
        inputs: [("source".to_owned(), Input::File(file.to_owned()))].into(),
        pools: [("gpu".to_owned(), 1)].into(),
        ..step(name, needs, &[])
    };
    let out = |role: &str, path: &str| [(role.to_owned(), path.to_owned())].into();
    let steps = vec![
        Step { inputs: notes(), ..step("scan", &[], &[]) },
        Step {
            map: "scan.notes".to_owned(),
            when: "note.wrong".to_owned(),
            inputs: [("note".to_owned(), Input::Text("{note.name}".to_owned()))].into(),
            ..editor("repair", &["scan"], &[])
        },
        editor("ids", &["repair"], &[]),
        editor("count", &["repair"], &["ids"]),
        of_clip("probe", &["scan"], "media/{clip.slug}.mov"),
        Step {
            when: "probe.long".to_owned(),
            outputs: out("video", "video/{clip.slug}.mp4"),
            pools: [("cpu".to_owned(), 1), ("gpu".to_owned(), 1)].into(),
            ..of_clip("transcode", &["probe"], "media/{clip.slug}.mov")
        },
        Step {
            outputs: out("thumb", "thumbs/{clip.slug}-*.png"),
            ..of_clip("thumbs", &["transcode"], "media/{clip.slug}.mov")
        },
        Step {
            inputs: [
                ("list".to_owned(), Input::List("media/**".to_owned())),
                ("clips".to_owned(), Input::Result("scan.clips".to_owned())),
                ("probes".to_owned(), Input::Result("probe".to_owned())),
                (
                    "videos".to_owned(),
                    Input::Each { list: "scan.clips".to_owned(), file: "video/{clip.slug}.mp4".to_owned() },
                ),
            ]
            .into(),
            outputs: out("list", "lists/media.txt"),
            ..step("collect", &["scan"], &["probe", "transcode"])
        },
        Step {
            inputs: notes(),
            outputs: out("script", "scripts/script.html"),
            ..step("compile", &["count"], &["ids", "transcode"])
        },
    ];
    Rules {
        shares: vec![ShareRules { name: "main".to_owned(), read_only: false, merge: MergePolicy::Auto }],
        pipelines: vec![Pipeline {
            name: "show".into(),
            subject: "ep/{episode:digits}/".to_owned(),
            on: vec!["*.md".to_owned(), "media/**".to_owned()],
            steps,
            settle_text_ms: 1_000,
            settle_text_ms_max: 10_000,
            settle_media_ms: 3_000,
            quiet_ms: QUIET_MS,
            due: "scan.airdate".to_owned(),
            digest: Digest([0; 32]),
        }],
        pools: vec![Pool { name: "cpu".to_owned(), capacity: 2 }, Pool { name: "gpu".to_owned(), capacity: 1 }],
        settings: BTreeMap::new(),
        tools: Vec::new(),
        builtins: BTreeMap::new(),
        grace_ms: 1_000,
        builds_kept_max: 5,
        scan_ms: 120_000,
        storm: (6, 20_000),
        lock_ms_max: 15_000,
    }
}

/// What a program leaves behind: its result, the bytes of its outputs, and its edits as a blob.
pub struct Made {
    pub finished: Finished,
    pub scratch: Vec<String>,
    pub edits: Option<String>,
    /// Of each proposal.
    pub proposed: Vec<String>,
}

pub fn run(order: &Order, read: &dyn Fn(Digest) -> String) -> Made {
    let texts: Vec<(FilePath, String)> = order
        .inputs
        .iter()
        .filter_map(|input| match input {
            OrderInput::Text { file, text: digest, .. } | OrderInput::File { file, digest, .. } => {
                Some((file.clone(), read(*digest)))
            }
            _ => None,
        })
        .collect();
    let edits = edits(&order.node.step, &texts);
    let mut finished = match &*order.node.step {
        "scan" => scan(&texts),
        "probe" => {
            let long = texts[0].1.len() > 12;
            let facts = [("long".to_owned(), Field::Flag(long))].into();
            Finished { facts, result: Some(digest(&format!("probed {}", texts[0].1))), ..Finished::default() }
        }
        _ => Finished::default(),
    };
    finished.edits = edits.as_ref().map(|(edits, _)| edits.clone());
    let (proposals, proposed) = proposals(&order.node.step, &texts).into_iter().unzip();
    finished.proposals = proposals;
    let made = outputs(order, &texts);
    for (file, role, text) in &made {
        let (digest, size) = (digest(text), text.len() as u64);
        finished.outputs.push(Output { role: role.clone(), file: file.clone(), digest, size, keep_old_as: None });
    }
    finished.summary = format!("by {}.{}", order.job, order.attempt);
    let scratch = made.into_iter().map(|(_, _, text)| text).collect();
    Made { finished, scratch, edits: edits.map(|(_, blob)| blob), proposed }
}

/// Whoever is in doubt is to be sure, if a person says so.
fn proposals(step: &str, texts: &[(FilePath, String)]) -> Vec<(ProposalFact, String)> {
    let doubts = texts.iter().filter(|(_, text)| step == "ids" && text.contains("maybe"));
    let proposal = |(file, text): &(FilePath, String)| {
        let blob = format!("{file}: maybe => surely");
        let fact = ProposalFact {
            file: file.clone(),
            code: "DOUBT".to_owned(),
            summary: "it is so".to_owned(),
            edits: digest(&blob),
            renames: Vec::new(),
            handed_over: false,
            base: digest(text),
        };
        (fact, blob)
    };
    doubts.map(proposal).collect()
}

/// The note in which people answer, a line each.
pub fn ballot(entries: &[ProposalEntry]) -> String {
    let line = |entry: &ProposalEntry| {
        let ProposalEntry { proposal, mark, file, summary, undecided, .. } = entry;
        format!("[{}] {proposal} {mark} {file}: {summary}", if *undecided { 'b' } else { ' ' })
    };
    entries.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The answers in it: `[a]` accepts, `[r]` rejects, `[b]` does both. Any other line is a person's own.
pub fn ticked(text: &str) -> (Vec<Ticked>, bool) {
    let boxes = text.lines().filter_map(|line| {
        let says = match line.get(..4)? {
            "[a] " => Says::Accept,
            "[r] " => Says::Reject,
            "[b] " => Says::Both,
            _ => return None,
        };
        let mut words = line[4..].split(' ');
        let proposal = ProposalId(words.next()?.parse().ok()?);
        Some(Ticked { proposal, mark: words.next()?.to_owned(), says })
    });
    (boxes.collect(), text.lines().all(|line| line.starts_with('[')))
}

fn outputs(order: &Order, texts: &[(FilePath, String)]) -> Vec<(FilePath, String, String)> {
    let known = |text: String| {
        order.outputs.iter().map(|(role, path)| (path.clone(), role.clone(), text.clone())).collect::<Vec<_>>()
    };
    match &*order.node.step {
        "transcode" => known(encoded(&texts[0].1)),
        "compile" => known(script(texts.iter().map(|(_, text)| text.as_str()))),
        "collect" => {
            let mut lines: Vec<String> = texts.iter().map(|(file, text)| format!("{file}: {text}")).collect();
            for input in &order.inputs {
                match input {
                    OrderInput::List { files, .. } => {
                        lines.extend(files.iter().map(|(path, size)| format!("{path} {size}")));
                    }
                    OrderInput::Elements { elements, .. } => {
                        lines.extend(elements.iter().map(|element| element.id.to_string()));
                    }
                    _ => {}
                }
            }
            known(lines.join("\n"))
        }
        "thumbs" => {
            let slug = order.element.as_ref().expect("thumbs maps").id.clone();
            let file =
                |n: u32| FilePath { share: SHARE, path: format!("{}thumbs/{slug}-{n}.png", order.subject.path).into() };
            (1..=2).map(|n| (file(n), "thumb".to_owned(), format!("thumb {n} of {}", texts[0].1))).collect()
        }
        _ => Vec::new(),
    }
}

pub fn encoded(source: &str) -> String {
    format!("encoded {source}")
}

pub fn script<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.map(str::to_uppercase).collect::<Vec<_>>().join("\n")
}

/// Slugs named by `clip SLUG` lines.
pub fn clips<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    texts.flat_map(str::lines).filter_map(|line| line.strip_prefix("clip ")).map(str::to_owned).collect()
}

fn scan(texts: &[(FilePath, String)]) -> Finished {
    let element = |id: &str, fields: &[(&str, Field)]| {
        let fields = fields.iter().map(|(name, field)| ((*name).to_owned(), field.clone())).collect();
        Element { id: id.into(), fields }
    };
    let text = |text: &str| Field::Text(text.to_owned());
    let slugs = clips(texts.iter().map(|(_, text)| text.as_str()));
    let clips = slugs.iter().map(|slug| element(slug, &[("slug", text(slug))])).collect();
    let note = |(file, words): &(FilePath, String)| {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        element(name, &[("name", text(name)), ("wrong", Field::Flag(words.contains("teh")))])
    };
    let notes = texts.iter().map(note).collect();
    let facts = [("airdate".to_owned(), text("1970-01-05"))].into();
    Finished { lists: [("clips".to_owned(), clips), ("notes".to_owned(), notes)].into(), facts, ..Finished::default() }
}

/// The words of a note, which stand in its line `words: N`.
pub fn words(text: &str) -> usize {
    text.lines().filter(|line| !line.starts_with("words: ")).flat_map(str::split_whitespace).count()
}

fn count(text: &str) -> Vec<String> {
    let now = format!("words: {}", words(text));
    let line = text.lines().find(|line| line.starts_with("words: ") && *line != now);
    line.map(|line| format!("{line} => {now}")).into_iter().collect()
}

/// The edits of a step, and their bytes: one line `file: old => new` each.
fn edits(step: &str, texts: &[(FilePath, String)]) -> Option<(Edits, String)> {
    let of = |text: &str| match step {
        "repair" => vec!["teh => the".to_owned(); text.matches("teh").count()],
        "ids" => {
            let places = text.lines().filter_map(|line| line.strip_prefix("NEW-ID "));
            places.map(|place| format!("NEW-ID {place} => {{{{new-id}}}} {place}")).collect()
        }
        "count" => count(text),
        _ => Vec::new(),
    };
    let mut files = BTreeSet::new();
    let mut lines = Vec::new();
    for (file, text) in texts {
        for edit in of(text) {
            files.insert(file.clone());
            lines.push(format!("{file}: {edit}"));
        }
    }
    let blob = lines.join("\n");
    (!lines.is_empty())
        .then(|| (Edits { digest: digest(&blob), files: files.into_iter().collect(), renames: Vec::new() }, blob))
}

/// Applies edits as the weaver does; `mint` gives new ids.
pub fn weave(order: &WeaveOrder, blobs: &Blobs, mint: &mut dyn FnMut() -> String) -> Result<(Woven, String), String> {
    let mut text = blobs.get(&order.base).cloned().ok_or("the base is not there")?;
    let mut dropped = Vec::new();
    let mut minted: Vec<Binding> = Vec::new();
    for (place, layer) in order.layers.iter().enumerate() {
        let edits = blobs.get(&layer.edits).ok_or("the edits are not there")?;
        for edit in edits.lines() {
            let Some((file, change)) = edit.split_once(": ") else { continue };
            let Some((old, new)) = change.split_once(" => ") else { continue };
            if *file != *order.file.path {
                continue;
            }
            if !text.contains(old) {
                dropped.push((place as u32, format!("\"{old}\" is not there")));
                continue;
            }
            let mut new = new.to_owned();
            if let Some((_, hole)) = new.split_once("{{new-id}} ") {
                let known = order.bindings.iter().chain(&minted).find(|binding| binding.place == hole);
                let id = known.map_or_else(&mut *mint, |binding| binding.id.clone());
                let binding = Binding { file: order.file.clone(), place: hole.to_owned(), id: id.clone() };
                if known.is_none() {
                    minted.push(binding);
                }
                new = format!("{id} {hole}");
            }
            text = text.replacen(old, &new, 1);
        }
    }
    let size = text.len() as u64;
    let woven = Woven {
        digest: digest(&text),
        size,
        minted,
        wrote: Vec::new(),
        stitches: Vec::new(),
        dropped,
        refused: None,
        blamed: Vec::new(),
    };
    Ok((woven, text))
}
