//! The command line of `showd`.

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Keeps a show's folders in order: watches them, and turns messy rundowns into scripts to broadcast from.
///
/// Runs with no configuration: "showd --share DIR". What it is doing, "showctl status" says.
#[derive(Debug, Parser)]
#[command(name = "showd", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// A folder to watch, besides the built-in settings or instead of the configuration's shares; may be repeated
    #[arg(long, value_name = "DIR")]
    pub share: Vec<PathBuf>,

    /// Where showd keeps what it knows: on a local disk, outside every synchronised folder
    #[arg(long, value_name = "DIR", env = "SHOWD_STATE")]
    pub state: Option<PathBuf>,

    /// Where showctl finds it
    #[arg(long, value_name = "PATH", env = "SHOWD_SOCKET")]
    pub socket: Option<PathBuf>,

    /// Shares, pipelines, pools and times, as docs/PIPELINES.md says
    #[arg(long, value_name = "FILE", env = "SHOWD_CONFIG")]
    pub config: Option<PathBuf>,

    /// Check the configuration and the shares, print what is wrong, and end
    #[arg(long)]
    pub check: bool,

    /// Start no runner, but wait for one: it is a unit of its own, as systemd/showd-runner@.service has it
    #[arg(long, conflicts_with = "check")]
    pub no_runner: bool,

    #[command(subcommand)]
    pub other: Option<Other>,
}

#[derive(Debug, Subcommand)]
pub enum Other {
    /// Run steps for a daemon (it starts this by itself)
    Runner {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Be one built-in step (its runner starts this), or list them with --list
    Step {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Print everything in the store as lines of JSON
    Export {
        #[arg(long, value_name = "DIR", env = "SHOWD_STATE")]
        state: Option<PathBuf>,
    },
    /// Make a new store from an export, read from standard input
    Import {
        #[arg(long, value_name = "DIR", env = "SHOWD_STATE")]
        state: Option<PathBuf>,
    },
}
