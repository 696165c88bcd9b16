//! Durations as people write them (spec 8.1).
//!
//! Owns reading every accepted form, exactly and in milliseconds, and the one written form.

use serde::{Deserialize, Serialize};

/// A length of time in whole milliseconds; sums are exact, rounding happens once, when a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Duration {
    pub ms: u64,
}

/// What a duration text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nothing is given: empty or a placeholder. Not zero.
    Absent,
    Given {
        duration: Duration,
        /// A fourth part that is not zero was read as this; to be reported as `DURATION_FOURTH_PART`.
        fourth: Option<FourthPart>,
    },
    /// `DURATION_PARSE_ERROR`.
    Unreadable,
}

/// How the part after the seconds was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FourthPart {
    /// Two digits below 30: frames of 1/30 s.
    Frames,
    /// Two digits from 30: hundredths of a second.
    Hundredths,
    /// Three digits: thousandths of a second.
    Thousandths,
}

impl Duration {
    pub const ZERO: Self = Self { ms: 0 };

    pub const fn from_ms(ms: u64) -> Self {
        Self { ms }
    }

    pub const fn from_seconds(seconds: u64) -> Self {
        Self { ms: seconds * 1000 }
    }

    /// The duration a text gives, if it gives one.
    pub fn of(text: &str) -> Option<Self> {
        match read(text) {
            Reading::Given { duration, .. } => Some(duration),
            Reading::Absent | Reading::Unreadable => None,
        }
    }

    /// Whole seconds, half rounded up.
    pub const fn seconds(self) -> u64 {
        (self.ms + 500) / 1000
    }

    /// `HH:MM:SS`, whole seconds, half rounded up; never a fourth part.
    pub fn written(self) -> String {
        let seconds = self.seconds();
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

impl std::ops::Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { ms: self.ms + other.ms }
    }
}

impl std::iter::Sum for Duration {
    fn sum<I: Iterator<Item = Self>>(durations: I) -> Self {
        durations.fold(Self::ZERO, |sum, duration| sum + duration)
    }
}

/// No part of a duration has more digits; also keeps the arithmetic far from its limits.
const DIGITS_MAX: usize = 9;

/// Reads `SS`, `MM:SS`, `HH:MM:SS`, a decimal fraction of seconds, or a fourth part. Only the first part may exceed 59.
pub fn read(text: &str) -> Reading {
    let text = text.trim();
    if crate::field::is_placeholder(text) {
        return Reading::Absent;
    }
    match parts(text) {
        Some((duration, fourth)) => Reading::Given { duration, fourth },
        None => Reading::Unreadable,
    }
}

fn parts(text: &str) -> Option<(Duration, Option<FourthPart>)> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let mut numbers = [0u64; 4];
    let mut count = 0;
    let mut last = "";
    for part in clock.split(':') {
        *numbers.get_mut(count)? = number(part)?;
        last = part;
        count += 1;
    }
    let clock_parts = count.min(3);
    if numbers[1..clock_parts].iter().any(|&part| part > 59) || (count == 4 && fraction.is_some()) {
        return None;
    }
    let seconds = numbers[..clock_parts].iter().fold(0, |sum, part| sum * 60 + part);
    let mut ms = seconds * 1000;
    if let Some(fraction) = fraction {
        ms += fraction_ms(fraction)?;
    }
    if count < 4 {
        return Some((Duration { ms }, None));
    }
    let (part_ms, taken) = match (last.len(), numbers[3]) {
        (3, thousandths) => (thousandths, FourthPart::Thousandths),
        (1 | 2, frames) if frames < 30 => ((frames * 1000 + 15) / 30, FourthPart::Frames),
        (2, hundredths) => (hundredths * 10, FourthPart::Hundredths),
        _ => return None,
    };
    Some((Duration { ms: ms + part_ms }, (numbers[3] != 0).then_some(taken)))
}

fn number(part: &str) -> Option<u64> {
    let digits = !part.is_empty() && part.len() <= DIGITS_MAX && part.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| part.parse().ok()).flatten()
}

/// Thousandths; what comes after them is rounded.
fn fraction_ms(fraction: &str) -> Option<u64> {
    let value = number(fraction)?;
    let scale = 10u64.pow(fraction.len() as u32);
    Some((value * 1000 + scale / 2) / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_table_is_read_as_it_says() {
        let seconds = |text| match read(text) {
            Reading::Given { duration, fourth } => Some((duration.ms, fourth)),
            _ => None,
        };
        for (text, ms, fourth) in [
            ("45", 45_000, None),
            ("01:30", 90_000, None),
            ("1:30", 90_000, None),
            ("90:00", 5_400_000, None),
            ("1:00:00", 3_600_000, None),
            ("00:00:07.250", 7_250, None),
            ("7.5", 7_500, None),
            ("00:00:58:00", 58_000, None),
            ("00:00:07:15", 7_500, Some(FourthPart::Frames)),
            ("00:00:07:50", 7_500, Some(FourthPart::Hundredths)),
            ("00:00:07:500", 7_500, Some(FourthPart::Thousandths)),
            ("00:00:00:00", 0, None),
            ("0", 0, None),
        ] {
            assert_eq!(seconds(text), Some((ms, fourth)), "{text}");
        }
    }

    #[test]
    fn absent_is_not_zero() {
        for text in ["", "  ", "Calculating...", "{auto-generated: duration}"] {
            assert_eq!(read(text), Reading::Absent, "{text}");
        }
    }

    #[test]
    fn only_the_first_part_may_exceed_59() {
        for text in [
            "soon",
            "1:75",
            "1:60:00",
            "1:00:60",
            "-5",
            "1::2",
            "1:2:3:4:5",
            "1:2:3:4.5",
            "1:2:3:1234",
            ":30",
            "5.",
            "99999999999999999999",
            "1e3",
        ] {
            assert_eq!(read(text), Reading::Unreadable, "{text}");
        }
    }

    #[test]
    fn it_is_written_in_whole_seconds_with_half_rounded_up() {
        assert_eq!(Duration::from_ms(30_300).written(), "00:00:30");
        assert_eq!(Duration::from_ms(30_500).written(), "00:00:31");
        assert_eq!(Duration::from_ms(3_599_500).written(), "01:00:00");
        assert_eq!(Duration::from_seconds(360_000).written(), "100:00:00");
    }
}
