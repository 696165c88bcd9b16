//! Bytes under a temporary name: complete, synced, and looking like the file that they will stand for.

use crate::blobs::Blobs;
use crate::end::End;
use crate::intent::Source;
use crate::name::{Digest, Stamp};
use crate::share::{Place, stamp_of};
use crate::snapshot::hash_all;
use rustix::fs::{AtFlags, Gid, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read, Write};

/// The file that staged bytes will stand for: opened for reading, and as it looked when its bytes were compared.
pub(crate) type Model = (File, Stat);

/// Writes the bytes of `source`, which must be `new`, to `part` and syncs them. Returns them opened for reading.
pub(crate) fn write_part(
    part: &Place,
    source: &Source,
    new: Digest,
    model: Option<&Model>,
    blobs: &Blobs,
) -> Result<File, End> {
    let path = part.path.as_str();
    let failed = |doing| move |errno| End::errno(path, doing, errno);
    match rustix::fs::unlinkat(&part.dir, &part.name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(failed("clear the temporary file")(errno)),
    }
    // A file that is new gets what the account's mask allows; one that replaces another gets that one's mode below.
    let mode = Mode::from_raw_mode(if model.is_some() { 0o600 } else { 0o666 });
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&part.dir, &part.name, flags, mode).map_err(failed("make a temporary file"))?;
    let written = copy(source, new, blobs, &mut File::from(file), path)?;
    if written != new {
        return Err(End::refused(
            path,
            format!("its new bytes are not those that were promised ({written:?}, not {new:?})"),
        ));
    }
    // Opened anew for reading only, so that we are not ourselves the writer whom we look for later.
    let (file, _) = part.open().map_err(|error| End::unread(path, &error))?;
    if let Some(model) = model {
        dress(&file, model).map_err(failed("give the new file the old one's owner, mode and attributes"))?;
    }
    rustix::fs::fsync(&file).map_err(failed("sync the new file"))?;
    Ok(file)
}

fn copy(source: &Source, new: Digest, blobs: &Blobs, to: &mut File, path: &str) -> Result<Digest, End> {
    let mut from: Box<dyn Read + '_> = match source {
        Source::Blob => Box::new(blobs.reader(&new).map_err(|error| End::blob(path, &error))?),
        Source::Bytes(bytes) => Box::new(&bytes[..]),
        Source::File(at) => match File::open(at) {
            Ok(file) => Box::new(file),
            Err(error) => return Err(End::refused(path, format!("could not open {}: {error}", at.display()))),
        },
    };
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let failed = |doing: &str, error: &std::io::Error| match Errno::from_io_error(error) {
            Some(errno) => End::errno(path, doing, errno),
            None => End::refused(path, format!("could not {doing}: {error}")),
        };
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(Digest(*hasher.finalize().as_bytes())),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed("read the new bytes", &error)),
        };
        hasher.update(&buffer[..read]);
        to.write_all(&buffer[..read]).map_err(|error| failed("write the new bytes", &error))?;
    }
}

/// Gives `file` the owner, mode and extended attributes of `model`. Fails rather than change whose file it is.
pub(crate) fn dress(file: &File, (model, look): &Model) -> Result<(), Errno> {
    let mine = rustix::fs::fstat(file)?;
    let uid = (mine.st_uid != look.st_uid).then(|| Uid::from_raw(look.st_uid));
    let gid = (mine.st_gid != look.st_gid).then(|| Gid::from_raw(look.st_gid));
    if uid.is_some() || gid.is_some() {
        rustix::fs::fchown(file, uid, gid)?;
    }
    let mode = Mode::from_raw_mode(look.st_mode & 0o7777);
    rustix::fs::fchmod(file, mode)?;
    for name in attributes(model)? {
        let mut value = vec![0; VALUE_BYTES_MAX];
        let length = match rustix::fs::fgetxattr(model, name.as_slice(), &mut value[..]) {
            Ok(length) => length,
            Err(Errno::NODATA) => continue,
            Err(errno) => return Err(errno),
        };
        match rustix::fs::fsetxattr(file, name.as_slice(), &value[..length], XattrFlags::empty()) {
            // A label that the system gives by itself and that we may not: it has given the new file one as well.
            Err(Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP) if !name.starts_with(b"user.") => {}
            set => set?,
        }
    }
    Ok(())
}

fn attributes(file: &File) -> Result<Vec<Vec<u8>>, Errno> {
    let mut names = vec![0; VALUE_BYTES_MAX];
    let length = match rustix::fs::flistxattr(file, &mut names[..]) {
        Ok(length) => length,
        Err(Errno::OPNOTSUPP) => 0,
        Err(errno) => return Err(errno),
    };
    Ok(names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect())
}

/// Gives `file` the modification time `base` plus 1 ms, or on a file system with coarser times the next one later
/// than `base` that it can hold.
///
/// The nanoseconds below the millisecond come from its bytes: a text that is made a second time from one base, after
/// the first was undone, may have the size of the first one, and with its time as well Syncthing would take it for
/// that.
pub(crate) fn mark_time(file: &File, base: &Stat, new: &Digest) -> Result<(), Errno> {
    let [a, b, c, d, ..] = new.0;
    let own_ns = i128::from(u32::from_le_bytes([a, b, c, d]) % 1_000_000);
    for later_ns in [1_000_000 + own_ns, 2_000_000_000, 4_000_000_000] {
        let nanoseconds = i128::from(stamp_of(base).mtime_ns) + later_ns;
        let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
        let mtime = Timespec {
            tv_sec: nanoseconds.div_euclid(1_000_000_000) as i64,
            tv_nsec: nanoseconds.rem_euclid(1_000_000_000) as _,
        };
        rustix::fs::futimens(file, &Timestamps { last_access: omit, last_modification: mtime })?;
        if stamp_of(&rustix::fs::fstat(file)?).mtime_ns > stamp_of(base).mtime_ns {
            break;
        }
    }
    Ok(())
}

/// Opens bytes staged by an earlier try again, if they are whole.
pub(crate) fn staged_before(slot: &Place, new: Digest, model: Option<&Model>) -> Result<Option<File>, End> {
    let path = slot.path.as_str();
    let Ok((file, _)) = slot.open() else { return Ok(None) };
    let failed = |errno| End::errno(path, "look at the temporary file", errno);
    if hash_all(&file).map_err(failed)? != new {
        return Ok(None);
    }
    if let Some(model) = model {
        dress(&file, model).map_err(failed)?;
        rustix::fs::fsync(&file).map_err(failed)?;
    }
    Ok(Some(file))
}

/// How `file` looks now.
pub(crate) fn stamp(file: &File) -> Result<Stamp, Errno> {
    rustix::fs::fstat(file).map(|stat| stamp_of(&stat))
}

const COPY_BYTES: usize = 256 * 1024;

/// Linux bounds both the list of names and one value to this.
const VALUE_BYTES_MAX: usize = 64 * 1024;
