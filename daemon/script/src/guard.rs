//! The loss guard: nothing a person wrote gets lost by our writing (spec 4.11).
//!
//! Compares the old and the new text of a file, given what the write declares to do on purpose. It trusts only what it
//! can see in the two texts, not the machinery that made the new one.

use crate::text::Splice;

/// What a write does on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declared {
    /// From the old text to the new one.
    pub splices: Vec<Splice>,
    /// Places, in the new text, of the cues that are new.
    pub new_cues: Vec<usize>,
    /// (place of a cue in the old text, field) whose value changes.
    pub changed: Vec<(usize, String)>,
    /// Prose that was moved into new cues, as it stood.
    pub moved: Vec<String>,
}
