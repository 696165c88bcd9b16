//! From the end of a program to what it means: the result read strictly, outputs checked, digested and put aside.
//!
//! A program that breaks the contract has failed, and the reason says what is wrong with what. Doing it twice for the
//! same attempt comes to the same.

mod gather;
mod result;

use super::World;
use super::prepare::{self, Kept, Scratch, Unready};
use crate::runner::wire::{End, Exit};
use crate::steps::protocol::{UNFIT, WITH_ERRORS};
use show_core::{Ended, FilePath, Finished};

/// A reason is one line of a table.
const WHY_CHARS_MAX: usize = 400;

/// How the attempt ended, for the core.
pub fn finish(world: &dyn World, kept: &Kept, exit: &Exit) -> Ended {
    let ended = match &exit.end {
        End::Exited { code } if [0, i32::from(WITH_ERRORS)].contains(code) => {
            match succeeded(world, kept, *code != 0) {
                Ok(finished) => Ended::Succeeded(finished),
                Err(why) => Ended::Failed { code: *code, why: line(&why) },
            }
        }
        End::Exited { code } => {
            let why = match line(&exit.last_words) {
                said if said.is_empty() => format!("it ended with status {code} and said nothing about it"),
                said => said,
            };
            if *code == i32::from(UNFIT) { Ended::Unfit { why } } else { Ended::Failed { code: *code, why } }
        }
        End::Signaled { signal } => Ended::Signaled { signal: *signal },
        End::TimedOut => Ended::TimedOut,
        End::Stopped => Ended::Stopped,
        End::NotStarted { why } => Ended::NotStarted { why: line(why) },
        End::Lost => Ended::Lost,
    };
    // What it made of a file that changed under it says nothing, be it good or bad.
    match &ended {
        Ended::Succeeded(_) | Ended::Failed { .. } | Ended::Unfit { .. } | Ended::Signaled { .. } => {
            overtaken(world, kept).map_or(ended, |why| Ended::Overtaken { why })
        }
        _ => ended,
    }
}

/// Why the result would not be that of the planned inputs, if so.
fn overtaken(world: &dyn World, kept: &Kept) -> Option<String> {
    let (file, _) = kept.looks.first()?;
    let share = match prepare::open_share(world, file) {
        Ok((_, share)) => share,
        Err(Unready::Overtaken(why) | Unready::NotStarted(why)) => return Some(why),
    };
    kept.looks.iter().find_map(|(file, then)| {
        let has_changed = match share.look(&file.path) {
            Ok(Some(now)) => prepare::stamp(now) != *then && !is_the_same(&share, kept, file),
            Ok(None) | Err(_) => true,
        };
        has_changed.then(|| format!("{file} changed while it was read"))
    })
}

/// Touched, but with the same bytes.
fn is_the_same(share: &show_publish::Share, kept: &Kept, file: &FilePath) -> bool {
    let Ok((_, now)) = share.hash(&file.path) else { return false };
    kept.order.inputs.iter().any(|input| {
        matches!(input, show_core::OrderInput::File { file: it, digest, .. } if it == file && digest.0 == now.0)
    })
}

fn succeeded(world: &dyn World, kept: &Kept, with_errors: bool) -> Result<Finished, String> {
    let scratch = Scratch::of(world, &kept.order);
    let (bytes, read) = result::read(&scratch.result())?;
    let (facts, lists) = result::facts_and_lists(&read.more)?;
    let gathered = gather::gather(world, &kept.order, &scratch, read.outputs.as_deref())?;
    let said = [read.edits, gathered.edits].concat();
    let edits = result::edits(world, &kept.order, said)?;
    let proposals = result::proposals(world, &kept.order, read.proposals)?;
    let result = match bytes {
        Some(bytes) => Some(world.keep_blob(&bytes).map_err(|cause| format!("its result could not be kept: {cause}"))?),
        None => None,
    };
    Ok(Finished {
        with_errors,
        result,
        facts,
        lists,
        outputs: gathered.outputs,
        edits,
        proposals,
        summary: line(&read.summary),
    })
}

/// One line of bounded length.
fn line(text: &str) -> String {
    text.trim().chars().take(WHY_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
