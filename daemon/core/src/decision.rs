//! What the core decided, sealed until it is kept.

use crate::{ActionRow, Change, Digest, Effect, Row, RowKey};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Rows to keep and orders to carry out. The orders come out only through [`Decision::commit`], after the rows were
/// kept: nothing happens in the world that is not already on disk.
#[derive(Debug, Default)]
#[must_use = "a decision that is not committed never happens"]
pub struct Decision {
    changes: Vec<Change>,
    effects: Vec<Effect>,
    /// Places of the changes of actions, the last of each.
    actions: BTreeMap<Digest, usize>,
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
        let before = self.changes.len();
        self.actions.extend(later.actions.into_iter().map(|(key, place)| (key, before + place)));
        self.changes.extend(later.changes);
        self.effects.extend(later.effects);
    }

    /// True when there is nothing to keep and nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.effects.is_empty()
    }

    /// Takes out the keys that are to be looked up: the one order that may be carried out before the changes are kept,
    /// because looking changes nothing. Whoever answers at once asks [`Self::action`] before the rows that are kept.
    pub fn take_look_ups(&mut self) -> Vec<Digest> {
        let mut all = Vec::new();
        self.effects.retain_mut(|effect| match effect {
            Effect::LookUp { keys } => {
                all.append(keys);
                false
            }
            _ => true,
        });
        all
    }

    /// What these changes say of an action: its row, or `Some(None)` when they forget it. `None`: nothing.
    pub fn action(&self, key: &Digest) -> Option<Option<&ActionRow>> {
        match self.changes.get(*self.actions.get(key)?)? {
            Change::Put(Row::Action(row)) => Some(Some(row)),
            _ => Some(None),
        }
    }

    pub(crate) fn keep(&mut self, change: Change) {
        if let Change::Put(Row::Action(ActionRow { key, .. })) | Change::Delete(RowKey::Action(key)) = &change {
            self.actions.insert(*key, self.changes.len());
        }
        self.changes.push(change);
    }

    pub(crate) fn order(&mut self, effect: Effect) {
        self.effects.push(effect);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JobId, Time};
    use alloc::string::String;
    use alloc::vec;

    fn done(key: u8) -> ActionRow {
        ActionRow {
            key: Digest([key; 32]),
            at: Time(0),
            job: JobId(u64::from(key)),
            with_errors: false,
            result: None,
            facts: BTreeMap::new(),
            lists: BTreeMap::new(),
            outputs: Vec::new(),
            edits: None,
            proposals: Vec::new(),
            summary: String::new(),
        }
    }

    #[test]
    fn a_key_is_as_the_last_of_the_changes_leaves_it() {
        let (first, second) = (done(1), done(2));
        let mut decision = Decision::default();
        decision.keep(Change::Put(Row::Action(first.clone())));
        decision.keep(Change::Put(Row::Action(second.clone())));
        assert_eq!(decision.action(&first.key), Some(Some(&first)));
        let mut later = Decision::default();
        later.keep(Change::Delete(RowKey::Action(first.key)));
        decision.merge(later);
        assert_eq!(decision.action(&first.key), Some(None), "forgotten by the later one");
        assert_eq!(decision.action(&second.key), Some(Some(&second)), "still in its place");
        assert_eq!(decision.action(&Digest([3; 32])), None, "the store knows, or nobody");
    }

    #[test]
    fn only_looking_up_may_come_before_the_commit() {
        let mut decision = Decision::default();
        let other = Effect::LookForTool { name: "ffmpeg".into() };
        decision.order(Effect::LookUp { keys: vec![Digest([1; 32])] });
        decision.order(other.clone());
        decision.order(Effect::LookUp { keys: vec![Digest([2; 32])] });
        assert_eq!(decision.take_look_ups(), [Digest([1; 32]), Digest([2; 32])]);
        assert_eq!(decision.take_look_ups(), []);
        assert_eq!(decision.commit(|_| Ok::<(), ()>(())), Ok(vec![other]));
    }
}
