//! What attempts printed, and the event log.

use super::StatusView;
use crate::{AttemptNo, BuildId, JobId, Seq};

words! {
    /// Where a line was printed.
    Stream { Out = "out", Err = "err" }
}

views! {
    /// A piece of what an attempt printed.
    LogView {
        job: JobId,
        attempt: AttemptNo,
        lines: Vec<LogLine>,
        /// For `from` of the next piece.
        next: u64,
        /// The attempt has ended and this is the last piece.
        ended: bool,
    }

    /// One line.
    LogLine { at_ms: i64, stream: Stream, text: String }

    /// A subscription has begun.
    FollowView {
        /// The number of the first event that will be pushed.
        next: Seq,
        /// The oldest event that is kept.
        oldest: Seq,
        /// The status exactly as it was before `next`, when asked for.
        snapshot: Option<StatusView>,
    }

    /// A page of the event log.
    EventsView {
        events: Vec<EventView>,
        /// For `from` of the next page: one past the last.
        next: Seq,
        /// There is nothing after these yet.
        end: bool,
    }

    /// One entry of the event log.
    EventView {
        seq: Seq,
        at_ms: i64,
        /// `job.done`, `publish.done`, `file.left_out`, …
        kind: String,
        share: Option<String>,
        pipeline: Option<String>,
        subject: Option<String>,
        episode: Option<String>,
        build: Option<BuildId>,
        job: Option<JobId>,
        step: Option<String>,
        file: Option<String>,
        /// For people, one line.
        text: String,
    }
}
