//! The writing end of a log: bounded, and never a reason to fail. A full disk costs the log and not the attempt.

use super::{END, ERR, HEAD_BYTES_MAX, HEADER_BYTES, MAGIC, NOTE, OUT, RECORD_BYTES_MAX, Stream, TAIL_BYTES_MAX};
use std::collections::VecDeque;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// A record that is not written yet.
type Held = (Stream, i64, Box<[u8]>);

#[derive(Debug)]
pub struct Writer {
    /// `None`: it could not be made or written; everything is then left out.
    file: Option<File>,
    written: u64,
    /// Once the head is full: the latest records, written at the end.
    tail: Option<VecDeque<Held>>,
    tail_bytes: u64,
    left_out: u64,
}

impl Writer {
    /// Makes the file and the directories above it; an existing one is overwritten.
    pub fn create(path: &Path) -> Self {
        let make = || {
            if let Some(dir) = path.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
            }
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
            file.write_all(MAGIC)?;
            Ok::<_, std::io::Error>(file)
        };
        let file = make().inspect_err(|cause| eprintln!("could not make {}: {cause}", path.display())).ok();
        Self { file, written: 0, tail: None, tail_bytes: 0, left_out: 0 }
    }

    /// Takes up a log whose writer was killed, perhaps in the middle of a record, to end it. What that one held back
    /// is gone.
    pub fn take_up(path: &Path) -> Self {
        let open = || {
            let whole = super::read(path, 0, None, (HEAD_BYTES_MAX + 2 * TAIL_BYTES_MAX) as usize)?.next;
            let file = OpenOptions::new().append(true).open(path)?;
            file.set_len(whole)?;
            Ok::<_, std::io::Error>(file)
        };
        Self { file: open().ok(), written: 0, tail: None, tail_bytes: 0, left_out: 0 }
    }

    pub fn add(&mut self, stream: Stream, at_ms: i64, bytes: &[u8]) {
        for piece in bytes.chunks(RECORD_BYTES_MAX) {
            self.add_record(stream, at_ms, piece);
        }
    }

    fn add_record(&mut self, stream: Stream, at_ms: i64, bytes: &[u8]) {
        let length = (HEADER_BYTES + bytes.len()) as u64;
        if self.tail.is_none() && self.written + length > HEAD_BYTES_MAX {
            self.tail = Some(VecDeque::new());
            let note =
                format!("the first {} MiB are above; the end follows when the attempt ends", HEAD_BYTES_MAX >> 20);
            self.write(NOTE, at_ms, note.as_bytes());
        }
        let Some(tail) = &mut self.tail else {
            self.written += length;
            return self.write(byte(stream), at_ms, bytes);
        };
        tail.push_back((stream, at_ms, bytes.into()));
        self.tail_bytes += length;
        while self.tail_bytes > TAIL_BYTES_MAX {
            let Some((_, _, oldest)) = tail.pop_front() else { break };
            self.tail_bytes -= (HEADER_BYTES + oldest.len()) as u64;
            self.left_out += oldest.len() as u64;
        }
    }

    /// Writes what was held back, and the end.
    pub fn end(mut self, at_ms: i64) {
        if self.left_out > 0 {
            self.write(NOTE, at_ms, format!("{} bytes left out", self.left_out).as_bytes());
        }
        for (stream, at_ms, bytes) in self.tail.take().unwrap_or_default() {
            self.write(byte(stream), at_ms, &bytes);
        }
        self.write(END, at_ms, b"");
    }

    fn write(&mut self, stream: u8, at_ms: i64, bytes: &[u8]) {
        let Some(file) = &mut self.file else {
            self.left_out += bytes.len() as u64;
            return;
        };
        let mut record = Vec::with_capacity(HEADER_BYTES + bytes.len());
        record.push(stream);
        record.extend(at_ms.to_be_bytes());
        record.extend((bytes.len() as u32).to_be_bytes());
        record.extend(bytes);
        // After half a record nothing would be readable, so a log that failed once is over.
        if let Err(cause) = file.write_all(&record) {
            eprintln!("could not write a log: {cause}");
            self.file = None;
        }
    }
}

fn byte(stream: Stream) -> u8 {
    match stream {
        Stream::Out => OUT,
        Stream::Err => ERR,
        Stream::Note => NOTE,
    }
}
