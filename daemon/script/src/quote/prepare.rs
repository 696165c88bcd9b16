//! From the raw value of a Quote field to the words that are shown (specification 6.3 #1 to #3).
//!
//! Words never change: only encodings and quotation marks do.

use crate::html::decode_entities_fully;

/// The prepared text: entities decoded, however often they were encoded; backslash escapes decoded; the outermost
/// pairs of quotation marks double and the pairs inside them single.
pub fn prepare(value: &str) -> String {
    let text = unescape(&decode_entities_fully(value));
    nest_marks(text.trim())
}

/// `\"`, `\'`, `\n`, `\r`, `\t`, and `\\` last, each over the whole text, in this order.
fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let order = [("\\\"", "\""), ("\\'", "'"), ("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"), ("\\\\", "\\")];
    order.into_iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

/// One quotation mark that may open or close a pair.
struct Mark {
    at: usize,
    c: char,
    can_open: bool,
    can_close: bool,
}

/// A pair keeps its looks, straight or curly, as its opening mark has them. A mark without a partner is an apostrophe,
/// or a mistake of the author, and stays.
fn nest_marks(text: &str) -> String {
    let marks = marks(text);
    let mut open: Vec<&Mark> = Vec::new();
    let mut pairs: Vec<(usize, usize, bool)> = Vec::new();
    // How many double and single marks are open, so that nobody looks for what is not there.
    let mut count = [0usize; 2];
    for mark in &marks {
        let kind = usize::from(is_double(mark.c));
        let partner = (mark.can_close && count[kind] > 0)
            .then(|| open.iter().rposition(|other| is_double(other.c) == is_double(mark.c)))
            .flatten();
        if let Some(depth) = partner {
            pairs.push((open[depth].at, mark.at, is_curly(open[depth].c)));
            for dropped in open.drain(depth..) {
                count[usize::from(is_double(dropped.c))] -= 1;
            }
        } else if mark.can_open {
            // A second straight single mark that opens, without one between that closes: the first was an apostrophe.
            let earlier = (mark.c == '\'' && count[kind] > 0).then(|| open.iter().rposition(|other| other.c == '\''));
            if let Some(at) = earlier.flatten() {
                open.remove(at);
                count[kind] -= 1;
            }
            open.push(mark);
            count[kind] += 1;
        }
    }
    pairs.sort_unstable();
    let mut out: Vec<(usize, char)> = Vec::new();
    let mut ends: Vec<usize> = Vec::new();
    for (begin, end, curly) in pairs {
        while ends.last().is_some_and(|outer| *outer < begin) {
            ends.pop();
        }
        let (opening, closing) = match (ends.is_empty(), curly) {
            (true, false) => ('"', '"'),
            (true, true) => ('“', '”'),
            (false, false) => ('\'', '\''),
            (false, true) => ('‘', '’'),
        };
        out.extend([(begin, opening), (end, closing)]);
        ends.push(end);
    }
    out.sort_unstable();
    let mut result = String::with_capacity(text.len());
    let mut kept_to = 0;
    for (at, c) in out {
        result.push_str(&text[kept_to..at]);
        result.push(c);
        kept_to = at + text[at..].chars().next().map_or(0, char::len_utf8);
    }
    result.push_str(&text[kept_to..]);
    result
}

fn is_double(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

fn is_curly(c: char) -> bool {
    !matches!(c, '"' | '\'')
}

fn marks(text: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let after = rest.chars().next();
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let opens = (blank(before) || before.is_some_and(begins_things)) && !blank(after);
        let closes = !blank(before) && !word(after);
        let (can_open, can_close) = match c {
            '“' | '„' | '‘' => (true, false),
            '”' => (false, true),
            '"' => (opens, closes),
            '’' => (false, closes),
            '\'' => (opens && !is_elision(rest), closes),
            _ => (false, false),
        };
        if can_open || can_close {
            marks.push(Mark { at, c, can_open, can_close });
        }
        before = Some(c);
    }
    marks
}

/// Characters after which a straight mark opens.
fn begins_things(c: char) -> bool {
    matches!(c, '(' | '[' | '{' | '-' | '–' | '—' | '/' | '"' | '“' | '„' | '\'' | '‘' | '…')
}

/// `'tis`, `'90s`, rock `'n'` roll: an apostrophe that stands where a mark could open.
fn is_elision(rest: &str) -> bool {
    const WORDS: [&str; 10] = ["tis", "twas", "til", "em", "cause", "bout", "round", "n", "neath", "kay"];
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    word.starts_with(|c: char| c.is_ascii_digit()) || WORDS.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entities_decode_fully_even_when_encoded_twice() {
        assert_eq!(prepare("They told me &amp;quot;coffee&amp;quot; &amp; left"), "They told me \"coffee\" & left");
    }

    #[test]
    fn escapes_decode_in_their_order_backslash_last() {
        assert_eq!(prepare(r#"I said, \"So is a lid.\"\nTwice.\\"#), "I said, \"So is a lid.\"\nTwice.\\");
    }

    #[test]
    fn the_outermost_marks_are_double_and_those_inside_single() {
        for (raw, prepared) in [
            (r#"he called it "the law" of kettles."#, r#"he called it "the law" of kettles."#),
            ("he called it 'the law' of kettles.", r#"he called it "the law" of kettles."#),
            (r#""I heard "again?" upstairs," she said."#, r#""I heard 'again?' upstairs," she said."#),
            ("‘I heard “again?” upstairs,’ she said.", "“I heard ‘again?’ upstairs,” she said."),
            ("“one” and “two”", "“one” and “two”"),
            (r#"a " 'x' " b"#, r#"a " "x" " b"#),
        ] {
            assert_eq!(prepare(raw), prepared, "{raw}");
        }
    }

    #[test]
    fn apostrophes_stay() {
        for text in [
            "it's the dogs' dinner",
            "'tis rock 'n' roll in the '90s",
            "don’t",
            "5' 11\" tall, 'er",
            "O'Leary's",
            "\"never closed",
        ] {
            assert_eq!(prepare(text), text);
        }
    }

    #[test]
    fn preparing_is_linear() {
        let text = "'a \"b ".repeat(50_000);
        assert_eq!(nest_marks(&text).len(), text.len());
    }

    proptest! {
        #[test]
        fn words_never_change(text in "[a-c'\"“”‘’ .,(\\[]{0,40}") {
            let bare = |text: &str| text.chars().filter(|c| !"'\"“”‘’".contains(*c)).collect::<String>();
            prop_assert_eq!(bare(&nest_marks(&text)), bare(&text));
            prop_assert_eq!(nest_marks(&text).chars().count(), text.chars().count());
        }

        #[test]
        fn any_input_is_prepared_without_panic(text in "\\PC{0,60}") {
            prepare(&text);
        }
    }
}
