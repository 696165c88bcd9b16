//! An old version's text, however long.

use super::{Outcome, Session};
use crate::complaint::Exit;
use show_protocol::{ContentView, ask};

/// `showctl history PATH --show REV`: the text on standard output; a word on standard error when it is not exact.
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
