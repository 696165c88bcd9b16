//! What the paths of `showctl check` mean.

use crate::complaint::{Complaint, usage};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Everything that was asked for, each thing once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Episodes by their folders: a file of an episode is read with its neighbours, since what it names lies there.
    pub episodes: BTreeMap<PathBuf, Wanted>,
    /// Files that belong to no episode, as typed.
    pub files: Vec<PathBuf>,
}

/// Which files of an episode to talk about, and how they are called.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Paths below the episode that begin so, and what is put before them.
    whole: Option<(String, String)>,
    /// Single files, by their paths below the episode, as they were typed.
    files: BTreeMap<String, String>,
}

impl Wanted {
    /// One file.
    pub fn one(below: String, typed: String) -> Self {
        Self { whole: None, files: BTreeMap::from([(below, typed)]) }
    }

    /// How the file is called, when it was asked for.
    pub fn name(&self, below: &str) -> Option<String> {
        if let Some(typed) = self.files.get(below) {
            return Some(typed.clone());
        }
        let (begins, before) = self.whole.as_ref()?;
        below.starts_with(begins.as_str()).then(|| format!("{before}{below}"))
    }

    /// Single files that were asked for by name.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

impl Scope {
    /// Reads the paths: a share, its `episodes/`, an episode, its `rundown/`, or files.
    ///
    /// # Errors
    /// For a path that is not there, or a folder that holds nothing to check.
    pub fn of(paths: &[PathBuf]) -> Result<Self, Complaint> {
        let mut scope = Self::default();
        for path in paths {
            scope.add(path)?;
        }
        Ok(scope)
    }

    fn add(&mut self, path: &Path) -> Result<(), Complaint> {
        let look = fs::metadata(path).map_err(|cause| {
            let is_number = path.to_str().is_some_and(crate::place::is_episode);
            let hint = if is_number {
                "name its folder, such as episodes/0900: check reads files and needs no daemon".to_owned()
            } else {
                let there = path.ancestors().skip(1).find(|above| above.is_dir() && above.parent().is_some());
                let there = there.map_or(String::new(), |above| format!("; {} is there", above.display()));
                format!("name a share, an episode's folder, or Markdown files{there}")
            };
            usage(format!("could not look at {}", path.display()), hint).because(cause.to_string())
        })?;
        let place = whole(path);
        if !look.is_dir() {
            self.add_file(path, &place);
            return Ok(());
        }
        if is_episode(&place) {
            self.add_episode(&place, path);
            return Ok(());
        }
        let above = place.parent().filter(|above| place.ends_with("rundown") && is_episode(above));
        if let Some(above) = above {
            let before = shown(path).strip_suffix("rundown/").map(ToOwned::to_owned);
            // Typed as `.` or through a link: say the whole path rather than a wrong one.
            let before = before.unwrap_or_else(|| shown(above));
            self.episodes.entry(above.to_owned()).or_default().whole = Some(("rundown/".into(), before));
            return Ok(());
        }
        let episodes = if place.ends_with("episodes") { path.to_owned() } else { path.join("episodes") };
        let mut found: Vec<PathBuf> = entries(&episodes).filter(|path| is_episode(&whole(path))).collect();
        found.sort();
        for episode in &found {
            self.add_episode(&whole(episode), episode);
        }
        if found.is_empty() {
            let mut files: Vec<PathBuf> = entries(path).filter(|path| is_markdown(path) && path.is_file()).collect();
            files.sort();
            if files.is_empty() {
                let hint = "name a share, an episode's folder, or Markdown files";
                return Err(usage(format!("there is nothing to check in {}", path.display()), hint));
            }
            for file in &files {
                self.add_file(file, &whole(file));
            }
        }
        Ok(())
    }

    fn add_episode(&mut self, place: &Path, typed: &Path) {
        self.episodes.entry(place.to_owned()).or_default().whole = Some((String::new(), shown(typed)));
    }

    fn add_file(&mut self, typed: &Path, place: &Path) {
        let parent = place.parent().unwrap_or(Path::new("/"));
        let (episode, below) = match place.file_name().and_then(|name| name.to_str()) {
            Some(name) if parent.ends_with("rundown") => (parent.parent(), format!("rundown/{name}")),
            Some(name) if name.eq_ignore_ascii_case("info.md") => (Some(parent), name.to_owned()),
            _ => (None, String::new()),
        };
        match episode.filter(|episode| is_episode(episode)) {
            Some(episode) => {
                let wanted = self.episodes.entry(episode.to_owned()).or_default();
                wanted.files.insert(below, typed.display().to_string());
            }
            None if self.files.iter().any(|file| file == typed) => {}
            None => self.files.push(typed.to_owned()),
        }
    }
}

/// Absolute and without links, so that one place has one name.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// As typed, with a slash at the end: what stands before the names of its files. Nothing for `.`.
fn shown(folder: &Path) -> String {
    let text = folder.display().to_string();
    match text.as_str() {
        "." | "./" => String::new(),
        _ if text.ends_with('/') => text,
        _ => format!("{text}/"),
    }
}

/// A folder of digits only, or one that is laid out like an episode.
fn is_episode(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    digits && (folder.join("rundown").is_dir() || folder.join("info.md").is_file())
        || (folder.join("rundown").is_dir() && folder.join("info.md").is_file())
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in
            ["episodes/0900/info.md", "episodes/0900/rundown/10 Tea.md", "episodes/0901/rundown/a.md", "loose/x.md"]
        {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        dir
    }

    fn names(scope: &Scope) -> Vec<(String, Option<String>, Option<String>)> {
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let episodes = scope.episodes.iter();
        episodes.map(|(path, wanted)| (name(path), wanted.name("info.md"), wanted.name("rundown/10 Tea.md"))).collect()
    }

    #[test]
    fn a_share_is_its_episodes_and_an_episode_all_its_files() {
        let dir = share();
        for path in [dir.path().to_owned(), dir.path().join("episodes")] {
            assert_eq!(Scope::of(&[path]).unwrap().episodes.len(), 2);
        }
        let episode = dir.path().join("episodes/0900");
        let found = names(&Scope::of(std::slice::from_ref(&episode)).unwrap());
        let shown = |below: &str| Some(format!("{}/{below}", episode.display()));
        assert_eq!(found, [("0900".into(), shown("info.md"), shown("rundown/10 Tea.md"))]);
    }

    #[test]
    fn a_file_of_an_episode_is_read_there_and_called_as_typed() {
        let dir = share();
        let file = dir.path().join("episodes/0900/rundown/../rundown/10 Tea.md");
        let found = names(&Scope::of(std::slice::from_ref(&file)).unwrap());
        assert_eq!(found, [("0900".into(), None, Some(file.display().to_string()))]);
        let rundown = dir.path().join("episodes/0900/rundown");
        let found = names(&Scope::of(std::slice::from_ref(&rundown)).unwrap());
        assert_eq!(found, [("0900".into(), None, Some(rundown.join("10 Tea.md").display().to_string()))]);
    }

    #[test]
    fn a_file_outside_stands_alone_and_nothing_is_an_error() {
        let dir = share();
        let loose = Scope::of(&[dir.path().join("loose"), dir.path().join("loose/x.md")]).unwrap();
        assert_eq!(loose.files, [dir.path().join("loose/x.md")]);
        assert!(Scope::of(&[dir.path().join("nowhere")]).is_err());
        fs::create_dir(dir.path().join("empty")).unwrap();
        let error = Scope::of(&[dir.path().join("empty")]).unwrap_err();
        assert!(error.text.contains("nothing to check"), "{error:?}");
    }
}
