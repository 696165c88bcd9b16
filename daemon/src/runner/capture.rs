//! One pipe from a step: read without ever blocking, cut into lines, written to the log.

use super::log::{RECORD_BYTES_MAX, Stream, Writer};
use memchr::memrchr2;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::io::{self, PipeReader, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

/// A line that has not ended by then is shown as far as it is.
const LINE_WAIT: Duration = Duration::from_millis(500);
/// A line longer than this is written in pieces.
const LINE_BYTES_MAX: usize = 16 << 10;
/// What one pipe may hold up the others with, per turn.
const TURN_BYTES_MAX: usize = 4 * RECORD_BYTES_MAX;
/// Last words are shown in one line of a list.
const LAST_WORDS_MAX: usize = 1_000;

/// A pipe of which we have the reading end.
#[derive(Debug)]
pub struct Pipe(PipeReader);

impl Pipe {
    /// # Errors
    /// When the kernel refuses.
    pub fn new(reader: PipeReader) -> io::Result<Self> {
        fcntl(reader.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self(reader))
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// What is there, up to the bound of one turn. False: nothing will come any more.
    pub fn read(&mut self, buffer: &mut [u8], mut take: impl FnMut(&[u8])) -> bool {
        let mut left = TURN_BYTES_MAX;
        while left > 0 {
            match self.0.read(buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    take(&buffer[..count]);
                    left = left.saturating_sub(count);
                }
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return true,
                Err(cause) if cause.raw_os_error() == Some(Errno::EINTR as i32) => {}
                Err(_) => return false,
            }
        }
        true
    }
}

/// A stream on its way into the log.
#[derive(Debug)]
pub struct Capture {
    stream: Stream,
    /// The begin of a line whose end has not come, and since when.
    partial: Vec<u8>,
    since: Option<Instant>,
    last_words: Vec<u8>,
}

impl Capture {
    pub fn new(stream: Stream) -> Self {
        Self { stream, partial: Vec::new(), since: None, last_words: Vec::new() }
    }

    pub fn add(&mut self, bytes: &[u8], log: &mut Writer, now: Instant, at_ms: i64) {
        let whole = memrchr2(b'\n', b'\r', bytes).map_or(0, |end| end + 1);
        let (ended, begun) = bytes.split_at(whole);
        if !ended.is_empty() {
            self.partial.extend(ended);
            self.flush(log, at_ms);
        }
        if !begun.is_empty() {
            self.since.get_or_insert(now);
            self.partial.extend(begun);
            if self.partial.len() > LINE_BYTES_MAX {
                self.flush(log, at_ms);
            }
        }
    }

    /// When the begun line is due.
    pub fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + LINE_WAIT)
    }

    /// Writes what is there, be it a whole line or not.
    pub fn flush(&mut self, log: &mut Writer, at_ms: i64) {
        if self.partial.is_empty() {
            return;
        }
        let words = last_words(&self.partial);
        if !words.is_empty() {
            self.last_words.clear();
            self.last_words.extend(&words[..words.len().min(LAST_WORDS_MAX)]);
        }
        log.add(self.stream, at_ms, &self.partial);
        self.partial.clear();
        self.since = None;
    }

    /// The last line that was not blank.
    pub fn last_words(&self) -> String {
        String::from_utf8_lossy(&self.last_words).into_owned()
    }
}

/// The last line that is not blank; empty when all are.
fn last_words(bytes: &[u8]) -> &[u8] {
    let text = bytes.trim_ascii_end();
    let begin = memrchr2(b'\n', b'\r', text).map_or(0, |end| end + 1);
    text[begin..].trim_ascii_start()
}
