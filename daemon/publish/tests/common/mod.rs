//! A share with writers in it who are not ours, and an account of every token that anybody ever wrote.
#![allow(dead_code, reason = "each test binary uses a part")]

use rustix::fs::{Mode, OFlags};
use show_publish::{
    Abilities, Blobs, Digest, Halted, Intent, IntentId, Move, Outcome, Point, Report, Share, Source, Steps, Try,
};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub const FULL: Abilities = Abilities::FULL;
pub const NO_EXCHANGE: Abilities = Abilities { exchange: false, noreplace: true, link: true };
pub const LINKS_ONLY: Abilities = Abilities { exchange: false, noreplace: false, link: true };
pub const TIERS: [Abilities; 3] = [FULL, NO_EXCHANGE, LINKS_ONLY];

/// A share, its blobs, and what was written into it.
pub struct Scene {
    dir: TempDir,
    pub share: Share,
    pub blobs: Blobs,
    written: BTreeSet<String>,
    /// Tokens that a writer of ours in this test overwrote or removed knowingly.
    destroyed: BTreeSet<String>,
}

impl Scene {
    pub fn new(tier: Abilities) -> Self {
        // Memory is as good a file system as any here, and syncs at once; another one can be asked for.
        let asked = std::env::var_os("SHOW_PUBLISH_AT").map(PathBuf::from);
        let memory = Some(PathBuf::from("/dev/shm")).filter(|memory| memory.is_dir());
        Self::below(&asked.or(memory).unwrap_or_else(std::env::temp_dir), tier)
    }

    pub fn below(parent: &Path, tier: Abilities) -> Self {
        let dir = tempfile::tempdir_in(parent).expect("a temporary directory");
        fs::create_dir(dir.path().join("share")).expect("a share");
        let share = Share::open_weakened(&dir.path().join("share"), tier).expect("the share opens");
        let blobs = Blobs::open(&dir.path().join("blobs")).expect("the store opens");
        Self { dir, share, blobs, written: BTreeSet::new(), destroyed: BTreeSet::new() }
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join("share").join(path)
    }

    pub fn outside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What a person writes before anything else happens.
    pub fn write(&mut self, path: &str, text: &str) -> Digest {
        let at = self.at(path);
        fs::create_dir_all(at.parent().expect("a parent")).expect("directories");
        fs::write(at, text).expect("a file");
        self.written.extend(tokens(text));
        Digest::of(text.as_bytes())
    }

    pub fn read(&self, path: &str) -> Option<String> {
        // A named pipe would keep us waiting.
        let at = self.at(path);
        if at.is_file() { fs::read_to_string(at).ok() } else { None }
    }

    pub fn publish(&self, intent: &Intent, attempt: Try) -> Report {
        self.share.publish(&self.blobs, intent, attempt)
    }

    /// Names of all files in the share, without directories, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        walk(&self.at(""), &mut |path| names.push(path.to_owned()));
        let root = self.at("");
        names.iter().map(|path| path.strip_prefix(&root).expect("below").to_string_lossy().into_owned()).collect()
    }

    pub fn temps(&self) -> Vec<String> {
        self.names().into_iter().filter(|name| name.contains(".syncthing.showd-")).collect()
    }

    /// Tokens that are in no file of the share, under whatever name, and in no blob, and that nobody destroyed.
    pub fn lost(&self) -> Vec<String> {
        let mut found = self.destroyed.clone();
        walk(&self.at(""), &mut |path| {
            if path.is_file() {
                found.extend(tokens(&String::from_utf8_lossy(&fs::read(path).unwrap_or_default())));
            }
        });
        for bytes in self.all_blobs() {
            found.extend(tokens(&String::from_utf8_lossy(&bytes)));
        }
        self.written.difference(&found).cloned().collect()
    }

    pub fn all_blobs(&self) -> Vec<Vec<u8>> {
        let mut bytes = Vec::new();
        walk(&self.dir.path().join("blobs"), &mut |path| {
            let shard = path.parent().and_then(Path::file_name).expect("a shard").to_string_lossy().into_owned();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if let Some(digest) = Digest::from_hex(&format!("{shard}{}", name.trim_end_matches(".z"))) {
                bytes.push(self.blobs.get(&digest).expect("a whole blob"));
            }
        });
        bytes
    }
}

fn walk(at: &Path, each: &mut dyn FnMut(&Path)) {
    let mut entries: Vec<_> = fs::read_dir(at).expect("a directory").flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && !path.is_symlink() { walk(&path, each) } else { each(&path) }
    }
}

fn tokens(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().filter(|word| word.starts_with("token-")).map(str::to_owned)
}

/// What somebody else does to a path, in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// As Obsidian and VS Code save: truncate and write.
    InPlace,
    /// As vim and office programs save: write another file, rename it over.
    RenameOver,
    /// As Syncthing does: remove, then rename in.
    Replace,
    Append,
    Delete,
    /// The file gives way to a directory.
    Directory,
    /// The file gives way to a symbolic link that leads out of the share.
    Symlink,
    /// The file gives way to a named pipe that nobody writes into.
    Fifo,
}

pub const ACTS: [Act; 8] =
    [Act::InPlace, Act::RenameOver, Act::Replace, Act::Append, Act::Delete, Act::Directory, Act::Symlink, Act::Fifo];

/// Writers that are not ours, with an account of what they write and what they knowingly destroy.
#[derive(Default)]
pub struct Others {
    written: BTreeSet<String>,
    destroyed: BTreeSet<String>,
    /// Tokens in a file that one of them holds open.
    held: Option<File>,
}

impl Others {
    pub fn act(&mut self, at: &Path, act: Act, token: &str) {
        let scratch = at.with_file_name("editor-scratch");
        let is_file = at.is_file() && !at.is_symlink();
        match act {
            Act::InPlace if is_file || !at.exists() => {
                self.destroys(at);
                let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(at).expect("opens");
                file.write_all(token.as_bytes()).expect("writes");
                self.wrote(token);
            }
            Act::RenameOver if !at.is_dir() => {
                fs::write(&scratch, token).expect("writes");
                self.wrote(token);
                self.destroys(at);
                fs::rename(&scratch, at).expect("renames");
            }
            Act::Replace if !at.is_dir() => {
                fs::write(&scratch, token).expect("writes");
                self.wrote(token);
                self.destroys(at);
                let _ = fs::remove_file(at);
                fs::rename(&scratch, at).expect("renames");
            }
            Act::Append if is_file => {
                let mut file = OpenOptions::new().append(true).open(at).expect("opens");
                file.write_all(format!("\n{token}\n").as_bytes()).expect("writes");
                self.wrote(token);
            }
            Act::Delete | Act::Directory | Act::Symlink | Act::Fifo if !at.is_dir() => {
                self.destroys(at);
                let _ = fs::remove_file(at);
                match act {
                    Act::Directory => {
                        fs::create_dir(at).expect("makes a directory");
                        fs::write(at.join("inside"), token).expect("writes");
                        self.wrote(token);
                    }
                    Act::Symlink => std::os::unix::fs::symlink("/etc/hostname", at).expect("links"),
                    Act::Fifo => rustix::fs::mkfifoat(rustix::fs::CWD, at, Mode::from_raw_mode(0o600)).expect("pipes"),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Opens the file as a program that saves later without truncating.
    pub fn hold(&mut self, at: &Path) {
        self.held =
            OpenOptions::new().append(true).open(at).ok().filter(|file| file.metadata().is_ok_and(|m| m.is_file()));
    }

    /// Writes through what is held open, and lets go of it.
    pub fn let_go(&mut self, token: &str) -> bool {
        let Some(mut file) = self.held.take() else { return false };
        file.write_all(format!("\n{token}\n").as_bytes()).expect("writes");
        self.wrote(token);
        true
    }

    fn wrote(&mut self, token: &str) {
        self.written.insert(token.to_owned());
    }

    fn destroys(&mut self, at: &Path) {
        if at.is_symlink() || !at.is_file() {
            return;
        }
        self.destroyed.extend(tokens(&fs::read_to_string(at).unwrap_or_default()));
    }

    pub fn has_written(&self) -> bool {
        !self.written.is_empty()
    }

    /// Adds this account to the scene's.
    pub fn settle(self, scene: &mut Scene) {
        scene.written.extend(self.written);
        scene.destroyed.extend(self.destroyed);
    }
}

impl<F: FnMut(usize, Point) -> Result<(), Halted>> Steps for Counted<F> {
    fn before(&mut self, point: Point) -> Result<(), Halted> {
        let number = self.number;
        self.number += 1;
        (self.each)(number, point)
    }
}

/// Numbers the points as they are reached.
pub struct Counted<F> {
    number: usize,
    each: F,
}

pub fn counted<F: FnMut(usize, Point) -> Result<(), Halted>>(each: F) -> Counted<F> {
    Counted { number: 0, each }
}

/// Stops at point `number`.
pub fn crash_at(number: usize) -> impl Steps {
    counted(move |now, _| if now == number { Err(Halted) } else { Ok(()) })
}

pub fn intent(moves: Vec<Move>) -> Intent {
    Intent { id: IntentId::from(7), moves, home: None }
}

pub fn bytes(text: &str) -> Source {
    Source::Bytes(text.as_bytes().into())
}

pub fn replace(path: &str, base: &str, new: &str, human: bool) -> Move {
    Move::Replace {
        path: path.to_owned(),
        base: Digest::of(base.as_bytes()),
        new: Digest::of(new.as_bytes()),
        source: bytes(new),
        human,
        seen: None,
    }
}

pub fn new(path: &str, new: &str) -> Move {
    Move::New { path: path.to_owned(), new: Digest::of(new.as_bytes()), source: bytes(new) }
}

pub fn rename(from: &str, to: &str, base: &str) -> Move {
    Move::Rename { from: from.to_owned(), to: to.to_owned(), base: Digest::of(base.as_bytes()) }
}

pub fn remove(path: &str, base: &str, human: bool) -> Move {
    Move::Remove { path: path.to_owned(), base: Digest::of(base.as_bytes()), human }
}

pub fn is_done(report: &Report) -> bool {
    matches!(report.outcome, Outcome::Done { .. })
}

pub fn is_overtaken(report: &Report) -> bool {
    matches!(report.outcome, Outcome::Overtaken { .. })
}

/// Reads everything from a path without following a link.
pub fn read_no_follow(path: &Path) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok().map(|_| bytes)
}
