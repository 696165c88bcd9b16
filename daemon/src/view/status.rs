//! The page a producer looks at an hour before air.

use super::episode::{self, Gathered};
use super::file::{self, LeftOut};
use super::name::World;
use super::{Answered, No, Seen, build, doctor, job, later, name, rest};
use crate::blob::Archive;
use crate::store::StoreError;
use show_core::{Blocker, JobRow, JobState as State, ProposalState};
use show_protocol::{Answer, PoolView, StatusView};
use std::collections::BTreeMap;

/// Episodes, running and failed jobs, and files left out: the first so many of each.
const SHOWN_MAX: usize = 50;

/// Of a long queue the first so many jobs are asked what they wait for.
const BLOCKERS_ASKED_MAX: usize = 2_000;

/// The status as it was at one moment, but for what stands in blobs.
pub struct Gathering {
    view: StatusView,
    episodes: Vec<Gathered>,
    left_out: LeftOut,
    world: World,
}

pub fn status(seen: &Seen<'_>) -> Answered {
    let gathered = gather(seen).map_err(No::Store)?;
    Ok(later(move |archive| Answer::Status(gathered.finish(archive)).into()))
}

pub fn gather(seen: &Seen<'_>) -> Result<Gathering, StoreError> {
    let mut places = name::episodes(seen);
    let episodes_total = u32::try_from(places.len()).unwrap_or(u32::MAX);
    // Newest first, as "showctl episodes" lists them.
    places.sort_by(|a, b| (&b.number, b.share).cmp(&(&a.number, a.share)));
    places.truncate(SHOWN_MAX);
    let is_moving = |job: &&JobRow| {
        matches!(
            job.state,
            State::Running { .. } | State::Stopping { .. } | State::Publishing { .. } | State::Retrying { .. }
        )
    };
    let running = seen.core.jobs().filter(is_moving).take(SHOWN_MAX).map(|row| job::line(seen, row)).collect();
    let last = newest(seen.core.jobs());
    let mut failed: Vec<&JobRow> =
        last.iter().copied().filter(|job| matches!(job.state, State::Failed { .. })).collect();
    failed.sort_by_key(|job| std::cmp::Reverse(job.id));
    let view = StatusView {
        now_at_ms: seen.now.0,
        seq: show_protocol::Seq(seen.reader.next_event()?.0),
        server: rest::version(seen),
        shares: rest::share_views(seen),
        episodes_total,
        running,
        failed: failed.iter().take(SHOWN_MAX).map(|row| job::line(seen, row)).collect(),
        jobs: build::count(last),
        pools: pools(seen),
        locks: rest::lock_views(seen),
        proposals_open: u32::try_from(seen.core.proposals().filter(|row| row.state == ProposalState::Open).count())
            .unwrap_or(u32::MAX),
        conflicts: u32::try_from(seen.core.conflicts().filter(|one| one.is_open).count()).unwrap_or(u32::MAX),
        notices: doctor::notices(seen),
        archive: seen.world.board.archive(),
        ..StatusView::default()
    };
    let settling = std::sync::Arc::new(file::Settling::of(seen));
    let episodes = places.iter().map(|place| episode::gather(seen, place, &settling)).collect();
    let (left_out, world) = (file::gather_left_out(seen, None, None), seen.world.clone());
    Ok(Gathering { view, episodes, left_out, world })
}

/// Of jobs that do the same the newest: what was asked for again has not failed twice.
fn newest<'j>(jobs: impl Iterator<Item = &'j JobRow>) -> Vec<&'j JobRow> {
    let mut last: BTreeMap<_, &JobRow> = BTreeMap::new();
    let mut others = Vec::new();
    for job in jobs {
        match last.insert((&job.subject, &job.node), job) {
            Some(older) if older.id > job.id => drop(last.insert((&older.subject, &older.node), older)),
            // Only a failure that is tried again is no news any more.
            Some(older) if !matches!(older.state, State::Failed { .. }) => others.push(older),
            _ => {}
        }
    }
    others.extend(last.into_values());
    others
}

fn pools(seen: &Seen<'_>) -> Vec<PoolView> {
    let rules = seen.core.rules();
    let steps: BTreeMap<_, _> = rules
        .pipelines
        .iter()
        .flat_map(|pipeline| pipeline.steps.iter().map(|step| ((pipeline.name.clone(), step.name.clone()), step)))
        .collect();
    let mut views: Vec<PoolView> = rules
        .pools
        .iter()
        .map(|pool| PoolView { pool: pool.name.clone(), capacity: pool.capacity, used: 0, waiting: 0 })
        .collect();
    let mut asked_after = 0;
    for job in seen.core.jobs() {
        let Some(step) = steps.get(&(job.subject.pipeline.clone(), job.node.step.clone())) else { continue };
        let is_waiting = job.state == State::Waiting;
        let blockers = if is_waiting && asked_after < BLOCKERS_ASKED_MAX {
            asked_after += 1;
            seen.core.blockers(job.id)
        } else {
            Vec::new()
        };
        for view in &mut views {
            let takes = step.pools.get(&view.pool).copied().unwrap_or(0);
            if matches!(job.state, State::Running { .. } | State::Stopping { .. }) {
                view.used += takes;
            }
            let waits_for_it = |one: &Blocker| {
                matches!(one, Blocker::PoolFull { pool, .. } | Blocker::PoolHeld { pool }
                    | Blocker::PoolReserved { pool, .. } if *pool == view.pool)
            };
            view.waiting += u32::from(takes > 0 && blockers.iter().any(waits_for_it));
        }
    }
    views
}

impl Gathering {
    pub fn finish(self, archive: &Archive) -> StatusView {
        let mut view = self.view;
        view.episodes = self.episodes.iter().map(|one| one.line(archive)).collect();
        rest::look_at_locks(&self.world, &mut view.locks);
        let left_out = self.left_out.finish(archive);
        view.left_out_total = u32::try_from(left_out.len()).unwrap_or(u32::MAX);
        view.left_out = left_out.into_iter().take(SHOWN_MAX).collect();
        view
    }
}
