//! What the store promises: all or nothing, what was acknowledged is there, pages add up, old bytes stay readable.

pub mod forgetful;
mod samples;

use super::home::Home;
use super::row::Kind;
use super::{BuildFilter, JobFilter, Store, StoreError, export, import};
use forgetful::Forgetful;
use show_core::{
    BuildId, BuildRow, Change, Digest, EventRow, FilePath, FileRow, JobId, JobRow, JobState, MetaRow, RevisionRow, Row,
    RowKey, Seq, ShareId, Subject, Time,
};
use std::collections::BTreeSet;
use std::io::Write as _;

fn store() -> Store {
    Store::on(Forgetful::default(), 1_000).expect("memory")
}

fn put(rows: Vec<Row>) -> Vec<Change> {
    rows.into_iter().map(Change::Put).collect()
}

fn subject(path: &str) -> Subject {
    Subject { pipeline: "show-build".into(), share: ShareId(0), path: path.into() }
}

fn build(id: u64, path: &str, jobs: &[u64], ended: bool) -> BuildRow {
    BuildRow {
        id: BuildId(id),
        subject: subject(path),
        jobs: jobs.iter().copied().map(JobId).collect(),
        ended: ended.then_some(Time(9)),
        ..samples::build()
    }
}

fn job(id: u64, of: u64, path: &str, state: JobState) -> JobRow {
    JobRow { id: JobId(id), build: BuildId(of), subject: subject(path), state, ..samples::job() }
}

fn event(seq: u64) -> EventRow {
    EventRow { seq: Seq(seq), ..samples::event() }
}

fn failed() -> JobState {
    JobState::Failed { at: Time(5), why: "no".into() }
}

fn done() -> JobState {
    JobState::Done { at: Time(5), how: show_core::Done::Succeeded }
}

#[test]
fn every_kind_of_row_comes_back_as_it_was_put() {
    let mut store = store();
    store.apply(&put(samples::rows())).expect("kept");
    let rows = store.restore().expect("readable");
    insta::assert_debug_snapshot!(rows);
    let reader = store.read().expect("readable");
    assert_eq!(reader.actions(&[samples::action().key, Digest([9; 32])]).expect("readable").0, [samples::action()]);
    assert_eq!(reader.revision(&samples::file(), 1).expect("readable"), Some(samples::revision()));
}

#[test]
fn deleted_rows_are_gone() {
    let mut store = store();
    store.apply(&put(samples::rows())).expect("kept");
    let keys = [
        RowKey::File(samples::file()),
        RowKey::Build(samples::build().id),
        RowKey::Action(samples::action().key),
        RowKey::Index(samples::index().subject, samples::index().node),
        RowKey::Lease(samples::lease().id),
        RowKey::Proposal(samples::proposal().id),
        RowKey::Intent(samples::intent().id),
        RowKey::Fixed(samples::fixed().file, samples::fixed().key),
        RowKey::Binding(samples::binding().file, samples::binding().place),
        RowKey::Ours(samples::ours().file, samples::ours().target),
        RowKey::Revision(samples::revision().file, 1),
    ];
    store.apply(&keys.map(Change::Delete)).expect("kept");
    let rows = store.restore().expect("readable");
    assert_eq!((rows.files.len(), rows.builds.len(), rows.jobs.len(), rows.ended.len()), (0, 0, 0, 0));
    assert_eq!((rows.index.len(), rows.leases.len(), rows.proposals.len(), rows.intents.len()), (0, 0, 0, 0));
    assert_eq!((rows.fixed.len(), rows.bindings.len(), rows.ours.len()), (0, 0, 0));
    let versions = store.read().expect("open").revisions(&samples::file(), None, 9).expect("readable");
    assert!(versions.rows.is_empty());
}

#[test]
fn the_bytes_of_every_kind_stay_as_they_are() {
    let hex = |bytes: Vec<u8>| format!("{bytes:02x?}").replace(['[', ']', ',', ' '], "");
    let lines = [
        ("meta", samples::meta().to_bytes()),
        ("file", samples::file_row().to_bytes()),
        ("build", samples::build().to_bytes()),
        ("job", samples::job().to_bytes()),
        ("action", samples::action().to_bytes()),
        ("index", samples::index().to_bytes()),
        ("lease", samples::lease().to_bytes()),
        ("proposal", samples::proposal().to_bytes()),
        ("intent", samples::intent().to_bytes()),
        ("fixed", samples::fixed().to_bytes()),
        ("binding", samples::binding().to_bytes()),
        ("ours", samples::ours().to_bytes()),
        ("revision", samples::revision().to_bytes()),
        ("event", samples::event().to_bytes()),
    ];
    let text: Vec<_> =
        lines.into_iter().map(|(name, bytes)| format!("{name} {}", hex(bytes.expect("encodable")))).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn one_commit_is_two_flushes_however_many_changes_it_holds() {
    let backend = Forgetful::default();
    let mut store = Store::on(backend.clone(), 1_000).expect("memory");
    let before = backend.flushes();
    store.apply(&put(vec![Row::Meta(MetaRow::default())])).expect("kept");
    assert_eq!(backend.flushes() - before, 2);
    let many: Vec<_> = (1..=500).map(|id| Row::Job(job(id, 1, "episodes/0900/", JobState::Waiting))).collect();
    let before = backend.flushes();
    store.apply(&put(many)).expect("kept");
    assert_eq!(backend.flushes() - before, 2);
    let before = backend.flushes();
    store.apply(&[]).expect("nothing to keep");
    assert_eq!(backend.flushes() - before, 0, "no changes, no commit");
}

/// The power fails at every possible write of a run of commits, and of what was not flushed some reaches the disk and
/// some does not.
#[test]
fn whatever_the_power_cut_leaves_of_unflushed_writes_the_last_acknowledged_commit_is_there() {
    let commits: u64 = 8;
    let mut cuts = 0;
    for cut_after in 1.. {
        let backend = Forgetful::default();
        let mut store = Store::on(backend.clone(), 1_000).expect("memory");
        backend.fail_after(cut_after);
        let acknowledged = (1..=commits).take_while(|n| store.apply(&step(*n)).is_ok()).last().unwrap_or(0);
        drop(store);
        for seed in 0..3 {
            let store = Store::on(backend.after_power_cut(cut_after * 7 + seed), 1_000).expect("opens again");
            let rows = store.restore().expect("readable");
            let found = rows.meta.next_job;
            assert!(
                found == acknowledged || found == acknowledged + 1,
                "cut {cut_after} seed {seed}: {acknowledged}, found {found}"
            );
            let jobs: Vec<_> = rows.jobs.iter().map(|job| job.id.0).collect();
            assert_eq!(jobs, (1..=found).collect::<Vec<_>>(), "a commit is all or nothing");
            assert_eq!(store.read().expect("readable").next_event().expect("readable"), Seq(found + 1));
            cuts += 1;
        }
        if acknowledged == commits {
            break;
        }
    }
    assert!(cuts > 100, "only {cuts} cuts");
}

/// The changes of the nth commit of the run above: counters, a build that grows, a job, an event.
fn step(n: u64) -> Vec<Change> {
    let jobs: Vec<_> = (1..=n).collect();
    let mut changes = put(vec![
        Row::Meta(MetaRow { next_job: n, ..MetaRow::default() }),
        Row::Build(build(1, "episodes/0900/", &jobs, false)),
        Row::Job(job(n, 1, "episodes/0900/", JobState::Waiting)),
    ]);
    changes.push(Change::Log(event(n)));
    changes
}

#[test]
fn of_a_group_of_decisions_the_last_counters_count() {
    let mut store = store();
    let meta = |next_job| Row::Meta(MetaRow { next_job, ..MetaRow::default() });
    store.apply(&put(vec![meta(1), meta(2), meta(3)])).expect("kept");
    assert_eq!(store.restore().expect("readable").meta.next_job, 3);
}

#[test]
fn of_a_row_that_a_group_writes_twice_the_last_counts_and_a_deletion_between_undoes_nothing() {
    let mut store = store();
    store.apply(&put(vec![Row::Build(build(1, "episodes/0900/", &[1], true))])).expect("kept");
    let mut group = put(vec![Row::Job(job(1, 1, "episodes/0900/", failed()))]);
    group.push(Change::Delete(RowKey::Build(BuildId(1))));
    group.extend(put(vec![Row::Job(job(1, 2, "episodes/0900/", done()))]));
    store.apply(&group).expect("kept");
    let reader = store.read().expect("readable");
    assert_eq!(reader.job(JobId(1)).expect("readable"), Some(job(1, 2, "episodes/0900/", done())));
    let bad = reader.jobs(&JobFilter { bad_only: true, ..JobFilter::default() }, None, 10).expect("readable");
    assert!(bad.rows.is_empty(), "it ended well");
}

#[test]
fn jobs_are_paged_newest_first_by_any_filter() {
    let mut store = store();
    let mut rows = vec![
        Row::Build(build(1, "episodes/0900/", &(1..=6).collect::<Vec<_>>(), true)),
        Row::Build(build(2, "episodes/0901/", &(7..=10).collect::<Vec<_>>(), false)),
    ];
    rows.extend((1..=10).map(|id| {
        let state = if id % 3 == 0 { failed() } else { done() };
        let (of, path) = if id <= 6 { (1, "episodes/0900/") } else { (2, "episodes/0901/") };
        Row::Job(job(id, of, path, state))
    }));
    store.apply(&put(rows)).expect("kept");
    let reader = store.read().expect("readable");
    let all = |filter: JobFilter<'_>| {
        let (mut ids, mut before) = (Vec::new(), None);
        loop {
            let page = reader.jobs(&filter, before, 3).expect("readable");
            assert!(page.rows.len() <= 3);
            ids.extend(page.rows.iter().map(|job| job.id.0));
            match page.next {
                Some(next) => before = Some(next),
                None => return ids,
            }
        }
    };
    assert_eq!(all(JobFilter::default()), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(all(JobFilter { build: Some(BuildId(2)), ..JobFilter::default() }), [10, 9, 8, 7]);
    assert_eq!(
        all(JobFilter { subjects: vec![subject("episodes/0900/")], ..JobFilter::default() }),
        [6, 5, 4, 3, 2, 1]
    );
    assert_eq!(all(JobFilter { bad_only: true, ..JobFilter::default() }), [9, 6, 3]);
    assert_eq!(all(JobFilter { step: Some("compile"), ..JobFilter::default() }), Vec::<u64>::new());
}

#[derive(Debug)]
struct Bad;

impl super::JobPredicate for Bad {
    fn holds(&self, job: &JobRow) -> bool {
        matches!(job.state, JobState::Failed { .. })
    }
}

#[test]
fn what_only_its_state_leaves_out_of_a_page_is_counted() {
    let mut store = store();
    let jobs = (1..=6)
        .map(|id| Row::Job(job(id, 1, if id < 5 { "a/" } else { "b/" }, if id == 2 { failed() } else { done() })));
    let all = (1..=6).collect::<Vec<u64>>();
    store.apply(&put(jobs.chain([Row::Build(build(1, "a/", &all, true))]).collect())).expect("kept");
    let reader = store.read().expect("readable");
    let page = reader.jobs(&JobFilter { state: Some(&Bad), ..JobFilter::default() }, None, 10).expect("readable");
    assert_eq!((page.rows.len(), page.passed_over), (1, 5));
    let of_one = JobFilter { state: Some(&Bad), build: Some(BuildId(1)), step: Some("none"), ..JobFilter::default() };
    assert_eq!(reader.jobs(&of_one, None, 10).expect("readable").passed_over, 0, "the step leaves them out");
}

#[test]
fn a_job_that_was_mended_is_no_bad_job() {
    let mut store = store();
    store.apply(&put(vec![Row::Job(job(1, 1, "a/", failed()))])).expect("kept");
    store.apply(&put(vec![Row::Job(job(1, 1, "a/", done()))])).expect("kept");
    let reader = store.read().expect("readable");
    let page = reader.jobs(&JobFilter { bad_only: true, ..JobFilter::default() }, None, 10).expect("readable");
    assert_eq!(page.rows, []);
}

#[test]
fn a_build_goes_with_its_jobs_but_not_with_those_that_were_adopted() {
    let mut store = store();
    let rows = vec![
        Row::Build(build(1, "a/", &[1, 2], true)),
        Row::Build(build(2, "a/", &[2, 3], false)),
        Row::Job(job(1, 1, "a/", failed())),
        Row::Job(job(2, 2, "a/", done())),
        Row::Job(job(3, 2, "a/", done())),
    ];
    store.apply(&put(rows)).expect("kept");
    store.apply(&[Change::Delete(RowKey::Build(BuildId(1)))]).expect("kept");
    let reader = store.read().expect("readable");
    assert!(reader.job(JobId(1)).expect("readable").is_none());
    assert!(reader.job(JobId(2)).expect("readable").is_some());
    let builds =
        reader.builds(&BuildFilter { subjects: vec![subject("a/")], pipeline: None }, None, 10).expect("readable");
    assert_eq!(builds.rows.iter().map(|build| build.id.0).collect::<Vec<_>>(), [2]);
}

#[test]
fn only_unfinished_builds_come_back_whole() {
    let mut store = store();
    let rows = vec![
        Row::Build(build(3, "a/", &[1], true)),
        Row::Build(build(2, "b/", &[2], true)),
        Row::Build(build(4, "a/", &[3], false)),
        Row::Job(job(1, 3, "a/", done())),
        Row::Job(job(2, 2, "b/", done())),
        Row::Job(job(3, 4, "a/", JobState::Waiting)),
    ];
    store.apply(&put(rows)).expect("kept");
    let rows = store.restore().expect("readable");
    assert_eq!(rows.builds.iter().map(|build| build.id.0).collect::<Vec<_>>(), [4]);
    assert_eq!(rows.jobs.iter().map(|job| job.id.0).collect::<Vec<_>>(), [3]);
    assert_eq!(rows.ended, [(subject("b/"), BuildId(2)), (subject("a/"), BuildId(3))]);
}

#[test]
fn the_event_log_keeps_its_numbers_and_forgets_the_oldest() {
    let mut store = Store::on(Forgetful::default(), 100).expect("memory");
    for seq in 1..=600 {
        store.apply(&[Change::Log(event(seq))]).expect("kept");
    }
    let reader = store.read().expect("readable");
    let oldest = reader.oldest_event().expect("readable");
    assert!(oldest.0 > 300 && oldest.0 <= 500, "{oldest}");
    assert_eq!(reader.next_event().expect("readable"), Seq(601));
    let events = reader.events(Seq(598), 10).expect("readable");
    assert_eq!(events.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [598, 599, 600]);
}

#[test]
fn the_history_of_a_file_goes_to_its_new_name_or_is_copied() {
    let mut store = store();
    let at = |path: &str| FilePath { share: ShareId(0), path: path.into() };
    let (old, new, third) = (samples::file(), at("episodes/0901/rundown/10 Tea.md"), at("elsewhere.md"));
    let digests = |store: &Store, file: &FilePath| {
        let page = store.read().expect("readable").revisions(file, None, 10).expect("readable");
        page.rows.iter().map(|(number, row)| (*number, row.digest.0[0], row.file == *file)).collect::<Vec<_>>()
    };
    let revision = |file: &FilePath, digest: u8| {
        let file = file.clone();
        Row::Revision(RevisionRow { file, digest: Digest([digest; 32]), ..samples::revision() })
    };
    store.apply(&put(vec![revision(&old, 1), revision(&new, 7), revision(&old, 2)])).expect("kept");
    let moved = Change::History { from: old.clone(), to: new.clone(), copied: false };
    store.apply(&[moved, Change::Put(revision(&new, 3))]).expect("kept");
    assert_eq!(digests(&store, &old), []);
    assert_eq!(digests(&store, &new), [(4, 3, true), (3, 2, true), (2, 1, true), (1, 7, true)]);
    store.apply(&[Change::History { from: new.clone(), to: third.clone(), copied: true }]).expect("kept");
    assert_eq!(digests(&store, &new), digests(&store, &third));
    // Of a file without any there is nothing to move.
    store.apply(&[Change::History { from: old, to: third.clone(), copied: false }]).expect("kept");
    assert_eq!(digests(&store, &third).len(), 4);
}

#[test]
fn a_version_was_made_of_what_lay_at_the_path_before_it() {
    let mut store = store();
    let revision = |origin: &str| Row::Revision(RevisionRow { origin: origin.into(), ..samples::revision() });
    let origins = ["person", "person, set aside as b.sync-conflict-20260801-081936-ABCDEF2.md", "weave, job 4"];
    store.apply(&put(origins.map(revision).to_vec())).expect("kept");
    let reader = store.read().expect("readable");
    let page = reader.revisions(&samples::file(), None, 10).expect("readable");
    let parent = |(number, row): &(u64, RevisionRow)| {
        (*number, reader.parent(&samples::file(), *number, row).expect("readable"))
    };
    assert_eq!(page.rows.iter().map(parent).collect::<Vec<_>>(), [(3, Some(1)), (2, None), (1, None)]);
}

#[test]
fn a_file_that_is_gone_is_no_file_for_anybody_but_the_core() {
    let mut store = store();
    let row = FileRow { left: Some(Time(5)), ..samples::file_row() };
    store.apply(&put(vec![Row::File(row.clone())])).expect("kept");
    assert_eq!(store.read().expect("readable").file(&row.file).expect("readable"), None);
    assert_eq!(store.restore().expect("readable").files, [row]);
}

#[test]
fn revisions_are_numbered_by_file_and_paged_newest_first() {
    let mut store = store();
    let other = FilePath { path: "episodes/0900/info.md.old".into(), ..samples::file() };
    for digest in 1..=5 {
        let revision = RevisionRow { digest: Digest([digest; 32]), ..samples::revision() };
        let elsewhere = RevisionRow { file: other.clone(), ..revision.clone() };
        store.apply(&put(vec![Row::Revision(revision), Row::Revision(elsewhere)])).expect("kept");
    }
    let reader = store.read().expect("readable");
    let page = reader.revisions(&samples::file(), None, 3).expect("readable");
    assert_eq!(page.rows.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [5, 4, 3]);
    let page = reader.revisions(&samples::file(), page.next, 3).expect("readable");
    assert_eq!(page.rows.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(page.next, None);
}

#[test]
fn an_export_makes_the_same_store_with_a_higher_epoch() {
    let mut first = store();
    first.enroll(&["show", "other"]).expect("kept");
    let mut changes = put(samples::rows());
    changes.push(Change::Log(event(1)));
    first.apply(&changes).expect("kept");
    let mut lines = Vec::new();
    export(&first, &mut lines).expect("exported");
    let mut second = store();
    import(&mut second, &mut lines.as_slice()).expect("imported");
    let (mut a, b) = (first.restore().expect("readable"), second.restore().expect("readable"));
    a.meta.epoch += 1;
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
    let mut again = Vec::new();
    export(&second, &mut again).expect("exported");
    assert_eq!(lines.len(), again.len());
    assert_eq!(second.enroll(&["other", "third"]).expect("kept")[1..], [(1, "other".into()), (2, "third".into())]);
}

#[test]
fn a_line_that_is_no_row_is_named() {
    let error = import(&mut store(), &mut b"{\"showd\":{\"schema\":1}}\nhello\n".as_slice()).expect_err("no row");
    assert_eq!(error.to_string(), "line 2 of the export is not a row");
}

#[test]
fn a_share_keeps_its_number_whatever_the_order_of_the_configuration() {
    let mut store = store();
    assert_eq!(store.enroll(&["b"]).expect("kept"), [(0, "b".into())]);
    assert_eq!(store.enroll(&["a", "b"]).expect("kept"), [(0, "b".into()), (1, "a".into())]);
    assert_eq!(
        store.enroll(&["a"]).expect("kept"),
        [(0, "b".into()), (1, "a".into())],
        "a retired name keeps its number"
    );
}

fn claim(path: &std::path::Path) -> Result<Home, StoreError> {
    Home::claim(path)
}

#[test]
fn a_state_directory_is_claimed_by_one_daemon_only() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = dir.path().join("a/b/state");
    let first = claim(&state).expect("a new directory");
    let error = claim(&state).expect_err("the first lives");
    assert!(error.to_string().ends_with("another showd is using it"), "{error}");
    drop(first);
    let store = Store::open(claim(&state).expect("free again"), 1_000).expect("opens");
    assert!(claim(&state).is_err(), "the store keeps the claim");
    let dying = std::thread::spawn(move || drop(store));
    claim(&state).expect("the one before was still on its way out");
    dying.join().expect("ends");
}

#[test]
fn a_directory_in_which_one_of_us_did_not_get_far_is_claimed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(dir.path().join("runner")).expect("made");
    std::fs::write(dir.path().join("showd.lock"), "").expect("written");
    std::fs::write(dir.path().join("showd.state.new"), "showd st").expect("written");
    drop(claim(dir.path()).expect("a kill before the marker was whole leaves nothing to mend by hand"));
    claim(dir.path()).expect("and now it is marked");
    assert!(!dir.path().join("showd.state.new").exists());
}

#[test]
fn a_directory_that_is_not_ours_or_newer_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("thesis.txt"), "mine").expect("written");
    let error = claim(dir.path()).expect_err("not ours");
    assert!(error.to_string().ends_with("it is not empty and not ours"), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 1, "nothing was added");

    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("showd.state"), "showd state 99\n").expect("written");
    let error = claim(dir.path()).expect_err("newer");
    assert!(error.to_string().ends_with("it has layout 99, and this showd knows 1"), "{error}");
    std::fs::write(dir.path().join("showd.state"), b"\xff\xfe").expect("written");
    assert!(claim(dir.path()).expect_err("not ours").to_string().ends_with("its showd.state is not ours"));
}

#[test]
fn a_store_that_is_no_redb_file_is_named() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(claim(dir.path()).expect("new"));
    let mut file = std::fs::File::create(dir.path().join("show.redb")).expect("written");
    file.write_all(&[7; 8192]).expect("written");
    let error = Store::open(claim(dir.path()).expect("ours"), 1_000).expect_err("damaged");
    assert!(error.to_string().starts_with("could not open the store at "), "{error}");
}

#[test]
fn a_full_disk_is_an_error_and_what_was_kept_before_is_still_there() {
    let backend = Forgetful::default();
    let mut store = Store::on(backend.clone(), 1_000).expect("memory");
    store.apply(&step(1)).expect("kept");
    backend.fill_up();
    let error = store.apply(&step(2)).expect_err("full");
    assert_eq!(error.to_string(), "could not keep 4 changes in the store at memory");
    drop(store);
    let store = Store::on(backend.after_power_cut(1), 1_000).expect("opens again");
    assert_eq!(store.restore().expect("readable").meta.next_job, 1);
}

#[test]
fn a_ledger_has_every_row_and_names_every_blob_of_it() {
    let mut store = store();
    let rows = samples::rows();
    store.apply(&put(rows.clone())).expect("kept");
    let ledger = store.read().expect("open").ledger().expect("readable");
    let named: BTreeSet<Digest> = rows.iter().flat_map(Row::blobs).collect();
    assert!(named.len() > 5, "{named:?}");
    assert_eq!(ledger.names(), named);
}
