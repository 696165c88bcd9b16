//! The blob store by itself: whole or absent, once, checked, and swept with care.

use show_publish::{BlobError, Blobs, Digest, Keep, Swept};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

fn store() -> (tempfile::TempDir, Blobs) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let blobs = Blobs::open(&dir.path().join("state/blobs")).expect("opens");
    (dir, blobs)
}

fn files(dir: &tempfile::TempDir) -> Vec<PathBuf> {
    let (mut files, mut open) = (Vec::new(), vec![dir.path().join("state/blobs")]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("lists").flatten() {
            if entry.path().is_dir() { open.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files
}

#[test]
fn text_is_packed_and_everything_comes_back_as_it_was() {
    let (dir, blobs) = store();
    let text = "a line that repeats itself\n".repeat(10_000);
    let film: Vec<u8> = (0..300_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    for bytes in [text.as_bytes(), &film, b"", b"\xff\xfe", "ends in half a character: \u{e9}".as_bytes()] {
        let digest = blobs.put(bytes, Keep::Durably).expect("puts");
        assert_eq!(digest, Digest::of(bytes));
        assert_eq!(blobs.put_all(bytes, Keep::Loosely).expect("puts"), digest);
        assert_eq!(blobs.get(&digest).expect("gets"), bytes);
        assert!(blobs.has(&digest) && blobs.is_whole(&digest));
    }
    assert_eq!(files(&dir).len(), 5, "each is kept once, and nothing is left half written");
    let sizes: u64 = files(&dir).iter().map(|path| fs::metadata(path).expect("is there").len()).sum();
    assert!(sizes < film.len() as u64 + 10_000);
}

#[test]
fn a_missing_blob_is_said_to_be_missing() {
    let (_dir, blobs) = store();
    let digest = Digest::of(b"never put");
    assert!(!blobs.has(&digest) && !blobs.is_whole(&digest));
    assert!(matches!(blobs.get(&digest), Err(BlobError::Missing { .. })));
}

#[test]
fn a_damaged_blob_is_noticed_and_putting_it_again_heals_it() {
    for bytes in [&b"text text text text text"[..], b"\0binary\xff\0binary\xff"] {
        for damage in [0, 1, 2] {
            let (dir, blobs) = store();
            let digest = blobs.put(bytes, Keep::Loosely).expect("puts");
            let path = files(&dir).remove(0);
            let mut on_disk = fs::read(&path).expect("reads");
            match damage {
                0 => on_disk.clear(),
                1 => on_disk.truncate(on_disk.len() - 1),
                _ => on_disk[3] ^= 1,
            }
            fs::write(&path, on_disk).expect("damages");
            assert!(matches!(blobs.get(&digest), Err(BlobError::Damaged { .. })), "{damage}");
            let mut all = Vec::new();
            assert!(blobs.reader(&digest).expect("opens").read_to_end(&mut all).is_err());
            assert!(!blobs.is_whole(&digest));
            assert_eq!(blobs.put(bytes, Keep::Durably).expect("puts again"), digest);
            assert_eq!(blobs.get(&digest).expect("gets"), bytes);
            assert_eq!(files(&dir).len(), 1);
        }
    }
}

#[test]
fn a_sweep_removes_what_it_is_told_to_but_nothing_that_was_put_lately() {
    let (dir, blobs) = store();
    let kept = blobs.put(b"kept", Keep::Loosely).expect("puts");
    let dropped = blobs.put(b"dropped", Keep::Loosely).expect("puts");
    let young = blobs.put(b"young", Keep::Loosely).expect("puts");
    assert_eq!(blobs.sweep([dropped, young], HOUR).expect("sweeps"), Swept { kept: 2, ..Swept::default() });
    drop(blobs);
    let blobs = Blobs::open(&dir.path().join("state/blobs")).expect("opens again");
    blobs.put(b"young", Keep::Loosely).expect("puts what is there");
    let listed = blobs.list().expect("lists");
    assert_eq!(listed.keys().copied().collect::<BTreeSet<_>>(), [kept, dropped, young].into());
    let swept = blobs.sweep([dropped, young], HOUR).expect("sweeps");
    assert_eq!(swept, Swept { removed: 1, removed_bytes: listed[&dropped].bytes, kept: 1 });
    assert!(!blobs.has(&dropped) && blobs.has(&young) && blobs.has(&kept));
    assert_eq!(blobs.sweep([dropped, young], Duration::ZERO).expect("sweeps").removed, 1, "an hour later");
    assert!(blobs.has(&kept));
}

#[test]
fn what_an_earlier_process_left_half_written_goes() {
    let (dir, blobs) = store();
    drop(blobs);
    let half = dir.path().join("state/blobs/tmp/17");
    fs::write(&half, "half").expect("writes");
    let blobs = Blobs::open(&dir.path().join("state/blobs")).expect("opens again");
    assert!(!half.exists());
    blobs.put(b"x", Keep::Durably).expect("puts");
}

#[test]
fn what_another_process_is_writing_stays() {
    let (dir, first) = store();
    let root = dir.path().join("state/blobs");
    let (theirs, mut ours) = std::io::pipe().expect("a pipe");
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| first.put_all(theirs, Keep::Durably));
        std::io::Write::write_all(&mut ours, b"half of ").expect("writes");
        let half = || {
            fs::read_dir(root.join("tmp"))
                .expect("lists")
                .flatten()
                .any(|desk| fs::read_dir(desk.path()).is_ok_and(|mut files| files.next().is_some()))
        };
        while !half() {
            std::thread::yield_now();
        }
        let second = Blobs::open(&root).expect("opens beside it");
        second.put(b"another", Keep::Durably).expect("puts");
        assert!(half(), "the first is still writing");
        drop(second);
        std::io::Write::write_all(&mut ours, b"a text").expect("writes");
        drop(ours);
        let digest = writing.join().expect("no panic").expect("puts");
        assert_eq!(first.get(&digest).expect("is there"), b"half of a text");
    });
}

#[test]
fn other_people_cannot_look_into_the_store() {
    let (dir, _blobs) = store();
    let mode = fs::metadata(dir.path().join("state/blobs")).expect("is there").permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o077, 0);
}

#[test]
fn many_threads_may_put_and_sweep_at_once() {
    let (_dir, blobs) = store();
    std::thread::scope(|scope| {
        let all: Vec<Digest> = (0..100_u8).map(|n| Digest::of(&[n / 50, n % 50])).collect();
        for thread in 0..4_u8 {
            let (blobs, all) = (&blobs, all.clone());
            scope.spawn(move || {
                for n in 0..50_u8 {
                    let digest = blobs.put(&[thread / 2, n], Keep::Loosely).expect("puts");
                    assert!(blobs.is_whole(&digest), "it was put a moment ago");
                    if thread == 0 && n % 10 == 0 {
                        blobs.sweep(all.iter().copied(), HOUR).expect("sweeps");
                    }
                }
            });
        }
    });
}

#[test]
fn a_blob_is_found_by_the_beginning_of_its_digest() {
    let (_dir, blobs) = store();
    let tea = blobs.put(b"tea", Keep::Loosely).expect("writable");
    let name = tea.to_string();
    for hex in [&name[..2], &name[..9], &name] {
        assert_eq!(blobs.beginning(hex).expect("listed"), [tea], "{hex}");
    }
    for hex in ["", "0", &name[..1], "../", "tmp", "é", &format!("{name}0")] {
        assert_eq!(blobs.beginning(hex).expect("listed"), [], "{hex}");
    }
}
