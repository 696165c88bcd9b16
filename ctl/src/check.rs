//! Reading a rundown without a daemon: what the paths on the command line mean, and what lies there.
//!
//! Owns [`Scope`], from words to episodes and single files, and the reading of both. What is wrong with a text is
//! decided in `show-script`; what is done about it in `run::check`.

mod scope;
mod tree;

pub use scope::{Scope, Wanted};
pub use tree::{read_text, read_tree};
