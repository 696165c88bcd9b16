//! Who wrote what in a note as it is: its recorded versions, and `show-script`'s comparison of them.

use super::{Answered, Seen, later, name, not_found};
use crate::blob::Archive;
use show_core::{FilePath, RevisionRow};
use show_protocol::{Answer, BlameLine, BlameView, Refusal, RefusalKind};

/// Newest versions looked at.
const VERSIONS_MAX: usize = 500;

pub fn blame(seen: &Seen<'_>, ask: &show_protocol::ask::Blame) -> Answered {
    let file = name::file(seen, &ask.path)?;
    let now = seen.reader.file(&file)?.map(|row| row.digest);
    let mut rows = seen.reader.revisions(&file, None, VERSIONS_MAX)?.rows;
    // What a copy held is in the history of the file, and never was its text.
    rows.retain(|(_, row)| !row.was_set_aside());
    let Some(newest) = rows.iter().position(|(_, row)| Some(row.digest) == now) else {
        let hint = format!("\"showctl history '{}'\" lists its versions", file.path);
        return Err(not_found(format!("{} is not there, or was not read yet", file.path), hint).into());
    };
    rows.drain(..newest);
    let share = seen.world.share_name(file.share);
    Ok(later(move |archive| match lines(archive, &rows, &file) {
        Ok(lines) => Answer::Blame(BlameView { share, file: file.path.to_string(), lines }).into(),
        Err(refusal) => refusal.into(),
    }))
}

/// `rows`: newest first.
fn lines(archive: &Archive, rows: &[(u64, RevisionRow)], file: &FilePath) -> Result<Vec<BlameLine>, Refusal> {
    let text = |row: &RevisionRow| archive.read(&row.digest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    // Before a version that is not kept nothing can be told.
    let mut texts: Vec<String> = rows.iter().map_while(|(_, row)| text(row)).collect();
    if texts.is_empty() {
        return Err(match rows.first() {
            Some((_, row)) if archive.has(&row.digest) => {
                let hint = "open it in an editor and save it as UTF-8";
                Refusal::new(RefusalKind::Invalid, format!("{} is not UTF-8 text", file.path), hint)
            }
            newest => super::file::not_kept(file, newest.map_or(0, |(number, _)| *number)),
        });
    }
    texts.reverse();
    let known = texts.len();
    let versions: Vec<&str> = texts.iter().map(String::as_str).collect();
    let blamed = show_script::blame::blame(&versions);
    let line = |one: show_script::blame::Blamed| {
        let (revision, row) = &rows[known - 1 - one.version];
        BlameLine {
            line: one.line,
            cue: one.cue,
            name: one.name,
            value: one.value,
            revision: *revision,
            at_ms: row.at.0,
            origin: row.origin.clone(),
            is_oldest: one.version == 0,
        }
    };
    Ok(blamed.into_iter().map(line).collect())
}
