//! Whether everything that showd needs is there and as it should be, each with the next move.

use super::name::World;
use super::{Answered, Seen, later, not_found, rest};
use crate::inbox::Said;
use crate::sync::{AddIgnoresError, AddedIgnores};
use crate::words::because;
use show_core::{Blocker, FilePath, JobState, ShareId};
use show_protocol::{
    Answer, ArchiveView, DoctorView, FindingView, Health, IgnoresView, NoticeView, Refusal, RefusalKind, ShareState,
    ShareView, size,
};
use std::path::Path;

/// With less room than this for the state, a person should make some.
const FREE_BYTES_MIN: u64 = 512 << 20;

pub fn doctor(seen: &Seen<'_>) -> Said {
    let (world, shares, storms) = (seen.world.clone(), rest::share_views(seen), storms(seen));
    let failed = failed(seen);
    let up_ms = seen.now.0 - world.started_at.0;
    later(move |_| {
        let mut findings = findings(&world, &shares, up_ms);
        let left = |NoticeView { text, hint }| finding("left alone", Health::Warning, text, hint);
        findings.extend(storms.into_iter().map(left));
        findings.extend(failed);
        Answer::Doctor(DoctorView { findings }).into()
    })
}

/// Files that showd leaves alone, because somebody undoes what it writes there.
fn storms(seen: &Seen<'_>) -> Vec<NoticeView> {
    let storms = seen.core.storms().filter_map(|storm| match &storm {
        Blocker::Storm { file, until, .. } => {
            let minutes = (until.0 - seen.now.0).max(0) / 60_000 + 1;
            Some(NoticeView { text: format!("{storm} for another {minutes} min"), hint: end_of_storm(file) })
        }
        _ => None,
    });
    storms.collect()
}

/// Jobs that nothing but a person can help on.
fn failed(seen: &Seen<'_>) -> Option<FindingView> {
    let failed = seen.core.jobs().filter(|row| matches!(row.state, JobState::Failed { .. })).count();
    let text = if failed == 1 { "1 job failed".to_owned() } else { format!("{failed} jobs failed") };
    let hint = "\"showctl jobs --state failed\" lists them, \"showctl why JOB\" says what to do";
    (failed > 0).then(|| finding("jobs", Health::Warning, text, hint))
}

/// The next move where somebody undoes what showd writes.
pub fn end_of_storm(file: &FilePath) -> String {
    let path = &file.path;
    format!(
        "find the program that does it, on any device; then \"showctl release '{path}'\" lets showd write it at once"
    )
}

/// Has Syncthing keep files of one machine apart, as its notices offer.
pub fn add_ignores(seen: &Seen<'_>, ask: &show_protocol::ask::AddIgnores) -> Answered {
    let world = seen.world.clone();
    let asked = world.configured().filter(|(_, share, _)| ask.share.as_ref().is_none_or(|name| *name == share.name));
    let shares: Vec<(ShareId, String)> = asked.map(|(id, share, _)| (id, share.name.clone())).collect();
    if shares.is_empty() {
        let name = ask.share.as_deref().unwrap_or_default();
        return Err(not_found(format!("no share is called \"{name}\""), "\"showctl shares\" lists them").into());
    }
    let is_any = ask.share.is_none();
    Ok(later(move |_| {
        let mut folders = Vec::new();
        for (id, share) in shares {
            match world.sync.add_ignores(id) {
                Ok(added) => folders.extend(added.into_iter().map(|AddedIgnores { folder, lines }| {
                    show_protocol::AddedIgnores { share: share.clone(), folder, lines }
                })),
                Err(AddIgnoresError::NotCarried) if is_any => {}
                Err(error) => {
                    let text = format!("the share {share}: {}", because(&error));
                    let hint = "see \"showctl doctor\"; the lines can also be written into its .stignore by hand";
                    return Refusal::new(RefusalKind::NotNow, text, hint).into();
                }
            }
        }
        if folders.is_empty() {
            let text = "no Syncthing that showd knows of carries a share";
            let hint = "name its home in [syncthing]; \"showctl doctor\" says who carries what";
            return Refusal::new(RefusalKind::NotNow, text, hint).into();
        }
        Answer::Ignores(IgnoresView { folders }).into()
    }))
}

/// What of it the person who runs showd should know at once.
pub fn notices(seen: &Seen<'_>) -> Vec<NoticeView> {
    let world = seen.world;
    let found = sandbox(world).into_iter().chain([room(&world.config.paths.state, "state")]).chain(archive(world));
    let found = found.filter(|finding| finding.health != Health::Good);
    let mut notices = world.board.notices();
    notices.extend(storms(seen));
    notices.extend(found.map(|finding| NoticeView { text: finding.text, hint: finding.hint }));
    notices
}

fn findings(world: &World, shares: &[ShareView], up_ms: i64) -> Vec<FindingView> {
    let version = env!("CARGO_PKG_VERSION");
    let minutes = up_ms / 60_000;
    let up = match minutes {
        0 => "for less than a minute".to_owned(),
        1..120 => format!("for {minutes} min"),
        _ => format!("for {} h", minutes / 60),
    };
    let config = match &world.config_file {
        Some(file) => format!("configured by {}", file.display()),
        None => "with the defaults: there is no configuration file".to_owned(),
    };
    let mut found = vec![good("daemon", format!("showd {version} runs {up}, {config}"))];
    found.push(room(&world.config.paths.state, "state"));
    found.extend(archive(world));
    for ((id, ..), view) in world.configured().zip(shares) {
        found.extend(share(world, id, view));
    }
    found.push(programs(world));
    found.extend(sandbox(world));
    let notices = world.board.notices().into_iter();
    found.extend(notices.map(|NoticeView { text, hint }| finding("notice", Health::Warning, text, hint)));
    found
}

fn good(about: &str, text: impl Into<String>) -> FindingView {
    finding(about, Health::Good, text, "")
}

fn finding(about: &str, health: Health, text: impl Into<String>, hint: impl Into<String>) -> FindingView {
    FindingView { about: about.to_owned(), health, text: text.into(), hint: hint.into() }
}

/// On the disk that holds `path`.
fn room(path: &Path, about: &str) -> FindingView {
    let disk = match nix::sys::statvfs::statvfs(path) {
        Ok(disk) => disk,
        Err(errno) => {
            let text = format!("{} cannot be looked at: {}", path.display(), errno.desc());
            return finding(about, Health::Bad, text, "see that it is there and that showd may read it");
        }
    };
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    let text = format!("{} are free on the disk of {}", size(free), path.display());
    if free < FREE_BYTES_MIN {
        finding(about, Health::Warning, text, "make room; with none left showd stops, and loses nothing")
    } else {
        good(about, text)
    }
}

/// Once it was counted.
fn archive(world: &World) -> Option<FindingView> {
    let ArchiveView { blobs, bytes, bytes_max } = world.board.archive();
    let text = format!("{blobs} texts and results take {} of {}", size(bytes), size(bytes_max));
    let hint = "\"showctl sweep\" lets go of what is old; what is left after that is needed: let \"archive\" of [keep] be more";
    match blobs {
        0 => None,
        _ if bytes > bytes_max => Some(finding("archive", Health::Warning, text, hint)),
        _ => Some(good("archive", text)),
    }
}

/// How it is watched and written, and who carries it. What its file system lacks stands on the board.
fn share(world: &World, id: ShareId, view: &ShareView) -> Vec<FindingView> {
    let about = format!("share {}", view.share);
    let mut found = Vec::new();
    let ShareView { root, note, .. } = view;
    let why = if note.is_empty() { String::new() } else { format!(": {note}") };
    match view.state {
        ShareState::Away => {
            let hint = "mount it, or bring its marker back; until then nothing of it is done";
            found.push(finding(&about, Health::Bad, format!("{root} is away{why}"), hint));
            return found;
        }
        ShareState::Polling => {
            let text = format!("changes in {root} are found only by looking from time to time{why}");
            found.push(finding(&about, Health::Warning, text, "see what it says; everything works, only later"));
        }
        ShareState::Scanning | ShareState::Watching if view.read_only => {
            found.push(finding(&about, Health::Warning, format!("nothing is written into {root}{why}"), ""));
        }
        ShareState::Scanning => found.push(good(&about, format!("{root} is being walked"))),
        ShareState::Watching => {
            found.push(good(&about, format!("{root} is watched and may be written, {} files", view.files)));
        }
    }
    found.push(room(Path::new(root), &about));
    let carrier = world.board.carrier(id).map_or_else(
        || "no Syncthing is known to carry it: only the rules of this machine hold".to_owned(),
        |carrier| format!("carried by {carrier}"),
    );
    found.push(good(&about, carrier));
    found
}

fn programs(world: &World) -> FindingView {
    let tools = world.board.tools();
    let (here, missing): (Vec<_>, Vec<_>) = tools.iter().partition(|(_, version)| version.is_some());
    if let Some((first, _)) = missing.first() {
        let uses = |name: &str| {
            let steps = world.config.rules.pipelines.iter().flat_map(|pipeline| &pipeline.steps);
            let steps = steps.filter(|step| step.tools.iter().any(|tool| tool == name));
            steps.map(|step| step.name.clone()).collect::<Vec<_>>().join(", ")
        };
        let words = missing.iter().map(|(name, _)| format!("{name} (for {})", uses(name)));
        let text = format!("not installed: {}", words.collect::<Vec<_>>().join("; "));
        let hint = format!("install it, such as with \"apt install {first}\"; what needs it is left out until then");
        return finding("programs", Health::Warning, text, hint);
    }
    let words = here.iter().map(|(name, version)| {
        let version = version.as_deref().unwrap_or_default();
        // "ffmpeg version 5.1.6-0+deb12u1 Copyright (c) …"
        let number = version.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
        number.map_or_else(|| (*name).clone(), |number| format!("{name} {number}"))
    });
    let words: Vec<String> = words.collect();
    good("programs", if words.is_empty() { "no pipeline needs any".to_owned() } else { words.join(", ") })
}

/// What this machine cannot keep apart.
fn sandbox(world: &World) -> Vec<FindingView> {
    let Some(attempts) = &world.attempts else { return Vec::new() };
    match attempts.walls_missing() {
        None => {
            let text = "the process that starts programs is not there yet";
            let hint = "nothing is run meanwhile; \"journalctl -u showd\" says why if it stays so";
            vec![finding("sandbox", Health::Warning, text, hint)]
        }
        Some(missing) if missing.is_empty() => {
            vec![good("sandbox", "steps are kept from shares, other processes and the network")]
        }
        Some(missing) => {
            let hint = "steps run all the same; a newer kernel, or an older one's option, would keep them apart";
            missing.into_iter().map(|text| finding("sandbox", Health::Warning, text, hint)).collect()
        }
    }
}
