//! Our own path patterns, segment by segment: `*`, `**`, `{name}` and `{name:digits}`.
//!
//! A pattern matches paths and says what its captures stood for; filled with values it becomes narrower, and without
//! any wildcard left it is a path. `*` and `**` never match a name that begins with a dot. An extension (`*.md`)
//! matches in any letter case, everything else exactly. Knows nothing of shares, of subjects or of what lies on disk.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What captures stood for, by name.
pub(crate) type Captures = BTreeMap<String, String>;

/// A compiled pattern below some directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    segments: Vec<Segment>,
    /// It ended in `/`: it names directories.
    directory: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// `**`: any number of whole segments.
    Any,
    Parts(Vec<Part>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Star,
    Capture { name: String, digits: bool },
}

impl Pattern {
    /// # Errors
    /// One line for people: what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let directory = text.ends_with('/');
        let body = text.strip_suffix('/').unwrap_or(text);
        if body.is_empty() {
            return Err("is empty".to_owned());
        }
        let segments = body.split('/').map(parse_segment).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { segments, directory })
    }

    pub fn is_directory(&self) -> bool {
        self.directory
    }

    /// True when a `**` makes the depth of what matches unknown.
    pub fn is_deep(&self) -> bool {
        self.segments.contains(&Segment::Any)
    }

    /// How many segments a match has, unless it is deep.
    pub fn depth(&self) -> usize {
        self.segments.len()
    }

    /// Names in braces, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts().filter_map(|part| match part {
            Part::Capture { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    pub fn matches(&self, path: &str) -> bool {
        self.captures(path).is_some()
    }

    /// What the names in braces stand for, if the path matches.
    pub fn captures(&self, path: &str) -> Option<Captures> {
        let parts: Vec<&str> = path.split('/').collect();
        let mut found = Captures::new();
        match_segments(&self.segments, &parts, &mut found).then_some(found)
    }

    /// The path with every name replaced by its value. A value may hold several segments.
    ///
    /// # Errors
    /// A name has no value, or a value would lead elsewhere (`..`, an empty or absolute part).
    pub fn fill(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut segments = Vec::new();
        for segment in &self.segments {
            match segment {
                Segment::Any => segments.push(Segment::Any),
                Segment::Parts(parts) => fill_segment(parts, value, &mut segments)?,
            }
        }
        Ok(Self { segments, directory: self.directory })
    }

    /// The one path this names, when it has neither wildcards nor names left.
    pub fn path(&self) -> Option<String> {
        let mut path = String::new();
        for segment in &self.segments {
            let Segment::Parts(parts) = segment else { return None };
            if !path.is_empty() {
                path.push('/');
            }
            for part in parts {
                let Part::Text(text) = part else { return None };
                path.push_str(text);
            }
        }
        Some(path)
    }

    /// The directories that every match lies in, with a `/` at the end, or nothing: where to begin looking.
    pub fn prefix(&self) -> String {
        let mut prefix = String::new();
        for segment in &self.segments[..self.segments.len() - 1] {
            match segment {
                Segment::Parts(parts) if matches!(parts[..], [Part::Text(_)]) => {
                    let Part::Text(text) = &parts[0] else { break };
                    prefix.push_str(text);
                    prefix.push('/');
                }
                _ => break,
            }
        }
        prefix
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.segments.iter().flat_map(|segment| match segment {
            Segment::Any => &[][..],
            Segment::Parts(parts) => parts,
        })
    }
}

fn parse_segment(text: &str) -> Result<Segment, String> {
    match text {
        "**" => return Ok(Segment::Any),
        "" | "." | ".." => return Err(format!("has the part \"{text}\"")),
        _ if text.contains("**") => return Err("has ** beside other characters".to_owned()),
        _ => {}
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        match next {
            '*' => {
                parts.push(Part::Star);
                rest = &rest[1..];
            }
            '{' => {
                let (inside, after) = rest[1..].split_once('}').ok_or("has { without }")?;
                let (name, digits) = match inside.split_once(':') {
                    Some((name, "digits")) => (name, true),
                    Some((_, kind)) => return Err(format!("names the unknown kind \"{kind}\" after a colon")),
                    None => (inside, false),
                };
                if name.is_empty() {
                    return Err("has {} without a name".to_owned());
                }
                parts.push(Part::Capture { name: name.to_owned(), digits });
                rest = after;
            }
            '}' => return Err("has } without {".to_owned()),
            _ => {
                let end = rest.find(['*', '{', '}']).unwrap_or(rest.len());
                parts.push(Part::Text(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
    }
    Ok(Segment::Parts(parts))
}

fn fill_segment(
    parts: &[Part],
    value: &dyn Fn(&str) -> Option<String>,
    segments: &mut Vec<Segment>,
) -> Result<(), String> {
    let mut open: Vec<Part> = Vec::new();
    for part in parts {
        let Part::Capture { name, .. } = part else {
            push(&mut open, part.clone());
            continue;
        };
        let filled = value(name).ok_or_else(|| format!("there is no \"{name}\""))?;
        let mut pieces = filled.split('/').peekable();
        while let Some(piece) = pieces.next() {
            push(&mut open, Part::Text(piece.to_owned()));
            if pieces.peek().is_some() {
                segments.push(close(&mut open)?);
            }
        }
    }
    segments.push(close(&mut open)?);
    Ok(())
}

/// Adds a part, joining text with text.
fn push(open: &mut Vec<Part>, part: Part) {
    match (open.last_mut(), part) {
        (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
        (_, part) => open.push(part),
    }
}

fn close(open: &mut Vec<Part>) -> Result<Segment, String> {
    let parts = core::mem::take(open);
    match &parts[..] {
        [] => Err("it has an empty part".to_owned()),
        [Part::Text(text)] if matches!(text.as_str(), "" | "." | "..") => Err(format!("it has the part \"{text}\"")),
        _ => Ok(Segment::Parts(parts)),
    }
}

/// Matches whole segments. After a `**` only the latest one is tried again further on, so the cost stays bounded by
/// the product of the two lengths.
fn match_segments(pattern: &[Segment], path: &[&str], found: &mut Captures) -> bool {
    let (mut p, mut s) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let fits = match pattern.get(p) {
            Some(Segment::Any) => {
                // At the end it stands for at least one segment: a directory does not match what is below it.
                if p + 1 == pattern.len() {
                    return s < path.len() && path[s..].iter().all(|name| !name.starts_with('.'));
                }
                retry = Some((p + 1, s));
                p += 1;
                continue;
            }
            Some(Segment::Parts(parts)) => path.get(s).is_some_and(|name| match_parts(parts, name, true, found)),
            None if s == path.len() => return true,
            None => false,
        };
        if fits {
            p += 1;
            s += 1;
            continue;
        }
        // Let the latest ** swallow one more segment.
        match retry {
            Some((next, at)) if at < path.len() && !path[at].starts_with('.') => {
                retry = Some((next, at + 1));
                p = next;
                s = at + 1;
            }
            _ => return false,
        }
    }
}

/// Matches one name; each wildcard and capture takes as little as it can.
fn match_parts(parts: &[Part], name: &str, first: bool, found: &mut Captures) -> bool {
    let Some((part, rest)) = parts.split_first() else { return name.is_empty() };
    match part {
        Part::Text(text) if rest.is_empty() && !first && text.starts_with('.') => name.eq_ignore_ascii_case(text),
        Part::Text(text) => name.strip_prefix(text.as_str()).is_some_and(|name| match_parts(rest, name, false, found)),
        _ if first && name.starts_with('.') => false,
        Part::Star => ends(name, 0).any(|end| match_parts(rest, &name[end..], false, found)),
        Part::Capture { name: key, digits } => ends(name, 1)
            .take_while(|end| !digits || name[..*end].bytes().all(|byte| byte.is_ascii_digit()))
            .any(|end| {
                let fits = match_parts(rest, &name[end..], false, found);
                if fits {
                    found.insert(key.clone(), name[..end].to_owned());
                }
                fits
            }),
    }
}

/// Places after at least `least` characters where a name may be cut.
fn ends(name: &str, least: usize) -> impl Iterator<Item = usize> {
    name.char_indices().map(|(at, _)| at).chain([name.len()]).skip(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Pattern::parse(pattern).expect("a good pattern").matches(path)
    }

    #[test]
    fn stars_stay_within_a_segment_and_double_stars_cross_them() {
        for (pattern, path, fits) in [
            ("info.md", "info.md", true),
            ("info.md", "Info.md", false),
            ("rundown/*.md", "rundown/10 Cold Open.md", true),
            ("rundown/*.md", "rundown/10 Cold Open.MD", true),
            ("rundown/*.md", "rundown/list/10.md", false),
            ("rundown/*.md", "rundown/.hidden.md", false),
            ("assets/**", "assets/video/a.mp4", true),
            ("assets/**", "assets", false),
            ("assets/**", "assets/.stversions/a.mp4", false),
            ("**/*.md", "info.md", true),
            ("**/*.md", "a/b/c.md", true),
            ("**/*.md", "a/.b/c.md", false),
            ("a/**/b/*.png", "a/b/b/c.png", true),
            ("a/**/b/*.png", "a/x/y/c.png", false),
            ("{name}-thumb-*.png", "kettle-thumb-1.png", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, path), fits, "{pattern} on {path}");
        }
    }

    #[test]
    fn captures_say_what_they_stood_for() {
        let pattern = Pattern::parse("episodes/{episode:digits}/{kind}/{stem}.{ext}").expect("good");
        let found = pattern.captures("episodes/0900/video/a.b.mp4").expect("it matches");
        assert_eq!(found["episode"], "0900");
        assert_eq!((found["stem"].as_str(), found["ext"].as_str()), ("a", "b.mp4"));
        assert_eq!(pattern.captures("episodes/.trash/video/a.mp4"), None);
    }

    #[test]
    fn filling_names_gives_a_path_that_stays_below() {
        let fill = |pattern: &str, with: &str| {
            let pattern = Pattern::parse(pattern).expect("good");
            pattern.fill(&|name| (name == "clip.source").then(|| with.to_owned())).map(|filled| filled.path())
        };
        assert_eq!(fill("{clip.source}", "preshow/a b.mp4"), Ok(Some("preshow/a b.mp4".to_owned())));
        assert_eq!(fill("x/{clip.source}-*.png", "a*b"), Ok(None));
        assert_eq!(fill("out/{clip.source}.png", "a*b"), Ok(Some("out/a*b.png".to_owned())));
        for bad in ["../x", "/etc/passwd", "a//b", "", "a/.."] {
            assert!(fill("{clip.source}", bad).is_err(), "{bad}");
        }
        assert!(fill("{clip.slug}", "x").is_err());
    }

    #[test]
    fn bad_patterns_say_what_is_wrong() {
        for bad in ["", "/", "a//b", "../a", "a/{", "a/{}", "a/}", "a**", "{x:letters}"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Pattern::parse("a/b/{c}/d*").expect("good").prefix(), "a/b/");
        assert_eq!(Pattern::parse("*.md").expect("good").prefix(), "");
    }
}
