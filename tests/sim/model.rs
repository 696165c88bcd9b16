//! The simulated disk, blobs and store: plain maps that forget exactly what the real ones would.

use show_core::{
    ActionRow, Change, Digest, FilePath, JobId, JobRow, JobState, Look, Row, RowKey, Rows, ShareId, Stamp, Time,
};
use std::collections::BTreeMap;

pub fn digest(text: &str) -> Digest {
    Digest(*blake3::hash(text.as_bytes()).as_bytes())
}

/// One file of the simulated share.
#[derive(Debug, Clone)]
pub struct File {
    pub text: String,
    pub stamp: Stamp,
    /// When somebody other than showd last wrote it.
    pub typed: Time,
}

/// The share's files, and the bytes kept beside it.
#[derive(Debug, Default)]
pub struct Disk {
    pub files: BTreeMap<String, File>,
    pub blobs: BTreeMap<Digest, String>,
    next_inode: u64,
}

impl Disk {
    pub fn look(&self, path: &str) -> Look {
        self.files.get(path).map_or(Look::Gone, |file| Look::File(file.stamp))
    }

    /// Writes a new inode. `typed`: by a person, now.
    pub fn write(&mut self, path: &str, text: String, now: Time, typed: bool) -> Stamp {
        self.next_inode += 1;
        let before = self.files.get(path).map(|file| file.typed);
        let stamp = Stamp {
            size: text.len() as u64,
            mtime_ns: now.0 * 1_000_000,
            ctime_ns: now.0 * 1_000_000,
            inode: self.next_inode,
        };
        let typed = if typed { now } else { before.unwrap_or(now) };
        self.files.insert(path.to_owned(), File { text, stamp, typed });
        stamp
    }

    pub fn keep(&mut self, text: &str) -> Digest {
        let digest = digest(text);
        self.blobs.entry(digest).or_insert_with(|| text.to_owned());
        digest
    }

    pub fn blob(&self, digest: Digest) -> &str {
        self.blobs.get(&digest).expect("what the core names was kept as a blob")
    }
}

/// The rows on the simulated store's disk.
#[derive(Debug, Default)]
pub struct Store {
    rows: BTreeMap<RowKey, Row>,
    meta: show_core::MetaRow,
    actions: BTreeMap<Digest, ActionRow>,
    next_seq: u64,
}

/// What a checker has to say about a change of the rows.
#[derive(Debug)]
pub enum Wrong {
    /// A terminal state of one attempt became another.
    Terminal(String),
    /// The event log has a gap or goes back.
    Sequence(String),
}

impl Store {
    pub fn keep(&mut self, changes: &[Change]) -> Result<(), Wrong> {
        for change in changes {
            match change {
                Change::Put(row) => self.put(row)?,
                Change::Delete(RowKey::Build(build)) => {
                    self.rows.retain(|_, row| !matches!(row, Row::Job(job) if job.build == *build));
                    self.rows.remove(&RowKey::Build(*build));
                }
                Change::Delete(RowKey::Action(key)) => drop(self.actions.remove(key)),
                Change::Delete(key) => drop(self.rows.remove(key)),
                Change::Log(event) => {
                    if event.seq.0 <= self.next_seq {
                        return Err(Wrong::Sequence(format!("event {} after {}", event.seq, self.next_seq)));
                    }
                    self.next_seq = event.seq.0;
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, row: &Row) -> Result<(), Wrong> {
        let key = match row {
            Row::Meta(meta) => {
                self.meta = meta.clone();
                return Ok(());
            }
            Row::Action(action) => {
                self.actions.insert(action.key, action.clone());
                return Ok(());
            }
            Row::Revision(_) => return Ok(()),
            Row::File(row) => RowKey::File(row.file.clone()),
            Row::Build(row) => RowKey::Build(row.id),
            Row::Job(row) => {
                self.check_terminal(row)?;
                RowKey::Job(row.id)
            }
            Row::Index(row) => RowKey::Index(row.subject.clone(), row.node.clone()),
            Row::Lease(row) => RowKey::Lease(row.id),
            Row::Proposal(row) => RowKey::Proposal(row.id),
            Row::Intent(row) => RowKey::Intent(row.id),
            Row::Fixed(row) => RowKey::Fixed(row.file.clone(), row.key),
            Row::Binding(row) => RowKey::Binding(row.file.clone(), row.place.clone()),
            Row::Ours(row) => RowKey::Ours(row.file.clone(), row.target.clone()),
        };
        self.rows.insert(key, row.clone());
        Ok(())
    }

    fn check_terminal(&self, row: &JobRow) -> Result<(), Wrong> {
        let Some(before) = self.job(row.id) else { return Ok(()) };
        let ended = |state: &JobState| {
            matches!(state, JobState::Done { .. } | JobState::Failed { .. } | JobState::Canceled { .. })
        };
        // A requeue lets it wait for a new attempt; nothing else may happen to an end.
        let is_requeued = matches!(row.state, JobState::Waiting);
        if ended(&before.state) && before.state != row.state && !is_requeued && before.attempt == row.attempt {
            return Err(Wrong::Terminal(format!("job {}: {:?} became {:?}", row.id, before.state, row.state)));
        }
        Ok(())
    }

    pub fn job(&self, job: JobId) -> Option<&JobRow> {
        match self.rows.get(&RowKey::Job(job)) {
            Some(Row::Job(row)) => Some(row),
            _ => None,
        }
    }

    pub fn has_intent(&self, intent: show_core::IntentId) -> bool {
        self.rows.contains_key(&RowKey::Intent(intent))
    }

    pub fn jobs(&self) -> impl Iterator<Item = &JobRow> {
        self.rows.values().filter_map(|row| if let Row::Job(row) = row { Some(row) } else { None })
    }

    pub fn actions(&self, keys: &[Digest]) -> (Vec<ActionRow>, Vec<Digest>) {
        let found: Vec<_> = keys.iter().filter_map(|key| self.actions.get(key).cloned()).collect();
        (found, keys.iter().filter(|key| !self.actions.contains_key(key)).copied().collect())
    }

    /// What a restart hands to the core.
    pub fn restore(&self) -> Rows {
        let mut rows = Rows { meta: self.meta.clone(), ..Rows::default() };
        let mut named = Vec::new();
        for row in self.rows.values() {
            match row.clone() {
                Row::File(row) => rows.files.push(row),
                Row::Build(row) if row.ended.is_none() => {
                    named.extend(row.jobs.iter().copied());
                    rows.builds.push(row);
                }
                Row::Build(row) => rows.ended.push((row.subject, row.id)),
                Row::Index(row) => rows.index.push(row),
                Row::Lease(row) => rows.leases.push(row),
                Row::Proposal(row) => rows.proposals.push(row),
                Row::Intent(row) => rows.intents.push(row),
                Row::Fixed(row) => rows.fixed.push(row),
                Row::Binding(row) => rows.bindings.push(row),
                Row::Ours(row) => rows.ours.push(row),
                Row::Job(_) | Row::Meta(_) | Row::Action(_) | Row::Revision(_) => {}
            }
        }
        named.sort();
        named.dedup();
        rows.ended.sort_by_key(|(_, build)| *build);
        rows.jobs = named.into_iter().filter_map(|job| self.job(job).cloned()).collect();
        rows
    }
}

pub fn path(path: &str) -> FilePath {
    FilePath { share: ShareId(0), path: path.into() }
}
