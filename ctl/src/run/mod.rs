//! Commands carried out: one question and its page, or one of the longer stories in the modules below.

mod check;
mod compile;
mod conflict;
mod follow;
mod history;
mod lock;
mod log;
mod own;
mod wait;

use crate::args::{Cli, Command, EpisodeCommand, PipelinesCommand};
use crate::client::Client;
use crate::complaint::{Complaint, Exit};
use crate::page::{BuildPage, Page, done_to, nothing_to_do_line};
use crate::place;
use crate::terminal::Terminal;
use clap::CommandFactory as _;
use serde::Serialize;
use show_protocol::{Ask, Health, IdsView, JobState, VersionView, ask};
use std::path::PathBuf;
use std::process::ExitCode;

/// What every command has: where the daemon is, and where to print.
pub struct Session<'a> {
    terminal: &'a Terminal,
    socket: PathBuf,
}

type Outcome = Result<ExitCode, Complaint>;

impl Session<'_> {
    async fn connect(&self) -> Result<Client, Complaint> {
        Client::connect(&self.socket).await
    }

    /// Asks one question and shows its answer.
    async fn show<A: Ask>(&self, ask: A) -> Outcome
    where
        A::View: Page + Serialize,
    {
        let view = self.connect().await?.ask(ask).await?;
        self.print(&view)
    }

    fn print(&self, view: &(impl Page + Serialize)) -> Outcome {
        if self.terminal.json {
            self.terminal.print_json(view)?;
        } else {
            self.terminal.print(&view.page(&self.terminal.look()))?;
        }
        Ok(Exit::Done.into())
    }

    /// Asks for something to be done to many, and says to which it was.
    async fn told<A: Ask<View = IdsView>>(&self, ask: A, verb: &str, noun: &str) -> Outcome {
        let ids = self.connect().await?.ask(ask).await?;
        if self.terminal.json {
            self.terminal.print_json(&ids)?;
        } else {
            self.terminal.print(&done_to(verb, noun, &ids))?;
        }
        Ok(Exit::Done.into())
    }
}

/// Carries out a command.
///
/// # Errors
/// With the complaint to tell before going.
pub async fn run(cli: Cli, terminal: &Terminal) -> Outcome {
    let session = Session { terminal, socket: place::socket(cli.common.socket) };
    match cli.command {
        Command::Status => session.show(ask::Status {}).await,
        Command::Episodes(page) => session.show(ask::Episodes { after: page.after, limit: page.limit }).await,
        Command::Episode { command: Some(command), .. } => episode(&session, command).await,
        Command::Episode { command: None, episode } => {
            session.show(ask::Episode { episode: episode.expect("clap wants one or the other") }).await
        }
        Command::Jobs { states, all, step, episode, build, page } => {
            let ask = ask::Jobs { states, step, episode, build, after: page.after, limit: page.limit };
            jobs(&session, ask, all).await
        }
        Command::Job { job } => session.show(ask::Job { job }).await,
        Command::Why { about } => match about.parse() {
            Ok(job) => session.show(ask::Why { job }).await,
            Err(_) => session.show(ask::WhyFile { path: place::path(about.as_ref())? }).await,
        },
        Command::Plan { about, page } => {
            let (episode, path) = match about {
                Some(word) if place::is_episode(&word) => (Some(word), None),
                Some(word) => (None, Some(place::path(word.as_ref())?)),
                None => (None, None),
            };
            session.show(ask::Plan { episode, path, after: page.after, limit: page.limit }).await
        }
        Command::Log { job, attempt, stream, follow, times } => {
            let ask = ask::Log { job, attempt, stream, from: 0, follow };
            log::log(&session, ask, times).await
        }
        Command::Follow { from, no_wait } => follow::follow(&session, from, no_wait).await,
        Command::Wait { jobs, builds, idle, before_quiet, timeout, strict } => {
            let ended = wait::What::Ended { jobs, builds };
            let what = if idle { wait::What::Idle { quiet_too: !before_quiet } } else { ended };
            wait::wait(&session, &what, timeout, strict).await
        }
        Command::Requeue { jobs, failed, episode, force } => {
            session.told(ask::Requeue { jobs, failed, episode, force }, "requeued", "job").await
        }
        Command::Cancel { jobs, builds } => session.told(ask::Cancel { jobs, builds }, "canceled", "job").await,
        Command::Submit { pipeline, subject, parameters, wait } => {
            let ask = ask::Submit { pipeline, subject, parameters: parameters.into_iter().collect() };
            if wait { compile::submit_and_wait(&session, ask).await } else { session.show(ask).await }
        }
        Command::Builds { episode, pipeline, page } => {
            session.show(ask::Builds { episode, pipeline, after: page.after, limit: page.limit }).await
        }
        Command::Build { build, all, page } => {
            let ask = ask::Build { build, after: page.after, limit: page.limit };
            let view = session.connect().await?.ask(ask).await?;
            if terminal.json {
                terminal.print_json(&view)?;
            } else {
                terminal.print(&BuildPage { view: &view, is_brief: !all }.page(&terminal.look()))?;
            }
            Ok(Exit::Done.into())
        }
        Command::Pipelines { command: None } => session.show(ask::Pipelines {}).await,
        Command::Pipelines { command: Some(PipelinesCommand::Show { pipeline }) } => {
            session.show(ask::Pipeline { pipeline }).await
        }
        Command::History { path, page } => {
            session.show(ask::History { path: place::path(&path)?, after: page.after, limit: page.limit }).await
        }
        Command::Show { path, revision } => history::text(&session, place::path(&path)?, revision).await,
        Command::Restore { path, revision } => history::restore(&session, place::path(&path)?, revision).await,
        Command::Diff { path, from, to } => session.show(ask::Diff { path: place::path(&path)?, from, to }).await,
        Command::Blame { path } => session.show(ask::Blame { path: place::path(&path)? }).await,
        Command::Conflicts(page) => session.show(ask::Conflicts { after: page.after, limit: page.limit }).await,
        Command::Resolve { path, choice } => conflict::resolve(&session, place::path(&path)?, choice).await,
        Command::Check { paths, fix, dry_run } => check::check(&session, check::Check { paths, fix, dry_run }).await,
        Command::Compile { episode, presets } => compile::compile(&session, ask::Compile { episode, presets }).await,
        Command::Enumerate { episode, remove, apply } => session.show(ask::Enumerate { episode, remove, apply }).await,
        Command::Renumber { episode, apply } => session.show(ask::Renumber { episode, apply }).await,
        Command::Normalise { episode, apply } => session.show(ask::Normalise { episode, apply }).await,
        Command::Diagnostics { about, episode, path, severity, page } => {
            let about_episode = about.clone().filter(|word| place::is_episode(word));
            let about_path = about.filter(|_| about_episode.is_none()).map(PathBuf::from);
            let episode = episode.or(about_episode);
            let path = path.or(about_path).as_deref().map(place::path).transpose()?;
            session.show(ask::Diagnostics { episode, path, severity, after: page.after, limit: page.limit }).await
        }
        Command::LeftOut { about, episode, page } => {
            session.show(ask::LeftOut { episode: episode.or(about), after: page.after, limit: page.limit }).await
        }
        Command::Proposals { proposal: Some(proposal), .. } => session.show(ask::Proposal { proposal }).await,
        Command::Proposals { proposal: None, states, episode, page } => {
            session.show(ask::Proposals { states, episode, after: page.after, limit: page.limit }).await
        }
        Command::Accept { proposals } => session.told(ask::Accept { proposals }, "accepted", "proposal").await,
        Command::Reject { proposals } => session.told(ask::Reject { proposals }, "rejected", "proposal").await,
        Command::Lock { path, why, timeout, no_wait, command } => {
            let patience = if no_wait { Some(std::time::Duration::ZERO) } else { timeout };
            lock::lock(&session, ask::Take { path: place::path(&path)?, why }, patience, &command).await
        }
        Command::Hold { path, why } => session.show(ask::Hold { path: place::path(&path)?, why }).await,
        Command::Release { path } => session.show(ask::Release { path: place::path(&path)? }).await,
        Command::Locks => session.show(ask::Locks {}).await,
        Command::GiveBack { lock } => session.show(ask::GiveBack { lock }).await,
        Command::Own { path, take } => own::own(terminal, &path, take),
        Command::Sweep { dry_run } => session.show(ask::Sweep { dry_run }).await,
        Command::Shares => session.show(ask::Shares {}).await,
        Command::Doctor { add_ignores: true } => session.show(ask::AddIgnores { share: None }).await,
        Command::Doctor { add_ignores: false } => {
            let view = session.connect().await?.ask(ask::Doctor {}).await?;
            let is_broken = view.findings.iter().any(|finding| finding.health == Health::Bad);
            session.print(&view)?;
            Ok(if is_broken { Exit::Failed } else { Exit::Done }.into())
        }
        Command::Config => session.show(ask::Config {}).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "showctl", &mut script);
            terminal.print(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Done.into())
        }
        Command::Version => version(&session).await,
    }
}

/// Most jobs of a show that is up to date had nothing to do: they are shown when asked for.
async fn jobs(session: &Session<'_>, mut ask: ask::Jobs, all: bool) -> Outcome {
    let is_brief = ask.states.is_empty() && !all;
    if is_brief {
        ask.states = JobState::ALL.iter().copied().filter(|state| !state.had_nothing_to_do()).collect();
    }
    let view = session.connect().await?.ask(ask).await?;
    let exit = session.print(&view)?;
    if is_brief && !session.terminal.json {
        session.terminal.print(&nothing_to_do_line(view.passed_over, &session.terminal.look()))?;
    }
    Ok(exit)
}

async fn episode(session: &Session<'_>, command: EpisodeCommand) -> Outcome {
    match command {
        EpisodeCommand::New { episode, title, airdate, kind } => {
            session.show(ask::EpisodeNew { episode, title, airdate, kind }).await
        }
        EpisodeCommand::Check { episode } => {
            let view = session.connect().await?.ask(ask::EpisodeCheck { episode }).await?;
            session.print(&view)?;
            Ok(if view.valid { Exit::Done } else { Exit::Failed }.into())
        }
    }
}

/// The shape of `version --json`.
#[derive(Serialize)]
struct Versions {
    client: &'static str,
    protocols: &'static [u32],
    /// `null` when no daemon answers; the exit code is then 3.
    daemon: Option<VersionView>,
}

async fn version(session: &Session<'_>) -> Outcome {
    let daemon = match session.connect().await {
        Ok(mut client) => client.ask(ask::Version {}).await,
        Err(complaint) => Err(complaint),
    };
    let client = env!("CARGO_PKG_VERSION");
    if session.terminal.json {
        let daemon = daemon.as_ref().ok().cloned();
        session.terminal.print_json(&Versions { client, protocols: show_protocol::VERSIONS, daemon })?;
    } else {
        session.terminal.print(&format!("showctl {client}\n"))?;
    }
    let view = daemon?;
    if !session.terminal.json {
        session.terminal.print(&view.page(&session.terminal.look()))?;
    }
    Ok(Exit::Done.into())
}
