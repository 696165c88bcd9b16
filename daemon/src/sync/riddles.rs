//! Questions that Syncthing answers in a way that cannot be used: with an error, or in a shape that nobody here knows.
//!
//! Such an answer says nothing, least of all that a note is quiet. It may be that of a folder that is just being started,
//! so each question is given a moment; and it may be that of a version to come, for ever, so it is given no more than
//! that. Owns since when each question is open, and what is said of it. Read [`Riddles::pose`] first.

use super::client::{self, Client};
use super::{Inner, SILENCE_MS_MAX};
use crate::words::because;
use client::AskError;
use show_core::Time;
use std::collections::BTreeMap;

/// What nobody asked for so long is asked again, to learn whether it is still so.
const REST_MS: u64 = 60_000;
/// Asked again at once.
const AGAIN_MAX: usize = 8;
const HINT: &str = "showd waits a minute for a better one, then goes by what Syncthing answers otherwise and by the rules of \
this machine; if it stays, Syncthing's own log may say why, or it is a version that showd does not know";

/// One question about a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    pub folder: String,
    /// Of the API.
    pub path: &'static str,
    /// The file or the device; empty for the folder itself.
    pub about: String,
}

impl Question {
    pub fn new(folder: &str, path: &'static str, about: &str) -> Self {
        Self { folder: folder.to_owned(), path, about: about.to_owned() }
    }
}

#[derive(Debug, Default)]
pub struct Riddles {
    open: BTreeMap<Question, Riddle>,
    /// What stands on the board, by folder and path.
    said: BTreeMap<(String, &'static str), String>,
}

#[derive(Debug)]
struct Riddle {
    since: Time,
    asked: Time,
}

impl Riddles {
    /// It was answered with a riddle, now and maybe before. Says since when.
    pub fn pose(&mut self, question: Question, now: Time) -> Time {
        let riddle = self.open.entry(question).or_insert(Riddle { since: now, asked: now });
        riddle.asked = now;
        riddle.since
    }

    /// It was answered well, or nobody will ask it again. Gives back what need not be said any more.
    fn solve(&mut self, question: &Question) -> Option<String> {
        self.open.remove(question)?;
        let is_like = |other: &Question| other.folder == question.folder && other.path == question.path;
        if self.open.keys().any(is_like) {
            return None;
        }
        self.said.remove(&(question.folder.clone(), question.path))
    }

    /// Nobody asked these for a while.
    fn rested(&self, now: Time) -> Vec<Question> {
        let rested = self.open.iter().filter(|(_, riddle)| riddle.asked.plus_ms(REST_MS) <= now);
        rested.map(|(question, _)| question.clone()).take(AGAIN_MAX).collect()
    }
}

/// An answer that is there; where it is a riddle, whether it is worth waiting for a better one.
#[derive(Debug, PartialEq, Eq)]
pub enum Told<T> {
    Answer(T),
    Riddle { is_new: bool },
}

impl Inner {
    /// What is known by an answer. A riddle is said on the board for as long as it is one.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub(super) fn told<T>(&self, question: Question, answer: Result<T, AskError>) -> Result<Told<T>, AskError> {
        match answer {
            Ok(answer) => {
                self.solve(&question);
                Ok(Told::Answer(answer))
            }
            Err(error) if error.is_riddle() => {
                let now = self.clock.now();
                let since = self.pose(question, &error, now);
                Ok(Told::Riddle { is_new: now < since.plus_ms(SILENCE_MS_MAX) })
            }
            Err(error) => Err(error),
        }
    }

    fn pose(&self, question: Question, error: &AskError, now: Time) -> Time {
        let title =
            self.known().place(&question.folder).map_or_else(|| question.folder.clone(), |at| at.title().into());
        let text = format!("what Syncthing says of its folder \"{title}\" cannot be used: {}", because(error));
        let key = (question.folder.clone(), question.path);
        let (since, before) = {
            let mut riddles = self.riddles();
            (riddles.pose(question, now), riddles.said.insert(key, text.clone()))
        };
        if let Some(before) = before.as_ref().filter(|before| **before != text) {
            self.board.take_back(before);
        } else if before.is_none() {
            tracing::warn!("{text}");
        }
        self.board.notice(text, HINT);
        since
    }

    fn solve(&self, question: &Question) {
        let gone = self.riddles().solve(question);
        if let Some(gone) = gone {
            tracing::info!(folder = question.folder, path = question.path, "Syncthing's answers can be used again");
            self.board.take_back(&gone);
        }
    }

    /// What nobody asks any more might have been answered well by now.
    pub(super) fn ask_riddles_again(&self, client: &Client) -> Result<(), AskError> {
        let rested = self.riddles().rested(self.clock.now());
        for question in rested {
            let Question { folder, path, about } = question.clone();
            let is_over = {
                let known = self.known();
                let place = known.place(&folder).filter(|place| !place.folder.paused);
                place.is_none_or(|place| path == client::COMPLETION && !place.others(&known.me).any(|id| id == about))
            };
            match path {
                _ if is_over => self.solve(&question),
                client::FILE => drop(self.told(question, client.file(&folder, &about))?),
                client::COMPLETION => drop(self.told(question, client.completion(&folder, &about))?),
                _ => drop(self.told(question, client.status(&folder))?),
            }
        }
        Ok(())
    }

    /// Syncthing went away, and whatever comes back is asked anew.
    pub(super) fn forget_riddles(&self) {
        let riddles = std::mem::take(&mut *self.riddles());
        riddles.said.values().for_each(|text| self.board.take_back(text));
    }
}
