//! What `showctl check` prints, with and without a daemon (specification 4.10; the JSON shape is the client's promise).
//!
//! [`check_file`] and [`check_tree`] are the whole of a check; [`fix`] is the whole of `--fix` but for the file itself.

use crate::check::{self, Context, Episode, check_episode, check_info, check_item};
use crate::classify::{Found, Kind, classify};
use crate::cue::Cue;
use crate::diagnostic::{Diagnostic, Severity};
use crate::edit::Edit;
use crate::item::Document;
use crate::listing::{Listing, name_of};
use crate::path::Shelf;
use crate::repair;
use crate::settings::Settings;
use crate::weave::{FileKind, Minted};
use serde::Serialize;
use std::collections::BTreeMap;

/// One file as `showctl check --json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    pub file: String,
    pub cues: Vec<CueReport>,
    pub diagnostics: Vec<Finding>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CueReport {
    #[serde(rename = "type")]
    pub kind: String,
    pub asset_id: String,
    pub slug: String,
    /// `canonical`, `collapsed`, `double-angle`, `loose`, `fence`.
    pub dialect: &'static str,
    pub collapsed: bool,
    /// Of the Begin marker, from 1.
    pub line: u32,
    /// Byte offsets, from the Begin marker to behind the End marker.
    pub begin: usize,
    pub end: usize,
    /// In source order, labels as written.
    pub fields: Vec<(String, String)>,
}

/// A diagnostic without the file, which the report names once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub code: &'static str,
    pub severity: Severity,
    pub line: u32,
    pub column: u32,
    pub message: String,
    pub hint: Option<String>,
}

impl From<&Diagnostic> for Finding {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            code: diagnostic.code.name(),
            severity: diagnostic.severity,
            line: diagnostic.line,
            column: diagnostic.column,
            message: diagnostic.message.clone(),
            hint: diagnostic.hint.clone(),
        }
    }
}

impl CueReport {
    pub fn of(document: &Document<'_>, cue: &Cue<'_>) -> Self {
        let span = cue.span();
        Self {
            kind: cue.type_word().to_owned(),
            asset_id: cue.asset_id().to_owned(),
            slug: cue.slug().to_owned(),
            dialect: cue.dialect().word(),
            collapsed: cue.is_collapsed(),
            line: document.line(span.begin),
            begin: span.begin,
            end: span.end,
            fields: cue
                .fields()
                .iter()
                .map(|field| (field.label.text.to_owned(), field.value.text.to_owned()))
                .collect(),
        }
    }
}

/// One file, checked: what is wrong with it, and the report for the JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub diagnostics: Vec<Diagnostic>,
    pub report: FileReport,
}

impl Checked {
    fn new(file: &str, document: Option<&Document<'_>>, diagnostics: Vec<Diagnostic>) -> Self {
        let cues = document
            .map_or_else(Vec::new, |document| document.cues.iter().map(|cue| CueReport::of(document, cue)).collect());
        let findings = diagnostics.iter().map(Finding::from).collect();
        Self { diagnostics, report: FileReport { file: file.to_owned(), cues, diagnostics: findings } }
    }

    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// One episode's folder, as somebody read it.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The name of the folder: `0900`.
    pub folder: String,
    pub listing: Listing,
    /// The texts of `info.md` and of the Markdown in `rundown/`, by path below the episode, where they could be read.
    pub texts: BTreeMap<String, String>,
}

impl Tree {
    pub fn classify(&self) -> Vec<Found> {
        classify(&self.listing, |path| self.text(path))
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }
}

/// Checks one file by itself; `file` is how the report calls it. A file called `info.md` is an episode's sheet.
pub fn check_file(file: &str, text: &str, settings: &Settings) -> Checked {
    let document = Document::parse(text);
    let mut diagnostics = if name_of(file).eq_ignore_ascii_case("info.md") {
        check_info(&document)
    } else {
        let mut found = check_item(file, &document, &Context::of(settings));
        found.extend(check::duplicate_ids(&document));
        found
    };
    crate::diagnostic::sort(&mut diagnostics);
    Checked::new(file, Some(&document), diagnostics)
}

/// Checks an episode: `info.md`, all Markdown in `rundown/`, and every other file that something is said about. Paths in
/// the reports are below the episode.
pub fn check_tree(tree: &Tree, settings: &Settings) -> Vec<Checked> {
    let found = tree.classify();
    let episode = Episode::read(&tree.folder, &tree.listing, &found, |path| tree.text(path));
    let mut findings: BTreeMap<String, Vec<Diagnostic>> =
        check_episode(&episode, settings).into_iter().map(|finding| (finding.path, finding.diagnostics)).collect();
    let mut documents: BTreeMap<&str, &Document> = BTreeMap::new();
    documents.extend(episode.info.as_ref().map(|info| ("info.md", info)));
    documents.extend(episode.rundown.files.iter().filter_map(|file| Some((file.path, file.document.as_ref()?))));
    let mut checked: Vec<Checked> = documents
        .into_iter()
        .map(|(path, document)| Checked::new(path, Some(document), findings.remove(path).unwrap_or_default()))
        .collect();
    checked.extend(findings.into_iter().map(|(path, diagnostics)| Checked::new(&path, None, diagnostics)));
    checked.sort_by(|one, other| one.report.file.cmp(&other.report.file));
    checked
}

/// A text with its safe repairs made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// Equal to the given one when there was nothing to do.
    pub text: String,
    /// What was done, as edits of the given text; ids are still placeholders.
    pub edits: Vec<Edit>,
    pub minted: Vec<Minted>,
    /// What is still wrong.
    pub checked: Checked,
    /// Why nothing was changed: the loss guard's no, or a conflict that is not settled.
    pub refused: Option<String>,
}

/// Makes the safe repairs of one file and the ids that are due. With a tree, `file` is its path below that episode and
/// files are matched and resolved; `make_id` makes an id for (place, prefix) that is new in the share.
pub fn fix(
    file: &str,
    text: &str,
    tree: Option<&Tree>,
    settings: &Settings,
    make_id: &mut dyn FnMut(&str, &str) -> Option<String>,
) -> Fixed {
    let found = tree.map(Tree::classify).unwrap_or_default();
    let shelf = tree.map(|_| Shelf::new(found.iter().map(|found| (found.path.as_str(), &found.kind))));
    let copy = found.iter().find(|found| matches!(&found.kind, Kind::ConflictCopy(copy) if copy.original == file));
    if let Some(copy) = copy {
        let why = format!("a conflict copy of it is open: {}", copy.path);
        let checked = check_in(file, text, tree, settings);
        return Fixed { text: text.into(), edits: Vec::new(), minted: Vec::new(), checked, refused: Some(why) };
    }
    let context = repair::Context { settings, shelf: shelf.as_ref() };
    let kind = FileKind::of_path(file);
    let edits = repair::repair_and_mint(text, kind, &context);
    let woven = repair::weave_alone(text, kind, edits.clone(), make_id);
    let refused = woven.refused.map(|refused| refused.why);
    let text = if refused.is_some() { text.to_owned() } else { woven.text };
    let checked = check_in(file, &text, tree, settings);
    Fixed { text, edits, minted: woven.minted, checked, refused }
}

/// A file with this text, in its episode where there is one.
fn check_in(file: &str, text: &str, tree: Option<&Tree>, settings: &Settings) -> Checked {
    let Some(tree) = tree else { return check_file(file, text, settings) };
    let mut tree = tree.clone();
    tree.texts.insert(file.to_owned(), text.to_owned());
    let checked = check_tree(&tree, settings).into_iter().find(|checked| checked.report.file == file);
    checked.unwrap_or_else(|| check_file(file, text, settings))
}
