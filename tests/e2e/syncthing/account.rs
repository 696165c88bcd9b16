//! Who wrote which word, and where each of them is in the end.
//!
//! Every edit of a person brings a token of its own. Owns the book in which people write down what they save and what
//! they throw away knowingly. Knows nothing of Syncthing or showd.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

/// One word that nobody else ever writes: `tka00042kt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token {
    pub person: char,
    pub number: u32,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tk{}{:05}kt", self.person, self.number)
    }
}

/// All tokens in a text.
pub fn tokens(text: &[u8]) -> BTreeSet<Token> {
    let words = text.windows(10).filter(|word| word.starts_with(b"tk") && word.ends_with(b"kt"));
    let read = |word: &[u8]| {
        let digits = std::str::from_utf8(&word[3..8]).ok()?;
        let is_one = word[2].is_ascii_lowercase() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_one.then(|| Token { person: char::from(word[2]), number: digits.parse().expect("five digits") })
    };
    words.filter_map(read).collect()
}

/// What people did, as they know it themselves.
#[derive(Default)]
pub struct Book {
    inner: Mutex<Pages>,
}

#[derive(Default)]
pub struct Pages {
    pub saves: BTreeMap<Token, Save>,
    /// Of every text that a person wrote, and of what can be seen of one while it is being written.
    texts: HashSet<blake3::Hash>,
    /// In a text that a person deleted, or restored an older one over.
    pub discarded: BTreeSet<Token>,
    /// How often each kind of deed was done.
    pub deeds: BTreeMap<&'static str, u32>,
}

/// Where and when a token was saved first.
#[derive(Debug, Clone)]
pub struct Save {
    pub node: usize,
    pub path: PathBuf,
    pub at: Instant,
}

impl Pages {
    /// A person stands for this text: wrote it, or touched it.
    pub fn adopt(&mut self, text: &[u8]) {
        // A save in place passes through nothing and through whole pages.
        for end in (0..text.len()).step_by(PAGE_BYTES).chain([text.len()]) {
            self.texts.insert(blake3::hash(&text[..end]));
        }
    }

    pub fn is_a_persons(&self, text: blake3::Hash) -> bool {
        self.texts.contains(&text)
    }

    pub fn did(&mut self, deed: &'static str) {
        *self.deeds.entry(deed).or_default() += 1;
    }
}

impl Book {
    pub fn open(&self) -> MutexGuard<'_, Pages> {
        self.inner.lock().expect("nobody panics while writing into the book")
    }

    pub fn edits(&self) -> usize {
        self.open().saves.len()
    }
}

const PAGE_BYTES: usize = 4096;
