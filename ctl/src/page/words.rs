//! Times, lengths, sizes and numbers as people say them, and words put into lines.

use super::ink::dim;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// `7 s`, `12 min`, `3 h`, `5 d`: one number is enough to know how old something is.
pub fn span(ms: i64) -> String {
    match ms.max(0) / 1000 {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// How long something took: `840 ms`, `1.3 s`, then as [`span`].
pub fn took(ms: i64) -> String {
    match ms.max(0) {
        ms @ 0..1_000 => format!("{ms} ms"),
        ms @ 1_000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        ms => span(ms),
    }
}

/// A length on air: `0:45`, `58:41`, `1:00:00`; half a second is rounded up, as where it is written into files.
pub fn on_air(ms: u64) -> String {
    let seconds = (ms + 500) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// `20:00:01` today, else `8 Aug 20:00`, else `8 Aug 2025`.
pub fn clock(at_ms: i64, now_ms: i64, zone: &TimeZone) -> String {
    let local = |ms| Timestamp::from_millisecond(ms).ok().map(|at: Timestamp| at.to_zoned(zone.clone()));
    let (Some(at), Some(now)) = (local(at_ms), local(now_ms)) else { return "?".into() };
    let form = match () {
        () if at.date() == now.date() => "%H:%M:%S",
        () if (now_ms - at_ms).abs() < 300 * 86_400_000 => "%-d %b %H:%M",
        () => "%-d %b %Y",
    };
    at.strftime(form).to_string()
}

/// `1 job`, `2 jobs`, `1,284 files`.
pub fn plural(number: u64, word: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {word}{}", if number == 1 { "" } else { "s" })
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Control characters of other people's texts must not move our cursor.
pub fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// At most `columns` wide, the loss marked by `…`.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.into();
    }
    let mut left = columns.saturating_sub(1);
    let mut kept: String = text
        .chars()
        .take_while(|c| {
            let wide = c.width().unwrap_or(0);
            let fits = wide <= left;
            left = left.saturating_sub(wide);
            fits
        })
        .collect();
    kept.truncate(kept.trim_end().len());
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// Lines of at most `columns`, broken at blanks, and inside a word only where it is longer than a line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        let room = columns.saturating_sub(width(line) + usize::from(!line.is_empty()));
        if width(word) <= room {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        let mut rest = word;
        while width(rest) > columns {
            let end = break_of(rest, columns);
            push_line(&mut lines, rest[..end].to_owned());
            rest = &rest[end..];
        }
        push_line(&mut lines, rest.to_owned());
    }
    lines
}

/// Where a word that is longer than a line is broken: after the last `/`, `-`, `_` or `.` that fits, else where it is full.
fn break_of(word: &str, columns: usize) -> usize {
    let mut left = columns;
    let (mut full, mut nice) = (word.len(), 0);
    for (at, c) in word.char_indices() {
        let wide = c.width().unwrap_or(0);
        if wide > left {
            full = at;
            break;
        }
        left -= wide;
        if matches!(c, '/' | '-' | '_' | '.') && width(&word[..at]) * 3 > columns {
            nice = at + c.len_utf8();
        }
    }
    if nice > 0 && nice <= full { nice } else { full.max(word.chars().next().map_or(0, char::len_utf8)) }
}

fn push_line(lines: &mut Vec<String>, line: String) {
    match lines.last_mut() {
        Some(last) if last.is_empty() => *last = line,
        _ => lines.push(line),
    }
}

/// A paragraph behind a heading that hangs out to the left: `  clips     13 of 14 clips; …`.
pub fn hanging(head: &str, head_painted: &str, text: &str, columns: usize) -> String {
    let indent = width(head);
    let mut lines = wrap(&safe(text), columns.saturating_sub(indent)).into_iter();
    let first = lines.next().unwrap_or_default();
    let mut out = if first.is_empty() { head_painted.trim_end().to_owned() } else { format!("{head_painted}{first}") };
    out.push('\n');
    for line in lines {
        out.push_str(&" ".repeat(indent));
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// A remark below a page: dim, indented, in as many lines as it needs.
pub fn aside(text: &str, indent: usize, columns: usize) -> String {
    let blanks = " ".repeat(indent);
    let lines = wrap(&safe(text), columns.saturating_sub(indent));
    lines.iter().map(|line| format!("{blanks}{}\n", dim(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_as_people_say_them() {
        assert_eq!([span(59_999), span(60_000), span(7_200_000), span(-5)], ["59 s", "1 min", "2 h", "0 s"]);
        assert_eq!([took(420), took(1_340), took(61_000)], ["420 ms", "1.3 s", "1 min"]);
        assert_eq!([on_air(45_000), on_air(3_520_500), on_air(3_600_000)], ["0:45", "58:41", "1:00:00"]);
        assert_eq!([plural(1, "job"), plural(0, "job"), plural(1_284, "file")], ["1 job", "0 jobs", "1,284 files"]);
    }

    #[test]
    fn a_time_of_today_is_a_clock_and_an_older_one_a_date() {
        let now = 1_786_305_600_000;
        let at = |ms| clock(ms, now, &TimeZone::UTC);
        assert_eq!(at(now), "20:00:00");
        assert_eq!(at(now - 86_400_000), "8 Aug 20:00");
        assert_eq!(at(now - 400 * 86_400_000), "5 Jul 2025");
        assert_eq!(at(i64::MAX), "?");
    }

    #[test]
    fn cutting_and_wrapping_count_columns_and_not_bytes() {
        assert_eq!(cut("kettle", 6), "kettle");
        assert_eq!(cut("a kettle", 3), "a…");
        assert_eq!(cut("湯沸かし", 5), "湯沸…");
        assert_eq!(wrap("the kettle was innocent", 10), ["the kettle", "was", "innocent"]);
        assert_eq!(wrap("0123456789abcdef", 10), ["0123456789", "abcdef"]);
        assert_eq!(wrap("assets/video/kettle-factory.mov", 20), ["assets/video/kettle-", "factory.mov"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn other_peoples_texts_do_not_move_our_cursor() {
        assert_eq!(safe("red \u{1b}[31m\n"), "red \u{fffd}[31m\u{fffd}");
    }
}
