//! Challenges: phrases the server chooses, so that a video cannot be recorded before it is asked for.

use proto::{
    projects::VideoSettings,
    sessions::{Challenge, ChallengeKind, IssueChallengeRequest, UseChallengeRequest},
};
use scoring::ChallengeUse;

use crate::core::{Core, caller::Caller, error::Error, sessions::bind_user, verification::Verification};

/// What a project asks of the phrases of its videos.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChallengePolicy {
    pub is_required: bool,
    pub has_words: bool,
}

impl From<&VideoSettings> for ChallengePolicy {
    fn from(settings: &VideoSettings) -> Self {
        Self {
            is_required: settings.challenge == "required",
            has_words: settings.challenge_phrase == "words",
        }
    }
}

/// The phrase a video has to say, and whether this server chose it.
#[derive(Debug)]
pub struct AskedPhrase {
    pub phrase: String,
    /// Empty: chosen by the phrase.
    pub vocabulary: String,
    pub challenge: ChallengeUse,
}

/// Issues the session's phrase, in place of an earlier one. `user`, if the request names one, must be the session's own.
///
/// # Errors
/// 403, 404 or 409, as the sessions service decides; 409 when the session has had its most phrases.
pub async fn issue_challenge(
    core: &Core,
    caller: &Caller,
    session_id: &str,
    user: Option<&str>,
) -> Result<Challenge, Error> {
    caller.settle_session(&mut Some(session_id.to_owned()), &mut user.map(str::to_owned))?;
    if let Some(user) = user {
        bind_user(core, caller, session_id, user).await?;
    }
    let kind = if caller.challenge.has_words { ChallengeKind::Words } else { ChallengeKind::Digits };
    let request = IssueChallengeRequest {
        project_id: caller.project_id.clone(),
        session_id: session_id.to_owned(),
        kind: kind.into(),
    };
    Ok(core.services().sessions().issue_challenge(request).await?.into_inner())
}

/// The phrase of a video. In a session with a challenge it is the issued one, which is used up by this; without, the
/// caller's, unless the project requires a challenge.
///
/// # Errors
/// 400 without any phrase, or for another one than the issued; 409 when the challenge was used or has expired, or when one
/// is required and there is none.
pub async fn settle_phrase(
    verification: &Verification<'_>,
    phrase: Option<&str>,
    vocabulary: &str,
) -> Result<AskedPhrase, Error> {
    if let Some(challenge) = use_challenge(verification, phrase).await? {
        let Challenge { phrase, vocabulary, .. } = challenge;
        return Ok(AskedPhrase { phrase, vocabulary, challenge: ChallengeUse::Answered });
    }
    // A dashboard user who tries out their own project verifies nobody.
    if verification.caller.challenge.is_required && !verification.caller.is_dashboard_user() {
        return Err(Error::ChallengeRequired);
    }
    let phrase = phrase.ok_or(Error::invalid("'phrase' form value is required"))?.to_owned();
    Ok(AskedPhrase { phrase, vocabulary: vocabulary.to_owned(), challenge: ChallengeUse::Missing })
}

async fn use_challenge(
    verification: &Verification<'_>,
    phrase: Option<&str>,
) -> Result<Option<Challenge>, Error> {
    let Some(session_id) = &verification.session_id else { return Ok(None) };
    let request = UseChallengeRequest {
        project_id: verification.caller.project_id.clone(),
        session_id: session_id.clone(),
        phrase: phrase.map(str::to_owned),
    };
    let used = verification.core.services().sessions().use_challenge(request).await?;
    Ok(used.into_inner().challenge)
}
