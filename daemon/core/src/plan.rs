//! What would run for a subject now, and why: a function of the files, the rules and what has been recorded.
//!
//! [`Coordinator::outlook`] walks the steps, each after what it needs, and says of every node whether it is up to
//! date, due or blocked, and by what. It decides nothing and changes nothing; builds, `blockers` and `plan` all read
//! the same outlook. What it needs to know first (a digest, a woven text, an earlier result) it wants by name. How
//! inputs get their values is in `input`, how texts are woven in `weave`.

use crate::input::Gathered;
use crate::key::{self, KeyMaker, Part};
use crate::lane::{Lane, Lookup, ViewName};
use crate::lease::Wanted;
use crate::playbook::{Play, Turn, When};
use crate::settle::Content;
use crate::weave::{Edited, Final};
use crate::{
    ActionRow, Blocker, Coordinator, Digest, Element, Field, FilePath, JobRow, JobState, Layer, Node, OrderInput, Time,
    Work,
};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use alloc::{borrow::ToOwned, vec};

/// Everything that can be said of a lane now.
#[derive(Debug, Default)]
pub(crate) struct Outlook {
    /// In the order in which steps can run; the weaves of files last.
    pub nodes: Vec<Prospect>,
    pub at: BTreeMap<Node, usize>,
    /// Steps whose list is not known yet, and why.
    pub unknown: BTreeMap<usize, Vec<Blocker>>,
    pub wants: Wants,
    /// When to look again because something settles.
    pub wake: Option<Time>,
    /// When a storm is over.
    pub calm: Option<Time>,
    /// Files it depends on beyond what the step's own patterns match.
    pub reads: BTreeSet<FilePath>,
    /// Views and looked-up keys it used; others may be forgotten.
    pub views: BTreeSet<ViewName>,
    pub keys: BTreeSet<Digest>,
    pub files: usize,
}

/// What has to be known before more can be said.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    pub hash: BTreeSet<FilePath>,
    pub look_up: BTreeSet<Digest>,
    /// The base and the layers of each text.
    pub weave: BTreeMap<ViewName, (Digest, Vec<Layer>)>,
}

/// One node of a lane.
#[derive(Debug)]
pub(crate) struct Prospect {
    pub node: Node,
    pub element: Option<Element>,
    /// Paths of its outputs that are known before it runs.
    pub claims: Vec<FilePath>,
    /// Its place in the play; `None`: the weave of a file.
    pub turn: Option<usize>,
    pub stand: Stand,
    /// It cannot go on by itself: failed, or waits for something outside.
    pub stuck: bool,
}

#[derive(Debug)]
pub(crate) enum Stand {
    Unavailable(String),
    NotNeeded,
    Blocked(Vec<Blocker>),
    /// Its key is known and its outputs are in place.
    Known {
        known: Arc<ActionRow>,
        parts: Vec<Part>,
        texts: BTreeMap<FilePath, Digest>,
    },
    Due {
        key: Digest,
        parts: Vec<Part>,
        why: String,
        task: Task,
    },
}

/// What a due node does.
#[derive(Debug)]
pub(crate) enum Task {
    Run { inputs: Vec<OrderInput>, outputs: Vec<(String, FilePath)>, files: Wanted },
    Publish(Box<Final>),
}

/// What is known under a key.
enum Recall {
    Known(Arc<ActionRow>),
    /// Nothing: it was never done, or that was forgotten.
    Never,
    /// It is being looked up.
    Unknown,
}

impl Stand {
    pub fn key(&self) -> Option<Digest> {
        match self {
            Self::Known { known, .. } => Some(known.key),
            Self::Due { key, .. } => Some(*key),
            _ => None,
        }
    }
}

impl Outlook {
    /// Why the first node that is due is.
    pub fn reason(&self) -> String {
        let due = self.nodes.iter().find_map(|prospect| match &prospect.stand {
            Stand::Due { why, .. } => Some(format!("{}: {why}", prospect.node)),
            _ => None,
        });
        due.unwrap_or_else(|| "something is missing".to_owned())
    }

    /// A step that may edit texts goes on by itself.
    pub fn is_editing(&self, play: &Play) -> bool {
        let edits = |turn: usize| !play.turns[turn].step.edits.is_empty();
        let nodes = self.nodes.iter().filter(|prospect| prospect.turn.is_some_and(edits));
        self.unknown.keys().any(|turn| edits(*turn))
            || nodes.into_iter().any(|node| !node.is_satisfied() && !node.stuck)
    }
}

impl Prospect {
    /// Whoever needs it may go ahead.
    pub fn is_satisfied(&self) -> bool {
        matches!(self.stand, Stand::Known { .. } | Stand::NotNeeded | Stand::Unavailable(_))
    }
}

impl Coordinator {
    pub(crate) fn outlook(&self, lane: &Lane) -> Outlook {
        let turns = lane.play.turns.len();
        let out = Outlook::default();
        let mut planner = Planner { core: self, lane, out, of_turn: vec![Vec::new(); turns], edits: BTreeMap::new() };
        for &turn in &lane.play.order {
            planner.plan_turn(turn);
        }
        planner.refuse_collisions();
        planner.plan_weaves();
        planner.out.files = self.files.below(lane.name.subject.share, lane.directory()).count();
        planner.out
    }
}

/// Walks one lane.
pub(crate) struct Planner<'a> {
    pub core: &'a Coordinator,
    pub lane: &'a Lane,
    pub out: Outlook,
    /// Places in `out.nodes` by turn.
    pub of_turn: Vec<Vec<usize>>,
    /// Edits of nodes that are done, by file, in the order of planning.
    pub edits: BTreeMap<FilePath, Vec<Edited>>,
}

impl Planner<'_> {
    fn plan_turn(&mut self, turn: usize) {
        match self.elements(turn) {
            Err(blocker) => {
                self.out.unknown.insert(turn, vec![blocker]);
            }
            Ok(elements) => {
                for element in elements {
                    self.plan_node(turn, element);
                }
            }
        }
    }

    /// The elements that a step maps over; one `None` for a step that does not.
    fn elements(&self, turn: usize) -> Result<Vec<Option<Element>>, Blocker> {
        let Some(map) = &self.lane.play.turns[turn].map else { return Ok(vec![None]) };
        let source = &self.out.nodes[self.of_turn[map.turn][0]];
        match &source.stand {
            Stand::Known { known, .. } => {
                let mut seen = BTreeSet::new();
                let all = known.lists.get(&map.list).into_iter().flatten();
                Ok(all.filter(|element| seen.insert(&element.id)).cloned().map(Some).collect())
            }
            Stand::NotNeeded | Stand::Unavailable(_) => Ok(Vec::new()),
            Stand::Blocked(_) | Stand::Due { .. } if source.stuck => Err(self.need(source, false)),
            Stand::Blocked(_) | Stand::Due { .. } => {
                Err(Blocker::ListUnknown { list: format!("{}.{}", source.node.step, map.list) })
            }
        }
    }

    fn plan_node(&mut self, turn: usize, element: Option<Element>) {
        let lane = self.lane;
        let step = &lane.play.turns[turn];
        let id = element.as_ref().map_or_else(|| "".into(), |element| element.id.clone());
        let node = Node { step: step.step.name.clone(), element: id };
        let stand = self.stand(step, &node, element.as_ref());
        let failed = self.failed(&node, stand.key());
        let stuck = failed || matches!(&stand, Stand::Blocked(blockers) if self.is_stuck(blockers));
        if let Stand::Known { known, texts, .. } = &stand {
            self.note_edits(turn, &node, known, texts);
        }
        let claims =
            self.outputs(step, element.as_ref()).unwrap_or_default().into_iter().map(|(_, file)| file).collect();
        self.push(Prospect { node, element, claims, turn: Some(turn), stand, stuck });
    }

    pub fn push(&mut self, prospect: Prospect) {
        let place = self.out.nodes.len();
        if let Some(turn) = prospect.turn {
            self.of_turn[turn].push(place);
        }
        self.out.at.insert(prospect.node.clone(), place);
        self.out.nodes.push(prospect);
    }

    fn stand(&mut self, turn: &Turn, node: &Node, element: Option<&Element>) -> Stand {
        if let Some(why) = self.unavailable(turn) {
            return Stand::Unavailable(why);
        }
        let blockers = self.unmet(turn, element);
        if !blockers.is_empty() {
            return Stand::Blocked(blockers);
        }
        if turn.when.as_ref().is_some_and(|when| !self.holds(when, turn, element)) {
            return Stand::NotNeeded;
        }
        let mut gathered = Gathered::default();
        if !turn.outputs.is_empty() {
            gathered.blockers.extend(self.core.read_only(self.lane.name.subject.share));
        }
        let unknown = turn.step.tools.iter().filter(|tool| !self.core.tools.contains_key(*tool));
        gathered.blockers.extend(unknown.map(|tool| Blocker::ToolUnknown { tool: tool.clone() }));
        self.gather(turn, node, element, &mut gathered);
        if !gathered.blockers.is_empty() {
            return Stand::Blocked(gathered.blockers);
        }
        self.judge(turn, node, element, gathered)
    }

    /// Why a step cannot run on this machine at all.
    fn unavailable(&self, turn: &Turn) -> Option<String> {
        if let Work::BuiltIn(name) = &turn.step.work
            && !self.core.playbook.rules.builtins.contains_key(name)
        {
            return Some(format!("the step \"{name}\" is not part of this showd"));
        }
        let absent = |tool: &&String| self.core.tools.get(*tool).is_some_and(Option::is_none);
        turn.step.tools.iter().find(absent).map(|tool| format!("{tool} is not installed"))
    }

    /// Needs that are not done, and soft ones that are worth waiting for.
    fn unmet(&self, turn: &Turn, element: Option<&Element>) -> Vec<Blocker> {
        let mut blockers = Vec::new();
        for &need in &turn.needs {
            if let Some(unknown) = self.out.unknown.get(&need) {
                blockers.extend(unknown.iter().cloned());
            }
            let unmet = self.relatives(turn, need, element).filter(|other| !other.is_satisfied());
            blockers.extend(unmet.map(|other| self.need(other, false)));
        }
        for &soft in &turn.after {
            let unknown = self.out.unknown.get(&soft).filter(|unknown| !self.is_stuck(unknown));
            blockers.extend(unknown.into_iter().flatten().cloned());
            let awaited = self.relatives(turn, soft, element).filter(|other| !other.is_satisfied() && !other.stuck);
            blockers.extend(awaited.map(|other| self.need(other, true)));
        }
        blockers
    }

    /// The nodes of another step that matter to this one: its own element's where both map the same list, else all.
    pub fn relatives<'b>(
        &'b self,
        turn: &'b Turn,
        other: usize,
        element: Option<&'b Element>,
    ) -> impl Iterator<Item = &'b Prospect> {
        let same = turn.map.is_some() && self.lane.play.turns[other].map == turn.map;
        let id = element.map(|element| &element.id);
        let all = self.of_turn[other].iter().map(|place| &self.out.nodes[*place]);
        all.filter(move |prospect| !same || id == Some(&prospect.node.element))
    }

    pub fn need(&self, other: &Prospect, soft: bool) -> Blocker {
        let node = other.node.clone();
        let job = self.job(&node).map(|job| job.id);
        if other.stuck && self.failed(&node, other.stand.key()) {
            Blocker::NeedFailed { node, job }
        } else {
            Blocker::Need { node, job, soft }
        }
    }

    pub fn is_stuck(&self, blockers: &[Blocker]) -> bool {
        blockers.iter().any(|blocker| match blocker {
            Blocker::Need { node, .. } => self.out.at.get(node).is_some_and(|place| self.out.nodes[*place].stuck),
            other => other.is_outside(),
        })
    }

    /// Its job did not succeed with this key, so it is not tried again by itself.
    pub fn failed(&self, node: &Node, key: Option<Digest>) -> bool {
        self.job(node).is_some_and(|job| {
            let ended = matches!(job.state, JobState::Failed { .. } | JobState::Canceled { .. }) && !job.dropped;
            ended && (job.key.is_none() || key.is_none() || job.key == key) && !self.core.has_made_room(job)
        })
    }

    /// The newest job of a node in the unfinished build.
    pub fn job(&self, node: &Node) -> Option<&JobRow> {
        self.core.job_of(self.lane, node)
    }

    fn holds(&self, when: &When, turn: &Turn, element: Option<&Element>) -> bool {
        let field = match when {
            When::Field(name) => element.and_then(|element| element.fields.get(name)),
            When::Fact { turn: source, fact } => {
                self.relatives(turn, *source, element).find_map(|other| match &other.stand {
                    Stand::Known { known, .. } => known.facts.get(fact),
                    _ => None,
                })
            }
        };
        match field {
            Some(Field::Flag(flag)) => *flag,
            Some(Field::Number(number)) => *number != 0,
            Some(Field::Text(text)) => !text.is_empty(),
            None => false,
        }
    }

    /// All inputs have values: is the result known?
    fn judge(&mut self, turn: &Turn, node: &Node, element: Option<&Element>, gathered: Gathered) -> Stand {
        let outputs = match self.outputs(turn, element) {
            Ok(outputs) => outputs,
            Err(blocker) => return Stand::Blocked(vec![blocker]),
        };
        let (key, parts) = self.key(turn, element, &gathered, &outputs, false);
        let asked = self.job(node).is_some_and(|job| job.forced && !job.state.is_over());
        let last = self.last_key(node).filter(|last| {
            *last == key || (gathered.fixed && self.key(turn, element, &gathered, &outputs, true).0 == *last)
        });
        let recalled = if asked { Recall::Never } else { self.recall(node, last.unwrap_or(key)) };
        let why = match recalled {
            Recall::Unknown => return Stand::Blocked(vec![Blocker::LookingUp]),
            Recall::Never if asked => "asked to run again".to_owned(),
            Recall::Never => match self.lane.index.get(node) {
                Some(last) => key::difference(&last.key_parts, &parts),
                None => "was not done before".to_owned(),
            },
            Recall::Known(known) => match self.in_place(&known) {
                Ok(None) => return Stand::Known { known, parts, texts: gathered.texts },
                Ok(Some(why)) => match self.storm(&known) {
                    None => why,
                    Some(storm) => return Stand::Blocked(vec![storm]),
                },
                Err(blocker) => return Stand::Blocked(vec![blocker]),
            },
        };
        let mut written: Vec<FilePath> = outputs.iter().map(|(_, file)| file.clone()).collect();
        written.extend(self.in_the_way_of_patterns(turn, element));
        if let Some(blocker) = written.iter().find_map(|file| self.unread_output(file)) {
            return Stand::Blocked(vec![blocker]);
        }
        let mut files = Wanted { reads: gathered.reads, writes: BTreeSet::new() };
        files.writes.extend(outputs.iter().map(|(_, file)| file.clone()));
        files.reads.retain(|file| !files.writes.contains(file));
        Stand::Due { key, parts, why, task: Task::Run { inputs: gathered.order, outputs, files } }
    }

    /// The key of the last result of a node: from the index, or where there is none, from its job.
    pub fn last_key(&self, node: &Node) -> Option<Digest> {
        let of_job = || self.job(node).filter(|job| job.state.is_done())?.key;
        self.lane.index.get(node).map(|last| last.action.key).or_else(of_job)
    }

    /// What is known under a key.
    fn recall(&mut self, node: &Node, key: Digest) -> Recall {
        if let Some(last) = self.lane.index.get(node).filter(|last| last.action.key == key) {
            return Recall::Known(Arc::new(last.action.clone()));
        }
        self.out.keys.insert(key);
        match self.lane.found.get(&key) {
            Some(Lookup::Known(known)) => Recall::Known(known.clone()),
            Some(Lookup::Missing) => Recall::Never,
            Some(Lookup::Asked) => Recall::Unknown,
            None => {
                self.out.wants.look_up.insert(key);
                Recall::Unknown
            }
        }
    }

    /// Roles and paths of the outputs that are known before the run.
    fn outputs(&self, turn: &Turn, element: Option<&Element>) -> Result<Vec<(String, FilePath)>, Blocker> {
        let mut outputs = Vec::new();
        for (role, pattern) in &turn.outputs {
            let word = turn.map.as_ref().map(|map| map.word.as_str());
            let filled = self.lane.fill(pattern, word, element);
            let filled = filled.map_err(|why| Blocker::InputUnnamed { role: role.clone(), why })?;
            outputs.extend(filled.path().map(|path| (role.clone(), self.lane.file(&path))));
        }
        Ok(outputs)
    }

    /// Files that lie where an output may go whose name only the step knows: read first, so that it is known whose they
    /// are.
    fn in_the_way_of_patterns(&mut self, turn: &Turn, element: Option<&Element>) -> Vec<FilePath> {
        let word = turn.map.as_ref().map(|map| map.word.as_str());
        let filled = turn.outputs.iter().filter_map(|(_, pattern)| self.lane.fill(pattern, word, element).ok());
        let open: Vec<_> = filled.filter(|pattern| pattern.path().is_none()).collect();
        open.iter().flat_map(|pattern| self.matching(pattern, false)).collect()
    }

    /// The action key; `fixed`: texts that we published stand for those their edits were made from.
    fn key(
        &self,
        turn: &Turn,
        element: Option<&Element>,
        gathered: &Gathered,
        outputs: &[(String, FilePath)],
        fixed: bool,
    ) -> (Digest, Vec<Part>) {
        let mut maker = KeyMaker::new();
        let rules = &self.core.playbook.rules;
        let subject = &self.lane.name.subject;
        let share = rules.shares.get(usize::from(subject.share.0)).map_or("", |share| share.name.as_str());
        maker.add("subject", &format!("{} {share}/{}", subject.pipeline, subject.path));
        maker.add("step", &turn.step.name);
        match &turn.step.work {
            Work::BuiltIn(name) => maker.add("program", &format!("{name} {}", rules.builtins.get(name).unwrap_or(&0))),
            Work::Program(words) => maker.add("program", &words.join("\u{0}")),
        }
        maker.add("version", &turn.step.version);
        for (name, value) in &self.lane.name.parameters {
            maker.add(&format!("parameter {name}"), value);
        }
        for name in &turn.step.settings {
            maker.add(&format!("setting {name}"), rules.settings.get(name).map_or("", String::as_str));
        }
        for tool in &turn.step.tools {
            let version = self.core.tools.get(tool).and_then(Option::as_ref);
            maker.add(&format!("tool {tool}"), version.map_or("", String::as_str));
        }
        for name in &turn.step.key {
            let field = element.and_then(|element| element.fields.get(name));
            maker.add(&format!("element {name}"), &field.map_or_else(String::new, key::word));
        }
        for (role, file) in outputs {
            maker.add(&format!("out.{role}"), &file.path);
        }
        for (role, values) in &gathered.values {
            let values = values.iter().map(|(name, value, was)| {
                (name.clone(), if fixed { was.as_ref().unwrap_or(value) } else { value }.clone())
            });
            maker.add_input(role, &values.collect::<Vec<_>>());
        }
        maker.finish()
    }

    /// Whether the outputs of a known result lie where they should; else why not.
    fn in_place(&mut self, known: &ActionRow) -> Result<Option<String>, Blocker> {
        for output in &known.outputs {
            if let Some(blocker) = self.unread_output(&output.file) {
                return Err(blocker);
            }
            match self.core.files.get(&output.file) {
                Some(file) if file.current() == Some(output.digest) => {}
                Some(file) if file.is_there() => return Ok(Some(format!("{} was changed", output.file))),
                _ => return Ok(Some(format!("{} is not there", output.file))),
            }
        }
        Ok(None)
    }

    /// One of the outputs was made again too often, because somebody undid it each time.
    fn storm(&mut self, known: &ActionRow) -> Option<Blocker> {
        let storm =
            known.outputs.iter().filter_map(|output| self.core.storm(&output.file)).max_by_key(Blocker::until)?;
        self.out.calm = self.out.calm.max(storm.until());
        Some(storm)
    }

    /// What keeps an output that lies there from being compared, if anything.
    fn unread_output(&mut self, file: &FilePath) -> Option<Blocker> {
        self.out.reads.insert(file.clone());
        if self.core.is_publishing(file) {
            return None;
        }
        match self.core.files.on_disk(file, &self.lane.play.pipeline, self.core.now) {
            Content::Known(_) | Content::Missing => None,
            Content::Unsettled(until) => {
                self.wake_at(until);
                Some(Blocker::InputUnsettled { file: file.clone(), until })
            }
            Content::Unread => Some(self.want_hash(file)),
        }
    }

    pub fn want_hash(&mut self, file: &FilePath) -> Blocker {
        if let Some(blocker) = self.core.leases.locked(file) {
            return blocker;
        }
        if self.core.is_publishing(file) {
            // What is read of it before that has ended is not believed, and would be read again and again.
            return Blocker::BeingPublished { file: file.clone() };
        }
        self.out.wants.hash.insert(file.clone());
        Blocker::Hashing { file: file.clone() }
    }

    pub fn wake_at(&mut self, at: Time) {
        self.out.wake = Some(self.out.wake.map_or(at, |wake| wake.min(at)));
    }

    /// Two nodes that would write one path from different inputs: whoever is due waits, naming the other. From the same
    /// inputs, the second waits for the first and finds its work done. As long as one of them has no key yet, nobody
    /// of the same step goes ahead.
    fn refuse_collisions(&mut self) {
        let mut claims: BTreeMap<&FilePath, Vec<usize>> = BTreeMap::new();
        for (place, prospect) in self.out.nodes.iter().enumerate() {
            for file in &prospect.claims {
                claims.entry(file).or_default().push(place);
            }
        }
        let mut refused: Vec<(usize, Blocker)> = Vec::new();
        for (file, places) in claims.into_iter().filter(|(_, places)| places.len() > 1) {
            for &place in places.iter().filter(|place| matches!(self.out.nodes[**place].stand, Stand::Due { .. })) {
                refused.extend(self.collision(file, place, &places).map(|blocker| (place, blocker)));
            }
        }
        for (place, blocker) in refused {
            let prospect = &mut self.out.nodes[place];
            prospect.stuck |= blocker.is_outside();
            match &mut prospect.stand {
                Stand::Blocked(blockers) => blockers.push(blocker),
                stand => *stand = Stand::Blocked(vec![blocker]),
            }
        }
    }

    fn collision(&self, file: &FilePath, place: usize, places: &[usize]) -> Option<Blocker> {
        let one = &self.out.nodes[place];
        let key = one.stand.key();
        let others = || places.iter().filter(|other| **other != place).map(|other| (*other, &self.out.nodes[*other]));
        let other_key = others().find(|(_, other)| other.stand.key().is_some_and(|theirs| Some(theirs) != key));
        if let Some((_, other)) = other_key {
            return Some(Blocker::Collision { file: file.clone(), other: other.node.clone() });
        }
        let awaited = others().find(|(rank, other)| match &other.stand {
            Stand::Due { .. } => *rank < place,
            Stand::Blocked(_) => other.turn == one.turn && !other.stuck,
            _ => false,
        });
        awaited.map(|(_, other)| self.need(other, true))
    }
}

impl Lane {
    /// A pattern with the captures of the subject and the fields of the element in it.
    pub fn fill(
        &self,
        pattern: &crate::pattern::Pattern,
        word: Option<&str>,
        element: Option<&Element>,
    ) -> Result<crate::pattern::Pattern, String> {
        pattern.fill(&|name| {
            if let Some(value) = self.captures.get(name) {
                return Some(value.clone());
            }
            let field = name.strip_prefix(word?)?.strip_prefix('.')?;
            Some(match element?.fields.get(field)? {
                Field::Text(text) => text.clone(),
                Field::Number(number) => number.to_string(),
                Field::Flag(flag) => flag.to_string(),
            })
        })
    }
}
