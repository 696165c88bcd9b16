//! Requests that want something done, in the core's words.

use super::{Answered, No, Seen, build, invalid, job, name, settle};
use crate::inbox::{Said, Then};
use crate::store::{BuildFilter, JobFilter, StoreError};
use crate::words::because;
use show_core::{Ask, Digest, FilePath, JobName, JobState, LeaseId, LeaseKind, ProposalId};
use show_protocol::{Answer, Failure, Refusal, RefusalKind, Reply, Request};
use show_publish::Keep;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Of what failed the newest so many are looked at by `requeue --failed`, and of each subject so many builds.
const FAILED_LOOKED_AT_MAX: usize = 1_000;
const BUILDS_LOOKED_AT_MAX: usize = 50;

/// What to ask of the core for a request, or a no at once.
///
/// # Errors
/// When the store failed.
pub fn wish(seen: &Seen<'_>, request: Request) -> Result<Said, StoreError> {
    settle(ask_of(seen, request))
}

#[allow(clippy::unnecessary_wraps, reason = "what most wishes end with")]
fn asked(ask: Ask, then: Then) -> Answered {
    Ok(Said::Ask(Box::new((ask, then))))
}

fn ask_of(seen: &Seen<'_>, request: Request) -> Answered {
    use Request as R;
    match request {
        R::Submit(ask) => {
            let subject = name::subject(seen, &ask.pipeline, &ask.subject)?;
            asked(Ask::Submit { subject, parameters: ask.parameters }, Then::Submitted)
        }
        R::Compile(ask) => compile(seen, &ask),
        R::AddIgnores(ask) => super::doctor::add_ignores(seen, &ask),
        R::Requeue(ask) => requeue(seen, &ask),
        R::Cancel(ask) => {
            let mut jobs = Vec::new();
            for id in &ask.jobs {
                jobs.push(job::must_find(seen, *id)?.id);
            }
            for id in &ask.builds {
                // What has ended or is being published can no longer be stopped, and the rest should be.
                let before = jobs.len();
                for job in build::must_find(seen, *id)?.jobs {
                    let is_under_way =
                        |state: &JobState| !state.is_over() && !matches!(state, JobState::Publishing { .. });
                    if job::find(seen, job)?.is_some_and(|row| is_under_way(&row.state)) {
                        jobs.push(job);
                    }
                }
                if jobs.len() == before {
                    let (text, hint) =
                        (format!("nothing of build {id} can be stopped"), format!("see \"showctl build {id}\""));
                    return Err(Refusal::new(RefusalKind::NotNow, text, hint).into());
                }
            }
            if jobs.is_empty() {
                return Err(invalid("nothing was named to cancel", "name jobs or builds").into());
            }
            let ids = jobs.iter().map(|job| job.0).collect();
            asked(Ask::Cancel { jobs }, Then::ThisMany { ids })
        }
        R::Wait(ask) => {
            let mut jobs = Vec::new();
            for id in &ask.jobs {
                jobs.push(job::must_find(seen, *id)?.id);
            }
            let then = Then::Waited { jobs: jobs.clone(), builds: ask.builds.clone(), idle: false };
            for id in &ask.builds {
                jobs.extend(build::must_find(seen, *id)?.jobs);
            }
            asked(Ask::Wait { jobs }, then)
        }
        R::WaitIdle(ask) => {
            let then = Then::Waited { jobs: Vec::new(), builds: Vec::new(), idle: true };
            asked(Ask::WaitIdle { quiet_too: ask.quiet_too }, then)
        }
        R::Take(ask) => take(seen, &ask.path, LeaseKind::Lock, ask.why.clone()),
        R::Hold(ask) => take(seen, &ask.path, LeaseKind::Hold, ask.why.clone()),
        R::Renew(ask) => {
            let lease = LeaseId(ask.lock.0);
            asked(Ask::Renew { lease }, Then::Renewed { lease })
        }
        R::GiveBack(ask) => asked(Ask::GiveBack { lease: LeaseId(ask.lock.0) }, Then::Done),
        R::Release(ask) => asked(Ask::Release { file: name::file(seen, &ask.path)? }, Then::Done),
        R::Accept(ask) => {
            let ids: Vec<u64> = ask.proposals.iter().map(|proposal| proposal.0).collect();
            let proposals = ids.iter().copied().map(ProposalId).collect();
            asked(Ask::Accept { proposals }, Then::ThisMany { ids })
        }
        R::Reject(ask) => {
            let ids: Vec<u64> = ask.proposals.iter().map(|proposal| proposal.0).collect();
            let proposals = ids.iter().copied().map(ProposalId).collect();
            asked(Ask::Reject { proposals }, Then::ThisMany { ids })
        }
        R::WhyFile(ask) => {
            let file = name::file(seen, &ask.path)?;
            asked(Ask::Look { file: file.clone() }, Then::WhyFile { file })
        }
        R::Sweep(ask) => sweep(seen, ask.dry_run),
        R::Restore(ask) => restore(seen, &ask),
        R::Resolve(ask) => super::conflict::resolve(seen, ask),
        R::Edit(ask) => edit(seen, ask),
        R::EpisodeNew(ask) => super::episode::new(seen, ask),
        R::Enumerate(ask) => {
            let mut parameters = BTreeMap::new();
            if ask.remove {
                parameters.insert("remove".to_owned(), "true".to_owned());
            }
            super::numbering::apply(seen, "enumerate", &ask.episode, parameters)
        }
        R::Renumber(ask) => super::numbering::apply(seen, "renumber", &ask.episode, BTreeMap::new()),
        R::Normalise(ask) => super::numbering::apply(seen, "normalise", &ask.episode, BTreeMap::new()),
        other => unreachable!("{other:?} only looks"),
    }
}

fn take(seen: &Seen<'_>, path: &str, kind: LeaseKind, why: String) -> Answered {
    let file = name::file(seen, path)?;
    asked(Ask::Take { file: file.clone(), kind, why: why.clone() }, Then::Lock { file, why })
}

fn compile(seen: &Seen<'_>, ask: &show_protocol::ask::Compile) -> Answered {
    const ALWAYS: [&str; 2] = ["host", "production"];
    const ON_REQUEST: &str = "host-clean";
    let pipeline = match ask.presets.as_slice() {
        presets if presets.iter().all(|preset| ALWAYS.contains(&preset.as_str())) => "show-build",
        [only] if only == ON_REQUEST => "host-clean",
        presets if presets.iter().any(|preset| preset == ON_REQUEST) => {
            return Err(invalid("host-clean is compiled on its own", "ask for it alone, then for the others").into());
        }
        presets => {
            let odd = presets.iter().find(|preset| !ALWAYS.contains(&preset.as_str())).expect("not all are known");
            return Err(
                invalid(format!("there is no preset \"{odd}\""), "presets: host, production, host-clean").into()
            );
        }
    };
    let subject = name::subject(seen, pipeline, &ask.episode)?;
    asked(Ask::Submit { subject, parameters: BTreeMap::new() }, Then::Submitted)
}

fn requeue(seen: &Seen<'_>, ask: &show_protocol::ask::Requeue) -> Answered {
    let place = ask.episode.as_ref().map(|typed| name::episode(seen, typed)).transpose()?;
    if ask.failed {
        if !ask.jobs.is_empty() {
            return Err(invalid("jobs and all failed ones were asked for", "leave one of them out").into());
        }
        let subjects = place.map(|place| name::subjects_at(seen, place.share, &place.path)).unwrap_or_default();
        let over = failed_and_over(seen, &subjects)?;
        return asked(Ask::RequeueFailed { subjects, over, force: ask.force }, Then::Ids);
    }
    let mut ids = Vec::new();
    for id in &ask.jobs {
        ids.push(show_core::JobId(id.0));
    }
    if let Some(place) = place {
        // What runs on request only is not asked for by naming an episode.
        let pipelines = &seen.core.rules().pipelines;
        let by_itself = |subject: &show_core::Subject| {
            pipelines.iter().any(|pipeline| pipeline.name == subject.pipeline && !pipeline.on.is_empty())
        };
        for subject in name::subjects_at(seen, place.share, &place.path).into_iter().filter(by_itself) {
            let newest = BuildFilter { subjects: vec![subject], pipeline: None };
            let newest = seen.reader.builds(&newest, None, 1)?;
            ids.extend(newest.rows.into_iter().flat_map(|build| build.jobs));
        }
    }
    let mut jobs = Vec::new();
    for id in ids {
        jobs.push(job_name(seen, show_protocol::JobId(id.0))?);
    }
    if jobs.is_empty() {
        return Err(invalid("nothing was named to run again", "name jobs, an episode, or --failed").into());
    }
    asked(Ask::Requeue { jobs, force: ask.force }, Then::Ids)
}

/// What failed in the newest build for a subject where that build is over, so that the core does not hold it.
fn failed_and_over(seen: &Seen<'_>, subjects: &[show_core::Subject]) -> Result<Vec<JobName>, No> {
    let bad = JobFilter { subjects: subjects.to_vec(), bad_only: true, ..JobFilter::default() };
    let bad = seen.reader.jobs(&bad, None, FAILED_LOOKED_AT_MAX)?;
    let mut newest: BTreeMap<show_core::Subject, Vec<show_core::BuildRow>> = BTreeMap::new();
    let mut over = Vec::new();
    for row in bad.rows {
        if !matches!(row.state, JobState::Failed { .. }) || seen.core.job(row.id).is_some() {
            continue;
        }
        let builds = match newest.entry(row.subject.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let of_it = BuildFilter { subjects: vec![row.subject.clone()], pipeline: None };
                unknown.insert(seen.reader.builds(&of_it, None, BUILDS_LOOKED_AT_MAX)?.rows)
            }
        };
        let Some(own) = builds.iter().find(|build| build.jobs.contains(&row.id)) else { continue };
        let last = builds.iter().find(|build| build.parameters == own.parameters);
        if last.is_some_and(|last| last.ended.is_some() && last.jobs.contains(&row.id)) {
            let parameters = own.parameters.clone();
            over.push(JobName { job: row.id, subject: row.subject, parameters, node: row.node });
        }
    }
    Ok(over)
}

fn job_name(seen: &Seen<'_>, id: show_protocol::JobId) -> Result<JobName, No> {
    let row = job::must_find(seen, id)?;
    let parameters = build::must_find(seen, show_protocol::BuildId(row.build.0))?.parameters;
    Ok(JobName { job: row.id, subject: row.subject, parameters, node: row.node })
}

fn sweep(seen: &Seen<'_>, dry_run: bool) -> Answered {
    let Some(keeper) = seen.world.keeper.clone() else {
        return Err(Refusal::new(RefusalKind::NotNow, "nobody keeps the archive", "restart showd").into());
    };
    Ok(super::later(move |_| match keeper.sweep(dry_run) {
        Ok(swept) => Answer::Swept(swept).into(),
        Err(cause) => failed("the archive was not swept", &cause),
    }))
}

fn restore(seen: &Seen<'_>, ask: &show_protocol::ask::Restore) -> Answered {
    let file = name::file(seen, &ask.path)?;
    let (number, row) = super::file::revision(seen, &file, &ask.revision)?;
    let text = format!("revision {number} of {} is put back", file.path);
    Ok(super::later(move |archive| {
        if !archive.has(&row.digest) {
            return super::file::not_kept(&file, number).into();
        }
        let then = Then::Published { files: vec![file.clone()], text };
        Said::Ask(Box::new((Ask::Restore { file, digest: row.digest, size: row.size }, then)))
    }))
}

/// Edits travel as the blob that steps' edits are: what is asked of the core names it.
fn edit(seen: &Seen<'_>, ask: show_protocol::ask::Edit) -> Answered {
    let file = name::file(seen, &ask.path)?;
    let Some(base) = show_publish::Digest::from_hex(&ask.base) else {
        return Err(invalid("the base is no digest", "pass the BLAKE3 of the text in hex").into());
    };
    let known = seen.reader.file(&file)?;
    if known.as_ref().is_none_or(|known| known.digest != Digest(base.0)) {
        let text = format!("{} is not the text that these edits were made from", file.path);
        return Err(Refusal::new(RefusalKind::NotNow, text, "read the file again and make them anew").into());
    }
    let edits: Vec<serde_json::Value> = serde_json::from_str(&ask.edits)
        .map_err(|cause| invalid(format!("the edits are no JSON array: {cause}"), "pass them as steps return them"))?;
    let what = ask.what;
    let number = match edits.len() {
        1 => "1 edit".to_owned(),
        many => format!("{many} edits"),
    };
    Ok(super::later(move |archive| {
        let blob = serde_json::json!([{ "file": &*file.path, "edits": edits }]);
        let bytes = serde_json::to_vec(&blob).expect("JSON prints");
        match archive.keep(&bytes, Keep::Durably) {
            Ok(digest) => {
                let text = format!("{what}: {number} of {}", file.path);
                let then = Then::Published { files: vec![file.clone()], text };
                Said::Ask(Box::new((Ask::Edit { file, edits: digest, what }, then)))
            }
            Err(cause) => failed("could not keep the edits", &cause),
        }
    }))
}

pub fn failed(what: &str, cause: &dyn std::error::Error) -> Said {
    let failure = Failure {
        text: what.to_owned(),
        because: vec![because(cause)],
        hint: "check the space on the state's disk".into(),
    };
    Said::Reply(Reply::Failed(failure))
}

/// Files that must be there before they are asked for.
#[allow(clippy::result_large_err, reason = "the error is the answer, made once")]
pub fn keep_all(
    archive: &crate::blob::Archive,
    files: Vec<(FilePath, String)>,
) -> Result<Vec<(FilePath, Digest, u64)>, Said> {
    files
        .into_iter()
        .map(|(file, text)| match archive.keep(text.as_bytes(), Keep::Durably) {
            Ok(digest) => Ok((file, digest, text.len() as u64)),
            Err(cause) => Err(failed("could not keep a new file", &cause)),
        })
        .collect()
}
