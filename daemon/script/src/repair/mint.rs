//! AssetIDs where they are missing or local (specification 4.7 #4 to #7, 4.8 #5).

use super::{Context, class};
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
    if !super::may_be_written(document) {
        return Vec::new();
    }
    let mut edits = Vec::new();
    if let Some(front) = document.front()
        && front.is_writable()
        && !front.is_duplicate("AssetID")
        && front.text("AssetID").is_none_or(|id| is_placeholder(&id))
    {
        let prefix = if kind == FileKind::Info { "EPS" } else { "SEG" };
        edits.push(Edit::set_key(document, "AssetID", placeholder(prefix)));
    }
    if kind == FileKind::Info {
        return edits;
    }
    for (at, cue) in document.cues.iter().enumerate() {
        let code = match cue.id_class() {
            IdClass::Missing => Code::CueMissingAssetId,
            IdClass::Local => Code::CueInvalidAssetId,
            IdClass::Ours | IdClass::Foreign => continue,
        };
        let prefix = match cue.kind() {
            Some(kind) => kind.prefix(),
            None => (!cue.type_word().is_empty()).then_some("CUE"),
        };
        if let Some(prefix) = prefix.filter(|_| class(code, context.settings) == Class::Safe) {
            edits.push(Edit::set_field(document, at, "AssetID", placeholder(prefix)));
        }
    }
    edits
}

fn placeholder(prefix: &str) -> String {
    format!("{{{{new-id:{prefix}}}}}")
}
