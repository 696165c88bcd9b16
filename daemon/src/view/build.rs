//! Builds with their graphs, pipelines, and plans.

use super::job::{self, blocker, line, name_value, state_of};
use super::{Answered, Seen, before, invalid, limit, name, not_found, page};
use crate::inbox::Said;
use crate::store::BuildFilter;
use crate::words::episode_of;
use show_core::{BuildRow, Done, JobId, JobRow, JobState as State, Pipeline, PlanNode, Standing, Step, Subject, Work};
use show_protocol::{
    Answer, BuildLine, BuildView, BuildsView, Counts, PipelineLine, PipelineView, PipelinesView, PlanAction, PlanStep,
    PlanSubject, PlanView, StepView,
};

pub fn count<'j>(jobs: impl IntoIterator<Item = &'j JobRow>) -> Counts {
    let mut counts = Counts::default();
    for job in jobs {
        let place = match &job.state {
            State::Waiting => &mut counts.waiting,
            State::Running { .. } => &mut counts.running,
            State::Stopping { .. } | State::Publishing { .. } | State::Retrying { .. } => &mut counts.changing,
            State::Done { how: Done::Succeeded, .. } => &mut counts.succeeded,
            State::Done { how: Done::SucceededWithErrors, .. } => &mut counts.with_errors,
            State::Done { how: Done::UpToDate | Done::NotNeeded | Done::Unavailable, .. } => &mut counts.nothing_to_do,
            State::Failed { .. } => &mut counts.failed,
            State::Canceled { .. } => &mut counts.canceled,
        };
        *place += 1;
    }
    counts
}

fn jobs_of(seen: &Seen<'_>, build: &BuildRow) -> Result<Vec<JobRow>, super::No> {
    let mut jobs = Vec::with_capacity(build.jobs.len());
    for id in &build.jobs {
        jobs.extend(job::find(seen, *id)?);
    }
    Ok(jobs)
}

pub fn build_line(seen: &Seen<'_>, build: &BuildRow) -> Result<BuildLine, super::No> {
    let jobs = jobs_of(seen, build)?;
    Ok(BuildLine {
        build: show_protocol::BuildId(build.id.0),
        pipeline: build.subject.pipeline.to_string(),
        share: seen.world.share_name(build.subject.share),
        subject: build.subject.path.to_string(),
        episode: episode_of(&build.subject.path),
        created_at_ms: build.created.0,
        ended_at_ms: build.ended.map(|ended| ended.0),
        cause: build.cause.clone(),
        asked_by: build.asked_by.clone(),
        counts: count(&jobs),
    })
}

pub fn builds(seen: &Seen<'_>, ask: &show_protocol::ask::Builds) -> Answered {
    let subjects = match &ask.episode {
        Some(typed) => {
            let place = name::episode(seen, typed)?;
            name::subjects_at(seen, place.share, &place.path)
        }
        None => Vec::new(),
    };
    let filter = BuildFilter { subjects, pipeline: ask.pipeline.as_deref() };
    let page = seen.reader.builds(&filter, before(ask.after.as_deref())?, limit(ask.limit))?;
    let builds = page.rows.iter().map(|row| build_line(seen, seen.core.build(row.id).unwrap_or(row)));
    let builds = builds.collect::<Result<_, _>>()?;
    Ok(Answer::Builds(BuildsView { builds, next: page.next.map(|next| next.to_string()) }).into())
}

pub fn must_find(seen: &Seen<'_>, build: show_protocol::BuildId) -> Result<BuildRow, super::No> {
    let id = show_core::BuildId(build.0);
    let found = match seen.core.build(id) {
        Some(row) => Some(row.clone()),
        None => seen.reader.build(id)?,
    };
    let hint = "\"showctl builds\" lists them; only the newest of each subject are kept";
    found.ok_or_else(|| not_found(format!("there is no build {build}"), hint).into())
}

pub fn build(seen: &Seen<'_>, ask: &show_protocol::ask::Build) -> Answered {
    let row = must_find(seen, ask.build)?;
    let pipeline = seen.core.rules().pipelines.iter().find(|pipeline| pipeline.name == row.subject.pipeline);
    let order = |step: &str| {
        let place = pipeline.and_then(|pipeline| pipeline.steps.iter().position(|known| &*known.name == step));
        place.unwrap_or(usize::MAX)
    };
    let mut jobs = jobs_of(seen, &row)?;
    jobs.sort_by(|a, b| {
        (order(&a.node.step), &a.node.element, a.id).cmp(&(order(&b.node.step), &b.node.element, b.id))
    });
    let (jobs, next) = page(jobs, ask.after.as_deref(), ask.limit)?;
    let view = BuildView {
        build: build_line(seen, &row)?,
        parameters: row.parameters.iter().map(name_value).collect(),
        steps: pipeline.map(|pipeline| steps(seen, pipeline)).unwrap_or_default(),
        jobs: jobs.iter().map(|job| line(seen, job)).collect(),
        next,
    };
    Ok(Answer::Build(view).into())
}

fn steps(seen: &Seen<'_>, pipeline: &Pipeline) -> Vec<StepView> {
    pipeline.steps.iter().map(|step| step_view(seen, step)).collect()
}

fn step_view(seen: &Seen<'_>, step: &Step) -> StepView {
    let names = |names: &[std::sync::Arc<str>]| names.iter().map(ToString::to_string).collect();
    let note = match &step.work {
        Work::BuiltIn(name) if !seen.core.rules().builtins.contains_key(name) => {
            format!("this showd does not have the step {name} yet")
        }
        _ => seen
            .world
            .board
            .missing_tool(&step.tools)
            .map(|tool| format!("{tool} is not installed"))
            .unwrap_or_default(),
    };
    StepView {
        step: step.name.to_string(),
        work: match &step.work {
            Work::BuiltIn(name) => format!("{name} (built in)"),
            Work::Program(words) => words.join(" "),
        },
        map: step.map.clone(),
        needs: names(&step.needs),
        after: names(&step.after),
        when: step.when.clone(),
        available: note.is_empty(),
        note,
    }
}

fn pipeline_line(seen: &Seen<'_>, pipeline: &Pipeline) -> PipelineLine {
    let subjects = seen.core.subjects();
    PipelineLine {
        pipeline: pipeline.name.to_string(),
        subject: pipeline.subject.clone(),
        on: pipeline.on.clone(),
        steps: pipeline.steps.iter().map(|step| step.name.to_string()).collect(),
        source: seen.world.config.source_of(&pipeline.name),
        subjects: u32::try_from(subjects.iter().filter(|found| found.subject.pipeline == pipeline.name).count())
            .unwrap_or(u32::MAX),
    }
}

pub fn pipelines(seen: &Seen<'_>) -> Said {
    let pipelines = seen.core.rules().pipelines.iter().map(|pipeline| pipeline_line(seen, pipeline)).collect();
    Answer::Pipelines(PipelinesView { pipelines }).into()
}

pub fn pipeline(seen: &Seen<'_>, ask: &show_protocol::ask::Pipeline) -> Answered {
    let known = &seen.core.rules().pipelines;
    let Some(pipeline) = known.iter().find(|pipeline| *pipeline.name == *ask.pipeline) else {
        let names: Vec<_> = known.iter().map(|pipeline| pipeline.name.to_string()).collect();
        let text = format!("there is no pipeline \"{}\"", ask.pipeline);
        return Err(not_found(text, format!("pipelines: {}", names.join(", "))).into());
    };
    let view = PipelineView {
        pipeline: pipeline_line(seen, pipeline),
        steps: steps(seen, pipeline),
        toml: seen.world.config.pipeline_text(&pipeline.name).unwrap_or_default(),
    };
    Ok(Answer::Pipeline(view).into())
}

pub fn plan(seen: &Seen<'_>, ask: &show_protocol::ask::Plan) -> Answered {
    let mut subjects: Vec<Subject> = match (&ask.episode, &ask.path) {
        (Some(_), Some(_)) => {
            return Err(invalid("a plan is of an episode or of a path", "leave one of them out").into());
        }
        (Some(typed), None) => {
            let place = name::episode(seen, typed)?;
            let known = seen.core.subjects().into_iter().map(|found| found.subject);
            known.filter(|subject| subject.share == place.share && subject.path == place.path).collect()
        }
        (None, Some(typed)) => seen.core.subjects_of(&name::file(seen, typed)?),
        (None, None) => seen.core.subjects().into_iter().map(|found| found.subject).collect(),
    };
    subjects.sort();
    subjects.dedup();
    let (subjects, next) = page(subjects, ask.after.as_deref(), ask.limit.or(Some(20)))?;
    let subjects = subjects.iter().filter_map(|subject| plan_subject(seen, subject)).collect();
    Ok(Answer::Plan(PlanView { now_at_ms: seen.now.0, subjects, next }).into())
}

fn plan_subject(seen: &Seen<'_>, subject: &Subject) -> Option<PlanSubject> {
    let plan = seen.core.plan(subject)?;
    Some(PlanSubject {
        pipeline: subject.pipeline.to_string(),
        share: seen.world.share_name(subject.share),
        subject: subject.path.to_string(),
        episode: episode_of(&subject.path),
        steps: plan.nodes.iter().map(|node| plan_step(seen, subject, node)).collect(),
    })
}

fn plan_step(seen: &Seen<'_>, subject: &Subject, node: &PlanNode) -> PlanStep {
    let running = node.job.and_then(|job| seen.core.job(job)).filter(|job| state_of(&job.state).word() == "running");
    let (mut action, because, blockers) = match &node.standing {
        Standing::UpToDate => {
            (PlanAction::UpToDate, "the same was done before, and its results are in place".into(), Vec::new())
        }
        Standing::NotNeeded => (PlanAction::NotNeeded, "its condition is false".into(), Vec::new()),
        Standing::Unavailable { why } => (PlanAction::Unavailable, why.clone(), Vec::new()),
        Standing::Due { why } => (PlanAction::Run, why.clone(), Vec::new()),
        Standing::Failed { why } => (PlanAction::Blocked, why.clone(), Vec::new()),
        Standing::Blocked { blockers } => {
            let views: Vec<_> = blockers.iter().map(blocker).collect();
            let action = if blockers.iter().any(|one| matches!(one, show_core::Blocker::NeedFailed { .. })) {
                PlanAction::Blocked
            } else {
                PlanAction::Wait
            };
            (action, views.first().map(|view| view.text.clone()).unwrap_or_default(), views)
        }
    };
    if running.is_some() {
        action = PlanAction::Running;
    }
    let index = seen.core.index(subject).find(|index| index.node == node.node);
    let job = node.job.and_then(|job| seen.core.job(job));
    let changed = match (index, job) {
        (Some(index), Some(job)) if index.action.job != job.id && !job.key_parts.is_empty() => {
            job::changes(&index.key_parts, &job.key_parts)
        }
        _ => Vec::new(),
    };
    PlanStep {
        step: node.node.step.to_string(),
        element: node.node.element.to_string(),
        action,
        because,
        changed,
        blockers,
        outputs: index
            .iter()
            .flat_map(|index| &index.action.outputs)
            .map(|output| output.file.path.to_string())
            .collect(),
        job: node.job.map(|JobId(id)| show_protocol::JobId(id)),
    }
}
