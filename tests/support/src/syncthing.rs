//! Real Syncthing nodes on loopback: as many as a test wants, paired, sharing one folder, and nothing else in the world.
//!
//! No discovery, relay, upgrade or report: a node knows only the others of its cluster. A link between two of them can
//! be cut and mended, a node stopped, killed, frozen and started again. [`Cluster::of`] comes first. Syncthing tells
//! nobody outside when it is done, so its API is asked again and again; every wait has an end.

use crate::processes::kill_all_naming;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The folder that all nodes of a cluster share.
pub const FOLDER: &str = "show";
/// How long anything may take before a test is called hung. Not a performance bound.
const HUNG: Duration = Duration::from_secs(120);
/// Between two looks at the same thing.
const LOOK: Duration = Duration::from_millis(25);

/// What a cluster is made with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The program: `$SYNCTHING`, or `syncthing` of the path.
    pub program: PathBuf,
    /// Whole seconds: 1.19 takes nothing else.
    pub watcher_delay_s: u32,
    /// The API speaks https, with a certificate that each node made for itself.
    pub is_tls: bool,
    /// More elements of `<folder>`, such as `<order>random</order>`.
    pub folder_more: String,
}

impl Default for Setup {
    fn default() -> Self {
        let program = std::env::var_os("SYNCTHING").map_or_else(|| PathBuf::from("syncthing"), PathBuf::from);
        Self { program, watcher_delay_s: 1, is_tls: false, folder_more: String::new() }
    }
}

/// Nodes that share [`FOLDER`], each with all others.
pub struct Cluster {
    dir: TempDir,
    pub nodes: Vec<Node>,
}

/// One Syncthing with its own home, its own copy of the folder, and an API.
pub struct Node {
    pub name: String,
    program: PathBuf,
    /// `config.xml`, keys and index.
    home: PathBuf,
    /// The shared folder.
    folder: PathBuf,
    id: String,
    key: String,
    api_port: u16,
    sync_port: u16,
    is_tls: bool,
    process: Option<Child>,
    agent: ureq::Agent,
}

impl Cluster {
    /// A running, connected cluster of nodes by these names with defaults. `None`, with a word on standard error: this
    /// machine has no Syncthing.
    pub fn of(names: &[&str]) -> Option<Self> {
        Self::with(names, &Setup::default())
    }

    /// The same, made otherwise.
    ///
    /// # Panics
    /// When the nodes do not start or do not find each other.
    pub fn with(names: &[&str], setup: &Setup) -> Option<Self> {
        let mut cluster = Self::made(names, setup)?;
        for node in &mut cluster.nodes {
            node.start();
        }
        cluster.wait_connected();
        cluster.wait_in_sync();
        Some(cluster)
    }

    /// The same, with no node started yet.
    ///
    /// # Panics
    /// When no home can be made.
    pub fn made(names: &[&str], setup: &Setup) -> Option<Self> {
        let version = Command::new(&setup.program).arg("--version").stdin(Stdio::null()).output();
        if let Err(cause) = version {
            eprintln!("NOT SHOWN HERE: {} does not start: {cause}", setup.program.display());
            return None;
        }
        let dir = tempfile::Builder::new().prefix("syncthing-").tempdir().expect("a temporary folder");
        let nodes: Vec<Node> = names.iter().map(|name| Node::made(dir.path(), name, setup)).collect();
        for node in &nodes {
            node.configure(&nodes, setup);
        }
        Some(Self { dir, nodes })
    }

    /// Where everything of the cluster lies.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// # Panics
    /// When there is no such node.
    pub fn node(&self, name: &str) -> &Node {
        self.nodes.iter().find(|node| node.name == name).unwrap_or_else(|| panic!("no node is called {name}"))
    }

    /// # Panics
    /// When there is no such node.
    pub fn node_mut(&mut self, name: &str) -> &mut Node {
        self.nodes.iter_mut().find(|node| node.name == name).unwrap_or_else(|| panic!("no node is called {name}"))
    }

    fn running(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.process.is_some())
    }

    /// Cuts the link between two nodes, and returns once both have noticed.
    pub fn cut(&self, one: &str, other: &str) {
        let (one, other) = (self.node(one), self.node(other));
        one.post(&format!("/rest/system/pause?device={}", other.id));
        until("the link is cut", || !one.is_connected(other) && !other.is_connected(one));
    }

    /// Mends it, and returns once both are connected.
    pub fn mend(&self, one: &str, other: &str) {
        let (one, other) = (self.node(one), self.node(other));
        one.post(&format!("/rest/system/resume?device={}", other.id));
        until("the link is mended", || one.is_connected(other) && other.is_connected(one));
    }

    /// Cuts a node off from all others.
    pub fn isolate(&self, name: &str) {
        self.running().filter(|node| node.name != name).for_each(|node| self.cut(name, &node.name));
    }

    /// And lets it back in.
    pub fn rejoin(&self, name: &str) {
        self.running().filter(|node| node.name != name).for_each(|node| self.mend(name, &node.name));
    }

    /// Waits until every running node is connected with every other.
    ///
    /// # Panics
    /// When that does not come.
    pub fn wait_connected(&self) {
        until("all nodes are connected", || {
            self.running().all(|one| self.running().all(|other| one.name == other.name || one.is_connected(other)))
        });
    }

    /// True: every running node is idle and needs nothing, and knows that no other needs anything it has. What was
    /// written and not scanned yet is not part of it; see [`Self::settle`].
    pub fn in_sync(&self) -> bool {
        self.running().all(|node| {
            let status = node.status();
            status["state"] == "idle"
                && status["needTotalItems"] == 0
                && self.running().filter(|other| other.name != node.name).all(|other| {
                    let about = node.get(&format!("/rest/db/completion?folder={FOLDER}&device={}", other.id));
                    about["needItems"] == 0 && about["needDeletes"] == 0 && about["completion"] == 100
                })
        })
    }

    /// # Panics
    /// When the nodes do not come to agree.
    pub fn wait_in_sync(&self) {
        until("all nodes are in sync", || self.in_sync());
    }

    /// Has every node look at its whole folder, and waits until all agree and nobody finds anything new.
    ///
    /// # Panics
    /// When the nodes do not come to agree, with what each of them holds.
    pub fn settle(&self) {
        let begun = Instant::now();
        loop {
            let before: Vec<Value> = self.running().map(|node| node.status()["sequence"].clone()).collect();
            self.running().for_each(Node::scan_all);
            self.wait_in_sync();
            let after: Vec<Value> = self.running().map(|node| node.status()["sequence"].clone()).collect();
            let pictures: Vec<_> = self.running().map(Node::picture).collect();
            if before == after && pictures.windows(2).all(|two| two[0] == two[1]) {
                return;
            }
            assert!(begun.elapsed() < HUNG, "the nodes do not agree:\n{}", self.differences(&pictures));
        }
    }

    /// What nodes hold otherwise than others, and what their indexes say of it.
    fn differences(&self, pictures: &[BTreeMap<String, blake3::Hash>]) -> String {
        let mut text = String::new();
        let paths: BTreeSet<&String> = pictures.iter().flat_map(BTreeMap::keys).collect();
        for path in paths {
            if pictures.windows(2).all(|two| two[0].get(path) == two[1].get(path)) {
                continue;
            }
            for (node, picture) in self.running().zip(pictures) {
                let meta = fs::metadata(node.folder.join(path)).ok();
                let look = meta.map(|meta| (meta.len(), meta.mtime(), meta.mtime_nsec()));
                let index = node.file(path).map(|file| file["local"].clone());
                let _ = writeln!(text, "{} {path}: {:?} {look:?} index {index:?}", node.name, picture.get(path));
            }
        }
        text
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for node in &self.nodes {
                let log = node.log();
                let tail = log.lines().rev().take(30).collect::<Vec<_>>();
                eprintln!("--- end of the log of {} ---", node.name);
                tail.iter().rev().for_each(|line| eprintln!("{line}"));
            }
        }
        for node in &mut self.nodes {
            node.kill();
        }
        kill_all_naming(self.dir.path());
    }
}

impl Node {
    fn made(root: &Path, name: &str, setup: &Setup) -> Self {
        let (home, folder) = (root.join(name).join("home"), root.join(name).join(FOLDER));
        fs::create_dir_all(&home).expect("a temporary folder is writable");
        fs::create_dir_all(folder.join(".stfolder")).expect("a temporary folder is writable");
        let mut command = Self::command(&setup.program, root);
        command.args(["generate", "--no-default-folder", "--skip-port-probing", "--home"]).arg(&home);
        let made = command.output().expect("syncthing starts");
        let config = fs::read_to_string(home.join("config.xml")).unwrap_or_default();
        let id = config.split("<device id=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        assert!(!id.is_empty(), "no home was made: {}", String::from_utf8_lossy(&made.stderr));
        let agent =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(HUNG)).proxy(None).build();
        Self {
            name: name.to_owned(),
            program: setup.program.clone(),
            id: id.to_owned(),
            key: format!("key-of-{name}-0123456789abcdef"),
            home,
            folder,
            api_port: free_port(),
            sync_port: free_port(),
            is_tls: setup.is_tls,
            process: None,
            agent: agent.into(),
        }
    }

    fn command(program: &Path, root: &Path) -> Command {
        let mut command = Command::new(program);
        // Without its monitor, a kill hits the real process.
        command.env("STMONITORED", "yes").env("STNOUPGRADE", "1").env("STNORESTART", "1").env("STNODEFAULTFOLDER", "1");
        command.env("HOME", root).env_remove("STHOMEDIR").env_remove("STCONFDIR").stdin(Stdio::null());
        command
    }

    /// The whole configuration: this node among these.
    fn configure(&self, nodes: &[Self], setup: &Setup) {
        let mut text = String::from("<configuration version=\"35\">\n");
        let delay = setup.watcher_delay_s;
        let _ = write!(
            text,
            "<folder id=\"{FOLDER}\" label=\"Show\" path=\"{}\" type=\"sendreceive\" rescanIntervalS=\"3600\" \
             fsWatcherEnabled=\"true\" fsWatcherDelayS=\"{delay}\">\n<maxConflicts>-1</maxConflicts>\n{}\n",
            self.folder.display(),
            setup.folder_more
        );
        for node in nodes {
            let _ = writeln!(text, "<device id=\"{}\"></device>", node.id);
        }
        text.push_str("</folder>\n");
        for node in nodes {
            let address = format!("tcp://127.0.0.1:{}", node.sync_port);
            let _ = writeln!(
                text,
                "<device id=\"{}\" name=\"{}\"><address>{address}</address></device>",
                node.id, node.name
            );
        }
        let _ = writeln!(
            text,
            "<gui enabled=\"true\" tls=\"{}\"><address>127.0.0.1:{}</address><apikey>{}</apikey></gui>",
            self.is_tls, self.api_port, self.key
        );
        text.push_str("<options>\n");
        let _ = writeln!(text, "<listenAddress>tcp://127.0.0.1:{}</listenAddress>", self.sync_port);
        for (name, value) in OPTIONS {
            let _ = writeln!(text, "<{name}>{value}</{name}>");
        }
        text.push_str("</options>\n</configuration>\n");
        fs::write(self.home.join("config.xml"), text).expect("the home is writable");
    }

    /// Starts it and waits until its API answers.
    ///
    /// # Panics
    /// With its log, when it ends or says nothing.
    pub fn start(&mut self) {
        assert!(self.process.is_none(), "{} is already running", self.name);
        let root = self.home.parent().expect("a home lies in a node's place");
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_file()).expect("a log file");
        let mut command = Self::command(&self.program, root);
        command.args(["serve", "--no-browser", "--no-restart", "--home"]).arg(&self.home).process_group(0);
        command.stdout(log.try_clone().expect("a second handle")).stderr(log);
        let mut process = command.spawn().expect("syncthing starts");
        let begun = Instant::now();
        while !self.answers() {
            if let Some(status) = process.try_wait().expect("our own child") {
                panic!("{} ended with {status}:\n{}", self.name, self.log());
            }
            assert!(begun.elapsed() < HUNG, "{} does not answer:\n{}", self.name, self.log());
            std::thread::sleep(LOOK);
        }
        self.process = Some(process);
    }

    /// True once the API says who it is; over https its port is enough, since nobody here trusts its certificate.
    fn answers(&self) -> bool {
        if self.is_tls {
            return std::net::TcpStream::connect(("127.0.0.1", self.api_port)).is_ok();
        }
        self.call("GET", "/rest/system/ping", None).is_ok_and(|(code, _)| code == 200)
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&mut self) {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        if let Some(mut process) = self.process.take() {
            process.wait().expect("our own child");
        }
    }

    /// SIGKILL, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Freezes it: it is there and does not answer.
    pub fn freeze(&self) {
        self.signal(nix::sys::signal::Signal::SIGSTOP);
    }

    pub fn thaw(&self) {
        self.signal(nix::sys::signal::Signal::SIGCONT);
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        let Some(process) = &self.process else { return };
        let pid = nix::unistd::Pid::from_raw(process.id().cast_signed());
        nix::sys::signal::kill(pid, signal).expect("our own child");
    }

    pub fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// The shared folder of this node.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where `config.xml` lies.
    pub fn home(&self) -> &Path {
        &self.home
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// Address of the API.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.is_tls { "https" } else { "http" }, self.api_port)
    }

    fn log_file(&self) -> PathBuf {
        self.home.with_file_name("log")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value), ureq::Error> {
        let url = format!("{}{path}", self.url());
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = ureq::http::Request::builder().method(method).uri(url).header("X-API-Key", &self.key);
        let request = request.header("Content-Type", "application/json").body(body).expect("a request is well formed");
        let mut response = self.agent.run(request)?;
        let text = response.body_mut().read_to_string()?;
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok((response.status().as_u16(), value))
    }

    /// # Panics
    /// When the API does not answer with 200.
    pub fn get(&self, path: &str) -> Value {
        self.must("GET", path, None)
    }

    /// # Panics
    /// As above.
    pub fn post(&self, path: &str) -> Value {
        self.must("POST", path, None)
    }

    /// # Panics
    /// As above.
    pub fn patch(&self, path: &str, body: &Value) -> Value {
        self.must("PATCH", path, Some(body))
    }

    fn must(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (code, value) = self
            .call(method, path, body)
            .unwrap_or_else(|cause| panic!("{}: {method} {path}: {cause}\n{}", self.name, self.log()));
        assert_eq!(code, 200, "{}: {method} {path}: {value}", self.name);
        value
    }

    /// What its index says of a file, if it knows it.
    pub fn file(&self, path: &str) -> Option<Value> {
        let path = format!("/rest/db/file?folder={FOLDER}&file={}", escaped(path));
        self.call("GET", &path, None).ok().filter(|(code, _)| *code == 200).map(|(_, value)| value)
    }

    pub fn status(&self) -> Value {
        self.get(&format!("/rest/db/status?folder={FOLDER}"))
    }

    pub fn is_connected(&self, other: &Self) -> bool {
        self.get("/rest/system/connections")["connections"][&other.id]["connected"] == true
    }

    /// Has it look at one path, and returns once it has.
    pub fn scan(&self, path: &str) {
        self.post(&format!("/rest/db/scan?folder={FOLDER}&sub={}", escaped(path)));
    }

    pub fn scan_all(&self) {
        self.post(&format!("/rest/db/scan?folder={FOLDER}"));
    }

    /// Changes the folder's configuration, such as `{"paused": true}`.
    pub fn change_folder(&self, change: &Value) {
        self.patch(&format!("/rest/config/folders/{FOLDER}"), change);
    }

    pub fn pause_folder(&self, is_paused: bool) {
        self.change_folder(&json!({ "paused": is_paused }));
    }

    /// Writes a file of the folder as a person's editor would, in place, and has it announced at once.
    ///
    /// # Panics
    /// When the folder is not writable.
    pub fn save(&self, path: &str, text: impl AsRef<[u8]>) {
        let file = self.folder.join(path);
        fs::create_dir_all(file.parent().expect("a file has a folder")).expect("the folder is writable");
        fs::write(file, text).expect("the folder is writable");
        self.scan(path);
    }

    /// Waits until a file of the folder holds this.
    ///
    /// # Panics
    /// When that does not come.
    pub fn wait_for(&self, path: &str, text: impl AsRef<[u8]>) {
        let file = self.folder.join(path);
        until(&format!("{path} arrives at {}", self.name), || {
            fs::read(&file).is_ok_and(|bytes| bytes == text.as_ref())
        });
    }

    /// Paths of conflict copies in the folder.
    pub fn conflicts(&self) -> Vec<String> {
        self.picture().into_keys().filter(|path| path.contains(".sync-conflict-")).collect()
    }

    /// Every file of the folder with the digest of its bytes, without what belongs to Syncthing.
    pub fn picture(&self) -> BTreeMap<String, blake3::Hash> {
        let mut all = BTreeMap::new();
        picture(&self.folder, "", &mut all);
        all
    }
}

fn picture(dir: &Path, below: &str, all: &mut BTreeMap<String, blake3::Hash>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_syncthings =
            name.starts_with(".syncthing.") || [".stfolder", ".stversions", ".stignore"].contains(&&*name);
        if is_syncthings {
            continue;
        }
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => picture(&entry.path(), &path, all),
            // Gone since the listing: a pull removes before it renames.
            Ok(_) => drop(fs::read(entry.path()).map(|bytes| all.insert(path, blake3::hash(&bytes)))),
            Err(_) => {}
        }
    }
}

/// Waits for something that tells nobody when it happens.
///
/// # Panics
/// When it does not happen.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < HUNG, "waited in vain: {what}");
        std::thread::sleep(LOOK);
    }
}

fn escaped(path: &str) -> String {
    path.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(char::from(byte)),
            _ => drop(write!(out, "%{byte:02X}")),
        }
        out
    })
}

/// A port that nobody had a moment ago.
fn free_port() -> u16 {
    let socket = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    socket.local_addr().expect("it is bound").port()
}

/// A node that talks to nobody but those it is told of, and to them often.
const OPTIONS: [(&str, &str); 15] = [
    ("announceLANAddresses", "false"),
    ("autoUpgradeIntervalH", "0"),
    ("crashReportingEnabled", "false"),
    ("globalAnnounceEnabled", "false"),
    ("localAnnounceEnabled", "false"),
    ("natEnabled", "false"),
    ("progressUpdateIntervalS", "1"),
    ("reconnectionIntervalS", "1"),
    ("relaysEnabled", "false"),
    ("sendFullIndexOnUpgrade", "false"),
    ("setLowPriority", "false"),
    ("startBrowser", "false"),
    ("stunKeepaliveStartS", "0"),
    ("urAccepted", "-1"),
    ("urSeen", "3"),
];
