//! Names of fields: which spellings are one name, and which spelling is ours (spec 4.2 #6, 4.4).

/// Every name of spec 4.2 and 4.4 in the spelling that new fields get.
const NAMES: &[&str] = &[
    // Those that most cues have come first: a look-up goes down the list.
    "Type",
    "AssetID",
    "Slug",
    "MediaURL",
    "Duration",
    "Description",
    "Title",
    "Status",
    "Quote",
    "Attribution",
    "Transcription",
    "Incue",
    "Outcue",
    "TrimStart",
    "TrimEnd",
    "OriginalTrimStart",
    "OriginalTrimEnd",
    "ClippingMethod",
    "Clips",
    "SourceJobId",
    "SourceAssetID",
    "SourceURL",
    "ThumbnailURL",
    "ThumbnailOptions",
    "AudioURL",
    "AssetURL",
    "Credits",
    "ProcessingStatus",
    "Resolution",
    "Framerate",
    "Orientation",
    "AudioChannels",
    "AudioLayout",
    "SampleRate",
    "AudioProcessing",
    "Enumerator",
    "ConvertedFrom",
    "HasAudio",
    "Script",
    "WordCount",
    "Part",
    "Align",
    "Alignment",
    "Source",
    "Style",
    "FontFamily",
    "FontSize",
    "BoxHeight",
    "BoxOpacity",
    "LineSpacing",
    "AttributionSize",
    "RenderMode",
    "Position",
    "Animation",
    "BackgroundColor",
    "TextColor",
    "GfxType",
    "Body",
    "ListItems",
    "TitleFontSize",
    "TextAlign",
    "VerticalOffset",
    "TitleAlign",
    "TitlePinToTop",
    "TitleMarginTop",
    "TitleMarginBottom",
    "Platform",
    "TweetID",
    "AuthorName",
    "AuthorHandle",
    "AuthorAvatar",
    "AuthorVerified",
    "AuthorBio",
    "AuthorFollowers",
    "AuthorFollowing",
    "TweetText",
    "PublishedTime",
    "ConversationID",
    "Likes",
    "Retweets",
    "Replies",
    "Quotes",
    "Views",
    "Bookmarks",
    "MediaURLs",
    "MediaObjects",
    "Entities",
    "ReferencedTweets",
    "AspectRatio",
    "Notes",
    "Caption",
    "Credit",
    "Script Text",
    "Include Script Text",
    "Name",
    "Alpha",
    "Audio",
    "Note For",
    "Note Text",
    "NeedsAttention",
    "FlagNote",
    "Analysis State",
    "Analysis Field",
    "Analysis Recommendations",
];

/// Whether two spellings name one field: letter case, blanks, `_` and `-` do not count.
pub fn same_name(a: &str, b: &str) -> bool {
    folded(a).eq(folded(b))
}

/// The canonical spelling of a known name.
pub fn canonical_name(name: &str) -> Option<&'static str> {
    NAMES.iter().copied().find(|known| same_name(known, name))
}

pub fn is_known_name(name: &str) -> bool {
    canonical_name(name).is_some()
}

pub(crate) fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| !matches!(c, ' ' | '\t' | '_' | '-')).map(|c| c.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drifted_labels_are_read_as_the_name_they_mean() {
        for (drifted, name) in [
            ("Asset Id", "AssetID"),
            ("assetid", "AssetID"),
            ("Media Url", "MediaURL"),
            ("Mediaurl", "MediaURL"),
            ("Thumbnail URL", "ThumbnailURL"),
            ("Font Size", "FontSize"),
            ("word_count", "WordCount"),
            ("NoteFor", "Note For"),
            ("include-script-text", "Include Script Text"),
            ("analysis_state", "Analysis State"),
        ] {
            assert_eq!(canonical_name(drifted), Some(name), "{drifted}");
        }
        assert_eq!(canonical_name("Kettle"), None);
        assert!(!same_name("MediaURL", "MediaURLs"));
    }

    #[test]
    fn no_two_canonical_names_are_one() {
        for (at, name) in NAMES.iter().enumerate() {
            assert_eq!(NAMES.iter().position(|other| same_name(other, name)), Some(at), "{name}");
        }
    }
}
