//! Submitting and seeing it through: `compile`, `submit --wait`.

use super::wait::{Waited, What, ended, verdict};
use super::{Outcome, Session};
use crate::complaint::Complaint;
use crate::page::Page as _;
use serde::Serialize;
use show_protocol::{Ask, BuildId, JobLine, OutputView, SubmittedView, WaitedView, ask};

/// The shape of `compile --json` and `submit --wait --json`.
#[derive(Serialize)]
struct Finished {
    build: BuildId,
    waited: WaitedView,
    /// Files that its jobs made.
    outputs: Vec<OutputView>,
}

/// `showctl compile`: the scripts' paths on standard output, one a line, and nothing else. Only what scripts need is
/// waited for: a note that waits to be written (for quiet, for somebody to resolve its conflict copy) holds none up.
pub async fn compile(session: &Session<'_>, ask: ask::Compile) -> Outcome {
    see_through(session, ask, Some("compile"), |output| output.file.contains("/scripts/")).await
}

/// `showctl submit --wait`.
pub async fn submit_and_wait(session: &Session<'_>, ask: ask::Submit) -> Outcome {
    see_through(session, ask, None, |_| true).await
}

/// Submits, waits for the jobs of one step or of all, and prints what they made.
async fn see_through<A>(
    session: &Session<'_>,
    ask: A,
    step: Option<&str>,
    wanted: impl Fn(&OutputView) -> bool,
) -> Outcome
where
    A: Ask<View = SubmittedView>,
{
    let SubmittedView { build, .. } = session.connect().await?.ask(ask).await?;
    if session.terminal.is_watched {
        session.terminal.note(&format!("build {build}"));
    }
    let of_step = match step {
        Some(step) => jobs_of(session, build).await?.into_iter().filter(|job| job.step == step).collect(),
        None => Vec::new(),
    };
    // A pipeline of somebody's own may do it in a step of another name.
    let builds = if of_step.is_empty() { vec![build] } else { Vec::new() };
    let what = What::Ended { jobs: of_step.iter().map(|job| job.job).collect(), builds };
    let waited = match ended(session, &what, None).await? {
        Waited::Ended(view) | Waited::TimedOut(Some(view)) => view,
        Waited::TimedOut(None) => WaitedView::default(),
    };
    let outputs: Vec<_> = outputs(session, build).await?.into_iter().filter(|output| wanted(output)).collect();
    let exit = verdict(&waited, false);
    if session.terminal.json {
        session.terminal.print_json(&Finished { build, waited, outputs })?;
        return Ok(exit.into());
    }
    let paths: String = outputs.iter().map(|output| format!("{}\n", output.path)).collect();
    session.terminal.print(&paths)?;
    if paths.is_empty() || waited.failed > 0 || waited.with_errors > 0 {
        session.terminal.note(waited.page(&session.terminal.look()).trim_end());
    }
    Ok(exit.into())
}

/// What the jobs of a build made, in pipeline order.
async fn outputs(session: &Session<'_>, build: BuildId) -> Result<Vec<OutputView>, Complaint> {
    let jobs = jobs_of(session, build).await?;
    let mut client = session.connect().await?;
    let mut outputs = Vec::new();
    for job in jobs.iter().filter(|job| job.state.is_success()) {
        outputs.extend(client.ask(ask::Job { job: job.job }).await?.outputs);
    }
    Ok(outputs)
}

/// All jobs of a build, in pipeline order.
async fn jobs_of(session: &Session<'_>, build: BuildId) -> Result<Vec<JobLine>, Complaint> {
    let mut client = session.connect().await?;
    let (mut jobs, mut after) = (Vec::new(), None);
    loop {
        let view = client.ask(ask::Build { build, after, limit: None }).await?;
        jobs.extend(view.jobs);
        after = view.next;
        if after.is_none() {
            return Ok(jobs);
        }
    }
}
