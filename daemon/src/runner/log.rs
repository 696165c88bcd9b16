//! What attempts printed, in files: the runner writes, anybody reads, also while it is being written.
//!
//! A file is [`MAGIC`] and then records: a byte for the stream, the time in milliseconds UTC (eight bytes), a length
//! (four bytes, all big endian), and that many bytes as they were printed. The last record is an empty one of the
//! stream [`END`]. A program that prints without end fills neither the disk nor our memory: of a long output the first
//! [`HEAD_BYTES_MAX`] and the last [`TAIL_BYTES_MAX`] are kept, with a note between them that says how much is missing.

mod write;

pub use write::Writer;

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

const MAGIC: &[u8; 8] = b"showlog1";
const OUT: u8 = 1;
const ERR: u8 = 2;
const NOTE: u8 = 3;
const END: u8 = 0;
const HEADER_BYTES: usize = 13;
/// The runner reads pipes in pieces of this size; no record is longer.
pub const RECORD_BYTES_MAX: usize = 64 << 10;
pub const HEAD_BYTES_MAX: u64 = 8 << 20;
pub const TAIL_BYTES_MAX: u64 = 1 << 20;

/// Where a line was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
    /// Said by the runner about the attempt: a wall that is missing, bytes that were left out.
    Note,
}

/// One line, or the part of it that had been printed when half a second passed without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Milliseconds UTC.
    pub at_ms: i64,
    pub stream: Stream,
    /// Without its end, which may also have been a carriage return. Bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// A piece of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub lines: Vec<Line>,
    /// Where the next piece begins.
    pub next: u64,
    /// The attempt has ended and nothing follows. A runner that was killed leaves logs without an end.
    pub ended: bool,
}

/// Reads about `bytes_max` of a log (at least one record) from an offset that was 0 or [`Piece::next`].
///
/// # Errors
/// When there is no such log, it is none of ours, or no record begins at the offset.
pub fn read(path: &Path, from: u64, stream: Option<Stream>, bytes_max: usize) -> io::Result<Piece> {
    let mut file = File::open(path)?;
    let mut next = from;
    if from == 0 {
        let mut magic = [0; MAGIC.len()];
        let filled = fill(&mut file, &mut magic)?;
        if filled < magic.len() {
            // Opened before the runner wrote anything.
            return Ok(Piece { lines: Vec::new(), next: 0, ended: false });
        }
        if magic != *MAGIC {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no log of an attempt"));
        }
        next = MAGIC.len() as u64;
    }
    file.seek(SeekFrom::Start(next))?;
    let wanted = bytes_max.max(HEADER_BYTES + RECORD_BYTES_MAX);
    let mut bytes = Vec::new();
    file.take(wanted as u64).read_to_end(&mut bytes)?;

    let mut piece = Piece { lines: Vec::new(), next, ended: false };
    let mut rest = bytes.as_slice();
    while let Some(record) = Record::first(rest)? {
        rest = &rest[record.bytes_all()..];
        piece.next += record.bytes_all() as u64;
        match record.stream {
            None => piece.ended = true,
            Some(from) if stream.is_none_or(|stream| stream == from || from == Stream::Note) => {
                piece.lines.extend(lines(record.bytes).map(|line| Line {
                    at_ms: record.at_ms,
                    stream: from,
                    text: String::from_utf8_lossy(line).into_owned(),
                }));
            }
            Some(_) => {}
        }
    }
    Ok(piece)
}

/// One record as it lies in the file.
struct Record<'a> {
    /// `None`: the end.
    stream: Option<Stream>,
    at_ms: i64,
    bytes: &'a [u8],
}

impl<'a> Record<'a> {
    /// The first record of these bytes; `None` when it is not there as a whole.
    fn first(bytes: &'a [u8]) -> io::Result<Option<Self>> {
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let [stream, at @ .., l0, l1, l2, l3] = *header;
        let stream = match stream {
            OUT => Some(Stream::Out),
            ERR => Some(Stream::Err),
            NOTE => Some(Stream::Note),
            END => None,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "no record of the log begins there")),
        };
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if length > RECORD_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no record of the log begins there"));
        }
        let record = rest.get(..length).map(|bytes| Self { stream, at_ms: i64::from_be_bytes(at), bytes });
        Ok(record)
    }

    fn bytes_all(&self) -> usize {
        HEADER_BYTES + self.bytes.len()
    }
}

/// Lines by line feed, carriage return or both.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            return Some(std::mem::take(&mut rest));
        };
        let line = &rest[..end];
        let both = rest[end..].starts_with(b"\r\n");
        rest = &rest[end + if both { 2 } else { 1 }..];
        Some(line)
    })
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(piece: &Piece) -> Vec<&str> {
        piece.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_log_reads_as_it_was_printed_line_by_line() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("1.log");
        let mut log = Writer::create(&path);
        log.add(Stream::Out, 1_000, b"one\ntwo\r\n\nfour\r");
        log.add(Stream::Err, 1_005, b"bad \xff byte\n");

        let first = read(&path, 0, None, 1).expect("reads");
        assert_eq!(texts(&first), ["one", "two", "", "four", "bad \u{fffd} byte"]);
        assert_eq!((first.lines[4].at_ms, first.lines[4].stream), (1_005, Stream::Err));
        assert!(!first.ended);

        log.add(Stream::Out, 1_010, b"five");
        log.end(1_020);
        let second = read(&path, first.next, Some(Stream::Out), 1).expect("reads");
        assert_eq!(texts(&second), ["five"]);
        assert!(second.ended);
        assert_eq!(texts(&read(&path, 0, Some(Stream::Err), 1).expect("reads")), ["bad \u{fffd} byte"]);
    }

    #[test]
    fn a_long_output_keeps_its_begin_and_its_end_and_says_what_is_missing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("1.log");
        let mut log = Writer::create(&path);
        let line = [b'x'; 1_023];
        let printed_max = 100_000;
        for number in 0..printed_max {
            let mut record = format!("{number:08}").into_bytes();
            record.extend(&line[8..]);
            record.push(b'\n');
            log.add(Stream::Out, number, &record);
        }
        log.end(printed_max);

        let bytes = std::fs::metadata(&path).expect("is there").len();
        assert!(bytes < HEAD_BYTES_MAX + TAIL_BYTES_MAX + (300 << 10), "{bytes}");
        let (mut from, mut all) = (0, Vec::new());
        loop {
            let piece = read(&path, from, None, 1 << 20).expect("reads");
            all.extend(piece.lines);
            from = piece.next;
            if piece.ended {
                break;
            }
        }
        assert!(all[0].text.starts_with("00000000x"));
        assert!(all.last().expect("lines").text.starts_with("00099999x"));
        let notes: Vec<_> = all.iter().filter(|line| line.stream == Stream::Note).map(|line| &*line.text).collect();
        let kept = (all.len() - notes.len()) as u64;
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert_eq!(notes[1], format!("{} bytes left out", (100_000 - kept) * 1_024));
    }

    #[test]
    fn what_is_no_log_is_refused_and_a_torn_record_is_waited_for() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("1.log");
        std::fs::write(&path, "#!/bin/sh\n").expect("writes");
        assert!(read(&path, 0, None, 1).is_err());

        let mut log = Writer::create(&path);
        log.add(Stream::Out, 5, b"whole\n");
        log.add(Stream::Out, 6, b"torn\n");
        drop(log);
        let bytes = std::fs::read(&path).expect("reads");
        std::fs::write(&path, &bytes[..bytes.len() - 2]).expect("writes");
        let piece = read(&path, 0, None, 1).expect("reads");
        assert_eq!(texts(&piece), ["whole"]);
        assert!(read(&path, piece.next + 3, None, 1).is_err(), "not where a record begins");
        std::fs::write(&path, &bytes).expect("writes");
        assert_eq!(texts(&read(&path, piece.next, None, 1).expect("reads")), ["torn"]);
    }
}
