//! Keys as bytes that sort as people would: by share, then path, then what stands below it.
//!
//! A path cannot hold a zero byte, so one ends each text that another follows.

use show_core::{BuildId, Digest, FilePath, Node, Subject};

/// Ends a text inside a key.
const END: u8 = 0;

pub fn file(file: &FilePath) -> Vec<u8> {
    let mut key = Vec::with_capacity(file.path.len() + 3);
    key.extend(file.share.0.to_be_bytes());
    key.extend(file.path.as_bytes());
    key.push(END);
    key
}

pub fn file_and(of: &FilePath, more: &str) -> Vec<u8> {
    let mut key = file(of);
    key.extend(more.as_bytes());
    key
}

pub fn file_and_digest(of: &FilePath, digest: &Digest) -> Vec<u8> {
    let mut key = file(of);
    key.extend(digest.0);
    key
}

pub fn revision(of: &FilePath, number: u64) -> Vec<u8> {
    let mut key = file(of);
    key.extend(number.to_be_bytes());
    key
}

/// The number at the end of a key made by [`revision`].
pub fn read_number(key: &[u8]) -> u64 {
    key.last_chunk::<8>().map_or(0, |number| u64::from_be_bytes(*number))
}

pub fn subject(subject: &Subject) -> Vec<u8> {
    let mut key = Vec::with_capacity(subject.path.len() + subject.pipeline.len() + 12);
    key.extend(subject.share.0.to_be_bytes());
    key.extend(subject.pipeline.as_bytes());
    key.push(END);
    key.extend(subject.path.as_bytes());
    key.push(END);
    key
}

pub fn subject_and_build(of: &Subject, build: BuildId) -> Vec<u8> {
    let mut key = subject(of);
    key.extend(build.0.to_be_bytes());
    key
}

pub fn index(of: &Subject, node: &Node) -> Vec<u8> {
    let mut key = subject(of);
    key.extend(node.step.as_bytes());
    key.push(END);
    key.extend(node.element.as_bytes());
    key
}

/// The subject and build of a key made by [`subject_and_build`].
pub fn read_subject_and_build(key: &[u8]) -> Option<(Subject, BuildId)> {
    let (front, build) = key.split_at_checked(key.len().checked_sub(8)?)?;
    let build = u64::from_be_bytes(build.try_into().ok()?);
    let (share, texts) = front.split_first_chunk::<2>()?;
    let mut texts = texts.split(|byte| *byte == END).map(|text| std::str::from_utf8(text).ok());
    let (pipeline, path) = (texts.next()??, texts.next()??);
    let subject =
        Subject { pipeline: pipeline.into(), share: show_core::ShareId(u16::from_be_bytes(*share)), path: path.into() };
    Some((subject, BuildId(build)))
}

/// The end of the range of all keys that begin with `prefix`.
pub fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}
