//! Code fences: which line opens one, which closes it, and whether any line ever does.

use crate::text::Slice;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fence {
    mark: u8,
    length: usize,
}

impl Fence {
    /// The fence that a line (without blanks around it) opens, and its info string.
    pub(super) fn opened_by(line: Slice<'_>) -> Option<(Self, Slice<'_>)> {
        let mark = *line.text.as_bytes().first().filter(|byte| matches!(byte, b'`' | b'~'))?;
        let length = run(line.text.as_bytes(), mark);
        let info = line.part(length, line.text.len()).trim();
        (length >= 3 && !(mark == b'`' && info.text.contains('`'))).then_some((Self { mark, length }, info))
    }

    /// Whether a line (without blanks around it) closes it: only marks, at least as many.
    pub(super) fn is_closed_by(self, line: &str) -> bool {
        line.len() >= self.length && line.bytes().all(|byte| byte == self.mark)
    }
}

/// The AssetID of the info string `cue <ASSETID>`.
pub(super) fn cue_info(info: Slice<'_>) -> Option<Slice<'_>> {
    let (word, rest) = info.text.split_at_checked(3)?;
    let id = info.part(3, info.text.len()).trim();
    (word.eq_ignore_ascii_case("cue") && rest.starts_with([' ', '\t']) && !id.is_empty()).then_some(id)
}

/// The lines that could close a fence, so that one that nothing closes does not swallow the rest of a file.
///
/// Kept per mark from the last line to the first, and only where a line is longer than all that follow it: whether a
/// closing line of some length comes after some offset is then one look-up.
pub(super) struct Closers {
    backticks: Vec<(usize, usize)>,
    tildes: Vec<(usize, usize)>,
}

impl Closers {
    pub(super) fn of(text: &str) -> Self {
        Self { backticks: closers(text, b'`'), tildes: closers(text, b'~') }
    }

    pub(super) fn has(&self, fence: Fence, after: usize) -> bool {
        let found = if fence.mark == b'`' { &self.backticks } else { &self.tildes };
        let at = found.partition_point(|&(_, length)| length < fence.length);
        found.get(at).is_some_and(|&(begin, _)| begin >= after)
    }
}

fn closers(text: &str, mark: u8) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut before = bytes.len();
    while let Some(last) = memchr::memrchr(mark, &bytes[..before]) {
        let length = bytes[..=last].iter().rev().take_while(|&&byte| byte == mark).count();
        let begin = last + 1 - length;
        before = begin;
        let longest = found.last().map_or(2, |&(_, length)| length);
        if length > longest && is_alone(text, begin, last + 1) {
            found.push((begin, length));
        }
    }
    found
}

/// Whether nothing else stands on the line.
fn is_alone(text: &str, begin: usize, end: usize) -> bool {
    const BLANKS: [char; 3] = [' ', '\t', '\r'];
    let before = text[..begin].trim_end_matches(BLANKS);
    let after = text[end..].trim_start_matches(BLANKS);
    (before.is_empty() || before.ends_with('\n')) && (after.is_empty() || after.starts_with('\n'))
}

fn run(bytes: &[u8], mark: u8) -> usize {
    bytes.iter().take_while(|&&byte| byte == mark).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence(line: &str) -> Option<(Fence, &str)> {
        Fence::opened_by(Slice { begin: 0, text: line }).map(|(fence, info)| (fence, info.text))
    }

    #[test]
    fn a_fence_is_three_marks_and_an_info_string() {
        assert_eq!(fence("```").map(|(_, info)| info), Some(""));
        assert_eq!(fence("~~~~ cue X").map(|(_, info)| info), Some("cue X"));
        assert_eq!(fence("``"), None);
        assert_eq!(fence("```a`b```"), None);
    }

    #[test]
    fn only_a_line_of_enough_marks_closes_it() {
        let (four, _) = fence("````").unwrap();
        assert!(four.is_closed_by("`````") && !four.is_closed_by("```") && !four.is_closed_by("````x"));
    }

    #[test]
    fn whether_anything_closes_a_fence_is_known_beforehand() {
        let text = "````\n  ```\r\n```js\n~~~\n";
        let closers = Closers::of(text);
        let (three, _) = fence("```").unwrap();
        let (four, _) = fence("````").unwrap();
        assert!(closers.has(three, 4) && closers.has(four, 0));
        assert!(!closers.has(four, 4) && !closers.has(three, 14));
    }

    #[test]
    fn the_info_string_of_a_cue_has_an_id() {
        let info = |text| cue_info(Slice { begin: 0, text }).map(|id| id.text);
        assert_eq!(info("cue SOTMSA79Z40K3TT1E"), Some("SOTMSA79Z40K3TT1E"));
        assert_eq!(info("cue"), None);
        assert_eq!(info("cuesheet X"), None);
        assert_eq!(info("js"), None);
    }
}
