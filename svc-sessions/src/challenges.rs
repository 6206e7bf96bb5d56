//! The phrase of a session: issued a few times, each answered once.

use proto::sessions as wire;

use crate::{
    challenge::{self, Kind, LIFETIME_MS},
    error::Error,
    service::Sessions,
};

impl Sessions {
    pub(crate) async fn issue_challenge(
        &self,
        request: &wire::IssueChallengeRequest,
    ) -> Result<wire::Challenge, Error> {
        let kind = match request.kind() {
            wire::ChallengeKind::Words => Kind::Words,
            wire::ChallengeKind::Digits => Kind::Digits,
            wire::ChallengeKind::Unspecified => return Err(Error::Invalid("kind is required")),
        };
        let now_ms = (self.clock)();
        let session = self.find_session(&request.project_id, &request.session_id).await?.usable(now_ms)?;
        let phrase = challenge::phrase(kind, challenge::system_random)?;
        let expires_at_ms = session.expires_at_ms.min(now_ms + LIFETIME_MS);
        let sealed = challenge::seal(self.subjects.ring(), &session.id, &phrase)?;
        let (project, id) = (&session.project_id, &session.id);
        if !self.store.put_challenge(project, id, &sealed, expires_at_ms, now_ms).await? {
            self.find_session(&request.project_id, &request.session_id).await?.usable((self.clock)())?;
            return Err(Error::TooManyChallenges);
        }
        Ok(encode(&phrase, expires_at_ms))
    }

    /// Uses up the phrase of a session, which is no longer stored from then on.
    pub(crate) async fn use_challenge(
        &self,
        request: &wire::UseChallengeRequest,
    ) -> Result<wire::UseChallengeResponse, Error> {
        let session =
            self.find_session(&request.project_id, &request.session_id).await?.usable((self.clock)())?;
        let (project, id) = (&session.project_id, &session.id);
        let row = self.store.find_challenge(project, id).await?.ok_or(Error::NotFound)?;
        if row.challenges == 0 {
            return Ok(wire::UseChallengeResponse { challenge: None });
        }
        let (Some(sealed), Some(expires_at_ms)) = (row.challenge_sealed, row.challenge_expires_at) else {
            return Err(Error::ChallengeUsed);
        };
        if expires_at_ms <= (self.clock)() {
            return Err(Error::ChallengeExpired);
        }
        let phrase = challenge::open(self.subjects.ring(), id, &sealed)?;
        if request.phrase.as_deref().is_some_and(|named| !challenge::is_same(&phrase, named)) {
            return Err(Error::Invalid("phrase is not the one of this session's challenge"));
        }
        // Of two calls with the same phrase one changes the row; a phrase that was replaced meanwhile is not used up.
        if !self.store.use_challenge(project, id, &sealed, (self.clock)()).await? {
            return Err(Error::ChallengeUsed);
        }
        Ok(wire::UseChallengeResponse { challenge: Some(encode(&phrase, expires_at_ms)) })
    }
}

fn encode(phrase: &str, expires_at_ms: i64) -> wire::Challenge {
    let vocabulary = challenge::vocabulary(phrase).to_owned();
    wire::Challenge { phrase: phrase.to_owned(), vocabulary, expires_at_ms }
}
