//! The main job: a chaotic rundown becomes scripts, quotes and runtimes, and only what must run runs.

use crate::{HOST, LEAK, PRODUCTION, QUOTES, messy_episode};
use show_tests::Show;

#[test]
fn a_messy_episode_becomes_scripts_quotes_and_runtimes_and_the_repairs_stand_in_it() {
    let mut show = Show::new();
    messy_episode(&show);
    show.start();
    show.idle();

    let host = show.read(HOST);
    assert!(host.contains("The Kettle Report") && host.contains("And then the host spoke."), "{host}");
    assert!(!host.contains("Notes never reach"), "notes are not printed");
    assert!(!host.contains("Not yet."), "drafts are not printed");
    assert!(show.read(PRODUCTION).contains("watched-pot"));
    let quotes: serde_json::Value = serde_json::from_str(&show.read(QUOTES)).expect("quotes.json is JSON");
    assert_eq!(quotes["metadata"]["total_quotes"], 2);

    let leak = show.read("episodes/0900/rundown/20 Leak.md");
    assert!(leak.contains("\n\n<!-- Begin Cue -->\n"), "markers are canonical, with a blank line before:\n{leak}");
    assert!(leak.contains("<!-- End Cue -->\n\nAnd then the host spoke.\n"), "glued text stands on its own:\n{leak}");
    assert!(!leak.contains("pending") && leak.contains("[AssetID: FSQ"), "the id is minted:\n{leak}");
    assert!(leak.contains("Water came out of it, slowly at first."));
    assert!(show.read("episodes/0900/info.md").contains("total_runtime:"));
    assert!(show.read("episodes/0900/info.md").contains("duration: 00:00:30"), "the target is a person's");
}

#[test]
fn clips_are_measured_and_their_lengths_reach_cues_items_and_the_episode() {
    let mut show = Show::new();
    messy_episode(&show);
    film(&show, "assets/video/steam.mp4", 7);
    film(&show, "assets/video/whistle.mp4", 5);
    show.write("episodes/0900/assets/video/torn.mp4", "the upload stopped here");
    let cue = |kind: &str, slug: &str| {
        format!(
            "<!-- Begin Cue -->\n[Type: {kind}]\n[AssetID: pending]\n[Slug: {slug}]\n\
             [MediaURL: assets/video/{slug}.mp4]\n<!-- End Cue -->\n\n"
        )
    };
    let cues = cue("SOT", "steam") + &cue("SOT", "whistle") + &cue("SOT", "torn");
    let front = "---\nslug: clips\ntype: segment\norder: 25\nduration:\nstatus: production\ntitle: Clips\n---\n\n";
    show.write("episodes/0900/rundown/25 Clips.md", format!("{front}{cues}"));
    show.start();
    show.idle();

    let note = show.read("episodes/0900/rundown/25 Clips.md");
    let of = |note: &str, slug: &str| {
        let cue = note.split("<!-- End Cue -->").find(|cue| cue.contains(&format!("[Slug: {slug}]")));
        cue.unwrap_or_else(|| panic!("no cue {slug}: {note}")).to_owned()
    };
    let steam = of(&note, "steam");
    for field in
        ["[Duration: 00:00:07]", "[Resolution: 320x180]", "[Framerate: 25", "[AudioChannels: 2]", "[SampleRate: 44100"]
    {
        assert!(steam.contains(field), "{field} is missing:\n{note}");
    }
    assert!(of(&note, "whistle").contains("[Duration: 00:00:05]"), "{note}");
    assert!(!of(&note, "torn").contains("[Duration:"), "what cannot be measured is not guessed:\n{note}");
    let item = runtime(&note, "duration:");
    assert!(item >= 12, "the clips alone are 12 seconds:\n{note}");
    let total = runtime(&show.read("episodes/0900/info.md"), "total_runtime:");
    assert!(total >= item, "{total} {item}");
    let failed = show.json(&["jobs", "--state", "failed"]);
    let text = failed.to_string();
    assert!(text.contains("ffprobe could not read torn.mp4"), "the clip that cannot be read is named: {text}");
    assert_eq!(failed["jobs"][0]["attempt"], 1, "a torn clip is torn the second time as well: {text}");

    // A longer cut of one clip: what we wrote ourselves follows it, and only this clip is measured again.
    let measured = probes(&show);
    show.noticed(|| film(&show, "assets/video/steam.mp4", 9));
    show.idle();
    let note = show.read("episodes/0900/rundown/25 Clips.md");
    assert!(of(&note, "steam").contains("[Duration: 00:00:09]"), "{note}");
    assert!(of(&note, "whistle").contains("[Duration: 00:00:05]"), "{note}");
    assert_eq!(runtime(&note, "duration:"), item + 2, "{note}");
    assert_eq!(runtime(&show.read("episodes/0900/info.md"), "total_runtime:"), total + 2);
    assert_eq!(probes(&show), measured + 1, "one clip was measured");
}

/// A film of this many seconds with sound, as a camera would leave it.
fn film(show: &Show, path: &str, seconds: u32) {
    let path = show.share().join("episodes/0900").join(path);
    std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the share is writable");
    let mut command = std::process::Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error", "-y"]);
    command.args(["-f", "lavfi", "-i", &format!("testsrc2=size=320x180:rate=25:duration={seconds}")]);
    command.args(["-f", "lavfi", "-i", &format!("sine=frequency=440:duration={seconds}")]);
    command.args(["-ac", "2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]);
    let ran = show_tests::run({
        command.arg(path);
        command
    });
    assert_eq!(ran.code, 0, "ffmpeg is needed here, and it said: {ran:?}");
}

/// `HH:MM:SS` behind a key, in seconds.
fn runtime(text: &str, key: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("no {key}\n{text}"));
    let parts = line.trim().trim_matches('"').split(':').map(|part| part.parse::<u64>().ok());
    parts.reduce(|sum, part| Some(sum? * 60 + part?)).flatten().unwrap_or_else(|| panic!("{line} is no time"))
}

/// How many clips were really measured.
fn probes(show: &Show) -> usize {
    ended(show).into_iter().filter(|(_, step, _)| step == "probe").count()
}

#[test]
fn an_edit_runs_only_what_depends_on_it() {
    let mut show = Show::new();
    messy_episode(&show);
    show.write("episodes/0901/info.md", "---\nepisode_number: 901\nstatus: draft\ntitle: Other\n---\n");
    show.start();
    show.idle();
    let before = ended(&show);
    let later = show.read("episodes/0900/rundown/30 Later.md").replace("Not yet.", "Not yet, but soon.");
    show.noticed(|| show.write("episodes/0900/rundown/30 Later.md", later));
    show.idle();
    let ran: Vec<_> = ended(&show).into_iter().filter(|job| !before.contains(job)).collect();
    assert!(ran.iter().all(|(subject, ..)| subject == "episodes/0900/"), "{ran:?}");
    assert!(ran.iter().any(|(_, step, _)| step == "scan"), "{ran:?}");
    assert!(ran.iter().all(|(_, step, element)| step != "cue_repair" || element.contains("later")), "{ran:?}");
    let (_, _, first) = before.iter().find(|(of, step, _)| of == "episodes/0900/" && step == "scan").expect("it ran");
    let why = show.json(&["why", first.trim_start_matches('#')]);
    assert_eq!(why["changed"], serde_json::json!([]), "what came later is not what changed before: {why}");
}

#[test]
fn a_conflict_copy_changes_nothing_and_holds_back_writing_to_its_original() {
    let mut show = Show::new();
    messy_episode(&show);
    let copy = "episodes/0900/rundown/20 Leak.sync-conflict-20260801-081936-ABCDEF2.md";
    show.write(copy, LEAK.replace("slowly at first", "all at once"));
    show.start();
    show.seen(&["scan"]);
    let status = show.json(&["status"]);
    assert!(!show.ctl(&["wait", "--idle", "--before-quiet", "--timeout", "100s"]).out.contains("panicked"));
    assert_eq!(show.read("episodes/0900/rundown/20 Leak.md"), LEAK, "nothing is written until it is settled");
    assert!(!show.read(HOST).contains("all at once"), "{status}");
    std::fs::remove_file(show.share().join(copy)).expect("a person settles it");
    show.seen(&["publish.done", "20 Leak.md"]);
    show.idle();
    assert!(!show.read("episodes/0900/rundown/20 Leak.md").contains("pending"));
}

/// Jobs that really ran: subject, step, element.
fn ended(show: &Show) -> Vec<(String, String, String)> {
    let page = show.json(&["jobs", "--limit", "500"]);
    let jobs = page["jobs"].as_array().expect("a list of jobs");
    let ran = jobs
        .iter()
        .filter(|job| ["succeeded", "succeeded_with_errors", "failed"].contains(&text(job, "state").as_str()));
    let mut ran: Vec<_> = ran
        .map(|job| (job["job"].as_u64().unwrap_or(0), text(job, "subject"), text(job, "step"), text(job, "element")))
        .collect();
    ran.sort();
    ran.into_iter().map(|(id, subject, step, element)| (subject, step, format!("{element}#{id}"))).collect()
}

fn text(value: &serde_json::Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
