//! `docs/PROTOCOL.md` says what the code does: its reference is made from the code's own words and samples.
//!
//! Run with `SHOW_DOCUMENT=write` to write the parts between the markers anew.

mod sample;

use regex::Regex;
use show_protocol::*;
use std::fmt::Write as _;
use std::path::PathBuf;

const ASK: &str = include_str!("../src/ask.rs");
const REPLY: &str = include_str!("../src/reply.rs");
const VIEWS: &[&str] = &[
    include_str!("../src/view/rest.rs"),
    include_str!("../src/view/status.rs"),
    include_str!("../src/view/episode.rs"),
    include_str!("../src/view/job.rs"),
    include_str!("../src/view/build.rs"),
    include_str!("../src/view/log.rs"),
    include_str!("../src/view/file.rs"),
    include_str!("../src/view/conflict.rs"),
];

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `/// a\n /// b\n` as one paragraph.
fn prose(doc: &str) -> String {
    let words = doc.lines().map(|line| line.trim().trim_start_matches("///").trim()).collect::<Vec<_>>().join(" ");
    let links = Regex::new(r"\[(`[^`]+`)\]").unwrap();
    links.replace_all(words.trim(), "$1").into_owned()
}

/// The wire name of `EpisodeMade`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for (at, c) in name.char_indices() {
        if c.is_uppercase() && at > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// A Rust type as a reader of JSON knows it.
fn json_type(rust: &str) -> String {
    let inner = |prefix: &str| rust.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('>'));
    if let Some(inner) = inner("Option<") {
        return format!("{} or null", json_type(inner));
    }
    if let Some(inner) = inner("Vec<") {
        return format!("list of {}", json_type(inner));
    }
    match rust {
        "String" => "text".into(),
        "bool" => "true or false".into(),
        "BTreeMap<String, String>" => "object of texts".into(),
        "u8" | "u32" | "u64" | "i64" => "number".into(),
        "JobId" | "BuildId" | "AttemptNo" | "IntentId" | "LeaseId" | "ProposalId" | "Seq" => "number".into(),
        other => format!("[{other}](#{})", other.to_lowercase()),
    }
}

struct Field {
    name: String,
    json: String,
    optional: bool,
    doc: String,
}

fn fields(inside: &str) -> Vec<Field> {
    let one = Regex::new(
        r"(?s)((?:\s*///[^\n]*\n)*)\s*(#\[serde\(default\)\])?\s*(?:#\[[^\]]*\]\s*)?(\w+):\s*((?:BTreeMap<String, String>|[\w<>]+)),?",
    )
    .unwrap();
    one.captures_iter(inside)
        .map(|found| Field {
            name: found[3].into(),
            json: json_type(&found[4]),
            optional: found.get(2).is_some(),
            doc: prose(&found[1]),
        })
        .collect()
}

fn field_lines(fields: &[Field]) -> String {
    let mut out = String::new();
    for field in fields {
        let optional = if field.optional { ", may be left out" } else { "" };
        let doc = if field.doc.is_empty() { String::new() } else { format!(": {}", field.doc) };
        let _ = writeln!(out, "{}", wrap(&format!("- `{}` ({}{optional}){doc}", field.name, field.json), 2));
    }
    if fields.is_empty() { out } else { out + "\n" }
}

/// JSON in the order it was written; what is no list or object is kept as text.
enum Json {
    Atom(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn read(text: &mut std::str::CharIndices<'_>, whole: &str) -> Self {
        let (at, first) = text.next().unwrap();
        match first {
            '[' | '{' => {
                let (mut items, mut pairs) = (vec![], vec![]);
                loop {
                    match text.clone().next().unwrap().1 {
                        ']' | '}' => {
                            text.next();
                            return if first == '[' { Self::List(items) } else { Self::Object(pairs) };
                        }
                        ',' => drop(text.next()),
                        _ if first == '[' => items.push(Self::read(text, whole)),
                        _ => {
                            let Self::Atom(key) = Self::read(text, whole) else { panic!("a key is text") };
                            assert_eq!(text.next().unwrap().1, ':');
                            pairs.push((key, Self::read(text, whole)));
                        }
                    }
                }
            }
            '"' => loop {
                match text.next().unwrap() {
                    (_, '\\') => drop(text.next()),
                    (end, '"') => return Self::Atom(whole[at..=end].to_owned()),
                    _ => {}
                }
            },
            _ => {
                while text.clone().next().is_some_and(|(_, c)| !",]}".contains(c)) {
                    text.next();
                }
                Self::Atom(whole[at..text.offset()].to_owned())
            }
        }
    }

    fn flat(&self) -> String {
        match self {
            Self::Atom(text) => text.clone(),
            Self::List(items) => format!("[{}]", items.iter().map(Self::flat).collect::<Vec<_>>().join(", ")),
            Self::Object(pairs) => {
                let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key}: {}", value.flat())).collect();
                format!("{{{}}}", pairs.join(", "))
            }
        }
    }

    /// In lines of at most `columns`, breaking only what does not fit; short neighbours share a line.
    fn lay_out(&self, indent: usize, columns: usize) -> String {
        let flat = self.flat();
        if indent + flat.chars().count() <= columns || matches!(self, Self::Atom(_)) {
            return flat;
        }
        let (open, close, parts): (_, _, Vec<String>) = match self {
            Self::List(items) => ('[', ']', items.iter().map(|item| item.lay_out(indent + 2, columns)).collect()),
            Self::Object(pairs) => {
                let pair = |(key, value): &(String, Self)| format!("{key}: {}", value.lay_out(indent + 2, columns));
                ('{', '}', pairs.iter().map(pair).collect())
            }
            Self::Atom(_) => unreachable!("an atom was laid out above"),
        };
        let mut lines: Vec<String> = vec![];
        for part in parts {
            let fits = |line: &String| {
                let together = indent + 5 + line.chars().count() + part.chars().count();
                !line.contains('\n') && !part.contains('\n') && together <= columns
            };
            match lines.last_mut() {
                Some(line) if fits(line) => *line += &format!(", {part}"),
                _ => lines.push(part),
            }
        }
        let inner = " ".repeat(indent + 2);
        format!("{open}\n{inner}{}\n{}{close}", lines.join(&format!(",\n{inner}")), " ".repeat(indent))
    }
}

fn json(encoded: &[u8]) -> String {
    let text = std::str::from_utf8(encoded).unwrap();
    format!("```json\n{}\n```\n\n", Json::read(&mut text.char_indices(), text).lay_out(0, 110))
}

/// Lines of at most 120 columns, the later ones indented.
fn wrap(text: &str, indent: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if line.chars().count() + 1 + word.chars().count() > 120 {
            lines.push(" ".repeat(indent) + word);
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.join("\n")
}

fn requests() -> String {
    let one = Regex::new(r"(?s)((?:    ///[^\n]*\n)+)    (\w+) \{(.*?)\} -> (\w+)\((\w+)\);").unwrap();
    let samples = sample::requests();
    let found: Vec<_> = one.captures_iter(ASK).collect();
    assert_eq!(found.len(), samples.len(), "every request is documented");
    let mut out = String::new();
    for (number, (found, sample)) in found.iter().zip(samples).enumerate() {
        let (name, answer, view) = (snake(&found[2]), snake(&found[4]), &found[5]);
        let _ = writeln!(out, "### {name}\n\n{}\n", wrap(&prose(&found[1]), 0));
        out.push_str(&field_lines(&fields(&found[3])));
        let envelope = Envelope { id: number as u64 + 1, body: sample };
        out.push_str(&json(&Encoding::Json.write_request(&envelope).unwrap()));
        let _ = writeln!(out, "Answered by `{answer}`, a [{view}](#{}).\n", view.to_lowercase());
    }
    out
}

fn answers() -> String {
    let names = Regex::new(r"(?m)^    (\w+)\((\w+)\),$").unwrap();
    let within = &REPLY[REPLY.find("pub enum Answer").unwrap()..REPLY.find("/// What comes without").unwrap()];
    let found: Vec<_> = names.captures_iter(within).collect();
    let samples = sample::answers();
    assert_eq!(found.len(), samples.len());
    let mut out = String::new();
    for (found, sample) in found.iter().zip(samples) {
        let _ = writeln!(out, "#### {} (a [{}](#{}))\n", snake(&found[1]), &found[2], found[2].to_lowercase());
        let envelope = Envelope { id: 1, body: Reply::from(sample) };
        out.push_str(&json(&Encoding::Json.write_reply(&envelope).unwrap()));
    }
    out
}

fn pushes() -> String {
    let within = &REPLY[REPLY.find("pub enum Push").unwrap()..REPLY.find("/// A polite no.").unwrap()];
    let one = Regex::new(r"(?m)((?:^    ///[^\n]*\n)+)    (\w+)").unwrap();
    let mut out = String::new();
    for (found, sample) in one.captures_iter(within).zip(sample::pushes()) {
        let id = if matches!(sample, Push::Closing { .. }) { 0 } else { 9 };
        let _ = writeln!(out, "{}\n", wrap(&format!("`{}`: {}", snake(&found[2]), prose(&found[1])), 0));
        out.push_str(&json(&Encoding::Json.write_reply(&Envelope { id, body: Reply::Push(sample) }).unwrap()));
    }
    out
}

fn shapes() -> String {
    let block = Regex::new(r"(?ms)^(views|words)! \{\n(.*?)^\}").unwrap();
    let shape = Regex::new(r"(?s)((?:    ///[^\n]*\n)+)    (\w+) \{(.*?)\}(?:\n|$)").unwrap();
    let word = Regex::new(r#"((?:\s*///[^\n]*\n)*)\s*\w+ = "(\w+)""#).unwrap();
    let mut out = String::new();
    for (source, found) in
        VIEWS.iter().flat_map(|source| block.captures_iter(source)).map(|found| (found[1].to_owned(), found))
    {
        for found in shape.captures_iter(&found[2]) {
            let _ = writeln!(out, "#### {}\n\n{}\n", &found[2], wrap(&prose(&found[1]), 0));
            if source == "views" {
                out.push_str(&field_lines(&fields(&found[3])));
                continue;
            }
            for word in word.captures_iter(&found[3]) {
                let doc = prose(&word[1]);
                let doc = if doc.is_empty() { String::new() } else { format!(": {doc}") };
                let _ = writeln!(out, "- `\"{}\"`{doc}", &word[2]);
            }
            out.push('\n');
        }
    }
    out
}

fn refusals() -> String {
    let within =
        &REPLY[REPLY.find("pub enum RefusalKind").unwrap()..REPLY.find("/// The world failed.\n#[derive").unwrap()];
    let one = Regex::new(r"(?m)((?:^    ///[^\n]*\n)+)    (\w+),").unwrap();
    let kinds: Vec<String> = one
        .captures_iter(within)
        .map(|found| format!("- `\"{}\"`: {}\n", snake(&found[2]), prose(&found[1])))
        .collect();
    let reply = |body| json(&Encoding::Json.write_reply(&Envelope { id: 4, body }).unwrap());
    let (refused, failed) = (reply(sample::refusal().into()), reply(sample::failure().into()));
    format!("{refused}{failed}Kinds of refusal:\n\n{}\n", kinds.concat())
}

/// The first bytes of a conversation, as a wire tap would show them.
fn hello() -> String {
    let dump = |who: &str, payload: &[u8]| {
        let bytes = [&(payload.len() as u32).to_be_bytes()[..], payload].concat();
        let lines: Vec<_> = bytes
            .chunks(16)
            .map(|line| {
                let hex: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
                let text: String = line
                    .iter()
                    .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' })
                    .collect();
                format!("{:<47}  {text}\n", hex.join(" "))
            })
            .collect();
        format!("{who}\n{}", lines.concat())
    };
    let hello = Hello::new("tap", Encoding::Json);
    let request = Envelope { id: 1, body: sample::requests().remove(0) };
    let welcome = greet(&hello, "showd 0.1.0").write();
    format!(
        "```text\n{}\n{}\n{}```\n\n",
        dump("client", &hello.write()),
        dump("showd", &welcome),
        dump("client", &Encoding::Json.write_request(&request).unwrap())
    )
}

fn limits() -> String {
    use show_protocol::frame::{
        CHUNK_BYTES_MAX, FRAME_BYTES_MAX, FRAME_MS_MAX, HELLO_MS_MAX, PAGE_ROWS, PAGE_ROWS_MAX,
    };
    format!(
        "| limit | value |\n| --- | --- |\n| frame, either way | {FRAME_BYTES_MAX} bytes |\n| until the hello is whole | {HELLO_MS_MAX} ms |\n\
         | from the first to the last byte of a frame | {FRAME_MS_MAX} ms |\n| rows of a page | {PAGE_ROWS}, at most {PAGE_ROWS_MAX} |\n\
         | text of a log or of an old version in one answer | {CHUNK_BYTES_MAX} bytes |\n\n"
    )
}

#[test]
fn the_document_says_what_the_code_does() {
    let path = repository().join("docs/PROTOCOL.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let client = std::fs::read_to_string(repository().join("tests/e2e/client.py")).unwrap();
    let mut written = document.clone();
    for (name, part) in [
        ("hello", hello()),
        ("limits", limits()),
        ("refusals", refusals()),
        ("pushes", pushes()),
        ("client", format!("```python\n{client}```\n\n")),
        ("requests", requests()),
        ("answers", answers()),
        ("shapes", shapes()),
    ] {
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let from = written.find(&begin).unwrap_or_else(|| panic!("no {begin}")) + begin.len();
        let to = written.find(&end).unwrap_or_else(|| panic!("no {end}"));
        written.replace_range(from..to, &format!("\n{part}"));
    }
    if std::env::var_os("SHOW_DOCUMENT").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let differs = document.lines().zip(written.lines()).find(|(old, new)| old != new);
    assert!(
        document == written || std::env::var_os("SHOW_DOCUMENT").is_some(),
        "docs/PROTOCOL.md is behind the code, first at {differs:?}; run this test with SHOW_DOCUMENT=write and read it"
    );
}

#[test]
fn every_link_of_the_document_leads_to_a_heading() {
    let document = std::fs::read_to_string(repository().join("docs/PROTOCOL.md")).unwrap();
    let link = Regex::new(r"\]\(#([^)]+)\)").unwrap();
    let headings: Vec<String> = document
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"))
        .collect();
    for found in link.captures_iter(&document) {
        assert!(headings.iter().any(|heading| *heading == found[1]), "no heading for #{}", &found[1]);
    }
}
