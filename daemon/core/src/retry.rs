//! How long to rest before the next try: exponential, with jitter that depends on nothing but the job and the try.

use crate::{JobId, Retry};

/// Milliseconds to wait after the `tries`-th charged try of a job, or `None` when there is none left.
pub(crate) fn rest_ms(retry: &Retry, job: JobId, tries: u32) -> Option<u64> {
    if tries >= retry.tries_max {
        return None;
    }
    Some(backoff_ms(retry.wait_ms, retry.wait_ms_max, job.0, tries))
}

/// Doubles from `wait_ms` with every try up to `wait_ms_max`, plus up to half again, so that jobs which failed together
/// do not come back together.
pub(crate) fn backoff_ms(wait_ms: u64, wait_ms_max: u64, who: u64, tries: u32) -> u64 {
    let doubled = wait_ms.saturating_mul(1 << tries.saturating_sub(1).min(32)).min(wait_ms_max.max(wait_ms));
    let hash = crate::key::digest_of([&who.to_le_bytes()[..], &tries.to_le_bytes()[..]].into_iter());
    let dice = u64::from(u16::from_le_bytes([hash.0[0], hash.0[1]]));
    doubled.saturating_add(doubled / 2 * dice / u64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rest_is_longer_until_the_longest_and_then_there_is_none() {
        let retry = Retry { tries_max: 6, wait_ms: 1_000, wait_ms_max: 5_000 };
        for (tries, low, high) in [(1, 1_000, 1_500), (2, 2_000, 3_000), (3, 4_000, 6_000), (4, 5_000, 7_500)] {
            let rest = rest_ms(&retry, JobId(7), tries).expect("a try is left");
            assert!((low..=high).contains(&rest), "try {tries} rests {rest}");
        }
        assert_eq!(rest_ms(&retry, JobId(7), 6), None);
    }

    #[test]
    fn jobs_that_failed_together_come_back_apart() {
        assert_ne!(backoff_ms(10_000, 10_000, 1, 1), backoff_ms(10_000, 10_000, 2, 1));
        assert_eq!(backoff_ms(10_000, 10_000, 1, 1), backoff_ms(10_000, 10_000, 1, 1));
    }
}
