//! What a folder of Syncthing holds: what of it hinders carrying it, and where its notes are.
//!
//! A look at names, sizes, times and rights, bounded; no file is opened.

use nix::unistd::{AccessFlags, eaccess};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Entries of a folder that are looked at: some seconds of a disk's time.
const SURVEYED_MAX: usize = 200_000;
/// Notes that are named. Asking Syncthing about one takes a millisecond.
const NOTES_MAX: usize = 2_000;
/// A file above this is a recording, not a note.
pub const LARGE_BYTES: u64 = 50_000_000;
/// Names that devices had before there were files (Microsoft, "Naming Files, Paths, and Namespaces"); with any ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// What lies in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    pub has_notes: bool,
    /// Of files above [`LARGE_BYTES`].
    pub large_bytes: u64,
    /// Folders that we may not write into.
    pub unwritable: Finds,
    /// Names that Windows refuses.
    pub refused: Finds,
    /// Names that differ from a neighbour's only by case or composition.
    pub twins: Finds,
}

/// Paths of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finds {
    /// Of all of them, by the alphabet.
    pub first: String,
    pub count: usize,
}

impl Finds {
    fn add(&mut self, path: &str) {
        self.count += 1;
        if self.count == 1 || path < self.first.as_str() {
            path.clone_into(&mut self.first);
        }
    }
}

/// The notes that changed last, however many there are.
#[derive(Debug)]
struct Newest {
    max: usize,
    /// The oldest on top. With seconds and nanoseconds.
    notes: BinaryHeap<Reverse<(i64, i64, String)>>,
}

impl Newest {
    fn new(max: usize) -> Self {
        Self { max, notes: BinaryHeap::new() }
    }

    fn add(&mut self, seconds: i64, nanoseconds: i64, path: &str) {
        self.notes.push(Reverse((seconds, nanoseconds, path.to_owned())));
        if self.notes.len() > self.max {
            self.notes.pop();
        }
    }

    /// The newest first.
    fn into_paths(self) -> Vec<String> {
        self.notes.into_sorted_vec().into_iter().map(|Reverse((.., path))| path).collect()
    }
}

/// Also the paths of its notes, those that changed last first: who edits today is to be known, and who did so years ago
/// is remembered.
pub fn survey(root: &Path) -> (Survey, Vec<String>) {
    let (mut survey, mut notes, mut seen) = (Survey::default(), Newest::new(NOTES_MAX), 0);
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        let mut spellings = BTreeSet::new();
        if eaccess(&folder, AccessFlags::W_OK | AccessFlags::X_OK).is_err() {
            let below = folder.strip_prefix(root).unwrap_or(&folder).to_string_lossy();
            survey.unwritable.add(if below.is_empty() { "the folder itself" } else { &below });
        }
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > SURVEYED_MAX {
                return (survey, notes.into_paths());
            }
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = entry.path();
            let Some(below) = path.strip_prefix(root).ok().and_then(Path::to_str) else { continue };
            let name = name.to_string_lossy();
            if is_refused_by_windows(&name) {
                survey.refused.add(below);
            }
            if !spellings.insert(show_script::path::fold(&name)) {
                survey.twins.add(below);
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(kind) if kind.is_file() => {
                    // Gone meanwhile.
                    let Ok(meta) = entry.metadata() else { continue };
                    if meta.len() > LARGE_BYTES {
                        survey.large_bytes += meta.len();
                    }
                    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("md")) {
                        survey.has_notes = true;
                        notes.add(meta.mtime(), meta.mtime_nsec(), below);
                    }
                }
                _ => {}
            }
        }
    }
    (survey, notes.into_paths())
}

fn is_refused_by_windows(name: &str) -> bool {
    let is_forbidden = |letter: char| letter < ' ' || "<>:\"|?*\\".contains(letter);
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let is_port = |kind| stem.strip_prefix(kind).is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']));
    name.contains(is_forbidden)
        || name.ends_with(['.', ' '])
        || DEVICES.contains(&stem.as_str())
        || is_port("com")
        || is_port("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, create_dir_all, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn names_that_windows_refuses_are_known() {
        for name in ["a?.md", "10: Tea.md", "tea.", "tea ", "CON", "con.md", "Lpt1.txt", "a\\b", "a\tb", "AUX .md"] {
            assert!(is_refused_by_windows(name), "{name}");
        }
        for name in ["10 Tea.md", "Conan.md", "com.md", "com10.md", "com0.md", "a.b.c", "Öl & Wasser (2).md"] {
            assert!(!is_refused_by_windows(name), "{name}");
        }
    }

    #[test]
    fn the_notes_that_changed_last_are_named_wherever_they_lie() {
        let mut newest = Newest::new(2);
        for (seconds, nanoseconds, path) in
            [(7, 0, "a.md"), (9, 1, "b.md"), (1, 0, "c.md"), (9, 2, "d.md"), (8, 0, "e.md")]
        {
            newest.add(seconds, nanoseconds, path);
        }
        assert_eq!(newest.into_paths(), ["d.md", "b.md"]);
        let dir = tempfile::tempdir().expect("a temporary folder");
        for (path, seconds) in [("0001/a.md", 300), ("0002/a.md", 100), ("0001/b.md", 200), ("0003/a.md", 400)] {
            let path = dir.path().join(path);
            create_dir_all(path.parent().expect("it has one")).expect("writable");
            let changed = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            std::fs::File::create(path).and_then(|note| note.set_modified(changed)).expect("writable");
        }
        assert_eq!(survey(dir.path()).1, ["0003/a.md", "0001/a.md", "0001/b.md", "0002/a.md"]);
    }

    #[test]
    fn a_folder_is_surveyed_without_what_is_hidden() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (a, b, hidden) = (dir.path().join("a"), dir.path().join("b"), dir.path().join(".stversions"));
        for folder in [&a, &b, &hidden] {
            create_dir_all(folder).expect("writable");
            write(folder.join("why?.md"), "tea").expect("writable");
        }
        for name in ["Tea.md", "tea.MD", "Te\u{301}.md", "t\u{e9}.md"] {
            write(a.join(name), "tea").expect("writable");
        }
        std::fs::File::create(b.join("film.mov")).and_then(|film| film.set_len(LARGE_BYTES + 1)).expect("writable");
        set_permissions(&b, Permissions::from_mode(0o555)).expect("ours");
        let (survey, mut notes) = survey(dir.path());
        notes.sort();
        assert_eq!(notes, ["a/Tea.md", "a/Te\u{301}.md", "a/tea.MD", "a/t\u{e9}.md", "a/why?.md", "b/why?.md"]);
        assert_eq!((survey.has_notes, survey.large_bytes), (true, LARGE_BYTES + 1));
        assert_eq!(survey.refused, Finds { first: "a/why?.md".into(), count: 2 });
        assert_eq!(survey.twins.count, 2, "{:?}", survey.twins);
        // Nothing is forbidden to root.
        let expected =
            if nix::unistd::geteuid().is_root() { Finds::default() } else { Finds { first: "b".into(), count: 1 } };
        assert_eq!(survey.unwritable, expected);
    }
}
