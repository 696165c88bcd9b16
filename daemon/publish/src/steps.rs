//! Named points of the protocol at which a test can stop it, or step in between.
//!
//! Shipped callers pass [`Straight`]. A test passes its own [`Steps`] to stop the call at a point as a crash would
//! (nothing is cleaned up), to kill the process there, or to let another writer act there.

/// A place in the protocol, just before the system call of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    /// What happens next.
    pub name: &'static str,
    /// Place of the move in the intent; of what concerns the whole intent, 0.
    pub place: usize,
}

/// Stop here, as a crash would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halted;

/// Told of every point as it is reached.
pub trait Steps {
    /// The protocol is about to do what `point` names; `Err` ends the call at once and cleans up nothing.
    fn before(&mut self, point: Point) -> Result<(), Halted>;
}

/// Goes straight on.
#[derive(Debug, Default)]
pub struct Straight;

impl Steps for Straight {
    fn before(&mut self, _: Point) -> Result<(), Halted> {
        Ok(())
    }
}
