//! What of Syncthing's configuration endangers people's text, said with the next move. Changes nothing.

use super::client::FolderStatus;
use super::known::Place;
use super::survey::{Finds, Survey};

/// Notes and more than this in large files in one folder: while it pulls, it neither sends nor scans.
const LARGE_TOTAL_BYTES_MAX: u64 = 1_000_000_000;
/// Above this, a save on one device may stay unknown to the others for a minute.
const WATCHER_DELAY_S_MAX: f64 = 1.0;

/// Machine-local, and the cause of most conflict copies. Each with a beginning by which we know it again.
const IGNORES: [(&str, &str); 8] = [
    ("(?d).obsidian/workspace*.json", ".obsidian"),
    ("(?d).trash", ".trash"),
    ("(?d).DS_Store", ".ds_store"),
    ("(?d)Thumbs.db", "thumbs.db"),
    ("(?d)~$*", "~$"),
    ("(?d).~lock.*#", ".~lock."),
    ("(?d)*.crdownload", "*.crdownload"),
    ("(?d)*.part", "*.part"),
];

/// What there is to judge.
#[derive(Debug)]
pub struct Facts<'a> {
    pub place: &'a Place,
    pub status: &'a FolderStatus,
    /// Lines of its `.stignore`; `None` when it did not say.
    pub ignores: Option<&'a [String]>,
    pub survey: &'a Survey,
    /// Name and version of the devices that share it and are connected.
    pub peers: &'a [(String, String)],
}

/// What people should know, each with the next move.
pub fn warnings(facts: &Facts<'_>) -> Vec<(String, String)> {
    let Facts { place, status, ignores, survey, peers } = facts;
    let folder = &place.folder;
    let title = format!("Syncthing's folder \"{}\"", place.title());
    let mut found: Vec<(String, String)> = Vec::new();
    let mut say = |what: String, hint: &str| found.push((format!("{title} {what}"), hint.to_owned()));
    if folder.paused {
        say("is paused".into(), "resume it in Syncthing; until then edits elsewhere do not arrive");
        return found;
    }
    match folder.kind.as_str() {
        "sendonly" => {
            say("only sends: edits made elsewhere never arrive".into(), "set its type to \"Send & Receive\"");
        }
        "receiveonly" => {
            say("only receives: what showd writes stays here".into(), "set its type to \"Send & Receive\"");
        }
        "receiveencrypted" => {
            say("is encrypted: there is nothing to work on".into(), "share it with this device without a password");
        }
        _ => {}
    }
    if !folder.fs_watcher_enabled {
        say(
            "does not watch for changes: they wait for the hourly scan".into(),
            "switch on \"Watch for Changes\" in the folder's settings",
        );
    } else if folder.fs_watcher_delay_s > WATCHER_DELAY_S_MAX {
        let delay_s = folder.fs_watcher_delay_s;
        say(
            format!("announces changes only after {delay_s} s: until then nobody else knows of an edit"),
            "set fsWatcherDelayS to 1 on every device (Actions, Advanced, Folders)",
        );
    }
    if folder.max_conflicts == 0 {
        say(
            "throws the text that loses a conflict away".into(),
            "set maxConflicts to 10 or -1 (Actions, Advanced, Folders)",
        );
    }
    if survey.has_notes && survey.large_bytes > LARGE_TOTAL_BYTES_MAX {
        let gigabytes = survey.large_bytes / 1_000_000_000;
        say(
            format!("mixes notes with {gigabytes} GB of large files: while those are carried, edits wait"),
            "share recordings as a folder of their own",
        );
    }
    let missing = ignores.map(missing_ignores).unwrap_or_default();
    if !missing.is_empty() {
        let file = place.named.join(".stignore");
        let hint = format!(
            "\"showctl doctor --add-ignores\" adds these lines to {} here; do the same on every device: {}",
            file.display(),
            missing.join("  ")
        );
        say("carries files that belong to one machine only".into(), &hint);
    }
    if survey.unwritable.count > 0 {
        let what = some(&survey.unwritable, "a folder", "folders", "showd may not write into");
        say(what, "let the account that showd runs as write there; until then what belongs there is not published");
    }
    if survey.refused.count > 0 {
        let what = some(&survey.refused, "a name", "names", "Windows refuses");
        say(what, "rename them: a device with Windows cannot take them up");
    }
    if survey.twins.count > 0 {
        let what = some(&survey.twins, "a name", "names", "Windows and macOS take for another one's beside it");
        say(what, "rename one of each two: such a device has room for one of them only");
    }
    if !status.watch_error.is_empty() {
        say(format!("cannot watch for changes: {}", status.watch_error), "its full scans find them, hourly by default");
    }
    if !status.error.is_empty() {
        say(format!("has stopped: {}", status.error), "mend the cause; Syncthing shows it on the folder");
    } else if status.errors > 0 {
        say(
            format!("cannot take up {} files", status.errors),
            "Syncthing lists them under \"Failed Items\"; names that another system forbids are the usual cause",
        );
    }
    for (name, version) in *peers {
        if is_restless_on_android(version) {
            let what =
                format!("Syncthing {version} on {name}, if that is an Android device, announces edits of nobody");
            found.push((what, "update it there to 1.26 or newer: it makes conflict copies without end".into()));
        }
    }
    found
}

/// `holds 3 names that Windows refuses, such as "a?.md"`.
fn some(finds: &Finds, one: &str, many: &str, which: &str) -> String {
    match finds {
        Finds { first, count: 1 } => format!("holds {one} that {which}: \"{first}\""),
        Finds { first, count } => format!("holds {count} {many} that {which}, such as \"{first}\""),
    }
}

/// Lines for `.stignore` that keep machine-local files apart and are not there yet.
pub fn missing_ignores(lines: &[String]) -> Vec<&'static str> {
    let plain: Vec<String> = lines
        .iter()
        .map(|line| {
            let line = line.trim().to_lowercase().replace("(?d)", "").replace("(?i)", "");
            line.trim_start_matches("**/").trim_start_matches('/').to_owned()
        })
        .collect();
    let is_there = |begin: &str| plain.iter().any(|line| line.starts_with(begin));
    IGNORES.iter().filter(|(_, begin)| !is_there(begin)).map(|(line, _)| *line).collect()
}

/// 1.22 to 1.25 took a moved inode change time for an edit, and Android moves it.
fn is_restless_on_android(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    numbers.next() == Some(1) && numbers.next().is_some_and(|minor| (22..=25).contains(&minor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::client::Folder;

    fn good() -> Folder {
        Folder {
            id: "show".into(),
            label: "Show".into(),
            path: "/srv/show".into(),
            kind: "sendreceive".into(),
            fs_watcher_enabled: true,
            fs_watcher_delay_s: 1.0,
            max_conflicts: 10,
            ..Folder::default()
        }
    }

    fn said(folder: Folder, status: &FolderStatus, survey: &Survey, peers: &[(String, String)]) -> String {
        let lines: Vec<String> = IGNORES.iter().map(|(line, _)| (*line).to_owned()).collect();
        let place = Place::new(folder, "");
        let facts = Facts { place: &place, status, ignores: Some(&lines), survey, peers };
        warnings(&facts).into_iter().flat_map(|(text, hint)| [text, "\n  hint: ".into(), hint, "\n".into()]).collect()
    }

    #[test]
    fn a_good_folder_gives_no_cause_for_words() {
        assert_eq!(said(good(), &FolderStatus::default(), &Survey::default(), &[]), "");
    }

    #[test]
    fn each_danger_is_named_with_its_next_move() {
        let (status, survey) = (FolderStatus::default(), Survey::default());
        let folders = [
            Folder { paused: true, ..good() },
            Folder { kind: "sendonly".into(), ..good() },
            Folder { kind: "receiveonly".into(), ..good() },
            Folder { kind: "receiveencrypted".into(), ..good() },
            Folder { fs_watcher_enabled: false, ..good() },
            Folder { fs_watcher_delay_s: 10.0, max_conflicts: 0, ..good() },
        ];
        let mut all: String = folders.into_iter().map(|folder| said(folder, &status, &survey, &[])).collect();
        let mixed = Survey { has_notes: true, large_bytes: 20_000_000_000, ..Survey::default() };
        all += &said(good(), &status, &mixed, &[]);
        let finds = |first: &str, count| Finds { first: first.to_owned(), count };
        let odd = Survey {
            unwritable: finds("episodes/0900", 1),
            refused: finds("episodes/0900/rundown/10 Why?.md", 3),
            twins: finds("episodes/0900/rundown/tea.md", 1),
            ..Survey::default()
        };
        all += &said(good(), &status, &odd, &[]);
        let broken = FolderStatus { watch_error: "too many watches".into(), errors: 2, ..FolderStatus::default() };
        let peers = [("phone".to_owned(), "v1.23.1".to_owned()), ("desk".to_owned(), "v1.29.5".to_owned())];
        all += &said(good(), &broken, &survey, &peers);
        let stopped = FolderStatus { error: "folder marker missing".into(), ..FolderStatus::default() };
        all += &said(good(), &stopped, &survey, &[]);
        insta::assert_snapshot!(all);
    }

    #[test]
    fn lines_for_stignore_are_offered_as_far_as_they_are_missing() {
        let lines = ["// ours", "/.obsidian/workspace.json", "(?i)(?d).ds_store", "**/Thumbs.db", "*.part"];
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(missing_ignores(&lines), ["(?d).trash", "(?d)~$*", "(?d).~lock.*#", "(?d)*.crdownload"]);
    }
}
