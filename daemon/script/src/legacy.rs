//! Notations of older tools in prose (specification 4.6): found, scored, and turned into cues where that is safe.

pub mod block;
pub mod score;
pub mod token;
