//! Repairs of values that the settings made safe; without them they are proposals.

use super::propose::{Change, changes};
use super::{Context, Splices};
use crate::edit::Declares;
use crate::item::Document;
use crate::settings::Class;
use crate::text::Splice;

pub(super) fn splices(document: &Document<'_>, context: &Context<'_>) -> Splices {
    let mut made: Splices = Vec::new();
    for change in changes(document, context) {
        // A rename is never made without asking, and never without its edit.
        if change.class(context) != Class::Safe || !change.renames.is_empty() {
            continue;
        }
        made.extend(fields(document, &change));
        made.extend(change.splice.clone().map(|splice| (splice, Declares::default())));
    }
    made
}

fn fields(document: &Document<'_>, change: &Change) -> Splices {
    let Some(cue) = change.cue else { return Vec::new() };
    change.fields.iter().filter_map(|(name, value)| set_field(document, cue, name, value)).collect()
}

/// The splice that gives a field its value; nothing where the value cannot stand in it.
pub(super) fn set_field(document: &Document<'_>, cue: usize, name: &str, value: &str) -> Option<(Splice, Declares)> {
    let splice = document.cues[cue].set(document.text, document.newline, name, value)?;
    Some((splice, Declares { fields: vec![name.to_owned()], moves_prose: false }))
}
