//! What the device itself can do: the bound under every durable figure.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

const PAGE: usize = 4_096;
/// The file has its size already, as the store's has most of the time.
const PAGES: u64 = 512;
/// What the store writes for one submission, at the least: a leaf of each table that it touches and the ways there.
/// `strace -e pwrite64` counts 13.
const PAGES_OF_A_COMMIT: u64 = 12;
/// Neighbours in a tree are no neighbours in the file.
const STRIDE: u64 = 37;

/// A file of our own beside what is measured, written in turn with it: both see the same load of the machine.
pub struct Device {
    file: File,
    place: u64,
    flushes: Vec<Duration>,
    commits: Vec<Duration>,
}

/// What the device does, medians of one measurement.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// One page and one flush.
    pub flush: Duration,
    pub flushes_per_second: f64,
    /// The two flushes of a commit, with the pages they flush.
    pub commit: Duration,
}

impl Device {
    pub fn new(folder: &Path) -> Self {
        let file = tempfile::tempfile_in(folder).expect("a temporary file");
        file.write_all_at(&vec![1; PAGE * PAGES as usize], 0).expect("the disk has room");
        file.sync_all().expect("the disk works");
        Self { file, place: 0, flushes: Vec::new(), commits: Vec::new() }
    }

    /// Flushes one page, and then what a commit flushes.
    pub fn work(&mut self) {
        let begun = Instant::now();
        self.write(1);
        self.sync();
        self.flushes.push(begun.elapsed());
        let begun = Instant::now();
        self.write(PAGES_OF_A_COMMIT);
        self.sync();
        self.file.write_all_at(&[7; 320], 0).expect("the disk has room");
        self.sync();
        self.commits.push(begun.elapsed());
    }

    fn write(&mut self, pages: u64) {
        for _ in 0..pages {
            self.place = (self.place + STRIDE) % PAGES;
            self.file.write_all_at(&[7; PAGE], self.place * PAGE as u64).expect("the disk has room");
        }
    }

    fn sync(&self) {
        self.file.sync_data().expect("the disk works");
    }

    /// What the work since the last call came to; where there was little, that of the next moments.
    pub fn pace(&mut self) -> Pace {
        let begun = Instant::now();
        while self.flushes.len() < 32 || (self.flushes.len() < 500 && begun.elapsed() < Duration::from_millis(200)) {
            self.work();
        }
        let sum: Duration = self.flushes.iter().sum();
        let pace = Pace {
            flush: crate::median(&mut self.flushes),
            flushes_per_second: self.flushes.len() as f64 / sum.as_secs_f64(),
            commit: crate::median(&mut self.commits),
        };
        self.flushes.clear();
        self.commits.clear();
        pace
    }
}
