//! Whether a share's disk is there.
//!
//! A root that is missing is away, and so is one without the marker it used to have: Syncthing's `.stfolder`, or simply
//! anything at all, for an unmounted disk leaves an empty folder behind. What was there once is remembered in a small
//! file outside the share, so that a daemon started while the disk is away does not take the emptiness for the truth.

use super::Root;
use std::fs;
use std::path::Path;
use tracing::warn;

const STFOLDER: &str = ".stfolder";

#[derive(Debug)]
pub struct Presence {
    /// `None` before the first look.
    away: Option<bool>,
    /// It had a marker.
    had_marker: bool,
    /// It had something in it.
    had_content: bool,
}

/// A path below the root whose coming and going says something about the whole share.
pub fn is_marker(path: &Path) -> bool {
    path == Path::new(STFOLDER)
}

impl Presence {
    pub fn new(root: &Root) -> Self {
        let memory = fs::read_to_string(&root.memory).unwrap_or_default();
        Self { away: None, had_marker: memory.contains("marker"), had_content: memory.contains("content") }
    }

    pub fn is_away(&self) -> bool {
        self.away == Some(true)
    }

    /// Looks. `Some` when it changed: `Ok` it came, `Err` it went and why. A share that is there from the first has not
    /// come.
    pub fn look(&mut self, root: &Root) -> Option<Result<(), String>> {
        let found = self.find(&root.path);
        let was = self.away.replace(found.is_err());
        if found.is_ok() {
            self.remember(root);
        }
        match (was, &found) {
            (Some(true), Ok(())) | (Some(false) | None, Err(_)) => Some(found),
            _ => None,
        }
    }

    fn find(&self, path: &Path) -> Result<(), String> {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err("its root is not a folder".into()),
            Err(cause) => return Err(format!("its root cannot be read: {cause}")),
        }
        if self.had_marker && !path.join(STFOLDER).exists() {
            return Err("its marker .stfolder is missing".into());
        }
        let is_empty =
            fs::read_dir(path).map_err(|cause| format!("its root cannot be read: {cause}"))?.next().is_none();
        if is_empty && self.had_content {
            return Err("its root is empty and was not before".into());
        }
        Ok(())
    }

    fn remember(&mut self, root: &Root) {
        let has_marker = root.path.join(STFOLDER).exists();
        let has_content = fs::read_dir(&root.path).is_ok_and(|mut entries| entries.next().is_some());
        if (has_marker && !self.had_marker) || (has_content && !self.had_content) {
            self.had_marker |= has_marker;
            self.had_content |= has_content;
            let words = [("marker\n", self.had_marker), ("content\n", self.had_content)];
            let text: String = words.iter().filter(|(_, had)| *had).map(|(word, _)| *word).collect();
            let folder = root.memory.parent().expect("a file lies in a folder");
            if let Err(cause) = fs::create_dir_all(folder).and_then(|()| fs::write(&root.memory, text)) {
                warn!(showd_share = root.name, cause = %cause, "could not remember that the share was there");
            }
        }
    }
}
