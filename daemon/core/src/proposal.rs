//! What steps propose and people decide: the life of a proposal.
//!
//! A step's last result says what is proposed ([`Coordinator::propose`]); what people said to it, and what became of it,
//! stands in its row. A file that a person handed over by its status has its proposals accepted by that, for as long as
//! the text says so. Which of them are woven in is decided in `weave`, and who says what in a note in `ballot`.

use crate::{Coordinator, Digest, JobId, Node, ProposalFact, ProposalId, ProposalRow, ProposalState, Row, Subject};
use crate::{HAND_OVER, build::next};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

impl Coordinator {
    /// Keeps what a node proposes for a person, once: what was shown and rejected is not shown again. A proposal that is
    /// made again from a text that has moved on keeps its number, which somebody may be about to type. True when a row
    /// changed.
    pub(crate) fn propose(&mut self, subject: &Subject, node: &Node, job: JobId, facts: Vec<ProposalFact>) -> bool {
        let is_same = |row: &ProposalRow, fact: &ProposalFact| {
            row.file == fact.file && row.code == fact.code && row.edits == fact.edits && row.renames == fact.renames
        };
        let of_node = self.proposals.values().filter(|row| row.subject == *subject && row.node == *node);
        let (met, mut left): (Vec<&ProposalRow>, Vec<&ProposalRow>) = of_node
            .filter(|row| !matches!(row.state, ProposalState::Published { .. }))
            .partition(|row| row.state != ProposalState::Stale && facts.iter().any(|fact| is_same(row, fact)));
        let known: Vec<(ProposalId, ProposalState)> = met
            .iter()
            .filter_map(|row| Some((row.id, handed(row, facts.iter().find(|fact| is_same(row, fact))?)?)))
            .collect();
        let new: Vec<_> = facts.into_iter().filter(|fact| !met.iter().any(|row| is_same(row, fact))).collect();
        // What is open is met first; what was decided or gone only when nothing else is left to be it.
        left.sort_by_key(|row| (rank(&row.state), row.id));
        let mut left: Vec<ProposalRow> = left.into_iter().cloned().collect();
        let mut is_changed = !known.is_empty() || !new.is_empty();
        // Its file may have been gone meanwhile.
        met.iter().map(|row| row.file.share).collect::<Vec<_>>().into_iter().for_each(|share| self.mark_notices(share));
        for fact in new {
            let again = left
                .iter()
                .position(|row| row.file == fact.file && row.code == fact.code && row.summary == fact.summary);
            let known = again.map(|place| left.remove(place));
            let row = self.made_again(subject, node, job, known, &fact);
            let (id, handed) = (row.id, handed(&row, &fact));
            self.mark_asked(&row);
            self.proposals.insert(id, row.clone());
            self.put(Row::Proposal(row));
            if let Some(state) = handed {
                self.set_proposal(id, state);
            }
        }
        for (id, state) in known {
            self.set_proposal(id, state);
        }
        for row in left.iter().filter(|row| row.state == ProposalState::Open || row.is_by_hand_over()) {
            is_changed = true;
            self.set_proposal(row.id, ProposalState::Stale);
        }
        is_changed
    }

    fn made_again(
        &mut self,
        subject: &Subject,
        node: &Node,
        job: JobId,
        known: Option<ProposalRow>,
        fact: &ProposalFact,
    ) -> ProposalRow {
        let ProposalFact { file, code, summary, edits, renames, base, handed_over: _ } = fact.clone();
        let state = match &known {
            Some(row) if row.state != ProposalState::Stale => row.state.clone(),
            _ => {
                self.log("proposal.new").subject(subject).job(job).file(&file).text(summary.clone());
                ProposalState::Open
            }
        };
        let (id, created) = known
            .map_or_else(|| (ProposalId(next(&mut self.meta.next_proposal)), self.now), |row| (row.id, row.created));
        let (subject, node) = (subject.clone(), node.clone());
        ProposalRow { id, subject, node, file, base, code, summary, edits, renames, created, state, refused: None }
    }

    /// The loss guard let everything else through but this: it is open again, and says why.
    pub(crate) fn refuse_proposal(&mut self, id: ProposalId, woven: &[Digest], why: String) {
        let Some(row) = self.proposals.get_mut(&id) else { return };
        // It may have been made again meanwhile, of other edits.
        if !matches!(row.state, ProposalState::Accepted { .. }) || !woven.contains(&row.edits) {
            return;
        }
        let file = row.file.clone();
        let text = format!("proposal {id} is open again, for the loss guard refused it: {why}");
        row.refused = Some(why);
        self.log("proposal.refused").file(&file).text(text);
        self.set_proposal(id, ProposalState::Open);
    }

    pub(crate) fn set_proposal(&mut self, id: ProposalId, state: ProposalState) {
        let Some(row) = self.proposals.get_mut(&id) else { return };
        row.state = state;
        let row = row.clone();
        self.mark_asked(&row);
        let accepted = self.accepted.entry(row.subject.clone()).or_default();
        if matches!(row.state, ProposalState::Accepted { .. }) {
            accepted.insert(id);
        } else {
            accepted.remove(&id);
        }
        if accepted.is_empty() {
            self.accepted.remove(&row.subject);
        }
        self.put(Row::Proposal(row));
    }

    /// Its text is in place.
    pub(crate) fn proposal_published(&mut self, id: ProposalId) {
        let by = match self.proposals.get(&id).map(|row| &row.state) {
            Some(ProposalState::Accepted { by }) => by.clone(),
            _ => String::new(),
        };
        self.set_proposal(id, ProposalState::Published { at: self.now, by });
    }
}

/// What becomes of a proposal as a person hands the file over, or takes it back before it was written.
fn handed(row: &ProposalRow, fact: &ProposalFact) -> Option<ProposalState> {
    match &row.state {
        // What the loss guard refused is for a person to look at.
        ProposalState::Open if fact.handed_over && row.refused.is_none() => {
            Some(ProposalState::Accepted { by: HAND_OVER.to_owned() })
        }
        ProposalState::Accepted { .. } if row.is_by_hand_over() && !fact.handed_over => Some(ProposalState::Open),
        _ => None,
    }
}

/// Which of several proposals that look alike is the one that is made again.
fn rank(state: &ProposalState) -> u8 {
    match state {
        ProposalState::Open => 0,
        ProposalState::Accepted { .. } => 1,
        ProposalState::Rejected { .. } => 2,
        ProposalState::Stale | ProposalState::Published { .. } => 3,
    }
}
