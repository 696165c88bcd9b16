//! People and the programs on their machines: they save, type, undo, drop recordings, hold files, and ask for things,
//! at the worst moments.

use crate::cast::{SHARE, ticked};
use crate::disk::{LastWords, is_note, marks};
use crate::world::{Item, World, ballot_of};
use show_core::*;
use std::collections::BTreeSet;

/// One thing that a person or another program does.
pub const ACTIONS: u64 = 22;

impl World {
    pub fn person_acts(&mut self) {
        match self.dice.below(ACTIONS) {
            0..=3 => {
                let path = self.some_note();
                self.edit(&path);
            }
            4 => {
                // Types for a while: an autosave every second or two.
                let path = self.some_note();
                for save in 0..self.dice.between(2, 9) {
                    let at = save * 1_400 + self.dice.below(300);
                    self.after(at, Item::Edit(path.clone()));
                }
            }
            5 => self.record_media(),
            6 => self.remove_something(),
            7 => self.undo(),
            8 => self.tamper(),
            9 => self.leave_a_lock_file(),
            10..=15 => self.client_asks(),
            16 | 17 => {
                let path = self.some_note();
                self.edited_elsewhere(&path);
            }
            18 => self.remove_episode(),
            19 => self.rename_or_copy_episode(),
            20 => self.rename_note(),
            21 => self.answer_proposals(),
            _ => unreachable!("there are twenty-two actions"),
        }
    }

    fn some_episode(&mut self) -> String {
        let there: Vec<String> = self.disk.episodes().into_iter().collect();
        if self.dice.once_in(3) {
            return format!("ep/{}/", 1 + self.dice.below(2));
        }
        self.dice.pick(&there).cloned().unwrap_or_else(|| "ep/1/".to_owned())
    }

    /// A name that no episode has.
    fn free_episode(&mut self) -> Option<String> {
        let there = self.disk.episodes();
        let free: Vec<String> =
            (1..=EPISODES_MAX).map(|n| format!("ep/{n}/")).filter(|name| !there.contains(name)).collect();
        self.dice.pick(&free).cloned()
    }

    fn some_note(&mut self) -> String {
        let episode = self.some_episode();
        format!("{episode}{}.md", ["a", "b", "c"][self.dice.below(3) as usize])
    }

    fn some_media(&mut self) -> String {
        let episode = self.some_episode();
        format!("{episode}media/{}.mov", ["boil", "sing", "pour"][self.dice.below(3) as usize])
    }

    /// A person saves what they see on their screen, with something new in it.
    pub fn edit(&mut self, path: &str) {
        if self.share_away {
            return;
        }
        let words = self.disk.last_words.get(path);
        let on_disk = self.disk.files.get(path).map(|file| file.text.clone());
        // An editor that wrote a moment ago has not taken in what we did meanwhile.
        let fresh =
            words.filter(|words| self.t - words.at < 2_000 && on_disk.is_some()).map(|words| words.text.clone());
        let mut text = fresh.or(on_disk).unwrap_or_else(|| "words: 0".to_owned());
        self.marks += 1;
        self.tally.edits += 1;
        let mark = self.marks;
        let line = match self.dice.below(6) {
            0 => format!("teh kettle @{mark}"),
            1 => format!("NEW-ID @{mark}"),
            2 => format!("clip {}\nof @{mark}", ["boil", "sing", "pour"][self.dice.below(3) as usize]),
            3 => format!("teh teh pot @{mark}"),
            4 => format!("maybe a kettle @{mark}"),
            _ => format!("kettle @{mark}"),
        };
        if self.dice.once_in(6) {
            // Cuts a line, as people do.
            let lines: Vec<&str> = text.lines().collect();
            let cut = self.dice.below(lines.len() as u64) as usize;
            let kept = lines.iter().enumerate().filter(|(place, line)| *place != cut || line.starts_with("words"));
            text = kept.map(|(_, line)| *line).collect::<Vec<_>>().join("\n");
        }
        text = format!("{text}\n{line}");
        self.save(path, &text);
    }

    fn save(&mut self, path: &str, text: &str) {
        let wall = self.wall();
        let same = self.disk.files.get(path).is_some_and(|file| file.text == text);
        // Whoever hears of it late has only the file's time to go by, and the clock was set back.
        let is_undated = self.wall() < self.seen;
        self.disk.write(path, text, wall);
        self.say(|| format!("person saved {path}: {text:?}"));
        self.hint(path);
        if is_note(path) {
            // Saving what is there already changes nothing.
            let before = self.disk.last_words.get(path).filter(|_| same);
            let now = (self.t, self.lived(), self.deaf || is_undated);
            let (at, lived, unheard) = before.map_or(now, |words| (words.at, words.lived, words.unheard));
            let words = LastWords { text: text.to_owned(), at, lived, unheard };
            self.disk.last_words.insert(path.to_owned(), words);
        }
    }

    fn remove(&mut self, path: &str) {
        let removed = self.disk.files.remove(path);
        // What had come back into the note goes with it, as they want.
        if let (Some(removed), Some(aside)) = (removed, self.disk.aside.get_mut(path)) {
            aside.retain(|mark| !marks(&removed.text).any(|other| other == mark));
        }
        self.disk.last_words.remove(path);
        self.checks.removed(path);
        self.say(|| format!("person removed {path}"));
        self.hint(path);
    }

    fn record_media(&mut self) {
        let path = self.some_media();
        if self.dice.once_in(2) {
            self.marks += 1;
            return self.save(&path, &format!("film {}", self.marks));
        }
        for step in 0..self.dice.between(2, 12) {
            let at = step * self.dice.between(500, 4_000);
            self.after(at, Item::Grow(path.clone()));
        }
    }

    pub fn grow(&mut self, path: &str) {
        if !self.share_away {
            let before = self.disk.files.get(path).map(|file| file.text.clone()).unwrap_or_default();
            self.save(path, &format!("{before}frame "));
        }
    }

    fn remove_something(&mut self) {
        let path = if self.dice.once_in(2) { self.some_note() } else { self.some_media() };
        if !self.share_away && self.disk.files.contains_key(&path) {
            self.remove(&path);
            if self.dice.once_in(2) {
                // An editor that saves by removing and writing anew.
                self.after(300, Item::Edit(path));
            }
        }
    }

    /// The folder goes, with all that people and we put there.
    fn remove_episode(&mut self) {
        let episode = self.some_episode();
        if self.share_away || !self.dice.once_in(3) {
            return;
        }
        let paths: Vec<String> = self.disk.files.keys().filter(|path| path.starts_with(&episode)).cloned().collect();
        for path in &paths {
            self.remove(path);
            self.tampered.remove(path);
        }
        self.disk.aside.retain(|note, _| !note.starts_with(&episode));
        self.disk.gone.insert(episode.clone());
        if self.dice.once_in(2) {
            // It was only renamed, and has its old name again.
            let note = format!("{episode}a.md");
            self.after(4_000, Item::Edit(note));
        }
    }

    /// The folder gets another name, or a new episode begins as a copy of it.
    fn rename_or_copy_episode(&mut self) {
        let there: Vec<String> = self.disk.episodes().into_iter().collect();
        let (Some(from), Some(to)) = (self.dice.pick(&there).cloned(), self.free_episode()) else { return };
        if self.share_away {
            return;
        }
        let is_copy = self.dice.once_in(3);
        // Syncthing makes the files anew where a person on this machine only gives the folder another name.
        let is_anew = is_copy || self.dice.once_in(4);
        self.say(|| format!("person {} {from} to {to}", if is_copy { "copied" } else { "renamed" }));
        let paths: Vec<String> = self.disk.files.keys().filter(|path| path.starts_with(&from)).cloned().collect();
        for path in paths {
            let new = format!("{to}{}", &path[from.len()..]);
            if !is_copy {
                self.rename(&path, &new, is_anew);
            } else if !path.contains("/.") && !path.contains(".sync-conflict-") {
                self.copy(&path, &new);
            }
        }
        if !is_copy {
            self.disk.move_staged(&from, &to);
            // What was set aside of a note that is gone stays with its old name, but for what lies in a copy.
            let aside: Vec<String> = self.disk.aside.keys().filter(|note| note.starts_with(&from)).cloned().collect();
            for note in aside {
                let new = format!("{to}{}", &note[from.len()..]);
                let marks = self.disk.aside.remove(&note).unwrap_or_default();
                let moves = |mark: &String| self.disk.files.contains_key(&new) || self.lies_at(&new, mark);
                let (moved, left): (BTreeSet<String>, _) = marks.into_iter().partition(moves);
                for (note, marks) in [(note, left), (new, moved)].into_iter().filter(|(_, marks)| !marks.is_empty()) {
                    self.disk.aside.entry(note).or_default().extend(marks);
                }
            }
            self.disk.gone.insert(from);
        }
    }

    fn rename_note(&mut self) {
        let (note, free) = (self.some_note(), self.some_note());
        let free = format!("{}{}", crate::disk::episode_of(&note), free.rsplit('/').next().unwrap_or_default());
        let is_free = !self.disk.files.keys().any(|path| path.starts_with(free.trim_end_matches(".md")));
        if !self.share_away && is_free && self.disk.files.contains_key(&note) && !self.disk.aside.contains_key(&note) {
            self.say(|| format!("person renamed {note} to {free}"));
            self.rename(&note, &free, false);
        }
    }

    fn rename(&mut self, from: &str, to: &str, is_anew: bool) {
        let Some(mut file) = self.disk.files.remove(from) else { return };
        if is_anew {
            file.stamp.inode = self.disk.next_inode();
        }
        self.disk.put(to, file);
        if let Some(words) = self.disk.last_words.remove(from) {
            let words = LastWords { unheard: words.unheard || self.deaf, ..words };
            self.disk.last_words.insert(to.to_owned(), words);
        }
        if self.tampered.remove(from) {
            self.tampered.insert(to.to_owned());
        }
        self.checks.removed(from);
        self.checks.removed(to);
        self.hint(from);
        self.hint(to);
    }

    fn copy(&mut self, from: &str, to: &str) {
        let text = self.disk.files[from].text.clone();
        self.save(to, &text);
        if self.tampered.contains(from) {
            self.tampered.insert(to.to_owned());
        }
    }

    /// Puts an older text of a note back, by hand.
    fn undo(&mut self) {
        let path = self.some_note();
        let file = FilePath { share: SHARE, path: path.as_str().into() };
        let old: Vec<Digest> = self.store.history(&file).map(|row| row.digest).collect();
        if self.share_away || !self.disk.files.contains_key(&path) {
            return;
        }
        if let Some(text) = self.dice.pick(&old).and_then(|digest| self.archive.get(digest)).cloned() {
            self.save(&path, &text);
        }
    }

    /// Ticks boxes; types something beside them; puts an older copy of the note back; or has it set aside.
    fn answer_proposals(&mut self) {
        let path = ballot_of(&self.some_episode());
        let Some(text) = self.disk.files.get(&path).map(|file| file.text.clone()).filter(|_| !self.share_away) else {
            return;
        };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for line in lines.iter_mut().filter(|line| line.starts_with('[')) {
            if self.dice.once_in(2) {
                line.replace_range(1..2, ["a", "r", "b", " "][self.dice.below(4) as usize]);
            }
        }
        if self.dice.once_in(8) {
            lines.push("who wants this?".to_owned());
        }
        let text = lines.join("\n");
        let said = ticked(&text).0.into_iter().filter(|tick| tick.says != Says::Both);
        self.answers.extend(said.map(|tick| (tick.proposal, tick.says == Says::Accept)));
        if self.dice.once_in(8) {
            // Somebody else saved meanwhile: it is set aside, and heard all the same while it is there.
            let copy = path.replace(".md", ".sync-conflict-20260801-081936-ABCDEF2.md");
            self.save(&copy, &text);
            let stays = self.dice.between(200, 40_000);
            return self.after(stays, Item::Vanish(copy));
        }
        self.save(&path, &text);
        if self.dice.once_in(4) {
            self.after(8_000, Item::Replay(path, text));
        }
    }

    /// An old copy of a note comes back.
    pub fn replay(&mut self, path: &str, text: &str) {
        if !self.share_away {
            self.save(path, text);
        }
    }

    /// Changes or removes something that we made.
    fn tamper(&mut self) {
        let made: Vec<String> = self.disk.files.keys().filter(|path| is_made(path)).cloned().collect();
        if let Some(path) = self.dice.pick(&made).cloned().filter(|_| !self.share_away) {
            if self.dice.once_in(2) {
                self.remove(&path);
            } else {
                self.save(&path, "made by hand");
                self.tampered.insert(path);
            }
        }
    }

    fn leave_a_lock_file(&mut self) {
        let note = self.some_note();
        if self.share_away {
            return;
        }
        let (directory, name) = note.rsplit_once('/').expect("a note lies in an episode");
        let beside = match self.dice.below(3) {
            0 => format!("{directory}/.{name}.swp"),
            1 => format!("{directory}/.syncthing.{name}.tmp"),
            _ => format!("{directory}/{}.sync-conflict-20260801-081936-ABCDEF2.md", name.trim_end_matches(".md")),
        };
        let wall = self.wall();
        self.disk.write(&beside, "", wall);
        self.hint(&beside);
        let stays = self.dice.between(200, 40_000);
        self.after(stays, Item::Vanish(beside));
    }

    pub fn vanish(&mut self, path: &str) {
        if self.disk.files.remove(path).is_some() {
            self.hint(path);
        }
    }

    /// Between two phases of the publisher, somebody saves that very file.
    pub fn person_at_the_worst_moment(&mut self, path: &str) {
        if self.chaos && is_note(path) && self.dice.once_in(6) {
            self.edit(path);
        }
    }

    fn client_asks(&mut self) {
        let jobs: Vec<JobId> = self.store.jobs.keys().copied().collect();
        let job = self.dice.pick(&jobs).copied();
        let file = FilePath { share: SHARE, path: self.some_note().into() };
        let what = match self.dice.below(9) {
            0 => Ask::Take { file, kind: LeaseKind::Lock, why: "a script".to_owned() },
            1 => Ask::Take { file, kind: LeaseKind::Hold, why: "please leave it".to_owned() },
            2 => Ask::Release { file },
            3 => match self.dice.pick(&self.leases.keys().copied().collect::<Vec<_>>()) {
                Some(lease) => Ask::GiveBack { lease: *lease },
                None => return,
            },
            4 => match job {
                Some(job) => Ask::Cancel { jobs: vec![job] },
                None => return,
            },
            5 => match job.and_then(|job| self.name(job)) {
                Some(name) => Ask::Requeue { jobs: vec![name], force: self.dice.once_in(2) },
                None => return,
            },
            6 => {
                let parameters =
                    if self.dice.once_in(2) { vec![] } else { vec![("preset".to_owned(), "host".to_owned())] };
                Ask::Submit { subject: subject(&self.some_episode()), parameters: parameters.into_iter().collect() }
            }
            7 => match job {
                Some(job) => Ask::Wait { jobs: vec![job] },
                None => return,
            },
            _ => Ask::WaitIdle { quiet_too: false },
        };
        self.ask(what);
        if self.dice.once_in(30) {
            self.client_leaves();
        }
    }

    pub fn name(&self, job: JobId) -> Option<JobName> {
        let row = self.store.jobs.get(&job)?;
        let parameters = self.store.builds.get(&row.build)?.parameters.clone();
        Some(JobName { job, subject: row.subject.clone(), parameters, node: row.node.clone() })
    }
}

/// So many episodes there may be at once.
const EPISODES_MAX: u64 = 4;

pub fn subject(episode: &str) -> Subject {
    Subject { pipeline: "show".into(), share: SHARE, path: episode.into() }
}

pub fn is_made(path: &str) -> bool {
    ["/video/", "/thumbs/", "/scripts/", "/lists/"].iter().any(|made| path.contains(made))
}
