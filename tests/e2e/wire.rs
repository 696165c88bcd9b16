//! What hostile or broken clients send: the daemon answers or hangs up, and others are served meanwhile.

use show_protocol::{Encoding, Hello};
use show_tests::Show;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

fn raw(show: &Show) -> UnixStream {
    let stream = UnixStream::connect(show.socket()).expect("the daemon listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    stream
}

fn frame(payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32).to_be_bytes()[..], payload].concat()
}

/// Reads to the end of the connection, which must come.
fn rest(mut stream: UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let hung_up = read.as_ref().map_or_else(|cause| cause.kind() == std::io::ErrorKind::ConnectionReset, |_| true);
    assert!(hung_up, "the daemon neither answered nor hung up: {read:?}");
    bytes
}

#[test]
fn frames_that_make_no_sense_end_their_connection_and_nobody_elses() {
    let mut show = Show::new();
    show.start();
    let hello = frame(&Hello::new("test", Encoding::Json).write());
    let version = frame(br#"{"id":1,"body":{"version":{}}}"#);
    let cases: [(&str, Vec<u8>); 13] = [
        ("a hello that is not JSON", frame(b"\x00\x01\x02")),
        (
            "a hello of another protocol",
            frame(br#"{"protocol":"ftp","versions":[1],"encodings":["json"],"client":"x"}"#),
        ),
        ("a frame longer than the cap", u32::MAX.to_be_bytes().to_vec()),
        ("an empty frame", frame(b"")),
        ("a request before the hello", version.clone()),
        ("a second hello", [hello.clone(), hello.clone()].concat()),
        ("a request without a number", [hello.clone(), frame(br#"{"id":0,"body":{"version":{}}}"#)].concat()),
        (
            "a number used twice",
            [
                hello.clone(),
                frame(br#"{"id":1,"body":{"wait":{"for":{"idle":true}}}}"#),
                version.clone(),
                version.clone(),
            ]
            .concat(),
        ),
        ("a frame cut off in its length", [hello.clone(), vec![0, 0]].concat()),
        ("a frame cut off in its payload", [hello.clone(), version[..version.len() / 2].to_vec()].concat()),
        ("a request that is not JSON", [hello.clone(), frame(b"{]")].concat()),
        ("an unknown request", [hello.clone(), frame(br#"{"id":1,"body":{"explode":{}}}"#)].concat()),
        (
            "a hello of no known version",
            frame(br#"{"protocol":"showd","versions":[99],"encodings":["json"],"client":"x"}"#),
        ),
    ];
    for (name, bytes) in cases {
        let mut stream = raw(&show);
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        rest(stream);
        assert_eq!(show.ctl(&["version"]).code, 0, "{name}: the daemon no longer answers others");
    }
    assert!(show.is_alive());
}

#[test]
fn a_frame_that_never_ends_is_given_up() {
    let mut show = Show::new();
    show.start();
    let mut half_hello = raw(&show);
    half_hello.write_all(&[0, 0]).expect("half a length");
    let mut half_request = raw(&show);
    half_request.write_all(&frame(&Hello::new("test", Encoding::Json).write())).expect("a hello");
    half_request.write_all(&[0, 0, 1, 0, b'{']).expect("half a request");
    assert_eq!(show.ctl(&["version"]).code, 0);
    rest(half_hello);
    rest(half_request);
}

#[test]
fn more_clients_than_allowed_are_told_so() {
    let mut show = Show::new();
    show.configure("clients = 4\n");
    show.start();
    let greeted: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = raw(&show);
            stream.write_all(&frame(&Hello::new("test", Encoding::Json).write())).expect("a hello");
            let mut length = [0; 4];
            stream.read_exact(&mut length).expect("a welcome");
            stream
        })
        .collect();
    let ran = show.ctl(&["version"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("client"), "{ran:?}");
    drop(greeted);
    assert!((0..100).any(|_| show.ctl(&["version"]).code == 0), "their places are free again");
}

#[test]
fn a_reader_that_does_not_read_holds_nobody_up() {
    let mut show = Show::new();
    crate::messy_episode(&show);
    show.start();
    let mut lazy = raw(&show);
    lazy.write_all(&frame(&Hello::new("lazy", Encoding::Json).write())).expect("a hello");
    lazy.write_all(&frame(br#"{"id":1,"body":{"follow":{"from":1,"snapshot":true,"progress":true}}}"#))
        .expect("a request");
    let save = |n: u32| {
        let path = format!("episodes/0900/rundown/{n:03} More.md");
        show.write(&path, format!("---\nslug: more-{n}\norder: {n}\nstatus: production\n---\n\nMore of it.\n"));
    };
    show.idle();
    show.noticed(|| (0..30).for_each(save));
    show.idle();
    assert!(show.read(crate::HOST).contains("More of it."));
}
