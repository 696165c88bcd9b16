//! What the core decided, sealed until it is kept.

use crate::{Change, Effect};
use alloc::vec::Vec;

/// Rows to keep and orders to carry out. The orders come out only through [`Decision::commit`], after the rows were
/// kept: nothing happens in the world that is not already on disk.
#[derive(Debug, Default)]
#[must_use = "a decision that is not committed never happens"]
pub struct Decision {
    changes: Vec<Change>,
    effects: Vec<Effect>,
}

impl Decision {
    /// Keeps the changes and then releases the effects.
    ///
    /// # Errors
    /// Whatever `keep` says; then no effect happens, and the caller must stop and restore from rows.
    pub fn commit<E>(self, keep: impl FnOnce(&[Change]) -> Result<(), E>) -> Result<Vec<Effect>, E> {
        keep(&self.changes)?;
        Ok(self.effects)
    }

    /// Takes in a decision made after this one, so that both are kept in one transaction.
    pub fn merge(&mut self, later: Self) {
        self.changes.extend(later.changes);
        self.effects.extend(later.effects);
    }

    /// True when there is nothing to keep and nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.effects.is_empty()
    }

    pub(crate) fn keep(&mut self, change: Change) {
        self.changes.push(change);
    }

    pub(crate) fn order(&mut self, effect: Effect) {
        self.effects.push(effect);
    }
}
