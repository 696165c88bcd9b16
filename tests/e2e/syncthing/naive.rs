//! What showd would be if it were careless: reads a note, works for a while, writes it back.

use super::text;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Repairs the markers of every note that it has not written itself, until it is over.
pub fn work(folder: &Path, is_over: &AtomicBool) {
    let mut ours: BTreeMap<PathBuf, blake3::Hash> = BTreeMap::new();
    let mut round = 0;
    while !is_over.load(Ordering::Relaxed) {
        for path in notes(folder) {
            let Ok(before) = fs::read_to_string(&path) else { continue };
            if ours.get(&path) == Some(&blake3::hash(before.as_bytes())) || before.is_empty() {
                continue;
            }
            std::thread::sleep(ITS_WORK);
            round += 1;
            let after = worked(&before, round);
            let new = path.with_extension("naive");
            if fs::write(&new, &after).and_then(|()| fs::rename(&new, &path)).is_ok() {
                ours.insert(path, blake3::hash(after.as_bytes()));
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The same kind of change as showd's: a value in the front matter and mended markers.
fn worked(text: &str, round: u32) -> String {
    let text: String = text.split_inclusive('\n').filter(|line| !line.starts_with("worked: ")).collect();
    let text = text.replace("<<!--", "<!--").replace("-->>", "-->");
    text.replacen("\ntitle:", &format!("\nworked: {round}\ntitle:"), 1)
}

fn notes(folder: &Path) -> Vec<PathBuf> {
    let below = |dir: PathBuf| fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let rundowns = below(folder.join("episodes")).map(|episode| episode.join("rundown"));
    let is_note = |path: &PathBuf| path.file_name().is_some_and(|name| text::is_note(&name.to_string_lossy()));
    rundowns.flat_map(below).filter(is_note).collect()
}

/// A step of a few hundred milliseconds is a fast one.
const ITS_WORK: Duration = Duration::from_millis(400);
