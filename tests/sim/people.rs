//! What people do: type, save late, add, delete, rename, hold, submit, cancel. Every word they type is remembered.

use crate::chance::Chance;
use crate::check::Found;
use crate::model::path;
use crate::world::World;
use show_core::{Ask, JobId, LeaseKind, Subject};
use std::collections::BTreeMap;

pub const EPISODES: [&str; 2] = ["ep/1/", "ep/2/"];
const NOTES: [&str; 3] = ["a.md", "b.md", "c.md"];

fn note(chance: &mut Chance) -> String {
    let episode = chance.pick(&EPISODES).expect("there are episodes");
    let name = chance.pick(&NOTES).expect("there are notes");
    format!("{episode}{name}")
}

impl World {
    /// One thing that somebody does now.
    pub fn somebody_acts(&mut self) -> Result<(), Found> {
        let note = note(&mut self.chance);
        match self.chance.between(0, 20) {
            0..=7 => self.types(&note),
            8 => self.opens(&note),
            9 | 10 => self.saves_late(),
            11 => self.deletes(&note),
            12 => self.touches_nothing_but_the_time(&note),
            13 => self.drops_a_clip(),
            14 => self.ask(Ask::Take { file: path(&note), kind: LeaseKind::Hold, why: "reading it".into() }),
            15 => self.releases(),
            16 => self.ask(Ask::Take { file: path(&note), kind: LeaseKind::Lock, why: "a script".into() }),
            17 => self.submits(),
            18 => self.cancels_or_requeues(),
            _ => self.syncthing_begins_to_write(&note),
        }
    }

    /// Appends a line to whatever is there and saves it at once.
    pub fn types(&mut self, note: &str) -> Result<(), Found> {
        let mut text = self.disk.files.get(note).map(|file| file.text.clone()).unwrap_or_default();
        self.next_token += 1;
        let token = self.next_token.to_string();
        let line = match self.chance.between(0, 6) {
            0 | 1 => format!("!{token}"),
            2 => format!("clip {token}.mp4"),
            _ => format!("t{token}"),
        };
        text.push_str(&line);
        text.push('\n');
        let remembered = if line.starts_with("clip") { line } else { token };
        self.typed.entry(note.to_owned()).or_default().push(remembered);
        self.saves(note, text)
    }

    fn saves(&mut self, note: &str, text: String) -> Result<(), Found> {
        self.told.edits += 1;
        self.disk.write(note, text, self.now, true);
        self.hint(note);
        self.check_tokens(note)
    }

    /// Opens a note in an editor, which keeps what it read.
    fn opens(&mut self, note: &str) -> Result<(), Found> {
        if let Some(file) = self.disk.files.get(note) {
            self.editors.insert(note.to_owned(), file.text.clone());
        }
        Ok(())
    }

    /// An editor saves the whole text as it was when opened, with more in it: over whatever lies there now.
    fn saves_late(&mut self) -> Result<(), Found> {
        let Some((note, text)) = self.editors.pop_first() else { return Ok(()) };
        if !self.disk.files.contains_key(&note) {
            return Ok(());
        }
        let had =
            |token: &String| text.lines().any(|line| line.trim_start_matches(['t', '!']) == token || line == token);
        if let Some(typed) = self.typed.get_mut(&note) {
            typed.retain(had);
        }
        self.next_token += 1;
        let token = self.next_token.to_string();
        self.typed.entry(note.clone()).or_default().push(token.clone());
        self.saves(&note, format!("{text}t{token}\n"))
    }

    fn deletes(&mut self, note: &str) -> Result<(), Found> {
        if self.disk.files.remove(note).is_some() {
            self.typed.remove(note);
            self.editors.remove(note);
            self.hint(note);
        }
        Ok(())
    }

    fn touches_nothing_but_the_time(&mut self, note: &str) -> Result<(), Found> {
        if let Some(text) = self.disk.files.get(note).map(|file| file.text.clone()) {
            let typed = self.disk.files[note].typed;
            self.disk.write(note, text, self.now, false);
            self.disk.files.get_mut(note).expect("it was written").typed = typed;
            self.hint(note);
        }
        Ok(())
    }

    /// A clip that some note names arrives, or grows.
    fn drops_a_clip(&mut self) -> Result<(), Found> {
        let named: Vec<String> = self
            .disk
            .files
            .iter()
            .filter(|(path, _)| path.ends_with(".md"))
            .flat_map(|(path, file)| {
                let episode = path.rsplit_once('/').map_or("", |(episode, _)| episode).to_owned();
                file.text
                    .lines()
                    .filter_map(move |line| Some(format!("{episode}/clips/{}", line.strip_prefix("clip ")?)))
                    .collect::<Vec<_>>()
            })
            .collect();
        if let Some(clip) = self.chance.pick(&named).cloned() {
            let text = self.disk.files.get(&clip).map(|file| file.text.clone()).unwrap_or_default();
            self.disk.write(&clip, format!("{text}frames "), self.now, true);
            self.hint(&clip);
        }
        Ok(())
    }

    fn releases(&mut self) -> Result<(), Found> {
        let Some((note, _)) = self.leases.first_key_value() else { return Ok(()) };
        let note = note.clone();
        self.release(&note)
    }

    fn submits(&mut self) -> Result<(), Found> {
        let subject = Subject { pipeline: "asked".into(), share: show_core::ShareId(0), path: EPISODES[0].into() };
        let parameters = BTreeMap::from([("n".to_owned(), self.next_token.to_string())]);
        self.ask(Ask::Submit { subject, parameters })
    }

    fn cancels_or_requeues(&mut self) -> Result<(), Found> {
        let live: Vec<JobId> = self.runner.live.keys().map(|(job, _)| *job).collect();
        match self.chance.pick(&live) {
            Some(job) => {
                let jobs = vec![*job];
                self.ask(Ask::Cancel { jobs })
            }
            None => self.ask(Ask::RequeueFailed { subject: None, force: false }),
        }
    }

    /// A temporary file beside a note, for a while.
    fn syncthing_begins_to_write(&mut self, note: &str) -> Result<(), Found> {
        let (episode, name) = note.rsplit_once('/').expect("notes lie in episodes");
        let temporary = format!("{episode}/.syncthing.{name}.tmp");
        if self.disk.files.remove(&temporary).is_none() {
            self.disk.write(&temporary, String::new(), self.now, true);
        }
        self.hint(&temporary);
        Ok(())
    }
}
