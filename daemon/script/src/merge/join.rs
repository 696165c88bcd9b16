//! The merged note, part by part: front matter, then the body with its cues.

use super::bit::{Bit, Key, merge, merge_lines};
use super::clash::{Clash, Scribe, What, Why};
use super::identity::{Node, Nodes};
use super::keyed::{self, Contradiction};
use super::note::{Block, Note, cue_block, front_block, meaning};
use super::sequence::Cut;
use super::three::Three;
use crate::cue::Cue;
use crate::enumerate::without_number;
use crate::text::{Slice, Span};

/// A merged note, and what it is made of.
#[derive(Debug)]
pub(super) struct Joined {
    pub text: String,
    /// How much of it is front matter.
    pub front: usize,
    /// What each key of the front matter says; nothing where it was not merged by keys.
    pub meanings: Vec<(String, Option<String>)>,
    /// Its cues in order.
    pub cues: Vec<JoinedCue>,
    pub nodes: Nodes,
}

#[derive(Debug)]
pub(super) struct JoinedCue {
    /// Its lines.
    pub text: String,
    /// `None`: one of several that nothing tells apart.
    pub node: Option<usize>,
    /// What each field says; nothing where it was taken as it stands.
    pub meanings: Vec<(String, Option<String>)>,
}

pub(super) fn join(notes: &Three<Note<'_>>, scribe: &Scribe<'_, '_>) -> Result<Joined, Vec<Clash>> {
    let nodes = Nodes::find(notes);
    let desk = CueDesk { notes, nodes: &nodes, scribe };
    let mut clashes = Vec::new();
    let front = front(notes, scribe).map_err(|found| clashes.extend(found));
    let body = body(&desk).map_err(|found| clashes.extend(found));
    let mut cues: Vec<Option<JoinedCue>> = Vec::new();
    for (at, node) in nodes.nodes.iter().enumerate() {
        cues.push(desk.cue(at, *node).unwrap_or_else(|found| {
            clashes.extend(found);
            None
        }));
    }
    let (Ok((front, meanings)), Ok(body), true) = (front, body, clashes.is_empty()) else {
        clashes.sort_by_key(|clash| (clash.ours.line.max(clash.theirs.line), clash.base.line));
        return Err(clashes);
    };
    let mut joined = Joined { front: front.len(), text: front, meanings, cues: Vec::new(), nodes };
    for bit in body {
        let cue = match bit.key {
            Key::Line(text) | Key::Word(text) => {
                joined.text.push_str(text);
                continue;
            }
            Key::Twin(text) => JoinedCue { text: text.to_owned(), node: None, meanings: Vec::new() },
            Key::Cue(node) => cues[node].take().expect("a cue that no side took away stands in the merged body once"),
        };
        joined.text.push_str(&cue.text);
        joined.cues.push(cue);
    }
    Ok(joined)
}

/// Lines and cues in their order. Where a change taken as a whole meets another one, its parts may not.
fn body<'t>(desk: &CueDesk<'_, 't>) -> Result<Vec<Bit<'t>>, Vec<Clash>> {
    let bits = body_bits(desk.notes, desk.nodes);
    let attempt = |cut| {
        let clash = |place| desk.scribe.clash(What::Text, Why::Both, place);
        let body = merge(&bits, cut, true).map_err(|places| places.into_iter().map(clash).collect::<Vec<_>>())?;
        let mut counts = vec![0; desk.nodes.nodes.len()];
        for bit in &body {
            if let Key::Cue(node) = bit.key {
                counts[node] += 1;
            }
        }
        let misplaced = desk.nodes.nodes.iter().zip(counts).filter(|(node, count)| !is_placed(**node, *count));
        let misplaced: Vec<Clash> = misplaced.map(|(node, _)| desk.clash(*node, Why::Moved)).collect();
        if misplaced.is_empty() { Ok(body) } else { Err(misplaced) }
    };
    attempt(Cut::Whole).or_else(|clashes| attempt(Cut::Parts).map_err(|_| clashes))
}

/// A cue that both sides have, or one made, stands once. What only one side took away is a clash already.
fn is_placed(node: Node, count: usize) -> bool {
    let Three { base, ours, theirs } = node.places.map(|place| place.is_some());
    if ours == theirs || !base { count == usize::from(ours || theirs) } else { true }
}

type Front = (String, Vec<(String, Option<String>)>);

fn front(notes: &Three<Note<'_>>, scribe: &Scribe<'_, '_>) -> Result<Front, Vec<Clash>> {
    let fronts = notes.as_ref().map(Note::front);
    if let Some(picked) = fronts.pick_text() {
        return Ok((picked.text.to_owned(), Vec::new()));
    }
    let clash = |spans: Three<Span>| vec![scribe.clash(What::Front, Why::Both, spans)];
    let has_both = !fronts.ours.is_empty() && !fronts.theirs.is_empty();
    let blocks = notes.as_ref().map(|note| front_block(&note.document));
    if has_both && let Three { base: Some(base), ours: Some(ours), theirs: Some(theirs) } = blocks {
        let joined = block(
            Three::new(base, ours, theirs),
            || clash(fronts.map(|front| front.span())),
            |found| {
                let what = found.key.map_or(What::Front, |key| What::Key { key });
                scribe.clash(what, if found.removed { Why::Removed } else { Why::Both }, found.spans)
            },
        )?;
        return Ok((joined.text, joined.meanings));
    }
    match merge_lines(fronts) {
        Ok(text) if has_both => Ok((text, Vec::new())),
        Ok(_) => Err(clash(fronts.map(|front| front.span()))),
        Err(places) => Err(places.into_iter().flat_map(clash).collect()),
    }
}

/// First line, keys, last line.
fn block(
    blocks: Three<Block<'_>>,
    odd: impl FnOnce() -> Vec<Clash>,
    clash: impl Fn(Contradiction) -> Clash,
) -> Result<keyed::Joined, Vec<Clash>> {
    let open = blocks.as_ref().map(|block| block.open).pick_text();
    let close = blocks.as_ref().map(|block| block.close).pick_text();
    let (Some(open), Some(close)) = (open, close) else { return Err(odd()) };
    let mut joined = keyed::merge(&blocks.map(|block| block.list))
        .map_err(|found| found.into_iter().map(clash).collect::<Vec<_>>())?;
    joined.text = [open.text, &joined.text, close.text].concat();
    Ok(joined)
}

/// The bodies as lines and cues.
fn body_bits<'t>(notes: &Three<Note<'t>>, nodes: &Nodes) -> Three<Vec<Bit<'t>>> {
    let bits = |note: &Note<'t>, of: &[Option<usize>]| {
        let bit = note.elements.iter().map(|element| {
            let text = element.slice.text;
            let key = match element.cue {
                None => Key::Line(text),
                Some(cue) => of[cue].map_or(Key::Twin(text), Key::Cue),
            };
            Bit { key, slice: element.slice }
        });
        bit.collect()
    };
    Three::new(
        bits(&notes.base, &nodes.of.base),
        bits(&notes.ours, &nodes.of.ours),
        bits(&notes.theirs, &nodes.of.theirs),
    )
}

/// A field, and those that say something about what it holds: whose words a quote is, where a clip is cut. One changed
/// here and the other one there would put somebody's name below another one's words.
const LINKS: [(&str, &[&str]); 2] = [
    ("Quote", &["Attribution", "Source"]),
    ("MediaURL", &["TrimStart", "TrimEnd", "Clips", "Incue", "Outcue", "Transcription"]),
];

/// The same file by its name, whatever folder and number it has got.
fn is_same_file(one: &str, other: &str) -> bool {
    let name = |path: &str| {
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        without_number(name, None).to_owned()
    };
    name(one) == name(other)
}

/// Merges cues one by one.
struct CueDesk<'n, 't> {
    notes: &'n Three<Note<'t>>,
    nodes: &'n Nodes,
    scribe: &'n Scribe<'n, 't>,
}

impl<'t> CueDesk<'_, 't> {
    /// The cue as it will stand; nothing when both sides took it away.
    fn cue(&self, number: usize, node: Node) -> Result<Option<JoinedCue>, Vec<Clash>> {
        let lines = self.lines(node);
        let cue = |text: &str, meanings| Ok(Some(JoinedCue { text: text.to_owned(), node: Some(number), meanings }));
        match (node.places.base, node.places.ours, node.places.theirs) {
            (_, None, None) => return Ok(None),
            (Some(_), None, Some(_)) | (Some(_), Some(_), None) => return Err(vec![self.clash(node, Why::Removed)]),
            (None, Some(_), None) => return cue(lines.ours.text, Vec::new()),
            (None, None, Some(_)) => return cue(lines.theirs.text, Vec::new()),
            (_, Some(_), Some(_)) => {}
        }
        if let Some(picked) = lines.pick_text() {
            return cue(picked.text, Vec::new());
        }
        if let Some(fields) = self.linked(node) {
            return Err(vec![self.clash(node, Why::Linked { fields })]);
        }
        let odd = || vec![self.clash(node, Why::Both)];
        if node.is_doubtful {
            return Err(odd());
        }
        if let Three { base: Some(base), ours: Some(ours), theirs: Some(theirs) } = self.blocks(node) {
            let joined = block(Three::new(base, ours, theirs), odd, |found| {
                let what = match found.key {
                    Some(field) => What::Field { cue: self.name(node), field },
                    None => What::Cue { cue: self.name(node) },
                };
                self.scribe.clash(what, if found.removed { Why::Removed } else { Why::Both }, found.spans)
            })?;
            return cue(&joined.text, joined.meanings);
        }
        match merge_lines(lines) {
            Ok(text) => cue(&text, Vec::new()),
            Err(_) => Err(odd()),
        }
    }

    /// Two fields that belong together, one changed by one side and one by the other.
    fn linked(&self, node: Node) -> Option<Vec<String>> {
        let Three { base, ours, theirs } = self.notes;
        let base = &base.document.cues[node.places.base?];
        let (ours, theirs) = (&ours.document.cues[node.places.ours?], &theirs.document.cues[node.places.theirs?]);
        let differ = |one: &Cue<'_>, other: &Cue<'_>, field: &str| {
            let said = |cue: &Cue<'_>| meaning(cue.value(field));
            if field == "MediaURL" { !is_same_file(&said(one), &said(other)) } else { said(one) != said(other) }
        };
        let did = |cue: &Cue<'_>, other: &Cue<'_>, field: &str| differ(base, cue, field) && differ(cue, other, field);
        let links = LINKS.iter().flat_map(|(first, rest)| rest.iter().map(move |second| (*first, *second)));
        let apart = |(first, second): &(&str, &str)| {
            (did(ours, theirs, first) && did(theirs, ours, second))
                || (did(theirs, ours, first) && did(ours, theirs, second))
        };
        links.into_iter().find(apart).map(|(first, second)| vec![first.to_owned(), second.to_owned()])
    }

    fn blocks(&self, node: Node) -> Three<Option<Block<'t>>> {
        let block = |note: &Note<'t>, place: Option<usize>| match place {
            Some(place) => cue_block(&note.document, place, note.cue_lines(place)),
            None => Some(Block::default()),
        };
        let Three { base, ours, theirs } = self.notes;
        Three::new(block(base, node.places.base), block(ours, node.places.ours), block(theirs, node.places.theirs))
    }

    /// The lines of the cue in each text; where it is not, nothing, behind the last cue before it that is there.
    fn lines(&self, node: Node) -> Three<Slice<'t>> {
        let known = node.places.base.map_or(&[][..], |place| &self.nodes.of.base[..place]);
        let lines = |note: &Note<'t>, place: fn(&Node) -> Option<usize>| {
            let before = || known.iter().rev().flatten().find_map(|&before| place(&self.nodes.nodes[before]));
            let absent = || before().map_or(note.document.body.begin, |before| note.cue_lines(before).end());
            place(&node).map_or_else(|| Slice { begin: absent(), text: "" }, |place| note.cue_lines(place))
        };
        let Three { base, ours, theirs } = self.notes;
        Three::new(
            lines(base, |node| node.places.base),
            lines(ours, |node| node.places.ours),
            lines(theirs, |node| node.places.theirs),
        )
    }

    fn clash(&self, node: Node, why: Why) -> Clash {
        self.scribe.clash(What::Cue { cue: self.name(node) }, why, self.lines(node).map(|lines| lines.span()))
    }

    /// What people call it: its slug, else its AssetID, else its type.
    fn name(&self, node: Node) -> String {
        let Three { base, ours, theirs } = self.notes;
        let places = [(ours, node.places.ours), (theirs, node.places.theirs), (base, node.places.base)];
        let cues = places.into_iter().filter_map(|(note, place)| Some(&note.document.cues[place?]));
        let names = cues.flat_map(|cue| [cue.slug(), cue.asset_id(), cue.type_word()]);
        names.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned()
    }
}
