//! Where a replaced script goes (specification 5.1 #11).
//!
//! At most ten folders, at least ten minutes apart: the share is no archive, and every version is in the history anyway.

use jiff::civil::DateTime;

/// Kept version folders.
const FOLDERS_MAX: usize = 10;
/// Between two of them, minutes.
const MINUTES_MIN: i64 = 10;

/// What becomes of the files that are about to be replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keeping {
    /// `scripts/versions/20260801_100000`; `None`: the last folder is too young, nothing is kept in the share.
    pub folder: Option<String>,
    /// Folders that are one too many, oldest first, to be removed as far as their files are ours.
    pub remove: Vec<String>,
}

/// `folders` are the names below `scripts/versions/`, of which only those of our form count; `now_ms` is UTC.
pub fn keep_old<'n>(folders: impl IntoIterator<Item = &'n str>, now_ms: i64) -> Keeping {
    let Some(now) = civil(now_ms) else { return Keeping::default() };
    let mut kept: Vec<(DateTime, &str)> = folders.into_iter().filter_map(|name| Some((parse(name)?, name))).collect();
    kept.sort_unstable();
    let young = kept.last().is_some_and(|(last, _)| now.duration_since(*last).as_mins() < MINUTES_MIN);
    if young {
        return Keeping::default();
    }
    let too_many = (kept.len() + 1).saturating_sub(FOLDERS_MAX);
    Keeping {
        folder: Some(format!("scripts/versions/{}", now.strftime("%Y%m%d_%H%M%S"))),
        remove: kept[..too_many].iter().map(|(_, name)| format!("scripts/versions/{name}")).collect(),
    }
}

fn civil(ms: i64) -> Option<DateTime> {
    let time = jiff::Timestamp::from_millisecond(ms).ok()?;
    Some(jiff::tz::TimeZone::UTC.to_datetime(time))
}

fn parse(name: &str) -> Option<DateTime> {
    let digits = name.len() == 15
        && name.bytes().enumerate().all(|(at, b)| (at == 8) == (b == b'_') && (at == 8 || b.is_ascii_digit()));
    digits.then(|| DateTime::strptime("%Y%m%d_%H%M%S", name).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-08-01T10:00:00Z.
    const TEN: i64 = 1_785_578_400_000;

    #[test]
    fn the_first_replaced_script_is_kept() {
        let keeping = keep_old([], TEN);
        assert_eq!(keeping.folder.as_deref(), Some("scripts/versions/20260801_100000"));
        assert_eq!(keeping.remove, [""; 0]);
    }

    #[test]
    fn ten_minutes_lie_between_two_versions() {
        assert_eq!(keep_old(["20260801_095001"], TEN), Keeping::default());
        assert!(keep_old(["20260801_095000"], TEN).folder.is_some());
    }

    #[test]
    fn the_eleventh_version_sends_the_oldest_away() {
        let names: Vec<String> = (0..10).map(|day| format!("202607{:02}_120000", 10 + day)).collect();
        let keeping = keep_old(names.iter().map(String::as_str).chain(["final", "20260101"]), TEN);
        assert_eq!(keeping.remove, ["scripts/versions/20260710_120000"]);
    }
}
