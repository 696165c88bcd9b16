//! The Python client of `docs/PROTOCOL.md` holds a conversation over the JSON encoding.

mod fake;
#[path = "../../daemon/protocol/tests/sample/mod.rs"]
mod sample;

use fake::{Fake, Ran, Say, run};
use show_protocol::*;
use std::process::Command;

fn python(fake: &Fake, words: &[&str]) -> Ran {
    let mut command = Command::new("python3");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/e2e/client.py")).arg(fake.socket()).args(words);
    run(command)
}

#[test]
fn a_client_in_another_language_asks_is_refused_and_follows() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("python3 is not installed: the Python client is not tried");
        return;
    }
    let fake = Fake::new(|_, request| match request {
        Request::Jobs(jobs) => {
            assert_eq!(jobs.states, [JobState::Failed]);
            vec![Answer::Jobs(JobsView { jobs: sample::jobs(), ..JobsView::default() }).into()]
        }
        Request::Follow(_) => vec![
            Say::Reply(Reply::Push(Push::Event(sample::event(1)))),
            Answer::Following(FollowView { next: Seq(1), oldest: Seq(1), snapshot: Some(sample::status()) }).into(),
            Say::Reply(Reply::Push(Push::Gap { from: Seq(2), to: Seq(9) })),
            Say::Reply(Reply::Push(Push::Over {})),
        ],
        _ => vec![sample::refusal().into()],
    });
    let ran = python(&fake, &["jobs", r#"{"states": ["failed"]}"#]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let view: JobsView = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(view.jobs, sample::jobs());

    let ran = python(&fake, &["requeue", r#"{"jobs": [42]}"#]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.out.contains(r#""kind": "not_now""#), "{}", ran.out);

    let ran = python(&fake, &["follow", r#"{"from": 1, "snapshot": true}"#, "9"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines.len(), 4, "{}", ran.out);
    assert!(lines[1].starts_with(r#"{"event""#) && lines[2].contains(r#""to": 9"#) && lines[3] == r#"{"over": {}}"#);
}
