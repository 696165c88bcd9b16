//! Action keys: a digest over one canonical form of everything that can change a result.
//!
//! Every part is a name and a value, each written with its length before it, so no two lists of parts have the same
//! bytes. The parts are kept beside the key, shortened, so that people can be told what changed.

use crate::{Digest, Element, Field};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A name and a value for people: `("in.source preshow/kettle.mp4", "1f3a…")`.
pub(crate) type Part = (String, String);

/// Builds a key part by part.
pub(crate) struct KeyMaker {
    hash: blake3::Hasher,
    parts: Vec<Part>,
}

impl KeyMaker {
    pub fn new() -> Self {
        let mut hash = blake3::Hasher::new();
        hash.update(FORM);
        Self { hash, parts: Vec::new() }
    }

    /// Adds one part. The order of parts is part of the key.
    pub fn add(&mut self, name: &str, value: &str) {
        self.feed(name.as_bytes());
        self.feed(value.as_bytes());
        self.parts.push((name.to_owned(), value.to_owned()));
    }

    /// Adds one input: its files, lists or results. Long ones are told apart by their digest alone.
    pub fn add_input(&mut self, role: &str, values: &[Part]) {
        self.feed(role.as_bytes());
        self.feed(&(values.len() as u64).to_le_bytes());
        for (name, value) in values {
            self.feed(name.as_bytes());
            self.feed(value.as_bytes());
        }
        if values.len() <= TOLD_MAX {
            self.parts.extend(values.iter().map(|(name, value)| (format!("in.{role} {name}"), value.clone())));
        } else {
            let all = digest_of(values.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
            self.parts.push((format!("in.{role}"), format!("{} entries, {all}", values.len())));
        }
    }

    pub fn finish(self) -> (Digest, Vec<Part>) {
        (Digest(*self.hash.finalize().as_bytes()), self.parts)
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.hash.update(&(bytes.len() as u64).to_le_bytes());
        self.hash.update(bytes);
    }
}

/// The digest of a list of byte strings; where one ends and the next begins counts.
pub(crate) fn digest_of<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Digest {
    let mut hash = blake3::Hasher::new();
    for piece in pieces {
        hash.update(&(piece.len() as u64).to_le_bytes());
        hash.update(piece);
    }
    Digest(*hash.finalize().as_bytes())
}

/// The digest of the elements of a list, fields and all, in their order.
pub(crate) fn digest_of_elements(elements: &[Element]) -> Digest {
    let texts: Vec<String> = elements
        .iter()
        .flat_map(|element| {
            let fields = element.fields.iter().flat_map(|(name, field)| [name.clone(), word(field)]);
            [element.id.as_ref().to_owned(), format!("{}", element.fields.len())].into_iter().chain(fields)
        })
        .collect();
    digest_of(texts.iter().map(String::as_bytes))
}

/// A field as canonical text; texts, flags and numbers never look alike.
pub(crate) fn word(field: &Field) -> String {
    match field {
        Field::Text(text) => format!("\"{text}\""),
        Field::Flag(flag) => format!("{flag}"),
        Field::Number(number) => format!("{number}"),
    }
}

/// What differs between two lists of parts, as one line: `in.source preshow/kettle.mp4 changed`.
pub(crate) fn difference(was: &[Part], is: &[Part]) -> String {
    let mut said: Vec<String> = Vec::new();
    for (name, value) in is {
        match was.iter().find(|(other, _)| other == name) {
            Some((_, before)) if before == value => {}
            Some(_) => said.push(format!("{name} changed")),
            None => said.push(format!("{name} is new")),
        }
    }
    let gone = was.iter().filter(|(name, _)| !is.iter().any(|(other, _)| other == name));
    said.extend(gone.map(|(name, _)| format!("{name} is gone")));
    if said.len() > SAID_MAX {
        let more = said.len() - SAID_MAX;
        said.truncate(SAID_MAX);
        said.push(format!("and {more} more"));
    }
    if said.is_empty() { "asked to run again".to_owned() } else { said.join(", ") }
}

/// Changes when the canonical form does, so that keys of different forms never meet.
const FORM: &[u8] = b"show-build action key 1";
/// Above this an input is told as one digest: rows stay small, and nobody reads a hundred digests.
const TOLD_MAX: usize = 32;
/// A line that people read.
const SAID_MAX: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn key(parts: &[(&str, &str)]) -> Digest {
        let mut maker = KeyMaker::new();
        for (name, value) in parts {
            maker.add(name, value);
        }
        maker.finish().0
    }

    #[test]
    fn moving_a_byte_from_one_part_to_the_next_changes_the_key() {
        assert_ne!(key(&[("a", "bc")]), key(&[("ab", "c")]));
        assert_ne!(key(&[("a", ""), ("b", "")]), key(&[("a", "b")]));
        assert_eq!(key(&[("a", "b")]), key(&[("a", "b")]));
    }

    #[test]
    fn a_long_input_counts_entry_by_entry_and_is_told_in_one_line() {
        let values = |last: &str| {
            (0..40).map(|n| (format!("{n}.md"), if n == 39 { last.to_owned() } else { "x".to_owned() })).collect()
        };
        let make = |values: Vec<Part>| {
            let mut maker = KeyMaker::new();
            maker.add_input("items", &values);
            maker.finish()
        };
        let (one, told) = make(values("x"));
        let (two, _) = make(values("y"));
        assert_ne!(one, two);
        assert_eq!(told.len(), 1);
    }

    #[test]
    fn a_difference_is_told_in_one_line() {
        let part = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let was = vec![part("version", "1"), part("in.a x", "1"), part("in.a y", "1")];
        let is = vec![part("version", "1"), part("in.a x", "2"), part("in.a z", "1")];
        assert_eq!(difference(&was, &is), "in.a x changed, in.a z is new, in.a y is gone");
    }
}
