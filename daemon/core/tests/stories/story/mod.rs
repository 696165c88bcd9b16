//! A small world to tell stories in: a scenario goes in, what the core decided comes out as text.
//!
//! The world answers at once what only takes time (scans, reads, look-ups, weaves, publishes); attempts end when the
//! story says so. Programs are plain functions from an order to a result. Edits are lines `old => new`.
#![allow(dead_code, reason = "each story uses its own part of the world")]

mod cast;
pub mod store;

pub use cast::*;

use show_core::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use store::Store;

pub const SHARE: ShareId = ShareId(0);
pub type Program = fn(&Order, &Blobs) -> Ended;
pub type Blobs = BTreeMap<Digest, String>;

pub struct Story {
    pub core: Coordinator,
    pub store: Store,
    rules: Rules,
    now: i64,
    disk: BTreeMap<String, (String, Stamp)>,
    ticks: u64,
    pub blobs: Blobs,
    programs: BTreeMap<String, Program>,
    tools: BTreeMap<String, Option<String>>,
    running: BTreeMap<JobId, Order>,
    waiting: VecDeque<Event>,
    /// What a probe of these files finds.
    pub disquiet: BTreeMap<String, Vec<Disquiet>>,
    asks: u64,
    lines: Vec<String>,
    /// Publishes are answered by the story.
    pub manual_publish: bool,
    pub intents: BTreeMap<IntentId, Intent>,
    /// What was read in ballots is told when the story says so, with [`Story::told_late`].
    pub late: Option<Vec<Event>>,
    /// Scans are answered by the story, with [`Story::scanned`].
    pub manual_scan: bool,
}

impl Story {
    pub fn new(rules: Rules) -> Self {
        let errors = rules.check();
        assert!(errors.is_empty(), "{errors:?}");
        let (core, _) = Coordinator::restore(Rows::default(), rules.clone(), Time(0));
        Self {
            core,
            store: Store::default(),
            rules,
            now: 0,
            disk: BTreeMap::new(),
            ticks: 0,
            blobs: Blobs::new(),
            programs: BTreeMap::new(),
            tools: BTreeMap::new(),
            running: BTreeMap::new(),
            waiting: VecDeque::new(),
            disquiet: BTreeMap::new(),
            asks: 0,
            lines: Vec::new(),
            manual_publish: false,
            intents: BTreeMap::new(),
            late: None,
            manual_scan: false,
        }
    }

    /// Tells what was read in ballots meanwhile, and from now on at once.
    pub fn told_late(&mut self) -> &mut Self {
        self.waiting.extend(self.late.take().unwrap_or_default());
        self.drain();
        self
    }

    /// What a step does when the story lets it finish.
    pub fn program(mut self, step: &str, program: Program) -> Self {
        self.programs.insert(step.to_owned(), program);
        self
    }

    pub fn tool(mut self, name: &str, version: Option<&str>) -> Self {
        self.tools.insert(name.to_owned(), version.map(str::to_owned));
        self
    }

    /// A file that is there before showd starts.
    pub fn with(mut self, path: &str, text: &str) -> Self {
        self.now = -1_000_000;
        self.put(path, text);
        self.now = 0;
        self
    }

    pub fn start(mut self) -> Self {
        let (core, decision) = Coordinator::restore(Rows::default(), self.rules.clone(), Time(0));
        self.core = core;
        self.commit(decision);
        self.event(Event::RunnerBack { attempts: Vec::new() });
        self
    }

    /// Lets time pass until then, waking the core whenever it asked for it.
    pub fn at(&mut self, seconds: f64) -> &mut Self {
        let until = (seconds * 1000.0).round() as i64;
        while let Some(Time(at)) = self.core.next_deadline().filter(|at| at.0 <= until) {
            self.now = self.now.max(at);
            self.event(Event::Clock);
        }
        self.now = until;
        self
    }

    /// A person saves a file.
    pub fn save(&mut self, path: &str, text: &str) -> &mut Self {
        self.put(path, text);
        self.say(format!("saved {path}"));
        let look = Look::File(self.disk[path].1);
        self.event(Event::FileSeen { file: file(path), look })
    }

    /// A person saves a file and nobody tells us.
    pub fn save_unseen(&mut self, path: &str, text: &str) -> &mut Self {
        self.put(path, text);
        self
    }

    /// A person removes a file and nobody tells us.
    pub fn remove_unseen(&mut self, path: &str) -> &mut Self {
        self.disk.remove(path);
        self
    }

    /// A person removes a file.
    pub fn remove(&mut self, path: &str) -> &mut Self {
        self.disk.remove(path);
        self.say(format!("removed {path}"));
        self.event(Event::FileSeen { file: file(path), look: Look::Gone })
    }

    /// A person renames a file and nobody tells us.
    pub fn rename_unseen(&mut self, from: &str, to: &str) -> &mut Self {
        let moved = self.disk.remove(from).expect("it is there");
        self.disk.insert(to.to_owned(), moved);
        self
    }

    /// A person renames a file.
    pub fn rename(&mut self, from: &str, to: &str) -> &mut Self {
        self.rename_unseen(from, to);
        self.say(format!("renamed {from} to {to}"));
        let look = Look::File(self.disk[to].1);
        self.event(Event::FileSeen { file: file(to), look });
        self.event(Event::FileSeen { file: file(from), look: Look::Gone })
    }

    /// A person saves a file in place and nobody tells us.
    pub fn change_unseen(&mut self, path: &str, text: &str) -> &mut Self {
        let inode = self.disk[path].1.inode;
        self.put(path, text);
        self.disk.get_mut(path).expect("it was just put there").1.inode = inode;
        self
    }

    /// The attempt of this node ends as its program says.
    pub fn finish(&mut self, node: &str) -> &mut Self {
        let (job, order) = self.running_job(node);
        let ended = self.ended(&order);
        self.end(job, order.attempt, ended)
    }

    fn ended(&mut self, order: &Order) -> Ended {
        let program =
            self.programs.get(&*order.node.step).copied().unwrap_or(|_, _| Ended::Succeeded(Finished::default()));
        let ended = program(order, &self.blobs);
        if let Ended::Succeeded(finished) = &ended {
            self.blobs.extend(texts(finished));
        }
        ended
    }

    pub fn fail(&mut self, node: &str, why: &str) -> &mut Self {
        let (job, order) = self.running_job(node);
        self.end(job, order.attempt, Ended::Failed { code: 1, why: why.to_owned() })
    }

    /// The attempt of this node of a subject ends: as its program says, or with what it was given found unfit.
    pub fn end_of(&mut self, subject: &Subject, node: &Node, unfit: bool) -> &mut Self {
        let found = self.running.iter().find(|(_, order)| order.subject == *subject && order.node == *node);
        let (job, order) = found.map(|(job, order)| (*job, order.clone())).expect("it is running");
        let ended = if unfit { Ended::Unfit { why: "no good".to_owned() } } else { self.ended(&order) };
        self.end(job, order.attempt, ended)
    }

    pub fn end(&mut self, job: JobId, attempt: AttemptNo, ended: Ended) -> &mut Self {
        self.running.remove(&job);
        self.event(Event::AttemptEnded { job, attempt, ended })
    }

    /// Lets every attempt finish, and whatever starts then.
    pub fn finish_all(&mut self) -> &mut Self {
        while let Some(order) = self.running.values().next() {
            let node = order.node.to_string();
            self.finish(&node);
        }
        self
    }

    pub fn running_job(&self, node: &str) -> (JobId, Order) {
        let found = self.running.iter().find(|(_, order)| order.node.to_string() == node);
        let (job, order) = found.unwrap_or_else(|| panic!("{node} is not running; {:?} are", self.running.keys()));
        (*job, order.clone())
    }

    pub fn ask(&mut self, what: Ask) -> &mut Self {
        self.asks += 1;
        let who = Peer { uid: 1000, pid: 7, name: "pat".to_owned() };
        self.event(Event::Asked { ask: AskId(self.asks), client: ClientId(1), who, what })
    }

    /// The daemon dies and starts again on what was kept; the runner and its attempts go on.
    pub fn restart(&mut self) -> &mut Self {
        self.say("restart");
        let (core, decision) = Coordinator::restore(self.store.rows(), self.rules.clone(), Time(self.now));
        self.core = core;
        self.commit(decision);
        let attempts = self.running.values().map(|order| (order.job, order.attempt)).collect();
        self.event(Event::RunnerBack { attempts })
    }

    /// As [`Self::restart`], on a machine whose runner has no attempts and is not there yet.
    pub fn restart_alone(&mut self) -> &mut Self {
        assert!(self.running.is_empty(), "every attempt has ended");
        let (core, decision) = Coordinator::restore(self.store.rows(), self.rules.clone(), Time(self.now));
        self.core = core;
        self.commit(decision);
        self.drain();
        self
    }

    /// Every attempt that runs: its subject and its node.
    pub fn running(&self) -> BTreeSet<(Subject, Node)> {
        self.running.values().map(|order| (order.subject.clone(), order.node.clone())).collect()
    }

    /// Room for everybody.
    pub fn roomy(mut self) -> Self {
        self.rules.pools.iter_mut().for_each(|pool| pool.capacity = 100);
        self
    }

    /// What may be merged without asking.
    pub fn allowing(mut self, merge: MergePolicy) -> Self {
        self.rules.shares.iter_mut().for_each(|share| share.merge = merge);
        self
    }

    /// Starts again, and another machine owns the share now.
    pub fn owned_elsewhere(mut self) -> Self {
        self.rules.shares.iter_mut().for_each(|share| share.read_only = true);
        self.restart();
        self
    }

    pub fn has(&self, path: &str) -> bool {
        self.disk.contains_key(path)
    }

    pub fn event(&mut self, event: Event) -> &mut Self {
        self.waiting.push_back(event);
        self.drain();
        self
    }

    /// A scan passes these files, and what the story lets happen meanwhile; everything else it did not see.
    pub fn scan_sees(&mut self, paths: &[&str]) -> &mut Self {
        for path in paths {
            let look = Look::File(self.disk[*path].1);
            self.event(Event::FileSeen { file: file(path), look });
        }
        self
    }

    pub fn scanned(&mut self) -> &mut Self {
        self.event(Event::Scanned { share: SHARE, complete: true })
    }

    pub fn publish(&mut self, intent: IntentId, outcome: Outcome) -> &mut Self {
        self.intents.remove(&intent);
        self.event(Event::Published { intent, outcome })
    }

    /// Does what an intent says, comparing as the publisher does.
    pub fn carry_out(&mut self, intent: &Intent) -> Outcome {
        for made in &intent.moves {
            let (target, base) = match made {
                Move::Replace { file, base, .. } | Move::Remove { file, base, .. } => (file, Some(*base)),
                Move::New { file, .. } => (file, None),
                Move::Rename { from, base, .. } => (from, Some(*base)),
            };
            let now = self.disk.get(&*target.path).map(|(text, _)| digest(text));
            let look = self.disk.get(&*target.path).map(|(_, stamp)| *stamp);
            let is_seen = !matches!(made, Move::Replace { seen: Some(seen), .. } if Some(*seen) != look);
            if now != base || !is_seen {
                return Outcome::Overtaken { file: target.clone(), why: "it is another text now".to_owned() };
            }
        }
        let stamps = intent.moves.iter().map(|made| match made {
            Move::Replace { file, new, .. } | Move::New { file, new, .. } => {
                let text = match made {
                    Move::Replace { source: Source::Text(text), .. } | Move::New { source: Source::Text(text), .. } => {
                        text.clone()
                    }
                    _ => self.blobs.get(new).cloned().unwrap_or_else(|| format!("bytes {new:?}")),
                };
                self.put(&file.path, &text);
                Some(self.disk[&*file.path].1)
            }
            Move::Rename { from, to, .. } => {
                let moved = self.disk.remove(&*from.path).expect("it was compared");
                self.disk.insert(to.path.to_string(), moved);
                None
            }
            Move::Remove { file, .. } => {
                self.disk.remove(&*file.path);
                None
            }
        });
        Outcome::Done { stamps: stamps.collect() }
    }

    pub fn exists(&self, path: &str) -> bool {
        self.disk.contains_key(path)
    }

    pub fn text(&self, path: &str) -> &str {
        &self.disk[path].0
    }

    /// What people see when they ask why.
    pub fn why(&self, job: u64) -> Vec<String> {
        self.core.blockers(JobId(job)).iter().map(ToString::to_string).collect()
    }

    pub fn plan(&self, subject: &str) -> String {
        let plan = self.core.plan(&subject_of(subject)).expect("there is such a subject");
        let lines = plan.nodes.iter().map(|node| {
            let standing = match &node.standing {
                Standing::UpToDate => "up to date".to_owned(),
                Standing::NotNeeded => "not needed".to_owned(),
                Standing::Unavailable { why } => format!("unavailable: {why}"),
                Standing::Due { why } => format!("due: {why}"),
                Standing::Failed { why } => format!("failed: {why}"),
                Standing::Blocked { blockers } => {
                    format!("blocked: {}", blockers.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
                }
            };
            format!("{:20} {standing}", node.node.to_string())
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Everything that was decided since the last time.
    pub fn told(&mut self) -> String {
        let told = std::mem::take(&mut self.lines);
        if told.is_empty() { "nothing".to_owned() } else { told.join("\n") }
    }

    /// Lets what was decided pass untold.
    pub fn skip(&mut self) -> &mut Self {
        self.lines.clear();
        self
    }

    /// As the merger does, for texts of one line that differ in how they end: each side began from the state that is
    /// nearest, and they fit together if both only went on from the older of the two.
    fn merge(&mut self, order: &Merge) -> Merged {
        let (ours, theirs) = (&self.blobs[&order.ours], &self.blobs[&order.theirs]);
        let nearest = |side: &str, may: &dyn Fn(&Ancestor) -> bool| {
            let states = order.bases.iter().enumerate().filter(|(_, state)| may(state));
            states
                .map(|(place, state)| (distance(&self.blobs[&state.digest], side), place))
                .min()
                .map(|(_, place)| place)
        };
        let of_theirs = nearest(theirs, &|state| state.is_before_copy)
            .or_else(|| nearest(theirs, &|state| state.digest == order.theirs));
        let (Some(of_ours), Some(of_theirs)) = (nearest(ours, &|_| true), of_theirs) else {
            return Merged::Impossible { why: "no ancestor of both is known".to_owned() };
        };
        let on = order.bases[of_ours.min(of_theirs)];
        let base = self.blobs[&on.digest].as_str();
        let text = match (ours.strip_prefix(base), theirs.strip_prefix(base)) {
            (Some(more), Some(theirs)) if more == theirs => ours.clone(),
            (Some(_), Some(theirs)) => format!("{ours}{theirs}"),
            _ => return Merged::Unclean { places: 1, on },
        };
        self.blobs.insert(digest(&text), text.clone());
        Merged::Clean { digest: digest(&text), size: text.len() as u64, on }
    }

    fn put(&mut self, path: &str, text: &str) {
        self.ticks += 1;
        let ns = self.now * 1_000_000;
        let stamp = Stamp { size: text.len() as u64, mtime_ns: ns, ctime_ns: ns, inode: self.ticks };
        self.blobs.insert(digest(text), text.to_owned());
        self.disk.insert(path.to_owned(), (text.to_owned(), stamp));
    }

    fn drain(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            let decision = self.core.step(Time(self.now), event);
            self.commit(decision);
        }
    }

    fn commit(&mut self, decision: Decision) {
        let mut log = Vec::new();
        let effects = decision.commit(|changes| {
            self.store.keep(changes);
            log.extend(changes.iter().filter_map(|change| match change {
                Change::Log(event) => Some(event.clone()),
                _ => None,
            }));
            Ok::<_, ()>(())
        });
        for event in log {
            let job = event.job.map_or(String::new(), |job| format!(" {job}"));
            let build = event.build.filter(|_| event.job.is_none()).map_or(String::new(), |build| format!(" {build}"));
            self.say(format!("{}{job}{build}: {}", event.kind, event.text));
        }
        for effect in effects.expect("this store always keeps") {
            self.effect(effect);
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Scan { .. } if self.manual_scan => self.say("scan"),
            Effect::Scan { share } => {
                for (path, (_, stamp)) in &self.disk {
                    self.waiting.push_back(Event::FileSeen { file: file(path), look: Look::File(*stamp) });
                }
                self.waiting.push_back(Event::Scanned { share, complete: true });
            }
            Effect::LookAt { file } => {
                let look = self.disk.get(&*file.path).map_or(Look::Gone, |(_, stamp)| Look::File(*stamp));
                self.waiting.push_back(Event::FileSeen { file, look });
            }
            Effect::Hash { file, .. } => {
                self.say(format!("hash {file}"));
                let event = match self.disk.get(&*file.path) {
                    Some((text, stamp)) => Event::Hashed { file, stamp: *stamp, digest: digest(text), device: None },
                    None => Event::HashFailed { file, look: Look::Gone, why: "it is gone".to_owned() },
                };
                self.waiting.push_back(event);
            }
            Effect::LookForTool { name } => {
                let version = self.tools.get(&name).cloned().flatten();
                self.waiting.push_back(Event::ToolSeen { name, version });
            }
            Effect::LookUp { keys } => {
                let (known, missing): (Vec<Digest>, Vec<Digest>) =
                    keys.into_iter().partition(|key| self.store.actions.contains_key(key));
                let found = known.iter().map(|key| self.store.actions[key].clone()).collect();
                self.waiting.push_back(Event::Found { found, missing });
            }
            Effect::StartAttempt(order) => {
                self.say(format!("start {}.{} {}", order.job, order.attempt, order.node));
                self.waiting.push_back(Event::AttemptStarted { job: order.job, attempt: order.attempt });
                self.running.insert(order.job, *order);
            }
            Effect::LookUpHistory { file } => {
                let history = self.store.history(&file).map(Version::from).collect();
                self.waiting.push_back(Event::HistoryFound { file, history });
            }
            Effect::Merge(order) => {
                let Merge { copy, ours, theirs, .. } = order.clone();
                let merged = self.merge(&order);
                self.say(format!("merge {copy}: {merged:?}"));
                self.waiting.push_back(Event::Merged { copy, ours, theirs, merged });
            }
            Effect::Probe { file, stamp, .. } => {
                let found = self.disquiet.get(&*file.path).cloned().unwrap_or_default();
                self.waiting.push_back(Event::Probed { file, stamp, found });
            }
            Effect::StopAttempt { job, attempt, .. } => self.say(format!("stop {job}.{attempt}")),
            Effect::ForgetAttempt { .. } => {}
            Effect::Weave(order) => {
                let woven = weave(&order, &self.blobs);
                if let Ok((woven, text)) = &woven {
                    self.blobs.insert(woven.digest, text.clone());
                }
                self.waiting.push_back(Event::Woven { weave: order.weave, woven: woven.map(|(woven, _)| woven) });
            }
            Effect::WriteBallot { note, of, entries } => {
                let lines = entries.iter().map(|entry| {
                    let ProposalEntry { proposal, mark, file, summary, undecided, .. } = entry;
                    let tick = if *undecided { 'b' } else { ' ' };
                    format!("[{tick}] {proposal} {mark} {file}: {summary}")
                });
                let text = lines.collect::<Vec<_>>().join("\n");
                let (digest, size) = (digest(&text), text.len() as u64);
                self.blobs.insert(digest, text);
                self.waiting.push_back(Event::BallotWritten { note, of, made: Ok((digest, size)) });
            }
            Effect::ReadBallot { note, digest } => {
                let (ticked, is_ours) = ticked(&self.blobs[&digest]);
                let read = Event::BallotRead { note, digest, ticked, is_ours };
                match &mut self.late {
                    Some(late) => late.push(read),
                    None => self.waiting.push_back(read),
                }
            }
            Effect::Publish(intent) => {
                let moves: Vec<String> = intent.moves.iter().map(told_move).collect();
                self.say(format!("publish {}: {}", intent.id, moves.join(", ")));
                if self.manual_publish {
                    self.intents.insert(intent.id, *intent);
                } else {
                    let outcome = self.carry_out(&intent);
                    self.waiting.push_back(Event::Published { intent: intent.id, outcome });
                    // The watcher sees it too.
                    for made in &intent.moves {
                        if let Move::Replace { file, .. } | Move::New { file, .. } = made {
                            let look = Look::File(self.disk[&*file.path].1);
                            self.waiting.push_back(Event::FileSeen { file: file.clone(), look });
                        }
                    }
                }
            }
            Effect::Answer { ask, reply } => self.say(format!("answer {ask}: {}", told_reply(&reply))),
        }
    }

    fn say(&mut self, line: impl AsRef<str>) {
        let line = line.as_ref();
        let seconds = self.now as f64 / 1000.0;
        self.lines.push(format!("{seconds:.1}s  {}", line.replace('\n', " / ")));
    }
}

fn told_move(made: &Move) -> String {
    match made {
        Move::Replace { file, human: true, .. } => format!("rewrite {file}"),
        Move::Replace { file, .. } => format!("replace {file}"),
        Move::New { file, .. } => format!("new {file}"),
        Move::Rename { from, to, .. } => format!("rename {from} to {to}"),
        Move::Remove { file, .. } => format!("remove {file}"),
    }
}

fn told_reply(reply: &Reply) -> String {
    match reply {
        Reply::Refused(refusal) => format!("refused: {} ({})", refusal.text, refusal.hint),
        other => format!("{other:?}"),
    }
}

pub fn file(path: &str) -> FilePath {
    FilePath { share: SHARE, path: path.into() }
}

pub fn digest(text: &str) -> Digest {
    Digest(*blake3::hash(text.as_bytes()).as_bytes())
}

pub fn subject_of(path: &str) -> Subject {
    Subject { pipeline: "show".into(), share: SHARE, path: path.into() }
}

/// An ask about one file.
pub fn take(path: &str, kind: LeaseKind) -> Ask {
    Ask::Take { file: file(path), kind, why: "rewriting it".to_owned() }
}

/// Applies edits as the weaver does: each replaces the first place where its old text stands. What becomes `key=value` is
/// a value, everything else a stitch between two lines. The loss guard refuses a text that is `undefined`.
pub fn weave(order: &WeaveOrder, blobs: &Blobs) -> Result<(Woven, String), String> {
    let base = blobs.get(&order.base).cloned().ok_or("there is no such text")?;
    let mut text = base.clone();
    let (mut dropped, mut wrote, mut stitches, mut blamed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (place, layer) in order.layers.iter().enumerate() {
        let edits = blobs.get(&layer.edits).ok_or("there are no such edits")?;
        let why = "the text would be undefined".to_owned();
        blamed.extend(layer.proposal.filter(|_| edits.contains("undefined")).map(|id| (id, why)));
        for edit in edits.lines() {
            let Some((file, change)) = edit.split_once(": ") else { continue };
            let Some((old, new)) = change.split_once(" => ") else { continue };
            if *file != *order.file.path {
                continue;
            }
            let Some(at) = text.find(old) else {
                dropped.push((place as u32, format!("\"{old}\" is not there")));
                continue;
            };
            text = text.replacen(old, new, 1);
            match new.split_once('=') {
                Some((key, value)) => {
                    wrote.push(Ours { file: order.file.clone(), target: key.to_owned(), value: value.to_owned() });
                }
                None => stitches.push(stitch(&text, at)),
            }
        }
    }
    let refused = text.contains("undefined").then(|| "the text would be undefined".to_owned());
    if refused.is_some() {
        text = base;
    }
    let (digest, size) = (digest(&text), text.len() as u64);
    Ok((Woven { digest, size, minted: Vec::new(), wrote, stitches, dropped, refused, blamed }, text))
}

/// The line at this place, and those beside it.
fn stitch(text: &str, at: usize) -> u64 {
    let line = text[..at].matches('\n').count();
    let near: Vec<&str> = text.lines().skip(line.saturating_sub(1)).take(if line > 0 { 3 } else { 2 }).collect();
    let Digest(bytes) = digest(&near.join("\n"));
    u64::from_be_bytes(bytes[..8].try_into().expect("eight of them"))
}

/// A result with edits `file: old => new`, one per line.
pub fn edits(lines: &str) -> Finished {
    let files: BTreeSet<&str> = lines.lines().filter_map(|line| line.split_once(": ").map(|(file, _)| file)).collect();
    let edits = Edits { digest: digest(lines), files: files.into_iter().map(file).collect(), renames: Vec::new() };
    // The text of the edits rides along as the summary, for the world to keep as a blob.
    Finished { edits: Some(edits), summary: lines.to_owned(), ..Finished::default() }
}

/// A result with one output.
pub fn output(order: &Order, text: &str) -> Finished {
    let (role, path) = order.outputs.first().expect("it has an output").clone();
    let output = Output { role, file: path, digest: digest(text), size: text.len() as u64, keep_old_as: None };
    Finished { outputs: vec![output], summary: text.to_owned(), ..Finished::default() }
}

fn texts(finished: &Finished) -> Blobs {
    let text = finished.summary.clone();
    [(digest(&text), text)].into()
}

/// The texts of an order's inputs.
pub fn read<'a>(order: &Order, blobs: &'a Blobs) -> Vec<(String, &'a str)> {
    let digests = order.inputs.iter().filter_map(|input| match input {
        OrderInput::Text { file, text, .. } => Some((file.path.to_string(), *text)),
        OrderInput::File { file, digest, .. } => Some((file.path.to_string(), *digest)),
        _ => None,
    });
    digests.map(|(path, digest)| (path, blobs[&digest].as_str())).collect()
}

pub fn rules(steps: Vec<Step>) -> Rules {
    let pipeline = Pipeline {
        name: "show".into(),
        subject: "ep/{episode:digits}/".to_owned(),
        on: vec!["*.md".to_owned(), "media/**".to_owned()],
        steps,
        settle_text_ms: 3_000,
        settle_text_ms_max: 30_000,
        settle_media_ms: 10_000,
        quiet_ms: 120_000,
        due: String::new(),
        digest: Digest([0; 32]),
    };
    Rules {
        shares: vec![ShareRules { name: "main".to_owned(), read_only: false, merge: MergePolicy::default() }],
        pipelines: vec![pipeline],
        pools: vec![
            Pool { name: "cpu".to_owned(), capacity: 2 },
            Pool { name: "gpu".to_owned(), capacity: 2 },
            Pool { name: "held".to_owned(), capacity: 0 },
        ],
        settings: BTreeMap::new(),
        tools: Vec::new(),
        builtins: BTreeMap::new(),
        grace_ms: 5_000,
        builds_kept_max: 3,
        scan_ms: 0,
        storm: (6, 3_600_000),
        lock_ms_max: 60_000,
    }
}

/// A step that reads all notes.
pub fn step(name: &str) -> Step {
    Step {
        name: name.into(),
        work: Work::Program(vec![name.to_owned()]),
        map: String::new(),
        key: Vec::new(),
        needs: Vec::new(),
        after: Vec::new(),
        when: String::new(),
        inputs: [("notes".to_owned(), Input::Text("*.md".to_owned()))].into(),
        settings: Vec::new(),
        tools: Vec::new(),
        outputs: BTreeMap::new(),
        edits: Vec::new(),
        pools: [("cpu".to_owned(), 1)].into(),
        timeout_ms: 60_000,
        retry: Retry { tries_max: 2, wait_ms: 1_000, wait_ms_max: 60_000 },
        network: false,
        reads: Vec::new(),
        version: String::new(),
    }
}

pub fn needs(mut step: Step, names: &[&str]) -> Step {
    step.needs = names.iter().map(|name| Arc::from(*name)).collect();
    step
}

pub fn after(mut step: Step, names: &[&str]) -> Step {
    step.after = names.iter().map(|name| Arc::from(*name)).collect();
    step
}

pub fn out(mut step: Step, role: &str, path: &str) -> Step {
    step.outputs.insert(role.to_owned(), path.to_owned());
    step
}

pub fn editing(mut step: Step) -> Step {
    step.edits = vec!["prose".to_owned()];
    step
}

pub fn input(mut step: Step, role: &str, input: Input) -> Step {
    step.inputs.insert(role.to_owned(), input);
    step
}

pub fn without_inputs(mut step: Step) -> Step {
    step.inputs.clear();
    step
}

pub fn on_pool(mut step: Step, pool: &str) -> Step {
    step.pools = [(pool.to_owned(), 1)].into();
    step
}

pub fn mapping(mut step: Step, list: &str, key: &[&str]) -> Step {
    list.clone_into(&mut step.map);
    step.key = key.iter().map(|name| (*name).to_owned()).collect();
    step
}

/// Sentences that one of the texts has and the other has not; one letter more or less makes no other sentence.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.split(". ").collect(), other.split(". ").collect());
    let is_in = |sentence: &str, text: &[&str]| {
        text.iter().any(|other| sentence.trim_end_matches('!') == other.trim_end_matches('!'))
    };
    let lacking = |text: &[&str], from: &[&str]| from.iter().filter(|sentence| !is_in(sentence, text)).count();
    lacking(&one, &other) + lacking(&other, &one)
}

/// The answers in a note, a line each: `[a]` accepts, `[r]` rejects, `[b]` does both. Any other line is a person's own.
fn ticked(text: &str) -> (Vec<Ticked>, bool) {
    let boxes = text.lines().filter(|line| line.starts_with('['));
    let answers = boxes.filter_map(|line| {
        let says = match line.get(..4)? {
            "[a] " => Says::Accept,
            "[r] " => Says::Reject,
            "[b] " => Says::Both,
            _ => return None,
        };
        let mut words = line[4..].split(' ');
        let proposal = ProposalId(words.next()?.parse().ok()?);
        Some(Ticked { proposal, mark: words.next()?.to_owned(), says })
    });
    (answers.collect(), text.lines().all(|line| line.starts_with('[')))
}
