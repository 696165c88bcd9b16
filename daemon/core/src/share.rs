//! What is seen of shares, files and tools, and which subjects that concerns.
//!
//! Events from a watcher are hints; a look says how a file is. A share is scanned after every restart, whenever the
//! watcher lost track, and now and then besides, so a lost hint costs a little time and never work. Nothing is
//! planned for a share before its first scan is over, or while its disk is away.

use crate::coordinator::Timer;
use crate::kind::{Kind, is_plain, is_text, kind};
use crate::lane::{Lane, LaneId, LaneName};
use crate::settle::{Seen, keeps_bytes};
use crate::{Coordinator, Digest, Effect, FilePath, Look, RevisionRow, Row, ShareId, Stamp, Subject};
use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

#[derive(Debug, Default)]
pub(crate) struct Share {
    pub known: Known,
    pub walk: Walk,
    /// Number of the latest scan; files seen since carry it.
    scan: u64,
    /// How often the share was scanned for the slow clock.
    rounds: u64,
}

/// What is known of the files of a share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Known {
    /// Its disk is missing.
    Away,
    /// No scan was completed since the start, or since the share came back.
    #[default]
    Unscanned,
    Ready,
}

/// Whether it is being walked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Walk {
    #[default]
    Still,
    Scanning,
    /// Something was missed meanwhile: once more after this one.
    Again,
}

impl Coordinator {
    pub(crate) fn scan(&mut self, share: ShareId) {
        let state = self.shares.entry(share).or_default();
        match (state.known, state.walk) {
            (Known::Away, _) => {}
            (_, Walk::Scanning | Walk::Again) => state.walk = Walk::Again,
            (_, Walk::Still) => {
                state.scan += 1;
                state.walk = Walk::Scanning;
                self.order(Effect::Scan { share });
            }
        }
    }

    pub(crate) fn scan_again(&mut self, share: ShareId) {
        self.scan(share);
        self.set_scan_timer(share);
    }

    /// Every share has its own pace, so that they are not all walked at once.
    pub(crate) fn set_scan_timer(&mut self, share: ShareId) {
        let every = self.playbook.rules.scan_ms;
        if every == 0 {
            return;
        }
        let state = self.shares.entry(share).or_default();
        state.rounds += 1;
        let wait = crate::retry::backoff_ms(every, every, u64::from(share.0) << 32 | state.rounds, 1);
        self.timers.insert((self.now.plus_ms(wait), Timer::Scan(share)));
    }

    pub(crate) fn scanned(&mut self, share: ShareId, complete: bool) {
        let Some(state) = self.shares.get_mut(&share) else { return };
        let walk = core::mem::take(&mut state.walk);
        if walk == Walk::Still || state.known == Known::Away {
            return;
        }
        let (scan, again) = (state.scan, walk == Walk::Again);
        let first = core::mem::replace(&mut state.known, Known::Ready) != Known::Ready;
        if complete {
            for file in self.files.unseen(share, scan) {
                self.look(&file, Look::Gone);
            }
        }
        if first {
            self.find_subjects(share);
            self.mark_share(share);
            self.mark_conflicts_in(share);
        }
        self.mark_ballots_in(share);
        if again {
            self.scan(share);
        }
    }

    pub(crate) fn watch_lost(&mut self, share: ShareId, why: &str) {
        self.log("watch.lost").share(share).text(format!("the share is walked again: {why}"));
        self.scan(share);
    }

    pub(crate) fn share_gone(&mut self, share: ShareId) {
        let state = self.shares.entry(share).or_default();
        if core::mem::replace(&mut state.known, Known::Away) == Known::Away {
            return;
        }
        state.walk = Walk::Still;
        self.files.forget_hashing(share);
        self.log("share.away")
            .share(share)
            .text("the share is away; nothing is done on it until it is back".to_owned());
        let lanes = self.lanes_of_share(share);
        let jobs: Vec<_> = self.jobs.iter().filter(|(_, job)| lanes.contains(&job.lane)).map(|(id, _)| *id).collect();
        for job in jobs {
            self.pools.unqueue(job);
        }
    }

    pub(crate) fn share_back(&mut self, share: ShareId) {
        let state = self.shares.entry(share).or_default();
        if state.known != Known::Away {
            return;
        }
        state.known = Known::Unscanned;
        self.log("share.back").share(share).text("the share is back and is scanned".to_owned());
        self.scan(share);
        self.publish_on(share);
    }

    pub(crate) fn is_away(&self, share: ShareId) -> bool {
        self.shares.get(&share).is_none_or(|share| share.known == Known::Away)
    }

    /// The number of the latest scan.
    pub(crate) fn scan_of(&self, share: ShareId) -> u64 {
        self.shares.get(&share).map_or(0, |share| share.scan)
    }

    pub(crate) fn is_ready(&self, share: ShareId) -> bool {
        self.shares.get(&share).is_some_and(|share| share.known == Known::Ready)
    }

    pub(crate) fn file_seen(&mut self, file: &FilePath, look: Look) {
        if !self.is_away(file.share) && kind(&file.path) != Kind::Ours {
            self.look(file, look);
        }
    }

    fn look(&mut self, file: &FilePath, look: Look) {
        let (scan, known) = self.shares.get(&file.share).map_or((0, Known::Away), |share| (share.scan, share.known));
        let (settle_ms, leave_ms) = self.clocks(file);
        // Of a share that was away the kernel's times are no older than ours: its clock may have been set back meanwhile.
        let first = known == Known::Unscanned && scan <= 1;
        match self.files.see(file, look, scan, first, settle_ms, self.now) {
            Seen::Same => {}
            Seen::Beside => self.beside_changed(file),
            Seen::Changed => {
                if look == Look::Gone {
                    self.files.leave(file, self.now.plus_ms(leave_ms));
                }
                self.note_coming_and_going(file);
                self.file_changed(file);
            }
        }
    }

    /// The shortest time in which somebody takes a file for settled, and the longest in which its loss settles.
    fn clocks(&self, file: &FilePath) -> (u64, u64) {
        let plays = self.playbook.plays.values().filter(|play| play.subject_of(&file.path).is_some());
        let clocks = plays.map(|play| {
            let text = play.pipeline.settle_text_ms;
            let media = if is_text(&file.path) { text } else { play.pipeline.settle_media_ms };
            (media, text.min(play.pipeline.settle_text_ms_max))
        });
        clocks.fold((u64::MAX, 0), |(settle, leave), (mine, gone)| (settle.min(mine), leave.max(gone)))
    }

    /// Lets the subjects of a file be planned when the change has settled, and finds new subjects.
    fn file_changed(&mut self, file: &FilePath) {
        self.mark_conflicts_of(file);
        self.mark_ballot(file);
        for lane in self.lanes_of(file, true) {
            let play = self.lanes[&lane].play.clone();
            let Some(at) = self.files.get(file).map(|state| state.settles_at(file, &play.pipeline)) else { continue };
            let below = self.lanes[&lane].directory().len();
            self.note_cause(lane, format!("{} changed", &file.path[below.min(file.path.len())..]));
            self.wake_lane(lane, at);
        }
    }

    /// A lock file, a temporary file or a conflict copy came or went: the file beside it may be quiet or not.
    fn beside_changed(&mut self, file: &FilePath) {
        let of = match kind(&file.path) {
            Kind::ConflictCopy { of } | Kind::Temporary { of } => FilePath { share: file.share, path: of.into() },
            Kind::Plain | Kind::Ours => return,
        };
        self.mark_conflicts_of(&of);
        for lane in self.lanes_of(&of, true) {
            self.mark(lane);
        }
        self.file_changed(file);
    }

    /// Plans a lane no later than then.
    pub(crate) fn wake_lane(&mut self, id: LaneId, at: crate::Time) {
        if at <= self.now {
            return self.mark(id);
        }
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        if lane.wake.is_none_or(|wake| at < wake) {
            if let Some(wake) = lane.wake.replace(at) {
                self.timers.remove(&(wake, Timer::Lane(id)));
            }
            self.timers.insert((at, Timer::Lane(id)));
        }
    }

    pub(crate) fn note_cause(&mut self, lane: LaneId, cause: String) {
        if let Some(lane) = self.lanes.get_mut(&lane) {
            lane.cause = cause;
        }
    }

    /// The lanes that a file matters to; `find`: also those of subjects that nobody knew of yet.
    pub(crate) fn lanes_of(&mut self, file: &FilePath, find: bool) -> BTreeSet<LaneId> {
        let mut lanes: BTreeSet<LaneId> = self.readers.get(file).into_iter().flatten().copied().collect();
        let plays: Vec<_> = self.playbook.plays.values().cloned().collect();
        for play in plays {
            let Some((path, _)) = play.subject_of(&file.path) else { continue };
            let directory = path.rfind('/').map_or(0, |end| end + 1);
            let below = &file.path[directory..];
            if !play.watches(below) {
                continue;
            }
            let subject = Subject { pipeline: play.pipeline.name.clone(), share: file.share, path };
            if find && is_plain(file) && play.triggers(below) {
                lanes.extend(self.lane(LaneName { subject: subject.clone(), parameters: BTreeMap::new() }));
            }
            lanes.extend(self.lane_of.of(&subject));
        }
        lanes
    }

    /// Every file that is there makes its subjects known: what was read before a restart is no news after it, and its
    /// subject may have neither results nor a build yet.
    fn find_subjects(&mut self, share: ShareId) {
        for file in self.files.there(share) {
            self.lanes_of(&file, true);
        }
    }

    /// The lane of this name; made when its subject's path is one that the pipeline is for.
    pub(crate) fn lane(&mut self, name: LaneName) -> Option<LaneId> {
        if let Some(lane) = self.lane_of.get(&name) {
            return Some(lane);
        }
        let play = self.playbook.plays.get(&name.subject.pipeline)?.clone();
        let captures = play.captures(&name.subject.path)?;
        let id = LaneId(self.next_lane);
        self.next_lane += 1;
        self.lane_of.insert(&name, id);
        self.lanes.insert(id, Lane::new(name, play, captures));
        Some(id)
    }

    pub(crate) fn lanes_of_share(&self, share: ShareId) -> BTreeSet<LaneId> {
        self.lanes.iter().filter(|(_, lane)| lane.name.subject.share == share).map(|(id, _)| *id).collect()
    }

    pub(crate) fn mark_share(&mut self, share: ShareId) {
        for lane in self.lanes_of_share(share) {
            self.mark(lane);
        }
    }

    pub(crate) fn hashed(&mut self, file: &FilePath, stamp: Stamp, digest: Digest, device: Option<String>) {
        let wanted = self.files.end_hashing(file);
        if self.is_away(file.share) {
            return;
        }
        self.look(file, Look::File(stamp));
        let is_ours = self.is_publishing(file);
        let is_new_here = wanted && !is_ours && self.follow(file, digest);
        let mut is_changed = false;
        let row = (wanted && !is_ours).then(|| self.files.read(file, digest)).flatten();
        if let Some((row, is_new)) = row {
            is_changed = is_new;
            if is_new {
                self.forget_fixed_points(file, digest);
                self.note_device(file, device.as_ref());
                // A conflict copy has no history of its own.
                if keeps_bytes(file) && is_plain(file) {
                    let origin = device.map_or_else(|| "person".to_owned(), |device| format!("person on {device}"));
                    let (file, at, size) = (file.clone(), self.now, stamp.size);
                    self.put(Row::Revision(RevisionRow { file, at, digest, size, origin, by_us: false }));
                }
            }
            self.put(Row::File(row));
        }
        if is_changed && is_plain(file) {
            self.inherit(file, digest, is_new_here);
        }
        self.mark_conflicts_of(file);
        self.mark_ballot(file);
        for lane in self.lanes_of(file, true) {
            self.mark(lane);
        }
    }

    pub(crate) fn hash_failed(&mut self, file: &FilePath, look: Look, why: &str) {
        let wanted = self.files.end_hashing(file);
        let before = self.files.get(file).map(super::settle::File::is_there);
        self.file_seen(file, look);
        if wanted && before == Some(true) && matches!(look, Look::File(_)) {
            self.log("file.unread").file(file).text(format!("could not be read: {why}"));
        }
        for lane in self.lanes_of(file, false) {
            self.wake_lane(lane, self.now.plus_ms(READ_AGAIN_MS));
        }
    }

    pub(crate) fn tool_seen(&mut self, name: &str, version: Option<String>) {
        if self.tools.get(name) != Some(&version) {
            let first = self.tools.insert(name.to_owned(), version).is_none();
            if !first {
                self.lanes.values_mut().for_each(|lane| lane.cause = format!("{name} changed"));
            }
            self.mark_all();
        }
    }

    /// Files whose loss has settled are no longer there for anybody.
    pub(crate) fn forget_left_files(&mut self) {
        for (file, had_row) in self.files.left(self.now) {
            if had_row {
                self.note_left(&file);
            }
            for lane in self.lanes_of(&file, false) {
                self.mark(lane);
            }
        }
    }
}

/// A file that could not be read is tried again after this long, unless something is seen of it before.
const READ_AGAIN_MS: u64 = 1_000;
