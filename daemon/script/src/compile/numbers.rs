//! The numbers that the playout list gives to clips (specification 5.1 #5).

use std::collections::BTreeMap;

/// `rundown/media-list.txt`, read: which number a file has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaNumbers {
    by_stem: BTreeMap<String, String>,
}

impl MediaNumbers {
    /// Lines `10_01_kettle-boils.mp4`, one a line or joined by a literal `\n`. The first line of a name counts; other
    /// lines are none of ours.
    pub fn read(text: &str) -> Self {
        let mut by_stem = BTreeMap::new();
        for line in text.trim_start_matches('\u{feff}').lines().flat_map(|line| line.split("\\n")) {
            if let Some((number, stem)) = entry(line.trim()) {
                by_stem.entry(stem).or_insert(number);
            }
        }
        Self { by_stem }
    }

    /// The number of a file by its name without extension, or of a slug.
    pub fn of(&self, stem: &str) -> Option<&str> {
        self.by_stem.get(&stem.to_lowercase()).map(String::as_str)
    }
}

/// `^(\d+)_(\d{2})_(.+)$`.
fn entry(line: &str) -> Option<(String, String)> {
    let (number, rest) = line.split_once('_')?;
    let (counter, file) = rest.split_once('_')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(number) || counter.len() != 2 || !digits(counter) || file.is_empty() {
        return None;
    }
    Some((number.to_owned(), stem(file).to_lowercase()))
}

/// A file name without its extension.
pub(super) fn stem(name: &str) -> &str {
    crate::listing::split_extension(crate::listing::name_of(name)).0
}

/// A slug without its own number: a leading `10-` or `10_`, also several, where the number is a multiple of ten or the
/// cue's own number, so that `24-hours` stays (specification 4.9 #1).
pub(super) fn without_number<'s>(slug: &'s str, number: &str) -> &'s str {
    let mut rest = slug;
    while let Some(at) = rest.find(['-', '_']) {
        let (digits, tail) = (&rest[..at], &rest[at + 1..]);
        let counts = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !counts || tail.is_empty() || !(digits.ends_with('0') || same_number(digits, number)) {
            break;
        }
        rest = tail;
    }
    rest
}

fn same_number(a: &str, b: &str) -> bool {
    a.trim_start_matches('0') == b.trim_start_matches('0') && !b.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_gives_files_their_numbers() {
        let list = MediaNumbers::read(
            "\u{feff}10_01_Kettle-Boils.mp4\r\n20_02_last_whistle.mov\\n30_03_x\nnonsense\n10_1_y.mp4\n40_04_kettle-boils.mp4",
        );
        assert_eq!(list.of("kettle-boils"), Some("10"));
        assert_eq!(list.of("LAST_whistle"), Some("20"));
        assert_eq!(list.of("x"), Some("30"));
        assert_eq!(list.of("y"), None);
    }

    #[test]
    fn a_slug_loses_its_own_number_only() {
        for (slug, number, bare) in [
            ("10-kettle-boils", "10", "kettle-boils"),
            ("110-110-x", "10", "x"),
            ("24-hours", "10", "24-hours"),
            ("24-hours", "24", "hours"),
            ("010_kettle", "20", "kettle"),
            ("kettle", "10", "kettle"),
            ("10-", "10", "10-"),
            ("5-10-x", "5", "x"),
        ] {
            assert_eq!(without_number(slug, number), bare, "{slug}");
        }
    }
}
