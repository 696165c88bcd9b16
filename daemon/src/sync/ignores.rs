//! Adds to `.stignore` what keeps machine-local files apart, because a person said so. The only thing that we ever change
//! in Syncthing.

use super::Inner;
use super::client::{AskError, Client};
use super::known::Place;
use super::warn::missing_ignores;
use show_core::ShareId;

/// What was added to one folder's `.stignore`; it takes effect at once, on this device only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedIgnores {
    /// The folder as people know it.
    pub folder: String,
    /// None: all of them were there.
    pub lines: Vec<String>,
}

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub enum AddIgnoresError {
    #[error("no folder of Syncthing carries it")]
    NotCarried,
    #[error("Syncthing does not answer")]
    Silent,
    #[error("the lines could not be added to the folder \"{folder}\"")]
    Failed {
        folder: String,
        #[source]
        cause: AskError,
    },
    /// Somebody else wrote it at the same moment, or it does not take them.
    #[error("the folder \"{folder}\" has other lines than those that were set")]
    NotKept { folder: String },
}

pub fn add(inner: &Inner, share: ShareId) -> Result<Vec<AddedIgnores>, AddIgnoresError> {
    let root = inner.roots.get(&share).ok_or(AddIgnoresError::NotCarried)?;
    let (client, places) = {
        let known = inner.known();
        let carries = |place: &&Place| root.path.starts_with(&place.path) || place.path.starts_with(&root.path);
        let places: Vec<Place> = known.places.iter().filter(carries).cloned().collect();
        if places.is_empty() {
            return Err(AddIgnoresError::NotCarried);
        }
        (known.client.clone().ok_or(AddIgnoresError::Silent)?, places)
    };
    places.iter().map(|place| add_to(inner, &client, place)).collect()
}

fn add_to(inner: &Inner, client: &Client, place: &Place) -> Result<AddedIgnores, AddIgnoresError> {
    let (id, folder) = (&place.folder.id, place.title().to_owned());
    let failed = |cause| AddIgnoresError::Failed { folder: folder.clone(), cause };
    let mut all = client.ignores(id).map_err(failed)?;
    let lines: Vec<String> = missing_ignores(&all).into_iter().map(str::to_owned).collect();
    if lines.is_empty() {
        return Ok(AddedIgnores { folder, lines });
    }
    // The first that fits decides, so theirs go on to mean what they meant.
    all.extend(lines.iter().cloned());
    client.set_ignores(id, &all).map_err(failed)?;
    let kept = client.ignores(id).map_err(failed)?;
    if kept != all {
        return Err(AddIgnoresError::NotKept { folder });
    }
    inner.known().ignores.insert(id.clone(), kept);
    tracing::info!(folder = id, lines = lines.len(), "lines were added to .stignore");
    Ok(AddedIgnores { folder, lines })
}
