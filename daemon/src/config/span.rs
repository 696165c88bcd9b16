//! Spans of time as people write them: `40m`, `120s`, `1h30m`, `500ms`.

/// Units, longest spelling first where one begins another.
const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// Milliseconds.
///
/// # Errors
/// Says what is wrong with the text: a missing unit, an unknown one, nothing at all, or more than ten years.
pub fn parse(text: &str) -> Result<u64, String> {
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err("is empty".into());
    }
    let mut total_ms = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(|| format!("\"{text}\" has no unit"))?;
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| format!("\"{text}\" is not a span of time"))?;
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (word, tail) = tail.split_at(letters);
        let (_, ms) =
            UNITS.iter().find(|(name, _)| *name == word).ok_or_else(|| format!("\"{text}\" has an unknown unit"))?;
        total_ms = number.checked_mul(*ms).and_then(|ms| total_ms.checked_add(ms)).unwrap_or(u64::MAX);
        rest = tail.trim_start();
    }
    if total_ms > SPAN_MS_MAX { Err(format!("\"{text}\" is longer than ten years")) } else { Ok(total_ms) }
}

/// Longer spans are typing mistakes, and would overflow a time.
const SPAN_MS_MAX: u64 = 10 * 366 * 86_400_000;

/// The shortest text that [`parse`] reads back as `ms`.
pub fn print(ms: u64) -> String {
    if ms == 0 {
        return "0s".into();
    }
    let (word, unit) = UNITS
        .iter()
        .rev()
        // Two days and more are counted in days: one is 24 hours to whoever wrote "24h".
        .filter(|(word, unit)| *word != "w" && (*word != "d" || ms >= 2 * unit))
        .find(|(_, unit)| ms.is_multiple_of(*unit))
        .copied()
        .expect("every number is a multiple of one millisecond");
    format!("{}{word}", ms / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_write_them() {
        for (text, ms) in
            [("40m", 2_400_000), ("120s", 120_000), ("1h30m", 5_400_000), ("500ms", 500), ("0", 0), ("2d", 172_800_000)]
        {
            assert_eq!(parse(text), Ok(ms), "{text}");
        }
        for text in ["", "12", "3 weeks", "-5s", "1.5s", "99999999999999999999s", "5000w"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_printed_reads_back() {
        for ms in [0, 1, 999, 1_000, 90_000, 120_000, 3_600_000, 5_400_000, 86_400_000, 31_536_000_000] {
            assert_eq!(parse(&print(ms)), Ok(ms));
        }
    }
}
