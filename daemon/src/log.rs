//! Where log lines go: to the journal when systemd started us, to standard error otherwise.
//!
//! Fields that begin with `showd_` are those of the journal: `showd_job = 42` becomes `SHOWD_JOB=42`, so that
//! `journalctl SHOWD_EPISODE=0900 SHOWD_STEP=compile` finds what a person looks for.

use std::io::IsTerminal as _;
use std::os::unix::fs::MetadataExt as _;
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::prelude::*;

/// Which lines are written unless `SHOWD_LOG` says otherwise.
const FILTER: &str = "info,redb=warn";

/// Sets the process up to log. Call once, before any thread that logs.
pub fn start() {
    let filter = EnvFilter::try_from_env("SHOWD_LOG").unwrap_or_else(|_| EnvFilter::new(FILTER));
    let journal = started_by_systemd().then(tracing_journald::layer).and_then(Result::ok);
    let registry = tracing_subscriber::registry().with(filter);
    let set = if let Some(journal) = journal {
        let priorities = PriorityMappings { info: Priority::Informational, ..PriorityMappings::new() };
        let layer = journal
            .with_syslog_identifier("showd".to_owned())
            .with_field_prefix(None)
            .with_priority_mappings(priorities);
        registry.with(layer).try_init()
    } else {
        let is_terminal = std::io::stderr().is_terminal();
        let layer =
            tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal).with_target(false);
        registry.with(layer).try_init()
    };
    // It is set already only in tests, where the first is as good.
    drop(set);
}

/// Standard error is the stream that `JOURNAL_STREAM` names (`device:inode`), so whoever reads it is the journal.
/// The variable alone is no proof: children inherit it.
fn started_by_systemd() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    let stderr = std::fs::metadata("/proc/self/fd/2").ok();
    stderr.is_some_and(|meta| named == format!("{}:{}", meta.dev(), meta.ino()))
}
