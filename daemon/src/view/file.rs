//! People's files: what is wrong in them, what was left out, their history, and proposals.

use super::{Answered, No, Seen, before, invalid, later, limit, name, not_found, page};
use crate::blob::Archive;
use crate::inbox::Said;
use crate::store::StoreError;
use crate::words::episode_of;
use serde_json::Value;
use show_core::{FilePath, ProposalRow, ProposalState as State, RevisionRow, ShareId};
use show_protocol::frame::{CHUNK_BYTES_MAX, PAGE_ROWS};
use show_protocol::{
    Answer, ContentView, DiagnosticView, DiagnosticsView, DiffView, HistoryView, LeftOutFile, LeftOutView,
    ProposalLine, ProposalState, ProposalView, ProposalsView, Refusal, RefusalKind, RevisionView, Severity,
};
use show_script::check::{NOT_HERE, UNWRITTEN};
use show_script::diagnostic::Code;
use show_script::repair::setting_of;
use std::collections::BTreeMap;

/// So much of a digest names a text; what is shorter is a number.
const DIGITS_MIN: usize = 8;
/// The newest events, among which a renaming is looked for.
const EVENTS_LOOKED_AT_MAX: usize = 5_000;

fn revision_view(
    seen: &Seen<'_>,
    file: &FilePath,
    (number, row): &(u64, RevisionRow),
    now: Option<show_core::Digest>,
) -> Result<RevisionView, StoreError> {
    Ok(RevisionView {
        revision: *number,
        at_ms: row.at.0,
        digest: row.digest.to_string(),
        bytes: row.size,
        origin: row.origin.clone(),
        parent: seen.reader.parent(file, *number, row)?,
        current: now == Some(row.digest),
        kept: true,
    })
}

/// Of what we make ourselves, and of what is too old, only the digest is there.
pub fn not_kept(file: &FilePath, number: u64) -> Refusal {
    let text = format!("the bytes of revision {number} of {} are not kept, only their digest", file.path);
    let is_markdown = file.path.to_ascii_lowercase().ends_with(".md");
    let hint = if is_markdown {
        format!("\"showctl history '{}'\" says which are", file.path)
    } else {
        "\"showctl jobs\" names the job that makes this file, \"showctl requeue JOB --force\" makes it anew".to_owned()
    };
    Refusal::new(RefusalKind::NotFound, text, hint)
}

pub fn history(seen: &Seen<'_>, ask: &show_protocol::ask::History) -> Answered {
    let file = name::file(seen, &ask.path)?;
    let page = seen.reader.revisions(&file, before(ask.after.as_deref())?, limit(ask.limit))?;
    if page.rows.is_empty() && ask.after.is_none() {
        let hint = match renamed_to(seen, &file)? {
            Some(to) => format!("it is \"{}\" now, and its history went along", to.path),
            None => "only Markdown that showd read has one; \"showctl status\" names the shares".to_owned(),
        };
        return Err(not_found(format!("{} has no history", file.path), hint).into());
    }
    let now = seen.reader.file(&file)?.map(|row| row.digest);
    let revisions = page.rows.iter().map(|row| revision_view(seen, &file, row, now));
    let mut view = HistoryView {
        share: seen.world.share_name(file.share),
        file: file.path.to_string(),
        revisions: revisions.collect::<Result<_, _>>()?,
        next: page.next.map(|next| next.to_string()),
    };
    let digests: Vec<show_core::Digest> = page.rows.iter().map(|(_, row)| row.digest).collect();
    Ok(later(move |archive| {
        for (revision, digest) in view.revisions.iter_mut().zip(&digests) {
            revision.kept = archive.has(digest);
        }
        Answer::History(view).into()
    }))
}

/// What a file was renamed to, not too long ago.
fn renamed_to(seen: &Seen<'_>, from: &FilePath) -> Result<Option<FilePath>, StoreError> {
    let newest = seen.reader.next_event()?.0.saturating_sub(EVENTS_LOOKED_AT_MAX as u64);
    let events = seen.reader.events(show_core::Seq(newest.max(1)), EVENTS_LOOKED_AT_MAX)?;
    let names = events.into_iter().rev().filter(|event| &*event.kind == "file.renamed").filter_map(|event| event.file);
    for name in names.filter(|name| name.share == from.share) {
        let versions = seen.reader.revisions(&name, None, PAGE_ROWS as usize)?;
        if versions.rows.iter().any(|(_, row)| row.was_named(from)) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// What differs between two versions, or between one and the file as it is.
pub fn diff(seen: &Seen<'_>, ask: &show_protocol::ask::Diff) -> Answered {
    let file = name::file(seen, &ask.path)?;
    let now = seen.reader.file(&file)?.map(|row| row.digest);
    let from = revision(seen, &file, &ask.from)?;
    let to = match (&ask.to, now) {
        (Some(to), _) => revision(seen, &file, to)?,
        (None, Some(now)) => revision(seen, &file, &now.to_string())?,
        (None, None) => {
            let hint = format!("name two of its versions; \"showctl history '{}'\" lists them", file.path);
            return Err(not_found(format!("{} is not there", file.path), hint).into());
        }
    };
    let share = seen.world.share_name(file.share);
    let views = (revision_view(seen, &file, &from, now)?, revision_view(seen, &file, &to, now)?);
    Ok(later(move |archive| {
        let text = |(number, row): &(u64, RevisionRow)| match archive.read(&row.digest) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(_) if !archive.has(&row.digest) => Err(Box::new(Said::from(not_kept(&file, *number)))),
            Err(cause) => Err(Box::new(super::wish::failed(&format!("could not read revision {number}"), &cause))),
        };
        let texts = text(&from).and_then(|was| Ok((was, text(&to)?)));
        let (was, is) = match texts {
            Ok(texts) => texts,
            Err(said) => return *said,
        };
        let (from, to) = views;
        Answer::Diff(DiffView {
            share,
            file: file.path.to_string(),
            from,
            to,
            diff: if was == is { String::new() } else { unified(&file.path, &was, &is) },
        })
        .into()
    }))
}

/// A version by its number, or by the beginning of its digest.
pub fn revision(seen: &Seen<'_>, file: &FilePath, typed: &str) -> Result<(u64, RevisionRow), No> {
    let missing = || {
        let hint = format!("\"showctl history '{}'\" lists them", file.path);
        No::from(not_found(format!("{} has no revision \"{typed}\"", file.path), hint))
    };
    if typed.len() < DIGITS_MIN
        && let Ok(number) = typed.parse::<u64>()
    {
        return Ok((number, seen.reader.revision(file, number)?.ok_or_else(missing)?));
    }
    if typed.len() < DIGITS_MIN {
        return Err(missing());
    }
    let page = seen.reader.revisions(file, None, limit(Some(u32::MAX)))?;
    page.rows.into_iter().find(|(_, row)| row.digest.to_string().starts_with(typed)).ok_or_else(missing)
}

pub fn content(seen: &Seen<'_>, ask: &show_protocol::ask::Content) -> Answered {
    let file = name::file(seen, &ask.path)?;
    let from = usize::try_from(ask.from).unwrap_or(usize::MAX);
    let found = match revision(seen, &file, &ask.revision) {
        Err(No::Refused(missing)) if ask.revision.len() >= DIGITS_MIN => {
            let typed = ask.revision.clone();
            return Ok(later(move |archive| kept_text(archive, &typed, from, missing)));
        }
        found => found?,
    };
    let now = seen.reader.file(&file)?.map(|row| row.digest);
    let revision = revision_view(seen, &file, &found, now)?;
    let (number, digest) = (found.0, found.1.digest);
    Ok(later(move |archive| {
        if !archive.has(&digest) {
            return not_kept(&file, number).into();
        }
        piece_of(archive, revision, &digest, from)
    }))
}

/// A piece of a text that is kept, as it stands in the archive.
fn piece_of(archive: &Archive, revision: RevisionView, digest: &show_core::Digest, from: usize) -> Said {
    match archive.read(digest) {
        Ok(bytes) => {
            let mut end = bytes.len().min(from.saturating_add(CHUNK_BYTES_MAX));
            // Not within a character.
            while end > from && end < bytes.len() && bytes[end] & 0xc0 == 0x80 {
                end -= 1;
            }
            let piece = bytes.get(from..end).unwrap_or_default();
            let text = String::from_utf8_lossy(piece);
            let lossy = matches!(text, std::borrow::Cow::Owned(_));
            let next = (end < bytes.len()).then_some(end as u64);
            Answer::Content(ContentView { revision, text: text.into_owned(), lossy, next }).into()
        }
        Err(cause) => super::wish::failed(&format!("could not read the text {digest}"), &cause),
    }
}

/// A text that is no revision: one that the loss guard kept from being written.
fn kept_text(archive: &Archive, typed: &str, from: usize, missing: Refusal) -> Said {
    match archive.blobs().beginning(typed) {
        Ok(found) => match found.as_slice() {
            [one] => {
                let digest = show_core::Digest(one.0);
                let revision = RevisionView {
                    digest: digest.to_string(),
                    origin: "kept".into(),
                    kept: true,
                    ..RevisionView::default()
                };
                piece_of(archive, revision, &digest, from)
            }
            [] => missing.into(),
            _ => invalid(format!("several texts are called {typed}…"), "write more of the digest").into(),
        },
        Err(cause) => super::wish::failed("could not look into the archive", &cause),
    }
}

/// `diagnostics` of a step's result. Steps name files below the share's root.
pub fn diagnostics_of(share: &str, result: &Value) -> Vec<DiagnosticView> {
    let list = result.get("diagnostics").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|one| diagnostic(share, one)).collect()
}

fn diagnostic(share: &str, value: &Value) -> Option<DiagnosticView> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |key: &str| value.get(key).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    Some(DiagnosticView {
        code: value.get("code")?.as_str()?.to_owned(),
        severity: text("severity").to_ascii_lowercase().parse().unwrap_or(Severity::Warning),
        share: share.to_owned(),
        file: text("file"),
        line: number("line"),
        column: number("column"),
        message: text("message"),
        hint: text("hint"),
    })
}

/// Files that are there and may not be read yet: what names one of them is not wrong, only early.
#[derive(Debug, Clone, Default)]
pub struct Settling(Vec<(String, String)>);

impl Settling {
    pub fn of(seen: &Seen<'_>) -> Self {
        let unsettled = seen.core.unsettled().into_iter();
        Self(unsettled.map(|one| (seen.world.share_name(one.file.share), one.file.path.to_string())).collect())
    }

    /// Whether a finding was calmed.
    pub fn is_calm(one: &DiagnosticView) -> bool {
        one.code == Code::MediaMissing.name() && one.severity == Severity::Info
    }

    /// Takes the alarm out of a finding that the file's settling will mend.
    pub fn calm(&self, one: &mut DiagnosticView) {
        let Some(named) = one.message.strip_suffix(NOT_HERE).filter(|_| one.code == Code::MediaMissing.name()) else {
            return;
        };
        let name = named.rsplit('/').next().unwrap_or(named);
        let episode = one.file.find("/rundown/").map_or("", |end| &one.file[..=end]);
        let is_it = |path: &str| {
            let last = path.rsplit('/').next().unwrap_or(path);
            path.starts_with(episode) && last.eq_ignore_ascii_case(name)
        };
        if let Some((_, path)) = self.0.iter().find(|(share, path)| *share == one.share && is_it(path)) {
            one.message = format!("{path} is still being copied, or was changed a moment ago");
            one.hint = "nothing is to be done: it is read once it stands still".into();
            one.severity = Severity::Info;
        }
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Settling {
    /// Share and path below its root.
    fn from(files: [(&str, &str); N]) -> Self {
        Self(files.map(|(share, path)| (share.to_owned(), path.to_owned())).into())
    }
}

/// Results of every step of every subject (or of one), by the share they are in.
fn results(seen: &Seen<'_>, share: Option<ShareId>, path: Option<&str>) -> Vec<ResultOf> {
    let mut found = Vec::new();
    for subject in seen.core.subjects() {
        let subject = subject.subject;
        if share.is_some_and(|share| share != subject.share) || path.is_some_and(|path| *subject.path != *path) {
            continue;
        }
        for index in seen.core.index(&subject) {
            if let Some(digest) = index.action.result {
                let path = subject.path.to_string();
                found.push(ResultOf { share: subject.share, path, step: index.node.step.to_string(), digest });
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Looks for what makes a note one that is never written before a person mends it: where it is, and what.
pub fn unwritten(seen: &Seen<'_>, file: &FilePath) -> impl FnOnce(&Archive) -> Option<String> + use<> {
    let of_it = |found: &show_core::Subject| found.share == file.share && file.path.starts_with(&*found.path);
    let subject = seen.core.subjects().into_iter().map(|found| found.subject).find(of_it);
    let results = subject.map_or_else(Vec::new, |subject| results(seen, Some(file.share), Some(&subject.path)));
    let path = file.path.clone();
    move |archive| {
        let mut all = results.iter().filter_map(|of| Some(diagnostics_of("", &*archive.result(&of.digest)?))).flatten();
        let is_unwritten = |one: &DiagnosticView| {
            one.hint == UNWRITTEN || [Code::FmUnterminated.name(), Code::FileReadError.name()].contains(&&*one.code)
        };
        let found = all.find(|one| *one.file == *path && is_unwritten(one))?;
        Some(format!("{} (line {})", found.message, found.line))
    }
}

/// A result and whose it is.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ResultOf {
    share: ShareId,
    /// The subject's.
    path: String,
    step: String,
    digest: show_core::Digest,
}

pub fn diagnostics(seen: &Seen<'_>, ask: show_protocol::ask::Diagnostics) -> Answered {
    let place = ask.episode.as_ref().map(|typed| name::episode(seen, typed)).transpose()?;
    let file = ask.path.as_ref().map(|typed| name::file(seen, typed)).transpose()?;
    let share = place.as_ref().map(|place| place.share).or(file.as_ref().map(|file| file.share));
    let results = results(seen, share, place.as_ref().map(|place| &*place.path));
    let names: BTreeMap<ShareId, String> =
        results.iter().map(|of| (of.share, seen.world.share_name(of.share))).collect();
    let settling = Settling::of(seen);
    Ok(later(move |archive| {
        let mut all: Vec<DiagnosticView> = results
            .iter()
            .filter_map(|of| Some(diagnostics_of(&names[&of.share], &*archive.result(&of.digest)?)))
            .flatten()
            .map(|mut one| {
                settling.calm(&mut one);
                one
            })
            .filter(|one| file.as_ref().is_none_or(|file| *one.file == *file.path))
            .filter(|one| ask.severity.is_none_or(|severity| one.severity <= severity))
            .collect();
        sort(&mut all);
        let count =
            |severity| u32::try_from(all.iter().filter(|one| one.severity == severity).count()).unwrap_or(u32::MAX);
        let (errors, warnings, infos) = (count(Severity::Error), count(Severity::Warning), count(Severity::Info));
        match page(all, ask.after.as_deref(), ask.limit) {
            Ok((diagnostics, next)) => {
                Answer::Diagnostics(DiagnosticsView { diagnostics, errors, warnings, infos, next }).into()
            }
            Err(refusal) => refusal.into(),
        }
    }))
}

/// By share, file and place; the same finding of two steps is one.
pub fn sort(all: &mut Vec<DiagnosticView>) {
    let key = |one: &DiagnosticView| {
        (one.share.clone(), one.file.clone(), one.line, one.column, one.code.clone(), one.message.clone())
    };
    all.sort_by_cached_key(key);
    all.dedup_by_key(|one| key(one));
}

/// Files left out: by steps, in their results, and by the watcher, on the board.
pub struct LeftOut {
    results: Vec<ResultOf>,
    names: BTreeMap<ShareId, String>,
    found: Vec<LeftOutFile>,
}

pub fn gather_left_out(seen: &Seen<'_>, share: Option<ShareId>, path: Option<&str>) -> LeftOut {
    let results = results(seen, share, path);
    let names = seen.world.configured().map(|(id, share, _)| (id, share.name.clone())).collect();
    let mut found = Vec::new();
    for (id, name, _) in seen.world.configured() {
        if share.is_some_and(|share| share != id) {
            continue;
        }
        for (file, why) in seen.world.board.share(id).left_out {
            if path.is_none_or(|path| file.starts_with(path)) {
                let (share, reason) = (name.name.clone(), why.to_owned());
                found.push(LeftOutFile { share, file, reason, ..LeftOutFile::default() });
            }
        }
    }
    LeftOut { results, names, found }
}

impl LeftOut {
    pub fn finish(self, archive: &Archive) -> Vec<LeftOutFile> {
        let mut by_file: BTreeMap<(String, String, String), Vec<String>> = BTreeMap::new();
        // What is wrong with the front matter of a file, in words: the reason only names the line.
        let mut broken: BTreeMap<(String, String), String> = BTreeMap::new();
        for of in &self.results {
            let Some(result) = archive.result(&of.digest) else { continue };
            let share = self.names.get(&of.share).cloned().unwrap_or_default();
            for one in diagnostics_of(&share, &result).into_iter().filter(|one| one.code.starts_with("FM_")) {
                broken.entry((one.share, one.file)).or_insert(one.message);
            }
            let list = result.get("left_out").and_then(Value::as_array);
            for one in list.into_iter().flatten() {
                let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                // Steps name files below their subject.
                let file = text("file");
                let file = if file.starts_with(&of.path) { file } else { format!("{}{file}", of.path) };
                let steps = by_file.entry((share.clone(), file, text("reason"))).or_default();
                if !steps.contains(&of.step) {
                    steps.push(of.step.clone());
                }
            }
        }
        let mut all = self.found;
        all.extend(by_file.into_iter().map(|((share, file, reason), steps)| {
            let is_broken = reason.starts_with("frontmatter broken");
            let place = (share, file);
            let note = broken.get(&place).filter(|_| is_broken).cloned().unwrap_or_default();
            LeftOutFile { share: place.0, file: place.1, reason, steps, note }
        }));
        all.sort_by(|a, b| (&a.share, &a.file, &a.reason).cmp(&(&b.share, &b.file, &b.reason)));
        all
    }
}

pub fn left_out(seen: &Seen<'_>, ask: show_protocol::ask::LeftOut) -> Answered {
    let place = ask.episode.as_ref().map(|typed| name::episode(seen, typed)).transpose()?;
    let gathered =
        gather_left_out(seen, place.as_ref().map(|place| place.share), place.as_ref().map(|place| &*place.path));
    Ok(later(move |archive| match page(gathered.finish(archive), ask.after.as_deref(), ask.limit) {
        Ok((files, next)) => Answer::LeftOut(LeftOutView { files, next }).into(),
        Err(refusal) => refusal.into(),
    }))
}

fn proposal_state(state: &State) -> ProposalState {
    match state {
        State::Open => ProposalState::Open,
        State::Accepted { .. } => ProposalState::Accepted,
        State::Published { .. } => ProposalState::Published,
        State::Rejected { .. } => ProposalState::Rejected,
        State::Stale => ProposalState::Stale,
    }
}

pub fn proposal_line(seen: &Seen<'_>, row: &ProposalRow) -> ProposalLine {
    ProposalLine {
        proposal: show_protocol::ProposalId(row.id.0),
        state: proposal_state(&row.state),
        share: seen.world.share_name(row.file.share),
        episode: episode_of(&row.subject.path),
        file: row.file.path.to_string(),
        code: row.code.clone(),
        summary: row.told(),
        step: row.node.step.to_string(),
        created_at_ms: row.created.0,
        decided_by: match &row.state {
            State::Accepted { by } | State::Rejected { by } | State::Published { by, .. } => Some(by.clone()),
            State::Open | State::Stale => None,
        },
        setting: Code::parse(&row.code)
            .map(setting_of)
            .filter(|name| seen.core.rules().settings.contains_key(name))
            .unwrap_or_default(),
    }
}

pub fn proposals(seen: &Seen<'_>, ask: &show_protocol::ask::Proposals) -> Answered {
    let place = ask.episode.as_ref().map(|typed| name::episode(seen, typed)).transpose()?;
    let wanted = |row: &&ProposalRow| {
        let state = proposal_state(&row.state);
        (if ask.states.is_empty() { state == ProposalState::Open } else { ask.states.contains(&state) })
            && place.as_ref().is_none_or(|place| row.subject.share == place.share && row.subject.path == place.path)
    };
    let mut rows: Vec<&ProposalRow> = seen.core.proposals().filter(wanted).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    let (rows, next) = page(rows, ask.after.as_deref(), ask.limit)?;
    let proposals = rows.into_iter().map(|row| proposal_line(seen, row)).collect();
    Ok(Answer::Proposals(ProposalsView { proposals, next }).into())
}

pub fn proposal(seen: &Seen<'_>, ask: &show_protocol::ask::Proposal) -> Answered {
    let found = seen.core.proposals().find(|row| row.id.0 == ask.proposal.0);
    let Some(row) = found else {
        let text = format!("there is no proposal {}", ask.proposal);
        return Err(not_found(text, "\"showctl proposals\" lists those that are open").into());
    };
    let (line, row) = (proposal_line(seen, row), row.clone());
    Ok(later(move |archive| match change(archive, &row) {
        Ok(diff) => Answer::Proposal(ProposalView { proposal: line, diff }).into(),
        Err(why) => invalid(format!("the change of proposal {} cannot be shown: {why}", row.id), "").into(),
    }))
}

/// What a proposal would do to the text it was made from.
fn change(archive: &Archive, row: &ProposalRow) -> Result<String, String> {
    let (was, now) = crate::ballot::change(archive, &row.file.path, &row.base, &row.edits)?;
    Ok(unified(&row.file.path, &was, &now))
}

/// Two texts of one file as a unified diff.
pub fn unified(path: &str, was: &str, now: &str) -> String {
    similar::TextDiff::from_lines(was, now)
        .unified_diff()
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}
