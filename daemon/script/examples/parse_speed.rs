//! How fast files are read: `cargo run --release -p show-script --example parse_speed [MEGABYTES]`.
//!
//! Prints a table over a corpus like a real share (many items of a few KiB), over one huge file, and over inputs that
//! would hurt a careless parser. Not a test: nothing here passes or fails.

use show_script::item::Document;
use std::fmt::Write;
use std::hint::black_box;
use std::time::Duration;

const MIB: usize = 1 << 20;

fn main() {
    let megabytes = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20);
    let mut items = Vec::new();
    let mut bytes = 0;
    while bytes < megabytes * MIB {
        items.push(item(items.len()));
        bytes += items.last().map_or(0, String::len);
    }
    let one: String =
        items.iter().map(|item| item.rsplit_once("---\n").map_or(item.as_str(), |(_, body)| body)).collect();

    println!("{:<44} {:>10} {:>10}", "what", "MB", "MB/s");
    report("items, parsed", &items, |text| Document::parse(text).blocks.len());
    report("items, parsed and checked as one reads them", &items, |text| Document::parse(text).diagnostics().len());
    report("items, parsed and every word of prose seen", &items, |text| {
        Document::parse(text).prose().map(|prose| prose.slice.text.split_whitespace().count()).sum()
    });
    report("one file, parsed", std::slice::from_ref(&one), |text| Document::parse(text).blocks.len());
    report("one file, parsed and checked", &[one], |text| Document::parse(text).diagnostics().len());
    for part in
        ["<!-- Begin Cue -->", "<!-- End Cue -->\n", "[a: b\n", "]\n[", "<p>", "<!--", "`", "\n", "```cue X\n", "\0"]
    {
        let text = part.repeat(megabytes * MIB / part.len());
        report(&format!("nothing but {part:?}"), &[text], |text| Document::parse(text).blocks.len());
    }
}

/// The best of a few runs.
fn report(what: &str, texts: &[String], read: impl Fn(&str) -> usize) {
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let began = on_cpu();
        for text in texts {
            black_box(read(black_box(text)));
        }
        best = best.min(on_cpu().saturating_sub(began));
    }
    let megabytes = bytes as f64 / 1e6;
    println!("{what:<44} {megabytes:>10.1} {:>10.0}", megabytes / best.as_secs_f64());
}

/// Time that this process was given so far, so that a busy machine does not spoil the numbers.
fn on_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").expect("Linux says how long a process ran");
    let ns = stat.split(' ').next().and_then(|ns| ns.parse().ok()).expect("nanoseconds come first");
    Duration::from_nanos(ns)
}

/// An item as people write it: a page or two of speech, a few cues, both paragraph forms.
fn item(number: usize) -> String {
    let mut text = format!(
        "---\nid: segment_20260801_{number:03}\nslug: kettle-{number}\ntype: segment\norder: {}\nduration: 00:00:00\n\
         status: production\ntitle: \"Why kettles sing: part {number}\"\nAssetID: SEGMSA79Z40{:06}\ntags: [kettles, tea]\n\
         ---\n\n## Notes\n\nAsk the props room for a kettle that whistles in tune.\n\n## Script\n\n",
        number * 10 % 1000,
        number % 1_000_000
    );
    for part in 0..6 {
        let speaker = ["host", "guest", "host bullet"][part % 3];
        writeln!(
            text,
            "<p class=\"{speaker}\">Good evening. Tonight the kettle was 100% to blame, and <b>nobody</b> in the kitchen \
             could say why it had begun to sing an hour before the water boiled &mdash; part {part}.</p>\n"
        )
        .expect("a String takes everything");
        writeln!(
            text,
            "<!-- Begin Cue{} -->\n[Type: {}]\n[AssetID: SOTMSA79Z4{:07}]\n[Slug: kettle-boils-{number}-{part}]\n\
             [Duration: 00:00:12]\n[MediaURL: ../assets/video/kettle-boils-{number}-{part}.mp4]\n\
             [Transcription: It began to whistle [laughter] and then,\nit did not stop. It did not stop at all.]\n\
             [Resolution: 1920x1080]\n[Framerate: 29.97]\n<!-- End Cue -->\n",
            if part % 2 == 0 { "" } else { " collapsed" },
            ["SOT", "VO", "FSQ"][part % 3],
            number * 10 + part
        )
        .expect("a String takes everything");
        text.push_str(
            "Bare Markdown stands beside it, as it does in every rundown that more than one person has touched,\n\
             and runs over two lines before anybody thinks of a paragraph.\n\n",
        );
    }
    text
}
