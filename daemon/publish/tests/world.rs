//! What only a process of its own can show: SIGKILL at every point, a full disk, a read-only mount, another account.
//!
//! Each test starts this binary again for the part that needs it. Where the system does not permit a mount or a change
//! of account the test says so and passes.

mod common;

use common::{FULL, Scene, counted, intent, is_done, new, remove, rename, replace};
use rustix::process::{Signal, getpid, kill_process};
use show_publish::{Blobs, Digest, Keep, Move, Outcome, Share, Try};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// This test binary again, to run one of its ignored tests in `dir`.
fn child(wrapper: &[&str], test: &str, dir: &Path, argument: &str) -> Output {
    let this = std::env::current_exe().expect("this binary has a path");
    let words: Vec<_> = wrapper.iter().map(|word| (*word).to_owned()).chain([this.display().to_string()]).collect();
    Command::new(&words[0])
        .args(&words[1..])
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env("SHOW_PUBLISH_DIR", dir)
        .env("SHOW_PUBLISH_ARGUMENT", argument)
        .output()
        .expect("the wrapper is installed")
}

fn argument() -> String {
    std::env::var("SHOW_PUBLISH_ARGUMENT").expect("started by another test")
}

fn dir() -> PathBuf {
    PathBuf::from(std::env::var_os("SHOW_PUBLISH_DIR").expect("started by another test"))
}

/// Not in memory, unless another file system is asked for.
fn disk() -> PathBuf {
    std::env::var_os("SHOW_PUBLISH_AT").map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from)
}

fn moves() -> Vec<Move> {
    vec![
        replace("note.md", "old token-1", "new", true),
        replace("made.txt", "made", "made anew", false),
        rename("clip.mp4", "versions/clip.mp4", "clip"),
        new("clip.mp4", "better clip"),
        remove("stale.txt", "stale token-2", true),
    ]
}

fn lay_out(scene: &mut Scene) {
    for (path, text) in
        [("note.md", "old token-1"), ("made.txt", "made"), ("clip.mp4", "clip"), ("stale.txt", "stale token-2")]
    {
        scene.write(path, text);
    }
}

#[test]
fn killed_at_any_point_the_next_process_finishes() {
    let mut killed = 0;
    for at in 0.. {
        let mut scene = Scene::below(&disk(), FULL);
        lay_out(&mut scene);
        let output = child(&["env"], "publishes_and_is_killed", scene.outside("").as_path(), &at.to_string());
        assert_eq!(scene.lost(), [""; 0], "killed at {at}");
        let report = scene.publish(&intent(moves()), Try::Again);
        assert!(is_done(&report), "killed at {at}: {report:?}");
        assert_eq!(scene.names(), ["clip.mp4", "made.txt", "note.md", "versions/clip.mp4"], "killed at {at}");
        let texts = ["note.md", "made.txt", "clip.mp4", "versions/clip.mp4"].map(|name| scene.read(name).expect(name));
        assert_eq!(texts, ["new", "made anew", "better clip", "clip"], "killed at {at}");
        if output.status.success() {
            break;
        }
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&output.status), Some(9), "{output:?}");
        killed += 1;
    }
    assert!(killed > 25, "only {killed} points");
}

#[test]
#[ignore = "run by killed_at_any_point_the_next_process_finishes"]
fn publishes_and_is_killed() {
    let fatal: usize = argument().parse().expect("a number");
    let share = Share::open(&dir().join("share")).expect("opens");
    let blobs = Blobs::open(&dir().join("blobs")).expect("opens");
    let mut steps = counted(move |number, _| {
        if number == fatal {
            kill_process(getpid(), Signal::KILL).expect("kills");
        }
        Ok(())
    });
    let report = share.publish_stepwise(&blobs, &intent(moves()), Try::First, &mut steps).expect("not halted");
    assert!(is_done(&report), "{report:?}");
}

/// Runs `test` with a file system in memory of `options` at `dir`, or says that it cannot. A file system that is asked
/// for (`SHOW_PUBLISH_AT`) is used instead, and must be a small one, mounted just there and for nothing else.
fn mounted(test: &str, dir: &Path, options: &str) {
    if let Some(at) = std::env::var_os("SHOW_PUBLISH_AT") {
        let output = child(&["env"], test, Path::new(&at), "");
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let script = format!("mount -t tmpfs -o {options} none \"$SHOW_PUBLISH_DIR\" && exec \"$0\" \"$@\"");
    let possible = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        println!("skipped: mounting in a name space of our own is not permitted here");
        return;
    }
    let output = child(&["unshare", "-m", "sh", "-c", &script], test, dir, "");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_full_disk_leaves_everything_as_it_was_and_room_lets_it_go_on() {
    let outer = tempfile::tempdir().expect("a temporary directory");
    mounted("fills_the_disk", outer.path(), "size=512k,nr_inodes=200");
}

#[test]
#[ignore = "run by a_full_disk_leaves_everything_as_it_was_and_room_lets_it_go_on"]
fn fills_the_disk() {
    let big = "a line of the new text\n".repeat(2000);
    let elsewhere = tempfile::tempdir_in("/dev/shm").expect("another file system");
    let mut failed = 0;
    // Pieces left free, names left free, and whether the blobs are on the full disk too. Not every file system counts
    // names.
    for (pieces, names, near) in (0..24).flat_map(|n| [(n, 90, false), (n, 90, true), (90, n, false), (90, n, true)]) {
        let share = dir().join("share");
        fs::create_dir_all(&share).expect("makes");
        let blobs =
            Blobs::open(&if near { dir().join("blobs") } else { elsewhere.path().join("blobs") }).expect("opens");
        fs::write(share.join("note.md"), "old").expect("writes");
        let opened = Share::open(&share).expect("opens");
        opened.abilities(".").expect("tried while there is room");
        fill(&dir(), pieces, names);
        let moves = vec![replace("note.md", "old", &big, true), new("a/b/new.txt", &big)];
        let report = opened.publish(&blobs, &intent(moves.clone()), Try::First);
        let text = fs::read_to_string(share.join("note.md")).expect("is there");
        let left = || fs::read_dir(&share).expect("lists").flatten().map(|e| e.file_name()).collect::<Vec<_>>();
        if is_done(&report) {
            assert_eq!(text, big);
        } else {
            failed += 1;
            assert!(matches!(report.outcome, Outcome::Failed { unfinished: false, .. }), "{report:?}");
            assert_eq!((text.as_str(), left()), ("old", vec!["note.md".into()]), "{report:?}");
            fs::remove_dir_all(dir().join("filler")).expect("makes room");
            settle(&dir());
            let report = opened.publish(&blobs, &intent(moves), Try::Again);
            assert!(is_done(&report), "{report:?}");
        }
        assert_eq!(fs::read_to_string(share.join("a/b/new.txt")).expect("is there"), big);
        for name in ["share", "blobs", "filler"] {
            // Not each of them is there each time; what is must go.
            let _ = fs::remove_dir_all(dir().join(name));
            assert!(!dir().join(name).exists(), "{name} was not cleared");
        }
        settle(&dir());
    }
    assert!(failed > 20, "the disk was full only {failed} times");
}

/// Takes all room in the file system of `dir` but so many pieces of [`PIECE_BYTES`] and names.
fn fill(dir: &Path, pieces: u64, names: u64) {
    let filler = dir.join("filler");
    fs::create_dir_all(&filler).expect("makes");
    let take = |name: &str, bytes: usize| {
        let mut file = File::create(filler.join(name))?;
        if bytes > PIECE_BYTES {
            rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes as u64).map_err(Into::into)
        } else {
            file.write_all(&vec![0x5a; bytes])
        }
    };
    for number in 0..pieces {
        take(&format!("piece {number}"), PIECE_BYTES).expect("there is room for these");
    }
    settle(dir);
    // What a file system says of its room is an estimate; one that is full says no, and some only after a sync.
    let mut taken = 0;
    loop {
        let before = taken;
        for bytes in [64 << 20, 1 << 20, 64 << 10, PIECE_BYTES] {
            while take(&format!("rest {taken}"), bytes).is_ok() {
                taken += 1;
            }
        }
        settle(dir);
        if taken == before {
            break;
        }
    }
    for number in 0..pieces {
        fs::remove_file(filler.join(format!("piece {number}"))).expect("gives back");
    }
    settle(dir);
    let free = rustix::fs::statvfs(dir).expect("looks").f_ffree;
    if free < NAMES_COUNTED_MAX {
        for number in 0..free.saturating_sub(names) {
            take(&format!("name {number}"), 0).expect("there are names left");
        }
    }
}

/// Room that was given back is there for others only after this, on some.
fn settle(dir: &Path) {
    let dir = File::open(dir).expect("opens");
    // A full disk may have no room for saying so.
    let _ = rustix::fs::syncfs(&dir);
}

const PIECE_BYTES: usize = 4096;
const NAMES_COUNTED_MAX: u64 = 200;

#[test]
fn a_share_that_became_read_only_refuses() {
    let outer = tempfile::tempdir().expect("a temporary directory");
    mounted("becomes_read_only", outer.path(), "size=1m");
}

#[test]
#[ignore = "run by a_share_that_became_read_only_refuses"]
fn becomes_read_only() {
    let share = dir();
    let elsewhere = tempfile::tempdir_in("/dev/shm").expect("another file system");
    let blobs = Blobs::open(elsewhere.path()).expect("opens");
    fs::write(share.join("note.md"), "old").expect("writes");
    let opened = Share::open(&share).expect("opens");
    opened.abilities(".").expect("tried");
    remount(&share, "ro");
    for step in [replace("note.md", "old", "new", true), new("new.md", "new"), remove("note.md", "old", true)] {
        let report = opened.publish(&blobs, &intent(vec![step]), Try::First);
        let Outcome::Refused { why, .. } = &report.outcome else { panic!("{report:?}") };
        assert!(why.contains("Read-only file system"), "{why}");
    }
    assert!(Share::open(&share).expect("opens").warning().is_some_and(|why| why.contains("nothing can be published")));
    remount(&share, "rw");
    let report = opened.publish(&blobs, &intent(vec![replace("note.md", "old", "new", true)]), Try::Again);
    assert!(is_done(&report), "{report:?}");
    fs::remove_file(share.join("note.md")).expect("clears");
}

fn remount(at: &Path, how: &str) {
    let mounted = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(at).status().expect("mounts");
    assert!(mounted.success(), "{how}");
}

#[test]
fn another_account_s_file_is_refused_rather_than_taken_over() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can become another account");
        return;
    }
    let outer = tempfile::tempdir_in("/tmp").expect("a temporary directory");
    let share = outer.path().join("share");
    fs::create_dir(&share).expect("makes");
    for open in [outer.path(), &share] {
        fs::set_permissions(open, std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("opens up");
    }
    for (name, mode) in [("theirs.md", 0o666), ("shut.md", 0o644), ("secret.md", 0o600)] {
        fs::write(share.join(name), "old").expect("writes");
        fs::set_permissions(share.join(name), std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("sets");
    }
    let wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let output = child(&wrapper, "is_another_account", outer.path(), "");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[ignore = "run by another_account_s_file_is_refused_rather_than_taken_over"]
fn is_another_account() {
    let share = Share::open(&dir().join("share")).expect("opens");
    let blobs = Blobs::open(&dir().join("blobs")).expect("opens");
    for (name, reason) in [("theirs.md", "owner"), ("shut.md", "Permission denied"), ("secret.md", "Permission denied")]
    {
        let report = share.publish(&blobs, &intent(vec![replace(name, "old", "new", true)]), Try::First);
        let Outcome::Refused { why, .. } = &report.outcome else { panic!("{name}: {report:?}") };
        assert!(why.contains(reason), "{name}: {why}");
    }
    let names = fs::read_dir(dir().join("share")).expect("lists").count();
    assert_eq!(names, 3, "nothing is left behind");
    assert!(!blobs.has(&Digest::of(b"never")) && blobs.put(b"x", Keep::Loosely).is_ok());
}
