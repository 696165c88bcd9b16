//! The colours, by what they mean. Words carry the meaning too, so that nothing is lost without them.

use anstyle::{AnsiColor, Style};

/// What a piece of text means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ink {
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Going on.
    Busy,
    /// Needs somebody.
    Bad,
    /// Worth a look.
    Warm,
    /// Less important than what stands beside it.
    Dim,
    /// The name of the thing.
    Name,
}

impl Ink {
    pub fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Busy => AnsiColor::Cyan.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Warm => AnsiColor::Yellow.on_default(),
            Self::Dim => Style::new().dimmed(),
            Self::Name => Style::new().bold(),
        }
    }

    pub fn paint(self, text: &str) -> String {
        let style = self.style();
        if text.is_empty() || self == Self::Plain { text.into() } else { format!("{style}{text}{style:#}") }
    }
}

pub fn bad(text: &str) -> String {
    Ink::Bad.paint(text)
}

pub fn dim(text: &str) -> String {
    Ink::Dim.paint(text)
}

pub fn name(text: &str) -> String {
    Ink::Name.paint(text)
}
