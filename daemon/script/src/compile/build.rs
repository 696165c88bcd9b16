//! From the items in production to one script (specification 5.1), the same for every preset.
//!
//! One walk, in rundown order. Blocks open when there is something to put into them, so that two breaks in a row or one
//! at the very end leave no empty block behind.

use super::air_date::air_date;
use super::model::{BlockSummary, Cover, CueView, Element, ErrorBox, ItemHeader, Kind, Media, Script, Speech};
use super::numbers::MediaNumbers;
use super::view::Viewer;
use super::{BoxPlace, CompileResult, CoverTemplate, DroppedCue, Input, MissingMedia, OpenRevision};
use crate::check::{read_date, report_line, report_line_unterminated, verdict};
use crate::duration::Duration;
use crate::front::Front;
use crate::html::decode_entities;
use crate::item::Document;
use crate::kind::CueType;
use crate::legacy::token::without_enumeration;
use crate::legacy::{Form, Notation, find};
use crate::rundown::{ItemKind, RundownFile};
use crate::runtime::{Exact, counted, cue_time, measure};
use crate::speech::{Printed, Spoken, printed};
use std::collections::HashSet;

const MEDIA_LIST: &str = "rundown/media-list.txt";

pub(super) struct Built {
    pub script: Script,
    pub result: CompileResult,
}

pub(super) fn build(input: &Input<'_>) -> Built {
    let list = input.files.get(MEDIA_LIST).map(|bytes| String::from_utf8_lossy(bytes));
    let numbers = list.as_deref().map(MediaNumbers::read);
    let mut walk = Walk {
        input,
        viewer: Viewer { input, numbers: &numbers.clone().unwrap_or_default() },
        script: Script { episode: input.episode.to_owned(), ..Script::default() },
        result: CompileResult { left_out: input.rundown.left_out(), ..CompileResult::default() },
        block: None,
        blocks: 0,
        paragraphs: 0,
        speaker: None,
        printed: HashSet::new(),
        total: Exact::default(),
    };
    if numbers.is_none() {
        walk.result.notes.push(format!("{MEDIA_LIST} is missing: a cue has a number only where it has an Enumerator"));
    }
    walk.result.status_list = input.rundown.files.iter().map(status_line).collect();
    for item in input.rundown.in_production() {
        if let Some(document) = &item.document {
            walk.item(item, document);
        }
    }
    walk.end();
    Built { script: walk.script, result: walk.result }
}

/// `status: x<TAB>slug: y`.
fn status_line(file: &RundownFile<'_>) -> String {
    let text = |key| file.front().and_then(|front| front.given(key)).map(|it| it.trim().to_owned()).unwrap_or_default();
    format!("status: {}\tslug: {}", text("status"), text("slug"))
}

struct Walk<'a> {
    input: &'a Input<'a>,
    viewer: Viewer<'a>,
    script: Script,
    result: CompileResult,
    /// The open block, as an index into the script's blocks.
    block: Option<usize>,
    /// How many have been opened.
    blocks: usize,
    paragraphs: usize,
    /// Who spoke last.
    speaker: Option<String>,
    /// AssetID and slug of cues that print once per script.
    printed: HashSet<(String, String)>,
    total: Exact,
}

/// What the walk knows while it is inside one item.
struct Inside<'a> {
    path: &'a str,
    document: &'a Document<'a>,
    kind: ItemKind,
    /// Older notations in its prose.
    notations: Vec<Notation<'a>>,
    /// Type and shown slug of cues that print once per item.
    shown: HashSet<(String, String)>,
}

impl Walk<'_> {
    fn item<'d>(&mut self, item: &'d RundownFile<'d>, document: &'d Document<'d>) {
        self.result.items += 1;
        let kind = item.item_kind();
        let mut content = printed(document);
        let measured = measure(document, &self.input.settings.rates);
        let typed = document.front().and_then(|front| front.text("duration")).and_then(|text| Duration::of(&text));
        let time = counted(&measured, typed);
        self.result.words += measured.words;
        let begins = self.total;
        self.total = self.total + time;
        self.list_revisions(item.path, document);

        let mut inside = Inside { path: item.path, document, kind, notations: find(document), shown: HashSet::new() };
        if kind == ItemKind::Break {
            let title = front_text(document.front(), "title");
            let typed = typed.filter(|duration| duration.ms > 0);
            self.separator(if title.is_empty() { "COMMERCIAL BREAK" } else { &title }, typed, true);
        } else {
            if content.is_empty() && kind.is_scriptable() {
                self.without_content(item, document);
                return;
            }
            // A break that an item begins with stands before its header, or the block before would end with one.
            let breaks = content.iter().take_while(|piece| is_break(document, piece)).count();
            for _ in content.drain(..breaks) {
                self.separator("COMMERCIAL BREAK", None, true);
            }
            self.rule();
            self.open_block();
            if let Some(block) = self.current_block() {
                block.items.push(header_title(item, document, kind));
            }
            let duration = Some(time.rounded()).filter(|_| time != Exact::default());
            self.script.elements.push(Element::Item(ItemHeader {
                title: header_title(item, document, kind),
                duration,
                begins,
            }));
        }
        for piece in content {
            self.piece(&mut inside, piece);
        }
        if let (false, Some(typed)) = (measured.anything, typed.filter(|_| kind != ItemKind::Break)) {
            self.add_to_block(Exact::of(typed));
        }
    }

    /// An item with nothing to print is left out; one that has no slug either is a mistake that must be seen.
    fn without_content(&mut self, item: &RundownFile<'_>, document: &Document<'_>) {
        if !front_text(document.front(), "slug").is_empty() {
            self.result.empty.push(item.path.to_owned());
            return;
        }
        self.rule();
        self.open_block();
        self.error(ErrorBox {
            messages: vec!["29278 Missing Slug".into()],
            file: item.path.to_owned(),
            line: 1,
            ..ErrorBox::default()
        });
    }

    fn piece(&mut self, inside: &mut Inside<'_>, piece: Printed<'_>) {
        // Text of a break item follows the break line, outside of any block.
        if is_break(inside.document, &piece) {
            if inside.kind != ItemKind::Break {
                self.separator("COMMERCIAL BREAK", None, false);
            }
            return;
        }
        if inside.kind != ItemKind::Break {
            self.open_block();
        }
        match piece {
            Printed::Heading(text) => {
                let text = crate::html::Line::read(text.text).plain();
                self.script.elements.push(Element::Heading { text });
            }
            Printed::Spoken(spoken) => self.speech(inside, &spoken),
            Printed::Cue(at) => self.cue(inside, at),
            Printed::Unterminated(at) => {
                let open = &inside.document.unterminated[at];
                self.result.validation.push(report_line_unterminated(open));
                let lines = inside.document.slice(open.span).text.lines().skip(1);
                self.error(ErrorBox {
                    messages: vec!["Missing End Cue".into()],
                    file: inside.path.to_owned(),
                    line: inside.document.line(open.span.begin),
                    cue: None,
                    lines: lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect(),
                });
            }
        }
    }

    fn speech(&mut self, inside: &Inside<'_>, spoken: &Spoken<'_>) {
        self.paragraphs += 1;
        let default = &self.input.settings.rates.default_speaker;
        let speaker = spoken.speaker.map(|word| decode_entities(word).to_lowercase());
        let speaker = speaker.unwrap_or_else(|| default.to_lowercase());
        let other = speaker != default.to_lowercase();
        let changed = self.speaker.as_ref() != Some(&speaker);
        self.script.elements.push(Element::Speech(Speech {
            number: self.paragraphs,
            speaker: changed.then(|| speaker.to_uppercase()),
            other,
            bullet: spoken.bullet,
            flagged: spoken.flagged,
            flag_note: spoken.flag_note.clone(),
            html: spoken.line.html(),
        }));
        self.speaker = Some(speaker);
        let words = spoken.line.words() as u64;
        self.add_to_block(Exact::of_words(words, self.input.settings.rates.of(spoken.speaker)));
        self.references(inside, spoken);
    }

    /// Tokens that stand in prose print as the prose they are, and as a header for those who must find the clip.
    fn references(&mut self, inside: &Inside<'_>, spoken: &Spoken<'_>) {
        let from = inside.notations.partition_point(|it| it.block < spoken.block);
        for token in inside.notations[from..].iter().take_while(|it| it.block == spoken.block).map(|it| &it.token) {
            if !matches!(token.form, Form::Token | Form::Enumerated) || token.cue_type == "CUE" {
                continue;
            }
            let clip = CueType::parse(token.cue_type).is_some_and(CueType::is_clip);
            self.script.elements.push(Element::Cue(Box::new(CueView {
                word: token.cue_type.to_owned(),
                kind: if clip { Kind::Clip } else { Kind::Header },
                slug: without_enumeration(token.name).trim().to_owned(),
                reference: true,
                ..CueView::default()
            })));
        }
    }

    fn cue(&mut self, inside: &mut Inside<'_>, at: usize) {
        let cue = &inside.document.cues[at];
        let line = inside.document.line(cue.span().begin);
        let verdict = verdict(cue);
        self.result.validation.push(report_line(cue));
        let place = format!("{}, line {line}", inside.path);
        self.result.warnings.extend(verdict.warnings.iter().map(|(_, warning)| format!("{place}: {warning}")));
        if let Some(time) = cue_time(cue, &self.input.settings.rates) {
            self.add_to_block(time);
        }
        let view = self.viewer.view(cue);
        if let Some(why) = self.repeats(inside, cue, &view) {
            let name = view.name();
            self.result.dropped.push(DroppedCue { file: inside.path.to_owned(), line, cue: name, why: why.to_owned() });
            return;
        }
        if let Media::Missing { named, why } = &view.media {
            self.result.missing.push(MissingMedia {
                file: inside.path.to_owned(),
                line,
                cue: view.name(),
                media: named.clone(),
                why: (*why).to_owned(),
            });
        }
        if verdict.is_valid() {
            self.script.elements.push(Element::Cue(Box::new(view)));
        } else {
            let messages = verdict.messages().into_iter().map(str::to_owned).collect();
            let file = inside.path.to_owned();
            self.error(ErrorBox { messages, file, line, cue: Some(Box::new(view)), lines: Vec::new() });
        }
    }

    /// Whether a cue of a numbered type was printed before: in the script by its id and slug, in this item by what it
    /// shows.
    fn repeats(&mut self, inside: &mut Inside<'_>, cue: &crate::cue::Cue<'_>, view: &CueView) -> Option<&'static str> {
        if !cue.kind().is_some_and(CueType::is_numbered) {
            return None;
        }
        let (id, slug) = (cue.asset_id().trim(), cue.slug().trim());
        let shown = (view.word.clone(), view.slug.to_lowercase());
        if !id.is_empty() && !slug.is_empty() && !self.printed.insert((id.to_owned(), slug.to_owned())) {
            return Some("its AssetID and slug were printed before");
        }
        (!shown.1.is_empty() && !inside.shown.insert(shown))
            .then_some("its type and slug were printed before in this item")
    }

    fn error(&mut self, error: ErrorBox) {
        let message = error.messages.join("; ");
        self.result.boxes.push(BoxPlace { file: error.file.clone(), line: error.line, message });
        self.script.elements.push(Element::Error(error));
    }

    fn list_revisions(&mut self, path: &str, document: &Document<'_>) {
        for revision in document.revisions() {
            let value =
                |name| revision.attribute(name).map(|raw| decode_entities(raw).into_owned()).unwrap_or_default();
            self.result.revisions.push(OpenRevision {
                file: path.to_owned(),
                line: document.line(revision.whole.begin),
                user: value("user"),
                ts: value("ts"),
                old: revision.old.text.to_owned(),
                new: revision.new.map(|new| new.text.to_owned()),
            });
        }
    }

    /// Between two items of a block; between blocks the break line says as much.
    fn rule(&mut self) {
        if self.block.is_some() {
            self.script.elements.push(Element::Rule);
        }
    }

    fn open_block(&mut self) {
        if self.block.is_some() {
            return;
        }
        let letter = letter(self.blocks);
        self.script.elements.push(Element::BlockStart { letter: letter.clone(), first: self.blocks == 0 });
        self.script.blocks.push(BlockSummary { letter, ..BlockSummary::default() });
        self.block = Some(self.blocks);
        self.blocks += 1;
    }

    fn current_block(&mut self) -> Option<&mut BlockSummary> {
        self.block.and_then(|block| self.script.blocks.get_mut(block))
    }

    fn add_to_block(&mut self, time: Exact) {
        if let Some(block) = self.current_block() {
            block.runtime = block.runtime + time;
        }
    }

    fn separator(&mut self, title: &str, duration: Option<Duration>, between_items: bool) {
        if between_items {
            self.rule();
        }
        self.close_block();
        self.script.elements.push(Element::Break { title: title.to_owned(), duration });
    }

    fn close_block(&mut self) {
        if let Some(block) = self.block.take() {
            self.script.elements.push(Element::BlockEnd { letter: letter(block) });
        }
    }

    fn end(&mut self) {
        self.close_block();
        self.cover();
        let result = &mut self.result;
        result.with_errors = !result.boxes.is_empty();
        result.runtime = self.total.rounded().written();
        result.summary = match (result.items, result.boxes.len()) {
            (0, _) => "nothing in production".into(),
            (items, 0) => format!("{}, {}", count(items, "item"), result.runtime),
            (items, boxes) => format!("{}, {}, {}", count(items, "item"), result.runtime, count(boxes, "error box")),
        };
    }

    fn cover(&mut self) {
        let settings = self.input.settings;
        let front = self.input.info.and_then(Document::front);
        let airdate = front.and_then(|front| front.given_any(&["airdate", "air_date"]));
        let date = airdate.as_deref().and_then(read_date);
        match (&airdate, date) {
            (_, Some(_)) => {}
            (None, None) => self.result.warnings.push("info.md has no air date: the cover has none either".into()),
            (Some(text), None) => {
                self.result.warnings.push(format!("info.md: the air date \"{}\" is not YYYY-MM-DD", text.trim()));
            }
        }
        let template = match self.input.template {
            CoverTemplate::Unset => String::new(),
            CoverTemplate::Html(html) => (*html).to_owned(),
            CoverTemplate::Unreadable(why) => {
                self.result.warnings.push(format!("the cover template could not be read: {why}"));
                String::new()
            }
        };
        let title = front_text(front, "title");
        self.script.cover = Cover {
            show: settings.show_name.trim().to_owned(),
            airs: date.map(|date| air_date(date, settings.air_time)).unwrap_or_default(),
            title: if title.is_empty() { format!("EPISODE NUMBER {}", self.input.episode) } else { title },
            subtitle: front_text(front, "subtitle"),
            guest: front.and_then(|front| front.given_any(&["guest", "guest_name"])).map(one_line).unwrap_or_default(),
            runtime: self.total.rounded(),
            template,
        };
    }
}

fn is_break(document: &Document<'_>, piece: &Printed<'_>) -> bool {
    matches!(piece, Printed::Cue(at) if document.cues[*at].kind() == Some(CueType::Break))
}

fn header_title(item: &RundownFile<'_>, document: &Document<'_>, kind: ItemKind) -> String {
    if kind == ItemKind::Tease {
        return format!("TEASE: {}", item.slug());
    }
    let title = front_text(document.front(), "title");
    if title.is_empty() { item.slug() } else { title }
}

/// The value of a key on one line; empty when absent or a placeholder.
fn front_text(front: Option<&Front<'_>>, key: &str) -> String {
    front.and_then(|front| front.given(key)).map(one_line).unwrap_or_default()
}

fn one_line(text: impl AsRef<str>) -> String {
    crate::text::fold_white(text.as_ref())
}

/// A, B … Z, AA, AB …
fn letter(index: usize) -> String {
    let last = char::from(b'A' + (index % 26) as u8);
    match index / 26 {
        0 => last.to_string(),
        rest => format!("{}{last}", letter(rest - 1)),
    }
}

fn count(number: usize, thing: &str) -> String {
    let plural = match thing {
        "error box" => "error boxes".to_owned(),
        thing => format!("{thing}s"),
    };
    if number == 1 { format!("1 {thing}") } else { format!("{number} {plural}") }
}

#[cfg(test)]
mod tests {
    use super::letter;

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!([0, 1, 25, 26, 27, 52].map(letter), ["A", "B", "Z", "AA", "AB", "BA"]);
    }
}
