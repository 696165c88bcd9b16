//! What adapters know that the core does not need, for people to see: how well each share is watched, names that could
//! not be read, what this machine lacks.

use show_core::{ShareId, Time};
use show_protocol::{ArchiveView, NoticeView, ShareState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Names left out that are remembered one by one, per share.
const LEFT_OUT_MAX: usize = 1_000;

/// Shared by all adapters and the views.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<Inner>>, Arc<Notify>);

#[derive(Debug, Default)]
struct Inner {
    shares: BTreeMap<ShareId, Share>,
    notices: BTreeMap<String, String>,
    /// Programs that were looked for: what they say of themselves, or `None`, not here.
    tools: BTreeMap<String, Option<String>>,
    /// Who carries a share to other devices, as far as that is known.
    carriers: BTreeMap<ShareId, String>,
    archive: ArchiveView,
}

/// How a share is doing.
#[derive(Debug, Clone, Default)]
pub struct Share {
    pub state: ShareState,
    /// Why it is not watched, or read only.
    pub note: String,
    pub files: u64,
    pub scanned_at: Option<Time>,
    /// Paths (made printable) that were skipped, and why.
    pub left_out: BTreeMap<String, &'static str>,
    /// Those that the walk under way has not come across again.
    left_out_before: BTreeSet<String>,
}

impl Share {
    /// A walk begins: what was left out before is in doubt until it is found again.
    pub fn look_for_left_out_again(&mut self) {
        self.left_out_before = self.left_out.keys().cloned().collect();
    }

    /// The walk saw everything: what it did not find again was renamed or removed.
    pub fn forget_left_out_before(&mut self) {
        for path in std::mem::take(&mut self.left_out_before) {
            self.left_out.remove(&path);
        }
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn share(&self, share: ShareId) -> Share {
        self.lock().shares.get(&share).cloned().unwrap_or_default()
    }

    pub fn change(&self, share: ShareId, change: impl FnOnce(&mut Share)) {
        change(self.lock().shares.entry(share).or_default());
        self.1.notify_waiters();
    }

    /// Returns once each of these shares was walked, or is away.
    pub async fn all_looked_at(&self, shares: &[ShareId]) {
        loop {
            let changed = self.1.notified();
            let is_done = |share: &ShareId| {
                let share = self.share(*share);
                share.scanned_at.is_some() || share.state == ShareState::Away
            };
            if shares.iter().all(is_done) {
                return;
            }
            changed.await;
        }
    }

    /// A path was found and skipped. Says whether that is news.
    pub fn leave_out(&self, share: ShareId, path: String, why: &'static str) -> bool {
        let mut inner = self.lock();
        let Share { left_out, left_out_before, .. } = inner.shares.entry(share).or_default();
        left_out_before.remove(&path);
        (left_out.len() < LEFT_OUT_MAX || left_out.contains_key(&path)) && left_out.insert(path, why).is_none()
    }

    /// What was skipped is no longer there.
    pub fn take_back_in(&self, share: ShareId, path: &str) {
        if let Some(share) = self.lock().shares.get_mut(&share) {
            share.left_out.remove(path);
        }
    }

    /// Something that the person who runs showd should know, with the next move.
    pub fn notice(&self, text: impl Into<String>, hint: impl Into<String>) {
        self.lock().notices.insert(text.into(), hint.into());
    }

    pub fn take_back(&self, text: &str) {
        self.lock().notices.remove(text);
    }

    pub fn tool(&self, name: &str, version: Option<String>) {
        self.lock().tools.insert(name.to_owned(), version);
    }

    /// Every program that was looked for, with what it says of itself where it is here.
    pub fn tools(&self) -> BTreeMap<String, Option<String>> {
        self.lock().tools.clone()
    }

    /// Says who carries a share to other devices; `None`: nobody, as far as is known.
    pub fn carry(&self, share: ShareId, carrier: Option<String>) {
        let mut inner = self.lock();
        match carrier {
            Some(carrier) => drop(inner.carriers.insert(share, carrier)),
            None => drop(inner.carriers.remove(&share)),
        }
    }

    pub fn carrier(&self, share: ShareId) -> Option<String> {
        self.lock().carriers.get(&share).cloned()
    }

    /// The first of these that was looked for and is not here.
    pub fn missing_tool(&self, names: &[String]) -> Option<String> {
        let inner = self.lock();
        names.iter().find(|name| inner.tools.get(*name).is_some_and(Option::is_none)).cloned()
    }

    /// How large the archive was when it was last counted.
    pub fn archive(&self) -> ArchiveView {
        self.lock().archive.clone()
    }

    pub fn set_archive(&self, archive: ArchiveView) {
        self.lock().archive = archive;
    }

    pub fn notices(&self) -> Vec<NoticeView> {
        let inner = self.lock();
        inner.notices.iter().map(|(text, hint)| NoticeView { text: text.clone(), hint: hint.clone() }).collect()
    }
}
