//! What requests are answered with, on a share with one episode and nothing done yet.

use crate::blob::Archive;
use crate::driver::tests::{Bench, HELD};
use crate::inbox::{Said, Then};
use show_protocol::ask::{
    Builds, Compile, Config, Content, Diagnostics, Doctor, Edit, Enumerate, Episode, EpisodeCheck, EpisodeNew,
    Episodes, Events, Follow, History, Hold, Job, Jobs, LeftOut, Locks, Pipeline, Pipelines, Plan, Proposals, Release,
    Requeue, Shares, Status, Submit, Take, Version,
};
use show_protocol::{
    Answer, DiagnosticView, JobState, LockKind, Refusal, RefusalKind, Reply, Request, Severity, StageState,
};

fn show() -> Bench {
    Bench::with("", &["show"], &["episodes/0900/info.md", "episodes/0900/rundown/10 Tea.md", "episodes/901/info.md"])
}

/// Does elsewhere what is left to do.
fn finished(said: Said) -> Said {
    match said {
        Said::Later(work) => {
            let dir = tempfile::tempdir().expect("a temporary folder");
            work(&Archive::open(dir.path()).expect("writable"))
        }
        said => said,
    }
}

fn answer(show: &mut Bench, request: impl Into<Request>) -> Answer {
    match finished(show.said(request)) {
        Said::Reply(Reply::Answer(answer)) => *answer,
        Said::Reply(other) => panic!("{other:?}"),
        other => panic!("{other:?}"),
    }
}

fn refusal(show: &mut Bench, request: impl Into<Request>) -> Refusal {
    match finished(show.said(request)) {
        Said::Reply(Reply::Refused(refusal)) => {
            assert!(!refusal.text.is_empty() && !refusal.text.ends_with('.'), "{refusal:?}");
            refusal
        }
        Said::Reply(other) => panic!("{other:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_can_be_looked_at_before_anything_was_done() {
    let mut show = show();
    let requests: [Request; 16] = [
        Version {}.into(),
        Status {}.into(),
        Episodes::default().into(),
        Jobs::default().into(),
        Builds::default().into(),
        Plan::default().into(),
        Pipelines {}.into(),
        Config {}.into(),
        Locks {}.into(),
        Proposals::default().into(),
        LeftOut::default().into(),
        Diagnostics::default().into(),
        Events::default().into(),
        Shares {}.into(),
        Doctor {}.into(),
        Episode { episode: "900".into() }.into(),
    ];
    for request in requests {
        answer(&mut show, request);
    }
}

#[test]
fn an_episode_goes_by_its_number_however_it_is_written() {
    let mut show = show();
    for (typed, number, path) in [
        ("900", "0900", "episodes/0900/"),
        ("0900", "0900", "episodes/0900/"),
        ("show:0900", "0900", "episodes/0900/"),
        ("0901", "0901", "episodes/901/"),
    ] {
        match answer(&mut show, Episode { episode: typed.into() }) {
            Answer::Episode(view) => {
                assert_eq!((view.episode.episode.as_str(), view.episode.subject.as_str()), (number, path), "{typed}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refusal(&mut show, Episode { episode: "902".into() }).kind, RefusalKind::NotFound);
    assert_eq!(refusal(&mut show, Episode { episode: "two".into() }).kind, RefusalKind::Invalid);
    assert_eq!(refusal(&mut show, Episode { episode: String::new() }).kind, RefusalKind::Invalid);
}

#[test]
fn before_the_first_scan_every_stage_is_being_worked_on() {
    let mut show = show();
    match answer(&mut show, Episode { episode: "900".into() }) {
        Answer::Episode(view) => {
            let stages = view.episode.stages;
            for stage in [stages.rundown, stages.scripts, stages.clips, stages.graphics, stages.timing] {
                assert_eq!(stage.state, StageState::Working);
                assert!(!stage.by.is_empty(), "it says what it waits for");
            }
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_path_goes_by_any_name_that_leads_into_a_share_and_by_no_other() {
    let mut show = show();
    for path in ["episodes/0900/info.md", "/srv/show/episodes/0900/info.md", "show:episodes/0900/info.md"] {
        match answer(&mut show, Hold { path: path.into(), why: "rewriting".into() }) {
            Answer::Lock(view) => {
                assert_eq!((view.kind, view.file.as_str()), (LockKind::Hold, "episodes/0900/info.md"), "{path}");
                assert_eq!((view.owner.as_str(), view.why.as_str()), ("pat", "rewriting"));
            }
            other => panic!("{other:?}"),
        }
        answer(&mut show, Release { path: path.into() });
    }
    for path in ["", "/", "../secret", "episodes/../../secret", "episodes//info.md", "./info.md", "/srv/show"] {
        let kind = refusal(&mut show, Take { path: path.into(), ..Take::default() }).kind;
        assert!(matches!(kind, RefusalKind::Invalid | RefusalKind::NotFound), "{path:?}: {kind:?}");
    }
    for path in ["/etc/passwd", "/srv/showy/info.md"] {
        assert_eq!(refusal(&mut show, Take { path: path.into(), ..Take::default() }).kind, RefusalKind::NotFound);
    }
}

#[test]
fn with_several_shares_a_bare_path_is_asked_back() {
    let mut show = Bench::with("", &["show", "spare"], &["episodes/0900/info.md"]);
    let no = refusal(&mut show, Hold { path: "episodes/0900/info.md".into(), ..Hold::default() });
    assert_eq!(no.kind, RefusalKind::Invalid);
    assert!(no.hint.contains("show:episodes/0900/info.md"), "{no:?}");
    answer(&mut show, Hold { path: "spare:episodes/0900/info.md".into(), ..Hold::default() });
    answer(&mut show, Episode { episode: "900".into() });
    assert_eq!(refusal(&mut show, Episode { episode: "other:900".into() }).kind, RefusalKind::NotFound);
}

#[test]
fn a_colon_may_stand_in_the_name_of_a_file() {
    let mut show = show();
    let path = "episodes/0900/rundown/10 Salt: a history.md";
    match answer(&mut show, Hold { path: path.into(), ..Hold::default() }) {
        Answer::Lock(view) => assert_eq!(view.file, path),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_place_in_a_list_that_no_page_gave_is_refused() {
    let mut show = show();
    let jobs = Jobs { after: Some("the middle".into()), ..Jobs::default() };
    assert_eq!(refusal(&mut show, jobs).kind, RefusalKind::Invalid);
    let episodes = Episodes { after: Some("-1".into()), ..Episodes::default() };
    assert_eq!(refusal(&mut show, episodes).kind, RefusalKind::Invalid);
    match answer(&mut show, Episodes { after: Some("1".into()), limit: Some(0) }) {
        Answer::Episodes(view) => {
            assert_eq!((view.episodes.len(), view.next), (1, None), "at least one row, and the end");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_there_is_said_to_be_missing_with_a_way_to_find_it() {
    let mut show = show();
    let requests: [Request; 8] = [
        Job { job: show_protocol::JobId(7) }.into(),
        Pipeline { pipeline: "show-biuld".into() }.into(),
        History { path: "episodes/0900/info.md".into(), ..History::default() }.into(),
        Content { path: "episodes/0900/info.md".into(), revision: "1".into(), from: 0 }.into(),
        Submit { pipeline: "nothing".into(), subject: "900".into(), ..Submit::default() }.into(),
        Submit { pipeline: "show-build".into(), subject: "episodes/0999".into(), ..Submit::default() }.into(),
        Requeue { jobs: vec![show_protocol::JobId(7)], ..Requeue::default() }.into(),
        show_protocol::ask::Build { build: show_protocol::BuildId(7), ..show_protocol::ask::Build::default() }.into(),
    ];
    for request in requests {
        let no = refusal(&mut show, request.clone());
        assert_eq!(no.kind, RefusalKind::NotFound, "{request:?}");
        assert!(!no.hint.is_empty(), "{request:?}");
    }
}

#[test]
fn presets_are_known_and_the_one_on_request_goes_alone() {
    let mut show = show();
    let mut ask = |presets: &[&str]| {
        let presets = presets.iter().map(|preset| (*preset).to_owned()).collect();
        finished(show.said(Compile { episode: "900".into(), presets }))
    };
    assert!(matches!(ask(&[]), Said::Reply(Reply::Answer(_))));
    assert!(matches!(ask(&["host", "production"]), Said::Reply(Reply::Answer(_))));
    assert!(matches!(ask(&["host-clean"]), Said::Reply(Reply::Answer(_))));
    assert!(matches!(ask(&["host", "host-clean"]), Said::Reply(Reply::Refused(_))));
    assert!(matches!(ask(&["hots"]), Said::Reply(Reply::Refused(_))));
}

#[test]
fn a_new_episode_takes_the_next_number_and_no_old_one() {
    let mut show = show();
    let taken = refusal(&mut show, EpisodeNew { episode: Some("901".into()), ..EpisodeNew::default() });
    assert_eq!(taken.kind, RefusalKind::NotAllowed);
    let odd = EpisodeNew { airdate: Some("next Sunday".into()), ..EpisodeNew::default() };
    assert_eq!(refusal(&mut show, odd).kind, RefusalKind::Invalid);
    let odd = EpisodeNew { episode: Some("two".into()), ..EpisodeNew::default() };
    assert_eq!(refusal(&mut show, odd).kind, RefusalKind::Invalid);
}

#[test]
fn a_folder_that_no_scan_has_seen_yet_is_an_episode_all_the_same() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let root = dir.path().join("show");
    std::fs::create_dir_all(root.join("episodes/0902/rundown")).expect("writable");
    let text = format!("[share.show]\npath = {:?}\n", root.to_string_lossy());
    let mut show = Bench::at(&root, &text, &["episodes/0900/info.md"]);
    match answer(&mut show, EpisodeCheck { episode: "902".into() }) {
        Answer::Check(view) => assert!(!view.valid && view.errors.iter().any(|error| error.contains("info.md"))),
        other => panic!("{other:?}"),
    }
    assert_eq!(refusal(&mut show, EpisodeCheck { episode: "903".into() }).kind, RefusalKind::NotFound);
    let taken = EpisodeNew { episode: Some("902".into()), ..EpisodeNew::default() };
    assert_eq!(refusal(&mut show, taken).kind, RefusalKind::NotAllowed);
    match finished(show.said(EpisodeNew { title: Some("Steam".into()), ..EpisodeNew::default() })) {
        Said::Ask(ask) => assert!(matches!(&ask.1, Then::EpisodeMade { episode, .. } if episode == "0903")),
        other => panic!("{other:?}"),
    }
    assert!(root.join("episodes/0903/rundown").is_dir());
}

#[test]
fn a_hold_says_whether_anything_is_there_and_what_was_meant_perhaps() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let root = dir.path().join("show");
    std::fs::create_dir_all(root.join("episodes/0900/rundown")).expect("writable");
    std::fs::write(root.join("episodes/0900/rundown/10 Tea.md"), "Tea.").expect("writable");
    let text = format!("[share.show]\npath = {:?}\n", root.to_string_lossy());
    let mut show = Bench::at(&root, &text, &["episodes/0900/info.md"]);
    let mut hold = |path: &str| match answer(&mut show, Hold { path: path.into(), ..Hold::default() }) {
        Answer::Lock(view) => (view.exists, view.nearest),
        other => panic!("{other:?}"),
    };
    let tea = "episodes/0900/rundown/10 Tea.md";
    assert_eq!(hold(tea), (true, None));
    assert_eq!(hold("episodes/0900/rundown"), (true, None), "a folder is something too");
    assert_eq!(hold("episodes/0900/rundown/10 tea.md"), (false, Some(tea.into())));
    assert_eq!(hold("episodes/0900/rundown/Whistles and Bells.md"), (false, None));
    assert_eq!(hold("episodes/0999/rundown/10 Tea.md"), (false, None));
    match answer(&mut show, Locks {}) {
        Answer::Locks(view) => assert_eq!(view.locks.iter().filter(|lock| lock.exists).count(), 2),
        other => panic!("{other:?}"),
    }
}

#[test]
fn status_and_episodes_are_in_one_order_the_newest_first() {
    let mut show = show();
    let status: Vec<_> = match answer(&mut show, Status {}) {
        Answer::Status(view) => view.episodes.into_iter().map(|one| one.episode).collect(),
        other => panic!("{other:?}"),
    };
    let episodes: Vec<_> = match answer(&mut show, Episodes::default()) {
        Answer::Episodes(view) => view.episodes.into_iter().map(|one| one.episode).collect(),
        other => panic!("{other:?}"),
    };
    assert_eq!((&status, status.as_slice()), (&episodes, ["0901".to_owned(), "0900".to_owned()].as_slice()));
}

#[test]
fn a_clip_that_has_not_settled_is_no_error_and_one_that_is_not_there_is() {
    use super::file::Settling;
    let settling = Settling::from([("show", "episodes/0900/assets/video/Tea.mp4")]);
    let calmed = |share: &str, file: &str, message: &str| {
        let (share, file, message) = (share.to_owned(), file.to_owned(), message.to_owned());
        let code = "MEDIA_MISSING".to_owned();
        let severity = Severity::Error;
        let mut one = DiagnosticView { code, severity, share, file, message, ..DiagnosticView::default() };
        settling.calm(&mut one);
        assert_eq!(one.severity == Severity::Info, Settling::is_calm(&one));
        (one.severity == Severity::Info).then_some(one.message)
    };
    let note = "episodes/0900/rundown/10 Tea.md";
    assert_eq!(
        calmed("show", note, "../assets/video/tea.mp4 is not in this episode").as_deref(),
        Some("episodes/0900/assets/video/Tea.mp4 is still being copied, or was changed a moment ago")
    );
    assert_eq!(calmed("show", note, "../assets/video/coffee.mp4 is not in this episode"), None);
    assert_eq!(calmed("show", note, "../assets/video/tea.mp4 points out of the episode"), None);
    assert_eq!(calmed("show", "episodes/0901/rundown/10 Tea.md", "tea.mp4 is not in this episode"), None);
    assert_eq!(calmed("other", note, "tea.mp4 is not in this episode"), None);
}

#[test]
fn a_text_that_was_not_written_can_be_read_by_the_beginning_of_its_digest() {
    let mut show = show();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let archive = Archive::open(dir.path()).expect("writable");
    let digest = archive.keep(b"Tea, and no more cues.", show_publish::Keep::Loosely).expect("writable").to_string();
    let mut read = |revision: &str| {
        let ask = Content { path: "episodes/0900/rundown/10 Tea.md".into(), revision: revision.into(), from: 0 };
        match show.said(ask) {
            Said::Later(work) => match work(&archive) {
                Said::Reply(Reply::Answer(answer)) => match *answer {
                    Answer::Content(view) => Some(view.text),
                    other => panic!("{other:?}"),
                },
                Said::Reply(Reply::Refused(_)) => None,
                other => panic!("{other:?}"),
            },
            Said::Reply(Reply::Refused(_)) => None,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(read(&digest[..12]).as_deref(), Some("Tea, and no more cues."));
    assert_eq!(read(&digest).as_deref(), Some("Tea, and no more cues."));
    for unknown in ["00000000", "../../etc/passwd", "1", &digest[..7]] {
        assert_eq!(read(unknown), None, "{unknown}");
    }
}

#[test]
fn what_failed_of_an_episode_failed_in_any_pipeline() {
    let mut show = show();
    match show.said(Requeue { failed: true, episode: Some("900".into()), ..Requeue::default() }) {
        Said::Reply(Reply::Answer(answer)) => assert!(matches!(*answer, Answer::Ids(_))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn edits_of_a_text_that_is_not_the_present_one_are_sent_back() {
    let mut show = show();
    let edit = |base: &str| Edit {
        path: "episodes/0900/info.md".into(),
        base: base.into(),
        edits: "[]".into(),
        what: "check --fix".into(),
    };
    assert_eq!(refusal(&mut show, edit("abc")).kind, RefusalKind::Invalid);
    assert_eq!(refusal(&mut show, edit(&"0".repeat(64))).kind, RefusalKind::NotNow);
}

#[test]
fn a_subscription_begins_at_the_event_its_snapshot_ends_with() {
    let mut show = show();
    let before = match answer(&mut show, Events::default()) {
        Answer::Events(view) => view.next,
        other => panic!("{other:?}"),
    };
    match show.said(Follow { snapshot: true, ..Follow::default() }) {
        Said::Follow { view, from, .. } => {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let view = view(&Archive::open(dir.path()).expect("writable"));
            assert_eq!(view.next.0, from.0);
            assert!(view.next >= before);
            assert_eq!(view.snapshot.expect("asked for").seq, view.next);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn numbering_shows_what_it_would_change_without_doing_it() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let root = dir.path().join("show");
    std::fs::create_dir_all(root.join("episodes/0900/rundown")).expect("writable");
    let note = "---\nslug: tea\norder: 7\nstatus: production\n---\n\nTea.\n";
    std::fs::write(root.join("episodes/0900/rundown/10 Tea.md"), note).expect("writable");
    let text = format!("[share.show]\npath = {:?}\n", root.to_string_lossy());
    let mut show = Bench::at(&root, &text, &["episodes/0900/rundown/10 Tea.md"]);
    match answer(&mut show, show_protocol::ask::Renumber { episode: "900".into(), apply: false }) {
        Answer::Changes(view) => {
            assert!(!view.applied);
            let diff = view.changes[0].diff.as_deref().expect("a text changes");
            assert!(diff.contains("-order: 7\n+order: 10\n"), "{diff}");
        }
        other => panic!("{other:?}"),
    }
    let nothing = Enumerate { episode: "900".into(), ..Enumerate::default() };
    match answer(&mut show, nothing) {
        Answer::Changes(view) => assert_eq!((view.text.as_str(), view.changes.len()), ("nothing would change", 0)),
        other => panic!("{other:?}"),
    }
    assert_eq!(std::fs::read_to_string(root.join("episodes/0900/rundown/10 Tea.md")).expect("there"), note);
}

#[test]
fn a_filter_of_states_is_all_of_them_or_none() {
    let mut show = show();
    let jobs = Jobs { states: vec![JobState::Failed, JobState::Canceled], ..Jobs::default() };
    match answer(&mut show, jobs) {
        Answer::Jobs(view) => assert_eq!((view.jobs.len(), view.next), (0, None)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn jobs_that_are_not_over_come_in_pages_from_the_newest_on() {
    let mut show = Bench::with(HELD, &["show"], &["bench/one/file.txt"]);
    for number in 0..5 {
        let parameters = [("n".to_owned(), number.to_string())].into();
        show.said(Submit { pipeline: "held".into(), subject: "bench/one/".into(), parameters });
    }
    let (mut after, mut jobs) = (None, Vec::new());
    loop {
        let ask = Jobs { states: vec![JobState::Waiting], after, limit: Some(2), ..Jobs::default() };
        let Answer::Jobs(page) = answer(&mut show, ask) else { panic!("another answer") };
        assert!(page.jobs.len() <= 2 && page.jobs.iter().all(|line| line.state == JobState::Waiting), "{page:?}");
        jobs.extend(page.jobs.iter().map(|line| line.job.0));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(jobs, [5, 4, 3, 2, 1]);
    for (state, step) in [(JobState::Running, None), (JobState::Waiting, Some("another".to_owned()))] {
        let Answer::Jobs(page) = answer(&mut show, Jobs { states: vec![state], step, ..Jobs::default() }) else {
            panic!("another answer")
        };
        assert_eq!((page.jobs, page.next), (Vec::new(), None));
    }
}
