//! The types of cues, as one table (spec 4.4).
//!
//! Owns what every step needs to know about a type: its words, where its media lie, its id prefix, what it must have.

use serde::{Deserialize, Serialize};

/// A known type of cue. Any other word parses and round-trips too; it has no `CueType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CueType {
    Sot,
    Vo,
    Nat,
    Pkg,
    Fsq,
    Gfx,
    Img,
    Bump,
    Sting,
    Mus,
    Vox,
    Live,
    Note,
    Rif,
    Adlib,
    Break,
    // Known, kept, and printed as a header only:
    Net,
    Cg,
    Lower,
    Title,
    Camera,
    #[serde(rename = "AUDIO_MIC")]
    AudioMic,
    Lighting,
    Director,
    Talent,
}

/// What kind of file a cue names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Media {
    Video,
    /// A picture made from the quote.
    Quote,
    Graphic,
    Image,
    /// Library audio or video.
    Library,
    None,
}

const VIDEO: &[&str] = &["mp4", "mov", "avi", "mkv", "webm"];
const PICTURE: &[&str] = &["png", "jpg", "jpeg", "webp", "gif"];
const LIBRARY: &[&str] = &["mp3", "wav", "m4a", "ogg", "flac", "mp4", "mov", "avi", "mkv", "webm"];

impl Media {
    /// Accepted file extensions, lower case.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Video => VIDEO,
            Self::Quote | Self::Graphic | Self::Image => PICTURE,
            Self::Library => LIBRARY,
            Self::None => &[],
        }
    }

    /// Folders below the episode, written first, then read (spec 4.3).
    pub const fn folders(self) -> &'static [&'static str] {
        match self {
            Self::Video => &["assets/video", "assets/videos", "assets/sots"],
            Self::Quote => &["assets/quotes", "assets/generated_quotes", "assets/graphics", "assets/graphics/quotes"],
            Self::Graphic => &["assets/graphics", "assets/gfx", "assets/gfx/xpost", "assets/images"],
            Self::Image => &["assets/images", "assets/graphics"],
            Self::Library => &["assets/audio", "assets/video", "assets/videos", "assets/sots"],
            Self::None => &[],
        }
    }
}

use CueType as T;

impl CueType {
    pub const ALL: &[CueType] = &[
        T::Sot,
        T::Vo,
        T::Nat,
        T::Pkg,
        T::Fsq,
        T::Gfx,
        T::Img,
        T::Bump,
        T::Sting,
        T::Mus,
        T::Vox,
        T::Live,
        T::Note,
        T::Rif,
        T::Adlib,
        T::Break,
        T::Net,
        T::Cg,
        T::Lower,
        T::Title,
        T::Camera,
        T::AudioMic,
        T::Lighting,
        T::Director,
        T::Talent,
    ];

    /// The type of a word, in any letter case; `DIR` is read as NOTE.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        if word.eq_ignore_ascii_case("DIR") {
            return Some(T::Note);
        }
        Self::ALL.iter().copied().find(|kind| kind.word().eq_ignore_ascii_case(word))
    }

    /// As it is written into new cues.
    pub const fn word(self) -> &'static str {
        match self {
            T::Sot => "SOT",
            T::Vo => "VO",
            T::Nat => "NAT",
            T::Pkg => "PKG",
            T::Fsq => "FSQ",
            T::Gfx => "GFX",
            T::Img => "IMG",
            T::Bump => "BUMP",
            T::Sting => "STING",
            T::Mus => "MUS",
            T::Vox => "VOX",
            T::Live => "LIVE",
            T::Note => "NOTE",
            T::Rif => "RIF",
            T::Adlib => "ADLIB",
            T::Break => "BREAK",
            T::Net => "NET",
            T::Cg => "CG",
            T::Lower => "LOWER",
            T::Title => "TITLE",
            T::Camera => "CAMERA",
            T::AudioMic => "AUDIO_MIC",
            T::Lighting => "LIGHTING",
            T::Director => "DIRECTOR",
            T::Talent => "TALENT",
        }
    }

    pub const fn media(self) -> Media {
        match self {
            T::Sot | T::Vo | T::Nat | T::Pkg => Media::Video,
            T::Fsq => Media::Quote,
            T::Gfx => Media::Graphic,
            T::Img => Media::Image,
            T::Bump | T::Sting | T::Mus | T::Vox => Media::Library,
            _ => Media::None,
        }
    }

    /// What a newly minted AssetID of such a cue begins with. A NOTE, RIF or ADLIB gets none.
    pub const fn prefix(self) -> Option<&'static str> {
        match self {
            T::Note | T::Rif | T::Adlib => None,
            T::Sot => Some("SOT"),
            T::Vo => Some("VO"),
            T::Nat => Some("NAT"),
            T::Pkg => Some("PKG"),
            T::Fsq => Some("FSQ"),
            T::Gfx => Some("GFX"),
            T::Img => Some("IMG"),
            T::Bump => Some("BMP"),
            T::Sting => Some("STG"),
            T::Mus => Some("MUS"),
            T::Vox => Some("VOX"),
            T::Live => Some("LIV"),
            _ => Some("CUE"),
        }
    }

    /// Written into new cues only, and counted when nothing is measured or typed, seconds.
    pub const fn default_seconds(self) -> Option<u64> {
        match self {
            T::Sot | T::Vo | T::Nat | T::Pkg | T::Bump | T::Sting | T::Mus | T::Vox | T::Live => Some(30),
            T::Fsq | T::Gfx | T::Img => Some(15),
            T::Adlib => Some(60),
            _ => None,
        }
    }

    /// Whether enumeration gives it a number (spec 4.9).
    pub const fn is_numbered(self) -> bool {
        !matches!(self.media(), Media::None) || matches!(self, T::Live)
    }

    /// SOT, VO, NAT and PKG: their media file is a "clip" (spec 11 #1).
    pub const fn is_clip(self) -> bool {
        matches!(self, T::Sot | T::Vo | T::Nat | T::Pkg)
    }

    /// Printed as a header only.
    pub const fn is_header_only(self) -> bool {
        matches!(
            self,
            T::Net | T::Cg | T::Lower | T::Title | T::Camera | T::AudioMic | T::Lighting | T::Director | T::Talent
        )
    }

    pub const fn needs_id(self) -> bool {
        !matches!(self, T::Adlib | T::Note | T::Rif)
    }

    pub const fn needs_slug(self) -> bool {
        !matches!(self, T::Adlib | T::Break | T::Note | T::Rif)
    }
}

impl std::fmt::Display for CueType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_compare_without_letter_case() {
        assert_eq!(CueType::parse(" sot"), Some(T::Sot));
        assert_eq!(CueType::parse("Audio_Mic"), Some(T::AudioMic));
        assert_eq!(CueType::parse("dir"), Some(T::Note));
        assert_eq!(CueType::parse("SOTX"), None);
    }

    #[test]
    fn a_type_on_the_wire_is_its_word() {
        for &kind in CueType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }

    #[test]
    fn every_type_with_media_and_live_is_numbered() {
        let numbered: Vec<_> = CueType::ALL.iter().filter(|kind| kind.is_numbered()).map(|kind| kind.word()).collect();
        assert_eq!(numbered, ["SOT", "VO", "NAT", "PKG", "FSQ", "GFX", "IMG", "BUMP", "STING", "MUS", "VOX", "LIVE"]);
    }
}
