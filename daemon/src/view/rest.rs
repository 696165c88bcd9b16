//! The daemon itself, its configuration, shares and locks.

use super::name::World;
use super::{Answered, Seen, later};
use crate::config::{nearest, settings};
use crate::inbox::Said;
use show_core::{LeaseKind, LeaseRow};
use show_protocol::{
    Answer, ConfigView, LockKind, LockView, LocksView, SettingView, ShareState, ShareView, SharesView, VersionView,
};
use std::path::Path;

pub fn version(seen: &Seen<'_>) -> VersionView {
    let world = seen.world;
    VersionView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocols: show_protocol::VERSIONS.to_vec(),
        schema: crate::store::SCHEMA,
        host: world.host.clone(),
        pid: std::process::id(),
        started_at_ms: world.started_at.0,
        state_dir: world.config.paths.state.to_string_lossy().into_owned(),
        socket: world.config.paths.socket.to_string_lossy().into_owned(),
        epoch: seen.reader.meta().map_or(0, |meta| meta.epoch),
    }
}

pub fn config(seen: &Seen<'_>) -> Said {
    let world = seen.world;
    let file = world.config_file.as_ref().map(|path| path.to_string_lossy().into_owned());
    let defaults = settings::defaults();
    let settings = world
        .config
        .rules
        .settings
        .iter()
        .map(|(name, value)| SettingView {
            name: name.clone(),
            value: value.clone(),
            origin: match &file {
                Some(file) if defaults.get(name) != Some(value) => file.clone(),
                _ => "default".to_owned(),
            },
        })
        .collect();
    Answer::Config(ConfigView { file, toml: world.config.text(), settings }).into()
}

pub fn share_views(seen: &Seen<'_>) -> Vec<ShareView> {
    let view = |(id, share, root): (show_core::ShareId, &super::name::ShareName, &std::path::Path)| {
        let board = seen.world.board.share(id);
        let note = match (board.note.is_empty(), board.state) {
            (false, _) => board.note,
            (true, _) => share.read_only.clone(),
        };
        ShareView {
            share: share.name.clone(),
            root: root.to_string_lossy().into_owned(),
            // Before the first scan nobody has said anything yet.
            state: if board.scanned_at.is_none() && board.state == ShareState::Watching {
                ShareState::Scanning
            } else {
                board.state
            },
            read_only: !share.read_only.is_empty(),
            note,
            // Since the last scan files came and went.
            files: if board.scanned_at.is_some() { seen.core.files_there(id) } else { board.files },
            scanned_at_ms: board.scanned_at.map(|at| at.0),
        }
    };
    seen.world.configured().map(view).collect()
}

pub fn shares(seen: &Seen<'_>) -> Said {
    Answer::Shares(SharesView { shares: share_views(seen) }).into()
}

pub fn lock_view(seen: &Seen<'_>, lease: &LeaseRow) -> LockView {
    LockView {
        lock: Some(show_protocol::LeaseId(lease.id.0)),
        kind: match lease.kind {
            LeaseKind::Lock => LockKind::Lock,
            LeaseKind::Hold => LockKind::Hold,
        },
        share: seen.world.share_name(lease.file.share),
        file: lease.file.path.to_string(),
        owner: lease.owner.clone(),
        why: lease.why.clone(),
        since_at_ms: lease.since.0,
        until_at_ms: lease.until.map(|until| until.0),
        job: None,
        token_epoch: seen.reader.meta().map_or(0, |meta| meta.epoch),
        token: lease.id.0,
        exists: true,
        nearest: None,
    }
}

/// Says of locks whether anything is at their paths. Looks at the disk, so not on the driver's thread.
pub fn look_at_locks(world: &World, locks: &mut [LockView]) {
    for lock in locks {
        let share = world.configured().find(|(_, share, _)| share.name == lock.share);
        // Of a share that is away nothing can be said.
        let Some((_, _, root)) = share.filter(|(_, _, root)| root.is_dir()) else { continue };
        lock.exists = root.join(&lock.file).symlink_metadata().is_ok();
        if !lock.exists {
            lock.nearest = nearest_beside(root, &lock.file);
        }
    }
}

/// What lies beside a path that is not there and has nearly its name.
pub fn nearest_beside(root: &Path, file: &str) -> Option<String> {
    let (folder, name) = file.rsplit_once('/').map_or(("", file), |(folder, name)| (folder, name));
    let entries = std::fs::read_dir(root.join(folder)).ok()?.flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let near = nearest(name, names.iter().map(String::as_str))?;
    Some(if folder.is_empty() { near.to_owned() } else { format!("{folder}/{near}") })
}

pub fn lock_views(seen: &Seen<'_>) -> Vec<LockView> {
    seen.core.leases().map(|lease| lock_view(seen, lease)).collect()
}

pub fn locks(seen: &Seen<'_>) -> Said {
    let (mut locks, world) = (lock_views(seen), seen.world.clone());
    later(move |_| {
        look_at_locks(&world, &mut locks);
        Answer::Locks(LocksView { locks }).into()
    })
}

/// The lock of this number, as its owner sees it.
pub fn lock(seen: &Seen<'_>, lease: show_core::LeaseId, token: Option<(u64, u64)>) -> Answered {
    let found = seen.core.leases().find(|known| known.id == lease);
    let Some(row) = found else {
        return Err(super::not_found(format!("there is no lock {lease}"), "it has ended; take it again").into());
    };
    let mut view = lock_view(seen, row);
    if let Some((epoch, counter)) = token {
        (view.token_epoch, view.token) = (epoch, counter);
    }
    let world = seen.world.clone();
    Ok(later(move |_| {
        look_at_locks(&world, std::slice::from_mut(&mut view));
        Answer::Lock(view).into()
    }))
}
