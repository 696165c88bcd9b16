//! `showctl own`: whose a share is, and taking it over.

use super::Outcome;
use super::check::state;
use crate::check::share_of;
use crate::complaint::{Complaint, Exit, chain};
use crate::terminal::Terminal;
use serde::Serialize;
use show_publish::{Blobs, Machine, Owner, Share, owner, take};
use std::path::{Path, PathBuf};

/// The shape of `own --json`.
#[derive(Serialize)]
struct Owned {
    root: PathBuf,
    /// `us`, `other`, `nobody` or `unknown`.
    owner: &'static str,
    /// The machine that owns it, where one does.
    host: Option<String>,
    /// Why it is not known. May be empty.
    why: String,
}

pub fn own(terminal: &Terminal, path: &Path, takes: bool) -> Outcome {
    let (root, _) = share_of(path);
    let failed = |what: String, cause: &dyn std::error::Error| Complaint::new(Exit::Failed, what).because(chain(cause));
    let share = Share::open(&root).map_err(|cause| failed(format!("could not open {}", root.display()), &cause))?;
    let us = Machine::this();
    let found = if takes {
        let place = state()?.join("blobs");
        let blobs = Blobs::open(&place).map_err(|cause| failed("could not keep the old statement".into(), &cause))?;
        take(&share, &blobs, &us)
    } else {
        owner(&share, &us)
    };
    let (word, host, why) = match found {
        Owner::Us => ("us", Some(us.host), String::new()),
        Owner::Other(host) => ("other", Some(host), String::new()),
        Owner::Nobody => ("nobody", None, String::new()),
        Owner::Unknown(why) => ("unknown", None, why),
    };
    if takes && word != "us" {
        return Err(Complaint::new(Exit::Failed, format!("{} was not taken", root.display())).because(why));
    }
    if terminal.json {
        terminal.print_json(&Owned { root, owner: word, host, why })?;
        return Ok(Exit::Done.into());
    }
    let root = root.display();
    terminal.print(&match (word, host) {
        ("us", Some(host)) => format!("{root} belongs to this machine, {host}\n"),
        (_, Some(host)) => format!("{root} belongs to {host}; showd here only reads it\n"),
        ("nobody", None) => format!("{root} belongs to nobody yet; the first showd that writes into it will own it\n"),
        (_, None) => format!("{root}: {why}\n"),
    })?;
    if takes {
        terminal.note("restart showd on this machine, so that it writes there");
    }
    Ok(Exit::Done.into())
}
