//! Which file a token means (specification 4.6 #8).

use super::score::{LEAD_TAKEN, OFFERED_MAX, SCORE_OFFERED, SCORE_TAKEN, score};
use crate::kind::Media;
use crate::listing::{folder_of, name_of, split_extension};
use crate::path::Shelf;

/// Entries of `preshow/` that are looked at.
const PRESHOW_MAX: usize = 300;

#[derive(Debug, Clone, PartialEq)]
pub enum Match {
    /// Good enough, and far enough ahead of the second.
    One(String),
    /// For a person to choose from, best first; may be empty.
    Offered(Vec<(String, f64)>),
}

/// Looks in `preshow/` and in the folders of the type. Any of the `names` may match; the better score counts.
pub fn find(shelf: &Shelf, media: Media, names: &[&str]) -> Match {
    let fits = |path: &&str| {
        let extension = split_extension(name_of(path)).1.trim_start_matches('.').to_ascii_lowercase();
        media.extensions().contains(&extension.as_str())
    };
    let preshow = shelf.paths().filter(|path| path.starts_with("preshow/")).take(PRESHOW_MAX);
    let own = shelf.paths().filter(|path| media.folders().contains(&folder_of(path).trim_end_matches('/')));
    let score_of = |path: &str| {
        let stem = split_extension(name_of(path)).0;
        names.iter().filter(|name| !name.is_empty()).map(|name| score(name, stem)).fold(0.0, f64::max)
    };
    let mut scored: Vec<(String, f64)> =
        preshow.chain(own).filter(fits).map(|path| (path.to_owned(), score_of(path))).collect();
    // Stable: equal scores stay in order of their paths.
    scored.sort_by(|one, other| other.1.total_cmp(&one.1));
    let second = scored.get(1).map_or(0.0, |(_, score)| *score);
    match scored.first() {
        Some((path, best)) if *best >= SCORE_TAKEN && best - second >= LEAD_TAKEN => Match::One(path.clone()),
        _ => {
            scored.retain(|(_, score)| *score >= SCORE_OFFERED);
            scored.truncate(OFFERED_MAX);
            Match::Offered(scored)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::by_name;

    fn shelf(paths: &[&str]) -> Shelf {
        let kinds: Vec<_> = paths.iter().map(|path| (*path, by_name(path).0)).collect();
        Shelf::new(kinds.iter().map(|(path, kind)| (*path, kind)))
    }

    #[test]
    fn the_best_file_is_taken_when_it_is_good_and_alone() {
        let here = shelf(&["preshow/raw/kettle boil 2.mov", "assets/video/steam.mp4", "assets/audio/kettle boils.mp3"]);
        assert_eq!(find(&here, Media::Video, &["kettle boils"]), Match::One("preshow/raw/kettle boil 2.mov".into()));
    }

    #[test]
    fn a_file_that_is_not_good_enough_is_only_offered() {
        let here = shelf(&["assets/video/kettle-boils-long.mp4"]);
        let Match::Offered(offered) = find(&here, Media::Video, &["kettle boils"]) else {
            panic!("0.828 is not enough")
        };
        assert_eq!(offered[0].0, "assets/video/kettle-boils-long.mp4");
    }

    #[test]
    fn one_clip_under_two_names_is_a_choice_for_a_person() {
        let here = shelf(&["preshow/steam engine.mp4", "assets/video/steam-engine.mp4"]);
        let Match::Offered(offered) = find(&here, Media::Video, &["steam engine"]) else { panic!("two equal scores") };
        assert_eq!(offered.len(), 2);
    }

    #[test]
    fn a_title_may_match_where_the_slug_does_not() {
        let here = shelf(&["preshow/Kettles Today Full.mp4", "preshow/other.mp4"]);
        assert_eq!(
            find(&here, Media::Video, &["k1", "Kettles Today full"]),
            Match::One("preshow/Kettles Today Full.mp4".into())
        );
    }
}
