//! Carries out intents: translates the core's words into those of `show-publish`, one thread per share.
//!
//! Alone writes into shares. An intent that was restored, or seen before in this run, may have been begun; it is
//! finished or undone. Files that a program still had open when they were replaced are cleared away later.

use crate::blob::Archive;
use crate::board::Board;
use crate::inbox::{Gone, Inbox};
use crate::share::Shares;
use crate::words::because;
use show_core::{Cause, Event, FilePath, Intent, IntentId, Move, Outcome, ShareId, Source, Stamp};
use show_publish::{Keep, Linger, Machine, Owner, Report, Rescued, Settled, Try, own};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;
use tracing::{info, warn};

/// While a program holds a displaced file open, it is asked after this often.
const LINGER_LOOK_MS: u64 = 30_000;

/// Where the output of an attempt lies: (share, job, attempt, output).
pub type Outputs = Arc<dyn Fn(ShareId, show_core::JobId, show_core::AttemptNo, &FilePath) -> PathBuf + Send + Sync>;

/// Where files that we changed are made known.
pub type Announce = Arc<dyn Fn(FilePath) + Send + Sync>;

/// What the threads need.
#[derive(Clone)]
pub struct Needs {
    pub shares: Shares,
    pub archive: Archive,
    pub inbox: Inbox,
    pub board: Board,
    pub machine: Machine,
    pub outputs: Outputs,
    /// Told of every file that was written, moved or removed. Must not block.
    pub announce: Announce,
    /// Intents that were kept and not finished when this run began.
    pub restored: BTreeSet<IntentId>,
}

/// Passes intents to the threads. Never blocks.
pub struct Handle {
    needs: Needs,
    threads: BTreeMap<ShareId, Sender<Box<Intent>>>,
}

pub fn start(needs: Needs) -> Handle {
    Handle { needs, threads: BTreeMap::new() }
}

impl Handle {
    pub fn publish(&mut self, intent: Box<Intent>) {
        let share = intent.moves.first().map_or_else(ShareId::default, |first| file_of(first).share);
        let needs = &self.needs;
        let thread = self.threads.entry(share).or_insert_with(|| begin(share, needs.clone()));
        // The threads only end with the driver.
        let _ = thread.send(intent);
    }
}

fn begin(share: ShareId, needs: Needs) -> Sender<Box<Intent>> {
    let (sender, intents) = mpsc::channel();
    let publisher = Publisher { share, needs, seen: BTreeSet::new(), lingering: Vec::new(), has_swept: false };
    std::thread::Builder::new()
        .name(format!("publish {share}"))
        .spawn(move || {
            // The driver is gone, and with it everything.
            let _: Result<(), Gone> = publisher.run(&intents);
        })
        .expect("the system has room for a thread");
    sender
}

struct Publisher {
    share: ShareId,
    needs: Needs,
    seen: BTreeSet<IntentId>,
    lingering: Vec<Linger>,
    has_swept: bool,
}

impl Publisher {
    fn run(mut self, intents: &Receiver<Box<Intent>>) -> Result<(), Gone> {
        loop {
            let next = if self.lingering.is_empty() {
                intents.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                intents.recv_timeout(Duration::from_millis(LINGER_LOOK_MS))
            };
            match next {
                Ok(intent) => {
                    let outcome = self.publish(&intent)?;
                    if let Outcome::Done { .. } = outcome {
                        intent.moves.iter().for_each(|one| self.announce(one));
                    }
                    self.needs.inbox.tell_blocking(Event::Published { intent: intent.id, outcome })?;
                }
                Err(RecvTimeoutError::Timeout) => self.settle()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn announce(&self, one: &Move) {
        if let Move::Rename { to, .. } = one {
            (self.needs.announce)(to.clone());
        }
        (self.needs.announce)(file_of(one).clone());
    }

    fn publish(&mut self, intent: &Intent) -> Result<Outcome, Gone> {
        let first = intent.moves.first().map(|first| file_of(first).clone());
        let Some(first) = first else { return Ok(Outcome::Done { stamps: Vec::new() }) };
        let share = match self.needs.shares.open(self.share) {
            Ok(share) => share,
            Err(cause) => return Ok(Outcome::Failed { file: first, why: because(&cause) }),
        };
        match own(&share, self.needs.archive.blobs(), &self.needs.machine) {
            Owner::Us | Owner::Nobody => {}
            Owner::Other(host) => {
                return Ok(Outcome::Refused { file: first, why: format!("the share is owned by {host}") });
            }
            Owner::Unknown(why) => return Ok(Outcome::Failed { file: first, why }),
        }
        if !self.has_swept {
            self.sweep(&share, intent.id)?;
        }
        if let Err(why) = self.keep_texts(intent) {
            return Ok(Outcome::Failed { file: first, why });
        }
        let moves = match intent.moves.iter().map(|one| self.translate(one)).collect::<Result<_, _>>() {
            Ok(moves) => moves,
            Err(file) => return Ok(Outcome::Refused { file, why: "an intent stays within one share".into() }),
        };
        let home = intent.home.as_ref().map(|home| home.path.to_string());
        let is_new = self.seen.insert(intent.id) && !self.needs.restored.contains(&intent.id);
        let attempt = if is_new { Try::First } else { Try::Again };
        let asked = show_publish::Intent { id: intent.id.0.into(), moves, home };
        let report = share.publish(self.needs.archive.blobs(), &asked, attempt);
        for rescued in report.rescued.iter().chain(&report.seen) {
            self.rescued(rescued)?;
        }
        Ok(self.outcome(intent, report))
    }

    /// What somebody wrote while we replaced it becomes part of its file's history.
    fn rescued(&self, rescued: &Rescued) -> Result<(), Gone> {
        let digest = show_core::Digest(rescued.digest.0);
        // The blob was just put; its size is a convenience for people.
        let size = self.needs.archive.read(&digest).map_or(0, |bytes| bytes.len() as u64);
        let file = FilePath { share: self.share, path: rescued.path.as_str().into() };
        self.needs.inbox.tell_blocking(Event::Rescued { file, digest, size })
    }

    /// What an intent carries with it is a blob before it is published, like everything else.
    fn keep_texts(&self, intent: &Intent) -> Result<(), String> {
        for made in &intent.moves {
            if let Move::New { source: Source::Text(text), .. } | Move::Replace { source: Source::Text(text), .. } =
                made
            {
                self.needs.archive.keep(text.as_bytes(), Keep::Durably).map_err(|cause| because(&cause))?;
            }
        }
        Ok(())
    }

    fn translate(&self, one: &Move) -> Result<show_publish::Move, FilePath> {
        let digest = |digest: &show_core::Digest| show_publish::Digest(digest.0);
        let path = |file: &FilePath| {
            if file.share == self.share { Ok(file.path.to_string()) } else { Err(file.clone()) }
        };
        let source = |source: &Source, file: &FilePath| match source {
            Source::Blob | Source::Text(_) => show_publish::Source::Blob,
            Source::Scratch { job, attempt, .. } => {
                // The file that is published is the output's, wherever a move of the intent puts it.
                show_publish::Source::File((self.needs.outputs)(self.share, *job, *attempt, file))
            }
        };
        Ok(match one {
            Move::Replace { file, base, new, source: from, human, seen, .. } => show_publish::Move::Replace {
                path: path(file)?,
                base: digest(base),
                new: digest(new),
                source: source(from, file),
                human: *human,
                seen: seen.map(crate::share::seen_of),
            },
            Move::New { file, new, source: from, .. } => {
                show_publish::Move::New { path: path(file)?, new: digest(new), source: source(from, file) }
            }
            Move::Rename { from, to, base } => {
                show_publish::Move::Rename { from: path(from)?, to: path(to)?, base: digest(base) }
            }
            Move::Remove { file, base, human } => {
                show_publish::Move::Remove { path: path(file)?, base: digest(base), human: *human }
            }
        })
    }

    fn outcome(&mut self, intent: &Intent, report: Report) -> Outcome {
        for rescued in &report.rescued {
            let text = format!("somebody wrote {} while it was being replaced; those bytes are kept", rescued.path);
            warn!(showd_file = rescued.path, digest = %rescued.digest, "{text}");
            self.needs.board.notice(text, format!("\"showctl history '{}'\" lists every version", rescued.path));
        }
        for kept in &report.kept {
            warn!(showd_file = kept, intent = %intent.id, "somebody went on from what was undone; theirs stands");
        }
        self.lingering.extend(report.lingering);
        if let (Cause::Conflict { original, what, .. }, show_publish::Outcome::Done { .. }) =
            (&intent.cause, &report.outcome)
            && intent.moves.iter().any(|made| !matches!(made, Move::Remove { .. }))
        {
            // The words of two people became one text: somebody should know.
            let text = format!("{}: {what}", original.path);
            self.needs.board.notice(text, format!("\"showctl history '{}'\" has both texts", original.path));
        }
        let file = |path: String| FilePath { share: self.share, path: path.into() };
        let stamp = |stamp: show_publish::Stamp| -> Stamp { crate::share::stamp_of(stamp) };
        match report.outcome {
            show_publish::Outcome::Done { stamps } => {
                Outcome::Done { stamps: stamps.into_iter().map(|one| one.map(stamp)).collect() }
            }
            show_publish::Outcome::Overtaken { path, why } => Outcome::Overtaken { file: file(path), why },
            show_publish::Outcome::Refused { path, why } => Outcome::Refused { file: file(path), why },
            show_publish::Outcome::Failed { path, why, .. } => Outcome::Failed { file: file(path), why },
        }
    }

    fn settle(&mut self) -> Result<(), Gone> {
        let blobs = self.needs.archive.blobs();
        let mut late = Vec::new();
        self.lingering.retain_mut(|linger| match linger.settle(blobs) {
            Ok(Settled::Held) => true,
            Ok(Settled::Gone { rescued }) => {
                late.extend(rescued);
                false
            }
            Err(cause) => {
                warn!(showd_file = linger.path(), cause = %cause, "a displaced file keeps its temporary name");
                false
            }
        });
        self.saved_late(&late)
    }

    /// Temporary files of intents that are over, from a run that was cut short.
    fn sweep(&mut self, share: &show_publish::Share, now: IntentId) -> Result<(), Gone> {
        self.has_swept = true;
        let mut known: BTreeSet<show_publish::IntentId> =
            self.needs.restored.iter().map(|intent| intent.0.into()).collect();
        known.insert(now.0.into());
        match share.sweep_temps(self.needs.archive.blobs(), &known) {
            Ok(swept) => {
                if swept.removed > 0 {
                    info!(files = swept.removed, "temporary files of an earlier run are gone");
                }
                self.lingering.extend(swept.lingering);
                self.saved_late(&swept.rescued)?;
            }
            Err(cause) => warn!(cause = %cause, "temporary files of an earlier run could not be looked for"),
        }
        Ok(())
    }

    fn saved_late(&self, texts: &[Rescued]) -> Result<(), Gone> {
        for rescued in texts {
            let text =
                format!("somebody saved {} into the file that was just replaced; that text is kept", rescued.path);
            self.needs.board.notice(text, format!("\"showctl history '{}'\" lists every version", rescued.path));
            self.rescued(rescued)?;
        }
        Ok(())
    }
}

fn file_of(one: &Move) -> &FilePath {
    match one {
        Move::Replace { file, .. } | Move::New { file, .. } | Move::Remove { file, .. } => file,
        Move::Rename { from, .. } => from,
    }
}
