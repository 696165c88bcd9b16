//! Open questions of clients: whose each one is, and how its answer is worded.

use crate::inbox::{Answers, Then};
use show_core::{AskId, ClientId};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Desk {
    open: BTreeMap<AskId, Question>,
    last: u64,
}

struct Question {
    client: ClientId,
    /// The client's own number of it.
    number: u64,
    answers: Answers,
    then: Then,
}

/// Where an answer goes, under which number, and how it is worded.
pub type Closed = (Answers, u64, Then);

impl Desk {
    pub fn open(&mut self, client: ClientId, number: u64, answers: Answers, then: Then) -> AskId {
        self.last += 1;
        let ask = AskId(self.last);
        self.open.insert(ask, Question { client, number, answers, then });
        ask
    }

    /// `None`: the client has gone, or has had its answer.
    pub fn close(&mut self, ask: AskId) -> Option<Closed> {
        let question = self.open.remove(&ask)?;
        Some((question.answers, question.number, question.then))
    }

    /// Closes the wait that a client numbered so, if it has one.
    pub fn stop(&mut self, client: ClientId, number: u64) -> Option<Closed> {
        let is_it = |question: &Question| question.client == client && question.number == number;
        let ask =
            *self.open.iter().find(|(_, question)| is_it(question) && matches!(question.then, Then::Waited { .. }))?.0;
        self.close(ask)
    }

    pub fn forget(&mut self, client: ClientId) {
        self.open.retain(|_, question| question.client != client);
    }
}
