//! The settings that steps may name, with their defaults (spec 0.3), and how each is written in TOML.
//!
//! A step sees a setting as one canonical text, which is also what its action key holds: changing a setting runs
//! exactly the steps that name it.

use super::problem::nearest;
use super::table::{Table, form};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeValue;

pub struct Setting {
    pub name: &'static str,
    pub form: Form,
    /// Canonical.
    pub default: &'static str,
    pub about: &'static str,
}

/// How a setting is written, and what its canonical text looks like.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// As written.
    Text,
    /// A whole number in this range.
    Count(u32, u32),
    /// A number in this range, fraction allowed.
    Number(i32, i32),
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of words; canonical: joined by blanks.
    Words,
    /// A table of word to words per minute; canonical: `guest=160 host=140`, sorted.
    Rates,
    /// An absolute path, or empty.
    Path,
    /// `HH:MM`.
    Clock,
    /// A name of the time zone database.
    Zone,
}

const CLASSES: Form = Form::Choice(&["safe", "proposed", "report"]);

macro_rules! settings {
    ($($name:literal $form:expr, $default:literal, $about:literal;)*) => {
        &[$(Setting { name: $name, form: $form, default: $default, about: $about }),*]
    };
}

/// Sorted by name.
pub const SETTINGS: &[Setting] = settings! {
    "loudness.clip_lra" Form::Number(1, 50), "11", "loudness range of clips, LU";
    "loudness.clip_lufs" Form::Number(-70, 0), "-23", "integrated loudness of clips, LUFS";
    "loudness.clip_peak" Form::Number(-20, 0), "-1", "true peak of clips at most, dBTP";
    "loudness.podcast_lra" Form::Number(1, 50), "11", "loudness range of the podcast export, LU";
    "loudness.podcast_lufs" Form::Number(-70, 0), "-16", "integrated loudness of the podcast export, LUFS";
    "loudness.podcast_peak" Form::Number(-20, 0), "-1.5", "true peak of the podcast export at most, dBTP";
    "media.pool" Form::Path, "", "the folder that /pool/… in a cue means";
    "repair.cue_block_whitespace" CLASSES, "safe", "blank lines around cues, blanks around values (spec 4.8 #15)";
    "repair.cue_double_angle" CLASSES, "safe", "markers in double angle brackets (4.8 #1)";
    "repair.cue_invalid_assetid" CLASSES, "safe", "a local or placeholder AssetID (4.8 #5)";
    "repair.cue_missing_assetid" CLASSES, "safe", "no AssetID (4.8 #5)";
    "repair.cue_missing_slug" CLASSES, "proposed", "no Slug (4.8 #6)";
    "repair.cue_stray_end" CLASSES, "proposed", "an End marker without a Begin (4.8 #3)";
    "repair.cue_text_glued" CLASSES, "safe", "text glued to an End marker (4.8 #3)";
    "repair.cue_unterminated" CLASSES, "safe", "a Begin without an End, where it is certain (4.8 #2)";
    "repair.flags_in_text" Form::Flag, "false", "write flags for what cannot be repaired into the text (4.12 #3)";
    "repair.hand_back" Form::Text, "review", "the status with which a note is handed back; empty: no note is handed over";
    "repair.hand_over" Form::Text, "clean-up", "the status by which a note is handed over: what would be proposed is made";
    "repair.html_in_prose" CLASSES, "safe", "pasted span, div and hard blanks in prose (4.8 #17)";
    "repair.leading_dash" CLASSES, "proposed", "a lone dash that begins a paragraph (4.12 #2)";
    "repair.legacy_token" CLASSES, "safe", "older notations that convert without doubt (4.8 #8)";
    "repair.quote_attribution_inside" CLASSES, "proposed", "an attribution inside its quote (4.8 #13)";
    "repair.quote_doubled" CLASSES, "proposed", "a doubled pair of outer quotes (4.8 #11)";
    "repair.slug_bad" CLASSES, "proposed", "a slug that is no file name (4.8 #7)";
    "script.pdf" Form::Flag, "false", "also print scripts to PDF";
    "show.air_time" Form::Clock, "21:00", "when the show airs, in its own zone";
    "show.air_zone" Form::Zone, "America/New_York", "the show's time zone";
    "show.cover" Form::Path, "", "a template that follows the cover of scripts";
    "show.name" Form::Text, "", "printed on the cover of scripts";
    "speech.default_speaker" Form::Text, "host", "who speaks a paragraph without a speaker";
    "speech.quote_rate" Form::Count(30, 600), "120", "words per minute of a full-screen quote";
    "speech.rate" Form::Count(30, 600), "150", "words per minute of prose";
    "speech.rates" Form::Rates, "", "words per minute of single speakers";
    "speech.speakers" Form::Words, "host guest caller announcer narrator", "known speakers";
    "video.encoder" Form::Choice(&["auto", "gpu", "cpu"]), "auto", "which H.264 encoder transcodes";
};

/// Settings of people's own programs live below this name.
const OWN: &str = "own";

pub fn defaults() -> BTreeMap<String, String> {
    SETTINGS.iter().map(|setting| (setting.name.to_owned(), setting.default.to_owned())).collect()
}

/// Names that a step's `settings` entry stands for: itself, or all below `repair.*`. Empty: there is none.
pub fn named(pattern: &str, known: &BTreeMap<String, String>) -> Vec<String> {
    match pattern.strip_suffix('*') {
        Some(prefix) if prefix.ends_with('.') => {
            known.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
        }
        _ => known.keys().filter(|name| *name == pattern).cloned().collect(),
    }
}

/// Reads `[settings]` over the defaults.
pub fn read(mut table: Table<'_>) -> BTreeMap<String, String> {
    let mut settings = defaults();
    let entries = table.entries();
    walk(&table, "", &entries, &mut settings);
    settings
}

/// A canonical text as it is written in TOML.
pub fn print(name: &str, text: &str) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    match SETTINGS.iter().find(|setting| setting.name == name).map(|setting| setting.form) {
        Some(Form::Count(..) | Form::Number(..) | Form::Flag) => text.to_owned(),
        Some(Form::Words) => format!("[{}]", text.split_whitespace().map(quoted).collect::<Vec<_>>().join(", ")),
        Some(Form::Rates) => {
            let rates = text.split_whitespace().filter_map(|rate| rate.split_once('='));
            let rates: Vec<_> = rates.map(|(speaker, rate)| format!("{speaker} = {rate}")).collect();
            if rates.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", rates.join(", ")) }
        }
        _ => quoted(text),
    }
}

type Entry<'a> = (&'a str, Range<usize>, &'a Spanned<DeValue<'a>>);

fn walk(table: &Table<'_>, prefix: &str, entries: &[Entry<'_>], settings: &mut BTreeMap<String, String>) {
    for (key, key_span, value) in entries {
        let name = if prefix.is_empty() { (*key).to_owned() } else { format!("{prefix}.{key}") };
        if let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) {
            match canonical(setting.form, value.get_ref()) {
                Ok(text) => drop(settings.insert(name, text)),
                Err((what, hint)) => table.report(&value.span(), &name, what, hint),
            }
        } else if let DeValue::Table(below) = value.get_ref() {
            let below: Vec<_> = below.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value)).collect();
            walk(table, &name, &below, settings);
        } else if prefix == OWN || prefix.starts_with("own.") {
            match scalar(value.get_ref()) {
                Some(text) => drop(settings.insert(name, text)),
                None => table.report(&value.span(), &name, "wants text, a number or true or false", "write one value"),
            }
        } else {
            let hint = match nearest(&name, SETTINGS.iter().map(|setting| setting.name)) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "settings of your own programs go below \"own\", such as own.font = \"Inter\"".to_owned(),
            };
            table.report(key_span, &name, "there is no such setting", hint);
        }
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// The canonical text of a value, or what is wrong and what to do.
fn canonical(form_wanted: Form, value: &DeValue<'_>) -> Result<String, (String, String)> {
    let wrong = |want: &str, hint: &str| Err((format!("wants {want}, and this is {}", form(value)), hint.to_owned()));
    let text = value.as_str();
    match form_wanted {
        Form::Text => text.map(str::to_owned).map_or_else(|| wrong("text", "put it in quotes"), Ok),
        Form::Flag => match value.as_bool() {
            Some(flag) => Ok(flag.to_string()),
            None => wrong("true or false", "write true or false, without quotes"),
        },
        Form::Choice(words) => match text {
            Some(word) if words.contains(&word) => Ok(word.to_owned()),
            Some(word) => Err((format!("cannot be \"{word}\""), format!("use one of: {}", words.join(", ")))),
            None => wrong("text", &format!("use one of: {}", words.join(", "))),
        },
        Form::Count(min, max) => number(value, f64::from(min), f64::from(max), false),
        Form::Number(min, max) => number(value, f64::from(min), f64::from(max), true),
        Form::Words => words(value),
        Form::Rates => rates(value),
        Form::Path => match text {
            Some(path) if path.is_empty() || path.starts_with('/') => Ok(path.to_owned()),
            Some(_) => Err(("is not an absolute path".into(), "begin it with \"/\"".into())),
            None => wrong("a path", "put it in quotes"),
        },
        Form::Clock => match text {
            Some(text) if is_clock(text) => Ok(text.to_owned()),
            _ => Err(("is not a time of day".into(), "write it as \"21:00\"".into())),
        },
        Form::Zone => match text {
            Some(zone) if jiff::tz::TimeZone::get(zone).is_ok() => Ok(zone.to_owned()),
            Some(zone) => Err((
                format!("there is no time zone \"{zone}\" on this machine"),
                "use a name such as \"Europe/Berlin\"; \"timedatectl list-timezones\" prints them".into(),
            )),
            None => wrong("the name of a time zone", "write it as \"Europe/Berlin\""),
        },
    }
}

fn number(value: &DeValue<'_>, min: f64, max: f64, fraction: bool) -> Result<String, (String, String)> {
    let text = match value {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
        DeValue::Float(number) if fraction => number.as_str(),
        _ => return Err((format!("wants a number, and this is {}", form(value)), format!("use {min} to {max}"))),
    };
    match text.parse::<f64>() {
        Ok(read) if (min..=max).contains(&read) => Ok(read.to_string()),
        _ => Err(("is out of range".into(), format!("use {min} to {max}"))),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

fn words(value: &DeValue<'_>) -> Result<String, (String, String)> {
    let hint = || "write a list of words in lower case: [\"host\", \"guest\"]".to_owned();
    let items = value.as_array().ok_or_else(|| (format!("wants a list, and this is {}", form(value)), hint()))?;
    let mut words = Vec::new();
    for item in items {
        match item.get_ref().as_str() {
            Some(word) if is_word(word) => words.push(word),
            _ => return Err(("holds something that is not a word in lower case".into(), hint())),
        }
    }
    Ok(words.join(" "))
}

fn rates(value: &DeValue<'_>) -> Result<String, (String, String)> {
    let hint = || "write { guest = 160, host = 140 }".to_owned();
    let table = value.as_table().ok_or_else(|| (format!("wants a table, and this is {}", form(value)), hint()))?;
    let mut rates = BTreeMap::new();
    for (speaker, rate) in table {
        let speaker = speaker.get_ref().as_ref();
        if !is_word(speaker) {
            return Err((format!("\"{speaker}\" is not a word in lower case"), hint()));
        }
        rates.insert(speaker.to_owned(), number(rate.get_ref(), 30.0, 600.0, false)?);
    }
    Ok(rates.iter().map(|(speaker, rate)| format!("{speaker}={rate}")).collect::<Vec<_>>().join(" "))
}

fn is_clock(text: &str) -> bool {
    let Some((hours, minutes)) = text.split_once(':') else { return false };
    let part = |text: &str, max: u8| text.len() == 2 && text.parse::<u8>().is_ok_and(|number| number <= max);
    part(hours, 23) && part(minutes, 59)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_settings_is_sorted_by_name() {
        assert!(SETTINGS.is_sorted_by_key(|setting| setting.name));
    }
}
