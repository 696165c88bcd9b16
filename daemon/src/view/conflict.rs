//! Conflict copies as people see and settle them: both sides, the places where they do not fit, and what was chosen.

use super::{Answered, Seen, invalid, later, name, not_found, page};
use crate::blob::Archive;
use crate::inbox::{Said, Then};
use crate::merger;
use show_core::{Ask, ConflictView as Conflict, Digest, Merge, is_markdown};
use show_protocol::{
    Answer, ClashView, ConflictLine, ConflictView, ConflictsView, Fit, PartView, Refusal, RefusalKind, Settle,
};
use show_publish::Keep;
use show_script::merge::{Clash, Merge as Merged, Part};

/// Begins every line of a draft that is nobody's text. A text with such a line is not published.
const SEPARATOR: &str = "@@@@ showd";

/// A conflict, and everything that was looked up for it.
struct Found {
    line: ConflictLine,
    /// What is to be merged, where both sides are there and read.
    merge: Option<Merge>,
}

pub fn conflicts(seen: &Seen<'_>, ask: &show_protocol::ask::Conflicts) -> Answered {
    let mut all: Vec<Conflict> = seen.core.conflicts().collect();
    all.sort_by(|a, b| (!a.is_open, &a.copy).cmp(&(!b.is_open, &b.copy)));
    let (all, next) = page(all, ask.after.as_deref(), ask.limit)?;
    let found = all.iter().map(|conflict| gather(seen, conflict)).collect::<Result<Vec<Found>, _>>()?;
    Ok(later(move |archive| {
        let conflicts = found.into_iter().map(|found| found.judge(archive).0).collect();
        Answer::Conflicts(ConflictsView { conflicts, next }).into()
    }))
}

pub fn conflict(seen: &Seen<'_>, ask: &show_protocol::ask::Conflict) -> Answered {
    let conflict = find(seen, &ask.path)?;
    let found = gather(seen, &conflict)?;
    Ok(later(move |archive| {
        let text = |digest: Option<Digest>| {
            let bytes = digest.and_then(|digest| archive.read(&digest).ok());
            bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
        };
        let (theirs, ours) = conflict.texts.map_or((None, None), |(theirs, ours)| (Some(theirs), ours));
        let (ours, theirs) = (text(ours), text(theirs));
        let (line, merged) = found.judge(archive);
        let draft = merged.unwrap_or_else(|| draft(&ours, &theirs));
        let diff = similar::TextDiff::from_lines(&ours, &theirs)
            .unified_diff()
            .header(&format!("a/{}", conflict.original.path), &format!("b/{}", conflict.copy.path))
            .to_string();
        Answer::Conflict(ConflictView { conflict: line, diff, draft }).into()
    }))
}

/// The conflict of a copy, or of a file that has one copy.
fn find(seen: &Seen<'_>, typed: &str) -> Result<Conflict, Refusal> {
    let file = name::file(seen, typed)?;
    let mut of_it: Vec<Conflict> = seen.core.conflicts().filter(|one| one.original == file).collect();
    if let Some(exact) = seen.core.conflicts().find(|one| one.copy == file) {
        return Ok(exact);
    }
    match of_it.len() {
        0 => {
            Err(not_found(format!("{} has no conflict copy", file.path), "\"showctl conflicts\" lists those there are"))
        }
        1 => Ok(of_it.remove(0)),
        several => {
            let names: Vec<String> = of_it.iter().map(|one| format!("\"{}\"", one.copy.path)).collect();
            let text = format!("{} has {several} conflict copies", file.path);
            Err(invalid(text, format!("name one of them: {}", names.join(", "))))
        }
    }
}

fn gather(seen: &Seen<'_>, conflict: &Conflict) -> Result<Found, super::No> {
    let Conflict { copy, original, texts, is_open, text } = conflict;
    let named = show_script::classify::conflict_copy(&copy.path);
    let (set_aside, device) = named.map(|named| (named.at, named.device)).unwrap_or_default();
    let line = ConflictLine {
        share: seen.world.share_name(copy.share),
        file: original.path.to_string(),
        copy: copy.path.to_string(),
        set_aside,
        device,
        is_open: *is_open,
        text: text.clone(),
        ours: texts.and_then(|(_, ours)| ours).map(|digest| digest.to_string()),
        theirs: texts.map(|(theirs, _)| theirs.to_string()),
        ..ConflictLine::default()
    };
    let merge = match texts {
        // Of other files only the digests are kept.
        Some((theirs, Some(ours))) if theirs != ours && is_markdown(&original.path) => {
            let bases = show_core::ancestors(&seen.reader.history(original)?, *ours, *theirs);
            let (copy, original) = (copy.clone(), original.clone());
            Some(Merge { copy, original, ours: *ours, theirs: *theirs, bases })
        }
        _ => None,
    };
    Ok(Found { line, merge })
}

impl Found {
    /// With what the two sides come to, and the merged text where it is clean.
    fn judge(self, archive: &Archive) -> (ConflictLine, Option<String>) {
        let Self { mut line, merge } = self;
        match merge.map(|merge| merger::together(archive, &merge)) {
            None => (line, None),
            Some(Err(why)) => {
                line.why = why;
                (line, None)
            }
            Some(Ok((_, Merged::Clean { text }))) => {
                line.fit = Fit::Clean;
                (line, Some(text))
            }
            Some(Ok((_, Merged::Conflict { clashes }))) => {
                line.fit = Fit::Unclean;
                line.places = clashes.iter().map(clash).collect();
                (line, None)
            }
        }
    }
}

fn clash(clash: &Clash) -> ClashView {
    let part = |part: &Part| PartView { line: part.line, text: part.text.clone() };
    ClashView {
        what: clash.what.to_string(),
        text: clash.to_string(),
        base: part(&clash.base),
        ours: part(&clash.ours),
        theirs: part(&clash.theirs),
    }
}

pub fn resolve(seen: &Seen<'_>, ask: show_protocol::ask::Resolve) -> Answered {
    let conflict = find(seen, &ask.path)?;
    let (copy, file) = (conflict.copy.clone(), conflict.original.clone());
    let Some((theirs, ours)) = conflict.texts else {
        let text = format!("{} is being looked at", copy.path);
        return Err(Refusal::new(RefusalKind::NotNow, text, "try again in a moment").into());
    };
    let is_other = |asked: &Option<String>, now: Option<Digest>| {
        asked.as_ref().is_some_and(|asked| now.map(|now| now.to_string()).as_ref() != Some(asked))
    };
    if is_other(&ask.ours, ours) || is_other(&ask.theirs, Some(theirs)) {
        let text = format!("{} or its copy was changed meanwhile", file.path);
        return Err(Refusal::new(RefusalKind::NotNow, text, "look at both again with \"showctl conflicts\"").into());
    }
    let settled = move |with, what: String| {
        let then = Then::Published { files: vec![file.clone()], text: what };
        Said::Ask(Box::new((Ask::Resolve { copy: copy.clone(), seen: (theirs, ours), with }, then)))
    };
    let (copy, file) = (conflict.copy.path.clone(), conflict.original.path.clone());
    match ask.how {
        Settle::Ours if ours.is_none() => Ok(settled(None, format!("{file} stays gone, and {copy} is removed"))),
        Settle::Ours => Ok(settled(None, format!("{file} stays as it is, and {copy} is removed"))),
        Settle::Theirs => Ok(later(move |archive| {
            if !archive.has(&theirs) {
                let text = format!("the bytes of {copy} are not kept: only Markdown is");
                let hint = format!("move it into its place by hand: mv \"{copy}\" \"{file}\"");
                return Refusal::new(RefusalKind::NotAllowed, text, hint).into();
            }
            match archive.read(&theirs) {
                Ok(bytes) => settled(Some((theirs, bytes.len() as u64)), format!("{copy} takes the place of {file}")),
                Err(cause) => super::wish::failed(&format!("could not read what {copy} holds"), &cause),
            }
        })),
        Settle::Merged => {
            let merge = gather(seen, &conflict)?.merge;
            Ok(later(move |archive| match merged(archive, merge.as_ref(), &file) {
                Ok(text) => {
                    publish(archive, &text, |with| settled(Some(with), format!("{copy} is merged into {file}")))
                }
                Err(refusal) => refusal.into(),
            }))
        }
        Settle::Text => {
            let Some(text) = ask.text else {
                return Err(invalid("no text came with it", "pass what is to take the place as \"text\"").into());
            };
            if !is_markdown(&file) {
                let why = format!("{file} is no Markdown, and only that is written by hand");
                let hint = "say --ours, or move the right one into its place";
                return Err(Refusal::new(RefusalKind::NotAllowed, why, hint).into());
            }
            if text.trim().is_empty() {
                let hint =
                    "write what is to stay of both, or say --ours or --theirs; to have none of it, delete the file";
                return Err(Refusal::new(RefusalKind::NotAllowed, format!("{file} would be empty"), hint).into());
            }
            if let Some(line) = undecided(&text) {
                let why = format!("line {line} still tells the two sides apart: {SEPARATOR} …");
                return Err(invalid(why, "decide there, take the line out, and try again").into());
            }
            Ok(later(move |archive| {
                publish(archive, &text, |with| {
                    settled(Some(with), format!("{file} is what was written of both, and {copy} is removed"))
                })
            }))
        }
    }
}

fn publish(archive: &Archive, text: &str, settled: impl FnOnce((Digest, u64)) -> Said) -> Said {
    match archive.keep(text.as_bytes(), Keep::Durably) {
        Ok(digest) => settled((digest, text.len() as u64)),
        Err(cause) => super::wish::failed("could not keep the text", &cause),
    }
}

/// The clean merge, or why there is none, with every place named.
fn merged(archive: &Archive, merge: Option<&Merge>, file: &str) -> Result<String, Refusal> {
    let no = |text: String| {
        Refusal::new(RefusalKind::NotAllowed, text, "choose with --ours or --theirs, or write it with --edit")
    };
    let Some(merge) = merge else { return Err(no(format!("there are no two texts of {file} to merge"))) };
    match merger::together(archive, merge) {
        Ok((_, Merged::Clean { text })) => Ok(text),
        Ok((_, Merged::Conflict { clashes })) => {
            let places: Vec<String> = clashes.iter().map(ToString::to_string).collect();
            Err(no(format!("the two edits of {file} do not fit together: {}", places.join("; "))))
        }
        Err(why) => Err(no(format!("{file} cannot be merged: {why}"))),
    }
}

/// Both sides in one text: what they share once, and where they differ one above the other.
fn draft(ours: &str, theirs: &str) -> String {
    let diff = similar::TextDiff::from_lines(ours, theirs);
    let mut out = String::new();
    let push = |out: &mut String, lines: &str| {
        out.push_str(lines);
        if !lines.is_empty() && !lines.ends_with('\n') {
            out.push('\n');
        }
    };
    for op in diff.ops() {
        let old: String = op.old_range().filter_map(|line| diff.old_slice(line)).collect();
        if op.tag() == similar::DiffTag::Equal {
            out.push_str(&old);
            continue;
        }
        push(&mut out, &format!("{SEPARATOR}: at the path"));
        push(&mut out, &old);
        push(&mut out, &format!("{SEPARATOR}: in the copy"));
        push(&mut out, &op.new_range().filter_map(|line| diff.new_slice(line)).collect::<String>());
        push(&mut out, &format!("{SEPARATOR}: end"));
    }
    out
}

/// The first line in which a draft still has both sides, from 1.
fn undecided(text: &str) -> Option<usize> {
    text.lines().position(|line| line.starts_with(SEPARATOR)).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_holds_every_line_of_both_sides_and_says_where_somebody_decides() {
        let (ours, theirs) = ("title: Tea\nkettle\npot", "title: 湯\nkettle\npot\ncup\n");
        insta::assert_snapshot!(draft(ours, theirs), @r"
        @@@@ showd: at the path
        title: Tea
        @@@@ showd: in the copy
        title: 湯
        @@@@ showd: end
        kettle
        @@@@ showd: at the path
        pot
        @@@@ showd: in the copy
        pot
        cup
        @@@@ showd: end
        ");
        assert_eq!(undecided(&draft(ours, theirs)), Some(1));
        assert_eq!((draft(ours, ours).as_str(), undecided(ours)), (ours, None));
    }
}
