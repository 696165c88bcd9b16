//! Replacing a file: the exchange, the look at what came out, and the way back.

use crate::blobs::Keep;
use crate::end::{End, stuck};
use crate::held::hold;
use crate::identity::{Identity, look_into, text_of};
use crate::intent::Rescued;
use crate::moves::Undone;
use crate::name::Digest;
use crate::publish::Run;
use crate::rename::exchange;
use crate::share::{Place, stamp_of};
use crate::snapshot::hash_all;
use rustix::fs::{SeekFrom, Stat};
use rustix::io::Errno;

impl Run<'_> {
    pub fn swap(&mut self, i: usize, new: Digest, base: Digest) -> Result<(), End> {
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
        let undone = self.put_back(i, ours).map_err(stuck)?;
        if undone == Undone::TheirsStands && Identity::of(&target) == Some(ours) {
            // What came out was cleared away before it could go back.
            self.rescue_unnamed(i)?;
            self.report.kept.push(path.clone());
        }
        Err(End::overtaken(&path, why))
    }

    /// By looks alone: the last moment at which another's edit can be seen without ours having been.
    pub fn last_look(&self, i: usize, target: &Place) -> Result<(), End> {
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
    pub fn wrong(&self, i: usize, slot: &Place, base: Digest) -> Option<&'static str> {
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
    pub fn remember(&mut self, i: usize, text: Option<Vec<u8>>) -> Result<(), End> {
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

    /// Saves the bytes of the file that we compared, if it has no name any more.
    fn rescue_unnamed(&mut self, i: usize) -> Result<(), End> {
        let path = self.work[i].planned.path.to_owned();
        let Some((file, _)) = &self.work[i].base else { return Ok(()) };
        let failed = |errno| End::errno(&path, "read what it was", errno);
        if rustix::fs::fstat(file).map_err(failed)?.st_nlink == 0 {
            rustix::fs::seek(file, SeekFrom::Start(0)).map_err(failed)?;
            let digest = self.blobs.put_all(file, Keep::Durably).map_err(|error| End::blob(&path, &error))?;
            self.report.rescued.push(Rescued { path, digest });
        }
        Ok(())
    }

    /// Whether the path still leads into the directory that we hold open.
    pub fn is_still_there(&self, i: usize) -> bool {
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
}

/// Every exchange that finds a younger text costs its writer a save; this many within a millisecond are no person's.
const EXCHANGES_MAX: u32 = 16;
