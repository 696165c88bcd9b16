//! What attempts printed, and the event log.

use super::ink::{Ink, dim};
use super::words::{clock, safe, width, wrap};
use super::{Look, Page};
use show_protocol::{EventView, EventsView, LogLine, LogView, Seq, Stream};

impl Page for LogView {
    fn page(&self, look: &Look) -> String {
        log_lines(&self.lines, false, look)
    }
}

/// The lines as they were printed; with `times`, when and on which stream.
pub fn log_lines(lines: &[LogLine], times: bool, look: &Look) -> String {
    let mut out = String::new();
    for line in lines {
        let text = safe(&line.text);
        if times {
            let at = clock(line.at_ms, look.now_ms, &look.zone);
            out.push_str(&dim(&format!("{at} {:<3} ", line.stream.word())));
        }
        out.push_str(&if line.stream == Stream::Err { Ink::Warm.paint(&text) } else { text });
        out.push('\n');
    }
    out
}

impl Page for EventsView {
    fn page(&self, look: &Look) -> String {
        self.events.iter().map(|event| event_line(event, look)).collect()
    }
}

/// `1204 20:00:01 job.done 0900 job 41 scan succeeded`: the number first, which is what `--from` takes.
pub fn event_line(event: &EventView, look: &Look) -> String {
    let at = clock(event.at_ms, look.now_ms, &look.zone);
    let ink = match event.kind.rsplit('.').next().unwrap_or_default() {
        "failed" | "refused" | "lost" => Ink::Bad,
        "done" | "succeeded" => Ink::Good,
        "left_out" | "overtaken" | "retrying" | "canceled" => Ink::Warm,
        _ => Ink::Busy,
    };
    // What happened to a file mostly names it.
    let file = event.file.as_ref().filter(|file| !event.text.contains(file.as_str()));
    let about = event.episode.as_ref().or(file).map(|about| format!("{about} ")).unwrap_or_default();
    let number = format!("{:>6} {at} ", event.seq.0);
    let text = safe(&format!("{} {about}{}", event.kind, event.text));
    let mut out = String::new();
    for (at, line) in wrap(&text, look.width.saturating_sub(width(&number))).into_iter().enumerate() {
        let line = match line.strip_prefix(&event.kind).filter(|_| at == 0) {
            Some(rest) => {
                let rest = match rest.strip_prefix(&format!(" {about}")) {
                    Some(words) if !about.is_empty() => format!(" {}{words}", dim(&about)),
                    _ => rest.to_owned(),
                };
                format!("{}{}{rest}", dim(&number), ink.paint(&event.kind))
            }
            None => format!("{}{line}", " ".repeat(width(&number))),
        };
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Events that were lost for good.
pub fn gap_line(from: Seq, to: Seq) -> String {
    format!("{}\n", Ink::Warm.paint(&format!("events {from} to {to} are no longer kept")))
}
