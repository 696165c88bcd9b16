//! Episodes: how far each of the five stages is, one episode in full, checking its folder, and making a new one.
//!
//! What is in an episode stands in the results of its steps (`scan`, `runtime`, `compile`), which are blobs: the
//! driver's thread gathers which ones and what the core knows ([`Gathered`]), the rest happens elsewhere.

mod stages;

use super::file::{self, LeftOut, Settling};
use super::job::output_view;
use super::name::{self, Place};
use super::{Answered, Seen, build, invalid, job, later, page, rest};
use crate::blob::Archive;
use crate::inbox::{Said, Then};
use crate::share::make_folders;
use crate::store::BuildFilter;
use serde_json::Value;
use show_core::{ActionRow, Ask, Digest, Field, FilePath, JobRow, JobState as State, Subject};
use show_protocol::{
    Answer, BuildLine, CheckView, DiagnosticView, EpisodeLine, EpisodeView, EpisodesView, ItemView, JobLine,
    OutputView, Refusal, RefusalKind, Severity,
};
use show_script::episode as rules;
use show_script::listing::Listing;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The pipeline whose results the stages are read from.
const PIPELINE: &str = "show-build";
const EPISODES: &str = "episodes";
/// Diagnostics and jobs shown with an episode.
const SHOWN_MAX: usize = 50;

/// What the core and the store know of an episode, and which blobs say the rest.
pub struct Gathered {
    place: Place,
    share: String,
    /// Every result of the episode by step, for what is wrong in it.
    results: Vec<(String, Digest)>,
    /// The last action of the steps that stages ask for.
    actions: BTreeMap<String, ActionRow>,
    /// By graphic: the words that its picture came for.
    pictured: BTreeMap<String, String>,
    /// Whether the outputs of `compile` are in place as it left them.
    scripts: Vec<OutputView>,
    /// Jobs that can still move, or failed.
    jobs: Vec<JobLine>,
    /// `scan` has nothing left to do: what it said is of the present files.
    is_scanned: bool,
    /// The same of `compile`.
    is_compiled: bool,
    settling: Arc<Settling>,
}

pub fn gather(seen: &Seen<'_>, place: &Place, settling: &Arc<Settling>) -> Gathered {
    let subject = Subject { pipeline: PIPELINE.into(), share: place.share, path: Arc::clone(&place.path) };
    let (mut results, mut actions, mut pictured) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for index in seen.core.index(&subject) {
        let step = index.node.step.to_string();
        results.extend(index.action.result.map(|digest| (step.clone(), digest)));
        if let ("pictures", Some(Field::Text(words))) = (step.as_str(), index.action.facts.get("words")) {
            pictured.insert(index.node.element.to_string(), words.clone());
        }
        if index.node.element.is_empty() {
            actions.insert(step, index.action.clone());
        }
    }
    let scripts: Vec<_> = actions
        .get("compile")
        .iter()
        .flat_map(|action| &action.outputs)
        .map(|output| output_view(seen, output))
        .collect();
    let is_here = |job: &&JobRow| job.subject.share == place.share && job.subject.path == place.path;
    // What waits for somebody outside is not being worked on.
    let moves = |job: &&JobRow| match job.state {
        State::Done { .. } | State::Canceled { .. } => false,
        State::Waiting => !seen.core.blockers(job.id).iter().any(show_core::Blocker::is_outside),
        _ => true,
    };
    let jobs: Vec<_> = seen.core.jobs().filter(is_here).filter(moves).map(|row| job::line(seen, row)).collect();
    let plan = seen.core.plan(&subject);
    let is_done = |step: &str| {
        let planned = plan.iter().flat_map(|plan| &plan.nodes).find(|node| &*node.node.step == step);
        actions.contains_key(step) && planned.is_some_and(|node| node.standing == show_core::Standing::UpToDate)
    };
    let (is_scanned, is_compiled) = (is_done("scan"), is_done("compile"));
    let share = seen.world.share_name(place.share);
    let (place, settling) = (place.clone(), Arc::clone(settling));
    Gathered { place, share, results, actions, pictured, scripts, jobs, is_scanned, is_compiled, settling }
}

impl Gathered {
    fn result(&self, archive: &Archive, step: &str) -> Arc<Value> {
        let digest = self.actions.get(step).and_then(|action| action.result);
        digest.and_then(|digest| archive.result(&digest)).unwrap_or_default()
    }

    fn diagnostics(&self, archive: &Archive) -> Vec<DiagnosticView> {
        let results = self.results.iter().filter_map(|(_, digest)| archive.result(digest));
        let mut all: Vec<_> = results.flat_map(|result| file::diagnostics_of(&self.share, &result)).collect();
        file::sort(&mut all);
        for one in &mut all {
            self.settling.calm(one);
        }
        all
    }

    pub fn line(&self, archive: &Archive) -> EpisodeLine {
        let (scan, runtime) = (self.result(archive, "scan"), self.result(archive, "runtime"));
        let compiled = self.result(archive, "compile");
        let runtime_ms = stages::runtime_ms(&runtime, &compiled);
        let diagnostics = self.diagnostics(archive);
        let count = |severity| number(diagnostics.iter().filter(|one| one.severity == severity).count());
        EpisodeLine {
            share: self.share.clone(),
            episode: self.place.number.clone(),
            subject: self.place.path.to_string(),
            title: text(&scan, "title"),
            airdate: Some(text(&scan, "airdate")).filter(|date| !date.is_empty()),
            status: text(&scan, "status"),
            duration_ms: scan.get("duration_ms").and_then(Value::as_u64).filter(|ms| *ms > 0),
            runtime_ms,
            stages: stages::stages(self, &scan, &compiled, runtime_ms, &diagnostics),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
        }
    }

    fn items(&self, archive: &Archive, diagnostics: &[DiagnosticView]) -> Vec<ItemView> {
        let (scan, runtime) = (self.result(archive, "scan"), self.result(archive, "runtime"));
        let measured = list(&runtime, "items");
        let item = |item: &Value| {
            let file = format!("{}{}", self.place.path, text(item, "path"));
            // Both go by the item's path below the episode.
            let measured = measured.iter().find(|one| text(one, "id") == text(item, "id"));
            let wrong =
                |severity| diagnostics.iter().filter(|one| one.file == file && one.severity == severity).count();
            let count =
                |key: &str| item.get(key).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
            ItemView {
                order: Some(text(item, "order")).filter(|order| !order.is_empty()),
                title: text(item, "title"),
                slug: text(item, "slug"),
                kind: text(item, "type"),
                status: text(item, "status"),
                duration_ms: measured.and_then(|one| one.get("ms")).and_then(Value::as_u64),
                words: measured
                    .and_then(|one| one.get("words"))
                    .and_then(Value::as_u64)
                    .map_or(0, |words| number(words as usize)),
                cues: count("cues"),
                errors: number(wrong(Severity::Error)),
                warnings: number(wrong(Severity::Warning)),
                file,
            }
        };
        list(&scan, "items").iter().map(item).collect()
    }
}

/// A text or number of a result, as text; empty when it is not there.
fn text(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(flag)) => flag.to_string(),
        _ => String::new(),
    }
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub fn episodes(seen: &Seen<'_>, ask: &show_protocol::ask::Episodes) -> Answered {
    let mut places = name::episodes(seen);
    places.sort_by(|a, b| (&b.number, b.share).cmp(&(&a.number, a.share)));
    let (places, next) = page(places, ask.after.as_deref(), ask.limit)?;
    let settling = Arc::new(Settling::of(seen));
    let gathered: Vec<_> = places.iter().map(|place| gather(seen, place, &settling)).collect();
    Ok(later(move |archive| {
        let episodes = gathered.iter().map(|one| one.line(archive)).collect();
        Answer::Episodes(EpisodesView { episodes, next }).into()
    }))
}

pub fn episode(seen: &Seen<'_>, ask: &show_protocol::ask::Episode) -> Answered {
    let place = name::episode(seen, &ask.episode)?;
    let gathered = gather(seen, &place, &Arc::new(Settling::of(seen)));
    let subjects = name::subjects_at(seen, place.share, &place.path);
    let newest = seen.reader.builds(&BuildFilter { subjects, pipeline: None }, None, 1)?;
    let build: Option<BuildLine> = newest.rows.first().map(|row| build::build_line(seen, row)).transpose()?;
    let left_out: LeftOut = file::gather_left_out(seen, Some(place.share), Some(&place.path));
    let mut locks: Vec<_> = seen
        .core
        .leases()
        .filter(|lease| lease.file.share == place.share && lease.file.path.starts_with(&*place.path))
        .map(|lease| rest::lock_view(seen, lease))
        .collect();
    let proposals = seen
        .core
        .proposals()
        .filter(|row| row.subject.share == place.share && row.subject.path == place.path)
        .filter(|row| row.state == show_core::ProposalState::Open)
        .map(|row| file::proposal_line(seen, row))
        .collect();
    let path = seen.world.absolute(&FilePath { share: place.share, path: place.path.trim_end_matches('/').into() });
    let world = seen.world.clone();
    Ok(later(move |archive| {
        rest::look_at_locks(&world, &mut locks);
        let mut diagnostics = gathered.diagnostics(archive);
        let items = gathered.items(archive, &diagnostics);
        diagnostics.sort_by_key(|one| one.severity);
        diagnostics.truncate(SHOWN_MAX);
        let view = EpisodeView {
            episode: gathered.line(archive),
            path,
            items,
            scripts: gathered.scripts.clone(),
            build,
            jobs: gathered.jobs.iter().take(SHOWN_MAX).cloned().collect(),
            diagnostics,
            left_out: left_out.finish(archive),
            locks,
            proposals,
        };
        Answer::Episode(view).into()
    }))
}

/// Looks at the folder as it is on disk: empty folders count, and the core knows only files. So an episode is found
/// that no scan has seen yet, too.
pub fn check(seen: &Seen<'_>, ask: &show_protocol::ask::EpisodeCheck) -> Answered {
    let (share, number) = name::numbered(seen, &ask.episode)?;
    let known = match name::episode(seen, &ask.episode) {
        Ok(place) => Some(place),
        Err(refusal) if refusal.kind == RefusalKind::NotFound => None,
        Err(refusal) => return Err(refusal.into()),
    };
    let share = known.as_ref().map(|place| place.share).or(share);
    let shares = seen.world.configured().filter(|(id, ..)| share.is_none_or(|share| share == *id));
    let roots: Vec<PathBuf> = shares.map(|(_, _, root)| root.to_path_buf()).collect();
    Ok(later(move |_| {
        let folder = roots.iter().find_map(|root| {
            let names = episode_folders(root);
            // The padded one is used where both are there (specification 1.1 #1).
            let names = names.into_iter().filter(|name| rules::number(name).as_deref() == Some(number.as_str()));
            names.max_by_key(String::len).map(|name| (root.join(EPISODES).join(&name), name))
        });
        let Some((folder, name)) = folder else { return name::no_episode(&number).into() };
        let answer = rules::check_layout(&name, &listing(&folder));
        Answer::Check(CheckView { valid: answer.valid, errors: answer.errors, warnings: answer.warnings }).into()
    }))
}

/// Folders that may be episodes, by name.
fn episode_folders(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root.join(EPISODES)).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Files and folders below an episode, two levels deep: as deep as anything that is required.
fn listing(folder: &Path) -> Listing {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    let mut open = vec![(folder.to_path_buf(), String::new())];
    while let Some((path, below)) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&path) else { continue };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() {
                if below.is_empty() {
                    open.push((entry.path(), format!("{name}/")));
                }
                folders.push(name);
            } else if kind.is_file() {
                files.push((name, entry.metadata().map_or(0, |meta| meta.len())));
            }
        }
    }
    Listing::new(files).with_folders(folders)
}

pub fn new(seen: &Seen<'_>, ask: show_protocol::ask::EpisodeNew) -> Answered {
    let asked = ask.episode.as_deref().map(|typed| name::numbered(seen, typed)).transpose()?;
    let (share, asked) = match asked {
        Some((share, number)) => (share, Some(number)),
        None => (None, None),
    };
    let share = match share {
        Some(share) => share,
        None => name::only_share(seen, asked.as_deref().unwrap_or("0001"))?,
    };
    if ask.kind.as_deref().is_some_and(|kind| kind != "sunday_show") {
        return Err(invalid("only a sunday_show can be made", "change \"type\" in its info.md afterwards").into());
    }
    let airdate = match &ask.airdate {
        Some(typed) => Some(
            typed
                .parse::<jiff::civil::Date>()
                .map_err(|_| invalid(format!("\"{typed}\" is no date"), "write it as 2026-08-16"))?,
        ),
        None => None,
    };
    let Some(root) = seen.world.root(share).map(Path::to_path_buf) else {
        return Err(Refusal::new(RefusalKind::NotNow, "its share is away", "").into());
    };
    let (places, settling) = (name::episodes(seen), Arc::default());
    let gathered: Vec<_> =
        places.iter().filter(|place| place.share == share).map(|place| gather(seen, place, &settling)).collect();
    let known: Vec<String> = gathered.iter().map(|one| one.place.number.clone()).collect();
    let (now, title) = (seen.now, ask.title.unwrap_or_default());
    Ok(later(move |archive| {
        // One that was made a moment ago is a folder that no scan has seen yet.
        let taken = [known, episode_folders(&root)].concat();
        let number = asked.unwrap_or_else(|| rules::next_number(taken.iter().map(String::as_str)));
        if taken.iter().any(|name| rules::number(name).as_deref() == Some(number.as_str())) {
            let text = format!("there is an episode {number} already");
            let hint = "leave the number out to take the next one";
            return Refusal::new(RefusalKind::NotAllowed, text, hint).into();
        }
        let airdate = airdate.or_else(|| next_airdate(&gathered, archive, now.0));
        let mut random = [0; 6];
        let _ = std::fs::File::open("/dev/urandom")
            .and_then(|mut chance| std::io::Read::read_exact(&mut chance, &mut random));
        let id = show_script::id::compose("EPS", u64::try_from(now.0).unwrap_or(0), random);
        let made = rules::new_episode(&number, airdate, &title, &id);
        let place = format!("{EPISODES}/{number}");
        let files = made
            .files
            .into_iter()
            .map(|(path, text)| (FilePath { share, path: format!("{place}/{path}").into() }, text));
        let kept = match super::wish::keep_all(archive, files.collect()) {
            Ok(kept) => kept,
            Err(said) => return said,
        };
        let folders: Vec<PathBuf> = made.folders.iter().map(|folder| Path::new(&place).join(folder)).collect();
        if let Err(cause) = make_folders(&root, &folders) {
            return super::wish::failed(&format!("could not make the folders of episode {number}"), &cause);
        }
        let file = FilePath { share, path: place.into() };
        let files = kept.iter().map(|(file, ..)| file.clone()).collect();
        let what = format!("new episode {number}");
        Said::Ask(Box::new((Ask::Create { files: kept, what }, Then::EpisodeMade { episode: number, file, files })))
    }))
}

/// The Sunday after the last show, or after today.
fn next_airdate(gathered: &[Gathered], archive: &Archive, now_ms: i64) -> Option<jiff::civil::Date> {
    let dates = gathered.iter().map(|one| text(&one.result(archive, "scan"), "airdate"));
    let highest = dates.filter_map(|date| date.parse().ok()).max();
    let today = jiff::Timestamp::from_millisecond(now_ms).ok()?.to_zoned(jiff::tz::TimeZone::UTC).date();
    rules::next_airdate(highest, today)
}
