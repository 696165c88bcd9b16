//! Answers requests: reads them off the core, the store and the archive, and words them as `show-protocol` says.
//!
//! Runs on the driver's thread and must be quick there: what takes reading blobs, texts or folders is packed up with
//! everything it needs and done elsewhere ([`Said::Later`]). What wants something done is put into the core's words
//! ([`wish()`]), and the core's answer into the client's ([`said`]). Decides nothing.

mod blame;
mod build;
mod conflict;
mod doctor;
mod done;
mod episode;
mod events;
mod file;
mod job;
mod name;
mod numbering;
mod quiet;
mod rest;
mod status;
mod wish;

pub use done::{as_things_stand, said};
pub use events::{events_from, progress};
pub use name::{EventWords, ShareName, World};
pub use wish::wish;

use crate::inbox::Said;
use crate::store::{Reader, StoreError};
use show_core::{Coordinator, Time};
use show_protocol::frame::{PAGE_ROWS, PAGE_ROWS_MAX};
use show_protocol::{Answer, DoneView, Refusal, RefusalKind, Reply, Request};

/// What can be seen at one moment: the core and the store agree.
pub struct Seen<'a> {
    pub core: &'a Coordinator,
    pub reader: &'a Reader,
    pub world: &'a World,
    pub now: Time,
}

/// An answer, or a no.
type Answered = Result<Said, No>;

/// Why a request is not answered as asked.
pub enum No {
    Refused(Refusal),
    /// The store failed: the process must end.
    Store(StoreError),
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for No {
    fn from(cause: StoreError) -> Self {
        Self::Store(cause)
    }
}

impl From<Answer> for Said {
    fn from(answer: Answer) -> Self {
        Self::Reply(answer.into())
    }
}

impl From<Refusal> for Said {
    fn from(refusal: Refusal) -> Self {
        Self::Reply(refusal.into())
    }
}

/// A refusal is an answer too; only the store's failure is the driver's business.
fn settle(answered: Answered) -> Result<Said, StoreError> {
    match answered {
        Ok(said) => Ok(said),
        Err(No::Refused(refusal)) => Ok(refusal.into()),
        Err(No::Store(cause)) => Err(cause),
    }
}

pub fn done() -> Reply {
    Answer::Done(DoneView {}).into()
}

fn later(work: impl FnOnce(&crate::blob::Archive) -> Said + Send + 'static) -> Said {
    Said::Later(Box::new(work))
}

fn not_found(text: impl Into<String>, hint: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::NotFound, text, hint)
}

fn invalid(text: impl Into<String>, hint: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Invalid, text, hint)
}

/// Rows of a page.
fn limit(asked: Option<u32>) -> usize {
    asked.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX) as usize
}

/// The place in a list that `after` names: what the page before gave as `next`.
fn place(after: Option<&str>) -> Result<u64, Refusal> {
    match after {
        None => Ok(0),
        Some(text) => text.parse().map_err(|_| {
            invalid(format!("\"{text}\" is no place in a list"), "pass \"next\" of the page before as it stands")
        }),
    }
}

/// The same for lists that go down by number.
fn before(after: Option<&str>) -> Result<Option<u64>, Refusal> {
    after.map(|_| place(after)).transpose()
}

/// One page of a list at hand.
fn page<T>(rows: Vec<T>, after: Option<&str>, asked: Option<u32>) -> Result<(Vec<T>, Option<String>), Refusal> {
    let from = usize::try_from(place(after)?).unwrap_or(usize::MAX);
    let (limit, total) = (limit(asked), rows.len());
    let page: Vec<T> = rows.into_iter().skip(from).take(limit).collect();
    let end = from.saturating_add(page.len());
    Ok((page, (end < total).then(|| end.to_string())))
}

/// True for requests that only read. They are answered once what was decided before them is kept.
pub fn only_reads(request: &Request) -> bool {
    use Request as R;
    match request {
        R::Version(_)
        | R::Status(_)
        | R::Episodes(_)
        | R::Episode(_)
        | R::Jobs(_)
        | R::Job(_)
        | R::Why(_)
        | R::Plan(_)
        | R::Log(_)
        | R::Follow(_)
        | R::Events(_)
        | R::Builds(_)
        | R::Build(_)
        | R::Pipelines(_)
        | R::Pipeline(_)
        | R::History(_)
        | R::Content(_)
        | R::EpisodeCheck(_)
        | R::Config(_)
        | R::Locks(_)
        | R::Proposals(_)
        | R::Proposal(_)
        | R::LeftOut(_)
        | R::Diagnostics(_)
        | R::Shares(_)
        | R::Conflicts(_)
        | R::Conflict(_)
        | R::Diff(_)
        | R::Blame(_)
        | R::Doctor(_) => true,
        R::Enumerate(ask) => !ask.apply,
        R::Renumber(ask) => !ask.apply,
        R::Normalise(ask) => !ask.apply,
        R::AddIgnores(_)
        | R::WhyFile(_)
        | R::Wait(_)
        | R::WaitIdle(_)
        | R::Requeue(_)
        | R::Cancel(_)
        | R::Submit(_)
        | R::Restore(_)
        | R::Resolve(_)
        | R::Edit(_)
        | R::Compile(_)
        | R::EpisodeNew(_)
        | R::Take(_)
        | R::Renew(_)
        | R::GiveBack(_)
        | R::Hold(_)
        | R::Release(_)
        | R::Accept(_)
        | R::Reject(_)
        | R::Sweep(_)
        | R::Stop(_) => false,
    }
}

/// Answers a request that [`only_reads`].
///
/// # Errors
/// When the store failed.
pub fn answer(seen: &Seen<'_>, request: Request) -> Result<Said, StoreError> {
    use Request as R;
    settle(match request {
        R::Version(_) => Ok(Answer::Version(rest::version(seen)).into()),
        R::Status(_) => status::status(seen),
        R::Episodes(ask) => episode::episodes(seen, &ask),
        R::Episode(ask) => episode::episode(seen, &ask),
        R::Jobs(ask) => job::jobs(seen, &ask),
        R::Job(ask) => job::job(seen, ask.job),
        R::Why(ask) => job::why(seen, ask.job),
        R::Plan(ask) => build::plan(seen, &ask),
        R::Log(ask) => job::log(seen, &ask),
        R::Follow(ask) => events::follow(seen, &ask),
        R::Events(ask) => events::events(seen, &ask),
        R::Builds(ask) => build::builds(seen, &ask),
        R::Build(ask) => build::build(seen, &ask),
        R::Pipelines(_) => Ok(build::pipelines(seen)),
        R::Pipeline(ask) => build::pipeline(seen, &ask),
        R::History(ask) => file::history(seen, &ask),
        R::Content(ask) => file::content(seen, &ask),
        R::EpisodeCheck(ask) => episode::check(seen, &ask),
        R::Config(_) => Ok(rest::config(seen)),
        R::Locks(_) => Ok(rest::locks(seen)),
        R::Proposals(ask) => file::proposals(seen, &ask),
        R::Proposal(ask) => file::proposal(seen, &ask),
        R::LeftOut(ask) => file::left_out(seen, ask),
        R::Diagnostics(ask) => file::diagnostics(seen, ask),
        R::Shares(_) => Ok(rest::shares(seen)),
        R::Conflicts(ask) => conflict::conflicts(seen, &ask),
        R::Conflict(ask) => conflict::conflict(seen, &ask),
        R::Diff(ask) => file::diff(seen, &ask),
        R::Blame(ask) => blame::blame(seen, &ask),
        R::Doctor(_) => Ok(doctor::doctor(seen)),
        R::Enumerate(ask) => numbering::enumerate(seen, &ask),
        R::Renumber(ask) => numbering::renumber(seen, &ask.episode),
        R::Normalise(ask) => numbering::normalise(seen, &ask.episode),
        other => unreachable!("{other:?} wants something done"),
    })
}

#[cfg(test)]
mod tests;
