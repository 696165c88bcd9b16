//! Whose a share is.
//!
//! A share that several machines synchronise has one owner, and `showd/owner.toml` inside it says which: a statement
//! for the others, never a lock. Owns that file's form and this machine's name in it; whoever is about to write into a
//! share asks here, the daemon as well as `showctl check --fix`.

use crate::blobs::Blobs;
use crate::error::ReadError;
use crate::intent::{Intent, Move, Outcome, Source, Try};
use crate::name::{Digest, IntentId};
use crate::share::Share;
use std::fmt::Write as _;

/// Where the statement stands.
pub const OWNER_FILE: &str = "showd/owner.toml";
/// It holds two names.
const OWNER_BYTES_MAX: u64 = 64 << 10;

/// A machine, as other machines know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Derived from the machine's own id, which is nobody else's business.
    pub id: String,
    pub host: String,
}

/// Whose a share is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    Us,
    /// The name of the other machine.
    Other(String),
    /// Nobody has said so yet.
    Nobody,
    /// It cannot be found out, or not be written down; why.
    Unknown(String),
}

impl Machine {
    /// The one we run on.
    pub fn this() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
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

/// What the statement of a share says. Changes nothing.
pub fn owner(share: &Share, us: &Machine) -> Owner {
    match share.snapshot(OWNER_FILE, OWNER_BYTES_MAX) {
        Ok(snapshot) => stated(&String::from_utf8_lossy(&snapshot.bytes), us),
        Err(ReadError::Gone { .. }) => Owner::Nobody,
        Err(error) => Owner::Unknown(format!("{OWNER_FILE} cannot be read: {error}")),
    }
}

fn stated(text: &str, us: &Machine) -> Owner {
    let Ok(table) = text.parse::<toml::Table>() else {
        return Owner::Unknown(format!("{OWNER_FILE} is no TOML; mend or remove it"));
    };
    let word = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    match word("machine") {
        Some(id) if id == us.id => Owner::Us,
        Some(id) => Owner::Other(word("host").unwrap_or(id)),
        None => Owner::Unknown(format!("{OWNER_FILE} names no machine; mend or remove it")),
    }
}

/// Reads the statement of a share, and makes ours where there is none. Never [`Owner::Nobody`].
pub fn own(share: &Share, blobs: &Blobs, us: &Machine) -> Owner {
    match owner(share, us) {
        Owner::Nobody => {
            let (new, source) = source(us);
            state(share, blobs, Move::New { path: OWNER_FILE.into(), new, source })
        }
        known => known,
    }
}

/// Makes a share ours, whatever its statement says. The old statement is kept as a blob.
pub fn take(share: &Share, blobs: &Blobs, us: &Machine) -> Owner {
    match share.snapshot(OWNER_FILE, OWNER_BYTES_MAX) {
        Ok(old) if stated(&String::from_utf8_lossy(&old.bytes), us) == Owner::Us => Owner::Us,
        Ok(old) => {
            let (new, source) = source(us);
            let (path, base) = (OWNER_FILE.into(), old.digest);
            state(share, blobs, Move::Replace { path, base, new, source, human: true, seen: None })
        }
        Err(ReadError::Gone { .. }) => own(share, blobs, us),
        Err(error) => Owner::Unknown(format!("{OWNER_FILE} cannot be read: {error}")),
    }
}

fn source(us: &Machine) -> (Digest, Source) {
    let bytes = us.statement().into_bytes();
    (Digest::of(&bytes), Source::Bytes(bytes.into()))
}

fn state(share: &Share, blobs: &Blobs, statement: Move) -> Owner {
    let id = IntentId::new("owner").expect("letters only");
    match share.publish(blobs, &Intent { id, moves: vec![statement], home: None }, Try::Again).outcome {
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

    fn place() -> (tempfile::TempDir, Share, Blobs) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let root = dir.path().join("share");
        std::fs::create_dir(&root).expect("writable");
        let blobs = Blobs::open(&dir.path().join("blobs")).expect("writable");
        let share = Share::open(&root).expect("there");
        (dir, share, blobs)
    }

    #[test]
    fn who_comes_first_owns_a_share_and_says_so_in_it() {
        let (dir, share, blobs) = place();
        assert_eq!(owner(&share, &machine("a")), Owner::Nobody);
        assert!(!dir.path().join("share").join(OWNER_FILE).exists(), "asking claims nothing");
        assert_eq!(own(&share, &blobs, &machine("a")), Owner::Us);
        let text = std::fs::read_to_string(dir.path().join("share").join(OWNER_FILE)).expect("stated");
        assert!(text.contains("machine = \"a\"") && text.contains("host = \"host of a\""), "{text}");
        assert_eq!(own(&share, &blobs, &machine("a")), Owner::Us, "and again");
        assert_eq!(owner(&share, &machine("a")), Owner::Us, "whoever asks");
        assert_eq!(own(&share, &blobs, &machine("b")), Owner::Other("host of a".into()));
    }

    #[test]
    fn a_share_can_be_taken_over_and_the_other_then_knows() {
        let (dir, share, blobs) = place();
        own(&share, &blobs, &machine("a"));
        assert_eq!(take(&share, &blobs, &machine("b")), Owner::Us);
        assert_eq!(owner(&share, &machine("a")), Owner::Other("host of b".into()));
        assert_eq!(take(&share, &blobs, &machine("b")), Owner::Us, "and again");
        std::fs::write(dir.path().join("share").join(OWNER_FILE), "machine =").expect("writable");
        assert_eq!(take(&share, &blobs, &machine("b")), Owner::Us, "even from what cannot be read");
        let (_dir, share, blobs) = place();
        assert_eq!(take(&share, &blobs, &machine("b")), Owner::Us, "and from nobody");
    }

    #[test]
    fn a_statement_that_cannot_be_read_is_nobodys() {
        let (dir, share, blobs) = place();
        let file = dir.path().join("share").join(OWNER_FILE);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
        for text in ["machine =", "host = \"x\"\n", "machine = 7\n"] {
            std::fs::write(&file, text).expect("writable");
            assert!(matches!(own(&share, &blobs, &machine("a")), Owner::Unknown(_)), "{text}");
            assert_eq!(std::fs::read_to_string(&file).expect("there"), text, "and it is left as it is");
        }
    }

    #[test]
    fn this_machine_has_a_name_that_gives_nothing_away() {
        let this = Machine::this();
        assert_eq!(this, Machine::this());
        let id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        assert!(id.trim().is_empty() || !this.id.contains(id.trim()));
    }
}
