//! Before anything is visible: is every target what was read, may we write there, and is everything staged?

use crate::blobs::Keep;
use crate::end::End;
use crate::held::hold;
use crate::name::{Digest, new_name_fault, part_name};
use crate::plan::Op;
use crate::publish::{Run, sync_directory};
use crate::share::{Place, kind_of, kind_word, stamp_of};
use crate::snapshot::hash_all;
use crate::stage::{Model, staged_before, stamp, write_part};
use rustix::fs::{Access, AtFlags, FileType, Mode};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

/// What an earlier operation of the same run will have left under a name.
enum Later {
    Nothing,
    /// The file that lies at this path now.
    From(String),
    /// Our own new bytes.
    Ours,
}

impl Run<'_> {
    /// Compares every target from operation `from` on with what the intent was made from.
    pub fn check_all(&mut self, from: usize) -> Result<(), End> {
        let mut later: BTreeMap<String, Later> = BTreeMap::new();
        for i in from..self.work.len() {
            let path = self.work[i].planned.path.to_owned();
            let place = self.work[i].planned.place;
            self.point("compare", place)?;
            let op = self.work[i].planned.op;
            if let Some(base) = self.work[i].planned.base() {
                let at = match later.get(&path) {
                    None => path.clone(),
                    Some(Later::From(at)) => at.clone(),
                    Some(Later::Nothing | Later::Ours) => {
                        return Err(End::refused(&path, "an intent cannot change what it makes itself"));
                    }
                };
                self.check_base(i, &at, base)?;
                if at != path {
                    self.work[i].base_at = Some(at);
                }
            }
            match op {
                Op::Place { new, .. } if !later.contains_key(&path) => self.check_free(i, &path, Some(new))?,
                Op::Shift { to, .. } if !later.contains_key(to) => self.check_free(i, to, None)?,
                _ => {}
            }
            let origin = self.work[i].base_at.clone().unwrap_or_else(|| path.clone());
            match op {
                Op::Swap { .. } | Op::Place { .. } => later.insert(path, Later::Ours),
                Op::Away { .. } => later.insert(path, Later::Nothing),
                Op::Shift { to, .. } => {
                    later.insert(path, Later::Nothing);
                    later.insert(to.to_owned(), Later::From(origin))
                }
            };
        }
        Ok(())
    }

    /// The same once more, by looks alone, after staging may have taken its time.
    pub fn look_again(&mut self, from: usize) -> Result<(), End> {
        for i in from..self.work.len() {
            let work = &self.work[i];
            let path = work.base_at.clone().unwrap_or_else(|| work.planned.path.to_owned());
            let (Some((_, look)), Some(base)) = (&work.base, work.planned.base()) else { continue };
            let now = self.share.look(&path).map_err(|error| End::unread(&path, &error))?;
            if now == Some(stamp_of(look)) || work.idle.is_some() {
                continue;
            }
            self.check_base(i, &path, base)?;
        }
        Ok(())
    }

    fn check_base(&mut self, i: usize, at: &str, base: Digest) -> Result<(), End> {
        let unread = |error| End::unread(at, &error);
        let errno = |errno| End::errno(at, "look at it", errno);
        let place = self.share.place(at).map_err(unread)?;
        let (file, look) = place.open().map_err(unread)?;
        let digest = hash_all(&file).map_err(errno)?;
        let after = rustix::fs::fstat(&file).map_err(errno)?;
        if stamp_of(&after) != stamp_of(&look) {
            return Err(End::overtaken(at, "it is being written"));
        }
        if at == self.work[i].planned.path && self.replacement(i).is_some_and(|(new, _)| new == digest) {
            let (_, last) = self.replacement(i).expect("it has one");
            self.work[i].idle = Some(stamp_of(&after));
            self.work[last].idle = Some(stamp_of(&after));
            return Ok(());
        }
        if digest != base {
            return Err(End::overtaken(at, "it is not what was read"));
        }
        if self.work[i].planned.seen.is_some_and(|seen| !seen.is_of_the_same_write(&stamp_of(&after))) {
            return Err(End::overtaken(at, "somebody wrote it since it was read"));
        }
        self.check_writable(&place)?;
        if look.st_mode & 0o222 == 0 {
            return Err(End::refused(at, "it is write-protected"));
        }
        rustix::fs::accessat(&place.dir, &place.name, Access::WRITE_OK, AtFlags::EACCESS)
            .map_err(|errno| End::errno(at, "write to it", errno))?;
        if hold(&file).map_err(errno)?.is_contested() {
            return Err(End::overtaken(at, "it is open for writing in another program"));
        }
        if self.work[i].planned.human {
            self.point("keep the old text", self.work[i].planned.place)?;
            rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0)).map_err(errno)?;
            let kept = self.blobs.put_all(&file, Keep::Durably).map_err(|error| End::blob(at, &error))?;
            if kept != base {
                return Err(End::overtaken(at, "it is being written"));
            }
        }
        self.work[i].base = Some((file, look));
        Ok(())
    }

    /// What operation `i` puts, or helps to put, in the place of what it finds, and which operation puts it there.
    fn replacement(&self, i: usize) -> Option<(Digest, usize)> {
        match (self.work[i].planned.op, self.work.get(i + 1).map(|next| next.planned.op)) {
            (Op::Swap { new, .. }, _) => Some((new, i)),
            (Op::Away { .. }, Some(Op::Place { new, heir: true })) => Some((new, i + 1)),
            _ => None,
        }
    }

    /// A name must be free, or hold `already`, which leaves nothing to do.
    fn check_free(&mut self, i: usize, path: &str, already: Option<Digest>) -> Result<(), End> {
        if let Some(why) = new_name_fault(path) {
            return Err(End::refused(path, why));
        }
        let mut above = path;
        let dir = loop {
            above = above.rsplit_once('/').map_or(".", |(above, _)| above);
            match self.share.directory(above) {
                Ok(dir) => break dir,
                Err(Errno::NOENT) if above != "." => {}
                Err(errno) => return Err(End::unread(path, &crate::share::refused(path, "open", errno))),
            }
        };
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        let place = Place { dir, name, path: path.to_owned() };
        self.check_writable(&place)?;
        let direct = path.rsplit_once('/').map_or(".", |(parent, _)| parent) == above;
        let found = match place.stat() {
            _ if !direct => return Ok(()),
            Err(Errno::NOENT) => return Ok(()),
            Err(errno) => return Err(End::errno(path, "look at it", errno)),
            Ok(found) => found,
        };
        match kind_of(&found) {
            FileType::RegularFile => {
                let (stamp, digest) = place.hash().map_err(|error| End::unread(path, &error))?;
                if Some(digest) != already {
                    return Err(End::overtaken(path, "a file is there already"));
                }
                self.work[i].idle = Some(stamp);
                Ok(())
            }
            kind => Err(End::refused(path, format!("{} is there already", kind_word(kind)))),
        }
    }

    /// Whether files may come and go in a directory.
    fn check_writable(&self, place: &Place) -> Result<(), End> {
        let path = place.path.as_str();
        let errno = |errno| End::errno(path, "write to its directory", errno);
        let look = rustix::fs::fstat(&place.dir).map_err(errno)?;
        if look.st_mode & 0o222 == 0 {
            return Err(End::refused(path, "its directory is write-protected"));
        }
        rustix::fs::accessat(&place.dir, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).map_err(errno)?;
        let abilities = self.share.abilities_in(&place.dir).map_err(errno)?;
        match abilities.warning() {
            Some(why) if !abilities.can_publish() => Err(End::refused(path, why)),
            _ => Ok(()),
        }
    }

    /// Makes an operation ready: its directories, and the new bytes in its slot.
    pub fn stage(&mut self, i: usize) -> Result<(), End> {
        let planned = self.work[i].planned.clone();
        let path = planned.path;
        match planned.op {
            Op::Place { heir: false, .. } => self.make_parents(path)?,
            Op::Shift { to, .. } => self.make_parents(to)?,
            // A directory that went away with its file is not made again.
            Op::Swap { .. } | Op::Away { .. } | Op::Place { .. } => {}
        }
        self.open_places(i);
        let (Some(new), Some(source)) = (planned.staged(), planned.source) else { return Ok(()) };
        let unread = |error| End::unread(path, &error);
        let again = self.share.place(path).map_err(unread)?;
        let slot = self.work[i].slot.as_ref().ok_or_else(|| End::overtaken(path, "its directory is not there now"))?;
        let slot = slot.sibling(&slot.name).map_err(|errno| End::errno(path, "open its directory", errno))?;
        let model = match planned.op {
            Op::Place { heir: true, .. } => self.model(i - 1),
            Op::Swap { .. } => self.model(i),
            _ => None,
        };
        self.point("stage", planned.place)?;
        let file = if let Some(file) = staged_before(&slot, new, model.as_ref())? {
            file
        } else {
            let part = again.sibling(&part_name(self.id, &planned.slot));
            let part = part.map_err(|errno| End::errno(path, "open its directory", errno))?;
            let file = write_part(&part, source, new, model.as_ref(), self.blobs)?;
            self.point("name what is staged", planned.place)?;
            // Complete and synced, so it may bear the name that stands for that; nothing lies there yet.
            self.hide(&part, &slot).map_err(|errno| End::errno(path, "name the staged file", errno))?;
            file
        };
        let stamp = stamp(&file).map_err(|errno| End::errno(path, "look at the staged file", errno))?;
        self.work[i].ours = Some((file, stamp));
        if planned.human {
            self.point("keep the new text", planned.place)?;
            let (file, _) = self.work[i].ours.as_ref().expect("it was staged");
            rustix::fs::seek(file, rustix::fs::SeekFrom::Start(0))
                .map_err(|errno| End::errno(path, "read the staged file", errno))?;
            self.blobs.put_all(file, Keep::Durably).map_err(|error| End::blob(path, &error))?;
        }
        Ok(())
    }

    /// The file that an operation replaces or takes away, wherever it lies by now.
    pub fn model(&self, i: usize) -> Option<Model> {
        if let Some((file, look)) = &self.work[i].base {
            return Some((file.try_clone().ok()?, *look));
        }
        self.work[i].slot.as_ref()?.open().ok()
    }

    fn make_parents(&mut self, path: &str) -> Result<(), End> {
        let mut dir: OwnedFd = self.share.directory(".").map_err(|errno| End::errno(path, "open the share", errno))?;
        let ends = path.match_indices('/').map(|(end, _)| end);
        for end in ends {
            let (so_far, name) = (&path[..end], path[..end].rsplit('/').next().unwrap_or_default());
            dir = match self.share.directory(so_far) {
                Err(Errno::NOENT) => {
                    if let Some(home) = self.home.filter(|home| is_at_or_below(home, so_far)) {
                        return Err(End::overtaken(home, "it is not there now"));
                    }
                    self.point("make a directory", 0)?;
                    match rustix::fs::mkdirat(&dir, name, Mode::from_raw_mode(0o777)) {
                        Ok(()) => self.made.push(so_far.to_owned()),
                        Err(Errno::EXIST) => {}
                        Err(errno) => return Err(End::errno(path, "make its directory", errno)),
                    }
                    sync_directory(&dir).map_err(|errno| End::errno(path, "sync its directory", errno))?;
                    self.share.directory(so_far)
                }
                found => found,
            }
            .map_err(|errno| End::unread(path, &crate::share::refused(path, "open", errno)))?;
        }
        Ok(())
    }
}

fn is_at_or_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
