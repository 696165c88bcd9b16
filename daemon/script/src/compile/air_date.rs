//! When a show airs, as the cover says it (specification 5.2 #1).

use jiff::civil::{Date, Time};

/// `August 9th, 2026 at 9:00 PM`. The date is a day of the show's own zone and the time is in it, so no zone is needed.
pub fn air_date(date: Date, time: Option<Time>) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month = MONTHS[date.month().unsigned_abs() as usize - 1];
    let day = date.day().unsigned_abs();
    let day_text = format!("{month} {day}{}, {}", ordinal(day), date.year());
    match time {
        None => day_text,
        Some(time) => {
            let hour = time.hour().unsigned_abs();
            let half = if hour < 12 { "AM" } else { "PM" };
            let hour = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
            format!("{day_text} at {hour}:{:02} {half}", time.minute())
        }
    }
}

fn ordinal(day: u8) -> &'static str {
    match day {
        11..=13 => "th",
        _ => match day % 10 {
            1 => "st",
            2 => "nd",
            3 => "rd",
            _ => "th",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    #[test]
    fn days_have_the_right_ordinal() {
        let days = [1, 2, 3, 4, 10, 11, 12, 13, 20, 21, 22, 23, 24, 30, 31];
        let said: Vec<String> = days.map(|day| air_date(date(2026, 8, day), None).replace("August ", "")).into();
        let want = [
            "1st", "2nd", "3rd", "4th", "10th", "11th", "12th", "13th", "20th", "21st", "22nd", "23rd", "24th", "30th",
            "31st",
        ];
        assert_eq!(said, want.map(|day| format!("{day}, 2026")));
    }

    #[test]
    fn the_clock_has_twelve_hours() {
        let at = |hour, minute| air_date(date(2026, 8, 9), Some(time(hour, minute, 0, 0)));
        assert_eq!(at(21, 0), "August 9th, 2026 at 9:00 PM");
        assert_eq!(at(0, 5), "August 9th, 2026 at 12:05 AM");
        assert_eq!(at(12, 30), "August 9th, 2026 at 12:30 PM");
    }
}
