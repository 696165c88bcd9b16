//! Which file bears a name, and with which bytes.

use crate::name::Digest;
use crate::share::Place;
use crate::snapshot::hash_all;
use rustix::fs::Stat;
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Which file, with which bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    /// `None` for what is no file or cannot be read.
    digest: Option<Digest>,
}

impl Identity {
    /// Of what bears this name now.
    pub fn of(place: &Place) -> Option<Self> {
        look_into(place).map(|(identity, _)| identity)
    }

    pub fn of_file(file: &File, digest: Digest) -> Result<Self, Errno> {
        rustix::fs::fstat(file).map(|stat| Self::of_stat(Some(&stat), digest))
    }

    /// Of a file that looks so, or of none.
    pub fn of_stat(stat: Option<&Stat>, digest: Digest) -> Self {
        let (device, inode) = stat.map_or((0, 0), |stat| (stat.st_dev, stat.st_ino));
        Self { device, inode, digest: Some(digest) }
    }

    /// Of its bytes.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// Whether the name bears this file; says nothing of its bytes.
    pub fn is_named(&self, place: &Place) -> bool {
        place.stat().is_ok_and(|stat| (stat.st_dev, stat.st_ino) == (self.device, self.inode))
    }
}

/// Which file bears a name, and its bytes if it is not longer than a text.
pub(crate) fn look_into(place: &Place) -> Option<(Identity, Option<Vec<u8>>)> {
    let stat = place.stat().ok()?;
    let named = |digest| Identity { device: stat.st_dev, inode: stat.st_ino, digest };
    let Ok((file, _)) = place.open() else { return Some((named(None), None)) };
    let text = text_of(&file);
    let digest = text.as_deref().map(Digest::of).or_else(|| hash_all(&file).ok());
    Some((named(digest), text))
}

/// All of a file, if it is not longer than a text.
pub(crate) fn text_of(mut file: &File) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(TEXT_BYTES_MAX + 1).read_to_end(&mut text).ok()?;
    (text.len() as u64 <= TEXT_BYTES_MAX).then_some(text)
}

/// Longer files are not kept a second time when they are put back.
const TEXT_BYTES_MAX: u64 = 16 << 20;
