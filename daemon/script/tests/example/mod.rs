//! The example share, read as a step would get it.

use show_script::listing::Listing;
use show_script::report::Tree;
use std::path::Path;

/// An episode of the example share.
pub fn example(folder: &str) -> Tree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/example-share/episodes").join(folder);
    let mut files = Vec::new();
    let mut folders = Vec::new();
    walk(&root, &root, &mut files, &mut folders);
    let is_text = |path: &&(String, u64)| {
        path.0 == "info.md" || path.0.starts_with("rundown/") && path.0.to_lowercase().ends_with(".md")
    };
    let texts = files
        .iter()
        .filter(is_text)
        .filter_map(|(path, _)| Some((path.clone(), std::fs::read_to_string(root.join(path)).ok()?)));
    Tree { folder: folder.into(), texts: texts.collect(), listing: Listing::new(files).with_folders(folders) }
}

fn walk(root: &Path, at: &Path, files: &mut Vec<(String, u64)>, folders: &mut Vec<String>) {
    let below = |path: &Path| {
        path.strip_prefix(root).expect("below the root").to_str().expect("the example is UTF-8").to_owned()
    };
    for entry in std::fs::read_dir(at).expect("the example can be listed").flatten() {
        let path = entry.path();
        if path.is_dir() {
            folders.push(below(&path));
            walk(root, &path, files, folders);
        } else {
            files.push((below(&path), entry.metadata().expect("the example can be read").len()));
        }
    }
}
