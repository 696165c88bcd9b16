//! AssetIDs where they are missing or local (specification 4.7 #4 to #7, 4.8 #5).

use super::field::set_field;
use super::{Context, Splices, class};
use crate::cue::Cue;
use crate::diagnostic::Code;
use crate::edit::Edit;
use crate::field::is_placeholder;
use crate::id::IdClass;
use crate::item::Document;
use crate::settings::Class;
use crate::weave::FileKind;

/// One edit per id that is due, with a placeholder that the weave puts a fresh id in the place of: each occurrence gets
/// its own, since one new id for all equal ones would merge different cues. A cue without a type waits for its type.
pub fn mint(document: &Document<'_>, kind: FileKind, context: &Context<'_>) -> Vec<Edit> {
    let mut edits = front_matter(document, kind);
    if kind == FileKind::Item {
        let due = due(document, context).into_iter();
        edits.extend(due.map(|(cue, prefix)| Edit::set_field(document, cue, "AssetID", placeholder(prefix))));
    }
    edits
}

/// Whether any id is due.
pub fn is_mint_due(document: &Document<'_>, kind: FileKind, context: &Context<'_>) -> bool {
    !front_matter(document, kind).is_empty() || kind == FileKind::Item && !due(document, context).is_empty()
}

/// The same for cues, as splices, for a text that is repaired at the same time.
pub(super) fn splices(document: &Document<'_>, context: &Context<'_>) -> Splices {
    let due = due(document, context).into_iter();
    due.filter_map(|(cue, prefix)| set_field(document, cue, "AssetID", &placeholder(prefix))).collect()
}

/// An id for the sheet itself, only where there is none.
pub(super) fn front_matter(document: &Document<'_>, kind: FileKind) -> Vec<Edit> {
    let Some(front) = document.front().filter(|_| super::may_be_written(document)) else { return Vec::new() };
    let is_missing = front.text("AssetID").is_none_or(|id| is_placeholder(&id));
    if !is_missing || !front.is_writable() || front.is_duplicate("AssetID") {
        return Vec::new();
    }
    let prefix = if kind == FileKind::Info { "EPS" } else { "SEG" };
    vec![Edit::set_key(document, "AssetID", placeholder(prefix))]
}

/// Cues that get an id, by place, and what it begins with.
fn due(document: &Document<'_>, context: &Context<'_>) -> Vec<(usize, &'static str)> {
    if !super::may_be_written(document) {
        return Vec::new();
    }
    let one = |(at, cue): (usize, &Cue<'_>)| {
        let code = match cue.id_class() {
            _ if cue.asset_id().starts_with("{{new-id:") => return None,
            IdClass::Missing => Code::CueMissingAssetId,
            IdClass::Local => Code::CueInvalidAssetId,
            IdClass::Ours | IdClass::Foreign => return None,
        };
        let prefix = match cue.kind() {
            Some(kind) => kind.prefix(),
            None => (!cue.type_word().is_empty()).then_some("CUE"),
        };
        prefix.filter(|_| class(code, context.settings) == Class::Safe).map(|prefix| (at, prefix))
    };
    document.cues.iter().enumerate().filter_map(one).collect()
}

fn placeholder(prefix: &str) -> String {
    format!("{{{{new-id:{prefix}}}}}")
}
