//! What a step says about itself on descriptor 3: lines of JSON, `{"percent":40,"message":"encoding"}`.
//!
//! Whatever else comes that way is ignored, however much it is, and the daemon hears at most five a second.

use serde::Deserialize;
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(200);
/// A report is a number and a short sentence. A longer line is skipped.
const LINE_BYTES_MAX: usize = 4 << 10;
const MESSAGE_CHARS_MAX: usize = 300;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// 0 to 100.
    pub percent: Option<u8>,
    /// One line.
    pub message: String,
}

#[derive(Deserialize)]
struct Said {
    percent: Option<f64>,
    message: Option<String>,
}

/// The latest report of one attempt that the daemon has not heard.
#[derive(Debug, Default)]
pub struct Reports {
    partial: Vec<u8>,
    is_skipping: bool,
    latest: Option<Report>,
    next: Option<Instant>,
}

impl Reports {
    pub fn add(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.is_skipping {
                self.partial.extend(part);
                self.is_skipping = self.partial.len() > LINE_BYTES_MAX;
            }
            if part.ends_with(b"\n") {
                if !self.is_skipping
                    && let Some(report) = parse(&self.partial)
                {
                    self.latest = Some(report);
                }
                self.partial.clear();
                self.is_skipping = false;
            }
        }
        if self.is_skipping {
            self.partial.clear();
        }
    }

    /// When [`Self::take`] has something to give.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.latest.as_ref().map(|_| self.next.map_or(now, |next| next.max(now)))
    }

    pub fn take(&mut self, now: Instant) -> Option<Report> {
        if self.next.is_some_and(|next| next > now) {
            return None;
        }
        let report = self.latest.take()?;
        self.next = Some(now + INTERVAL);
        Some(report)
    }
}

fn parse(line: &[u8]) -> Option<Report> {
    let said: Said = serde_json::from_slice(line).ok()?;
    let percent = said.percent.filter(|percent| percent.is_finite()).map(|percent| percent.clamp(0.0, 100.0) as u8);
    let words = said.message.unwrap_or_default();
    let message = words.chars().take(MESSAGE_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    Some(Report { percent, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_percentage_and_one_line() {
        let mut reports = Reports::default();
        let now = Instant::now();
        reports.add(b"{\"percent\":40.7,\"mess");
        assert_eq!(reports.take(now), None);
        reports.add(b"age\":\"two\\nlines\"}\n");
        assert_eq!(reports.take(now), Some(Report { percent: Some(40), message: "two lines".into() }));
        reports.add(b"{\"percent\":1e9}\n");
        assert_eq!(reports.take(now), None, "too soon");
        assert_eq!(reports.due(now), Some(now + INTERVAL));
        assert_eq!(reports.take(now + INTERVAL), Some(Report { percent: Some(100), message: String::new() }));
    }

    #[test]
    fn junk_is_ignored_and_the_next_report_still_counts() {
        let mut reports = Reports::default();
        let now = Instant::now();
        let junk = vec![b'x'; 60_000];
        for _ in 0..100 {
            reports.add(&junk);
        }
        assert!(reports.partial.capacity() < 200_000);
        reports.add(b"\n\xff\xfe\n[1]\n{\"percent\":\"many\"}\n\n");
        assert_eq!(reports.take(now), None);
        reports.add(b"{\"message\":\"done\",\"more\":1}\n");
        assert_eq!(reports.take(now), Some(Report { percent: None, message: "done".into() }));
    }
}
