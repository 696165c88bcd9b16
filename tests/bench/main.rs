//! Measures what showd promises to be quick at, side by side with what bounds it, and prints a table.
//!
//! Not a test: nothing here passes or fails. Run it with `tests/bench/run.sh`. Other work on the machine slows a
//! figure and the device alike, so every durable figure is taken in turn with flushes of the same device, and stands
//! beside them.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::unnecessary_debug_formatting, reason = "a quoted path is TOML")]

mod client;
mod disk;
mod durable;
mod resting;
mod table;

use show_tests::Show;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Links of the chain.
const LINKS: u32 = 20;
const SETTLE: Duration = Duration::from_millis(50);

type Part = fn(&str, Size);

/// In the order in which they run.
const PARTS: [(&str, Part); 7] = [
    ("submit", durable::submit),
    ("latency", durable::latency),
    ("chain", durable::chain),
    ("save", durable::save),
    ("check", resting::check),
    ("restart", resting::restart),
    ("memory", resting::memory),
];

/// How much to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A few minutes.
    Usual,
    /// Queues of a million.
    Long,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == STEP) {
        return say_when_started();
    }
    let size = if args.iter().any(|arg| arg == "--long") { Size::Long } else { Size::Usual };
    let named: Vec<&String> = args.iter().filter(|arg| *arg != "--long").collect();
    if let Some(unknown) = named.iter().find(|name| PARTS.iter().all(|(part, _)| part != **name)) {
        let parts = PARTS.map(|(part, _)| part).join(", ");
        eprintln!("bench: there is no part \"{unknown}\"\n  hint: parts are {parts}; --long for queues of a million");
        return;
    }
    table::row("", "measured", "to reach", "that is");
    for (name, part) in PARTS {
        if named.is_empty() || named.iter().any(|named| *named == name) {
            part(name, size);
        }
    }
}

/// As a step, this program says when it runs.
const STEP: &str = "step";

fn say_when_started() {
    let now = client::now();
    let result = std::env::var_os("SHOW_RESULT").expect("a step is told where its result goes");
    let text = format!("{{\"started_us\": \"{}\"}}", now.as_micros());
    std::fs::write(Path::new(&result), text).expect("the result can be written");
}

/// A show whose pipelines do nothing: `held` waits for a pool of no slots, `timed` is this program and says when it
/// runs, `saved` is the same for a saved file, and `chain` is no-op steps, each after the one before.
fn idle_show(subjects: usize) -> Show {
    let mut show = Show::new();
    for subject in 0..subjects {
        show.write(&format!("bench/{subject}/file.txt"), "one");
    }
    let program = std::env::current_exe().expect("a program knows where it is");
    let run = format!("run = [{program:?}, \"{STEP}\"]");
    let mut text = format!(
        "settle = \"{}ms\"\nquiet = \"100ms\"\nclients = 80\n[pool]\nheld = 0\n\
         [pipeline.show-build]\nenabled = false\n\
         [pipeline.held]\nsubject = \"bench/{{name}}/\"\n\
         [[pipeline.held.step]]\nname = \"hold\"\nuse = \"noop\"\npool = {{ held = 1 }}\n\
         [pipeline.timed]\nsubject = \"bench/{{name}}/\"\n\
         [[pipeline.timed.step]]\nname = \"only\"\n{run}\n\
         [pipeline.saved]\nsubject = \"saved/{{name}}.txt\"\non = [\"*.txt\"]\n\
         [[pipeline.saved.step]]\nname = \"only\"\n{run}\nin.file = {{ file = \"{{name}}.txt\" }}\n\
         [pipeline.chain]\nsubject = \"bench/{{name}}/\"\n",
        SETTLE.as_millis(),
    );
    for link in 0..LINKS {
        let needs = if link == 0 { String::new() } else { format!("needs = [\"link{}\"]\n", link - 1) };
        write!(text, "[[pipeline.chain.step]]\nname = \"link{link}\"\nuse = \"noop\"\n{needs}").expect("a string");
    }
    write!(text, "[share.show]\npath = {:?}\n", show.share()).expect("a string");
    show.configure_whole(&text);
    show.start();
    show
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
