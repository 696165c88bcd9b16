//! Every form of quotes that older tools and people wrote (specification 6.2, "accept on read").

use serde_json::Value;

/// A quote as any of the forms gives it. What a form does not have is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadQuote {
    pub id: String,
    pub slug: String,
    pub text: String,
    pub attribution: String,
    /// `1x1` where the form has no parts.
    pub part: String,
    pub source_type: String,
}

/// Longest slug that is taken over from a hand-made file.
const SLUG_CHARS_MAX: usize = 100;

/// The quotes of a text, which is an object with `quotes` or a bare list; entries without text are left out. An error
/// says why the text is neither.
pub fn read(text: &str) -> Result<Vec<ReadQuote>, String> {
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())?;
    let list = match &value {
        Value::Array(list) => Some(list),
        Value::Object(object) => object.get("quotes").and_then(Value::as_array),
        _ => None,
    };
    let list = list.ok_or("neither a list of quotes nor an object with \"quotes\"")?;
    Ok(list.iter().map(quote).filter(|quote| !quote.text.trim().is_empty()).collect())
}

fn quote(value: &Value) -> ReadQuote {
    let text = |keys: &[&str]| {
        let found = keys.iter().find_map(|key| value.get(key).filter(|value| !value.is_null()));
        match found {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    };
    let id = text(&["id", "assetId"]);
    let slug = match text(&["slug"]) {
        slug if slug.is_empty() => slug_of_category(&text(&["category"]), &id),
        slug => slug,
    };
    let part = Some(text(&["part"])).filter(|part| !part.is_empty());
    let nested = value.get("metadata").and_then(|metadata| metadata.get("part")).and_then(Value::as_str);
    ReadQuote {
        slug,
        text: text(&["text", "quote"]),
        attribution: text(&["attribution"]),
        part: part.or_else(|| nested.map(str::to_owned)).unwrap_or_else(|| "1x1".into()),
        source_type: text(&["source_type"]),
        id,
    }
}

/// Of a hand-made entry: the text after `/` in its category, else its id.
fn slug_of_category(category: &str, id: &str) -> String {
    let phrase = category.split_once('/').map_or("", |(_, phrase)| phrase.trim());
    let slug = if phrase.is_empty() { id } else { phrase };
    slug.split_whitespace().collect::<Vec<_>>().join("-").chars().take(SLUG_CHARS_MAX).collect()
}
