//! The loss guard: nothing a person wrote gets lost by our writing (spec 4.11).
//!
//! Compares the old and the new text of a file, given what the write declares to do on purpose. It trusts only what it
//! can see in the two texts, not the machinery that made the new one.

use crate::cue::Cue;
use crate::field::{folded as folded_name, strip_quotes};
use crate::inline::{Inline, pieces};
use crate::item::{BlockKind, Document};
use crate::text::{Slice, Splice, apply, fold_white};
use std::collections::{BTreeMap, BTreeSet};

/// What a write does on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declared {
    /// From the old text to the new one.
    pub splices: Vec<Splice>,
    /// Places, in the new text, of the cues that are new; ascending.
    pub new_cues: Vec<usize>,
    /// Cues in another order: (place in the old text, place in the new one). The others are paired in order.
    pub moved_cues: Vec<(usize, usize)>,
    /// (place of a cue in the old text, field) whose value changes.
    pub changed: Vec<(usize, String)>,
    /// Prose that was moved into new cues, as it stood.
    pub moved: Vec<String>,
}

/// What would have been lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    #[error("nothing of the text would be left")]
    Everything,
    #[error("{old} Begin markers would become {new}")]
    Markers { old: usize, new: usize },
    #[error("the cue {cue} would be gone")]
    Cue { cue: String },
    #[error("the cue {cue} would lose the value of {field}")]
    Field { cue: String, field: String },
    #[error("{old} characters of prose would become {new}")]
    Prose { old: usize, new: usize },
    #[error("the text would hold `{word}`, which only a broken program writes")]
    Undefined { word: &'static str },
    #[error("bytes would change that no edit declares")]
    Undeclared,
    #[error("the new text would not survive being read and written again")]
    Unstable,
}

/// What a broken program leaves behind (spec 4.8 #16). A text that holds it already is not written either.
pub const UNDEFINED: [&str; 3] = ["class=\"undefined\"", ">undefined<", "[undefined"];

/// Prose shorter than this may go entirely, in characters.
const PROSE_CHARS_MIN: usize = 200;

/// Refuses the write from `old` to `new` when it would lose something that `declared` does not account for.
pub fn compare(old: &str, new: &str, declared: &Declared) -> Result<(), Loss> {
    if new.trim().is_empty() {
        return Err(Loss::Everything);
    }
    if let Some(word) = UNDEFINED.into_iter().find(|word| new.contains(word)) {
        return Err(Loss::Undefined { word });
    }
    if apply(old, &declared.splices).ok().as_deref() != Some(new) {
        return Err(Loss::Undeclared);
    }
    let (old, new) = (Document::parse(old), Document::parse(new));
    if !is_stable(&new) {
        return Err(Loss::Unstable);
    }
    let begins = |document: &Document<'_>| document.cues.len() + document.unterminated.len();
    if begins(&new) < begins(&old) {
        return Err(Loss::Markers { old: begins(&old), new: begins(&new) });
    }
    compare_cues(&old, &new, declared)?;
    compare_prose(&old, &new, declared)
}

/// Parse and serialise, twice.
fn is_stable(document: &Document<'_>) -> bool {
    let join = |document: &Document<'_>| document.pieces().iter().map(|piece| piece.text).collect::<String>();
    let once = join(document);
    once == document.text && join(&Document::parse(&once)) == once
}

fn compare_cues(old: &Document<'_>, new: &Document<'_>, declared: &Declared) -> Result<(), Loss> {
    let moved: BTreeMap<usize, usize> = declared.moved_cues.iter().copied().collect();
    let mut is_taken: BTreeSet<usize> = declared.new_cues.iter().copied().collect();
    is_taken.extend(moved.values());
    let mut partners = (0..new.cues.len()).filter(|index| !is_taken.contains(index));
    let changed: BTreeSet<(usize, String)> =
        declared.changed.iter().map(|(index, field)| (*index, one_name(field))).collect();
    for (index, cue) in old.cues.iter().enumerate() {
        let partner = moved.get(&index).copied().or_else(|| partners.next()).and_then(|place| new.cues.get(place));
        let Some(partner) = partner else { return Err(Loss::Cue { cue: name(old, cue) }) };
        let changes = |field: &str| changed.contains(&(index, one_name(field)));
        for field in cue.fields() {
            let value = folded(field.value.text);
            if !value.is_empty() && !has(partner, field.label.text, &value) && !changes(field.label.text) {
                return Err(Loss::Field { cue: name(old, cue), field: field.label.text.to_owned() });
            }
        }
    }
    Ok(())
}

fn has(cue: &Cue<'_>, label: &str, value: &str) -> bool {
    cue.fields().iter().any(|field| field.is(label) && folded(field.value.text) == value)
}

fn one_name(field: &str) -> String {
    folded_name(field).collect()
}

fn folded(value: &str) -> String {
    fold_white(strip_quotes(value))
}

/// What people call a cue: its slug, else its type, and where it stands.
fn name(document: &Document<'_>, cue: &Cue<'_>) -> String {
    let word = if cue.slug().is_empty() { cue.type_word() } else { cue.slug() };
    format!("{word} in line {}", document.line(cue.begin.span.begin)).trim_start().to_owned()
}

fn compare_prose(old: &Document<'_>, new: &Document<'_>, declared: &Declared) -> Result<(), Loss> {
    let old_chars = prose_chars(old);
    let moved: usize = declared.moved.iter().map(|text| text_chars(text)).sum();
    let in_new_cues = declared.new_cues.iter().filter_map(|&index| new.cues.get(index)).flat_map(Cue::fields);
    let kept_in_cues: usize = in_new_cues.map(|field| folded(field.value.text).chars().count()).sum();
    let new_chars = prose_chars(new) + moved.min(kept_in_cues);
    if old_chars > PROSE_CHARS_MIN && new_chars * 2 < old_chars {
        return Err(Loss::Prose { old: old_chars, new: new_chars });
    }
    Ok(())
}

/// Characters of everything outside front matter and cues. An unterminated cue counts as one: closing it loses nothing.
fn prose_chars(document: &Document<'_>) -> usize {
    let prose = document
        .blocks
        .iter()
        .filter(|block| !matches!(block.kind, BlockKind::Cue(_) | BlockKind::Unterminated(_) | BlockKind::StrayEnd(_)));
    prose.map(|block| text_chars(document.slice(block.span).text)).sum()
}

/// Characters of a text, tags dropped and white space folded.
fn text_chars(text: &str) -> usize {
    let kept = pieces(Slice { begin: 0, text }).into_iter().filter(|piece| !matches!(piece, Inline::Tag(_)));
    kept.map(|piece| piece.slice().text.split_whitespace().map(|word| word.chars().count() + 1).sum::<usize>()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    const OLD: &str = "<!-- Begin Cue -->\n[Type: SOT]\n[Slug: one]\n<!-- End Cue -->\n\n\
                       <!-- Begin Cue -->\n[Type: FSQ]\n[Slug: two]\n[Quote: \"a b\"]\n<!-- End Cue -->\n";

    /// Compares as if the whole difference had been declared as one splice.
    fn judge(old: &str, new: &str, declared: Declared) -> Result<(), Loss> {
        let splices = vec![Splice::new(Span::new(0, old.len()), new)];
        compare(old, new, &Declared { splices, ..declared })
    }

    fn loss(old: &str, new: &str) -> Loss {
        judge(old, new, Declared::default()).unwrap_err()
    }

    #[test]
    fn a_dropped_cue_is_refused() {
        let at = OLD.find("\n<!-- Begin Cue -->\n[Type: FSQ").unwrap();
        assert_eq!(loss(OLD, &OLD[..at]), Loss::Markers { old: 2, new: 1 });
    }

    #[test]
    fn a_cue_exchanged_for_another_is_refused() {
        let new = OLD.replace("[Type: FSQ]\n[Slug: two]\n[Quote: \"a b\"]", "[Type: GFX]");
        assert!(matches!(loss(OLD, &new), Loss::Field { .. }));
        let declared = Declared { new_cues: vec![1], ..Declared::default() };
        assert_eq!(judge(OLD, &new, declared), Err(Loss::Cue { cue: "two in line 6".into() }));
    }

    #[test]
    fn cues_in_another_order_are_paired_as_the_write_says() {
        let at = OLD.find("<!-- Begin Cue -->\n[Type: FSQ]").unwrap();
        let new = format!("{}\n{}", &OLD[at..], &OLD[..at]);
        assert!(matches!(loss(OLD, &new), Loss::Field { .. }));
        let moved = Declared { moved_cues: vec![(0, 1), (1, 0)], ..Declared::default() };
        assert_eq!(judge(OLD, &new, moved.clone()), Ok(()));
        let changed = new.replace("[Slug: one]", "[Slug: 1]");
        assert_eq!(judge(OLD, &changed, moved), Err(Loss::Field { cue: "one in line 1".into(), field: "Slug".into() }));
    }

    #[test]
    fn a_dropped_field_is_refused_unless_the_write_declares_it() {
        let new = OLD.replace("[Slug: one]\n", "");
        let lost = Loss::Field { cue: "one in line 1".into(), field: "Slug".into() };
        assert_eq!(loss(OLD, &new), lost);
        let declared = Declared { changed: vec![(0, "slug".into())], ..Declared::default() };
        assert_eq!(judge(OLD, &new, declared), Ok(()));
    }

    #[test]
    fn quotes_and_white_space_around_a_value_are_no_loss() {
        assert_eq!(judge(OLD, &OLD.replace("\"a b\"", "a\n  b "), Declared::default()), Ok(()));
    }

    #[test]
    fn halved_prose_is_refused_when_it_was_more_than_a_line_or_two() {
        let long = format!("<p class=\"host\">{}</p>\n", "word ".repeat(60));
        let half = format!("<p class=\"host\">{}</p>\n", "word ".repeat(29));
        assert!(matches!(loss(&long, &half), Loss::Prose { .. }));
        assert_eq!(judge("a line\n", "b\n", Declared::default()), Ok(()));
    }

    #[test]
    fn prose_that_moved_into_a_cue_is_kept() {
        let words = "word ".repeat(60);
        let old = format!("{{FSQ/x}}\n{words}\n— A. Person\n");
        let new = format!("<!-- Begin Cue -->\n[Type: FSQ]\n[Quote: \"{}\"]\n<!-- End Cue -->\n", words.trim());
        let declared = Declared { new_cues: vec![0], moved: vec![old.clone()], ..Declared::default() };
        assert_eq!(judge(&old, &new, declared.clone()), Ok(()));
        assert!(matches!(judge(&old, &new, Declared { moved: Vec::new(), ..declared }), Err(Loss::Prose { .. })));
    }

    #[test]
    fn undefined_and_nothing_are_refused() {
        assert_eq!(loss("a\n", "<p class=\"undefined\">a</p>\n"), Loss::Undefined { word: UNDEFINED[0] });
        assert_eq!(loss("[undefined]\n", "[undefined]\nb\n"), Loss::Undefined { word: UNDEFINED[2] });
        assert_eq!(loss("a\n", " \n"), Loss::Everything);
    }

    #[test]
    fn bytes_outside_the_declared_splices_stay() {
        let declared = Declared { splices: vec![Splice::insert(0, "x")], ..Declared::default() };
        assert_eq!(compare("a\n", "xb\n", &declared), Err(Loss::Undeclared));
        assert_eq!(compare("a\n", "xa\n", &declared), Ok(()));
    }

    #[test]
    fn closing_an_unterminated_cue_loses_nothing() {
        let old = format!("<!-- Begin Cue -->\n[Type: FSQ]\n[Quote: \"{}\"]\n\nText.\n", "word ".repeat(80).trim());
        let new = old.replace("\"]\n", "\"]\n<!-- End Cue -->\n");
        let declared = Declared { new_cues: vec![0], ..Declared::default() };
        assert_eq!(judge(&old, &new, declared), Ok(()));
    }
}
