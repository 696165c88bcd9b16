//! Follows Syncthing's events on one thread: finds it, learns its folders and devices, passes hints on, and when it goes
//! away says so once and looks for it again.
//!
//! Numbers of events are dense for one list of kinds and begin again with each start of Syncthing. A gap means that
//! more happened than it remembers, and after a silence or a start nobody can say what did: then everything is learnt
//! anew, from who edited which note to when each device connected, and the shares are walked. Events only say where to
//! look; nothing is believed because of one.

use super::client::{AskError, Client, Event, FolderStatus, STATUS};
use super::known::{Known, Place};
use super::riddles::{Question, Told};
use super::survey::{Survey, survey};
use super::warn::{Facts, warnings};
use super::{Hint, Inner, Silence, editors, home};
use crate::config::Syncthing;
use crate::words::because;
use serde_json::Value;
use show_core::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tracing::{debug, info, warn};

/// Between tries to reach it, twice as long each time.
const REST: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_secs(60);
/// What a folder holds is looked at again after this long, when there is something to learn anyway.
const SURVEY_STANDS_MS: u64 = 60 * 60 * 1_000;

pub fn start(told: Syncthing, inner: Arc<Inner>, is_alive: Receiver<()>) {
    let (said, surveys) = (BTreeSet::new(), BTreeMap::new());
    let follower = Follower { told, inner, is_alive, said, surveys, has_followed: false };
    std::thread::Builder::new()
        .name("sync follow".into())
        .spawn(move || follower.run())
        .expect("the system has room for a thread");
}

struct Follower {
    told: Syncthing,
    inner: Arc<Inner>,
    is_alive: Receiver<()>,
    /// Warnings that stand on the board.
    said: BTreeSet<String>,
    surveys: BTreeMap<String, (Time, Survey)>,
    /// Some of it may have been missed since.
    has_followed: bool,
}

/// Nobody needs us any more.
struct Over;

impl Follower {
    fn run(mut self) {
        let mut rest = REST;
        let mut not_found: Option<String> = None;
        loop {
            let found = home::discover(&self.told, &|name| std::env::var_os(name));
            let before = not_found.take();
            let text = found.as_ref().err().map(|error| because(error));
            if let Some(gone) = before.as_ref().filter(|gone| text.as_ref() != Some(gone)) {
                self.inner.board.take_back(gone);
            }
            match found {
                Ok(found) => {
                    let client = Client::new(found);
                    match self.follow(&client, &mut rest) {
                        Ok(Over) => return,
                        Err(error) => self.inner.lost(client.url(), &error),
                    }
                }
                Err(home::NotFound::Nowhere) if !self.told.is_told() => {
                    info!("no Syncthing of this account was found; the rules of this machine hold alone");
                    *self.inner.silence() = Silence::Absent;
                    return;
                }
                Err(error) => {
                    let text = because(&error);
                    if before.as_ref() != Some(&text) {
                        warn!(cause = text, "Syncthing cannot be asked");
                        self.inner.board.notice(text.clone(), error.hint());
                    }
                    not_found = Some(text);
                }
            }
            if self.is_over(rest) {
                return;
            }
            rest = (rest * 2).min(REST_MAX);
        }
    }

    fn is_over(&self, patience: Duration) -> bool {
        matches!(self.is_alive.recv_timeout(patience), Err(RecvTimeoutError::Disconnected))
    }

    fn follow(&mut self, client: &Client, rest: &mut Duration) -> Result<Over, AskError> {
        // Before everything is learnt: what changes meanwhile comes as an event.
        let mut start_time = client.system()?.start_time;
        let mut since = client.latest_event()?;
        self.inner.begins_to_answer();
        self.learn_anew(client)?;
        info!(url = client.url(), version = client.version()?, "Syncthing answers");
        if std::mem::replace(&mut self.has_followed, true) {
            self.scan_all();
        }
        loop {
            self.inner.found_again(client);
            self.inner.ask_riddles_again(client)?;
            *rest = REST;
            let events = client.events(since)?;
            if self.is_over(Duration::ZERO) {
                return Ok(Over);
            }
            // It may have been started anew, and numbers that follow on may be another count's.
            let started = client.system()?.start_time;
            let is_gap = events.first().is_some_and(|first| first.id != since + 1);
            if is_gap || started != start_time {
                info!(since, "Syncthing's events went on without us; learning everything anew");
                start_time = started;
                since = client.latest_event()?;
                self.learn_anew(client)?;
                self.scan_all();
                continue;
            }
            since = events.last().map_or(since, |last| last.id);
            if self.take(&events) {
                self.learn(client)?;
            } else {
                self.warn();
            }
        }
    }

    fn scan_all(&self) {
        self.inner.roots.keys().for_each(|share| (self.inner.hints)(Hint::Scan(*share)));
    }

    /// Says whether folders or devices changed.
    fn take(&mut self, events: &[Event]) -> bool {
        let mut is_changed = false;
        let mut hinted = BTreeSet::new();
        for Event { kind, data, .. } in events {
            let folder = text(data, "folder");
            if kind == "DeviceConnected" {
                let now = self.inner.clock.now();
                self.inner.known().back.insert(text(data, "id").to_owned(), now);
            }
            match kind.as_str() {
                "ConfigSaved"
                | "FolderPaused"
                | "FolderResumed"
                | "FolderWatchStateChanged"
                | "DeviceConnected"
                | "DeviceDisconnected"
                | "DevicePaused"
                | "DeviceResumed" => is_changed = true,
                "FolderSummary" => {
                    if let Ok(status) = serde_json::from_value::<FolderStatus>(data["summary"].clone()) {
                        self.inner.known().statuses.insert(folder.to_owned(), status);
                    }
                }
                "LocalIndexUpdated" => {
                    let names = data["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
                    hinted.extend(names.map(|name| (folder, name)));
                }
                "ItemFinished" if data["error"].is_null() => drop(hinted.insert((folder, text(data, "item")))),
                "LocalChangeDetected" | "RemoteChangeDetected" => {
                    hinted.insert((folder, text(data, "path")));
                    let editor = text(data, "modifiedBy");
                    self.inner.note_editors(folder, Some(editor).into_iter().filter(|editor| !editor.is_empty()));
                }
                _ => {}
            }
        }
        for (folder, path) in hinted {
            if let Some(file) = self.inner.file_of(folder, path) {
                (self.inner.hints)(Hint::Look(file));
            }
        }
        is_changed
    }

    /// The same, and what events would have told: what a folder holds, and who edited its notes.
    fn learn_anew(&mut self, client: &Client) -> Result<(), AskError> {
        self.surveys.clear();
        self.learn(client)
    }

    /// Learns folders and devices, and what of them endangers people's text.
    fn learn(&mut self, client: &Client) -> Result<(), AskError> {
        let system = client.system()?;
        let places: Vec<Place> =
            client.folders()?.into_iter().map(|folder| Place::new(folder, &system.tilde)).collect();
        let names = client.devices()?.into_iter().map(|device| (device.id, device.name)).collect();
        let connections = client.connections()?;
        let last_seen = client.last_seen()?;
        let mut known = Known {
            client: None,
            me: system.my_id,
            names,
            connections,
            last_seen: last_seen.into_iter().filter_map(|(id, seen)| Some((id, seen.last_seen?))).collect(),
            ..Known::default()
        };
        let ours: Vec<Place> = places.iter().filter(|place| self.holds_a_share(place)).cloned().collect();
        known.places = places;
        for place in &ours {
            let id = &place.folder.id;
            if place.folder.paused {
                continue;
            }
            // No answer that helps: it is being started or stopped, and events will say.
            if let Told::Answer(status) = self.inner.told(Question::new(id, STATUS, ""), client.status(id))? {
                known.statuses.insert(id.clone(), status);
            }
            if let Ok(lines) = client.ignores(id) {
                known.ignores.insert(id.clone(), lines);
            }
        }
        {
            let mut now = self.inner.known();
            known.client = now.client.take();
            known.editors = std::mem::take(&mut now.editors);
            known.back = std::mem::take(&mut now.back);
            known.note_connections();
            *now = known;
        }
        for place in &ours {
            self.survey(client, place)?;
        }
        self.say_who_carries(&client.version()?);
        self.warn();
        Ok(())
    }

    /// For people who wonder whether a share is carried at all.
    fn say_who_carries(&self, version: &str) {
        let known = self.inner.known();
        for (share, root) in &self.inner.roots {
            let carrier = known.places.iter().find(|place| root.path.starts_with(&place.path)).map(|place| {
                let others: Vec<&str> = place.others(&known.me).collect();
                let connected = others.iter().filter(|device| known.is_connected(device)).count();
                let (title, delay_s) = (place.title(), place.folder.fs_watcher_delay_s);
                let devices = others.len();
                format!(
                    "Syncthing {version} as \"{title}\", which tells of changes after {delay_s} s; \
                     {connected} of {devices} other devices connected"
                )
            });
            self.inner.board.carry(*share, carrier);
        }
    }

    fn holds_a_share(&self, place: &Place) -> bool {
        let roots = || self.inner.roots.values();
        roots().any(|root| root.path.starts_with(&place.path) || place.path.starts_with(&root.path))
    }

    /// Looks at what a folder holds, and at who edited its notes.
    fn survey(&mut self, client: &Client, place: &Place) -> Result<(), AskError> {
        let id = &place.folder.id;
        let now = self.inner.clock.now();
        if self.surveys.get(id).is_some_and(|(at, _)| at.plus_ms(SURVEY_STANDS_MS) > now) {
            return Ok(());
        }
        let (survey, notes) = survey(&place.path);
        self.surveys.insert(id.clone(), (now, survey));
        let recalled = editors::recall(&self.inner.state, id).unwrap_or_default();
        self.inner.note_editors(id, recalled.iter().map(String::as_str));
        if place.folder.paused {
            return Ok(());
        }
        for note in &notes {
            match client.file(id, note) {
                Ok(Some(info)) => self.inner.note(id, &info),
                Ok(None) => {}
                // Whoever wants to write it asks again, and says so.
                Err(error) if error.is_riddle() => debug!(folder = id, note, cause = because(&error), "not understood"),
                Err(error) => return Err(error),
            }
        }
        debug!(folder = id, notes = notes.len(), "who edited the notes was gathered");
        Ok(())
    }

    /// Puts on the board what is to be said now, and takes back what is not any more.
    fn warn(&mut self) {
        let mut now = BTreeMap::new();
        {
            let known = self.inner.known();
            let none = (FolderStatus::default(), Survey::default());
            for place in known.places.iter().filter(|place| self.holds_a_share(place)) {
                let id = &place.folder.id;
                let peers: Vec<(String, String)> = place
                    .others(&known.me)
                    .filter(|device| known.is_connected(device))
                    .map(|device| (known.name(device), known.connections[device].client_version.clone()))
                    .collect();
                now.extend(warnings(&Facts {
                    place,
                    status: known.statuses.get(id).unwrap_or(&none.0),
                    ignores: known.ignores.get(id).map(Vec::as_slice),
                    survey: self.surveys.get(id).map_or(&none.1, |(_, survey)| survey),
                    peers: &peers,
                }));
            }
        }
        for gone in self.said.iter().filter(|text| !now.contains_key(*text)) {
            self.inner.board.take_back(gone);
        }
        for (text, hint) in &now {
            if !self.said.contains(text) {
                info!(hint, "{text}");
            }
            self.inner.board.notice(text.clone(), hint.clone());
        }
        self.said = now.into_keys().collect();
    }
}

fn text<'a>(data: &'a Value, key: &str) -> &'a str {
    data[key].as_str().unwrap_or_default()
}
