//! The world around the core: disk, watcher, hasher, weaver, publisher, runner, clients and the driver between them.
//!
//! Everything that takes time is a [`Task`] in one queue ordered by time. A crash forgets the core and every task that
//! lived in the daemon; files, rows, blobs and the runner stay.

use crate::chance::Chance;
use crate::check::{Checker, Found, found};
use crate::model::{Disk, Store, digest, path};
use crate::planted::Planted;
use crate::rules::{LOCK_MS, QUIET_MS, SCAN_MS, rules};
use crate::steps;
use show_core::{
    Ask, AskId, AttemptNo, Change, ClientId, Coordinator, Decision, Effect, Ended, Event, Finished, Intent, JobId,
    LeaseKind, Move, Order, OrderInput, Ours, Outcome, Peer, Reply, Row, ShareId, Time, WeaveOrder, Woven,
};
use std::collections::{BTreeMap, VecDeque};

const SHARE: ShareId = ShareId(0);
/// Things that people do before it gets calm.
const ACTS: u64 = 60;
/// Turns after which calm should long have come.
const TURNS_MAX: u64 = 60_000;

/// How much happened.
#[derive(Debug, Default)]
pub struct Told {
    pub turns: u64,
    pub edits: u64,
    pub attempts: u64,
    pub publishes: u64,
    pub overtaken: u64,
    pub crashes: u64,
}

impl Told {
    pub fn add(&mut self, other: Self) {
        self.turns += other.turns;
        self.edits += other.edits;
        self.attempts += other.attempts;
        self.publishes += other.publishes;
        self.overtaken += other.overtaken;
        self.crashes += other.crashes;
    }
}

/// Something that happens at its time.
enum Task {
    /// Lives in the daemon and dies with it.
    Daemon(Inside),
    /// An attempt comes to its end in the runner.
    AttemptEnds(JobId, AttemptNo),
}

enum Inside {
    Tell(Event),
    Look(String),
    Scan,
    Hash(String),
    Weave(Box<WeaveOrder>),
    /// Bases are compared and bytes staged.
    Stage(Box<Intent>),
    /// Bytes are swapped in.
    Swap(Box<Intent>),
}

pub struct Live {
    pub order: Order,
    fate: Fate,
}

#[derive(Clone, Copy)]
enum Fate {
    Succeeds,
    Fails,
    /// Until it is stopped or its time is up.
    Hangs,
}

#[derive(Default)]
pub struct Runner {
    pub live: BTreeMap<(JobId, AttemptNo), Live>,
    /// Ends that nobody has acknowledged.
    spool: BTreeMap<(JobId, AttemptNo), Ended>,
}

pub struct Lease {
    pub kind: LeaseKind,
    /// A lock that nobody renews ends by itself.
    pub until: Option<Time>,
    client: ClientId,
}

pub struct World {
    planted: Option<Planted>,
    pub chance: Chance,
    pub now: Time,
    /// The wall clock's error, milliseconds; changes only while the daemon is down.
    skew: i64,
    pub disk: Disk,
    pub store: Store,
    core: Coordinator,
    tasks: BTreeMap<(Time, u64), Task>,
    next_task: u64,
    pub runner: Runner,
    /// What every attempt really came to.
    pub ledger: BTreeMap<(JobId, AttemptNo), Ended>,
    asks: BTreeMap<AskId, (ClientId, Ask)>,
    next_ask: u64,
    /// Leases that somebody was told to have, by path.
    pub leases: BTreeMap<String, Lease>,
    /// Words that people typed and did not take away, by note.
    pub typed: BTreeMap<String, Vec<String>>,
    pub editors: BTreeMap<String, String>,
    pub next_token: u64,
    /// When each person's file was last written by us.
    pub written: BTreeMap<String, Time>,
    is_calm: bool,
    /// Somebody waits for everything to be done, and was told.
    is_idle: bool,
    /// Attempts, publishes and reads since it was told.
    after_idle: Vec<String>,
    pub told: Told,
    /// Print everything that happens.
    trace: bool,
}

impl World {
    pub fn new(seed: u64, planted: Option<Planted>) -> Self {
        let now = Time(1_785_578_400_000);
        let (core, decision) = Coordinator::restore(show_core::Rows::default(), rules(planted), now);
        let mut world = Self {
            planted,
            chance: Chance::new(seed),
            now,
            skew: 0,
            disk: Disk::default(),
            store: Store::default(),
            core,
            tasks: BTreeMap::new(),
            next_task: 0,
            runner: Runner::default(),
            ledger: BTreeMap::new(),
            asks: BTreeMap::new(),
            next_ask: 0,
            leases: BTreeMap::new(),
            typed: BTreeMap::new(),
            editors: BTreeMap::new(),
            next_token: 0,
            written: BTreeMap::new(),
            is_calm: false,
            is_idle: false,
            after_idle: Vec::new(),
            told: Told::default(),
            trace: std::env::var_os("SHOW_SIM_TRACE").is_some(),
        };
        let effects = decision.commit(|changes| world.store.keep(changes)).unwrap_or_default();
        for effect in effects {
            world.carry_out(effect).expect("nothing is there yet that could be wrong");
        }
        world.after(0, 500, Inside::Tell(Event::RunnerBack { attempts: vec![] }));
        world
    }

    fn wall(&self) -> Time {
        Time(self.now.0 + self.skew)
    }

    /// People act, and everything that can go wrong does.
    pub fn chaos(&mut self) -> Result<(), Found> {
        for _ in 0..ACTS {
            // Bursts of typing, and pauses in which notes get quiet and are written.
            let pause = if self.chance.one_in(4) {
                self.chance.between(0, 3 * QUIET_MS)
            } else {
                self.chance.between(0, 5_000)
            };
            self.run_until(self.now.plus_ms(pause))?;
            self.somebody_acts()?;
            if self.chance.one_in(25) {
                self.crash()?;
            }
        }
        Ok(())
    }

    /// People go home, everything works, and in the end all of it is done and true.
    pub fn calm(&mut self) -> Result<(), Found> {
        self.is_calm = true;
        self.editors.clear();
        let beside: Vec<_> = self.disk.files.keys().filter(|path| path.contains("/.syncthing.")).cloned().collect();
        for temporary in beside {
            self.disk.files.remove(&temporary);
            self.hint(&temporary);
        }
        while let Some(note) = self.leases.keys().next().cloned() {
            self.release(&note)?;
            self.run_until(self.now.plus_ms(100))?;
        }
        // A lock whose client the crash took ends by its time; a lost hint is found by the slow scan.
        self.run_until(self.now.plus_ms(2 * SCAN_MS))?;
        // What was cancelled, or failed for these very inputs, stays so until they change.
        let notes: Vec<_> = self.disk.files.keys().filter(|path| path.ends_with(".md")).cloned().collect();
        for note in notes {
            self.types(&note)?;
        }
        self.run_until(self.now.plus_ms(3_000))?;
        self.until_idle()?;
        self.check_calm()?;

        self.after_idle.clear();
        self.crash()?;
        self.until_idle()?;
        if let Some(what) = self.after_idle.first() {
            return found(Checker::NothingLeftToDo, format!("after a restart with nothing changed: {what}"));
        }
        self.check_calm()
    }

    fn until_idle(&mut self) -> Result<(), Found> {
        self.is_idle = false;
        self.ask(Ask::WaitIdle { quiet_too: true })?;
        while !self.is_idle && self.turn(None)? {}
        if self.is_idle { Ok(()) } else { Err(self.check_stall()) }
    }

    fn run_until(&mut self, end: Time) -> Result<(), Found> {
        while self.turn(Some(end))? {}
        self.now = self.now.max(end);
        Ok(())
    }

    /// The next thing that happens, if it happens before `end`.
    fn turn(&mut self, end: Option<Time>) -> Result<bool, Found> {
        let task = self.tasks.first_key_value().map(|((at, _), _)| *at);
        let clock = self.core.next_deadline().map(|at| Time(at.0 - self.skew));
        let next = [task, clock].into_iter().flatten().min();
        let Some(next) = next.filter(|next| end.is_none_or(|end| *next <= end)) else { return Ok(false) };
        self.told.turns += 1;
        if self.told.turns > TURNS_MAX {
            return Err(self.check_stall());
        }
        self.now = self.now.max(next);
        if task == Some(next) {
            let (_, task) = self.tasks.pop_first().expect("it was just seen");
            self.happen(task)?;
        } else {
            self.tell(Event::Clock)?;
        }
        Ok(true)
    }

    fn later(&mut self, from: u64, to: u64, task: Task) {
        let at = self.now.plus_ms(self.chance.between(from, to.max(from + 1)));
        self.next_task += 1;
        self.tasks.insert((at, self.next_task), task);
    }

    fn after(&mut self, from: u64, to: u64, inside: Inside) {
        self.later(from, to, Task::Daemon(inside));
    }

    /// The kernel tells the watcher about a path, or does not.
    pub fn hint(&mut self, path: &str) {
        if self.planted == Some(Planted::LostEventWithoutRescan) && self.chance.one_in(4) {
            return;
        }
        if !self.is_calm && self.chance.one_in(15) {
            self.after(0, 2_000, Inside::Tell(Event::WatchLost { share: SHARE, why: "queue overflow".into() }));
            return;
        }
        for _ in 0..=self.chance.between(0, 2) {
            self.after(0, 30, Inside::Look(path.to_owned()));
        }
    }

    fn happen(&mut self, task: Task) -> Result<(), Found> {
        match task {
            Task::AttemptEnds(job, attempt) => self.attempt_ends(job, attempt),
            Task::Daemon(Inside::Tell(event)) => self.tell(event),
            Task::Daemon(Inside::Look(file)) => {
                let look = self.disk.look(&file);
                self.tell(Event::FileSeen { file: path(&file), look })
            }
            Task::Daemon(Inside::Scan) => self.scan(),
            Task::Daemon(Inside::Hash(file)) => self.hash(&file),
            Task::Daemon(Inside::Weave(order)) => self.weave(&order),
            Task::Daemon(Inside::Stage(intent)) => self.stage(intent),
            Task::Daemon(Inside::Swap(intent)) => self.swap(&intent),
        }
    }

    fn scan(&mut self) -> Result<(), Found> {
        let complete = self.is_calm || !self.chance.one_in(20);
        let files: VecDeque<String> = self.disk.files.keys().cloned().collect();
        for file in files {
            if !complete && self.chance.one_in(2) {
                continue;
            }
            let look = self.disk.look(&file);
            self.tell(Event::FileSeen { file: path(&file), look })?;
        }
        self.tell(Event::Scanned { share: SHARE, complete })
    }

    fn hash(&mut self, file: &str) -> Result<(), Found> {
        let torn = !self.is_calm && self.chance.one_in(30);
        let event = match self.disk.files.get(file) {
            Some(found) if !torn => {
                let (stamp, text) = (found.stamp, found.text.clone());
                let digest = self.disk.keep(&text);
                Event::Hashed { file: path(file), stamp, digest }
            }
            _ => Event::HashFailed {
                file: path(file),
                look: self.disk.look(file),
                why: "changed while it was read".into(),
            },
        };
        self.tell(event)
    }

    fn weave(&mut self, order: &WeaveOrder) -> Result<(), Found> {
        let mut text = self.disk.blob(order.base).to_owned();
        let mut dropped = Vec::new();
        let mut wrote = Vec::new();
        for (place, layer) in order.layers.iter().enumerate() {
            match steps::apply(&text, &steps::layer(&self.disk, layer.edits, &order.file.path)) {
                Some(woven) => text = woven,
                None => dropped.push((place as u32, "not what was expected".to_owned())),
            }
            if *layer.node.step == *"measure" {
                let value = steps::measured(&text);
                wrote.push(Ours { file: order.file.clone(), target: "item.duration".into(), value });
            }
        }
        let (digest, size) = (self.disk.keep(&text), text.len() as u64);
        let woven = Woven { digest, size, minted: vec![], wrote, dropped, refused: None };
        self.tell(Event::Woven { weave: order.weave, woven: Ok(woven) })
    }

    fn stage(&mut self, intent: Box<Intent>) -> Result<(), Found> {
        if !self.is_calm && self.chance.one_in(25) {
            let file = target(&intent).to_owned();
            let outcome = Outcome::Failed { file: path(&file), why: "the disk is full".into() };
            return self.tell(Event::Published { intent: intent.id, outcome });
        }
        // Somebody saves at the worst moment: between the comparison and the swap.
        let human = intent.moves.iter().find_map(|step| match step {
            Move::Replace { file, human: true, .. } => Some(file.path.to_string()),
            _ => None,
        });
        if let Some(note) = human
            && !self.is_calm
            && self.chance.one_in(4)
        {
            self.types(&note)?;
        }
        self.after(0, 300, Inside::Swap(intent));
        Ok(())
    }

    fn swap(&mut self, intent: &Intent) -> Result<(), Found> {
        let mut stamps = Vec::new();
        for step in &intent.moves {
            let (file, base, new, human) = match step {
                Move::Replace { file, base, new, human, .. } => (file, Some(*base), *new, *human),
                Move::New { file, new, .. } => (file, None, *new, false),
                other => return found(Checker::CalmComes, format!("nothing here asks for {other:?}")),
            };
            let there = self.disk.files.get(&*file.path);
            let is = there.map(|there| digest(&there.text));
            if is == Some(new) {
                // A crash came between the swap and its row: it is in place.
                stamps.push(there.map(|there| there.stamp));
                continue;
            }
            let compares = !(human && self.planted == Some(Planted::PublishWithoutComparing));
            if is != base && compares {
                self.told.overtaken += 1;
                let outcome = Outcome::Overtaken { file: file.clone(), why: "it is not what was read".into() };
                return self.tell(Event::Published { intent: intent.id, outcome });
            }
            let typed = there.map(|there| there.typed);
            let text = self.disk.blob(new).to_owned();
            stamps.push(Some(self.disk.write(&file.path, text, self.now, false)));
            self.told.publishes += 1;
            if let (true, Some(typed)) = (human, typed) {
                self.check_write(&file.path.clone(), typed)?;
            }
            self.hint(&file.path.clone());
        }
        if !self.is_calm && self.chance.one_in(20) {
            return self.crash();
        }
        self.tell(Event::Published { intent: intent.id, outcome: Outcome::Done { stamps } })
    }

    fn attempt_ends(&mut self, job: JobId, attempt: AttemptNo) -> Result<(), Found> {
        let Some(live) = self.runner.live.remove(&(job, attempt)) else { return Ok(()) };
        let overtaken = live.order.inputs.iter().any(|input| match input {
            OrderInput::File { file, digest: read, .. } => {
                self.disk.files.get(&*file.path).map(|file| digest(&file.text)) != Some(*read)
            }
            _ => false,
        });
        let ended = match live.fate {
            _ if overtaken => Ended::Overtaken { why: "its source changed".into() },
            Fate::Succeeds => Ended::Succeeded(steps::run(&live.order, &mut self.disk)),
            Fate::Fails => Ended::Failed { code: 1, why: "it did not work out".into() },
            Fate::Hangs => Ended::TimedOut,
        };
        self.ends(job, attempt, ended)
    }

    /// The runner spools an end and tells the daemon, perhaps twice, perhaps late.
    fn ends(&mut self, job: JobId, attempt: AttemptNo, ended: Ended) -> Result<(), Found> {
        self.ledger.insert((job, attempt), ended.clone());
        self.runner.spool.insert((job, attempt), ended.clone());
        for _ in 0..=u64::from(self.chance.one_in(8)) {
            self.after(0, 400, Inside::Tell(Event::AttemptEnded { job, attempt, ended: ended.clone() }));
        }
        // An old attempt speaks up once more, when nobody waits for it any longer.
        if !self.is_calm && self.chance.one_in(6) {
            let late = Event::AttemptEnded { job, attempt, ended: Ended::Succeeded(Finished::default()) };
            self.after(500, 90_000, Inside::Tell(late));
        }
        Ok(())
    }

    /// The driver: steps of what happened, one commit, then the effects.
    fn tell(&mut self, event: Event) -> Result<(), Found> {
        let event = self.relabel(event);
        self.trace("->", &event);
        let mut decision = self.core.step(self.wall(), event);
        if self.chance.one_in(3) {
            decision.merge(self.core.step(self.wall(), Event::Clock));
        }
        self.commit(decision)
    }

    /// The planted fence-cutter: a late result gets the number of the attempt that now runs.
    fn relabel(&self, event: Event) -> Event {
        let Event::AttemptEnded { job, attempt, ended } = event else { return event };
        let newest = self.store.job(job).map_or(attempt, |row| row.attempt);
        let attempt = if self.planted == Some(Planted::LateResultAccepted) { newest } else { attempt };
        Event::AttemptEnded { job, attempt, ended }
    }

    fn commit(&mut self, decision: Decision) -> Result<(), Found> {
        let crash = if self.is_calm { u64::MAX } else { self.chance.between(0, 400) };
        let mut jobs = Vec::new();
        let mut kept = Vec::new();
        let effects = decision
            .commit(|changes| {
                let named = |change: &Change| if let Change::Put(Row::Job(row)) = change { Some(row.id) } else { None };
                jobs.extend(changes.iter().filter_map(named));
                kept = changes.to_vec();
                Ok::<_, Found>(())
            })
            .expect("the closure does not fail");
        if self.planted == Some(Planted::EffectsBeforeCommit) && !effects.is_empty() {
            for effect in effects {
                self.carry_out(effect)?;
            }
            self.store.keep(&kept)?;
            return Ok(());
        }
        if crash == 0 {
            return self.crash();
        }
        self.store.keep(&kept)?;
        self.check_results(&jobs)?;
        if crash == 1 {
            return self.crash();
        }
        for effect in effects {
            self.carry_out(effect)?;
        }
        Ok(())
    }

    fn trace(&self, arrow: &str, what: &impl std::fmt::Debug) {
        if self.trace {
            println!("{:>9} {arrow} {what:?}", self.now.0 - 1_785_578_400_000);
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), Found> {
        self.trace("  <-", &effect);
        match effect {
            Effect::Scan { .. } => self.after(10, 500, Inside::Scan),
            Effect::LookAt { file } => self.after(0, 50, Inside::Look(file.path.to_string())),
            Effect::Hash { file, .. } => {
                self.after_idle.push(format!("{file} is read"));
                self.after(1, 200, Inside::Hash(file.path.to_string()));
            }
            Effect::LookForTool { name } => {
                self.after(0, 100, Inside::Tell(Event::ToolSeen { name, version: Some("1".into()) }));
            }
            Effect::LookUp { keys } => {
                let (found, missing) = self.store.actions(&keys);
                self.after(0, 5, Inside::Tell(Event::Found { found, missing }));
            }
            Effect::StartAttempt(order) => {
                self.check_start(&order)?;
                self.start(*order);
            }
            Effect::StopAttempt { job, attempt, grace_ms } => self.stop(job, attempt, grace_ms)?,
            Effect::ForgetAttempt { job, attempt, .. } => drop(self.runner.spool.remove(&(job, attempt))),
            Effect::Weave(order) => self.after(1, 50, Inside::Weave(order)),
            Effect::Publish(intent) => {
                self.check_publish(&intent)?;
                self.after_idle.push(format!("intent {} is published", intent.id));
                self.after(0, 500, Inside::Stage(intent));
            }
            Effect::Answer { ask, reply } => self.answered(ask, reply)?,
        }
        Ok(())
    }

    fn start(&mut self, order: Order) {
        self.told.attempts += 1;
        let (job, attempt) = (order.job, order.attempt);
        self.after_idle.push(format!("attempt {job}.{attempt} of {} starts", order.node));
        let fate = match self.chance.between(0, 12) {
            _ if self.is_calm => Fate::Succeeds,
            0 | 1 => Fate::Fails,
            2 => Fate::Hangs,
            _ => Fate::Succeeds,
        };
        let (from, to) = match fate {
            Fate::Hangs => (order.timeout_ms, order.timeout_ms + 1),
            _ if self.chance.one_in(4) => (1_000, 30_000),
            _ => (5, 300),
        };
        self.after(0, 20, Inside::Tell(Event::AttemptStarted { job, attempt }));
        if self.chance.one_in(3) {
            let message = "on the way".to_owned();
            self.after(5, 400, Inside::Tell(Event::AttemptProgressed { job, attempt, percent: Some(40), message }));
        }
        self.runner.live.insert((job, attempt), Live { order, fate });
        self.later(from, to, Task::AttemptEnds(job, attempt));
    }

    fn stop(&mut self, job: JobId, attempt: AttemptNo, grace_ms: u64) -> Result<(), Found> {
        if self.runner.live.remove(&(job, attempt)).is_none() {
            // It ended by itself, and the end is on its way; or nobody knows of it.
            if !self.runner.spool.contains_key(&(job, attempt)) {
                self.after(0, 10, Inside::Tell(Event::AttemptEnded { job, attempt, ended: Ended::Lost }));
            }
            return Ok(());
        }
        if self.planted == Some(Planted::SlotKeptAfterCancel) {
            return Ok(());
        }
        self.ledger.insert((job, attempt), Ended::Stopped);
        self.runner.spool.insert((job, attempt), Ended::Stopped);
        self.after(0, grace_ms, Inside::Tell(Event::AttemptEnded { job, attempt, ended: Ended::Stopped }));
        Ok(())
    }

    pub fn ask(&mut self, what: Ask) -> Result<(), Found> {
        self.next_ask += 1;
        let (ask, client) = (AskId(self.next_ask), ClientId(self.next_ask));
        self.asks.insert(ask, (client, what.clone()));
        let who = Peer { uid: 1000, pid: 1, name: "pat".into() };
        self.tell(Event::Asked { ask, client, who, what })
    }

    fn answered(&mut self, ask: AskId, reply: Reply) -> Result<(), Found> {
        let Some((client, what)) = self.asks.remove(&ask) else {
            return found(Checker::KeptBeforeDone, format!("ask {ask} is answered twice, now with {reply:?}"));
        };
        match (what, reply) {
            (Ask::Take { file, kind, .. }, Reply::Taken { .. }) => {
                let until = (kind == LeaseKind::Lock).then(|| self.now.plus_ms(LOCK_MS));
                self.leases.insert(file.path.to_string(), Lease { kind, until, client });
            }
            (Ask::WaitIdle { .. }, Reply::Ended { .. } | Reply::Done) => self.is_idle = true,
            (Ask::Submit { .. }, Reply::Submitted { jobs, .. }) => {
                if let Some(job) = jobs.iter().find(|job| self.store.job(**job).is_none()) {
                    return found(Checker::KeptBeforeDone, format!("job {job} was acknowledged and is not kept"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whoever has this lease is done with it.
    pub fn release(&mut self, note: &str) -> Result<(), Found> {
        let Some(lease) = self.leases.remove(note) else { return Ok(()) };
        match lease.kind {
            LeaseKind::Hold => self.ask(Ask::Release { file: path(note) }),
            LeaseKind::Lock => self.tell(Event::ClientGone { client: lease.client }),
        }
    }

    /// SIGKILL and a restart; sometimes the runner goes too, and sometimes the clock is set meanwhile.
    fn crash(&mut self) -> Result<(), Found> {
        self.told.crashes += 1;
        self.trace("**", &"crash");
        self.tasks.retain(|_, task| matches!(task, Task::AttemptEnds(..)));
        self.asks.clear();
        self.leases.retain(|_, lease| lease.kind == LeaseKind::Hold);
        if !self.is_calm && self.chance.one_in(4) {
            for (attempt, _) in std::mem::take(&mut self.runner.live) {
                self.ledger.insert(attempt, Ended::Lost);
            }
        }
        if self.chance.one_in(5) {
            self.skew -= self.chance.between(0, 600_000) as i64;
        }
        let mut rows = self.store.restore();
        if self.planted == Some(Planted::RestoreForgetsLease) {
            rows.leases.clear();
        }
        let (core, decision) = Coordinator::restore(rows, rules(self.planted), self.wall());
        self.core = core;
        let attempts: Vec<_> = self.runner.live.keys().chain(self.runner.spool.keys()).copied().collect();
        self.after(0, 300, Inside::Tell(Event::RunnerBack { attempts }));
        for ((job, attempt), ended) in self.runner.spool.clone() {
            self.after(300, 900, Inside::Tell(Event::AttemptEnded { job, attempt, ended }));
        }
        self.commit(decision)
    }
}

fn target(intent: &Intent) -> &str {
    match intent.moves.first().expect("an intent has moves") {
        Move::Replace { file, .. } | Move::New { file, .. } | Move::Remove { file, .. } => &file.path,
        Move::Rename { from, .. } => &from.path,
    }
}
