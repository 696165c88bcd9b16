//! Reading TOML so that every refusal can name its line, and no key passes unread.
//!
//! A [`Table`] hands out its values by key and remembers which it was asked for; [`Table::finish`] reports every other
//! key as unknown, with the nearest known one. A value of the wrong form is reported and read as absent, so that one
//! run finds all mistakes.

use super::problem::{Source, nearest};
use super::{bytes, span};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it stands, for checks that come later.
#[derive(Debug, Clone)]
pub struct At<T> {
    pub value: T,
    pub span: Range<usize>,
}

pub struct Table<'a> {
    source: &'a Source<'a>,
    /// Key of the table itself; empty for the whole file.
    path: String,
    span: Range<usize>,
    entries: Vec<(&'a str, Range<usize>, &'a Spanned<DeValue<'a>>)>,
    known: Vec<&'static str>,
}

impl<'a> Table<'a> {
    pub fn new(source: &'a Source<'a>, path: impl Into<String>, span: Range<usize>, table: &'a DeTable<'a>) -> Self {
        let entries = table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value)).collect();
        Self { source, path: path.into(), span, entries, known: Vec::new() }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    pub fn source(&self) -> &'a Source<'a> {
        self.source
    }

    pub fn rename(&mut self, path: impl Into<String>) {
        self.path = path.into();
    }

    /// Full name of a key of this table.
    pub fn key(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", _) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, _) => format!("{path}.{key}"),
        }
    }

    pub fn report(&self, span: &Range<usize>, key: &str, what: impl Into<String>, hint: impl Into<String>) {
        self.source.report(span, self.key(key), what, hint);
    }

    pub fn has(&mut self, key: &'static str) -> bool {
        self.known.push(key);
        self.entries.iter().any(|(name, ..)| *name == key)
    }

    pub fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.entries.iter().find(|(name, ..)| *name == key).map(|(_, _, value)| *value)
    }

    fn wrong<T>(&self, key: &str, value: &Spanned<DeValue<'_>>, want: &str, hint: &str) -> Option<T> {
        let what = format!("wants {want}, and this is {}", form(value.get_ref()));
        self.report(&value.span(), key, what, hint);
        None
    }

    pub fn text(&mut self, key: &'static str) -> Option<At<String>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(At { value: text.clone().into_owned(), span: value.span() }),
            _ => self.wrong(key, value, "text", &format!("write {} = \"…\"", last(key))),
        }
    }

    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.wrong(key, value, "true or false", "write true or false, without quotes"),
        }
    }

    /// One of a few words.
    pub fn one_of<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text.value).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.report(
                &text.span,
                key,
                format!("is not known: \"{}\"", text.value),
                format!("write {}", words.join(" or ")),
            );
        }
        found
    }

    pub fn count(&mut self, key: &'static str, min: u32, max: u32) -> Option<At<u32>> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => return self.wrong(key, value, "a whole number", "write it without quotes and without a fraction"),
        };
        let fitting =
            number.and_then(|number| u32::try_from(number).ok()).filter(|number| (min..=max).contains(number));
        if fitting.is_none() {
            self.report(&value.span(), key, "is out of range", format!("use a number from {min} to {max}"));
        }
        fitting.map(|fitting| At { value: fitting, span: value.span() })
    }

    /// `"40m"`, `"120s"`, `"1h30m"`, in milliseconds.
    pub fn span_ms(&mut self, key: &'static str) -> Option<u64> {
        self.span_at(key).map(|at| at.value)
    }

    pub fn span_at(&mut self, key: &'static str) -> Option<At<u64>> {
        let text = self.text(key)?;
        match span::parse(&text.value) {
            Ok(ms) => Some(At { value: ms, span: text.span }),
            Err(why) => {
                self.report(&text.span, key, why, "write a time such as \"3s\", \"500ms\", \"40m\" or \"1h30m\"");
                None
            }
        }
    }

    /// `"20 GB"`.
    pub fn bytes(&mut self, key: &'static str) -> Option<u64> {
        let text = self.text(key)?;
        let read = bytes::parse(&text.value);
        if let Err(why) = &read {
            self.report(&text.span, key, why, "write an amount such as \"20 GB\" or \"500 MB\"");
        }
        read.ok()
    }

    pub fn texts(&mut self, key: &'static str) -> Vec<At<String>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            let hint = "write it in square brackets: [\"one\", \"two\"]";
            return self.wrong(key, value, "a list of texts", hint).unwrap_or_default();
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => texts.push(At { value: text.clone().into_owned(), span: item.span() }),
                _ => drop(self.wrong::<()>(key, item, "only texts in its list", "put quotes around every entry")),
            }
        }
        texts
    }

    pub fn table(&mut self, key: &'static str) -> Option<Table<'a>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Table::new(self.source, self.key(key), value.span(), table)),
            _ => self.wrong(key, value, "a table", &format!("write [{}] and its keys below it", self.key(key))),
        }
    }

    /// `[[key]]`.
    pub fn tables(&mut self, key: &'static str) -> Vec<Table<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let hint = format!("write [[{}]] once for each", self.key(key));
        let DeValue::Array(items) = value.get_ref() else {
            return self.wrong(key, value, "a list of tables", &hint).unwrap_or_default();
        };
        let mut tables = Vec::new();
        for (at, item) in items.iter().enumerate() {
            match item.get_ref() {
                DeValue::Table(table) => {
                    let path = format!("{} {}", self.key(key), at + 1);
                    tables.push(Table::new(self.source, path, item.span(), table));
                }
                _ => drop(self.wrong::<()>(key, item, "tables", &hint)),
            }
        }
        tables
    }

    /// Every entry, where the keys are names that people choose. Marks all of them as read.
    pub fn entries(&mut self) -> Vec<(&'a str, Range<usize>, &'a Spanned<DeValue<'a>>)> {
        std::mem::take(&mut self.entries)
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self) {
        for (name, span, _) in &self.entries {
            if self.known.contains(name) {
                continue;
            }
            let mut known = self.known.clone();
            known.sort_unstable();
            known.dedup();
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None if known.is_empty() => "remove it".to_owned(),
                None => format!("known here: {}", known.join(", ")),
            };
            let place =
                if self.path.is_empty() { "at the top of the file".into() } else { format!("in {}", self.path) };
            self.source.report(span, self.key(name), format!("there is no such key {place}"), hint);
        }
    }
}

fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// What a value is, in words.
pub fn form(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
