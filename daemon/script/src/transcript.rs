//! Transcripts with time stamps (`.srt`), read leniently.
//!
//! Owns nothing but reading: when which words were said. Where transcripts come from is decided elsewhere.

use crate::duration::Duration;

/// One caption: its words, and when they begin and end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption {
    pub begin: Duration,
    pub end: Duration,
    /// Lines joined by one blank, markup dropped.
    pub text: String,
}

/// Every caption of a SubRip text, in file order. Numbers are not needed, blank lines neither, comma or point may stand
/// before the milliseconds; what cannot be read is left out.
pub fn read_srt(text: &str) -> Vec<Caption> {
    let mut captions: Vec<Caption> = Vec::new();
    let mut open = false;
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
        if let Some((begin, end)) = times(line) {
            drop_number(&mut captions, open);
            captions.push(Caption { begin, end, text: String::new() });
            open = true;
        } else if line.is_empty() {
            open = false;
        } else if let Some(caption) = captions.last_mut().filter(|_| open) {
            if !caption.text.is_empty() {
                caption.text.push(' ');
            }
            caption.text.push_str(crate::html::Line::read(line).plain().trim());
        }
    }
    captions
}

/// Without a blank line between two captions the number of the second one looks like text of the first.
fn drop_number(captions: &mut [Caption], open: bool) {
    let Some(last) = captions.last_mut().filter(|_| open) else { return };
    let number = last.text.rsplit(' ').next().unwrap_or_default();
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        let len = last.text.len() - number.len();
        last.text.truncate(len);
        last.text.truncate(last.text.trim_end().len());
    }
}

/// `00:00:01,000 --> 00:00:04,500`, with anything after it.
fn times(line: &str) -> Option<(Duration, Duration)> {
    let (begin, rest) = line.split_once("-->")?;
    Some((time(begin.trim())?, time(rest.split_whitespace().next()?)?))
}

fn time(text: &str) -> Option<Duration> {
    Duration::of(&text.replace(',', "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(u64, u64, String)> {
        read_srt(text).into_iter().map(|it| (it.begin.ms, it.end.ms, it.text)).collect()
    }

    #[test]
    fn captions_have_times_and_words() {
        let text = "\u{feff}1\r\n00:00:01,000 --> 00:00:04,500\r\nPeople say a <i>flask</i>\r\nis a kettle.\r\n\r\n2\r\n00:01:04.5 --> 00:01:09,250 align:left\r\nI don't.\r\n";
        assert_eq!(
            seen(text),
            [(1000, 4500, "People say a flask is a kettle.".into()), (64_500, 69_250, "I don't.".into())]
        );
    }

    #[test]
    fn a_missing_blank_line_and_broken_times_lose_no_words() {
        let text = "1\n00:00:01,000 --> 00:00:02,000\nIn 1986 we\n2\n00:00:02,000 --> 00:00:03,000\nboiled.\n\n3\nsoon --> later\nlost\n";
        assert_eq!(seen(text), [(1000, 2000, "In 1986 we".into()), (2000, 3000, "boiled.".into())]);
        assert_eq!(seen(""), []);
    }
}
