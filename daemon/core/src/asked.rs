//! What people ask for, answered: every ask gets exactly one answer, in the step that made it true.

use crate::build::next;
use crate::job::JobEvent;
use crate::lane::{LaneId, LaneName};
use crate::{
    Ask, AskId, Blocker, Cause, ClientId, Coordinator, Digest, Effect, FilePath, IntentId, JobId, JobName, JobState,
    LeaseId, LeaseKind, LeaseRow, Move, Node, Peer, ProposalId, ProposalRow, ProposalState, Refusal, RefusalKind,
    Reply, Row, RowKey, Source, Subject,
};
use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

type Answer = Result<Reply, Refusal>;
/// What was begun because a person asked, and is answered by its outcome. None: there was nothing to do.
pub(crate) type Begun = Result<Option<IntentId>, Refusal>;

impl Coordinator {
    pub(crate) fn asked(&mut self, ask: AskId, client: ClientId, who: &Peer, what: Ask) {
        let answer = match what {
            Ask::Wait { jobs } => return self.wait_for_jobs(ask, client, &jobs),
            Ask::WaitIdle { quiet_too } => return self.wait_for_idle(ask, client, quiet_too),
            Ask::Look { file } => return self.look_for(ask, client, &file),
            Ask::Restore { file, digest, size } => {
                let begun = self.restore_text(file, digest, size, who);
                return self.answer_published(ask, client, begun);
            }
            Ask::Resolve { copy, seen, with } => {
                let begun = self.resolve_for(&copy, seen, with, who);
                return self.answer_published(ask, client, begun);
            }
            Ask::Create { files, what } => {
                let begun = self.create(files, &what, who);
                return self.answer_published(ask, client, begun);
            }
            Ask::Submit { subject, parameters } => self.submit(subject, parameters, who),
            Ask::Requeue { jobs, force } => self.requeue(jobs, force, who),
            Ask::RequeueFailed { subjects, over, force } => Ok(self.requeue_failed(&subjects, over, force, who)),
            Ask::Cancel { jobs } => self.cancel_all(&jobs, who),
            Ask::Take { file, kind, why } => self.take(client, who, file, kind, why),
            Ask::Renew { lease } => self.renew(client, lease),
            Ask::GiveBack { lease } => self.give_back(lease),
            Ask::Release { file } => self.release(&file, who),
            Ask::Accept { proposals } => {
                self.judge_proposals(&proposals, &ProposalState::Accepted { by: who.name.clone() })
            }
            Ask::Reject { proposals } => {
                self.judge_proposals(&proposals, &ProposalState::Rejected { by: who.name.clone() })
            }
            Ask::Edit { file, edits, what } => self.edit(file, edits, what, who),
        };
        let reply = answer.unwrap_or_else(Reply::Refused);
        self.order(Effect::Answer { ask, reply });
    }

    /// A build of the lane of this subject and these parameters; the unfinished one, if there is one.
    fn submit(&mut self, subject: Subject, parameters: BTreeMap<String, String>, who: &Peer) -> Answer {
        let Some(play) = self.playbook.plays.get(&subject.pipeline) else {
            let known: Vec<&str> = self.playbook.plays.keys().map(AsRef::as_ref).collect();
            let hint = format!("pipelines are: {}", known.join(", "));
            return no(RefusalKind::NotFound, format!("there is no pipeline {}", subject.pipeline), hint);
        };
        if play.captures(&subject.path).is_none() {
            let hint = format!("its subjects are {}", play.pipeline.subject);
            return no(RefusalKind::Invalid, format!("{} is no subject of {}", subject.path, subject.pipeline), hint);
        }
        if let Some(blocker) = self.share_blocker(subject.share) {
            return no(RefusalKind::NotNow, blocker.to_string(), "try again when it is there".to_owned());
        }
        if self.files.below(subject.share, &subject.path).next().is_none() {
            let hint = "see \"showctl episodes\"".to_owned();
            return no(RefusalKind::NotFound, format!("nothing lies at {}", subject.path), hint);
        }
        let lane = self.lane(LaneName { subject, parameters }).expect("its pipeline and captures are known");
        let build = self.build_for(lane, who);
        let jobs: Vec<JobId> = self.builds[&build].nodes.values().copied().collect();
        for &job in &jobs {
            if matches!(self.jobs[&job].row.state, JobState::Failed { .. } | JobState::Canceled { .. }) {
                self.run_again(job, false);
            }
        }
        Ok(Reply::Submitted { build, jobs })
    }

    /// The unfinished build of a lane, now also asked for by a person, or a new one.
    fn build_for(&mut self, lane: LaneId, who: &Peer) -> crate::BuildId {
        if let Some(build) = self.lanes[&lane].build {
            self.mark(lane);
            let row = &mut self.builds.get_mut(&build).expect("a lane names a build that is held").row;
            row.asked_by.get_or_insert_with(|| who.name.clone());
            self.touched_builds.insert(build);
            let jobs: Vec<JobId> = self.builds[&build].nodes.values().copied().collect();
            for job in jobs {
                self.raise(job);
            }
            return build;
        }
        let outlook = self.outlook(&self.lanes[&lane]);
        let cause = format!("asked for by {}", who.name);
        let build = self.new_build(lane, &outlook, cause, Some(who.name.clone()));
        self.find_out(lane, &outlook);
        if outlook.wants.look_up.is_empty() {
            self.mark(lane);
        }
        // Else it is planned when the answer comes, and would not get further before.
        build
    }

    /// A person asked for it: it goes before what nobody asked for.
    fn raise(&mut self, job: JobId) {
        let held = self.jobs.get_mut(&job).expect("a build names jobs that are held");
        if !held.row.asked && !held.row.state.is_over() {
            held.row.asked = true;
            self.touched_jobs.insert(job);
            self.mark_job(job);
        }
    }

    fn requeue(&mut self, jobs: Vec<JobName>, force: bool, who: &Peer) -> Answer {
        for name in &jobs {
            if self.jobs.get(&name.job).is_some_and(|held| held.row.state.holds_files()) {
                let hint =
                    format!("wait for it with \"showctl wait {0}\", or stop it with \"showctl cancel {0}\"", name.job);
                return no(RefusalKind::NotNow, format!("job {} is still running", name.job), hint);
            }
        }
        let mut again = Vec::new();
        for name in jobs {
            again.extend(self.requeue_one(name, force, who));
        }
        if again.is_empty() {
            return no(
                RefusalKind::NotFound,
                "there is no such job any more".to_owned(),
                "see \"showctl jobs\"".to_owned(),
            );
        }
        Ok(Reply::Jobs { jobs: again })
    }

    fn requeue_one(&mut self, name: JobName, force: bool, who: &Peer) -> Option<JobId> {
        if self.is_current(name.job) {
            self.run_again(name.job, force);
            return Some(name.job);
        }
        // Its build is over: the subject's next build runs what it was for.
        let lane = self.lane(LaneName { subject: name.subject, parameters: name.parameters })?;
        let build = self.build_for(lane, who);
        let job = *self.builds[&build].nodes.get(&name.node)?;
        if !self.jobs[&job].row.state.holds_files() {
            self.run_again(job, force);
        }
        Some(job)
    }

    /// It is what its lane's unfinished build has for its node.
    fn is_current(&self, job: JobId) -> bool {
        let Some(held) = self.jobs.get(&job) else { return false };
        let build = self.lanes.get(&held.lane).and_then(|lane| lane.build);
        build.is_some_and(|build| self.builds[&build].nodes.get(&held.row.node) == Some(&job))
    }

    fn run_again(&mut self, job: JobId, force: bool) {
        let row = &mut self.jobs.get_mut(&job).expect("the caller looked").row;
        (row.asked, row.tries, row.refused) = (true, 0, None);
        row.forced |= force;
        row.dropped = false;
        self.move_job(job, JobEvent::Requeued);
    }

    fn requeue_failed(&mut self, subjects: &[Subject], over: Vec<JobName>, force: bool, who: &Peer) -> Reply {
        let failed: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(_, held)| matches!(held.row.state, JobState::Failed { .. }))
            .filter(|(id, held)| {
                let is_asked_for = subjects.is_empty() || subjects.contains(&held.row.subject);
                is_asked_for && self.is_current(**id)
            })
            .map(|(id, _)| *id)
            .collect();
        for job in &failed {
            self.run_again(*job, force);
        }
        let again = over.into_iter().filter_map(|name| self.requeue_one(name, force, who)).collect();
        Reply::Jobs { jobs: [failed, again].concat() }
    }

    fn cancel_all(&mut self, jobs: &[JobId], who: &Peer) -> Answer {
        for job in jobs {
            match self.jobs.get(job).map(|held| &held.row.state) {
                None => {
                    return no(
                        RefusalKind::NotFound,
                        format!("job {job} is not running or waiting"),
                        "see \"showctl jobs\"".to_owned(),
                    );
                }
                Some(state) if state.is_over() => {
                    return no(RefusalKind::NotNow, format!("job {job} is over: {}", state.word()), String::new());
                }
                Some(JobState::Publishing { .. }) => {
                    let hint = format!("wait for it with \"showctl wait {job}\"");
                    return no(RefusalKind::NotNow, format!("job {job} is publishing its results"), hint);
                }
                Some(_) => {}
            }
        }
        let jobs: BTreeSet<JobId> = jobs.iter().copied().collect();
        for job in jobs {
            self.cancel(job, &who.name);
        }
        Ok(Reply::Done)
    }

    fn take(&mut self, client: ClientId, who: &Peer, file: FilePath, kind: LeaseKind, why: String) -> Answer {
        if let Some(file) = self.published_within(&file).cloned() {
            return refuse(&Blocker::BeingPublished { file });
        }
        if let Some(blocker) = self.leases.against_row(&file, kind) {
            return refuse(&blocker);
        }
        let id = LeaseId(next(&mut self.meta.next_lease));
        let until = match kind {
            LeaseKind::Lock => Some(self.now.plus_ms(self.playbook.rules.lock_ms_max)),
            LeaseKind::Hold => None,
        };
        let row = LeaseRow { id, file, kind, owner: who.name.clone(), why, since: self.now, until };
        self.log("lease.taken").file(&row.file).text(format!("{} {} {}", row.owner, verb(kind), row.file));
        self.put(Row::Lease(row.clone()));
        self.mark_file(&row.file);
        self.leases.insert(row, Some(client));
        Ok(Reply::Taken { lease: id, token: (self.meta.epoch, id.0) })
    }

    fn renew(&mut self, client: ClientId, lease: LeaseId) -> Answer {
        let until = self.now.plus_ms(self.playbook.rules.lock_ms_max);
        let Some(row) = self.leases.renew(lease, until, client) else {
            let hint = "take it again, and check what changed meanwhile".to_owned();
            return no(RefusalKind::NotFound, format!("lock {lease} has ended"), hint);
        };
        self.put(Row::Lease(row));
        Ok(Reply::Done)
    }

    fn give_back(&mut self, lease: LeaseId) -> Answer {
        if self.end_lease(lease, "given back") {
            return Ok(Reply::Done);
        }
        let text = if lease.0 < self.meta.next_lease {
            format!("lock {lease} has ended")
        } else {
            format!("there is no lock {lease}")
        };
        no(RefusalKind::NotFound, text, "\"showctl locks\" lists those there are".to_owned())
    }

    /// Ends what keeps us from writing a file: a hold, and that it is left alone because somebody undid what we wrote.
    fn release(&mut self, file: &FilePath, who: &Peer) -> Answer {
        let is_calm = self.end_storm(file, &who.name);
        if is_calm {
            self.mark_file(file);
        }
        if let Some(lease) = self.leases.of_file(file, LeaseKind::Hold) {
            self.end_lease(lease, "released");
        } else if !is_calm {
            return no(RefusalKind::NotFound, format!("nobody holds {file}"), "see \"showctl locks\"".to_owned());
        }
        Ok(Reply::Done)
    }

    fn end_lease(&mut self, lease: LeaseId, how: &str) -> bool {
        let Some((row, woken)) = self.leases.remove(lease) else { return false };
        self.delete(RowKey::Lease(lease));
        self.log("lease.ended").file(&row.file).text(format!(
            "{} no longer {} {}: {how}",
            row.owner,
            verb(row.kind),
            row.file
        ));
        for job in woken {
            self.mark_job(job);
        }
        self.mark_file(&row.file);
        self.publish_on(row.file.share);
        true
    }

    /// Lanes that read a file, or any file below a directory.
    fn mark_file(&mut self, file: &FilePath) {
        let files: Vec<FilePath> = if file.path.ends_with('/') {
            self.files.below(file.share, &file.path).map(|(path, _)| path.clone()).collect()
        } else {
            [file.clone()].into()
        };
        for file in files {
            self.mark_conflicts_of(&file);
            for lane in self.lanes_of(&file, false) {
                self.mark(lane);
            }
        }
    }

    pub(crate) fn end_locks(&mut self) {
        while let Some(lease) = self.leases.ended(self.now) {
            self.end_lease(lease, "its time was over");
        }
    }

    pub(crate) fn client_gone(&mut self, client: ClientId) {
        for lease in self.leases.of_client(client) {
            self.end_lease(lease, "its owner is gone");
        }
        self.forget_waits(client);
    }

    fn judge_proposals(&mut self, ids: &[ProposalId], to: &ProposalState) -> Answer {
        for id in ids {
            let Some(row) = self.proposals.get(id) else {
                let hint = "\"showctl proposals\" lists those that are open".to_owned();
                return no(RefusalKind::NotFound, format!("there is no proposal {id}"), hint);
            };
            if row.state != ProposalState::Open {
                let (text, hint) = self.decided(row);
                return no(RefusalKind::NotNow, text, hint);
            }
        }
        for &id in ids {
            self.decide_proposal(id, to.clone());
        }
        Ok(Reply::Done)
    }

    /// A person accepted or rejected an open proposal.
    pub(crate) fn decide_proposal(&mut self, id: ProposalId, to: ProposalState) {
        let Some(row) = self.proposals.get(&id) else { return };
        let (subject, text) = (row.subject.clone(), row.summary.clone());
        let verb = if matches!(to, ProposalState::Rejected { .. }) { "rejected" } else { "accepted" };
        self.set_proposal(id, to);
        self.log(&format!("proposal.{verb}")).subject(&subject).text(text);
        self.mark_subject(subject, format!("proposal {id} was {verb}"));
    }

    /// What has become of a proposal that can no longer be decided, and what to do instead.
    fn decided(&self, row: &ProposalRow) -> (String, String) {
        let ProposalRow { id, file, .. } = row;
        match &row.state {
            ProposalState::Open => (format!("proposal {id} is open"), String::new()),
            ProposalState::Accepted { by } => (
                format!("proposal {id} was accepted by {by} already; it is written once {file} is quiet"),
                format!("\"showctl history '{file}'\" shows when it was"),
            ),
            ProposalState::Published { by, .. } => (
                format!("proposal {id} was accepted by {by} already and is written into {file}"),
                format!("see \"showctl history '{file}'\""),
            ),
            ProposalState::Rejected { by } => (
                format!("proposal {id} was rejected by {by} already"),
                format!("it is not made again; change {file} by hand instead"),
            ),
            ProposalState::Stale => {
                let text = format!("proposal {id} is stale: {file} has changed and it no longer fits");
                let is_like_it = |other: &&ProposalRow| {
                    other.state == ProposalState::Open && other.file == *file && other.code == row.code
                };
                let instead: Vec<_> = self.proposals.values().filter(is_like_it).collect();
                let hint = match instead.as_slice() {
                    [] => "\"showctl proposals\" lists those that are open".to_owned(),
                    several => {
                        let named = several.iter().map(|other| format!("proposal {}: {}", other.id, other.summary));
                        format!("open for the same file now: {}", named.collect::<Vec<_>>().join("; "))
                    }
                };
                (text, hint)
            }
        }
    }

    fn mark_subject(&mut self, subject: Subject, cause: String) {
        if let Some(lane) = self.lane(LaneName { subject, parameters: BTreeMap::new() }) {
            self.note_cause(lane, cause);
            self.mark(lane);
        }
    }

    /// Edits that a person asked for are a proposal that is accepted already.
    fn edit(&mut self, file: FilePath, edits: Digest, what: String, who: &Peer) -> Answer {
        let Some(subject) = self.subjects_of(&file).into_iter().next() else {
            let hint = "see \"showctl episodes\"".to_owned();
            return no(RefusalKind::NotFound, format!("{file} belongs to no subject"), hint);
        };
        let Some(base) = self.files.digest(&file) else {
            return no(RefusalKind::NotNow, format!("{file} was not read yet"), "try again in a moment".to_owned());
        };
        let id = ProposalId(next(&mut self.meta.next_proposal));
        let row = ProposalRow {
            id,
            subject: subject.clone(),
            node: Node { step: "person".into(), element: who.name.as_str().into() },
            file,
            base,
            code: "ASKED".to_owned(),
            summary: what.clone(),
            edits,
            renames: Vec::new(),
            created: self.now,
            state: ProposalState::Open,
            refused: None,
        };
        self.proposals.insert(id, row);
        self.set_proposal(id, ProposalState::Accepted { by: who.name.clone() });
        self.mark_subject(subject, what);
        Ok(Reply::Done)
    }

    /// Puts a text back because a person asked.
    fn restore_text(&mut self, file: FilePath, new: Digest, size: u64, who: &Peer) -> Begun {
        if let Some(refusal) = self.not_writable(&file) {
            return Err(refusal);
        }
        let there = self.files.get(&file).filter(|state| state.is_there());
        let there = there.map(crate::settle::File::current);
        if let Some((old, new)) = self.renamed_folder_of(&file).filter(|_| there.is_none()) {
            let text = format!("{} is {} now, and {file} was gone before", old.path, new.path);
            let hint = "\"showctl show FILE REV\" prints the text, for a new file there".to_owned();
            return Err(refusal(RefusalKind::NotAllowed, text, hint));
        }
        let made = match there {
            None => Move::New { file, new, size, source: Source::Blob },
            Some(Some(base)) if base == new => return Ok(None),
            Some(Some(base)) => Move::Replace { file, base, new, size, source: Source::Blob, human: true, seen: None },
            Some(None) => {
                let text = format!("{file} was changed a moment ago and not read yet");
                return Err(refusal(RefusalKind::NotNow, text, "try again in a moment".to_owned()));
            }
        };
        Ok(Some(self.publish_for([made].into(), "restored", who)))
    }

    fn create(&mut self, files: Vec<(FilePath, Digest, u64)>, what: &str, who: &Peer) -> Begun {
        for (file, _, _) in &files {
            if self.files.get(file).is_some_and(crate::settle::File::is_there) {
                let text = format!("{file} exists");
                return Err(refusal(RefusalKind::NotAllowed, text, "choose another name".to_owned()));
            }
            if let Some(refusal) = self.not_writable(file) {
                return Err(refusal);
            }
        }
        let moves = files.into_iter().map(|(file, new, size)| Move::New { file, new, size, source: Source::Blob });
        Ok(Some(self.publish_for(moves.collect(), what, who)))
    }

    fn not_writable(&self, file: &FilePath) -> Option<Refusal> {
        let publishing = self.is_publishing(file).then(|| Blocker::BeingPublished { file: file.clone() });
        let blockers = [
            self.share_blocker(file.share),
            self.read_only(file.share),
            self.leases.against_write(None, file),
            publishing,
            self.being_written(file),
        ];
        blockers.into_iter().flatten().next().and_then(|blocker| refuse(&blocker).err())
    }

    fn publish_for(&mut self, moves: Vec<Move>, what: &str, who: &Peer) -> IntentId {
        let intent = self.new_intent(moves, Cause::Person { who: who.name.clone(), what: what.to_owned() });
        self.publish_again(intent);
        intent
    }
}

fn no(kind: RefusalKind, text: String, hint: String) -> Answer {
    Err(refusal(kind, text, hint))
}

fn refusal(kind: RefusalKind, text: String, hint: String) -> Refusal {
    Refusal { kind, text, hint }
}

fn refuse(blocker: &Blocker) -> Answer {
    let hint = match blocker {
        Blocker::FileBusy { by, .. } => format!("wait for it with \"showctl wait {by}\""),
        Blocker::Locked { .. } | Blocker::Held { .. } => "see \"showctl locks\"".to_owned(),
        _ => "try again in a moment".to_owned(),
    };
    no(RefusalKind::NotNow, blocker.to_string(), hint)
}

fn verb(kind: LeaseKind) -> &'static str {
    match kind {
        LeaseKind::Lock => "locks",
        LeaseKind::Hold => "holds",
    }
}
