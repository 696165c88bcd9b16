//! The daemon itself, its configuration, shares and locks.

use super::{Answered, Seen};
use crate::config::settings;
use crate::inbox::Said;
use show_core::{LeaseKind, LeaseRow};
use show_protocol::{
    Answer, ConfigView, LockKind, LockView, LocksView, SettingView, ShareState, ShareView, SharesView, VersionView,
};

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
            files: board.files,
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
    }
}

pub fn lock_views(seen: &Seen<'_>) -> Vec<LockView> {
    seen.core.leases().map(|lease| lock_view(seen, lease)).collect()
}

pub fn locks(seen: &Seen<'_>) -> Said {
    Answer::Locks(LocksView { locks: lock_views(seen) }).into()
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
    Ok(Answer::Lock(view).into())
}
