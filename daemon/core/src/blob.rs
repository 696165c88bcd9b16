//! Which blobs a row names.
//!
//! A blob that neither a row nor anything in memory names may be removed. So every row is taken apart field by field
//! here: a new field does not compile until somebody has said whether it names a blob. Naming one that is not there
//! (a film's digest, which is kept as a number only) costs nothing; forgetting one costs somebody's text.

use crate::{
    ActionRow, AttemptRow, Binding, BuildRow, Cause, Digest, Edits, FileRow, FixedRow, IndexRow, Intent, JobRow,
    LeaseRow, MetaRow, Move, Order, OrderInput, Ours, Output, ProposalFact, ProposalRow, RevisionRow, Row, Source,
    Wove,
};
use alloc::vec::Vec;

impl Row {
    /// Digests of the blobs that this row stands on.
    pub fn blobs(&self) -> Vec<Digest> {
        let mut named = Vec::new();
        let names: &dyn Names = match self {
            Self::Meta(row) => row,
            Self::File(row) => row,
            Self::Build(row) => row,
            Self::Job(row) => row,
            Self::Action(row) => row,
            Self::Index(row) => row,
            Self::Lease(row) => row,
            Self::Proposal(row) => row,
            Self::Intent(row) => row,
            Self::Fixed(row) => row,
            Self::Binding(row) => row,
            Self::Ours(row) => row,
            Self::Revision(row) => row,
        };
        names.name(&mut named);
        named
    }
}

pub(crate) trait Names {
    fn name(&self, named: &mut Vec<Digest>);
}

impl Names for MetaRow {
    fn name(&self, _: &mut Vec<Digest>) {
        let Self { next_build: _, next_job: _, next_intent: _, next_lease: _, next_proposal: _, next_seq: _, epoch: _ } =
            self;
    }
}

impl Names for FileRow {
    fn name(&self, named: &mut Vec<Digest>) {
        // What was published there before is known by its digest, and its bytes are not asked for.
        let Self { file: _, stamp: _, digest, changed: _, published: _, by_us: _, former: _, left: _ } = self;
        named.push(*digest);
    }
}

impl Names for BuildRow {
    fn name(&self, _: &mut Vec<Digest>) {
        let Self { id: _, subject: _, created: _, cause: _, parameters: _, asked_by: _, jobs: _, ended: _ } = self;
    }
}

impl Names for JobRow {
    fn name(&self, _: &mut Vec<Digest>) {
        // Its result is what the action of its key names. What `refused` speaks of lies in the share.
        let Self {
            id: _,
            build: _,
            subject: _,
            node: _,
            element: _,
            state: _,
            attempt: _,
            tries: _,
            key: _,
            key_parts: _,
            asked: _,
            forced: _,
            dropped: _,
            refused: _,
            created: _,
            progress: _,
            summary: _,
            attempts,
        } = self;
        for AttemptRow { attempt: _, started: _, ended: _, outcome: _, why: _ } in attempts {}
    }
}

impl Names for ActionRow {
    fn name(&self, named: &mut Vec<Digest>) {
        let Self {
            key: _,
            at: _,
            job: _,
            with_errors: _,
            result,
            facts: _,
            lists: _,
            outputs,
            edits,
            proposals,
            summary: _,
        } = self;
        named.extend(result);
        for Output { role: _, file: _, digest, size: _, keep_old_as: _ } in outputs {
            named.push(*digest);
        }
        if let Some(Edits { digest, files: _, renames: _ }) = edits {
            named.push(*digest);
        }
        for fact in proposals {
            let ProposalFact { file: _, code: _, summary: _, edits, renames: _, base, handed_over: _ } = fact;
            named.extend([*base, *edits]);
        }
    }
}

impl Names for IndexRow {
    fn name(&self, named: &mut Vec<Digest>) {
        let Self { subject: _, node: _, action, key_parts: _ } = self;
        action.name(named);
    }
}

impl Names for LeaseRow {
    fn name(&self, _: &mut Vec<Digest>) {
        let Self { id: _, file: _, kind: _, owner: _, why: _, since: _, until: _ } = self;
    }
}

impl Names for ProposalRow {
    fn name(&self, named: &mut Vec<Digest>) {
        let Self {
            id: _,
            subject: _,
            node: _,
            file: _,
            base,
            code: _,
            summary: _,
            edits,
            renames: _,
            created: _,
            state: _,
            refused: _,
        } = self;
        named.extend([*base, *edits]);
    }
}

impl Names for Intent {
    fn name(&self, named: &mut Vec<Digest>) {
        let Self { id: _, moves, home: _, cause } = self;
        for made in moves {
            made.name(named);
        }
        cause.name(named);
    }
}

impl Names for Move {
    fn name(&self, named: &mut Vec<Digest>) {
        match self {
            Self::Replace { file: _, base, new, size: _, source, human: _, seen: _ } => {
                named.extend([*base, *new]);
                source.name(named);
            }
            Self::New { file: _, new, size: _, source } => {
                named.push(*new);
                source.name(named);
            }
            Self::Rename { from: _, to: _, base } | Self::Remove { file: _, base, human: _ } => named.push(*base),
        }
    }
}

impl Names for Source {
    fn name(&self, _: &mut Vec<Digest>) {
        match self {
            // The move names it.
            Self::Blob | Self::Text(_) | Self::Scratch { job: _, attempt: _, role: _ } => {}
        }
    }
}

impl Names for Cause {
    fn name(&self, named: &mut Vec<Digest>) {
        match self {
            Self::Attempt { job: _, attempt: _, action } => action.name(named),
            Self::Weave { job: _, wove } => {
                let Wove { fixed, wrote: _, proposals: _, stitches: _ } = &**wove;
                named.extend(fixed.iter().map(|(_key, was)| *was));
            }
            Self::Conflict { copy: _, original: _, what: _, aside } => named.extend(aside.map(|(digest, _)| digest)),
            Self::Person { who: _, what: _ } | Self::Notice => {}
        }
    }
}

impl Order {
    /// Digests of what it reads; some are files of the share and no blobs.
    pub fn blobs(&self) -> Vec<Digest> {
        let mut named = Vec::new();
        for input in &self.inputs {
            match input {
                OrderInput::File { role: _, file: _, digest } => named.push(*digest),
                OrderInput::Text { role: _, file: _, base, text } => named.extend([*base, *text]),
                OrderInput::Result { role: _, step: _, results } => {
                    named.extend(results.iter().map(|(_element, digest)| *digest));
                }
                OrderInput::List { role: _, files: _ } | OrderInput::Elements { role: _, elements: _ } => {}
            }
        }
        named
    }
}

impl Names for FixedRow {
    fn name(&self, named: &mut Vec<Digest>) {
        let Self { file: _, key: _, now, was } = self;
        named.extend([*now, *was]);
    }
}

impl Names for Binding {
    fn name(&self, _: &mut Vec<Digest>) {
        let Self { file: _, place: _, id: _ } = self;
    }
}

impl Names for Ours {
    fn name(&self, _: &mut Vec<Digest>) {
        let Self { file: _, target: _, value: _ } = self;
    }
}

impl Names for RevisionRow {
    fn name(&self, named: &mut Vec<Digest>) {
        let Self { file: _, at: _, digest, size: _, origin: _, by_us: _ } = self;
        named.push(*digest);
    }
}
