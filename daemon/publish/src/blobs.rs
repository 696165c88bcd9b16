//! Content-addressed copies of bytes, outside the share.
//!
//! A blob's name is its digest, so putting the same bytes twice keeps them once, and reading checks them. Text is
//! kept compressed. A blob is whole or absent: it is written under another name, synced and renamed.
//!
//! `ROOT/ab/cdef….z` is compressed, `ROOT/ab/cdef…` is not. Below `ROOT/tmp/` each process that has the store open
//! writes into a folder of its own, which it keeps locked: whoever opens the store clears away only what nobody locks.

mod house;

pub use house::{Stored, Swept};

use crate::error::BlobError;
use crate::name::Digest;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

/// Whether a blob must outlive a power failure from the moment that it is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is synced before `put` returns.
    Durably,
    /// It survives a crash of the process; after a power failure it may be absent or, seen when read, damaged.
    Loosely,
}

/// A store of blobs. Safe to use from many threads, and from many processes as long as only one of them sweeps.
#[derive(Debug)]
pub struct Blobs {
    root: PathBuf,
    desk: Desk,
    recent: Mutex<Recent>,
    temps: AtomicU64,
}

/// What was put since the store was opened, and when last: who put it may not yet have said that it is needed.
type Recent = BTreeMap<Digest, Instant>;

impl Blobs {
    /// Opens the store at `root`, makes it if it is not there, and removes what processes that are gone left half
    /// written.
    pub fn open(root: &Path) -> Result<Self, BlobError> {
        let opened = || -> io::Result<Desk> {
            let temp = root.join(TEMP);
            // People's texts: nobody else's business.
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&temp)?;
            let desk = Desk::take(&temp)?;
            sync_parent(root)?;
            File::open(root)?.sync_all()?;
            Ok(desk)
        };
        let desk = opened().map_err(failed("open the store of", root.display()))?;
        Ok(Self { root: root.to_owned(), desk, recent: Mutex::default(), temps: AtomicU64::new(0) })
    }

    /// Keeps `bytes` and returns their digest.
    pub fn put(&self, bytes: &[u8], keep: Keep) -> Result<Digest, BlobError> {
        let digest = Digest::of(bytes);
        if !self.keep_existing(&digest, keep)? {
            let temp = self.temp()?;
            let form = Form::of(&bytes[..bytes.len().min(HEAD_BYTES)]);
            temp.write(form, &mut &*bytes).map_err(failed("write", digest))?;
            self.finish(&digest, form, &temp, keep)?;
        }
        Ok(digest)
    }

    /// Keeps everything that `from` has left to read, however much, and returns its digest.
    pub fn put_all(&self, from: impl Read, keep: Keep) -> Result<Digest, BlobError> {
        let unwritten = |cause| BlobError::Io { doing: "write", name: "from a stream".to_owned(), cause };
        let mut from = BufReader::with_capacity(HEAD_BYTES, from);
        let form = Form::of(from.fill_buf().map_err(unwritten)?);
        let temp = self.temp()?;
        let mut hashed = Hashed { inner: from, hasher: blake3::Hasher::new() };
        temp.write(form, &mut hashed).map_err(unwritten)?;
        let digest = hashed.digest();
        if !self.keep_existing(&digest, keep)? {
            self.finish(&digest, form, &temp, keep)?;
        }
        Ok(digest)
    }

    /// All bytes of a blob, checked.
    pub fn get(&self, digest: &Digest) -> Result<Vec<u8>, BlobError> {
        let mut bytes = Vec::new();
        self.reader(digest)?.read_to_end(&mut bytes).map_err(|error| read_failed(digest, error))?;
        Ok(bytes)
    }

    /// The blobs whose digests in hex begin so; of less than the two digits that a folder is named by, none.
    pub fn beginning(&self, hex: &str) -> Result<Vec<Digest>, BlobError> {
        let Some((shard, rest)) = hex.split_at_checked(2) else { return Ok(Vec::new()) };
        if !hex.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit)) {
            return Ok(Vec::new());
        }
        let entries = match fs::read_dir(self.root.join(shard)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed("list", shard))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed("list", shard))?.file_name();
            let Some(name) = name.to_str().filter(|name| name.starts_with(rest)) else { continue };
            found.extend(digest_of_name(shard, name));
        }
        Ok(found)
    }

    /// Whether there is a blob of this digest. That it is undamaged only reading shows.
    pub fn has(&self, digest: &Digest) -> bool {
        FORMS.iter().any(|form| self.path(digest, *form).exists())
    }

    /// A reader of the blob's bytes. Where they end it errs with `InvalidData` if they were not what was put.
    pub fn reader(&self, digest: &Digest) -> Result<BlobReader, BlobError> {
        for form in FORMS {
            let file = match File::open(self.path(digest, form)) {
                Ok(file) => BufReader::new(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed("open", digest)(error)),
            };
            let inner: Box<dyn Read + Send> = match form {
                Form::Packed => Box::new(ZlibDecoder::new(file)),
                Form::Plain => Box::new(file),
            };
            return Ok(BlobReader { inner: Hashed { inner, hasher: blake3::Hasher::new() }, digest: *digest });
        }
        Err(BlobError::Missing { digest: *digest })
    }

    /// Whether there is a blob of this digest and it is undamaged, found out by reading all of it.
    pub fn is_whole(&self, digest: &Digest) -> bool {
        self.read_through(digest).is_ok()
    }

    /// Gives a written temporary file its name.
    fn finish(&self, digest: &Digest, form: Form, temp: &Temp, keep: Keep) -> Result<(), BlobError> {
        let path = self.path(digest, form);
        let named = || -> io::Result<()> {
            if keep == Keep::Durably {
                temp.file.sync_all()?;
            }
            let shard = path.parent().expect("a blob lies in a shard");
            if !shard.is_dir() {
                fs::create_dir_all(shard)?;
                sync_parent(shard)?;
            }
            fs::rename(&temp.path, &path)?;
            // In the other form it would have been found, had it been whole.
            let _ = fs::remove_file(self.path(digest, form.other()));
            if keep == Keep::Durably {
                sync_parent(&path)?;
            }
            Ok(())
        };
        named().map_err(failed("keep", digest))
    }

    /// Whether the blob is there, undamaged and, if asked for, durable by now.
    fn keep_existing(&self, digest: &Digest, keep: Keep) -> Result<bool, BlobError> {
        // Said before looking: either a sweep sees that it is needed, or it is gone by the time that we look.
        self.recent().insert(*digest, Instant::now());
        match self.read_through(digest) {
            Ok(()) => {}
            Err(BlobError::Missing { .. } | BlobError::Damaged { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        if keep == Keep::Durably {
            for form in FORMS {
                let path = self.path(digest, form);
                let Ok(file) = File::open(&path) else { continue };
                file.sync_all().and_then(|()| sync_parent(&path)).map_err(failed("sync", digest))?;
            }
        }
        Ok(true)
    }

    fn read_through(&self, digest: &Digest) -> Result<(), BlobError> {
        let read = io::copy(&mut self.reader(digest)?, &mut io::sink());
        read.map(drop).map_err(|cause| read_failed(digest, cause))
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().expect("no one panics while holding it")
    }

    fn path(&self, digest: &Digest, form: Form) -> PathBuf {
        let name = digest.to_string();
        self.root.join(&name[..2]).join(format!("{}{}", &name[2..], form.ending()))
    }

    fn temp(&self) -> Result<Temp, BlobError> {
        let path = self.desk.path.join(self.temps.fetch_add(1, Ordering::Relaxed).to_string());
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        Ok(Temp { path, file: file.map_err(failed("begin", "of a new text"))? })
    }
}

/// A folder for what is being written, ours as long as we hold its lock. Goes when it is dropped.
#[derive(Debug)]
struct Desk {
    path: PathBuf,
    _lock: File,
}

impl Desk {
    /// Clears away the folders below `temp` whose owners are gone, and makes one for us.
    fn take(temp: &Path) -> io::Result<Self> {
        // Nobody may find a folder between its making and its locking.
        let door = File::open(temp)?;
        door.lock()?;
        for entry in fs::read_dir(temp)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                fs::remove_file(entry.path())?;
            } else if File::open(entry.path())?.try_lock().is_ok() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let mut number = 0_u64;
        while temp.join(number.to_string()).exists() {
            number += 1;
        }
        let path = temp.join(number.to_string());
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        let lock = File::open(&path)?;
        lock.try_lock()?;
        Ok(Self { path, _lock: lock })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A blob being read, see [`Blobs::reader`].
pub struct BlobReader {
    inner: Hashed<Box<dyn Read + Send>>,
    digest: Digest,
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.inner.digest() != self.digest {
            return Err(io::Error::new(io::ErrorKind::InvalidData, BlobError::Damaged { digest: self.digest }));
        }
        Ok(read)
    }
}

fn digest_of_name(shard: &str, name: &str) -> Option<Digest> {
    Digest::from_hex(&format!("{shard}{}", name.strip_suffix(Form::Packed.ending()).unwrap_or(name)))
}

/// How a blob lies on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Packed,
    Plain,
}

const FORMS: [Form; 2] = [Form::Packed, Form::Plain];

impl Form {
    /// Text gains from packing; sound, film and pictures are packed already.
    fn of(head: &[u8]) -> Self {
        let text = match str::from_utf8(head) {
            Ok(_) => true,
            // A character may have been cut in two where the head ends.
            Err(error) => error.error_len().is_none(),
        };
        if text && !head.contains(&0) { Self::Packed } else { Self::Plain }
    }

    fn other(self) -> Self {
        match self {
            Self::Packed => Self::Plain,
            Self::Plain => Self::Packed,
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Packed => ".z",
            Self::Plain => "",
        }
    }
}

/// A temporary file that goes when it is dropped, unless it has been renamed.
struct Temp {
    path: PathBuf,
    file: File,
}

impl Temp {
    fn write(&self, form: Form, from: &mut dyn Read) -> io::Result<()> {
        match form {
            Form::Packed => {
                let mut packed = ZlibEncoder::new(BufWriter::new(&self.file), Compression::default());
                io::copy(from, &mut packed)?;
                packed.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
            }
            Form::Plain => {
                io::copy(from, &mut &self.file)?;
            }
        }
        Ok(())
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Digests what is read through it.
struct Hashed<R> {
    inner: R,
    hasher: blake3::Hasher,
}

impl<R> Hashed<R> {
    fn digest(&self) -> Digest {
        Digest(*self.hasher.finalize().as_bytes())
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

fn failed<N: ToString>(doing: &'static str, name: N) -> impl FnOnce(io::Error) -> BlobError {
    move |cause| BlobError::Io { doing, name: name.to_string(), cause }
}

fn read_failed(digest: &Digest, cause: io::Error) -> BlobError {
    match cause.kind() {
        // Also what the unpacking says of a torn file.
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            BlobError::Damaged { digest: *digest }
        }
        _ => BlobError::Io { doing: "read", name: digest.to_string(), cause },
    }
}

const TEMP: &str = "tmp";

/// Enough of a stream to tell text from the rest.
const HEAD_BYTES: usize = 64 * 1024;
