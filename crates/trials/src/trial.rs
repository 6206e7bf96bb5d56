//! One probe with its expected and its actual result.

/// The expected result of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A genuine comparison, a bona fide presentation, the requested phrase.
    Accept,
    /// An impostor or an attack, of the named species.
    Reject(String),
}

impl Expected {
    /// Parses a label. `species` names the attack; if absent, the label does.
    #[must_use]
    pub fn parse(label: &str, species: Option<&str>) -> Self {
        match label {
            "genuine" | "live" | "bona_fide" | "bonafide" | "real" | "true" | "expected" => Self::Accept,
            other => Self::Reject(species.unwrap_or(other).to_owned()),
        }
    }
}

/// One trial and its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    pub expected: Expected,
    /// Higher is more genuine; finite. `None`: it could not be judged.
    pub score: Option<f64>,
    /// The decision at the shipped threshold; `None` when it could not be judged.
    pub accepted: Option<bool>,
    /// Why it could not be judged, a stable word.
    pub unjudged: Option<String>,
    /// The subject of the trial: the bootstrap unit.
    pub subject: String,
    pub group: Option<String>,
    /// Wrong words (substituted, missing, inserted), and expected words.
    pub words: Option<(usize, usize)>,
    /// Whether the nearest template of a search was the right one.
    pub first_rank: Option<bool>,
}
