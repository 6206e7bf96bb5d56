//! What a project asks of videos: whether their phrase has to be one that the server chose, and where a recording counts as
//! used before.

use proto::projects as wire;

use crate::{error::Error, store::VideoSettingsRow};

/// Values of each setting; the first is the default.
const CHALLENGE: [&str; 2] = ["optional", "required"];
const CHALLENGE_PHRASE: [&str; 2] = ["digits", "words"];
const REPLAY_SCOPE: [&str; 2] = ["project", "organisation"];

/// The scope in which the other projects of the organisation count.
pub const ORGANISATION: &str = "organisation";

impl VideoSettingsRow {
    /// Applies what `request` sets.
    ///
    /// # Errors
    /// [`Error::Field`] for a word that is not known.
    pub fn change(&mut self, request: &wire::PutVideoSettingsRequest) -> Result<(), Error> {
        let set = |kept: &mut String, given: &Option<String>, name, words: [&'static str; 2]| match given {
            Some(word) if !words.contains(&word.as_str()) => {
                Err(Error::field(name, format!("must be {} or {}", words[0], words[1])))
            }
            Some(word) => {
                kept.clone_from(word);
                Ok(())
            }
            None => Ok(()),
        };
        set(&mut self.challenge, &request.challenge, "challenge", CHALLENGE)?;
        set(&mut self.challenge_phrase, &request.challenge_phrase, "challenge_phrase", CHALLENGE_PHRASE)?;
        set(&mut self.replay_scope, &request.replay_scope, "replay_scope", REPLAY_SCOPE)
    }
}

impl From<VideoSettingsRow> for wire::VideoSettings {
    fn from(row: VideoSettingsRow) -> Self {
        Self {
            project_id: row.project_id,
            challenge: row.challenge,
            challenge_phrase: row.challenge_phrase,
            replay_scope: row.replay_scope,
            updated_at_ms: row.video_settings_at,
            replay_projects: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_stays_and_unknown_words_are_refused() {
        let mut row = VideoSettingsRow {
            project_id: "p".into(),
            challenge: CHALLENGE[0].into(),
            challenge_phrase: CHALLENGE_PHRASE[0].into(),
            replay_scope: REPLAY_SCOPE[0].into(),
            video_settings_at: None,
        };
        let change =
            wire::PutVideoSettingsRequest { challenge: Some("required".into()), ..Default::default() };
        row.change(&change).unwrap();
        assert_eq!((row.challenge.as_str(), row.replay_scope.as_str()), ("required", "project"));
        let unknown =
            wire::PutVideoSettingsRequest { replay_scope: Some("world".into()), ..Default::default() };
        assert_eq!(row.change(&unknown).unwrap_err().to_string(), "must be project or organisation");
    }
}
