//! Names that somebody's program made: Syncthing's, editors', copies and half-finished files (specification 1.5, 1.6).

use super::{ConflictCopy, Kind, Stray};
use crate::listing::{folder_of, name_of, split_extension};
use regex::Regex;
use std::sync::LazyLock;

/// The file that is not quiet while this one exists: Syncthing is writing it, or an editor has it open
/// (specification 10.1 #2 and #4).
pub fn disturbs(path: &str) -> Option<String> {
    let name = name_of(path);
    let of = match syncthing_name(name) {
        Some(Kind::InFlight { of }) => of,
        Some(_) => return None,
        None => {
            let lock = name.strip_prefix(".~lock.").and_then(|rest| rest.strip_suffix('#'));
            let hidden = || name.strip_prefix('.');
            let swap =
                || hidden().and_then(|rest| rest.strip_suffix(".swp").or_else(|| rest.strip_suffix(".kate-swp")));
            let office = || name.strip_prefix("~$");
            lock.or_else(swap).or_else(office)?.to_owned()
        }
    };
    Some(format!("{}{of}", folder_of(path)))
}

/// Takes a name apart by the pattern of specification 1.6 #1, again and again for copies of copies. Digits are ASCII
/// digits, and a stem may hold anything that a file's name can, line ends too.
pub fn conflict_copy(path: &str) -> Option<ConflictCopy> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?s)^(?P<stem>.*)\.sync-conflict-(?P<date>[0-9]{8})-(?P<time>[0-9]{6})(?:-(?P<dev>[A-Z2-7]{7})?)?(?P<ext>\.[^./]*)?$",
        )
        .expect("the pattern of the specification compiles")
    });
    let mut original = path.to_owned();
    let mut copy: Option<ConflictCopy> = None;
    while let Some(parts) = PATTERN.captures(&original) {
        let (date, time) = (&parts["date"], &parts["time"]);
        let at = format!("{}-{}-{} {}:{}:{}", &date[..4], &date[4..6], &date[6..], &time[..2], &time[2..4], &time[4..]);
        let device = parts.name("dev").map(|device| device.as_str().to_owned());
        let next = format!("{}{}", &parts["stem"], parts.name("ext").map_or("", |ext| ext.as_str()));
        match &mut copy {
            Some(copy) => copy.depth += 1,
            none => *none = Some(ConflictCopy { original: String::new(), device, at, depth: 1 }),
        }
        original = next;
    }
    copy.map(|copy| ConflictCopy { original, ..copy })
}

pub(super) fn syncthing_name(part: &str) -> Option<Kind> {
    let temp = part.strip_prefix(".syncthing.").or_else(|| part.strip_prefix("~syncthing~"));
    if let Some(of) = temp.and_then(|rest| rest.strip_suffix(".tmp")) {
        let ours = part.starts_with('.') && of.starts_with("showd-");
        return Some(if ours { Kind::OurTemp } else { Kind::InFlight { of: of.to_owned() } });
    }
    let internal = matches!(part, ".stfolder" | ".stversions" | ".stignore") || part.starts_with(".syncthing");
    internal.then_some(Kind::Syncthing)
}

/// One part of a path against the table of specification 1.5.
pub(super) fn stray_name(part: &str, is_folder: bool) -> Option<(Stray, String)> {
    static UNFINISHED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^_temp_[0-9a-fA-F]{8}_(?P<name>.*)$").expect("a constant pattern compiles"));
    let stray = |kind, reason: &str| Some((kind, reason.to_owned()));
    if is_folder {
        let known = [".claude", ".blackmagicsync-v2", "temporary-files", "growing-temporary-files", "New folder"];
        if known.contains(&part) || part.starts_with("sync-") {
            return stray(Stray::Folder, &format!("lies in the stray folder {part}"));
        }
    } else {
        if [".DS_Store", "Thumbs.db", "desktop.ini"].iter().any(|name| part.eq_ignore_ascii_case(name)) {
            return stray(Stray::System, "a file of the operating system");
        }
        let ending = split_extension(part).1.to_ascii_lowercase();
        let swap = part.starts_with('.') && [".swp", ".kate-swp"].contains(&ending.as_str());
        if part.starts_with("~$") || (part.starts_with(".~lock.") && part.ends_with('#')) || swap {
            return stray(Stray::Editor, "a lock or swap file of an editor");
        }
        if let Some(found) = UNFINISHED.captures(part) {
            let reason = format!("the rest of an interrupted renaming; it stands for {}", &found["name"]);
            return stray(Stray::Unfinished, &reason);
        }
        let lower = part.to_ascii_lowercase();
        if [".part", ".crdownload", ".tmp"].iter().any(|end| lower.ends_with(end)) {
            return stray(Stray::Unfinished, "an unfinished download or temporary file");
        }
    }
    None
}

/// Whether a name looks like that of a copy.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CopyName {
    No,
    /// Whatever lies beside it.
    Sure,
    /// Only when the file of this name lies beside it: `Border conflict heats up.md` is a story unless `Border.md` is
    /// there too.
    Of(String),
}

pub(super) fn copy_name(part: &str) -> CopyName {
    static COPY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?P<before>.*?)(?: -)? Copy(?P<after>| ?\d+| ?\(\d+\)| .*)$")
            .expect("a constant pattern compiles")
    });
    static CONFLICT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?P<before>.*?) conflict (?P<after>.*)$").expect("a constant pattern compiles"));
    let (stem, extension) = split_extension(part);
    let says_old = |text: &str| text.ends_with("_backup") || text.ends_with("_old");
    let bak = extension.eq_ignore_ascii_case(".bak");
    if bak || says_old(part) || says_old(stem) || part.contains("_CONFLICT_") || part.contains(" (1)") {
        return CopyName::Sure;
    }
    let Some(found) = COPY.captures(stem).or_else(|| CONFLICT.captures(stem)) else { return CopyName::No };
    let after = found["after"].trim_start();
    let sure =
        after.is_empty() || after.starts_with(|c: char| c.is_ascii_digit() || c == '(') || after.starts_with("copy");
    if sure { CopyName::Sure } else { CopyName::Of(format!("{}{extension}", &found["before"])) }
}

/// `rundown/X (3).md` → `rundown/X.md`, where nothing else about the name is odd.
pub(super) fn numbered_copy(path: &str) -> Option<String> {
    static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(rundown/[^/]*[^/ ]) \(\d+\)(\.(?i:md))$").expect("a constant pattern compiles")
    });
    let parts = NUMBERED.captures(path)?;
    Some(format!("{}{}", &parts[1], &parts[2]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_conflict_copy_says_what_of_whom_and_when() {
        let copy = conflict_copy("10 Tea.sync-conflict-20260801-081936-ABCDEF2.md").expect("a conflict copy");
        assert_eq!(copy.original, "10 Tea.md");
        assert_eq!(copy.device.as_deref(), Some("ABCDEF2"));
        assert_eq!(copy.at, "2026-08-01 08:19:36");
        assert_eq!(conflict_copy("10 Tea.sync-conflict-2026-08.md"), None);
        let nameless = conflict_copy("a.sync-conflict-20260801-081936").expect("an old form without a device");
        assert_eq!((nameless.original.as_str(), nameless.device), ("a", None));
        let unknown = conflict_copy("rundown/a.sync-conflict-20260801-081936-.md").expect("a device nobody knows");
        assert_eq!((unknown.original.as_str(), unknown.device), ("rundown/a.md", None));
    }

    #[test]
    fn what_only_resembles_a_conflict_copy_is_none() {
        for name in [
            "10 Tea.sync-conflict-2026-08.md",
            "10 Tea.sync-conflict-２０２６０８０１-０８１９３６-ABCDEF2.md",
            "10 Tea.sync-conflict-20260801-081936-abcdef2.md",
            "10 Tea.sync-conflict-20260801-081936-ABCDEF2 (1).md",
            "10 Tea sync-conflict-20260801-081936-ABCDEF2.md",
            "10 Tea.sync-conflict-20260801-081936-ABCDEF2/notes.md",
        ] {
            assert_eq!(conflict_copy(name), None, "{name}");
        }
    }

    #[test]
    fn the_extension_is_what_follows_the_last_dot_however_it_was_meant() {
        let original = |name: &str| conflict_copy(name).map(|copy| copy.original);
        assert_eq!(original("a.tar.sync-conflict-20260801-081936-ABCDEF2.gz").as_deref(), Some("a.tar.gz"));
        let sentence = "Episode 12.sync-conflict-20260801-081936-ABCDEF2. The Start";
        assert_eq!(original(sentence).as_deref(), Some("Episode 12. The Start"));
    }

    /// What Syncthing calls the copy: the mark stands before the last dot of the name.
    fn set_aside(path: &str, mark: &str) -> String {
        let folder = folder_of(path);
        let name = &path[folder.len()..];
        let dot = name.rfind('.').unwrap_or(name.len());
        format!("{folder}{}.sync-conflict-{mark}{}", &name[..dot], &name[dot..])
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_copy_leads_back_to_its_original(
            original in "([a-z .]{0,6}/)?[^/\\PC\n]{0,12}\\PC{0,4}\\.[^/.\\PC]{1,3}",
            marks in proptest::collection::vec("2026[0-9]{4}-[0-9]{6}(-|-[A-Z2-7]{7})?", 1..4),
        ) {
            // Where the path holds a mark already, the original is another.
            prop_assume!(conflict_copy(&original).is_none() && !original.ends_with('/'));
            let copy = marks.iter().fold(original.clone(), |path, mark| set_aside(&path, mark));
            let found = conflict_copy(&copy).expect("a copy of a copy is one too");
            prop_assert_eq!(&found.original, &original);
            prop_assert_eq!(found.depth as usize, marks.len());
            let last = marks.last().expect("at least one mark");
            let digits: String = found.at.chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(digits, last[..15].replace('-', ""));
            prop_assert_eq!(found.device.as_deref(), last.get(16..).filter(|device| !device.is_empty()));
        }

        #[test]
        fn no_name_is_too_odd_to_be_looked_at(name in "\\PC{0,8}(\\.sync-conflict-)?[0-9０-９]{0,8}-[0-9０-９]{0,6}\\PC{0,8}") {
            if let Some(copy) = conflict_copy(&name) {
                prop_assert!(copy.original.len() < name.len());
            }
        }
    }

    #[test]
    fn a_file_is_not_quiet_beside_what_disturbs_it() {
        let disturbed = |path| disturbs(path).unwrap_or_default();
        assert_eq!(disturbed("rundown/.syncthing.10 Tea.md.tmp"), "rundown/10 Tea.md");
        assert_eq!(disturbed("rundown/~syncthing~10 Tea.md.tmp"), "rundown/10 Tea.md");
        assert_eq!(disturbed("rundown/.~lock.10 Tea.md#"), "rundown/10 Tea.md");
        assert_eq!(disturbed("rundown/.10 Tea.md.swp"), "rundown/10 Tea.md");
        assert_eq!(disturbed("rundown/.10 Tea.md.kate-swp"), "rundown/10 Tea.md");
        assert_eq!(disturbed("~$info.md"), "info.md");
        assert_eq!(disturbed("rundown/.syncthing.showd-77.tmp"), "");
        assert_eq!(disturbed("rundown/10 Tea.md"), "");
    }
}
