//! Looks at every node's notes all the time, and remembers what it saw: so that a loss can be told as a story.

use super::account::{Token, tokens};
use super::text;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[derive(Default)]
pub struct Memory {
    pub texts: HashMap<blake3::Hash, BTreeSet<Token>>,
    /// In the order of time.
    pub seen: Vec<Sight>,
}

/// From this moment on a note read so at a node.
#[derive(Debug, Clone)]
pub struct Sight {
    pub at: Instant,
    pub node: usize,
    /// Below the folder.
    pub path: PathBuf,
    /// None: it was gone.
    pub text: Option<blake3::Hash>,
    /// Its time, in nanoseconds within the hour.
    pub modified: i64,
}

/// How a text of the writer met one of another device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Race {
    /// How long the other device's change had lain on its disk, and on no other, when the writer wrote; negative: it came
    /// after that.
    pub unknown_ms: Option<i64>,
    /// How long before that the last version that the writer had from another device was made there.
    pub rested_ms: Option<i64>,
}

/// How a file looked: reading it again is only worth it when this changed.
type Look = (u64, u64, i64, i64, i64);

/// Watches until it is over.
pub fn watch(folders: &[PathBuf], is_over: &AtomicBool) -> Memory {
    let mut memory = Memory::default();
    let mut looks: Vec<BTreeMap<PathBuf, Look>> = vec![BTreeMap::new(); folders.len()];
    loop {
        let is_last = is_over.load(Ordering::Relaxed);
        for (node, folder) in folders.iter().enumerate() {
            let mut now = BTreeMap::new();
            look(&folder.join("episodes"), &mut now);
            memory.note_changes(node, folder, &looks[node], &now);
            looks[node] = now;
        }
        if is_last {
            return memory;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

impl Memory {
    fn note_changes(
        &mut self,
        node: usize,
        folder: &Path,
        before: &BTreeMap<PathBuf, Look>,
        now: &BTreeMap<PathBuf, Look>,
    ) {
        let at = Instant::now();
        for path in before.keys().filter(|path| !now.contains_key(*path)) {
            self.add(Sight { at, node, path: below(folder, path), text: None, modified: 0 });
        }
        for (path, look) in now.iter().filter(|(path, look)| before.get(*path) != Some(look)) {
            let Ok(bytes) = fs::read(path) else { continue };
            let hash = blake3::hash(&bytes);
            self.texts.entry(hash).or_insert_with(|| tokens(&bytes));
            let modified = look.2 % 3600 * 1_000_000_000 + look.3;
            self.add(Sight { at, node, path: below(folder, path), text: Some(hash), modified });
        }
    }

    fn add(&mut self, sight: Sight) {
        self.seen.push(sight);
    }

    /// What was seen of a file at a node.
    fn of<'a>(&'a self, node: usize, path: &'a Path) -> impl Iterator<Item = &'a Sight> {
        self.seen.iter().filter(move |sight| sight.node == node && sight.path == path)
    }

    /// Every conflict copy that there ever was, by its path, where it was seen first.
    pub fn copies(&self) -> BTreeMap<&Path, &Sight> {
        let mut copies: BTreeMap<&Path, &Sight> = BTreeMap::new();
        for sight in self.seen.iter().filter(|sight| sight.text.is_some()) {
            if text::is_copy(&sight.path.to_string_lossy()) {
                copies.entry(&sight.path).or_insert(sight);
            }
        }
        copies
    }

    /// What lay in a copy's original once the copy had been made there.
    pub fn winner(&self, copy: &Sight) -> Option<blake3::Hash> {
        let name = copy.path.file_name()?.to_string_lossy();
        let original = copy.path.with_file_name(text::original(&name));
        let after = self.of(copy.node, &original).find(|sight| sight.at >= copy.at && sight.text.is_some());
        let before = || self.of(copy.node, &original).filter(|sight| sight.at < copy.at).last();
        after.or_else(before)?.text
    }

    /// How the writer's text of a copy, or the one that it was made for, met the other one. None: it was never seen to be
    /// written.
    pub fn race(&self, copy: &Sight, writers: blake3::Hash) -> Option<Race> {
        let name = copy.path.file_name()?.to_string_lossy();
        let path = copy.path.with_file_name(text::original(&name));
        let written = self.of(WRITER, &path).find(|sight| sight.text == Some(writers))?.at;
        let known: BTreeSet<_> = self.of(WRITER, &path).filter(|s| s.at <= written).map(Sight::version).collect();
        let others: BTreeSet<usize> = self.seen.iter().map(|sight| sight.node).filter(|node| *node != WRITER).collect();
        let begun = others.into_iter().filter_map(|node| {
            let (mut before, mut begun) = (None, None);
            let until_then = |sight: &&Sight| sight.at < copy.at && sight.text != Some(writers);
            for sight in self.of(node, &path).take_while(until_then).filter(|sight| sight.text.is_some()) {
                // The same once more: its mode was changed.
                let is_known = known.contains(&sight.version()) && before != Some(sight.version());
                begun = if is_known { None } else { begun.or(Some(sight.at)) };
                before = Some(sight.version());
            }
            begun
        });
        Some(Race { unknown_ms: begun.min().map(|at| ms_from(at, written)), rested_ms: self.rested_ms(&path, written) })
    }

    /// How long before this moment the last version of a file that the writer had from another device was made there. What
    /// matters is when its author may save again, and not how long it took to come.
    fn rested_ms(&self, path: &Path, at: Instant) -> Option<i64> {
        let here = self.of(WRITER, path).filter(|sight| sight.at < at && sight.text.is_some());
        let first = |sight: &Sight| self.seen.iter().find(|s| s.path == path && s.version() == sight.version());
        let made = here.filter_map(first).filter(|first| first.node != WRITER);
        made.map(|first| first.at).max().map(|made| ms_from(made, at))
    }

    /// What the writer wrote into notes, with how long before the last version that it had from another device was made.
    pub fn writes(&self, is_a_persons: impl Fn(blake3::Hash) -> bool) -> Vec<(&Sight, Option<i64>)> {
        let mut known = BTreeSet::new();
        let mut writes = Vec::new();
        for sight in self.seen.iter().filter(|sight| !text::is_copy(&sight.path.to_string_lossy())) {
            let Some(text) = sight.text.filter(|text| !is_a_persons(*text)) else { continue };
            let is_note = sight.path.parent().is_some_and(|dir| dir.ends_with("rundown"));
            // What lay there before anybody came on is not written now.
            let is_written = sight.node == WRITER && self.seen.first().is_some_and(|first| sight.at > first.at);
            if known.insert((&sight.path, *text.as_bytes())) && is_written && is_note {
                writes.push((sight, self.rested_ms(&sight.path, sight.at)));
            }
        }
        writes
    }

    /// What lay in a copy's original before the writer's text took its place there.
    pub fn base_of(&self, copy: &Sight, writers: blake3::Hash) -> Option<blake3::Hash> {
        let name = copy.path.file_name()?.to_string_lossy();
        let path = copy.path.with_file_name(text::original(&name));
        let before = self.of(WRITER, &path).take_while(|sight| sight.text != Some(writers));
        before.filter_map(|sight| sight.text).last()
    }

    /// What followed, at some node, the last text in which this token was seen; or what followed its save, if nobody
    /// saw it.
    pub fn end_of(&self, token: Token, save: &super::account::Save) -> Option<Sight> {
        let had = |sight: &&Sight| sight.text.is_some_and(|text| self.texts[&text].contains(&token));
        let last = self.seen.iter().rfind(had);
        let (node, path, at) = last.map_or((save.node, &save.path, save.at), |s| (s.node, &s.path, s.at));
        let next = self.of(node, path).find(|sight| sight.at > at && !had(sight));
        next.cloned()
    }

    /// Syncthing gave what was set aside the time of another text: it sets the time of what it has renamed in by name, and
    /// a save had come between. Times are in nanoseconds, so two texts never have the same by chance.
    pub fn has_time_of_another(&self, copy: &Sight) -> bool {
        let name = copy.path.file_name().unwrap_or_default().to_string_lossy();
        let original = copy.path.with_file_name(text::original(&name));
        let of_it = || self.seen.iter().filter(|sight| sight.path == original && sight.text.is_some());
        let times: BTreeSet<i64> =
            of_it().filter(|sight| sight.text == copy.text).map(|sight| sight.modified).collect();
        of_it().any(|sight| sight.text != copy.text && times.contains(&sight.modified))
    }

    /// All that was seen of a copy and its original around the time when it was made, for a person to read.
    pub fn tale(&self, copy: &Sight, is_a_persons: impl Fn(blake3::Hash) -> bool) -> String {
        use std::fmt::Write as _;
        let mut tale = format!("node {} {}", copy.node, copy.path.display());
        let name = copy.path.file_name().unwrap_or_default().to_string_lossy();
        let original = copy.path.with_file_name(text::original(&name));
        let begun = copy.at.checked_sub(Duration::from_secs(8)).unwrap_or(copy.at);
        let around = begun..copy.at + Duration::from_secs(2);
        for sight in self.seen.iter().filter(|s| around.contains(&s.at) && (s.path == original || s.path == copy.path))
        {
            let what = sight.text.map_or("is gone".to_owned(), |text| {
                let by = if is_a_persons(text) { "a person" } else { "the writer" };
                format!("reads {} of {by}, {} words", &text.to_hex()[..8], self.texts[&text].len())
            });
            let ms = sight.at.duration_since(around.start).as_millis();
            let _ = write!(tale, "\n  {ms} ms node {} {} {}: {what}", sight.node, sight.path.display(), sight.modified);
        }
        tale
    }

    /// All that was seen of a token, and what followed, for a person to read.
    pub fn story(
        &self,
        token: Token,
        save: &super::account::Save,
        is_a_persons: impl Fn(blake3::Hash) -> bool,
    ) -> String {
        use std::fmt::Write as _;
        let mut story = format!("{token}, saved at node {} in {}", save.node, save.path.display());
        let since = |at: Instant| at.saturating_duration_since(save.at).as_millis();
        let mut had: BTreeMap<(usize, &Path), bool> = BTreeMap::from([((save.node, save.path.as_path()), true)]);
        for sight in self.seen.iter().filter(|sight| sight.at + Duration::from_millis(20) > save.at) {
            let has = sight.text.is_some_and(|text| self.texts[&text].contains(&token));
            let before = had.insert((sight.node, &sight.path), has).unwrap_or(false);
            if has || before {
                let what = match sight.text {
                    None => "is gone".to_owned(),
                    Some(text) => format!(
                        "reads {} of {}, {}",
                        &text.to_hex()[..8],
                        if is_a_persons(text) { "a person" } else { "showd" },
                        if has { "with it" } else { "WITHOUT it" }
                    ),
                };
                let _ =
                    write!(story, "\n  +{} ms node {} {} {what}", since(sight.at), sight.node, sight.path.display());
            }
        }
        story
    }
}

impl Sight {
    /// What Syncthing tells apart, but for the mode.
    fn version(&self) -> ([u8; 32], i64) {
        (self.text.map_or([0; 32], |text| *text.as_bytes()), self.modified)
    }
}

/// Negative: `to` was before.
fn ms_from(from: Instant, to: Instant) -> i64 {
    let ms = |span: Duration| i64::try_from(span.as_millis()).expect("a play takes minutes");
    to.checked_duration_since(from).map_or_else(|| -ms(from.duration_since(to)), ms)
}

/// The node at which the writer works.
const WRITER: usize = 0;

fn below(folder: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(folder).expect("found below the folder").to_owned()
}

/// Every Markdown file below, also conflict copies.
fn look(dir: &Path, all: &mut BTreeMap<PathBuf, Look>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_dir() {
            look(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            let look = (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec(), meta.ctime_nsec());
            all.insert(path, look);
        }
    }
}

const BETWEEN_LOOKS: Duration = Duration::from_millis(4);
