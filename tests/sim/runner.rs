//! The runner as showd sees it: processes that outlive the daemon, exit records kept until acknowledged, and a
//! connection that may break.

use crate::cast::{self, Blobs};
use crate::disk::{Disk, digest};
use crate::planted::Planted;
use crate::world::{Item, World};
use show_core::*;
use std::collections::BTreeMap;

pub type Attempt = (JobId, AttemptNo);

#[derive(Debug, Default)]
pub struct Runner {
    pub alive: BTreeMap<Attempt, Order>,
    /// Exit records, kept until the daemon says that it kept the end.
    pub ended: BTreeMap<Attempt, Ended>,
    /// How every attempt really ended.
    pub truth: BTreeMap<Attempt, bool>,
    /// Bytes of outputs, by attempt.
    pub scratch: BTreeMap<Attempt, Blobs>,
    /// Orders given while the connection was down.
    pub queued: Vec<Order>,
    pub connected: bool,
}

impl Runner {
    /// What the daemon is told when the connection is there again.
    pub fn attempts(&self) -> Vec<Attempt> {
        let queued = self.queued.iter().map(|order| (order.job, order.attempt));
        self.alive.keys().chain(self.ended.keys()).copied().chain(queued).collect()
    }
}

impl World {
    pub fn start_attempt(&mut self, order: Order) {
        if !self.runner.connected {
            self.runner.queued.push(order);
            return;
        }
        let attempt = (order.job, order.attempt);
        let chaos = self.chaos;
        let takes = if chaos { self.dice.between(5, 4_000) } else { self.dice.between(5, 200) };
        let hung = chaos && self.dice.once_in(25);
        let at = if hung { order.timeout_ms } else { takes };
        self.runner.alive.insert(attempt, order);
        self.after(at, Item::ProcessEnds(attempt, hung));
        self.deliver(Event::AttemptStarted { job: attempt.0, attempt: attempt.1 });
    }

    pub fn process_ends(&mut self, attempt: Attempt, hung: bool) {
        let Some(order) = self.runner.alive.remove(&attempt) else { return };
        let ended = if hung {
            Ended::TimedOut
        } else if self.chaos && self.dice.once_in(8) {
            match self.dice.below(5) {
                4 => Ended::Unfit { why: "no more with this input".to_owned() },
                0 => Ended::Signaled { signal: 9 },
                1 => Ended::NotStarted { why: "no such program".to_owned() },
                _ => Ended::Failed { code: 1, why: "it did not like its input".to_owned() },
            }
        } else {
            self.succeed(attempt, &order)
        };
        self.end_attempt(attempt, ended);
    }

    fn succeed(&mut self, attempt: Attempt, order: &Order) -> Ended {
        if let Some(why) = overtaken(order, &self.disk) {
            return Ended::Overtaken { why };
        }
        let read = |digest: Digest| {
            let on_disk = || self.disk.files.values().find(|file| crate::disk::digest(&file.text) == digest);
            self.archive
                .get(&digest)
                .cloned()
                .or_else(|| on_disk().map(|file| file.text.clone()))
                .expect("inputs are there")
        };
        let made = cast::run(order, &read);
        for blob in made.edits.into_iter().chain(made.proposed) {
            self.archive.put(self.t, blob);
        }
        let scratch = made.scratch.into_iter().map(|text| (digest(&text), text)).collect();
        self.runner.scratch.insert(attempt, scratch);
        Ended::Succeeded(made.finished)
    }

    fn end_attempt(&mut self, attempt: Attempt, ended: Ended) {
        self.runner.truth.insert(attempt, matches!(ended, Ended::Succeeded(_)));
        self.runner.ended.insert(attempt, ended);
        self.report_end(attempt);
        if self.chaos && self.dice.once_in(6) {
            // The same once more, perhaps much later.
            let late = self.dice.between(10, 20_000);
            if let Some(ended) = self.runner.ended.get(&attempt).cloned() {
                let event = Event::AttemptEnded { job: attempt.0, attempt: attempt.1, ended };
                self.after(late, Item::Deliver(self.life, event));
            }
        }
    }

    pub fn report_end(&mut self, attempt: Attempt) {
        let Some(ended) = self.runner.ended.get(&attempt).cloned() else { return };
        if self.runner.connected {
            let delay = self.delay(3, 800);
            self.tell_daemon(delay, Event::AttemptEnded { job: attempt.0, attempt: attempt.1, ended });
        }
    }

    /// Ends in `AttemptEnded` whatever it was doing: what never reached the runner ends in the adapter's queue.
    pub fn stop_attempt(&mut self, attempt: Attempt) {
        let is_queued = |order: &Order| (order.job, order.attempt) == attempt;
        if self.runner.alive.contains_key(&attempt) {
            let delay = self.delay(5, 1_500);
            self.after(delay, Item::ProcessStops(attempt));
        } else if self.runner.queued.iter().any(is_queued) {
            self.runner.queued.retain(|order| !is_queued(order));
            self.end_attempt(attempt, Ended::Stopped);
        } else if !self.runner.ended.contains_key(&attempt) {
            self.tell_daemon(1, Event::AttemptEnded { job: attempt.0, attempt: attempt.1, ended: Ended::Stopped });
        }
    }

    pub fn process_stops(&mut self, attempt: Attempt) {
        if self.runner.alive.remove(&attempt).is_some() {
            self.end_attempt(attempt, Ended::Stopped);
        }
    }

    pub fn forget_attempt(&mut self, attempt: Attempt) {
        self.runner.ended.remove(&attempt);
        self.runner.scratch.remove(&attempt);
    }

    pub fn disconnect(&mut self) {
        self.runner.connected = false;
        self.drop_runner_messages();
        let delay = self.dice.between(10, 2_000);
        self.after(delay, Item::Reconnect(self.life));
    }

    pub fn reconnect(&mut self) {
        self.runner.connected = true;
        self.drop_runner_messages();
        let attempts = self.runner.attempts();
        // In order with everything else the adapter says.
        self.deliver(Event::RunnerBack { attempts });
        for order in std::mem::take(&mut self.runner.queued) {
            self.start_attempt(order);
        }
        for attempt in self.runner.ended.keys().copied().collect::<Vec<_>>() {
            self.report_end(attempt);
        }
    }

    /// What a broken driver makes of an attempt's end before the core hears it.
    pub fn bend_end(&mut self, event: Event) -> Option<Event> {
        let Event::AttemptEnded { job, attempt, ended } = event else { return Some(event) };
        let state = self.store.jobs.get(&job).map(|row| (row.state.clone(), row.attempt));
        match (self.planted, state) {
            (Planted::SlotKeptAfterCancel, Some((JobState::Stopping { .. }, _))) => {
                self.runner.ended.remove(&(job, attempt));
                None
            }
            (Planted::LateResultAccepted, Some((JobState::Running { .. }, newest))) => {
                Some(Event::AttemptEnded { job, attempt: newest, ended })
            }
            (Planted::StartedAfterFailedNeed, _) if matches!(ended, Ended::Failed { .. } | Ended::Unfit { .. }) => {
                let ended =
                    Ended::Succeeded(Finished { summary: format!("by {job}.{attempt}"), ..Finished::default() });
                Some(Event::AttemptEnded { job, attempt, ended })
            }
            _ => Some(Event::AttemptEnded { job, attempt, ended }),
        }
    }
}

/// The runner reads inputs in place, and says so when one is not what was planned with.
fn overtaken(order: &Order, disk: &Disk) -> Option<String> {
    order.inputs.iter().find_map(|input| match input {
        OrderInput::File { file, digest, .. } if disk.digest(&file.path) != Some(*digest) => {
            Some(format!("{file} is not what it was"))
        }
        _ => None,
    })
}
