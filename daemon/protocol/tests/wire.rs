//! What goes over the socket, byte for byte, and what hostile bytes do (nothing).

mod sample;

use bytes::{BufMut, BytesMut};
use proptest::prelude::*;
use show_protocol::codec::{self, CodecError, Label};
use show_protocol::frame::{self, FRAME_BYTES_MAX};
use show_protocol::*;
use std::fmt::Write as _;
use tokio_util::codec::{Decoder as _, Encoder as _};

const BOTH: [Encoding; 2] = [Encoding::Bincode, Encoding::Json];

fn requests() -> Vec<Envelope<Request>> {
    (1..).zip(sample::requests()).map(|(id, body)| Envelope { id, body }).collect()
}

fn replies() -> Vec<Envelope<Reply>> {
    (1..).zip(sample::replies()).map(|(id, body)| Envelope { id, body }).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.chunks(40).fold(String::new(), |mut text, line| {
        text.push_str("\n   ");
        for byte in line {
            let _ = write!(text, " {byte:02x}");
        }
        text
    })
}

/// `{"id":4,"body":{"jobs":{…}}}` is called `jobs`, an answer or push by its inner name.
fn name(json: &[u8]) -> String {
    let message: serde_json::Value = serde_json::from_slice(json).unwrap();
    let key = |value: &serde_json::Value| value.as_object().unwrap().keys().next().unwrap().clone();
    let outer = key(&message["body"]);
    match outer.as_str() {
        "answer" | "push" => format!("{outer} {}", key(&message["body"][&outer])),
        _ => outer,
    }
}

#[test]
fn every_request_is_written_as_in_every_release() {
    let lines: Vec<String> = requests()
        .iter()
        .map(|request| {
            let json = Encoding::Json.write_request(request).unwrap();
            format!("{}{}\n", name(&json), hex(&Encoding::Bincode.write_request(request).unwrap()))
        })
        .collect();
    insta::assert_snapshot!("requests_v1", lines.concat());
}

#[test]
fn every_reply_is_written_as_in_every_release() {
    let lines: Vec<String> = replies()
        .iter()
        .map(|reply| {
            let json = Encoding::Json.write_reply(reply).unwrap();
            format!("{}{}\n", name(&json), hex(&Encoding::Bincode.write_reply(reply).unwrap()))
        })
        .collect();
    insta::assert_snapshot!("replies_v1", lines.concat());
}

#[test]
fn what_is_written_is_read_back_the_same_in_both_encodings() {
    for encoding in BOTH {
        for request in requests() {
            let payload = encoding.write_request(&request).unwrap();
            assert_eq!(encoding.read_request(&payload).unwrap(), request);
        }
        for reply in replies() {
            let payload = encoding.write_reply(&reply).unwrap();
            assert_eq!(encoding.read_reply(&payload).unwrap(), reply);
        }
    }
}

/// The variant's number is the byte after the id; samples count up from 0, and the number after the last is unknown.
#[test]
fn there_is_a_sample_of_every_variant() {
    let number = |payload: Vec<u8>, at: usize| usize::from(payload[at]);
    for (expected, request) in requests().iter().enumerate() {
        assert_eq!(number(Encoding::Bincode.write_request(request).unwrap(), 1), expected);
    }
    assert!(is_unknown_variant(&Encoding::Bincode.read_request(&[1, requests().len() as u8]).unwrap_err()));
    let answers = sample::answers();
    for (expected, answer) in answers.iter().enumerate() {
        let reply = Envelope { id: 1, body: Reply::from(answer.clone()) };
        assert_eq!(number(Encoding::Bincode.write_reply(&reply).unwrap(), 2), expected);
    }
    assert!(is_unknown_variant(&Encoding::Bincode.read_reply(&[1, 0, answers.len() as u8]).unwrap_err()));
    assert!(is_unknown_variant(&Encoding::Bincode.read_reply(&[1, 3, sample::pushes().len() as u8]).unwrap_err()));
}

fn is_unknown_variant(error: &wire::WireError) -> bool {
    format!("{error:?}").contains("variant")
}

#[test]
fn a_script_may_leave_out_what_does_not_matter_and_may_not_misspell_the_rest() {
    let read = |json: &str| Encoding::Json.read_request(json.as_bytes());
    assert_eq!(
        read(r#"{"id":1,"body":{"jobs":{"states":["failed"]}}}"#).unwrap().body,
        ask::Jobs { states: vec![JobState::Failed], ..Default::default() }.into(),
    );
    assert_eq!(read(r#"{"id":1,"body":{"status":{}}}"#).unwrap().body, ask::Status {}.into());
    let error = read(r#"{"id":1,"body":{"requeue":{"job":[4]}}}"#).unwrap_err();
    insta::assert_snapshot!(show(&error), @"could not read the JSON of a message: unknown field `job`, expected one of `jobs`, `failed`, `episode`, `force` at line 1 column 32");
    assert!(read(r#"{"id":1,"body":{"job":{}}}"#).is_err(), "a job without its number means nothing");
}

fn show(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn a_hello_chooses_the_highest_version_and_the_first_encoding_that_both_speak() {
    let mut hello = Hello::new("test", Encoding::Json);
    let welcome = |hello: &Hello| String::from_utf8(greet(hello, "showd 0.1.0").write()).unwrap();
    insta::assert_snapshot!(String::from_utf8(hello.write()).unwrap(), @r#"{"protocol":"showd","versions":[1],"encodings":["json"],"client":"test"}"#);
    insta::assert_snapshot!(welcome(&hello), @r#"{"welcome":{"version":1,"encoding":"json","server":"showd 0.1.0","frame_bytes_max":1048576}}"#);
    hello.versions = vec![0, 1, 99];
    hello.encodings = vec![Encoding::Unknown, Encoding::Bincode, Encoding::Json];
    insta::assert_snapshot!(welcome(&hello), @r#"{"welcome":{"version":1,"encoding":"bincode","server":"showd 0.1.0","frame_bytes_max":1048576}}"#);
}

#[test]
fn a_hello_without_common_ground_is_refused_in_words() {
    let hello = |json: &str| greet(&Hello::read(json.as_bytes()).unwrap(), "showd 0.1.0");
    let Welcome::Refused(refusal) = hello(r#"{"protocol":"showd","versions":[7],"encodings":["json"],"client":"x"}"#)
    else {
        panic!("version 7 is not spoken here");
    };
    assert_eq!(refusal.kind, RefusalKind::Unsupported);
    insta::assert_snapshot!(refusal.text, @"showd 0.1.0 speaks protocol versions [1], the client [7]");
    assert!(matches!(
        hello(r#"{"protocol":"showd","versions":[1],"encodings":["cbor"],"client":"x"}"#),
        Welcome::Refused(_)
    ));
    assert!(matches!(
        hello(r#"{"protocol":"http","versions":[1],"encodings":["json"],"client":"x"}"#),
        Welcome::Refused(_)
    ));
    let later = r#"{"protocol":"showd","versions":[1],"encodings":["json"],"client":"x","tea":true}"#;
    assert!(matches!(hello(later), Welcome::Welcome { .. }), "a later client may say more");
}

#[test]
fn a_length_above_the_cap_is_refused_before_anything_is_kept_for_it() {
    let mut bytes = BytesMut::new();
    bytes.put_u32(FRAME_BYTES_MAX as u32 + 1);
    assert!(frame::codec().decode(&mut bytes).is_err());
    assert!(bytes.capacity() < 4096);
    let mut bytes = BytesMut::new();
    assert!(frame::codec().encode(&vec![0; FRAME_BYTES_MAX + 1][..], &mut bytes).is_err(), "nor is it sent");
    let text = "x".repeat(FRAME_BYTES_MAX);
    let long = Envelope { id: 1, body: ask::Episode { episode: text }.into() };
    for encoding in BOTH {
        assert!(matches!(encoding.write_request(&long), Err(wire::WireError::TooLong { .. })));
    }
}

#[test]
fn half_a_frame_is_not_a_frame_yet() {
    let mut whole = BytesMut::new();
    frame::codec().encode(bytes::Bytes::from_static(b"kettle"), &mut whole).unwrap();
    assert_eq!(whole[..], *b"\0\0\0\x06kettle");
    for cut in 0..whole.len() {
        let mut codec = frame::codec();
        let mut begun = BytesMut::from(&whole[..cut]);
        assert!(codec.decode(&mut begun).unwrap().is_none());
        begun.extend_from_slice(&whole[cut..]);
        assert_eq!(codec.decode(&mut begun).unwrap().unwrap()[..], *b"kettle");
    }
}

#[test]
fn lengths_that_lie_are_errors_and_not_allocations() {
    // A request with the number 3 (`episode`) whose text claims 2^40 bytes, then one that claims all there are.
    for claim in [[253, 0, 0, 0, 0, 0, 1, 0, 0], [253, 255, 255, 255, 255, 255, 255, 255, 255]] {
        let payload = [&[1, 3][..], &claim].concat();
        assert!(Encoding::Bincode.read_request(&payload).is_err());
    }
    let mut payload = Encoding::Bincode.write_request(&requests()[0]).unwrap();
    payload.push(0);
    assert!(matches!(
        Encoding::Bincode.read_request(&payload),
        Err(wire::WireError::Bincode(CodecError::Trailing { extra: 1 }))
    ));
}

#[test]
fn a_row_is_opened_only_under_its_own_label() {
    let label = Label { kind: 7, schema: 2 };
    let row = codec::seal(label, &("cut", 300_u64)).unwrap();
    insta::assert_snapshot!(hex(&row).trim(), @"53 31 00 07 00 02 03 63 75 74 fb 2c 01");
    assert_eq!(codec::unseal::<(String, u64)>(label, &row).unwrap(), ("cut".into(), 300));
    let (found, payload) = codec::label(&row).unwrap();
    assert_eq!((found, codec::decode::<(String, u64)>(payload).unwrap().1), (label, 300));
    let newer = Label { kind: 7, schema: 3 };
    assert!(matches!(codec::unseal::<(String, u64)>(newer, &row), Err(CodecError::OtherLabel { .. })));
    assert!(matches!(codec::label(b"S1\0"), Err(CodecError::NotLabelled)));
    assert!(matches!(codec::label(b"PK\x03\x04\0\0\0"), Err(CodecError::NotLabelled)));
    assert!(matches!(
        codec::unseal::<(String, u64)>(label, &[&row[..], b"x"].concat()),
        Err(CodecError::Trailing { extra: 1 })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for encoding in BOTH {
            let _ = encoding.read_request(&bytes);
            let _ = encoding.read_reply(&bytes);
        }
        let _ = Hello::read(&bytes);
        let _ = Welcome::read(&bytes);
        let _ = codec::label(&bytes);
        let mut stream = BytesMut::from(&bytes[..]);
        let _ = frame::codec().decode(&mut stream);
    }

    #[test]
    fn a_damaged_message_is_an_error_or_another_message(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        with in any::<u8>(),
        cut in any::<bool>(),
    ) {
        for encoding in BOTH {
            let mut replies = replies();
            let reply = replies.swap_remove(which.index(replies.len()));
            let mut payload = encoding.write_reply(&reply).unwrap();
            let at = at.index(payload.len());
            if cut { payload.truncate(at) } else { payload[at] = with }
            if let Ok(read) = encoding.read_reply(&payload) {
                let again = encoding.read_reply(&encoding.write_reply(&read).unwrap()).unwrap();
                prop_assert_eq!(again, read);
            }
        }
    }
}
