//! Another device, and Syncthing between it and us: what was edited there arrives here, and what cannot stand beside it
//! is set aside.
//!
//! A pull on our machine is not one moment: a temporary file, the old file removed (or renamed to a conflict copy), a
//! gap in which there is nothing, the new file, and a little later its time. Of two edits the later wins; ours lose to
//! every person's, for they carry the time of what they were made from.

use crate::cast::SHARE;
use crate::disk::{LastWords, digest, marks};
use crate::world::{Item, World};
use show_core::*;

impl World {
    /// Somebody types on another machine, in the text as it was when that machine last heard of it.
    pub fn edited_elsewhere(&mut self, path: &str) {
        if self.share_away {
            return;
        }
        let file = FilePath { share: SHARE, path: path.into() };
        let known = self.store.history(&file).map(|row| row.digest);
        let known: Vec<String> = known.filter_map(|digest| self.archive.get(&digest)).cloned().collect();
        let Some(now) = self.disk.files.get(path).map(|file| file.text.clone()) else { return };
        let base = if self.dice.once_in(3) { self.dice.pick(&known).cloned().unwrap_or(now) } else { now };
        self.marks += 1;
        self.tally.edits += 1;
        let text = match self.dice.below(4) {
            // An old copy was put back there.
            0 => base.clone(),
            _ => format!("{base}\nkettle @{}", self.marks),
        };
        let (directory, name) = path.rsplit_once('/').expect("a note lies in an episode");
        let temporary = format!("{directory}/.syncthing.{name}.tmp");
        let wall = self.wall();
        self.disk.write(&temporary, &text, wall);
        self.hint(&temporary);
        // Of a device that goes away meanwhile it comes when that is back.
        let on_its_way =
            if self.dice.once_in(20) { self.dice.between(3_000, 300_000) } else { self.dice.between(20, 3_000) };
        // One of a text that is overtaken on its way stays for a day.
        if !self.dice.once_in(6) {
            self.after(on_its_way, Item::Vanish(temporary));
        }
        self.after(on_its_way, Item::Pull(path.to_owned(), base, text));
    }

    /// The new version is here: makes room for it.
    pub fn pull(&mut self, path: &str, base: &str, text: &str) {
        if self.share_away {
            return;
        }
        let now = self.disk.files.get(path).map(|file| file.text.clone());
        let gap = self.dice.between(1, 30);
        match now {
            Some(out) if out != base && out != text => {
                let is_ours = self.disk.last_words.get(path).is_none_or(|words| words.text != out);
                if is_ours || self.dice.once_in(2) {
                    self.set_aside(path, &out, text);
                    self.disk.files.remove(path);
                    self.hint(path);
                    self.after(gap, Item::Arrive(path.to_owned(), text.to_owned()));
                } else {
                    self.set_aside(path, text, &out);
                }
            }
            Some(out) if out == text => {}
            _ => {
                self.disk.files.remove(path);
                self.hint(path);
                self.after(gap, Item::Arrive(path.to_owned(), text.to_owned()));
            }
        }
    }

    /// The loser gets a name of its own.
    fn set_aside(&mut self, path: &str, loser: &str, winner: &str) {
        self.marks += 1;
        let (stem, number) = (path.trim_end_matches(".md"), self.marks % 1_000_000);
        let copy = format!("{stem}.sync-conflict-20260801-{number:06}-ABCDEF2.md");
        let wall = self.wall();
        self.disk.write(&copy, loser, wall);
        self.say(|| format!("set aside {copy}: {loser:?}"));
        self.hint(&copy);
        let aside: Vec<String> = marks(loser).filter(|mark| !winner.contains(mark)).map(str::to_owned).collect();
        self.disk.aside.entry(path.to_owned()).or_default().extend(aside);
    }

    pub fn arrive(&mut self, path: &str, text: &str) {
        if self.share_away {
            // Syncthing misses the folder's marker, and brings it when the disk is back.
            return self.after(500, Item::Arrive(path.to_owned(), text.to_owned()));
        }
        // Somebody was quicker: Syncthing renames over it without a word, and we cannot help that. Nobody here is.
        if self.disk.files.contains_key(path) {
            return;
        }
        let wall = self.wall();
        self.disk.write(path, text, wall);
        self.say(|| format!("arrived {path}: {text:?}"));
        self.hint(path);
        let words = LastWords { text: text.to_owned(), at: self.t, lived: self.lived(), unheard: self.deaf };
        self.disk.last_words.insert(path.to_owned(), words);
        self.after(2, Item::Date(path.to_owned(), digest(text)));
    }

    /// The file gets the time that it has on the other machine.
    pub fn date(&mut self, path: &str, of: Digest) {
        let earlier = self.wall() - 5_000;
        if let Some(file) = self.disk.files.get_mut(path).filter(|file| digest(&file.text) == of) {
            file.stamp.mtime_ns = earlier * 1_000_000;
            file.stamp.ctime_ns += 1;
            self.hint(path);
        }
    }

    /// Whoever sees a conflict that is left to people keeps what lies at the path.
    pub fn settle_conflicts(&mut self) {
        let Some(core) = &self.core else { return };
        let open = core.conflicts().filter(|one| one.is_open);
        let open: Vec<_> = open.filter_map(|one| Some((one.copy, one.texts?))).collect();
        for (copy, seen) in open {
            self.ask(Ask::Resolve { copy, seen, with: None });
        }
    }

    /// Both texts on the newest ancestor of which neither cut a line.
    pub fn merge(&mut self, order: &Merge) -> Merged {
        let text = |digest: &Digest| self.archive.get(digest).cloned();
        let (Some(ours), Some(theirs)) = (text(&order.ours), text(&order.theirs)) else {
            return Merged::Impossible { why: "a text is missing".to_owned() };
        };
        let fits = |base: &String| base.lines().all(|line| has(&ours, line) && has(&theirs, line));
        let bases = order.bases.iter().rev().filter_map(|base| Some((*base, text(&base.digest)?)));
        let Some((on, base)) = bases.clone().find(|(_, base)| fits(base)) else {
            return match bases.clone().next_back() {
                // Whether one side cut what it saw nobody knows here, so nobody's text stands for both.
                Some((on, _)) => {
                    let on = Ancestor { generated_since: false, copy_generated_since: false, ..on };
                    Merged::Unclean { places: 1, on }
                }
                None => Merged::Impossible { why: "no state is known that both began from".to_owned() },
            };
        };
        let mut merged = ours.clone();
        for line in theirs.lines().filter(|line| !has(&base, line) && !has(&ours, line)) {
            merged.push('\n');
            merged.push_str(line);
        }
        let size = merged.len() as u64;
        let digest = self.archive.put(self.t, merged);
        Merged::Clean { digest, size, on }
    }

    /// Marks that were set aside and are nowhere any more: not in the note, not in a copy, not in a history. That of a note
    /// that came back changed and under another name is under its old name.
    pub fn lost_aside(&self) -> Vec<String> {
        let old = |mark: &str| self.store.revisions.iter().any(|(_, row)| self.is_in_history(&row.file.path, mark));
        let kept = |path: &str, mark: &str| self.lies_at(path, mark) || self.is_in_history(path, mark) || old(mark);
        let aside = self.disk.aside.iter().flat_map(|(path, marks)| marks.iter().map(move |mark| (path, mark)));
        aside.filter(|(path, mark)| !kept(path, mark)).map(|(path, mark)| format!("{mark} of {path}")).collect()
    }

    /// True when a mark is in a note or in a copy of it.
    pub fn lies_at(&self, path: &str, mark: &str) -> bool {
        let mut versions = self.disk.files.iter().filter(|(other, _)| other.starts_with(path.trim_end_matches(".md")));
        versions.any(|(_, file)| marks(&file.text).any(|other| other == mark))
    }

    /// True when a mark is in a recorded version of a note.
    pub fn is_in_history(&self, path: &str, mark: &str) -> bool {
        self.texts_in_history(path).any(|text| marks(text).any(|other| other == mark))
    }
}

fn has(text: &str, line: &str) -> bool {
    text.lines().any(|other| other == line)
}
