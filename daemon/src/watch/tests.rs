//! The watcher on real folders. Nothing sleeps: each test waits for the fact it is about.

use super::*;
use crate::inbox::Message;
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver as Facts;

/// Not a measure of speed: after this long a test is called hung.
const HUNG: Duration = Duration::from_secs(30);

struct Watched {
    dir: TempDir,
    facts: Facts<Message>,
    watch: Handle,
    board: Board,
    runtime: tokio::runtime::Runtime,
}

fn watched() -> Watched {
    watched_with(|_| {})
}

/// A share with `episodes/0900/info.md` and whatever `make` adds, watched, not yet scanned.
fn watched_with(make: impl FnOnce(&Path)) -> Watched {
    watched_by(kernel, make)
}

fn watched_by(kernel: impl FnOnce(&Arc<Hints>, Sender<Wake>) -> Option<Kernel>, make: impl FnOnce(&Path)) -> Watched {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let root = dir.path().join("share");
    fs::create_dir_all(root.join("episodes/0900")).expect("writable");
    fs::write(root.join("episodes/0900/info.md"), "x").expect("writable");
    make(&root);
    let (inbox, facts) = Inbox::new();
    let board = Board::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a timer");
    let watch = start_with(root_of(dir.path()), inbox, board.clone(), Arc::new(Clock::new()), kernel);
    Watched { dir, facts, watch, board, runtime }
}

fn root_of(dir: &Path) -> Root {
    Root {
        share: ShareId(3),
        name: "show".into(),
        path: dir.join("share"),
        folders: BTreeSet::from(["episodes".into(), "showd".into()]),
        memory: dir.join("state/show"),
        unwatched_walk_ms: 1,
    }
}

/// A kernel that has no room for another watch, until it is given some.
#[derive(Debug, Clone, Default)]
struct Full(Arc<AtomicBool>);

impl notify::Watcher for Full {
    fn new<F: notify::EventHandler>(_: F, _: notify::Config) -> notify::Result<Self> {
        Ok(Self::default())
    }

    fn watch(&mut self, _: &Path, _: RecursiveMode) -> notify::Result<()> {
        if self.0.load(Ordering::SeqCst) { Ok(()) } else { Err(notify::Error::new(ErrorKind::MaxFilesWatch)) }
    }

    fn unwatch(&mut self, _: &Path) -> notify::Result<()> {
        Ok(())
    }

    fn kind() -> notify::WatcherKind {
        notify::WatcherKind::NullWatcher
    }
}

impl Watched {
    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join("share").join(path)
    }

    fn next(&mut self) -> Event {
        let facts = &mut self.facts;
        let next = self.runtime.block_on(async { tokio::time::timeout(HUNG, facts.recv()).await });
        match next.expect("a fact comes").expect("the watcher lives") {
            Message::Fact(event) => event,
            _ => panic!("a watcher only tells facts"),
        }
    }

    /// Orders a scan and gathers what was seen until it is over.
    fn scan(&mut self) -> (BTreeMap<String, Look>, bool) {
        self.watch.order(Order::Scan);
        let mut seen = BTreeMap::new();
        loop {
            match self.next() {
                Event::FileSeen { file, look } => drop(seen.insert(file.path.to_string(), look)),
                Event::Scanned { share: ShareId(3), complete } => return (seen, complete),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Waits until the path was seen as a file, or as gone.
    fn until(&mut self, path: &str, there: bool) {
        loop {
            match self.next() {
                Event::FileSeen { file, look } if &*file.path == path && matches!(look, Look::File(_)) == there => {
                    return;
                }
                Event::FileSeen { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }
}

#[test]
fn a_scan_sees_every_regular_file_once_and_says_that_it_is_over() {
    let mut show = watched_with(|root| {
        for path in ["episodes/0900/rundown/10 Tea.md", "episodes/0901/info.md", "showd/owner.toml"] {
            fs::create_dir_all(root.join(path).parent().expect("a folder")).expect("writable");
            fs::write(root.join(path), "text").expect("writable");
        }
    });
    let (seen, complete) = show.scan();
    let paths: Vec<_> = seen.keys().map(String::as_str).collect();
    let expected =
        ["episodes/0900/info.md", "episodes/0900/rundown/10 Tea.md", "episodes/0901/info.md", "showd/owner.toml"];
    assert_eq!(paths, expected);
    assert!(complete);
    let Look::File(stamp) = seen["episodes/0901/info.md"] else { panic!("it is there") };
    assert_eq!(stamp.size, 4);
    assert_eq!(show.board.share(ShareId(3)).state, ShareState::Watching);
    assert_eq!(show.board.share(ShareId(3)).files, 4);
}

#[test]
fn neighbours_trash_strays_links_and_names_that_are_not_text_are_not_entered() {
    let mut show = watched_with(|root| {
        for path in [
            "lib/ads/acme/info.md",
            "episodes/.trash/0001_20260801_101010/info.md",
            "episodes/0900/.stversions/info.md",
            "episodes/0900/.claude/notes.md",
            "episodes/0900/preshow/temporary-files/a.mp4",
        ] {
            fs::create_dir_all(root.join(path).parent().expect("a folder")).expect("writable");
            fs::write(root.join(path), "text").expect("writable");
        }
        std::os::unix::fs::symlink("/etc", root.join("episodes/0900/etc")).expect("writable");
        std::os::unix::fs::symlink("..", root.join("episodes/0900/loop")).expect("writable");
        nix::unistd::mkfifo(&root.join("episodes/0900/pipe.md"), nix::sys::stat::Mode::S_IRWXU).expect("writable");
        std::os::unix::fs::symlink("/etc/passwd", root.join("episodes/0900/rundown.md")).expect("writable");
        fs::write(root.join("episodes/0900").join(std::ffi::OsStr::from_bytes(b"caf\xe9.md")), "x").expect("writable");
    });
    let (seen, complete) = show.scan();
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["episodes/0900/info.md"]);
    assert!(complete);
    let left_out = show.board.share(ShareId(3)).left_out;
    let left_out: Vec<_> = left_out.iter().map(|(path, why)| format!("{path}: {why}")).collect();
    assert_eq!(
        left_out,
        [
            "episodes/0900/.claude: stray name",
            "episodes/0900/caf\u{fffd}.md: the name is not UTF-8",
            "episodes/0900/etc: a symbolic link",
            "episodes/0900/loop: a symbolic link",
            "episodes/0900/pipe.md: a pipe, a socket or a device",
            "episodes/0900/preshow/temporary-files: stray name",
            "episodes/0900/rundown.md: a symbolic link",
        ]
    );
}

#[test]
fn what_was_left_out_is_forgotten_once_it_is_renamed_or_removed() {
    let odd = std::ffi::OsStr::from_bytes(b"caf\xe9.md");
    let mut show = watched_with(|root| {
        std::os::unix::fs::symlink("..", root.join("episodes/0900/loop")).expect("writable");
        std::os::unix::fs::symlink("x", root.join("episodes/0900/link.md")).expect("writable");
        fs::write(root.join("episodes/0900").join(odd), "x").expect("writable");
    });
    show.scan();
    assert_eq!(show.board.share(ShareId(3)).left_out.len(), 3);

    fs::remove_file(show.path("episodes/0900/link.md")).expect("writable");
    show.write("episodes/0900/link.md", "a file of its own");
    show.until("episodes/0900/link.md", true);
    fs::rename(show.path("episodes/0900").join(odd), show.path("episodes/0900/cafe.md")).expect("writable");
    show.until("episodes/0900/cafe.md", true);
    assert_eq!(show.board.share(ShareId(3)).left_out.keys().collect::<Vec<_>>(), ["episodes/0900/loop"]);

    // What went while nobody watched is found out by the next walk.
    show.board.leave_out(ShareId(3), "episodes/0900/gone".into(), "a symbolic link");
    show.scan();
    assert_eq!(show.board.share(ShareId(3)).left_out.keys().collect::<Vec<_>>(), ["episodes/0900/loop"]);
}

#[test]
fn without_room_for_watches_the_share_is_walked_again_and_again_and_people_are_told() {
    let full = Full::default();
    let kernel = full.clone();
    let mut show = watched_by(move |_, _| Some(Box::new(kernel)), |_| {});
    let (seen, complete) = show.scan();
    assert_eq!((seen.len(), complete), (1, true), "all that is there is found all the same");
    assert_eq!(show.board.share(ShareId(3)).state, ShareState::Polling);
    let notices = show.board.notices();
    assert!(notices[0].text.contains("share show") && notices[0].hint.contains("max_user_watches"), "{notices:?}");

    show.write("episodes/0900/new.md", "no hint tells of it");
    assert!(matches!(show.next(), Event::WatchLost { .. }), "it asks to be walked again by itself");
    full.0.store(true, Ordering::SeqCst);
    show.watch.order(Order::Scan);
    let mut seen = BTreeSet::new();
    loop {
        match show.next() {
            Event::FileSeen { file, .. } => drop(seen.insert(file.path.to_string())),
            Event::WatchLost { .. } => {}
            Event::Scanned { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(seen.contains("episodes/0900/new.md"));
    assert_eq!(show.board.share(ShareId(3)).state, ShareState::Watching);
    assert!(show.board.notices().is_empty(), "with room again there is nothing to say");
}

#[test]
fn temporary_files_beside_a_file_are_seen_since_they_keep_it_from_being_quiet() {
    let mut show = watched();
    show.scan();
    show.write("episodes/0900/.syncthing.info.md.tmp", "half");
    show.until("episodes/0900/.syncthing.info.md.tmp", true);
    fs::rename(show.path("episodes/0900/.syncthing.info.md.tmp"), show.path("episodes/0900/info.md"))
        .expect("writable");
    show.until("episodes/0900/info.md", true);
}

#[test]
fn a_file_that_changes_comes_and_goes_is_seen_each_time() {
    let mut show = watched();
    show.scan();
    show.write("episodes/0900/info.md", "more");
    show.until("episodes/0900/info.md", true);
    show.write("episodes/0900/new.md", "new");
    show.until("episodes/0900/new.md", true);
    fs::rename(show.path("episodes/0900/new.md"), show.path("episodes/0900/newer.md")).expect("writable");
    show.until("episodes/0900/newer.md", true);
    fs::remove_file(show.path("episodes/0900/newer.md")).expect("writable");
    show.until("episodes/0900/newer.md", false);
}

#[test]
fn a_file_deep_in_folders_that_were_all_made_at_once_is_not_missed() {
    for round in 0..20 {
        let mut show = watched();
        show.scan();
        let path = format!("episodes/0{round}/a/b/c/d/e/file.md");
        show.write(&path, "deep");
        show.until(&path, true);
    }
}

#[test]
fn a_storm_of_new_folders_is_walked_to_its_end() {
    let mut show = watched();
    show.scan();
    let root = show.path("episodes/0900/exports");
    let maker = std::thread::spawn(move || {
        for n in 0..2_000 {
            fs::create_dir_all(root.join(n.to_string())).expect("writable");
        }
        fs::write(root.join("1999/last.md"), "x").expect("writable");
    });
    let mut is_found = false;
    while !is_found {
        match show.next() {
            Event::FileSeen { file, .. } => is_found = &*file.path == "episodes/0900/exports/1999/last.md",
            Event::WatchLost { .. } => show.watch.order(Order::Scan),
            _ => {}
        }
    }
    maker.join().expect("all folders are made");
}

#[test]
fn a_folder_moved_in_is_walked_and_watched() {
    let mut show = watched();
    show.scan();
    let outside = show.dir.path().join("0950");
    fs::create_dir_all(outside.join("rundown")).expect("writable");
    fs::write(outside.join("rundown/10.md"), "x").expect("writable");
    fs::rename(&outside, show.path("episodes/0950")).expect("writable");
    show.until("episodes/0950/rundown/10.md", true);
    show.write("episodes/0950/rundown/20.md", "y");
    show.until("episodes/0950/rundown/20.md", true);
}

#[test]
fn a_folder_moved_away_asks_for_a_scan_and_a_renamed_one_is_watched_under_its_new_name() {
    let mut show = watched();
    show.scan();
    fs::rename(show.path("episodes/0900"), show.path("episodes/0999")).expect("writable");
    let (mut lost, mut found) = (false, false);
    while !(lost && found) {
        match show.next() {
            Event::WatchLost { .. } => lost = true,
            Event::FileSeen { file, look: Look::File(_) } => found |= &*file.path == "episodes/0999/info.md",
            _ => {}
        }
    }
    show.write("episodes/0999/info.md", "again");
    show.until("episodes/0999/info.md", true);
}

#[test]
fn a_folder_that_is_removed_takes_its_files_along_one_by_one() {
    let mut show = watched();
    show.write("episodes/0900/rundown/10.md", "x");
    show.scan();
    fs::remove_dir_all(show.path("episodes/0900/rundown")).expect("writable");
    show.until("episodes/0900/rundown/10.md", false);
}

#[test]
fn a_share_whose_root_vanishes_is_away_and_none_of_its_files_is_called_gone() {
    let mut show = watched();
    show.scan();
    let aside = show.dir.path().join("aside");
    fs::rename(show.path(""), &aside).expect("writable");
    assert_eq!(show.next(), Event::ShareGone { share: ShareId(3) });
    assert_eq!(show.board.share(ShareId(3)).state, ShareState::Away);
    show.watch.order(Order::Scan);
    show.watch.order(Order::LookAt("episodes/0900/info.md".into()));
    fs::rename(&aside, show.path("")).expect("writable");
    assert_eq!(show.next(), Event::ShareBack { share: ShareId(3) });
    let (seen, _) = show.scan();
    assert_eq!(seen.len(), 1);
}

#[test]
fn a_share_that_lost_its_marker_is_away_even_for_a_daemon_started_later() {
    let mut show = watched_with(|root| fs::create_dir(root.join(".stfolder")).expect("writable"));
    show.scan();
    fs::remove_dir(show.path(".stfolder")).expect("writable");
    assert_eq!(show.next(), Event::ShareGone { share: ShareId(3) });

    let (inbox, facts) = Inbox::new();
    show.facts = facts;
    show.watch = start(root_of(show.dir.path()), inbox, show.board.clone(), Arc::new(Clock::new()));
    show.watch.order(Order::Scan);
    assert_eq!(show.next(), Event::ShareGone { share: ShareId(3) });
    assert!(show.board.share(ShareId(3)).note.contains(".stfolder"));
}

#[test]
fn an_empty_root_that_used_to_hold_something_is_an_unmounted_disk() {
    let mut show = watched();
    show.scan();
    fs::remove_dir_all(show.path("episodes")).expect("writable");
    let (inbox, facts) = Inbox::new();
    show.facts = facts;
    show.watch = start(root_of(show.dir.path()), inbox, show.board.clone(), Arc::new(Clock::new()));
    show.watch.order(Order::Scan);
    assert_eq!(show.next(), Event::ShareGone { share: ShareId(3) });
}

#[test]
fn more_changes_than_the_driver_can_take_never_stop_the_watcher() {
    let mut show = watched();
    show.scan();
    // Nobody empties the queue meanwhile; the watcher's own thread may wait, the kernel's queue must not overflow.
    for n in 0..12_000 {
        fs::write(show.path(&format!("episodes/0900/{n:05}.md")), "x").expect("writable");
    }
    let mut seen = BTreeSet::new();
    while seen.len() < 12_000 {
        match show.next() {
            Event::FileSeen { file, .. } => drop(seen.insert(file)),
            Event::WatchLost { .. } => show.watch.order(Order::Scan),
            _ => {}
        }
    }
}
