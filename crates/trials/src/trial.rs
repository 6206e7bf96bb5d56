//! One probe, what should become of it, and what did.

/// What should become of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A genuine comparison, a bona fide presentation, the phrase that was asked for.
    Accept,
    /// An impostor or an attack, of the species named.
    Reject(String),
}

impl Expected {
    /// Reads a label. `species` names the attack; without one, the label does.
    #[must_use]
    pub fn parse(label: &str, species: Option<&str>) -> Self {
        match label {
            "genuine" | "live" | "bona_fide" | "bonafide" | "real" | "true" | "expected" => Self::Accept,
            other => Self::Reject(species.unwrap_or(other).to_owned()),
        }
    }
}

/// One trial and its outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    pub expected: Expected,
    /// Higher is more genuine; finite. None: it could not be judged.
    pub score: Option<f64>,
    /// What the shipped threshold decided; none when it could not be judged.
    pub accepted: Option<bool>,
    /// Why it could not be judged, a stable word.
    pub unjudged: Option<String>,
    /// Whose trial it is: the unit the intervals draw.
    pub subject: String,
    pub group: Option<String>,
    /// Words that came out wrong (substituted, missing, inserted), and words there were.
    pub words: Option<(usize, usize)>,
    /// Whether the nearest of a search was the right one.
    pub first_rank: Option<bool>,
}
