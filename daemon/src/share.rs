//! The opened shares, and whose they are.
//!
//! A share is opened when it is first needed and again whenever its root is another folder than before: a disk that
//! was away comes back as a new one. Who owns a share stands in `showd/owner.toml` inside it: a statement for the
//! other machines of a synchronised folder, never a lock.

use show_core::ShareId;
use show_publish::{Blobs, Intent, IntentId, Move, Outcome, ReadError, ShareError, Source, Try};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the statement stands.
pub const OWNER_FILE: &str = "showd/owner.toml";
/// It holds two names.
const OWNER_BYTES_MAX: u64 = 64 << 10;

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

/// This machine, as other machines know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Derived from the machine's own id, which is nobody else's business.
    pub id: String,
    pub host: String,
}

impl Machine {
    pub fn this() -> Self {
        let host =
            nix::unistd::gethostname().map_or_else(|_| "unknown".into(), |host| host.to_string_lossy().into_owned());
        let id = ["/etc/machine-id", "/var/lib/dbus/machine-id"]
            .iter()
            .find_map(|path| std::fs::read_to_string(path).ok())
            .map_or_else(|| host.clone(), |id| id.trim().to_owned());
        let id = blake3::derive_key("showd 2026-11 owner of a share v1", id.as_bytes());
        let id = id[..16].iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Self { id, host }
    }

    fn statement(&self) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        format!(
            "# Which machine's showd writes into this share. A statement for the others, not a lock:\n\
             # with another machine's name here, showd reads and reports and writes nothing.\n\
             machine = {}\nhost = {}\n",
            quoted(&self.id),
            quoted(&self.host)
        )
    }
}

/// Whose a share is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    Us,
    /// The name of the other machine.
    Other(String),
    /// It cannot be found out, or not be written down; why.
    Unknown(String),
}

/// Reads the statement of a share, and makes ours where there is none.
pub fn own(share: &show_publish::Share, blobs: &Blobs, machine: &Machine) -> Owner {
    let text = match share.snapshot(OWNER_FILE, OWNER_BYTES_MAX) {
        Ok(snapshot) => String::from_utf8_lossy(&snapshot.bytes).into_owned(),
        Err(ReadError::Gone { .. }) => return claim(share, blobs, machine),
        Err(error) => return Owner::Unknown(format!("{OWNER_FILE} cannot be read: {error}")),
    };
    let Ok(table) = text.parse::<toml::Table>() else {
        return Owner::Unknown(format!("{OWNER_FILE} is no TOML; mend or remove it"));
    };
    let word = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    match word("machine") {
        Some(id) if id == machine.id => Owner::Us,
        Some(id) => Owner::Other(word("host").unwrap_or(id)),
        None => Owner::Unknown(format!("{OWNER_FILE} names no machine; mend or remove it")),
    }
}

fn claim(share: &show_publish::Share, blobs: &Blobs, machine: &Machine) -> Owner {
    let bytes = machine.statement().into_bytes();
    let new = show_publish::Digest::of(&bytes);
    let put = Move::New { path: OWNER_FILE.into(), new, source: Source::Bytes(bytes.into()) };
    let id = IntentId::new("owner").expect("letters only");
    match share.publish(blobs, &Intent { id, moves: vec![put] }, Try::Again).outcome {
        Outcome::Done { .. } => Owner::Us,
        Outcome::Overtaken { why, .. } | Outcome::Refused { why, .. } | Outcome::Failed { why, .. } => {
            Owner::Unknown(format!("{OWNER_FILE} cannot be written: {why}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(id: &str) -> Machine {
        Machine { id: id.into(), host: format!("host of {id}") }
    }

    fn place() -> (tempfile::TempDir, Shares, Blobs) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let root = dir.path().join("share");
        std::fs::create_dir(&root).expect("writable");
        let blobs = Blobs::open(&dir.path().join("blobs")).expect("writable");
        (dir, Shares::new([(ShareId(0), root)].into()), blobs)
    }

    #[test]
    fn who_comes_first_owns_a_share_and_says_so_in_it() {
        let (dir, shares, blobs) = place();
        let share = shares.open(ShareId(0)).expect("there");
        assert_eq!(own(&share, &blobs, &machine("a")), Owner::Us);
        let text = std::fs::read_to_string(dir.path().join("share").join(OWNER_FILE)).expect("stated");
        assert!(text.contains("machine = \"a\"") && text.contains("host = \"host of a\""), "{text}");
        assert_eq!(own(&share, &blobs, &machine("a")), Owner::Us, "and again");
        assert_eq!(own(&share, &blobs, &machine("b")), Owner::Other("host of a".into()));
    }

    #[test]
    fn a_statement_that_cannot_be_read_is_nobodys() {
        let (dir, shares, blobs) = place();
        let share = shares.open(ShareId(0)).expect("there");
        let file = dir.path().join("share").join(OWNER_FILE);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
        for text in ["machine =", "host = \"x\"\n", "machine = 7\n"] {
            std::fs::write(&file, text).expect("writable");
            assert!(matches!(own(&share, &blobs, &machine("a")), Owner::Unknown(_)), "{text}");
            assert_eq!(std::fs::read_to_string(&file).expect("there"), text, "and it is left as it is");
        }
    }

    #[test]
    fn a_share_that_came_back_as_another_folder_is_opened_anew() {
        let (dir, shares, _) = place();
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

    #[test]
    fn this_machine_has_a_name_that_gives_nothing_away() {
        let this = Machine::this();
        assert_eq!(this, Machine::this());
        let id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        assert!(id.trim().is_empty() || !this.id.contains(id.trim()));
    }
}
