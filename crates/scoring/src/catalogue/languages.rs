//! The languages of user-facing texts.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    #[default]
    En,
    Es,
    De,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::En, Self::Es, Self::De];

    /// The ISO 639-1 code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::De => "de",
        }
    }

    /// Returns the language of a tag such as `de` or `de-AT`; `None`: not supported.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.as_str().eq_ignore_ascii_case(primary))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_by_its_language() {
        for (tag, language) in
            [("de", Some(Language::De)), ("ES-mx", Some(Language::Es)), ("fr", None), ("", None)]
        {
            assert_eq!(Language::from_tag(tag), language, "{tag}");
        }
    }
}
