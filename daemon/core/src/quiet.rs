//! Whether a person's file may be written now: one function, for the publisher's turn and for `showctl why`.
//!
//! What the core knows itself is asked first: locks, holds, clocks, what lies beside the file. When nothing of that
//! speaks against it, an adapter is asked to look outside once more ([`crate::Effect::Probe`]): other programs that have
//! the file open, and Syncthing, which may know of a text that has not arrived yet. What it finds stands for a few
//! seconds, then it looks again. Owns what was found, and the storm guard.

use crate::coordinator::Timer;
use crate::kind::{is_arriving, is_markdown};
use crate::lane::LaneId;
use crate::settle::File;
use crate::{AskId, Blocker, ClientId, Coordinator, Digest, Effect, FilePath, JobId, Stamp, Time, Wove};
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Something outside of showd that speaks against writing a person's file now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Disquiet {
    /// A program on this machine has it open for writing.
    OpenForWriting,
    /// Syncthing is at work in the folder, or lacks files that it knows of.
    Syncing { state: String, needed: u64 },
    /// The newest version that Syncthing knows of is not the one that lies here; by whom it is, where that is known.
    NewerElsewhere { by: String },
    /// Syncthing has not taken up what lies here.
    NotIndexed,
    /// Devices on which this share was edited are not connected or have not sent everything, and the share's policy is
    /// to wait for them.
    EditorsAway { devices: Vec<String> },
    /// Another device changed it a moment ago. Whoever makes one save is likely to make another, and until then that may
    /// lie there without anybody here having heard of it.
    ChangedElsewhere { by: String, until: Time },
    /// A device on which this share was edited came back a moment ago, and may still have to say what was done there.
    BackLately { device: String, until: Time },
    /// Syncthing does not answer, not yet, or not in a way that can be used, and is likely to in a moment.
    Unanswered,
}

impl Disquiet {
    /// When it ends, where that is known: until then nobody need be asked again.
    pub fn until(&self) -> Option<Time> {
        match self {
            Self::ChangedElsewhere { until, .. } | Self::BackLately { until, .. } => Some(*until),
            _ => None,
        }
    }
}

impl fmt::Display for Disquiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenForWriting => f.write_str("a program has it open for writing"),
            Self::Syncing { state, needed: 0 } => write!(f, "Syncthing is at work in its folder ({state})"),
            Self::Syncing { state, needed } => {
                write!(f, "Syncthing is at work in its folder ({state}, {needed} to come)")
            }
            Self::NewerElsewhere { by } if by.is_empty() => f.write_str("Syncthing knows of a newer version elsewhere"),
            Self::NewerElsewhere { by } => write!(f, "Syncthing knows of a newer version from {by}"),
            Self::NotIndexed => f.write_str("Syncthing has not taken up what lies here"),
            Self::EditorsAway { devices } => {
                write!(f, "people edit this share on devices that are away: {}", devices.join(", "))
            }
            Self::ChangedElsewhere { by, .. } => {
                write!(f, "it was changed on {by} a moment ago, and another save there may not have arrived yet")
            }
            Self::BackLately { device, .. } => {
                write!(f, "{device} came back a moment ago, and may still have to send what was done there")
            }
            Self::Unanswered => f.write_str("Syncthing gives no answer that helps, and may in a moment"),
        }
    }
}

/// What was asked about files, and the answers.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    of: BTreeMap<FilePath, Probe>,
    /// What we wrote into which note, and what we had to make again, and when, within the storm guard's window.
    written: BTreeMap<FilePath, BTreeMap<Wrote, VecDeque<Time>>>,
}

/// What a storm is known by: the same text again, the same value at the same target, the same lines in the same place,
/// or an output that is made again.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wrote {
    Text(Digest),
    Value(String, String),
    Stitch(u64),
    /// An output, once more, whatever is in it: some say when they were made.
    Again,
}

#[derive(Debug)]
struct Probe {
    /// Of the file as it was asked about.
    stamp: Stamp,
    is_asked: bool,
    /// The latest.
    answer: Option<Answer>,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    at: Time,
    pub found: Vec<Disquiet>,
}

impl Answer {
    /// What has no end of its own stands until then.
    fn rested(&self) -> Time {
        self.at.plus_ms(PROBE_REST_MS)
    }

    /// Nothing that happens outside could make the file quiet any sooner.
    pub fn until(&self) -> Time {
        self.found.iter().filter_map(Disquiet::until).fold(self.rested(), Time::max)
    }

    /// What is still known to be so.
    fn standing(&self, now: Time) -> impl Iterator<Item = &Disquiet> {
        let is_fresh = self.until() == self.rested() || now < self.rested();
        self.found.iter().filter(move |what| is_fresh || what.until().is_some())
    }
}

impl Probes {
    /// An answer is awaited.
    pub fn is_any_open(&self) -> bool {
        self.of.values().any(|probe| probe.is_asked)
    }

    fn get(&self, file: &FilePath, stamp: Stamp) -> Option<&Probe> {
        self.of.get(file).filter(|probe| probe.stamp == stamp)
    }
}

impl Coordinator {
    /// Why a person's file may not be written now: empty when it is quiet and free, as far as was asked.
    pub fn quiet(&self, file: &FilePath) -> Vec<Blocker> {
        self.unquiet(file, None)
    }

    pub(crate) fn unquiet(&self, file: &FilePath, job: Option<JobId>) -> Vec<Blocker> {
        let mut blockers = self.unquiet_here(file, job);
        let Some(stamp) = self.files.get(file).and_then(File::stamp) else { return blockers };
        let Some(probe) = self.probes.get(file, stamp) else { return blockers };
        match &probe.answer {
            Some(answer) if !answer.found.is_empty() => {
                let standing = answer.standing(self.now);
                blockers.extend(standing.map(|what| Blocker::Disquiet { file: file.clone(), what: what.clone() }));
            }
            _ if probe.is_asked => blockers.push(Blocker::Probing { file: file.clone() }),
            _ => {}
        }
        blockers
    }

    /// What the core itself knows. The quiet period is the longest of the pipelines that the file belongs to.
    fn unquiet_here(&self, file: &FilePath, job: Option<JobId>) -> Vec<Blocker> {
        let mut blockers: Vec<Blocker> = self.share_blocker(file.share).into_iter().collect();
        blockers.extend(self.read_only(file.share));
        blockers.extend(self.leases.against_write(job, file));
        if self.is_publishing(file) {
            blockers.push(Blocker::BeingPublished { file: file.clone() });
        }
        blockers.extend(self.being_written(file));
        if let Some(copy) = self.files.conflict_copy(file) {
            blockers.push(Blocker::ConflictCopy { file: file.clone(), copy: copy.clone() });
        }
        blockers.extend(self.unrested(file));
        blockers.extend(self.storm(file));
        blockers
    }

    /// An editor has it open, or a text arrives for it. A temporary file that Syncthing has left off writing says nothing:
    /// it keeps those of texts that were overtaken on their way for a day.
    pub(crate) fn being_written(&self, file: &FilePath) -> Option<Blocker> {
        self.files.beside(file).find_map(|beside| {
            let until = is_arriving(beside)
                .then(|| self.files.get(beside).map_or(self.now, |state| state.changed().plus_ms(ARRIVING_MS)));
            let blocker = || Blocker::BeingWritten { file: file.clone(), beside: beside.clone(), until };
            until.is_none_or(|until| until > self.now).then(blocker)
        })
    }

    /// It changed, or was written by us, less than the quiet period ago.
    pub(crate) fn unrested(&self, file: &FilePath) -> Vec<Blocker> {
        let plays = self.playbook.plays.values().filter(|play| play.subject_of(&file.path).is_some());
        let quiet_ms = plays.map(|play| play.pipeline.quiet_ms).max().unwrap_or(0);
        let Some(state) = self.files.get(file) else { return Vec::new() };
        let mut blockers = Vec::new();
        let until = state.changed().plus_ms(quiet_ms);
        if until > self.now {
            blockers.push(Blocker::ChangedLately { file: file.clone(), until });
        }
        let until = state.published().map(|at| at.plus_ms(quiet_ms)).filter(|until| *until > self.now);
        blockers.extend(until.map(|until| Blocker::WrittenLately { file: file.clone(), until }));
        blockers
    }

    /// True when a person's file may be written in this very moment. If not, what is to be waited for is asked about, or
    /// has a clock.
    pub(crate) fn is_quiet_now(&mut self, lane: LaneId, job: JobId, file: &FilePath, base: Digest) -> bool {
        let blockers = self.unquiet_here(file, Some(job));
        for blocker in &blockers {
            self.leases.wait(job, blocker);
        }
        if !blockers.is_empty() {
            let (storms, others): (Vec<_>, Vec<_>) =
                blockers.iter().partition(|blocker| matches!(blocker, Blocker::Storm { .. }));
            if let Some(at) = storms.into_iter().filter_map(Blocker::until).max() {
                self.wake_calm(lane, at);
            } else if let Some(at) = others.into_iter().filter_map(Blocker::until).max() {
                self.wake_quiet(lane, at);
            }
            return false;
        }
        let Some(answer) = self.look_outside(file, base) else { return false };
        if !answer.found.is_empty() {
            self.wake_quiet(lane, answer.until());
        }
        answer.found.is_empty()
    }

    /// What outside speaks against writing this file, which holds `base`. `None`: that is being asked; the answer marks
    /// everybody who may have wanted to know.
    pub(crate) fn look_outside(&mut self, file: &FilePath, base: Digest) -> Option<Answer> {
        let stamp = self.files.get(file).and_then(File::stamp)?;
        let probe = self.probes.get(file, stamp);
        if probe.is_some_and(|probe| probe.is_asked) {
            return None;
        }
        if let Some(answer) = probe.and_then(|probe| probe.answer.as_ref()).filter(|answer| answer.until() > self.now) {
            return Some(answer.clone());
        }
        self.probe(file, stamp, base);
        None
    }

    fn probe(&mut self, file: &FilePath, stamp: Stamp, base: Digest) {
        let answer = self.probes.get(file, stamp).and_then(|probe| probe.answer.clone());
        self.probes.of.insert(file.clone(), Probe { stamp, is_asked: true, answer });
        self.order(Effect::Probe { file: file.clone(), stamp, digest: base });
    }

    /// A person wants to know whether a file may be written: answered once it was looked outside.
    pub(crate) fn look_for(&mut self, ask: AskId, client: ClientId, file: &FilePath) {
        // What was found a moment ago is good enough for the planner, who asks again, and not for a person.
        if is_markdown(&file.path)
            && !self.is_probing(file)
            && let Some((stamp, base)) = self.files.get(file).and_then(File::stamp).zip(self.files.digest(file))
        {
            self.probe(file, stamp, base);
        }
        self.wait_for_look(ask, client, file);
    }

    /// It is being looked outside.
    pub(crate) fn is_probing(&self, file: &FilePath) -> bool {
        self.probes.of.get(file).is_some_and(|probe| probe.is_asked)
    }

    /// Nobody waits for that.
    pub(crate) fn wake_calm(&mut self, id: LaneId, at: Time) {
        if at > self.now {
            self.timers.insert((at, Timer::Calm(id)));
        }
    }

    fn wake_quiet(&mut self, id: LaneId, at: Time) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        if at > self.now && lane.quiet.is_none_or(|quiet| at < quiet) {
            if let Some(quiet) = lane.quiet.replace(at) {
                self.timers.remove(&(quiet, Timer::Quiet(id)));
            }
            self.timers.insert((at, Timer::Quiet(id)));
        }
    }

    pub(crate) fn probed(&mut self, file: &FilePath, stamp: Stamp, found: Vec<Disquiet>) {
        let Some(probe) = self.probes.of.get_mut(file).filter(|probe| probe.stamp == stamp) else { return };
        (probe.is_asked, probe.answer) = (false, Some(Answer { at: self.now, found }));
        self.tell_looked(file);
        self.mark_conflicts_of(file);
        for lane in self.lanes_of(file, false) {
            self.mark(lane);
        }
    }

    /// We wrote it: the next time is asked about anew, and counts for the storm guard.
    pub(crate) fn note_written(&mut self, file: &FilePath, text: Digest, wove: &Wove) {
        self.drop_probe(file);
        let values = wove.wrote.iter().map(|ours| Wrote::Value(ours.target.clone(), ours.value.clone()));
        // Two lines of one weave that cannot be told apart were still written once.
        let stitches: BTreeSet<u64> = wove.stitches.iter().copied().collect();
        let stitches = stitches.into_iter().map(Wrote::Stitch);
        self.count_written(file, values.chain(stitches).chain([Wrote::Text(text)]));
    }

    /// We made an output again that was not as we had left it.
    pub(crate) fn note_made_again(&mut self, file: &FilePath) {
        self.count_written(file, [Wrote::Again].into_iter());
    }

    fn count_written(&mut self, file: &FilePath, all: impl Iterator<Item = Wrote>) {
        let (now, (times_max, window_ms)) = (self.now, self.playbook.rules.storm);
        let written = self.probes.written.entry(file.clone()).or_default();
        for wrote in all {
            written.entry(wrote).or_default().push_back(now);
        }
        written.retain(|_, times| {
            times.retain(|at| at.plus_ms(window_ms) > now);
            !times.is_empty()
        });
        forget_oldest(written);
        if let Some(Blocker::Storm { times, .. }) = self.storm(file)
            && times == times_max + 1
        {
            let text = format!("{file} is left alone: somebody undoes what showd writes there, {times} times by now");
            self.log("file.storm").file(file).text(text);
        }
    }

    /// Files that are left alone, because somebody undoes what we write there.
    pub fn storms(&self) -> impl Iterator<Item = Blocker> {
        self.probes.written.keys().filter_map(|file| self.storm(file))
    }

    /// A person says that whoever undid it will not do so again. False: nobody did.
    pub(crate) fn end_storm(&mut self, file: &FilePath, who: &str) -> bool {
        if self.storm(file).is_none() {
            return false;
        }
        self.probes.written.remove(file);
        self.log("file.storm").file(file).text(format!("{who} lets showd write {file} again"));
        true
    }

    /// What we write and somebody undoes each time is left alone for a while: two programs of two minds about one text
    /// would write for ever.
    pub fn storm(&self, file: &FilePath) -> Option<Blocker> {
        let (times_max, window_ms) = self.playbook.rules.storm;
        let written = self.probes.written.get(file).filter(|_| times_max > 0)?;
        let storms = written.values().filter_map(|times| {
            let recent: Vec<Time> =
                times.iter().map(|at| at.plus_ms(window_ms)).filter(|end| *end > self.now).collect();
            let times = u32::try_from(recent.len()).unwrap_or(u32::MAX);
            // When the first of too many no longer counts.
            let until = *recent.get(recent.len().checked_sub(times_max as usize + 1)?)?;
            Some(Blocker::Storm { file: file.clone(), times, until })
        });
        storms.max_by_key(Blocker::until)
    }

    pub(crate) fn forget_probe(&mut self, file: &FilePath) {
        self.drop_probe(file);
        self.probes.written.remove(file);
    }

    fn drop_probe(&mut self, file: &FilePath) {
        if self.probes.of.remove(file).is_some_and(|probe| probe.is_asked) {
            self.tell_looked(file);
        }
    }
}

/// Who undoes something each time has it written each time: what was not for the longest is nobody's storm.
fn forget_oldest(written: &mut BTreeMap<Wrote, VecDeque<Time>>) {
    let Some(more) = written.len().checked_sub(WRITTEN_MAX).filter(|more| *more > 0) else { return };
    let mut latest: Vec<Option<Time>> = written.values().map(|times| times.back().copied()).collect();
    latest.sort_unstable();
    written.retain(|_, times| times.back() >= latest[more].as_ref());
}

/// What a probe found stands for this long, if it has no end of its own; then it is asked again.
const PROBE_REST_MS: u64 = 2_000;
/// A text that arrives is written into its temporary file without pause. What Syncthing still lacks it says when asked.
const ARRIVING_MS: u64 = 60_000;
/// What was written into one file is kept for the storm guard, the latest of it and all of one write.
const WRITTEN_MAX: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_each_time_is_remembered_however_much_else_is_written() {
        let mut written: BTreeMap<Wrote, VecDeque<Time>> = BTreeMap::new();
        for round in 0..50_u64 {
            for stitch in [0].into_iter().chain(1 + round * 200..201 + round * 200) {
                written.entry(Wrote::Stitch(stitch)).or_default().push_back(Time(round.cast_signed()));
            }
            forget_oldest(&mut written);
            assert!(written.len() <= WRITTEN_MAX + 200);
        }
        assert_eq!(written[&Wrote::Stitch(0)].len(), 50);
    }
}
