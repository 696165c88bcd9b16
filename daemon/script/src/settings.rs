//! The settings that the rules over texts name (specification 0.3), read from the canonical texts that steps are given.

use crate::diagnostic::Code;
use crate::edit::{Edit, Guard};
use crate::item::Document;
use crate::repair::may_be_written;
use std::collections::BTreeMap;

/// What becomes of a repair (specification 0.2 #4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Made without asking.
    Safe,
    /// Computed and shown; made when a person accepts it.
    Proposed,
    /// Never made by us.
    Report,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Lower case.
    pub speakers: Vec<String>,
    pub default_speaker: String,
    /// Where they differ from the table of specification 4.8.
    pub classes: BTreeMap<Code, Class>,
    /// Of the lone dash before a paragraph, which has no code of its own (specification 4.12 #2).
    pub leading_dash: Class,
    /// What cannot be mended is flagged in the text itself (specification 4.12 #3).
    pub flags_in_text: bool,
    /// The `status` by which a person hands a note over: what would be proposed is then made. Empty: none does.
    pub hand_over: String,
    /// The `status` with which it is handed back.
    pub hand_back: String,
}

impl Default for Settings {
    fn default() -> Self {
        let speakers = ["host", "guest", "caller", "announcer", "narrator"].map(str::to_owned).to_vec();
        Self {
            speakers,
            default_speaker: "host".into(),
            classes: BTreeMap::new(),
            leading_dash: Class::Proposed,
            flags_in_text: false,
            hand_over: "clean-up".into(),
            hand_back: "review".into(),
        }
    }
}

impl Settings {
    /// From `speech.speakers` (words), `speech.default_speaker` and `repair.<code>` (`safe`, `proposed`, `report`),
    /// `repair.leading_dash` (the same), `repair.flags_in_text` (`true`), `repair.hand_over` and `repair.hand_back` (a
    /// status each; empty: off), keys and values as the configuration gives them. What cannot be understood is as if it were not there: refusing a
    /// configuration is its reader's business.
    pub fn read(values: &BTreeMap<String, String>) -> Self {
        let mut settings = Self::default();
        let given = |key: &str| values.get(key).map(String::as_str).filter(|text| !text.trim().is_empty());
        if let Some(speakers) = given("speech.speakers") {
            let words = speakers.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')));
            settings.speakers = words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        }
        if let Some(speaker) = given("speech.default_speaker") {
            settings.default_speaker = speaker.trim().to_lowercase();
        }
        settings.flags_in_text = given("repair.flags_in_text").is_some_and(|flag| flag.trim() == "true");
        for (key, status) in
            [("repair.hand_over", &mut settings.hand_over), ("repair.hand_back", &mut settings.hand_back)]
        {
            if let Some(given) = values.get(key) {
                given.trim().clone_into(status);
            }
        }
        for (key, value) in values {
            let code = key.strip_prefix("repair.").and_then(|name| Code::parse(&name.to_ascii_uppercase()));
            let class = match value.trim() {
                "safe" => Class::Safe,
                "proposed" => Class::Proposed,
                "report" => Class::Report,
                _ => continue,
            };
            if key == "repair.leading_dash" {
                settings.leading_dash = class;
            }
            if let Some(code) = code {
                settings.classes.insert(code, class);
            }
        }
        settings
    }

    /// What becomes of the repair for this code, which the specification gives the class `own`.
    pub fn class(&self, code: Code, own: Class) -> Class {
        self.classes.get(&code).copied().unwrap_or(own)
    }

    /// A person handed the note over by its `status`, and it can be handed back.
    pub fn is_handed_over(&self, document: &Document<'_>) -> bool {
        let is_known = !self.hand_over.is_empty() && !self.hand_back.is_empty() && self.hand_over != self.hand_back;
        is_known
            && document
                .front()
                .and_then(|front| front.given("status"))
                .is_some_and(|status| status.trim() == self.hand_over)
    }

    /// The edit that hands a note back; `None` for one that was not handed over, or that must not be written.
    pub fn give_back(&self, document: &Document<'_>) -> Option<Edit> {
        let is_due = self.is_handed_over(document) && may_be_written(document);
        is_due.then(|| Edit::SetKey {
            key: "status".into(),
            value: self.hand_back.clone(),
            was: self.hand_over.clone(),
            guard: Guard::Expected,
        })
    }

    pub fn is_speaker(&self, word: &str) -> bool {
        let lower = word.to_lowercase();
        lower == self.default_speaker || self.speakers.contains(&lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_from_their_canonical_texts() {
        let values = [
            ("speech.speakers", "[\"host\", \"Dr. Oolong\"]"),
            ("speech.default_speaker", "Sam"),
            ("repair.quote_doubled", "safe"),
            ("repair.html_in_prose", "report"),
            ("repair.nonsense", "safe"),
            ("repair.leading_dash", "report"),
            ("repair.flags_in_text", "true"),
            ("repair.hand_back", "production"),
        ];
        let values = values.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let settings = Settings::read(&values);
        assert_eq!(settings.speakers, ["host", "dr.", "oolong"]);
        assert!(settings.is_speaker("SAM") && !settings.is_speaker("guest"));
        assert_eq!(settings.class(Code::QuoteDoubled, Class::Proposed), Class::Safe);
        assert_eq!(settings.class(Code::HtmlInProse, Class::Safe), Class::Report);
        assert_eq!(settings.class(Code::SlugBad, Class::Proposed), Class::Proposed);
        assert_eq!((settings.leading_dash, settings.flags_in_text), (Class::Report, true));
        assert_eq!((settings.hand_over.as_str(), settings.hand_back.as_str()), ("clean-up", "production"));
    }

    #[test]
    fn a_note_is_handed_over_by_its_status_unless_there_is_no_word_for_it_or_for_coming_back() {
        let settings = |over: &str, back: &str| {
            let values = [("repair.hand_over", over), ("repair.hand_back", back)];
            Settings::read(&values.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
        };
        let note = Document::parse("---\nstatus: \"clean-up\"\n---\nwords\n");
        assert!(settings("clean-up", "review").is_handed_over(&note));
        for (over, back) in [("", "review"), ("clean-up", ""), ("clean-up", "clean-up"), ("tidy", "review")] {
            assert!(!settings(over, back).is_handed_over(&note), "{over} {back}");
        }
        assert!(!Settings::default().is_handed_over(&Document::parse("status: clean-up\n")), "not in front matter");
        assert_eq!(settings("tidy", "review").give_back(&note), None);
    }
}
