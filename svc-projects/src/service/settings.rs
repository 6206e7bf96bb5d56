//! Settings of a project: videos and retention.

use proto::projects as wire;

use super::Projects;
use crate::{api_key::ProjectId, error::Error};

impl Projects {
    pub(super) async fn video_settings(&self, project: &str) -> Result<wire::VideoSettings, Error> {
        let project = ProjectId::parse(project)?;
        Ok(self.store.find_video_settings(&project).await?.ok_or(Error::NoSuchProject)?.into())
    }

    pub(super) async fn put_video_settings(
        &self,
        request: &wire::PutVideoSettingsRequest,
    ) -> Result<wire::VideoSettings, Error> {
        let project = ProjectId::parse(&request.project_id)?;
        let before = self.store.find_video_settings(&project).await?.ok_or(Error::NoSuchProject)?;
        let mut after = before.clone();
        after.change(request)?;
        self.store.put_video_settings(&before, &after, self.store.now_ms()).await?;
        self.video_settings(&request.project_id).await
    }

    pub(super) async fn retention(&self, project: &str) -> Result<wire::Retention, Error> {
        let project = ProjectId::parse(project)?;
        Ok(self.store.find_retention(&project).await?.ok_or(Error::NoSuchProject)?.into())
    }
}
