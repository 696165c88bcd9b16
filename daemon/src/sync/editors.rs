//! Remembers which devices ever changed a file of a folder, over restarts: short ids, one a line.
//!
//! A device may be away for weeks with an edit that nobody knows of, and the index only says who changed the files that
//! are there now. Losing this file costs nothing but that it is gathered again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// A folder's id may hold anything.
fn file(state: &Path, folder: &str) -> PathBuf {
    let name = folder.bytes().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    });
    state.join("syncthing").join(name.get(..200).unwrap_or(&name))
}

/// `None`: nothing was ever remembered.
pub fn recall(state: &Path, folder: &str) -> Option<BTreeSet<String>> {
    let text = std::fs::read_to_string(file(state, folder)).ok()?;
    Some(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// # Errors
/// When the state directory cannot be written.
pub fn remember(state: &Path, folder: &str, editors: &BTreeSet<String>) -> io::Result<()> {
    let file = file(state, folder);
    std::fs::create_dir_all(file.parent().expect("it lies in a folder"))?;
    let new = file.with_extension("new");
    let text: String = editors.iter().flat_map(|id| [id.as_str(), "\n"]).collect();
    std::fs::write(&new, text)?;
    std::fs::rename(new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_are_remembered_by_folder() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(recall(dir.path(), "a/b"), None);
        let editors: BTreeSet<String> = ["AAAAAAA".to_owned(), "BBBBBBB".to_owned()].into();
        remember(dir.path(), "a/b", &editors).expect("writable");
        assert_eq!(recall(dir.path(), "a/b"), Some(editors));
        assert_eq!(recall(dir.path(), "a"), None);
    }
}
