//! Episodes: readiness, items, what is wrong, and the answers of making and checking one.

use super::{BuildLine, DiagnosticView, JobLine, LeftOutFile, LockView, OutputView, ProposalLine};
use crate::JobId;

words! {
    /// How far one of the five stages is.
    StageState {
        /// There is nothing of this kind in the episode.
        NotApplicable = "not_applicable",
        Ready = "ready",
        /// Jobs are on it.
        Working = "working",
        /// It needs somebody: `by` says for what.
        Blocked = "blocked",
    }
}

views! {
    /// A page of episodes, newest first.
    EpisodesView { episodes: Vec<EpisodeLine>, next: Option<String> }

    /// An episode in one line.
    EpisodeLine {
        share: String,
        /// `0237`, at least four digits.
        episode: String,
        /// `episodes/0237/`.
        subject: String,
        title: String,
        /// `YYYY-MM-DD`, as written.
        airdate: Option<String>,
        /// As written.
        status: String,
        /// The target that people wrote.
        duration_ms: Option<u64>,
        /// As measured.
        runtime_ms: Option<u64>,
        stages: StagesView,
        errors: u32,
        warnings: u32,
    }

    /// The five stages to air.
    StagesView {
        /// No error in items in production, no open conflict.
        rundown: StageView,
        /// Both presets compiled from the present text, without an error box.
        scripts: StageView,
        /// Every clip cue resolves.
        clips: StageView,
        /// Every FSQ and GFX has a picture of its present text.
        graphics: StageView,
        /// The measured runtime is within 10 % of the target.
        timing: StageView,
    }

    /// One stage.
    StageView {
        state: StageState,
        /// What blocks it, or works on it; the first ten.
        by: Vec<NamedThing>,
        /// How many there are in all.
        by_total: u32,
        /// A few words for people, such as `12 of 14 clips`. May be empty.
        note: String,
    }

    /// Something with a name that a person can go to.
    NamedThing {
        /// What, in a few words: `CUE_UNTERMINATED`, `transcode 63 %`, `missing: assets/video/kettle.mp4`.
        text: String,
        file: Option<String>,
        line: Option<u32>,
        job: Option<JobId>,
    }

    /// One episode.
    EpisodeView {
        episode: EpisodeLine,
        /// Absolute, on the daemon's machine.
        path: String,
        /// In running order.
        items: Vec<ItemView>,
        scripts: Vec<OutputView>,
        /// The newest build.
        build: Option<BuildLine>,
        /// Its jobs that are not ended, or failed; the first 50.
        jobs: Vec<JobLine>,
        /// Errors first; the first 50.
        diagnostics: Vec<DiagnosticView>,
        left_out: Vec<LeftOutFile>,
        locks: Vec<LockView>,
        proposals: Vec<ProposalLine>,
    }

    /// One item of the rundown.
    ItemView {
        file: String,
        /// As written.
        order: Option<String>,
        title: String,
        slug: String,
        kind: String,
        status: String,
        /// As measured.
        duration_ms: Option<u64>,
        words: u32,
        cues: u32,
        errors: u32,
        warnings: u32,
    }

    /// A new episode's folder is there.
    EpisodeMadeView { episode: String, share: String, path: String, files: Vec<String> }

    /// The answer of spec 1.3.
    CheckView { valid: bool, errors: Vec<String>, warnings: Vec<String> }
}
