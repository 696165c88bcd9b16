//! Real Syncthing nodes: what showd learns from one, and that the rig of these tests is what it says.

mod account;
mod away;
mod chaos;
mod count;
mod deletions;
mod events;
mod naive;
mod outputs;
mod person;
mod plays;
mod renames;
mod text;
mod witness;

use serde_json::json;
use show_core::{Disquiet, FilePath, ShareId};
use show_tests::Show;
use show_tests::syncthing::{Cluster, Node, Setup, until};
use showd::board::Board;
use showd::clock::Clock;
use showd::config::{Away, Syncthing};
use showd::sync::{self, AddIgnoresError, AddedIgnores, Hint, Lies, Root};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard};
use tempfile::TempDir;

const NOTE: &str = "episodes/0900/rundown/10 Cold Open.md";

#[test]
fn two_nodes_carry_a_save_a_conflict_and_a_restart() {
    let Some(mut cluster) = Cluster::of(&["a", "b"]) else { return };
    cluster.node("a").save(NOTE, "one\n");
    cluster.node("b").wait_for(NOTE, "one\n");
    cluster.wait_in_sync();
    assert_eq!(cluster.node("b").file(NOTE).expect("it is known")["local"]["size"], 4);
    assert!(cluster.node("b").file("nothing.md").is_none());

    cluster.cut("a", "b");
    cluster.node("a").save(NOTE, "of a\n");
    // The later time wins; of two equal ones, which the kernel's clock gives within a tick, some device does.
    let written = |node: &Node, path: &str| {
        std::fs::metadata(node.folder().join(path)).and_then(|meta| meta.modified()).expect("it is there")
    };
    let saved = written(cluster.node("a"), NOTE);
    until("the clock has gone on", || {
        std::fs::write(cluster.node("b").home().join("tick"), "").expect("writable");
        std::fs::metadata(cluster.node("b").home().join("tick")).and_then(|meta| meta.modified()).expect("there")
            > saved
    });
    cluster.node("b").save(NOTE, "of b, later\n");
    cluster.mend("a", "b");
    cluster.settle();
    assert_eq!(cluster.node("a").conflicts().len(), 1);
    assert_eq!(cluster.node("a").conflicts(), cluster.node("b").conflicts());
    cluster.node("a").wait_for(NOTE, "of b, later\n");

    cluster.node_mut("b").kill();
    cluster.node("a").save(NOTE, "while b is away\n");
    cluster.node_mut("b").start();
    cluster.wait_connected();
    cluster.node("b").wait_for(NOTE, "while b is away\n");
    cluster.node("b").change_folder(&json!({ "fsWatcherEnabled": false }));
    cluster.settle();
}

/// The room that asks Syncthing, on the folder of one node.
struct Asker {
    sync: sync::Handle,
    board: Board,
    hints: Mutex<Receiver<Hint>>,
    /// Held by a test: whoever gives a hint waits.
    gate: Arc<Mutex<()>>,
    folder: std::path::PathBuf,
    state: TempDir,
}

impl Asker {
    /// One that takes what came from elsewhere for quiet at once.
    fn of(node: &Node, away: Away) -> Self {
        Self::told(node, away, Some(0), found_at(node))
    }

    fn told(node: &Node, away: Away, remote_quiet_ms: Option<u64>, told: Syncthing) -> Self {
        let (sender, hints) = mpsc::channel();
        let sender = Mutex::new(sender);
        let gate = Arc::new(Mutex::new(()));
        let (board, state) = (Board::default(), tempfile::tempdir().expect("a temporary folder"));
        let needs = sync::Needs {
            told,
            roots: [(ShareId(0), Root { path: node.folder().to_path_buf(), away, remote_quiet_ms })].into(),
            state: state.path().to_path_buf(),
            board: board.clone(),
            clock: Arc::new(Clock::new()),
            hints: {
                let gate = Arc::clone(&gate);
                Arc::new(move |hint| {
                    drop(gate.lock().expect("nobody panics"));
                    drop(sender.lock().expect("nobody panics").send(hint));
                })
            },
        };
        let folder = node.folder().to_path_buf();
        Self { sync: sync::start(needs), board, hints: Mutex::new(hints), gate, folder, state }
    }

    fn up(self) -> Self {
        until("Syncthing was found", || self.sync.is_up());
        self
    }

    fn look(&self, path: &str) -> Vec<Disquiet> {
        self.about(path, |lies| self.sync.look(lies))
    }

    fn edited_by(&self, path: &str) -> Option<String> {
        self.about(path, |lies| self.sync.edited_by(lies))
    }

    fn about<T>(&self, path: &str, ask: impl FnOnce(&Lies<'_>) -> T) -> T {
        let meta = std::fs::metadata(self.folder.join(path)).expect("the file is there");
        let bytes = std::fs::read(self.folder.join(path)).expect("the file is there");
        let mtime_ns = meta.mtime() * 1_000_000_000 + meta.mtime_nsec();
        let ctime_ns = meta.ctime() * 1_000_000_000 + meta.ctime_nsec();
        ask(&Lies { file: &file(path), size: meta.len(), mtime_ns, ctime_ns, bytes: Some(&bytes) })
    }

    fn says(&self, part: &str) -> bool {
        self.board.notices().iter().any(|notice| notice.text.contains(part))
    }

    /// From the next hint on nothing of Syncthing's is listened to, until this is dropped.
    fn stall(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().expect("nobody panics")
    }

    fn wait_for_hint(&self, path: &str) {
        self.wait_for(&Hint::Look(file(path)));
    }

    fn wait_for_scan(&self) {
        self.wait_for(&Hint::Scan(ShareId(0)));
    }

    fn wait_for(&self, wanted: &Hint) {
        let hints = self.hints.lock().expect("nobody panics");
        while hints.recv_timeout(std::time::Duration::from_secs(120)).expect("a hint") != *wanted {}
    }
}

fn found_at(node: &Node) -> Syncthing {
    Syncthing { home: Some(node.home().to_path_buf()), ..Syncthing::default() }
}

fn file(path: &str) -> FilePath {
    FilePath { share: ShareId(0), path: path.into() }
}

#[test]
fn a_note_is_quiet_once_the_index_holds_what_lies_here_and_nothing_newer() {
    let Some(cluster) = Cluster::of(&["a", "b"]) else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    a.change_folder(&json!({ "fsWatcherEnabled": false }));
    b.save(NOTE, "from b\n");
    a.wait_for(NOTE, "from b\n");
    cluster.wait_in_sync();
    let asker = Asker::of(a, Away::Strict).up();
    until("the note is quiet", || asker.look(NOTE).is_empty());
    assert_eq!(asker.edited_by(NOTE).as_deref(), Some("b"));
    assert!(asker.says("does not watch for changes"), "{:?}", asker.board.notices());

    std::fs::write(a.folder().join(NOTE), "somebody types here\n").expect("the folder is writable");
    assert_eq!(asker.look(NOTE), [Disquiet::NotIndexed]);
    asker.sync.announce(file(NOTE));
    b.wait_for(NOTE, "somebody types here\n");
    cluster.wait_in_sync();
    assert_eq!(asker.look(NOTE), []);
    assert_eq!(asker.edited_by(NOTE), None, "it was us");

    // What a folder that only sends learns of never gets on its disk.
    a.change_folder(&json!({ "type": "sendonly" }));
    until("it is said", || asker.says("only sends"));
    b.save(NOTE, "newer, on b\n");
    let elsewhere = Disquiet::NewerElsewhere { by: "b".into() };
    until("the newer version is known", || asker.look(NOTE).contains(&elsewhere));
}

#[test]
fn what_came_from_another_device_is_left_alone_as_long_as_the_watcher_there_may_be_silent() {
    let Some(cluster) = Cluster::of(&["a", "b"]) else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    b.save(NOTE, "from b\n");
    a.wait_for(NOTE, "from b\n");
    cluster.wait_in_sync();
    let asker = Asker::told(a, Away::Bold, None, found_at(a)).up();
    // By b, and until when in milliseconds after the note came.
    let window = || match &asker.look(NOTE)[..] {
        [Disquiet::ChangedElsewhere { by, until }] if by == "b" => {
            let meta = std::fs::metadata(a.folder().join(NOTE)).expect("it is there");
            Some(until.0 - meta.ctime() * 1_000 - meta.ctime_nsec() / 1_000_000)
        }
        _ => None,
    };
    until("the index holds it", || window().is_some());
    assert_eq!(window(), Some(22_500), "a watcher's delay of one second");
    a.change_folder(&json!({ "fsWatcherDelayS": 10 }));
    until("the longer delay is known", || window() == Some(90_000));

    a.save(NOTE, "from b, and from a\n");
    cluster.wait_in_sync();
    assert!(window().is_some_and(|ms| (80_000..90_000).contains(&ms)), "somebody here went on with it: {:?}", window());
    b.save(NOTE, "from b, from a, and from b\n");
    a.wait_for(NOTE, "from b, from a, and from b\n");
    cluster.wait_in_sync();
    until("the index holds it", || window() == Some(90_000));
}

#[test]
fn a_device_that_edited_here_and_went_away_is_waited_for_as_the_share_says() {
    let Some(cluster) = Cluster::of(&["a", "b", "c"]) else { return };
    cluster.node("b").save(NOTE, "from b\n");
    cluster.node("a").wait_for(NOTE, "from b\n");
    cluster.wait_in_sync();
    let a = cluster.node("a");
    let strict = Asker::of(a, Away::Strict).up();
    let bold = Asker::of(a, Away::Bold).up();
    let (grace, over) = (Asker::of(a, Away::Grace { days: 1 }).up(), Asker::of(a, Away::Grace { days: 0 }).up());
    cluster.cut("a", "c");
    assert_eq!(strict.look(NOTE), [], "c never edited");
    cluster.cut("a", "b");
    let b_is_away = [Disquiet::EditorsAway { devices: vec!["b".into()] }];
    until("it is noticed", || strict.look(NOTE) == b_is_away && grace.look(NOTE) == b_is_away);
    assert_eq!(bold.look(NOTE), []);
    until("its time is over", || over.look(NOTE).is_empty());
    let remembered = std::fs::read_dir(strict.state.path().join("syncthing")).expect("it is remembered").count();
    assert_eq!(remembered, 1);
    cluster.mend("a", "b");
    until("it is back", || strict.look(NOTE).is_empty());
}

#[test]
fn lines_for_stignore_are_added_when_a_person_asks_and_every_line_that_is_there_stays() {
    let Some(cluster) = Cluster::of(&["a", "b"]) else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let stignore = a.folder().join(".stignore");
    std::fs::write(&stignore, "// ours\n/private\n*.part\n").expect("the folder is writable");
    let asker = Asker::of(a, Away::Bold).up();
    until("they are offered", || asker.says("belong to one machine only"));
    let added = asker.sync.add_ignores(ShareId(0)).expect("Syncthing takes them");
    let [AddedIgnores { folder, lines }] = &added[..] else { panic!("{added:?}") };
    assert_eq!((folder.as_str(), lines.len()), ("Show", 7));
    let text = std::fs::read_to_string(&stignore).expect("it is there");
    assert_eq!(text, format!("// ours\n/private\n*.part\n{}\n", lines.join("\n")));
    b.save(NOTE, "something happens\n");
    until("the offer is taken back", || !asker.says("belong to one machine only"));
    assert_eq!(asker.sync.add_ignores(ShareId(0)).expect("it answers")[0].lines, <[String; 0]>::default());
    assert!(matches!(asker.sync.add_ignores(ShareId(7)), Err(AddIgnoresError::NotCarried)));
}

#[test]
fn what_arrives_is_hinted_at_and_a_silence_is_said_until_it_ends() {
    let Some(mut cluster) = Cluster::of(&["a", "b"]) else { return };
    let asker = Asker::of(cluster.node("a"), Away::Bold).up();
    cluster.node("b").save(NOTE, "from b\n");
    asker.wait_for_hint(NOTE);
    until("it is quiet", || asker.look(NOTE).is_empty());

    cluster.node_mut("a").kill();
    until("its absence is said", || asker.says("does not answer"));
    assert_eq!(asker.look(NOTE), [Disquiet::Unanswered], "it may be back in a moment");
    cluster.node_mut("a").start();
    until("its return is noticed", || asker.sync.is_up());
    assert!(!asker.says("does not answer"));
    cluster.wait_connected();
    cluster.node("b").save("episodes/0900/info.md", "more\n");
    asker.wait_for_hint("episodes/0900/info.md");
}

#[test]
fn a_wrong_key_is_said_and_the_right_one_is_taken_as_soon_as_it_is_there() {
    let Some(cluster) = Cluster::of(&["a", "b"]) else { return };
    let a = cluster.node("a");
    let key_file = a.home().join("key");
    let put = |key: &str| {
        std::fs::write(&key_file, key).expect("the home is writable");
        std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).expect("ours");
    };
    put("not-the-key");
    let told = Syncthing { url: Some(a.url()), key_file: Some(key_file.clone()), ..Syncthing::default() };
    let asker = Asker::told(a, Away::Bold, Some(0), told);
    until("it is refused", || asker.says("refuses the key"));
    assert!(!asker.sync.is_up() && !asker.says("not-the-key"));
    put(a.key());
    until("it is taken", || asker.sync.is_up());
    assert!(!asker.says("refuses the key"));
}

#[test]
fn over_https_only_the_certificate_beside_the_configuration_is_believed() {
    let setup = Setup { is_tls: true, ..Setup::default() };
    let Some(mut cluster) = Cluster::made(&["a", "b"], &setup) else { return };
    cluster.node_mut("a").start();
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let asker = Asker::of(a, Away::Bold).up();
    std::fs::write(a.folder().join("a.md"), "tea\n").expect("the folder is writable");
    until("it is scanned", || {
        asker.sync.announce(file("a.md"));
        asker.look("a.md").is_empty()
    });
    // Any other certificate, however good, is refused.
    let told = Syncthing {
        home: Some(a.home().to_path_buf()),
        cert_file: Some(b.home().join("cert.pem")),
        ..Syncthing::default()
    };
    let asker = Asker::told(a, Away::Bold, None, told);
    until("it is refused", || asker.says("does not answer"));
    assert!(!asker.sync.is_up());
}

#[test]
fn the_daemon_finds_syncthing_warns_on_the_board_and_never_shows_the_key() {
    let Some(mut cluster) = Cluster::of(&["a", "b"]) else { return };
    let mut show = Show::new();
    let a = cluster.node("a");
    let (folder, home) = (a.folder(), a.home());
    show.configure_whole(&format!(
        "settle = \"200ms\"\n[share.show]\npath = {folder:?}\n[syncthing]\nhome = {home:?}\n"
    ));
    show.environment("RUST_LOG", "trace");
    show.start();
    let notices = || show.json(&["status"])["notices"].to_string();
    until("the ignore patterns are offered", || notices().contains("(?d).obsidian/workspace*.json"));
    let key = a.key().to_owned();
    cluster.node_mut("a").stop();
    until("its absence is said", || notices().contains("does not answer"));
    assert!(!show.log().contains(&key), "the key is in the log");
    for file in ["cmdline", "environ"] {
        let words = std::fs::read(Path::new("/proc").join(show.pid().to_string()).join(file)).expect("our own child");
        assert!(!words.windows(key.len()).any(|window| window == key.as_bytes()), "the key is in {file}");
    }
    show.stop();
}
