//! Reading an episode's folder and single files, however odd.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

/// A Markdown file above this is no rundown; its text is not read.
pub const TEXT_BYTES_MAX: u64 = 64 << 20;

/// What lies below a folder: files with their sizes, folders, and the texts of what may be an item.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub files: Vec<(String, u64)>,
    pub folders: Vec<String>,
    /// Of `info.md` and of the Markdown in `rundown/`, where they could be read.
    pub texts: BTreeMap<String, String>,
    /// Names that are not UTF-8, made readable.
    pub odd: Vec<String>,
}

/// Reads a folder. Links are not followed; what cannot be read is left out of the texts, which the rules report.
///
/// # Errors
/// When the folder itself cannot be listed.
pub fn read_tree(folder: &Path) -> io::Result<Read> {
    let mut read = Read::default();
    walk(folder, "", &mut read)?;
    read.files.sort();
    for (path, _) in &read.files {
        let in_rundown = path.strip_prefix("rundown/").is_some_and(|name| !name.contains('/'));
        let is_markdown = Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"));
        if (path == "info.md" || (in_rundown && is_markdown))
            && let Ok(text) = read_text(&folder.join(path))
        {
            read.texts.insert(path.clone(), text);
        }
    }
    Ok(read)
}

fn walk(folder: &Path, below: &str, read: &mut Read) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            read.odd.push(format!("{below}{}", name.to_string_lossy()));
            continue;
        };
        let path = format!("{below}{name}");
        let Ok(look) = entry.metadata() else { continue };
        if look.is_dir() {
            // A folder that cannot be listed is still a folder.
            let _ = walk(&entry.path(), &format!("{path}/"), read);
            read.folders.push(path);
        } else if look.is_file() {
            read.files.push((path, look.len()));
        }
    }
    Ok(())
}

/// A file as text: all of it, or why not.
///
/// # Errors
/// When it cannot be read, is too long, or is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    // A named pipe would keep us waiting for somebody to write into it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    fs::File::open(path)?.take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > TEXT_BYTES_MAX {
        return Err(io::Error::other(format!("longer than {} MiB", TEXT_BYTES_MAX >> 20)));
    }
    show_script::text::decode(&bytes).map_err(io::Error::other)?;
    Ok(String::from_utf8(bytes).expect("it was just decoded"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    #[test]
    fn an_odd_folder_is_read_as_far_as_it_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("rundown/deep")).unwrap();
        for (name, bytes) in [
            ("info.md", b"---\n".as_slice()),
            ("rundown/10.MD", b"tea"),
            ("rundown/deep/x.md", b""),
            ("rundown/bad.md", b"\xff"),
        ] {
            fs::write(path(name), bytes).unwrap();
        }
        fs::write(dir.path().join(OsStr::from_bytes(b"\xfe.md")), "").unwrap();
        std::os::unix::fs::symlink("/", path("loop")).unwrap();
        let read = read_tree(dir.path()).unwrap();
        let files: Vec<_> = read.files.iter().map(|(name, size)| (name.as_str(), *size)).collect();
        assert_eq!(files, [("info.md", 4), ("rundown/10.MD", 3), ("rundown/bad.md", 1), ("rundown/deep/x.md", 0)]);
        assert_eq!(read.texts.keys().collect::<Vec<_>>(), ["info.md", "rundown/10.MD"]);
        assert_eq!(read.odd, ["\u{fffd}.md"]);
        assert_eq!(
            read_text(&path("rundown/bad.md")).unwrap_err().to_string(),
            "not UTF-8 text: the first bad byte is at offset 0"
        );
        nix::unistd::mkfifo(&path("rundown/pipe.md"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read_text(&path("rundown/pipe.md")).unwrap_err().to_string(), "not a regular file");
    }
}
