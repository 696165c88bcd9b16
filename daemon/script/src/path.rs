//! Which file a cue means: references as people and older tools wrote them, resolved against one episode's listing.
//!
//! Follows section 4.3 of the specification; the answer says which rule matched. Only names of the listing are ever
//! given, so no reference leads out of the episode. Copies, strays and half-written files are never the answer. Build a
//! [`Shelf`] once per listing and ask it with [`Shelf::find`].

mod text;

use crate::classify::Kind;
use crate::kind::Media;
use crate::listing::{folder_of, name_of, split_extension};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use text::{Inside, inside_episode, nfc, normal, percent_decode, starts_with_ignoring_case, without_number};

pub use text::fold;

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolved {
    /// A file of this episode.
    File {
        path: String,
        rule: Rule,
    },
    /// A file below the media pool folder.
    Pool {
        path: String,
    },
    /// An address that is not fetched.
    Remote {
        url: String,
    },
    /// A value that a browser left behind; the file was never stored.
    Unprocessed,
    /// Several files fit one rule equally well; none is taken.
    Ambiguous {
        rule: Rule,
        candidates: Vec<String>,
    },
    Missing,
    /// It points out of the episode or the pool.
    Refused,
}

/// Which rule of section 4.3 found the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// #2: the path from its last `assets/` or `preshow/` part on.
    Path,
    /// #3: the name in a folder of the type.
    TypeFolder,
    /// #3: the name anywhere in `assets/`.
    Assets,
    /// #3: the name anywhere in `preshow/`.
    Preshow,
    /// #5: the name without its leading number.
    WithoutNumber,
    /// #5: the name with its leading number twice.
    DoubledNumber,
    /// #5: the quote picture `fsq_<slug>.png`.
    QuotePicture,
    /// #5: any other name that ends in `-<name>`.
    Suffix,
}

/// The files of an episode that a cue may mean, indexed by name.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    paths: BTreeSet<String>,
    /// Folded path or name, or what follows a `-` in a name, to the paths that have it.
    by_path: BTreeMap<String, Vec<String>>,
    by_name: BTreeMap<String, Vec<String>>,
    by_tail: BTreeMap<String, Vec<String>>,
}

impl Shelf {
    /// From classified files, so that copies and strays are left out.
    pub fn new<'k>(files: impl IntoIterator<Item = (&'k str, &'k Kind)>) -> Self {
        let mut shelf = Self::default();
        for (path, _) in files.into_iter().filter(|(_, kind)| kind.may_be_media()) {
            let name = fold(name_of(path));
            for (at, _) in name.match_indices('-') {
                shelf.by_tail.entry(name[at + 1..].to_owned()).or_default().push(path.to_owned());
            }
            shelf.by_name.entry(name).or_default().push(path.to_owned());
            shelf.by_path.entry(fold(path)).or_default().push(path.to_owned());
            shelf.paths.insert(path.to_owned());
        }
        shelf
    }

    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// The file that `reference` means in a cue of this type with this slug. A slug matters to quotes only.
    pub fn find(&self, reference: &str, media: Media, slug: &str) -> Resolved {
        let reference = reference.trim().replace('\\', "/");
        if starts_with_ignoring_case(&reference, "blob:") {
            return Resolved::Unprocessed;
        }
        if reference.is_empty() {
            return Resolved::Missing;
        }
        let cut = reference.split(['?', '#']).next().unwrap_or_default();
        if let Some(rest) = cut.strip_prefix("/pool/") {
            return normal(rest).map_or(Resolved::Refused, |path| Resolved::Pool { path });
        }
        let remote = ["http://", "https://"].iter().any(|scheme| starts_with_ignoring_case(&reference, scheme));
        // `Take #2.mp4` is a name before it is a fragment: a path is tried as it stands first.
        let spellings = if remote || reference == cut { vec![cut] } else { vec![reference.as_str(), cut] };
        for text in spellings {
            match inside_episode(text) {
                Inside::Escapes => return Resolved::Refused,
                Inside::No if remote => break,
                Inside::No => {}
                Inside::At(path) => {
                    if let Some(found) = by_spelling(&path, Rule::Path, |spelling| self.at_path(spelling)) {
                        return found;
                    }
                }
            }
            match self.find_name(name_of(text.trim_end_matches('/')), media, slug) {
                Resolved::Missing => {}
                found => return found,
            }
        }
        if remote { Resolved::Remote { url: reference } } else { Resolved::Missing }
    }

    /// The picture of a quote whose cue names none: what our own renderer or an older one called it
    /// (specification 6.4 #2).
    pub fn find_quote_picture(&self, slug: &str, id: &str) -> Resolved {
        let slug_part: String = slug.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect();
        let bare = without_number(&slug_part).unwrap_or(&slug_part).to_owned();
        let stems = [
            (format!("fsq_{slug_part}"), Rule::QuotePicture),
            (format!("fsq_{bare}"), Rule::QuotePicture),
            (slug_part.clone(), Rule::TypeFolder),
            (bare.clone(), Rule::WithoutNumber),
            (id.to_owned(), Rule::TypeFolder),
        ];
        let named = stems.iter().filter(|(stem, _)| !matches!(stem.as_str(), "" | "fsq_"));
        let mut names = named.flat_map(|(stem, rule)| PICTURES.map(|extension| (format!("{stem}{extension}"), *rule)));
        if let Some(found) = names.find_map(|(name, rule)| self.in_places(&name, Media::Quote, Some(rule))) {
            return found;
        }
        if bare.is_empty() {
            return Resolved::Missing;
        }
        let is_numbered = |name: &str| without_number(name).is_some_and(|rest| split_extension(rest).0 == bare);
        let numbered = |extension| self.tails(&format!("{bare}{extension}"), Media::Quote, is_numbered);
        PICTURES.into_iter().find_map(numbered).unwrap_or(Resolved::Missing)
    }

    /// Rules #3 to #5 for a bare name.
    fn find_name(&self, name: &str, media: Media, slug: &str) -> Resolved {
        if matches!(name, "" | "." | "..") {
            return Resolved::Missing;
        }
        if let Some(found) = self.in_places(name, media, None) {
            return found;
        }
        let decoded = percent_decode(name);
        let name = decoded.as_deref().unwrap_or(name);
        let mut bare = name;
        while let Some(rest) = without_number(bare) {
            bare = rest;
            if let Some(found) = self.in_places(bare, media, Some(Rule::WithoutNumber)) {
                return found;
            }
        }
        if let Some(rest) = without_number(name) {
            let number = &name[..name.len() - rest.len()];
            if let Some(found) = self.in_places(&format!("{number}{name}"), media, Some(Rule::DoubledNumber)) {
                return found;
            }
        }
        if media == Media::Quote && !slug.is_empty() {
            let picture = format!("fsq_{slug}.png");
            if let Some(found) = self.in_places(&picture, media, Some(Rule::QuotePicture)) {
                return found;
            }
        }
        self.tails(name, media, |_| true).unwrap_or(Resolved::Missing)
    }

    /// The name in the type's folders, then in all of `assets/`, then in `preshow/`. `rule` names the answer where the
    /// name is not the one that was written.
    fn in_places(&self, name: &str, media: Media, rule: Option<Rule>) -> Option<Resolved> {
        places(media).find_map(|(place, own_rule)| {
            by_spelling(name, rule.unwrap_or(own_rule), |spelling| self.named(spelling, &place))
        })
    }

    /// Files whose name ends in `-<name>`, in the first place that has one.
    fn tails(&self, name: &str, media: Media, fits: impl Fn(&str) -> bool) -> Option<Resolved> {
        let all = self.by_tail.get(&fold(name))?;
        places(media).find_map(|(place, _)| {
            let hits = all.iter().filter(|path| place.holds(path) && fits(name_of(path))).cloned().collect();
            one_of(hits, Rule::Suffix)
        })
    }

    /// All paths equal to this one but for letter case and composition.
    fn at_path(&self, path: &str) -> Vec<String> {
        self.by_path.get(&fold(path)).cloned().unwrap_or_default()
    }

    fn named(&self, name: &str, place: &Place) -> Vec<String> {
        let all = self.by_name.get(&fold(name)).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter(|path| place.holds(path)).cloned().collect()
    }
}

fn places(media: Media) -> impl Iterator<Item = (Place, Rule)> {
    let own = media.folders().iter().map(|folder| (Place::In(folder), Rule::TypeFolder));
    own.chain([(Place::Below("assets/"), Rule::Assets), (Place::Below("preshow/"), Rule::Preshow)])
}

/// Rule #4: as written, percent-decoded, then without regard to letter case.
fn by_spelling(text: &str, rule: Rule, look: impl Fn(&str) -> Vec<String>) -> Option<Resolved> {
    let decoded = percent_decode(text);
    let spellings: Vec<&str> = std::iter::once(text).chain(decoded.as_deref()).collect();
    let folded: Vec<Vec<String>> = spellings.iter().map(|spelling| look(spelling)).collect();
    for (spelling, hits) in spellings.iter().zip(&folded) {
        let same = |path: &&String| path.ends_with(*spelling) || nfc(path).ends_with(&nfc(spelling));
        let exact: Vec<String> = hits.iter().filter(same).cloned().collect();
        if let Some(found) = one_of(exact, rule) {
            return Some(found);
        }
    }
    folded.into_iter().find_map(|hits| one_of(hits, rule))
}

/// Extensions of still pictures that a quote may have, ours first.
const PICTURES: [&str; 5] = [".png", ".jpg", ".jpeg", ".webp", ".gif"];

enum Place {
    In(&'static str),
    Below(&'static str),
}

impl Place {
    fn holds(&self, path: &str) -> bool {
        match self {
            Self::In(folder) => folder_of(path).trim_end_matches('/').eq_ignore_ascii_case(folder),
            Self::Below(folder) => starts_with_ignoring_case(path, folder),
        }
    }
}

fn one_of(mut hits: Vec<String>, rule: Rule) -> Option<Resolved> {
    match hits.len() {
        0 => None,
        1 => hits.pop().map(|path| Resolved::File { path, rule }),
        _ => Some(Resolved::Ambiguous { rule, candidates: hits }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::by_name;
    use crate::kind::CueType;

    fn shelf(paths: &[&str]) -> Shelf {
        let kinds: Vec<_> = paths.iter().map(|path| (*path, by_name(path).0)).collect();
        Shelf::new(kinds.iter().map(|(path, kind)| (*path, kind)))
    }

    /// `path (rule)`, or the word for what else came out.
    fn found(paths: &[&str], reference: &str, cue_type: &str, slug: &str) -> String {
        match shelf(paths).find(reference, CueType::parse(cue_type).map_or(Media::None, CueType::media), slug) {
            Resolved::File { path, rule } => format!("{path} ({rule:?})"),
            Resolved::Ambiguous { rule, candidates } => format!("ambiguous ({rule:?}): {}", candidates.join(", ")),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_spelling_of_one_file_leads_to_it() {
        let here = ["assets/video/kettle boils.mp4", "assets/graphics/chart.png", "preshow/raw.mov"];
        for reference in [
            "../assets/video/kettle boils.mp4",
            "assets/video/kettle boils.mp4",
            "./assets/video/kettle boils.mp4",
            "episodes/0900/assets/video/kettle boils.mp4",
            "/episodes/0233/assets/video/kettle boils.mp4?v=3#t=10",
            r"D:\Shows\0233\assets\video\kettle boils.mp4",
            "http://nas.local/episodes/0900/assets/video/kettle%20boils.mp4",
            "../assets/video/kettle%20boils.mp4",
            "../Assets/Video/Kettle Boils.MP4",
            "assets/old/assets/video/kettle boils.mp4",
        ] {
            assert_eq!(found(&here, reference, "SOT", ""), "assets/video/kettle boils.mp4 (Path)", "{reference}");
        }
        assert_eq!(found(&here, "kettle boils.mp4", "SOT", ""), "assets/video/kettle boils.mp4 (TypeFolder)");
        assert_eq!(found(&here, "/home/sam/kettle boils.mp4", "SOT", ""), "assets/video/kettle boils.mp4 (TypeFolder)");
        assert_eq!(found(&here, "chart.png", "SOT", ""), "assets/graphics/chart.png (Assets)");
        assert_eq!(found(&here, "raw.mov", "SOT", ""), "preshow/raw.mov (Preshow)");
        assert_eq!(found(&here, "/episodes/0900/preshow/raw.mov", "SOT", ""), "preshow/raw.mov (Path)");
    }

    #[test]
    fn the_folder_that_is_written_wins_over_those_that_are_only_read() {
        let here = ["assets/sots/tea.mp4", "assets/video/tea.mp4", "assets/videos/tea.mp4"];
        assert_eq!(found(&here, "tea.mp4", "SOT", ""), "assets/video/tea.mp4 (TypeFolder)");
        assert_eq!(found(&here, "../assets/gone/tea.mp4", "VO", ""), "assets/video/tea.mp4 (TypeFolder)");
    }

    #[test]
    fn two_files_that_fit_one_rule_are_ambiguous_and_none_is_taken() {
        let here = ["assets/audio/a/hum.mp3", "assets/images/hum.mp3"];
        assert_eq!(
            found(&here, "hum.mp3", "SOT", ""),
            "ambiguous (Assets): assets/audio/a/hum.mp3, assets/images/hum.mp3"
        );
        let cases = ["assets/video/TEA.mp4", "assets/video/Tea.mp4"];
        assert_eq!(found(&cases, "assets/video/TEA.mp4", "SOT", ""), "assets/video/TEA.mp4 (Path)");
        assert_eq!(
            found(&cases, "assets/video/tea.mp4", "SOT", ""),
            "ambiguous (Path): assets/video/TEA.mp4, assets/video/Tea.mp4"
        );
    }

    #[test]
    fn numbers_in_front_come_and_go() {
        assert_eq!(found(&["assets/video/tea.mp4"], "10-tea.mp4", "SOT", ""), "assets/video/tea.mp4 (WithoutNumber)");
        assert_eq!(
            found(&["assets/video/tea.mp4"], "110-110_tea.mp4", "SOT", ""),
            "assets/video/tea.mp4 (WithoutNumber)"
        );
        assert_eq!(
            found(&["assets/video/10-10-tea.mp4"], "10-tea.mp4", "SOT", ""),
            "assets/video/10-10-tea.mp4 (DoubledNumber)"
        );
        assert_eq!(found(&["assets/video/20-tea.mp4"], "tea.mp4", "SOT", ""), "assets/video/20-tea.mp4 (Suffix)");
        assert_eq!(
            found(&["assets/video/20-tea.mp4", "assets/video/30-tea.mp4"], "tea.mp4", "SOT", ""),
            "ambiguous (Suffix): assets/video/20-tea.mp4, assets/video/30-tea.mp4"
        );
    }

    #[test]
    fn a_quote_finds_its_picture() {
        let here =
            ["assets/quotes/fsq_watched-pot.png", "assets/generated_quotes/FSQ1.png", "assets/quotes/40-law.png"];
        assert_eq!(found(&here, "gone.png", "FSQ", "watched-pot"), "assets/quotes/fsq_watched-pot.png (QuotePicture)");
        assert_eq!(found(&here, "gone.png", "GFX", "watched-pot"), "Missing");
        let picture = |slug, id| match shelf(&here).find_quote_picture(slug, id) {
            Resolved::File { path, .. } => path,
            other => format!("{other:?}"),
        };
        assert_eq!(picture("watched-pot", ""), "assets/quotes/fsq_watched-pot.png");
        assert_eq!(picture("20-watched-pot", ""), "assets/quotes/fsq_watched-pot.png");
        assert_eq!(picture("nothing", "FSQ1"), "assets/generated_quotes/FSQ1.png");
        assert_eq!(picture("law", ""), "assets/quotes/40-law.png");
        assert_eq!(picture("", ""), "Missing");
    }

    #[test]
    fn nothing_leads_out_of_the_episode() {
        let here = ["assets/video/tea.mp4", "info.md", "assets/video/passwd"];
        assert_eq!(found(&here, "assets/../../0899/assets/../../secret.mp4", "SOT", ""), "Refused");
        assert_eq!(found(&here, "../assets/../info.md", "SOT", ""), "Refused");
        assert_eq!(found(&here, "/pool/../../etc/shadow", "SOT", ""), "Refused");
        assert_eq!(found(&here, "/etc/shadow", "SOT", ""), "Missing");
        assert_eq!(found(&here, "assets/%2e%2e%2f%2e%2e%2fetc/shadow", "SOT", ""), "Missing");
        assert_eq!(found(&here, "..", "SOT", ""), "Missing");
        assert_eq!(found(&here, "/", "SOT", ""), "Missing");
    }

    #[test]
    fn what_is_not_a_file_here_says_what_it_is() {
        assert_eq!(found(&[], "blob:http://x/1", "SOT", ""), "Unprocessed");
        assert_eq!(
            found(&[], "https://example.org/a.mp4", "SOT", ""),
            r#"Remote { url: "https://example.org/a.mp4" }"#
        );
        assert_eq!(
            found(&["assets/video/a.mp4"], "https://example.org/a.mp4", "SOT", ""),
            r#"Remote { url: "https://example.org/a.mp4" }"#
        );
        assert_eq!(
            found(&[], "https://example.org/assets/a.mp4", "SOT", ""),
            r#"Remote { url: "https://example.org/assets/a.mp4" }"#
        );
        assert_eq!(found(&[], "/pool/stings/./one.mp3", "STING", ""), r#"Pool { path: "stings/one.mp3" }"#);
        assert_eq!(found(&[], "", "SOT", ""), "Missing");
    }

    #[test]
    fn copies_and_strays_are_never_the_answer() {
        let here = [
            "assets/video/tea.sync-conflict-20260801-081936-ABCDEF2.mp4",
            "assets/video/tea (1).mp4",
            "assets/video/.syncthing.tea.mp4.tmp",
            "assets/video/temporary-files/tea.mp4",
        ];
        assert_eq!(found(&here, "tea.mp4", "SOT", ""), "Missing");
        assert_eq!(found(&here, "tea (1).mp4", "SOT", ""), "Missing");
    }

    #[test]
    fn names_compare_equal_however_their_accents_are_composed() {
        let here = ["assets/video/cafe\u{301}.mp4"];
        assert_eq!(found(&here, "assets/video/caf\u{e9}.mp4", "SOT", ""), "assets/video/cafe\u{301}.mp4 (Path)");
        assert_eq!(
            found(&["assets/video/Take #2.mp4"], "Take #2.mp4", "SOT", ""),
            "assets/video/Take #2.mp4 (TypeFolder)"
        );
    }
}
