//! Prints what showd made of the configuration, as TOML that reads back the same.

use super::span;
use super::syncthing::AUTO;
use super::{Away, Config, bytes, settings};
use show_core::{Input, Pipeline, Step, Work};
use std::fmt::Write as _;

/// The whole configuration with every default filled in, except for pipelines and settings left as they come.
pub fn config(config: &Config) -> String {
    let mut out = String::new();
    line(&mut out, "state", &quoted(&config.paths.state.to_string_lossy()));
    line(&mut out, "socket", &quoted(&config.paths.socket.to_string_lossy()));
    line(&mut out, "rescan", &quoted(&span::print(config.rescan_ms)));
    line(&mut out, "grace", &quoted(&span::print(config.rules.grace_ms)));
    line(&mut out, "lock", &quoted(&span::print(config.rules.lock_ms_max)));
    line(&mut out, "clients", &config.clients_max.to_string());
    for share in &config.shares {
        let _ = writeln!(out, "\n[share.{}]", key(&share.name));
        line(&mut out, "path", &quoted(&share.root.to_string_lossy()));
        let named = super::MERGE_POLICIES.iter().find(|(_, policy)| *policy == share.merge);
        line(&mut out, "merge", &quoted(named.map_or("", |(name, _)| name)));
        if let Some(scratch) = &share.scratch {
            line(&mut out, "scratch", &quoted(&scratch.to_string_lossy()));
        }
        line(&mut out, "away", &quoted(share.away.word()));
        if let Away::Grace { days } = share.away {
            line(&mut out, "away_days", &days.to_string());
        }
        let remote_quiet = share.remote_quiet_ms.map_or_else(|| AUTO.to_owned(), span::print);
        line(&mut out, "remote_quiet", &quoted(&remote_quiet));
    }
    syncthing(&mut out, config);
    out.push_str("\n[keep]\n");
    line(&mut out, "builds", &config.rules.builds_kept_max.to_string());
    line(&mut out, "events", &config.events_kept_max.to_string());
    line(&mut out, "history", &quoted(&span::print(config.keep.history_ms)));
    line(&mut out, "results", &quoted(&span::print(config.keep.results_ms)));
    line(&mut out, "archive", &quoted(&bytes::print(config.keep.bytes_max)));
    out.push_str("\n[pool]\n");
    for pool in &config.rules.pools {
        line(&mut out, &key(&pool.name), &pool.capacity.to_string());
    }
    out.push_str("\n[settings]\n");
    for (name, value) in &config.rules.settings {
        line(&mut out, name, &settings::print(name, value));
    }
    for pipeline in &config.rules.pipelines {
        let _ = writeln!(out, "\n[pipeline.{}]", key(&pipeline.name));
        clocks(&mut out, pipeline);
    }
    out
}

fn syncthing(out: &mut String, config: &Config) {
    let told = &config.syncthing;
    out.push_str("\n[syncthing]\n");
    line(out, "enabled", if told.is_enabled { "\"auto\"" } else { "false" });
    if let Some(url) = &told.url {
        line(out, "url", &quoted(url));
    }
    for (name, path) in [("home", &told.home), ("key_file", &told.key_file), ("cert_file", &told.cert_file)] {
        if let Some(path) = path {
            line(out, name, &quoted(&path.to_string_lossy()));
        }
    }
}

/// One pipeline with all its steps.
pub fn pipeline(pipeline: &Pipeline) -> String {
    let name = key(&pipeline.name);
    let mut out = format!("[pipeline.{name}]\n");
    line(&mut out, "subject", &quoted(&pipeline.subject));
    line(&mut out, "on", &list(&pipeline.on));
    if !pipeline.due.is_empty() {
        line(&mut out, "due", &quoted(&pipeline.due));
    }
    clocks(&mut out, pipeline);
    for step in &pipeline.steps {
        let _ = writeln!(out, "\n[[pipeline.{name}.step]]");
        print_step(&mut out, step);
    }
    out
}

fn clocks(out: &mut String, pipeline: &Pipeline) {
    line(out, "settle", &quoted(&span::print(pipeline.settle_text_ms)));
    line(out, "settle_max", &quoted(&span::print(pipeline.settle_text_ms_max)));
    line(out, "settle_media", &quoted(&span::print(pipeline.settle_media_ms)));
    line(out, "quiet", &quoted(&span::print(pipeline.quiet_ms)));
}

fn print_step(out: &mut String, step: &Step) {
    line(out, "name", &quoted(&step.name));
    match &step.work {
        Work::BuiltIn(name) => line(out, "use", &quoted(name)),
        Work::Program(words) => line(out, "run", &list(words)),
    }
    for (name, text) in [("map", &step.map), ("when", &step.when), ("version", &step.version)] {
        if !text.is_empty() {
            line(out, name, &quoted(text));
        }
    }
    let needs: Vec<String> = step.needs.iter().map(ToString::to_string).collect();
    let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
    let lists = [
        ("key", &step.key),
        ("needs", &needs),
        ("after", &after),
        ("settings", &step.settings),
        ("tools", &step.tools),
        ("edits", &step.edits),
        ("reads", &step.reads),
    ];
    for (name, texts) in lists {
        if !texts.is_empty() {
            line(out, name, &list(texts));
        }
    }
    for (role, input) in &step.inputs {
        let text = match input {
            Input::File(path) => format!("{{ file = {} }}", quoted(path)),
            Input::Files(pattern) => format!("{{ files = {} }}", quoted(pattern)),
            Input::Text(pattern) => format!("{{ text = {} }}", quoted(pattern)),
            Input::List(pattern) => format!("{{ list = {} }}", quoted(pattern)),
            Input::Result(step) => format!("{{ result = {} }}", quoted(step)),
            Input::Each { list, file } => format!("{{ each = {}, file = {} }}", quoted(list), quoted(file)),
        };
        line(out, &format!("in.{role}"), &text);
    }
    for (role, path) in &step.outputs {
        line(out, &format!("out.{role}"), &quoted(path));
    }
    let pools: Vec<_> = step.pools.iter().map(|(name, amount)| format!("{} = {amount}", key(name))).collect();
    line(out, "pool", &format!("{{ {} }}", pools.join(", ")));
    line(out, "timeout", &quoted(&span::print(step.timeout_ms)));
    let retry = &step.retry;
    let (wait, wait_max) = (quoted(&span::print(retry.wait_ms)), quoted(&span::print(retry.wait_ms_max)));
    line(out, "retry", &format!("{{ tries = {}, wait = {wait}, wait_max = {wait_max} }}", retry.tries_max));
    if step.network {
        line(out, "network", "true");
    }
}

fn line(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {value}");
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare { name.to_owned() } else { quoted(name) }
}
