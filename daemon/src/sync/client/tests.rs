//! What each version says, read: bodies as Debian's 1.19.2 gave them, and the shapes of 1.29 and 2.x.

use super::*;

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("a known shape")
}

/// 1.19.2, `GET /rest/db/file`.
const FILE_1_19: &str = r#"{"availability":[{"id":"BBBBBBB-X","fromTemporary":false}],
"global":{"deleted":false,"ignored":false,"inodeChange":"1970-01-01T01:00:00+01:00","invalid":false,"localFlags":0,
"modified":"2026-11-21T15:52:29.123456789Z","modifiedBy":"BBBBBBB","mustRescan":false,"name":"a.md","noPermissions":false,
"numBlocks":1,"permissions":"0644","sequence":7,"size":4,"type":"FILE_INFO_TYPE_FILE","version":["AAAAAAA:1","BBBBBBB:2"]},
"local":{"deleted":false,"ignored":false,"invalid":false,"localFlags":0,"modified":"2026-11-21T16:52:29.123456789+01:00",
"modifiedBy":"BBBBBBB","size":4,"version":["AAAAAAA:1","BBBBBBB:2"]},"mtime":{"err":null,"value":null}}"#;

#[test]
fn a_file_of_1_19_has_no_hash_and_its_times_are_exact() {
    let file: FileInfo = read(FILE_1_19);
    assert_eq!(file.global.vector, file.local.vector);
    assert_eq!(file.global.modified, file.local.modified, "one moment in two zones");
    assert_eq!(file.local.modified.expect("a time").as_nanosecond(), 1_795_276_349_123_456_789);
    assert_eq!((file.local.size, file.local.blocks_hash), (4, None));
    assert_eq!(file.global.editors().collect::<Vec<_>>(), ["AAAAAAA", "BBBBBBB", "BBBBBBB"]);
}

#[test]
fn a_file_of_2_x_has_the_hash_before_as_well_and_one_unknown_here_has_no_version() {
    let file: FileInfo = read(
        r#"{"availability":null,"global":{"blocksHash":"q83v","previousBlocksHash":"EjRW","deleted":true,"modified":
        "2026-11-21T15:52:29Z","modifiedBy":"BBBBBBB","name":"a.md","size":0,"version":["BBBBBBB:3"],"type":
        "FILE_INFO_TYPE_FILE"},"local":{"blocksHash":null,"deleted":false,"modified":"1970-01-01T00:00:00Z","modifiedBy":"",
        "name":"","size":0,"version":null,"type":"FILE_INFO_TYPE_FILE"},"mtime":{"err":null,"value":null}}"#,
    );
    assert!(file.global.deleted && file.local.is_none());
    assert_eq!(file.global.blocks_hash.as_deref(), Some("q83v"));
    assert_eq!(file.global.previous_blocks_hash.as_deref(), Some("EjRW"));
    assert_eq!(file.local.blocks_hash, None);
}

#[test]
fn a_watcher_delay_is_a_whole_number_in_1_19_and_a_fraction_later() {
    let old: Folder = read(
        r#"{"id":"show","label":"","path":"~/show","type":"sendreceive","paused":false,"fsWatcherEnabled":true,
        "fsWatcherDelayS":10,"maxConflicts":10,"devices":[{"deviceID":"AAAAAAA-X","introducedBy":""}]}"#,
    );
    let new: Folder = read(r#"{"id":"show","fsWatcherDelayS":0.1,"fsWatcherTimeoutS":0,"syncOwnership":false}"#);
    assert_eq!((old.fs_watcher_delay_s, new.fs_watcher_delay_s), (10.0, 0.1));
    assert_eq!(old.devices[0].id, "AAAAAAA-X");
}

#[test]
fn the_state_of_a_peer_is_said_from_1_20_on() {
    let old: Completion = read(r#"{"completion":100,"globalBytes":4,"needBytes":0,"needItems":0,"needDeletes":0}"#);
    let new: Completion =
        read(r#"{"completion":95.5,"needItems":1,"needDeletes":0,"remoteState":"paused","sequence":3}"#);
    assert_eq!(old.remote_state, None);
    assert_eq!((new.remote_state.as_deref(), new.need_items), (Some("paused"), 1));
}

#[test]
fn nothing_of_the_key_is_printed() {
    let key = Secret::new("s3cret").expect("a key");
    let client = Client::new(Found { url: "http://127.0.0.1:1".into(), key, certificate: None });
    let error = client.system().expect_err("nobody listens there");
    assert!(matches!(error, AskError::Silent { .. }));
    for text in [format!("{client:?}"), format!("{error:?}"), crate::words::because(&error)] {
        assert!(!text.contains("s3cret"), "{text}");
    }
    assert_eq!(error.to_string(), "Syncthing does not answer at http://127.0.0.1:1");
}

#[test]
fn a_path_is_escaped_whole() {
    assert_eq!(escaped("10 Cold Öpen & more?.md"), "10%20Cold%20%C3%96pen%20%26%20more%3F.md");
}

#[test]
fn a_version_includes_those_that_it_was_made_from() {
    let version =
        |vector: &[&str]| Version { vector: vector.iter().map(|&one| one.to_owned()).collect(), ..Version::default() };
    let both = version(&["AAAAAAA:9", "BBBBBBB:10"]);
    for older in [&["AAAAAAA:9", "BBBBBBB:10"][..], &["AAAAAAA:9"], &["AAAAAAA:9", "BBBBBBB:9"], &[]] {
        assert!(both.includes(&version(older)), "{older:?}");
    }
    for newer in [&["AAAAAAA:9", "BBBBBBB:11"][..], &["AAAAAAA:10"], &["CCCCCCC:1"], &["AAAAAAA:what"], &["AAAAAAA"]] {
        assert!(!both.includes(&version(newer)), "{newer:?}");
    }
}
