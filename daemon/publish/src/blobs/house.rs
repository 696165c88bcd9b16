//! What a store of blobs holds, and letting go of some of it.

use super::{Blobs, FORMS, digest_of_name, failed};
use crate::error::BlobError;
use crate::name::Digest;
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant, SystemTime};

/// A blob as it lies on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The room that it takes on disk.
    pub bytes: u64,
    /// When it was written.
    pub since: SystemTime,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Blobs that are gone.
    pub removed: u64,
    /// The room they took on disk.
    pub removed_bytes: u64,
    /// Blobs that stayed, because somebody put them a moment ago.
    pub kept: u64,
}

/// Blobs lie in so many folders, by the first byte of their digests.
const SHARDS: u8 = u8::MAX;

impl Blobs {
    /// Every blob. One that is put or swept meanwhile may be in it or not.
    pub fn list(&self) -> Result<BTreeMap<Digest, Stored>, BlobError> {
        let mut all = BTreeMap::new();
        for byte in 0..=SHARDS {
            for (digest, metadata) in self.shard(byte)? {
                let since = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let blob = all.entry(digest).or_insert(Stored { bytes: 0, since });
                // It may lie here in both forms.
                blob.bytes += room(&metadata);
            }
        }
        Ok(all)
    }

    /// Removes these blobs, but for those that were put within the last `grace`: whoever puts a blob has that long to
    /// have it named, so that it is not among them.
    pub fn sweep(&self, doomed: impl IntoIterator<Item = Digest>, grace: Duration) -> Result<Swept, BlobError> {
        let mut swept = Swept::default();
        let is_recent = |put: &Instant| put.elapsed() < grace;
        for digest in doomed {
            // Held while the blob goes, see `keep_existing`.
            let recent = self.recent();
            if recent.get(&digest).is_some_and(is_recent) {
                swept.kept += 1;
                continue;
            }
            for path in FORMS.map(|form| self.path(&digest, form)) {
                let bytes = fs::metadata(&path).map_or(0, |metadata| room(&metadata));
                match fs::remove_file(path) {
                    Ok(()) => {
                        swept.removed += 1;
                        swept.removed_bytes += bytes;
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(failed("remove", digest)(error)),
                }
            }
        }
        self.recent().retain(|_, put| is_recent(put));
        Ok(swept)
    }

    fn shard(&self, byte: u8) -> Result<Vec<(Digest, Metadata)>, BlobError> {
        let shard = format!("{byte:02x}");
        let entries = match fs::read_dir(self.root.join(&shard)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed("list", &shard))?,
        };
        let mut blobs = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed("list", &shard))?;
            let digest = entry.file_name().to_str().and_then(|name| digest_of_name(&shard, name));
            // One that goes while we look is gone.
            if let (Some(digest), Ok(metadata)) = (digest, entry.metadata()) {
                blobs.push((digest, metadata));
            }
        }
        Ok(blobs)
    }
}

/// What is not written out yet has no blocks.
fn room(metadata: &Metadata) -> u64 {
    metadata.len().max(metadata.blocks() * BLOCK_BYTES)
}

/// The unit of `st_blocks`, whatever the file system's own blocks are.
const BLOCK_BYTES: u64 = 512;
