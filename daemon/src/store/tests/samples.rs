//! One of every row, with every field filled.

use show_core::{
    ActionRow, AttemptNo, AttemptRow, Binding, BuildId, BuildRow, Cause, Digest, Edits, Element, EventRow, Field,
    FilePath, FileRow, FixedRow, Former, IndexRow, Intent, IntentId, JobId, JobRow, JobState, LeaseId, LeaseKind,
    LeaseRow, MetaRow, Move, Node, Ours, Output, ProposalFact, ProposalId, ProposalRow, ProposalState, Rename,
    RevisionRow, Row, Seq, ShareId, Source, Stamp, Subject, Time,
};
use std::collections::BTreeMap;

pub fn rows() -> Vec<Row> {
    vec![
        Row::Meta(meta()),
        Row::File(file_row()),
        Row::Build(build()),
        Row::Job(job()),
        Row::Action(action()),
        Row::Index(index()),
        Row::Lease(lease()),
        Row::Proposal(proposal()),
        Row::Intent(intent()),
        Row::Fixed(fixed()),
        Row::Binding(binding()),
        Row::Ours(ours()),
        Row::Revision(revision()),
    ]
}

pub fn file() -> FilePath {
    FilePath { share: ShareId(1), path: "episodes/0900/info.md".into() }
}

fn subject() -> Subject {
    Subject { pipeline: "show-build".into(), share: ShareId(1), path: "episodes/0900/".into() }
}

fn node() -> Node {
    Node { step: "probe".into(), element: "SOTMSA79Z40K3TT1E".into() }
}

pub fn meta() -> MetaRow {
    MetaRow { next_build: 1, next_job: 2, next_intent: 3, next_lease: 4, next_proposal: 5, next_seq: 6, epoch: 7 }
}

pub fn file_row() -> FileRow {
    FileRow {
        file: file(),
        stamp: Stamp { size: 300, mtime_ns: 1_785_578_400_000_000_001, ctime_ns: -1, inode: 77 },
        digest: Digest([1; 32]),
        changed: Time(1_785_578_400_000),
        published: Some(Time(2)),
        by_us: Some(node()),
        former: vec![Former { digest: Digest([2; 32]), by_us: node() }],
        left: None,
    }
}

pub fn build() -> BuildRow {
    BuildRow {
        id: BuildId(4),
        subject: subject(),
        created: Time(10),
        cause: "info.md changed".into(),
        parameters: BTreeMap::from([("preset".into(), "host-clean".into())]),
        asked_by: Some("pat".into()),
        jobs: vec![JobId(8)],
        ended: None,
    }
}

fn element() -> Element {
    let fields =
        [("slug", Field::Text("kettle-boils".into())), ("found", Field::Flag(true)), ("line", Field::Number(-12))];
    Element { id: "SOTMSA79Z40K3TT1E".into(), fields: fields.map(|(name, field)| (name.into(), field)).into() }
}

pub fn job() -> JobRow {
    JobRow {
        id: JobId(8),
        build: BuildId(4),
        subject: subject(),
        node: node(),
        element: Some(element()),
        state: JobState::Publishing { since: Time(11), intent: IntentId(3) },
        attempt: AttemptNo(2),
        tries: 1,
        key: Some(Digest([2; 32])),
        key_parts: vec![("source".into(), "0101".into())],
        asked: true,
        forced: false,
        dropped: false,
        refused: None,
        created: Time(10),
        progress: Some((Some(40), "reading".into())),
        summary: "1920x1080".into(),
        attempts: vec![AttemptRow {
            attempt: AttemptNo(1),
            started: Time(10),
            ended: Some(Time(11)),
            outcome: "exit 3".into(),
            why: "no such file".into(),
        }],
    }
}

pub fn action() -> ActionRow {
    ActionRow {
        key: Digest([3; 32]),
        at: Time(12),
        job: JobId(8),
        with_errors: true,
        result: Some(Digest([4; 32])),
        facts: BTreeMap::from([("airdate".into(), Field::Text("2026-08-09".into()))]),
        lists: BTreeMap::from([("clips".into(), vec![element()])]),
        outputs: vec![Output {
            role: "quotes".into(),
            file: file(),
            digest: Digest([5; 32]),
            size: 70_000,
            keep_old_as: Some(file()),
        }],
        edits: Some(Edits { digest: Digest([6; 32]), files: vec![file()], renames: vec![rename()] }),
        proposals: vec![ProposalFact {
            file: file(),
            code: "SLUG_BAD".into(),
            summary: "luv-my-gov".into(),
            edits: Digest([8; 32]),
            renames: vec![rename()],
            base: Digest([7; 32]),
            handed_over: true,
        }],
        summary: "2 quotes".into(),
    }
}

pub fn index() -> IndexRow {
    IndexRow { subject: subject(), node: node(), action: action(), key_parts: vec![("kind".into(), "SOT".into())] }
}

pub fn lease() -> LeaseRow {
    LeaseRow {
        id: LeaseId(5),
        file: file(),
        kind: LeaseKind::Hold,
        owner: "pat".into(),
        why: "rewriting".into(),
        since: Time(13),
        until: Some(Time(14)),
    }
}

pub fn rename() -> Rename {
    Rename { with: file(), from: file(), to: file() }
}

pub fn proposal() -> ProposalRow {
    ProposalRow {
        id: ProposalId(6),
        subject: subject(),
        node: node(),
        file: file(),
        base: Digest([7; 32]),
        code: "SLUG_BAD".into(),
        summary: "luv-my-gov".into(),
        edits: Digest([8; 32]),
        renames: vec![rename()],
        created: Time(15),
        state: ProposalState::Published { at: Time(19), by: "sam".into() },
        refused: Some("it would lose a cue".into()),
    }
}

pub fn intent() -> Intent {
    let moves = vec![
        Move::Replace {
            file: file(),
            base: Digest([1; 32]),
            new: Digest([2; 32]),
            size: 9,
            source: Source::Blob,
            human: true,
            seen: Some(Stamp { size: 8, mtime_ns: 1, ctime_ns: 2, inode: 3 }),
        },
        Move::New {
            file: file(),
            new: Digest([3; 32]),
            size: 10,
            source: Source::Scratch { job: JobId(8), attempt: AttemptNo(2), role: "host".into() },
        },
        Move::Rename { from: file(), to: file(), base: Digest([4; 32]) },
        Move::Remove { file: file(), base: Digest([5; 32]), human: false },
    ];
    let action = Box::new(action());
    let home = FilePath { share: ShareId(0), path: "episodes/0900".into() };
    let cause = Cause::Attempt { job: JobId(8), attempt: AttemptNo(2), action };
    Intent { id: IntentId(3), moves, home: Some(home), cause }
}

pub fn fixed() -> FixedRow {
    FixedRow { file: file(), key: Digest([3; 32]), now: Digest([9; 32]), was: Digest([10; 32]) }
}

pub fn binding() -> Binding {
    Binding { file: file(), place: "cue 3 pending".into(), id: "GFXMSA79Z40K3TT1E".into() }
}

pub fn ours() -> Ours {
    Ours { file: file(), target: "info.total_runtime".into(), value: "00:00:30".into() }
}

pub fn revision() -> RevisionRow {
    RevisionRow {
        file: file(),
        at: Time(16),
        digest: Digest([11; 32]),
        size: 300,
        origin: "person".into(),
        by_us: false,
    }
}

pub fn event() -> EventRow {
    EventRow {
        seq: Seq(17),
        at: Time(18),
        kind: "job.done".into(),
        subject: Some(subject()),
        job: Some(JobId(8)),
        build: Some(BuildId(4)),
        step: Some("probe".into()),
        file: Some(file()),
        text: "probe done".into(),
    }
}
