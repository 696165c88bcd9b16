//! The daemon itself: how it starts, what it watches, what it leaves alone.

use crate::messy_episode;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use show_tests::{Show, binary, run};
use std::fs;
use std::process::Command;

#[test]
fn with_nothing_but_a_share_it_runs_on_what_is_built_in_and_showctl_finds_it() {
    let mut show = Show::new();
    messy_episode(&show);
    let home = tempfile::tempdir().expect("a folder");
    let at_home = |mut command: Command| {
        command.env("XDG_STATE_HOME", home.path().join("state")).env("XDG_RUNTIME_DIR", home.path());
        command.env_remove("SHOWD_SOCKET").env_remove("SHOWD_STATE").env_remove("SHOWD_CONFIG").env("NO_COLOR", "1");
        command
    };
    let mut command = at_home(Command::new(binary("showd")));
    command.arg("--share").arg(show.share());
    show.start_as(command);
    let ctl = |args: &[&str]| {
        let mut command = at_home(Command::new(binary("showctl")));
        command.args(args);
        run(command)
    };
    let waited = ctl(&["wait", "--idle", "--before-quiet", "--timeout", "100s"]);
    assert!(waited.code <= 1, "{waited:?} {}", show.log());
    assert!(show.read(crate::HOST).contains("And then the host spoke."));
    assert!(home.path().join("state/showd/showd.state").is_file(), "its state lies where XDG says");
    assert!(home.path().join("showd/showd.sock").exists(), "and so does its socket");
    let shown = ctl(&["pipelines", "show", "show-build"]);
    assert!(shown.out.contains("[[pipeline.show-build.step]]"), "{shown:?}");
    show.stop();
    show_tests::kill_all_naming(home.path());
}

#[test]
fn an_unchanged_tree_is_neither_opened_nor_written_nor_worked_on_after_a_restart() {
    let mut show = Show::new();
    messy_episode(&show);
    show.write("episodes/0900/exports/nobody asks for this.mov", "not really a film");
    show.start();
    show.idle();
    let (before, jobs) = (show.picture(), show.json(&["jobs", "--limit", "500"])["jobs"].clone());
    assert_eq!(show.stop(), 0);

    let watch = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).expect("the kernel watches for us");
    for (path, ..) in before.iter().filter(|(path, ..)| path.starts_with(show.share().join("episodes"))) {
        watch.add_watch(path, AddWatchFlags::IN_OPEN).expect("a file can be watched");
    }
    show.start();
    show.idle();
    let opened = watch.read_events();
    assert_eq!(opened.as_ref().map(Vec::len).err(), Some(&nix::errno::Errno::EAGAIN), "somebody read: {opened:?}");
    assert_eq!(show.picture(), before, "a second run writes nothing");
    assert_eq!(show.json(&["jobs", "--limit", "500"])["jobs"], jobs, "and runs nothing");
}

#[test]
fn only_what_pipelines_name_is_read() {
    let mut show = Show::new();
    messy_episode(&show);
    let film = "episodes/0900/exports/nobody asks for this.mov";
    show.write(film, "not really a film");
    let watch = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).expect("the kernel watches for us");
    watch.add_watch(&show.share().join(film), AddWatchFlags::IN_OPEN).expect("a file can be watched");
    show.start();
    show.idle();
    let opened = watch.read_events();
    assert_eq!(opened.as_ref().map(Vec::len).err(), Some(&nix::errno::Errno::EAGAIN), "somebody read it: {opened:?}");
}

#[test]
fn more_changes_than_the_kernel_can_queue_are_made_good_by_a_scan() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    let from = show.next_event();
    let queue = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("the limit can be read");
    let queue: usize = queue.trim().parse().expect("a number");
    if queue > 65_536 {
        eprintln!("NOT SHOWN HERE: this machine queues {queue} events, which would take a test too long to fill");
        return;
    }
    show.freeze();
    let folder = show.share().join("episodes/0900/exports");
    fs::create_dir_all(&folder).expect("the share is writable");
    let exports = show.share().join("episodes/0900/rundown");
    // Each save is at least one event: two of the same in a row are one.
    for n in 0..queue {
        fs::write(exports.join(if n % 2 == 0 { ".a.swp" } else { ".b.swp" }), "x").expect("the share is writable");
    }
    for name in [".a.swp", ".b.swp"] {
        fs::remove_file(exports.join(name)).expect("it was just made");
    }
    let later = show.read("episodes/0900/rundown/30 Later.md");
    show.write("episodes/0900/rundown/30 Later.md", later.replace("status: draft", "status: production"));
    show.thaw();
    let lost = show.seen_from(from, &["watch.lost"]);
    assert!(lost["text"].as_str().is_some_and(|text| text.contains("overflowed")), "{lost}");
    show.seen_from(from, &["publish.done", "0900-host.html"]);
    show.idle();
    assert!(show.read(crate::HOST).contains("Not yet."), "the save that no event told of is in the script");
}

#[test]
fn where_watches_run_out_the_share_is_walked_and_people_are_told() {
    let mut show = Show::new();
    messy_episode(&show);
    if !show.inside("echo 2 > /proc/sys/user/max_inotify_watches") {
        return;
    }
    show.start();
    show.idle();
    assert!(show.read(crate::HOST).contains("And then the host spoke."), "everything is found all the same");
    let status = show.json(&["status"]);
    assert_eq!(status["shares"][0]["state"], "polling", "{status}");
    assert!(status["notices"].to_string().contains("max_user_watches"), "{status}");
    assert!(show.ctl(&["status"]).out.contains("max_user_watches"), "and people see it");
    assert!(show.log().contains("WARN"), "{}", show.log());
}

#[test]
fn what_happens_is_written_to_standard_error_with_its_fields() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();
    // The log has a thread of its own, which says the last of it when the daemon stops.
    show.stop();
    let log = show.log();
    let line = log.lines().find(|line| line.contains("job.done") && line.contains("compile")).unwrap_or_default();
    for field in
        ["showd_job=", "showd_build=", "showd_step=\"compile\"", "showd_episode=\"0900\"", "showd_share=\"show\""]
    {
        assert!(line.contains(field), "{field} is missing: {line}\n{log}");
    }
}
