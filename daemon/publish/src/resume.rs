//! After a crash: how far had it come, and what came out that nobody has looked at?

use crate::end::{End, stuck};
use crate::error::ReadError;
use crate::intent::Try;
use crate::name::slot_name;
use crate::plan::{Op, Seen, progress};
use crate::publish::{Run, Working};
use crate::share::{Place, kind_of};
use crate::snapshot::hash_all;
use rustix::fs::FileType;
use rustix::io::Errno;
use std::collections::BTreeMap;

impl Run<'_> {
    /// Finds out how far an earlier try came.
    pub fn begin(&mut self, attempt: Try, done: &mut usize) -> Result<(), End> {
        for i in 0..self.work.len() {
            self.open_places(i);
        }
        if attempt == Try::First {
            let taken = self.work.iter().find(|work| work.slot.as_ref().is_some_and(|slot| slot.stat().is_ok()));
            let Some(work) = taken else { return Ok(()) };
            let path = work.planned.path.to_owned();
            // Not ours to touch, so nothing is cleared away either.
            self.work.clear();
            let why = format!("a temporary file of intent {} is there already: it was tried before", self.id);
            return Err(End::Refused { path, why });
        }
        let moved = self.find_moved();
        let mut paths = BTreeMap::new();
        let mut slots = Vec::new();
        for i in 0..self.work.len() {
            self.finish_link(i).map_err(stuck)?;
            let path = self.work[i].planned.path;
            slots.push(see(path, self.work[i].slot.as_ref())?);
            paths.insert(path, see(path, self.work[i].target.as_ref())?);
            if let Op::Shift { to, .. } = self.work[i].planned.op {
                paths.insert(to, see(to, self.share.place(to).ok().as_ref())?);
            }
        }
        let planned: Vec<_> = self.work.iter().map(|work| work.planned.clone()).collect();
        let progress = progress(&planned, &paths, &slots);
        *done = progress.done;
        if progress.undoing {
            let path = self.work.first().map_or("", |work| work.planned.path);
            return Err(End::overtaken(path, "it was being taken back when that was cut short"));
        }
        self.judge(done, &paths, &slots)?;
        // What is all in place and perhaps let go of stays; anything less is undone where it lies now.
        match moved.filter(|_| *done < self.work.len()) {
            Some(path) => Err(End::overtaken(&path, "its directory was moved")),
            None => Ok(()),
        }
    }

    /// A directory may have been moved with what an earlier try left in it: what came out goes back there. The path of
    /// a file that lay in one.
    fn find_moved(&mut self) -> Option<String> {
        let is_there = |place: &Option<Place>| place.as_ref().is_some_and(|place| place.stat().is_ok());
        let missing = self.work.iter().filter(|work| !is_there(&work.slot) && !is_there(&work.target));
        let missing: Vec<(String, String)> =
            missing.map(|work| (parent_and_name(work.planned.path).0.to_owned(), self.slot_of(work))).collect();
        let mut moved = BTreeMap::new();
        if !missing.is_empty() {
            self.share.walk(|_, dir, names| {
                for (parent, _) in missing.iter().filter(|(_, slot)| names.contains(slot)) {
                    moved.extend(rustix::io::fcntl_dupfd_cloexec(dir, 0).map(|dir| (parent.clone(), dir)));
                }
            });
        }
        let mut first = None;
        for i in 0..self.work.len() {
            let path = self.work[i].planned.path.to_owned();
            let (parent, name) = parent_and_name(&path);
            let Some(dir) = moved.get(parent).and_then(|dir| rustix::io::fcntl_dupfd_cloexec(dir, 0).ok()) else {
                continue;
            };
            let target = Place { dir, name: name.to_owned(), path: path.clone() };
            self.work[i].slot = target.sibling(&self.slot_of(&self.work[i])).ok();
            self.work[i].target = Some(target);
            first.get_or_insert(path);
        }
        first
    }

    fn slot_of(&self, work: &Working<'_>) -> String {
        slot_name(self.id, &work.planned.slot, parent_and_name(work.planned.path).1)
    }

    /// The operation at which a try was cut short may have brought something out that nobody had looked at yet.
    fn judge(&mut self, done: &mut usize, paths: &BTreeMap<&str, Seen>, slots: &[Seen]) -> Result<(), End> {
        let holds_other = |i: usize, digest| slots[i] != Seen::Absent && slots[i] != Seen::File(digest);
        if let Some(last) = done.checked_sub(1) {
            let path = self.work[last].planned.path.to_owned();
            match self.work[last].planned.op {
                Op::Swap { new, base } if holds_other(last, base) => {
                    *done = last;
                    // Otherwise what lies at the target is younger than what came out, and that is rescued in the end.
                    if paths[path.as_str()] == Seen::File(new) {
                        let ours = self.ours(last, new).map_err(stuck)?;
                        self.put_back(last, ours).map_err(stuck)?;
                    }
                    return Err(End::overtaken(&path, "it was changed while it was replaced"));
                }
                // A file with other bytes may have been edited under its new name. Anything else was moved by mistake.
                Op::Shift { to, .. } if paths[to] == Seen::Other => {
                    *done = last;
                    let to = self.share.place(to).map_err(|error| stuck(End::unread(to, &error)))?;
                    self.shift_back_from(last, &to).map_err(stuck)?;
                    return Err(End::overtaken(&path, "it was changed while it was renamed"));
                }
                Op::Away { base } if holds_other(last, base) => {
                    *done = last;
                    self.show_again(last).map_err(stuck)?;
                    return Err(End::overtaken(&path, "it was changed while it was removed"));
                }
                _ => {}
            }
        }
        let next = *done;
        if let Some(Op::Place { new, .. }) = self.work.get(next).map(|work| work.planned.op)
            && holds_other(next, new)
        {
            let path = self.work[next].planned.path.to_owned();
            self.show_again(next).map_err(stuck)?;
            return Err(End::overtaken(&path, "it was changed while it was taken back"));
        }
        Ok(())
    }
}

fn parent_and_name(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or((".", path))
}

fn see(path: &str, place: Option<&Place>) -> Result<Seen, End> {
    let failed = |errno| stuck(End::errno(path, "look at it", errno));
    let Some(place) = place else { return Ok(Seen::Absent) };
    match place.stat() {
        Err(Errno::NOENT) => return Ok(Seen::Absent),
        Err(errno) => return Err(failed(errno)),
        Ok(stat) if kind_of(&stat) != FileType::RegularFile => return Ok(Seen::Other),
        Ok(_) => {}
    }
    match place.open() {
        Ok((file, _)) => hash_all(&file).map(Seen::File).map_err(failed),
        Err(ReadError::Gone { .. }) => Ok(Seen::Absent),
        Err(ReadError::NotAFile { .. }) => Ok(Seen::Other),
        // Not ours to read: somebody else's, then. Anything else the world may get over.
        Err(error) => match End::unread(path, &error) {
            End::Refused { .. } => Ok(Seen::Other),
            end => Err(stuck(end)),
        },
    }
}
