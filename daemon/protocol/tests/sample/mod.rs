//! One believable sample of everything that can be said, for golden frames, the examples of `docs/PROTOCOL.md` and the
//! client's pictures. Sunday, 9 August 2026, an hour before air: episode 0900 is nearly there, 0901 is a mess.
#![allow(dead_code, reason = "each test that includes this uses its part")]
#![allow(clippy::unnecessary_wraps, reason = "`some(…)` reads as what it makes")]

use show_protocol::*;

/// 2026-08-09T20:00:00Z.
pub const NOW: i64 = 1_786_305_600_000;
const MINUTE: i64 = 60_000;

fn digest(first: u8) -> String {
    format!("{first:02x}{}", "5e".repeat(31))
}

fn text(text: &str) -> String {
    text.into()
}

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

pub fn job_line(job: u64, step: &str, element: &str, state: JobState, message: &str) -> JobLine {
    JobLine {
        job: JobId(job),
        build: BuildId(7),
        pipeline: text("show-build"),
        share: text("main"),
        subject: text("episodes/0900/"),
        episode: some("0900"),
        step: text(step),
        element: text(element),
        state,
        since_at_ms: NOW - 2 * MINUTE,
        created_at_ms: NOW - 3 * MINUTE,
        attempt: AttemptNo(u32::from(state != JobState::Waiting)),
        percent: (state == JobState::Running).then_some(63),
        message: text(message),
        asked: false,
    }
}

pub fn jobs() -> Vec<JobLine> {
    use JobState as S;
    vec![
        job_line(41, "scan", "", S::Succeeded, "12 items, 14 clips, 6 quotes"),
        job_line(42, "probe", "SOTMSA79Z40K3TT1E", S::UpToDate, ""),
        job_line(43, "probe", "SOTMSA79Z41A11B2C", S::Running, "reading kettle-factory.mov"),
        job_line(44, "runtime", "", S::SucceededWithErrors, "00:58:41, 1 item without a length"),
        job_line(45, "transcode", "SOTMSA79Z41A11B2C", S::Waiting, "for job 43 probe"),
        job_line(46, "transcribe", "SOTMSA79Z40K3TT1E", S::Unavailable, "whisper is not installed"),
        job_line(47, "compile", "", S::Failed, "exit 1: template cover.html: unknown key {gest}"),
    ]
}

pub fn named(text_: &str, file: Option<&str>, line: Option<u32>, job: Option<u64>) -> NamedThing {
    NamedThing { text: text(text_), file: file.map(Into::into), line, job: job.map(JobId) }
}

pub fn stage(state: StageState, note: &str, by: Vec<NamedThing>) -> StageView {
    StageView { state, by_total: by.len() as u32, by, note: text(note) }
}

pub fn stages_nearly_there() -> StagesView {
    use StageState as S;
    StagesView {
        rundown: stage(S::Ready, "12 items", vec![]),
        scripts: stage(S::Working, "", vec![named("compile, waits for job 43 probe", None, None, Some(47))]),
        clips: stage(S::Working, "13 of 14 clips", vec![named("probe 63 %", None, None, Some(43))]),
        graphics: stage(S::NotApplicable, "", vec![]),
        timing: stage(S::Ready, "58:41 of 1:00:00", vec![]),
    }
}

pub fn stages_a_mess() -> StagesView {
    use StageState as S;
    let ad = Some("episodes/0901/rundown/20 Steam Ad.md");
    StagesView {
        rundown: stage(
            S::Blocked,
            "",
            vec![
                named("CUE_UNTERMINATED", ad, Some(14), None),
                named(
                    "conflict copy",
                    Some("episodes/0901/rundown/10 Tea.sync-conflict-20260801-081936-ABCDEF2.md"),
                    None,
                    None,
                ),
            ],
        ),
        scripts: stage(S::Blocked, "1 error box", vec![named("CUE_UNTERMINATED", ad, Some(14), None)]),
        clips: stage(
            S::Blocked,
            "1 of 3 clips",
            vec![
                named("missing: assets/video/steam.mp4", ad, Some(9), None),
                named("missing: assets/video/whistle.mp4", ad, Some(22), None),
            ],
        ),
        graphics: stage(
            S::Blocked,
            "0 of 2 pictures",
            vec![named("no picture: FSQ watched-pot", Some("episodes/0901/rundown/10 Tea.md"), Some(31), None)],
        ),
        timing: stage(S::Blocked, "12:00 of 1:00:00", vec![named("48:00 short of duration", None, None, None)]),
    }
}

pub fn episodes() -> Vec<EpisodeLine> {
    vec![
        EpisodeLine {
            share: text("main"),
            episode: text("0900"),
            subject: text("episodes/0900/"),
            title: text("The Kettle Report"),
            airdate: some("2026-08-09"),
            status: text("production"),
            duration_ms: Some(3_600_000),
            runtime_ms: Some(3_521_000),
            stages: stages_nearly_there(),
            errors: 0,
            warnings: 3,
        },
        EpisodeLine {
            share: text("main"),
            episode: text("0901"),
            subject: text("episodes/0901/"),
            title: text("A Watched Pot, and Why It Never Boils: a Symposium"),
            airdate: some("2026-08-16"),
            status: text("draft"),
            duration_ms: Some(3_600_000),
            runtime_ms: Some(720_000),
            stages: stages_a_mess(),
            errors: 4,
            warnings: 11,
        },
    ]
}

pub fn version() -> VersionView {
    VersionView {
        version: text("0.1.0"),
        protocols: vec![1],
        schema: 1,
        host: text("control-room"),
        pid: 812,
        started_at_ms: NOW - 3 * 24 * 60 * MINUTE,
        state_dir: text("/var/lib/showd"),
        socket: text("/run/showd/showd.sock"),
        epoch: 1,
    }
}

pub fn shares() -> Vec<ShareView> {
    vec![ShareView {
        share: text("main"),
        root: text("/srv/show"),
        state: ShareState::Watching,
        read_only: false,
        note: String::new(),
        files: 1_284,
        scanned_at_ms: Some(NOW - 4 * MINUTE),
    }]
}

pub fn left_out() -> Vec<LeftOutFile> {
    let file = |file: &str, reason: &str, steps: &[&str]| LeftOutFile {
        share: text("main"),
        file: text(file),
        reason: text(reason),
        steps: steps.iter().map(ToString::to_string).collect(),
        note: String::new(),
    };
    let broken = LeftOutFile {
        note: text("the front matter is never closed"),
        ..file("episodes/0901/rundown/60 Tea Cosy Fashion Week.md", "frontmatter broken at line 1", &["compile"])
    };
    vec![
        broken,
        file("episodes/0900/rundown/90 Spare Story.md", "status draft", &["compile", "runtime"]),
        file("episodes/0901/rundown/10 Tea.sync-conflict-20260801-081936-ABCDEF2.md", "conflict copy", &[]),
        file("episodes/0901/rundown/notes to self.md", "not an item", &[]),
    ]
}

pub fn locks() -> Vec<LockView> {
    vec![
        LockView {
            lock: Some(LeaseId(3)),
            kind: LockKind::Hold,
            share: text("main"),
            file: text("episodes/0900/rundown/10 Why Kettles Sing.md"),
            owner: text("pat"),
            why: text("rewriting the open"),
            since_at_ms: NOW - 12 * MINUTE,
            until_at_ms: None,
            job: None,
            token_epoch: 1,
            token: 3,
            exists: true,
            nearest: None,
        },
        LockView {
            lock: None,
            kind: LockKind::Read,
            share: text("main"),
            file: text("episodes/0900/assets/video/kettle-factory.mov"),
            owner: text("job 43 probe"),
            why: String::new(),
            since_at_ms: NOW - 2 * MINUTE,
            until_at_ms: None,
            job: Some(JobId(43)),
            token_epoch: 0,
            token: 0,
            exists: true,
            nearest: None,
        },
    ]
}

pub fn counts() -> Counts {
    Counts {
        waiting: 2,
        running: 1,
        changing: 0,
        succeeded: 9,
        with_errors: 1,
        nothing_to_do: 14,
        failed: 1,
        canceled: 0,
    }
}

pub fn archive() -> ArchiveView {
    ArchiveView { blobs: 18_204, bytes: 412_000_000, bytes_max: 20_000_000_000 }
}

pub fn swept() -> SweptView {
    SweptView {
        dry_run: true,
        revisions: 1_240,
        results: 96,
        builds: 31,
        proposals: 2,
        blobs: 1_118,
        bytes: 23_500_000,
        archive: archive(),
    }
}

pub fn status() -> StatusView {
    StatusView {
        now_at_ms: NOW,
        seq: Seq(1_205),
        server: version(),
        shares: shares(),
        episodes: episodes(),
        episodes_total: 2,
        running: jobs().into_iter().filter(|job| job.state == JobState::Running).collect(),
        failed: jobs().into_iter().filter(|job| job.state == JobState::Failed).collect(),
        jobs: counts(),
        pools: vec![
            PoolView { pool: text("cpu"), capacity: 8, used: 2, waiting: 0 },
            PoolView { pool: text("gpu"), capacity: 1, used: 1, waiting: 3 },
        ],
        locks: locks().into_iter().take(1).collect(),
        proposals_open: 2,
        conflicts: 1,
        left_out: left_out(),
        left_out_total: 3,
        notices: vec![NoticeView {
            text: text("this kernel has no Landlock: steps can read the share"),
            hint: text("Linux 5.13 or newer has it"),
        }],
        archive: archive(),
    }
}

pub fn build_line() -> BuildLine {
    BuildLine {
        build: BuildId(7),
        pipeline: text("show-build"),
        share: text("main"),
        subject: text("episodes/0900/"),
        episode: some("0900"),
        created_at_ms: NOW - 3 * MINUTE,
        ended_at_ms: None,
        cause: text("rundown/10 Why Kettles Sing.md changed"),
        asked_by: None,
        counts: counts(),
    }
}

pub fn steps() -> Vec<StepView> {
    let step = |name: &str, map: &str, needs: &[&str], after: &[&str], note: &str| StepView {
        step: text(name),
        work: format!("{name} (built in)"),
        map: text(map),
        needs: needs.iter().map(ToString::to_string).collect(),
        after: after.iter().map(ToString::to_string).collect(),
        when: if name == "transcode" { text("probe.off_target") } else { String::new() },
        available: note.is_empty(),
        note: text(note),
    };
    vec![
        step("scan", "", &[], &[], ""),
        step("probe", "scan.clips", &["scan"], &[], ""),
        step("runtime", "", &["scan"], &["probe"], ""),
        step("transcode", "scan.clips", &["probe"], &[], ""),
        step("transcribe", "scan.clips", &["probe"], &[], "whisper is not installed"),
        step("compile", "", &["runtime"], &["transcribe"], ""),
    ]
}

pub fn pipeline_line() -> PipelineLine {
    PipelineLine {
        pipeline: text("show-build"),
        subject: text("episodes/{episode:digits}/"),
        on: vec![text("info.md"), text("rundown/*.md"), text("assets/**")],
        steps: steps().into_iter().map(|step| step.step).collect(),
        source: text("built in"),
        subjects: 2,
    }
}

pub fn diagnostics() -> Vec<DiagnosticView> {
    let ad = "episodes/0901/rundown/20 Steam Ad.md";
    let one = |code: &str, severity, file: &str, line, column, message: &str, hint: &str| DiagnosticView {
        code: text(code),
        severity,
        share: text("main"),
        file: text(file),
        line,
        column,
        message: text(message),
        hint: text(hint),
    };
    vec![
        one(
            "CUE_UNTERMINATED",
            Severity::Error,
            ad,
            14,
            1,
            "Missing End Cue",
            "end the cue with a line \"<!-- End Cue -->\"",
        ),
        one(
            "SLUG_BAD",
            Severity::Warning,
            ad,
            16,
            8,
            "the slug \"LUV my Gov!\" is not file-safe",
            "showctl proposals shows a better one",
        ),
        one("NOT_AN_ITEM", Severity::Info, "episodes/0901/rundown/notes to self.md", 0, 0, "no frontmatter", ""),
    ]
}

pub fn output() -> OutputView {
    OutputView {
        role: text("host"),
        share: text("main"),
        file: text("episodes/0900/scripts/current/host.html"),
        path: text("/srv/show/episodes/0900/scripts/current/host.html"),
        digest: digest(0xd1),
        bytes: 48_211,
        in_place: true,
    }
}

pub fn blockers() -> Vec<BlockerView> {
    vec![
        BlockerView {
            kind: BlockerKind::Need,
            text: text("needs probe SOTMSA79Z41A11B2C, which is running (job 43)"),
            job: Some(JobId(43)),
            file: None,
            pool: None,
            until_at_ms: None,
        },
        BlockerView {
            kind: BlockerKind::NotQuiet,
            text: text("rundown/10 Why Kettles Sing.md is not quiet, it changed 40 s ago"),
            job: None,
            file: some("episodes/0900/rundown/10 Why Kettles Sing.md"),
            pool: None,
            until_at_ms: Some(NOW + 80_000),
        },
    ]
}

pub fn changed() -> Vec<KeyChange> {
    vec![
        KeyChange {
            part: text("text rundown/10 Why Kettles Sing.md"),
            before: Some(digest(0xaa)),
            now: Some(digest(0xbb)),
        },
        KeyChange { part: text("setting speech.rate"), before: None, now: some("150") },
    ]
}

pub fn job() -> JobView {
    JobView {
        job: job_line(47, "compile", "", JobState::Failed, "exit 1: template cover.html: unknown key {gest}"),
        cause: text("rundown/10 Why Kettles Sing.md changed"),
        asked_by: some("pat"),
        parameters: vec![NameValue { name: text("preset"), value: text("host") }],
        key: Some(digest(0xc4)),
        key_parts: vec![
            NameValue { name: text("step"), value: text("compile 1") },
            NameValue { name: text("text info.md"), value: digest(0x01) },
        ],
        needs: vec![JobRef {
            job: JobId(44),
            step: text("runtime"),
            element: String::new(),
            state: JobState::SucceededWithErrors,
        }],
        after: vec![JobRef {
            job: JobId(46),
            step: text("transcribe"),
            element: text("SOTMSA79Z40K3TT1E"),
            state: JobState::Unavailable,
        }],
        needed_by: vec![],
        attempts: vec![
            AttemptView {
                attempt: AttemptNo(1),
                started_at_ms: NOW - 3 * MINUTE,
                ended_at_ms: Some(NOW - 3 * MINUTE + 420),
                outcome: text("lost"),
                why: text("the runner was gone"),
            },
            AttemptView {
                attempt: AttemptNo(2),
                started_at_ms: NOW - 2 * MINUTE,
                ended_at_ms: Some(NOW - 2 * MINUTE + 1_340),
                outcome: text("exit 1"),
                why: text("template cover.html: unknown key {gest}"),
            },
        ],
        outputs: vec![output()],
        edits: vec![text("episodes/0900/info.md")],
        facts: vec![NameValue { name: text("pages"), value: text("14") }],
        result: some("{\"pages\":14}"),
        diagnostics: diagnostics().into_iter().take(1).collect(),
        pools: vec![PoolUse { pool: text("cpu"), slots: 1 }],
        timeout_ms: 60_000,
        notes: vec![text("ran without Landlock")],
    }
}

pub fn why_waiting() -> WhyView {
    WhyView {
        job: job_line(45, "transcode", "SOTMSA79Z41A11B2C", JobState::Waiting, "for job 43 probe"),
        text: text("job 45 waits for job 43 probe, and for its file to be quiet"),
        blockers: blockers(),
        changed: changed(),
        last_words: vec![],
        hint: text("showctl log 43 --follow shows what it is doing"),
    }
}

pub fn why_file() -> WhyFileView {
    let lately = BlockerView {
        kind: BlockerKind::NotQuiet,
        text: text("episodes/0901/rundown/20 Steam Ad.md is not quiet: changed on laptop a moment ago"),
        until_at_ms: Some(NOW + 2 * MINUTE),
        ..BlockerView::default()
    };
    WhyFileView {
        share: text("main"),
        file: text("episodes/0901/rundown/20 Steam Ad.md"),
        text: text("episodes/0901/rundown/20 Steam Ad.md is not written now"),
        quiet: false,
        blockers: vec![lately],
        jobs: vec![job_line(45, "weave", "episodes/0901/rundown/20 Steam Ad.md", JobState::Waiting, "for quiet")],
        proposals_open: 2,
        hint: text("\"showctl proposals\" lists what waits for a yes or no"),
    }
}

pub fn revision() -> RevisionView {
    RevisionView {
        revision: 3,
        at_ms: NOW - 30 * MINUTE,
        digest: digest(0x33),
        bytes: 2_310,
        origin: text("weave, job 39"),
        parent: Some(2),
        current: true,
        kept: true,
    }
}

pub fn proposal_line() -> ProposalLine {
    ProposalLine {
        proposal: ProposalId(5),
        state: ProposalState::Open,
        share: text("main"),
        episode: some("0901"),
        file: text("episodes/0901/rundown/20 Steam Ad.md"),
        code: text("SLUG_BAD"),
        summary: text("slug \"LUV my Gov!\" to \"luv-my-gov\""),
        step: text("cue_repair"),
        created_at_ms: NOW - 50 * MINUTE,
        decided_by: None,
        setting: text("repair.slug_bad"),
    }
}

pub fn conflict() -> ConflictLine {
    let part = |line, part| PartView { line, text: text(part) };
    ConflictLine {
        share: text("main"),
        file: text("episodes/0900/rundown/10 Why Kettles Sing.md"),
        copy: text("episodes/0900/rundown/10 Why Kettles Sing.sync-conflict-20260809-192214-ABCDEF2.md"),
        set_aside: text("2026-08-09 19:22:14"),
        device: some("ABCDEF2"),
        is_open: true,
        text: text("two people changed the same place of it"),
        fit: Fit::Unclean,
        why: String::new(),
        places: vec![ClashView {
            what: text("the key title"),
            text: text("both sides changed the key title in line 2"),
            base: part(2, "title: Why Kettles Sing\n"),
            ours: part(2, "title: Warum Kessel singen\n"),
            theirs: part(2, "title: 湯沸かしはなぜ歌うのか\n"),
        }],
        ours: Some(digest(0x33)),
        theirs: Some(digest(0x44)),
    }
}

pub const CONFLICT_DIFF: &str = "--- 10 Why Kettles Sing.md\n+++ the copy\n@@ -1,3 +1,3 @@\n ---\n\
    -title: Warum Kessel singen\n+title: 湯沸かしはなぜ歌うのか\n order: 10\n";

pub const CONFLICT_DRAFT: &str = "---\n@@@@ showd: at the path\ntitle: Warum Kessel singen\n\
    @@@@ showd: in the copy\ntitle: 湯沸かしはなぜ歌うのか\n@@@@ showd: end\norder: 10\n";

pub fn blame() -> BlameView {
    let person = BlameLine {
        line: 2,
        cue: None,
        name: text("title"),
        value: text("Why Kettles Sing: 湯沸かしはなぜ歌うのか, and a very long end of it that nobody can read at once"),
        revision: 1,
        at_ms: NOW - 45 * MINUTE,
        origin: text("person"),
        is_oldest: true,
    };
    let step = BlameLine {
        line: 14,
        cue: some("kettle-factory"),
        name: text("Duration"),
        value: text("0:45"),
        revision: 3,
        at_ms: NOW - 30 * MINUTE,
        origin: text("weave, job 39"),
        is_oldest: false,
    };
    BlameView {
        share: text("main"),
        file: text("episodes/0900/rundown/10 Why Kettles Sing.md"),
        lines: vec![person, step],
    }
}

pub const DIFF: &str =
    "--- 20 Steam Ad.md\n+++ 20 Steam Ad.md\n@@ -16 +16 @@\n-[Slug: LUV my Gov!]\n+[Slug: luv-my-gov]\n";

pub fn event(seq: u64) -> EventView {
    EventView {
        seq: Seq(seq),
        at_ms: NOW - 2 * MINUTE,
        kind: text("job.done"),
        share: some("main"),
        pipeline: some("show-build"),
        subject: some("episodes/0900/"),
        episode: some("0900"),
        build: Some(BuildId(7)),
        job: Some(JobId(41)),
        step: some("scan"),
        file: None,
        text: text("job 41 scan succeeded: 12 items, 14 clips, 6 quotes"),
    }
}

pub fn log() -> LogView {
    LogView {
        job: JobId(47),
        attempt: AttemptNo(2),
        lines: vec![
            LogLine { at_ms: NOW - 2 * MINUTE + 12, stream: Stream::Out, text: text("compiling host") },
            LogLine {
                at_ms: NOW - 2 * MINUTE + 1_330,
                stream: Stream::Err,
                text: text("template cover.html: unknown key {gest}"),
            },
        ],
        next: 96,
        ended: true,
    }
}

pub fn items() -> Vec<ItemView> {
    let item =
        |file: &str, order: Option<&str>, title: &str, kind: &str, status: &str, seconds: Option<u64>| ItemView {
            file: text(file),
            order: order.map(Into::into),
            title: text(title),
            slug: title.to_lowercase().replace(' ', "-"),
            kind: text(kind),
            status: text(status),
            duration_ms: seconds.map(|seconds| seconds * 1000),
            words: 312,
            cues: 3,
            errors: 0,
            warnings: u32::from(order.is_none()),
        };
    vec![
        item(
            "episodes/0900/rundown/10 Why Kettles Sing.md",
            Some("10"),
            "Why Kettles Sing",
            "segment",
            "production",
            Some(1_284),
        ),
        item("episodes/0900/rundown/20 Steam Ad.md", Some("20"), "Steam Ad", "ad", "production", Some(60)),
        item("episodes/0900/rundown/90 Spare Story.md", None, "Spare Story", "segment", "draft", None),
    ]
}

pub fn episode() -> EpisodeView {
    EpisodeView {
        episode: episodes().remove(0),
        path: text("/srv/show/episodes/0900"),
        items: items(),
        scripts: vec![output()],
        build: Some(build_line()),
        jobs: jobs().into_iter().filter(|job| !job.state.is_success()).collect(),
        diagnostics: diagnostics(),
        left_out: left_out().into_iter().take(1).collect(),
        locks: locks().into_iter().take(1).collect(),
        proposals: vec![proposal_line()],
    }
}

pub fn plan() -> PlanView {
    let step = |step: &str, element: &str, action, because: &str| PlanStep {
        step: text(step),
        element: text(element),
        action,
        because: text(because),
        changed: vec![],
        blockers: vec![],
        outputs: vec![],
        job: None,
    };
    let mut compile = step("compile", "", PlanAction::Wait, "a text it reads changed");
    compile.changed = changed();
    compile.blockers = blockers();
    compile.outputs = vec![text("episodes/0900/scripts/current/host.html")];
    compile.job = Some(JobId(47));
    PlanView {
        now_at_ms: NOW,
        subjects: vec![PlanSubject {
            pipeline: text("show-build"),
            share: text("main"),
            subject: text("episodes/0900/"),
            episode: some("0900"),
            steps: vec![
                step("scan", "", PlanAction::UpToDate, ""),
                step("probe", "SOTMSA79Z40K3TT1E", PlanAction::UpToDate, ""),
                step("probe", "SOTMSA79Z41A11B2C", PlanAction::Running, "job 43"),
                step("runtime", "", PlanAction::Run, "rundown/10 Why Kettles Sing.md changed"),
                step("transcode", "SOTMSA79Z40K3TT1E", PlanAction::NotNeeded, "probe.off_target is false"),
                step("transcribe", "SOTMSA79Z40K3TT1E", PlanAction::Unavailable, "whisper is not installed"),
                compile,
            ],
        }],
        next: None,
    }
}

pub fn changes() -> ChangesView {
    ChangesView {
        share: text("main"),
        episode: text("0900"),
        text: text("2 cues get a number, 1 file moves along"),
        changes: vec![
            ChangeView {
                kind: ChangeKind::Rename,
                file: text("episodes/0900/assets/video/kettle.mp4"),
                to: some("episodes/0900/assets/video/10-kettle.mp4"),
                diff: None,
            },
            ChangeView {
                kind: ChangeKind::Replace,
                file: text("episodes/0900/rundown/10 Why Kettles Sing.md"),
                to: None,
                diff: some(
                    "--- 10 Why Kettles Sing.md\n+++ 10 Why Kettles Sing.md\n@@ -9 +9,2 @@\n-[Slug: kettle]\n+[Enumerator: 10]\n+[Slug: 10-kettle]\n",
                ),
            },
        ],
        notes: vec![text("assets/video/steam.mp4 is missing: its cue keeps its URL")],
        applied: false,
    }
}

/// One of every request, in the order of the wire.
pub fn requests() -> Vec<Request> {
    let file = || text("episodes/0900/rundown/10 Why Kettles Sing.md");
    vec![
        ask::Version {}.into(),
        ask::Status {}.into(),
        ask::Episodes { after: None, limit: Some(20) }.into(),
        ask::Episode { episode: text("0900") }.into(),
        ask::Jobs {
            states: vec![JobState::Failed, JobState::Retrying],
            step: some("transcode"),
            episode: some("0900"),
            build: Some(BuildId(7)),
            after: some("j47"),
            limit: Some(50),
        }
        .into(),
        ask::Job { job: JobId(47) }.into(),
        ask::Why { job: JobId(45) }.into(),
        ask::Plan { episode: some("0900"), path: None, after: None, limit: None }.into(),
        ask::Log { job: JobId(47), attempt: Some(AttemptNo(2)), stream: Some(Stream::Err), from: 0, follow: true }
            .into(),
        ask::Follow { from: Some(Seq(1_200)), snapshot: true, progress: true }.into(),
        ask::Events { from: Seq(1_200), limit: Some(100) }.into(),
        ask::Wait { jobs: vec![JobId(45), JobId(47)], builds: vec![BuildId(7)], progress: true }.into(),
        ask::WaitIdle { quiet_too: true, progress: false }.into(),
        ask::Requeue { jobs: vec![JobId(47)], failed: false, episode: None, force: true }.into(),
        ask::Cancel { jobs: vec![JobId(43)], builds: vec![] }.into(),
        ask::Submit {
            pipeline: text("show-build"),
            subject: text("episodes/0900/"),
            parameters: [(text("preset"), text("host-clean"))].into(),
        }
        .into(),
        ask::Builds { episode: some("0900"), pipeline: some("show-build"), after: None, limit: None }.into(),
        ask::Build { build: BuildId(7), after: None, limit: None }.into(),
        ask::Pipelines {}.into(),
        ask::Pipeline { pipeline: text("show-build") }.into(),
        ask::History { path: file(), after: None, limit: None }.into(),
        ask::Content { path: file(), revision: text("3"), from: 0 }.into(),
        ask::Restore { path: file(), revision: text("2") }.into(),
        ask::Edit { path: file(), base: digest(0x33), edits: text("[]"), what: text("check --fix") }.into(),
        ask::Compile { episode: text("0900"), presets: vec![text("host")] }.into(),
        ask::Enumerate { episode: text("0900"), remove: false, apply: true }.into(),
        ask::Renumber { episode: text("0900"), apply: false }.into(),
        ask::Normalise { episode: text("0900"), apply: true }.into(),
        ask::EpisodeNew { episode: some("0902"), title: some("Limescale"), airdate: some("2026-08-23"), kind: None }
            .into(),
        ask::EpisodeCheck { episode: text("0901") }.into(),
        ask::Config {}.into(),
        ask::Locks {}.into(),
        ask::Take { path: file(), why: text("rsync to the truck") }.into(),
        ask::Renew { lock: LeaseId(4) }.into(),
        ask::GiveBack { lock: LeaseId(4) }.into(),
        ask::Hold { path: file(), why: text("rewriting the open") }.into(),
        ask::Release { path: file() }.into(),
        ask::Proposals { states: vec![ProposalState::Open], episode: some("0901"), after: None, limit: None }.into(),
        ask::Proposal { proposal: ProposalId(5) }.into(),
        ask::Accept { proposals: vec![ProposalId(5)] }.into(),
        ask::Reject { proposals: vec![ProposalId(6)] }.into(),
        ask::LeftOut { episode: some("0900"), after: None, limit: None }.into(),
        ask::Diagnostics {
            episode: some("0901"),
            path: None,
            severity: Some(Severity::Warning),
            after: None,
            limit: None,
        }
        .into(),
        ask::Stop { request: 9 }.into(),
        ask::Shares {}.into(),
        ask::Conflicts { after: None, limit: None }.into(),
        ask::Conflict { path: file() }.into(),
        ask::Resolve {
            path: conflict().copy,
            how: Settle::Theirs,
            text: None,
            ours: Some(digest(0x33)),
            theirs: Some(digest(0x44)),
        }
        .into(),
        ask::Diff { path: file(), from: text("2"), to: some("3") }.into(),
        ask::Blame { path: file() }.into(),
        ask::Doctor {}.into(),
        ask::WhyFile { path: file() }.into(),
        ask::AddIgnores { share: Some(text("main")) }.into(),
        ask::Sweep { dry_run: true }.into(),
    ]
}

/// One of every answer, in the order of the wire.
pub fn answers() -> Vec<Answer> {
    vec![
        Answer::Done(DoneView {}),
        Answer::Version(version()),
        Answer::Status(status()),
        Answer::Episodes(EpisodesView { episodes: episodes(), next: None }),
        Answer::Episode(episode()),
        Answer::Jobs(JobsView { jobs: jobs(), next: some("41"), passed_over: 163 }),
        Answer::Job(job()),
        Answer::Why(why_waiting()),
        Answer::Plan(plan()),
        Answer::Log(log()),
        Answer::Following(FollowView { next: Seq(1_205), oldest: Seq(1), snapshot: None }),
        Answer::Events(EventsView { events: vec![event(1_204)], next: Seq(1_205), end: true }),
        Answer::Waited(WaitedView {
            jobs: jobs().into_iter().filter(|job| job.state.has_ended()).take(1).collect(),
            succeeded: 1,
            with_errors: 0,
            failed: 0,
            unfinished: 0,
        }),
        Answer::Ids(IdsView { ids: vec![47] }),
        Answer::Submitted(SubmittedView { build: BuildId(8), jobs: vec![JobId(48), JobId(49)] }),
        Answer::Builds(BuildsView { builds: vec![build_line()], next: None }),
        Answer::Build(BuildView {
            build: build_line(),
            parameters: vec![NameValue { name: text("preset"), value: text("host") }],
            steps: steps(),
            jobs: jobs(),
            next: None,
        }),
        Answer::Pipelines(PipelinesView { pipelines: vec![pipeline_line()] }),
        Answer::Pipeline(PipelineView {
            pipeline: pipeline_line(),
            steps: steps(),
            toml: text("[pipeline.show-build]\nsubject = \"episodes/{episode:digits}/\"\n"),
        }),
        Answer::History(HistoryView {
            share: text("main"),
            file: text("episodes/0900/rundown/10 Why Kettles Sing.md"),
            revisions: vec![
                revision(),
                RevisionView {
                    revision: 2,
                    at_ms: NOW - 45 * MINUTE,
                    digest: digest(0x22),
                    bytes: 2_290,
                    origin: text("person"),
                    parent: Some(1),
                    current: false,
                    kept: true,
                },
            ],
            next: None,
        }),
        Answer::Content(ContentView {
            revision: revision(),
            text: text("---\ntitle: Why Kettles Sing\n---\n"),
            lossy: false,
            next: None,
        }),
        Answer::Published(PublishedView {
            text: text("10 Why Kettles Sing.md is as it was in revision 2"),
            files: vec![text("episodes/0900/rundown/10 Why Kettles Sing.md")],
            in_place: true,
        }),
        Answer::Changes(changes()),
        Answer::EpisodeMade(EpisodeMadeView {
            episode: text("0902"),
            share: text("main"),
            path: text("/srv/show/episodes/0902"),
            files: vec![text("episodes/0902/info.md")],
        }),
        Answer::Check(CheckView { valid: false, errors: vec![text("missing directory: exports")], warnings: vec![] }),
        Answer::Config(ConfigView {
            file: some("/etc/showd.toml"),
            toml: text("[settle]\ntext = \"3s\"\n"),
            settings: vec![SettingView { name: text("settle.text"), value: text("3s"), origin: text("default") }],
        }),
        Answer::Locks(LocksView { locks: locks() }),
        Answer::Lock(locks().remove(0)),
        Answer::Proposals(ProposalsView { proposals: vec![proposal_line()], next: None }),
        Answer::Proposal(ProposalView { proposal: proposal_line(), diff: text(DIFF) }),
        Answer::LeftOut(LeftOutView { files: left_out(), next: None }),
        Answer::Diagnostics(DiagnosticsView {
            diagnostics: diagnostics(),
            errors: 1,
            warnings: 1,
            infos: 1,
            next: None,
        }),
        Answer::Shares(SharesView { shares: shares() }),
        Answer::Conflicts(ConflictsView { conflicts: vec![conflict()], next: None }),
        Answer::Conflict(ConflictView { conflict: conflict(), diff: text(CONFLICT_DIFF), draft: text(CONFLICT_DRAFT) }),
        Answer::Diff(DiffView {
            share: text("main"),
            file: text("episodes/0900/rundown/10 Why Kettles Sing.md"),
            from: RevisionView { revision: 2, digest: digest(0x22), current: false, ..revision() },
            to: revision(),
            diff: text(DIFF),
        }),
        Answer::Blame(blame()),
        Answer::Doctor(DoctorView { findings: findings() }),
        Answer::WhyFile(why_file()),
        Answer::Ignores(IgnoresView {
            folders: vec![AddedIgnores {
                share: text("main"),
                folder: text("Show"),
                lines: vec![text("(?d).DS_Store"), text("(?d)*.part")],
            }],
        }),
        Answer::Swept(swept()),
    ]
}

/// One of every push, in the order of the wire.
pub fn pushes() -> Vec<Push> {
    vec![
        Push::Event(event(1_205)),
        Push::Gap { from: Seq(1_206), to: Seq(1_300) },
        Push::Log(log()),
        Push::Progress(job_line(43, "probe", "SOTMSA79Z41A11B2C", JobState::Running, "reading kettle-factory.mov")),
        Push::Over {},
        Push::Closing { why: text("showd is going down") },
    ]
}

/// A machine with one thing of each health.
pub fn findings() -> Vec<FindingView> {
    let finding = |about: &str, health, said: &str, hint: &str| FindingView {
        about: text(about),
        health,
        text: text(said),
        hint: text(hint),
    };
    vec![
        finding("daemon", Health::Good, "showd 0.1.0 runs for 26 h, configured by /etc/showd/showd.toml", ""),
        finding("share main", Health::Good, "/srv/show is watched and may be written, 812 files", ""),
        finding(
            "share main",
            Health::Good,
            "carried by Syncthing 1.29.5 as \"Show\", which tells of changes after 1 s",
            "",
        ),
        finding(
            "programs",
            Health::Warning,
            "not installed: ffprobe (for probe, loudness)",
            "install it, such as with \"apt install ffprobe\"; what needs it is left out until then",
        ),
        finding("share truck", Health::Bad, "/mnt/truck is away", "mount it; until then nothing of it is done"),
    ]
}

pub fn refusal() -> Refusal {
    Refusal::new(
        RefusalKind::NotNow,
        "job 42 is still running",
        "wait for it with \"showctl wait 42\", or stop it with \"showctl cancel 42\"",
    )
}

pub fn failure() -> Failure {
    Failure {
        text: text("could not read blob 335e5e5e"),
        because: vec![text("Input/output error (os error 5)")],
        hint: text("check the disk with \"journalctl -k\""),
    }
}

/// One of every way an answer can go.
pub fn replies() -> Vec<Reply> {
    let mut replies: Vec<Reply> = answers().into_iter().map(Into::into).collect();
    replies.push(refusal().into());
    replies.push(failure().into());
    replies.extend(pushes().into_iter().map(Reply::Push));
    replies
}
