//! Who may touch what.

use super::FileKind;
use crate::cue::markers;
use crate::field::same_name;
use crate::item::Document;
use crate::text::Splice;

/// The text below an episode's front matter belongs to people (spec 2.1 #2): no pattern but `*` allows it.
pub(super) const INFO_BODY: &str = "body of info.md";

/// Whether one of a layer's patterns allows a target such as `cue.Duration`, `item.slug` or `prose`.
///
/// `cue.*` as a target is the build of a cue itself: its markers and what is no field.
pub(super) fn allows(may_edit: &[String], target: &str) -> bool {
    may_edit.iter().any(|pattern| {
        pattern == "*"
            || same_target(pattern, target)
            || pattern.strip_suffix('*').is_some_and(|head| head.ends_with('.') && target.starts_with(head))
    })
}

fn same_target(pattern: &str, target: &str) -> bool {
    match (pattern.split_once('.'), target.split_once('.')) {
        (Some((room, name)), Some((other_room, other))) => room == other_room && same_name(name, other),
        _ => pattern == target,
    }
}

/// Everything that a splice touches, by the text it is made in and not by what it says of itself.
pub(super) fn touched(document: &Document<'_>, kind: FileKind, splice: &Splice) -> Vec<String> {
    let span = splice.span();
    let mut targets = Vec::new();
    if let Some(front) = document.front()
        && span.begin < front.span.end
    {
        let mut entries = front.entries.iter().filter(|entry| entry.raw.span().covers(span));
        let key = entries.next().map_or("*", |entry| entry.key.text);
        targets.push(format!("{}.{key}", kind.word()));
    }
    if kind == FileKind::Info && (span.end > document.body.begin || targets.is_empty()) {
        targets.push(INFO_BODY.to_owned());
        return targets;
    }
    let first = document.cues.partition_point(|cue| cue.span().end <= span.begin);
    let mut in_cue = false;
    for cue in document.cues[first..].iter().take_while(|cue| cue.span().begin < span.end.max(span.begin + 1)) {
        // Right before a marker is not inside of it.
        if span.is_empty() && span.begin == cue.span().begin {
            continue;
        }
        in_cue |= cue.span().covers(span);
        let field = cue.fields().iter().find(|field| field.room.covers(span));
        targets.push(format!("cue.{}", field.map_or("*", |field| field.name())));
    }
    if !in_cue && span.end > document.body.begin || targets.is_empty() {
        targets.push("prose".to_owned());
    }
    if markers(&splice.text, 0).next().is_some() {
        targets.push("cue.*".to_owned());
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    fn may(patterns: &[&str], target: &str) -> bool {
        allows(&patterns.iter().map(|&pattern| pattern.to_owned()).collect::<Vec<_>>(), target)
    }

    #[test]
    fn patterns_name_a_field_or_all_of_a_room() {
        assert!(may(&["cue.Duration"], "cue.duration") && may(&["cue.MediaURL"], "cue.Media Url"));
        assert!(may(&["cue.*"], "cue.Duration") && may(&["cue.*"], "cue.*") && may(&["*"], "prose"));
        assert!(!may(&["cue.Duration"], "cue.*") && !may(&["cue.Duration"], "cue.Slug"));
        assert!(!may(&["item.slug"], "info.slug") && !may(&["cue.*"], "prose") && !may(&[], "prose"));
    }

    #[test]
    fn what_a_splice_touches_is_seen_and_not_said() {
        let text = "---\nslug: a\n---\nText.\n\n<!-- Begin Cue -->\n[Type: SOT]\n[Slug: b]\n<!-- End Cue -->\n";
        let document = Document::parse(text);
        let touches = |old: &str, new: &str| {
            let begin = text.find(old).unwrap();
            touched(&document, FileKind::Item, &Splice::new(Span::new(begin, begin + old.len()), new))
        };
        let value = text.find("a\n---").unwrap();
        let in_value = Splice::new(Span::new(value, value + 1), "b");
        assert_eq!(touched(&document, FileKind::Item, &in_value), ["item.slug"]);
        assert_eq!(touches("slug: a", "x: b"), ["item.*"]);
        assert_eq!(touches("Text", "Words"), ["prose"]);
        assert_eq!(touches("SOT", "VO"), ["cue.Type"]);
        assert_eq!(touches("[Slug: b]\n", ""), ["cue.*"]);
        assert_eq!(touches("Text.\n\n<!--", "<!--"), ["cue.*", "prose"]);
        assert_eq!(touches("Text", "<!-- Begin Cue -->"), ["prose", "cue.*"]);
        let body = Splice::insert(text.len(), "x");
        assert_eq!(touched(&document, FileKind::Info, &body), [INFO_BODY]);
        assert!(!may(&["cue.*", "prose", "info.*"], INFO_BODY));
        let before = Splice::insert(document.cues[0].span().begin, "\n");
        assert_eq!(touched(&document, FileKind::Item, &before), ["prose"]);
    }
}
