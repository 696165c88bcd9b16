//! The event log, line by line, in the journal or on standard error.
//!
//! Follows the feed like any other reader, on a thread of its own: a journal that is slow to listen never holds up the
//! driver. Lines that it missed meanwhile are counted, and are in the event log all the same.

use crate::feed::{Feed, Found};
use crate::view::World;
use show_core::{EventRow, Seq};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Events written at a time.
const EVENTS_TOGETHER: usize = 256;

/// Writes events from `from` on until told to stop, and then those that are left.
pub fn start(feed: Feed, world: World, from: Seq, stop: CancellationToken) -> std::thread::JoinHandle<()> {
    std::thread::Builder::new()
        .name("journal".into())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let runtime = runtime.expect("a runtime without timers and sockets needs nothing from the system");
            runtime.block_on(follow(&feed, &world, from, &stop));
        })
        .expect("the system has room for a thread")
}

async fn follow(feed: &Feed, world: &World, from: Seq, stop: &CancellationToken) {
    let mut next = feed.next();
    let mut place = from;
    loop {
        match feed.read(place, EVENTS_TOGETHER) {
            Found::Behind { oldest } => {
                warn!(missed = oldest.0 - place.0, "the journal is slow; \"showctl follow\" has what is missing here");
                place = oldest;
            }
            Found::Events(events) if events.is_empty() => {
                if stop.is_cancelled() {
                    return;
                }
                tokio::select! {
                    changed = next.changed() => if changed.is_err() { return },
                    () = stop.cancelled() => {}
                }
            }
            Found::Events(events) => {
                for event in events {
                    place = Seq(event.seq.0 + 1);
                    write(world, &event);
                }
            }
        }
    }
}

fn write(world: &World, event: &Arc<EventRow>) {
    let words = world.words(event);
    macro_rules! tell {
        ($level:ident) => {
            $level!(
                showd_event = %event.kind,
                showd_share = words.share,
                showd_episode = words.episode,
                showd_build = words.build,
                showd_job = words.job,
                showd_step = words.step,
                showd_file = words.file,
                "{}",
                event.text
            )
        };
    }
    let is_bad = ["failed", "lost", "refused", "away", "unread", "dropped"].iter().any(|end| event.kind.ends_with(end));
    if is_bad { tell!(warn) } else { tell!(info) }
}
