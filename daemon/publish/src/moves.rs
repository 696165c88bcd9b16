//! The visible operations, one by one, each a comparison and a move in one, and how each is taken back.
//!
//! The rule of all of them: first move, then look at what was moved, and move it back if it is not what was read.
//! Whatever comes out at a slot has a name there, so nothing is ever without one.

use crate::end::{End, stuck};
use crate::held::hold;
use crate::identity::{Identity, text_of};
use crate::name::Digest;
use crate::plan::Op;
use crate::publish::Run;
use crate::share::Place;
use crate::snapshot::hash_all;
use crate::stage::{mark_time, stamp};
use rustix::io::Errno;

/// How taking an operation back went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undone {
    /// As it was before.
    Restored,
    /// Somebody had gone on from what we put there, or had taken it away. That stands.
    TheirsStands,
}

impl Run<'_> {
    pub fn carry_out_one(&mut self, i: usize) -> Result<(), End> {
        match self.work[i].planned.op {
            Op::Swap { new, base } => self.swap(i, new, base),
            Op::Place { new, .. } => self.put(i, new),
            Op::Shift { to, base } => self.shift(i, to, base),
            Op::Away { base } => self.take_away(i, base),
        }
    }

    /// Takes an operation back that was carried out and was right at the time.
    pub fn undo_one(&mut self, i: usize) -> Result<Undone, End> {
        if self.work[i].slot.is_none() {
            // Its directory is gone, with all that lay in it.
            return Ok(Undone::TheirsStands);
        }
        match self.work[i].planned.op {
            Op::Swap { new, .. } => {
                let ours = self.ours(i, new)?;
                let (target, slot) = self.places(i)?;
                // Without what was displaced there is nothing to put back; without ours in place no reason to.
                let both = slot.stat().is_ok() && Identity::of(&target) == Some(ours);
                if both { self.put_back(i, ours) } else { Ok(Undone::TheirsStands) }
            }
            Op::Place { new, .. } => self.take_back(i, new),
            Op::Shift { to, base } => self.shift_back(i, to, base),
            Op::Away { .. } => self.show_again(i),
        }
    }

    fn put(&mut self, i: usize, new: Digest) -> Result<(), End> {
        let (path, place) = (self.work[i].planned.path.to_owned(), self.work[i].planned.place);
        self.mark(i)?;
        let (target, slot) = self.places(i)?;
        self.point("take the free name", place)?;
        match self.show(&slot, &target, place)? {
            Ok(()) => {}
            Err(Errno::EXIST) => return Err(End::overtaken(&path, "a file is there already")),
            Err(errno) => return Err(End::errno(&path, "put the new file there", errno)),
        }
        if self.is_still_there(i) {
            return Ok(());
        }
        self.take_back(i, new).map_err(stuck)?;
        Err(End::overtaken(&path, "its directory was moved"))
    }

    /// Takes a new file of ours away again, unless somebody has changed it.
    fn take_back(&mut self, i: usize, new: Digest) -> Result<Undone, End> {
        let place = self.work[i].planned.place;
        let ours = self.ours(i, new)?;
        let (target, slot) = self.places(i)?;
        if Identity::of(&target) != Some(ours) {
            return Ok(Undone::TheirsStands);
        }
        self.point("take the new file back", place)?;
        match self.hide(&target, &slot) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(Undone::TheirsStands),
            Err(errno) => return Err(End::errno(&target.path, "take the new file back", errno)),
        }
        self.point("look at what was taken back", place)?;
        let untouched = slot
            .open()
            .is_ok_and(|(file, _)| hold(&file).is_ok_and(|hold| !hold.is_contested()) && hash_all(&file) == Ok(new));
        if untouched {
            return Ok(Undone::Restored);
        }
        self.show_again(i)?;
        Ok(Undone::TheirsStands)
    }

    fn take_away(&mut self, i: usize, base: Digest) -> Result<(), End> {
        let (path, place) = (self.work[i].planned.path.to_owned(), self.work[i].planned.place);
        let (target, slot) = self.places(i)?;
        self.last_look(i, &target)?;
        self.point("take away", place)?;
        match self.hide(&target, &slot) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Err(End::overtaken(&path, "it is not there now")),
            Err(errno) => return Err(End::errno(&path, "take it away", errno)),
        }
        self.point("look at what was taken away", place)?;
        let Some(why) = self.wrong(i, &slot, base) else { return Ok(()) };
        self.show_again(i).map_err(stuck)?;
        Err(End::overtaken(&path, why))
    }

    /// Gives what lies in the slot its name back, unless somebody has taken that name since.
    pub fn show_again(&mut self, i: usize) -> Result<Undone, End> {
        let place = self.work[i].planned.place;
        let (target, slot) = self.places(i)?;
        let file = slot.open().ok().map(|(file, _)| file);
        let before = file.as_ref().and_then(text_of);
        self.point("give the name back", place)?;
        match self.show(&slot, &target, place)? {
            Ok(()) => {
                let after = file.as_ref().and_then(text_of);
                self.remember(i, before)?;
                self.remember(i, after)?;
                Ok(Undone::Restored)
            }
            // What lies in the slot is older, and is rescued from there.
            Err(Errno::EXIST | Errno::NOENT) => Ok(Undone::TheirsStands),
            Err(errno) => Err(End::errno(&target.path, "give it its name back", errno)),
        }
    }

    fn shift(&mut self, i: usize, to: &str, base: Digest) -> Result<(), End> {
        let path = self.work[i].planned.path.to_owned();
        let new_place = self.share.place(to).map_err(|error| End::unread(to, &error))?;
        let (target, slot) = self.places(i)?;
        match self.rename(i, &target, &new_place, &slot)? {
            Ok(()) => {}
            Err(Errno::NOENT) => return Err(End::overtaken(&path, "it is not there now")),
            Err(Errno::EXIST) => return Err(End::overtaken(to, "a file is there already")),
            Err(errno) => return Err(End::errno(&path, "rename it", errno)),
        }
        self.point("look at what was renamed", self.work[i].planned.place)?;
        let right = new_place.open().is_ok_and(|(file, _)| hash_all(&file) == Ok(base));
        if right {
            self.work[i].ours = match new_place.open() {
                Ok((file, _)) => stamp(&file).ok().map(|stamp| (file, stamp)),
                Err(_) => None,
            };
            return Ok(());
        }
        self.shift_back_from(i, &new_place).map_err(stuck)?;
        Err(End::overtaken(&path, "it was changed just now"))
    }

    fn shift_back(&mut self, i: usize, to: &str, base: Digest) -> Result<Undone, End> {
        let Ok(new_place) = self.share.place(to) else { return Ok(Undone::TheirsStands) };
        if Identity::of(&new_place).and_then(|found| found.digest()) != Some(base) {
            return Ok(Undone::TheirsStands);
        }
        self.shift_back_from(i, &new_place)
    }

    pub fn shift_back_from(&mut self, i: usize, new_place: &Place) -> Result<Undone, End> {
        let (target, slot) = self.places(i)?;
        match self.rename(i, new_place, &target, &slot)? {
            Ok(()) => Ok(Undone::Restored),
            // Both files have names; the one at the old name is the younger.
            Err(Errno::EXIST | Errno::NOENT) => Ok(Undone::TheirsStands),
            Err(errno) => Err(End::errno(&target.path, "rename it back", errno)),
        }
    }

    /// Gives a person's file the time that lets every edit of theirs win, see `docs/PUBLISHING.md`.
    pub fn mark(&mut self, i: usize) -> Result<(), End> {
        let path = self.work[i].planned.path.to_owned();
        let failed = |errno| End::errno(&path, "set its time", errno);
        let placed = match self.work[i].planned.op {
            Op::Swap { new, .. } => Some((new, i)),
            // It looks like the file that the operation before took away.
            Op::Place { new, heir: true } => Some((new, i - 1)),
            Op::Place { new, heir: false } => Some((new, i)),
            Op::Shift { .. } | Op::Away { .. } => None,
        };
        if let Some((new, like)) = placed.filter(|_| self.work[i].planned.human) {
            self.point("set its time", self.work[i].planned.place)?;
            let model = self.model(like);
            let (file, _) = self.work[i].ours.as_ref().expect("it was staged");
            if let Some((_, look)) = model {
                mark_time(file, &look, &new).map_err(failed)?;
            }
        }
        let (file, before) = self.work[i].ours.as_mut().expect("it was staged");
        *before = stamp(file).map_err(failed)?;
        Ok(())
    }

    /// Our file at the target: the one that we staged, or after a crash the one with its bytes.
    pub fn ours(&self, i: usize, new: Digest) -> Result<Identity, End> {
        let failed = |errno| End::errno(self.work[i].planned.path, "look at it", errno);
        if let Some((file, _)) = &self.work[i].ours {
            return Identity::of_file(file, new).map_err(failed);
        }
        let target = self.work[i].target.as_ref().and_then(|target| target.stat().ok());
        Ok(Identity::of_stat(target.as_ref(), new))
    }

    pub fn places(&self, i: usize) -> Result<(Place, Place), End> {
        let work = &self.work[i];
        let (target, slot) = work.target.as_ref().zip(work.slot.as_ref()).ok_or_else(|| {
            // Made or found when the operation was prepared; it can only have gone with the directory.
            End::overtaken(work.planned.path, "its directory is not there now")
        })?;
        let again = |place: &Place| place.sibling(&place.name).map_err(|errno| End::errno(&place.path, "open", errno));
        Ok((again(target)?, again(slot)?))
    }
}
