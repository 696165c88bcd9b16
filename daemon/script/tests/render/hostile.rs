//! Whatever people write, a page holds no markup of theirs beyond the few tags that scripts keep.

use crate::episode::{Episode, cue};
use proptest::prelude::*;
use show_script::compile::Preset;

/// Tags of ours, and the kept ones of the specification's 3.3 #6.
const ALLOWED: [&str; 30] = [
    "div",
    "p",
    "h1",
    "h2",
    "h3",
    "span",
    "b",
    "br",
    "hr",
    "blockquote",
    "img",
    "pre",
    "table",
    "thead",
    "tbody",
    "tr",
    "td",
    "th",
    "em",
    "i",
    "u",
    "s",
    "strong",
    "mark",
    "sub",
    "sup",
    "body",
    "html",
    "/body",
    "/html",
];

/// Every `<` of a page begins a tag of the list, with attributes that only we write.
fn check(page: &str) -> Result<(), String> {
    for (at, _) in page.match_indices('<') {
        let tag = &page[at + 1..at + page[at..].find('>').ok_or("a tag is never closed")?];
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
        if !ALLOWED.contains(&name) {
            return Err(format!("<{tag}>"));
        }
        if let Some((_, attributes)) = tag.split_once(' ') {
            let names: Vec<&str> = attributes.split("=\"").filter_map(|part| part.rsplit(['"', ' ']).next()).collect();
            let ours = ["id", "class", "src", "alt", "title", "data-at", ""];
            if names[..names.len() - 1].iter().any(|name| !ours.contains(&name.trim())) {
                return Err(format!("<{tag}>"));
            }
        }
    }
    Ok(())
}

fn check_all(episode: &Episode) -> Result<(), String> {
    let compiled = episode.compile();
    for (path, page) in &compiled.files {
        let (head, body) = page.split_once("</style>").ok_or("no style")?;
        let title =
            head.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map_or("", |(it, _)| it);
        if title.contains('<') {
            return Err(format!("{path}: {title}"));
        }
        check(body.trim_start_matches("</head>")).map_err(|tag| format!("{path}: {tag}"))?;
    }
    Ok(())
}

const EVIL: &str = "\"><script>alert('x')</script><img src=x onerror=alert(1)>";

#[test]
fn a_script_tag_prints_as_text_wherever_it_stands() {
    let sot =
        format!("[Type: SOT{EVIL}]\n[AssetID: {EVIL}]\n[Slug: {EVIL}]\n[MediaURL: {EVIL}.mp4]\n[Duration: {EVIL}]");
    let fields = [
        sot.clone(),
        sot.replace("SOT\"", "\""),
        format!(
            "[Type: SOT]\n[AssetID: A]\n[Slug: {EVIL}]\n[MediaURL: {EVIL}]\n[Duration: {EVIL}]\n[Transcription: {EVIL}]\n[Outcue: {EVIL}]\n[Enumerator: {EVIL}]\n[ThumbnailURL: {EVIL}]"
        ),
        format!("[Type: FSQ]\n[AssetID: A]\n[Slug: {EVIL}]\n[Quote: \"{EVIL}\"]\n[Attribution: {EVIL}]"),
        format!(
            "[Type: IMG]\n[AssetID: A]\n[Slug: {EVIL}]\n[MediaURL: {EVIL}]\n[Caption: {EVIL}]\n[Script Text: {EVIL}]\n[Include Script Text: 1]"
        ),
        format!("[Type: NOTE]\n[Note For: {EVIL}]\n[Note Text: {EVIL}]"),
        format!("[Type: ADLIB]\n[Duration: {EVIL}]"),
        format!("[Type: VO]\n[AssetID: A]\n[Slug: v]\n[MediaURL: https://x/{EVIL}]\n[Script: {EVIL}]"),
    ];
    let mut body = format!(
        "{EVIL}\n\n### {EVIL}\n\n<p class=\"x{EVIL}\" data-flag-note=\"&quot; onclick=&quot;alert(1)\">{EVIL}</p>\n\n*** {EVIL}\n\n{{SOT/{EVIL}}}\n\n```\n{EVIL}\n```\n\n"
    );
    body.extend(fields.iter().map(|fields| cue(fields) + "\n"));
    body += &format!("<!-- Begin Cue -->\n[Type: {EVIL}]\n[Slug: {EVIL}]\n");
    let front = format!("slug: tea\norder: 10\nduration: {EVIL}\ntitle: {EVIL}");
    let info = format!("---\ntitle: {EVIL}\nsubtitle: {EVIL}\nguest: {EVIL}\nairdate: {EVIL}\n---\n");
    let mut episode =
        Episode::new().item(&format!("10 {}.md", EVIL.replace('/', "")), &front, &body).file("info.md", info);
    episode = episode.item("20 b.md", &format!("type: break\norder: 20\ntitle: {EVIL}"), "").item(
        "30 c.md",
        "slug: c\norder: 30",
        "c",
    );
    episode.settings.show_name = EVIL.into();
    check_all(&episode).unwrap();
    assert!(episode.host().contains("&lt;script&gt;alert('x')&lt;/script&gt;"));
}

fn fragments() -> impl Strategy<Value = String> {
    let parts = vec![
        "<!-- Begin Cue -->",
        "<!-- End Cue -->",
        "<<!-- Begin Cue -->>",
        "\n",
        "\n\n",
        "[Type: SOT]\n",
        "[Type: FSQ]\n",
        "[Type: BREAK]\n",
        "[Quote: \"<b>\"]\n",
        "[Slug: <i>x]\n",
        "[MediaURL: \"'><x>]\n",
        "<p class=\"",
        "guest\">",
        "</p>",
        "<script>",
        "</script>",
        "<b>",
        "</b>",
        "<rev>",
        "|",
        "</rev>",
        "*",
        "**",
        "_",
        "[",
        "](",
        ")",
        "&quot;",
        "&lt;b&gt;",
        "\"",
        "'",
        "<img src=\"",
        "## Notes\n",
        "## Script\n",
        "# ",
        "*** ",
        "```\n",
        "{SOT/",
        "}",
        "—",
        "ä",
        "\u{0}",
        "\u{202e}",
        "<!--",
        "-->",
        "`",
        "%",
        " ",
        "word",
        "<br>",
        "<svg onload=",
        ">",
        "\r\n",
        "\\",
        "---\n",
    ];
    proptest::collection::vec(proptest::sample::select(parts), 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn compiling_never_panics_and_lets_no_markup_through(body in fragments(), title in fragments(), name in "[a-z<>\"'&]{0,8}") {
        let title = title.replace(['\n', '\r'], " ");
        let episode = Episode::new()
            .item(&format!("10 {name}.md"), &format!("slug: x\ntitle: {title}"), &body)
            .item("20 b.md", &format!("type: {title}\nslug: {title}"), &body)
            .file("info.md", format!("---\ntitle: {title}\n---\n"));
        prop_assert_eq!(check_all(&episode), Ok(()));
    }

    #[test]
    fn any_text_at_all_is_compiled(text in "\\PC{0,200}", info in "\\PC{0,60}") {
        let episode = Episode::new().file("rundown/10 x.md", &text).item("20 y.md", "", &text).file("info.md", info);
        prop_assert_eq!(check_all(&episode), Ok(()));
        let again = episode.compile();
        prop_assert_eq!(again, episode.compile());
        episode.page(Preset::Production);
    }
}
