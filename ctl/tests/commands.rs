//! The program as scripts see it: words in, exit codes, standard output and standard error out.

mod fake;
#[path = "../../daemon/protocol/tests/sample/mod.rs"]
mod sample;

use fake::{Fake, Ran, Say, run, showctl};
use show_protocol::*;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn push(push: Push) -> Say {
    Say::Reply(Reply::Push(push))
}

fn waited(failed: u32, with_errors: u32) -> Answer {
    Answer::Waited(WaitedView { succeeded: 2, failed, with_errors, ..WaitedView::default() })
}

#[track_caller]
fn came_to(ran: &Ran, code: i32) {
    assert_eq!(ran.code, code, "{ran:?}");
}

#[test]
fn a_page_goes_to_standard_output_without_colour_when_nobody_watches() {
    let fake = Fake::always(Answer::Jobs(JobsView { jobs: sample::jobs(), ..JobsView::default() }));
    let ran = fake.run("jobs --state failed,running --episode 900 --limit 5");
    came_to(&ran, 0);
    assert!(ran.out.starts_with("JOB  OF    STEP") && !ran.out.contains('\u{1b}'), "{}", ran.out);
    let wanted = ask::Jobs {
        states: vec![JobState::Failed, JobState::Running],
        episode: Some("900".into()),
        limit: Some(5),
        ..Default::default()
    };
    assert_eq!(fake.asked(), [wanted.into()]);
    assert!(fake.run("jobs --color always").out.contains('\u{1b}'));
    let mut without = fake.command("jobs");
    without.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1");
    assert!(!run(without).out.contains('\u{1b}'));
}

#[test]
fn jobs_that_had_nothing_to_do_are_counted_and_shown_when_asked_for() {
    let fake = Fake::always(Answer::Jobs(JobsView { jobs: sample::jobs(), passed_over: 163, ..JobsView::default() }));
    assert!(fake.run("jobs").out.ends_with("163 jobs had nothing to do; --all shows them too\n"));
    assert!(!fake.run("jobs --all").out.contains("--all"));
    assert!(!fake.run("jobs --state up_to_date").out.contains("--all"));
    assert!(fake.run("jobs --json").out.contains("\"passed_over\": 163"));
    let states = |request: &Request| match request {
        Request::Jobs(ask) => ask.states.len(),
        other => panic!("{other:?}"),
    };
    let brief = JobState::ALL.len() - 3;
    assert_eq!(fake.asked().iter().map(states).collect::<Vec<_>>(), [brief, 0, 1, brief]);
    assert_eq!(fake.run("jobs --all --state failed").code, 2);
}

#[test]
fn json_is_the_view_itself() {
    let fake = Fake::always(Answer::Status(sample::status()));
    let ran = fake.run("status --json");
    came_to(&ran, 0);
    let view: StatusView = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(view, sample::status());
    assert!(ran.err.is_empty());
}

#[test]
fn words_that_make_no_sense_are_exit_code_2() {
    let ran = run({
        let mut command = showctl();
        command.arg("stauts");
        command
    });
    came_to(&ran, 2);
    insta::assert_snapshot!(ran.err, @r#"
    showctl: unrecognized subcommand 'stauts'
      hint: did you mean "status"?
    "#);
    let nothing = run(showctl());
    came_to(&nothing, 2);
    assert!(nothing.err.contains("showctl status"));
}

#[test]
fn no_daemon_is_exit_code_3_and_says_where_it_looked() {
    let mut command = showctl();
    command.args(["status", "--socket", "/nowhere/showd.sock"]);
    let ran = run(command);
    came_to(&ran, 3);
    insta::assert_snapshot!(ran.err, @r#"
    showctl: no daemon answers at /nowhere/showd.sock
      because: No such file or directory (os error 2)
      hint: start it with "showd --share DIR" or "systemctl start showd", or name its socket with --socket PATH
    "#);
    let mut command = showctl();
    command.args(["version", "--json", "--socket", "/nowhere/showd.sock"]);
    let ran = run(command);
    came_to(&ran, 3);
    let versions: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&versions["client"], &versions["daemon"]),
        (&env!("CARGO_PKG_VERSION").into(), &serde_json::Value::Null)
    );
}

#[test]
fn a_refusal_is_exit_code_4_and_a_failure_1() {
    let ran = Fake::always(sample::refusal()).run("requeue 42");
    came_to(&ran, 4);
    insta::assert_snapshot!(ran.err, @r#"
    showctl: job 42 is still running
      hint: wait for it with "showctl wait 42", or stop it with "showctl cancel 42"
    "#);
    let ran = Fake::always(sample::failure()).run("status");
    came_to(&ran, 1);
    insta::assert_snapshot!(ran.err, @r#"
    showctl: could not read blob 335e5e5e
      because: Input/output error (os error 5)
      hint: check the disk with "journalctl -k"
    "#);
}

#[test]
fn with_json_what_goes_wrong_is_json_too_on_one_line_of_standard_error() {
    let error = |ran: Ran| {
        assert_eq!((ran.err.lines().count(), ran.out.as_str()), (1, ""), "{ran:?}");
        let line: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!(line["error"]["exit"], ran.code, "{line}");
        format!("{line}\n")
    };
    let wrong = |words: &[&str]| {
        let mut command = showctl();
        command.args(words);
        error(run(command))
    };
    insta::assert_snapshot!([
        error(Fake::always(sample::refusal()).run("requeue 42 --json")),
        error(Fake::always(sample::failure()).run("status --json")),
        wrong(&["--json", "stauts"]),
        wrong(&["status", "--json", "--socket", "/nowhere/showd.sock"]),
        wrong(&["check", "/nonexist/at-all.md", "--json"]),
    ].concat(), @r#"
    {"error":{"because":[],"exit":4,"hint":"wait for it with \"showctl wait 42\", or stop it with \"showctl cancel 42\"","kind":"not_now","text":"job 42 is still running"}}
    {"error":{"because":["Input/output error (os error 5)"],"exit":1,"hint":"check the disk with \"journalctl -k\"","kind":"failed","text":"could not read blob 335e5e5e"}}
    {"error":{"because":[],"exit":2,"hint":"did you mean \"status\"?","kind":"usage","text":"unrecognized subcommand 'stauts'"}}
    {"error":{"because":["No such file or directory (os error 2)"],"exit":3,"hint":"start it with \"showd --share DIR\" or \"systemctl start showd\", or name its socket with --socket PATH","kind":"unreachable","text":"no daemon answers at /nowhere/showd.sock"}}
    {"error":{"because":["No such file or directory (os error 2)"],"exit":2,"hint":"name a share, an episode's folder, or Markdown files","kind":"usage","text":"could not look at /nonexist/at-all.md"}}
    "#);
    // What stands behind "--" is another program's.
    let mut command = showctl();
    command.args(["lock", "--whyy", "--", "cat", "--json"]);
    assert!(run(command).err.starts_with("showctl: "));
}

#[test]
fn a_compile_waits_for_the_scripts_and_not_for_notes_that_wait_to_be_written() {
    let jobs = || {
        let [mut compile, mut weave] = [sample::jobs().remove(0), sample::jobs().remove(0)];
        (compile.job, compile.step, compile.state) = (JobId(7), "compile".into(), JobState::Succeeded);
        (weave.job, weave.step, weave.state) = (JobId(8), "weave".into(), JobState::Waiting);
        vec![compile, weave]
    };
    let fake = Fake::new(move |_, request| match request {
        Request::Compile(_) => {
            vec![Answer::Submitted(SubmittedView { build: BuildId(3), jobs: vec![JobId(7), JobId(8)] }).into()]
        }
        Request::Build(_) => vec![Answer::Build(BuildView { jobs: jobs(), ..BuildView::default() }).into()],
        Request::Wait(_) => vec![waited(0, 0).into()],
        Request::Job(_) => vec![Answer::Job(sample::job()).into()],
        other => panic!("{other:?}"),
    });
    came_to(&fake.run("compile 900"), 0);
    let wait = fake.asked().into_iter().find(|request| matches!(request, Request::Wait(_))).unwrap();
    assert_eq!(wait, ask::Wait { jobs: vec![JobId(7)], ..ask::Wait::default() }.into());
}

#[test]
fn diagnostics_are_asked_for_by_episode_or_path_as_elsewhere() {
    let fake = Fake::always(Answer::Diagnostics(DiagnosticsView::default()));
    for words in ["diagnostics 900", "diagnostics --episode 900", "diagnostics episodes/0900/info.md"] {
        came_to(&fake.run(words), 0);
    }
    let episode = ask::Diagnostics { episode: Some("900".into()), ..ask::Diagnostics::default() };
    let path = ask::Diagnostics { path: Some("episodes/0900/info.md".into()), ..ask::Diagnostics::default() };
    assert_eq!(fake.asked(), [episode.clone().into(), episode.into(), path.into()]);
    assert_eq!(fake.run("diagnostics 900 --episode 901").code, 2);
}

#[test]
fn who_puts_a_text_back_is_told_what_will_be_repaired_in_it() {
    let view = PublishedView {
        text: "revision 3 of episodes/0900/rundown/10 Why Kettles Sing, and What They Sing.md is put back".into(),
        files: vec!["episodes/0900/rundown/10 Why Kettles Sing, and What They Sing.md".into()],
        ..PublishedView::default()
    };
    let fake = Fake::always(Answer::Published(view));
    let mut narrow = fake.command("restore info.md 3");
    narrow.env("COLUMNS", "80");
    let ran = run(narrow);
    insta::assert_snapshot!(ran.out, @r#"
    revision 3 of episodes/0900/rundown/10 Why Kettles Sing, and What They Sing.md
    is put back; written once the file is quiet and free
    once it has been quiet, what is safe to repair in it is repaired again; to keep
    it as it is:
      showctl hold "episodes/0900/rundown/10 Why Kettles Sing, and What They Sing.md"
    "#);
    assert!(!fake.run("restore info.md 3 --json").out.contains("showctl hold"));
}

#[test]
fn a_daemon_that_talks_nonsense_is_named_and_not_trusted() {
    let gone = |say: fn() -> Vec<Say>| {
        let fake = Fake::new(move |_, _| say());
        let ran = fake.run("status");
        came_to(&ran, 3);
        ran.err.replace(fake.socket().to_str().unwrap(), "SOCKET")
    };
    insta::assert_snapshot!(
        [
            gone(|| vec![Say::HangUp]),
            gone(|| vec![Say::Bytes(b"\0\0\0\x03\xff\xff\xff".to_vec())]),
            gone(|| vec![Say::Bytes(b"HTTP/1.1 400 Bad Request".to_vec())]),
            gone(|| vec![Answer::Done(DoneView {}).into()]),
            gone(|| vec![Say::For(0, Reply::Push(Push::Closing { why: "showd is going down".into() }))]),
        ]
        .concat()
    );
}

#[test]
fn waiting_ends_with_0_or_1_and_strictly_with_1_for_errors_too() {
    came_to(&Fake::always(waited(0, 0)).run("wait 45 47"), 0);
    came_to(&Fake::always(waited(1, 0)).run("wait --build 7"), 1);
    came_to(&Fake::always(waited(0, 1)).run("wait --idle"), 0);
    came_to(&Fake::always(waited(0, 1)).run("wait 45 --strict"), 1);
    let fake = Fake::always(waited(0, 0));
    fake.run("wait --idle");
    fake.run("wait --idle --before-quiet");
    let mut quiet: Vec<_> = fake.asked();
    quiet.retain(|asked| matches!(asked, Request::WaitIdle(_)));
    assert_eq!(
        quiet,
        [
            ask::WaitIdle { quiet_too: true, progress: false }.into(),
            ask::WaitIdle { quiet_too: false, progress: false }.into(),
        ]
    );
}

#[test]
fn a_wait_that_is_over_says_when_something_waits_for_somebody() {
    let fake = Fake::new(|_, request| {
        if matches!(request, Request::WaitIdle(_)) {
            return vec![waited(0, 0).into()];
        }
        let jobs = vec![sample::jobs().remove(2)];
        vec![Answer::Jobs(show_protocol::JobsView { jobs, ..Default::default() }).into()]
    });
    let ran = fake.run("wait --idle");
    came_to(&ran, 0);
    assert_eq!(ran.err, "1 job waits for somebody to act: showctl jobs --state waiting\n");
}

#[test]
fn a_wait_that_takes_too_long_is_124_and_says_how_far_it_came() {
    let fake = Fake::new(|_, request| match request {
        Request::Wait(_) => vec![],
        Request::Stop(stop) => vec![
            Say::For(
                stop.request,
                Answer::Waited(WaitedView {
                    jobs: vec![sample::jobs().remove(2)],
                    unfinished: 1,
                    ..WaitedView::default()
                })
                .into(),
            ),
            Answer::Done(DoneView {}).into(),
        ],
        other => panic!("{other:?}"),
    });
    let ran = fake.run("wait 43 --timeout 0.1s");
    came_to(&ran, 124);
    assert!(ran.out.contains("probe") && ran.out.contains("1 not ended"), "{}", ran.out);
    insta::assert_snapshot!(ran.err, @r#"
    showctl: not done after 100ms
      hint: "showctl status" shows what is going on, "showctl why JOB" what a job waits for
    "#);
}

#[test]
fn a_wait_goes_on_when_the_daemon_comes_back() {
    let times = AtomicUsize::new(0);
    let fake = Fake::new(move |_, _| match times.fetch_add(1, Ordering::SeqCst) {
        0 => vec![Say::HangUp],
        _ => vec![waited(0, 0).into()],
    });
    came_to(&fake.run("wait 45"), 0);
    assert_eq!(fake.asked().len(), 2);
}

#[test]
fn compiling_prints_where_the_scripts_are_and_nothing_else() {
    let fake = Fake::new(|_, request| {
        vec![match request {
            Request::Compile(_) => Answer::Submitted(SubmittedView { build: BuildId(8), jobs: vec![JobId(44)] }).into(),
            Request::Wait(_) => waited(0, 0).into(),
            Request::Build(_) => {
                Answer::Build(BuildView { jobs: vec![sample::jobs().remove(3)], ..BuildView::default() }).into()
            }
            Request::Job(_) => Answer::Job(sample::job()).into(),
            other => panic!("{other:?}"),
        }]
    });
    let ran = fake.run("compile 900 --preset host");
    came_to(&ran, 0);
    assert_eq!(ran.out, "/srv/show/episodes/0900/scripts/current/host.html\n");
    assert_eq!(fake.asked()[0], ask::Compile { episode: "900".into(), presets: vec!["host".into()] }.into());
}

#[test]
fn submitting_passes_parameters_on() {
    let fake = Fake::always(Answer::Submitted(SubmittedView { build: BuildId(8), jobs: vec![JobId(48)] }));
    let ran = fake.run("submit podcast episodes/0900/ loudness=-16 title=a=b");
    came_to(&ran, 0);
    assert_eq!(ran.out, "build 8 with jobs 48\n");
    let parameters = [("loudness".into(), "-16".into()), ("title".into(), "a=b".into())].into();
    let (pipeline, subject) = ("podcast".into(), "episodes/0900/".into());
    assert_eq!(fake.asked(), [ask::Submit { pipeline, subject, parameters }.into()]);
}

#[test]
fn following_fills_the_gap_of_a_slow_reader_and_says_nothing_twice() {
    let fake = Fake::new(|_, request| match request {
        Request::Follow(_) => vec![
            Answer::Following(FollowView { next: Seq(3), oldest: Seq(1), snapshot: None }).into(),
            push(Push::Event(sample::event(3))),
            push(Push::Gap { from: Seq(4), to: Seq(6) }),
            push(Push::Event(sample::event(7))),
            push(Push::Event(sample::event(8))),
            push(Push::Over {}),
        ],
        // The log has grown meanwhile: 7 comes here too.
        Request::Events(events) => {
            let numbers = events.from.0..=7;
            vec![
                Answer::Events(EventsView { events: numbers.map(sample::event).collect(), next: Seq(8), end: true })
                    .into(),
            ]
        }
        other => panic!("{other:?}"),
    });
    let ran = fake.run("follow --json");
    came_to(&ran, 0);
    let numbers: Vec<_> = ran.out.lines().map(|line| serde_json::from_str::<EventView>(line).unwrap().seq.0).collect();
    assert_eq!(numbers, [3, 4, 5, 6, 7, 8]);
}

#[test]
fn following_goes_on_where_it_was_when_the_daemon_comes_back() {
    let fake = Fake::new(|_, request| match request {
        Request::Follow(ask::Follow { from: None, .. }) => vec![
            Answer::Following(FollowView { next: Seq(3), oldest: Seq(1), snapshot: None }).into(),
            push(Push::Event(sample::event(3))),
            Say::HangUp,
        ],
        Request::Follow(ask::Follow { from: Some(Seq(4)), .. }) => vec![
            Answer::Following(FollowView { next: Seq(4), oldest: Seq(1), snapshot: None }).into(),
            push(Push::Event(sample::event(4))),
            push(Push::Over {}),
        ],
        other => panic!("{other:?}"),
    });
    let ran = fake.run("follow");
    came_to(&ran, 0);
    assert_eq!(ran.out.matches("job.done").count(), 2, "{}", ran.out);
    assert!(ran.err.contains("lost the daemon"), "{}", ran.err);
}

#[test]
fn following_without_waiting_prints_what_there_is_and_says_what_is_gone() {
    let fake = Fake::new(|_, request| match request {
        Request::Events(ask::Events { from: Seq(1), .. }) => {
            vec![Answer::Events(EventsView { events: vec![sample::event(5)], next: Seq(6), end: false }).into()]
        }
        Request::Events(_) => {
            vec![Answer::Events(EventsView { events: vec![sample::event(6)], next: Seq(7), end: true }).into()]
        }
        other => panic!("{other:?}"),
    });
    let ran = fake.run("follow --no-wait");
    came_to(&ran, 0);
    assert!(ran.out.starts_with("events 1 to 4 are no longer kept\n"), "{}", ran.out);
    assert_eq!(ran.out.matches("job.done").count(), 2, "{}", ran.out);
}

#[test]
fn a_log_is_printed_as_it_was_and_followed_to_its_end() {
    let line = |text: &str, stream| LogLine { at_ms: sample::NOW, stream, text: text.into() };
    let piece = move |text: &str, next, ended| LogView {
        job: JobId(47),
        attempt: AttemptNo(2),
        lines: vec![line(text, Stream::Out)],
        next,
        ended,
    };
    let fake = Fake::new(move |_, request| match request {
        // The daemon goes away in the middle; the attempt does not.
        Request::Log(ask::Log { follow: true, from: 0, .. }) => {
            vec![Answer::Log(piece("one", 4, false)).into(), Say::HangUp]
        }
        Request::Log(ask::Log { follow: true, from: 4, attempt: Some(AttemptNo(2)), .. }) => vec![
            Answer::Log(LogView { lines: vec![], ..piece("", 4, false) }).into(),
            push(Push::Log(piece("two", 8, false))),
            push(Push::Over {}),
        ],
        Request::Log(ask::Log { from: 0, attempt: None, .. }) => vec![Answer::Log(piece("one", 4, false)).into()],
        Request::Log(ask::Log { from: 4, attempt: Some(AttemptNo(2)), .. }) => {
            vec![Answer::Log(piece("two", 8, true)).into()]
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(fake.run("log 47").out, "one\ntwo\n");
    assert_eq!(fake.run("log 47 --follow").out, "one\ntwo\n");
    let whole: LogView = serde_json::from_str(&fake.run("log 47 --json").out).unwrap();
    assert_eq!((whole.lines.len(), whole.next, whole.ended), (2, 8, true));
}

#[test]
fn an_old_version_is_printed_whole() {
    let fake = Fake::new(|_, request| {
        let Request::Content(content) = request else { panic!("{request:?}") };
        let (text, next) = if content.from == 0 { ("one ", Some(4)) } else { ("two\n", None) };
        vec![Answer::Content(ContentView { text: text.into(), next, ..ContentView::default() }).into()]
    });
    let ran = fake.run("show info.md 3");
    came_to(&ran, 0);
    assert_eq!(ran.out, "one two\n");
}

#[test]
fn the_check_of_a_folder_is_the_answer_of_the_specification() {
    let view = CheckView { valid: false, errors: vec!["missing directory: exports".into()], warnings: vec![] };
    let ran = Fake::always(Answer::Check(view)).run("episode check 900 --json");
    came_to(&ran, 1);
    insta::assert_snapshot!(ran.out, @r#"
    {
      "valid": false,
      "errors": [
        "missing directory: exports"
      ],
      "warnings": []
    }
    "#);
}

/// A daemon that grants every lock for `lock_ms` and writes down what happens to it.
fn locksmith(lock_ms: i64) -> Fake {
    let fake = tempfile::tempdir().unwrap();
    let dir = fake.path().to_owned();
    let lock = move || {
        let now = jiff::Timestamp::now().as_millisecond();
        let lock = LockView { until_at_ms: Some(now + lock_ms), kind: LockKind::Lock, ..sample::locks().remove(0) };
        Answer::Lock(lock).into()
    };
    Fake::new(move |_, request| match request {
        Request::Take(_) => vec![lock()],
        Request::Renew(_) => {
            std::fs::write(fake.path().join("renewed"), "").unwrap();
            vec![lock()]
        }
        Request::GiveBack(_) => vec![Answer::Done(DoneView {}).into()],
        Request::Version(_) => vec![
            Answer::Version(VersionView { state_dir: dir.to_str().unwrap().into(), ..VersionView::default() }).into(),
        ],
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_locked_command_runs_with_its_token_and_its_exit_code_is_ours() {
    let fake = locksmith(60_000);
    let mut command = fake.command("lock info.md --why renaming --");
    command.args(["sh", "-c", "echo $SHOWD_LOCK_TOKEN; exit 7"]);
    let ran = run(command);
    came_to(&ran, 7);
    assert_eq!(ran.out, "1.3\n");
    let asked = fake.asked();
    assert!(matches!(&asked[0], Request::Take(take) if take.why == "renaming" && take.path.ends_with("info.md")));
    assert_eq!(asked[1], ask::GiveBack { lock: LeaseId(3) }.into());
    let mut killed = fake.command("lock info.md --");
    killed.args(["sh", "-c", "kill -KILL $$"]);
    came_to(&run(killed), 128 + 9);
    let ran = fake.run("lock info.md -- /nowhere/at-all");
    came_to(&ran, 127);
    assert!(ran.err.contains("could not start /nowhere/at-all"), "{}", ran.err);
    assert!(matches!(fake.asked().last(), Some(Request::GiveBack(_))));
}

#[test]
fn a_lock_is_renewed_while_the_command_runs() {
    let fake = locksmith(300);
    let version = serde_json::from_str::<serde_json::Value>(&fake.run("version --json").out).unwrap();
    let mut command = fake.command("lock info.md --");
    let until =
        format!("while [ ! -e {}/renewed ]; do sleep 0.02; done", version["daemon"]["state_dir"].as_str().unwrap());
    command.args(["sh", "-c", &until]);
    came_to(&run(command), 0);
}

#[test]
fn signals_reach_the_command() {
    let fake = locksmith(60_000);
    let mut command = fake.command("lock info.md --");
    command.args(["sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.02; done"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id().cast_signed()), nix::sys::signal::Signal::SIGTERM)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
    assert!(matches!(fake.asked().last(), Some(Request::GiveBack(_))));
}

#[test]
fn somebody_elses_lock_is_waited_for_as_long_as_was_said() {
    let held = || Refusal::new(RefusalKind::NotNow, "info.md is held by pat", "showctl locks");
    let fake = Fake::always(held());
    let ran = fake.run("lock info.md --no-wait -- true");
    came_to(&ran, 4);
    let ran = fake.run("lock info.md --timeout 0.1s -- true");
    came_to(&ran, 124);
    let times = AtomicUsize::new(0);
    let fake = Fake::new(move |_, request| match request {
        Request::Take(_) if times.fetch_add(1, Ordering::SeqCst) == 0 => vec![held().into()],
        Request::Take(_) => vec![Answer::Lock(sample::locks().remove(0)).into()],
        _ => vec![Answer::Done(DoneView {}).into()],
    });
    let ran = fake.run("lock info.md -- echo mine");
    came_to(&ran, 0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("mine\n", "waiting: info.md is held by pat\n"));
    let never = Fake::always(Refusal::new(RefusalKind::NotFound, "no share holds /tmp/x", "showctl shares"));
    came_to(&never.run("lock /tmp/x -- true"), 4);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let fake = Fake::always(Answer::Jobs(JobsView { jobs: sample::jobs(), ..JobsView::default() }));
    let mut child = fake.command("jobs").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
}

#[test]
fn a_hello_that_is_not_answered_does_not_hang_for_ever() {
    // Nobody accepts, but the kernel queues the connection: the hello is written and no answer comes.
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("showd.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let mut command = showctl();
    command.arg("status").env("SHOWD_SOCKET", &socket);
    let begun = std::time::Instant::now();
    let ran = run(command);
    came_to(&ran, 3);
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn help_reads_well() {
    let help = |words: &[&str]| {
        let mut command = showctl();
        command.args(words).arg("--help");
        let ran = run(command);
        came_to(&ran, 0);
        ran.out
    };
    insta::assert_snapshot!("help", help(&[]));
    insta::assert_snapshot!("help_wait", help(&["wait"]));
    insta::assert_snapshot!("help_lock", help(&["lock"]));
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let mut command = showctl();
        command.args(["completions", shell]);
        let ran = run(command);
        came_to(&ran, 0);
        assert!(ran.out.contains("left-out"), "{shell}");
    }
}
