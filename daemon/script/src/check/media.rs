//! What a cue's references lead to (specification 4.3, 4.8 #12).

use super::Context;
use super::cue::value_span;
use crate::cue::Cue;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::duration::Duration;
use crate::field::Field;
use crate::item::Document;
use crate::kind::{CueType, Media};
use crate::path::{Resolved, Shelf};

/// Where a field of a cue leads. Nothing when the cue has no such field or it is empty.
pub fn resolve(cue: &Cue<'_>, field: &str, shelf: &Shelf) -> Option<Resolved> {
    let value = cue.field(field)?.value.text;
    if value.is_empty() {
        return None;
    }
    let media = match field {
        "AudioURL" => Media::Library,
        _ => cue.kind().map_or(Media::None, CueType::media),
    };
    Some(shelf.find(value, media, cue.slug()))
}

pub(super) fn check(document: &Document<'_>, cue: &Cue<'_>, context: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for field in cue.fields().iter().filter(|field| is_unprocessed(field)) {
        let message = format!("{} was never finished: {}", field.name(), short(field.value.text));
        found.push(
            document
                .diagnostic(value_span(field), Code::MediaUnprocessed, message)
                .with_hint("a program left it behind; name the file, or empty the field"),
        );
    }
    if let Some(kind) = cue.kind().filter(|kind| kind.is_clip() || *kind == CueType::Img)
        && cue.field("MediaURL").is_none_or(|field| field.value.is_empty())
    {
        let at = cue.field("MediaURL").map_or(cue.begin.span, value_span);
        let (what, folder) = if kind.is_clip() { ("clip", "video") } else { ("picture", "images") };
        let diagnostic = document
            .diagnostic(at, Code::MediaMissing, format!("the {what} names no file"))
            .with_hint(format!("name it: [MediaURL: ../assets/{folder}/…]"));
        // A picture that is still to come leaves a gap that can be seen; a clip leaves a silent show.
        found.push(if kind.is_clip() { diagnostic } else { diagnostic.with_severity(Severity::Warning) });
    }
    let kind = cue.kind();
    let Some(shelf) = context.shelf else { return };
    for name in ["MediaURL", "AssetURL", "ThumbnailURL", "AudioURL"] {
        let Some(field) = cue.field(name) else { continue };
        let Some(resolved) = resolve(cue, name, shelf) else { continue };
        let mut add = |code, message: String, hint: &str| {
            let diagnostic = document.diagnostic(value_span(field), code, message).with_hint(hint);
            // A quote's picture, a clip's picture or its sound alone is made again; without the clip itself there is no
            // show.
            let is_made = kind == Some(CueType::Fsq) || matches!(name, "ThumbnailURL" | "AudioURL");
            let lesser = code == Code::MediaMissing && is_made;
            found.push(if lesser { diagnostic.with_severity(Severity::Warning) } else { diagnostic });
        };
        let text = short(field.value.text);
        match resolved {
            Resolved::File { .. } | Resolved::Pool { .. } | Resolved::Unprocessed => {}
            Resolved::Remote { url } => {
                add(
                    Code::MediaRemote,
                    format!("{} is not fetched", short(&url)),
                    "put the file into the episode and name it here",
                );
            }
            Resolved::Ambiguous { candidates, .. } => {
                let names = candidates.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ");
                add(Code::MediaAmbiguous, format!("{text} may be {names}"), "write the whole path");
            }
            Resolved::Missing => {
                add(
                    Code::MediaMissing,
                    format!("{text}{NOT_HERE}"),
                    "it is waited for: put the file below assets/ or preshow/, or mend the name",
                );
            }
            Resolved::Refused => {
                add(
                    Code::MediaMissing,
                    format!("{text} points out of the episode"),
                    "only files of the episode and of the media pool are used",
                );
            }
        }
    }
}

/// How the message of a `MEDIA_MISSING` ends that only the file's coming can mend.
pub const NOT_HERE: &str = " is not in this episode";

/// A typed duration that differs from the measured one by a second or more stays, and is said (specification 7.1 #2).
pub fn duration_differs(document: &Document<'_>, cue: &Cue<'_>, measured: Duration) -> Option<Diagnostic> {
    let field = cue.field("Duration")?;
    let typed = Duration::of(field.value.text)?;
    let message = format!("typed {}, measured {}", typed.written(), measured.written());
    (typed.ms.abs_diff(measured.ms) >= 1000).then(|| {
        document
            .diagnostic(value_span(field), Code::DurationDiffers, message)
            .with_hint("empty the field to take the measured one")
    })
}

fn is_unprocessed(field: &Field<'_>) -> bool {
    let value = field.value.text;
    let starts = |prefix: &str| value.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    starts("blob:")
        || starts("processing...")
        || starts("processing…")
        || starts("[transcription failed")
        || value.starts_with('❌')
}

/// At most 60 characters of one line.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= 60 {
        line.to_owned()
    } else {
        format!("{}…", line.chars().take(59).collect::<String>())
    }
}
