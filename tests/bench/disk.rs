//! What the device itself can do: the bound under every durable figure.

use std::io::Write;
use std::time::{Duration, Instant};

pub struct Flush {
    pub per_second: f64,
    pub p50: Duration,
}

/// Appends 512 bytes and calls fdatasync, again and again for `time`.
pub fn flush(time: Duration) -> Flush {
    let mut file = tempfile::tempfile().expect("a temporary file");
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < time {
        let one = Instant::now();
        file.write_all(&[7; 512]).expect("the disk has room");
        file.sync_data().expect("the disk works");
        times.push(one.elapsed());
    }
    let per_second = times.len() as f64 / begun.elapsed().as_secs_f64();
    times.sort();
    Flush { per_second, p50: times[times.len() / 2] }
}
