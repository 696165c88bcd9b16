//! One try at a job after another: starting it, and believing only the newest.
//!
//! A job starts when nothing stands in its way: [`Coordinator::obstacles`] says what does, beyond what the plan says.
//! An attempt that ends is heard once; what an older one says is refused, and what a result is for has to be what the
//! plan still wants. Lost and overtaken attempts run again uncharged, failed ones after a rest.

use crate::job::JobEvent;
use crate::lane::{Lane, View};
use crate::lease::Wanted;
use crate::plan::{Outlook, Prospect, Stand, Task};
use crate::share::Known;
use crate::{
    ActionRow, AttemptNo, AttemptRow, Blocker, Coordinator, Digest, Done, Effect, Ended, FilePath, Finished, JobId,
    JobState, Order, OrderInput, Ours, Output, Row, ShareId, Then,
};
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

impl Coordinator {
    /// Why this job has not started or is not published: empty for one that is ready, running or over.
    pub fn blockers(&self, job: JobId) -> Vec<Blocker> {
        let Some(held) = self.jobs.get(&job) else { return Vec::new() };
        if let JobState::Publishing { intent, .. } = held.row.state {
            return self.publish_blockers(intent);
        }
        if !matches!(held.row.state, JobState::Waiting | JobState::Retrying { .. }) {
            return Vec::new();
        }
        let Some(lane) = self.lanes.get(&held.lane) else { return Vec::new() };
        if let Some(blocker) = self.share_blocker(lane.name.subject.share) {
            return [blocker].into();
        }
        let outlook = self.outlook(lane);
        let Some(prospect) = outlook.at.get(&held.row.node).map(|place| &outlook.nodes[*place]) else {
            let turn = lane.play.turn(&held.row.node.step).map(|(turn, _)| turn);
            return turn.and_then(|turn| outlook.unknown.get(&turn)).cloned().unwrap_or_default();
        };
        match &prospect.stand {
            Stand::Blocked(blockers) => blockers.clone(),
            Stand::Due { task, .. } => self.obstacles(job, task),
            _ => Vec::new(),
        }
    }

    /// What keeps a job that is due from starting or publishing now.
    pub(crate) fn obstacles(&self, job: JobId, task: &Task) -> Vec<Blocker> {
        let mut blockers = Vec::new();
        let row = &self.jobs[&job].row;
        if let JobState::Retrying { at, why } = &row.state
            && *at > self.now
        {
            blockers.push(Blocker::RetryAt { at: *at, why: why.clone() });
        }
        match task {
            Task::Publish(text) => blockers.extend(self.unquiet(&text.file, Some(job))),
            Task::Run { files, .. } => {
                if !self.runner {
                    blockers.push(Blocker::RunnerAway);
                }
                blockers.extend(self.files_in_the_way(job, files));
                if let Some(demand) = self.demand(job) {
                    blockers.extend(self.pools.blockers(job, &demand, self.rank(job)));
                }
            }
        }
        blockers
    }

    fn files_in_the_way(&self, job: JobId, files: &Wanted) -> Option<Blocker> {
        let published = files.reads.iter().chain(&files.writes).find(|file| self.is_publishing(file));
        let blocker = published.map(|file| Blocker::BeingPublished { file: file.clone() });
        self.leases.in_the_way(job, files).or(blocker)
    }

    pub(crate) fn share_blocker(&self, share: ShareId) -> Option<Blocker> {
        let name =
            || self.playbook.rules.shares.get(usize::from(share.0)).map_or(String::new(), |share| share.name.clone());
        match self.shares.get(&share)?.known {
            Known::Away => Some(Blocker::ShareAway { share: name() }),
            Known::Unscanned => Some(Blocker::ShareUnscanned { share: name() }),
            Known::Ready => None,
        }
    }

    pub(crate) fn read_only(&self, share: ShareId) -> Option<Blocker> {
        let rules = self.playbook.rules.shares.get(usize::from(share.0))?;
        rules.read_only.then(|| Blocker::ShareReadOnly { share: rules.name.clone() })
    }

    /// Starts ready jobs, best first, while there is room.
    pub(crate) fn start_jobs(&mut self) {
        while let Some(job) = self.runner.then(|| self.pools.pick()).flatten() {
            self.pools.unqueue(job);
            self.start(job);
        }
    }

    fn start(&mut self, job: JobId) {
        let lane = self.jobs[&job].lane;
        let outlook = match self.latest.take().filter(|(latest, _)| *latest == lane) {
            Some((_, outlook)) => outlook,
            None => self.outlook(&self.lanes[&lane]),
        };
        match due(&outlook, &self.jobs[&job].row) {
            Some((prospect, files)) => match self.files_in_the_way(job, files) {
                // It is planned, and so queued, again when the file is given back.
                Some(blocker) => self.leases.wait(job, &blocker),
                None => self.start_now(job, prospect, files.clone()),
            },
            None => self.mark(lane),
        }
        if !self.dirty.contains(&lane) {
            self.latest = Some((lane, outlook));
        }
    }

    fn start_now(&mut self, job: JobId, prospect: &Prospect, files: Wanted) {
        let demand = self.demand(job).unwrap_or_default();
        let held = self.jobs.get_mut(&job).expect("a queued job is held");
        held.taken = false;
        let row = &mut held.row;
        row.attempt.0 += 1;
        row.tries += 1;
        row.progress = None;
        row.element.clone_from(&prospect.element);
        let attempt = row.attempt;
        let note = AttemptRow { attempt, started: self.now, ended: None, outcome: String::new(), why: String::new() };
        row.attempts.push(note);
        if row.attempts.len() > ATTEMPTS_TOLD_MAX {
            row.attempts.remove(0);
        }
        self.leases.take(job, files);
        self.pools.take(job, &demand);
        let lane = self.jobs[&job].lane;
        let order = self.order_of(job, &self.lanes[&lane], prospect);
        self.jobs.get_mut(&job).expect("a queued job is held").inputs = Some(order.blobs());
        // Its own start changes nothing for the rest of its lane's plan.
        let was_dirty = self.dirty.contains(&lane);
        self.move_job(job, JobEvent::Started);
        if !was_dirty {
            self.dirty.remove(&lane);
        }
        self.order(Effect::StartAttempt(Box::new(order)));
    }

    fn order_of(&self, job: JobId, lane: &Lane, prospect: &Prospect) -> Order {
        let row = &self.jobs[&job].row;
        let turn = &lane.play.turns[prospect.turn.expect("only steps are run")];
        let rules = &self.playbook.rules;
        let Stand::Due { task: Task::Run { inputs, outputs, .. }, .. } = &prospect.stand else {
            unreachable!("only what is due is run")
        };
        let setting = |name: &String| (name.clone(), rules.settings.get(name).cloned().unwrap_or_default());
        let tool = |name: &String| (name.clone(), self.tools.get(name).cloned().flatten().unwrap_or_default());
        let texts = inputs.iter().filter_map(|input| match input {
            OrderInput::Text { file, text, .. } => Some((file, *text)),
            _ => None,
        });
        Order {
            job,
            attempt: row.attempt,
            subject: lane.name.subject.clone(),
            node: prospect.node.clone(),
            captures: lane.captures.clone(),
            element: prospect.element.clone(),
            work: turn.step.work.clone(),
            inputs: inputs.clone(),
            outputs: outputs.clone(),
            settings: turn.step.settings.iter().map(setting).collect(),
            tools: turn.step.tools.iter().map(tool).collect(),
            ours: texts.flat_map(|(file, text)| self.ours_in_view(lane, file, text)).collect(),
            may_edit: turn.step.edits.clone(),
            parameters: lane.name.parameters.clone(),
            timeout_ms: turn.step.timeout_ms,
            network: turn.step.network,
            reads: turn.step.reads.clone(),
            pools: turn.step.pools.clone(),
            now: self.now,
        }
    }

    pub(crate) fn ours_in(&self, file: &FilePath) -> Vec<Ours> {
        self.ours.get(file).into_iter().flat_map(BTreeMap::values).cloned().collect()
    }

    /// The same for a view of a file: what the edits woven into it wrote is ours as well, though not published yet.
    fn ours_in_view(&self, lane: &Lane, file: &FilePath, text: Digest) -> Vec<Ours> {
        let mut ours = self.ours.get(file).cloned().unwrap_or_default();
        let view = lane.views.iter().find_map(|(name, view)| match view {
            View::Woven(woven) if name.0 == *file && woven.digest == text => Some(woven),
            _ => None,
        });
        for wrote in view.into_iter().flat_map(|woven| &woven.wrote) {
            ours.insert(wrote.target.clone(), wrote.clone());
        }
        ours.into_values().collect()
    }

    pub(crate) fn order_stop(&mut self, job: JobId) {
        let attempt = self.jobs[&job].row.attempt;
        self.order(Effect::StopAttempt { job, attempt, grace_ms: self.playbook.rules.grace_ms });
    }

    pub(crate) fn attempt_started(&mut self, job: JobId, attempt: AttemptNo) {
        if let Some(held) = self.jobs.get_mut(&job).filter(|held| held.row.attempt == attempt) {
            held.taken = true;
        }
    }

    pub(crate) fn attempt_progressed(&mut self, job: JobId, attempt: AttemptNo, percent: Option<u8>, message: String) {
        let held = self.jobs.get_mut(&job).filter(|held| held.row.attempt == attempt && held.row.state.is_alive());
        if let Some(held) = held {
            held.row.progress = Some((percent, message));
        }
    }

    /// Hears the end of an attempt, if it is the one that lives.
    pub(crate) fn attempt_ended(&mut self, job: JobId, attempt: AttemptNo, ended: Ended) {
        let state = self.jobs.get(&job).map(|held| (held.row.attempt, held.row.state.clone()));
        match state {
            Some((newest, JobState::Running { .. })) if newest == attempt => self.hear(job, attempt, ended),
            Some((newest, JobState::Stopping { .. })) if newest == attempt => {
                self.note_end(job, "stopped", String::new());
                self.uncharge(job);
                self.move_job(job, JobEvent::Stopped);
                self.forget_attempt(job, attempt, false);
            }
            // Said twice: the results are on their way already, and still needed.
            Some((newest, JobState::Publishing { .. })) if newest == attempt => {}
            _ => {
                let text = format!("attempt {job}.{attempt} ended after it was given up; its result is not used");
                self.log("attempt.late").job(job).text(text);
                self.forget_attempt(job, attempt, false);
            }
        }
    }

    fn hear(&mut self, job: JobId, attempt: AttemptNo, ended: Ended) {
        match ended {
            Ended::Succeeded(finished) => self.succeeded(job, attempt, finished),
            Ended::Failed { code, why } => self.failed(job, attempt, &format!("exit {code}"), why),
            Ended::Unfit { why } => self.failed_for_good(job, attempt, "unfit input", why),
            Ended::Signaled { signal } => {
                self.failed(job, attempt, &format!("signal {signal}"), format!("ended by signal {signal}"));
            }
            Ended::TimedOut => self.failed(job, attempt, "timed out", "it took too long".to_owned()),
            Ended::NotStarted { why } => self.failed(job, attempt, "not started", why),
            Ended::Stopped => self.again(job, attempt, "stopped", String::new()),
            Ended::Overtaken { why } => self.again(job, attempt, "overtaken", why),
            Ended::Lost => self.again(job, attempt, "lost", "the runner was gone".to_owned()),
        }
    }

    fn succeeded(&mut self, job: JobId, attempt: AttemptNo, finished: Finished) {
        let lane = self.jobs[&job].lane;
        let subject = &self.lanes[&lane];
        if self.is_ready(subject.name.subject.share) && self.looks_gone(subject) {
            return self.again(job, attempt, "overtaken", "its subject is gone".to_owned());
        }
        let row = &self.jobs[&job].row;
        let key = row.key.expect("a job that ran has a key");
        let outlook = self.outlook(&self.lanes[&lane]);
        let place = outlook.at.get(&row.node);
        let wanted = place.and_then(|place| outlook.nodes[*place].stand.key());
        if wanted.is_some_and(|wanted| wanted != key) {
            return self.again(job, attempt, "overtaken", "its inputs changed meanwhile".to_owned());
        }
        if let Err(why) = Self::check_outputs(&self.lanes[&lane], row, &finished.outputs) {
            return self.failed(job, attempt, "broke its contract", why);
        }
        let outcome = if finished.with_errors { "succeeded with errors" } else { "succeeded" };
        self.note_end(job, outcome, String::new());
        let action = ActionRow {
            key,
            at: self.now,
            job,
            with_errors: finished.with_errors,
            result: finished.result,
            facts: finished.facts,
            lists: finished.lists,
            outputs: finished.outputs,
            edits: finished.edits.filter(|edits| !edits.files.is_empty()),
            proposals: finished.proposals,
            summary: finished.summary,
        };
        self.publish_outputs(job, attempt, action);
    }

    /// Takes a result for true: everybody who asks for this key gets it.
    pub(crate) fn record(&mut self, job: JobId, action: ActionRow) {
        let Some(held) = self.jobs.get_mut(&job) else { return };
        held.row.summary.clone_from(&action.summary);
        let (lane, node, parts) = (held.lane, held.row.node.clone(), held.row.key_parts.clone());
        let how = if action.with_errors { Done::SucceededWithErrors } else { Done::Succeeded };
        self.put(Row::Action(action.clone()));
        let known = crate::lane::Lookup::Known(alloc::sync::Arc::new(action.clone()));
        if let Some(lane) = self.lanes.get_mut(&lane) {
            lane.found.insert(action.key, known);
        }
        self.note_result(lane, &node, action, parts);
        self.move_job(job, JobEvent::Finished(how));
    }

    /// A step owns the outputs it declared, and no others.
    fn check_outputs(lane: &Lane, row: &crate::JobRow, outputs: &[Output]) -> Result<(), String> {
        let Some((_, turn)) = lane.play.turn(&row.node.step) else { return Err("its step is gone".to_owned()) };
        let word = turn.map.as_ref().map(|map| map.word.as_str());
        for output in outputs {
            let declared = turn.outputs.iter().find(|(role, _)| *role == output.role);
            let (_, pattern) = declared.ok_or_else(|| format!("it has no output \"{}\"", output.role))?;
            let pattern = lane.fill(pattern, word, row.element.as_ref())?;
            let below = output.file.path.strip_prefix(lane.directory());
            let is_own =
                output.file.share == lane.name.subject.share && below.is_some_and(|below| pattern.matches(below));
            if !is_own {
                return Err(format!("its output \"{}\" is not at the path it declared: {}", output.role, output.file));
            }
        }
        Ok(())
    }

    /// What may go better next time is tried again, as often as the step allows.
    fn failed(&mut self, job: JobId, attempt: AttemptNo, outcome: &str, why: String) {
        let tries = self.jobs[&job].row.tries;
        let lane = &self.lanes[&self.jobs[&job].lane];
        let retry = lane.play.turn(&self.jobs[&job].row.node.step).map(|(_, turn)| turn.step.retry.clone());
        let Some(rest) = retry.and_then(|retry| crate::retry::rest_ms(&retry, job, tries)) else {
            return self.failed_for_good(job, attempt, outcome, why);
        };
        self.note_end(job, outcome, why.clone());
        self.move_job(job, JobEvent::Rest { at: self.now.plus_ms(rest), why });
        self.forget_attempt(job, attempt, true);
    }

    fn failed_for_good(&mut self, job: JobId, attempt: AttemptNo, outcome: &str, why: String) {
        self.note_end(job, outcome, why.clone());
        self.move_job(job, JobEvent::Broke { why });
        self.forget_attempt(job, attempt, true);
    }

    /// Runs it again without charging the try.
    fn again(&mut self, job: JobId, attempt: AttemptNo, outcome: &str, why: String) {
        self.note_end(job, outcome, why);
        self.uncharge(job);
        self.move_job(job, JobEvent::Again);
        self.forget_attempt(job, attempt, false);
    }

    fn uncharge(&mut self, job: JobId) {
        let row = &mut self.jobs.get_mut(&job).expect("its attempt just ended").row;
        row.tries = row.tries.saturating_sub(1);
    }

    fn note_end(&mut self, job: JobId, outcome: &str, why: String) {
        let row = &mut self.jobs.get_mut(&job).expect("its attempt just ended").row;
        if let Some(last) = row.attempts.last_mut() {
            (last.ended, last.outcome, last.why) = (Some(self.now), outcome.to_owned(), why);
        }
    }

    pub(crate) fn forget_attempt(&mut self, job: JobId, attempt: AttemptNo, keep_scratch: bool) {
        self.order(Effect::ForgetAttempt { job, attempt, keep_scratch });
    }

    /// The runner is there, with these attempts: all others are lost.
    pub(crate) fn runner_back(&mut self, attempts: &[(JobId, AttemptNo)]) {
        self.runner = true;
        let alive = self.jobs.iter().filter(|(_, held)| held.row.state.is_alive());
        let alive: Vec<(JobId, AttemptNo)> = alive.map(|(id, held)| (*id, held.row.attempt)).collect();
        for (job, attempt) in alive {
            let held = &self.jobs[&job];
            match &held.row.state {
                _ if !held.taken && !attempts.contains(&(job, attempt)) => {}
                _ if !attempts.contains(&(job, attempt)) => self.attempt_ended(job, attempt, Ended::Lost),
                JobState::Stopping { .. } => self.order_stop(job),
                _ => {}
            }
        }
        for &(job, attempt) in attempts {
            let is_ours =
                self.jobs.get(&job).is_some_and(|held| held.row.attempt == attempt && held.row.state.holds_files());
            if !is_ours {
                self.order(Effect::StopAttempt { job, attempt, grace_ms: 0 });
                self.forget_attempt(job, attempt, false);
            }
        }
    }

    /// What a cancel of a person does to one job.
    pub(crate) fn cancel(&mut self, job: JobId, who: &str) {
        let why = format!("canceled by {who}");
        let running = matches!(self.jobs[&job].row.state, JobState::Running { .. });
        self.move_job(job, JobEvent::StopAsked(Then::Canceled { why }));
        if running {
            self.order_stop(job);
        }
    }
}

/// The prospect of a job that is due for the inputs it was queued for, and the files it needs.
fn due<'a>(outlook: &'a Outlook, row: &crate::JobRow) -> Option<(&'a Prospect, &'a Wanted)> {
    let prospect = &outlook.nodes[*outlook.at.get(&row.node)?];
    match &prospect.stand {
        Stand::Due { key, task: Task::Run { files, .. }, .. } if row.key == Some(*key) => Some((prospect, files)),
        _ => None,
    }
}

/// Attempts told on a job's row; older ones are in the event log.
const ATTEMPTS_TOLD_MAX: usize = 20;
