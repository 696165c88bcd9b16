//! Amounts of bytes as people read them, the same from the daemon and from its client.

/// `812 B`, `48.2 kB`, `1.3 GB`.
pub fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < units.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_reads_in_steps_of_a_thousand() {
        assert_eq!(
            [size(812), size(48_211), size(1_345_000_000), size(999_950)],
            ["812 B", "48.2 kB", "1.3 GB", "999.9 kB"]
        );
    }
}
