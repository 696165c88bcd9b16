//! The built-in steps as they are really run: behind the walls, on the example share, with the real ffprobe.

use crate::bench::{Bench, file, finished, program, why};
use serde_json::Value;
use show_core::{Element, Ended, Field, Finished, Order, OrderInput, Work};
use showd::attempt::FileEdits;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// An episode of the example share, as inputs of an order.
pub struct Episode {
    pub folder: &'static str,
    pub files: Vec<(String, Vec<u8>)>,
}

impl Episode {
    pub fn of(folder: &'static str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/example-share/episodes").join(folder);
        let mut files = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(dir) = open.pop() {
            for entry in
                fs::read_dir(dir).expect("the example share is there").map(|entry| entry.expect("reads").path())
            {
                if entry.is_dir() {
                    open.push(entry);
                } else {
                    let below = entry.strip_prefix(&root).expect("below").to_str().expect("UTF-8").to_owned();
                    files.push((below, fs::read(entry).expect("reads")));
                }
            }
        }
        files.sort();
        Self { folder, files }
    }

    pub fn path(&self, below: &str) -> String {
        format!("episodes/{}/{below}", self.folder)
    }

    pub fn is_note(below: &str) -> bool {
        let in_rundown = below.strip_prefix("rundown/").is_some_and(|name| !name.contains('/'));
        in_rundown && Path::new(below).extension().is_some_and(|extension| extension == "md")
    }

    /// The roles `info`, `items` and `files`, as the pipelines give them.
    fn inputs(&self, bench: &Bench) -> Vec<OrderInput> {
        let mut inputs = Vec::new();
        for (below, bytes) in &self.files {
            let role = match below.as_str() {
                "info.md" => "info",
                below if Self::is_note(below) => "items",
                _ => continue,
            };
            inputs.push(bench.text(role, &self.path(below), &String::from_utf8_lossy(bytes)));
        }
        let listed = self.files.iter().map(|(below, bytes)| (self.path(below).into(), bytes.len() as u64));
        inputs.push(OrderInput::List { role: "files".into(), files: listed.collect() });
        inputs
    }

    pub fn order(&self, bench: &Bench, job: u64, step: &str) -> Order {
        let mut order = built_in(job, step);
        order.subject.path = self.path("").into();
        order.captures = [("episode".to_owned(), self.folder.to_owned())].into();
        order.inputs = self.inputs(bench);
        order
    }
}

pub fn built_in(job: u64, step: &str) -> Order {
    let mut order = program(job, &[]);
    order.work = Work::BuiltIn(step.into());
    order.node.step = step.into();
    order
}

fn result(bench: &Bench, finished: &Finished) -> Value {
    serde_json::from_slice(&bench.blob(&finished.result.expect("a result"))).expect("JSON")
}

fn edits(bench: &Bench, finished: &Finished) -> Vec<FileEdits> {
    finished
        .edits
        .as_ref()
        .map_or_else(Vec::new, |edits| serde_json::from_slice(&bench.blob(&edits.digest)).expect("edits"))
}

/// Runs ffmpeg, which the tests need (`tests/run.sh` installs it).
fn ffmpeg(words: &[&str], to: &Path) {
    let made = Command::new("ffmpeg").args(["-nostdin", "-v", "error", "-y"]).args(words).arg(to).output();
    let made = made.expect("ffmpeg is installed: apt-get install ffmpeg");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

const PICTURE: &str = "testsrc2=size=320x180:rate=30000/1001:duration=2";
const TONE: &str = "sine=frequency=440:sample_rate=48000:duration=2";

#[test]
fn the_list_of_steps_is_what_the_pipelines_can_use() {
    let said = Command::new(env!("CARGO_BIN_EXE_showd")).args(["step", "--list"]).output().expect("runs");
    let said = String::from_utf8(said.stdout).expect("UTF-8");
    for (name, version) in showd::steps::versions() {
        assert!(said.lines().any(|line| line.starts_with(&name) && line.contains(&version.to_string())), "{name}");
    }
    let bench = Bench::new();
    bench.start(built_in(1, "transmogrify"));
    assert!(why(bench.ended(1)).contains("showd step --list"));
    bench.start(built_in(2, "noop"));
    finished(bench.ended(2));
}

#[test]
fn scan_reads_the_clean_episode_and_finds_what_is_wrong_with_the_messy_one() {
    let bench = Bench::new();
    bench.start(Episode::of("0900").order(&bench, 1, "scan"));
    let clean = finished(bench.ended(1));
    assert_eq!(clean.facts["episode"], Field::Text("0900".into()));
    // Its films are made by the demo and not committed; nothing else is wrong with it.
    let log = bench.printed(1);
    assert!(log.lines().filter(|line| line.contains(": error: ")).all(|line| line.contains("MEDIA_MISSING")), "{log}");
    assert!(!clean.lists["items"].is_empty() && !clean.lists["clips"].is_empty());

    bench.start(Episode::of("0901").order(&bench, 2, "scan"));
    let messy = finished(bench.ended(2));
    let result = result(&bench, &messy);
    let codes: BTreeSet<&str> =
        result["diagnostics"].as_array().expect("a list").iter().filter_map(|one| one["code"].as_str()).collect();
    assert!(codes.len() >= 12, "{codes:?}");
    let files = result["diagnostics"].as_array().expect("a list").iter().filter_map(|one| one["file"].as_str());
    files.for_each(|file| assert!(file.starts_with("episodes/0901/"), "{file}"));
}

#[test]
fn repairs_are_edits_and_doubtful_ones_are_proposals() {
    let bench = Bench::new();
    let messy = Episode::of("0901");
    let (mut repaired, mut proposed, mut job) = (0, 0, 0);
    for (below, bytes) in messy.files.iter().filter(|(below, _)| Episode::is_note(below)) {
        job += 1;
        let mut order = messy.order(&bench, job, "cue_repair");
        order.inputs.retain(|input| matches!(input, OrderInput::List { .. }));
        order.inputs.push(bench.text("item", &messy.path(below), &String::from_utf8_lossy(bytes)));
        bench.start(order);
        let finished = finished(bench.ended(job));
        repaired += edits(&bench, &finished).len();
        proposed += finished.proposals.len();
    }
    assert!(repaired >= 3 && proposed >= 1, "{repaired} repaired, {proposed} proposed");
}

#[test]
fn ids_are_asked_for_by_placeholder() {
    let bench = Bench::new();
    let mut order = built_in(1, "assetid");
    let text = "---\ntitle: Tea\n---\n\n<!-- Begin Cue -->\n[Type: SOT]\n[Slug: kettle]\n<!-- End Cue -->\n";
    order.inputs = vec![bench.text("note", "episodes/0900/rundown/10 Tea.md", text)];
    bench.start(order);
    let edits = edits(&bench, &finished(bench.ended(1)));
    assert!(serde_json::to_string(&edits).expect("prints").contains("{{new-id:"), "{edits:?}");
}

#[test]
fn probe_measures_real_films() {
    let bench = Bench::new();
    let root = bench.dir.path().join("share/episodes/0900/assets/video");
    fs::create_dir_all(&root).expect("makes");
    let films: [(&str, &[&str], bool, &str); 4] = [
        (
            "ready.mp4",
            &[
                "-f",
                "lavfi",
                "-i",
                PICTURE,
                "-f",
                "lavfi",
                "-i",
                TONE,
                "-ac",
                "2",
                "-pix_fmt",
                "yuv420p",
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-c:a",
                "aac",
                "-shortest",
                "-movflags",
                "+faststart",
            ],
            false,
            "00:00:02, h264 320x180 at 29.97, aac stereo",
        ),
        (
            "phone.mov",
            &["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1", "-c:v", "mpeg4"],
            true,
            "00:00:01, mpeg4 320x180 at 25.00, no sound",
        ),
        ("tone.wav", &["-f", "lavfi", "-i", TONE], false, "00:00:02, pcm_s16le mono"),
        (
            "odd name %20 'quoted'.mp4",
            &["-f", "lavfi", "-i", PICTURE, "-c:v", "mpeg4"],
            true,
            "00:00:02, mpeg4 320x180 at 29.97, no sound",
        ),
    ];
    for (job, (name, words, is_off_target, line)) in (1..).zip(films) {
        ffmpeg(words, &root.join(name));
        let path = format!("episodes/0900/assets/video/{name}");
        let mut order = built_in(job, "probe");
        order.inputs = vec![bench.share_file("source", &path, &fs::read(root.join(name)).expect("reads"))];
        bench.start(order);
        let finished = finished(bench.ended(job));
        assert_eq!(finished.summary, line);
        assert_eq!(finished.facts["off_target"], Field::Flag(is_off_target), "{name}: {}", bench.printed(job));
    }
}

#[test]
fn probe_says_what_is_wrong_with_what_is_no_film() {
    let bench = Bench::new();
    let cases: [(&str, &[u8]); 4] = [
        ("empty.mp4", b""),
        ("text.mp4", b"this is a shopping list\n"),
        ("noise.mov", &[0x5a; 10_000]),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n"),
    ];
    for (job, (name, bytes)) in (1..).zip(cases) {
        let mut order = built_in(job, "probe");
        order.inputs = vec![bench.share_file("source", &format!("episodes/0900/{name}"), bytes)];
        bench.start(order);
        let Ended::Unfit { why } = bench.ended(job) else { panic!("{name} is no better the second time") };
        assert!(why.contains("ffprobe could not read ") || why.contains("neither picture nor sound"), "{name}: {why}");
    }
}

#[test]
fn what_was_measured_goes_into_the_cue_and_counts() {
    let bench = Bench::new();
    let note = "---\ntitle: Tea\nstatus: production\norder: 10\nduration:\n---\n\n## Script\n\nTen words are spoken here before the kettle comes on.\n\n\
        <!-- Begin Cue -->\n[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1E]\n[Slug: kettle]\n[MediaURL: kettle.mp4]\n<!-- End Cue -->\n";
    let info = "---\ntitle: Episode\nduration: 00:01:00\ntotal_runtime:\n---\n";
    let probe = bench.keep(br#"{"duration_ms":12345,"width":1920,"height":1080,"orientation":"landscape","framerate":"29.97","has_video":true}"#);
    let clip = [("item", "rundown/10 Tea.md"), ("slug", "kettle"), ("asset_id", "SOTMSA79Z40K3TT1E"), ("trim", "")];
    let mut fields: std::collections::BTreeMap<String, Field> =
        clip.iter().map(|(name, text)| ((*name).to_owned(), Field::Text((*text).into()))).collect();
    fields.insert("cue".into(), Field::Number(0));
    let mut order = built_in(1, "runtime");
    order.inputs = vec![
        bench.text("info", "episodes/0900/info.md", info),
        bench.text("items", "episodes/0900/rundown/10 Tea.md", note),
        OrderInput::Result {
            role: "probe".into(),
            step: "probe".into(),
            results: vec![("SOTMSA79Z40K3TT1E".into(), probe)],
        },
        OrderInput::Elements {
            role: "clips".into(),
            elements: vec![Element { id: "SOTMSA79Z40K3TT1E".into(), fields }],
        },
    ];
    bench.start(order);
    let finished = finished(bench.ended(1));
    // Ten words are four seconds, and twelve are the clip's.
    assert_eq!(finished.facts["total_runtime"], Field::Text("00:00:16".into()), "{}", bench.printed(1));
    let edits = serde_json::to_string(&edits(&bench, &finished)).expect("prints");
    for expected in [
        "\"Resolution\",\"value\":\"1920x1080\"",
        "\"Duration\",\"value\":\"00:00:12\"",
        "\"total_runtime\",\"value\":\"00:00:16\"",
    ] {
        assert!(edits.contains(expected), "{expected} is not in {edits}");
    }
}

pub fn compile(bench: &Bench, episode: &Episode, job: u64) -> Order {
    let mut order = episode.order(bench, job, "compile");
    order.outputs = ["host", "production", "media_list"]
        .iter()
        .map(|role| {
            let name = format!("scripts/current/{}-{}.html", episode.folder, role.replace('_', "-"));
            ((*role).to_owned(), file(&episode.path(&name)))
        })
        .collect();
    order
}

#[test]
fn compile_writes_the_scripts_the_same_each_time_and_keeps_the_old_ones() {
    let bench = Bench::new();
    let mut episode = Episode::of("0900");
    episode.files.retain(|(below, _)| !below.starts_with("scripts/"));
    bench.start(compile(&bench, &episode, 1));
    let first = finished(bench.ended(1));
    assert!(!first.with_errors, "{}", bench.printed(1));
    assert_eq!(
        first.outputs.iter().map(|output| &*output.role).collect::<Vec<_>>(),
        ["host", "production", "media_list"]
    );
    assert!(first.outputs.iter().all(|output| output.keep_old_as.is_none()));
    let page = fs::read_to_string(bench.output(1, &episode.path("scripts/current/0900-host.html"))).expect("a script");
    assert!(page.starts_with("<!DOCTYPE html>"));

    episode.files.push(("scripts/current/0900-host.html".into(), b"old".to_vec()));
    let mut order = compile(&bench, &episode, 2);
    order.now = show_core::Time(1_785_578_400_000);
    bench.start(order);
    let second = finished(bench.ended(2));
    assert_eq!(second.outputs[0].digest, first.outputs[0].digest);
    assert_eq!(
        second.outputs[0].keep_old_as,
        Some(file(&episode.path("scripts/versions/20260801_100000/0900-host.html")))
    );
}

#[test]
fn compile_writes_a_script_with_error_boxes_and_says_so() {
    let bench = Bench::new();
    bench.start(compile(&bench, &Episode::of("0901"), 1));
    let finished = finished(bench.ended(1));
    assert!(finished.with_errors, "{}", bench.printed(1));
    assert_eq!(finished.outputs.len(), 3);
    assert!(bench.printed(1).contains("error box"));
}

#[test]
fn quotes_are_extracted_once_and_left_alone_when_nothing_changed() {
    let bench = Bench::new();
    let mut episode = Episode::of("0900");
    let path = episode.path("assets/quotes/quotes.json");
    let order = |episode: &Episode, job| {
        let mut order = episode.order(&bench, job, "extract_quotes");
        order.outputs = vec![("quotes".into(), file(&path))];
        order
    };
    bench.start(order(&episode, 1));
    let first = finished(bench.ended(1));
    assert!(!first.lists["quotes"].is_empty(), "{}", bench.printed(1));
    let written = fs::read(bench.output(1, &path)).expect("is there");
    episode.files.push(("assets/quotes/quotes.json".into(), written.clone()));
    let mut again = order(&episode, 2);
    again.inputs.push(bench.share_file("quotes", &path, &written));
    again.now = show_core::Time(1_800_000_000_000);
    bench.start(again);
    assert_eq!(finished(bench.ended(2)).outputs[0].digest, first.outputs[0].digest, "only dates would differ");
}

#[test]
fn orders_and_numbers_are_given_on_request() {
    let bench = Bench::new();
    for (job, step) in (1..).zip(["renumber", "normalise", "enumerate"]) {
        let mut order = Episode::of("0901").order(&bench, job, step);
        order.may_edit = vec!["item.order".into(), "cue.*".into(), "renames".into()];
        bench.start(order);
        let finished = finished(bench.ended(job));
        assert!(!edits(&bench, &finished).is_empty(), "{step}: {}", bench.printed(job));
    }
}

/// Enumerates the clean episode as if its films were there; `may` is what the step may edit.
fn enumerated(may: &[&str]) -> (Bench, show_core::Ended) {
    let bench = Bench::new();
    let mut episode = Episode::of("0900");
    episode.files.push(("assets/video/kettle-boils.mp4".into(), b"film".to_vec()));
    let mut order = episode.order(&bench, 1, "enumerate");
    order.may_edit = may.iter().map(|&may| may.to_owned()).collect();
    bench.start(order);
    let ended = bench.ended(1);
    (bench, ended)
}

#[test]
fn files_are_renamed_with_the_notes_that_name_them() {
    let (_, ended) = enumerated(&["cue.*", "renames"]);
    let renames = finished(ended).edits.expect("edits").renames;
    let film = renames.iter().find(|rename| rename.from.path.ends_with("/kettle-boils.mp4")).expect("it is named");
    assert_eq!(&*film.with.path, "episodes/0900/rundown/10 Cold Open.md");
    assert_eq!(&*film.to.path, "episodes/0900/assets/video/10-kettle-boils.mp4");
}

#[test]
fn a_step_that_may_not_rename_has_failed_when_it_does() {
    let (_, ended) = enumerated(&["cue.*"]);
    let why = why(ended);
    assert!(why.contains("it renames files with episodes/0900/rundown/"), "{why}");
}

#[test]
fn a_better_slug_is_proposed_together_with_the_names_of_its_media() {
    let bench = Bench::new();
    let note = "---\nslug: tea\n---\n\n<!-- Begin Cue -->\n[Type: GFX]\n[AssetID: GFXMSA79Z40K3TT1E]\n\
                [Slug: LUV my Gov!]\n[MediaURL: ../assets/graphics/LUV my Gov!.png]\n<!-- End Cue -->\n";
    let mut order = built_in(1, "cue_repair");
    order.inputs = vec![
        bench.text("item", "episodes/0900/rundown/10 Tea.md", note),
        OrderInput::List {
            role: "media".into(),
            files: vec![("episodes/0900/assets/graphics/LUV my Gov!.png".into(), 9)],
        },
    ];
    bench.start(order);
    let proposal = finished(bench.ended(1)).proposals.remove(0);
    let summary = "slug LUV my Gov! → luv-my-gov, assets/graphics/LUV my Gov!.png → assets/graphics/luv-my-gov.png";
    assert_eq!((proposal.code.as_str(), proposal.summary.as_str()), ("SLUG_BAD", summary));
    assert_eq!(proposal.renames.len(), 1);
    assert_eq!(&*proposal.renames[0].to.path, "episodes/0900/assets/graphics/luv-my-gov.png");
}

#[test]
fn a_step_reports_how_far_it_is() {
    let bench = Bench::new();
    bench.start(compile(&bench, &Episode::of("0900"), 1));
    bench.event("progress", |event| matches!(event, show_core::Event::AttemptProgressed { percent: Some(_), .. }));
    finished(bench.ended(1));
}
