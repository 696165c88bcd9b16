//! The last moments of a file under a temporary name: it goes once nobody can write into it any more and what was
//! written into it is safe.

use crate::blobs::{Blobs, Keep};
use crate::error::LingerError;
use crate::held::hold;
use crate::intent::Rescued;
use crate::name::Digest;
use crate::share::{Place, io};
use crate::snapshot::hash_all;
use rustix::fs::{AtFlags, SeekFrom};
use rustix::io::Errno;
use std::fs::File;

/// A file under a temporary name that was still open for writing in some program when we looked.
#[derive(Debug)]
pub struct Linger {
    slot: Place,
    file: File,
    known: Vec<Digest>,
}

/// What became of a lingering file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Somebody still holds it open. Ask again later.
    Held,
    /// It is gone. `rescued` says which blob holds its bytes, if they had changed.
    Gone {
        /// A late save.
        rescued: Option<Rescued>,
    },
}

impl Linger {
    /// `known`: digests of bytes that are safe elsewhere or are worth nothing.
    pub(crate) fn new(slot: Place, file: File, known: Vec<Digest>) -> Self {
        Self { slot, file, known }
    }

    /// The path that it was displaced from, relative to the share's root.
    pub fn path(&self) -> &str {
        &self.slot.path
    }

    /// Removes the temporary name if nobody holds the file open for writing, once its bytes are safe.
    pub fn settle(&mut self, blobs: &Blobs) -> Result<Settled, LingerError> {
        let path = self.slot.path.as_str();
        let failed = |doing| move |errno| io(path, doing, errno);
        let hold = hold(&self.file).map_err(failed("look at what was displaced from"))?;
        if hold.is_contested() {
            return Ok(Settled::Held);
        }
        let mut rescued = None;
        let digest = hash_all(&self.file).map_err(failed("read what was displaced from"))?;
        if !self.known.contains(&digest) {
            rustix::fs::seek(&self.file, SeekFrom::Start(0)).map_err(failed("read what was displaced from"))?;
            rescued = Some(Rescued { path: path.to_owned(), digest: blobs.put_all(&self.file, Keep::Durably)? });
        }
        if hold.is_contested() {
            return Ok(Settled::Held);
        }
        // Syncthing clears away old temporary names by itself; then somebody else's file may bear ours by now.
        let ours = rustix::fs::fstat(&self.file).map_err(failed("look at what was displaced from"))?;
        if self.slot.stat().is_ok_and(|found| found.st_ino == ours.st_ino && found.st_dev == ours.st_dev) {
            match rustix::fs::unlinkat(&self.slot.dir, &self.slot.name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(failed("remove what was displaced from")(errno).into()),
            }
        }
        // Somebody who began to open the file before it was displaced waits for us. His save comes to our descriptor.
        if hold.is_contested() { Ok(Settled::Held) } else { Ok(Settled::Gone { rescued }) }
    }
}
