//! The note in which people answer proposals: what would change in which note, and two boxes for each change.
//!
//! [`write()`] makes the note and [`read()`] gives what was ticked in it, whatever else has become of it. A box names its
//! proposal in a block id (`^accept-5-3f2a9c1b`), which Obsidian hides and keeps: the number, and a mark of what was
//! shown under it, so that an old copy of the note answers nothing that it did not ask. The last line seals the note:
//! with it one can see without any other record whether more was changed than boxes.

use crate::edit::digest;
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One proposal as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub proposal: u64,
    /// Eight digits of lower-case hex, see the module.
    pub mark: String,
    /// Path below the share.
    pub file: String,
    pub summary: String,
    /// The text it was made from, and that text with it; `None`: that cannot be said.
    pub change: Option<(String, String)>,
    /// Files that get another name with it: from, to.
    pub renames: Vec<(String, String)>,
    /// Both of its boxes are ticked, and stay so: whoever reads the note again finds it as undecided as it is.
    pub undecided: bool,
}

/// What people answered in a note.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ballot {
    /// By number and mark; each is there once.
    pub answers: Vec<Answer>,
    /// It is a note of ours in which nothing but boxes was changed.
    pub is_ours: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub proposal: u64,
    pub mark: String,
    pub says: Says,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    Accept,
    Reject,
    /// Both boxes are ticked, which is no answer.
    Both,
}

/// As many are shown; the rest comes when these are answered. A note that nobody can read helps nobody.
pub const ENTRIES_MAX: usize = 100;
/// Lines shown of a change, and characters of each.
const LINES_MAX: usize = 14;
const LINE_CHARS_MAX: usize = 160;
const MARK_CHARS: usize = 8;

const HEAD: &str = "# Proposals

What showd would change in these notes, and does not without being told to. Tick **accept** or **reject** in this note,
on any machine: it is done soon after, when nobody is writing in the note it is about, and gone from here. What is not
ticked stays as it is. (On the show's machine: `showctl accept NUMBER`, `showctl reject NUMBER`.)
";

/// The note for these proposals, in this order; those of one file stand together. Equal entries give equal bytes.
pub fn write(entries: &[Entry]) -> String {
    let mut note = HEAD.to_owned();
    let mut file = None;
    for entry in entries.iter().take(ENTRIES_MAX) {
        if file != Some(&entry.file) {
            let _ = write!(note, "\n## {}\n", link(&entry.file));
            file = Some(&entry.file);
        }
        write_entry(&mut note, entry);
    }
    if let Some(more) = entries.len().checked_sub(ENTRIES_MAX).filter(|more| *more > 0) {
        let _ = write!(note, "\n{more} more are shown when some of these are answered.\n");
    }
    let seal = digest(&unticked(&note));
    let _ = write!(note, "\n{SEAL_BEGIN}{seal}{SEAL_END}\n");
    note
}

const SEAL_BEGIN: &str = "<!-- showd ";
const SEAL_END: &str = " -->";

fn write_entry(note: &mut String, entry: &Entry) {
    let Entry { proposal, mark, summary, change, renames, undecided, .. } = entry;
    let _ = write!(note, "\n**{proposal}** {}\n", plain(summary));
    if let Some((was, now)) = change {
        let lines = changed_lines(was, now);
        if !lines.is_empty() {
            let fence = fence(&lines);
            let _ = write!(note, "\n{fence}diff\n{}\n{fence}\n", lines.join("\n"));
        }
    }
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let is_said = |(from, to): &&(String, String)| summary.contains(&name(from)) && summary.contains(&name(to));
    for (from, to) in renames.iter().filter(|rename| !is_said(rename)).take(LINES_MAX) {
        let _ = write!(note, "\nThe file {} becomes {}.\n", plain(from), plain(to));
    }
    let tick = if *undecided { 'x' } else { ' ' };
    if *undecided {
        note.push_str("\nBoth boxes are ticked, so nothing is done. Take one of the ticks away.\n");
    }
    for word in ["accept", "reject"] {
        let lead = if word == "accept" { "\n" } else { "" };
        let _ = writeln!(note, "{lead}- [{tick}] {word} ^{word}-{proposal}-{mark}");
    }
}

/// The lines that differ, with a line of what stands around them, as a diff has them.
fn changed_lines(was: &str, now: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(was, now);
    let mut lines = Vec::new();
    let mut left_out = 0_usize;
    for (place, group) in diff.grouped_ops(1).iter().enumerate() {
        if place > 0 && lines.len() < LINES_MAX {
            lines.push(" …".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            if lines.len() >= LINES_MAX {
                left_out += usize::from(change.tag() != ChangeTag::Equal);
                continue;
            }
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            lines.push(format!("{sign}{}", clipped(change.value())));
        }
    }
    if left_out > 0 {
        lines.push(format!(" … and {left_out} more"));
    }
    lines
}

/// One line of bounded length, as far as it can be shown.
fn clipped(line: &str) -> String {
    let line = line.trim_end_matches(['\r', '\n']);
    let shown = line.chars().take(LINE_CHARS_MAX).map(|c| if c.is_control() && c != '\t' { '�' } else { c });
    let mut shown: String = shown.collect();
    if line.chars().count() > LINE_CHARS_MAX {
        shown.push('…');
    }
    shown
}

/// Longer than any row of backticks in these lines, so that none of them ends it.
fn fence(lines: &[String]) -> String {
    let longest = |line: &String| line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(lines.iter().map(longest).max().unwrap_or(0).max(2) + 1)
}

/// Text that Markdown shows as it stands.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation()
            && !matches!(c, '.' | ',' | ':' | ';' | '/' | '"' | '\'' | '(' | ')' | '?' | '!' | '-' | '+' | '=')
        {
            plain.push('\\');
        }
        plain.push(if c.is_control() { ' ' } else { c });
    }
    plain
}

/// As Obsidian links to a note, by its name; what its links cannot say is said in words.
fn link(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    match (file.strip_suffix(".md"), name.strip_suffix(".md")) {
        (Some(path), Some(name))
            if !file.contains(['[', ']', '|', '#', '^', '`'])
                && !file.contains("%%")
                && !file.contains(char::is_control) =>
        {
            format!("[[{path}|{name}]]")
        }
        _ => plain(file),
    }
}

/// What was answered in a note. It may hold anything: whatever is no box of ours means nothing.
pub fn read(text: &str) -> Ballot {
    let mut said: BTreeMap<(u64, &str), (bool, bool)> = BTreeMap::new();
    for found in boxes(text).filter(|found| found.is_ticked) {
        let (accepts, rejects) = said.entry((found.proposal, found.mark)).or_default();
        *if found.accepts { accepts } else { rejects } = true;
    }
    let answers = said.into_iter().map(|((proposal, mark), ticked)| {
        let says = match ticked {
            (true, true) => Says::Both,
            (true, false) => Says::Accept,
            (false, _) => Says::Reject,
        };
        Answer { proposal, mark: mark.to_owned(), says }
    });
    Ballot { answers: answers.collect(), is_ours: is_sealed(text) }
}

/// The seal fits what stands above it, once no box is ticked.
fn is_sealed(text: &str) -> bool {
    let Some((above, last)) = text.trim_end().rsplit_once('\n') else { return false };
    let Some(seal) = last.trim_end().strip_prefix(SEAL_BEGIN).and_then(|rest| rest.strip_suffix(SEAL_END)) else {
        return false;
    };
    digest(unticked(above).replace("\r\n", "\n").trim_end_matches('\r')) == seal
}

/// The text with no box of ours ticked.
fn unticked(text: &str) -> String {
    let mut bytes: Vec<u8> = text.into();
    for found in boxes(text) {
        bytes[found.at] = b' ';
    }
    String::from_utf8(bytes).expect("one ASCII character took the place of another")
}

/// A box of ours, as it stands in a note.
struct Tick<'t> {
    /// Where its tick is.
    at: usize,
    is_ticked: bool,
    accepts: bool,
    proposal: u64,
    mark: &'t str,
}

/// Every box of ours outside of code.
fn boxes(text: &str) -> impl Iterator<Item = Tick<'_>> {
    let mut fence: Option<(char, usize)> = None;
    let mut begin = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let at = begin;
        begin += line.len();
        let row = line.trim_start_matches(' ');
        let mark = row.chars().next().filter(|c| matches!(c, '`' | '~'));
        let length = mark.map_or(0, |mark| row.chars().take_while(|c| *c == mark).count());
        match (fence, mark) {
            (Some((open, least)), Some(mark)) if open == mark && length >= least && row[length..].trim().is_empty() => {
                fence = None;
                None
            }
            (Some(_), _) => None,
            // A row of backticks with another one after it is code within the line.
            (None, Some(mark)) if length >= 3 && (mark == '~' || !row[length..].contains('`')) => {
                fence = Some((mark, length));
                None
            }
            (None, _) => a_box(line, at),
        }
    })
}

/// `- [x] accept ^accept-5-3f2a9c1b`, with whatever a person or a plugin put between and after.
fn a_box(line: &str, at: usize) -> Option<Tick<'_>> {
    let item = line.trim_start_matches([' ', '\t']);
    let bullet = item.strip_prefix(['-', '*', '+'])?;
    let rest = bullet.trim_start_matches(' ');
    if rest.len() == bullet.len() {
        return None;
    }
    let mut inside = rest.strip_prefix('[')?.char_indices();
    let (_, tick) = inside.next()?;
    let (end, _) = inside.next().filter(|(_, c)| *c == ']')?;
    let words = &rest[1 + end + 1..];
    if !tick.is_ascii() || !words.starts_with([' ', '\t']) {
        return None;
    }
    let mut ids = words.split_whitespace().filter_map(block_id);
    let (accepts, proposal, mark) = ids.next()?;
    if ids.next().is_some() {
        return None;
    }
    let at = at + (line.len() - rest.len()) + 1;
    Some(Tick { at, is_ticked: matches!(tick, 'x' | 'X'), accepts, proposal, mark })
}

fn block_id(word: &str) -> Option<(bool, u64, &str)> {
    let (says, rest) = word.strip_prefix('^')?.split_once('-')?;
    let accepts = match says {
        "accept" => true,
        "reject" => false,
        _ => return None,
    };
    let (number, mark) = rest.split_once('-')?;
    let is_mark = mark.len() == MARK_CHARS && mark.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let is_number = number.bytes().all(|c| c.is_ascii_digit()) && !number.starts_with('0');
    Some((accepts, number.parse().ok().filter(|_| is_mark && is_number)?, mark))
}

#[cfg(test)]
mod tests;
