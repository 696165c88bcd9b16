//! What is found to speak against a write, from what Syncthing said.

mod answers;

use super::client::{FileInfo, Folder, Version};
use super::known::Place;
use super::*;
use show_core::Time;

const NOTE: &str = "episodes/0900/rundown/10 Cold Open.md";

fn inner() -> Inner {
    let folder = Folder { id: "show".into(), path: "/srv/show".into(), ..Folder::default() };
    let mut known = Known { me: "AAAAAAA-1".into(), places: vec![Place::new(folder, "")], ..Known::default() };
    known.names.insert("BBBBBBB-2".into(), "laptop".into());
    Inner {
        roots: [(ShareId(0), Root { path: "/srv/show/notes".into(), away: Away::default(), remote_quiet_ms: None })]
            .into(),
        state: PathBuf::from("/nowhere"),
        board: Board::default(),
        clock: Arc::new(Clock::new()),
        hints: Arc::new(|_| ()),
        known: Mutex::new(known),
        riddles: Mutex::default(),
        loss: Mutex::default(),
        silence: Mutex::new(Silence::Answers),
    }
}

fn version(vector: &[&str], by: &str) -> Version {
    Version {
        vector: vector.iter().map(|counter| (*counter).to_owned()).collect(),
        modified: Some("2026-11-21T15:52:29.5Z".parse().expect("a time")),
        modified_by: by.to_owned(),
        size: 4,
        ..Version::default()
    }
}

const LIES_NS: i64 = 1_795_276_349_500_000_000;

fn lies<'a>(file: &'a FilePath, size: u64, mtime_ns: i64, bytes: Option<&'a [u8]>) -> Lies<'a> {
    Lies { file, size, mtime_ns, ctime_ns: LIES_NS, bytes }
}

fn compared(global: Version, local: Version) -> Option<Disquiet> {
    compared_with(global, local, 4, LIES_NS)
}

fn compared_with(global: Version, local: Version, size: u64, mtime_ns: i64) -> Option<Disquiet> {
    let file = FilePath { share: ShareId(0), path: NOTE.into() };
    inner().compare(Some(&FileInfo { global, local }), &lies(&file, size, mtime_ns, None))
}

#[test]
fn the_newest_of_all_that_lies_here_is_quiet() {
    let one = version(&["AAAAAAA:1", "BBBBBBB:2"], "BBBBBBB");
    assert_eq!(compared(one.clone(), one), None);
}

#[test]
fn what_is_newer_elsewhere_is_named_by_its_device() {
    let (newer, older) = (version(&["BBBBBBB:3"], "BBBBBBB"), version(&["BBBBBBB:2"], "BBBBBBB"));
    let elsewhere = Disquiet::NewerElsewhere { by: "laptop".into() };
    assert_eq!(compared(newer.clone(), older.clone()), Some(elsewhere.clone()));
    assert_eq!(compared(newer.clone(), Version::default()), Some(elsewhere.clone()), "it never came here");
    assert_eq!(compared(Version { deleted: true, ..newer }, older), Some(elsewhere), "somebody deleted it");
}

#[test]
fn bytes_that_syncthing_has_not_seen_are_not_quiet() {
    let one = version(&["AAAAAAA:1"], "AAAAAAA");
    assert_eq!(compared_with(one.clone(), one.clone(), 5, LIES_NS), Some(Disquiet::NotIndexed));
    assert_eq!(compared_with(one.clone(), one.clone(), 4, LIES_NS + 1), Some(Disquiet::NotIndexed));
    let gone = Version { deleted: true, ..one };
    assert_eq!(compared(gone.clone(), gone), Some(Disquiet::NotIndexed), "it was made again");
    let file = FilePath { share: ShareId(0), path: NOTE.into() };
    let lies = lies(&file, 4, LIES_NS, None);
    assert_eq!(inner().compare(None, &lies), Some(Disquiet::NotIndexed), "it was never heard of");
}

#[test]
fn a_hash_of_the_bytes_counts_more_than_their_time() {
    use base64::Engine as _;
    use sha2::{Digest as _, Sha256};
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(Sha256::digest(b"tea\n")));
    let one = Version { blocks_hash: Some(hash), ..version(&["AAAAAAA:1"], "AAAAAAA") };
    let file = FilePath { share: ShareId(0), path: NOTE.into() };
    let info = FileInfo { global: one.clone(), local: one };
    let lies = |bytes, mtime_ns| lies(&file, 4, mtime_ns, Some(bytes));
    assert_eq!(inner().compare(Some(&info), &lies(b"tea\n", 0)), None);
    assert_eq!(inner().compare(Some(&info), &lies(b"ale\n", LIES_NS)), Some(Disquiet::NotIndexed));
}

#[test]
fn what_came_from_another_device_is_left_alone_until_the_next_save_would_be_known() {
    let inner = inner();
    let file = FilePath { share: ShareId(0), path: NOTE.into() };
    let lies = lies(&file, 4, LIES_NS, None);
    let theirs = version(&["AAAAAAA:1", "BBBBBBB:2"], "BBBBBBB");
    let came = Time(LIES_NS / 1_000_000);
    let at = |ms: u64| inner.changed_elsewhere(90_000, &theirs, &lies, came.plus_ms(ms));
    let elsewhere = Disquiet::ChangedElsewhere { by: "laptop".into(), until: came.plus_ms(90_000) };
    assert_eq!(
        elsewhere.to_string(),
        "it was changed on laptop a moment ago, and another save there may not have arrived yet"
    );
    assert_eq!((at(0), at(89_999)), (Some(elsewhere.clone()), Some(elsewhere)));
    assert_eq!(at(90_000), None);
    let ours = Version { modified_by: "AAAAAAA".into(), ..theirs };
    assert_eq!(inner.changed_elsewhere(90_000, &ours, &lies, came), None, "theirs is in it, from long ago");
    let second = came.0 / 1_000;
    let ours = Version { vector: vec!["AAAAAAA:1".into(), format!("BBBBBBB:{second}")], ..ours };
    assert!(inner.changed_elsewhere(90_000, &ours, &lies, came).is_some(), "somebody here went on with it");
    let long_ago = Time(came.0 - 91_000);
    assert_eq!(inner.changed_elsewhere(90_000, &ours, &lies, long_ago), None, "a clock was set back");
}

#[test]
fn who_is_waited_for_is_the_shares_policy() {
    let inner = inner();
    let day = |days: i64| Time(days * DAY_MS);
    let awaited = |away, now| inner.is_awaited("BBBBBBB-2", away, now);
    let grace = Away::Grace { days: 2 };
    assert!(awaited(Away::Strict, day(9)) && !awaited(Away::Bold, day(9)));
    assert!(!awaited(grace, day(9)), "it was never seen");
    let seen = jiff::Timestamp::from_millisecond(day(7).0).expect("a time");
    inner.known().last_seen.insert("BBBBBBB-2".into(), seen);
    assert!(awaited(grace, day(9)) && !awaited(grace, Time(day(9).0 + 1)));
    let connection = client::Connection { connected: true, ..client::Connection::default() };
    inner.known().connections.insert("BBBBBBB-2".into(), connection);
    assert!(awaited(grace, day(99)), "it is here and may be busy");
}

#[test]
fn a_hint_leads_to_the_share_below_the_folder() {
    let inner = inner();
    let file = inner.file_of("show", &format!("notes/{NOTE}"));
    assert_eq!(file, Some(FilePath { share: ShareId(0), path: NOTE.into() }));
    assert_eq!((inner.file_of("show", "films/a.mov"), inner.file_of("other", NOTE)), (None, None));
}

#[test]
fn a_device_that_came_back_is_given_the_time_to_say_what_was_done_there() {
    let inner = inner();
    inner.known().places[0].folder.devices.push(client::Sharing { id: "BBBBBBB-2".into() });
    let client = Client::new(home::Found {
        url: "http://127.0.0.1:1".into(),
        key: secret::Secret::new("s3cret").expect("a key"),
        certificate: None,
    });
    let at = |away| At {
        client: client.clone(),
        folder: "show".into(),
        is_paused: false,
        path: NOTE.into(),
        away,
        window_ms: 90_000,
    };
    let now = Time(1_000_000);
    inner.known().back.insert("BBBBBBB-2".into(), now);
    assert_eq!(inner.back_lately(&at(Away::Strict), now), None, "nobody edits there");
    inner.known().note_editors("show", ["BBBBBBB"].into_iter());
    let back = Disquiet::BackLately { device: "laptop".into(), until: Time(1_090_000) };
    assert_eq!(back.to_string(), "laptop came back a moment ago, and may still have to send what was done there");
    assert_eq!(inner.back_lately(&at(Away::Strict), now), Some(back));
    assert_eq!(inner.back_lately(&at(Away::Strict), Time(1_090_000)), None);
    assert_eq!(inner.back_lately(&at(Away::Bold), now), None, "nobody is waited for");
}

#[test]
fn a_syncthing_that_is_silent_is_waited_for_a_moment_where_it_carries_the_file() {
    let inner = inner();
    let now = inner.clock.now();
    let silent = |silence, share| {
        *inner.silence() = silence;
        inner.is_silent_for_a_moment(&FilePath { share: ShareId(share), path: NOTE.into() })
    };
    assert!(silent(Silence::Since(now), 0));
    assert!(!silent(Silence::Since(now), 1), "it does not carry that share");
    assert!(!silent(Silence::Since(Time(now.0 - 60_000)), 0), "the rules of this machine hold alone");
    let since = Time(now.0 - 60_000);
    assert!(silent(Silence::Learning { since }, 0), "however long that takes");
    assert!(!silent(Silence::Absent, 0) && !silent(Silence::Answers, 0));
    let refused = AskError::Refused { url: "http://127.0.0.1:1".into() };
    *inner.silence() = Silence::Since(since);
    inner.begins_to_answer();
    assert_eq!(*inner.silence(), Silence::Learning { since });
    inner.lost("http://127.0.0.1:1", &refused);
    assert_eq!(*inner.silence(), Silence::Since(since), "the minute is over, however often it begins to answer");
    inner.known().places.clear();
    assert!(silent(Silence::Since(now), 1), "who knows what it carries");
}

#[test]
fn a_silence_is_said_once_and_taken_back() {
    let inner = inner();
    let key = secret::Secret::new("s3cret").expect("a key");
    let url = "http://127.0.0.1:1".to_owned();
    let client = Client::new(home::Found { url, key, certificate: None });
    inner.found_again(&client);
    let at = At {
        client: client.clone(),
        folder: "show".into(),
        is_paused: false,
        path: NOTE.into(),
        away: Away::default(),
        window_ms: 0,
    };
    let file = FilePath { share: ShareId(0), path: NOTE.into() };
    let lies = lies(&file, 4, LIES_NS, None);
    let found = inner.heard(&client, inner.look(&at, &lies));
    assert_eq!(found, None, "the rules of this machine hold alone");
    assert!(inner.locate(&file).is_none(), "the next one does not wait for it");
    let said = inner.board.notices();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].text, "Syncthing at http://127.0.0.1:1 does not answer");
    inner.found_again(&client);
    assert!(inner.board.notices().is_empty());
}
