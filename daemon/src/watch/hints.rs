//! The hints that wait to be looked into: a bounded set, filled by notify's thread, emptied by the watcher's.

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{ErrorKind, Event};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// More paths than this and walking is cheaper than looking at each.
const PATHS_MAX: usize = 50_000;

/// In the order in which they are looked into.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hint {
    /// It was moved away, and if it is a folder then with all that was in it, of which nobody says a word.
    Moved(PathBuf),
    Look(PathBuf),
}

#[derive(Debug, Default)]
pub struct Taken {
    pub paths: BTreeSet<Hint>,
    /// Something was missed: why.
    pub lost: Option<String>,
}

#[derive(Debug, Default)]
pub struct Hints(Mutex<Taken>);

impl Hints {
    /// True: there was nothing before, so somebody should be woken.
    pub fn add(&self, event: notify::Result<Event>) -> bool {
        let (paths, lost) = read(event);
        if paths.is_empty() && lost.is_none() {
            return false;
        }
        let mut hints = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = hints.paths.is_empty() && hints.lost.is_none();
        hints.paths.extend(paths);
        if hints.paths.len() > PATHS_MAX {
            hints.paths.clear();
            hints.lost = Some("too many changes at once".into());
        }
        if lost.is_some() {
            hints.lost = lost;
        }
        was_empty
    }

    pub fn take(&self) -> Taken {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where to look because of an event, or why something was missed.
fn read(event: notify::Result<Event>) -> (Vec<Hint>, Option<String>) {
    let event = match event {
        Ok(event) => event,
        Err(cause) => {
            let why = match cause.kind {
                ErrorKind::MaxFilesWatch => "the limit of watched folders is reached".to_owned(),
                _ => format!("watching failed: {cause}"),
            };
            return (Vec::new(), Some(why));
        }
    };
    if event.need_rescan() {
        return (Vec::new(), Some("the kernel's queue of changes overflowed".into()));
    }
    match event.kind {
        // Our own reads, ffmpeg's and Syncthing's are events too.
        EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write) => (Vec::new(), None),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
            (event.paths.into_iter().map(Hint::Moved).collect(), None)
        }
        _ => (event.paths.into_iter().map(Hint::Look).collect(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::Flag;

    #[allow(clippy::unnecessary_wraps, reason = "as notify gives it")]
    fn touched(path: &str) -> notify::Result<Event> {
        Ok(Event::new(EventKind::Modify(ModifyKind::Any)).add_path(path.into()))
    }

    #[test]
    fn the_same_path_is_looked_at_once_and_only_the_first_hint_wakes() {
        let hints = Hints::default();
        assert!(hints.add(touched("/s/a")));
        assert!(!hints.add(touched("/s/a")));
        assert_eq!(hints.take().paths.len(), 1);
        assert!(hints.add(touched("/s/a")), "after a take it wakes again");
    }

    #[test]
    fn reading_is_no_change() {
        let hints = Hints::default();
        assert!(
            !hints.add(Ok(Event::new(EventKind::Access(AccessKind::Open(AccessMode::Any))).add_path("/s/a".into())))
        );
        assert!(
            hints.add(Ok(Event::new(EventKind::Access(AccessKind::Close(AccessMode::Write))).add_path("/s/a".into())))
        );
    }

    #[test]
    fn an_overflow_and_a_flood_ask_for_a_scan_instead() {
        let hints = Hints::default();
        hints.add(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert_eq!(hints.take().lost.as_deref(), Some("the kernel's queue of changes overflowed"));
        for n in 0..=PATHS_MAX {
            hints.add(touched(&format!("/s/{n}")));
        }
        let taken = hints.take();
        assert_eq!((taken.paths.len(), taken.lost.as_deref()), (0, Some("too many changes at once")));
        hints.add(Err(notify::Error::new(ErrorKind::MaxFilesWatch)));
        assert_eq!(hints.take().lost.as_deref(), Some("the limit of watched folders is reached"));
    }
}
