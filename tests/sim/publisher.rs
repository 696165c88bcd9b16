//! The publisher: stage, compare, exchange, compare what came out, and exchange back when it was somebody's.
//!
//! Every phase is a moment of its own, so that a person can save, and the daemon die, between any two. What was staged
//! stays on disk; after a crash the same intent is carried on from what is found.

use crate::disk::{Staged, digest};
use crate::planted::Planted;
use crate::world::{Item, World};
use show_core::*;

#[derive(Debug)]
pub struct Running {
    intent: Intent,
    place: usize,
    phase: Phase,
    stamps: Vec<Option<Stamp>>,
    /// What came out was written since it was found quiet, whatever its bytes.
    touched: bool,
    /// When our text took the place of theirs, in this life of the daemon.
    written: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Stage,
    Compare,
    Exchange,
    Verify,
}

impl World {
    pub fn publish(&mut self, intent: Intent) {
        let id = intent.id;
        if self.publishing.contains_key(&id) {
            return;
        }
        if self.chaos && self.dice.once_in(20) {
            let file = intent.files().next().expect("an intent moves something").clone();
            let outcome = Outcome::Failed { file, why: "no space left on device".to_owned() };
            return self.tell_daemon(5, Event::Published { intent: id, outcome });
        }
        self.tally.publishes += u64::from(is_of_people(&intent));
        let (stamps, touched, written) = (Vec::new(), false, None);
        self.publishing.insert(id, Running { intent, place: 0, phase: Phase::Stage, stamps, touched, written });
        let delay = self.delay(1, 300);
        self.after(delay, Item::Publish(self.life, id));
    }

    pub fn publish_phase(&mut self, id: IntentId) {
        let Some(mut running) = self.publishing.remove(&id) else { return };
        let Some(made) = running.intent.moves.get(running.place).cloned() else {
            return self.publish_done(&running);
        };
        let outcome = match made {
            Move::Replace { file, base, new, ref source, seen, .. } => {
                let text = self.bytes(source, new);
                self.replace(&mut running, &file, base, seen, &text)
            }
            Move::New { file, new, ref source, .. } => {
                let text = self.bytes(source, new);
                self.put_new(&mut running, &file, &text)
            }
            Move::Remove { file, base, .. } => self.take_away(&mut running, &file, base),
            Move::Rename { .. } => unreachable!("this show renames nothing"),
        };
        match outcome {
            Ok(()) => {
                self.publishing.insert(id, running);
                let delay = self.delay(0, 200);
                self.after(delay, Item::Publish(self.life, id));
            }
            Err(file) => {
                self.tally.overtaken += u64::from(is_of_people(&running.intent));
                self.roll_back(&running);
                let why = "it is another text now".to_owned();
                self.tell_daemon(1, Event::Published { intent: id, outcome: Outcome::Overtaken { file, why } });
            }
        }
    }

    /// The disk is away: what was under way fails, and is carried on when it is ordered again.
    pub fn fail_publishes(&mut self) {
        for (intent, running) in std::mem::take(&mut self.publishing) {
            let file = running.intent.files().next().expect("an intent moves something").clone();
            let outcome = Outcome::Failed { file, why: "the share is away".to_owned() };
            self.tell_daemon(1, Event::Published { intent, outcome });
        }
    }

    fn bytes(&self, source: &Source, new: Digest) -> String {
        match source {
            Source::Text(text) => text.clone(),
            Source::Blob => self.archive.get(&new).cloned().expect("a woven text is kept as a blob"),
            Source::Scratch { job, attempt, .. } => {
                let scratch = self.runner.scratch.get(&(*job, *attempt)).and_then(|scratch| scratch.get(&new));
                scratch.cloned().expect("scratch stays until the attempt is forgotten")
            }
        }
    }

    /// One phase of one replacement. `Err`: it is overtaken.
    fn replace(
        &mut self,
        running: &mut Running,
        file: &FilePath,
        base: Digest,
        seen: Option<Stamp>,
        new: &str,
    ) -> Result<(), FilePath> {
        let stage = (running.intent.id.0, running.place);
        // The directory is held open, and found again by what was left in it.
        let staged = self.disk.staged.get(&stage).cloned();
        let path = staged.as_ref().map_or_else(|| file.path.to_string(), |staged| staged.beside.clone());
        let is_moved = *path != *file.path;
        let blind = self.planted == Planted::PublishWithoutComparing;
        let now = self.disk.files.get(&path).map(|found| found.text.clone());
        let look = self.disk.files.get(&path).map(|found| found.stamp);
        let is_touched = seen.is_some() && seen != look;
        match running.phase {
            Phase::Stage => match staged {
                // Finished before a crash.
                None if now.as_deref() == Some(new) => self.next_place(running, &path, new),
                None => {
                    self.disk.staged.insert(stage, Staged { beside: path, text: new.to_owned() });
                    running.phase = Phase::Compare;
                }
                // Carried on after a crash: what lies in the stage says how far it got.
                Some(staged) if staged.text == new => running.phase = Phase::Compare,
                Some(_) => running.phase = Phase::Verify,
            },
            Phase::Compare => {
                if !blind && (is_moved || now.as_deref().map(digest) != Some(base) || is_touched) {
                    return Err(file.clone());
                }
                running.phase = Phase::Exchange;
                self.person_at_the_worst_moment(&path);
            }
            Phase::Exchange => {
                let Some(out) = now else { return Err(file.clone()) };
                running.touched = is_touched;
                self.check_quiet(&running.intent, &path, digest(&out) == base && (blind || !is_touched));
                self.write_as_us(&path, new);
                self.disk.staged.insert(stage, Staged { beside: path.clone(), text: out });
                running.written = Some(self.lived());
                running.phase = Phase::Verify;
                self.person_at_the_worst_moment(&path);
            }
            Phase::Verify => {
                let out = staged.expect("it was exchanged").text;
                if !blind && (is_moved || digest(&out) != base || running.touched) {
                    return Err(file.clone());
                }
                self.next_place(running, &path, new);
            }
        }
        Ok(())
    }

    fn put_new(&mut self, running: &mut Running, file: &FilePath, new: &str) -> Result<(), FilePath> {
        let stage = (running.intent.id.0, running.place);
        match self.disk.files.get(&*file.path) {
            // Put there before a crash.
            Some(found) if found.text == new => {}
            Some(_) => return Err(file.clone()),
            None => {
                let home = running.intent.home.clone().filter(|_| self.planted != Planted::EpisodeBroughtBack);
                if let Some(home) = home.filter(|home| self.disk.gone.contains(&format!("{}/", home.path))) {
                    return Err(home);
                }
                self.check_home(&file.path);
                self.disk.staged.insert(stage, Staged { beside: file.path.to_string(), text: new.to_owned() });
                self.write_as_us(&file.path, new);
            }
        }
        self.next_place(running, &file.path, new);
        Ok(())
    }

    fn take_away(&mut self, running: &mut Running, file: &FilePath, base: Digest) -> Result<(), FilePath> {
        let (path, stage) = (file.path.to_string(), (running.intent.id.0, running.place));
        match self.disk.files.get(&path).map(|found| found.text.clone()) {
            Some(out) if digest(&out) == base => {
                self.disk.staged.insert(stage, Staged { beside: path.clone(), text: out });
                self.remove_as_us(&path);
            }
            Some(_) => return Err(file.clone()),
            // Taken away before a crash, or by somebody else.
            None => {}
        }
        self.next_place(running, &path, "");
        Ok(())
    }

    fn next_place(&mut self, running: &mut Running, path: &str, new: &str) {
        let found = self.disk.files.get(path).filter(|found| found.text == new);
        running.stamps.push(found.map(|found| found.stamp));
        running.place += 1;
        running.touched = false;
        running.phase = Phase::Stage;
    }

    /// Puts back what came out, newest first, wherever our text still lies.
    fn roll_back(&mut self, running: &Running) {
        for (place, made) in running.intent.moves.iter().enumerate().take(running.place + 1).rev() {
            let staged = self.disk.staged.remove(&(running.intent.id.0, place));
            let (Move::Replace { file, .. } | Move::New { file, .. } | Move::Remove { file, .. }) = made else {
                continue;
            };
            let path = staged.as_ref().map_or_else(|| file.path.to_string(), |staged| staged.beside.clone());
            let lies_there = self.disk.digest(&path);
            match (made, staged) {
                (Move::Remove { .. }, Some(out)) if lies_there.is_none() => self.write_as_us(&path, &out.text),
                (Move::New { new, .. }, Some(_)) if lies_there == Some(*new) => self.remove_as_us(&path),
                (Move::Replace { new, .. }, Some(out)) if lies_there == Some(*new) && digest(&out.text) != *new => {
                    self.write_as_us(&path, &out.text);
                }
                _ => {}
            }
        }
    }

    fn publish_done(&mut self, running: &Running) {
        let id = running.intent.id;
        for place in 0..running.intent.moves.len() {
            self.disk.staged.remove(&(id.0, place));
        }
        self.check_published(&running.intent, running.written);
        let delay = self.delay(1, 300);
        let outcome = Outcome::Done { stamps: running.stamps.clone() };
        self.tell_daemon(delay, Event::Published { intent: id, outcome });
    }

    fn write_as_us(&mut self, path: &str, text: &str) {
        let wall = self.wall();
        self.disk.write(path, text, wall);
        self.hint(path);
    }

    fn remove_as_us(&mut self, path: &str) {
        self.disk.files.remove(path);
        self.hint(path);
    }
}

/// It replaces a person's text.
fn is_of_people(intent: &Intent) -> bool {
    intent.moves.iter().any(|made| matches!(made, Move::Replace { human: true, .. }))
}
