//! The episode as a folder: its name, whether it is laid out as it should be, and what a new one contains.
//!
//! Follows sections 1.1, 1.3 and 2.1 of the specification. Knows nothing of rundowns.

use crate::listing::{Listing, split_extension};
use jiff::civil::{Date, Weekday};
use serde::Serialize;

/// One episode of a share: which folder stands for it and how the folder should be called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Episode {
    /// At least four digits: `0237`.
    pub number: String,
    /// As it is on disk: `237` or `0237`.
    pub folder: String,
}

/// The episodes among the names directly below `episodes/`, in order of their numbers, and the folders that are set
/// aside because a better-named one stands for the same number.
pub fn episodes<'n>(folders: impl IntoIterator<Item = &'n str>) -> (Vec<Episode>, Vec<Episode>) {
    let mut all: Vec<Episode> = folders.into_iter().filter_map(episode).collect();
    // The padded spelling first among equals.
    all.sort_by(|one, other| rank(one).cmp(&rank(other)));
    let mut used: Vec<Episode> = Vec::new();
    let mut aside = Vec::new();
    for found in all {
        if used.last().is_some_and(|last| last.number == found.number) {
            aside.push(found);
        } else {
            used.push(found);
        }
    }
    (used, aside)
}

/// A folder name of digits only is an episode; anything else is not.
pub fn episode(folder: &str) -> Option<Episode> {
    let digits = !folder.is_empty() && folder.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Episode { number: pad(folder), folder: folder.to_owned() })
}

/// What a person typed, as the number of an episode: `237` → `0237`. Digits only, or nothing.
pub fn number(typed: &str) -> Option<String> {
    episode(typed.trim()).map(|found| found.number)
}

/// At least four digits and no more zeros in front than that takes.
fn pad(digits: &str) -> String {
    format!("{:0>4}", digits.trim_start_matches('0'))
}

/// Orders numbers of any length by value.
fn rank(found: &Episode) -> (usize, &str, bool, &str) {
    (found.number.len(), &found.number, found.folder != found.number, &found.folder)
}

/// The highest existing number plus one; `0001` where there is none. Numbers beyond 18 digits are not counted.
pub fn next_number<'n>(folders: impl IntoIterator<Item = &'n str>) -> String {
    let taken = folders.into_iter().filter_map(episode).filter_map(|found| found.number.parse::<u64>().ok());
    let highest = taken.filter(|number| *number < 1_000_000_000_000_000_000).max().unwrap_or(0);
    format!("{:04}", highest + 1)
}

/// The next Sunday strictly after the highest air date of any episode, or after today where there is none.
pub fn next_airdate(highest: Option<Date>, today: Date) -> Option<Date> {
    highest.unwrap_or(today).nth_weekday(1, Weekday::Sunday).ok()
}

/// Folders that every episode has (specification 1.3 #1), besides `info.md`.
pub const FOLDERS: [&str; 11] = [
    "projects",
    "captures",
    "thumbnails",
    "assets",
    "assets/video",
    "assets/images",
    "assets/audio",
    "assets/graphics",
    "rundown",
    "scripts",
    "exports",
];

/// `a`: as older episodes were laid out; `b`: as ours are (specification 1.2, 1.3). Empty folders need not be listed.
pub fn layout(listing: &Listing) -> char {
    let older = ["assets/sots", "assets/videos", "assets/generated_quotes", "assets/unlinked", "rundown/list"];
    let older = older.iter().chain(&["publish", "distribute", "profiles", "backup", "vmix"]);
    let loose_vmix = listing.files().any(|(path, _)| !path.contains('/') && split_extension(path).1 == ".vmix");
    if loose_vmix || older.into_iter().any(|folder| listing.has_folder(folder)) { 'a' } else { 'b' }
}

/// The answer of `showctl episode check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayoutCheck {
    pub valid: bool,
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
}

/// Whether an episode folder has what it must have. An older layout fails here and is processed all the same.
pub fn check_layout(folder: &str, listing: &Listing) -> LayoutCheck {
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    if !listing.has_file("info.md") {
        errors.push("missing file: info.md".to_owned());
    }
    errors.extend(
        FOLDERS.iter().filter(|name| !listing.has_folder(name)).map(|name| format!("missing directory: {name}")),
    );
    match episode(folder) {
        None => errors.push(format!("not an episode number: {folder}")),
        Some(found) if found.folder != found.number => {
            warnings.push(format!("name not padded: {folder} should be {}", found.number));
        }
        Some(_) => {}
    }
    LayoutCheck { valid: errors.is_empty(), errors, warnings }
}

/// What `showctl episode new` asks to be made, all below the new episode's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewEpisode {
    pub number: String,
    /// Path and text.
    pub files: Vec<(String, String)>,
    /// To be made even though they are empty.
    pub folders: Vec<String>,
}

/// `asset_id` is a fresh id with the prefix `EPS`; whoever asks mints it against the share.
pub fn new_episode(number: &str, airdate: Option<Date>, title: &str, asset_id: &str) -> NewEpisode {
    let airdate = airdate.map_or_else(|| "\"\"".to_owned(), |date| date.to_string());
    let title = quoted(title);
    let info = format!(
        "---\nAssetID: {asset_id}\nepisode_number: \"{number}\"\ntype: sunday_show\nairdate: {airdate}\ntitle: {title}\n\
         slug: episode-{number}\nduration: \"\"\nstatus: draft\n---\n# Episode {number}\n"
    );
    NewEpisode {
        number: number.to_owned(),
        files: vec![("info.md".into(), info)],
        // Nobody must have `preshow/`, but it is where people drop things.
        folders: FOLDERS.iter().chain(&["preshow"]).map(|&folder| folder.into()).collect(),
    }
}

/// Always quoted: a title is anything, and quoting is never wrong. Control characters cannot stand in one line.
fn quoted(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("\"{}\"", line.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a test's date is a date")
    }

    #[test]
    fn a_folder_of_digits_is_an_episode_and_the_padded_name_wins() {
        let (used, aside) = episodes(["0237", "237", "12", ".trash", "10500", "0236x", "lib"]);
        let names =
            |found: &[Episode]| found.iter().map(|it| format!("{}={}", it.number, it.folder)).collect::<Vec<_>>();
        assert_eq!(names(&used), ["0012=12", "0237=0237", "10500=10500"]);
        assert_eq!(names(&aside), ["0237=237"]);
    }

    #[test]
    fn a_typed_number_is_padded() {
        assert_eq!(number("237").as_deref(), Some("0237"));
        assert_eq!(number("00237").as_deref(), Some("0237"));
        assert_eq!(number("two"), None);
    }

    #[test]
    fn the_next_number_follows_the_highest() {
        assert_eq!(next_number([]), "0001");
        assert_eq!(next_number(["0009", "0899", ".trash", "99999999999999999999999"]), "0900");
    }

    #[test]
    fn a_new_show_airs_on_the_sunday_after_the_last_one() {
        assert_eq!(next_airdate(Some(date("2026-08-09")), date("2026-11-21")), Some(date("2026-08-16")));
        assert_eq!(next_airdate(None, date("2026-11-21")), Some(date("2026-11-22")));
        assert_eq!(next_airdate(None, date("2026-11-22")), Some(date("2026-11-29")));
    }

    #[test]
    fn the_check_names_the_directory_that_is_missing() {
        let folders = FOLDERS.iter().filter(|name| **name != "exports").copied();
        let listing = Listing::new([("info.md", 10)]).with_folders(folders);
        let answer = serde_json::to_string(&check_layout("0900", &listing)).expect("an answer is JSON");
        assert_eq!(answer, r#"{"valid":false,"errors":["missing directory: exports"],"warnings":[]}"#);
    }

    #[test]
    fn a_new_episode_passes_its_own_check() {
        let new = new_episode("0901", Some(date("2026-08-16")), "Tea: a \"history\"", "EPSMSA79Z40T34P0T");
        let files = new.files.iter().map(|(path, text)| (path.clone(), text.len() as u64));
        let listing = Listing::new(files).with_folders(new.folders.clone());
        assert!(check_layout(&new.number, &listing).valid);
        assert_eq!(
            new.files[0].1,
            "---\nAssetID: EPSMSA79Z40T34P0T\nepisode_number: \"0901\"\ntype: sunday_show\nairdate: 2026-08-16\n\
             title: \"Tea: a \\\"history\\\"\"\nslug: episode-0901\nduration: \"\"\nstatus: draft\n---\n# Episode 0901\n"
        );
    }
}
