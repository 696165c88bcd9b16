//! Numbering cues and items: what it would change, and asking for it.

use super::{Answered, Seen, name};
use crate::inbox::{Said, Then};
use show_core::Ask;
use show_protocol::{ChangesView, Refusal, RefusalKind};
use std::collections::BTreeMap;

/// Has the pipeline of this name do it.
pub fn apply(seen: &Seen<'_>, pipeline: &str, episode: &str, parameters: BTreeMap<String, String>) -> Answered {
    let place = name::episode(seen, episode)?;
    let subject = name::subject(seen, pipeline, &format!("{}:{}", seen.world.share_name(place.share), place.number))
        .or_else(|_| name::subject(seen, pipeline, &place.number))?;
    let view = ChangesView {
        share: seen.world.share_name(place.share),
        episode: place.number.clone(),
        text: format!("{pipeline} of episode {} is on its way; files are written when they are quiet", place.number),
        changes: Vec::new(),
        notes: Vec::new(),
        applied: true,
    };
    Ok(Said::Ask(Box::new((Ask::Submit { subject, parameters }, Then::Changes { view: Box::new(view) }))))
}

fn not_yet(what: &str) -> Refusal {
    let text = format!("{what} cannot be shown before it is done");
    Refusal::new(RefusalKind::Unsupported, text, "ask again with \"apply\"")
}

pub fn enumerate(seen: &Seen<'_>, ask: &show_protocol::ask::Enumerate) -> Answered {
    name::episode(seen, &ask.episode)?;
    Err(not_yet("numbering cues").into())
}

pub fn renumber(seen: &Seen<'_>, episode: &str) -> Answered {
    name::episode(seen, episode)?;
    Err(not_yet("renumbering items").into())
}

pub fn normalise(seen: &Seen<'_>, episode: &str) -> Answered {
    name::episode(seen, episode)?;
    Err(not_yet("normalising orders").into())
}
