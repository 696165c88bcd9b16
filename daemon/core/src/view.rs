//! What may be read off a coordinator: borrowed or copied, never a decision.

use crate::lane::Lane;
use crate::plan::{Stand, Task};
use crate::{
    Blocker, BuildId, BuildRow, Coordinator, Digest, FilePath, IndexRow, JobId, JobRow, JobState, LeaseRow, Node,
    ProposalRow, Rules, ShareId, Subject, Time,
};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// What would run now for a subject and why, and what is up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub subject: Subject,
    /// In pipeline order; the weaves of files last.
    pub nodes: Vec<PlanNode>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanNode {
    pub node: Node,
    /// Its job in the live build.
    pub job: Option<JobId>,
    pub standing: Standing,
}

/// How one node of a plan stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its key is known and its outputs are in place.
    UpToDate,
    /// Its `when` is false.
    NotNeeded,
    /// Its step is not built, or a tool of it is not here: it holds nobody up.
    Unavailable {
        why: String,
    },
    /// It would run now.
    Due {
        why: String,
    },
    /// It did not succeed with these very inputs: it runs again when they change, or when somebody asks.
    Failed {
        why: String,
    },
    Blocked {
        blockers: Vec<Blocker>,
    },
}

/// One subject that was found on disk, or that somebody submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectView {
    pub subject: Subject,
    pub parameters: BTreeMap<String, String>,
    pub captures: BTreeMap<String, String>,
    /// Its unfinished build.
    pub build: Option<BuildId>,
}

/// A file that pipelines read and that may not be read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    pub file: FilePath,
    /// First change since it was last read.
    pub since: Time,
    pub until: Time,
}

/// A job in the graph of a build: what it waits for, hard and soft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphNode {
    pub job: JobId,
    pub node: Node,
    pub needs: Vec<JobId>,
    pub after: Vec<JobId>,
}

impl Coordinator {
    pub fn rules(&self) -> &Rules {
        &self.playbook.rules
    }

    /// What would run now for a subject, and why, as the builds see it. `None`: no such subject.
    pub fn plan(&self, subject: &Subject) -> Option<Plan> {
        let lane = &self.lanes[&self.lane_of.plain(subject)?];
        let outlook = self.outlook(lane);
        let nodes = outlook.nodes.into_iter().map(|prospect| {
            let job = self.job_of(lane, &prospect.node);
            let standing = match prospect.stand {
                Stand::Known { .. } => Standing::UpToDate,
                Stand::NotNeeded => Standing::NotNeeded,
                Stand::Unavailable(why) => Standing::Unavailable { why },
                Stand::Blocked(blockers) => Standing::Blocked { blockers },
                Stand::Due { task: Task::Publish(text), .. } if !self.quiet(&text.file).is_empty() => {
                    Standing::Blocked { blockers: self.quiet(&text.file) }
                }
                Stand::Due { key, why, .. } => match job.map(|job| (&job.state, job.key)) {
                    Some((JobState::Failed { why, .. } | JobState::Canceled { why, .. }, own))
                        if own.is_none() || own == Some(key) =>
                    {
                        Standing::Failed { why: why.clone() }
                    }
                    _ => Standing::Due { why },
                },
            };
            PlanNode { job: job.map(|job| job.id), node: prospect.node, standing }
        });
        Some(Plan { subject: subject.clone(), nodes: nodes.collect() })
    }

    /// Jobs of unfinished builds, with their progress.
    pub fn jobs(&self) -> impl Iterator<Item = &JobRow> {
        self.jobs.values().map(|job| &job.row)
    }

    pub fn job(&self, job: JobId) -> Option<&JobRow> {
        self.jobs.get(&job).map(|job| &job.row)
    }

    /// Unfinished builds.
    pub fn builds(&self) -> impl Iterator<Item = &BuildRow> {
        self.builds.values().map(|build| &build.row)
    }

    pub fn build(&self, build: BuildId) -> Option<&BuildRow> {
        self.builds.get(&build).map(|build| &build.row)
    }

    /// The graph of an unfinished build.
    pub fn graph(&self, build: BuildId) -> Vec<GraphNode> {
        let Some(build) = self.builds.get(&build) else { return Vec::new() };
        let Some(lane) = self.lanes.get(&build.lane) else { return Vec::new() };
        let named = |names: &[alloc::sync::Arc<str>], node: &Node, map: &str| {
            let step = |name: &str| lane.play.turn(name).map_or("", |(_, turn)| turn.step.map.as_str());
            let all = build.nodes.iter().filter(|(other, _)| names.contains(&other.step));
            let own =
                all.filter(|(other, _)| map.is_empty() || step(&other.step) != map || other.element == node.element);
            own.map(|(_, job)| *job).collect::<Vec<_>>()
        };
        let nodes = build.nodes.iter().map(|(node, job)| {
            let (needs, after) = if let Some((_, turn)) = lane.play.turn(&node.step) {
                let map = turn.step.map.as_str();
                (named(&turn.step.needs, node, map), named(&turn.step.after, node, map))
            } else {
                // The weave of a file waits for everybody who may edit it.
                let editors = lane.play.turns.iter().filter(|turn| !turn.step.edits.is_empty());
                (Vec::new(), named(&editors.map(|turn| turn.step.name.clone()).collect::<Vec<_>>(), node, ""))
            };
            GraphNode { job: *job, node: node.clone(), needs, after }
        });
        nodes.collect()
    }

    /// The last result of every node of a subject.
    pub fn index(&self, subject: &Subject) -> impl Iterator<Item = &IndexRow> {
        let lane = self.lane_of.plain(subject).map(|lane| &self.lanes[&lane]);
        lane.into_iter().flat_map(|lane| lane.index.values().map(AsRef::as_ref))
    }

    /// Locks and holds.
    pub fn leases(&self) -> impl Iterator<Item = &LeaseRow> {
        self.leases.rows()
    }

    pub fn proposals(&self) -> impl Iterator<Item = &ProposalRow> {
        self.proposals.values()
    }

    /// Every pool: its name, its capacity, and what live attempts use of it.
    pub fn pools(&self) -> impl Iterator<Item = (&str, u32, u32)> {
        self.pools.all()
    }

    pub fn subjects(&self) -> Vec<SubjectView> {
        let view = |lane: &Lane| SubjectView {
            subject: lane.name.subject.clone(),
            parameters: lane.name.parameters.clone(),
            captures: lane.captures.clone(),
            build: lane.build,
        };
        self.lanes.values().map(view).collect()
    }

    /// Which subjects of automatic pipelines a file belongs to.
    pub fn subjects_of(&self, file: &FilePath) -> Vec<Subject> {
        let plays = self.playbook.plays.values().filter(|play| play.is_automatic());
        let subjects = plays.filter_map(|play| {
            let (path, _) = play.subject_of(&file.path)?;
            Some(Subject { pipeline: play.pipeline.name.clone(), share: file.share, path })
        });
        subjects.filter(|subject| self.lane_of.plain(subject).is_some()).collect()
    }

    /// Files that are read by pipelines and that changed too lately to be read.
    pub fn unsettled(&self) -> Vec<Unsettled> {
        let mut unsettled = BTreeMap::new();
        for lane in self.lanes.values() {
            let (directory, pipeline) = (lane.directory(), &lane.play.pipeline);
            for (path, file) in self.files.below(lane.name.subject.share, &lane.name.subject.path) {
                let until = file.settles_at(path, pipeline);
                if until > self.now && lane.play.watches(&path.path[directory.len()..]) {
                    let entry = Unsettled { file: path.clone(), since: file.since(), until };
                    unsettled.entry(path.clone()).or_insert(entry);
                }
            }
        }
        unsettled.into_values().collect()
    }

    /// Files that are in a share now, of those its watcher tells of.
    pub fn files_there(&self, share: ShareId) -> u64 {
        self.files.below(share, "").filter(|(_, file)| file.is_there()).count() as u64
    }

    /// The digest a file was last read or written with, and whether those bytes were published by us, and as what.
    pub fn file(&self, file: &FilePath) -> Option<(Digest, Option<&Node>)> {
        let state = self.files.get(file)?;
        Some((state.digest()?, state.by_us()))
    }

    /// True while a share's disk is missing, or its first scan is not over.
    pub fn share_blocked(&self, share: ShareId) -> Option<Blocker> {
        self.share_blocker(share)
    }
}
