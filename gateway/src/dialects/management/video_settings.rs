//! `/api-projects/video-settings`: a project's requirements for videos.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use boot::timestamp::rfc3339;
use proto::{
    Word,
    projects::{self, ReplayScope},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::{caller::Caller, error::Error, permissions, permissions::Permission, project_settings},
    http::{dashboard_session::DashboardUser, envelope::Envelope, json, state::Gateway},
};

/// Changes of the settings; absent fields do not change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VideoSettingsChange {
    /// `optional`, or `required`: process-video is only allowed in sessions with a challenge.
    #[schema(example = "required")]
    challenge: Option<String>,
    /// The vocabulary of challenge phrases: `digits` or `words`.
    #[schema(example = "digits")]
    challenge_phrase: Option<String>,
    /// The scope in which a recording counts as reused: the `project`, or all projects of the `organisation` that also
    /// chose it. The latter can only be set by an owner, in the dashboard.
    #[schema(example = "project")]
    replay_scope: Option<String>,
    /// The effect of a reused recording when scoring rules do not name `media_replay`: `fail`, `refer`, `report` (only
    /// a reason) or `off`.
    #[schema(example = "fail")]
    replays: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct VideoSettingsData {
    #[schema(example = "optional")]
    challenge: &'static str,
    #[schema(example = "digits")]
    challenge_phrase: &'static str,
    #[schema(example = "project")]
    replay_scope: &'static str,
    #[schema(example = "fail")]
    replays: &'static str,
    /// Null while the defaults are in force.
    updated_at: Option<String>,
}

/// Returns the project's requirements for videos.
#[utoipa::path(get, path = "/api-projects/video-settings", tag = "projects",
    responses((status = 200, body = Envelope<VideoSettingsData>)))]
pub async fn get_video_settings(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Envelope<VideoSettingsData>>, Error> {
    let found = project_settings::get_video_settings(gateway.core(), &caller).await?;
    Ok(Json(Envelope::new("video settings found", found.into())))
}

/// Changes the project's requirements for videos, from the next call on.
#[utoipa::path(put, path = "/api-projects/video-settings", tag = "projects", request_body = VideoSettingsChange,
    responses((status = 200, body = Envelope<VideoSettingsData>), (status = 400, description = "a word that is not known"),
        (status = 403, description = "only an owner may set replay_scope to organisation")))]
pub async fn put_video_settings(
    State(gateway): State<Gateway>,
    caller: Caller,
    user: Option<Extension<DashboardUser>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<VideoSettingsData>>, Error> {
    let change: VideoSettingsChange = json::parse_change(body, &[])?;
    let is_owner = user.is_some_and(|user| permissions::is_allowed(user.role(), Permission::OwnersWrite));
    let request = projects::PutVideoSettingsRequest {
        project_id: caller.project_id.clone(),
        challenge: value::<projects::ChallengeRule>("challenge", change.challenge)?,
        challenge_phrase: value::<projects::ChallengePhrase>("challenge_phrase", change.challenge_phrase)?,
        replay_scope: value::<ReplayScope>("replay_scope", change.replay_scope)?,
        replays: value::<projects::ReplayRule>("replays", change.replays)?,
    };
    if request.replay_scope() == ReplayScope::Organisation && !is_owner {
        let current = project_settings::get_video_settings(gateway.core(), &caller).await?;
        if current.replay_scope() != ReplayScope::Organisation {
            return Err(Error::OwnerRequired);
        }
    }
    let stored = project_settings::put_video_settings(gateway.core(), request).await?;
    Ok(Json(Envelope::new("video settings updated", stored.into())))
}

/// Returns the value for a word; unspecified when absent.
fn value<E: Word + Default>(field: &'static str, word: Option<String>) -> Result<i32, Error> {
    let Some(word) = word else { return Ok(E::default().into()) };
    let value =
        E::from_word(&word).ok_or_else(|| Error::field(field, &format!("must be {}", E::list_words())));
    value.map(Into::into)
}

impl From<projects::VideoSettings> for VideoSettingsData {
    fn from(settings: projects::VideoSettings) -> Self {
        Self {
            challenge: settings.challenge().as_word(),
            challenge_phrase: settings.challenge_phrase().as_word(),
            replay_scope: settings.replay_scope().as_word(),
            replays: settings.replays().as_word(),
            updated_at: settings.updated_at_ms.map(rfc3339),
        }
    }
}
