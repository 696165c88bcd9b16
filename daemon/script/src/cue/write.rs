//! Changing one field of a cue, as a splice inside it.
//!
//! What is written is read back before it is offered: a value that would end its field early, begin another one or
//! hold a marker is refused instead of written.

use super::Cue;
use super::compose::{encode, rank};
use crate::field::{Field, same_name};
use crate::item::Document;
use crate::text::{Newline, Slice, Span, Splice, apply};

impl Cue<'_> {
    /// The splice that gives a field its value (plain text), in its place or as a new field; every other byte stays.
    ///
    /// `text` is that of the cue's document. `None`: such a value cannot stand in a field.
    pub fn set(&self, text: &str, newline: Newline, name: &str, value: &str) -> Option<Splice> {
        let value = value.trim().replace("\r\n", "\n").replace('\n', newline.text());
        let raw = encode(self.kind(), name, &value);
        let splice = match self.field(name) {
            Some(field) => replaced(text, field, &raw),
            None => self.added(text, newline, &format!("[{}: {raw}]", spelling(name))),
        };
        let mut wanted: Vec<(String, String)> = self.labels_and_values(|_| true);
        match wanted.iter_mut().find(|(label, _)| same_name(label, name)) {
            Some((_, old)) => raw.trim().clone_into(old),
            None => wanted.push((spelling(name).to_owned(), raw.trim().to_owned())),
        }
        self.reads_back(text, &splice, wanted).then_some(splice)
    }

    /// The splice that takes the first field of a name away, with its line. `None`: there is none, or it cannot go.
    pub fn remove(&self, text: &str, name: &str) -> Option<Splice> {
        let field = self.field(name)?;
        let span = if field.inline {
            let comma = text[self.body.begin..field.span.begin].rfind(',')?;
            Span::new(self.body.begin + comma, field.room.end)
        } else {
            whole_line(self.body, field.span)
        };
        let splice = Splice::delete(span);
        let wanted = self.labels_and_values(|other| other.span != field.span);
        self.reads_back(text, &splice, wanted).then_some(splice)
    }

    fn added(&self, text: &str, newline: Newline, line: &str) -> Splice {
        let name = &line[1..line.find(':').expect("a field has a colon")];
        let before = |field: &&Field<'_>| !field.inline && field_rank(field.label.text) <= field_rank(name);
        let Some(field) = self.content.fields.iter().rfind(before) else {
            // A field that follows the marker on its own line must not follow this one on the same line.
            let rest = &text[self.body.begin..crate::text::line_end(text, self.body.begin).min(self.body.end())];
            let end = if rest.trim().is_empty() { "" } else { newline.text() };
            return Splice::insert(self.body.begin, format!("{}{line}{end}", newline.text()));
        };
        let blanks = text[field.span.end..self.body.end()].bytes().take_while(|b| matches!(b, b' ' | b'\t'));
        Splice::insert(field.span.end + blanks.count(), format!("{}{line}", newline.text()))
    }

    fn labels_and_values(&self, keep: impl Fn(&Field<'_>) -> bool) -> Vec<(String, String)> {
        let fields = self.content.fields.iter().filter(|field| keep(field));
        fields.map(|field| (field.label.text.to_owned(), field.value.text.to_owned())).collect()
    }

    /// Whether the cue with the splice in it reads as one cue with exactly these fields, in any order.
    fn reads_back(&self, text: &str, splice: &Splice, mut wanted: Vec<(String, String)>) -> bool {
        let span = self.span();
        let inside =
            Splice { begin: splice.begin - span.begin, end: splice.end - span.begin, text: splice.text.clone() };
        let Ok(block) = apply(&text[span.begin..span.end], &[inside]) else { return false };
        let read = Document::parse(&block);
        let [cue] = read.cues.as_slice() else { return false };
        let mut found = cue.labels_and_values(|_| true);
        found.sort();
        wanted.sort();
        let texts = |lines: &[Slice<'_>]| lines.iter().map(|line| line.text.to_owned()).collect::<Vec<_>>();
        found == wanted
            && cue.span().len() == block.len()
            && texts(&cue.content.junk) == texts(&self.content.junk)
            && texts(&cue.content.images) == texts(&self.content.images)
    }
}

fn replaced(text: &str, field: &Field<'_>, raw: &str) -> Splice {
    // `[Slug:]` has no blank to keep, and a new value is written with one.
    let beside_colon = field.value.is_empty() && text[..field.value.begin].ends_with(':');
    Splice::new(field.value.span(), if beside_colon && !raw.is_empty() { format!(" {raw}") } else { raw.to_owned() })
}

/// Where a new field stands among others: Type first and the number of an enumeration behind it (spec 4.9 #2), then as
/// in a new cue.
pub(crate) fn field_rank(name: &str) -> usize {
    if ["Type", "Enumerator"].iter().any(|first| same_name(name, first)) { 0 } else { 1 + rank(name) }
}

/// New labels are canonical; what nobody knows stays as it was asked for.
fn spelling(name: &str) -> &str {
    crate::field::canonical_name(name).unwrap_or(name)
}

/// The lines that a field has to itself, with the line end before them; else the field alone.
fn whole_line(body: Slice<'_>, field: Span) -> Span {
    let (before, after) = (&body.text[..field.begin - body.begin], &body.text[field.end - body.begin..]);
    let begin = before.trim_end_matches([' ', '\t']);
    let end = after.len() - after.trim_start_matches([' ', '\t']).len();
    let alone = begin.ends_with('\n') && (after[end..].starts_with('\n') || after[end..].starts_with("\r\n"));
    if !alone {
        return field;
    }
    let begin = begin.len() - if begin.ends_with("\r\n") { 2 } else { 1 };
    Span::new(body.begin + begin, field.end + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUE: &str = "<!-- Begin Cue -->\n[Type: SOT]\n[Media Url: a b.mp4 ]\n[Slug:]\n[Transcription: one [x]\ntwo]\n\
                       <img src=\"t.png\"/>\n<!-- End Cue -->\n";

    fn set(text: &str, name: &str, value: &str) -> Option<String> {
        let document = Document::parse(text);
        let splice = document.cues[0].set(text, document.newline, name, value)?;
        Some(apply(text, &[splice]).unwrap())
    }

    fn remove(text: &str, name: &str) -> Option<String> {
        let splice = Document::parse(text).cues[0].remove(text, name)?;
        Some(apply(text, &[splice]).unwrap())
    }

    #[test]
    fn a_field_is_replaced_in_its_place_under_its_own_label() {
        assert_eq!(set(CUE, "MediaURL", "c.mp4").unwrap(), CUE.replace("a b.mp4", "c.mp4"));
        assert_eq!(set(CUE, "Slug", "kettle").unwrap(), CUE.replace("[Slug:]", "[Slug: kettle]"));
        assert_eq!(set(CUE, "Transcription", "new\nlines").unwrap(), CUE.replace("one [x]\ntwo", "new\nlines"));
    }

    #[test]
    fn a_new_field_goes_where_a_new_cue_would_have_it() {
        assert_eq!(set(CUE, "asset_id", "X").unwrap(), CUE.replace("SOT]\n", "SOT]\n[AssetID: X]\n"));
        assert_eq!(set(CUE, "Outcue", "o").unwrap(), CUE.replace("two]\n", "two]\n[Outcue: o]\n"));
        let crlf = CUE.replace('\n', "\r\n");
        assert_eq!(set(&crlf, "AssetID", "X").unwrap(), crlf.replace("SOT]\r\n", "SOT]\r\n[AssetID: X]\r\n"));
    }

    #[test]
    fn a_new_field_finds_its_place_in_odd_cues_too() {
        assert_eq!(
            set("<!-- Begin Cue --> [Slug: a] <!-- End Cue -->", "Type", "SOT").unwrap(),
            "<!-- Begin Cue -->\n[Type: SOT]\n [Slug: a] <!-- End Cue -->"
        );
        assert_eq!(
            set("<!-- Begin Cue --><!-- End Cue -->", "Slug", "a").unwrap(),
            "<!-- Begin Cue -->\n[Slug: a]<!-- End Cue -->"
        );
        assert_eq!(
            set("```cue SOTMSA79Z40K3TT1E\n[Type: SOT]\n```\n", "Duration", "00:00:12").unwrap(),
            "```cue SOTMSA79Z40K3TT1E\n[Type: SOT]\n[Duration: 00:00:12]\n```\n"
        );
        let adlib = "<!-- Begin Cue -->\n[Type: ADLIB, Duration: 00:01:00]\n<!-- End Cue -->";
        assert_eq!(set(adlib, "Duration", "00:00:30").unwrap(), adlib.replace("01:00", "00:30"));
    }

    #[test]
    fn what_would_not_read_back_is_refused() {
        assert_eq!(set(CUE, "Slug", "a]\n[Type: FSQ"), None);
        assert_eq!(set(CUE, "Slug", "<!-- End Cue -->"), None);
        assert_eq!(set(CUE, "Slug", "a]"), Some(CUE.replace("[Slug:]", "[Slug: a]]")));
        assert_eq!(set("<!-- Begin Cue -->\n[Type: SOT, x: y]\n<!-- End Cue -->", "x", "a, b: c"), None);
        assert_eq!(set("```cue X\n[Type: SOT]\n```\n", "Transcription", "a\n```\nb"), None);
        assert_eq!(set(CUE, "a:b", "x"), None);
    }

    #[test]
    fn a_field_goes_with_its_line() {
        assert_eq!(remove(CUE, "Slug").unwrap(), CUE.replace("[Slug:]\n", ""));
        assert_eq!(remove(CUE, "Transcription").unwrap(), CUE.replace("[Transcription: one [x]\ntwo]\n", ""));
        assert_eq!(remove(CUE, "Outcue"), None);
        let adlib = "<!-- Begin Cue -->\n[Type: ADLIB, Duration: 00:01:00]\n<!-- End Cue -->";
        assert_eq!(remove(adlib, "Duration").unwrap(), adlib.replace(", Duration: 00:01:00", ""));
    }

    #[test]
    fn a_quote_is_wrapped_and_the_text_of_a_graphic_escaped() {
        let fsq = "<!-- Begin Cue -->\n[Type: FSQ]\n<!-- End Cue -->";
        assert_eq!(
            set(fsq, "Quote", "\"no\" he said").unwrap(),
            fsq.replace("]\n", "]\n[Quote: \"\"no\" he said\"]\n")
        );
        let gfx = fsq.replace("FSQ", "GFX");
        assert_eq!(set(&gfx, "Body", "a]\nb").unwrap(), gfx.replace("]\n", "]\n[Body: a\\]\\nb]\n"));
    }
}
