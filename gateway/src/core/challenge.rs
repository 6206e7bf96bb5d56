//! Challenges: phrases the server chooses, so that a video cannot be recorded in advance.

use proto::{
    projects::{ChallengePhrase, ChallengeRule, VideoSettings},
    sessions::{Challenge, ChallengeKind, IssueChallengeRequest, UseChallengeRequest},
};
use scoring::ChallengeUse;

use crate::core::{Core, caller::Caller, error::Error, sessions::bind_user, verification::Verification};

/// A project's requirements for the phrases of its videos.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChallengePolicy {
    pub is_required: bool,
    pub has_words: bool,
}

impl From<&VideoSettings> for ChallengePolicy {
    fn from(settings: &VideoSettings) -> Self {
        Self {
            is_required: settings.challenge() == ChallengeRule::Required,
            has_words: settings.challenge_phrase() == ChallengePhrase::Words,
        }
    }
}

/// The expected phrase of a video, and whether this server chose it.
#[derive(Debug)]
pub struct AskedPhrase {
    pub phrase: String,
    /// Empty: derived from the phrase.
    pub vocabulary: String,
    pub challenge: ChallengeUse,
}

/// Issues the session's phrase, and replaces an earlier one. `user`, if the request names one, must be the session's own.
///
/// # Errors
/// 403, 404 or 409, as the sessions service decides; 409 when the session has reached its limit of phrases.
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

/// Returns the phrase of a video. In a session with a challenge it is the issued one, which is used up by this call;
/// otherwise the caller's, unless the project requires a challenge.
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
    // A dashboard user who tries their own project verifies nobody.
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
