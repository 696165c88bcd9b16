//! Attempts as they really are: real processes behind real walls, told to the core as facts.

mod bench;

use bench::{Bench, finished, program, shell, why};
use show_core::Ended;

#[test]
fn a_program_that_succeeds_is_told_with_its_result() {
    let bench = Bench::new();
    let script = r#"echo working; echo '{"summary":"all well","words":12,"clips":[{"id":"a"}]}' > "$SHOW_RESULT""#;
    bench.start(shell(1, script));
    bench.started(1);
    let finished = finished(bench.ended(1));
    assert_eq!(finished.summary, "all well");
    assert_eq!(finished.facts.len(), 1);
    assert_eq!(finished.lists["clips"].len(), 1);
    assert!(!finished.with_errors);
    assert!(bench.blob(&finished.result.expect("is kept")).starts_with(b"{\"summary\""));
    assert_eq!(bench.printed(1), "out: working\n");
}

#[test]
fn exit_10_is_success_with_errors_and_the_rest_is_failure_with_the_last_words_as_reason() {
    let bench = Bench::new();
    assert!(finished(bench.run(1, "exit 10")).with_errors);
    let ended = bench.run(2, "echo first >&2; printf '\\n  no such take  \\n\\n' >&2; exit 3");
    assert_eq!(ended, Ended::Failed { code: 3, why: "no such take".into() });
    assert_eq!(why(bench.run(3, "exit 4")), "it ended with status 4 and said nothing about it");
    assert_eq!(bench.run(4, "kill -SEGV $$"), Ended::Signaled { signal: 11 });
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let bench = Bench::new();
    bench.start(program(1, &["no-such-encoder", "-v"]));
    let Ended::NotStarted { why } = bench.ended(1) else { panic!("it cannot have started") };
    assert!(why.contains("no-such-encoder was not found"), "{why}");
}
