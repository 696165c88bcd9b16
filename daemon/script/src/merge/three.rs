//! The same thing of base, ours and theirs.

use crate::text::Slice;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Three<T> {
    pub base: T,
    pub ours: T,
    pub theirs: T,
}

impl<T> Three<T> {
    pub fn new(base: T, ours: T, theirs: T) -> Self {
        Self { base, ours, theirs }
    }

    pub const fn as_ref(&self) -> Three<&T> {
        Three { base: &self.base, ours: &self.ours, theirs: &self.theirs }
    }

    pub fn map<U>(self, mut of: impl FnMut(T) -> U) -> Three<U> {
        Three { base: of(self.base), ours: of(self.ours), theirs: of(self.theirs) }
    }

    /// What follows when only one side changed it, or both made the same of it; nothing when both changed it.
    pub fn pick_by<K: PartialEq>(self, key: impl Fn(&T) -> K) -> Option<T> {
        let of = self.as_ref().map(key);
        if of.ours == of.theirs || of.base == of.theirs {
            Some(self.ours)
        } else if of.base == of.ours {
            Some(self.theirs)
        } else {
            None
        }
    }
}

impl<T: Copy + PartialEq> Three<T> {
    pub fn pick(self) -> Option<T> {
        self.pick_by(|value| *value)
    }
}

impl<'t> Three<Slice<'t>> {
    /// As [`Three::pick`], by what the slices hold and not by where they stand.
    pub fn pick_text(self) -> Option<Slice<'t>> {
        self.pick_by(|slice| slice.text)
    }
}
