//! File names of items: the number in front, and names for new ones (specification 3.1 #2, #4 and #6).

use crate::listing::split_extension;
use crate::rundown::ItemKind;
use crate::slug::sanitise;

/// The number that a file name begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamePrefix {
    Number(u64),
    /// `1A Name`: a number that is no order, and is not compared with one.
    Lettered,
    None,
}

pub fn name_prefix(file_name: &str) -> NamePrefix {
    let stem = split_extension(file_name).0;
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &stem[digits..];
    if digits == 0 {
        NamePrefix::None
    } else if rest.is_empty() || rest.starts_with([' ', '-', '_', '.']) {
        stem[..digits].parse().map_or(NamePrefix::None, NamePrefix::Number)
    } else {
        NamePrefix::Lettered
    }
}

/// What an item without a slug is called: `10 Cold Open.md` → `cold-open`, `1A Mail Bag.md` → `mail-bag`.
pub fn display_slug(file_name: &str) -> String {
    let stem = split_extension(file_name).0;
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &stem[digits..];
    let letter =
        usize::from(digits > 0 && rest.starts_with(|c: char| c.is_ascii_uppercase()) && rest[1..].starts_with(' '));
    let bare = sanitise(&rest[letter..]);
    if bare.is_empty() { sanitise(stem) } else { bare }
}

/// The name of a generated file, not `taken` yet: `040-my-topic.md`, `040-ad-my-topic.md`, then `-2`, `-3` … before `.md`.
pub fn file_name(order: u64, kind: ItemKind, slug: &str, taken: impl Fn(&str) -> bool) -> String {
    let slug = sanitise(slug);
    let middle = match kind {
        ItemKind::Segment => String::new(),
        other => format!("-{}", other.word()),
    };
    let stem = format!("{order:03}{middle}-{slug}").trim_end_matches('-').to_owned();
    let numbered = (2u64..).map(|count| format!("{stem}-{count}.md"));
    std::iter::once(format!("{stem}.md")).chain(numbered).find(|name| !taken(name)).expect("numbers do not run out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_in_front_is_told_from_a_letter_code() {
        assert_eq!(name_prefix("10 Title Case.md"), NamePrefix::Number(10));
        assert_eq!(name_prefix("040-segment-my-topic.md"), NamePrefix::Number(40));
        assert_eq!(name_prefix("1A Name.md"), NamePrefix::Lettered);
        assert_eq!(name_prefix("SUPPORT US.md"), NamePrefix::None);
        assert_eq!(name_prefix("segment-03101.md"), NamePrefix::None);
    }

    #[test]
    fn a_missing_slug_is_shown_as_the_name_without_its_number() {
        assert_eq!(display_slug("10 Cold Open.md"), "cold-open");
        assert_eq!(display_slug("2B  Name.md"), "name");
        assert_eq!(display_slug("SUPPORT US.md"), "support-us");
        assert_eq!(display_slug("1984.md"), "1984");
        assert_eq!(display_slug("3D Printing.md"), "printing");
    }

    #[test]
    fn a_generated_name_never_collides_into_the_form_of_a_copy() {
        let taken = ["040-my-topic.md", "040-my-topic-2.md"];
        let name = |kind| file_name(40, kind, "My Topic", |name| taken.contains(&name));
        assert_eq!(name(ItemKind::Segment), "040-my-topic-3.md");
        assert_eq!(name(ItemKind::Ad), "040-ad-my-topic.md");
    }
}
