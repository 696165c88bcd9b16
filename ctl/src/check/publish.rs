//! Putting a mended text in place without a daemon: the same protocol, from here.

use super::mend::Mended;
use crate::complaint::{Complaint, Exit};
use show_publish::{Blobs, Digest, Held, Intent, IntentId, Machine, Move, Outcome, Owner, Share, Source, Try, owner};
use show_script::classify::{conflict_copy, disturbs};
use std::fs;
use std::path::{Path, PathBuf};

/// The share that a file lies in, and its path there: the folder above `episodes/`, or the one with an owner's
/// statement, else the file's own folder.
pub fn share_of(file: &Path) -> (PathBuf, String) {
    let whole = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let parent = if whole.is_dir() { whole.as_path() } else { whole.parent().unwrap_or(Path::new("/")) };
    let root = parent.ancestors().find(|above| above.join("showd/owner.toml").is_file());
    let root = root.or_else(|| parent.ancestors().find(|above| above.ends_with("episodes")).and_then(Path::parent));
    let root = root.unwrap_or(parent);
    let below = whole.strip_prefix(root).unwrap_or(&whole).display().to_string();
    (root.to_owned(), below)
}

/// Publishes a mended text. Both texts are kept as blobs below `state` before anything is touched.
///
/// # Errors
/// When the file changed meanwhile, is not quiet, or its share belongs to another machine (nothing is written), or the
/// world failed.
pub fn publish(mended: &Mended, state: &Path, now_ms: i64) -> Result<(), Complaint> {
    let (root, below) = share_of(&mended.path);
    let declined = |why: String, hint: &str| {
        Complaint::new(Exit::Refused, format!("{} was not written", mended.name)).because(why).hint(hint)
    };
    if let Some(why) = not_quiet(&mended.path) {
        return Err(declined(why, "run it again when the file is left alone"));
    }
    let failed = |what: &str, cause: &dyn std::error::Error| {
        Complaint::new(Exit::Failed, format!("could not {what}")).because(crate::complaint::chain(cause))
    };
    let share = Share::open(&root).map_err(|cause| failed(&format!("open {}", root.display()), &cause))?;
    let hint = "run it there, or take the share over with \"showctl own --take\"";
    match owner(&share, &Machine::this()) {
        Owner::Us | Owner::Nobody => {}
        Owner::Other(host) => return Err(declined(format!("{} belongs to the machine {host}", root.display()), hint)),
        Owner::Unknown(why) => return Err(declined(why, "")),
    }
    let blobs = Blobs::open(&state.join("blobs")).map_err(|cause| failed("keep a copy of the text", &cause))?;
    if share.held(&below).is_ok_and(|held| held == Held::ForWriting) {
        return Err(declined("a program has it open for writing".into(), "close it there, and run it again"));
    }
    let id = IntentId::new(&format!("fix{now_ms}x{}", std::process::id())).expect("letters and digits, few enough");
    let replace = Move::Replace {
        path: below,
        base: Digest::of(mended.old.as_bytes()),
        new: Digest::of(mended.new.as_bytes()),
        source: Source::Bytes(mended.new.as_bytes().into()),
        human: true,
        seen: None,
    };
    let report = share.publish(&blobs, &Intent { id, moves: vec![replace], home: None }, Try::First);
    match report.outcome {
        Outcome::Done { .. } => Ok(()),
        Outcome::Overtaken { why, .. } => Err(declined(why, "it was changed meanwhile; run it again")),
        Outcome::Refused { why, .. } => Err(declined(why, "")),
        Outcome::Failed { why, .. } => {
            Err(Complaint::new(Exit::Failed, format!("could not write {}", mended.name)).because(why))
        }
    }
}

/// What beside a file says that it should be left alone now (specification 10.1 and 10.4).
fn not_quiet(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let beside = entry.file_name();
        let beside = beside.to_str()?;
        if conflict_copy(beside).is_some_and(|copy| copy.original == name) {
            return Some(format!("the conflict copy {beside} is not settled"));
        }
        (disturbs(beside).as_deref() == Some(name)).then(|| format!("{beside} says that it is being written"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_found_from_its_files() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("episodes/0900/rundown")).unwrap();
        let file = root.join("episodes/0900/rundown/10.md");
        fs::write(&file, "").unwrap();
        assert_eq!(share_of(&file), (root.clone(), "episodes/0900/rundown/10.md".into()));
        fs::write(root.join("loose.md"), "").unwrap();
        assert_eq!(share_of(&root.join("loose.md")), (root.clone(), "loose.md".into()));
    }

    #[test]
    fn what_lies_beside_a_file_may_forbid_to_write_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("10 Tea.md");
        assert_eq!(not_quiet(&file), None);
        fs::write(dir.path().join(".10 Tea.md.swp"), "").unwrap();
        assert!(not_quiet(&file).unwrap().contains("being written"));
        fs::remove_file(dir.path().join(".10 Tea.md.swp")).unwrap();
        fs::write(dir.path().join("10 Tea.sync-conflict-20260801-081936-ABCDEF2.md"), "").unwrap();
        assert!(not_quiet(&file).unwrap().contains("not settled"));
    }
}
