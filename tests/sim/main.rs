//! Years of showd in seconds: the core in a simulated world, chaos and then calm, from one seed.
//!
//! A failure prints `seed N`; `SHOW_SIM_SEED=N cargo sim` replays it with its story. `SHOW_SIM_SEEDS=N` runs so
//! many, `SHOW_SIM_FROM=N` others than the first.

mod cast;
mod check;
mod dice;
mod disk;
mod keeper;
mod people;
mod planted;
mod publisher;
mod runner;
#[path = "../../daemon/core/tests/stories/story/store.rs"]
mod store;
mod syncthing;
mod world;

use planted::Planted;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use world::{Tally, World};

/// What a run came to: `Err` names the checker that fired and what it saw.
fn run(seed: u64, planted: Planted, tell: bool) -> Result<Tally, String> {
    World::new(seed, planted, tell).run()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_seed_ends_calm_and_true() {
    if let Some(seed) = number("SHOW_SIM_SEED") {
        if let Err(why) = run(seed, Planted::Nothing, true) {
            panic!("seed {seed}: {why}");
        }
        return;
    }
    let long = std::env::var("SHOW_LONG").is_ok_and(|long| long == "yes");
    let seeds = number("SHOW_SIM_SEEDS").unwrap_or(if long { 140_000 } else { 2_000 });
    let from = number("SHOW_SIM_FROM").unwrap_or(0);
    let failures = failures(from..from + seeds);
    assert!(failures.is_empty(), "{} of {seeds} seeds failed:\n{}", failures.len(), failures.join("\n"));
}

/// Plays these seeds on all processors; says which failed, and how.
fn failures(seeds: Range<u64>) -> Vec<String> {
    let (next, failures, total) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()), Mutex::new(Tally::default()));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let play = || {
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < seeds.end) {
            let outcome = std::panic::catch_unwind(|| run(seed, Planted::Nothing, false));
            let outcome = outcome.unwrap_or_else(|_| Err("the core broke an invariant, see above".to_owned()));
            match outcome {
                Ok(tally) => total.lock().expect("no player dies holding it").add(tally),
                Err(why) => failures.lock().expect("no player dies holding it").push((seed, why)),
            }
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(play))));
    let Tally { edits, publishes, overtaken } = total.into_inner().expect("all players are done");
    println!(
        "{} seeds: {edits} edits by people, {publishes} tries to change their texts, {overtaken} overtaken",
        seeds.count()
    );
    let mut failures = failures.into_inner().expect("all players are done");
    failures.sort_unstable();
    failures.into_iter().map(|(seed, why)| format!("seed {seed}: {why}")).collect()
}

/// Some seed makes the checker of this name fire.
fn caught(planted: Planted, checker: &str) {
    let mut seen = Vec::new();
    for seed in 0..400 {
        let outcome = std::panic::catch_unwind(|| run(seed, planted, false));
        match outcome {
            Ok(Ok(_)) => {}
            Ok(Err(why)) if why.starts_with(checker) => return,
            Ok(Err(why)) => seen.push(why),
            Err(_) => seen.push("the core broke an invariant".to_owned()),
        }
    }
    panic!("{planted:?} was not seen by \"{checker}\" in 400 seeds; others saw: {seen:?}");
}

#[test]
fn the_keeper_has_taken_much_away_when_the_world_is_calm() {
    let mut worlds = (0..60).step_by(3).map(|seed| World::new(seed, Planted::Nothing, false));
    let went = worlds.try_fold((0, 0), |(versions, texts), mut world| {
        world.run()?;
        let (more_versions, more_texts) = world.archive.went();
        Ok::<_, String>((versions + more_versions, texts + more_texts))
    });
    let (versions, texts) = went.expect("they end calm and true");
    assert!(versions > 200 && texts > 200, "{versions} versions and {texts} texts went");
}

#[test]
fn planted_effects_before_commit_are_seen() {
    caught(Planted::EffectsBeforeCommit, "effects only after commit");
}

#[test]
fn planted_late_results_of_old_attempts_are_seen() {
    caught(Planted::LateResultAccepted, "results of the newest attempt only");
}

#[test]
fn planted_slots_kept_after_a_cancel_are_seen() {
    caught(Planted::SlotKeptAfterCancel, "every slot has its attempt");
}

#[test]
fn planted_starts_after_a_failed_need_are_seen() {
    caught(Planted::StartedAfterFailedNeed, "needs before start");
}

#[test]
fn planted_lost_events_without_a_rescan_are_seen() {
    caught(Planted::LostEventWithoutRescan, "at calm");
}

#[test]
fn planted_publishing_without_comparing_is_seen() {
    caught(Planted::PublishWithoutComparing, "no human mark lost");
}

#[test]
fn planted_restores_that_forget_a_lease_are_seen() {
    caught(Planted::RestoreForgetsLease, "leases are not forgotten");
}

#[test]
fn planted_writes_that_ignore_quiet_are_seen() {
    caught(Planted::QuietIgnored, "quiet is respected");
}

#[test]
fn planted_conflict_copies_that_are_removed_for_good_are_seen() {
    caught(Planted::SetAsideForgotten, "at calm: what was set aside");
}

#[test]
fn planted_sweeps_of_blobs_that_are_needed_are_seen() {
    caught(Planted::NeededBlobSwept, "what is named is there");
}

#[test]
fn planted_boxes_that_are_mixed_up_are_seen() {
    caught(Planted::BoxesMixedUp, "only people decide");
}

#[test]
fn planted_writes_into_open_files_are_seen() {
    caught(Planted::OpenFileIgnored, "nobody else writes");
}

#[test]
fn planted_publishers_that_bring_a_removed_episode_back_are_seen() {
    caught(Planted::EpisodeBroughtBack, "a removed episode stays removed");
}

#[test]
fn planted_restarts_that_forget_what_is_gone_are_seen() {
    caught(Planted::GoneForgotten, "at calm");
}
