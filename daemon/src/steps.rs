//! The built-in steps: `showd step NAME`, each a thin shell around pure functions of `show-script`.
//!
//! A built-in step is a program like any other: it reads the order that `SHOW_ORDER` names, writes `SHOW_RESULT`, and
//! prints what a person wants to read. What all of them do the same way is [`work()`]; [`protocol`] is what every step
//! program can rely on.

mod compile;
mod number;
mod pictures;
mod probe;
pub mod protocol;
mod quotes;
mod repair;
mod runtime;
mod scan;
mod work;

pub use repair::HAND_BACK;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;
use work::{Failure, Outcome, Work};

/// A step that this program carries.
struct Step {
    name: &'static str,
    /// Part of every action key: a step that would now come to another result gets the next number.
    version: u32,
    run: fn(&mut Work) -> Result<Outcome, Failure>,
    about: &'static str,
}

const STEPS: &[Step] = &[
    Step {
        name: "scan",
        version: scan::VERSION,
        run: scan::run,
        about: "what an episode is made of, and what is wrong with it",
    },
    Step {
        name: "cue_repair",
        version: repair::VERSION,
        run: repair::run,
        about: "safe repairs of one note; the rest as proposals",
    },
    Step {
        name: "assetid",
        version: repair::MINT_VERSION,
        run: repair::mint,
        about: "asks for the AssetIDs that a note lacks",
    },
    Step { name: "probe", version: probe::VERSION, run: probe::run, about: "measures one media file with ffprobe" },
    Step {
        name: "extract_quotes",
        version: quotes::VERSION,
        run: quotes::run,
        about: "all full-screen quotes in one quotes.json",
    },
    Step {
        name: "pictures",
        version: pictures::VERSION,
        run: pictures::run,
        about: "which words the picture of a graphic came for",
    },
    Step { name: "runtime", version: runtime::VERSION, run: runtime::run, about: "how long items and episode run" },
    Step { name: "compile", version: compile::VERSION, run: compile::run, about: "the scripts and the media list" },
    Step {
        name: "enumerate",
        version: number::VERSION,
        run: number::enumerate,
        about: "numbers for the cues, 10, 20, 30 in show order",
    },
    Step {
        name: "renumber",
        version: number::VERSION,
        run: number::renumber,
        about: "orders 10, 20, 30 in the present order",
    },
    Step {
        name: "normalise",
        version: number::VERSION,
        run: number::normalise,
        about: "orders rounded up to the next free ten",
    },
    Step { name: "noop", version: 1, run: |_| Ok(Outcome::default()), about: "nothing, for measuring" },
];

/// Runs `showd step NAME` or `showd step --list`.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let name = args.next().and_then(|name| name.into_string().ok()).unwrap_or_default();
    if name == "--list" {
        for step in STEPS {
            println!("{:<16} {:>2}  {}", step.name, step.version, step.about);
        }
        return ExitCode::SUCCESS;
    }
    let Some(step) = STEPS.iter().find(|step| step.name == name) else {
        eprintln!("showd: there is no built-in step \"{name}\"");
        eprintln!("  hint: \"showd step --list\" names them all");
        return ExitCode::from(2);
    };
    match work(step) {
        Ok(code) => code,
        Err(Failure::Unfit(why)) => {
            eprintln!("{why}");
            ExitCode::from(protocol::UNFIT)
        }
        Err(Failure::Other(why)) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn work(step: &Step) -> Result<ExitCode, Failure> {
    let mut work = Work::open()?;
    let outcome = (step.run)(&mut work)?;
    Ok(work.close(&outcome)?)
}

/// The built-in steps and their versions, which are part of every action key.
pub fn versions() -> BTreeMap<String, u32> {
    STEPS.iter().map(|step| (step.name.to_owned(), step.version)).collect()
}
