//! A blocking client that keeps several requests in flight, over the real socket in bincode.

use show_protocol::ask::{Cancel, Follow, Job, Submit, Wait};
use show_protocol::{Answer, Ask, Encoding, Envelope, Hello, JobId, Push, Reply, Request, Welcome};
use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub struct Client {
    read: BufReader<UnixStream>,
    write: UnixStream,
    next: u64,
}

/// Time since 1970, which is how a step's own clock is compared with ours.
pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970")
}

impl Client {
    pub fn connect(socket: &Path) -> Self {
        let write = UnixStream::connect(socket).expect("the daemon listens");
        let read = BufReader::new(write.try_clone().expect("a second handle"));
        let mut client = Self { read, write, next: 0 };
        client.send(&Hello::new("bench", Encoding::Bincode).write());
        let welcome = Welcome::read(&client.receive()).expect("a welcome");
        assert!(matches!(welcome, Welcome::Welcome { .. }), "refused: {welcome:?}");
        client
    }

    pub fn submit(&mut self, pipeline: &str, subject: &str, n: usize) -> JobId {
        self.submit_all(pipeline, subject, n)[0]
    }

    pub fn submit_all(&mut self, pipeline: &str, subject: &str, n: usize) -> Vec<JobId> {
        self.ask(submission(pipeline, subject, n)).jobs
    }

    /// `count` submissions for one subject, `in_flight` of them unanswered at any time.
    pub fn submit_many(&mut self, pipeline: &str, subject: &str, count: usize, in_flight: usize, first: usize) {
        self.submit_each(pipeline, (first..first + count).map(|n| (subject.to_owned(), n)), in_flight);
    }

    /// The same for subjects and numbers as they come.
    pub fn submit_each(
        &mut self,
        pipeline: &str,
        all: impl IntoIterator<Item = (String, usize)>,
        in_flight: usize,
    ) -> Vec<JobId> {
        let mut jobs = Vec::new();
        let mut unanswered = 0;
        for (subject, n) in all {
            if unanswered == in_flight {
                jobs.extend(self.submitted());
                unanswered -= 1;
            }
            self.request(submission(pipeline, &subject, n).into());
            unanswered += 1;
        }
        for _ in 0..unanswered {
            jobs.extend(self.submitted());
        }
        jobs
    }

    fn submitted(&mut self) -> Vec<JobId> {
        Submit::view(self.answer()).expect("a submission is answered as one").jobs
    }

    pub fn cancel(&mut self, jobs: &[JobId]) {
        self.ask(Cancel { jobs: jobs.to_vec(), ..Cancel::default() });
    }

    pub fn wait(&mut self, job: JobId) {
        self.wait_all(&[job]);
    }

    pub fn wait_all(&mut self, jobs: &[JobId]) {
        self.ask(Wait { jobs: jobs.to_vec(), ..Wait::default() });
    }

    /// When the program of a job's attempt was running, by its own clock: the bench's own step says so in its result.
    pub fn started(&mut self, job: JobId) -> Duration {
        let view = self.ask(Job { job });
        let fact = view.facts.iter().find(|fact| fact.name == "started_us").expect("the step says when it started");
        Duration::from_micros(fact.value.parse().expect("microseconds"))
    }

    /// Follows the event log from now on: [`Self::next_done`] reads it, and nothing else is to be asked any more.
    pub fn follow(mut self) -> Self {
        self.ask(Follow::default());
        self
    }

    /// The next job of a pipeline that is done.
    pub fn next_done(&mut self, pipeline: &str) -> JobId {
        loop {
            let payload = self.receive();
            if let Reply::Push(Push::Event(event)) = Encoding::Bincode.read_reply(&payload).expect("a reply").body
                && event.kind == "job.done"
                && event.pipeline.as_deref() == Some(pipeline)
            {
                return event.job.expect("what is done is a job");
            }
        }
    }

    pub fn ask<A: Ask>(&mut self, ask: A) -> A::View {
        self.request(ask.into());
        A::view(self.answer()).unwrap_or_else(|other| panic!("answered {other:?}"))
    }

    fn request(&mut self, body: Request) {
        self.next += 1;
        let payload = Encoding::Bincode.write_request(&Envelope { id: self.next, body }).expect("a short request");
        self.send(&payload);
    }

    fn answer(&mut self) -> Answer {
        loop {
            let payload = self.receive();
            match Encoding::Bincode.read_reply(&payload).expect("a reply").body {
                Reply::Answer(answer) => return *answer,
                Reply::Push(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn send(&mut self, payload: &[u8]) {
        let mut frame = Vec::with_capacity(payload.len() + 4);
        frame.extend((payload.len() as u32).to_be_bytes());
        frame.extend(payload);
        self.write.write_all(&frame).expect("the daemon reads");
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.read.read_exact(&mut length).expect("the daemon answers");
        let mut payload = vec![0; u32::from_be_bytes(length) as usize];
        self.read.read_exact(&mut payload).expect("the daemon answers");
        payload
    }
}

fn submission(pipeline: &str, subject: &str, n: usize) -> Submit {
    let parameters = BTreeMap::from([("n".to_owned(), n.to_string())]);
    Submit { pipeline: pipeline.to_owned(), subject: subject.to_owned(), parameters }
}
