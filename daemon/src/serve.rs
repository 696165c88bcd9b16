//! Puts the daemon together: claims its places, restores the core, starts every adapter and the driver, and takes it
//! all down again. Owns the order in which that happens; decides nothing.

use crate::attempt::{self, Attempts};
use crate::blob::Archive;
use crate::board::Board;
use crate::clock::Clock;
use crate::config::Config;
use crate::driver::{Driver, Hands};
use crate::feed::Feed;
use crate::inbox::{Inbox, Message};
use crate::share::Shares;
use crate::socket::{self, Bound, SocketError};
use crate::store::{Home, Store, StoreError};
use crate::view::{ShareName, World};
use crate::words::because;
use crate::{ballot, hash, journal, keeper, merger, notify, probe, publisher, sync, tool, watch, weaver};
use show_core::{AttemptNo, Coordinator, Digest, Effect, Event, FilePath, JobId, ShareId, ShareRules, Stamp};
use show_publish::{BlobError, Keep, Machine, Owner, own};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// A share that takes longer to walk for the first time does not keep us from being called ready.
const FIRST_LOOK: Duration = Duration::from_secs(20);
/// How long the last lines of the log may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// The daemon could not start, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("the state directory {} lies in the share {}", state.display(), share.display())]
    StateInShare { state: PathBuf, share: PathBuf },
    #[error("the pipelines cannot be played: {0}")]
    Rules(String),
    #[error("could not {what}")]
    System {
        what: &'static str,
        #[source]
        cause: io::Error,
    },
    #[error("the thread that decides has ended; its last words are in the log")]
    Panicked,
}

impl ServeError {
    /// The next move.
    pub fn hint(&self) -> String {
        match self {
            Self::Store(error) => error.hint(),
            Self::Socket(error) => error.hint().to_owned(),
            Self::Blob(_) => "check the space on the state's disk, its owner and its mode".into(),
            Self::StateInShare { .. } => {
                "what Syncthing carries to other machines is no place for it: name one outside with --state".into()
            }
            Self::Rules(_) => "mend the pipeline; \"showd --check\" names file and line".into(),
            Self::System { .. } => "see what the system says; limits of processes and files are the usual cause".into(),
            Self::Panicked => "this is a defect of showd; start it again, nothing that was acknowledged is lost".into(),
        }
    }
}

/// What `main` took from the process before there were threads.
#[derive(Debug, Default)]
pub struct Taken {
    /// Listening sockets that systemd passed.
    pub sockets: Vec<UnixListener>,
    pub config_file: Option<PathBuf>,
    /// Nobody else keeps a runner running for us.
    pub starts_runner: bool,
}

/// Runs until told to stop.
///
/// # Errors
/// When something it cannot do without fails. Nothing that was acknowledged is lost then.
pub fn serve(config: &Config, taken: Taken) -> Result<(), ServeError> {
    let clock = Arc::new(Clock::new());
    if let Some(share) = config.shares.iter().find(|share| is_below(&config.paths.state, &share.root)) {
        return Err(ServeError::StateInShare { state: config.paths.state.clone(), share: share.root.clone() });
    }
    let home = Home::claim(&config.paths.state)?;
    let bound = match taken.sockets.into_iter().next() {
        Some(socket) => {
            Bound::inherited(socket).map_err(|cause| ServeError::System { what: "use systemd's socket", cause })?
        }
        None => Bound::at(&config.paths.socket)?,
    };
    let archive = Archive::open(&home.path().join("blobs"))?;
    let mut store = Store::open(home, config.events_kept_max)?;

    let board = Board::default();
    let machine = Machine::this();
    let names = share_names(&mut store, config)?;
    let roots: BTreeMap<ShareId, PathBuf> =
        (0..).map(ShareId).zip(&names).filter_map(|(id, share)| Some((id, share.root.clone()?))).collect();
    let shares = Shares::new(roots);
    // Held as long as we live: of two showds of this machine one writes into a share.
    let mut claims = Vec::new();
    let names: Vec<ShareName> = (0..)
        .map(ShareId)
        .zip(names)
        .map(|(id, share)| {
            let mut read_only = why_read_only(&shares, &archive, &machine, &board, id);
            if read_only.is_empty()
                && let Some(root) = shares.root(id)
            {
                match claim(root) {
                    Ok(claim) => claims.extend(claim),
                    Err(why) => {
                        warn!(root = %root.display(), "{why}; nothing is written into it");
                        why.clone_into(&mut read_only);
                    }
                }
            }
            ShareName { read_only, ..share }
        })
        .collect();

    let mut rules = config.rules.clone();
    rules.shares = names
        .iter()
        .map(|share| ShareRules {
            name: share.name.clone(),
            read_only: !share.read_only.is_empty(),
            merge: config.shares.iter().find(|one| one.name == share.name).map(|one| one.merge).unwrap_or_default(),
        })
        .collect();
    if let Some(wrong) = rules.check().into_iter().next() {
        return Err(ServeError::Rules(format!("{}.{}.{}: {}", wrong.pipeline, wrong.step, wrong.key, wrong.text)));
    }

    let rows = store.restore()?;
    info!(builds = rows.builds.len(), jobs = rows.jobs.len(), files = rows.files.len(), "restored");
    let restored: BTreeSet<_> = rows.intents.iter().map(|intent| intent.id).collect();
    let stamps: BTreeMap<FilePath, (Stamp, Digest)> =
        rows.files.iter().map(|file| (file.file.clone(), (file.stamp, file.digest))).collect();
    let next_event = store.read()?.next_event()?;
    let core = Coordinator::restore(rows, rules, clock.now());

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("adapter")
        .enable_all()
        .build()
        .map_err(|cause| ServeError::System { what: "start the adapters", cause })?;
    let (inbox, messages) = Inbox::new();
    let feed = Feed::new(next_event);
    let mut world = World {
        config: Arc::new(config.clone()),
        shares: names.into(),
        board: board.clone(),
        host: machine.host.clone(),
        started_at: clock.now(),
        config_file: taken.config_file,
        attempts: None,
        sync: sync::Handle::off(),
        keeper: None,
    };
    let keeper = keeper::start(keeper::Needs {
        archive: archive.clone(),
        inbox: inbox.clone(),
        board: board.clone(),
        clock: Arc::clone(&clock),
        bounds: config.keep,
    });
    let parts = Parts { config, shares, archive: archive.clone(), inbox: inbox.clone(), board, clock: &clock };
    let (hands, attempts, sync) = parts.start(&runtime, &world, machine, restored, stamps, taken.starts_runner);
    world.attempts = Some(attempts.clone());
    world.sync = sync;
    world.keeper = Some(keeper);

    let needs = socket::Needs { inbox: inbox.clone(), feed: feed.clone(), archive, world: Arc::new(world.clone()) };
    let quiet = CancellationToken::new();
    let journal = journal::start(feed.clone(), world.clone(), next_event, quiet.clone());
    let driver = Driver::new(core, store, Arc::clone(&clock), world, messages, feed, hands)?;
    let running = std::thread::Builder::new()
        .name("driver".into())
        .spawn(move || driver.run())
        .map_err(|cause| ServeError::System { what: "start the driver", cause })?;
    let ended = runtime.block_on(guard(bound, needs, config.clients_max, inbox, running, &attempts));
    quiet.cancel();
    // A journal that does not listen is not waited for.
    let last_lines = async { tokio::time::timeout(GOODBYE, tokio::task::spawn_blocking(move || journal.join())).await };
    let _ = runtime.block_on(last_lines);
    // Reading threads may sit in a slow disk; there is nothing of them to wait for.
    runtime.shutdown_background();
    ended
}

/// The shares by their lasting numbers; those the configuration no longer names have no root.
fn share_names(store: &mut Store, config: &Config) -> Result<Vec<ShareName>, StoreError> {
    let configured: Vec<&str> = config.shares.iter().map(|share| share.name.as_str()).collect();
    let known = store.enroll(&configured)?;
    let count = known.iter().map(|(number, _)| usize::from(*number) + 1).max().unwrap_or(0);
    let gone = ShareName { name: String::new(), root: None, read_only: "it is no longer in the configuration".into() };
    let mut names = vec![gone; count];
    for (number, name) in known {
        let share = config.shares.iter().find(|share| share.name == name);
        let place = &mut names[usize::from(number)];
        place.name = name;
        place.root = share.map(|share| share.root.clone());
    }
    Ok(names)
}

/// True when a folder, which need not be there yet, lies in another one.
fn is_below(folder: &Path, root: &Path) -> bool {
    let Ok(root) = root.canonicalize() else { return false };
    let there = folder.ancestors().find_map(|part| part.canonicalize().ok());
    there.is_some_and(|there| there.starts_with(&root))
}

/// Nobody else on this machine serves the share while what comes back is held; nothing, where that cannot be said.
fn claim(root: &Path) -> Result<Option<File>, &'static str> {
    let Ok(folder) = File::open(root.join("showd")) else { return Ok(None) };
    match folder.try_lock() {
        Err(TryLockError::WouldBlock) => Err("another showd on this machine serves it"),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(folder)),
    }
}

/// Why nothing may be written into a share; empty when it may, or when it is away and that shows later.
fn why_read_only(shares: &Shares, archive: &Archive, machine: &Machine, board: &Board, id: ShareId) -> String {
    let Some(root) = shares.root(id) else { return "it is no longer in the configuration".into() };
    let Ok(share) = shares.open(id) else { return String::new() };
    if let Some(text) = share.warning() {
        board.notice(format!("{}: {text}", root.display()), "move the share to another file system, or live with it");
    }
    match own(&share, archive.blobs(), machine) {
        Owner::Us | Owner::Nobody => String::new(),
        Owner::Other(host) => {
            warn!(root = %root.display(), host, "the share is owned by another machine; nothing is written into it");
            format!("it is owned by {host}; \"showctl own --take\" makes it this machine's")
        }
        Owner::Unknown(why) => {
            warn!(root = %root.display(), why, "nothing is written into the share");
            why
        }
    }
}

/// What the adapters are made of.
struct Parts<'a> {
    config: &'a Config,
    shares: Shares,
    archive: Archive,
    inbox: Inbox,
    board: Board,
    clock: &'a Arc<Clock>,
}

impl Parts<'_> {
    fn start(
        self,
        runtime: &Runtime,
        world: &World,
        machine: Machine,
        restored: BTreeSet<show_core::IntentId>,
        stamps: BTreeMap<FilePath, (Stamp, Digest)>,
        starts_runner: bool,
    ) -> (Hands, Attempts, sync::Handle) {
        let state = self.config.paths.state.clone();
        let watchers: BTreeMap<ShareId, watch::Handle> = world
            .configured()
            .map(|(share, name, root)| {
                let root = watch::Root {
                    share,
                    name: name.name.clone(),
                    path: root.to_path_buf(),
                    folders: folders(self.config),
                    memory: state.join("shares").join(&name.name),
                    unwatched_walk_ms: watch::UNWATCHED_WALK_MS,
                };
                (share, watch::start(root, self.inbox.clone(), self.board.clone(), Arc::clone(self.clock)))
            })
            .collect();
        let sync = self.sync(world, watchers.clone());
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4));
        let hasher = hash::start(threads, &self.shares, &self.archive, &self.inbox, &sync);
        let ballots = ballot::start(&self.archive, &self.inbox);
        let weaver = weaver::start(threads, &self.shares, &self.archive, &self.inbox);
        let merger = merger::start(&self.archive, &self.inbox);
        let prober = probe::start(&self.shares, &self.archive, &self.inbox, &sync);
        let scratches = Scratches { fallback: state.join("scratch"), own: scratches(self.config, world) };
        let outputs = {
            let scratches = scratches.clone();
            move |share: ShareId, job: JobId, attempt: AttemptNo, file: &FilePath| {
                attempt::output_file(&scratches.of(share), job, attempt, file)
            }
        };
        let mut publisher = publisher::start(publisher::Needs {
            shares: self.shares.clone(),
            archive: self.archive.clone(),
            inbox: self.inbox.clone(),
            board: self.board.clone(),
            machine,
            outputs: Arc::new(outputs),
            restored,
            announce: {
                let sync = sync.clone();
                Arc::new(move |file| sync.announce(file))
            },
        });
        let setup = attempt::Setup {
            state,
            showd: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("showd")),
            grace_ms: self.config.rules.grace_ms,
            starts_runner,
        };
        let attempts = {
            let _inside = runtime.enter();
            let around = Around {
                shares: self.shares.clone(),
                archive: self.archive.clone(),
                inbox: self.inbox.clone(),
                scratches,
                stamps,
            };
            Attempts::open(setup, Arc::new(around))
        };
        let (hands_attempts, inbox, board) = (attempts.clone(), self.inbox, self.board);
        let handle = runtime.handle().clone();
        let hands = move |effect: Effect| match effect {
            Effect::Scan { share } => match watchers.get(&share) {
                Some(watcher) => watcher.order(watch::Order::Scan),
                // It is no longer in the configuration: as good as a disk that is away.
                None => drop(inbox.try_tell(Event::ShareGone { share })),
            },
            Effect::LookAt { file } => {
                if let Some(watcher) = watchers.get(&file.share) {
                    watcher.order(watch::Order::LookAt(file.path));
                }
            }
            Effect::Hash { file, keep } => hasher.hash(file, keep),
            Effect::LookForTool { name } => {
                let _inside = handle.enter();
                tool::look_for(name, inbox.clone(), board.clone());
            }
            Effect::StartAttempt(order) => hands_attempts.start(order),
            Effect::StopAttempt { job, attempt, grace_ms } => hands_attempts.stop(job, attempt, grace_ms),
            Effect::ForgetAttempt { job, attempt, keep_scratch } => hands_attempts.forget(job, attempt, keep_scratch),
            Effect::Weave(order) => weaver.weave(order),
            Effect::Probe { file, stamp, digest } => prober.probe(file, stamp, digest),
            Effect::Publish(intent) => publisher.publish(intent),
            Effect::Merge(order) => merger.merge(order),
            Effect::WriteBallot { note, of, entries } => ballots.write(note, of, entries),
            Effect::ReadBallot { note, digest } => ballots.read(note, digest),
            Effect::LookUp { .. } | Effect::LookUpHistory { .. } | Effect::Answer { .. } => {
                unreachable!("the driver does these itself")
            }
        };
        (Box::new(hands), attempts, sync)
    }

    /// Syncthing's hints are looked into as the kernel's are.
    fn sync(&self, world: &World, watchers: BTreeMap<ShareId, watch::Handle>) -> sync::Handle {
        let roots = world.configured().map(|(share, name, root)| {
            let said = self.config.shares.iter().find(|said| said.name == name.name);
            let away = said.map(|said| said.away).unwrap_or_default();
            let remote_quiet_ms = said.and_then(|said| said.remote_quiet_ms);
            (share, sync::Root { path: root.to_path_buf(), away, remote_quiet_ms })
        });
        let hints = move |hint| {
            let (share, order) = match hint {
                sync::Hint::Look(file) => (file.share, watch::Order::LookAt(file.path)),
                sync::Hint::Scan(share) => (share, watch::Order::Scan),
            };
            if let Some(watcher) = watchers.get(&share) {
                watcher.order(order);
            }
        };
        sync::start(sync::Needs {
            told: self.config.syncthing.clone(),
            roots: roots.collect(),
            state: self.config.paths.state.clone(),
            board: self.board.clone(),
            clock: Arc::clone(self.clock),
            hints: Arc::new(hints),
        })
    }
}

/// Top folders that pipelines name, and the one for requests.
fn folders(config: &Config) -> BTreeSet<String> {
    let tops = config.rules.pipelines.iter().filter_map(|pipeline| {
        let top = pipeline.subject.split('/').next()?;
        (!top.contains(['{', '*'])).then(|| top.to_owned())
    });
    tops.chain(["showd".to_owned()]).collect()
}

fn scratches(config: &Config, world: &World) -> BTreeMap<ShareId, PathBuf> {
    world
        .configured()
        .filter_map(|(id, name, _)| {
            let share = config.shares.iter().find(|share| share.name == name.name)?;
            Some((id, share.scratch.clone()?))
        })
        .collect()
}

/// Where attempts of each share work.
#[derive(Debug, Clone)]
struct Scratches {
    fallback: PathBuf,
    own: BTreeMap<ShareId, PathBuf>,
}

impl Scratches {
    fn of(&self, share: ShareId) -> PathBuf {
        self.own.get(&share).unwrap_or(&self.fallback).clone()
    }
}

/// The daemon as attempts see it.
struct Around {
    shares: Shares,
    archive: Archive,
    inbox: Inbox,
    scratches: Scratches,
    /// As of the start; later ones are read again where it matters.
    stamps: BTreeMap<FilePath, (Stamp, Digest)>,
}

impl attempt::World for Around {
    fn share_root(&self, share: ShareId) -> Option<PathBuf> {
        self.shares.root(share).map(PathBuf::from)
    }

    fn scratch_root(&self, share: ShareId) -> PathBuf {
        self.scratches.of(share)
    }

    fn read_blob(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        self.archive.read(digest).map_err(io::Error::other)
    }

    fn keep_blob(&self, bytes: &[u8]) -> io::Result<Digest> {
        self.archive.keep(bytes, Keep::Durably).map_err(io::Error::other)
    }

    fn digest_of(&self, file: &FilePath, stamp: &Stamp) -> Option<Digest> {
        self.stamps.get(file).filter(|(known, _)| known == stamp).map(|(_, digest)| *digest)
    }

    fn tell(&self, event: Event) {
        // The driver is gone, and with it everything.
        let _ = self.inbox.tell_blocking(event);
    }
}

/// Serves until a signal comes or the driver ends.
async fn guard(
    bound: Bound,
    needs: socket::Needs,
    clients_max: u32,
    inbox: Inbox,
    running: std::thread::JoinHandle<Result<(), StoreError>>,
    attempts: &Attempts,
) -> Result<(), ServeError> {
    let stop = CancellationToken::new();
    let ready = say_ready(needs.world.board.clone(), needs.world.configured().map(|(share, ..)| share).collect());
    let serving = tokio::spawn(socket::serve(bound, needs, clients_max, stop.clone()));
    let watchdog = tokio::spawn(notify::watchdog(inbox.clone()));
    let mut driver = tokio::task::spawn_blocking(move || running.join());
    let ready = tokio::spawn(ready);
    let ended = tokio::select! {
        ended = &mut driver => Some(ended),
        signal = signalled() => {
            info!(signal = signal?, "stopping");
            None
        }
    };
    notify::stopping();
    stop.cancel();
    // Sessions say goodbye while the driver still answers them.
    let _ = serving.await;
    attempts.close().await;
    let ended = if let Some(ended) = ended {
        ended
    } else {
        let _ = inbox.send(Message::Stop).await;
        driver.await
    };
    watchdog.abort();
    ready.abort();
    match ended {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(cause))) => {
            tracing::error!(cause = because(&cause), "the store failed");
            Err(cause.into())
        }
        Ok(Err(_)) | Err(_) => Err(ServeError::Panicked),
    }
}

/// Who starts us wants to ask us something next, and that makes sense once the shares were looked at.
async fn say_ready(board: Board, shares: Vec<ShareId>) {
    let looked_at = tokio::time::timeout(FIRST_LOOK, board.all_looked_at(&shares)).await.is_ok();
    notify::ready(&format!("watching {} share(s)", shares.len()));
    info!(looked_at, "ready");
}

async fn signalled() -> Result<&'static str, ServeError> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |cause| ServeError::System { what: "listen for signals", cause };
    let mut term = signal(SignalKind::terminate()).map_err(failed)?;
    let mut int = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(tokio::select! {
        _ = term.recv() => "SIGTERM",
        _ = int.recv() => "SIGINT",
    })
}
