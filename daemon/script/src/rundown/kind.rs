//! The words for what an item is (specification 3.2).

use serde::{Deserialize, Serialize};

/// What an item is. A word nobody knows is kept on disk and treated as a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    Segment,
    Interview,
    Package,
    Reader,
    Feature,
    Open,
    ColdOpen,
    Tease,
    Close,
    Cta,
    Ad,
    Promo,
    Break,
    Transition,
    Stinger,
    Rejoin,
}

impl ItemKind {
    pub fn parse(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "interview" => Self::Interview,
            "package" => Self::Package,
            "reader" => Self::Reader,
            "feature" => Self::Feature,
            "open" => Self::Open,
            "coldopen" => Self::ColdOpen,
            "tease" => Self::Tease,
            "close" => Self::Close,
            "cta" => Self::Cta,
            "ad" | "advert" | "advertisement" => Self::Ad,
            "promo" => Self::Promo,
            "break" => Self::Break,
            "trans" | "transition" => Self::Transition,
            "sting" | "stinger" => Self::Stinger,
            "rejoin" => Self::Rejoin,
            _ => Self::Segment,
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Interview => "interview",
            Self::Package => "package",
            Self::Reader => "reader",
            Self::Feature => "feature",
            Self::Open => "open",
            Self::ColdOpen => "coldopen",
            Self::Tease => "tease",
            Self::Close => "close",
            Self::Cta => "cta",
            Self::Ad => "ad",
            Self::Promo => "promo",
            Self::Break => "break",
            Self::Transition => "transition",
            Self::Stinger => "stinger",
            Self::Rejoin => "rejoin",
        }
    }

    /// The others need no text; what they have is printed and counted all the same.
    pub const fn is_scriptable(self) -> bool {
        !matches!(self, Self::Ad | Self::Break | Self::Transition)
    }

    /// Slug and description are generated for these only.
    pub const fn is_described(self) -> bool {
        matches!(self, Self::Segment | Self::Interview | Self::ColdOpen | Self::Close)
    }

    /// Keys of the front matter that such an item must have.
    pub const fn required_keys(self) -> &'static [&'static str] {
        match self {
            Self::Ad => &["id", "slug", "type", "duration", "customer_name"],
            Self::Cta => &["slug", "type", "duration", "title", "message"],
            Self::Promo => &["slug", "type", "duration", "title", "description"],
            Self::Transition | Self::Stinger | Self::Rejoin | Self::Break => &["slug", "type", "duration"],
            _ => &["slug", "type", "duration", "title"],
        }
    }
}
