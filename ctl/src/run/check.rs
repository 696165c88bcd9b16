//! `showctl check`: what is wrong, and with `--fix` less of it.

use super::{Outcome, Session};
use crate::check::{Mended, Reading, Scope, count, mend, publish};
use crate::client::Client;
use crate::complaint::{Complaint, Exit};
use crate::page::{diff_lines, pictures, total};
use show_protocol::{ShareView, ask};
use show_publish::Digest;
use std::path::PathBuf;

/// What was asked for.
pub struct Check {
    pub paths: Vec<PathBuf>,
    pub fix: bool,
    pub dry_run: bool,
}

/// Exits with 1 when errors are left, and with 4 when a repair may not be written now.
pub async fn check(session: &Session<'_>, check: Check) -> Outcome {
    let terminal = session.terminal;
    let mut reading = Reading::of(Scope::of(&check.paths)?)?;
    for name in &reading.odd {
        terminal.note(&format!("note: {name} is left out: its name is not UTF-8"));
    }
    let mut worst = Exit::Done;
    if check.fix {
        let mended = mend(&mut reading, terminal.look().now_ms);
        show(session, &mended)?;
        if check.dry_run {
            terminal.note("nothing is written: --dry-run");
        } else {
            worst = write(session, &mended).await?;
        }
        if worst != Exit::Done {
            // What was not written is still wrong.
            reading = Reading::of(Scope::of(&check.paths)?)?;
        }
    }
    let read = reading.check();
    let (errors, warnings) = count(&read);
    if terminal.json {
        terminal.print_json(&read.iter().map(|read| &read.checked.report).collect::<Vec<_>>())?;
    } else {
        for one in &read {
            if !terminal.print_more(&pictures(&one.checked.diagnostics, one.text, &terminal.look()))? {
                break;
            }
        }
        terminal.print(&total(errors, warnings, read.len() as u64))?;
    }
    Ok(if worst == Exit::Done && errors > 0 { Exit::Failed } else { worst }.into())
}

/// The diff first: on standard output for people, beside the JSON for programs.
fn show(session: &Session<'_>, mended: &[Mended]) -> Result<(), Complaint> {
    for one in mended {
        let diff = diff_lines(&one.diff());
        if session.terminal.json {
            session.terminal.note(diff.trim_end());
        } else {
            session.terminal.print(&diff)?;
        }
        if let Some(why) = &one.refused {
            session.terminal.note(&format!("note: {} is left as it is: {why}", one.name));
        }
    }
    if mended.is_empty() {
        session.terminal.note("nothing to repair");
    }
    Ok(())
}

/// Writes every mended text: by the daemon where one owns the share, else from here. Says how it went with the worst.
async fn write(session: &Session<'_>, mended: &[Mended]) -> Result<Exit, Complaint> {
    let terminal = session.terminal;
    let mended: Vec<_> = mended.iter().filter(|one| one.refused.is_none()).collect();
    if mended.is_empty() {
        return Ok(Exit::Done);
    }
    let mut written_total = 0;
    let all = mended.len() as u64;
    let mut daemon = Daemon::find(session).await?;
    let mut worst = Exit::Done;
    for one in mended {
        let written = match &mut daemon {
            Some(daemon) if daemon.owns(one) => daemon.write(one).await,
            _ => publish(one, &state()?, terminal.look().now_ms).map(|()| format!("{}: repaired", one.name)),
        };
        match written {
            Ok(text) => {
                written_total += 1;
                terminal.note(&text);
            }
            Err(complaint) => {
                worst = worst.max(complaint.exit);
                let _ = terminal.complain(&complaint);
            }
        }
    }
    if all == 1 {
        return Ok(worst);
    }
    let left = if written_total == all { String::new() } else { format!(" of {all}") };
    terminal.note(&format!("repaired {written_total}{left} files"));
    Ok(worst)
}

/// A running daemon and what it owns.
struct Daemon {
    client: Client,
    shares: Vec<ShareView>,
}

impl Daemon {
    /// None when nobody answers: then there is no owner to ask.
    async fn find(session: &Session<'_>) -> Result<Option<Self>, Complaint> {
        let mut client = match session.connect().await {
            Ok(client) => client,
            Err(complaint) if complaint.exit == Exit::Unreachable => return Ok(None),
            Err(complaint) => return Err(complaint),
        };
        let shares = client.ask(ask::Shares {}).await?.shares;
        Ok(Some(Self { client, shares }))
    }

    fn owns(&self, mended: &Mended) -> bool {
        let whole = mended.path.canonicalize().unwrap_or_else(|_| mended.path.clone());
        self.shares.iter().any(|share| whole.starts_with(PathBuf::from(&share.root).canonicalize().unwrap_or_default()))
    }

    async fn write(&mut self, mended: &Mended) -> Result<String, Complaint> {
        let whole = mended.path.canonicalize().unwrap_or_else(|_| mended.path.clone());
        let ask = ask::Edit {
            path: whole.display().to_string(),
            base: Digest::of(mended.old.as_bytes()).to_string(),
            edits: serde_json::to_string(&mended.edits).expect("edits have text keys only"),
            what: "check --fix".into(),
        };
        let view = self.client.ask(ask).await?;
        let later = if view.in_place { "" } else { "; written once the file is quiet and free" };
        Ok(format!("{}{later}", view.text))
    }
}

/// Where the texts before and after are kept, as showd does in its own state.
pub fn state() -> Result<PathBuf, Complaint> {
    let named = std::env::var_os("XDG_STATE_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let home =
        || std::env::var_os("HOME").filter(|dir| !dir.is_empty()).map(|home| PathBuf::from(home).join(".local/state"));
    let state = named.or_else(home).ok_or_else(|| {
        Complaint::new(Exit::Failed, "there is no place to keep the text as it was")
            .hint("set XDG_STATE_HOME or HOME to a folder outside the share")
    })?;
    Ok(state.join("showctl"))
}
