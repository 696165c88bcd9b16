//! An episode made of a few strings.

use show_script::classify::classify;
use show_script::compile::{Compiled, CoverTemplate, Input, Preset, Settings, compile};
use show_script::item::Document;
use show_script::listing::Listing;
use show_script::path::Shelf;
use show_script::quote::{self, Candidate, Extracted};
use show_script::rundown::Rundown;
use std::collections::BTreeMap;

/// 2026-08-01T10:00:00Z.
pub const NOW: i64 = 1_785_578_400_000;

/// The complete example item of the specification, 3.3.
pub const COLD_OPEN: &str = r#"---
id: segment_20260801_001
slug: cold-open
type: coldopen
order: 10
duration: 00:00:00
status: production
title: Cold Open
---

## Notes

Notes never reach the script. {SOT/not-a-token}

## Script

<p class="host">Good evening. Tonight the kettle was 100% to blame.</p>

<!-- Begin Cue -->
[Type: SOT]
[AssetID: SOTMSA79Z40K3TT1E]
[Slug: kettle-boils]
[MediaURL: ../assets/video/kettle-boils.mp4]
[Duration: 00:00:12]
[Transcription: It began to whistle [laughter] and then,
it did not stop.]
<!-- End Cue -->

<p class="guest bullet" data-needs-attention="true" data-flag-note="check &quot;boil&quot; figure">Guest says it boiled at 99 degrees.</p>

<!-- Begin Cue collapsed -->
[Type: FSQ]
[AssetID: FSQMSA79Z41P0TW4T]
[Slug: watched-pot]
[Quote: "A watched pot [it was said] never boils, he called it "the law" of kettles."]
[Attribution: — Old Proverb]
[FontSize: 34px]
[Part: 1x1]
<!-- End Cue -->

Bare Markdown after the cue, with no paragraph tag at all.
"#;

pub const INFO: &str = "---\nAssetID: EPSMSA79Z40T34P0T\nairdate: 2026-08-09\ntitle: The Kettle Report\n---\n";

#[derive(Clone)]
pub struct Episode {
    pub files: BTreeMap<String, Vec<u8>>,
    pub settings: Settings,
    pub template: Option<Result<String, String>>,
}

impl Episode {
    pub fn new() -> Self {
        let settings = Settings { show_name: "The Show".into(), ..Settings::default() };
        Self { files: BTreeMap::new(), settings, template: None }.file("info.md", INFO)
    }

    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.insert(path.to_owned(), content.as_ref().to_vec());
        self
    }

    /// An item in production with this body; `front` are further lines of its front matter.
    pub fn item(self, name: &str, front: &str, body: &str) -> Self {
        let front = if front.is_empty() { String::new() } else { format!("{front}\n") };
        let text = format!("---\nstatus: production\n{front}---\n{body}\n");
        self.file(&format!("rundown/{name}"), text)
    }

    /// The body of the only item, a segment with a slug.
    pub fn body(body: &str) -> Self {
        Self::new().item("10 Tea.md", "slug: tea\norder: 10\ntitle: Tea", body)
    }

    pub fn with<T>(&self, work: impl FnOnce(&Rundown<'_>, &Input<'_>) -> T) -> T {
        let text = |path: &str| self.files.get(path).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let found = classify(&Listing::new(self.files.iter().map(|(path, it)| (path, it.len() as u64))), text);
        let rundown = Rundown::read(&found, text);
        let shelf = Shelf::new(found.iter().map(|found| (found.path.as_str(), &found.kind)));
        let info = text("info.md").map(Document::parse);
        let template = match &self.template {
            None => CoverTemplate::Unset,
            Some(Ok(html)) => CoverTemplate::Html(html),
            Some(Err(why)) => CoverTemplate::Unreadable(why),
        };
        let input = Input {
            episode: "0900",
            info: info.as_ref(),
            rundown: &rundown,
            shelf: &shelf,
            files: &self.files,
            template: &template,
            settings: &self.settings,
        };
        work(&rundown, &input)
    }

    pub fn compile(&self) -> Compiled {
        self.with(|_, input| compile(input, &Preset::ALL))
    }

    /// What stands between the style sheet and the end of the page.
    pub fn page(&self, preset: Preset) -> String {
        let compiled = self.compile();
        let path = format!("scripts/current/0900-{}.html", preset.word());
        let page = compiled.files.iter().find(|(found, _)| *found == path).map(|(_, page)| page.as_str());
        body_of(page.unwrap_or_default())
    }

    pub fn host(&self) -> String {
        self.page(Preset::Host)
    }

    /// The page without its cover.
    pub fn script(&self) -> String {
        let page = self.host();
        page.split_once("<div class=\"block-start\">").map(|(_, rest)| rest.to_owned()).unwrap_or(page)
    }

    pub fn quotes(&self, candidates: &[Candidate], previous: Option<&str>, now: i64) -> Extracted {
        self.with(|rundown, _| {
            let sources: Vec<_> = rundown.items().filter_map(quote::Source::of).collect();
            quote::extract("0900", &sources, candidates, previous, now)
        })
    }
}

pub fn body_of(page: &str) -> String {
    page.split_once("<div class=\"container\">").map(|(_, body)| body.to_owned()).unwrap_or_default()
}

pub fn cue(fields: &str) -> String {
    format!("<!-- Begin Cue -->\n{fields}\n<!-- End Cue -->\n")
}

/// The smallest thing that begins like a picture.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
