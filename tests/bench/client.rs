//! A blocking client that keeps several requests in flight, over the real socket in bincode.

use show_protocol::ask::{Cancel, Job, Jobs, Submit, Wait};
use show_protocol::{Answer, Ask, Encoding, Envelope, Hello, JobId, JobsView, Reply, Request, Welcome};
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

    /// `count` submissions with `in_flight` unanswered at any time.
    pub fn submit_many(
        &mut self,
        pipeline: &str,
        subject: &str,
        count: usize,
        in_flight: usize,
        first: usize,
    ) -> Vec<JobId> {
        let mut jobs = Vec::with_capacity(count);
        for n in 0..count {
            self.request(submission(pipeline, subject, first + n).into());
            if n >= in_flight {
                jobs.extend(self.submitted());
            }
        }
        for _ in 0..count.min(in_flight) {
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

    /// When the program of a job's attempt was running, by its own clock: the built-in `noop` says so in its result.
    pub fn started(&mut self, job: JobId) -> Duration {
        let view = self.ask(Job { job });
        let fact = view.facts.iter().find(|fact| fact.name == "started_us").expect("noop says when it started");
        Duration::from_micros(fact.value.parse().expect("microseconds"))
    }

    pub fn newest(&mut self, step: &str) -> Option<JobId> {
        let JobsView { jobs, .. } = self.ask(Jobs { limit: Some(1), ..Jobs::default() });
        jobs.first().filter(|job| job.pipeline == step).map(|job| job.job)
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
