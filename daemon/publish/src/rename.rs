//! The ways to give a file another name without ever taking one from another file.

use crate::end::End;
use crate::identity::Identity;
use crate::plan::Op;
use crate::publish::Run;
use crate::share::{Place, kind_of};
use rustix::fs::{AtFlags, FileType, RenameFlags};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

impl Run<'_> {
    /// Gives the file another, free name; where the system has no such call, by way of the slot.
    pub fn rename(&mut self, i: usize, from: &Place, to: &Place, slot: &Place) -> Result<Result<(), Errno>, End> {
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

    fn has_noreplace(&self, dir: &OwnedFd) -> bool {
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
    pub fn show(&mut self, slot: &Place, public: &Place, place: usize) -> Result<Result<(), Errno>, End> {
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

pub(crate) fn exchange(one: &Place, two: &Place) -> Result<(), Errno> {
    rustix::fs::renameat_with(&one.dir, &one.name, &two.dir, &two.name, RenameFlags::EXCHANGE)
}

fn rename_noreplace(from: &Place, to: &Place) -> Result<(), Errno> {
    rustix::fs::renameat_with(&from.dir, &from.name, &to.dir, &to.name, RenameFlags::NOREPLACE)
}

fn unlink(place: &Place) -> Result<(), Errno> {
    rustix::fs::unlinkat(&place.dir, &place.name, AtFlags::empty())
}
