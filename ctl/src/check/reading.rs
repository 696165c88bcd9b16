//! Everything that was asked for, read, and what is wrong with it.

use super::scope::{Scope, Wanted};
use super::tree::{read_text, read_tree};
use crate::complaint::{Complaint, Exit};
use show_script::classify::Kind;
use show_script::diagnostic::{Code, Diagnostic, Severity};
use show_script::listing::Listing;
use show_script::path::Shelf;
use show_script::report::{Checked, FileReport, Finding, Tree, check_file, check_tree};
use show_script::settings::Settings;
use std::path::{Path, PathBuf};

/// What `check` works on: episodes as far as they were asked for, and single files.
pub struct Reading {
    settings: Settings,
    pub subjects: Vec<Subject>,
    /// Names that are not UTF-8, which nobody can check.
    pub odd: Vec<String>,
}

/// One episode, or one file that belongs to none.
pub struct Subject {
    /// The episode's folder, or the folder that the file lies in.
    pub folder: PathBuf,
    tree: Tree,
    wanted: Wanted,
    /// A file that belongs to no episode is checked by itself.
    alone: bool,
    /// Files of the scope that could not be read, and why.
    unread: Vec<(String, String)>,
}

/// One checked file: its text where it could be read, and what was found.
pub struct Read<'r> {
    pub text: &'r str,
    pub checked: Checked,
}

impl Reading {
    /// Reads what the scope names.
    ///
    /// # Errors
    /// When a folder cannot be listed. A file that cannot be read is a finding, not an error.
    pub fn of(scope: Scope) -> Result<Self, Complaint> {
        let (mut subjects, mut odd) = (Vec::new(), Vec::new());
        for (folder, wanted) in scope.episodes {
            let (subject, names) = Subject::episode(folder, wanted)?;
            odd.extend(names);
            subjects.push(subject);
        }
        subjects.extend(scope.files.iter().map(|file| Subject::alone(file)));
        Ok(Self { settings: Settings::default(), subjects, odd })
    }

    /// What is wrong now, file by file.
    pub fn check(&self) -> Vec<Read<'_>> {
        self.subjects.iter().flat_map(|subject| subject.check(&self.settings)).collect()
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Subject {
    fn episode(folder: PathBuf, wanted: Wanted) -> Result<(Self, Vec<String>), Complaint> {
        let read = read_tree(&folder).map_err(|cause| {
            Complaint::new(Exit::Failed, format!("could not list {}", folder.display())).because(cause.to_string())
        })?;
        let odd = read.odd.iter().map(|name| folder.join(name).display().to_string()).collect();
        let tree = Tree {
            folder: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            listing: Listing::new(read.files).with_folders(read.folders),
            texts: read.texts,
        };
        let mut subject = Self { folder, tree, wanted, alone: false, unread: Vec::new() };
        // A file that was named is looked at, though a rundown would not.
        let named: Vec<String> = subject.wanted.named().map(ToOwned::to_owned).collect();
        for below in named.into_iter().filter(|below| !subject.tree.texts.contains_key(below)) {
            if let Err(cause) = read_text(&subject.folder.join(&below)) {
                subject.unread.push((below, cause.to_string()));
            }
        }
        Ok((subject, odd))
    }

    fn alone(file: &Path) -> Self {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut tree = Tree::default();
        let mut unread = Vec::new();
        match read_text(file) {
            Ok(text) => drop(tree.texts.insert(name.clone(), text)),
            Err(cause) => unread.push((name.clone(), cause.to_string())),
        }
        Self {
            folder: folder.to_owned(),
            tree,
            wanted: Wanted::one(name, file.display().to_string()),
            alone: true,
            unread,
        }
    }

    fn check(&self, settings: &Settings) -> Vec<Read<'_>> {
        let checked = if self.alone {
            self.tree.texts.iter().map(|(name, text)| check_file(name, text, settings)).collect()
        } else {
            check_tree(&self.tree, settings)
        };
        let known: Vec<String> = checked.iter().map(|checked| checked.report.file.clone()).collect();
        let unread = self.unread.iter().filter(|(below, _)| !known.contains(below));
        let unread = unread.map(|(below, why)| unreadable(below, why)).collect::<Vec<_>>();
        let asked = checked.into_iter().chain(unread).filter_map(|mut checked| {
            let below = checked.report.file.clone();
            let name = self.wanted.name(&below)?;
            checked.report.file.clone_from(&name);
            for diagnostic in &mut checked.diagnostics {
                diagnostic.file = Some(name.clone());
            }
            Some(Read { text: self.tree.text(&below).unwrap_or_default(), checked })
        });
        asked.collect()
    }

    /// Texts that may be mended: how they are called, and where they lie below the folder. Copies and strays are left
    /// alone.
    pub fn mendable(&self) -> Vec<(String, String)> {
        let found = self.tree.classify();
        let fits = |below: &str| {
            let kind = found.iter().find(|found| found.path == below).map(|found| &found.kind);
            self.alone || matches!(kind, Some(Kind::Info | Kind::Item))
        };
        let texts = self.tree.texts.keys().filter(|below| fits(below));
        texts.filter_map(|below| Some((self.wanted.name(below)?, below.clone()))).collect()
    }

    pub fn text(&self, below: &str) -> &str {
        self.tree.text(below).unwrap_or_default()
    }

    /// Puts a mended text in the place of what was read, so that a check sees what is left.
    pub fn set_text(&mut self, below: &str, text: String) {
        self.tree.texts.insert(below.to_owned(), text);
    }

    /// The episode's files, for rules that look for what a text names.
    pub fn shelf(&self) -> Option<Shelf> {
        let found = self.tree.classify();
        (!self.alone).then(|| Shelf::new(found.iter().map(|found| (found.path.as_str(), &found.kind))))
    }
}

fn unreadable(below: &str, why: &str) -> Checked {
    let diagnostic = Diagnostic::of_file(Code::FileReadError, format!("could not be read: {why}"));
    let report = FileReport { file: below.to_owned(), cues: Vec::new(), diagnostics: vec![Finding::from(&diagnostic)] };
    Checked { diagnostics: vec![diagnostic], report }
}

/// Errors and warnings in all.
pub fn count(read: &[Read<'_>]) -> (u64, u64) {
    let of = |severity| {
        let found = read.iter().flat_map(|read| &read.checked.diagnostics);
        found.filter(|diagnostic| diagnostic.severity == severity).count() as u64
    };
    (of(Severity::Error), of(Severity::Warning))
}
