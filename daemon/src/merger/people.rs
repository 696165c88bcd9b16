//! People on three devices, one of them cut off now and then, whose texts meet in conflict copies: what the recorded
//! history is made to say about who began from what loses no word that its other side never saw.
//!
//! Every line is a word of its own, so each side knows what it saw: a word that a merge drops, or that a removed copy
//! held, must have been seen and cut by whoever wrote the other side.

use super::*;
use show_core::{FilePath, ShareId, Version};
use std::collections::BTreeSet;

/// A text, and which words it and what it was made from ever held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Text {
    lines: Vec<String>,
    seen: BTreeSet<u32>,
    /// How many saves of each device are in it.
    version: [u32; DEVICES],
    at: u64,
}

impl Text {
    fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.as_str(), "\n\n"]).collect()
    }

    fn words(&self) -> BTreeSet<u32> {
        words(&self.text())
    }

    fn holds(&self, other: &Self) -> bool {
        self.version.iter().zip(&other.version).all(|(own, other)| own >= other)
    }
}

fn words(text: &str) -> BTreeSet<u32> {
    text.split_whitespace().filter_map(|word| word.strip_prefix('@')?.parse().ok()).collect()
}

/// The first has showd and its history.
const DEVICES: usize = 3;

struct Play {
    dice: u64,
    archive: Archive,
    at: u64,
    next: u32,
    texts: [Text; DEVICES],
    old: [Vec<Text>; DEVICES],
    cut: [bool; DEVICES],
    history: Vec<Version>,
    told: Vec<String>,
    merges: u32,
    settled: u32,
}

impl Play {
    fn below(&mut self, bound: usize) -> usize {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.dice >> 33) as usize) % bound.max(1)
    }

    fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn line(&mut self) -> String {
        self.next += 1;
        let word = self.next;
        match self.below(4) {
            0 => format!("teh kettle said @{word}"),
            1 => format!("@{word}"),
            _ => format!("Somebody said @{word}, and nobody laughed.").replace(',', " ,"),
        }
    }

    fn edit(&mut self, device: usize) {
        let mut text = self.texts[device].clone();
        self.at += 10;
        match self.below(13) {
            12 => {
                // A line of the kind that everybody types.
                let place = self.below(text.lines.len() + 1);
                let line = ["<!-- End Cue -->", "[Type: NOTE]", "status: production"][self.below(3)];
                text.lines.insert(place, line.to_owned());
            }
            0 if text.lines.len() > 2 => {
                let place = self.below(text.lines.len());
                text.lines.remove(place);
            }
            1 if !self.old[device].is_empty() => {
                let place = self.below(self.old[device].len());
                text.lines = self.old[device][place].lines.clone();
                text.seen.extend(&self.old[device][place].seen);
            }
            2 | 3 => {
                let (place, line) = (self.below(text.lines.len()), self.line());
                let more = format!(" {line}");
                text.lines[place].push_str(&more);
            }
            4..=7 => {
                let line = self.line();
                text.lines.push(line);
            }
            _ => {
                let (place, line) = (self.below(text.lines.len() + 1), self.line());
                text.lines.insert(place, line);
            }
        }
        text.seen.extend(text.words());
        (text.version[device], text.at) = (text.version[device] + 1, self.at);
        self.told.push(format!("{device} saves {:?}", text.lines));
        self.old[device].push(text.clone());
        self.texts[device] = text;
    }

    /// What lies at the first device is read, as a person's or as ours.
    fn record(&mut self, by_us: bool) -> Digest {
        let text = self.texts[0].text();
        let digest = self.archive.keep(text.as_bytes(), Keep::Loosely).expect("kept");
        let last = self.history.iter().rev().find(|version| !version.was_set_aside);
        if last.is_none_or(|last| last.digest != digest) {
            self.history.push(Version { digest, by_us, was_set_aside: false });
            self.told.push(format!("showd {} {:?}", if by_us { "writes" } else { "reads" }, self.texts[0].lines));
        }
        digest
    }

    /// The note is quiet: it is read and repaired.
    fn rest(&mut self) {
        self.record(false);
        let mut text = self.texts[0].clone();
        text.lines.iter_mut().for_each(|line| *line = line.replace("teh", "the"));
        if text.lines != self.texts[0].lines {
            // A thousandth of a second later than what it was made from.
            (text.version[0], text.at) = (text.version[0] + 1, text.at + 1);
            self.texts[0] = text;
            self.record(true);
        }
    }

    /// Syncthing brings two devices together. Of what cannot stand beside it the earlier is set aside.
    fn sync(&mut self, device: usize) -> Result<(), String> {
        let (here, there) = (self.texts[0].clone(), self.texts[device].clone());
        if here.holds(&there) {
            self.texts[device] = here;
        } else if there.holds(&here) {
            self.told.push(format!("from {device}"));
            self.texts[0] = there;
        } else {
            let (mut wins, loses) = if here.at >= there.at { (here, there) } else { (there, here) };
            for (own, other) in wins.version.iter_mut().zip(loses.version) {
                *own = (*own).max(other);
            }
            self.told.push(format!("set aside {:?} for {:?}", loses.lines, wins.lines));
            (self.texts[0], self.texts[device]) = (wins.clone(), wins);
            if self.once_in(4) {
                // Somebody saves before showd has looked.
                self.edit(0);
            }
            self.settle(&loses)?;
        }
        Ok(())
    }

    /// As [`show_core`] does with a copy where the share lets it do everything.
    fn settle(&mut self, copy: &Text) -> Result<(), String> {
        let theirs = self.archive.keep(copy.text().as_bytes(), Keep::Loosely).expect("kept");
        let is_new = !self.history.iter().any(|version| version.digest == theirs);
        let ours = self.record(false);
        if ours == theirs {
            return Ok(());
        }
        let bases = show_core::ancestors(&self.history, ours, theirs);
        let path = |path: &str| FilePath { share: ShareId(0), path: path.into() };
        let order = Merge { copy: path("c.md"), original: path("a.md"), ours, theirs, bases };
        self.merges += 1;
        let now = self.texts[0].clone();
        let kept = match together(&self.archive, &order) {
            Ok((on, _)) if on.copy_generated_since => now.words(),
            Ok((on, show_script::merge::Merge::Conflict { .. }))
                if on.generated_since && spoils(&now.text(), &copy.text()).is_ok() =>
            {
                self.texts[0].lines.clone_from(&copy.lines);
                copy.words()
            }
            Ok((_, show_script::merge::Merge::Clean { text })) if spoils(&now.text(), &text).is_ok() => {
                let lines = text.split("\n\n").map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty());
                self.texts[0].lines = lines.collect();
                words(&text)
            }
            // People look at both.
            _ => {
                self.history.push(Version { digest: theirs, by_us: false, was_set_aside: true });
                return Ok(());
            }
        };
        self.settled += 1;
        let unseen = |of: &Text, other: &Text| -> Vec<u32> {
            of.words().difference(&kept).filter(|word| !other.seen.contains(word)).copied().collect()
        };
        let lost = [unseen(copy, &now), unseen(&now, copy)];
        if lost.iter().any(|lost| !lost.is_empty()) {
            return Err(format!("of the copy and of the note {lost:?} are lost:\n{}", self.told.join("\n")));
        }
        if is_new {
            self.history.push(Version { digest: theirs, by_us: false, was_set_aside: true });
        }
        let text = &mut self.texts[0];
        text.seen.extend(&copy.seen);
        text.version[0] += 1;
        self.record(false);
        Ok(())
    }

    fn play(&mut self) -> Result<(), String> {
        // What lay there before anybody kept a history is everybody's.
        self.record(false);
        for _ in 0..60 {
            let device = self.below(DEVICES);
            for _ in 0..=self.below(3) {
                self.edit(device);
            }
            if self.once_in(12) {
                let device = 1 + self.below(DEVICES - 1);
                self.cut[device] = !self.cut[device];
            }
            for device in [1, 2, 1] {
                if !self.cut[device] {
                    self.sync(device)?;
                }
            }
            if !self.once_in(3) {
                self.rest();
            }
        }
        Ok(())
    }
}

#[test]
fn no_word_is_taken_for_cut_by_somebody_who_never_saw_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut lost, mut merges, mut settled) = (Vec::new(), 0, 0_u32);
    let seeds = if std::env::var("SHOW_LONG").is_ok_and(|long| long == "yes") { 3_000 } else { 150 };
    for seed in 0..u64::from(seeds) {
        let archive = Archive::open(&dir.path().join("blobs")).expect("opens");
        let lines = vec!["Good evening.".to_owned(), "More after this.".to_owned(), "The end.".to_owned()];
        let text = Text { lines, ..Text::default() };
        let mut play = Play {
            dice: seed,
            archive,
            at: 0,
            next: 0,
            texts: [text.clone(), text.clone(), text],
            old: Default::default(),
            cut: [false; DEVICES],
            history: Vec::new(),
            told: Vec::new(),
            merges: 0,
            settled: 0,
        };
        if let Err(why) = play.play() {
            lost.push(format!("seed {seed}: {why}"));
        }
        (merges, settled) = (merges + play.merges, settled + play.settled);
    }
    println!("{merges} copies, {settled} of them settled");
    assert!(settled > seeds * 3, "of {merges} copies only {settled} were settled");
    assert!(lost.is_empty(), "{} plays lost words: {}", lost.len(), lost[0]);
}
