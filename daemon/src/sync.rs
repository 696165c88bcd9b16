//! What Syncthing knows of a file: whether it is newer elsewhere, whose edit it is, who may still hold one.
//!
//! Never needed: without Syncthing, or while it does not answer, the rules of this machine hold alone, and that is said
//! on the board. One thread follows its events ([`follow`]), another has it look at what was published ([`announce`]);
//! questions about a file are asked on the asker's own thread, with a deadline. Syncthing is asked and never changed,
//! but for "look at this path now". Read [`Handle::look`] first.

mod announce;
mod blocks;
mod client;
mod editors;
mod follow;
mod home;
mod ignores;
mod known;
mod riddles;
mod secret;
mod survey;
mod tls;
mod warn;
mod window;

use crate::board::Board;
use crate::clock::Clock;
use crate::config::{Away, Syncthing};
pub use ignores::{AddIgnoresError, AddedIgnores};

use client::{AskError, Client, FileInfo, Version};
use known::{Known, short};
use riddles::{Question, Riddles, Told};
use show_core::{Disquiet, FilePath, ShareId, Time};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A restart or an upgrade of Syncthing takes seconds. After this the rules of this machine hold alone.
const SILENCE_MS_MAX: u64 = 60_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A share, as far as it matters here.
#[derive(Debug, Clone)]
pub struct Root {
    /// Absolute.
    pub path: PathBuf,
    pub away: Away,
    /// How long a note that came from another device is left alone; as its folder's watcher asks for when unset.
    pub remote_quiet_ms: Option<u64>,
}

/// Something may have changed, as Syncthing says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    Look(FilePath),
    /// Some of it was missed.
    Scan(ShareId),
}

/// Where hints go. Must not block.
pub type Hints = Arc<dyn Fn(Hint) + Send + Sync>;

pub struct Needs {
    pub told: Syncthing,
    pub roots: BTreeMap<ShareId, Root>,
    /// Our own state directory.
    pub state: PathBuf,
    pub board: Board,
    pub clock: Arc<Clock>,
    pub hints: Hints,
}

/// A file as it lies here, about to be written.
#[derive(Debug, Clone, Copy)]
pub struct Lies<'a> {
    pub file: &'a FilePath,
    pub size: u64,
    pub mtime_ns: i64,
    /// When its bytes, name or mode last changed here. Nobody can set it, and Syncthing's last rename does.
    pub ctime_ns: i64,
    /// Where they are at hand, the index is compared with them and not only with the size and time.
    pub bytes: Option<&'a [u8]>,
}

/// Asks Syncthing. Cheap to clone; its threads end with the last one.
#[derive(Clone)]
pub struct Handle(Option<Arc<Ends>>);

struct Ends {
    inner: Arc<Inner>,
    announcements: Sender<FilePath>,
    /// Dropped with the last handle, which the following thread notices.
    _alive: Sender<()>,
}

/// What all threads share.
struct Inner {
    roots: BTreeMap<ShareId, Root>,
    state: PathBuf,
    board: Board,
    clock: Arc<Clock>,
    hints: Hints,
    known: Mutex<Known>,
    riddles: Mutex<Riddles>,
    /// What is said of its silence.
    loss: Mutex<Option<String>>,
    silence: Mutex<Silence>,
}

/// Whether Syncthing is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// This account has none.
    Absent,
    /// It does not answer since then, or was not asked yet.
    Since(Time),
    /// It answers again, and what it knows is being gathered. It was silent since then.
    Learning {
        since: Time,
    },
    Answers,
}

/// Looks for Syncthing and follows it, on threads of its own.
pub fn start(needs: Needs) -> Handle {
    let Needs { told, mut roots, state, board, clock, hints } = needs;
    if !told.is_enabled {
        return Handle::off();
    }
    for root in roots.values_mut() {
        // Syncthing's folders are compared without links too.
        root.path = std::fs::canonicalize(&root.path).unwrap_or_else(|_| root.path.clone());
    }
    let inner = Arc::new(Inner {
        roots,
        state,
        board,
        silence: Mutex::new(Silence::Since(clock.now())),
        clock,
        hints,
        known: Mutex::default(),
        riddles: Mutex::default(),
        loss: Mutex::default(),
    });
    let (alive, is_alive) = mpsc::channel();
    follow::start(told, Arc::clone(&inner), is_alive);
    let announcements = announce::start(Arc::clone(&inner));
    Handle(Some(Arc::new(Ends { inner, announcements, _alive: alive })))
}

impl Handle {
    /// As if nobody carried the shares.
    pub fn off() -> Self {
        Self(None)
    }

    /// What speaks against writing this person's file now, as far as Syncthing knows. Empty when nothing does, when no
    /// folder of Syncthing holds the file, and while Syncthing has not answered for a while; what it answers in a way that
    /// cannot be used counts as unanswered for as long. Takes milliseconds, and at most some tens of seconds when
    /// Syncthing hangs.
    pub fn look(&self, lies: &Lies<'_>) -> Vec<Disquiet> {
        let Some(ends) = &self.0 else { return Vec::new() };
        let inner = &ends.inner;
        let looked = inner.locate(lies.file).map(|at| inner.heard(&at.client, inner.look(&at, lies)));
        match looked {
            Some(Some(found)) => found,
            _ if inner.is_silent_for_a_moment(lies.file) => vec![Disquiet::Unanswered],
            _ => Vec::new(),
        }
    }

    /// We wrote or removed this file: has Syncthing look at just that, soon, and says so in the log when it does not
    /// take it up. Never blocks.
    pub fn announce(&self, file: FilePath) {
        if let Some(ends) = &self.0 {
            // The thread only ends with us.
            let _ = ends.announcements.send(file);
        }
    }

    /// The name of the device on which what lies here was made, if it was another one and Syncthing speaks of the same
    /// bytes.
    pub fn edited_by(&self, lies: &Lies<'_>) -> Option<String> {
        let inner = &self.0.as_ref()?.inner;
        let at = inner.locate(lies.file)?;
        let info = inner.heard(&at.client, at.client.file(&at.folder, &at.path)).flatten()?;
        inner.note(&at.folder, &info);
        if !is_the_same(&info.local, lies) {
            return None;
        }
        let known = inner.known();
        let id = info.local.modified_by;
        (!id.is_empty() && id != short(&known.me)).then(|| known.name(&id))
    }

    /// Adds to `.stignore` of the folders that carry this share what keeps machine-local files apart and is not there
    /// yet; every line that is there stays, and stays first. Takes at most some tens of seconds.
    ///
    /// # Errors
    /// When nobody carries the share, or Syncthing does not take the lines.
    pub fn add_ignores(&self, share: ShareId) -> Result<Vec<AddedIgnores>, AddIgnoresError> {
        let ends = self.0.as_ref().ok_or(AddIgnoresError::NotCarried)?;
        ignores::add(&ends.inner, share)
    }

    /// Whether Syncthing answers, and so [`Self::look`] says something.
    pub fn is_up(&self) -> bool {
        self.0.as_ref().is_some_and(|ends| ends.inner.known().client.is_some())
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Handle").field(&self.is_up()).finish()
    }
}

/// A file in the words of Syncthing.
struct At {
    client: Client,
    folder: String,
    is_paused: bool,
    /// Below the folder.
    path: String,
    away: Away,
    /// What came from another device less than this long ago is not quiet.
    window_ms: u64,
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn riddles(&self) -> MutexGuard<'_, Riddles> {
        self.riddles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: nobody carries it, or Syncthing does not answer.
    fn locate(&self, file: &FilePath) -> Option<At> {
        let root = self.roots.get(&file.share)?;
        let known = self.known();
        let client = known.client.clone()?;
        let (place, path) = known.place_of(&root.path.join(&*file.path))?;
        let (folder, is_paused) = (place.folder.id.clone(), place.folder.paused);
        let window_ms = root.remote_quiet_ms.unwrap_or_else(|| window::of(&place.folder));
        Some(At { client, folder, is_paused, path, away: root.away, window_ms })
    }

    /// The file that Syncthing means.
    fn file_of(&self, folder: &str, path: &str) -> Option<FilePath> {
        let whole = self.known().place(folder)?.path.join(path);
        self.below_a_root(&whole)
    }

    fn below_a_root(&self, whole: &Path) -> Option<FilePath> {
        self.roots.iter().find_map(|(share, root)| {
            let below = whole.strip_prefix(&root.path).ok()?.to_str().filter(|below| !below.is_empty())?;
            Some(FilePath { share: *share, path: below.into() })
        })
    }

    /// It was not found yet, does not answer just now, or only begins to: what it would say of this file is worth a moment.
    fn is_silent_for_a_moment(&self, file: &FilePath) -> bool {
        let is_awaited = match *self.silence() {
            Silence::Since(since) => self.clock.now() < since.plus_ms(SILENCE_MS_MAX),
            // A large folder on a slow disk takes its time.
            Silence::Learning { .. } => true,
            Silence::Absent | Silence::Answers => false,
        };
        let known = self.known();
        is_awaited
            && (known.places.is_empty()
                || self
                    .roots
                    .get(&file.share)
                    .is_some_and(|root| known.place_of(&root.path.join(&*file.path)).is_some()))
    }

    fn silence(&self) -> MutexGuard<'_, Silence> {
        self.silence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each answer counts, also where another one cannot be used.
    fn look(&self, at: &At, lies: &Lies<'_>) -> Result<Vec<Disquiet>, AskError> {
        let (mut found, mut is_unanswered) = (Vec::new(), false);
        if !at.is_paused {
            let info =
                self.told(Question::new(&at.folder, client::FILE, &at.path), at.client.file(&at.folder, &at.path))?;
            if let Told::Answer(Some(info)) = &info {
                self.note(&at.folder, info);
                if info.local.ignored {
                    return Ok(found);
                }
            }
            match self.told(Question::new(&at.folder, client::STATUS, ""), at.client.status(&at.folder))? {
                Told::Answer(status) if status.state != "idle" || status.need_total_items > 0 => {
                    found.push(Disquiet::Syncing { state: status.state, needed: status.need_total_items });
                }
                Told::Answer(_) => {}
                Told::Riddle { is_new } => is_unanswered |= is_new,
            }
            match info {
                Told::Answer(info) => {
                    found.extend(self.compare(info.as_ref(), lies));
                    let (now, local) = (self.clock.now(), info.as_ref().map(|info| &info.local));
                    found.extend(local.and_then(|local| self.changed_elsewhere(at.window_ms, local, lies, now)));
                }
                Told::Riddle { is_new } => is_unanswered |= is_new,
            }
        }
        let (devices, is_one_unanswered) = self.editors_away(at)?;
        if !devices.is_empty() {
            found.push(Disquiet::EditorsAway { devices });
        }
        found.extend(self.back_lately(at, self.clock.now()));
        found.extend((is_unanswered || is_one_unanswered).then_some(Disquiet::Unanswered));
        Ok(found)
    }

    /// What lies here against what was taken up here, and that against the newest of all.
    fn compare(&self, info: Option<&FileInfo>, lies: &Lies<'_>) -> Option<Disquiet> {
        let Some(FileInfo { global, local }) = info else { return Some(Disquiet::NotIndexed) };
        // What was changed in a folder that only receives is newer than the newest that others have.
        if !local.includes(global) {
            return Some(Disquiet::NewerElsewhere { by: self.known().name(&global.modified_by) });
        }
        let is_ours = !local.is_none() && !local.deleted && !local.must_rescan && is_the_same(local, lies);
        (!is_ours).then_some(Disquiet::NotIndexed)
    }

    /// Somebody at another device may be about to save once more, or just have: the watcher there says so only after its
    /// delay, and no API shows what it has not said.
    fn changed_elsewhere(&self, window_ms: u64, local: &Version, lies: &Lies<'_>, now: Time) -> Option<Disquiet> {
        let known = self.known();
        let me = short(&known.me);
        let (at, by) = window::came(local, lies.ctime_ns, me)?;
        let until = at.plus_ms(window_ms);
        // A time in the future says nothing but that a clock was set.
        (until > now && at <= now.plus_ms(window_ms)).then(|| Disquiet::ChangedElsewhere { by: known.name(by), until })
    }

    /// A device that was away may have been edited, and its Syncthing, if that was away too, looks through all of it first.
    fn back_lately(&self, at: &At, now: Time) -> Option<Disquiet> {
        let mut editors = self.editors_to_ask(&at.folder);
        editors.retain(|device| self.is_awaited(device, at.away, now));
        let known = self.known();
        let back = editors.iter().filter_map(|device| Some((known.back.get(device)?.plus_ms(at.window_ms), device)));
        let (until, device) = back.max()?;
        (until > now).then(|| Disquiet::BackLately { device: known.name(device), until })
    }

    /// Names of the devices to wait for; and whether what is to be known of another one may be answered in a moment.
    fn editors_away(&self, at: &At) -> Result<(Vec<String>, bool), AskError> {
        let now = self.clock.now();
        let (mut away, mut is_unanswered) = (Vec::new(), false);
        for device in self.editors_to_ask(&at.folder) {
            if !self.is_awaited(&device, at.away, now) {
                continue;
            }
            // While it is paused, nobody has sent us anything.
            let is_complete = !at.is_paused && self.known().is_connected(&device) && {
                let question = Question::new(&at.folder, client::COMPLETION, &device);
                match self.told(question, at.client.completion(&at.folder, &device))? {
                    Told::Answer(about) => about.is_complete(),
                    Told::Riddle { is_new } => {
                        is_unanswered |= is_new;
                        true
                    }
                }
            };
            if !is_complete {
                away.push(self.known().name(&device));
            }
        }
        Ok((away, is_unanswered))
    }

    /// Other devices of a folder that ever changed a file in it.
    fn editors_to_ask(&self, folder: &str) -> Vec<String> {
        let known = self.known();
        let (Some(place), Some(editors)) = (known.place(folder), known.editors.get(folder)) else { return Vec::new() };
        place.others(&known.me).filter(|device| editors.contains(short(device))).map(str::to_owned).collect()
    }

    fn is_awaited(&self, device: &str, away: Away, now: Time) -> bool {
        let known = self.known();
        match away {
            Away::Bold => false,
            Away::Strict => true,
            Away::Grace { .. } if known.is_connected(device) => true,
            Away::Grace { days } => known.last_seen.get(device).is_some_and(|seen| {
                now.0.saturating_sub(seen.as_millisecond()) <= i64::from(days).saturating_mul(DAY_MS)
            }),
        }
    }

    /// Who ever changed a file is remembered.
    fn note(&self, folder: &str, info: &FileInfo) {
        let editors = info.global.editors().chain(info.local.editors());
        self.note_editors(folder, editors);
    }

    fn note_editors<'a>(&self, folder: &str, editors: impl Iterator<Item = &'a str>) {
        let all = {
            let mut known = self.known();
            if !known.note_editors(folder, editors) {
                return;
            }
            known.editors.get(folder).cloned().unwrap_or_default()
        };
        if let Err(cause) = editors::remember(&self.state, folder, &all) {
            tracing::warn!(cause = %cause, "who edits a share could not be remembered");
        }
    }

    /// An answer; a silence is also told to the others, so that not everybody waits for it again.
    fn heard<T>(&self, client: &Client, answer: Result<T, AskError>) -> Option<T> {
        match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                if error.is_riddle() {
                    tracing::warn!(cause = crate::words::because(&error), "Syncthing gave no answer that helps");
                } else {
                    self.lost(client.url(), &error);
                }
                None
            }
        }
    }

    /// Says once that Syncthing went away, or cannot be followed.
    fn lost(&self, url: &str, error: &AskError) {
        self.known().client = None;
        {
            let mut silence = self.silence();
            *silence = match *silence {
                Silence::Answers => Silence::Since(self.clock.now()),
                // What fails again and again is no reason to wait for ever.
                Silence::Learning { since } => Silence::Since(since),
                silence => silence,
            };
        }
        self.forget_riddles();
        self.roots.keys().for_each(|share| self.board.carry(*share, None));
        let (text, hint) = words_of_loss(url, error);
        let before = self.loss().replace(text.clone());
        if let Some(before) = before.as_ref().filter(|before| **before != text) {
            self.board.take_back(before);
        } else if before.is_none() {
            tracing::warn!(cause = crate::words::because(error), "{text}");
        }
        self.board.notice(text, hint);
    }

    /// It answers, and is of use once what it knows is gathered.
    fn begins_to_answer(&self) {
        let mut silence = self.silence();
        if let Silence::Since(since) = *silence {
            *silence = Silence::Learning { since };
        }
    }

    fn found_again(&self, client: &Client) {
        let gone = self.loss().take();
        if let Some(gone) = gone {
            self.board.take_back(&gone);
        }
        self.known().client = Some(client.clone());
        *self.silence() = Silence::Answers;
    }

    fn loss(&self) -> MutexGuard<'_, Option<String>> {
        self.loss.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn words_of_loss(url: &str, error: &AskError) -> (String, &'static str) {
    match error {
        AskError::Refused { .. } => {
            let hint = "give showd the key that Syncthing has now; see OPERATING.md";
            (format!("Syncthing at {url} refuses the key"), hint)
        }
        AskError::Silent { .. } => {
            let hint = "start it; until then showd knows only of edits that are on this machine";
            (format!("Syncthing at {url} does not answer"), hint)
        }
        AskError::Code { .. } | AskError::Strange { .. } => {
            let hint = "until that ends showd knows only of edits that are on this machine; if it stays, Syncthing's own log \
                        may say why, or it is a version that showd does not know";
            (format!("Syncthing at {url} cannot be followed: {}", crate::words::because(error)), hint)
        }
    }
}

fn is_the_same(version: &Version, lies: &Lies<'_>) -> bool {
    if version.size != lies.size {
        return false;
    }
    let by_hash = lies.bytes.zip(version.blocks_hash.as_deref()).and_then(|(bytes, hash)| blocks::are(bytes, hash));
    by_hash.unwrap_or_else(|| {
        version.modified.is_some_and(|modified| modified.as_nanosecond() == i128::from(lies.mtime_ns))
    })
}

#[cfg(test)]
mod tests;
