//! The files that a program left in `out/`: checked, moved out of every step's reach, digested.
//!
//! Nothing here follows a link, and what is moved is a regular file with one name, so that a step can neither show us
//! somebody else's bytes nor get a second name of its own onto what we publish.

use super::result::text_input;
use crate::attempt::prepare::{Scratch, below, is_plain};
use crate::attempt::{FileEdits, World};
use crate::steps::protocol::Made;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, open, openat2, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat};
use show_core::{Digest, FilePath, Order, OrderInput, Output};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Pictures of every cue of a long show, several times over.
const OUTPUTS_MAX: usize = 10_000;
/// A text of a person that is longer is no text.
const TEXT_BYTES_MAX: u64 = 64 << 20;

#[derive(Debug, Default)]
pub struct Gathered {
    pub outputs: Vec<Output>,
    /// Of whole new texts.
    pub edits: Vec<FileEdits>,
}

/// `said`: the result's outputs; without them, whatever the order names and `out/` holds.
pub fn gather(world: &dyn World, order: &Order, scratch: &Scratch, said: Option<&[Made]>) -> Result<Gathered, String> {
    let mut gathering = Gathering { world, order, scratch, out: None, files: BTreeSet::new() };
    match said {
        Some(said) if said.len() > OUTPUTS_MAX => Err(format!("it makes more than {OUTPUTS_MAX} files")),
        Some(said) => gathering.take_all(said.iter().cloned()),
        None => {
            let found = gathering.look_for();
            gathering.take_all(found.into_iter())
        }
    }
}

struct Gathering<'a> {
    world: &'a dyn World,
    order: &'a Order,
    scratch: &'a Scratch,
    /// `out/`, opened when it is first needed.
    out: Option<OwnedFd>,
    files: BTreeSet<String>,
}

impl Gathering<'_> {
    fn take_all(&mut self, all: impl Iterator<Item = Made>) -> Result<Gathered, String> {
        let mut gathered = Gathered::default();
        for made in all {
            if !is_inside(&made.file) || made.keep_old_as.as_deref().is_some_and(|path| !is_inside(path)) {
                return Err(format!("its output {} is not a path inside the share", made.file));
            }
            if !self.files.insert(made.file.clone()) {
                return Err(format!("it makes {} twice", made.file));
            }
            match self.text_digest(&made.file) {
                Some(digest) => gathered.edits.extend(self.take_text(&made.file, &digest)?),
                None => gathered.outputs.push(self.take(made)?),
            }
        }
        Ok(gathered)
    }

    /// What a program made that does not say so: the outputs that the order names, all of them, and new texts.
    fn look_for(&self) -> Vec<Made> {
        let mut made = Vec::new();
        for (role, file) in &self.order.outputs {
            made.push(Made { role: role.clone(), file: file.path.to_string(), keep_old_as: None });
        }
        for input in &self.order.inputs {
            let OrderInput::Text { file, .. } = input else { continue };
            let made_text = Made { role: String::new(), file: file.path.to_string(), keep_old_as: None };
            let is_new = !made.contains(&made_text);
            if is_new && self.scratch.out().join(below(self.order, file)).symlink_metadata().is_ok() {
                made.push(made_text);
            }
        }
        made
    }

    fn text_digest(&self, name: &str) -> Option<Digest> {
        text_input(self.order, name).ok().map(|(_, digest)| digest)
    }

    /// A whole new text becomes the edits that lead to it.
    fn take_text(&mut self, file: &str, old: &Digest) -> Result<Option<FileEdits>, String> {
        let place = below(self.order, &self.path(file));
        let (dir, name, stat) = self.find(&place)?;
        if stat.st_size as u64 > TEXT_BYTES_MAX {
            return Err(format!("its new text of {file} is longer than {} MiB", TEXT_BYTES_MAX >> 20));
        }
        let how = OpenHow::new().flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).resolve(WALLED);
        let unread = |cause: &dyn std::fmt::Display| format!("its new text of {file} cannot be read: {cause}");
        let mut new = String::new();
        let reader = File::from(openat2(&dir, name.as_str(), how).map_err(|cause| unread(&cause))?);
        reader.take(TEXT_BYTES_MAX).read_to_string(&mut new).map_err(|cause| unread(&cause))?;
        let old = self.world.read_blob(old).map_err(|cause| unread(&cause))?;
        let old = String::from_utf8(old).map_err(|_| format!("it rewrites {file}, which is not UTF-8"))?;
        let edits = show_script::edit::diff_to_edits(&old, &new);
        Ok((!edits.is_empty()).then(|| FileEdits { file: file.to_owned(), edits, renames: Vec::new() }))
    }

    fn take(&mut self, made: Made) -> Result<Output, String> {
        let file = self.path(&made.file);
        let declared = self.order.outputs.iter().find(|(role, _)| *role == made.role);
        let place = match declared {
            Some((_, declared)) if declared.path != file.path => {
                return Err(format!("its output \"{}\" is {declared}, and it says {file}", made.role));
            }
            Some((role, _)) => role.clone(),
            None => below(self.order, &file),
        };
        let done = self.scratch.done.join(&*file.path);
        // There already: we were stopped after this, and do it again.
        if !done.symlink_metadata().is_ok_and(|there| there.is_file()) {
            let (dir, name, _) = self.find(&place)?;
            let parent = done.parent().expect("it lies below a directory");
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(parent)
                .map_err(|cause| format!("its output {file} could not be put aside: {cause}"))?;
            renameat(&dir, name.as_str(), nix::fcntl::AT_FDCWD, &done)
                .map_err(|cause| format!("its output {file} could not be put aside: {cause}"))?;
        }
        let (digest, size) = digest(&done).map_err(|cause| format!("its output {file} cannot be read: {cause}"))?;
        let keep_old_as = made.keep_old_as.map(|path| self.path(&path));
        Ok(Output { role: made.role, file, digest, size, keep_old_as })
    }

    /// The directory and name of a regular file below `out/`, reached without a link.
    fn find(&mut self, place: &str) -> Result<(OwnedFd, String, FileStat), String> {
        let missing = |cause: Errno| match cause {
            Errno::ENOENT | Errno::ENOTDIR => format!("it made no out/{place}"),
            Errno::ELOOP => format!("its out/{place} is reached through a symbolic link"),
            cause => format!("its out/{place} cannot be opened: {cause}"),
        };
        if self.out.is_none() {
            let flags = OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
            self.out = Some(open(&self.scratch.out(), flags, Mode::empty()).map_err(missing)?);
        }
        let out = self.out.as_ref().expect("it was just opened");
        let (parent, name) = place.rsplit_once('/').unwrap_or((".", place));
        if !is_plain(name) {
            return Err(format!("out/{place} cannot be the name of a file"));
        }
        let how = OpenHow::new().flags(OFlag::O_DIRECTORY | OFlag::O_CLOEXEC).resolve(WALLED);
        let dir = openat2(out, parent, how).map_err(missing)?;
        let stat = fstatat(&dir, name, AtFlags::AT_SYMLINK_NOFOLLOW).map_err(missing)?;
        match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFREG if stat.st_nlink == 1 => Ok((dir, name.to_owned(), stat)),
            SFlag::S_IFREG => Err(format!("its out/{place} has a second name (a hard link)")),
            SFlag::S_IFLNK => Err(format!("its out/{place} is a symbolic link")),
            _ => Err(format!("its out/{place} is not a file")),
        }
    }

    fn path(&self, path: &str) -> FilePath {
        FilePath { share: self.order.subject.share, path: path.into() }
    }
}

const WALLED: ResolveFlag = ResolveFlag::RESOLVE_BENEATH.union(ResolveFlag::RESOLVE_NO_SYMLINKS);

/// Parts joined by `/`, none of them special, none hidden in another.
pub fn is_inside(path: &str) -> bool {
    path.len() <= 4_096 && path.split('/').all(|part| is_plain(part) && part.len() <= 255)
}

fn digest(path: &Path) -> std::io::Result<(Digest, u64)> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok((Digest(*hasher.finalize().as_bytes()), fs::metadata(path)?.len()))
}
