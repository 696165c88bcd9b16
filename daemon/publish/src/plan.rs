//! From an intent to single operations, and from what lies on disk back to how far an intent had come.
//!
//! Pure: no file is touched here.

use crate::intent::{Intent, Move, Source};
use crate::name::{Digest, Stamp, new_name_fault, path_fault};
use std::collections::BTreeMap;

/// One visible operation on one name. Its slot is a temporary name of ours beside the target.
#[derive(Debug, Clone)]
pub(crate) struct Planned<'a> {
    /// Of its move in the intent.
    pub place: usize,
    /// The target; of a shift where it comes from.
    pub path: &'a str,
    pub op: Op<'a>,
    /// The part of the slot's name that tells it from the intent's other slots.
    pub slot: String,
    pub human: bool,
    /// How what it finds looked when it was last seen quiet.
    pub seen: Option<Stamp>,
    pub source: Option<&'a Source>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op<'a> {
    /// The slot's `new` and the target's `base` change places.
    Swap { base: Digest, new: Digest },
    /// The slot's `new` takes the free name. `heir`: it looks like the file that the operation before took away.
    Place { new: Digest, heir: bool },
    /// The file takes another, free name. The slot is only used where that takes two steps.
    Shift { to: &'a str, base: Digest },
    /// The file goes into the slot.
    Away { base: Digest },
}

/// What an intent's moves amount to, or the first path that cannot be and why. `exchanges` says whether names can be
/// exchanged where a path lies; where they cannot, a replacement is a removal and a new file.
pub(crate) fn plan(
    intent: &Intent,
    mut exchanges: impl FnMut(&str) -> bool,
) -> Result<Vec<Planned<'_>>, (String, String)> {
    let mut plan = Vec::new();
    for (place, step) in intent.moves.iter().enumerate() {
        let seen = if let Move::Replace { seen, .. } = step { *seen } else { None };
        let mut add = |path, op, slot, human, source| plan.push(Planned { place, path, op, slot, human, seen, source });
        let slot = place.to_string();
        let mut named = vec![];
        match step {
            Move::Replace { path, base, new, source, human, .. } => {
                named.push((path, None));
                if exchanges(path) || base == new {
                    add(path, Op::Swap { base: *base, new: *new }, slot, *human, Some(source));
                } else {
                    add(path, Op::Away { base: *base }, format!("{slot}o"), *human, None);
                    add(path, Op::Place { new: *new, heir: true }, slot, *human, Some(source));
                }
            }
            Move::New { path, new, source } => {
                named.push((path, new_name_fault(path)));
                add(path, Op::Place { new: *new, heir: false }, slot, false, Some(source));
            }
            Move::Rename { from, to, base } => {
                named.extend([(from, None), (to, new_name_fault(to))]);
                add(from, Op::Shift { to, base: *base }, slot, false, None);
            }
            Move::Remove { path, base, human } => {
                named.push((path, None));
                add(path, Op::Away { base: *base }, slot, *human, None);
            }
        }
        for (path, fault) in named {
            if let Some(why) = path_fault(path).or(fault) {
                return Err((path.clone(), format!("it cannot be published to: {why}")));
            }
        }
    }
    states(&plan)?;
    Ok(plan)
}

/// What the names of a plan hold: nothing, or bytes of this digest.
type State<'a> = BTreeMap<&'a str, Option<Digest>>;

/// How the names look before the first operation, after one, after two, and so on; or the first path where an
/// operation contradicts those before it.
fn states<'a>(plan: &[Planned<'a>]) -> Result<Vec<State<'a>>, (String, String)> {
    let mut before = State::new();
    let mut now = State::new();
    let mut history = Vec::new();
    for planned in plan {
        let (path, base) = (planned.path, planned.base());
        let needs = match planned.op {
            Op::Shift { to, .. } => vec![(path, base), (to, None)],
            Op::Swap { .. } | Op::Place { .. } | Op::Away { .. } => vec![(path, base)],
        };
        history.push(now.clone());
        for (name, wanted) in needs {
            if *now.entry(name).or_insert_with(|| *before.entry(name).or_insert(wanted)) != wanted {
                return Err((name.to_owned(), "the moves of this intent contradict each other".to_owned()));
            }
        }
        match planned.op {
            Op::Swap { new, .. } | Op::Place { new, .. } => now.insert(path, Some(new)),
            Op::Away { .. } => now.insert(path, None),
            Op::Shift { to, base } => {
                now.insert(path, None);
                now.insert(to, Some(base))
            }
        };
    }
    history.push(now);
    // A name looks as it did at first until the first operation on it.
    for state in &mut history {
        for (name, first) in &before {
            state.entry(name).or_insert(*first);
        }
    }
    Ok(history)
}

impl Planned<'_> {
    /// What must lie at the target; `None` for nothing.
    pub fn base(&self) -> Option<Digest> {
        match self.op {
            Op::Swap { base, .. } | Op::Shift { base, .. } | Op::Away { base } => Some(base),
            Op::Place { .. } => None,
        }
    }

    /// What is staged for it, if anything.
    pub fn staged(&self) -> Option<Digest> {
        match self.op {
            Op::Swap { new, .. } | Op::Place { new, .. } => Some(new),
            Op::Shift { .. } | Op::Away { .. } => None,
        }
    }

    /// Whether it moves on what `earlier` left.
    fn stands_on(&self, earlier: &Planned<'_>) -> bool {
        self.path == earlier.path && (self.place, &self.slot) > (earlier.place, &earlier.slot)
    }

    /// Whether the slot can look so if the operation has been carried out, or if it has not.
    fn allows(&self, slot: Seen, done: bool) -> bool {
        match (self.op, done) {
            (Op::Swap { new, .. }, true) => slot != Seen::File(new),
            (Op::Swap { new, .. }, false) => matches!(slot, Seen::Absent) || slot == Seen::File(new),
            (Op::Place { .. }, true) | (Op::Away { .. }, false) | (Op::Shift { .. }, _) => slot == Seen::Absent,
            (Op::Place { .. }, false) | (Op::Away { .. }, true) => true,
        }
    }
}

/// What lies under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Absent,
    File(Digest),
    /// Something else, or a file that cannot be read.
    Other,
}

/// How far a try had come when it was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// So many operations, from the first on, are carried out.
    pub done: usize,
    /// It was on its way back.
    pub undoing: bool,
}

/// How far a try had come, by what lies on disk.
///
/// Operations are carried out strictly in order and undone strictly in reverse, so some number of them explains the
/// disk, but for what others did since. Slots are ours alone, so a number that they contradict is out of the question;
/// of the rest the one that most paths agree with is taken, and the smaller of two, since carrying out an operation
/// looks first while believing one done does not. Going back leaves slots until the end that going forth would not
/// have left: where the paths speak clearly for fewer operations than the slots allow, the try was on its way back.
/// A wrong answer costs a repetition, never bytes.
pub(crate) fn progress(plan: &[Planned<'_>], paths: &BTreeMap<&str, Seen>, slots: &[Seen]) -> Progress {
    let states = states(plan).expect("the plan was made without contradiction");
    let possible =
        |done: usize| plan.iter().zip(slots).enumerate().all(|(i, (planned, slot))| planned.allows(*slot, i < done));
    let agreeing = |done: usize| {
        let agrees = |name: &str, wanted: Option<Digest>| match paths.get(name) {
            Some(Seen::Absent) => wanted.is_none(),
            Some(Seen::File(digest)) => Some(*digest) == wanted,
            Some(Seen::Other) | None => false,
        };
        states[done].iter().filter(|(name, wanted)| agrees(name, **wanted)).count()
    };
    // Of equals the last is taken, hence from the end.
    let by_paths = (0..=plan.len()).rev().max_by_key(|done| agreeing(*done)).unwrap_or(0);
    let by_both = (0..=plan.len()).rev().filter(|done| possible(*done)).max_by_key(|done| agreeing(*done));
    let Some(done) = by_both else { return Progress { done: by_paths, undoing: true } };
    if by_paths < done && agreeing(by_paths) > agreeing(done) {
        return Progress { done: by_paths, undoing: true };
    }
    // Slots are let go of once everything is in place. A swap of which neither the new bytes nor a slot are left was
    // either finished then and changed since, or never begun: believed only if another slot was let go of as well.
    let swaps = || plan[..done].iter().zip(slots).filter(|(planned, _)| matches!(planned.op, Op::Swap { .. }));
    let in_place = |planned: &Planned<'_>| {
        let shows = |digest| paths.get(planned.path) == Some(&Seen::File(digest));
        planned.staged().is_some_and(shows) || plan[..done].iter().any(|later| later.stands_on(planned))
    };
    let traceless = swaps().any(|(planned, slot)| *slot == Seen::Absent && !in_place(planned));
    let let_go = swaps().any(|(planned, slot)| *slot == Seen::Absent && in_place(planned));
    Progress { done, undoing: traceless && !let_go }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::IntentId;
    use proptest::prelude::*;

    fn digest(n: u8) -> Digest {
        Digest::of(&[n])
    }

    /// An intent that does not contradict itself, from what dice say: each move takes names as they then are.
    fn intent(dice: &[(u8, u8, u8)]) -> Intent {
        let mut names: BTreeMap<String, Digest> = (0..3).map(|n| (format!("f{n}"), digest(n))).collect();
        let mut moves = Vec::new();
        for (n, (what, which, fresh)) in dice.iter().enumerate() {
            let new = digest(100 + n as u8);
            let source = Source::Blob;
            let taken =
                names.iter().nth(*which as usize % names.len().max(1)).map(|(name, base)| (name.clone(), *base));
            let free = format!("f{}", fresh % 6);
            moves.push(match (what % 4, taken) {
                (0, Some((path, base))) => {
                    names.insert(path.clone(), new);
                    Move::Replace { path, base, new, source, human: n % 2 == 0, seen: None }
                }
                (1, Some((from, base))) if !names.contains_key(&free) => {
                    names.remove(&from);
                    names.insert(free.clone(), base);
                    Move::Rename { from, to: free, base }
                }
                (2, Some((path, base))) => {
                    names.remove(&path);
                    Move::Remove { path, base, human: true }
                }
                (_, _) if !names.contains_key(&free) => {
                    names.insert(free.clone(), new);
                    Move::New { path: free, new, source }
                }
                _ => continue,
            });
        }
        Intent { id: IntentId::from(1), moves, home: None }
    }

    fn seen(state: &State<'_>) -> BTreeMap<String, Seen> {
        let look = |wanted: &Option<Digest>| wanted.map_or(Seen::Absent, Seen::File);
        state.iter().map(|(name, wanted)| ((*name).to_owned(), look(wanted))).collect()
    }

    proptest! {
        #[test]
        fn where_nobody_interferes_the_disk_says_how_far_a_try_came(
            dice in prop::collection::vec(any::<(u8, u8, u8)>(), 1..7),
            exchanges: bool,
            cut: prop::sample::Index,
            let_go: bool,
        ) {
            let intent = intent(&dice);
            let plan = plan(&intent, |_| exchanges).expect("it does not contradict itself");
            let states = states(&plan).expect("nor does its plan");
            let done = cut.index(plan.len() + 1);
            let slots: Vec<_> = plan
                .iter()
                .enumerate()
                .map(|(i, planned)| match planned.op {
                    Op::Shift { .. } => Seen::Absent,
                    // Once all is in place slots are let go of.
                    _ if done == plan.len() && let_go => Seen::Absent,
                    Op::Swap { base, new } => Seen::File(if i < done { base } else { new }),
                    Op::Place { .. } if i < done => Seen::Absent,
                    Op::Place { new, .. } => Seen::File(new),
                    Op::Away { base } if i < done => Seen::File(base),
                    Op::Away { .. } => Seen::Absent,
                })
                .collect();
            let paths = seen(&states[done]);
            let paths = paths.iter().map(|(name, seen)| (name.as_str(), *seen)).collect();
            let found = progress(&plan, &paths, &slots);
            prop_assert!(!found.undoing);
            prop_assert!(found.done == done || states[found.done] == states[done], "{} for {done}", found.done);
        }

        #[test]
        fn whatever_lies_there_some_answer_is_given(
            dice in prop::collection::vec(any::<(u8, u8, u8)>(), 1..6),
            found in prop::collection::vec(0u8..120, 16),
        ) {
            let intent = intent(&dice);
            let plan = plan(&intent, |_| true).expect("it does not contradict itself");
            let look = |n: &u8| match n % 10 { 0..=3 => Seen::Absent, 4 => Seen::Other, _ => Seen::File(digest(*n)) };
            let names: Vec<_> = (0..6).map(|n| format!("f{n}")).collect();
            let paths = names.iter().zip(&found).map(|(name, n)| (name.as_str(), look(n))).collect();
            let slots: Vec<_> = found[6..].iter().cycle().take(plan.len()).map(look).collect();
            prop_assert!(progress(&plan, &paths, &slots).done <= plan.len());
        }
    }
}
