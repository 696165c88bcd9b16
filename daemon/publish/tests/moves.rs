//! Each kind of move by itself: what it does, what it leaves alone, and what it says no to.

mod common;

use common::{FULL, Scene, TIERS, intent, is_done, is_overtaken, new, remove, rename, replace};
use show_publish::{Blobs, Digest, Held, Intent, IntentId, Keep, Move, Outcome, ReadError, Source, Try};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

#[test]
fn a_person_s_text_is_replaced_and_both_texts_are_kept() {
    for tier in TIERS {
        let mut scene = Scene::new(tier);
        let base = scene.write("a/note.md", "old token-1");
        let report = scene.publish(&intent(vec![replace("a/note.md", "old token-1", "new", true)]), Try::First);
        assert!(is_done(&report), "{report:?}");
        assert_eq!(scene.read("a/note.md").as_deref(), Some("new"));
        assert_eq!(scene.blobs.get(&base).expect("the old text is a blob"), b"old token-1");
        assert_eq!(scene.blobs.get(&Digest::of(b"new")).expect("the new text is a blob"), b"new");
        assert_eq!(scene.names(), ["a/note.md"]);
        assert!(report.rescued.is_empty() && report.kept.is_empty() && report.lingering.is_empty());
    }
}

#[test]
fn a_replaced_person_s_file_is_one_millisecond_younger_than_its_base_and_no_two_texts_of_one_base_look_the_same() {
    for tier in TIERS {
        let looks = ["new 1", "new 2"].map(|new| {
            let mut scene = Scene::new(tier);
            scene.write("note.md", "old");
            let file = fs::File::options().write(true).open(scene.at("note.md")).expect("opens");
            let base = std::time::UNIX_EPOCH + std::time::Duration::new(1_700_000_000, 999_123_456);
            file.set_modified(base).expect("sets");
            drop(file);
            let report = scene.publish(&intent(vec![replace("note.md", "old", new, true)]), Try::First);
            let Outcome::Done { stamps } = &report.outcome else { panic!("{report:?}") };
            assert_eq!(stamps[0], scene.share.look("note.md").expect("looks"));
            let stamp = stamps[0].expect("a stamp");
            let later_ns = stamp.mtime_ns - 1_700_000_000_999_123_456;
            assert!((1_000_000..2_000_000).contains(&later_ns), "{later_ns}");
            (stamp.size, stamp.mtime_ns)
        });
        assert_ne!(looks[0], looks[1], "Syncthing compares these two and nothing else");
    }
}

#[test]
fn mode_owner_and_extended_attributes_stay() {
    for tier in TIERS {
        let mut scene = Scene::new(tier);
        scene.write("note.md", "old");
        let at = scene.at("note.md");
        fs::set_permissions(&at, fs::Permissions::from_mode(0o640)).expect("sets");
        let flags = rustix::fs::XattrFlags::empty();
        let named = rustix::fs::setxattr(&at, "user.show", b"yes", flags).is_ok();
        let root = rustix::process::geteuid().is_root();
        if root {
            std::os::unix::fs::chown(&at, Some(12), Some(34)).expect("gives away");
        }
        let report = scene.publish(&intent(vec![replace("note.md", "old", "new", true)]), Try::First);
        assert!(is_done(&report), "{report:?}");
        let now = fs::metadata(&at).expect("is there");
        assert_eq!(now.permissions().mode() & 0o7777, 0o640);
        if root {
            assert_eq!((now.uid(), now.gid()), (12, 34));
        }
        if named {
            let mut value = [0; 8];
            assert_eq!(rustix::fs::getxattr(&at, "user.show", &mut value[..]), Ok(3));
        } else {
            println!("skipped: no extended attributes here");
        }
    }
}

#[test]
fn equal_bytes_are_not_written_and_not_touched() {
    for tier in TIERS {
        let mut scene = Scene::new(tier);
        scene.write("note.md", "same");
        scene.write("made.txt", "made");
        let before = [scene.share.look("note.md").expect("looks"), scene.share.look("made.txt").expect("looks")];
        let moves = vec![replace("note.md", "other", "same", true), new("made.txt", "made")];
        let report = scene.publish(&intent(moves), Try::First);
        assert_eq!(report.outcome, Outcome::Done { stamps: before.to_vec() });
        let moves = vec![replace("note.md", "same", "same", true)];
        let report = scene.publish(&intent(moves), Try::First);
        assert_eq!(report.outcome, Outcome::Done { stamps: before[..1].to_vec() });
        assert_eq!(scene.share.look("note.md").expect("looks"), before[0]);
    }
}

#[test]
fn a_text_that_changed_since_it_was_read_is_left_alone() {
    for tier in TIERS {
        let mut scene = Scene::new(tier);
        scene.write("note.md", "newer token-1");
        let before = scene.share.look("note.md").expect("looks");
        let report = scene.publish(&intent(vec![replace("note.md", "old", "new", true)]), Try::First);
        assert!(is_overtaken(&report), "{report:?}");
        assert_eq!(scene.share.look("note.md").expect("looks"), before);
        assert_eq!(scene.names(), ["note.md"]);
    }
}

#[test]
fn a_text_that_somebody_put_back_is_left_alone_once_it_was_seen_otherwise() {
    // A crash between our last move and its record, and a person who undoes it meanwhile: no slot tells of it.
    for (tier, attempt) in TIERS.into_iter().flat_map(|tier| [(tier, Try::First), (tier, Try::Again)]) {
        let mut scene = Scene::new(tier);
        scene.write("note.md", "old");
        let quiet = scene.share.look("note.md").expect("looks");
        let mut made = replace("note.md", "old", "new", true);
        if let Move::Replace { seen, .. } = &mut made {
            *seen = quiet;
        }
        assert!(is_done(&scene.publish(&intent(vec![made.clone()]), Try::First)));
        scene.write("note.md", "old");
        let before = scene.share.look("note.md").expect("looks");
        let report = scene.publish(&intent(vec![made]), attempt);
        assert!(is_overtaken(&report), "{report:?}");
        assert_eq!(scene.share.look("note.md").expect("looks"), before);
        assert_eq!(scene.names(), ["note.md"]);
    }
}

#[test]
fn a_missing_file_is_not_made_anew() {
    // Syncthing removes, then renames in: for a moment the name is free, and that is no deletion.
    for tier in TIERS {
        let scene = Scene::new(tier);
        fs::create_dir(scene.at("a")).expect("makes");
        for path in ["note.md", "a/note.md", "b/note.md"] {
            let report = scene.publish(&intent(vec![replace(path, "old", "new", true)]), Try::First);
            assert!(is_overtaken(&report), "{report:?}");
        }
        assert!(scene.names().is_empty() && !scene.at("b").exists());
    }
}

#[test]
fn a_new_file_gets_its_directories_and_never_takes_a_taken_name() {
    for tier in TIERS {
        let mut scene = Scene::new(tier);
        let report = scene.publish(&intent(vec![new("a/b/c.txt", "new")]), Try::First);
        assert!(is_done(&report), "{report:?}");
        assert_eq!(report.made, ["a", "a/b"]);
        assert_eq!(scene.read("a/b/c.txt").as_deref(), Some("new"));
        scene.write("a/taken.txt", "theirs");
        let report = scene.publish(&intent(vec![new("d/e.txt", "e"), new("a/taken.txt", "new")]), Try::First);
        assert!(is_overtaken(&report), "{report:?}");
        assert_eq!(scene.names(), ["a/b/c.txt", "a/taken.txt"]);
        assert!(!scene.at("d").exists() && report.made.is_empty());
    }
}

#[test]
fn a_file_is_renamed_but_never_over_another() {
    for tier in TIERS {
        let mut scene = Scene::new(tier);
        scene.write("a.md", "a");
        scene.write("b.md", "b");
        let before = scene.share.look("a.md").expect("looks").expect("is there");
        let report = scene.publish(&intent(vec![rename("a.md", "b.md", "a")]), Try::First);
        assert!(is_overtaken(&report), "{report:?}");
        let report = scene.publish(&intent(vec![rename("a.md", "old/a.md", "a")]), Try::First);
        let Outcome::Done { stamps } = &report.outcome else { panic!("{report:?}") };
        assert_eq!(stamps[0].expect("a stamp").inode, before.inode);
        assert_eq!(stamps[0].expect("a stamp").mtime_ns, before.mtime_ns);
        assert_eq!(scene.names(), ["b.md", "old/a.md"]);
    }
}

#[test]
fn a_file_is_removed_only_while_it_is_what_was_read() {
    for tier in TIERS {
        let mut scene = Scene::new(tier);
        let base = scene.write("a.md", "a");
        scene.write("b.md", "b now");
        let report = scene.publish(&intent(vec![remove("a.md", "a", true)]), Try::First);
        assert_eq!(report.outcome, Outcome::Done { stamps: vec![None] });
        assert!(scene.blobs.has(&base));
        let report = scene.publish(&intent(vec![remove("b.md", "b", true)]), Try::First);
        assert!(is_overtaken(&report), "{report:?}");
        assert_eq!(scene.names(), ["b.md"]);
    }
}

#[test]
fn several_moves_happen_as_one_or_not_at_all() {
    for tier in TIERS {
        let mut scene = Scene::new(tier);
        for name in ["a", "b", "c"] {
            scene.write(name, name);
        }
        let moves = |last: &str| {
            vec![replace("a", "a", "a2", true), rename("b", "old/b", "b"), new("b", "b2"), remove("c", last, false)]
        };
        let report = scene.publish(&intent(moves("not c")), Try::First);
        assert!(is_overtaken(&report), "{report:?}");
        assert_eq!(scene.names(), ["a", "b", "c"]);
        assert_eq!(scene.read("a").as_deref(), Some("a"));
        let report = scene.publish(&intent(moves("c")), Try::First);
        assert!(is_done(&report), "{report:?}");
        assert_eq!(scene.names(), ["a", "b", "old/b"]);
        assert_eq!([scene.read("a"), scene.read("b"), scene.read("old/b")].map(Option::unwrap), ["a2", "b2", "b"]);
    }
}

#[test]
fn names_may_go_round_in_one_intent() {
    for tier in TIERS {
        let mut scene = Scene::new(tier);
        scene.write("10 a.md", "a");
        scene.write("20 b.md", "b");
        let moves = vec![
            rename("10 a.md", "x.md", "a"),
            rename("20 b.md", "10 a.md", "b"),
            rename("x.md", "20 b.md", "a"),
            replace("20 b.md", "a", "order: 20", true),
        ];
        let report = scene.publish(&intent(moves), Try::First);
        assert!(is_done(&report), "{report:?}");
        assert_eq!(scene.read("10 a.md").as_deref(), Some("b"));
        assert_eq!(scene.read("20 b.md").as_deref(), Some("order: 20"));
        assert_eq!(scene.names(), ["10 a.md", "20 b.md"]);
    }
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let mut scene = Scene::new(FULL);
    scene.write("file", "x");
    fs::create_dir(scene.at("dir")).expect("makes");
    std::os::unix::fs::symlink("file", scene.at("link")).expect("links");
    std::os::unix::fs::symlink("/etc", scene.at("out")).expect("links");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, scene.at("pipe"), mode).expect("pipes");
    scene.write("locked", "x");
    fs::set_permissions(scene.at("locked"), fs::Permissions::from_mode(0o444)).expect("sets");
    scene.write("shut/file", "x");
    fs::set_permissions(scene.at("shut"), fs::Permissions::from_mode(0o555)).expect("sets");
    let refusals: Vec<_> = ["dir", "link", "out/hostname", "pipe", "locked", "shut/file", "../file", "/file", "file/x"]
        .into_iter()
        .map(|path| match scene.publish(&intent(vec![replace(path, "x", "new", true)]), Try::First).outcome {
            Outcome::Refused { path: said, why } => format!("{said}: {why}"),
            other => panic!("{path}: {other:?}"),
        })
        .collect();
    assert_eq!(
        refusals,
        [
            "dir: it is a directory, not a file",
            "link: it is a symbolic link, not a file",
            "out/hostname: it is behind a symbolic link, not a file",
            "pipe: it is a named pipe, not a file",
            "locked: it is write-protected",
            "shut/file: its directory is write-protected",
            "../file: it cannot be published to: it has an empty part, a \".\" or a \"..\"",
            "/file: it cannot be published to: it has an empty part, a \".\" or a \"..\"",
            "file/x: it is below something that is no directory, not a file",
        ]
        .map(|line| line.replace(", not a file", ""))
    );
    for path in ["dir", "link", "pipe", "a.sync-conflict-20260801-081936-ABCDEF2.md"] {
        let report = scene.publish(&intent(vec![new(path, "new")]), Try::First);
        assert!(matches!(report.outcome, Outcome::Refused { .. }), "{path}: {report:?}");
    }
    assert!(scene.temps().is_empty());
    fs::set_permissions(scene.at("shut"), fs::Permissions::from_mode(0o755)).expect("sets");
}

#[test]
fn moves_that_contradict_each_other_are_refused_before_anything_happens() {
    let mut scene = Scene::new(FULL);
    scene.write("a", "a");
    for moves in [
        vec![remove("a", "a", false), replace("a", "a", "b", false)],
        vec![new("n", "n"), new("n", "m")],
        vec![new("n", "n"), replace("n", "n", "m", false)],
        vec![rename("a", "a", "a")],
    ] {
        let report = scene.publish(&intent(moves), Try::First);
        assert!(matches!(report.outcome, Outcome::Refused { .. }), "{report:?}");
    }
    assert_eq!(scene.names(), ["a"]);
}

#[test]
fn new_bytes_come_from_a_blob_a_file_or_memory_and_must_be_the_promised_ones() {
    let scene = Scene::new(FULL);
    let digest = scene.blobs.put(b"bytes", Keep::Loosely).expect("puts");
    fs::write(scene.outside("output"), "bytes").expect("writes");
    let sources = [Source::Blob, Source::File(scene.outside("output")), Source::Bytes((*b"bytes").into())];
    for (i, source) in sources.into_iter().enumerate() {
        let step = show_publish::Move::New { path: format!("{i}"), new: digest, source };
        assert!(is_done(&scene.publish(&intent(vec![step]), Try::First)));
    }
    let missing = Digest::of(b"other");
    for source in [Source::Blob, Source::File(scene.outside("none")), Source::Bytes((*b"bytes").into())] {
        let step = show_publish::Move::New { path: "3/4".to_owned(), new: missing, source };
        let report = scene.publish(&intent(vec![step]), Try::First);
        assert!(matches!(report.outcome, Outcome::Refused { .. }), "{report:?}");
    }
    assert_eq!(scene.names(), ["0", "1", "2"]);
    assert!(!scene.at("3").exists());
}

#[test]
fn a_file_that_is_open_for_writing_is_left_alone() {
    for tier in TIERS {
        let mut scene = Scene::new(tier);
        scene.write("note.md", "old");
        assert_eq!(scene.share.held("note.md").expect("asks"), Held::No);
        let reader = fs::File::open(scene.at("note.md")).expect("opens");
        assert_eq!(scene.share.held("note.md").expect("asks"), Held::No);
        let writer = fs::OpenOptions::new().append(true).open(scene.at("note.md")).expect("opens");
        assert_eq!(scene.share.held("note.md").expect("asks"), Held::ForWriting);
        let moves = vec![replace("note.md", "old", "new", true)];
        let report = scene.publish(&intent(moves.clone()), Try::First);
        assert!(is_overtaken(&report), "{report:?}");
        drop((reader, writer));
        assert!(is_done(&scene.publish(&intent(moves), Try::First)));
    }
}

#[test]
fn reading_returns_whole_files_within_bounds_and_nothing_else() {
    let mut scene = Scene::new(FULL);
    let digest = scene.write("note.md", "text");
    let snapshot = scene.share.snapshot("note.md", 4).expect("reads");
    assert_eq!((snapshot.bytes.as_slice(), snapshot.digest), (&b"text"[..], digest));
    assert_eq!(scene.share.hash("note.md").expect("reads"), (snapshot.stamp, digest));
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, scene.at("pipe"), mode).expect("pipes");
    std::os::unix::fs::symlink("note.md", scene.at("link")).expect("links");
    assert!(matches!(scene.share.snapshot("note.md", 3), Err(ReadError::TooBig { size: 4, bytes_max: 3, .. })));
    assert!(matches!(scene.share.snapshot("none", 9), Err(ReadError::Gone { .. })));
    assert!(matches!(scene.share.snapshot("no/ne", 9), Err(ReadError::Gone { .. })));
    for path in ["pipe", "link", ".", "note.md/x"] {
        let error = scene.share.snapshot(path, 9).expect_err(path);
        assert!(matches!(error, ReadError::NotAFile { .. } | ReadError::BadPath { .. }), "{error}");
    }
    assert_eq!(scene.share.look("pipe").expect("looks"), None);
}

#[test]
fn temporary_files_of_forgotten_intents_are_rescued_and_removed() {
    let mut scene = Scene::new(FULL);
    scene.write("a/.syncthing.showd-5-0.tmp", "theirs token-1");
    scene.write("a/.syncthing.showd-5-1.part.tmp", "half");
    scene.write("a/.syncthing.showd-6-0.tmp", "known");
    scene.write("a/.syncthing.note.md.tmp", "a pull");
    fs::write(scene.at("a").join(std::ffi::OsString::from("caf\u{e9}")), "x").expect("writes");
    let odd: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(&b"not utf-8 \xff"[..]);
    fs::create_dir(scene.at("").join(odd)).expect("makes");
    let known = [IntentId::from(6)].into();
    // Staged or displaced, and safe: nothing to tell.
    scene.blobs.put(b"a blob", Keep::Durably).expect("keeps");
    scene.write("a/.syncthing.showd-5-2.tmp", "a blob");
    let swept = scene.share.sweep_temps(&scene.blobs, &known).expect("sweeps");
    assert_eq!((swept.removed, swept.rescued.len(), swept.left.len()), (3, 1, 0), "{swept:?}");
    assert_eq!(scene.blobs.get(&swept.rescued[0].digest).expect("kept"), b"theirs token-1");
    assert_eq!(scene.temps(), ["a/.syncthing.showd-6-0.tmp"]);
    assert!(scene.at("a/.syncthing.note.md.tmp").exists());
}

#[test]
fn an_intent_tried_before_is_not_begun_as_new() {
    let mut scene = Scene::new(FULL);
    scene.write(".syncthing.showd-7-0-17762fdd.tmp", "what is this");
    scene.write("a", "a");
    let report = scene.publish(&intent(vec![replace("a", "a", "b", true)]), Try::First);
    assert!(matches!(report.outcome, Outcome::Refused { .. }), "{report:?}");
    assert_eq!(scene.temps().len(), 1);
    let other =
        Intent { id: IntentId::new("ctl1").expect("a name"), moves: vec![replace("a", "a", "b", true)], home: None };
    assert!(is_done(&scene.publish(&other, Try::First)));
}

#[test]
fn a_store_can_be_opened_again() {
    let scene = Scene::new(FULL);
    let digest = scene.blobs.put(b"text", Keep::Durably).expect("puts");
    let again = Blobs::open(&scene.outside("blobs")).expect("opens");
    assert_eq!(again.get(&digest).expect("reads"), b"text");
}
