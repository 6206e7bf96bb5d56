//! What a project asks of videos: whether their phrase has to be one that the server chose, and where a recording counts as
//! used before.

use proto::projects as wire;

use crate::{error::Error, store::VideoSettingsRow};

/// Values of each setting; the first is the default.
const CHALLENGE: [&str; 2] = ["optional", "required"];
const CHALLENGE_PHRASE: [&str; 2] = ["digits", "words"];
const REPLAY_SCOPE: [&str; 2] = ["project", "organisation"];
const REPLAYS: [&str; 4] = ["fail", "refer", "report", "off"];

/// The scope in which the other projects of the organisation count.
pub const ORGANISATION: &str = "organisation";

impl VideoSettingsRow {
    /// Applies what `request` sets.
    ///
    /// # Errors
    /// [`Error::Field`] for a word that is not known.
    pub fn change(&mut self, request: &wire::PutVideoSettingsRequest) -> Result<(), Error> {
        set(&mut self.challenge, request.challenge.as_ref(), "challenge", &CHALLENGE)?;
        let phrase = request.challenge_phrase.as_ref();
        set(&mut self.challenge_phrase, phrase, "challenge_phrase", &CHALLENGE_PHRASE)?;
        set(&mut self.replay_scope, request.replay_scope.as_ref(), "replay_scope", &REPLAY_SCOPE)?;
        set(&mut self.replays, request.replays.as_ref(), "replays", &REPLAYS)
    }
}

/// # Errors
/// [`Error::Field`] for a word that is not known.
pub fn check_replays(word: Option<&String>) -> Result<(), Error> {
    set(&mut String::new(), word, "replays", &REPLAYS)
}

fn set(
    kept: &mut String,
    given: Option<&String>,
    name: &'static str,
    words: &[&'static str],
) -> Result<(), Error> {
    let Some(word) = given else { return Ok(()) };
    if !words.contains(&word.as_str()) {
        return Err(Error::field(name, format!("must be one of {}", words.join(", "))));
    }
    kept.clone_from(word);
    Ok(())
}

impl From<VideoSettingsRow> for wire::VideoSettings {
    fn from(row: VideoSettingsRow) -> Self {
        Self {
            project_id: row.project_id,
            challenge: row.challenge,
            challenge_phrase: row.challenge_phrase,
            replay_scope: row.replay_scope,
            replays: row.replays,
            updated_at_ms: row.video_settings_at,
            replay_projects: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_stay_unchanged_and_unknown_values_are_rejected() {
        let mut row = VideoSettingsRow {
            project_id: "p".into(),
            challenge: CHALLENGE[0].into(),
            challenge_phrase: CHALLENGE_PHRASE[0].into(),
            replay_scope: REPLAY_SCOPE[0].into(),
            replays: REPLAYS[0].into(),
            video_settings_at: None,
        };
        let change =
            wire::PutVideoSettingsRequest { challenge: Some("required".into()), ..Default::default() };
        row.change(&change).unwrap();
        assert_eq!((row.challenge.as_str(), row.replay_scope.as_str()), ("required", "project"));
        let unknown =
            wire::PutVideoSettingsRequest { replay_scope: Some("world".into()), ..Default::default() };
        assert_eq!(row.change(&unknown).unwrap_err().to_string(), "must be one of project, organisation");
    }
}
