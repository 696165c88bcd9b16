//! What can only be seen with all steps of a pipeline side by side: names, cycles, one path with two owners.

use super::problem::{Source, nearest};
use super::table::At;
use show_core::Step;
use std::collections::BTreeMap;

/// A step and where its parts stand.
pub struct StepAt {
    pub step: Step,
    pub name: At<String>,
    pub references: Vec<Reference>,
    pub outputs: Vec<At<String>>,
}

/// Another step, named by one of this step's keys.
pub struct Reference {
    key: String,
    text: At<String>,
    form: Named,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    /// `probe`
    Step,
    /// `scan.clips`
    List,
    /// `probe` or `scan.clips`
    Either,
}

impl Reference {
    pub fn step(key: &str, text: &At<String>) -> Self {
        Self { key: key.to_owned(), text: text.clone(), form: Named::Step }
    }

    pub fn list(key: &str, text: &At<String>) -> Self {
        Self { key: key.to_owned(), text: text.clone(), form: Named::List }
    }

    pub fn result(key: &str, text: &At<String>) -> Self {
        Self { key: key.to_owned(), text: text.clone(), form: Named::Either }
    }

    fn target(&self) -> &str {
        match self.form {
            Named::Step => &self.text.value,
            Named::List | Named::Either => self.text.value.split('.').next().unwrap_or_default(),
        }
    }
}

pub fn check(source: &Source<'_>, path: &str, steps: &[StepAt]) {
    let key_of = |step: &StepAt, key: &str| format!("{path}.step.{}.{key}", step.name.value);
    let mut places = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        if let Some(first) = places.insert(step.name.value.as_str(), at) {
            let line = source.line(steps[first].name.span.start);
            let what = format!("the name stands on line {line} already");
            source.report(&step.name.span, key_of(step, "name"), what, "give each step a name of its own");
        }
    }
    for step in steps {
        for reference in &step.references {
            let key = key_of(step, &reference.key);
            if reference.form == Named::List && !reference.text.value.contains('.') {
                let hint = format!("write \"{}.LIST\"", reference.text.value);
                source.report(&reference.text.span, key, "wants a list of a step's result", hint);
                continue;
            }
            if !places.contains_key(reference.target()) {
                let hint = match nearest(reference.target(), places.keys().copied()) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => {
                        format!("steps of this pipeline: {}", places.keys().copied().collect::<Vec<_>>().join(", "))
                    }
                };
                let what = format!("there is no step \"{}\"", reference.target());
                source.report(&reference.text.span, key, what, hint);
            }
        }
    }
    check_outputs(source, path, steps);
    if let Some(cycle) = cycle(steps, &places) {
        let names: Vec<_> = cycle.iter().map(|&at| steps[at].name.value.as_str()).collect();
        let what = format!("the steps wait for each other: {} -> {}", names.join(" -> "), names[0]);
        let step = &steps[cycle[0]];
        source.report(&step.name.span, key_of(step, "needs"), what, "remove one of these from \"needs\" or \"after\"");
    }
}

/// Two whole files on one path would overwrite each other for ever.
fn check_outputs(source: &Source<'_>, path: &str, steps: &[StepAt]) {
    let mut owners: BTreeMap<&str, &StepAt> = BTreeMap::new();
    for step in steps {
        for output in &step.outputs {
            if let Some(first) = owners.insert(&output.value, step) {
                let key = format!("{path}.step.{}.out", step.name.value);
                let what = format!("\"{}\" is written by \"{}\" already", output.value, first.name.value);
                source.report(&output.span, key, what, "give each output a path of its own");
            }
        }
    }
}

/// The first cycle, as places in `steps`, each waiting for the next.
fn cycle(steps: &[StepAt], places: &BTreeMap<&str, usize>) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Closed,
    }
    fn visit(at: usize, edges: &[Vec<usize>], marks: &mut [Mark], path: &mut Vec<usize>) -> Option<Vec<usize>> {
        match marks[at] {
            Mark::Closed => return None,
            Mark::Open => {
                let from = path.iter().position(|&open| open == at).expect("an open step is on the path");
                return Some(path[from..].to_vec());
            }
            Mark::New => {}
        }
        marks[at] = Mark::Open;
        path.push(at);
        let found = edges[at].iter().find_map(|&next| visit(next, edges, marks, path));
        path.pop();
        marks[at] = Mark::Closed;
        found
    }
    let edges: Vec<Vec<usize>> = steps
        .iter()
        .map(|step| step.references.iter().filter_map(|to| places.get(to.target()).copied()).collect())
        .collect();
    let mut marks = vec![Mark::New; steps.len()];
    (0..steps.len()).find_map(|at| visit(at, &edges, &mut marks, &mut Vec::new()))
}
