//! How people name things on the command line, and what that means to the daemon.

use crate::complaint::{Complaint, usage};
use nix::unistd::Uid;
use show_protocol::socket_path;
use std::path::{Component, Path, PathBuf};

/// The socket: as named, else by the rule that the daemon follows too, else the machine's own daemon.
pub fn socket(named: Option<PathBuf>) -> PathBuf {
    named.unwrap_or_else(|| {
        let of_the_user =
            socket_path(std::env::var_os("XDG_RUNTIME_DIR").as_deref(), Uid::current().as_raw(), Path::is_dir);
        let of_the_system = PathBuf::from(show_protocol::SOCKET_OF_THE_SYSTEM);
        if !of_the_user.exists() && of_the_system.exists() { of_the_system } else { of_the_user }
    })
}

/// A path as the daemon should read it: absolute when it, or the folder that it was in, is there from here; else as
/// typed, which the daemon looks for below its shares. The last part is not resolved: a link stays a link.
pub fn path(typed: &Path) -> Result<String, Complaint> {
    let text = |path: &Path| {
        let name = path.to_str().map(ToOwned::to_owned);
        name.ok_or_else(|| {
            usage(format!("{} is not UTF-8", path.display()), "showd leaves such names alone; rename it")
        })
    };
    if typed.as_os_str().is_empty() {
        return Err(usage("a path was asked for, and an empty one was given", "name a file"));
    }
    let whole = std::path::absolute(typed)
        .map_err(|cause| usage(format!("no such path: {}", typed.display()), cause.to_string()))?;
    // A bare name that is nothing here may be one of a share's root.
    let folder = typed.parent().filter(|folder| !folder.as_os_str().is_empty()).and(whole.parent());
    let is_here = whole.symlink_metadata().is_ok() || folder.is_some_and(Path::is_dir) || is_in_an_episode(&whole);
    if typed.is_relative() && !is_here {
        return text(typed);
    }
    let whole = tidy(&whole);
    // Where the folder really is: a share may be named by another way that leads there.
    let real = |folder: &Path| Some(folder.canonicalize().ok()?.join(whole.strip_prefix(folder).ok()?));
    text(&whole.ancestors().skip(1).find_map(real).unwrap_or_else(|| whole.clone()))
}

/// A bare name of a note that is gone, typed in the folder that it was in.
fn is_in_an_episode(whole: &Path) -> bool {
    whole.components().any(|part| part.as_os_str() == "episodes") && whole.parent().is_some_and(Path::is_dir)
}

/// Without `.` and with `..` taken back, as a person reads a path.
fn tidy(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

/// What `plan` and its kin are about: `237` and `main:0237` are episodes, anything else is a path.
pub fn is_episode(word: &str) -> bool {
    let number = word.rsplit_once(':').map_or(word, |(_, number)| number);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_an_episode_and_anything_else_a_path() {
        assert!(is_episode("237") && is_episode("0237") && is_episode("main:0237"));
        assert!(!is_episode("episodes/0237") && !is_episode("0237/info.md") && !is_episode("main:"));
    }

    #[test]
    fn a_path_that_is_here_is_sent_whole_and_another_as_typed() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(path(Path::new("src/../Cargo.toml")).unwrap(), here.join("Cargo.toml").to_str().unwrap());
        assert_eq!(path(Path::new("episodes/0900/info.md")).unwrap(), "episodes/0900/info.md");
        assert_eq!(path(Path::new("/srv/show/./a/../b")).unwrap(), "/srv/show/b");
        let dir = tempfile::tempdir().unwrap();
        let (folder, link) = (dir.path().canonicalize().unwrap().join("share"), dir.path().join("link"));
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert_eq!(path(&link.join("gone/a.md")).unwrap(), folder.join("gone/a.md").to_str().unwrap());
        // One that was here a moment ago.
        assert_eq!(path(Path::new("src/gone.md")).unwrap(), here.join("src/gone.md").to_str().unwrap());
    }
}
