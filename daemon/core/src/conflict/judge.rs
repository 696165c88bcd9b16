//! What a file's recorded history says about a conflict copy of it.

use crate::{Ancestor, Digest, Version};
use alloc::vec::Vec;

/// What a history says about a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No person ever wrote into the file, and the copy holds what steps wrote.
    Generated,
    /// What lies there is what steps made of the copy's text, and of nothing else.
    WrittenOn,
    /// Both sides may hold something of their own. The states that they may have begun from, oldest first.
    Merge(Vec<Ancestor>),
}

/// `history`: of the original, oldest first. `theirs` is the copy's text, `ours` the one at the path; they differ.
///
/// The order of a history is the order in which texts lay at the path, and says little of what was made from what: a
/// text that was set aside stands before the one that won, and another save may stand between them before anybody looks.
/// So what a side has that the other has not is told from the texts; of the order only this is used, that nothing is made
/// of what came later. An older text is not taken for an ancestor because it is older, nor one that showd wrote for one that holds no person's words.
pub(crate) fn judge(history: &[Version], ours: Digest, theirs: Digest) -> Verdict {
    let history = &changes(history)[..];
    let place_of = |digest| history.iter().rposition(|version| version.digest == digest);
    let copied = place_of(theirs);
    if copied.is_some() && history.iter().all(|version| version.by_us) {
        return Verdict::Generated;
    }
    let is_recorded = history.last().is_some_and(|version| version.digest == ours);
    let generated = |versions: Option<&[Version]>| versions.is_some_and(|later| later.iter().all(|one| one.by_us));
    if let Some(copied) = copied.filter(|copied| is_recorded && !history[*copied].was_set_aside)
        && generated(history.get(copied + 1..))
    {
        return Verdict::WrittenOn;
    }
    let mut bases: Vec<Ancestor> = Vec::new();
    for (place, version) in history.iter().enumerate() {
        // Nothing was made of what was set aside, however the history goes on.
        let lay_here = !version.was_set_aside;
        let ancestor = Ancestor {
            digest: version.digest,
            generated_since: lay_here && is_recorded && generated(history.get(place + 1..)),
            copy_generated_since: lay_here
                && generated(copied.and_then(|copied| history.get(place + 1..=copied)))
                && copied.is_some_and(|copied| copied > place),
            // What showd writes is made of what lay there.
            is_before_copy: copied.is_none_or(|copied| match made_of(history, copied) {
                Some(of) => of == version.digest && place < copied,
                None => place < copied,
            }),
            made_of: made_of(history, place),
        };
        match bases.iter_mut().find(|base| base.digest == version.digest) {
            Some(_) if !lay_here => {}
            Some(base) => {
                base.generated_since = ancestor.generated_since;
                base.copy_generated_since |= ancestor.copy_generated_since;
            }
            None => bases.push(ancestor),
        }
    }
    // The text that lies there is its own ancestor only if it was there before.
    if is_recorded && history.iter().filter(|version| version.digest == ours).count() == 1 {
        bases.retain(|base| base.digest != ours);
    }
    Verdict::Merge(bases)
}

/// A history without what says again that a text lay at the path: that it was put back, or renamed. Else it would pass
/// for its own ancestor, of which nobody but the other side made anything.
fn changes(history: &[Version]) -> Vec<Version> {
    let mut changes: Vec<Version> = Vec::new();
    for version in history {
        let last = changes.iter().rev().find(|version| !version.was_set_aside);
        if version.was_set_aside || last.is_none_or(|last| last.digest != version.digest) {
            changes.push(*version);
        }
    }
    changes
}

/// What lay at the path when a step wrote this version.
fn made_of(history: &[Version], place: usize) -> Option<Digest> {
    let before = || history[..place].iter().rev().find(|version| !version.was_set_aside);
    if history[place].by_us { before().map(|version| version.digest) } else { None }
}

/// The states that both sides of a conflict may have begun from, oldest first; none where it is no matter of merging.
pub fn ancestors(history: &[Version], ours: Digest, theirs: Digest) -> Vec<Ancestor> {
    match judge(history, ours, theirs) {
        Verdict::Merge(bases) => bases,
        Verdict::Generated | Verdict::WrittenOn => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;
    use alloc::format;
    use alloc::string::String;

    /// A history as letters, oldest first; a capital one is ours.
    fn history(letters: &str) -> Vec<Version> {
        let version =
            |letter: char| Version { digest: digest(letter), by_us: letter.is_uppercase(), was_set_aside: false };
        letters.chars().map(version).collect()
    }

    fn digest(letter: char) -> Digest {
        Digest([letter.to_ascii_lowercase() as u8; 32])
    }

    /// A base after which only steps wrote is a capital; one after which the copy was only written by steps is marked.
    fn verdict(letters: &str, ours: char, theirs: char) -> String {
        match judge(&history(letters), digest(ours), digest(theirs)) {
            Verdict::Generated => "generated".to_owned(),
            Verdict::WrittenOn => "written on".to_owned(),
            Verdict::Merge(bases) => {
                let letter = |base: &Ancestor| {
                    let letter = base.digest.0[0] as char;
                    let letter = if base.generated_since { letter.to_ascii_uppercase() } else { letter };
                    format!("{letter}{}", if base.copy_generated_since { "'" } else { "" })
                };
                format!("merge on {}", bases.iter().map(letter).collect::<String>())
            }
        }
    }

    #[test]
    fn nothing_was_made_of_what_was_set_aside() {
        // A text of somebody else's was set aside after ours was read and before it was written on.
        let mut history = history("abxC");
        history[2].was_set_aside = true;
        let Verdict::Merge(bases) = judge(&history, digest('d'), digest('c')) else { panic!("both are people's") };
        let said = bases.iter().map(|base| (base.digest.0[0] as char, base.copy_generated_since, base.is_before_copy));
        let said: Vec<_> = said.collect();
        assert_eq!(said, [('a', false, false), ('b', false, true), ('x', false, false), ('c', false, false)]);
    }

    #[test]
    fn a_copy_is_judged_by_the_history_of_its_file() {
        // (history, at the path, in the copy): what is done
        for (letters, ours, theirs, expected) in [
            ("ABC", 'c', 'b', "generated"),
            // What showd wrote holds a person's words unless the state before it is what the other side began from.
            ("abC", 'b', 'c', "merge on ab'c"),
            ("abCd", 'd', 'c', "merge on ab'c"),
            ("aBCd", 'd', 'c', "merge on a'b'c"),
            ("abC", 'c', 'b', "written on"),
            ("aBC", 'c', 'a', "written on"),
            // An older state may be a text that was set aside.
            ("abcd", 'd', 'b', "merge on abc"),
            ("abcd", 'd', 'c', "merge on abc"),
            // Went back to an older state: of that nobody made anything else.
            ("abca", 'a', 'c', "merge on Abc"),
            ("aba", 'a', 'b', "merge on Ab"),
            // It was renamed, or put back: that is said again, and nothing was made of it.
            ("aa", 'a', 'x', "merge on "),
            ("abb", 'b', 'x', "merge on a"),
            // Never seen here.
            ("abc", 'c', 'x', "merge on ab"),
            ("a", 'a', 'x', "merge on "),
            ("", 'a', 'x', "merge on "),
            // We wrote last, and a person began from the text before.
            ("abC", 'c', 'x', "merge on aB"),
            ("aBC", 'c', 'x', "merge on AB"),
            // What lies there is newer than its history.
            ("abc", 'x', 'c', "merge on abc"),
        ] {
            assert_eq!(verdict(letters, ours, theirs), expected, "{letters}: {theirs} beside {ours}");
        }
    }
}
