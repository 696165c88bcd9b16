//! Bytes that are taken: no two splices of one text may change the same ones.

use crate::text::Splice;
use std::collections::{BTreeMap, BTreeSet};

/// What the splices of a batch cover so far.
#[derive(Default)]
pub(super) struct Covered {
    /// Replaced bytes, by beginning.
    spans: BTreeMap<usize, usize>,
    insertions: BTreeSet<usize>,
}

impl Covered {
    /// Takes the bytes of a splice, unless they are taken. Insertions may stand at either end of what is replaced.
    pub(super) fn take(&mut self, splice: &Splice) -> bool {
        let (begin, end) = (splice.begin, splice.end);
        let runs_into = |(&other, &other_end): (&usize, &usize)| other_end > begin && other < end;
        if self.spans.range(..end).next_back().is_some_and(runs_into)
            || (begin < end && self.insertions.range(begin + 1..end).next().is_some())
        {
            return false;
        }
        if begin == end {
            self.insertions.insert(begin);
        } else {
            self.spans.insert(begin, end);
        }
        true
    }
}
