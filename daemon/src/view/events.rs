//! The event log: pages, subscriptions, and progress, which is not in it.

use super::{Answered, Seen, job, limit, name::World, status};
use crate::inbox::Said;
use crate::store::StoreError;
use crate::words::episode_of;
use show_core::{EventRow, JobId, Seq};
use show_protocol::{Answer, EventView, EventsView, FollowView, JobLine};

/// Events that a follower is given at a time while it catches up.
const EVENTS_TOGETHER: usize = 500;

impl World {
    /// An event for a client.
    pub fn event(&self, event: &EventRow) -> EventView {
        let words = self.words(event);
        EventView {
            seq: show_protocol::Seq(event.seq.0),
            at_ms: event.at.0,
            kind: event.kind.to_string(),
            share: words.share,
            pipeline: event.subject.as_ref().map(|subject| subject.pipeline.to_string()),
            subject: event.subject.as_ref().map(|subject| subject.path.to_string()),
            episode: event.subject.as_ref().and_then(|subject| episode_of(&subject.path)),
            build: event.build.map(|build| show_protocol::BuildId(build.0)),
            job: event.job.map(|job| show_protocol::JobId(job.0)),
            step: words.step,
            file: words.file,
            text: event.text.clone(),
        }
    }
}

pub fn events(seen: &Seen<'_>, ask: &show_protocol::ask::Events) -> Answered {
    let oldest = seen.reader.oldest_event()?;
    let from = Seq(ask.from.0.max(oldest.0));
    let events = seen.reader.events(from, limit(ask.limit))?;
    let next = events.last().map_or(from, |event| Seq(event.seq.0 + 1));
    let end = next >= seen.reader.next_event()?;
    let events = events.iter().map(|event| seen.world.event(event)).collect();
    Ok(Answer::Events(EventsView { events, next: show_protocol::Seq(next.0), end }).into())
}

/// A subscription begins at the very moment of its snapshot.
pub fn follow(seen: &Seen<'_>, ask: &show_protocol::ask::Follow) -> Answered {
    let (oldest, next) = (seen.reader.oldest_event()?, seen.reader.next_event()?);
    let from = ask.from.map_or(next, |from| Seq(from.0.max(1)));
    let snapshot = if ask.snapshot { Some(status::gather(seen)?) } else { None };
    let view = move |archive: &crate::blob::Archive| FollowView {
        next: show_protocol::Seq(from.0),
        oldest: show_protocol::Seq(oldest.0),
        snapshot: snapshot.map(|snapshot| snapshot.finish(archive)),
    };
    Ok(Said::Follow { view: Box::new(view), from, progress: ask.progress })
}

/// The next events for a follower that catches up.
///
/// # Errors
/// When the store failed.
pub fn events_from(seen: &Seen<'_>, from: Seq) -> Result<Said, StoreError> {
    let events = seen.reader.events(from, EVENTS_TOGETHER)?;
    Ok(Said::Events { oldest: seen.reader.oldest_event()?, events })
}

/// A job as it is now, for whoever hears of progress. It may have ended.
///
/// # Errors
/// When the store failed.
pub fn progress(seen: &Seen<'_>, job: JobId) -> Result<Option<JobLine>, StoreError> {
    Ok(job::find(seen, job)?.map(|row| job::line(seen, &row)))
}
