//! Moving results into shares: one durable intent after another, and what becomes true once it is in place.
//!
//! An intent is a row until its outcome is, so recovery is ordering every outstanding one again. What came of an
//! attempt or a weave is kept in its intent and recorded by the outcome, in one step with the new look of the files.
//! An overtaken publish repeats the weave, or the attempt; never does a text go over one that was not read. A path
//! that exists and is not recorded as ours is refused. Owns the intents. Knows nothing of renames and syncs.

use crate::coordinator::Timer;
use crate::job::JobEvent;
use crate::lane::LaneId;
use crate::lease::covers;
use crate::settle::{File, Written};
use crate::wait::not_yet;
use crate::weave::Final;
use crate::{
    ActionRow, AttemptNo, Blocker, Cause, Coordinator, Digest, Done, Effect, FilePath, FixedRow, Intent, IntentId,
    JobId, JobState, Move, Node, Outcome, ProposalState, Refusal, RefusalKind, Rename, RevisionRow, Row, RowKey,
    ShareId, Source, Stamp, Time, WEAVE, Wove,
};
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// An intent whose outcome is not known.
#[derive(Debug)]
pub(crate) struct Pending {
    pub intent: Intent,
    pub hold: Hold,
    pub tries: u32,
}

/// Whether it was ordered, and if not, what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hold {
    Ordered,
    RetryAt {
        at: Time,
        why: String,
    },
    /// A lock, a hold, or a share that is away.
    Held,
}

impl Coordinator {
    pub(crate) fn is_publishing(&self, file: &FilePath) -> bool {
        self.publishing.contains_key(file)
    }

    /// A file being published that a lock on this path would cover.
    pub(crate) fn published_within(&self, path: &FilePath) -> Option<&FilePath> {
        self.publishing.range(path.clone()..).map(|(file, _)| file).next().filter(|file| covers(path, file))
    }

    /// Publishes the woven text of a file if it is quiet, or sets the clock for when it may be.
    pub(crate) fn publish_weave(&mut self, lane: LaneId, job: JobId, text: &Final) {
        if let Some(why) = &text.woven.refused {
            let why = format!("the loss guard refused: {why}");
            self.log("weave.refused").job(job).file(&text.file).text(why.clone());
            return self.move_job(job, JobEvent::Broke { why });
        }
        if text.woven.digest == text.base {
            // What was accepted stands there already, or what it was for is gone.
            for id in text.stale.iter().chain(&text.wove.proposals) {
                self.set_proposal(*id, ProposalState::Stale);
            }
            return self.finish_quietly(job, Done::UpToDate, "nothing left to write");
        }
        let mut blockers = Vec::new();
        for file in text.renames.iter().flat_map(|(rename, _)| [&rename.from, &rename.to]) {
            blockers.extend(self.leases.against_write(Some(job), file));
            if self.is_publishing(file) {
                blockers.push(Blocker::BeingPublished { file: file.clone() });
            }
        }
        for blocker in &blockers {
            self.leases.wait(job, blocker);
        }
        if !blockers.is_empty() || !self.is_quiet_now(lane, job, &text.file, text.base) {
            return;
        }
        for id in &text.stale {
            self.set_proposal(*id, ProposalState::Stale);
        }
        let mut moves = Vec::from([Move::Replace {
            file: text.file.clone(),
            base: text.base,
            new: text.woven.digest,
            size: text.woven.size,
            source: Source::Blob,
            human: true,
            seen: self.files.get(&text.file).and_then(File::stamp),
        }]);
        let mut files = crate::lease::Wanted::default();
        files.writes.insert(text.file.clone());
        for (Rename { from, to, .. }, base) in text.renames.iter().cloned() {
            files.writes.extend([from.clone(), to.clone()]);
            moves.push(Move::Rename { from, to, base });
        }
        self.leases.take(job, files);
        let intent = self.new_intent(moves, Cause::Weave { job, wove: Box::new(text.wove.clone()) });
        self.move_job(job, JobEvent::PublishBegan(intent));
        self.publish_again(intent);
    }

    /// Moves the outputs of an attempt into the share where they are not there already, then records its result.
    pub(crate) fn publish_outputs(&mut self, job: JobId, attempt: AttemptNo, action: ActionRow) {
        match self.output_moves(job, attempt, &action) {
            Err((file, base)) => {
                let why =
                    format!("{file} was made or changed by somebody else: once it is moved away, this runs again");
                self.jobs.get_mut(&job).expect("its attempt just ended").row.refused = base.map(|base| (file, base));
                self.move_job(job, JobEvent::Broke { why });
                self.forget_attempt(job, attempt, true);
            }
            Ok(moves) if moves.is_empty() => {
                self.record(job, action);
                self.forget_attempt(job, attempt, false);
            }
            Ok(moves) => {
                let intent = self.new_intent(moves, Cause::Attempt { job, attempt, action: Box::new(action) });
                self.move_job(job, JobEvent::PublishBegan(intent));
                self.publish_again(intent);
            }
        }
    }

    /// The moves, or the file that is in the way.
    fn output_moves(
        &mut self,
        job: JobId,
        attempt: AttemptNo,
        action: &ActionRow,
    ) -> Result<Vec<Move>, (FilePath, Option<Digest>)> {
        let mut moves = Vec::new();
        for output in &action.outputs {
            let source = Source::Scratch { job, attempt, role: output.role.clone() };
            let (file, new, size) = (output.file.clone(), output.digest, output.size);
            let Some(state) = self.files.get(&file).filter(|state| state.is_there()) else {
                moves.push(Move::New { file, new, size, source });
                continue;
            };
            if state.current() == Some(new) {
                let by = self.jobs[&job].row.node.clone();
                self.own(&file, by);
                continue;
            }
            let is_ours = |digest: &Digest| state.by_us().is_some() || self.is_recorded(job, &file, *digest);
            let Some(base) = state.digest().filter(is_ours) else {
                let base = state.digest();
                return Err((file, base));
            };
            if let Some(to) = output.keep_old_as.clone() {
                moves.push(Move::Rename { from: file.clone(), to, base });
                moves.push(Move::New { file, new, size, source });
            } else {
                moves.push(Move::Replace { file, base, new, size, source, human: false, seen: None });
            }
        }
        Ok(moves)
    }

    /// The last result of the job's node names these very bytes at this place: they were lost sight of, but are ours.
    fn is_recorded(&self, job: JobId, file: &FilePath, digest: Digest) -> bool {
        let held = &self.jobs[&job];
        let last = self.lanes.get(&held.lane).and_then(|lane| lane.index.get(&held.row.node));
        last.is_some_and(|last| last.action.outputs.iter().any(|out| out.file == *file && out.digest == digest))
    }

    /// A file that has the very bytes we would have written counts as ours.
    fn own(&mut self, file: &FilePath, by: Node) {
        if let Some(row) = self.files.own(file, by) {
            self.put(Row::File(row));
        }
    }

    pub(crate) fn new_intent(&mut self, moves: Vec<Move>, cause: Cause) -> IntentId {
        let id = IntentId(crate::build::next(&mut self.meta.next_intent));
        let home = self.home_of(&cause);
        let intent = Intent { id, moves, home, cause };
        self.put(Row::Intent(intent.clone()));
        self.hold_intent(intent);
        id
    }

    fn home_of(&self, cause: &Cause) -> Option<FilePath> {
        let (Cause::Attempt { job, .. } | Cause::Weave { job, .. }) = cause else { return None };
        let lane = &self.lanes[&self.jobs[job].lane];
        let folder = lane.directory().strip_suffix('/')?;
        Some(FilePath { share: lane.name.subject.share, path: folder.into() })
    }

    /// Takes an intent in without ordering it.
    pub(crate) fn hold_intent(&mut self, intent: Intent) {
        let id = intent.id;
        self.publishing.extend(intent.files().cloned().map(|file| (file, id)));
        self.intents.insert(id, Pending { intent, hold: Hold::Held, tries: 0 });
    }

    /// Orders an intent unless something holds it.
    pub(crate) fn publish_again(&mut self, id: IntentId) {
        let held = !self.held_by(id).is_empty();
        let Some(pending) = self.intents.get_mut(&id) else { return };
        if held {
            pending.hold = Hold::Held;
            return;
        }
        pending.hold = Hold::Ordered;
        let intent = pending.intent.clone();
        self.order(Effect::Publish(Box::new(intent)));
    }

    /// Orders what a share that is back, or a lock that is gone, had held.
    pub(crate) fn publish_on(&mut self, share: ShareId) {
        let held: Vec<IntentId> = self
            .intents
            .iter()
            .filter(|(_, pending)| pending.hold == Hold::Held && pending.intent.files().any(|file| file.share == share))
            .map(|(id, _)| *id)
            .collect();
        for id in held {
            self.publish_again(id);
        }
    }

    fn held_by(&self, id: IntentId) -> Vec<Blocker> {
        let Some(pending) = self.intents.get(&id) else { return Vec::new() };
        let job = pending.intent.job();
        let mut blockers = Vec::new();
        for file in pending.intent.files() {
            blockers.extend(self.share_blocker(file.share).filter(|_| self.is_away(file.share)));
            blockers.extend(self.leases.against_write(job, file));
        }
        blockers
    }

    /// Why the results of a job are not in the share yet.
    pub(crate) fn publish_blockers(&self, id: IntentId) -> Vec<Blocker> {
        match self.intents.get(&id).map(|pending| &pending.hold) {
            Some(Hold::RetryAt { at, why }) => [Blocker::PublishRetry { at: *at, why: why.clone() }].into(),
            Some(Hold::Held) => self.held_by(id),
            Some(Hold::Ordered) | None => Vec::new(),
        }
    }

    pub(crate) fn published(&mut self, id: IntentId, outcome: Outcome) {
        let Some(pending) = self.intents.get_mut(&id) else { return };
        if let Outcome::Failed { file, why } = outcome {
            pending.tries += 1;
            let rest = crate::retry::backoff_ms(PUBLISH_REST_MS, PUBLISH_REST_MS_MAX, id.0, pending.tries);
            let at = self.now.plus_ms(rest);
            pending.hold = Hold::RetryAt { at, why: why.clone() };
            self.timers.insert((at, Timer::Publish(id)));
            self.tell_published(id, &Err(not_yet(format!("{file}: {why}"))));
            return self.log("publish.failed").file(&file).text(why);
        }
        let Some(Pending { intent, .. }) = self.intents.remove(&id) else { return };
        self.publishing.retain(|_, by| *by != id);
        self.delete(RowKey::Intent(id));
        match outcome {
            Outcome::Done { stamps } => {
                self.in_place(&intent, &stamps);
                self.tell_published(id, &Ok(()));
            }
            Outcome::Overtaken { file, why } => {
                if intent.home.as_ref() == Some(&file) {
                    // Nobody says a word of what was in a folder that is gone.
                    self.scan(file.share);
                } else {
                    self.order(Effect::LookAt { file: file.clone() });
                }
                self.tell_published(id, &Err(undone(RefusalKind::NotNow, &file, &why)));
                self.log("publish.overtaken").file(&file).text(why);
                self.give_up(&intent, JobEvent::Again);
            }
            Outcome::Refused { file, why } => {
                self.tell_published(id, &Err(undone(RefusalKind::NotAllowed, &file, &why)));
                self.log("publish.refused").file(&file).text(why.clone());
                self.give_up(&intent, JobEvent::Broke { why: format!("{file}: {why}") });
            }
            Outcome::Failed { .. } => unreachable!("handled above"),
        }
        for file in intent.files() {
            self.mark_conflicts_of(file);
            self.mark_ballot(file);
            for lane in self.lanes_of(file, true) {
                self.mark(lane);
            }
        }
    }

    /// Nothing of it is in place.
    fn give_up(&mut self, intent: &Intent, event: JobEvent) {
        for (file, digest, by) in self.outputs_of(intent).collect::<Vec<_>>() {
            self.note_missed(&file, digest, by);
        }
        if let Cause::Conflict { copy, .. } = &intent.cause {
            self.conflict_published(copy, None);
        }
        let Some(job) = intent.job() else { return };
        if !self.is_publishing_job(job, intent.id) {
            return;
        }
        let keep_scratch = matches!(event, JobEvent::Broke { .. });
        self.move_job(job, event);
        if let Cause::Attempt { attempt, .. } = intent.cause {
            self.forget_attempt(job, attempt, keep_scratch);
        }
    }

    /// What it puts there of what a step made, and whose it is.
    fn outputs_of<'a>(&'a self, intent: &'a Intent) -> impl Iterator<Item = (FilePath, Digest, Node)> {
        let by = match &intent.cause {
            Cause::Attempt { job, .. } => Some(self.node_of(*job)),
            _ => None,
        };
        intent.moves.iter().filter_map(move |made| match made {
            Move::Replace { file, new, .. } | Move::New { file, new, .. } => Some((file.clone(), *new, by.clone()?)),
            Move::Rename { .. } | Move::Remove { .. } => None,
        })
    }

    /// Whose output these bytes are that an intent may have put somewhere, without our having heard of it yet.
    pub(crate) fn being_made(&self, digest: Digest, is_near: impl Fn(&FilePath) -> bool) -> Option<Node> {
        let mut all = self.intents.values().flat_map(|pending| self.outputs_of(&pending.intent));
        all.find(|(file, new, _)| *new == digest && is_near(file)).map(|(_, _, by)| by)
    }

    fn node_of(&self, job: JobId) -> Node {
        self.jobs.get(&job).map_or_else(|| Node { step: "".into(), element: "".into() }, |held| held.row.node.clone())
    }

    fn is_publishing_job(&self, job: JobId, id: IntentId) -> bool {
        self.jobs
            .get(&job)
            .is_some_and(|held| matches!(held.row.state, JobState::Publishing { intent, .. } if intent == id))
    }

    /// All of it is in place: notes how the files look now, then what that makes true.
    fn in_place(&mut self, intent: &Intent, stamps: &[Option<Stamp>]) {
        let (by, origin) = match &intent.cause {
            Cause::Attempt { job, action, .. } => {
                let node = self.node_of(*job);
                let origin = format!("{node}, job {}", action.job);
                (node, origin)
            }
            Cause::Weave { job, .. } => {
                (Node { step: WEAVE.into(), element: "".into() }, format!("{WEAVE}, job {job}"))
            }
            Cause::Person { who, what } => {
                (Node { step: PERSON.into(), element: "".into() }, format!("{what} by {who}"))
            }
            Cause::Notice => (Node { step: NOTICE.into(), element: "".into() }, NOTICE.to_owned()),
            Cause::Conflict { copy, original, what, aside } => {
                if let Some((digest, size)) = *aside {
                    let (file, at, origin) = (original.clone(), self.now, format!("{}{copy}", RevisionRow::SET_ASIDE));
                    self.put(Row::Revision(RevisionRow { file, at, digest, size, origin, by_us: false }));
                }
                (Node { step: PERSON.into(), element: "".into() }, what.clone())
            }
        };
        for (place, made) in intent.moves.iter().enumerate() {
            self.note_move(made, stamps.get(place).copied().flatten(), &by, &origin, intent.cause.is_of_a_person());
        }
        for file in intent.files() {
            self.log("publish.done").file(file).text(format!("{file} was published: {origin}"));
            if !matches!(intent.cause, Cause::Attempt { .. }) {
                for lane in self.lanes_of(file, true) {
                    self.note_cause(lane, format!("{file} was published"));
                }
            }
        }
        match &intent.cause {
            Cause::Attempt { job, attempt, action } => {
                self.count_made_again(intent, *job);
                if self.is_publishing_job(*job, intent.id) {
                    self.record(*job, (**action).clone());
                }
                self.forget_attempt(*job, *attempt, false);
            }
            Cause::Weave { job, wove } => {
                self.wove(intent, wove);
                if self.is_publishing_job(*job, intent.id) {
                    self.move_job(*job, JobEvent::Finished(crate::Done::Succeeded));
                }
            }
            Cause::Person { .. } => {}
            Cause::Notice => intent.files().for_each(|file| self.mark_notices(file.share)),
            Cause::Conflict { copy, original, .. } => {
                let put = intent.moves.iter().find_map(|made| match made {
                    Move::Replace { file, new, .. } | Move::New { file, new, .. } => (file == original).then_some(*new),
                    Move::Rename { .. } | Move::Remove { .. } => None,
                });
                self.conflict_published(copy, put);
            }
        }
    }

    fn note_move(&mut self, made: &Move, stamp: Option<Stamp>, by: &Node, origin: &str, is_person: bool) {
        let (file, digest, size, human) = match made {
            Move::Replace { file, new, size, human, .. } => (file, *new, *size, *human),
            Move::New { file, new, size, .. } => (file, *new, *size, crate::settle::keeps_bytes(file)),
            Move::Rename { from, to, .. } => {
                self.note_rename(from, to);
                self.forget_probe(from);
                self.order(Effect::LookAt { file: to.clone() });
                return;
            }
            Move::Remove { file, .. } => return self.forget_file(file),
        };
        self.forget_fixed_points(file, digest);
        // What a person asked to be put there is a person's text, and the quiet clock starts with it.
        let by = (!is_person).then(|| by.clone());
        let written = Written { digest, stamp: stamp.unwrap_or(NO_STAMP), by, human, scan: self.scan_of(file.share) };
        let (row, overtaken) = self.files.write(file, written, self.now);
        self.put(Row::File(row));
        self.note_replaced(file);
        if overtaken || stamp.is_none() {
            self.order(Effect::LookAt { file: file.clone() });
        }
        // Of what steps made only the digest is kept: by it we know our own among what Syncthing sets aside.
        let (file, at, origin, by_us) = (file.clone(), self.now, origin.to_owned(), !is_person);
        self.put(Row::Revision(RevisionRow { file, at, digest, size, origin, by_us }));
    }

    /// What lay there before, if anything, was not what we had left there: somebody undid it, and that counts for the
    /// storm guard.
    fn count_made_again(&mut self, intent: &Intent, job: JobId) {
        let Some(held) = self.jobs.get(&job) else { return };
        let Some(last) = self.lanes.get(&held.lane).and_then(|lane| lane.index.get(&held.row.node)) else { return };
        let left = |file: &FilePath| last.action.outputs.iter().find(|out| out.file == *file).map(|out| out.digest);
        let mut kept = BTreeMap::new();
        let mut again = Vec::new();
        for made in &intent.moves {
            let (file, lay) = match made {
                Move::Rename { from, base, .. } => {
                    kept.insert(from, *base);
                    continue;
                }
                Move::New { file, .. } => (file, kept.get(file).copied()),
                Move::Replace { file, base, .. } => (file, Some(*base)),
                Move::Remove { .. } => continue,
            };
            if left(file).is_some_and(|left| lay != Some(left)) {
                again.push(file.clone());
            }
        }
        for file in again {
            self.note_made_again(&file);
        }
    }

    /// Bytes that a person wrote in the moment of a publish: whatever becomes of the file, its history has them.
    pub(crate) fn rescued(&mut self, file: FilePath, digest: Digest, size: u64) {
        let text = format!("{file} was written while it was being replaced; those bytes are in its history");
        self.log("file.rescued").file(&file).text(text);
        let origin = "person, while it was being replaced".to_owned();
        self.put(Row::Revision(RevisionRow { file, at: self.now, digest, size, origin, by_us: false }));
    }

    fn forget_file(&mut self, file: &FilePath) {
        self.files.forget(file);
        self.gone.remove(file);
        self.forget_probe(file);
        self.delete(RowKey::File(file.clone()));
        self.forget_fixed_points(file, Digest([0; 32]));
    }

    /// The published text contains these results' edits: it stands for what they were made from.
    fn wove(&mut self, intent: &Intent, wove: &Wove) {
        let Some(Move::Replace { file, new, .. }) = intent.moves.first() else { return };
        self.note_written(file, *new, wove);
        for (key, was) in &wove.fixed {
            let row = FixedRow { file: file.clone(), key: *key, now: *new, was: *was };
            self.fixed.entry(file.clone()).or_default().insert(*key, row.clone());
            self.put(Row::Fixed(row));
        }
        for ours in &wove.wrote {
            self.ours.entry(ours.file.clone()).or_default().insert(ours.target.clone(), ours.clone());
            self.put(Row::Ours(ours.clone()));
        }
        // The ids stand in the text now; the next hole in the same place is another one.
        for place in self.bindings.remove(file).unwrap_or_default().into_keys() {
            self.delete(RowKey::Binding(file.clone(), place));
        }
        for id in &wove.proposals {
            self.proposal_published(*id);
        }
    }

    /// A text that is no longer on disk stands for nothing.
    pub(crate) fn forget_fixed_points(&mut self, file: &FilePath, now: Digest) {
        let Some(points) = self.fixed.get_mut(file) else { return };
        let gone: Vec<Digest> = points.iter().filter(|(_, point)| point.now != now).map(|(key, _)| *key).collect();
        for key in &gone {
            points.remove(key);
        }
        if points.is_empty() {
            self.fixed.remove(file);
        }
        for key in gone {
            self.delete(RowKey::Fixed(file.clone(), key));
        }
    }
}

impl Intent {
    /// Every path it moves something to or away from.
    pub fn files(&self) -> impl Iterator<Item = &FilePath> {
        self.moves
            .iter()
            .flat_map(|made| match made {
                Move::Replace { file, .. } | Move::New { file, .. } | Move::Remove { file, .. } => [Some(file), None],
                Move::Rename { from, to, .. } => [Some(from), Some(to)],
            })
            .flatten()
    }

    /// The job whose results it moves.
    pub fn job(&self) -> Option<JobId> {
        match &self.cause {
            Cause::Attempt { job, .. } | Cause::Weave { job, .. } => Some(*job),
            Cause::Person { .. } | Cause::Conflict { .. } | Cause::Notice => None,
        }
    }
}

impl Cause {
    /// What it writes is a person's text, and no step's.
    fn is_of_a_person(&self) -> bool {
        matches!(self, Self::Person { .. } | Self::Conflict { .. })
    }
}

fn undone(kind: RefusalKind, file: &FilePath, why: &str) -> Refusal {
    let hint = "nothing of it was done: see how it is now, and try again".to_owned();
    Refusal { kind, text: format!("{file}: {why}"), hint }
}

const PERSON: &str = "person";
const NOTICE: &str = "notice";
/// No file looks like this: whatever lies there has to be read again.
pub(crate) const NO_STAMP: Stamp = Stamp { size: 0, mtime_ns: 0, ctime_ns: 0, inode: 0 };
/// A full disk is looked at again this soon, then twice as long after, up to the longest.
const PUBLISH_REST_MS: u64 = 2_000;
const PUBLISH_REST_MS_MAX: u64 = 300_000;
