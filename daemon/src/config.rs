//! What showd was told: shares, pipelines, pools, times and paths, from one TOML file or from nothing at all.
//!
//! Owns the form of the file (`docs/PIPELINES.md`) and every default. Read [`Config::read`] first. All mistakes are
//! found in one run, each with file, line, key and remedy; unknown keys are mistakes. What comes out are the core's
//! [`Rules`] and, for the adapters, the paths and numbers that the core does not need.

mod bytes;
mod graph;
mod pipeline;
mod print;
mod problem;
pub mod settings;
pub mod span;
mod syncthing;
mod table;

pub use problem::{Problem, Problems, nearest};
pub use syncthing::{Away, Syncthing};

use problem::Source;
use show_core::{Bounds, MergePolicy, Pipeline, Pool, Rules, ShareRules};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use table::{At, Table};
use toml::de::DeTable;

/// The pipelines that every showd carries, with the names under which `--check` reports mistakes in them.
const BUILT_IN: [(&str, &str); 2] = [
    ("show-build.toml (built in)", include_str!("config/pipelines/show-build.toml")),
    ("on-request.toml (built in)", include_str!("config/pipelines/on-request.toml")),
];

/// Every step of the specification, and our own. One that this showd does not carry may be named all the same, and is shown as
/// unavailable.
const STEPS: [&str; 20] = [
    "assetid",
    "collect",
    "compile",
    "cue_repair",
    "describe",
    "enumerate",
    "extract_quotes",
    "normalise",
    "normalise_audio",
    "pictures",
    "podcast",
    "probe",
    "quote_png",
    "renumber",
    "runtime",
    "scan",
    "slug_enhance",
    "thumbnails",
    "transcode",
    "transcribe",
];

/// Everything showd was told, with defaults filled in.
#[derive(Debug, Clone)]
pub struct Config {
    pub rules: Rules,
    /// In the order of [`Rules::shares`].
    pub shares: Vec<Share>,
    pub paths: Paths,
    pub syncthing: Syncthing,
    /// Clients connected at once, at most.
    pub clients_max: u32,
    /// A share is walked again after about this long, hints or not.
    pub rescan_ms: u64,
    /// Entries of the event log kept, at least.
    pub events_kept_max: u64,
    /// What else is kept how long.
    pub keep: Bounds,
    /// The text that each pipeline was read from: a built-in file, or what showd made of the configuration.
    pub origins: BTreeMap<String, String>,
    /// The file that was read.
    pub file: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub name: String,
    /// Absolute.
    pub root: PathBuf,
    /// Where attempts of this share work; below the state directory when unset.
    pub scratch: Option<PathBuf>,
    pub merge: MergePolicy,
    /// What to do while devices on which it was edited are away.
    pub away: Away,
    /// How long a note that came from another device is left alone, when not as Syncthing's watcher asks for.
    pub remote_quiet_ms: Option<u64>,
}

/// Places of our own, outside every share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    pub state: PathBuf,
    pub socket: PathBuf,
}

/// What the command line and the environment say; it wins over the file.
#[derive(Debug, Clone, Default)]
pub struct Given {
    pub config: Option<PathBuf>,
    pub shares: Vec<PathBuf>,
    pub state: Option<PathBuf>,
    pub socket: Option<PathBuf>,
    /// Built-in steps this showd carries, with their versions.
    pub builtins: BTreeMap<String, u32>,
    /// Capacity of the pool `cpu` when nobody says.
    pub cores: u32,
    /// `$XDG_STATE_HOME/showd` or what stands for it.
    pub state_default: PathBuf,
    /// `$XDG_RUNTIME_DIR/showd.sock` or what stands for it.
    pub socket_default: PathBuf,
}

/// Numbers and paths of the file's top level, each with its default.
const GRACE_MS: u64 = 10_000;
const LOCK_MS_MAX: u64 = 3_600_000;
const RESCAN_MS: u64 = 15 * 60_000;
const SETTLE_TEXT_MS: u64 = 3_000;
const SETTLE_TEXT_MS_MAX: u64 = 30_000;
const SETTLE_MEDIA_MS: u64 = 10_000;
const QUIET_MS: u64 = 120_000;
const BUILDS_KEPT_MAX: u32 = 50;
const EVENTS_KEPT_MAX: u32 = 200_000;
const KEEP: Bounds = Bounds { history_ms: 365 * DAY_MS, results_ms: 30 * DAY_MS, bytes_max: 20 * bytes::GB };
const DAY_MS: u64 = 86_400_000;
/// What is let go of sooner could not be told from what is still being made.
const KEEP_MS_MIN: u64 = 3_600_000;
const CLIENTS_MAX: u32 = 64;

/// Who undoes what we write this often within this time is of another mind, and the file is left alone.
const STORM_TIMES_MAX: u32 = 6;
const STORM_WINDOW_MS: u64 = 60 * 60 * 1_000;

/// What may be merged without asking, by its name in the file.
pub const MERGE_POLICIES: [(&str, MergePolicy); 3] =
    [("auto", MergePolicy::Auto), ("generated-only", MergePolicy::GeneratedOnly), ("ask", MergePolicy::Ask)];

impl Config {
    /// Reads the file that `given` names, if any, and fills in the rest.
    ///
    /// # Errors
    /// Every mistake in the file, or that it cannot be read.
    pub fn read(given: &Given) -> Result<Self, Problems> {
        let Some(path) = &given.config else { return Self::from_text(given, "", "") };
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::from_text(given, &file, &text),
            Err(error) => Err(Problems(vec![Problem {
                file,
                line: 0,
                key: String::new(),
                what: format!("could not be read: {error}"),
                hint: "name the file with --config, or leave --config out to run without one".into(),
            }])),
        }
    }

    /// The same for a text at hand; `file` is what mistakes are reported under.
    ///
    /// # Errors
    /// Every mistake in the text.
    pub fn from_text(given: &Given, file: &str, text: &str) -> Result<Self, Problems> {
        let source = Source::new(file, text);
        let config = match DeTable::parse(text) {
            Ok(document) => {
                let table = Table::new(&source, "", 0..0, document.get_ref());
                Some(read(table, given))
            }
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                source.report(&span, "", error.message(), "mend the TOML; https://toml.io describes it");
                None
            }
        };
        let problems = source.into_problems();
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Problems(problems)),
        }
    }

    /// Everything, with defaults filled in, as TOML.
    pub fn text(&self) -> String {
        print::config(self)
    }

    /// Where a pipeline stands, for people.
    pub fn source_of(&self, pipeline: &str) -> String {
        let text = self.origins.get(pipeline);
        let is_built_in = BUILT_IN.iter().any(|(_, built_in)| text.is_some_and(|text| text == built_in));
        self.file.clone().filter(|_| !is_built_in).unwrap_or_else(|| "built in".to_owned())
    }

    /// The pipeline as text: the built-in file with its comments, or what showd made of the configuration.
    pub fn pipeline_text(&self, name: &str) -> Option<String> {
        self.origins.get(name).cloned()
    }
}

fn read(mut table: Table<'_>, given: &Given) -> Config {
    let state = read_path(&mut table, "state");
    let socket = read_path(&mut table, "socket");
    let shares = read_shares(&mut table, given);
    let pools = read_pools(&mut table, given);
    let syncthing = table.table("syncthing").map(syncthing::read).unwrap_or_default();
    let settings = table.table("settings").map_or_else(settings::defaults, settings::read);

    let settle_ms = [table.span_ms("settle"), table.span_ms("settle_max"), table.span_ms("settle_media")];
    let settle_text_ms = settle_ms[0].unwrap_or(SETTLE_TEXT_MS);
    let mut builtins: Vec<String> = given.builtins.keys().cloned().collect();
    builtins.extend(STEPS.map(str::to_owned));
    builtins.sort();
    builtins.dedup();
    let defaults = pipeline::Defaults {
        settle_text_ms,
        settle_text_ms_max: settle_ms[1].unwrap_or(SETTLE_TEXT_MS_MAX).max(settle_text_ms),
        settle_media_ms: settle_ms[2].unwrap_or(SETTLE_MEDIA_MS),
        quiet_ms: table.span_ms("quiet").unwrap_or(QUIET_MS),
        settings: settings.clone(),
        builtins,
        pools: pools.iter().map(|pool| (pool.name.clone(), pool.capacity)).collect(),
    };
    let Found { pipelines, origins, places } = read_pipelines(&mut table, &defaults);

    let keep = table.table("keep").map(|mut keep| {
        let builds = keep.count("builds", 1, 100_000);
        let events = keep.count("events", 1_000, u32::MAX);
        let bounds = Bounds {
            history_ms: kept_ms(&mut keep, "history").unwrap_or(KEEP.history_ms),
            results_ms: kept_ms(&mut keep, "results").unwrap_or(KEEP.results_ms),
            bytes_max: keep.bytes("archive").unwrap_or(KEEP.bytes_max),
        };
        keep.finish();
        (builds, events, bounds)
    });
    let (builds_kept, events_kept, keep) = keep.unwrap_or((None, None, KEEP));
    let clients_max = table.count("clients", 1, 10_000).map_or(CLIENTS_MAX, |at| at.value);
    let grace_ms = table.span_ms("grace").unwrap_or(GRACE_MS);
    let lock_ms_max = table.span_ms("lock").unwrap_or(LOCK_MS_MAX);
    let rescan_ms = table.span_ms("rescan").unwrap_or(RESCAN_MS).max(1_000);
    let source = table.source();
    table.finish();

    let mut tools: Vec<String> =
        pipelines.iter().flat_map(|pipeline| &pipeline.steps).flat_map(|step| step.tools.iter().cloned()).collect();
    tools.sort();
    tools.dedup();
    let config = Config {
        rules: Rules {
            shares: shares
                .iter()
                .map(|share| ShareRules { name: share.name.clone(), read_only: false, merge: share.merge })
                .collect(),
            pipelines,
            pools,
            settings,
            tools,
            builtins: given.builtins.clone(),
            grace_ms,
            builds_kept_max: builds_kept.map_or(BUILDS_KEPT_MAX, |at| at.value),
            lock_ms_max,
            scan_ms: rescan_ms,
            storm: (STORM_TIMES_MAX, STORM_WINDOW_MS),
        },
        shares,
        paths: Paths {
            state: given.state.clone().or(state).unwrap_or_else(|| given.state_default.clone()),
            socket: given.socket.clone().or(socket).unwrap_or_else(|| given.socket_default.clone()),
        },
        syncthing,
        clients_max,
        rescan_ms,
        events_kept_max: u64::from(events_kept.map_or(EVENTS_KEPT_MAX, |at| at.value)),
        keep,
        origins,
        file: given.config.as_ref().map(|path| path.display().to_string()),
    };
    if source.is_fine() {
        check_rules(source, &config.rules, &places);
    }
    config
}

/// How long something is kept.
fn kept_ms(keep: &mut Table<'_>, key: &'static str) -> Option<u64> {
    let at = keep.span_at(key)?;
    if at.value < KEEP_MS_MIN {
        keep.report(&at.span, key, "is too short", "use an hour or more, such as \"90d\"");
        return None;
    }
    Some(at.value)
}

/// What the core would not play by, at the line of the step it is about.
fn check_rules(source: &Source<'_>, rules: &Rules, places: &pipeline::Places) {
    for wrong in rules.check() {
        let place = |step: &str| places.get(&(wrong.pipeline.to_string(), step.to_owned())).cloned();
        let span = place(&wrong.step).or_else(|| place("")).unwrap_or(0..0);
        let step = if wrong.step.is_empty() { String::new() } else { format!(".step.{}", wrong.step) };
        let key = format!("pipeline.{}{step}.{}", wrong.pipeline, wrong.key);
        source.report(&span, key.trim_end_matches('.'), wrong.text, wrong.hint);
    }
}

fn read_path(table: &mut Table<'_>, key: &'static str) -> Option<PathBuf> {
    let text = table.text(key)?;
    if !text.value.starts_with('/') {
        table.report(&text.span, key, "is not an absolute path", "begin it with \"/\"");
    }
    Some(PathBuf::from(text.value))
}

/// The shares of the command line, or else of the file: `[share.NAME]`, sorted by name.
fn read_shares(table: &mut Table<'_>, given: &Given) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    if let Some(mut named) = table.table("share") {
        for (name, span, value) in named.entries() {
            let Some(below) = value.get_ref().as_table() else {
                let hint = format!("write [share.{name}] and path = \"/srv/show\" below it");
                named.report(&value.span(), name, "is not a table", hint);
                continue;
            };
            let mut entry = Table::new(named.source(), named.key(name), span.clone(), below);
            let scratch = read_path(&mut entry, "scratch");
            let merge = entry.one_of("merge", &MERGE_POLICIES).unwrap_or_default();
            let away = syncthing::read_away(&mut entry);
            let remote_quiet_ms = syncthing::read_remote_quiet(&mut entry);
            match entry.text("path") {
                Some(path) => {
                    check_root(&entry, &path, &shares);
                    if scratch.as_ref().is_some_and(|scratch| scratch.starts_with(&path.value)) {
                        let hint = "what is half made would be shared: use a folder beside the share";
                        entry.report(&path.span, "scratch", "lies in the share", hint);
                    }
                    shares.push(Share {
                        name: name.to_owned(),
                        root: PathBuf::from(&path.value),
                        scratch,
                        merge,
                        away,
                        remote_quiet_ms,
                    });
                }
                None => entry.report(&span, "path", "is missing", "write path = \"/srv/show\""),
            }
            entry.finish();
        }
    }
    if given.shares.is_empty() {
        return shares;
    }
    let mut picked: Vec<Share> = Vec::new();
    for root in &given.shares {
        let known = shares.iter().find(|share| share.root == *root).cloned();
        let mut share = known.unwrap_or_else(|| Share {
            name: base_name(root),
            root: root.clone(),
            scratch: None,
            merge: MergePolicy::default(),
            away: Away::default(),
            remote_quiet_ms: None,
        });
        while picked.iter().any(|other| other.name == share.name) {
            share.name.push('\'');
        }
        picked.push(share);
    }
    picked
}

fn check_root(entry: &Table<'_>, path: &At<String>, shares: &[Share]) {
    let root = Path::new(&path.value);
    if !root.is_absolute() {
        entry.report(&path.span, "path", "is not an absolute path", "begin it with \"/\"");
    }
    if let Some(other) = shares.iter().find(|other| root.starts_with(&other.root) || other.root.starts_with(root)) {
        let what = format!("lies in or around the share \"{}\"", other.name);
        entry.report(&path.span, "path", what, "watch one of them only");
    }
}

fn base_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "share".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// `cpu` as many as cores (at least the two that a transcode takes), `llm` and `transcribe` one each, and the file's.
fn read_pools(table: &mut Table<'_>, given: &Given) -> Vec<Pool> {
    let mut pools =
        BTreeMap::from([("cpu".to_owned(), given.cores.max(2)), ("llm".to_owned(), 1), ("transcribe".to_owned(), 1)]);
    if let Some(mut pools_table) = table.table("pool") {
        for (name, _, value) in pools_table.entries() {
            let capacity = value.get_ref().as_integer().and_then(|number| number.as_str().parse::<u32>().ok());
            if let Some(capacity) = capacity {
                pools.insert(name.to_owned(), capacity);
            } else {
                let hint = "write how many jobs may share it; 0 holds everything that needs it";
                pools_table.report(&value.span(), name, "wants a whole number from 0", hint);
            }
        }
    }
    pools.into_iter().map(|(name, capacity)| Pool { name, capacity }).collect()
}

/// Pipelines, the text each was read from, and where each step stands in the file.
struct Found {
    pipelines: Vec<Pipeline>,
    origins: BTreeMap<String, String>,
    places: pipeline::Places,
}

/// The built-in pipelines, changed or replaced by the file's, then the file's own by name.
fn read_pipelines(table: &mut Table<'_>, defaults: &pipeline::Defaults) -> Found {
    let (mut pipelines, mut origins, mut places) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for (file, text) in BUILT_IN {
        for pipeline in built_in(file, text, defaults) {
            origins.insert(pipeline.name.to_string(), text.to_owned());
            pipelines.push(pipeline);
        }
    }
    let Some(mut named) = table.table("pipeline") else { return Found { pipelines, origins, places } };
    for (name, span, value) in named.entries() {
        let Some(below) = value.get_ref().as_table() else {
            named.report(&value.span(), name, "is not a table", format!("write [pipeline.{name}]"));
            continue;
        };
        let entry = Table::new(named.source(), named.key(name), span.clone(), below);
        let place = pipelines.iter().position(|pipeline: &Pipeline| &*pipeline.name == name);
        let base = place.map(|place| pipelines[place].clone());
        let read = pipeline::read(entry, &At { value: name, span }, base.as_ref(), defaults, &mut places);
        if let Some(read) = &read {
            origins.insert(name.to_owned(), print::pipeline(read));
        }
        match (place, read) {
            (Some(place), Some(read)) => pipelines[place] = read,
            (Some(place), None) => drop(pipelines.remove(place)),
            (None, read) => pipelines.extend(read),
        }
    }
    Found { pipelines, origins, places }
}

fn built_in(file: &str, text: &str, defaults: &pipeline::Defaults) -> Vec<Pipeline> {
    let source = Source::new(file, text);
    let document = DeTable::parse(text).expect("a built-in pipeline file is TOML");
    let mut table = Table::new(&source, "", 0..0, document.get_ref());
    // A machine's own pools may be too small for a built-in step: then the step takes what there is.
    let roomy =
        pipeline::Defaults { pools: defaults.pools.keys().map(|name| (name.clone(), 0)).collect(), ..defaults.clone() };
    let mut pipelines = Vec::new();
    if let Some(mut named) = table.table("pipeline") {
        for (name, span, value) in named.entries() {
            let below = value.get_ref().as_table().expect("a built-in pipeline is a table");
            let entry = Table::new(&source, format!("pipeline.{name}"), span.clone(), below);
            pipelines.extend(pipeline::read(entry, &At { value: name, span }, None, &roomy, &mut BTreeMap::new()));
        }
    }
    table.finish();
    for step in pipelines.iter_mut().flat_map(|pipeline: &mut Pipeline| &mut pipeline.steps) {
        for (name, amount) in &mut step.pools {
            let capacity = defaults.pools.get(name).copied().unwrap_or(0);
            *amount = (*amount).min(capacity.max(1));
        }
    }
    let problems = Problems(source.into_problems());
    assert!(problems.0.is_empty(), "a built-in pipeline is wrong:\n{problems}");
    pipelines
}

#[cfg(test)]
mod tests;
