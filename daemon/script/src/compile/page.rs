//! A script as one HTML page, complete in itself (specification 5.2, 5.3).
//!
//! The presets differ in how a cue looks and in their style sheet; everything else is the same walk over the elements.

use super::Preset;
use super::model::{Cover, CueView, Element, ErrorBox, ItemHeader, Kind, Media, Script, Speech};
use crate::duration::Duration;
use crate::html::{escape, escape_attribute, escape_lines};

/// The page of one preset. Equal scripts give equal bytes.
pub fn page(script: &Script, preset: Preset) -> String {
    let style = format!("{}{}", include_str!("style.css"), preset_style(preset));
    let mut body = cover(script);
    for element in &script.elements {
        body.push_str(&element_html(element, preset));
        body.push('\n');
    }
    document(&format!("{} {}", script.episode, preset.word()), &style, &body)
}

/// Everything around the content of a page; also used by the media list.
pub(super) fn document(title: &str, style: &str, body: &str) -> String {
    // Text for the margin of a printed page stands in the style sheet, where only the plainest characters are safe.
    let foot: String = title.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-')).collect();
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>{}</title><style>\n{style}:root {{ --foot: \"{foot}\"; }}\n\
         </style></head><body><div class=\"container\">\n{body}</div></body></html>\n",
        escape(title)
    )
}

fn preset_style(preset: Preset) -> &'static str {
    match preset {
        Preset::Host => include_str!("host.css"),
        Preset::HostClean => include_str!("host-clean.css"),
        Preset::Production => include_str!("production.css"),
    }
}

fn cover(script: &Script) -> String {
    let Cover { show, airs, title, subtitle, guest, runtime, template } = &script.cover;
    let mut out = String::from("<div class=\"cover-page\">");
    let mut part = |open: &str, text: &str, close: &str| {
        if !text.is_empty() {
            out.push_str(&format!("{open}{}{close}", escape(text)));
        }
    };
    part("<h1>", show, "</h1>");
    part("<p>", &format!("EPISODE {}", script.episode), "</p>");
    part("<p>", airs, "</p>\n  ");
    part("<p class=\"title\">", title, "</p>");
    part("<p class=\"subtitle\">", subtitle, "</p>");
    part("<p class=\"guest\">", guest, "</p>");
    out.push_str(&format!("\n  <p>Total Runtime: {}</p>", runtime.written()));
    if script.blocks.len() > 1 {
        out.push_str("\n  <table class=\"blocks\">\n");
        let mut blocks = script.blocks.iter();
        let row = |first: &str, words: &str, time: Duration| {
            format!("  <tr><td>{first}</td><td>{words}</td><td>{}</td></tr>\n", time.written())
        };
        for element in &script.elements {
            match element {
                Element::BlockStart { .. } => out.extend(blocks.next().map(|block| {
                    let items: Vec<String> = block.items.iter().map(|title| escape(title)).collect();
                    row(&format!("BLOCK {}", block.letter), &items.join(" · "), block.runtime.rounded())
                })),
                // A break that takes time has a row of its own, or the rows would not add up to the total.
                Element::Break { title, duration: Some(duration) } if duration.ms > 0 => {
                    out.push_str(&row("", &escape(title), *duration));
                }
                _ => {}
            }
        }
        out.push_str("  </table>");
    }
    out.push_str("</div>\n");
    if !template.trim().is_empty() {
        out.push_str(&format!("<div class=\"cover-template\">{template}</div>\n"));
    }
    out
}

fn element_html(element: &Element, preset: Preset) -> String {
    match element {
        Element::BlockStart { letter, first: true } => format!("<div class=\"block-start\">BLOCK {letter}</div>"),
        Element::BlockStart { letter, first: false } => {
            format!("<div class=\"block-start\">BEGINNING OF BLOCK {letter}</div>")
        }
        Element::BlockEnd { letter } => format!("<div class=\"block-end\">END OF BLOCK {letter}</div>"),
        Element::Break { title, duration } => {
            format!("<div class=\"break\">{}{}</div>", escape(title), span(*duration))
        }
        Element::Item(header) => item(header, preset),
        Element::Heading { text } => format!("<h3 class=\"heading\">{}</h3>", escape(text)),
        Element::Speech(speech) => speech_html(speech),
        Element::Cue(view) => cue(view, preset).unwrap_or_default(),
        Element::Error(error) => error_box(error, preset),
        Element::Rule => "<hr>".into(),
    }
}

fn item(header: &ItemHeader, preset: Preset) -> String {
    let at = match preset {
        Preset::Production => format!(" data-at=\"at {}\"", header.begins.rounded().written()),
        Preset::Host | Preset::HostClean => String::new(),
    };
    format!("<h2 class=\"segment-header\"{at}>{}{}</h2>", escape(&header.title), span(header.duration))
}

fn span(duration: Option<Duration>) -> String {
    duration.map(|duration| format!(" <span>{}</span>", duration.written())).unwrap_or_default()
}

fn speech_html(speech: &Speech) -> String {
    let speaker = speech.speaker.as_ref().map(|word| format!("<b class=\"speaker\">{}</b> ", escape(word)));
    let class = match (speech.other, speech.bullet) {
        (false, false) => "speech",
        (false, true) => "speech bullet",
        (true, false) => "speech other",
        (true, true) => "speech other bullet",
    };
    let mut note = String::new();
    if !speech.flag_note.is_empty() {
        note = format!(" title=\"{}\"", escape_attribute(&speech.flag_note));
    }
    let number = speech.number;
    let text = &speech.html;
    let paragraph =
        format!("<p id=\"para-{number}\" class=\"{class}\"{note}>{}{text}</p>", speaker.unwrap_or_default());
    if speech.flagged { format!("<div class=\"warning-box\">{paragraph}</div>") } else { paragraph }
}

/// `None` where the preset shows nothing of such a cue.
fn cue(view: &CueView, preset: Preset) -> Option<String> {
    let body = match preset {
        Preset::Host => host_cue(view),
        Preset::HostClean => clean_cue(view)?,
        Preset::Production => production_cue(view),
    };
    Some(format!("<div class=\"cue{}\">{body}</div>", class_of(&view.word)))
}

/// A type as a class name: only what cannot end an attribute.
fn class_of(word: &str) -> String {
    let name: String = word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    if name.is_empty() { name } else { format!(" {name}") }
}

fn host_cue(view: &CueView) -> String {
    let header = format!("<p class=\"cue-header\">[[ {} ]]</p>", escape(&view.name()));
    match view.kind {
        Kind::Adlib => {
            let duration = if view.duration.is_empty() { "00:00" } else { &view.duration };
            format!("<p>[AD LIB] {}</p>", escape(duration))
        }
        Kind::Note => {
            format!("<p class=\"cue-header\">[[{}:NOTE--{}]]</p>", escape(&view.role), escape_lines(&view.note))
        }
        Kind::Quote => format!("{header}\n  {}", quote(view)),
        Kind::Clip | Kind::Voiced => format!("{header}{}", clip(view)),
        Kind::Picture => format!("{header}{}", picture(view)),
        Kind::Header => format!("{header}{}", missing(view)),
    }
}

fn quote(view: &CueView) -> String {
    let attribution = match view.attribution.as_str() {
        "" => String::new(),
        name => format!("<p>— {}</p>", escape_lines(name)),
    };
    format!("<blockquote>{}</blockquote>{attribution}", escape_lines(&view.quote))
}

fn clip(view: &CueView) -> String {
    let mut out = String::new();
    if let Some(thumbnail) = &view.thumbnail {
        out.push_str(&format!("\n  <img class=\"thumbnail\" src=\"{thumbnail}\" alt=\"\">"));
    }
    out.push_str(&missing(view));
    let mut lines = Vec::new();
    if !view.duration.is_empty() {
        lines.push(format!("<p>Duration: {}</p>", escape(&view.duration)));
    }
    if view.kind == Kind::Clip {
        lines.push(match view.transcript.trim() {
            "" => "<p>No Transcript</p>".into(),
            text => format!("<p>Trans: {}</p>", escape_lines(text)),
        });
    }
    if !view.outcue.is_empty() {
        lines.push(format!("<p>Outcue: \"{}\"</p>", escape_lines(&view.outcue)));
    }
    if !lines.is_empty() {
        out.push_str(&format!("\n  {}", lines.concat()));
    }
    out + &script_text(view)
}

fn picture(view: &CueView) -> String {
    let mut out = match (&view.picture, &view.media) {
        (Some(url), _) => {
            format!("\n  <img class=\"picture\" src=\"{url}\" alt=\"{}\">", escape_attribute(&view.name()))
        }
        (None, Media::Found(path)) => {
            format!(
                "\n  <div class=\"placeholder\">{} — no picture to show: {}</div>",
                escape(&view.name()),
                escape(path)
            )
        }
        (None, _) => missing(view),
    };
    if !view.caption.is_empty() {
        out.push_str(&format!("\n  <p>Caption: {}</p>", escape_lines(&view.caption)));
    }
    out + &script_text(view)
}

/// Words that somebody reads while the cue runs: speech in its size, though it stands in a cue.
fn script_text(view: &CueView) -> String {
    match view.script_text.trim() {
        "" => String::new(),
        text => format!("\n  <div class=\"said\">{}</div>", escape_lines(text)),
    }
}

fn missing(view: &CueView) -> String {
    match &view.media {
        Media::Missing { named, why } => {
            // What a browser left behind tells nobody anything.
            let says_nothing = crate::field::is_placeholder(named);
            let named = if says_nothing { String::new() } else { format!(": {}", escape(named)) };
            format!("\n  <div class=\"placeholder\">{} — {}{named}</div>", escape(&view.name()), escape(why))
        }
        Media::None | Media::Found(_) => String::new(),
    }
}

fn clean_cue(view: &CueView) -> Option<String> {
    if view.kind == Kind::Note {
        return None;
    }
    let slug = view.shown_slug();
    let slug = if slug.is_empty() { slug } else { format!(": {slug}") };
    Some(format!("<p class=\"cue-header\">[{}{}]</p>{}", word(view), escape(&slug), script_text(view)))
}

fn word(view: &CueView) -> String {
    if view.word.is_empty() { "?".into() } else { escape(&view.word) }
}

fn production_cue(view: &CueView) -> String {
    let mut header = format!("[{}]", word(view));
    let what = if view.kind == Kind::Note { view.role.clone() } else { view.shown_slug() };
    if !what.is_empty() {
        header.push_str(&format!(" {}", escape(&what)));
    }
    if view.kind == Kind::Note {
        header.push_str(&format!(" — {}", escape_lines(&view.note)));
    } else if !view.duration.is_empty() {
        header.push_str(&format!(" — {}", escape(&view.duration)));
    }
    let path = match &view.media {
        Media::None => String::new(),
        Media::Found(path) => format!("\n  <p class=\"path\">{}</p>", escape(path)),
        Media::Missing { .. } => missing(view),
    };
    format!("<p class=\"cue-header\">{header}</p>{path}{}", script_text(view))
}

fn error_box(error: &ErrorBox, preset: Preset) -> String {
    let place = if error.file.is_empty() { String::new() } else { format!("{}, line {}", error.file, error.line) };
    let mut out = format!("<div class=\"error-box\">{}", escape(&error.messages.join("; ")));
    out.push_str(&format!("<span class=\"where\">{}</span>", escape(&place)));
    if !error.lines.is_empty() {
        out.push_str(&format!("<pre>{}</pre>", escape(&error.lines.join("\n"))));
    }
    if let Some(shown) = error.cue.as_ref().and_then(|view| cue(view, preset)) {
        out.push_str(&format!("\n{shown}"));
    }
    out + "</div>"
}
