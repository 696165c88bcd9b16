//! A share on a disk: files, who wrote them, and what people must not lose.

use show_core::{Digest, Stamp};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone)]
pub struct File {
    pub text: String,
    pub stamp: Stamp,
}

/// Survives everything.
#[derive(Debug, Default)]
pub struct Disk {
    pub files: BTreeMap<String, File>,
    /// Staged texts of intents, by intent and place: what a publisher finds again after a crash.
    pub staged: BTreeMap<(u64, usize), Staged>,
    /// The last text a person saved in each note; gone when the person removed it.
    pub last_words: BTreeMap<String, LastWords>,
    /// Marks of texts that Syncthing set aside, by note.
    pub aside: BTreeMap<String, BTreeSet<String>>,
    /// Episodes that a person removed, folder and all.
    pub gone: BTreeSet<String>,
    inode: u64,
}

/// What lies in a publisher's temporary file, and the target beside it: both move with their directory.
#[derive(Debug, Clone)]
pub struct Staged {
    pub beside: String,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct LastWords {
    pub text: String,
    /// On the run's clock, and with the jumps of the daemon's.
    pub at: i64,
    pub lived: i64,
    /// Nobody told the daemon.
    pub unheard: bool,
}

impl Disk {
    pub fn write(&mut self, path: &str, text: &str, wall: i64) -> Stamp {
        let (ns, inode) = (wall * 1_000_000, self.next_inode());
        let stamp = Stamp { size: text.len() as u64, mtime_ns: ns, ctime_ns: ns, inode };
        self.put(path, File { text: text.to_owned(), stamp });
        stamp
    }

    /// A file gets this name.
    pub fn put(&mut self, path: &str, file: File) {
        self.gone.remove(episode_of(path));
        self.files.insert(path.to_owned(), file);
    }

    /// A directory gets this name, and temporary files in it too.
    pub fn move_staged(&mut self, from: &str, to: &str) {
        for staged in self.staged.values_mut() {
            if let Some(rest) = staged.beside.strip_prefix(from) {
                staged.beside = format!("{to}{rest}");
            }
        }
    }

    pub fn next_inode(&mut self) -> u64 {
        self.inode += 1;
        self.inode
    }

    /// Episodes with a note in them.
    pub fn episodes(&self) -> BTreeSet<String> {
        self.files.keys().filter(|path| is_note(path)).map(|path| episode_of(path).to_owned()).collect()
    }

    pub fn digest(&self, path: &str) -> Option<Digest> {
        self.files.get(path).map(|file| digest(&file.text))
    }

    /// Marks that people wrote (`@17`) and that the file no longer holds.
    pub fn lost_marks(&self, path: &str) -> Vec<String> {
        let Some(words) = self.last_words.get(path) else { return Vec::new() };
        let now = self.files.get(path).map_or("", |file| file.text.as_str());
        let now: BTreeSet<&str> = now.split_whitespace().collect();
        marks(&words.text).filter(|mark| !now.contains(mark)).map(str::to_owned).collect()
    }
}

pub fn marks(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|word| word.starts_with('@'))
}

/// The episode's folder, with a slash at its end.
pub fn episode_of(path: &str) -> &str {
    path.match_indices('/').nth(1).map_or(path, |(end, _)| &path[..=end])
}

pub fn digest(text: &str) -> Digest {
    Digest(*blake3::hash(text.as_bytes()).as_bytes())
}

pub fn is_markdown(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| end == "md")
}

pub fn is_note(path: &str) -> bool {
    is_markdown(path)
        && !path.starts_with("showd/")
        && path.matches('/').count() == 2
        && !path.contains(".sync-conflict-")
}
