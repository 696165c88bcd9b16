//! Which cue of one text is which of another.
//!
//! By what tells a cue from all others, in this order: its whole text; its AssetID; its slug and type; its place behind
//! a cue that is known. Nothing is guessed: a cue that could be two of the other text is neither.

use super::note::Note;
use super::three::Three;
use crate::cue::Cue;
use crate::enumerate::without_number;
use crate::field::{Field, is_placeholder};
use crate::id::IdClass;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// One cue, by its place among the cues of each text that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Node {
    pub places: Three<Option<usize>>,
    /// Known by its place alone, and most of what it says is new: as well another cue that was put there.
    pub is_doubtful: bool,
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
            found.nodes.push(Node { places: Three::new(Some(card.place), None, None), is_doubtful: false });
        }
        for Pair { one, other, is_doubtful } in pairs(&cards.base, &cards.ours, true) {
            let node = found.of.base[one].expect("every card of base has a node");
            found.of.ours[other] = Some(node);
            found.nodes[node].places.ours = Some(other);
            found.nodes[node].is_doubtful |= is_doubtful;
        }
        for Pair { one, other, is_doubtful } in pairs(&cards.base, &cards.theirs, true) {
            let node = found.of.base[one].expect("every card of base has a node");
            found.of.theirs[other] = Some(node);
            found.nodes[node].places.theirs = Some(other);
            found.nodes[node].is_doubtful |= is_doubtful;
        }
        found.add_new(&cards);
        found
    }

    /// Cues that base does not have; where both sides have the same new one it is one.
    fn add_new(&mut self, cards: &Three<Vec<Card<'_, '_>>>) {
        let ours: Vec<_> = cards.ours.iter().copied().filter(|card| self.of.ours[card.place].is_none()).collect();
        let theirs: Vec<_> = cards.theirs.iter().copied().filter(|card| self.of.theirs[card.place].is_none()).collect();
        let both: HashMap<usize, usize> =
            pairs(&ours, &theirs, false).iter().map(|pair| (pair.one, pair.other)).collect();
        for card in &ours {
            let partner = both.get(&card.place).copied();
            self.of.ours[card.place] = Some(self.nodes.len());
            if let Some(partner) = partner {
                self.of.theirs[partner] = Some(self.nodes.len());
            }
            self.nodes.push(Node { places: Three::new(None, Some(card.place), partner), is_doubtful: false });
        }
        for card in theirs {
            if self.of.theirs[card.place].is_none() {
                self.of.theirs[card.place] = Some(self.nodes.len());
                self.nodes.push(Node { places: Three::new(None, None, Some(card.place)), is_doubtful: false });
            }
        }
    }
}

/// What a cue is known by.
#[derive(Debug, Clone, Copy)]
struct Card<'n, 't> {
    place: usize,
    text: &'t str,
    kind: &'t str,
    /// Without its number; empty when there is none.
    slug: &'t str,
    /// Empty when there is none.
    id: &'t str,
    /// The id is nobody's stop-gap: another one means another cue.
    is_settled: bool,
    fields: &'n [Field<'t>],
}

impl<'n, 't> Card<'n, 't> {
    fn new(place: usize, text: &'t str, cue: &'n Cue<'t>) -> Self {
        let given = |value: &'t str| if is_placeholder(value) { "" } else { value };
        let slug = given(cue.slug());
        Self {
            place,
            text,
            kind: cue.type_word(),
            slug: without_number(slug, cue.given("Enumerator")),
            id: given(cue.asset_id()),
            is_settled: matches!(cue.id_class(), IdClass::Ours | IdClass::Foreign),
            fields: cue.fields(),
        }
    }

    /// Nothing says that they are two.
    fn may_be(&self, other: &Self) -> bool {
        let agree = |one: &str, other: &str| one.is_empty() || other.is_empty() || one.eq_ignore_ascii_case(other);
        !self.differs_in_id(other) && agree(self.kind, other.kind) && agree(self.slug, other.slug)
    }

    /// At least half of what this one says is in the other one too.
    fn says_half_of(&self, other: &Self) -> bool {
        let says = self.fields.iter().filter(|field| !field.is("Type") && !is_placeholder(field.value.text));
        let (all, kept) = says.fold((0, 0), |(all, kept), field| {
            let is_kept = |kept: &Field<'_>| kept.is(field.label.text) && kept.value.text == field.value.text;
            (all + 1, kept + usize::from(other.fields.iter().any(is_kept)))
        });
        kept * 2 >= all
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

fn cards<'n, 't>(note: &'n Note<'t>, twins: &HashSet<&str>) -> Vec<Card<'n, 't>> {
    let single = note.cues().filter(|(_, lines)| !twins.contains(lines.text));
    single.map(|(place, lines)| Card::new(place, lines.text, &note.document.cues[place])).collect()
}

/// The places of a cue in two texts.
struct Pair {
    one: usize,
    other: usize,
    is_doubtful: bool,
}

/// The cues that are the same.
fn pairs(one: &[Card<'_, '_>], other: &[Card<'_, '_>], by_place: bool) -> Vec<Pair> {
    let mut pairing = Pairing { one, other, of_one: vec![None; one.len()], of_other: vec![None; other.len()] };
    pairing.by(|card| Some(card.text));
    pairing.by(|card| Some(card.id).filter(|id| !id.is_empty()));
    pairing.by(|card| Some((card.kind.to_ascii_uppercase(), card.slug)).filter(|_| !card.slug.is_empty()));
    let sure = pairing.of_one.clone();
    if by_place {
        pairing.by_place();
    }
    let found = pairing.of_one.iter().enumerate().filter_map(|(at, partner)| Some((at, (*partner)?)));
    let pair = |(at, partner): (usize, usize)| Pair {
        one: one[at].place,
        other: other[partner].place,
        is_doubtful: sure[at].is_none() && !one[at].says_half_of(&other[partner]),
    };
    found.map(pair).collect()
}

struct Pairing<'c, 'n, 't> {
    one: &'c [Card<'n, 't>],
    other: &'c [Card<'n, 't>],
    of_one: Vec<Option<usize>>,
    of_other: Vec<Option<usize>>,
}

impl<'n, 't> Pairing<'_, 'n, 't> {
    /// Pairs what has no partner yet and agrees in something that no other one on either side has.
    fn by<K: Hash + Eq>(&mut self, key: impl Fn(&Card<'n, 't>) -> Option<K>) {
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
fn single<'n, 't, K: Hash + Eq>(
    cards: &[Card<'n, 't>],
    partners: &[Option<usize>],
    key: impl Fn(&Card<'n, 't>) -> Option<K>,
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
