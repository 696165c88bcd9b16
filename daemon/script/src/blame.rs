//! Which version of a note gave each of its values: the keys of its front matter and the fields of its cues.
//!
//! A value belongs to the oldest version since which it has been the same without a break. Cues are followed from
//! version to version by their AssetID, else by type and slug, else by their place among the rest of their type, so
//! that a cue that gets its id or a new slug keeps the history of its other fields. Pure; see [`blame`].

use crate::cue::Cue;
use crate::field::is_placeholder;
use crate::id::IdClass;
use crate::item::Document;
use std::collections::HashMap;

/// A key or field of the newest version, and whence its value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blamed {
    /// In the newest version, from 1.
    pub line: u32,
    /// The cue by its slug, else its type; `None`: the front matter.
    pub cue: Option<String>,
    /// As it is written.
    pub name: String,
    pub value: String,
    /// The place of the version in what was given.
    pub version: usize,
}

/// Every key and field of the last of `versions` (oldest first), in the order of the file.
pub fn blame(versions: &[&str]) -> Vec<Blamed> {
    let Some((newest, older)) = versions.split_last() else { return Vec::new() };
    let note = Note::read(newest);
    let mut lines = note.lines(older.len());
    // What each open line is called in the version looked at.
    let mut open: Vec<(usize, Place)> = note.values.iter().map(|value| value.place.clone()).enumerate().collect();
    let mut later = note;
    for (version, text) in older.iter().enumerate().rev() {
        if open.is_empty() {
            break;
        }
        let earlier = Note::read(text);
        let partners = later.partners(&earlier);
        let there: HashMap<&Place, &str> =
            earlier.values.iter().map(|value| (&value.place, value.meaning.as_str())).collect();
        let meant: HashMap<&Place, &str> =
            later.values.iter().map(|value| (&value.place, value.meaning.as_str())).collect();
        open.retain_mut(|(line, place)| {
            let Some(before) = place.before(&partners) else { return false };
            if there.get(&before) != meant.get(&*place) {
                return false;
            }
            lines[*line].version = version;
            *place = before;
            true
        });
        later = earlier;
    }
    lines
}

/// One version, as far as it is blamed for.
struct Note {
    values: Vec<Value>,
    cues: Vec<Card>,
}

struct Value {
    place: Place,
    line: u32,
    name: String,
    text: String,
    /// What counts of it.
    meaning: String,
}

/// Where a value stands: in which cue, by its place among them, or in the front matter; under which name, and as which
/// of several of that name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    cue: Option<usize>,
    name: String,
    nth: usize,
}

impl Place {
    /// The same in the version before; `None`: the cue was not there.
    fn before(&self, partners: &[Option<usize>]) -> Option<Self> {
        let cue = match self.cue {
            Some(cue) => Some(partners[cue]?),
            None => None,
        };
        Some(Self { cue, ..self.clone() })
    }
}

/// Something that two versions of one cue have in common.
type Key = fn(&Card) -> Option<(&str, &str)>;

/// What a cue is known by; empty where nothing is.
struct Card {
    id: String,
    is_settled: bool,
    kind: String,
    slug: String,
    title: String,
}

impl Card {
    fn of(cue: &Cue<'_>) -> Self {
        let given = |value: &str| if is_placeholder(value) { String::new() } else { value.to_owned() };
        let slug = given(cue.slug());
        Self {
            id: given(cue.asset_id()),
            is_settled: matches!(cue.id_class(), IdClass::Ours | IdClass::Foreign),
            kind: cue.type_word().to_ascii_uppercase(),
            title: if slug.is_empty() { cue.type_word().to_owned() } else { slug.clone() },
            slug: slug.to_lowercase(),
        }
    }

    /// Both have an id that is nobody's stop-gap, and not the same.
    fn is_another(&self, other: &Self) -> bool {
        self.is_settled && other.is_settled && self.id != other.id
    }
}

impl Note {
    fn read(text: &str) -> Self {
        let document = Document::parse(text);
        let mut found = Self { values: Vec::new(), cues: document.cues.iter().map(Card::of).collect() };
        for entry in document.front().iter().flat_map(|front| &front.entries) {
            let (line, value) = (document.line(entry.key.begin), entry.text());
            found.push(None, line, entry.key.text, &value);
        }
        for (place, cue) in document.cues.iter().enumerate() {
            for field in cue.fields() {
                found.push(Some(place), document.line(field.label.begin), field.label.text, field.value.text);
            }
        }
        found
    }

    fn push(&mut self, cue: Option<usize>, line: u32, name: &str, text: &str) {
        let folded: String = match cue {
            Some(_) => crate::field::folded(name).collect(),
            None => name.to_ascii_lowercase(),
        };
        let nth = self.values.iter().filter(|one| one.place.cue == cue && one.place.name == folded).count();
        let meaning = crate::text::fold_white(crate::field::strip_quotes(text));
        let place = Place { cue, name: folded, nth };
        self.values.push(Value { place, line, name: name.to_owned(), text: text.trim().to_owned(), meaning });
    }

    fn lines(&self, version: usize) -> Vec<Blamed> {
        let line = |value: &Value| {
            let cue = value.place.cue.map(|cue| self.cues[cue].title.clone());
            Blamed { line: value.line, cue, name: value.name.clone(), value: value.text.clone(), version }
        };
        self.values.iter().map(line).collect()
    }

    /// For each cue its place in the version before.
    fn partners(&self, earlier: &Self) -> Vec<Option<usize>> {
        let mut partners = vec![None; self.cues.len()];
        let mut taken = vec![false; earlier.cues.len()];
        let keys: [Key; 3] = [
            |card| (!card.id.is_empty()).then_some(("", card.id.as_str())),
            |card| (!card.slug.is_empty()).then_some((card.kind.as_str(), card.slug.as_str())),
            |card| Some((card.kind.as_str(), "")),
        ];
        for key in keys {
            for (place, card) in self.cues.iter().enumerate() {
                if partners[place].is_some() {
                    continue;
                }
                let Some(wanted) = key(card) else { continue };
                let fits =
                    |(at, other): &(usize, &Card)| !taken[*at] && key(other) == Some(wanted) && !card.is_another(other);
                if let Some((at, _)) = earlier.cues.iter().enumerate().find(fits) {
                    partners[place] = Some(at);
                    taken[at] = true;
                }
            }
        }
        partners
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(versions: &[&str]) -> String {
        let line = |one: &Blamed| {
            let cue = one.cue.as_ref().map(|cue| format!("{cue}: ")).unwrap_or_default();
            format!("{} {cue}{} = {} ({})\n", one.line, one.name, one.value, one.version)
        };
        blame(versions).iter().map(line).collect()
    }

    /// A note with one cue, of its lines.
    fn note(title: &str, cue: &[&str]) -> String {
        format!("---\ntitle: {title}\norder: 10\n---\n\n<!-- Begin Cue -->\n{}\n<!-- End Cue -->\n", cue.join("\n"))
    }

    #[test]
    fn a_value_is_of_the_version_since_which_it_is_the_same() {
        let versions = [
            note("Tea", &["[Type: SOT]", "[AssetID: pending]", "[Slug: kettle]", "[Duration: 0:10]"]),
            note("Tee", &["[Type: SOT]", "[AssetID: pending]", "[Slug: kettle]", "[Duration: 0:10]"]),
            note("Tee", &["[Type: SOT]", "[AssetID: SOTMSA79Z40K3TT1E]", "[Slug: kettle]", "[Duration: 0:10]"]),
            note("Tea", &["[Type: SOT]", "[AssetID: SOTMSA79Z40K3TT1E]", "[Slug: 湯沸かし]", "[Duration: 0:12]"]),
        ];
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        insta::assert_snapshot!(told(&versions), @r"
        2 title = Tea (3)
        3 order = 10 (0)
        7 湯沸かし: Type = SOT (0)
        8 湯沸かし: AssetID = SOTMSA79Z40K3TT1E (2)
        9 湯沸かし: Slug = 湯沸かし (3)
        10 湯沸かし: Duration = 0:12 (3)
        ");
        assert!(blame(&[]).is_empty());
    }

    #[test]
    fn another_cue_in_the_place_of_one_that_went_is_all_new() {
        let one = note("Tea", &["[Type: SOT]", "[AssetID: SOTMSA79Z40K3TT1E]", "[Slug: kettle]"]);
        let other = note("Tea", &["[Type: SOT]", "[AssetID: SOTMSA79Z40K3TT2F]", "[Slug: kettle]"]);
        insta::assert_snapshot!(told(&[&one, &other]), @r"
        2 title = Tea (0)
        3 order = 10 (0)
        7 kettle: Type = SOT (1)
        8 kettle: AssetID = SOTMSA79Z40K3TT2F (1)
        9 kettle: Slug = kettle (1)
        ");
    }

    #[test]
    fn a_cue_that_moved_or_was_written_anew_without_a_change_in_meaning_keeps_its_history() {
        let cue = |id: &str| {
            format!("<!-- Begin Cue -->\n[Type: SOT]\n[AssetID: {id}]\n[Duration: 0:10]\n<!-- End Cue -->\n")
        };
        let (a, b) = (cue("SOTMSA79Z40K3TT1E"), cue("SOTMSA79Z40K3TT2F"));
        let (one, other) = (format!("{a}\n{b}"), format!("{b}\n{}", a.replace("0:10", "  0:10 ")));
        assert!(blame(&[&one, &other]).iter().all(|line| line.version == 0), "{}", told(&[&one, &other]));
    }

    #[test]
    fn a_key_that_was_gone_for_a_while_is_of_the_version_that_brought_it_back() {
        let with = "---\nduration: 0:45\n---\n";
        assert_eq!(told(&[with, "---\norder: 1\n---\n", with]), "2 duration = 0:45 (2)\n");
    }
}
