//! Numbers in front of slugs.

/// A slug without the numbers that enumeration put before it, repeatedly: multiples of ten, and whatever the cue's own
/// `Enumerator` says. So `24-hours` stays (specification 4.9 #1). A slug that is nothing but a number stays too.
pub fn without_number<'s>(slug: &'s str, enumerator: Option<&str>) -> &'s str {
    let mut rest = slug;
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = &rest[..digits];
        let Some(next) = rest[digits..].strip_prefix(['-', '_']) else { return rest };
        let same = |own: &str| !own.is_empty() && own.trim_start_matches('0') == number.trim_start_matches('0');
        let counted = number.ends_with('0') || enumerator.is_some_and(same);
        if digits == 0 || !counted || next.is_empty() {
            return rest;
        }
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_numbers_of_an_enumeration_go() {
        assert_eq!(without_number("10-chart", None), "chart");
        assert_eq!(without_number("110-110_chart", None), "chart");
        assert_eq!(without_number("24-hours", None), "24-hours");
        assert_eq!(without_number("10-24-hours", Some("10")), "24-hours");
        assert_eq!(without_number("24-hours", Some("24")), "hours");
        assert_eq!(without_number("10-", None), "10-");
        assert_eq!(without_number("10", None), "10");
    }
}
