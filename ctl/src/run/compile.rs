//! Submitting and seeing it through: `compile`, `submit --wait`.

use super::wait::{Waited, What, ended, verdict};
use super::{Outcome, Session};
use crate::complaint::Complaint;
use crate::page::Page as _;
use serde::Serialize;
use show_protocol::{Ask, BuildId, OutputView, SubmittedView, WaitedView, ask};

/// The shape of `compile --json` and `submit --wait --json`.
#[derive(Serialize)]
struct Finished {
    build: BuildId,
    waited: WaitedView,
    /// Files that its jobs made.
    outputs: Vec<OutputView>,
}

/// `showctl compile`: the scripts' paths on standard output, one a line, and nothing else.
pub async fn compile(session: &Session<'_>, ask: ask::Compile) -> Outcome {
    see_through(session, ask, |output| output.file.contains("/scripts/")).await
}

/// `showctl submit --wait`.
pub async fn submit_and_wait(session: &Session<'_>, ask: ask::Submit) -> Outcome {
    see_through(session, ask, |_| true).await
}

async fn see_through<A>(session: &Session<'_>, ask: A, wanted: impl Fn(&OutputView) -> bool) -> Outcome
where
    A: Ask<View = SubmittedView>,
{
    let SubmittedView { build, .. } = session.connect().await?.ask(ask).await?;
    if session.terminal.is_watched {
        session.terminal.note(&format!("build {build}"));
    }
    let what = What::Ended { jobs: Vec::new(), builds: vec![build] };
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
    let mut client = session.connect().await?;
    let (mut outputs, mut after) = (Vec::new(), None);
    loop {
        let view = client.ask(ask::Build { build, after, limit: None }).await?;
        for job in view.jobs.iter().filter(|job| job.state.is_success()) {
            outputs.extend(client.ask(ask::Job { job: job.job }).await?.outputs);
        }
        after = view.next;
        if after.is_none() {
            return Ok(outputs);
        }
    }
}
