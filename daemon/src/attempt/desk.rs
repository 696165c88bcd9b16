//! Which attempts are under way, as far as this daemon knows, and the facts about them in the order they became true.
//!
//! An attempt is on the desk from the order to start it until the order to forget it. What takes long (laying out
//! inputs, digesting outputs) happens on blocking threads; what the core must not hear out of order is said under the
//! desk's lock.

use super::prepare::{self, Kept, Scratch, Seen};
use super::{Setup, World, ended, finish};
use crate::runner::wire::{End, Exit, Key, Start, ToRunner};
use show_core::{AttemptNo, Ended, Event, JobId, Order};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tracing::warn;

pub struct Desk {
    pub setup: Setup,
    world: Arc<dyn World>,
    facts: mpsc::UnboundedSender<Event>,
    seen: Seen,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    attempts: BTreeMap<Key, Attempt>,
    walls_missing: Option<Vec<String>>,
}

struct Attempt {
    at: At,
    /// Told to stop, with this much grace.
    stop: Option<u64>,
}

/// How far an attempt is.
enum At {
    /// Its scratch is being made.
    Preparing,
    /// Passed on; whether the runner has it is not known yet.
    Ordered(Box<Start>),
    /// The runner has it.
    Running,
    /// Its results are being read.
    Finishing,
    /// Told, and perhaps not kept yet.
    Told,
}

impl From<At> for Attempt {
    fn from(at: At) -> Self {
        Self { at, stop: None }
    }
}

impl Desk {
    pub fn new(setup: Setup, world: Arc<dyn World>, facts: mpsc::UnboundedSender<Event>) -> Self {
        Self { setup, world, facts, seen: Seen::default(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere ends the process in release; in tests the table is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The driver may be gone; then there is nobody left to tell.
    fn tell(&self, event: Event) {
        let _ = self.facts.send(event);
    }

    /// False: it was taken in before.
    pub fn take_in(&self, key: Key) -> bool {
        let mut state = self.state();
        let is_new = !state.attempts.contains_key(&key);
        if is_new {
            state.attempts.insert(key, At::Preparing.into());
        }
        is_new
    }

    /// Lays everything out. `None`: it has ended already. Blocks.
    pub fn prepare(&self, key: Key, order: Order) -> Option<Start> {
        let prepared = prepare::prepare(&self.setup, &*self.world, &self.seen, order);
        let mut state = self.state();
        let attempt = state.attempts.get_mut(&key)?;
        let end = match prepared {
            Err(unready) => unready.into(),
            Ok(_) if attempt.stop.is_some() => Ended::Stopped,
            Ok(start) => {
                attempt.at = At::Ordered(Box::new(start.clone()));
                return Some(start);
            }
        };
        attempt.at = At::Told;
        self.tell(ended(key, end));
        None
    }

    /// True when the runner need not hear of the stop: what it has not got yet ends here, and what it does not know,
    /// or has told us the end of, cannot be stopped.
    pub fn is_stopped_here(&self, key: Key, grace_ms: u64) -> bool {
        let mut state = self.state();
        let Some(attempt) = state.attempts.get_mut(&key) else {
            self.tell(ended(key, Ended::Stopped));
            return true;
        };
        attempt.stop = Some(grace_ms);
        // Where its end is on the way, that is the answer.
        !matches!(attempt.at, At::Ordered(_) | At::Running)
    }

    /// The runner has started it.
    pub fn started(&self, key: Key) {
        if let Some(attempt) = self.state().attempts.get_mut(&key) {
            self.note_running(key, attempt);
        }
    }

    fn note_running(&self, key: Key, attempt: &mut Attempt) {
        if matches!(attempt.at, At::Ordered(_)) {
            attempt.at = At::Running;
            self.tell(Event::AttemptStarted { job: JobId(key.job), attempt: AttemptNo(key.attempt) });
        }
    }

    pub fn progressed(&self, key: Key, percent: Option<u8>, message: String) {
        self.tell(Event::AttemptProgressed { job: JobId(key.job), attempt: AttemptNo(key.attempt), percent, message });
    }

    /// True when its results are now to be read: [`Self::finish`] does.
    pub fn is_to_finish(&self, key: Key) -> bool {
        let mut state = self.state();
        let open = state.attempts.get_mut(&key).filter(|it| matches!(it.at, At::Ordered(_) | At::Running));
        open.map(|attempt| attempt.at = At::Finishing).is_some()
    }

    /// Reads what came out, and tells. Blocks.
    pub fn finish(&self, exit: &Exit) {
        let end = match prepare::recall(&self.setup, exit.key) {
            Some(kept) => finish::finish(&*self.world, &kept, exit),
            None => Ended::Lost,
        };
        let mut state = self.state();
        if let Some(attempt) = state.attempts.get_mut(&exit.key) {
            attempt.at = At::Told;
        }
        self.tell(ended(exit.key, end));
    }

    /// Removes what is left of it. Blocks.
    pub fn forget(&self, key: Key, keep_scratch: bool) {
        self.state().attempts.remove(&key);
        let Some(Kept { order, .. }) = prepare::recall(&self.setup, key) else { return };
        if !keep_scratch {
            let scratch = Scratch::of(&*self.world, &order);
            for dir in [&scratch.dir, &scratch.done] {
                if let Err(cause) = prepare::remove_all(dir) {
                    warn!(showd_job = key.job, dir = %dir.display(), %cause, "could not remove scratch");
                }
            }
        }
        prepare::forget(&self.setup, key);
    }

    /// A runner is there and has these attempts. Tells the core what is alive, and says what the runner must hear and
    /// what has ended. Blocks.
    pub fn reconcile(&self, walls_missing: Vec<String>, live: &[Key], exits: &[Exit]) -> Reconciled {
        let mut pass = Vec::new();
        let mut lost = Vec::new();
        let mut state = self.state();
        state.walls_missing = Some(walls_missing);
        // Those of an earlier daemon. What lives and is not remembered is listed too: the core will order its end.
        for key in live.iter().copied().chain(exits.iter().map(|exit| exit.key)) {
            if state.attempts.contains_key(&key) {
                continue;
            }
            if live.contains(&key) || prepare::recall(&self.setup, key).is_some() {
                state.attempts.insert(key, At::Running.into());
            } else {
                pass.push(ToRunner::Forget { key });
            }
        }
        let attempts = state.attempts.keys().map(|key| (JobId(key.job), AttemptNo(key.attempt))).collect();
        self.tell(Event::RunnerBack { attempts });
        for (key, attempt) in &mut state.attempts {
            let is_live = live.contains(key);
            let is_there = is_live || exits.iter().any(|exit| exit.key == *key);
            match (&attempt.at, attempt.stop) {
                (At::Ordered(_), Some(_)) if !is_there => {
                    attempt.at = At::Told;
                    self.tell(ended(*key, Ended::Stopped));
                }
                (At::Ordered(start), None) if !is_there => pass.push(ToRunner::Start(start.clone())),
                // The runner had it, and the runner of now has not: a spool was lost with its disk.
                (At::Running, _) if !is_there => {
                    lost.push(Exit { key: *key, end: End::Lost, last_words: String::new() });
                }
                (At::Ordered(_) | At::Running, stop) if is_live => {
                    self.note_running(*key, attempt);
                    pass.extend(stop.map(|grace_ms| ToRunner::Stop { key: *key, grace_ms }));
                }
                _ => {}
            }
        }
        Reconciled { pass, exits: exits.iter().cloned().chain(lost).collect() }
    }

    pub fn runner_gone(&self) {
        self.state().walls_missing = None;
    }

    pub fn walls_missing(&self) -> Option<Vec<String>> {
        self.state().walls_missing.clone()
    }
}

/// What follows from meeting a runner.
#[derive(Debug)]
pub struct Reconciled {
    pub pass: Vec<ToRunner>,
    pub exits: Vec<Exit>,
}
