//! Old versions: their text, however long, and putting one back.

use super::{Outcome, Session};
use crate::complaint::Exit;
use crate::page::after_restore;
use show_protocol::{ContentView, ask};

/// `showctl restore PATH REV`.
pub async fn restore(session: &Session<'_>, path: String, revision: String) -> Outcome {
    let view = session.connect().await?.ask(ask::Restore { path: path.clone(), revision }).await?;
    let exit = session.print(&view)?;
    if !session.terminal.json {
        session.terminal.print(&after_restore(view.files.first().unwrap_or(&path), &session.terminal.look()))?;
    }
    Ok(exit)
}

/// `showctl show PATH REV`: the text on standard output; a word on standard error when it is not exact.
pub async fn text(session: &Session<'_>, path: String, revision: String) -> Outcome {
    let mut client = session.connect().await?;
    let mut whole = ContentView::default();
    let mut from = Some(0);
    while let Some(place) = from {
        let piece = client.ask(ask::Content { path: path.clone(), revision: revision.clone(), from: place }).await?;
        from = piece.next.filter(|next| *next > place);
        whole.text.push_str(&piece.text);
        whole.lossy |= piece.lossy;
        whole.revision = piece.revision;
    }
    if session.terminal.json {
        session.terminal.print_json(&whole)?;
    } else {
        session.terminal.print(&whole.text)?;
    }
    if whole.lossy {
        session.terminal.note("note: bytes that are not UTF-8 were replaced; \"showctl restore\" keeps them exactly");
    }
    Ok(Exit::Done.into())
}
