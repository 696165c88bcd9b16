//! Reads one `[pipeline.NAME]` into the core's words.
//!
//! What can be seen in one step is checked here; what takes the whole graph (names, cycles, two steps with one output)
//! in [`super::graph`].

use super::graph::{self, Reference, StepAt};
use super::problem::nearest;
use super::settings;
use super::table::{At, Table, form};
use show_core::{Digest, Input, Pipeline, Retry, Step, Work};
use std::collections::BTreeMap;
use toml::de::DeValue;

/// What pipelines and steps are given when they do not say otherwise.
#[derive(Debug, Clone)]
pub struct Defaults {
    pub settle_text_ms: u64,
    pub settle_text_ms_max: u64,
    pub settle_media_ms: u64,
    pub quiet_ms: u64,
    pub settings: BTreeMap<String, String>,
    /// Names that `use` may have: the steps showd carries and those it will.
    pub builtins: Vec<String>,
    pub pools: BTreeMap<String, u32>,
}

/// Where a step of a pipeline stands; under the empty name the pipeline itself.
pub type Places = BTreeMap<(String, String), std::ops::Range<usize>>;

/// A step that does not say gets this long.
const TIMEOUT_MS: u64 = 10 * 60_000;
const RETRY: Retry = Retry { tries_max: 3, wait_ms: 1_000, wait_ms_max: 300_000 };
/// Of the pool `cpu`, for a step that does not say.
const CPU: u32 = 1;

/// Reads a pipeline. `base`: the built-in one of this name, which a table without steps only changes.
/// `None`: it is switched off, or so wrong that nothing can be said about it (which was reported).
pub fn read(
    mut table: Table<'_>,
    name: &At<&str>,
    base: Option<&Pipeline>,
    defaults: &Defaults,
    places: &mut Places,
) -> Option<Pipeline> {
    places.insert((name.value.to_owned(), String::new()), name.span.clone());
    let enabled = table.flag("enabled").unwrap_or(true);
    let subject = table.text("subject");
    let on = table.has("on").then(|| table.texts("on"));
    let due = table.text("due");
    let settle_ms = [table.span_ms("settle"), table.span_ms("settle_max"), table.span_ms("settle_media")];
    let quiet_ms = table.span_ms("quiet");
    let steps = table.tables("step");

    let mut pipeline = match base {
        Some(base) if steps.is_empty() => base.clone(),
        _ => Pipeline {
            name: name.value.into(),
            subject: String::new(),
            on: Vec::new(),
            steps: Vec::new(),
            settle_text_ms: defaults.settle_text_ms,
            settle_text_ms_max: defaults.settle_text_ms_max,
            settle_media_ms: defaults.settle_media_ms,
            quiet_ms: defaults.quiet_ms,
            due: String::new(),
            digest: Digest([0; 32]),
        },
    };
    let replaces = pipeline.steps.is_empty();
    if replaces && subject.is_none() {
        let hint = "write subject = \"episodes/{episode:digits}/\"; a directory ends in \"/\"";
        table.report(&name.span, "subject", "is missing", hint);
    }
    if replaces && steps.is_empty() {
        table.report(
            &name.span,
            "step",
            "there are no steps",
            format!("write [[{}.step]] once for each", table.path()),
        );
    }
    if let Some(subject) = subject {
        check_pattern(&table, "subject", &subject);
        pipeline.subject = subject.value;
    }
    if let Some(on) = on {
        for pattern in &on {
            check_pattern(&table, "on", pattern);
        }
        pipeline.on = on.into_iter().map(|pattern| pattern.value).collect();
    }
    if let Some(due) = due {
        pipeline.due = due.value;
    }
    let [text, text_max, media] = settle_ms;
    pipeline.settle_text_ms = text.unwrap_or(pipeline.settle_text_ms);
    pipeline.settle_text_ms_max = text_max.unwrap_or(pipeline.settle_text_ms_max).max(pipeline.settle_text_ms);
    pipeline.settle_media_ms = media.unwrap_or(pipeline.settle_media_ms);
    pipeline.quiet_ms = quiet_ms.unwrap_or(pipeline.quiet_ms);

    if replaces {
        let read: Vec<_> = steps.into_iter().filter_map(|step| read_step(step, defaults)).collect();
        graph::check(table.source(), table.path(), &read);
        for step in &read {
            places.insert((name.value.to_owned(), step.name.value.clone()), step.name.span.clone());
        }
        pipeline.steps = read.into_iter().map(|step| step.step).collect();
    }
    table.finish();
    pipeline.digest = digest(&pipeline);
    enabled.then_some(pipeline)
}

/// Over the definition: a build says with it which rules it was made by.
fn digest(pipeline: &Pipeline) -> Digest {
    let canonical = serde_json::to_vec(&Pipeline { digest: Digest([0; 32]), ..pipeline.clone() });
    Digest(*blake3::hash(&canonical.expect("a pipeline is plain data")).as_bytes())
}

fn read_step(mut table: Table<'_>, defaults: &Defaults) -> Option<StepAt> {
    let span = table.span();
    let Some(name) = table.text("name") else {
        if !table.has("name") {
            table.report(&span, "name", "is missing", "write name = \"…\"");
        }
        return None;
    };
    // From here on the step has a name, and a person looks for that rather than for a number.
    let place = table.path().rsplit_once(' ').map_or("", |(place, _)| place).to_owned();
    table.rename(format!("{place}.{}", name.value));
    if !name.value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-')) {
        table.report(&name.span, "name", "may hold a-z, 0-9, _ and - only", "write it so, as in \"make_poster\"");
    }

    let work = read_work(&mut table, &name, defaults)?;
    let mut references = Vec::new();
    let map = table.text("map");
    if let Some(map) = &map {
        references.push(Reference::list("map", map));
    }
    let when = table.text("when");
    let needs = table.texts("needs");
    let after = table.texts("after");
    references.extend(needs.iter().map(|step| Reference::step("needs", step)));
    references.extend(after.iter().map(|step| Reference::step("after", step)));
    let inputs = table.table("in").map(|table| read_inputs(table, &mut references)).unwrap_or_default();
    let (outputs, outputs_at) = table.table("out").map(read_outputs).unwrap_or_default();

    let step = Step {
        name: name.value.as_str().into(),
        work,
        map: map.map(|map| map.value).unwrap_or_default(),
        key: values(table.texts("key")),
        needs: needs.iter().map(|step| step.value.as_str().into()).collect(),
        after: after.iter().map(|step| step.value.as_str().into()).collect(),
        when: when.map(|when| when.value).unwrap_or_default(),
        inputs,
        settings: read_settings(&mut table, defaults),
        tools: values(table.texts("tools")),
        outputs,
        edits: read_edits(&mut table),
        pools: read_pools(&mut table, defaults),
        timeout_ms: table.span_ms("timeout").unwrap_or(TIMEOUT_MS).max(1),
        retry: table.table("retry").map_or(RETRY, read_retry),
        network: table.flag("network").unwrap_or(false),
        reads: read_paths(&mut table),
        version: table.text("version").map(|version| version.value).unwrap_or_default(),
    };
    table.finish();
    Some(StepAt { step, name, references, outputs: outputs_at })
}

fn values(texts: Vec<At<String>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}

fn read_work(table: &mut Table<'_>, name: &At<String>, defaults: &Defaults) -> Option<Work> {
    let builtin = table.text("use");
    let program = table.value("run");
    let words = table.texts("run");
    match (builtin, program) {
        (Some(_), Some(run)) => {
            table.report(
                &run.span(),
                "run",
                "stands beside \"use\"",
                "keep one: \"use\" for a built-in step, \"run\" for a program",
            );
            None
        }
        (Some(builtin), None) => {
            if !defaults.builtins.contains(&builtin.value) {
                let known = defaults.builtins.iter().map(String::as_str);
                let hint = match nearest(&builtin.value, known) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => {
                        "\"showd step --list\" prints the built-in steps; for a program write run = [\"prog\"]".into()
                    }
                };
                table.report(&builtin.span, "use", format!("there is no built-in step \"{}\"", builtin.value), hint);
            }
            Some(Work::BuiltIn(builtin.value))
        }
        (None, Some(run)) => {
            if words.is_empty() && matches!(run.get_ref(), DeValue::Array(_)) {
                table.report(&run.span(), "run", "is empty", "write run = [\"prog\", \"{in.source}\"]");
            }
            Some(Work::Program(values(words)))
        }
        (None, None) => {
            let hint = "write use = \"probe\" for a built-in step or run = [\"prog\", \"{in.source}\"] for a program";
            table.report(&name.span, "use", "the step does not say what it does", hint);
            None
        }
    }
}

/// `in.ROLE = { file = "…" }` and its kin.
fn read_inputs(mut table: Table<'_>, references: &mut Vec<Reference>) -> BTreeMap<String, Input> {
    let hint = "write { file = \"…\" }, { files = \"…\" }, { text = \"…\" }, { list = \"…\" }, { result = \"STEP\" } \
                or { each = \"STEP.LIST\", file = \"…\" }";
    let mut inputs = BTreeMap::new();
    for (role, role_span, value) in table.entries() {
        let DeValue::Table(below) = value.get_ref() else {
            table.report(&value.span(), role, format!("wants a table, and this is {}", form(value.get_ref())), hint);
            continue;
        };
        check_role(&table, role, &role_span);
        let mut input = Table::new(table.source(), table.key(role), value.span(), below);
        let file = input.text("file");
        let files = input.text("files");
        let text = input.text("text");
        let list = input.text("list");
        let result = input.text("result");
        let each = input.text("each");
        for (key, pattern) in [("file", &file), ("files", &files), ("text", &text), ("list", &list)] {
            if let Some(pattern) = pattern {
                check_pattern(&input, key, pattern);
            }
        }
        let read = match (file, files, text, list, result, each) {
            (Some(file), None, None, None, None, None) => Some(Input::File(file.value)),
            (None, Some(files), None, None, None, None) => Some(Input::Files(files.value)),
            (None, None, Some(text), None, None, None) => Some(Input::Text(text.value)),
            (None, None, None, Some(list), None, None) => Some(Input::List(list.value)),
            (None, None, None, None, Some(result), None) => {
                references.push(Reference::result(&format!("in.{role}.result"), &result));
                Some(Input::Result(result.value))
            }
            (Some(file), None, None, None, None, Some(each)) => {
                references.push(Reference::list(&format!("in.{role}.each"), &each));
                Some(Input::Each { list: each.value, file: file.value })
            }
            _ => {
                input.report(&value.span(), "", "is not one kind of input", hint);
                None
            }
        };
        input.finish();
        inputs.extend(read.map(|read| (role.to_owned(), read)));
    }
    inputs
}

fn read_outputs(mut table: Table<'_>) -> (BTreeMap<String, String>, Vec<At<String>>) {
    let (mut outputs, mut places) = (BTreeMap::new(), Vec::new());
    for (role, role_span, value) in table.entries() {
        check_role(&table, role, &role_span);
        let Some(path) = value.get_ref().as_str() else {
            let what = format!("wants a path, and this is {}", form(value.get_ref()));
            table.report(&value.span(), role, what, "write out.video = \"assets/video/{clip.slug}.mp4\"");
            continue;
        };
        let place = At { value: path.to_owned(), span: value.span() };
        check_pattern(&table, role, &place);
        outputs.insert(role.to_owned(), path.to_owned());
        places.push(place);
    }
    (outputs, places)
}

fn check_role(table: &Table<'_>, role: &str, span: &std::ops::Range<usize>) {
    if !role.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        table.report(span, role, "a role may hold letters, digits, _ and - only", "rename it");
    }
}

/// A path or pattern below the subject or share: no way out of it.
fn check_pattern(table: &Table<'_>, key: &str, pattern: &At<String>) {
    let parts = pattern.value.trim_end_matches('/').split('/');
    if pattern.value.starts_with('/') {
        table.report(
            &pattern.span,
            key,
            "is an absolute path",
            "paths begin below the subject, such as \"assets/video/x.mp4\"",
        );
    } else if pattern.value.is_empty() {
        let hint = "write \"*.md\"; with a file for a subject, patterns are below the folder it lies in";
        table.report(&pattern.span, key, "is empty", hint);
    } else if parts.clone().any(str::is_empty) {
        table.report(&pattern.span, key, "has an empty part", "write one \"/\" between the parts of a path");
    } else if parts.clone().any(|part| part == ".." || part == ".") {
        table.report(
            &pattern.span,
            key,
            "holds \".\" or \"..\"",
            "name the place itself; a step never leaves its subject",
        );
    } else if pattern.value.matches('{').count() != pattern.value.matches('}').count() {
        table.report(&pattern.span, key, "has a brace without its partner", "write captures as {episode}");
    }
}

fn read_settings(table: &mut Table<'_>, defaults: &Defaults) -> Vec<String> {
    let mut names = Vec::new();
    for pattern in table.texts("settings") {
        let found = settings::named(&pattern.value, &defaults.settings);
        if found.is_empty() {
            let hint = match nearest(&pattern.value, defaults.settings.keys().map(String::as_str)) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("set it below [settings] as own.{}, or see \"showctl config\"", pattern.value),
            };
            table.report(&pattern.span, "settings", format!("there is no setting \"{}\"", pattern.value), hint);
        }
        names.extend(found);
    }
    names.sort();
    names.dedup();
    names
}

/// Words that `edits` may hold: an owner and a name, `*` for all, `prose`, or `renames` for the files that edits name.
fn read_edits(table: &mut Table<'_>) -> Vec<String> {
    let texts = table.texts("edits");
    for edit in &texts {
        let good = matches!(&*edit.value, "prose" | "renames")
            || edit
                .value
                .split_once('.')
                .is_some_and(|(owner, name)| matches!(owner, "cue" | "item" | "info") && !name.is_empty());
        if !good {
            let hint =
                "use \"cue.Duration\", \"cue.*\", \"item.slug\", \"info.total_runtime\", \"prose\" or \"renames\"";
            table.report(&edit.span, "edits", format!("\"{}\" names nothing that can be edited", edit.value), hint);
        }
    }
    values(texts)
}

fn read_pools(table: &mut Table<'_>, defaults: &Defaults) -> BTreeMap<String, u32> {
    if !table.has("pool") {
        return BTreeMap::from([("cpu".to_owned(), CPU)]);
    }
    let mut pools = BTreeMap::new();
    let Some(mut pool_table) = table.table("pool") else { return pools };
    for (name, span, value) in pool_table.entries() {
        let amount = value.get_ref().as_integer().and_then(|number| number.as_str().parse::<u32>().ok());
        let Some(amount) = amount.filter(|amount| *amount > 0) else {
            pool_table.report(&value.span(), name, "wants a number from 1", "write how much of the pool one job takes");
            continue;
        };
        match defaults.pools.get(name) {
            None => {
                let hint = match nearest(name, defaults.pools.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("add it below [pool]: {name} = {amount}"),
                };
                pool_table.report(&span, name, "there is no such pool", hint);
            }
            Some(capacity) if *capacity > 0 && *capacity < amount => {
                let hint = format!("take at most {capacity}, or raise {name} below [pool]");
                pool_table.report(&value.span(), name, format!("takes {amount} of a pool that has {capacity}"), hint);
            }
            Some(_) => drop(pools.insert(name.to_owned(), amount)),
        }
    }
    pools
}

fn read_retry(mut table: Table<'_>) -> Retry {
    let wait_ms = table.span_ms("wait").unwrap_or(RETRY.wait_ms);
    let retry = Retry {
        tries_max: table.count("tries", 1, 1_000).map_or(RETRY.tries_max, |tries| tries.value),
        wait_ms,
        wait_ms_max: table.span_ms("wait_max").unwrap_or(RETRY.wait_ms_max).max(wait_ms),
    };
    table.finish();
    retry
}

fn read_paths(table: &mut Table<'_>) -> Vec<String> {
    let paths = table.texts("reads");
    for path in &paths {
        if !path.value.starts_with('/') {
            table.report(&path.span, "reads", "is not an absolute path", "begin it with \"/\"");
        }
    }
    values(paths)
}
