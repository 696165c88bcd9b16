//! What does not wait for the device: reading text, starting again, doing nothing.

use crate::client::Client;
use crate::disk::Device;
use crate::{Size, idle_show, median, table};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Finished and waiting jobs at a restart, and subjects that they are spread over: of each, few builds are kept.
const FINISHED: usize = 100_000;
const PENDING: usize = 10_000;
const SUBJECTS: usize = 2_000;
const IN_FLIGHT: usize = 64;

pub fn check(part: &str, _: Size) {
    let example = include_str!("item.md");
    let folder = tempfile::tempdir().expect("a temporary folder");
    table::part(part, Device::new(folder.path()).pace());
    let item = folder.path().join("item.md");
    let (_, body) = example.split_once("\n## Script\n").expect("the item has a script");
    let mut text = example.to_owned();
    for copy in 0.. {
        if text.len() >= 32 << 20 {
            break;
        }
        // Every cue has an id of its own, as in a note that is well.
        let ids = ["K3TT1E", "P0TW4T", "Q1XX5U"];
        let own = |text: String, (place, id): (usize, &&str)| text.replace(*id, &format!("{:06}", copy * 3 + place));
        text.push_str(&ids.iter().enumerate().fold(body.to_owned(), own));
    }
    std::fs::write(&item, &text).expect("a temporary file");
    let speed = |time: Duration| format!("{:.0} MB/s", text.len() as f64 / 1e6 / time.as_secs_f64());
    let mut cues = 0;
    let mut times: Vec<_> = (0..5)
        .map(|_| {
            let begun = Instant::now();
            let document = show_script::item::Document::parse(&text);
            let took = begun.elapsed();
            cues = document.cues.len();
            took
        })
        .collect();
    let size = format!("{} MiB, {cues} cues", text.len() >> 20);
    table::row("parse one note, median", &speed(median(&mut times)), ">= 100 MB/s", &size);

    let mut command = std::process::Command::new(show_tests::binary("showctl"));
    command.arg("check").arg(&item);
    let begun = Instant::now();
    let ran = show_tests::run(command);
    let report = format!("{} KiB of report", ran.out.len() >> 10);
    table::row("showctl check of it, whole", &speed(begun.elapsed()), "", &report);
}

pub fn restart(part: &str, _: Size) {
    let mut show = idle_show(SUBJECTS);
    let mut client = Client::connect(&show.socket());
    table::part(part, Device::new(&show.state()).pace());
    let subject = |n: usize| format!("bench/{}/", n % SUBJECTS);
    for batch in 0..FINISHED / 1_000 {
        let jobs = client.submit_each("held", (batch * 1_000..).take(1_000).map(|n| (subject(n), n)), IN_FLIGHT);
        client.cancel(&jobs);
    }
    client.submit_each("held", (FINISHED..FINISHED + PENDING).map(|n| (subject(n), n)), IN_FLIGHT);
    drop(client);
    show.kill();
    let begun = Instant::now();
    show.start();
    let took = begun.elapsed();
    table::row("restart after SIGKILL, to READY=1", &table::time(took), "", "");
    table::row(&format!("  {FINISHED} finished, {PENDING} waiting"), &resident(show.pid()), "", "resident");
}

pub fn memory(part: &str, _: Size) {
    let mut show = idle_show(1);
    table::part(part, Device::new(&show.state()).pace());
    show.idle();
    // Threads for work that blocks end after ten seconds without any.
    std::thread::sleep(Duration::from_secs(11));
    table::row("resident, idle", &resident(show.pid()), "", "");
    let before = Effort::of(show.pid());
    let begun = Instant::now();
    while begun.elapsed() < IDLE {
        std::thread::sleep(IDLE.saturating_sub(begun.elapsed()));
    }
    let spent = Effort::of(show.pid());
    let wakeups = spent.wakeups_since(&before);
    table::row(&format!("wake-ups in {} idle seconds", IDLE.as_secs()), &wakeups.to_string(), "none", "all threads");
    table::row("  processor time in them", &table::time(spent.cpu.saturating_sub(before.cpu)), "none", "");
    show.stop();
    for folder in 0..1_000 {
        for file in 0..100 {
            show.write(&format!("bench/{folder}/{file}.txt"), "");
        }
    }
    show.start();
    show.idle();
    table::row("resident, 100,000 watched files", &resident(show.pid()), "", "");
    let peak = status(show.pid(), "VmHWM") as f64 / 1024.0;
    table::row("  at its most", &format!("{peak:.1} MiB"), "", "");
}

const IDLE: Duration = Duration::from_secs(20);

/// What a process has done so far.
struct Effort {
    cpu: Duration,
    /// By thread.
    wakeups: BTreeMap<u32, u64>,
}

impl Effort {
    fn of(pid: u32) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the daemon is running");
        let fields: Vec<_> = stat.rsplit(')').next().expect("a stat line").split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().filter_map(|field| field.parse::<u64>().ok()).sum();
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the daemon is running");
        let tasks = tasks.flatten().filter_map(|task| task.file_name().to_str()?.parse::<u32>().ok());
        let wakeups = tasks.map(|task| (task, status(task, "voluntary_ctxt_switches"))).collect();
        Self { cpu: Duration::from_millis(ticks * 10), wakeups }
    }

    /// Threads that have ended meanwhile, as those for work that blocks do, were woken for that alone.
    fn wakeups_since(&self, before: &Self) -> u64 {
        let before = |task| before.wakeups.get(task).copied().unwrap_or(0);
        self.wakeups.iter().map(|(task, count)| count.saturating_sub(before(task))).sum()
    }
}

fn resident(pid: u32) -> String {
    format!("{:.1} MiB", status(pid, "VmRSS") as f64 / 1024.0)
}

/// A number out of the status of a process or thread.
fn status(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or_default()
}
