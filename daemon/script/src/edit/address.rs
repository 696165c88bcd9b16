//! Naming a cue so that it is found again.

use crate::id::{IdClass, classify};
use crate::item::Document;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A cue by its AssetID where that is ours in form and unique in the file, else by its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CueAddress {
    Place {
        /// As written; empty when there is none.
        #[serde(rename = "type")]
        kind: String,
        slug: String,
        /// The AssetID as it was: empty, a placeholder, local, foreign, or one that several cues have.
        old_id: String,
        /// Which one, from 0, of the cues that agree in all of these,
        nth: usize,
        /// and how many of them there were.
        of: usize,
    },
    Id {
        id: String,
    },
}

impl CueAddress {
    /// The address of the cue at place `index`.
    pub fn of(document: &Document<'_>, index: usize) -> Self {
        let cue = &document.cues[index];
        if classify(cue.asset_id()) == IdClass::Ours && document.cue_by_id(cue.asset_id()).is_some() {
            return Self::Id { id: cue.asset_id().to_owned() };
        }
        let (kind, slug, old_id) = (cue.type_word(), cue.slug(), cue.asset_id());
        let equal = document.cues_named(kind, slug, old_id);
        Self::Place {
            kind: kind.to_owned(),
            slug: slug.to_owned(),
            old_id: old_id.to_owned(),
            nth: equal.iter().position(|&at| at == index).expect("a cue agrees with itself"),
            of: equal.len(),
        }
    }

    /// The key under which an id minted for this cue is bound.
    pub fn key(&self) -> String {
        match self {
            Self::Id { id } => format!("cue {id}"),
            Self::Place { kind, slug, old_id, nth, of } => format!("cue {kind}/{slug}/{old_id}/{nth}.{of}"),
        }
    }

    /// The place of the cue in `document`; `bound` holds ids minted since, by [`Self::key`].
    pub fn find(&self, document: &Document<'_>, bound: &BTreeMap<String, String>) -> Option<usize> {
        let by_id = |id: &str| document.cue_by_id(id).map(|(index, _)| index);
        match self {
            Self::Id { id } => by_id(id),
            Self::Place { kind, slug, old_id, nth, of } => {
                let equal = document.cues_named(kind, slug, old_id);
                // One of equal cues may have got its id since; then the others have moved up, and the id tells.
                if equal.len() == *of {
                    return equal.get(*nth).copied();
                }
                bound.get(&self.key()).and_then(|id| by_id(id))
            }
        }
    }
}
