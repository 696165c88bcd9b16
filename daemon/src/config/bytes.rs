//! Room on a disk as people write it: `20 GB`, `500MB`. In steps of a thousand, as disks are sold.

pub const KB: u64 = 1_000;
pub const MB: u64 = 1_000 * KB;
pub const GB: u64 = 1_000 * MB;
const TB: u64 = 1_000 * GB;

const UNITS: [(&str, u64); 4] = [("TB", TB), ("GB", GB), ("MB", MB), ("KB", KB)];

/// Bytes.
///
/// # Errors
/// Says what is wrong with the text.
pub fn parse(text: &str) -> Result<u64, String> {
    let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let word = &text.trim()[digits.len()..];
    let number: u64 = digits.trim().parse().map_err(|_| format!("\"{text}\" is no amount"))?;
    let unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, unit)| *unit);
    let unit = unit.ok_or_else(|| match word {
        "" => format!("\"{text}\" has no unit"),
        _ => format!("\"{text}\" has an unknown unit"),
    })?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(|| format!("\"{text}\" is out of range"))
}

/// The shortest text that [`parse`] reads back as `bytes`, which is a whole number of thousands.
pub fn print(bytes: u64) -> String {
    let fits = UNITS.iter().find(|(_, unit)| bytes.is_multiple_of(*unit));
    let (word, unit) = fits.copied().unwrap_or(("KB", KB));
    format!("{} {word}", bytes / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        for (text, bytes) in [("20 GB", 20 * GB), ("500MB", 500 * MB), ("1 tb", TB), (" 64 kB ", 64 * KB)] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "20", "GB", "20 GiB", "1.5 GB", "-1 GB", "0 GB", "99999999999999 TB"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_printed_reads_back() {
        for bytes in [KB, 64 * KB, 1_500 * MB, 20 * GB, 3 * TB] {
            assert_eq!(parse(&print(bytes)), Ok(bytes));
        }
    }
}
