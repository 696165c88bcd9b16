//! The opened shares.
//!
//! A share is opened when it is first needed and again whenever its root is another folder than before: a disk that
//! was away comes back as a new one.

use show_core::ShareId;
use show_publish::ShareError;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shares(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    roots: BTreeMap<ShareId, PathBuf>,
    open: Mutex<BTreeMap<ShareId, Open>>,
}

#[derive(Debug, Clone)]
struct Open {
    share: Arc<show_publish::Share>,
    /// Device and inode of the root.
    place: (u64, u64),
}

impl Shares {
    pub fn new(roots: BTreeMap<ShareId, PathBuf>) -> Self {
        Self(Arc::new(Inner { roots, open: Mutex::default() }))
    }

    /// Absolute. `None`: a share that rows still speak of, and the configuration no longer.
    pub fn root(&self, share: ShareId) -> Option<&Path> {
        self.0.roots.get(&share).map(PathBuf::as_path)
    }

    /// The share as it is there now.
    ///
    /// # Errors
    /// When its root is missing, or cannot be read.
    pub fn open(&self, id: ShareId) -> Result<Arc<show_publish::Share>, ShareError> {
        let missing = || ShareError::Open {
            path: PathBuf::from(format!("share {id}")),
            cause: std::io::ErrorKind::NotFound.into(),
        };
        let root = self.root(id).ok_or_else(missing)?;
        let meta = std::fs::metadata(root).map_err(|cause| ShareError::Open { path: root.to_path_buf(), cause })?;
        let place = (meta.dev(), meta.ino());
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(&id).filter(|known| known.place == place) {
            return Ok(Arc::clone(&known.share));
        }
        let share = Arc::new(show_publish::Share::open(root)?);
        open.insert(id, Open { share: Arc::clone(&share), place });
        Ok(share)
    }
}

/// Makes folders below a root, which must be there, and above all nothing where a symbolic link leads.
///
/// # Errors
/// When one cannot be made.
pub fn make_folders(root: &Path, folders: &[PathBuf]) -> std::io::Result<()> {
    for folder in folders {
        let mut path = root.to_path_buf();
        for part in folder.components() {
            path.push(part);
            match std::fs::symlink_metadata(&path) {
                Ok(meta) if meta.is_dir() => {}
                Ok(_) => return Err(std::io::Error::other(format!("{} is no folder", path.display()))),
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => std::fs::create_dir(&path)?,
                Err(cause) => return Err(cause),
            }
        }
    }
    Ok(())
}

/// A stamp in the core's words.
pub fn stamp_of(stamp: show_publish::Stamp) -> show_core::Stamp {
    show_core::Stamp { size: stamp.size, mtime_ns: stamp.mtime_ns, ctime_ns: stamp.ctime_ns, inode: stamp.inode }
}

/// And back.
pub fn seen_of(stamp: show_core::Stamp) -> show_publish::Stamp {
    show_publish::Stamp { size: stamp.size, mtime_ns: stamp.mtime_ns, ctime_ns: stamp.ctime_ns, inode: stamp.inode }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, Shares) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let root = dir.path().join("share");
        std::fs::create_dir(&root).expect("writable");
        (dir, Shares::new([(ShareId(0), root)].into()))
    }

    #[test]
    fn a_share_that_came_back_as_another_folder_is_opened_anew() {
        let (dir, shares) = place();
        let root = dir.path().join("share");
        std::fs::write(root.join("a.md"), "old").expect("writable");
        let before = shares.open(ShareId(0)).expect("there");
        std::fs::rename(&root, dir.path().join("aside")).expect("writable");
        assert!(shares.open(ShareId(0)).is_err(), "it is away");
        std::fs::create_dir(&root).expect("writable");
        let after = shares.open(ShareId(0)).expect("another");
        assert!(before.look("a.md").expect("readable").is_some());
        assert!(after.look("a.md").expect("readable").is_none());
    }

    #[test]
    fn folders_are_made_below_the_root_and_never_through_a_link() {
        let (dir, ..) = place();
        let root = dir.path().join("share");
        make_folders(&root, &["a/b/c".into(), "a/d".into()]).expect("writable");
        assert!(root.join("a/b/c").is_dir() && root.join("a/d").is_dir());
        make_folders(&root, &["a/b".into()]).expect("it is there already");
        std::os::unix::fs::symlink(dir.path(), root.join("out")).expect("writable");
        assert!(make_folders(&root, &["out/x".into()]).is_err());
        assert!(!dir.path().join("x").exists());
    }
}
