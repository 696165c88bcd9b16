//! Repairs that wait for a person (specification 4.8 #3, #6, #7, #11, #13, 4.12 #2).
//!
//! A proposal that renames media carries both, the edit and the renames: either all of it is done or nothing.

use super::prose::{leading_dash, spoken};
use super::quote::{attribution_inside, doubled};
use super::structure::{stray_ends, without_marker};
use super::{Context, class, may_be_written};
use crate::cue::Cue;
use crate::diagnostic::Code;
use crate::edit::{Declares, Edit};
use crate::field::is_placeholder;
use crate::item::Document;
use crate::kind::{CueType, Media};
use crate::listing::{folder_of, name_of, split_extension};
use crate::path::{Resolved, Shelf};
use crate::settings::Class;
use crate::slug::{is_good, sanitise};
use crate::text::Splice;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a person may accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub code: Code,
    /// One line: what would change.
    pub summary: String,
    pub edits: Vec<Edit>,
    /// To be done together with the edits or not at all; below the episode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renames: Vec<Rename>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rename {
    pub from: String,
    pub to: String,
}

/// All proposals for an item, in file order. None for a text that must not be written.
pub fn propose(document: &Document<'_>, context: &Context<'_>) -> Vec<Proposal> {
    if !may_be_written(document) {
        return Vec::new();
    }
    changes(document, context)
        .into_iter()
        .filter(|change| waits(change, context))
        .map(|change| change.proposal(document))
        .collect()
}

/// The setting that decides whether such a change waits for a person, is made at once, or is only reported.
pub fn setting_of(code: Code) -> String {
    match code {
        // Of what is wrong in prose only the lone dash is proposed.
        Code::HtmlInProse => "repair.leading_dash".into(),
        code => format!("repair.{}", code.name().to_ascii_lowercase()),
    }
}

/// Whether anything would be proposed.
pub fn is_proposal_due(document: &Document<'_>, context: &Context<'_>) -> bool {
    may_be_written(document) && changes(document, context).iter().any(|change| waits(change, context))
}

fn waits(change: &Change, context: &Context<'_>) -> bool {
    let class = change.class(context);
    class == Class::Proposed || class == Class::Safe && !change.renames.is_empty()
}

/// One repair that is not safe by itself.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub code: Code,
    pub summary: String,
    /// The cue whose fields change.
    pub cue: Option<usize>,
    pub fields: Vec<(&'static str, String)>,
    pub splice: Option<Splice>,
    pub renames: Vec<Rename>,
    /// The lone dash before a paragraph has a setting of its own.
    is_dash: bool,
}

impl Change {
    pub fn class(&self, context: &Context<'_>) -> Class {
        if self.is_dash { context.settings.leading_dash } else { class(self.code, context.settings) }
    }

    fn of_cue(code: Code, cue: usize, summary: String, fields: Vec<(&'static str, String)>) -> Self {
        Self { code, summary, cue: Some(cue), fields, splice: None, renames: Vec::new(), is_dash: false }
    }

    fn of_text(code: Code, summary: &str, splice: Splice) -> Self {
        let (summary, splice) = (summary.to_owned(), Some(splice));
        Self { code, summary, cue: None, fields: Vec::new(), splice, renames: Vec::new(), is_dash: false }
    }

    fn proposal(self, document: &Document<'_>) -> Proposal {
        let cue = self.cue;
        let field = |(name, value): (&'static str, String)| Some(Edit::set_field(document, cue?, name, value));
        let mut edits: Vec<Edit> = self.fields.into_iter().filter_map(field).collect();
        edits.extend(self.splice.map(|splice| Edit::splice(document.text, &splice, Declares::default())));
        Proposal { code: self.code, summary: self.summary, edits, renames: self.renames }
    }
}

pub(super) fn changes(document: &Document<'_>, context: &Context<'_>) -> Vec<Change> {
    let mut made = Vec::new();
    for (at, cue) in document.cues.iter().enumerate() {
        made.extend(missing_slug(at, cue));
        made.extend(bad_slug(at, cue, context.shelf));
        if cue.kind() == Some(CueType::Fsq) {
            made.extend(quote(at, cue));
        }
    }
    let stray = |marker| {
        Change::of_text(Code::CueStrayEnd, "remove the End marker that has no Begin", without_marker(document, &marker))
    };
    made.extend(stray_ends(document).map(stray));
    for (_, paragraph) in spoken(document) {
        let remove = |span| Change {
            is_dash: true,
            ..Change::of_text(Code::HtmlInProse, "remove the lone dash before a paragraph", Splice::delete(span))
        };
        made.extend(leading_dash(&paragraph).map(remove));
    }
    made
}

/// From what the cue says about itself; a model may know better, later.
fn missing_slug(at: usize, cue: &Cue<'_>) -> Option<Change> {
    let kind = cue.kind()?;
    if !kind.needs_slug() || cue.given("Slug").is_some() {
        return None;
    }
    let of_file = || cue.given("MediaURL").map(|url| split_extension(name_of(url)).0);
    let of_quote = || cue.text("Quote").map(|quote| quote.split_whitespace().take(5).collect::<Vec<_>>().join(" "));
    let of_words = || ["Title", "Name", "Description", "Caption"].iter().find_map(|name| cue.text(name));
    let source = of_quote().or_else(|| of_file().map(str::to_owned)).or_else(|| of_words().map(Cow::into_owned))?;
    let slug = sanitise(&source);
    (!slug.is_empty()).then(|| {
        Change::of_cue(Code::CueMissingSlug, at, format!("give the {kind} the slug {slug}"), vec![("Slug", slug)])
    })
}

/// What is wrong with a slug, as the slug it should be: `LUV my Gov!`, 80 characters, `110-110-x`.
pub fn better_slug(slug: &str) -> Option<String> {
    if is_placeholder(slug) {
        return None;
    }
    let single = without_doubled_number(slug);
    let better = if is_good(&single) { single } else { sanitise(&single) };
    (better != slug && !better.is_empty()).then_some(better)
}

/// `110-110-x` → `110-x`.
fn without_doubled_number(slug: &str) -> String {
    let digits = slug.bytes().take_while(u8::is_ascii_digit).count();
    let number = &slug[..digits];
    let mut rest = &slug[digits..];
    let doubled = |rest: &'_ str| {
        rest.strip_prefix(['-', '_'])
            .is_some_and(|next| next.strip_prefix(number).is_some_and(|after| after.starts_with(['-', '_'])))
    };
    while digits > 0 && doubled(rest) {
        rest = &rest[1 + digits..];
    }
    format!("{number}{rest}")
}

fn bad_slug(at: usize, cue: &Cue<'_>, shelf: Option<&Shelf>) -> Option<Change> {
    let slug = cue.given("Slug")?.trim();
    let better = better_slug(slug)?;
    let mut change =
        Change::of_cue(Code::SlugBad, at, format!("slug {slug} → {better}"), vec![("Slug", better.clone())]);
    let media = cue.kind().map_or(Media::None, CueType::media);
    for name in ["MediaURL", "AssetURL"] {
        let Some(url) = cue.given(name) else { continue };
        let file = shelf.map(|shelf| shelf.find(url, media, slug));
        let Some(Resolved::File { path, .. }) = file else { continue };
        let (stem, extension) = split_extension(name_of(&path));
        // Only the file that is named after the slug, and only where we may rename: `preshow/` belongs to people.
        if !(path.starts_with("assets/") && (stem == slug || sanitise(stem) == better)) || stem == better {
            continue;
        }
        let to = format!("{}{better}{extension}", folder_of(&path));
        change.fields.push((if name == "MediaURL" { "MediaURL" } else { "AssetURL" }, with_name(url, name_of(&to))));
        let shelf = shelf?;
        let key = format!("{}{stem}_key{extension}", folder_of(&path));
        let key_to = format!("{}{better}_key{extension}", folder_of(&path));
        let renames = [(path, to), (key, key_to)].into_iter().filter(|(from, _)| shelf.has(from));
        change.renames.extend(renames.map(|(from, to)| Rename { from, to }));
    }
    change.renames.sort();
    change.renames.dedup();
    // Never over another file: then a person must choose the name.
    let free = |rename: &Rename| shelf.is_none_or(|shelf| !shelf.has(&rename.to));
    change.renames.iter().all(free).then_some(change)
}

/// The reference with another file name; a query behind the name goes, since it spoke of the old one.
pub(crate) fn with_name(url: &str, name: &str) -> String {
    let at = url.rfind(['/', '\\']).map_or(0, |at| at + 1);
    format!("{}{name}", &url[..at])
}

fn quote(at: usize, cue: &Cue<'_>) -> Vec<Change> {
    let mut made = Vec::new();
    let Some(raw) = cue.given("Quote") else { return made };
    if let Some(inner) = doubled(raw) {
        let fields = vec![("Quote", inner.to_owned())];
        made.push(Change::of_cue(Code::QuoteDoubled, at, "take the second pair of quotation marks off".into(), fields));
        return made;
    }
    let text = crate::field::strip_quotes(raw);
    let given = cue.attribution().map(|field| field.value.text).filter(|name| !is_placeholder(name));
    if let Some(split) = attribution_inside(text) {
        // Another name stands there already: a person must tell which is right.
        let same =
            given.is_none_or(|given| crate::text::fold_white(given) == crate::text::fold_white(split.attribution));
        if same {
            let mut fields = vec![("Quote", split.quote.to_owned())];
            if given.is_none() {
                fields.push(("Attribution", split.attribution.to_owned()));
            }
            let summary = format!("attribute the quote to {}", split.attribution);
            made.push(Change::of_cue(Code::QuoteAttributionInside, at, summary, fields));
        }
    }
    made
}
