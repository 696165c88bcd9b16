//! Taking up where the rows left off.
//!
//! Boot, crash and doubt are one path: rows in, every share scanned, every tool looked for, every outstanding intent
//! ordered again. Attempts wait for the runner to say which of them live. Nothing is planned before a share's first
//! scan, so a restart on an unchanged tree reads nothing, starts nothing and writes nothing.

use crate::build::{Build, Job};
use crate::follow::Gone;
use crate::lane::{LaneName, LaneNames};
use crate::lease::{Leases, Wanted};
use crate::playbook::Playbook;
use crate::pool::Pools;
use crate::settle::Files;
use crate::share::Share;
use crate::wait::Waits;
use crate::{
    BuildId, Coordinator, Decision, Effect, JobId, JobState, LeaseKind, ProposalState, Row, RowKey, Rows, Rules,
    ShareId, Time,
};
use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

impl Coordinator {
    /// Takes up where the rows left off.
    ///
    /// # Panics
    /// When `rules` did not pass [`Rules::check`].
    pub fn restore(rows: Rows, rules: Rules, now: Time) -> (Self, Decision) {
        let playbook = Playbook::compile(rules).expect("rules are checked before they are played");
        let shares = (0..playbook.rules.shares.len()).filter_map(|place| u16::try_from(place).ok()).map(ShareId);
        let mut core = Self {
            now,
            pools: Pools::new(playbook.pools.clone()),
            shares: shares.map(|share| (share, Share::default())).collect(),
            playbook,
            meta: rows.meta.clone(),
            meta_kept: rows.meta.clone(),
            files: Files::default(),
            gone: Gone::default(),
            histories_moved: 0,
            tools: BTreeMap::new(),
            runner: false,
            lanes: BTreeMap::new(),
            lane_of: LaneNames::default(),
            next_lane: 0,
            dirty: BTreeSet::new(),
            readers: BTreeMap::new(),
            asking: BTreeMap::new(),
            latest: None,
            builds: BTreeMap::new(),
            jobs: BTreeMap::new(),
            touched_builds: BTreeSet::new(),
            touched_jobs: BTreeSet::new(),
            ended: BTreeMap::new(),
            leases: Leases::default(),
            intents: BTreeMap::new(),
            publishing: BTreeMap::new(),
            probes: crate::quiet::Probes::default(),
            conflicts: crate::conflict::Conflicts::default(),
            ballots: crate::ballot::Ballots::default(),
            notices: BTreeSet::new(),
            proposals: BTreeMap::new(),
            accepted: BTreeMap::new(),
            fixed: BTreeMap::new(),
            bindings: BTreeMap::new(),
            ours: BTreeMap::new(),
            weaving: BTreeMap::new(),
            weaving_files: BTreeMap::new(),
            next_weave: 0,
            waits: Waits::default(),
            timers: BTreeSet::new(),
            out: Decision::default(),
        };
        core.take_up(rows);
        core.begin();
        let decision = core.decide();
        (core, decision)
    }

    fn take_up(&mut self, rows: Rows) {
        let now = self.now;
        let known: BTreeSet<ShareId> = self.shares.keys().copied().collect();
        for row in rows.files.into_iter().filter(|row| known.contains(&row.file.share)) {
            if row.left.is_some() { self.gone.restore(row) } else { self.files.restore(row, now) }
        }
        for (subject, build) in rows.ended {
            self.ended.entry(subject).or_default().push_back(build);
        }
        for row in rows.fixed {
            self.fixed.entry(row.file.clone()).or_default().insert(row.key, row);
        }
        for row in rows.bindings {
            self.bindings.entry(row.file.clone()).or_default().insert(row.place.clone(), row);
        }
        for row in rows.ours {
            self.ours.entry(row.file.clone()).or_default().insert(row.target.clone(), row);
        }
        for row in rows.proposals {
            if matches!(row.state, ProposalState::Accepted { .. }) {
                self.accepted.entry(row.subject.clone()).or_default().insert(row.id);
            }
            self.proposals.insert(row.id, row);
        }
        let longest = self.playbook.rules.lock_ms_max;
        for mut row in rows.leases {
            // A clock that was ahead must not make a lock last for ever.
            if row.kind == LeaseKind::Lock {
                row.until = row.until.map(|until| until.min(now.plus_ms(longest)));
            }
            self.leases.insert(row, None);
        }
        for row in rows.index {
            let name = LaneName { subject: row.subject.clone(), parameters: BTreeMap::new() };
            match self.lane(name).filter(|_| known.contains(&row.subject.share)) {
                Some(lane) => {
                    let lane = self.lanes.get_mut(&lane).expect("it was just made");
                    lane.index.insert(row.node.clone(), Arc::new(row));
                }
                None => self.delete(RowKey::Index(row.subject, row.node)),
            }
        }
        self.take_up_builds(rows.builds, rows.jobs);
        for intent in rows.intents {
            if let Some(job) = intent.job() {
                let writes = intent.files().cloned().collect();
                self.leases.take(job, Wanted { reads: BTreeSet::new(), writes });
            }
            self.hold_intent(intent);
        }
    }

    fn take_up_builds(&mut self, builds: Vec<crate::BuildRow>, jobs: Vec<crate::JobRow>) {
        let mut jobs: BTreeMap<JobId, crate::JobRow> = jobs.into_iter().map(|row| (row.id, row)).collect();
        let mut builds: Vec<crate::BuildRow> = builds.into_iter().filter(|row| row.ended.is_none()).collect();
        builds.sort_unstable_by_key(|row| row.id);
        for row in builds {
            let name = LaneName { subject: row.subject.clone(), parameters: row.parameters.clone() };
            let Some(lane) = self.lane(name) else {
                self.close_orphan(row, &mut jobs);
                continue;
            };
            let id = row.id;
            let mut nodes = BTreeMap::new();
            for job in &row.jobs {
                if let Some(job) = jobs.get(job) {
                    nodes.insert(job.node.clone(), job.id);
                }
            }
            self.builds.insert(id, Build { row, lane, nodes });
            let held = self.lanes.get_mut(&lane).expect("it was just made");
            held.build = held.build.max(Some(id));
        }
        for (id, row) in jobs {
            let Some(lane) = self.builds.get(&row.build).map(|build| build.lane) else { continue };
            self.jobs.insert(id, Job { row, lane, taken: true, inputs: None });
        }
        let held: BTreeSet<JobId> = self.jobs.keys().copied().collect();
        for build in self.builds.values_mut() {
            build.nodes.retain(|_, job| held.contains(job));
        }
        let alive: Vec<JobId> =
            self.jobs.iter().filter(|(_, job)| job.row.state.is_alive()).map(|(id, _)| *id).collect();
        for job in alive {
            let demand = self.demand(job).unwrap_or_default();
            self.pools.take(job, &demand);
            self.leases.take(job, self.wanted_by(job));
        }
    }

    /// Files of an attempt that was running before the restart: what its plan said it writes. What it reads was named
    /// in its order; it holds its own copies of texts and says itself when anything else was overtaken.
    fn wanted_by(&self, job: JobId) -> Wanted {
        let held = &self.jobs[&job];
        let lane = &self.lanes[&held.lane];
        let mut wanted = Wanted::default();
        if let Some((_, turn)) = lane.play.turn(&held.row.node.step) {
            let word = turn.map.as_ref().map(|map| map.word.as_str());
            for (_, pattern) in &turn.outputs {
                let path = lane.fill(pattern, word, held.row.element.as_ref()).ok().and_then(|filled| filled.path());
                wanted.writes.extend(path.map(|path| lane.file(&path)));
            }
        }
        wanted
    }

    /// A build whose pipeline is no longer there ends.
    fn close_orphan(&mut self, mut row: crate::BuildRow, jobs: &mut BTreeMap<JobId, crate::JobRow>) {
        for id in &row.jobs {
            let Some(mut job) = jobs.remove(id) else { continue };
            if !job.state.is_over() {
                job.state = JobState::Canceled { at: self.now, why: "its pipeline is gone".to_owned() };
                self.put(Row::Job(job));
            }
        }
        row.ended = Some(self.now);
        self.put(Row::Build(row));
    }

    /// Orders what every start begins with.
    fn begin(&mut self) {
        let shares: Vec<ShareId> = self.shares.keys().copied().collect();
        for share in shares {
            self.scan(share);
            self.set_scan_timer(share);
        }
        for name in self.playbook.rules.tools.clone() {
            self.order(Effect::LookForTool { name });
        }
        let intents: Vec<_> = self.intents.keys().copied().collect();
        for intent in intents {
            self.publish_again(intent);
        }
        let left: Vec<BuildId> = self.builds.keys().copied().collect();
        for build in left {
            self.end_left_build(build);
        }
    }
}
