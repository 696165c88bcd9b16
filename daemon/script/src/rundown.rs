//! The rundown of one episode: which files are items, in what order, and which of them are in production.
//!
//! Follows specification 2.2, 3.1 and 3.2. [`Rundown::read`] is the one place that decides what takes part in a show;
//! whatever does not is in [`Rundown::left_out`] with its reason, so that nothing is left out in silence.

mod kind;
mod name;
mod plan;

pub use kind::ItemKind;
pub use name::{NamePrefix, display_slug, file_name, name_prefix};
pub use plan::{NewOrder, normalise, renumber};

use crate::classify::{Found, Kind};
use crate::front::{Front, Opening};
use crate::item::Document;
use crate::listing::name_of;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use unicode_normalization::UnicodeNormalization;

/// All Markdown of `rundown/`, items first in their order, then the rest by name.
#[derive(Debug)]
pub struct Rundown<'t> {
    pub files: Vec<RundownFile<'t>>,
}

/// One Markdown file below `rundown/`.
#[derive(Debug)]
pub struct RundownFile<'t> {
    /// Below the episode: `rundown/10 Tea.md`.
    pub path: &'t str,
    pub kind: &'t Kind,
    /// Nothing where the file could not be read, or is no item.
    pub document: Option<Document<'t>>,
    /// Why it takes no part in the show; nothing for an item in production.
    pub out: Option<Reason>,
}

/// Why a file is left out (specification 2.2 #4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// As written, blanks trimmed.
    Status(String),
    StatusMissing,
    FrontMatterBroken {
        line: u32,
    },
    ConflictCopy,
    NotAnItem,
    StrayName,
    Unreadable,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::StatusMissing => f.write_str("status missing"),
            Self::FrontMatterBroken { line } => write!(f, "frontmatter broken at line {line}"),
            Self::ConflictCopy => f.write_str("conflict copy"),
            Self::NotAnItem => f.write_str("not an item"),
            Self::StrayName => f.write_str("stray name"),
            Self::Unreadable => f.write_str("unreadable"),
        }
    }
}

/// One line of the left-out list that every step of the scope rule gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub file: String,
    pub reason: String,
}

impl<'t> Rundown<'t> {
    /// `text` gives the text of a file of the listing where it could be read.
    pub fn read(found: &'t [Found], text: impl Fn(&str) -> Option<&'t str>) -> Self {
        let is_markdown = |found: &&Found| {
            let in_rundown = found.path.starts_with("rundown/");
            in_rundown && crate::listing::split_extension(name_of(&found.path)).1.eq_ignore_ascii_case(".md")
        };
        let mut files: Vec<_> =
            found.iter().filter(is_markdown).map(|found| RundownFile::read(found, text(&found.path))).collect();
        files.sort_by_cached_key(RundownFile::rank);
        Self { files }
    }

    /// Every item that can be read, whatever its status, in order.
    pub fn items(&self) -> impl Iterator<Item = &RundownFile<'t>> {
        self.files.iter().filter(|file| file.is_item())
    }

    /// What the show is made of, in order.
    pub fn in_production(&self) -> impl Iterator<Item = &RundownFile<'t>> {
        self.files.iter().filter(|file| file.out.is_none())
    }

    pub fn left_out(&self) -> Vec<LeftOut> {
        let one = |file: &RundownFile| {
            file.out.as_ref().map(|reason| LeftOut { file: file.path.to_owned(), reason: reason.to_string() })
        };
        self.files.iter().filter_map(one).collect()
    }
}

impl<'t> RundownFile<'t> {
    fn read(found: &'t Found, text: Option<&'t str>) -> Self {
        let file = |document, out| Self { path: &found.path, kind: &found.kind, document, out };
        match (&found.kind, text) {
            (Kind::ConflictCopy(_), _) => file(None, Some(Reason::ConflictCopy)),
            (Kind::Stray(_), _) => file(None, Some(Reason::StrayName)),
            (Kind::Item, None) => file(None, Some(Reason::Unreadable)),
            (Kind::Item, Some(text)) => {
                let document = Document::parse(text);
                let out = match &document.opening {
                    Opening::None => Some(Reason::NotAnItem),
                    Opening::Unterminated(span) => Some(Reason::FrontMatterBroken { line: document.line(span.begin) }),
                    Opening::Front(front) => Status::of(front).left_out(),
                };
                file(Some(document), out)
            }
            _ => file(None, Some(Reason::NotAnItem)),
        }
    }

    /// An item whose front matter could be read.
    pub fn is_item(&self) -> bool {
        *self.kind == Kind::Item && self.front().is_some()
    }

    pub fn front(&self) -> Option<&Front<'t>> {
        self.document.as_ref().and_then(Document::front)
    }

    pub fn order(&self) -> Order {
        self.front().map_or(Order::Missing, Order::of)
    }

    pub fn item_kind(&self) -> ItemKind {
        self.front().and_then(|front| front.given("type")).map_or(ItemKind::Segment, |word| ItemKind::parse(&word))
    }

    /// What the item is called where it has no slug of its own: the file name without its number.
    pub fn slug(&self) -> String {
        let own = self.front().and_then(|front| front.given("slug")).map(|slug| slug.trim().to_owned());
        own.filter(|slug| !slug.is_empty()).unwrap_or_else(|| display_slug(name_of(self.path)))
    }

    /// Title, else slug.
    pub fn title(&self) -> String {
        let own = self.front().and_then(|front| front.given("title")).map(|title| title.trim().to_owned());
        own.filter(|title| !title.is_empty()).unwrap_or_else(|| self.slug())
    }

    fn rank(&self) -> (bool, u64, String) {
        let (order, name) = sort_key(&self.order(), name_of(self.path));
        (!self.is_item(), order, name)
    }
}

/// What stands under `order` (specification 3.1 #3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    Given(u64),
    Missing,
    /// Present, but not digits only.
    NotANumber(String),
}

/// Where an item without a usable order is sorted.
pub const ORDER_LAST: u64 = 9999;

impl Order {
    pub fn of(front: &Front) -> Self {
        match front.given("order") {
            None => Self::Missing,
            Some(text) => Self::parse(&text),
        }
    }

    /// Leading zeros do not count; more digits than fit 32 bits are the highest number there is.
    pub fn parse(text: &str) -> Self {
        let digits = text.trim();
        if digits.is_empty() {
            Self::Missing
        } else if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::Given(digits.parse::<u32>().unwrap_or(u32::MAX).into())
        } else {
            Self::NotANumber(digits.to_owned())
        }
    }

    pub fn number(&self) -> Option<u64> {
        if let Self::Given(number) = self { Some(*number) } else { None }
    }
}

/// Items are sorted by this: the order, then the file name by code points after NFC, the same on every machine.
pub fn sort_key(order: &Order, file_name: &str) -> (u64, String) {
    (order.number().unwrap_or(ORDER_LAST), file_name.nfc().collect())
}

/// Like [`sort_key`], for two file names with their orders.
pub fn compare(one: (&Order, &str), other: (&Order, &str)) -> Ordering {
    sort_key(one.0, one.1).cmp(&sort_key(other.0, other.1))
}

/// What stands under `status`, of an episode or an item (specification 2.2). Letter case and blanks do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Trimmed, as written; empty when missing or a placeholder.
    pub written: String,
}

impl Status {
    pub fn of(front: &Front) -> Self {
        Self { written: front.given("status").map(|text| text.trim().to_owned()).unwrap_or_default() }
    }

    pub fn is(&self, word: &str) -> bool {
        self.written.eq_ignore_ascii_case(word)
    }

    pub fn is_production(&self) -> bool {
        self.is("production")
    }

    /// `Pre-Production` and its kind name a stage of work and are not `production`.
    pub fn is_stage(&self) -> bool {
        let plain: String = self.written.to_ascii_lowercase().split([' ', '-', '_']).collect();
        matches!(plain.as_str(), "preproduction" | "inproduction" | "postproduction")
    }

    /// Of an episode: its notes may be repaired (2.2 #5). A new episode without a status is a draft.
    pub fn may_be_repaired(&self) -> bool {
        self.is_production() || self.is("draft") || self.written.is_empty()
    }

    fn left_out(&self) -> Option<Reason> {
        if self.is_production() {
            None
        } else if self.written.is_empty() {
            Some(Reason::StatusMissing)
        } else {
            Some(Reason::Status(self.written.clone()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::classify;
    use crate::listing::Listing;

    /// One line per file in the order of the rundown: name, and why it is left out.
    fn read(files: &[(&str, &str)]) -> Vec<String> {
        let listing = Listing::new(files.iter().map(|(path, text)| (*path, text.len() as u64)));
        let text = |path: &str| files.iter().find(|(name, text)| *name == path && *text != "?").map(|(_, text)| *text);
        let found = classify(&listing, text);
        let rundown = Rundown::read(&found, text);
        let line = |file: &RundownFile| {
            let out = file.out.as_ref().map_or_else(|| "in".to_owned(), Reason::to_string);
            format!("{}: {out}", name_of(file.path))
        };
        rundown.files.iter().map(line).collect()
    }

    #[test]
    fn order_decides_then_the_name_and_no_locale() {
        let item = |order: &str| format!("---\nstatus: production\norder: {order}\n---\nTea.\n");
        let texts: Vec<String> = ["\"020\"", "20", "10", "soon", "010"].iter().map(|order| item(order)).collect();
        let names = ["rundown/b.md", "rundown/Z.md", "rundown/90 Last.md", "rundown/10 Soon.md", "rundown/e\u{301}.md"];
        let files: Vec<(&str, &str)> = names.iter().zip(&texts).map(|(name, text)| (*name, text.as_str())).collect();
        assert_eq!(read(&files), ["90 Last.md: in", "e\u{301}.md: in", "Z.md: in", "b.md: in", "10 Soon.md: in"]);
    }

    #[test]
    fn every_markdown_file_that_is_left_out_says_why() {
        let files = [
            ("rundown/10 In.md", "---\nstatus: ' Production '\norder: 10\n---\n"),
            ("rundown/20 Draft.md", "---\nstatus: draft\norder: 20\n---\n"),
            ("rundown/30 Stage.md", "---\nstatus: Pre-Production\norder: 30\n---\n"),
            ("rundown/40 None.md", "---\norder: 40\n---\n"),
            ("rundown/50 Broken.md", "---\nstatus: production\nNo closing line.\n"),
            ("rundown/60 Notes.md", "No front matter.\n"),
            ("rundown/70 Gone.md", "?"),
            ("rundown/10 In.sync-conflict-20260801-081936-ABCDEF2.md", "---\nstatus: production\n---\n"),
            ("rundown/10 In.md.bak", "---\nstatus: production\n---\n"),
            ("rundown/10 In Copy.md", "---\nstatus: production\n---\n"),
            ("rundown/list/deep.md", "---\nstatus: production\n---\n"),
            ("rundown/.hidden.md", "---\nstatus: production\n---\n"),
        ];
        assert_eq!(
            read(&files),
            [
                "10 In.md: in",
                "20 Draft.md: status draft",
                "30 Stage.md: status Pre-Production",
                "40 None.md: status missing",
                ".hidden.md: not an item",
                "10 In Copy.md: stray name",
                "10 In.sync-conflict-20260801-081936-ABCDEF2.md: conflict copy",
                "50 Broken.md: frontmatter broken at line 1",
                "60 Notes.md: not an item",
                "70 Gone.md: unreadable",
                "deep.md: not an item",
            ]
        );
    }

    /// New orders by file name.
    fn orders(plan: fn(&Rundown<'_>) -> Vec<NewOrder>, given: &[(&str, &str)]) -> Vec<(String, u64)> {
        let texts: Vec<(String, String)> =
            given.iter().map(|(name, order)| (format!("rundown/{name}.md"), format!("---\n{order}\n---\n"))).collect();
        let listing = Listing::new(texts.iter().map(|(path, text)| (path.clone(), text.len() as u64)));
        let text = |path: &str| texts.iter().find(|(name, _)| name == path).map(|(_, text)| text.as_str());
        let found = classify(&listing, text);
        let rundown = Rundown::read(&found, text);
        plan(&rundown)
            .into_iter()
            .map(|new| (name_of(&new.path).trim_end_matches(".md").to_owned(), new.order))
            .collect()
    }

    #[test]
    fn orders_are_normalised_to_free_tens_and_items_without_one_follow() {
        let given = [("a", "order: 3"), ("b", "order: 10"), ("c", "order: 10"), ("d", "x: y"), ("e", "order: soon")];
        let pairs =
            |pairs: &[(&str, u64)]| pairs.iter().map(|(name, order)| ((*name).to_owned(), *order)).collect::<Vec<_>>();
        assert_eq!(orders(normalise, &given), pairs(&[("a", 10), ("b", 20), ("c", 30), ("d", 40), ("e", 50)]));
        assert_eq!(
            orders(normalise, &[("a", "order: 10"), ("b", "order: 020"), ("c", "order: 0")]),
            pairs(&[("c", 10), ("a", 20), ("b", 30)])
        );
        let huge = [("a", "order: 99999999999999999999"), ("b", "order: 99999999999999999998")];
        assert_eq!(orders(normalise, &huge), pairs(&[("a", 4_294_967_300), ("b", 4_294_967_310)]));
    }

    #[test]
    fn renumbering_makes_positions_times_ten() {
        let given = [("a", "order: 15"), ("b", "order: 20"), ("c", "order: 12")];
        assert_eq!(orders(renumber, &given), [("c".to_owned(), 10), ("a".to_owned(), 20), ("b".to_owned(), 30)]);
    }

    #[test]
    fn a_stage_is_no_status() {
        let stage = |text: &str| Status { written: text.into() }.is_stage();
        assert!(stage("Pre-Production") && stage("in production") && stage("POST_PRODUCTION"));
        assert!(!stage("production") && !stage("draft"));
    }
}
