//! Merges two texts of one file: picks the ancestor, lets `show-script` put them together, keeps what came out.
//!
//! Of the recorded states of the file the one that is nearest to each side is what that side began from; the older of
//! the two is an ancestor of both. That is a guess: what a side really began from may never have lain here. A base that is
//! too old makes a merge less clean; one that is too new takes words for taken back that the side never saw. So a state
//! stands as the base only if whatever one side lacks of it was seen there (see [`States::is_believed`]), else an older
//! one does.

use crate::blob::Archive;
use crate::inbox::Inbox;
use crate::words::because;
use show_core::{Ancestor, Digest, Event, Merge, Merged};
use show_publish::Keep;
use show_script::front::{self, Opening};
use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{self, Sender};

/// A longer text is nobody's rundown.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// Passes orders to the thread. Never blocks.
#[derive(Clone)]
pub struct Handle(Sender<Merge>);

impl Handle {
    pub fn merge(&self, order: Merge) {
        // The thread only ends with the driver.
        let _ = self.0.send(order);
    }
}

pub fn start(archive: &Archive, inbox: &Inbox) -> Handle {
    let (sender, orders) = mpsc::channel::<Merge>();
    let (archive, inbox) = (archive.clone(), inbox.clone());
    std::thread::Builder::new()
        .name("merge".into())
        .spawn(move || {
            for order in orders {
                let merged = merge(&archive, &order).unwrap_or_else(|why| Merged::Impossible { why });
                let Merge { copy, ours, theirs, .. } = order;
                if inbox.tell_blocking(Event::Merged { copy, ours, theirs, merged }).is_err() {
                    return;
                }
            }
        })
        .expect("the system has room for a thread");
    Handle(sender)
}

fn merge(archive: &Archive, order: &Merge) -> Result<Merged, String> {
    let ours = read(archive, &order.ours)?;
    Ok(match together(archive, order)? {
        (state, show_script::merge::Merge::Clean { text }) => {
            spoils(&ours, &text)?;
            let digest = archive.keep(text.as_bytes(), Keep::Durably).map_err(|cause| because(&cause))?;
            Merged::Clean { digest, size: text.len() as u64, on: state }
        }
        (state, show_script::merge::Merge::Conflict { clashes }) => {
            if state.generated_since {
                // Then the copy may take its place.
                spoils(&ours, &read(archive, &order.theirs)?)?;
            }
            Merged::Unclean { places: u32::try_from(clashes.len()).unwrap_or(u32::MAX), on: state }
        }
    })
}

/// A torn copy, or an empty one, is nobody's edit; and a note whose front matter is not closed goes off air.
///
/// # Errors
/// In words, when this text must not take the place of that one by itself.
fn spoils(was: &str, is: &str) -> Result<(), String> {
    if is.trim().len() * 2 < was.trim().len() {
        return Err("the copy would leave less than half of what lies there".to_owned());
    }
    let is_open = |text| matches!(front::read(text), Opening::Unterminated(_));
    if is_open(is) && !is_open(was) {
        return Err("in the copy the front matter is never closed".to_owned());
    }
    Ok(())
}

/// What the two sides come to, and on which state.
///
/// # Errors
/// In words, when a text cannot be read or no state is known that both began from.
pub fn together(archive: &Archive, order: &Merge) -> Result<(Ancestor, show_script::merge::Merge), String> {
    let (ours, theirs) = (read(archive, &order.ours)?, read(archive, &order.theirs)?);
    // A state whose text was not kept can be nobody's ancestor.
    let states = order.bases.iter().filter_map(|state| Some((*state, read(archive, &state.digest).ok()?)));
    let states: Vec<(Ancestor, String)> = states.collect();
    let nearest = |side: &str, may: &dyn Fn(&Ancestor) -> bool| {
        let states = states.iter().enumerate().filter(|(_, (state, _))| may(state));
        // Of equally near ones the oldest.
        states.map(|(place, (_, text))| (distance(side, text), place)).min().map(|(_, place)| place)
    };
    // A copy that is the oldest state there is was made of nothing that is known, and is what the rest was made of.
    let of_theirs = nearest(&theirs, &|state| state.is_before_copy)
        .or_else(|| nearest(&theirs, &|state| state.digest == order.theirs));
    let (Some(of_ours), Some(of_theirs)) = (nearest(&ours, &|_| true), of_theirs) else {
        return Err("two people changed it, and no state is known that both began from".to_owned());
    };
    let states = States::of(&states);
    let is_base = |place: &usize| {
        let state = &states.all[*place].0;
        states.is_believed(*place, &ours, &theirs, state.copy_generated_since)
            && states.is_believed(*place, &theirs, &ours, state.generated_since)
    };
    // Of the oldest state nobody can have seen an earlier one.
    let place = (0..=of_ours.min(of_theirs)).rev().find(is_base).unwrap_or(0);
    let (state, base) = &states.all[place];
    Ok((*state, show_script::merge::merge(base, &ours, &theirs)))
}

/// The recorded states of a file, oldest first, and where each of their lines came from.
struct States<'a> {
    all: &'a [(Ancestor, String)],
    lines: Vec<HashSet<&'a str>>,
    /// What a step wrote each of them of.
    made_of: Vec<Option<usize>>,
    /// The first state that had a line, and every one in which a step wrote it: who has the line has it from one of them.
    came: HashMap<&'a str, Vec<usize>>,
}

impl<'a> States<'a> {
    fn of(all: &'a [(Ancestor, String)]) -> Self {
        let lines: Vec<HashSet<&str>> = all.iter().map(|(_, text)| lines_of(text)).collect();
        let places: HashMap<Digest, usize> =
            all.iter().enumerate().map(|(place, (state, _))| (state.digest, place)).collect();
        let made_of = |(state, _): &(Ancestor, String)| places.get(&state.made_of?).copied();
        let made_of: Vec<Option<usize>> = all.iter().map(made_of).collect();
        let mut came: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, text) in lines.iter().enumerate() {
            for line in text {
                let is_written = made_of[place].is_some_and(|before| !lines[before].contains(line));
                let came = came.entry(*line).or_default();
                if came.is_empty() || is_written {
                    came.push(place);
                }
            }
        }
        Self { all, lines, made_of, came }
    }

    /// Whoever made `side` had seen each line of this state that `side` lacks and `other` has: as it was, with a word of it
    /// in another line, or as a step wrote on it (`is_written_on`: of this state only steps made the other one).
    fn is_believed(&self, place: usize, side: &str, other: &str, is_written_on: bool) -> bool {
        let (own, others) = (words_of(side), words_of(other));
        let (side, other) = (lines_of(side), lines_of(other));
        let is_elsewhere = |word: &str| others.contains(word) && !own.contains(word);
        let has = |line: &str| is_written_on || other.contains(line) || line.split_whitespace().any(is_elsewhere);
        let mut lacks = self.lines[place].iter().filter(|line| !side.contains(*line) && has(line));
        let came = side.iter().filter(|line| is_somebody_s(line)).filter_map(|line| self.came.get(line));
        let came: Vec<&Vec<usize>> = came.collect();
        lacks.all(|line| {
            let since = self.came[line][0];
            let tells = |came: &&Vec<usize>| came.iter().all(|place| *place > since && self.was_seen(line, *place));
            since == 0 || came.iter().any(tells)
        })
    }

    /// Who has a line that came in this state has seen this other line: it stood beside it, or a step wrote the state of
    /// one that had it.
    fn was_seen(&self, line: &str, place: usize) -> bool {
        let before = self.made_of[place];
        self.lines[place].contains(line) || before.is_some_and(|before| self.lines[before].contains(line))
    }
}

/// What markers, cue fields and front matter say is typed by many, each by themselves: who has such a line need not have
/// seen the text that had it first.
fn is_somebody_s(line: &str) -> bool {
    let is_field = line.starts_with('[') && line.contains(':');
    let is_key = line.split_once(": ").is_some_and(|(key, _)| !key.contains(char::is_whitespace));
    !is_field && !is_key && !line.trim_start_matches('<').starts_with("!--")
}

fn words_of(text: &str) -> HashSet<&str> {
    text.split_whitespace().collect()
}

/// Blank ones say nothing.
fn lines_of(text: &str) -> HashSet<&str> {
    text.lines().filter(|line| !line.trim().is_empty()).collect()
}

fn read(archive: &Archive, digest: &Digest) -> Result<String, String> {
    let bytes = archive.read(digest).map_err(|cause| because(&cause))?;
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(format!("two people changed it, and it is too long to merge ({} MiB)", bytes.len() >> 20));
    }
    String::from_utf8(bytes).map_err(|_| "two people changed it, and it is no UTF-8 text".to_owned())
}

/// How much of two texts differs, in bytes: of lines that only one has, those that look alike count by what is different
/// in them, the others whole. Where a line stands does not matter.
fn distance(one: &str, other: &str) -> usize {
    let mut counts: HashMap<&str, isize> = HashMap::new();
    other.lines().for_each(|line| *counts.entry(line).or_default() += 1);
    let mut rest_of_one = Vec::new();
    for line in one.lines() {
        match counts.get_mut(line).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => rest_of_one.push(line),
        }
    }
    let mut rest_of_other = Vec::new();
    for line in other.lines().rev() {
        if let Some(count) = counts.get_mut(line).filter(|count| **count > 0) {
            *count -= 1;
            rest_of_other.push(line);
        }
    }
    rest_of_other.reverse();
    let pairs = rest_of_one.len().min(rest_of_other.len());
    let paired: usize = rest_of_one.iter().zip(&rest_of_other).map(|(one, other)| change(one, other)).sum();
    let alone = rest_of_one[pairs..].iter().chain(&rest_of_other[pairs..]).map(|line| line.len() + 1);
    paired + alone.sum::<usize>()
}

/// Bytes between what two lines have in common at their ends; of lines that do not look alike, all of both.
fn change(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let longest = one.len().max(other.len());
    let before = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let left = one.len().min(other.len()) - before;
    let after = one.iter().rev().zip(other.iter().rev()).take(left).take_while(|(one, other)| one == other).count();
    let changed = longest - before - after;
    if changed * 2 <= longest { changed } else { one.len() + other.len() + 2 }
}

#[cfg(test)]
mod people;

#[cfg(test)]
mod tests {
    use super::*;
    use show_core::{FilePath, ShareId};

    /// The states of a file, oldest first, what lies there, and the copy, which may be one of the states.
    fn merged(states: &[&str], ours: &str, theirs: &str) -> Result<String, String> {
        let dir = tempfile::tempdir().expect("a directory");
        let archive = Archive::open(&dir.path().join("blobs")).expect("opens");
        let keep = |text: &str| archive.keep(text.as_bytes(), Keep::Loosely).expect("kept");
        let copied = states.iter().position(|text| *text == theirs);
        let state = |(place, text): (usize, &&str)| Ancestor {
            digest: keep(text),
            generated_since: false,
            copy_generated_since: false,
            is_before_copy: copied.is_none_or(|copied| place < copied),
            made_of: None,
        };
        let bases = states.iter().enumerate().map(state).collect();
        let path = |path: &str| FilePath { share: ShareId(0), path: path.into() };
        let (ours, theirs) = (keep(ours), keep(theirs));
        match merge(&archive, &Merge { copy: path("c.md"), original: path("a.md"), ours, theirs, bases })? {
            Merged::Clean { digest, .. } => Ok(String::from_utf8(archive.read(&digest).expect("kept")).expect("UTF-8")),
            other => Err(format!("{other:?}")),
        }
    }

    /// The same where some of the states are showd's, as their history says who made what of what.
    fn after(history: &[(&str, bool)], ours: &str, theirs: &str) -> Result<String, String> {
        let dir = tempfile::tempdir().expect("a directory");
        let archive = Archive::open(&dir.path().join("blobs")).expect("opens");
        let keep = |text: &str| archive.keep(text.as_bytes(), Keep::Loosely).expect("kept");
        let version = |(text, by_us): &(&str, bool)| show_core::Version {
            digest: keep(text),
            by_us: *by_us,
            was_set_aside: false,
        };
        let history: Vec<_> = history.iter().chain([&(ours, false)]).map(version).collect();
        let (ours, theirs) = (keep(ours), keep(theirs));
        let path = |path: &str| FilePath { share: ShareId(0), path: path.into() };
        let bases = show_core::ancestors(&history, ours, theirs);
        match merge(&archive, &Merge { copy: path("c.md"), original: path("a.md"), ours, theirs, bases })? {
            Merged::Clean { on, .. } if on.copy_generated_since => Err(format!("the copy goes: {on:?}")),
            Merged::Clean { digest, .. } => Ok(String::from_utf8(archive.read(&digest).expect("kept")).expect("UTF-8")),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn an_edit_of_an_old_state_takes_nothing_back_that_came_since() {
        let old = "one\n\ntwo\n\nthree\n";
        let newer = "one\n\ntwo and a half\n\nthree\n";
        let ours = "one\n\ntwo and a half\n\nthree\n\nfour\n";
        let theirs = "zero\n\none\n\ntwo\n\nthree\n";
        let expected = "zero\n\none\n\ntwo and a half\n\nthree\n\nfour\n";
        assert_eq!(merged(&[old, newer], ours, theirs).as_deref(), Ok(expected));
    }

    #[test]
    fn a_text_that_was_set_aside_before_somebody_saved_again_is_not_taken_for_an_older_state() {
        let (old, aside) = ("one\n\ntwo\n", "one, as I say\n\ntwo\n");
        let (winner, saved) = ("one\n\ntwo\n\nthree\n", "one\n\ntwo\n\nthree\n\nfour\n");
        let expected = "one, as I say\n\ntwo\n\nthree\n\nfour\n";
        assert_eq!(merged(&[old, aside, winner], saved, aside).as_deref(), Ok(expected));
    }

    #[test]
    fn who_goes_on_in_a_line_began_from_that_line() {
        let (old, typed) = ("kettle\n\npot\n", "kettle\n\npot\n\nteh lid\n");
        assert!(distance("kettle\n\npot\n\nteh lid!\n", typed) < distance("kettle\n\npot\n\nteh lid!\n", old));
        assert!(distance("kettle\n\npot\n\na tray\n", old) < distance("kettle\n\npot\n\na tray\n", typed));
        assert_eq!(distance(typed, typed), 0);
    }

    #[test]
    fn an_older_state_takes_nothing_back() {
        let (old, newer, now) = ("one\n", "one\n\ntwo\n", "one\n\ntwo\n\nthree\n");
        assert_eq!(merged(&[old, newer], now, old).as_deref(), Ok(now));
        assert_eq!(merged(&[old, newer, now], now, newer).as_deref(), Ok(now));
    }

    #[test]
    fn words_that_showd_only_wrote_on_are_a_persons_all_the_same() {
        let (old, typed) = ("one\n\ntwo\n", "one and a half\n\ntwo\n");
        let (mended, elsewhere) = ("One and a half\n\ntwo\n", "one\n\ntwo\n\nthree\n");
        let expected = "One and a half\n\ntwo\n\nthree\n";
        assert_eq!(merged(&[old, typed, mended], elsewhere, mended).as_deref(), Ok(expected));
    }

    /// Lines that look alike, as people type them, each in a paragraph of its own.
    fn said(who: &[usize]) -> String {
        let line = |who: &usize| format!("Somebody said {who}, and nobody laughed.\n\n");
        format!("Good evening.\n\n{}More after this.\n", who.iter().map(line).collect::<String>())
    }

    #[test]
    fn a_side_that_looks_like_a_newer_state_takes_nothing_back_that_it_never_saw() {
        let (old, newer, here) = (said(&[]), said(&[0]), said(&[0, 1]));
        let below = |text: &str| format!("{text}\nThe end.\n\nSomebody said x, and nobody laughed.\n");
        let (old, elsewhere) = (format!("{old}\nThe end.\n"), below(&old));
        let (newer, here) = (format!("{newer}\nThe end.\n"), format!("{here}\nThe end.\n"));
        assert_eq!(merged(&[&old, &newer], &elsewhere, &here), Ok(below(&said(&[0, 1]))));
    }

    #[test]
    fn a_side_whose_beginning_never_lay_here_takes_nothing_back_that_it_never_saw() {
        // Two lines came and were gone on with before anybody looked: the newer state looks nearer than it is.
        let old = "top\n\nend\n";
        let newer = "typed here\n\ntop\n\nfrom elsewhere\n\nand more\n\nend\n";
        let ours = "typed here\n\nand here\n\ntop\n\nfrom elsewhere\n\nand more\n\nend\n";
        let theirs = "top\n\nfrom elsewhere\n\nand more\n\nend\n\nbelow\n";
        let expected = "typed here\n\nand here\n\ntop\n\nfrom elsewhere\n\nand more\n\nend\n\nbelow\n";
        assert_eq!(merged(&[old, newer], ours, theirs).as_deref(), Ok(expected));
    }

    #[test]
    fn a_line_that_showd_wrote_on_is_not_taken_for_taken_back() {
        // The state that showd mended is a person's, and whoever went on elsewhere never had its last line.
        let (old, typed) = ("one\n\ntwo\n", "one\n\ntwo\n\nteh lid\n");
        let (mended, elsewhere) = ("one\n\ntwo\n\nthe lid\n", "teh led\n\none\n\ntwo\n");
        let history = [(old, false), (typed, false), (mended, true)];
        assert_eq!(after(&history, elsewhere, mended).as_deref(), Ok("teh led\n\none\n\ntwo\n\nthe lid\n"));
    }

    #[test]
    fn a_word_that_stands_in_another_line_by_now_is_not_taken_for_taken_back() {
        let (old, typed) = ("one\n\ntwo\n", "one\n\ntwo\n\nkettles sing three times over, and four\n");
        let shorter = "one\n\ntwo\n\nkettles sing three times over\n";
        let elsewhere = "kettles sing there times over, and four\n\none\n\ntwo\n";
        let expected = "kettles sing there times over, and four\n\none\n\ntwo\n\nkettles sing three times over\n";
        assert_eq!(merged(&[old, typed], shorter, elsewhere).as_deref(), Ok(expected));
    }

    #[test]
    fn what_showd_writes_again_and_again_says_nothing_of_who_saw_what() {
        // Both sides' "teh" was mended, each by itself; the one elsewhere never saw "new".
        let old = "one\n\nteh two\n";
        let (new, newer) = ("one\n\nteh two\n\nnew\n", "one\n\nthe two\n\nnew\n");
        let elsewhere = "zero\n\none\n\nthe two\n";
        let history =
            [(old, false), (new, false), (newer, true), ("zero\n\none\n\nteh two\n", false), (elsewhere, true)];
        let merged = after(&history, newer, elsewhere).unwrap_or_default();
        assert!(merged.contains("new") && merged.contains("zero"), "{merged:?}");
    }

    #[test]
    fn what_everybody_types_says_nothing_of_who_saw_what() {
        for typed_by_both in ["[Type: NOTE]", "<!-- End Cue -->", "status: production"] {
            let (old, more) = ("one\n\ntwo\n", "one\n\ntwo\n\nkettle\n");
            let newer = format!("one\n\n{typed_by_both}\n\ntwo\n\nkettle\n");
            let elsewhere = format!("zero\n\none\n\n{typed_by_both}\n\ntwo\n");
            assert_eq!(merged(&[old, more, &newer], &newer, &elsewhere), Ok(format!("zero\n\n{newer}")));
        }
    }

    #[test]
    fn what_a_side_saw_and_took_away_stays_away() {
        let (old, newer) = ("one\n\ntwo\n\nthree\n", "one\n\ntwo\n\nthree\n\nfour\n");
        let (cut, more) = ("one\n\nthree\n\nfour\n", "zero\n\none\n\ntwo\n\nthree\n\nfour\n");
        assert_eq!(merged(&[old, newer], cut, more).as_deref(), Ok("zero\n\none\n\nthree\n\nfour\n"));
        assert_eq!(
            merged(&[old], "one\n\nthree\n", "zero\n\none\n\ntwo\n\nthree\n").as_deref(),
            Ok("zero\n\none\n\nthree\n")
        );
    }

    #[test]
    fn a_copy_that_is_torn_or_empty_takes_nobodys_place() {
        let whole = "one\n\ntwo\n\nthree\n\nfour\n";
        for torn in ["", "\n", "one\n"] {
            assert!(merged(&[whole, "one\n"], whole, torn).is_err(), "{torn:?}");
        }
    }

    #[test]
    fn a_copy_whose_front_matter_is_not_closed_takes_nobodys_place() {
        let (was, open) = ("---\nslug: a\n---\n\none\n\ntwo\n", "---\nslug: a\n\none\n\ntwo and a half\n");
        let why = "in the copy the front matter is never closed";
        assert_eq!(merged(&[was], was, open), Err(why.to_owned()));
        assert!(merged(&[open], open, open.replace("one", "once").as_str()).is_ok(), "it was open before");
    }

    #[test]
    fn without_an_ancestor_nothing_is_merged() {
        assert!(merged(&[], "one\n", "two\n").is_err());
        assert!(merged(&["one\n"], "two\n", "three\n").is_err());
    }
}
