//! How long a save on another device may stay unknown here, and when the last one that is known came.
//!
//! A watcher holds a change back for its delay, and one that keeps changing for its timeout (`lib/watchaggregator`). What
//! the watchers of other devices are set to cannot be asked; most people set a folder the same everywhere, so ours
//! stands for them.

use super::client::{Folder, Version};
use super::known::short;
use show_core::Time;
use std::time::Duration;

/// What a folder has that says nothing.
const DELAY_S: f64 = 10.0;
/// With a delay below [`DELAY_S`] a timeout that nobody set is so many delays; above, it is [`TIMEOUT_S`].
const DELAYS_PER_TIMEOUT: f64 = 6.0;
const TIMEOUT_S: f64 = 60.0;
/// A watcher's clock ticks in delays, and a change may just have missed it.
const DELAYS_PER_TICK: f64 = 1.5;
/// Between two saves of one thought, with what the network takes.
const PAUSE: Duration = Duration::from_secs(15);
/// A folder whose watcher waits longer is not watched.
const WINDOW_MAX: Duration = Duration::from_secs(60 * 60);

/// In milliseconds: 90 s where nothing is set, 22.5 s with a delay of one second.
pub fn of(folder: &Folder) -> u64 {
    let delay_s = if folder.fs_watcher_delay_s > 0.0 { folder.fs_watcher_delay_s } else { DELAY_S };
    let timeout_s = if folder.fs_watcher_timeout_s > 0.0 {
        folder.fs_watcher_timeout_s
    } else if delay_s < DELAY_S {
        delay_s * DELAYS_PER_TIMEOUT
    } else {
        delay_s.max(TIMEOUT_S)
    };
    let unknown = Duration::try_from_secs_f64(timeout_s + delay_s * DELAYS_PER_TICK).unwrap_or(WINDOW_MAX);
    unknown.saturating_add(PAUSE).min(WINDOW_MAX).as_millis() as u64
}

/// When the last change of another device came, and the short id of the device. `me`: ours.
///
/// What lies here is another device's: when it took its name here. It is ours, made on top of theirs: when they made
/// that, by their clock, since their part of the version is the second in which it was taken up there.
pub fn came<'a>(local: &'a Version, ctime_ns: i64, me: &str) -> Option<(Time, &'a str)> {
    if local.is_none() || local.deleted {
        return None;
    }
    if !local.modified_by.is_empty() && local.modified_by != short(me) {
        return Some((Time(ctime_ns / 1_000_000), &local.modified_by));
    }
    let counters = local.vector.iter().filter_map(|counter| {
        let (id, second) = counter.split_once(':')?;
        (id != short(me)).then_some(())?;
        Some((Time(second.parse::<i64>().ok()?.saturating_mul(1_000)), id))
    });
    counters.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_follows_from_the_watcher() {
        let window = |delay_s, timeout_s| {
            of(&Folder { fs_watcher_delay_s: delay_s, fs_watcher_timeout_s: timeout_s, ..Folder::default() })
        };
        assert_eq!(window(10.0, 0.0), 90_000, "as Syncthing comes");
        assert_eq!(window(0.0, 0.0), 90_000, "nothing is known");
        assert_eq!(window(1.0, 0.0), 22_500);
        assert_eq!(window(0.1, 0.0), 15_750);
        assert_eq!(window(10.0, 20.0), 50_000);
        assert_eq!(window(120.0, 0.0), 315_000);
        assert_eq!((window(1e300, 0.0), window(f64::NAN, f64::NAN)), (3_600_000, 90_000));
    }

    #[test]
    fn the_last_change_of_another_device_is_found_under_ours_too() {
        let version = |vector: &[&str], by: &str| Version {
            vector: vector.iter().map(|counter| (*counter).to_owned()).collect(),
            modified_by: by.to_owned(),
            ..Version::default()
        };
        let came = |local| came(&local, 7_000_000_123, "AAAAAAA-1").map(|(at, by)| (at.0, by.to_owned()));
        let theirs = version(&["AAAAAAA:9", "BBBBBBB:3"], "BBBBBBB");
        assert_eq!(came(theirs.clone()), Some((7_000, "BBBBBBB".to_owned())));
        assert_eq!(came(Version { modified_by: "AAAAAAA".into(), ..theirs }), Some((3_000, "BBBBBBB".to_owned())));
        let two = version(&["AAAAAAA:9", "BBBBBBB:3", "CCCCCCC:5"], "AAAAAAA");
        assert_eq!(came(two), Some((5_000, "CCCCCCC".to_owned())));
        assert_eq!(came(version(&["AAAAAAA:9"], "AAAAAAA")), None);
        assert_eq!(came(version(&["what"], "AAAAAAA")), None);
    }
}
