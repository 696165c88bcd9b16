//! What the keeper lets go of, over random histories: never the last of anything, never what something stands on, in
//! the end no more than there is room for, and nothing more the second time.

use proptest::prelude::*;
use show_core::*;
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: i64 = 86_400_000;

fn digest(n: u8) -> Digest {
    Digest([n; 32])
}

fn file(n: u8) -> FilePath {
    FilePath { share: ShareId(0), path: format!("rundown/{n}.md").into() }
}

fn action(key: u8, at: i64, result: u8) -> ActionRow {
    ActionRow {
        key: digest(key),
        at: Time(at),
        job: JobId(1),
        with_errors: false,
        result: Some(digest(result)),
        facts: BTreeMap::new(),
        lists: BTreeMap::new(),
        outputs: Vec::new(),
        edits: None,
        proposals: Vec::new(),
        summary: String::new(),
    }
}

fn subject() -> Subject {
    Subject { pipeline: "show-build".into(), share: ShareId(0), path: "episodes/0900/".into() }
}

/// A store full of things, each with the texts it names.
#[derive(Debug, Clone, Default)]
struct World {
    revisions: Vec<(u64, RevisionRow)>,
    actions: Vec<ActionRow>,
    /// Keys of the actions that the index holds.
    current: BTreeSet<u8>,
    fixed: Vec<u8>,
    builds: Vec<BuildRow>,
    stored: BTreeMap<Digest, Stored>,
    anchors: Anchors,
}

impl World {
    fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::default();
        self.revisions.iter().for_each(|(number, row)| ledger.note_revision(*number, row));
        for row in &self.actions {
            ledger.note(&Row::Action(row.clone()));
            if self.current.contains(&row.key.0[0]) {
                let node = Node { step: format!("step {}", row.key).into(), element: "".into() };
                let index = IndexRow { subject: subject(), node, action: row.clone(), key_parts: Vec::new() };
                ledger.note(&Row::Index(index));
            }
        }
        for text in &self.fixed {
            let row = FixedRow { file: file(0), key: digest(250), now: digest(*text), was: digest(*text) };
            ledger.note(&Row::Fixed(row));
        }
        self.builds.iter().for_each(|row| ledger.note(&Row::Build(row.clone())));
        ledger
    }

    fn outgrown(&self, bounds: &Bounds, now: i64) -> Outgrown {
        self.ledger().outgrown(&self.anchors, bounds, &self.stored, Time(now))
    }

    fn let_go(&mut self, gone: &Outgrown) {
        let rows: BTreeSet<&RowKey> = gone.rows.iter().collect();
        self.revisions.retain(|(number, row)| !rows.contains(&RowKey::Revision(row.file.clone(), *number)));
        self.actions.retain(|row| !rows.contains(&RowKey::Action(row.key)));
        self.builds.retain(|row| !rows.contains(&RowKey::Build(row.id)));
        self.stored.retain(|digest, _| !gone.blobs.contains(digest));
    }

    fn bytes(&self) -> u64 {
        self.stored.values().map(|blob| blob.bytes).sum()
    }

    /// The newest version of each file for which this holds.
    fn newest(&self, is_one: impl Fn(&RevisionRow) -> bool) -> BTreeMap<FilePath, u64> {
        let rows = self.revisions.iter().filter(|(_, row)| is_one(row));
        rows.map(|(number, row)| (row.file.clone(), *number)).collect()
    }
}

prop_compose! {
    fn worlds()(
        texts in prop::collection::vec((1_u64..2_000, 0_i64..40), 0..30),
        versions in prop::collection::vec((0_u8..4, 0_i64..40, 0_u8..30, any::<bool>(), any::<bool>()), 0..60),
        results in prop::collection::vec((0_i64..40, 0_u8..30, any::<bool>()), 0..20),
        fixed in prop::collection::vec(0_u8..30, 0..3),
        builds in prop::collection::vec(0_i64..40, 0..8),
        held in prop::collection::btree_set(0_u8..30, 0..3),
        copied in prop::collection::btree_set(0_u8..4, 0..2),
    ) -> World {
        let stored = (0..).zip(texts).map(|(n, (bytes, day))| {
            (digest(n), Stored { bytes, since: Time(day * DAY_MS) })
        });
        let mut world = World { stored: stored.collect(), fixed, ..World::default() };
        let mut numbers = BTreeMap::new();
        let mut versions = versions;
        versions.sort_by_key(|(_, day, ..)| *day);
        for (of, day, text, by_us, aside) in versions {
            let number = numbers.entry(of).or_insert(0_u64);
            *number += 1;
            let origin = if aside { "person, set aside as x" } else { "person" }.to_owned();
            let row = RevisionRow { file: file(of), at: Time(day * DAY_MS), digest: digest(text), size: 1, origin, by_us };
            world.revisions.push((*number, row));
        }
        for (key, (day, result, is_current)) in (100..).zip(results) {
            world.actions.push(action(key, day * DAY_MS, result));
            world.current.extend(is_current.then_some(key));
        }
        for (id, day) in (1..).zip(builds) {
            world.builds.push(BuildRow {
                id: BuildId(id),
                subject: subject(),
                created: Time(0),
                cause: String::new(),
                parameters: BTreeMap::new(),
                asked_by: None,
                jobs: Vec::new(),
                ended: Some(Time(day * DAY_MS)),
            });
        }
        world.anchors.blobs = held.into_iter().map(digest).collect();
        world.anchors.files = copied.into_iter().map(file).collect();
        world
    }
}

prop_compose! {
    fn bounds()(history in 0_u64..40, results in 0_u64..40, bytes_max in 0_u64..20_000) -> Bounds {
        Bounds { history_ms: history * DAY_MS as u64, results_ms: results * DAY_MS as u64, bytes_max }
    }
}

proptest! {
    #[test]
    fn the_last_version_of_anything_stays(before in worlds(), bounds in bounds(), day in 0_i64..100) {
        let mut after = before.clone();
        after.let_go(&before.outgrown(&bounds, day * DAY_MS));
        prop_assert_eq!(after.newest(|_| true), before.newest(|_| true));
        prop_assert_eq!(after.newest(|row| !row.by_us), before.newest(|row| !row.by_us), "what a person wrote last");
        prop_assert_eq!(
            after.newest(|row| !row.was_set_aside()),
            before.newest(|row| !row.was_set_aside()),
            "what lay at the path last"
        );
        let last = |world: &World| world.builds.last().map(|row| row.id);
        prop_assert_eq!(last(&after), last(&before));
    }

    #[test]
    fn what_something_stands_on_stays(before in worlds(), bounds in bounds(), day in 0_i64..100) {
        let mut after = before.clone();
        let gone = before.outgrown(&bounds, day * DAY_MS);
        after.let_go(&gone);
        let named = after.ledger().names();
        prop_assert!(named.is_disjoint(&gone.blobs), "a row that stays names a blob that goes");
        prop_assert!(before.anchors.blobs.is_disjoint(&gone.blobs), "something in memory names a blob that goes");
        let current = |world: &World| {
            world.actions.iter().filter(|row| world.current.contains(&row.key.0[0])).count()
        };
        prop_assert_eq!(current(&after), current(&before), "a result that is current would be made again");
        let of_copied = |world: &World| {
            world.revisions.iter().filter(|(_, row)| world.anchors.files.contains(&row.file)).count()
        };
        prop_assert_eq!(of_copied(&after), of_copied(&before), "a conflict copy could not be judged any more");
    }

    #[test]
    fn what_is_left_is_within_the_bounds_or_needed(before in worlds(), bounds in bounds(), day in 0_i64..100) {
        let now = day * DAY_MS;
        let mut after = before.clone();
        let gone = before.outgrown(&bounds, now);
        after.let_go(&gone);
        prop_assert_eq!(after.bytes(), gone.bytes_left);
        let stays = |world: &World, row: &RevisionRow, number: u64| {
            let newest = [world.newest(|_| true), world.newest(|row| !row.by_us), world.newest(|row| !row.was_set_aside())];
            newest.iter().any(|newest| newest.get(&row.file) == Some(&number)) || world.anchors.files.contains(&row.file)
        };
        for (number, row) in &after.revisions {
            let next = after.revisions.iter().find(|(other, next)| next.file == row.file && *other > *number);
            let is_young = next.is_none_or(|(_, next)| next.at.plus_ms(bounds.history_ms) > Time(now));
            prop_assert!(is_young || stays(&after, row, *number), "version {} of {} is too old", number, row.file);
        }
        if after.bytes() > bounds.bytes_max {
            let mut needed = after.anchors.blobs.clone();
            needed.extend(after.fixed.iter().map(|text| digest(*text)));
            needed.extend(after.actions.iter().filter(|row| after.current.contains(&row.key.0[0])).filter_map(|row| row.result));
            let of_history = after.revisions.iter().filter(|(number, row)| stays(&after, row, *number));
            needed.extend(of_history.map(|(_, row)| row.digest));
            let rest: Vec<&Digest> = after.stored.keys().filter(|digest| !needed.contains(digest)).collect();
            prop_assert!(rest.is_empty(), "over its room, and {:?} stay for nothing", rest);
        }
    }

    #[test]
    fn a_second_sweep_finds_nothing(before in worlds(), bounds in bounds(), day in 0_i64..100) {
        let mut after = before.clone();
        after.let_go(&before.outgrown(&bounds, day * DAY_MS));
        let again = after.outgrown(&bounds, day * DAY_MS);
        prop_assert_eq!((again.rows, again.blobs), (Vec::new(), BTreeSet::new()));
    }
}

#[test]
fn room_is_made_by_the_oldest_first_whatever_it_is() {
    let mut world = World::default();
    let version = |day: i64, text: u8| RevisionRow {
        file: file(1),
        at: Time(day * DAY_MS),
        digest: digest(text),
        size: 100,
        origin: "person".into(),
        by_us: false,
    };
    world.revisions = vec![(1, version(1, 1)), (2, version(3, 2)), (3, version(5, 3))];
    world.actions = vec![action(100, 2 * DAY_MS, 4), action(101, 4 * DAY_MS, 5)];
    let stored = (1..=6).map(|n| (digest(n), Stored { bytes: 100, since: Time(6 * DAY_MS) }));
    world.stored = stored.collect();
    let bounds = |bytes_max| Bounds { history_ms: u64::MAX >> 2, results_ms: u64::MAX >> 2, bytes_max };
    let gone = |bytes_max| world.outgrown(&bounds(bytes_max), 7 * DAY_MS);
    assert_eq!(gone(600), Outgrown { bytes_left: 600, ..Outgrown::default() });
    assert_eq!(gone(450).rows, [RowKey::Action(digest(100)), RowKey::Revision(file(1), 1)]);
    assert_eq!(gone(450).blobs, [digest(1), digest(4)].into());
    let all = gone(0);
    assert_eq!(all.bytes_left, 100, "the last version stays, also where there is no room for it");
    assert!(all.blobs.contains(&digest(6)), "a text that nothing names makes room as well");
}

#[test]
fn a_version_is_as_old_as_the_change_that_replaced_it() {
    let version = |day: i64, text: u8| RevisionRow {
        file: file(1),
        at: Time(day * DAY_MS),
        digest: digest(text),
        size: 100,
        origin: "person".into(),
        by_us: false,
    };
    let revisions = vec![(1, version(1, 1)), (2, version(2, 2)), (3, version(400, 3))];
    let world = World { revisions, ..World::default() };
    let bounds = Bounds { history_ms: 365 * DAY_MS as u64, results_ms: 0, bytes_max: u64::MAX };
    let gone = |day| world.outgrown(&bounds, day * DAY_MS).rows;
    assert_eq!(gone(401), [RowKey::Revision(file(1), 1)], "what stood there until yesterday can be had back");
    assert_eq!(gone(765), [RowKey::Revision(file(1), 1), RowKey::Revision(file(1), 2)]);
}

#[test]
fn a_result_that_a_job_wanted_lately_is_not_old() {
    let actions = vec![action(100, DAY_MS, 4), action(101, DAY_MS, 5)];
    let world = World { actions, ..World::default() };
    let bounds = Bounds { history_ms: 0, results_ms: 30 * DAY_MS as u64, bytes_max: u64::MAX };
    let mut ledger = world.ledger();
    let wants = JobRow {
        id: JobId(7),
        build: BuildId(3),
        subject: subject(),
        node: Node { step: "weigh".into(), element: "".into() },
        element: None,
        state: JobState::Done { at: Time(20 * DAY_MS), how: Done::UpToDate },
        attempt: AttemptNo(0),
        tries: 0,
        key: Some(digest(101)),
        key_parts: Vec::new(),
        asked: false,
        forced: false,
        dropped: false,
        refused: None,
        created: Time(20 * DAY_MS),
        progress: None,
        summary: String::new(),
        attempts: Vec::new(),
    };
    ledger.note(&Row::Job(wants));
    let gone = ledger.outgrown(&world.anchors, &bounds, &world.stored, Time(40 * DAY_MS));
    assert_eq!(gone.rows, [RowKey::Action(digest(100))]);
}
