//! Asynchronous checks of videos: queued, leased, finished once.

use blob::Purpose;
use proto::sessions as wire;

use crate::{error::Error, service::Sessions, session::Session, store::CheckRow};

pub const RESULT: Purpose = Purpose("result of a check of a video");

/// Lifetime of a check's result.
const LIFETIME_MS: i64 = 30 * 24 * 3600 * 1000;
/// How often a check is started: a video that crashes its worker every time is abandoned.
const MOST_LEASES: i64 = 3;
const GIVEN_UP: &str = "given_up";
const MAX_LEASE_SECONDS: u32 = 3600;
const MAX_ID: usize = 64;

impl Sessions {
    pub(crate) async fn add_check(
        &self,
        request: wire::CreateDeepfakeCheckRequest,
    ) -> Result<wire::DeepfakeCheck, Error> {
        if request.id.is_empty() || request.id.len() > MAX_ID {
            return Err(Error::Invalid("id must have 1 to 64 bytes"));
        }
        let now_ms = (self.clock)();
        let session = self.find_session(&request.project_id, &request.session_id).await?.usable(now_ms)?;
        let user = session.user.as_ref().filter(|_| session.video_bytes.is_some());
        let user = user.ok_or(Error::Invalid("the session has no user or no video"))?;
        let row = CheckRow {
            id: request.id,
            project_id: request.project_id,
            session_id: request.session_id,
            api_key_id: request.api_key_id,
            user_hash: user.hash.clone(),
            state: "pending".to_owned(),
            leases: 0,
            result_sealed: None,
            error: String::new(),
            created_at: now_ms,
            updated_at: now_ms,
        };
        self.store.add_check(&row, now_ms + LIFETIME_MS).await?;
        self.encode_check(row)
    }

    pub(crate) async fn check(
        &self,
        request: &wire::DeepfakeCheckRequest,
    ) -> Result<wire::DeepfakeCheck, Error> {
        let found = self.store.find_check(&request.project_id, &request.id, (self.clock)()).await?;
        self.encode_check(found.ok_or(Error::NoCheck)?)
    }

    pub(crate) async fn lease_check(
        &self,
        request: &wire::LeaseDeepfakeCheckRequest,
    ) -> Result<wire::LeaseDeepfakeCheckResponse, Error> {
        let now_ms = (self.clock)();
        for row in self.store.fail_abandoned_checks(MOST_LEASES, GIVEN_UP, now_ms).await? {
            self.end_video_of(&row).await?;
        }
        let seconds = request.lease_seconds.clamp(1, MAX_LEASE_SECONDS);
        let until_ms = now_ms + i64::from(seconds) * 1000;
        let Some(row) = self.store.lease_check(until_ms, MOST_LEASES, now_ms).await? else {
            return Ok(wire::LeaseDeepfakeCheckResponse { check: None });
        };
        // Without its session there is no video, which the worker reports.
        let session = self.find_session(&row.project_id, &row.session_id).await;
        let user = session.ok().and_then(|session: Session| {
            session.user.as_ref().and_then(|user| self.subjects.open(&session.id, user).ok())
        });
        let check = self.encode_check(row)?;
        let check = wire::DeepfakeCheck { user_fullname: user.unwrap_or_default(), ..check };
        Ok(wire::LeaseDeepfakeCheckResponse { check: Some(check) })
    }

    pub(crate) async fn end_check(
        &self,
        request: &wire::FinishDeepfakeCheckRequest,
    ) -> Result<wire::DeepfakeCheck, Error> {
        let now_ms = (self.clock)();
        let found = self.store.find_check(&request.project_id, &request.id, now_ms).await?;
        let row = CheckRow { leases: request.lease.into(), ..found.ok_or(Error::NoCheck)? };
        let result = &request.result_json;
        let sealed = (!result.is_empty())
            .then(|| self.subjects.ring().seal(RESULT, row.id.as_bytes(), result.as_bytes()))
            .transpose()?;
        if !self.store.finish_check(&row, sealed.as_deref(), &request.error, now_ms).await? {
            return Err(Error::NotLeased);
        }
        self.end_video_of(&row).await?;
        self.check(&wire::DeepfakeCheckRequest { project_id: row.project_id, id: row.id }).await
    }

    /// Ends the session of the video, which deletes the video. An expired session has already deleted it.
    async fn end_video_of(&self, row: &CheckRow) -> Result<(), Error> {
        let request = wire::EndSessionRequest {
            project_id: row.project_id.clone(),
            session_id: row.session_id.clone(),
        };
        match self.end(request).await {
            Ok(_) | Err(Error::NotFound | Error::Ended) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn encode_check(&self, row: CheckRow) -> Result<wire::DeepfakeCheck, Error> {
        let open = |sealed: &Vec<u8>| self.subjects.ring().open_sealed(RESULT, row.id.as_bytes(), sealed);
        let result = row.result_sealed.as_ref().map(open).transpose()?;
        let result = result.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let state = match row.state.as_str() {
            "pending" => wire::DeepfakeCheckState::Pending,
            "processing" => wire::DeepfakeCheckState::Processing,
            "completed" => wire::DeepfakeCheckState::Completed,
            _ => wire::DeepfakeCheckState::Failed,
        };
        Ok(wire::DeepfakeCheck {
            state: state.into(),
            result_json: result.unwrap_or_default(),
            lease: u32::try_from(row.leases).unwrap_or_default(),
            id: row.id,
            project_id: row.project_id,
            session_id: row.session_id,
            api_key_id: row.api_key_id,
            error: row.error,
            user_fullname: String::new(),
            created_at_ms: row.created_at,
            updated_at_ms: row.updated_at,
        })
    }
}
