//! Tokens and one-line forms of older tools, found in one line of prose (specification 4.6 #1, #2 and #5).
//!
//! Works on a single line without its line end; which lines are prose is decided elsewhere.

use regex::{Captures, Regex};
use std::sync::LazyLock;

/// One notation, with the bytes of its line that it takes up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'l> {
    pub begin: usize,
    pub end: usize,
    pub form: Form,
    /// The written form of the type: `SOT`, `FSQ`, `NOTE`; `CUE` for the one that says no more than that.
    pub cue_type: &'static str,
    /// What stands after the type, trimmed, as written; a leading number of an enumeration is still part of it.
    pub name: &'l str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `{SOT/kettle boils}`, `(gfx/chart}`, `{FSQ watched pot}`.
    Token,
    /// `{050  [FSQ] watched-pot}`.
    Enumerated,
    /// `{SOT/kettle boils` to the end of the line; anchors a video block only.
    Open,
    /// `[VO: asset dur]`, `[GFX: id "text"]` and their kind.
    OneLine,
}

const TYPES: &str = r"SOT|VOT|VO|NAT|FSQ|FS\s*QUOTE|GFX|IMG|PKG|DIR|BUMP|STING|VOX|MUS|LIVE|RIF|CUE";

/// All notations of the line, from left to right.
pub fn tokens(line: &str) -> Vec<Token<'_>> {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        let slash = format!(r"[{{(]\s*(?P<t1>{TYPES})\s*/(?P<n1>[^}})\r\n]+)[}})]");
        let blank = r"\{\s*(?P<t2>FSQ|FS\s*QUOTE)\s+(?P<n2>[^})\r\n/]+)[})]";
        let enumerated = format!(r"\{{\s*\d+\s*\[\s*(?P<t3>{TYPES})\s*\]\s*(?P<n3>[^}})\r\n]+)\}}");
        let one_line = r"\[(?P<t4>VO|NAT|PKG|GFX|FSQ):[ \t]*(?P<n4>[^\r\n]*?)\][ \t]*$";
        let open = r"[{(]\s*(?P<t5>SOT|VOT|VO|NAT)\s*[/:](?P<n5>[^})\r\n]+)$";
        Regex::new(&format!("(?i)(?:{slash})|(?:{blank})|(?:{enumerated})|(?:{one_line})|(?:{open})"))
            .expect("the patterns of the specification compile")
    });
    if !line.contains(['{', '(', '[']) {
        return Vec::new();
    }
    TOKEN.captures_iter(line).filter_map(|found| token(line, &found)).collect()
}

fn token<'l>(line: &'l str, found: &Captures<'l>) -> Option<Token<'l>> {
    let forms = [Form::Token, Form::Token, Form::Enumerated, Form::OneLine, Form::Open];
    let groups = [("t1", "n1"), ("t2", "n2"), ("t3", "n3"), ("t4", "n4"), ("t5", "n5")];
    let (form, written, name) = forms.into_iter().zip(groups).find_map(|(form, (of_type, of_name))| {
        Some((form, found.name(of_type)?.as_str(), found.name(of_name)?.as_str().trim()))
    })?;
    let whole = found.get(0)?;
    // A one-line form is a line of its own; `see [GFX: x]` inside a sentence is somebody's remark.
    if form == Form::OneLine && !line[..whole.start()].trim().is_empty() {
        return None;
    }
    let end = whole.start() + whole.as_str().trim_end().len();
    (!name.is_empty()).then(|| Token { begin: whole.start(), end, form, cue_type: type_word(written), name })
}

/// Upper case without blanks, with the words that mean another type replaced.
fn type_word(written: &str) -> &'static str {
    let upper: String = written.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
    match upper.as_str() {
        "SOT" | "VOT" => "SOT",
        "VO" => "VO",
        "NAT" => "NAT",
        "PKG" => "PKG",
        "FSQ" | "FSQUOTE" => "FSQ",
        "GFX" => "GFX",
        "IMG" => "IMG",
        "DIR" => "NOTE",
        "BUMP" => "BUMP",
        "STING" => "STING",
        "VOX" => "VOX",
        "MUS" => "MUS",
        "LIVE" => "LIVE",
        "RIF" => "RIF",
        _ => "CUE",
    }
}

/// `10 chart`, `10-chart`, `050_x` → what follows the number. Only multiples of ten are numbers of an enumeration, so
/// that `24 hours` stays (specification 4.9 #1).
pub fn without_enumeration(name: &str) -> &str {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let rest = name[digits..].trim_start_matches([' ', '-', '_']);
    let counted = (2..=4).contains(&digits) && name[..digits].ends_with('0') && rest.len() < name.len() - digits;
    if counted && !rest.is_empty() { rest } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<String> {
        let one = |token: Token| {
            format!("{:?} {} <{}> {}", token.form, token.cue_type, token.name, &line[token.begin..token.end])
        };
        tokens(line).into_iter().map(one).collect()
    }

    #[test]
    fn brackets_may_be_mismatched_and_letters_of_any_case() {
        assert_eq!(read("{SOT/kettle boils}"), ["Token SOT <kettle boils> {SOT/kettle boils}"]);
        assert_eq!(read("{SOT/kettle boils)"), ["Token SOT <kettle boils> {SOT/kettle boils)"]);
        assert_eq!(read("( vot / steam engine }"), ["Token SOT <steam engine> ( vot / steam engine }"]);
        assert_eq!(read("{FS Quote/watched pot}"), ["Token FSQ <watched pot> {FS Quote/watched pot}"]);
        assert_eq!(read("{fs quote watched pot}"), ["Token FSQ <watched pot> {fs quote watched pot}"]);
        assert_eq!(read("{DIR/camera 2}"), ["Token NOTE <camera 2> {DIR/camera 2}"]);
        assert_eq!(read("{CUE/x}"), ["Token CUE <x> {CUE/x}"]);
    }

    #[test]
    fn several_tokens_of_a_line_are_all_found() {
        assert_eq!(read("First {GFX/a}, then {IMG/b}."), ["Token GFX <a> {GFX/a}", "Token IMG <b> {IMG/b}"]);
    }

    #[test]
    fn an_enumerated_token_names_its_type_in_brackets() {
        assert_eq!(read("{050  [FSQ] watched-pot}"), ["Enumerated FSQ <watched-pot> {050  [FSQ] watched-pot}"]);
    }

    #[test]
    fn a_video_token_needs_no_closing_bracket() {
        assert_eq!(read("{SOT/kettle boils "), ["Open SOT <kettle boils> {SOT/kettle boils"]);
        assert_eq!(read("(NAT: steam"), ["Open NAT <steam> (NAT: steam"]);
        assert!(read("{GFX/chart").is_empty());
    }

    #[test]
    fn one_line_forms_stand_alone() {
        assert_eq!(read(r#"[GFX: chart "Tea 2026"]"#), [r#"OneLine GFX <chart "Tea 2026"> [GFX: chart "Tea 2026"]"#]);
        assert_eq!(
            read("[FSQ: A [hot] quote | Proverb] "),
            ["OneLine FSQ <A [hot] quote | Proverb> [FSQ: A [hot] quote | Proverb]"]
        );
        assert!(read("see [GFX: chart]").is_empty());
        assert!(read("[Slug: chart]").is_empty());
    }

    #[test]
    fn prose_with_brackets_is_prose() {
        for line in ["and/or (maybe)", "{not/a type}", "(in: 8:30)", "price {SOT}", "{SOT/}", "(and he said so/else)"] {
            assert!(read(line).is_empty(), "{line}");
        }
    }

    #[test]
    fn only_multiples_of_ten_are_numbers_of_an_enumeration() {
        assert_eq!(without_enumeration("10 chart"), "chart");
        assert_eq!(without_enumeration("050-chart"), "chart");
        assert_eq!(without_enumeration("24-hours"), "24-hours");
        assert_eq!(without_enumeration("10"), "10");
        assert_eq!(without_enumeration("100%"), "100%");
    }
}
