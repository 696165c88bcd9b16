//! Two people's texts of one file: conflict copies, differences between versions, and who wrote what.

use super::RevisionView;

words! {
    /// Whether the two sides of a conflict come to one text.
    Fit {
        /// It was not found out: a text is not read yet, not kept, or no state is known that both began from.
        Unknown = "unknown",
        /// Both edits fit together, and `merged` is everything that either side did.
        Clean = "clean",
        /// A person decides in the places that are named.
        Unclean = "unclean",
    }

    /// How a conflict copy is settled. Whatever it is, both texts stay in the history.
    Settle {
        /// What lies at the path stays.
        Ours = "ours",
        /// The copy takes its place.
        Theirs = "theirs",
        /// Both edits in one text; refused where they do not fit together.
        Merged = "merged",
        /// The text that comes with it takes its place.
        Text = "text",
    }
}

views! {
    /// A page of conflict copies.
    ConflictsView { conflicts: Vec<ConflictLine>, next: Option<String> }

    /// A conflict copy, and what comes of it.
    ConflictLine {
        share: String,
        /// The file that it is a copy of.
        file: String,
        copy: String,
        /// When it was set aside, `2026-08-01 08:19:36`, as its name says: by the clock of the machine that did.
        set_aside: String,
        /// As its name says: the first seven letters of a device's ID in Syncthing; `null` when it says none.
        device: Option<String>,
        /// Nothing more happens to it unless a person decides.
        is_open: bool,
        /// What is being done about it, or why nothing is.
        text: String,
        fit: Fit,
        /// Why that is unknown. May be empty.
        why: String,
        /// The places where the sides contradict each other, in the order of the file.
        places: Vec<ClashView>,
        /// Digests of what lies at the path (`null`: it is gone) and of what the copy holds; `null` while not read.
        ours: Option<String>,
        theirs: Option<String>,
    }

    /// A place in which a person decides.
    ClashView {
        /// `the key duration`, `Duration of the cue Kettle factory`, `the text`, …
        what: String,
        /// One line for people.
        text: String,
        base: PartView,
        ours: PartView,
        theirs: PartView,
    }

    /// A part of one of the texts; empty where that text has nothing.
    PartView {
        /// The line it begins in, from 1.
        line: u32,
        text: String,
    }

    /// A conflict copy with both its sides.
    ConflictView {
        conflict: ConflictLine,
        /// From what lies at the path to the copy, as a unified diff.
        diff: String,
        /// What a person may begin with: the merged text where it is clean, else both sides one above the other between
        /// lines that begin with `@@@@ showd`. A text that holds such a line is not published.
        draft: String,
    }

    /// What differs between two versions of a file.
    DiffView {
        share: String,
        file: String,
        from: RevisionView,
        to: RevisionView,
        /// Unified; empty when nothing does.
        diff: String,
    }

    /// Who wrote what in a file as it is.
    BlameView { share: String, file: String, lines: Vec<BlameLine> }

    /// A key of the front matter, or a field of a cue, and the version that gave it its value.
    BlameLine {
        line: u32,
        /// The cue by its slug, else its type; `null`: the front matter.
        cue: Option<String>,
        /// As it is written.
        name: String,
        value: String,
        revision: u64,
        at_ms: i64,
        origin: String,
        /// Nothing older is kept: it may have had this value before.
        is_oldest: bool,
    }
}
