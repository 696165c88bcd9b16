//! What is answered: plain structs, in JSON the documented and stable shapes of `showctl --json`.
//!
//! No maps of free values, no optional keys that come and go, no untagged choices: bincode could not carry them, and a
//! script would have to guess. What is not there is `null`, an empty list or an empty text. Results that are JSON
//! themselves travel as text. `…_at_ms` is a point in time, in milliseconds since 1970 UTC; other `…_ms` are lengths.
//! Digests are BLAKE3 in hex. `file` is a path below the root of `share`, with `/`.

#[macro_use]
mod shape;
mod build;
mod conflict;
mod episode;
mod file;
mod job;
mod log;
mod rest;
mod status;

pub use build::*;
pub use conflict::*;
pub use episode::*;
pub use file::*;
pub use job::*;
pub use log::*;
pub use rest::*;
pub use status::*;
