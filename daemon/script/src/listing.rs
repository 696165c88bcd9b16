//! What lies below one episode folder: names, sizes and folders, as somebody else saw them.
//!
//! Paths are below the episode, parts joined by `/`: `rundown/10 Cold Open.md`. Knows nothing of what a name means.

use std::collections::{BTreeMap, BTreeSet};

/// The files of one episode with their sizes in bytes, and its folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    files: BTreeMap<String, u64>,
    folders: BTreeSet<String>,
}

impl Listing {
    /// The folders that the files lie in are known by themselves; empty ones are added with [`Listing::with_folders`].
    pub fn new<P: Into<String>>(files: impl IntoIterator<Item = (P, u64)>) -> Self {
        let files: BTreeMap<String, u64> = files.into_iter().map(|(path, size)| (path.into(), size)).collect();
        let folders = files.keys().flat_map(|path| parents(path)).map(str::to_owned).collect();
        Self { files, folders }
    }

    #[must_use]
    pub fn with_folders<P: Into<String>>(mut self, folders: impl IntoIterator<Item = P>) -> Self {
        for folder in folders {
            let folder = folder.into();
            let folder = folder.trim_end_matches('/');
            self.folders.extend(parents(folder).map(str::to_owned));
            self.folders.insert(folder.to_owned());
        }
        self
    }

    /// In order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, u64)> {
        self.files.iter().map(|(path, size)| (path.as_str(), *size))
    }

    pub fn has_file(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    pub fn has_folder(&self, path: &str) -> bool {
        self.folders.contains(path)
    }
}

/// `a/b/c.md` → `a`, `a/b`.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// The last part of a path.
pub fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Everything before the last part, with its `/`; empty at the top.
pub fn folder_of(path: &str) -> &str {
    &path[..path.len() - name_of(path).len()]
}

/// `Tea.md` → (`Tea`, `.md`); a name without a dot, or with only a leading one, has no extension.
pub fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    }
}
