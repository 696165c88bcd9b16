//! `quotes.json` as it is written: the shape of specification 6.2, key for key in its order.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteFile {
    pub metadata: FileMetadata,
    pub quotes: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMetadata {
    pub episode_number: String,
    /// `2026-08-01T10:00:00Z`.
    pub extraction_date: String,
    pub total_quotes: usize,
    pub content_type: String,
    pub version: String,
    pub extractor: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub id: String,
    pub slug: String,
    pub text: String,
    pub attribution: String,
    pub category: String,
    pub tags: Vec<String>,
    /// `rundown_markdown` or `transcript`.
    pub source_type: String,
    /// `candidate`; absent on quotes that a person put into the rundown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    pub priority: String,
    pub metadata: EntryMetadata,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryMetadata {
    /// Below the episode.
    pub source_file: String,
    /// Counts the FSQ cues of an item from 1; 0 for a candidate.
    pub cue_index: usize,
    /// `00:01:04.500`, of candidates only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    pub align: String,
    pub part: String,
    pub word_count: u64,
    /// `MM:SS`.
    pub duration: String,
    pub extraction_date: String,
    pub style: Style,
}

/// What the cue says about its looks; the first five are always there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Style {
    pub font_size: Option<String>,
    pub background_color: Option<String>,
    pub text_color: Option<String>,
    pub position: Option<String>,
    pub animation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub font_family: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution_size: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub box_height: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub box_opacity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_spacing: Option<String>,
}

impl QuoteFile {
    /// The text of the file: two blanks of indentation, a newline at its end.
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("strings and numbers are always JSON");
        text.push('\n');
        text
    }

    /// The same, with every `extraction_date` emptied: what decides whether anything changed.
    #[must_use]
    pub fn without_dates(&self) -> Self {
        let mut bare = self.clone();
        bare.metadata.extraction_date.clear();
        bare.quotes.iter_mut().for_each(|entry| entry.metadata.extraction_date.clear());
        bare
    }
}
