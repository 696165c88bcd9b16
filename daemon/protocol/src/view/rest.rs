//! The daemon itself, its configuration, locks, and small shapes that others share.

use crate::{JobId, LeaseId};

words! {
    /// Who keeps a path to themselves, and how far.
    LockKind {
        /// A script works on it: nobody else reads or writes it.
        Lock = "lock",
        /// A person wants it left alone: it is read, not written.
        Hold = "hold",
        /// A running attempt reads it.
        Read = "read",
        /// A running attempt or publish writes it.
        Write = "write",
    }
}

views! {
    /// It is done and there is nothing to tell.
    DoneView {}

    /// Who is there.
    VersionView {
        /// `0.1.0`.
        version: String,
        protocols: Vec<u32>,
        /// Of the rows in the store.
        schema: u32,
        host: String,
        pid: u32,
        started_at_ms: i64,
        /// Absolute.
        state_dir: String,
        socket: String,
        /// Rises whenever history may have been lost.
        epoch: u64,
    }

    /// A name and its value.
    NameValue { name: String, value: String }

    /// The configuration in force.
    ConfigView {
        /// The file it was read from; `null`: the defaults.
        file: Option<String>,
        /// All of it, defaults too, as TOML.
        toml: String,
        /// Every setting on its own, by its dotted name.
        settings: Vec<SettingView>,
    }

    /// One setting.
    SettingView {
        name: String,
        value: String,
        /// `default`, or where it was set.
        origin: String,
    }

    /// Every lock and hold.
    LocksView { locks: Vec<LockView> }

    /// A lock, a hold, or what an attempt keeps to itself.
    LockView {
        /// `null` for what an attempt keeps.
        lock: Option<LeaseId>,
        kind: LockKind,
        share: String,
        file: String,
        owner: String,
        why: String,
        since_at_ms: i64,
        /// Ends by itself then; `null`: it does not.
        until_at_ms: Option<i64>,
        job: Option<JobId>,
        /// The fencing token: later locks have greater ones, compared in this order. Both 0 for what an attempt keeps.
        token_epoch: u64,
        token: u64,
        /// Something is there: a lock or hold on a path where nothing is counts for a file that is still to come.
        exists: bool,
        /// Nothing is there, but something of nearly that name is beside it: what was meant, perhaps.
        nearest: Option<String>,
    }
}
