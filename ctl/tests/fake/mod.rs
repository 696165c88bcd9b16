//! A daemon of our own making at the end of a real socket, and the real `showctl` against it.
#![allow(dead_code, reason = "each test that includes this uses its part")]

use show_protocol::{Encoding, Envelope, Hello, Reply, Request, Welcome, greet};
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// What the fake does about a request.
pub enum Say {
    /// Under the number of the request.
    Reply(Reply),
    /// Under another number.
    For(u64, Reply),
    /// These bytes as they are, no frame around them.
    Bytes(Vec<u8>),
    /// Closes the connection.
    HangUp,
}

impl<T: Into<Reply>> From<T> for Say {
    fn from(reply: T) -> Self {
        Self::Reply(reply.into())
    }
}

type Answers = dyn Fn(u64, &Request) -> Vec<Say> + Send + Sync;

/// A fake daemon. Its threads end with the test.
pub struct Fake {
    pub dir: TempDir,
    asked: Arc<Mutex<Vec<Request>>>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Fake {
    /// A daemon that answers every request by `answers`, which gets the request and its number.
    pub fn new(answers: impl Fn(u64, &Request) -> Vec<Say> + Send + Sync + 'static) -> Self {
        let fake = Self { dir: tempfile::tempdir().unwrap(), asked: Arc::default() };
        let listener = UnixListener::bind(fake.socket()).unwrap();
        let (answers, asked): (Arc<Answers>, _) = (Arc::new(answers), fake.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answers, asked) = (answers.clone(), asked.clone());
                std::thread::spawn(move || serve(stream, &*answers, &asked));
            }
        });
        fake
    }

    /// A daemon that gives this answer, whatever is asked.
    pub fn always(reply: impl Into<Reply>) -> Self {
        let reply = reply.into();
        Self::new(move |_, _| vec![reply.clone().into()])
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("showd.sock")
    }

    /// Every request so far, oldest first.
    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    /// `showctl` with these words, split at blanks.
    pub fn command(&self, words: &str) -> Command {
        let mut command = showctl();
        command.env("SHOWD_SOCKET", self.socket()).args(words.split_whitespace()).current_dir(self.dir.path());
        command
    }

    pub fn run(&self, words: &str) -> Ran {
        run(self.command(words))
    }
}

/// `showctl` as a script would find it: no terminal, no daemon, 80 columns.
pub fn showctl() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_showctl"));
    command.stdin(Stdio::null()).env("COLUMNS", "80").env("TZ", "UTC");
    command.env_remove("SHOWD_SOCKET").env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

pub fn run(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn serve(mut stream: UnixStream, answers: &Answers, asked: &Mutex<Vec<Request>>) {
    let Some(hello) = read(&mut stream) else { return };
    let welcome = greet(&Hello::read(&hello).unwrap(), "showd 0.1.0");
    write(&mut stream, &welcome.write());
    let Welcome::Welcome { encoding, .. } = welcome else { return };
    while let Some(payload) = read(&mut stream) {
        let request = encoding.read_request(&payload).unwrap();
        asked.lock().unwrap().push(request.body.clone());
        for say in answers(request.id, &request.body) {
            match say {
                Say::Reply(reply) => write(&mut stream, &payload_of(encoding, request.id, reply)),
                Say::For(id, reply) => write(&mut stream, &payload_of(encoding, id, reply)),
                Say::Bytes(bytes) => {
                    let _ = stream.write_all(&bytes);
                }
                Say::HangUp => return,
            }
        }
    }
}

fn payload_of(encoding: Encoding, id: u64, body: Reply) -> Vec<u8> {
    encoding.write_reply(&Envelope { id, body }).unwrap()
}

/// Frames by hand, so that the client's codec is checked against the document and not against itself.
fn read(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let mut payload = vec![0; u32::from_be_bytes(head) as usize];
    stream.read_exact(&mut payload).ok()?;
    Some(payload)
}

fn write(stream: &mut UnixStream, payload: &[u8]) {
    let head = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let _ = stream.write_all(&[&head, payload].concat());
}
