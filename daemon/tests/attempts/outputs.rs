//! What a program leaves behind, honest or not.

use crate::bench::{Bench, digest, file, finished, shell, why};
use show_core::{Ended, Order};
use showd::attempt::FileEdits;
use std::fs;

fn with_output(job: u64, script: &str) -> Order {
    let mut order = shell(job, script);
    order.outputs = vec![("video".into(), file("episodes/0900/assets/video/kettle.mp4"))];
    order
}

#[test]
fn a_declared_output_is_taken_out_of_reach_and_digested() {
    let bench = Bench::new();
    bench.start(with_output(1, "printf film > out/video"));
    let finished = finished(bench.ended(1));
    let output = &finished.outputs[0];
    assert_eq!((output.role.as_str(), output.size, output.digest), ("video", 4, digest(b"film")));
    let lies_at = bench.output(1, "episodes/0900/assets/video/kettle.mp4");
    assert_eq!(fs::read_to_string(lies_at).expect("is there"), "film");
    assert!(!bench.scratch(1).join("out/video").exists());
}

#[test]
fn files_of_a_pattern_lie_below_out_as_they_will_below_the_subject() {
    let bench = Bench::new();
    let script = r#"mkdir -p out/assets/thumbnails; printf a > out/assets/thumbnails/a-01.png
        echo '{"outputs":[{"role":"pictures","file":"episodes/0900/assets/thumbnails/a-01.png",
               "keep_old_as":"episodes/0900/old/a-01.png"}]}' > "$SHOW_RESULT""#;
    bench.start(shell(1, script));
    let finished = finished(bench.ended(1));
    assert_eq!(finished.outputs[0].file, file("episodes/0900/assets/thumbnails/a-01.png"));
    assert_eq!(finished.outputs[0].keep_old_as, Some(file("episodes/0900/old/a-01.png")));
    assert!(bench.output(1, "episodes/0900/assets/thumbnails/a-01.png").exists());
}

#[test]
fn an_output_that_is_not_what_it_seems_is_refused() {
    let bench = Bench::new();
    let secret = bench.dir.path().join("share/secret");
    fs::write(&secret, "secret").expect("writes");
    let at = secret.display();
    let cases = [
        ("true".to_owned(), "it made no out/video"),
        (format!("ln -s {at} out/video"), "its out/video is a symbolic link"),
        ("mkfifo out/video".to_owned(), "its out/video is not a file"),
        ("mkdir out/video".to_owned(), "its out/video is not a file"),
        ("echo x > out/video; ln out/video tmp/second".to_owned(), "its out/video has a second name (a hard link)"),
        (format!("rm -r out; ln -s {} out", bench.dir.path().join("share").display()), "it made no out/video"),
        ("rm -r out".to_owned(), "it made no out/video"),
    ];
    for (job, (script, expected)) in (1..).zip(cases) {
        bench.start(with_output(job, &script));
        let ended = bench.ended(job);
        assert!(matches!(ended, Ended::Failed { code: 0, .. }), "{script}: {ended:?}");
        assert_eq!(why(ended), expected, "{script}");
    }
    assert_eq!(fs::read_to_string(&secret).expect("is there"), "secret");
}

#[test]
fn an_output_path_stays_inside_the_share() {
    let bench = Bench::new();
    let paths = ["../evil", "/etc/evil", "episodes/0900/../evil", "", "a//b", "a/./b", "episodes/0900/"];
    for (job, path) in (1..).zip(paths) {
        let script = format!(r#"echo '{{"outputs":[{{"role":"x","file":"{path}"}}]}}' > "$SHOW_RESULT""#);
        bench.start(shell(job, &script));
        let reason = why(bench.ended(job));
        assert!(reason.ends_with("is not a path inside the share"), "{path}: {reason}");
    }
    let script = r#"mkdir -p out/deep; ln -s /etc out/deep/etc
        echo '{"outputs":[{"role":"x","file":"episodes/0900/deep/etc/hostname"}]}' > "$SHOW_RESULT""#;
    assert!(why(bench.run(50, script)).contains("symbolic link"));
    let script =
        r#"printf a > out/video; echo '{"outputs":[{"role":"video","file":"episodes/0900/b.mp4"}]}' > "$SHOW_RESULT""#;
    bench.start(with_output(51, script));
    assert!(why(bench.ended(51)).contains("is episodes/0900/assets/video/kettle.mp4, and it says episodes/0900/b.mp4"));
}

#[test]
fn a_result_that_is_none_fails_the_attempt_and_says_why() {
    let bench = Bench::new();
    let cases = [
        ("echo nonsense > \"$SHOW_RESULT\"", "is not a result"),
        ("echo '[1]' > \"$SHOW_RESULT\"", "is not a result"),
        (r#"echo '{"edits":"many"}' > "$SHOW_RESULT""#, "is not a result"),
        (r#"echo '{"edits":[{"file":"x.md","edits":[{"edit":"unknown"}]}]}' > "$SHOW_RESULT""#, "is not a result"),
        ("printf '{\"summary\":\"\\377\"}' > \"$SHOW_RESULT\"", "is not a result"),
        ("head -c 68000000 /dev/zero > \"$SHOW_RESULT\"", "longer than 64 MiB"),
        ("ln -s /etc/passwd \"$SHOW_RESULT\"", "is a symbolic link"),
        ("mkfifo \"$SHOW_RESULT\"", "is not a file"),
        ("mkdir \"$SHOW_RESULT\"", "is not a file"),
        (r#"echo '{"clips":[{"id":"a"},{"id":"a"}]}' > "$SHOW_RESULT""#, "two elements \"a\""),
        (
            r#"echo '{"edits":[{"file":"episodes/0900/info.md","edits":[{"edit":"set-key","key":"a","value":"b"}]}]}' > "$SHOW_RESULT""#,
            "which is none of its texts",
        ),
    ];
    for (job, (script, expected)) in (1..).zip(cases) {
        let reason = why(bench.run(job, script));
        assert!(reason.contains(expected), "{script}: {reason}");
    }
}

#[test]
fn edits_and_proposals_of_texts_are_kept_as_blobs() {
    let bench = Bench::new();
    let script = r#"echo '{"edits":[{"file":"episodes/0900/info.md","edits":[{"edit":"set-key","key":"title","value":"Tea","was":""}]}],
        "proposals":[{"file":"episodes/0900/info.md","code":"SLUG_BAD","summary":"a better slug",
                      "edits":[{"edit":"set-key","key":"slug","value":"tea"}]}]}' > "$SHOW_RESULT""#;
    let mut order = shell(1, script);
    order.inputs = vec![bench.text("info", "episodes/0900/info.md", "---\ntitle:\n---\n")];
    bench.start(order);
    let finished = finished(bench.ended(1));
    let edits = finished.edits.expect("edits");
    assert_eq!(edits.files, [file("episodes/0900/info.md")]);
    let kept: Vec<FileEdits> = serde_json::from_slice(&bench.blob(&edits.digest)).expect("reads");
    assert_eq!((kept.len(), kept[0].edits.len()), (1, 1));
    let proposal = &finished.proposals[0];
    assert_eq!((proposal.code.as_str(), proposal.base), ("SLUG_BAD", digest(b"---\ntitle:\n---\n")));
    let kept: Vec<FileEdits> = serde_json::from_slice(&bench.blob(&proposal.edits)).expect("reads");
    assert_eq!(kept[0].file, "episodes/0900/info.md");
}

#[test]
fn a_whole_new_text_becomes_edits() {
    let bench = Bench::new();
    let old = "---\ntitle: Tea\n---\n\nThe kettle boils.\n";
    let mut order = shell(1, "sed s/boils/whistles/ \"$1\" > out/info.md");
    order.inputs = vec![bench.text("info", "episodes/0900/info.md", old)];
    if let show_core::Work::Program(words) = &mut order.work {
        words.extend(["sh", "{in.info}"].map(str::to_owned));
    }
    bench.start(order);
    let finished = finished(bench.ended(1));
    assert!(finished.outputs.is_empty(), "a text is nobody's output");
    let kept: Vec<FileEdits> =
        serde_json::from_slice(&bench.blob(&finished.edits.expect("edits").digest)).expect("reads");
    let edits = serde_json::to_string(&kept[0].edits).expect("prints");
    assert!(edits.contains("\"old\":\"boil\"") && edits.contains("\"new\":\"whistle\""), "{edits}");
}
