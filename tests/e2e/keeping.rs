//! What is kept is bounded, and nothing goes that somebody may still need.

use serde_json::Value;
use show_tests::Show;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

const BYTES_MAX: u64 = 300_000;
const NOTE: &str = "notes/one/tea.md";
const GONE: &str = "notes/one/gone.md";

/// A pipeline whose one step reads every note and says how long they are.
fn weighing() -> Show {
    let show = Show::new();
    let share = show.share();
    show.configure_whole(&format!(
        "settle = \"20ms\"\nquiet = \"50ms\"\n[share.show]\npath = {share:?}\n\
         [keep]\narchive = \"300 KB\"\n\
         [pipeline.show-build]\nenabled = false\n\
         [pipeline.weigh]\nsubject = \"notes/{{name}}/\"\non = [\"*.md\"]\n\
         [[pipeline.weigh.step]]\nname = \"weigh\"\nin.notes = {{ text = \"*.md\" }}\n\
         run = [\"sh\", \"-c\", \"echo '{{\\\"length\\\": '$(wc -c < $SHOW_ORDER)', \\\"of\\\": \\\"'$(cksum < $SHOW_ORDER)'\\\"}}' > $SHOW_RESULT\"]\n"
    ));
    show
}

/// A text that does not pack: some 6 KB of it on disk.
fn text(n: u32) -> String {
    let line = |place: u32| blake3::hash(format!("{n} {place}").as_bytes()).to_hex().to_string();
    format!("save {n}\n\n{}\n", (0..160).map(line).collect::<Vec<_>>().join("\n"))
}

/// What the files below a folder take on disk.
fn room(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("the folder is there").flatten();
    let of = |entry: std::fs::DirEntry| match entry.metadata().expect("nobody removes it now") {
        metadata if metadata.is_dir() => room(&entry.path()),
        metadata => metadata.len().max(metadata.blocks() * 512),
    };
    entries.map(of).sum()
}

fn versions(show: &Show, path: &str) -> Vec<Value> {
    let page = show.json(&["history", path, "--limit", "500"]);
    page["revisions"].as_array().expect("a list of versions").clone()
}

/// How many jobs ever began.
fn begun(show: &Show) -> usize {
    let log = show.ctl(&["follow", "--json", "--from", "1", "--no-wait"]);
    assert_eq!(log.code, 0, "{log:?}");
    log.out.lines().filter(|line| line.contains("\"job.started\"")).count()
}

#[test]
fn after_two_hundred_saves_and_kills_the_archive_is_within_its_bound_and_every_listed_version_can_be_read() {
    let mut show = weighing();
    show.write(GONE, text(1_000));
    show.write(NOTE, text(0));
    show.start();
    show.idle();
    show.noticed(|| std::fs::remove_file(show.share().join(GONE)).expect("it was just written"));
    for n in 1..=200 {
        show.noticed(|| show.write(NOTE, text(n)));
        if n % 25 == 0 {
            // Killed somewhere in the midst of a sweep: each time a little later.
            let pid = nix::unistd::Pid::from_raw(show.pid().cast_signed());
            std::thread::scope(|scope| {
                let sweeping = scope.spawn(|| show.ctl(&["sweep"]));
                std::thread::sleep(Duration::from_millis(u64::from(n / 25) * 6));
                nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("our own child");
                sweeping.join().expect("it only asks")
            });
            show.kill();
            show.start();
        }
    }
    show.idle();
    let all = versions(&show, NOTE).len();
    show.kill();
    show.start();
    show.idle();
    let before = begun(&show);
    let would = show.json(&["sweep", "--dry-run"]);
    let swept = show.json(&["sweep"]);
    let without_mode = |view: &Value| (view["revisions"].clone(), view["results"].clone(), view["blobs"].clone());
    assert_eq!(without_mode(&would), without_mode(&swept), "what was announced is what went");
    let blobs = show.state().join("blobs");
    let taken = room(&blobs);
    assert!(taken <= BYTES_MAX, "{taken} bytes are taken, {BYTES_MAX} are allowed: {swept}");
    assert_eq!(swept["archive"]["bytes"], taken, "{swept}");

    let left = versions(&show, NOTE);
    // On a busy machine many saves are read as one, and there may be nothing to let go of.
    let is_within = left.len() < all || all < 50;
    assert!(left.len() >= 2 && is_within, "{} of {all} versions are left", left.len());
    for version in &left {
        let number = version["revision"].to_string();
        let shown = show.ctl(&["show", NOTE, &number]);
        assert_eq!(shown.code, 0, "version {number} is listed: {shown:?}");
        assert!(shown.out.starts_with("save "), "{shown:?}");
    }
    assert_eq!(show.ctl(&["show", NOTE, &left[0]["revision"].to_string()]).out, text(200), "the newest is the note");
    let of_gone = versions(&show, GONE);
    assert_eq!(of_gone.len(), 1, "a file that is gone keeps its last version");
    assert_eq!(show.ctl(&["show", GONE, &of_gone[0]["revision"].to_string()]).out, text(1_000));

    let again = show.json(&["sweep"]);
    assert_eq!(without_mode(&again), (0.into(), 0.into(), 0.into()), "nothing is left to do: {again}");
    assert!(show.ctl(&["status"]).out.contains("the archive holds"), "{:?}", show.ctl(&["status"]));
    show.kill();
    show.start();
    show.idle();
    assert_eq!(begun(&show), before, "and nothing ran again for all that");
    let restored = show.ctl(&["restore", GONE, &of_gone[0]["revision"].to_string()]);
    assert_eq!(restored.code, 0, "{restored:?}");
    show.idle();
    assert_eq!(show.read(GONE), text(1_000));
}

#[test]
fn a_sweep_says_what_would_go_and_what_is_needed_stays_whatever_the_bound() {
    let mut show = Show::new();
    show.configure("settle = \"200ms\"\nsettle_media = \"200ms\"\nquiet = \"600ms\"\n[keep]\narchive = \"1 KB\"\n");
    crate::messy_episode(&show);
    show.start();
    show.idle();
    show.kill();
    show.start();
    show.idle();
    let from = show.next_event();
    let would = show.ctl(&["sweep", "--dry-run"]);
    assert!(would.code == 0 && would.out.contains("would go"), "{would:?}");
    let swept = show.json(&["sweep"]);
    assert!(swept["archive"]["bytes"].as_u64() > Some(1_000), "what is needed takes more than is allowed: {swept}");
    assert!(show.ctl(&["status"]).out.contains("texts and results take"), "{}", show.ctl(&["status"]).out);
    show.kill();
    show.start();
    show.write("episodes/0900/rundown/20 Leak.md", crate::LEAK.replace("slowly at first", "all at once"));
    show.seen_from(from, &["build.new"]);
    show.idle();
    assert!(show.read(crate::HOST).contains("all at once"), "it goes on working");
    let failed = show.json(&["jobs", "--state", "failed"]);
    assert_eq!(failed["jobs"].as_array().map(Vec::len), Some(0), "{failed}");
}
