//! What must always hold, and what must hold once it is calm. Each check has a name, so that a planted bug can say who
//! is meant to see it.

use crate::model::{Store, Wrong};
use crate::rules::{CPU, QUIET_MS};
use crate::steps;
use crate::world::World;
use show_core::{Ended, Intent, JobId, JobState, LeaseKind, Move, Order, OrderInput, Time, WEAVE};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checker {
    /// Nothing is done that is not kept; nothing is acknowledged that is not kept.
    KeptBeforeDone,
    OneLiveAttempt,
    TerminalIsFinal,
    EventsAreDense,
    /// What a row says of an attempt is what that attempt came to.
    ResultsAreTheirAttempts,
    NeedsBeforeStart,
    PoolsHold,
    LeasesHold,
    QuietIsKept,
    /// Between two writes into one person's file lies a quiet period.
    OneWritePerQuiet,
    NoTokenLost,
    NothingHeldByTheDead,
    CalmComes,
    OutputsAreTrue,
    NothingLeftToDo,
}

#[derive(Debug)]
pub struct Found {
    pub checker: Checker,
    what: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.checker, self.what)
    }
}

pub fn found<T>(checker: Checker, what: impl Into<String>) -> Result<T, Found> {
    Err(Found { checker, what: what.into() })
}

impl From<Wrong> for Found {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Terminal(what) => Self { checker: Checker::TerminalIsFinal, what },
            Wrong::Sequence(what) => Self { checker: Checker::EventsAreDense, what },
        }
    }
}

impl World {
    /// Before an attempt is started.
    pub fn check_start(&self, order: &Order) -> Result<(), Found> {
        let (job, attempt) = (order.job, order.attempt);
        let row = self.store.job(job);
        let kept = row.is_some_and(|row| matches!(row.state, JobState::Running { .. }) && row.attempt == attempt);
        if !kept {
            return found(Checker::KeptBeforeDone, format!("attempt {job}.{attempt} starts, the row is {row:?}"));
        }
        if let Some((other, _)) = self.runner.live.keys().find(|(live, _)| *live == job) {
            return found(
                Checker::OneLiveAttempt,
                format!("attempt {job}.{attempt} starts beside another of job {other}"),
            );
        }
        self.check_needs(order)?;
        for (pool, capacity) in [("cpu", CPU), ("gpu", 1)] {
            let slots = |order: &Order| order.pools.get(pool).copied().unwrap_or_default();
            let used: u32 = self.runner.live.values().map(|live| slots(&live.order)).sum::<u32>() + slots(order);
            if used > capacity {
                return found(Checker::PoolsHold, format!("{used} of {capacity} {pool} with {job}.{attempt}"));
            }
        }
        for input in &order.inputs {
            // A text is read from the blob that was kept when it was last settled, so a lock does not touch it.
            let OrderInput::File { file, .. } = input else { continue };
            self.check_lease(&file.path, LeaseKind::Lock, &format!("attempt {job}.{attempt} reads it"))?;
        }
        for (_, file) in &order.outputs {
            self.check_lease(&file.path, LeaseKind::Hold, &format!("attempt {job}.{attempt} is to write it"))?;
        }
        Ok(())
    }

    fn check_needs(&self, order: &Order) -> Result<(), Found> {
        let need = match &*order.node.step {
            // Elements of a map come and go with their notes, so only plain needs are looked at here.
            "second" => "first",
            _ => return Ok(()),
        };
        let Some(build) = self.store.job(order.job).map(|row| row.build) else { return Ok(()) };
        for row in self.store.jobs().filter(|row| row.build == build && *row.node.step == *need) {
            let superseded =
                self.store.jobs().any(|other| other.build == build && other.node == row.node && other.id > row.id);
            let is_dropped = matches!(
                row.state,
                JobState::Canceled { .. } | JobState::Stopping { then: show_core::Then::Canceled { .. }, .. }
            );
            if superseded || is_dropped {
                continue;
            }
            let done = matches!(row.state, JobState::Done { .. });
            let ended = self.ledger.get(&(row.id, row.attempt));
            let truly = ended.is_none_or(|ended| matches!(ended, Ended::Succeeded(_)));
            if !done || !truly {
                let what = format!(
                    "{} of job {} starts, its need job {} is {:?} and came to {ended:?}",
                    order.node, order.job, row.id, row.state
                );
                return found(Checker::NeedsBeforeStart, what);
            }
        }
        Ok(())
    }

    /// No lease that somebody was given stands in the way. `from`: what is enough to stand in the way of it.
    pub fn check_lease(&self, path: &str, from: LeaseKind, what: &str) -> Result<(), Found> {
        match self.leases.get(path) {
            Some(lease)
                if lease.until.is_none_or(|until| self.now < until)
                    && (from == LeaseKind::Hold || lease.kind == LeaseKind::Lock) =>
            {
                found(Checker::LeasesHold, format!("{path} has a {:?} and {what}", lease.kind))
            }
            _ => Ok(()),
        }
    }

    /// Before an intent is carried out.
    pub fn check_publish(&self, intent: &Intent) -> Result<(), Found> {
        if !self.store.has_intent(intent.id) {
            return found(Checker::KeptBeforeDone, format!("intent {} is carried out and not kept", intent.id));
        }
        for step in &intent.moves {
            if let Move::Replace { file, human: true, .. } = step {
                self.check_lease(&file.path, LeaseKind::Hold, &format!("intent {} is to write it", intent.id))?;
            }
        }
        Ok(())
    }

    /// When a person's file has just been replaced.
    pub fn check_write(&mut self, path: &str, typed: Time) -> Result<(), Found> {
        self.check_tokens(path)?;
        let still = self.now.ms_since(typed);
        if still < QUIET_MS {
            return found(Checker::QuietIsKept, format!("{path} was written {still} ms after a person did"));
        }
        if let Some(before) = self.written.insert(path.to_owned(), self.now)
            && self.now.ms_since(before) < QUIET_MS
        {
            return found(Checker::OneWritePerQuiet, format!("{path} was written twice within a quiet period"));
        }
        Ok(())
    }

    /// Every token that a person typed into a file and did not take away is in it.
    pub fn check_tokens(&self, path: &str) -> Result<(), Found> {
        let text = self.disk.files.get(path).map_or("", |file| file.text.as_str());
        for token in self.typed.get(path).into_iter().flatten() {
            let is_it = |line: &str| line.trim_start_matches(['t', '!']) == token || line == token;
            if !text.lines().any(is_it) {
                return found(Checker::NoTokenLost, format!("{token} is gone from {path}: {text:?}"));
            }
        }
        Ok(())
    }

    /// After every commit: rows say of attempts what the attempts came to.
    pub fn check_results(&self, jobs: &[JobId]) -> Result<(), Found> {
        for row in jobs.iter().filter_map(|job| self.store.job(*job)) {
            let said = row
                .attempts
                .last()
                .is_some_and(|last| last.attempt == row.attempt && last.outcome.starts_with("succeeded"));
            if *row.node.step == *WEAVE || !said {
                continue;
            }
            let ended = self.ledger.get(&(row.id, row.attempt));
            if !matches!(ended, Some(Ended::Succeeded(_))) {
                let what = format!("job {} says attempt {} succeeded; it came to {ended:?}", row.id, row.attempt);
                return found(Checker::ResultsAreTheirAttempts, what);
            }
        }
        Ok(())
    }

    /// Once it is calm and somebody was told so.
    pub fn check_calm(&self) -> Result<(), Found> {
        for path in self.typed.keys() {
            self.check_tokens(path)?;
        }
        let notes = |episode: &str| -> BTreeMap<String, String> {
            let files = self.disk.files.iter().filter(|(path, _)| {
                path.strip_prefix(episode).is_some_and(|name| name.ends_with(".md") && !name.contains('/'))
            });
            files.map(|(path, file)| (path.clone(), file.text.clone())).collect()
        };
        for episode in crate::people::EPISODES {
            let notes = notes(episode);
            for (path, text) in &notes {
                let should = steps::finished_text(text);
                if *text != should {
                    return found(Checker::OutputsAreTrue, format!("{path} is {text:?} and should be {should:?}"));
                }
            }
            let page = self.disk.files.get(&format!("{episode}out/page.html")).map(|file| file.text.clone());
            if !notes.is_empty() && page.as_ref() != Some(&steps::page(&notes)) {
                return found(Checker::OutputsAreTrue, format!("the page of {episode} is {page:?} of {notes:?}"));
            }
        }
        Ok(())
    }

    /// Why it does not get calm.
    pub fn check_stall(&self) -> Found {
        let dead = self.store.jobs().find(|row| {
            matches!(row.state, JobState::Running { .. } | JobState::Stopping { .. })
                && !self.runner.live.contains_key(&(row.id, row.attempt))
        });
        match dead {
            Some(row) => Found {
                checker: Checker::NothingHeldByTheDead,
                what: format!("job {} is {:?}, and its attempt {} is long gone", row.id, row.state, row.attempt),
            },
            None => Found { checker: Checker::CalmComes, what: format!("not idle; {}", open(&self.store)) },
        }
    }
}

fn open(store: &Store) -> String {
    let open = store.jobs().filter(|row| {
        !matches!(row.state, JobState::Done { .. } | JobState::Failed { .. } | JobState::Canceled { .. })
    });
    open.map(|row| format!("job {} {} {:?}", row.id, row.node, row.state)).collect::<Vec<_>>().join(", ")
}
