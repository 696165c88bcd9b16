//! The command line: every subcommand, its options, its help.
//!
//! Owns the words people type and what may stand beside what. What they do is decided in `run`.

mod command;
mod read;

pub use command::{Command, EpisodeCommand, PipelinesCommand, ResolveChoice};
pub use read::{Unread, read};

use clap::{Args, Parser, ValueEnum};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Names:
  EPISODE   a number, 237 or 0237; with several shares NAME:0237
  PATH      a file or folder, from here or below a share's root
  JOB       the number that \"showctl jobs\" shows

Exit codes:
  0   done
  1   a job failed, a check found errors, or the daemon could not
  2   wrong usage
  3   no daemon answers, or it went away
  4   the daemon declined; nothing happened
  124 timed out
  lock -- COMMAND returns the command's own, or 128 and the signal it died of

Environment:
  SHOWD_SOCKET   the daemon's socket, as --socket
  NO_COLOR       no colour; COLUMNS sets the width

An hour before air:
  showctl status        what is ready, what is not, what stands in its way
  showctl why 47        why job 47 is where it is
  showctl wait --idle   until everything is done";

/// The client of showd: what stands between an episode and air, and what to do about it.
#[derive(Debug, Parser)]
#[command(name = "showctl", version, max_term_width = 100, after_help = AFTER_HELP, disable_help_subcommand = true)]
#[command(subcommand_required = true, arg_required_else_help = true, infer_subcommands = false)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Print JSON, of the shape documented in docs/PROTOCOL.md.
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// The daemon's socket; SHOWD_SOCKET does the same.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "SHOWD_SOCKET",
        hide_env = true,
        help_heading = "Everywhere"
    )]
    pub socket: Option<PathBuf>,
    /// Colour: auto (on a terminal, unless NO_COLOR is set), always, never.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Everywhere")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub color: Colour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    Auto,
    Always,
    Never,
}

/// One page of a long list.
#[derive(Debug, Clone, Default, Args)]
pub struct Page {
    /// Rows of one page.
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Go on where the page before ended: the "next" it printed.
    #[arg(long, value_name = "NEXT")]
    pub after: Option<String>,
}
