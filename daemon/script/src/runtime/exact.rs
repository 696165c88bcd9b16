//! Exact lengths of time.

use crate::duration::Duration;
use std::ops::Add;

/// Milliseconds as a fraction in lowest terms, so that words at any rate add up without rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    above: u128,
    below: u128,
}

impl Default for Exact {
    fn default() -> Self {
        Self { above: 0, below: 1 }
    }
}

impl Exact {
    pub fn of(duration: Duration) -> Self {
        Self { above: u128::from(duration.ms), below: 1 }
    }

    /// `words` at `per_minute`; a rate of 0 counts as 1, since nobody speaks for ever.
    pub fn of_words(words: u64, per_minute: u32) -> Self {
        Self { above: u128::from(words) * 60_000, below: u128::from(per_minute.max(1)) }.reduced()
    }

    /// Whole seconds, half rounded up: the one place where anything is rounded.
    pub fn rounded(self) -> Duration {
        let seconds = (self.above + self.below * 500) / (self.below * 1000);
        Duration::from_seconds(u64::try_from(seconds).unwrap_or(u64::MAX / 1000))
    }

    /// Whole milliseconds, for results that programs read; rounded down.
    pub fn ms(self) -> u64 {
        u64::try_from(self.above / self.below).unwrap_or(u64::MAX)
    }

    fn reduced(self) -> Self {
        let (mut a, mut b) = (self.above, self.below);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self { above: self.above / a.max(1), below: self.below / a.max(1) }
    }
}

impl Add for Exact {
    type Output = Self;

    /// Exact, unless more different rates meet than any show has speakers; then whole milliseconds are added.
    fn add(self, other: Self) -> Self {
        let exact = || {
            let below = self.below.checked_mul(other.below)?;
            let above = self.above.checked_mul(other.below)?.checked_add(other.above.checked_mul(self.below)?)?;
            Some(Self { above, below }.reduced())
        };
        exact().unwrap_or_else(|| Self { above: u128::from(self.ms()) + u128::from(other.ms()), below: 1 })
    }
}

impl std::iter::Sum for Exact {
    fn sum<I: Iterator<Item = Self>>(times: I) -> Self {
        times.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_add_up_without_rounding() {
        let third: Exact = (0..3).map(|_| Exact::of_words(1, 180)).sum();
        assert_eq!(third, Exact::of(Duration::from_seconds(1)));
        let many: Exact = (0..1000).map(|_| Exact::of_words(1, 170)).sum();
        assert_eq!(many, Exact::of_words(1000, 170));
    }

    #[test]
    fn rounding_happens_once_half_up() {
        assert_eq!(Exact::of(Duration::from_ms(30_300)).rounded().written(), "00:00:30");
        assert_eq!(Exact::of(Duration::from_ms(30_500)).rounded().written(), "00:00:31");
        // 30.4997 s is not first 30.5 and then 31.
        let just_below = Exact { above: 304_997, below: 10 };
        assert_eq!(just_below.rounded().written(), "00:00:30");
    }

    #[test]
    fn more_rates_than_fit_are_added_in_milliseconds() {
        let primes = [599, 593, 587, 577, 571, 569, 563, 557, 547, 541, 523, 521, 509, 503, 499, 491];
        let sum: Exact = primes.iter().map(|rate| Exact::of_words(10_000_000_000, *rate)).sum();
        assert!(sum.rounded().ms > 0);
    }
}
