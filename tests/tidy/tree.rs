//! The repository as tidy sees it: tracked files and the lines of Rust that ship.

use std::path::PathBuf;
use std::process::Command;

pub struct Source {
    /// From the top of the repository.
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }

    /// Lines before the first `#[cfg(test)]`, without comments. A file named `tests.rs` ships nothing.
    pub fn shipped_lines(&self) -> impl Iterator<Item = &str> {
        let ships = !self.path.ends_with("tests.rs") && !self.path.contains("/tests/");
        self.text
            .lines()
            .take_while(move |line| ships && line.trim() != "#[cfg(test)]")
            .filter(|line| !line.trim_start().starts_with("//"))
    }
}

pub fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_path_buf()
}

/// Tracked files, and those that are neither tracked nor ignored yet.
pub fn tracked() -> Vec<String> {
    let listing = run("git", &["ls-files", "--cached", "--others", "--exclude-standard"]);
    listing.lines().map(str::to_owned).filter(|path| workspace().join(path).exists()).collect()
}

pub fn sources() -> Vec<Source> {
    let sources: Vec<_> = tracked()
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| Source { text: std::fs::read_to_string(workspace().join(&path)).expect("a source is text"), path })
        .collect();
    assert!(!sources.is_empty(), "git listed no sources");
    sources
}

pub fn cargo(args: &[&str]) -> String {
    run(env!("CARGO"), args)
}

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(workspace()).output();
    let output = output.unwrap_or_else(|cause| panic!("{program} does not start: {cause}"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the output is text")
}
