//! How alike a slug and a file name are (specification 4.6 #8).
//!
//! The score of Ratcliff and Obershelp: twice the characters in the recursively longest matching blocks, divided by all
//! characters; the leftmost block wins a tie.

/// The best must reach this to be taken without asking.
pub const SCORE_TAKEN: f64 = 0.85;
/// … and be this far ahead of the second.
pub const LEAD_TAKEN: f64 = 0.05;
/// Below this a file is not even a candidate.
pub const SCORE_OFFERED: f64 = 0.5;
/// At most so many candidates are offered.
pub const OFFERED_MAX: usize = 8;

/// Names are at most 255 bytes on every file system; what is longer is cut, so that the cost stays bounded.
const CHARS_MAX: usize = 256;

/// Lower case; `_`, `-` and runs of them and of blanks become one blank.
pub fn normal(name: &str) -> Vec<char> {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| c == '_' || c == '-' || c.is_whitespace()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(CHARS_MAX).collect()
}

/// 0 to 1 for a slug and a file's stem.
pub fn score(slug: &str, stem: &str) -> f64 {
    let (slug, stem) = (normal(slug), normal(stem));
    let all = slug.len() + stem.len();
    if all == 0 { 0.0 } else { 2.0 * matching(&slug, &stem) as f64 / all as f64 }
}

fn matching(a: &[char], b: &[char]) -> usize {
    let (at_a, at_b, size) = longest_block(a, b);
    if size == 0 {
        return 0;
    }
    size + matching(&a[..at_a], &b[..at_b]) + matching(&a[at_a + size..], &b[at_b + size..])
}

/// The longest block that stands in both: the one that begins first in `a`, then first in `b`.
fn longest_block(a: &[char], b: &[char]) -> (usize, usize, usize) {
    let mut best = (0, 0, 0);
    // Length of the block that ends just before each place of `b`, for the previous character of `a`.
    let mut before = vec![0; b.len() + 1];
    for (i, x) in a.iter().enumerate() {
        let mut now = vec![0; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            if x == y {
                let size = before[j] + 1;
                now[j + 1] = size;
                if size > best.2 {
                    best = (i + 1 - size, j + 1 - size, size);
                }
            }
        }
        before = now;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scores_are_those_of_the_specification() {
        let rounded = |slug, stem| format!("{:.3}", score(slug, stem));
        assert_eq!(rounded("kettle boils", "kettle-boils-long"), "0.828");
        assert_eq!(rounded("kettle boils", "kettle boil 2"), "0.880");
        assert_eq!(rounded("kettle_boils", "Kettle  Boils"), "1.000");
        assert_eq!(rounded("", ""), "0.000");
        assert_eq!(rounded("tea", "xyz"), "0.000");
    }
}
