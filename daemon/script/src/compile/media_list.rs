//! The companion page: every file the show needs, in order (specification 5.1 #12).

use super::model::{CueView, Element, Media, Script};
use super::page::document;
use crate::html::escape;

/// #, type, slug, segment, file, duration; missing files in red.
pub(super) fn page(script: &Script) -> String {
    let mut rows = String::new();
    let mut segment = "";
    let mut count = 0;
    let mut missing = 0;
    for element in &script.elements {
        let view = match element {
            Element::Item(header) => {
                segment = &header.title;
                continue;
            }
            Element::Break { title, .. } => {
                segment = title;
                continue;
            }
            Element::Cue(view) => view,
            Element::Error(error) => match &error.cue {
                Some(view) => view,
                None => continue,
            },
            _ => continue,
        };
        if view.media == Media::None {
            continue;
        }
        count += 1;
        missing += usize::from(matches!(view.media, Media::Missing { .. }));
        rows.push_str(&row(count, view, segment));
    }
    let body = format!(
        "<h1>Media list</h1>\n<p class=\"summary\">Episode {} — {count} files, {missing} missing</p>\n<table class=\"media\">\n\
         <thead><tr><th>#</th><th>Type</th><th>Slug</th><th>Segment</th><th>File</th><th>Duration</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table>\n",
        escape(&script.episode)
    );
    let style = format!("{}{}", include_str!("style.css"), include_str!("media-list.css"));
    document(&format!("{} media list", script.episode), &style, &body)
}

fn row(count: usize, view: &CueView, segment: &str) -> String {
    let (class, file) = match &view.media {
        Media::Missing { named, why } if named.is_empty() => (" class=\"missing\"", escape(why)),
        Media::Missing { named, why } => {
            (" class=\"missing\"", format!("{}<br><em>{}</em>", escape(named), escape(why)))
        }
        Media::Found(path) => ("", escape(path)),
        Media::None => ("", String::new()),
    };
    format!(
        "<tr{class}><td>{count}</td><td>{}</td><td>{}</td><td>{}</td><td>{file}</td><td>{}</td></tr>\n",
        escape(&view.word),
        escape(&view.shown_slug()),
        escape(segment),
        escape(&view.duration)
    )
}
