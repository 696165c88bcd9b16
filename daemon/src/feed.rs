//! The newest events of the log, in memory, for everybody who follows it.
//!
//! The driver adds what was kept and wakes the followers; each reads on from its own place at its own pace, so a slow
//! one costs nobody anything. Whoever falls behind the oldest event here has a gap.

use show_core::{EventRow, Seq};
use show_protocol::JobLine;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{broadcast, watch};

/// Events kept in memory: several seconds of the busiest minute.
const EVENTS_MAX: usize = 4_096;
/// Progress reports kept for a slow follower; older ones are dropped, since only the newest says anything.
const PROGRESS_MAX: usize = 256;

#[derive(Debug, Clone)]
pub struct Feed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    recent: Mutex<VecDeque<Arc<EventRow>>>,
    /// The number that the next event gets.
    next: watch::Sender<Seq>,
    progress: broadcast::Sender<Arc<JobLine>>,
}

/// What a follower finds at its place.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// These come next; may be none.
    Events(Vec<Arc<EventRow>>),
    /// The event at its place is no longer here; the oldest that is has this number.
    Behind { oldest: Seq },
}

impl Feed {
    pub fn new(next: Seq) -> Self {
        Self(Arc::new(Inner {
            recent: Mutex::default(),
            next: watch::Sender::new(next),
            progress: broadcast::Sender::new(PROGRESS_MAX),
        }))
    }

    /// Adds events that were kept, in order.
    pub fn add(&self, events: Vec<EventRow>) {
        let Some(last) = events.last().map(|event| event.seq) else { return };
        let mut recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.extend(events.into_iter().map(Arc::new));
        let surplus = recent.len().saturating_sub(EVENTS_MAX);
        recent.drain(..surplus);
        drop(recent);
        self.0.next.send_replace(Seq(last.0 + 1));
    }

    /// Events from `from` on, at most `limit`.
    pub fn read(&self, from: Seq, limit: usize) -> Found {
        let recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let next = *self.0.next.borrow();
        let oldest = recent.front().map_or(next, |event| event.seq);
        if from < oldest && from < next {
            return Found::Behind { oldest };
        }
        let skip = usize::try_from(from.0.saturating_sub(oldest.0)).unwrap_or(usize::MAX);
        Found::Events(recent.iter().skip(skip).take(limit).cloned().collect())
    }

    /// Changes with every event.
    pub fn next(&self) -> watch::Receiver<Seq> {
        self.0.next.subscribe()
    }

    pub fn progress(&self) -> broadcast::Receiver<Arc<JobLine>> {
        self.0.progress.subscribe()
    }

    /// True while somebody wants to hear of progress.
    pub fn has_progress_listeners(&self) -> bool {
        self.0.progress.receiver_count() > 0
    }

    pub fn tell_progress(&self, line: JobLine) {
        // Nobody listening is fine.
        let _ = self.0.progress.send(Arc::new(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use show_core::Time;

    fn events(numbers: std::ops::Range<u64>) -> Vec<EventRow> {
        numbers
            .map(|seq| EventRow {
                seq: Seq(seq),
                at: Time(0),
                kind: "job.done".into(),
                subject: None,
                job: None,
                build: None,
                step: None,
                file: None,
                text: String::new(),
            })
            .collect()
    }

    fn numbers(found: &Found) -> Vec<u64> {
        match found {
            Found::Events(events) => events.iter().map(|event| event.seq.0).collect(),
            Found::Behind { .. } => panic!("behind"),
        }
    }

    #[test]
    fn a_follower_reads_on_from_its_place() {
        let feed = Feed::new(Seq(10));
        assert_eq!(feed.read(Seq(10), 5), Found::Events(Vec::new()));
        assert_eq!(feed.read(Seq(4), 5), Found::Behind { oldest: Seq(10) });
        feed.add(events(10..20));
        assert_eq!(numbers(&feed.read(Seq(12), 3)), [12, 13, 14]);
        assert_eq!(feed.read(Seq(20), 3), Found::Events(Vec::new()));
        assert_eq!(*feed.next().borrow(), Seq(20));
    }

    #[test]
    fn who_falls_behind_is_told_where_the_feed_begins() {
        let feed = Feed::new(Seq(1));
        feed.add(events(1..5_000));
        assert_eq!(feed.read(Seq(7), 3), Found::Behind { oldest: Seq(5_000 - 4_096) });
    }
}
