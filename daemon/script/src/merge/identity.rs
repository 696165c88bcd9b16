//! Which cue of one text is which of another.
//!
//! By what tells a cue from all others, in this order: its whole text; its AssetID; its slug and type; its place behind
//! a cue that is known. Nothing is guessed: a cue that could be two of the other text is neither.

use super::note::Note;
use super::three::Three;
use crate::cue::Cue;
use crate::enumerate::without_number;
use crate::field::is_placeholder;
use crate::id::IdClass;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// One cue, by its place among the cues of each text that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Node {
    pub places: Three<Option<usize>>,
}

#[derive(Debug, Default)]
pub(super) struct Nodes {
    pub nodes: Vec<Node>,
    /// By the place of a cue; `None`: one of several that nothing tells apart, or no element.
    pub of: Three<Vec<Option<usize>>>,
}

impl Nodes {
    pub fn find(notes: &Three<Note<'_>>) -> Self {
        let twins = twins(notes);
        let cards = notes.as_ref().map(|note| cards(note, &twins));
        let mut found = Self { nodes: Vec::new(), of: notes.as_ref().map(|note| vec![None; note.document.cues.len()]) };
        for card in &cards.base {
            found.of.base[card.place] = Some(found.nodes.len());
            found.nodes.push(Node { places: Three::new(Some(card.place), None, None) });
        }
        for (base, ours) in pairs(&cards.base, &cards.ours, true) {
            let node = found.of.base[base].expect("every card of base has a node");
            found.of.ours[ours] = Some(node);
            found.nodes[node].places.ours = Some(ours);
        }
        for (base, theirs) in pairs(&cards.base, &cards.theirs, true) {
            let node = found.of.base[base].expect("every card of base has a node");
            found.of.theirs[theirs] = Some(node);
            found.nodes[node].places.theirs = Some(theirs);
        }
        found.add_new(&cards);
        found
    }

    /// Cues that base does not have; where both sides have the same new one it is one.
    fn add_new(&mut self, cards: &Three<Vec<Card<'_>>>) {
        let ours: Vec<_> = cards.ours.iter().copied().filter(|card| self.of.ours[card.place].is_none()).collect();
        let theirs: Vec<_> = cards.theirs.iter().copied().filter(|card| self.of.theirs[card.place].is_none()).collect();
        let both: HashMap<usize, usize> = pairs(&ours, &theirs, false).into_iter().collect();
        for card in &ours {
            let partner = both.get(&card.place).copied();
            self.of.ours[card.place] = Some(self.nodes.len());
            if let Some(partner) = partner {
                self.of.theirs[partner] = Some(self.nodes.len());
            }
            self.nodes.push(Node { places: Three::new(None, Some(card.place), partner) });
        }
        for card in theirs {
            if self.of.theirs[card.place].is_none() {
                self.of.theirs[card.place] = Some(self.nodes.len());
                self.nodes.push(Node { places: Three::new(None, None, Some(card.place)) });
            }
        }
    }
}

/// What a cue is known by.
#[derive(Debug, Clone, Copy)]
struct Card<'t> {
    place: usize,
    text: &'t str,
    kind: &'t str,
    /// Without its number; empty when there is none.
    slug: &'t str,
    /// Empty when there is none.
    id: &'t str,
    /// The id is nobody's stop-gap: another one means another cue.
    is_settled: bool,
}

impl<'t> Card<'t> {
    fn new(place: usize, text: &'t str, cue: &Cue<'t>) -> Self {
        let given = |value: &'t str| if is_placeholder(value) { "" } else { value };
        let slug = given(cue.slug());
        Self {
            place,
            text,
            kind: cue.type_word(),
            slug: without_number(slug, cue.given("Enumerator")),
            id: given(cue.asset_id()),
            is_settled: matches!(cue.id_class(), IdClass::Ours | IdClass::Foreign),
        }
    }

    /// Nothing says that they are two.
    fn may_be(&self, other: &Self) -> bool {
        let agree = |one: &str, other: &str| one.is_empty() || other.is_empty() || one.eq_ignore_ascii_case(other);
        !self.differs_in_id(other) && agree(self.kind, other.kind) && agree(self.slug, other.slug)
    }

    fn differs_in_id(&self, other: &Self) -> bool {
        self.is_settled && other.is_settled && self.id != other.id
    }
}

/// The texts of cues of which one note has several.
fn twins<'t>(notes: &Three<Note<'t>>) -> HashSet<&'t str> {
    let mut twins = HashSet::new();
    for note in [&notes.base, &notes.ours, &notes.theirs] {
        let mut seen = HashSet::new();
        twins.extend(note.cues().map(|(_, lines)| lines.text).filter(|text| !seen.insert(*text)));
    }
    twins
}

fn cards<'t>(note: &Note<'t>, twins: &HashSet<&str>) -> Vec<Card<'t>> {
    let single = note.cues().filter(|(_, lines)| !twins.contains(lines.text));
    single.map(|(place, lines)| Card::new(place, lines.text, &note.document.cues[place])).collect()
}

/// The places of the cues that are the same.
fn pairs(one: &[Card<'_>], other: &[Card<'_>], by_place: bool) -> Vec<(usize, usize)> {
    let mut pairing = Pairing { one, other, of_one: vec![None; one.len()], of_other: vec![None; other.len()] };
    pairing.by(|card| Some(card.text));
    pairing.by(|card| Some(card.id).filter(|id| !id.is_empty()));
    pairing.by(|card| Some((card.kind.to_ascii_uppercase(), card.slug)).filter(|_| !card.slug.is_empty()));
    if by_place {
        pairing.by_place();
    }
    let found = pairing.of_one.iter().enumerate();
    found.filter_map(|(at, partner)| partner.map(|partner| (one[at].place, other[partner].place))).collect()
}

struct Pairing<'c, 't> {
    one: &'c [Card<'t>],
    other: &'c [Card<'t>],
    of_one: Vec<Option<usize>>,
    of_other: Vec<Option<usize>>,
}

impl<'t> Pairing<'_, 't> {
    /// Pairs what has no partner yet and agrees in something that no other one on either side has.
    fn by<K: Hash + Eq>(&mut self, key: impl Fn(&Card<'t>) -> Option<K>) {
        let one = single(self.one, &self.of_one, &key);
        let other = single(self.other, &self.of_other, &key);
        for (key, at) in one {
            let (Some(at), Some(Some(partner))) = (at, other.get(&key).copied()) else { continue };
            if !self.one[at].differs_in_id(&self.other[partner]) {
                self.pair(at, partner);
            }
        }
    }

    /// Pairs those that stand behind the same partner, one after the other, when they are as many and may all be.
    fn by_place(&mut self) {
        let one = behind(&self.of_one, Some);
        let other = behind(&self.of_other, |at| self.of_other[at]);
        for (place, mine) in one {
            let Some(yours) = other.get(&place) else { continue };
            let fits = mine.len() == yours.len()
                && mine.iter().zip(yours).all(|(&mine, &yours)| self.one[mine].may_be(&self.other[yours]));
            if fits {
                mine.iter().zip(yours).for_each(|(&mine, &yours)| self.pair(mine, yours));
            }
        }
    }

    fn pair(&mut self, one: usize, other: usize) {
        self.of_one[one] = Some(other);
        self.of_other[other] = Some(one);
    }
}

/// Of those without a partner: what only one has, and which one; `None` where several have it.
fn single<'t, K: Hash + Eq>(
    cards: &[Card<'t>],
    partners: &[Option<usize>],
    key: impl Fn(&Card<'t>) -> Option<K>,
) -> HashMap<K, Option<usize>> {
    let mut single = HashMap::new();
    for (at, card) in cards.iter().enumerate().filter(|(at, _)| partners[*at].is_none()) {
        if let Some(key) = key(card) {
            single.entry(key).and_modify(|at| *at = None).or_insert(Some(at));
        }
    }
    single
}

/// Those without a partner by the last one before them that has one; `name` says what that one is called.
fn behind(partners: &[Option<usize>], name: impl Fn(usize) -> Option<usize>) -> HashMap<Option<usize>, Vec<usize>> {
    let mut behind: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    let mut last = None;
    for (at, partner) in partners.iter().enumerate() {
        if partner.is_some() {
            last = name(at);
        } else {
            behind.entry(last).or_default().push(at);
        }
    }
    behind
}
