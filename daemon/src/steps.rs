//! The built-in steps: `showd step NAME`, each a thin shell around pure functions of `show-script`.
//!
//! A built-in step is a program like any other: it reads the order that `SHOW_ORDER` names, writes `SHOW_RESULT`, and
//! prints what a person wants to read.

pub mod protocol;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs `showd step NAME` or `showd step --list`.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let _ = args.into_iter();
    ExitCode::FAILURE
}

/// The built-in steps and their versions, which are part of every action key.
pub fn versions() -> BTreeMap<String, u32> {
    BTreeMap::new()
}
