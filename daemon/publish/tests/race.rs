//! Writers in the styles of four editors against the publisher, on a real file system, as fast as both can.
//!
//! Every edit adds a token of its own. At the end each one must be in the file, in a blob, or have been seen in the
//! file by a later edit; and a naive publisher (read, work, rename) in the same place must lose some, or the harness
//! could not see a loss. `SHOW_PUBLISH_ROUNDS` says how many publishes to try; the default is a few seconds' worth.

mod common;

use common::{FULL, NO_EXCHANGE, Scene};
use show_publish::{Abilities, Digest, Halted, Intent, IntentId, Move, Outcome, Point, Settled, Source, Steps, Try};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How a program saves.
#[derive(Debug, Clone, Copy)]
enum Style {
    /// Obsidian: opens with truncation, writes in two goes.
    TruncateWrite,
    /// vim, office programs: another file, renamed over.
    RenameOver,
    /// A script.
    Append,
    /// Keeps the file open a while, then rewrites it through that descriptor.
    HoldThenRewrite,
}

const STYLES: [Style; 4] = [Style::TruncateWrite, Style::RenameOver, Style::Append, Style::HoldThenRewrite];

/// What publisher and writers share.
struct Arena<'a> {
    at: &'a Path,
    /// Held by a writer for one edit: people who overwrite each other are not what is tested here.
    turn: Mutex<Account>,
    /// Writers keep pace with the publisher, so that edits fall everywhere between its steps.
    points: AtomicU64,
    edits: AtomicU64,
    over: AtomicBool,
}

#[derive(Default)]
struct Account {
    written: BTreeSet<String>,
    /// Seen in the file by the edit that cut it short.
    delivered: BTreeSet<String>,
}

impl<'a> Arena<'a> {
    fn new(at: &'a Path) -> Self {
        fs::write(at, "rev 0\n").expect("writes");
        let zero = || AtomicU64::new(0);
        Self { at, turn: Mutex::default(), points: zero(), edits: zero(), over: AtomicBool::new(false) }
    }

    fn writer(&self, number: usize) {
        let style = STYLES[number % STYLES.len()];
        let mut edit = 0;
        while !self.over.load(Ordering::Relaxed) {
            if self.edits.load(Ordering::Relaxed) > self.points.load(Ordering::Relaxed) / POINTS_PER_EDIT {
                std::thread::yield_now();
                continue;
            }
            let token = format!("token-{number}-{edit}");
            edit += 1;
            let mut account = self.turn.lock().expect("no writer panics");
            self.edit(style, &token, &mut account);
            account.written.insert(token);
            self.edits.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn edit(&self, style: Style, token: &str, account: &mut Account) {
        let scratch = self.at.with_file_name("editor-scratch");
        match style {
            Style::TruncateWrite => {
                let text = Self::edited(&fs::read_to_string(self.at).unwrap_or_default(), token, account);
                let mut file = File::create(self.at).expect("opens");
                let (head, tail) = text.as_bytes().split_at(text.len() / 2);
                file.write_all(head).expect("writes");
                std::thread::yield_now();
                file.write_all(tail).expect("writes");
            }
            Style::RenameOver => {
                let text = Self::edited(&fs::read_to_string(self.at).unwrap_or_default(), token, account);
                fs::write(&scratch, text).expect("writes");
                std::thread::yield_now();
                fs::rename(&scratch, self.at).expect("renames");
            }
            Style::Append => {
                let mut file = OpenOptions::new().append(true).create(true).open(self.at).expect("opens");
                std::thread::yield_now();
                file.write_all(format!("{token}\n").as_bytes()).expect("writes");
            }
            Style::HoldThenRewrite => {
                let mut options = OpenOptions::new();
                let mut file =
                    options.read(true).write(true).create(true).truncate(false).open(self.at).expect("opens");
                std::thread::yield_now();
                let mut text = String::new();
                file.read_to_string(&mut text).expect("reads");
                let text = Self::edited(&text, token, account);
                file.set_len(0).expect("truncates");
                std::os::unix::fs::FileExt::write_all_at(&file, text.as_bytes(), 0).expect("writes");
            }
        }
    }

    /// The text with one more token; a long text is cut short, by a person who has seen all of it.
    fn edited(text: &str, token: &str, account: &mut Account) -> String {
        if text.len() > TEXT_BYTES_MAX {
            account.delivered.extend(text.lines().filter(|line| line.starts_with("token-")).map(str::to_owned));
            return format!("rev cut\n{token}\n");
        }
        format!("{text}{token}\n")
    }

    /// What a publisher makes of a text: another first line.
    fn worked(text: &[u8], round: u64) -> Vec<u8> {
        let rest = text.iter().position(|byte| *byte == b'\n').map_or(&[][..], |end| &text[end + 1..]);
        [format!("rev {round}\n").as_bytes(), rest].concat()
    }

    /// Lets the writers go on for a while between reading and publishing, as a step that takes its time does.
    fn work(&self, edits: u64) {
        let until = self.edits.load(Ordering::Relaxed) + edits;
        self.points.fetch_max(POINTS_PER_EDIT * until, Ordering::Relaxed);
        while self.edits.load(Ordering::Relaxed) < until {
            std::thread::yield_now();
        }
    }

    fn run(&self, publisher: impl FnOnce() + Send) {
        std::thread::scope(|scope| {
            for number in 0..STYLES.len() {
                scope.spawn(move || self.writer(number));
            }
            publisher();
            self.over.store(true, Ordering::Relaxed);
        });
    }

    fn lost(&self, scene: &Scene) -> Vec<String> {
        let account = self.turn.lock().expect("no writer panics");
        let mut found = account.delivered.clone();
        let mut look = |text: &[u8]| found.extend(String::from_utf8_lossy(text).lines().map(str::to_owned));
        for name in scene.names() {
            look(&fs::read(scene.at(&name)).expect("reads"));
        }
        scene.all_blobs().iter().for_each(|blob| look(blob));
        account.written.difference(&found).cloned().collect()
    }
}

/// Passes time at every point of the protocol.
struct Ticks<'a>(&'a AtomicU64);

impl Steps for Ticks<'_> {
    fn before(&mut self, _: Point) -> Result<(), Halted> {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::thread::yield_now();
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Tally {
    done: u64,
    overtaken: u64,
    rescued: u64,
    lingered: u64,
}

fn publish_rounds(scene: &Scene, arena: &Arena<'_>, who: &str, rounds: u64) -> Tally {
    let mut tally = Tally::default();
    let mut lingering = Vec::new();
    for round in 1..=rounds {
        let read = loop {
            if let Ok(read) = scene.share.snapshot("note.md", u64::MAX) {
                break read;
            }
            arena.points.fetch_add(1, Ordering::Relaxed);
            std::thread::yield_now();
        };
        if round % 4 == 0 {
            arena.work(1);
        }
        let new = Arena::worked(&read.bytes, round);
        let step = Move::Replace {
            path: "note.md".to_owned(),
            base: read.digest,
            new: Digest::of(&new),
            source: Source::Bytes(new.into()),
            human: true,
            seen: None,
        };
        let id = IntentId::new(&format!("{who}{round}")).expect("a name");
        let intent = Intent { id, moves: vec![step], home: None };
        let mut ticks = Ticks(&arena.points);
        let report = scene.share.publish_stepwise(&scene.blobs, &intent, Try::First, &mut ticks).expect("not halted");
        match report.outcome {
            Outcome::Done { .. } => tally.done += 1,
            Outcome::Overtaken { .. } => tally.overtaken += 1,
            other => panic!("{other:?}"),
        }
        tally.rescued += report.rescued.len() as u64;
        tally.lingered += report.lingering.len() as u64;
        lingering.extend(report.lingering);
        lingering.retain_mut(|linger| linger.settle(&scene.blobs).expect("settles") == Settled::Held);
    }
    tally
}

fn no_token_is_lost(tier: Abilities, publishers: &[&'static str], rounds: u64) {
    // Not in memory: a real file system, with its own ideas of time and order.
    let scene = Scene::below(Path::new(env!("CARGO_TARGET_TMPDIR")), tier);
    let at = scene.at("note.md");
    let arena = Arena::new(&at);
    let mut tallies = Vec::new();
    arena.run(|| {
        std::thread::scope(|scope| {
            let (scene, arena) = (&scene, &arena);
            let run = |who| scope.spawn(move || publish_rounds(scene, arena, who, rounds));
            let running: Vec<_> = publishers.iter().map(|who| run(*who)).collect();
            tallies.extend(running.into_iter().map(|publisher| publisher.join().expect("no publisher panics")));
        });
    });
    let edits = arena.edits.load(Ordering::Relaxed);
    println!("{edits} edits, {tallies:?}");
    let swept = scene.share.sweep_temps(&scene.blobs, &BTreeSet::new()).expect("sweeps");
    assert_eq!(arena.lost(&scene), [""; 0], "{edits} edits, {tallies:?}, {swept:?}");
    assert_eq!(scene.temps(), [""; 0]);
    assert!(edits > rounds / 2, "the writers did not keep up: {edits} edits in {rounds} rounds");
    assert!(tallies.iter().any(|tally| tally.done > 0), "nothing was ever published: {tallies:?}");
    assert!(tallies.iter().any(|tally| tally.overtaken > 0), "nobody ever raced: {tallies:?}");
}

fn rounds() -> u64 {
    std::env::var("SHOW_PUBLISH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(300)
}

#[test]
fn four_editors_lose_nothing_to_the_publisher() {
    no_token_is_lost(FULL, &["a"], rounds());
}

#[test]
fn four_editors_lose_nothing_where_names_cannot_be_exchanged() {
    no_token_is_lost(NO_EXCHANGE, &["a"], rounds());
}

#[test]
fn four_editors_lose_nothing_to_two_publishers_started_by_mistake() {
    no_token_is_lost(FULL, &["a", "b"], rounds() / 2);
}

#[test]
fn a_naive_publisher_loses_edits_in_the_same_place() {
    let scene = Scene::below(Path::new(env!("CARGO_TARGET_TMPDIR")), FULL);
    let at = scene.at("note.md");
    let arena = Arena::new(&at);
    arena.run(|| {
        for round in 1..=100 {
            let Ok(text) = fs::read(&at) else { continue };
            arena.work(1);
            let new = at.with_file_name("publisher-scratch");
            fs::write(&new, Arena::worked(&text, round)).expect("writes");
            fs::rename(&new, &at).expect("renames");
        }
    });
    let lost = arena.lost(&scene).len();
    println!("{} edits, {lost} lost", arena.edits.load(Ordering::Relaxed));
    assert!(lost > 10, "only {lost} lost: the harness does not see what it claims to see");
}

#[test]
fn checking_before_the_rename_is_not_enough() {
    // The same writer, always between the check and the rename: what most careful programs do.
    let mut scene = Scene::new(FULL);
    scene.write("note.md", "base");
    let at = scene.at("note.md");
    let base = fs::read(&at).expect("reads");
    assert_eq!(fs::read(&at).expect("reads"), base, "checked: unchanged");
    fs::write(at.with_file_name("editor-scratch"), "base token-1").expect("writes");
    fs::rename(at.with_file_name("editor-scratch"), &at).expect("renames");
    fs::write(at.with_file_name("publisher-scratch"), "published").expect("writes");
    fs::rename(at.with_file_name("publisher-scratch"), &at).expect("renames");
    assert_eq!(scene.read("note.md").as_deref(), Some("published"), "and the edit is nowhere");
}

/// The text is read and hashed a dozen times for each edit; a note is no longer than this either.
const TEXT_BYTES_MAX: usize = 4096;

/// A publish has some twenty points; so most of them meet an edit and some do not.
const POINTS_PER_EDIT: u64 = 16;
