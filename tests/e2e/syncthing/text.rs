//! The notes that people write into, and what they type.

use super::account::Token;
use fastrand::Rng;
use std::fs;
use std::path::{Path, PathBuf};

/// A season, small enough that people meet in their notes. Returns every text that was written.
pub fn lay_out(folder: &Path) -> Vec<String> {
    EPISODES.iter().flat_map(|episode| lay_out_episode(folder, episode, &TITLES)).collect()
}

/// An episode of two notes, for those who need no season.
pub fn lay_out_small(folder: &Path) {
    lay_out_episode(folder, EPISODES[0], &TITLES[..2]);
}

fn lay_out_episode(folder: &Path, episode: &str, titles: &[&str]) -> Vec<String> {
    let mut texts = Vec::new();
    let mut write = |path: PathBuf, text: String| {
        fs::write(path, &text).expect("the folder is writable");
        texts.push(text);
    };
    let dir = folder.join("episodes").join(episode);
    fs::create_dir_all(dir.join("rundown")).expect("the folder is writable");
    let id = format!("EPSMSA79Z40T34{}T", &episode[1..]);
    let info = format!(
        "---\nAssetID: {id}\nepisode_number: \"{episode}\"\ntype: sunday_show\nairdate: 2026-08-09\n\
         title: The Kettle Report\nduration: 00:00:30\nstatus: production\n---\n# Episode {episode}\n"
    );
    write(dir.join("info.md"), info);
    for (order, title) in (10..).step_by(10).zip(titles) {
        write(dir.join("rundown").join(format!("{order} {title}.md")), note(order, title));
    }
    texts
}

const EPISODES: [&str; 4] = ["0900", "0901", "0902", "0903"];
const TITLES: [&str; 8] = ["Cold Open", "Leak", "Whistle", "Descaler", "Lid", "Spout", "Handle", "Close"];

/// A note as somebody begins it.
pub fn note(order: u32, title: &str) -> String {
    let slug = title.to_lowercase().replace(' ', "-");
    format!(
        "---\nslug: {slug}\ntype: segment\norder: {order}\nduration: 00:00:00\nstatus: production\n\
         title: {title}\n---\n\n## Script\n\n<p class=\"host\">Good evening. Tonight the kettle was to blame.</p>\n\n\
         It stood there and said nothing.\n\n\
         <!-- Begin Cue -->\n[Type: NOTE]\n[Note For: director]\n[Note Text: Stay on the kettle.]\n<!-- End Cue -->\n\n\
         Then the water came, slowly at first.\n\n<p class=\"host\">More after this.</p>\n"
    )
}

/// The text with one more thought in it, somewhere, as people type: mostly prose, now and then something that showd
/// has to repair.
pub fn with_token(text: &str, token: Token, rng: &mut Rng) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let body = lines.iter().skip(1).position(|line| line.trim_end() == "---").map_or(0, |end| end + 2);
    let mut is_in_cue = false;
    let mut gaps = Vec::new();
    for (at, line) in lines.iter().enumerate().skip(body) {
        if line.contains("Begin Cue") {
            is_in_cue = true;
        } else if line.contains("End Cue") {
            is_in_cue = false;
        } else if !is_in_cue && line.trim().is_empty() {
            gaps.push(at + 1);
        }
    }
    let at = if gaps.is_empty() { lines.len() } else { gaps[rng.usize(..gaps.len())] };
    let typed = match rng.u32(0..10) {
        0..=3 => format!("<p class=\"host\">Somebody said {token}, and nobody laughed.</p>\n\n"),
        4..=7 => format!("And then {token} happened.\n\n"),
        8 => format!("<<!-- Begin Cue -->>\n[Type: NOTE]\n[Note Text: {token}]\n<<!-- End Cue -->>\n\n"),
        _ => format!(
            "<!-- Begin Cue -->\n[Type: FSQ]\n[AssetID: pending]\n[Slug: {token}]\n[Quote: \"{token}, they say.\"]\n\
             [Attribution: The Kettle]\n<!-- End Cue -->\n\n"
        ),
    };
    let glue = if text.is_empty() || text.ends_with('\n') || at < lines.len() { "" } else { "\n\n" };
    [&lines[..at].concat(), glue, &typed, &lines[at..].concat()].concat()
}

/// What lies beside a note and is not one.
pub fn is_note(name: &str) -> bool {
    is_markdown(name) && !name.starts_with('.') && !is_copy(name)
}

pub fn is_markdown(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "md")
}

pub fn is_copy(name: &str) -> bool {
    name.contains(".sync-conflict-")
}

/// `10 Tea.sync-conflict-20260801-081936-ABCDEF2.md` → `10 Tea.md`, through copies of copies.
pub fn original(name: &str) -> String {
    let mut name = name.to_owned();
    while let Some((stem, rest)) = name.rsplit_once(".sync-conflict-") {
        let ending = rest.rfind('.').map_or("", |at| &rest[at..]);
        name = format!("{stem}{ending}");
    }
    name
}
