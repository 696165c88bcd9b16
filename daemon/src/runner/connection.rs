//! The one connection to the daemon: frames in, frames out, never waiting for either.

use super::wire::{FRAME_BYTES_MAX, FromRunner, ToRunner, frame};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;

/// A daemon that leaves this much unread has hung; it gets everything again when it comes back.
const UNREAD_BYTES_MAX: usize = 64 << 20;
/// With this much unread there is no point in saying how far an attempt is.
const CROWDED_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Connection {
    /// # Errors
    /// When the kernel refuses.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, input: Vec::new(), output: Vec::new() })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    pub fn is_crowded(&self) -> bool {
        self.output.len() > CROWDED_BYTES
    }

    /// What has arrived, also what the other end said last before it went. Messages of a newer daemon that we do not
    /// know are left out.
    pub fn receive(&mut self) -> (Vec<ToRunner>, io::Result<()>) {
        let mut messages = Vec::new();
        let end = self.read().and_then(|is_open| {
            self.cut(&mut messages)?;
            if is_open { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
        });
        (messages, end)
    }

    /// False: nothing will come any more.
    fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 << 10];
        while self.input.len() <= FRAME_BYTES_MAX as usize {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => self.input.extend(&buffer[..count]),
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => break,
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(true)
    }

    fn cut(&mut self, messages: &mut Vec<ToRunner>) -> io::Result<()> {
        let mut rest = self.input.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length);
            if length > FRAME_BYTES_MAX {
                return Err(io::Error::new(ErrorKind::InvalidData, format!("a frame of {length} bytes")));
            }
            let Some((payload, after)) = after.split_at_checked(length as usize) else { break };
            match serde_json::from_slice(payload) {
                Ok(message) => messages.push(message),
                Err(cause) => eprintln!("left out a message: {cause}"),
            }
            rest = after;
        }
        let used = self.input.len() - rest.len();
        self.input.drain(..used);
        Ok(())
    }

    /// Queues a message; [`Self::flush`] sends it.
    pub fn send(&mut self, message: &FromRunner) {
        self.output.extend(frame(message));
    }

    /// Sends as much as the other end takes now.
    ///
    /// # Errors
    /// When the other end is gone, or has not read for too long.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(count) => drop(self.output.drain(..count)),
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => break,
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
        if self.output.len() > UNREAD_BYTES_MAX {
            return Err(io::Error::other("the daemon does not read"));
        }
        Ok(())
    }
}
