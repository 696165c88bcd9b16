//! Conflict copies: what Syncthing set aside because two devices changed one file.
//!
//! One that holds the same goes at once. Every other is merged with what lies at the path, on the recorded state of the
//! file that both began from: where the copy differs from that only by what steps wrote, or the result is what lies there
//! anyway, it is removed; where it contradicts only what steps wrote there it takes the place, and a clean result is
//! applied, where the share allows it; else nothing is touched and people are shown both. A copy is only ever removed by
//! comparing and deleting, when what it held is in the file's history and Syncthing knows of the text that holds it too.
//! Owns the copies. Read [`judge()`] first, then [`Coordinator::judge_conflicts`].

mod judge;

use crate::asked::Begun;
use crate::ballot::{Spare, is_ballot};
use crate::kind::copied;
use crate::notice::CONFLICTS;
use crate::playbook::Play;
use crate::settle::{Content, File, keeps_bytes};
use crate::share::Known;
use crate::{
    Blocker, Cause, Coordinator, Digest, Disquiet, Effect, FilePath, Merge, MergePolicy, Merged, Move, Peer, Refusal,
    RefusalKind, ShareId, Source, Time, Version,
};
use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use judge::{Verdict, judge};

pub use judge::ancestors;

/// The copies that lie in the shares.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    of: BTreeMap<FilePath, Conflict>,
    /// Copies that something changed for, judged in this step.
    dirty: BTreeSet<FilePath>,
    wake: BTreeSet<(Time, FilePath)>,
}

#[derive(Debug)]
struct Conflict {
    original: FilePath,
    /// The texts of the copy and of the original (`None`: it is gone) that the rest is about.
    texts: Option<(Digest, Option<Digest>)>,
    /// The copy's text is nowhere in the original's history.
    is_new: bool,
    /// This text of the copy was merged, into this one.
    merged: Option<(Digest, Digest)>,
    stand: Stand,
}

/// How far a copy is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stand {
    /// It may not be read yet, or is being read.
    Unread,
    LookingUp,
    Merging,
    Decided(Resolution),
    Publishing,
    /// For people to settle, and why.
    Open(String),
}

/// What is to be done about a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Resolution {
    /// What is put at the path; `None`: what lies there stays.
    with: Option<(Digest, u64)>,
    /// One line for people.
    what: String,
}

/// A conflict copy as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictView {
    pub copy: FilePath,
    pub original: FilePath,
    /// What it and the original hold (`None`: it is gone), once both are read.
    pub texts: Option<(Digest, Option<Digest>)>,
    /// Nothing more happens to it unless a person decides.
    pub is_open: bool,
    /// What is being done about it, or why nothing is.
    pub text: String,
}

impl Conflict {
    fn fresh(original: FilePath) -> Self {
        Self { original, texts: None, is_new: false, merged: None, stand: Stand::Unread }
    }
}

impl Conflicts {
    /// Something is being found out or done about one.
    pub fn is_any_under_way(&self) -> bool {
        let under_way = |stand: &Stand| matches!(stand, Stand::LookingUp | Stand::Merging | Stand::Publishing);
        !self.dirty.is_empty() || self.of.values().any(|conflict| under_way(&conflict.stand))
    }

    /// One waits for a clock.
    pub fn is_any_waiting(&self) -> bool {
        !self.wake.is_empty()
    }

    /// Texts that copies are judged by or that settle them.
    pub fn texts(&self) -> impl Iterator<Item = Digest> {
        self.of.values().flat_map(|conflict| {
            let (theirs, ours) = conflict.texts.map_or((None, None), |(theirs, ours)| (Some(theirs), ours));
            let with = match &conflict.stand {
                Stand::Decided(resolution) => resolution.with.map(|(digest, _)| digest),
                _ => None,
            };
            [theirs, ours, with].into_iter().flatten()
        })
    }

    pub fn next_wake(&self) -> Option<Time> {
        self.wake.first().map(|(at, _)| *at)
    }
}

impl Coordinator {
    /// Every conflict copy that is known.
    pub fn conflicts(&self) -> impl Iterator<Item = ConflictView> {
        self.conflicts.of.iter().map(|(copy, conflict)| {
            let (is_open, text) = match &conflict.stand {
                Stand::Unread | Stand::LookingUp => (false, "being looked at".to_owned()),
                Stand::Merging => (false, "being merged".to_owned()),
                Stand::Decided(resolution) => {
                    let why = self.in_the_way(copy, &conflict.original, resolution.with.is_some());
                    let why = why.map(|blocker| format!("; {blocker}")).unwrap_or_default();
                    (false, format!("waits for quiet: {}{why}", resolution.what))
                }
                Stand::Publishing => (false, "being settled".to_owned()),
                Stand::Open(why) => (true, why.clone()),
            };
            let texts = conflict.texts;
            ConflictView { copy: copy.clone(), original: conflict.original.clone(), texts, is_open, text }
        })
    }

    /// Something happened to a file that is a conflict copy, or that has some.
    pub(crate) fn mark_conflicts_of(&mut self, file: &FilePath) {
        if copied(file).is_some() {
            self.conflicts.dirty.insert(file.clone());
        }
        self.conflicts.dirty.extend(self.files.copies(file).cloned());
    }

    pub(crate) fn mark_conflicts_in(&mut self, share: ShareId) {
        self.conflicts.dirty.extend(self.files.all_copies(share).cloned());
        self.mark_notices(share);
    }

    pub(crate) fn judge_conflicts(&mut self) {
        while let Some((at, copy)) = self.conflicts.wake.first().filter(|(at, _)| *at <= self.now).cloned() {
            self.conflicts.wake.remove(&(at, copy.clone()));
            self.conflicts.dirty.insert(copy);
        }
        for copy in core::mem::take(&mut self.conflicts.dirty) {
            self.mark_notices(copy.share);
            self.look_at_copy(&copy);
        }
    }

    fn look_at_copy(&mut self, copy: &FilePath) {
        let is_there = self.files.get(copy).is_some_and(File::is_there);
        let Some(original) = copied(copy).filter(|_| is_there) else {
            self.conflicts.of.remove(copy);
            return;
        };
        if self.shares.get(&copy.share).is_none_or(|share| share.known != Known::Ready)
            || self.is_publishing(copy)
            || self.is_publishing(&original)
        {
            return;
        }
        let fresh = Conflict::fresh(original.clone());
        self.conflicts.of.entry(copy.clone()).or_insert(fresh);
        if is_ballot(&original) {
            return self.look_at_spare(copy, &original);
        }
        let theirs = match self.read_for_conflict(copy, &original, copy) {
            Ok(theirs) => theirs,
            Err(stand) => return self.set_stand(copy, None, stand),
        };
        let Some(theirs) = theirs else { return };
        let ours = match self.read_for_conflict(copy, &original, &original) {
            // What it says changes with what becomes of this copy.
            _ if *original.path == *CONFLICTS => None,
            Ok(ours) => ours,
            Err(stand) => return self.set_stand(copy, None, stand),
        };
        if self.conflicts.of[copy].texts != Some((theirs, ours)) {
            self.set_stand(copy, Some((theirs, ours)), Stand::LookingUp);
            if ours.is_some_and(|ours| self.conflicts.of[copy].merged == Some((theirs, ours))) {
                let what = "the copy is removed: it was merged into the file".to_owned();
                self.decide_conflict(copy, false, Resolution { with: None, what });
            } else if *original.path == *CONFLICTS {
                self.order(Effect::LookUpHistory { file: original });
            } else if ours.is_none() {
                let why = "the file that it is a copy of is gone".to_owned();
                self.set_stand(copy, Some((theirs, ours)), Stand::Open(why));
            } else if ours == Some(theirs) {
                let what = "the copy holds the same text, and is removed".to_owned();
                self.decide_conflict(copy, false, Resolution { with: None, what });
            } else {
                self.order(Effect::LookUpHistory { file: original });
            }
            return;
        }
        if let Stand::Decided(resolution) = self.conflicts.of[copy].stand.clone() {
            self.resolve(copy, resolution);
        }
    }

    /// A copy of a note in which people answer proposals goes when its ticks have counted, and stays when somebody wrote
    /// in it.
    fn look_at_spare(&mut self, copy: &FilePath, note: &FilePath) {
        let spare = self.spare(copy, note);
        let Some(theirs) = self.files.get(copy).and_then(File::current).filter(|_| spare != Spare::Unread) else {
            return self.set_stand(copy, None, Stand::Unread);
        };
        let texts = Some((theirs, self.files.get(note).filter(|note| note.is_there()).and_then(File::current)));
        let is_answer = match spare {
            Spare::Unread => return,
            Spare::Counted { is_answer } => is_answer,
            Spare::Contradicts => {
                let why = "what is ticked in it contradicts what is ticked in the note, so neither counts".to_owned();
                return self.set_stand(copy, texts, Stand::Open(why));
            }
            Spare::Written => {
                let why = "somebody wrote in it; what is ticked in it counts all the same".to_owned();
                return self.set_stand(copy, texts, Stand::Open(why));
            }
        };
        let what = if is_answer {
            "the copy is removed: what is ticked in it has counted"
        } else {
            "the copy is removed: it holds what showd wrote"
        };
        self.set_stand(copy, texts, Stand::Unread);
        self.remove_copy(copy, note, is_answer, what);
    }

    /// Whether the note is quiet is nothing to it: nothing that anybody wrote is in the copy alone.
    fn remove_copy(&mut self, copy: &FilePath, original: &FilePath, is_new: bool, what: &str) {
        let resolution = Resolution { with: None, what: what.to_owned() };
        if let Some(conflict) = self.conflicts.of.get_mut(copy) {
            (conflict.is_new, conflict.stand) = (is_new, Stand::Decided(resolution.clone()));
        }
        if self.against_resolving(copy, original, false).is_empty() {
            self.publish_resolution(copy, resolution, true);
        }
    }

    /// The text of a copy or of its original once it is settled and read; `None`: it is gone.
    fn read_for_conflict(
        &mut self,
        copy: &FilePath,
        original: &FilePath,
        file: &FilePath,
    ) -> Result<Option<Digest>, Stand> {
        let is_about = |play: &&Arc<Play>| play.subject_of(&original.path).is_some() || *original.path == *CONFLICTS;
        let Some(play) = self.playbook.plays.values().find(is_about).cloned() else {
            return Err(Stand::Open("no pipeline is about this file".to_owned()));
        };
        match self.files.on_disk(file, &play.pipeline, self.now) {
            Content::Known(digest) => Ok(Some(digest)),
            Content::Missing => Ok(None),
            Content::Unsettled(at) => {
                self.conflicts.wake.insert((at, copy.clone()));
                Err(Stand::Unread)
            }
            Content::Unread => {
                self.read(file);
                match self.files.on_disk(file, &play.pipeline, self.now) {
                    Content::Known(digest) => Ok(Some(digest)),
                    _ => Err(Stand::Unread),
                }
            }
        }
    }

    fn set_stand(&mut self, copy: &FilePath, texts: Option<(Digest, Option<Digest>)>, stand: Stand) {
        if let Some(conflict) = self.conflicts.of.get_mut(copy) {
            (conflict.texts, conflict.stand) = (texts, stand);
            self.mark_notices(copy.share);
        }
    }

    pub(crate) fn history_found(&mut self, file: &FilePath, history: &[Version]) {
        for copy in self.files.copies(file).cloned().collect::<Vec<_>>() {
            let Some(conflict) = self.conflicts.of.get(&copy) else { continue };
            let (Some((theirs, ours)), Stand::LookingUp) = (conflict.texts, &conflict.stand) else { continue };
            if *file.path == *CONFLICTS {
                if history.iter().any(|version| version.digest == theirs && version.by_us) {
                    self.remove_copy(&copy, file, false, "the copy is removed: it holds what showd wrote");
                } else {
                    let why = "showd writes that note, and somebody wrote in this copy".to_owned();
                    self.set_stand(&copy, Some((theirs, ours)), Stand::Open(why));
                }
                continue;
            }
            let Some(ours) = ours else { continue };
            let is_new = !history.iter().any(|version| version.digest == theirs);
            match judge(history, ours, theirs) {
                Verdict::Generated => {
                    let what = "the copy is removed: it holds what showd wrote".to_owned();
                    self.decide_conflict(&copy, is_new, Resolution { with: None, what });
                }
                Verdict::Merge(_) | Verdict::WrittenOn if !keeps_bytes(file) => {
                    let why = "two devices changed it, and only Markdown is merged".to_owned();
                    self.set_stand(&copy, Some((theirs, Some(ours))), Stand::Open(why));
                }
                Verdict::WrittenOn => {
                    let what = "the copy is removed: the file holds everything that it does".to_owned();
                    self.decide_conflict(&copy, is_new, Resolution { with: None, what });
                }
                Verdict::Merge(bases) => {
                    if let Some(conflict) = self.conflicts.of.get_mut(&copy) {
                        (conflict.is_new, conflict.stand) = (is_new, Stand::Merging);
                    }
                    self.order(Effect::Merge(Merge { copy, original: file.clone(), ours, theirs, bases }));
                }
            }
        }
    }

    pub(crate) fn merged(&mut self, copy: &FilePath, ours: Digest, theirs: Digest, merged: Merged) {
        let Some(conflict) = self.conflicts.of.get(copy) else { return };
        if conflict.texts != Some((theirs, Some(ours))) || conflict.stand != Stand::Merging {
            return;
        }
        let is_new = conflict.is_new;
        let policy = self.playbook.rules.shares.get(usize::from(copy.share.0)).map(|share| share.merge);
        let allows = match policy.unwrap_or_default() {
            MergePolicy::Auto => |_| true,
            MergePolicy::GeneratedOnly => |generated_only| generated_only,
            MergePolicy::Ask => |_| false,
        };
        let open = |why: String| Stand::Open(why);
        match merged {
            Merged::Clean { on, .. } | Merged::Unclean { on, .. } if on.copy_generated_since => {
                let what = "the copy is removed: showd wrote it, and a person's text stands now".to_owned();
                self.decide_conflict(copy, is_new, Resolution { with: None, what });
            }
            Merged::Clean { digest, .. } if digest == ours => {
                let what = "the copy is removed: the file holds everything that it does".to_owned();
                self.decide_conflict(copy, is_new, Resolution { with: None, what });
            }
            Merged::Clean { digest, size, on } if allows(on.generated_since) => {
                let what = if digest == theirs {
                    "the copy was made of what lies there, and takes its place"
                } else {
                    "the copy is merged into the file"
                };
                let what = what.to_owned();
                self.decide_conflict(copy, is_new, Resolution { with: Some((digest, size)), what });
            }
            // Of what lies there only showd wrote what the copy contradicts, and does so again where it still may.
            Merged::Unclean { on, .. } if on.generated_since && allows(true) => {
                let size = self.files.get(copy).and_then(File::stamp).map_or(0, |stamp| stamp.size);
                let what = "the copy takes its place: it contradicts only what showd wrote".to_owned();
                self.decide_conflict(copy, is_new, Resolution { with: Some((theirs, size)), what });
            }
            Merged::Clean { .. } => {
                let why = "two people changed it; both edits fit together, and a person is to say so".to_owned();
                self.set_stand(copy, Some((theirs, Some(ours))), open(why));
            }
            Merged::Unclean { places, .. } => {
                let why = match places {
                    1 => "two people changed the same place of it".to_owned(),
                    _ => format!("two people changed the same {places} places of it"),
                };
                self.set_stand(copy, Some((theirs, Some(ours))), open(why));
            }
            Merged::Impossible { why } => self.set_stand(copy, Some((theirs, Some(ours))), open(why)),
        }
    }

    fn decide_conflict(&mut self, copy: &FilePath, is_new: bool, resolution: Resolution) {
        if let Some(conflict) = self.conflicts.of.get_mut(copy) {
            (conflict.is_new, conflict.stand) = (is_new, Stand::Decided(resolution.clone()));
        }
        self.resolve(copy, resolution);
    }

    /// Carries out what was decided, once nobody is in the way.
    fn resolve(&mut self, copy: &FilePath, resolution: Resolution) {
        let Conflict { original, texts: Some((_, Some(ours))), .. } = &self.conflicts.of[copy] else { return };
        let (original, ours, writes) = (original.clone(), *ours, resolution.with.is_some());
        let blockers = self.against_resolving(copy, &original, writes);
        if !blockers.is_empty() {
            // What names no time ends with something that is heard of: a lease, a file beside it.
            if let Some(at) = blockers.iter().filter_map(Blocker::until).max() {
                self.conflicts.wake.insert((at, copy.clone()));
            }
            return;
        }
        let Some(answer) = self.look_outside(&original, ours) else { return };
        if answer.found.iter().any(|one| is_against_resolving(one, writes)) {
            self.conflicts.wake.insert((answer.until(), copy.clone()));
            return;
        }
        self.publish_resolution(copy, resolution, !writes);
    }

    /// The first thing that a decision waits for, as far as was asked.
    fn in_the_way(&self, copy: &FilePath, original: &FilePath, writes: bool) -> Option<Blocker> {
        let blockers = self.against_resolving(copy, original, writes).into_iter();
        let outside = self.quiet(original).into_iter().filter(|blocker| match blocker {
            Blocker::Disquiet { what, .. } => is_against_resolving(what, writes),
            Blocker::Probing { .. } => true,
            _ => false,
        });
        blockers.chain(outside).next()
    }

    fn against_resolving(&self, copy: &FilePath, original: &FilePath, writes: bool) -> Vec<Blocker> {
        let mut blockers: Vec<Blocker> = self.read_only(copy.share).into_iter().collect();
        blockers.extend(self.leases.against_write(None, copy));
        blockers.extend(self.leases.against_write(None, original));
        if writes {
            blockers.extend(self.being_written(original));
            blockers.extend(self.unrested(original));
            blockers.extend(self.unrested(copy));
        }
        blockers
    }

    /// Puts a text at the path, removes the copy, or both at once.
    fn publish_resolution(&mut self, copy: &FilePath, resolution: Resolution, removes: bool) {
        let Some(Conflict { original, texts: Some((theirs, ours)), is_new, .. }) = self.conflicts.of.get(copy) else {
            return;
        };
        let (original, theirs, ours, is_new) = (original.clone(), *theirs, *ours, *is_new);
        let mut moves = Vec::new();
        if let Some((new, size)) = resolution.with.filter(|(new, _)| Some(*new) != ours) {
            let (file, source) = (original.clone(), Source::Blob);
            moves.push(match ours {
                Some(base) => {
                    let seen = self.files.get(&file).and_then(File::stamp);
                    Move::Replace { file, base, new, size, source, human: true, seen }
                }
                None => Move::New { file, new, size, source },
            });
        }
        if removes {
            moves.push(Move::Remove { file: copy.clone(), base: theirs, human: keeps_bytes(copy) });
        }
        let size = self.files.get(copy).and_then(File::stamp).map_or(0, |stamp| stamp.size);
        let aside = is_new.then_some((theirs, size));
        self.set_stand(copy, Some((theirs, ours)), Stand::Publishing);
        self.log("conflict.settled").file(copy).text(resolution.what.clone());
        let cause = Cause::Conflict { copy: copy.clone(), original, what: resolution.what, aside };
        let intent = self.new_intent(moves, cause);
        self.publish_again(intent);
    }

    /// How it went: a copy that is still there is judged anew. `put`: the text that is at the path now.
    pub(crate) fn conflict_published(&mut self, copy: &FilePath, put: Option<Digest>) {
        if let Some(conflict) = self.conflicts.of.get_mut(copy) {
            let merged = conflict.texts.map(|(theirs, _)| theirs).zip(put);
            *conflict = Conflict { merged, ..Conflict::fresh(conflict.original.clone()) };
        }
        self.conflicts.dirty.insert(copy.clone());
    }

    /// A person who saw these texts decides: the one at the path stays, or this one takes its place.
    pub(crate) fn resolve_for(
        &mut self,
        copy: &FilePath,
        seen: (Digest, Option<Digest>),
        with: Option<(Digest, u64)>,
        who: &Peer,
    ) -> Begun {
        let no = |kind, text: String, hint: &str| Err(Refusal { kind, text, hint: hint.to_owned() });
        let Some(conflict) = self.conflicts.of.get(copy) else {
            let hint = "\"showctl conflicts\" lists them";
            return no(RefusalKind::NotFound, format!("{copy} is no conflict copy that is known"), hint);
        };
        let original = conflict.original.clone();
        if conflict.texts.is_none() || matches!(conflict.stand, Stand::Publishing) {
            let text = format!("{copy} is being looked at");
            return no(RefusalKind::NotNow, text, "try again in a moment");
        }
        if conflict.texts != Some(seen) {
            let text = format!("{original} or its copy was changed meanwhile");
            return no(RefusalKind::NotNow, text, "look at both again with \"showctl conflicts\"");
        }
        let blockers = self.against_resolving(copy, &original, false);
        if let Some(blocker) = blockers.first() {
            return no(RefusalKind::NotNow, format!("{blocker}"), "try again when nobody is in the way");
        }
        let what = format!("settled by {}", who.name);
        if let Some(conflict) = self.conflicts.of.get_mut(copy) {
            // Whatever a person decides on, what was set aside stays in the history.
            conflict.is_new = true;
        }
        self.publish_resolution(copy, Resolution { with, what }, true);
        Ok(self.publishing.get(copy).copied())
    }
}

/// Others are not to hear of a copy's end before they can have the text that makes up for it.
fn is_against_resolving(what: &Disquiet, writes: bool) -> bool {
    writes || matches!(what, Disquiet::NotIndexed | Disquiet::NewerElsewhere { .. })
}
