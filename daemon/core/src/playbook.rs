//! The rules, compiled: names resolved to places, patterns parsed, ancestors known.
//!
//! A playbook has one [`Play`] per pipeline, and a play has one [`Turn`] per step. Owns what [`Rules::check`] says:
//! whatever compiles can be played. Read [`Playbook::compile`] first.

use crate::pattern::{Captures, Pattern};
use crate::{Input, Pipeline, RuleError, Rules, Step};
use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

#[derive(Debug)]
pub(crate) struct Playbook {
    pub rules: Rules,
    pub plays: BTreeMap<Arc<str>, Arc<Play>>,
    pub pools: BTreeMap<String, u32>,
}

/// A pipeline whose names are resolved.
#[derive(Debug)]
pub(crate) struct Play {
    pub pipeline: Pipeline,
    pub subject: Pattern,
    pub on: Vec<Pattern>,
    /// In pipeline order.
    pub turns: Vec<Turn>,
    /// Places of the turns, each after everything it waits for.
    pub order: Vec<usize>,
    /// The fact that ranks subjects: a turn and the fact's name.
    pub due: Option<(usize, String)>,
}

/// A step whose names are resolved. Steps are named by their place in [`Play::turns`].
#[derive(Debug)]
pub(crate) struct Turn {
    pub step: Step,
    pub map: Option<ListName>,
    pub when: Option<When>,
    pub needs: Vec<usize>,
    pub after: Vec<usize>,
    /// Everything this waits for, directly or not.
    pub before: BTreeSet<usize>,
    pub inputs: Vec<(String, Source)>,
    pub outputs: Vec<(String, Pattern)>,
}

/// A list of a step's result, and the word for one of its elements: `scan.clips` and `clip`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListName {
    pub turn: usize,
    pub list: String,
    pub word: String,
}

#[derive(Debug)]
pub(crate) enum When {
    /// A field of the element.
    Field(String),
    /// A fact of a result.
    Fact { turn: usize, fact: String },
}

/// An [`Input`] whose names are resolved.
#[derive(Debug)]
pub(crate) enum Source {
    File(Pattern),
    Files(Pattern),
    Text(Pattern),
    List(Pattern),
    Result { turn: usize, list: Option<String> },
    Each { list: ListName, file: Pattern },
}

impl Rules {
    /// Everything that would make these rules unplayable: cycles, unknown names, colliding outputs. Empty: fine.
    pub fn check(&self) -> Vec<RuleError> {
        Playbook::compile(self.clone()).err().unwrap_or_default()
    }
}

impl Playbook {
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn compile(rules: Rules) -> Result<Self, Vec<RuleError>> {
        let mut errors = Vec::new();
        let mut plays = BTreeMap::new();
        for pipeline in &rules.pipelines {
            let mut maker = Maker { rules: &rules, pipeline, errors: &mut errors };
            let Some(play) = maker.play() else { continue };
            if plays.insert(pipeline.name.clone(), Arc::new(play)).is_some() {
                maker.wrong("", "", "there are two pipelines of this name", "give one of them another name");
            }
        }
        let all: Vec<&Arc<Play>> = plays.values().collect();
        for (place, one) in all.iter().enumerate() {
            all[place + 1..].iter().for_each(|other| check_neighbours(one, other, &mut errors));
        }
        let pools = rules.pools.iter().map(|pool| (pool.name.clone(), pool.capacity)).collect();
        if errors.is_empty() { Ok(Self { rules, plays, pools }) } else { Err(errors) }
    }
}

impl Play {
    /// The subjects' paths that a file below a share may belong to: at most one, with what its captures stand for.
    pub fn subject_of(&self, path: &str) -> Option<(Arc<str>, Captures)> {
        if !self.subject.is_directory() {
            return Some((path.into(), self.subject.captures(path)?));
        }
        let (end, _) = path.match_indices('/').nth(self.subject.depth() - 1)?;
        Some((path[..=end].into(), self.subject.captures(&path[..end])?))
    }

    /// What the captures of a subject's path stand for, and `subject` for its last part. `None`: no subject of ours.
    pub fn captures(&self, subject: &str) -> Option<Captures> {
        let body = subject.strip_suffix('/').unwrap_or(subject);
        if subject.ends_with('/') != self.subject.is_directory() {
            return None;
        }
        let mut captures = self.subject.captures(body)?;
        let last = body.rsplit('/').next().unwrap_or(body);
        captures.insert("subject".to_owned(), last.to_owned());
        Some(captures)
    }

    pub fn turn(&self, step: &str) -> Option<(usize, &Turn)> {
        self.turns.iter().enumerate().find(|(_, turn)| *turn.step.name == *step)
    }

    /// True when a change of this file, named below the subject's directory, may change what is to be done.
    pub fn watches(&self, below: &str) -> bool {
        self.triggers(below) || self.turns.iter().flat_map(Turn::patterns).any(|pattern| pattern.matches(below))
    }

    /// True when this file alone makes its directory a subject.
    pub fn triggers(&self, below: &str) -> bool {
        self.on.iter().any(|pattern| pattern.matches(below))
    }

    /// Runs by itself, not on submission only.
    pub fn is_automatic(&self) -> bool {
        !self.on.is_empty()
    }
}

impl Turn {
    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.inputs.iter().filter_map(|(_, source)| match source {
            Source::File(pattern) | Source::Files(pattern) | Source::Text(pattern) | Source::List(pattern) => {
                Some(pattern)
            }
            Source::Result { .. } | Source::Each { .. } => None,
        })
    }
}

/// The word for one element of a list: `clips` → `clip`, `stories` → `story`.
fn singular(list: &str) -> String {
    match (list.strip_suffix("ies"), list.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(stem)) => stem.to_owned(),
        (None, None) => list.to_owned(),
    }
}

/// Compiles one pipeline and collects what is wrong with it.
struct Maker<'a> {
    rules: &'a Rules,
    pipeline: &'a Pipeline,
    errors: &'a mut Vec<RuleError>,
}

impl Maker<'_> {
    fn play(&mut self) -> Option<Play> {
        let subject = self.pattern("", "subject", &self.pipeline.subject)?;
        if subject.is_directory() && subject.is_deep() {
            self.wrong("", "subject", "has ** in the path of a directory", "name each part, for example with {name}");
        }
        let on = self.pipeline.on.iter().filter_map(|text| self.pattern("", "on", text)).collect();
        self.check_names();
        let links = self.links();
        let order = self.order(&links)?;
        let before = ancestors(&links, &order);
        let turns: Vec<Turn> = (0..self.pipeline.steps.len())
            .filter_map(|place| self.turn(place, &links[place], &before, &subject))
            .collect();
        if turns.len() < self.pipeline.steps.len() {
            return None;
        }
        let due = match self.pipeline.due.as_str() {
            "" => None,
            text => self.fact("", "due", text),
        };
        self.check_outputs(&turns);
        Some(Play { pipeline: self.pipeline.clone(), subject, on, turns, order, due })
    }

    fn check_names(&mut self) {
        let mut seen = BTreeSet::new();
        for step in &self.pipeline.steps {
            if !seen.insert(&step.name) {
                self.wrong(&step.name, "name", "there are two steps of this name", "give one of them another name");
            }
            if *step.name == *crate::WEAVE {
                self.wrong(&step.name, "name", "\"weave\" is the name of our own job per file", "choose another name");
            }
            for pool in step.pools.keys() {
                if !self.rules.pools.iter().any(|known| known.name == *pool) {
                    let hint = known("pools are", self.rules.pools.iter().map(|pool| pool.name.as_str()));
                    self.wrong(&step.name, "pool", &format!("there is no pool \"{pool}\""), &hint);
                }
            }
            for tool in &step.tools {
                if !self.rules.tools.contains(tool) {
                    let hint = known("tools are", self.rules.tools.iter().map(String::as_str));
                    self.wrong(&step.name, "tools", &format!("there is no tool \"{tool}\""), &hint);
                }
            }
            if step.retry.tries_max == 0 {
                self.wrong(&step.name, "retry", "allows no try at all", "allow at least 1");
            }
        }
    }

    /// Places that each step waits for: hard ones, then soft ones.
    fn links(&mut self) -> Vec<(Vec<usize>, Vec<usize>)> {
        let pipeline = self.pipeline;
        pipeline
            .steps
            .iter()
            .map(|step| {
                let mut resolve = |key: &str, names: &[Arc<str>]| -> Vec<usize> {
                    names.iter().filter_map(|name| self.place(&step.name, key, name)).collect()
                };
                let needs = resolve("needs", &step.needs);
                (needs, resolve("after", &step.after))
            })
            .collect()
    }

    /// Each step after everything it waits for, otherwise as written.
    fn order(&mut self, links: &[(Vec<usize>, Vec<usize>)]) -> Option<Vec<usize>> {
        let mut order: Vec<usize> = Vec::new();
        let is_free = |place: usize, order: &[usize]| {
            let (needs, after) = &links[place];
            !order.contains(&place) && needs.iter().chain(after).all(|before| order.contains(before))
        };
        while let Some(next) = (0..links.len()).find(|place| is_free(*place, &order)) {
            order.push(next);
        }
        let stuck: Vec<&str> = (0..links.len())
            .filter(|place| !order.contains(place))
            .map(|place| self.pipeline.steps[place].name.as_ref())
            .collect();
        if stuck.is_empty() {
            return Some(order);
        }
        let text = format!("these wait for each other in a circle, or for one: {}", stuck.join(", "));
        self.wrong(stuck[0], "needs", &text, "take one name out of \"needs\" or \"after\"");
        None
    }

    fn turn(
        &mut self,
        place: usize,
        links: &(Vec<usize>, Vec<usize>),
        before: &[BTreeSet<usize>],
        subject: &Pattern,
    ) -> Option<Turn> {
        let pipeline = self.pipeline;
        let step = &pipeline.steps[place];
        let before = &before[place];
        let map = match step.map.as_str() {
            "" => None,
            text => Some(self.list(step, before, "map", text)?),
        };
        if map.is_none() && !step.key.is_empty() {
            self.wrong(&step.name, "key", "names fields of an element, but there is no \"map\"", "drop \"key\"");
        }
        let when = match step.when.as_str() {
            "" => None,
            text => Some(self.when(step, before, map.as_ref(), text)?),
        };
        let scope = Scope { subject, map: map.as_ref() };
        let mut inputs = Vec::new();
        for (role, input) in &step.inputs {
            inputs.push((role.clone(), self.source(step, before, &scope, role, input)?));
        }
        let mut outputs = Vec::new();
        for (role, text) in &step.outputs {
            let key = format!("out.{role}");
            let pattern = self.pattern(&step.name, &key, text)?;
            self.check_scope(&step.name, &key, &pattern, &scope);
            let told_apart = map.as_ref().is_none_or(|map| pattern.names().any(|name| is_field(name, &map.word)));
            if !told_apart {
                let hint = format!("name a field of the element in it, such as {{{}.slug}}", scope.word());
                self.wrong(&step.name, &key, "every element of \"map\" would write this one path", &hint);
            }
            outputs.push((role.clone(), pattern));
        }
        let (needs, after) = links.clone();
        Some(Turn { step: step.clone(), map, when, needs, after, before: before.clone(), inputs, outputs })
    }

    fn source(
        &mut self,
        step: &Step,
        before: &BTreeSet<usize>,
        scope: &Scope<'_>,
        role: &str,
        input: &Input,
    ) -> Option<Source> {
        let key = format!("in.{role}");
        let named = |maker: &mut Self, text: &str, scope: &Scope<'_>| {
            let pattern = maker.pattern(&step.name, &key, text)?;
            maker.check_scope(&step.name, &key, &pattern, scope);
            Some(pattern)
        };
        Some(match input {
            Input::File(text) => Source::File(named(self, text, scope)?),
            Input::Files(text) => Source::Files(named(self, text, scope)?),
            Input::Text(text) => Source::Text(named(self, text, scope)?),
            Input::List(text) => Source::List(named(self, text, scope)?),
            Input::Result(text) => {
                let (name, list) =
                    text.split_once('.').map_or((text.as_str(), None), |(name, list)| (name, Some(list)));
                let turn = self.earlier(step, before, &key, name)?;
                if list.is_some() && !self.pipeline.steps[turn].map.is_empty() {
                    self.wrong(&step.name, &key, "names a list of a step that maps", "name the step alone");
                }
                Source::Result { turn, list: list.map(ToOwned::to_owned) }
            }
            Input::Each { list, file } => {
                let list = self.list(step, before, &key, list)?;
                let inner = Scope { subject: scope.subject, map: Some(&list) };
                Source::Each { file: named(self, file, &inner)?, list }
            }
        })
    }

    fn when(&mut self, step: &Step, before: &BTreeSet<usize>, map: Option<&ListName>, text: &str) -> Option<When> {
        let (name, field) = self.dotted(&step.name, "when", text)?;
        if map.is_some_and(|map| map.word == name) {
            return Some(When::Field(field));
        }
        Some(When::Fact { turn: self.earlier(step, before, "when", &name)?, fact: field })
    }

    fn list(&mut self, step: &Step, before: &BTreeSet<usize>, key: &str, text: &str) -> Option<ListName> {
        let (name, list) = self.dotted(&step.name, key, text)?;
        let turn = self.earlier(step, before, key, &name)?;
        if !self.pipeline.steps[turn].map.is_empty() {
            self.wrong(&step.name, key, "names a list of a step that maps", "let a step without \"map\" make the list");
        }
        Some(ListName { turn, word: singular(&list), list })
    }

    fn fact(&mut self, step: &str, key: &str, text: &str) -> Option<(usize, String)> {
        let (name, fact) = self.dotted(step, key, text)?;
        Some((self.place(step, key, &name)?, fact))
    }

    fn dotted(&mut self, step: &str, key: &str, text: &str) -> Option<(String, String)> {
        match text.split_once('.') {
            Some((name, field)) if !name.is_empty() && !field.is_empty() => Some((name.to_owned(), field.to_owned())),
            _ => {
                self.wrong(step, key, &format!("\"{text}\" is not of the form name.field"), "write scan.clips");
                None
            }
        }
    }

    /// A step that this one waits for, directly or not.
    fn earlier(&mut self, step: &Step, before: &BTreeSet<usize>, key: &str, name: &str) -> Option<usize> {
        let turn = self.place(&step.name, key, name)?;
        if !before.contains(&turn) {
            let text = format!("uses a result of \"{name}\", which it does not wait for");
            self.wrong(&step.name, key, &text, &format!("add \"{name}\" to \"needs\" or \"after\""));
            return None;
        }
        Some(turn)
    }

    fn place(&mut self, step: &str, key: &str, name: &str) -> Option<usize> {
        let found = self.pipeline.steps.iter().position(|other| *other.name == *name);
        if found.is_none() {
            let hint = known("steps are", self.pipeline.steps.iter().map(|step| step.name.as_ref()));
            self.wrong(step, key, &format!("there is no step \"{name}\""), &hint);
        }
        found
    }

    fn pattern(&mut self, step: &str, key: &str, text: &str) -> Option<Pattern> {
        Pattern::parse(text)
            .map_err(|why| self.wrong(step, key, &format!("\"{text}\" {why}"), "see docs/PIPELINES.md, patterns"))
            .ok()
    }

    fn check_scope(&mut self, step: &str, key: &str, pattern: &Pattern, scope: &Scope<'_>) {
        for name in pattern.names() {
            if !scope.knows(name) {
                let hint = known("names are", scope.names().iter().map(String::as_str));
                self.wrong(step, key, &format!("there is no name \"{name}\" here"), &hint);
            }
        }
    }

    fn check_outputs(&mut self, turns: &[Turn]) {
        let all: Vec<(&Turn, &String, &Pattern)> =
            turns.iter().flat_map(|turn| turn.outputs.iter().map(move |(role, out)| (turn, role, out))).collect();
        for (place, (turn, role, one)) in all.iter().enumerate() {
            for (other_turn, other_role, other) in &all[place + 1..] {
                if meet(one, other) {
                    let text = format!("writes the same path as out.{other_role} of step {}", other_turn.step.name);
                    self.wrong(&turn.step.name, &format!("out.{role}"), &text, "let each path have one step");
                }
            }
        }
    }

    fn wrong(&mut self, step: &str, key: &str, text: &str, hint: &str) {
        self.errors.push(RuleError {
            pipeline: self.pipeline.name.clone(),
            step: step.into(),
            key: key.to_owned(),
            text: text.to_owned(),
            hint: hint.to_owned(),
        });
    }
}

/// A hint that lists what there is.
fn known<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { format!("{what} none") } else { format!("{what}: {}", names.join(", ")) }
}

/// `clip.slug` is a field of `clip`.
fn is_field(name: &str, word: &str) -> bool {
    name.strip_prefix(word).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.'))
}

/// Names that a pattern may use in braces.
struct Scope<'a> {
    subject: &'a Pattern,
    map: Option<&'a ListName>,
}

impl Scope<'_> {
    fn knows(&self, name: &str) -> bool {
        name == "subject"
            || self.subject.names().any(|known| known == name)
            || self.map.is_some_and(|map| is_field(name, &map.word))
    }

    fn word(&self) -> &str {
        self.map.map_or("", |map| map.word.as_str())
    }

    fn names(&self) -> Vec<String> {
        let own = self.subject.names().map(ToString::to_string);
        own.chain(["subject".to_owned()]).chain(self.map.map(|map| format!("{}.<field>", map.word))).collect()
    }
}

fn ancestors(links: &[(Vec<usize>, Vec<usize>)], order: &[usize]) -> Vec<BTreeSet<usize>> {
    let mut before: Vec<BTreeSet<usize>> = links.iter().map(|_| BTreeSet::new()).collect();
    for &place in order {
        let (needs, after) = &links[place];
        for &parent in needs.iter().chain(after) {
            let inherited = before[parent].clone();
            before[place].extend(inherited);
            before[place].insert(parent);
        }
    }
    before
}

/// Two outputs that are the same text, or of which one names a path that the other's pattern matches.
fn meet(one: &Pattern, other: &Pattern) -> bool {
    let hits = |pattern: &Pattern, other: &Pattern| other.path().is_some_and(|path| pattern.matches(&path));
    one == other
        || (one.names().next().is_none() && hits(one, other))
        || (other.names().next().is_none() && hits(other, one))
}

/// Two pipelines on the same subjects must not write the same path either.
fn check_neighbours(one: &Play, other: &Play, errors: &mut Vec<RuleError>) {
    if one.pipeline.subject != other.pipeline.subject {
        return;
    }
    for (turn, (role, out)) in one.turns.iter().flat_map(|turn| turn.outputs.iter().map(move |out| (turn, out))) {
        for (theirs, (_, their_out)) in
            other.turns.iter().flat_map(|turn| turn.outputs.iter().map(move |out| (turn, out)))
        {
            if meet(out, their_out) {
                errors.push(RuleError {
                    pipeline: one.pipeline.name.clone(),
                    step: turn.step.name.clone(),
                    key: format!("out.{role}"),
                    text: format!("writes the same path as step {} of {}", theirs.step.name, other.pipeline.name),
                    hint: "let each path have one step".to_owned(),
                });
            }
        }
    }
}
