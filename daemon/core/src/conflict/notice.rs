//! The note in the share that names the conflicts left to people, where they see it: in their editor.
//!
//! One file per share, ours alone, there only while there is something to say. It says what is so and not when, so that
//! it changes only with the conflicts.

use super::Stand;
use crate::kind::is_markdown;
use crate::settle::File;
use crate::share::Known;
use crate::{Cause, Coordinator, Digest, FilePath, Move, ShareId, Source};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Below the share's root.
const NOTICE: &str = "showd/conflicts.md";

impl Coordinator {
    /// Brings the note of a share up to date, unless somebody else made or changed it.
    pub(super) fn tell_conflicts(&mut self, share: ShareId) {
        let file = FilePath { share, path: NOTICE.into() };
        let is_ready = self.shares.get(&share).is_some_and(|share| share.known == Known::Ready);
        if !is_ready || self.is_publishing(&file) || self.read_only(share).is_some() {
            return;
        }
        let text = self.conflict_notice(share);
        let state = self.files.get(&file).filter(|state| state.is_there());
        let ours = state.filter(|state| state.by_us().is_some()).and_then(File::current);
        let made = match (text, state.is_some(), ours) {
            (Some(text), false, _) => {
                let (new, size) = (digest(&text), text.len() as u64);
                Move::New { file, new, size, source: Source::Text(text) }
            }
            (Some(text), true, Some(base)) if base != digest(&text) => {
                let (new, size) = (digest(&text), text.len() as u64);
                Move::Replace { file, base, new, size, source: Source::Text(text), human: false, seen: None }
            }
            (None, true, Some(base)) => Move::Remove { file, base, human: false },
            _ => return,
        };
        let intent = self.new_intent([made].into(), Cause::Notice);
        self.publish_again(intent);
    }

    /// `None`: there is nothing to say.
    fn conflict_notice(&self, share: ShareId) -> Option<String> {
        let open = self.conflicts.of.iter().filter(|(copy, _)| copy.share == share).filter_map(|(copy, conflict)| {
            let Stand::Open(why) = &conflict.stand else { return None };
            Some(format!(
                "- {}\n  set aside: {}\n  {why}\n  `showctl resolve \"{}\"`\n",
                link(&conflict.original),
                link(copy),
                copy.path
            ))
        });
        let open: Vec<String> = open.collect();
        (!open.is_empty()).then(|| format!("{HEAD}\n{}", open.join("\n")))
    }
}

const HEAD: &str = "# Conflicts

Two devices changed these notes at the same time, and somebody has to decide. Until then nothing is repaired in them.
Compare the two, put what is missing into the note, and delete the copy; or use the command below it on the show's
machine. This note is written by showd and goes away by itself.
";

/// As Obsidian links to notes; other files by their path.
fn link(file: &FilePath) -> String {
    match file.path.strip_suffix(".md").filter(|_| is_markdown(&file.path)) {
        Some(stem) => format!("[[{stem}]]"),
        None => file.path.to_string(),
    }
}

fn digest(text: &str) -> Digest {
    Digest(*blake3::hash(text.as_bytes()).as_bytes())
}
