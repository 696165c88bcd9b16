//! The one thread that holds the core and the store, and carries messages between them and the adapters.
//!
//! A turn: take the first message, or the core's deadline, and step; take whatever else waits, up to a bound, step and
//! merge; keep all changes in one transaction; then hand out the effects and answer what only reads. Handing out never
//! blocks. When keeping fails [`Driver::run`] ends with the error, nothing of the turn happens, and the process must
//! end: the next start restores from rows. No ticks: with nothing to do and no deadline the thread sleeps.

use crate::clock::Clock;
use crate::desk::Desk;
use crate::feed::Feed;
use crate::inbox::{Call, Message, Survey, Wish};
use crate::store::{Reader, Store, StoreError};
use crate::view::{self, Seen, World};
use show_core::{Change, Coordinator, Decision, Digest, Effect, Event};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::Receiver;
use tracing::debug;

/// Messages of one turn, at most: bounds both a transaction and how long an answer can wait for its turn to end.
const TOGETHER_MAX: usize = 1_024;

/// Takes an effect and passes it to its adapter, at once and without blocking.
pub type Hands = Box<dyn FnMut(Effect) + Send>;

pub struct Driver {
    core: Coordinator,
    store: Store,
    clock: Arc<Clock>,
    world: World,
    inbox: Receiver<Message>,
    /// Facts the driver itself makes, such as rows that the core asked for.
    own: VecDeque<Event>,
    desk: Desk,
    feed: Feed,
    hands: Hands,
    /// Only for waiting with a deadline.
    runtime: Runtime,
    is_stopping: bool,
}

/// What a turn gathered that is done after its changes are kept.
#[derive(Default)]
struct After {
    /// The store as it was before this turn, for putting requests into the core's words.
    before: Option<Reader>,
    #[allow(clippy::vec_box, reason = "they came boxed, and moving them would cost more")]
    reads: Vec<Box<Call>>,
    said: Vec<(crate::inbox::Answers, u64, crate::inbox::Said)>,
    pings: Vec<tokio::sync::oneshot::Sender<()>>,
    surveys: Vec<tokio::sync::oneshot::Sender<Survey>>,
    progressed: Vec<show_core::JobId>,
}

impl Driver {
    /// `first` is the decision that the restore made.
    ///
    /// # Errors
    /// When what the restore decided cannot be kept.
    pub fn new(
        (core, first): (Coordinator, Decision),
        store: Store,
        clock: Arc<Clock>,
        world: World,
        inbox: Receiver<Message>,
        feed: Feed,
        hands: Hands,
    ) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime that only has a timer needs nothing from the system");
        let desk = Desk::default();
        let own = VecDeque::new();
        let mut driver = Self { core, store, clock, world, inbox, own, desk, feed, hands, runtime, is_stopping: false };
        driver.keep(first)?;
        Ok(driver)
    }

    /// Runs until somebody says [`Message::Stop`], or every sender is gone.
    ///
    /// # Errors
    /// When a decision could not be kept, or the store not be read.
    pub fn run(mut self) -> Result<(), StoreError> {
        while !self.is_stopping {
            self.turn()?;
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<(), StoreError> {
        let mut decision = Decision::default();
        let mut after = After::default();
        let mut next = Some(self.wait());
        let mut taken = 0;
        while let Some(message) = next {
            self.take(message, &mut decision, &mut after)?;
            taken += 1;
            next = if taken < TOGETHER_MAX { self.waiting() } else { None };
        }
        // A snapshot that lives keeps old pages in the file.
        after.before = None;
        let moved = self.keep(decision)?;
        after.progressed.extend(moved);
        self.answer(after)
    }

    /// The next message, when there is one, or when the core's deadline comes.
    fn wait(&mut self) -> Message {
        if let Some(message) = self.waiting() {
            return message;
        }
        let received = match self.core.next_deadline() {
            None => self.runtime.block_on(self.inbox.recv()),
            Some(deadline) => {
                let wait = Duration::from_millis(deadline.ms_since(self.clock.now()));
                let inbox = &mut self.inbox;
                let due = self.runtime.block_on(async { tokio::time::timeout(wait, inbox.recv()).await });
                due.unwrap_or(Some(Message::Fact(Event::Clock)))
            }
        };
        received.unwrap_or(Message::Stop)
    }

    fn waiting(&mut self) -> Option<Message> {
        match self.own.pop_front() {
            Some(event) => Some(Message::Fact(event)),
            None => self.inbox.try_recv().ok(),
        }
    }

    fn take(&mut self, message: Message, decision: &mut Decision, after: &mut After) -> Result<(), StoreError> {
        match message {
            Message::Fact(event) => {
                match &event {
                    Event::AttemptProgressed { job, .. } => after.progressed.push(*job),
                    Event::ClientGone { client } => self.desk.forget(*client),
                    _ => {}
                }
                self.step(event, decision, after)?;
            }
            Message::Call(call) => match &call.what {
                // What only reads is answered after this turn is kept: nobody hears of what might still be undone.
                Wish::Request(request) if view::only_reads(request) => after.reads.push(call),
                Wish::Events { .. } => after.reads.push(call),
                _ => self.wish(*call, decision, after)?,
            },
            Message::Ping(answer) => after.pings.push(answer),
            Message::Survey(answer) => after.surveys.push(answer),
            Message::Stop => self.is_stopping = true,
        }
        Ok(())
    }

    /// A call that wants something done.
    fn wish(&mut self, call: Call, decision: &mut Decision, after: &mut After) -> Result<(), StoreError> {
        let now = self.clock.now();
        let Call { client, who, number, what, answers } = call;
        let reader = open(&self.store, &mut after.before)?;
        let seen = Seen { core: &self.core, reader, world: &self.world, now };
        let said = match what {
            Wish::Ask(ask) => crate::inbox::Said::Ask(ask),
            Wish::Request(show_protocol::Request::Stop(stop)) => {
                if let Some((answers, number, then)) = self.desk.stop(client, stop.request) {
                    after.said.push((answers, number, view::as_things_stand(&seen, &then)?));
                }
                view::done().into()
            }
            Wish::Request(request) => view::wish(&seen, request)?,
            Wish::Events { .. } => unreachable!("reads are answered after the turn"),
        };
        match said {
            crate::inbox::Said::Ask(ask) => {
                let (ask, then) = *ask;
                debug!(client = %client, uid = who.uid, pid = who.pid, ask = ?ask, "asked of the core");
                let id = self.desk.open(client, number, answers, then);
                self.step(Event::Asked { ask: id, client, who, what: ask }, decision, after)?;
            }
            said => after.said.push((answers, number, said)),
        }
        Ok(())
    }

    /// One fact, and what is known of the keys that it makes the core look up: so what was never done starts with the
    /// commit of the fact itself, and not with one more.
    fn step(&mut self, fact: Event, decision: &mut Decision, after: &mut After) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut next = Some(fact);
        while let Some(event) = next.take() {
            let mut made = self.core.step(now, event);
            let keys = made.take_look_ups();
            decision.merge(made);
            if !keys.is_empty() {
                next = Some(look_up(decision, open(&self.store, &mut after.before)?, keys)?);
            }
        }
        Ok(())
    }

    /// Keeps what was decided, lets the effects happen, then tells the followers of the log, who can wait a moment. Says
    /// which jobs began or ended, where somebody wants to know.
    fn keep(&mut self, decision: Decision) -> Result<Vec<show_core::JobId>, StoreError> {
        let mut events = Vec::new();
        let store = &mut self.store;
        let effects = decision.commit(|changes| {
            store.apply(changes)?;
            events.extend(changes.iter().filter_map(|change| match change {
                Change::Log(event) => Some(event.clone()),
                _ => None,
            }));
            Ok::<_, StoreError>(())
        })?;
        let mut reader = None;
        for effect in effects {
            self.hand_out(effect, &mut reader)?;
        }
        let listens = self.feed.has_progress_listeners();
        let moved = events.iter().filter(|_| listens).filter_map(|event| event.job).collect();
        self.feed.add(events);
        Ok(moved)
    }

    fn hand_out(&mut self, effect: Effect, reader: &mut Option<Reader>) -> Result<(), StoreError> {
        match effect {
            Effect::Answer { ask, reply } => {
                let Some((answers, number, then)) = self.desk.close(ask) else { return Ok(()) };
                let reader = open(&self.store, reader)?;
                let seen = Seen { core: &self.core, reader, world: &self.world, now: self.clock.now() };
                let said = view::said(&seen, then, reply)?;
                // A client that has gone needs no answer.
                let _ = answers.send((number, said));
            }
            Effect::LookUp { keys } => {
                let (found, missing) = open(&self.store, reader)?.actions(&keys)?;
                self.own.push_back(Event::Found { found, missing });
            }
            Effect::LookUpHistory { file } => {
                let history = open(&self.store, reader)?.history(&file)?;
                self.own.push_back(Event::HistoryFound { file, history });
            }
            effect => (self.hands)(effect),
        }
        Ok(())
    }

    /// What waited for the turn to be kept.
    fn answer(&mut self, after: After) -> Result<(), StoreError> {
        for (answers, number, said) in after.said {
            let _ = answers.send((number, said));
        }
        for survey in after.surveys {
            let _ = survey.send(Survey { reader: self.store.read()?, anchors: self.core.anchors() });
        }
        if after.reads.is_empty() && after.pings.is_empty() && !self.feed.has_progress_listeners() {
            return Ok(());
        }
        let reader = self.store.read()?;
        let seen = Seen { core: &self.core, reader: &reader, world: &self.world, now: self.clock.now() };
        for call in after.reads {
            let said = match call.what {
                Wish::Request(request) => view::answer(&seen, request)?,
                Wish::Events { from } => view::events_from(&seen, from)?,
                Wish::Ask(_) => unreachable!("only reads wait for the turn to be kept"),
            };
            let _ = call.answers.send((call.number, said));
        }
        if self.feed.has_progress_listeners() {
            let mut progressed = after.progressed;
            progressed.sort_unstable();
            progressed.dedup();
            for job in progressed {
                if let Some(line) = view::progress(&seen, job)? {
                    self.feed.tell_progress(line);
                }
            }
        }
        if !after.pings.is_empty() {
            // The watchdog hears only from a driver whose store answers.
            reader.touch()?;
            for ping in after.pings {
                let _ = ping.send(());
            }
        }
        Ok(())
    }
}

/// What is known of keys: by what is decided in this turn, else by what was kept before it.
fn look_up(decision: &Decision, reader: &Reader, mut keys: Vec<Digest>) -> Result<Event, StoreError> {
    let (mut fresh, mut gone) = (Vec::new(), Vec::new());
    keys.retain(|key| match decision.action(key) {
        Some(Some(row)) => {
            fresh.push(row.clone());
            false
        }
        Some(None) => {
            gone.push(*key);
            false
        }
        None => true,
    });
    let (mut found, mut missing) = reader.actions(&keys)?;
    found.append(&mut fresh);
    missing.append(&mut gone);
    Ok(Event::Found { found, missing })
}

/// One snapshot serves everything that looks at the same moment.
fn open<'r>(store: &Store, reader: &'r mut Option<Reader>) -> Result<&'r Reader, StoreError> {
    match reader {
        Some(reader) => Ok(reader),
        none => Ok(none.insert(store.read()?)),
    }
}

#[cfg(test)]
pub(crate) mod tests;
