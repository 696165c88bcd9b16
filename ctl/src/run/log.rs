//! What an attempt printed, to the end or as it comes.

use super::wait::again;
use super::{Outcome, Session};
use crate::client::Client;
use crate::complaint::{Complaint, Exit};
use crate::page::log_lines;
use show_protocol::{LogLine, LogView, Push, Reply, ask};

/// `showctl log`. With `--json` one object for the whole, or with `--follow` one per line.
pub async fn log(session: &Session<'_>, ask: ask::Log, times: bool) -> Outcome {
    if ask.follow { follow(session, ask, times).await } else { whole(session, ask, times).await }
}

async fn whole(session: &Session<'_>, mut ask: ask::Log, times: bool) -> Outcome {
    let mut client = session.connect().await?;
    let mut whole = LogView::default();
    loop {
        let piece = client.ask(ask.clone()).await?;
        let goes_on = !piece.ended && piece.next > ask.from;
        // A retry that begins meanwhile must not be mixed in.
        ask.attempt = Some(piece.attempt);
        ask.from = piece.next;
        if session.terminal.json {
            let lines = std::mem::take(&mut whole.lines);
            whole = LogView { lines: [lines, piece.lines].concat(), ..piece };
        } else if !print(session, &piece.lines, times)? {
            break;
        }
        if !goes_on {
            break;
        }
    }
    if session.terminal.json {
        session.terminal.print_json(&whole)?;
    }
    Ok(Exit::Done.into())
}

async fn follow(session: &Session<'_>, mut ask: ask::Log, times: bool) -> Outcome {
    let mut client = session.connect().await?;
    loop {
        match subscribe(session, &mut client, &mut ask, times).await {
            // The attempt goes on without the daemon.
            Err(complaint) if complaint.exit == Exit::Unreachable => {
                client = again(session, None).await.ok_or(complaint)?;
            }
            outcome => return outcome,
        }
    }
}

/// Prints what is pushed to the end; `ask` remembers how far it came.
async fn subscribe(session: &Session<'_>, client: &mut Client, ask: &mut ask::Log, times: bool) -> Outcome {
    let id = client.begin(ask.clone()).await?;
    loop {
        let reply = client.next().await?;
        if reply.id != id {
            continue;
        }
        let piece = match reply.body {
            Reply::Push(Push::Log(piece)) => piece,
            Reply::Push(Push::Over {}) => break,
            Reply::Push(_) => continue,
            body => client.view::<ask::Log>(body)?,
        };
        (ask.attempt, ask.from) = (Some(piece.attempt), piece.next);
        if !print(session, &piece.lines, times)? || piece.ended {
            break;
        }
    }
    Ok(Exit::Done.into())
}

/// False when the reader has gone.
fn print(session: &Session<'_>, lines: &[LogLine], times: bool) -> Result<bool, Complaint> {
    if !session.terminal.json {
        return session.terminal.print_more(&log_lines(lines, times, &session.terminal.look()));
    }
    let json = lines.iter().map(|line| serde_json::to_string(line).expect("a line has text keys only") + "\n");
    session.terminal.print_more(&json.collect::<String>())
}
