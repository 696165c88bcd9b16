//! The small words of the room: digests, stamps, intent ids, and which names we may use and which we never may.

use std::fmt;

/// A BLAKE3 hash of a file's bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Reads the 64 lower or upper case hex digits that `Display` writes.
    pub fn from_hex(hex: &str) -> Option<Self> {
        blake3::Hash::from_hex(hex).ok().map(|hash| Self(*hash.as_bytes()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// How a file looked: a shortcut only, the truth is the [`Digest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Nanoseconds since 1970.
    pub ctime_ns: i64,
    /// Inode number; a share may span file systems, so it says nothing without the path.
    pub inode: u64,
}

impl Stamp {
    /// Nobody has written it in between. Its names and rights may have changed, as when we move it out and in again.
    pub(crate) fn is_of_the_same_write(&self, other: &Self) -> bool {
        (self.size, self.mtime_ns, self.inode) == (other.size, other.mtime_ns, other.inode)
    }
}

/// The name of one intent, part of the names of its temporary files. Never reused by the same owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId(String);

impl IntentId {
    /// Lower case letters and digits, 1 to 40 of them; anything else is `None`.
    pub fn new(name: &str) -> Option<Self> {
        let fits = (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        fits.then(|| Self(name.to_owned()))
    }
}

impl From<u64> for IntentId {
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Every Syncthing, on every system and without configuration, leaves names with this beginning alone.
const TEMP_PREFIX: &str = ".syncthing.showd-";
const TEMP_END: &str = ".tmp";

/// The slot of one move of an intent: it holds the staged bytes, complete and synced, until the moment that they
/// change places with the target; from then on it holds what lay at the target. Says by a [`tag`] whose it is.
pub(crate) fn slot_name(intent: &IntentId, slot: &str, target: &str) -> String {
    format!("{TEMP_PREFIX}{intent}-{slot}-{}{TEMP_END}", tag(target))
}

/// Tells a file's name from the others in its directory.
pub(crate) fn tag(name: &str) -> String {
    Digest::of(name.as_bytes()).to_string()[..8].to_owned()
}

/// Where staged bytes are written before they are complete. Never holds anything but ours.
pub(crate) fn part_name(intent: &IntentId, slot: &str) -> String {
    format!("{TEMP_PREFIX}{intent}-{slot}.part{TEMP_END}")
}

/// What a temporary name of ours says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TempName {
    /// `None` when the name begins like ours and does not go on so.
    pub intent: Option<IntentId>,
    /// Of the file that it was made for.
    pub tag: Option<String>,
    pub part: bool,
}

/// Reads a file name, if it is one of our temporary names.
pub(crate) fn read_temp_name(name: &[u8]) -> Option<TempName> {
    let rest = name.strip_prefix(TEMP_PREFIX.as_bytes())?;
    let text = str::from_utf8(rest).unwrap_or_default();
    let intent = text.split_once('-').and_then(|(intent, _)| IntentId::new(intent));
    let tag = text.strip_suffix(TEMP_END).and_then(|text| text.splitn(3, '-').nth(2)).map(str::to_owned);
    Some(TempName { intent, tag, part: text.ends_with(".part.tmp") })
}

/// Why a path can never name something in a share, if so.
pub(crate) fn path_fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.contains('\0') {
        return Some("it contains a NUL");
    }
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Some("it has an empty part, a \".\" or a \"..\"");
    }
    if path.split('/').any(|part| part.starts_with(".syncthing.") || part.starts_with("~syncthing~")) {
        return Some("it is a temporary name of Syncthing's or ours");
    }
    if matches!(path.split('/').next(), Some(".stfolder" | ".stversions" | ".stignore")) {
        return Some("it belongs to Syncthing");
    }
    None
}

/// Why we must not bring a file of this name into being, if so.
pub(crate) fn new_name_fault(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    // Syncthing makes no copy of the loser of a conflict over such a file: it deletes it.
    name.contains(".sync-conflict-").then_some("nothing of ours may be named like a conflict copy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names_are_read_back() {
        let id = IntentId::from(42);
        assert_eq!(slot_name(&id, "0", "10 Tea.md"), ".syncthing.showd-42-0-03548df7.tmp");
        let read = |name: &str| read_temp_name(name.as_bytes());
        let tag = Some(tag("10 Tea.md"));
        assert_eq!(
            read(&slot_name(&id, "0", "10 Tea.md")),
            Some(TempName { intent: Some(id.clone()), tag, part: false })
        );
        assert_eq!(read(&part_name(&id, "3a")), Some(TempName { intent: Some(id), tag: None, part: true }));
        assert_eq!(read(".syncthing.showd-?.tmp"), Some(TempName { intent: None, tag: None, part: false }));
        assert_eq!(read(".syncthing.10 Tea.md.tmp"), None);
        assert_eq!(read_temp_name(b".syncthing.showd-7-\xff.tmp").map(|temp| temp.intent), Some(None));
    }

    #[test]
    fn names_that_belong_to_others_are_refused() {
        for path in
            ["", "/etc/passwd", "a//b", "a/../b", "./a", "a\0b", "a/.syncthing.b.tmp", ".stfolder/x", ".stignore"]
        {
            assert!(path_fault(path).is_some(), "{path:?}");
        }
        for path in ["info.md", "episodes/0900/rundown/10 Why Kettles Sing.md", "a/.stignore", "•.md"] {
            assert!(path_fault(path).is_none(), "{path:?}");
        }
        assert!(new_name_fault("a/10 Tea.sync-conflict-20260801-081936-ABCDEF2.md").is_some());
    }

    #[test]
    fn an_intent_is_named_by_letters_and_digits() {
        assert!(IntentId::new("ctl0f3a").is_some());
        for name in ["", "A", "a-b", "a/b", "ä", &"x".repeat(41)] {
            assert!(IntentId::new(name).is_none(), "{name:?}");
        }
    }
}
