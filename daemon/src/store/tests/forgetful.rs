//! A disk in memory that keeps only what was flushed, and of the rest whatever it likes.

use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex};

#[derive(Debug, Clone, Default)]
pub struct Forgetful(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    /// What reads see.
    now: Vec<u8>,
    /// What a power cut leaves for certain.
    flushed: Vec<u8>,
    /// Since the last flush.
    unflushed: Vec<Op>,
    flushes: u64,
    /// Writes and flushes that still work.
    fail_after: Option<u64>,
    is_full: bool,
}

#[derive(Debug, Clone)]
enum Op {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Op {
    fn on(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Write(offset, data) => {
                if bytes.len() < offset + data.len() {
                    bytes.resize(offset + data.len(), 0);
                }
                bytes[*offset..offset + data.len()].copy_from_slice(data);
            }
        }
    }
}

impl Disk {
    fn spend(&mut self) -> io::Result<()> {
        match &mut self.fail_after {
            Some(0) => Err(io::Error::other("the power is off")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Forgetful {
    fn disk(&self) -> std::sync::MutexGuard<'_, Disk> {
        self.0.lock().expect("no test thread panics while holding the disk")
    }

    pub fn flushes(&self) -> u64 {
        self.disk().flushes
    }

    pub fn fail_after(&self, writes: u64) {
        self.disk().fail_after = Some(writes);
    }

    /// From now on the file cannot grow.
    pub fn fill_up(&self) {
        self.disk().is_full = true;
    }

    /// A new disk with everything that was flushed and, by seed, some of what was not; one write may be torn.
    pub fn after_power_cut(&self, seed: u64) -> Self {
        let disk = self.disk();
        let mut bytes = disk.flushed.clone();
        let mut dice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for op in &disk.unflushed {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            match (dice % 4, op) {
                (0 | 1, op) => op.on(&mut bytes),
                (2, Op::Write(offset, data)) => {
                    Op::Write(*offset, data[..data.len() / 512 * 512 / 2].to_vec()).on(&mut bytes);
                }
                _ => {}
            }
        }
        Self(Arc::new(Mutex::new(Disk { now: bytes.clone(), flushed: bytes, ..Disk::default() })))
    }
}

impl StorageBackend for Forgetful {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = offset as usize;
        let disk = self.disk();
        let bytes = disk.now.get(offset..offset + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut disk = self.disk();
        disk.spend()?;
        let op = Op::Length(length as usize);
        op.on(&mut disk.now);
        disk.unflushed.push(op);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk();
        disk.spend()?;
        disk.flushed = disk.now.clone();
        disk.unflushed.clear();
        disk.flushes += 1;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut disk = self.disk();
        disk.spend()?;
        if disk.is_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let op = Op::Write(offset as usize, data.to_vec());
        op.on(&mut disk.now);
        disk.unflushed.push(op);
        Ok(())
    }
}
