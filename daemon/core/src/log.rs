//! The event log: one entry for everything people want to follow, densely numbered.

use crate::{BuildId, Change, Coordinator, EventRow, FilePath, JobId, Seq, ShareId, Subject};
use alloc::string::String;

/// An entry in the making; [`Entry::text`] writes it.
pub(crate) struct Entry<'a> {
    core: &'a mut Coordinator,
    row: EventRow,
}

impl Coordinator {
    /// Begins an entry: `self.log("job.done").job(id).text(…)`.
    pub(crate) fn log(&mut self, kind: &str) -> Entry<'_> {
        let row = EventRow {
            seq: Seq(0),
            at: self.now,
            kind: kind.into(),
            subject: None,
            job: None,
            build: None,
            step: None,
            file: None,
            text: String::new(),
        };
        Entry { core: self, row }
    }
}

impl Entry<'_> {
    /// About a job: its build, step and subject as well.
    pub fn job(mut self, id: JobId) -> Self {
        if let Some(job) = self.core.jobs.get(&id) {
            self.row.build = Some(job.row.build);
            self.row.subject = Some(job.row.subject.clone());
            self.row.step = Some(job.row.node.step.clone());
        }
        self.row.job = Some(id);
        self
    }

    pub fn build(mut self, id: BuildId) -> Self {
        self.row.build = Some(id);
        self
    }

    pub fn subject(mut self, subject: &Subject) -> Self {
        self.row.subject = Some(subject.clone());
        self
    }

    pub fn file(mut self, file: &FilePath) -> Self {
        self.row.file = Some(file.clone());
        self
    }

    /// About a share as a whole: its root stands for it.
    pub fn share(mut self, share: ShareId) -> Self {
        self.row.file = Some(FilePath { share, path: "".into() });
        self
    }

    pub fn text(self, text: String) {
        let Self { core, mut row } = self;
        core.meta.next_seq += 1;
        row.seq = Seq(core.meta.next_seq);
        row.text = text;
        core.out.keep(Change::Log(row));
    }
}
