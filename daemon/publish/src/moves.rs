//! The visible operations, one by one, each a comparison and a move in one, and how each is taken back.
//!
//! The rule of all of them: first move, then look at what was moved, and move it back if it is not what was read.
//! Whatever comes out at a slot has a name there, so nothing is ever without one.

use crate::blobs::Keep;
use crate::end::{End, stuck};
use crate::held::hold;
use crate::intent::Rescued;
use crate::name::Digest;
use crate::plan::Op;
use crate::publish::Run;
use crate::share::{Place, kind_of, stamp_of};
use crate::snapshot::hash_all;
use crate::stage::{mark_time, stamp};
use rustix::fs::{AtFlags, FileType, RenameFlags, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Which file, with which bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    /// `None` for what is no file or cannot be read.
    digest: Option<Digest>,
}

impl Identity {
    /// Of what bears this name now.
    pub fn of(place: &Place) -> Option<Self> {
        look_into(place).map(|(identity, _)| identity)
    }

    fn of_file(file: &File, digest: Digest) -> Result<Self, Errno> {
        rustix::fs::fstat(file).map(|stat| Self { device: stat.st_dev, inode: stat.st_ino, digest: Some(digest) })
    }

    /// Whether the name bears this file; says nothing of its bytes.
    fn is_named(&self, place: &Place) -> bool {
        place.stat().is_ok_and(|stat| (stat.st_dev, stat.st_ino) == (self.device, self.inode))
    }
}

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

    fn swap(&mut self, i: usize, new: Digest, base: Digest) -> Result<(), End> {
        let (path, place) = (self.work[i].planned.path.to_owned(), self.work[i].planned.place);
        self.mark(i)?;
        let (target, slot) = self.places(i)?;
        self.last_look(i, &target)?;
        self.point("exchange", place)?;
        match exchange(&slot, &target) {
            Ok(()) => {}
            Err(Errno::NOENT) if slot.stat().is_ok() => return Err(End::overtaken(&path, "it is not there now")),
            Err(errno) => return Err(End::errno(&path, "exchange it with its new text", errno)),
        }
        self.point("look at what came out", place)?;
        let Some(why) = self.wrong(i, &slot, base) else { return Ok(()) };
        let ours = self.ours(i, new).map_err(stuck)?;
        self.put_back(i, ours).map_err(stuck)?;
        Err(End::overtaken(&path, why))
    }

    /// By looks alone: the last moment at which another's edit can be seen without ours having been.
    fn last_look(&self, i: usize, target: &Place) -> Result<(), End> {
        let path = self.work[i].planned.path;
        let Some((_, then)) = &self.work[i].base else { return Ok(()) };
        let looks = |stat| (stamp_of(stat).inode, stamp_of(stat).size, stamp_of(stat).mtime_ns);
        let same = match target.stat() {
            Ok(now) => looks(&now) == looks(then),
            Err(Errno::NOENT) => return Err(End::overtaken(path, "it is not there now")),
            Err(_) => true,
        };
        if same { Ok(()) } else { Err(End::overtaken(path, "it was changed just now")) }
    }

    /// What is wrong with what came out at the slot, if anything.
    fn wrong(&self, i: usize, slot: &Place, base: Digest) -> Option<&'static str> {
        const CHANGED: Option<&str> = Some("it was changed just now");
        const OPEN: Option<&str> = Some("it is open for writing in another program");
        let file = match slot.open() {
            Ok((file, _)) => file,
            // Syncthing clears old temporary names away; a person's old text may look like one for a moment. If what
            // we compared is the file that has no name any more, it was that, and it is kept as a blob.
            Err(_) if matches!(slot.stat(), Err(Errno::NOENT)) && self.was_base(i, base) => return None,
            Err(_) => return CHANGED,
        };
        let Ok(hold) = hold(&file) else { return CHANGED };
        if hold.is_contested() {
            return OPEN;
        }
        if hash_all(&file) != Ok(base) {
            return CHANGED;
        }
        if hold.is_contested() {
            return OPEN;
        }
        drop(hold);
        // Bytes are not all: a mode, an owner or a time that somebody has just set is theirs too.
        let kept = |stat: &Stat| (stat.st_mode, stat.st_uid, stat.st_gid, stamp_of(stat).mtime_ns);
        let look = self.work[i].base.as_ref().map(|(_, look)| kept(look));
        if look.is_some() && rustix::fs::fstat(&file).ok().map(|now| kept(&now)) != look {
            return CHANGED;
        }
        if self.is_still_there(i) { None } else { Some("its directory was moved") }
    }

    /// Keeps somebody's text that was put back, see [`crate::Report::seen`].
    fn remember(&mut self, i: usize, text: Option<Vec<u8>>) -> Result<(), End> {
        let planned = &self.work[i].planned;
        let Some(text) = text else { return Ok(()) };
        let digest = Digest::of(&text);
        let known = self.report.seen.iter().any(|seen| seen.digest == digest);
        if known || [planned.base(), planned.staged()].contains(&Some(digest)) {
            return Ok(());
        }
        let path = planned.path.to_owned();
        self.point("keep what was put back", self.work[i].planned.place)?;
        // It has its name, so this is a second line of defence, and not worth failing for.
        if let Ok(digest) = self.blobs.put(&text, Keep::Durably) {
            self.report.seen.push(Rescued { path, digest });
        }
        Ok(())
    }

    fn was_base(&self, i: usize, base: Digest) -> bool {
        let model = self.work[i].base.as_ref();
        model.is_some_and(|(file, _)| {
            rustix::fs::fstat(file).is_ok_and(|stat| stat.st_nlink == 0) && hash_all(file) == Ok(base)
        })
    }

    /// Whether the path still leads into the directory that we hold open.
    fn is_still_there(&self, i: usize) -> bool {
        let Some(held) = &self.work[i].target else { return false };
        let now = self.share.place(self.work[i].planned.path);
        now.is_ok_and(|now| match (rustix::fs::fstat(&now.dir), rustix::fs::fstat(&held.dir)) {
            (Ok(now), Ok(held)) => (now.st_dev, now.st_ino) == (held.st_dev, held.st_ino),
            _ => false,
        })
    }

    /// Puts what lies in the slot back to the target, where `ours` lies or did a moment ago.
    ///
    /// Each exchange may bring something out that somebody wrote since the last one. It is younger than what went in,
    /// so it goes back to the target, and what it displaces stays in the slot, to be rescued. This ends as soon as
    /// what comes out is what was put there last.
    pub fn put_back(&mut self, i: usize, ours: Identity) -> Result<Undone, End> {
        let mut texts = Vec::new();
        let undone = self.exchange_back(i, ours, &mut texts)?;
        for text in texts {
            self.remember(i, text)?;
        }
        Ok(undone)
    }

    fn exchange_back(&mut self, i: usize, ours: Identity, texts: &mut Vec<Option<Vec<u8>>>) -> Result<Undone, End> {
        let place = self.work[i].planned.place;
        let (target, slot) = self.places(i)?;
        let mut put_last = ours;
        for _ in 0..EXCHANGES_MAX {
            // What lies in the slot is rescued from there, and the target was removed: that stands.
            let Some((put_next, text)) = look_into(&slot) else { return Ok(Undone::TheirsStands) };
            let file = slot.open().ok().map(|(file, _)| file);
            self.point("exchange back", place)?;
            match exchange(&slot, &target) {
                Ok(()) => {}
                Err(Errno::NOENT) => return Ok(Undone::TheirsStands),
                Err(errno) => return Err(End::errno(&target.path, "put its old text back", errno)),
            }
            // Who held it open may have saved just before it went back.
            texts.extend([text, file.as_ref().and_then(text_of)]);
            self.point("look at what came back", place)?;
            if Identity::of(&slot) == Some(put_last) {
                return Ok(if put_last == ours { Undone::Restored } else { Undone::TheirsStands });
            }
            put_last = put_next;
        }
        Ok(Undone::TheirsStands)
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
        if Identity::of(&new_place).and_then(|found| found.digest) != Some(base) {
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

    /// Gives the file another, free name; where the system has no such call, by way of the slot.
    fn rename(&mut self, i: usize, from: &Place, to: &Place, slot: &Place) -> Result<Result<(), Errno>, End> {
        let place = self.work[i].planned.place;
        self.point("rename", place)?;
        if self.has_noreplace(&from.dir) {
            return Ok(rename_noreplace(from, to));
        }
        if to.stat().is_ok() {
            return Ok(Err(Errno::EXIST));
        }
        if let Err(errno) = self.hide(from, slot) {
            return Ok(Err(errno));
        }
        let shown = self.show(slot, to, place)?;
        if shown.is_err() {
            // Taken since. If the old name is taken as well the file is rescued from the slot.
            let _ = self.show(slot, from, place)?;
        }
        Ok(shown)
    }

    /// After a crash between the two steps of a name that was taken by linking.
    pub fn finish_link(&mut self, i: usize) -> Result<(), End> {
        let work = &self.work[i];
        let (Some(target), Some(slot)) = (&work.target, &work.slot) else { return Ok(()) };
        let Some(held) = Identity::of(slot) else { return Ok(()) };
        let mut names = vec![target.sibling(&target.name).map_err(|errno| End::errno(&target.path, "open", errno))?];
        if let Op::Shift { to, .. } = work.planned.op {
            names.extend(self.share.place(to));
        }
        if names.iter().any(|name| held.is_named(name)) {
            self.point("drop the second name", self.work[i].planned.place)?;
            let slot = self.work[i].slot.as_ref().expect("it was there");
            return unlink(slot).map_err(|errno| End::errno(&slot.path, "drop its second name", errno));
        }
        if matches!(self.work[i].planned.op, Op::Shift { .. }) {
            self.show_again(i)?;
        }
        Ok(())
    }

    /// Gives a person's file the time that lets every edit of theirs win, see `docs/PUBLISHING.md`.
    fn mark(&mut self, i: usize) -> Result<(), End> {
        let path = self.work[i].planned.path.to_owned();
        let failed = |errno| End::errno(&path, "set its time", errno);
        let heir = matches!(self.work[i].planned.op, Op::Place { heir: true, .. });
        if self.work[i].planned.human {
            self.point("set its time", self.work[i].planned.place)?;
            let model = if heir { self.model(i - 1) } else { self.model(i) };
            let (file, _) = self.work[i].ours.as_ref().expect("it was staged");
            if let Some((_, look)) = model {
                mark_time(file, &look).map_err(failed)?;
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
        let (device, inode) = target.map_or((0, 0), |stat| (stat.st_dev, stat.st_ino));
        Ok(Identity { device, inode, digest: Some(new) })
    }

    fn places(&self, i: usize) -> Result<(Place, Place), End> {
        let work = &self.work[i];
        let (target, slot) = work.target.as_ref().zip(work.slot.as_ref()).ok_or_else(|| {
            // Made or found when the operation was prepared; it can only have gone with the directory.
            End::overtaken(work.planned.path, "its directory is not there now")
        })?;
        let again = |place: &Place| place.sibling(&place.name).map_err(|errno| End::errno(&place.path, "open", errno));
        Ok((again(target)?, again(slot)?))
    }

    fn has_noreplace(&self, dir: &std::os::fd::OwnedFd) -> bool {
        self.share.abilities_in(dir).map_or(true, |abilities| abilities.noreplace)
    }

    /// Moves a file from its public name into the slot, which is ours and free.
    pub fn hide(&self, public: &Place, slot: &Place) -> Result<(), Errno> {
        if self.has_noreplace(&public.dir) {
            rename_noreplace(public, slot)
        } else if slot.stat().is_ok() {
            Err(Errno::EXIST)
        } else {
            rustix::fs::renameat(&public.dir, &public.name, &slot.dir, &slot.name)
        }
    }

    /// Moves a file from the slot to a public name if that is free.
    fn show(&mut self, slot: &Place, public: &Place, place: usize) -> Result<Result<(), Errno>, End> {
        if self.has_noreplace(&slot.dir) {
            return Ok(rename_noreplace(slot, public));
        }
        if slot.stat().is_ok_and(|stat| kind_of(&stat) == FileType::Directory) {
            // A directory cannot be linked; and it can replace nothing but an empty directory.
            return Ok(rustix::fs::renameat(&slot.dir, &slot.name, &public.dir, &public.name)
                .map_err(|errno| if matches!(errno, Errno::NOTEMPTY | Errno::NOTDIR) { Errno::EXIST } else { errno }));
        }
        if let Err(errno) = rustix::fs::linkat(&slot.dir, &slot.name, &public.dir, &public.name, AtFlags::empty()) {
            return Ok(Err(errno));
        }
        self.point("drop the second name", place)?;
        Ok(unlink(slot))
    }
}

/// Which file bears a name, and its bytes if it is not longer than a text.
fn look_into(place: &Place) -> Option<(Identity, Option<Vec<u8>>)> {
    let stat = place.stat().ok()?;
    let named = |digest| Identity { device: stat.st_dev, inode: stat.st_ino, digest };
    let Ok((file, _)) = place.open() else { return Some((named(None), None)) };
    let text = text_of(&file);
    let digest = text.as_deref().map(Digest::of).or_else(|| hash_all(&file).ok());
    Some((named(digest), text))
}

/// All of a file, if it is not longer than a text.
fn text_of(mut file: &File) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(TEXT_BYTES_MAX + 1).read_to_end(&mut text).ok()?;
    (text.len() as u64 <= TEXT_BYTES_MAX).then_some(text)
}

fn exchange(one: &Place, two: &Place) -> Result<(), Errno> {
    rustix::fs::renameat_with(&one.dir, &one.name, &two.dir, &two.name, RenameFlags::EXCHANGE)
}

fn rename_noreplace(from: &Place, to: &Place) -> Result<(), Errno> {
    rustix::fs::renameat_with(&from.dir, &from.name, &to.dir, &to.name, RenameFlags::NOREPLACE)
}

fn unlink(place: &Place) -> Result<(), Errno> {
    rustix::fs::unlinkat(&place.dir, &place.name, AtFlags::empty())
}

/// Every exchange that finds a younger text costs its writer a save; this many within a millisecond are no person's.
const EXCHANGES_MAX: u32 = 16;

/// Longer files are not kept a second time when they are put back.
const TEXT_BYTES_MAX: u64 = 16 << 20;
