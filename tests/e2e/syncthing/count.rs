//! What a play came to: every word is looked for everywhere, and every conflict copy has a cause.

use super::account::{Book, Token, tokens};
use super::chaos::Stage;
use super::outputs::files;
use super::text;
use super::witness::Memory;
use show_publish::{Blobs, Digest};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Default)]
pub struct Count {
    pub edits: usize,
    pub discarded: usize,
    /// In no file of any node, and nobody threw them away.
    missing: BTreeSet<Token>,
    /// In no file of any node, in no blob, and nobody threw them away: each with its story. Written over by the
    /// writer.
    pub lost_to_the_writer: Vec<String>,
    /// The same; written over by a person's program or by Syncthing.
    pub lost_among_people: Vec<String>,
    /// In conflict copies or other files, but in no note.
    pub displaced: BTreeSet<Token>,
    /// Only in showd's archive: each with its story.
    pub only_in_history: Vec<String>,
    /// Where those were saved.
    pub only_in_history_of: BTreeSet<String>,
    /// Conflict copies that there ever were, of what the writer wrote.
    pub of_writer: Copies,
    /// Of what a person wrote, while the writer's text took the name.
    pub for_writer: Copies,
    pub for_writer_stories: Vec<String>,
    /// The same, but Syncthing had given the person's text the time of another one.
    pub misdated: Copies,
    /// Of the very text that the writer began from, whose mode or time somebody changed.
    pub of_base: Copies,
    /// Of these, while all nodes were connected: those that no waiting could have avoided, since nobody but the device
    /// where it happened could know; and the others.
    pub unforeseen: Vec<String>,
    pub avoidable: Vec<String>,
    /// What the writer wrote into notes; and of that, what came too soon after another device's version.
    pub writes: usize,
    pub hasty: Vec<String>,
    pub among_people: Copies,
    pub left_of_writer: usize,
    pub left_of_people: usize,
    /// Left, although both edits fit together.
    pub mergeable: Vec<String>,
    /// Made otherwise by a showd that sees only the final texts.
    pub differing: Option<Vec<PathBuf>>,
    pub events: BTreeMap<String, usize>,
    pub waits: BTreeMap<String, u32>,
    pub deeds: BTreeMap<&'static str, u32>,
}

/// While all nodes were connected, and otherwise.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Copies {
    pub connected: usize,
    pub apart: usize,
}

impl Copies {
    pub fn all(self) -> usize {
        self.connected + self.apart
    }
}

impl Count {
    /// As soon as it is calm, before anybody settles what is left.
    pub fn of(stage: &Stage, book: &Book, memory: &Memory) -> Self {
        let pages = book.open();
        let mut count = Self { edits: pages.saves.len(), discarded: pages.discarded.len(), ..Self::default() };
        count.deeds.clone_from(&pages.deeds);
        count.waits.clone_from(&stage.waits);
        let (mut in_notes, mut anywhere) = (BTreeSet::new(), BTreeSet::new());
        for folder in &stage.folders {
            files(folder, &mut |path| {
                let found = tokens(&fs::read(path).unwrap_or_default());
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if text::is_note(&name) && path.parent().is_some_and(|dir| dir.ends_with("rundown")) {
                    in_notes.extend(found.iter().copied());
                }
                // An output follows its notes; it is no place for a person's word to be.
                if !path.components().any(|part| part.as_os_str() == "scripts" || part.as_os_str() == "assets") {
                    anywhere.extend(found);
                }
            });
        }
        for token in pages.saves.keys().filter(|token| !in_notes.contains(token) && !pages.discarded.contains(token)) {
            let found = if anywhere.contains(token) { &mut count.displaced } else { &mut count.missing };
            found.insert(*token);
        }
        for copy in memory.copies().into_values() {
            let by_writer = |text: Option<blake3::Hash>| text.filter(|text| !pages.is_a_persons(*text));
            let (set_aside, won) = (by_writer(copy.text), by_writer(memory.winner(copy)));
            let is_connected = stage.is_connected(copy.at);
            let kind = if set_aside.is_some() {
                &mut count.of_writer
            } else if won.is_some_and(|text| memory.base_of(copy, text) == copy.text) {
                &mut count.of_base
            } else if won.is_some() && memory.has_time_of_another(copy) {
                count.for_writer_stories.push(memory.tale(copy, |text| pages.is_a_persons(text)));
                &mut count.misdated
            } else if won.is_some() {
                count.for_writer_stories.push(memory.tale(copy, |text| pages.is_a_persons(text)));
                &mut count.for_writer
            } else {
                &mut count.among_people
            };
            *if is_connected { &mut kind.connected } else { &mut kind.apart } += 1;
            if let Some(text) = set_aside.or(won).filter(|_| is_connected) {
                let race = memory.race(copy, text);
                let story = format!("{race:?} {}", memory.tale(copy, |text| pages.is_a_persons(text)));
                let is_foreseen = race.is_none_or(|race| {
                    race.rested_ms.is_some_and(|ms| ms < RESTED_MS_MIN)
                        || race.unknown_ms.is_none_or(|ms| ms > UNKNOWN_MS_MAX)
                });
                if is_foreseen { &mut count.avoidable } else { &mut count.unforeseen }.push(story);
            }
        }
        let writes = memory.writes(|text| pages.is_a_persons(text));
        count.writes = writes.len();
        for (sight, rested_ms) in writes {
            if let Some(ms) = rested_ms.filter(|ms| *ms < RESTED_MS_MIN) {
                count.hasty.push(format!("{} was written {ms} ms after another device's save", sight.path.display()));
            }
        }
        for copy in stage.cluster.nodes[0].conflicts() {
            let text = fs::read(stage.folders[0].join(copy)).unwrap_or_default();
            let is_of_writer = !pages.is_a_persons(blake3::hash(&text));
            *if is_of_writer { &mut count.left_of_writer } else { &mut count.left_of_people } += 1;
        }
        count
    }

    /// Where the missing words are, or by whom they were lost. Showd must have ended, so that its archive can be opened.
    pub fn find_missing(&mut self, book: &Book, memory: &Memory, archive: Option<&Path>) {
        let pages = book.open();
        let in_history = archive.map(archived).unwrap_or_default();
        for token in std::mem::take(&mut self.missing) {
            let save = &pages.saves[&token];
            let story = memory.story(token, save, |text| pages.is_a_persons(text));
            if in_history.contains(&token) {
                self.only_in_history.push(story);
                self.only_in_history_of.insert(save.path.to_string_lossy().into_owned());
                continue;
            }
            let end = memory.end_of(token, save).and_then(|sight| sight.text);
            let is_by_writer = end.is_some_and(|text| !pages.is_a_persons(text));
            if is_by_writer { &mut self.lost_to_the_writer } else { &mut self.lost_among_people }.push(story);
        }
    }
}

/// All tokens in the blobs of an archive.
fn archived(dir: &Path) -> BTreeSet<Token> {
    let blobs = Blobs::open(dir).expect("showd has let go of it");
    let mut found = BTreeSet::new();
    files(dir, &mut |path| {
        let part = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (shard, name) = (path.parent().map(part).unwrap_or_default(), part(path));
        if let Some(digest) = Digest::from_hex(&format!("{shard}{}", name.trim_end_matches(".z"))) {
            found.extend(tokens(&blobs.get(&digest).expect("a whole blob")));
        }
    });
    found
}

/// What showd makes of a watcher's delay of one second, less the second in which Syncthing says when that was.
const RESTED_MS_MIN: i64 = 21_500;
/// As long as a watcher with that delay may be silent while somebody goes on saving, and a pull.
const UNKNOWN_MS_MAX: i64 = 10_000;

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |what: &str, number: String| writeln!(f, "  {what:<58} {number}");
        row("edits, each with a word of its own", self.edits.to_string())?;
        row("words thrown away by people knowingly", self.discarded.to_string())?;
        row("words lost to the writer", self.lost_to_the_writer.len().to_string())?;
        row("words lost between people, their programs and Syncthing", self.lost_among_people.len().to_string())?;
        row("words only in conflict copies or other files", self.displaced.len().to_string())?;
        row("words only in showd's history", self.only_in_history.len().to_string())?;
        let copies =
            |copies: Copies| format!("{} ({} connected, {} apart)", copies.all(), copies.connected, copies.apart);
        row("conflict copies: the writer's text was set aside", copies(self.of_writer))?;
        row("conflict copies: a person's, for the writer's", copies(self.for_writer))?;
        row("conflict copies: the same, misdated by Syncthing", copies(self.misdated))?;
        row("conflict copies: a text as it was, with another mode or time", copies(self.of_base))?;
        row("conflict copies: among people", copies(self.among_people))?;
        row("connected, with the writer, and known to nobody in time", self.unforeseen.len().to_string())?;
        row("connected, with the writer, and to be avoided by waiting", self.avoidable.len().to_string())?;
        let per_edit = self.writes as f64 / self.edits.max(1) as f64;
        row("writes of the writer into notes", format!("{} ({per_edit:.2} per edit of a person)", self.writes))?;
        row("of these too soon after another device's version", self.hasty.len().to_string())?;
        row("copies left when calm: the writer's", self.left_of_writer.to_string())?;
        row("copies left when calm: people's", self.left_of_people.to_string())?;
        row("of these such whose edits fit together", self.mergeable.len().to_string())?;
        if let Some(differing) = &self.differing {
            row("outputs and notes that a fresh showd makes otherwise", differing.len().to_string())?;
        }
        for (kind, times) in &self.events {
            row(&format!("events: {kind}"), times.to_string())?;
        }
        for (kind, times) in &self.waits {
            row(&format!("seen waiting for: {kind}"), times.to_string())?;
        }
        for (deed, times) in &self.deeds {
            row(&format!("people {deed}"), times.to_string())?;
        }
        Ok(())
    }
}
