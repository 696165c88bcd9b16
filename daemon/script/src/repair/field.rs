//! Repairs of values that the settings made safe; without them they are proposals.

use super::propose::{Change, changes};
use super::{Context, Splices, class};
use crate::cue::Cue;
use crate::edit::Declares;
use crate::field::{Field, wrap_quotes};
use crate::item::Document;
use crate::settings::Class;
use crate::text::Splice;

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
    let Some(cue) = change.cue else { return Vec::new() };
    change.fields.iter().map(|(name, value)| set_field(document, cue, name, value)).collect()
}

/// A field gets a value: in its place, or on a new line behind the fields that come before it (specification 4.2 #8).
pub(super) fn set_field(document: &Document<'_>, cue: usize, name: &str, value: &str) -> (Splice, Declares) {
    let cue = &document.cues[cue];
    let value = if name == "Quote" { wrap_quotes(value) } else { value.to_owned() };
    let splice = match cue.field(name) {
        Some(field) if field.value.is_empty() && field.room.is_empty() && !field.inline => {
            // `[AssetID:]` gets the blank that new fields have.
            let blank = if document.text[..field.room.begin].ends_with(':') { " " } else { "" };
            Splice::new(field.room, format!("{blank}{value}"))
        }
        Some(field) => Splice::new(field.value.span(), value),
        None => Splice::insert(new_field(cue, name), format!("{}[{name}: {value}]", document.newline.text())),
    };
    (splice, Declares { fields: vec![name.to_owned()], moves_prose: false })
}

/// Behind the last of the fields that a new cue would have before it, else behind the Begin marker.
fn new_field(cue: &Cue<'_>, name: &str) -> usize {
    let before: &[&str] = match name {
        "AssetID" => &["Type"],
        "Slug" => &["Type", "AssetID"],
        _ => &[],
    };
    let fits = |field: &&Field<'_>| !field.inline && (before.is_empty() || before.iter().any(|name| field.is(name)));
    cue.fields().iter().filter(fits).map(|field| field.span.end).max().unwrap_or(cue.begin.span.end)
}
