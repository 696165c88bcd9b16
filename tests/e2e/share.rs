//! What people and programs do to a share: folders come and go, files grow, editors and Syncthing leave their own.

use crate::{HOST, LEAK, messy_episode};
use show_tests::Show;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A place beside the share, on the same disk.
fn aside(show: &Show) -> PathBuf {
    show.state().with_file_name("aside")
}

fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) {
    let (from, to) = (from.as_ref(), to.as_ref());
    fs::rename(from, to).unwrap_or_else(|cause| panic!("{} to {}: {cause}", from.display(), to.display()));
}

fn episodes(show: &Show) -> Vec<String> {
    let page = show.json(&["episodes"]);
    let lines = page["episodes"].as_array().expect("a list of episodes");
    lines.iter().map(|line| line["episode"].as_str().expect("a number").to_owned()).collect()
}

#[test]
fn an_episode_that_is_moved_in_is_worked_on_with_all_that_is_in_it_and_moved_out_it_is_gone() {
    let mut show = Show::new();
    messy_episode(&show);
    for slug in ["watched-pot", "drip"] {
        show.write(&format!("episodes/0900/assets/graphics/quotes/{slug}.png"), "a picture");
    }
    rename(show.share().join("episodes/0900"), aside(&show));
    show.start();
    show.idle();
    assert_eq!(episodes(&show), [""; 0]);

    show.noticed(|| rename(aside(&show), show.share().join("episodes/0900")));
    show.idle();
    assert_eq!(episodes(&show), ["0900"]);
    let host = show.read(HOST);
    assert!(host.contains("100% to blame") && host.contains("And then the host spoke."), "{host}");
    let graphics = show.json(&["episode", "900"])["episode"]["stages"]["graphics"].clone();
    assert_eq!(graphics["state"], "ready", "what lies deepest was noticed as well: {graphics}");

    rename(show.share().join("episodes/0900"), aside(&show));
    show.idle();
    assert_eq!(episodes(&show), [""; 0], "{}", show.log());
    assert!(!show.exists("episodes/0900"), "nothing brings it back");
    assert_eq!(show.json(&["status"])["running"], serde_json::json!([]));
}

#[test]
fn an_episode_that_is_removed_or_renamed_while_it_is_worked_on_does_not_come_back() {
    let mut show = Show::new();
    let (share, gate) = (show.share(), tempfile::tempdir().expect("a folder"));
    show.configure_whole(&format!(
        "settle = \"50ms\"\n[pool]\ncpu = 3\n[share.show]\npath = {share:?}\n[pipeline.show-build]\nenabled = false\n\
         [pipeline.slow]\nsubject = \"shows/{{name}}/\"\non = [\"*.txt\"]\n[[pipeline.slow.step]]\nname = \"wait\"\n\
         in.text = {{ files = \"*.txt\" }}\nout.page = \"deep/er/page.html\"\nreads = [{:?}]\n\
         run = [\"sh\", \"-c\", \"until [ -e {}/go ]; do sleep 0.05; done; echo made > {{out.page}}\"]\n",
        gate.path(),
        gate.path().display(),
    ));
    for name in ["removed", "renamed", "kept"] {
        show.write(&format!("shows/{name}/words.txt"), name);
    }
    show.start();
    let begun = std::cell::Cell::new(0);
    show.event(1, "that all three run", |_, event| {
        begun.set(begun.get() + u32::from(event["kind"] == "job.started"));
        begun.get() == 3
    });
    fs::remove_dir_all(show.share().join("shows/removed")).expect("a person removes it");
    rename(show.share().join("shows/renamed"), show.share().join("shows/new name"));
    fs::write(gate.path().join("go"), "").expect("the gate opens");
    show.idle();
    for gone in ["shows/removed", "shows/renamed"] {
        assert!(!show.exists(gone), "{gone} came back\n{}", show.log());
    }
    for here in ["kept", "new name"] {
        assert_eq!(show.read(&format!("shows/{here}/deep/er/page.html")), "made\n");
    }
}

#[test]
fn what_editors_and_syncthing_put_beside_a_note_is_no_note_and_holds_back_writing_to_it() {
    let mut show = Show::new();
    messy_episode(&show);
    let beside = [".20 Leak.md.swp", ".~lock.20 Leak.md#", "~$20 Leak.md", ".syncthing.20 Leak.md.tmp"];
    let beside = beside.map(|name| format!("episodes/0900/rundown/{name}"));
    for path in &beside {
        show.write(path, LEAK.replace("slowly at first", "from a temporary file"));
    }
    show.start();
    assert_eq!(show.ctl(&["wait", "--idle", "--before-quiet", "--timeout", "100s"]).code, 0);
    assert!(!show.read(HOST).contains("from a temporary file"));
    assert_eq!(show.json(&["episode", "900"])["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(show.read("episodes/0900/rundown/20 Leak.md"), LEAK, "somebody is at work on it");

    // Syncthing brings a note: only its last name counts.
    let new = "episodes/0900/rundown/40 New.md";
    let text = "---\nslug: new\norder: 40\nstatus: production\ntitle: New\n---\n\nNews from another desk.\n";
    show.write("episodes/0900/rundown/.syncthing.40 New.md.tmp", text);
    show.noticed(|| {
        rename(show.share().join("episodes/0900/rundown/.syncthing.40 New.md.tmp"), show.share().join(new));
    });
    assert_eq!(show.ctl(&["wait", "--idle", "--before-quiet", "--timeout", "100s"]).code, 0);
    assert!(show.read(HOST).contains("News from another desk."));

    for path in &beside {
        fs::remove_file(show.share().join(path)).expect("the program ends");
    }
    show.seen(&["publish.done", "20 Leak.md"]);
    show.idle();
    assert!(!show.read("episodes/0900/rundown/20 Leak.md").contains("pending"));
}

#[test]
fn a_film_that_still_grows_is_not_touched_and_not_forgotten() {
    let mut show = Show::new();
    show.configure("settle = \"100ms\"\nsettle_media = \"2s\"\nquiet = \"300ms\"\n");
    messy_episode(&show);
    let film = "episodes/0900/assets/video/steam.wav";
    show.write(film, "");
    let cue = "<!-- Begin Cue -->\n[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1E]\n[Slug: steam]\n\
               [MediaURL: assets/video/steam.wav]\n<!-- End Cue -->\n";
    let note = "episodes/0900/rundown/25 Clips.md";
    let text = format!("---\nslug: clips\norder: 25\nstatus: production\ntitle: Clips\n---\n\nFirst words.\n\n{cue}");
    show.write(note, &text);

    let (sound, done, at) = (sound(), AtomicBool::new(false), show.share().join(film));
    let (head, tail) = sound.split_at(sound.len() / 2);
    let probed = |show: &Show| {
        let page = show.json(&["jobs", "--step", "probe", "--all"]);
        page["jobs"].as_array().expect("jobs").iter().filter(|job| job["attempt"] != 0).count()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::OpenOptions::new().append(true).open(&at).expect("it is there");
            file.write_all(head).expect("the copy begins");
            while !done.load(Ordering::Relaxed) {
                file.write_all(&[0; 4]).expect("the copy goes on");
                std::thread::sleep(Duration::from_millis(20));
            }
            file.write_all(tail).expect("the copy ends");
        });
        let _open = Open(&done);
        show.start();
        show.seen(&["job.done", "compile"]);
        // Whoever works on the words meanwhile does not wait for the film.
        for word in ["Second", "Third"] {
            let from = show.next_event();
            show.write(note, text.replace("First", word));
            show.seen_from(from, &["job.done", "compile"]);
        }
        assert_eq!(probed(&show), 0, "it is still being copied");
    });
    show.idle();
    assert_eq!(probed(&show), 1, "{}", show.ctl(&["jobs", "--all"]).out);
    assert!(show.read(note).contains("[Duration: 00:00:0"), "it was measured whole: {}", show.read(note));
}

/// Ends the copying, also when the test fails.
struct Open<'a>(&'a AtomicBool);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Three seconds of silence as a WAV file, whose header asks for more than there is: it may grow.
fn sound() -> Vec<u8> {
    const RATE: u32 = 8_000;
    let mut bytes = b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(RATE.to_le_bytes());
    bytes.extend((RATE * 2).to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data\xff\xff\xff\x7f");
    bytes.resize(44 + RATE as usize * 2 * 3, 0);
    bytes
}

#[test]
fn a_proposal_waits_for_a_person_who_accepts_or_rejects_it() {
    let mut show = Show::new();
    messy_episode(&show);
    let note = cards(&show, "production");
    show.start();
    show.idle();
    let open = || show.json(&["proposals"])["proposals"].as_array().expect("a list").clone();
    let of = |words: &str| {
        let found = open().into_iter().find(|one| one["summary"].as_str().is_some_and(|text| text.contains(words)));
        found.unwrap_or_else(|| panic!("nothing is proposed for {words}: {:?}", open()))["proposal"].to_string()
    };
    assert!(show.read(note).contains("[Slug: LUV my Gov!]"), "nothing happens before somebody says so");

    let (luv, tea) = (of("LUV my Gov!"), of("Tea & Sympathy"));
    let shown = show.ctl(&["proposals", &luv]).out;
    assert!(shown.contains("-[Slug: LUV my Gov!]") && shown.contains("+[Slug: luv-my-gov]"), "{shown}");
    assert_eq!(show.ctl(&["reject", &tea]).code, 0);
    assert_eq!(show.ctl(&["accept", &luv]).code, 0);
    show.seen(&["publish.done", "25 Cards.md"]);
    show.idle();
    let now = show.read(note);
    assert!(now.contains("[Slug: luv-my-gov]") && now.contains("assets/graphics/luv-my-gov.png"), "{now}");
    assert!(now.contains("[Slug: Tea & Sympathy]"), "{now}");
    assert_eq!(show.read("episodes/0900/assets/graphics/luv-my-gov.png"), "a picture");
    assert!(!show.exists("episodes/0900/assets/graphics/LUV my Gov!.png"));
    assert!(show.exists("episodes/0900/assets/graphics/Tea & Sympathy.png"));

    // What was rejected is not proposed again, whatever else happens to the note.
    show.noticed(|| show.write(note, now.replace("Words.", "Other words.")));
    show.idle();
    assert!(open().iter().all(|one| !one["summary"].to_string().contains("Tea & Sympathy")), "{:?}", open());
    let again = show.ctl(&["accept", &tea]);
    assert_eq!(again.code, 4, "it was rejected: {again:?}");
    assert!(show.read(note).contains("[Slug: Tea & Sympathy]"));
}

#[test]
fn a_note_that_is_handed_over_by_its_status_is_mended_without_asking_and_handed_back() {
    let mut show = Show::new();
    messy_episode(&show);
    let note = "episodes/0900/rundown/25 Cards.md";
    let text = "---\nslug: cards\norder: 25\nstatus: draft\ntitle: Cards\nAssetID: SEGMSA79Z40K3TT1F\n---\n\nWords.\n\n\
                <!-- Begin Cue -->\n[Type: GFX]\n[AssetID: GFXMSA79Z40K3TT1E]\n[Slug: Tea & Sympathy]\n<!-- End Cue -->\n";
    show.write(note, text);
    show.start();
    show.idle();
    assert_eq!(show.read(note), text, "nothing happens before somebody says so");
    let open = || show.json(&["proposals", "--episode", "900"])["proposals"].to_string();
    assert!(open().contains("Tea & Sympathy"), "{}", open());

    show.noticed(|| show.write(note, text.replace("status: draft", "status: clean-up")));
    show.idle();
    let mended = text.replace("status: draft", "status: review").replace("Tea & Sympathy", "tea-sympathy");
    assert_eq!(show.read(note), mended);
    let writes = show.json(&["history", note])["revisions"].as_array().map_or(0, Vec::len);
    assert_eq!(writes, 3, "as it was, as it was handed over, and as it was handed back");

    // It is the person's again.
    show.noticed(|| show.write(note, mended.replace("tea-sympathy", "Tea & Milk")));
    show.idle();
    assert!(show.read(note).contains("Tea & Milk") && open().contains("Tea & Milk"));

    // Handed over once more it is mended once more; and a note with nothing to mend comes back as well.
    let milk = mended.replace("tea-sympathy", "tea-milk");
    for text in [mended.replace("tea-sympathy", "Tea & Milk"), milk.clone()] {
        show.noticed(|| show.write(note, text.replace("status: review", "status: clean-up")));
        show.idle();
        assert_eq!(show.read(note), milk);
    }
    let by = show.ctl(&["proposals", "--state", "published"]).out;
    assert!(by.contains("by hand-over"), "{by}");
}

#[test]
fn a_picture_of_an_older_text_is_noticed_until_there_is_a_new_one() {
    let mut show = Show::new();
    messy_episode(&show);
    let leak = "episodes/0900/rundown/20 Leak.md";
    show.write("episodes/0900/assets/quotes/fsq_watched-pot.png", "a picture of the pot");
    show.write("episodes/0900/assets/quotes/fsq_drip.png", "a picture of the drop");
    show.start();
    show.idle();
    let stage = || show.json(&["episode", "900"])["episode"]["stages"]["graphics"].clone();
    assert_eq!(stage()["state"], "ready", "{}", stage());

    let text = show.read(leak);
    show.noticed(|| show.write(leak, text.replace("Drip.", "Drip, drip.")));
    show.idle();
    let blocked = stage();
    assert_eq!(blocked["state"], "blocked", "{blocked}");
    assert_eq!(blocked["by"].as_array().map(Vec::len), Some(1), "{blocked}");
    let words = blocked["by"][0]["text"].as_str().unwrap_or_default();
    assert!(words.contains("drip") && words.contains("changed after the picture"), "{blocked}");

    // It was a mistake, and is taken back; then it is meant, and somebody makes the picture.
    show.noticed(|| show.write(leak, &text));
    show.idle();
    assert_eq!(stage()["state"], "ready", "{}", stage());
    show.noticed(|| show.write(leak, text.replace("Drip.", "Drip, drip, drip.")));
    show.idle();
    assert_eq!(stage()["state"], "blocked", "{}", stage());
    show.noticed(|| show.write("episodes/0900/assets/quotes/fsq_drip.png", "a picture of three drops"));
    show.idle();
    assert_eq!(stage()["state"], "ready", "{}", stage());
}

/// A note with two cues that want other slugs, and their pictures; only the first picture can be renamed.
fn cards(show: &Show, status: &str) -> &'static str {
    let cue = |id: &str, slug: &str| {
        format!(
            "<!-- Begin Cue -->\n[Type: GFX]\n[AssetID: {id}]\n[Slug: {slug}]\n\
             [MediaURL: assets/graphics/{slug}.png]\n<!-- End Cue -->\n\n"
        )
    };
    let note = "episodes/0900/rundown/25 Cards.md";
    let cues = cue("GFXMSA79Z40K3TT1E", "LUV my Gov!") + &cue("GFXMSA79Z41K3TT1D", "Tea & Sympathy");
    let text = format!("---\nslug: cards\norder: 25\nstatus: {status}\ntitle: Cards\n---\n\nWords.\n\n{cues}");
    show.write(note, &text);
    show.write("episodes/0900/assets/graphics/LUV my Gov!.png", "a picture");
    show.write("episodes/0900/assets/graphics/Tea & Sympathy.png", "another");
    note
}

#[test]
fn a_person_answers_a_proposal_by_ticking_its_box_in_the_share() {
    let mut show = Show::new();
    messy_episode(&show);
    let note = cards(&show, "production");
    show.start();
    let ballot = "showd/proposals/0900.md";
    show.seen(&["publish.done", ballot]);
    show.idle();
    let text = show.read(ballot);
    assert!(text.contains("\n-[Slug: LUV my Gov!]\n") && text.contains("\n+[Slug: luv-my-gov]\n"), "{text}");
    let box_of = |text: &str, what: &str, word: &str| {
        let after = text.split_once(what).unwrap_or_else(|| panic!("{what} is not shown:\n{text}")).1;
        let line = after.lines().find(|line| line.starts_with(&format!("- [ ] {word}"))).expect("it has boxes");
        line.to_owned()
    };
    let (yes, no) = (box_of(&text, "[Slug: LUV my Gov!]", "accept"), box_of(&text, "[Slug: Tea & Sympathy]", "reject"));
    // In place, as Obsidian does; somebody else ticks both boxes of the other one, and later makes up their mind.
    let other = box_of(&text, "[Slug: Tea & Sympathy]", "accept");
    let tick = |text: &str, boxes: &[&String]| {
        boxes.iter().fold(text.to_owned(), |text, line| text.replace(*line, &line.replace("[ ]", "[x]")))
    };
    show.write(ballot, tick(&text, &[&yes, &other, &no]));
    show.seen(&["proposal.accepted"]);
    show.seen(&["publish.done", "25 Cards.md"]);
    show.idle();
    let now = show.read(note);
    assert!(now.contains("[Slug: luv-my-gov]") && now.contains("[Slug: Tea & Sympathy]"), "{now}");
    assert_eq!(show.read("episodes/0900/assets/graphics/luv-my-gov.png"), "a picture");
    let text = show.read(ballot);
    assert!(!text.contains("LUV my Gov!") && text.contains("Both boxes are ticked"), "{text}");
    assert!(show.ctl(&["history", ballot]).out.contains("person"), "{}", show.ctl(&["history", ballot]).out);

    // And now they know.
    let maybe = |text: &str, word: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("- [x] {word}"))).expect("both are ticked");
        text.replace(line, &line.replace("[x]", "[ ]"))
    };
    show.write(ballot, maybe(&text, "accept"));
    let rejected = show.seen(&["proposal.rejected"]);
    assert!(rejected.to_string().contains("Tea & Sympathy"), "{rejected}");
    show.idle();
    assert!(!show.exists(ballot), "nothing is left to answer: {}", show.read(ballot));
    let by = show.json(&["proposals", "--state", "rejected"]).to_string();
    assert!(by.contains("a person, in") && show.read(note).contains("[Slug: Tea & Sympathy]"), "{by}");
}
