//! What waits for the device: submissions, starts, chains, saves.

use crate::client::{self, Client};
use crate::disk::{Device, Pace};
use crate::{LINKS, SETTLE, Size, idle_show, median, table};
use show_tests::Show;
use std::time::{Duration, Instant};

/// Clients of the pipelined measurement, requests that each keeps in flight, and submissions of one round.
const CLIENTS: usize = 64;
const IN_FLIGHT: usize = 64;
const ROUND: usize = 51_200;
const SUBJECT: &str = "bench/0/";

/// 1.5 times the flushes of a commit, and 0.3 ms.
fn submission_within(pace: Pace) -> Duration {
    pace.commit.mul_f64(1.5) + Duration::from_micros(300)
}

pub fn submit(part: &str, size: Size) {
    let show = idle_show(1);
    let mut client = Client::connect(&show.socket());
    let mut device = Device::new(&show.state());
    table::part(part, device.pace());

    let first = one_by_one(&mut client, &mut device, 0);
    let mut queued = ONE_BY_ONE;
    let rounds = if size == Size::Long { 1_000_000 / ROUND } else { 5 };
    let mut rates: Vec<f64> = (0..rounds).map(|round| pipelined(&show, (round + 1) * ROUND)).collect();
    queued += rounds * ROUND;
    rates.sort_by(f64::total_cmp);
    let (worst, middle, best) = (rates[0], rates[rates.len() / 2], rates[rates.len() - 1]);
    let pace = device.pace();
    // 20,000 where the device does 5,000 flushes a second.
    let goal = 4.0 * pace.flushes_per_second.min(5_000.0);
    table::row(
        &format!("{CLIENTS} clients, pipelined, median"),
        &table::rate(middle),
        &format!(">= {}", table::rate(goal)),
        &format!("{:.1} per flush", middle / pace.flushes_per_second),
    );
    table::row("  worst and best round", &table::rate(worst), &table::rate(best), "");
    let last = one_by_one(&mut client, &mut device, 10 * rounds * ROUND);
    table::row(
        &format!("the first again, {queued} queued"),
        &table::time(last),
        "the same",
        &format!("{:.2} times", last.as_secs_f64() / first.as_secs_f64()),
    );
}

/// Submissions of the sequential measurement.
const ONE_BY_ONE: usize = 1_000;

/// One client that waits for each answer, in turn with the device.
fn one_by_one(client: &mut Client, device: &mut Device, first: usize) -> Duration {
    let mut times = Vec::with_capacity(ONE_BY_ONE);
    for n in 0..ONE_BY_ONE {
        let begun = Instant::now();
        client.submit("held", SUBJECT, first + n);
        times.push(begun.elapsed());
        device.work();
    }
    let (p50, pace) = (median(&mut times), device.pace());
    let (reach, beside) = table::within(p50, submission_within(pace));
    table::row("durable submission, one client, p50", &table::time(p50), &reach, &beside);
    let sum: Duration = times.iter().sum();
    let rate = table::rate(times.len() as f64 / sum.as_secs_f64());
    table::row("  durable submissions, one client", &rate, "", &table::commits(p50, pace));
    p50
}

fn pipelined(show: &Show, first: usize) -> f64 {
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::connect(&show.socket())).collect();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for (place, client) in clients.iter_mut().enumerate() {
            let first = first + place * (ROUND / CLIENTS);
            scope.spawn(move || client.submit_many("held", SUBJECT, ROUND / CLIENTS, IN_FLIGHT, first));
        }
    });
    ROUND as f64 / begun.elapsed().as_secs_f64()
}

/// Rounds of the measurements that run programs.
const ROUNDS: usize = 41;

pub fn latency(part: &str, _: Size) {
    let show = idle_show(1);
    let mut client = Client::connect(&show.socket());
    let mut device = Device::new(&show.state());
    table::part(part, device.pace());
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|round| {
            let begun = client::now();
            let job = client.submit("timed", SUBJECT, round);
            client.wait(job);
            device.work();
            client.started(job).saturating_sub(begun)
        })
        .collect();
    let (p50, pace) = (median(&mut times), device.pace());
    table::row("submit to program running, p50", &table::time(p50), "", &table::commits(p50, pace));
    let forked = fork_and_exec();
    let bare = table::time(p50.saturating_sub(forked));
    table::row("  without its fork and exec", &bare, "", &format!("{} bare", table::time(forked)));
}

/// What the system takes to start this program as a step, without anybody's help.
fn fork_and_exec() -> Duration {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let result = folder.path().join("result.json");
    let program = std::env::current_exe().expect("a program knows where it is");
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begun = client::now();
            let mut command = std::process::Command::new(&program);
            command.arg(crate::STEP).env_clear().env("SHOW_RESULT", &result);
            assert!(command.status().expect("this program starts").success());
            let text = std::fs::read_to_string(&result).expect("it says when it started");
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            Duration::from_micros(digits.parse().expect("microseconds")).saturating_sub(begun)
        })
        .collect();
    median(&mut times)
}

pub fn chain(part: &str, _: Size) {
    let show = idle_show(1);
    let mut client = Client::connect(&show.socket());
    let mut device = Device::new(&show.state());
    table::part(part, device.pace());
    let mut times: Vec<_> = (0..ROUNDS / 3)
        .map(|round| {
            let begun = Instant::now();
            let jobs = client.submit_all("chain", SUBJECT, round);
            client.wait_all(&jobs);
            let took = begun.elapsed();
            (0..LINKS).for_each(|_| device.work());
            took
        })
        .collect();
    let (p50, pace) = (median(&mut times), device.pace());
    let bound = (pace.commit + Duration::from_millis(5)) * LINKS;
    let (reach, beside) = table::within(p50, bound);
    table::row(&format!("chain of {LINKS} no-op steps, p50"), &table::time(p50), &reach, &beside);
    table::row("  one link", &table::time(p50 / LINKS), "", &table::commits(p50 / LINKS, pace));
}

pub fn save(part: &str, _: Size) {
    let show = idle_show(1);
    let mut client = Client::connect(&show.socket());
    let mut device = Device::new(&show.state());
    table::part(part, device.pace());
    let mut follower = Client::connect(&show.socket()).follow();
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let begun = client::now();
        show.write("saved/note.txt", format!("round {round}"));
        let job = follower.next_done("saved");
        times.push(client.started(job).saturating_sub(begun).saturating_sub(SETTLE));
        device.work();
    }
    let (p50, pace) = (median(&mut times), device.pace());
    table::row("save to program running, p50", &table::time(p50), "", &table::commits(p50, pace));
    table::row("  beyond the settle window of", &table::time(SETTLE), "", "which is taken off");
}
