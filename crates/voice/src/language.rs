//! Languages of phrases.

use crate::{DIGITS, Phrase, Reason, dictionary::Dictionary};

/// A language in which a phrase can be checked: any phrase in English, digit strings in the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    English,
    Spanish,
    German,
    French,
    Portuguese,
    Hindi,
    Arabic,
    Chinese,
}

/// The spellings of each of the ten digits, the usual one first.
type Digits = [&'static [&'static str]; 10];

const ENGLISH: Digits = [
    &["zero", "oh"],
    &["one"],
    &["two"],
    &["three"],
    &["four"],
    &["five"],
    &["six"],
    &["seven"],
    &["eight"],
    &["nine"],
];
const SPANISH: Digits = [
    &["cero"],
    &["uno"],
    &["dos"],
    &["tres"],
    &["cuatro"],
    &["cinco"],
    &["seis"],
    &["siete"],
    &["ocho"],
    &["nueve"],
];
const GERMAN: Digits = [
    &["null"],
    &["eins", "ein"],
    &["zwei", "zwo"],
    &["drei"],
    &["vier"],
    &["fünf", "fuenf"],
    &["sechs"],
    &["sieben"],
    &["acht"],
    &["neun"],
];
const FRENCH: Digits = [
    &["zéro", "zero"],
    &["un"],
    &["deux"],
    &["trois"],
    &["quatre"],
    &["cinq"],
    &["six"],
    &["sept"],
    &["huit"],
    &["neuf"],
];
const PORTUGUESE: Digits = [
    &["zero"],
    &["um"],
    &["dois"],
    &["três", "tres"],
    &["quatro"],
    &["cinco"],
    &["seis", "meia"],
    &["sete"],
    &["oito"],
    &["nove"],
];
const HINDI: Digits = [
    &["शून्य", "जीरो", "ज़ीरो"],
    &["एक"],
    &["दो"],
    &["तीन"],
    &["चार"],
    &["पांच", "पाँच"],
    &["छह", "छः", "छे", "छै"],
    &["सात"],
    &["आठ"],
    &["नौ"],
];
const ARABIC: Digits = [
    &["صفر"],
    &["واحد"],
    &["اثنان", "اثنين", "إثنان", "إثنين", "اتنين"],
    &["ثلاثة", "ثلاثه", "تلاتة"],
    &["أربعة", "اربعة", "أربعه", "اربعه"],
    &["خمسة", "خمسه"],
    &["ستة", "سته"],
    &["سبعة", "سبعه"],
    &["ثمانية", "ثمانيه", "تمانية"],
    &["تسعة", "تسعه"],
];
const CHINESE: Digits = [
    &["零", "〇"],
    &["一", "幺"],
    &["二", "两", "兩"],
    &["三"],
    &["四"],
    &["五"],
    &["六"],
    &["七"],
    &["八"],
    &["九"],
];

/// A phrase with a smaller share of letters in known words is not English.
const MIN_KNOWN_SHARE: f32 = 0.5;

impl Language {
    /// In order of detection: some languages share digits.
    pub const ALL: [Self; 8] = [
        Self::English,
        Self::Spanish,
        Self::German,
        Self::French,
        Self::Portuguese,
        Self::Hindi,
        Self::Arabic,
        Self::Chinese,
    ];

    /// Returns the ISO 639-1 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.properties().0
    }

    /// Returns Whisper's token of the language.
    pub(crate) fn token(self) -> u32 {
        self.properties().1
    }

    fn digits(self) -> &'static Digits {
        self.properties().2
    }

    fn properties(self) -> (&'static str, u32, &'static Digits) {
        match self {
            Self::English => ("en", 50_259, &ENGLISH),
            Self::Spanish => ("es", 50_262, &SPANISH),
            Self::German => ("de", 50_261, &GERMAN),
            Self::French => ("fr", 50_265, &FRENCH),
            Self::Portuguese => ("pt", 50_267, &PORTUGUESE),
            Self::Hindi => ("hi", 50_276, &HINDI),
            Self::Arabic => ("ar", 50_272, &ARABIC),
            Self::Chinese => ("zh", 50_260, &CHINESE),
        }
    }

    /// Whether words are separated by spaces.
    pub(crate) fn is_spaced(self) -> bool {
        self != Self::Chinese
    }

    /// Returns the digit of a word, and its other spellings.
    pub(crate) fn digit(self, word: &str) -> Option<(usize, &'static [&'static str])> {
        self.digits().iter().copied().enumerate().find(|(_, spellings)| spellings.contains(&word))
    }

    /// Returns the phrase with its digits as English words, like figures in a transcript.
    pub(crate) fn normal(self, phrase: &Phrase) -> Phrase {
        let words = phrase.words().iter();
        let words: Vec<&str> =
            words.map(|word| self.digit(word).map_or(word.as_str(), |(digit, _)| DIGITS[digit])).collect();
        Phrase::parse(&words.join(" "))
    }

    /// Returns the usual spellings of the ten digits.
    pub(crate) fn digit_words(self) -> [&'static str; 10] {
        self.digits().map(|spellings| spellings[0])
    }

    /// Detects the language of a phrase.
    ///
    /// # Errors
    /// [`Reason::UnsupportedLanguage`] when it is none of these, or not digits in a language with digits only.
    pub(crate) fn of(phrase: &Phrase, dictionary: &Dictionary) -> Result<Self, Reason> {
        let words = phrase.words();
        let is_digits = |language: &Self| words.iter().all(|word| language.digit(word).is_some());
        if let Some(language) = Self::ALL.into_iter().find(is_digits) {
            return Ok(language);
        }
        let letters =
            |words: &mut dyn Iterator<Item = &String>| words.map(|w| w.chars().count()).sum::<usize>();
        let is_known =
            |word: &&String| word.chars().count() == 1 || !dictionary.pronunciations(word).is_empty();
        let known = letters(&mut words.iter().filter(is_known));
        let latin = words.iter().all(|word| word.chars().all(|c| c.is_ascii() || is_accented_latin(c)));
        let is_english = latin && known as f32 >= letters(&mut words.iter()) as f32 * MIN_KNOWN_SHARE;
        if is_english { Ok(Self::English) } else { Err(Reason::UnsupportedLanguage) }
    }
}

fn is_accented_latin(c: char) -> bool {
    matches!(c, '\u{c0}'..='\u{24f}' | '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(text: &str) -> Result<Language, Reason> {
        let dictionary = "my M AY1\nvoice V OY1 S\nis IH1 Z\npassword P AE1 S W ER2 D\n";
        Language::of(&Phrase::parse(text), &Dictionary::new(dictionary.into()).unwrap())
    }

    #[test]
    fn digits_tell_their_language() {
        for (text, expected) in [
            ("4 8 2 1", Language::English),
            ("uno dos tres", Language::Spanish),
            ("eins, zwei, fünf", Language::German),
            ("zéro un deux", Language::French),
            ("um dois três", Language::Portuguese),
            ("शून्य एक पाँच", Language::Hindi),
            ("واحد اثنان ثلاثة", Language::Arabic),
            ("三七九", Language::Chinese),
        ] {
            assert_eq!(language(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_phrases_are_english_or_not_supported() {
        assert_eq!(language("my voice is my password"), Ok(Language::English));
        assert_eq!(language("my password is Wiśniewski"), Ok(Language::English));
        for text in ["mi voz es mi contraseña", "голос", "私の声", "ສະບາຍດີ"] {
            assert_eq!(language(text), Err(Reason::UnsupportedLanguage), "{text}");
        }
    }

    #[test]
    fn digits_of_a_transcript_are_the_same_as_figures_and_as_words() {
        let normal = |text| Language::Spanish.normal(&Phrase::parse(text));
        assert_eq!(normal("Uno, dos, tres."), normal("1 2 3"));
        assert!(normal("uno dos tres").similarity(&normal("hoy después de dos años")) < 0.5);
        assert_eq!(Language::Chinese.normal(&Phrase::parse("三七九")), Phrase::parse("379"));
    }

    #[test]
    fn every_digit_has_one_meaning() {
        for language in Language::ALL {
            for (value, word) in language.digit_words().into_iter().enumerate() {
                assert_eq!(language.digit(word).map(|d| d.0), Some(value), "{word}");
            }
        }
    }
}
