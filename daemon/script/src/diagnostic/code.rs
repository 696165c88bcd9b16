//! Every code, its name on the wire and its severity.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Serialised as the specification writes it: `ERROR`, `WARNING`, `INFO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    Error,
    Warning,
    Info,
}

impl Severity {
    /// In the words of a compiler.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

macro_rules! codes {
    ($($severity:ident { $($variant:ident = $name:literal,)* })*) => {
        /// A rule that a file breaks. The names are part of the interface and never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[serde(rename = $name)] $variant,)*)*
        }

        impl Code {
            pub const ALL: &[Code] = &[$($(Code::$variant,)*)*];

            /// As the specification writes it, such as `CUE_STRAY_END`.
            pub const fn name(self) -> &'static str {
                match self { $($(Code::$variant => $name,)*)* }
            }

            /// What the specification says of the code; a finding may be milder ([`super::Diagnostic::with_severity`]).
            pub const fn severity(self) -> Severity {
                match self { $($(Code::$variant => Severity::$severity,)*)* }
            }
        }
    };
}

// `DURATION_DIFFERS` stands in two rows of spec 14, as a warning and as information. It is a warning here; where it is
// information only, the finding says so.
codes! {
    Error {
        EpisodeMissingAssetId = "EPISODE_MISSING_ASSETID",
        EpisodeInvalidAssetId = "EPISODE_INVALID_ASSETID",
        EpisodeMissingDuration = "EPISODE_MISSING_DURATION",
        EpisodeZeroDuration = "EPISODE_ZERO_DURATION",
        SundayShowNotSunday = "SUNDAY_SHOW_NOT_SUNDAY",
        FileReadError = "FILE_READ_ERROR",
        FmUnterminated = "FM_UNTERMINATED",
        CueUnterminated = "CUE_UNTERMINATED",
        CueMissingType = "CUE_MISSING_TYPE",
        CueMissingSlug = "CUE_MISSING_SLUG",
        CueUndefined = "CUE_UNDEFINED",
        FsqMissingQuote = "FSQ_MISSING_QUOTE",
        MediaMissing = "MEDIA_MISSING",
        LossGuard = "LOSS_GUARD",
        NotWritable = "NOT_WRITABLE",
    }
    Warning {
        FmBadLine = "FM_BAD_LINE",
        FmInvalidYaml = "FM_INVALID_YAML",
        FmDuplicateKey = "FM_DUPLICATE_KEY",
        ItemMissingKey = "ITEM_MISSING_KEY",
        StatusIsStage = "STATUS_IS_STAGE",
        SpeakerUnknown = "SPEAKER_UNKNOWN",
        OrderNotANumber = "ORDER_NOT_A_NUMBER",
        CueStrayEnd = "CUE_STRAY_END",
        CueTextGlued = "CUE_TEXT_GLUED",
        CueDoubleAngle = "CUE_DOUBLE_ANGLE",
        CueTypeUnknown = "CUE_TYPE_UNKNOWN",
        CueFieldSwallowed = "CUE_FIELD_SWALLOWED",
        CueDuplicateField = "CUE_DUPLICATE_FIELD",
        CueDuplicateAssetId = "CUE_DUPLICATE_ASSETID",
        CueMissingAssetId = "CUE_MISSING_ASSETID",
        CueInvalidAssetId = "CUE_INVALID_ASSETID",
        CueBlockWhitespace = "CUE_BLOCK_WHITESPACE",
        FsqMissingAttribution = "FSQ_MISSING_ATTRIBUTION",
        SotMissingDuration = "SOT_MISSING_DURATION",
        GfxMissingMedia = "GFX_MISSING_MEDIA",
        SlugBad = "SLUG_BAD",
        LegacyToken = "LEGACY_TOKEN",
        HtmlInProse = "HTML_IN_PROSE",
        QuoteDoubled = "QUOTE_DOUBLED",
        QuoteAttributionInside = "QUOTE_ATTRIBUTION_INSIDE",
        MediaAmbiguous = "MEDIA_AMBIGUOUS",
        MediaUnprocessed = "MEDIA_UNPROCESSED",
        DurationDiffers = "DURATION_DIFFERS",
        ConflictCopy = "CONFLICT_COPY",
        StignoreIncomplete = "STIGNORE_INCOMPLETE",
        FileTooBigToSync = "FILE_TOO_BIG_TO_SYNC",
        StrayName = "STRAY_NAME",
        EpisodeMissingType = "EPISODE_MISSING_TYPE",
        DurationParseError = "DURATION_PARSE_ERROR",
        EpisodeTooShort = "EPISODE_TOO_SHORT",
        EpisodeTooLong = "EPISODE_TOO_LONG",
        SegmentTooShort = "SEGMENT_TOO_SHORT",
        SegmentTooLong = "SEGMENT_TOO_LONG",
        DurationMismatch = "DURATION_MISMATCH",
        MissingSegmentAssetId = "MISSING_SEGMENT_ASSETID",
        InvalidSegmentAssetId = "INVALID_SEGMENT_ASSETID",
        MissingOrder = "MISSING_ORDER",
        MissingDuration = "MISSING_DURATION",
        ZeroDuration = "ZERO_DURATION",
        OrderMismatch = "ORDER_MISMATCH",
        MissingFilenameOrder = "MISSING_FILENAME_ORDER",
        DuplicateOrder = "DUPLICATE_ORDER",
        MissingAirdate = "MISSING_AIRDATE",
        InvalidAirdateFormat = "INVALID_AIRDATE_FORMAT",
        AirdateMismatch = "AIRDATE_MISMATCH",
        EmptyContent = "EMPTY_CONTENT",
        MinimalContent = "MINIMAL_CONTENT",
        SystemMessage = "SYSTEM_MESSAGE",
    }
    Info {
        EpisodeNotProductionReady = "EPISODE_NOT_PRODUCTION_READY",
        EpisodeNameNotPadded = "EPISODE_NAME_NOT_PADDED",
        NotAnItem = "NOT_AN_ITEM",
        CueFence = "CUE_FENCE",
        AssetIdForeign = "ASSETID_FOREIGN",
        QuoteEscapes = "QUOTE_ESCAPES",
        MediaRemote = "MEDIA_REMOTE",
        DurationFourthPart = "DURATION_FOURTH_PART",
    }
}

impl Code {
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_on_the_wire_is_its_name() {
        for &code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
            assert_eq!(Code::parse(code.name()), Some(code));
        }
        assert_eq!(serde_json::to_value(Severity::Warning).unwrap(), "WARNING");
    }

    #[test]
    fn what_only_the_checks_name_is_a_warning() {
        assert_eq!(Code::MinimalContent.severity(), Severity::Warning);
        assert_eq!(Code::EpisodeNotProductionReady.severity(), Severity::Info);
        assert_eq!(Code::SundayShowNotSunday.severity(), Severity::Error);
    }
}
