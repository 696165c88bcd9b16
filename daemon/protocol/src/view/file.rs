//! People's files: what is wrong in them, what was left out, their history, changes and proposals.

use crate::ProposalId;

words! {
    /// As in spec 14. Ordered: an error is the least.
    Severity { Error = "ERROR", Warning = "WARNING", Info = "INFO" }

    /// What has become of a proposal.
    ProposalState {
        Open = "open",
        /// Woven in at the next publish.
        Accepted = "accepted",
        Published = "published",
        Rejected = "rejected",
        /// The text it was made for is gone and it no longer fits.
        Stale = "stale",
    }

    /// What a change does to a file.
    ChangeKind { Replace = "replace", New = "new", Rename = "rename", Remove = "remove" }
}

views! {
    /// A page of diagnostics.
    DiagnosticsView { diagnostics: Vec<DiagnosticView>, errors: u32, warnings: u32, infos: u32, next: Option<String> }

    /// Something wrong, or worth knowing, in a file.
    DiagnosticView {
        /// Of spec 14, such as `CUE_UNTERMINATED`.
        code: String,
        severity: Severity,
        share: String,
        file: String,
        /// From 1; 0: the file as a whole.
        line: u32,
        /// From 1, in characters; 0: the line as a whole.
        column: u32,
        message: String,
        hint: String,
    }

    /// A page of files that were left out.
    LeftOutView { files: Vec<LeftOutFile>, next: Option<String> }

    /// A file that was found and left out.
    LeftOutFile {
        share: String,
        file: String,
        /// `status draft`, `conflict copy`, `not an item`, `name is not UTF-8`, …
        reason: String,
        /// The steps that left it out; empty: all.
        steps: Vec<String>,
        /// What is wrong with it, in words. May be empty.
        note: String,
    }

    /// A page of a file's versions, newest first.
    HistoryView { share: String, file: String, revisions: Vec<RevisionView>, next: Option<String> }

    /// One version of a person's file.
    RevisionView {
        /// What `restore` takes: from 1, the oldest.
        revision: u64,
        at_ms: i64,
        digest: String,
        bytes: u64,
        /// `person`, or the step and job that wrote it, or `restored by pat`.
        origin: String,
        /// What lay at the path before, which it was made of as far as is known here. `null`: the first that is kept, or
        /// what a conflict copy held.
        parent: Option<u64>,
        /// The file in the share is this one.
        current: bool,
        /// Its bytes can be shown and put back; of files that showd makes only digests are kept.
        kept: bool,
    }

    /// A piece of a version's text.
    ContentView {
        revision: RevisionView,
        text: String,
        /// Bytes that are not UTF-8 were replaced by U+FFFD.
        lossy: bool,
        /// For `from` of the next piece; `null` at the end.
        next: Option<u64>,
    }

    /// What a person asked to have written.
    PublishedView {
        /// What is in place, or will be: one line for people.
        text: String,
        files: Vec<String>,
        /// False: accepted and durable, but the file is not quiet, or locked; it is written when it can be.
        in_place: bool,
    }

    /// What numbering would do or did.
    ChangesView {
        share: String,
        episode: String,
        /// One line for people.
        text: String,
        changes: Vec<ChangeView>,
        /// Things that could not be done, and why.
        notes: Vec<String>,
        /// It was asked for and is in place, or will be when the files are quiet.
        applied: bool,
    }

    /// What happens to one file.
    ChangeView {
        kind: ChangeKind,
        file: String,
        /// Of a rename: the new path.
        to: Option<String>,
        /// Of a text: a unified diff.
        diff: Option<String>,
    }

    /// A page of proposals.
    ProposalsView { proposals: Vec<ProposalLine>, next: Option<String> }

    /// An edit that waits for a person.
    ProposalLine {
        proposal: ProposalId,
        state: ProposalState,
        share: String,
        episode: Option<String>,
        file: String,
        code: String,
        summary: String,
        /// Who proposes it.
        step: String,
        created_at_ms: i64,
        /// Who accepted or rejected it.
        decided_by: Option<String>,
        /// The setting that decides whether such a change is made at once, proposed, or only reported; empty: none.
        setting: String,
    }

    /// A proposal and its change as a unified diff against the file as it is now.
    ProposalView { proposal: ProposalLine, diff: String }
}
