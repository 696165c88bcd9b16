//! Measures what showd promises to be quick at, side by side with what bounds it, and prints a table.
//!
//! Not a test: nothing here passes or fails. Run it with `tests/bench/run.sh`; every figure stands beside the device's
//! own rate of durable writes, taken in the same run.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::unnecessary_debug_formatting, reason = "a quoted path is TOML")]

mod client;
mod disk;

use client::Client;
use show_tests::Show;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Submissions per round of the throughput measurements.
const MANY: usize = 50_000;
/// Clients of the pipelined measurement, and requests each keeps in flight.
const CLIENTS: usize = 64;
const IN_FLIGHT: usize = 64;
/// Rounds of the latency measurements; the median is printed.
const ROUNDS: usize = 41;

struct Table(String);

impl Table {
    fn row(&mut self, what: &str, figure: &str, bound: &str) {
        let line = format!("{what:<46} {figure:>16}   {bound}");
        println!("{line}");
        writeln!(self.0, "{line}").expect("a string takes everything");
    }
}

fn main() {
    let only = std::env::args().nth(1);
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let mut table = Table(String::new());
    let flush = disk::flush(Duration::from_secs(1));
    table.row("device: append 512 B + fdatasync", &rate(flush.per_second), &format!("p50 {}", ms(flush.p50)));
    if wanted("submit") {
        submissions(&mut table, flush.p50);
    }
    if wanted("latency") {
        latency(&mut table, flush.p50);
    }
    if wanted("chain") {
        chain(&mut table, flush.p50);
    }
    if wanted("save") {
        save_to_start(&mut table);
    }
    if wanted("check") {
        check(&mut table);
    }
    if wanted("restart") {
        restart(&mut table);
    }
    if wanted("memory") {
        memory(&mut table);
    }
    let again = disk::flush(Duration::from_secs(1));
    table.row("device, at the end", &rate(again.per_second), &format!("p50 {}", ms(again.p50)));
}

/// A show whose pipelines do nothing: `held` waits for a pool of no slots, `noop` runs at once, `chain` is 20 of them.
fn idle_show() -> Show {
    let mut show = Show::new();
    let mut text = String::from(
        "settle = \"50ms\"\nquiet = \"100ms\"\n[pool]\nheld = 0\n\
         [pipeline.show-build]\nenabled = false\n\
         [pipeline.held]\nsubject = \"bench/{name}/\"\n[[pipeline.held.step]]\nname = \"hold\"\nuse = \"noop\"\npool = { held = 1 }\n\
         [pipeline.noop]\nsubject = \"bench/{name}/\"\n[[pipeline.noop.step]]\nname = \"only\"\nuse = \"noop\"\n\
         [pipeline.saved]\nsubject = \"saved/{name}.txt\"\non = [\"\"]\n[[pipeline.saved.step]]\nname = \"only\"\nuse = \"noop\"\nin.file = { file = \"saved/{name}.txt\" }\n\
         [pipeline.chain]\nsubject = \"bench/{name}/\"\n",
    );
    for link in 0..20 {
        let needs = if link == 0 { String::new() } else { format!("needs = [\"link{}\"]\n", link - 1) };
        write!(text, "[[pipeline.chain.step]]\nname = \"link{link}\"\nuse = \"noop\"\n{needs}").expect("a string");
    }
    let share = show.share();
    write!(text, "[share.show]\npath = {share:?}\n").expect("a string");
    show.configure_whole(&text);
    show.write("bench/one/file.txt", "one");
    show.start();
    show
}

fn submissions(table: &mut Table, flush: Duration) {
    let show = idle_show();
    let mut client = Client::connect(&show.socket());
    let count: u32 = 2_000;
    let begun = Instant::now();
    for n in 0..count {
        client.submit("held", "bench/one/", n as usize);
    }
    let alone = begun.elapsed() / count;
    let bound = format!("{:.2}× of two flushes", alone.as_secs_f64() / (2.0 * flush.as_secs_f64()));
    table.row("durable submission, one client", &ms(alone), &bound);

    for round in 1..=3 {
        let socket = show.socket();
        let begun = Instant::now();
        let threads: Vec<_> = (0..CLIENTS)
            .map(|thread| {
                let socket = socket.clone();
                std::thread::spawn(move || {
                    let mut client = Client::connect(&socket);
                    client.submit_many(
                        "held",
                        "bench/one/",
                        MANY / CLIENTS,
                        IN_FLIGHT,
                        (round * CLIENTS + thread) * MANY,
                    );
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("a client does its work");
        }
        let per_second = (MANY / CLIENTS * CLIENTS) as f64 / begun.elapsed().as_secs_f64();
        let what = format!("durable submissions, {CLIENTS} pipelined, round {round}");
        table.row(&what, &rate(per_second), &format!("{:.1} per flush", per_second * flush.as_secs_f64()));
    }
    let begun = Instant::now();
    for n in 0..500 {
        client.submit("held", "bench/one/", 900_000_000 + n);
    }
    table.row("the same alone, with all those queued", &ms(begun.elapsed() / 500), "no dependence on queue length");
}

fn latency(table: &mut Table, flush: Duration) {
    let show = idle_show();
    let mut client = Client::connect(&show.socket());
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|round| {
            let begun = client::now();
            let job = client.submit("noop", "bench/one/", round);
            client.wait(job);
            client.started(job).saturating_sub(begun)
        })
        .collect();
    let median = median(&mut times);
    let bound = 3.0 * flush.as_secs_f64() + 0.0003;
    table.row("submit to attempt start, p50", &ms(median), &format!("1.5 × two flushes + 0.3 ms = {}", secs(bound)));
}

fn chain(table: &mut Table, flush: Duration) {
    let show = idle_show();
    let mut client = Client::connect(&show.socket());
    let mut times: Vec<_> = (0..ROUNDS / 4)
        .map(|round| {
            let begun = Instant::now();
            let jobs = client.submit_all("chain", "bench/one/", round);
            client.wait_all(&jobs);
            begun.elapsed()
        })
        .collect();
    let bound = 20.0 * (2.0 * flush.as_secs_f64() + 0.005);
    table.row(
        "chain of 20 no-op steps, p50",
        &ms(median(&mut times)),
        &format!("20 × (commit + 5 ms) = {}", secs(bound)),
    );
}

fn save_to_start(table: &mut Table) {
    let show = idle_show();
    let mut client = Client::connect(&show.socket());
    let mut times = Vec::new();
    for round in 0..ROUNDS / 2 {
        let begun = client::now();
        show.write("saved/note.txt", format!("round {round}"));
        show.idle();
        if let Some(job) = client.newest("saved") {
            times.push(client.started(job).saturating_sub(begun).saturating_sub(Duration::from_millis(50)));
        }
    }
    table.row("save to attempt start, beyond settle, p50", &ms(median(&mut times)), "settle 50 ms taken off");
}

fn check(table: &mut Table) {
    let example =
        std::fs::read_to_string(show_tests::repository().join("tests/bench/item.md")).expect("the item is here");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let item = dir.path().join("item.md");
    let body = example.split_once("\n## Script\n").map_or(example.as_str(), |(_, body)| body);
    let mut text = example.clone();
    while text.len() < 32 << 20 {
        text.push_str(body);
    }
    std::fs::write(&item, &text).expect("a temporary file");
    let begun = Instant::now();
    let document = show_script::item::Document::parse(&text);
    let parsed = begun.elapsed();
    let cues = document.cues.len();
    drop(document);
    let speed = |time: Duration| format!("{:.0} MB/s", text.len() as f64 / 1e6 / time.as_secs_f64());
    table.row("parse", &speed(parsed), &format!("{cues} cues, {} MB", text.len() >> 20));
    let begun = Instant::now();
    let ran = show_tests::run({
        let mut command = std::process::Command::new(show_tests::binary("showctl"));
        command.arg("check").arg(&item);
        command
    });
    table.row("showctl check, whole", &speed(begun.elapsed()), &format!("{} KB of report", ran.out.len() >> 10));
}

fn restart(table: &mut Table) {
    let mut show = idle_show();
    let mut client = Client::connect(&show.socket());
    for batch in 0..100 {
        let jobs = client.submit_many("held", "bench/one/", 1_000, IN_FLIGHT, batch * 1_000);
        client.cancel(&jobs);
    }
    client.submit_many("held", "bench/one/", 10_000, IN_FLIGHT, 1_000_000);
    drop(client);
    show.kill();
    let begun = Instant::now();
    show.start();
    table.row("restart: 100,000 finished, 10,000 pending", &ms(begun.elapsed()), "after SIGKILL, to READY=1");
    table.row("resident, with those", &resident(show.pid()), "");
}

fn memory(table: &mut Table) {
    let mut show = idle_show();
    show.idle();
    table.row("resident, idle", &resident(show.pid()), "");
    let (before, begun) = (cpu(show.pid()), Instant::now());
    while begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_secs(1));
    }
    table.row("processor time in 10 idle seconds", &ms(cpu(show.pid()).saturating_sub(before)), "");
    show.stop();
    for folder in 0..1_000 {
        for file in 0..100 {
            show.write(&format!("bench/{folder}/{file}.txt"), "");
        }
    }
    show.start();
    show.idle();
    table.row("resident, 100,000 watched files", &resident(show.pid()), "");
}

fn resident(pid: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the daemon is running");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("a process has a size");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a number");
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the daemon is running");
    let fields: Vec<_> = stat.rsplit(')').next().expect("a stat line").split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ms(time: Duration) -> String {
    secs(time.as_secs_f64())
}

fn secs(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}

fn rate(per_second: f64) -> String {
    format!("{per_second:.0}/s")
}
