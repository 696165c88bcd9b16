//! The event log as it grows: without holes, across restarts of the daemon and slow readers.

use super::wait::again;
use super::{Outcome, Session};
use crate::client::Client;
use crate::complaint::{Complaint, Exit};
use crate::page::{event_line, gap_line};
use show_protocol::{EventView, Push, Reply, Seq, ask};

/// `showctl follow`.
pub async fn follow(session: &Session<'_>, from: Option<Seq>, no_wait: bool) -> Outcome {
    let mut reader = Reader { session, next: from };
    let mut client = session.connect().await?;
    if no_wait {
        reader.next = Some(reader.next.unwrap_or(Seq(1)));
        reader.catch_up(&mut client, None).await?;
        return Ok(Exit::Done.into());
    }
    loop {
        match reader.subscribe(&mut client).await {
            Ok(()) => return Ok(Exit::Done.into()),
            Err(complaint) if complaint.exit == Exit::Unreachable => {
                if !session.terminal.json {
                    session.terminal.note(&format!("{}; looking for it", complaint.text));
                }
                client = again(session, None).await.ok_or(complaint)?;
            }
            Err(complaint) => return Err(complaint),
        }
    }
}

/// Remembers how far it has read.
struct Reader<'a> {
    session: &'a Session<'a>,
    /// The number expected next.
    next: Option<Seq>,
}

impl Reader<'_> {
    /// Prints what is pushed until the reader of our output goes.
    async fn subscribe(&mut self, client: &mut Client) -> Result<(), Complaint> {
        let id = client.begin(ask::Follow { from: self.next, snapshot: false, progress: false }).await?;
        loop {
            let reply = client.next().await?;
            if reply.id != id {
                continue;
            }
            let goes_on = match reply.body {
                Reply::Push(Push::Event(event)) => self.print(&event)?,
                Reply::Push(Push::Gap { to, .. }) => self.catch_up(client, Some(to)).await?,
                Reply::Push(Push::Over {}) => false,
                Reply::Push(_) => true,
                body => {
                    let view = client.view::<ask::Follow>(body)?;
                    self.next = Some(self.next.unwrap_or(view.next));
                    true
                }
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// Reads pages of the log up to `to`, or to its end. What is no longer kept is said. False when nobody reads.
    async fn catch_up(&mut self, client: &mut Client, to: Option<Seq>) -> Result<bool, Complaint> {
        loop {
            let from = self.next.unwrap_or(Seq(1));
            let page = client.ask(ask::Events { from, limit: None }).await?;
            for event in &page.events {
                if !self.print(event)? {
                    return Ok(false);
                }
            }
            let reached = self.next.unwrap_or(page.next).max(page.next);
            let stuck = reached <= from;
            self.next = Some(reached);
            if page.end || stuck || to.is_some_and(|to| reached > to) {
                return Ok(true);
            }
        }
    }

    /// Prints an event once. False when nobody reads.
    fn print(&mut self, event: &EventView) -> Result<bool, Complaint> {
        let terminal = self.session.terminal;
        let mut text = String::new();
        match self.next {
            // Seen already: it was pushed while we caught up.
            Some(next) if event.seq < next => return Ok(true),
            Some(next) if event.seq > next && next > Seq(0) => {
                let gap = gap_line(next, Seq(event.seq.0 - 1));
                if terminal.json { terminal.note(gap.trim_end()) } else { text.push_str(&gap) }
            }
            _ => {}
        }
        self.next = Some(Seq(event.seq.0 + 1));
        if terminal.json {
            text.push_str(&(serde_json::to_string(event).expect("an event has text keys only") + "\n"));
        } else {
            text.push_str(&event_line(event, &terminal.look()));
        }
        terminal.print_more(&text)
    }
}
