//! A step that ends when the test says so.

use crate::Show;
use std::fs;
use tempfile::TempDir;

/// The only pipeline of a show, `slow`, whose one step waits at a gate.
pub struct Slow {
    gate: TempDir,
}

impl Slow {
    /// Configures the show; `more` are further lines for the step.
    ///
    /// # Panics
    /// When the show's place is not writable.
    pub fn new(show: &Show, more: &str) -> Self {
        let gate = tempfile::tempdir().expect("a temporary folder");
        let (share, path) = (show.share(), gate.path());
        show.configure_whole(&format!(
            "settle = \"50ms\"\ngrace = \"300ms\"\n[share.show]\npath = {share:?}\n\
             [pipeline.show-build]\nenabled = false\n\
             [pipeline.slow]\nsubject = \"slow/{{name}}/\"\n[[pipeline.slow.step]]\nname = \"wait\"\n\
             reads = [{path:?}]\n{more}\n\
             run = [\"sh\", \"-c\", \"echo begun; echo grumbling >&2; until [ -e {}/go ]; do sleep 0.05; done; echo ended\"]\n",
            path.display()
        ));
        show.write("slow/one/file.txt", "");
        Self { gate }
    }

    /// Submits it and returns its job once it runs.
    ///
    /// # Panics
    /// When it does not start.
    pub fn begun(&self, show: &Show) -> String {
        let job = show.json(&["submit", "slow", "slow/one/"])["jobs"][0].to_string();
        show.seen(&["job.started", &format!("\"job\":{job}")]);
        job
    }

    /// Lets every attempt go on.
    ///
    /// # Panics
    /// When the gate is gone.
    pub fn open(&self) {
        fs::write(self.gate.path().join("go"), "").expect("the gate opens");
    }
}
