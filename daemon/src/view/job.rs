//! Jobs: pages, one with everything known, why, and what it printed.

use super::{Answered, Seen, before, limit, name, not_found};
use crate::attempt::log;
use crate::blob::Archive;
use crate::inbox::Said;
use crate::store::{JobFilter, JobPredicate, Page};
use crate::words::episode_of;
use show_core::{Blocker, Done, Field, JobId, JobRow, JobState as State, Node};
use show_protocol::{
    Answer, AttemptView, BlockerKind, BlockerView, JobLine, JobRef, JobState, JobView, JobsView, KeyChange, NameValue,
    OutputView, PoolUse, WhyView,
};

/// A result longer than this is not sent along with its job.
const RESULT_BYTES_MAX: usize = 64 << 10;
/// What the last attempt said last.
const LAST_WORDS_MAX: usize = 20;
/// A log is read for its end in pieces of this size.
const LOG_PIECE_BYTES: usize = 256 << 10;

pub fn state_of(state: &State) -> JobState {
    match state {
        State::Waiting => JobState::Waiting,
        State::Running { .. } => JobState::Running,
        State::Stopping { .. } => JobState::Stopping,
        State::Publishing { .. } => JobState::Publishing,
        State::Retrying { .. } => JobState::Retrying,
        State::Done { how: Done::Succeeded, .. } => JobState::Succeeded,
        State::Done { how: Done::SucceededWithErrors, .. } => JobState::SucceededWithErrors,
        State::Done { how: Done::UpToDate, .. } => JobState::UpToDate,
        State::Done { how: Done::NotNeeded, .. } => JobState::NotNeeded,
        State::Done { how: Done::Unavailable, .. } => JobState::Unavailable,
        State::Failed { .. } => JobState::Failed,
        State::Canceled { .. } => JobState::Canceled,
    }
}

fn since_ms(job: &JobRow) -> i64 {
    match &job.state {
        State::Waiting => job.created.0,
        State::Running { since } | State::Stopping { since, .. } | State::Publishing { since, .. } => since.0,
        State::Retrying { .. } => job.attempts.last().and_then(|attempt| attempt.ended).unwrap_or(job.created).0,
        State::Done { at, .. } | State::Failed { at, .. } | State::Canceled { at, .. } => at.0,
    }
}

fn message(seen: &Seen<'_>, job: &JobRow) -> String {
    match &job.state {
        State::Waiting => seen.core.blockers(job.id).first().map_or_else(String::new, ToString::to_string),
        State::Running { .. } => job.progress.as_ref().map_or_else(String::new, |(_, message)| message.clone()),
        State::Stopping { then, .. } => match then {
            show_core::Then::Canceled { why } | show_core::Then::Again { why } => why.clone(),
        },
        State::Publishing { .. } => {
            let blockers = seen.core.blockers(job.id);
            blockers.first().map_or_else(|| "moving its results into the share".into(), ToString::to_string)
        }
        State::Retrying { why, .. } | State::Failed { why, .. } | State::Canceled { why, .. } => why.clone(),
        State::Done { .. } => job.summary.clone(),
    }
}

pub fn line(seen: &Seen<'_>, job: &JobRow) -> JobLine {
    let is_running = matches!(job.state, State::Running { .. });
    JobLine {
        job: show_protocol::JobId(job.id.0),
        build: show_protocol::BuildId(job.build.0),
        pipeline: job.subject.pipeline.to_string(),
        share: seen.world.share_name(job.subject.share),
        subject: job.subject.path.to_string(),
        episode: episode_of(&job.subject.path),
        step: job.node.step.to_string(),
        element: job.node.element.to_string(),
        state: state_of(&job.state),
        since_at_ms: since_ms(job),
        created_at_ms: job.created.0,
        attempt: show_protocol::AttemptNo(job.attempt.0),
        percent: job.progress.as_ref().filter(|_| is_running).and_then(|(percent, _)| *percent),
        message: message(seen, job),
        asked: job.asked,
    }
}

/// The job as it is now: the core's, else the store's.
pub fn find(seen: &Seen<'_>, job: JobId) -> Result<Option<JobRow>, crate::store::StoreError> {
    match seen.core.job(job) {
        Some(row) => Ok(Some(row.clone())),
        None => seen.reader.job(job),
    }
}

pub fn must_find(seen: &Seen<'_>, job: show_protocol::JobId) -> Result<JobRow, super::No> {
    let hint = "\"showctl jobs\" lists them; old ones are forgotten with their builds";
    find(seen, JobId(job.0))?.ok_or_else(|| not_found(format!("there is no job {job}"), hint).into())
}

/// A filter by what people call a job's state.
#[derive(Debug)]
struct States<'a>(&'a [JobState]);

impl JobPredicate for States<'_> {
    fn holds(&self, job: &JobRow) -> bool {
        self.0.contains(&state_of(&job.state))
    }
}

pub fn jobs(seen: &Seen<'_>, ask: &show_protocol::ask::Jobs) -> Answered {
    let subjects = match &ask.episode {
        Some(typed) => {
            let place = name::episode(seen, typed)?;
            name::subjects_at(seen, place.share, &place.path)
        }
        None => Vec::new(),
    };
    let states = States(&ask.states);
    let has_states = !ask.states.is_empty();
    let filter = JobFilter {
        subjects,
        build: ask.build.map(|build| show_core::BuildId(build.0)),
        step: ask.step.as_deref(),
        bad_only: has_states && ask.states.iter().all(|state| matches!(state, JobState::Failed | JobState::Canceled)),
        state: has_states.then_some(&states as &dyn JobPredicate),
    };
    let before = before(ask.after.as_deref())?;
    let page = if has_states && ask.states.iter().copied().all(is_under_way) {
        under_way(seen, &filter, before, limit(ask.limit))
    } else {
        seen.reader.jobs(&filter, before, limit(ask.limit))?
    };
    let jobs = page.rows.iter().map(|row| line(seen, seen.core.job(row.id).unwrap_or(row))).collect();
    let next = page.next.map(|next| next.to_string());
    Ok(Answer::Jobs(JobsView { jobs, next, passed_over: page.passed_over }).into())
}

fn is_under_way(state: JobState) -> bool {
    use JobState as S;
    matches!(state, S::Waiting | S::Running | S::Stopping | S::Publishing | S::Retrying)
}

/// The same page of those that are not over: the core has all of them at hand, however many the store has.
fn under_way(seen: &Seen<'_>, filter: &JobFilter<'_>, before: Option<u64>, limit: usize) -> Page<JobRow> {
    let found = seen.core.jobs().filter(|job| before.is_none_or(|before| job.id.0 < before));
    let mut rows: Vec<&JobRow> = found.filter(|job| filter.holds(job)).collect();
    rows.sort_unstable_by_key(|job| std::cmp::Reverse(job.id));
    let next = rows.get(limit).and_then(|_| rows.get(limit - 1)).map(|job| job.id.0);
    Page { rows: rows.into_iter().take(limit).cloned().collect(), next, passed_over: 0 }
}

/// What a job waits for and who waits for it, from its build's graph.
fn relations(seen: &Seen<'_>, job: &JobRow) -> Result<[Vec<JobRef>; 3], super::No> {
    let refer = |id: JobId| -> Result<Option<JobRef>, super::No> {
        Ok(find(seen, id)?.map(|row| JobRef {
            job: show_protocol::JobId(id.0),
            step: row.node.step.to_string(),
            element: row.node.element.to_string(),
            state: state_of(&row.state),
        }))
    };
    let graph = seen.core.graph(job.build);
    let Some(own) = graph.iter().find(|node| node.job == job.id) else { return by_pipeline(seen, job) };
    let refs = |ids: &[JobId]| -> Result<Vec<JobRef>, super::No> {
        let mut found = Vec::new();
        for id in ids {
            found.extend(refer(*id)?);
        }
        Ok(found)
    };
    let needed_by: Vec<_> = graph.iter().filter(|node| node.needs.contains(&job.id)).map(|node| node.job).collect();
    Ok([refs(&own.needs)?, refs(&own.after)?, refs(&needed_by)?])
}

/// The same for a build that is over: its graph is what the pipeline says.
fn by_pipeline(seen: &Seen<'_>, job: &JobRow) -> Result<[Vec<JobRef>; 3], super::No> {
    let mut relations = [Vec::new(), Vec::new(), Vec::new()];
    let pipelines = &seen.core.rules().pipelines;
    let Some(pipeline) = pipelines.iter().find(|pipeline| pipeline.name == job.subject.pipeline) else {
        return Ok(relations);
    };
    let Some(build) = seen.reader.build(job.build)? else { return Ok(relations) };
    let step_of = |node: &Node| pipeline.steps.iter().find(|step| step.name == node.step);
    for id in build.jobs {
        let Some(other) = find(seen, id)? else { continue };
        let touches =
            job.node.element.is_empty() || other.node.element.is_empty() || job.node.element == other.node.element;
        if id == job.id || !touches {
            continue;
        }
        let reference = JobRef {
            job: show_protocol::JobId(id.0),
            step: other.node.step.to_string(),
            element: other.node.element.to_string(),
            state: state_of(&other.state),
        };
        let own = step_of(&job.node);
        if own.is_some_and(|own| own.needs.contains(&other.node.step)) {
            relations[0].push(reference);
        } else if own.is_some_and(|own| own.after.contains(&other.node.step)) {
            relations[1].push(reference);
        } else if step_of(&other.node).is_some_and(|other| other.needs.contains(&job.node.step)) {
            relations[2].push(reference);
        }
    }
    Ok(relations)
}

pub fn job(seen: &Seen<'_>, asked: show_protocol::JobId) -> Answered {
    let row = must_find(seen, asked)?;
    let build = match seen.core.build(row.build) {
        Some(build) => Some(build.clone()),
        None => seen.reader.build(row.build)?,
    };
    let [needs, after, needed_by] = relations(seen, &row)?;
    let action = match row.key {
        Some(key) => seen.reader.actions(&[key])?.0.pop(),
        None => None,
    };
    let pipelines = &seen.core.rules().pipelines;
    let step = pipelines
        .iter()
        .find(|pipeline| pipeline.name == row.subject.pipeline)
        .and_then(|pipeline| pipeline.steps.iter().find(|step| step.name == row.node.step));
    let outputs = action.iter().flat_map(|action| &action.outputs).map(|output| output_view(seen, output)).collect();
    let mut view = JobView {
        job: line(seen, &row),
        cause: build.as_ref().map_or_else(String::new, |build| build.cause.clone()),
        asked_by: build.as_ref().and_then(|build| build.asked_by.clone()),
        parameters: build.iter().flat_map(|build| &build.parameters).map(name_value).collect(),
        key: row.key.map(|key| key.to_string()),
        key_parts: row.key_parts.iter().map(|(name, value)| name_value((name, value))).collect(),
        needs,
        after,
        needed_by,
        attempts: row
            .attempts
            .iter()
            .map(|attempt| AttemptView {
                attempt: show_protocol::AttemptNo(attempt.attempt.0),
                started_at_ms: attempt.started.0,
                ended_at_ms: attempt.ended.map(|ended| ended.0),
                outcome: if attempt.ended.is_none() { "running".into() } else { attempt.outcome.clone() },
                why: attempt.why.clone(),
            })
            .collect(),
        outputs,
        edits: action
            .iter()
            .flat_map(|action| &action.edits)
            .flat_map(|edits| &edits.files)
            .map(|file| file.path.to_string())
            .collect(),
        facts: action
            .iter()
            .flat_map(|action| &action.facts)
            .map(|(name, field)| name_value((name, &words_of(field))))
            .collect(),
        result: None,
        diagnostics: Vec::new(),
        pools: step
            .iter()
            .flat_map(|step| &step.pools)
            .map(|(pool, slots)| PoolUse { pool: pool.clone(), slots: *slots })
            .collect(),
        timeout_ms: step.map_or(0, |step| step.timeout_ms),
        notes: Vec::new(),
    };
    let (share, result) = (seen.world.share_name(row.subject.share), action.and_then(|action| action.result));
    let log = crate::attempt::log_path(&seen.world.config.paths.state, row.id, row.attempt);
    Ok(super::later(move |archive| {
        if let Some(digest) = result {
            if let Ok(bytes) = archive.read(&digest)
                && bytes.len() <= RESULT_BYTES_MAX
            {
                view.result = String::from_utf8(bytes).ok();
            }
            if let Some(result) = archive.result(&digest) {
                view.diagnostics = super::file::diagnostics_of(&share, &result);
            }
        }
        view.notes = notes(&log);
        Answer::Job(view).into()
    }))
}

pub fn output_view(seen: &Seen<'_>, output: &show_core::Output) -> OutputView {
    let now = seen.reader.file(&output.file).ok().flatten();
    OutputView {
        role: output.role.clone(),
        share: seen.world.share_name(output.file.share),
        file: output.file.path.to_string(),
        path: seen.world.absolute(&output.file),
        digest: output.digest.to_string(),
        bytes: output.size,
        in_place: now.is_some_and(|file| file.digest == output.digest),
    }
}

pub fn name_value((name, value): (&String, &String)) -> NameValue {
    NameValue { name: name.clone(), value: value.clone() }
}

fn words_of(field: &Field) -> String {
    match field {
        Field::Text(text) => text.clone(),
        Field::Flag(flag) => flag.to_string(),
        Field::Number(number) => number.to_string(),
    }
}

pub fn blocker(blocker: &Blocker) -> BlockerView {
    let job = |job: &JobId| Some(show_protocol::JobId(job.0));
    let file = |file: &show_core::FilePath| Some(file.path.to_string());
    let mut view = BlockerView {
        kind: BlockerKind::Other,
        text: blocker.to_string(),
        job: None,
        file: None,
        pool: None,
        until_at_ms: blocker.until().map(|until| until.0),
    };
    match blocker {
        Blocker::Need { job: of, soft, .. } => {
            view.kind = if *soft { BlockerKind::After } else { BlockerKind::Need };
            view.job = of.as_ref().and_then(job);
        }
        Blocker::NeedFailed { job: of, .. } => {
            view.kind = BlockerKind::FailedNeed;
            view.job = of.as_ref().and_then(job);
        }
        Blocker::InputMissing { file: of } => {
            view.kind = BlockerKind::Missing;
            view.file = file(of);
        }
        Blocker::InputUnsettled { file: of, .. } | Blocker::Hashing { file: of } | Blocker::Weaving { file: of } => {
            view.kind = BlockerKind::Unsettled;
            view.file = file(of);
        }
        Blocker::WeaveFailed { file: of, .. }
        | Blocker::NotHandedBack { file: of, .. }
        | Blocker::Collision { file: of, .. } => view.file = file(of),
        Blocker::PoolFull { pool, .. } | Blocker::PoolHeld { pool } => {
            view.kind = BlockerKind::Pool;
            view.pool = Some(pool.clone());
        }
        Blocker::PoolReserved { pool, by } => {
            view.kind = BlockerKind::Pool;
            view.pool = Some(pool.clone());
            view.job = job(by);
        }
        Blocker::FileBusy { file: of, by } => {
            view.kind = BlockerKind::Lease;
            view.file = file(of);
            view.job = job(by);
        }
        Blocker::Locked { file: of, .. } => {
            view.kind = BlockerKind::Lock;
            view.file = file(of);
        }
        Blocker::Held { file: of, .. } => {
            view.kind = BlockerKind::Hold;
            view.file = file(of);
        }
        Blocker::ChangedLately { file: of, .. }
        | Blocker::WrittenLately { file: of, .. }
        | Blocker::BeingWritten { file: of, .. }
        | Blocker::Probing { file: of }
        | Blocker::Disquiet { file: of, .. }
        | Blocker::Storm { file: of, .. } => {
            view.kind = BlockerKind::NotQuiet;
            view.file = file(of);
        }
        Blocker::ConflictCopy { file: of, .. } => {
            view.kind = BlockerKind::Conflict;
            view.file = file(of);
        }
        Blocker::ShareAway { .. } | Blocker::ShareUnscanned { .. } => view.kind = BlockerKind::ShareAway,
        Blocker::ShareReadOnly { .. } => view.kind = BlockerKind::ReadOnly,
        Blocker::RunnerAway => view.kind = BlockerKind::Runner,
        Blocker::RetryAt { .. } | Blocker::PublishRetry { .. } => view.kind = BlockerKind::Retry,
        _ => {}
    }
    view
}

/// What differs between two keys, part by part.
pub fn changes(was: &[(String, String)], now: &[(String, String)]) -> Vec<KeyChange> {
    let value = |parts: &[(String, String)], name: &str| {
        parts.iter().find(|(part, _)| part == name).map(|(_, value)| value.clone())
    };
    let mut names: Vec<&String> = was.iter().chain(now).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| KeyChange { part: name.clone(), before: value(was, name), now: value(now, name) })
        .filter(|change| change.before != change.now)
        .collect()
}

pub fn why(seen: &Seen<'_>, asked: show_protocol::JobId) -> Answered {
    let row = must_find(seen, asked)?;
    let blockers: Vec<_> = seen.core.blockers(row.id).iter().map(blocker).collect();
    // Of the same step's results the latest is known; that of a later job is no "before".
    let before = seen.core.index(&row.subject).find(|index| index.node == row.node && index.action.job < row.id);
    let changed = match before {
        Some(before) if !row.key_parts.is_empty() => changes(&before.key_parts, &row.key_parts),
        _ => Vec::new(),
    };
    let line = line(seen, &row);
    let (text, hint) = sentence(&row, &line, &blockers);
    let mut view = WhyView { job: line, text, blockers, changed, last_words: Vec::new(), hint };
    if row.attempt.0 == 0 || !state_of(&row.state).has_ended() {
        return Ok(Answer::Why(view).into());
    }
    let log = crate::attempt::log_path(&seen.world.config.paths.state, row.id, row.attempt);
    Ok(super::later(move |_: &Archive| {
        view.last_words = last_words(&log);
        Answer::Why(view).into()
    }))
}

/// The whole answer for a person, and the next move.
fn sentence(row: &JobRow, line: &JobLine, blockers: &[BlockerView]) -> (String, String) {
    let id = row.id;
    match &row.state {
        State::Waiting | State::Publishing { .. } if !blockers.is_empty() => {
            let more = blockers.len() - 1;
            let others = if more > 0 { format!(", and {more} more") } else { String::new() };
            let doing = if row.state == State::Waiting { "has not started" } else { "is not published" };
            let conflict = blockers.iter().find(|blocker| blocker.kind == BlockerKind::Conflict);
            let hint = conflict
                .and_then(|blocker| blocker.file.as_ref())
                .map(|file| format!("\"showctl conflicts\" shows both sides, \"showctl resolve '{file}'\" settles it"));
            (format!("job {id} {doing}: {}{others}", blockers[0].text), hint.unwrap_or_default())
        }
        State::Waiting => (format!("job {id} is ready and starts in a moment"), String::new()),
        State::Running { .. } => {
            (format!("job {id} is running"), format!("\"showctl log {id} --follow\" shows what it prints"))
        }
        State::Publishing { .. } => {
            (format!("job {id} has run; its results are being moved into the share"), String::new())
        }
        State::Stopping { .. } => (format!("job {id} was told to stop: {}", line.message), String::new()),
        State::Retrying { why, .. } => (
            format!("job {id} failed and is tried again: {why}"),
            format!("\"showctl log {id}\" shows what it printed"),
        ),
        State::Done { how: Done::Succeeded, .. } => (format!("job {id} is done"), String::new()),
        State::Done { how: Done::SucceededWithErrors, .. } => (
            format!("job {id} is done, with errors in what it worked on"),
            format!("\"showctl log {id}\" shows what it said, \"showctl diagnostics\" where the errors stand"),
        ),
        State::Done { how: Done::UpToDate, .. } => {
            let text = format!("job {id} did not run: the same was done before, and its results are in place");
            (text, format!("\"showctl requeue {id} --force\" runs it all the same"))
        }
        State::Done { how: Done::NotNeeded, .. } => {
            (format!("job {id} was not needed: its condition is false"), String::new())
        }
        State::Done { how: Done::Unavailable, .. } => (
            format!("job {id} did not run: its step or a tool of it is not here"),
            "\"showctl pipelines show\" says which".into(),
        ),
        State::Failed { why, .. } => {
            let log = format!("\"showctl log {id}\" shows what it printed; ");
            let log = if row.attempt.0 == 0 { "" } else { log.as_str() };
            (format!("job {id} failed: {why}"), format!("{log}\"showctl requeue {id}\" tries again"))
        }
        State::Canceled { why, .. } => {
            (format!("job {id} was cancelled: {why}"), format!("\"showctl requeue {id}\" runs it again"))
        }
    }
}

fn last_words(path: &std::path::Path) -> Vec<String> {
    let mut lines = std::collections::VecDeque::new();
    let mut from = 0;
    while let Ok(piece) = log::read(path, from, None, LOG_PIECE_BYTES) {
        for line in piece.lines {
            lines.push_back(line.text);
            if lines.len() > LAST_WORDS_MAX {
                lines.pop_front();
            }
        }
        if piece.next <= from {
            break;
        }
        from = piece.next;
    }
    lines.into()
}

/// What the runner noted about an attempt: walls that are missing, output that was cut.
fn notes(path: &std::path::Path) -> Vec<String> {
    log::read(path, 0, Some(log::Stream::Note), LOG_PIECE_BYTES)
        .map(|piece| piece.lines.into_iter().map(|line| line.text).collect())
        .unwrap_or_default()
}

pub fn log(seen: &Seen<'_>, ask: &show_protocol::ask::Log) -> Answered {
    let row = must_find(seen, ask.job)?;
    let attempt = ask.attempt.map_or(row.attempt, |attempt| show_core::AttemptNo(attempt.0));
    if row.attempt.0 == 0 {
        let hint = format!("\"showctl why {}\" says why", row.id);
        return Err(not_found(format!("job {} has not run yet", row.id), hint).into());
    }
    if attempt.0 == 0 || attempt > row.attempt {
        let hint = format!("its attempts are 1 to {}", row.attempt);
        return Err(not_found(format!("job {} has no attempt {attempt}", row.id), hint).into());
    }
    Ok(Said::FollowLog { job: row.id, attempt, stream: ask.stream, from: ask.from, follow: ask.follow })
}
