//! What belongs to a token that stands on a line of its own: the quote below it, or the points and words of a clip
//! (specification 4.6 #3 and #4).
//!
//! Works on lines of prose without their line ends. Where the lines fit two readings the answer is a reason for people,
//! never a guess.

use crate::duration::Duration;
use regex::Regex;
use std::sync::LazyLock;

/// Why a notation is left as it is, in words that finish "not converted: …".
pub type Doubt = &'static str;

/// The quote of an FSQ token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Lines below the token that are the quote's, blank ones too.
    pub lines: usize,
    /// Without quotation marks around it; lines joined by a line feed. Empty: the token stands alone.
    pub text: String,
    /// Without its dash.
    pub attribution: String,
}

/// The lines below an FSQ token, `below` up to the end of this stretch of prose.
pub fn quote(below: &[&str]) -> Result<Quote, Doubt> {
    let first = usize::from(below.first().is_some_and(|line| line.trim().is_empty()));
    let mut text: Vec<&str> = Vec::new();
    let mut at = first;
    while let Some(line) = below.get(at).map(|line| line.trim()) {
        if let Some(name) = attribution(line)
            && !text.is_empty()
        {
            let text = crate::field::strip_quotes(&text.join("\n")).to_owned();
            return Ok(Quote { lines: at + 1, text, attribution: name.to_owned() });
        }
        let blank = line.is_empty();
        let signed = || below.get(at + 1).is_some_and(|next| attribution(next.trim()).is_some());
        if line.contains('{') || line.starts_with(['#', '<']) || (blank && !signed()) {
            break;
        }
        if !blank {
            text.push(line);
        }
        at += 1;
    }
    if text.is_empty() {
        return Ok(Quote { lines: 0, text: String::new(), attribution: String::new() });
    }
    let joined = text.join("\n");
    let bare = crate::field::strip_quotes(&joined);
    if bare.len() == joined.trim().len() {
        return Err("the words below may be the quote or may be read aloud; put the quote in quotation marks");
    }
    Ok(Quote { lines: at, text: bare.to_owned(), attribution: String::new() })
}

/// `— Old Proverb`, `-- Old Proverb` → the name.
fn attribution(line: &str) -> Option<&str> {
    let name = line.strip_prefix('—').or_else(|| line.strip_prefix("--"))?;
    Some(name.trim_start_matches(['-', '—', '–']).trim()).filter(|name| !name.is_empty())
}

/// What stands below a video token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clip {
    /// Lines below the token that are the clip's.
    pub lines: usize,
    /// `HH:MM:SS`, or empty.
    pub trim_start: String,
    pub trim_end: String,
    pub incue: String,
    pub outcue: String,
    /// What `FROM` and `FULL VIDEO IS TITLED` say: also a hint to the file's name.
    pub title: String,
    /// Production lines in capitals.
    pub description: String,
}

/// The lines directly below a video token.
pub fn clip(below: &[&str]) -> Result<Clip, Doubt> {
    let mut clip = Clip::default();
    let mut pieces = Vec::new();
    for line in below {
        let line = line.trim();
        if let Some(found) = pieces_of(line) {
            pieces.extend(found);
        } else if let Some(title) = title(line) {
            if !clip.title.is_empty() {
                return Err("two lines say where the clip is from");
            }
            title.clone_into(&mut clip.title);
        } else if is_production_line(line) {
            let gap = if clip.description.is_empty() { "" } else { "; " };
            clip.description = format!("{}{gap}{line}", clip.description);
        } else {
            break;
        }
        clip.lines += 1;
    }
    let next = below[clip.lines..].iter().map(|line| line.trim()).find(|line| !line.is_empty());
    if next.and_then(pieces_of).is_some_and(|found| found.iter().any(|piece| matches!(piece, Piece::Point { .. }))) {
        return Err("in and out points stand apart from it, behind a blank line");
    }
    read_pieces(&pieces, &mut clip)?;
    Ok(clip)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece<'l> {
    /// `IN-02:54:58`; a bare time code has no side.
    Point {
        side: Option<Side>,
        at: &'l str,
    },
    Words(&'l str),
    To,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    In,
    Out,
}

/// A line of nothing but points, quoted words and `to`.
fn pieces_of(line: &str) -> Option<Vec<Piece<'_>>> {
    static PIECE: LazyLock<Regex> = LazyLock::new(|| {
        // IN and OUT in capitals only: "in: 8:30" is prose.
        let point = r"\b(?P<side>IN|OUT)\s*[-–—:]*\s*(?P<at>\d{1,2}:\d{2}(?::\d{2})?(?:[.:]\d{1,3})?)";
        let bare = r"(?P<bare>\d{1,2}:\d{2}(?::\d{2})?)";
        let words = r#"["“](?P<words>[^"“”]+)["”]"#;
        Regex::new(&format!(r"^(?:[\s,;–—-]*(?:{point}|{bare}|{words}|(?P<to>(?i:to))\b)[\s,;.]*)"))
            .expect("a constant pattern compiles")
    });
    let mut pieces = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let found = PIECE.captures(rest)?;
        let text = |name| found.name(name).map(|part| part.as_str());
        pieces.push(match (text("at"), text("bare"), text("words")) {
            (Some(at), ..) => {
                Piece::Point { side: Some(if &found["side"] == "IN" { Side::In } else { Side::Out }), at }
            }
            (_, Some(at), _) => Piece::Point { side: None, at },
            (.., Some(words)) => Piece::Words(words.trim()),
            _ => Piece::To,
        });
        rest = &rest[found.get(0)?.end()..];
    }
    (!pieces.is_empty()).then_some(pieces)
}

/// Points and words in their order: words belong to the point before them.
fn read_pieces(pieces: &[Piece], clip: &mut Clip) -> Result<(), Doubt> {
    let points: Vec<(Option<Side>, &str)> = pieces
        .iter()
        .filter_map(|piece| if let Piece::Point { side, at } = piece { Some((*side, *at)) } else { None })
        .collect();
    let sided = points.iter().filter(|(side, _)| side.is_some()).count();
    if sided != 0 && sided != points.len() {
        return Err("some points say IN or OUT and some do not");
    }
    if sided == 0 && !matches!(points.len(), 0 | 2) {
        return Err("one time alone may be the beginning or the end");
    }
    let mut words = pieces.iter().filter(|piece| matches!(piece, Piece::Words(_))).count();
    let mut last = None;
    let mut seen = 0;
    for piece in pieces {
        match piece {
            Piece::To => {}
            Piece::Point { side, at } => {
                let side = side.unwrap_or(if seen == 0 { Side::In } else { Side::Out });
                seen += 1;
                let point = if side == Side::In { &mut clip.trim_start } else { &mut clip.trim_end };
                if !point.is_empty() {
                    return Err("it has two points of one side");
                }
                *point = Duration::of(at).ok_or("a time in it cannot be read")?.written();
                last = Some(side);
            }
            Piece::Words(text) => {
                words -= 1;
                let side = last.unwrap_or(if clip.incue.is_empty() { Side::In } else { Side::Out });
                let alone = points.is_empty() && words == 0 && clip.incue.is_empty();
                let cue = if side == Side::In { &mut clip.incue } else { &mut clip.outcue };
                if alone || !cue.is_empty() {
                    return Err("quoted words in it may be its first or its last");
                }
                (*text).clone_into(cue);
            }
        }
    }
    Ok(())
}

/// `FROM: title`, `FROM 'title'`, `FROM title`, `FULL VIDEO IS TITLED '…'`.
fn title(line: &str) -> Option<&str> {
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"^(?:FROM:?|FULL VIDEO IS TITLED:?)\s*['"‘“](?P<title>.+)['"’”]\s*\.?$"#)
            .expect("a constant pattern compiles")
    });
    static BARE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^FROM(?P<colon>:)?\s+(?P<title>\S.*)$").expect("a constant pattern compiles"));
    let part = |found: regex::Captures<'_>| found.name("title").map(|title| title.range());
    let range = QUOTED.captures(line).and_then(part).or_else(|| {
        let found = BARE.captures(line)?;
        let fits = found.name("colon").is_some() || found["title"].split_whitespace().count() <= 6;
        if fits { part(found) } else { None }
    })?;
    Some(line[range].trim())
}

/// In capitals, at least ten characters and two words: `ROLL FROM THE TOP`.
fn is_production_line(line: &str) -> bool {
    let words = line.split_whitespace().filter(|word| word.chars().filter(|c| c.is_uppercase()).count() > 1);
    line.chars().count() >= 10
        && !line.chars().any(char::is_lowercase)
        && words.count() >= 2
        && !line.contains(['{', '<', '['])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<&str> {
        text.lines().collect()
    }

    #[test]
    fn a_quote_ends_with_its_attribution() {
        let found = quote(&lines("\nA watched pot\nnever boils.\n— Old Proverb\nAnd on we go.")).expect("one reading");
        assert_eq!(
            (found.lines, found.text.as_str(), found.attribution.as_str()),
            (4, "A watched pot\nnever boils.", "Old Proverb")
        );
        let apart = quote(&lines("\"A watched pot.\"\n\n-- Old Proverb")).expect("one reading");
        assert_eq!(
            (apart.lines, apart.text.as_str(), apart.attribution.as_str()),
            (3, "A watched pot.", "Old Proverb")
        );
    }

    #[test]
    fn a_quote_without_a_name_must_be_in_quotation_marks() {
        assert_eq!(
            quote(&lines("“A watched pot.”\n\nProse.")).map(|quote| quote.text).as_deref(),
            Ok("A watched pot.")
        );
        assert!(quote(&lines("A watched pot.\n\nProse.")).is_err());
        assert!(quote(&lines("\nA watched pot.")).is_err());
    }

    #[test]
    fn an_fsq_token_before_something_else_stands_alone() {
        for below in ["", "{GFX/x}", "\n\n\nProse later.", "## Heading", "<p>Tagged.</p>"] {
            let found = quote(&lines(below)).expect("one reading");
            assert_eq!((found.lines, found.text.as_str()), (0, ""), "{below:?}");
        }
    }

    #[test]
    fn a_clip_takes_its_points_words_and_title() {
        let found = clip(&lines(
            "IN-02:54:58 \"It began to\"\nto\nOUT-02:57:31 \"did not stop.\"\nFROM: Kettles Today\nPLAY IT LOUD PLEASE\nThen prose.",
        ))
        .expect("one reading");
        assert_eq!(
            found,
            Clip {
                lines: 5,
                trim_start: "02:54:58".into(),
                trim_end: "02:57:31".into(),
                incue: "It began to".into(),
                outcue: "did not stop.".into(),
                title: "Kettles Today".into(),
                description: "PLAY IT LOUD PLEASE".into(),
            }
        );
        let bare = clip(&lines("8:30 to 9:05\nFULL VIDEO IS TITLED 'Steam'")).expect("one reading");
        assert_eq!(
            (bare.trim_start.as_str(), bare.trim_end.as_str(), bare.title.as_str()),
            ("00:08:30", "00:09:05", "Steam")
        );
        let words = clip(&lines("\"first words\"\n\"last words\"")).expect("one reading");
        assert_eq!((words.incue.as_str(), words.outcue.as_str()), ("first words", "last words"));
    }

    #[test]
    fn what_fits_two_readings_is_refused() {
        for below in [
            "8:30",
            "IN-0:10\nIN-0:20",
            "IN-0:10\n0:20",
            "\"only words\"",
            "FROM: One\nFROM: Two",
            "IN-0:75",
            "\nIN-0:10 \"words\"",
        ] {
            assert!(clip(&lines(below)).is_err(), "{below:?}");
        }
    }

    #[test]
    fn prose_below_a_token_is_not_the_clips() {
        for below in
            ["in: 8:30 we went on", "From here it was easy", "Then we left.", "", "FROM now on we shall all drink tea"]
        {
            assert_eq!(clip(&lines(below)).map(|clip| clip.lines), Ok(0), "{below:?}");
        }
    }
}
