//! Repairs of values that the settings made safe; without them they are proposals.

use super::propose::{Change, changes};
use super::{Context, Splices, class};
use crate::cue::Cue;
use crate::edit::Declares;
use crate::field::{Field, wrap_quotes};
use crate::item::Document;
use crate::settings::Class;
use crate::text::{Span, Splice};

pub(super) fn splices(document: &Document<'_>, context: &Context<'_>) -> Splices {
    let mut made: Splices = Vec::new();
    for change in changes(document, context) {
        // A rename is never made without asking, and never without its edit.
        if class(change.code, context.settings) != Class::Safe || !change.renames.is_empty() {
            continue;
        }
        made.extend(fields(document, &change));
        made.extend(change.splice.clone().map(|splice| (splice, Declares::default())));
    }
    made
}

fn fields(document: &Document<'_>, change: &Change) -> Splices {
    let Some(cue) = change.cue.map(|at| &document.cues[at]) else { return Vec::new() };
    let set = |(name, value): &(&'static str, String)| {
        let value = if *name == "Quote" { wrap_quotes(value) } else { value.clone() };
        let splice = match cue.field(name) {
            Some(field) => Splice::new(field.value.span(), value),
            None => {
                let (at, newline) = (new_field(cue), document.newline.text());
                Splice::insert(at, format!("{newline}[{name}: {value}]"))
            }
        };
        (splice, Declares { fields: vec![(*name).to_owned()], moves_prose: false })
    };
    change.fields.iter().map(set).collect()
}

/// Behind the last field, else behind the Begin marker.
fn new_field(cue: &Cue<'_>) -> usize {
    let ends = cue.fields().iter().filter(|field| !field.inline).map(|field: &Field| field.span);
    ends.map(|span: Span| span.end).max().unwrap_or(cue.begin.span.end)
}
