//! Reading a rundown without a daemon, and mending it.
//!
//! [`Scope`] is what the paths on the command line mean, `tree` reads what lies there, [`Reading`] is everything that
//! was read with what is wrong in it, `mend` computes the safe repairs and `publish` puts them in place. What is wrong
//! with a text and how it is mended is decided in `show-script`; how bytes get into a share in `show-publish`.

mod ids;
mod mend;
mod publish;
mod reading;
mod scope;
mod tree;

pub use mend::{Mended, mend};
pub use publish::{publish, share_of};
pub use reading::{Reading, count};
pub use scope::Scope;
