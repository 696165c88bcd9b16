//! Where to look, and how it looks: hints of the kernel and walks of a share become `FileSeen`.
//!
//! Hints only say where to look again. Every path named by one is looked at (a stat, never followed through a link),
//! so what reaches the core is how things are, not what happened to them; a lost hint costs a scan and never work.
//! One plain thread per share walks and looks; the notify thread only drops hints into a bounded set ([`hints`]) and
//! never waits for anybody. Each folder is watched by itself before it is listed, so that a file that appears
//! meanwhile is either listed or hinted at, however deep its folders were made at once. Folders that a hint names wait
//! in the same list as those that a walk found, so a storm of new folders costs room in a list and no stack.

mod hints;
mod names;
mod presence;

use crate::board::{Board, Share};
use crate::clock::Clock;
use crate::inbox::{Gone, Inbox};
use hints::{Hint, Hints};
pub use names::{Skip, skip};
use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use presence::Presence;
use show_core::{Event, FilePath, Look, ShareId, Stamp};
use show_protocol::ShareState;
use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;
use tracing::{info, warn};

/// While a share is away, it is looked for this often: a mount makes no event.
const AWAY_LOOK_MS: u64 = 5_000;
/// While a share cannot be watched, it is walked this often.
pub const UNWATCHED_WALK_MS: u64 = 60_000;

/// A share to watch.
#[derive(Debug, Clone)]
pub struct Root {
    pub share: ShareId,
    pub name: String,
    pub path: PathBuf,
    /// Folders directly below the root that pipelines name; nothing else is walked or watched.
    pub folders: BTreeSet<String>,
    /// Remembers that the share was there once: a file outside it.
    pub memory: PathBuf,
    /// While it cannot be watched, it is walked this often.
    pub unwatched_walk_ms: u64,
}

/// What the core orders of a watcher.
#[derive(Debug)]
pub enum Order {
    Scan,
    LookAt(Arc<str>),
}

enum Wake {
    Order(Order),
    Hints,
}

/// Passes orders to the watcher of one share. Never blocks.
#[derive(Clone)]
pub struct Handle(Sender<Wake>);

impl Handle {
    pub fn order(&self, order: Order) {
        // A watcher only ends with the driver.
        let _ = self.0.send(Wake::Order(order));
    }
}

/// Starts the watcher of a share. It looks at nothing before its first order.
pub fn start(root: Root, inbox: Inbox, board: Board, clock: Arc<Clock>) -> Handle {
    start_with(root, inbox, board, clock, kernel)
}

type Kernel = Box<dyn notify::Watcher + Send>;

/// The same, with what else may be asked to watch a folder.
fn start_with(
    root: Root,
    inbox: Inbox,
    board: Board,
    clock: Arc<Clock>,
    kernel: impl FnOnce(&Arc<Hints>, Sender<Wake>) -> Option<Kernel>,
) -> Handle {
    let (sender, wakes) = mpsc::channel();
    let hints = Arc::new(Hints::default());
    let name = format!("watch {}", root.name);
    let kernel = kernel(&hints, sender.clone());
    let presence = Presence::new(&root);
    let looker = Looker {
        root,
        inbox,
        board,
        clock,
        kernel,
        hints,
        folders: BTreeSet::new(),
        open: BTreeSet::new(),
        presence,
        is_unwatched: false,
    };
    std::thread::Builder::new()
        .name(name)
        .spawn(move || {
            // The driver is gone, and with it everything.
            let _: Result<(), Gone> = looker.run(&wakes);
        })
        .expect("the system has room for a thread");
    Handle(sender)
}

/// The handler runs on notify's own thread: if it waited, the kernel's queue would overflow.
fn kernel(hints: &Arc<Hints>, wake: Sender<Wake>) -> Option<Kernel> {
    let hints = Arc::clone(hints);
    let handler = move |event| {
        if hints.add(event) {
            let _ = wake.send(Wake::Hints);
        }
    };
    let config = notify::Config::default().with_follow_symlinks(false);
    match RecommendedWatcher::new(handler, config) {
        Ok(watcher) => Some(Box::new(watcher)),
        Err(cause) => {
            warn!(cause = %cause, "the kernel watches nothing for us; walking instead");
            None
        }
    }
}

struct Looker {
    root: Root,
    inbox: Inbox,
    board: Board,
    clock: Arc<Clock>,
    kernel: Option<Kernel>,
    hints: Arc<Hints>,
    /// Folders that were walked, by their path below the root.
    folders: BTreeSet<String>,
    /// Folders to watch and list next.
    open: BTreeSet<String>,
    presence: Presence,
    /// Some folder could not be watched: hints alone will not do.
    is_unwatched: bool,
}

type Told = Result<(), Gone>;

/// What a walk came to.
struct Walked {
    files: u64,
    /// False: some of it could not be listed.
    is_complete: bool,
}

impl Looker {
    fn run(mut self, wakes: &Receiver<Wake>) -> Told {
        loop {
            let patience = match (self.presence.is_away(), self.is_unwatched) {
                (true, _) => Some(AWAY_LOOK_MS),
                (false, true) => Some(self.root.unwatched_walk_ms),
                (false, false) => None,
            };
            let wake = match patience {
                None => wakes.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(ms) => wakes.recv_timeout(Duration::from_millis(ms)),
            };
            match wake {
                Ok(Wake::Order(Order::Scan)) => self.scan()?,
                Ok(Wake::Order(Order::LookAt(path))) => {
                    self.look_at(&path)?;
                    self.walk()?;
                }
                Ok(Wake::Hints) => {
                    self.take_hints()?;
                    self.walk()?;
                }
                Err(RecvTimeoutError::Timeout) if self.presence.is_away() => drop(self.is_there()?),
                Err(RecvTimeoutError::Timeout) => self.lost("it cannot be watched, only walked")?,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn tell(&self, event: Event) -> Told {
        self.inbox.tell_blocking(event)
    }

    fn lost(&self, why: &str) -> Told {
        self.tell(Event::WatchLost { share: self.root.share, why: why.to_owned() })
    }

    fn file(&self, path: &str) -> FilePath {
        FilePath { share: self.root.share, path: path.into() }
    }

    /// Says so when the share went or came back.
    fn is_there(&mut self) -> Result<bool, Gone> {
        let share = self.root.share;
        let Some(change) = self.presence.look(&self.root) else { return Ok(!self.presence.is_away()) };
        match change {
            Ok(()) => {
                info!(showd_share = self.root.name, "the share is there");
                self.board.change(share, |share| {
                    share.state = ShareState::Scanning;
                    share.note.clear();
                });
                self.tell(Event::ShareBack { share })?;
                Ok(true)
            }
            Err(why) => {
                warn!(showd_share = self.root.name, root = %self.root.path.display(), why, "the share is away");
                self.board.change(share, |share| {
                    share.state = ShareState::Away;
                    share.note = why;
                });
                self.folders.clear();
                self.open.clear();
                self.tell(Event::ShareGone { share })?;
                Ok(false)
            }
        }
    }

    fn scan(&mut self) -> Told {
        if !self.is_there()? {
            return Ok(());
        }
        let share = self.root.share;
        self.board.change(share, |share| share.state = ShareState::Scanning);
        self.board.change(share, Share::look_for_left_out_again);
        self.is_unwatched = !self.watch(&self.root.path.clone());
        self.open.extend(self.root.folders.iter().cloned());
        let Walked { files, is_complete } = self.walk()?;
        // A disk that went while we walked looks like one that was emptied.
        if !self.is_there()? {
            return Ok(());
        }
        let (now, is_unwatched) = (self.clock.now(), self.is_unwatched);
        self.board.change(share, |share| {
            share.files = files;
            share.scanned_at = Some(now);
            share.state = if is_unwatched { ShareState::Polling } else { ShareState::Watching };
            share.note = if is_unwatched { "some folders cannot be watched".into() } else { String::new() };
            if is_complete {
                share.forget_left_out_before();
            }
        });
        if !is_unwatched {
            self.board.take_back(&self.unwatched_notice());
        }
        self.tell(Event::Scanned { share, complete: is_complete })
    }

    /// Watches and lists the folders that are open and all below them, telling of every file.
    fn walk(&mut self) -> Result<Walked, Gone> {
        let mut walked = Walked { files: 0, is_complete: true };
        while let Some(folder) = self.open.pop_last() {
            let path = self.root.path.join(&folder);
            match fs::symlink_metadata(&path) {
                Ok(meta) if meta.is_dir() => {}
                _ => continue,
            }
            // Before the listing: what appears after it is hinted at.
            if !self.watch(&path) {
                self.is_unwatched = true;
            }
            self.folders.insert(folder.clone());
            match self.list(&folder, &path, &mut walked.files) {
                Ok(told) => told?,
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                Err(cause) => {
                    warn!(showd_share = self.root.name, showd_file = folder, cause = %cause, "a folder cannot be read");
                    self.board.leave_out(self.root.share, folder, "the folder cannot be read");
                    walked.is_complete = false;
                }
            }
            // Hints go on while a big share is walked.
            self.take_hints()?;
        }
        Ok(walked)
    }

    fn list(&mut self, folder: &str, path: &Path, files: &mut u64) -> io::Result<Told> {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                self.leave_out(&format!("{folder}/{}", name.to_string_lossy()), "the name is not UTF-8");
                continue;
            };
            let below = format!("{folder}/{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() {
                match skip(&below) {
                    None => drop(self.open.insert(below)),
                    Some(Skip::Silently) => {}
                    Some(Skip::Stray) => self.leave_out(&below, "stray name"),
                }
            } else if kind.is_file() {
                if let Ok(meta) = entry.metadata() {
                    *files += 1;
                    if let Err(gone) = self.tell(Event::FileSeen { file: self.file(&below), look: look_of(&meta) }) {
                        return Ok(Err(gone));
                    }
                }
            } else {
                self.leave_out(&below, oddness(kind));
            }
        }
        Ok(Ok(()))
    }

    fn leave_out(&self, path: &str, why: &'static str) {
        if self.board.leave_out(self.root.share, path.to_owned(), why) {
            info!(showd_share = self.root.name, showd_file = path, why, "left out");
        }
    }

    /// False: it cannot be watched.
    fn watch(&mut self, path: &Path) -> bool {
        let Some(kernel) = &mut self.kernel else { return false };
        match kernel.watch(path, RecursiveMode::NonRecursive) {
            Ok(()) => true,
            // It went while we walked; there is nothing to watch.
            Err(cause) if matches!(cause.kind, ErrorKind::PathNotFound) => true,
            Err(cause) => {
                let hint = match cause.kind {
                    ErrorKind::MaxFilesWatch => {
                        "raise fs.inotify.max_user_watches; until then it is walked every minute".into()
                    }
                    _ => format!("until then it is walked every minute: {cause}"),
                };
                if !self.is_unwatched {
                    warn!(showd_share = self.root.name, cause = %cause, "watching is incomplete; walking every minute");
                }
                self.board.notice(self.unwatched_notice(), hint);
                false
            }
        }
    }

    fn unwatched_notice(&self) -> String {
        format!("the folders of the share {} cannot all be watched", self.root.name)
    }

    fn take_hints(&mut self) -> Told {
        let hints = self.hints.take();
        if let Some(why) = hints.lost {
            self.lost(&why)?;
        }
        for hint in hints.paths {
            match hint {
                Hint::Moved(path) => {
                    let below = path.strip_prefix(&self.root.path).ok().and_then(Path::to_str);
                    if below.is_some_and(|below| self.forget_folder(below)) {
                        self.lost("a folder was moved away")?;
                    } else {
                        self.hinted(&path)?;
                    }
                }
                Hint::Look(path) => self.hinted(&path)?,
            }
        }
        Ok(())
    }

    /// A hint names an absolute path.
    fn hinted(&mut self, path: &Path) -> Told {
        let Ok(below) = path.strip_prefix(&self.root.path) else { return Ok(()) };
        if below.as_os_str().is_empty() || presence::is_marker(below) {
            if self.presence.is_away() {
                return Ok(());
            }
            return self.is_there().map(drop);
        }
        let Some(text) = below.to_str() else {
            let printable = below.to_string_lossy();
            if path.symlink_metadata().is_ok() {
                self.leave_out(&printable, "the name is not UTF-8");
            } else {
                self.board.take_back_in(self.root.share, &printable);
            }
            return Ok(());
        };
        self.look_at(text)
    }

    /// Looks at one path: a file, a folder (then at all in it), or nothing any more.
    fn look_at(&mut self, path: &str) -> Told {
        let top = path.split('/').next().unwrap_or_default();
        if !self.root.folders.contains(top) || self.presence.is_away() {
            return Ok(());
        }
        if path.rsplit_once('/').is_some_and(|(folder, _)| skip(folder).is_some()) {
            return Ok(());
        }
        let meta = fs::symlink_metadata(self.root.path.join(path)).ok();
        if meta.as_ref().is_none_or(Metadata::is_file) {
            self.board.take_back_in(self.root.share, path);
        }
        match meta {
            Some(meta) if meta.is_dir() => match skip(path) {
                None => {
                    self.open.insert(path.to_owned());
                    Ok(())
                }
                Some(Skip::Silently) => Ok(()),
                Some(Skip::Stray) => {
                    self.leave_out(path, "stray name");
                    Ok(())
                }
            },
            Some(meta) if meta.is_file() => self.tell(Event::FileSeen { file: self.file(path), look: look_of(&meta) }),
            Some(meta) => {
                self.leave_out(path, oddness(meta.file_type()));
                self.tell(Event::FileSeen { file: self.file(path), look: Look::Gone })
            }
            // A whole disk that went is no news of single files.
            None if !self.is_there()? => Ok(()),
            // What was in a folder that was removed had to go first, and was hinted at.
            None if self.forget_folder(path) => Ok(()),
            None => self.tell(Event::FileSeen { file: self.file(path), look: Look::Gone }),
        }
    }

    fn forget_folder(&mut self, path: &str) -> bool {
        let was_known = self.folders.remove(path);
        if was_known {
            let below = format!("{path}/");
            self.folders.retain(|folder| !folder.starts_with(&below));
        }
        was_known
    }
}

/// How a regular file looks.
pub fn look_of(meta: &Metadata) -> Look {
    let ns = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
    Look::File(Stamp {
        size: meta.len(),
        mtime_ns: ns(meta.mtime(), meta.mtime_nsec()),
        ctime_ns: ns(meta.ctime(), meta.ctime_nsec()),
        inode: meta.ino(),
    })
}

/// Why what is neither a file nor a folder is left out.
fn oddness(kind: std::fs::FileType) -> &'static str {
    if kind.is_symlink() { "a symbolic link" } else { "a pipe, a socket or a device" }
}

#[cfg(test)]
mod tests;
