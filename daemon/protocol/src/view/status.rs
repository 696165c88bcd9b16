//! The page a producer looks at an hour before air.

use super::{Counts, EpisodeLine, JobLine, LeftOutFile, LockView, VersionView};
use crate::Seq;

words! {
    /// How well a share is watched.
    ShareState {
        /// Every change is seen as it happens.
        Watching = "watching",
        /// It is being walked.
        Scanning = "scanning",
        /// Changes are found by walking it from time to time only.
        Polling = "polling",
        /// Its root or marker is missing: all work on it waits.
        Away = "away",
    }
}

words! {
    /// How well something is.
    Health {
        /// As it should be.
        Good = "good",
        /// Works, and a person should know how.
        Warning = "warning",
        /// Does not work.
        Bad = "bad",
    }
}

views! {
    /// Everything at a glance. Lists are cut where it says so; the totals are not.
    StatusView {
        now_at_ms: i64,
        /// The next event's number: follow from here and miss nothing.
        seq: Seq,
        server: VersionView,
        shares: Vec<ShareView>,
        /// In production first, then by air date; the first 50.
        episodes: Vec<EpisodeLine>,
        episodes_total: u32,
        /// Running, stopping, publishing and retrying; the first 50.
        running: Vec<JobLine>,
        /// Failed and not overtaken by a later build; newest first, the first 50.
        failed: Vec<JobLine>,
        /// Of the newest build of every subject.
        jobs: Counts,
        pools: Vec<PoolView>,
        locks: Vec<LockView>,
        proposals_open: u32,
        conflicts: u32,
        /// The first 50.
        left_out: Vec<LeftOutFile>,
        left_out_total: u32,
        /// What the person who runs showd should know: a watch limit, a sandbox the kernel lacks, a disk nearly full.
        notices: Vec<NoticeView>,
        archive: ArchiveView,
    }

    /// Every share.
    SharesView { shares: Vec<ShareView> }

    /// A watched root folder.
    ShareView {
        share: String,
        /// Absolute.
        root: String,
        state: ShareState,
        /// Another machine owns it, or it cannot be written: nothing is written into it.
        read_only: bool,
        /// Why it is not `watching`, or read only. May be empty.
        note: String,
        files: u64,
        scanned_at_ms: Option<i64>,
    }

    /// A named resource with a capacity.
    PoolView { pool: String, capacity: u32, used: u32, waiting: u32 }

    /// Texts and results that are kept outside the shares, as they were last counted.
    ArchiveView {
        blobs: u64,
        /// Room on disk.
        bytes: u64,
        /// More than this only what is needed may take; see `[keep]`.
        bytes_max: u64,
    }

    /// What was let go of, or would be.
    SweptView {
        /// Nothing was done: this is what would be.
        dry_run: bool,
        /// Versions of files.
        revisions: u64,
        /// Results of steps that nothing stands on any more.
        results: u64,
        /// Builds that have ended, with their jobs.
        builds: u64,
        /// Proposals that are published, or no longer fit.
        proposals: u64,
        /// Texts and results in the archive.
        blobs: u64,
        /// Room on disk that is free again.
        bytes: u64,
        /// What stays.
        archive: ArchiveView,
    }

    /// Something about the daemon itself.
    NoticeView { text: String, hint: String }

    /// What was added to `.stignore`, one entry for each folder that carries a share that was meant.
    IgnoresView { folders: Vec<AddedIgnores> }

    /// Lines that were added to the `.stignore` of one of Syncthing's folders, on this device only.
    AddedIgnores {
        share: String,
        /// The folder as people know it.
        folder: String,
        /// Empty: all of them were there.
        lines: Vec<String>,
    }

    /// What was looked at of the machine, the shares and the programs.
    DoctorView { findings: Vec<FindingView> }

    /// One thing that was looked at.
    FindingView {
        /// `daemon`, `state`, `share NAME`, `programs`, `sandbox`, `Syncthing`.
        about: String,
        health: Health,
        text: String,
        /// The next move. Empty when nothing is to be done.
        hint: String,
    }
}
