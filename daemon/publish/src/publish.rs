//! Carrying out an intent: prepare everything out of sight, then move by move, then forget; or back again.

use crate::blobs::Blobs;
use crate::end::End;
use crate::intent::{Intent, Outcome, Report, Try};
use crate::linger::{Linger, Settled};
use crate::moves::Undone;
use crate::name::{Digest, IntentId, Stamp, part_name, slot_name};
use crate::plan::{Op, Planned, plan};
use crate::share::{Place, Share};
use crate::stage::{Model, stamp};
use crate::steps::{Halted, Point, Steps, Straight};
use rustix::fs::{AtFlags, FlockOperation};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::OwnedFd;

impl Share {
    /// Carries out `intent`. The caller has kept it durably before, and keeps calling with [`Try::Again`] after every
    /// crash until it has kept the outcome as durably; calling once more does no harm.
    pub fn publish(&self, blobs: &Blobs, intent: &Intent, attempt: Try) -> Report {
        self.publish_stepwise(blobs, intent, attempt, &mut Straight).expect("nothing halts a straight run")
    }

    /// The same, with `steps` told of each [`Point`] as it is reached.
    pub fn publish_stepwise(
        &self,
        blobs: &Blobs,
        intent: &Intent,
        attempt: Try,
        steps: &mut dyn Steps,
    ) -> Result<Report, Halted> {
        let mut report = Report {
            outcome: Outcome::Done { stamps: vec![None; intent.moves.len()] },
            rescued: Vec::new(),
            seen: Vec::new(),
            kept: Vec::new(),
            made: Vec::new(),
            lingering: Vec::new(),
        };
        // A directory that is gone was most likely moved within its file system.
        let directory = |path: &str| self.place(path).map(|place| place.dir).or_else(|_| self.directory("."));
        let exchanges = |path: &str| directory(path).map_or(true, |dir| self.can_exchange(&dir));
        let planned = match plan(intent, exchanges) {
            Ok(planned) => planned,
            Err((path, why)) => {
                report.outcome = Outcome::Refused { path, why };
                return Ok(report);
            }
        };
        // Shared by all who publish here, on this machine: only a sweep of temporary files waits for them.
        let lock = self.directory(".");
        if let Ok(root) = &lock {
            let _ = rustix::fs::flock(root, FlockOperation::LockShared);
        }
        let work = planned.into_iter().map(Working::new).collect();
        let (id, home) = (&intent.id, intent.home.as_deref());
        let report = Run { share: self, blobs, id, home, steps, work, made: Vec::new(), report }.carry_out(attempt);
        drop(lock);
        report
    }

    fn can_exchange(&self, dir: &OwnedFd) -> bool {
        // Where nothing can be tried nothing can be published either, and the check says so.
        self.abilities_in(dir).map_or(true, |abilities| abilities.exchange)
    }
}

/// One operation and the files that are open for it.
pub(crate) struct Working<'a> {
    pub planned: Planned<'a>,
    /// Both need the target's directory, which may have to be made first.
    pub target: Option<Place>,
    pub slot: Option<Place>,
    /// What lay at the target when it was compared, or will by then lie there.
    pub base: Option<Model>,
    /// Our staged file, and how it looked when it was about to be shown.
    pub ours: Option<(File, Stamp)>,
    /// Where that lies until earlier operations have moved it, if not at the target.
    pub base_at: Option<String>,
    /// What the target held already, so that nothing is to be done.
    pub idle: Option<Stamp>,
}

impl<'a> Working<'a> {
    fn new(planned: Planned<'a>) -> Self {
        Self { planned, target: None, slot: None, base: None, base_at: None, ours: None, idle: None }
    }
}

pub(crate) struct Run<'a> {
    pub share: &'a Share,
    pub blobs: &'a Blobs,
    pub id: &'a IntentId,
    pub home: Option<&'a str>,
    pub steps: &'a mut dyn Steps,
    pub work: Vec<Working<'a>>,
    /// Directories made by this run.
    pub made: Vec<String>,
    pub report: Report,
}

impl Run<'_> {
    fn carry_out(mut self, attempt: Try) -> Result<Report, Halted> {
        let mut done = 0;
        let end = match self.begin(attempt, &mut done).and_then(|()| self.go_on(&mut done)) {
            Ok(()) => self.commit(),
            Err(end) => Err(end),
        };
        let end = match end {
            Ok(()) => return Ok(self.report),
            Err(end) => end,
        };
        let undone = match end {
            End::Halted => return Err(Halted),
            // Whatever is undone now would make it harder to finish.
            End::Stuck { path, why } => {
                self.report.outcome = Outcome::Failed { path, why, unfinished: true };
                return Ok(self.report);
            }
            _ => self.undo(done),
        };
        self.report.outcome = match (undone, end) {
            (Err(End::Halted), _) | (_, End::Halted | End::Stuck { .. }) => return Err(Halted),
            (Ok(()), End::Overtaken { path, why }) => Outcome::Overtaken { path, why },
            (Ok(()), End::Refused { path, why }) => Outcome::Refused { path, why },
            (Ok(()), End::Failed { path, why }) => Outcome::Failed { path, why, unfinished: false },
            (
                Err(
                    End::Overtaken { path, why }
                    | End::Refused { path, why }
                    | End::Failed { path, why }
                    | End::Stuck { path, why },
                ),
                _,
            ) => Outcome::Failed { path, why, unfinished: true },
        };
        Ok(self.report)
    }

    /// Carries out what is left: everything out of sight first.
    fn go_on(&mut self, done: &mut usize) -> Result<(), End> {
        self.check_all(*done)?;
        for i in *done..self.work.len() {
            if self.work[i].idle.is_none() {
                self.stage(i)?;
            }
        }
        self.sync_directories(*done, "sync staged")?;
        self.look_again(*done)?;
        for i in *done..self.work.len() {
            if self.work[i].idle.is_none() {
                self.carry_out_one(i)?;
            }
            *done = i + 1;
        }
        Ok(())
    }

    /// Everything is in place: make that durable, then let go of what was displaced.
    fn commit(&mut self) -> Result<(), End> {
        let mut dressed = Vec::new();
        for work in &self.work {
            if let (Some((file, _)), true) = (&work.ours, work.planned.human) {
                dressed.push((work.planned.path.to_owned(), file.try_clone()));
            }
        }
        for (path, file) in dressed {
            // Its time was set after it was synced.
            self.point("sync file", 0)?;
            let file = file.map_err(|error| End::failed(&path, error.to_string()))?;
            rustix::fs::fsync(&file).map_err(|errno| End::errno(&path, "sync it", errno))?;
        }
        self.sync_directories(0, "sync")?;
        let mut stamps = vec![None; self.report_places()];
        for i in 0..self.work.len() {
            stamps[self.work[i].planned.place] = self.final_stamp(i);
        }
        for i in 0..self.work.len() {
            let known = self.safe_base(i).into_iter().collect();
            self.forget(i, known)?;
        }
        self.report.made.append(&mut self.made);
        self.report.outcome = Outcome::Done { stamps };
        Ok(())
    }

    /// Takes back the first `done` operations, last first, then clears away what was staged.
    fn undo(&mut self, done: usize) -> Result<(), End> {
        for i in (0..done).rev() {
            if self.work[i].idle.is_some() {
                continue;
            }
            if self.undo_one(i)? == Undone::TheirsStands {
                self.report.kept.push(self.work[i].planned.path.to_owned());
            }
        }
        self.sync_directories(0, "sync undone")?;
        for i in 0..self.work.len() {
            let base = self.safe_base(i).filter(|_| self.work[i].planned.human);
            let known = self.work[i].planned.staged().into_iter().chain(base).collect();
            self.forget(i, known)?;
            self.forget_part(i);
        }
        while let Some(path) = self.made.pop() {
            self.point("remove directory", 0)?;
            let (parent, name) = path.rsplit_once('/').unwrap_or((".", &path));
            let removed =
                self.share.directory(parent).and_then(|dir| rustix::fs::unlinkat(dir, name, AtFlags::REMOVEDIR));
            if removed.is_err() {
                self.report.made.push(path);
            }
        }
        Ok(())
    }

    pub fn point(&mut self, name: &'static str, place: usize) -> Result<(), Halted> {
        self.steps.before(Point { name, place })
    }

    /// Opens the directory of an operation's target, if it is there.
    pub fn open_places(&mut self, i: usize) {
        let work = &mut self.work[i];
        work.target = self.share.place(work.planned.path).ok();
        work.slot = work.target.as_ref().and_then(|target| {
            let name = slot_name(self.id, &work.planned.slot, &target.name);
            target.sibling(&name).ok()
        });
    }

    fn sync_directories(&mut self, from: usize, name: &'static str) -> Result<(), End> {
        let mut synced = Vec::new();
        for i in from..self.work.len() {
            let work = &self.work[i];
            let mut dirs = Vec::new();
            if let Some(target) = &work.target {
                dirs.extend(target.sibling(".").map(|place| place.dir));
            }
            if let Op::Shift { to, .. } = work.planned.op {
                dirs.extend(self.share.place(to).map(|place| place.dir));
            }
            let (path, place) = (work.planned.path, work.planned.place);
            for dir in dirs {
                let failed = |errno| End::errno(path, "sync its directory", errno);
                let stat = rustix::fs::fstat(&dir).map_err(failed)?;
                if !synced.contains(&(stat.st_dev, stat.st_ino)) {
                    self.point(name, place)?;
                    sync_directory(&dir).map_err(failed)?;
                    synced.push((stat.st_dev, stat.st_ino));
                }
            }
        }
        Ok(())
    }

    fn report_places(&self) -> usize {
        match &self.report.outcome {
            Outcome::Done { stamps } => stamps.len(),
            _ => 0,
        }
    }

    /// How the file that an operation left looks, if it is still that file.
    fn final_stamp(&self, i: usize) -> Option<Stamp> {
        let work = &self.work[i];
        if let Some(stamp) = work.idle {
            return Some(stamp);
        }
        let (place, wanted) = match work.planned.op {
            Op::Away { .. } => return None,
            Op::Swap { new, .. } | Op::Place { new, .. } => (self.share.place(work.planned.path).ok()?, new),
            Op::Shift { to, base } => (self.share.place(to).ok()?, base),
        };
        match &work.ours {
            Some((file, before)) => {
                let now = stamp(file).ok()?;
                let named = place.stat().ok()?.st_ino == now.inode;
                let untouched = (now.size, now.mtime_ns, now.inode) == (before.size, before.mtime_ns, before.inode);
                (named && untouched).then_some(now)
            }
            None => place.hash().ok().filter(|(_, digest)| *digest == wanted).map(|(stamp, _)| stamp),
        }
    }

    /// What an operation displaced, if nothing is lost with it: what we generated, or a person's text that is a blob.
    fn safe_base(&self, i: usize) -> Option<Digest> {
        let planned = &self.work[i].planned;
        planned.base().filter(|base| !planned.human || self.blobs.is_whole(base))
    }

    /// Lets go of what an operation's slot holds, after its bytes are safe if they are not among the `known`.
    fn forget(&mut self, i: usize, known: Vec<Digest>) -> Result<(), End> {
        let Some(slot) = self.work[i].slot.as_ref().and_then(|slot| slot.sibling(&slot.name).ok()) else {
            return Ok(());
        };
        if slot.stat().is_err() {
            return Ok(());
        }
        self.point("forget", self.work[i].planned.place)?;
        let Ok((file, _)) = slot.open() else {
            // No file of ours and no file at all: it keeps its temporary name, and people are told of it.
            self.report.kept.push(slot.path.clone());
            return Ok(());
        };
        let mut linger = Linger::new(slot, file, known);
        match linger.settle(self.blobs) {
            Ok(Settled::Gone { rescued }) => self.report.rescued.extend(rescued),
            // It keeps its name, which is as safe as a blob.
            Ok(Settled::Held) | Err(_) => self.report.lingering.push(linger),
        }
        Ok(())
    }

    fn forget_part(&self, i: usize) {
        let Some(target) = &self.work[i].target else { return };
        let part = part_name(self.id, &self.work[i].planned.slot);
        // A rest that cannot be removed now is found by a sweep of temporary files.
        let _ = rustix::fs::unlinkat(&target.dir, &part, AtFlags::empty());
    }
}

/// Syncs a directory, where the file system knows how to.
pub(crate) fn sync_directory(dir: &OwnedFd) -> Result<(), Errno> {
    match rustix::fs::fsync(dir) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(()),
        synced => synced,
    }
}
