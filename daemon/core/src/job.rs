//! The life of a job: one enum with its data ([`JobState`]) and one total function with its moves.
//!
//! Every change of a job's state in the whole core goes through [`JobState::after`]. Terminal states are left only by
//! `Requeued`, which leads to a new attempt.

use crate::{Done, IntentId, JobState, Then, Time};
use alloc::string::String;

/// What happens to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JobEvent {
    /// An attempt was ordered.
    Started,
    /// It succeeded, or there was nothing to do.
    Finished(Done),
    /// Its results are being moved into the share.
    PublishBegan(IntentId),
    /// It failed and is tried again then.
    Rest { at: Time, why: String },
    /// It failed for good.
    Broke { why: String },
    /// Uncharged: lost with the runner, or overtaken by a change.
    Again,
    /// Somebody wants it stopped.
    StopAsked(Then),
    /// The attempt that was told to stop has ended, however it ended.
    Stopped,
    /// Somebody wants it to run again.
    Requeued,
}

/// A move that no state allows. The core asks first, so this is a broken invariant or a refusal, never a surprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IllegalMove {
    pub state: &'static str,
    pub event: &'static str,
}

impl JobState {
    /// The state after this event.
    pub(crate) fn after(self, event: JobEvent, now: Time) -> Result<Self, IllegalMove> {
        use {JobEvent as E, JobState as S};
        Ok(match (self, event) {
            (S::Waiting | S::Retrying { .. }, E::Started) => S::Running { since: now },
            (S::Waiting | S::Retrying { .. }, E::Finished(how)) => S::Done { at: now, how },
            (S::Waiting, E::PublishBegan(intent)) => S::Publishing { since: now, intent },
            (S::Waiting, E::Broke { why }) => S::Failed { at: now, why },
            (S::Waiting | S::Retrying { .. }, E::StopAsked(Then::Canceled { why })) => S::Canceled { at: now, why },
            (S::Waiting | S::Retrying { .. }, E::StopAsked(Then::Again { .. }) | E::Again | E::Requeued) => S::Waiting,

            (S::Running { .. }, E::Finished(how)) => S::Done { at: now, how },
            (S::Running { .. }, E::PublishBegan(intent)) => S::Publishing { since: now, intent },
            (S::Running { .. }, E::Rest { at, why }) => S::Retrying { at, why },
            (S::Running { .. }, E::Broke { why }) => S::Failed { at: now, why },
            (S::Running { .. }, E::Again) => S::Waiting,
            (S::Running { .. }, E::StopAsked(then)) => S::Stopping { since: now, then },

            // A person's cancel outranks our wish to run it again.
            (S::Stopping { since, .. }, E::StopAsked(then @ Then::Canceled { .. })) => S::Stopping { since, then },
            (S::Stopping { since, then }, E::StopAsked(Then::Again { .. })) => S::Stopping { since, then },
            (S::Stopping { then: Then::Canceled { why }, .. }, E::Stopped) => S::Canceled { at: now, why },
            (S::Stopping { then: Then::Again { .. }, .. }, E::Stopped) => S::Waiting,

            (S::Publishing { .. }, E::Finished(how)) => S::Done { at: now, how },
            (S::Publishing { .. }, E::Broke { why }) => S::Failed { at: now, why },
            (S::Publishing { .. }, E::Again) => S::Waiting,

            (S::Done { .. } | S::Failed { .. } | S::Canceled { .. }, E::Requeued) => S::Waiting,

            (state, event) => return Err(IllegalMove { state: state.word(), event: event.word() }),
        })
    }

    /// One word for people and programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running { .. } => "running",
            Self::Stopping { .. } => "stopping",
            Self::Publishing { .. } => "publishing",
            Self::Retrying { .. } => "retrying",
            Self::Done { how: Done::Succeeded, .. } => "done",
            Self::Done { how: Done::SucceededWithErrors, .. } => "done with errors",
            Self::Done { how: Done::UpToDate, .. } => "up to date",
            Self::Done { how: Done::NotNeeded, .. } => "not needed",
            Self::Done { how: Done::Unavailable, .. } => "unavailable",
            Self::Failed { .. } => "failed",
            Self::Canceled { .. } => "canceled",
        }
    }

    /// An attempt of it is alive: it holds its pools and leases.
    pub fn is_alive(&self) -> bool {
        matches!(self, Self::Running { .. } | Self::Stopping { .. })
    }

    /// It holds its leases: an attempt is alive, or its results are being published.
    pub fn holds_files(&self) -> bool {
        self.is_alive() || matches!(self, Self::Publishing { .. })
    }

    /// It ended, one way or another.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Failed { .. } | Self::Canceled { .. })
    }

    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }
}

impl JobEvent {
    fn word(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Finished(_) => "finished",
            Self::PublishBegan(_) => "publish began",
            Self::Rest { .. } => "rest",
            Self::Broke { .. } => "broke",
            Self::Again => "again",
            Self::StopAsked(_) => "stop asked",
            Self::Stopped => "stopped",
            Self::Requeued => "requeued",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;

    /// Every state with every event: where it leads, `-` where it may not.
    #[test]
    fn every_move_is_in_the_table() {
        let (now, then) = (Time(9), Time(5));
        let why = || String::from("x");
        let states = [
            JobState::Waiting,
            JobState::Retrying { at: then, why: why() },
            JobState::Running { since: then },
            JobState::Stopping { since: then, then: Then::Canceled { why: why() } },
            JobState::Stopping { since: then, then: Then::Again { why: why() } },
            JobState::Publishing { since: then, intent: IntentId(1) },
            JobState::Done { at: then, how: Done::Succeeded },
            JobState::Failed { at: then, why: why() },
            JobState::Canceled { at: then, why: why() },
        ];
        let events = [
            JobEvent::Started,
            JobEvent::Finished(Done::Succeeded),
            JobEvent::PublishBegan(IntentId(1)),
            JobEvent::Rest { at: now, why: why() },
            JobEvent::Broke { why: why() },
            JobEvent::Again,
            JobEvent::StopAsked(Then::Canceled { why: why() }),
            JobEvent::StopAsked(Then::Again { why: why() }),
            JobEvent::Stopped,
            JobEvent::Requeued,
        ];
        let short = |state: &JobState| match state {
            JobState::Stopping { then: Then::Again { .. }, .. } => "stopping*",
            other => other.word(),
        };
        let mut table = format!("{:11}", "");
        let heads =
            ["started", "finished", "publish", "rest", "broke", "again", "cancel", "redo", "stopped", "requeued"];
        for head in &heads {
            table.push_str(&format!("{head:11}"));
        }
        for state in &states {
            let moves: Vec<String> = events
                .iter()
                .map(|event| match state.clone().after(event.clone(), now) {
                    Ok(next) => format!("{:11}", short(&next)),
                    Err(_) => format!("{:11}", "-"),
                })
                .collect();
            table = [table, format!("\n{:11}", short(state)), moves.concat()].concat();
        }
        let table: Vec<&str> = table.lines().map(str::trim_end).collect();
        insta::assert_snapshot!(table.join("\n"), @r"
                   started    finished   publish    rest       broke      again      cancel     redo       stopped    requeued
        waiting    running    done       publishing -          failed     waiting    canceled   waiting    -          waiting
        retrying   running    done       -          -          -          waiting    canceled   waiting    -          waiting
        running    -          done       publishing retrying   failed     waiting    stopping   stopping*  -          -
        stopping   -          -          -          -          -          -          stopping   stopping   canceled   -
        stopping*  -          -          -          -          -          -          stopping   stopping*  waiting    -
        publishing -          done       -          -          failed     waiting    -          -          -          -
        done       -          -          -          -          -          -          -          -          -          waiting
        failed     -          -          -          -          -          -          -          -          -          waiting
        canceled   -          -          -          -          -          -          -          -          -          waiting
        ");
    }
}
