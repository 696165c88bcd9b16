//! What people call things, and what they are called for people: shares, episodes, paths, subjects.

use super::{Seen, invalid, not_found};
use crate::attempt::Attempts;
use crate::board::Board;
use crate::config::Config;
use crate::keeper::Keeper;
use crate::words::episode_of;
use show_core::{EventRow, FilePath, ShareId, Subject, Time};
use show_protocol::Refusal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What does not change while the daemon runs, and the board.
#[derive(Clone)]
pub struct World {
    pub config: Arc<Config>,
    /// By [`ShareId`].
    pub shares: Arc<[ShareName]>,
    pub board: Board,
    pub host: String,
    pub started_at: Time,
    /// The configuration file, where there is one.
    pub config_file: Option<PathBuf>,
    /// Knows what this machine cannot keep apart.
    pub attempts: Option<Attempts>,
    /// Asks Syncthing.
    pub sync: crate::sync::Handle,
    /// Sweeps the archive.
    pub keeper: Option<Keeper>,
}

#[derive(Debug, Clone)]
pub struct ShareName {
    pub name: String,
    /// `None`: rows speak of it, the configuration does not.
    pub root: Option<PathBuf>,
    /// Why nothing is written into it. Empty: it is written into.
    pub read_only: String,
}

/// An event's things by name, for the journal.
#[derive(Debug, Default)]
pub struct EventWords {
    pub share: Option<String>,
    pub episode: Option<String>,
    pub build: Option<u64>,
    pub job: Option<u64>,
    pub step: Option<String>,
    pub file: Option<String>,
}

impl World {
    pub fn share_name(&self, share: ShareId) -> String {
        self.shares.get(usize::from(share.0)).map_or_else(|| format!("share {share}"), |share| share.name.clone())
    }

    pub fn root(&self, share: ShareId) -> Option<&Path> {
        self.shares.get(usize::from(share.0))?.root.as_deref()
    }

    /// Absolute, for people; below the share's name when it has no root any more.
    pub fn absolute(&self, file: &FilePath) -> String {
        match self.root(file.share) {
            Some(root) => root.join(&*file.path).to_string_lossy().into_owned(),
            None => format!("{}:{}", self.share_name(file.share), file.path),
        }
    }

    /// Shares of the configuration.
    pub fn configured(&self) -> impl Iterator<Item = (ShareId, &ShareName, &Path)> {
        self.shares.iter().enumerate().filter_map(|(place, share)| {
            let id = ShareId(u16::try_from(place).expect("a share's number is that short"));
            share.root.as_deref().map(|root| (id, share, root))
        })
    }

    pub fn words(&self, event: &EventRow) -> EventWords {
        let share = event.subject.as_ref().map(|subject| subject.share).or(event.file.as_ref().map(|file| file.share));
        EventWords {
            share: share.map(|share| self.share_name(share)),
            episode: event.subject.as_ref().and_then(|subject| episode_of(&subject.path)),
            build: event.build.map(|build| build.0),
            job: event.job.map(|job| job.0),
            step: event.step.as_ref().map(ToString::to_string),
            file: event.file.as_ref().map(|file| file.path.to_string()),
        }
    }
}

/// An episode that was found: where it is, and its number as people say it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub share: ShareId,
    pub number: String,
    /// `episodes/0237/`.
    pub path: Arc<str>,
}

/// Every episode, sorted by share and number.
pub fn episodes(seen: &Seen<'_>) -> Vec<Place> {
    let mut places: Vec<Place> = seen
        .core
        .subjects()
        .into_iter()
        .filter_map(|found| {
            let number = episode_of(&found.subject.path)?;
            Some(Place { share: found.subject.share, number, path: found.subject.path })
        })
        .collect();
    places.sort();
    places.dedup();
    // When `237` and `0237` both exist, the padded one is used (specification 1.1 #1).
    places.dedup_by(|later, kept| {
        let same = later.share == kept.share && later.number == kept.number;
        if same && later.path.len() > kept.path.len() {
            std::mem::swap(later, kept);
        }
        same
    });
    places
}

/// What is typed for an episode, whether there is one or not: the share, where it is named, and the number.
pub fn numbered(seen: &Seen<'_>, typed: &str) -> Result<(Option<ShareId>, String), Refusal> {
    let (share, number) = split_share(seen, typed)?;
    match show_script::episode::number(number) {
        Some(number) => Ok((share, number)),
        None => Err(invalid(format!("\"{typed}\" is no episode number"), "write its number, such as 237 or 0237")),
    }
}

pub fn no_episode(number: &str) -> Refusal {
    not_found(format!("there is no episode {number}"), "\"showctl episodes\" lists them")
}

/// `237`, `0237`, `name:0237`.
pub fn episode(seen: &Seen<'_>, typed: &str) -> Result<Place, Refusal> {
    let (share, number) = numbered(seen, typed)?;
    let mut found: Vec<Place> = episodes(seen);
    found.retain(|place| place.number == number && share.is_none_or(|share| share == place.share));
    match found.len() {
        0 => Err(no_episode(&number)),
        1 => Ok(found.remove(0)),
        _ => {
            let names: Vec<_> =
                found.iter().map(|place| format!("{}:{number}", seen.world.share_name(place.share))).collect();
            Err(invalid(
                format!("several shares have an episode {number}"),
                format!("write one of: {}", names.join(", ")),
            ))
        }
    }
}

/// `name:rest`, where `name` is a share; otherwise no share is named.
fn split_share<'t>(seen: &Seen<'_>, typed: &'t str) -> Result<(Option<ShareId>, &'t str), Refusal> {
    let Some((name, rest)) = typed.split_once(':') else { return Ok((None, typed)) };
    let found = seen.world.configured().find(|(_, share, _)| share.name == name);
    match found {
        Some((id, ..)) => Ok((Some(id), rest)),
        // A colon may stand in a file's name.
        None if name.contains('/') || seen.world.configured().count() == 1 => Ok((None, typed)),
        None => Err(not_found(format!("there is no share \"{name}\""), "\"showctl status\" names the shares")),
    }
}

/// An absolute path, or one below a share's root; with several shares `name:episodes/0237/info.md`.
pub fn file(seen: &Seen<'_>, typed: &str) -> Result<FilePath, Refusal> {
    let (share, path) = if typed.starts_with('/') {
        let below = |root: &Path| Path::new(typed).strip_prefix(root).ok()?.to_str();
        let inside = seen.world.configured().find_map(|(id, _, root)| Some((id, below(root)?)));
        // Or by where a root that is named by a link really is.
        let inside = inside.or_else(|| {
            seen.world.configured().find_map(|(id, _, root)| Some((id, below(&root.canonicalize().ok()?)?)))
        });
        let hint = "name a file below the root of a share; \"showctl status\" names the shares";
        inside.ok_or_else(|| not_found(format!("{typed} is in no share"), hint))?
    } else {
        let (share, path) = split_share(seen, typed)?;
        (share.map_or_else(|| only_share(seen, typed), Ok)?, path)
    };
    let path = path.trim_end_matches('/');
    if path.is_empty() && !typed.is_empty() {
        let text = format!("\"{typed}\" is a whole share");
        return Err(invalid(text, "name a file in it, or a folder such as an episode's"));
    }
    if path.is_empty() || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(invalid(
            format!("\"{typed}\" is no path of a file"),
            "write it without \".\", \"..\" and doubled \"/\"",
        ));
    }
    Ok(FilePath { share, path: path.into() })
}

pub fn only_share(seen: &Seen<'_>, typed: &str) -> Result<ShareId, Refusal> {
    let shares: Vec<_> = seen.world.configured().collect();
    match shares.as_slice() {
        [(id, ..)] => Ok(*id),
        [] => Err(not_found("no share is watched", "add one with [share.NAME] or --share")),
        [(_, first, _), ..] => {
            let text = format!("\"{typed}\" could be in any of {} shares", shares.len());
            Err(invalid(text, format!("name the share too: {}:{typed}", first.name)))
        }
    }
}

/// The subject that a person means: an episode's number, or a path below a share's root.
pub fn subject(seen: &Seen<'_>, pipeline: &str, typed: &str) -> Result<Subject, Refusal> {
    let known = seen.core.rules().pipelines.iter().find(|known| &*known.name == pipeline);
    let Some(known) = known else {
        let names: Vec<_> = seen.core.rules().pipelines.iter().map(|known| known.name.to_string()).collect();
        return Err(not_found(
            format!("there is no pipeline \"{pipeline}\""),
            format!("pipelines: {}", names.join(", ")),
        ));
    };
    let after_share = typed.rsplit(':').next().unwrap_or(typed);
    if after_share.bytes().all(|byte| byte.is_ascii_digit()) {
        let place = episode(seen, typed)?;
        return Ok(Subject { pipeline: known.name.clone(), share: place.share, path: place.path });
    }
    let file = file(seen, typed)?;
    let path = if known.subject.ends_with('/') { format!("{}/", file.path).into() } else { file.path };
    Ok(Subject { pipeline: known.name.clone(), share: file.share, path })
}

/// An episode as a subject of a pipeline that need not know it yet.
pub fn subject_at(seen: &Seen<'_>, pipeline: &str, place: &Place) -> Result<Subject, Refusal> {
    let known = seen.core.rules().pipelines.iter().find(|known| &*known.name == pipeline);
    let known = known.ok_or_else(|| {
        not_found(format!("there is no pipeline \"{pipeline}\""), "it was switched off in the configuration")
    })?;
    Ok(Subject { pipeline: known.name.clone(), share: place.share, path: Arc::clone(&place.path) })
}

/// The same place as a subject of every pipeline.
pub fn subjects_at(seen: &Seen<'_>, share: ShareId, path: &Arc<str>) -> Vec<Subject> {
    let pipelines = seen.core.rules().pipelines.iter();
    pipelines.map(|known| Subject { pipeline: known.name.clone(), share, path: Arc::clone(path) }).collect()
}
