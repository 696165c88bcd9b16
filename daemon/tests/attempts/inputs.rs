//! What a program is given.

use crate::bench::{Bench, digest, file, finished, shell, why};
use show_core::{Element, Ended, Field, OrderInput, Work};
use std::fs;

#[test]
fn a_program_finds_everything_in_its_order() {
    let bench = Bench::new();
    let result = bench.keep(br#"{"seconds":12}"#);
    let mut order = shell(1, "cp \"$SHOW_ORDER\" \"$SHOW_RESULT\"; cat \"$1\" \"$2\"");
    let fields = [("slug".to_owned(), Field::Text("kettle".into())), ("frames".to_owned(), Field::Number(25))].into();
    order.element = Some(Element { id: "SOT1".into(), fields });
    order.inputs = vec![
        bench.share_file("source", "episodes/0900/assets/video/kettle.mp4", b"film\n"),
        bench.text("note", "episodes/0900/rundown/10 Tea.md", "# Tea\n"),
        OrderInput::Result { role: "probe".into(), step: "probe".into(), results: vec![("SOT1".into(), result)] },
        OrderInput::List { role: "files".into(), files: vec![("episodes/0900/info.md".into(), 7)] },
    ];
    order.outputs = vec![];
    if let Work::Program(words) = &mut order.work {
        words.extend(["sh", "{in.source}", "{in.note}"].map(str::to_owned));
    }
    bench.start(order);
    let finished = finished(bench.ended(1));
    assert_eq!(bench.printed(1), "out: film\nout: # Tea\n");
    let told: serde_json::Value = serde_json::from_slice(&bench.blob(&finished.result.expect("kept"))).expect("JSON");
    let base = bench.dir.path().canonicalize().expect("is there").display().to_string();
    let told = serde_json::to_string_pretty(&told).expect("prints").replace(&base, "/…");
    insta::assert_snapshot!(told);
}

#[test]
fn a_file_that_changed_since_it_was_planned_overtakes_the_attempt() {
    let bench = Bench::new();
    let mut order = shell(1, "exit 0");
    order.inputs = vec![bench.share_file("source", "episodes/0900/a.mp4", b"planned")];
    fs::write(bench.dir.path().join("share/episodes/0900/a.mp4"), "another").expect("writes");
    bench.start(order);
    let ended = bench.ended(1);
    assert!(matches!(&ended, Ended::Overtaken { .. }), "{ended:?}");
    assert_eq!(why(ended), "episodes/0900/a.mp4 is not what it was");

    let mut order = shell(2, "exit 0");
    order.inputs =
        vec![OrderInput::File { role: "x".into(), file: file("episodes/0900/none.mp4"), digest: digest(b"") }];
    bench.start(order);
    assert_eq!(why(bench.ended(2)), "episodes/0900/none.mp4 is gone");
}

#[test]
fn a_file_that_changes_while_it_is_read_spoils_the_result_unless_its_bytes_stay() {
    let bench = Bench::new();
    let path = bench.dir.path().join("share/episodes/0900/a.mp4");
    for (job, bytes, is_spoiled) in [(1, "changed", true), (2, "planned", false)] {
        let mut order = shell(job, "mkfifo go; say reading; read -r line < go");
        order.inputs = vec![bench.share_file("source", "episodes/0900/a.mp4", b"planned")];
        bench.start(order);
        bench.says(job, "reading");
        fs::write(&path, bytes).expect("writes");
        fs::write(bench.scratch(job).join("go"), "on\n").expect("goes on");
        let ended = bench.ended(job);
        assert_eq!(matches!(ended, Ended::Overtaken { .. }), is_spoiled, "{ended:?}");
    }
}

#[test]
fn a_link_in_the_share_is_no_file() {
    let bench = Bench::new();
    let secret = bench.dir.path().join("secret");
    fs::write(&secret, "secret").expect("writes");
    std::os::unix::fs::symlink(&secret, bench.dir.path().join("share/episodes/0900/a.mp4")).expect("links");
    let mut order = shell(1, "cat \"$1\"");
    let planned = OrderInput::File { role: "x".into(), file: file("episodes/0900/a.mp4"), digest: digest(b"secret") };
    order.inputs = vec![planned];
    bench.start(order);
    assert!(matches!(bench.ended(1), Ended::Overtaken { .. }));
}

#[test]
fn a_name_that_means_nothing_in_a_command_line_is_said_before_anything_starts() {
    let bench = Bench::new();
    let mut order = shell(1, "exit 0");
    order.work = Work::Program(vec!["true".into(), "{clip.size}".into()]);
    bench.start(order);
    let reason = why(bench.ended(1));
    assert!(reason.contains("{clip.size}"), "{reason}");
}
