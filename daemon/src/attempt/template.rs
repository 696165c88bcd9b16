//! The command line of a program step: `["prog", "{in.source}", "--to={out.video}", "{clip.slug}"]`.
//!
//! A name in braces is an input's or output's path, a capture, a parameter or a field of the element. `{in.role}` alone
//! in an argument becomes as many arguments as the role has files. Braces around anything else are left as they are,
//! and `{{` is a brace.

use crate::steps::protocol::{Input, Order};
use serde_json::Value;
use std::path::Path;

/// Fills in the names.
///
/// # Errors
/// In words for people: a name that means nothing here, or several files where one path is needed.
pub fn fill(words: &[String], order: &Order, out: &Path) -> Result<Vec<String>, String> {
    let mut filled = Vec::with_capacity(words.len());
    for word in words {
        match word.strip_prefix("{in.").and_then(|rest| rest.strip_suffix('}')).filter(|role| is_name(role)) {
            Some(role) => filled.extend(files(order, role)?),
            None => filled.push(fill_word(word, order, out)?),
        }
    }
    Ok(filled)
}

fn fill_word(word: &str, order: &Order, out: &Path) -> Result<String, String> {
    let mut filled = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        rest = &rest[open + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            filled.push('{');
            rest = after;
            continue;
        }
        match rest.split_once('}').filter(|(name, _)| is_name(name)) {
            Some((name, after)) => {
                filled.push_str(&value(name, order, out)?);
                rest = after;
            }
            None => filled.push('{'),
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

fn value(name: &str, order: &Order, out: &Path) -> Result<String, String> {
    let unknown = || format!("its command line names {{{name}}}, which is nothing here");
    if let Some(role) = name.strip_prefix("in.") {
        return match files(order, role)?.as_slice() {
            [one] => Ok(one.clone()),
            many => Err(format!(
                "{{in.{role}}} is {} files where one is needed: make it an argument of its own",
                many.len()
            )),
        };
    }
    if let Some(role) = name.strip_prefix("out.") {
        // A pattern has no path of its own: its files go below the directory.
        let place = order.outputs.iter().find(|place| place.role == role);
        return text(place.map_or(out, |place| &place.at));
    }
    if let Some((_, field)) = name.split_once('.') {
        let field = order.element.as_ref().and_then(|element| element.get(field)).ok_or_else(unknown)?;
        return match field {
            Value::String(text) => Ok(text.clone()),
            Value::Bool(_) | Value::Number(_) => Ok(field.to_string()),
            _ => Err(unknown()),
        };
    }
    order.captures.get(name).or_else(|| order.parameters.get(name)).cloned().ok_or_else(unknown)
}

fn files(order: &Order, role: &str) -> Result<Vec<String>, String> {
    let mut is_known = false;
    let mut files = Vec::new();
    for input in order.inputs.iter().filter(|input| input.role() == role) {
        is_known = true;
        match input {
            Input::File { at, .. } | Input::Text { at, .. } => files.push(text(at)?),
            Input::Result { results, .. } => {
                for result in results {
                    files.push(text(&result.at)?);
                }
            }
            Input::List { .. } | Input::Elements { .. } => {
                return Err(format!("its command line names {{in.{role}}}, which is a list: read it from the order"));
            }
        }
    }
    // A pattern that nothing matched is no input at all.
    if is_known || !role.is_empty() { Ok(files) } else { Err("its command line names {in.}".to_owned()) }
}

fn text(path: &Path) -> Result<String, String> {
    path.to_str().map(str::to_owned).ok_or_else(|| format!("the path {} is not UTF-8", path.display()))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::protocol::Place;

    fn order() -> Order {
        let file = |role: &str, name: &str| Input::File {
            role: role.into(),
            file: name.into(),
            digest: String::new(),
            at: Path::new("/share").join(name),
        };
        let element = serde_json::json!({"id": "a", "slug": "kettle", "frames": 25, "found": true});
        Order {
            inputs: vec![file("source", "a.mov"), file("notes", "1.md"), file("notes", "2.md")],
            outputs: vec![Place { role: "video".into(), file: "x/v.mp4".into(), at: "/scratch/out/video".into() }],
            captures: [("episode".to_owned(), "0900".to_owned())].into(),
            element: element.as_object().cloned(),
            ..Order::default()
        }
    }

    fn filled(words: &[&str]) -> Result<Vec<String>, String> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        fill(&words, &order(), Path::new("/scratch/out"))
    }

    #[test]
    fn names_in_braces_become_paths_and_values() {
        let words = ["prog", "{in.source}", "--to={out.video}", "{out.thumbs}/{clip.slug}-{clip.frames}", "{episode}"];
        let expected = ["prog", "/share/a.mov", "--to=/scratch/out/video", "/scratch/out/kettle-25", "0900"];
        assert_eq!(filled(&words).expect("fills"), expected);
        assert_eq!(filled(&["cat", "{in.notes}"]).expect("fills"), ["cat", "/share/1.md", "/share/2.md"]);
        assert_eq!(filled(&["cat", "{in.nothing}"]).expect("fills"), ["cat"]);
    }

    #[test]
    fn other_braces_stay() {
        let words = ["{print $1}", "{{episode}", "}{", "{}"];
        assert_eq!(filled(&words).expect("fills"), ["{print $1}", "{episode}", "}{", "{}"]);
    }

    #[test]
    fn a_name_that_means_nothing_is_said() {
        assert!(filled(&["{clip.size}"]).expect_err("unknown").contains("{clip.size}"));
        assert!(filled(&["{season}"]).expect_err("unknown").contains("{season}"));
        assert!(filled(&["-i={in.notes}"]).expect_err("several").contains("2 files"));
    }
}
