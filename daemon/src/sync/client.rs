//! Asking Syncthing: its REST API, as far as we use it, each call with a deadline.
//!
//! Works from 1.19 to 2.x: what a version does not say is `None` or empty, and nobody asks for its number. Answers are
//! bounded and read into the few fields we need. Never follows a redirection and never takes a proxy's help, since the
//! key goes with every request.

use super::home::Found;
use super::secret::Secret;
use super::tls::Pinned;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;
use ureq::Agent;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector as _, TcpConnector};

/// An ordinary answer takes milliseconds; a busy index takes seconds.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How long the event stream may be silent before it says so.
const POLL_S: u64 = 60;
/// A scan waits behind a running pull, and that may bring a film.
const SCAN_MAX: Duration = Duration::from_secs(30 * 60);
/// An index of 200,000 files is listed in less.
const BODY_BYTES_MAX: u64 = 64 << 20;

/// What we follow. Numbers of events count per such list, so it must be the same in every request.
pub const EVENTS: &str = "FolderSummary,FolderPaused,FolderResumed,FolderWatchStateChanged,\
DeviceConnected,DeviceDisconnected,DevicePaused,DeviceResumed,ConfigSaved,\
LocalIndexUpdated,ItemFinished,LocalChangeDetected,RemoteChangeDetected";

/// Paths of what is asked about one folder.
pub const STATUS: &str = "/rest/db/status";
pub const COMPLETION: &str = "/rest/db/completion";
pub const FILE: &str = "/rest/db/file";

#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    url: String,
    key: Secret,
}

/// It did not answer as it should. Says what was asked and never the key.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("Syncthing does not answer at {url}")]
    Silent {
        url: String,
        #[source]
        cause: ureq::Error,
    },
    #[error("Syncthing at {url} refuses the key")]
    Refused { url: String },
    /// Such as 404 for a folder or file that it does not know.
    #[error("Syncthing answers {path} with {code}: {text}")]
    Code { path: &'static str, code: u16, text: String },
    #[error("Syncthing's answer to {path} is not understood")]
    Strange {
        path: &'static str,
        #[source]
        cause: serde_json::Error,
    },
}

impl AskError {
    /// Somebody answers, but not what was asked.
    pub fn is_riddle(&self) -> bool {
        matches!(self, Self::Code { .. } | Self::Strange { .. })
    }
}

type Asked<T> = Result<T, AskError>;

/// `GET /rest/system/status`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct System {
    #[serde(rename = "myID")]
    pub my_id: String,
    /// What `~` means in paths of folders.
    pub tilde: String,
    pub start_time: String,
}

/// Of `GET /rest/config/folders`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Folder {
    pub id: String,
    pub label: String,
    pub path: String,
    /// `sendreceive`, `sendonly`, `receiveonly`, `receiveencrypted`.
    #[serde(rename = "type")]
    pub kind: String,
    pub paused: bool,
    pub devices: Vec<Sharing>,
    pub fs_watcher_enabled: bool,
    pub fs_watcher_delay_s: f64,
    /// 0, and not said before 1.27.8: follows from the delay.
    pub fs_watcher_timeout_s: f64,
    /// How many copies of one file are kept; unlimited below zero.
    pub max_conflicts: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Sharing {
    #[serde(rename = "deviceID")]
    pub id: String,
}

/// Of `GET /rest/config/devices`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Device {
    #[serde(rename = "deviceID")]
    pub id: String,
    pub name: String,
}

/// Of `GET /rest/system/connections`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Connection {
    pub connected: bool,
    pub client_version: String,
    /// Of the connection that there is.
    pub started_at: Option<Timestamp>,
}

/// Of `GET /rest/stats/device`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Seen {
    pub last_seen: Option<Timestamp>,
}

/// `GET /rest/db/status`. An answer without a state is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FolderStatus {
    pub state: String,
    #[serde(default)]
    pub need_total_items: u64,
    #[serde(default)]
    pub errors: u64,
    #[serde(default)]
    pub error: String,
    /// Since when our own watcher does not work, in its words.
    #[serde(default)]
    pub watch_error: String,
}

/// `GET /rest/db/completion` of one device. An answer without a percentage is none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Completion {
    #[serde(rename = "completion")]
    pub percent: f64,
    #[serde(default)]
    pub need_items: u64,
    #[serde(default)]
    pub need_deletes: u64,
    /// `valid`, `paused`, `notSharing`, `unknown`; not said by 1.19.
    #[serde(default)]
    pub remote_state: Option<String>,
}

impl Completion {
    /// The device takes part, and has told of everything that it knows.
    pub fn is_complete(&self) -> bool {
        let is_willing = self.remote_state.as_deref().is_none_or(|state| state == "valid");
        is_willing && (self.percent >= 100.0 || self.need_items + self.need_deletes == 0)
    }
}

/// `GET /rest/db/file`. An answer without both versions is none.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct FileInfo {
    /// The newest that the cluster has, as far as known here.
    pub global: Version,
    /// The one that was last taken up here.
    pub local: Version,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Version {
    /// `7MOIFNS:1650288000`, for each device that ever changed it; sorted.
    #[serde(rename = "version", deserialize_with = "or_default")]
    pub vector: Vec<String>,
    pub modified: Option<Timestamp>,
    /// Short id of the device that changed it last.
    pub modified_by: String,
    pub deleted: bool,
    /// `.stignore` keeps it here: nobody carries it. `invalid`, which we do not ask for, is also said of what Syncthing
    /// carries all the same: where the disk and its index differ, or in a folder that only receives.
    pub ignored: bool,
    /// It lies here otherwise than was taken up, and will be looked at.
    pub must_rescan: bool,
    pub size: u64,
    /// Base64, from 1.23.3 on.
    pub blocks_hash: Option<String>,
    /// Of the contents before, from 2.0.10 on.
    pub previous_blocks_hash: Option<String>,
}

impl Version {
    /// It was never known here.
    pub fn is_none(&self) -> bool {
        self.vector.is_empty()
    }

    /// It is the other one or comes after it.
    pub fn includes(&self, other: &Self) -> bool {
        other.vector.iter().all(|theirs| {
            let reaches = |ours: &String| match (theirs.rsplit_once(':'), ours.rsplit_once(':')) {
                (Some((id, theirs)), Some((our_id, ours))) if id == our_id => {
                    matches!((theirs.parse::<u64>(), ours.parse::<u64>()), (Ok(theirs), Ok(ours)) if theirs <= ours)
                }
                _ => false,
            };
            self.vector.iter().any(|ours| ours == theirs || reaches(ours))
        })
    }

    /// Short ids of all devices that ever changed the file.
    pub fn editors(&self) -> impl Iterator<Item = &str> {
        let of_vector = self.vector.iter().filter_map(|counter| counter.split(':').next());
        of_vector.chain(Some(self.modified_by.as_str())).filter(|id| !id.is_empty())
    }
}

/// One of `GET /rest/events`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Event {
    pub id: u64,
    #[serde(rename = "type")]
    pub kind: String,
    pub data: serde_json::Value,
}

fn or_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl Client {
    pub fn new(found: Found) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(ANSWER_MAX))
            .build();
        let connector = ().chain(TcpConnector::default()).chain(Pinned::new(found.certificate));
        let agent = Agent::with_parts(config, connector, DefaultResolver::default());
        Self { agent, url: found.url, key: found.key }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &'static str,
        query: &[(&str, &str)],
        body: String,
        time_max: Duration,
    ) -> Asked<T> {
        let silent = |cause| AskError::Silent { url: self.url.clone(), cause };
        let mut url = format!("{}{path}", self.url);
        for (at, (name, value)) in query.iter().enumerate() {
            let _ = write!(url, "{}{name}={}", if at == 0 { '?' } else { '&' }, escaped(value));
        }
        let request = ureq::http::Request::builder().method(method).uri(url);
        let request =
            request.header("X-API-Key", self.key.expose()).body(body).map_err(|cause| silent(cause.into()))?;
        let request = self.agent.configure_request(request).timeout_global(Some(time_max)).build();
        let mut response = self.agent.run(request).map_err(silent)?;
        let code = response.status().as_u16();
        let body = response.body_mut().with_config().limit(BODY_BYTES_MAX).read_to_vec().map_err(silent)?;
        match code {
            200 if body.is_empty() => serde_json::from_slice(b"null"),
            200 => serde_json::from_slice(&body),
            401 | 403 => return Err(AskError::Refused { url: self.url.clone() }),
            _ => {
                // Of a page for people the first line will do.
                let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
                let text = text.trim().lines().next().unwrap_or_default().to_owned();
                return Err(AskError::Code { path, code, text });
            }
        }
        .map_err(|cause| AskError::Strange { path, cause })
    }

    fn get<T: DeserializeOwned>(&self, path: &'static str, query: &[(&str, &str)]) -> Asked<T> {
        self.ask("GET", path, query, String::new(), ANSWER_MAX)
    }

    pub fn system(&self) -> Asked<System> {
        self.get("/rest/system/status", &[])
    }

    /// Such as `v1.19.2`, for people.
    pub fn version(&self) -> Asked<String> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Version {
            version: String,
        }
        self.get("/rest/system/version", &[]).map(|answer: Version| answer.version)
    }

    pub fn folders(&self) -> Asked<Vec<Folder>> {
        self.get("/rest/config/folders", &[])
    }

    pub fn devices(&self) -> Asked<Vec<Device>> {
        self.get("/rest/config/devices", &[])
    }

    /// By device.
    pub fn connections(&self) -> Asked<BTreeMap<String, Connection>> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Connections {
            #[serde(deserialize_with = "or_default")]
            connections: BTreeMap<String, Connection>,
        }
        self.get("/rest/system/connections", &[]).map(|answer: Connections| answer.connections)
    }

    /// By device.
    pub fn last_seen(&self) -> Asked<BTreeMap<String, Seen>> {
        self.get("/rest/stats/device", &[])
    }

    pub fn status(&self, folder: &str) -> Asked<FolderStatus> {
        self.get(STATUS, &[("folder", folder)])
    }

    pub fn completion(&self, folder: &str, device: &str) -> Asked<Completion> {
        self.get(COMPLETION, &[("folder", folder), ("device", device)])
    }

    /// `None`: it does not know the file.
    pub fn file(&self, folder: &str, path: &str) -> Asked<Option<FileInfo>> {
        match self.get(FILE, &[("folder", folder), ("file", path)]) {
            Ok(info) => Ok(Some(info)),
            Err(AskError::Code { code: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The lines of its `.stignore`.
    pub fn ignores(&self, folder: &str) -> Asked<Vec<String>> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Ignores {
            #[serde(deserialize_with = "or_default")]
            ignore: Vec<String>,
        }
        self.get("/rest/db/ignores", &[("folder", folder)]).map(|answer: Ignores| answer.ignore)
    }

    /// Replaces the lines of its `.stignore`.
    pub fn set_ignores(&self, folder: &str, lines: &[String]) -> Asked<()> {
        let body = serde_json::json!({ "ignore": lines }).to_string();
        let query = [("folder", folder)];
        self.ask::<serde::de::IgnoredAny>("POST", "/rest/db/ignores", &query, body, ANSWER_MAX).map(drop)
    }

    /// Has it look at these paths now, and returns once it has.
    pub fn scan(&self, folder: &str, paths: &[&str]) -> Asked<()> {
        let mut query = vec![("folder", folder)];
        query.extend(paths.iter().map(|path| ("sub", *path)));
        self.ask::<serde::de::IgnoredAny>("POST", "/rest/db/scan", &query, String::new(), SCAN_MAX).map(drop)
    }

    /// The number of the latest event, from which on to follow.
    pub fn latest_event(&self) -> Asked<u64> {
        let query = [("events", EVENTS), ("limit", "1"), ("timeout", "1")];
        let events: Option<Vec<Event>> = self.get("/rest/events", &query)?;
        Ok(events.unwrap_or_default().last().map_or(0, |event| event.id))
    }

    /// The events after this number; none when there were none for a minute.
    pub fn events(&self, since: u64) -> Asked<Vec<Event>> {
        let (since, patience) = (since.to_string(), POLL_S.to_string());
        let query = [("events", EVENTS), ("since", since.as_str()), ("timeout", patience.as_str())];
        let time_max = Duration::from_secs(POLL_S) + ANSWER_MAX;
        let events: Option<Vec<Event>> = self.ask("GET", "/rest/events", &query, String::new(), time_max)?;
        Ok(events.unwrap_or_default())
    }
}

/// For a query, RFC 3986.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b',' => {
                out.push(char::from(byte));
            }
            _ => drop(write!(out, "%{byte:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests;
