//! Video settings of each project.

use serde_json::{Value, json};

use super::{Store, grants::ProjectGrant};
use crate::{api_key::ProjectId, audit::Change, error::Error};

/// Most other projects whose recordings are compared.
const MAX_REPLAY_PROJECTS: u32 = 100;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct VideoSettingsRow {
    pub project_id: String,
    pub challenge: String,
    pub challenge_phrase: String,
    pub replay_scope: String,
    pub replays: String,
    /// `None`: never set.
    pub video_settings_at: Option<i64>,
}

impl VideoSettingsRow {
    fn audited(&self) -> Value {
        json!({"challenge": self.challenge, "challenge_phrase": self.challenge_phrase, "replay_scope": self.replay_scope,
               "replays": self.replays})
    }
}

impl Store {
    /// `None`: no such project.
    pub async fn find_video_settings(&self, project: &ProjectId) -> Result<Option<VideoSettingsRow>, Error> {
        const SQL: &str = "SELECT id AS project_id, challenge, challenge_phrase, replay_scope, replays, \
                           video_settings_at \
                           FROM projects WHERE id = $1";
        Ok(self.db.fetch_optional(SQL, db::params![project.as_str()]).await?)
    }

    pub async fn put_video_settings(
        &self,
        before: &VideoSettingsRow,
        after: &VideoSettingsRow,
        now_ms: i64,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE projects SET challenge = $2, challenge_phrase = $3, replay_scope = $4, \
                           video_settings_at = $5, replays = $6 WHERE id = $1";
        let project = ProjectId::parse(&after.project_id)?;
        let change = self.change_in(&project, "video_settings.changed", project.as_str()).await?;
        let change = Change {
            before: Some(before.audited()),
            after: Some(after.audited()),
            ..change.ok_or(Error::NoSuchProject)?
        };
        let put = db::params![
            project.as_str(),
            &after.challenge,
            &after.challenge_phrase,
            &after.replay_scope,
            now_ms,
            &after.replays,
        ];
        let (mut tx, head) = self.begin_audited().await?;
        tx.execute(SQL, put).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// Returns the other projects of the organisation that share their recordings.
    ///
    /// # Errors
    /// [`Error::Tampered`] when one of them was moved without the master key.
    pub async fn replay_projects(&self, project: &ProjectId) -> Result<Vec<String>, Error> {
        const SQL: &str = "SELECT o.id, o.organisation_id, o.dialects, o.mac \
                           FROM projects p JOIN projects o ON o.organisation_id = p.organisation_id \
                           WHERE p.id = $1 AND o.id <> p.id AND o.replay_scope = 'organisation' ORDER BY o.id LIMIT $2";
        let params = db::params![project.as_str(), MAX_REPLAY_PROJECTS];
        let found: Vec<ProjectGrant> = self.db.fetch_all(SQL, params).await?;
        found.iter().try_for_each(|other| self.check_project(other))?;
        Ok(found.into_iter().map(|other| other.id).collect())
    }
}
