//! Hostile notes: what editors, programs and people in a hurry leave behind, glued together at random.

use proptest::prelude::*;

/// As many texts as `PROPTEST_CASES` says, for a long night; else enough to reach every rule.
pub fn many() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1500);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Pieces from which hostile files are made.
const PIECES: &[&str] = &[
    "\n",
    "\n",
    "\n\n",
    "\r\n",
    " ",
    "  ",
    "\t",
    "<!-- Begin Cue -->",
    "<!-- Begin Cue collapsed -->",
    "<!-- End Cue -->",
    "<<!-- Begin Cue -->>",
    "<<!-- End Cue -->>",
    "<!-- begin  cue -->",
    "<!--END cue-->",
    "[Type: SOT]",
    "[Type:FSQ]",
    "[Type: GFX]",
    "[Type: ADLIB, Duration: 00:01:00]",
    "[Type: HOLOGRAM]",
    "[AssetID: pending]",
    "[AssetID: 12345]",
    "[AssetID: SOTMSA79Z40K3TT1E]",
    "[Asset Id: ]",
    "[Slug: LUV my Gov!]",
    "[Slug:  a  ]  ",
    "[Quote: \"\"Tea.\"\"]",
    "[Quote: open",
    "over two] lines]",
    "[MediaURL: blob:x]",
    "[Attribution: — X]",
    "<img src=\"x\">",
    "]",
    "[",
    "{SOT/kettle}",
    "{GFX/tea chart}",
    "{FSQ/watched pot}",
    "— Old Proverb",
    "\"Quoted words.\"",
    "(IMG/x}",
    "{050  [FSQ] pot}",
    "[GFX: id \"words\"]",
    "[FSQ: quote | source]",
    "*** ",
    "IN-0:10 \"a\"",
    "OUT-0:20",
    "to",
    "<p class=\"host\">",
    "<p>",
    "</p>",
    "<span>",
    "</span>",
    "<div>",
    "</div>",
    "&nbsp;",
    "\u{a0}",
    "`",
    "```",
    "```cue SOTMSA79Z40K3TT1E",
    "~~~",
    "word",
    "words and more words of prose",
    "## Notes",
    "## Script",
    "# ",
    "- ",
    "| a  b |",
    "<rev>old|new</rev>",
    "<!--",
    "-->",
    "---",
    "é",
    "“Tee—日本\u{200d}🫖”",
    "undefined",
    "<!-",
    "- Begin Cue -->",
    "%",
    "{{new-id:SOT}}",
];

pub fn hostile() -> impl Strategy<Value = String> {
    let body = prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat());
    let front = prop::sample::select(vec![
        "",
        "---\nslug: x\n---\n",
        "---\nslug: x\nAssetID: SEGMSA79Z40K3TT1E\n---\n",
        "\u{feff}---\r\nstatus: draft\r\n---\r\n",
        "---\nslug: x\nduration: '00:00'   # target\nAssetID:\n---\n",
        "- - -\ntitle: Salt: a history\norder: 010\n--- \n",
        "---\nslug: x\nslug: y\nduration: soon\nDuration: 00:01:00\n---\n",
        "---\nnotes: |-\n  two\n  ---lines\nguests:\n- a\n---\n",
        "---\nthis is no key\nAssetID: pending\n---\n",
        "---\nslug: nobody closes it\n",
        "---\n---\n",
    ]);
    (front, body, any::<bool>()).prop_map(|(front, body, crlf)| {
        let text = format!("{front}{body}");
        if crlf { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text }
    })
}
