//! The archive of bytes: texts before and after our writes, results of steps, edits; by digest, outside every share.

use show_core::Digest;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Parsed results kept for views that are asked for again and again.
const RESULTS_MAX: usize = 64;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Archive(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    results: Mutex<VecDeque<(Digest, Arc<serde_json::Value>)>>,
}

impl Archive {
    pub fn new(dir: PathBuf) -> Self {
        Self(Arc::new(Inner { dir, results: Mutex::default() }))
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.to_string();
        self.0.dir.join(&hex[..2]).join(&hex[2..])
    }

    /// # Errors
    /// When the world failed; a blob that is not here is `None`.
    pub fn read(&self, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.path(digest)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// Keeps bytes durably.
    ///
    /// # Errors
    /// When the world failed.
    pub fn keep(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest(*blake3::hash(bytes).as_bytes());
        let path = self.path(&digest);
        std::fs::create_dir_all(path.parent().expect("a blob lies in a folder"))?;
        std::fs::write(path, bytes)?;
        Ok(digest)
    }

    /// The JSON of a result, parsed once for many readers. `None`: not here, or no JSON.
    pub fn result(&self, digest: &Digest) -> Option<Arc<serde_json::Value>> {
        let mut results = self.0.results.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = results.iter().position(|(known, _)| known == digest) {
            let hit = results.remove(place).expect("it was just found");
            let value = hit.1.clone();
            results.push_front(hit);
            return Some(value);
        }
        drop(results);
        let bytes = self.read(digest).ok()??;
        let value = Arc::new(serde_json::from_slice(&bytes).ok()?);
        let mut results = self.0.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.push_front((*digest, Arc::clone(&value)));
        results.truncate(RESULTS_MAX);
        Some(value)
    }
}
