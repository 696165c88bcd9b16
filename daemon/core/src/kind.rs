//! What a file's name alone says about it: temporary files, lock files and conflict copies beside another file.
//!
//! The forms are those of the specification, 1.5 and 1.6. Knows nothing of what lies on disk.

use crate::FilePath;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// Syncthing set a text aside; `of` is the file it is a copy of, also through copies of copies.
    ConflictCopy {
        of: String,
    },
    /// Somebody is writing `of`: Syncthing's temporary file, or an editor's lock or swap file.
    Temporary {
        of: String,
    },
    /// Our own staging file.
    Ours,
}

pub(crate) fn kind(path: &str) -> Kind {
    let (directory, name) = path.rsplit_once('/').map_or(("", path), |(directory, name)| (directory, name));
    let beside = |name: &str| if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
    if name.starts_with(".syncthing.showd-") {
        return Kind::Ours;
    }
    if let Some(of) = temporary(name) {
        return Kind::Temporary { of: beside(of) };
    }
    let mut of = original(name);
    while let Some(deeper) = of.as_deref().and_then(original) {
        of = Some(deeper);
    }
    of.map_or(Kind::Plain, |of| Kind::ConflictCopy { of: beside(&of) })
}

/// Neither a copy of another file nor a temporary one.
pub(crate) fn is_plain(file: &FilePath) -> bool {
    kind(&file.path) == Kind::Plain
}

/// The file that this is a conflict copy of, if it is one.
pub(crate) fn copied(file: &FilePath) -> Option<FilePath> {
    match kind(&file.path) {
        Kind::ConflictCopy { of } => Some(FilePath { share: file.share, path: of.into() }),
        Kind::Plain | Kind::Temporary { .. } | Kind::Ours => None,
    }
}

/// A person's Markdown: kept as a blob when read, written only when quiet.
pub fn is_markdown(path: &str) -> bool {
    extension(path).is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}

/// Text settles sooner than media, and has a ceiling.
pub(crate) fn is_text(path: &str) -> bool {
    extension(path).is_some_and(|extension| TEXTS.iter().any(|text| extension.eq_ignore_ascii_case(text)))
}

fn extension(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.rsplit_once('.').map(|(_, extension)| extension)
}

const TEXTS: [&str; 14] =
    ["md", "txt", "srt", "vtt", "json", "yaml", "yml", "toml", "csv", "m3u", "html", "htm", "css", "xml"];

/// Syncthing's temporary file: it writes into it while a text arrives.
pub(crate) fn is_arriving(file: &FilePath) -> bool {
    file.path.rsplit('/').next().and_then(arriving).is_some()
}

fn arriving(name: &str) -> Option<&str> {
    within(name, ".syncthing.", ".tmp").or_else(|| within(name, "~syncthing~", ".tmp"))
}

fn within<'a>(name: &'a str, before: &str, after: &str) -> Option<&'a str> {
    name.strip_prefix(before)?.strip_suffix(after).filter(|of| !of.is_empty())
}

fn temporary(name: &str) -> Option<&str> {
    arriving(name).or_else(|| within(name, ".~lock.", "#")).or_else(|| within(name, "~$", "")).or_else(|| {
        let (of, swap) = name.strip_prefix('.')?.rsplit_once('.')?;
        let is_swap = swap.len() == 3 && swap.starts_with("sw") || swap == "kate-swp";
        (is_swap && !of.is_empty()).then_some(of)
    })
}

/// `10 Tea.sync-conflict-20260801-081936-ABCDEF2.md` → `10 Tea.md`.
fn original(name: &str) -> Option<String> {
    let (stem, rest) = name.rsplit_once(".sync-conflict-")?;
    let (digits, rest) = (rest.get(..15)?, rest.get(15..)?);
    let (date, time) = digits.split_once('-')?;
    let counted = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if !counted(date, 8) || !counted(time, 6) {
        return None;
    }
    let rest = match rest.strip_prefix('-') {
        None => rest,
        Some(rest) => match rest.get(..7) {
            Some(device) if device.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')) => &rest[7..],
            _ => rest,
        },
    };
    let is_extension = rest.is_empty() || (rest.starts_with('.') && !rest[1..].contains('.'));
    is_extension.then(|| format!("{stem}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_lies_beside_what() {
        let copy = |of: &str| Kind::ConflictCopy { of: of.to_owned() };
        let temporary = |of: &str| Kind::Temporary { of: of.to_owned() };
        for (path, expected) in [
            ("rundown/10 Tea.md", Kind::Plain),
            ("rundown/10 Tea.sync-conflict-20260801-081936-ABCDEF2.md", copy("rundown/10 Tea.md")),
            ("10 Tea.sync-conflict-20260801-081936.md", copy("10 Tea.md")),
            ("10 Tea.sync-conflict-20260801-081936-.md", copy("10 Tea.md")),
            ("Makefile.sync-conflict-20260801-081936-ABCDEF2", copy("Makefile")),
            ("a.sync-conflict-20260801-081936-ABCDEF2.sync-conflict-20260802-081936-ABCDEF2.md", copy("a.md")),
            ("a.sync-conflict-2026-08.md", Kind::Plain),
            ("rundown/.syncthing.10 Tea.md.tmp", temporary("rundown/10 Tea.md")),
            ("~syncthing~10 Tea.md.tmp", temporary("10 Tea.md")),
            (".~lock.10 Tea.md#", temporary("10 Tea.md")),
            (".10 Tea.md.swp", temporary("10 Tea.md")),
            ("rundown/.10 Tea.md.kate-swp", temporary("rundown/10 Tea.md")),
            (".kate-swp", Kind::Plain),
            ("~$10 Tea.md", temporary("10 Tea.md")),
            (".syncthing.showd-17.tmp", Kind::Ours),
        ] {
            assert_eq!(kind(path), expected, "{path}");
        }
    }

    #[test]
    fn letter_case_of_an_extension_does_not_matter() {
        assert!(is_markdown("rundown/X.MD") && is_text("a/b.SRT"));
        assert!(!is_markdown("md") && !is_text("a.md/clip.mp4"));
    }
}
