//! What people see, page by page: at 80 columns, at 60, and once in colour.

#![allow(clippy::format_push_string, reason = "snapshots are small")]

#[path = "../../daemon/protocol/tests/sample/mod.rs"]
mod sample;

use jiff::tz::TimeZone;
use show_protocol::*;
use showctl::page::{BuildPage, Look, Page, done_to, event_line, log_lines, nothing_to_do_line};

fn look(width: usize) -> Look {
    Look { width, zone: TimeZone::UTC, now_ms: sample::NOW }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// The page at both widths, and the proof that it keeps to them.
fn at_two_widths(view: &impl Page) -> String {
    let mut both = String::new();
    for width in [80, 60] {
        let page = plain(&view.page(&look(width)));
        both.push_str(&format!("{:-^width$}\n{page}", format!(" {width} ")));
        assert!(page.is_empty() || page.ends_with('\n'), "a page ends its last line");
        for line in page.lines() {
            assert_eq!(line, line.trim_end(), "no blanks at the end of a line");
            let wide = unicode_width::UnicodeWidthStr::width(line);
            // The lines of a graph have a least length.
            assert!(wide <= width || (width < 80 && page.contains('└')), "{wide} columns and not {width}: {line}");
        }
    }
    both
}

fn a_build() -> BuildView {
    let (build, steps, jobs) = (sample::build_line(), sample::steps(), sample::jobs());
    BuildView { build, steps, jobs, ..BuildView::default() }
}

/// One that is left, one that fits together, one that is being settled.
fn several_conflicts() -> Vec<ConflictLine> {
    let left = sample::conflict();
    let clean = ConflictLine {
        file: "episodes/0900/rundown/20 Der Kessel pfeift über allem und hört nicht auf.md".into(),
        copy:
            "episodes/0900/rundown/20 Der Kessel pfeift über allem und hört nicht auf.sync-conflict-20260809-192214.md"
                .into(),
        device: None,
        text: "two people changed it; both edits fit together, and a person is to say so".into(),
        fit: Fit::Clean,
        places: Vec::new(),
        ..left.clone()
    };
    let mut long = sample::conflict();
    long.places[0].ours.text = "a line that goes on and on about kettles and their lids\n".repeat(9);
    long.places[0].theirs.text = String::new();
    let under_way = ConflictLine {
        file: "episodes/0901/info.md".into(),
        copy: "episodes/0901/info.sync-conflict-20260809-192214-ABCDEF2.md".into(),
        is_open: false,
        text: "waits for quiet: the copy is merged into the file".into(),
        ..clean.clone()
    };
    let unknown = ConflictLine {
        fit: Fit::Unknown,
        text: "two people changed it, and no state is known that both began from".into(),
        why: "two people changed it, and no state is known that both began from".into(),
        ..clean.clone()
    };
    vec![left, long, clean, unknown, under_way]
}

macro_rules! pages {
    ($($test:ident: $view:expr;)*) => {$(
        #[test]
        fn $test() {
            insta::assert_snapshot!(stringify!($test), at_two_widths(&$view));
        }
    )*};
}

pages! {
    status: sample::status();
    version: sample::version();
    episodes: EpisodesView { episodes: sample::episodes(), next: None };
    episode: sample::episode();
    jobs: JobsView { jobs: sample::jobs(), next: Some("41".into()), passed_over: 163 };
    job: sample::job();
    why_a_job_waits: sample::why_waiting();
    why_a_job_failed: WhyView {
        job: sample::job().job,
        text: "job 47 failed at its 2nd try; it is not tried again by itself".into(),
        last_words: vec!["compiling host".into(), "template cover.html: unknown key {gest}".into()],
        hint: "mend the cause, then \"showctl requeue 47\"".into(),
        ..WhyView::default()
    };
    plan: sample::plan();
    plan_with_nothing_to_do: PlanView {
        subjects: sample::plan().subjects.into_iter().map(|mut subject| {
            subject.steps.retain(|step| step.action == PlanAction::UpToDate);
            subject
        }).collect(),
        ..sample::plan()
    };
    builds: BuildsView { builds: vec![sample::build_line()], next: None };
    build: BuildPage { view: &a_build(), is_brief: false };
    build_in_brief: BuildPage { view: &a_build(), is_brief: true };
    pipelines: PipelinesView { pipelines: vec![sample::pipeline_line()] };
    pipeline: PipelineView { pipeline: sample::pipeline_line(), steps: sample::steps(), toml: "[pipeline.show-build]\n".into() };
    conflicts: ConflictsView { conflicts: several_conflicts(), next: Some("3".into()) };
    no_conflicts: ConflictsView::default();
    why_a_file_waits: sample::why_file();
    ignores: IgnoresView {
        folders: vec![
            AddedIgnores {
                share: "main".into(),
                folder: "Show".into(),
                lines: vec!["(?d).obsidian/workspace*.json".into(), "(?d).DS_Store".into()],
            },
            AddedIgnores { share: "main".into(), folder: "Recordings".into(), lines: Vec::new() },
        ],
    };
    doctor: DoctorView { findings: sample::findings() };
    conflict: ConflictView {
        conflict: sample::conflict(),
        diff: sample::CONFLICT_DIFF.into(),
        draft: sample::CONFLICT_DRAFT.into(),
    };
    diff: DiffView {
        share: "main".into(),
        file: "episodes/0900/rundown/20 Steam Ad.md".into(),
        from: RevisionView { revision: 2, current: false, origin: "person".into(), ..sample::revision() },
        to: sample::revision(),
        diff: sample::DIFF.into(),
    };
    blame: sample::blame();
    submitted: SubmittedView { build: BuildId(8), jobs: vec![JobId(48), JobId(49)] };
    waited: WaitedView { jobs: sample::jobs(), succeeded: 3, with_errors: 1, failed: 1, unfinished: 2 };
    diagnostics: DiagnosticsView { diagnostics: sample::diagnostics(), errors: 1, warnings: 1, infos: 1, next: None };
    left_out: LeftOutView { files: sample::left_out(), next: None };
    changes: sample::changes();
    locks: LocksView { locks: sample::locks() };
    lock: sample::locks().remove(0);
    lock_on_nothing: LockView {
        exists: false,
        nearest: Some("episodes/0900/rundown/10 Why Kettles Sing.md".into()),
        file: "episodes/0900/rundown/10 Why Kettels Sing.md".into(),
        ..sample::locks().remove(0)
    };
    swept: sample::swept();
    swept_nothing: SweptView { archive: sample::archive(), ..SweptView::default() };
    proposals: ProposalsView { proposals: vec![sample::proposal_line()], next: None };
    proposal: ProposalView { proposal: sample::proposal_line(), diff: sample::DIFF.into() };
    check_of_a_folder: CheckView {
        valid: false,
        errors: vec!["missing directory: exports".into()],
        warnings: vec!["no thumbnails yet".into()],
    };
    config: ConfigView { file: Some("/etc/showd.toml".into()), toml: "[settle]\ntext = \"3s\"\n".into(), settings: vec![] };
    history: HistoryView {
        share: "main".into(),
        file: "episodes/0900/rundown/10 Why Kettles Sing.md".into(),
        revisions: vec![sample::revision(), RevisionView {
            revision: 2,
            at_ms: sample::NOW - 90_000_000,
            digest: "22".repeat(32),
            bytes: 2_290,
            origin: "person".into(),
            parent: Some(1), current: false,
            kept: false,
        }],
        next: None,
    };
}

#[test]
fn a_status_in_colour() {
    insta::assert_snapshot!(sample::status().page(&look(80)).replace('\u{1b}', "␛"));
}

#[test]
fn a_quiet_evening() {
    let mut quiet = sample::status();
    quiet.jobs = Counts::default();
    quiet.running.clear();
    quiet.failed.clear();
    quiet.locks.clear();
    quiet.left_out.clear();
    quiet.notices.clear();
    (quiet.left_out_total, quiet.proposals_open, quiet.conflicts) = (0, 0, 0);
    quiet.episodes.truncate(1);
    quiet.episodes_total = 1;
    for pool in &mut quiet.pools {
        (pool.used, pool.waiting) = (0, 0);
    }
    let ready = StageView { state: StageState::Ready, ..StageView::default() };
    let stages = &mut quiet.episodes[0].stages;
    (stages.scripts, stages.clips) = (ready.clone(), ready);
    insta::assert_snapshot!(at_two_widths(&quiet));
}

#[test]
fn lines_of_logs_and_events() {
    let mut text = log_lines(&sample::log().lines, false, &look(80));
    text.push_str(&log_lines(&sample::log().lines, true, &look(80)));
    text.push_str(&event_line(&sample::event(1_204), &look(80)));
    text.push_str(&[0, 1, 1_163].map(|number| nothing_to_do_line(number, &look(80))).concat());
    text.push_str(&done_to("requeued", "job", &IdsView { ids: vec![] }));
    text.push_str(&done_to("requeued", "job", &IdsView { ids: vec![47] }));
    text.push_str(&done_to("accepted", "proposal", &IdsView { ids: (1..=30).collect() }));
    insta::assert_snapshot!(plain(&text));
}

/// Names as people have them: letters of many scripts, wide ones, and slugs without an end.
#[test]
fn long_and_foreign_names_keep_to_the_width_too() {
    let title = "Über das Wasser, Übungen für Änfänger — 湯沸かしの科学と文化の長い長い歴史 (Teil 2)";
    let file = format!("episodes/0900/rundown/10 {title}.md");
    let slug = "why-kettles-sing-and-what-they-sing-when-nobody-listens-because-everybody-is-asleep-by-then-at-last";
    let mut status = sample::status();
    status.episodes[0].title = title.into();
    let mut page = at_two_widths(&status);
    let mut episode = sample::episode();
    episode.episode.title = title.into();
    page.push_str(&at_two_widths(&episode));
    let event = EventView {
        file: Some(file.clone()),
        episode: None,
        kind: "publish.done".into(),
        text: format!("{file} was published: weave, job 39"),
        ..sample::event(1_204)
    };
    let mut jobs = sample::jobs();
    jobs[0].element = slug.into();
    jobs[0].message = format!("reading {slug}.mov");
    let locks =
        LocksView { locks: vec![LockView { file: file.clone(), why: slug.into(), ..sample::locks().remove(0) }] };
    let proposal = ProposalLine {
        file: file.clone(),
        summary: format!("slug \"{title}\" to \"{slug}\""),
        ..sample::proposal_line()
    };
    let left_out = LeftOutFile { file: file.clone(), ..sample::left_out().remove(0) };
    for part in [
        at_two_widths(&EventsView { events: vec![event], next: Seq(1_205), end: true }),
        at_two_widths(&JobsView { jobs, ..JobsView::default() }),
        at_two_widths(&locks),
        at_two_widths(&ProposalsView { proposals: vec![proposal.clone()], next: None }),
        at_two_widths(&ProposalView { proposal, diff: String::new() }),
        at_two_widths(&LeftOutView { files: vec![left_out], next: None }),
        at_two_widths(&SubmittedView { build: BuildId(8), jobs: (300..340).map(JobId).collect() }),
        at_two_widths(&PublishedView { text: format!("revision 1 of {file} is put back"), ..PublishedView::default() }),
    ] {
        page.push_str(&part);
    }
    insta::assert_snapshot!(page);
}

#[test]
fn a_page_for_a_file_is_neither_cut_nor_wrapped() {
    let mut jobs = sample::jobs();
    jobs[0].message = "kettle ".repeat(60);
    let page = plain(&JobsView { jobs, ..JobsView::default() }.page(&look(Look::ENDLESS)));
    assert!(page.contains("kettle ".repeat(60).trim_end()));
}
