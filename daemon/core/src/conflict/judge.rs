//! What a file's recorded history says about a conflict copy of it.

use crate::{Ancestor, Digest, Version};
use alloc::vec::Vec;

/// What a history says about a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nobody could miss it.
    Remove(&'static str),
    /// The file went back to an older state: the copy is what it should be.
    PutBack,
    /// Both sides may hold something of their own. The states that it may have begun from, oldest first.
    Merge(Vec<Ancestor>),
}

/// `history`: of the original, oldest first. `theirs` is the copy's text, `ours` the one at the path; they differ.
pub(crate) fn judge(history: &[Version], ours: Digest, theirs: Digest) -> Verdict {
    if history.iter().any(|version| version.digest == theirs && version.by_us) {
        return Verdict::Remove("showd wrote it, and a person's text stands now");
    }
    let last = |digest| history.iter().rposition(|version| version.digest == digest);
    // What lies there now is the newest, also if its row is not written yet.
    let now = history.len() - usize::from(history.last().is_some_and(|version| version.digest == ours));
    // Two states that follow each other may be two sides of one conflict; with a third between them they are not.
    let is_between = |from: usize, to: usize| {
        history
            .get(from + 1..to)
            .is_some_and(|between| between.iter().any(|version| version.digest != ours && version.digest != theirs))
    };
    if let Some(place) = last(theirs) {
        if is_between(place, now) {
            return Verdict::Remove("it is an older state of the file, and in its history");
        }
        let before = history[..place].iter().rposition(|version| version.digest == ours);
        if before.is_some_and(|before| is_between(before, place)) {
            return Verdict::PutBack;
        }
    }
    let mut bases: Vec<Ancestor> = Vec::new();
    for (place, version) in history.iter().enumerate().filter(|(_, version)| version.digest != theirs) {
        let generated_since = history[place + 1..].iter().all(|later| later.by_us) && now < history.len();
        match bases.iter_mut().find(|base| base.digest == version.digest) {
            Some(base) => base.generated_since = generated_since,
            None => bases.push(Ancestor { digest: version.digest, generated_since }),
        }
    }
    // The text that lies there is its own ancestor only if it was there before.
    if history.iter().filter(|version| version.digest == ours).count() <= 1 {
        bases.retain(|base| base.digest != ours);
    }
    Verdict::Merge(bases)
}

/// The states that both sides of a conflict may have begun from, oldest first; none where it is no matter of merging.
pub fn ancestors(history: &[Version], ours: Digest, theirs: Digest) -> Vec<Ancestor> {
    match judge(history, ours, theirs) {
        Verdict::Merge(bases) => bases,
        Verdict::Remove(_) | Verdict::PutBack => Vec::new(),
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
        let version = |letter: char| Version { digest: digest(letter), by_us: letter.is_uppercase() };
        letters.chars().map(version).collect()
    }

    fn digest(letter: char) -> Digest {
        Digest([letter.to_ascii_lowercase() as u8; 32])
    }

    fn verdict(letters: &str, ours: char, theirs: char) -> String {
        match judge(&history(letters), digest(ours), digest(theirs)) {
            Verdict::Remove(_) => "remove".to_owned(),
            Verdict::PutBack => "put back".to_owned(),
            Verdict::Merge(bases) => {
                let letter = |base: &Ancestor| {
                    let letter = base.digest.0[0] as char;
                    if base.generated_since { letter.to_ascii_uppercase() } else { letter }
                };
                format!("merge on {}", bases.iter().map(letter).collect::<String>())
            }
        }
    }

    #[test]
    fn a_copy_is_judged_by_the_history_of_its_file() {
        // (history, at the path, in the copy): what is done
        for (letters, ours, theirs, expected) in [
            // Ours, wherever it stands.
            ("abC", 'b', 'c', "remove"),
            ("abCd", 'd', 'c', "remove"),
            // An older state with another one since.
            ("abcd", 'd', 'b', "remove"),
            ("abcd", 'd', 'a', "remove"),
            // The two newest may be two sides of one conflict.
            ("abcd", 'd', 'c', "merge on ab"),
            // Went back to an older state.
            ("abca", 'a', 'c', "put back"),
            ("abcda", 'a', 'd', "put back"),
            // Went back by one: merging on that one, of which nobody made anything else, comes to the newer one.
            ("aba", 'a', 'b', "merge on A"),
            // Never seen here.
            ("abc", 'c', 'x', "merge on ab"),
            ("a", 'a', 'x', "merge on "),
            ("", 'a', 'x', "merge on "),
            // We wrote last, and a person began from the text before.
            ("abC", 'c', 'x', "merge on aB"),
            ("aBC", 'c', 'x', "merge on AB"),
            // What lies there is newer than its history.
            ("abc", 'x', 'b', "remove"),
            ("abc", 'x', 'c', "merge on ab"),
        ] {
            assert_eq!(verdict(letters, ours, theirs), expected, "{letters}: {theirs} beside {ours}");
        }
    }
}
