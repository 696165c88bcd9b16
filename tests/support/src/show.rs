//! A share, a daemon on it, and a client to ask.

use crate::processes::{binary, kill_all_naming};
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How long anything may take before a test is called hung. Not a performance bound.
const HUNG: Duration = Duration::from_secs(120);

/// A temporary share with a daemon that can be started, killed and asked.
pub struct Show {
    dir: TempDir,
    daemon: Option<Child>,
    environment: Vec<(String, String)>,
    /// Run before the daemon, in user and mount namespaces of its own.
    setup: Option<String>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Show {
    /// An empty share with `episodes/`, short clocks and no daemon yet.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("show-").tempdir().expect("a temporary folder");
        let show = Self { dir, daemon: None, environment: Vec::new(), setup: None };
        fs::create_dir_all(show.share().join("episodes")).expect("the share is writable");
        show.configure("settle = \"200ms\"\nsettle_media = \"200ms\"\nquiet = \"600ms\"\n");
        show
    }

    /// The same with the repository's example share in it.
    pub fn with_example() -> Self {
        let show = Self::new();
        copy(&repository().join("docs/example-share"), &show.share());
        show
    }

    /// Writes the configuration: the share as `show`, and `more` as the settings for the built-in pipelines.
    pub fn configure(&self, more: &str) {
        let text = format!("{more}\n[share.show]\npath = {:?}\n", self.share());
        fs::write(self.config(), text).expect("the configuration is writable");
    }

    /// Writes the whole configuration.
    pub fn configure_whole(&self, text: &str) {
        fs::write(self.config(), text).expect("the configuration is writable");
    }

    pub fn share(&self) -> PathBuf {
        self.dir.path().join("share")
    }

    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("showd.sock")
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("showd.toml")
    }

    fn journal(&self) -> PathBuf {
        self.dir.path().join("showd.log")
    }

    /// What the daemon wrote to standard error, of all its runs.
    pub fn log(&self) -> String {
        fs::read_to_string(self.journal()).unwrap_or_default()
    }

    /// An environment variable for the next start.
    pub fn environment(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// A shell script for the next starts, run as root of namespaces in which disks can be mounted and limits set that
    /// nobody else notices and that are gone with the daemon. False, with a word on standard error: this machine does
    /// not let us.
    pub fn inside(&mut self, setup: &str) -> bool {
        let mut probe = Command::new("unshare");
        probe.args(["--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]);
        let can = run(probe);
        if can.code == 0 {
            self.setup = Some(setup.to_owned());
        } else {
            eprintln!("NOT SHOWN HERE: this machine gives us no namespace to mount a disk in: {}", can.err.trim());
        }
        can.code == 0
    }

    /// The next starts happen in the world as it is.
    pub fn outside(&mut self) {
        self.setup = None;
    }

    /// The command that starts the daemon on this share.
    pub fn command(&self) -> Command {
        let mut command = match &self.setup {
            None => Command::new(binary("showd")),
            Some(setup) => {
                let mut command = Command::new("unshare");
                command.args(["--user", "--map-root-user", "--mount", "sh", "-ec"]);
                command.arg(format!("{setup}\nexec \"$@\"")).arg("sh").arg(binary("showd"));
                command
            }
        };
        command.arg("--config").arg(self.config()).arg("--state").arg(self.state()).arg("--socket").arg(self.socket());
        command.envs(self.environment.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Starts the daemon and waits until it says that it is ready.
    ///
    /// # Panics
    /// With its log, when it ends or says nothing.
    pub fn start(&mut self) {
        self.start_as(self.command());
    }

    /// The same with another command line.
    ///
    /// # Panics
    /// As above.
    pub fn start_as(&mut self, mut command: Command) {
        assert!(self.daemon.is_none(), "the daemon is already running");
        let notify = self.dir.path().join("notify.sock");
        let _ = fs::remove_file(&notify);
        let ready = UnixDatagram::bind(&notify).expect("a notify socket");
        ready.set_read_timeout(Some(Duration::from_millis(200))).expect("a read timeout");
        let log = fs::OpenOptions::new().create(true).append(true).open(self.journal()).expect("a log file");
        command.env("NOTIFY_SOCKET", &notify).env_remove("JOURNAL_STREAM").process_group(0);
        command.stdout(log.try_clone().expect("a second handle")).stderr(log);
        let mut child = command.spawn().expect("showd starts");
        let begun = std::time::Instant::now();
        let mut message = [0; 4096];
        loop {
            if let Ok(length) = ready.recv(&mut message)
                && String::from_utf8_lossy(&message[..length]).lines().any(|line| line == "READY=1")
            {
                break;
            }
            if let Some(status) = child.try_wait().expect("our own child") {
                panic!("showd ended with {status} instead of getting ready:\n{}", self.log());
            }
            assert!(begun.elapsed() < HUNG, "showd is not ready:\n{}", self.log());
        }
        self.daemon = Some(child);
    }

    /// SIGKILL, as a power cut would.
    pub fn kill(&mut self) {
        let mut child = self.daemon.take().expect("the daemon is running");
        child.kill().expect("our own child");
        child.wait().expect("our own child");
    }

    /// Freezes the daemon, so that what happens meanwhile happens all at once for it.
    pub fn freeze(&self) {
        self.signal(nix::sys::signal::Signal::SIGSTOP);
    }

    pub fn thaw(&self) {
        self.signal(nix::sys::signal::Signal::SIGCONT);
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.pid().cast_signed());
        nix::sys::signal::kill(pid, signal).expect("our own child");
    }

    /// Waits until the daemon ends by itself.
    ///
    /// # Panics
    /// When it does not.
    pub fn ended(&mut self) -> i32 {
        let mut child = self.daemon.take().expect("the daemon is running");
        let pid = child.id();
        let (end, told) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn(move || {
            let code = child.wait().expect("our own child").code().unwrap_or(-1);
            let _ = end.send(code);
        });
        let code = told.recv_timeout(HUNG).unwrap_or_else(|_| {
            let _ = nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(pid.cast_signed()),
                nix::sys::signal::Signal::SIGKILL,
            );
            panic!("showd does not end:\n{}", self.log())
        });
        waiting.join().expect("it only waits");
        code
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(&mut self) -> i32 {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        let mut child = self.daemon.take().expect("the daemon is running");
        child.wait().expect("our own child").code().unwrap_or(-1)
    }

    /// True while the daemon has not ended.
    pub fn is_alive(&mut self) -> bool {
        self.daemon.as_mut().is_some_and(|child| child.try_wait().expect("our own child").is_none())
    }

    pub fn pid(&self) -> u32 {
        self.daemon.as_ref().expect("the daemon is running").id()
    }

    /// Runs `showctl` against this daemon.
    pub fn ctl<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Ran {
        let mut command = Command::new(binary("showctl"));
        command.args(args).env("SHOWD_SOCKET", self.socket()).env("NO_COLOR", "1").env("COLUMNS", "80");
        run(command)
    }

    /// Runs `showctl … --json` and reads what it says.
    ///
    /// # Panics
    /// When it fails or prints something else than JSON.
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        let ran = self.ctl(&[args, &["--json"]].concat());
        assert_eq!(ran.code, 0, "showctl {args:?} --json\n{}{}", ran.out, ran.err);
        serde_json::from_str(&ran.out).unwrap_or_else(|cause| panic!("showctl {args:?}: {cause}\n{}", ran.out))
    }

    /// Waits until nothing is waiting, running, unsettled or unpublished.
    ///
    /// # Panics
    /// With status and log, when that does not come.
    pub fn idle(&self) {
        let ran = self.ctl(&["wait", "--idle", "--timeout", &format!("{}s", HUNG.as_secs())]);
        let status = || self.ctl(&["status"]).out + &self.ctl(&["jobs"]).out + &self.log();
        assert!(ran.code <= 1, "not idle: {}{}\n{}", ran.out, ran.err, status());
    }

    /// Waits until an event of the log, from its beginning, holds all of `words`.
    ///
    /// # Panics
    /// When the log ends without it, or it does not come.
    pub fn seen(&self, words: &[&str]) -> serde_json::Value {
        self.seen_from(1, words)
    }

    /// The same, from this number on.
    ///
    /// # Panics
    /// As above.
    pub fn seen_from(&self, from: u64, words: &[&str]) -> serde_json::Value {
        self.event(from, &format!("with {words:?}"), |line, _| words.iter().all(|word| line.contains(word)))
    }

    /// Waits for the first event from this number on that is `wanted`, given its line of JSON and what it reads.
    ///
    /// # Panics
    /// As above, with `what` it should have been.
    pub fn event(&self, from: u64, what: &str, wanted: impl Fn(&str, &serde_json::Value) -> bool) -> serde_json::Value {
        use std::io::BufRead;
        let mut command = Command::new("timeout");
        command.arg(HUNG.as_secs().to_string()).arg(binary("showctl"));
        command.args(["follow", "--json", "--from", &from.to_string()]);
        command.env("SHOWD_SOCKET", self.socket()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("showctl starts");
        let lines = std::io::BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let found = lines.map_while(Result::ok).find_map(|line| {
            let event = serde_json::from_str(&line).expect("an event is a line of JSON");
            wanted(&line, &event).then_some(event)
        });
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(child.id().cast_signed()),
            nix::sys::signal::Signal::SIGTERM,
        );
        let _ = child.wait();
        found.unwrap_or_else(|| panic!("no event from {from} on {what}\n{}", self.log()))
    }

    /// Does something to the share and waits until a build begins because of it: asked at once, the daemon may be idle
    /// because the kernel has not told it yet.
    ///
    /// # Panics
    /// When none does.
    pub fn noticed(&self, change: impl FnOnce()) {
        let from = self.next_event();
        change();
        self.seen_from(from, &["build.new"]);
    }

    /// The number that the next event will have.
    pub fn next_event(&self) -> u64 {
        self.json(&["status"])["seq"].as_u64().expect("a number")
    }

    /// Writes a file of the share, as a person's editor would: in place.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.share().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the share is writable");
        fs::write(path, text).expect("the share is writable");
    }

    /// Reads a text file of the share.
    ///
    /// # Panics
    /// When it is not there.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.share().join(path)).unwrap_or_else(|cause| panic!("{path}: {cause}\n{}", self.log()))
    }

    pub fn exists(&self, path: &str) -> bool {
        self.share().join(path).exists()
    }

    /// Every file of the share with its bytes and time, to show that nothing was touched.
    pub fn picture(&self) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
        let mut all = Vec::new();
        walk(&self.share(), &mut |path| {
            let time = fs::metadata(path).and_then(|meta| meta.modified()).expect("a file has a time");
            all.push((path.to_path_buf(), fs::read(path).expect("a file can be read"), time));
        });
        all.sort();
        all
    }
}

impl Default for Show {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- showd's log ---\n{}", self.log());
        }
        if let Some(mut child) = self.daemon.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        kill_all_naming(self.dir.path());
    }
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started.
pub fn run(mut command: Command) -> Ran {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|cause| panic!("{command:?}: {cause}"));
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The top of the repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}

/// Copies a tree of plain files and folders.
pub fn copy(from: &Path, to: &Path) {
    walk(from, &mut |path| {
        let target = to.join(path.strip_prefix(from).expect("below the folder that was walked"));
        fs::create_dir_all(target.parent().expect("a file has a folder")).expect("the target is writable");
        fs::copy(path, target).expect("a file can be copied");
    });
}

fn walk(dir: &Path, seen: &mut dyn FnMut(&Path)) {
    let entries = fs::read_dir(dir).unwrap_or_else(|cause| panic!("{}: {cause}", dir.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, seen),
            Ok(kind) if kind.is_file() => seen(&path),
            _ => {}
        }
    }
}
