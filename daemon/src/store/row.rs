//! Rows as bytes, each under a label of its own kind.
//!
//! The rows are the core's own types as they stand. When one of them changes its shape, its old shape moves here under
//! its old schema number and is translated on reading; the golden bytes in the tests say when that is.

use super::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use show_core::{
    ActionRow, Binding, BuildRow, EventRow, FileRow, FixedRow, IndexRow, Intent, JobRow, LeaseRow, MetaRow, Ours,
    ProposalRow, RevisionRow,
};
use show_protocol::codec::{Label, seal, unseal};

/// What a row is called and labelled.
pub trait Kind: Serialize + DeserializeOwned {
    const TABLE: &'static str;
    const LABEL: Label;

    fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        seal(Self::LABEL, self).map_err(|cause| StoreError::Encode { table: Self::TABLE, cause })
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        unseal(Self::LABEL, bytes).map_err(|cause| StoreError::Row { table: Self::TABLE, cause })
    }
}

macro_rules! kinds {
    ($($type:ty: $table:literal, $kind:literal, $schema:literal;)*) => {$(
        impl Kind for $type {
            const TABLE: &'static str = $table;
            const LABEL: Label = Label { kind: $kind, schema: $schema };
        }
    )*};
}

// Numbers are never reused.
kinds! {
    MetaRow: "meta", 1, 1;
    FileRow: "file", 2, 1;
    BuildRow: "build", 3, 1;
    JobRow: "job", 4, 1;
    ActionRow: "action", 5, 1;
    IndexRow: "index", 6, 1;
    LeaseRow: "lease", 7, 1;
    ProposalRow: "proposal", 8, 1;
    Intent: "intent", 9, 1;
    FixedRow: "fixed", 10, 1;
    Binding: "binding", 11, 1;
    Ours: "ours", 12, 1;
    RevisionRow: "revision", 13, 1;
    EventRow: "event", 14, 1;
}
