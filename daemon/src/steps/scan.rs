//! `scan`: everything about an episode that other steps and `showctl status` want to know.

use super::work::{Failure, Outcome, Work};
use show_script::scan::scan;
use show_script::settings::Settings;

pub const VERSION: u32 = 3;

pub fn run(work: &mut Work) -> Result<Outcome, Failure> {
    let tree = work.tree()?;
    work.progress(40, "reading the notes");
    let scan = scan(&tree, &Settings::read(&work.order.settings), &work.prefix);
    scan.diagnostics.iter().for_each(super::work::say);
    for out in &scan.left_out {
        println!("left out: {}: {}", out.file, out.reason);
    }
    Ok(Outcome::of(&scan)?)
}
