//! Short file-safe names (spec 3.1 #7).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// New slugs are cut to this many characters.
pub const SLUG_CHARS_MAX: usize = 40;

/// Existing slugs are accepted up to this many characters.
pub const SLUG_CHARS_ACCEPTED_MAX: usize = 50;

/// The slug of any text; empty when it has no letter or digit of ASCII at all.
///
/// NFKD, combining marks dropped, lower case, apostrophes dropped, every other run → one `-`; at most 40 characters,
/// cut back to the last `-` when the cut falls inside a word.
pub fn sanitise(text: &str) -> String {
    let mut slug = String::with_capacity(text.len().min(64));
    let mut gap = false;
    let letters = text.nfkd().filter(|&c| !is_combining_mark(c) && c != '\'' && c != '’').flat_map(char::to_lowercase);
    for c in letters {
        if !c.is_ascii_alphanumeric() {
            gap = true;
            continue;
        }
        if gap && !slug.is_empty() {
            slug.push('-');
        }
        gap = false;
        slug.push(c);
        // One more than fits shows whether the cut falls inside a word.
        if slug.len() > SLUG_CHARS_MAX {
            break;
        }
    }
    cut(&mut slug);
    slug
}

fn cut(slug: &mut String) {
    if slug.len() <= SLUG_CHARS_MAX {
        return;
    }
    let inside_word = slug.as_bytes()[SLUG_CHARS_MAX] != b'-' && slug.as_bytes()[SLUG_CHARS_MAX - 1] != b'-';
    slug.truncate(SLUG_CHARS_MAX);
    if inside_word && let Some(at) = slug.rfind('-') {
        slug.truncate(at);
    }
    while slug.ends_with('-') {
        slug.pop();
    }
}

/// Whether a slug found on disk may stay: what [`sanitise`] could have made, or longer up to 50 characters.
pub fn is_good(slug: &str) -> bool {
    !slug.is_empty()
        && slug.len() <= SLUG_CHARS_ACCEPTED_MAX
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !slug.starts_with('-')
        && !slug.ends_with('-')
        && !slug.contains("--")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_rule() {
        assert_eq!(sanitise("LUV my Gov!"), "luv-my-gov");
        assert_eq!(sanitise("Don't—Stop"), "dont-stop");
        assert_eq!(sanitise("  Ça va, Ångström? "), "ca-va-angstrom");
        assert_eq!(sanitise("ﬁne ①"), "fine-1");
        assert_eq!(sanitise("…"), "");
    }

    #[test]
    fn a_cut_inside_a_word_goes_back_to_the_last_hyphen() {
        assert_eq!(sanitise("aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd"), "aaaaaaaaaa-bbbbbbbbbb-cccccccccc");
        assert_eq!(sanitise(&format!("{} b", "a".repeat(40))), "a".repeat(40));
        assert_eq!(sanitise(&"a".repeat(80)), "a".repeat(40));
        assert_eq!(sanitise(&format!("{} bb", "a".repeat(39))), "a".repeat(39));
    }

    proptest! {
        #[test]
        fn a_sanitised_slug_is_good_and_stays(text in "\\PC{0,80}") {
            let slug = sanitise(&text);
            prop_assert!(slug.is_empty() || is_good(&slug), "{slug}");
            prop_assert_eq!(sanitise(&slug), slug);
        }
    }
}
