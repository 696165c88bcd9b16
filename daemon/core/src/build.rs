//! From what should be done to builds and jobs: at most one unfinished build per lane.
//!
//! [`Coordinator::plan_lane`] takes the outlook of a lane and makes the unfinished build agree with it. Results that
//! are known are noted; what is due gets a job; a job whose own key changed is stopped, and a new build adopts every
//! other one. Nothing here decides whether a node is due: that is `plan`; nor when a job starts: that is `attempt`.

use crate::coordinator::Timer;
use crate::job::JobEvent;
use crate::lane::{Lane, LaneId, Lookup, View};
use crate::plan::{Outlook, Prospect, Stand, Task};
use crate::pool::Rank;
use crate::{
    AttemptNo, BuildId, BuildRow, Coordinator, Digest, Done, Effect, Field, IndexRow, JobId, JobRow, JobState, Node,
    Row, RowKey, Then, WeaveId, WeaveOrder,
};
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// An unfinished build, or one whose attempts are being stopped.
#[derive(Debug)]
pub(crate) struct Build {
    pub row: BuildRow,
    pub lane: LaneId,
    /// The newest job of each node.
    pub nodes: BTreeMap<Node, JobId>,
}

#[derive(Debug)]
pub(crate) struct Job {
    pub row: JobRow,
    pub lane: LaneId,
    /// The runner has taken the order for its newest attempt, or it was given in an earlier life.
    pub taken: bool,
    /// Blobs that its newest attempt was ordered to read; `None`: it may have been ordered in an earlier life.
    pub inputs: Option<Vec<Digest>>,
}

impl Coordinator {
    /// Plans every lane that something changed for, unless it was planned too short a time ago.
    pub(crate) fn plan_lanes(&mut self) {
        while let Some(id) = self.dirty.pop_first() {
            let Some(lane) = self.lanes.get(&id) else { continue };
            let not_before = lane.plan_not_before();
            if !self.is_ready(lane.name.subject.share) {
                continue;
            }
            if not_before > self.now {
                self.wake_lane(id, not_before);
            } else {
                self.plan_lane(id);
            }
        }
    }

    fn plan_lane(&mut self, id: LaneId) {
        if self.is_gone(&self.lanes[&id]) {
            return self.let_go(id);
        }
        let outlook = self.outlook(&self.lanes[&id]);
        self.find_out(id, &outlook);
        self.remember(id, &outlook);
        self.agree(id, &outlook);
        self.close_build(id, &outlook);
        self.latest = Some((id, outlook));
        let lane = &self.lanes[&id];
        if lane.build.is_none() && !lane.is_automatic() {
            self.forget_lane(id);
        }
    }

    /// Orders what has to be known first.
    pub(crate) fn find_out(&mut self, id: LaneId, outlook: &Outlook) {
        for file in &outlook.wants.hash {
            if self.read(file) {
                self.mark(id);
            }
        }
        if !outlook.wants.look_up.is_empty() {
            let keys: Vec<Digest> = outlook.wants.look_up.iter().copied().collect();
            let lane = self.lanes.get_mut(&id).expect("it is being planned");
            lane.found.extend(keys.iter().map(|key| (*key, Lookup::Asked)));
            for key in &keys {
                self.asking.entry(*key).or_default().insert(id);
            }
            self.order(Effect::LookUp { keys });
        }
        for (name, (base, layers)) in &outlook.wants.weave {
            // One weave of a file at a time, so that one place is not given two ids.
            let waiting = self.weaving_files.entry(name.0.clone()).or_default();
            let first = waiting.is_empty();
            waiting.insert(id);
            if !first {
                continue;
            }
            self.next_weave += 1;
            let weave = WeaveId(self.next_weave);
            let texts = layers.iter().map(|layer| layer.edits).chain([*base]).collect();
            self.weaving.insert(weave, (id, name.clone(), texts));
            let lane = self.lanes.get_mut(&id).expect("it is being planned");
            lane.views.insert(name.clone(), View::Ordered);
            let order = WeaveOrder {
                weave,
                file: name.0.clone(),
                base: *base,
                layers: layers.clone(),
                bindings: self.bindings.get(&name.0).into_iter().flat_map(BTreeMap::values).cloned().collect(),
                ours: self.ours_in(&name.0),
                taken: Vec::new(),
                now: self.now,
            };
            self.order(Effect::Weave(Box::new(order)));
        }
    }

    /// Keeps what this plan used, forgets the rest, and sets the clock.
    fn remember(&mut self, id: LaneId, outlook: &Outlook) {
        let now = self.now;
        let lane = self.lanes.get_mut(&id).expect("it is being planned");
        lane.views.retain(|name, view| matches!(view, View::Ordered) || outlook.views.contains(name));
        lane.found.retain(|key, found| matches!(found, Lookup::Asked) || outlook.keys.contains(key));
        (lane.planned, lane.files) = (now, outlook.files);
        let gone: Vec<_> = lane.reads.difference(&outlook.reads).cloned().collect();
        let new: Vec<_> = outlook.reads.difference(&lane.reads).cloned().collect();
        for file in gone {
            lane.reads.remove(&file);
            if let Some(readers) = self.readers.get_mut(&file) {
                readers.remove(&id);
                if readers.is_empty() {
                    self.readers.remove(&file);
                }
            }
        }
        for file in new {
            self.readers.entry(file.clone()).or_default().insert(id);
            lane.reads.insert(file);
        }
        if let Some(at) = outlook.calm {
            self.wake_calm(id, at);
        }
        if let Some(at) = outlook.wake {
            self.wake_lane(id, at);
        }
    }

    /// Makes jobs agree with the outlook.
    fn agree(&mut self, id: LaneId, outlook: &Outlook) {
        self.note_results(id, outlook);
        let lane = &self.lanes[&id];
        match lane.build {
            None if lane.is_automatic() && outlook.nodes.iter().any(Prospect::calls_for_a_build) => {
                let cause = core::mem::take(&mut self.lanes.get_mut(&id).expect("it is being planned").cause);
                let cause = if cause.is_empty() { outlook.reason() } else { cause };
                self.new_build(id, outlook, cause, None);
            }
            None => return,
            Some(build) => {
                let row = &self.builds[&build].row;
                if outlook.nodes.iter().any(|prospect| self.is_superseded(build, prospect)) {
                    let asked_by = row.asked_by.clone();
                    let cause = core::mem::take(&mut self.lanes.get_mut(&id).expect("it is being planned").cause);
                    let cause = if cause.is_empty() { outlook.reason() } else { cause };
                    self.new_build(id, outlook, cause, asked_by);
                } else {
                    self.add_jobs(build, outlook);
                    self.drop_jobs(id, build, outlook);
                }
            }
        }
        for prospect in &outlook.nodes {
            self.agree_on(id, prospect);
        }
    }

    /// Keeps the index true to what is known, and free of what is gone.
    fn note_results(&mut self, id: LaneId, outlook: &Outlook) {
        let lane = &self.lanes[&id];
        let mut news = Vec::new();
        for prospect in &outlook.nodes {
            let Stand::Known { known, parts, .. } = &prospect.stand else { continue };
            if lane.index.get(&prospect.node).is_none_or(|last| last.action.key != known.key) {
                news.push((prospect.node.clone(), known.clone(), parts.clone()));
            }
        }
        let is_gone = |node: &&Node| match lane.play.turn(&node.step) {
            None => true,
            Some((turn, _)) => !outlook.unknown.contains_key(&turn) && !outlook.at.contains_key(*node),
        };
        // What a step would have changed is none of its business while it has none there.
        let is_idle = |(node, last): &(&Node, &Arc<IndexRow>)| {
            let stand = outlook.at.get(*node).map(|place| &outlook.nodes[*place].stand);
            !last.action.proposals.is_empty() && matches!(stand, Some(Stand::NotNeeded))
        };
        let gone = lane.index.iter().filter(|last| is_gone(&last.0) || is_idle(last));
        let gone: Vec<(Node, JobId)> = gone.map(|(node, last)| (node.clone(), last.action.job)).collect();
        for (node, known, parts) in news {
            self.note_result(id, &node, (*known).clone(), parts);
        }
        for (node, job) in gone {
            let lane = self.lanes.get_mut(&id).expect("it is being planned");
            lane.index.remove(&node);
            let subject = lane.name.subject.clone();
            let is_kept = lane.name.parameters.is_empty();
            if self.propose(&subject, &node, job, Vec::new()) {
                self.mark(id);
            }
            if is_kept {
                self.delete(RowKey::Index(subject, node));
            }
        }
    }

    /// Notes the last result of a node, and what it proposes.
    pub(crate) fn note_result(
        &mut self,
        id: LaneId,
        node: &Node,
        action: crate::ActionRow,
        key_parts: Vec<(String, String)>,
    ) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let (subject, job, proposals) = (lane.name.subject.clone(), action.job, action.proposals.clone());
        let row = IndexRow { subject: subject.clone(), node: node.clone(), action, key_parts };
        lane.index.insert(node.clone(), Arc::new(row.clone()));
        if lane.name.parameters.is_empty() {
            self.put(Row::Index(row));
        }
        if self.propose(&subject, node, job, proposals) {
            self.mark(id);
        }
    }

    /// The node's job in the unfinished build was for other inputs, and is over or on its way: that was another build.
    fn is_superseded(&self, build: BuildId, prospect: &Prospect) -> bool {
        let Some(job) = self.builds[&build].nodes.get(&prospect.node).map(|job| &self.jobs[job].row) else {
            return false;
        };
        let is_other = prospect.stand.key().is_some_and(|key| job.key.is_some_and(|own| own != key));
        let is_due = matches!(prospect.stand, Stand::Due { .. });
        match &job.state {
            JobState::Waiting | JobState::Retrying { .. } | JobState::Stopping { then: Then::Again { .. }, .. } => {
                false
            }
            _ if prospect.turn.is_none() => false,
            JobState::Running { .. } | JobState::Stopping { .. } => is_other && !self.is_adopted(build, job),
            JobState::Done { .. } => is_due,
            JobState::Publishing { .. } | JobState::Failed { .. } | JobState::Canceled { .. } => false,
        }
    }

    /// The file that kept its output away is no longer what it was.
    pub(crate) fn has_made_room(&self, job: &JobRow) -> bool {
        let is_same = |file: &crate::FilePath, digest| {
            self.files
                .get(file)
                .is_some_and(|state| state.by_us().is_none() && state.is_there() && state.digest() == Some(digest))
        };
        job.refused.as_ref().is_some_and(|(file, digest)| !is_same(file, *digest))
    }

    fn is_adopted(&self, build: BuildId, job: &JobRow) -> bool {
        job.created < self.builds[&build].row.created
    }

    /// The node's job is no longer the one for it, but the build still is: what failed for other inputs, what came from
    /// an older build before it was known what it should be, what is known from another time, and a weave that has more
    /// to publish.
    fn is_replaced(&self, build: BuildId, prospect: &Prospect, job: &JobRow) -> bool {
        let is_other = prospect.stand.key().is_some_and(|key| job.key.is_some_and(|own| own != key));
        match &job.state {
            _ if job.dropped => true,
            JobState::Done { .. } => {
                let is_recalled = matches!(&prospect.stand, Stand::Known { known, .. } if job.key != Some(known.key));
                prospect.turn.is_none() || is_recalled
            }
            JobState::Failed { .. } | JobState::Canceled { .. } => {
                let is_moot = matches!(prospect.stand, Stand::NotNeeded | Stand::Unavailable(_));
                is_other || is_moot || self.has_made_room(job)
            }
            JobState::Running { .. } | JobState::Stopping { .. } => is_other && self.is_adopted(build, job),
            JobState::Waiting | JobState::Retrying { .. } | JobState::Publishing { .. } => false,
        }
    }

    /// A build that takes over whatever still holds of the one before it.
    pub(crate) fn new_build(
        &mut self,
        id: LaneId,
        outlook: &Outlook,
        cause: String,
        asked_by: Option<String>,
    ) -> BuildId {
        let build = BuildId(next(&mut self.meta.next_build));
        let lane = self.lanes.get_mut(&id).expect("it is being planned");
        let before = lane.build.replace(build);
        let (subject, parameters) = (lane.name.subject.clone(), lane.name.parameters.clone());
        let row = BuildRow {
            id: build,
            subject,
            created: self.now,
            cause,
            parameters,
            asked_by,
            jobs: Vec::new(),
            ended: None,
        };
        let text = row.cause.clone();
        self.builds.insert(build, Build { row, lane: id, nodes: BTreeMap::new() });
        self.touched_builds.insert(build);
        let subject = self.lanes[&id].name.subject.clone();
        self.log("build.new").build(build).subject(&subject).text(text);
        for prospect in &outlook.nodes {
            let old = before.and_then(|before| self.builds[&before].nodes.get(&prospect.node).copied());
            match old.filter(|job| self.is_adoptable(*job, prospect)) {
                Some(job) => self.adopt(build, job),
                None => {
                    self.new_job(build, prospect);
                }
            }
        }
        if let Some(before) = before {
            // Jobs of steps whose list is not known yet come along too, and weaves whose edits are not.
            let rest: Vec<(Node, JobId)> =
                self.builds[&before].nodes.iter().map(|(node, job)| (node.clone(), *job)).collect();
            for (node, job) in rest {
                let turn = self.lanes[&id].play.turn(&node.step).map(|(turn, _)| turn);
                let unknown = turn.is_none_or(|turn| outlook.unknown.contains_key(&turn));
                let missing = !self.builds[&build].nodes.contains_key(&node);
                if unknown && missing && self.jobs[&job].row.build == before && !self.jobs[&job].row.state.is_done() {
                    self.adopt(build, job);
                }
            }
            self.leave_build(before, build);
        }
        build
    }

    fn is_adoptable(&self, job: JobId, prospect: &Prospect) -> bool {
        let row = &self.jobs[&job].row;
        let key = prospect.stand.key();
        let is_same = row.key.is_none() || key.is_none() || row.key == key;
        match (&row.state, &prospect.stand) {
            _ if row.dropped => false,
            (JobState::Waiting | JobState::Retrying { .. }, _) => true,
            (JobState::Stopping { then: Then::Again { .. }, .. } | JobState::Publishing { .. }, _) => true,
            // What a person stopped stays stopped for these inputs.
            (JobState::Stopping { .. } | JobState::Running { .. }, _) => is_same,
            (JobState::Failed { .. } | JobState::Canceled { .. }, _) => is_same,
            (JobState::Done { how: Done::NotNeeded, .. }, stand) => matches!(stand, Stand::NotNeeded),
            (JobState::Done { how: Done::Unavailable, .. }, stand) => matches!(stand, Stand::Unavailable(_)),
            (JobState::Done { .. }, Stand::Known { known, .. }) => row.key == Some(known.key),
            (JobState::Done { .. }, _) => false,
        }
    }

    fn adopt(&mut self, build: BuildId, job: JobId) {
        let row = &mut self.jobs.get_mut(&job).expect("a build names jobs that are held").row;
        row.build = build;
        let node = row.node.clone();
        self.touched_jobs.insert(job);
        let build = self.builds.get_mut(&build).expect("it was just made");
        build.row.jobs.push(job);
        build.nodes.insert(node, job);
    }

    pub(crate) fn new_job(&mut self, build: BuildId, prospect: &Prospect) -> JobId {
        let id = JobId(next(&mut self.meta.next_job));
        let build = self.builds.get_mut(&build).expect("it was just made");
        let row = JobRow {
            id,
            build: build.row.id,
            subject: build.row.subject.clone(),
            node: prospect.node.clone(),
            element: prospect.element.clone(),
            state: JobState::Waiting,
            attempt: AttemptNo(0),
            tries: 0,
            key: None,
            key_parts: Vec::new(),
            asked: build.row.asked_by.is_some(),
            forced: false,
            dropped: false,
            refused: None,
            created: self.now,
            progress: None,
            summary: String::new(),
            attempts: Vec::new(),
        };
        build.row.jobs.push(id);
        build.nodes.insert(prospect.node.clone(), id);
        let lane = build.lane;
        self.touched_builds.insert(row.build);
        self.jobs.insert(id, Job { row, lane, taken: false, inputs: Some(Vec::new()) });
        self.touched_jobs.insert(id);
        id
    }

    /// Gives nodes that appeared a job, and those whose job is no longer the one for it another.
    fn add_jobs(&mut self, build: BuildId, outlook: &Outlook) {
        for prospect in &outlook.nodes {
            match self.builds[&build].nodes.get(&prospect.node).copied() {
                Some(job) if !self.is_replaced(build, prospect, &self.jobs[&job].row) => {}
                old => {
                    self.new_job(build, prospect);
                    if let Some(job) = old {
                        self.stop(job, "its inputs changed");
                    }
                }
            }
        }
    }

    /// Ends jobs of nodes that are no longer part of the subject.
    fn drop_jobs(&mut self, id: LaneId, build: BuildId, outlook: &Outlook) {
        let play = self.lanes[&id].play.clone();
        let is_gone = |node: &Node| match play.turn(&node.step) {
            Some((turn, _)) => !outlook.unknown.contains_key(&turn) && !outlook.at.contains_key(node),
            None => !outlook.at.contains_key(node),
        };
        let gone: Vec<JobId> =
            self.builds[&build].nodes.iter().filter(|(node, _)| is_gone(node)).map(|(_, job)| *job).collect();
        let editing = outlook.is_editing(&play);
        for job in gone {
            let row = &self.jobs[&job].row;
            if row.node.step.as_ref() == crate::WEAVE && !row.state.is_over() {
                // What an editor that is not finished makes of the text is not known yet.
                if editing {
                    continue;
                }
                self.finish_quietly(job, Done::UpToDate, "nothing left to write");
            } else {
                self.stop(job, "no longer part of the subject");
            }
        }
        // Jobs of steps whose list is not known stay, but cannot start.
        let stuck: Vec<JobId> = self.builds[&build]
            .nodes
            .iter()
            .filter(|(node, _)| !outlook.at.contains_key(*node))
            .map(|(_, job)| *job)
            .collect();
        for job in stuck {
            self.pools.unqueue(job);
        }
    }

    /// Everything that was not adopted ends with the build before.
    fn leave_build(&mut self, before: BuildId, after: BuildId) {
        let own: Vec<JobId> = self.builds[&before].nodes.values().copied().collect();
        for job in own {
            if self.jobs.get(&job).is_some_and(|job| job.row.build == before) {
                self.stop(job, &format!("build {after} took over"));
            }
        }
        self.touched_builds.insert(before);
        self.end_left_build(before);
    }

    /// A build that was taken over ends when the last of its attempts has stopped.
    pub(crate) fn end_left_build(&mut self, build: BuildId) {
        let Some(held) = self.builds.get(&build) else { return };
        if self.lanes.get(&held.lane).is_some_and(|lane| lane.build == Some(build)) {
            return;
        }
        let mut own = held.row.jobs.iter().filter_map(|job| self.jobs.get(job)).filter(|job| job.row.build == build);
        if own.all(|job| job.row.state.is_over()) {
            self.end_build(build);
        }
    }

    /// Stops a job that nobody needs any more, whatever it is doing, unless it is being published.
    pub(crate) fn stop(&mut self, job: JobId, why: &str) {
        let Some(state) = self.jobs.get(&job).map(|job| &job.row.state) else { return };
        let is_ending = matches!(state, JobState::Stopping { then: Then::Canceled { .. }, .. });
        if state.is_over() || is_ending || matches!(state, JobState::Publishing { .. }) {
            return;
        }
        let was_running = matches!(state, JobState::Running { .. });
        self.jobs.get_mut(&job).expect("it was just there").row.dropped = true;
        self.move_job(job, JobEvent::StopAsked(Then::Canceled { why: why.to_owned() }));
        if was_running {
            self.order_stop(job);
        }
    }

    /// Moves one job to where the outlook wants it.
    fn agree_on(&mut self, id: LaneId, prospect: &Prospect) {
        let Some(job) = self.lanes[&id].build.and_then(|build| self.builds[&build].nodes.get(&prospect.node).copied())
        else {
            return;
        };
        let row = &mut self.jobs.get_mut(&job).expect("a build names jobs that are held").row;
        let idle = matches!(row.state, JobState::Waiting | JobState::Retrying { .. });
        if idle && prospect.element.is_some() && row.element != prospect.element {
            row.element.clone_from(&prospect.element);
            self.touched_jobs.insert(job);
        }
        match &prospect.stand {
            Stand::NotNeeded if idle => self.finish_quietly(job, Done::NotNeeded, ""),
            Stand::Unavailable(why) if idle => self.finish_quietly(job, Done::Unavailable, why),
            Stand::NotNeeded | Stand::Unavailable(_) => self.stop(job, "no longer needed"),
            Stand::Known { known, parts, .. } if idle => {
                self.set_key(job, known.key, parts);
                let summary = known.summary.clone();
                self.finish_quietly(job, Done::UpToDate, &summary);
            }
            Stand::Known { known, parts, .. } => {
                if self.jobs[&job].row.key.is_none() {
                    self.set_key(job, known.key, parts);
                }
            }
            Stand::Blocked(_) => {
                self.pools.unqueue(job);
                // No rest ends what waits for somebody else: it waits, and nobody should wait for it.
                if prospect.stuck && matches!(self.jobs[&job].row.state, JobState::Retrying { .. }) {
                    self.move_job(job, JobEvent::Again);
                }
            }
            Stand::Due { key, parts, task, .. } if idle => {
                let is_other = self.set_key(job, *key, parts);
                if is_other {
                    self.forget_tries(job);
                }
                match task {
                    Task::Run { .. } => self.queue(job),
                    Task::Publish(text) => self.publish_weave(id, job, text),
                }
            }
            Stand::Due { key, parts, .. } => {
                if self.jobs[&job].row.key.is_none() {
                    self.set_key(job, *key, parts);
                }
            }
        }
    }

    pub(crate) fn finish_quietly(&mut self, job: JobId, how: Done, summary: &str) {
        summary.clone_into(&mut self.jobs.get_mut(&job).expect("it was just there").row.summary);
        self.move_job(job, JobEvent::Finished(how));
    }

    /// True when the key was another one.
    fn set_key(&mut self, job: JobId, key: Digest, parts: &[(String, String)]) -> bool {
        let row = &mut self.jobs.get_mut(&job).expect("it was just there").row;
        if row.key == Some(key) {
            return false;
        }
        let was = row.key.replace(key);
        row.key_parts = parts.to_vec();
        self.touched_jobs.insert(job);
        was.is_some()
    }

    fn forget_tries(&mut self, job: JobId) {
        self.jobs.get_mut(&job).expect("it was just there").row.tries = 0;
        if matches!(self.jobs[&job].row.state, JobState::Retrying { .. }) {
            self.move_job(job, JobEvent::Again);
        }
    }

    /// A job that is ready waits for room, or for its rest to be over.
    fn queue(&mut self, job: JobId) {
        let row = &self.jobs[&job].row;
        if let JobState::Retrying { at, .. } = row.state
            && at > self.now
        {
            self.timers.insert((at, Timer::Retry(job)));
            return;
        }
        let Some(demand) = self.demand(job) else { return };
        self.pools.queue(job, &demand, self.rank(job));
    }

    pub(crate) fn demand(&self, job: JobId) -> Option<BTreeMap<String, u32>> {
        let job = self.jobs.get(&job)?;
        let (_, turn) = self.lanes.get(&job.lane)?.play.turn(&job.row.node.step)?;
        Some(turn.step.pools.clone())
    }

    /// Who asked and when it airs.
    pub(crate) fn rank(&self, job: JobId) -> Rank {
        let job = &self.jobs[&job];
        let lane = &self.lanes[&job.lane];
        let due = lane.play.due.as_ref().and_then(|(turn, fact)| {
            let node = Node { step: lane.play.turns[*turn].step.name.clone(), element: "".into() };
            match lane.index.get(&node)?.action.facts.get(fact)? {
                Field::Text(text) => day_of(text),
                _ => None,
            }
        });
        let today = u32::try_from(self.now.0.div_euclid(DAY_MS)).unwrap_or(0);
        Rank { later: !job.row.asked, due: due.filter(|day| *day >= today).unwrap_or(u32::MAX) }
    }

    /// The newest job of a node in the unfinished build.
    pub(crate) fn job_of(&self, lane: &Lane, node: &Node) -> Option<&JobRow> {
        let job = self.builds.get(&lane.build?)?.nodes.get(node)?;
        Some(&self.jobs[job].row)
    }

    /// The one place where a job's state changes.
    pub(crate) fn move_job(&mut self, id: JobId, event: JobEvent) {
        let job = self.jobs.get_mut(&id).expect("only jobs that are held move");
        let before = job.row.state.clone();
        let after = before.after(event, self.now);
        job.row.state = after.expect("the core asks before it moves a job");
        let (state, lane, build) = (job.row.state.clone(), job.lane, job.row.build);
        if !state.is_alive() {
            self.pools.give_back(id);
            if !state.holds_files() {
                let woken = self.leases.give_back(id);
                for job in woken {
                    self.mark_job(job);
                }
            }
        }
        if !matches!(state, JobState::Waiting | JobState::Retrying { .. }) {
            self.pools.unqueue(id);
            self.leases.stop_waiting(id);
        }
        if state.is_over() {
            let job = self.jobs.get_mut(&id).expect("only jobs that are held move");
            (job.row.forced, job.row.progress) = (false, None);
        }
        self.touched_jobs.insert(id);
        self.mark(lane);
        self.log_move(id, &state);
        if state.is_over() {
            self.answer_ended(id);
            self.end_left_build(build);
        }
    }

    fn log_move(&mut self, id: JobId, state: &JobState) {
        let (kind, why) = match state {
            JobState::Waiting => return,
            JobState::Running { .. } => ("job.started", String::new()),
            JobState::Stopping { then: Then::Canceled { why } | Then::Again { why }, .. } => {
                ("job.stopping", why.clone())
            }
            JobState::Publishing { .. } => ("job.publishing", String::new()),
            JobState::Retrying { why, .. } => ("job.retrying", why.clone()),
            JobState::Done { how: Done::UpToDate | Done::NotNeeded | Done::Unavailable, .. } => return,
            JobState::Done { .. } => ("job.done", self.jobs[&id].row.summary.clone()),
            JobState::Failed { why, .. } => ("job.failed", why.clone()),
            JobState::Canceled { why, .. } => ("job.canceled", why.clone()),
        };
        let row = &self.jobs[&id].row;
        let text = if why.is_empty() { format!("{}", row.node) } else { format!("{}: {why}", row.node) };
        self.log(kind).job(id).text(text);
    }
}

impl Prospect {
    /// Something is to be done or waited for that people should see.
    fn calls_for_a_build(&self) -> bool {
        use crate::Blocker as B;
        match &self.stand {
            Stand::Due { .. } => true,
            Stand::Blocked(blockers) => blockers.iter().any(|blocker| {
                matches!(
                    blocker,
                    B::InputMissing { .. }
                        | B::InputUnnamed { .. }
                        | B::Collision { .. }
                        | B::WeaveFailed { .. }
                        | B::NotHandedBack { .. }
                )
            }),
            _ => false,
        }
    }
}

/// Gives the next number of a counter, from 1.
pub(crate) fn next(counter: &mut u64) -> u64 {
    let given = (*counter).max(1);
    *counter = given + 1;
    given
}

/// `2026-08-09` as days since 1970 (Howard Hinnant's `days_from_civil`).
fn day_of(text: &str) -> Option<u32> {
    let mut parts = text.get(..10)?.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    u32::try_from(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468).ok()
}

const DAY_MS: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_counted_in_days() {
        assert_eq!(day_of("1970-01-01"), Some(0));
        assert_eq!(day_of("2026-08-09"), Some(20_674));
        assert_eq!(day_of("2000-02-29"), Some(11_016));
        assert_eq!(day_of("next Sunday"), None);
    }
}
