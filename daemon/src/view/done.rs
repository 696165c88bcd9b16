//! The core's answers in the client's words.

use super::{Answered, Seen, build, job, quiet, rest, settle};
use crate::inbox::{Said, Then};
use crate::store::StoreError;
use show_core::{JobRow, JobState as State, Reply as CoreReply};
use show_protocol::frame::PAGE_ROWS_MAX;
use show_protocol::{
    Answer, DoneView, EpisodeMadeView, IdsView, PublishedView, Refusal, RefusalKind, SubmittedView, WaitedView,
};

/// Words what the core said to what `then` was asked for.
///
/// # Errors
/// When the store failed.
pub fn said(seen: &Seen<'_>, then: Then, reply: CoreReply) -> Result<Said, StoreError> {
    settle(word(seen, then, reply))
}

/// A wait that its client gives up: what has become of the jobs so far.
///
/// # Errors
/// When the store failed.
pub fn as_things_stand(seen: &Seen<'_>, then: &Then) -> Result<Said, StoreError> {
    settle(match then {
        Then::Waited { jobs, builds, idle } => waited(seen, jobs, builds, *idle, true),
        _ => Ok(super::done().into()),
    })
}

pub fn refusal(refusal: show_core::Refusal) -> Refusal {
    let kind = match refusal.kind {
        show_core::RefusalKind::NotFound => RefusalKind::NotFound,
        show_core::RefusalKind::NotNow => RefusalKind::NotNow,
        show_core::RefusalKind::NotAllowed => RefusalKind::NotAllowed,
        show_core::RefusalKind::Invalid => RefusalKind::Invalid,
    };
    Refusal::new(kind, refusal.text, refusal.hint)
}

fn word(seen: &Seen<'_>, then: Then, reply: CoreReply) -> Answered {
    let reply = match reply {
        CoreReply::Refused(no) => return Err(refusal(no).into()),
        reply => reply,
    };
    Ok(match (then, reply) {
        (Then::Waited { jobs, builds, idle }, _) => return waited(seen, &jobs, &builds, idle, false),
        (Then::Lock { .. }, CoreReply::Taken { lease, token }) => return rest::lock(seen, lease, Some(token)),
        (Then::Renewed { lease }, _) => return rest::lock(seen, lease, None),
        (Then::Submitted, CoreReply::Submitted { build, jobs }) => Answer::Submitted(SubmittedView {
            build: show_protocol::BuildId(build.0),
            jobs: jobs.into_iter().map(|job| show_protocol::JobId(job.0)).collect(),
        })
        .into(),
        (Then::Ids, CoreReply::Jobs { jobs }) => ids(jobs.into_iter().map(|job| job.0)),
        (Then::Published { files, text }, reply) => published(&files, text, &reply),
        (Then::WhyFile { file }, _) => return quiet::why(seen, &file),
        (Then::EpisodeMade { episode, file, files }, _) => Answer::EpisodeMade(EpisodeMadeView {
            episode,
            share: seen.world.share_name(file.share),
            path: seen.world.absolute(&file),
            files: files.iter().map(|file| file.path.to_string()).collect(),
        })
        .into(),
        (Then::Changes { view }, _) => Answer::Changes(*view).into(),
        (Then::ThisMany { ids: those }, _) => ids(those.into_iter()),
        _ => Answer::Done(DoneView {}).into(),
    })
}

fn ids(ids: impl Iterator<Item = u64>) -> Said {
    Answer::Ids(IdsView { ids: ids.collect() }).into()
}

fn published(files: &[show_core::FilePath], text: String, reply: &CoreReply) -> Said {
    Answer::Published(PublishedView {
        text,
        files: files.iter().map(|file| file.path.to_string()).collect(),
        in_place: matches!(reply, CoreReply::Published),
    })
    .into()
}

/// How everything that was waited for stands. `is_cut_short`: the client gave up; who waits for idleness then hears what
/// it still would have waited for, which is nothing that waits for somebody outside.
fn waited(
    seen: &Seen<'_>,
    jobs: &[show_core::JobId],
    builds: &[show_protocol::BuildId],
    idle: bool,
    is_cut_short: bool,
) -> Answered {
    let mut rows: Vec<JobRow> = Vec::new();
    for id in jobs {
        rows.extend(job::find(seen, *id)?);
    }
    for id in builds {
        for id in build::must_find(seen, *id)?.jobs {
            rows.extend(job::find(seen, id)?);
        }
    }
    if idle {
        let goes_on = |job: &JobRow| match &job.state {
            State::Failed { .. } => true,
            State::Waiting => is_cut_short && !seen.core.blockers(job.id).iter().any(show_core::Blocker::is_outside),
            state => is_cut_short && !state.is_over(),
        };
        rows.extend(seen.core.jobs().filter(|job| goes_on(job)).cloned());
    }
    rows.sort_by_key(|row| row.id);
    rows.dedup_by_key(|row| row.id);
    let counts = build::count(&rows);
    let view = WaitedView {
        jobs: rows.iter().take(PAGE_ROWS_MAX as usize).map(|row| job::line(seen, row)).collect(),
        succeeded: counts.succeeded + counts.nothing_to_do,
        with_errors: counts.with_errors,
        failed: counts.failed + counts.canceled,
        unfinished: counts.waiting + counts.running + counts.changing,
    };
    Ok(Answer::Waited(view).into())
}
