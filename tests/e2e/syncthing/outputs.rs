//! Whether what showd made is what the final texts come to: the same notes before another showd, which has never seen
//! them, and then every file that either made is compared.

use show_tests::{Show, copy};
use std::fs;
use std::path::{Path, PathBuf};

/// Paths, below the folder, of what a fresh showd makes otherwise, or would still change.
pub fn that_differ(folder: &Path, clocks: &str) -> Vec<PathBuf> {
    let mut fresh = Show::new();
    fresh.configure(clocks);
    copy(&folder.join("episodes"), &fresh.share().join("episodes"));
    let mut made = Vec::new();
    files(&fresh.share(), &mut |path| {
        // What the quotes are called is remembered in their own file.
        if path.components().any(|part| part.as_os_str() == "scripts") {
            made.push(path.to_owned());
        }
    });
    for path in made {
        fs::remove_file(path).expect("our own copy");
    }
    fresh.start();
    fresh.idle();
    fresh.stop();
    let mut differ = Vec::new();
    files(&fresh.share().join("episodes"), &mut |path| {
        let below = path.strip_prefix(fresh.share()).expect("it was found there");
        let is_kept_old = below.components().any(|part| part.as_os_str() == "old" || part.as_os_str() == "archive");
        if !is_kept_old && fs::read(folder.join(below)).ok() != fs::read(path).ok() {
            differ.push(below.to_owned());
        }
    });
    differ
}

/// Every file below.
pub fn files(dir: &Path, seen: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path(), seen),
            Ok(kind) if kind.is_file() => seen(&entry.path()),
            _ => {}
        }
    }
}
