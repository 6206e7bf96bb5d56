//! What a project asks of videos: whether their phrase has to be one that the server chose, and where a recording counts as
//! used before.

use proto::{Word, projects as wire};

use crate::{error::Error, store::VideoSettingsRow};

impl VideoSettingsRow {
    /// Applies what `request` sets.
    ///
    /// # Errors
    /// [`Error::Field`] for a value that is not known.
    pub fn change(&mut self, request: &wire::PutVideoSettingsRequest) -> Result<(), Error> {
        set::<wire::ChallengeRule>(&mut self.challenge, request.challenge, "challenge")?;
        set::<wire::ChallengePhrase>(
            &mut self.challenge_phrase,
            request.challenge_phrase,
            "challenge_phrase",
        )?;
        set::<wire::ReplayScope>(&mut self.replay_scope, request.replay_scope, "replay_scope")?;
        set::<wire::ReplayRule>(&mut self.replays, request.replays, "replays")
    }
}

fn set<E: Word>(stored: &mut String, given: i32, name: &'static str) -> Result<(), Error> {
    let Ok(value) = E::try_from(given) else {
        return Err(Error::field(name, format!("must be {}", E::list_words())));
    };
    if let Some(word) = value.to_word() {
        word.clone_into(stored);
    }
    Ok(())
}

/// The value of a stored word; the column's default is the first of each.
fn value<E: Word + Default>(word: &str) -> i32 {
    E::from_word(word).unwrap_or_default().into()
}

impl From<VideoSettingsRow> for wire::VideoSettings {
    fn from(row: VideoSettingsRow) -> Self {
        Self {
            project_id: row.project_id,
            challenge: value::<wire::ChallengeRule>(&row.challenge),
            challenge_phrase: value::<wire::ChallengePhrase>(&row.challenge_phrase),
            replay_scope: value::<wire::ReplayScope>(&row.replay_scope),
            replays: value::<wire::ReplayRule>(&row.replays),
            updated_at_ms: row.video_settings_at,
            replay_projects: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unspecified_stays_and_unknown_values_are_rejected() {
        let mut row = VideoSettingsRow {
            project_id: "p".into(),
            challenge: "optional".into(),
            challenge_phrase: "digits".into(),
            replay_scope: "project".into(),
            replays: "fail".into(),
            video_settings_at: None,
        };
        let challenge = wire::ChallengeRule::Required.into();
        row.change(&wire::PutVideoSettingsRequest { challenge, ..Default::default() }).unwrap();
        assert_eq!((row.challenge.as_str(), row.replay_scope.as_str()), ("required", "project"));
        let unknown = wire::PutVideoSettingsRequest { replay_scope: 99, ..Default::default() };
        assert_eq!(row.change(&unknown).unwrap_err().to_string(), "must be project or organisation");
    }
}
