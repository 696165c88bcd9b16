//! Waiting for jobs, builds or everything, with progress bars where somebody watches.

use super::{Outcome, Session};
use crate::client::Client;
use crate::complaint::{Complaint, Exit};
use crate::page::bar_text;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use show_protocol::{BuildId, JobId, JobLine, JobState, Push, Reply, Request, WaitedView, ask};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// After the daemon went away in the middle of a wait (an upgrade, say), it is looked for this long.
const AWAY_MAX: Duration = Duration::from_mins(1);
const AWAY_STEP: Duration = Duration::from_millis(250);

/// What to wait for.
#[derive(Debug, Clone)]
pub enum What {
    Ended { jobs: Vec<JobId>, builds: Vec<BuildId> },
    Idle { quiet_too: bool },
}

impl What {
    fn request(&self, progress: bool) -> Request {
        match self.clone() {
            Self::Ended { jobs, builds } => ask::Wait { jobs, builds, progress }.into(),
            Self::Idle { quiet_too } => ask::WaitIdle { quiet_too, progress }.into(),
        }
    }
}

/// `showctl wait`.
pub async fn wait(session: &Session<'_>, what: &What, limit: Option<Duration>, strict: bool) -> Outcome {
    let until = limit.map(|limit| Instant::now() + limit);
    match ended(session, what, until).await? {
        Waited::Ended(view) => {
            session.print(&view)?;
            if matches!(what, What::Idle { .. }) && !session.terminal.json {
                // What was asked for is over; this is only worth knowing.
                let _ = say_what_waits(session).await;
            }
            Ok(verdict(&view, strict).into())
        }
        Waited::TimedOut(view) => {
            match view {
                // Nothing runs, and yet it is not over: then it is the files.
                Some(view) if view.unfinished == 0 && view.jobs.is_empty() && !session.terminal.json => {
                    session.terminal.note("no job is going; files are still being looked at");
                }
                Some(view) => drop(session.print(&view)?),
                None => {}
            }
            let limit = jiff::SignedDuration::try_from(limit.unwrap_or_default()).unwrap_or_default();
            Err(Complaint::new(Exit::TimedOut, format!("not done after {limit:#}"))
                .hint("\"showctl status\" shows what is going on, \"showctl why JOB\" what a job waits for"))
        }
    }
}

/// Nothing goes on by itself; what stands until somebody acts is not done for that.
async fn say_what_waits(session: &Session<'_>) -> Result<(), Complaint> {
    let ask = ask::Jobs { states: vec![JobState::Waiting], ..ask::Jobs::default() };
    let waiting = session.connect().await?.ask(ask).await?.jobs.len();
    if waiting > 0 {
        let jobs = if waiting == 1 { "1 job waits" } else { "some jobs wait" };
        session.terminal.note(&format!("{jobs} for somebody to act: showctl jobs --state waiting"));
    }
    Ok(())
}

/// 0 when all that was waited for succeeded; what stands behind a failure, and so cannot end, has not.
pub fn verdict(view: &WaitedView, strict: bool) -> Exit {
    if view.failed > 0 || view.unfinished > 0 || (strict && view.with_errors > 0) { Exit::Failed } else { Exit::Done }
}

pub enum Waited {
    Ended(WaitedView),
    /// As things stood, where the daemon could still say.
    TimedOut(Option<WaitedView>),
}

/// Waits across restarts of the daemon.
pub async fn ended(session: &Session<'_>, what: &What, until: Option<Instant>) -> Result<Waited, Complaint> {
    let mut client = session.connect().await?;
    let mut bars = Bars::new(session.terminal.is_watched);
    loop {
        match once(&mut client, what, until, &mut bars).await {
            Err(complaint) if complaint.exit == Exit::Unreachable => {
                client = again(session, until).await.ok_or(complaint)?;
            }
            outcome => return outcome,
        }
    }
}

/// A new connection, once the daemon is back.
pub async fn again(session: &Session<'_>, until: Option<Instant>) -> Option<Client> {
    let back = Instant::now() + AWAY_MAX;
    let back = until.map_or(back, |until| until.min(back));
    while Instant::now() < back {
        sleep(AWAY_STEP).await;
        if let Ok(client) = session.connect().await {
            return Some(client);
        }
    }
    None
}

async fn once(client: &mut Client, what: &What, until: Option<Instant>, bars: &mut Bars) -> Result<Waited, Complaint> {
    let id = client.begin(what.request(bars.is_watched())).await?;
    loop {
        let reply = match until {
            Some(until) => match timeout_at(until, client.next()).await {
                Ok(reply) => reply?,
                Err(_) => return Ok(Waited::TimedOut(as_things_stand(client, id).await)),
            },
            None => client.next().await?,
        };
        match reply.body {
            Reply::Push(Push::Progress(job)) => bars.show(&job),
            body if reply.id == id && !matches!(body, Reply::Push(_)) => {
                return Ok(Waited::Ended(client.view::<ask::Wait>(body)?));
            }
            _ => {}
        }
    }
}

/// Ends the wait early and takes what it answers then.
async fn as_things_stand(client: &mut Client, id: u64) -> Option<WaitedView> {
    client.begin(ask::Stop { request: id }).await.ok()?;
    let answer = async {
        loop {
            let reply = client.next().await.ok()?;
            match reply.body {
                Reply::Push(Push::Over {}) if reply.id == id => return None,
                body if reply.id == id && !matches!(body, Reply::Push(_)) => {
                    return client.view::<ask::Wait>(body).ok();
                }
                _ => {}
            }
        }
    };
    timeout(Duration::from_secs(2), answer).await.ok().flatten()
}

/// A bar per running job, on standard error, gone when the wait is over.
struct Bars {
    all: Option<MultiProgress>,
    of: BTreeMap<JobId, ProgressBar>,
}

impl Bars {
    fn new(is_watched: bool) -> Self {
        let all = is_watched.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Self { all, of: BTreeMap::new() }
    }

    fn is_watched(&self) -> bool {
        self.all.is_some()
    }

    fn show(&mut self, job: &JobLine) {
        let Some(all) = &self.all else { return };
        if job.state.has_ended() {
            if let Some(bar) = self.of.remove(&job.job) {
                bar.finish_and_clear();
                all.remove(&bar);
            }
            return;
        }
        let bar = self.of.entry(job.job).or_insert_with(|| {
            let style = ProgressStyle::with_template("{bar:20} {percent:>3} % {wide_msg}").expect("a template of ours");
            all.add(ProgressBar::new(100).with_style(style.progress_chars("━━╌")))
        });
        bar.set_position(u64::from(job.percent.unwrap_or(0)));
        bar.set_message(bar_text(job));
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        for bar in self.of.values() {
            bar.finish_and_clear();
        }
    }
}
