//! People who type, each with a program of their own, at one node, in the notes of the show.
//!
//! What a person does follows from the seed; when, from the machine. Programs look once more at the disk before they
//! save, as real ones do: what somebody overwrites knowingly is no concern of ours, and what is overwritten in the
//! microseconds between is a matter between people. Somebody opens a note, reads for a moment, saves a few times, and
//! turns to another one.

use super::account::{Book, Save, Token, tokens};
use super::text;
use fastrand::Rng;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// How a program saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// In place, again and again while somebody types, and reloads when the disk has changed.
    Obsidian,
    /// A swap file; the old file goes aside, a new one is written.
    Vim,
    /// Another file, renamed over.
    VsCode,
    /// A lock file all the while; another file, renamed over.
    Office,
    /// Appends without looking.
    Script,
}

pub const PROGRAMS: [Program; 5] = [Program::Obsidian, Program::Vim, Program::VsCode, Program::Office, Program::Script];

pub struct Person<'a> {
    letter: char,
    node: usize,
    folder: PathBuf,
    /// Outside of the folder, on the same disk.
    bin: PathBuf,
    program: Program,
    rng: Rng,
    book: &'a Book,
    number: u32,
    /// The note that this person worked in last.
    last: PathBuf,
    /// Texts that this person once saw, to go back to.
    memory: Vec<Vec<u8>>,
}

impl<'a> Person<'a> {
    /// The `nth` person, at a node with this folder.
    pub fn new(nth: u8, node: usize, folder: &Path, seed: u64, book: &'a Book) -> Self {
        let letter = char::from(b'a' + nth);
        let bin = folder.parent().expect("a folder lies in a node's place").join(format!("bin-{letter}"));
        fs::create_dir_all(&bin).expect("a node's place is writable");
        let program = PROGRAMS[usize::from(nth) % PROGRAMS.len()];
        let rng = Rng::with_seed(seed.wrapping_mul(1009).wrapping_add(u64::from(nth)));
        let folder = folder.to_owned();
        Self { letter, node, folder, bin, program, rng, book, number: 0, last: PathBuf::new(), memory: Vec::new() }
    }

    /// Types until it is over.
    pub fn live(mut self, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            self.turn(is_over);
            self.rest(400, 1600);
        }
    }

    /// Saves so often while typing.
    fn pause(&mut self) {
        match self.program {
            Program::Obsidian => self.rest(1_800, 2_200),
            _ => self.rest(300, 1_500),
        }
    }

    fn turn(&mut self, is_over: &AtomicBool) {
        let Some(dir) = self.some_rundown() else { return };
        self.settle_a_conflict(&dir);
        let Some(path) = self.some_note(&dir) else { return self.begin_a_note(&dir) };
        match self.rng.u32(0..100) {
            0..=3 => self.rename(&path),
            4..=6 => self.delete(&path),
            7..=9 => self.restore(&path),
            10..=12 => self.touch(&path),
            13..=15 => self.change_mode(&path),
            16..=18 => self.begin_a_note(&dir),
            _ => {
                if self.rng.u32(0..6) == 0 {
                    self.program = PROGRAMS[self.rng.usize(..PROGRAMS.len())];
                }
                self.session(&path, is_over);
                self.last = path;
            }
        }
    }

    fn rest(&mut self, from_ms: u64, to_ms: u64) {
        std::thread::sleep(Duration::from_millis(self.rng.u64(from_ms..to_ms)));
    }

    /// Opens a note, saves it a few times, closes it.
    fn session(&mut self, path: &Path, is_over: &AtomicBool) {
        let beside = match self.program {
            Program::Vim => Some(sibling(path, ".", ".swp")),
            Program::Office => Some(sibling(path, ".~lock.", "#")),
            _ => None,
        };
        // Somebody else has it open.
        if beside.as_ref().is_some_and(|file| fs::write(file, "open").is_err()) {
            return;
        }
        if self.program != Program::Script {
            self.rest(300, 1_500);
        }
        let saves = if self.program == Program::Obsidian { self.rng.u32(2..8) } else { self.rng.u32(1..4) };
        for _ in 0..saves {
            if is_over.load(Ordering::Relaxed) || !self.save(path) {
                break;
            }
            self.pause();
        }
        if let Some(file) = beside {
            let _ = fs::remove_file(file);
        }
    }

    /// Saves one more thought. False: the note is gone.
    fn save(&mut self, path: &Path) -> bool {
        let token = Token { person: self.letter, number: self.number };
        let typed = self.program != Program::Script;
        let Ok(before) = fs::read(path) else { return false };
        let text = String::from_utf8_lossy(&before);
        if typed && text.is_empty() {
            // Somebody is just saving it.
            return true;
        }
        let after = if typed {
            text::with_token(&text, token, &mut self.rng)
        } else {
            format!("{text}\nThe machine says {token}.\n")
        };
        self.number += 1;
        if self.rng.u32(0..10) == 0 {
            self.memory.push(before.clone());
        }
        {
            // Before the save, so that nobody sees a text that nobody wrote.
            let mut pages = self.book.open();
            pages.adopt(after.as_bytes());
            let save = Save { node: self.node, path: self.relative(path), at: Instant::now() };
            pages.saves.insert(token, save);
            pages.did(word(self.program));
        }
        let saved = match self.program {
            Program::Obsidian => fs::write(path, &after),
            Program::Vim => Self::save_as_vim(path, after.as_bytes()),
            Program::VsCode | Program::Office => {
                let new = sibling(path, ".saving-", ".new");
                fs::write(&new, &after).and_then(|()| fs::rename(&new, path))
            }
            Program::Script => self.append(path, &after.as_bytes()[text.len()..]),
        };
        if let Err(cause) = saved {
            // The program says so to its person, who still has the text; nothing was promised.
            self.book.open().saves.remove(&token);
            eprintln!("{} could not save {}: {cause}", self.letter, path.display());
            return false;
        }
        true
    }

    fn append(&self, path: &Path, line: &[u8]) -> std::io::Result<()> {
        OpenOptions::new().append(true).open(path)?.write_all(line)?;
        // To whatever lay there by then.
        let text = fs::read(path)?;
        if text.ends_with(line) {
            self.book.open().adopt(&text);
        }
        Ok(())
    }

    fn save_as_vim(path: &Path, text: &[u8]) -> std::io::Result<()> {
        let aside = sibling(path, "", "~");
        fs::rename(path, &aside)?;
        fs::write(path, text)?;
        fs::remove_file(aside)
    }

    /// Takes what a copy has that the note lacks into the note, and removes the copy.
    fn settle_a_conflict(&mut self, dir: &Path) {
        let copies = names(dir).into_iter().filter(|name| text::is_copy(name));
        let old = |name: &String| {
            let written = fs::metadata(dir.join(name)).and_then(|meta| meta.created()).ok();
            let age = written.and_then(|at| SystemTime::now().duration_since(at).ok());
            age.is_some_and(|age| age > SEEN_AFTER)
        };
        let Some(name) = copies.filter(old).min() else { return };
        if self.rng.u32(0..4) > 0 {
            return;
        }
        let (copy, note) = (dir.join(&name), dir.join(text::original(&name)));
        let Ok(theirs) = fs::read(&copy) else { return };
        let ours = fs::read(&note).unwrap_or_default();
        let missing: Vec<_> = tokens(&theirs).difference(&tokens(&ours)).map(ToString::to_string).collect();
        if !missing.is_empty() {
            let both = format!("{}\nAlso: {}.\n", String::from_utf8_lossy(&ours), missing.join(", "));
            self.book.open().adopt(both.as_bytes());
            if fs::write(&note, both).is_err() {
                return;
            }
        }
        self.book.open().did("settled a conflict");
        let _ = fs::rename(copy, self.bin.join("settled"));
    }

    fn begin_a_note(&mut self, dir: &Path) {
        let order = self.rng.u32(1..100);
        let path = dir.join(format!("{order} Story {}.md", self.rng.u32(0..1000)));
        let text = text::note(order, "Story");
        let mut pages = self.book.open();
        pages.adopt(text.as_bytes());
        if let Ok(mut file) = OpenOptions::new().write(true).create_new(true).open(path) {
            let _ = file.write_all(text.as_bytes());
            pages.did("began a note");
        }
    }

    fn rename(&mut self, path: &Path) {
        let (dir, name) = (path.parent().expect("a note has a folder"), file_name(path));
        let title = name.trim_start_matches(|c: char| c.is_ascii_digit());
        let to = dir.join(format!("{}{title}", self.rng.u32(1..100)));
        let Ok(text) = fs::read(path) else { return };
        let mut pages = self.book.open();
        pages.adopt(&text);
        if !to.exists() && fs::rename(path, to).is_ok() {
            pages.did("renamed a note");
        }
    }

    fn delete(&mut self, path: &Path) {
        let others = names(path.parent().expect("a note has a folder"));
        if others.iter().filter(|name| text::is_note(name)).count() > 3 && self.discard(path) {
            self.book.open().did("deleted a note");
        }
    }

    fn restore(&mut self, path: &Path) {
        if self.memory.is_empty() {
            return;
        }
        let old = self.memory.swap_remove(self.rng.usize(..self.memory.len()));
        self.book.open().adopt(&old);
        if self.discard(path) {
            // What comes back is not thrown away.
            let new = sibling(path, ".saving-", ".old");
            let _ = fs::write(&new, old).and_then(|()| fs::hard_link(&new, path));
            let _ = fs::remove_file(new);
            self.book.open().did("restored an old text");
        }
    }

    /// Takes the note away. Exactly what was taken counts as thrown away.
    fn discard(&self, path: &Path) -> bool {
        let taken = self.bin.join("taken");
        if fs::rename(path, &taken).is_err() {
            return false;
        }
        let text = fs::read(taken).expect("nobody else looks into this bin");
        self.book.open().discarded.extend(tokens(&text));
        true
    }

    fn touch(&mut self, path: &Path) {
        let Ok(text) = fs::read(path) else { return };
        let mut pages = self.book.open();
        pages.adopt(&text);
        let touched = OpenOptions::new().append(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
        if touched.is_ok() {
            pages.did("touched a note");
        }
    }

    fn change_mode(&mut self, path: &Path) {
        let Ok(text) = fs::read(path) else { return };
        let mut pages = self.book.open();
        pages.adopt(&text);
        let mode = if self.rng.bool() { 0o664 } else { 0o644 };
        if fs::set_permissions(path, fs::Permissions::from_mode(mode)).is_ok() {
            pages.did("changed a mode");
        }
    }

    fn some_rundown(&mut self) -> Option<PathBuf> {
        let episodes = self.folder.join("episodes");
        let all: Vec<_> = names(&episodes)
            .into_iter()
            .map(|name| episodes.join(name).join("rundown"))
            .filter(|dir| dir.is_dir() && dir.with_file_name("info.md").is_file())
            .collect();
        (!all.is_empty()).then(|| all[self.rng.usize(..all.len())].clone())
    }

    /// Mostly one of those that this person minds, now and then anybody's.
    fn some_note(&mut self, dir: &Path) -> Option<PathBuf> {
        let others = |name: &String| text::is_note(name) && dir.join(name) != self.last;
        let all: Vec<_> = names(dir).into_iter().filter(others).collect();
        let mine = |name: &&String| {
            let sum = file_name(&dir.join(name)).bytes().filter(u8::is_ascii_alphabetic).map(u32::from).sum::<u32>();
            sum % MINDERS == u32::from(self.letter) % MINDERS
        };
        let minded: Vec<_> = all.iter().filter(mine).collect();
        let is_visiting = self.rng.u32(0..10) < 3;
        if minded.is_empty() || is_visiting {
            return (!all.is_empty()).then(|| dir.join(&all[self.rng.usize(..all.len())]));
        }
        Some(dir.join(minded[self.rng.usize(..minded.len())]))
    }

    fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.folder).expect("people stay in the folder").to_owned()
    }
}

/// People notice a conflict copy after a while.
const SEEN_AFTER: Duration = Duration::from_secs(3);
/// Among how many people the notes are divided.
const MINDERS: u32 = 4;

fn word(program: Program) -> &'static str {
    match program {
        Program::Obsidian => "saved with Obsidian",
        Program::Vim => "saved with vim",
        Program::VsCode => "saved with VS Code",
        Program::Office => "saved with LibreOffice",
        Program::Script => "appended by a script",
    }
}

/// Sorted, so that the same dice choose the same file.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

fn file_name(path: &Path) -> String {
    path.file_name().expect("a note has a name").to_string_lossy().into_owned()
}

fn sibling(path: &Path, before: &str, after: &str) -> PathBuf {
    path.with_file_name(format!("{before}{}{after}", file_name(path)))
}
