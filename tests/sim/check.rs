//! What must always hold, looked at after every step. Each check has a name; a planted bug must be seen by its own.

use crate::cast::QUIET_MS;
use crate::disk::{digest, episode_of, is_note};
use crate::world::World;
use show_core::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub struct Checks {
    asked: BTreeMap<AskId, Ask>,
    answered: BTreeSet<AskId>,
    /// Live jobs without a process, since when.
    orphans: BTreeMap<JobId, i64>,
    /// When we last published each note.
    published: BTreeMap<String, i64>,
    /// Whether nobody had the note open when the daemon last asked.
    probed: BTreeMap<String, bool>,
    /// Publishes that were decided on before it was known that what they write into is a held note under a new name.
    decided: BTreeSet<IntentId>,
    /// The first thing done since nobody looked: a read, a start, a publish, a row about files, jobs or results.
    pub work: Option<String>,
}

impl Checks {
    pub fn asked(&mut self, ask: AskId, what: Ask) {
        self.asked.insert(ask, what);
    }

    pub fn probed(&mut self, path: &str, is_quiet: bool) {
        self.probed.insert(path.to_owned(), is_quiet);
    }

    fn work(&mut self, what: String) {
        self.work.get_or_insert(what);
    }

    /// Whatever comes under this name is another note.
    pub fn removed(&mut self, path: &str) {
        self.published.remove(path);
    }

    /// Whoever asked is no longer there to hear.
    pub fn client_gone(&mut self) {
        self.asked.clear();
    }
}

impl World {
    /// Before changes are kept: what they may not change.
    pub fn check_changes(&mut self, changes: &[Change]) {
        let mut jobs: BTreeMap<JobId, JobRow> = BTreeMap::new();
        let mut intents: BTreeMap<IntentId, Intent> = self.store.intents.clone();
        for change in changes {
            if is_work(change) {
                self.checks.work(format!("{change:?}"));
            }
            match change {
                Change::Put(Row::Job(new)) => {
                    let old = jobs.get(&new.id).or_else(|| self.store.jobs.get(&new.id)).cloned();
                    if let Some(old) = old {
                        self.check_job(&old, new);
                    }
                    jobs.insert(new.id, new.clone());
                }
                Change::Put(Row::Action(row)) => {
                    let newest = jobs.get(&row.job).or_else(|| self.store.jobs.get(&row.job)).map(|job| job.attempt);
                    let by = newest.map(|attempt| format!("by {}.{attempt}", row.job));
                    self.expect("results of the newest attempt only", by.as_ref() == Some(&row.summary), || {
                        format!("the result of job {} is {}, its newest attempt is {newest:?}", row.job, row.summary)
                    });
                }
                Change::Put(Row::Proposal(row)) => {
                    let said = match &row.state {
                        ProposalState::Accepted { .. } => self.answers.contains(&(row.id, true)),
                        ProposalState::Rejected { .. } => self.answers.contains(&(row.id, false)),
                        _ => true,
                    };
                    self.expect("only people decide", said, || format!("nobody said so: {row:?}"));
                }
                // Given back, or over by the daemon's clock.
                Change::Delete(RowKey::Lease(lease)) => drop(self.leases.remove(lease)),
                Change::Put(Row::Intent(intent)) => drop(intents.insert(intent.id, intent.clone())),
                // It went with its file to the new name.
                Change::Put(Row::Lease(row)) if self.leases.contains_key(&row.id) => {
                    let under_way = intents.values().filter(|intent| intent.files().any(|file| *file == row.file));
                    self.checks.decided.extend(under_way.map(|intent| intent.id));
                    self.leases.insert(row.id, row.clone());
                }
                Change::Delete(RowKey::Revision(file, number)) => self.check_outgrown(file, *number),
                Change::History { from, to, copied } => self.archive.follow(from, to, *copied),
                Change::Put(Row::Meta(new)) => {
                    let old = self.store.meta.clone();
                    let rises = new.next_job >= old.next_job
                        && new.next_intent >= old.next_intent
                        && new.next_seq >= old.next_seq;
                    self.expect("numbers only rise", rises, || format!("{old:?} became {new:?}"));
                }
                _ => {}
            }
        }
    }

    fn check_job(&mut self, old: &JobRow, new: &JobRow) {
        let same = old.state == new.state;
        // Asked for again, and perhaps over again, within one decision.
        let again = new.state == JobState::Waiting || new.attempt > old.attempt || new.asked;
        self.check_ended(new);
        self.expect("terminal states are immutable", !old.state.is_over() || same || again, || {
            format!("job {} was {:?} and became {:?}", old.id, old.state, new.state)
        });
        self.expect("attempts only rise", new.attempt >= old.attempt, || {
            format!("job {} went from attempt {} to {}", old.id, old.attempt, new.attempt)
        });
    }

    /// A row says how its newest attempt ended only once that attempt has ended, not another. The runner knows nothing of
    /// one that was lost, or that was stopped before it reached it.
    fn check_ended(&mut self, row: &JobRow) {
        let Some(last) = row.attempts.last().filter(|last| last.ended.is_some()) else { return };
        let has_ended = self.runner.truth.contains_key(&(row.id, last.attempt));
        let fine = has_ended || matches!(last.outcome.as_str(), "lost" | "stopped");
        self.expect("results of the newest attempt only", fine, || {
            format!("attempt {}.{} is said to be over ({}), and was not", row.id, last.attempt, last.outcome)
        });
    }

    /// After changes were kept: what the rows must say together.
    pub fn check_store(&mut self) {
        let mut used: BTreeMap<String, u32> = BTreeMap::new();
        for row in self.store.jobs.values().filter(|row| row.state.is_alive()) {
            for (pool, needs) in demand(row) {
                *used.entry(pool).or_default() += needs;
            }
        }
        for (pool, capacity) in [("cpu", 2), ("gpu", 1)] {
            let used = used.get(pool).copied().unwrap_or(0);
            self.expect("pools hold", used <= capacity, || format!("{used} of {capacity} of {pool} are in use"));
            let told = self
                .core
                .as_ref()
                .and_then(|core| core.pools().find(|(name, _, _)| *name == pool).map(|(_, _, used)| used));
            self.expect("occupancy is derived", told.is_none_or(|told| told == used), || {
                format!("the rows say {used} of {pool} are in use, the core says {told:?}")
            });
        }
    }

    pub fn check_effect(&mut self, effect: &Effect) {
        match effect {
            Effect::StartAttempt(order) => self.check_start(order),
            Effect::Publish(intent) => {
                self.checks.work(format!("{intent:?}"));
                let kept = self.store.intents.contains_key(&intent.id);
                self.expect("effects only after commit", kept, || format!("intent {} is not kept", intent.id));
                for file in intent.files() {
                    if !self.checks.decided.contains(&intent.id) {
                        self.check_leases(file, "published", true);
                    }
                    let is_quiet = self.checks.probed.get(&*file.path) == Some(&true);
                    let is_weave = matches!(intent.cause, Cause::Weave { .. });
                    self.expect("nobody else writes", !is_weave || is_quiet, || {
                        format!("{file} is published, and somebody had it open when last asked")
                    });
                }
            }
            Effect::Hash { file, .. } => self.checks.work(format!("read {file}")),
            _ => {}
        }
    }

    fn check_start(&mut self, order: &Order) {
        self.checks.work(format!("start {}", order.node));
        let row = self.store.jobs.get(&order.job).cloned();
        // A later step of the same turn may have stopped it already; that order comes next.
        let is_alive = |state: &JobState| matches!(state, JobState::Running { .. } | JobState::Stopping { .. });
        let kept = row.as_ref().is_some_and(|row| row.attempt == order.attempt && is_alive(&row.state));
        self.expect("effects only after commit", kept, || {
            format!(
                "attempt {}.{} starts, but its row says {:?}",
                order.job,
                order.attempt,
                row.as_ref().map(|row| &row.state)
            )
        });
        let others: Vec<_> = self.runner.alive.keys().filter(|(job, _)| *job == order.job).copied().collect();
        self.expect("one live attempt per job", others.is_empty(), || {
            format!("attempt {}.{} starts while {others:?} live", order.job, order.attempt)
        });
        for (pool, capacity) in [("cpu", 2), ("gpu", 1)] {
            let alive = self.runner.alive.values().chain([order]);
            let used: u32 = alive.filter_map(|order| order.pools.get(pool)).sum();
            self.expect("pools hold", used <= capacity, || format!("processes use {used} of {capacity} of {pool}"));
        }
        for (_, file) in &order.outputs {
            self.check_leases(file, "written by an attempt", true);
        }
        for input in &order.inputs {
            if let OrderInput::File { file, .. } = input {
                self.check_leases(file, "read by an attempt", false);
            }
        }
    }

    /// Looked at as the step that decided a start left everything.
    pub fn check_needs_of(&mut self, effect: &Effect) {
        if let Effect::StartAttempt(order) = effect
            && let Some(row) = self.store.jobs.get(&order.job).cloned()
        {
            self.check_needs(&row);
        }
    }

    /// Every need's newest job in the same build really succeeded.
    fn check_needs(&mut self, row: &JobRow) {
        let steps = &crate::cast::RULES.pipelines[0].steps;
        let Some(step) = steps.iter().find(|step| step.name == row.node.step) else { return };
        let Some(build) = self.store.builds.get(&row.build).cloned() else { return };
        for need in steps.iter().filter(|other| step.needs.contains(&other.name)) {
            let same = !step.map.is_empty() && need.map == step.map;
            let listed = self.listed(&build, &need.map);
            let of_need = build.jobs.iter().filter_map(|job| self.store.jobs.get(job)).filter(|job| {
                job.node.step == need.name && if same { job.node.element == row.node.element } else { listed(job) }
            });
            let newest: BTreeMap<Node, JobRow> = of_need.map(|job| (job.node.clone(), job.clone())).collect();
            for job in newest.values() {
                let truth = self.runner.truth.get(&(job.id, job.attempt)).copied();
                let done = match &job.state {
                    JobState::Done { how: Done::Succeeded | Done::SucceededWithErrors, .. } => truth == Some(true),
                    JobState::Done { .. } => true,
                    // Cancelled, but its result is known from another job.
                    _ => job
                        .key
                        .and_then(|key| self.store.actions.get(&key))
                        .is_some_and(|row| self.runner.truth.iter().any(|((id, _), truth)| *id == row.job && *truth)),
                };
                self.expect("needs before start", done, || {
                    format!(
                        "{} starts, but {} (job {}) is {:?}, and really {truth:?}",
                        row.node, job.node, job.id, job.state
                    )
                });
            }
        }
    }

    /// Says of a job whether its element is in the list that its step maps, as the last scan has it: that of the
    /// subject, which may be one remembered from long ago, or of a submission the build's own. What has left the list
    /// is no need any more, however it ended.
    fn listed(&self, build: &BuildRow, map: &str) -> impl Fn(&JobRow) -> bool + use<> {
        let mut newest = build.jobs.iter().rev().filter_map(|job| self.store.jobs.get(job));
        let own = newest.find(|job| *job.node.step == *"scan").and_then(|job| self.store.actions.get(&job.key?));
        let scan = (build.subject.clone(), Node { step: "scan".into(), element: "".into() });
        let of_subject = self.store.index.get(&scan).map(|row| &row.action);
        let known = if build.parameters.is_empty() { of_subject } else { own };
        let list = map.split_once('.').and_then(|(_, list)| known?.lists.get(list));
        let ids = list.map(|list| list.iter().map(|element| element.id.clone()).collect::<BTreeSet<_>>());
        move |job| ids.as_ref().is_none_or(|ids| ids.contains(&job.node.element))
    }

    fn check_leases(&mut self, file: &FilePath, how: &str, writes: bool) {
        let wall = self.clock();
        let over = self.leases.values().find(|row| {
            row.file == *file
                && (writes || row.kind == LeaseKind::Lock)
                && self.store.leases.get(&row.id).is_none_or(|kept| kept.until.is_none_or(|until| until.0 > wall))
        });
        let over = over.cloned();
        self.expect("leases are not forgotten", over.is_none(), || format!("{file} is {how} under {over:?}"));
    }

    /// When a note is really written: nobody changed it lately, and we did not either.
    pub fn check_quiet(&mut self, intent: &Intent, path: &str, is_base: bool) {
        if !matches!(intent.cause, Cause::Weave { .. }) || !is_base {
            return;
        }
        let (lived, quiet) = (self.lived(), QUIET_MS as i64);
        if let Some(words) = self.disk.last_words.get(path).filter(|words| !words.unheard) {
            let since = lived - words.lived;
            self.expect("quiet is respected", since >= quiet, || {
                format!("{path} is written {since} ms after a person")
            });
        }
        if let Some(at) = self.checks.published.get(path) {
            let since = lived - at;
            self.expect("one publish per quiet period", since >= quiet, || {
                format!("{path} is written {since} ms after us")
            });
        }
    }

    /// A new file of ours: people did not remove the episode that it is for.
    pub fn check_home(&mut self, path: &str) {
        let is_gone = self.disk.gone.contains(episode_of(path));
        self.expect("a removed episode stays removed", !is_gone, || format!("{path} brought its episode back"));
    }

    /// A publish is over: nothing that people wrote is gone.
    pub fn check_published(&mut self, intent: &Intent, written: Option<i64>) {
        let at = written.unwrap_or(self.lived());
        for file in intent.files().filter(|file| is_note(&file.path)) {
            let path = file.path.to_string();
            // Where there is nothing, a pull has made room, or the calm finds it missing.
            let is_there = self.disk.files.contains_key(&path);
            let mut lost = if is_there { self.disk.lost_marks(&path) } else { Vec::new() };
            let is_new = |text: &String| {
                let made = |made: &Move| matches!(made, Move::Replace { new, .. } if *new == digest(text));
                intent.moves.iter().any(made)
            };
            let ours = self.disk.files.get(&path).map(|found| found.text.clone()).filter(is_new);
            if matches!(intent.cause, Cause::Conflict { .. }) {
                // The file had gone back to an older state; that one is in its history now.
                lost.retain(|mark| !self.is_in_history(&path, mark));
                if let (Some(words), Some(text)) = (self.disk.last_words.get_mut(&path), &ours) {
                    (words.text, words.at, words.lived) = (text.clone(), self.t, at);
                }
            }
            self.expect("no human mark lost", lost.is_empty(), || format!("{path} lost {lost:?}"));
            let made_anew = is_there && !self.disk.last_words.contains_key(&path);
            self.expect("no human mark lost", !made_anew, || format!("{path} was removed and came back"));
            // Where somebody has saved since, the clock of people counts.
            if ours.is_some() {
                self.checks.published.insert(path, at);
            }
        }
    }

    pub fn check_answer(&mut self, ask: AskId, reply: &Reply) {
        let first = self.checks.answered.insert(ask);
        self.expect("one answer per ask", first, || format!("{ask} was answered again: {reply:?}"));
        let Some(what) = self.checks.asked.remove(&ask) else { return };
        let there = match reply {
            Reply::Submitted { build, .. } => self.store.builds.contains_key(build),
            Reply::Taken { lease, .. } => self.store.leases.contains_key(lease),
            _ => true,
        };
        self.expect("what was acknowledged exists", there, || format!("{what:?} was answered {reply:?}"));
    }

    /// A live job has a process, or one that ended and was not heard yet, or it will be called lost soon.
    pub fn check_slots(&mut self) {
        if self.core.is_none() || !self.runner.connected {
            return self.checks.orphans.clear();
        }
        let runner = &self.runner;
        let has_process = |row: &JobRow| {
            let attempt = (row.id, row.attempt);
            runner.alive.contains_key(&attempt) || runner.ended.contains_key(&attempt)
        };
        let orphans: BTreeSet<JobId> = self
            .store
            .jobs
            .values()
            .filter(|row| row.state.is_alive() && !has_process(row))
            .map(|row| row.id)
            .collect();
        let t = self.t;
        self.checks.orphans.retain(|job, _| orphans.contains(job));
        let oldest = orphans.iter().map(|job| *self.checks.orphans.entry(*job).or_insert(t)).min();
        let fine = oldest.is_none_or(|since| t - since < 10_000);
        self.expect("every slot has its attempt", fine, || format!("no process for {orphans:?}"));
    }
}

fn demand(row: &JobRow) -> BTreeMap<String, u32> {
    let step = crate::cast::RULES.pipelines[0].steps.iter().find(|step| step.name == row.node.step);
    step.map(|step| step.pools.clone()).unwrap_or_default()
}

fn is_work(change: &Change) -> bool {
    matches!(
        change,
        Change::Put(Row::File(_) | Row::Job(_) | Row::Build(_) | Row::Action(_) | Row::Index(_) | Row::Intent(_))
    )
}
