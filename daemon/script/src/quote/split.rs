//! A long quote as several screens (specification 6.3 #4).
//!
//! Works on prepared text, since splitting before the marks are nested would leave orphans. A pure proposal: nobody
//! splits a quote without being asked.

/// What fits on one screen.
const LINES_MAX: usize = 5;
const LINE_CHARS_MAX: usize = 50;
/// A second screen that would be shorter is not worth a cut.
const SECOND_CHARS_MIN: usize = 80;
/// Parts differ by at most this much of the longest.
const UNEVEN_PERCENT_MAX: usize = 30;
/// A quote that needs more screens is a speech.
const PARTS_MAX: usize = 9;

/// The screens of a quote, in order; one when it fits, or when no cut at sentence ends satisfies the rule.
pub fn split(text: &str) -> Vec<String> {
    let whole = || vec![text.trim().to_owned()];
    if fits(text) {
        return whole();
    }
    let sentences = sentences(text);
    (2..=PARTS_MAX.min(sentences.len())).find_map(|parts| even_parts(&sentences, parts)).unwrap_or_else(whole)
}

/// Wrapped by words, it takes no more lines than a screen has.
fn fits(text: &str) -> bool {
    let lines = text.lines().map(|line| {
        let (mut lines, mut chars) = (1, 0);
        for word in line.split_whitespace() {
            let len = word.chars().count();
            if chars > 0 && chars + 1 + len > LINE_CHARS_MAX {
                lines += 1;
                chars = len;
            } else {
                chars += len + usize::from(chars > 0);
            }
        }
        lines
    });
    lines.sum::<usize>() <= LINES_MAX
}

/// Sentences with their closing marks: `He said "no." Then he left.` has two.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut begin = 0;
    let mut ended = false;
    for (at, c) in text.char_indices() {
        match c {
            '.' | '!' | '?' | '…' => ended = true,
            '"' | '\'' | '”' | '’' | ')' | ']' => {}
            c if c.is_whitespace() && ended => {
                sentences.push(text[begin..at].trim());
                begin = at;
                ended = false;
            }
            c if c.is_whitespace() => {}
            _ => ended = false,
        }
    }
    sentences.push(text[begin..].trim());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Cuts where the running length passes each equal share, and checks the outcome.
fn even_parts(sentences: &[&str], count: usize) -> Option<Vec<String>> {
    let total: usize = sentences.iter().map(|it| it.chars().count()).sum();
    let mut parts: Vec<String> = vec![String::new()];
    let mut seen = 0;
    for sentence in sentences {
        let len = sentence.chars().count();
        let share = total * parts.len() / count;
        // The sentence goes where more than half of it belongs.
        if seen > 0 && parts.len() < count && seen + len / 2 >= share {
            parts.push((*sentence).to_owned());
        } else {
            let part = parts.last_mut()?;
            part.push_str(if part.is_empty() { "" } else { " " });
            part.push_str(sentence);
        }
        seen += len;
    }
    let lengths: Vec<usize> = parts.iter().map(|part| part.chars().count()).collect();
    let (shortest, longest) = (lengths.iter().min()?, lengths.iter().max()?);
    let even = (longest - shortest) * 100 <= longest * UNEVEN_PERCENT_MAX;
    let worth_it = lengths[1..].iter().all(|len| *len >= SECOND_CHARS_MIN);
    (parts.len() == count && even && worth_it && parts.iter().all(|part| fits(part))).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_quote_is_one_screen() {
        assert_eq!(
            split("A watched pot never boils. It only looks back."),
            ["A watched pot never boils. It only looks back."]
        );
    }

    #[test]
    fn a_long_quote_breaks_at_a_sentence_end_into_even_parts() {
        let first = "We searched the drawers, the sink and the pockets of the department. We found two forks, one of them ashamed, and nobody cried.";
        let second = "At this rate the institute needs two hundred and fifty spoons a year, which is \"also our position on tenure.\" We wrote that down and lost the pen.";
        let text = format!("{first} {second}");
        assert_eq!(split(&text), [first, second]);
    }

    #[test]
    fn one_endless_sentence_is_left_alone() {
        let text = "and then the kettle ".repeat(30);
        assert_eq!(split(&text), [text.trim()]);
    }

    #[test]
    fn uneven_parts_are_refused() {
        let text = format!("{} Yes.", "a very long thought about kettles ".repeat(9).trim().to_owned() + ".");
        assert_eq!(split(&text).len(), 1);
    }
}
