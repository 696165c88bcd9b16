//! The world around the core: one clock, a heap of what happens next, and a driver that crashes when it hurts most.
//!
//! The driver takes what waits, steps, merges, keeps, and only then hands out the effects, as showd's does. Adapters
//! answer after a while; messages of a daemon that died are lost, what lies on disk and in the runner is not. Time on
//! the daemon's clock may jump. First chaos, then calm: nobody touches anything, nothing fails, and everything has to
//! come out true.

use crate::cast::{self, SHARE};
use crate::check::Checks;
use crate::dice::Dice;
use crate::disk::{Disk, digest, is_note};
use crate::keeper::Archive;
use crate::people::{is_made, subject};
use crate::planted::Planted;
use crate::publisher::Running;
use crate::runner::{Attempt, Runner};
use crate::store::Store;
use show_core::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a thing that is so or not, and they go together in every way"
)]
pub struct World {
    pub dice: Dice,
    pub planted: Planted,
    tell: bool,
    /// Milliseconds of this run; the daemon's clock is [`World::wall`].
    pub t: i64,
    wall_ahead: i64,
    /// All jumps ahead together: time that the daemon takes for passed.
    jumped: i64,
    heap: BTreeMap<(i64, u64), Item>,
    order: u64,
    pub chaos: bool,

    pub disk: Disk,
    pub share_away: bool,
    pub archive: Archive,
    /// The archive has so little room that something always has to go.
    keeps_house: bool,
    pub store: Store,
    pub runner: Runner,
    pub publishing: BTreeMap<IntentId, Running>,
    ids: u64,

    rules: Rules,
    pub core: Option<Coordinator>,
    /// Which life of the daemon this is; messages of earlier ones are lost.
    pub life: u64,
    /// Which connection to the runner.
    link: u64,
    inbox: VecDeque<Event>,
    turn: bool,
    /// The driver's clock never goes backwards within one life.
    pub seen: i64,
    wake: Option<i64>,
    /// The watcher hears nothing until it notices.
    pub deaf: bool,

    pub marks: u64,
    pub tampered: BTreeSet<String>,
    /// What people ever answered to which proposal.
    pub answers: BTreeSet<(ProposalId, bool)>,
    /// The mark under which each proposal was shown last.
    marks_shown: BTreeMap<ProposalId, String>,
    asks: u64,
    client: u64,
    pub checks: Checks,
    /// Locks and holds that somebody was promised.
    pub leases: BTreeMap<LeaseId, LeaseRow>,
    pub tally: Tally,
    broken: Option<String>,
}

/// How often what this is about happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Edits by people, here and elsewhere.
    pub edits: u64,
    /// Tries to change a person's text.
    pub publishes: u64,
    /// Of those, how many a person was quicker than.
    pub overtaken: u64,
}

impl Tally {
    pub fn add(&mut self, Self { edits, publishes, overtaken }: Self) {
        self.edits += edits;
        self.publishes += publishes;
        self.overtaken += overtaken;
    }
}

/// Something that happens.
#[derive(Debug)]
pub enum Item {
    /// A message to this life of the daemon.
    Deliver(u64, Event),
    /// The same from the runner, over this connection.
    FromRunner(u64, u64, Event),
    Turn(u64),
    Scan(u64),
    Look(u64, String),
    /// The look of the file when reading began.
    Read(u64, String, Option<Stamp>),
    ProcessEnds(Attempt, bool),
    ProcessStops(Attempt),
    Reconnect(u64),
    Publish(u64, IntentId),
    Weave(u64, Box<WeaveOrder>),
    Person,
    Edit(String),
    Grow(String),
    Vanish(String),
    /// An older text of a file is put back.
    Replay(String, String),
    /// A text that was made of another one elsewhere is about to replace the file.
    Pull(String, String, String),
    Arrive(String, String),
    Date(String, Digest),
    /// Somebody looks at the conflicts and lets go of what is held.
    Settle,
    Fault,
    KeepHouse,
    Sweep(u64, BTreeSet<Digest>),
    Hear(u64),
    ShareBack,
    Boot,
}

impl World {
    pub fn new(seed: u64, planted: Planted, tell: bool) -> Self {
        let mut rules = cast::RULES.clone();
        if planted == Planted::LostEventWithoutRescan {
            rules.scan_ms = 0;
        }
        if planted == Planted::QuietIgnored {
            rules.pipelines[0].quiet_ms = 0;
        }
        let errors = rules.check();
        assert!(errors.is_empty(), "{errors:?}");
        Self {
            dice: Dice::new(seed),
            planted,
            tell,
            t: 0,
            wall_ahead: 1_000_000_000,
            jumped: 0,
            heap: BTreeMap::new(),
            order: 0,
            chaos: true,
            disk: Disk::default(),
            share_away: false,
            archive: Archive::default(),
            keeps_house: seed.is_multiple_of(3),
            store: Store::default(),
            runner: Runner::default(),
            publishing: BTreeMap::new(),
            ids: 0,
            rules,
            core: None,
            life: 0,
            link: 0,
            inbox: VecDeque::new(),
            turn: false,
            seen: i64::MIN,
            wake: None,
            deaf: false,
            marks: 0,
            tampered: BTreeSet::new(),
            answers: BTreeSet::new(),
            marks_shown: BTreeMap::new(),
            asks: 0,
            client: 1,
            checks: Checks::default(),
            leases: BTreeMap::new(),
            tally: Tally::default(),
            broken: None,
        }
    }

    /// Chaos, then calm. `Err` begins with the name of the checker that fired.
    pub fn run(&mut self) -> Result<Tally, String> {
        let chaos_ms = self.dice.between(30_000, 150_000) as i64;
        for path in ["ep/1/a.md", "ep/1/b.md", "ep/2/a.md"] {
            self.edit(path);
        }
        self.boot();
        self.after(10, Item::Person);
        self.after(10, Item::Fault);
        if self.keeps_house {
            self.after(10, Item::KeepHouse);
        }
        self.run_until(chaos_ms)?;
        self.calm_down();
        let settled = self.t + 400_000;
        self.run_until(settled)?;
        self.requeue_everything();
        let settled = self.t + 400_000;
        self.run_until(settled)?;
        self.check_calm()?;
        // A restart on an unchanged tree finds nothing to do.
        self.crash();
        self.boot();
        self.checks.work = None;
        let settled = self.t + 200_000;
        self.run_until(settled)?;
        self.check_calm()?;
        match self.checks.work.take() {
            Some(work) => Err(format!("at calm: a restart found something to do: {work}")),
            None => Ok(self.tally),
        }
    }

    fn run_until(&mut self, end: i64) -> Result<(), String> {
        loop {
            let next = self.heap.keys().next().copied().filter(|(at, _)| *at <= end);
            let wake = self.core.as_ref().and(self.wake).map(|at| (at - self.wall_ahead).max(self.t));
            match (next, wake.filter(|at| *at <= end)) {
                (Some((at, _)), Some(wake)) if wake < at => self.wake_at(wake),
                (None, Some(wake)) => self.wake_at(wake),
                (Some(key), _) => {
                    self.t = self.t.max(key.0);
                    let item = self.heap.remove(&key).expect("it was just seen");
                    self.happen(item);
                }
                (None, None) => break,
            }
            if let Some(why) = self.broken.take() {
                return Err(why);
            }
        }
        self.t = end;
        Ok(())
    }

    fn wake_at(&mut self, at: i64) {
        self.t = at;
        self.wake = None;
        self.deliver(Event::Clock);
    }

    fn happen(&mut self, item: Item) {
        match item {
            Item::Deliver(life, event) if life == self.life => self.deliver(event),
            Item::FromRunner(life, link, event) if (life, link) == (self.life, self.link) => self.deliver(event),
            Item::Turn(life) if life == self.life => self.take_turn(),
            Item::Scan(life) if life == self.life => self.take_up_scan(),
            Item::Look(life, path) if life == self.life => self.look(&path),
            Item::Read(life, path, before) if life == self.life => self.read(&path, before),
            Item::Reconnect(life) if life == self.life => self.reconnect(),
            Item::Publish(life, intent) if life == self.life => self.publish_phase(intent),
            Item::Weave(life, order) if life == self.life => self.weave(&order),
            Item::Hear(life) if life == self.life => self.hear_again(),
            Item::ProcessEnds(attempt, hung) => self.process_ends(attempt, hung),
            Item::ProcessStops(attempt) => self.process_stops(attempt),
            Item::Person if self.chaos => {
                self.person_acts();
                let pause = self.dice.between(100, 6_000);
                self.after(pause, Item::Person);
            }
            Item::Edit(path) if self.chaos => self.edit(&path),
            Item::Grow(path) if self.chaos => self.grow(&path),
            Item::Vanish(path) => self.vanish(&path),
            Item::Replay(path, text) => self.replay(&path, &text),
            Item::Pull(path, base, text) if self.chaos => self.pull(&path, &base, &text),
            Item::Arrive(path, text) => self.arrive(&path, &text),
            Item::Date(path, of) => self.date(&path, of),
            Item::Settle => {
                self.settle_conflicts();
                self.release_holds();
            }
            Item::Fault if self.chaos => {
                self.fault();
                let pause = self.dice.between(500, 15_000);
                self.after(pause, Item::Fault);
            }
            Item::KeepHouse => self.keep_house(),
            Item::Sweep(life, doomed) if life == self.life => self.sweep(doomed),
            Item::ShareBack => self.share_back(),
            Item::Boot => self.boot(),
            // A message to a daemon that is no more, or a habit of the chaos that is over.
            _ => {}
        }
        self.check_slots();
    }

    // ---- the driver ----

    pub fn deliver(&mut self, event: Event) {
        if self.core.is_none() {
            return;
        }
        let Some(event) = self.bend_end(event) else { return };
        self.inbox.push_back(event);
        if !self.turn {
            self.turn = true;
            let delay = self.delay(0, 20);
            self.after(delay, Item::Turn(self.life));
        }
    }

    fn take_turn(&mut self) {
        self.turn = false;
        let Some(mut core) = self.core.take() else { return };
        let batch = self.dice.between(1, 4);
        let mut decisions = Vec::new();
        for _ in 0..batch {
            let Some(event) = self.inbox.pop_front() else { break };
            self.seen = self.seen.max(self.wall());
            self.say(|| format!("  event {event:?}"));
            let mut next = Some(event);
            while let Some(event) = next.take() {
                let mut made = core.step(Time(self.seen), event);
                // The driver looks up at once; an answer that takes its time has to do as well.
                let keys = if self.dice.once_in(4) { Vec::new() } else { made.take_look_ups() };
                decisions.push(made);
                next = (!keys.is_empty()).then(|| self.look_up(&decisions, keys));
            }
        }
        self.wake = core.next_deadline().map(|at| at.0);
        self.core = Some(core);
        self.commit(decisions);
        if !self.inbox.is_empty() && !self.turn && self.core.is_some() {
            self.turn = true;
            self.after(0, Item::Turn(self.life));
        }
    }

    /// What is known of keys: by what is about to be kept, else by what is.
    fn look_up(&self, decisions: &[Decision], keys: Vec<Digest>) -> Event {
        let known = |key: &Digest| match decisions.iter().rev().find_map(|decision| decision.action(key)) {
            Some(fresh) => fresh.cloned(),
            None => self.store.actions.get(key).cloned(),
        };
        let found: Vec<ActionRow> = keys.iter().filter_map(known).collect();
        let missing = keys.into_iter().filter(|key| found.iter().all(|row| row.key != *key)).collect();
        Event::Found { found, missing }
    }

    /// All of a turn in one transaction, then its effects.
    fn commit(&mut self, decisions: Vec<Decision>) {
        let crash = if self.chaos && self.dice.once_in(150) { self.dice.below(3) } else { 9 };
        if crash == 0 {
            // Killed before the transaction: nothing of it ever happened.
            self.say(|| "killed before the commit".to_owned());
            return self.die();
        }
        let mut steps = Vec::new();
        let mut effects = Vec::new();
        for decision in decisions {
            let mut changes = Vec::new();
            let ordered = decision.commit(|rows| {
                changes = rows.to_vec();
                Ok::<(), ()>(())
            });
            let ordered = ordered.expect("this store always keeps");
            effects.extend(ordered.iter().cloned());
            steps.push((changes, ordered));
        }
        let changes = steps.iter().flat_map(|(changes, _)| changes).cloned().collect::<Vec<_>>();
        if self.planted == Planted::EffectsBeforeCommit {
            effects.iter().cloned().for_each(|effect| self.carry_out(effect));
        }
        self.check_changes(&changes);
        for (changes, ordered) in &steps {
            let is_aside =
                |change: &Change| matches!(change, Change::Put(Row::Revision(row)) if row.origin.contains("set aside"));
            if self.planted == Planted::SetAsideForgotten {
                let rest: Vec<Change> = changes.iter().filter(|change| !is_aside(change)).cloned().collect();
                self.store.keep(&rest);
            } else {
                self.store.keep(changes);
            }
            // What a later step of the same turn makes of a need comes after this start.
            for effect in ordered {
                self.check_needs_of(effect);
            }
        }
        for change in &changes {
            self.say(|| format!("  keep {change:?}"));
        }
        self.check_store();
        if self.planted == Planted::EffectsBeforeCommit {
            return;
        }
        let reached = if crash == 1 { 0 } else { self.dice.below(effects.len() as u64 + 1) as usize };
        for (place, effect) in effects.into_iter().enumerate() {
            if crash <= 2 && place >= reached {
                // Killed after the transaction, in the middle of handing out its effects.
                self.say(|| "killed after the commit".to_owned());
                return self.die();
            }
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        self.say(|| format!("  order {effect:?}"));
        self.check_effect(&effect);
        match effect {
            Effect::Scan { .. } => self.scan(),
            Effect::LookAt { file } => {
                let delay = self.delay(1, 100);
                self.after(delay, Item::Look(self.life, file.path.to_string()));
            }
            Effect::Hash { file, .. } => {
                let before = self.stamp(&file.path);
                let delay = self.delay(1, 400);
                self.after(delay, Item::Read(self.life, file.path.to_string(), before));
            }
            Effect::LookForTool { name } => self.tell_daemon(1, Event::ToolSeen { name, version: None }),
            Effect::LookUp { keys } => {
                let found = self.look_up(&[], keys);
                let delay = self.delay(0, 50);
                self.tell_daemon(delay, found);
            }
            Effect::StartAttempt(order) => self.start_attempt(*order),
            Effect::StopAttempt { job, attempt, .. } => self.stop_attempt((job, attempt)),
            Effect::ForgetAttempt { job, attempt, .. } => self.forget_attempt((job, attempt)),
            Effect::Weave(order) => {
                let delay = self.delay(1, 300);
                self.after(delay, Item::Weave(self.life, order));
            }
            Effect::LookUpHistory { file } => {
                let history = self.store.history(&file).map(Version::from).collect();
                let delay = self.delay(0, 50);
                self.tell_daemon(delay, Event::HistoryFound { file, history });
            }
            Effect::Merge(order) => {
                let merged = self.merge(&order);
                let Merge { copy, ours, theirs, .. } = order;
                let delay = self.delay(1, 300);
                self.tell_daemon(delay, Event::Merged { copy, ours, theirs, merged });
            }
            Effect::WriteBallot { note, of, entries } => {
                self.marks_shown.extend(entries.iter().map(|entry| (entry.proposal, entry.mark.clone())));
                let text = cast::ballot(&entries);
                let made = Ok((digest(&text), text.len() as u64));
                self.archive.put(self.t, text);
                let delay = self.delay(1, 300);
                self.tell_daemon(delay, Event::BallotWritten { note, of, made });
            }
            Effect::ReadBallot { note, digest } => {
                // What was swept meanwhile answers nothing.
                let text = self.archive.get(&digest).cloned().unwrap_or_default();
                let (mut ticked, is_ours) = cast::ticked(&text);
                if self.planted == Planted::BoxesMixedUp {
                    for tick in &mut ticked {
                        tick.says = if tick.says == Says::Accept { Says::Reject } else { Says::Accept };
                    }
                }
                let delay = self.delay(1, 300);
                self.tell_daemon(delay, Event::BallotRead { note, digest, ticked, is_ours });
            }
            Effect::Probe { file, stamp, .. } => self.probe(file, stamp),
            Effect::Publish(intent) => self.publish(*intent),
            Effect::Answer { ask, reply } => self.answered(ask, &reply),
        }
    }

    /// Now and then a program has the file open.
    fn probe(&mut self, file: FilePath, stamp: Stamp) {
        let is_open = self.chaos && self.dice.once_in(4);
        self.checks.probed(&file.path, !is_open);
        let is_told = is_open && self.planted != Planted::OpenFileIgnored;
        let found = if is_told { vec![Disquiet::OpenForWriting] } else { Vec::new() };
        let delay = self.delay(1, 1_500);
        self.tell_daemon(delay, Event::Probed { file, stamp, found });
    }

    fn die(&mut self) {
        self.crash();
        let delay = self.dice.between(10, 5_000);
        self.after(delay, Item::Boot);
    }

    /// Everything in the daemon's memory is gone.
    fn crash(&mut self) {
        self.core = None;
        self.life += 1;
        self.inbox.clear();
        self.turn = false;
        self.wake = None;
        self.publishing.clear();
        self.runner.connected = false;
        self.runner.queued.clear();
        self.deaf = false;
        self.checks.client_gone();
    }

    fn boot(&mut self) {
        if self.core.is_some() {
            return;
        }
        self.life += 1;
        self.seen = self.wall();
        let mut rows = self.store.rows();
        if self.planted == Planted::RestoreForgetsLease {
            rows.leases.clear();
        }
        if self.planted == Planted::GoneForgotten {
            rows.files.retain(|row| row.left.is_none());
        }
        self.say(|| "the daemon starts".to_owned());
        let (core, decision) = Coordinator::restore(rows, self.rules.clone(), Time(self.seen));
        self.wake = core.next_deadline().map(|at| at.0);
        self.core = Some(core);
        self.commit(vec![decision]);
        if self.core.is_some() {
            let delay = self.delay(1, 500);
            self.after(delay, Item::Reconnect(self.life));
        }
    }

    // ---- adapters ----

    /// The watcher looks whether the share is there when it takes up the order, and says what it finds in the order in
    /// which it finds it: that a share was away never arrives after that it is back.
    fn scan(&mut self) {
        if self.share_away { self.after(5, Item::Scan(self.life)) } else { self.walk() }
    }

    fn take_up_scan(&mut self) {
        if self.share_away { self.deliver(Event::ShareGone { share: SHARE }) } else { self.walk() }
    }

    fn walk(&mut self) {
        let mut at = 1;
        for path in self.disk.files.keys().cloned().collect::<Vec<_>>() {
            at += self.delay(0, 5);
            self.after(at, Item::Look(self.life, path));
        }
        self.tell_daemon(at + 1, Event::Scanned { share: SHARE, complete: true });
    }

    fn stamp(&self, path: &str) -> Option<Stamp> {
        self.disk.files.get(path).map(|file| file.stamp).filter(|_| !self.share_away)
    }

    fn look(&mut self, path: &str) {
        let look = self.stamp(path).map_or(Look::Gone, Look::File);
        self.deliver(Event::FileSeen { file: path_of(path), look });
    }

    fn read(&mut self, path: &str, before: Option<Stamp>) {
        let (file, now) = (path_of(path), self.stamp(path));
        match now {
            Some(stamp) if before == now => {
                let text = self.disk.files[path].text.clone();
                let digest = digest(&text);
                if crate::disk::is_markdown(path) {
                    self.archive.put(self.t, text);
                }
                self.deliver(Event::Hashed { file, stamp, digest, device: None });
            }
            _ => {
                let look = now.map_or(Look::Gone, Look::File);
                self.deliver(Event::HashFailed { file, look, why: "it changed meanwhile".to_owned() });
            }
        }
    }

    fn weave(&mut self, order: &WeaveOrder) {
        let ids = &mut self.ids;
        let mut mint = || {
            *ids += 1;
            format!("ID{ids}")
        };
        let woven = cast::weave(order, self.archive.blobs(), &mut mint);
        if let Ok((_, text)) = &woven {
            self.archive.put(self.t, text.clone());
        }
        self.deliver(Event::Woven { weave: order.weave, woven: woven.map(|(woven, _)| woven) });
    }

    /// The watcher may see that something changed there; now and then it does not.
    pub fn hint(&mut self, path: &str) {
        if self.deaf || self.share_away {
            return;
        }
        if self.chaos && self.dice.once_in(30) {
            return self.go_deaf();
        }
        let delay = self.delay(1, 60);
        self.after(delay, Item::Look(self.life, path.to_owned()));
        if self.chaos && self.dice.once_in(10) {
            let late = self.dice.between(10, 5_000);
            self.after(late, Item::Look(self.life, path.to_owned()));
        }
    }

    fn go_deaf(&mut self) {
        self.deaf = true;
        let delay = self.dice.between(10, 20_000);
        self.after(delay, Item::Hear(self.life));
    }

    fn hear_again(&mut self) {
        self.deaf = false;
        if self.planted != Planted::LostEventWithoutRescan {
            self.deliver(Event::WatchLost { share: SHARE, why: "queue overflow".to_owned() });
        }
    }

    // ---- faults ----

    fn fault(&mut self) {
        match self.dice.below(9) {
            0 | 1 => {
                self.say(|| "killed between two turns".to_owned());
                if self.core.is_some() {
                    self.die();
                }
            }
            2 => {
                self.say(|| "the machine reboots".to_owned());
                self.runner.alive.clear();
                if self.core.is_some() {
                    self.die();
                }
            }
            3 => {
                if self.runner.connected {
                    self.say(|| "the connection to the runner breaks".to_owned());
                    if self.dice.once_in(3) {
                        self.runner.alive.clear();
                    }
                    self.disconnect();
                }
            }
            4 => {
                let jump = self.dice.between(1, 100_000) as i64;
                self.wall_ahead += jump;
                self.jumped += jump;
                self.say(|| format!("the clock jumps ahead by {jump} ms"));
            }
            5 => {
                let jump = self.dice.between(1, 100_000) as i64;
                self.wall_ahead -= jump;
                self.say(|| format!("the clock jumps back by {jump} ms"));
            }
            6 => {
                if !self.share_away {
                    self.say(|| "the share is away".to_owned());
                    self.share_away = true;
                    self.fail_publishes();
                    self.deliver(Event::ShareGone { share: SHARE });
                    let delay = self.dice.between(100, 20_000);
                    self.after(delay, Item::ShareBack);
                }
            }
            7 => self.go_deaf(),
            _ => self.client_leaves(),
        }
    }

    fn share_back(&mut self) {
        self.share_away = false;
        self.say(|| "the share is back".to_owned());
        self.deliver(Event::ShareBack { share: SHARE });
    }

    // ---- clients ----

    pub fn ask(&mut self, what: Ask) {
        if self.core.is_none() {
            return;
        }
        self.asks += 1;
        let (ask, client) = (AskId(self.asks), ClientId(self.client));
        self.say(|| format!("client asks {ask}: {what:?}"));
        self.checks.asked(ask, what.clone());
        if let Ask::GiveBack { lease } = &what {
            self.leases.remove(lease);
        }
        if let Ask::Release { file } = &what {
            self.leases.retain(|_, row| row.file != *file || row.kind != LeaseKind::Hold);
        }
        let who = Peer { uid: 1000, pid: 7, name: "pat".to_owned() };
        let delay = self.delay(1, 30);
        self.tell_daemon(delay, Event::Asked { ask, client, who, what });
    }

    fn answered(&mut self, ask: AskId, reply: &Reply) {
        self.check_answer(ask, reply);
        if let Reply::Taken { lease, .. } = reply
            && let Some(row) = self.store.leases.get(lease)
        {
            self.leases.insert(*lease, row.clone());
        }
    }

    pub fn client_leaves(&mut self) {
        let client = ClientId(self.client);
        self.client += 1;
        self.say(|| "the client is gone".to_owned());
        // Its locks may end from now on.
        self.leases.retain(|_, row| row.kind != LeaseKind::Lock);
        self.checks.client_gone();
        self.deliver(Event::ClientGone { client });
    }

    // ---- calm ----

    fn calm_down(&mut self) {
        self.say(|| "calm".to_owned());
        self.chaos = false;
        if self.share_away {
            self.share_back();
        }
        if self.core.is_none() {
            self.boot();
        }
        if !self.runner.connected {
            self.after(1, Item::Reconnect(self.life));
        }
        if self.deaf {
            self.after(1, Item::Hear(self.life));
        }
        // What Syncthing left lying nobody clears away.
        let is_closed = |path: &&String| path.contains("/.") && !path.ends_with(".md.tmp");
        for path in self.disk.files.keys().filter(is_closed).cloned().collect::<Vec<_>>() {
            self.vanish(&path);
        }
        for path in std::mem::take(&mut self.tampered) {
            if self.disk.files.get(&path).is_some_and(|file| file.text == "made by hand") {
                self.vanish(&path);
            }
        }
        for look in 1..20 {
            self.after(look * 15_000, Item::Settle);
        }
        self.client_leaves();
        self.release_holds();
    }

    /// Whatever is held now: what a person asked for a moment before the calm may still be on its way to the daemon.
    fn release_holds(&mut self) {
        let holds = self.store.leases.values().filter(|row| row.kind == LeaseKind::Hold);
        let holds: Vec<FilePath> = holds.map(|row| row.file.clone()).collect();
        for file in holds {
            self.ask(Ask::Release { file });
        }
    }

    /// People ask once more for everything that failed or was cancelled.
    fn requeue_everything(&mut self) {
        let over = |row: &&JobRow| matches!(row.state, JobState::Failed { .. } | JobState::Canceled { .. });
        let core = self.core.as_ref().expect("the daemon is up in calm");
        let jobs: Vec<JobId> = core.jobs().filter(over).map(|row| row.id).collect();
        for job in jobs {
            let name = self.name(job).expect("a job of an unfinished build has a row");
            self.ask(Ask::Requeue { jobs: vec![name], force: false });
        }
    }

    fn check_calm(&mut self) -> Result<(), String> {
        if self.core.as_ref().is_some_and(|core| !core.is_idle(true)) {
            // The share is walked now and then; a walk that has just begun ends.
            let end = self.t + 2_000;
            self.run_until(end)?;
        }
        self.check_archive();
        if let Some(why) = self.broken.take() {
            return Err(why);
        }
        if let Some(why) = self.check_truth() {
            return Err(format!("at calm: {why}"));
        }
        Ok(())
    }

    /// What is wrong with the world, now that everything should be done.
    fn check_truth(&self) -> Option<String> {
        let core = self.core.as_ref()?;
        let lost = self.lost_aside();
        if !lost.is_empty() {
            return Some(format!("what was set aside is nowhere: {lost:?}"));
        }
        if let Some(copy) = self.disk.files.keys().find(|path| path.contains(".sync-conflict-")) {
            let conflicts: Vec<ConflictView> = core.conflicts().collect();
            return Some(format!("{copy} is still there: {conflicts:?}"));
        }
        if let Some(note) = self.disk.last_words.keys().find(|note| !self.disk.files.contains_key(*note)) {
            return Some(format!("{note} is gone, and nobody removed it"));
        }
        for episode in &self.disk.episodes() {
            let notes: Vec<(&String, &str)> = self
                .disk
                .files
                .iter()
                .filter(|(path, _)| path.starts_with(episode.as_str()) && is_note(path))
                .map(|(path, file)| (path, file.text.as_str()))
                .collect();
            if notes.is_empty() {
                continue;
            }
            for (path, text) in &notes {
                if text.contains("teh") || text.contains("NEW-ID") {
                    return Some(format!("{path} was not repaired: {text:?}"));
                }
                let words = format!("words: {}", cast::words(text));
                if text.lines().any(|line| line.starts_with("words: ") && line != words) {
                    return Some(format!("{path} does not say \"{words}\": {text:?}"));
                }
                let lost = self.disk.lost_marks(path);
                if !lost.is_empty() {
                    return Some(format!("{path} lost {lost:?}"));
                }
            }
            if let Some(why) = self.check_ballot(core, episode) {
                return Some(why);
            }
            let script = cast::script(notes.iter().map(|(_, text)| *text));
            let path = format!("{episode}scripts/script.html");
            let found = self.disk.files.get(&path).map(|file| file.text.as_str());
            if found != Some(&script) {
                return Some(format!("{path} is not true: {found:?} instead of {script:?}"));
            }
            for slug in cast::clips(notes.iter().map(|(_, text)| *text)) {
                let Some(source) = self.disk.files.get(&format!("{episode}media/{slug}.mov")) else { continue };
                let path = format!("{episode}video/{slug}.mp4");
                let found = self.disk.files.get(&path).map(|file| file.text.as_str());
                if source.text.len() > 12 && found != Some(&cast::encoded(&source.text)) {
                    return Some(format!("{path} is not true: {found:?}"));
                }
                let path = format!("{episode}thumbs/{slug}-1.png");
                let found = self.disk.files.get(&path).map(|file| file.text.as_str());
                if found != Some(&format!("thumb 1 of {}", source.text)) {
                    return Some(format!("{path} is not true: {found:?}"));
                }
            }
            let plan = core.plan(&subject(episode))?;
            for node in plan.nodes {
                let fine = match &node.standing {
                    Standing::UpToDate | Standing::NotNeeded | Standing::Unavailable { .. } => true,
                    Standing::Due { .. } | Standing::Failed { .. } => false,
                    // A clip whose recording is not there.
                    Standing::Blocked { blockers } => blockers
                        .iter()
                        .all(|blocker| matches!(blocker, Blocker::InputMissing { .. } | Blocker::Need { .. })),
                };
                if !fine {
                    let job = node.job.and_then(|job| core.job(job)).map(|row| (row.id, &row.state));
                    let blockers = node.job.map(|job| core.blockers(job));
                    return Some(format!(
                        "{} of {episode} is {:?}, its job {job:?}, {blockers:?}",
                        node.node, node.standing
                    ));
                }
            }
        }
        if !core.is_idle(true) {
            return Some(format!("the core is not idle, it wakes at {:?}", core.next_deadline()));
        }
        if !self.store.intents.is_empty() || !self.runner.alive.is_empty() {
            return Some(format!("left over: {:?} {:?}", self.store.intents, self.runner.alive));
        }
        let foreign =
            self.disk.files.keys().find(|path| is_made(path) && self.disk.files[*path].text == "made by hand");
        foreign.map(|path| format!("{path} is still made by hand"))
    }

    /// What is proposed stands in the note where people answer, and what they answered was heard. A note in which
    /// somebody wrote is theirs.
    fn check_ballot(&self, core: &Coordinator, episode: &str) -> Option<String> {
        let path = ballot_of(episode);
        let note = self.disk.files.get(&path).map_or("", |file| file.text.as_str());
        let (ticked, is_ours) = cast::ticked(note);
        let rows = core
            .proposals()
            .filter(|row| *row.subject.path == *episode && self.disk.files.contains_key(&*row.file.path));
        for row in rows {
            let of_row = ticked.iter().find(|tick| tick.proposal == row.id && note.contains(&tick.mark));
            let lines = note
                .lines()
                .filter(|line| line.get(4..).is_some_and(|rest| rest.starts_with(&format!("{} ", row.id))))
                .count();
            match &row.state {
                ProposalState::Open if is_ours && lines != 1 => {
                    return Some(format!("{path} does not show proposal {}: {note:?}", row.id));
                }
                ProposalState::Open
                    if of_row.is_some_and(|tick| {
                        tick.says != Says::Both && self.marks_shown.get(&row.id) == Some(&tick.mark)
                    }) =>
                {
                    return Some(format!("the answer to proposal {} was not heard: {note:?}", row.id));
                }
                ProposalState::Accepted { .. } => {
                    return Some(format!("proposal {} was accepted and is not made", row.id));
                }
                _ => {}
            }
        }
        None
    }

    // ---- little helpers ----

    pub fn wall(&self) -> i64 {
        self.t + self.wall_ahead
    }

    /// What the daemon may take for the time.
    pub fn clock(&self) -> i64 {
        self.wall().max(self.seen)
    }

    /// Time that has passed, jumps ahead of the daemon's clock included.
    pub fn lived(&self) -> i64 {
        self.t + self.jumped
    }

    pub fn after(&mut self, ms: u64, item: Item) {
        self.order += 1;
        self.heap.insert((self.t + ms as i64, self.order), item);
    }

    /// Mostly short, in chaos sometimes long.
    pub fn delay(&mut self, least: u64, most: u64) -> u64 {
        if self.chaos && self.dice.once_in(3) { self.dice.between(least, most) } else { least }
    }

    pub fn tell_daemon(&mut self, ms: u64, event: Event) {
        let from_runner =
            matches!(event, Event::AttemptEnded { .. } | Event::AttemptStarted { .. } | Event::RunnerBack { .. });
        let item =
            if from_runner { Item::FromRunner(self.life, self.link, event) } else { Item::Deliver(self.life, event) };
        self.after(ms, item);
    }

    pub fn drop_runner_messages(&mut self) {
        self.link += 1;
    }

    pub fn expect(&mut self, checker: &str, holds: bool, why: impl FnOnce() -> String) {
        if !holds && self.broken.is_none() {
            let why = why();
            self.say(|| format!("BROKEN {checker}: {why}"));
            self.broken = Some(format!("{checker}: {why}"));
        }
    }

    pub fn say(&self, line: impl FnOnce() -> String) {
        if self.tell {
            eprintln!("{:>9.3}s  {}", self.t as f64 / 1000.0, line());
        }
    }
}

/// Where people answer what is proposed for an episode.
pub fn ballot_of(episode: &str) -> String {
    format!("showd/proposals/{}.md", episode.trim_end_matches('/').trim_start_matches("ep/"))
}

pub fn path_of(path: &str) -> FilePath {
    FilePath { share: SHARE, path: path.into() }
}
