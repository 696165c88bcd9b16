//! The archive of bytes: texts before and after our writes, results of steps, edits; by digest, outside every share.

use show_core::Digest;
use show_publish::{BlobError, Blobs, Keep};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Parsed results kept for views that are asked for again and again.
const RESULTS_MAX: usize = 64;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Archive(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    blobs: Blobs,
    results: Mutex<VecDeque<(Digest, Arc<serde_json::Value>)>>,
}

impl Archive {
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(dir: &Path) -> Result<Self, BlobError> {
        Ok(Self(Arc::new(Inner { blobs: Blobs::open(dir)?, results: Mutex::default() })))
    }

    pub fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    /// # Errors
    /// When it is not here, or damaged, or the world failed.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, BlobError> {
        self.0.blobs.get(&show_publish::Digest(digest.0))
    }

    pub fn has(&self, digest: &Digest) -> bool {
        self.0.blobs.has(&show_publish::Digest(digest.0))
    }

    /// # Errors
    /// When the world failed.
    pub fn keep(&self, bytes: &[u8], how: Keep) -> Result<Digest, BlobError> {
        Ok(Digest(self.0.blobs.put(bytes, how)?.0))
    }

    /// The JSON of a result, parsed once for many readers. `None`: not here, or no JSON.
    pub fn result(&self, digest: &Digest) -> Option<Arc<serde_json::Value>> {
        let known = {
            let mut results = self.0.results.lock().unwrap_or_else(PoisonError::into_inner);
            let place = results.iter().position(|(known, _)| known == digest);
            place.and_then(|place| results.remove(place)).inspect(|hit| results.push_front(hit.clone()))
        };
        if let Some((_, value)) = known {
            return Some(value);
        }
        let value = Arc::new(serde_json::from_slice(&self.read(digest).ok()?).ok()?);
        let mut results = self.0.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.push_front((*digest, Arc::clone(&value)));
        results.truncate(RESULTS_MAX);
        Some(value)
    }
}
