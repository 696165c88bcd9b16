//! The table that is printed: 80 columns, one line per figure, each beside what bounds it.

use crate::disk::Pace;
use std::time::Duration;

/// One line: `what`, the figure, what is to be reached, and the figure in terms of the device or of the goal.
pub fn row(what: &str, figure: &str, reach: &str, beside: &str) {
    println!("{}", format!("{what:<35}{figure:>12} {reach:>13}  {beside}").trim_end());
}

/// Begins a part: what the device and the machine are doing just now.
pub fn part(name: &str, pace: Pace) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let (flush, rate) = (time(pace.flush), rate(pace.flushes_per_second));
    println!("\n{name}: load {load}; {rate} flushes of a page, {flush} each;");
    println!("  the two flushes of a commit alone take {}", time(pace.commit));
}

pub fn time(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        ..10.0 => format!("{ms:.2} ms"),
        ..1_000.0 => format!("{ms:.1} ms"),
        _ => format!("{:.2} s", ms / 1e3),
    }
}

pub fn rate(per_second: f64) -> String {
    let whole = format!("{per_second:.0}");
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + "/s"
}

/// A time in bare commits, for figures that wait for some.
pub fn commits(time: Duration, pace: Pace) -> String {
    format!("{:.1} bare commits", time.as_secs_f64() / pace.commit.as_secs_f64())
}

/// `at_most`, and how much of it was used.
pub fn within(figure: Duration, at_most: Duration) -> (String, String) {
    let share = figure.as_secs_f64() / at_most.as_secs_f64();
    (format!("<= {}", time(at_most)), format!("{:.0} % of it", share * 100.0))
}
