//! The first organisation of an installation, with its project and key.

use proto::projects as wire;

use super::{Grant, Projects};
use crate::{
    api_key::{Name, OrganisationId, ProjectId, ResponseFormat, SelectedServices},
    dialects::KeyDialects,
    error::Error,
    scope::Scopes,
    store::NewOrganisation,
};

impl Projects {
    pub(super) async fn bootstrap(
        &self,
        request: &wire::BootstrapRequest,
    ) -> Result<wire::BootstrapResponse, Error> {
        let organisation = Name::parse("organisation_name", &request.organisation_name)?;
        let project = Name::parse("project_name", &request.project_name)?;
        let grant = Grant {
            name: Name::parse("name", "first key")?,
            selected_services: SelectedServices::parse(&request.selected_services)?,
            scores_id: None,
            // The first key of an installation creates the others.
            scopes: Scopes::all(),
            response_format: ResponseFormat::Default,
            rate_limit_per_minute: 0,
            expires_at_ms: None,
            dialects: KeyDialects::default(),
            is_test: false,
        };
        let organisation_id = OrganisationId::generate();
        let (key, jwt) = self.prepare(ProjectId::generate(), grant).await?;
        let founding = NewOrganisation {
            organisation: (&organisation_id, &organisation),
            project: (&key.project_id, &project),
        };
        self.store.create_organisation(&founding, &key).await?;
        if request.replays() != wire::ReplayRule::Unspecified {
            let project_id = key.project_id.as_str().to_owned();
            let replays = request.replays;
            let chosen = wire::PutVideoSettingsRequest { project_id, replays, ..Default::default() };
            self.put_video_settings(&chosen).await?;
        }
        Ok(wire::BootstrapResponse {
            organisation_id: organisation_id.as_str().into(),
            project_id: key.project_id.as_str().into(),
            api_key_id: key.id.as_str().into(),
            api_key: jwt,
        })
    }
}
