//! Placeholders for ids that do not exist yet: `{{new-id:SOT}}`.

use super::Minted;
use std::collections::BTreeMap;

const OPEN: &str = "{{new-id:";
const CLOSE: &str = "}}";

/// Ids by the place they were made for, and the one who makes more.
pub(super) struct Mint<'m> {
    pub(super) bound: BTreeMap<String, String>,
    pub(super) minted: Vec<Minted>,
    make: &'m mut dyn FnMut(&str, &str) -> Option<String>,
}

impl<'m> Mint<'m> {
    pub(super) fn new(bindings: &[Minted], make: &'m mut dyn FnMut(&str, &str) -> Option<String>) -> Self {
        let bound = bindings.iter().map(|minted| (minted.place.clone(), minted.id.clone())).collect();
        Self { bound, minted: Vec::new(), make }
    }

    /// The text with every placeholder that is bound replaced; the others stay.
    pub(super) fn known(&self, text: &str, place: &str) -> String {
        replace(text, place, |place, _| self.bound.get(place).cloned()).0
    }

    /// The text with every placeholder replaced. `None`: an id could not be made.
    pub(super) fn fill(&mut self, text: &str, place: &str) -> Option<String> {
        let (filled, complete) = replace(text, place, |place, prefix| {
            if let Some(id) = self.bound.get(place) {
                return Some(id.clone());
            }
            let id = (self.make)(place, prefix)?;
            self.bound.insert(place.to_owned(), id.clone());
            self.minted.push(Minted { place: place.to_owned(), id: id.clone() });
            Some(id)
        });
        complete.then_some(filled)
    }
}

/// The first placeholder of a text has the place's own name, further ones are numbered.
fn replace(text: &str, place: &str, mut id: impl FnMut(&str, &str) -> Option<String>) -> (String, bool) {
    let mut filled = String::with_capacity(text.len());
    let (mut rest, mut number, mut complete) = (text, 0, true);
    while let Some(begin) = rest.find(OPEN) {
        let Some(length) = rest[begin + OPEN.len()..].find(CLOSE) else { break };
        let end = begin + OPEN.len() + length + CLOSE.len();
        let numbered = if number == 0 { place.to_owned() } else { format!("{place} {number}") };
        number += 1;
        filled.push_str(&rest[..begin]);
        let made = id(&numbered, &rest[begin + OPEN.len()..end - CLOSE.len()]);
        complete &= made.is_some();
        filled.push_str(made.as_deref().unwrap_or(&rest[begin..end]));
        rest = &rest[end..];
    }
    filled.push_str(rest);
    (filled, complete)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_gets_one_id_however_often_it_is_asked_for() {
        let mut count = 0;
        let mut make = |_: &str, prefix: &str| {
            count += 1;
            Some(format!("{prefix}{count}"))
        };
        let mut mint = Mint::new(&[Minted { place: "old".into(), id: "X".into() }], &mut make);
        assert_eq!(mint.known("{{new-id:SOT}}", "a"), "{{new-id:SOT}}");
        assert_eq!(mint.fill("{{new-id:SOT}} {{new-id:FSQ}}", "a").unwrap(), "SOT1 FSQ2");
        assert_eq!(mint.fill("{{new-id:SOT}} {{new-id:FSQ}}", "a").unwrap(), "SOT1 FSQ2");
        assert_eq!(mint.fill("{{new-id:SOT}}", "old").unwrap(), "X");
        assert_eq!(mint.fill("{{new-id:SOT", "b").unwrap(), "{{new-id:SOT");
        assert_eq!(mint.minted.len(), 2);
    }

    #[test]
    fn without_an_id_nothing_is_filled() {
        let mut none = |_: &str, _: &str| None;
        assert_eq!(Mint::new(&[], &mut none).fill("{{new-id:SOT}}", "a"), None);
    }
}
