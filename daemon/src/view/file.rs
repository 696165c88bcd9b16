//! People's files: what is wrong in them, what was left out, their history, and proposals.

use super::{Answered, No, Seen, before, invalid, later, limit, name, not_found, page};
use crate::attempt::FileEdits;
use crate::blob::Archive;
use crate::words::episode_of;
use serde_json::Value;
use show_core::{FilePath, ProposalRow, ProposalState as State, RevisionRow, ShareId};
use show_protocol::frame::CHUNK_BYTES_MAX;
use show_protocol::{
    Answer, ContentView, DiagnosticView, DiagnosticsView, HistoryView, LeftOutFile, LeftOutView, ProposalLine,
    ProposalState, ProposalView, ProposalsView, RevisionView, Severity,
};
use std::collections::BTreeMap;

fn revision_view(number: u64, row: &RevisionRow, now: Option<show_core::Digest>) -> RevisionView {
    RevisionView {
        revision: number,
        at_ms: row.at.0,
        digest: row.digest.to_string(),
        bytes: row.size,
        origin: row.origin.clone(),
        current: now == Some(row.digest),
    }
}

pub fn history(seen: &Seen<'_>, ask: &show_protocol::ask::History) -> Answered {
    let file = name::file(seen, &ask.path)?;
    let page = seen.reader.revisions(&file, before(ask.after.as_deref())?, limit(ask.limit))?;
    if page.rows.is_empty() && ask.after.is_none() {
        let hint = "only Markdown that showd read has one; \"showctl status\" names the shares";
        return Err(not_found(format!("{} has no history", file.path), hint).into());
    }
    let now = seen.reader.file(&file)?.map(|row| row.digest);
    let view = HistoryView {
        share: seen.world.share_name(file.share),
        file: file.path.to_string(),
        revisions: page.rows.iter().map(|(number, row)| revision_view(*number, row, now)).collect(),
        next: page.next.map(|next| next.to_string()),
    };
    Ok(Answer::History(view).into())
}

/// A version by its number, or by the beginning of its digest.
pub fn revision(seen: &Seen<'_>, file: &FilePath, typed: &str) -> Result<(u64, RevisionRow), No> {
    let missing = || {
        let hint = format!("\"showctl history {}\" lists them", file.path);
        No::from(not_found(format!("{} has no revision {typed}", file.path), hint))
    };
    if typed.len() < 8
        && let Ok(number) = typed.parse::<u64>()
    {
        return Ok((number, seen.reader.revision(file, number)?.ok_or_else(missing)?));
    }
    let page = seen.reader.revisions(file, None, limit(Some(u32::MAX)))?;
    page.rows.into_iter().find(|(_, row)| row.digest.to_string().starts_with(typed)).ok_or_else(missing)
}

pub fn content(seen: &Seen<'_>, ask: &show_protocol::ask::Content) -> Answered {
    let file = name::file(seen, &ask.path)?;
    let (number, row) = revision(seen, &file, &ask.revision)?;
    let now = seen.reader.file(&file)?.map(|row| row.digest);
    let revision = revision_view(number, &row, now);
    let from = usize::try_from(ask.from).unwrap_or(usize::MAX);
    Ok(later(move |archive| match archive.read(&row.digest) {
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
        Err(cause) => super::wish::failed(&format!("could not read revision {number}"), &cause),
    }))
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
    Ok(later(move |archive| {
        let mut all: Vec<DiagnosticView> = results
            .iter()
            .filter_map(|of| Some(diagnostics_of(&names[&of.share], &*archive.result(&of.digest)?)))
            .flatten()
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
                found.push(LeftOutFile { share: name.name.clone(), file, reason: why.to_owned(), steps: Vec::new() });
            }
        }
    }
    LeftOut { results, names, found }
}

impl LeftOut {
    pub fn finish(self, archive: &Archive) -> Vec<LeftOutFile> {
        let mut by_file: BTreeMap<(String, String, String), Vec<String>> = BTreeMap::new();
        for of in &self.results {
            let Some(result) = archive.result(&of.digest) else { continue };
            let list = result.get("left_out").and_then(Value::as_array);
            for one in list.into_iter().flatten() {
                let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                let share = self.names.get(&of.share).cloned().unwrap_or_default();
                // Steps name files below their subject.
                let file = text("file");
                let file = if file.starts_with(&of.path) { file } else { format!("{}{file}", of.path) };
                let steps = by_file.entry((share, file, text("reason"))).or_default();
                if !steps.contains(&of.step) {
                    steps.push(of.step.clone());
                }
            }
        }
        let mut all = self.found;
        all.extend(by_file.into_iter().map(|((share, file, reason), steps)| LeftOutFile {
            share,
            file,
            reason,
            steps,
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
        summary: row.summary.clone(),
        step: row.node.step.to_string(),
        created_at_ms: row.created.0,
        decided_by: match &row.state {
            State::Accepted { by } | State::Rejected { by } => Some(by.clone()),
            _ => None,
        },
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
    Ok(later(move |archive| match diff(archive, &row) {
        Ok(diff) => Answer::Proposal(ProposalView { proposal: line, diff }).into(),
        Err(why) => invalid(format!("the change of proposal {} cannot be shown: {why}", row.id), "").into(),
    }))
}

/// What a proposal would do to the text it was made from.
fn diff(archive: &Archive, row: &ProposalRow) -> Result<String, String> {
    use show_script::weave::{FileKind, Layer as Edits, Weave, weave};
    let because = |cause: &dyn std::error::Error| crate::words::because(cause);
    let base =
        String::from_utf8(archive.read(&row.base).map_err(|cause| because(&cause))?).map_err(|_| "it is no text")?;
    let bytes = archive.read(&row.edits).map_err(|cause| because(&cause))?;
    let edits = read_edits(&bytes, &row.file.path).map_err(|cause| because(&cause))?;
    let layer = Edits { order: 0, name: row.node.step.to_string(), may_edit: vec!["*".into()], edits };
    let asked =
        Weave { text: &base, kind: FileKind::of_path(&row.file.path), layers: &[layer], ours: &[], bindings: &[] };
    // A new id is made when the edit is woven in earnest.
    let woven = weave(&asked, &mut |_, prefix| Some(format!("{prefix}00000000000000")));
    Ok(unified(&row.file.path, &base, &woven.text))
}

/// The edits of one file in a blob of edits; a proposal's may also be the bare array of them.
fn read_edits(bytes: &[u8], file: &str) -> serde_json::Result<Vec<show_script::edit::Edit>> {
    match serde_json::from_slice::<Vec<FileEdits>>(bytes) {
        Ok(files) => Ok(files.into_iter().filter(|edits| edits.file == file).flat_map(|edits| edits.edits).collect()),
        Err(_) => serde_json::from_slice(bytes),
    }
}

/// Two texts of one file as a unified diff.
pub fn unified(path: &str, was: &str, now: &str) -> String {
    similar::TextDiff::from_lines(was, now)
        .unified_diff()
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}
