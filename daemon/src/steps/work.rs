//! What every built-in step does the same way: reading its order, finding its inputs, reporting, leaving its result.

use super::protocol::{self, FileEdits, Input, Made, Order, Proposal};
use serde::Serialize;
use serde_json::{Map, Value};
use show_script::diagnostic::Diagnostic;
use show_script::edit::Edit;
use show_script::listing::Listing;
use show_script::repair::Rename;
use show_script::report::Tree;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A step at work.
#[derive(Debug)]
pub struct Work {
    pub order: Order,
    /// Of the subject, below the share's root, with a `/` at its end.
    pub prefix: String,
    out: PathBuf,
    result: PathBuf,
    report: Option<fs::File>,
}

/// Why a step could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// It lies in what it was given: with the same inputs it fails again.
    Unfit(String),
    /// Anything else may be different next time: a disk that was full, a program that was killed.
    Other(String),
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}

/// What a step leaves.
#[derive(Debug, Default)]
pub struct Outcome {
    pub result: protocol::Result,
    /// Errors were found in what it worked on.
    pub with_errors: bool,
}

impl Outcome {
    /// Facts and lists as a typed result has them; its `summary` and `diagnostics` find their places.
    ///
    /// # Errors
    /// Never for a type whose JSON is an object.
    pub fn of(result: &impl Serialize) -> Result<Self, String> {
        let value = serde_json::to_value(result).map_err(|cause| cause.to_string())?;
        let result = serde_json::from_value(value).map_err(|cause| cause.to_string())?;
        Ok(Self { result, with_errors: false })
    }

    pub fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.result.more.insert(name.to_owned(), value.into());
    }
}

impl Work {
    /// The order that the environment names.
    ///
    /// # Errors
    /// When this is not run by showd.
    pub fn open() -> Result<Self, String> {
        let place = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("{name} is not set: showd runs this step"))
        };
        let path = place(protocol::ORDER)?;
        let text = fs::read(&path).map_err(|cause| format!("could not read {}: {cause}", path.display()))?;
        let order: Order =
            serde_json::from_slice(&text).map_err(|cause| format!("{} is no order: {cause}", path.display()))?;
        let prefix = order.subject[..order.subject.rfind('/').map_or(0, |slash| slash + 1)].to_owned();
        let report = std::env::var("SHOW_REPORT_FD").ok().and_then(|fd| {
            let fd: u32 = fd.parse().ok()?;
            fs::OpenOptions::new().write(true).open(format!("/proc/self/fd/{fd}")).ok()
        });
        Ok(Self { order, prefix, out: place(protocol::OUT)?, result: place(protocol::RESULT)?, report })
    }

    /// Writes the result.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn close(&self, outcome: &Outcome) -> Result<ExitCode, String> {
        let text =
            serde_json::to_vec(&outcome.result).map_err(|cause| format!("could not word the result: {cause}"))?;
        fs::write(&self.result, text).map_err(|cause| format!("could not write the result: {cause}"))?;
        if !outcome.result.summary.is_empty() {
            println!("{}", outcome.result.summary);
        }
        Ok(if outcome.with_errors { ExitCode::from(protocol::WITH_ERRORS) } else { ExitCode::SUCCESS })
    }

    /// Says how far it is; nobody need be listening.
    pub fn progress(&mut self, percent: u8, message: &str) {
        let line = serde_json::json!({ "percent": percent, "message": message });
        if let Some(report) = &mut self.report {
            let _ = writeln!(report, "{line}");
        }
    }

    /// The path below the subject.
    pub fn below<'p>(&self, file: &'p str) -> &'p str {
        file.strip_prefix(self.prefix.as_str()).unwrap_or(file)
    }

    /// The path below the share's root.
    pub fn in_share(&self, below: &str) -> String {
        format!("{}{below}", self.prefix)
    }

    /// The name of the subject's folder: `0900`.
    pub fn folder(&self) -> &str {
        self.prefix.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// `0900`: the episode that the subject's pattern captured, else the folder's own name for it.
    pub fn episode(&self) -> String {
        let captured = self.order.captures.get("episode").cloned();
        captured.or_else(|| show_script::episode::number(self.folder())).unwrap_or_else(|| self.folder().to_owned())
    }

    /// The texts of these roles that are texts, by path below the subject. Others are named in the log.
    ///
    /// # Errors
    /// When one cannot be read at all.
    pub fn texts(&self, roles: &[&str]) -> Result<BTreeMap<String, String>, String> {
        let mut texts = BTreeMap::new();
        for input in &self.order.inputs {
            let Input::Text { role, file, at, .. } = input else { continue };
            if !roles.contains(&role.as_str()) {
                continue;
            }
            match String::from_utf8(read(at)?) {
                Ok(text) => drop(texts.insert(self.below(file).to_owned(), text)),
                Err(_) => println!("{file} is not UTF-8 and is left out"),
            }
        }
        Ok(texts)
    }

    /// The one text of a role, with its path below the subject.
    ///
    /// # Errors
    /// When there is none, or it is no text.
    pub fn text(&self, role: &str) -> Result<(String, String), Failure> {
        let first = self.texts(&[role])?.into_iter().next();
        first.ok_or_else(|| Failure::Unfit(format!("\"{role}\" is no text")))
    }

    /// The files of a role, by path below the subject: where they lie.
    pub fn files(&self, role: &str) -> Vec<(String, PathBuf)> {
        let file = |input: &Input| match input {
            Input::File { role: it, file, at, .. } if it == role => Some((self.below(file).to_owned(), at.clone())),
            _ => None,
        };
        self.order.inputs.iter().filter_map(file).collect()
    }

    /// The results of a role, by element.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn results(&self, role: &str) -> Result<Vec<(String, Value)>, String> {
        let mut found = Vec::new();
        for input in &self.order.inputs {
            let Input::Result { role: it, results, .. } = input else { continue };
            if it == role {
                for result in results {
                    let value = serde_json::from_slice(&read(&result.at)?)
                        .map_err(|cause| format!("the result of {} is not JSON: {cause}", result.element))?;
                    found.push((result.element.clone(), value));
                }
            }
        }
        Ok(found)
    }

    /// The elements of a role that is a list of a result.
    pub fn elements(&self, role: &str) -> impl Iterator<Item = &Map<String, Value>> {
        let of_role = move |input: &'_ &Input| input.role() == role;
        self.order.inputs.iter().filter(of_role).flat_map(|input| match input {
            Input::Elements { elements, .. } => elements.as_slice(),
            _ => &[],
        })
    }

    /// What lies below the subject, as far as the order lists it or hands it over as text.
    pub fn listing(&self) -> Listing {
        let mut listed = BTreeMap::new();
        for input in &self.order.inputs {
            match input {
                Input::List { files, .. } => {
                    listed.extend(files.iter().map(|file| (self.below(&file.file).to_owned(), file.bytes)));
                }
                Input::Text { file, at, .. } => {
                    let bytes = fs::metadata(at).map_or(0, |meta| meta.len());
                    listed.entry(self.below(file).to_owned()).or_insert(bytes);
                }
                _ => {}
            }
        }
        Listing::new(listed)
    }

    /// The episode as the roles `info`, `items` and `files` give it.
    ///
    /// # Errors
    /// When a text cannot be read.
    pub fn tree(&self) -> Result<Tree, String> {
        let texts = self.texts(&["info", "items"])?;
        Ok(Tree { folder: self.folder().to_owned(), listing: self.listing(), texts })
    }

    /// Writes an output that the order names, whole.
    ///
    /// # Errors
    /// When the order does not name it, or the disk does not take it.
    pub fn write(&self, role: &str, bytes: &[u8]) -> Result<Made, String> {
        let place = self.order.outputs.iter().find(|place| place.role == role);
        let place = place.ok_or_else(|| format!("the order has no output \"{role}\""))?;
        fs::write(&place.at, bytes).map_err(|cause| format!("could not write {}: {cause}", place.at.display()))?;
        Ok(Made { role: role.to_owned(), file: place.file.clone(), keep_old_as: None })
    }

    /// The role of the output that is published at this path below the subject.
    pub fn role_of(&self, below: &str) -> Option<&str> {
        let file = self.in_share(below);
        self.order.outputs.iter().find(|place| place.file == file).map(|place| place.role.as_str())
    }

    pub fn edits(&self, below: &str, edits: Vec<Edit>) -> FileEdits {
        FileEdits { file: self.in_share(below), edits, renames: Vec::new() }
    }

    pub fn proposal(&self, below: &str, code: &str, summary: String, edits: Vec<Edit>) -> Proposal {
        let (file, code) = (self.in_share(below), code.to_owned());
        Proposal { file, code, summary, edits, renames: Vec::new() }
    }

    /// Renames below the subject, as a result says them.
    pub fn renames(&self, renames: &[Rename]) -> Vec<protocol::Rename> {
        let said =
            |rename: &Rename| protocol::Rename { from: self.in_share(&rename.from), to: self.in_share(&rename.to) };
        renames.iter().map(said).collect()
    }

    /// The value that showd wrote last into a file at a target.
    pub fn ours(&self, below: &str, target: &str) -> Option<&str> {
        let file = self.in_share(below);
        self.order.ours.iter().find(|ours| ours.file == file && ours.target == target).map(|ours| ours.value.as_str())
    }

    /// Diagnostics whose files are below the subject, for the result; each is also a line of the log.
    pub fn diagnostics(&self, found: Vec<Diagnostic>) -> Vec<Value> {
        found
            .into_iter()
            .map(|mut diagnostic| {
                diagnostic.file = diagnostic
                    .file
                    .map(|file| if file.starts_with(&self.prefix) { file } else { self.in_share(&file) });
                say(&diagnostic);
                serde_json::to_value(diagnostic).expect("a diagnostic is plain data")
            })
            .collect()
    }

    /// A directory for what the step needs by the way.
    pub fn out(&self) -> &Path {
        &self.out
    }
}

/// One line: `episodes/0900/info.md:3:1: warning: FM_BAD_LINE …`.
pub fn say(diagnostic: &Diagnostic) {
    let file = diagnostic.file.as_deref().unwrap_or_default();
    let severity = format!("{:?}", diagnostic.severity).to_lowercase();
    let Diagnostic { line, column, code, message, .. } = diagnostic;
    println!("{file}:{line}:{column}: {severity}: {code}: {message}");
}

fn read(at: &Path) -> Result<Vec<u8>, String> {
    fs::read(at).map_err(|cause| format!("could not read {}: {cause}", at.display()))
}
